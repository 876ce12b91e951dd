"""Cumulative incidence with competing exits: the share who reach something by a time when some are still on the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

OPEN, REACHED, EXITED = 0, 1, 2
BINS = 400  # different times of a bootstrap draw; more tell its interval nothing


def cumulative_incidence(
    time: np.ndarray, outcome: np.ndarray, *, horizon: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """Give the Aalen-Johansen share who have reached by ``horizon``.

    Those still open count as at risk until they were last watched, then no longer; an exit is a competing end, not a
    silence. It assumes that being watched for a shorter time says nothing about the person.

    Parameters
    ----------
    time
        (n,) time to the outcome, or watched so far.
    outcome
        (n,) 0 open, 1 reached, 2 exited.
    horizon
        The share is taken at this time, included.
    weights
        (replicates, n) how often each person counts; by default everyone once.

    Returns
    -------
    ndarray (replicates,)
        NaN where nobody counts.

    References
    ----------
    Aalen, O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains. SJS 5.

    Examples
    --------
    >>> share = cumulative_incidence(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 2]), horizon=3.0)
    >>> share.round(3).tolist()
    [0.333]
    """
    return incidence_curve(time, outcome, horizons=np.array([horizon]), weights=weights)[0][:, 0]


def incidence_curve(
    time: np.ndarray, outcome: np.ndarray, *, horizons: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the Aalen-Johansen shares who have reached, and who have exited, by each horizon: two (replicates, horizons)."""
    if not len(time):
        return (np.full((1 if weights is None else len(weights), len(horizons)), np.nan),) * 2
    cell, cells, curve = binned_incidence(time, outcome, horizons=horizons, coarse=weights is not None)
    once = np.ones((1, len(time))) if weights is None else weights.astype(np.float64)
    counts = sparse.csr_array((np.ones(len(time)), (cell, np.arange(len(time)))), shape=(cells, len(time)))
    return curve(np.asarray(counts @ once.T).T)


def binned_incidence(
    time: np.ndarray, outcome: np.ndarray, *, horizons: np.ndarray, coarse: bool
) -> tuple[np.ndarray, int, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Put each person in a cell of outcome and time, and give what makes the curves from sums of people in these cells.

    Where there are many different times and draws are asked for (``coarse``), the cells hold several times each.

    Returns
    -------
    cell (n,), how many cells there are, and a function: sums (replicates, cells) to two (replicates, horizons).
    """
    moments, place = np.unique(time, return_inverse=True)
    if not coarse or len(moments) <= BINS:
        return outcome * len(moments) + place, 3 * len(moments), lambda sums: _curve(moments, sums, horizons)
    # what the coarser times change is known, and taken back
    edges = np.unique(np.concatenate([np.quantile(moments, np.linspace(0, 1, BINS), method="higher"), horizons]))
    cell = outcome * len(edges) + np.searchsorted(edges, time)
    exact, near = (_curve(at, np.bincount(one, minlength=3 * len(at))[None, :].astype(np.float64), horizons)
                   for at, one in ((moments, outcome * len(moments) + place), (edges, cell)))

    def curve(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        drawn = _curve(edges, sums, horizons)
        reach, leave = (np.clip(one + (true - rough), 0.0, 1.0) for one, true, rough in zip(drawn, exact, near, strict=True))
        return reach, leave

    return cell, 3 * len(edges), curve


def _curve(moments: np.ndarray, sums: np.ndarray, horizons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give both shares by each horizon, from the people of each outcome at each of the rising ``moments``."""
    size = len(moments)
    counts = sums.reshape(len(sums), 3, size)
    # everyone who leaves now or later is still at risk now
    at_risk = np.cumsum(counts.sum(axis=1)[:, ::-1], axis=1)[:, ::-1]
    hazard, leaving = (np.divide(counts[:, kind], at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
                       for kind in (REACHED, EXITED))
    before = np.cumprod(np.column_stack([np.ones(len(sums)), (1 - hazard - leaving)[:, :-1]]), axis=1)
    until = np.searchsorted(moments, horizons, side="right")
    nobody = at_risk[:, :1] <= 0
    shares = (np.column_stack([np.zeros(len(sums)), np.cumsum(before * one, axis=1)])[:, until]
              for one in (hazard, leaving))
    reach, leave = (np.where(nobody, np.nan, np.clip(one, 0.0, 1.0)) for one in shares)
    return reach, leave
