"""Sheets to print: a blank persona card, a blank journey map, and sticky notes that say what they stand on."""

from __future__ import annotations

from pathlib import Path

from personakit.errors import StudyError
from personakit.export.pages.pdf import pdf
from personakit.export.render import render
from personakit.schema import FRAMEWORKS
from personakit.wording import check_language, say_key, term

#: sheet -> size of the paper
SHEETS = {"card": "A4 landscape", "map": "A3 landscape", "notes": "A4 portrait"}
NOTES = 12


def write_paper(folder: str | Path, *, language: str) -> list[Path]:
    """Write the sheets of the paper part as HTML, and as PDF where WeasyPrint is installed.

    Parameters
    ----------
    folder
        Made if it does not exist.
    language
        ``fr`` or ``en``.

    Returns
    -------
    The paths written: ``card``, ``map`` and ``notes``, each ``.html`` and, with the extra ``pdf``, ``.pdf``.

    Raises
    ------
    StudyError
        The language is unknown.
    """
    home = Path(folder)
    check_language(language)
    home.mkdir(parents=True, exist_ok=True)
    written = []
    for sheet, size in SHEETS.items():
        path = home / f"{sheet}.html"
        text = render("paper.html", language, sheet=sheet, size=size, title=say_key(f"workshop.sheet_{sheet}", language),
                      front=_words("card_fields", language), back=_words("card_back", language),
                      lanes=_words("map_lanes", language), typed=_words("map_typed", language),
                      kinds=_words("note_kinds", language), notes=NOTES,
                      stages=[term(stage, language) for stage in FRAMEWORKS["parcours"]])
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
        if (printed := _pdf(text)) is not None:
            path.with_suffix(".pdf").write_bytes(printed)
            written.append(path.with_suffix(".pdf"))
    return written


def _pdf(page: str) -> bytes | None:
    """Print a page; None where WeasyPrint, or the Pango that it needs, is not installed: a browser prints the HTML alike."""
    try:
        return pdf(page)
    except StudyError:
        return None


def _words(key: str, language: str) -> list[str]:
    return say_key(f"workshop.{key}", language).split("|")
