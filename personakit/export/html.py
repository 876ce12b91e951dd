"""Cards and maps as one self-contained HTML page each: no script, nothing fetched, ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personakit.documents import Card, Cell, JourneyMap, Section
from personakit.export.drawings import avatar, curve, dots, dumbbell, share_bar
from personakit.export.layout.words import evidence_numbers
from personakit.export.render import render_in
from personakit.export.theme import PLAIN, Theme
from personakit.wording import say_key

#: the front, from what people want to what they say; its columns fill evenly
FRONT = ("goal", "need", "motivation", "pain", "barrier", "delight", "behaviours", "content", "preferred", "channels",
         "devices", "quotes", "surprise", "unknown")


def as_html(document: Card | JourneyMap, theme: Theme = PLAIN) -> str:
    """Return a card or a map as one HTML text."""
    return card_html(document, theme) if isinstance(document, Card) else map_html(document, theme)


def card_html(card: Card, theme: Theme = PLAIN) -> str:
    """Return the card as one HTML text."""
    numbers = evidence_numbers(card)
    share: Any = card.figures.get("share", {"text": ""})
    colour = theme.persona(card.persona)
    bar = share_bar(share, colour=colour, label=share["text"], theme=theme) if "share" in share else ""
    name = say_key("cards.avatar", card.language, persona=card.persona)
    return render_in(
        theme,
        "card.html",
        card.language,
        card=card,
        sections=_front(card),
        numbers=numbers,
        back=[one for one in card.sections if one.side != "front"],
        share=share,
        bar=bar,
        colour=colour,
        strip=[one for one in card.sections if one.key == "journey" and one.side == "front"],
        avatar=avatar(card.persona, label=name, theme=theme),
        drawings=_drawings(card, theme),
        places=_places(card, numbers),
    )


def _front(card: Card) -> list[Section]:
    """Order the front from what people want to what they say; sections that the order does not know come last."""
    known = [one for one in card.sections if one.side == "front" and one.key != "journey"]
    return sorted(known, key=lambda one: FRONT.index(one.key) if one.key in FRONT else len(FRONT))


def _places(card: Card, numbers: Mapping[str, int]) -> list[tuple[str, list[str]]]:
    """Group the evidence ids by the table that holds them."""
    sources: Any = card.figures.get("sources", {})
    places: dict[str, list[str]] = {}
    for one in numbers:
        places.setdefault(str(sources.get(one, "")), []).append(one)
    return list(places.items())


def _drawings(card: Card, theme: Theme) -> dict[str, list[object]]:
    """Section -> one drawing a claim. The second line of a claim says what its drawing shows."""
    drawn: dict[str, list[object]] = {section.key: [""] * len(section.claims) for section in card.sections}
    for section in card.sections:
        numbers = card.figures.get(section.key)
        if isinstance(numbers, tuple) and len(numbers) == len(section.claims):
            labels = [claim.text.replace("\n", ": ") for claim in section.claims]
            drawn[section.key] = [_drawing(one, label, theme) for one, label in zip(numbers, labels, strict=True)]
    return drawn


def _drawing(numbers: Any, label: str, theme: Theme) -> object:
    if "total" in numbers:
        return dots(numbers["n"], numbers["total"], label=label, theme=theme)
    return dumbbell(numbers, label=label, theme=theme) if "inside" in numbers else ""


def map_html(journey_map: JourneyMap, theme: Theme = PLAIN) -> str:
    """Return the map as one HTML text."""
    lanes = [_lane(journey_map, theme, *one) for one in journey_map.lanes]
    persona = journey_map.persona if len(journey_map.personas) < 2 else None
    label = say_key("cards.avatar", journey_map.language, persona=persona or "")
    return render_in(
        theme,
        "map.html",
        journey_map.language,
        map=journey_map,
        lanes=lanes,
        numbers=evidence_numbers(journey_map),
        colour=theme.persona(persona),
        avatar=avatar(persona, label=label, theme=theme) if persona else "",
    )


def _lane(
    journey_map: JourneyMap, theme: Theme, key: str, title: str, cells: Sequence[tuple[Cell, ...]]
) -> dict[str, object]:
    """Return what the template needs of a lane; ``kind`` is its key without the persona it is of."""
    kind, _, persona = key.partition(":")
    return {"kind": kind, "title": title, "cells": cells, "known": any(cells),
            "colour": theme.persona(persona) if persona else "",
            "drawing": _experience(journey_map, theme, cells) if kind == "experience" else ""}


def _experience(journey_map: JourneyMap, theme: Theme, cells: Sequence[tuple[Cell, ...]]) -> object:
    points = [_point(column) for column in cells]
    said = [
        f"{title}: {point['text'] if point else '–'}" for (_, title), point in zip(journey_map.stages, points, strict=False)
    ]
    ends = (say_key("maps.hard", journey_map.language), say_key("maps.easy", journey_map.language))
    return curve(points, ends=ends, label="; ".join(said), theme=theme) if any(points) else ""


def _point(column: tuple[Cell, ...]) -> dict[str, object] | None:
    if not column or column[0].value is None:
        return None
    cell = column[0]
    return {"value": cell.value, "low": cell.low, "high": cell.high, "text": cell.text}
