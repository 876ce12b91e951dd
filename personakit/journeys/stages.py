"""Stage maps: what each event counts for, one framework told in another, interviews as journeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import count_by_person, encode_events, recode, with_codes
from personakit.journeys.trace import NATURAL_END
from personakit.records import Journeys, Study
from personakit.schema import CROSSWALK, EVENT, FRAMEWORKS, ORDER, PARTICIPANT, SOURCE, STAGE, START, TIME, TOUCHPOINT

INTERVIEWS = "interviews"


def stage_coverage(journeys: Journeys) -> pd.DataFrame:
    """List what each event counts for, and how much of the log the stage map covers.

    Use it after ``trace_journeys`` to complete the map: events without a stage come first, the commonest on top. It cannot
    tell whether a stage is the right one.

    Returns
    -------
    DataFrame
        event, touchpoint, stage (empty where the map does not hold the event), events, people, share (of all events),
        covered (whether it has a stage). The events add up to those of the log.

    Examples
    --------
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "odd"], "time_us": [0, 60_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> stages = pd.DataFrame({"event": ["see"], "touchpoint": ["S"], "stage": ["awareness"]})
    >>> stage_coverage(trace_journeys(study, stages=stages))[["event", "share", "covered"]].to_numpy().tolist()
    [['odd', 0.5, False], ['see', 0.5, True]]
    """
    log = journeys.log
    people = (count_by_person(log, EVENT) > 0).sum(axis=0)
    size = len(log.levels[EVENT])
    table = pd.DataFrame({EVENT: log.levels[EVENT]})
    for column in (TOUCHPOINT, STAGE):
        # an event has one touchpoint and one stage: any of its rows tells
        code = np.full(size, -1)
        code[log.codes[EVENT]] = log.codes[column]
        table[column] = pd.Series(np.array([*log.levels[column], None], dtype=object)[code], dtype="str")
    table["events"] = np.bincount(log.codes[EVENT], minlength=size)
    table["people"], table["share"] = people, table["events"] / max(len(log.time_us), 1)
    table["covered"] = table[STAGE].notna()
    table = table[table["events"] > 0].sort_values(["covered", "events", EVENT], ascending=[True, False, True])
    return table.reset_index(drop=True)


def crosswalk(
    journeys: Journeys, framework: str, *, source: str | None = None, mapping: Mapping[str, str | None] | None = None
) -> Journeys:
    """Tell the same journeys in the stages of another framework.

    There are ``parcours``, ``choice``, ``enrolment``, ``aida`` and ``funnel`` (``schema.FRAMEWORKS``). Use it to set a
    study beside one that uses other words. A stage that the other framework does not have loses its events from views by
    stage; one that the other framework parts in two goes to the first of the two, for the log cannot tell: both are
    counted in the notes. Give ``mapping`` (stage to stage, or None) for a study with stages of its own.

    Parameters
    ----------
    framework
        The framework to tell the journeys in.
    source
        The framework of the journeys, by default the one whose stages they have.

    Returns
    -------
    Journeys
        With notes ``crosswalk_unmapped`` and ``crosswalk_ambiguous``: events with a stage that has no match, or several.

    Raises
    ------
    ChoiceError
        An unknown framework, or a mapping to or from a stage that does not exist.
    StudyError
        The log has no stages, or no framework has them.

    Examples
    --------
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 60_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> stages = pd.DataFrame({"event": ["see", "buy"], "touchpoint": ["S", "B"], "stage": ["awareness", "purchase"]})
    >>> crosswalk(trace_journeys(study, stages=stages), "funnel").stages
    ('top', 'bottom')
    """
    if framework not in FRAMEWORKS:
        raise ChoiceError(unknown_name("framework", framework, FRAMEWORKS))
    if not journeys.stages:
        raise StudyError("stages: this log has none to tell in other words. Give the study a touchpoints table.")
    log, levels = journeys.log, list(journeys.log.levels[STAGE])
    targets = _targets(levels, framework, source, mapping)
    events = np.bincount(log.codes[STAGE] + 1, minlength=len(levels) + 1)[1:]
    lost, split = (sum(int(count) for stage, count in zip(levels, events, strict=True) if test(len(targets[stage])))
                   for test in (lambda size: size == 0, lambda size: size > 1))
    words = {stage: found[0] for stage, found in targets.items() if found}
    place = np.array([*(FRAMEWORKS[framework].index(words[one]) if one in words else -1 for one in levels), -1])
    log = with_codes(log, STAGE, place[log.codes[STAGE]], FRAMEWORKS[framework])
    seen = np.bincount(log.codes[STAGE] + 1, minlength=len(FRAMEWORKS[framework]) + 1)[1:] > 0
    notes = pd.DataFrame({"check": ["crosswalk_unmapped", "crosswalk_ambiguous"], "count": [lost, split],
                          "share": np.array([lost, split]) / max(int(events.sum()), 1)})
    return replace(journeys, log=log, stages=tuple(log.levels[STAGE][seen]),
                   notes=pd.concat([journeys.notes, notes], ignore_index=True))


def _targets(
    levels: list[str], framework: str, source: str | None, mapping: Mapping[str, str | None] | None
) -> dict[str, list[str]]:
    """Give for each stage those of the framework that it may be."""
    if mapping is not None:
        for where, names, allowed in (("mapping", list(mapping), levels), (
                "mapping", [one for one in mapping.values() if one is not None], list(FRAMEWORKS[framework]))):
            for name in names:
                if name not in allowed:
                    raise ChoiceError(unknown_name(where, name, allowed))
        return {one: [str(mapping[one])] if mapping.get(one) is not None else [] for one in levels}
    if source is not None and source not in FRAMEWORKS:
        raise ChoiceError(unknown_name("source", source, FRAMEWORKS))
    fits = [name for name in ([source] if source else FRAMEWORKS) if set(levels) <= set(FRAMEWORKS[name])]
    if not fits:
        raise StudyError(f"stages: no framework has {', '.join(levels)}. Say with mapping={{stage: stage}} what each "
                         f"stage is in {framework}.")
    held, there = CROSSWALK[fits[0]], CROSSWALK[framework]
    if fits[0] == framework:
        return {one: [one] for one in levels}
    return {one: [other for other in FRAMEWORKS[framework] if there[other] == held[one]] for one in levels}


def interview_journeys(study: Study) -> Journeys:
    """Make a journey of each interview: its coded passages, ordered by their stage, then as they were said.

    Use it to set what people tell beside what they do, with ``step_matrix``, ``transitions``, ``stage_counts`` or
    ``variants`` by stage or by code. It says which stages people speak of: the order is that of the framework, and nothing
    has a duration. Interviewees were not drawn from a market: say ``people`` of ``people_total`` (``counts=True`` in a
    picture), never their share.

    Returns
    -------
    Journeys
        ``touchpoint`` holds the code; all journeys have ended; times are mere places. Notes: ``interviews`` (interviewees
        with a stage, share of all interviewees) and ``unmapped_events`` (passages without a stage, left out). A passage
        that several coders gave the same code counts once.

    Raises
    ------
    StudyError
        No codes, or none with a stage.

    Examples
    --------
    >>> codes = pd.DataFrame({"participant_id": ["a", "a"], "code": ["price", "advert"], "stage": ["purchase", "awareness"]})
    >>> people = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    >>> journeys = interview_journeys(Study(name="x", participants=people, codes=codes))
    >>> journeys.stages, journeys.log.levels["touchpoint"][journeys.log.codes["touchpoint"]].tolist()
    (('awareness', 'purchase'), ['advert', 'price'])
    """
    codes = study.codes
    if codes is None or STAGE not in codes or not codes[STAGE].isin(study.stages).any():
        raise StudyError("codes: none has a stage of the study, so interviews have no order. "
                         "Add a stage column to the codes table.")
    where = [one for one in (SOURCE, START) if one in codes]
    passages = codes.drop_duplicates([PARTICIPANT, *where, "code", STAGE])
    told = passages[passages[STAGE].isin(study.stages)]
    rank = told[STAGE].map({stage: place for place, stage in enumerate(study.stages)})
    told = told.assign(rank=rank).sort_values([PARTICIPANT, "rank", *where], kind="stable", na_position="last")
    place = told.groupby(PARTICIPANT).cumcount()
    log = encode_events(pd.DataFrame({
        PARTICIPANT: told[PARTICIPANT].astype("str"), EVENT: told["code"].astype("str"), TIME: place.astype("int64"),
        ORDER: place.astype("int64"), STAGE: told[STAGE].astype("str")}), columns=[STAGE])
    log = recode(log, STAGE, {}, levels=study.stages)
    log = with_codes(log, TOUCHPOINT, log.codes[EVENT], list(log.levels[EVENT]))
    log = with_codes(log, NATURAL_END, np.full(len(log.time_us), -1), ["yes"])
    size = np.diff(log.offsets)
    ends = pd.DataFrame({"events": size, "sessions": 1, "first_us": 0, "last_us": size - 1, "gap_limit_us": 0,
                         "status": pd.array(["ended"] * len(size), dtype="str")}, index=log.participants)
    asked = codes[PARTICIPANT].nunique()
    notes = pd.DataFrame({"check": ["unmapped_events", INTERVIEWS], "count": [len(passages) - len(told), len(size)],
                          "share": [1 - len(told) / len(passages), len(size) / asked]})
    seen = np.bincount(log.codes[STAGE], minlength=len(study.stages)) > 0
    return Journeys(log=log, stages=tuple(log.levels[STAGE][seen]), session=np.repeat(np.arange(len(size)), size),
                    session_gap_min=float("inf"), ends=ends, notes=notes, cut_us=int(size.max()) - 1)
