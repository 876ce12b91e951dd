"""Habits over each participant's first days."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from personakit.behaviour import behaviour_table
from personakit.errors import StudyError
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


def test_habits_by_hand():
    table = behaviour_table(hand_made(), window_days=90)
    assert list(table.index) == ["a", "b"], "who has no events has no row"
    a = table.loc["a"]
    expected = {
        "events_per_30d": 4 / 3, "sessions_per_30d": 1.0, "active_days_per_30d": 1.0, "events_per_session": 4 / 3,
        "gap_days": np.median([42 * 60 - 9 * 60 - 10, (131 - 42) * 60]) / 1440, "evening_share": 0.25,
        "weekend_share": 0.25, "value_per_30d": 20.0, "channel_share:web": 0.5, "channel_share:shop": 0.25,
        "channel_share:app": 0.25, "stage_share:research": 0.75, "stage_share:purchase": 0.25,
        "content_share:inform": 2 / 3, "content_share:help": 1 / 3,
    }
    for name, value in expected.items():
        assert a[name] == pytest.approx(value), name
    assert set(table.columns) == set(expected)
    b = table.loc["b"]
    # one day watched counts as seven
    assert b["events_per_30d"] == pytest.approx(30 / 7)
    assert np.isnan(b["gap_days"])
    assert np.isnan(b["stage_share:research"])
    assert b["value_per_30d"] == 0
    assert table.attrs == {"window_days": 90.0, "origin": "events"}


def test_later_events_change_nothing():
    study = hand_made()
    until = MONDAY + 150 * DAY_US
    before = behaviour_table(study, until_us=until)
    events = study.events.copy()
    late = events["time_us"] > until
    events.loc[late, ["event", "channel"]] = ["see", "kiosk"]
    events.loc[late, "time_us"] += DAY_US
    pd.testing.assert_frame_equal(before, behaviour_table(make(events, touchpoints=study.touchpoints,
                                                               contents=study.contents), until_us=until))
    pd.testing.assert_frame_equal(before, behaviour_table(make(events[~late], touchpoints=study.touchpoints,
                                                               contents=study.contents), until_us=until))
    assert list(before.index) == ["a"]


def test_rare_channels_are_joined_only_when_there_are_several():
    channels = ["web"] * 197 + ["fax"] * 2 + ["telex"]
    events = pd.DataFrame({"participant_id": "a", "event": "x", "time_us": np.arange(200), "channel": channels})
    assert behaviour_table(make(events)).filter(like="channel_share").iloc[0].to_dict() == {
        "channel_share:web": 0.985, "channel_share:other": 0.015}
    one = behaviour_table(make(events.replace("telex", "fax"))).filter(like="channel_share")
    assert list(one) == ["channel_share:fax", "channel_share:web"]


def test_events_alone_are_enough():
    events = pd.DataFrame({"participant_id": ["a"], "event": ["x"], "time_us": [0]})
    assert behaviour_table(make(events)).shape == (1, 7)


def test_errors_say_what_to_do():
    people = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    with pytest.raises(StudyError, match="this study has none"):
        behaviour_table(Study(name="t", participants=people))
    with pytest.raises(StudyError, match="window_days"):
        behaviour_table(hand_made(), window_days=0)
    with pytest.raises(StudyError, match="until_us"):
        behaviour_table(hand_made(), until_us=0)


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
