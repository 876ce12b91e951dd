"""Small records for the examples in the docstrings of this room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from personakit.eventlog import DAY_US, encode_events, recode
from personakit.records import Features, Journeys, Personas


def _features(ids: list[str], visits: list[float]) -> Features:
    index = pd.Index(ids, name="participant_id")
    natural = pd.DataFrame({"visits": visits}, index=index)
    catalog = pd.DataFrame({"kind": ["count"], "role": ["active"]}, index=natural.columns)
    return Features(table=natural / 10, natural=natural, catalog=catalog, dropped=pd.DataFrame())


def _by_visits(table: pd.DataFrame) -> pd.DataFrame:
    many = (table["visits"] > 0.5).to_numpy(float)
    return pd.DataFrame(np.column_stack([1 - many, many]), index=table.index, columns=["P1", "P2"])


def two_waves() -> tuple[Personas, pd.DataFrame, Callable[[pd.DataFrame], pd.DataFrame]]:
    """Return personas of four people, the visits of three others, and the rule that made the personas."""
    features = _features(["a", "b", "c", "d"], [1, 2, 8, 9])
    old = Personas(candidate="by hand", membership=_by_visits(features.table), features=features,
                   quality=pd.Series(dtype=float), stability=pd.DataFrame(), tried=1, chosen=True)
    return old, _features(["e", "f", "g"], [0, 3, 12]).natural, _by_visits


def three_journeys() -> Journeys:
    """Return the journeys of three people who see: one buys a day later, one never, one has only just come."""
    events = pd.DataFrame({"participant_id": ["a", "a", "b", "b", "c"], "event": ["see", "buy", "see", "see", "see"],
                           "time_us": [0, DAY_US, 0, 9 * DAY_US, 9 * DAY_US]})
    log = recode(encode_events(events), "touchpoint", {"see": "see", "buy": "buy"})
    return Journeys(log=log, stages=(), session=np.arange(5), session_gap_min=30.0, ends=pd.DataFrame(),
                    notes=pd.DataFrame(), cut_us=10 * DAY_US)
