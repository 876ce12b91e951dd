"""How long it takes to get to a stage, and how often people come back, when some are still on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import DAY_US, count_cells, known_blocks
from personakit.inference import bootstrap_sums, percentile_interval, unless_all_alike
from personakit.journeys.groups import FEW_PEOPLE, check_view, members
from personakit.journeys.incidence import BINS, binned_incidence, incidence_curve
from personakit.journeys.reach import judge, last_heard, need_times, next_row
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE, TOUCHPOINT

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
        this day), share (have got there), low, high (bootstrap of people; Wilson where all or none have), ended (have left
        without), few (fewer than 10 people still followed or arrived).

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
    need_times(journeys, "time_to_stage")
    column = check_view(journeys, STAGE if journeys.stages else TOUCHPOINT)
    log = journeys.log
    for name in (one for one in (stage, start) if one is not None):
        if name not in log.levels[column]:
            raise ChoiceError(unknown_name(column, name, list(log.levels[column])))
    if stage == start:
        raise StudyError(f"start: is {stage!r}, the stage to get to. Name another, or leave it out.")
    first = log.offsets[:-1] if start is None else next_row(journeys, column, start, log.offsets[:-1])
    goal = next_row(journeys, column, stage, first)
    entered, arrived = first < log.offsets[1:], goal < log.offsets[1:]
    begin, arrive = (log.time_us[np.minimum(row, len(log.time_us) - 1)] for row in (first, goal))
    until, is_open = last_heard(journeys)
    time, outcome = judge(arrive - begin, arrived, until - begin, is_open, np.iinfo(np.int64).max)
    horizons = _horizons(days, time[entered])
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, group in members(journeys, personas).items():
        own = group[entered[group]]
        share, ended = incidence_curve(time[own], outcome[own], horizons=horizons)
        draws = share
        if len(own):
            cell, cells, curve = binned_incidence(time[own], outcome[own], horizons=horizons, coarse=True)
            counts = count_cells(np.arange(len(own)), cell, (len(own), cells))
            draws, _ = curve(bootstrap_sums(counts, replicates=replicates, seed=seeds))
        watched = (time[own][:, None] > horizons).sum(axis=0)
        known = watched + len(own) * np.nan_to_num(share[0])
        low, high = unless_all_alike(percentile_interval(draws), share[0], known)
        frames.append(pd.DataFrame({
            PERSONA: persona, STAGE: stage, "day": horizons / DAY_US, "entered": len(own), "watched": watched,
            "share": share[0], "low": low, "high": high, "ended": ended[0],
            "few": known < FEW_PEOPLE}))
    return with_ids(pd.concat(frames, ignore_index=True), "time_to_stage", start, seed, replicates)


def _horizons(days: Sequence[float] | None, time: np.ndarray) -> np.ndarray:
    if days is None:
        longest = max(float(time.max(initial=0)), DAY_US)
        return np.linspace(longest / POINTS, longest, POINTS)
    horizons = np.asarray(days, dtype=np.float64) * DAY_US
    if not len(horizons) or not np.isfinite(horizons).all() or (np.diff(horizons, prepend=0.0) < 0).any():
        raise StudyError(f"days: {list(days)[:5]} do not rise from 0. Give days such as [1, 7, 30, 90].")
    return horizons


def returns_to_stage(
    journeys: Journeys, personas: Personas | None = None, *, stage: str, days: Sequence[float] | None = None, seed: int,
    replicates: int = 200,
) -> pd.DataFrame:
    """Say how often people have come back to a stage, on average, so many days after their first visit there.

    Use it for the loyalty loop: a journey is a cycle, and a second purchase is not one more step after the end. The mean
    cumulative function counts returns among those who could have been seen so long (Nelson, 1995): somebody who came last
    week says nothing yet about the first month. A return is a new visit, after an event at another stage or in a later
    session. It cannot tell a loyal person from one who has to come back.

    Parameters
    ----------
    stage, days
        As for ``time_to_stage``; days count from the first visit to the stage.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage, day, entered (people ever there), watched (of them, those whose first visit lies that
        long before the data cut), returns (mean a person), low, high (bootstrap of people; of more than 400 different times
        by bins of times), few (fewer than 10 watched).

    Raises
    ------
    ChoiceError
        A stage that the journeys do not have.
    StudyError
        Days that do not rise from 0.

    References
    ----------
    Nelson, W. (1995). Confidence limits for recurrence data, applied to cost or number of product repairs. Technometrics
    37.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": "buy", "time_us": [0, DAY_US, 0]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> returns_to_stage(journeys, stage="buy", days=[1], seed=7)["returns"].tolist()
    [0.5]
    """
    need_times(journeys, "returns_to_stage")
    column = check_view(journeys, STAGE if journeys.stages else TOUCHPOINT)
    log = journeys.log
    if stage not in log.levels[column]:
        raise ChoiceError(unknown_name(column, stage, list(log.levels[column])))
    visitor, time = map(np.concatenate, zip(*_visits_to(journeys, column, log.levels[column].get_loc(stage)), strict=True))
    first = np.append(True, np.diff(visitor) != 0)[: len(visitor)]
    start = np.full(len(log.participants), journeys.cut_us + 1)
    start[visitor[first]] = time[first]
    watched = journeys.cut_us - start
    again, after = visitor[~first], (time - start[visitor])[~first]
    horizons = _horizons(days, watched[watched >= 0])
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, group in members(journeys, personas).items():
        own = group[watched[group] >= 0]
        place = np.full(len(log.participants), -1)
        place[own] = np.arange(len(own))
        mine = place[again] >= 0
        counts, mean, curve = _mean_cumulative(watched[own], place[again[mine]], after[mine], horizons)
        draws = curve(bootstrap_sums(counts, replicates=replicates, seed=seeds)) if len(own) else mean[None, :]
        low, high = percentile_interval(draws)
        still = (watched[own][:, None] >= horizons).sum(axis=0)
        frames.append(pd.DataFrame({
            PERSONA: persona, STAGE: stage, "day": horizons / DAY_US, "entered": len(own), "watched": still,
            "returns": mean, "low": low, "high": high, "few": still < FEW_PEOPLE}))
    return with_ids(pd.concat(frames, ignore_index=True), "returns", seed, replicates)


def _visits_to(journeys: Journeys, column: str, code: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give person and time of each new visit to a level: after another level or in another session, block by block."""
    log = journeys.log
    for person, level, time, session in known_blocks(log, column, log.time_us, journeys.session):
        here = level == code
        new = here & np.append(True, ~here[:-1] | (session[1:] != session[:-1]))[: len(here)]
        yield person[new], time[new]


def _mean_cumulative(
    watched: np.ndarray, person: np.ndarray, time: np.ndarray, horizons: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Add up, return by return, one over the people who were watched that long.

    Gives counts of each person (people, cells), the curve of everyone (horizons,; NaN beyond all) and what makes the curves
    (replicates, horizons) from sums of people in these cells. Where there are many different times the cells hold several
    each; what that changes in the curve of everyone is known, and taken back.
    """
    ordered = np.sort(time)
    at_risk = len(watched) - np.searchsorted(np.sort(watched), ordered)
    steps = np.divide(1.0, at_risk, out=np.zeros(len(ordered)), where=at_risk > 0)
    known = horizons <= watched.max(initial=-1)
    mean = np.where(known, np.append(0.0, np.cumsum(steps))[np.searchsorted(ordered, horizons, side="right")], np.nan)
    edges = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
    wide = len(edges) > BINS
    if wide:
        # as many returns a cell as the curve lets: near its end a few of them, with few people watched, make it rise
        rise = np.arange(len(ordered)) / len(ordered) + np.cumsum(steps) / steps.sum()
        cuts = np.searchsorted(rise, np.linspace(rise[0], rise[-1], BINS))
        edges = np.unique(np.concatenate([ordered[np.minimum(cuts, len(ordered) - 1)], ordered[-1:], horizons]))
    size = len(edges)

    def curve(sums: np.ndarray) -> np.ndarray:
        returns, until = np.split(sums, [size], axis=1)
        # whoever is watched until a time is at risk of it; of wide cells, until the time where the cell begins
        watching = np.cumsum(until[:, ::-1], axis=1)[:, ::-1]
        there = watching[:, :-1] if wide else watching[:, 1:]
        jumps = np.divide(returns, there, out=np.zeros(returns.shape), where=there > 0)
        found = np.column_stack([np.zeros(len(sums)), np.cumsum(jumps, axis=1)])
        return np.where(known, found[:, np.searchsorted(edges, horizons, side="right")], np.nan)

    cell = np.append(np.searchsorted(edges, time), size + np.searchsorted(edges, watched, side="right"))
    counts = count_cells(np.append(person, np.arange(len(watched))), cell, (len(watched), 2 * size + 1))
    change = mean - curve(counts.sum(axis=0)[None, :])[0]
    return counts, mean, lambda sums: np.maximum(curve(sums) + change, 0.0)
