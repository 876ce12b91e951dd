"""What to look at in a log of events, in memory or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from personakit.collect.logs.audit import columns_of, count_duplicates, count_rows, counts_of, pace_of, people_of
from personakit.errors import StudyError, first_five
from personakit.records import Study
from personakit.schema import CONTENT, EVENT, ORDER, TABLES, TIME

_EARLY_US = int(pd.Timestamp("1990-01-01").value // 1000)


def check_lazy(events: Any, where: str, *, gaps: Collection[str] = ()) -> None:
    """Raise ``StudyError`` where a log that is not in memory lacks a required column or, but for ``gaps``, a value."""
    names = columns_of(events)
    missing = [name for name in TABLES["events"][0] if name not in names]
    if missing:
        raise StudyError(f"{where}: column {missing[0]!r} is missing (columns: {first_five(names)}). "
                         f"Name it in study.toml or add it to the table.")
    for name in TABLES["events"][0]:
        empty = 0 if name in gaps else count_rows(events, nw.col(name).is_null())
        if empty:
            raise StudyError(f"{where}.{name}: {empty} of {count_rows(events)} are empty. Fill them or drop these rows.")


def event_counts(study: Study) -> Iterator[tuple[str, pd.Index, int]]:
    """Yield a check's key, the names to show and how many rows (or participants, or names) are concerned."""
    events = _in_pandas(study.events)
    if study.touchpoints is not None:
        yield _strangers("events_without_touchpoint", counts_of(events, EVENT), study.touchpoints[EVENT])
    if study.contents is not None and CONTENT in columns_of(events):
        yield _strangers("contents_unknown", counts_of(events, CONTENT), study.contents[CONTENT])
    repeated = count_duplicates(events)
    yield "duplicates", repeated.index, int(repeated.sum())
    pace = pace_of(events)
    yield "bots", pace.index[pace["bot"]], int(pace["bot"].sum())
    yield "ties", pd.Index([ORDER]), int(pace["ties"].sum())
    early = nw.from_native(events).filter(nw.col(TIME) < _EARLY_US).to_native()
    count = count_rows(early)
    yield "early_times", people_of(early) if count else pd.Index([]), count


def _in_pandas(events: Any) -> Any:
    """Return an eager frame of another kind as pandas: not every kind can count as the checks do. Lazy ones stay."""
    frame = nw.from_native(events)
    return frame.to_pandas() if isinstance(frame, nw.DataFrame) else events


def _strangers(check: str, counts: pd.Series, known: pd.Series) -> tuple[str, pd.Index, int]:
    unknown = counts[~counts.index.isin(known)]
    return check, unknown.index, int(unknown.sum())
