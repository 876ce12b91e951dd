"""Duplicates, bots and ties: worked by hand, and the same in a pandas frame and in a DuckDB relation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personakit.collect.logs import audit
from personakit.collect.logs.aside import aside_duplicates, aside_nobody, aside_people, count_rows_of
from personakit.collect.logs.audit import (
    as_pandas,
    audit_events,
    columns_of,
    counts_of,
    find_bots,
    find_duplicates,
    people_of,
)
from personakit.collect.reading.account import NO_ID, begin, frame_of
from personakit.collect.reading.options import Options
from personakit.readings import Reading

DAY_US = 86_400_000_000


def log(rows: list[tuple[Any, ...]], *more: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["participant_id", "event", "time_us", *more])
    return frame.astype({"participant_id": "str", "event": "str", "time_us": "int64"})


def relation(frame: pd.DataFrame) -> Any:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute("create table events as select * from frame")
    return connection.sql("select * from events")


def test_what_is_wrong_with_a_log_worked_by_hand() -> None:
    frame = log([("a", "see", 1, "web"), ("a", "see", 1, "web"), ("a", "see", 1, "app"), ("a", "buy", 1, "web"),
                 ("b", "see", 5, "web")], "channel")
    found = audit_events(frame)
    # one row repeats another in every column; at moment 1 "buy" and "see" have no order
    assert found["count"].to_dict() == {"events": 5, "participants": 2, "duplicates": 1, "bots": 0, "ties": 1}
    assert found["first"].to_dict() == {"events": "", "participants": "", "duplicates": "a", "bots": "", "ties": "a"}
    ordered = audit_events(frame.assign(order=[1, 2, 3, 4, 5]))
    assert ordered["count"].to_dict() == {"events": 5, "participants": 2, "duplicates": 1, "bots": 0, "ties": 0}


def test_records_of_one_id_are_one_event_and_the_first_in_time_stays() -> None:
    frame = log([("a", "see", 9, "r1"), ("a", "see", 1, "r1"), ("a", "see", 1, "r2"), ("a", "see", 1, None),
                 ("a", "see", 1, None), ("a", "buy", 1, "r1"), ("b", "see", 1, "r1")], "record_id")
    assert find_duplicates(frame).tolist() == [True, False, False, False, True, False, False]
    assert audit_events(relation(frame)).loc["duplicates", "count"] == 2


@pytest.mark.parametrize(("gaps", "bot"), [
    ([900_000] * 49, True), ([1_000_000] * 49, False), ([900_000] * 48, False),
    ([900_000] * 25 + [10_000_000] * 25, False), ([900_000] * 25 + [1_050_000] * 25, True),
    ([900_000] * 25 + [1_100_000] * 25, False), ([900_000] * 26 + [10_000_000] * 25, True)])
def test_a_bot_has_fifty_events_with_a_median_under_one_second(gaps: list[int], bot: bool) -> None:
    times = np.cumsum([0, *gaps])
    frame = log([("a", f"e{place}", int(time)) for place, time in enumerate(times)])
    assert find_bots(frame).tolist() == find_bots(relation(frame)).tolist() == (["a"] if bot else [])


def test_a_bot_has_more_than_5000_events_in_one_utc_day_and_repeats_count_once() -> None:
    busy = [("busy", "see", DAY_US + place * 10_000_000) for place in range(5001)]
    double = [("double", "see", place * 2_000_000) for place in range(60) for _ in range(3)]
    evening = [("evening", "see", DAY_US - 2501 * 10_000_000 + place * 10_000_000) for place in range(5002)]
    frame = log([*busy, *double, *evening])
    assert find_bots(frame).tolist() == find_bots(relation(frame)).tolist() == ["busy"]


EVENTS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["see", "buy", "go"]),
                            st.one_of(st.integers(-20, 60), st.integers(-3 * DAY_US, 3 * DAY_US)),
                            st.sampled_from(["web", "app", None]), st.sampled_from([1.0, None]),
                            st.sampled_from(["r1", "r2", None]), st.integers(0, 2)), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=EVENTS, ordered=st.booleans(), records=st.booleans(), parts=st.sampled_from([10, 1_000_000]))
def test_any_frame_gives_the_same(monkeypatch: pytest.MonkeyPatch, rows: list[tuple[Any, ...]], ordered: bool, records: bool,
                                  parts: int) -> None:
    for name, value in (("BOT_EVENTS", 4), ("BOT_GAP_US", 5), ("BOT_DAY_EVENTS", 6), ("ROWS_AT_ONCE", parts)):
        monkeypatch.setattr(audit, name, value)
    frame = log(rows, "channel", "value", "record_id", "order")
    frame = frame.drop(columns=([] if records else ["record_id"]) + ([] if ordered else ["order"]))
    lazy = relation(frame)
    pd.testing.assert_frame_equal(audit_events(frame), audit_events(lazy))
    assert people_of(lazy).tolist() == sorted(frame["participant_id"].unique())
    pd.testing.assert_series_equal(counts_of(frame, "channel"), counts_of(lazy, "channel"), check_names=False,
                                   check_index_type=False)
    moments = frame.drop_duplicates(["participant_id", "time_us", "event"])
    ties = 0 if ordered else int(moments.duplicated(["participant_id", "time_us"]).sum())
    assert audit.pace_of(lazy)["ties"].sum() == ties
    assert find_bots(lazy).tolist() == [who for who, own in moments.groupby("participant_id") if is_bot(own["time_us"])]


def is_bot(times: pd.Series) -> bool:
    """Apply the rule for bots in the plainest way, with the limits of the test."""
    return (len(times) >= 4 and times.sort_values().diff().median() < 5) or (times // DAY_US).value_counts().max() > 6


# ------------------------------------------------------------------------------------------------ rows that leave
def reading(frame: Any) -> Reading:
    options = Options(table="events", path=Path("log.csv"), file="log.csv", mapping={})
    return begin(options, frame, sha256="", layout="csv", rows=audit.count_rows(frame))


STEPS: dict[str, Callable[[Reading], Reading]] = {
    "duplicates": aside_duplicates, "nobody": aside_nobody,
    "people": lambda one: aside_people(one, pd.Index(["b", "zz"]), "bot")}


@settings(max_examples=40, deadline=None)
@given(rows=EVENTS, records=st.booleans(), order=st.permutations(list(STEPS)), nobody=st.sampled_from(["c", "x"]))
def test_the_same_rows_leave_a_frame_and_a_relation(rows: list[tuple[Any, ...]], records: bool, order: list[str],
                                                    nobody: str) -> None:
    frame = log(rows, "channel", "value", "record_id", "order").assign(place=range(len(rows)))
    frame["participant_id"] = frame["participant_id"].where(frame["participant_id"].ne(nobody))
    frame = frame.drop(columns=["place"] if records else ["place", "record_id"])
    memory, lake = reading(frame), reading(relation(frame))
    for step in order:
        memory, lake = STEPS[step](memory), STEPS[step](lake)
    pd.testing.assert_frame_equal(memory.report.set_aside[["reason", "rows"]], lake.report.set_aside[["reason", "rows"]])
    assert lake.report.kept == len(as_pandas(frame_of(lake)))
    # of rows that are one event, which lie apart only in what does not make the event, either may stay
    key = ["participant_id", "event", *(["record_id"] if records else ["time_us", "channel", "value"])]
    left, right = (as_pandas(frame_of(one))[key].astype("str").sort_values(key) for one in (memory, lake))
    assert left.to_numpy().tolist() == right.to_numpy().tolist()


def test_names_of_those_who_leave_and_ids_that_look_like_sql() -> None:
    ids = ["'; drop table events; --", "b\"", "c"]
    frame = log([(one, "see", place) for place, one in enumerate(ids)])
    lake = aside_people(reading(relation(frame)), pd.Index(ids[:2]), "bot")
    assert lake.report.set_aside.iloc[0].tolist() == ["events", "bot", 2, f"{ids[0]}, {ids[1]}"]
    assert as_pandas(frame_of(lake))["participant_id"].tolist() == ["c"]
    assert count_rows_of(relation(frame), pd.Index(ids[:2])) == count_rows_of(frame, pd.Index(ids[:2])) == 2


def test_order_of_rows_stays_and_columns_too() -> None:
    frame = log([("b", "see", 3), ("a", "see", 2), ("b", "see", 1), (None, "see", 0)])
    lake = aside_nobody(aside_people(reading(relation(frame)), pd.Index(["a"]), "bot"))
    assert as_pandas(frame_of(lake)).values.tolist() == [["b", "see", 3], ["b", "see", 1]]
    assert columns_of(frame_of(lake)) == ["participant_id", "event", "time_us"]
    assert lake.report.set_aside["reason"].tolist() == ["bot", NO_ID]
