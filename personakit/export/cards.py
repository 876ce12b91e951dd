"""Persona cards as files, in any of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from personakit.documents import Card
from personakit.errors import StudyError, first_five
from personakit.export.formats import write_documents
from personakit.export.html import card_html
from personakit.export.layout.words import used_evidence
from personakit.export.render import file_name
from personakit.export.theme import Theme

__all__ = ["card_html", "save_cards", "used_evidence"]


def save_cards(
    cards: Sequence[Card],
    folder: str | Path,
    *,
    formats: Sequence[str] = ("html", "json"),
    theme: str | Path | Theme = "colour",
) -> list[Path]:
    """Write cards as files: one each, named after its persona (``P1.html``), or all in one (``cards.pptx``).

    HTML is one self-contained file without script that prints on A4 landscape, front and back. PPTX is made of native
    text, charts and shapes, named by field: edit it, then read the edits back with ``read_card_edits``. Text is measured,
    shrunk to 8 points at least, and then goes on to another page. The same cards give the same bytes.

    Parameters
    ----------
    cards
        What ``make_cards`` returned, or ``load_document``.
    folder
        Made if it does not exist. Files are written aside first: on a full disk nothing is left half-written.
    formats
        One file a card: ``html``, ``json``, ``pdf``, ``png``, ``svg``, ``md``. All cards in one: ``pptx`` (A4),
        ``pptx-wide`` (16:9), ``xlsx``, ``csv``, ``stickies`` (a CSV for Miro or FigJam).
    theme
        ``colour``, ``grey``, or the path of a brand's TOML: name, font, logo, logo_alt, [colours], personas.

    Returns
    -------
    The paths written, in order. A format whose package is missing is left out with a warning that names the install line.

    Raises
    ------
    ChoiceError
        A format or a theme is unknown.
    StudyError
        The folder cannot be written, two cards share a file name, the theme cannot be read by people (WCAG 2.2), or the
        only format asked for needs a package that is not installed.

    Examples
    --------
    >>> save_cards([], "cards", formats=["html"])
    []
    """
    names = [file_name(card.persona) for card in cards]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise StudyError(
            f"save_cards: {len(twice)} cards share a file name ({first_five(twice)}). Give each persona its own id."
        )
    return write_documents(dict(zip(names, cards, strict=True)), Path(folder), kind="card", formats=formats, theme=theme)
