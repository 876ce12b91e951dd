"""Would other defensible choices have given the same personas? Scaling x method x k x missing answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy import stats

from personakit.candidates.blocks import origins_of, with_scale
from personakit.candidates.design import levels_of, make_design
from personakit.candidates.engines import ENGINES
from personakit.candidates.measures import jaccards
from personakit.errors import ChoiceError, unknown_name
from personakit.inference import one_thread
from personakit.records import Candidates

#: Jaccard from which a persona counts as found again (Hennig, 2007: below it, not even a pattern)
SURVIVES = 0.60
#: people who take part where there are very many, and fewest complete people
LARGE, FEWEST = 5_000, 30
METHODS_TRIED = ("kmeans", "latent_class", "kprototypes", "ward")


@one_thread()
def multiverse(candidates: Candidates, candidate: str, *, methods: Iterable[str] = METHODS_TRIED, seed: int) -> pd.DataFrame:
    """Make the personas again under every combination of other defensible choices, and see which of them survive.

    Use it before choosing: a persona that only one scaling or one method finds is a choice of the analyst. The choices are
    the scaling of numbers (as built, ranks, range), the method, k (one fewer, the same, one more) and what is done with
    missing answers (left out, only complete people, filled with the answer of another person drawn at random). It cannot
    tell whether a persona that survives is useful, and with one persona fewer two of them must merge.

    Parameters
    ----------
    candidates, candidate
        What ``find_candidates`` returned, and a row of its table.
    methods
        Names in ``METHODS`` that take gaps.
    seed
        Of the fits, the filled answers and, beyond 5,000 people, of the sample that is taken.

    Returns
    -------
    DataFrame, one row a universe and persona: scaling, method, k, missing, people, persona, jaccard (with the most similar
    persona of the universe, over the people who take part) and survives (jaccard of .60 or more). The survival share of each
    persona is ``frame.groupby("persona")["survives"].mean()``.

    Raises
    ------
    ChoiceError
        The candidate or a method is unknown.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Increasing transparency through a multiverse analysis; Hennig (2007).

    Examples
    --------
    >>> from personakit.candidates import find_candidates
    >>> from personakit.records import Features
    >>> around = np.repeat([[0, 0], [1, 1]], 20, axis=0)
    >>> table = pd.DataFrame(np.random.default_rng(0).normal(around, 0.1), columns=list("ab"))
    >>> features = Features(table=table, natural=table, catalog=pd.DataFrame({"role": "active"}, index=table.columns),
    ...                     dropped=pd.DataFrame())
    >>> again = multiverse(find_candidates(features, methods="kmeans", k=2, seed=7), "kmeans-2", seed=7)
    >>> int(again.groupby(["scaling", "method", "k", "missing"]).ngroups), bool(again.query("k == 2")["survives"].all())
    (24, True)
    """
    tried = list(methods)
    for name, known in ((candidate, candidates.memberships), *((one, ENGINES) for one in tried)):
        if name not in known:
            raise ChoiceError(unknown_name("candidate" if name == candidate else "method", name, list(known)))
    membership = candidates.memberships[candidate]
    k = membership.shape[1]
    rng = np.random.default_rng(seed)
    table = candidates.features.active
    if len(table) > LARGE:
        table = table.iloc[np.sort(rng.choice(len(table), LARGE, replace=False))]
    labels = membership.loc[table.index].to_numpy().argmax(axis=1)
    fits, rows = np.random.SeedSequence(seed).spawn(1)[0], []
    for (missing, kept, filled), (scaling, scale) in product(list(_handled(table, rng)), _scalings(table).items()):
        changed = scale(filled)
        design = with_scale(make_design(changed), changed, origins_of(candidates.features))
        for method, number in product(tried, [one for one in (k - 1, k, k + 1) if 2 <= one < len(design.weights)]):
            engine, reference = ENGINES[method], labels[kept]
            found = engine.place(design, engine.best(design, number, fits.spawn(1)[0]).models[0]).argmax(axis=1)
            match = jaccards(reference, found[design.row_of], np.ones(len(reference)), k)
            rows += [(scaling, method, number, missing, len(reference), persona, one)
                     for persona, one in zip(membership.columns, match, strict=True)]
    out = pd.DataFrame(rows, columns=["scaling", "method", "k", "missing", "people", "persona", "jaccard"])
    return out.assign(survives=out["jaccard"] >= SURVIVES)


def _handled(table: pd.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, pd.DataFrame]]:
    everyone = np.ones(len(table), dtype=bool)
    yield "left_out", everyone, table
    gaps = table.isna()
    if not gaps.any(axis=None):
        return
    complete = ~gaps.any(axis=1).to_numpy()
    if complete.sum() >= FEWEST and (table[complete].nunique() > 1).all():
        yield "complete", complete, table[complete]
    yield "filled", everyone, pd.DataFrame({name: _filled(table[name], rng) for name in table}, index=table.index)


def _filled(column: pd.Series, rng: np.random.Generator) -> pd.Series:
    given = np.flatnonzero(column.notna())
    taken = np.arange(len(column))
    gaps = np.flatnonzero(column.isna())
    taken[gaps] = rng.choice(given, len(gaps))
    return pd.Series(column.array.take(taken), index=column.index)


def _scalings(table: pd.DataFrame) -> Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]]:
    numbers = [name for name, levels in levels_of(table).items() if levels is None]
    if not numbers:
        return MappingProxyType({"as_built": lambda one: one})

    def changed(change: Callable[[pd.Series], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
        return lambda one: one.assign(**{str(name): change(one[name].astype(float)) for name in numbers})

    return MappingProxyType({"as_built": lambda one: one, "ranks": changed(_ranks), "range": changed(_range)})


def _ranks(column: pd.Series) -> pd.Series:
    place = (column.rank() - 0.5) / column.notna().sum()
    return pd.Series(stats.norm.ppf(place) / 2, index=column.index)


def _range(column: pd.Series) -> pd.Series:
    return (column - column.min()) / max(float(column.max() - column.min()), 1e-12)
