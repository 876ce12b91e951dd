"""The rules of ``values``, as SQL over a log that is not loaded: ids, words and numbers."""

from __future__ import annotations

from typing import Any

from personakit.collect.logs.fields import literal
from personakit.collect.logs.lake import NUMBER_KINDS, WHOLE_KINDS, Lake, Refusal, look

#: what stands around an id and is no part of it
_BLANKS = " \t\r\n\u00a0\u202f"
_SPACES = literal(r"[\s\x{00a0}\x{202f}\x{2009}€$£]")
_NUMBER = literal(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = literal(r"\s*(?:[+-]?\d{1,3}(?:[.\x{00a0}\x{202f}]?\d{3})*,\d+|[+-]?\d+,\d+|[+-]?\d+)\s*")
#: mark -> numbers whose thousands it parts
_THOUSANDS = {",": literal(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"), ".": literal(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")}


def kind_of(kind: Any) -> str:
    """Name a DuckDB type; what has none is text."""
    return "varchar" if kind is None else kind if isinstance(kind, str) else kind.id


def text_of(sql: str, kind: Any) -> str:
    """Write a value as text, whole numbers without a decimal point; nothing where it is empty."""
    if kind_of(kind) in NUMBER_KINDS and kind_of(kind) not in WHOLE_KINDS:
        whole = f"{sql} = trunc({sql}) and abs({sql}) < 1e15"
        return f"case when {whole} then cast(cast({sql} as bigint) as varchar) else cast({sql} as varchar) end"
    return f"nullif(cast({sql} as varchar), '')"


def id_of(lake: Lake, sql: str, kind: Any) -> str:
    """Write ids as text without blanks around them: trimmed at each reading only where some have any."""
    text = text_of(sql, kind)
    blank, = lake.ask(f"bool_or(regexp_matches({text}, {literal(f'^[{_BLANKS}]|[{_BLANKS}]$')}))")
    return f"nullif(trim({text}, {literal(_BLANKS)}), '')" if blank else text


def number_of(lake: Lake, sql: str, kind: Any) -> tuple[str, str | None]:
    """Return the SQL of a number, null where it is none, and the decimal mark that was guessed to read it."""
    if kind_of(kind) in NUMBER_KINDS:
        plain = f"cast({sql} as double)"
        return f"if(isfinite({plain}), {plain}, null)", None
    text, guess = f"regexp_replace(cast({sql} as varchar), {_SPACES}, '', 'g')", None
    if lake.options.decimal is None:
        filled, commas, fit, thousands = lake.ask(
            f"count({sql})", f"count(*) filter (where contains({text}, ','))",
            f"count(*) filter (where regexp_full_match(cast({sql} as varchar), {_COMMA}))",
            f"count(*) filter (where regexp_full_match({text}, {_THOUSANDS[',']}))")
        guess = "," if commas and fit == filled and thousands < commas else None
    decimal = guess or lake.options.decimal
    if decimal is not None:
        other = "." if decimal == "," else ","
        odd, = lake.ask(f"count(*) filter (where contains({text}, '{other}') and "
                        f"not regexp_full_match({text}, {_THOUSANDS[other]}))")
        text = text if odd else f"replace(replace({text}, '{other}', ''), '{decimal}', '.')"
    number = f"if(regexp_full_match({text}, {_NUMBER}), try_cast({text} as double), null)"
    return f"if(isfinite({number}), {number}, null)", guess


def refuse_words(lake: Lake, where: str, sql: str, number: str) -> None:
    """Raise where a column of numbers holds something else."""
    commas, = lake.ask(f"bool_or(contains(cast({sql} as varchar), ','))")
    hint = ', or set decimal = "," (or "." where commas part thousands) for this table' if commas else ""
    hint = hint if lake.options.decimal is None else ""
    look(lake, where, [Refusal(condition=f"{sql} is not null and {number} is null", shown=sql, what="are not numbers",
                               fix=f"Correct them{hint}.")])


def whole_of(lake: Lake, where: str, sql: str, kind: Any, number: str) -> str:
    """Return the SQL of a whole number; raise where some are fractions."""
    if kind_of(kind) in WHOLE_KINDS:
        return f"cast({sql} as bigint)"
    look(lake, where, [Refusal(condition=f"{number} <> trunc({number})", shown=sql,
                               what="are fractions where whole numbers are needed", fix="Correct them in the file.")])
    return f"cast({number} as bigint)"
