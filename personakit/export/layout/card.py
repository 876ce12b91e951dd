"""A card on pages: front and back, and as many pages more as its words need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from personakit.documents import Card
from personakit.export.layout.blocks import Block, Chart, Page, Picture, Place, Shape, Text
from personakit.export.layout.columns import Piece, fill_pages, flow
from personakit.export.layout.marks import share_bar, sign
from personakit.export.layout.sections import alt_of, chartable, field, heading, labels_of, pieces_of, series_of
from personakit.export.layout.text import Paragraph, Run, text_height
from personakit.export.layout.words import STRIP, evidence_numbers, fitted, front_columns, said
from personakit.export.theme import Theme
from personakit.wording import say_key

A4 = (297.0, 210.0)
MARGIN, GAP, HEAD = 10.0, 7.0, 27.0
SIZES = (10.0, 9.5, 9.0, 8.5, 8.0)
STRIP_HEIGHT, BANNER_HEIGHT = 36.0, 7.5


def card_pages(card: Card, theme: Theme, size: tuple[float, float] = A4) -> list[Page]:
    """Lay a card out: in the largest letters with which it takes the fewest pages, 8 points at least."""
    best: list[Page] = []
    for points in SIZES:
        pages = [*_front(card, theme, size, points), *_back(card, theme, size, points)]
        if not best or len(pages) < len(best):
            best = pages
        if len(best) == 2:
            break
    return best


def _front(card: Card, theme: Theme, size: tuple[float, float], points: float) -> list[Page]:
    width, height = size
    strip = _strip(card, theme, size)
    start = MARGIN + HEAD + 3.0 + (BANNER_HEIGHT + 2.0 if card.banner else 0.0)
    dealt = [[pieces_of(card, theme, [one], points) for one in sections] for sections in front_columns(card)] or [[]]
    one = _columns(len(dealt), MARGIN, start, width - 2 * MARGIN, height - MARGIN - (STRIP_HEIGHT if strip else 0.0))[0]
    columns = [[piece for section in column for piece in section] for column in balance(dealt, one, theme.font)]

    def places(page: int) -> list[Place]:
        top = start if page == 0 else MARGIN + 16.0
        end = height - MARGIN - (STRIP_HEIGHT if strip and page == 0 else 0.0)
        return _columns(len(columns), MARGIN, top, width - 2 * MARGIN, end)

    pages = []
    for number, (blocks, _) in enumerate(fill_pages(columns, places, theme.font), start=1):
        head = _header(card, theme, size) if number == 1 else _small_header(card, theme, size, "front", number)
        title = card.title if number == 1 else say_key("export.continued_page", card.language, title=card.title, page=number)
        pages.append(
            Page(
                width=width,
                height=height,
                title=title,
                blocks=(*head, *blocks, *(strip if number == 1 else ())),
                notes=notes(card) if number == 1 else "",
            )
        )
    return pages


def balance(columns: list[list[list[Piece]]], place: Place, family: str) -> list[list[list[Piece]]]:
    """Move whole sections from columns that are too full to the one with most room, where that helps."""

    def high(sections: Sequence[Sequence[Piece]]) -> float:
        return sum(piece.height(place.width, family) + piece.after for section in sections for piece in section)

    columns = [list(one) for one in columns]
    for full in columns:
        while len(full) > 1 and high(full) > place.height:
            free = min(columns, key=high)
            if free is full or high([*free, full[-1]]) > place.height:
                break
            free.append(full.pop())
    return columns


def _columns(count: int, x: float, top: float, width: float, end: float) -> list[Place]:
    one = (width - (count - 1) * GAP) / count
    return [Place(x=x + place * (one + GAP), y=top, width=one, height=end - top) for place in range(count)]


def _header(card: Card, theme: Theme, size: tuple[float, float]) -> list[Block]:
    colour, width, right = theme.persona(card.persona), size[0], 76.0
    middle = width - 2 * MARGIN - 27.0 - right - GAP
    logo = 24.0 if theme.logo else 0.0
    name = fitted(Run(text=card.title, size=24, bold=True), middle - logo, 16.0, 13.0, theme.font)
    rise = text_height(name, middle, theme.font)
    numbers = evidence_numbers(card)
    summary = said(card.summary.text, 10.5, evidence=card.summary.evidence, numbers=numbers, look={"colour": "muted"})
    room = HEAD - rise - 3.0
    below = fitted(replace(summary[0]), middle - logo, room, 8.0, theme.font)
    if len(summary) > 1 and below[0].text == summary[0].text:
        below = (Paragraph(runs=(*below[0].runs, replace(summary[1], size=below[0].runs[0].size))),)
    blocks: list[Block] = [
        *letters_sign(
            card.persona, card.language, theme, Place(x=MARGIN, y=MARGIN, width=23.0, height=23.0), field(card, "sign")
        ),
        Text(
            name=field(card, "name"),
            place=Place(x=MARGIN + 27.0, y=MARGIN, width=middle - logo, height=rise),
            paragraphs=name,
            title=True,
        ),
        Text(
            name=field(card, "summary"),
            paragraphs=below,
            place=Place(x=MARGIN + 27.0, y=MARGIN + rise + 1.2, width=middle - logo, height=room),
        ),
    ]
    if logo:
        blocks.append(
            Picture(
                name="logo",
                alt=theme.logo_alt,
                content=theme.logo,
                place=Place(x=width - MARGIN - right - GAP - logo + 3, y=MARGIN, width=logo - 3, height=12.0),
            )
        )
    blocks += _share(card, theme, Place(x=width - MARGIN - right, y=MARGIN, width=right, height=HEAD - 3))
    blocks.append(_rule(MARGIN + HEAD - 1.0, width, colour))
    if card.banner:
        blocks += banner(card.banner, theme, field(card, "banner"), MARGIN + HEAD + 1.2, width)
    return blocks


def _rule(y: float, width: float, colour: str) -> Shape:
    return Shape(kind="rectangle", place=Place(x=MARGIN, y=y, width=width - 2 * MARGIN, height=0.6), fill=colour)


def banner(text: str, theme: Theme, name: str, y: float, width: float) -> list[Block]:
    """Draw a warning across the page."""
    inside = width - 2 * MARGIN - 7.0
    words = fitted(Run(text=text, size=9, bold=True), inside, BANNER_HEIGHT - 1.5, 7.0, theme.font)
    return [
        Text(
            name=name,
            place=Place(x=MARGIN + 1.2, y=y, width=width - 2 * MARGIN - 1.2, height=BANNER_HEIGHT),
            paragraphs=words,
            fill="note",
            middle=True,
            inset=2.5,
        ),
        Shape(kind="rectangle", place=Place(x=MARGIN, y=y, width=1.2, height=BANNER_HEIGHT), fill="note-line"),
    ]


def letters_sign(persona: str, language: str, theme: Theme, place: Place, name: str) -> list[Block]:
    """Draw the sign of a persona with its letters."""
    alt = say_key("cards.avatar", language, persona=persona)
    letters = Paragraph(runs=(Run(text=persona[:3], size=place.width * 0.52, bold=True, colour="paper"),))
    drawn = sign(persona, place, name=name, alt=alt, colour=theme.persona(persona))
    drop = place.height * (0.06 if drawn.shapes[0].points and len(drawn.shapes[0].points) == 3 else 0.0)
    return [drawn, Text(name="", place=replace(place, y=place.y + drop), paragraphs=(letters,), align="centre", middle=True)]


def _share(card: Card, theme: Theme, place: Place) -> list[Block]:
    numbers: Any = card.figures.get("share", {})
    first, _, rest = str(numbers.get("text", "")).partition("\n")
    known = "share" in numbers
    part, _, what = first.partition(" ") if known else ("", "", first)
    colour = theme.persona(card.persona)
    runs = [Run(text=part + " ", size=24, bold=True, colour=colour)] if part else []
    runs.append(Run(text=what, size=11 if known else 9, bold=known))
    raised = said("", 9, evidence=(str(numbers["evidence"]),), numbers=evidence_numbers(card))[1:] if known else ()
    blocks: list[Block] = [
        Text(name=field(card, "share"), place=replace(place, height=11.0), paragraphs=(Paragraph(runs=(*runs, *raised)),))
    ]
    if known:
        blocks.append(
            share_bar(
                numbers,
                replace(place, y=place.y + 12.0, height=4.0),
                name=field(card, "share", "bar"),
                alt=f"{first}. {rest}",
                colour=colour,
            )
        )
        blocks.append(
            Text(
                name=field(card, "share", "figures"),
                place=replace(place, y=place.y + 16.8, height=8.0),
                paragraphs=(Paragraph(runs=(Run(text=rest, size=8, colour="muted"),)),),
            )
        )
    return blocks


def _small_header(card: Card, theme: Theme, size: tuple[float, float], side: str, number: int) -> list[Block]:
    key = "export.page_back" if side == "back" else "export.continued"
    text = say_key(key, card.language, title=card.title)
    words = fitted(Run(text=text, size=14, bold=True), size[0] - 2 * MARGIN - 16.0, 7.0, 9.0, theme.font)
    box = Place(x=MARGIN, y=MARGIN - 2, width=12.0, height=12.0)
    return [
        *letters_sign(card.persona, card.language, theme, box, field(card, "sign", side, number)),
        Text(
            name=field(card, "title", side, number),
            paragraphs=words,
            title=True,
            middle=True,
            place=Place(x=MARGIN + 15.0, y=MARGIN, width=size[0] - 2 * MARGIN - 15.0, height=8.0),
        ),
        _rule(MARGIN + 11.0, size[0], theme.persona(card.persona)),
    ]


# ---------------------------------------------------------------- the foot of the front, and the back


def _strip(card: Card, theme: Theme, size: tuple[float, float]) -> list[Block]:
    """Draw the journey in small as columns across the foot of the front."""
    section = next((one for one in card.sections if one.key == STRIP and one.side == "front"), None)
    entries: Any = card.figures.get(STRIP, ())
    if section is None or not chartable(entries):
        return []
    y, width = size[1] - MARGIN - STRIP_HEIGHT + 2.0, size[0] - 2 * MARGIN
    head = heading(section.title, field(card, "heading", STRIP), STRIP)
    draw: Any = head.draw
    return [
        *draw(Place(x=MARGIN, y=y, width=width, height=4.6)),
        Chart(
            name=field(card, "chart", STRIP),
            alt=alt_of(section),
            kind="columns",
            categories=labels_of(section),
            place=Place(x=MARGIN, y=y + 5.0, width=width, height=STRIP_HEIGHT - 7.0),
            series=series_of(entries, card.language, "everyone"),
        ),
    ]


def _back(card: Card, theme: Theme, size: tuple[float, float], points: float) -> list[Page]:
    width, height = size
    sections = [one for one in card.sections if one.side != "front"]
    strip = next((one for one in card.sections if one.key == STRIP and one.side == "front"), None)
    if strip is not None and not chartable(card.figures.get(STRIP, ())):  # type: ignore[arg-type]
        sections = [strip, *sections]
    proof = _proof(card)
    foot = text_height(proof, width - 2 * MARGIN, theme.font) + 8.0 if proof else 0.0
    pages: list[Page] = []
    end = 0.0
    for number, (blocks, low) in enumerate(
        flow(pieces_of(card, theme, sections, points), partial(_back_places, size), theme.font), start=1
    ):
        end = low
        title = say_key("export.page_back", card.language, title=card.title)
        pages.append(
            Page(
                width=width, height=height, title=title, blocks=(*_small_header(card, theme, size, "back", number), *blocks)
            )
        )
    if proof and end + foot > height - MARGIN:
        end = MARGIN + 14.0
        pages.append(replace(pages[-1], blocks=tuple(_small_header(card, theme, size, "back", len(pages) + 1))))
    if proof:
        pages[-1] = replace(pages[-1], blocks=(*pages[-1].blocks, *_foot(card, proof, end + 2.0, size)))
    return pages


def _back_places(size: tuple[float, float], page: int) -> list[Place]:
    return _columns(3 if size[0] > 300 else 2, MARGIN, MARGIN + 15.0, size[0] - 2 * MARGIN, size[1] - MARGIN)


def _foot(card: Card, proof: tuple[Paragraph, ...], y: float, size: tuple[float, float]) -> list[Block]:
    place = Place(x=MARGIN, y=y, width=size[0] - 2 * MARGIN, height=4.6)
    draw: Any = heading(say_key("cards.evidence", card.language), field(card, "heading", "evidence"), "evidence").draw
    return [
        *draw(place),
        Text(
            name=field(card, "evidence"), place=replace(place, y=y + 5.6, height=size[1] - y - 5.6 - 5.0), paragraphs=proof
        ),
    ]


def _proof(card: Card) -> tuple[Paragraph, ...]:
    """List the evidence by table: number and id."""
    tables: Any = card.figures.get("sources", {})
    by_table: dict[str, list[str]] = {}
    for one, number in evidence_numbers(card).items():
        by_table.setdefault(str(tables.get(one, "")), []).append(f"{number}\u00a0{one}")
    return tuple(
        Paragraph(
            runs=(
                Run(text=f"{table}  ", size=7, bold=True, colour="muted"),
                Run(text="  ".join(ids), size=7, colour="muted"),
            ),
            after=1.5,
        )
        for table, ids in by_table.items()
    )


def notes(card: Card) -> str:
    """Write the notes of the front: the whole name and summary, how edits come back, and the evidence by number."""
    tables: Any = card.figures.get("sources", {})
    lines = [
        card.title,
        card.summary.text,
        "",
        say_key("export.notes_edit", card.language),
        "",
        say_key("export.notes_evidence", card.language),
    ]
    lines += [
        say_key("export.evidence_line", card.language, number=number, id=one, table=tables.get(one, "–"))
        for one, number in evidence_numbers(card).items()
    ]
    return "\n".join(lines)
