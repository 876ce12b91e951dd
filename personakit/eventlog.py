"""Event logs as small integers: encode once, sort once, then count per person.

Any frame that narwhals reads comes in; arrays come out. Everything later (habits, journeys, tests) is a pass over the
arrays of ``EncodedLog`` or a product with a participants x cells count matrix, so that people are drawn or shuffled whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.records import EncodedLog
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, ORDER, PARTICIPANT, TIME, VALUE

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


def encode_events(
    events: Any, *, columns: Sequence[str] | None = None, participants: pd.Index | None = None
) -> EncodedLog:
    """Turn an event table into arrays, sorted by participant, then time, then order.

    Use it once and pass the result on. With an ``order`` column the rows may come in any order and give the same bytes;
    without one, events of the same participant at the same time keep the order of the table, and ``ties`` counts them
    (it cannot tell which came first).

    Parameters
    ----------
    events
        Any frame narwhals reads (pandas, polars, pyarrow, a DuckDB relation) with participant_id, event and time_us
        (whole UTC microseconds); order, value and the coded columns where there are any.
    columns
        The columns to encode besides event; by default channel, device and content where present.
    participants
        The people of the log, in this order; some may have no events. By default those who have, sorted.

    Returns
    -------
    EncodedLog
        ``levels`` are sorted as text.

    Raises
    ------
    StudyError
        A column is missing or has gaps, times are not whole numbers, or events belong to nobody in ``participants``.

    Examples
    --------
    >>> log = encode_events(pd.DataFrame({"participant_id": ["b", "a"], "event": ["see", "buy"], "time_us": [2, 1]}))
    >>> list(log.participants), log.codes["event"].tolist(), log.time_us.tolist()
    (['a', 'b'], [0, 1], [1, 2])
    """
    frame = _collect(events, columns)
    codes, levels = {}, {}
    for name in (name for name in frame.columns if name not in (TIME, ORDER, VALUE)):
        codes[name], levels[name] = _factorise(frame[name], f"events.{name}", gaps=name not in (PARTICIPANT, EVENT))
    person, people = _people(codes.pop(PARTICIPANT), levels.pop(PARTICIPANT), participants)
    time_us = _whole(frame[TIME], f"events.{TIME}")
    order = _orders(frame[ORDER]) if ORDER in frame else None
    value = frame[VALUE].to_numpy(np.float64) if VALUE in frame else np.full(len(frame), np.nan)
    # rows that not even the order column parts fall back to their contents, so that shuffled rows give the same bytes
    rows = _by_person(person, time_us, len(people)) if order is None else np.lexsort(
        [value, *codes.values(), order, time_us, person])
    offsets, time_us = _offsets(np.bincount(person, minlength=len(people))), time_us[rows]
    tied = np.diff(time_us) == 0
    tied[offsets[1:-1][(offsets[1:-1] > 0) & (offsets[1:-1] < len(rows))] - 1] = False
    if order is not None:
        tied &= np.diff(order[rows]) == 0
    return EncodedLog(
        participants=people, offsets=offsets, time_us=time_us, value=value[rows] if VALUE in frame else value,
        codes={name: one[rows] for name, one in codes.items()}, levels=levels, ties=int(tied.sum()),
    )


def _by_person(person: np.ndarray, time_us: np.ndarray, people: int) -> np.ndarray:
    """Order rows by person, then time, ties as they stand: quick where the rows come in time order already."""
    place = np.arange(len(person)) if (np.diff(time_us) >= 0).all() else np.argsort(time_us, kind="stable")
    columns = np.arange(len(place))
    shape = (people, max(len(place), 1))
    # from coordinates to rows is a counting sort, and it keeps the order within a row
    return sparse.coo_array((place, (person[place], columns)), shape=shape).tocsr().data


def _collect(events: Any, columns: Sequence[str] | None) -> pd.DataFrame:
    try:
        frame = nw.from_native(events)
    except TypeError:
        raise StudyError(f"events: a {type(events).__name__} is not a table. Give a pandas, polars, pyarrow or DuckDB "
                         f"frame with participant_id, event and time_us.") from None
    there = frame.collect_schema().names()
    wanted = [PARTICIPANT, EVENT, TIME, *(columns or ())]
    missing = [name for name in wanted if name not in there]
    if missing:
        raise StudyError(f"events: column {missing[0]!r} is missing (columns: {first_five(there)}). "
                         f"Name it in study.toml or add it to the table.")
    extra = (ORDER, VALUE) if columns is not None else (ORDER, VALUE, CHANNEL, DEVICE, CONTENT)
    names = list(dict.fromkeys([*wanted, *(name for name in extra if name in there)]))
    found = frame.select(names)
    eager = found.collect(backend="pandas") if isinstance(found, nw.LazyFrame) else found
    return eager.to_pandas().reset_index(drop=True)


def _factorise(column: pd.Series, where: str, *, gaps: bool) -> tuple[np.ndarray, pd.Index]:
    found, distinct = pd.factorize(column)
    if not gaps and (found < 0).any():
        raise StudyError(f"{where}: {int((found < 0).sum())} of {len(found)} are empty "
                         f"(rows {first_five(np.flatnonzero(found < 0))}). Fill them or drop these rows.")
    if not len(distinct):
        return found.astype(np.int32), pd.Index([], dtype="str")
    words, place = np.unique(np.array([str(one) for one in distinct], dtype=object), return_inverse=True)
    return np.where(found >= 0, place[found], -1).astype(np.int32), pd.Index(words, dtype="str")


def _people(codes: np.ndarray, levels: pd.Index, participants: pd.Index | None) -> tuple[np.ndarray, pd.Index]:
    if participants is None:
        return codes.astype(np.int64), levels.rename(PARTICIPANT)
    people = pd.Index([str(one) for one in participants], dtype="str", name=PARTICIPANT)
    place = people.get_indexer(levels)
    if (place < 0).any():
        raise StudyError(f"events.{PARTICIPANT}: {int((place < 0).sum())} of {len(levels)} not in participants "
                         f"({first_five(levels[place < 0])}). Add them or drop these events.")
    return place[codes], people


def _orders(column: pd.Series) -> np.ndarray:
    return column.astype("Int64").fillna(np.iinfo(np.int64).max).to_numpy(np.int64)


def _whole(column: pd.Series, where: str) -> np.ndarray:
    if not pd.api.types.is_integer_dtype(column.dtype) or column.isna().any():
        raise StudyError(f"{where}: must be whole UTC microseconds without gaps, not {column.dtype}. "
                         f"Convert the times, for instance with load_study.")
    return column.to_numpy(np.int64)


def _offsets(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def person_of(log: EncodedLog) -> np.ndarray:
    """Give the position of the participant of each event (m, int64)."""
    return np.repeat(np.arange(len(log.participants)), np.diff(log.offsets))


def keep_rows(log: EncodedLog, keep: np.ndarray) -> EncodedLog:
    """Keep the events where ``keep`` (m, bool) is true; participants left without events go too. Gives a new log."""
    counts = np.bincount(person_of(log)[keep], minlength=len(log.participants))
    present = counts > 0
    return replace(
        log, participants=log.participants[present], offsets=_offsets(counts[present]), time_us=log.time_us[keep],
        value=log.value[keep], codes={name: one[keep] for name, one in log.codes.items()},
    )


def with_codes(log: EncodedLog, column: str, codes: np.ndarray, levels: Sequence[str]) -> EncodedLog:
    """Give the log one more coded column: ``codes`` (m integers, -1 where unknown) into ``levels``."""
    return replace(log, codes={**log.codes, column: codes.astype(np.int32)},
                   levels={**log.levels, column: pd.Index(list(levels), dtype="str")})


def recode(
    log: EncodedLog, column: str, words: Mapping[str, str], *, source: str = EVENT, levels: Sequence[str] | None = None
) -> EncodedLog:
    """Give the log a column that follows from another one, such as the stage of each event.

    ``words`` maps the levels of ``source`` to those of ``column``; a level it does not hold becomes unknown. Where the log
    has ``column`` already, what it knows stays and only the gaps are filled. ``levels`` fixes the order (stages have
    one); by default the words in use, sorted.

    Examples
    --------
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [1, 2]}))
    >>> recode(log, "stage", {"buy": "purchase"}).codes["stage"].tolist()
    [-1, 0]
    """
    if source not in log.codes:
        raise ChoiceError(unknown_name("column", source, list(log.codes)))
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
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a"] * 3, "event": ["x", "y", "y"], "time_us": [1, 2, 3]}))
    >>> transition_counts(log, "event").toarray().tolist()
    [[0, 1, 0, 1]]
    """
    before, after = steps(log, column, keep=keep)
    size = len(log.levels[column])
    cell = log.codes[column][before].astype(np.int64) * size + log.codes[column][after]
    return count_cells(person_of(log)[before], cell, (len(log.participants), size * size))
