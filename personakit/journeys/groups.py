"""Who counts in which persona: shared by every view."""

from __future__ import annotations

import numpy as np

from personakit.errors import ChoiceError, unknown_name
from personakit.inference import bootstrap_chunks as bootstrap_chunks
from personakit.inference import bootstrap_sums as bootstrap_sums
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


def check_view(journeys: Journeys, by: str) -> str:
    """Return ``by`` (stage or touchpoint), or say what is allowed."""
    allowed = [STAGE, TOUCHPOINT] if journeys.stages else [TOUCHPOINT]
    if by not in allowed:
        raise ChoiceError(unknown_name("by", by, allowed))
    return by


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, NaN where there is nothing to divide by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
