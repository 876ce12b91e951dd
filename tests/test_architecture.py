"""The floors of the house: what may import what, how long a file may be, what an import may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import personakit

PACKAGE = Path(personakit.__file__).parent
GROUND = {"schema", "frozen", "readings", "records", "documents", "errors"}
TOOLS = {"collect", "eventlog", "inference", "disclosure", "wording"}
FACES = {"cli", "__main__", "plots", "export", "workshop"}
PIPELINE = {"run"}
HEAVY = {"sklearn", "numba", "umap", "duckdb", "matplotlib", "pyreadstat", "openpyxl", "stdnum", "pptx", "weasyprint",
         "pypdfium2", "polars", "pyspark", "pyarrow"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the module or folder directly under the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms of personakit that a file imports, anywhere in its code."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module] if node.module != "personakit" else [f"personakit.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("personakit.")}
    return rooms


def allowed(name: str) -> set[str]:
    """Return the rooms that a room may import besides itself."""
    stages = {room(path) for path in FILES} - GROUND - TOOLS - FACES - PIPELINE - {"__init__"}
    if name in GROUND:
        return GROUND
    if name in TOOLS:
        return GROUND | TOOLS
    if name in stages:
        return GROUND | TOOLS
    if name in PIPELINE:
        return GROUND | TOOLS | stages | (FACES - {"cli", "__main__"})
    if name in ("cli", "__main__"):
        return GROUND | TOOLS | stages | FACES | PIPELINE
    return GROUND | TOOLS | stages | (FACES - {"cli", "__main__"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_floors(path):
    if room(path) == "__init__":
        return
    beyond = imported_rooms(path) - {room(path)} - allowed(room(path))
    assert not beyond, f"{path.name} ({room(path)}) may not import {sorted(beyond)}"


def test_tools_and_ground_have_no_cycles():
    edges = {name: set() for name in GROUND | TOOLS}
    for path in FILES:
        if room(path) in edges:
            edges[room(path)] |= imported_rooms(path) - {room(path)}
    order: list[str] = []
    while edges:
        free = [name for name, needs in edges.items() if not needs - set(order)]
        assert free, f"these import each other: {sorted(edges)}"
        order += free
        edges = {name: needs for name, needs in edges.items() if name not in free}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_small_and_light(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "split it by noun"
    tree = ast.parse(text)
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    roots = {name.split(".")[0] for node in top
             for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])}
    assert not roots & HEAVY, f"import {sorted(roots & HEAVY)} inside the function that needs it"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 45, f"{node.name} has {length} lines"


def test_every_public_verb_is_there_and_documented():
    for name in personakit.__all__:
        one = getattr(personakit, name)
        assert one.__doc__, name
        if callable(one) and not isinstance(one, type) and name not in ("run_study",):
            assert "Returns" in one.__doc__ or "->" in one.__doc__, f"{name} does not say what it returns"


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = personakit.nothing


def test_import_is_light_and_quick():
    code = (
        "import sys, time; start = time.process_time(); import personakit; took = time.process_time() - start; "
        f"print(took, sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split(" ", 1)
            for _ in range(3)]
    assert all(loaded.strip() == "[]" for _, loaded in runs)
    assert min(float(took) for took, _ in runs) < 0.3


def test_the_unrelated_namesake_is_announced(monkeypatch):
    monkeypatch.setattr(personakit.importlib.metadata, "version", lambda name: "9.9")
    with pytest.warns(UserWarning, match="unrelated distribution 'personakit' 9.9"):
        personakit._warn_of_namesake()
