"""What a learner's step looks like to a teacher: what holds, what does not, and a hint that gives nothing away."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from personakit.errors import ChoiceError, unknown_name
from personakit.frozen import Sentence
from personakit.records import Candidates, Features, JourneyFindings, Personas, Study
from personakit.schema import ORIGIN, VERDICTS
from personakit.wording import canonical, check_language, say
from personakit.workshop.drawn import read_map, unknown_words
from personakit.workshop.scoring import words

#: a reason shorter than this says nothing
SHORT = 20
#: numbers of personas and methods that a search should try
FEWEST_K, FEWEST_METHODS = 3, 2

#: a step that holds (True) or not, and the sentence that says so
Line = tuple[bool, Sentence]


@dataclass(frozen=True, kw_only=True, eq=False)
class Feedback:
    """What was seen in a learner's step: ``lines`` (holds, sentence); ``passed`` where all hold."""

    exercise: str
    language: str
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Tell whether every line holds."""
        return all(holds for holds, _ in self.lines)

    def __repr__(self) -> str:
        return "\n".join(f"{'✔' if holds else '✘'} {say(one, self.language)}" for holds, one in self.lines)

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{html.escape(line)}</li>" for line in repr(self).split("\n"))
        return f'<ul style="list-style:none;padding-left:0">{rows}</ul>'


def check(exercise: str, *, language: str = "en", **answers: object) -> Feedback:
    """Look at what a learner made in an exercise, and say what holds and where to look again.

    Use it in a notebook of the workshop. It never raises for a wrong or a missing answer, only for an exercise that does
    not exist; it compares with what the learner's own study shows, not with the truth, and its hints give nothing away.

    Parameters
    ----------
    exercise
        ``reading`` (study, aside: how many rows of the log were set aside, reason: the commonest),
        ``features`` (study, features), ``candidates`` (candidates, verdict: the learner's words for it, k),
        ``naming`` (personas; candidates, where there may be none), ``journeys`` (findings, friction: a touchpoint,
        channel_break: two channels, differ: whether the personas' journeys do), ``map`` (study, drawn: the map as typed, a
        table or the path of ``map.csv``).
    language
        ``fr`` or ``en``.
    **answers
        As listed; a missing one is a line that does not hold.

    Returns
    -------
    Feedback
        ``passed``, and lines to read.

    Raises
    ------
    ChoiceError
        An unknown exercise, or an answer that it does not ask for.

    Examples
    --------
    >>> check("naming", personas=None)
    ✘ This is not a Personas record yet. Make it with choose(candidates, ..., by=..., reason=...).
    """
    if exercise not in EXERCISES:
        raise ChoiceError(unknown_name("exercise", exercise, EXERCISES))
    look, names = EXERCISES[exercise]
    for name in answers:
        if name not in names:
            raise ChoiceError(unknown_name(f"answer of {exercise}", name, names))
    given = {name: answers.get(name) for name in names}
    return Feedback(exercise=exercise, language=check_language(language), lines=tuple(look(**given)))


def _line(holds: bool, key: str, **values: object) -> Line:
    """Say ``key`` where it holds, else ``key_not``: the hint."""
    return bool(holds), Sentence(key=f"workshop.{key}" if holds else f"workshop.{key}_not", values=values)


def _is(value: object, kind: type, verb: str) -> list[Line]:
    if isinstance(value, kind):
        return []
    return [(False, Sentence(key="workshop.not_made", values={"record": kind.__name__, "verb": verb}))]


def _reading(study: Any, aside: Any, reason: Any) -> Iterator[Line]:
    if wrong := _is(study, Study, "load_study(folder)"):
        yield from wrong
        return
    events = study.set_aside[study.set_aside["table"] == "events"]
    yield _line(_number(aside) == int(events["rows"].sum()), "aside")
    most = str(events.sort_values("rows", ascending=False, kind="stable")["reason"].iloc[0]) if len(events) else ""
    yield _line(isinstance(reason, str) and reason.strip().casefold() == most, "reason")


def _features(study: Any, features: Any) -> Iterator[Line]:
    wrong = _is(study, Study, "load_study(folder)") + _is(features, Features, "build_features(study, habits, answers)")
    if wrong:
        yield from wrong
        return
    active = features.catalog[features.catalog["role"] == "active"]
    yield _line(len(active) >= 5, "enough_features", n=len(active))
    yield _line(features.window_days is not None and np.isfinite(features.window_days), "window")
    people = set(active[ORIGIN]) & {"participants"}
    yield _line(not people, "no_attributes")
    yield _line(study.answers is None or "answers" in set(features.catalog[ORIGIN]), "answers_joined")


def _candidates(candidates: Any, verdict: Any, k: Any) -> Iterator[Line]:
    if wrong := _is(candidates, Candidates, "find_candidates(features, seed=7)"):
        yield from wrong
        return
    table = candidates.table
    yield _line(table["k"].nunique() >= FEWEST_K, "several_k", n=int(table["k"].nunique()))
    yield _line(table["method"].nunique() >= FEWEST_METHODS, "several_methods", n=int(table["method"].nunique()))
    said = str(verdict).strip().casefold() if isinstance(verdict, str) else ""
    yield _line(said == candidates.verdict, "verdict", allowed=list(VERDICTS))
    best = candidates.recommended
    wanted = 0 if best is None else int(table.loc[best, "k"])
    yield _line(_number(k) == wanted, "k")


def _naming(personas: Any, candidates: Any) -> Iterator[Line]:
    if personas is None and isinstance(candidates, Candidates) and candidates.recommended is None:
        yield _line(True, "nobody")
        return
    if wrong := _is(personas, Personas, "choose(candidates, ..., by=..., reason=...)"):
        yield from wrong
        return
    yield _line(personas.chosen, "chosen")
    reasons = [str(one) for one in personas.decisions["reason"]]
    yield _line(all(len(one.strip()) >= SHORT for one in reasons) and bool(reasons), "reasons", n=SHORT)
    names = [personas.names.get(str(one), "") for one in personas.membership.columns]
    yield _line(all(names), "all_named", n=sum(not one for one in names))
    kept = [one.casefold() for one in names if one]
    yield _line(len(set(kept)) == len(kept) and bool(kept), "different_names")


def _journeys(findings: Any, friction: Any, channel_break: Any, differ: Any) -> Iterator[Line]:
    if wrong := _is(findings, JourneyFindings, "describe_journeys(journeys, personas, seed=7)"):
        yield from wrong
        return
    rows = findings.friction[(findings.friction["persona"] == "all") & findings.friction["flagged"].astype(bool)]
    right = _same(friction, [str(one) for one in rows["touchpoint"][:1]])
    yield _line(right, "friction" if len(rows) or not right else "no_friction")
    breaks = findings.switches[(findings.switches["persona"] == "all") & findings.switches["flagged"].astype(bool)]
    pair = channel_break if isinstance(channel_break, (tuple, list)) else ()
    found = [tuple(map(str, one)) for one in breaks[["source", "target"]].to_numpy()[:1]]
    said = tuple(canonical(one) for one in pair if isinstance(one, str))
    right = said in found if found else channel_break is None or not len(pair)
    yield _line(right, "channel_break" if found or not right else "no_break")
    first = findings.comparison["verdict"].iloc[:1]
    # without personas nothing is compared, and nothing differs
    said_so = isinstance(differ, (bool, np.bool_)) and bool(differ) == bool((first == "differ").any())
    yield _line(said_so, "differ")


def _map(study: Any, drawn: Any) -> Iterator[Line]:
    if wrong := _is(study, Study, "load_study(folder)"):
        yield from wrong
        return
    rows = read_map(drawn)
    yield _line(len(rows) > 0, "drawn_rows", n=len(rows))
    if len(rows):
        unknown = unknown_words(rows, study)
        yield _line(not unknown, "drawn_words", words=unknown[:5])
        yield _line(all(len(words(one)) > 1 for one in rows["stages"]), "drawn_stages")


def _same(said: object, found: list[str]) -> bool:
    word = said.strip().casefold() if isinstance(said, str) else None
    return word in [one.casefold() for one in found] if found else said is None or word in ("", "none")


def _number(value: object) -> int | None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return int(value) if whole else None  # type: ignore[call-overload]


#: exercise -> how it is looked at, and the answers that it asks for
EXERCISES: Mapping[str, tuple[Callable[..., Iterator[Line]], tuple[str, ...]]] = MappingProxyType({
    "reading": (_reading, ("study", "aside", "reason")),
    "features": (_features, ("study", "features")),
    "candidates": (_candidates, ("candidates", "verdict", "k")),
    "naming": (_naming, ("personas", "candidates")),
    "journeys": (_journeys, ("findings", "friction", "channel_break", "differ")),
    "map": (_map, ("study", "drawn")),
})
