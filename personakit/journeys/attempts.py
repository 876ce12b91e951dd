"""Attempts at a funnel: every way to walk it in one pass over the log, and the one attempt of each that got furthest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.eventlog import MINUTE_US, person_blocks
from personakit.journeys.reach import last_heard
from personakit.records import Journeys

ORDERS = ("ordered", "strict", "any")
FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """How a funnel is walked: ``column`` and ``names`` of the steps, and the options of ``funnel``."""

    column: str
    names: tuple[str, ...]
    order: str = "ordered"
    window_us: int = FAR
    exclude: tuple[tuple[str, str], ...] = ()
    same: str | None = None
    reentry: bool = False
    per: str = "participant"


@dataclass(frozen=True, kw_only=True, eq=False)
class Won:
    """The winning attempt of each unit (participant or session) that entered.

    ``person`` (units) is the position in the log; ``rows`` (steps, units) the winning sequence as rows of the log, -1 where
    a step was not reached; ``took_us`` the times since the first; ``broken_us`` when an excluded or, if strict, another
    event ended the attempt (FAR if none); ``watched_us`` how long the unit was watched since the first, ``is_open``
    whether it may still go on.
    """

    person: np.ndarray
    rows: np.ndarray
    took_us: np.ndarray
    broken_us: np.ndarray
    watched_us: np.ndarray
    is_open: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stream:
    """The events that matter, in order within each unit (and property): row of the block, unit, step (-1 for none)."""

    row: np.ndarray
    unit: np.ndarray
    step: np.ndarray
    excluded: np.ndarray
    first: np.ndarray
    end: np.ndarray


def winning_attempts(journeys: Journeys, rules: Rules) -> Won:
    """Walk every attempt at once and keep, for each participant or session, the one that gets furthest.

    Of several that get equally far: the earliest where it went all the way, else the latest, which may still go on.
    """
    blocks = [_best_attempts(journeys, rules, rows, person) for rows, person in person_blocks(journeys.log)]
    unit, person, start, took, broken, rows = (np.concatenate(one, axis=-1) for one in zip(*blocks, strict=True))
    watched, is_open = _watched(journeys, rules.per, unit, person)
    return Won(person=person, rows=rows, took_us=took, watched_us=watched - start, is_open=is_open, broken_us=broken)


def _best_attempts(journeys: Journeys, rules: Rules, rows: slice, person: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give unit, person, start, took_us, broken_us and rows of the winning attempts of some people."""
    stream = _stream(journeys, rules, rows, person)
    enters = stream.step >= 0 if rules.order == "any" else stream.step == 0
    entry = np.flatnonzero(enters)
    if not rules.reentry:
        entry = entry[np.unique(stream.first[entry], return_index=True)[1]]
    place, broken = _walk(stream, entry, rules)
    time = np.append(journeys.log.time_us[rows][stream.row], 0)
    start = time[entry]
    took = time[place] - start
    reached = (place < stream.end[entry]) & (place < broken) & (took <= rules.window_us)
    reached = np.logical_and.accumulate(reached, axis=0)
    depth = reached.sum(axis=0)
    unit = stream.unit[entry]
    late = np.where(depth == len(rules.names), entry, -entry)
    best = np.lexsort((late, -depth, unit))
    best = best[np.append(True, np.diff(unit[best]) != 0)[: len(best)]]
    entry, start, broken = entry[best], start[best], broken[best]
    broken = np.where(broken < stream.end[entry], time[np.minimum(broken, len(time) - 1)] - start, FAR)
    walked = np.where(reached, np.append(stream.row, 0)[place] + rows.start, -1)[:, best]
    return unit[best], person[stream.row[entry]], start, took[:, best], broken, walked


def _stream(journeys: Journeys, rules: Rules, rows: slice, person: np.ndarray) -> _Stream:
    log = journeys.log
    code = log.codes[rules.column][rows]
    excluded = np.zeros(len(code), dtype=bool)
    for column, name in rules.exclude:
        excluded |= log.codes[column][rows] == log.levels[column].get_loc(name)
    place = np.full(len(log.levels[rules.column]) + 1, -1)
    place[log.levels[rules.column].get_indexer(pd.Index(rules.names))] = np.arange(len(rules.names))
    row = np.flatnonzero((code >= 0) | excluded) if rules.same is None else np.flatnonzero(
        ((code >= 0) | excluded) & (log.codes[rules.same][rows] >= 0))
    unit = (journeys.session[rows] if rules.per == "session" else person)[row]
    key = unit
    if rules.same is not None:
        key = unit * len(log.levels[rules.same]) + log.codes[rules.same][rows][row]
        ordered = np.argsort(key, kind="stable")
        row, unit, key = row[ordered], unit[ordered], key[ordered]
    starts = np.flatnonzero(np.append(True, np.diff(key) != 0)[: len(key)])
    size = np.diff(np.append(starts, len(key)))
    return _Stream(row=row, unit=unit, step=place[code[row]], excluded=excluded[row], first=np.repeat(starts, size),
                   end=np.repeat(starts + size, size))


def _walk(stream: _Stream, entry: np.ndarray, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Give the place in the stream of each step of each attempt (steps, attempts; past the end of the unit if never),
    and the place of the event that broke the attempt (past the end if none).
    """
    last, end = len(stream.row), stream.end[entry]
    hits = [np.flatnonzero(stream.step == step) for step in range(len(rules.names))]
    broken = _following(np.flatnonzero(stream.excluded), entry + 1, last)
    if rules.order == "any":
        place = np.sort(np.stack([np.minimum(_following(hit, entry, last), end) for hit in hits]), axis=0)
    elif rules.order == "ordered":
        at, places = entry, []
        for hit in hits:
            at = _following(hit, at, last)
            places.append(np.minimum(at, end))
        place = np.stack(places)
    else:
        place = np.minimum(entry + np.arange(len(rules.names))[:, None], end)
        other = (np.append(stream.step, -1)[place] != np.arange(len(rules.names))[:, None]) & (place < end)
        wrong = np.where(other.any(axis=0), place[other.argmax(axis=0), np.arange(len(entry))], last)
        broken = np.minimum(broken, wrong)
    return np.where(place < end, place, last), np.where(broken < end, broken, last)


def _following(hit: np.ndarray, at: np.ndarray, last: int) -> np.ndarray:
    return np.append(hit, last)[np.searchsorted(hit, at)]


def _watched(journeys: Journeys, per: str, unit: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say until when each unit was watched, and whether it may still go on."""
    if per == "participant":
        until, is_open = last_heard(journeys)
        return until[unit], is_open[unit]
    log, gap = journeys.log, int(journeys.session_gap_min * MINUTE_US)
    ends = np.append(np.flatnonzero(np.diff(journeys.session)), len(log.time_us) - 1)
    last = log.time_us[ends[unit]]
    is_open = (ends[unit] + 1 == log.offsets[person + 1]) & (journeys.cut_us - last <= gap)
    return np.minimum(last + gap, journeys.cut_us), is_open
