"""Habits over each participant's first days."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.behaviour import HABITS, behaviour_table
from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import DAY_US, MINUTE_US
from personakit.records import Study

MONDAY = int(pd.Timestamp("2024-01-01", tz="UTC").value // 1000)  # a Monday in winter: Paris is one hour ahead
HOUR = 60 * MINUTE_US


def make(events, **more):
    ids = pd.Index(sorted({*events["participant_id"], "silent"}), name="participant_id")
    return Study(name="t", participants=pd.DataFrame(index=ids), events=events, timezone="Europe/Paris", **more)


def hand_made():
    rows = [
        # Monday 10:00 and 10:10 in Paris, Tuesday 19:00, Saturday 12:00, then day 200
        ("a", "see", MONDAY + 9 * HOUR, "web", "k1", None),
        ("a", "see", MONDAY + 9 * HOUR + 10 * MINUTE_US, "web", "k1", None),
        ("a", "buy", MONDAY + 42 * HOUR, None, None, 60.0),
        ("a", "see", MONDAY + 131 * HOUR, "app", "k2", None),
        ("a", "buy", MONDAY + 200 * DAY_US, "web", None, 999.0),
        ("b", "odd", MONDAY + 199 * DAY_US, None, None, None),
    ]
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us", "channel", "content", "value"])
    touchpoints = pd.DataFrame({"event": ["see", "buy"], "touchpoint": ["See", "Buy"],
                                "stage": ["research", "purchase"], "channel": ["web", "shop"]})
    contents = pd.DataFrame({"content": ["k1", "k2"], "kind": ["inform", "help"]})
    return make(events, touchpoints=touchpoints, contents=contents)


@pytest.mark.parametrize("engine", ["memory", "polars"])
def test_habits_by_hand(engine, monkeypatch):
    study = hand_made()
    if engine == "polars":
        study = replace(study, events=pytest.importorskip("polars").from_pandas(study.events).lazy())
        monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 0)
    table = behaviour_table(study, window_days=90)
    assert list(table.index) == ["a", "b"], "who has no events has no row"
    a = table.loc["a"]
    expected = {
        "events_per_30d": 4 / 3, "sessions_per_30d": 1.0, "active_days_per_30d": 1.0, "events_per_session": 4 / 3,
        "gap_days": np.median([42 * 60 - 9 * 60 - 10, (131 - 42) * 60]) / 1440, "recency_days": 90 - 122 / 24,
        "night_share": 0.0, "morning_share": 0.5, "evening_share": 0.25, "weekend_share": 0.25, "value_per_30d": 20.0,
        "channel_share:web": 0.5, "channel_share:shop": 0.25, "channel_share:app": 0.25, "stage_share:research": 0.75,
        "stage_share:purchase": 0.25, "content_share:inform": 2 / 3, "content_share:help": 1 / 3,
    }
    for name, value in expected.items():
        assert a[name] == pytest.approx(value), name
    assert set(table.columns) == set(expected)
    b = table.loc["b"]
    # one day watched counts as seven
    assert b["events_per_30d"] == pytest.approx(30 / 7)
    assert np.isnan(b["gap_days"])
    assert np.isnan(b["recency_days"]), "the window of b is still open"
    assert np.isnan(b["stage_share:research"])
    assert b["value_per_30d"] == 0
    assert table.attrs == {"window_days": 90.0, "origin": "events", "engine": engine}


def test_later_events_change_nothing():
    study = hand_made()
    until = MONDAY + 150 * DAY_US
    before = behaviour_table(study, until=until)
    events = study.events.copy()
    late = events["time_us"] > until
    events.loc[late, ["event", "channel"]] = ["see", "kiosk"]
    events.loc[late, "time_us"] += DAY_US
    pd.testing.assert_frame_equal(before, behaviour_table(make(events, touchpoints=study.touchpoints,
                                                               contents=study.contents), until=until))
    pd.testing.assert_frame_equal(before, behaviour_table(make(events[~late], touchpoints=study.touchpoints,
                                                               contents=study.contents), until=until))
    assert list(before.index) == ["a"]


def test_rare_channels_are_joined_only_when_there_are_several():
    channels = ["web"] * 197 + ["fax"] * 2 + ["telex"]
    events = pd.DataFrame({"participant_id": "a", "event": "x", "time_us": np.arange(200), "channel": channels})
    assert behaviour_table(make(events)).filter(like="channel_share").iloc[0].to_dict() == {
        "channel_share:web": 0.985, "channel_share:other": 0.015}
    one = behaviour_table(make(events.replace("telex", "fax"))).filter(like="channel_share")
    assert list(one) == ["channel_share:fax", "channel_share:web"]


def test_thousands_of_event_names_are_joined_before_they_take_room():
    rng = np.random.default_rng(0)
    names = np.where(rng.random(20_000) < 0.3, "home", "page" + pd.Series(rng.integers(0, 9_000, 20_000)).astype("str"))
    events = pd.DataFrame({"participant_id": rng.integers(0, 5_000, 20_000).astype(str), "event": names, "time_us": 0})
    table = behaviour_table(make(events), habits=["event_share"])
    assert list(table) == ["event_share:home", "event_share:other"]
    np.testing.assert_allclose(table.sum(axis=1), 1)


def test_events_alone_are_enough():
    events = pd.DataFrame({"participant_id": ["a"], "event": ["x"], "time_us": [0]})
    assert behaviour_table(make(events)).columns.tolist() == [
        "events_per_30d", "sessions_per_30d", "active_days_per_30d", "events_per_session", "gap_days", "recency_days",
        "night_share", "morning_share", "evening_share", "weekend_share", "event_share:x"]


def test_families_are_counted_on_request():
    habits = ["depth", "event_share", "stage_per_30d", "touchpoint_share", "event_per_30d"]
    assert behaviour_table(hand_made(), habits=habits).loc["a"].to_dict() == pytest.approx({
        "minutes_per_session": 10 / 3, "one_event_share": 2 / 3,
        "event_share:buy": 0.25, "event_share:odd": 0.0, "event_share:see": 0.75,
        "stage_per_30d:research": 1.0, "stage_per_30d:purchase": 1 / 3,
        "touchpoint_share:Buy": 0.25, "touchpoint_share:See": 0.75,
        "event_per_30d:buy": 1 / 3, "event_per_30d:odd": 0.0, "event_per_30d:see": 1.0})
    asked = behaviour_table(hand_made(), habits=[name for name in HABITS if "device" not in name])
    assert not asked.columns.duplicated().any()


def test_a_cut_is_a_day_a_moment_or_microseconds():
    study = hand_made()
    day = MONDAY + 23 * HOUR  # midnight in Paris
    same = [behaviour_table(study, until=one) for one in (
        "2024-01-01", day - 1, pd.Timestamp(day - 1, unit="us", tz="UTC"), "2024-01-01 23:59:59.999999")]
    for one in same:
        pd.testing.assert_frame_equal(one, same[0])
    assert same[0].loc["a", "events_per_session"] == 2
    assert list(behaviour_table(study, until="2024-07-17").index) == ["a"]
    assert list(behaviour_table(study, until=dt.date(2024, 7, 18)).index) == ["a", "b"]


EVENTS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["see", "buy", "odd"]), st.integers(0, 40 * 24),
                            st.sampled_from(["web", "app", None]), st.sampled_from([None, 5.0, 60.0])), max_size=25)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(EVENTS, EVENTS, st.integers(1, 60))
def test_nothing_after_the_cut_or_the_window_is_used(early, late, window_days):
    columns = ["participant_id", "event", "time_us", "channel", "value"]
    before = pd.DataFrame([("a", "see", 0, "web", 1.0), *early], columns=columns)
    before["time_us"] = MONDAY + before["time_us"] * HOUR
    after = pd.DataFrame(late, columns=columns)
    cut = MONDAY + 41 * DAY_US
    after["time_us"] = cut + 1 + after["time_us"].astype("int64") * HOUR
    both = pd.concat([before, after]).astype({"channel": "str", "value": float})
    touchpoints = pd.DataFrame({"event": ["see"], "touchpoint": ["See"], "stage": ["research"]})
    one, other = (behaviour_table(make(frame, touchpoints=touchpoints), window_days=window_days, until=cut)
                  for frame in (before.astype(both.dtypes), both))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(EVENTS)
def test_a_double_changes_nobody_else(rows):
    columns = ["participant_id", "event", "time_us", "channel", "value"]
    frame = pd.DataFrame([("a", "see", 0, "web", 1.0), *rows], columns=columns)
    frame["time_us"] = MONDAY + frame["time_us"] * HOUR
    twin = frame[frame["participant_id"] == "a"].assign(participant_id="twin")
    habits = ["rhythm", "depth", "recency", "hours"]
    one = behaviour_table(make(frame), habits=habits)
    both = behaviour_table(make(pd.concat([frame, twin])), habits=habits)
    pd.testing.assert_frame_equal(both.drop(index="twin"), one, check_exact=True)
    assert both.loc["twin"].equals(both.loc["a"])


def test_errors_say_what_to_do():
    people = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    with pytest.raises(StudyError, match="this study has none"):
        behaviour_table(Study(name="t", participants=people))
    with pytest.raises(StudyError, match="window_days"):
        behaviour_table(hand_made(), window_days=0)
    with pytest.raises(StudyError, match="until"):
        behaviour_table(hand_made(), until=0)
    with pytest.raises(StudyError, match="is no moment"):
        behaviour_table(hand_made(), until="soon")
    with pytest.raises(ChoiceError, match="Did you mean 'recency'"):
        behaviour_table(hand_made(), habits=["recent"])
    with pytest.raises(ChoiceError, match="none was given"):
        behaviour_table(hand_made(), habits=[])
    with pytest.raises(StudyError, match="'device_share' needs what"):
        behaviour_table(hand_made(), habits=["device_share"])


def test_shuffled_rows_and_repeated_runs_give_the_same_bytes_quickly():
    rng = np.random.default_rng(7)
    events = pd.DataFrame({
        "participant_id": rng.integers(0, 2_000, 60_000).astype(str), "event": rng.choice(list("abcdef"), 60_000),
        "time_us": rng.permutation(60_000) * 300 * MINUTE_US, "channel": rng.choice(["web", "app", "shop"], 60_000)})
    study, shuffled = make(events), make(events.sample(frac=1, random_state=1))
    start = time.perf_counter()
    table = behaviour_table(study)
    assert time.perf_counter() - start < 2, "60,000 events take about .1 s"
    pd.testing.assert_frame_equal(table, behaviour_table(shuffled), check_exact=True)
