"""Intervals that also hold the making of the personas: each bootstrap sample of people makes its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

from personakit.errors import StudyError
from personakit.evidence.features import spread
from personakit.evidence.people import People, check_evidence, line_up
from personakit.inference import one_thread
from personakit.records import Evidence, Features, Personas, Study
from personakit.schema import EVIDENCE_ID, row_id

#: half the width of a 95 % interval, in standard deviations
REACH = float(norm.ppf(0.975))


@one_thread()
def widen_intervals(
    evidence: Evidence, study: Study, features: Features, personas: Personas,
    method: Callable[[pd.DataFrame, int, int], np.ndarray], *, replicates: int = 100,
) -> Evidence:
    """Give the differences intervals that count the making of the personas as uncertain too.

    Use it before a difference in a feature that made the personas is said with figures: ``gather_evidence`` takes the
    personas as they are, and counts only who belongs to them as uncertain. It takes as long as clustering ``replicates``
    times. It cannot tell whether there are personas at all; on noise many of its intervals still exclude 0, since any cut
    differs.

    Parameters
    ----------
    evidence, study, features, personas
        The evidence and what it was gathered from. Its seed is used again.
    method
        What made the personas: ``(table, k, seed) -> membership``, such as ``METHODS["kmeans"]`` of ``candidates``.
    replicates
        Bootstrap samples of people, each clustered anew and matched with the personas by overlap.

    Returns
    -------
    Evidence
        ``low`` and ``high`` of ``table`` are the difference, less and more 1.96 standard deviations over the samples, where
        that lies beyond what they were; rows that changed have a new ``evidence_id``.

    Raises
    ------
    StudyError
        Evidence of other personas, or a method that returns something else than memberships.

    References
    ----------
    Efron (1979); persona by persona after Hennig (2007), who matches clusters of bootstrap samples.
    """
    people = line_up(study, features, personas)
    columns = spread(features, people, personas.features.active.columns)
    check_evidence(evidence, personas)
    if len(evidence.table) != len(people.names) * columns.values.shape[1]:
        raise StudyError("evidence: it is of other features. Gather it again: gather_evidence(study, features, personas, "
                         "seed=7).")
    table = personas.features.active.loc[people.index]
    filled, known = np.nan_to_num(columns.values), ~np.isnan(columns.values)
    draws = np.full((replicates, len(people.names), filled.shape[1]), np.nan)
    for at, child in enumerate(np.random.SeedSequence(evidence.seed).spawn(replicates)):
        rows = np.sort(np.random.default_rng(child).integers(0, len(people.index), len(people.index)))
        labels = _again(table.iloc[rows], people, rows, method, child)
        member = np.eye(len(people.names))[labels].T
        sums, counts = member @ filled[rows], member @ known[rows].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            draws[at] = sums / counts - (sums.sum(axis=0) - sums) / (counts.sum(axis=0) - counts)
    middle = evidence.table["difference"].to_numpy()
    half = REACH * _deviation(draws).ravel()
    low, high = evidence.table["low"].to_numpy(), evidence.table["high"].to_numpy()
    wider = (middle - half < low) | (middle + half > high)
    # made from the whole table of the features that made the personas
    used = row_id(pd.util.hash_pandas_object(table).to_numpy(), table.columns.tolist(), replicates)
    ids = [row_id("widened", one, used) if more else one
           for one, more in zip(evidence.table[EVIDENCE_ID], wider, strict=True)]
    after = evidence.table.assign(low=np.where(wider, np.fmin(low, middle - half), low),
                                  high=np.where(wider, np.fmax(high, middle + half), high))
    after[EVIDENCE_ID] = pd.Series(ids, index=after.index, dtype="str")
    return replace(evidence, table=after)


def _again(table: pd.DataFrame, people: People, rows: np.ndarray, method: Callable[[pd.DataFrame, int, int], np.ndarray],
           seed: np.random.SeedSequence) -> np.ndarray:
    k = len(people.names)
    drawn = table.set_axis(pd.RangeIndex(len(table)))
    membership = np.asarray(method(drawn, k, int(seed.generate_state(1)[0])), dtype=float)
    if membership.shape != (len(rows), k) or not np.isfinite(membership).all():
        raise StudyError(f"method: returned shape {membership.shape} where ({len(rows)}, {k}) finite memberships are "
                         f"needed. Give a function (table, k, seed) -> membership, such as METHODS[\"kmeans\"].")
    labels = membership.argmax(axis=1)
    overlap = np.zeros((k, k))
    np.add.at(overlap, (labels, people.group[rows]), 1)
    return linear_sum_assignment(-overlap)[1][labels]


def _deviation(draws: np.ndarray) -> np.ndarray:
    known = ~np.isnan(draws)
    n = known.sum(axis=0)
    mean = np.where(known, draws, 0.0).sum(axis=0) / np.maximum(n, 1)
    return np.sqrt((np.where(known, draws - mean, 0.0) ** 2).sum(axis=0) / np.maximum(n - 1, 1))
