"""What people still use: events, visits, minutes and recency by stage, one period beside the one before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import norm

from personakit.errors import StudyError
from personakit.eventlog import DAY_US, MINUTE_US, person_of
from personakit.inference import adjust_bh, percentile_interval, person_weights
from personakit.monitor.sheet import groups_of
from personakit.records import Journeys, Personas
from personakit.schema import CONTENT, PERSONA, STAGE, row_id

#: people on whom an engagement figure stands at least
FEWEST = 10
#: figures of which more is less engagement
QUIET = "days_quiet"


def engagement(
    journeys: Journeys, personas: Personas | None = None, *, period_days: float = 28.0, seed: int, replicates: int = 500
) -> pd.DataFrame:
    """Compare what active people do at each stage in the last period with the period before, and name the content they left.

    Use it to see where people lose interest. A person is active in a period with any event in it; people who have left
    altogether do not count here (the funnel counts them). It cannot tell a season from a loss of interest.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage, measure: ``events``, ``visits`` (sessions that meet the stage) and ``minutes`` (from an
        event there to the next of the session) per active person, and ``days_quiet`` (from the last event at the stage to
        the end of the period, mean of those who used it then); before, now, people_before, people_now (of whom it is a
        mean), change (now / before - 1), low, high (bootstrap of people), p (of the ratio, by its bootstrapped spread), q
        (over all rows), falling (q below .05 and the whole interval on the side of less engagement), stale (where it falls,
        the content that lost most readers there, or empty), readers_before, readers_now (share).

    Raises
    ------
    StudyError
        Two periods do not fit into the log, or the journeys have no stages.
    """
    log, length = journeys.log, period_days * DAY_US
    if not journeys.stages:
        raise StudyError("engagement: the journeys have no stages. Give the study a touchpoints table.")
    if not length > 0 or journeys.cut_us - 2 * length < log.time_us.min():
        raise StudyError(f"period_days: two periods of {period_days} days do not fit into this log. Give a shorter one.")
    person = person_of(log)
    ends = np.array([journeys.cut_us - length, journeys.cut_us])
    period = np.where(log.time_us > ends[0], 1, np.where(log.time_us > ends[0] - length, 0, -1))
    measures = dict(_measures(journeys, person, period, ends))
    seeds, rows = np.random.SeedSequence(seed), []
    for persona, people in groups_of(journeys, personas).items():
        own = log.participants.isin(people)
        weights = person_weights(int(own.sum()), replicates=replicates, seed=seeds.spawn(1)[0]) if own.any() else None
        for place, stage in enumerate(journeys.stages):
            mask = own[person] & (log.codes[STAGE] == log.levels[STAGE].get_loc(stage))
            left = _stale(journeys, person, period, mask)
            for measure, (above, below) in measures.items():
                row = _engaged(above[:, own, place], below[:, own, place], weights)
                rows.append({PERSONA: persona, STAGE: stage, "measure": measure, **row, **left})
    out = pd.DataFrame(rows)
    out["q"] = adjust_bh(out["p"].to_numpy(float))
    less = np.where(out["measure"] == QUIET, out["low"] > 0, out["high"] < 0)
    out["falling"] = (out["q"] < 0.05) & less
    out.loc[~out["falling"], "stale"] = ""
    key = row_id("engagement", period_days, seed, replicates, *(one for pair in measures.values() for one in pair))
    out.insert(0, "evidence_id", [row_id(key, *row) for row in out[[PERSONA, STAGE, "measure"]].to_numpy()])
    return out


def _measures(
    journeys: Journeys, person: np.ndarray, period: np.ndarray, ends: np.ndarray
) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Yield each figure as sums and the people that they are divided by: both (2 periods, participants, stages)."""
    log, size = journeys.log, len(journeys.stages)
    place = np.array([*(journeys.stages.index(one) if one in journeys.stages else size for one in log.levels[STAGE]), size])
    stage, shape = place[log.codes[STAGE]], (2, len(log.participants), size + 1)
    rows = np.flatnonzero(period >= 0)
    cell = period[rows], person[rows], stage[rows]
    events = np.zeros(shape)
    np.add.at(events, cell, 1)
    active = np.broadcast_to((events.sum(axis=2, keepdims=True) > 0).astype(float), (*shape[:2], size))
    _, first = np.unique(np.stack([*cell, journeys.session[rows]]), axis=1, return_index=True)
    visits = np.zeros(shape)
    np.add.at(visits, tuple(one[first] for one in cell), 1)
    stay = np.append(np.where(np.diff(journeys.session) == 0, np.diff(log.time_us), 0), 0) / MINUTE_US
    minutes = np.zeros(shape)
    np.add.at(minutes, cell, stay[rows])
    last = np.full(shape, -np.inf)
    np.maximum.at(last, cell, log.time_us[rows].astype(float))
    used = np.isfinite(last)
    quiet = np.where(used, (ends[:, None, None] - np.where(used, last, 0.0)) / DAY_US, 0.0)
    for name, above in (("events", events), ("visits", visits), ("minutes", minutes)):
        yield name, (above[:, :, :size], active)
    yield QUIET, (quiet[:, :, :size], used[:, :, :size].astype(float))


def _engaged(above: np.ndarray, below: np.ndarray, weights: np.ndarray | None) -> dict[str, float]:
    n = below.sum(axis=1)
    out = {"people_before": int(n[0]), "people_now": int(n[1]),
           **dict.fromkeys(("before", "now", "change", "low", "high", "p"), np.nan)}
    if n.min() < FEWEST or not above[0].sum() or weights is None:
        return out
    before, now = above.sum(axis=1) / n
    draws = (weights @ above.T) / np.maximum(weights @ below.T, 1)
    change = np.divide(draws[:, 1], draws[:, 0], out=np.full(len(draws), np.nan), where=draws[:, 0] > 0) - 1
    low, high = percentile_interval(change)
    return out | {"before": before, "now": now, "change": now / before - 1, "low": float(low), "high": float(high),
                  "p": _chance(now / before, 1 + change)}


def _chance(ratio: float, draws: np.ndarray) -> float:
    """Give the two-sided p of a ratio from its spread on the log scale; from the draws' sides where one of them is 0.

    Sides alone cannot be less than two in the number of draws, which many rows would never let pass.
    """
    known = draws[np.isfinite(draws)]
    if ratio <= 0 or not len(known) or (known <= 0).any():
        side = min(float((known >= 1).mean()), float((known <= 1).mean())) if len(known) else 1.0
        return min(1.0, 2 * (side * len(known) + 1) / (len(known) + 1))
    spread = float(np.log(known).std(ddof=1))
    return float(2 * norm.sf(abs(np.log(ratio)) / spread)) if spread > 0 else float(ratio == 1)


def _stale(journeys: Journeys, person: np.ndarray, period: np.ndarray, mask: np.ndarray) -> dict[str, object]:
    """Name the content that lost the largest share of the people seen at this stage."""
    log = journeys.log
    none: dict[str, object] = {"stale": "", "readers_before": np.nan, "readers_now": np.nan}
    if CONTENT not in log.codes:
        return none
    shares = []
    for one in (0, 1):
        here = mask & (period == one)
        read = here & (log.codes[CONTENT] >= 0)
        pairs = np.unique(np.stack([person[read], log.codes[CONTENT][read]]), axis=1)
        people = len(np.unique(person[here]))
        if people < FEWEST:
            return none
        shares.append(np.bincount(pairs[1].astype(int), minlength=len(log.levels[CONTENT])) / people)
    if not len(shares[0]):
        return none
    worst = int((shares[1] - shares[0]).argmin())
    if shares[1][worst] >= shares[0][worst]:
        return none
    return {"stale": str(log.levels[CONTENT][worst]), "readers_before": shares[0][worst], "readers_now": shares[1][worst]}
