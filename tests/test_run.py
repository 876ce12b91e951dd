"""The whole journey: planted personas are found, noise is refused, reruns give the same bytes, nothing is half-written."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from written import text_of

import personakit as pk
from personakit import run
from personakit.samples import make_sample

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"


@pytest.fixture(scope="module")
def lunettes():
    # three to five: notebook 00 searches two to eight of the same study, with the same seed, and finds the same four
    return run.analyse_study(pk.load_sample("lunettes"), k=[3, 4, 5], seed=7)


@pytest.fixture(scope="module")
def written(lunettes, tmp_path_factory):
    parameters = {"k": [2, 3], "candidate": None}
    return run.write_analysis(lunettes, tmp_path_factory.mktemp("out") / "lunettes", formats=("html", "json"),
                              parameters=parameters)


@pytest.fixture(scope="module")
def truth():
    return pd.read_csv(SAMPLES / "lunettes" / "truth" / "personas.csv", index_col="participant_id")


def test_planted_personas_are_recommended(lunettes, truth):
    assert lunettes.candidates.recommended is not None
    assert len(lunettes.personas.membership.columns) == 4
    labels = lunettes.personas.labels
    clear = truth.loc[labels.index, "second"].isna()
    assert adjusted_rand_score(truth.loc[labels.index[clear], "persona"], labels[clear]) >= 0.75
    assert not lunettes.personas.chosen


def test_the_planted_friction_and_break_are_named(lunettes, written):
    friction, switches = lunettes.findings.friction, lunettes.findings.switches
    assert list(friction.loc[friction["flagged"] & (friction["persona"] == "all"), "touchpoint"]) == ["Panier"]
    broken = switches["flagged"] & (switches["persona"] == "all")
    assert switches.loc[broken, ["source", "target"]].to_numpy().tolist() == [["web", "shop"]]
    report = re.sub(r"<[^>]+>", " ", (written / "index.html").read_text(encoding="utf-8"))
    assert "Panier" in report
    assert re.search(r"web.{1,40}boutique", report)


def test_personas_that_share_a_journey_are_not_declared_different(lunettes, truth):
    effects = json.loads((SAMPLES / "lunettes" / "truth" / "effects.json").read_text(encoding="utf-8"))
    journey = {name: one["journey"] for name, one in effects["personas"].items()}
    labels = lunettes.personas.labels
    named = truth.loc[labels.index, "persona"].groupby(labels).agg(lambda names: names.value_counts().index[0])
    assert named.nunique() == 4
    pairs = lunettes.findings.comparison.iloc[1:]
    told = {(row.persona_a, row.persona_b): row.verdict for row in pairs.itertuples()}
    assert len(told) == 6
    for (one, other), verdict in told.items():
        shared = journey[named[one]] == journey[named[other]]
        assert (verdict in ("not_distinguishable", "equivalent")) == shared, (named[one], named[other])


def test_every_claim_leads_to_a_row(written):
    ids = set()
    for path in (written / "tables").glob("*.csv"):
        table = pd.read_csv(path, dtype="str")
        for column in {"evidence_id", "evidence"} & set(table.columns):
            ids |= {one for cell in table[column].dropna() for one in cell.split()}
    claims = []
    for path in (written / "cards").glob("*.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        claims += [card["summary"], *(claim for part in card["sections"] for claim in part["claims"])]
    measured = [claim for claim in claims if claim["status"] == "measured"]
    assert len(measured) > 40
    assert all(claim["evidence"] for claim in measured)
    assert {one for claim in claims for one in claim["evidence"]} <= ids


def test_rows_add_up_in_the_manifest(written):
    manifest = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps(manifest)
    assert str(SAMPLES) not in text
    sources = pd.read_csv(written / "tables" / "sources.csv")
    assert (sources["rows_in"] == sources["kept"] + sources["set_aside"]).all()
    aside = pd.read_csv(written / "tables" / "set_aside.csv").groupby("table")["rows"].sum()
    assert (sources.groupby("table")["set_aside"].sum().loc[aside.index] == aside).all()


def test_no_secret_leaves(written, lunettes):
    ids = set(lunettes.study.participants.index)
    kept_back = lunettes.study.codes.loc[lunettes.study.codes["consent"] != "verbatim", "quote"].dropna()
    spoken = set(lunettes.study.codes.loc[lunettes.study.codes["consent"] == "verbatim", "quote"].dropna())
    assert len(kept_back) > 5
    for path in written.rglob("*"):
        if path.is_file():
            text = text_of(path)
            assert not ids & set(re.findall(r"\bc\d{3,5}\b", text)), path.name
            assert not [quote for quote in kept_back if quote in text and quote not in spoken], path.name


def test_a_typing_tool_is_written_that_places_people(written, lunettes):
    assert {path.name for path in (written / "typing").iterdir()} == {"questionnaire.html", "rule.json", "scoring.xlsx"}
    tool = pk.load_typing_tool(written / "typing" / "rule.json")
    answers = lunettes.study.answers[list(tool.questions.index)].dropna()
    placed = pk.assign_personas(tool, answers)
    told = placed["persona"].dropna()
    assert (told == lunettes.personas.labels[told.index]).mean() > 0.8
    assert "typing/questionnaire.html" in (written / "index.html").read_text(encoding="utf-8")


def test_interviews_stand_beside_the_personas(written, lunettes):
    row = lunettes.also["interviews"].iloc[0]
    assert row[["interviewees", "shared", "cannot_tell", "why"]].tolist() == [24, 24, 0, "no_personas"]
    assert pd.read_csv(written / "tables" / "interview_links.csv").loc[0, "evidence_id"] == row["evidence_id"]
    assert "24 personnes interrogées" in (written / "index.html").read_text(encoding="utf-8")


def test_no_typing_tool_where_it_would_lend_personas_a_truth(lunettes):
    said = [run.type_people(lunettes.study, lunettes.features, personas, 7) for personas in (
        None, replace(lunettes.personas, quality=lunettes.personas.quality.replace("reproducible", "none")))]
    deaf = replace(lunettes.study, answers=None)
    said.append(run.type_people(deaf, lunettes.features, lunettes.personas, 7))
    assert [one.key for one in said] == ["typing.no_personas", "typing.unproven", "typing.no_answers"]


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make_sample("lunettes", tmp_path_factory.mktemp("small") / "lunettes", seed=3, participants=300)


def test_two_runs_are_byte_identical(small, tmp_path):
    code = "from personakit.cli import main; main()"
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "OPENBLAS_NUM_THREADS": number}
        done = subprocess.run([sys.executable, "-c", code, "run", str(small), "--out", str(tmp_path / number), "--k", "3"],
                              env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert done.stdout.rstrip().endswith("index.html")
        assert len(done.stdout.strip().splitlines()) == 6
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_an_interrupted_run_leaves_the_last_output(small, tmp_path, monkeypatch):
    study = pk.load_study(small)
    found = run.analyse_study(study, k=[3], language="en", seed=1)
    monkeypatch.setattr(run.outputs, "analyse_study", lambda *args, language, **kwargs: replace(found, language=language))
    out = run.run_study(study, tmp_path / "out", k=[3], language="en", seed=1)
    before = digests(out)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.outputs, "save_report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.run_study(study, out, k=[3], language="fr", seed=1)
    assert digests(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_choice_in_the_study_is_kept_on_the_cards(small, tmp_path):
    study = pk.load_study(small)
    candidate = "latent_class-3"
    chosen = pk.Study(**{**vars(study), "choice": {"candidate": candidate, "by": "RK", "reason": "the team knows them"},
                         "names": {"P1": "La prévoyante"}})
    analysis = run.analyse_study(chosen, k=[3], language="fr", seed=1)
    assert analysis.personas.chosen
    assert analysis.personas.names["P1"] == "La prévoyante"
    cards = run.draw_cards(analysis)
    assert cards[0].title == "La prévoyante"
    assert "RK" in str([claim.text for part in cards[0].sections for claim in part.claims])
    with pytest.raises(pk.ChoiceError, match="Did you mean"):
        run.analyse_study(chosen, k=[3], candidate="latent_clas-3", seed=1)


def test_noise_is_refused(tmp_path):
    # one seed: benchmarks/samples.csv holds many
    folder = make_sample("bruit", tmp_path / "bruit", seed=1, participants=500)
    out = run.run_study(pk.load_study(folder), tmp_path / "out", language="en", seed=1)
    assert not list(out.glob("cards/*"))
    assert [path.name for path in sorted(out.glob("maps/*.html"))] == ["all.html"]
    assert "no persona" in (out / "index.html").read_text(encoding="utf-8").casefold()


def test_agence_runs_in_english(tmp_path):
    out = run.run_study(pk.load_sample("agence"), tmp_path / "out", seed=7)
    assert (out / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>\n<html lang=\"en\"")
