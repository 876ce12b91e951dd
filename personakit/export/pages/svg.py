"""A page as SVG with real text: it opens in a browser, in Figma, in Illustrator, and every word can be edited."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from markupsafe import escape

from personakit.export.layout.blocks import Block, Chart, Drawing, Grid, Page, Picture, Place, Series, Shape, Text
from personakit.export.layout.map import AROUND_X, AROUND_Y
from personakit.export.layout.text import (
    LINE,
    MM_A_POINT,
    SMALL,
    Line,
    Paragraph,
    break_lines,
    line_height,
    text_height,
)
from personakit.export.theme import Theme, logo_uri

#: where the foot of the letters stands in a line
BASE = 0.92


def svg_page(page: Page, theme: Theme, language: str) -> str:
    """Return a page as one SVG, in millimetres."""
    body = "\n".join(part for block in page.blocks for part in [_svg(block, theme)] if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{page.width:g}mm" height="{page.height:g}mm" '
        f'viewBox="0 0 {page.width:g} {page.height:g}" lang="{language}" xml:lang="{language}" role="document" '
        f'font-family="{escape(theme.font)}, Liberation Sans, sans-serif">\n<title>{escape(page.title)}</title>\n'
        f'<rect width="{page.width:g}" height="{page.height:g}" fill="{theme["paper"]}"/>\n{body}\n</svg>\n'
    )


def draw(block: Block, theme: Theme) -> str:
    """Return one block as SVG elements, in millimetres of its page."""
    return _svg(block, theme)


def _n(value: float) -> str:
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.005 else "0"


def _colour(theme: Theme, name: str) -> str:
    return theme.colours.get(name, name)


@singledispatch
def _svg(block: Block, theme: Theme) -> str:
    raise TypeError(f"{type(block).__name__} cannot be drawn")


@_svg.register
def _(block: Text, theme: Theme) -> str:
    place = block.place
    ground = ""
    if block.fill:
        ground = _rectangle(place, _colour(theme, block.fill))
    high = text_height(block.paragraphs, place.width - 2 * block.inset, theme.font)
    y = place.y + (max(place.height - high, 0) / 2 if block.middle else 0)
    inner = Place(x=place.x + block.inset, y=y, width=place.width - 2 * block.inset, height=place.height)
    named = f' data-field="{escape(block.name)}"' if block.name else ' aria-hidden="true"'
    return f"<g{named}>{ground}{_lines(block.paragraphs, inner, theme, block.align)}</g>"


def _lines(paragraphs: Sequence[Paragraph], place: Place, theme: Theme, align: str = "left") -> str:
    y, parts = place.y, []
    for paragraph in paragraphs:
        for line in break_lines(paragraph, place.width, theme.font):
            high = line_height(line, paragraph)
            parts.append(_line(line, place, y + high / LINE * BASE, theme, align))
            y += high
        y += paragraph.after * MM_A_POINT
    return "".join(parts)


def _line(line: Line, place: Place, y: float, theme: Theme, align: str) -> str:
    spans = []
    for _, run in line:
        text = run.text.rstrip("\n")
        size = run.size * MM_A_POINT * (SMALL if run.kind == "ref" else 1)
        look = f'font-size="{_n(size)}" fill="{_colour(theme, run.colour)}"'
        look += ' font-weight="700"' if run.bold else ""
        look += ' font-style="italic"' if run.italic else ""
        look += f' baseline-shift="{_n(size * 0.5)}"' if run.kind == "ref" else ""
        spans.append(f"<tspan {look}>{escape(text)}</tspan>")
    x, anchor = {
        "left": (place.x, ""),
        "centre": (place.x + place.width / 2, ' text-anchor="middle"'),
        "right": (place.x + place.width, ' text-anchor="end"'),
    }[align]
    return f'<text x="{_n(x)}" y="{_n(y)}"{anchor} xml:space="preserve">{"".join(spans)}</text>' if spans else ""


def _rectangle(place: Place, fill: str) -> str:
    return f'<rect x="{_n(place.x)}" y="{_n(place.y)}" width="{_n(place.width)}" height="{_n(place.height)}" fill="{fill}"/>'


@_svg.register
def _(block: Shape, theme: Theme) -> str:
    place = block.place
    fill = f'fill="{_colour(theme, block.fill)}"' if block.fill else 'fill="none"'
    line = f' stroke="{_colour(theme, block.line)}" stroke-width="{_n(block.weight * MM_A_POINT)}"' if block.line else ""
    line += f' fill-opacity="{block.opacity:g}"' if block.opacity < 1 else ""
    if block.kind == "line":
        return f'<path d="M{_n(place.x)} {_n(place.y)}L{_n(place.x + place.width)} {_n(place.bottom)}"{line}/>'
    if block.kind == "circle":
        return (
            f'<ellipse cx="{_n(place.x + place.width / 2)}" cy="{_n(place.y + place.height / 2)}" '
            f'rx="{_n(place.width / 2)}" ry="{_n(place.height / 2)}" {fill}{line}/>'
        )
    if block.kind == "polygon":
        points = " ".join(
            f"{_n(place.x + across * place.width)},{_n(place.y + down * place.height)}" for across, down in block.points
        )
        return f'<polygon points="{points}" {fill}{line}/>'
    return _rectangle(place, "X").replace('fill="X"', fill + line)


@_svg.register
def _(block: Drawing, theme: Theme) -> str:
    inside = "".join(_svg(one, theme) for one in block.shapes)
    return f'<g role="img" aria-label="{escape(block.alt)}" data-field="{escape(block.name)}">{inside}</g>'


@_svg.register
def _(block: Picture, theme: Theme) -> str:
    place = block.place
    return (
        f'<image x="{_n(place.x)}" y="{_n(place.y)}" width="{_n(place.width)}" height="{_n(place.height)}" '
        f'preserveAspectRatio="xMaxYMin" role="img" aria-label="{escape(block.alt)}" href="{logo_uri(theme)}"/>'
    )


@_svg.register
def _(block: Grid, theme: Theme) -> str:
    parts, y = [], block.place.y
    for cells, height in zip(block.rows, block.heights, strict=True):
        x = block.place.x
        for at, cell in enumerate(cells):
            if cell.span:
                wide = sum(block.widths[at : at + cell.span])
                place = Place(x=x, y=y, width=wide, height=height)
                ground = _rectangle(place, _colour(theme, cell.fill)) if cell.fill else ""
                inner = Place(x=x + AROUND_X / 2, y=y + AROUND_Y / 2, width=wide - AROUND_X, height=height)
                ids = f' data-evidence="{" ".join(cell.evidence)}"' if cell.evidence else ""
                parts.append(f"<g{ids}>{ground}{_lines(cell.paragraphs, inner, theme)}</g>")
            x += block.widths[at]
        y += height
        parts.append(f'<path d="M{_n(block.place.x)} {_n(y)}H{_n(x)}" stroke="{theme["line"]}" stroke-width="0.18"/>')
    return f'<g data-field="{escape(block.name)}">\n' + "\n".join(parts) + "\n</g>"


# ---------------------------------------------------------------- charts


@_svg.register
def _(block: Chart, theme: Theme) -> str:
    inside = {"curve": _curve, "bars": _bars, "columns": _columns}[block.kind](block, theme)
    return f'<g role="img" aria-label="{escape(block.alt)}" data-field="{escape(block.name)}">{inside}</g>'


def _label(text: str, x: float, y: float, size: float, colour: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size * MM_A_POINT)}" fill="{colour}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, weight: float) -> str:
    return f'<path d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}" stroke="{colour}" stroke-width="{weight:g}" fill="none"/>'


def _whisker(series: Series, at: int) -> tuple[float, float] | None:
    low, high = (ends[at] if ends else None for ends in (series.low, series.high))
    return None if low is None or high is None else (low, high)


def _bars(block: Chart, theme: Theme) -> str:
    place, parts = block.place, []
    step, left = place.height / len(block.categories), place.width * 0.5
    for at, category in enumerate(block.categories):
        y = place.y + at * step
        for line, text in enumerate(category.split("\n")):
            parts.append(
                _label(
                    text,
                    place.x + left - 1.5,
                    y + step * (0.4 + 0.38 * line),
                    block.size - 0.5 * line,
                    theme["muted" if line else "ink"],
                    "end",
                )
            )
        for place_of, series in enumerate(block.series):
            value = series.values[at] or 0.0
            top = y + step * (0.12 + 0.38 * place_of)
            box = Place(x=place.x + left, y=top, width=(place.width - left) * value, height=step * 0.36)
            parts.append(_rectangle(box, _colour(theme, series.colour)))
            ends = _whisker(series, at)
            if ends:
                x1, x2 = (place.x + left + (place.width - left) * end for end in ends)
                parts.append(_rule(x1, top + step * 0.18, x2, top + step * 0.18, theme["ink"], 0.4))
    return "".join(parts)


def _columns(block: Chart, theme: Theme) -> str:
    place, parts, foot, head = block.place, [], 5.0, 4.5
    room = place.height - foot - head
    step = (place.width - 34.0) / len(block.categories)
    for at, category in enumerate(block.categories):
        for place_of, series in enumerate(block.series):
            value = series.values[at] or 0.0
            x, high = place.x + step * (at + 0.18 + 0.33 * place_of), room * value
            top = place.y + head + room - high
            parts.append(_rectangle(Place(x=x, y=top, width=step * 0.31, height=high), _colour(theme, series.colour)))
            middle = x + step * 0.155
            ends = _whisker(series, at)
            raised = max(high, room * ends[1]) if ends else high
            parts += (
                [
                    _rule(
                        middle,
                        place.y + head + room * (1 - ends[0]),
                        middle,
                        place.y + head + room * (1 - ends[1]),
                        theme["ink"],
                        0.4,
                    )
                ]
                if ends
                else []
            )
            parts.append(
                _label(
                    series.labels[at],
                    middle,
                    place.y + head + room - raised - 0.8,
                    block.size - 0.5,
                    theme["ink"],
                    "middle",
                    bool(ends),
                )
            )
        parts.append(_label(category, place.x + step * (at + 0.5), place.bottom - 1.2, block.size, theme["ink"], "middle"))
    parts += _legend(block, theme)
    parts.append(_rule(place.x, place.bottom - foot, place.x + place.width - 34.0, place.bottom - foot, theme["line"], 0.25))
    return "".join(parts)


def _legend(block: Chart, theme: Theme) -> list[str]:
    """Name the series beside the columns."""
    place, parts = block.place, []
    for line, series in enumerate(block.series):
        y = place.y + place.height / 2 + 5.0 * line
        box = Place(x=place.x + place.width - 32.0, y=y - 2.2, width=2.4, height=2.4)
        parts.append(
            _rectangle(box, _colour(theme, series.colour)) + _label(series.name, box.x + 3.4, y, block.size, theme["ink"])
        )
    return parts


def _curve(block: Chart, theme: Theme) -> str:
    place, series, parts = block.place, block.series[0], []
    left, right = (place.x + place.width * end for end in block.span)
    step = (right - left) / len(block.categories)

    def y(value: float) -> float:
        return place.y + place.height * (0.5 - 0.21 * value)

    parts += [
        _rule(left, y(level), right, y(level), theme["line" if level == 0 else "line-soft"], 0.3) for level in range(-2, 3)
    ]
    parts += [
        _label(text, left - 1.5, y(level) + 1.0, block.size, theme["ink"], "end")
        for text, level in zip(block.ends, (-2, 2), strict=True)
    ]
    known = [(left + step * (at + 0.5), at, value) for at, value in enumerate(series.values) if value is not None]
    for (x1, one, from_), (x2, two, to) in zip(known, known[1:], strict=False):
        if two - one == 1:
            parts.append(_rule(x1, y(from_), x2, y(to), theme["dot"], 0.8))
    for x, at, value in known:
        ends, well = _whisker(series, at), value >= 0
        parts += [_rule(x, y(ends[0]), x, y(ends[1]), theme["ink"], 0.45)] if ends else []
        tip, base = (-1.9, 1.5) if well else (1.9, -1.5)
        parts.append(
            f'<path d="M{_n(x)} {_n(y(value) + tip)}L{_n(x + 2.1)} {_n(y(value) + base)}L{_n(x - 2.1)} '
            f'{_n(y(value) + base)}Z" fill="{theme["delight" if well else "pain"]}" stroke="{theme["paper"]}" '
            f'stroke-width="0.3"/>'
        )
        top, foot = (max(ends[1], value), min(ends[0], value)) if ends else (value, value)
        below = place.y + place.height - 1.0
        parts.append(
            _label(
                series.labels[at],
                x,
                y(top) - 3.0 if well else min(y(foot) + 5.4, below),
                block.size,
                theme["ink"],
                "middle",
                bold=True,
            )
        )
    return "".join(parts)
