"""The rules of ``times``, as SQL over a log that is not loaded: the same microseconds, and the same refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from personakit.collect.logs.fields import literal
from personakit.collect.logs.lake import Lake, Refusal, look
from personakit.collect.reading.options import Options
from personakit.collect.reading.times import (
    DAY_FIRST,
    EARLIEST,
    EPOCH_UNITS,
    LATEST,
    check_timezone,
    epoch_unit,
    guess_date_order,
)
from personakit.errors import StudyError
from personakit.eventlog import offsets_between

_DIGITS = r"\s*-?\d{9,19}(?:\.\d+)?\s*"
_FEW_DIGITS = r"\s*-?\d{1,19}(?:\.\d+)?\s*"
_ZONE = r"(:\d\d(?:\.\d+)?)\s*([Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)\s*$"
_ISO = r"\s*\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*(?:[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?\s*"
_FIX_EPOCH = "Correct them; epochs count seconds, milliseconds or microseconds since 1970, in UTC."
_FIX_TEXT = 'Write them as 2026-03-31 14:05:00, or give their time_format (such as "%d/%m/%Y %H:%M") in study.toml.'
LOW_US, HIGH_US = (int(one.timestamp()) * 1_000_000 for one in (EARLIEST, LATEST))


@dataclass(frozen=True, kw_only=True)
class LakeTimes:
    """The SQL of UTC microseconds, what was guessed, and how many fell in an hour that clocks repeat or skip."""

    sql: str
    guesses: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    skipped: int = 0


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of times: its SQL and DuckDB type, and how messages name it."""

    sql: str
    kind: str
    where: str


def times_in_sql(lake: Lake, column: Column, options: Options) -> LakeTimes:
    """Return the SQL that turns a column of times into UTC microseconds; every row of it has been looked at."""
    sql, kind = column.sql, column.kind
    empty = Refusal(condition=f"{sql} is null", shown="null", what="are empty", fix="Fill them or drop these rows.")
    first, = look(lake, column.where, [empty], f"any_value({sql})")
    if kind == "timestamp with time zone":
        return _in_range(lake, column, LakeTimes(sql=f"epoch_us({sql})"))
    if kind.startswith("timestamp") or kind == "date":
        return _localised(lake, column, f"epoch_us(cast({sql} as timestamp))", options)
    if kind != "varchar":
        return _epochs(lake, column, sql, options)
    if options.time_format in EPOCH_UNITS or (options.time_format is None and re.fullmatch(_DIGITS, str(first))):
        return _written_epochs(lake, column, options)
    if options.time_format is not None or DAY_FIRST.match(str(first).strip()):
        return _formatted(lake, column, options)
    return _iso(lake, column, options)


def _written_epochs(lake: Lake, column: Column, options: Options) -> LakeTimes:
    shape = literal(_DIGITS if options.time_format is None else _FEW_DIGITS)
    strange = Refusal(condition=f"not regexp_full_match({column.sql}, {shape})", shown=column.sql, what="are not numbers",
                      fix=_FIX_EPOCH)
    point, = look(lake, column.where, [strange], f"bool_or(contains({column.sql}, '.'))")
    return _epochs(lake, column, f"try_cast(trim({column.sql}) as {'double' if point else 'bigint'})", options)


def _epochs(lake: Lake, column: Column, sql: str, options: Options) -> LakeTimes:
    number = f"cast({sql} as double)"
    wrong = Refusal(condition=f"coalesce(isinf({number}) or isnan({number}), true)", shown=column.sql,
                    what="are not numbers", fix=_FIX_EPOCH)
    low, high = look(lake, column.where, [wrong], f"min({sql})", f"max({sql})")
    said = options.time_format if options.time_format in EPOCH_UNITS else None
    unit = said or epoch_unit(float(low), float(high))
    if unit is None and epoch_unit(float(low) / 1000, float(high) / 1000) == "microseconds":
        unit = "nanoseconds"
    if unit is None:
        mixed = epoch_unit(float(low), float(low)) and epoch_unit(float(high), float(high))
        raise StudyError(f"{column.where}: {'are epochs of several units' if mixed else 'are not times since 1970'} (from "
                         f"{low} to {high}). {_FIX_EPOCH}")
    guesses, size, whole = {} if said else {"time_format": unit}, EPOCH_UNITS[unit], f"cast({sql} as bigint)"
    if unit == "nanoseconds":
        return LakeTimes(sql=f"(({whole} - (({whole} % 1000) + 1000) % 1000) // 1000)", guesses=guesses)
    if max(abs(low), abs(high)) * size >= 2**62:
        raise StudyError(f"{column.where}: are too large for {unit} since 1970. {_FIX_EPOCH}")
    scaled = f"{whole} * {size}" if isinstance(low, int) else f"cast(round_even({number} * {size}, 0) as bigint)"
    return LakeTimes(sql=f"({scaled})", guesses=guesses)


def _iso(lake: Lake, column: Column, options: Options) -> LakeTimes:
    sql, zone = column.sql, f"regexp_extract({column.sql}, {literal(_ZONE)}, 2)"
    local = f"epoch_us(try_cast(trim(regexp_replace({sql}, {literal(_ZONE)}, '\\1')) as timestamp))"
    strange = Refusal(condition=f"not regexp_full_match({sql}, {literal(_ISO)}) or {local} is null", shown=sql,
                      what="are not ISO times", fix=_FIX_TEXT)
    with_zone, count = look(lake, column.where, [strange], f"count(*) filter (where {zone} <> '')", "count(*)")
    if 0 < with_zone < count:
        raise StudyError(f"{column.where}: {with_zone} of {count} times carry a zone and the others do not. Give all of "
                         f"them a zone, or none.")
    if not with_zone:
        return _localised(lake, column, f"epoch_us(try_cast(trim({sql}) as timestamp))", options)
    clean = f"replace({zone}, ':', '')"
    minutes = f"(try_cast(substr({clean}, 2, 2) as bigint) * 60 + coalesce(try_cast(substr({clean}, 4, 2) as bigint), 0))"
    offset = f"case {zone}[1] when '+' then {minutes} when '-' then -{minutes} else 0 end"
    return _in_range(lake, column, LakeTimes(sql=f"({local} - ({offset}) * 60000000)"))


def _formatted(lake: Lake, column: Column, options: Options) -> LakeTimes:
    time_format = options.time_format
    guesses = {} if time_format else {"time_format": _date_order(lake, column)}
    moment = f"try_strptime(trim({column.sql}), {literal(time_format or guesses['time_format'])})"
    wrong = Refusal(condition=f"{moment} is null", shown=column.sql, what="are not times", fix=_FIX_TEXT)
    try:
        kind, = look(lake, column.where, [wrong], f"any_value(typeof({moment}))")
    except StudyError as error:
        raise StudyError(f"{error} (time_format {time_format or guesses['time_format']!r})") from None
    if kind != "TIMESTAMP":
        return _in_range(lake, column, LakeTimes(sql=f"epoch_us({moment})", guesses=guesses))
    return _localised(lake, column, f"epoch_us({moment})", options, guesses)


def _date_order(lake: Lake, column: Column) -> str:
    """Guess as ``times`` does, from the row with the largest day and the one with the largest month."""
    text, pattern = f"trim({column.sql})", literal(DAY_FIRST.pattern.replace(r"\2", "[/.-]"))
    strange = Refusal(condition=f"not regexp_full_match({text}, {pattern})", shown=column.sql,
                      what="are not dates like the others", fix=_FIX_TEXT)
    parts = [f"try_cast(regexp_extract({text}, {pattern}, {group}) as integer)" for group in (1, 3)]
    rows = look(lake, column.where, [strange], *(f"arg_max({text}, {part})" for part in parts))
    return guess_date_order(pd.Series(rows, dtype="str"), column.where)


def _in_range(lake: Lake, column: Column, times: LakeTimes) -> LakeTimes:
    outside = Refusal(condition=f"{times.sql} not between {LOW_US} and {HIGH_US}", shown=column.sql,
                      what="lie outside the years 1900 to 2200",
                      fix="Correct them; time_us counts microseconds since 1970, in UTC.")
    look(lake, column.where, [outside])
    return times


# ---------------------------------------------------------------- local times
def _localised(lake: Lake, column: Column, local: str, options: Options, guesses: dict[str, str] | None = None) -> LakeTimes:
    low, high, one = lake.ask(f"min({local})", f"max({local})", f"any_value({column.sql})")
    if options.timezone is None:
        raise StudyError(f"{column.where}: times carry no zone ({one}). Say where they were written down: add "
                         f'timezone = "Europe/Paris" (or yours) at the top of study.toml.')
    check_timezone(column.where, options.timezone)
    if low < LOW_US or high > HIGH_US:
        _in_range(lake, column, LakeTimes(sql=local))
    steps = offsets_between(options.timezone, low, high)
    cases, ranges = _pieces(local, steps)
    found = lake.ask(*(f"count(*) filter (where {any_of})" for any_of in ranges.values())) if cases else (0, 0)
    out = f"{local} - {steps[0][1]}"
    return LakeTimes(sql=f"(case {' '.join(cases)} else {out} end)" if cases else f"({out})", guesses=guesses or {},
                     **dict(zip(ranges, found, strict=True)))


def _pieces(local: str, steps: list[tuple[int, int]]) -> tuple[list[str], dict[str, str]]:
    """Return the cases of a clock's changes, the last first, and the conditions of a repeated and of a skipped hour.

    An hour that clocks repeat is its first occurrence; one that they skip moves to the end of the gap.
    """
    cases: list[tuple[int, str]] = []
    ranges: dict[str, list[str]] = {"repeated": [], "skipped": []}
    for (_, before), (moment, after) in zip(steps[:-1], steps[1:], strict=True):
        edge, end = moment + before, moment + after
        low, high = sorted((edge, end))
        ranges["skipped" if end > edge else "repeated"].append(f"({local} >= {low} and {local} < {high})")
        cases.append((high, f"when {local} >= {high} then {local} - {after}"))
        if end > edge:
            cases.append((edge, f"when {local} >= {edge} then {moment}"))
    return ([case for _, case in sorted(cases, reverse=True)],
            {name: " or ".join(some) or "false" for name, some in ranges.items()})
