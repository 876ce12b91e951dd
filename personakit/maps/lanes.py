"""The lanes of one view, from top to bottom, and how well each stage is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from personakit.documents import Cell
from personakit.maps import act, measured, planned, said
from personakit.maps.view import View, level
from personakit.wording import join

Lane = tuple[str, str, tuple[tuple[Cell, ...], ...]]
LaneMaker = tuple[str, Callable[[View, str], tuple[Cell, ...]]]
#: lanes from top to bottom; the curve comes after the time that is spent
BEFORE_CURVE: tuple[LaneMaker, ...] = (
    ("goals", planned.goals), ("wants", partial(said.told, kinds=("goal", "need", "motivation"))),
    ("actions", measured.actions), ("touchpoints", measured.touchpoints), ("channels", measured.channels),
    ("reached", measured.reached), ("goes_on", measured.goes_on), ("drops_off", measured.drops_off), ("time", measured.time),
)
AFTER_CURVE: tuple[LaneMaker, ...] = (
    ("agreement", said.agreement), ("effort", said.effort), ("pains", partial(said.told, kinds=("pain",))),
    ("delights", partial(said.told, kinds=("delight",))), ("opportunities", act.opportunities), ("quotes", said.quotes),
    ("content", planned.content), ("walkthrough", planned.walkthrough), ("owners", planned.owners),
)
#: lanes that are left out where no stage fills them
IF_ANY = ("time", "moments", "agreement")
#: lanes that the organisation declares: the same for everyone
DECLARED = ("goals", "content", "walkthrough", "owners")
#: kinds of source -> the lanes that they feed
SOURCES = {"events": ("touchpoints", "reached"), "interviews": ("wants", "pains", "delights", "quotes"), "ces": ("effort",),
           "walkthrough": ("walkthrough",), "documents": ("goals", "content", "owners")}


def lanes_of(view: View, source: str) -> list[Lane]:
    """Fill the lanes of a view; ``source`` is that of the experience curve. Some lanes are left out where empty."""
    lanes = [*_lanes(view, BEFORE_CURVE), ("experience", view.say("experience"), said.experience(view, source)),
             *_lanes(view, (("moments", lambda of, stage: said.moments(of, source, stage)), *AFTER_CURVE))]
    lanes = [one for one in _triangulated(lanes) if one[0] not in IF_ANY or any(one[2])]
    sources = tuple(_sources(view, lanes, at) for at in range(len(view.study.stages)))
    return [("sources", view.say("sources"), sources), *lanes]


def _lanes(view: View, lanes: tuple[LaneMaker, ...]) -> list[Lane]:
    return [(key, view.say(key), tuple(cells(view, stage) for stage in view.study.stages)) for key, cells in lanes]


def _triangulated(lanes: list[Lane]) -> list[Lane]:
    """Mark what interviewees tell as solid where another source says the same: a flagged touchpoint, or a clear curve."""
    by_key = {key: cells for key, _, cells in lanes}

    def agrees(kind: str, at: int) -> bool:
        flagged = kind == "pains" and any(cell.tone == "pain" for cell in by_key["opportunities"][at])
        clear = any((cell.high is not None and cell.high < 0) if kind == "pains" else
                    (cell.low is not None and cell.low > 0) for cell in by_key["experience"][at] if cell.level == "fully")
        return flagged or clear

    return [(key, title, cells if key not in ("pains", "delights") else tuple(
        tuple(replace(cell, level=level(cell.n, agreed=True)) for cell in column) if agrees(key, at) else column
        for at, column in enumerate(cells))) for key, title, cells in lanes]


def _sources(view: View, lanes: list[Lane], at: int) -> tuple[Cell, ...]:
    filled = {key for key, _, cells in lanes if cells[at]}
    found = [view.say(f"source_{kind}") for kind, fed in SOURCES.items() if filled & set(fed)]
    # a stage is known as well as its best cell: sources that each say little do not add up to much
    levels = {cell.level for key, _, cells in lanes for cell in cells[at]}
    best = next((one for one in ("fully", "partly") if found and one in levels), "none")
    text = view.say("source_list", names=join(found, view.language), backed=view.say(f"backed_{best}")) if found else \
        view.say("source_none")
    return (Cell(text=text, value=float(len(found)), level=best),)
