"""Figures of one partition of a design. Each is a function ``(design, labels) -> float``; people count, not rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from types import MappingProxyType

import numpy as np

from personakit.candidates.design import Design

#: distinct rows beyond which the silhouette is taken over a regular sample of them
SILHOUETTE_ROWS = 1_500
#: a person is between two personas from this share of the way on
MIDDLE = 1 / 3


def explained(design: Design, labels: np.ndarray) -> float:
    """Return the share of the variance over the active features that lies between the personas, 0 to 1."""
    within, total = _within(design, labels), _within(design, np.zeros_like(labels))
    return 1.0 - within / total if total > 0 else 0.0


def _within(design: Design, labels: np.ndarray) -> float:
    middle, _ = centres(design, labels, int(labels.max()) + 1)
    away = (design.values - middle[labels]) ** 2
    return float(design.weights @ (away if design.seen is None else away * design.seen).sum(axis=1))


def centres(design: Design, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute means of the given answers (k, columns) and people (k) of each persona."""
    member = np.eye(k)[labels] * design.weights[:, None]
    size = member.sum(axis=0)
    count = size[:, None] if design.seen is None else member.T @ design.seen
    return member.T @ design.values / np.maximum(count, 1e-12), size


def order_of(design: Design, membership: np.ndarray) -> np.ndarray:
    """Order the columns of a membership (distinct rows, k) from large to small, equals by their means in turn."""
    means, size = centres(design, membership.argmax(axis=1), membership.shape[1])
    return np.lexsort([*means.round(9).T[::-1], -size.round(9)])


def separation(design: Design, labels: np.ndarray, most_rows: int = SILHOUETTE_ROWS) -> float:
    """Average the silhouette (Rousseeuw, 1987): how much nearer people are to their own persona than to the next, -1 to 1.

    Distances are Euclidean on the analysis scale, over the features both have answered, scaled up to all features.
    """
    rows = len(design.weights)
    kept = np.arange(rows) if rows <= most_rows else np.linspace(0, rows - 1, most_rows).astype(int)
    away, weights, label = distances(design, kept), design.weights[kept], labels[kept]
    present, label = np.unique(label, return_inverse=True)
    if len(present) < 2:
        return 0.0
    member = np.eye(len(present))[label] * weights[:, None]
    size, total = member.sum(axis=0), away @ member
    own = np.arange(len(kept)), label
    inside = total[own] / np.maximum(size[label] - 1, 1e-12)
    mean = total / size
    mean[own] = np.inf
    outside = mean.min(axis=1)
    silhouette = np.where(size[label] > 1, (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12), 0.0)
    return float(np.average(silhouette, weights=weights))


def distances(design: Design, rows: np.ndarray) -> np.ndarray:
    """Compute distances between some distinct rows; missing answers are left out and the rest scaled up."""
    values = design.values[rows]
    square = values**2
    if design.seen is None:
        own = square.sum(axis=1)
        return np.sqrt(np.maximum(own[:, None] + own - 2 * values @ values.T, 0.0))
    seen = design.seen[rows]
    cross = square @ seen.T
    shared = seen @ seen.T
    away = np.maximum(cross + cross.T - 2 * values @ values.T, 0.0)
    return np.sqrt(away * values.shape[1] / np.maximum(shared, 1.0))


def overlap(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Count people in persona i of ``first`` and persona j of ``second``."""
    columns = int(second.max()) + 1
    cells = (int(first.max()) + 1) * columns
    return np.bincount(first * columns + second, weights=weights, minlength=cells).reshape(-1, columns)


def jaccards(reference: np.ndarray, other: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """Return the Jaccard similarity of each of the k personas of ``reference`` with the most similar one of ``other``."""
    table = overlap(np.append(reference, k - 1), np.append(other, k - 1), np.append(weights, 0.0))
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
    return (table / np.maximum(union, 1e-12)).max(axis=1)


def outsiders(design: Design, labels: np.ndarray) -> float:
    """Return the share of people whom their persona describes worse than the average person does, 0 to 1."""
    profiles, size = centres(design, labels, int(labels.max()) + 1)
    average, _ = centres(design, np.zeros_like(labels), 1)
    seen = 1.0 if design.seen is None else design.seen
    own = ((design.values - profiles[labels]) ** 2 * seen).sum(axis=1)
    everyone = ((design.values - average[0]) ** 2 * seen).sum(axis=1)
    return float(np.average(own > everyone, weights=design.weights))


def between(design: Design, labels: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    """Tell of each distinct row, or of some, whether it lies in the middle third of the way from its profile to another.

    A place on a line, not a probability: the posterior of a mixture is nearly always sure of people half-way between two
    personas once there are many features, and surer still where these move together. Akin to shadow values (Leisch, 2010),
    less what a person differs in from both.
    """
    profiles, size = centres(design, labels, int(labels.max()) + 1)
    labels = labels[rows]
    away = design.values[rows] - profiles[labels]
    found = np.zeros(len(labels), dtype=bool)
    for other in np.flatnonzero(size > 0):
        way = profiles[other] - profiles[labels]
        if design.seen is not None:
            way = way * design.seen[rows]
        length = (way**2).sum(axis=1)
        place = (away * way).sum(axis=1) / np.maximum(length, 1e-12)
        found |= (labels != other) & (length > 1e-12) & (place > MIDDLE)
    return found


def valley(design: Design, labels: np.ndarray) -> float:
    """Compare how many people stand in the middle of the way between two profiles with how many stand around these, of the
    two personas most connected: 0 where nobody is in between, about 1 for a cut through a continuum or along a curve.

    Counts people in thirds of the way: the middle one, and one around each profile, each persona weighing the same. Groups
    in the sense of density (Hartigan, 1975) have a valley between them; two Gaussians 3.5 standard deviations apart
    give .5, 4.4 apart .25.
    """
    profiles, size = centres(design, labels, int(labels.max()) + 1)
    present = np.flatnonzero(size > 0).tolist()
    return max((_thirds(design, labels, profiles, (first, second)) + _thirds(design, labels, profiles, (second, first))
                for first, second in combinations(present, 2)), default=0.0)


def _thirds(design: Design, labels: np.ndarray, profiles: np.ndarray, pair: tuple[int, int]) -> float:
    """People of the first persona in the middle third of the way to the second, over those in the third around its own."""
    mine = labels == pair[0]
    way = (profiles[pair[1]] - profiles[pair[0]]) * (1.0 if design.seen is None else design.seen[mine])
    away = design.values[mine] - profiles[pair[0]]
    place = (away * way).sum(axis=1) / np.maximum((way**2).sum(axis=-1), 1e-12)
    weights = design.weights[mine]
    around = weights[np.abs(place) < MIDDLE / 2].sum()
    return float(weights[place > MIDDLE].sum() / max(around, 1.0))


def prediction_strength(trained: np.ndarray, tested: np.ndarray, weights: np.ndarray) -> float:
    """Return the least share, over the personas of ``tested``, of pairs of members whom ``trained`` also puts together
    (Tibshirani and Walther, 2005). ``weights`` count the people of the half that was tested.

    Examples
    --------
    >>> prediction_strength(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]), np.array([1, 1, 1, 2]))
    0.3333333333333333
    """
    table = overlap(tested, trained, weights)
    people = table.sum(axis=1)
    pairs = people * (people - 1)
    together = (table * np.maximum(table - 1, 0)).sum(axis=1)
    return float((together[pairs > 0] / pairs[pairs > 0]).min()) if (pairs > 0).any() else 0.0


#: name -> figure of a partition; each is a column of ``Candidates.table``
MEASURES: Mapping[str, Callable[[Design, np.ndarray], float]] = MappingProxyType(
    {"fit": explained, "separation": separation, "valley": valley, "outsiders": outsiders}
)
