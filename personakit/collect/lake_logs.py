"""A large log, or a vendor's Parquet, becomes a relation with canonical columns: nothing is loaded, every row accounted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.collect.account import EMPTY_ROW, NO_ID, begin, guessed, lose, noted, with_frame
from personakit.collect.audit import RECORD, quote
from personakit.collect.fields import literal, sql_at
from personakit.collect.files import digest_of
from personakit.collect.lake import Lake, Refusal, look, open_lake
from personakit.collect.lake_times import HIGH_US, LOW_US, Column, times_in_sql
from personakit.collect.options import LOCAL_TIME, Options
from personakit.collect.tables import name_columns
from personakit.collect.vendors import ADDRESS, MOST_ORDER, SESSION, Vendor, fields_of, in_order
from personakit.errors import StudyError, first_five, unknown_name
from personakit.records import Reading
from personakit.schema import CONTENT, EVENT, ORDER, PARTICIPANT, TABLES, TIME

#: what stands around an id and is no part of it
_BLANKS = " \t\r\n\u00a0\u202f"
_NUMBER = literal(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE_KINDS = ("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "hugeint")
_FRACTION_KINDS = ("float", "double", "decimal")
#: canonical column -> its SQL and DuckDB type (None: text)
Fields = Mapping[str, tuple[str, Any]]


def read_lake(options: Options, files: Sequence[Path], vendor: Vendor | None = None) -> Reading:
    """Read a log with DuckDB: the counted table is a relation, to be passed on as any frame is."""
    lake = open_lake(options, files)
    digest = digest_of(tuple(files), options)
    rows, = lake.ask("count(*)")
    if not rows:
        raise StudyError(f"{options.where}: holds no row under its header. Add rows, or remove [{options.table}] from "
                         f"study.toml.")
    layout = options.layout if vendor else "csv" if lake.text else "parquet"
    reading = begin(options, None, sha256=digest, layout=str(layout), rows=rows, guesses=lake.guesses)
    if lake.twice:
        reading = noted(reading, "collect.twice", n=len(lake.twice), first=first_five(lake.twice))
    fields = _plain_fields(lake, options) if vendor is None else _vendor_fields(lake, options, vendor)
    if vendor is None:
        nothing = " and ".join(f"{quote(name)} is null" for name in lake.columns)
        lake, reading = _without(lake, reading, nothing, EMPTY_ROW)
    else:
        lake, reading = _without(lake, reading, f"{fields[PARTICIPANT][0]} is null", NO_ID)
        reading = _notes(lake, reading, fields, vendor)
    reading, time_us = _times(lake, reading, options, vendor, fields)
    columns = {}
    for name, (sql, kind) in fields.items():
        if name != LOCAL_TIME:
            reading, columns[name] = (reading, time_us) if name == TIME else _canonical(lake, reading, name, sql, kind)
    columns[TIME] = time_us
    names = list(columns) if vendor is None else in_order(columns)
    return with_frame(reading, lake.select({name: columns[name] for name in names}))


def _without(lake: Lake, reading: Reading, condition: str, reason: str) -> tuple[Lake, Reading]:
    count, = lake.ask(f"count(*) filter (where {condition})")
    if not count:
        return lake, reading
    if count == reading.report.kept:
        raise StudyError(f"{lake.options.where}: none of its {count} rows says whose it is. Name the column that does: "
                         f'participant_id = "..." under [{lake.options.table}].')
    return replace(lake, where=f" where not ({condition})"), lose(reading, count, reason)


# ---------------------------------------------------------------- which column is which
def _plain_fields(lake: Lake, options: Options) -> Fields:
    """Name columns as a table in memory names them: asked of one row that holds the number of each column."""
    names = list(lake.names)
    one = pd.DataFrame([[str(place) for place in range(len(names))]], columns=names, dtype="str")
    taken: set[str] = set()
    fields: dict[str, tuple[str, Any]] = {}
    for name, place in name_columns(one, options, lake.twice).iloc[0].items():
        inner = lake.names[names[int(place)]]
        # DuckDB does not tell capitals apart
        shown = f"{name} (file)" if str(name).casefold() in taken else str(name)
        taken.add(shown.casefold())
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
            fields[name] = (f"coalesce({', '.join(_text(*one) for one in found)})", None)
    missing = [name for name in TABLES["events"][0] if name not in fields and not (name == TIME and LOCAL_TIME in fields)]
    if missing:
        raise StudyError(f"{options.where}: nothing in it is a {missing[0]} (columns: {first_five(lake.names)}). Name it "
                         f"under [{options.table}], or another layout.")
    if vendor.own_sessions and SESSION in fields:
        session = f"nullif({_text(*fields[SESSION])}, '-1')"
        fields[SESSION] = (f"{_text(*fields[PARTICIPANT])} || '.' || {session}", None)
    if vendor.timed_records and RECORD in fields:
        fields[RECORD] = (f"{_text(*fields[RECORD])} || '@' || {_text(*fields[LOCAL_TIME])}", None)
    fields[PARTICIPANT] = (_id(lake, *fields[PARTICIPANT]), None)
    if CONTENT in fields:
        fields[CONTENT] = (f"regexp_replace({_text(*fields[CONTENT])}, {literal(ADDRESS)}, '\\1')", None)
    packed = _packed_order(lake, vendor)
    return {**fields, **({ORDER: (packed, "bigint")} if packed and ORDER not in fields else {})}


def _notes(lake: Lake, reading: Reading, fields: Fields, vendor: Vendor) -> Reading:
    """Note what a vendor's log in memory notes too: heartbeats, and rows known by another id than the others."""
    floods, = lake.ask(f"count(*) filter (where {fields[EVENT][0]} = {literal(vendor.flood)})") if vendor.flood else (0,)
    reading = noted(reading, "events.floods", n=floods, first=vendor.flood) if floods else reading
    ways = fields_of(vendor, lake.options)[PARTICIPANT]
    found = {way: one for way in ways if (one := sql_at(lake.names.get(way, way), lake.columns)) is not None}
    filled = lake.ask(*(f"count({_text(*one)})" for one in found.values()), "count(*)")
    used = [(way, count) for way, count in zip(found, filled, strict=False) if count]
    others = filled[-1] - used[0][1] if used else 0
    return noted(reading, "events.other_ids", n=others, first=used[0][0]) if others else reading


def _packed_order(lake: Lake, vendor: Vendor) -> str | None:
    """Pack the numbers that part simultaneous events into one, as ``pack_order`` does."""
    found = [one for name in vendor.order if (one := sql_at(name, lake.columns)) is not None]
    if len(found) < len(vendor.order) or not found:
        return None
    parts = [f"greatest(coalesce(try_cast({_text(*one)} as bigint), 0), 0)" for one in found]
    if len(parts) == 1:
        return parts[0]
    packed = "0"
    for part, bits in zip(parts, MOST_ORDER, strict=True):
        packed = f"({packed} * {2**bits} + least({part}, {2**bits - 1}))"
    return packed


# ---------------------------------------------------------------- values
def _text(sql: str, kind: Any) -> str:
    """Write a value as text, whole numbers without a decimal point; nothing where it is empty."""
    name = "varchar" if kind is None or isinstance(kind, str) else kind.id
    if name in _FRACTION_KINDS:
        whole = f"{sql} = trunc({sql}) and abs({sql}) < 1e15"
        return f"case when {whole} then cast(cast({sql} as bigint) as varchar) else cast({sql} as varchar) end"
    return f"nullif(cast({sql} as varchar), '')"


def _id(lake: Lake, sql: str, kind: Any) -> str:
    """Write ids as text without blanks around them: trimmed at each reading only where some have any."""
    text = _text(sql, kind)
    blank, = lake.ask(f"bool_or(regexp_matches({text}, {literal(f'^[{_BLANKS}]|[{_BLANKS}]$')}))")
    return f"nullif(trim({text}, {literal(_BLANKS)}), '')" if blank else text


def _canonical(lake: Lake, reading: Reading, name: str, sql: str, kind: Any) -> tuple[Reading, str]:
    required, optional, _ = TABLES["events"]
    wanted = {**required, **optional, SESSION: "str", RECORD: "str"}.get(name)
    if wanted == "str":
        return reading, _id(lake, sql, kind) if name == PARTICIPANT else _text(sql, kind)
    if wanted is None:
        return reading, sql
    return _number(lake, reading, name, sql, kind)


def _number(lake: Lake, reading: Reading, name: str, sql: str, kind: Any) -> tuple[Reading, str]:
    options, where, decimal = lake.options, f"{lake.options.where}.{name}", lake.options.decimal or "."
    family = kind if isinstance(kind, str) else "varchar" if kind is None else kind.id
    plain = f"cast({sql} as double)"
    if family not in (*_WHOLE_KINDS, *_FRACTION_KINDS):
        text = rf"regexp_replace(trim(cast({sql} as varchar)), '[\x{{00a0}}\x{{202f}}]', '', 'g')"
        commas = rf"count(*) filter (where {text} like '%,%')", rf"count(*) filter (where {text} like '%.%')"
        if options.decimal is None and lake.ask(*commas)[0] and not lake.ask(*commas)[1]:
            decimal, reading = ",", guessed(reading, decimal=",")
        text = text if decimal == "." else f"replace({text}, ',', '.')"
        plain = f"if(regexp_full_match({text}, {_NUMBER}), try_cast({text} as double), null)"
    wrong = f"{sql} is not null and ({plain} is null or isinf({plain}) or isnan({plain}))"
    if options.layout in (None, "table") or name == ORDER:
        hint = "" if decimal == "," else ', or set decimal = "," for this table in study.toml'
        look(lake, where, [Refusal(condition=wrong, shown=sql, what="are not numbers", fix=f"Correct them{hint}.")])
    else:
        count, first = lake.ask(f"count(*) filter (where {wrong})", f"min(cast({sql} as varchar)) filter (where {wrong})")
        reading = noted(reading, "events.not_numbers", n=count, first=str(first)) if count else reading
    if name != ORDER:
        return reading, f"if(isfinite({plain}), {plain}, null)"
    broken = Refusal(condition=f"{plain} <> trunc({plain})", shown=sql, what="are fractions where whole numbers are needed",
                     fix="Correct them in the file.")
    look(lake, where, [broken])
    return reading, f"cast({sql} as bigint)" if family in _WHOLE_KINDS else f"cast({plain} as bigint)"


def _times(lake: Lake, reading: Reading, options: Options, vendor: Vendor | None, fields: Fields) -> tuple[Reading, str]:
    """Turn the column of times into microseconds, by the rules of a table in memory."""
    if LOCAL_TIME not in fields:
        return reading, _microseconds(lake, options, *fields[TIME])
    sql, kind = fields[LOCAL_TIME]
    named = options.mapping.get(LOCAL_TIME, LOCAL_TIME)
    if vendor is not None and vendor.utc:
        options = replace(options, timezone="UTC")
    family = "varchar" if kind is None else kind.id
    sql = f"cast({sql} as varchar)" if family == "varchar" else sql
    column = Column(sql=sql, kind=family, where=f"{options.where}.{named}")
    if vendor is not None and vendor.project_clock:
        column, reading = _project_times(lake, reading, column, options)
        reading = noted(reading, "events.project_clock", n=reading.report.kept, first=str(options.timezone))
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
    if kind is None or kind.id not in _WHOLE_KINDS:
        number = f"try_cast(cast({sql} as varchar) as double)"
        wrong, whole = f"coalesce({number} <> trunc({number}), true)", f"cast({number} as bigint)"
    look(lake, where, [
        Refusal(condition=f"coalesce({wrong} or abs({number}) >= {2**53}, true)", shown=sql,
                what="are not whole numbers of microseconds",
                fix='Correct them, or name a column of ISO times as time = "..." in study.toml.'),
        Refusal(condition=f"{number} not between {LOW_US} and {HIGH_US}", shown=sql,
                what="lie outside the years 1900 to 2200", fix="Correct them; time_us counts microseconds since 1970, in UTC.")])
    return f"cast({whole} as bigint)"
