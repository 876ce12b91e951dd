"""The analysis scale: what is done to the values of each kind, so that units do not matter and no value rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five

#: skewness above which a count or a rate is read on a log scale
SKEWED = 1.0
#: standard deviations from the middle beyond which a value is drawn in
FAR = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled:
    """A feature on the analysis scale: which scale that is (yes_no, levels, linear, log, arcsine_root) and how many values
    were drawn in.
    """

    values: pd.Series
    scale: str
    drawn_in: int = 0


def scaled(column: pd.Series, kind: str) -> Scaled:
    """Put a feature on the analysis scale. Raises ``StudyError`` for values that do not suit the kind."""
    if kind == "nominal":
        words = column.map(str, na_action="ignore").astype("str")
        return Scaled(values=words.astype(pd.CategoricalDtype(sorted(words.dropna().unique()))), scale="levels")
    values = _numbers(column, kind)
    if kind == "binary":
        return Scaled(values=_as(column, _yes_no(values, str(column.name))), scale="yes_no")
    values, scale = _transformed(values, kind, str(column.name))
    low, high = _bounds(values)
    drawn = int(((values < low) | (values > high)).sum())
    return Scaled(values=_as(column, standardised(np.clip(values, low, high))), scale=scale, drawn_in=drawn)


def standardised(values: np.ndarray) -> np.ndarray:
    """Centre and divide by two standard deviations; by more where a few rare values would then lie beyond four of them."""
    values = values - np.nanmean(values)
    spread = max(2 * np.nanstd(values), 2 * np.nanmax(np.abs(values)) / FAR)
    return values / spread if spread > 0 else values


def _as(column: pd.Series, values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=column.index, name=column.name)


def _numbers(column: pd.Series, kind: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise StudyError(f"{column.name}: kind {kind} needs numbers, found text ({first_five(column.dropna())}). "
                         f"Write numbers, or give it kind nominal.")
    values = column.to_numpy(float, na_value=np.nan).copy()
    endless = np.isinf(values)
    if endless.any():
        raise StudyError(f"{column.name}: {int(endless.sum())} infinite values ({first_five(column.index[endless])}). "
                         f"Replace them or leave the feature out.")
    return values


def _yes_no(values: np.ndarray, name: str) -> np.ndarray:
    levels = np.unique(values[~np.isnan(values)])
    if len(levels) > 2:
        raise StudyError(f"{name}: kind binary with {len(levels)} different values ({first_five(levels)}). "
                         f"Use 0 and 1, or give it another kind.")
    return np.where(np.isnan(values), np.nan, (values == levels[-1]).astype(float))


def _transformed(values: np.ndarray, kind: str, name: str) -> tuple[np.ndarray, str]:
    given = values[~np.isnan(values)]
    if kind == "share":
        if given.min() < 0 or given.max() > 100:
            raise StudyError(f"{name}: kind share with values from {given.min():g} to {given.max():g}. "
                             f"Give shares from 0 to 1 or percentages, or another kind.")
        return np.arcsin(np.sqrt(values if given.max() <= 1 else values / 100)), "arcsine_root"
    size = np.abs(given).max()  # so that no unit is too large or too small for the sums below
    values, given = values / size, given / size
    if kind in ("count", "numeric") and given.min() >= 0 and _skewness(given) > SKEWED:
        return np.log1p(values / np.median(given[given > 0])), "log"
    return values, "linear"


def _skewness(values: np.ndarray) -> float:
    away = values - values.mean()
    return float((away**3).mean() / max((away**2).mean(), 1e-300) ** 1.5)


def _bounds(values: np.ndarray) -> tuple[float, float]:
    """Return four robust standard deviations around the median; where half the values are equal, the plain ones."""
    # this kind of quantile does not move when everyone is there twice
    first, middle, third = np.nanquantile(values, (0.25, 0.5, 0.75), method="averaged_inverted_cdf")
    spread = (third - first) / 1.349
    if spread <= 0:
        middle, spread = np.nanmean(values), np.nanstd(values)
    return middle - FAR * spread, middle + FAR * spread
