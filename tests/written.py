"""Run a command, and read what an export wrote, whatever its format, as the words that a person or a program would find."""

from __future__ import annotations

import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from personakit.cli import main


def personakit(*arguments: object, cwd: Path) -> SimpleNamespace:
    """Run the command line in this process, where starting costs nothing: what it returns, and what it says."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["personakit", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code
    return SimpleNamespace(returncode=code or 0, stdout=out.getvalue(), stderr=err.getvalue())


def text_of(path: Path) -> str:
    """Return all the words of a file: every part of a deck or a workbook, the text of a PDF, nothing of a picture."""
    if path.suffix in (".pptx", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    if path.suffix == ".pdf":
        import pypdfium2

        return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path.read_bytes()))
    return "" if path.suffix == ".png" else path.read_text(encoding="utf-8")
