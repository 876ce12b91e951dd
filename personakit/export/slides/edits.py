"""Edits that people made in PowerPoint, read back as decisions: what was kept, changed, added or removed, and why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from personakit.documents import Card
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.export.formats import DIGEST, MOST_TAGGED, digest
from personakit.export.layout.blocks import Text
from personakit.export.layout.card import card_pages
from personakit.export.needs import need
from personakit.export.render import cleaned
from personakit.export.slides.pen import DRAWINGML, EMU_A_MM
from personakit.export.theme import Theme
from personakit.schema import PERSONA

COLUMNS = [PERSONA, "field", "act", "old", "new", "by", "reason"]
#: a sentence that is this much like another is the same one, changed
ALIKE = 0.5
_DOTS = re.compile(r"[●○◐\s]*")
_REFS = re.compile(r"[\d\s–]*")
#: persona -> field -> the sentences that stand there
Shown = dict[str, dict[str, list[str]]]


def read_card_edits(path: str | Path, cards: Sequence[Card], *, by: str, reason: str) -> pd.DataFrame:
    """Read what people changed in a deck of cards, as decisions with their author and reason. Nothing is applied.

    Use it when a deck that ``save_cards`` wrote comes back from the people who work with it. It reads the name, the
    summary and every sentence of the sections; charts and drawings hold measured figures and are not read. It cannot tell
    who of several people typed what.

    Parameters
    ----------
    path
        The ``.pptx``.
    cards
        The cards that the deck was made from: what is on a slide is compared with what they say.
    by, reason
        Who decides that these edits count, and why.

    Returns
    -------
    One row a sentence: persona, field (name, summary or the key of a section), act (kept, changed, added, removed), old,
    new, by, reason. Give new names to ``label``::

        names = edits[(edits["field"] == "name") & (edits["act"] == "changed")]
        personas = label(personas, dict(zip(names["persona"], names["new"])), by="RK", reason="...", replace=True)

    Raises
    ------
    ChoiceError
        ``by`` or ``reason`` is empty; a slide is of a persona that no card is of; a name was emptied, or is there twice.
    StudyError
        The file is not a deck of cards, or was made from other cards than these; python-pptx is missing.

    Examples
    --------
    >>> read_card_edits("deck-of-the-workshop.pptx", [], by="", reason="workshop")
    Traceback (most recent call last):
    personakit.errors.ChoiceError: read_card_edits: 'by' is empty. Say who decides.
    """
    from personakit.personas.decide import check_author

    check_author("read_card_edits", by, reason)
    need("pptx")
    deck = _opened(Path(path))
    clean = {card.persona: cleaned(card) for card in cards}
    found = _found(deck)
    for persona in found:
        if persona not in clean:
            raise ChoiceError(f"{path}: {unknown_name('persona', persona, list(clean))}")
    if not found:
        raise StudyError(f"{path}: it holds no slide of a card. Name a deck that save_cards wrote.")
    _check_source(Path(path), deck, clean)
    size = (deck.slide_width / EMU_A_MM, deck.slide_height / EMU_A_MM)
    theme = Theme(name="deck", font=_font(deck))
    rows = [row for card in clean.values() for row in _rows(card, found.get(card.persona), theme, size)]
    return pd.DataFrame([(*row, by, reason) for row in rows], columns=COLUMNS).astype("str")


def _opened(path: Path) -> Any:
    import zipfile

    import pptx
    from pptx.exc import PythonPptxError

    try:
        path.open("rb").close()
        return pptx.Presentation(str(path))
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}). Name a deck that save_cards wrote.") from None
    except (PythonPptxError, KeyError, ValueError, zipfile.BadZipFile):
        raise StudyError(f"{path} is not a PowerPoint file. Name a deck that save_cards wrote.") from None


def _font(deck: Any) -> str:
    found = re.search(r"font=([^;]+)", deck.core_properties.keywords)
    return found[1].strip() if found else "Arial"


def _check_source(path: Path, deck: Any, cards: Mapping[str, Any]) -> None:
    """Refuse a deck of other cards. A program that drops the tags of a file leaves nothing to check."""
    tagged = re.search(r"cards=([0-9a-f]+)", deck.core_properties.keywords)
    if tagged is None or len(cards) > MOST_TAGGED:
        return
    made = {tagged[1][at : at + DIGEST] for at in range(0, len(tagged[1]), DIGEST)}
    strange = [persona for persona, card in cards.items() if digest(card) not in made]
    if strange:
        raise StudyError(
            f"{path}: it was made from other cards than these ({len(strange)} differ: {first_five(strange)}). "
            "Pass the cards it was saved from (load_document reads them from their JSON), or save the deck again."
        )


def _found(deck: Any) -> Shown:
    """Read the fields of every slide, in order."""
    found: Shown = {}
    for slide in deck.slides:
        for shape in slide.shapes:
            parts = [unquote(one) for one in shape.name.split("/")]
            if len(parts) < 3 or parts[0] != "card" or not shape.has_text_frame:
                continue
            fields = found.setdefault(parts[1], {})
            if parts[2] in ("name", "summary") or parts[2] == "section":
                field = parts[3] if parts[2] == "section" else parts[2]
                fields.setdefault(field, []).extend(_sentences(shape.text_frame._txBody))
    return found


def _sentences(body: Any) -> list[str]:
    said = []
    for paragraph in body.findall(f"{{{DRAWINGML}}}p"):
        text = ""
        for part in paragraph:
            tag = part.tag.rpartition("}")[2]
            if tag == "br":
                text += "\n"
            elif tag in ("r", "fld"):
                look, words = part.find(f"{{{DRAWINGML}}}rPr"), part.findtext(f"{{{DRAWINGML}}}t") or ""
                raised = look is not None and int(look.get("baseline", "0")) > 0
                text += "" if raised and _REFS.fullmatch(words) else words
        said.append(_sentence(text))
    return [one for one in said if one]


def _sentence(text: str) -> str:
    """Leave out lines of dots, and spaces at the ends."""
    lines = [line.strip() for line in text.replace("\v", "\n").split("\n")]
    return "\n".join(line for line in lines if not _DOTS.fullmatch(line))


def _expected(card: Card, theme: Theme, size: tuple[float, float]) -> dict[str, list[str]]:
    """Lay the card out again: what its slides said before anybody edited them."""
    expected: dict[str, list[str]] = {}
    for page in card_pages(card, theme, size):
        for block in page.blocks:
            parts = [unquote(one) for one in block.name.split("/")] if isinstance(block, Text) else []
            if len(parts) >= 3 and parts[2] in ("name", "summary", "section") and isinstance(block, Text):
                field = parts[3] if parts[2] == "section" else parts[2]
                said = [_sentence("".join(run.text for run in one.runs if run.kind != "ref")) for one in block.paragraphs]
                expected.setdefault(field, []).extend(one for one in said if one)
    return expected


def _rows(
    card: Card, found: Mapping[str, list[str]] | None, theme: Theme, size: tuple[float, float]
) -> list[tuple[str, str, str, str, str]]:
    if found is None:
        return [(card.persona, "card", "removed", card.title, "")]
    names = set(found.get("name", []))
    if len(names) != 1:
        raise ChoiceError(
            f"the name of {card.persona} is {'empty' if not names else 'there ' + str(len(names)) + ' times'} "
            f"in the deck ({first_five(sorted(names))}). Write one name on its front and read the deck again."
        )
    expected = _expected(card, theme, size)
    rows = []
    for field in dict.fromkeys([*expected, *found]):
        before = expected.get(field, [])
        after = sorted(names) if field == "name" else found.get(field, [])
        rows += [(card.persona, field, act, old, new) for act, old, new in _compared(before, after)]
    return rows


def _compared(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str, str]]:
    """Pair sentences in order: the same, alike (changed), gone, or new."""
    rows: list[tuple[str, str, str]] = []
    for tag, a1, a2, b1, b2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [("kept", one, one) for one in before[a1:a2]]
            continue
        fresh = list(after[b1:b2])
        for old in before[a1:a2]:
            like = max(fresh, key=lambda new: difflib.SequenceMatcher(None, old, new).ratio(), default=None)
            alone = a2 - a1 == b2 - b1 == 1
            if like is not None and (alone or difflib.SequenceMatcher(None, old, like).ratio() >= ALIKE):
                fresh.remove(like)
                rows.append(("changed", old, like))
            else:
                rows.append(("removed", old, ""))
        rows += [("added", "", one) for one in fresh]
    return rows
