"""The registry of methods: name -> function ``(table, k, seed) -> membership``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.candidates.engines import ENGINES, MethodFunction, cannot_weigh, run
from personakit.candidates.evened import kmeans_blocks, kmeans_rows
from personakit.errors import ChoiceError, unknown_name

Weights = np.ndarray | None


def kmeans(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Sort people into k personas around mean profiles: each belongs to the nearest (hard membership).

    Squared Euclidean distances on the analysis scale, over the answers that a person gave; nominal features as one column
    a level. Starts by k-means++ until the best was reached five times or the budget is spent. It likes personas of similar
    size and spread; with features that move together it cuts along what they share.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Lloyd (1982); Arthur and Vassilvitskii (2007), k-means++; Chi, Chi and Baraniuk (2016), k-POD, for the gaps.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> kmeans(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kmeans", table, k, seed, weights)


def latent_class(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Find k latent classes, within which answers are independent (soft membership).

    Yes/no features are Bernoulli, nominal ones multinomial, all others (ordered answers at equal steps too) Gaussian with a
    variance that all personas share: a persona with a variance of its own can shrink onto a few equal answers. Missing
    answers are left out of the likelihood, which is right when they are missing at random. It finds personas that overlap
    and differ in size; features that stay correlated within a persona make it split that persona and be too sure.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        Rows sum to 1; personas from large to small.

    References
    ----------
    Lazarsfeld and Henry (1968); Vermunt and Magidson (2002), Latent class cluster analysis.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> latent_class(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("latent_class", table, k, seed, weights)


def kmedians(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Sort people into k personas around median answers (hard membership).

    Absolute differences on the analysis scale, over the answers that a person gave. Less drawn by extreme people than
    ``kmeans``; a yes/no feature counts only where more than half of a persona say yes.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Leisch (2006), A toolbox for k-centroids cluster analysis.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> kmedians(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kmedians", table, k, seed, weights)


def kprototypes(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Sort people of mixed answers into k personas around typical answers (hard membership).

    Gower's differences: numbers by their range, ordered answers (at most 11 different values) by their ranks, yes/no and
    nominal features by being equal. No knob trades numbers against categories; a far value stretches the range of its
    feature, so numbers weigh less than categories.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Huang (1998), k-prototypes; Gower (1971); Podani (1999), extending Gower to ordinal characters.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> kprototypes(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kprototypes", table, k, seed, weights)


def kmedoids(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Sort people of mixed answers into k personas around real people, the medoids (hard membership).

    Gower's distances, as in ``kprototypes``. Medoids are looked for among 1,500 different rows at most; everyone goes to
    the nearest. Use it where a persona should be a person one can quote.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Kaufman and Rousseeuw (1990), PAM; Schubert and Rousseeuw (2021), faster swaps; Gower (1971).

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 3, "b": [1.0, 1.0, 0.0, 0.0] * 3})
    >>> kmedoids(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kmedoids", table, k, seed, weights)


def ward(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Cut Ward's tree on Gower's distances at k, then move people to the nearest mean (hard membership).

    The tree is grown over 1,500 different rows at most, everyone goes to the nearest mean in the space whose squared
    distances are Gower's. There are no starts, so nothing depends on the seed below that size.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Ward (1963); Murtagh (1983), chains of nearest neighbours; Gower (1971).

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> ward(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("ward", table, k, seed, weights)


def gaussian_mixture(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Find k Gaussians, each with its own spread, by scikit-learn (soft membership).

    With correlations of their own where there are five people for each number to estimate, else without. It finds long and
    unequal personas among numbers; yes/no answers are not Gaussian: take ``latent_class`` for these.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. No gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Not taken: scikit-learn's mixture has none.

    Returns
    -------
    ndarray (people, k)
        Rows sum to 1; personas from large to small.

    Raises
    ------
    ChoiceError
        Survey weights were given.
    StudyError
        Answers are missing.

    References
    ----------
    McLachlan and Peel (2000), Finite mixture models.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> gaussian_mixture(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("gaussian_mixture", table, k, seed, weights)


def nmf(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Split answers into k profiles that add up, and people into shares of them (overlapping membership).

    The classic of data-driven personas from counts. Features are shifted to begin at 0 and divided by their largest value.
    Profiles say what goes together; a person of average answers belongs to all.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. No gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        Rows sum to 1; personas from large to small.

    Raises
    ------
    StudyError
        Answers are missing.

    References
    ----------
    Lee and Seung (1999); An, Kwak, Jung, Salminen and Jansen (2018), personas from online analytics.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> nmf(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("nmf", table, k, seed, weights)


def archetypes(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Find k extremes, each a mean of a few people, of which everyone is a mixture (overlapping membership).

    Use it for a continuum with corners. The extremes are rare by design: most people lie between them.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. No gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.

    Returns
    -------
    ndarray (people, k)
        Rows sum to 1; personas from large to small.

    Raises
    ------
    StudyError
        Answers are missing.

    References
    ----------
    Cutler and Breiman (1994), Archetypal analysis; Bauckhage and others (2015), the steps.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> archetypes(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("archetypes", table, k, seed, weights)


#: name -> function ``(table, k, seed, weights=None) -> membership`` (people, k), rows summing to 1
METHODS: Mapping[str, MethodFunction] = MappingProxyType({
    one.__name__: one for one in (kmeans, latent_class, kmedians, kprototypes, kmedoids, ward, gaussian_mixture, nmf,
                                  archetypes, kmeans_rows, kmeans_blocks)})


def named(methods: str | MethodFunction | Iterable[str | MethodFunction], weighted: bool) -> dict[str, MethodFunction]:
    """Return the methods asked for, by name: entries of ``METHODS``, or functions with the same signature."""
    single = isinstance(methods, str) or callable(methods)
    asked: list[str | MethodFunction] = [methods] if single else list(methods)  # type: ignore[list-item,arg-type]
    if not asked:
        raise ChoiceError(f"methods: none was given. Allowed: {', '.join(METHODS)}, or your own function.")
    out: dict[str, MethodFunction] = {}
    for one in asked:
        if not callable(one) and one not in METHODS:
            raise ChoiceError(unknown_name("method", one, METHODS))
        name = one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__)
        if name in out or (callable(one) and METHODS.get(name, one) is not one):
            raise ChoiceError(f"methods: the name {name!r} is taken. Give each method its own name.")
        if weighted and name in ENGINES and not ENGINES[name].weighted:
            raise ChoiceError(cannot_weigh(name))
        out[name] = one if callable(one) else METHODS[one]
    return out
