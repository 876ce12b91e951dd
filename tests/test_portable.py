"""One door, two tiers: a log in memory and the same log left in an engine give the same views, ties included."""

from __future__ import annotations

from dataclasses import replace

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portable import (
    EVERY,
    NIGHT_US,
    autumn_study,
    check_habits,
    check_queries,
    check_views,
    personas_of,
    random_events,
    settled,
    study_of,
)

import personakit.journeys as journeys_room
from personakit.behaviour import HABITS, behaviour_table
from personakit.errors import StudyError
from personakit.eventlog import MINUTE_US, encode_events, store_events
from personakit.journeys import trace_journeys
from personakit.run import run_study
from personakit.study import load_sample, load_study

ENGINES = ("pandas", "polars", "duckdb")


def lazy(events, engine):
    if engine == "pandas":
        return nw.from_native(events).lazy()
    if engine == "polars":
        return pytest.importorskip("polars").from_pandas(events).lazy()
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    return connection.from_df(events)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("order", [True, False])
def test_every_view_is_the_same(engine, order, monkeypatch):
    events = random_events(3, order=order)
    shuffled = lazy(events.sample(frac=1, random_state=1).reset_index(drop=True), engine)
    found, views = check_views(events if order else settled(events), shuffled, monkeypatch)
    assert found.log.engine == engine
    assert {views[name].attrs["engine"] for name in ("transitions", "stages", "steps", "variants", "funnel")} == {engine}


rows = st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from(["x", "y", "z", "x > y", "nowhere"]), st.integers(0, 4),
                          st.sampled_from(["web", "app", None]), st.integers(0, 1)), min_size=1, max_size=25)


@pytest.mark.parametrize("engine", ENGINES)
@given(drawn=rows)
@settings(max_examples=6)
def test_any_log_gives_the_same_views(engine, drawn):
    events = pd.DataFrame(drawn, columns=["participant_id", "event", "time_us", "channel", "order"])
    events = pd.concat([events.assign(time_us=events["time_us"] * 29 * 60_000_000), random_events(1, people=2, rows=30)])
    with pytest.MonkeyPatch.context() as patch:
        check_views(events.drop(columns="value"), lazy(events.drop(columns="value"), engine), patch)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [{"habits": EVERY}, {"until": "2024-10-27", "window_days": 20.1, "habits": EVERY}, {}])
def test_every_habit_is_the_same(engine, how, monkeypatch):
    study = autumn_study(3)
    table = check_habits(study, lazy(study.events.sample(frac=1, random_state=1), engine), monkeypatch, **how)
    assert table["gap_days"].notna().any()


@pytest.mark.parametrize("engine", ENGINES)
@given(drawn=rows, days=st.sampled_from([0.05, 8, 30, np.inf]), start=st.sampled_from([-10**15, 0, NIGHT_US]))
@settings(max_examples=4)
def test_any_log_gives_the_same_habits(engine, drawn, days, start):
    events = pd.DataFrame(drawn, columns=["participant_id", "event", "time_us", "channel", "value"])
    events = events.assign(time_us=events["time_us"] * 29 * MINUTE_US + start, channel=events["channel"].astype("str"))
    study = replace(study_of(events, events["participant_id"].unique()), timezone="America/St_Johns")
    with pytest.MonkeyPatch.context() as patch:
        check_habits(study, lazy(events, engine), patch, window_days=days)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["int64", "uint16"])
def test_ids_that_are_numbers_keep_the_order_of_text(engine, kind, monkeypatch):
    events = random_events(3)  # 9, 90, 99 ...: not the order of numbers
    events = events.assign(participant_id=(events["participant_id"].str[1:].astype("int64") * 9 + 9).astype(kind))
    study = study_of(settled(events), [str(one) for one in events["participant_id"].unique()])
    check_habits(study, lazy(events, engine), monkeypatch, habits=EVERY)
    found, _ = check_views(settled(events), lazy(events, engine), monkeypatch)
    assert list(found.log.participants) == sorted(str(one) for one in found.log.ids) and engine == found.log.engine


@pytest.mark.parametrize("engine", ENGINES)
def test_lunettes_has_the_same_habits(engine, monkeypatch):
    study = load_sample("lunettes")
    check_habits(study, lazy(study.events, engine), monkeypatch, habits=[one for one in HABITS if one != "event_share"])


def test_a_log_of_very_many_words_has_the_same_habits(monkeypatch):
    rng = np.random.default_rng(0)
    study = autumn_study(4, rows=900)
    events = study.events.assign(event="page" + pd.Series(rng.integers(0, 400, 900)).astype("str")).drop(columns="value")
    study = replace(study, events=events)
    assert "event_share:other" in check_habits(study, lazy(events, "polars"), monkeypatch)


def test_habits_of_a_query_say_what_is_missing(monkeypatch):
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", -1)
    study = replace(autumn_study(1), events=lazy(random_events(1), "duckdb"))
    with pytest.raises(StudyError, match="'device_share' needs what"):
        behaviour_table(study, habits=["device_share"])
    with pytest.raises(StudyError, match="none are left to use"):
        behaviour_table(study, until=-1)
    with pytest.raises(StudyError, match="none are left to use"):
        behaviour_table(replace(study, events=lazy(random_events(1), "duckdb").filter("time_us < 0")))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["int32", "uint64"])
def test_times_of_any_whole_kind_give_the_same_views(engine, kind, monkeypatch):
    events = random_events(3, people=4, rows=40).assign(value=1.0)
    events = events.assign(time_us=(events["time_us"] // 10**6).astype(kind))
    check_views(events.astype({"time_us": "int64"}), lazy(events, engine), monkeypatch)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_queries_agree_with_the_encoded_log(engine):
    events = random_events(5, rows=300)
    check_queries(events, lazy(events, engine))


def test_a_query_encodes_into_the_same_log_whatever_the_order_of_its_rows():
    events = random_events(2, order=False)
    logs = [encode_events(lazy(events.sample(frac=1, random_state=seed), engine)) for seed in (1, 2) for engine in ENGINES]
    logs.append(encode_events(settled(events)))
    for name in ("time_us", "offsets", "value"):
        assert len({getattr(log, name).tobytes() for log in logs}) == 1
    assert len({log.codes["event"].tobytes() for log in logs}) == 1
    assert len({log.ties for log in logs}) == 1


def test_moments_that_do_not_fit_a_whole_number_are_counted(monkeypatch):
    events = random_events(4)
    events["order"] = events["order"] * 2**40
    monkeypatch.setattr("personakit.eventlog.stored._ROOM", 2**50)
    check_views(events, lazy(events, "duckdb"), monkeypatch)


def test_many_words_are_coded_by_a_join(monkeypatch):
    monkeypatch.setattr("personakit.eventlog.engines.MOST_LISTED", 1)
    events = random_events(6)
    check_views(events, lazy(events, "polars"), monkeypatch)


def test_a_participant_with_very_many_events_and_journeys_of_one_event(monkeypatch):
    events = pd.concat([random_events(1, people=1, rows=3000, moments=3000), random_events(2, people=40, rows=40)])
    check_views(events, lazy(events, "duckdb"), monkeypatch)


OTHERS = {"reconcile": {}, "time_to_stage": {"stage": "s1", "seed": 7}, "audit_sessions": {"seed": 7},
          "returns_to_stage": {"stage": "s1", "seed": 7}, "rank_friction": {"seed": 7},
          "switches": {"seed": 7}, "describe_journeys": {"seed": 7}}


@pytest.mark.parametrize("moves_only", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_flows_are_the_same_where_the_events_lie(engine, moves_only, monkeypatch):
    events = settled(random_events(7))
    people = sorted(events["participant_id"].unique())
    asked = {"by": "touchpoint", "steps": 4, "top": 3, "moves_only": moves_only}
    here = journeys_room.flows(trace_journeys(study_of(events, people)), personas_of(people), **asked)
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 0)
    there = journeys_room.flows(trace_journeys(study_of(lazy(events, engine), people)), personas_of(people), **asked)
    pd.testing.assert_frame_equal(here, there)


@pytest.mark.parametrize("view", OTHERS)
def test_the_other_views_say_that_they_need_the_events_in_memory(view, monkeypatch):
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 10)
    events = random_events(3)
    journeys = trace_journeys(study_of(lazy(events, "duckdb"), events["participant_id"].unique()))
    with pytest.raises(StudyError, match=r"needs every event in memory, and the log has 150 that stay in duckdb"):
        getattr(journeys_room, view)(journeys, **OTHERS[view])


@pytest.mark.parametrize(("change", "message"), [
    ({"event": None}, r"events.event: 5 of 5 are empty"), ({"time_us": 1.5}, "whole UTC microseconds"),
    ({"time_us": None}, "whole UTC microseconds")])
@pytest.mark.parametrize("engine", ENGINES)
def test_bad_queries_say_what_to_do(engine, change, message):
    events = random_events(1, rows=5).assign(**change)
    with pytest.raises(StudyError, match=message):
        store_events(lazy(events, engine))
    with pytest.raises(StudyError, match=message):
        encode_events(lazy(events, engine))


def test_an_empty_query_has_no_journeys(monkeypatch):
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", -1)
    events = random_events(1)
    with pytest.raises(StudyError, match="has no rows"):
        trace_journeys(study_of(lazy(events, "duckdb").filter("time_us < 0"), ["a"]))


def test_a_study_of_several_parquet_files_gives_the_same_on_both_tiers(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    events = random_events(8)
    (tmp_path / "logs").mkdir()
    for place, part in enumerate((events.iloc[:70], events.iloc[70:])):
        lazy(part, "duckdb").write_parquet(str(tmp_path / "logs" / f"{place}.parquet"))
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "events"\n[events]\nfile = "logs/*.parquet"\n', "utf-8")
    study = load_study(tmp_path)
    here = trace_journeys(study)
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 0)
    there = trace_journeys(study)
    assert (here.log.engine, there.log.engine) == ("memory", "duckdb")
    pd.testing.assert_frame_equal(here.ends, there.ends)
    pd.testing.assert_frame_equal(here.notes, there.notes)
    assert behaviour_table(study).attrs["engine"] == "duckdb"
    with pytest.raises(StudyError, match="a whole run looks at every event in memory"):
        run_study(study, tmp_path / "out", seed=7)


def test_a_stored_funnel_says_which_ways_it_cannot_walk(monkeypatch):
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 0)
    journeys = trace_journeys(study_of(lazy(random_events(3), "polars"), ["a"]))
    for options in ({"order": "strict"}, {"reentry": True}, {"per": "session"}, {"exclude": ["s2"], "stages": ["s0", "s1"]}):
        with pytest.raises(StudyError, match="need every event in memory"):
            journeys_room.funnel(journeys, seed=7, **options)
