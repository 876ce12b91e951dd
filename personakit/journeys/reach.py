"""Who reaches what, when, and whether those who did not may still: shared by the funnel and the time to a stage."""

from __future__ import annotations

import numpy as np

from personakit.eventlog import DAY_US
from personakit.journeys.incidence import EXITED, OPEN, REACHED
from personakit.journeys.stored import NEVER, is_stored, stored_times_in_order
from personakit.records import Journeys


def outcomes(
    journeys: Journeys, rows: np.ndarray, window_days: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say who entered (n), and for each row of ``rows`` (goals, n) the time since the first (goals, n) and its outcome.

    ``rows`` holds the event at which each person first reaches each goal, the end of their events if never; the first goal
    is the entry. Times of people who did not enter mean nothing.
    """
    return outcomes_at(journeys, times_of(journeys, rows), window_days)


def outcomes_at(
    journeys: Journeys, times: np.ndarray, window_days: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do what ``outcomes`` does from the time at which each person reaches each goal (goals, n), ``NEVER`` if never."""
    ends = journeys.ends
    entered = times[0] < NEVER
    start = np.where(entered, times[0], journeys.cut_us)
    is_open = (ends["status"] == "open").to_numpy()
    # someone leaves when the silence outgrows the usual gap: only then could anybody have known
    gone = np.minimum((ends["last_us"] + ends["gap_limit_us"]).to_numpy(), journeys.cut_us) - start
    watched = np.where(is_open, journeys.cut_us - start, gone)
    limit = np.iinfo(np.int64).max if window_days is None else int(window_days * DAY_US)
    time, outcome = [], []
    for one in times:
        took = one - start
        reached = (one < NEVER) & (took <= limit)
        # past the window an open journey cannot reach in time any more
        closed = ~is_open | (watched > limit)
        time.append(np.where(reached, took, watched))
        outcome.append(np.where(reached, REACHED, np.where(closed, EXITED, OPEN)))
    return entered, np.stack(time), np.stack(outcome)


def times_of(journeys: Journeys, rows: np.ndarray) -> np.ndarray:
    """Give the time of the event that ``rows`` name for each person (goals, n), ``NEVER`` past the end of their events."""
    log = journeys.log
    return np.where(rows < log.offsets[1:], log.time_us[np.minimum(rows, len(log.time_us) - 1)], NEVER)


def times_in_order(journeys: Journeys, column: str, names: list[str]) -> np.ndarray:
    """Find when each person first reaches each level in order (levels, n); ``NEVER`` where they do not."""
    if is_stored(journeys):
        return stored_times_in_order(journeys, column, names)
    return times_of(journeys, rows_in_order(journeys, column, names))


def rows_in_order(journeys: Journeys, column: str, names: list[str]) -> np.ndarray:
    """Find the row where each person first reaches each level in order (levels, n); the end of their rows if never."""
    at = journeys.log.offsets[:-1]
    found = []
    for name in names:
        at = next_row(journeys, column, name, at)
        found.append(at)
    return np.stack(found)


def next_row(journeys: Journeys, column: str, name: str, at: np.ndarray) -> np.ndarray:
    """Find each person's first row from ``at`` on (n) that has the level ``name``; the end of their rows if none."""
    log = journeys.log
    where = np.flatnonzero(log.codes[column] == log.levels[column].get_loc(name))
    following = np.append(where, len(log.time_us))[np.searchsorted(where, at)]
    return np.minimum(following, log.offsets[1:])
