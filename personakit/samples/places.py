"""Other places for the plants of a sample: another friction, broken hand-over and gap of content, told by all its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from personakit.samples.recipes import Recipe, read_words

#: what a visitor notes of a friction, where nothing is planted, and of a broken hand-over
BAD, GOOD, BROKEN = -2, 1, -1


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where plants stand: the event at which visits stop, the channels of the broken hand-over, and the kind of content that
    a stage does not have.
    """

    friction: str
    broken: tuple[str, str]
    gap: tuple[str, str]


def known_places(recipe: Recipe) -> dict[str, list[Any]]:
    """List where each plant of a sample can stand: the values of ``Places`` by name."""
    places = _places(recipe)
    return {"friction": [one["event"] for one in places["frictions"]],
            "broken": [tuple(one["pair"]) for one in places["breaks"]], "gap": [tuple(one) for one in places["gaps"]]}


def move_plants(recipe: Recipe, to: Places, *, nothing: bool = False) -> Recipe:
    """Return the recipe with its plants elsewhere: in the log, the survey, the interviews, the visits and the contents.

    Every place has its question, code and visit in every study, so that they tell nothing by being there. With ``nothing``
    only the gap is planted: what a study without personas gets.
    """
    places = _places(recipe)
    friction = {one["event"]: one["stop"] for one in places["frictions"] if one["event"] == to.friction and not nothing}
    broken = {tuple(one["pair"]): one["chance"] for one in places["breaks"] if tuple(one["pair"]) == to.broken}
    elsewhere = {("", ""): recipe.breaks.get(("", ""), 0.15)}
    words = read_words(recipe.words_from)
    changed = {"contents": [row for row in (*words["contents"], *places["contents"]) if (row[2], row[5]) != to.gap],
               "questions": _questions(words, places, set(friction)),
               "walkthroughs": _walkthroughs(words, places, set(friction), set() if nothing else set(broken)),
               "codes": _codes(words, places, set(friction), set() if nothing else set(broken))}
    return replace(recipe, friction=friction, breaks={} if nothing else elsewhere | broken, changed=changed)


def _places(recipe: Recipe) -> dict[str, Any]:
    return read_words(recipe.words_from.replace(".toml", "_places.toml"))


def _questions(words: Mapping[str, Any], places: Mapping[str, Any], planted: set[str]) -> list[list[Any]]:
    count = len(words["questions"][0][4])
    own = [[one["variable"], one["question"], "ces", _touchpoint(words, one["event"])[1],
            [places["ease"]["planted" if one["event"] in planted else "none"]] * count] for one in places["frictions"]]
    names = {row[0] for row in own}
    return [row for row in words["questions"] if row[0] not in names] + own


def _walkthroughs(words: Mapping[str, Any], places: Mapping[str, Any], planted: set[str],
                  broken: set[tuple[str, str]]) -> list[list[Any]]:
    rows = []
    for one in places["frictions"]:
        _, touchpoint, stage, channel = _touchpoint(words, one["event"])[:4]
        bad = one["event"] in planted
        rows.append(["own", stage, touchpoint, channel, BAD if bad else GOOD, one["bad" if bad else "good"]])
    for one in places["breaks"]:
        if tuple(one["pair"]) in broken:
            rows.append(["own", _stage(words, one["touchpoint"]), one["touchpoint"], one["pair"][1], BROKEN, one["bad"]])
    told = {row[2] for row in rows} | {one["touchpoint"] for one in places["breaks"]}
    return rows + [row for row in words["walkthroughs"] if row[0] != "own" or row[2] not in told]


def _codes(words: Mapping[str, Any], places: Mapping[str, Any], planted: set[str],
           broken: set[tuple[str, str]]) -> list[dict[str, Any]]:
    known, rates = {one["code"]: one for one in words["codes"]}, places["rates"]
    rows = []
    for one in (*places["frictions"], *places["breaks"]):
        kind, here = ("friction", one["event"] in planted) if "event" in one else ("break", tuple(one["pair"]) in broken)
        touchpoint = _touchpoint(words, one["event"])[1] if "event" in one else one["touchpoint"]
        quotes = one.get("quotes") or known[one["code"]]["quotes"]
        rows.append({"code": one["code"], "kind": "pain", "stage": _stage(words, touchpoint), "touchpoint": touchpoint,
                     "persona": -1, "rate": rates[kind if here else "none"], "quotes": quotes})
    names = {row["code"] for row in rows}
    return [one for one in words["codes"] if one["code"] not in names] + rows


def _touchpoint(words: Mapping[str, Any], event: str) -> list[Any]:
    return next(row for row in words["touchpoints"] if row[0] == event)


def _stage(words: Mapping[str, Any], touchpoint: str) -> str:
    return next(row[2] for row in words["touchpoints"] if row[1] == touchpoint)
