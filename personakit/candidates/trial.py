"""One candidate and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.special import entr

from personakit.candidates.design import Design
from personakit.candidates.engines import Engine, Fit, Ground
from personakit.candidates.measures import MEASURES, between, centres, jaccards, order_of, overlap, prediction_strength
from personakit.candidates.medians import Arrays
from personakit.inference import adjusted_rand
from personakit.schema import PERSONA

#: a person is contested below this largest membership, or this share of resamples that give the same persona, or between
#: two profiles (see ``between``)
SURE = 0.6
#: personas differ on a feature from half a standard deviation on (a quarter of people for a yes/no feature)
APART = 0.25
#: likelihoods are compared across k only with so many people for each parameter
PEOPLE_PER_PARAMETER = 5


#: rivals of a candidate: solutions whose objective is worse by at most this share, and that agree less than this with it
RIVAL_LOSS, RIVAL_AGREEMENT = 1e-3, 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """``figures`` of its row, ``labels`` of the distinct rows, ``membership`` of the participants, ``personas``, and its
    ``models``, best first, rivals after it; ``rivals`` compares these with the best.
    """

    figures: dict[str, float]
    labels: np.ndarray
    membership: np.ndarray
    personas: pd.DataFrame
    models: list[tuple[Arrays, np.ndarray]]
    rivals: list[dict[str, float]]


def try_candidate(ground: Ground, engine: Engine, k: int, seed: np.random.SeedSequence) -> Trial:
    """Fit a method at one k, and see how it comes back when other people are drawn."""
    fit, again = seed.spawn(2)
    design = ground.design
    solution = engine.best(design, k, fit)
    membership = engine.place(design, solution.models[0])
    order = order_of(design, membership)
    membership = membership[:, order]
    labels = membership.argmax(axis=1)
    found = engine.resampled(ground.small, k, np.concatenate([ground.weights, ground.halves]), again)
    steady = _steadiness(ground, labels[ground.rows], k, found[: len(ground.weights)])
    halves = _strengths(found[len(ground.weights) :], ground.halves)
    contested = ((membership[ground.rows].max(axis=1) < SURE) | (steady["doubt"] > 1 - SURE)
                 | between(design, labels, ground.rows))
    sizes, small = np.bincount(labels[design.row_of], minlength=k), ground.small.weights
    rivals = _rivals(design, engine, solution, labels)
    low, middle, high = np.quantile(steady["pairs"], (0.1, 0.5, 0.9))
    figures = {
        "smallest_n": int(sizes.min()),
        **{name: measure(design, labels) for name, measure in MEASURES.items()},
        **_criteria(design, engine, k, solution, membership),
        "stability": middle, "stability_low": low, "stability_high": high, "prediction_strength": float(np.mean(halves)),
        "jaccard": float(steady["jaccard"].min()), "contested": float(np.average(contested, weights=small)),
        "best_share": solution.best_share, "rivals": len(rivals), "differing": _differing(design, labels, k),
        "directions": _directions(design, labels, k),
    }
    mine = labels[ground.rows]
    share = np.bincount(mine, weights=small * contested, minlength=k) / np.maximum(
        np.bincount(mine, weights=small, minlength=k), 1e-12)
    weighted = np.bincount(labels, weights=design.weights, minlength=k) / design.weights.sum()
    personas = pd.DataFrame(
        {"n": sizes.astype(int), "share": weighted, "jaccard": steady["jaccard"], "contested": share},
        index=pd.Index([f"P{i + 1}" for i in range(k)], name=PERSONA),
    )
    return Trial(figures=figures, labels=labels, membership=membership[design.row_of], personas=personas,
                 models=[(solution.models[0], order), *((one["model"], one["order"]) for one in rivals)],
                 rivals=[{name: one[name] for name in ("loss", "agreement", "moved")} for one in rivals])


def _criteria(design: Design, engine: Engine, k: int, solution: Fit, membership: np.ndarray) -> dict[str, float]:
    """Give the likelihood, and what it costs: NaN where there are too few people for each number to estimate."""
    numbers = engine.parameters(design, k)
    enough = design.people >= PEOPLE_PER_PARAMETER * numbers
    left = -2 * solution.likelihood if enough else np.nan
    doubt = float(design.weights @ entr(membership).sum(axis=1))
    bic = left + numbers * np.log(design.people)
    return {"likelihood": solution.likelihood, "aic": left + 2 * numbers, "bic": bic, "icl": bic + 2 * doubt}


def _rivals(design: Design, engine: Engine, solution: Fit, labels: np.ndarray) -> list[dict[str, Any]]:
    """Keep the solutions that are as good as the best and yet different from it and from each other."""
    if solution.loss is None:
        return []
    kept: list[dict[str, Any]] = []
    seen = [labels]
    for model, loss in zip(solution.models[1:], solution.loss[1:], strict=True):
        if loss > RIVAL_LOSS:
            break
        membership = engine.place(design, model)
        order = order_of(design, membership)
        other = membership[:, order].argmax(axis=1)
        agreements = [adjusted_rand(one, other, design.weights) for one in seen]
        if max(agreements) < RIVAL_AGREEMENT:
            table = overlap(labels, other, design.weights)
            stay = table[linear_sum_assignment(-table)].sum() / table.sum()
            kept.append({"model": model, "order": order, "loss": float(loss), "agreement": agreements[0],
                         "moved": float(1 - stay)})
            seen.append(other)
    return kept


def _strengths(labels: np.ndarray, halves: np.ndarray) -> list[float]:
    """Test each half with the other: prediction strengths."""
    pairs = [(one, one + 1) for one in range(0, len(halves), 2)]
    return [prediction_strength(labels[a], labels[b], halves[b]) for one in pairs for a, b in (one, one[::-1])]


def _steadiness(ground: Ground, labels: np.ndarray, k: int, replicates: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the adjusted Rand of pairs of replicates (Dolnicar and Leisch, 2010), the mean over replicates of each
    persona's best Jaccard, and the share of replicates that put a row elsewhere once their personas are matched by overlap.
    """
    weights = ground.small.weights
    elsewhere = np.zeros(len(labels))
    for one in replicates:
        elsewhere += overlap(labels, one, weights).argmax(axis=0)[one] != labels
    pairs = [adjusted_rand(a, b, weights) for a, b in zip(replicates[::2], replicates[1::2], strict=True)]
    return {"pairs": np.array(pairs), "doubt": elsewhere / len(replicates),
            "jaccard": np.mean([jaccards(labels, one, weights, k) for one in replicates], axis=0)}


def _differing(design: Design, labels: np.ndarray, k: int) -> int:
    """Count the fewest features on which two personas are ``APART``."""
    means, _ = centres(design, labels, k)
    first, second = np.triu_indices(k, 1)
    apart = np.abs(means[first] - means[second]) >= APART
    return min(len(np.unique(design.group[one])) for one in apart)


def _directions(design: Design, labels: np.ndarray, k: int) -> float:
    """Measure how far the profiles leave one line: the second singular value of the weighted centres over the first."""
    means, size = centres(design, labels, k)
    around = (means - np.average(means, axis=0, weights=size)) * np.sqrt(size)[:, None]
    values = np.linalg.svd(around, compute_uv=False)
    return float(values[1] / values[0]) if len(values) > 1 and values[0] > 0 else 0.0
