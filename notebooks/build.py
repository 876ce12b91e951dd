"""Turn each percent script of this folder into a notebook, run it, and store it with its outputs: ``make notebooks``.

The scripts (``NN-name.py``) are what people edit. Cell ids and metadata are fixed, so that a rerun changes only what the
code changes. ``fr/NN-name.md`` holds the French prose, a part for each text cell, parted by lines of ``+++``: the French
notebook is the English one with its texts replaced, so that code and outputs cannot drift apart.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def build(script: Path) -> Path:
    """Run one script as a notebook and write it beside the script."""
    notebook = jupytext.read(script)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = tags_of(cell)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in notebook.cells:
        cell["metadata"] = tags_of(cell)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    target = script.with_suffix(".ipynb")
    nbformat.write(notebook, target)
    return target


def tags_of(cell: nbformat.NotebookNode) -> dict[str, list[str]]:
    """Keep the tags of a cell (``parameters``) and nothing else."""
    tags = cell.get("metadata", {}).get("tags", [])
    return {"tags": list(tags)} if tags else {}


def in_french(notebook: nbformat.NotebookNode, prose: str) -> nbformat.NotebookNode:
    """Return the notebook with its text cells replaced by the parts of ``prose``."""
    parts = [part.strip() for part in prose.split("\n+++\n")]
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    if len(parts) != len(texts):
        raise SystemExit(f"{len(parts)} parts in French for {len(texts)} text cells")
    for cell, part in zip(texts, parts, strict=True):
        cell.source = part
    return notebook


def build_french(prose: Path) -> Path:
    """Write the French twin of a notebook that has been run."""
    target = prose.with_suffix(".ipynb")
    notebook = in_french(nbformat.read(FOLDER / target.name, as_version=4), prose.read_text(encoding="utf-8"))
    nbformat.write(notebook, target)
    return target


if __name__ == "__main__":
    for one in [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("[0-9]*.py")):
        print(build(one).name)
    for one in sorted((FOLDER / "fr").glob("[0-9]*.md")):
        build_french(one)
