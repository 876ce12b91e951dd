"""How far the data go beyond data of the same kind that hold no personas, or fewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from personakit.candidates.design import Design, make_design
from personakit.candidates.engines import Engine, Ground, Seed
from personakit.candidates.kmeans import resampled_labels
from personakit.candidates.measures import explained, separation
from personakit.candidates.null_data import NullModel, fit_null, simulate_null
from personakit.inference import adjusted_rand

Prepare = Callable[[Design], Design]
#: null tables with correlation and without, and with the personas of a candidate; fits behind the observed figure
NULLS, INDEPENDENT_NULLS, PERSONA_NULLS, REPEATS = 20, 10, 12, 4
#: pairs of resamples of a null table, and rows of its silhouette
NULL_PAIRS, NULL_ROWS = 6, 300
#: further null tables where the first ones leave it open whether the data go beyond them: not when so many of them reach
#: as far as the data do (Besag and Clifford, 1991), nor when none does and the data lie so many standard deviations out
MORE_NULLS, REACHED, FAR = 79, 4, 5.0
#: rounds of these fits after their short starts
NULL_ROUNDS = 20
#: least standard deviation of a log ratio over null tables: some nulls always end in the same cut
LEAST_SPREAD = 2e-3
#: one more persona is worth having when the data go so far beyond data with the personas so far (gap, and in sd)
FURTHER_GAP, FURTHER_Z = 0.002, 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Yardstick:
    """What candidates are held to, with what was done to a design (``prepare``) before it was cut and measured.

    ``gaps`` (a row a k): ``within`` (log share left, the best of the observed fits) and ``observed`` (their mean), ``gap``
    (mean of the log ratio) and ``gap_sd`` (its standard deviation over null tables), both also with ``independent_``, for
    null data without correlation. ``figures`` of the null tables with correlation: ``within``, ``separation`` and
    ``stability``, each (tables, ks), the last two also ``/method`` for methods as quick as k-means, and ``reach`` (tables):
    how many standard deviations each goes beyond the others at the k where it goes furthest.
    """

    gaps: pd.DataFrame
    figures: Mapping[str, np.ndarray]
    prepare: Prepare


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Where null tables come from: the copula of everyone, or one for each persona so far; ``prepare`` and the ``scale`` it
    may need are those of the observed design.
    """

    models: list[NullModel]
    prepare: Prepare
    scale: np.ndarray | None

    def draw(self, rng: np.random.Generator, independent: bool = False) -> Design:
        """Draw a null table and lay it out; it is not prepared yet."""
        tables = [simulate_null(model, rng, independent=independent) for model in self.models]
        return replace(make_design(pd.concat(tables) if len(tables) > 1 else tables[0]), scale=self.scale)


def null_gaps(ground: Ground, ks: list[int], seed: Seed, step: Callable[[], object], *, prepare: Prepare,
              engines: Mapping[str, Engine]) -> Yardstick:
    """Measure how much less variance k-means leaves within personas than it does on null data, for each k.

    ``step`` is called after each null table; null tables are pushed through ``engines`` too.
    """
    here, linked, free, again = seed.spawn(4)
    plain, source = prepare(as_counted(ground.small)), Source(models=[fit_null(ground.people)], prepare=prepare,
                                                              scale=ground.small.scale)
    observed = np.array([[one[0] for one in _log_within(plain, ks, child)] for child in here.spawn(REPEATS)])
    out = pd.DataFrame({"within": observed.min(axis=0), "observed": observed.mean(axis=0)}, index=ks)
    figures = []
    for child, other in zip(linked.spawn(NULLS), again.spawn(NULLS), strict=True):
        figures.append(_null_figures(source, ks, child, other, engines))
        step()
    names = ["within", "separation", "stability",
             *(f"{figure}/{name}" for name in engines for figure in ("separation", "stability"))]
    kept = dict(zip(names, np.array(figures).transpose(2, 0, 1), strict=True))
    if _is_open(kept["within"], out["observed"].to_numpy()):
        more = [_null_within(source, ks, child) for child in linked.spawn(MORE_NULLS)]
        kept["within"] = np.concatenate([kept["within"], more])
    out["gap"], out["gap_sd"] = _compare(kept["within"], out["observed"].to_numpy())
    kept["reach"] = _reach(kept["within"])
    apart = []
    for child in free.spawn(INDEPENDENT_NULLS):
        apart.append(_null_within(source, ks, child, independent=True))
        step()
    out["independent_gap"], out["independent_gap_sd"] = _compare(np.array(apart), out["observed"].to_numpy())
    return Yardstick(gaps=out, figures=kept, prepare=prepare)


def as_counted(design: Design) -> Design:
    """Count people, whatever their survey weights: whether there are personas is asked of the people who were seen."""
    return replace(design, weights=design.counts.astype(float))


def _null_figures(source: Source, ks: list[int], seed: Seed, again: Seed, engines: Mapping[str, Engine]
                  ) -> list[list[float]]:
    """Push one null table through what the data go through: the figures of k-means, and of the engines, at each k."""
    draw, fit = seed.spawn(2)
    design = source.draw(np.random.default_rng(draw))
    prepared = source.prepare(design)
    rng = np.random.default_rng(again)
    weights = rng.multinomial(design.people, design.counts / design.people, size=2 * NULL_PAIRS).astype(float)
    out = []
    for k, (within, labels), child in zip(ks, _log_within(prepared, ks, fit), again.spawn(len(ks)), strict=True):
        found = resampled_labels(prepared, k, weights, child, rounds=NULL_ROUNDS)
        row = [within, *_cut_figures(design, labels, found)]
        for engine, own in zip(engines.values(), child.spawn(len(engines)), strict=True):
            cuts = engine.resampled(design, k, np.concatenate([design.weights[None], weights]), own)
            row += _cut_figures(design, cuts[0], cuts[1:])
        out.append(row)
    return out


def _cut_figures(design: Design, labels: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """Separation of a cut, and stability over pairs of cuts of resampled people."""
    pairs = [adjusted_rand(a, b, design.weights) for a, b in zip(found[::2], found[1::2], strict=True)]
    return separation(design, labels, NULL_ROWS), float(np.median(pairs))


def _is_open(nulls: np.ndarray, observed: np.ndarray) -> bool:
    """Tell whether more null tables could change what these say."""
    gap, spread = _compare(nulls, observed)
    furthest = float((gap / spread).max())
    as_far = int((_reach(nulls) >= furthest).sum())
    return as_far < REACHED and (as_far > 0 or furthest < FAR)


def _reach(nulls: np.ndarray) -> np.ndarray:
    """Measure each null table as the data are: its gap to the others in standard deviations, at the k where it is widest.

    The widest over k, of the data and of each null table alike, keeps the chance of one false alarm over all k (max-T;
    Westfall and Young, 1993).
    """
    return np.array([(gap / spread).max() for gap, spread in
                     (_compare(np.delete(nulls, one, axis=0), nulls[one]) for one in range(len(nulls)))])


def goes_further(ground: Ground, labels: np.ndarray, k: int, yardstick: Yardstick, seed: Seed) -> bool:
    """Tell whether k personas go beyond what correlation within the personas of ``labels`` (distinct rows) explains.

    The null data are made of one Gaussian copula for each persona of ``labels``, with the persona's own margins and
    correlations.
    """
    people = np.repeat(labels[ground.rows], ground.small.counts)
    models = [fit_null(ground.people[people == persona]) for persona in np.unique(people)]
    source = Source(models=models, prepare=yardstick.prepare, scale=ground.small.scale)
    nulls = [_null_within(source, [k], child) for child in seed.spawn(PERSONA_NULLS)]
    gap, spread = _compare(np.array(nulls), yardstick.gaps.loc[[k], "observed"].to_numpy())
    return bool(gap[0] >= max(FURTHER_GAP, FURTHER_Z * spread[0]))


def _compare(nulls: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spread = np.maximum(np.std(nulls, axis=0, ddof=1), LEAST_SPREAD) * np.sqrt(1 + 1 / len(nulls))
    return nulls.mean(axis=0) - observed, spread


def _null_within(source: Source, ks: list[int], seed: Seed, *, independent: bool = False) -> list[float]:
    draw, fit = seed.spawn(2)
    design = source.prepare(source.draw(np.random.default_rng(draw), independent))
    return [one[0] for one in _log_within(design, ks, fit)]


def _log_within(design: Design, ks: list[int], seed: Seed) -> list[tuple[float, np.ndarray]]:
    """Fit observed or null data quickly, both alike: the log share of variance left, and the labels."""
    labels = [resampled_labels(design, k, design.weights[None], child, rounds=NULL_ROUNDS)[0]
              for k, child in zip(ks, seed.spawn(len(ks)), strict=True)]
    return [(float(np.log(max(1.0 - explained(design, one), 1e-9))), one) for one in labels]
