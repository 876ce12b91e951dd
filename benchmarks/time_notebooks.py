"""Time every notebook, the workshop's solutions too, from a fresh kernel to its last cell; writes ``notebooks.csv``.

Processor seconds of the kernel beside seconds by the clock, so that a busy machine does not mislead.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent / "notebooks"


def main() -> None:
    """Run each notebook without keeping its outputs, and write the table."""
    rows = []
    for path in sorted([*NOTEBOOKS.glob("[0-9]*.ipynb"), *(NOTEBOOKS / "workshop").glob("solution-*.ipynb")]):
        notebook = nbformat.read(path, as_version=4)
        begun, spent = time.perf_counter(), used()
        where = {"metadata": {"path": str(path.parent)}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()
        rows.append((path.stem, round(used() - spent, 1), round(time.perf_counter() - begun, 1)))
        print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["notebook", "cpu_seconds", "seconds"])
    print("together", *table[["cpu_seconds", "seconds"]].sum().round(1), flush=True)
    table.assign(machine="2 cores and 24 GiB").to_csv(HERE / "notebooks.csv", index=False, lineterminator="\n")


def used() -> float:
    """Return the processor seconds of kernels that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
