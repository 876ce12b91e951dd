"""k-means after something was evened out: how much each person says, or how much each block of features weighs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.candidates.engines import run

Weights = np.ndarray | None


def kmeans_rows(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None) -> np.ndarray:
    """Do as ``kmeans`` after every person's answers were scaled to the same length (hard membership).

    For coded interviews: who talks more names more codes, and would else be put with other talkers. It compares which
    codes a person names, not how many; do not use it where how much is the point.

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
    Dhillon and Modha (2001), spherical k-means.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> kmeans_rows(table, 2, 7).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kmeans_rows", table, k, seed, weights)


def kmeans_blocks(table: pd.DataFrame, k: int, seed: int, *, weights: Weights = None,
                  origins: Mapping[str, str] | None = None) -> np.ndarray:
    """Do as ``kmeans`` after every block of features was given the same weight (hard membership).

    For habits, answers and codes of the same people: thirty habits would else drown five answers. Each block is divided by
    the root of its first eigenvalue, so none can make the first direction alone. ``find_candidates`` takes the origins of
    the features as blocks, and compares with null data weighed alike; on its own the function has to be told.

    Parameters
    ----------
    table
        Active features on the analysis scale (people, features); nominal ones as categories. May have gaps.
    k, seed
        How many personas, and the seed of the starts.
    weights
        Survey weights of the people (people), or None.
    origins
        Column -> block. None: one block, and the same as ``kmeans``.

    Returns
    -------
    ndarray (people, k)
        One 1 in each row; personas from large to small.

    References
    ----------
    Escofier and Pagès (1983), Méthode pour l'analyse de plusieurs groupes de variables (multiple factor analysis).

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 0.1, 1.0, 0.9] * 3, "b": [1.0, 0.9, 0.0, 0.2] * 3})
    >>> kmeans_blocks(table, 2, 7, origins={"a": "events", "b": "answers"}).argmax(axis=1)[:4].tolist()
    [0, 0, 1, 1]
    """
    return run("kmeans_blocks", table, k, seed, weights, origins)
