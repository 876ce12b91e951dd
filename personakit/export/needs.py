"""Packages that some formats need, and what to say where one is missing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from personakit.errors import StudyError

#: package -> what brings it
ADVICE: Mapping[str, str] = {
    "pptx": "python-pptx is not installed: pip install 'personakit-research[pptx]'",
    "openpyxl": "openpyxl is not installed: pip install 'personakit-research[excel]'",
    "pypdfium2": "pypdfium2 is not installed: pip install 'personakit-research[pdf]'",
    "weasyprint": "WeasyPrint or the library Pango is not installed: pip install 'personakit-research[pdf]', and Pango with "
                  "`apt install libpango-1.0-0 libpangoft2-1.0-0` (Linux), `brew install pango` (macOS) or MSYS2 (Windows)",
}


class MissingError(StudyError):
    """A package that a format needs is not installed: the other formats can still be written."""


def need(package: str) -> None:
    """Raise ``MissingError`` with the line that installs a package, where it cannot be imported."""
    try:
        importlib.import_module(package)
    except (ImportError, OSError):  # OSError: WeasyPrint is there and Pango is not
        raise MissingError(ADVICE[package]) from None
