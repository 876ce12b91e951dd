"""Ward's tree and k-medoids on Gower's distances, for answers of mixed kinds."""

from __future__ import annotations

import numpy as np

from personakit.candidates.design import Design, take_rows
from personakit.candidates.medians import Arrays, gower, gower_scale, on_gower_scale
from personakit.inference import spread_out

#: distinct rows among which medoids are looked for and trees are grown; everyone is placed afterwards
LARGE = 1_500
#: starts of k-medoids, rounds of each, swaps of the best, and rounds that move people after a tree was cut
STARTS, ROUNDS, SWAPS, MOVES = 8, 30, 100, 50


def fit_medoids(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
                ) -> tuple[list[Arrays], float]:
    """Find for each row of weights the k people from whom all differ least; only thorough fits swap medoids at the end."""
    rng = np.random.default_rng(seed)
    some, kept, scale, between = _between(design, rng)
    models, share = [], np.nan
    for one in weights[:, kept]:
        ends = [_settle(between, one, spread_out(between, one, k, rng)) for _ in range(STARTS if thorough else 3)]
        left = np.array([end[1] for end in ends])
        medoids = ends[int(left.argmin())][0]
        if thorough:
            medoids, share = _swap(between, one, medoids), float((left <= left.min() * (1 + 1e-9)).mean())
        models.append({**_points(some, scale, medoids), **scale})
    return models, share


def place_medoids(design: Design, model: Arrays) -> np.ndarray:
    """Put each row with the nearest medoid."""
    return np.eye(len(model["points"]))[_to_points(design, model).argmin(axis=1)]


def fit_ward(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
             ) -> tuple[list[Arrays], float]:
    """Cut Ward's tree at k for each row of weights, then move people to the nearest mean until nothing changes."""
    some, kept, scale, between = _between(design, np.random.default_rng(seed))
    models = []
    for one in weights[:, kept]:
        member = one * (np.arange(k)[:, None] == _grow(between, one, k))
        for _ in range(MOVES):
            means = _means(between, member)
            moved = one * (np.arange(k)[:, None] == _from_means(between, means).argmin(axis=1))
            if np.array_equal(moved, member) or not moved.any(axis=1).all():
                break
            member = moved
        models.append({**_points(some, scale, np.arange(len(kept))), **scale, **_means(between, member)})
    return models, np.nan


def _means(between: np.ndarray, member: np.ndarray) -> Arrays:
    share = member / member.sum(axis=1, keepdims=True)
    return {"share": share, "inside": np.einsum("ki,ki->k", share @ between, share) / 2}


def _from_means(away: np.ndarray, means: Arrays) -> np.ndarray:
    return (away @ means["share"].T - means["inside"]).round(12)


def place_ward(design: Design, model: Arrays) -> np.ndarray:
    """Put each row with the nearest mean, in the space whose squared distances are Gower's."""
    return np.eye(len(model["share"]))[_from_means(_to_points(design, model), model).argmin(axis=1)]


# ---------------------------------------------------------------- distances
def _between(design: Design, rng: np.random.Generator) -> tuple[Design, np.ndarray, Arrays, np.ndarray]:
    rows = len(design.weights)
    kept = np.arange(rows) if rows <= LARGE else np.sort(rng.choice(rows, LARGE, replace=False))
    some, scale = take_rows(design, kept), gower_scale(design)
    return some, kept, scale, _to_points(some, {**_points(some, scale, np.arange(len(kept))), **scale})


def _points(design: Design, scale: Arrays, rows: np.ndarray) -> Arrays:
    model = {"points": on_gower_scale(design, scale)[rows], "group": design.group}
    return model if design.seen is None else {**model, "seen": design.seen[rows]}


def _to_points(design: Design, model: Arrays) -> np.ndarray:
    mine, points = on_gower_scale(design, model), model["points"]
    if design.seen is None and "seen" not in model:
        return gower(mine, points, model["group"])
    seen = np.ones_like(mine) if design.seen is None else design.seen
    return gower(mine, points, model["group"], (seen, model.get("seen", np.ones_like(points))))


# ---------------------------------------------------------------- k-medoids
def _settle(between: np.ndarray, weights: np.ndarray, medoids: np.ndarray) -> tuple[np.ndarray, float]:
    """Alternate between the nearest medoid of people and the best medoid of each persona."""
    left = np.inf
    for _ in range(ROUNDS):
        away = between[:, medoids]
        labels = away.argmin(axis=1)
        now = float(weights @ away[np.arange(len(labels)), labels])
        if now >= left * (1 - 1e-12):
            break
        left, best, medoids = now, medoids, medoids.copy()
        for place in range(len(medoids)):
            mine = np.flatnonzero((labels == place) & (weights > 0))
            if len(mine):
                medoids[place] = mine[int((between[np.ix_(mine, mine)] @ weights[mine]).argmin())]
    return best, left


def _swap(between: np.ndarray, weights: np.ndarray, medoids: np.ndarray) -> np.ndarray:
    """Exchange a medoid for another person as long as that helps (PAM, as Schubert and Rousseeuw, 2021, compute it)."""
    medoids, everyone = medoids.copy(), np.arange(len(weights))
    for _ in range(SWAPS):
        away = between[:, medoids]
        near = away.argmin(axis=1)
        first = away[everyone, near]
        away[everyone, near] = np.inf
        second = away.min(axis=1)
        closer = np.minimum(between - first, 0.0)
        removed = (np.minimum(between, second) - first - closer) * weights
        change = (closer @ weights)[:, None] + removed @ np.eye(len(medoids))[near]
        change[weights <= 0] = np.inf
        person, place = np.unravel_index(int(change.argmin()), change.shape)
        if change[person, place] >= -1e-12 * weights.sum():
            break
        medoids[place] = person
    return medoids


# ---------------------------------------------------------------- Ward's tree
def _grow(between: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """Merge rows by chains of nearest neighbours (Murtagh, 1983) and cut at k: labels, -1 for rows without weight."""
    rows = np.flatnonzero(weights > 0)
    size = weights[rows].astype(float)
    cost = between[np.ix_(rows, rows)] * (size[:, None] * size / (size[:, None] + size))
    np.fill_diagonal(cost, np.inf)
    merges: list[tuple[float, int, int]] = []
    chain = [0]
    gone = np.zeros(len(rows), dtype=bool)
    while len(merges) < len(rows) - 1:
        if not chain:
            chain.append(int(np.flatnonzero(~gone)[0]))
        last = chain[-1]
        near = int(cost[last].argmin())
        if len(chain) > 1 and cost[last, chain[-2]] <= cost[last, near]:
            near = chain[-2]
            merges.append((cost[last, near], last, near))
            _merge(cost, size, gone, last, near)
            del chain[-2:]
        else:
            chain.append(near)
    labels = np.full(len(weights), -1)
    labels[rows] = _cut(merges, len(rows), k)
    return labels


def _merge(cost: np.ndarray, size: np.ndarray, gone: np.ndarray, first: int, second: int) -> None:
    """Keep the union in ``second``, by the formula of Lance and Williams for Ward's costs."""
    with np.errstate(invalid="ignore"):
        whole = size + size[first] + size[second]
        away = (size + size[first]) * cost[first] + (size + size[second]) * cost[second]
        row = (away - size * cost[first, second]) / whole
    row[gone] = row[first] = row[second] = np.inf
    cost[second], cost[:, second] = row, row
    cost[first], cost[:, first] = np.inf, np.inf
    size[second] += size[first]
    gone[first] = True


def _cut(merges: list[tuple[float, int, int]], rows: int, k: int) -> np.ndarray:
    """Apply the cheapest merges. A row stands for the union it was kept in, so the order of merges can be followed."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    cheapest = np.argsort([one[0] for one in merges], kind="stable")[: rows - k]
    pairs = np.array([merges[at][1:] for at in cheapest], dtype=np.intp).reshape(-1, 2)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    return connected_components(links, directed=False)[1]
