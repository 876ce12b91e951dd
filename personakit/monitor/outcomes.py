"""What became of each person: who reached what within a window after entering, and who has not had the time yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import DAY_US
from personakit.records import EncodedLog, Journeys
from personakit.schema import EVENT, STAGE, TOUCHPOINT, VALUE

#: where the name of an entry or a goal is looked for, in this order
PLACES = (STAGE, TOUCHPOINT, EVENT)


def journey_outcomes(
    journeys: Journeys, *, enter: str, reach: str | Sequence[str], window_days: float, since_us: int | None = None
) -> pd.DataFrame:
    """Follow each person for the same time after entering, and say who reached what.

    Use it to measure a change, or a stage's figure, by person: everyone is watched for the same time, so that recent
    entrants do not count as lost. Whoever has not been watched for the whole window has no outcome yet. It cannot tell
    about people who never enter.

    Parameters
    ----------
    journeys
        From ``trace_journeys``.
    enter
        A stage, touchpoint or event: a person enters at the first one.
    reach
        One or several stages, touchpoints or events; a column each.
    window_days
        How long everyone is watched after entering.
    since_us
        Entries are looked for from this time on (UTC microseconds).

    Returns
    -------
    DataFrame
        Index participant_id, people who entered only: ``entered_us``; a column a goal (1 reached within the window, 0 not,
        NaN not watched long enough); ``value`` (sum of the values within the window) and ``events`` (how many), NaN alike.

    Raises
    ------
    ChoiceError
        The log has no such stage, touchpoint or event.
    StudyError
        The window is not above 0, or nobody enters.

    Examples
    --------
    >>> from personakit.monitor._examples import three_journeys
    >>> journey_outcomes(three_journeys(), enter="see", reach="buy", window_days=2)["buy"].tolist()
    [1.0, 0.0, nan]
    """
    if not (np.isfinite(window_days) and window_days > 0):
        raise StudyError(f"window_days: {window_days} days hold nothing. Give a number above 0.")
    log, goals = journeys.log, [reach] if isinstance(reach, str) else list(reach)
    named = _rows_named(log, enter)
    start = _first_row(log, named if since_us is None else named & (log.time_us >= since_us), log.offsets[:-1])
    people = np.flatnonzero(start < log.offsets[1:])
    if not len(people):
        raise StudyError(f"enter: nobody has {enter} in the log from that time on. Give another stage, or an earlier time.")
    entered = log.time_us[start[people]]
    end = entered + int(window_days * DAY_US)
    watched = end <= journeys.cut_us
    columns = {}
    for goal in goals:
        row = _first_row(log, _rows_named(log, goal), start + 1)[people]
        took = row < log.offsets[1:][people]
        columns[goal] = np.where(watched, took & (log.time_us[np.minimum(row, len(log.time_us) - 1)] <= end), np.nan)
    last = _rows_until(log, people, start[people], end)
    worth = np.concatenate([[0.0], np.cumsum(np.nan_to_num(log.value))])
    columns[VALUE] = np.where(watched, worth[last] - worth[start[people]], np.nan)
    columns["events"] = np.where(watched, last - start[people], np.nan)
    return pd.DataFrame({"entered_us": entered, **columns}, index=log.participants[people])


def _rows_named(log: EncodedLog, name: str) -> np.ndarray:
    for column in PLACES:
        if column in log.levels and name in log.levels[column]:
            return log.codes[column] == log.levels[column].get_loc(name)
    known = [str(one) for column in PLACES if column in log.levels for one in log.levels[column]]
    raise ChoiceError(unknown_name("stage, touchpoint or event", name, list(dict.fromkeys(known))))


def _first_row(log: EncodedLog, named: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Find each person's first named row from ``at`` on; the end of their rows if none."""
    where = np.append(np.flatnonzero(named), len(log.time_us))
    return np.minimum(where[np.searchsorted(where, np.minimum(at, len(log.time_us)))], log.offsets[1:])


def _rows_until(log: EncodedLog, people: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Find for each of these people the row after the last one that is not later than ``end``."""
    low, high = start.copy(), log.offsets[1:][people].copy()
    while (low < high).any():  # a binary search for everyone at once
        middle = (low + high) // 2
        inside = (low < high) & (log.time_us[np.minimum(middle, len(log.time_us) - 1)] <= end)
        high = np.where((low < high) & ~inside, middle, high)
        low = np.where(inside, middle + 1, low)
    return low
