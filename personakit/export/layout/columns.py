"""Columns that fill from top to bottom and go on to the next page: nothing is ever cut off or drawn over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from personakit.export.layout.blocks import Block, Place, Text
from personakit.export.layout.text import Paragraph, split_text, text_height

#: a heading stays with the first sentence below it, or with this much of it, in millimetres
WITH_HEADING = 30.0


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a column: a text, or (with ``draw``) something that is drawn at a place, ``fixed`` higher than its words.

    ``heading``: it stays with what follows. ``again``: the heading to repeat where this piece goes on in the next column.
    """

    name: str
    paragraphs: tuple[Paragraph, ...] = ()
    draw: Callable[[Place], Sequence[Block]] | None = None
    fixed: float = 0.0
    after: float = 0.0
    heading: bool = False
    again: Piece | None = None
    number: int = 1

    def height(self, width: float, family: str) -> float:
        """Return the height it needs at a width: that of its words, and what is drawn."""
        return self.fixed + text_height(self.paragraphs, width, family)


def fill(pieces: Sequence[Piece], place: Place, family: str) -> tuple[list[Block], list[Piece], float]:
    """Fill one column: the blocks, the pieces that are left over, and where the last block ends."""
    blocks: list[Block] = []
    y = place.y
    for at, piece in enumerate(pieces):
        high = piece.height(place.width, family)
        need = high + _with_heading(piece, pieces[at + 1 : at + 2], place.width, family)
        if y + need <= place.bottom + 1e-6 or (piece.draw is not None and y <= place.y + place.height / 4):
            blocks += _placed(piece, replace(place, y=y, height=high))
            y += high + piece.after
            continue
        head, tail = _parted(piece, place, y, family)
        if head:
            box = replace(place, y=y, height=text_height(head, place.width, family))
            blocks += _placed(replace(piece, paragraphs=head), box)
            rest = replace(piece, paragraphs=tail, number=piece.number + 1)
            return blocks, _again(rest, pieces[at + 1 :], place, family), box.bottom
        return blocks, _again(piece, pieces[at + 1 :], place, family), y
    return blocks, [], y


def _with_heading(piece: Piece, following: Sequence[Piece], width: float, family: str) -> float:
    """Return how much of what follows a heading must stand below it: a drawing whole, a text with its first lines."""
    if not piece.heading or not following:
        return 0.0
    if following[0].draw is not None:
        return following[0].height(width, family)
    return min(text_height(following[0].paragraphs[:1], width, family), WITH_HEADING)


def _placed(piece: Piece, place: Place) -> list[Block]:
    if piece.draw is not None:
        return list(piece.draw(place))
    name = piece.name if piece.number == 1 else f"{piece.name}/{piece.number}"
    return [Text(name=name, place=place, paragraphs=piece.paragraphs)]


def _again(piece: Piece, rest: Sequence[Piece], place: Place, family: str) -> list[Piece]:
    """Put what is left first in the next column, below its title unless that is so high that little room would stay."""
    title = [one for one in [piece.again] if one is not None and one.height(place.width, family) < place.height / 4]
    return [*title, piece, *rest]


def _parted(piece: Piece, place: Place, y: float, family: str) -> tuple[tuple[Paragraph, ...], tuple[Paragraph, ...]]:
    """Part a text between its paragraphs; inside one only where it alone is higher than a column."""
    if piece.draw is not None or piece.heading:
        return (), piece.paragraphs
    head: tuple[Paragraph, ...] = ()
    for one in piece.paragraphs:
        if y + text_height((*head, one), place.width, family) > place.bottom + 1e-6:
            break
        head = (*head, one)
    tail = piece.paragraphs[len(head) :]
    if not head and y <= place.y + place.height / 4:
        return split_text(tail, place.width, place.bottom - y, family)
    return head, tail


def fill_pages(
    columns: Sequence[Sequence[Piece]], places: Callable[[int], Sequence[Place]], family: str
) -> list[tuple[list[Block], float]]:
    """Fill columns page after page; ``places(page)`` gives a page's columns. Returns each page's blocks and its end."""
    pages: list[tuple[list[Block], float]] = []
    left = [list(one) for one in columns]
    while not pages or any(left):
        blocks: list[Block] = []
        ends = [0.0]
        rests = []
        for pieces, place in zip(left, places(len(pages)), strict=True):
            made, rest, end = fill(pieces, place, family)
            blocks += made
            rests.append(rest)
            ends.append(end)
        pages.append((blocks, max(ends)))
        left = rests
    return pages


def flow(pieces: Sequence[Piece], places: Callable[[int], Sequence[Place]], family: str) -> list[tuple[list[Block], float]]:
    """Let one text run through the columns of a page, then of the next; the columns of the last page end at one height."""
    pages: list[tuple[list[Block], float]] = []
    left = list(pieces)
    while left or not pages:
        columns = places(len(pages))
        blocks, rest, end = _through(left, columns, family)
        if not rest:
            blocks, end = _level(left, columns, family)
        pages.append((blocks, end))
        left = rest
    return pages


def _through(pieces: list[Piece], columns: Sequence[Place], family: str) -> tuple[list[Block], list[Piece], float]:
    blocks: list[Block] = []
    ends = [0.0]
    for place in columns:
        made, pieces, end = fill(pieces, place, family)
        blocks += made
        ends.append(end)
    return blocks, pieces, max(ends)


def _level(pieces: list[Piece], columns: Sequence[Place], family: str) -> tuple[list[Block], float]:
    """Find the lowest end at which everything still fits."""
    low, high = 0.0, columns[0].height
    while high - low > 2.0:
        middle = (low + high) / 2
        _, rest, end = _through(pieces, [replace(one, height=middle) for one in columns], family)
        fits = not rest and end <= columns[0].y + middle + 1e-6
        low, high = (low, middle) if fits else (middle, high)
    blocks, _, end = _through(pieces, [replace(one, height=high) for one in columns], family)
    return blocks, end
