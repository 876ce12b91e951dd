"""The whole journey on real studies: a survey alone, a click stream alone, interviews alone."""

from __future__ import annotations

import pytest
from test_realdata_tables import DATA, STUDIES, export_interviews

import personakit as pk
from personakit import run
from personakit.candidates.verdict import STEADY

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


def write(study, out, k=(2, 3, 4)):
    analysis = run.analyse_study(study, k=k, seed=7)
    folder = run.write_analysis(analysis, out, formats=("html", "json"), parameters={"k": list(k)})
    assert (folder / "index.html").stat().st_size > 5000
    assert (folder / "manifest.json").exists()
    return analysis, folder


def test_a_survey_alone(tmp_path):
    # Dolnicar, Grün and Leisch (2018) settle on four; four is also the largest number that comes back (reference: median
    # adjusted Rand .954 .918 .824 .620 .594 .632 .620 for two to eight)
    analysis, folder = write(pk.load_study(STUDIES / "mcdonalds"), tmp_path / "out", k=range(2, 9))
    table = analysis.candidates.table
    recommended = table.loc[analysis.candidates.recommended]
    assert recommended["k"] in (2, 3, 4)
    kmeans = table[table["method"] == "kmeans"].set_index("k")["stability"]
    assert kmeans[4] > STEADY > kmeans.loc[5:].max()
    assert len(list((folder / "cards").glob("*.html"))) == recommended["k"]
    assert not list(folder.glob("maps/*"))


def test_a_click_stream_alone(tmp_path):
    analysis, folder = write(pk.load_study(STUDIES / "simple_shop"), tmp_path / "out")
    stages = analysis.findings.stages.query("persona == 'all'").set_index("stage")["people"]
    assert stages["basket"] == 1924  # the catalogue's count of people who reach the cart
    assert stages["order"] == 653  # and of those who reach payment_done
    assert (folder / "maps" / "all.html").exists()


def test_interviews_alone(tmp_path):
    analysis, folder = write(pk.load_study(export_interviews(tmp_path / "study")), tmp_path / "out")
    assert analysis.findings is None
    assert len(analysis.features.table) == 28
    assert set(analysis.features.catalog.query("role == 'active'")["origin"]) == {"codes"}
    report = (folder / "index.html").read_text(encoding="utf-8")
    assert "28" in report
