"""Moments of truth: which stage's score predicts, in people held out, how it ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.inference import chunked, percentile_interval, permutation_p, permuted, person_weights
from personakit.journeys.lived.scores import TOP, Scores
from personakit.journeys.rows import with_ids
from personakit.schema import SOURCE, STAGE, TOUCHPOINT

FEWEST, ALPHA = 50, 0.05
SHUFFLES, HELD = 1_999, 2_000_000
COLUMNS = [SOURCE, STAGE, TOUCHPOINT, "n", "gain", "low", "high", "error", "baseline", "predicts"]


def truth_table(scores: Scores, outcome: pd.Series | None, *, seed: int, replicates: int) -> pd.DataFrame:
    """Ask of each place how much of the outcome of held-out people its score predicts, on its own.

    Returns
    -------
    DataFrame
        evidence_id, source, stage, touchpoint (empty: the whole stage, where it has several), n (people with both), gain
        (share of the squared error of the baseline that a line through the score takes away; each person is held out, and
        foretold from all others), low, high (bootstrap of people; right about all places together in 95 of 100), error,
        baseline (root mean squared error in people held out with the score, and with the mean of the others; in units of the
        outcome), predicts (low above 0, and outcomes dealt anew to people gain as much in at most 5 of 100, all places
        together: where a low score and an outcome are both rare and never meet, the interval alone is too sure). The best
        first. Places with fewer than 50 people are left out. People answered different questions, so compare places by
        their intervals. A prediction is no cause.
    """
    ends = _outcome(scores, outcome)
    asked = [] if ends is None else [(at, *_known(scores.values[:, at], ends)) for at in _places(scores)]
    asked = [(at, x, y) for at, x, y in asked if len(x) >= FEWEST and np.ptp(x) and np.ptp(y)]
    rows = []
    for at, x, y in asked:
        line, flat = _held_out_errors(x, y)
        weights, place = person_weights(len(x), replicates=replicates, seed=seed), scores.places.iloc[at]
        draws = 1 - (weights @ line) / np.maximum(weights @ flat, 1e-12)
        low, high = percentile_interval(draws, level=1 - ALPHA / len(asked))  # of several, one looks good by chance
        gain = float(1 - line.sum() / flat.sum())
        predicts = low > 0 and permutation_p(gain, _gains_by_chance(x, y, seed)) <= ALPHA / len(asked)
        rows.append((place[SOURCE], place[STAGE], place[TOUCHPOINT], len(x), gain, float(low), float(high),
                     float(np.sqrt(line.mean())), float(np.sqrt(flat.mean())), bool(predicts)))
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(["gain", TOUCHPOINT], ascending=[False, True])
    return with_ids(table.reset_index(drop=True), "truth", seed, replicates)


def _known(values: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = ~np.isnan(values) & ~np.isnan(ends)
    return values[both], ends[both]


def _places(scores: Scores) -> list[int]:
    """Return the touchpoints that were scored, and the stages of which several were."""
    told = scores.places[scores.places[SOURCE] != "nps"]
    several = told[told[TOUCHPOINT] != ""].groupby([SOURCE, STAGE])[TOUCHPOINT].transform("size") > 1
    stages = set(map(tuple, told.loc[several.index[several], [SOURCE, STAGE]].to_numpy()))
    rows = zip(told.index, told[SOURCE], told[STAGE], told[TOUCHPOINT], strict=True)
    return [int(at) for at, source, stage, touchpoint in rows if touchpoint or (source, stage) in stages]


def _outcome(scores: Scores, outcome: pd.Series | None) -> np.ndarray | None:
    """Return the outcome of each person: what was given, or the first question about recommending, on its own scale."""
    if outcome is not None:
        return outcome.reindex(scores.people).to_numpy(float, na_value=np.nan)
    asked = scores.places[scores.places[SOURCE] == "nps"]
    if not len(asked):
        return None
    low, high = asked[["scale_low", "scale_high"]].iloc[0]
    return low + (scores.values[:, asked.index[0]] + TOP) / (2 * TOP) * (high - low)


def _held_out_errors(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors of a least-squares line and of the mean, each person foretold from all others.

    Leaving one out needs no second fit: the residual over one less the leverage (Allen, 1974).
    """
    apart, away = x - x.mean(), y - y.mean()
    spread = float(apart @ apart)
    rest, flat = 1 - 1 / len(x) - apart**2 / spread, away / (1 - 1 / len(x))
    # without the only person who said something else there is no line, only the mean
    line = np.where(rest < 1e-9, flat, (away - float(away @ apart) / spread * apart) / rest.clip(1e-9))
    return line**2, flat**2


def _gains_by_chance(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Give the gains of ``SHUFFLES`` deals of the outcomes to people: as ``_held_out_errors``, written out as sums."""
    apart, away = x - x.mean(), y - y.mean()
    spread = float(apart @ apart)
    rest, flat = 1 - 1 / len(x) - apart**2 / spread, (1 - 1 / len(x)) ** -2
    weight, alone = np.where(rest < 1e-9, 0.0, rest.clip(1e-9) ** -2), np.where(rest < 1e-9, flat, 0.0)
    out = []
    for size, child in chunked(SHUFFLES, size=max(1, HELD // len(x)), seed=np.random.SeedSequence(seed)):
        dealt = permuted(away, replicates=size, seed=child)
        slope = dealt @ apart / spread
        left = dealt**2 @ (weight + alone) - 2 * slope * (dealt @ (weight * apart)) + slope**2 * float(weight @ apart**2)
        out.append(1 - left / (float(away @ away) * flat))
    return np.concatenate(out)
