"""Turn each percent script of this folder into a notebook, run it, and store it with its outputs: ``make notebooks``.

The scripts (``NN-name.py``) are what people edit. Cell ids and metadata are fixed, so that a rerun changes only what the
code changes.
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
        cell["metadata"] = {}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in notebook.cells:
        cell["metadata"] = {}
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    target = script.with_suffix(".ipynb")
    nbformat.write(notebook, target)
    return target


if __name__ == "__main__":
    wanted = [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("[0-9]*.py"))
    for one in wanted:
        print(build(one).name)
