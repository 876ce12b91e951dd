"""The text fitter: how wide words are, where lines break, how high a text is, and how to part one that is too high.

Widths are those of DejaVu Sans (it comes with matplotlib), one of the widest faces in use, scaled to the family that is
asked for. So the same text takes the same room on every machine, whatever fonts are installed, and a face that nobody
knows is taken to be wide.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile
from pathlib import Path

MM_A_POINT = 25.4 / 72
#: height of a line over the size of its letters: at least what Arial, Calibri and DejaVu ask for
LINE = 1.2
#: the widest lines of seven words against DejaVu Sans, measured on our own strings: the middle one needs 0.87 in Arial
FAMILIES = {"Arial": 0.92, "Helvetica": 0.92, "Liberation Sans": 0.92, "Calibri": 0.86, "Carlito": 0.86}
#: superscripts are drawn at this part of their size
SMALL = 0.66


@dataclass(frozen=True, kw_only=True)
class Run:
    """Words in one look. ``size`` in points; ``kind``: said, figures, mark (a glyph) or ref (a raised number)."""

    text: str
    size: float
    bold: bool = False
    italic: bool = False
    colour: str = "ink"
    kind: str = "said"


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Runs that break into lines together; ``after`` is the room below, in points. A line end in a run breaks a line."""

    runs: tuple[Run, ...]
    after: float = 0.0

    @property
    def text(self) -> str:
        """The words, without look."""
        return "".join(run.text for run in self.runs)


#: one line: its runs, and the place of each from the left, in millimetres
Line = tuple[tuple[float, Run], ...]


@functools.cache
def _advances(bold: bool) -> tuple[dict[int, float], float]:
    """Return the width of every letter in parts of its size, and that of an unknown one."""
    import matplotlib
    from fontTools.ttLib import TTFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    with TTFont(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, lazy=True) as font:
        glyphs, widths, unit = font.getBestCmap(), font["hmtx"].metrics, font["head"].unitsPerEm
        return {code: widths[glyph][0] / unit for code, glyph in glyphs.items()}, 1.0


@functools.lru_cache(maxsize=50_000)
def _ems(text: str, bold: bool) -> float:
    widths, unknown = _advances(bold)
    return sum(widths.get(ord(one), unknown) for one in text)


def text_width(text: str, size: float, *, bold: bool = False, family: str = "Arial") -> float:
    """Return the width of a line of text, in millimetres; never less than what the family needs.

    Examples
    --------
    >>> text_width("abc", 10) < text_width("abc", 10, bold=True) < text_width("abcd", 10, bold=True)
    True
    """
    return _ems(text, bold) * size * MM_A_POINT * FAMILIES.get(family, 1.0)


def break_lines(paragraph: Paragraph, width: float, family: str = "Arial") -> list[Line]:
    """Break a paragraph into lines of at most ``width`` millimetres: at spaces, and inside a word that is too long.

    The lines together hold the whole text: the space or line end that a line breaks at stays at its end.

    Examples
    --------
    >>> one = Paragraph(runs=(Run(text="one two three", size=10),))
    >>> ["".join(run.text for _, run in line) for line in break_lines(one, 15)]
    ['one two ', 'three']
    """
    lines: list[Line] = []
    line: list[tuple[float, Run, str]] = []
    at = 0.0
    for run, after in zip(paragraph.runs, (*paragraph.runs[1:], None), strict=True):
        size = run.size * SMALL if run.kind == "ref" else run.size
        glued = text_width(after.text, after.size * SMALL, family=family) if after and after.kind == "ref" else 0.0
        pieces = _pieces(run.text)
        for place, piece in enumerate(pieces, start=1):
            wide = text_width(piece.rstrip(" "), size, bold=run.bold, family=family)
            wide += glued if place == len(pieces) else 0.0
            if piece == "\n":
                lines.append(_closed([*line, (at, run, "\n")]))
                line, at = [], 0.0
                continue
            if line and at + wide > width and run.kind != "ref":
                lines.append(_closed(line))
                line, at = [], 0.0
            while wide > width and len(piece) > 1 and run.kind != "ref":
                head, piece = _cut(piece, width, size, run.bold, family)
                lines.append(((0.0, replace(run, text=head)),))
                wide = text_width(piece.rstrip(" "), size, bold=run.bold, family=family)
            line.append((at, run, piece))
            at += text_width(piece, size, bold=run.bold, family=family)
    return [*lines, _closed(line)]


def _pieces(text: str) -> list[str]:
    """Part a text into words with the space after them, and line ends."""
    pieces = []
    for place, part in enumerate(text.split("\n")):
        pieces += ["\n"] if place else []
        words = part.split(" ")
        pieces += [word + " " for word in words[:-1]] + ([words[-1]] if words[-1] else [])
    return pieces


def _cut(word: str, width: float, size: float, bold: bool, family: str) -> tuple[str, str]:
    """Cut as much of a word as a line holds; one letter at least."""
    widths, unknown = _advances(bold)
    ems = accumulate(widths.get(ord(one), unknown) for one in word)
    letters = sum(1 for _ in takewhile(lambda wide: wide * size * MM_A_POINT * FAMILIES.get(family, 1.0) <= width, ems))
    return word[: max(letters, 1)], word[max(letters, 1) :]


def _closed(line: list[tuple[float, Run, str]]) -> Line:
    """Join the words of one look: the place of each, the run that it is of, and its letters."""
    joined: list[tuple[float, Run, list[str]]] = []
    for at, run, text in line:
        if joined and (joined[-1][1] is run or _look(joined[-1][1]) == _look(run)):
            joined[-1][2].append(text)
        else:
            joined.append((at, run, [text]))
    return tuple((at, replace(run, text="".join(words))) for at, run, words in joined)


def _look(run: Run) -> tuple[float, bool, bool, str, str]:
    return run.size, run.bold, run.italic, run.colour, run.kind


def line_height(line: Line, paragraph: Paragraph) -> float:
    """Return the height of a line in millimetres."""
    sizes = [run.size for _, run in line] or [run.size for run in paragraph.runs] or [8.0]
    return max(sizes) * LINE * MM_A_POINT


def text_height(paragraphs: Sequence[Paragraph], width: float, family: str = "Arial") -> float:
    """Return the height of a text that is ``width`` millimetres wide."""
    return sum(_height(one, round(width, 3), family) for one in paragraphs)


@functools.lru_cache(maxsize=20_000)
def _height(paragraph: Paragraph, width: float, family: str) -> float:
    lines = break_lines(paragraph, width, family)
    return sum(line_height(line, paragraph) for line in lines) + paragraph.after * MM_A_POINT


def split_text(
    paragraphs: Sequence[Paragraph], width: float, height: float, family: str = "Arial"
) -> tuple[tuple[Paragraph, ...], tuple[Paragraph, ...]]:
    """Part a text: what fits into ``height`` millimetres, and the rest. Paragraphs part between lines where they must."""
    left = height
    for place, one in enumerate(paragraphs):
        lines = break_lines(one, width, family)
        high = [line_height(line, one) for line in lines]
        if sum(high) <= left + 1e-6:
            left -= sum(high) + one.after * MM_A_POINT
            continue
        fitting = 0
        while fitting < len(high) and sum(high[: fitting + 1]) <= left + 1e-6:
            fitting += 1
        head, tail = _of_lines(lines[:fitting], one), _of_lines(lines[fitting:], one)
        head = tuple(replace(part, runs=_without_end(part.runs)) for part in head)
        return (*paragraphs[:place], *head), (*tail, *paragraphs[place + 1 :])
    return tuple(paragraphs), ()


def _without_end(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Drop a line end at the foot of a column: it would ask for a line more."""
    return (*runs[:-1], replace(runs[-1], text=runs[-1].text.removesuffix("\n")))


def _of_lines(lines: Sequence[Line], paragraph: Paragraph) -> tuple[Paragraph, ...]:
    if not lines:
        return ()
    return (replace(paragraph, runs=tuple(run for line in lines for _, run in line)),)
