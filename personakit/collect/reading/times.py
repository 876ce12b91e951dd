"""From written times to UTC microseconds: epochs, ISO times, times of a declared format, dates of either order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five, unknown_name

EARLIEST, LATEST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
_HAS_ZONE = r"\d{1,2}:\d{2}.*(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)\s*$"
#: epoch unit -> microseconds in it; of nanoseconds a thousand make one
EPOCH_UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 0}
#: epochs are believed between these two days: units lie a factor of 1,000 apart, so only one can fit
_SINCE, _UNTIL = pd.Timestamp("1990-01-01", tz="UTC").timestamp(), pd.Timestamp("2100-01-01", tz="UTC").timestamp()
DAY_FIRST = re.compile(r"^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?$")


@dataclass(frozen=True, kw_only=True)
class Times:
    """UTC microseconds, what was guessed to read them, and how many fell in an hour that clocks repeat or skip."""

    time_us: pd.Series
    guesses: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    skipped: int = 0


def read_times(column: pd.Series, *, where: str, timezone: str | None, time_format: str | None) -> Times:
    """Read a column of times in whatever way they are written.

    Whole numbers are epochs, their unit guessed by magnitude (1990 to 2100) or said by ``time_format`` (``seconds``,
    ``milliseconds`` ...); ISO times and typed timestamps are read as they are; ``31/03/2026 14:05`` needs a day beyond
    12 somewhere to tell the order, else ``time_format``. Times without a zone are local in ``timezone``, and refused
    without it: an hour that clocks repeat is read as its first occurrence, an hour that they skip moves to the end of
    the gap.
    """
    _refuse(column.isna(), column, where, "are empty", "Fill them or drop these rows.")
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _zoned(column, column, where, timezone, {})
    if time_format in EPOCH_UNITS or pd.api.types.is_numeric_dtype(column.dtype) or (
            time_format is None and _all_digits(column)):
        return _epochs(pd.to_numeric(column, errors="coerce"), column, where, time_format)
    text = column.astype("str").str.strip()
    guesses: dict[str, str] = {}
    if time_format is None and DAY_FIRST.match(text.iloc[0]):
        time_format = guess_date_order(text, where)
        guesses = {"time_format": time_format}
    return _zoned(_parse(text, where, time_format), text, where, timezone, guesses)


def read_time_us(column: pd.Series, *, where: str) -> Times:
    """Read a column of UTC microseconds written as whole numbers."""
    number = pd.to_numeric(column, errors="coerce")
    whole = number.notna() & (number.abs() < 2.0**53) & (number % 1 == 0)
    _refuse(~whole, column, where, "are not whole numbers of microseconds",
            'Correct them, or name a column of ISO times as time = "..." in study.toml.')
    parsed = pd.to_datetime(number.astype("int64"), unit="us", utc=True, errors="coerce")
    return Times(time_us=_as_microseconds(parsed, column, where))


def epoch_unit(low: float, high: float) -> str | None:
    """Return the unit in which numbers from ``low`` to ``high`` count time since 1970, or None where none fits.

    Examples
    --------
    >>> epoch_unit(1767600000, 1767700000), epoch_unit(1767600000000, 1767700000000), epoch_unit(5, 9)
    ('seconds', 'milliseconds', None)
    """
    for unit, size in EPOCH_UNITS.items():
        if low * size / 1e6 >= _SINCE and high * size / 1e6 < _UNTIL:
            return unit
    return None


def guess_date_order(text: pd.Series, where: str) -> str:
    """Return the format of dates such as 31/03/2026 or 03/31/2026 14:05, or raise where no row tells the order."""
    parts = text.str.extract(DAY_FIRST.pattern)
    _refuse(parts[0].isna(), text, where, "are not dates like the others",
            'Write them alike, or give their time_format (such as "%d/%m/%Y %H:%M") in study.toml.')
    first, second = parts[0].astype(int), parts[2].astype(int)
    if (first > 12).any() == (second > 12).any():
        raise StudyError(f"{where}: dates such as {text.iloc[0]} may begin with the day or with the month. Say which: "
                         f'time_format = "%d/%m/%Y" (day first) or "%m/%d/%Y", with " %H:%M" for hours.')
    day, month = ("%d", "%m") if (first > 12).any() else ("%m", "%d")
    mark, year = parts[1].iloc[0], "%Y" if len(parts[3].iloc[0]) == 4 else "%y"
    clock = parts[4].iloc[0]
    hours = "" if not isinstance(clock, str) else " %H:%M" + (":%S" if clock.count(":") == 2 else "") + (
        ".%f" if "." in clock else "")
    return f"{day}{mark}{month}{mark}{year}{hours}"


def _all_digits(column: pd.Series) -> bool:
    return bool(column.astype("str").str.fullmatch(r"\s*-?\d{9,19}(?:\.\d+)?\s*").all())


def _epochs(number: pd.Series, given: pd.Series, where: str, said: str | None) -> Times:
    fix = "Correct them; epochs count seconds, milliseconds or microseconds since 1970, in UTC."
    _refuse(number.isna() | (number.abs() == np.inf), given, where, "are not numbers", fix)
    low, high = float(number.min()), float(number.max())
    unit = said if said in EPOCH_UNITS else epoch_unit(low, high)
    guesses = {} if said in EPOCH_UNITS else {"time_format": str(unit)}
    if unit is None and epoch_unit(low / 1000, high / 1000) == "microseconds":
        unit, guesses = "nanoseconds", {"time_format": "nanoseconds"}
    if unit is None:
        mixed = epoch_unit(low, low) and epoch_unit(high, high)
        raise StudyError(f"{where}: {'are epochs of several units' if mixed else 'are not times since 1970'} (from "
                         f"{given.iloc[int(number.argmin())]} to {given.iloc[int(number.argmax())]}). {fix}")
    if unit == "nanoseconds":
        return Times(time_us=number.astype("int64") // 1000, guesses=guesses)
    if not (number.abs() * EPOCH_UNITS[unit] < 2.0**62).all():
        raise StudyError(f"{where}: are too large for {unit} since 1970. {fix}")
    if pd.api.types.is_integer_dtype(number.dtype):  # of any width: small ones would run over
        return Times(time_us=number.astype("int64") * EPOCH_UNITS[unit], guesses=guesses)
    return Times(time_us=(number * EPOCH_UNITS[unit]).round().astype("int64"), guesses=guesses)


def _parse(text: pd.Series, where: str, time_format: str | None) -> pd.Series:
    fix = "Write them as 2026-03-31 14:05:00, or give their time_format (such as \"%d/%m/%Y %H:%M\") in study.toml."
    if time_format is None:
        # pandas would read the word "now" as the time of this run
        _refuse(~text.str.slice(0, 1).isin(list("0123456789")), text, where, "are not ISO times", fix)
        text = text.str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
    parsed = _by_layout(text, time_format, where)
    if not parsed.isna().any():
        return parsed
    parsed = _by_layout(text, time_format, where, utc=True, errors="coerce")
    _refuse(parsed.isna(), text, where, "are not times", fix)
    with_zone = text.str.contains(_HAS_ZONE, regex=True)
    if time_format is None and with_zone.any() and not with_zone.all():
        raise StudyError(f"{where}: {int(with_zone.sum())} of {len(text)} times carry a zone and the others do not "
                         f"({first_five(text[~with_zone])}). Give all of them a zone, or none.")
    return parsed


def _by_layout(text: pd.Series, time_format: str | None, where: str, **how: Any) -> pd.Series:
    try:
        return pd.to_datetime(text, format=time_format or "ISO8601", **how)
    except (ValueError, OverflowError, re.error, KeyError):
        if not how:
            return pd.Series(pd.NaT, index=text.index)
        raise StudyError(f"{where}: time_format {time_format!r} cannot be used. Write it as in "
                         f'"%d/%m/%Y %H:%M".') from None


def _zoned(parsed: pd.Series, text: pd.Series, where: str, timezone: str | None, guesses: dict[str, str]) -> Times:
    if parsed.dt.tz is not None:
        return Times(time_us=_as_microseconds(parsed, text, where), guesses=guesses)
    if timezone is None:
        raise StudyError(f"{where}: times carry no zone ({text.iloc[0]}). Say where they were written down: add "
                         f'timezone = "Europe/Paris" (or yours) at the top of study.toml.')
    first = np.ones(len(parsed), dtype=bool)
    try:
        local = parsed.dt.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
        later = parsed.dt.tz_localize(timezone, ambiguous=~first, nonexistent="shift_forward")
    except (ValueError, OverflowError, KeyError, OSError):
        check_timezone(where, timezone)
        raise StudyError(f"{where}: some times lie too far back or ahead for {timezone}. Correct them.") from None
    skipped = local.dt.tz_localize(None) != parsed
    return Times(time_us=_as_microseconds(local, text, where), guesses=guesses, repeated=int((local != later).sum()),
                 skipped=int(skipped.sum()))


def check_timezone(where: str, name: str) -> str:
    """Return the name of a time zone, or raise ``StudyError`` with the nearest there is."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        near = unknown_name("", name, available_timezones()).rpartition(" Did you mean ")[2]
        hint = f" Did you mean {near}" if near.endswith("?") else ""
        raise StudyError(f'{where}: timezone {name!r} is unknown. Write it as in "Europe/Paris".{hint}') from None
    return name


def _as_microseconds(parsed: pd.Series, text: pd.Series, where: str) -> pd.Series:
    moment = parsed.dt.tz_convert("UTC")
    _refuse(~moment.between(EARLIEST, LATEST), text, where, "lie outside the years 1900 to 2200",
            "Correct them; time_us counts microseconds since 1970, in UTC.")
    return moment.dt.tz_localize(None).dt.as_unit("us").astype("int64")


def _refuse(wrong: pd.Series, text: pd.Series, where: str, what: str, fix: str) -> None:
    if wrong.any():
        raise StudyError(f"{where}: {int(wrong.sum())} of {len(text)} {what} ({first_five(text[wrong])}; rows "
                         f"{first_five(text.index[wrong] + 1)}). {fix}")
