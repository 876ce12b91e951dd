"""Time to a stage and the audit of session time-outs: by hand, against the funnel, and on planted logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_journeys as make

from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import DAY_US, MINUTE_US
from personakit.inference import bootstrap_sums
from personakit.journeys import arrival, audit_sessions, funnel, returns_to_stage, switches, time_to_stage, trace_journeys
from personakit.records import Study


def recent_entrants(people, seed):
    """Entries uniform on a year, time to convert exponential with a mean of a year, watched to the end of the year."""
    rng = np.random.default_rng(seed)
    year = 365 * DAY_US
    entry = rng.uniform(0, year, people)
    arrive = entry + rng.exponential(year, people)
    ids = np.array([f"p{one:05d}" for one in range(people)])
    seen = arrive <= year
    events = pd.DataFrame({
        "participant_id": np.concatenate([ids, ids[seen]]), "event": np.repeat(["see", "buy"], [people, seen.sum()]),
        "time_us": np.concatenate([entry, arrive[seen]]).astype("int64")})
    return trace_journeys(Study(name="x", participants=pd.DataFrame(index=pd.Index(ids, name="participant_id")),
                                events=events))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_on_the_way_are_not_lost(seed):
    # 1 - exp(-1) = .632 arrive within a mean time; the naive share of this design tends to .368
    journeys = recent_entrants(6000, seed)
    table = time_to_stage(journeys, stage="buy", start="see", days=[0, 180, 365], seed=seed, replicates=50)
    assert table["share"].iloc[0] == 0
    assert table["share"].iloc[1] == pytest.approx(1 - np.exp(-180 / 365), abs=0.03)
    assert table["share"].iloc[2] == pytest.approx(0.632, abs=0.06)
    assert (table["low"] <= table["share"]).all()
    assert (table["share"] <= table["high"]).all()


def test_the_curve_ends_where_the_funnel_does():
    rng = np.random.default_rng(5)
    paths = {f"p{one:02d}": [*rng.choice(["x", "y", 3.0, 40.0], 8).tolist(), "x"] for one in range(30)}
    paths = {who: [float(one) if one not in ("x", "y") else one for one in path] for who, path in paths.items()}
    journeys = trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("xy", ["s0", "s1"])))
    curve = time_to_stage(journeys, stage="s1", start="s0", seed=7)
    last = funnel(journeys, stages=["s0", "s1"], seed=7).iloc[-1]
    assert curve["share"].iloc[-1] == pytest.approx(last["share"])
    assert curve["entered"].iloc[-1] == last["entered"]
    assert curve["share"].is_monotonic_increasing
    assert ((curve["share"] + curve["ended"]) <= 1 + 1e-12).all()


def test_times_that_cannot_be():
    journeys = trace_journeys(make.study(make.log({"a": "xy"})))
    with pytest.raises(ChoiceError, match="'z' is unknown"):
        time_to_stage(journeys, stage="z", seed=1)
    with pytest.raises(StudyError, match="the stage to get to"):
        time_to_stage(journeys, stage="x", start="x", seed=1)
    for days in ([], [3, 1], [-1], [float("nan")]):
        with pytest.raises(StudyError, match="rise from 0"):
            time_to_stage(journeys, stage="y", days=days, seed=1)
    with pytest.raises(StudyError, match="above 0"):
        audit_sessions(journeys, gaps_min=[0], seed=1)


def visits(gap_min, days):
    """Twenty people with a visit of four events every other day, ``gap_min`` minutes between events."""
    rows = [(f"p{who}", event, (2 * day * DAY_US) + int(place * gap_min * MINUTE_US))
            for who in range(20) for day in range(days) for place, event in enumerate("abcd")]
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])
    return trace_journeys(make.study(events))


def test_a_plateau_is_found_where_it_is():
    table = audit_sessions(visits(7, days=5), seed=7).set_index("gap_min")
    # events lie 7 minutes apart, visits a day or two: 5 minutes cut every visit to pieces
    assert table.loc[5, "sessions"] == 20 * 5 * 4
    assert table.loc[[10, 30, 240], "sessions"].tolist() == [100] * 3
    # twice a day joins visits that end 21 minutes after two days begin; below 7 minutes no two events are together
    assert table["plateau"].to_dict() == {gap: 10 <= gap <= 480 for gap in table.index}
    assert not table["changes"].any()
    assert table.index[table["in_use"]].tolist() == [30]


def test_a_headline_that_hangs_on_the_time_out_is_said():
    # a visit in two halves 40 minutes apart: half and once cut it after b, twice does not
    rows = [(f"p{who}", event, (2 * day * DAY_US) + minute * MINUTE_US)
            for who in range(30) for day in range(6) for event, minute in (("a", 0), ("b", 1), ("c", 41), ("d", 42))]
    journeys = trace_journeys(make.study(pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])))
    table = audit_sessions(journeys, seed=7).set_index("gap_min")
    assert table.loc[[15, 30, 60], "sessions"].tolist() == [360, 360, 180]
    assert table.loc[[15, 30, 60], "changes"].tolist() == [False, False, True]


def test_returns_by_hand():
    # a comes on day 0, 2 and 4 (two events a visit); b on day 3 only, watched for one day; the log ends on day 4
    rows = [("a", "x", 0), ("a", "x", 1), ("a", "x", 2 * DAY_US), ("a", "y", 2 * DAY_US + 1), ("a", "x", 2 * DAY_US + 2),
            ("a", "x", 4 * DAY_US), ("b", "x", 3 * DAY_US), ("c", "y", 0)]
    study = make.study(pd.DataFrame(rows, columns=["participant_id", "event", "time_us"]),
                       touchpoints=make.touchpoints("xy", ["s0", "s1"]))
    table = returns_to_stage(trace_journeys(study), stage="s0", days=[1, 2.5, 4, 9], seed=7)
    # the visit of day 2 is left for y and taken up again: two returns; after a day only a is watched
    assert table["returns"].tolist()[:3] == [0, 2, 3]
    assert np.isnan(table["returns"].iloc[3])
    assert table["watched"].tolist() == [2, 1, 1, 0]
    assert table["entered"].eq(2).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_returns_count_those_who_were_watched(seed):
    # everyone comes back 0.1 times a day, entering uniformly over 100 days: 3 returns after 30 days, whoever came late
    rng = np.random.default_rng(seed)
    rows = [(f"p{who:04d}", "x", int(time * DAY_US)) for who, entry in enumerate(rng.uniform(0, 100, 1500))
            for time in [entry, *np.sort(rng.uniform(entry, 100, rng.poisson(0.1 * (100 - entry))))]]
    journeys = trace_journeys(make.study(pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])))
    row = returns_to_stage(journeys, stage="x", days=[30], seed=seed, replicates=100).iloc[0]
    # visits within half an hour of each other count as one: 0.2 % of them
    assert row["returns"] == pytest.approx(3.0, abs=0.15)
    assert row["low"] < row["returns"] < row["high"]


def test_switches_between_teams():
    rows = [("a", "x", 0), ("a", "y", 1), ("b", "y", 0), ("b", "x", 1)]
    touchpoints = make.touchpoints("xy", ["s1", "s0"]).assign(owner=["web", "shop"])
    journeys = trace_journeys(make.study(pd.DataFrame(rows, columns=["participant_id", "event", "time_us"]),
                                         touchpoints=touchpoints))
    table = switches(journeys, by="owner", seed=7).set_index(["source", "target"])
    assert table["restart_share"].to_dict() == {("web", "shop"): 1.0, ("shop", "web"): 0.0}
    with pytest.raises(ChoiceError, match="Allowed: channel, device, owner"):
        switches(journeys, by="team", seed=7)


def test_interval_of_returns_in_bins_is_that_of_all_times_where_few_are_watched(monkeypatch):
    # the longer anyone is watched, the fewer there are: one return lifts the end of the curve as much as a hundred before
    rng = np.random.default_rng(5)
    watched = (rng.exponential(15, 600) * DAY_US).astype(np.int64)
    person = np.repeat(np.arange(600), rng.poisson(0.3 * watched / DAY_US))
    time = (rng.random(len(person)) * watched[person]).astype(np.int64)
    horizons = np.sort(watched)[[-60, -5, -2]].astype(np.float64)
    spread = []
    for bins in (arrival.BINS, 10**9):
        monkeypatch.setattr(arrival, "BINS", bins)
        counts, mean, curve = arrival._mean_cumulative(watched, person, time, horizons)
        draws = curve(bootstrap_sums(counts, replicates=400, seed=np.random.SeedSequence(7)))
        spread.append(draws.std(axis=0))
        by_hand = [(1 / (watched[:, None] >= time[time <= one]).sum(axis=0)).sum() for one in horizons]
        np.testing.assert_allclose(mean, by_hand)
    np.testing.assert_allclose(spread[0], spread[1], rtol=0.05)
