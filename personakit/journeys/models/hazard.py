"""A logistic hazard: the odds that something ends at a question, fitted with a small ridge, and how sure its ratios are."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.stats import norm

RIDGE, ROUNDS, ENOUGH = 1.0, 50, 1e-9  # the ridge is worth one question, on columns of standard deviation 1


def fit_hazard(known: np.ndarray, ended: np.ndarray) -> np.ndarray:
    """Fit intercept and coefficients (p + 1,) of the log odds of ``ended`` (n,) on ``known`` (n, p), by Newton's method.

    The ridge on the columns (not on the intercept) keeps the odds finite where a column tells the answer apart.

    Examples
    --------
    By hand, without columns: 1 of 4 ended, so the odds are 1 to 3.

    >>> np.exp(fit_hazard(np.empty((4, 0)), np.array([1, 0, 0, 0]))).round(4).tolist()
    [0.3333]
    """
    full, ridge = _design(known)
    rate = ended.mean().clip(1e-6, 1 - 1e-6)
    found = np.zeros(full.shape[1])
    found[0] = np.log(rate / (1 - rate))
    before = np.inf
    for _ in range(ROUNDS):
        said = expit(full @ found)
        step = np.linalg.solve(_curvature(full, said, ridge), full.T @ (ended - said) - ridge * found)
        while (loss := _loss(full, ended, found + step, ridge)) > before and np.abs(step).max() > ENOUGH:
            step = step / 2
        found = found + step
        if np.abs(step).max() < 1e-8 or before - loss < ENOUGH:
            break
        before = loss
    return found


def say_hazard(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give the chance of ending (n,) that a fit says."""
    return expit(found[0] + known @ found[1:])


def odds_ratios(known: np.ndarray, ended: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the ratio of odds of each column with its 95 % interval: three (p,), robust to many questions a person.

    References
    ----------
    Liang, K.-Y. & Zeger, S. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.
    """
    full, ridge = _design(known)
    found = fit_hazard(known, ended)
    said = expit(full @ found)
    people = np.unique(person, return_inverse=True)[1]
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    by_person = np.add.reduceat((full * (ended - said)[:, None])[order], starts, axis=0)
    bread = np.linalg.inv(_curvature(full, said, ridge))
    # one person's share in each coefficient; a sum of squares, so never below 0
    spread = np.sqrt(((by_person @ bread) ** 2).sum(axis=0))[1:]
    reach = norm.ppf(0.975) * spread * np.sqrt(len(starts) / max(len(starts) - 1, 1))
    return np.exp(found[1:]), np.exp(found[1:] - reach), np.exp(found[1:] + reach)


def _design(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns with the intercept first, and the ridge of each: on its own scale what ``RIDGE`` is at deviation 1."""
    return np.column_stack([np.ones(len(known)), known]), np.append(0.0, RIDGE * known.var(axis=0))


def _curvature(full: np.ndarray, said: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    # a trace of 1e-9 keeps columns that repeat each other, or are constant in a fold, solvable
    return full.T @ (full * (said * (1 - said))[:, None]) + np.diag(ridge + 1e-9)


def _loss(full: np.ndarray, ended: np.ndarray, found: np.ndarray, ridge: np.ndarray) -> float:
    line = full @ found
    return float(np.logaddexp(0, line).sum() - ended @ line + (ridge * found**2).sum() / 2)
