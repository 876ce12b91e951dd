"""Who reaches what, when, and whether those who did not may still: shared by the funnel and the time to a stage."""

from __future__ import annotations

import numpy as np

from personakit.errors import StudyError
from personakit.journeys.incidence import EXITED, OPEN, REACHED
from personakit.records import Journeys


def last_heard(journeys: Journeys) -> tuple[np.ndarray, np.ndarray]:
    """Say of each participant until when they were watched (us), and whether their journey is open."""
    ends = journeys.ends
    is_open = (ends["status"] == "open").to_numpy()
    # someone leaves when the silence outgrows the usual gap: only then could anybody have known
    gone = np.minimum((ends["last_us"] + ends["gap_limit_us"]).to_numpy(), journeys.cut_us)
    return np.where(is_open, journeys.cut_us, gone), is_open


def need_times(journeys: Journeys, what: str) -> None:
    """Raise where the journeys come from interviews: the order of what was said has no duration."""
    if "interviews" in set(journeys.notes["check"]):
        raise StudyError(f"{what}: interviews have an order, but no times. Follow the events of the study instead.")


def judge(
    took: np.ndarray, reached: np.ndarray, watched: np.ndarray, is_open: np.ndarray, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the time (to the goal, or watched) and the outcome of each, ``limit`` microseconds being the window."""
    # past the window an open journey cannot reach in time any more
    closed = ~is_open | (watched > limit)
    return np.where(reached, took, watched), np.where(reached, REACHED, np.where(closed, EXITED, OPEN))


def next_row(journeys: Journeys, column: str, name: str, at: np.ndarray) -> np.ndarray:
    """Find each person's first row from ``at`` on (n) that has the level ``name``; the end of their rows if none."""
    log = journeys.log
    where = np.flatnonzero(log.codes[column] == log.levels[column].get_loc(name))
    following = np.append(where, len(log.time_us))[np.searchsorted(where, at)]
    return np.minimum(following, log.offsets[1:])
