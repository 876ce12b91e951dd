"""How much of the differences between journeys a trait of people explains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import StudyError, TooFewError
from personakit.inference import one_thread, permutation_p, permuted
from personakit.journeys.paths.distances import JourneyDistances, square

CHUNK = 16_000_000


@one_thread()
def discrepancy(
    distances: JourneyDistances, trait: pd.Series, *, seed: int, replicates: int = 499
) -> pd.Series:
    """Say which share of the discrepancy of journeys lies between the people of different traits.

    Use it on traits that did not make the journeys: never on paths or personas found from these very journeys, which
    explain a share of them by construction. A trait may explain much without saying how: look at the step matrix.

    Parameters
    ----------
    trait
        One value a participant (indexed by participant_id), few levels; people without a value are left out.
    replicates
        Permutations of the trait over people.

    Returns
    -------
    Series
        people, levels, pseudo_r2 (share of the sum of squares between), chance_r2 (its mean under permutation), f
        (pseudo-F), p (by permutation of people).

    Raises
    ------
    StudyError
        Nobody of the trait has a journey.
    TooFewError
        Fewer than two levels with two people.

    References
    ----------
    Studer, M., Ritschard, G., Gabadinho, A. & Müller, N. S. (2011). Discrepancy analysis of state sequences.
    Sociological Methods & Research 40.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": list("abcd"), "event": ["see", "see", "buy", "buy"],
    ...                        "time_us": [0, 1, 2, 3]})
    >>> people = pd.DataFrame(index=pd.Index(list("abcd"), name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> from personakit.journeys.paths.distances import journey_distances
    >>> trait = pd.Series(["web", "web", "shop", "shop"], index=people.index)
    >>> float(discrepancy(journey_distances(journeys, by="touchpoint"), trait, seed=7)["pseudo_r2"])
    1.0
    """
    own = trait.reindex(distances.people)
    known = np.flatnonzero(own.notna().to_numpy())
    if not len(known):
        raise StudyError("trait: none of its participants has a journey. Index it by participant_id.")
    label, levels = pd.factorize(own.iloc[known], sort=True)
    if len(levels) < 2 or (np.bincount(label) >= 2).sum() < 2:
        raise TooFewError(f"trait: {len(levels)} levels, of which {int((np.bincount(label) >= 2).sum())} have two people or "
                          f"more. Two such levels are needed.")
    matrix = square(distances.condensed, len(distances.counts))
    matrix = matrix[np.ix_(distances.variant[known], distances.variant[known])]
    total = float(matrix.sum(dtype=np.float64)) / (2 * len(label))
    if total == 0:
        raise TooFewError("journeys: all are the same, so there is nothing to explain.")
    labels = np.concatenate([label[None, :], permuted(label, replicates=replicates, seed=seed)])
    explained = 1 - _within(matrix, labels, len(levels)) / total
    share, n, k = float(explained[0]), len(label), len(levels)
    f = (share / (k - 1)) / ((1 - share) / (n - k)) if share < 1 and n > k else np.inf
    return pd.Series({"people": n, "levels": k, "pseudo_r2": share, "chance_r2": float(explained[1:].mean()), "f": f,
                      "p": float(permutation_p(explained[0], explained[1:]))})


def _within(matrix: np.ndarray, labels: np.ndarray, levels: int) -> np.ndarray:
    """Sum of squares within the levels, for each row of labels: one matrix product a chunk of permutations."""
    out = []
    for some in np.array_split(labels, max(1, labels.size * levels // CHUNK)):
        member = (some[:, None, :] == np.arange(levels)[None, :, None]).astype(np.float32)
        flat = member.reshape(-1, labels.shape[1])
        sums = np.einsum("ij,ij->i", flat @ matrix, flat, dtype=np.float64).reshape(len(some), levels)
        out.append((sums / (2 * member.sum(axis=2))).sum(axis=1))
    return np.concatenate(out)
