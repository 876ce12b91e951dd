"""Stage maps: what each event counts for, one framework told in another, results at two grains, interviews as journeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import count_by_person, count_cells, encode_events, recode, with_codes
from personakit.inference import bootstrap_sums, one_thread, percentile_interval, ratio
from personakit.journeys.friction import rank_friction, visit_table
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


@one_thread()
def audit_grain(journeys: Journeys, *, seed: int) -> pd.DataFrame:
    """Ask where visits stop once by stage and once by touchpoint, and flag where the answer hangs on the grain.

    Use it before a conclusion by stage is believed: a stage may look sound because its other touchpoints make up for one
    that breaks, and a visit that goes on within its stage is a step at one grain and none at the other. It cannot tell
    which grain is right.

    Returns
    -------
    DataFrame
        One row a stage that both grains compare (natural ends are left out, as in ``rank_friction``): stage, stage_excess,
        low, high (its visits that stop over all other stages), touchpoint_excess (the same of the visits of its
        touchpoints, added up), worst (its touchpoint of most friction), worst_excess (over the like of that touchpoint),
        stage_rank (1 loses most), touchpoint_rank (by worst_excess), sign_changes (of stage_excess and touchpoint_excess),
        rank_changes, flagged (either).

    Raises
    ------
    StudyError
        The log has no stages.

    Examples
    --------
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": "a", "event": list("xyzx"), "time_us": [0, 1, 10**11, 2 * 10**11]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> stages = pd.DataFrame({"event": list("xyz"), "touchpoint": list("xyz"), "stage": ["research"] * 2 + ["purchase"]})
    >>> audit_grain(trace_journeys(study, stages=stages), seed=7).columns.tolist()[:3]
    ['stage', 'stage_excess', 'low']
    """
    if not journeys.stages:
        raise StudyError("stages: this log has none, so there is one grain only. Give the study a touchpoints table.")
    fine = rank_friction(journeys, seed=seed)
    fine = fine[fine["excess"].notna()].assign(stops=lambda table: table["visits"] * table["stop_share"])
    sums = fine.groupby(STAGE)[["stops", "visits"]].sum()
    others = sums.sum() - sums
    worst = fine.sort_values("excess", ascending=False).drop_duplicates(STAGE).set_index(STAGE)
    table = _stage_excess(journeys, list(sums.index), seed).join(pd.DataFrame({
        "touchpoint_excess": sums["stops"] / sums["visits"] - others["stops"] / others["visits"].where(others["visits"] > 0),
        "worst": worst[TOUCHPOINT], "worst_excess": worst["excess"]}), how="inner").dropna()
    for rank, excess in (("stage_rank", "stage_excess"), ("touchpoint_rank", "worst_excess")):
        table[rank] = table[excess].rank(ascending=False, method="first").astype("int64")
    table["sign_changes"] = np.sign(table["stage_excess"]) != np.sign(table["touchpoint_excess"])
    table["rank_changes"] = table["stage_rank"] != table["touchpoint_rank"]
    table["flagged"] = table["sign_changes"] | table["rank_changes"]
    return table.reindex([one for one in journeys.stages if one in table.index]).rename_axis(STAGE).reset_index()


def _stage_excess(journeys: Journeys, compared: list[str], seed: int) -> pd.DataFrame:
    """Give for each compared stage its visits that stop over those of the other stages; natural ends are set apart."""
    words = list(journeys.log.levels[STAGE])
    code, size = journeys.log.codes[STAGE], len(words)
    apart = np.where((journeys.log.codes[NATURAL_END] >= 0) & (code >= 0), code + size, code)
    visits = visit_table(replace(journeys, log=with_codes(
        journeys.log, TOUCHPOINT, apart, [*words, *(f"{one}, end" for one in words)])))
    place = np.array([*(compared.index(one) if one in compared else -1 for one in words), *[-1] * size])
    visits = visits.assign(place=place[visits[TOUCHPOINT]])
    visits = visits[visits["known"] & (visits["place"] >= 0)]
    stops, person, at = (visits[name].to_numpy() for name in ("stops", "person", "place"))
    counts = count_cells(np.append(person, person[stops]), np.append(at, at[stops] + len(compared)),
                         (len(journeys.log.participants), 2 * len(compared)))

    def excess(sums: np.ndarray) -> np.ndarray:
        each, stopped = np.split(sums, 2, axis=1)
        rest, rest_stopped = (one.sum(axis=1, keepdims=True) - one for one in (each, stopped))
        return ratio(stopped, each) - ratio(rest_stopped, rest)

    low, high = percentile_interval(excess(bootstrap_sums(counts, replicates=200, seed=np.random.SeedSequence(seed))))
    return pd.DataFrame({"stage_excess": excess(counts.sum(axis=0)[None, :])[0], "low": low, "high": high},
                        index=pd.Index(compared, name=STAGE, dtype="str"))


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
