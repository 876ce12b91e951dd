"""The habits, each from the sums of everyone's window: (watched) -> columns, one value a participant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from personakit.behaviour.watched import Watched
from personakit.eventlog import DAY_US, MINUTE_US

RARE_SHARE = 0.02
#: columns whose rare levels are joined: the others are short lists that people wrote
OPEN_LISTS = ("channel", "device", "event", "touchpoint")
Columns = Mapping[str, pd.Series]


def rhythm(watched: Watched) -> Columns:
    """Rates of events, sessions and active days, events a session, and the median silence between two sessions."""
    sums, rate = watched.sums, 30 / watched.days
    return {"events_per_30d": sums["events"] * rate, "sessions_per_30d": sums["sessions"] * rate,
            "active_days_per_30d": sums["active_days"] * rate, "events_per_session": sums["events"] / sums["sessions"],
            "gap_days": sums["gap_days"]}


def depth(watched: Watched) -> Columns:
    """How far a session goes: its minutes from first to last event, and the share of sessions that stop at one event."""
    sums = watched.sums
    return {"minutes_per_session": sums["inside_us"] / MINUTE_US / sums["sessions"],
            "one_event_share": sums["singles"] / sums["sessions"]}


def recency(watched: Watched) -> Columns:
    """Days from the last event to the end of the window; NaN for those whose window is still open."""
    active = (watched.sums["last_us"] - watched.sums["first_us"]) / DAY_US
    return {"recency_days": (watched.days - active).where(watched.full)}


def hours(watched: Watched) -> Columns:
    """Shares of events at night (0 to 6 h), in the morning (6 to 12 h), in the evening (18 to 24 h) and at weekends."""
    sums = watched.sums
    return {f"{when}_share": sums[when] / sums["events"] for when in ("night", "morning", "evening", "weekend")}


def value(watched: Watched) -> Columns:
    """Rate of value (money, mostly); nothing where the log holds no value."""
    sums = watched.sums
    return {"value_per_30d": sums["value"] / watched.days * 30} if sums["valued"].any() else {}


#: name -> habit; the families ``<column>_share`` and ``<column>_per_30d`` come beside them
PARTS: dict[str, Callable[[Watched], Columns]] = {
    "rhythm": rhythm, "depth": depth, "recency": recency, "hours": hours, "value": value}


def family(watched: Watched, column: str, name: str) -> pd.DataFrame:
    """Count the levels of a coded column as shares of the participant's known events, or as a rate, by ``name``."""
    counts, levels = _counted(watched, column)
    table = pd.DataFrame(counts, index=watched.sums.index, columns=[f"{name}:{level}" for level in levels])
    if not name.endswith("_share"):
        return table.mul(30 / watched.days, axis=0)
    known = table.sum(axis=1)
    return table.div(known.where(known > 0), axis=0)


def _counted(watched: Watched, column: str) -> tuple[np.ndarray, list[str]]:
    """Count (participants, levels), joining rare levels before anything is dense: a log may name thousands of events."""
    counts, levels = watched.count(column), watched.levels[column]
    total = np.asarray(counts.sum(axis=0)).ravel()
    rare = (total > 0) & (total < RARE_SHARE * total.sum()) if column in OPEN_LISTS else np.zeros(len(total), dtype=bool)
    if rare.sum() < 2:
        return counts[:, total > 0].toarray(), list(levels[total > 0])
    common = (total > 0) & ~rare & (levels != "other")
    others = np.asarray(counts[:, rare | (levels == "other")].sum(axis=1)).reshape(-1, 1)
    return np.hstack([counts[:, common].toarray(), others]), [*levels[common], "other"]
