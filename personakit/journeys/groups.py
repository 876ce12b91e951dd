"""Who counts in which persona, and bootstraps of people within each: shared by every view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from personakit.errors import ChoiceError, TooFewError, unknown_name
from personakit.inference import person_weights
from personakit.records import Journeys, Personas
from personakit.schema import STAGE, TOUCHPOINT

ALL = "all"
FEW_PEOPLE = 10
WIDE = 0.3  # an interval wider than this is too few to read
CHUNK = 4_000_000  # weights drawn at once: replicates x people
TOGETHER = 8 * CHUNK  # weights that counts are multiplied by at once
PEOPLE = 2048  # and people at a time
DENSE = 0.1  # counts of which more than this part are not 0 are multiplied as full matrices


def members(journeys: Journeys, personas: Personas | None) -> dict[str, np.ndarray]:
    """Map ``all`` and each persona to the positions of its participants in the log. People without events are left out."""
    people = journeys.log.participants
    groups = {ALL: np.arange(len(people))}
    if personas is not None:
        label = personas.labels.reindex(people)
        for persona in personas.membership.columns:
            groups[str(persona)] = np.flatnonzero((label == persona).to_numpy(bool))
    return groups


def check_view(journeys: Journeys, by: str) -> str:
    """Return ``by`` (stage or touchpoint), or say what is allowed."""
    allowed = [STAGE, TOUCHPOINT] if journeys.stages else [TOUCHPOINT]
    if by not in allowed:
        raise ChoiceError(unknown_name("by", by, allowed))
    return by


def bootstrap_chunks(n: int, *, replicates: int, seed: np.random.SeedSequence) -> Iterator[np.ndarray]:
    """Draw person weights (chunk, n) until there are enough replicates, a few at a time so that memory stays small."""
    if replicates < 1:
        raise TooFewError(f"replicates: {replicates} is too few. At least 1 is needed, 200 for an interval.")
    size = max(1, CHUNK // max(n, 1))
    counts = [min(size, replicates - start) for start in range(0, replicates, size)]
    for count, child in zip(counts, seed.spawn(len(counts)), strict=True):
        yield person_weights(n, replicates=count, seed=child)


def bootstrap_sums(counts: sparse.csr_array, *, replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Redraw the people (rows) and add up their cells, whole numbers: (replicates, cells)."""
    people, cells = counts.shape
    if not people:
        return np.zeros((replicates, cells))
    full = counts.nnz > DENSE * people * cells
    sums = []
    for weights in _batches(bootstrap_chunks(people, replicates=replicates, seed=seed), people):
        total = np.zeros((sum(map(len, weights)), cells))
        for start in range(0, people, PEOPLE):  # so many fit in the cache
            own = counts[start: start + PEOPLE]
            drawn = np.concatenate([one[:, start: start + PEOPLE] for one in weights], dtype=np.float64)
            total += drawn @ own.toarray() if full else (own.T @ np.ascontiguousarray(drawn.T)).T
        sums.append(total)
    return np.concatenate(sums)


def _batches(chunks: Iterator[np.ndarray], people: int) -> Iterator[list[np.ndarray]]:
    """Take several chunks of weights together, so that counts are read fewer times."""
    held: list[np.ndarray] = []
    for one in chunks:
        held.append(one)
        if sum(map(len, held)) * people >= TOGETHER:
            yield held
            held = []
    if held:
        yield held


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, NaN where there is nothing to divide by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
