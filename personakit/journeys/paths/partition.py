"""Partitions of people from the distances of their journeys: Ward's tree and k-medoids, and how good a partition is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

STARTS, ROUNDS = 8, 50


def _ward(apart: np.ndarray, ks: Sequence[int]) -> list[np.ndarray]:
    from scipy.cluster.hierarchy import cut_tree, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(apart.astype(np.float64), checks=False), "ward")
    return list(cut_tree(tree, n_clusters=list(ks)).T.astype(np.intp))


def ward(apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Ward's tree cut at each k; distances are taken as squared ones, as the discrepancy takes them (R's ward.D)."""
    return _ward(np.sqrt(np.maximum(apart.astype(np.float64), 0)), ks)


def ward_d2(apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Ward's tree cut at each k, of the distances as they are (R's ward.D2)."""
    return _ward(apart, ks)


def medoids(apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Find the k journeys from which all others are least far in sum: the best of several spread-out starts."""
    out = []
    for k in ks:
        ends = [_settle(apart, _spread_out(apart, k, rng)) for _ in range(STARTS)]
        left = [float(apart[:, one].min(axis=1).sum(dtype=np.float64)) for one in ends]
        out.append(apart[:, ends[int(np.argmin(left))]].argmin(axis=1))
    return out


def _spread_out(apart: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    chosen, chance = np.empty(k, dtype=np.intp), np.ones(len(apart))
    for place in range(k):
        ladder = np.cumsum(chance if chance.sum() > 0 else np.ones(len(apart)))
        chosen[place] = min(int(np.searchsorted(ladder, rng.random() * ladder[-1], side="right")), len(apart) - 1)
        chance = apart[:, chosen[: place + 1]].min(axis=1).astype(np.float64)
    return chosen


def _settle(apart: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    for _ in range(ROUNDS):
        moved = medoids_of(apart, apart[:, chosen].argmin(axis=1), len(chosen), fallback=chosen)
        if np.array_equal(moved, chosen):
            break
        chosen = moved
    return chosen


def medoids_of(apart: np.ndarray, labels: np.ndarray, k: int, *, fallback: np.ndarray | None = None) -> np.ndarray:
    """Return the member of each part from whom the others of the part are least far in sum."""
    out = np.zeros(k, dtype=np.intp) if fallback is None else fallback.copy()
    for place in range(k):
        mine = np.flatnonzero(labels == place)
        if len(mine):
            out[place] = mine[int(apart[np.ix_(mine, mine)].sum(axis=1, dtype=np.float64).argmin())]
    return out


#: name -> function (distances of people, several k, rng) -> labels for each k
METHODS: Mapping[str, Callable[[np.ndarray, Sequence[int], np.random.Generator], list[np.ndarray]]] = MappingProxyType(
    {"ward": ward, "ward_d2": ward_d2, "medoids": medoids})


# ---------------------------------------------------------------- figures of a partition
def by_size(labels: np.ndarray) -> np.ndarray:
    """Give the parts numbers from 0 on, the largest first; equals keep the order of their first member."""
    _, first, dense = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.lexsort((first, -np.bincount(dense)))] = np.arange(len(first))
    return rank[dense]


def silhouettes(apart: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Silhouette of each person (Rousseeuw, 1987); 0 for somebody alone in a part."""
    member = np.eye(int(labels.max()) + 1)[labels]
    people = member.sum(axis=0)
    sums = apart.astype(np.float64) @ member
    rows = np.arange(len(labels))
    inside = sums[rows, labels] / np.maximum(people[labels] - 1, 1)
    means = sums / people
    means[rows, labels] = np.inf
    outside = means.min(axis=1)
    far = np.maximum(inside, outside)
    known = (people[labels] > 1) & np.isfinite(far) & (far > 0)
    return np.where(known, (np.where(known, outside, 0) - inside) / np.where(known, far, 1), 0.0)


def left_within(apart: np.ndarray, labels: np.ndarray) -> float:
    """Share of the discrepancy (distances taken as squared ones) that lies within the parts, 0 to 1."""
    member = np.eye(int(labels.max()) + 1, dtype=np.float32)[labels]
    inside = np.einsum("ik,ik->k", apart @ member, member, dtype=np.float64) / member.sum(axis=0)
    total = float(apart.sum(dtype=np.float64)) / len(labels)
    return float(inside.sum()) / total if total else 1.0


def overlaps(labels: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Best Jaccard of each part of ``labels`` with a part of ``other``."""
    table = np.zeros((int(labels.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (labels, other), 1)
    return (table / (table.sum(axis=1)[:, None] + table.sum(axis=0) - table)).max(axis=1)


def extend(apart: np.ndarray, inside: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Put people with the part whose members they are least far from on average, less the spread of these.

    ``apart`` (people, members), ``inside`` (members, members), ``labels`` the members'. With distances taken as squared
    ones this is the nearest centre (Batagelj, 1988).
    """
    member = np.eye(int(labels.max()) + 1)[labels]
    share = member / member.sum(axis=0)
    return (apart @ share - np.einsum("mk,mk->k", inside @ share, share) / 2).round(9).argmin(axis=1)
