"""Habits: what each participant's events say about how, when and through what they come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import DAY_US, count_by_person, encode_events, keep_rows, person_of, recode, sessionise
from personakit.records import EncodedLog, Study
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, KIND, STAGE

MIN_EXPOSURE_DAYS = 7.0  # rates of someone watched for an hour would explode
RARE_SHARE = 0.02
HOUR_US = DAY_US // 24


def behaviour_table(study: Study, *, window_days: float = 90, until_us: int | None = None) -> pd.DataFrame:
    """Sum up each participant's first days as habits: one row a participant who has events.

    Use it to make features. Everyone is watched over the same window from their own first event, so that long-standing
    participants do not look different by exposure alone; later events stay untouched for testing. It cannot tell why
    people come, nor anything about those without events: they have no row.

    Parameters
    ----------
    study
        With events; touchpoints give stages, contents give kinds of content.
    window_days
        The days used from each participant's first event on.
    until_us
        Nothing after this moment (UTC microseconds) is used; the log is taken to be complete up to it. By default the
        log ends with its last event.

    Returns
    -------
    DataFrame (participants, habits)
        ``events_per_30d, sessions_per_30d, active_days_per_30d`` (rates over the days watched, at least 7),
        ``events_per_session``, ``gap_days`` (median silence between two sessions, NaN with one session),
        ``evening_share`` (18 to 24 h) and ``weekend_share`` in the study's time zone, ``value_per_30d`` where the log
        has values, and the families ``channel_share:, device_share:, stage_share:, content_share:`` (kind of content),
        shares of the participant's events whose level is known. Two or more channels, or devices, below 2 % of the
        events each are joined as ``other``; stages and kinds of content never are. ``attrs``: window_days, origin.

    Raises
    ------
    StudyError
        No events, or a window that is not above 0 days.

    Examples
    --------
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 10 * DAY_US]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> behaviour_table(study)[["events_per_30d", "gap_days"]].to_numpy().tolist()
    [[6.0, 10.0]]
    """
    if study.events is None:
        raise StudyError("events: this study has none, so there are no habits. Add an events table or go on without.")
    if not window_days > 0:
        raise StudyError(f"window_days: {window_days} days hold nothing. Give a number above 0, such as 90.")
    log = encode_events(study.events)
    if until_us is not None:
        log = keep_rows(log, log.time_us <= until_us)
    if not len(log.time_us):
        raise StudyError("events: none are left to use. Check the table, and until_us where you gave it.")
    cut = int(log.time_us.max()) if until_us is None else until_us
    first = log.time_us[log.offsets[:-1]]
    exposure = np.maximum(np.minimum(window_days, (cut - first) / DAY_US), MIN_EXPOSURE_DAYS)
    log = _with_levels(keep_rows(log, log.time_us < first[person_of(log)] + window_days * DAY_US), study)
    table = pd.DataFrame({**_rhythm(log, exposure), **_clock(log, exposure, study.timezone)}, index=log.participants)
    if not np.isnan(log.value).all():
        table["value_per_30d"] = _sums(log, np.nan_to_num(log.value)) / exposure * 30
    out = pd.concat([table, *_families(log)], axis=1)
    out.attrs.update(window_days=float(window_days), origin="events")
    return out


def _with_levels(log: EncodedLog, study: Study) -> EncodedLog:
    if study.touchpoints is not None:
        log = recode(log, STAGE, _words(study.touchpoints, EVENT, STAGE), levels=study.stages)
        if CHANNEL in study.touchpoints:  # the channel of the event itself comes first
            log = recode(log, CHANNEL, _words(study.touchpoints, EVENT, CHANNEL))
    if study.contents is not None and KIND in study.contents and CONTENT in log.codes:
        log = recode(log, KIND, _words(study.contents, CONTENT, KIND), source=CONTENT)
    return log


def _words(table: pd.DataFrame, key: str, column: str) -> Mapping[str, str]:
    known = table.dropna(subset=[column])
    return dict(zip(known[key], known[column], strict=True))


def _sums(log: EncodedLog, amount: np.ndarray) -> np.ndarray:
    return np.bincount(person_of(log), weights=amount, minlength=len(log.participants))


def _rhythm(log: EncodedLog, exposure: np.ndarray) -> dict[str, np.ndarray]:
    session, events = sessionise(log), np.diff(log.offsets)
    sessions = session[log.offsets[1:] - 1] - session[log.offsets[:-1]] + 1
    pause = np.flatnonzero((np.diff(session) > 0) & (np.diff(person_of(log)) == 0))
    silence = pd.Series((log.time_us[pause + 1] - log.time_us[pause]) / DAY_US)
    gap = silence.groupby(person_of(log)[pause]).median().reindex(np.arange(len(events)))
    return {"events_per_30d": events / exposure * 30, "sessions_per_30d": sessions / exposure * 30,
            "events_per_session": events / sessions, "gap_days": gap.to_numpy()}


def _clock(log: EncodedLog, exposure: np.ndarray, timezone: str) -> dict[str, np.ndarray]:
    stamps = pd.DatetimeIndex(log.time_us.view("datetime64[us]"), tz="UTC").tz_convert(timezone).tz_localize(None)
    wall = stamps.to_numpy("datetime64[us]").astype(np.int64)
    day, hour = wall // DAY_US, wall % DAY_US // HOUR_US
    events = np.diff(log.offsets)
    seen = pd.DataFrame({"person": person_of(log), "day": day}).drop_duplicates()["person"]
    active = np.bincount(seen, minlength=len(events))
    # 1 January 1970 was a Thursday: day 0 is weekday 3
    return {"active_days_per_30d": active / exposure * 30, "evening_share": _sums(log, hour >= 18) / events,
            "weekend_share": _sums(log, (day + 3) % 7 >= 5) / events}


def _families(log: EncodedLog) -> list[pd.DataFrame]:
    families = {CHANNEL: "channel_share", DEVICE: "device_share", STAGE: "stage_share", KIND: "content_share"}
    out = []
    for column, family in families.items():
        if column not in log.codes:
            continue
        counts = pd.DataFrame(count_by_person(log, column).toarray(), index=log.participants,
                              columns=log.levels[column])
        counts = counts.loc[:, counts.sum() > 0]
        if column in (CHANNEL, DEVICE):
            counts = _join_rare(counts)
        known = counts.sum(axis=1)
        out.append(counts.div(known.where(known > 0), axis=0).add_prefix(f"{family}:"))
    return out


def _join_rare(counts: pd.DataFrame) -> pd.DataFrame:
    rare = counts.columns[counts.sum() < RARE_SHARE * counts.to_numpy().sum()]
    if len(rare) < 2:
        return counts
    joined = counts.drop(columns=rare)
    joined["other"] = counts[rare].sum(axis=1) + joined.get("other", 0)
    return joined
