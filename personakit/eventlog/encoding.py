"""Encode once, sort once: any frame of events becomes arrays of small integers in the order of participant and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import StudyError, first_five
from personakit.eventlog.engines import arrays_of, check_times, levels_of, open_frame, present_columns, with_level_codes
from personakit.records import EncodedLog
from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME, VALUE

LAST = np.iinfo(np.int64).max  # where the order column has a gap, the event comes last


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of a log as they came: ``person`` and ``codes`` are places in ``people`` and ``levels``.

    ``as_listed``: rows that nothing else parts keep the order of the table; a query has none.
    """

    person: np.ndarray
    people: pd.Index
    time_us: np.ndarray
    codes: Mapping[str, np.ndarray]
    levels: Mapping[str, pd.Index]
    order: np.ndarray | None
    value: np.ndarray | None
    as_listed: bool


def encode_events(
    events: Any, *, columns: Sequence[str] | None = None, participants: pd.Index | None = None
) -> EncodedLog:
    """Turn an event table into arrays, sorted by participant, then time, then order.

    Use it once and pass the result on. With an ``order`` column the rows may come in any order and give the same bytes;
    without one, events of the same participant at the same time keep the order of a table in memory, and are sorted by
    event where the log is a query (its rows have no order); ``ties`` counts them (it cannot tell which came first).

    Parameters
    ----------
    events
        Any frame narwhals reads (pandas, polars, pyarrow, a DuckDB relation, a Spark frame) with participant_id, event
        and time_us (whole UTC microseconds); order, value and the coded columns where there are any. The words of a query
        are coded by its engine, so that no text is loaded but the lists of participants and levels.
    columns
        The columns to encode besides event; by default channel, device and content where present.
    participants
        The people of the log, in this order; some may have no events. By default those who have, sorted.

    Returns
    -------
    EncodedLog
        ``levels`` are sorted as text.

    Raises
    ------
    StudyError
        A column is missing or has gaps, times are not whole numbers, or events belong to nobody in ``participants``.

    Examples
    --------
    >>> log = encode_events(pd.DataFrame({"participant_id": ["b", "a"], "event": ["see", "buy"], "time_us": [2, 1]}))
    >>> list(log.participants), log.codes["event"].tolist(), log.time_us.tolist()
    (['a', 'b'], [0, 1], [1, 2])
    """
    frame = open_frame(events)
    names = present_columns(frame, None if columns is None else tuple(columns))
    rows = _of_query(frame, names) if isinstance(frame, nw.LazyFrame) else _of_table(frame, names)
    person, people = rows.person, rows.people
    if participants is not None:
        person, people = _among(person, people, participants)
    counts = np.bincount(person, minlength=len(people))
    place, time_us = _by_person(person, rows.time_us, len(people))
    offsets = offsets_of(counts)
    tied = np.diff(time_us) == 0
    tied[offsets[1:-1][(offsets[1:-1] > 0) & (offsets[1:-1] < len(place))] - 1] = False
    if tied.any():
        place = _settle(rows, place, tied)
        if rows.order is not None:
            tied &= np.diff(rows.order[place]) == 0
    return EncodedLog(
        participants=people, offsets=offsets, time_us=time_us, ties=int(tied.sum()), levels=rows.levels,
        value=np.broadcast_to(np.nan, len(place)) if rows.value is None else rows.value[place],
        codes={name: one[place] for name, one in rows.codes.items()},
    )


def offsets_of(counts: np.ndarray) -> np.ndarray:
    """Turn counts a participant into where each one's rows begin, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def sort_within(owner: np.ndarray, values: np.ndarray, owners: int) -> np.ndarray:
    """Sort values by owner (whole numbers below ``owners``), then by size; quicker than sorting by both.

    Examples
    --------
    >>> sort_within(np.array([1, 0, 1]), np.array([5, 9, 3]), 2).tolist()
    [9, 3, 5]
    """
    return _by_person(owner, values, owners)[1]


def _by_person(person: np.ndarray, time_us: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Order rows by person, then time: their numbers and their times. Quick where they come in time order, or nearly."""
    fits = np.int32 if len(person) < np.iinfo(np.int32).max else np.int64
    place = np.arange(len(person), dtype=fits)
    late = np.count_nonzero(time_us[1:] < time_us[:-1])
    if late:  # a few rows out of place are quicker merged in
        place = np.argsort(time_us, kind="stable" if late < len(place) // 1000 else None).astype(fits, copy=False)
        person, time_us = person[place], time_us[place]
    # from coordinates to rows is a counting sort in one pass, and it keeps the order within a row
    table = sparse.coo_array((time_us, (person, place)), shape=(people, max(len(place), 1)))
    table.has_canonical_format = True
    sorted_rows = table.tocsr()
    return sorted_rows.indices, sorted_rows.data


def _settle(rows: Rows, place: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """Put each run of one participant's simultaneous events in order: by the order column, then by what they are.

    Rows that not even the order column parts fall back to their contents, so that shuffled rows give the same bytes.
    """
    again = np.append(False, tied)
    inside = np.flatnonzero(again | np.append(tied, False))
    own = place[inside]
    keys = [own]
    if rows.order is not None or not rows.as_listed:
        value = [] if rows.value is None else [rows.value[own]]
        keys = [own, *value, *(one[own] for one in reversed(list(rows.codes.values())))]
    if rows.order is not None:
        keys.append(rows.order[own])
    out = place.copy()
    out[inside] = own[np.lexsort([*keys, np.cumsum(~again[inside])])]
    return out


# ---------------------------------------------------------------- a query
def _of_query(frame: nw.LazyFrame, names: Sequence[str]) -> Rows:
    check_times(frame)
    coded = frame.select(names)
    if ORDER in names:
        coded = coded.with_columns(nw.col(ORDER).cast(nw.Int64).fill_null(int(LAST)))
    if VALUE in names:
        coded = coded.with_columns(nw.col(VALUE).cast(nw.Float64).fill_null(float("nan")))
    numbers = [name for name in (TIME, ORDER, VALUE) if name in names]
    words = [name for name in names if name not in numbers]
    levels = {name: levels_of(frame, name, gaps=name not in (PARTICIPANT, EVENT)) for name in words}
    for name in words:
        coded = with_level_codes(coded, name, levels[name], _code(name))
    arrays = arrays_of(coded.select([*numbers, *map(_code, words)]))
    codes = {name: arrays[_code(name)].astype(np.int32, copy=False) for name in words}
    return Rows(person=codes.pop(PARTICIPANT), people=levels.pop(PARTICIPANT), codes=codes, as_listed=False,
                levels={name: one.rename(None) for name, one in levels.items()}, order=arrays.get(ORDER),
                time_us=arrays[TIME].astype(np.int64, copy=False), value=arrays.get(VALUE))


def _code(name: str) -> str:
    return f"code of {name}"


# ---------------------------------------------------------------- a table in memory
def _of_table(frame: nw.DataFrame, names: Sequence[str]) -> Rows:
    table = frame.select(names).to_pandas().reset_index(drop=True)
    codes, levels = {}, {}
    for name in (name for name in names if name not in (TIME, ORDER, VALUE)):
        codes[name], levels[name] = _factorise(table[name], f"events.{name}", gaps=name not in (PARTICIPANT, EVENT))
    return Rows(person=codes.pop(PARTICIPANT), people=levels.pop(PARTICIPANT).rename(PARTICIPANT), codes=codes,
                levels=levels, time_us=_whole(table[TIME], f"events.{TIME}"), as_listed=True,
                order=_orders(table[ORDER]) if ORDER in table else None,
                value=table[VALUE].to_numpy(np.float64) if VALUE in table else None)


def _factorise(column: pd.Series, where: str, *, gaps: bool) -> tuple[np.ndarray, pd.Index]:
    found, distinct = pd.factorize(column)
    if not gaps and (found < 0).any():
        raise StudyError(f"{where}: {int((found < 0).sum())} of {len(found)} are empty "
                         f"(rows {first_five(np.flatnonzero(found < 0))}). Fill them or drop these rows.")
    if not len(distinct):
        return found.astype(np.int32), pd.Index([], dtype="str")
    words, place = np.unique(np.array([str(one) for one in distinct], dtype=object), return_inverse=True)
    return np.append(place, -1).astype(np.int32)[found], pd.Index(words, dtype="str")


def _orders(column: pd.Series) -> np.ndarray:
    return column.astype("Int64").fillna(LAST).to_numpy(np.int64)


def _whole(column: pd.Series, where: str) -> np.ndarray:
    if not pd.api.types.is_integer_dtype(column.dtype) or column.isna().any():
        raise StudyError(f"{where}: must be whole UTC microseconds without gaps, not {column.dtype}. "
                         f"Convert the times, for instance with load_study.")
    return column.to_numpy(np.int64)


# ---------------------------------------------------------------- people
def _among(person: np.ndarray, found: pd.Index, participants: pd.Index) -> tuple[np.ndarray, pd.Index]:
    people = pd.Index([str(one) for one in participants], dtype="str", name=PARTICIPANT)
    place = people.get_indexer(found)
    if (place < 0).any():
        raise StudyError(f"events.{PARTICIPANT}: {int((place < 0).sum())} of {len(found)} not in participants "
                         f"({first_five(found[place < 0])}). Add them or drop these events.")
    return place.astype(np.int32)[person], people
