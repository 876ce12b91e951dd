"""Uncertainty with the person as the unit: bootstrap, permutation, intervals and many tests at once.

Arrays in, arrays out. Whoever draws here draws whole people, so the sessions and rows of one person move together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.stats import norm, t
from threadpoolctl import threadpool_limits

from personakit.errors import TooFewError

Seed = int | np.random.SeedSequence
CHUNK = 4_000_000  # weights drawn at once: replicates x people
PEOPLE = 2_048  # and people at a time
GROUPS = 4_096  # as many random groups are drawn from, where each would hold ten people or more
DENSE = 0.1  # counts of which more than this part are not 0 are multiplied as full matrices


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices on one thread inside: resampling multiplies many small ones.

    Their threads wait for each other (ten times slower on a busy machine of two cores), and the order in which they add
    up could depend on how many there are, so the last digits too. Works as a decorator: ``@one_thread()``.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def person_weights(n: int, *, replicates: int, seed: Seed) -> np.ndarray:
    """Draw bootstrap samples of people: how often each person is in each sample.

    Multiply by person-level sums: ``person_weights(...) @ sums`` is the bootstrap of a total. Each row is a draw of
    ``n`` people with replacement, so a row sums to ``n``. It cannot tell anything about people who are not in the data.

    Returns
    -------
    ndarray (replicates, n) of int32. The first rows do not depend on how many follow.

    Raises
    ------
    TooFewError
        When ``n`` or ``replicates`` is below 1.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7.

    Examples
    --------
    >>> person_weights(4, replicates=3, seed=7).sum(axis=1).tolist()
    [4, 4, 4]
    """
    _at_least_one(n=n, replicates=replicates)
    rng = np.random.default_rng(seed)
    counts = np.empty((replicates, n), dtype=np.int32)
    for row in counts:
        row[:] = np.bincount(rng.integers(0, n, size=n), minlength=n)
    return counts


def chunked(replicates: int, *, size: int, seed: np.random.SeedSequence) -> Iterator[tuple[int, np.random.SeedSequence]]:
    """Cut replicates into chunks of at most ``size``, each with a seed of its own: what is drawn at once fits in memory.

    Examples
    --------
    >>> [count for count, _ in chunked(5, size=2, seed=np.random.SeedSequence(7))]
    [2, 2, 1]
    """
    counts = [min(size, replicates - start) for start in range(0, replicates, size)]
    return zip(counts, seed.spawn(len(counts)), strict=True)


def bootstrap_chunks(
    n: int, *, replicates: int, seed: np.random.SeedSequence, size: int | None = None
) -> Iterator[np.ndarray]:
    """Draw ``person_weights`` (``size``, n) until there are enough replicates; by itself as many at once as memory allows.

    Raises
    ------
    TooFewError
        When ``replicates`` is below 1.
    """
    if replicates < 1:
        raise TooFewError(f"replicates: {replicates} is too few. At least 1 is needed, 200 for an interval.")
    for count, child in chunked(replicates, size=size or max(1, CHUNK // max(n, 1)), seed=seed):
        yield person_weights(n, replicates=count, seed=child)


def bootstrap_sums(counts: sparse.csr_array, *, replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Redraw the people (rows) and add up their cells: (replicates, cells); zeros where there is nobody.

    Of more than 40,960 people random groups of the same size are redrawn: their sums vary as much, to about 1 % of the
    standard error, which is a tenth of what chance does to 200 replicates. The few people left over are in every sample.

    References
    ----------
    Wolter, K. M. (2007). Introduction to Variance Estimation, chapter 2: the method of random groups. Springer.

    Examples
    --------
    >>> bootstrap_sums(sparse.csr_array([[1, 0], [1, 0]]), replicates=2, seed=np.random.SeedSequence(7)).tolist()
    [[2.0, 0.0], [2.0, 0.0]]
    """
    people, cells = counts.shape
    if not people:
        return np.zeros((replicates, cells))
    counts, fixed = _in_groups(counts, seed) if people > 10 * GROUPS else (counts, 0.0)
    people = counts.shape[0]
    full = counts.nnz > DENSE * people * cells
    sums = []
    for weights in bootstrap_chunks(people, replicates=replicates, seed=seed):
        total = np.zeros((len(weights), cells))
        for start in range(0, people, PEOPLE):  # so many fit in the cache
            own = counts[start: start + PEOPLE]
            drawn = weights[:, start: start + PEOPLE].astype(np.float64)
            total += drawn @ own.toarray() if full else (own.T @ np.ascontiguousarray(drawn.T)).T
        sums.append(total + fixed)
    return np.concatenate(sums)


def _in_groups(counts: sparse.csr_array, seed: np.random.SeedSequence) -> tuple[sparse.csr_array, np.ndarray]:
    """Add people up in groups of the same size, in random order; and those left over."""
    people, size = counts.shape[0], counts.shape[0] // GROUPS
    groups = people // size
    order = np.random.default_rng(seed).permutation(people).astype(counts.indices.dtype)
    start = np.arange(0, groups * size + 1, size, dtype=order.dtype)
    ones = np.ones(groups * size, dtype=np.promote_types(counts.dtype, np.int64))  # sums outgrow what is added up
    among = sparse.csr_array((ones, order[: groups * size], start), shape=(groups, people))
    return among @ counts, counts[order[groups * size:]].sum(axis=0)


def ratio(above: ArrayLike, below: ArrayLike) -> np.ndarray:
    """Divide arrays of any shapes that broadcast, NaN where there is nothing to divide by.

    Examples
    --------
    >>> ratio([1, 0], [[2, 0]]).tolist()
    [[0.5, nan]]
    """
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def weighted_rate(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average each column (of 0/1: its rate) under each row of weights; NaN values are left out, not counted as 0.

    ``weights`` (replicates, n), ``values`` (n, m); returns (replicates, m), NaN where no weight falls on a known value.

    Examples
    --------
    >>> weighted_rate(np.array([[1, 1, 2]]), np.array([[0.0], [np.nan], [3.0]])).tolist()
    [[2.0]]
    """
    known = ~np.isnan(values)
    weights = weights.astype(float, copy=False)
    return ratio(weights @ np.where(known, values, 0.0), weights @ known.astype(float))


def percentile_interval(draws: ArrayLike, *, level: ArrayLike = 0.95, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Take the middle ``level`` of the draws along ``axis``: the percentile interval of a bootstrap.

    NaN draws are left out; where all are NaN, so are both ends. ``level`` may be an array, one level a result
    (see ``expanded_level``). Quantiles interpolate linearly, as ``numpy.quantile`` does.

    Examples
    --------
    >>> low, high = percentile_interval(np.arange(101.0), level=0.9)
    >>> round(float(low), 3), round(float(high), 3)
    (5.0, 95.0)
    """
    ordered = np.sort(np.moveaxis(np.asarray(draws, dtype=float), axis, 0), axis=0)
    known = (~np.isnan(ordered)).sum(axis=0)
    tail = (1 - np.broadcast_to(np.asarray(level, dtype=float), known.shape)) / 2
    return _quantile(ordered, known, tail), _quantile(ordered, known, 1 - tail)


def _quantile(ordered: np.ndarray, known: np.ndarray, at: np.ndarray) -> np.ndarray:
    if not len(ordered):
        return np.full(known.shape, np.nan)
    place = at * np.maximum(known - 1, 0)
    below = np.floor(np.nan_to_num(place)).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    under = np.take_along_axis(ordered, below[None], axis=0)[0]
    over = np.take_along_axis(ordered, above[None], axis=0)[0]
    with np.errstate(invalid="ignore"):
        found = np.where(under == over, under, under + (place - below) * (over - under))
    return np.where((known > 0) & ~np.isnan(place), found, np.nan)


def expanded_level(n: ArrayLike, *, level: float = 0.95) -> np.ndarray:
    """Find the percentile level that keeps the promised coverage when the mean of only ``n`` people is bootstrapped.

    Plain percentiles are too narrow by about sqrt((n - 1) / n) and ignore Student's t; this widens them. NaN below 2.

    References
    ----------
    Hesterberg, T. (2015). What teachers should know about the bootstrap. The American Statistician 69.

    Examples
    --------
    >>> expanded_level([5, 1000]).round(3).tolist()
    [0.998, 0.95]
    """
    n = np.asarray(n, dtype=float)
    degrees = np.maximum(n - 1, 1)
    reach = t.ppf(0.5 + level / 2, degrees) * np.sqrt((degrees + 1) / degrees)
    return np.where(n >= 2, 2 * norm.cdf(reach) - 1, np.nan)


def unless_all_alike(
    interval: tuple[np.ndarray, np.ndarray], share: np.ndarray, people: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Give a bootstrap interval back, with Wilson's in its place where all people, or none, did what ``share`` counts.

    Use it for shares of people: whoever is drawn then did the same, and the bootstrap knows no doubt, be they 5 or 5,000.

    Examples
    --------
    >>> low, high = unless_all_alike((np.array([0.2, 0.0]), np.array([0.6, 0.0])), np.array([0.4, 0.0]), 12)
    >>> high.round(3).tolist()
    [0.6, 0.242]
    """
    low, high = interval
    alike = (low == high) & ((share == 0) | (share == 1))
    instead = wilson_interval(share * np.asarray(people), people)
    return np.where(alike, instead[0], low), np.where(alike, instead[1], high)


def wilson_interval(count: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Give the score interval of a share ``count / n``: it holds up for few people and for shares of 0 and 1.

    NaN where n is 0. The people must be different people: count each once.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> low, high = wilson_interval(7, 12)
    >>> round(float(low), 3), round(float(high), 3)
    (0.32, 0.807)
    """
    count, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    z = norm.ppf(0.5 + level / 2)
    share = ratio(count, n)
    size = np.where(n > 0, n, np.nan)
    centre = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(share * (1 - share) / size + (z / (2 * size)) ** 2)
    # rounding may leave 1e-17 where the interval touches 0 or 1
    low = np.where(share == 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(share == 1, 1.0, np.minimum(centre + half, 1.0))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def newcombe_interval(
    count: ArrayLike, n: ArrayLike, other_count: ArrayLike, other_n: ArrayLike, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Give the interval of a difference of two shares of different people, made of two score intervals.

    Unlike a bootstrap it does not collapse to a point where a share is 0 or 1. NaN where either n is 0.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Statistics in
    Medicine 17 (method 10).

    Examples
    --------
    >>> low, high = newcombe_interval(56, 70, 48, 80)  # Newcombe's first example
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    share, other = ratio(count, n), ratio(other_count, other_n)
    low, high = wilson_interval(count, n, level=level)
    other_low, other_high = wilson_interval(other_count, other_n, level=level)
    difference = share - other
    return (difference - np.hypot(share - low, other_high - other),
            difference + np.hypot(high - share, other - other_low))


def permuted(labels: ArrayLike, *, replicates: int, seed: Seed) -> np.ndarray:
    """Shuffle the labels of people anew in each row: what a difference looks like when the label means nothing.

    Permute one label a person (never a session or an event). Returns (replicates, n) of the labels' own dtype.

    Examples
    --------
    >>> np.sort(permuted([0, 0, 1], replicates=2, seed=7), axis=1).tolist()
    [[0, 0, 1], [0, 0, 1]]
    """
    labels = np.asarray(labels)
    _at_least_one(n=len(labels), replicates=replicates)
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(labels) for _ in range(replicates)])


def permutation_p(observed: ArrayLike, null: ArrayLike, axis: int = 0) -> np.ndarray:
    """Give the share of shuffled statistics at least as large as the observed one, counting the data as one shuffle.

    ``null`` has the replicates on ``axis``; equal within rounding counts as at least as large. NaN where the observed
    statistic is; NaN replicates are left out. For a two-sided test pass absolute values.

    References
    ----------
    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. SAGMB 9.

    Examples
    --------
    >>> float(permutation_p(2.0, [0.0, 1.0, 2.0]))
    0.5
    """
    observed = np.asarray(observed, dtype=float)
    null = np.moveaxis(np.asarray(null, dtype=float), axis, 0)
    slack = 1e-9 * np.abs(np.where(np.isfinite(observed), observed, 0.0))
    beyond = (null >= observed - slack).sum(axis=0)
    return np.where(np.isnan(observed), np.nan, (1 + beyond) / (1 + (~np.isnan(null)).sum(axis=0)))


def adjust_bh(p: ArrayLike) -> np.ndarray:
    """Benjamini–Hochberg adjusted p-values of one family of tests; NaN stays NaN and does not count as a test.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57.

    Examples
    --------
    >>> adjust_bh([0.01, 0.04, float("nan"), 0.03]).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    values = p[tested]
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    back = np.empty(len(values))
    back[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    adjusted[tested] = back
    return adjusted


def spread_out(apart: np.ndarray, weights: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Draw k rows that lie apart, as a start of k-medoids: each by its weight times its distance to the nearest drawn one.

    ``apart`` (n, n) holds distances that count as squared ones; ``weights`` (n) says how many people a row stands for.

    References
    ----------
    Arthur, D. & Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA.

    Examples
    --------
    >>> far = np.array([[0, 0, 9], [0, 0, 9], [9, 9, 0.0]])
    >>> sorted(spread_out(far, np.array([1.0, 0.0, 1.0]), 2, np.random.default_rng(7)).tolist())
    [0, 2]
    """
    drawn, chance = np.empty(k, dtype=np.intp), weights
    for place in range(k):
        ladder = np.cumsum(chance if chance.sum() > 0 else weights)
        drawn[place] = min(int(np.searchsorted(ladder, rng.random() * ladder[-1], side="right")), len(weights) - 1)
        chance = weights * apart[:, drawn[: place + 1]].min(axis=1)
    return drawn


def adjusted_rand(first: np.ndarray, second: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Measure the agreement of two partitions of the same people (parts counted from 0): 1 when equal, about 0 by chance.

    References
    ----------
    Hubert, L. & Arabie, P. (1985). Comparing partitions. Journal of Classification 2.

    Examples
    --------
    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    columns = int(second.max()) + 1
    cells = (int(first.max()) + 1) * columns
    table = np.bincount(first * columns + second, weights=weights, minlength=cells).reshape(-1, columns)
    both, rows, along, whole = (float((one * (one - 1) / 2).sum()) for one in
                                (table, table.sum(axis=1), table.sum(axis=0), table.sum(keepdims=True)))
    expected, most = rows * along / whole if whole else 0.0, (rows + along) / 2
    return (both - expected) / (most - expected) if most > expected else 1.0


def _at_least_one(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise TooFewError(f"{name}: {size} is too few. At least 1 is needed.")
