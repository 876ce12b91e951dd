"""Whether personas still hold together: who has come apart, who has grown into another, and who is new."""

from __future__ import annotations

import numpy as np

from personakit.inference import permutation_p
from personakit.monitor.pool import Pool, shuffled
from personakit.monitor.wave_figures import Ground

#: people of one persona and wave that a split is looked for in; more are sampled
MOST = 1_500
ROUNDS = 30
ALPHA = 0.05
#: a group of its own: nearer to each other than this share of their distance to their persona
COMPACT = 0.75
#: draws of people of one kind
DRAWS = 40
FEWEST = 5
#: newcomers of whom more than this share would be placed in one persona may be a part of it
MOSTLY = 0.6
#: the rest of a persona that has split moves so far the other way, of the way that the part has gone
AGAINST = 0.2


def newcomers(ground: Ground, is_new: np.ndarray) -> tuple[np.ndarray, int]:
    """Mark the people (rows) who stand together far from every persona, in either wave; nobody where they do not.

    Where they all come from one persona and the others of it have moved the other way, it has split: its place comes back
    (else -1) and nobody is a newcomer.
    """
    far = np.flatnonzero(ground.far & is_new)
    nobody = np.zeros(len(is_new), dtype=bool)
    away = np.sqrt(((ground.place - ground.centres[ground.label]) ** 2).sum(axis=1))
    near = away + 1
    for _ in range(ROUNDS):
        if len(far) < FEWEST:
            return nobody, -1
        near = np.sqrt(((ground.place - ground.place[far].mean(axis=0)) ** 2).sum(axis=1))
        again = np.flatnonzero((near < away) & is_new)
        if np.array_equal(again, far):
            break
        far = again
    if len(far) < FEWEST or np.median(near[far]) >= COMPACT * np.median(away[far]):
        return nobody, -1
    home = int(np.bincount(ground.label[far]).argmax())
    if (ground.label[far] == home).mean() > MOSTLY and _moved_apart(ground, is_new, far, home):
        return nobody, home
    return near < away, -1


def _moved_apart(ground: Ground, is_new: np.ndarray, far: np.ndarray, home: int) -> bool:
    rest = np.setdiff1d(np.flatnonzero(is_new & (ground.label == home)), far)
    if not len(rest):
        return False
    out, back = (ground.place[rows].mean(axis=0) - ground.centres[home] for rows in (far, rest))
    return float(out @ back) < -AGAINST * float(out @ out)


def split_gain(values: np.ndarray) -> float:
    """Share of the spread of these people (n, d) that the best cut into two takes away; 0 where there is none."""
    if len(values) < 10:
        return 0.0
    values = values - values.mean(axis=0)
    total = float((values**2).sum())
    if total <= 0:
        return 0.0
    _, axes = np.linalg.eigh(values.T @ values)
    return max(_two_means(values, values @ axes[:, -one] > 0) for one in range(1, min(3, axes.shape[1]) + 1)) / total


def _two_means(values: np.ndarray, side: np.ndarray) -> float:
    """Sum of squares between the two halves of Lloyd's cut that starts from ``side``; values are centred."""
    count, between = len(values), 0.0
    for _ in range(ROUNDS):
        here = int(side.sum())
        if not 0 < here < count:
            return between
        mean = values[side].sum(axis=0) / here
        other = -mean * here / (count - here)
        between = float(here * (mean @ mean) + (count - here) * (other @ other))
        again = values @ (mean - other) > (mean @ mean - other @ other) / 2
        if np.array_equal(again, side):
            break
        side = again
    return between


def come_apart(ground: Ground, pooled: Pool, keep: np.ndarray, *, replicates: int, seed: np.random.SeedSequence
               ) -> tuple[np.ndarray, np.ndarray]:
    """Say how much each persona's people could be cut in two, old and new (k, 2), and the p of more than before (k).

    The p is corrected for the number of personas, and 1 where people of the new wave do not fall in two more than people of
    one kind with these correlations do.
    """
    groups = [np.flatnonzero((ground.label == one) & keep) for one in range(len(ground.personas))]
    first, second = seed.spawn(2)
    gains, null = _changes(ground, pooled, groups, replicates=replicates, seed=first)
    p = largest_p(gains[:, 1] - gains[:, 0], null)
    in_two = _fall_in_two(ground, pooled, groups, gains[:, 1], p, np.random.default_rng(second))
    return gains, np.where((p < ALPHA) & ~in_two, 1.0, p)


def grown_together(ground: Ground, pooled: Pool, keep: np.ndarray, *, replicates: int, seed: np.random.SeedSequence
                   ) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Ask of each persona and its nearest, then and now, whether the cut between them is going: the pairs and their p.

    The p is corrected for the number of pairs, and 1 where people of the new wave still fall in two more than people of
    one kind with these correlations do.
    """
    pairs = _nearest_pairs(ground, pooled.is_new)
    groups = [np.flatnonzero(np.isin(ground.label, pair) & keep) for pair in pairs]
    first, second = seed.spawn(2)
    if not pairs:
        return pairs, np.zeros(0)
    gains, null = _changes(ground, pooled, groups, replicates=replicates, seed=first)
    p = largest_p(gains[:, 0] - gains[:, 1], -null)
    in_two = _fall_in_two(ground, pooled, groups, gains[:, 1], p, np.random.default_rng(second))
    return pairs, np.where(in_two, 1.0, p)


def _nearest_pairs(ground: Ground, is_new: np.ndarray) -> list[tuple[int, int]]:
    """Pair each persona with the nearest one, by the old centres and by where its new people are."""
    here = [np.flatnonzero(is_new & (ground.label == one)) for one in range(len(ground.personas))]
    now = np.stack([ground.place[rows].mean(axis=0) if len(rows) else ground.centres[one] for one, rows in enumerate(here)])
    pairs = set()
    for centres in (ground.centres, now):
        apart = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        pairs |= {tuple(sorted((one, int(row.argmin())))) for one, row in enumerate(apart) if len(apart) > 1}
    return sorted((int(one), int(other)) for one, other in pairs)


def _fall_in_two(ground: Ground, pooled: Pool, groups: list[np.ndarray], gain: np.ndarray, p: np.ndarray,
                 rng: np.random.Generator) -> np.ndarray:
    """Say which groups of new people fall in two more than people of one kind; asked only where ``p`` is small."""
    out = np.zeros(len(groups), dtype=bool)
    for at, rows in enumerate(groups):
        people = ground.place[rows[pooled.is_new[rows]]][:MOST]
        out[at] = p[at] < ALPHA and len(people) > FEWEST and gain[at] > _without_split(people, rng)
    return out


def largest_p(seen: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Correct one-sided p-values for being many: each change (m), in units of its own shuffled spread, against the largest
    of the shuffled ones (replicates, m). Westfall and Young (1993).
    """
    if not seen.size:
        return np.ones(0)
    middle, spread = np.nanmean(null, axis=0), np.nanstd(null, axis=0, ddof=1)
    spread = np.where(spread > 1e-12, spread, np.inf)
    most = np.nan_to_num((null - middle) / spread, nan=-np.inf).max(axis=1)
    return permutation_p(np.nan_to_num((seen - middle) / spread), np.repeat(most[:, None], len(seen), axis=1))


def _without_split(values: np.ndarray, rng: np.random.Generator) -> float:
    """Gain that 19 in 20 draws of one Gaussian with the covariance of these people stay under (Liu et al., 2008)."""
    cover = np.cov(values, rowvar=False).reshape(values.shape[1], values.shape[1])
    draws = [split_gain(rng.multivariate_normal(np.zeros(len(cover)), cover, size=len(values), method="eigh"))
             for _ in range(DRAWS)]
    return float(np.quantile(draws, 0.95))


def _changes(ground: Ground, pooled: Pool, groups: list[np.ndarray], *, replicates: int, seed: np.random.SeedSequence
             ) -> tuple[np.ndarray, np.ndarray]:
    """Gains, old and new (m, 2), of groups of people, and their changes (replicates, m) when waves are dealt anew.

    Each persona keeps its people in each wave: a cut takes more away from few, and less where one side has shrunk.
    """
    drawn, dealt = seed.spawn(2)
    rng = np.random.default_rng(drawn)
    groups = [_at_most(rows, pooled, rng) for rows in groups]
    gains = np.array([_gains(ground, rows, pooled.is_new[rows]) for rows in groups]).reshape(-1, 2)
    null = np.array([[np.diff(_gains(ground, rows, flags[rows]))[0] for rows in groups]
                     for batch in shuffled(pooled, replicates=replicates, seed=dealt, within=ground.label)
                     for flags in batch])
    return gains, null.reshape(replicates, len(groups))


def _at_most(rows: np.ndarray, pooled: Pool, rng: np.random.Generator) -> np.ndarray:
    parts = [rows[pooled.is_new[rows] == wave] for wave in (False, True)]
    return np.concatenate([np.sort(rng.choice(part, MOST, replace=False)) if len(part) > MOST else part for part in parts])


def _gains(ground: Ground, rows: np.ndarray, is_new: np.ndarray) -> list[float]:
    return [split_gain(ground.place[rows[is_new == wave]]) for wave in (False, True)]
