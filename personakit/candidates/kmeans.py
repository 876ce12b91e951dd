"""k-means: many starts at once, on distinct rows with weights, leaving missing answers out of the distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from personakit.candidates.design import Design, sample_design, take_rows

#: starts are added in batches until the best has been reached this often, or until the budget is spent
HITS, BATCH, MOST_STARTS = 5, 32, 512
#: starts that are finished: among everyone, and when they come from a sample
FEW, SOME = 12, 2
#: ends this close to the best are improved by moving single rows, so often at most
EXCHANGED, MOVES = 0.01, 100
#: rows x starts that one search for the best may cost
ROWS_BUDGET = 128_000
#: rows x starts of one fit to resampled people, and the fewest and most of these starts
STARTS_BUDGET, STARTS = 24_000, (8, 12)
#: people among whom starts are tried; everyone takes part in the end
LARGE = 5_000
#: distinct rows among which the starts of one fit to resampled people are tried
SOME_ROWS = 3_000
#: two objectives closer than this share are the same solution
SAME = 1e-6
#: rows x fits that are worked on at once: what fits in the processor's cache
CHUNK = 32_768


@np.errstate(invalid="ignore")
def first_centres(design: Design, k: int, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw starting centres (fits, k, columns) by k-means++ (Arthur and Vassilvitskii, 2007), for each row of weights."""
    fits, rows = weights.shape
    centres = np.empty((fits, k, design.values.shape[1]), dtype=design.values.dtype)
    draws = rng.random((k, fits))
    for part in _parts(fits, rows):
        share = weights[part]
        chance, nearest = share, np.full_like(share, np.inf)
        for j in range(k):
            ladder = np.cumsum(chance, axis=1, dtype=float)
            row = (ladder <= (draws[j, part] * ladder[:, -1])[:, None]).sum(axis=1)
            centres[part, j] = design.values[np.minimum(row, rows - 1)]
            away = np.maximum(2 * _half_distance(design, centres[part, j]) + design.lengths, 0.0)
            np.minimum(nearest, away, out=nearest)
            chance = share * nearest
            spent = chance.sum(axis=1) <= 0
            chance[spent] = share[spent]
    return centres


def lloyd(design: Design, weights: np.ndarray, centres: np.ndarray, rounds: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Move centres until nothing changes. Gives the centres and the weighted within sums of squares, one for each fit."""
    centres, weights = centres.astype(design.values.dtype), weights.astype(design.values.dtype)
    sums = np.hstack([design.values, np.ones_like(design.values[:, :1]), design.missing])
    within = np.full(len(centres), np.inf)
    least_gain = 100 * np.finfo(design.values.dtype).eps
    running = np.arange(len(centres))
    for _ in range(rounds):
        found, moved = _step(design, sums, weights, centres[running])
        better = found < within[running] * (1 - least_gain)
        within[running] = found
        if not better.all():
            running, weights, moved = running[better], weights[better], moved[better]
        if not len(running):
            break
        centres[running] = moved
    return centres, within


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def _step(design: Design, sums: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Within sums of squares of these centres, and the means of the rows that are nearest to each."""
    fits, k, columns = centres.shape
    within, moved = np.empty(fits), np.empty_like(centres)
    for part in _parts(fits, len(design.values)):
        labels, reach = _assign(design, centres[part])
        within[part] = np.einsum("fr,fr->f", weights[part], reach)
        for j in range(k):
            total = (weights[part] * (labels == j)) @ sums
            count = total[:, columns, None]
            if len(design.gappy):
                count = np.repeat(count, columns, axis=1)
                count[:, design.gappy] -= total[:, columns + 1 :]
            moved[part, j] = np.where(count > 0.5, total[:, :columns] / np.maximum(count, 0.5), centres[part, j])
    return within, moved


@np.errstate(invalid="ignore")
def nearest_centre(design: Design, centres: np.ndarray) -> np.ndarray:
    """Assign each row to its nearest centre: labels (fits, rows)."""
    parts = [_assign(design, centres[part])[0] for part in _parts(len(centres), len(design.values))]
    return np.concatenate(parts).astype(np.intp)


def _assign(design: Design, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    reach = _half_distance(design, centres[:, 0])
    labels = np.zeros(reach.shape, dtype=np.int8)
    for j in range(1, centres.shape[1]):  # this loop is several times faster than one argmin over a short last axis
        away = _half_distance(design, centres[:, j])
        np.maximum(labels, (away < reach).view(np.int8) * np.int8(j), out=labels)
        np.minimum(reach, away, out=reach)
    reach *= 2
    reach += design.lengths
    return labels, np.maximum(reach, 0.0, out=reach)


def _half_distance(design: Design, points: np.ndarray) -> np.ndarray:
    """Compute half the squared distance (points, rows) over the answers that were given, less the row's own part."""
    away = points @ design.against
    square = points**2 / 2
    away += square.sum(axis=1)[:, None]
    if len(design.gappy):
        away -= square[:, design.gappy] @ design.missing.T
    return away


def _parts(fits: int, rows: int) -> Iterator[slice]:
    width = max(1, CHUNK // rows)
    return (slice(start, min(start + width, fits)) for start in range(0, fits, width))


def best_centres(design: Design, k: int, seed: int | np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray, float]:
    """Find the best centres (ends, k, columns), best first, with their within sums of squares and the share of starts that
    reached the first.
    """
    rng = np.random.default_rng(seed)
    sample = sample_design(design, LARGE, rng).single()
    rows = len(sample.weights)
    most = int(np.clip(ROWS_BUDGET // rows, BATCH, MOST_STARTS))
    least = min(most // 4, 4 * BATCH)
    centres, within = np.empty((0, k, design.values.shape[1])), np.empty(0)
    weights = np.broadcast_to(sample.weights, (BATCH, rows))
    hits = np.zeros(0, dtype=bool)
    while len(within) < most and (len(within) < least or hits.sum() < HITS):
        more, reached = lloyd(sample, weights, first_centres(sample, k, weights, rng))
        centres, within = np.concatenate([centres, more]), np.concatenate([within, reached])
        hits = within <= within.min() * (1 + SAME)
    # the best few are finished in double precision, which parts near-equals; those of a sample go on with everyone
    few = distinct_ends(within)[: FEW if sample.people == design.people else SOME]
    best, left = lloyd(design, np.repeat(design.weights[None], len(few), axis=0), centres[few])
    if design.seen is None and sample.people == design.people:
        for end in np.flatnonzero(left <= left.min() * (1 + EXCHANGED)):
            best[end], left[end] = _exchange(design, best[end], float(left[end]))
    order = np.argsort(left, kind="stable")
    return best[order], left[order], float(hits.mean())


def distinct_ends(losses: np.ndarray) -> np.ndarray:
    """Order ends from the least loss on, one of each value."""
    order = np.argsort(losses, kind="stable")
    steps = np.diff(losses[order], prepend=-np.inf)
    return order[steps > 10 * SAME * np.abs(losses[order])]


@np.errstate(invalid="ignore")
def _exchange(design: Design, centres: np.ndarray, within: float) -> tuple[np.ndarray, float]:
    """Move one row at a time to where that helps most, then all, until nothing helps (Hartigan, 1975).

    Where Lloyd's rounds end, a row can still gain by moving because its leaving moves the centre.
    """
    weights, everyone = design.weights, np.arange(len(design.weights))
    for _ in range(MOVES):
        labels = nearest_centre(design, centres[None])[0]
        size = np.bincount(labels, weights=weights, minlength=len(centres))
        away = 2 * _half_distance(design, centres).T + design.lengths[:, None]
        stay = weights * size[labels] / np.maximum(size[labels] - weights, 1e-12) * away[everyone, labels]
        stay[size[labels] <= weights] = 0.0
        change = (weights[:, None] * size / (size + weights[:, None])) * away - stay[:, None]
        change[everyone, labels] = 0.0
        row, to = np.unravel_index(int(change.argmin()), change.shape)
        moved = centres.copy()
        moved[to] += (design.values[row] - centres[to]) * weights[row] / (size[to] + weights[row])
        mine = labels[row]
        moved[mine] -= (design.values[row] - centres[mine]) * weights[row] / max(size[mine] - weights[row], 1e-12)
        after, left = lloyd(design, weights[None], moved[None])
        if change[row, to] >= 0 or left[0] >= within * (1 - 1e-12):
            break
        centres, within = after[0], float(left[0])
    return centres, within


def resampled_labels(design: Design, k: int, weights: np.ndarray, seed: int | np.random.SeedSequence, rounds: int = 40
                     ) -> np.ndarray:
    """Fit each row of weights anew and assign all rows: labels (fits, rows). Short starts, then the best to the end."""
    return nearest_centre(design.single(), resampled_centres(design.single(), k, weights, seed, rounds))


def resampled_centres(design: Design, k: int, weights: np.ndarray, seed: int | np.random.SeedSequence, rounds: int
                      ) -> np.ndarray:
    """Find centres (fits, k, columns) for each row of weights: the best of some short starts, moved on for some rounds."""
    rng = np.random.default_rng(seed)
    fits = len(weights)
    weights = weights.astype(design.values.dtype)
    some, some_weights = _some_rows(design, weights, rng)
    starts = int(np.clip(STARTS_BUDGET // len(some.weights), *STARTS))
    many = np.repeat(some_weights, starts, axis=0)
    centres, within = lloyd(some, many, first_centres(some, k, many, rng), rounds=8)
    best = within.reshape(fits, starts).argmin(axis=1) + starts * np.arange(fits)
    if some is not design:
        centres, best = lloyd(some, some_weights, centres[best], rounds=rounds)[0], np.arange(fits)
    return lloyd(design, weights, centres[best], rounds=rounds)[0]


def _some_rows(design: Design, weights: np.ndarray, rng: np.random.Generator) -> tuple[Design, np.ndarray]:
    """Take the rows among which starts are tried: all of them, or a sample where there are very many."""
    if len(design.weights) <= SOME_ROWS:
        return design, weights
    kept = np.sort(rng.choice(len(design.weights), SOME_ROWS, replace=False))
    return take_rows(design, kept), weights[:, kept]
