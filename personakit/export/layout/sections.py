"""The sections of a card as pieces of a column: words, and drawings where figures stand behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from personakit.documents import Card, Section
from personakit.export.layout.blocks import Block, Chart, Drawing, Place, Series, Shape, Text
from personakit.export.layout.columns import Piece
from personakit.export.layout.marks import dumbbell
from personakit.export.layout.text import Paragraph, Run, text_width
from personakit.export.layout.words import claim_paragraph, evidence_numbers
from personakit.export.theme import Theme
from personakit.wording import say_key, share

#: a drawing stands beside the figures where it finds this much room, and reaches this far below the words
LEAST_DRAWN, UNDER = 22.0, 1.4
#: a chart of shares: room for each bar, and for what stands below
BAR, BAR_FOOT = 8.0, 1.0
HEADING_FOOT = 1.0


def field(card: Card, *parts: object) -> str:
    """Name a block after the field it shows, so that an edit can be read back: ``card/P1/name``."""
    return "/".join(["card", quote(card.persona, safe=""), *(quote(str(one), safe="") for one in parts)])


def pieces_of(card: Card, theme: Theme, sections: Sequence[Section], points: float) -> list[Piece]:
    """Write sections as pieces of a column: their titles, and below them words, a chart, or words with drawings."""
    numbers = evidence_numbers(card)
    made: list[Piece] = []
    for section in sections:
        head = heading(section.title, field(card, "heading", section.key), section.key)
        again = heading(
            say_key("export.continued", card.language, title=section.title),
            field(card, "heading", section.key, "again"),
            section.key,
        )
        drawn = card.figures.get(section.key)
        entries: tuple[Any, ...] = drawn if isinstance(drawn, tuple) and len(drawn) == len(section.claims) else ()
        if chartable(entries):
            body = [_bars(card, section, entries)]
        elif any(isinstance(one, Mapping) and "inside" in one for one in entries):
            body = [_row(card, section, place, entries[place], points, numbers, again) for place in range(len(entries))]
        else:
            look: dict[str, Any] = {"italic": True} if section.key == "quotes" else {}
            filled = entries or (None,) * len(section.claims)
            words = tuple(
                claim_paragraph(claim, points, numbers, entry, **look)
                for claim, entry in zip(section.claims, filled, strict=True)
            )
            body = [Piece(name=field(card, "section", section.key), paragraphs=words, again=again)]
        made += [head, *body[:-1], replace(body[-1], after=body[-1].after + 3.2)]
    return made


def heading(title: str, name: str, key: str) -> Piece:
    """Write the title of a section, with a thin line below."""
    colour = {"pain": "pain", "barrier": "pain", "delight": "delight"}.get(key, "accent")
    words = (Paragraph(runs=(Run(text=title.upper(), size=8, bold=True, colour=colour),)),)

    def draw(place: Place) -> list[Block]:
        return [
            Text(name=name, place=replace(place, height=place.height - HEADING_FOOT), paragraphs=words),
            Shape(kind="line", place=replace(place, y=place.bottom - 0.2, height=0), line="line"),
        ]

    return Piece(name=name, paragraphs=words, draw=draw, fixed=HEADING_FOOT, after=1.0, heading=True)


def chartable(entries: Sequence[Any]) -> bool:
    """Tell whether figures share one axis from 0 to 1 and are all known: two at least make a chart."""
    return len(entries) >= 2 and all(
        isinstance(one, Mapping)
        and one.get("inside") is not None
        and one.get("outside") is not None
        and one.get("start") == 0
        and one.get("stop") == 1
        for one in entries
    )


def labels_of(section: Section) -> tuple[str, ...]:
    """Name the categories of a chart: what each claim is about."""
    return tuple(claim.text.partition("\n")[0] for claim in section.claims)


def series_of(entries: Sequence[Mapping[str, Any]], language: str, other: str) -> tuple[Series, ...]:
    """Put these people beside the others (or everyone), with the interval of the first."""
    def values(name: str) -> tuple[float | None, ...]:
        return tuple(None if one[name] is None else float(one[name]) for one in entries)

    def labels(name: str) -> tuple[str, ...]:
        return tuple(share(float(one[name]), language) for one in entries)

    return (
        Series(
            name=say_key("export.these", language),
            values=values("inside"),
            low=values("low"),
            high=values("high"),
            labels=labels("inside"),
        ),
        Series(name=say_key(f"export.{other}", language), values=values("outside"), colour="line", labels=labels("outside")),
    )


def alt_of(section: Section) -> str:
    """Say in words what a chart shows."""
    return section.title + ". " + "; ".join(claim.text.replace("\n", " : ") for claim in section.claims)


def _bars(card: Card, section: Section, entries: Sequence[Mapping[str, Any]]) -> Piece:
    high = len(entries) * BAR + BAR_FOOT
    series = series_of(entries, card.language, "others")

    def draw(place: Place) -> list[Block]:
        return [
            Chart(
                name=field(card, "chart", section.key),
                alt=alt_of(section),
                place=replace(place, height=high),
                kind="bars",
                categories=tuple(claim.text for claim in section.claims),
                series=series,
            )
        ]

    return Piece(name=field(card, "chart", section.key), draw=draw, fixed=high)


def _row(
    card: Card, section: Section, at: int, entry: Any, points: float, numbers: Mapping[str, int], again: Piece
) -> Piece:
    claim = section.claims[at]
    words = (claim_paragraph(claim, points, numbers, None),)
    name = field(card, "section", section.key, at + 1)
    drawn = isinstance(entry, Mapping) and any(entry.get(one) is not None for one in ("inside", "outside", "low", "high"))
    if not drawn:
        return Piece(name=name, paragraphs=words, again=again)
    small = words[0].runs[-1]
    beside = text_width(small.text.strip(), small.size) if small.kind == "figures" else 999.0

    def draw(place: Place) -> list[Block]:
        free = replace(place, x=place.x + beside + 3.0, width=place.width - beside - 3.0)
        box = replace(free if free.width >= LEAST_DRAWN else place, y=place.bottom - 4.4, height=3.4)
        mark = dumbbell(entry, box, name=field(card, "drawing", section.key, at + 1), alt=claim.text.replace("\n", " : "))
        text = Text(name=name, place=replace(place, height=place.height - UNDER), paragraphs=words)
        return [text, mark] if isinstance(mark, Drawing) else [text]

    return Piece(name=name, paragraphs=words, draw=draw, fixed=UNDER, after=1.0)
