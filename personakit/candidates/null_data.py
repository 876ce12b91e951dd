"""Data without personas: every feature keeps its own distribution and gaps, every pair its correlation, nothing more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

#: terms of the Hermite series of a margin, points of the grid it is computed on, halvings when it is inverted
TERMS, POINTS, HALVINGS = 40, 4000, 40
#: people for each feature from which chance correlations of null data are taken out
CONDITIONED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class NullModel:
    """A Gaussian copula: ``table`` (columns in order of name), ``codes`` (its values as numbers) and ``factor``, whose
    product with standard normal numbers has the latent correlation.
    """

    table: pd.DataFrame
    codes: np.ndarray
    factor: np.ndarray


def fit_null(table: pd.DataFrame) -> NullModel:
    """Find the latent correlation that gives data with these margins the correlation that was observed.

    A yes/no item or a 5-point scale shows less correlation than lies behind it; the loss is undone by the series of
    each margin in Hermite polynomials (Cario and Nelson, 1997).
    """
    table = table[sorted(table.columns, key=str)]
    codes = _codes(table)
    latent = _latent(codes, _correlation(codes))
    value, vector = np.linalg.eigh(latent)
    factor = vector * np.sqrt(np.maximum(value, 0.0))
    factor /= np.maximum(np.linalg.norm(factor, axis=1, keepdims=True), 1e-12)
    return NullModel(table=table, codes=codes, factor=factor)


def simulate_null(model: NullModel, rng: np.random.Generator, *, independent: bool = False) -> pd.DataFrame:
    """Draw one table without personas: the same people count, margins and gaps; the same correlation, or none."""
    people, features = model.codes.shape
    normal = _uncorrelated(rng.standard_normal((people, features)))
    if not independent:
        normal = normal @ model.factor.T
    columns = {}
    for j, name in enumerate(model.table.columns):
        given = np.flatnonzero(~np.isnan(model.codes[:, j]))
        source = given[np.argsort(model.codes[given, j], kind="stable")]
        taken = np.arange(people)
        taken[given[np.argsort(normal[given, j], kind="stable")]] = source
        columns[name] = model.table[name].array.take(taken)
    return pd.DataFrame(columns, index=model.table.index)


def _uncorrelated(normal: np.ndarray) -> np.ndarray:
    """Take chance correlations out of normal numbers, so that every null table has the correlation of the study, not one
    around it: what is compared is then what lies beyond correlation. Needs several people for each feature.
    """
    people, features = normal.shape
    if people < CONDITIONED * features:
        return normal
    normal = normal - normal.mean(axis=0)
    root = np.linalg.cholesky(normal.T @ normal / people)
    return np.linalg.solve(root, normal.T).T


def _codes(table: pd.DataFrame) -> np.ndarray:
    """Give every column numbers; the levels of a nominal one are put in the order of the people's main direction."""
    codes = np.full(table.shape, np.nan)
    nominal = [isinstance(table[name].dtype, pd.CategoricalDtype) for name in table]
    for j, name in enumerate(table):
        if not nominal[j]:
            codes[:, j] = table[name].to_numpy(float, na_value=np.nan)
    main = _main_direction(table, codes[:, ~np.array(nominal)])
    for j, name in enumerate(table):
        if nominal[j]:
            words = table[name].astype("str").to_numpy()
            levels = np.unique(words[table[name].notna()])
            means = [round(float(main[words == level].mean()), 9) for level in levels]
            order = sorted(range(len(levels)), key=lambda at: (means[at], str(levels[at])))
            for rank, at in enumerate(order):
                codes[words == levels[at], j] = rank
    return codes


def _main_direction(table: pd.DataFrame, numbers: np.ndarray) -> np.ndarray:
    """Place people on the first axis of numbers and levels together, whatever the levels are called (as in MCA)."""
    if numbers.shape[1] == table.shape[1]:
        return np.zeros(len(table))
    filled = np.nan_to_num(numbers - np.nansum(numbers, axis=0) / np.maximum((~np.isnan(numbers)).sum(axis=0), 1))
    parts = [filled / np.maximum(filled.std(axis=0), 1e-12)]
    for name in table:
        if isinstance(table[name].dtype, pd.CategoricalDtype):
            levels = (table[name].cat.codes.to_numpy()[:, None] == np.arange(len(table[name].cat.categories))).astype(float)
            share = levels.mean(axis=0)
            parts.append((levels - share) / np.sqrt(np.maximum(share, 1e-12)))
    main = _first_axis(np.hstack(parts))
    return main if (main**3).sum() >= 0 else -main


def _first_axis(values: np.ndarray) -> np.ndarray:
    weights = np.linalg.eigh(values.T @ values)[1][:, -1]
    return values @ weights


def _correlation(codes: np.ndarray) -> np.ndarray:
    """Correlate over the people who gave both answers; 0 where one of them is constant or there are no such people."""
    given = (~np.isnan(codes)).astype(float)
    values = np.nan_to_num(codes - np.nan_to_num(np.nansum(codes, axis=0) / np.maximum(given.sum(axis=0), 1)))
    people = np.maximum(given.T @ given, 1.0)
    mean = values.T @ given / people  # of the row's feature, over people who gave both
    cross = values.T @ values / people - mean * mean.T
    variance = np.maximum((values**2).T @ given / people - mean**2, 0.0)
    scale = np.sqrt(variance * variance.T)
    return np.where(scale > 1e-12, np.clip(cross / np.maximum(scale, 1e-12), -1.0, 1.0), 0.0)


def _latent(codes: np.ndarray, observed: np.ndarray) -> np.ndarray:
    series = np.array([_series(column[~np.isnan(column)]) for column in codes.T])
    products = series[:, None, :] * series[None, :, :]
    low, high = np.full(observed.shape, -0.999), np.full(observed.shape, 0.999)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        total = np.zeros_like(middle)
        for term in range(TERMS - 1, -1, -1):
            total = (total + products[:, :, term]) * middle
        low, high = np.where(total < observed, middle, low), np.where(total < observed, high, middle)
    latent = (low + high) / 2
    np.fill_diagonal(latent, 1.0)
    return latent


def _series(values: np.ndarray) -> np.ndarray:
    """Return coefficients of the standardised margin as a function of a normal number: terms 1 to ``TERMS``."""
    if not len(values):
        return np.zeros(TERMS)
    chance = (np.arange(POINTS) + 0.5) / POINTS
    normal = stats.norm.ppf(chance)
    margin = np.sort(values)[np.minimum((chance * len(values)).astype(int), len(values) - 1)]
    spread = margin.std()
    margin = (margin - margin.mean()) / (spread if spread > 0 else 1.0)
    before, now = np.ones(POINTS), normal
    out = np.empty(TERMS)
    for term in range(1, TERMS + 1):
        out[term - 1] = (margin * now).mean()
        before, now = now, (normal * now - np.sqrt(term) * before) / np.sqrt(term + 1)
    return out
