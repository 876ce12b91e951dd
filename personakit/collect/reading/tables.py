"""The plain layout: a header, then one row each; columns under their canonical names, values read, every row accounted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from personakit.collect.reading.account import EMPTY_ROW, begin, frame_of, guessed, noted, put_aside, with_frame
from personakit.collect.reading.cells import find_column, read_cells, refuse_unclear, take_header
from personakit.collect.reading.options import LOCAL_TIME, NUMBER_THE_ROWS, Options, canonical_columns
from personakit.collect.reading.times import read_time_us, read_times
from personakit.collect.reading.values import guess_decimal, read_frame
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import PARTICIPANT, TIME


def read_plain(options: Options) -> Reading:
    """Read a plain table of any kind: CSV, TSV, a workbook, Parquet or JSON lines."""
    cells = read_cells(options)
    frame, twice = take_header(cells, options)
    reading = begin(options, frame, sha256=cells.sha256, layout=cells.layout, guesses=cells.guesses)
    return finish(reading, options, twice)


def finish(reading: Reading, options: Options, twice: Sequence[str] = ()) -> Reading:
    """Turn the named text columns of a reading into a canonical table: what every layout ends with."""
    reading = put_aside(reading, frame_of(reading).isna().all(axis=1), EMPTY_ROW)
    frame = frame_of(reading)
    if frame.empty:
        raise StudyError(f"{options.where}: holds no row under its header. Add rows, or remove [{options.table}] from "
                         f"study.toml.")
    if twice:
        reading = noted(reading, "collect.twice", n=len(twice), first=first_five(twice))
    frame = name_columns(frame, options, twice)
    if options.table == "events":
        reading, frame = _with_times(reading, frame, options)
    decimal = guess_decimal(frame, options)
    reading = guessed(reading, decimal=decimal)
    return with_frame(reading, read_frame(frame, options, decimal or options.decimal))


def name_columns(frame: pd.DataFrame, options: Options, twice: Sequence[str]) -> pd.DataFrame:
    """Give columns their canonical names and keep those that are asked for."""
    numbered = options.mapping.get(PARTICIPANT) == NUMBER_THE_ROWS and options.table in ("participants", "answers")
    sources = {name: column for name, column in options.mapping.items() if not (numbered and name == PARTICIPANT)}
    for column in (*sources.values(), *(options.columns or ())):
        refuse_unclear(find_column(column, frame, options), twice, options)
    named = {PARTICIPANT: row_ids(frame)} if numbered else {}
    named |= {name: frame[column] for name, column in sources.items()}
    wanted = set(frame.columns)
    if options.columns is not None:
        wanted = {*options.columns, *(name for name in canonical_columns(options.table) if name not in named)}
    for name in frame.columns:
        if name in wanted and (name not in sources.values() or name in (options.columns or ())):
            # a column that bears a canonical name but is not the one that was mapped goes on under another name
            named[f"{name} (file)" if name in named else name] = frame[name]
    if PARTICIPANT in named:
        named[PARTICIPANT] = as_ids(named[PARTICIPANT])
    return pd.DataFrame(named, index=frame.index)


def as_ids(column: pd.Series) -> pd.Series:
    """Return ids as text: whole numbers without a decimal point, no spaces around."""
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all() and column.abs().max() < 2**63:
        column = column.astype("Int64")
    text = column.astype("str").str.strip()
    return text.where(column.notna() & text.ne("")).astype("str")


def row_ids(frame: pd.DataFrame) -> pd.Series:
    """Return numbers as ids for a file without them: p0001, p0002 ..."""
    numbers = frame.index + 1
    digits = max(4, len(str(numbers.max())))
    return pd.Series([f"p{number:0{digits}d}" for number in numbers], index=frame.index, dtype="str")


def _with_times(reading: Reading, frame: pd.DataFrame, options: Options) -> tuple[Reading, pd.DataFrame]:
    if LOCAL_TIME not in options.mapping and (TIME in options.mapping or TIME in frame.columns):
        read = read_time_us(frame[TIME], where=f"{options.where}.{TIME}")
        rest = frame
    elif LOCAL_TIME in frame.columns:
        read = read_times(frame[LOCAL_TIME], where=f"{options.where}.{options.mapping.get(LOCAL_TIME, LOCAL_TIME)}",
                          timezone=options.timezone, time_format=options.time_format)
        rest = frame.drop(columns=[LOCAL_TIME, TIME], errors="ignore")
    else:
        raise StudyError(f"{options.where}: no column of times (columns: {first_five(frame.columns)}). Name it: "
                         f'time = "..." or time_us = "..." under [events] in study.toml.')
    reading = guessed(reading, **read.guesses)
    for hour, count in (("repeated", read.repeated), ("skipped", read.skipped)):
        if count:
            reading = noted(reading, f"collect.clock_{hour}", n=count, first=options.timezone)
    return reading, rest.assign(**{TIME: read.time_us})
