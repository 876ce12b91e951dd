"""Encode once, sort once: any frame of events becomes arrays of small integers in the order of participant and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import StudyError, first_five
from personakit.eventlog.engines import (
    arrays_of,
    check_times,
    levels_of,
    open_frame,
    present_columns,
    whole_numbers,
    with_level_codes,
)
from personakit.records import EncodedLog
from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME, VALUE

LAST = np.iinfo(np.int64).max  # where the order column has a gap, the event comes last
SMALL = np.iinfo(np.int16).max - 8  # so many levels fit in two bytes, with room to count on a little
#: rows looked at in one go: a pass over a long log stays in the cache and makes no copy of it
BLOCK = 2**18
_MOST_INT32 = np.iinfo(np.int32).max
_MOST_RUNS = 1_000
LISTED = 8  # whole numbers that lie closer than so many times their count are looked up in a list


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
    place, time_us, offsets = _by_person(person, rows.time_us, len(people))
    tied = time_us[1:] == time_us[:-1]
    tied[offsets[1:-1][(offsets[1:-1] > 0) & (offsets[1:-1] < len(place))] - 1] = False
    if tied.any():
        place = _settle(rows, place, tied)
        if rows.order is not None:
            tied &= np.diff(rows.order[place]) == 0
    return EncodedLog(
        participants=people, offsets=offsets, time_us=time_us, ties=int(tied.sum()), levels=rows.levels,
        value=np.broadcast_to(np.nan, len(place)) if rows.value is None else _laid(rows.value, place),
        codes={name: _laid(small_codes(one, len(rows.levels[name])), place) for name, one in rows.codes.items()},
    )


def _laid(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Lay values in the order of ``place``, part by part: places of four bytes are widened to be looked up."""
    out = np.empty(len(place), dtype=values.dtype)
    for rows in _parts(len(place)):
        out[rows] = values[place[rows]]
    return out


def offsets_of(counts: np.ndarray) -> np.ndarray:
    """Turn counts a participant into where each one's rows begin, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def distinct(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the different whole numbers, rising, and the place of each value among them. Quick where they lie close together.

    Examples
    --------
    >>> [one.tolist() for one in distinct(np.array([7, 5, 7]))]
    [[5, 7], [1, 0, 1]]
    """
    values = values if values.dtype == np.uint64 else values.astype(np.int64, copy=False)
    least = values.min() if len(values) else values.dtype.type(0)
    width = int(values.max(initial=least)) - int(least) + 1
    if width > LISTED * len(values):
        return np.unique(values, return_inverse=True)
    place, at = np.zeros(width, dtype=np.int32), np.empty(len(values), dtype=np.int32)
    for rows in _parts(len(values)):
        place[values[rows] - least] = 1
    found = np.flatnonzero(place)
    place[found] = np.arange(len(found))
    for rows in _parts(len(values)):
        at[rows] = place[values[rows] - least]
    return found.astype(values.dtype) + least, at


def _parts(size: int) -> Iterator[slice]:
    """Part so many rows, so that what is made of each part stays in the cache."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


def small_codes(codes: np.ndarray, levels: int) -> np.ndarray:
    """Keep codes into so many levels in two bytes each where they fit, else in four."""
    return codes.astype(np.int16 if levels < SMALL else np.int32, copy=False)


def sort_within(owner: np.ndarray, values: np.ndarray, owners: int) -> np.ndarray:
    """Sort values by owner (whole numbers below ``owners``), then by size; quicker than sorting by both.

    Examples
    --------
    >>> sort_within(np.array([1, 0, 1]), np.array([5, 9, 3]), 2).tolist()
    [9, 3, 5]
    """
    return _by_person(owner, values, owners)[1]


def _by_person(person: np.ndarray, time_us: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order rows by person, then time: their numbers, their times, and where each person's begin and the last ones end.

    Rows are dealt to their people in one counting pass, in the order in which they came; where times do not
    rise they are then sorted, so many people at once that it happens in the cache. Equal times may come in any order.
    """
    kind, rising = np.int32 if len(person) <= _MOST_INT32 else np.int64, (time_us[1:] >= time_us[:-1]).all()
    dealt = sparse.coo_array((time_us, (person.astype(kind, copy=False), np.arange(len(person), dtype=kind))),
                             shape=(people, len(person)))
    dealt.has_canonical_format = True  # no row is there twice: nothing to add up
    dealt = dealt.tocsr()
    place, time_us, offsets = dealt.indices, dealt.data, dealt.indptr.astype(np.int64)
    for first, last in () if rising else runs_of(offsets, most=BLOCK):
        rows = slice(offsets[first], offsets[last])
        owner = np.repeat(np.arange(last - first), np.diff(offsets[first: last + 1]))
        ordered = _sorted_within(owner, time_us[rows], last - first)
        place[rows], time_us[rows] = place[rows][ordered], time_us[rows][ordered]
    return place, time_us, offsets


def runs_of(offsets: np.ndarray, *, most: int) -> Iterator[tuple[int, int]]:
    """Part people into runs of about ``most`` rows, one person at least; ``offsets`` says where the rows of each begin."""
    first = 0
    while first < len(offsets) - 1:
        last = max(int(np.searchsorted(offsets, offsets[first] + most, side="right")) - 1, first + 1)
        yield first, last
        first = last


def _sorted_within(owner: np.ndarray, values: np.ndarray, owners: int) -> np.ndarray:
    """Say in which order rows lie by owner, then by value."""
    least = values.min()
    bits = (int(values.max()) - int(least)).bit_length()
    if bits + owners.bit_length() > 64:  # times of many thousand years
        return np.lexsort((values, owner))
    # owner and value in one whole number: sorting those is quick
    return np.argsort((owner.astype(np.uint64) << np.uint64(bits)) | (values - least).astype(np.uint64))


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
    # ids that are numbers come as they are: an engine would write them out as text to sort them
    whole = whole_numbers(frame, PARTICIPANT)
    levels = {name: levels_of(frame, name, gaps=name not in (PARTICIPANT, EVENT))
              for name in words if not (whole is not None and name == PARTICIPANT)}
    for name, known in levels.items():
        coded = with_level_codes(coded, name, known, _code(name))
    # small types make what an engine hands over small
    asked = [nw.col(_code(name)).cast(nw.Int16 if len(known) < SMALL else nw.Int32) for name, known in levels.items()]
    arrays = arrays_of(coded.select(*numbers, *asked, *([nw.col(PARTICIPANT).cast(whole)] if whole is not None else [])))
    arrays = _in_runs(arrays, np.flatnonzero(arrays[TIME][1:] < arrays[TIME][:-1]) + 1)
    codes = {name: small_codes(arrays.pop(_code(name)), len(known)) for name, known in levels.items()}
    if whole is not None:
        codes[PARTICIPANT], levels[PARTICIPANT] = _number_people(arrays.pop(PARTICIPANT))
    people = levels.pop(PARTICIPANT).rename(PARTICIPANT)
    return Rows(person=codes.pop(PARTICIPANT), people=people, codes=codes, as_listed=False,
                levels={name: one.rename(None) for name, one in levels.items()}, order=arrays.get(ORDER),
                time_us=arrays[TIME].astype(np.int64, copy=False), value=arrays.get(VALUE))


def _in_runs(arrays: dict[str, np.ndarray], falls: np.ndarray) -> dict[str, np.ndarray]:
    """Put the few pieces of rising times that an engine's threads hand over one after the other: a query has no order."""
    if not 0 < len(falls) < _MOST_RUNS:
        return arrays
    pieces = [slice(*one) for one in pairwise([0, *falls.tolist(), len(arrays[TIME])])]
    pieces.sort(key=lambda one: int(arrays[TIME][one.start]))
    for name in list(arrays):  # one after the other, so that no two copies of all of them are held
        arrays[name] = np.concatenate([arrays[name][rows] for rows in pieces])
    return arrays


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
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        return _number_people(column.to_numpy())
    found, distinct = pd.factorize(column)
    if not gaps and (found < 0).any():
        raise StudyError(f"{where}: {int((found < 0).sum())} of {len(found)} are empty "
                         f"(rows {first_five(np.flatnonzero(found < 0))}). Fill them or drop these rows.")
    if not len(distinct):
        return found.astype(np.int32), pd.Index([], dtype="str")
    words, place = np.unique(np.array([str(one) for one in distinct], dtype=object), return_inverse=True)
    return np.append(place, -1).astype(np.int32)[found], pd.Index(words, dtype="str")


def _number_people(ids: np.ndarray) -> tuple[np.ndarray, pd.Index]:
    """Give each whole number its place among the different ones, which are sorted as text."""
    different, at = distinct(ids)
    words = different.astype("str")
    ordered = np.argsort(words)
    place = np.zeros(len(words), dtype=np.int32)
    place[ordered] = np.arange(len(words), dtype=np.int32)
    return place[at], pd.Index(words[ordered].astype(object), dtype="str")


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
