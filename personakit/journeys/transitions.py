"""Steps from stage to stage, and how many people ever reach each stage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.eventlog import DAY_US, count_blocks, count_by_person, days_within, known_blocks, numbered, queries
from personakit.inference import bootstrap_sums, percentile_interval, ratio, wilson_interval
from personakit.journeys.groups import check_view, counts_of, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.journeys.stored import is_stored, said_by, stored_days, stored_step_counts
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE

QUANTILES = {"days_25": 0.25, "days_50": 0.5, "days_75": 0.75}


def transitions(
    journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Count what comes next: each event's step to the next event of the same person, for everyone and by persona.

    Use it to see how people move. Steps that stay (source = target) are kept: leave them out and divide again to see
    only moves. Steps reach across sessions, whatever the silence. Events without a stage are stepped over, so that the
    steps out of a stage add up to its events. It does not say why people move, nor whether personas differ
    (``compare_journeys`` does).

    Parameters
    ----------
    by
        ``stage`` or ``touchpoint``.
    replicates
        Bootstrap samples of people behind the intervals.

    Returns
    -------
    DataFrame
        evidence_id, persona (``all`` first), source, target (``end``: ended there; ``open``: may go on after the data
        cut), count, people, share (of the steps out of source), low, high, few (fewer than 10 people, or an interval
        wider than .3), days_25, days_50, days_75 (from one event to the next; empty for ``end`` and ``open``, and for
        personas where the events are stored, for the engine does not know who is in which: see ``attrs["engine"]``,
        which is ``memory`` where they are not). Steps that nobody made are left out; a step that only others made has
        count 0.

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 60_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> transitions(trace_journeys(study), by="touchpoint", seed=7)[["source", "target", "count"]].to_numpy().tolist()
    [['buy', 'open', 1], ['see', 'buy', 1]]
    """
    column = check_view(journeys, by)
    words = [*journeys.log.levels[column], "end", "open"]
    size = len(words) - 2
    counts = step_counts(journeys, column)
    somebody = np.flatnonzero(counts.sum(axis=0))
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, rows in members(journeys, personas).items():
        own = counts_of(counts, rows)
        days = _step_days(journeys, column, rows)[:, somebody]
        draws = bootstrap_sums(own, replicates=replicates, seed=seeds)
        low, high = percentile_interval(_shares(draws, size)[:, somebody])
        count, people = own.sum(axis=0), people_in(own)
        frames.append(pd.DataFrame(
            {PERSONA: persona, "source": [words[cell // (size + 2)] for cell in somebody],
             "target": [words[cell % (size + 2)] for cell in somebody], "count": count[somebody],
             "people": people[somebody], "share": _shares(count[None, :], size)[0, somebody], "low": low, "high": high,
             **dict(zip(QUANTILES, days, strict=True))}
        ))
    table = pd.concat(frames, ignore_index=True)
    table["few"] = too_few(table["people"], table["low"], table["high"])
    table.insert(len(table.columns) - len(QUANTILES) - 1, "few", table.pop("few"))
    return said_by(journeys, with_ids(table, "transitions", by, seed, replicates))


def _step_days(journeys: Journeys, column: str, people: np.ndarray) -> np.ndarray:
    """Give quantiles of the days that each kind of step took (quantiles, cells as in ``step_counts``); NaN where none."""
    size = len(journeys.log.levels[column])
    if is_stored(journeys):
        if len(people) < len(journeys.log.participants):
            return np.full((len(QUANTILES), size * (size + 2)), np.nan)
        gaps = queries.step_gaps(numbered(journeys.log), column, size)
        low, high, between = stored_days(gaps, size * (size + 2), [1, 2, 3])
        return low + (high - low) * between
    mine = np.zeros(len(journeys.log.participants), dtype=bool)
    mine[people] = True

    def steps() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for person, code, time in known_blocks(journeys.log, column, journeys.log.time_us):
            step = (person[1:] == person[:-1]) & mine[person[1:]]
            yield (code[:-1].astype(np.int32) * (size + 2) + code[1:])[step], np.diff(time)[step]

    low, high, between = days_within(steps, size * (size + 2), [*QUANTILES.values()], most=journeys.log.events)
    return low + (high - low) * between


def step_counts(journeys: Journeys, column: str) -> sparse.csr_array:
    """Count each person's steps: (participants, levels * (levels + 2)), the last two targets being end and open."""
    if is_stored(journeys):
        return stored_step_counts(journeys, column)
    size = len(journeys.log.levels[column])
    leave = np.where((journeys.ends["status"] == "open").to_numpy(), size + 1, size)

    def steps_of(person: np.ndarray, code: np.ndarray) -> np.ndarray:
        target = leave[person]
        np.copyto(target[:-1], code[1:], where=person[1:] == person[:-1])
        return code.astype(np.int64) * (size + 2) + target

    cells = ((person, steps_of(person, code)) for person, code in known_blocks(journeys.log, column))
    return count_blocks(cells, (len(journeys.log.participants), size * (size + 2)))


def _shares(counts: np.ndarray, size: int) -> np.ndarray:
    cube = counts.reshape(len(counts), size, size + 2).astype(np.float64)
    return ratio(cube, cube.sum(axis=2, keepdims=True)).reshape(len(counts), -1)


def stage_counts(journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE) -> pd.DataFrame:
    """Count who is ever seen at each stage, for everyone and by persona.

    Use it as the first line of a map. Someone not seen at a stage may have been there unlogged, or may still come.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage (or touchpoint), people, people_total, share, low, high (Wilson), events,
        median_days (from first to last event of a visit: a run of events at the stage, over sessions; empty for
        personas where the events are stored), few (fewer than 10 people in all, or an interval wider than .3).

    Raises
    ------
    ChoiceError
        ``by`` is neither stage nor touchpoint, or the log has no stages.
    """
    column = check_view(journeys, by)
    counts = count_by_person(journeys.log, column)
    words = journeys.log.levels[column]
    seen = np.flatnonzero(counts.sum(axis=0))
    frames = []
    for persona, rows in members(journeys, personas).items():
        own = counts_of(counts, rows)
        people = people_in(own)[seen]
        low, high = wilson_interval(people, np.full(len(seen), len(rows)))
        days = _median_stay(journeys, column, rows)[seen]
        frames.append(pd.DataFrame(
            {PERSONA: persona, STAGE: words[seen], "people": people, "people_total": len(rows),
             "share": ratio(people, np.full(len(seen), len(rows))), "low": low, "high": high,
             "events": own.sum(axis=0)[seen], "median_days": days}
        ))
    table = with_ids(pd.concat(frames, ignore_index=True), "stages", by)
    table["few"] = too_few(table["people_total"], table["low"], table["high"])
    return said_by(journeys, table)


def _median_stay(journeys: Journeys, column: str, people: np.ndarray) -> np.ndarray:
    """Give the median days from the first to the last event of a visit to each level; NaN where there is none."""
    size = len(journeys.log.levels[column])
    if is_stored(journeys):
        if len(people) < len(journeys.log.participants):
            return np.full(size, np.nan)
        visits = queries.list_visits(numbered(journeys.log), column)
        low, high, _ = stored_days(queries.stay_gaps(visits), size, [2])
        return ((low + high) / 2)[0]
    mine = np.zeros(len(journeys.log.participants), dtype=bool)
    mine[people] = True

    def stays() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for person, code, start, stop in visits_by_block(journeys, column):
            yield code[mine[person]], (stop - start)[mine[person]]

    low, high, _ = days_within(stays, size, [0.5], most=journeys.log.events)
    return ((low + high) / 2)[0]


def visits_by_block(journeys: Journeys, column: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Give person, code, first and last time of each visit to a level (a run of events there), block by block."""
    for person, code, time in known_blocks(journeys.log, column, journeys.log.time_us):
        starts = np.flatnonzero(np.append(True, (code[1:] != code[:-1]) | (person[1:] != person[:-1]))[: len(code)])
        stops = np.append(starts[1:], len(code))[: len(starts)] - 1
        yield person[starts], code[starts], time[starts], time[stops]


def _stays(journeys: Journeys, column: str) -> pd.DataFrame:
    """List the visits to levels: person, code, days."""
    person, code, start, stop = map(np.concatenate, zip(*visits_by_block(journeys, column), strict=True))
    return pd.DataFrame({"person": person, "code": code, "days": (stop - start) / DAY_US})
