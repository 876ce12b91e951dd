"""Before and after, loops, attrition and the times of steps: by hand, planted, and adding up."""

from __future__ import annotations

import numpy as np
import pytest
import small_journeys as make
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError
from personakit.journeys import (
    around,
    attrition,
    audit_sessions,
    loops,
    rank_friction,
    stage_counts,
    trace_journeys,
    transitions,
)


def journeys(paths, words="xyz", stages=("s0", "s0", "s1")):
    return trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints(words, stages)))


def test_around_by_hand():
    found = journeys({"a": "xyz", "b": "xzy", "c": "yyx"})
    table = around(found, touchpoint="x", steps=1, seed=1).set_index(["side", "touchpoint"])
    # the three journeys are open: after the x of c nobody knows yet what follows
    assert table.loc["after", "events"].iloc[0] == 2
    assert table.loc["after", "share"].to_dict() == {"y": 0.5, "z": 0.5, "x": 0.0}
    # its like are the y: that of a goes to z, the first of c to y, the second to x, that of b may go on
    assert table.loc["after", "like_share"].to_dict() == pytest.approx({"y": 1 / 3, "z": 1 / 3, "x": 1 / 3})
    assert table.loc[("before", "y"), "share"] == pytest.approx(1 / 3)
    within = around(found, touchpoint="x", window_min=1, seed=1).set_index(["side", "touchpoint"])
    assert within.loc[("after", "z"), "share"] == 0.5


def test_around_finds_what_was_planted_and_nothing_in_noise():
    rng = np.random.default_rng(1)

    def paths(help_follows):
        out = {}
        for one in range(120):
            walk = list(rng.choice(list("wxyz"), 8))
            out[f"p{one}"] = [step for at in walk for step in
                              ((at, "z") if at == "x" and rng.random() < help_follows else (at,))]
        return out

    for chance, sure in ((0.5, True), (0.0, False)):
        table = around(journeys(paths(chance), "wxyz", ("s0", "s0", "s0", "s1")), touchpoint="x", steps=1, seed=1)
        z = table.set_index(["side", "touchpoint"]).loc[("after", "z")]
        assert (z["low"] > 0) == sure
    with pytest.raises(ChoiceError, match="'v' is unknown"):
        around(journeys({"a": "x"}), touchpoint="v", seed=1)
    for options, message in (({"steps": 0}, "above 0"), ({"window_min": -1}, "above 0"),
                             ({"steps": 1, "window_min": 1}, "one of the two")):
        with pytest.raises(StudyError, match=message):
            around(journeys({"a": "x"}), touchpoint="x", seed=1, **options)


def test_loops_by_hand():
    table = loops(journeys({"a": ["x", "y", "z", 2.0, "x"], "b": "zz"})).set_index("stage")
    assert table.loc["s0", ["events", "self_loops", "visits", "people", "people_back"]].tolist() == [3, 1, 2, 1, 1]
    assert table.loc["s1", ["events", "self_loops", "visits", "people", "people_back"]].tolist() == [3, 1, 2, 2, 0]
    # from the y of minute 1 to the x two days and two minutes later
    assert table.loc["s0", "days_away"] == pytest.approx(2 + 2 / 1440)


def test_attrition_by_hand():
    # a ends at z long before the cut, b at y; late may go on
    found = journeys({"a": "xz", "b": ["x", "y"], "late": [300.0, "x", "z"]})
    table = attrition(found).set_index("stage")
    assert table.loc["s0", ["people", "went_on", "finished", "still_open", "ended"]].tolist() == [3, 2, 0, 0, 1]
    assert table.loc["s1", ["people", "went_on", "finished", "still_open", "ended"]].tolist() == [2, 0, 0, 1, 1]
    assert table.loc["s1", "share"] == 1.0
    bought = make.log({"a": "xz", "b": "x", "c": [300.0, "x"]}).assign(value=[np.nan, 20.0, np.nan, np.nan])
    paid = trace_journeys(make.study(bought, touchpoints=make.touchpoints("xz", ["s0", "s1"])))
    assert attrition(paid).set_index("stage").loc["s1", ["finished", "ended"]].tolist() == [1, 0]


def test_times_of_steps():
    table = transitions(journeys({"a": ["x", 1.0, "z"], "b": ["x", 3.0, "z"]}), seed=1).set_index(["source", "target"])
    assert table.loc[("s0", "s1"), "days_50"] == pytest.approx(2 + 1 / 1440)
    assert table.loc[("s0", "s1"), ["days_25", "days_75"]].tolist() == pytest.approx([1.5 + 1 / 1440, 2.5 + 1 / 1440])
    assert np.isnan(table.loc[("s1", "open"), "days_50"])


paths = st.dictionaries(st.sampled_from("abcde"), st.lists(st.one_of(
    st.sampled_from("xyzo"), st.sampled_from([0.01, 1.0, 30.0])), min_size=1, max_size=10), min_size=1)


@given(paths)
def test_views_add_up(found):
    if not any(one in list("xyz") for path in found.values() for one in path):
        return
    traced = journeys(found)
    people = stage_counts(traced).set_index("stage")
    turned, left = loops(traced).set_index("stage"), attrition(traced).set_index("stage")
    assert turned["events"].to_dict() == people["events"].to_dict()
    assert turned["people"].to_dict() == left["people"].to_dict() == people["people"].to_dict()
    assert (left["people"] == left[["went_on", "finished", "still_open", "ended"]].sum(axis=1)).all()
    stay = transitions(traced, seed=1, replicates=2).query("source == target").set_index("source")["count"]
    assert turned["self_loops"].to_dict() == stay.reindex(turned.index, fill_value=0).to_dict()


def test_empty_personas_and_one_event_journeys():
    found = journeys({"a": "x", "b": "z"})
    personas = make.personas({"a": "P1", "silent": "P2"}, window_days=None)
    for view, options in ((loops, {}), (attrition, {}), (around, {"touchpoint": "x", "seed": 1, "replicates": 5})):
        table = view(found, personas, **options)
        empty = table[table["persona"] == "P2"]
        assert empty["people"].eq(0).all()
        assert empty["share"].isna().all()
        assert empty["few"].all()
    # no visit is over, so no touchpoint is first under any time-out
    audit = audit_sessions(found, gaps_min=[5], seed=1)
    assert audit["first"].eq("").all()
    assert not audit["changes"].any()


def test_a_log_of_which_no_event_is_at_a_touchpoint_has_views_without_rows():
    found = trace_journeys(make.study(make.log({"a": "xy", "b": "x"}), touchpoints=make.touchpoints("q", ["s0"])))
    for view in (transitions, rank_friction):
        assert len(view(found, by="touchpoint", seed=1)) == 0
    for view in (stage_counts, loops, attrition):
        assert len(view(found, by="touchpoint")) == 0
