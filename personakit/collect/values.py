"""From text to values: the columns that a table has by contract, and the answers of people."""

from __future__ import annotations

import pandas as pd

from personakit.collect.options import Options
from personakit.errors import StudyError, first_five
from personakit.schema import PARTICIPANT, TABLES, TIME, read_values

_COMMA, _POINT = r"[+-]?\d{1,3}(?:[\u00a0\u202f]?\d{3})*,\d+|[+-]?\d+,\d+", r"[+-]?\d+\.\d+"
_SPACES = r"[\u00a0\u202f]"


def guess_decimal(frame: pd.DataFrame, options: Options) -> str | None:
    """Return "," where the numbers of a file have decimal commas and none has a decimal point; else None."""
    if options.decimal is not None:
        return None
    texts = frame.select_dtypes(include=["object", "str"])
    commas = any(_all_match(texts[name], rf"{_COMMA}|[+-]?\d+") and _some_match(texts[name], _COMMA) for name in texts)
    if not commas or any(_all_match(texts[name], rf"{_POINT}|[+-]?\d+") and _some_match(texts[name], _POINT)
                         for name in texts):
        return None
    return ","


def _all_match(column: pd.Series, pattern: str) -> bool:
    levels = pd.Series(column.dropna().unique()).astype("str").str.strip()
    return len(levels) > 0 and bool(levels.str.fullmatch(pattern).all())


def _some_match(column: pd.Series, pattern: str) -> bool:
    return bool(pd.Series(column.dropna().unique()).astype("str").str.strip().str.fullmatch(pattern).any())


def read_frame(frame: pd.DataFrame, options: Options, decimal: str) -> pd.DataFrame:
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


def read_number(column: pd.Series, decimal: str, where: str) -> pd.Series:
    """Read a column of numbers as they are written, or raise naming those that are none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    text = column.astype("str") if column.dtype == object else column
    text = text if decimal == "." else text.str.replace(decimal, ".", regex=False)
    number = pd.to_numeric(text, errors="coerce")
    wrong = column.notna() & ~number.abs().lt(float("inf"))
    if wrong.any():  # French files part thousands with no-break spaces
        number = pd.to_numeric(text.str.replace(_SPACES, "", regex=True), errors="coerce")
        wrong = column.notna() & ~number.abs().lt(float("inf"))
    if wrong.any():
        hint = ', or set decimal = "," for this table in study.toml' if column[wrong].str.contains(",").any() else ""
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
