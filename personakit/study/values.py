"""From text to values: vocabulary words, whole and decimal numbers, the answers of people."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from personakit.errors import StudyError, first_five, unknown_name
from personakit.schema import (
    CHANNEL,
    CODE_KINDS,
    CONSENT,
    CONSENTS,
    CONTENT_KINDS,
    DEVICE,
    FEATURE_KINDS,
    KIND,
    OWNER,
    ROLE,
    ROLES,
    STAGE,
    TABLES,
    TIME,
    read_values,
)
from personakit.study.settings import TableSettings
from personakit.wording import canonical

KINDS = {"codes": CODE_KINDS, "contents": CONTENT_KINDS, "codebook": FEATURE_KINDS}
#: columns whose words have a translation where wording knows them, and stay as they are where it does not
OPEN_WORDS = (CHANNEL, DEVICE, OWNER, "shop")


def read_columns(frame: pd.DataFrame, settings: TableSettings, stages: Sequence[str]) -> pd.DataFrame:
    """Return the table with its text columns read as what they are: words of a vocabulary, numbers, answers."""
    if settings.table in ("participants", "answers"):
        return frame.apply(lambda column: read_values(column, decimal=settings.decimal))
    required, optional, _ = TABLES[settings.table]
    out = frame.copy()
    for name, kind in {**required, **optional}.items():
        if name not in out.columns or name == TIME:
            continue
        where = f"{settings.where}.{name}"
        allowed = _vocabulary(settings.table, name, stages)
        if allowed or name in OPEN_WORDS:
            out[name] = _words(out[name], allowed, where)
        elif kind in ("int", "float"):
            out[name] = _number(out[name], settings.decimal, where)
        elif kind == "bool":
            out[name] = _yes_or_no(out[name], where)
    return out


def _vocabulary(table: str, name: str, stages: Sequence[str]) -> Sequence[str]:
    if name == STAGE:
        return stages
    if name == KIND:
        return KINDS[table]
    return {CONSENT: CONSENTS, ROLE: (*ROLES, "ignore")}.get(name, ())


def _words(column: pd.Series, allowed: Sequence[str], where: str) -> pd.Series:
    places, words = pd.factorize(column)
    known = pd.array([_word(word, allowed, where) for word in words], dtype="str")
    return pd.Series(known.take(places, allow_fill=True), index=column.index, name=column.name)


def _word(word: str, allowed: Sequence[str], where: str) -> str:
    # a study's own stages come first: "achat" may be its word and not our "purchase"
    if word.strip() in allowed:
        return word.strip()
    known = canonical(word)
    if allowed and known not in allowed:
        known = known.strip().casefold().replace(" ", "_").replace("-", "_")
    if allowed and known not in allowed:
        raise StudyError(f"{unknown_name(where, word, allowed)} Correct it in the file.")
    return known


def _number(column: pd.Series, decimal: str, where: str) -> pd.Series:
    text = column if decimal == "." else column.str.replace(decimal, ".", regex=False)
    number = pd.to_numeric(text, errors="coerce")
    wrong = column.notna() & ~number.abs().lt(float("inf"))
    if wrong.any():  # French files part thousands with no-break spaces
        number = pd.to_numeric(text.str.replace(r"[\u00a0\u202f]", "", regex=True), errors="coerce")
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
