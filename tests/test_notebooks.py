"""Notebooks are committed with their outputs, end in asserts, stay small, and are what their scripts say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import numpy as np
import pandas as pd
import pytest

import personakit

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
#: the curated ones; those of the workshop have manners of their own
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS
    assert {path.stem for path in NOTEBOOKS} == {path.stem for path in FOLDER.glob("[0-9]*.py")}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_manners(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in code]
    assert 8 <= len(code) <= 16
    assert all(source.count("\n") < 12 for source in sources)
    assert all(cell["execution_count"] for cell in code), "run `make notebooks`: a cell without a run is not compared"
    assert sum(bool(cell["outputs"]) for cell in code) >= len(code) // 2
    trees = [ast.parse(source) for source in sources]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    assert not any(isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)) for node in nodes)
    assert any(isinstance(node, ast.Assert) for node in nodes)
    first, last = "".join(cells[0]["source"]), "".join(cells[-1]["source"])
    assert first.startswith("# ")
    assert "minutes" in first
    assert "does not show" in last


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_what_its_script_says(path):
    script = jupytext.read(path.with_suffix(".py"))
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [(cell.cell_type, cell.source) for cell in script.cells] == [
        (cell["cell_type"], "".join(cell["source"])) for cell in stored
    ]


def test_every_public_verb_appears_in_a_notebook():
    shown = "".join(path.with_suffix(".py").read_text(encoding="utf-8") for path in NOTEBOOKS)
    verbs = [name for name in personakit._HOMES if name[0].islower()]
    assert not [name for name in verbs if not re.search(rf"\b{name}\b", shown)]


# ---------------------------------------------------------------- the template
@pytest.mark.parametrize("table", ["answers", "codes"])
def test_the_template_runs_on_a_study_that_lacks_tables(table, tmp_path):
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 3, 90)
    if table == "answers":
        rows = pd.DataFrame(np.eye(3)[kind][:, [0, 0, 1, 1, 2, 2]] * 3 + rng.normal(2, 0.7, (90, 6)), columns=list("abcdef"))
        rows.insert(0, "participant_id", [f"p{one}" for one in range(90)])
    else:
        said = [(f"p{one}", f"code {code}") for one in range(90) for code in range(12)
                if rng.random() < (0.85 if code % 3 == kind[one] else 0.1)]
        rows = pd.DataFrame(said, columns=["participant_id", "code"])
    rows.to_csv(tmp_path / "table.csv", index=False)
    settings = f'name = "Small"\n[participants]\nfrom = "{table}"\n[{table}]\nfile = "table.csv"\n'
    (tmp_path / "study.toml").write_text(settings, encoding="utf-8")
    script = (FOLDER / "10-your-own-data.py").read_text(encoding="utf-8")
    mine = tmp_path / "mine.py"
    mine.write_text(script.replace("../data/samples/agence", str(tmp_path)), encoding="utf-8")
    done = subprocess.run([sys.executable, str(mine)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert "no events: no journeys" in done.stdout
    assert "Personas" in done.stdout


# ---------------------------------------------------------------- French twins
FRENCH = sorted((FOLDER / "fr").glob("[0-9]*.md"))


def test_every_notebook_has_a_french_twin():
    assert [path.stem for path in FRENCH] == [path.stem for path in NOTEBOOKS]
    assert sorted(path.stem for path in (FOLDER / "fr").glob("*.ipynb")) == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("prose", FRENCH, ids=lambda path: path.stem)
def test_french_twins_have_the_same_code_and_outputs(prose):
    ours = json.loads((FOLDER / f"{prose.stem}.ipynb").read_text(encoding="utf-8"))["cells"]
    theirs = json.loads(prose.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    assert [one["cell_type"] for one in ours] == [one["cell_type"] for one in theirs]
    assert [one for one in ours if one["cell_type"] == "code"] == [one for one in theirs if one["cell_type"] == "code"]
    parts = [part.strip() for part in prose.read_text(encoding="utf-8").split("\n+++\n")]
    assert parts == ["".join(one["source"]) for one in theirs if one["cell_type"] == "markdown"]
    assert parts[0].startswith("# ")


# ---------------------------------------------------------------- how long they take
def test_every_notebook_was_timed_and_none_takes_a_minute():
    # by the processor: the seconds by the clock hold where the machine does nothing else (benchmarks/time_notebooks.py)
    table = pd.read_csv(FOLDER.parent / "benchmarks" / "notebooks.csv")
    solutions = sorted(path.stem for path in (FOLDER / "workshop").glob("solution-*.ipynb"))
    assert sorted(table["notebook"]) == sorted([*(path.stem for path in NOTEBOOKS), *solutions])
    assert table["cpu_seconds"].max() < 60
    assert table["cpu_seconds"].sum() < 360
