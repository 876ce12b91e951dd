"""How far the data go beyond data of the same kind that hold no personas, or fewer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from personakit.candidates.design import Design, make_design
from personakit.candidates.kmeans import resampled_labels
from personakit.candidates.measures import explained
from personakit.candidates.null_data import NullModel, fit_null, simulate_null
from personakit.candidates.trial import Ground
from personakit.candidates.verdict import BEYOND_GAP, BEYOND_Z

#: null tables with correlation and without, and with the personas of a candidate; fits behind the observed figure
NULLS, INDEPENDENT_NULLS, PERSONA_NULLS, REPEATS = 20, 10, 12, 4
#: further null tables where a gap of at least half the least one comes within a standard deviation of what decides
MORE_NULLS, NEAR = 40, 1.0
#: rounds of these fits after their short starts
NULL_ROUNDS = 20
#: least standard deviation of a log ratio over null tables: some nulls always end in the same cut
LEAST_SPREAD = 2e-3
#: one more persona is worth having when the data go so far beyond data with the personas so far (gap, and in sd)
FURTHER_GAP, FURTHER_Z = 0.002, 1.5


def null_gaps(ground: Ground, ks: list[int], seed: np.random.SeedSequence, step: Callable[[], object]) -> pd.DataFrame:
    """Measure how much less variance k-means leaves within personas than it does on null data, for each k.

    Columns: ``within`` (log share left, the best of the observed fits) and ``observed`` (their mean), ``gap`` (mean of the
    log ratio) and ``gap_sd`` (its standard deviation over null tables), both also with ``independent_``, for null data
    without correlation. ``step`` is called after each null table.
    """
    here, linked, free = seed.spawn(3)
    observed = np.array([_log_within(ground.small, ks, child) for child in here.spawn(REPEATS)])
    out = pd.DataFrame({"within": observed.min(axis=0), "observed": observed.mean(axis=0)}, index=ks)
    model = fit_null(ground.people)
    for prefix, family, count in (("", linked, NULLS), ("independent_", free, INDEPENDENT_NULLS)):
        nulls = []
        for child in family.spawn(count):
            nulls.append(_null_within([model], ks, child, independent=bool(prefix)))
            step()
        if not prefix and _is_close(nulls, out["observed"].to_numpy()):
            nulls += [_null_within([model], ks, child) for child in family.spawn(MORE_NULLS)]
        out[f"{prefix}gap"], out[f"{prefix}gap_sd"] = _compare(np.array(nulls), out["observed"].to_numpy())
    return out


def _is_close(nulls: list[list[float]], observed: np.ndarray) -> bool:
    gap, spread = _compare(np.array(nulls), observed)
    return bool(((gap >= BEYOND_GAP / 2) & (np.abs(gap / spread - BEYOND_Z) < NEAR)).any())


def goes_further(ground: Ground, labels: np.ndarray, k: int, observed: float, seed: np.random.SeedSequence) -> bool:
    """Tell whether k personas go beyond what correlation within the personas of ``labels`` (distinct rows) explains.

    ``observed`` is the log share of variance that k-means leaves within k personas. The null data are made of one Gaussian
    copula for each persona of ``labels``, with the persona's own margins and correlations.
    """
    people = np.repeat(labels[ground.rows], ground.small.weights.astype(int))
    models = [fit_null(ground.people[people == persona]) for persona in np.unique(people)]
    nulls = [_null_within(models, [k], child) for child in seed.spawn(PERSONA_NULLS)]
    gap, spread = _compare(np.array(nulls), np.array([observed]))
    return bool(gap[0] >= max(FURTHER_GAP, FURTHER_Z * spread[0]))


def _compare(nulls: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spread = np.maximum(np.std(nulls, axis=0, ddof=1), LEAST_SPREAD) * np.sqrt(1 + 1 / len(nulls))
    return nulls.mean(axis=0) - observed, spread


def _null_within(models: list[NullModel], ks: list[int], seed: np.random.SeedSequence, *, independent: bool = False
                 ) -> list[float]:
    draw, fit = seed.spawn(2)
    rng = np.random.default_rng(draw)
    tables = [simulate_null(model, rng, independent=independent) for model in models]
    return _log_within(make_design(pd.concat(tables) if len(tables) > 1 else tables[0]), ks, fit)


def _log_within(design: Design, ks: list[int], seed: np.random.SeedSequence) -> list[float]:
    """Fit observed or null data quickly, both alike."""
    labels = (resampled_labels(design, k, design.weights[None], child, rounds=NULL_ROUNDS)[0]
              for k, child in zip(ks, seed.spawn(len(ks)), strict=True))
    return [float(np.log(max(1.0 - explained(design, one), 1e-9))) for one in labels]
