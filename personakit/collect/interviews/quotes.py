"""Passages of a text: in what units a program counts positions, and the words that stand at two of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

#: what positions may count besides characters: the CR of a Windows line break, the mark at the head of a file, the second
#: half of an emoji; ``utf8``, alone, counts bytes
UNITS = ("cr", "bom", "utf16")
PLAIN, BYTES = "plain", "utf8"
ALL_UNITS = (PLAIN, BYTES, *("+".join(some) for size in (1, 2, 3) for some in itertools.combinations(UNITS, size)))


def plain(raw: str) -> str:
    r"""Return a text as it is quoted from: no mark at its head, one line feed a line break.

    Examples
    --------
    >>> plain("\ufeffoui\r\nnon")
    'oui\nnon'
    """
    return raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def in_characters(raw: str, places: np.ndarray, units: str) -> np.ndarray:
    r"""Return where positions counted in ``units`` of the raw text lie in the plain text; -1 where they lie nowhere.

    Examples
    --------
    >>> in_characters("a\r\nb", np.array([3, 4, 9]), "cr"), in_characters("Élodie", np.array([6]), "utf8")
    (array([ 2,  3, -1]), array([5]))
    """
    point = np.frombuffer(raw.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    mark = (point == 0xFEFF) & (np.arange(len(point)) == 0)
    twin = np.append((point[:-1] == 13) & (point[1:] == 10), False)[: len(point)]
    size = np.ones(len(point), dtype="int64")
    if units == BYTES:
        size += (point > 0x7F).astype("int64") + (point > 0x7FF) + (point > 0xFFFF)
    else:
        size += ("utf16" in units) * (point > 0xFFFF)
        size *= ~(mark & ("bom" not in units)) & ~(twin & ("cr" not in units))
    ends = np.concatenate([[0], np.cumsum(size)])
    at = np.searchsorted(ends, places).clip(max=len(point))
    kept = np.concatenate([[0], np.cumsum(~mark & ~twin)])
    return np.where((ends[at] == places) & (places >= 0), kept[at], -1)


def possible_units(texts: Mapping[str, str]) -> list[str]:
    """List the units between which these texts make a difference: as the file stands first, then the rarer ones."""
    windows = any("\r\n" in raw for raw in texts.values())
    marked = any(raw.startswith("\ufeff") for raw in texts.values())
    emoji = any(max(raw, default="") > "\uffff" for raw in texts.values())
    choices = itertools.product([False, True][: 1 + emoji], [False, True][: 1 + marked], [True, False][not windows :])
    return ["+".join(itertools.compress(UNITS, (cr, bom, utf16))) or PLAIN for utf16, bom, cr in choices]


def guess_units(texts: Mapping[str, str], passages: pd.DataFrame) -> str | None:
    """Return the units in which most passages repeat the words kept with them, then begin and end at the edge of a word.

    ``passages``: text, start, end, copy, hint. None where all units give the same passages.
    """
    passages = passages[passages["text"].isin(list(texts)) & passages["start"].notna() & passages["end"].notna()]
    choices = possible_units({key: texts[key] for key in passages["text"].unique()})
    return max(choices, key=lambda units: _evidence(texts, passages, units)) if len(choices) > 1 else None


def _evidence(texts: Mapping[str, str], passages: pd.DataFrame, units: str) -> tuple[int, int]:
    words = edges = 0
    for key, some in passages.groupby("text"):
        text = plain(texts[str(key)])
        starts, ends = (in_characters(texts[str(key)], as_places(some[side]), units) for side in ("start", "end"))
        for start, end, copy, hint in zip(starts, ends, some["copy"], some["hint"], strict=True):
            if 0 <= start < end:
                words += isinstance(copy or hint, str) and agrees(text[start:end], copy, hint)
                edges += _at_edge(text, start) + _at_edge(text, end)
    return words, edges


def _at_edge(text: str, place: int) -> bool:
    return place in (0, len(text)) or not (text[place - 1].isalnum() and text[place].isalnum())


def as_places(column: pd.Series) -> np.ndarray:
    """Return positions as whole numbers, -1 where there is none."""
    return pd.to_numeric(column).fillna(-1).to_numpy(dtype="int64")


def agrees(quote: str, copy: object, hint: object = None) -> bool:
    r"""Tell whether a quote has the words of a program's copy, or begins with its hint; spaces and line breaks aside.

    Examples
    --------
    >>> agrees("trop cher,\npour moi", "trop cher, pour moi"), agrees("trop cher", None, "trop c…"), agrees("trop", "peu")
    (True, True, False)
    """
    said = " ".join(quote.split())
    if isinstance(copy, str):
        return said == " ".join(copy.split())
    return not isinstance(hint, str) or said.startswith(" ".join(hint.rstrip("\u2026. ").split()))


def quote_passages(texts: Mapping[str, str], passages: pd.DataFrame, units: str) -> pd.DataFrame:
    """Return the words of each passage: start and end (characters of the plain text), quote, and its state.

    ``passages``: text, start, end, copy (the program's own of all words) and hint (of the first words). State: ``quoted``;
    ``differs`` (from the copy or the hint); ``nowhere`` (the positions lie outside the text, or end before they begin: no
    quote, no positions); ``unchecked`` (the text is not there: the copy is the quote); ``wordless``.
    """
    start = np.full(len(passages), -1, dtype="int64")
    end = start.copy()
    copies, hints = list(passages["copy"]), list(passages["hint"])
    quote: list[str | None] = [copy if isinstance(copy, str) and copy.strip() else None for copy in copies]
    state = np.array(["wordless" if one is None else "unchecked" for one in quote], dtype=object)
    for key, rows in passages.reset_index(drop=True).groupby("text").indices.items():
        if key not in texts:
            start[rows], end[rows] = (as_places(passages[side])[rows] for side in ("start", "end"))
            continue
        text = plain(texts[str(key)])
        for side, into in (("start", start), ("end", end)):
            into[rows] = in_characters(texts[str(key)], as_places(passages[side])[rows], units)
        for row in rows:
            found = 0 <= start[row] < end[row]
            quote[row] = text[start[row] : end[row]] if found else None
            same = agrees(quote[row] or "", copies[row], hints[row])
            state[row] = "nowhere" if not found else "quoted" if same else "differs"
    out = pd.DataFrame({"start": start, "end": end, "quote": pd.array(quote, dtype="str"), "state": state},
                       index=passages.index).astype({"start": "Int64", "end": "Int64"})
    return out.assign(**{side: out[side].where((start >= 0) & (end > start)) for side in ("start", "end")})
