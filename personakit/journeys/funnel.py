"""The funnel: who reaches each stage in order, with people still on the way counted as open, not as lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import DAY_US
from personakit.inference import percentile_interval
from personakit.journeys.groups import bootstrap_chunks, members
from personakit.journeys.incidence import EXITED, OPEN, REACHED, cumulative_incidence
from personakit.journeys.reach import outcomes_at, times_in_order
from personakit.journeys.rows import with_ids
from personakit.journeys.stored import said_by
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE, TOUCHPOINT

COLUMNS = (PERSONA, STAGE, "entered", "reached", "still_open", "ended", "share", "low", "high")


def funnel(
    journeys: Journeys, personas: Personas | None = None, *, stages: Sequence[str] | None = None,
    window_days: float | None = None, seed: int, replicates: int = 200,
) -> pd.DataFrame:
    """Follow people through stages in order, from their first event at the first one.

    Use it to see how far journeys go. A stage counts once the stages before it were reached, whatever happens between;
    going back does not undo it. People whose journey is open have not failed yet: the share is the Aalen-Johansen
    cumulative incidence, in which they stay at risk until the data cut, while the others leave when their silence
    outgrows their usual gap. It cannot tell whether a stage causes the next, and first attempts are followed only:
    who starts again within the window is not counted anew.

    Parameters
    ----------
    stages
        At least two stages in order (touchpoints where the log has no stages); by default all stages seen.
    window_days
        Count a stage only within so many days after entering. By default as long as anyone was watched.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage, entered, reached, still_open, ended (entered = reached + still_open + ended),
        share (reached, people still open counted as open), low, high (bootstrap of people).

    Raises
    ------
    ChoiceError
        A stage that the journeys do not have.
    StudyError
        Fewer than two stages, a stage named twice, or a window that is not above 0.

    References
    ----------
    Aalen, O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains. SJS 5.
    """
    column = STAGE if journeys.stages else TOUCHPOINT
    names = _check_stages(journeys, column, stages)
    if window_days is not None and not window_days > 0:
        raise StudyError(f"window_days: {window_days} days hold nothing. Give a number above 0, or None.")
    entered, time, outcome = outcomes_at(journeys, times_in_order(journeys, column, names), window_days)
    horizon = np.inf if window_days is None else window_days * DAY_US
    seeds = np.random.SeedSequence(seed)
    rows = []
    for persona, group in members(journeys, personas).items():
        own = group[entered[group]]
        shares = _shares(time[:, own], outcome[:, own], horizon, None)
        draws = [_shares(time[:, own], outcome[:, own], horizon, weights)
                 for weights in bootstrap_chunks(len(own), replicates=replicates, seed=seeds)] if len(own) else [shares]
        low, high = percentile_interval(np.concatenate(draws, axis=1), axis=1)
        for place, stage in enumerate(names):
            counts = np.bincount(outcome[place, own], minlength=3)
            rows.append((persona, stage, len(own), counts[REACHED], counts[OPEN], counts[EXITED], shares[place, 0],
                         low[place], high[place]))
    table = with_ids(pd.DataFrame(rows, columns=list(COLUMNS)), "funnel", names, window_days, seed, replicates)
    return said_by(journeys, table)


def _check_stages(journeys: Journeys, column: str, stages: Sequence[str] | None) -> list[str]:
    if stages is None and column == TOUCHPOINT:
        raise StudyError("stages: this log has no stages, so a funnel needs an order. "
                         "Name at least two touchpoints in order, or give the study a touchpoints table.")
    names = list(journeys.stages if stages is None else stages)
    for name in names:
        if name not in journeys.log.levels[column]:
            raise ChoiceError(unknown_name(column, name, list(journeys.log.levels[column])))
    if len(names) < 2 or len(set(names)) < len(names):
        raise StudyError(f"stages: {len(names)} given ({', '.join(names)}). A funnel needs two or more, each once.")
    return names


def _shares(time: np.ndarray, outcome: np.ndarray, horizon: float, weights: np.ndarray | None) -> np.ndarray:
    alone = np.stack([cumulative_incidence(one, what, horizon=horizon, weights=weights)
                      for one, what in zip(time, outcome, strict=True)])
    # each stage is estimated from those still at risk of it; nobody reaches a stage without the one before
    return np.minimum.accumulate(alone, axis=0)
