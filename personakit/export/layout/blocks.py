"""What a page is made of, before any format: texts, shapes, grids and charts, each with its place, name and words.

Places are in millimetres from the top left corner; the order of the blocks is the order in which they are read. A block
without a name is decoration and is skipped by readers' software.
"""

from __future__ import annotations

from dataclasses import dataclass

from personakit.export.layout.text import Paragraph


@dataclass(frozen=True, kw_only=True)
class Place:
    """A rectangle on a page, in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words in a box. ``title`` marks the one text that names the page."""

    name: str
    place: Place
    paragraphs: tuple[Paragraph, ...]
    fill: str = ""
    align: str = "left"
    middle: bool = False
    title: bool = False
    inset: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A line, rectangle, circle or polygon; ``points`` are parts of the place (0 to 1) for a polygon."""

    kind: str
    place: Place
    fill: str = ""
    line: str = ""
    weight: float = 0.75
    opacity: float = 1.0
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Shapes that make one picture, with its words for those who cannot see it."""

    name: str
    alt: str
    place: Place
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG or JPEG."""

    name: str
    alt: str
    place: Place
    content: bytes


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """One cell of a grid: its words, its ground, and over how many columns it reaches (0: covered by the one before)."""

    paragraphs: tuple[Paragraph, ...] = ()
    fill: str = ""
    span: int = 1
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table: widths of its columns, heights of its rows (millimetres), its cells by row. ``head``: row 0 is titles."""

    name: str
    alt: str
    place: Place
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    rows: tuple[tuple[GridCell, ...], ...]
    head: bool = False


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers of a chart, one a category (None: a gap), perhaps with an interval each."""

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    labels: tuple[str, ...] = ()
    colour: str = "dot"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of real numbers. ``kind``: curve (-2 to +2 across stages), bars (lying) or columns (standing), 0 to 1.

    ``span``: which part of its width the stages of a curve take.
    """

    name: str
    alt: str
    place: Place
    kind: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    size: float = 8.0
    ends: tuple[str, str] = ("", "")
    span: tuple[float, float] = (0.0, 1.0)


Block = Text | Shape | Drawing | Picture | Grid | Chart


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page: its size in millimetres, what it is called, its blocks in reading order, and notes that are not shown."""

    width: float
    height: float
    title: str
    blocks: tuple[Block, ...]
    notes: str = ""
