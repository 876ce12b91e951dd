"""The people of the personas in one fixed order, and what the ids of evidence are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.records import Evidence, Features, Personas, Study
from personakit.schema import row_id


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Participants sorted by persona, then by id, so that shuffled tables give the same draws and the same ids.

    ``group`` (n): the number of each participant's persona; persona g holds the rows ``bounds[g]:bounds[g + 1]``.
    ``posterior`` (n): the membership in that persona, ``membership`` (n, k) in all. ``digest`` stands for the ids in an
    evidence id.
    """

    index: pd.Index
    names: tuple[str, ...]
    group: np.ndarray
    bounds: np.ndarray
    posterior: np.ndarray
    membership: np.ndarray
    digest: str

    @property
    def hard(self) -> bool:
        """Tell whether every membership is 0 or 1: nothing says then how sure it is."""
        return bool(np.isin(self.membership, (0.0, 1.0)).all())

    def members(self, group: int) -> slice:
        """Return the rows of a persona."""
        return slice(int(self.bounds[group]), int(self.bounds[group + 1]))


def line_up(study: Study, features: Features, personas: Personas) -> People:
    """Check that study, features and personas speak of the same people, and put these in order."""
    membership = personas.membership
    for where, index in (("participants", study.participants.index), ("features", features.table.index)):
        missing = membership.index.difference(index)
        if len(missing):
            raise StudyError(f"personas: {len(missing)} of {len(membership)} participants are not in {where} "
                             f"({first_five(missing)}). Use the personas that were made from this study.")
    return line_up_frame(membership)


def check_evidence(evidence: Evidence, personas: Personas) -> None:
    """Raise where evidence was gathered for other personas: their names or their numbers of members differ."""
    names = [str(one) for one in personas.membership.columns]
    members = personas.labels.value_counts().reindex(personas.membership.columns, fill_value=0).tolist()
    again = "Gather it again: gather_evidence(study, features, personas, seed=7)."
    if list(evidence.coverage.index) != names:
        raise StudyError(f"evidence: it is of {', '.join(evidence.coverage.index)}, the personas are {', '.join(names)}. "
                         f"{again}")
    if evidence.coverage["n"].tolist() != members:
        raise StudyError(f"evidence: it is of other personas, with {_listed(evidence.coverage['n'])} members; these have "
                         f"{_listed(members)}. {again}")


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(one) for one in numbers)


def line_up_frame(membership: pd.DataFrame) -> People:
    """Put the people of a membership in order."""
    values = membership.to_numpy(dtype=float)
    group = values.argmax(axis=1)
    order = np.lexsort((membership.index.to_numpy(dtype=object), group))
    group = group[order]
    return People(
        index=membership.index[order],
        names=tuple(str(one) for one in membership.columns),
        group=group,
        bounds=np.searchsorted(group, np.arange(values.shape[1] + 1)),
        posterior=values[order, group],
        membership=values[order],
        digest=ids_digest(membership.index[order]),
    )


def ids_digest(ids: pd.Index) -> str:
    """Return one hash for a list of ids, whatever their order."""
    return row_id("\x1f".join(sorted(str(one) for one in ids)))
