"""Typical paths: are there any, how many, who takes which. "No typology" is an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, unknown_name
from personakit.frozen import Sentence, freeze, show, show_html
from personakit.inference import adjusted_rand, one_thread, permutation_p
from personakit.journeys.paths.distances import Space, between, cut_journeys, make_space, square
from personakit.journeys.paths.kernels import Padded
from personakit.journeys.paths.partition import (
    METHODS,
    by_size,
    left_within,
    medoids_of,
    overlaps,
    silhouettes,
)
from personakit.journeys.paths.portrait import portraits, step_shares
from personakit.records import Journeys
from personakit.schema import STAGE

#: people up to whom all distances are measured
LARGE = 2_000
#: people on whom stability and null journeys are computed
TESTED = 400
#: what a typology must reach: stability, that of each path, level of the test, and gap to null journeys
STEADY, STEADY_PATH, ALPHA, BEYOND_GAP = 0.75, 0.60, 0.05, 0.02
FEWEST = 20
PATH = "path"


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Typical paths for several k. ``table`` is indexed by k; ``labels`` (people by k): T1, T2, ... from large to small.

    ``table``: people, smallest_n, silhouette, null_silhouette (of journeys without types), gap (log ratio of the
    discrepancy that null journeys and these leave within paths), gap_z (in standard deviations of null journeys), p (how
    often null journeys go as far at any k), stability (median adjusted Rand of resamples), jaccard (of the least stable
    path), length_agreement (adjusted Rand with journeys sorted by length alone), verdict (reproducible: beyond null
    journeys and steady; constructive: steady only; none). ``recommended``: a k or None; ``p``: the smallest; ``why`` says
    it in sentences. ``paths``: k, path, people, share, representative, coverage, entropy,
    complexity, jaccard. ``steps``: k, path, step, level, people, people_total, share.
    """

    table: pd.DataFrame
    labels: pd.DataFrame
    paths: pd.DataFrame
    steps: pd.DataFrame
    recommended: int | None
    p: float
    why: tuple[Sentence, ...]
    method: str
    measure: Mapping[str, Any]
    horizon: int
    by: str
    seed: int

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"people": len(self.labels), "recommended": self.recommended or "none", "p": round(self.p, 3)}
        return show(f"Paths {self.method}", facts, "plot_paths(paths)")

    _repr_html_ = show_html


@one_thread()
def find_paths(
    journeys: Journeys, *, k: Sequence[int] = range(2, 8), method: str = "ward", measure: Mapping[str, Any] | None = None,
    seed: int, replicates: int = 39,
) -> Paths:
    """Look for paths that many people share, and say whether there are any.

    Use it to see ways that no funnel shows. Each k is compared with null journeys: the same starts, lengths and moves,
    people all of one kind (a homogeneous Markov chain), and with resamples of people. Where nothing goes beyond null
    journeys, the answer is that there is no typology. It cannot tell paths from a continuum that a chain of first order
    does not make, and paths are no personas: never test a trait on the journeys that made the paths (rule 3).

    Above 2,000 people, Ward's tree is grown on 2,000 drawn people, and medoids are the best of five samples of 1,000;
    everyone is then placed with the nearest medoid (CLARA; Kaufman & Rousseeuw, 1990). A mixture is fitted to everyone.

    Parameters
    ----------
    k
        Numbers of paths to try, 2 or more.
    method
        ``ward``, ``ward_d2`` (the distances squared first), ``medoids``, or ``mixture``: of Markov chains, fitted to the
        steps and not to distances, which then only judge it (measure them by ``transition_shares``).
    measure
        Options of ``journey_distances``: by, method, normalise, horizon, costs.
    replicates
        Null logs, and resamples of people: 39 is the fewest that can go below p = .05.

    Returns
    -------
    Paths

    Raises
    ------
    ChoiceError
        An unknown method or option.
    StudyError
        A k below 2, or fewer than 19 replicates.
    TooFewError
        Fewer than 20 people, or fewer distinct journeys than paths.

    References
    ----------
    Studer, M. (2021). Validating sequence analysis typologies using parametric bootstrap. Sociological Methodology 51.
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. CSDA 52.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> days = [0, 1, 2, 3, 4, 5]
    >>> ways = ["search", "search", "basket", "basket", "buy", "buy"], ["visit", "visit", "advice", "advice", "try", "try"]
    >>> rows = [(f"p{one:02d}", ways[one % 2][day], day * 86_400_000_000) for one in range(40) for day in days]
    >>> events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])
    >>> people = pd.DataFrame(index=pd.Index(events["participant_id"].unique(), name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> find_paths(journeys, k=[2], measure={"by": "touchpoint"}, seed=7).paths["representative"].tolist()
    ['search > basket > buy', 'visit > advice > try']
    """
    ks = _checked(k, method, replicates)
    options = {"by": STAGE if journeys.stages else "touchpoint", "horizon": "auto", **(measure or {})}
    unknown = [one for one in options if one not in ("by", "horizon", "method", "normalise", "costs")]
    if unknown:
        raise ChoiceError(unknown_name("measure", unknown[0], ["by", "horizon", "method", "normalise", "costs"]))
    found, variant, distinct, horizon = cut_journeys(journeys, options["by"], options["horizon"])
    people = np.flatnonzero(variant >= 0)
    _check_people(len(people), len(distinct.steps), max(ks))
    how = {name: one for name, one in options.items() if name not in ("by", "horizon")}
    words = found.words[:-2]
    space = make_space(distinct, np.bincount(variant[people]), words, **how)
    seeds = np.random.SeedSequence(seed).spawn(3)
    labels = [by_size(one) for one in _partition(space, variant[people], ks, method, np.random.default_rng(seeds[0]))]
    rng = np.random.default_rng(seeds[1])
    some = np.sort(rng.permutation(len(people))[:TESTED])
    tested = distinct.take(variant[people[some]])
    steady = _stability(space, tested, [one[some] for one in labels], ks, method, replicates, rng)
    null = _against_null(tested, words, how, ks, method, replicates, np.random.default_rng(seeds[2]))
    table = _table(ks, labels, steady, null, found.length[people])
    recommended = _recommend(table)
    index = pd.Index(journeys.log.participants[people])
    names = pd.DataFrame({number: pd.array([f"T{one + 1}" for one in each], dtype="str")
                          for number, each in zip(ks, labels, strict=True)}, index=index)
    p = float(table["p"].min())
    mine = distinct.take(variant[people])
    return Paths(
        table=table, labels=names, recommended=recommended, p=p, method=method, measure=options, horizon=horizon,
        paths=portraits(space, variant[people], labels, ks, words).assign(jaccard=np.concatenate([s[1] for s in steady])),
        steps=pd.concat([step_shares(mine, one, words).assign(k=number) for number, one in zip(ks, labels, strict=True)],
                        ignore_index=True)[["k", PATH, "step", "level", "people", "people_total", "share"]],
        why=_why(table, recommended, p, len(people), horizon), by=options["by"], seed=seed)


def _checked(k: Sequence[int], method: str, replicates: int) -> list[int]:
    ks = sorted({int(one) for one in k})
    if method not in METHODS:
        raise ChoiceError(unknown_name("method", method, list(METHODS)))
    if not ks or ks[0] < 2:
        raise StudyError(f"k: {ks or 'nothing'} cannot be tried. Give numbers of paths from 2 on.")
    if replicates < 19:
        raise StudyError(f"replicates: {replicates} is too few to compare with null journeys. Give 19 or more.")
    return ks


def _check_people(people: int, distinct: int, most: int) -> None:
    if people < FEWEST:
        raise TooFewError(f"journeys: {people} people took a step. Typical paths need at least {FEWEST}.")
    if distinct < most:
        raise TooFewError(f"k: {most} paths were asked for, but there are only {distinct} distinct journeys. Try fewer.")


# ---------------------------------------------------------------- partitions
def _apart(space: Space, rows: Padded, columns: Padded) -> np.ndarray:
    return np.maximum(space.measure(rows, columns), 0)


def _partition(
    space: Space, variant: np.ndarray, ks: list[int], method: str, rng: np.random.Generator
) -> list[np.ndarray]:
    way, everyone = METHODS[method], space.journeys.take(variant)
    if not way.drawn:
        return way.part(everyone, np.empty((0, 0)), ks, rng)
    if len(variant) <= LARGE:
        return way.part(everyone, _people_apart(space, variant), ks, rng)
    tries = [np.sort(rng.permutation(len(variant))[:way.drawn]) for _ in range(way.samples)]
    best: list[np.ndarray] = [np.empty(0)] * len(ks)
    least = np.full(len(ks), np.inf)
    people = np.bincount(variant, minlength=len(space.journeys.steps))
    for drawn in tries:
        apart = _people_apart(space, variant[drawn])
        for place, labels in enumerate(way.part(everyone.take(drawn), apart, ks, rng)):
            chosen = variant[drawn[medoids_of(apart, labels, ks[place])]]
            away = _apart(space, space.journeys, space.journeys.take(chosen))
            left = float(people @ away.min(axis=1))
            if left < least[place]:
                least[place], best[place] = left, away.argmin(axis=1)[variant]
    return best


def _people_apart(space: Space, variant: np.ndarray) -> np.ndarray:
    distinct, place = np.unique(variant, return_inverse=True)
    return _each_apart(replace(space, journeys=space.journeys.take(distinct)))[np.ix_(place, place)]


def _each_apart(space: Space) -> np.ndarray:
    return np.maximum(square(between(space), len(space.journeys.steps)), 0)


# ---------------------------------------------------------------- resamples and null journeys
def _stability(space: Space, tested: Padded, labels: list[np.ndarray], ks: list[int], method: str, replicates: int,
               rng: np.random.Generator) -> list[tuple[float, np.ndarray]]:
    """Return for each k the median adjusted Rand of pairs of resamples, and the mean Jaccard of each path."""
    way, apart = METHODS[method], _each_apart(replace(space, journeys=tested))
    runs: list[list[np.ndarray]] = []
    for _ in range(replicates):
        drawn = rng.integers(0, len(apart), len(apart))
        parts = way.part(tested.take(drawn), apart[np.ix_(drawn, drawn)], ks, rng)
        runs.append([way.place(tested, apart, drawn, one) for one in parts])
    out = []
    for place, own in enumerate(labels):
        each = [run[place] for run in runs]
        pairs = [adjusted_rand(a, b) for a, b in zip(each, each[1:], strict=False)]
        dense = np.unique(own, return_inverse=True)[1]
        jaccard = np.full(ks[place], np.nan)
        jaccard[np.unique(own)] = np.mean([overlaps(dense, one) for one in each], axis=0)
        out.append((float(np.median(pairs)), jaccard))
    return out


def _against_null(tested: Padded, words: tuple[str, ...], how: Mapping[str, Any], ks: list[int], method: str,
                  replicates: int, rng: np.random.Generator) -> pd.DataFrame:
    """Compare each k with null journeys: silhouette, null_silhouette, gap, gap_z, p (of the best k, all of them tried)."""
    width, left = _fit(tested, words, how, ks, method, rng)
    drawn = [_fit(null_journeys(tested, rng), words, how, ks, method, rng) for _ in range(replicates)]
    null_left = np.array([one[1] for one in drawn])
    middle, spread = null_left.mean(axis=0), np.maximum(null_left.std(axis=0, ddof=1), 1e-6)
    far, null_far = (middle - left) / spread, (middle - null_left) / spread
    p = permutation_p(far, np.repeat(null_far.max(axis=1)[:, None], len(ks), axis=1))
    return pd.DataFrame({"silhouette": width, "null_silhouette": np.mean([one[0] for one in drawn], axis=0),
                         "gap": middle - left, "gap_z": far, "p": p}, index=ks)


def _fit(some: Padded, words: tuple[str, ...], how: Mapping[str, Any], ks: list[int], method: str,
         rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return mean silhouette and log share of the discrepancy left within paths, for each k."""
    space = make_space(some, np.ones(len(some.steps), dtype=np.int64), words, **how)
    apart = _each_apart(space)
    found = METHODS[method].part(some, apart, ks, rng)
    return (np.array([silhouettes(apart, one).mean() for one in found]),
            np.log([max(left_within(apart, one), 1e-9) for one in found]))


def null_journeys(some: Padded, rng: np.random.Generator) -> Padded:
    """Draw journeys of people all of one kind: a Markov chain with the starts, lengths and moves of everyone together."""
    size = some.levels
    source, target = some.steps[:, :-1], some.steps[:, 1:]
    known = target < size
    moves = np.bincount(source[known] * size + target[known], minlength=size * size).reshape(size, size) + 0.0
    moves[moves.sum(axis=1) == 0] = 1.0
    ladder = np.cumsum(moves / moves.sum(axis=1, keepdims=True), axis=1)
    steps = np.full(some.steps.shape, size)
    steps[:, 0] = rng.permutation(some.steps[:, 0])
    for at in range(1, int(some.length.max(initial=0))):
        drawn = (ladder[np.minimum(steps[:, at - 1], size - 1)] < rng.random((len(steps), 1))).sum(axis=1)
        steps[:, at] = np.where(at < some.length, np.minimum(drawn, size - 1), size)
    return Padded(steps=steps, length=some.length, levels=size)


# ---------------------------------------------------------------- verdict
def _table(ks: list[int], labels: list[np.ndarray], steady: list[tuple[float, np.ndarray]], null: pd.DataFrame,
           taken: np.ndarray) -> pd.DataFrame:
    ranked = np.argsort(np.argsort(taken, kind="stable"), kind="stable")
    same = bool(taken.min() == taken.max())
    table = pd.DataFrame({
        "people": len(taken), "smallest_n": [int(np.bincount(one).min()) for one in labels], **null,
        "stability": [one[0] for one in steady], "jaccard": [float(np.nanmin(one[1])) for one in steady],
        "length_agreement": [0.0 if same else adjusted_rand(one, ranked * number // len(ranked))
                             for number, one in zip(ks, labels, strict=True)]}, index=pd.Index(ks, name="k"))
    firm = (table["stability"] >= STEADY) & (table["jaccard"] >= STEADY_PATH)
    beyond = (table["p"] <= ALPHA) & (table["gap"] >= BEYOND_GAP)
    table["verdict"] = pd.array(np.select([firm & beyond, firm], ["reproducible", "constructive"], "none"), dtype="str")
    return table


def _recommend(table: pd.DataFrame) -> int | None:
    rows = table[table["verdict"] == "reproducible"]
    return int(rows.index[int(rows["silhouette"].round(3).to_numpy().argmax())]) if len(rows) else None


def _why(table: pd.DataFrame, recommended: int | None, p: float, people: int, horizon: int) -> tuple[Sentence, ...]:
    shared = {"n": people, "horizon": horizon, "tried": len(table), "p": p}
    if recommended is None:
        beyond = ((table["p"] <= ALPHA) & (table["gap"] >= BEYOND_GAP)).any()
        key = "unsteady" if beyond else "no_typology"
        return (Sentence(key=f"paths.{key}", values=shared),)
    row = table.loc[[recommended]].iloc[0].to_dict()
    found = Sentence(key="paths.found", values={**shared, "k": recommended, "stability": float(row["stability"]),
                                                "smallest_n": int(row["smallest_n"])})
    if row["length_agreement"] < 0.1:
        return (found,)
    return (found, Sentence(key="paths.lengths", values={"agreement": float(row["length_agreement"])}))
