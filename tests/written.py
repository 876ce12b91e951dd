"""Read what an export wrote, whatever its format, as the words that a person or a program would find in it."""

from __future__ import annotations

import zipfile
from pathlib import Path


def text_of(path: Path) -> str:
    """Return all the words of a file: every part of a deck or a workbook, the text of a PDF, nothing of a picture."""
    if path.suffix in (".pptx", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    if path.suffix == ".pdf":
        import pypdfium2

        return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path.read_bytes()))
    return "" if path.suffix == ".png" else path.read_text(encoding="utf-8")
