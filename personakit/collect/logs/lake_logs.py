"""A large log, or a vendor's Parquet, becomes a relation with canonical columns: nothing is loaded, every row accounted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.collect.logs.audit import RECORD, quote
from personakit.collect.logs.fields import literal, sql_at
from personakit.collect.logs.files import digest_of
from personakit.collect.logs.lake import WHOLE_KINDS, Lake, Refusal, look, open_lake
from personakit.collect.logs.lake_times import HIGH_US, LOW_US, Column, times_in_sql
from personakit.collect.logs.lake_values import id_of, kind_of, number_of, refuse_words, text_of, whole_of
from personakit.collect.logs.vendors import ADDRESS, MOST_ORDER, SESSION, Vendor, fields_of, in_order
from personakit.collect.reading.account import EMPTY_ROW, NO_ID, begin, guessed, lose, noted, with_frame
from personakit.collect.reading.options import LOCAL_TIME, Options, canonical_columns
from personakit.collect.reading.tables import name_columns
from personakit.errors import StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.schema import CONTENT, EVENT, ORDER, PARTICIPANT, TABLES, TIME

#: canonical column -> its SQL and DuckDB type (None: text)
Fields = Mapping[str, tuple[str, Any]]


def read_lake(options: Options, files: Sequence[Path], vendor: Vendor | None = None) -> Reading:
    """Read a log with DuckDB: the counted table is a relation, to be passed on as any frame is."""
    lake = open_lake(options, files)
    digest = digest_of(tuple(files), options)
    empty = " and ".join(f"{quote(name)} is null" for name in lake.columns)
    rows, blank = lake.ask("count(*)", f"count(*) filter (where {empty})" if vendor is None else "0")
    if not rows:
        raise StudyError(f"{options.where}: holds no row under its header. Add rows, or remove [{options.table}] from "
                         f"study.toml.")
    layout = options.layout if vendor else "csv" if lake.text else "parquet"
    reading = begin(options, None, sha256=digest, layout=str(layout), rows=rows, guesses=lake.guesses)
    if lake.twice:
        reading = noted(reading, "collect.twice", n=len(lake.twice), first=first_five(lake.twice))
    fields = _plain_fields(lake, options) if vendor is None else _vendor_fields(lake, options, vendor)
    if vendor is None:
        lake, reading = _without(lake, reading, empty, EMPTY_ROW, blank)
    else:
        nobody = f"{fields[PARTICIPANT][0]} is null"
        lake, reading = _without(lake, reading, nobody, NO_ID, *lake.ask(f"count(*) filter (where {nobody})"))
        reading = _notes(lake, reading, fields, vendor)
    reading, time_us = _times(lake, reading, options, vendor, fields)
    columns = {}
    for name, (sql, kind) in fields.items():
        if name != LOCAL_TIME:
            reading, columns[name] = (reading, time_us) if name == TIME else _canonical(lake, reading, name, (sql, kind))
    columns[TIME] = time_us
    names = list(columns) if vendor is None else in_order(_filled(lake, columns))
    return with_frame(reading, lake.select({name: columns[name] for name in names}))


def _filled(lake: Lake, columns: Mapping[str, str]) -> list[str]:
    """Leave out the columns that a vendor's log has and never fills."""
    counts = lake.ask(*(f"count({sql})" for sql in columns.values()))
    return [name for name, count in zip(columns, counts, strict=True) if count or name in TABLES["events"][0]]


def _without(lake: Lake, reading: Reading, condition: str, reason: str, count: int) -> tuple[Lake, Reading]:
    if not count:
        return lake, reading
    if count == reading.report.kept:
        what = "holds a value" if reason == EMPTY_ROW else "says whose it is"
        raise StudyError(f"{lake.options.where}: none of its {count} rows {what}. Name another file, or the column that "
                         f'does: participant_id = "..." under [{lake.options.table}].')
    return replace(lake, where=f" where not ({condition})"), lose(reading, count, reason)


# ---------------------------------------------------------------- which column is which
def _plain_fields(lake: Lake, options: Options) -> Fields:
    """Name columns as a table in memory names them: asked of one row that holds the number of each column."""
    names = list(lake.names)
    one = pd.DataFrame([[str(place) for place in range(len(names))]], columns=names, dtype="str")
    named = name_columns(one, options, lake.twice).iloc[0]
    ours = {str(name) for name in named.index} & set(canonical_columns("events"))
    fields: dict[str, tuple[str, Any]] = {}
    for name, place in named.items():
        inner = lake.names[names[int(place)]]
        shown = inner if str(name) == names[int(place)] and name not in ours else str(name)
        # DuckDB does not tell capitals apart
        shown = f"{shown} (file)" if shown not in ours and shown.casefold() in ours else shown
        fields[shown] = sql_at(inner, lake.columns) or (quote(inner), None)
    if TIME not in fields and LOCAL_TIME not in fields:
        raise StudyError(f"{options.where}: no column of times (columns: {first_five(names)}). Name it: time = \"...\" or "
                         f'time_us = "..." under [events] in study.toml.')
    if LOCAL_TIME in fields and (LOCAL_TIME in options.mapping or TIME not in fields):
        fields.pop(TIME, None)
    return fields


def _vendor_fields(lake: Lake, options: Options, vendor: Vendor) -> Fields:
    """Follow the paths of a vendor, or those that were named instead; of several, the first that holds something."""
    fields: dict[str, tuple[str, Any]] = {}
    for name, ways in fields_of(vendor, options).items():
        found = [one for way in ways if (one := sql_at(lake.names.get(way, way), lake.columns)) is not None]
        if name in options.mapping and not found:
            raise StudyError(f"{unknown_name(f'{options.where}: column', ways[0], list(lake.names))} Correct study.toml.")
        if len(found) == 1:
            fields[name] = found[0]
        elif found:
            fields[name] = (f"coalesce({', '.join(text_of(*one) for one in found)})", None)
    missing = [name for name in TABLES["events"][0] if name not in fields and not (name == TIME and LOCAL_TIME in fields)]
    if missing:
        raise StudyError(f"{options.where}: nothing in it is a {missing[0]} (columns: {first_five(lake.names)}). Name it "
                         f"under [{options.table}], or another layout.")
    if vendor.own_sessions and SESSION in fields:
        session = f"nullif({text_of(*fields[SESSION])}, '-1')"
        fields[SESSION] = (f"{text_of(*fields[PARTICIPANT])} || '.' || {session}", None)
    if vendor.timed_records and RECORD in fields:
        fields[RECORD] = (f"{text_of(*fields[RECORD])} || '@' || {text_of(*fields[LOCAL_TIME])}", None)
    fields[PARTICIPANT] = (id_of(lake, *fields[PARTICIPANT]), None)
    if CONTENT in fields:
        fields[CONTENT] = (f"regexp_replace({text_of(*fields[CONTENT])}, {literal(ADDRESS)}, '\\1')", None)
    packed = _packed_order(lake, vendor)
    return {**fields, **({ORDER: (packed, "bigint")} if packed and ORDER not in fields else {})}


def _notes(lake: Lake, reading: Reading, fields: Fields, vendor: Vendor) -> Reading:
    """Note what a vendor's log in memory notes too: heartbeats, and rows known by another id than the others."""
    floods, = lake.ask(f"count(*) filter (where {fields[EVENT][0]} = {literal(vendor.flood)})") if vendor.flood else (0,)
    reading = noted(reading, "logs.floods", n=floods, first=vendor.flood) if floods else reading
    ways = fields_of(vendor, lake.options)[PARTICIPANT]
    found = {way: one for way in ways if (one := sql_at(lake.names.get(way, way), lake.columns)) is not None}
    filled = lake.ask(*(f"count({text_of(*one)})" for one in found.values()), "count(*)")
    used = [(way, count) for way, count in zip(found, filled, strict=False) if count]
    others = filled[-1] - used[0][1] if used else 0
    return noted(reading, "logs.other_ids", n=others, first=used[0][0]) if others else reading


def _packed_order(lake: Lake, vendor: Vendor) -> str | None:
    """Pack the numbers that part simultaneous events into one, as ``pack_order`` does."""
    found = [one for name in vendor.order if (one := sql_at(name, lake.columns)) is not None]
    if len(found) < len(vendor.order) or not found:
        return None
    parts = [f"greatest(coalesce(try_cast({text_of(*one)} as bigint), 0), 0)" for one in found]
    if len(parts) == 1:
        return parts[0]
    packed = "0"
    for part, bits in zip(parts, MOST_ORDER, strict=True):
        packed = f"({packed} * {2**bits} + least({part}, {2**bits - 1}))"
    return packed


# ---------------------------------------------------------------- values
def _canonical(lake: Lake, reading: Reading, name: str, column: tuple[str, Any]) -> tuple[Reading, str]:
    """Return the SQL of a column of the contract, once its values were looked at; other columns stay as they are."""
    required, optional, _ = TABLES["events"]
    wanted, where = {**required, **optional, SESSION: "str", RECORD: "str"}.get(name), f"{lake.options.where}.{name}"
    if wanted is None:
        return reading, column[0]
    if wanted == "str":
        return reading, id_of(lake, *column) if name == PARTICIPANT else text_of(*column)
    number, decimal = number_of(lake, *column)
    reading = guessed(reading, decimal=decimal)
    if name == ORDER or lake.options.layout in (None, "table"):
        refuse_words(lake, where, column[0], number)
        return reading, whole_of(lake, where, *column, number) if name == ORDER else number
    wrong = f"{column[0]} is not null and {number} is null"
    count, first = lake.ask(f"count(*) filter (where {wrong})", f"min(cast({column[0]} as varchar)) filter (where {wrong})")
    return noted(reading, "logs.not_numbers", n=count, first=str(first)) if count else reading, number


def _times(lake: Lake, reading: Reading, options: Options, vendor: Vendor | None, fields: Fields) -> tuple[Reading, str]:
    """Turn the column of times into microseconds, by the rules of a table in memory."""
    if LOCAL_TIME not in fields:
        return reading, _microseconds(lake, options, *fields[TIME])
    sql, kind = fields[LOCAL_TIME]
    named = options.mapping.get(LOCAL_TIME, LOCAL_TIME)
    if vendor is not None and vendor.utc:
        options = replace(options, timezone="UTC")
    family = kind_of(kind)
    sql = f"cast({sql} as varchar)" if family == "varchar" else sql
    column = Column(sql=sql, kind=family, where=f"{options.where}.{named}")
    if vendor is not None and vendor.project_clock:
        column, reading = _project_times(lake, reading, column, options)
        reading = noted(reading, "logs.project_clock", n=reading.report.kept, first=str(options.timezone))
    read = times_in_sql(lake, column, options)
    reading = guessed(reading, **read.guesses)
    for hour, count in (("repeated", read.repeated), ("skipped", read.skipped)):
        if count:
            reading = noted(reading, f"collect.clock_{hour}", n=count, first=options.timezone)
    return reading, read.sql


def _project_times(lake: Lake, reading: Reading, column: Column, options: Options) -> tuple[Column, Reading]:
    """Take epochs for the wall clock of the project that wrote them."""
    first, = lake.ask(f"any_value({column.sql})")
    if not str(first).replace(".", "").strip().isdigit():
        return column, reading
    read = times_in_sql(lake, column, options)
    local = f"make_timestamp({read.sql})"
    return Column(sql=local, kind="timestamp", where=column.where), guessed(reading, **read.guesses)


def _microseconds(lake: Lake, options: Options, sql: str, kind: Any) -> str:
    where, whole = f"{options.where}.{TIME}", sql
    number, wrong = sql, f"{sql} is null"
    if kind_of(kind) not in WHOLE_KINDS:
        number = f"try_cast(cast({sql} as varchar) as double)"
        wrong, whole = f"coalesce({number} <> trunc({number}), true)", f"cast({number} as bigint)"
    look(lake, where, [
        Refusal(condition=f"coalesce({wrong} or abs({number}) >= {2**53}, true)", shown=sql,
                what="are not whole numbers of microseconds",
                fix='Correct them, or name a column of ISO times as time = "..." in study.toml.'),
        Refusal(condition=f"{number} not between {LOW_US} and {HIGH_US}", shown=sql,
                what="lie outside the years 1900 to 2200",
                fix="Correct them; time_us counts microseconds since 1970, in UTC.")])
    return f"cast({whole} as bigint)"
