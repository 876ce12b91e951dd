"""Reference figures of public logs, and the planted friction and channel break over several regenerated samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_journeys import study as study_with
from test_journeys_findings import planted

from personakit.collect import read_events, read_xes
from personakit.errors import StudyError
from personakit.eventlog import DAY_US, person_of, steps
from personakit.journeys import (
    around,
    attrition,
    funnel,
    loops,
    rank_friction,
    reconcile,
    switches,
    trace_journeys,
    transitions,
    variants,
)
from personakit.records import Study

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


def traced(events):
    people = pd.DataFrame(index=pd.Index(events["participant_id"].unique(), name="participant_id"))
    return trace_journeys(Study(name="real", participants=people, events=events))


@needs_data
def test_mvad():
    # reference (712 people, 70 months from Sep.93): monthly rates of staying .9864 EM, .9514 FE, .9872 HE, .9387 JL,
    # .9509 SC, .9442 TR; joblessness to employment .0418; 52 people never move; 490 distinct journeys
    table = pd.read_csv(DATA / "sequences" / "mvad" / "mvad.csv")
    months = table.loc[:, "Sep.93":]
    assert months.shape == (712, 70)
    journeys = traced(pd.DataFrame({
        "participant_id": np.repeat(table["id"].astype(str), 70).to_numpy(), "event": months.to_numpy().ravel(),
        "time_us": np.tile(np.arange(70) * 30 * DAY_US, 712)}))
    found = transitions(journeys, by="touchpoint", seed=1, replicates=2)
    inner = found[~found["target"].isin(["end", "open"])]
    rate = inner.set_index(["source", "target"])["count"] / inner.groupby("source")["count"].sum()
    stay = {state: round(rate[state, state], 4) for state in journeys.log.levels["touchpoint"]}
    assert stay == {"FE": 0.9514, "HE": 0.9872, "employment": 0.9864, "joblessness": 0.9387, "school": 0.9509,
                    "training": 0.9442}
    assert round(rate["joblessness", "employment"], 4) == 0.0418
    kinds = variants(journeys, by="touchpoint", top=1000)
    assert len(kinds) == 490
    assert variants(journeys, by="touchpoint", top=1000, moves_only=True).query("length == 1")["people"].sum() == 52
    turned = loops(journeys, by="touchpoint")
    assert turned["events"].sum() == 712 * 70
    assert turned["self_loops"].sum() == inner.query("source == target")["count"].sum()


@needs_data
def test_road_fines():
    # the data catalogue: 100 cases, 390 events, 10 activities, 10 variants, the commonest 36, 22 and 16
    events = read_xes(DATA / "events" / "xes" / "roadtraffic100traces.xes").tables["events"]
    journeys = traced(events)
    kinds = variants(journeys, by="touchpoint", top=50)
    assert (len(journeys.ends), len(events), events["event"].nunique(), len(kinds)) == (100, 390, 10, 10)
    assert kinds["people"].tolist()[:3] == [36, 22, 16]
    assert reconcile(journeys, by="touchpoint")["equal"].all()


@needs_data
def test_snowplow_sessions_are_those_that_its_authors_expect():
    # their session table (dbt-snowplow-web 0.16): records of one id count once, late ones do not, and only sessions with a
    # page view or a heartbeat on a known page are listed
    folder, page = DATA / "events" / "snowplow_web", "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0.id"
    clocks = ["collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp"]
    rows = read_events(folder / "snowplow_web_events.csv", keep=[*clocks, page]).tables["events"]
    rows = rows.assign(**{one: pd.to_datetime(rows[one]) for one in clocks}).sort_values(clocks[:2], kind="stable")
    rows, late = rows.drop_duplicates("record_id"), pd.Timedelta(days=3)
    rows = rows[rows["session"].notna() & (rows["dvce_sent_tstamp"] - rows["dvce_created_tstamp"] <= late)]
    rows = rows[rows["collector_tstamp"] <= rows.groupby("session")["collector_tstamp"].transform("min") + late]
    kept = rows[["participant_id", "event", "time_us", "session"]]
    people = pd.DataFrame(index=pd.Index(kept["participant_id"].unique(), name="participant_id"))
    journeys = trace_journeys(Study(name="real", participants=people, events=kept), marker="session")
    expected = pd.read_csv(folder / "snowplow_web_sessions_expected.csv", parse_dates=["end_tstamp"])
    last = np.append(np.diff(journeys.session) != 0, True)
    found = pd.DataFrame({
        "domain_userid": journeys.log.participants[person_of(journeys.log)[last]],
        "total_events": np.bincount(journeys.session), "end_tstamp": pd.to_datetime(journeys.log.time_us[last], unit="us")})
    both = expected.merge(found.drop_duplicates(), on=list(found), how="left", indicator=True)
    # a session here is one person's, and a run: one of theirs belongs to nobody, one changes its person, and two people
    # hop between two sessions within a moment
    odd = both.loc[both["_merge"] != "both", "user_id"].value_counts().to_dict()
    assert (len(both), len(expected)) == (18, 18)
    assert odd == {"Multiple first sessions per user": 2, "Multiple last sessions per user": 1,
                   "Rotating domain_userid per session": 1, "NULL domain_userid": 1}


@pytest.mark.parametrize("seed", [51, 52, 53])
def test_planted_friction_and_channel_break_come_first(seed):
    study, _ = planted("lunettes", seed, 500)
    journeys = trace_journeys(study)
    assert rank_friction(journeys, seed=7)["touchpoint"].iloc[0] == "Panier"
    assert switches(journeys, seed=7)[["source", "target"]].iloc[0].tolist() == ["web", "shop"]


def test_shifting_every_stamp_changes_nothing():
    # a constant offset, back before 1970 even: nothing negative, nothing changed
    study, _ = planted("lunettes", 54, 60)
    moved = study.events.assign(time_us=study.events["time_us"] - 60 * 365 * DAY_US)
    assert (moved["time_us"] < 0).any()
    one, other = (trace_journeys(Study(name="t", participants=study.participants, events=events, design=study.design,
                                       touchpoints=study.touchpoints)) for events in (study.events, moved))
    for view, options in ((funnel, {"seed": 1, "replicates": 5}), (attrition, {}), (loops, {}),
                          (around, {"touchpoint": "Panier", "seed": 1, "replicates": 5})):
        pd.testing.assert_frame_equal(view(one, **options), view(other, **options))
    before, after = steps(other.log, "touchpoint")
    assert (other.log.time_us[after] >= other.log.time_us[before]).all(), "no duration is negative"


def test_times_that_are_not_microseconds_are_refused():
    mixed = pd.DataFrame({"participant_id": ["a", "a"], "event": ["x", "y"],
                          "time_us": [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01", tz="UTC")]}, dtype=object)
    with pytest.raises(StudyError, match="time_us"):
        trace_journeys(study_with(mixed))
