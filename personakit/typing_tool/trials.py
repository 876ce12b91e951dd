"""Honest trials: each half of the people makes its own personas, and the tool of one half places the other half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq, linear_sum_assignment, minimize_scalar
from scipy.special import log_softmax, softmax

from personakit.errors import StudyError
from personakit.inference import wilson_interval
from personakit.typing_tool.answers import Answers
from personakit.typing_tool.choosing import best_sets, fit_rule
from personakit.typing_tool.tool import SURE

#: ``(table, k, seed) -> membership``, as the methods of ``find_candidates``
Method = Callable[[pd.DataFrame, int, int], np.ndarray]
#: bins of the calibration, and how flat or steep the probabilities may be made
BINS, TEMPERATURES = 5, (np.log(0.5), np.log(50.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """``table``: active features of the people; ``labels``: their chosen personas (0..k-1); ``answers`` of the same."""

    table: pd.DataFrame
    labels: np.ndarray
    answers: Answers
    costs: np.ndarray
    k: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """What came out over all halves: ``person`` and ``truth`` of each placing (m), ``scores`` (lengths, m, k), and the
    ``sets`` of questions that each half chose, one a length.
    """

    person: np.ndarray
    truth: np.ndarray
    scores: np.ndarray
    sets: tuple[list[list[int]], ...]


def try_halves(ground: Ground, method: Method, *, repeats: int, most: int, seed: np.random.SeedSequence) -> Trials:
    """Split the people in two, cluster each half alone, build the tool on one and place the other; both ways, repeatedly.

    The personas of a half are matched with the chosen ones on the people of that half (largest overlap), so the two halves
    never see each other (after Tibshirani and Walther, 2005). Everything that learns is learnt on one half.
    """
    person, truth, scores, sets = [], [], [], []
    asked = ground.answers.given.sum(axis=1) > 0
    for child in seed.spawn(repeats):
        for rows, labels, others, other_labels in _pairs(ground, method, child):
            use, place = asked[rows], asked[others]
            own = best_sets(ground.answers, rows[use], labels[use], ground.costs, most)
            sets.append(own)
            person.append(others[place])
            truth.append(other_labels[place])
            scores.append([_placed(ground, one, rows[use], labels[use], others[place]) for one in own])
    return Trials(person=np.concatenate(person), truth=np.concatenate(truth), sets=tuple(sets),
                  scores=np.concatenate([np.array(one) for one in scores], axis=1))


def _placed(
    ground: Ground, chosen: list[int], rows: np.ndarray, labels: np.ndarray, others: np.ndarray
) -> np.ndarray:
    at = ground.answers.of(chosen)
    intercept, weights = fit_rule(ground.answers.values[np.ix_(rows, at)], labels, ground.k)
    return intercept + ground.answers.values[np.ix_(others, at)] @ weights


def _pairs(ground: Ground, method: Method, seed: np.random.SeedSequence) -> Iterator[tuple[np.ndarray, ...]]:
    order = np.random.default_rng(seed).permutation(len(ground.labels))
    halves = [np.sort(half) for half in np.array_split(order, 2)]
    found = [recluster(ground.table.iloc[half], ground.k, method, child, ground.labels[half])
           for half, child in zip(halves, seed.spawn(2), strict=True)]
    yield halves[0], found[0], halves[1], found[1]
    yield halves[1], found[1], halves[0], found[0]


def recluster(table: pd.DataFrame, k: int, method: Method, seed: np.random.SeedSequence, chosen: np.ndarray
              ) -> np.ndarray:
    """Make personas of these people alone: labels 0..k-1, numbered as the ``chosen`` ones that they overlap most."""
    membership = np.asarray(method(table.copy(), k, int(seed.generate_state(1)[0])), dtype=float)
    if membership.shape != (len(table), k) or not np.isfinite(membership).all():
        raise StudyError(f"method: returned shape {membership.shape} where ({len(table)}, {k}) finite memberships are "
                         f"needed. Give a function (table, k, seed) -> membership, such as METHODS[\"kmeans\"].")
    labels = membership.argmax(axis=1)
    overlap = np.zeros((k, k))
    np.add.at(overlap, (labels, chosen), 1)
    return linear_sum_assignment(-overlap)[1][labels]


def temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """Find what the scores must be divided by so that probabilities are right on people not seen (Guo et al., 2017)."""
    def loss(log_t: float) -> float:
        return -float(log_softmax(scores / np.exp(log_t), axis=1)[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize_scalar(loss, bounds=TEMPERATURES, method="bounded").x))


def no_surer(scores: np.ndarray, mean_top: float) -> float:
    """Find what the scores must be divided by so that their likeliest persona has this probability on average.

    A rule made of everyone is sharper than those of halves, without knowing more of people it has not seen.
    """
    def above(log_t: float) -> float:
        return float(softmax(scores / np.exp(log_t), axis=1).max(axis=1).mean()) - mean_top

    low, high = TEMPERATURES
    return float(np.exp(brentq(above, low, high) if above(low) > 0 > above(high) else low if above(low) <= 0 else high))


def figures(trials: Trials, length: int) -> dict[str, float]:
    """Measure a number of questions: accuracy, recall of the least recognised persona, calibration, and cannot tell."""
    scores, truth = trials.scores[length], trials.truth
    probability = softmax(scores / temperature(scores, truth), axis=1)
    top, right = probability.max(axis=1), probability.argmax(axis=1) == truth
    people = len(np.unique(trials.person))
    low, high = wilson_interval(right.mean() * people, people)
    told, bins = top >= SURE, calibration(top, right)
    return {"accuracy": right.mean(), "low": float(low), "high": float(high),
            "least_recall": float(recalls(trials, length)["recall"].fillna(0.0).min()), "cannot_tell": 1 - told.mean(),
            "accuracy_told": right[told].mean() if told.any() else np.nan, "placed_right": (right & told).mean(),
            "brier": float(((probability - np.eye(scores.shape[1])[truth]) ** 2).sum(axis=1).mean()),
            "calibration_error": float(np.average((bins["said"] - bins["right"]).abs(), weights=bins["n"]))}


def recalls(trials: Trials, length: int) -> pd.DataFrame:
    """Count how many members of each persona are recognised: n (different people), recall, low, high."""
    k = trials.scores.shape[2]
    right = trials.scores[length].argmax(axis=1) == trials.truth
    own = [trials.truth == one for one in range(k)]
    n = np.array([len(np.unique(trials.person[one])) for one in own])
    recall = np.array([right[one].mean() if one.any() else np.nan for one in own])
    low, high = wilson_interval(np.nan_to_num(recall) * n, n)
    return pd.DataFrame({"n": n, "recall": recall, "low": low, "high": high})


def calibration(top: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Compare what is said (the probability of the persona given) with how often it is right, in bins of equal width."""
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.digitize(top, edges) - 1, 0, BINS - 1)
    rows = [(edges[one], edges[one + 1], int((place == one).sum()), top[place == one].mean(), right[place == one].mean())
            for one in range(BINS) if (place == one).any()]
    return pd.DataFrame(rows, columns=["from", "to", "n", "said", "right"])
