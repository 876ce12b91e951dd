"""Ratios of sums over people (shares of next steps, days a visit) and a test of them that no persona's spread can fool.

Each ratio has a score a person: what the person adds above, less what everyone's ratio would have led to expect. Under the
null the scores of each persona add up to nothing; the sum is held against the spread of the scores *of that persona*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from personakit.eventlog import count_cells, person_of, transition_counts
from personakit.inference import chunked, person_weights, ratio
from personakit.journeys.groups import FEW_PEOPLE
from personakit.records import EncodedLog

BLOCK = 4096  # people whose scores are written out at once
HELD = 8_000_000  # numbers held at once: replicates x personas x ratios, or people x either
THIN = 0.03  # where fewer than this share of people x ratios is not 0, products of sparse matrices are quicker


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratios:
    """What each person adds above (n, m) and below (n, q) each of m ratios; ``of`` (m,) says which below is whose."""

    top: sparse.csr_array
    bottom: sparse.csr_array
    of: np.ndarray

    def rows(self, keep: np.ndarray) -> Ratios:
        """Keep some people."""
        return Ratios(top=self.top[keep], bottom=self.bottom[keep], of=self.of)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Scores of each persona added up (replicates, k, m), their squares, and what stands below (replicates, k, q)."""

    score: np.ndarray
    square: np.ndarray
    below: np.ndarray


def step_ratios(log: EncodedLog, column: str, *, with_first: bool) -> tuple[Ratios, np.ndarray]:
    """Shares of next steps by source, and of first levels where asked for; with the cell of each: source * size + target.

    First levels have the source ``size``. Only steps that somebody made are ratios.
    """
    size, people = len(log.levels[column]), len(log.participants)
    inner = transition_counts(log, column).tocoo()
    person, cell, count = inner.row, inner.col.astype(np.int64), inner.data.astype(np.float64)
    if with_first:
        known = np.flatnonzero(log.codes[column] >= 0)
        owner = person_of(log)[known]
        first = known[np.append(True, np.diff(owner) != 0)[: len(known)]]
        person = np.concatenate([person, person_of(log)[first]])
        cell = np.concatenate([cell, size * size + log.codes[column][first].astype(np.int64)])
        count = np.concatenate([count, np.ones(len(first))])
    cells, place = np.unique(cell, return_inverse=True)
    top = sparse.csr_array(sparse.coo_array((count, (person, place)), shape=(people, len(cells))))
    sources = cells // size if size else cells
    bottom = sparse.csr_array(sparse.coo_array((count, (person, sources[place])), shape=(people, size + 1)))
    return Ratios(top=top, bottom=bottom, of=sources), cells


def once_a_person(ratios: Ratios) -> Ratios:
    """Let each person who adds below count once there, with their own ratio above.

    Averages of people's own shares do not move when people merely vary more; sums of steps do, for whoever likes a stage
    comes back to it and counts there more often.
    """
    top, bottom = ratios.top.tocoo(), ratios.bottom.tocoo()
    own = top.data / _below_of(ratios, top)
    ones = np.ones(len(bottom.data))
    return Ratios(top=sparse.csr_array(sparse.coo_array((own, (top.row, top.col)), shape=top.shape)),
                  bottom=sparse.csr_array(sparse.coo_array((ones, (bottom.row, bottom.col)), shape=bottom.shape)),
                  of=ratios.of)


def seen_ratios(log: EncodedLog, column: str) -> Ratios:
    """Share of people ever seen at each level."""
    used = np.flatnonzero(log.codes[column] >= 0)
    people, size = len(log.participants), len(log.levels[column])
    top = count_cells(person_of(log)[used], log.codes[column][used], (people, size)).minimum(1).astype(np.float64)
    once = sparse.csr_array(np.ones((people, 1)))
    return Ratios(top=sparse.csr_array(top), bottom=once, of=np.zeros(size, dtype=np.int64))


def overall(ratios: Ratios) -> np.ndarray:
    """Give the ratio of everyone (m,), 0 where nobody adds below."""
    return np.nan_to_num(ratio(_total(ratios.top), _total(ratios.bottom)[ratios.of]))


def enough(ratios: Ratios, few: int = FEW_PEOPLE) -> np.ndarray:
    """Say which ratios (m,) at least ``few`` people move: rarer ones are not tested."""
    return np.bincount(ratios.top.tocoo().col, minlength=ratios.top.shape[1]) >= few


def persona_sums(ratios: Ratios, labels: np.ndarray, k: int) -> Iterator[Sums]:
    """Add up the scores of the people of each persona under each row of ``labels`` (replicates, n), a few rows at a time."""
    theta = overall(ratios)
    width = 2 * ratios.top.shape[1] + ratios.bottom.shape[1]
    add, part = (_thin_sums, _thin_part(ratios, theta)) if _is_thin(ratios.top) else (_full_sums, None)
    size = max(1, HELD // max(k * width, labels.shape[1] if part is not None else 1))
    for start in range(0, len(labels), size):
        yield add(ratios, theta, labels[start: start + size], k, part)


def _is_thin(one: sparse.csr_array) -> bool:
    return bool(one.nnz < THIN * np.prod(one.shape, dtype=np.float64))


def _full_sums(ratios: Ratios, theta: np.ndarray, labels: np.ndarray, k: int, _: sparse.csr_array | None) -> Sums:
    m, q = ratios.top.shape[1], ratios.bottom.shape[1]
    found = np.zeros((len(labels), k, 2 * m + q))
    for block in _blocks(labels.shape[1], 2 * m + q):
        below = ratios.bottom[block].toarray()
        score = ratios.top[block].toarray() - theta * below[:, ratios.of]
        # single precision is half the time; scores lie around 0, so sums of many lose nothing that matters
        part = np.concatenate([score, score**2, below], axis=1).astype(np.float32)
        rest = part.sum(axis=0, dtype=np.float64)
        for persona in range(k - 1):
            own = (labels[:, block] == persona).astype(np.float32) @ part
            found[:, persona] += own
            rest = rest - own
        found[:, k - 1] += rest
    return Sums(score=found[..., :m], square=np.maximum(found[..., m:2 * m], 0.0), below=found[..., 2 * m:])


def _thin_part(ratios: Ratios, theta: np.ndarray) -> sparse.csr_array:
    """Give what adds up to scores and squares, without writing out the scores of people who never took a step.

    A squared score is theta^2 below^2, and where something stands above, top^2 - 2 theta top below more.
    """
    top = ratios.top.tocoo()
    more = top.data * (top.data - 2 * theta[top.col] * _below_of(ratios, top))
    squares = sparse.csr_array(sparse.coo_array((more, (top.row, top.col)), shape=top.shape))
    return sparse.hstack([ratios.top, squares, ratios.bottom, ratios.bottom.power(2)], format="csc").T


def _thin_sums(ratios: Ratios, theta: np.ndarray, labels: np.ndarray, k: int, part: sparse.csr_array) -> Sums:
    (m, q), of = (ratios.top.shape[1], ratios.bottom.shape[1]), ratios.of
    found = np.stack([(part @ np.ascontiguousarray((labels == persona).T, dtype=np.float64)).T for persona in range(k)],
                     axis=1)
    top, more, below, squared = np.split(found, [m, 2 * m, 2 * m + q], axis=2)
    square = more + theta**2 * squared[..., of]
    # differences of large sums: what rounding leaves of nothing is nothing
    square[square < 1e-9 * squared[..., of]] = 0.0
    return Sums(score=top - theta * below[..., of], square=square, below=below)


def _blocks(people: int, width: int) -> Iterator[slice]:
    size = max(64, min(BLOCK, HELD // max(width, 1)))
    return (slice(start, start + size) for start in range(0, people, size))


def _below_of(ratios: Ratios, top: sparse.coo_array) -> np.ndarray:
    """Give for each number above what its person adds below."""
    bottom = ratios.bottom
    key = np.repeat(np.arange(bottom.shape[0]), np.diff(bottom.indptr)) * bottom.shape[1] + bottom.indices
    return bottom.data[np.searchsorted(key, top.row.astype(np.int64) * bottom.shape[1] + ratios.of[top.col])]


def spread_of(sums: Sums, of: np.ndarray) -> np.ndarray:
    """Variance of each persona's score (replicates, k, m): as in Welch's t that of both sides, not a pooled one."""
    weight = np.nan_to_num(ratio(sums.below, sums.below.sum(axis=1, keepdims=True)))[..., of]
    others = sums.square.sum(axis=1, keepdims=True) - sums.square
    return (1 - weight) ** 2 * sums.square + weight**2 * others


def squared_t(sums: Sums, of: np.ndarray) -> np.ndarray:
    """Hold each persona against the others (replicates, k, m): squared score over its variance, 0 where nothing varies."""
    variance = spread_of(sums, of)
    return np.divide(sums.score**2, variance, out=np.zeros_like(variance), where=variance > 1e-9)


def shares_of(sums: Sums, theta: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Give back the ratio of each persona (replicates, k, m), NaN where it has nothing below."""
    return theta + ratio(sums.score, sums.below[..., of])


def redrawn(ratios: Ratios, membership: np.ndarray, *, replicates: int, seed: np.random.SeedSequence) -> Iterator[Sums]:
    """Redraw people, and the persona of each from its membership (n, k), and add up: ``score`` holds the sums above.

    So a spread over the replicates carries that people are a sample and that it is not sure whose persona is whose.
    """
    n, k = membership.shape
    m, q = ratios.top.shape[1], ratios.bottom.shape[1]
    unsure = np.flatnonzero(membership.max(axis=1) < 0.999)
    steps = membership[unsure].cumsum(axis=1)
    part = sparse.hstack([ratios.top, ratios.bottom], format="csr")
    size = max(1, min(HELD // max(k * (m + q), 1), HELD // max(n, 1)))
    for count, child in chunked(replicates, size=size, seed=seed):
        people, chance = child.spawn(2)
        weights = person_weights(n, replicates=count, seed=people)
        label = np.tile(membership.argmax(axis=1).astype(np.int8), (count, 1))
        draw = np.random.default_rng(chance).random((count, len(unsure)))
        label[:, unsure] = np.minimum((draw[..., None] > steps).sum(axis=2), k - 1)
        found = _redrawn_sums(part, weights, label, k)
        yield Sums(score=found[..., :m], square=np.zeros(0), below=found[..., m:])


def _redrawn_sums(part: sparse.csr_array, weights: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    if _is_thin(part):
        return np.stack([(part.T @ np.ascontiguousarray((weights * (label == persona)).T, dtype=np.float64)).T
                         for persona in range(k)], axis=1)
    found = np.zeros((len(label), k, part.shape[1]))
    for block in _blocks(*part.shape):
        full = part[block].toarray().astype(np.float32)
        for persona in range(k):
            found[:, persona] += (weights[:, block] * (label[:, block] == persona)).astype(np.float32) @ full
    return found


def _total(one: sparse.csr_array) -> np.ndarray:
    return np.asarray(one.sum(axis=0), dtype=np.float64).ravel()
