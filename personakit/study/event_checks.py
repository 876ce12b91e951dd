"""What to look at in a log of events."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from personakit.collect.audit import count_ties, find_bots, find_duplicates
from personakit.records import Study
from personakit.schema import CONTENT, EVENT, ORDER, PARTICIPANT, TIME

_EARLY_US = int(pd.Timestamp("1990-01-01").value // 1000)


def event_counts(study: Study) -> Iterator[tuple[str, pd.Index, int]]:
    """Yield a check's key, the names to show and how many rows (or participants, or names) are concerned."""
    events = study.events
    if study.touchpoints is not None:
        yield _strangers("events_without_touchpoint", events[EVENT], study.touchpoints[EVENT])
    if study.contents is not None and CONTENT in events:
        yield _strangers("contents_unknown", events[CONTENT].dropna(), study.contents[CONTENT])
    repeated = find_duplicates(events)
    yield "duplicates", _names(events.loc[repeated, PARTICIPANT]), int(repeated.sum())
    bots = find_bots(events)
    yield "bots", bots, len(bots)
    yield "ties", pd.Index([ORDER]), count_ties(events)
    early = events[TIME] < _EARLY_US
    yield "early_times", _names(events.loc[early, PARTICIPANT]), int(early.sum())


def _strangers(check: str, names: pd.Series, known: pd.Series) -> tuple[str, pd.Index, int]:
    unknown = ~names.isin(known)
    return check, _names(names[unknown]), int(unknown.sum())


def _names(column: pd.Series) -> pd.Index:
    return pd.Index(column.unique())
