"""The habits, each from one pass over the arrays of the log: (watched log) -> columns, one value a participant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from personakit.eventlog import DAY_US, MINUTE_US, count_by_person, person_of, sessionise
from personakit.records import EncodedLog

RARE_SHARE = 0.02
HOUR_US = DAY_US // 24
#: columns whose rare levels are joined: the others are short lists that people wrote
OPEN_LISTS = ("channel", "device", "event", "touchpoint")
Columns = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """The events of everyone's window, with what all habits need.

    ``days`` (n): the days each participant was watched; ``full`` (n): whether that was the whole window;
    ``person``, ``session`` (m): whose event, in which session, both numbered from 0 without holes.
    """

    log: EncodedLog
    days: np.ndarray
    full: np.ndarray
    timezone: str
    person: np.ndarray = field(init=False)
    session: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "person", person_of(self.log))
        object.__setattr__(self, "session", sessionise(self.log))

    @property
    def events(self) -> np.ndarray:
        """Count the events of each participant."""
        return np.diff(self.log.offsets)

    @property
    def starts(self) -> np.ndarray:
        """Give the first event of each session."""
        return np.flatnonzero(np.diff(self.session, prepend=-1))

    def total(self, amount: np.ndarray) -> np.ndarray:
        """Sum an amount over the events of each participant."""
        return np.bincount(self.person, weights=amount, minlength=len(self.days))


def rhythm(watched: Watched) -> Columns:
    """Rates of events, sessions and active days, events a session, and the median silence between two sessions."""
    rate = 30 / watched.days
    starts, time, person = watched.starts, watched.log.time_us, watched.person
    later = starts[1:][person[starts[1:]] == person[starts[1:] - 1]]
    silence = (time[later] - time[later - 1]) / DAY_US
    wall = _wall_clock(watched) // DAY_US
    new_day = np.ones(len(wall), dtype=bool)
    new_day[1:] = (np.diff(wall) != 0) | (np.diff(person) != 0)
    return {"events_per_30d": watched.events * rate,
            "sessions_per_30d": np.bincount(person[starts], minlength=len(rate)) * rate,
            "active_days_per_30d": watched.total(new_day) * rate,
            "events_per_session": watched.events / np.bincount(person[starts], minlength=len(rate)),
            "gap_days": _medians(silence, person[later], len(rate))}


def depth(watched: Watched) -> Columns:
    """How far a session goes: its minutes from first to last event, and the share of sessions that stop at one event."""
    starts, time = watched.starts, watched.log.time_us
    ends = np.append(starts[1:], len(time)) - 1
    owner, people = watched.person[starts], len(watched.days)
    sessions = np.bincount(owner, minlength=people)
    minutes = np.bincount(owner, weights=(time[ends] - time[starts]) / MINUTE_US, minlength=people)
    single = np.bincount(owner, weights=ends == starts, minlength=people)
    return {"minutes_per_session": minutes / sessions, "one_event_share": single / sessions}


def recency(watched: Watched) -> Columns:
    """Days from the last event to the end of the window; NaN for those whose window is still open."""
    time, offsets = watched.log.time_us, watched.log.offsets
    active = (time[offsets[1:] - 1] - time[offsets[:-1]]) / DAY_US
    return {"recency_days": np.where(watched.full, watched.days - active, np.nan)}


def hours(watched: Watched) -> Columns:
    """Shares of events at night (0 to 6 h), in the morning (6 to 12 h), in the evening (18 to 24 h) and at weekends."""
    wall = _wall_clock(watched)
    hour, day = wall % DAY_US // HOUR_US, wall // DAY_US
    # 1 January 1970 was a Thursday: day 0 is weekday 3
    when = {"night_share": hour < 6, "morning_share": (hour >= 6) & (hour < 12), "evening_share": hour >= 18,
            "weekend_share": (day + 3) % 7 >= 5}
    return {name: watched.total(mask) / watched.events for name, mask in when.items()}


def value(watched: Watched) -> Columns:
    """Rate of value (money, mostly); nothing where the log holds no value."""
    given = watched.log.value
    return {} if np.isnan(given).all() else {"value_per_30d": watched.total(np.nan_to_num(given)) / watched.days * 30}


#: name -> habit; the families ``<column>_share`` and ``<column>_per_30d`` come beside them
PARTS: dict[str, Callable[[Watched], Columns]] = {
    "rhythm": rhythm, "depth": depth, "recency": recency, "hours": hours, "value": value}


def family(watched: Watched, column: str, name: str) -> pd.DataFrame:
    """Count the levels of a coded column as shares of the participant's known events, or as a rate, by ``name``."""
    counts, levels = _counted(watched.log, column)
    table = pd.DataFrame(counts, index=watched.log.participants, columns=[f"{name}:{level}" for level in levels])
    if not name.endswith("_share"):
        return table.mul(30 / watched.days, axis=0)
    known = table.sum(axis=1)
    return table.div(known.where(known > 0), axis=0)


def _counted(log: EncodedLog, column: str) -> tuple[np.ndarray, list[str]]:
    """Count (participants, levels), joining rare levels before anything is dense: a log may name thousands of events."""
    counts, levels = count_by_person(log, column), log.levels[column]
    total = np.asarray(counts.sum(axis=0)).ravel()
    rare = (total > 0) & (total < RARE_SHARE * total.sum()) if column in OPEN_LISTS else np.zeros(len(total), dtype=bool)
    if rare.sum() < 2:
        return counts[:, total > 0].toarray(), list(levels[total > 0])
    common = (total > 0) & ~rare & (levels != "other")
    others = np.asarray(counts[:, rare | (levels == "other")].sum(axis=1)).reshape(-1, 1)
    return np.hstack([counts[:, common].toarray(), others]), [*levels[common], "other"]


def _wall_clock(watched: Watched) -> np.ndarray:
    stamps = pd.DatetimeIndex(watched.log.time_us.view("datetime64[us]"), tz="UTC")
    return stamps.tz_convert(watched.timezone).tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


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
