"""Small drawings as inline SVG: an abstract avatar, dumbbells, interview dots and the curve of a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from personakit.export.layout.marks import RINGS, sign_corners, sign_sides
from personakit.export.theme import PLAIN, Theme


def svg(body: str, *, width: float, height: float, label: str) -> Markup:
    """Wrap drawn elements as an image with a text alternative."""
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" '
        'font-family="Arial, Liberation Sans, sans-serif" xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(at(width), at(height), label, Markup(body))  # noqa: S704 - body holds numbers and escaped text only


def at(value: float) -> str:
    """Write a coordinate: one decimal at most, so that bytes do not hang on the last bit of a float.

    Examples
    --------
    >>> at(3.0), at(2.26)
    ('3', '2.3')
    """
    return f"{value:.1f}".removesuffix(".0")


def persona_colour(persona: str, theme: Theme = PLAIN) -> str:
    """Return the colour of a persona: the same on its card, its map and in the report."""
    return theme.persona(persona)


def avatar(persona: str, *, label: str, theme: Theme = PLAIN) -> Markup:
    """Draw an abstract sign for a persona: turned polygons and its id. Never a face: a face adds what nobody measured."""
    sides, colour = sign_sides(persona), theme.persona(persona)
    shapes = "".join(
        f'<polygon points="{" ".join(f"{at(100 * x)},{at(100 * y)}" for x, y in sign_corners(sides, radius, turn))}" '
        f'fill="{colour}" fill-opacity="{opacity:g}"/>'
        for radius, opacity, turn in RINGS
    )
    centre = 56 if sides == 3 else 50
    letters = (
        f'<text x="50" y="{centre}" fill="{theme["paper"]}" font-size="19" font-weight="700" text-anchor="middle" '
        f'dominant-baseline="central">{escape(persona[:3])}</text>'
    )
    return svg(shapes + letters, width=100, height=100, label=label)


def dumbbell(numbers: Mapping[str, Any], *, label: str, width: float = 150, theme: Theme = PLAIN) -> Markup:
    """Draw these people (filled dot) against the others (open ring) on one axis, with the interval as a thick line.

    Where no number is known or shown, nothing is drawn.
    """
    if all(numbers[name] is None for name in ("inside", "outside", "low", "high")):
        return Markup("")
    start, stop = float(numbers["start"]), float(numbers["stop"])

    def x(name: str) -> float:
        return 6 + (width - 12) * (float(numbers[name]) - start) / (stop - start)

    thin = f'stroke="{theme["muted"]}" stroke-width="1.4"'
    body = f'<line x1="6" y1="8" x2="{at(width - 6)}" y2="8" stroke="{theme["line"]}" stroke-width="1.4"/>'
    if numbers["inside"] is not None and numbers["outside"] is not None:
        body += f'<line x1="{at(x("outside"))}" y1="8" x2="{at(x("inside"))}" y2="8" {thin}/>'
    if numbers["low"] is not None and numbers["high"] is not None:
        body += (
            f'<line x1="{at(x("low"))}" y1="8" x2="{at(x("high"))}" y2="8" stroke="{theme["band"]}" stroke-width="7" '
            f'stroke-linecap="round"/>'
        )
    if numbers["outside"] is not None:
        look = f'fill="{theme["paper"]}" stroke="{theme["muted"]}" stroke-width="1.8"'
        body += f'<circle cx="{at(x("outside"))}" cy="8" r="4.2" {look}/>'
    if numbers["inside"] is not None:
        body += f'<circle cx="{at(x("inside"))}" cy="8" r="5" fill="{theme["dot"]}" stroke="{theme["paper"]}"/>'
    return svg(body, width=width, height=16, label=label)


def share_bar(numbers: Mapping[str, Any], *, colour: str, label: str, theme: Theme = PLAIN) -> Markup:
    """Draw a share of everyone as a bar, its interval as a line across the end."""
    share, low, high = (240 * float(numbers[name]) for name in ("share", "low", "high"))
    body = (
        f'<rect width="240" height="10" y="3" rx="5" fill="{theme["line-soft"]}"/>'
        f'<rect width="{at(max(share, 3))}" height="10" y="3" rx="5" fill="{colour}"/>'
        f'<line x1="{at(low)}" x2="{at(high)}" y1="8" y2="8" stroke="{theme["ink"]}" stroke-width="2"/>'
        f'<path d="M{at(low)} 3.5V12.5M{at(high)} 3.5V12.5" stroke="{theme["ink"]}" stroke-width="2"/>'
    )
    return svg(body, width=240, height=16, label=label)


def dots(count: int, total: int, *, label: str, theme: Theme = PLAIN) -> Markup:
    """Interviewees one by one: filled dots said it. People, not percentages."""
    shown = "".join(
        f'<circle cx="{5 + 8 * one}" cy="5" r="3" fill="{theme["dot" if one < count else "paper"]}" '
        f'stroke="{theme["dot"]}" stroke-width="1"/>'
        for one in range(total)
    )
    return svg(shown, width=2 + 8 * max(total, 1), height=10, label=label)


def curve(points: Sequence[Mapping[str, Any] | None], *, ends: tuple[str, str], label: str, theme: Theme = PLAIN) -> Markup:
    """Draw the experience from -2 to +2 across the stages: a line through what is known, gaps where nothing is.

    ``points`` has one entry a stage: ``None`` or value, low, high (or None), text. The band is the interval.
    """
    width, height = 1200.0, 116.0
    step = width / max(len(points), 1)

    def y(value: float) -> float:
        return height / 2 - value * (height / 2 - 16) / 2

    body = "".join(
        f'<line x1="0" x2="{at(width)}" y1="{at(y(level))}" y2="{at(y(level))}" stroke="{theme["line"]}" '
        f'stroke-width="{1.4 if level == 0 else 0.8}"{"" if level == 0 else dashed}/>'
        for dashed in [' stroke-dasharray="3 5"']
        for level in (-2, -1, 0, 1, 2)
    )
    body += "".join(
        f'<text x="4" y="{at(y(level) + shift)}" font-size="11" fill="{theme["muted"]}">{escape(text)}</text>'
        for level, shift, text in ((2, 11, ends[1]), (-2, -4, ends[0]))
    )
    known = [(step * (place + 0.5), point) for place, point in enumerate(points) if point is not None]
    neighbours = [(one, two) for one, two in zip(known, known[1:], strict=False) if two[0] - one[0] < 1.5 * step]
    for (x1, one), (x2, two) in neighbours:
        if None not in (one["low"], one["high"], two["low"], two["high"]):
            band = [(x1, one["high"]), (x2, two["high"]), (x2, two["low"]), (x1, one["low"])]
            corners = " ".join(f"{at(x)},{at(y(v))}" for x, v in band)
            body += f'<polygon points="{corners}" fill="{theme["band"]}" opacity="0.35"/>'
        body += (
            f'<line x1="{at(x1)}" y1="{at(y(one["value"]))}" x2="{at(x2)}" y2="{at(y(two["value"]))}" '
            f'stroke="{theme["dot"]}" stroke-width="3" stroke-linecap="round"/>'
        )
    body += "".join(_point(x, y, point, theme) for x, point in known)
    return svg(body, width=width, height=height, label=label)


def _point(x: float, y: Any, point: Mapping[str, Any], theme: Theme) -> str:
    """One stage: its interval, a face-free glyph that differs by shape as well as colour, and its figures."""
    value, up = float(point["value"]), float(point["value"]) >= 0
    middle, colour = y(value), theme["delight" if up else "pain"]
    body = ""
    if point["low"] is not None and point["high"] is not None:
        body += (
            f'<line x1="{at(x)}" x2="{at(x)}" y1="{at(y(point["low"]))}" y2="{at(y(point["high"]))}" '
            f'stroke="{colour}" stroke-width="2"/>'
        )
    tip, base = (-8, 6) if up else (8, -6)
    body += (
        f'<path d="M{at(x)} {at(middle + tip)}L{at(x + 9)} {at(middle + base)}L{at(x - 9)} {at(middle + base)}Z" '
        f'fill="{colour}" stroke="{theme["paper"]}" stroke-width="1.5"/>'
    )
    spread = [y(point[end]) for end in ("low", "high") if point[end] is not None] or [middle]
    beside = max(*spread, middle + 8) + 14 if not up else min(*spread, middle - 8) - 5
    return body + (
        f'<text x="{at(x)}" y="{at(min(max(beside, 11), 113))}" font-size="12.5" font-weight="600" '
        f'text-anchor="middle" fill="{theme["ink"]}">{escape(point["text"])}</text>'
    )
