"""Held-back features corrected for classification error: labels are not certain, so plain means of personas lie too near."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.evidence.features import Columns, replicate_blocks
from personakit.evidence.people import People
from personakit.inference import percentile_interval, person_weights
from personakit.schema import EVIDENCE_ID, FEATURE, KIND, PERSONA, ROLE, UNIT, row_id

#: labels this poor cannot be corrected (smallest singular value of the errors), nor a persona with so small a share left
WORST, LEAST_LEFT = 0.05, 0.01
COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", FEATURE: "str", KIND: "str", UNIT: "str", "naive": "float64",
           "corrected": "float64", "naive_difference": "float64", "difference": "float64", "low": "float64",
           "high": "float64", "wrong": "float64", "n": "int64"}


def outcome_rows(columns: Columns, people: People, *, seed: int, replicates: int) -> pd.DataFrame:
    """Build ``Evidence.outcomes``: one row a persona and held-back column; none where memberships say nothing of error."""
    at = np.flatnonzero(columns.about[ROLE].eq("held_back").to_numpy())
    if people.hard or not len(at) or len(people.names) < 2:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    n, k = len(people.index), len(people.names)
    naive, naive_difference, _ = corrected_means(*_sums(columns, people, at, np.ones((1, n))), errors=np.eye(k)[None])
    mean, difference = _corrected(columns, people, at, np.ones((1, n)))
    draws = [_corrected(columns, people, at, person_weights(n, replicates=size, seed=child).astype(float))[1]
             for size, child in replicate_blocks(n, replicates, np.random.SeedSequence(seed))]
    low, high = percentile_interval(np.concatenate(draws))
    few = np.isnan(difference[0])
    about = columns.about.loc[np.tile(at, k)].reset_index(drop=True)
    counts = np.stack([columns.known[people.members(group)].sum(axis=0)[columns.pattern[at]] for group in range(k)])
    wrong = [1 - people.posterior[people.members(group)].mean() if counts[group].any() else np.nan for group in range(k)]
    frame = about.assign(**{
        EVIDENCE_ID: [row_id("outcome", name, columns.about["row"][one], columns.digests[one], people.membership, seed,
                             replicates) for name in people.names for one in at],
        PERSONA: np.repeat(np.array(people.names, dtype=object), len(at)), FEATURE: about["row"],
        "naive": naive[0].ravel(), "corrected": mean[0].ravel(), "naive_difference": naive_difference[0].ravel(),
        "difference": difference[0].ravel(), "low": np.where(few, np.nan, low).ravel(),
        "high": np.where(few, np.nan, high).ravel(), "wrong": np.repeat(wrong, len(at)), "n": counts.ravel(),
    })
    return frame[list(COLUMNS)].astype(COLUMNS)


def _corrected(columns: Columns, people: People, at: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    parts = [people.members(group) for group in range(len(people.names))]
    joint = np.stack([weights[:, part] @ people.membership[part] for part in parts], axis=2)  # (draws, true, given)
    errors = joint / np.maximum(joint.sum(axis=2, keepdims=True), 1e-12)
    mean, difference, _ = corrected_means(*_sums(columns, people, at, weights), errors=errors)
    shares = columns.shares[at]
    return np.where(shares, np.clip(mean, 0, 1), mean), np.where(shares, np.clip(difference, -1, 1), difference)


def _sums(columns: Columns, people: People, at: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    filled, known = np.nan_to_num(columns.values[:, at]), columns.known.astype(float)
    parts = [people.members(group) for group in range(len(people.names))]
    sums = np.stack([weights[:, part] @ filled[part] for part in parts], axis=1)
    counts = np.stack([weights[:, part] @ known[part] for part in parts], axis=1)[:, :, columns.pattern[at]]
    return sums, counts


def corrected_means(sums: np.ndarray, counts: np.ndarray, *, errors: np.ndarray) -> tuple[np.ndarray, ...]:
    """Undo the errors of classification in the sums of the personas (BCH: Bolck, Croon and Hagenaars, 2004).

    ``sums`` and ``counts`` (draws, given persona, columns) of the people whose label is that persona; ``errors`` (draws,
    true persona, given persona): the probability of each label for members of a persona, rows adding up to one.

    Returns
    -------
    The means of the personas and their differences to everyone else (draws, personas, columns), NaN where the labels are too
    poor to be corrected; and the weights (draws, personas, labels) that a person counts with in each persona.

    Examples
    --------
    >>> sums, counts = np.array([[[8.0], [12.0]]]), np.array([[[10.0], [10.0]]])
    >>> mean, _, _ = corrected_means(sums, counts, errors=np.array([[[0.9, 0.1], [0.1, 0.9]]]))
    >>> mean.round(3).ravel().tolist()
    [0.75, 1.25]
    """
    usable = np.linalg.svd(errors, compute_uv=False)[:, -1] >= WORST
    undo = np.linalg.inv(np.where(usable[:, None, None], errors, np.eye(errors.shape[1]))).transpose(0, 2, 1)
    total, people = undo @ sums, undo @ counts
    everyone, all_people = total.sum(axis=1, keepdims=True), people.sum(axis=1, keepdims=True)
    enough = usable[:, None, None] & (people > LEAST_LEFT * all_people) & (all_people - people > LEAST_LEFT * all_people)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(enough, total / people, np.nan)
        rest = np.where(enough, (everyone - total) / (all_people - people), np.nan)
    return mean, mean - rest, undo
