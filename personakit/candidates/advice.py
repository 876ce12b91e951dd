"""How many participants would it take? Personas planted in data with the study's own margins, and looked for again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from personakit.candidates.check import check_search
from personakit.candidates.design import make_design
from personakit.candidates.kmeans import best_centres, nearest_centre
from personakit.candidates.null_data import NullModel, fit_null
from personakit.errors import StudyError
from personakit.inference import adjusted_rand, one_thread
from personakit.records import Features

#: share of what could be found at best that has to be found for a sample to be called enough
ENOUGH = 0.9


@one_thread()
def advise_n(
    features: Features,
    *,
    k: int,
    separation: float = 1.0,
    sizes: Iterable[int] = (50, 100, 200, 400, 800, 1600),
    replicates: int = 20,
    seed: int,
) -> pd.DataFrame:
    """Say how many participants it takes to find k personas in features like these.

    Use it before collecting, on a pilot, or to judge a small study. People are made up with the margins and correlations of
    the study; k personas of equal size are planted that differ by ``separation`` on every feature, in directions drawn
    anew each time; k-means looks for them. It cannot tell whether there are personas, and unequal sizes ask for more. Where
    features move together strongly, k-means cuts along what they share and no sample is enough: the ceiling says so.

    Parameters
    ----------
    features
        Its active features give number, kinds, margins, gaps aside, and correlations.
    k
        How many personas to plant.
    separation
        How far two personas are apart on a feature on which they differ (half of all), in standard deviations: .5 is
        small, 1 is visible, 2 is a caricature.
    sizes, replicates
        Numbers of participants to try, and made-up studies for each.
    seed
        Makes all chance repeatable.

    Returns
    -------
    DataFrame indexed by n: agreement (median adjusted Rand of what is found with what was planted), low and high (central
    80 % of the replicates), ceiling (the same when the true profiles are known: what no sample size can better) and enough
    (agreement is at least 90 % of the ceiling).

    Raises
    ------
    StudyError
        Features that cannot be searched, or a separation, a size or replicates that make no sense.

    References
    ----------
    Dolnicar, Grün and Leisch (2016), Increasing sample size compensates for data problems in segmentation studies.

    Examples
    --------
    >>> table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 10))).rename(columns="f{}".format)
    >>> features = Features(table=table, natural=table, catalog=pd.DataFrame({"role": "active"}, index=table.columns),
    ...                     dropped=pd.DataFrame())
    >>> advise_n(features, k=3, separation=2.0, sizes=[60, 200], replicates=5, seed=7)["enough"].tolist()
    [True, True]
    """
    numbers = sorted({int(one) for one in sizes})
    if not numbers or numbers[0] < 5 * k or separation <= 0 or replicates < 2:
        raise StudyError(f"advise_n: sizes {numbers}, separation {separation} and replicates {replicates} cannot be used. "
                         f"Give sizes of at least {5 * k} (5 a persona), a separation above 0 and 2 replicates or more.")
    check_search(features.active, k)
    model = fit_null(features.active)
    rows = []
    for n, family in zip(numbers, np.random.SeedSequence(seed).spawn(len(numbers)), strict=True):
        found = np.array([_replicate(model, n, k, separation, child) for child in family.spawn(replicates)])
        low, middle, high = np.quantile(found[:, 0], (0.1, 0.5, 0.9))
        rows.append((n, middle, low, high, np.median(found[:, 1])))
    out = pd.DataFrame(rows, columns=["n", "agreement", "low", "high", "ceiling"]).set_index("n")
    return out.assign(enough=out["agreement"] >= ENOUGH * out["ceiling"])


def _replicate(model: NullModel, n: int, k: int, separation: float, seed: np.random.SeedSequence) -> tuple[float, float]:
    draw, fit = seed.spawn(2)
    rng = np.random.default_rng(draw)
    truth = np.arange(n) % k
    features = model.codes.shape[1]
    signs = np.where(np.arange(k) < k // 2, 1.0, -1.0)
    sides = np.stack([rng.permutation(signs) for _ in range(features)], axis=1)
    normal = rng.standard_normal((n, features)) @ model.factor.T + separation / 2 * sides[truth]
    design = make_design(_with_margins(model, normal))
    values = design.values[design.row_of]
    known = np.stack([values[truth == persona].mean(axis=0) for persona in range(k)])
    best, _, _ = best_centres(design, k, fit)
    found, ideal = (nearest_centre(design, one[None])[0][design.row_of] for one in (best[0], known))
    return adjusted_rand(found, truth, np.ones(n)), adjusted_rand(ideal, truth, np.ones(n))


def _with_margins(model: NullModel, normal: np.ndarray) -> pd.DataFrame:
    """Give each column the values of the study, so many of each as its margin says, in the order of the normal numbers."""
    share = (normal.argsort(axis=0).argsort(axis=0) + 0.5) / len(normal)
    columns = {}
    for j, name in enumerate(model.table.columns):
        given = np.flatnonzero(~np.isnan(model.codes[:, j]))
        source = given[np.argsort(model.codes[given, j], kind="stable")]
        columns[name] = model.table[name].array.take(source[(share[:, j] * len(source)).astype(int)])
    return pd.DataFrame(columns)
