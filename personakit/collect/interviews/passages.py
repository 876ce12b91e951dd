"""Where coded passages stand in the texts that are handed back: in the whole text, or in its quotes one below the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from personakit.collect.interviews.quotes import plain
from personakit.disclosure import quotable
from personakit.schema import CODE, CODER, END, PARTICIPANT, QUOTE, SOURCE, START

_BETWEEN, _LONGEST_NAME = "\n\n", 60


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One passage of a text: its words (shortened), who speaks, and the codes it was given, each by whom."""

    participant: str
    start: int
    end: int
    name: str
    again: int
    codings: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One source: who speaks in it, its text, the passages in it; and what is coded without words: participant, code, by."""

    people: tuple[str, ...]
    text: str
    passages: tuple[Passage, ...]
    wordless: tuple[tuple[str, str, str | None], ...]


def lay_out(codes: pd.DataFrame, texts: Mapping[str, str], *, everything: bool) -> dict[str, Part]:
    """Place codings by source: in the texts that are given, else in a text made of the quotes that may be shown.

    ``everything``: all quotes may be; else those with consent to be quoted word for word. Codings without a source stand in
    one named after their participant.
    """
    table = codes.reindex(columns=[PARTICIPANT, CODE, QUOTE, SOURCE, START, END, CODER])
    table[SOURCE] = table[SOURCE].where(table[SOURCE].notna(), table[PARTICIPANT])
    table[CODER] = table[CODER].astype(object).where(table[CODER].notna(), None)
    quotes = table[QUOTE].astype("str").fillna("").map(plain)
    table[QUOTE] = quotes.where(quotes.ne("") & (everything | table.index.isin(quotable(codes).index)), "")
    return {str(source): _part(some, texts.get(str(source))) for source, some in table.groupby(SOURCE, sort=False)}


def _part(rows: pd.DataFrame, whole: str | None) -> Part:
    text, places = _among_quotes(rows) if whole is None else _in_text(rows, whole)
    met: Counter[tuple[object, ...]] = Counter()
    codings: dict[tuple[str, int, int, int], list[tuple[str, str | None]]] = {}
    wordless = []
    for participant, code, coder, place in zip(rows[PARTICIPANT], rows[CODE], rows[CODER], places, strict=True):
        if place is None:
            wordless.append((participant, code, coder))
            continue
        again = met[participant, place, code, coder]
        met[participant, place, code, coder] += 1
        codings.setdefault((participant, *place, again), []).append((code, coder))
    passages = [Passage(participant=participant, start=start, end=end, again=again, codings=tuple(given),
                        name=_short(text[start:end]))
                for (participant, start, end, again), given in codings.items()]
    return Part(people=tuple(dict.fromkeys(rows[PARTICIPANT])), text=text, wordless=tuple(wordless),
                passages=tuple(sorted(passages, key=lambda one: (one.start, one.end, one.participant, one.again))))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 1] + "\u2026"


def _in_text(rows: pd.DataFrame, text: str) -> tuple[str, list[tuple[int, int] | None]]:
    """Return where quotes stand in the whole text: at their positions, where the text says so."""
    starts, ends = (rows[side].fillna(-1).astype("int64") for side in (START, END))
    return text, [(int(start), int(end)) if quote and 0 <= start < end and text[start:end] == quote else None
                  for start, end, quote in zip(starts, ends, rows[QUOTE], strict=True)]


def _among_quotes(rows: pd.DataFrame) -> tuple[str, list[tuple[int, int] | None]]:
    """Return the quotes in the order of their source, each once, and where each coding's stands among them."""
    places: dict[tuple[int, str], tuple[int, int]] = {}
    text = ""
    keys = list(zip((int(start) for start in rows[START].fillna(2**53)), rows[QUOTE], strict=True))
    for start, quote in sorted(dict.fromkeys(keys), key=lambda key: key[0]):
        if quote:
            text += (_BETWEEN if text else "") + quote
            places[start, quote] = (len(text) - len(quote), len(text))
    return text, [places.get(key) for key in keys]
