"""What a table and the asked-for k must be like before the search begins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from personakit.candidates.design import make_design
from personakit.errors import StudyError, TooFewError, first_five

#: fewest participants a search takes, and fewest participants for each persona of a candidate
FEWEST, PER_PERSONA = 10, 5


def check_search(table: pd.DataFrame, k: int | Iterable[int]) -> tuple[list[int], list[int]]:
    """Return the k that can be searched and those that ask for more personas than the people or the answers can carry.

    Raises ``StudyError`` for a table or a k that cannot be used and ``TooFewError`` where nothing can be searched.
    """
    asked = _asked(k)
    _check_columns(table)
    if len(table) < FEWEST:
        raise TooFewError(f"features: {len(table)} participants, at least {FEWEST} are needed to look for personas. "
                          f"Add participants, or describe these people one by one.")
    distinct = len(make_design(table).weights)
    most = min(len(table) // PER_PERSONA, distinct - 1)
    kept = [number for number in asked if number <= most]
    if not kept:
        raise TooFewError(f"k: {asked} asks for more personas than {len(table)} participants with {distinct} different "
                          f"rows of answers can carry (at most {max(most, 0)}). Ask for a smaller k or add participants.")
    return kept, [number for number in asked if number > most]


def _asked(k: int | Iterable[int]) -> list[int]:
    numbers = [k] if isinstance(k, (int, np.integer)) else list(k)
    wrong = [number for number in numbers if not isinstance(number, (int, np.integer)) or number < 2]
    if wrong or not numbers:
        raise StudyError(f"k: {first_five(wrong) or 'nothing'} cannot be a number of personas. Give whole numbers from 2.")
    return sorted({int(number) for number in numbers})


def _check_columns(table: pd.DataFrame) -> None:
    if not table.shape[1]:
        raise StudyError("features: no feature is active. Make at least one active with build_features.")
    numbers = table.select_dtypes("number")
    endless = [name for name in numbers if np.isinf(numbers[name].to_numpy(float)).any()]
    if endless:
        raise StudyError(f"features: infinite values in {len(endless)} ({first_five(endless)}). "
                         f"Replace them or hold these features back.")
    flat = [name for name in table if table[name].nunique() < 2]
    if flat:
        raise StudyError(f"features: {len(flat)} say the same of everyone or nothing ({first_five(flat)}). "
                         f"Leave them out; build_features does.")
    silent = table.index[table.isna().all(axis=1)]
    if len(silent):
        raise StudyError(f"features: {len(silent)} of {len(table)} participants have no active value "
                         f"({first_five(silent)}). Leave them out; build_features does.")
