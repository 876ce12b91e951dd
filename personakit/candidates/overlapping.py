"""Personas that people share in: additive parts, archetypes, a mixture of Gaussians, and rules written by the researcher."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from personakit.candidates.design import Design
from personakit.candidates.medians import Arrays
from personakit.errors import ChoiceError, StudyError, first_five

#: starts of thorough fits, rounds of their steps, and rounds in which a person's shares are found
STARTS, ROUNDS, STEPS = 4, 200, 60
#: people of whom archetypes are made: those who are furthest from the middle
FAR = 400


def _complete(design: Design, method: str) -> None:
    if design.seen is not None:
        gappy = int((design.seen == 0).any(axis=1).sum())
        raise StudyError(f"method {method}: needs complete answers, and {gappy} different rows of answers have gaps. Use "
                         f"kmeans, latent_class or kprototypes, which leave gaps out.")


def _rowwise(shares: np.ndarray) -> np.ndarray:
    """Divide by the sum of each row; a row of zeros belongs to all alike."""
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 1e-12, shares / np.maximum(total, 1e-12), 1.0 / shares.shape[1])


# ---------------------------------------------------------------- additive parts
def fit_nmf(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
            ) -> tuple[list[Arrays], float]:
    """Find k profiles of non-negative parts that add up to what people answer (Lee and Seung, 1999)."""
    from sklearn.decomposition import NMF

    _complete(design, "nmf")
    low = design.values.min(axis=0)
    high = np.maximum(design.values.max(axis=0) - low, 1e-12)
    scaled, models, share = (design.values - low) / high, [], np.nan
    for one, child in zip(weights, seed.spawn(len(weights)), strict=True):
        ends = []
        for number in child.generate_state(STARTS if thorough else 1):
            model = NMF(k, init="random", random_state=int(number), max_iter=ROUNDS, tol=1e-4)
            with warnings.catch_warnings():  # the best of several starts need not have reached the last digit
                warnings.simplefilter("ignore")
                model.fit(scaled * np.sqrt(one)[:, None])
            ends.append((model.reconstruction_err_, model.components_))
        left = np.array([end[0] for end in ends])
        parts = ends[int(left.argmin())][1]
        models.append({"parts": parts / np.maximum(parts.max(axis=1, keepdims=True), 1e-12), "low": low, "high": high})
        share = float((left <= left.min() * (1 + 1e-3)).mean())
    return models, share


def place_nmf(design: Design, model: Arrays) -> np.ndarray:
    """Give the share of each part in what a person answers, by multiplicative updates from equal shares."""
    values, parts = np.clip((design.values - model["low"]) / model["high"], 0.0, None), model["parts"]
    wanted, gram = values @ parts.T, parts @ parts.T
    amounts = np.full(wanted.shape, max(float(values.mean()), 1e-6))
    for _ in range(ROUNDS):
        amounts *= wanted / np.maximum(amounts @ gram, 1e-12)
    return _rowwise(amounts)


# ---------------------------------------------------------------- archetypes
def fit_archetypes(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
                   ) -> tuple[list[Arrays], float]:
    """Find k extremes, each a mean of a few people, of which everyone is a mixture (Cutler and Breiman, 1994)."""
    _complete(design, "archetypes")
    models, share = [], np.nan
    for one, child in zip(weights, seed.spawn(len(weights)), strict=True):
        here = np.flatnonzero(one > 0)
        ends = [_descend(design.values[here], one[here], k, np.random.default_rng(start))
                for start in child.spawn(STARTS if thorough else 1)]
        left = np.array([end[1] for end in ends])
        models.append({"extremes": ends[int(left.argmin())][0]})
        share = float((left <= left.min() * (1 + 1e-3)).mean())
    return models, share


def _descend(values: np.ndarray, weights: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Alternate the shares of people and of archetypes, each by steps towards one corner (Bauckhage and others, 2015)."""
    extremes = values[_far_apart(values, weights, k, rng)]
    best, left = extremes, np.inf
    away = ((values - np.average(values, axis=0, weights=weights)) ** 2).sum(axis=1)
    far = values[np.argsort(-away, kind="stable")[:FAR]]
    for _ in range(ROUNDS // 10):
        shares = _mixture(values, extremes)
        now = float(weights @ ((values - shares @ extremes) ** 2).sum(axis=1))
        if now >= left * (1 - 1e-4):
            break
        best, left = extremes, now
        held = shares * weights[:, None]
        middle = np.linalg.lstsq(held.T @ shares + 1e-9 * np.eye(k), held.T @ values, rcond=None)[0]
        extremes = _mixture(middle, far) @ far
    return best, left


def _far_apart(values: np.ndarray, weights: np.ndarray, k: int, rng: np.random.Generator) -> list[int]:
    """Start from people who are far from all before them, the first drawn by chance and then replaced (FurthestSum)."""
    chosen = [int(rng.choice(len(values), p=weights / weights.sum()))]
    for _ in range(k + 3):
        chosen = chosen[-(k - 1):] if len(chosen) >= k else chosen
        away = sum(np.sqrt(((values - values[one]) ** 2).sum(axis=1)) for one in chosen)
        away = np.where(np.isin(np.arange(len(values)), chosen), -1.0, away)
        chosen = [*chosen, int(np.argmax(away))]
    return chosen[-k:]


def _mixture(values: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Find shares (rows, corners) that sum to 1 and whose mixture of corners is nearest to each row."""
    gram, wanted = corners @ corners.T, values @ corners.T
    rows = np.arange(len(values))
    shares = np.zeros(wanted.shape)
    shares[rows, (np.diag(gram) / 2 - wanted).argmin(axis=1)] = 1.0
    for _ in range(STEPS):
        slope = shares @ gram - wanted
        best = slope.argmin(axis=1)
        worst = np.where(shares > 0, slope, -np.inf).argmax(axis=1)
        # move share from the corner that helps least to the one that helps most, as far as that pays
        gain = slope[rows, worst] - slope[rows, best]
        bend = gram[best, best] - 2 * gram[best, worst] + gram[worst, worst]
        step = np.clip(gain / np.maximum(bend, 1e-12), 0.0, shares[rows, worst])
        shares[rows, best] += step
        shares[rows, worst] -= step
    return np.maximum(shares, 0.0)


def place_archetypes(design: Design, model: Arrays) -> np.ndarray:
    """Give each person's shares in the archetypes."""
    return _rowwise(_mixture(design.values, model["extremes"]))


# ---------------------------------------------------------------- Gaussians
def fit_gaussians(design: Design, k: int, weights: np.ndarray, seed: np.random.SeedSequence, thorough: bool
                  ) -> tuple[list[Arrays], float]:
    """Find k Gaussians with scikit-learn, each with its own correlations where there are people enough to tell them."""
    from sklearn.mixture import GaussianMixture

    _complete(design, "gaussian_mixture")
    rows, columns = design.values.shape
    numbers = k * columns * (columns + 3) // 2
    kind = "full" if weights[0].sum() >= 5 * numbers else "diag"
    models = []
    for one, child in zip(weights, seed.spawn(len(weights)), strict=True):
        model = GaussianMixture(k, covariance_type=kind, n_init=STARTS if thorough else 1, max_iter=ROUNDS,
                                reg_covar=1e-3, random_state=int(child.generate_state(1)[0]))
        with warnings.catch_warnings():  # a resample that is still moving a little is good enough
            warnings.simplefilter("ignore")
            model.fit(np.repeat(design.values, one.round().astype(int), axis=0))
        spread = model.precisions_cholesky_
        factors = spread if kind == "full" else np.array([np.diag(row) for row in spread])
        models.append({"means": model.means_, "factors": factors, "sizes": np.log(model.weights_)})
    return models, np.nan


def place_gaussians(design: Design, model: Arrays) -> np.ndarray:
    """Compute posterior probabilities."""
    density = np.column_stack([
        size + np.log(np.diag(factor)).sum() - 0.5 * (((design.values - mean) @ factor) ** 2).sum(axis=1)
        for mean, factor, size in zip(model["means"], model["factors"], model["sizes"], strict=True)])
    return _rowwise(np.exp(density - density.max(axis=1, keepdims=True)))


# ---------------------------------------------------------------- rules
def scoring_rules(rules: Mapping[str, Mapping[str, float]]) -> Callable[[pd.DataFrame, int, int], np.ndarray]:
    """Make a method of rules that a researcher wrote: each persona scores people by its own weights of features.

    Use it to compare candidates with what the team believed before: give the result to ``find_candidates(methods=[...])``.
    A person's share of a persona is its score over the sum of scores, so people may belong to several; who scores nowhere
    belongs to all alike. It learns nothing from the data and cannot tell whether the rules are right.

    Parameters
    ----------
    rules
        Persona -> feature -> weight; the score is the weighted mean of the features from their least to their largest
        value (0 to 1); a negative weight counts the absence. Missing answers count as 0. k must be the number of rules.

    Returns
    -------
    A method ``(table, k, seed) -> membership`` (people, k), in the order of the rules.

    Raises
    ------
    ChoiceError
        No rule, or a rule without weights; when called: a feature that is not in the table or is not a number, or a k that
        is not the number of rules.

    References
    ----------
    Cooper (1999), The inmates are running the asylum, on personas written from what a team knows.

    Examples
    --------
    >>> planner = scoring_rules({"planner": {"plans": 1, "compares": 1}, "impulsive": {"plans": -1}})
    >>> planner(pd.DataFrame({"plans": [1.0, 0.0], "compares": [1.0, 0.0]}), 2, 7).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    empty = [name for name, weights in rules.items() if not any(weights.values())]
    if len(rules) < 2 or empty:
        raise ChoiceError(f"rules: {first_five(empty) or len(rules)} cannot be used. Write two rules or more, each with at "
                          f"least one feature and its weight.")

    def researcher_rules(table: pd.DataFrame, k: int, seed: int) -> np.ndarray:
        wanted = {feature for weights in rules.values() for feature in weights}
        numbers = table.select_dtypes("number")
        unknown = sorted(wanted - set(numbers.columns))
        if unknown:
            raise ChoiceError(f"rules: {len(unknown)} features are not among the active numbers ({first_five(unknown)}). "
                              f"Active: {first_five(numbers.columns)}.")
        if k != len(rules):
            raise ChoiceError(f"rules: {len(rules)} rules make {len(rules)} personas, k is {k}. Ask for k={len(rules)}.")
        low, high = numbers.min(), numbers.max()
        share = ((numbers - low) / (high - low).where(high > low, 1.0)).fillna(0.0)
        return _rowwise(np.column_stack([_score(share, weights) for weights in rules.values()]))

    return researcher_rules


def _score(share: pd.DataFrame, weights: Mapping[str, float]) -> np.ndarray:
    parts = [abs(weight) * (share[name] if weight > 0 else 1 - share[name]) for name, weight in weights.items() if weight]
    return np.asarray(sum(parts) / sum(map(abs, weights.values())), dtype=float)
