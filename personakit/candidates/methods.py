"""The registry of methods, and what the search needs of each: the best solution, and labels from resampled people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.candidates import kmeans as means
from personakit.candidates import latent_class as classes
from personakit.candidates.design import Design
from personakit.errors import ChoiceError, StudyError, unknown_name

MethodFunction = Callable[[pd.DataFrame, int, int], np.ndarray]

#: name -> function ``(table, k, seed) -> membership`` (people, k), rows summing to 1
METHODS: Mapping[str, MethodFunction] = MappingProxyType({"kmeans": means.kmeans, "latent_class": classes.latent_class})


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """One fit: ``membership`` (distinct rows, k), ``likelihood`` and ``parameters`` (NaN where the method has none) and
    the share of starts that reached it.
    """

    membership: np.ndarray
    likelihood: float = np.nan
    parameters: float = np.nan
    best_share: float = np.nan


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine:
    """``best(table, design, k, seed) -> Solution``; ``resampled(table, design, k, weights, seed) -> labels`` of all rows
    from a fit on each row of weights.
    """

    best: Callable[[pd.DataFrame, Design, int, np.random.SeedSequence], Solution]
    resampled: Callable[[pd.DataFrame, Design, int, np.ndarray, np.random.SeedSequence], np.ndarray]


def _best_kmeans(table: pd.DataFrame, design: Design, k: int, seed: np.random.SeedSequence) -> Solution:
    centres, _, share = means.best_centres(design, k, seed)
    return Solution(membership=np.eye(k)[means.nearest_centre(design, centres[None])[0]], best_share=share)


def _best_classes(table: pd.DataFrame, design: Design, k: int, seed: np.random.SeedSequence) -> Solution:
    found, likelihood, share = classes.best_classes(design, k, seed)
    return Solution(membership=classes.place(design, found), likelihood=likelihood, best_share=share,
                    parameters=classes.parameter_count(design, k))


_ENGINES: Mapping[MethodFunction, Engine] = MappingProxyType({
    means.kmeans: Engine(best=_best_kmeans, resampled=lambda table, *rest: means.resampled_labels(*rest)),
    classes.latent_class: Engine(best=_best_classes, resampled=lambda table, *rest: classes.resampled_classes(*rest)),
})


def engines(methods: str | MethodFunction | Iterable[str | MethodFunction]) -> dict[str, Engine]:
    """Return the engines of the methods asked for, by name: entries of ``METHODS``, or functions with the same signature."""
    single = isinstance(methods, str) or callable(methods)
    asked: list[str | MethodFunction] = [methods] if single else list(methods)  # type: ignore[list-item,arg-type]
    if not asked:
        raise ChoiceError(f"methods: none was given. Allowed: {', '.join(METHODS)}, or your own function.")
    out = {}
    for one in asked:
        if not callable(one) and one not in METHODS:
            raise ChoiceError(unknown_name("method", one, METHODS))
        function = one if callable(one) else METHODS[one]
        name = one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__)
        if name in out:
            raise ChoiceError(f"methods: {name!r} was given twice. Give each method its own name.")
        out[name] = _ENGINES.get(function) or _own_engine(name, function)
    return out


def _own_engine(name: str, function: MethodFunction) -> Engine:
    def best(table: pd.DataFrame, design: Design, k: int, seed: np.random.SeedSequence) -> Solution:
        first = np.unique(design.row_of, return_index=True)[1]
        return Solution(membership=_call(name, function, table, k, seed)[first])

    def resampled(table: pd.DataFrame, design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence
                  ) -> np.ndarray:
        # the function has no way to place people it has not seen: each goes to the nearest mean profile
        first = np.unique(design.row_of, return_index=True)[1]
        centres = np.empty((len(weights), k, design.values.shape[1]))
        for fit, (weight, child) in enumerate(zip(weights.astype(int), seed.spawn(len(weights)), strict=True)):
            rows = np.repeat(np.arange(len(weight)), weight)
            member = _call(name, function, table.iloc[first[rows]], k, child)
            centres[fit] = (member.T @ design.values[rows]) / np.maximum(member.sum(axis=0), 1e-12)[:, None]
        return means.nearest_centre(design, centres)

    return Engine(best=best, resampled=resampled)


def _call(name: str, function: MethodFunction, table: pd.DataFrame, k: int, seed: np.random.SeedSequence) -> np.ndarray:
    given = function(table.copy(), k, int(seed.generate_state(1)[0]))
    membership = np.asarray(given, dtype=float)
    if membership.shape != (len(table), k):
        raise StudyError(f"method {name}: returned shape {membership.shape} where ({len(table)}, {k}) is needed. "
                         f"Return one row a participant and one column a persona.")
    sums = membership.sum(axis=1)
    if not np.isfinite(membership).all() or (membership < -1e-9).any() or not np.allclose(sums, 1.0, atol=1e-6):
        wrong = int((~np.isclose(sums, 1.0, atol=1e-6)).sum())
        raise StudyError(f"method {name}: {wrong} of {len(table)} rows do not sum to 1, or hold shares that are negative "
                         f"or missing. Return memberships whose rows sum to 1.")
    return membership
