"""What the search needs of a method: fits to everyone and to resampled people, and the places of people in a fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.candidates import distances, kmeans, latent_class, medians, overlapping
from personakit.candidates.blocks import weighed, with_scale
from personakit.candidates.design import Design, Levels, levels_of, make_design
from personakit.candidates.measures import order_of
from personakit.candidates.medians import Arrays
from personakit.errors import ChoiceError, StudyError, first_five

MethodFunction = Callable[..., np.ndarray]
Seed = np.random.SeedSequence


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Models from best to worst, the share of starts that reached the best, and log-likelihoods where there are any.

    ``loss`` says by which share of the objective each model is worse than the first.
    """

    models: list[Arrays]
    best_share: float = np.nan
    likelihood: float = np.nan
    loss: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine:
    """``best(design, k, seed)``, ``place(design, model) -> membership`` of its rows, ``resampled(design, k, weights, seed)
    -> labels`` of all rows from a fit on each row of weights, ``parameters(design, k)``, whether survey weights count,
    and whether it is as quick as k-means, so that null data are pushed through it too.
    """

    best: Callable[[Design, int, Seed], Fit]
    place: Callable[[Design, Arrays], np.ndarray]
    resampled: Callable[[Design, int, np.ndarray, Seed], np.ndarray]
    parameters: Callable[[Design, int], float] = lambda design, k: np.nan
    weighted: bool = True
    quick: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A fit that can place other people: its method, the columns it was made from, its numbers and its order of personas."""

    method: str
    levels: Levels
    numbers: Arrays
    order: np.ndarray


# ---------------------------------------------------------------- engines of our own methods
def _from_fits(fit: Callable[..., tuple[list[Arrays], float]], place: Callable[[Design, Arrays], np.ndarray], *,
               weighted: bool = True) -> Engine:
    """Make an engine of ``fit(design, k, weights (fits, rows), seed, thorough) -> models, best share``."""
    def best(design: Design, k: int, seed: Seed) -> Fit:
        models, share = fit(design, k, design.weights[None], seed, True)
        return Fit(models=models, best_share=share)

    def resampled(design: Design, k: int, weights: np.ndarray, seed: Seed) -> np.ndarray:
        models, _ = fit(design, k, weights, seed, False)
        return np.stack([place(design, model).argmax(axis=1) for model in models])

    return Engine(best=best, place=place, resampled=resampled, weighted=weighted)


def _best_kmeans(design: Design, k: int, seed: Seed) -> Fit:
    centres, within, share = kmeans.best_centres(design, k, seed)
    return Fit(models=[{"centres": one} for one in centres], best_share=share, loss=within / max(within[0], 1e-12) - 1)


def _place_kmeans(design: Design, model: Arrays) -> np.ndarray:
    return np.eye(len(model["centres"]))[kmeans.nearest_centre(design, model["centres"][None])[0]]


def _best_classes(design: Design, k: int, seed: Seed) -> Fit:
    classes, likelihood, share = latent_class.best_classes(design, k, seed)
    return Fit(models=[{"classes": one} for one in classes], best_share=share, likelihood=float(likelihood[0]),
               loss=(likelihood[0] - likelihood) / max(abs(likelihood[0]), 1e-12))


def _even_rows(design: Design) -> Design:
    """Scale each row to length 1: who names twice as many codes does not count as different for that."""
    length = np.sqrt((design.values**2).sum(axis=1, keepdims=True))
    return replace(design, values=design.values / np.where(length > 0, length, 1.0))


def _best_blocks(design: Design, k: int, seed: Seed) -> Fit:
    fit = _best_kmeans(weighed(design), k, seed)
    scale = np.ones(design.values.shape[1]) if design.scale is None else design.scale
    return replace(fit, models=[{**one, "scale": scale} for one in fit.models])


def _place_blocks(design: Design, model: Arrays) -> np.ndarray:
    return _place_kmeans(weighed(replace(design, scale=model["scale"])), model)


ENGINES: Mapping[str, Engine] = MappingProxyType({
    "kmeans": Engine(best=_best_kmeans, place=_place_kmeans, resampled=kmeans.resampled_labels, quick=True),
    "latent_class": Engine(best=_best_classes, place=lambda design, model: latent_class.place(design, model["classes"]),
                           resampled=latent_class.resampled_classes, parameters=latent_class.parameter_count,
                           quick=True),
    "kmeans_rows": Engine(best=lambda design, *rest: _best_kmeans(_even_rows(design), *rest),
                          place=lambda design, model: _place_kmeans(_even_rows(design), model),
                          resampled=lambda design, *rest: kmeans.resampled_labels(_even_rows(design), *rest), quick=True),
    "kmeans_blocks": Engine(best=_best_blocks, place=_place_blocks, quick=True,
                            resampled=lambda design, *rest: kmeans.resampled_labels(weighed(design), *rest)),
    "kmedians": _from_fits(medians.fit_medians, medians.place_medians),
    "kprototypes": _from_fits(medians.fit_prototypes, medians.place_prototypes),
    "kmedoids": _from_fits(distances.fit_medoids, distances.place_medoids),
    "ward": _from_fits(distances.fit_ward, distances.place_ward),
    "gaussian_mixture": _from_fits(overlapping.fit_gaussians, overlapping.place_gaussians, weighted=False),
    "nmf": _from_fits(overlapping.fit_nmf, overlapping.place_nmf),
    "archetypes": _from_fits(overlapping.fit_archetypes, overlapping.place_archetypes),
})


def run(method: str, table: pd.DataFrame, k: int, seed: int, weights: np.ndarray | None,
        origins: Mapping[str, str] | None = None) -> np.ndarray:
    """Run one of our own methods on a table: the membership (people, k), personas from large to small."""
    engine = ENGINES[method]
    if weights is not None and not engine.weighted:
        raise ChoiceError(cannot_weigh(method))
    design = make_design(table, None if weights is None else np.asarray(weights, dtype=float))
    design = with_scale(design, table, origins or {})
    membership = engine.place(design, engine.best(design, k, np.random.SeedSequence(seed)).models[0])
    return membership[:, order_of(design, membership)][design.row_of]


def cannot_weigh(method: str) -> str:
    """Say that a method takes no survey weights."""
    able = ", ".join(name for name, engine in ENGINES.items() if engine.weighted)
    return f"method {method}: cannot take survey weights. Take {able}, or leave the weights out and say so."


def place_people(model: Model, table: pd.DataFrame) -> np.ndarray:
    """Compute the membership (people, k) of the people of a table that has the columns of the model."""
    missing = [name for name in model.levels if name not in table.columns]
    if missing:
        raise StudyError(f"table: {len(missing)} of {len(model.levels)} features are missing ({first_five(missing)}). "
                         f"Give the features that the candidate was made from, on the same scale.")
    for name, levels in model.levels.items():
        new = set(table[name].dropna().unique()) - set(levels) if levels else ()
        if new:
            raise StudyError(f"table.{name}: {len(new)} levels were never seen ({first_five(sorted(new, key=str))}). "
                             f"Known: {first_five(levels or ())}. Join them with known ones or leave them empty.")
    design = make_design(table, levels=model.levels)
    return ENGINES[model.method].place(design, model.numbers)[:, model.order][design.row_of]


def model_of(method: str, table: pd.DataFrame, numbers: Arrays, order: np.ndarray) -> Model | None:
    """Keep a fit of our own; a function of the reader's own cannot place people it has not seen."""
    return Model(method=method, levels=levels_of(table), numbers=numbers, order=order) if method in ENGINES else None


# ---------------------------------------------------------------- functions of the reader's own
@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What every candidate is tried on: the ``table`` and its ``design``; the ``people`` whom resamples are made of (all,
    or a sample where there are very many), their ``small`` design, where its rows are in the large one, and the
    ``weights`` of the resamples (replicates, small rows); in ``halves``, two rows make the whole.
    """

    table: pd.DataFrame
    design: Design
    people: pd.DataFrame
    small: Design
    rows: np.ndarray
    weights: np.ndarray
    halves: np.ndarray


def own_engine(name: str, function: MethodFunction, ground: Ground) -> Engine:
    """Make an engine of a function ``(table, k, seed) -> membership``; it is given survey weights if it has ``weights``."""
    weighted = "weights" in inspect.signature(function).parameters
    first = np.unique(ground.design.row_of, return_index=True)[1]
    place_of = np.concatenate([[0], np.cumsum(ground.small.counts)[:-1]])  # of the first person of each row in ``people``

    def options(each: np.ndarray) -> dict[str, np.ndarray]:
        return {"weights": each} if weighted and not np.allclose(each, 1.0) else {}

    def best(design: Design, k: int, seed: Seed) -> Fit:
        each = (design.weights / design.counts)[design.row_of]
        return Fit(models=[{"membership": _call(name, function, ground.table, k, seed, **options(each))[first]}])

    def resampled(small: Design, k: int, weights: np.ndarray, seed: Seed) -> np.ndarray:
        # the function has no way to place people it has not seen: each goes to the nearest mean profile
        centres = np.empty((len(weights), k, small.values.shape[1]))
        each = small.weights / small.counts
        for fit, (weight, child) in enumerate(zip(weights, seed.spawn(len(weights)), strict=True)):
            rows = np.repeat(np.arange(len(weight)), np.round(weight / each).astype(int))
            drawn = ground.people.iloc[place_of[rows]]
            member = _call(name, function, drawn, k, child, **options(each[rows])) * each[rows][:, None]
            centres[fit] = (member.T @ small.values[rows]) / np.maximum(member.sum(axis=0), 1e-12)[:, None]
        return kmeans.nearest_centre(small, centres)

    return Engine(best=best, place=lambda design, model: model["membership"], resampled=resampled, weighted=weighted)


def _call(name: str, function: MethodFunction, table: pd.DataFrame, k: int, seed: Seed, **options: np.ndarray) -> np.ndarray:
    given = function(table.copy(), k, int(seed.generate_state(1)[0]), **options)
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
