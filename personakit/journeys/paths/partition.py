"""Partitions of people: Ward's tree and k-medoids of distances, chains of steps, and how good a partition is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import sparse

from personakit.inference import spread_out
from personakit.journeys.models.mixture import Counts, chain_shares, fit_chains, step_logs
from personakit.journeys.paths.kernels import Padded

STARTS, ROUNDS = 8, 50
#: starts of a mixture of chains, and those of them that are run to the end
CHAIN_STARTS, CHAIN_ENDS = 8, 2
#: people x cells of a table of steps that needs not be sparse
SMALL = 1_000_000
#: (journeys of people, their distances, several k, rng) -> labels for each k
Partition = Callable[[Padded, np.ndarray, Sequence[int], np.random.Generator], list[np.ndarray]]
#: (journeys of people, their distances, who was drawn, labels of these) -> labels of everyone
Placing = Callable[[Padded, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """A way to part people, and to place others beside them.

    ``drawn``: people of one sample where there are many more (0: everyone at once); ``samples``: samples tried.
    """

    part: Partition
    place: Placing
    drawn: int
    samples: int = 1


# ---------------------------------------------------------------- distances
def _ward(apart: np.ndarray, ks: Sequence[int]) -> list[np.ndarray]:
    from scipy.cluster.hierarchy import cut_tree, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(apart.astype(np.float64), checks=False), "ward")
    return list(cut_tree(tree, n_clusters=list(ks)).T.astype(np.intp))


def ward(some: Padded, apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Ward's tree cut at each k; distances are taken as squared ones, as the discrepancy takes them (R's ward.D)."""
    return _ward(np.sqrt(np.maximum(apart.astype(np.float64), 0)), ks)


def ward_d2(some: Padded, apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Ward's tree cut at each k, of the distances as they are (R's ward.D2)."""
    return _ward(apart, ks)


def medoids(some: Padded, apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Find the k journeys from which all others are least far in sum: the best of several spread-out starts."""
    out, everyone = [], np.ones(len(apart))
    for k in ks:
        ends = [_settle(apart, spread_out(apart, everyone, k, rng)) for _ in range(STARTS)]
        left = [float(apart[:, one].min(axis=1).sum(dtype=np.float64)) for one in ends]
        out.append(apart[:, ends[int(np.argmin(left))]].argmin(axis=1))
    return out


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


def _by_distance(some: Padded, apart: np.ndarray, drawn: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return extend(apart[:, drawn], apart[np.ix_(drawn, drawn)], labels)


# ---------------------------------------------------------------- chains
def mixture(some: Padded, apart: np.ndarray, ks: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Put people with the chain of a mixture of Markov chains that they most likely follow; distances play no part."""
    counts, of = _step_counts(some)
    out = []
    for k in ks:
        best, _ = fit_chains(counts, of, k, rng, starts=CHAIN_STARTS, ends=CHAIN_ENDS)
        out.append(_likeliest(chain_shares(counts, best.weight, best.logs)[0]))
    return out


def _by_chain(some: Padded, apart: np.ndarray, drawn: np.ndarray, labels: np.ndarray) -> np.ndarray:
    counts, of = _step_counts(some)
    member = np.eye(int(labels.max()) + 1)[labels]
    return chain_shares(counts, member.mean(axis=0), step_logs(counts[drawn], of, member))[0].argmax(axis=1)


def _step_counts(some: Padded) -> tuple[Counts, np.ndarray]:
    """Count steps and first levels of each person (people, cells that occur), and name the source of each cell."""
    size = some.levels
    cell = np.concatenate([np.full((len(some.steps), 1), size), some.steps[:, :-1]], axis=1) * size + some.steps
    person, step = np.nonzero(some.steps < size)
    cells, place = np.unique(cell[person, step], return_inverse=True)
    table = sparse.coo_array((np.ones(len(place)), (person, place)), shape=(len(some.steps), len(cells)))
    return table.toarray() if np.prod(table.shape) <= SMALL else sparse.csr_array(table), cells // size


def _likeliest(chance: np.ndarray) -> np.ndarray:
    """Take the likeliest chain of each person; one that is nobody's takes the person most like it."""
    labels = chance.argmax(axis=1)
    for empty in np.setdiff1d(np.arange(chance.shape[1]), labels):
        several = np.bincount(labels, minlength=chance.shape[1])[labels] > 1
        labels[int(np.where(several, chance[:, empty], -1).argmax())] = empty
    return labels


METHODS: Mapping[str, Method] = MappingProxyType({
    "ward": Method(part=ward, place=_by_distance, drawn=2_000),
    "ward_d2": Method(part=ward_d2, place=_by_distance, drawn=2_000),
    "medoids": Method(part=medoids, place=_by_distance, drawn=1_000, samples=5),
    "mixture": Method(part=mixture, place=_by_chain, drawn=0),
})


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
