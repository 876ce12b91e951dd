"""Make the notebooks of the workshop from the solution scripts: ``python notebooks/workshop/build.py``.

``solution-N-name.py`` is what people edit. From each come a solution notebook, run, and an exercise notebook in which the
rest of a cell after the line ``# solution`` is cut, and a cell that begins with it is left out; it is run as well, so that
it shows the hints of an empty answer. ``fr/exercise-N-name.md`` holds the French prose of an exercise, a part for each text
cell, parted by lines of ``+++``; the French exercise has the same code, with its hints in French.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
MARK, PLACE = "# solution", "# Write your code here"


def exercise_of(script: Path) -> NotebookNode:
    """Return the exercise of a solution script, not yet run."""
    notebook = read(script)
    notebook.cells = [cell for cell in notebook.cells if not (cell.cell_type == "code" and cell.source.startswith(MARK))]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        if cell.cell_type == "code" and MARK in cell.source:
            cell.source = cell.source.partition(MARK)[0] + PLACE
    return notebook


def in_french(script: Path) -> NotebookNode:
    """Return the exercise of a solution script with French prose and hints, not yet run."""
    notebook = exercise_of(script)
    parts = french_of(script).read_text(encoding="utf-8").split("\n+++\n")
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell, part in zip(texts, parts, strict=True):
        cell.source = part.strip()
    for cell in notebook.cells:
        cell.source = cell.source.replace('language = "en"', 'language = "fr"')
    return notebook


def french_of(script: Path) -> Path:
    """Return where the French prose of an exercise is."""
    return FOLDER / "fr" / f"{script.stem.replace('solution', 'exercise')}.md"


def read(script: Path) -> NotebookNode:
    """Return the notebook of a script with fixed ids and metadata, not yet run."""
    notebook = jupytext.read(script)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = {}
    return notebook


def run(notebook: NotebookNode, target: Path) -> None:
    """Run a notebook and write it."""
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in notebook.cells:
        cell["metadata"] = {}
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    nbformat.write(notebook, target)


if __name__ == "__main__":
    for one in [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("solution-*.py")):
        run(read(one), one.with_suffix(".ipynb"))
        run(exercise_of(one), FOLDER / f"{one.stem.replace('solution', 'exercise')}.ipynb")
        run(in_french(one), french_of(one).with_suffix(".ipynb"))
        print(one.stem)
