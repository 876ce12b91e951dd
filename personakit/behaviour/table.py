"""The table of habits: everyone over the same window, and nothing after the cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from personakit.behaviour.habits import PARTS, family
from personakit.behaviour.watched import Watched, watch
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import StoredLog, encode_events, recode, stays_stored, store_events
from personakit.records import EncodedLog, Study
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, KIND, STAGE, TOUCHPOINT

#: word in a family's name -> the coded column that it counts
COUNTED = {"channel": CHANNEL, "device": DEVICE, "stage": STAGE, "content": KIND, "event": EVENT, "touchpoint": TOUCHPOINT}
HABITS = (*PARTS, *(f"{word}_share" for word in COUNTED), *(f"{word}_per_30d" for word in COUNTED))
DEFAULT_HABITS = ("rhythm", "recency", "hours", "value", "channel_share", "device_share", "stage_share",
                  "content_share")


def behaviour_table(
    study: Study,
    *,
    window_days: float = 90,
    until: str | int | dt.date | None = None,
    habits: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Sum up each participant's first days as habits: one row a participant who has events.

    Use it to make features. Everyone is watched over the same window from their own first event, so that long-standing
    participants do not look different by exposure alone; later events stay untouched for testing. Whoever came too late
    for a whole window is counted in rates, which are less sure. It cannot tell why people come, nor anything about those
    without events: they have no row.

    Parameters
    ----------
    study
        With events; touchpoints give stages, contents give kinds of content.
    window_days
        The days used from each participant's first event on.
    until
        The cut: nothing after it is used, and the log is taken to be complete up to it. A day such as ``"2026-03-31"``
        or a date (to its end, in the study's time zone), a moment (text or Timestamp; the study's time zone where it
        names none), or UTC microseconds. By default the log ends with its last event.
    habits
        Names in ``HABITS``. By default ``DEFAULT_HABITS`` as far as the log can tell (rhythm, recency, hours, value, and
        the shares of channels, devices, stages and kinds of content), with ``event_share`` where events have no stages.
        The others repeat what these say: depth goes with ``events_per_session``, a rate with its share. Features that
        repeat each other look like personas, so ask for one or the other.

    Returns
    -------
    DataFrame (participants, habits)
        By name of the habit:

        - rhythm: ``events_per_30d, sessions_per_30d, active_days_per_30d`` (rates over the days watched, at least 7),
          ``events_per_session``, ``gap_days`` (median silence between two sessions, NaN with one session);
        - depth: ``minutes_per_session`` (from first to last event), ``one_event_share`` (of sessions);
        - recency: ``recency_days`` (from the last event to the end of the window, NaN while the window is open);
        - hours: ``night_share`` (0 to 6 h), ``morning_share`` (6 to 12), ``evening_share`` (18 to 24) and
          ``weekend_share`` of events, in the study's time zone;
        - value: ``value_per_30d``, where the log has values;
        - ``channel_share, device_share, stage_share, content_share`` (kind of content), ``event_share,
          touchpoint_share``: one column a level (``channel_share:web``), shares of the participant's events whose level
          is known; and the same as rates, ``channel_per_30d:web`` and so on. Two or more channels, devices, events or
          touchpoints below 2 % of the events each are joined as ``other``; stages and kinds of content never are.

        ``attrs``: window_days, origin, and who counted as ``engine``. That is ``memory``, or for a query of more than 10^8
        events the engine that holds them (such as ``duckdb``), which brings the same table: only sums leave it, one row a
        participant, and the kit picks which by itself.

    Raises
    ------
    StudyError
        No events, none before the cut, a window that is not above 0 days, a cut that is no moment, or a habit that this
        study has no column for.
    ChoiceError
        An unknown habit.

    Examples
    --------
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 864_000_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> behaviour_table(study)[["events_per_30d", "gap_days", "event_share:buy"]].to_numpy().tolist()
    [[6.0, 10.0, 0.5]]
    >>> behaviour_table(study, until="1970-01-05", habits=["event_per_30d"]).columns.tolist()
    ['event_per_30d:see']
    """
    if study.events is None:
        raise StudyError("events: this study has none, so there are no habits. Add an events table or go on without.")
    if not window_days > 0:
        raise StudyError(f"window_days: {window_days} days hold nothing. Give a number above 0, such as 90.")
    chosen = _chosen(habits)
    log = store_events(study.events) if stays_stored(study.events) else encode_events(study.events)
    cut = _moment(until, study.timezone) if until is not None else None
    watched = watch(_with_levels(log, study), window_days=window_days, cut=cut, timezone=study.timezone)
    parts = [_part(watched, name, asked=habits is not None) for name in chosen or _default(watched)]
    out = pd.concat([one for one in parts if one is not None], axis=1)
    out.attrs.update(window_days=float(window_days), origin="events", engine=watched.engine)
    return out


def _chosen(habits: Sequence[str] | None) -> tuple[str, ...]:
    if habits is None:
        return ()
    asked = (habits,) if isinstance(habits, str) else tuple(dict.fromkeys(habits))
    for name in asked:
        if name not in HABITS:
            raise ChoiceError(unknown_name("habit", name, HABITS))
    if not asked:
        raise ChoiceError(f"habits: none was given. Allowed: {', '.join(HABITS)}.")
    return asked


def _default(watched: Watched) -> tuple[str, ...]:
    return DEFAULT_HABITS if watched.knows(STAGE) else tuple(
        "event_share" if name == "stage_share" else name for name in DEFAULT_HABITS)


def _moment(until: str | int | dt.date, timezone: str) -> int:
    if isinstance(until, (int, np.integer)) and not isinstance(until, bool):
        return int(until)
    try:
        moment = pd.Timestamp(until) if isinstance(until, (str, dt.date)) else pd.NaT
    except (ValueError, OverflowError):
        moment = pd.NaT
    if not isinstance(moment, pd.Timestamp):
        raise StudyError(f"until: {until!r} is no moment. Give a day such as '2026-03-31', a Timestamp, or UTC "
                         f"microseconds.")
    moment = moment.tz_localize(timezone) if moment.tzinfo is None else moment
    whole_day = isinstance(until, str) and len(until.strip()) <= len("2026-03-31")
    if whole_day or not isinstance(until, (str, dt.datetime)):
        moment = moment + pd.DateOffset(days=1) - pd.Timedelta(microseconds=1)
    return int(moment.value // 1000)


def _part(watched: Watched, name: str, *, asked: bool) -> pd.DataFrame | None:
    if name in PARTS:
        columns = PARTS[name](watched)
        if columns:
            return pd.DataFrame(columns)
    else:
        column = COUNTED[name.rsplit("_share")[0].rsplit("_per_30d")[0]]
        if watched.knows(column):
            return family(watched, column, name)
    if asked:
        raise StudyError(f"habits: {name!r} needs what this study's events do not have. Leave it out, or add the "
                         f"column to the events or the touchpoints.")
    return None


def _with_levels(log: EncodedLog | StoredLog, study: Study) -> EncodedLog | StoredLog:
    if study.touchpoints is not None:
        log = recode(log, STAGE, _words(study.touchpoints, EVENT, STAGE), levels=study.stages)
        log = recode(log, TOUCHPOINT, _words(study.touchpoints, EVENT, TOUCHPOINT))
        if CHANNEL in study.touchpoints:  # the channel of the event itself comes first
            log = recode(log, CHANNEL, _words(study.touchpoints, EVENT, CHANNEL))
    if study.contents is not None and KIND in study.contents and CONTENT in log.levels:
        log = recode(log, KIND, _words(study.contents, CONTENT, KIND), source=CONTENT)
    return log


def _words(table: pd.DataFrame, key: str, column: str) -> Mapping[str, str]:
    known = table.dropna(subset=[column])
    return dict(zip(known[key], known[column], strict=True))
