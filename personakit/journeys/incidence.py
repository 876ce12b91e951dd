"""Cumulative incidence with competing exits: the share who reach something by a time when some are still on the way."""

from __future__ import annotations

import numpy as np

OPEN, REACHED, EXITED = 0, 1, 2


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
    weights = np.ones((1, len(time))) if weights is None else weights.astype(np.float64)
    if not len(time):
        return (np.full((len(weights), len(horizons)), np.nan),) * 2
    rows = np.argsort(time, kind="stable")
    starts = np.flatnonzero(np.diff(time[rows], prepend=-np.inf) > 0)
    weights, outcome = weights[:, rows], outcome[rows]
    left = np.add.reduceat(weights, starts, axis=1)
    reached = np.add.reduceat(weights * (outcome == REACHED), starts, axis=1)
    exited = np.add.reduceat(weights * (outcome == EXITED), starts, axis=1)
    # everyone who leaves now or later is still at risk now
    at_risk = np.cumsum(left[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(reached, at_risk, out=np.zeros_like(reached), where=at_risk > 0)
    leaving = np.divide(exited, at_risk, out=np.zeros_like(exited), where=at_risk > 0)
    before = np.cumprod(np.column_stack([np.ones(len(weights)), (1 - hazard - leaving)[:, :-1]]), axis=1)
    place = np.searchsorted(time[rows][starts], horizons, side="right")
    nobody = (weights.sum(axis=1) <= 0)[:, None]
    shares = (np.column_stack([np.zeros(len(weights)), np.cumsum(before * one, axis=1)])[:, place]
              for one in (hazard, leaving))
    reach, leave = (np.where(nobody, np.nan, np.clip(one, 0.0, 1.0)) for one in shares)
    return reach, leave
