"""Gaps filled several times over, by values of people who are alike, so that what follows can show how unsure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.inference import one_thread
from personakit.records import Features

#: times that every gap is filled again, given the others; people alike among whom a value is drawn
ROUNDS, DONORS = 6, 5
#: share of the variance of the predictors that is added to keep slopes calm where features repeat each other
RIDGE = 1e-3
MethodFunction = Callable[[pd.DataFrame, int, int], np.ndarray]


def impute(features: Features, *, draws: int = 5, seed: int) -> list[Features]:
    """Fill the gaps of the active features, several times, each time as chance among similar people has it.

    Use it where a method cannot leave gaps out, and run what follows on each of the results: where they differ, the gaps
    matter. ``with_imputation`` does so for a method and gives the consensus. It supposes that gaps depend on nothing but
    what is known of a person; it cannot mend questions that people left out because of their answer. Relations that are
    not straight are weakened, so are personas that show in few features: the mixture of ``find_candidates``, which leaves
    gaps out of its likelihood, needs no filling.

    Chained equations with predictive mean matching: feature by feature, those with gaps are regressed (ridge, on a
    bootstrap of the people who have the value) on all others; the gap takes the value of one of the five people whose
    prediction is nearest. Six rounds. So a filled value is always one that somebody gave.

    Parameters
    ----------
    features
        From ``build_features``.
    draws
        How many completed tables.
    seed
        Makes the draws repeatable; the order of rows and columns has no influence.

    Returns
    -------
    list of Features
        ``draws`` copies whose active columns of ``table`` have no gap. ``natural`` keeps its gaps: a card never shows a
        value that nobody gave.

    Raises
    ------
    StudyError
        Fewer than 1 draw, or an active feature that nobody has.

    References
    ----------
    Little (1988), Missing-data adjustments in large surveys; van Buuren (2018), Flexible imputation of missing data.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9, np.nan], "b": [0.0, 0.2, 1.1, 1.0, 1.0]}, index=list("pqrst"))
    >>> catalog = pd.DataFrame({"role": "active"}, index=table.columns)
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> [one.table.isna().sum().sum() for one in impute(features, draws=2, seed=7)]
    [np.int64(0), np.int64(0)]
    """
    active = features.active
    return [replace(features, table=features.table.assign(**{str(name): one[name] for name in active}))
            for one in completed(active, draws=draws, seed=seed)]


def with_imputation(method: MethodFunction, *, draws: int = 5) -> MethodFunction:
    """Make of a method one that fills gaps several times and gives the consensus: mean memberships over the draws.

    Use it for methods that need whole tables: ``find_candidates(features, methods=[with_imputation(ward)], seed=7)``. The
    memberships say how often a person is placed alike whatever fills the gaps, so people with gaps are less sure; they
    are not probabilities of a model. A table without gaps goes to the method as it is.

    Parameters
    ----------
    method
        A function ``(table, k, seed) -> membership`` (people, k).
    draws
        How many completed tables.

    Returns
    -------
    function ``(table, k, seed) -> membership``
        Named after the method with ``_imputed``. The personas of all draws are matched to those of the first (Hungarian
        method on shared membership) and averaged; rows sum to 1.

    References
    ----------
    Basagaña et al. (2013), A framework for multiple imputation in cluster analysis.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, np.nan], "b": [0.0, 0.2, 1.1, 1.0]})
    >>> halves = lambda table, k, seed: np.eye(2)[(table["a"] > 0.5).to_numpy(int)]
    >>> with_imputation(halves, draws=3)(table, 2, 7).shape
    (4, 2)
    """

    def imputed(table: pd.DataFrame, k: int, seed: int) -> np.ndarray:
        if not table.isna().to_numpy().any():
            return method(table, k, seed)
        return _consensus([np.asarray(method(one, k, seed), dtype=float)
                           for one in completed(table, draws=draws, seed=seed)])

    imputed.__name__ = f"{getattr(method, '__name__', type(method).__name__)}_imputed"
    return imputed


def _consensus(memberships: list[np.ndarray]) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment

    total = memberships[0].copy()
    for one in memberships[1:]:
        order = linear_sum_assignment(total.T @ one, maximize=True)[1]
        total += one[:, order]
    return total / len(memberships)


@one_thread()
def completed(table: pd.DataFrame, *, draws: int, seed: int) -> list[pd.DataFrame]:
    """Complete a table of analysis-scale columns ``draws`` times; see ``impute``."""
    if draws < 1:
        raise StudyError(f"draws: {draws} tables are none. Give a whole number from 1, such as 5.")
    empty = [str(name) for name in table if table[name].isna().all()]
    if empty:
        raise StudyError(f"features: {len(empty)} have no value at all ({first_five(empty)}). Leave them out.")
    rows = np.argsort(table.index.astype("str").to_numpy(), kind="stable")
    sorted_table = table.iloc[rows][sorted(table.columns, key=str)]
    back = np.argsort(rows)
    streams = np.random.SeedSequence(seed).spawn(draws)
    return [_complete(sorted_table, np.random.default_rng(one)).iloc[back][list(table.columns)] for one in streams]


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One feature as numbers: ``block`` its place among the columns of the matrix, ``gaps`` the people without it."""

    name: str
    block: slice
    gaps: np.ndarray


def _complete(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Fill one table; ``giver`` remembers whose value each gap took."""
    columns, matrix = _laid_out(table)
    gappy = sorted((one for one in columns if len(one.gaps)), key=lambda one: (len(one.gaps), one.name))
    giver = {}
    for one in gappy:
        known = np.setdiff1d(np.arange(len(table)), one.gaps)
        giver[one.name] = rng.choice(known, len(one.gaps))
        matrix[one.gaps, one.block] = matrix[giver[one.name], one.block]
    for _ in range(ROUNDS if len(columns) > 1 else 0):
        for one in gappy:
            giver[one.name] = _donors(matrix, one, rng)
            matrix[one.gaps, one.block] = matrix[giver[one.name], one.block]
    out = table.copy()
    for one in gappy:
        values = table[one.name].array.copy()
        values[one.gaps] = values[giver[one.name]]
        out[one.name] = values
    return out


def _laid_out(table: pd.DataFrame) -> tuple[list[Column], np.ndarray]:
    parts, columns, at = [], [], 0
    for name, part in _numbers(table):
        columns.append(Column(name=name, block=slice(at, at + part.shape[1]),
                              gaps=np.flatnonzero(table[name].isna().to_numpy())))
        parts.append(part)
        at += part.shape[1]
    return columns, np.hstack(parts)


def _numbers(table: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    for name in table:
        if isinstance(table[name].dtype, pd.CategoricalDtype):
            levels = sorted(table[name].dropna().unique(), key=str)
            yield str(name), np.column_stack([(table[name] == level).to_numpy(float) for level in levels])
        else:
            yield str(name), table[name].to_numpy(float)[:, None].copy()


def _donors(matrix: np.ndarray, one: Column, rng: np.random.Generator) -> np.ndarray:
    """Pick for each gap a person who has the value and whose prediction is among the nearest."""
    from scipy.spatial import KDTree

    known = np.setdiff1d(np.arange(len(matrix)), one.gaps)
    others = np.delete(matrix, np.r_[one.block], axis=1)
    centred = np.column_stack([np.ones(len(matrix)), others - others[known].mean(axis=0)])
    answers = matrix[:, one.block]
    drawn = rng.choice(known, len(known))
    there = centred[known] @ _slopes(centred[known], answers[known])
    here = centred[one.gaps] @ _slopes(centred[drawn], answers[drawn])
    many = min(DONORS, len(known))
    nearest = KDTree(there).query(here, k=many)[1].reshape(len(here), many)
    return known[nearest[np.arange(len(here)), rng.integers(0, many, len(here))]]


@np.errstate(invalid="ignore")  # some builds of BLAS raise this flag on finite numbers
def _slopes(predictors: np.ndarray, answers: np.ndarray) -> np.ndarray:
    square = predictors.T @ predictors
    calm = RIDGE * np.diag(square).mean() * np.eye(len(square))
    return np.linalg.solve(square + calm, predictors.T @ answers)
