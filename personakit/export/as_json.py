"""Cards and maps as JSON with a versioned schema, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personakit.documents import Card, Cell, Claim, JourneyMap, Section
from personakit.errors import StudyError
from personakit.export.tables import plain

CARD, MAP = "personakit.card/1", "personakit.map/1"


def as_json(document: Card | JourneyMap) -> str:
    """Return a card or a map as JSON text: every sentence and cell with its numbers and the evidence behind it."""
    content = card_json(document) if isinstance(document, Card) else map_json(document)
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def card_json(card: Card) -> dict[str, object]:
    """Return the card as plain values: every sentence with the evidence behind it."""
    return {
        "schema": CARD, "persona": card.persona, "language": card.language, "title": card.title,
        "summary": _claim(card.summary), "banner": card.banner,
        "sections": [{"key": one.key, "title": one.title, "side": one.side, "claims": [_claim(c) for c in one.claims]}
                     for one in card.sections],
        "figures": plain(card.figures),
    }


def map_json(journey_map: JourneyMap) -> dict[str, object]:
    """Return the map as plain values: every cell with its numbers and the evidence behind it."""
    return {
        "schema": MAP, "title": journey_map.title, "language": journey_map.language, "persona": journey_map.persona,
        "banner": journey_map.banner, "stages": [{"id": stage, "title": title} for stage, title in journey_map.stages],
        "lanes": [{"key": key, "title": title, "cells": [[plain(asdict(cell)) for cell in column] for column in cells]}
                  for key, title, cells in journey_map.lanes],
        "notes": [_claim(note) for note in journey_map.notes],
    }


def _claim(claim: Claim) -> dict[str, object]:
    return {"text": claim.text, "evidence": list(claim.evidence), "n": claim.n, "status": claim.status}


def load_document(path: str | Path) -> Card | JourneyMap:
    """Read a card or a map back from the JSON that ``save_cards`` or ``save_map`` wrote.

    Use it to write other formats later, on a machine that has what they need, without the study and its data. Numbers
    come back with the six digits that the file holds.

    Parameters
    ----------
    path
        A ``.json`` file of a card or a map.

    Returns
    -------
    The ``Card`` or ``JourneyMap``.

    Raises
    ------
    StudyError
        The file is not a card or a map of a version we know.

    Examples
    --------
    >>> load_document("nowhere.json")
    Traceback (most recent call last):
    personakit.errors.StudyError: nowhere.json cannot be read (No such file or directory). Name the .json of a card or a map.
    """
    path = Path(path)
    advice = "Name the .json of a card or a map."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}). {advice}") from None
    except ValueError:
        raise StudyError(f"{path} is not JSON. {advice}") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    readers: dict[object, Callable[[Mapping[str, Any]], Card | JourneyMap]] = {CARD: _card, MAP: _map}
    if schema not in readers:
        raise StudyError(f"{path}: its schema is {schema!r}; this version reads {CARD} and {MAP}. {advice}")
    try:
        return readers[schema](content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(f"{path}: it is not whole ({type(error).__name__}: {error}). Save it again.") from None


def _card(content: Mapping[str, Any]) -> Card:
    sections = tuple(Section(key=one["key"], title=one["title"], side=one["side"],
                             claims=tuple(_read_claim(claim) for claim in one["claims"])) for one in content["sections"])
    figures = {name: tuple(value) if isinstance(value, list) else value for name, value in content["figures"].items()}
    return Card(persona=content["persona"], language=content["language"], title=content["title"], banner=content["banner"],
                summary=_read_claim(content["summary"]), sections=sections, figures=figures)


def _map(content: Mapping[str, Any]) -> JourneyMap:
    lanes = tuple((lane["key"], lane["title"], tuple(tuple(_cell(cell) for cell in column) for column in lane["cells"]))
                  for lane in content["lanes"])
    return JourneyMap(title=content["title"], language=content["language"], persona=content["persona"],
                      banner=content["banner"], stages=tuple((one["id"], one["title"]) for one in content["stages"]),
                      lanes=lanes, notes=tuple(_read_claim(one) for one in content["notes"]))


def _read_claim(content: Mapping[str, Any]) -> Claim:
    return Claim(text=content["text"], evidence=tuple(content["evidence"]), n=content["n"],
                 status=content.get("status", "measured"))


def _cell(content: Mapping[str, Any]) -> Cell:
    return Cell(**{**content, "evidence": tuple(content["evidence"])})
