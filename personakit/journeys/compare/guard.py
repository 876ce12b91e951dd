"""What may be tested: steps that made the personas may not, whatever the p."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import DAY_US, keep_rows, person_of
from personakit.journeys.groups import FEW_PEOPLE
from personakit.records import Journeys, Personas

#: makes personas anew from journeys: membership (participants by personas), or one persona a participant
Remake = Callable[[Journeys], pd.DataFrame | pd.Series]
ALL_STEPS, AFTER_WINDOW, REFIT, NOTHING = "all_steps", "after_window", "refit", ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fair:
    """The journeys that may be compared, how (``tested``), and why not if they may not (``reason``)."""

    journeys: Journeys
    tested: str
    reason: str


def fair_part(journeys: Journeys, personas: Personas, remake: Remake | None) -> Fair:
    """Find what may be tested: all steps, those after the window that made the personas, or all against remade personas."""
    if len(personas.membership.columns) < 2:
        return Fair(journeys=journeys, tested=NOTHING, reason="one_persona")
    if not from_events(personas):
        return Fair(journeys=journeys, tested=ALL_STEPS, reason="")
    if remake is not None:
        return Fair(journeys=journeys, tested=REFIT, reason="")
    window = personas.features.window_days
    if window is None or np.isnan(window):
        return Fair(journeys=journeys, tested=NOTHING, reason="unknown_window")
    return Fair(journeys=after_window(journeys, window), tested=AFTER_WINDOW, reason="")


def from_events(personas: Personas) -> list[str]:
    """List the active features that may come from events: those of a window, and those that say so."""
    features = personas.features
    catalog = features.catalog[features.catalog["role"] == "active"]
    if "origin" not in catalog:
        return [] if features.window_days is None else list(map(str, catalog.index))
    found = list(map(str, catalog.index[catalog["origin"] == "events"]))
    # a window was given, so some feature came from events, whatever the catalog calls it
    return found or ([] if features.window_days is None else list(map(str, catalog.index)))


def after_window(journeys: Journeys, window_days: float) -> Journeys:
    """Keep the events later than each participant's first ``window_days``; whoever has none is left out."""
    log = journeys.log
    since = log.time_us - log.time_us[np.minimum(log.offsets[:-1], len(log.time_us) - 1)][person_of(log)]
    keep = since >= window_days * DAY_US
    later = keep_rows(log, keep)
    return replace(journeys, log=later, session=journeys.session[keep], ends=journeys.ends.loc[later.participants])


def remade_labels(remake: Remake, journeys: Journeys) -> np.ndarray:
    """Ask ``remake`` for personas: the position of each participant's (n,), -1 where it has none."""
    found = remake(journeys)
    if isinstance(found, pd.DataFrame):
        found = found.idxmax(axis=1)
    if not isinstance(found, pd.Series):
        raise StudyError(f"remake: gave a {type(found).__name__}. It must return a table of memberships or a Series of "
                         f"personas, indexed by participant_id.")
    missing = int((~found.index.isin(journeys.log.participants)).sum())
    if missing:
        raise StudyError(f"remake: {missing} of {len(found)} participants are not in the journeys. "
                         f"Index what it returns by participant_id.")
    return pd.factorize(found.reindex(journeys.log.participants), sort=True)[0].astype(np.int8)


def testable(sizes: np.ndarray) -> bool:
    """Say whether at least two personas have enough people."""
    return bool((sizes >= FEW_PEOPLE).sum() >= 2)
