"""From written times to UTC microseconds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five

#: attribute of the events frame: how many times fell in an hour that clocks repeat, or skip
CLOCK_NOTES = "clock_notes"
_EARLIEST, _LATEST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
_HAS_ZONE = r"\d{1,2}:\d{2}.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)\s*$"


def read_local_times(text: pd.Series, *, where: str, timezone: str | None, time_format: str | None) -> pd.Series:
    """Return UTC microseconds. Times without a zone are local in ``timezone``.

    An hour that clocks repeat is read as its first occurrence; an hour that clocks skip moves to the end of the gap.
    Both are counted in ``attrs["clock_notes"]``.
    """
    _refuse(text.isna(), text, where, "are empty", "Fill them or drop these rows.")
    parsed = _parse(text, where, time_format)
    notes = {"repeated": 0, "skipped": 0}
    if parsed.dt.tz is None:
        if timezone is None:
            raise StudyError(f"{where}: times carry no zone ({text.iloc[0]}). Say where they were written down: add "
                             f'timezone = "Europe/Paris" (or yours) at the top of study.toml.')
        parsed, notes = _localise(parsed, timezone, where)
    return _as_microseconds(parsed, text, where, notes)


def read_time_us(text: pd.Series, *, where: str) -> pd.Series:
    """Return a column of UTC microseconds written as whole numbers."""
    number = pd.to_numeric(text, errors="coerce")
    whole = number.notna() & (number.abs() < 2.0**53) & (number % 1 == 0)
    _refuse(~whole, text, where, "are not whole numbers of microseconds",
            'Correct them, or name a column of ISO times as time = "..." in study.toml.')
    parsed = pd.to_datetime(number.astype("int64"), unit="us", utc=True, errors="coerce")
    return _as_microseconds(parsed, text, where, {"repeated": 0, "skipped": 0})


def _parse(text: pd.Series, where: str, time_format: str | None) -> pd.Series:
    fix = "Write them as 2026-03-31 14:05:00, or give their time_format (such as \"%d/%m/%Y %H:%M\") in study.toml."
    if time_format is None:
        # pandas would read the word "now" as the time of this run
        _refuse(~text.str.slice(0, 1).isin(list("0123456789")), text, where, "are not ISO times", fix)
    layout = time_format or "ISO8601"
    try:
        return pd.to_datetime(text, format=layout)
    except (ValueError, OverflowError):
        parsed = pd.to_datetime(text, format=layout, utc=True, errors="coerce")
    _refuse(parsed.isna(), text, where, "are not times", fix)
    with_zone = text.str.contains(_HAS_ZONE, regex=True)
    if time_format is None and with_zone.any() and not with_zone.all():
        raise StudyError(f"{where}: {int(with_zone.sum())} of {len(text)} times carry a zone and the others do not "
                         f"({first_five(text[~with_zone])}). Give all of them a zone, or none.")
    return parsed


def _localise(parsed: pd.Series, timezone: str, where: str) -> tuple[pd.Series, dict[str, int]]:
    first = np.ones(len(parsed), dtype=bool)
    try:
        local = parsed.dt.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
        later = parsed.dt.tz_localize(timezone, ambiguous=~first, nonexistent="shift_forward")
    except (ValueError, OverflowError):
        raise StudyError(f"{where}: some times lie too far back or ahead for {timezone}. Correct them.") from None
    skipped = local.dt.tz_localize(None) != parsed
    return local, {"repeated": int((local != later).sum()), "skipped": int(skipped.sum())}


def _as_microseconds(parsed: pd.Series, text: pd.Series, where: str, notes: dict[str, int]) -> pd.Series:
    moment = parsed.dt.tz_convert("UTC")
    _refuse(~moment.between(_EARLIEST, _LATEST), text, where, "lie outside the years 1900 to 2200",
            "Correct them; time_us counts microseconds since 1970, in UTC.")
    out = moment.dt.tz_localize(None).dt.as_unit("us").astype("int64")
    out.attrs[CLOCK_NOTES] = notes
    return out


def _refuse(wrong: pd.Series, text: pd.Series, where: str, what: str, fix: str) -> None:
    if wrong.any():
        raise StudyError(f"{where}: {int(wrong.sum())} of {len(text)} {what} ({first_five(text[wrong])}; rows "
                         f"{first_five(text.index[wrong] + 1)}). {fix}")
