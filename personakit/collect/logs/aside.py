"""Rows of people and repeated rows leave a table, whether it is in memory or a relation of DuckDB; each is accounted for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from personakit.collect.logs.audit import RECORD, count_rows, find_duplicates, over, people_of, quote
from personakit.collect.reading.account import NO_ID, frame_of, lose, put_aside, with_frame
from personakit.readings import Reading
from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME

DUPLICATE = "duplicate"
_SAME_MOMENT = f"log.{PARTICIPANT} is not distinct from moments.{PARTICIPANT} and log.{TIME} = moments.{TIME}"


def aside_people(reading: Reading, people: pd.Index, reason: str) -> Reading:
    """Set the rows of these participants aside."""
    frame = frame_of(reading)
    if isinstance(frame, pd.DataFrame):
        return put_aside(reading, frame[PARTICIPANT].isin(people), reason, frame[PARTICIPANT])
    if people.empty:
        return reading
    rows = count_rows_of(frame, people)
    ids = _keep(frame, people)
    there = people.intersection(people_of(frame)) if rows else people[:0]
    rest = over(frame, f"select log.* from log anti join {ids} using ({PARTICIPANT})")
    return with_frame(lose(reading, rows, reason, there), rest, same_rows=False)


def aside_nobody(reading: Reading) -> Reading:
    """Set the rows aside that do not say whose they are."""
    frame = frame_of(reading)
    if isinstance(frame, pd.DataFrame):
        return put_aside(reading, frame[PARTICIPANT].isna(), NO_ID)
    empty = frame.filter(f"{PARTICIPANT} is null")
    rest = frame.filter(f"{PARTICIPANT} is not null")
    return with_frame(lose(reading, count_rows(empty), NO_ID), rest, same_rows=False)


def aside_duplicates(reading: Reading) -> Reading:
    """Set the rows aside that repeat an earlier one, as ``find_duplicates`` finds them."""
    frame = frame_of(reading)
    if isinstance(frame, pd.DataFrame):
        return put_aside(reading, find_duplicates(frame), DUPLICATE, frame.get(PARTICIPANT))
    rest, names, rows = _without_repeats(frame)
    return with_frame(lose(reading, rows, DUPLICATE, names), rest, same_rows=False)


def count_rows_of(frame: Any, people: pd.Index) -> int:
    """Count the rows of these participants in any table."""
    if isinstance(frame, pd.DataFrame):
        return int(frame[PARTICIPANT].isin(people).sum())
    ids = _keep(frame, people)
    return count_rows(over(frame, f"select 1 as one from log semi join {ids} using ({PARTICIPANT})"))


def _keep(frame: Any, people: pd.Index) -> str:
    """Store ids where a relation lives, so that they are joined as values and never written into a query."""
    name = f"ids_{uuid.uuid4().hex}"
    ids = pd.DataFrame({PARTICIPANT: np.asarray(people, dtype=object)}).astype("str")  # noqa: F841 - DuckDB reads it below
    frame.query(f"log_{name}", f"create temp table {name} as select * from ids")
    return name


def _without_repeats(frame: Any) -> tuple[Any, Sequence[str], int]:
    """Leave out all but the first of rows that are one event; return the rest, whose rows left, and how many.

    Only moments at which a row is repeated are set apart and looked at again: the others are passed on as they lie.
    """
    mark, columns = uuid.uuid4().hex, [quote(name) for name in frame.columns]
    every = ", ".join(name for name in columns if name != quote(ORDER))
    one = every
    if RECORD in frame.columns:
        one = f"{PARTICIPANT}, {EVENT}, {RECORD}, if({RECORD} is null, row({every}), null)"
    first = f"{TIME}, {quote(ORDER)}" if ORDER in frame.columns else TIME
    again = f"select hash({one}) from log group by all having count(*) > 1"
    names = ", ".join(columns)
    for name, query in (
        ("twins", f"select {names}, hash({one}) as hashed, row_number() over (partition by {one} order by {first}) as place "
                  f"from log where hash({one}) in ({again})"),
        ("moments", f"select distinct {PARTICIPANT}, {TIME} from twins_{mark} where place > 1"),
        ("spared", f"select {names} from log semi join moments_{mark} moments on {_SAME_MOMENT} where hash({one}) not in "
                   f"(select hashed from twins_{mark}) union all select {names} from (select log.* from twins_{mark} log "
                   f"semi join moments_{mark} moments on {_SAME_MOMENT}) where place = 1"),
    ):
        over(frame, query, into=f"{name}_{mark}")
    left = over(frame, f"select {PARTICIPANT} from twins_{mark} where place > 1")
    rest = over(frame, f"select log.* from log anti join moments_{mark} moments on {_SAME_MOMENT} "
                       f"union all select {names} from spared_{mark}")
    return rest, list(people_of(left)[:6]), count_rows(left)
