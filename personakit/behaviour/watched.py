"""What habits are made of: each participant's sums over their window, and their counts by level, from arrays or an engine.

Both ways give the same record. ``watch_encoded`` makes passes over the arrays of a log in memory; ``watch_stored`` asks the
engine that holds the events, and only sums, one row a participant, come out of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import StudyError
from personakit.eventlog import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    StoredLog,
    arrays_of,
    cells_of,
    count_by_person,
    keep_rows,
    numbered,
    offsets_between,
    person_of,
    placed,
    queries,
    sessionise,
)
from personakit.records import EncodedLog
from personakit.schema import PARTICIPANT, TIME

MIN_EXPOSURE_DAYS = 7.0  # rates of someone watched for an hour would explode
SESSION_GAP_US = 30 * MINUTE_US
_EVER = 2**62


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """The events of everyone's window, counted.

    ``sums`` (n participants): events, sessions, singles (sessions of one event), inside_us (from the first to the last
    event of each session, added up), active_days, gap_days (median silence between two sessions, NaN where there is none),
    first_us, last_us; the events at night, in the morning, in the evening and at the weekend; value (added up), valued
    (events that have one). ``days`` (n): how long each was watched; ``full`` (n): whether for the whole window.
    ``count`` gives (n, levels) of a column in ``levels``; ``engine`` says who counted.
    """

    sums: pd.DataFrame
    days: np.ndarray
    full: np.ndarray
    levels: Mapping[str, pd.Index]
    count: Callable[[str], sparse.csr_array]
    engine: str

    def knows(self, column: str) -> bool:
        """Whether any event of the windows has a known level of a column."""
        return column in self.levels and self.count(column).nnz > 0


def watch(log: EncodedLog | StoredLog, *, window_days: float, cut: int | None, timezone: str) -> Watched:
    """Sum up everyone's first ``window_days``, nothing after ``cut`` (by default the last event), where the events are."""
    window_us = math.ceil(min(window_days * DAY_US, _EVER))
    if isinstance(log, StoredLog):
        end, sums, count = _watch_stored(log, window_us=window_us, cut=cut, timezone=timezone)
    else:
        end, sums, count = _watch_encoded(log, window_us=window_us, cut=cut, timezone=timezone)
    seen = (end - sums["first_us"].to_numpy()) / DAY_US
    return Watched(sums=sums, count=cache(count), levels=log.levels, engine=log.engine,
                   days=np.maximum(np.minimum(window_days, seen), MIN_EXPOSURE_DAYS),
                   full=(seen >= window_days) & (window_days >= MIN_EXPOSURE_DAYS))


Counted = tuple[int, pd.DataFrame, Callable[[str], sparse.csr_array]]


def _check_some(events: int) -> None:
    if not events:
        raise StudyError("events: none are left to use. Check the table, and `until` where you gave it.")


# ---------------------------------------------------------------- in memory
def _watch_encoded(log: EncodedLog, *, window_us: int, cut: int | None, timezone: str) -> Counted:
    if cut is not None:
        log = keep_rows(log, log.time_us <= cut)
    _check_some(log.events)
    end = int(log.time_us.max()) if cut is None else cut
    kept = keep_rows(log, log.time_us - log.time_us[log.offsets[:-1]][person_of(log)] < window_us)
    sums = pd.DataFrame(_passes(kept, timezone), index=kept.participants)
    return end, sums, lambda column: count_by_person(kept, column)


def _passes(log: EncodedLog, timezone: str) -> dict[str, np.ndarray]:
    person, people, time = person_of(log), len(log.participants), log.time_us

    def total(amount: np.ndarray) -> np.ndarray:
        return np.bincount(person, weights=amount, minlength=people)

    starts = np.flatnonzero(np.diff(sessionise(log), prepend=-1))
    ends, owner = np.append(starts[1:], len(time)) - 1, person[starts]
    later = starts[1:][owner[1:] == owner[:-1]]
    wall = _wall_clock(time, timezone)
    hour, day = wall % DAY_US // HOUR_US, wall // DAY_US
    return {"events": np.diff(log.offsets), "first_us": time[log.offsets[:-1]], "last_us": time[log.offsets[1:] - 1],
            "sessions": np.bincount(owner, minlength=people),
            "singles": np.bincount(owner, weights=ends == starts, minlength=people),
            "inside_us": np.bincount(owner, weights=time[ends] - time[starts], minlength=people),
            "gap_days": _medians((time[later] - time[later - 1]) / DAY_US, person[later], people),
            "active_days": total((np.diff(day, prepend=day[:1] - 1) != 0) | (np.diff(person, prepend=-1) != 0)),
            "night": total(hour < 6), "morning": total((hour >= 6) & (hour < 12)), "evening": total(hour >= 18),
            # 1 January 1970 was a Thursday: day 0 is weekday 3
            "weekend": total((day + 3) % 7 >= 5),
            "value": total(np.nan_to_num(log.value)), "valued": total(~np.isnan(log.value))}


def _wall_clock(time_us: np.ndarray, timezone: str) -> np.ndarray:
    stamps = pd.DatetimeIndex(time_us.view("datetime64[us]"), tz="UTC")
    return stamps.tz_convert(timezone).tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


def _medians(values: np.ndarray, owner: np.ndarray, people: int) -> np.ndarray:
    """Median of the values of each owner (owners sorted), NaN where there are none."""
    order = np.lexsort([values, owner])
    counts = np.bincount(owner, minlength=people)
    first = np.cumsum(counts) - counts
    out = np.full(people, np.nan)
    some = counts > 0
    low, high = first[some] + (counts[some] - 1) // 2, first[some] + counts[some] // 2
    out[some] = (values[order[low]] + values[order[high]]) / 2
    return out


# ---------------------------------------------------------------- where the events lie
def _watch_stored(log: StoredLog, *, window_us: int, cut: int | None, timezone: str) -> Counted:
    until = nw.col(TIME) <= (queries.NEVER if cut is None else cut)
    asked = log.frame.filter(until).select(nw.col(TIME).min().fill_null(0).alias("low"),
                                           nw.col(TIME).max().fill_null(0).alias("high"), nw.len().alias("events"))
    found = arrays_of(asked)
    low, high, events = (int(found[name][0]) for name in ("low", "high", "events"))
    _check_some(events)
    kept = queries.first_window(numbered(log).filter(until), window_us=window_us)
    clock = offsets_between(timezone, low, high)
    sums = _by_person(log, queries.sum_habits(kept, gap_us=SESSION_GAP_US, clock=clock))
    gaps = _by_person(log, queries.middle_gaps(kept, gap_us=SESSION_GAP_US))
    sums["gap_days"] = gaps["gap_us"] / gaps[queries.COUNT] / DAY_US
    place = sums.index.to_numpy()
    sums.index = log.participants[place].rename(PARTICIPANT)
    return high if cut is None else cut, sums, lambda column: cells_of(
        log, queries.count_levels(kept, column), len(log.levels[column]))[place]


def _by_person(log: StoredLog, query: nw.LazyFrame) -> pd.DataFrame:
    return pd.DataFrame(placed(log, query)).set_index(queries.PERSON).sort_index()
