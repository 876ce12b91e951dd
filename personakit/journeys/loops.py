"""Where journeys turn in circles, and where they end: loops, returns and attrition by stage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.eventlog import (
    cells_of,
    count_blocks,
    count_by_person,
    count_cells,
    days_within,
    known_blocks,
    numbered,
    queries,
)
from personakit.inference import ratio, wilson_interval
from personakit.journeys.groups import check_view, counts_of, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.journeys.stored import is_stored, said_by, stored_days
from personakit.journeys.trace import NATURAL_END
from personakit.journeys.transitions import visits_by_block
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE


def loops(journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE) -> pd.DataFrame:
    """Say at each stage how often an event repeats it at once, and how many people leave it and come back.

    Use it before reading transitions: where most steps stay, shares of moves say something else than shares of steps.
    People who have not come back may still do so (``returns_to_stage`` follows them in time). It cannot tell interest from
    being sent in circles.

    Returns
    -------
    DataFrame
        evidence_id, persona, the level under the name of ``by``, events, self_loops (events right after one at the same
        level), loop_share (of the events), visits (runs: events less self loops), people, people_back (two visits or more),
        share (people_back of people), low, high (Wilson), few, days_away (median from leaving to coming back;
        empty for personas where the events are stored).

    Raises
    ------
    ChoiceError
        ``by`` is neither stage nor touchpoint, or the log has no stages.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": "a", "event": ["x", "x", "y", "x"], "time_us": [0, 1, 2, 3]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> table = loops(trace_journeys(study), by="touchpoint")
    >>> table[["touchpoint", "self_loops", "visits", "people_back"]].to_numpy().tolist()
    [['x', 1, 2, 1], ['y', 0, 1, 0]]
    """
    column = check_view(journeys, by)
    words = journeys.log.levels[column]
    people, size = len(journeys.log.participants), len(words)
    events = count_by_person(journeys.log, column)
    visits = _count_visits(journeys, column, (people, size))
    seen = np.flatnonzero(events.sum(axis=0))
    frames = []
    for persona, rows in members(journeys, personas).items():
        mine = np.zeros(people, dtype=bool)
        mine[rows] = True
        own = counts_of(visits, rows)
        there, back = people_in(own)[seen], np.bincount(own.indices[own.data > 1], minlength=size)[seen]
        count, runs = (counts_of(one, rows).sum(axis=0)[seen] for one in (events, visits))
        low, high = wilson_interval(back, there)
        below, above, _ = _days_away(journeys, column, mine)
        frames.append(pd.DataFrame({
            PERSONA: persona, by: words[seen], "events": count, "self_loops": count - runs,
            "loop_share": ratio(count - runs, count), "visits": runs, "people": there, "people_back": back,
            "share": ratio(back, there), "low": low, "high": high,
            "few": too_few(there, low, high), "days_away": ((below + above) / 2)[0][seen]}))
    return said_by(journeys, with_ids(pd.concat(frames, ignore_index=True), "loops", by))


def _count_visits(journeys: Journeys, column: str, shape: tuple[int, int]) -> sparse.csr_array:
    if is_stored(journeys):
        visits = queries.list_visits(numbered(journeys.log), column)
        return cells_of(journeys.log, queries.count_levels(visits, queries.CELL), shape[1])
    return count_blocks(((person, code) for person, code, *_ in visits_by_block(journeys, column)), shape)


def _days_away(journeys: Journeys, column: str, mine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do what ``days_within`` does for the days away from each level; where the events are stored, for everyone only."""
    size = len(journeys.log.levels[column])
    if not is_stored(journeys):
        return days_within(partial(_away, journeys, column, mine), size, [0.5], most=journeys.log.events)
    if not mine.all():
        return (np.full((1, size), np.nan),) * 3
    return stored_days(queries.away_gaps(queries.list_visits(numbered(journeys.log), column)), size, [2])


def _away(journeys: Journeys, column: str, mine: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give level and time (us) from leaving a level to coming back to it, of people who are ``mine``, block by block."""
    for person, code, start, stop in visits_by_block(journeys, column):
        by_level = np.argsort(code, kind="stable")
        before, after = by_level[:-1], by_level[1:]
        again = (code[before] == code[after]) & (person[before] == person[after]) & mine[person[after]]
        yield code[after[again]], start[after[again]] - stop[before[again]]


def attrition(journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE) -> pd.DataFrame:
    """Say of the people who were ever at a stage how many it was the last of: who ended there, who may still go on.

    Use it to see at which stage journeys are left; ``rank_friction`` says whether a touchpoint loses more than its like. A
    journey that stops where it is meant to (the last designed step, a purchase) is ``finished``, not lost; one whose
    silence is still usual is ``still_open``, and counts in no share. It cannot tell why people leave.

    Returns
    -------
    DataFrame
        evidence_id, persona, the level under the name of ``by``, people, went_on, finished, still_open, ended (people =
        went_on + finished + still_open + ended), share (ended, of people less still_open), low, high (Wilson), few.

    Raises
    ------
    ChoiceError
        ``by`` is neither stage nor touchpoint, or the log has no stages.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["x", "y", "x"], "time_us": [0, 9, 10**13]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> table = attrition(trace_journeys(Study(name="x", participants=people, events=events)), by="touchpoint")
    >>> table[["touchpoint", "people", "went_on", "still_open", "ended"]].to_numpy().tolist()
    [['x', 2, 1, 1, 0], ['y', 1, 0, 0, 1]]
    """
    column = check_view(journeys, by)
    log, words = journeys.log, journeys.log.levels[column]
    size, people = len(words), len(log.participants)
    there = count_by_person(log, column)
    still = (journeys.ends["status"] == "open").to_numpy()
    last = [[one[np.append(person[1:] != person[:-1], True)[: len(person)]] for one in (person, code, natural)]
            for person, code, natural in known_blocks(log, column, log.codes[NATURAL_END])]
    person, code, natural = map(np.concatenate, zip(*last, strict=True))
    fate = np.where(still[person], 1, np.where(natural >= 0, 0, 2))
    stops = count_cells(person, fate * size + code, (people, 3 * size))
    seen = np.flatnonzero(people_in(there))
    frames = []
    for persona, rows in members(journeys, personas).items():
        finished, going, ended = stops[rows].sum(axis=0).reshape(3, size)[:, seen]
        count = people_in(counts_of(there, rows))[seen]
        low, high = wilson_interval(ended, count - going)
        frames.append(pd.DataFrame({
            PERSONA: persona, by: words[seen], "people": count,
            "went_on": count - finished - going - ended, "finished": finished, "still_open": going, "ended": ended,
            "share": ratio(ended, count - going), "low": low, "high": high,
            "few": too_few(count - going, low, high)}))
    return with_ids(pd.concat(frames, ignore_index=True), "attrition", by)
