"""Do journeys differ between personas? One test over people, an effect a step, and a verdict that may be "cannot tell"."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.inference import adjust_bh, one_thread, percentile_interval, permutation_p, permuted, ratio
from personakit.journeys.compare.guard import REFIT, Remake, fair_part, from_events, remade_labels, testable
from personakit.journeys.compare.refit import without_personas
from personakit.journeys.compare.scores import (
    Ratios,
    Sums,
    enough,
    once_a_person,
    overall,
    persona_sums,
    redrawn,
    shares_of,
    spread_of,
    squared_t,
    step_ratios,
)
from personakit.journeys.groups import ALL, FEW_PEOPLE, check_view
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import STAGE

ALPHA = 0.05
#: sqrt(2) times the mean of sqrt(max(z^2 - 1, 0)) of a standard normal z: weighed with exp(-z^2 / 2), it takes that away
LEFT_OF_NONE = 0.4845
CHANCE = 100  # shuffles that tell what change chance gives: a mean needs fewer than a tail
COLUMNS = ["persona_a", "persona_b", "people_a", "people_b", "change", "low", "high", "p", "q", "verdict", "r2", "tested"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _World:
    """One log as the test sees it: ratios of n people, the persona and the place in the log of each, and the source that
    is only a first level.
    """

    ratios: Ratios
    label: np.ndarray
    person: np.ndarray
    start: int

    def rows(self, keep: np.ndarray) -> _World:
        return replace(self, ratios=self.ratios.rows(keep), label=self.label[keep], person=self.person[keep])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Null:
    """Statistic (replicates,) and change (3, replicates) when personas mean nothing; with an axis in front in ``_refitted``:
    of everyone, and of the pairs.
    """

    statistic: np.ndarray
    change: np.ndarray


@one_thread()
def compare_journeys(
    journeys: Journeys, personas: Personas, *, by: str = STAGE, margin: float = 0.1, remake: Remake | None = None,
    seed: int, replicates: int = 500,
) -> pd.DataFrame:
    """Ask whether the personas take different steps: all of them at once, then each pair.

    Use it before drawing one map a persona: journeys that do not differ deserve one pooled map. Each person's own shares of
    next steps (and first stages) are averaged, and held against each other with each persona's own spread between people,
    so that a persona whose people merely vary more does not pass for another journey (``p`` alone then falls below .05 in
    8 of 100 logs; the verdict asks for more); and personas are shuffled over *people*, so that all steps of a person move
    together.

    Steps that made the personas are not tested. Where active features come from events, only steps wholly after
    ``personas.features.window_days`` count (a split by time); with ``remake``, all steps count, and the null is a world in
    which everyone follows one process, in which the personas are made anew each time (a refit under the null). Where
    neither can be had, the verdict is ``cannot_tell``. ``not_distinguishable`` is no proof of sameness; ``equivalent`` is.

    Parameters
    ----------
    by
        ``stage`` or ``touchpoint``.
    margin
        The change a step that would not matter to you: by default one next step in ten. Journeys are equivalent where the
        change is surely below it.
    remake
        Makes personas from journeys as yours were made: a function of ``Journeys`` that returns memberships, or one
        persona a participant. Slow: it is called ``replicates`` times.
    replicates
        Shuffles of personas (or worlds without personas), and bootstrap samples of people.

    Returns
    -------
    DataFrame
        evidence_id, persona_a, persona_b (``all`` in the first row), people_a, people_b (with tested steps), change (mean
        total variation a step: the share of next steps that would have to change, less what chance, or making the personas,
        gives; in the first row of three personas or more, for everyone to step as all do together), low, high (95 %,
        bootstrap of people and of uncertain memberships), p, q (Benjamini-Hochberg over the pairs), verdict: ``differ`` (q
        <= .05 and low > 0), ``equivalent`` (two one-sided tests at 5 %: the 90 % interval ends below ``margin``; all of
        them where each pair is), ``not_distinguishable``, ``cannot_tell``; r2 (pseudo-R2: the share of the squared distance
        between people's shares that personas explain, less what chance gives), tested (``all_steps``, ``after_window``,
        ``refit``, or empty). ``attrs``: ``reason`` (empty, or why nothing can be told: one_persona, unknown_window,
        too_few_people), ``overlap`` (the features that may come from these events), ``margin``. Journeys that differ by
        less than the margin beyond doubt are ``equivalent``, whatever their p.

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        ``margin`` is not between 0 and 1, or ``remake`` returns no personas.

    References
    ----------
    Chung, E. & Romano, J. (2013). Exact and asymptotically robust permutation tests. Annals of Statistics 41. Phipson, B.
    & Smyth, G. K. (2010). Permutation p-values should never be zero. SAGMB 9. Studer, M. et al. (2011). Discrepancy
    analysis of state sequences. Sociological Methods & Research 40. Schuirmann, D. (1987). Two one-sided tests.
    """
    column = check_view(journeys, by)
    if not 0 < margin < 1:
        raise StudyError(f"margin: {margin} is no share of steps. Give one between 0 and 1, such as 0.1.")
    names = [str(one) for one in personas.membership.columns]
    fair = fair_part(journeys, personas, remake)
    seeds = np.random.SeedSequence(seed).spawn(3)
    with_first = fair.tested != "after_window"
    place = personas.membership.columns.get_indexer(pd.Index(personas.labels.reindex(fair.journeys.log.participants)))
    world = _world(fair.journeys, column, place, with_first)
    member = personas.membership.reindex(fair.journeys.log.participants).to_numpy(dtype=float)
    sizes = np.bincount(world.label, minlength=len(names))
    reason = fair.reason or ("" if testable(sizes) else "too_few_people")
    pairs = list(itertools.combinations(range(len(names)), 2))
    if reason:
        found = np.full((1 + len(pairs), 6), np.nan)
    else:
        null = (_refitted(fair.journeys, column, remake, replicates, seeds[0])
                if remake is not None and fair.tested == REFIT else None)
        draws = _draws(world, member[world.person], replicates, seeds[1])
        found = _compared(world, pairs, sizes, null, draws, replicates, seeds[2])
    tests = [(ALL, ALL, sizes.sum(), sizes.sum()), *((names[a], names[b], sizes[a], sizes[b]) for a, b in pairs)]
    table = pd.DataFrame(tests, columns=COLUMNS[:4]).astype({"people_a": "int64", "people_b": "int64"})
    out = with_ids(_verdicts(table, found, margin, fair.tested if not reason else ""), "comparison", by, margin, seed,
                   replicates, fair.tested, personas.features.window_days)
    out.attrs.update(reason=reason, overlap=from_events(personas), margin=margin)
    return out


def _verdicts(table: pd.DataFrame, found: np.ndarray, margin: float, tested: str) -> pd.DataFrame:
    table[["change", "low", "high", "p", "r2"]] = found[:, :5]
    p = table["p"].to_numpy()
    table["q"] = np.append(p[:1], adjust_bh(p[1:]))
    table["verdict"] = np.select(
        [np.isnan(p), found[:, 5] < margin, (table["q"] <= ALPHA) & (table["low"] > 0)],
        ["cannot_tell", "equivalent", "differ"], "not_distinguishable")
    table["tested"] = np.where(np.isnan(p), "", tested)
    return table[COLUMNS].astype({"verdict": "str", "tested": "str"})


def _world(journeys: Journeys, column: str, place: np.ndarray, with_first: bool) -> _World:
    ratios = once_a_person(step_ratios(journeys.log, column, with_first=with_first)[0])
    size = len(journeys.log.levels[column])
    moved = np.asarray(ratios.bottom[:, :size].sum(axis=1)).ravel() > 0
    world = _World(ratios=ratios, label=place.astype(np.int8), person=np.arange(len(place)), start=size)
    return world.rows(np.flatnonzero((place >= 0) & moved))


def _compared(world: _World, pairs: list[tuple[int, int]], sizes: np.ndarray, null: _Null | None, draws: np.ndarray,
              replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Change, low, high, p, r2 and the upper end for equivalence, of everyone and of each pair."""
    children = seed.spawn(1 + len(pairs))
    found = [_one(world, np.flatnonzero(sizes), null and _Null(statistic=null.statistic[0], change=null.change[0]),
                  draws[0], replicates, children[0])]
    if len(sizes) == 2:  # the only pair is everyone
        return np.stack(found * 2)
    for at, (a, b) in enumerate(pairs):
        if min(sizes[a], sizes[b]) < FEW_PEOPLE:
            found.append(np.full(6, np.nan))
            continue
        few = world.rows(np.flatnonzero((world.label == a) | (world.label == b)))
        # remade personas have no names: a pair is held against the most different pair of each world
        own = null and _Null(statistic=null.statistic[1], change=null.change[1])
        found.append(_one(few, np.array([a, b]), own, draws[1 + at], replicates, children[1 + at]))
    table = np.stack(found)
    table[0, 5] = table[:, 5].max()  # a small persona far from all others hardly moves a mean over everyone
    return table


def _one(world: _World, present: np.ndarray, null: _Null | None, draws: np.ndarray, replicates: int,
         seed: np.random.SeedSequence) -> np.ndarray:
    label = np.searchsorted(present, world.label).astype(np.int8)
    k = len(present)
    shuffled = permuted(label, replicates=replicates, seed=seed) if null is None else np.empty((0, len(label)), np.int8)
    # the observed labels ride along as the first row
    statistic, change = _statistics(world, np.concatenate([label[None, :], shuffled]), k)
    if null is None:
        null = _Null(statistic=statistic[1:], change=change[:, 1:] * [[1], [1], [0]])  # the upper end may keep its chance
    chance = np.nanmean(null.change, axis=1)
    # redrawn people carry chance twice: only the spread of the draws is used, around the observed change
    around = draws - np.nanmean(draws, axis=1, keepdims=True) + change[:, :1]
    (low, high), (_, upper) = percentile_interval(around, axis=1), percentile_interval(around, axis=1, level=0.90)
    ends = [_less_chance(float(one), float(chance[at])) for at, one in
            [(1, change[1, 0]), (0, low[0]), (2, high[2]), (2, upper[2])]]
    return np.array([*ends[:3], float(permutation_p(statistic[0], null.statistic)), _pseudo_r2(world, label), ends[3]])


def _less_chance(change: float, chance: float) -> float:
    """Take from a change what chance gives: a real change and chance add up like the sides of a right angle."""
    return float(np.sqrt(max(max(change, 0.0)**2 - chance**2, 0.0)))


def _statistics(world: _World, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared t over the steps that enough people take under each row of labels, and the changes a step (3, rows)
    under the first of them.
    """
    ratios, theta = world.ratios, overall(world.ratios)
    used = enough(ratios)
    used = used if used.any() else np.ones_like(used)
    inner = ratios.of != world.start
    statistic: list[np.ndarray] = []
    change: list[np.ndarray] = []
    for sums in persona_sums(ratios, labels, k):
        statistic.append(squared_t(sums, ratios.of)[..., used].sum(axis=(1, 2)))
        if sum(one.shape[1] for one in change) > CHANCE:
            continue
        shares = shares_of(sums, theta, ratios.of)
        apart, weight = differences_of(shares[..., inner], sums.below, ratios.of[inner])
        change.append(step_change(apart, _noise(sums, ratios.of)[..., inner], weight, ratios.of[inner]))
    return np.concatenate(statistic), np.concatenate(change, axis=1)


def differences_of(shares: np.ndarray, below: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Difference of each share (replicates, sides, m), and the weight of its source (replicates, sides, sources).

    Two personas are compared with each other (one side); more of them each with everyone.
    """
    if shares.shape[1] == 2:
        return shares[:, :1] - shares[:, 1:], below.sum(axis=1, keepdims=True)
    pooled = ratio(np.nansum(shares * below[..., of], axis=1), below.sum(axis=1)[..., of])
    return shares - pooled[:, None], below


def step_change(apart: np.ndarray, noise: np.ndarray, weight: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Mean total variation a step (3, replicates) from differences of shares, their chance variance and sources' weights.

    Chance adds to it, and no way to take that off is right whether few steps differ or many. First a change that is not
    too large where few do (what is left of no difference is taken off, too); then one in between (a difference and chance
    add up like the sides of a right angle); then one that is not too small where many do: differences as they are, or the
    most that their squares, less chance, allow if spread evenly. A stage that a persona never leaves tells nothing.
    """
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    if not len(starts):
        return np.full((3, len(apart)), np.nan)
    squared = apart**2
    likely_none = np.exp(-np.divide(squared, 2 * noise, out=np.full_like(squared, np.inf), where=noise > 0))
    real = np.sqrt(np.maximum(squared - noise, 0.0))
    few, middle, plain, squares = (np.add.reduceat(one, starts, axis=2) for one in (
        real - LEFT_OF_NONE * np.sqrt(noise) * likely_none, real, np.abs(apart), squared - noise))
    targets = np.diff(np.append(starts, len(of)))
    many = np.maximum(np.minimum(plain, np.sqrt(targets * np.maximum(squares, 0.0))), middle)
    change = np.stack([few, middle, many]) / 2
    weight = np.where(np.isnan(many), 0.0, weight[..., of[starts]])
    return ratio((weight * np.nan_to_num(change)).sum(axis=(2, 3)), weight.sum(axis=(1, 2)))


def _noise(sums: Sums, of: np.ndarray) -> np.ndarray:
    """Chance variance of the differences of ``differences_of``."""
    below = sums.below[..., of]
    if below.shape[1] == 2:
        below = (below.prod(axis=1) / np.maximum(below.sum(axis=1), 1))[:, None]
        return np.nan_to_num(ratio(spread_of(sums, of)[:, :1], below**2))
    return np.nan_to_num(ratio(spread_of(sums, of), below**2))


def _draws(world: _World, member: np.ndarray, replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Give the changes of everyone and of each pair (1 + pairs, 3, replicates) in redrawn people and memberships."""
    of, inner = world.ratios.of, world.ratios.of != world.start
    k = member.shape[1]
    groups = [list(range(k)), *map(list, itertools.combinations(range(k), 2))]
    noise = []
    for group in groups:
        few = world.rows(np.flatnonzero(np.isin(world.label, group)))
        labels = np.searchsorted(group, few.label)[None].astype(np.int8)
        noise.append(_noise(next(persona_sums(few.ratios, labels, len(group))), of)[..., inner])
    out = []
    for sums in redrawn(world.ratios, member, replicates=replicates, seed=seed):
        shares = ratio(sums.score, sums.below[..., of])[..., inner]
        apart = (differences_of(shares[:, group], sums.below[:, group], of[inner]) for group in groups)
        out.append(np.stack([step_change(gap, chance, weight, of[inner])
                             for (gap, weight), chance in zip(apart, noise, strict=True)]))
    return np.concatenate(out, axis=2)


def _refitted(journeys: Journeys, column: str, remake: Remake, replicates: int, seed: np.random.SeedSequence) -> _Null:
    """Deal worlds without personas, make personas in each, and take the statistics of everyone and of the pairs."""
    rows = []
    for child in seed.spawn(replicates):
        dealt = without_personas(journeys, column, seed=child)
        world = _world(dealt, column, remade_labels(remake, dealt), with_first=True)
        sizes = np.bincount(world.label, minlength=2)
        present = [one for one in range(len(sizes)) if sizes[one] >= FEW_PEOPLE]
        if len(present) < 2:
            rows.append(np.zeros((2, 4)))
            continue
        whole = _plain(world, list(range(len(sizes))))
        each = np.array([_plain(world, list(pair)) for pair in itertools.combinations(present, 2)])
        rows.append(np.stack([whole, np.append(each[:, 0].max(), each[:, 1:].mean(axis=0))]))
    table = np.stack(rows, axis=2)
    return _Null(statistic=table[:, 0], change=table[:, 1:])


def _plain(world: _World, present: list[int]) -> np.ndarray:
    """Give the statistic and the three changes of some personas."""
    few = world.rows(np.flatnonzero(np.isin(world.label, present)))
    statistic, change = _statistics(few, np.searchsorted(present, few.label)[None].astype(np.int8), len(present))
    return np.append(statistic, np.nan_to_num(change[:, 0]))


def _pseudo_r2(world: _World, label: np.ndarray) -> float:
    """Share of the squared distance between people's step shares that lies between personas, less what chance gives."""
    steps = world.ratios.top[:, np.flatnonzero(world.ratios.of != world.start)]
    total = np.asarray(steps.sum(axis=1)).ravel()
    shares = steps.multiply(1 / total[:, None]).tocsr()
    n, k = len(label), int(label.max()) + 1
    squares = float(shares.multiply(shares).sum())
    sums = np.stack([np.asarray(shares[label == one].sum(axis=0)).ravel() for one in range(k)])
    sizes = np.bincount(label, minlength=k)
    between = float(((sums**2).sum(axis=1) / np.maximum(sizes, 1)).sum())
    whole = squares - float((sums.sum(axis=0) ** 2).sum()) / n
    if whole <= 1e-12 or n <= k:
        return 0.0
    return max(1 - (squares - between) / whole * (n - 1) / (n - k), 0.0)
