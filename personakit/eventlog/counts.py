"""Counts on an encoded log: sessions, steps and cells of each person, from passes over its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog.clock import DAY_US, MINUTE_US
from personakit.eventlog.encoding import BLOCK, offsets_of, runs_of, small_codes, sort_within
from personakit.eventlog.queries import count_levels
from personakit.eventlog.stored import cells_of, numbered, recode_stored
from personakit.records import EncodedLog, StoredLog
from personakit.schema import EVENT

_MOST_INT32 = np.iinfo(np.int32).max
_SORTED, _BINS = 2**21, 2**20  # times that are sorted without further ado, and how many bins they are counted in if more
_ONE = 1023 << 52  # the floating number 1.0 in bits; the six that follow tell 64 octaves apart


def person_of(log: EncodedLog) -> np.ndarray:
    """Give the position of the participant of each event (m, int64)."""
    return np.repeat(np.arange(len(log.participants)), np.diff(log.offsets))


def person_blocks(log: EncodedLog, *, most: int = BLOCK) -> Iterator[tuple[slice, np.ndarray]]:
    """Part the log between participants, about ``most`` events at a time: the rows, and the participant of each."""
    for first, last in runs_of(log.offsets, most=most):
        yield (slice(int(log.offsets[first]), int(log.offsets[last])),
               np.repeat(np.arange(first, last), np.diff(log.offsets[first: last + 1])))


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
    return replace(log, codes={**log.codes, column: small_codes(codes, len(levels))},
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
        np.copyto(found, mine, where=mine >= 0)
    return with_codes(log, column, found, known)


def _look_up(words: Sequence[object], place: Mapping[str, int]) -> np.ndarray:
    # the last entry serves the code -1
    codes = np.array([*(place.get(one, -1) if isinstance(one, str) else -1 for one in words), -1])
    return small_codes(codes, len(place))


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
    starts = np.zeros(len(log.time_us), dtype=bool)
    for rows, _ in person_blocks(log):
        starts[rows][1:] = np.diff(log.time_us[rows]) > gap_min * MINUTE_US
    starts[log.offsets[:-1][np.diff(log.offsets) > 0]] = True
    session = np.cumsum(starts)
    session -= 1
    return session


def count_cells(person: np.ndarray, cell: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Count how often each person is in each cell: (people, cells), int32, sparse. Quick where people come in order."""
    if not (person[1:] >= person[:-1]).all():
        return count_blocks([(person, cell)], shape)
    cuts = np.unique(np.searchsorted(person, person[::BLOCK]))
    return count_blocks(zip(np.split(person, cuts[1:]), np.split(cell, cuts[1:]), strict=True), shape)


def count_blocks(blocks: Iterable[tuple[np.ndarray, np.ndarray]], shape: tuple[int, int]) -> sparse.csr_array:
    """Do what ``count_cells`` does from blocks of person and cell: no person is in two, and each comes after the last."""
    people, cells = shape
    kind = np.int32 if cells <= _MOST_INT32 else np.int64
    size, columns, counts = np.zeros(people, dtype=np.int64), [], []
    for person, cell in blocks:
        first = int(person.min()) if len(person) else 0
        many = int(person.max(initial=first - 1)) - first + 1
        # four bytes are sorted twice as fast as eight
        key: np.ndarray = (person - first).astype(np.int32 if max(many, 1) * cells <= _MOST_INT32 else np.int64)
        key *= cells
        key += cell.astype(key.dtype, copy=False)
        key.sort()
        new = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
        row, column = np.divmod(key[new], key.dtype.type(max(cells, 1)))
        size[first: first + many] = np.bincount(row, minlength=many)
        columns.append(column.astype(kind, copy=False))
        # what is counted are events, of which a person has fewer than 2^31
        counts.append(np.diff(new, append=len(key)).astype(np.int32))
    indices = np.concatenate(columns) if columns else np.empty(0, dtype=kind)
    columns.clear()
    data = np.concatenate(counts) if counts else np.empty(0, dtype=np.int32)
    offsets = offsets_of(size)
    offsets = offsets.astype(kind) if len(data) <= _MOST_INT32 else offsets
    found = sparse.csr_array((data, indices, offsets), shape=shape)
    found.has_canonical_format = True
    return found


def count_by_person(log: EncodedLog | StoredLog, column: str, *, keep: np.ndarray | None = None) -> sparse.csr_array:
    """Count the events of each participant at each level of a column: (participants, levels), sparse.

    ``keep`` (m, bool) restricts the events of a log in memory. Events whose level is unknown are not counted.
    """
    if isinstance(log, StoredLog):
        return cells_of(log, count_levels(numbered(log), column), len(log.levels[column]))
    blocks = ((person, code) for person, code in known_blocks(log, column, keep=keep))
    return count_blocks(blocks, (len(log.participants), len(log.levels[column])))


def known_blocks(
    log: EncodedLog, column: str, *along: np.ndarray, keep: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, ...]]:
    """Give person and code of the events of known level, block by block between people, and of ``along`` (m each) the same.

    ``keep`` (m, bool) leaves more of them out. A pass that goes this way stays in the cache and copies no column whole.

    Examples
    --------
    >>> from personakit.eventlog import encode_events
    >>> log = encode_events(pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [1, 2]}))
    >>> [[one.tolist() for one in block] for block in known_blocks(log, "event", log.time_us)]
    [[[0, 0], [1, 0], [1, 2]]]
    """
    for rows, person in person_blocks(log):
        code = log.codes[column][rows]
        used = code >= 0 if keep is None else keep[rows] & (code >= 0)
        found = (person, code, *(one[rows] for one in along))
        yield found if used.all() else tuple(one[used] for one in found)


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
    size = len(log.levels[column])
    cells = ((person[:-1][follows], (code[:-1].astype(np.int64) * size + code[1:])[follows])
             for person, code in known_blocks(log, column, keep=keep) for follows in [person[1:] == person[:-1]])
    return count_blocks(cells, (len(log.participants), size * size))


def days_within(
    blocks: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]], owners: int, at: Sequence[float], *, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find what lies at each quantile of the times (us, 0 or more) of each owner; ``blocks`` gives owner and time anew.

    Of ``most`` times or fewer. Many are not sorted: they are counted in bins, and those of the bins where a quantile lies
    are picked in a second pass. Gives days below and above (quantiles, owners), NaN where an owner has none, and how far
    the quantile lies between the two.

    Examples
    --------
    >>> times = [(np.array([1, 1]), np.array([3, 1]) * DAY_US)]
    >>> low, high, between = days_within(lambda: times, 2, [0.25], most=2)
    >>> low.tolist(), high.tolist(), between.tolist()
    ([[nan, 1.0]], [[nan, 3.0]], [[0.0, 0.25]])
    """
    bits = 0 if most <= _SORTED else max(int(np.log2(max(_BINS, most // 16) / max(owners, 1))), 0)

    def cells() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for owner, time in blocks():
            # the leading bits of a floating number: its octave, and where in it
            leading = np.maximum(time, 1).astype(np.float64).view(np.int64) - _ONE
            yield (owner.astype(np.int64) << bits) + (leading >> (58 - bits)), time

    counts = np.zeros(owners << bits, dtype=np.int64)
    for cell, _ in cells():
        np.add.at(counts, cell, 1)
    until, size = np.cumsum(counts), counts.reshape(owners, 1 << bits).sum(axis=1)
    place = np.asarray(at)[:, None] * np.maximum(size - 1, 0)
    known = size > 0
    row = (np.stack([np.floor(place), np.ceil(place)]).astype(np.int64) + np.cumsum(size) - size)[..., known]
    found = np.searchsorted(until, row, side="right")
    picked = np.unique(found)
    rank = np.full(len(counts), -1, dtype=np.int32)
    rank[picked] = np.arange(len(picked))
    kept = [(rank[cell][rank[cell] >= 0], time[rank[cell] >= 0]) for cell, time in cells()]
    owner, time = map(np.concatenate, zip(*kept, strict=True)) if kept else (np.empty(0, np.int32), np.empty(0, np.int64))
    days = np.full((2, *place.shape), np.nan)
    before = np.cumsum(counts[picked]) - counts[picked]
    days[..., known] = sort_within(owner, time, len(picked))[before[rank[found]] + row - (until - counts)[found]] / DAY_US
    return days[0], days[1], place - np.floor(place)
