"""A log that stays where it lies: its levels and participants are listed, its rows are coded by the engine that holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.eventlog.engines import (
    arrays_of,
    check_times,
    count_rows,
    engine_of,
    is_lazy,
    levels_of,
    lookup,
    open_frame,
    present_columns,
    whole_numbers,
    with_level_codes,
)
from personakit.eventlog.queries import CELL, COUNT, MOMENT, PERSON
from personakit.records import StoredLog
from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME, VALUE

#: a query of more events than this is not encoded into memory
MOST_EVENTS = 100_000_000
_ROOM = 2**62  # what a moment may count up to


def stays_stored(events: Any) -> bool:
    """Whether a log is a query with more events than are encoded into memory (``MOST_EVENTS``)."""
    return is_lazy(events) and count_rows(nw.from_native(events)) > MOST_EVENTS


def store_events(events: Any, *, columns: Sequence[str] | None = None) -> StoredLog:
    """List the people and the words of a query, and code its rows where they lie: nothing is loaded but these lists.

    Use it where a log is too long for ``encode_events``, or lives in a warehouse; the queries of this room then bring
    the same counts. The order is that of a query encoded into memory: time, the order column, then what the event is.

    Raises
    ------
    StudyError
        A column is missing or has gaps, or times are not whole numbers.

    Examples
    --------
    >>> import polars as pl
    >>> log = store_events(pl.LazyFrame({"participant_id": ["b", "a"], "event": ["see", "buy"], "time_us": [2, 1]}))
    >>> list(log.participants), list(log.levels["event"]), log.engine
    (['a', 'b'], ['buy', 'see'], 'polars')
    """
    frame = open_frame(events).lazy()
    names = present_columns(frame, None if columns is None else tuple(columns))
    check_times(frame)
    words = [name for name in names if name not in (TIME, ORDER, VALUE)]
    levels = {name: levels_of(frame, name, gaps=name not in (PARTICIPANT, EVENT)) for name in words}
    people = levels.pop(PARTICIPANT).rename(PARTICIPANT)
    coded = frame.select(names)
    for name in levels:
        coded = with_level_codes(coded, name, levels[name], f"code of {name}")
    given = [nw.col(TIME).cast(nw.Int64), *([nw.col(VALUE)] if VALUE in names else [])]
    bounds = _bounds(frame, [name for name in (TIME, ORDER) if name in names])
    if ORDER in names:  # events that have no order come after all others
        bounds[ORDER] = (bounds[ORDER][0], bounds[ORDER][1] + 1)
        given.append(nw.col(ORDER).cast(nw.Int64).fill_null(bounds[ORDER][1]).alias(ORDER))
    whole = whole_numbers(frame, PARTICIPANT) not in (None, nw.UInt64)
    person = nw.col(PARTICIPANT).cast(nw.Int64 if whole else nw.String).alias(PERSON)
    coded = coded.select(person, *given, *(nw.col(f"code of {name}").alias(name) for name in levels))
    return StoredLog(frame=_with_moments(coded, bounds, levels), participants=people, engine=engine_of(frame),
                     levels={name: one.rename(None) for name, one in levels.items()}, events=count_rows(frame),
                     ids=people.to_numpy().astype(np.int64) if whole else None)


def _bounds(frame: nw.LazyFrame, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Give the least and the most of whole numbers; engines know them of a file without reading it."""
    asked = {f"least {name}": nw.col(name).min() for name in names} | {f"most {name}": nw.col(name).max() for name in names}
    found = arrays_of(frame.select(**{name: one.fill_null(0).cast(nw.Int64) for name, one in asked.items()}))
    return {name: (int(found[f"least {name}"][0]), int(found[f"most {name}"][0])) for name in names}


def _with_moments(
    log: nw.LazyFrame, bounds: Mapping[str, tuple[int, int]], levels: Mapping[str, pd.Index]
) -> nw.LazyFrame:
    """Give each event one whole number that puts a person's events in order: time, then order, then the codes."""
    digits = [(nw.col(name).cast(nw.Int64) - least, most - least + 1) for name, (least, most) in bounds.items()]
    digits += [(nw.col(name).cast(nw.Int64) + 1, len(one) + 1) for name, one in levels.items()]
    moment, room = digits[0]
    for digit, size in digits[1:]:
        moment, room = moment * size + digit, room * size
    if room < _ROOM:
        return log.with_columns(moment.cast(nw.Int64).alias(MOMENT))
    counted = log.with_columns(nw.lit(1).cast(nw.Int64).alias(MOMENT))
    number = nw.col(MOMENT).cum_sum().over(PERSON, order_by=[*bounds, *levels])
    return counted.with_columns(number.cast(nw.Int64).alias(MOMENT))


def recode_stored(
    log: StoredLog, column: str, words: Mapping[str, str], *, source: str, levels: Sequence[str] | None
) -> StoredLog:
    """Do what ``recode`` does where the rows lie."""
    given = [words.get(str(one)) for one in log.levels[source]]
    own = [str(one) for one in log.levels[column]] if column in log.levels else []
    known = list(levels) if levels is not None else sorted({one for one in [*given, *own] if isinstance(one, str)})
    place = {word: code for code, word in enumerate(known)}
    found = _moved(source, given, place)
    if own:
        mine = _moved(column, own, place)
        found = nw.when(mine >= 0).then(mine).otherwise(found)
    return replace(log, frame=log.frame.with_columns(found.alias(column)),
                   levels={**log.levels, column: pd.Index(known, dtype="str")})


def _moved(column: str, words: Sequence[object], place: Mapping[str, int]) -> nw.Expr:
    pairs = [(code, place[word]) for code, word in enumerate(words) if isinstance(word, str) and word in place]
    return lookup(nw.col(column), [code for code, _ in pairs], [code for _, code in pairs])


def numbered(log: StoredLog) -> nw.LazyFrame:
    """Give the rows with a whole number for each person. Windows over text are slow: joining its ranks costs less."""
    if log.ids is not None:
        return log.frame
    return with_level_codes(log.frame.rename({PERSON: PARTICIPANT}), PARTICIPANT, log.participants, PERSON)


def placed(log: StoredLog, query: nw.LazyFrame) -> dict[str, np.ndarray]:
    """Run a query of a log's people: its columns, ``person`` being the place in ``participants``."""
    found = arrays_of(query)
    person = found[PERSON]
    if log.ids is not None:
        person = pd.Index(log.ids).get_indexer(pd.Index(person.astype(np.int64, copy=False)))
    elif person.dtype.kind not in "iu":
        person = log.participants.get_indexer(pd.Index(person.astype(object), dtype="str"))
    return {**found, PERSON: person.astype(np.int64, copy=False)}


def cells_of(log: StoredLog, counts: nw.LazyFrame, size: int) -> sparse.csr_array:
    """Run a query of person, cell and count: (participants, cells), int64, sparse."""
    found = placed(log, counts.select(PERSON, CELL, COUNT))
    where = (found[PERSON], found[CELL])
    return sparse.csr_array(sparse.coo_array((found[COUNT].astype(np.int64), where), shape=(len(log.participants), size)))
