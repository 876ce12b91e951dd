"""Do journeys differ between personas? One test over people, an effect a step, and a verdict that may be "cannot tell"."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.inference import adjust_bh, one_thread, percentile_interval, permutation_p, permuted
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
from personakit.journeys.groups import ALL, FEW_PEOPLE, check_view, ratio
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import STAGE

ALPHA = 0.05
COLUMNS = ["persona_a", "persona_b", "people_a", "people_b", "change", "low", "high", "p", "q", "verdict", "r2", "tested"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _World:
    """One log as the test sees it: ratios of n people, the source that is only a first level (or -1), persona of each."""

    ratios: Ratios
    label: np.ndarray
    start: int

    def rows(self, keep: np.ndarray) -> _World:
        return _World(ratios=self.ratios.rows(keep), label=self.label[keep], start=self.start)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Null:
    """Statistic (and change) of everyone and of each pair when personas mean nothing."""

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
    so that a persona whose people merely vary more does not pass for another journey; and personas are shuffled over
    *people*, so that all steps of a person move together.

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
        evidence_id, persona_a, persona_b (``all`` in the first row), people_a, people_b (with tested steps), change
        (mean total variation a step: the share of next steps that would have to change, less what chance, or making the
        personas, gives), low, high (95 %, bootstrap of people and of uncertain memberships), p, q (Benjamini-Hochberg
        over the pairs), verdict: ``differ`` (q <= .05 and low > 0), ``equivalent`` (two one-sided tests at 5 %: the
        90 % interval ends below ``margin``), ``not_distinguishable``, ``cannot_tell``; r2 (pseudo-R2: the share of the
        squared distance between people's shares that personas explain, less what chance gives), tested (``all_steps``,
        ``after_window``, ``refit``, or empty). ``attrs``: ``reason`` (empty, or why nothing can be told: one_persona,
        unknown_window, too_few_people), ``overlap`` (the features that may come from these events), ``margin``.
        Journeys that differ by less than the margin beyond doubt are ``equivalent``, whatever their p.

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
    sizes = np.bincount(world.label, minlength=len(names))
    reason = fair.reason or ("" if testable(sizes) else "too_few_people")
    pairs = list(itertools.combinations(range(len(names)), 2))
    if reason:
        found = np.full((1 + len(pairs), 6), np.nan)
    else:
        null = (_refitted(fair.journeys, column, remake, replicates, seeds[0])
                if remake is not None and fair.tested == REFIT else None)
        draws = _draws(world, personas, fair.journeys, column, replicates, seeds[1])
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
    return _World(ratios=ratios, label=place.astype(np.int8), start=size).rows(np.flatnonzero((place >= 0) & moved))


def _compared(world: _World, pairs: list[tuple[int, int]], sizes: np.ndarray, null: _Null | None, draws: np.ndarray,
              replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Change, low, high, p, r2 and the upper end for equivalence, of everyone and of each pair."""
    children = seed.spawn(1 + len(pairs))
    found = [_one(world, np.flatnonzero(sizes), null and _Null(statistic=null.statistic[:, 0], change=null.change[:, 0]),
                  draws[0], replicates, children[0])]
    if len(sizes) == 2:  # the only pair is everyone
        return np.stack(found * 2)
    for at, (a, b) in enumerate(pairs):
        if min(sizes[a], sizes[b]) < FEW_PEOPLE:
            found.append(np.full(6, np.nan))
            continue
        few = world.rows(np.flatnonzero((world.label == a) | (world.label == b)))
        # remade personas have no names: a pair is held against the most different pair of each world
        own = null and _Null(statistic=null.statistic[:, 1], change=null.change[:, 1])
        found.append(_one(few, np.array([a, b]), own, draws[1 + at], replicates, children[1 + at]))
    return np.stack(found)


def _one(world: _World, present: np.ndarray, null: _Null | None, draws: np.ndarray, replicates: int,
         seed: np.random.SeedSequence) -> np.ndarray:
    label = np.searchsorted(present, world.label).astype(np.int8)
    k = len(present)
    shuffled = permuted(label, replicates=replicates, seed=seed) if null is None else np.empty((0, len(label)), np.int8)
    # the observed labels ride along as the first row
    statistic, change = _statistics(world, np.concatenate([label[None, :], shuffled]), k)
    if null is None:
        null = _Null(statistic=statistic[1:], change=change[1:])
    chance = float(np.nanmean(null.change))
    # redrawn people carry chance twice: only the spread of the draws is used, around the observed change
    around = draws - np.nanmean(draws) + change[0]
    (low, high), (_, upper) = percentile_interval(around), percentile_interval(around, level=0.90)
    return np.array([*(_less_chance(float(one), chance) for one in (change[0], low, high)),
                     float(permutation_p(statistic[0], null.statistic)), _pseudo_r2(world, label),
                     _less_chance(float(upper), chance)])


def _less_chance(change: float, chance: float) -> float:
    """Take from a change what chance gives: a real change and chance add up like the sides of a right angle."""
    return float(np.sqrt(max(change**2 - chance**2, 0.0)))


def _statistics(world: _World, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared t over the steps that enough people take, and the change a step, under each row of labels."""
    ratios, theta = world.ratios, overall(world.ratios)
    used = enough(ratios)
    used = used if used.any() else np.ones_like(used)
    inner = ratios.of != world.start
    statistic, change = [], []
    for sums in persona_sums(ratios, labels, k):
        statistic.append(squared_t(sums, ratios.of)[..., used].sum(axis=(1, 2)))
        shares = shares_of(sums, theta, ratios.of)
        apart, weight = differences_of(shares[..., inner], sums.below, ratios.of[inner])
        change.append(step_change(apart, _noise(sums, ratios.of)[..., inner], weight, ratios.of[inner]))
    return np.concatenate(statistic), np.concatenate(change)


def differences_of(shares: np.ndarray, below: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Difference of each share (replicates, sides, m), and the weight of its source (replicates, sides, sources).

    Two personas are compared with each other (one side); more of them each with everyone.
    """
    if shares.shape[1] == 2:
        return shares[:, :1] - shares[:, 1:], below.sum(axis=1, keepdims=True)
    pooled = ratio(np.nansum(shares * below[..., of], axis=1), below.sum(axis=1)[..., of])
    return shares - pooled[:, None], below


def step_change(apart: np.ndarray, noise: np.ndarray, weight: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Mean total variation a step (replicates,) from differences of shares, their chance variance and sources' weights.

    What chance alone gives is taken from each difference: a real one and chance add up like the sides of a right angle. A
    stage that a persona never leaves tells nothing of it.
    """
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    if not len(starts):
        return np.full(len(apart), np.nan)
    change = np.add.reduceat(np.sqrt(np.maximum(apart**2 - noise, 0.0)), starts, axis=2) / 2
    weight = np.where(np.isnan(change), 0.0, weight[..., of[starts]])
    return ratio((weight * np.nan_to_num(change)).sum(axis=(1, 2)), weight.sum(axis=(1, 2)))


def _noise(sums: Sums, of: np.ndarray) -> np.ndarray:
    """Chance variance of the differences of ``differences_of``."""
    below = sums.below[..., of]
    if below.shape[1] == 2:
        below = (below.prod(axis=1) / np.maximum(below.sum(axis=1), 1))[:, None]
        return np.nan_to_num(ratio(spread_of(sums, of)[:, :1], below**2))
    return np.nan_to_num(ratio(spread_of(sums, of), below**2))


def _draws(world: _World, personas: Personas, journeys: Journeys, column: str, replicates: int,
           seed: np.random.SeedSequence) -> np.ndarray:
    """Change of everyone and of each pair (1 + pairs, replicates) in redrawn people with redrawn memberships."""
    member = personas.membership.reindex(journeys.log.participants)
    moved = np.asarray(world_sources(journeys, column).sum(axis=1)).ravel() > 0
    rows = np.flatnonzero(member.notna().all(axis=1).to_numpy() & moved)
    sums = redrawn(world.ratios, member.to_numpy(dtype=float)[rows], replicates=replicates, seed=seed)
    of, inner = world.ratios.of, world.ratios.of != world.start
    shares = ratio(sums.score, sums.below[..., of])[..., inner]
    k = shares.shape[1]
    out = []
    for group in [list(range(k)), *map(list, itertools.combinations(range(k), 2))]:
        few = world.rows(np.flatnonzero(np.isin(world.label, group)))
        apart, weight = differences_of(shares[:, group], sums.below[:, group], of[inner])
        labels = np.searchsorted(group, few.label)[None].astype(np.int8)
        noise = _noise(next(persona_sums(few.ratios, labels, len(group))), of)[..., inner]
        out.append(step_change(apart, noise, weight, of[inner]))
    return np.stack(out)


def world_sources(journeys: Journeys, column: str) -> np.ndarray:
    """Count each person's steps by source."""
    ratios, _ = step_ratios(journeys.log, column, with_first=False)
    return ratios.bottom


def _refitted(journeys: Journeys, column: str, remake: Remake, replicates: int, seed: np.random.SeedSequence) -> _Null:
    """Deal worlds without personas, make personas in each, and take the statistics of everyone and of the pairs."""
    rows = []
    for child in seed.spawn(replicates):
        dealt = without_personas(journeys, column, seed=child)
        world = _world(dealt, column, remade_labels(remake, dealt), with_first=True)
        sizes = np.bincount(world.label, minlength=2)
        present = [one for one in range(len(sizes)) if sizes[one] >= FEW_PEOPLE]
        if len(present) < 2:
            rows.append((0.0, 0.0, 0.0, 0.0))
            continue
        whole = _plain(world, list(range(len(sizes))))
        each = np.array([_plain(world, list(pair)) for pair in itertools.combinations(present, 2)])
        rows.append((*whole, each[:, 0].max(), each[:, 1].mean()))
    table = np.array(rows)
    return _Null(statistic=table[:, [0, 2]], change=table[:, [1, 3]])


def _plain(world: _World, present: list[int]) -> tuple[float, float]:
    few = world.rows(np.flatnonzero(np.isin(world.label, present)))
    statistic, change = _statistics(few, np.searchsorted(present, few.label)[None].astype(np.int8), len(present))
    return float(statistic[0]), float(np.nan_to_num(change[0]))


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
