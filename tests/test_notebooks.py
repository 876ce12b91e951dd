"""Notebooks are committed with their outputs, end in asserts, stay small, and are what their scripts say."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import jupytext
import pytest

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
