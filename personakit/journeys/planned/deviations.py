"""Deviations from the design: how many people, where, whose touchpoint, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from personakit.eventlog import DAY_US, person_of
from personakit.inference import newcombe_interval, percentile_interval, person_weights, wilson_interval
from personakit.journeys.friction import commonest_level
from personakit.journeys.groups import FEW_PEOPLE
from personakit.journeys.planned.design import Step
from personakit.journeys.planned.moves import Aligned
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import CHANNEL, OWNER, PERSONA, STAGE, TOUCHPOINT

SKIPPED = "skipped"
NOT_REACHED = "not_reached"
KINDS = (SKIPPED, NOT_REACHED, "inserted", "out_of_order", "wrong_channel")
COLUMNS = [PERSONA, "kind", TOUCHPOINT, STAGE, CHANNEL, OWNER, "times", "people", "people_total", "share", "low", "high",
           "more_days", "more_days_low", "more_days_high", "conversion", "conversion_low", "conversion_high", "few"]


def deviation_table(
    journeys: Journeys, found: Aligned, *, steps: Sequence[Step], rows: np.ndarray, kinds: np.ndarray, flat: np.ndarray,
    people: pd.DataFrame, groups: Mapping[str, np.ndarray], seed: int, replicates: int,
) -> pd.DataFrame:
    """Count who deviates where.

    Returns
    -------
    DataFrame
        evidence_id, persona (``all`` first), kind (``skipped``: a mandatory step left out though a later one was taken;
        ``not_reached``: the journey ended before it; ``inserted``: a touchpoint that the design does not hold;
        ``out_of_order``: one that it holds elsewhere, or that comes again though it is not repeatable;
        ``wrong_channel``), touchpoint (of the step where it is skipped or not reached), stage, channel, owner (of the
        touchpoint, empty where unknown), times, people, people_total (skipped: who took it or a later step; not_reached:
        whose journey ended or who took it; wrong_channel: who took it; else everyone), share, low, high (Wilson: a person
        counts once), more_days (among those who reached the goal: median days to it with the deviation less without),
        more_days_low, more_days_high (bootstrap of people), conversion (share who reached the goal with it less without,
        journeys of open outcome left out; none for the goal itself and for steps not reached), conversion_low,
        conversion_high (Newcombe), few (fewer than 10 people).
        What goes with a deviation is not caused by it.
    """
    where, at_risk, times = _cells(journeys, steps, rows, kinds, flat, found)
    days = _days_to_goal(journeys, rows, flat, found, steps)
    outcome = np.where(people["reached_goal"], 1.0, np.where(people["status"] == "open", np.nan, 0.0))
    frames = []
    weights = {one: person_weights(len(mine), replicates=replicates, seed=seed) for one, mine in groups.items() if len(mine)}
    for persona, mine in groups.items():
        for place, facts in enumerate(where):
            some = mine[at_risk[place][mine]]
            count = times[place][some]
            if not len(some) or not count.any():
                continue
            low, high = wilson_interval((count > 0).sum(), len(some))
            frames.append({PERSONA: persona, **facts, "times": int(count.sum()), "people": int((count > 0).sum()),
                           "people_total": len(some), "share": float((count > 0).mean()), "low": float(low),
                           "high": float(high),
                           **_more_days(days[mine], at_risk[place][mine], times[place][mine], weights[persona]),
                           **_conversion(outcome[some], count > 0, told=_is_goal(facts, steps)), "few": bool((count >
                           0).sum() < FEW_PEOPLE)})
    table = pd.DataFrame(frames, columns=COLUMNS)
    table["rank"] = table[PERSONA].map({one: place for place, one in enumerate(groups)})
    table["order"] = table["kind"].map({one: place for place, one in enumerate(KINDS)})
    table = table.sort_values(["rank", "order", "share", TOUCHPOINT], ascending=[True, True, False, True])
    return with_ids(table[COLUMNS].reset_index(drop=True), "deviations", seed, replicates)


def _cells(
    journeys: Journeys, steps: Sequence[Step], rows: np.ndarray, kinds: np.ndarray, flat: np.ndarray, found: Aligned
) -> tuple[list[dict[str, str]], list[np.ndarray], list[np.ndarray]]:
    """List the places of deviation, who could deviate there (people, bool) and how often each does."""
    log = journeys.log
    words, person = log.levels[TOUCHPOINT], person_of(log)[rows]
    facts = {name: commonest_level(journeys, name) for name in (STAGE, CHANNEL, OWNER)}
    where: list[dict[str, str]] = []
    at_risk, times = [], []
    later = taken_later(found)
    due = np.arange(len(steps)) < found.passed[:, None]
    for place, step in enumerate(steps):
        if step.optional:
            continue
        code = int(words.get_indexer(pd.Index([step.touchpoints[0]]))[0])
        own = {name: str(one[code]) if code >= 0 else "" for name, one in facts.items()}
        for kind, risk in ((SKIPPED, found.taken | later), (NOT_REACHED, due)):
            where.append({"kind": kind, TOUCHPOINT: step.title, STAGE: step.stage or own[STAGE],
                          CHANNEL: step.channel or own[CHANNEL], OWNER: own[OWNER]})
            at_risk.append(risk[:, place])
            missed = ~found.taken[:, place] & (later[:, place] == (kind == SKIPPED)) & risk[:, place]
            times.append(missed.astype(np.int64))
    touchpoint = log.codes[TOUCHPOINT][rows]
    for kind in KINDS[1:]:
        for code in np.unique(touchpoint[kinds == kind]):
            here = (kinds == kind) & (touchpoint == code)
            own = {name: str(one[code]) for name, one in facts.items()}
            where.append({"kind": kind, TOUCHPOINT: str(words[code]), **own})
            took = np.bincount(person[(flat >= 0) & (touchpoint == code)], minlength=len(found.cost)) > 0
            at_risk.append(took if kind == "wrong_channel" else np.ones(len(found.cost), dtype=bool))
            times.append(np.bincount(person[here], minlength=len(found.cost)))
    return where, at_risk, times


def taken_later(found: Aligned) -> np.ndarray:
    """Tell of each person and step whether a later step was taken: (people, steps)."""
    after = np.cumsum(found.taken[:, ::-1], axis=1)[:, ::-1] - found.taken
    return after > 0


def _days_to_goal(
    journeys: Journeys, rows: np.ndarray, flat: np.ndarray, found: Aligned, steps: Sequence[Step]
) -> np.ndarray:
    """Days from the first event to the first that counts as the goal; NaN for who did not reach it."""
    log = journeys.log
    goal = max(place for place, one in enumerate(steps) if not one.optional)
    hit = rows[flat == goal]
    person = person_of(log)[hit]
    out = np.full(len(found.cost), np.nan)
    first = np.append(True, np.diff(person) != 0)[: len(hit)]
    start = log.time_us[log.offsets[:-1]]
    out[person[first]] = (log.time_us[hit[first]] - start[person[first]]) / DAY_US
    return out


def _more_days(days: np.ndarray, at_risk: np.ndarray, times: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Median days with the deviation less without, among those who reached the goal, and its bootstrap interval."""
    names = ("more_days", "more_days_low", "more_days_high")
    known = at_risk & ~np.isnan(days)
    sides = [known & (times > 0), known & (times == 0)]
    if min(one.sum() for one in sides) < FEW_PEOPLE:
        return dict.fromkeys(names, np.nan)
    draws = np.subtract(*(_weighted_medians(days[one], weights[:, one]) for one in sides))
    low, high = percentile_interval(draws)
    more = float(np.median(days[sides[0]]) - np.median(days[sides[1]]))
    return dict(zip(names, (more, float(low), float(high)), strict=True))


def _weighted_medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    total = reached[:, -1:]
    place = (reached >= np.maximum(total, 1) / 2).argmax(axis=1)
    return np.where(total[:, 0] > 0, values[order][place], np.nan)


def _is_goal(facts: Mapping[str, str], steps: Sequence[Step]) -> bool:
    """Tell whether a deviation is one from the goal itself, or an end: then the outcome follows from its definition."""
    goal = [one for one in steps if not one.optional][-1]
    return facts["kind"] == NOT_REACHED or (facts["kind"] == SKIPPED and facts[TOUCHPOINT] == goal.title)


def _conversion(outcome: np.ndarray, deviates: np.ndarray, *, told: bool) -> dict[str, float]:
    """Share who reached the goal with the deviation less without, and its interval; none where its definition tells."""
    known = ~np.isnan(outcome)
    with_it, without = outcome[known & deviates], outcome[known & ~deviates]
    if told or min(len(with_it), len(without)) < FEW_PEOPLE:
        return dict.fromkeys(("conversion", "conversion_low", "conversion_high"), np.nan)
    low, high = newcombe_interval(with_it.sum(), len(with_it), without.sum(), len(without))
    return {"conversion": float(with_it.mean() - without.mean()), "conversion_low": float(low),
            "conversion_high": float(high)}
