"""Before and after: what people do around a touchpoint, against what they do around its like."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import MINUTE_US, count_cells, person_of
from personakit.inference import percentile_interval
from personakit.journeys.groups import FEW_PEOPLE, WIDE, bootstrap_sums, members, ratio
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE, TOUCHPOINT

SIDES = ("before", "after")


def around(
    journeys: Journeys, personas: Personas | None = None, *, touchpoint: str, steps: int | None = None,
    window_min: float | None = None, seed: int, replicates: int = 200,
) -> pd.DataFrame:
    """Say what people do just before and just after a touchpoint, against the same span around its like.

    Use it to see what a touchpoint leads to, and where people come from. Its like are the other touchpoints of its stage
    (all others where it is the only one): what follows anything is no news. Visits whose span is not over yet (the
    journey is open, or the data cut falls inside) are left out of ``after``. It cannot tell whether the touchpoint causes
    what follows.

    Parameters
    ----------
    touchpoint
        The touchpoint to look around.
    steps, window_min
        How far: so many known events (3 by default), or so many minutes; not both.

    Returns
    -------
    DataFrame
        evidence_id, persona, side (``before``, ``after``), touchpoint (what is done there), events (at the touchpoint asked
        for, with their span known), people (who have such), share (of these events with it in the span), like_share, excess,
        low, high (bootstrap of people), few (fewer than 10 people, or an interval wider than .3). Largest excess first.

    Raises
    ------
    ChoiceError
        The touchpoint is unknown.
    StudyError
        Both spans, or one that is not above 0.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["see", "ask", "buy"], "time_us": [0, 5, 9]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> table = around(trace_journeys(study), touchpoint="ask", steps=1, seed=7)
    >>> table[["side", "touchpoint", "share"]].to_numpy().tolist()[:2]
    [['before', 'see', 1.0], ['before', 'ask', 0.0]]
    """
    log = journeys.log
    if touchpoint not in log.levels[TOUCHPOINT]:
        raise ChoiceError(unknown_name(TOUCHPOINT, touchpoint, list(log.levels[TOUCHPOINT])))
    if steps is not None and window_min is not None:
        raise StudyError("steps and window_min: give one of the two spans.")
    span = 3 if steps is None and window_min is None else steps if window_min is None else window_min
    if not (span is not None and span > 0):
        raise StudyError(f"{'steps' if window_min is None else 'window_min'}: {span} holds nothing. Give a number above 0.")
    words = log.levels[TOUCHPOINT]
    seeds = np.random.SeedSequence(seed)
    counts = {side: _count(journeys, touchpoint, side, span, minutes=window_min is not None) for side in SIDES}
    frames = []
    for persona, rows in members(journeys, personas).items():
        for side in SIDES:
            own = counts[side][rows]
            share, like = _shares(own.sum(axis=0)[None, :], len(words))
            low, high = percentile_interval(np.subtract(*_shares(
                bootstrap_sums(own, replicates=replicates, seed=seeds), len(words))))
            frames.append(pd.DataFrame({
                PERSONA: persona, "side": side, TOUCHPOINT: words, "events": own[:, [0]].sum(),
                "people": (own[:, [0]] > 0).sum(), "share": share[0], "like_share": like[0], "excess": share[0] - like[0],
                "low": low, "high": high}))
    table = pd.concat(frames, ignore_index=True)
    table["few"] = (table["people"] < FEW_PEOPLE) | ~(table["high"] - table["low"] <= WIDE)
    seen = (table["share"] > 0) | (table["like_share"] > 0) | table["share"].isna()
    place = {persona: at for at, persona in enumerate(members(journeys, personas))}
    table = table[seen].assign(at=table[PERSONA].map(place), turn=table["side"].map(SIDES.index))
    table = table.sort_values(["at", "turn", "excess", TOUCHPOINT], ascending=[True, True, False, True])
    return with_ids(table.drop(columns=["at", "turn"]).reset_index(drop=True), "around", touchpoint, span, seed, replicates)


def _count(journeys: Journeys, touchpoint: str, side: str, span: float, *, minutes: bool) -> sparse.csr_array:
    """Count for each person: events at the touchpoint, those with each level in their span, then the same of its like."""
    log = journeys.log
    known = np.flatnonzero(log.codes[TOUCHPOINT] >= 0)
    code, person, time = log.codes[TOUCHPOINT][known].astype(np.int64), person_of(log)[known], log.time_us[known]
    here = code == log.levels[TOUCHPOINT].get_loc(touchpoint)
    stage = log.codes[STAGE][known]
    mine = np.bincount(stage[here] + 1).argmax() - 1 if here.any() else -1
    like = ~here & (stage == mine)
    like = like if like.any() else ~here
    length = np.bincount(person, minlength=len(log.participants))
    stop = np.cumsum(length)[person]
    place = np.arange(len(code))
    whole = np.ones(len(code), dtype=bool)
    if side == "after" and minutes:
        whole = time + span * MINUTE_US <= journeys.cut_us
    elif side == "after":
        whole = (place + span < stop) | (journeys.ends["status"] == "ended").to_numpy()[person]
    size = len(log.levels[TOUCHPOINT])
    rows, cells = [], []
    for kind, anchors in enumerate((np.flatnonzero(here & whole), np.flatnonzero(like & whole))):
        rows.append(person[anchors])
        cells.append(np.full(len(anchors), kind * (size + 1)))
        for level in range(size):
            hit = np.flatnonzero(code == level)
            near = _nearest(hit, anchors, side, len(code))
            there = (near >= 0) & (person[near] == person[anchors])
            far = np.abs(time[near] - time[anchors]) / MINUTE_US if minutes else np.abs(near - anchors)
            found = there & (far <= span)
            rows.append(person[anchors[found]])
            cells.append(np.full(int(found.sum()), kind * (size + 1) + level + 1))
    return count_cells(np.concatenate(rows), np.concatenate(cells), (len(log.participants), 2 * (size + 1)))


def _nearest(hit: np.ndarray, anchors: np.ndarray, side: str, size: int) -> np.ndarray:
    """Find the nearest of ``hit`` strictly after (or before) each anchor; -1 if none."""
    if side == "after":
        return np.append(hit, -1)[np.searchsorted(hit, anchors, side="right")]
    return np.append(-1, hit)[np.searchsorted(hit, anchors, side="left")]


def _shares(sums: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    both = sums.reshape(len(sums), 2, size + 1).astype(np.float64)
    shares = ratio(both[:, :, 1:], both[:, :, :1])
    return shares[:, 0], shares[:, 1]
