"""The figures that a team follows: one sheet by stage, and when the picture is too old."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import DAY_US
from personakit.inference import wilson_interval
from personakit.monitor.outcomes import journey_outcomes
from personakit.records import Journeys, Personas, Study
from personakit.schema import EVENT, OWNER, PERSONA, STAGE, TOUCHPOINT, row_id

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
    groups = groups_of(journeys, personas)
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


def groups_of(journeys: Journeys, personas: Personas | None) -> dict[str, pd.Index]:
    """Map ``all`` and each persona to its participants in the log."""
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
