"""How long it takes to get to a stage, when some have not got there yet and others have left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import DAY_US
from personakit.inference import percentile_interval
from personakit.journeys.groups import FEW_PEOPLE, bootstrap_chunks, check_view, members
from personakit.journeys.incidence import incidence_curve
from personakit.journeys.reach import next_row, outcomes
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE

#: days of the curve where none are given: as many up to the longest time that anyone was watched
POINTS = 24


def time_to_stage(
    journeys: Journeys, personas: Personas | None = None, *, stage: str, start: str | None = None,
    days: Sequence[float] | None = None, seed: int, replicates: int = 200,
) -> pd.DataFrame:
    """Say which share of people have got to a stage after so many days: a curve with people on the way counted as open.

    Use it instead of an average time, which only those who arrived have. The share is the Aalen-Johansen cumulative
    incidence: leaving for good is a competing end (counting those who left as still waiting would promise them to the
    stage), and a journey that is open stays at risk until the data cut. It assumes that being watched for a shorter time
    says nothing about the person, and it cannot tell what brings people there.

    Parameters
    ----------
    stage
        The stage to get to (a touchpoint where the log has no stages).
    start
        The stage from whose first event the days count; by default each person's first event.
    days
        Days after the start, rising; by default 24 of them up to the longest anyone was watched.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage, day, entered (people who started), watched (of them, still followed and not there by
        this day), share (have got there), low, high (bootstrap of people), ended (have left without), few (fewer than 10
        people still followed or arrived).

    Raises
    ------
    ChoiceError
        A stage that the journeys do not have.
    StudyError
        ``stage`` and ``start`` are the same, or days that do not rise from 0.

    References
    ----------
    Aalen, O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains. SJS 5.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "buy", "see"],
    ...                        "time_us": [0, 2 * DAY_US, 2 * DAY_US]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> time_to_stage(journeys, stage="buy", days=[1, 2], seed=7)["share"].tolist()
    [0.0, 1.0]
    """
    column = check_view(journeys, STAGE if journeys.stages else "touchpoint")
    log = journeys.log
    for name in (one for one in (stage, start) if one is not None):
        if name not in log.levels[column]:
            raise ChoiceError(unknown_name(column, name, list(log.levels[column])))
    if stage == start:
        raise StudyError(f"start: is {stage!r}, the stage to get to. Name another, or leave it out.")
    first = log.offsets[:-1] if start is None else next_row(journeys, column, start, log.offsets[:-1])
    entered, time, outcome = outcomes(journeys, np.stack([first, next_row(journeys, column, stage, first)]), None)
    horizons = _horizons(days, time[1][entered])
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, group in members(journeys, personas).items():
        own = group[entered[group]]
        share, ended = incidence_curve(time[1][own], outcome[1][own], horizons=horizons)
        draws = [incidence_curve(time[1][own], outcome[1][own], horizons=horizons, weights=weights)[0]
                 for weights in bootstrap_chunks(len(own), replicates=replicates, seed=seeds)] if len(own) else [share]
        low, high = percentile_interval(np.concatenate(draws))
        watched = (time[1][own][:, None] > horizons).sum(axis=0)
        frames.append(pd.DataFrame({
            PERSONA: persona, STAGE: stage, "day": horizons / DAY_US, "entered": len(own), "watched": watched,
            "share": share[0], "low": low, "high": high, "ended": ended[0],
            "few": watched + len(own) * np.nan_to_num(share[0]) < FEW_PEOPLE}))
    return with_ids(pd.concat(frames, ignore_index=True), "time_to_stage", start, seed, replicates)


def _horizons(days: Sequence[float] | None, time: np.ndarray) -> np.ndarray:
    if days is None:
        longest = max(float(time.max(initial=0)), DAY_US)
        return np.linspace(longest / POINTS, longest, POINTS)
    horizons = np.asarray(days, dtype=np.float64) * DAY_US
    if not len(horizons) or not np.isfinite(horizons).all() or (np.diff(horizons, prepend=0.0) < 0).any():
        raise StudyError(f"days: {list(days)[:5]} do not rise from 0. Give days such as [1, 7, 30, 90].")
    return horizons
