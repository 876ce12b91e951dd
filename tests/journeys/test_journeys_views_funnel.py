"""The funnel's modes: reference rows, by hand, against a walk person by person, and against the graph."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import DAY_US
from personakit.journeys import funnel, stage_counts, trace_journeys, transitions
from personakit.records import Study

MINUTE = 60_000_000
STAGES = ["s0", "s1", "s2"]


def traced(rows, **more):
    """Journeys from (participant, event, minute) rows, with a column more for each further value."""
    columns = ["participant_id", "event", "time_us", *more.pop("columns", [])]
    events = pd.DataFrame(rows, columns=columns)
    events["time_us"] = (events["time_us"] * MINUTE).astype("int64")
    return trace_journeys(make.study(events, touchpoints=make.touchpoints([*STAGES, "s3"])), **more)


def reached(journeys, **options):
    return funnel(journeys, stages=options.pop("stages", STAGES), seed=1, replicates=2, **options)["reached"].tolist()


def test_reentry_of_mixpanels_worked_stream():
    # reference: A 1:00, A 1:30, B 1:45, C 2:15, window 1 h: the first attempt reaches B, another one converts
    journeys = traced([("a", "s0", 60), ("a", "s0", 90), ("a", "s1", 105), ("a", "s2", 135)])
    assert reached(journeys, window_days=1 / 24) == [1, 1, 0]
    assert reached(journeys, window_days=1 / 24, reentry=True) == [1, 1, 1]
    table = funnel(journeys, window_days=1 / 24, reentry=True, seed=1)
    # the times are those of the winning sequence: 1:30 to 1:45 to 2:15
    assert (table["days_50"].iloc[1:] * 1440).tolist() == pytest.approx([15, 30])


def test_window_over_before_the_second_attempt():
    # A, then the window ends, then A and B within it: only re-entry converts
    journeys = traced([("a", "s0", 0), ("a", "s0", 100), ("a", "s1", 110)])
    assert reached(journeys, stages=["s0", "s1"], window_days=1 / 24) == [1, 0]
    assert reached(journeys, stages=["s0", "s1"], window_days=1 / 24, reentry=True) == [1, 1]


def test_step_times_are_never_negative():
    # a, b, c, a, b, d (ClickHouse issue 79636): one sequence gives all times
    journeys = traced([("p", one, minute) for minute, one in enumerate(["s0", "s1", "s2", "s0", "s1", "s3"])])
    for reentry in (False, True):
        table = funnel(journeys, stages=["s0", "s1", "s2", "s3"], reentry=reentry, seed=1)
        assert (table["days_50"].dropna() * 1440).tolist() == pytest.approx([1, 1, 3])


def test_strict_and_any_order_by_hand():
    journeys = traced([("a", "s0", 0), ("a", "s1", 1), ("a", "s2", 2), ("b", "s0", 0), ("b", "s3", 1), ("b", "s1", 2),
                       ("c", "s2", 0), ("c", "s1", 1), ("c", "s0", 2), ("d", "s0", 0), ("d", "s0", 1), ("d", "s1", 2)])
    assert reached(journeys) == [4, 3, 1]
    assert reached(journeys, order="strict") == [4, 1, 1]
    assert reached(journeys, order="strict", reentry=True) == [4, 2, 1]
    table = funnel(journeys, stages=STAGES, order="any", seed=1)
    assert table["stage"].tolist() == ["1/3", "2/3", "3/3"]
    assert table["reached"].tolist() == [4, 4, 2]


def test_excluded_steps_end_an_attempt():
    journeys = traced([("a", "s0", 0), ("a", "s3", 1), ("a", "s1", 2), ("b", "s0", 0), ("b", "s1", 1), ("b", "s3", 2)])
    assert reached(journeys, stages=["s0", "s1"], exclude=["s3"]) == [2, 1]
    table = funnel(journeys, stages=["s0", "s1"], exclude=["s3"], seed=1).iloc[1]
    # a went on, but has left this funnel: ended, although the journey is open
    assert table[["reached", "still_open", "ended"]].tolist() == [1, 0, 1]


def test_a_property_held_constant():
    rows = [("a", "s0", 0, "red"), ("a", "s1", 1, "blue"), ("b", "s0", 0, "red"), ("b", "s0", 1, "blue"),
            ("b", "s1", 2, "blue"), ("c", "s0", 0, None), ("c", "s1", 1, None)]
    journeys = traced(rows, columns=["content"])
    assert reached(journeys, stages=["s0", "s1"]) == [3, 3]
    table = funnel(journeys, stages=["s0", "s1"], same="content", seed=1)
    # c is left out: the content is unknown; b converts on blue, though red came first
    assert table["entered"].tolist() == [2, 2]
    assert table["reached"].tolist() == [2, 1]


def test_sessions_are_counted_each_by_its_own_events():
    journeys = traced([("a", "s0", 0), ("a", "s1", 1), ("a", "s0", 500), ("a", "s0", 1000), ("b", "s1", 0)])
    table = funnel(journeys, stages=["s0", "s1"], per="session", seed=1)
    assert table[["entered", "people", "reached", "still_open", "ended"]].to_numpy().tolist() == [[3, 1, 3, 0, 0],
                                                                                                [3, 1, 1, 1, 1]]


def test_keys_stay_distinct():
    # reference: ("a | b", "c") and ("a", "b | c") are two; 50,000 participant-session pairs are 50,000 sessions
    journeys = traced([("a | b", "s0", 0, "c"), ("a | b", "s1", 1, "c"), ("a", "s0", 0, "b | c"), ("a", "s1", 1, "b")],
                      columns=["content"])
    assert reached(journeys, stages=["s0", "s1"], same="content") == [2, 1]
    pairs = pd.DataFrame({"participant_id": np.repeat([f"p{one}" for one in range(5_000)], 10), "event": "s0",
                          "time_us": np.tile(np.arange(10) * DAY_US, 5_000)})
    many = trace_journeys(make.study(pairs, touchpoints=make.touchpoints(STAGES)))
    assert funnel(many, stages=["s0", "s1"], per="session", seed=1, replicates=2)["entered"].iloc[0] == 50_000


def walk(rows, order, window, reentry, exclude):
    """How many of the steps one person's rows (event, minute) reach: one event at a time."""
    first = [at for at, (event, _) in enumerate(rows) if event in (STAGES if order == "any" else STAGES[:1])]
    best = 0
    for start in first if reentry else first[:1]:
        done, got = {rows[start][0]}, 1
        for event, minute in rows[start + 1:]:
            if event in exclude or minute - rows[start][1] > window:
                break
            if order == "any" and event in STAGES:
                done.add(event)
                got = len(done)
            elif order != "any" and got < 3 and event == STAGES[got]:
                got += 1
            elif order == "strict":
                break
        best = max(best, got)
    return best


streams = st.dictionaries(st.sampled_from("abcd"), st.lists(st.tuples(
    st.sampled_from([*STAGES, "s3"]), st.integers(0, 30)), min_size=1, max_size=10), min_size=1)


@given(streams, st.sampled_from(["ordered", "strict", "any"]), st.sampled_from([5, 20, 10_000]), st.booleans(),
       st.sampled_from([(), ("s3",)]))
def test_every_mode_is_the_walk_person_by_person(found, order, window, reentry, exclude):
    logs = {who: sorted(rows, key=lambda row: row[1]) for who, rows in found.items()}
    journeys = traced([(who, *row) for who, rows in logs.items() for row in rows])
    if not set(STAGES) <= set(journeys.log.levels["stage"]):
        return
    table = funnel(journeys, stages=STAGES, order=order, window_days=window / 1440, reentry=reentry, exclude=exclude, seed=1,
                   replicates=2)
    depth = [walk(rows, order, window, reentry, exclude) for rows in logs.values()]
    assert table["reached"].tolist() == [sum(one > step for one in depth) for step in range(3)]
    assert (table["entered"] == table["reached"] + table["still_open"] + table["ended"]).all()
    assert (table["days_50"].dropna() >= 0).all()


@given(streams)
def test_the_strict_funnel_is_the_graph(found):
    journeys = traced([(who, *row) for who, rows in found.items() for row in sorted(rows, key=lambda row: row[1])])
    steps = transitions(journeys, seed=1, replicates=2).set_index(["source", "target"])["people"]
    people = stage_counts(journeys).set_index("stage")["people"]
    table = funnel(journeys, stages=["s0", "s1"], order="strict", reentry=True, seed=1, replicates=2)
    assert table["reached"].tolist() == [people.get("s0", 0), steps.get(("s0", "s1"), 0)]
    both = funnel(journeys, stages=["s0", "s1"], order="any", seed=1, replicates=2)["reached"].iloc[1]
    seen = pd.DataFrame([(who, event) for who, rows in found.items() for event, _ in rows]).drop_duplicates()
    assert both == (seen[seen[1].isin(["s0", "s1"])].groupby(0).size() == 2).sum()


def test_touchpoints_are_steps_too_and_bad_options_are_refused():
    stages = make.touchpoints(["x", "y", "z"], ["s0", "s0", "s1"])
    journeys = trace_journeys(make.study(make.log({"a": "xyz", "b": "xz"}), touchpoints=stages))
    assert reached(journeys, stages=["x", "y"]) == [2, 1]
    assert reached(journeys, stages=["s0", "s1"], exclude="y") == [2, 1]
    assert reached(journeys, stages=["s0", "s4"]) == [2, 0], "a step that never occurs reaches nobody"
    for options, error, message in [({"order": "strickt"}, ChoiceError, "Did you mean 'strict'"),
                                    ({"per": "visit"}, ChoiceError, "Allowed: participant, session"),
                                    ({"same": "content"}, ChoiceError, "same: 'content' is unknown"),
                                    ({"exclude": ["s0"]}, StudyError, "is a step of this funnel too"),
                                    ({"exclude": ["w"]}, ChoiceError, "exclude: 'w' is unknown"),
                                    ({"window_days": 0}, StudyError, "above 0"),
                                    ({"window_days": -1}, StudyError, "above 0")]:
        with pytest.raises(error, match=message):
            funnel(journeys, stages=["s0", "s1"], seed=1, **options)


def test_one_person_with_very_many_events():
    size = 300_000
    events = pd.DataFrame({"participant_id": "a", "event": np.array(STAGES)[np.arange(size) % 3],
                           "time_us": np.arange(size) * MINUTE})
    ids = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    journeys = trace_journeys(Study(name="t", participants=ids, events=events, touchpoints=make.touchpoints(STAGES),
                                    stages=tuple(STAGES)))
    start = time.perf_counter()
    for order in ("ordered", "strict", "any"):
        assert reached(journeys, order=order, reentry=True, window_days=1) == [1, 1, 1]
    assert time.perf_counter() - start < 3, "three passes over 300,000 events take about .3 s"
