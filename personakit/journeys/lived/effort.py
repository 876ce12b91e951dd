"""Effort that shows in behaviour, beside the effort that people state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.eventlog import MINUTE_US, person_of, steps
from personakit.inference import expanded_level, percentile_interval, person_weights, weighted_rate
from personakit.journeys.groups import FEW_PEOPLE
from personakit.journeys.rows import with_ids
from personakit.journeys.trace import NATURAL_END
from personakit.records import Journeys
from personakit.schema import CHANNEL, OWNER, PERSONA, STAGE, TOUCHPOINT
from personakit.wording import canonical

HELP_TEAM = "customer_service"


def person_effort(journeys: Journeys) -> pd.DataFrame:
    """Count what costs effort in each journey.

    Returns
    -------
    DataFrame (participants)
        extra_steps (steps to the first natural end over the shortest way there; NaN for who has not come there),
        backtracks (steps to an earlier stage), repeats (the same touchpoint again in the same session), help_contacts
        (events at touchpoints of customer service), channel_switches, hesitation_min (minutes within sessions beyond the
        median gap of the stage). Long journeys hold more of everything: all but extra_steps are per ten events.
    """
    log, session = journeys.log, journeys.session
    people = len(log.participants)
    events = np.diff(log.offsets)
    before, after = steps(log, TOUCHPOINT)
    person = person_of(log)
    out = {"extra_steps": _extra_steps(journeys)}
    stage = log.codes[STAGE]
    known = (stage[before] >= 0) & (stage[after] >= 0)
    together = session[before] == session[after]

    def each_ten(rows: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return 10 * np.bincount(person[rows], weights=weights, minlength=people) / np.maximum(events, 1)

    out["backtracks"] = each_ten(after[known & (stage[after] < stage[before])])
    out["repeats"] = each_ten(after[together & (log.codes[TOUCHPOINT][before] == log.codes[TOUCHPOINT][after])])
    if OWNER in log.codes:
        team = np.array([canonical(str(one)) == HELP_TEAM for one in log.levels[OWNER]] + [False])
        out["help_contacts"] = each_ten(np.flatnonzero(team[log.codes[OWNER]]))
    if CHANNEL in log.codes:
        channel = log.codes[CHANNEL]
        out["channel_switches"] = each_ten(after[(channel[before] >= 0) & (channel[after] >= 0)
                                                 & (channel[before] != channel[after])])
    gap = (log.time_us[after] - log.time_us[before]) / MINUTE_US
    place = stage[before] if journeys.stages else np.zeros(len(before), dtype=np.int64)
    beyond = np.zeros(len(gap))
    for one in np.unique(place[together]):
        mine = together & (place == one)
        beyond[mine] = np.maximum(gap[mine] - np.median(gap[mine]), 0)
    out["hesitation_min"] = each_ten(after, beyond)
    return pd.DataFrame(out, index=log.participants)


def _extra_steps(journeys: Journeys) -> np.ndarray:
    log = journeys.log
    ends = np.flatnonzero(log.codes[NATURAL_END] >= 0) if NATURAL_END in log.codes else np.empty(0, dtype=np.int64)
    person = person_of(log)[ends]
    first = np.append(True, np.diff(person) != 0)[: len(ends)]
    out = np.full(len(log.participants), np.nan)
    out[person[first]] = ends[first] - log.offsets[:-1][person[first]] + 1
    return out - np.nanmin(out) if (~np.isnan(out)).any() else out


def effort_table(
    effort: pd.DataFrame, stated: pd.Series, groups: Mapping[str, pd.Index], *, seed: int, replicates: int
) -> pd.DataFrame:
    """Average effort by persona, and its rank correlation with stated ease over people.

    Returns
    -------
    DataFrame
        evidence_id, persona, measure, mean, low, high (bootstrap of people), n, correlation (Spearman, with the mean of a
        person's answers about ease), correlation_low, correlation_high, n_stated, tracks (the interval lies below 0: more
        such behaviour goes with less stated ease).
    """
    rows = []
    for persona, people in groups.items():
        own = effort.loc[effort.index.isin(people)]
        if not len(own):
            continue
        weights = person_weights(len(own), replicates=replicates, seed=seed)
        values = own.to_numpy(float)
        n = (~np.isnan(values)).sum(axis=0)
        low, high = percentile_interval(weighted_rate(weights, values), level=expanded_level(n))
        said = stated.reindex(own.index).to_numpy(float)
        for at, measure in enumerate(own.columns):
            if n[at]:
                rows.append((persona, measure, float(np.nanmean(values[:, at])), low[at], high[at], int(n[at]),
                             *_correlation(values[:, at], said, seed, replicates)))
    names = [PERSONA, "measure", "mean", "low", "high", "n", "correlation", "correlation_low", "correlation_high",
             "n_stated"]
    table = pd.DataFrame(rows, columns=names)
    table["tracks"] = table["correlation_high"] < 0
    return with_ids(table, "effort", seed, replicates)


def _correlation(behaved: np.ndarray, said: np.ndarray, seed: int, replicates: int) -> tuple[float, float, float, int]:
    both = ~np.isnan(behaved) & ~np.isnan(said)
    n = int(both.sum())
    if n < FEW_PEOPLE or np.ptp(behaved[both]) == 0 or np.ptp(said[both]) == 0:
        return np.nan, np.nan, np.nan, n
    pairs = np.stack([pd.Series(one[both]).rank().to_numpy() for one in (behaved, said)])
    pairs -= pairs.mean(axis=1, keepdims=True)
    weights = person_weights(n, replicates=replicates, seed=seed).astype(float)
    total = weights.sum(axis=1)
    first, second = (weights @ one / total for one in pairs)
    cross = weights @ (pairs[0] * pairs[1]) / total - first * second
    spread = [np.maximum(weights @ one**2 / total - mean**2, 1e-12)
              for one, mean in zip(pairs, (first, second), strict=True)]
    low, high = percentile_interval(cross / np.sqrt(spread[0] * spread[1]))
    whole = float((pairs[0] * pairs[1]).sum() / np.sqrt((pairs[0] ** 2).sum() * (pairs[1] ** 2).sum()))
    return whole, float(low), float(high), n

