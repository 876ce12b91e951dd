"""Ratings: numbers whose ends carry words, words in a declared order, and items that are the mirror of another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from personakit.collect.surveys.choices import fold

#: a number, or a number and its words: "5", "0 - Never", "10 (all my time)"; a range such as "25 - 34" is neither
_RATING = re.compile(r"(-?\d{1,3})(?:\s*(?:[-–—=:.)]|\()\s*([^\d\s].*))?", re.DOTALL)
#: items of fewer levels or people may mirror each other by chance
MIRROR_LEVELS, MIRROR_PEOPLE = 3, 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Rating:
    """Answers as numbers, and the words of those that have some (number -> words)."""

    values: pd.Series
    categories: Mapping[Any, str]


def read_rating(column: pd.Series) -> Rating | None:
    """Read a column such as "0 - Never", "1", "2", "3 - Always" as numbers; None for any other.

    At least one number stands alone and one has words: where all have words, these may be names, and no order is known.

    Examples
    --------
    >>> rating = read_rating(pd.Series(["0 - Never", "2", "3 - Always"]))
    >>> rating.values.tolist(), rating.categories
    ([0, 2, 3], {0: 'Never', 3: 'Always'})
    >>> read_rating(pd.Series(["18 - 24", "25 - 34", "9"]))
    """
    places, levels = pd.factorize(column)
    found = [_RATING.fullmatch(str(level).strip()) for level in levels]
    if not len(levels) or not all(found):
        return None
    numbers = [int(one.group(1)) for one in found if one]
    words = [(one.group(2) or "").strip() for one in found if one]
    if len(set(numbers)) < len(numbers) or all(words) or not any(words):
        return None
    closed = [text.removesuffix(")") if text.count(")") > text.count("(") else text for text in words]
    return Rating(values=_take(numbers, places, column),
                  categories={number: text for number, text in sorted(zip(numbers, closed, strict=True)) if text})


def read_scale(column: pd.Series, scale: Sequence[str]) -> Rating | None:
    """Read words as 1, 2, 3 ... in the order of a scale; None where the column holds another word.

    Examples
    --------
    >>> read_scale(pd.Series(["often", "Never"]), ["Never", "Sometimes", "Often"]).values.tolist()
    [3, 1]
    """
    order = {fold(text): number for number, text in enumerate(scale, start=1)}
    places, levels = pd.factorize(column)
    numbers = [order.get(fold(level)) for level in levels]
    known = [number for number in numbers if number is not None]
    if not numbers or len(known) < len(numbers):
        return None
    return Rating(values=_take(known, places, column), categories=dict(enumerate(scale, start=1)))


def _take(numbers: Sequence[int], places: np.ndarray, column: pd.Series) -> pd.Series:
    values = np.array(numbers) if (places >= 0).all() else np.array([*numbers, np.nan])
    return pd.Series(values[places], index=column.index, name=column.name)


def find_mirrors(answers: pd.DataFrame) -> dict[str, str]:
    """Name the columns that are the exact mirror of an earlier one (``low + high - x`` in every row) -> that one.

    Examples
    --------
    >>> item = pd.Series([1, 2, 3, 4, 5] * 3)
    >>> find_mirrors(pd.DataFrame({"happy": item, "sad": 6 - item}))
    {'sad': 'happy'}
    """
    seen: dict[bytes, str] = {}
    out: dict[str, str] = {}
    for name in answers.select_dtypes("number"):
        values = answers[name].to_numpy(dtype="float64")
        known = values[~np.isnan(values)]
        if len(known) < MIRROR_PEOPLE or len(np.unique(known)) < MIRROR_LEVELS:
            continue
        up, down = (values - known.min()).tobytes(), (known.max() - values + 0.0).tobytes()
        if down in seen and up not in seen:
            out[str(name)] = seen[down]
        seen.setdefault(up, str(name))
    return out
