"""One candidate and its figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.candidates.design import Design
from personakit.candidates.measures import MEASURES, adjusted_rand, centres, in_order, jaccards, overlap
from personakit.candidates.methods import Engine
from personakit.schema import PERSONA

#: a person is contested below this largest membership, or this share of resamples that give the same persona
SURE = 0.6
#: personas differ on a feature from half a standard deviation on (a quarter of people for a yes/no feature)
APART = 0.25
#: likelihoods are compared across k only with so many people for each parameter
PEOPLE_PER_PARAMETER = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """``figures`` of its row, ``labels`` of the distinct rows, ``membership`` of the participants, ``personas``."""

    figures: dict[str, float]
    labels: np.ndarray
    membership: np.ndarray
    personas: pd.DataFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What every candidate is tried on: the ``table`` and its ``design``; the ``people`` whom resamples are made of (all,
    or a sample where there are very many), their ``small`` design, where its rows are in the large one, and the
    ``weights`` of the resamples (replicates, small rows).
    """

    table: pd.DataFrame
    design: Design
    people: pd.DataFrame
    small: Design
    rows: np.ndarray
    weights: np.ndarray


def try_candidate(ground: Ground, engine: Engine, k: int, seed: np.random.SeedSequence) -> Trial:
    """Fit a method at one k, and see how it comes back when other people are drawn."""
    fit, again = seed.spawn(2)
    design = ground.design
    solution = engine.best(ground.table, design, k, fit)
    membership = in_order(design, solution.membership)
    labels = membership.argmax(axis=1)
    replicates = engine.resampled(ground.people, ground.small, k, ground.weights, again)
    steady = _steadiness(ground, labels[ground.rows], k, replicates)
    contested = membership.max(axis=1) < SURE
    contested[ground.rows] |= steady["doubt"] > 1 - SURE
    sizes = np.bincount(labels, weights=design.weights, minlength=k)
    enough = design.people >= PEOPLE_PER_PARAMETER * solution.parameters
    low, middle, high = np.quantile(steady["pairs"], (0.1, 0.5, 0.9))
    figures = {
        "smallest_n": int(sizes.min()),
        **{name: measure(design, labels) for name, measure in MEASURES.items()},
        "likelihood": solution.likelihood,
        "bic": solution.parameters * np.log(design.people) - 2 * solution.likelihood if enough else np.nan,
        "stability": middle, "stability_low": low, "stability_high": high,
        "jaccard": float(steady["jaccard"].min()), "contested": float(np.average(contested, weights=design.weights)),
        "best_share": solution.best_share, "differing": _differing(design, labels, k),
        "directions": _directions(design, labels, k),
    }
    share = np.bincount(labels, weights=design.weights * contested, minlength=k) / np.maximum(sizes, 1)
    personas = pd.DataFrame(
        {"n": sizes.astype(int), "share": sizes / design.people, "jaccard": steady["jaccard"], "contested": share},
        index=pd.Index([f"P{i + 1}" for i in range(k)], name=PERSONA),
    )
    return Trial(figures=figures, labels=labels, membership=membership[design.row_of], personas=personas)


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
