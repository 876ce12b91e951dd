"""The site builds offline without a warning, and holds every public name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import personakit

ROOT = Path(__file__).resolve().parents[1]


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    done = subprocess.run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path)],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    pages = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "made" / "api").glob("*.html"))
    missing = [name for name, home in personakit._HOMES.items() if f'id="personakit.{home}.{name}"' not in pages]
    assert not missing
    assert (tmp_path / "made" / "glossary.html").exists()


@pytest.mark.parametrize("name", ["journey_tests", "path_tests"])
def test_committed_simulations_lie_within_what_is_promised(name):
    table = pd.read_csv(ROOT / "benchmarks" / f"{name}.csv").set_index("question")
    assert table["share"].to_numpy() == pytest.approx((table["yes"] / table["runs"]).to_numpy(), abs=6e-4)
    assert table.index[~table["share"].between(table["least"], table["most"])].tolist() == []
