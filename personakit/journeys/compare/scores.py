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
from personakit.inference import chunked, person_weights
from personakit.journeys.groups import FEW_PEOPLE, ratio
from personakit.records import EncodedLog

BLOCK = 4096  # people whose scores are written out at once
HELD = 16_000_000  # numbers held at once: replicates x personas x ratios


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
    own = top.data / ratios.bottom.toarray()[top.row, ratios.of[top.col]]
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
    width = 2 * ratios.top.shape[1] + ratios.bottom.shape[1]
    theta = overall(ratios)
    for chunk in np.array_split(labels, max(1, len(labels) * k * width // HELD + 1)):
        if len(chunk):
            yield _sums(ratios, theta, chunk, k)


def _sums(ratios: Ratios, theta: np.ndarray, labels: np.ndarray, k: int) -> Sums:
    m, q = ratios.top.shape[1], ratios.bottom.shape[1]
    found = np.zeros((len(labels), k, 2 * m + q))
    for start in range(0, labels.shape[1], BLOCK):
        block = slice(start, start + BLOCK)
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


def redrawn(ratios: Ratios, membership: np.ndarray, *, replicates: int, seed: np.random.SeedSequence) -> Sums:
    """Redraw people, and the persona of each from its membership (n, k), and add up: ``score`` holds the sums above.

    So a spread over the replicates carries that people are a sample and that it is not sure whose persona is whose.
    """
    n, k = membership.shape
    m, q = ratios.top.shape[1], ratios.bottom.shape[1]
    unsure = np.flatnonzero(membership.max(axis=1) < 0.999)
    steps = membership[unsure].cumsum(axis=1)
    size = max(1, min(HELD // max(k * (m + q), 1), HELD // max(n, 1)))
    out = []
    for count, child in chunked(replicates, size=size, seed=seed):
        people, chance = child.spawn(2)
        weights = person_weights(n, replicates=count, seed=people)
        label = np.tile(membership.argmax(axis=1).astype(np.int8), (count, 1))
        draw = np.random.default_rng(chance).random((count, len(unsure)))
        label[:, unsure] = np.minimum((draw[..., None] > steps).sum(axis=2), k - 1)
        out.append(_redrawn_sums(ratios, weights, label, k))
    both = np.concatenate(out)
    return Sums(score=both[..., :m], square=np.zeros(0), below=both[..., m:])


def _redrawn_sums(ratios: Ratios, weights: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    found = np.zeros((len(label), k, ratios.top.shape[1] + ratios.bottom.shape[1]))
    for start in range(0, label.shape[1], BLOCK):
        block = slice(start, start + BLOCK)
        part = np.concatenate([ratios.top[block].toarray(), ratios.bottom[block].toarray()], axis=1).astype(np.float32)
        for persona in range(k):
            found[:, persona] += (weights[:, block] * (label[:, block] == persona)).astype(np.float32) @ part
    return found


def _total(one: sparse.csr_array) -> np.ndarray:
    return np.asarray(one.sum(axis=0), dtype=np.float64).ravel()
