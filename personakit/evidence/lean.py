"""Whether a feature that made the personas leans on its own chance: people are sorted again without it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import softmax

from personakit.evidence.features import Columns
from personakit.evidence.outcomes import corrected_means
from personakit.evidence.people import People
from personakit.records import Features
from personakit.schema import EVIDENCE_ID, FEATURE, KIND, ROLE, row_id

#: a feature that goes along with another one within personas, at this correlation or more, is left out with it
NEAR = 0.5
#: a feature varies within a persona by at least this part of its variance over everyone
LEAST_VARIANCE = 0.05
#: the other features can stand in for all where their errors are no worse than this (smallest singular value: 1 is none)
LEAST_TOLD = 0.5


def draw_out_intervals(table: pd.DataFrame, columns: Columns, people: People, made_from: Features) -> pd.DataFrame:
    """Draw the intervals of features that made the personas out to what the difference is without their help.

    Where a feature sorts the people, its chance sorts them too, and its difference comes out too large; where people stand
    in the wrong persona, too small. So they are sorted again by all other features (a normal density a persona and feature,
    taken as independent); shares that add up with the feature, and features that go along with it within personas, are
    left out too. Its difference between the personas so found, corrected for their errors (BCH: Bolck, Croon and
    Hagenaars, 2004), owes nothing to its own chance. The interval then holds the 95 % of both. Where personas are far
    apart both are the same. Where the other features tell the personas apart poorly (one feature makes them), they cannot
    speak for it, and the interval stays as it is. Where many features cut one cloud, people sorted by the others differ by
    nothing, so half of the intervals then reach to 0.
    """
    active = made_from.active.loc[people.index]
    values, owner = _numbers(active)
    rows = np.flatnonzero(columns.about[ROLE].eq("active").to_numpy())
    if len(people.names) < 2 or np.diff(people.bounds).min() < 2 or not len(rows):
        return table
    shape = len(people.names), len(columns.about)
    seen, low, high = (table[name].to_numpy().reshape(shape).copy() for name in ("difference", "low", "high"))
    sure = np.log(np.eye(len(people.names))[people.group] + 1e-300)
    plain = honest_difference(columns.values[:, rows], sure)[1]
    of_feature = pd.Index(active.columns).get_indexer(pd.Index(columns.about[FEATURE]))
    for family, score in _sorted_without(values, owner, made_from, people):
        if not _can_stand_in(score, people):
            continue
        at = np.flatnonzero(np.isin(of_feature[rows], family))
        own = rows[at]
        difference, error = honest_difference(columns.values[:, own], score)
        wider = np.fmax(np.divide(error, plain[:, at], out=np.ones_like(error), where=plain[:, at] > 0), 1.0)
        for end, further in ((low, np.fmin), (high, np.fmax)):
            reach = difference + wider * (end[:, own] - seen[:, own])
            reach = np.where(columns.shares[own], np.clip(reach, -1, 1), reach)
            end[:, own] = np.where(np.isnan(end[:, own]), np.nan, further(end[:, own], reach))
    digest = row_id(values, people.group, owner)
    ids = [row_id("drawn out", one, digest) if role == "active" else one
           for one, role in zip(table[EVIDENCE_ID], table[ROLE], strict=True)]
    out = table.assign(low=low.ravel(), high=high.ravel())
    out[EVIDENCE_ID] = pd.Series(ids, index=out.index, dtype="str")
    return out


def honest_difference(values: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the differences of personas to the rest and their standard errors, where ``score`` knows nothing of ``values``.

    ``values`` (n, m) with NaN where unknown; ``score`` (n, k): the log of how well each persona fits a person. Both are
    (k, m); NaN where the scores are too poor to be corrected. The errors take the scores as given.

    Examples
    --------
    >>> sure = np.array([[0.0, -9.0], [0.0, -9.0], [-9.0, 0.0], [-9.0, 0.0]])
    >>> [one.round(2).tolist() for one in honest_difference(np.array([[1.0], [3.0], [7.0], [9.0]]), sure)]
    [[[-6.0], [6.0]], [[1.0], [1.0]]]
    """
    known = ~np.isnan(values)
    middle = np.nan_to_num(values).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values - middle, 0.0)
    label = np.eye(score.shape[1])[score.argmax(axis=1)]
    errors = _errors(softmax(score, axis=1), label)
    sums, squares, counts = label.T @ filled, label.T @ filled**2, label.T @ known.astype(float)
    (mean,), (difference,), (undo,) = corrected_means(sums[None], counts[None], errors=errors[None])
    with np.errstate(divide="ignore", invalid="ignore"):
        # what one person of each label (second axis) adds to a difference is slope * value - level
        own = undo[:, :, None] / (undo @ counts)[:, None]
        other = (1 - undo)[:, :, None] / (counts.sum(axis=0) - undo @ counts)[:, None]
        slope, level = own - other, own * mean[:, None] - other * (mean - difference)[:, None]
        squared = (slope**2 * squares - 2 * slope * level * sums + level**2 * counts).sum(axis=1)
    return difference, np.sqrt(np.maximum(squared, 0.0))


def _errors(belongs: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return how often each persona (rows) gets each label, rows adding up to one."""
    joint = belongs.T @ label
    return joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-12)


def _can_stand_in(score: np.ndarray, people: People) -> bool:
    """Tell whether scores without a feature find the personas, by their own account and by the labels of all features."""
    label, own = (np.eye(score.shape[1])[one] for one in (score.argmax(axis=1), people.group))
    both = np.stack([_errors(belongs, label) for belongs in (softmax(score, axis=1), own)])
    return bool(np.linalg.svd(both, compute_uv=False).min() >= LEAST_TOLD)


def _numbers(active: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the active table as numbers (a column a level where nominal) and the feature (its place) of each column."""
    parts, owner = [np.empty((len(active), 0))], []
    for at, name in enumerate(active.columns):
        column = active[name]
        if pd.api.types.is_numeric_dtype(column.dtype):
            part = column.to_numpy(dtype=float, na_value=np.nan)[:, None]
        else:
            part = pd.get_dummies(column).to_numpy(dtype=float, copy=True)
            part[column.isna().to_numpy()] = np.nan
        parts.append(part)
        owner += [at] * part.shape[1]
    return np.hstack(parts), np.array(owner, dtype=np.int64)


def _sorted_without(
    values: np.ndarray, owner: np.ndarray, made_from: Features, people: People
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each family of features (their places) and the scores (n, k) of people by what has nothing to do with it."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    filled -= filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1) * known
    mean, variance = _within(filled, known, people)
    near = _near(filled - mean[people.group] * known)
    total = np.tile(np.log(np.diff(people.bounds) / len(filled)), (len(filled), 1))
    for at in range(filled.shape[1]):
        total += _density(filled, known, mean, variance, at)
    names = [str(one) for one in made_from.active.columns]
    kinds = made_from.catalog.loc[made_from.active.columns, KIND]
    families = pd.factorize(np.array([name.split(":")[0] + ":" if kind == "share" else name
                                      for name, kind in zip(names, kinds, strict=True)], dtype=object))[0]
    for number in range(int(families.max()) + 1):
        family = np.flatnonzero(families == number)
        left_out = near[np.isin(owner, family)].any(axis=0) | np.isin(owner, family)
        score = total.copy()
        for at in np.flatnonzero(left_out).tolist():
            score -= _density(filled, known, mean, variance, at)
        yield family, score


def _within(filled: np.ndarray, known: np.ndarray, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance (k, p) of each column in each persona; an unknown value counts nowhere."""
    parts = [people.members(group) for group in range(len(people.names))]
    counts = np.maximum(np.stack([known[part].sum(axis=0) for part in parts]), 1)
    mean, square = (np.stack([one[part].sum(axis=0) for part in parts]) / counts for one in (filled, filled**2))
    least = LEAST_VARIANCE * (filled**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean, np.maximum(square - mean**2, np.where(least > 0, least, 1.0))


def _density(filled: np.ndarray, known: np.ndarray, mean: np.ndarray, variance: np.ndarray, at: int) -> np.ndarray:
    away = (filled[:, at, None] - mean[:, at]) ** 2 / variance[:, at] + np.log(variance[:, at])
    return -0.5 * away * known[:, at, None]


def _near(within: np.ndarray) -> np.ndarray:
    products = within.T @ within
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return np.abs(products) >= NEAR * np.outer(scale, scale)
