"""Moments of truth: which stage's score predicts, in people held out, how it ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.inference import percentile_interval, person_weights
from personakit.journeys.lived.scores import Scores
from personakit.journeys.rows import with_ids
from personakit.schema import SOURCE, STAGE, TOUCHPOINT

FOLDS, FEWEST = 10, 50
COLUMNS = [SOURCE, STAGE, TOUCHPOINT, "n", "gain", "low", "high"]


def truth_table(scores: Scores, outcome: pd.Series | None, *, seed: int, replicates: int) -> pd.DataFrame:
    """Ask of each place how much of the outcome of held-out people its score predicts, on its own.

    Returns
    -------
    DataFrame
        evidence_id, source, stage, touchpoint, n (people with both), gain (share of the squared error of the mean that a
        line through the score takes away in people who were not used to draw it, ten folds), low, high (bootstrap of
        people). The best first. Places with fewer than 50 people are left out. People answered different questions, so
        compare places by their intervals. A prediction is no cause.
    """
    ends = _outcome(scores, outcome)
    rows = []
    for at, place in enumerate(scores.places.to_dict("records")):
        if ends is None or place[SOURCE] == "nps" or not place[TOUCHPOINT]:
            continue
        both = np.flatnonzero(~np.isnan(scores.values[:, at]) & ~np.isnan(ends))
        x, y = scores.values[both, at], ends[both]
        if len(both) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        line, flat = _held_out_errors(x, y, np.random.default_rng(seed).permutation(len(both)) % FOLDS)
        weights = person_weights(len(both), replicates=replicates, seed=seed)
        low, high = percentile_interval(1 - (weights @ line) / np.maximum(weights @ flat, 1e-12))
        rows.append((place[SOURCE], place[STAGE], place[TOUCHPOINT], len(both), float(1 - line.sum() / flat.sum()),
                     float(low), float(high)))
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(["gain", TOUCHPOINT], ascending=[False, True])
    return with_ids(table.reset_index(drop=True), "truth", seed, replicates)


def _outcome(scores: Scores, outcome: pd.Series | None) -> np.ndarray | None:
    if outcome is not None:
        return outcome.reindex(scores.people).to_numpy(float, na_value=np.nan)
    asked = np.flatnonzero((scores.places[SOURCE] == "nps").to_numpy())
    return scores.values[:, asked[0]] if len(asked) else None


def _held_out_errors(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors of a least-squares line and of the mean, each of people who were not used for it."""
    line, flat = np.empty(len(x)), np.empty(len(x))
    for one in range(FOLDS):
        out, used = fold == one, fold != one
        middle, mean = x[used].mean(), y[used].mean()
        spread = float(((x[used] - middle) ** 2).sum())
        slope = float(((x[used] - middle) * (y[used] - mean)).sum()) / spread if spread else 0.0
        line[out] = (y[out] - mean - slope * (x[out] - middle)) ** 2
        flat[out] = (y[out] - mean) ** 2
    return line, flat
