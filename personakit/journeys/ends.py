"""Where a journey stands at the data cut: still open, or ended because the silence is longer than this person's silences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.eventlog import MINUTE_US, person_blocks, sort_within
from personakit.records import EncodedLog

QUANTILE = 0.99
OWN_GAPS = 20  # below this a person's own 99 % gap is hardly more than the longest one
NO_LIMIT = -1
WATCHED = 20  # silences that fewer gaps could have reached before the cut say nothing


def journey_ends(log: EncodedLog, session: np.ndarray, *, gap_min: float) -> pd.DataFrame:
    """Say of each participant how long they were seen and whether they may still come back.

    A journey is ``open`` while the silence since its last event is no longer than the person's 99 % gap between
    sessions: their own where they have 20 gaps, else that of everyone. Short logs show short gaps first, so everyone's
    quantile is corrected for gaps that would have ended after the cut (right truncation; Lagakos, Barraj & De
    Gruttola, 1988). Where nobody ever came back, the session time-out decides. It cannot know who has left for
    good.

    Returns
    -------
    DataFrame (participants)
        events, sessions, first_us, last_us, gap_limit_us (int64), status (open, ended).
    """
    first, last = log.time_us[log.offsets[:-1]], log.time_us[log.offsets[1:] - 1]
    cut = int(log.time_us.max())
    gaps, watched, own = _pauses(log, session, cut)
    people = pd.DataFrame(
        {"events": np.diff(log.offsets), "sessions": session[log.offsets[1:] - 1] - session[log.offsets[:-1]] + 1,
         "first_us": first, "last_us": last}, index=log.participants)
    return ends_of(people, gaps, watched, own, gap_min=gap_min)


def _pauses(log: EncodedLog, session: np.ndarray, cut: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give length and time from its beginning to the cut of each silence between two sessions, and ``own_limits``."""
    many = int(session[-1]) + 1 - int(np.count_nonzero(np.diff(log.offsets)))
    gaps, watched = np.empty(many, dtype=np.int64), np.empty(many, dtype=np.int64)
    own, at = np.full(len(log.participants), NO_LIMIT), 0
    for rows, person in person_blocks(log):
        time, visit = log.time_us[rows], session[rows]
        pause = np.flatnonzero((visit[1:] != visit[:-1]) & (person[1:] == person[:-1]))
        there = slice(at, at + len(pause))
        gaps[there], watched[there] = time[pause + 1] - time[pause], cut - time[pause]
        at += len(pause)
        if len(pause):
            first, last = int(person[0]), int(person[-1]) + 1
            own[first:last] = own_limits(gaps[there], person[pause] - first, last - first)
    return gaps, watched, own


def own_limits(gaps: np.ndarray, person: np.ndarray, people: int) -> np.ndarray:
    """Give the quantile of each person's own gaps (people,), ``NO_LIMIT`` where there are too few of them."""
    ordered = sort_within(person, gaps, people)
    count = np.bincount(person, minlength=people)
    last = np.cumsum(count) - count + np.maximum(np.ceil(QUANTILE * count).astype(np.int64) - 1, 0)
    return np.where(count >= OWN_GAPS, np.append(ordered, 0)[np.minimum(last, len(ordered))], NO_LIMIT).astype(np.int64)


def ends_of(
    people: pd.DataFrame, gaps: np.ndarray, watched: np.ndarray, own: np.ndarray, *, gap_min: float
) -> pd.DataFrame:
    """Add gap_limit_us and status to ``people``, whose ``own_limits`` are ``own``; gaps and watched are used up."""
    last = people["last_us"].to_numpy()
    pooled = truncated_quantile(gaps, watched, QUANTILE) if len(gaps) else int(gap_min * MINUTE_US)
    limit = np.where(own == NO_LIMIT, pooled, own)
    return people.assign(gap_limit_us=limit,
                         status=pd.array(np.where(last.max() - last <= limit, "open", "ended"), dtype="str"))


def truncated_quantile(gaps: np.ndarray, watched: np.ndarray, quantile: float) -> int:
    """Give a quantile of gaps, each seen only because it was no longer than ``watched``; both are put in another order.

    The distribution function is the product over longer gaps u of 1 - d(u) / R(u), where d gaps are u long and R gaps
    are at most u long and could have been longer (Lynden-Bell, 1971).

    Examples
    --------
    >>> truncated_quantile(np.arange(1, 101), np.full(100, 1000), .99)
    99
    """
    watched.sort()
    # the longest gaps nearly always decide
    found = (_from_longest(gaps, watched, quantile, many) for many in (len(gaps) // 16, len(gaps)))
    return next(one for one in found if one is not None)


def _from_longest(gaps: np.ndarray, watched: np.ndarray, quantile: float, many: int) -> int | None:
    """Find the quantile among so many longest gaps; None if it may lie below them. ``watched`` is sorted."""
    whole = many == len(gaps)
    if not whole:
        gaps.partition(len(gaps) - many - 1)
    longest = gaps[len(gaps) - many:]
    sizes, counts = np.unique(longest, return_counts=True)
    at_risk = len(gaps) - many + np.cumsum(counts) - np.searchsorted(watched, sizes, side="left")
    enough = np.flatnonzero(at_risk >= WATCHED)
    if not len(enough):
        return int(sizes[-1]) if whole else None
    sizes, counts, at_risk = (one[: enough[-1] + 1] for one in (sizes, counts, at_risk))
    factors = np.append(1 - counts / np.maximum(at_risk, 1), 1.0)[1:]
    below = np.cumprod(factors[::-1])[::-1]
    return int(sizes[np.argmax(below >= quantile - 1e-12)]) if whole or below[0] < quantile - 1e-12 else None
