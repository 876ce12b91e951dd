"""Counts on an encoded log: sessions, steps and cells of each person, from passes over its arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog.encoding import offsets_of
from personakit.eventlog.stored import recode_stored
from personakit.records import EncodedLog, StoredLog
from personakit.schema import EVENT

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


def person_of(log: EncodedLog) -> np.ndarray:
    """Give the position of the participant of each event (m, int64)."""
    return np.repeat(np.arange(len(log.participants)), np.diff(log.offsets))


def keep_rows(log: EncodedLog, keep: np.ndarray) -> EncodedLog:
    """Keep the events where ``keep`` (m, bool) is true; participants left without events go too. Gives a new log."""
    counts = np.bincount(person_of(log)[keep], minlength=len(log.participants))
    present = counts > 0
    return replace(
        log, participants=log.participants[present], offsets=offsets_of(counts[present]), time_us=log.time_us[keep],
        value=log.value[keep], codes={name: one[keep] for name, one in log.codes.items()},
    )


def with_codes(log: EncodedLog, column: str, codes: np.ndarray, levels: Sequence[str]) -> EncodedLog:
    """Give the log one more coded column: ``codes`` (m integers, -1 where unknown) into ``levels``."""
    return replace(log, codes={**log.codes, column: codes.astype(np.int32)},
                   levels={**log.levels, column: pd.Index(list(levels), dtype="str")})


def recode(
    log: Any, column: str, words: Mapping[str, str], *, source: str = EVENT, levels: Sequence[str] | None = None
) -> Any:
    """Give a log, encoded or stored, a column that follows from another one, such as the stage of each event.

    ``words`` maps the levels of ``source`` to those of ``column``; a level it does not hold becomes unknown. Where the log
    has ``column`` already, what it knows stays and only the gaps are filled. ``levels`` fixes the order (stages have
    one); by default the words in use, sorted.

    Examples
    --------
    >>> from personakit.eventlog import encode_events
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [1, 2]}))
    >>> recode(log, "stage", {"buy": "purchase"}).codes["stage"].tolist()
    [-1, 0]
    """
    if source not in log.levels:
        raise ChoiceError(unknown_name("column", source, list(log.levels)))
    if isinstance(log, StoredLog):
        return recode_stored(log, column, words, source=source, levels=levels)
    given = [words.get(str(one)) for one in log.levels[source]]
    own = [str(one) for one in log.levels[column]] if column in log.codes else []
    known = list(levels) if levels is not None else sorted({one for one in [*given, *own] if isinstance(one, str)})
    place = {word: code for code, word in enumerate(known)}
    found = _look_up(given, place)[log.codes[source]]
    if own:
        mine = _look_up(own, place)[log.codes[column]]
        found = np.where(mine >= 0, mine, found)
    return with_codes(log, column, found, known)


def _look_up(words: Sequence[object], place: Mapping[str, int]) -> np.ndarray:
    # the last entry serves the code -1
    return np.array([*(place.get(one, -1) if isinstance(one, str) else -1 for one in words), -1])


def sessionise(log: EncodedLog, *, gap_min: float = 30.0) -> np.ndarray:
    """Cut the log into numbered sessions: a new one starts with each participant and after each long silence.

    Use it before anything that counts visits. A time-out is a convention: it cannot tell a coffee from a goodbye.

    Parameters
    ----------
    gap_min
        A silence longer than this many minutes parts two sessions.

    Returns
    -------
    ndarray (m,) of int64
        From 0 on, never falling. Two participants never share a number.

    Raises
    ------
    StudyError
        ``gap_min`` is not above 0.

    References
    ----------
    Halfaker, A. et al. (2015). User session identification based on strong regularities in inter-activity time.

    Examples
    --------
    >>> times = [0, 29 * MINUTE_US, 60 * MINUTE_US]
    >>> from personakit.eventlog import encode_events
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a"] * 3, "event": ["x"] * 3, "time_us": times}))
    >>> sessionise(log).tolist()
    [0, 0, 1]
    """
    if not (np.isfinite(gap_min) and gap_min > 0):
        raise StudyError(f"session_gap_min: {gap_min} minutes cannot part sessions. Give a number above 0, such as 30.")
    starts = np.zeros(len(log.time_us), dtype=np.int64)
    starts[1:] = np.diff(log.time_us) > gap_min * MINUTE_US
    starts[log.offsets[:-1][np.diff(log.offsets) > 0]] = 1
    return np.cumsum(starts) - 1


def count_cells(person: np.ndarray, cell: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Count how often each person is in each cell: (people, cells), int64, sparse."""
    ones = np.ones(len(person), dtype=np.int64)
    return sparse.csr_array(sparse.coo_array((ones, (person, cell)), shape=shape))


def count_by_person(log: EncodedLog, column: str, *, keep: np.ndarray | None = None) -> sparse.csr_array:
    """Count the events of each participant at each level of a column: (participants, levels), sparse.

    ``keep`` (m, bool) restricts the events. Events whose level is unknown are not counted.
    """
    used = log.codes[column] >= 0 if keep is None else keep & (log.codes[column] >= 0)
    return count_cells(person_of(log)[used], log.codes[column][used], (len(log.participants), len(log.levels[column])))


def steps(log: EncodedLog, column: str, *, keep: np.ndarray | None = None) -> np.ndarray:
    """Pair each event with the next of the same participant: (2, steps) row numbers.

    Events whose level of ``column`` is unknown, or that ``keep`` leaves out, are stepped over.
    """
    used = np.flatnonzero(log.codes[column] >= 0 if keep is None else keep & (log.codes[column] >= 0))
    person = person_of(log)[used]
    follows = person[1:] == person[:-1]
    return np.stack([used[:-1][follows], used[1:][follows]])


def transition_counts(log: EncodedLog, column: str, *, keep: np.ndarray | None = None) -> sparse.csr_array:
    """Count each participant's steps from level to level: (participants, levels * levels), source-major, sparse.

    A step back to the same level counts; events of unknown level are stepped over.

    Examples
    --------
    >>> from personakit.eventlog import encode_events
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a"] * 3, "event": ["x", "y", "y"], "time_us": [1, 2, 3]}))
    >>> transition_counts(log, "event").toarray().tolist()
    [[0, 1, 0, 1]]
    """
    before, after = steps(log, column, keep=keep)
    size = len(log.levels[column])
    cell = log.codes[column][before].astype(np.int64) * size + log.codes[column][after]
    return count_cells(person_of(log)[before], cell, (len(log.participants), size * size))
