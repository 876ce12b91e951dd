"""Which events are duplicates, bots or ties: the rules, used to set rows aside and to report them."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.schema import EVENT, ORDER, PARTICIPANT, TIME

BOT_EVENTS, BOT_GAP_US, BOT_DAY_EVENTS = 50, 1_000_000, 5_000
_DAY_US = 86_400_000_000


def find_duplicates(events: pd.DataFrame) -> np.ndarray:
    """Mark each row that repeats an earlier one in every column but ``order``."""
    return events.duplicated([name for name in events.columns if name != ORDER]).to_numpy()


def find_bots(events: pd.DataFrame) -> pd.Index:
    """Return the participants who cannot be people.

    A bot has at least 50 events with a median of under one second from one to the next, or more than 5,000 events in one
    UTC day. An event repeated by the same participant at the same instant counts once, so that double logging alone does
    not make a bot.
    """
    person, ids = pd.factorize(events[PARTICIPANT], sort=True)
    word, _ = pd.factorize(events[EVENT])
    time = events[TIME].to_numpy()
    rows = np.lexsort((word, time, person))
    person, time, word = person[rows], time[rows], word[rows]
    again = (person[1:] == person[:-1]) & (time[1:] == time[:-1]) & (word[1:] == word[:-1])
    once = np.append(True, ~again)[: len(person)]
    person, time = person[once], time[once]
    within = person[1:] == person[:-1]
    gaps = pd.Series(np.diff(time)[within]).groupby(person[1:][within]).median()
    median = gaps.reindex(range(len(ids)), fill_value=np.inf).to_numpy()
    fast = (np.bincount(person, minlength=len(ids)) >= BOT_EVENTS) & (median < BOT_GAP_US)
    days = pd.Series(time // _DAY_US).groupby([person, time // _DAY_US]).size()
    busy = days[days > BOT_DAY_EVENTS].index.get_level_values(0).unique()
    fast[busy.to_numpy(dtype="int64")] = True
    return pd.Index(ids[fast])


def count_ties(events: pd.DataFrame) -> int:
    """Count events that share participant and time with a different event before them, and no ``order`` parts them."""
    if ORDER in events.columns:
        return 0
    moments = events.drop_duplicates([PARTICIPANT, TIME, EVENT])
    return int(moments.duplicated([PARTICIPANT, TIME]).sum())


def as_pandas(events: Any) -> pd.DataFrame:
    """Return a log of events as a pandas frame, from any frame that narwhals reads."""
    if isinstance(events, pd.DataFrame):
        return events
    return nw.from_native(events).lazy().collect(backend="pandas").to_native()
