"""Who reaches what, when, and whether those who did not may still: shared by the funnel and the time to a stage."""

from __future__ import annotations

import numpy as np

from personakit.eventlog import DAY_US
from personakit.journeys.incidence import EXITED, OPEN, REACHED
from personakit.records import Journeys


def outcomes(
    journeys: Journeys, rows: np.ndarray, window_days: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say who entered (n), and for each row of ``rows`` (goals, n) the time since the first (goals, n) and its outcome.

    ``rows`` holds the event at which each person first reaches each goal, the end of their events if never; the first goal
    is the entry. Times of people who did not enter mean nothing.
    """
    log, ends = journeys.log, journeys.ends
    entered = rows[0] < log.offsets[1:]
    start = log.time_us[np.minimum(rows[0], len(log.time_us) - 1)]
    is_open = (ends["status"] == "open").to_numpy()
    # someone leaves when the silence outgrows the usual gap: only then could anybody have known
    gone = np.minimum((ends["last_us"] + ends["gap_limit_us"]).to_numpy(), journeys.cut_us) - start
    watched = np.where(is_open, journeys.cut_us - start, gone)
    limit = np.iinfo(np.int64).max if window_days is None else int(window_days * DAY_US)
    time, outcome = [], []
    for row in rows:
        took = log.time_us[np.minimum(row, len(log.time_us) - 1)] - start
        reached = (row < log.offsets[1:]) & (took <= limit)
        # past the window an open journey cannot reach in time any more
        closed = ~is_open | (watched > limit)
        time.append(np.where(reached, took, watched))
        outcome.append(np.where(reached, REACHED, np.where(closed, EXITED, OPEN)))
    return entered, np.stack(time), np.stack(outcome)


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
