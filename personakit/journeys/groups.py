"""Who counts in which persona: shared by every view."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from personakit.errors import ChoiceError, unknown_name
from personakit.records import Journeys, Personas
from personakit.schema import STAGE, TOUCHPOINT

ALL = "all"
FEW_PEOPLE = 10
WIDE = 0.3  # an interval wider than this is too few to read


def members(journeys: Journeys, personas: Personas | None) -> dict[str, np.ndarray]:
    """Map ``all`` and each persona to the positions of its participants in the log. People without events are left out."""
    people = journeys.log.participants
    groups = {ALL: np.arange(len(people))}
    if personas is not None:
        label = personas.labels.reindex(people)
        for persona in personas.membership.columns:
            groups[str(persona)] = np.flatnonzero((label == persona).to_numpy(bool))
    return groups


def counts_of(counts: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """Take the rows of some people; everyone's without a copy."""
    return counts if len(rows) == counts.shape[0] else counts[rows]


def people_in(counts: sparse.csr_array, *, per: int = 1) -> np.ndarray:
    """Count the people of each cell, or of each ``per`` cells in a row: a person has an entry where there is something.

    Examples
    --------
    >>> counts = sparse.csr_array([[1, 2, 0, 0], [0, 3, 0, 1]])
    >>> people_in(counts).tolist(), people_in(counts, per=2).tolist()
    ([1, 2, 0, 1], [2, 1])
    """
    at = counts.indices // per
    if per > 1:
        person = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        at = at[np.append(True, (at[1:] != at[:-1]) | (person[1:] != person[:-1]))[: len(at)]]
    return np.bincount(at, minlength=-(-counts.shape[1] // per))


def too_few(people: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """Tell where a number is not to be read: fewer than 10 people, or an interval that is unknown or wider than .3."""
    width = np.asarray(high, dtype=float) - np.asarray(low, dtype=float)
    return (np.asarray(people) < FEW_PEOPLE) | ~(width <= WIDE)


def check_view(journeys: Journeys, by: str) -> str:
    """Return ``by`` (stage or touchpoint), or say what is allowed."""
    allowed = [STAGE, TOUCHPOINT] if journeys.stages else [TOUCHPOINT]
    if by not in allowed:
        raise ChoiceError(unknown_name("by", by, allowed))
    return by
