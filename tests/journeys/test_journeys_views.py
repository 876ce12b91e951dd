"""Transitions, stages and funnel: by hand, against each other, and against reference numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.eventlog import DAY_US, person_blocks
from personakit.journeys import (
    around,
    attrition,
    describe_journeys,
    flows,
    funnel,
    loops,
    rank_friction,
    returns_to_stage,
    stage_counts,
    step_matrix,
    switches,
    time_to_stage,
    trace_journeys,
    transitions,
    variants,
)
from personakit.journeys.incidence import cumulative_incidence
from personakit.records import Study

SHOP = Path(__file__).resolve().parents[3] / "shared" / "data" / "events" / "simple_shop" / "simple-onlineshop.csv"


def cell(table, *key):
    found = table.set_index(["persona", "source", "target"]).loc[key]
    return found["count"], found["people"], found["share"]


def test_transitions_by_hand():
    study = make.study(make.log({"a": ["x", "x", "y"], "b": ["x", "z", 50.0]}), touchpoints=make.touchpoints(
        "xy", ["s0", "s1"]))
    journeys = trace_journeys(study)
    table = transitions(journeys, make.personas({"a": "P1", "b": "P2", "gone": "P2"}, window_days=None), seed=1)
    assert cell(table, "all", "s0", "s0") == (1, 1, pytest.approx(1 / 3))
    assert cell(table, "P1", "s0", "s1") == (1, 1, 0.5)
    # z has no stage: the journey of b ends at x; nobody can say yet that it has ended for good
    assert cell(table, "P2", "s0", "open")[0] + cell(table, "all", "s1", "open")[0] == 2
    assert cell(table, "P2", "s0", "s0")[:2] == (0, 0)
    assert table["few"].all()
    assert table["evidence_id"].is_unique


def test_views_are_the_same_at_every_edge_of_blocks(monkeypatch):
    rng = np.random.default_rng(5)
    events = pd.DataFrame({
        "participant_id": rng.integers(0, 25, 200).astype("str"), "event": rng.choice(list("xyz"), 200),
        "time_us": rng.integers(0, 10**10, 200) * 600, "channel": rng.choice(["web", "shop", None], 200)})
    study = make.study(events, touchpoints=make.touchpoints("xy", ["s0", "s1"]))

    def tables():
        journeys = trace_journeys(study)
        return [journeys.notes, journeys.ends, pd.DataFrame({"session": journeys.session}), stage_counts(journeys),
                loops(journeys), *(view(journeys, seed=7, replicates=9) for view in (transitions, switches)),
                *(around(journeys, touchpoint="x", seed=7, replicates=9, **span)
                  for span in ({"steps": 2}, {"window_min": 900.0}))]

    whole = tables()
    for most in (1, 2, 20):
        monkeypatch.setitem(person_blocks.__kwdefaults__, "most", most)
        for one, other in zip(whole, tables(), strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_unknown_view():
    journeys = trace_journeys(make.study(make.log({"a": "xy"})))
    with pytest.raises(ChoiceError, match="Allowed: touchpoint"):
        transitions(journeys, by="stage", seed=1)
    assert len(transitions(journeys, by="touchpoint", seed=1)) == 2


def test_stages_by_hand():
    study = make.study(make.log({"a": ["x", 2.0, "x", "y"], "b": ["y"]}), touchpoints=make.touchpoints("xy", ["s0", "s1"]))
    table = stage_counts(trace_journeys(study)).set_index("stage")
    assert table["people"].to_dict() == {"s0": 1, "s1": 2}
    assert table["share"].to_dict() == {"s0": 0.5, "s1": 1.0}
    # from one x to the next, two days and a minute later, without another stage between
    assert table.loc["s0", "median_days"] == pytest.approx(2 + 1 / 1440)


paths = st.dictionaries(st.sampled_from([f"p{one}" for one in range(8)]), st.lists(st.one_of(
    st.sampled_from(["s0", "s1", "s2", "odd"]), st.sampled_from([0.01, 1.0, 30.0])), min_size=1, max_size=12), min_size=1)


@given(paths, st.sampled_from([None, 0.5, 5.0]))
def test_any_log_reconciles(paths, window_days):
    events = make.log(paths)
    if not len(events):
        return
    journeys = trace_journeys(make.study(events, touchpoints=make.touchpoints(["s0", "s1", "s2"])))
    if not journeys.stages:
        return
    steps, stages = transitions(journeys, seed=1, replicates=5), stage_counts(journeys)
    known = events[events["event"] != "odd"]
    by_stage = stages.set_index("stage")
    assert by_stage["events"].sum() == len(known)
    # every event at a stage is followed by one step out of it; every person leaves once
    assert steps.groupby("source")["count"].sum().to_dict() == by_stage["events"].to_dict()
    assert steps.loc[steps["target"].isin(["end", "open"]), "count"].sum() == known["participant_id"].nunique()
    # steps into a stage, and people who start there, are its events
    starts = known.groupby("participant_id")["event"].first().value_counts()
    into = steps.groupby("target")["count"].sum()
    for stage in journeys.stages:
        assert into.get(stage, 0) + starts.get(stage, 0) == by_stage.loc[stage, "events"]
    if len(journeys.stages) < 2:
        return
    table = funnel(journeys, window_days=window_days, seed=1, replicates=5)
    assert (table["entered"] == table["reached"] + table["still_open"] + table["ended"]).all()
    assert (np.diff(table["reached"]) <= 0).all()
    assert table["reached"].iloc[0] == by_stage.loc[journeys.stages[0], "people"]
    assert (table["share"] >= table["reached"] / table["entered"] - 1e-9).all(), "open people can only add"


def test_funnel_by_hand():
    log = make.log({"a": ["s0", "s1", "s0", "s2"], "b": ["s1", "s0", 0.2, "s2"], "c": ["s0"], "late": [200.0, "s0"]})
    journeys = trace_journeys(make.study(log, touchpoints=make.touchpoints(["s0", "s1", "s2"])))
    table = funnel(journeys, seed=1).set_index("stage")
    # going back to s0 does not undo s1; b was at s1 before s0, so s2 does not count in order; c has ended
    assert table["reached"].to_dict() == {"s0": 4, "s1": 1, "s2": 1}
    assert table.loc["s1", ["still_open", "ended"]].tolist() == [1, 2]
    # late is watched for no time at all: a of a, b, c
    assert table.loc["s1", "share"] == pytest.approx(1 / 3)
    two = funnel(journeys, stages=["s0", "s2"], seed=1).set_index("stage")
    assert two.loc["s2", "reached"] == 2
    within = funnel(journeys, stages=["s0", "s2"], window_days=0.1, seed=1).set_index("stage")
    assert within.loc["s2", "reached"] == 1


def test_funnel_follows_the_first_attempt():
    # Mixpanel's worked stream: A 1:00, A 1:30, B 1:45, C 2:15 and a window of one hour reach B only
    events = pd.DataFrame({"participant_id": "a", "event": ["s0", "s0", "s1", "s2"],
                           "time_us": np.array([60, 90, 105, 135]) * 60_000_000})
    journeys = trace_journeys(make.study(events, touchpoints=make.touchpoints(["s0", "s1", "s2"])))
    assert funnel(journeys, window_days=1 / 24, seed=1)["reached"].tolist() == [1, 1, 0]


def test_funnel_errors():
    journeys = trace_journeys(make.study_of(np.array([[0, 1, 2]])))
    for arguments, error, message in [({"stages": ["s0"]}, StudyError, "two or more"),
                                      ({"stages": ["s0", "s9"]}, ChoiceError, "'s9' is unknown"),
                                      ({"stages": ["s0", "s0"]}, StudyError, "each once"),
                                      ({"window_days": 0}, StudyError, "above 0")]:
        with pytest.raises(error, match=message):
            funnel(journeys, seed=1, **arguments)
    with pytest.raises(StudyError, match="needs an order"):
        funnel(trace_journeys(make.study(make.log({"a": "xy"}))), seed=1)


def test_all_or_none_of_twelve_people_leave_a_doubt():
    # all go on to s1, none to s2, which does occur in the map: whoever is drawn, the shares stay 1 and 0
    study = make.study(make.log({f"p{one}": ["s0", "s1"] for one in range(12)}),
                       touchpoints=make.touchpoints(["s0", "s1", "s2"]))
    table = funnel(trace_journeys(study), stages=["s0", "s1", "s2"], seed=1).set_index("stage")
    # Wilson at 0 of 12: z squared over 12 and z squared; at 12 of 12 its mirror
    none = 1.959964**2 / (12 + 1.959964**2)
    assert table.loc["s1", ["share", "low", "high"]].tolist() == pytest.approx([1, 1 - none, 1])
    assert table.loc["s2", ["share", "low", "high"]].tolist() == pytest.approx([0, 0, none])
    # everyone is at the first step by definition
    assert table.loc["s0", ["low", "high"]].tolist() == [1, 1]
    arrive = time_to_stage(trace_journeys(study), stage="s1", days=[0, 1], seed=1)
    assert arrive["low"].tolist() == pytest.approx([0, 1 - none])
    assert arrive["high"].tolist() == pytest.approx([none, 1])


def test_too_few_is_said_in_every_view():
    paths = {f"p{one:02d}": ["x", "y", "x"] for one in range(29)}
    found = trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("xy", ["s0", "s1"], ["web", "shop"])))
    personas = make.personas({one: "P1" if one < "p20" else "P2" for one in paths}, window_days=None)
    for view, options in ((stage_counts, {}), (transitions, {"seed": 1}), (step_matrix, {}), (flows, {}), (variants, {}),
                          (loops, {}), (attrition, {}), (funnel, {"seed": 1}), (rank_friction, {"seed": 1}),
                          (time_to_stage, {"stage": "s1", "seed": 1}), (returns_to_stage, {"stage": "s1", "seed": 1}),
                          (around, {"touchpoint": "x", "seed": 1})):
        table = view(found, personas, **options)
        assert {"few", "low", "high"} <= set(table.columns), view.__name__
        # nine people are under ten, whatever they do
        assert table.loc[table["persona"] == "P2", "few"].all(), view.__name__
    assert not stage_counts(found)["few"].any()
    assert not switches(found, seed=1)["few"].any()
    nine = trace_journeys(make.study(make.log(dict(list(paths.items())[:9])), touchpoints=make.touchpoints(
        "xy", ["s0", "s1"], ["web", "shop"])))
    assert switches(nine, seed=1)["few"].all()


def test_ties_in_order_convert():
    # same second, in the order of the file (rybbit issue 1133: 100 %)
    events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["s0", "s1"], "time_us": [5, 5]})
    table = funnel(trace_journeys(make.study(events, touchpoints=make.touchpoints(["s0", "s1"]))), seed=1)
    assert table["share"].tolist() == [1.0, 1.0]


def test_recent_entrants_are_not_lost():
    # reference generator: entries uniform on [0, W], time to convert exponential with mean W: 1 - 1/e = .632 by W,
    # while the naive share tends to .368
    n, days = 20_000, 100
    rng = np.random.default_rng(2)
    entry, wait = rng.uniform(0, days, n), rng.exponential(days, n)
    seen = entry + wait <= days
    ids = np.array([f"p{one}" for one in range(n)])
    events = pd.DataFrame({
        "participant_id": np.append(ids, ids[seen]), "event": ["in"] * n + ["buy"] * int(seen.sum()),
        "time_us": (np.append(entry, (entry + wait)[seen]) * DAY_US).astype("int64")})
    study = Study(name="t", participants=pd.DataFrame(index=pd.Index(ids, name="participant_id")), events=events,
                  touchpoints=pd.DataFrame({"event": ["in", "buy"], "touchpoint": ["in", "buy"],
                                            "stage": ["research", "purchase"]}))
    row = funnel(trace_journeys(study), window_days=days, seed=1, replicates=20).iloc[1]
    assert row["share"] == pytest.approx(1 - np.exp(-1), abs=0.02)
    assert row["reached"] / row["entered"] == pytest.approx(0.368, abs=0.01)


def test_incidence_by_hand():
    # 4 people: reached at 1, exit at 2, open until 2, reached at 3; by hand 1/4, then 3/4 * 2/3 stay, then all: 3/4
    time, outcome = np.array([1.0, 2.0, 2.0, 3.0]), np.array([1, 2, 0, 1])
    assert cumulative_incidence(time, outcome, horizon=2.0)[0] == pytest.approx(0.25)
    assert cumulative_incidence(time, outcome, horizon=3.0)[0] == pytest.approx(0.75)
    # weights are people counted several times
    doubled = cumulative_incidence(np.repeat(time, [2, 1, 0, 1]), np.repeat(outcome, [2, 1, 0, 1]), horizon=3.0)
    weighted = cumulative_incidence(time, outcome, horizon=3.0, weights=np.array([[2, 1, 0, 1], [0, 0, 0, 0]]))
    assert weighted[0] == pytest.approx(doubled[0])
    assert np.isnan(weighted[1])


def test_incidence_of_mgus2():
    # R: survfit(Surv(etime, event) ~ 1, mgus2): pcm .0637 at 120 months and .0998 at 240 (survival vignette compete)
    counts = pd.read_csv(Path(__file__).parent / "mgus2_counts.csv", comment="#")
    assert counts[["pcm", "death", "open"]].sum().tolist() == [115, 860, 409]
    time = np.concatenate([np.repeat(counts["month"], counts[one]) for one in ("open", "pcm", "death")]).astype(float)
    outcome = np.repeat([0, 1, 2], [409, 115, 860])
    found = [cumulative_incidence(time, outcome, horizon=month)[0] for month in (120, 240)]
    assert [round(one, 4) for one in found] == [0.0637, 0.0998]


@pytest.mark.skipif(not SHOP.exists(), reason="the real data folder is not here")
def test_simple_shop():
    # retentioneering's shop: 32,283 events, 3,751 people, 1,924 reach the cart, 653 payment_done (data catalogue)
    raw = pd.read_csv(SHOP, dtype={"user_id": "str"})
    events = pd.DataFrame({"participant_id": raw["user_id"], "event": raw["event"],
                           "time_us": pd.to_datetime(raw["timestamp"]).astype("datetime64[us]").astype("int64")})
    ids = pd.Index(events["participant_id"].unique(), name="participant_id")
    findings = describe_journeys(trace_journeys(Study(name="shop", participants=pd.DataFrame(index=ids), events=events)),
                                 seed=1, replicates=20)
    stages = findings.stages.set_index("stage")
    assert stages["events"].sum() == 32_283
    assert stages["people_total"].iloc[0] == 3_751
    assert stages["people"].loc[["cart", "payment_done"]].tolist() == [1_924, 653]
    assert findings.transitions["count"].sum() == 32_283
    assert not findings.friction["flagged"].any(), "without stages an end cannot be told from a friction"


def test_too_few_replicates():
    journeys = trace_journeys(make.study(make.log({"a": "xy"})))
    with pytest.raises(TooFewError, match="replicates: 0"):
        transitions(journeys, by="touchpoint", seed=1, replicates=0)
