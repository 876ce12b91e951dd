"""From text to values: the columns that a table has by contract, and the answers of people."""

from __future__ import annotations

import pandas as pd

from personakit.collect.reading.options import Options
from personakit.errors import StudyError, first_five
from personakit.schema import PARTICIPANT, TABLES, TIME, read_values

_COMMA, _WHOLE = r"[+-]?\d{1,3}(?:[.\u00a0\u202f]?\d{3})*,\d+|[+-]?\d+,\d+", r"[+-]?\d+"
#: what a comma may part in a number of thousands: these alone do not tell a decimal comma
_THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+"
_NUMBER = r"[+-]?\d[\d.,\s]*[€$£%]?"
_SPACES = r"[\s€$£]"
#: a column of words is looked at again where at least this share of its values, and so many, are numbers
MOSTLY, FEW_NUMBERS = 0.7, 2


def guess_decimal(frame: pd.DataFrame, options: Options) -> str | None:
    """Return "," where a column of the file holds numbers with commas that cannot all be thousands; else None."""
    if options.decimal is not None:
        return None
    texts = frame.select_dtypes(include=["object", "str"])
    return "," if any(_has_decimal_commas(_levels(texts[name])) for name in texts) else None


def _has_decimal_commas(levels: pd.Series) -> bool:
    some = levels[levels.str.contains(",", regex=False)]
    return (len(some) > 0 and bool(levels.str.fullmatch(f"{_COMMA}|{_WHOLE}").all())
            and not some.str.fullmatch(_THOUSANDS).all())


def _levels(column: pd.Series) -> pd.Series:
    return pd.Series(pd.factorize(column)[1]).astype("str").str.strip()


def nearly_numbers(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns of words that hold mostly numbers -> the first other value, which kept them from being read."""
    found = {}
    for name in frame.select_dtypes(include=["object", "str"]):
        levels = _levels(frame[name]) if name != PARTICIPANT else pd.Series(dtype="str")
        number = levels.str.fullmatch(_NUMBER).astype(bool)
        if number.sum() >= FEW_NUMBERS and number.mean() >= MOSTLY and not levels.str.match(r"0\d").any():
            plain = levels.str.fullmatch(rf"{_WHOLE}(?:\.\d+)?").astype(bool)
            found[str(name)] = str(levels[~plain].iloc[0]) if not plain.all() else ""
    return {name: value for name, value in found.items() if value}


def read_frame(frame: pd.DataFrame, options: Options, decimal: str | None) -> pd.DataFrame:
    """Read answers as numbers, yes and no; and the contract's columns of another table as their kind."""
    if options.table in ("participants", "answers"):
        # an id such as 1e5 is a name, not a number
        return frame.apply(lambda one: one if one.name == PARTICIPANT else read_values(one, decimal=decimal))
    required, optional, _ = TABLES[options.table]
    out = frame.copy()
    for name, kind in {**required, **optional}.items():
        if name not in out.columns or name == TIME:
            continue
        where = f"{options.where}.{name}"
        if kind in ("int", "float"):
            out[name] = read_number(out[name], decimal, where)
        elif kind == "bool":
            out[name] = _yes_or_no(out[name], where)
    return out


def read_number(column: pd.Series, decimal: str | None, where: str) -> pd.Series:
    """Read a column of numbers as they are written, or raise naming those that are none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    read = read_values(column, decimal=decimal)
    if not pd.api.types.is_numeric_dtype(read.dtype):  # thousands parted by spaces, and signs of money
        read = read_values(column.astype("str").str.replace(_SPACES, "", regex=True).where(column.notna()), decimal=decimal)
    number = pd.to_numeric(read, errors="coerce")
    wrong = column.notna() & ~number.abs().lt(float("inf"))
    if wrong.any():
        commas = decimal is None and column[wrong].astype("str").str.contains(",").any()
        hint = ', or set decimal = "," (or "." where commas part thousands) for this table' if commas else ""
        raise StudyError(f"{where}: {int(wrong.sum())} of {len(column)} are not numbers ({first_five(column[wrong])}; "
                         f"rows {first_five(column.index[wrong] + 1)}). Correct them{hint}.")
    return number


def _yes_or_no(column: pd.Series, where: str) -> pd.Series:
    number = read_values(column)
    wrong = column[number.notna() & ~number.isin([0, 1])]
    if len(wrong):
        raise StudyError(f"{where}: {len(wrong)} of {len(column)} are not yes or no ({first_five(wrong)}; rows "
                         f"{first_five(wrong.index + 1)}). Write yes or no, oui or non, 1 or 0.")
    return number.astype("float64").astype("boolean")
