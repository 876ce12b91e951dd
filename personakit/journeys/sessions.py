"""What a session time-out does to the results: sessions by time-out, and whether the headline holds at half and twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import sessionise
from personakit.journeys.ends import journey_ends
from personakit.journeys.friction import rank_friction
from personakit.journeys.groups import ALL
from personakit.records import Journeys
from personakit.schema import PERSONA, TOUCHPOINT

GAPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
#: a time-out lies on the plateau where twice its length would lose fewer than this share of the sessions
PLATEAU = 0.01


def audit_sessions(journeys: Journeys, *, gaps_min: Sequence[float] = GAPS_MIN, seed: int) -> pd.DataFrame:
    """Count sessions under other time-outs, and say whether friction ranks the same at half and twice the one in use.

    Use it before anything that counts visits is believed. Time-outs are a convention: a plateau says that the choice does
    not matter here, its absence that no time-out cuts this log cleanly (Meiss et al., 2009); about an hour is a rule of
    thumb across domains (Halfaker et al., 2015).

    Parameters
    ----------
    gaps_min
        Time-outs in minutes; half, once and twice the one in use are added.

    Returns
    -------
    DataFrame
        One row a time-out: gap_min, sessions, per_person (mean), plateau (doubling the time-out loses under 1 % of the
        sessions), in_use, first (touchpoint of most friction) and flagged (those flagged, sorted) at half, once and twice
        the time-out in use, empty elsewhere; changes: whether first or flagged differ from those in use. Where a marker
        parts the sessions no time-out is in use, and changes says where time-outs would tell something else.

    Raises
    ------
    StudyError
        A time-out that is not above 0.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> times = [0, 20 * 60_000_000, 100 * 60_000_000]
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["see", "buy", "see"], "time_us": times})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> audit_sessions(trace_journeys(study), gaps_min=[5, 120], seed=7)[["gap_min", "sessions"]].to_numpy().tolist()
    [[5.0, 3.0], [15.0, 3.0], [30.0, 2.0], [60.0, 2.0], [120.0, 1.0]]
    """
    used = journeys.session_gap_min
    tried = [used / 2, used, used * 2]
    gaps = sorted({*map(float, gaps_min), *tried})
    if not gaps or not all(np.isfinite(gap) and gap > 0 for gap in gaps):
        raise StudyError(f"gaps_min: {list(gaps_min)[:5]} hold a time-out that is not above 0. Give minutes such as 30.")
    counts = {gap: _sessions(journeys, gap) for gap in {*gaps, *(2 * gap for gap in gaps)}}
    headline = {gap: _headline(journeys, sessionise(journeys.log, gap_min=gap), gap, seed) for gap in tried}
    marked = not np.array_equal(journeys.session, sessionise(journeys.log, gap_min=used))
    own = _headline(journeys, journeys.session, used, seed) if marked else headline[used]
    rows = [(gap, counts[gap], counts[gap] / len(journeys.log.participants), _flat(counts[gap], counts[2 * gap], journeys),
             gap == used and not marked, *headline.get(gap, ("", "")), gap in headline and headline[gap] != own)
            for gap in gaps]
    return pd.DataFrame(rows, columns=["gap_min", "sessions", "per_person", "plateau", "in_use", "first", "flagged",
                                       "changes"]).astype({"first": "str", "flagged": "str"})


def _flat(once: int, twice: int, journeys: Journeys) -> bool:
    """Tell a plateau; where every event is a session of its own there is none yet."""
    return once < len(journeys.log.time_us) and twice > (1 - PLATEAU) * once


def _sessions(journeys: Journeys, gap_min: float) -> int:
    return int(sessionise(journeys.log, gap_min=gap_min)[-1]) + 1


def _headline(journeys: Journeys, session: np.ndarray, gap_min: float, seed: int) -> tuple[str, str]:
    again = replace(journeys, session=session, session_gap_min=float(gap_min),
                    ends=journey_ends(journeys.log, session, gap_min=gap_min))
    table = rank_friction(again, seed=seed)
    table = table[table[PERSONA] == ALL]
    # no row where no visit is over yet: nothing is first
    return next(iter(table[TOUCHPOINT]), ""), ", ".join(sorted(table.loc[table["flagged"], TOUCHPOINT]))
