"""Which events are duplicates, bots or ties: the rules, used to set rows aside and to report them.

A pandas frame is audited in memory; any other frame that narwhals reads is audited where it lies, and gives the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.errors import first_five
from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME

BOT_EVENTS, BOT_GAP_US, BOT_DAY_EVENTS = 50, 1_000_000, 5_000
#: the id that a vendor gave to the record of an event: records of one id are one event
RECORD = "record_id"
_DAY_US = 86_400_000_000
#: a larger log is sorted in parts of about so many rows
ROWS_AT_ONCE = 8_000_000
_COUNT, _FAST, _UNDER, _OVER, _TIES, _DAY = "events", "fast", "under_us", "over_us", "ties", "busiest_day"


def audit_events(events: Any) -> pd.DataFrame:
    """Count what a log of events holds and what is wrong with it, whatever its size; nothing is changed.

    Use it before anything is computed from a log. It applies conventions: it cannot tell a fast person from a program, nor
    a click made twice from one that was logged twice.

    Parameters
    ----------
    events
        Any frame that narwhals reads, with the columns of a log: participant_id, event, time_us and others. A lazy one
        (from a large file) is not loaded.

    Returns
    -------
    DataFrame
        One row each for ``events``, ``participants``, ``duplicates`` (rows that repeat an earlier one), ``bots``
        (participants who cannot be people) and ``ties`` (simultaneous events that no ``order`` parts), with count and
        first (up to five participants concerned).

    Examples
    --------
    >>> log = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "see", "buy"], "time_us": [1, 1, 2]})
    >>> audit_events(log)["count"].to_dict()
    {'events': 3, 'participants': 2, 'duplicates': 1, 'bots': 0, 'ties': 0}
    """
    repeated = count_duplicates(events)
    pace = pace_of(events)
    bots, tied = pace.index[pace["bot"]], pace.index[pace[_TIES] > 0]
    counts = {"events": count_rows(events), "participants": len(people_of(events)), "duplicates": int(repeated.sum()),
              "bots": len(bots), "ties": int(pace[_TIES].sum())}
    first = ["", "", first_five(repeated.index), first_five(bots), first_five(tied)]
    return pd.DataFrame({"count": counts.values(), "first": first}, index=pd.Index(counts, name="check")).astype(
        {"count": "int64", "first": "str"})


# ---------------------------------------------------------------- duplicates
def find_duplicates(events: pd.DataFrame) -> np.ndarray:
    """Mark each row of a frame in memory that repeats an earlier one.

    It does where all columns but ``order`` are equal; and, in a log whose records have ids (``record_id``), where
    participant, event and id are: the first in time is the event.
    """
    again = events.duplicated(_row_key(list(events.columns))).to_numpy()
    if RECORD not in events.columns:
        return again
    first = events.sort_values(TIME, kind="stable")
    twice = first.duplicated([PARTICIPANT, EVENT, RECORD]) & first[RECORD].notna()
    return again & events[RECORD].isna().to_numpy() | twice.reindex(events.index).to_numpy()


def count_duplicates(events: Any) -> pd.Series:
    """Count the rows that repeat an earlier one by participant (those who have some), in any frame."""
    if isinstance(events, pd.DataFrame):
        found = events.loc[find_duplicates(events), PARTICIPANT]
        return found.value_counts().sort_index().rename(_COUNT)
    names = columns_of(events)
    log = _twins(events, _row_key(names))
    counts = [_repeats(log.filter(nw.col(RECORD).is_null()) if RECORD in names else log, _row_key(names))]
    if RECORD in names:
        key = [PARTICIPANT, EVENT, RECORD]
        counts.append(_repeats(_twins(events, key).filter(~nw.col(RECORD).is_null()), key))
    return pd.concat(counts).groupby(level=0).sum().sort_index()  # rows without a participant are nobody's


def _repeats(log: nw.LazyFrame, key: Sequence[str]) -> pd.Series:
    groups = log.group_by(*key).agg(nw.len().alias("rows")).filter(nw.col("rows") > 1)
    people = groups.group_by(PARTICIPANT).agg((nw.col("rows").sum() - nw.len()).cast(nw.Int64).alias(_COUNT))
    return _collect(people).set_index(PARTICIPANT)[_COUNT]


def _row_key(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != ORDER]


def _twins(events: Any, key: Sequence[str]) -> nw.LazyFrame:
    """Leave out, where DuckDB holds the log, rows whose key has a hash of its own: few remain to be compared."""
    if not _in_duckdb(events):
        return nw.from_native(events).lazy()
    hashed = f"hash({', '.join(quote(name) for name in key)})"
    again = f"select {hashed} from log group by all having count(*) > 1"
    return nw.from_native(over(events, f"select * from log where {hashed} in ({again})")).lazy()


# ---------------------------------------------------------------- bots and ties
def find_bots(events: Any) -> pd.Index:
    """Return the participants who cannot be people, in any frame.

    A bot has at least 50 events with a median of under one second from one to the next, or more than 5,000 events in one
    UTC day. An event repeated by the same participant at the same instant counts once, so that double logging alone does
    not make a bot.
    """
    pace = pace_of(events)
    return pace.index[pace["bot"]]


def pace_of(events: Any) -> pd.DataFrame:
    """Return the participants who may be bots or have ties, sorted: ties (0 where there is an order) and bot (bool)."""
    pace = _pace_in_memory(events) if isinstance(events, pd.DataFrame) else \
        pd.concat([_pace(part) for part in _parts(events)]).sort_index()
    if ORDER in columns_of(events):
        pace = pace.assign(**{_TIES: 0})
    return _judge(pace)


def _parts(events: Any) -> Iterator[nw.LazyFrame]:
    """Yield a large log in parts, each with all events of its participants and small enough to be sorted in memory."""
    parts = -(-count_rows(events) // ROWS_AT_ONCE) if _in_duckdb(events) else 1
    for part in range(parts) if parts > 1 else ():
        mine = f"hash({PARTICIPANT}) % {parts} = {part}"
        yield nw.from_native(over(events, f"select * from log where {mine}")).lazy()
    if parts <= 1:
        yield nw.from_native(events).lazy()


def _judge(pace: pd.DataFrame) -> pd.DataFrame:
    """Tell a median under one second without the gaps: most are, or half are and the middle two average less."""
    gaps = pace[_COUNT] - 1
    half = (2 * pace[_FAST] == gaps) & (pace[_UNDER] + pace[_OVER] < 2 * BOT_GAP_US)
    fast = (pace[_COUNT] >= BOT_EVENTS) & ((2 * pace[_FAST] > gaps) | half)
    busy = pace[_DAY] > BOT_DAY_EVENTS
    return pd.DataFrame({_TIES: pace[_TIES].astype("int64"), "bot": (fast | busy).astype(bool)})


def _pace_in_memory(events: pd.DataFrame) -> pd.DataFrame:
    person, ids = pd.factorize(events[PARTICIPANT], sort=True)
    word, _ = pd.factorize(events[EVENT])
    time = events[TIME].to_numpy()
    rows = np.lexsort((word, time, person))
    person, time, word = person[rows], time[rows], word[rows]
    within, gap = person[1:] == person[:-1], np.diff(time)
    again = within & (gap == 0) & (word[1:] == word[:-1])
    once = (person >= 0) & np.append(True, ~again)[: len(person)]
    steps = once[1:] & within
    fast, size = steps & (gap < BOT_GAP_US), len(ids)
    ties = np.bincount(person[1:][steps & (gap == 0)], minlength=size)
    under, over = np.full(size, 0, dtype="int64"), np.full(size, np.iinfo("int64").max, dtype="int64")
    np.maximum.at(under, person[1:][fast], gap[fast])
    np.minimum.at(over, person[1:][steps & ~fast], gap[steps & ~fast])
    days = pd.Series(person[once]).groupby([person[once], time[once] // _DAY_US]).size().groupby(level=0).max()
    return pd.DataFrame({_COUNT: np.bincount(person[once], minlength=size), _TIES: ties, _UNDER: under,
                         _FAST: np.bincount(person[1:][fast], minlength=size), _OVER: over.astype("float64"),
                         _DAY: days.reindex(range(size), fill_value=0).to_numpy()},
                        index=pd.Index(ids, dtype="str", name=PARTICIPANT))


def _pace(log: nw.LazyFrame) -> pd.DataFrame:
    moments = log.select(PARTICIPANT, EVENT, TIME).filter(~nw.col(PARTICIPANT).is_null())
    before = {"order_by": [TIME, EVENT]}
    steps = moments.with_columns(gap=nw.col(TIME) - nw.col(TIME).shift(1).over(PARTICIPANT, **before),
                                 last=nw.col(EVENT).shift(1).over(PARTICIPANT, **before))
    fast, still = nw.col("gap") < BOT_GAP_US, nw.col("gap") == 0
    once = steps.filter(nw.col("gap").is_null() | ~(still & (nw.col("last") == nw.col(EVENT))))
    people = once.group_by(PARTICIPANT).agg(
        nw.len().cast(nw.Int64).alias(_COUNT), _how_many(fast, _FAST), _how_many(still, _TIES),
        nw.when(fast).then(nw.col("gap")).max().alias(_UNDER), nw.when(~fast).then(nw.col("gap")).min().alias(_OVER))
    suspect = (nw.col(_COUNT) >= BOT_EVENTS) & (2 * nw.col(_FAST) >= nw.col(_COUNT) - 1)
    people = people.filter(suspect | (nw.col(_TIES) > 0) | (nw.col(_COUNT) > BOT_DAY_EVENTS))
    pace = _collect(people).set_index(PARTICIPANT)
    days = _busiest_days(moments, pace.index[pace[_COUNT] > BOT_DAY_EVENTS])
    return pace.assign(**{_UNDER: pace[_UNDER].fillna(0), _OVER: pace[_OVER].astype("float64").fillna(np.inf),
                          _DAY: days.reindex(pace.index, fill_value=0)})


def _how_many(condition: nw.Expr, name: str) -> nw.Expr:
    return nw.when(condition).then(1).otherwise(0).sum().cast(nw.Int64).alias(name)


def _busiest_days(moments: nw.LazyFrame, people: pd.Index) -> pd.Series:
    """Count, for these few people, the events of their busiest UTC day."""
    if people.empty:
        return pd.Series(dtype="int64")
    once = moments.filter(nw.col(PARTICIPANT).is_in(list(people))).group_by(PARTICIPANT, EVENT, TIME).agg(nw.len())
    counts = once.select(PARTICIPANT, day=nw.col(TIME) // _DAY_US).group_by(PARTICIPANT, "day").agg(nw.len().alias(_COUNT))
    return _collect(counts.group_by(PARTICIPANT).agg(nw.col(_COUNT).max())).set_index(PARTICIPANT)[_COUNT]


# ---------------------------------------------------------------- any frame
def people_of(events: Any) -> pd.Index:
    """Return the participants of a log, sorted, each once."""
    if isinstance(events, pd.DataFrame):
        return pd.Index(sorted(events[PARTICIPANT].dropna().unique()), dtype="str", name=PARTICIPANT)
    ids = nw.from_native(events).lazy().select(nw.col(PARTICIPANT).cast(nw.String)).drop_nulls()
    found = _collect(ids.group_by(PARTICIPANT).agg(nw.len().alias(_COUNT)).select(PARTICIPANT).sort(PARTICIPANT))
    return pd.Index(found[PARTICIPANT], dtype="str", name=PARTICIPANT)


def count_rows(events: Any, *conditions: nw.Expr) -> int:
    """Count the rows of any frame, or those where all conditions hold."""
    if isinstance(events, pd.DataFrame) and not conditions:
        return len(events)
    log = nw.from_native(events).lazy()
    return int(_collect(log.filter(*conditions) if conditions else log, nw.len().alias("rows"))["rows"].iloc[0])


def columns_of(events: Any) -> list[str]:
    """Name the columns of any frame."""
    return list(nw.from_native(events).collect_schema().names())


def counts_of(events: Any, column: str) -> pd.Series:
    """Count the rows of each word of a column, sorted by word; rows without a word are not counted."""
    if isinstance(events, pd.DataFrame):
        return events[column].value_counts().sort_index()
    words = nw.from_native(events).lazy().select(nw.col(column)).drop_nulls().group_by(column).agg(nw.len().alias(_COUNT))
    return _collect(words.sort(column)).set_index(column)[_COUNT]


def as_pandas(events: Any) -> pd.DataFrame:
    """Return a log of events as a pandas frame, from any frame that narwhals reads. A large log comes whole."""
    if isinstance(events, pd.DataFrame):
        return events
    log = nw.from_native(events).lazy()
    texts = [name for name, kind in log.collect_schema().items() if kind == nw.String]
    return _collect(log).astype(dict.fromkeys(texts, "str"))


def _in_duckdb(events: Any) -> bool:
    return nw.from_native(events).implementation.is_duckdb()


def over(relation: Any, query: str, *, into: str | None = None) -> Any:
    """Return the relation of a query over a DuckDB relation, which the query calls ``log``; or store it as a table."""
    name = f"log_{uuid.uuid4().hex}"  # older versions make a view of it, which must not be its own source
    query = f"with log as not materialized (select * from {name}) {query}"
    return relation.query(name, query if into is None else f"create temp table {into} as {query}")


def quote(name: str) -> str:
    """Write a name for SQL: whatever it holds, it stays a name."""
    return '"' + name.replace('"', '""') + '"'


def _collect(log: nw.LazyFrame, *columns: nw.Expr) -> pd.DataFrame:
    return (log.select(*columns) if columns else log).collect(backend="pandas").to_native()
