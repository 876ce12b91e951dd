"""Latent classes for mixed answers: one mixture whose two steps are matrix products over distinct rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.candidates.design import Design, make_design, sample_design
from personakit.candidates.kmeans import first_centres, lloyd, nearest_centre, resampled_centres
from personakit.candidates.measures import in_order

#: starts (a third from k-means, the rest by chance), their rounds, how many go on, and for how many rounds at most
STARTS, SHORT, FEW, LONG = (16, 128), 15, (4, 10), 3000
#: rows x starts, rows x few, and rows x few x rounds that one search for the best may cost
ROWS_BUDGET, FEW_BUDGET, ROUNDS_BUDGET = 25_000, 4_000, 800_000
#: smallest probability of an answer, and smallest variance as a share of everyone's
RARE, FLOOR = 1e-10, 0.02
#: people lent to each class of a resample who answer like everyone: keeps small classes from chances of exactly zero
LENT = 0.5
#: a round that gains less than this for each person is the last
GAIN = 1e-10
#: people from whom the search for starts is made; everyone takes part in the end
LARGE = 5_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """A design laid out so that a log density is ``sums @ coefficients`` and its maximum needs ``weights @ sums``.

    ``sums`` (rows, columns): the 0/1 answers of each level, then values, squares and counts of the numbers. ``blocks``
    are the columns of each yes/no or nominal feature, ``numbers`` how many numeric columns there are. ``everyone`` is the
    mean of ``sums``; ``constant`` (rows) is the part of the log density that is the same in every class.
    """

    sums: np.ndarray
    blocks: tuple[slice, ...]
    numbers: int
    everyone: np.ndarray
    constant: np.ndarray

    @property
    def levels(self) -> int:
        """Count the columns that hold 0/1 answers."""
        return self.blocks[-1].stop if self.blocks else 0


def answers_of(design: Design) -> Answers:
    """Lay out a design. A yes/no feature becomes two columns, yes and no; a missing answer is zero in all of them."""
    seen = np.ones_like(design.values) if design.seen is None else design.seen
    columns, blocks, at = [], [], 0
    for feature in np.unique(design.group[design.category]):
        mine = design.group == feature
        block = (design.values[:, mine] != 0).astype(design.values.dtype)
        if mine.sum() == 1:
            block = np.hstack([block, 1.0 - block]) * seen[:, mine]
        columns.append(block)
        blocks.append(slice(at, at + block.shape[1]))
        at += block.shape[1]
    number, given = design.values[:, ~design.category], seen[:, ~design.category]
    # without gaps one column of ones counts for all numbers
    counts = given if design.seen is not None else given[:, :1]
    sums = np.hstack([*columns, number, number**2, counts])
    return Answers(sums=sums, blocks=tuple(blocks), numbers=number.shape[1],
                   everyone=design.weights @ sums / design.weights.sum(),
                   constant=(-0.5 * np.log(2 * np.pi) * given.sum(axis=1)).astype(given.dtype))


@dataclass(frozen=True, kw_only=True, eq=False)
class Classes:
    """Mixtures: ``coefficients`` (fits, k, columns) and log ``sizes`` (fits, k)."""

    coefficients: np.ndarray
    sizes: np.ndarray

    def take(self, which: np.ndarray) -> Classes:
        """Take some of the mixtures."""
        return Classes(coefficients=self.coefficients[which], sizes=self.sizes[which])


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def maximise(answers: Answers, weights: np.ndarray, memberships: np.ndarray, lent: float = 0.0) -> Classes:
    """Find the classes that fit memberships (fits, k, rows) best."""
    fits, k, rows = memberships.shape
    weighted = (memberships * weights[:, None, :]).astype(answers.sums.dtype, copy=False)
    size = weighted.sum(axis=2) + 1e-20
    counts = (weighted.reshape(fits * k, rows) @ answers.sums).reshape(fits, k, -1) + lent * answers.everyone
    out = np.empty_like(counts)
    for block in answers.blocks:
        total = counts[..., block].sum(axis=-1, keepdims=True)
        out[..., block] = np.log(np.maximum(counts[..., block] / np.maximum(total, 1e-30), RARE))
    value, square, given = _number_parts(answers, counts)
    everyone = _number_parts(answers, answers.everyone)
    spread = everyone[1] / everyone[2] - (everyone[0] / everyone[2]) ** 2
    given = np.maximum(given, 1e-12)
    mean = value / given
    # one variance for all classes: a class of its own variance can shrink onto a few equal answers
    left = (square - mean * value).sum(axis=1, keepdims=True) / given.sum(axis=1, keepdims=True)
    variance = np.maximum(left, FLOOR * spread)
    where, how_many = answers.levels, answers.numbers
    out[..., where : where + how_many] = mean / variance
    out[..., where + how_many : where + 2 * how_many] = -0.5 / variance
    rest = -0.5 * (mean**2 / variance + np.log(variance))
    single = out.shape[-1] - where - 2 * how_many == 1
    out[..., where + 2 * how_many :] = rest.sum(axis=-1, keepdims=True) if single else rest
    return Classes(coefficients=out, sizes=np.log(size / size.sum(axis=1, keepdims=True)))


def _number_parts(answers: Answers, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start, many = answers.levels, answers.numbers
    return counts[..., start : start + many], counts[..., start + many : start + 2 * many], counts[..., start + 2 * many :]


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def expect(answers: Answers, classes: Classes) -> tuple[np.ndarray, np.ndarray]:
    """Compute memberships (fits, k, rows) and the log-likelihood of each row (fits, rows)."""
    fits, k, columns = classes.coefficients.shape
    density = (classes.coefficients.reshape(fits * k, columns) @ answers.sums.T).reshape(fits, k, -1)
    density += classes.sizes[:, :, None]
    top = density.max(axis=1, keepdims=True)
    density -= top
    np.exp(density, out=density)
    whole = density.sum(axis=1, keepdims=True)
    density /= whole
    return density, np.log(whole[:, 0]) + top[:, 0] + answers.constant


def em(answers: Answers, weights: np.ndarray, classes: Classes, rounds: int, lent: float = 0.0
       ) -> tuple[Classes, np.ndarray]:
    """Improve classes until a round gains nothing. Gives them and their log-likelihoods (fits)."""
    coefficients, sizes = classes.coefficients.copy(), classes.sizes.copy()
    likelihood = np.full(len(sizes), -np.inf)
    least_gain = max(GAIN, 10 * float(np.finfo(answers.sums.dtype).eps))
    running = np.arange(len(sizes))
    for _ in range(rounds):
        now = Classes(coefficients=coefficients[running], sizes=sizes[running])
        memberships, rows = expect(answers, now)
        found = np.einsum("fr,fr->f", weights[running], rows)
        better = found - likelihood[running] > least_gain * weights[running].sum(axis=1)
        likelihood[running] = found
        running = running[better]
        if not len(running):
            break
        moved = maximise(answers, weights[running], memberships[better], lent)
        coefficients[running], sizes[running] = moved.coefficients, moved.sizes
    return Classes(coefficients=coefficients, sizes=sizes), likelihood


def softened(labels: np.ndarray, k: int) -> np.ndarray:
    """Make starting memberships (fits, k, rows) from labels (fits, rows): mostly the label, a little of every class."""
    return 0.8 * (labels[:, None, :] == np.arange(k)[None, :, None]) + 0.2 / k


def best_classes(design: Design, k: int, seed: int | np.random.SeedSequence) -> tuple[np.ndarray, float, float]:
    """Find the best memberships (rows, k), with their log-likelihood and the share of finished starts that reached it."""
    rng = np.random.default_rng(seed)
    sample = sample_design(design, LARGE, rng)
    answers, rows = answers_of(sample), len(sample.weights)
    starts = int(np.clip(ROWS_BUDGET // rows, *STARTS))
    weights = np.broadcast_to(sample.weights, (starts, rows))
    third = starts // 3
    centres, _ = lloyd(sample, weights[:third], first_centres(sample, k, weights[:third], rng), rounds=10)
    begin = np.concatenate([softened(nearest_centre(sample, centres), k),
                            rng.dirichlet(np.full(k, 0.7), size=(starts - third, rows)).transpose(0, 2, 1)])
    classes, likelihood = em(answers, weights, maximise(answers, weights, begin), SHORT)
    best = np.argsort(-likelihood, kind="stable")[: int(np.clip(FEW_BUDGET // rows, *FEW))]
    rounds = int(np.clip(ROUNDS_BUDGET // (len(best) * rows), 100, LONG))
    classes, likelihood = em(answers, weights[: len(best)], classes.take(best), rounds)
    reached = likelihood >= likelihood.max() - 1e-6 * abs(likelihood.max())
    top = classes.take(np.array([likelihood.argmax()]))
    everyone = answers_of(design)
    if sample is not design:
        top, _ = em(everyone, design.weights[None], top, 20)
    memberships, row_likelihood = expect(everyone, top)
    return memberships[0].T, float(design.weights @ row_likelihood[0]), float(reached.mean())


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
        classes = maximise(answers, weights[part], softened(begin[part], k), LENT)
        classes, _ = em(answers, weights[part], classes, rounds, LENT)
        labels[part] = expect(answers, classes)[0].argmax(axis=1)
    return labels


def parameter_count(design: Design, k: int) -> int:
    """Count the numbers that a solution with k classes estimates."""
    answers = answers_of(design)
    return k - 1 + k * (answers.levels - len(answers.blocks) + answers.numbers) + answers.numbers


def latent_class(table: pd.DataFrame, k: int, seed: int) -> np.ndarray:
    """Soft membership (people, k) of a mixture in which answers are independent within each persona.

    Yes/no features are Bernoulli, nominal ones multinomial, all others Gaussian with a variance that all personas share (a
    persona with a variance of its own can shrink onto a few equal answers). Missing answers are left out of the likelihood,
    which is right when they are missing at random. It finds personas that overlap and differ in size; features that stay
    correlated within a persona make it split that persona.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories.
    k, seed
        How many personas, and the seed of the starts.

    Returns
    -------
    ndarray (people, k)
        Rows sum to 1; personas from large to small.

    References
    ----------
    Lazarsfeld and Henry (1968); Vermunt and Magidson (2002), Latent class cluster analysis.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 5, "b": [0.0, 0.0, 1.0, 1.0] * 5})
    >>> latent_class(table, 2, 7).max(axis=1).round(3).min()
    np.float64(1.0)
    """
    design = make_design(table)
    return in_order(design, best_classes(design, k, seed)[0])[design.row_of]
