"""Journeys whose events stay in the engine that holds them: what the views need of each person, brought by queries.

The same numbers come out as from a log in memory, since the views go on from the same counts, sequences and times.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import StudyError
from personakit.eventlog import DAY_US, MINUTE_US, StoredLog, arrays_of, cells_of, count_rows, numbered, placed, queries
from personakit.journeys.attempts import FAR, Rules, Won
from personakit.journeys.ends import ends_of, own_limits
from personakit.journeys.reach import last_heard
from personakit.journeys.rows import notes_table
from personakit.records import Journeys
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, STAGE, TOUCHPOINT


def trace_stored(log: StoredLog, *, gap_min: float) -> Journeys:
    """Say of each person how long they were seen and whether they may come back; count what the notes report."""
    if not (np.isfinite(gap_min) and gap_min > 0):
        raise StudyError(f"session_gap_min: {gap_min} minutes cannot part sessions. Give a number above 0, such as 30.")
    gap_us = int(gap_min * MINUTE_US)
    base = [name for name in (EVENT, CHANNEL, DEVICE, CONTENT) if name in log.levels]
    rows = numbered(log)
    found = placed(log, queries.summarise_people(rows, base, level=TOUCHPOINT, gap_us=gap_us))
    sums = pd.DataFrame(found).set_index(queries.PERSON).sort_index().astype("int64")
    people = pd.DataFrame({"events": sums["events"], "sessions": sums["pauses"] + 1, "first_us": sums["first_us"],
                           "last_us": sums["last_us"]}).set_axis(log.participants)
    gaps = placed(log, queries.long_gaps(rows, gap_us=gap_us))
    cut = int(people["last_us"].max())
    length, person = (gaps[name].astype(np.int64) for name in ("gap_us", queries.PERSON))
    own = own_limits(length, person, len(people))
    ends = ends_of(people, length, cut - gaps["since_us"].astype(np.int64), own, gap_min=gap_min)
    seen = arrays_of(log.frame.group_by(STAGE).agg(nw.len().alias(queries.COUNT)))[STAGE]
    stages = log.levels[STAGE][np.sort(seen[seen >= 0])]
    return Journeys(log=log, stages=tuple(stages), session=np.empty(0, dtype=np.int64), session_gap_min=float(gap_min),
                    ends=ends, notes=_notes(log, sums, ends), cut_us=cut)


def _notes(log: StoredLog, sums: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    unknown = log.events
    if CHANNEL in log.levels:
        unknown = count_rows(log.frame.filter(nw.col(CHANNEL) < 0))
    total = sums.sum()
    return notes_table({
        "unmapped_events": (total["unmapped"], log.events), "tied_events": (total["ties"], log.events),
        "repeated_events": (total["repeats"], log.events), "self_loops": (total["loops"], total["together"]),
        "unknown_channel": (unknown, log.events), "open_journeys": ((ends["status"] == "open").sum(), len(ends))})


def is_stored(journeys: Journeys) -> bool:
    """Whether the events of these journeys are not in memory."""
    return isinstance(journeys.log, StoredLog)


def said_by(journeys: Journeys, table: pd.DataFrame) -> pd.DataFrame:
    """Say in ``attrs`` of a view who counted: ``memory``, or the engine that holds the events."""
    table.attrs["engine"] = journeys.log.engine
    return table


# ---------------------------------------------------------------- steps between levels
def stored_step_counts(journeys: Journeys, column: str) -> sparse.csr_array:
    """Count each person's steps: (participants, levels * (levels + 2)), the last two targets being end and open."""
    log, size = journeys.log, len(journeys.log.levels[column])
    counts = cells_of(log, queries.count_steps(numbered(log), column, size), size * (size + 1)).tocoo()
    source, target = np.divmod(counts.col.astype(np.int64), size + 1)
    still = (journeys.ends["status"] == "open").to_numpy()[counts.row]
    cells = source * (size + 2) + target + ((target == size) & still)
    shape = (len(log.participants), size * (size + 2))
    return sparse.csr_array(sparse.coo_array((counts.data, (counts.row, cells)), shape=shape))


def stored_days(gaps: nw.LazyFrame, owners: int, quarters: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do what ``days_within`` does from a query of cell and gap_us, at quarters: 1, 2, 3."""
    found = arrays_of(queries.near_quarters(gaps, [queries.CELL], quarters))
    cell, rank, many, gap = (found[name].astype(np.int64) for name in (
        queries.CELL, queries.RANK, queries.MANY, queries.GAP))
    size = np.zeros(owners, dtype=np.int64)
    size[cell] = many
    start = np.cumsum(size) - size  # where the gaps of each cell would begin, were they all here, in order
    rows = np.argsort(start[cell] + rank)
    place = np.asarray(quarters)[:, None] / 4 * np.maximum(size - 1, 0)
    below = np.floor(place).astype(np.int64)
    low, high = (_where(size > 0, gap[rows] / DAY_US, np.searchsorted((start[cell] + rank)[rows], start + one))
                 for one in (below, np.ceil(place).astype(np.int64)))
    return low, high, place - below


def _where(there: np.ndarray, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.where(there, np.append(values, np.nan)[np.minimum(rows, len(values))], np.nan)


# ---------------------------------------------------------------- sequences
def stored_words(
    journeys: Journeys, column: str, *, moves_only: bool, first: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bring each person's sequence packed into words, sorted: person, block, word (one entry a word), and all steps (n)."""
    log = journeys.log
    packed = queries.pack_journeys(numbered(log), column, len(log.levels[column]), moves_only=moves_only, first=first)
    found = {name: one.astype(np.int64) for name, one in placed(log, packed).items()}
    person, block = found[queries.PERSON], found[queries.BLOCK]
    steps = np.bincount(person, weights=found[queries.STEPS], minlength=len(log.participants)).astype(np.int64)
    rows = np.lexsort((block, person))
    rows = rows[block[rows] >= 0]
    return person[rows], block[rows], found[queries.WORD][rows], steps


def unpack(word: np.ndarray, size: int) -> np.ndarray:
    """Return the codes that words hold: (words, levels a word), -1 past the end."""
    digits = (size + 1) ** np.arange(queries.per_word(size), dtype=np.int64)
    return word[:, None] // digits % (size + 1) - 1


# ---------------------------------------------------------------- funnels
def stored_attempts(journeys: Journeys, rules: Rules) -> Won:
    """Follow each participant's first attempt through steps in order; the other ways to walk need the events in memory."""
    log = journeys.log
    if (rules.order, rules.exclude, rules.same, rules.reentry, rules.per) != ("ordered", (), None, False, "participant"):
        raise StudyError(f"funnel: order, exclude, same, reentry and per need every event in memory, and the log has "
                         f"{log.events:,} that stay in {log.engine}. Leave them out, or keep fewer events or people.")
    codes = [int(log.levels[rules.column].get_loc(name)) for name in rules.names]
    found = placed(log, queries.reach_in_order(log.frame, rules.column, codes, within_us=rules.window_us))
    rows = np.argsort(found[queries.PERSON])
    person = found[queries.PERSON][rows]
    time = np.stack([found[f"time_{place}"][rows] for place in range(len(codes))])
    took = time - time[0]
    reached = np.logical_and.accumulate((time < queries.NEVER) & (took <= rules.window_us), axis=0)
    until, is_open = last_heard(journeys)
    return Won(person=person, rows=np.where(reached, 0, -1), took_us=took, broken_us=np.full(len(person), FAR),
               watched_us=until[person] - time[0], is_open=is_open[person])
