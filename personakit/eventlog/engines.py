"""What every engine must do for a log of events: name the levels of a column, code them, hand over arrays of numbers.

The frames are narwhals', so DuckDB, polars, PySpark and pandas run the same expressions; only the way out differs.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, ORDER, PARTICIPANT, TIME, VALUE

#: more levels than these are coded by a join, fewer by a list in the query
MOST_LISTED = 256
RANK = "place among the words"
ROWS = "rows"
_MOST = 2**31 - 1


def open_frame(events: Any) -> nw.DataFrame | nw.LazyFrame:
    """Return any frame as narwhals sees it, or say what a log may be."""
    try:
        return nw.from_native(events)
    except TypeError:
        raise StudyError(f"events: a {type(events).__name__} is not a table. Give a pandas, polars, pyarrow or DuckDB "
                         f"frame with participant_id, event and time_us.") from None


def is_lazy(events: Any) -> bool:
    """Whether a log is a query that has not run: a DuckDB relation, a polars LazyFrame, a Spark frame."""
    return isinstance(open_frame(events), nw.LazyFrame)


def engine_of(frame: nw.LazyFrame) -> str:
    """Name the engine that runs a lazy frame, such as ``duckdb``."""
    return frame.implementation.value


def present_columns(frame: nw.DataFrame | nw.LazyFrame, columns: tuple[str, ...] | None) -> list[str]:
    """List the columns of a log to read: those it must have, order and value, and ``columns`` (by default the coded)."""
    there = frame.collect_schema().names()
    wanted = [PARTICIPANT, EVENT, TIME, *(columns or ())]
    missing = [name for name in wanted if name not in there]
    if missing:
        raise StudyError(f"events: column {missing[0]!r} is missing (columns: {first_five(there)}). "
                         f"Name it in study.toml or add it to the table.")
    extra = (ORDER, VALUE) if columns is not None else (ORDER, VALUE, CHANNEL, DEVICE, CONTENT)
    return list(dict.fromkeys([*wanted, *(name for name in extra if name in there)]))


def arrays_of(frame: nw.LazyFrame) -> dict[str, np.ndarray]:
    """Run a query and return its columns; numbers must have no gaps. Only Spark and a bare Arrow engine need pyarrow."""
    if frame.implementation.is_duckdb():
        return {name: np.asarray(one) for name, one in frame.to_native().fetchnumpy().items()}
    if frame.implementation.is_pandas_like():
        eager = frame.collect(backend="pandas")
    else:  # PySpark warns of pandas 3, so its rows come through Arrow
        eager = frame.collect(backend="polars" if frame.implementation.is_polars() else "pyarrow")
    return {name: eager[name].to_numpy() for name in eager.columns}


def count_rows(frame: nw.LazyFrame) -> int:
    """Count the rows of a query."""
    return int(arrays_of(frame.select(nw.len().cast(nw.Int64).alias(ROWS)))[ROWS][0])


def levels_of(frame: nw.LazyFrame, column: str, *, gaps: bool) -> pd.Index:
    """List the words of a column, sorted as text; raise where rows have none and ``gaps`` does not allow it."""
    found = frame.select(column).group_by(column).agg(nw.len().alias(ROWS))
    words = found.select(nw.col(column).cast(nw.String), ROWS).group_by(column).agg(nw.col(ROWS).sum())
    empty = "empty_words"
    listed = arrays_of(words.select(nw.when(nw.col(column).is_null()).then(1).otherwise(0).alias(empty),
                                    _rank(column).alias(RANK), nw.col(column).fill_null(""), ROWS))
    none = listed[empty].astype(bool)
    if none.any() and not gaps:
        raise StudyError(f"events.{column}: {int(listed[ROWS][none].sum())} of {int(listed[ROWS].sum())} are empty. "
                         f"Fill them or drop these rows.")
    # an engine may be set to sort otherwise (collation, descending): what counts is the rank that codes the events
    ordered = np.argsort(listed[RANK][~none])
    return pd.Index(listed[column][~none][ordered].astype(object), dtype="str", name=column)


def with_level_codes(frame: nw.LazyFrame, column: str, levels: pd.Index, code: str) -> nw.LazyFrame:
    """Give a frame the place of each word of ``column`` in ``levels`` (all of them, sorted), -1 where it has none."""
    kind = frame.collect_schema()[column]
    if len(levels) <= MOST_LISTED and kind == nw.String:
        return frame.with_columns(lookup(nw.col(column), list(levels), list(range(len(levels)))).alias(code))
    # the rank of a word among the words: a join of integers and text inside the engine, and no text comes out
    places = frame.filter(~nw.col(column).is_null()).group_by(column).agg(nw.len().alias(ROWS))
    coded = frame.join(places.select(nw.col(column), (_rank(column) - 1).alias(code)), on=column, how="left")
    return coded.with_columns(nw.col(code).fill_null(-1))


def _rank(column: str) -> nw.Expr:
    return nw.col(column).cast(nw.String).rank("dense").fill_null(0).cast(nw.Int32)


def lookup(column: nw.Expr, words: list[Any], codes: list[int]) -> nw.Expr:
    """Code the words of a column: ``codes`` in the order of ``words``, -1 for any other and for gaps."""
    if not words:
        return nw.when(column.is_null()).then(nw.lit(-1)).otherwise(nw.lit(-1)).cast(nw.Int32)
    return column.replace_strict(words, codes, default=-1, return_dtype=nw.Int32).fill_null(-1)


def whole_numbers(frame: nw.LazyFrame, column: str) -> Any:
    """Give a small type that holds a column of whole numbers of at most eight bytes; None where it is none or has gaps."""
    kind = frame.collect_schema()[column]
    if not kind.is_integer() or kind in (nw.Int128, nw.UInt128) or count_rows(frame.filter(nw.col(column).is_null())):
        return None
    wide = (nw.col(column) > _MOST) | (nw.col(column) < -_MOST) if kind.is_signed_integer() else nw.col(column) > _MOST
    return kind if count_rows(frame.filter(wide)) else nw.Int32


def check_times(frame: nw.LazyFrame) -> None:
    """Raise where times are not whole numbers without gaps."""
    kind = frame.collect_schema()[TIME]
    empty = 0 if not kind.is_integer() else count_rows(frame.filter(nw.col(TIME).is_null()))
    if not kind.is_integer() or empty:
        raise StudyError(f"events.{TIME}: must be whole UTC microseconds without gaps, not {kind}"
                         f"{f' with {empty} gaps' if empty else ''}. Convert the times, for instance with load_study.")
