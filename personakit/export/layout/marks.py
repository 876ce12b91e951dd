"""Drawings made of shapes: the sign of a persona, a share with its interval, these people against the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from personakit.export.layout.blocks import Drawing, Place, Shape
from personakit.export.theme import persona_place

SIDES = (6, 4, 3, 5, 8, 7)
#: radius, opacity and turn (in parts of a side) of the polygons of a sign
RINGS = ((0.46, 0.16, 0.0), (0.38, 0.3, 1.0), (0.30, 1.0, 0.0))


def sign_sides(persona: str) -> int:
    """Return the number of sides of a persona's sign."""
    return SIDES[persona_place(persona) % len(SIDES)]


def sign_corners(sides: int, radius: float, turn: float) -> tuple[tuple[float, float], ...]:
    """Return the corners of a ring of the sign, in parts of its place."""
    grow = 1.25 if sides == 3 else 1.0  # a triangle needs room for its letters
    angles = [turn * math.pi / sides + math.pi * (2 * one / sides - 0.5) for one in range(sides)]
    return tuple((0.5 + grow * radius * math.cos(angle), 0.5 + grow * radius * math.sin(angle)) for angle in angles)


def sign(persona: str, place: Place, *, name: str, alt: str, colour: str) -> Drawing:
    """Draw the abstract sign of a persona. Never a face: a face adds what nobody measured."""
    sides = sign_sides(persona)
    shapes = tuple(
        Shape(kind="polygon", place=place, fill=colour, opacity=opacity, points=sign_corners(sides, radius, turn))
        for radius, opacity, turn in RINGS
    )
    return Drawing(name=name, alt=alt, place=place, shapes=shapes)


def share_bar(numbers: Mapping[str, Any], place: Place, *, name: str, alt: str, colour: str) -> Drawing:
    """Draw a share of everyone as a bar, its interval as a line across its end."""
    share, low, high = (place.width * float(numbers[one]) for one in ("share", "low", "high"))
    middle, thick = place.y + place.height / 2, place.height * 0.62
    shapes = [
        Shape(kind="rectangle", place=_box(place.x, middle, place.width, thick), fill="line-soft"),
        Shape(kind="rectangle", place=_box(place.x, middle, max(share, 0.8), thick), fill=colour),
        Shape(kind="line", place=Place(x=place.x + low, y=middle, width=high - low, height=0), line="ink", weight=1.25),
    ]
    shapes += [
        Shape(kind="line", place=Place(x=place.x + end, y=place.y, width=0, height=place.height), line="ink", weight=1.25)
        for end in (low, high)
    ]
    return Drawing(name=name, alt=alt, place=place, shapes=tuple(shapes))


def dumbbell(numbers: Mapping[str, Any], place: Place, *, name: str, alt: str) -> Drawing | None:
    """Draw these people (disc) against the others (ring) on one axis, the interval as a band; None if nothing is known."""
    if all(numbers[one] is None for one in ("inside", "outside", "low", "high")):
        return None
    start, stop = float(numbers["start"]), float(numbers["stop"])
    middle, disc = place.y + place.height / 2, min(place.height, 3.2)

    def x(one: str) -> float:
        return place.x + disc / 2 + (place.width - disc) * (float(numbers[one]) - start) / (stop - start)

    shapes = [Shape(kind="line", place=Place(x=place.x, y=middle, width=place.width, height=0), line="line", weight=1.0)]
    if numbers["low"] is not None and numbers["high"] is not None:
        shapes.append(
            Shape(kind="rectangle", place=_box(x("low"), middle, max(x("high") - x("low"), 0.4), disc * 0.62), fill="band")
        )
    if numbers["outside"] is not None:
        shapes.append(
            Shape(kind="circle", place=_disc(x("outside"), middle, disc * 0.86), fill="paper", line="ring", weight=1.25)
        )
    if numbers["inside"] is not None:
        shapes.append(Shape(kind="circle", place=_disc(x("inside"), middle, disc), fill="dot", line="paper", weight=0.75))
    return Drawing(name=name, alt=alt, place=place, shapes=tuple(shapes))


def _box(x: float, middle: float, width: float, height: float) -> Place:
    return Place(x=x, y=middle - height / 2, width=width, height=height)


def _disc(x: float, y: float, size: float) -> Place:
    return Place(x=x - size / 2, y=y - size / 2, width=size, height=size)
