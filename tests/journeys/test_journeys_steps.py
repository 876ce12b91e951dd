"""Step matrix, flows and variants: by hand, truncated, and against each other on any log."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError
from personakit.journeys import flows, reconcile, step_matrix, trace_journeys, variants
from personakit.records import Study

EVENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "events"
#: all of them may go on after the data cut; p5 has an event of no stage only
LOG = {"p1": "ab", "p2": "ab", "p3": ["a", "a", "b"], "p4": "abca", "p5": ["odd"]}


def journeys(paths=LOG):
    return trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("abc", ["s0", "s1", "s2"])))


def by_cell(table, *key):
    return table[table["persona"] == "all"].set_index(list(key))["people"].to_dict()


def test_step_matrix_by_hand():
    table = step_matrix(journeys(), steps=4)
    people = by_cell(table, "step", "stage")
    assert {cell: people[cell] for cell in people if cell[0] <= 2} == {(1, "s0"): 4, (2, "s0"): 1, (2, "s1"): 3}
    assert (people[3, "s1"], people[3, "s2"], people[4, "s0"]) == (1, 1, 1)
    # p1 and p2 stopped after two steps, and stay counted
    assert (people[3, "open"], people[4, "open"]) == (2, 3)
    assert table.groupby("step")["people"].sum().tolist() == [4, 4, 4, 4]
    assert by_cell(step_matrix(journeys(), steps=2, moves_only=True), "step", "stage")[2, "s1"] == 4


def test_flows_add_up_however_they_are_cut():
    whole = flows(journeys(), steps=9)
    cut = flows(journeys(), steps=2, top=1)
    assert by_cell(cut, "step", "source", "target") == {
        (1, "s0", "s0"): 1, (1, "s0", "other"): 3, (2, "s0", "more"): 1, (2, "other", "more"): 1, (2, "other", "open"): 2,
    }
    for step in (1, 2):
        assert whole[whole["step"] == step]["people"].sum() == cut[cut["step"] == step]["people"].sum() == 4


def test_variants_by_hand():
    table = variants(journeys(), make.personas({"p1": "P1", "p2": "P2", "p3": "P1", "p4": "P2"}, window_days=None), top=1)
    everyone = table[table["persona"] == "all"]
    assert everyone[["rank", "variant", "people"]].values.tolist() == [[1, "s0 > s1", 2], [0, "other", 2]]
    assert everyone["covered"].tolist() == [0.5, 1.0]
    assert table[table["persona"] == "P1"]["people"].tolist() == [1, 1]
    assert variants(journeys(), moves_only=True)["variant"].tolist() == ["s0 > s1", "s0 > s1 > s2 > s0"]


def test_names_that_hold_the_arrow_stay_apart():
    study = make.study(make.log({"p1": ["a > b", "c"], "p2": ["a", "b > c"], "p3": ["a", "b", "c"]}))
    table = variants(trace_journeys(study), by="touchpoint")
    assert table["variant"].nunique() == len(table) == 3
    assert reconcile(trace_journeys(study), by="touchpoint")["equal"].all()


@pytest.mark.parametrize("view", [step_matrix, flows, variants])
def test_bad_input(view):
    with pytest.raises(ChoiceError, match="Allowed: stage, touchpoint"):
        view(journeys(), by="channel")
    with pytest.raises(StudyError, match="1 or more"):
        view(journeys(), **{"top" if view is variants else "steps": 0})


def test_an_empty_persona_counts_nobody():
    personas = make.personas({"p1": "P1", "gone": "P2"}, window_days=None)
    table = step_matrix(journeys(), personas, steps=1)
    assert table.set_index("persona").loc["P2", ["people", "people_total"]].tolist() == [0, 0]
    assert variants(journeys(), personas).groupby("persona")["people"].sum().to_dict() == {"all": 4, "P1": 1, "P2": 0}


paths = st.dictionaries(st.sampled_from([f"p{one}" for one in range(8)]), st.lists(st.one_of(
    st.sampled_from("abc"), st.just("odd"), st.sampled_from([0.01, 1.0, 30.0])), min_size=1, max_size=12), min_size=1)


@given(paths)
def test_any_log_reconciles(found):
    log = make.log(found)
    if not log["event"].isin(list("abc")).any():
        return
    traced = trace_journeys(make.study(log, touchpoints=make.touchpoints("abc", ["s0", "s1", "s2"])))
    assert reconcile(traced)["equal"].all()
    shuffled = trace_journeys(make.study(log.assign(order=np.arange(len(log))).sample(frac=1, random_state=3),
                                         touchpoints=make.touchpoints("abc", ["s0", "s1", "s2"])))
    pd.testing.assert_frame_equal(flows(traced), flows(shuffled))
    for steps, top in ((1, 1), (3, 2)):
        table = flows(traced, steps=steps, top=top)
        there = step_matrix(traced, steps=steps)
        inside = there[~there["stage"].isin(["end", "open"])].groupby("step")["people"].sum()
        assert table.groupby("step")["people"].sum().to_dict() == inside.to_dict()


def test_one_participant_of_very_many_events_among_many():
    # 2,000 people who left at the second of 100,000 steps: a row for each of them at each step would be gigabytes
    walk = pd.DataFrame({"participant_id": "robot", "event": np.tile(list("abc"), 100_000)[:100_000],
                         "time_us": np.arange(100_000) * 10**6})
    once = pd.DataFrame({"participant_id": [f"p{one}" for one in range(2000)], "event": "a", "time_us": 0})
    traced = trace_journeys(make.study(pd.concat([walk, once]), touchpoints=make.touchpoints("abc", ["s0", "s1", "s2"])))
    tracemalloc.start()
    table = reconcile(traced).set_index("identity")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table["equal"].all()
    # everyone is somewhere at each of the steps
    assert table.loc["each step of the step matrix = all people", "left"] == 2001 * 100_000
    assert peak < 250_000_000
    there = by_cell(step_matrix(traced, steps=2), "step", "stage")
    assert there == {(1, "s0"): 2001, (2, "s1"): 1, (2, "end"): 2000}


@pytest.mark.skipif(not EVENTS.exists(), reason="the real data folder is not here")
def test_building_permits():
    # the data catalogue: 1,434 cases, 116 variants, the commonest 713, 123 and 116; 99 edges, 7,143 pairs
    log = pd.read_csv(EVENTS / "xes" / "receipt.csv.gz")
    events = pd.DataFrame({"participant_id": log["case:concept:name"].astype(str), "event": log["concept:name"],
                           "order": np.arange(len(log)),
                           "time_us": pd.to_datetime(log["time:timestamp"], utc=True, format="ISO8601").dt.as_unit("us")
                           .astype("int64")})
    people = pd.DataFrame(index=pd.Index(events["participant_id"].unique(), name="participant_id"))
    traced = trace_journeys(Study(name="receipt", participants=people, events=events))
    table = variants(traced, by="touchpoint", top=200)
    assert len(table) == 116
    assert table["people"].tolist()[:3] == [713, 123, 116]
    edges = flows(traced, by="touchpoint", steps=100, top=27)
    inner = edges[~edges["target"].isin(["end", "open"])]
    assert (len(inner.groupby(["source", "target"])), inner["people"].sum()) == (99, 7143)
    assert reconcile(traced, by="touchpoint")["equal"].all()
