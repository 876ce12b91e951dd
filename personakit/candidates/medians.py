"""k-medians and k-prototypes: personas around a typical answer to each feature, less drawn by extremes than means are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from personakit.candidates.design import Design
from personakit.candidates.kmeans import resampled_centres

#: starts of one fit, their rounds at most, and numbers with at most so many different values are read as ordered levels
STARTS, ROUNDS, LEVELS = 8, 60, 11
Arrays = dict[str, np.ndarray]


def fit_medians(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
                ) -> tuple[list[Arrays], float]:
    """Find for each row of weights the k profiles of medians (of nominal features: the most common level) from which
    people differ least.
    """
    starts = STARTS if thorough else 2
    centres = resampled_centres(design, k, np.repeat(weights, starts, axis=0), seed, rounds=3).astype(float)
    order = np.argsort(design.values, axis=0, kind="stable")
    models, share = [], np.nan
    for one, begin in zip(weights, centres.reshape(len(weights), starts, k, -1), strict=True):
        ends = [_descend(design, one, order, profiles) for profiles in begin]
        left = np.array([end[1] for end in ends])
        models.append({"profiles": ends[int(left.argmin())][0]})
        share = float((left <= left.min() * (1 + 1e-9)).mean())
    return models, share


def _descend(design: Design, weights: np.ndarray, order: np.ndarray, profiles: np.ndarray) -> tuple[np.ndarray, float]:
    left = np.inf
    for _ in range(ROUNDS):
        away = differences(design, profiles)
        labels = away.argmin(axis=1)
        now = float(weights @ away[np.arange(len(labels)), labels])
        if now >= left * (1 - 1e-12):
            break
        left, best = now, profiles
        profiles = _typical(design, weights, order, labels, profiles)
    return best, left


def differences(design: Design, profiles: np.ndarray) -> np.ndarray:
    """Sum absolute differences (rows, k) over the answers that were given, scaled up to all features."""
    seen = design.seen
    away = np.empty((len(design.values), len(profiles)))
    for place, profile in enumerate(profiles):
        apart = np.abs(design.values - profile)
        away[:, place] = apart.sum(axis=1) if seen is None else (apart * seen).sum(axis=1)
    return away if seen is None else away * (seen.shape[1] / np.maximum(seen.sum(axis=1), 1.0))[:, None]


def _typical(design: Design, weights: np.ndarray, order: np.ndarray, labels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Take the weighted median of each column, or the level that most members have; as before where nobody answered."""
    given = weights[:, None] if design.seen is None else weights[:, None] * design.seen
    given = np.broadcast_to(given, design.values.shape)
    after, columns = before.copy(), np.arange(before.shape[1])
    for place in range(len(before)):
        mine = np.take_along_axis(given * (labels == place)[:, None], order, axis=0)
        ladder = np.cumsum(mine, axis=0)
        middle = (ladder < ladder[-1] / 2).sum(axis=0)
        known = ladder[-1] > 0
        rows = order[np.minimum(middle, len(order) - 1), columns]
        after[place, known] = design.values[rows, columns][known]
        _most_common(design, given * (labels == place)[:, None], after[place])
    return after


def _most_common(design: Design, given: np.ndarray, profile: np.ndarray) -> None:
    for feature in np.unique(design.group[design.category]):
        mine = np.flatnonzero(design.group == feature)
        if len(mine) > 1 and given[:, mine].any():
            votes = (given[:, mine] * (design.values[:, mine] != 0)).sum(axis=0)
            profile[mine] = 0.0
            profile[mine[int(votes.argmax())]] = design.values[:, mine].max()


def place_medians(design: Design, model: Arrays) -> np.ndarray:
    """Put each row with the nearest profile."""
    return np.eye(len(model["profiles"]))[differences(design, model["profiles"]).argmin(axis=1)]


# ---------------------------------------------------------------- Gower's scale
def fit_prototypes(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
                   ) -> tuple[list[Arrays], float]:
    """Do as ``fit_medians`` on Gower's scale, on which kinds of features need no exchange rate."""
    scale = gower_scale(design)
    models, share = fit_medians(replace(design, values=on_gower_scale(design, scale)), k, weights, seed, thorough)
    return [{**model, **scale} for model in models], share


def place_prototypes(design: Design, model: Arrays) -> np.ndarray:
    """Put each row with the nearest profile on the scale that was learnt."""
    return place_medians(replace(design, values=on_gower_scale(design, model)), model)


def gower_scale(design: Design) -> Arrays:
    """Learn for each column how values become 0 to 1: by its range, or by ranks where it has few levels (Podani, 1999).

    Absolute differences on this scale are Gower's: 0 or 1 for yes/no, 1 for two levels of a nominal feature.
    """
    known, scaled = [], []
    for column in range(design.values.shape[1]):
        given = np.ones(len(design.values), dtype=bool) if design.seen is None else design.seen[:, column] > 0
        level, at = np.unique(design.values[given, column], return_inverse=True)
        if len(level) > LEVELS:
            level, place = level[[0, -1]], np.array([0.0, 1.0])
        elif design.category[column] or len(level) < 3:
            place = (level != 0) * (0.5 if (design.group == design.group[column]).sum() > 1 else 1.0)
            place = place if design.category[column] else np.arange(len(level), dtype=float)
        else:
            people = np.bincount(at, weights=design.weights[given])
            rank = np.cumsum(people) - people / 2
            place = (rank - rank[0]) / (rank[-1] - rank[0])
        known.append(level)
        scaled.append(place)
    width = max(map(len, known))
    return {"known": np.array([np.pad(one, (0, width - len(one)), mode="edge") for one in known]),
            "scaled": np.array([np.pad(one, (0, width - len(one)), mode="edge") for one in scaled])}


def on_gower_scale(design: Design, scale: Arrays) -> np.ndarray:
    """Give the values (rows, columns) on the scale learnt; 0 where missing."""
    columns = [np.interp(design.values[:, j], scale["known"][j], scale["scaled"][j]) for j in range(design.values.shape[1])]
    out = np.column_stack(columns)
    return out if design.seen is None else out * design.seen


def gower(first: np.ndarray, second: np.ndarray, group: np.ndarray, seen: tuple[np.ndarray, np.ndarray] | None = None
          ) -> np.ndarray:
    """Compute Gower's (1971) distances between rows on his scale: the mean difference over the features both answered."""
    from scipy.spatial.distance import cdist

    if seen is None:
        return cdist(first, second, "cityblock") / len(np.unique(group))
    total, shared = np.zeros((len(first), len(second))), np.zeros((len(first), len(second)))
    for feature in np.unique(group):
        mine = np.flatnonzero(group == feature)
        both = np.outer(seen[0][:, mine[0]], seen[1][:, mine[0]])
        total += both * cdist(first[:, mine], second[:, mine], "cityblock")
        shared += both
    # people without a common answer are as far apart as people are on average
    average = total.sum() / max(shared.sum(), 1.0)
    return np.where(shared > 0, total / np.maximum(shared, 1.0), average)
