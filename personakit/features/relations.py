"""How active features relate: copies, blocks, noise, the level of a person's answers, and who holds the variance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

#: correlation from which a feature is a copy of another, and from which features form a block
COPY, BLOCK = 0.995, 0.90
#: fewest people among whom a feature without relations can be told from chance, and the chance of naming one wrongly
JUDGED, ALPHA = 100, 0.01
#: correlation below which a relation is too weak to matter, however many people show it
WEAK = 0.1
#: fewest ordinal features that have a level
ITEMS = 4
#: fewest codes and people of whom it can be told whether some say more of everything
CODES, SPEAKERS = 5, 10


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Correlate the features that are not nominal, by name; 0 where fewer than half the people have both."""
    names = sorted((str(name) for name in table if not isinstance(table[name].dtype, pd.CategoricalDtype)), key=str)
    values = _unit(table[names].to_numpy(float))
    return pd.DataFrame(_products(values, values, max(3, len(table) // 2)), index=names, columns=names)


def _unit(values: np.ndarray) -> np.ndarray:
    spread = np.nanstd(values, axis=0) if values.size else np.ones(values.shape[1])
    centre = np.nanmean(values, axis=0) if values.size else np.zeros(values.shape[1])
    return (values - centre) / np.where(spread > 0, spread, 1.0)


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def _products(one: np.ndarray, other: np.ndarray, least: int) -> np.ndarray:
    """Pearson's correlations (columns, columns) of standardised columns over the people who have both."""
    first, second = ~np.isnan(one), ~np.isnan(other)
    a, b, here, there = np.nan_to_num(one), np.nan_to_num(other), first.astype(float), second.astype(float)
    n = here.T @ there
    both = np.maximum(n, 1.0)
    mean_a, mean_b = a.T @ there / both, here.T @ b / both
    spread = np.sqrt(np.maximum((a**2).T @ there / both - mean_a**2, 0) * np.maximum(here.T @ b**2 / both - mean_b**2, 0))
    found = (a.T @ b / both - mean_a * mean_b) / np.where(spread > 1e-12, spread, 1.0)
    return np.where((n >= least) & (spread > 1e-12), np.clip(found, -1, 1), 0.0)


def copies(table: pd.DataFrame) -> dict[str, str]:
    """Find features that repeat another (copy -> the first, by name, that it repeats)."""
    near = correlations(table).abs()
    found: dict[str, str] = {}
    names = [str(name) for name in near.columns]
    for row, name in enumerate(names):
        earlier = [names[at] for at in np.flatnonzero(near.to_numpy()[row, :row] > COPY) if names[at] not in found]
        if earlier:
            found[name] = earlier[0]
    parts: dict[bytes, str] = {}
    for name in sorted(set(table.columns) - set(near.columns), key=str):
        people = pd.factorize(table[name])[0].tobytes()
        if parts.setdefault(people, str(name)) != name:
            found[str(name)] = parts[people]
    return found


def blocks(table: pd.DataFrame) -> list[list[str]]:
    """Find features, two or more, that say almost the same (chains of correlations above .9), by name."""
    from scipy.sparse.csgraph import connected_components

    near = correlations(table).abs()
    if near.empty:
        return []
    label = connected_components(near.to_numpy() > BLOCK, directed=False)[1]
    return [list(near.columns[label == one]) for one in range(label.max() + 1) if (label == one).sum() >= 2]


def row_level(ordinal: pd.DataFrame) -> float:
    """Return the share of the variance of ordinal answers that lies between people: their mean correlation.

    0 for fewer than four features. It is the intraclass correlation of standardised items: independent items give 0,
    however few they are.
    """
    if ordinal.shape[1] < ITEMS:
        return 0.0
    between = correlations(ordinal).to_numpy()
    return float(between[~np.eye(len(between), dtype=bool)].mean())


def talk_ratio(codes: pd.DataFrame) -> tuple[float, float]:
    """Return how many times more the number of codes varies between people than if each code came on its own, and the
    chance of so much (variance ratio; Schluter, 1984).

    Types of people who name other codes leave it near 1; people who name more of everything raise it. (0, 1) for fewer than
    ``CODES`` codes or ``SPEAKERS`` people.

    Examples
    --------
    >>> talkers = pd.DataFrame(np.tril(np.ones((12, 12))))
    >>> round(talk_ratio(talkers)[0], 1)
    6.0
    """
    values = codes.dropna().to_numpy(float)
    if values.shape[1] < CODES or len(values) < SPEAKERS:
        return 0.0, 1.0
    alone = float(values.var(axis=0, ddof=1).sum())
    ratio = float(values.sum(axis=1).var(ddof=1)) / max(alone, 1e-12)
    return ratio, float(stats.chi2.sf(ratio * (len(values) - 1), len(values) - 1))


def near_noise(table: pd.DataFrame) -> list[str]:
    """Name the features that have no relation to any other beyond chance, straight or curved, or only a weak one.

    Curved: the square of one goes with the other. Nothing is named below 100 people, or with fewer than three features.
    """
    if len(table) < JUDGED or table.shape[1] < 3:
        return []
    owner, columns = [], []
    for number, name in enumerate(table):
        for one in _views(table[name]):
            owner.append(number)
            columns.append(one)
    owners, values = np.array(owner), _unit(np.column_stack(columns))
    given = (~np.isnan(values)).astype(float)
    others = owners[:, None] != owners[None, :]
    tests = np.array([others[owners == number].sum() for number in range(table.shape[1])])
    reach = stats.norm.isf(ALPHA / 2 / tests)[owners][:, None] / np.sqrt(np.maximum(given.T @ given, 1.0))
    related = (np.abs(_products(values, values, 3)) > np.maximum(reach, WEAK)) & others
    return [str(name) for number, name in enumerate(table) if not related[owners == number].any()]


def _views(column: pd.Series) -> list[np.ndarray]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        gaps = column.isna().to_numpy()
        levels = column.dropna().unique()
        return [np.where(gaps, np.nan, (column == level).to_numpy(float)) for level in sorted(levels, key=str)]
    values = column.to_numpy(float)
    square = (values - np.nanmean(values)) ** 2
    return [values] if len(np.unique(values[~np.isnan(values)])) <= 2 else [values, square]


def variance_shares(table: pd.DataFrame) -> pd.Series:
    """Share of the variance of the table that each feature holds, as distances see it (half of each level's for nominal)."""
    held = {}
    for name in table:
        numbers = _views(table[name])
        nominal = isinstance(table[name].dtype, pd.CategoricalDtype)
        held[name] = sum(float(np.nanvar(one)) for one in numbers) / 2 if nominal else float(np.nanvar(numbers[0]))
    shares = pd.Series(held, dtype=float)
    return shares / shares.sum() if shares.sum() > 0 else shares
