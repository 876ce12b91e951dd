"""Latent classes for mixed answers: one mixture whose two steps are matrix products over distinct rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from personakit.candidates.design import Design, sample_design
from personakit.candidates.kmeans import distinct_ends, first_centres, lloyd, nearest_centre, resampled_centres

#: starts of a batch (a third from k-means, the rest by chance) and their rounds; rounds of the better ones, and of the
#: better half of these (successive halving; Jamieson and Talwalkar, 2016); how many go on
STARTS, SHORT, MIDDLE, FEW = (12, 64), 9, (30, 90), 6
#: starts of the first batch: where all that are finished agree, the question is easy and no batch follows
FIRST = 18
#: batches are added until the best has been reached so often, or until the budget of rows x starts is spent
HITS, ROWS_BUDGET, MOST_BATCHES = 8, 80_000, 12
#: ends that are kept beside the best
KEPT = 6
#: rounds at most of the starts that go on, and rows x few x rounds they may cost
LONG, ROUNDS_BUDGET = 3000, 800_000
#: smallest probability of an answer, and smallest variance as a share of everyone's
RARE, FLOOR = 1e-10, 0.02
#: the variance of a column that has none among these people, on the analysis scale
FLAT = 1e-6
#: people lent to each class of a resample who answer like everyone: keeps small classes from chances of exactly zero
LENT = 0.5
#: a cycle that gains less than this for each person is the last: of the best solution, and of those compared with it
GAIN, ROUGH_GAIN = 1e-10, 1e-8
#: people from whom the search for starts is made; everyone takes part in the end
LARGE = 5_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """A design laid out so that a log density is ``sums @ coefficients`` and its maximum needs ``weights @ sums``.

    ``sums`` (rows, columns): the 0/1 answers of each level, then values, squares and counts of the numbers, then a column
    of ones. ``blocks`` are the first columns of each yes/no or nominal feature, ``block_of`` the block of each such column,
    ``numbers`` how many numeric columns there are. ``everyone`` is the mean of ``sums``; ``constant`` (rows) is the part of
    the log density that is the same in every class.
    """

    sums: np.ndarray
    blocks: np.ndarray
    block_of: np.ndarray
    numbers: int
    everyone: np.ndarray
    constant: np.ndarray

    @property
    def levels(self) -> int:
        """Count the columns that hold 0/1 answers."""
        return len(self.block_of)


def answers_of(design: Design) -> Answers:
    """Lay out a design. A yes/no feature becomes two columns, yes and no; a missing answer is zero in all of them."""
    seen = np.ones_like(design.values) if design.seen is None else design.seen
    columns: list[np.ndarray] = []
    blocks: list[int] = []
    block_of: list[int] = []
    for number, feature in enumerate(np.unique(design.group[design.category])):
        mine = design.group == feature
        block = (design.values[:, mine] != 0).astype(design.values.dtype)
        if mine.sum() == 1:
            block = np.hstack([block, 1.0 - block]) * seen[:, mine]
        columns.append(block)
        blocks.append(len(block_of))
        block_of += [number] * block.shape[1]
    numbers, given = design.values[:, ~design.category], seen[:, ~design.category]
    # without gaps one column of ones counts for all numbers
    counts = given if design.seen is not None else given[:, :1]
    sums = np.hstack([*columns, numbers, numbers**2, counts, np.ones_like(design.values[:, :1])])
    return Answers(sums=sums, blocks=np.array(blocks, dtype=np.intp), block_of=np.array(block_of, dtype=np.intp),
                   numbers=numbers.shape[1], everyone=design.weights @ sums / design.weights.sum(),
                   constant=(-0.5 * np.log(2 * np.pi) * given.sum(axis=1)).astype(given.dtype))


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def tally(answers: Answers, weights: np.ndarray, memberships: np.ndarray) -> np.ndarray:
    """Sum what the members of each class answer: (fits, k, columns), all that ``maximise`` needs to know."""
    fits, k, rows = memberships.shape
    weighted = (memberships * weights[:, None, :]).astype(answers.sums.dtype, copy=False)
    return (weighted.reshape(fits * k, rows) @ answers.sums).reshape(fits, k, -1)


def maximise(answers: Answers, counts: np.ndarray, lent: float = 0.0) -> np.ndarray:
    """Find the classes that fit these sums best: coefficients (fits, k, columns) of the log density, the last its size."""
    size = counts[..., -1] + 1e-20
    counts = counts + lent * answers.everyone if lent else counts
    out = np.empty_like(counts)
    where, many = answers.levels, answers.numbers
    if where:
        total = np.add.reduceat(counts[..., :where], answers.blocks, axis=-1)[..., answers.block_of]
        out[..., :where] = np.log(np.maximum(counts[..., :where] / np.maximum(total, 1e-30), RARE))
    if many:
        mean, variance = _moments(answers, counts)
        out[..., where : where + many] = mean / variance
        out[..., where + many : where + 2 * many] = -0.5 / variance
        rest = -0.5 * (mean**2 / variance + np.log(variance))
        single = out.shape[-1] - where - 2 * many == 2
        out[..., where + 2 * many : -1] = rest.sum(axis=-1, keepdims=True) if single else rest
    out[..., -1] = np.log(size / size.sum(axis=1, keepdims=True))
    return out


def _moments(answers: Answers, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute means of each class, and one variance for all: a class of its own can shrink onto a few equal answers."""
    value, square, given = _number_parts(answers, counts)
    everyone = _number_parts(answers, answers.everyone)
    spread = everyone[1] / everyone[2] - (everyone[0] / everyone[2]) ** 2
    given = np.maximum(given, 1e-12)
    mean = value / given
    left = (square - mean * value).sum(axis=1, keepdims=True) / given.sum(axis=1, keepdims=True)
    return mean, np.maximum(left, FLOOR * np.maximum(spread, FLAT))


def _number_parts(answers: Answers, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start, many = answers.levels, answers.numbers
    middle, last = start + many, start + 2 * many
    return counts[..., start:middle], counts[..., middle:last], counts[..., last:-1]


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def expect(answers: Answers, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute memberships (fits, k, rows) and the log-likelihood of each row (fits, rows)."""
    fits, k, columns = classes.shape
    density = (classes.reshape(fits * k, columns) @ answers.sums.T).reshape(fits, k, -1)
    top = density.max(axis=1, keepdims=True)
    density -= top
    np.exp(density, out=density)
    whole = density.sum(axis=1, keepdims=True)
    density /= whole
    return density, np.log(whole[:, 0]) + top[:, 0] + answers.constant


def em(answers: Answers, weights: np.ndarray, counts: np.ndarray, rounds: int, lent: float = 0.0,
       gain: float = ROUGH_GAIN) -> tuple[np.ndarray, np.ndarray]:
    """Improve classes, given by their sums, until a cycle of three rounds gains nothing: the sums and log-likelihoods.

    Two rounds show the way and the third starts further along it (squared extrapolation; Varadhan and Roland, 2008). The
    sums are extrapolated, not the parameters: they stay valid when cut at zero. A jump that loses is taken back.
    """
    counts, likelihood = counts.copy(), np.full(len(counts), -np.inf)
    least_gain = max(gain, 10 * float(np.finfo(answers.sums.dtype).eps)) * weights.sum(axis=1)
    running = np.arange(len(counts))
    for _ in range(-(-rounds // 3)):
        own, before = weights[running], counts[running]
        first, found = _round(answers, own, before, lent)
        second, _ = _round(answers, own, first, lent)
        third, jumped = _round(answers, own, _further(before, first, second), lent)
        better = (found - likelihood[running] > least_gain[running])
        likelihood[running] = np.maximum(found, likelihood[running])
        counts[running] = np.where((jumped >= found)[:, None, None], third, second)
        running = running[better]
        if not len(running):
            break
    return counts, likelihood


def _round(answers: Answers, weights: np.ndarray, counts: np.ndarray, lent: float) -> tuple[np.ndarray, np.ndarray]:
    memberships, rows = expect(answers, maximise(answers, counts, lent))
    return tally(answers, weights, memberships), np.einsum("fr,fr->f", weights, rows)


def _further(before: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    step = first - before
    bend = second - first - step
    length = np.sqrt((step**2).sum(axis=(1, 2)) / np.maximum((bend**2).sum(axis=(1, 2)), 1e-30))
    reach = np.clip(length, 1.0, 64.0)[:, None, None].astype(before.dtype)
    # squares and values of numbers may be negative, but then so they were before
    ahead = before + 2 * reach * step + reach**2 * bend
    return np.where(second >= 0, np.maximum(ahead, 0), ahead)


def softened(labels: np.ndarray, k: int) -> np.ndarray:
    """Make starting memberships (fits, k, rows) from labels (fits, rows): mostly the label, a little of every class."""
    return 0.8 * (labels[:, None, :] == np.arange(k)[None, :, None]) + 0.2 / k


def best_classes(design: Design, k: int, seed: int | np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray, float]:
    """Find the best classes (ends, k, columns), best first, with their log-likelihoods and the share of finished starts that
    reached the first.
    """
    rng = np.random.default_rng(seed)
    sample = sample_design(design, LARGE, rng)
    answers, rows = answers_of(sample), len(sample.weights)
    starts = int(np.clip(ROWS_BUDGET // rows // 4, *STARTS))
    most = int(np.clip(ROWS_BUDGET // (rows * starts), 1, MOST_BATCHES))
    rounds = int(np.clip(ROUNDS_BUDGET // (FEW * rows), 100, LONG))
    found: list[np.ndarray] = []
    likelihood, reached = np.empty(0), np.zeros(0, dtype=bool)
    while len(found) <= most and reached.sum() < HITS and (len(found) != 1 or not reached.all()):
        begin = _short_starts(sample, k, starts if found else min(FIRST, starts), rng)
        counts, ends = em(answers, np.broadcast_to(sample.weights, (len(begin), rows)), begin, rounds)
        found.append(counts)
        likelihood = np.append(likelihood, ends)
        reached = likelihood >= likelihood.max() - 1e-6 * abs(likelihood.max())
    order = distinct_ends(-likelihood)[: KEPT if sample is design else 1]
    ends, everyone = np.concatenate(found)[order], answers_of(design)
    weights = np.broadcast_to(design.weights, (len(order), len(design.weights)))
    if sample is not design:
        ends = tally(everyone, weights, expect(everyone, maximise(answers, ends))[0])
        ends, _ = em(everyone, weights, ends, 30)
    ends[:1], _ = em(everyone, weights[:1], ends[:1], rounds, gain=GAIN)
    classes = maximise(everyone, ends)
    return _for_gaps(everyone, classes), expect(everyone, classes)[1] @ design.weights, float(reached.mean())


def _short_starts(design: Design, k: int, starts: int, rng: np.random.Generator) -> np.ndarray:
    """Give the sums (few, k, columns) of the best of many starts: hopeless ones are dropped in two rounds of trials.

    Starts by chance are slower at first and often better in the end, so they are not compared with those of k-means yet.
    """
    small = design.single()
    answers, weights = answers_of(small), np.broadcast_to(small.weights, (starts, len(small.weights)))
    third = starts // 3
    centres, _ = lloyd(small, weights[:third], first_centres(small, k, weights[:third], rng), rounds=10)
    begin = tally(answers, weights[:third], softened(nearest_centre(small, centres), k))
    chance = _by_chance(answers, small.weights, k, starts - third, rng)
    counts, likelihood = em(answers, weights, np.concatenate([begin, chance]), SHORT)
    from_means, by_chance = _best(likelihood[:third], third // 3), third + _best(likelihood[third:], starts // 3)
    better = np.concatenate([from_means, by_chance])
    counts, likelihood = em(answers, weights[: len(better)], counts[better], MIDDLE[0])
    half = _best(likelihood, max(FEW, len(better) // 2))
    counts, likelihood = em(answers, weights[: len(half)], counts[half], MIDDLE[1])
    return counts[_best(likelihood, FEW)].astype(float)


def _by_chance(answers: Answers, weights: np.ndarray, k: int, starts: int, rng: np.random.Generator) -> np.ndarray:
    """Give the sums of classes that each answer half like everyone and half like a person drawn by chance."""
    rows = np.searchsorted(np.cumsum(weights), rng.random((starts, k)) * weights.sum())
    drawn = answers.sums[np.minimum(rows, len(weights) - 1)]
    return (answers.everyone + drawn) * (weights.sum() / (2 * k))


def _best(likelihood: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-likelihood, kind="stable")[:count]


def place(design: Design, classes: np.ndarray) -> np.ndarray:
    """Compute the membership (rows, k) of the rows of a design in given classes (k, columns), with or without gaps."""
    seen = np.ones_like(design.values) if design.seen is None else design.seen
    return expect(answers_of(replace(design, seen=seen)), classes[None])[0][0].T


def _for_gaps(answers: Answers, classes: np.ndarray) -> np.ndarray:
    """Give each number its own constant, so that people with gaps can be placed in classes found without any."""
    where, many = answers.levels, answers.numbers
    if not many or classes.shape[-1] - where - 2 * many != 2:
        return classes
    slope, bend = classes[..., where : where + many], classes[..., where + many : where + 2 * many]
    rest = 0.25 * slope**2 / bend + 0.5 * np.log(-2 * bend)
    return np.concatenate([classes[..., : where + 2 * many], rest, classes[..., -1:]], axis=-1)


def resampled_classes(design: Design, k: int, weights: np.ndarray, seed: int | np.random.SeedSequence,
                      rounds: int = 30) -> np.ndarray:
    """Fit each row of weights anew, from the best of some k-means starts, and assign all rows: labels (fits, rows)."""
    small = design.single()
    answers, weights = answers_of(small), weights.astype(np.float32)
    begin = nearest_centre(small, resampled_centres(small, k, weights, seed, rounds=2))
    labels = np.empty(weights.shape, dtype=np.intp)
    width = max(1, 65_536 // weights.shape[1] // k)
    for start in range(0, len(weights), width):
        part = slice(start, start + width)
        counts, _ = em(answers, weights[part], tally(answers, weights[part], softened(begin[part], k)), rounds, LENT)
        labels[part] = expect(answers, maximise(answers, counts, LENT))[0].argmax(axis=1)
    return labels


def parameter_count(design: Design, k: int) -> int:
    """Count the numbers that a solution with k classes estimates."""
    columns = np.unique(design.group[design.category], return_counts=True)[1]  # of each yes/no (one) or nominal feature
    numbers = int((~design.category).sum())
    return k - 1 + k * (int(np.maximum(columns - 1, 1).sum()) + numbers) + numbers
