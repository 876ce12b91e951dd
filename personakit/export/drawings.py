"""Small drawings as inline SVG: an abstract avatar, dumbbells, interview dots and the curve of a map."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

#: dark enough for white letters, apart from each other for colour-blind eyes (after Okabe and Ito, 2008)
PERSONA_COLOURS = ("#005a8d", "#a13f00", "#00664b", "#863a6a", "#6f5200", "#3c4a5a", "#1b6a78", "#7a2f2f")
SIDES = (6, 4, 3, 5, 8, 7)


def svg(body: str, *, width: float, height: float, label: str) -> Markup:
    """Wrap drawn elements as an image with a text alternative."""
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>').format(
        at(width), at(height), label, Markup(body))  # noqa: S704 - body holds numbers and escaped text only


def at(value: float) -> str:
    """Write a coordinate: one decimal at most, so that bytes do not hang on the last bit of a float.

    Examples
    --------
    >>> at(3.0), at(2.26)
    ('3', '2.3')
    """
    return f"{value:.1f}".removesuffix(".0")


def persona_colour(persona: str) -> str:
    """Return the colour of a persona: the same on its card, its map and in the report."""
    return PERSONA_COLOURS[_place(persona) % len(PERSONA_COLOURS)]


def _place(persona: str) -> int:
    digits = "".join(one for one in persona if one.isdigit())
    return int(digits) - 1 if digits else zlib.crc32(persona.encode())


def avatar(persona: str, *, label: str) -> Markup:
    """Draw an abstract sign for a persona: turned polygons and its id. Never a face: a face adds what nobody measured."""
    place, colour = _place(persona), persona_colour(persona)
    sides = SIDES[place % len(SIDES)]
    rings = [(46.0, 0.16, 0.0), (38.0, 0.3, math.pi / sides), (30.0, 1.0, 0.0)]
    shapes = "".join(f'<polygon points="{_polygon(sides, radius, turn)}" fill="{colour}" fill-opacity="{opacity}"/>'
                     for radius, opacity, turn in rings)
    centre = 56 if sides == 3 else 50
    letters = (f'<text x="50" y="{centre}" fill="#ffffff" font-size="19" font-weight="700" text-anchor="middle" '
               f'dominant-baseline="central">{escape(persona[:3])}</text>')
    return svg(shapes + letters, width=100, height=100, label=label)


def _polygon(sides: int, radius: float, turn: float) -> str:
    grow = 1.25 if sides == 3 else 1.0  # a triangle needs room for its letters
    corners = [(turn + math.pi * (2 * one / sides - 0.5)) for one in range(sides)]
    return " ".join(f"{at(50 + grow * radius * math.cos(angle))},{at(50 + grow * radius * math.sin(angle))}"
                    for angle in corners)


def dumbbell(numbers: Mapping[str, Any], *, label: str, width: float = 150) -> Markup:
    """Draw these people (filled dot) against the others (open ring) on one axis, with the interval as a thick line.

    Where no number is known or shown, nothing is drawn.
    """
    if all(numbers[name] is None for name in ("inside", "outside", "low", "high")):
        return Markup("")
    start, stop = float(numbers["start"]), float(numbers["stop"])

    def x(name: str) -> float:
        return 6 + (width - 12) * (float(numbers[name]) - start) / (stop - start)

    body = f'<line x1="6" y1="8" x2="{at(width - 6)}" y2="8" stroke="#c9d0d8" stroke-width="1.4" stroke-linecap="round"/>'
    if numbers["inside"] is not None and numbers["outside"] is not None:
        body += f'<line x1="{at(x("outside"))}" y1="8" x2="{at(x("inside"))}" y2="8" stroke="#505c6a" stroke-width="1.4"/>'
    if numbers["low"] is not None and numbers["high"] is not None:
        body += (f'<line x1="{at(x("low"))}" y1="8" x2="{at(x("high"))}" y2="8" stroke="#8fc1e3" stroke-width="7" '
                 f'stroke-linecap="round"/>')
    if numbers["outside"] is not None:
        body += f'<circle cx="{at(x("outside"))}" cy="8" r="4.2" fill="#ffffff" stroke="#505c6a" stroke-width="1.8"/>'
    if numbers["inside"] is not None:
        body += f'<circle cx="{at(x("inside"))}" cy="8" r="5" fill="#0072b2"/>'
    return svg(body, width=width, height=16, label=label)


def share_bar(numbers: Mapping[str, Any], *, colour: str, label: str) -> Markup:
    """Draw a share of everyone as a bar, its interval as a line across the end."""
    share, low, high = (240 * float(numbers[name]) for name in ("share", "low", "high"))
    body = (f'<rect width="240" height="10" y="3" rx="5" fill="#e6e9ee"/>'
            f'<rect width="{at(max(share, 3))}" height="10" y="3" rx="5" fill="{colour}"/>'
            f'<line x1="{at(low)}" x2="{at(high)}" y1="8" y2="8" stroke="#17212e" stroke-width="2"/>'
            f'<path d="M{at(low)} 3.5V12.5M{at(high)} 3.5V12.5" stroke="#17212e" stroke-width="2"/>')
    return svg(body, width=240, height=16, label=label)


def dots(count: int, total: int, *, label: str) -> Markup:
    """Interviewees one by one: filled dots said it. People, not percentages."""
    shown = "".join(f'<circle cx="{5 + 8 * one}" cy="5" r="3" fill="{"#0072b2" if one < count else "#ffffff"}" '
                    f'stroke="#0072b2" stroke-width="1"/>' for one in range(total))
    return svg(shown, width=2 + 8 * max(total, 1), height=10, label=label)


def curve(points: Sequence[Mapping[str, Any] | None], *, ends: tuple[str, str], label: str) -> Markup:
    """Draw the experience from -2 to +2 across the stages: a line through what is known, gaps where nothing is.

    ``points`` has one entry a stage: ``None`` or value, low, high (or None), text. The band is the interval.
    """
    width, height = 1200.0, 116.0
    step = width / max(len(points), 1)

    def y(value: float) -> float:
        return height / 2 - value * (height / 2 - 16) / 2

    body = "".join(f'<line x1="0" x2="{at(width)}" y1="{at(y(level))}" y2="{at(y(level))}" stroke="#c9d0d8" '
                   f'stroke-width="{1.4 if level == 0 else 0.8}"{"" if level == 0 else dashed}/>'
                   for dashed in [' stroke-dasharray="3 5"'] for level in (-2, -1, 0, 1, 2))
    body += "".join(f'<text x="4" y="{at(y(level) + shift)}" font-size="11" fill="#505c6a">{escape(text)}</text>'
                    for level, shift, text in ((2, 11, ends[1]), (-2, -4, ends[0])))
    known = [(step * (place + 0.5), point) for place, point in enumerate(points) if point is not None]
    neighbours = [(one, two) for one, two in zip(known, known[1:], strict=False) if two[0] - one[0] < 1.5 * step]
    for (x1, one), (x2, two) in neighbours:
        if None not in (one["low"], one["high"], two["low"], two["high"]):
            band = [(x1, one["high"]), (x2, two["high"]), (x2, two["low"]), (x1, one["low"])]
            body += f'<polygon points="{" ".join(f"{at(x)},{at(y(v))}" for x, v in band)}" fill="#8fc1e3" opacity="0.35"/>'
        body += (f'<line x1="{at(x1)}" y1="{at(y(one["value"]))}" x2="{at(x2)}" y2="{at(y(two["value"]))}" '
                 f'stroke="#0072b2" stroke-width="3" stroke-linecap="round"/>')
    body += "".join(_point(x, y, point) for x, point in known)
    return svg(body, width=width, height=height, label=label)


def _point(x: float, y: Any, point: Mapping[str, Any]) -> str:
    """One stage: its interval, a face-free glyph that differs by shape as well as colour, and its figures."""
    value, up = float(point["value"]), float(point["value"]) >= 0
    middle, colour = y(value), "#00583f" if up else "#8f3700"
    body = ""
    if point["low"] is not None and point["high"] is not None:
        body += (f'<line x1="{at(x)}" x2="{at(x)}" y1="{at(y(point["low"]))}" y2="{at(y(point["high"]))}" '
                 f'stroke="{colour}" stroke-width="2"/>')
    tip, base = (-8, 6) if up else (8, -6)
    body += (f'<path d="M{at(x)} {at(middle + tip)}L{at(x + 9)} {at(middle + base)}L{at(x - 9)} {at(middle + base)}Z" '
             f'fill="{colour}" stroke="#ffffff" stroke-width="1.5"/>')
    spread = [y(point[end]) for end in ("low", "high") if point[end] is not None] or [middle]
    beside = max(*spread, middle + 8) + 14 if not up else min(*spread, middle - 8) - 5
    return body + (f'<text x="{at(x)}" y="{at(min(max(beside, 11), 113))}" font-size="12.5" font-weight="600" '
                   f'text-anchor="middle" fill="#17212e">{escape(point["text"])}</text>')
