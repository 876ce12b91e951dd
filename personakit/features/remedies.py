"""What may be done on request to the active columns of the analysis scale. Natural units are never touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.features.relations import ITEMS, blocks
from personakit.features.scaling import standardised


def without_row_level(table: pd.DataFrame, kinds: pd.Series) -> pd.DataFrame:
    """Take from each ordinal answer the mean of the person's ordinal answers, then put each feature back to its scale.

    Who gave one answer only has nothing left but a level: that answer becomes missing.
    """
    names = [name for name in map(str, table) if kinds[name] == "ordinal"]
    if len(names) < ITEMS:
        raise StudyError(f"remedies: 'row_level' needs at least {ITEMS} active ordinal features, there are {len(names)}. "
                         f"Leave it out, or give these features kind ordinal.")
    values = table[names].to_numpy(float)
    given = (~np.isnan(values)).sum(axis=1, keepdims=True)
    if (np.isnan(values) | (given < 2)).all(axis=0).any():
        raise StudyError("remedies: 'row_level' needs people who gave two ordinal answers or more; for some feature there "
                         "is nobody. Leave it out.")
    left = np.where(given >= 2, values - np.nansum(values, axis=1, keepdims=True) / np.maximum(given, 1), np.nan)
    return table.assign(**{name: standardised(left[:, place]) for place, name in enumerate(names)})


def with_block_weights(table: pd.DataFrame, kinds: pd.Series) -> pd.DataFrame:
    """Let each block of near-copies count once: its first feature, by name, carries the mean of those a person has, and
    the others carry only what they say beyond it.
    """
    out = table.copy()
    for names in blocks(table):
        values = table[names].to_numpy(float)
        first = np.where(np.isnan(values).all(axis=0), 0.0, _slopes(values, values[:, 0]))
        same_way = values * np.sign(first)
        common = np.full(len(values), np.nan)
        some = ~np.isnan(values).all(axis=1)
        common[some] = np.nanmean(same_way[some], axis=1)
        out[names[0]] = standardised(common)
        for place, name in enumerate(names[1:], start=1):
            out[name] = values[:, place] - _slopes(values[:, [place]], common)[0] * common
    return out


def _slopes(values: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Slopes of each column on ``common`` (all centred near 0), over the people who have both."""
    both = ~np.isnan(values) & ~np.isnan(common)[:, None]
    base = np.where(both, np.nan_to_num(common)[:, None], 0.0)
    return (base * np.nan_to_num(values)).sum(axis=0) / np.maximum((base**2).sum(axis=0), 1e-12)


#: name -> (active table, kinds) -> active table
REMEDIES: Mapping[str, Callable[[pd.DataFrame, pd.Series], pd.DataFrame]] = MappingProxyType(
    {"row_level": without_row_level, "block_weights": with_block_weights})
