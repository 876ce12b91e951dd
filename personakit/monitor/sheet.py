"""The figures that a team follows: one sheet by stage, what people still use, and when the picture is too old."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import DAY_US, person_of
from personakit.inference import adjust_bh, percentile_interval, person_weights, wilson_interval
from personakit.monitor.outcomes import journey_outcomes
from personakit.records import Journeys, Personas, Study
from personakit.schema import CONTENT, EVENT, OWNER, PERSONA, STAGE, TOUCHPOINT, row_id

ALL = "all"
#: people on whom an engagement figure stands at least
FEWEST = 10
SHEET = ["evidence_id", STAGE, "next_stage", PERSONA, "numerator", "denominator", "value", "low", "high", OWNER, "metric",
         "target"]


def kpi_sheet(study: Study, journeys: Journeys, personas: Personas | None = None, *, window_days: float) -> pd.DataFrame:
    """Give one figure a stage: of those who entered it, how many went on to a later stage within the window.

    Use it as the sheet that a team reads every month beside its own figures. The definition is the same for every stage:
    the denominator are people whose first event at the stage is old enough to have been watched for the window, the
    numerator those of them who then met any later stage. It cannot tell why people go on.

    Parameters
    ----------
    study
        Gives the owner of each stage (of most of its touchpoints) and its goals with their metric and target.
    journeys, personas
        From ``trace_journeys`` and, for a row a persona, ``choose``.
    window_days
        How long everyone is watched.

    Returns
    -------
    DataFrame
        evidence_id, stage, next_stage (the stages that count, the next one first), persona (``all`` or P1 ...), numerator,
        denominator (people), value, low, high (share, Wilson), owner, metric, target (the study's own words).

    Raises
    ------
    StudyError
        The journeys have fewer than two stages, or the window is not above 0.
    """
    if len(journeys.stages) < 2:
        raise StudyError(f"kpi_sheet: the journeys have {len(journeys.stages)} stages. It needs two or more, in order.")
    groups = _groups(journeys, personas)
    rows = []
    for place, stage in enumerate(journeys.stages[:-1]):
        later = list(journeys.stages[place + 1 :])
        outcomes = journey_outcomes(journeys, enter=stage, reach=later, window_days=window_days)
        went_on = outcomes[later].max(axis=1, skipna=False)
        for persona, people in groups.items():
            own = went_on[went_on.index.isin(people)].dropna()
            rows.append((stage, ", ".join(later), persona, int(own.sum()), len(own), own.mean() if len(own) else np.nan,
                         row_id("kpi", stage, persona, window_days, own.index.to_numpy(object), own.to_numpy())))
    out = pd.DataFrame(rows, columns=[STAGE, "next_stage", PERSONA, "numerator", "denominator", "value", "evidence_id"])
    out["low"], out["high"] = wilson_interval(out["numerator"], out["denominator"])
    owners, goals = _owners(study), _goals(study)
    out[OWNER] = [owners.get(stage, "") for stage in out[STAGE]]
    for column in ("metric", "target"):
        out[column] = [goals.get(stage, {}).get(column, "") for stage in out[STAGE]]
    return out[SHEET]


def _groups(journeys: Journeys, personas: Personas | None) -> dict[str, pd.Index]:
    people = journeys.log.participants
    groups = {ALL: people}
    if personas is not None:
        label = personas.labels.reindex(people)
        groups |= {str(one): people[(label == one).to_numpy(bool)] for one in personas.membership.columns}
    return groups


def _owners(study: Study) -> Mapping[str, str]:
    if study.touchpoints is None or OWNER not in study.touchpoints.columns:
        return {}
    known = study.touchpoints.dropna(subset=[OWNER])
    return {str(stage): str(own.value_counts(sort=False).sort_index().idxmax())
            for stage, own in known.groupby(STAGE)[OWNER]}


def _goals(study: Study) -> Mapping[str, Mapping[str, str]]:
    if study.goals is None or STAGE not in study.goals.columns:
        return {}
    columns = [name for name in ("metric", "target") if name in study.goals.columns]
    return {str(stage): {name: "; ".join(own[name].dropna().astype("str")) for name in columns}
            for stage, own in study.goals.dropna(subset=[STAGE]).groupby(STAGE)}


def engagement(
    journeys: Journeys, personas: Personas | None = None, *, period_days: float = 28.0, seed: int, replicates: int = 500
) -> pd.DataFrame:
    """Compare what active people do at each stage in the last period with the period before, and name the content they left.

    Use it to see where people lose interest. A person is active in a period with any event in it; the figure is events at
    the stage per active person, so people who have left altogether do not count here (the funnel counts them). It cannot
    tell a season from a loss of interest.

    Returns
    -------
    DataFrame
        evidence_id, persona, stage, before, now (events per active person), active_before, active_now, change (now / before
        - 1), low, high (bootstrap of people), p (share of draws on the other side, twice), q, falling (q below .05 and the
        interval under 0), stale (the content that lost most readers there, or empty), readers_before, readers_now (share).

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
    period = np.where(log.time_us > journeys.cut_us - length, 1, np.where(log.time_us > journeys.cut_us - 2 * length, 0, -1))
    counts = np.stack([_by_stage(journeys, person, period == one) for one in (0, 1)])
    active = counts.sum(axis=2) > 0
    seeds, rows = np.random.SeedSequence(seed), []
    for persona, people in _groups(journeys, personas).items():
        own = log.participants.isin(people)
        weights = person_weights(int(own.sum()), replicates=replicates, seed=seeds.spawn(1)[0]) if own.any() else None
        for place, stage in enumerate(journeys.stages):
            row = _engaged(counts[:, own, place], active[:, own], weights)
            mask = own[person] & (log.codes[STAGE] == log.levels[STAGE].get_loc(stage))
            rows.append({PERSONA: persona, STAGE: stage, **row, **_stale(journeys, person, period, mask)})
    out = pd.DataFrame(rows)
    out["q"] = adjust_bh(out["p"].to_numpy(float))
    out["falling"] = (out["q"] < 0.05) & (out["high"] < 0)
    out.loc[~out["falling"], "stale"] = ""
    key = row_id("engagement", period_days, seed, replicates, counts)
    out.insert(0, "evidence_id", [row_id(key, *row) for row in out[[PERSONA, STAGE]].to_numpy()])
    return out


def _by_stage(journeys: Journeys, person: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Count each participant's events by stage, and of no stage in the last column, among the rows to keep."""
    log, size = journeys.log, len(journeys.stages)
    place = np.array([*(journeys.stages.index(one) if one in journeys.stages else size for one in log.levels[STAGE]), size])
    out = np.zeros((len(log.participants), size + 1))
    np.add.at(out, (person[keep], place[log.codes[STAGE][keep]]), 1)
    return out


def _engaged(counts: np.ndarray, active: np.ndarray, weights: np.ndarray | None) -> dict[str, float]:
    n = active.sum(axis=1)
    out = {"active_before": int(n[0]), "active_now": int(n[1]),
           **dict.fromkeys(("before", "now", "change", "low", "high", "p"), np.nan)}
    if n.min() < FEWEST or not counts[0].sum() or weights is None:
        return out
    before, now = counts.sum(axis=1) / n
    draws = (weights @ counts.T) / np.maximum(weights @ active.T, 1)
    change = np.divide(draws[:, 1], draws[:, 0], out=np.full(len(draws), np.nan), where=draws[:, 0] > 0) - 1
    low, high = percentile_interval(change)
    side = min(float(np.nanmean(change >= 0)), float(np.nanmean(change <= 0)))
    return out | {"before": before, "now": now, "change": now / before - 1, "low": float(low), "high": float(high),
                  "p": min(1.0, 2 * (side * len(change) + 1) / (len(change) + 1))}


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


def freshness(made_from: Journeys, now: Journeys, *, today_us: int, redo_days: float = 365.0) -> pd.DataFrame:
    """Say how old the picture is, and what has come up since that it does not know.

    Use it before showing a card or map again. ``made_from`` are the journeys that cards and maps were made from, ``now``
    those of today's log. It cannot tell whether anything has changed: ``compare_waves`` does.

    Returns
    -------
    DataFrame
        check (age_days, redo_in_days, new_people, new_events, new_touchpoints), value, of (what it is counted among, NaN
        for days), first (five names), due (a person should look: older than ``redo_days``, half of the people are new, or
        anything unseen makes up 5 % or more of today's events).

    Raises
    ------
    StudyError
        Today lies before the data cut.
    """
    age = (today_us - made_from.cut_us) / DAY_US
    if age < 0:
        raise StudyError("today_us: lies before the last event that the picture was made from. Give the day of today.")
    known, people = made_from.log.participants, now.log.participants
    since = ~people.isin(known)
    rows = [("age_days", age, np.nan, "", age > redo_days), ("redo_in_days", redo_days - age, np.nan, "", age > redo_days),
            ("new_people", float(since.sum()), float(len(people)), "", bool(since.mean() >= 0.5))]
    for name, column in (("new_events", EVENT), ("new_touchpoints", TOUCHPOINT)):
        unseen = [str(one) for one in now.log.levels[column] if one not in made_from.log.levels[column]]
        count = int(np.isin(now.log.codes[column], now.log.levels[column].get_indexer(pd.Index(unseen))).sum())
        rows.append((name, float(count), float(len(now.log.time_us)), ", ".join(unseen[:5]),
                     count >= 0.05 * len(now.log.time_us) and count > 0))
    return pd.DataFrame(rows, columns=["check", "value", "of", "first", "due"])
