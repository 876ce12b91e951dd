"""How far the members of a persona fit it, what is known of them, and who is at its edge."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.evidence.people import People, ids_digest
from personakit.evidence.portraits import Places, runner_up
from personakit.inference import wilson_interval
from personakit.records import Personas, Study
from personakit.schema import EVIDENCE_ID, PARTICIPANT, PERSONA, row_id

#: A member whose membership lies below this is contested: another persona claims that person too.
CONTESTED = 0.6


def coverage_rows(study: Study, people: People, personas: Personas, places: Places, lead: pd.DataFrame) -> pd.DataFrame:
    """Build ``Evidence.coverage``, indexed by persona."""
    sources = {"with_events": _with_events(study.events), "with_answers": _with_answers(study.answers),
               "with_codes": None if study.codes is None else pd.Index(study.codes[PARTICIPANT].unique())}
    has = {name: np.zeros(len(people.index), dtype=bool) if ids is None else people.index.isin(ids)
           for name, ids in sources.items()}
    has |= {"lead_users": lead["lead"].to_numpy(), "lead_users_known": lead["known"].to_numpy()}
    # measured over resamples too: hard methods give everyone a membership of one
    measured = personas.stability["contested"] if "contested" in personas.stability.columns else pd.Series(dtype="float64")
    rows = []
    for group, persona in enumerate(people.names):
        own = people.members(group)
        contested = people.posterior[own] < CONTESTED
        counts = {name: int(one[own].sum()) for name, one in has.items()}
        resampled = measured.get(persona)
        used = (ids_digest(people.index[own]), people.membership[own], None if resampled is None else float(resampled),
                *(one[own] for one in has.values()))
        rows.append({PERSONA: persona, EVIDENCE_ID: row_id("coverage", persona, people.digest, places.digest, *used),
                     "n": len(contested), "contested": contested.mean() if len(contested) else np.nan,
                     "runner_up": runner_up(places, people, group, CONTESTED),
                     "outsiders": places.outside[own].mean() if len(contested) else np.nan, **counts})
    frame = pd.DataFrame(rows).astype({PERSONA: "str", EVIDENCE_ID: "str", "runner_up": "str"}).set_index(PERSONA)
    low, high = wilson_interval(frame["n"], len(people.index))
    frame = frame.assign(share=frame["n"] / len(people.index), low=low, high=high)
    frame["contested"] = measured.reindex(frame.index).fillna(frame["contested"])
    return frame[[EVIDENCE_ID, "n", "share", "low", "high", "contested", "runner_up", "outsiders", *has]]


def _with_events(events: Any) -> pd.Index | None:
    if events is None:
        return None
    ids = nw.from_native(events).lazy().select(nw.col(PARTICIPANT).cast(nw.String)).unique().collect(backend="pandas")
    return pd.Index(ids[PARTICIPANT].to_list(), dtype="str")


def _with_answers(answers: pd.DataFrame | None) -> pd.Index | None:
    return None if answers is None else answers.dropna(how="all").index
