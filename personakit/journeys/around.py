"""Before and after: what people do around a touchpoint, against what they do around its like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import MINUTE_US, count_blocks, person_blocks
from personakit.inference import bootstrap_sums, percentile_interval, ratio
from personakit.journeys.groups import counts_of, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE, TOUCHPOINT

SIDES = ("before", "after")


def around(
    journeys: Journeys, personas: Personas | None = None, *, touchpoint: str, steps: int | None = None,
    window_min: float | None = None, seed: int, replicates: int = 200,
) -> pd.DataFrame:
    """Say what people do just before and just after a touchpoint, against the same span around its like.

    Use it to see what a touchpoint leads to, and where people come from. Its like are the other touchpoints of its stage
    (all others where it is the only one): what follows anything is no news. Visits whose span is not over yet (the
    journey is open, or the data cut falls inside) are left out of ``after``. It cannot tell whether the touchpoint causes
    what follows.

    Parameters
    ----------
    touchpoint
        The touchpoint to look around.
    steps, window_min
        How far: so many known events (3 by default), or so many minutes; not both.

    Returns
    -------
    DataFrame
        evidence_id, persona, side (``before``, ``after``), touchpoint (what is done there), events (at the touchpoint asked
        for, with their span known), people (who have such), share (of these events with it in the span), like_share, excess,
        low, high (bootstrap of people), few (fewer than 10 people, or an interval wider than .3). Largest excess first.

    Raises
    ------
    ChoiceError
        The touchpoint is unknown.
    StudyError
        Both spans, or one that is not above 0.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["see", "ask", "buy"], "time_us": [0, 5, 9]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> table = around(trace_journeys(study), touchpoint="ask", steps=1, seed=7)
    >>> table[["side", "touchpoint", "share"]].to_numpy().tolist()[:2]
    [['before', 'see', 1.0], ['before', 'ask', 0.0]]
    """
    log = journeys.log
    if touchpoint not in log.levels[TOUCHPOINT]:
        raise ChoiceError(unknown_name(TOUCHPOINT, touchpoint, list(log.levels[TOUCHPOINT])))
    if steps is not None and window_min is not None:
        raise StudyError("steps and window_min: give one of the two spans.")
    span = 3 if steps is None and window_min is None else steps if window_min is None else window_min
    if not (span is not None and span > 0):
        raise StudyError(f"{'steps' if window_min is None else 'window_min'}: {span} holds nothing. Give a number above 0.")
    words = log.levels[TOUCHPOINT]
    seeds = np.random.SeedSequence(seed)
    counts = {side: _count(journeys, touchpoint, side, span, minutes=window_min is not None) for side in SIDES}
    frames = []
    for persona, rows in members(journeys, personas).items():
        for side in SIDES:
            own = counts_of(counts[side], rows)
            share, like = _shares(own.sum(axis=0)[None, :], len(words))
            low, high = percentile_interval(np.subtract(*_shares(
                bootstrap_sums(own, replicates=replicates, seed=seeds), len(words))))
            frames.append(pd.DataFrame({
                PERSONA: persona, "side": side, TOUCHPOINT: words, "events": own[:, [0]].sum(),
                "people": people_in(own)[0], "share": share[0], "like_share": like[0], "excess": share[0] - like[0],
                "low": low, "high": high}))
    table = pd.concat(frames, ignore_index=True)
    table["few"] = too_few(table["people"], table["low"], table["high"])
    seen = (table["share"] > 0) | (table["like_share"] > 0) | table["share"].isna()
    place = {persona: at for at, persona in enumerate(members(journeys, personas))}
    table = table[seen].assign(at=table[PERSONA].map(place), turn=table["side"].map(SIDES.index))
    table = table.sort_values(["at", "turn", "excess", TOUCHPOINT], ascending=[True, True, False, True])
    return with_ids(table.drop(columns=["at", "turn"]).reset_index(drop=True), "around", touchpoint, span, seed, replicates)


def _count(journeys: Journeys, touchpoint: str, side: str, span: float, *, minutes: bool) -> sparse.csr_array:
    """Count for each person: events at the touchpoint, those with each level in their span, then the same of its like."""
    log = journeys.log
    code, size = log.codes[TOUCHPOINT], len(log.levels[TOUCHPOINT])
    here = code == log.levels[TOUCHPOINT].get_loc(touchpoint)
    stage = log.codes[STAGE]
    mine = np.bincount(stage[here] + 1).argmax() - 1 if here.any() else -1
    like = ~here & (code >= 0) & (stage == mine)
    like = like if like.any() else ~here & (code >= 0)
    ended = (journeys.ends["status"] == "ended").to_numpy()

    def cells() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows, person in person_blocks(log):
            known = np.flatnonzero(code[rows] >= 0)
            own = _span(code[rows][known], person[known], log.time_us[rows][known])
            whole = np.ones(len(known), dtype=bool)
            if side == "after" and minutes:
                whole = own.time_us + span * MINUTE_US <= journeys.cut_us
            elif side == "after":
                whole = (np.arange(len(known)) + span < own.stop) | ended[own.person]
            found = _near(own, [one[rows][known] & whole for one in (here, like)], side, span, minutes=minutes)
            yield (np.concatenate([who for who, _ in found]),
                   np.concatenate([kind * (size + 1) + cell for kind, (_, cell) in enumerate(found)]))

    return count_blocks(cells(), (len(log.participants), 2 * (size + 1)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Span:
    """Known events of whole people, in order; those of the same person begin at row ``first`` and end before ``stop``."""

    code: np.ndarray
    person: np.ndarray
    time_us: np.ndarray
    first: np.ndarray
    stop: np.ndarray


def _span(code: np.ndarray, person: np.ndarray, time_us: np.ndarray) -> _Span:
    since = np.flatnonzero(np.append(True, person[1:] != person[:-1])[: len(code)])
    size = np.diff(since, append=len(code))
    return _Span(code=code, person=person, time_us=time_us, first=np.repeat(since, size), stop=np.repeat(since + size, size))


def _near(
    events: _Span, anchors: Sequence[np.ndarray], side: str, span: float, *, minutes: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """List of each kind of ``anchors`` person and cell: 0 for each anchor, 1 + level for each level within its span.

    Each event asks how many anchors see it as the nearest of its level: those after the last event of the level and
    person, and not too far before it. What lies before an anchor is the same with the rows turned round.
    """
    turn = slice(None, None, -1) if side == "before" else slice(None)
    code, person, time = events.code[turn], events.person[turn], events.time_us[turn]
    place = np.arange(len(code))
    first = len(code) - events.stop[turn] if side == "before" else events.first
    far = _too_far(time, first, span) if minutes else np.maximum(first, place - int(span))
    by_level = np.argsort(code, kind="stable")
    again = (code[by_level[1:]] == code[by_level[:-1]]) & (person[by_level[1:]] == person[by_level[:-1]])
    later = by_level[1:][again]
    far[later] = np.maximum(far[later], by_level[:-1][again])
    found = []
    for flag in (one[turn] for one in anchors):
        before = np.append(0, np.cumsum(flag))
        seen = before[:-1] - before[far]
        level = np.concatenate([np.full(np.count_nonzero(flag), -1, dtype=np.int64), np.repeat(code, seen)])
        found.append((np.concatenate([person[flag], np.repeat(person, seen)]), level + 1))
    return found


def _too_far(time: np.ndarray, first: np.ndarray, span: float) -> np.ndarray:
    """Find for each event the first row of its person (they begin at ``first``) that is within so many minutes of it."""
    low, high = first.copy(), np.arange(len(time))
    while (low < high).any():
        middle = (low + high) // 2
        near = np.abs(time - time[middle]) / MINUTE_US <= span
        low, high = np.where(near, low, np.minimum(middle + 1, high)), np.where(near, middle, high)
    return low


def _shares(sums: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    both = sums.reshape(len(sums), 2, size + 1).astype(np.float64)
    shares = ratio(both[:, :, 1:], both[:, :, :1])
    return shares[:, 0], shares[:, 1]
