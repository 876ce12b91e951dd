"""Persona cards as files: HTML (A4 landscape, front and back) and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personakit.documents import Card, Claim
from personakit.export.drawings import avatar, dots, dumbbell, persona_colour, share_bar
from personakit.export.folder import write_json
from personakit.export.render import check_formats, file_name, render
from personakit.export.tables import plain
from personakit.wording import say_key

FORMATS = ("html", "json")
SCHEMA = "personakit.card/1"
#: the front, from what people want to what they say; its columns fill evenly
FRONT = ("goal", "need", "motivation", "pain", "barrier", "delight", "behaviours", "content", "preferred", "channels",
         "devices", "quotes", "surprise", "unknown")


def save_cards(cards: Sequence[Card], folder: str | Path, *, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write each card as one file a format, named after its persona: ``P1.html``, ``P1.json``.

    The HTML is one self-contained file without script: it opens anywhere and prints on A4 landscape, front and back.

    Parameters
    ----------
    cards
        What ``make_cards`` returned.
    folder
        Made if it does not exist.
    formats
        Any of ``html`` and ``json``.

    Returns
    -------
    The paths written, in order.

    Raises
    ------
    ChoiceError
        A format is unknown.

    Examples
    --------
    >>> save_cards([], "cards", formats=["html"])
    []
    """
    check_formats(formats, FORMATS)
    folder = Path(folder)
    written = []
    for card in cards:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file_name(card.persona)
        if "html" in formats:
            written.append(path.with_suffix(".html"))
            written[-1].write_text(card_html(card), encoding="utf-8", newline="\n")
        if "json" in formats:
            written.append(write_json(card_json(card), path.with_suffix(".json")))
    return written


def card_json(card: Card) -> dict[str, object]:
    """Return the card as plain values: every sentence with the evidence behind it."""
    return {
        "schema": SCHEMA, "persona": card.persona, "language": card.language, "title": card.title,
        "summary": _claim(card.summary), "banner": card.banner,
        "sections": [{"key": one.key, "title": one.title, "side": one.side, "claims": [_claim(c) for c in one.claims]}
                     for one in card.sections],
        "figures": plain(card.figures),
    }


def _claim(claim: Claim) -> dict[str, object]:
    return {"text": claim.text, "evidence": list(claim.evidence), "n": claim.n, "status": claim.status}


def card_html(card: Card) -> str:
    """Return the card as one HTML text."""
    sections = {one.key: one for one in card.sections}
    numbers = {one: place for place, one in enumerate(used_evidence(card), start=1)}
    places: dict[str, list[str]] = {}
    for one in numbers:
        places.setdefault(str(card.figures["sources"].get(one, "")), []).append(one)  # type: ignore[attr-defined]
    share: Any = card.figures["share"]
    colour = persona_colour(card.persona)
    bar = share_bar(share, colour=colour, label=share["text"]) if "share" in share else ""
    name = say_key("cards.avatar", card.language, persona=card.persona)
    return render(
        "card.html", card.language, card=card, sections=[sections[key] for key in FRONT if key in sections], numbers=numbers,
        back=[one for one in card.sections if one.side == "back"], share=share, bar=bar, colour=colour,
        strip=[one for one in card.sections if one.key == "journey"], avatar=avatar(card.persona, label=name),
        drawings=_drawings(card), places=list(places.items()),
    )


def _drawings(card: Card) -> dict[str, list[object]]:
    """Section -> one drawing a claim. The second line of a claim says what its drawing shows."""
    drawn: dict[str, list[object]] = {}
    for section in card.sections:
        numbers = card.figures.get(section.key)
        if isinstance(numbers, tuple):
            labels = [claim.text.replace("\n", ": ") for claim in section.claims]
            drawn[section.key] = [dots(one["n"], one["total"], label=label) if "total" in one else dumbbell(one, label=label)
                                  for one, label in zip(numbers, labels, strict=True)]
    return drawn


def used_evidence(card: Card) -> tuple[str, ...]:
    """List the evidence ids a card names, in the order of its sentences: their place is the number a reader sees.

    Examples
    --------
    >>> claim = Claim(text="x", evidence=("b", "a"))
    >>> used_evidence(Card(persona="P1", language="en", title="t", summary=claim, banner=None, sections=()))
    ('b', 'a')
    """
    claims = [card.summary, *(claim for part in card.sections for claim in part.claims)]
    ids = [one for claim in claims for one in claim.evidence]
    first = card.figures.get("share", {})
    head = [str(first["evidence"])] if isinstance(first, Mapping) and "evidence" in first else []
    return tuple(dict.fromkeys([*head, *ids]))
