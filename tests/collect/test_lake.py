"""Logs that are not loaded: DuckDB reads the same events as pandas does, within bounds, and refuses what pandas refuses."""

from __future__ import annotations

import gc
import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from event_files import CUTS, NOON_US, aside, ga4_row, lines, mutated, notes, put, snowplow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personakit.collect import check_reading
from personakit.collect.logs import files, lake
from personakit.collect.logs.audit import as_pandas, audit_events
from personakit.collect.logs.events import read_events
from personakit.collect.logs.files import files_of
from personakit.collect.logs.lake_logs import read_lake
from personakit.collect.logs.vendors import VENDORS
from personakit.collect.reading.options import make_options
from personakit.collect.reading.tables import read_plain
from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import offsets_between
from personakit.readings import Reading
from personakit.schema import check_table

duckdb = pytest.importorskip("duckdb")


def both(path: Path, **how: Any) -> tuple[Reading, Reading]:
    """Read a table in memory and by DuckDB."""
    options = make_options("events", path, None, how)
    return read_plain(options), read_lake(options, files_of(options))


def same(path: Path, **how: Any) -> pd.DataFrame:
    """Check that both ways give the same events, account and notes; return the events."""
    memory, lake = both(path, **how)
    frame = check_table("events", memory.tables["events"])
    pd.testing.assert_frame_equal(frame, as_pandas(lake.tables["events"]))
    pd.testing.assert_frame_equal(audit_events(frame), audit_events(lake.tables["events"]))
    one, other = ((each.report.rows_in, each.report.kept, dict(each.report.guesses), each.report.sha256,
                   each.report.set_aside[["reason", "rows"]].values.tolist(), check_reading(each)["check"].tolist())
                  for each in (memory, lake))
    assert one == other
    return frame


def refused(path: Path, **how: Any) -> list[str]:
    """Check that both ways refuse, and return what they say."""
    said = []
    options = make_options("events", path, None, how)
    for read in (lambda: read_plain(options), lambda: read_lake(options, files_of(options))):
        with pytest.raises(StudyError) as caught:
            frame = read().tables["events"]
            check_table("events", frame)
        said.append(str(caught.value))
    return said


def parquet(folder: Path, name: str, query: str) -> Path:
    path = folder / name
    with duckdb.connect() as connection:
        connection.sql(query).write_parquet(str(path))
    return path


# ------------------------------------------------------------------------------------------------ the same CSV both ways
TIMES = {
    "seconds": (["1772366400", "1772366401"], {}), "milliseconds": (["1772366400123", "1772366401000"], {}),
    "microseconds": (["1772366400123456", "1772366401000000"], {}),
    "nanoseconds": (["1772366400123456789", "1772366401000000001"], {}),
    "a unit that is said": (["12", "13"], {"time_format": "seconds"}),
    "nanoseconds that are said": (["1", "1772366400123456789", "-1"], {"time_format": "nanoseconds"}),
    "fractions": (["1772366400.25", "1772366401.9999996"], {}),
    "zoned": (["2026-03-01T12:00:00Z", "2026-03-01T14:00:00.123456+02:00"], {}),
    "offsets": (["2026-03-01 12:00:00-0330", "2026-03-01 12:00:00.5+01"], {}),
    "utc": (["2026-03-01 12:00:00 UTC", "2026-03-01 12:00:00.250 GMT"], {}),
    "minutes": (["2026-03-01T12:00Z", "2026-03-01T12:01+02:00"], {}),
    "local": (["2026-03-01 12:00:00", "2026-07-01T12:00:00.123456"], {"timezone": "Europe/Paris"}),
    "days": (["2026-03-01", "2026-07-01"], {"timezone": "America/New_York"}),
    "nanosecond parts": (["2026-03-01 12:00:00.123456789", "2026-03-01 12:00:00.999999999"], {"timezone": "UTC"}),
    "clock changes": (["2026-03-29 02:30:00", "2026-10-25 02:30:00"], {"timezone": "Europe/Paris"}),
    "clock changes at their edges": (["2026-03-29 01:59:59.999999", "2026-03-29 02:00:00", "2026-03-29 03:00:00",
                                      "2026-10-25 01:59:59.999999", "2026-10-25 02:00:00", "2026-10-25 02:59:59.999999",
                                      "2026-10-25 03:00:00"], {"timezone": "Europe/Paris"}),
    "half an hour": (["2026-04-05 01:45:00", "2026-10-04 02:30:00"], {"timezone": "Australia/Lord_Howe"}),
    "old": (["1911-03-10 23:55:00", "1916-06-14 23:30:00", "1940-06-14 23:30:00"], {"timezone": "Europe/Paris"}),
    "day first": (["31/03/2026 14:05", "01/04/2026 9:00"], {"timezone": "UTC"}),
    "month first": (["03/31/2026 14:05:09", "04/01/2026 09:00:00"], {"timezone": "UTC"}),
    "short years": (["31.03.26", "01.04.26"], {"timezone": "UTC"}),
    "a format": (["20260331 1405", "20260401 0900"], {"timezone": "UTC", "time_format": "%Y%m%d %H%M"}),
    "a format with a zone": (["31/03/2026 14:05 +0200", "01/04/2026 09:00 -0100"], {"time_format": "%d/%m/%Y %H:%M %z"}),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_are_the_same_both_ways(tmp_path: Path, kind: str) -> None:
    times, how = TIMES[kind]
    rows = "".join(f"p{number},see,{time}\n" for number, time in enumerate(times))
    same(put(tmp_path, "log.csv", "participant_id,event,time\n" + rows), **how)


def test_an_hour_that_clocks_skip_or_repeat() -> None:
    # Paris: at 01:00 UTC on 29 March clocks go from 02:00 to 03:00, at 01:00 UTC on 25 October back from 03:00 to 02:00
    steps = offsets_between("Europe/Paris", 1_767_225_600_000_000, 1_798_761_600_000_000)
    hour = 3_600_000_000
    assert [offset for _, offset in steps] == [hour, 2 * hour, hour]
    moments = [pd.Timestamp(moment, unit="us").isoformat() for moment, _ in steps[1:]]
    assert moments == ["2026-03-29T01:00:00", "2026-10-25T01:00:00"]


@pytest.mark.parametrize(("times", "how"), [
    (["2026-03-01 12:00:00", "2026-03-01 12:00:00"], {}),
    (["2026-03-01T12:00:00Z", "2026-03-01T12:00:00"], {"timezone": "UTC"}),
    (["2026-03-01T12:00:00Z", ""], {}), (["2026-03-01T12:00:00Z", "yesterday"], {}), (["0000-01-01T00:00:00Z"], {}),
    (["1772366400", "1772366400000"], {}), (["12", "13"], {}), (["1772366400", "x"], {}),
    (["01/02/2026", "03/04/2026"], {"timezone": "UTC"}), (["31/03/2026", "2026-03-31"], {"timezone": "UTC"}),
    (["2026-02-30"], {"timezone": "UTC"}), (["2500-01-01"], {"timezone": "UTC"}),
    (["31/03/2026"], {"timezone": "UTC", "time_format": "%Y"}), (["now"], {"timezone": "UTC"}),
    (["2026-03-01"], {"timezone": "Europe/Pariss"}), (["99999999999999"], {"time_format": "seconds"}),
])
def test_times_that_one_way_refuses_the_other_refuses(tmp_path: Path, times: list[str], how: dict[str, str]) -> None:
    rows = "".join(f"p{number},see,{time}\n" for number, time in enumerate(times))
    for said in refused(put(tmp_path, "log.csv", "participant_id,event,time\n" + rows), **how):
        assert said.startswith("events (log.csv).time")


def test_errors_count_and_show_the_first_five(tmp_path: Path) -> None:
    rows = "".join(f"p{number},see,2026-03-01T12:00:00Z,{'x' if number % 2 else 1}{number}\n" for number in range(14))
    path = put(tmp_path, "log.csv", "participant_id,event,time,value\n" + rows)
    memory, lake = refused(path)
    assert "7 of 14 are not numbers (x1, x3, x5, x7, x9, ..." in memory
    assert "7 of 14 are not numbers (x1, x3, x5, x7, x9, ..." in lake


NAMES = "participant_id,event,time_us"
AT = "1772366400000000"
TABLES = {
    "canonical names": f"{NAMES},order,channel,device,content,value,source\n"
                       f"p1,see,{AT},1,web,mobile,/a,1.5,x\n p2 ,buy,{AT},2,,,,,\n",
    "semicolons and decimal commas": f"participant_id;event;time_us;value\np1;see;{AT};1,5\np2;see;{AT};2\n",
    "thousands": f"participant_id\tevent\ttime_us\tvalue\np1\tsee\t{AT}\t1\u202f234,5\np2\tsee\t{AT}\t2,0\n",
    "missing words and empty rows": f"{NAMES},channel\np1,see,{AT},NA\n,,,\np2,see,{AT},nan\n",
    "quotes and line breaks": f'{NAMES},note\n"p,1","see ""it""",{AT},"a\nb"\n"p2",see,{AT},\n',
    "names that differ by a capital": f"{NAMES},Value,value,VALUE\np1,see,{AT},a,1,b\n",
    "twice the same name": f"{NAMES},x,x\np1,see,{AT},1,2\n",
    "a nameless column": f"{NAMES},\np1,see,{AT},1\n",
    "names that are no names": f'{NAMES},"a""b",drop table log;--,{{x}}\np1,see,{AT},1,2,3\n',
    "cells that are no cells": f"{NAMES}\n'; drop table log; --,see,{AT}\n\"\"\"\",see,{AT}\n",
    "windows": f"\ufeff{NAMES}\r\np1,sée,{AT}\r\n",
    "decimal commas and points for thousands": f"{NAMES.replace(',', ';')};value\np1;see;{AT};1.234,50\np2;see;{AT};2,00\n",
    "a line that Excel writes": f"sep=;\n{NAMES.replace(',', ';')}\np1;see;{AT}\n",
    "orders with gaps": f"{NAMES},order\np1,see,{AT},\np1,see,{AT},2\n",
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("packed", [False, True])
def test_tables_are_the_same_both_ways(tmp_path: Path, kind: str, packed: bool) -> None:
    data = TABLES[kind].encode()
    path = put(tmp_path, "log.csv.gz" if packed else "log.csv", gzip.compress(data, mtime=0) if packed else data)
    memory, lake = both(path)
    frame = check_table("events", memory.tables["events"])
    found = as_pandas(lake.tables["events"])
    if kind == "names that differ by a capital":  # DuckDB does not tell capitals apart
        found = found.rename(columns={"Value (file)": "Value", "VALUE (3)": "VALUE"})
    pd.testing.assert_frame_equal(frame, found)
    assert memory.report.set_aside[["reason", "rows"]].equals(lake.report.set_aside[["reason", "rows"]])
    assert dict(memory.report.guesses) == dict(lake.report.guesses)
    assert check_reading(memory)["check"].tolist() == check_reading(lake)["check"].tolist()


def test_money_is_read_both_ways_once_the_mark_is_said(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", f"{NAMES.replace(',', ';')};value\np1;see;{AT};1.234,50 €\np2;see;{AT};2,00 €\n")
    assert same(path, decimal=",")["value"].tolist() == [1234.5, 2.0]
    for said in refused(path):
        assert "2 of 2 are not numbers" in said


def test_columns_are_named_and_kept_both_ways(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "who;what;at;event;extra\np1;see;1772366400;other;1\n")
    how: dict[str, Any] = {"columns": {"participant_id": "who", "event": "what", "time": "at"}}
    assert same(path, **how).columns.tolist() == ["participant_id", "event", "event (file)", "extra", "time_us"]
    assert same(path, **how, keep=["extra"]).columns.tolist() == ["participant_id", "event", "extra", "time_us"]
    for said in refused(path, columns={"participant_id": "whom", "time": "at"}):
        assert "Did you mean 'who'" in said


CELLS = st.text(alphabet="ab,;\"'\n\r \té\\1", max_size=4)
ROWS = st.lists(st.tuples(st.sampled_from(["p1", "p2", " p3", "NA"]), st.sampled_from(["see", "buy"]),
                          st.integers(0, 10), CELLS, st.sampled_from(["", "1", "2.5", "-3e2"])), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_random_logs_are_the_same_both_ways(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=["participant_id", "event", "time_us", "note", "value"])
    frame["note"] = frame["note"].str.replace("\r", "")
    path = tmp_path_factory.mktemp("random") / "log.csv"
    frame.assign(time_us=frame["time_us"] * 400_000 + NOON_US).to_csv(path, index=False, quoting=1, lineterminator="\n")
    memory, lake = both(path)
    found = as_pandas(lake.tables["events"])
    expected = memory.tables["events"]
    pd.testing.assert_frame_equal(expected.astype({"value": "float64", "note": "str"}), found.astype({"note": "str"}))
    pd.testing.assert_frame_equal(audit_events(expected.dropna(subset="participant_id")),
                                  audit_events(found.dropna(subset="participant_id")))


# ------------------------------------------------------------------------------------------------ large files
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every file for a large one."""
    monkeypatch.setattr(files, "LARGE_TEXT", 0)
    monkeypatch.setattr(files, "LARGE_PARQUET", 0)


def test_a_large_text_becomes_a_relation_that_lives_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    path = put(tmp_path, "log.csv", "participant_id,event,time\n" + "p1,see,2026-03-01T12:00:00Z\n" * 3)
    reading = read_events(path)
    path.unlink()  # text is read once: what it held is kept aside
    gc.collect()
    relation = reading.tables["events"]
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert aside(reading) == {}
    assert audit_events(relation)["count"].tolist() == [3, 1, 2, 0, 0]
    assert len(as_pandas(nw.from_native(relation).filter(nw.col("event") == "see").to_native())) == 3


def test_a_folder_and_a_pattern_of_parquet(tmp_path: Path) -> None:
    for day in (1, 2):
        (tmp_path / f"day={day}").mkdir()
        parquet(tmp_path / f"day={day}", "l'été[1]-*.parquet", f"select 'p{day}' as participant_id, 'see' as event, "
                f"cast({NOON_US} + range as bigint) as time_us, {day} as place from range(3)")
    put(tmp_path, "_SUCCESS", "")
    for path in (tmp_path, tmp_path / "day=*" / "*.parquet", tmp_path / "**" / "*.parquet"):
        reading = read_events(path)
        frame = as_pandas(reading.tables["events"])
        assert reading.report.layout == "parquet"
        assert frame["participant_id"].tolist() == ["p1"] * 3 + ["p2"] * 3
        assert frame["time_us"].tolist() == [NOON_US, NOON_US + 1, NOON_US + 2] * 2
    assert len({read_events(path).report.sha256 for path in (tmp_path, tmp_path / "day=1")}) == 2


def test_text_files_of_one_header(tmp_path: Path) -> None:
    for number in (1, 2):
        put(tmp_path, f"log-{number}.csv", f"participant_id,event,time_us\np{number},see,{NOON_US}\n")
    assert as_pandas(read_events(tmp_path / "log-*.csv").tables["events"])["participant_id"].tolist() == ["p1", "p2"]
    put(tmp_path, "log-3.csv", f"participant_id,time_us,event\np3,{NOON_US},see\n")
    with pytest.raises(StudyError, match=r"log-3.csv has another header than log-1.csv"):
        read_events(tmp_path / "log-*.csv")
    parquet(tmp_path, "log-3.csv", f"select 'p3' as participant_id, 'see' as event, {NOON_US} as time_us")
    with pytest.raises(StudyError, match=r"1 of 3 files are not delimited text \(log-3.csv\)"):
        read_events(tmp_path / "log-*.csv")
    with pytest.raises(StudyError, match="no file is named so"):
        read_events(tmp_path / "nothing-*.csv")


@pytest.mark.parametrize(("column", "how"), [
    ("timestamp '2026-03-01 12:00:00'", {"timezone": "UTC"}), ("timestamptz '2026-03-01 13:00:00+01'", {}),
    ("timestamp_ns '2026-03-01 12:00:00'", {"timezone": "UTC"}),
    ("timestamp_s '2026-03-01 13:00:00'", {"timezone": "Europe/Paris"}),
    ("cast(1772366400 as integer)", {}), ("cast(1772366400000 as ubigint)", {}), ("cast(1772366400 as double)", {}),
    ("'2026-03-01T12:00:00Z'", {}), ("cast(1772366400000000000 as bigint)", {})])
def test_typed_times_of_parquet(tmp_path: Path, column: str, how: dict[str, str]) -> None:
    path = parquet(tmp_path, "log.parquet", f"select 7 as participant_id, 'see' as event, {column} as time, 1.5 as value")
    frame = same(path, **how)
    assert frame["time_us"].tolist() == [NOON_US]
    assert frame["participant_id"].tolist() == ["7"]


def test_naive_times_and_dates_of_parquet_need_a_zone(tmp_path: Path) -> None:
    for column in ("timestamp '2026-03-01 12:00:00'", "date '2026-03-01'"):
        path = parquet(tmp_path, "log.parquet", f"select 'p' as participant_id, 'see' as event, {column} as time")
        with pytest.raises(StudyError, match="carry no zone"):
            read_lake(make_options("events", path, None, {}), (path,))


@pytest.mark.parametrize(("query", "words"), [
    (f"select 'p' as participant_id, 'see' as event, {NOON_US} as time_us, 1.5 as \"order\"", "fractions"),
    (f"select 'p' as participant_id, 'see' as event, {NOON_US} as time_us, 'x' as value", "not numbers"),
    ("select 'p' as participant_id, 'see' as event, cast(null as bigint) as time_us", "not whole numbers of microseconds"),
    ("select 'p' as participant_id, 'see' as event, -9000000000000000 as time_us", "outside the years"),
    ("select 'p' as participant_id, 'see' as event, [1] as time", "time"),
    ("select 'p' as participant_id, 'see' as event", "no column of times"),
    ("select 'p' as participant_id where false", "holds no row")])
def test_parquet_that_cannot_be_events(tmp_path: Path, query: str, words: str) -> None:
    path = parquet(tmp_path, "log.parquet", query)
    with pytest.raises(StudyError, match=words):
        read_lake(make_options("events", path, None, {}), (path,))


# ------------------------------------------------------------------------------------------------ vendors out of core
def ga4_parquet(folder: Path) -> tuple[Path, Path]:
    rows = [ga4_row("a", "view", 0, batch_page_id="5", batch_ordering_id="1", batch_event_index="2"),
            ga4_row("b", "purchase", 9, ecommerce={"purchase_revenue": 19.5}), ga4_row(None, "view", 3, session=None)]
    path = put(folder, "ga4.json", lines(*rows))
    query = (f"select event_timestamp::bigint as event_timestamp, event_name, user_pseudo_id, platform, device, ecommerce, "
             f"[{{'key': one.key, 'value': {{'string_value': one.value.string_value, 'int_value': "
             f"one.value.int_value::bigint, 'double_value': null::double}}}} for one in event_params] as event_params, "
             f"batch_page_id::bigint as batch_page_id, batch_ordering_id::bigint as batch_ordering_id, "
             f"batch_event_index::bigint as batch_event_index from read_json('{path}', format = 'newline_delimited')")
    return path, parquet(folder, "ga4.parquet", query)


def test_nested_parquet_of_ga4_is_the_same_as_its_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    json_file, parquet_file = ga4_parquet(tmp_path)
    expected = read_events(json_file)
    small = read_events(parquet_file)
    assert small.report.layout == "ga4"
    pd.testing.assert_frame_equal(small.tables["events"], expected.tables["events"])
    large(monkeypatch)
    lake = read_events(parquet_file)
    assert not isinstance(lake.tables["events"], pd.DataFrame)
    pd.testing.assert_frame_equal(as_pandas(lake.tables["events"]), expected.tables["events"])
    assert aside(lake) == aside(expected) == {"no_participant": 1}


def large_and_small(path: Path, monkeypatch: pytest.MonkeyPatch, **how: Any) -> tuple[Reading, Reading]:
    small = read_events(path, **how)
    large(monkeypatch)
    return small, read_events(path, **how)


@pytest.mark.parametrize(("name", "make", "how"), [
    ("atomic.csv", snowplow, {}),
    ("atomic.csv", snowplow, {"columns": {"participant_id": "domain_sessionid"}, "keep": ["collector_tstamp"]}),
    ("posthog.csv", lambda: "uuid,event,distinct_id,person_id,properties,timestamp\n"
     '1,e,d,p,"{""$session_id"": ""s"", ""$pathname"": ""/a?x""}",2026-03-01T12:00:00.5Z\n'
     "2,e,d,,,2026-03-01T12:00:00.5Z\n", {}),
    ("mixpanel.csv", lambda: "name,time,distinct_id,insert_id,mp_processing_time_ms,properties\n"
     'plays,2026-03-01 12:00:00,d1,i1,5,"{""$amount"": ""x""}"\nplays,2026-03-01 12:00:01,,i2,5,\n',
     {"timezone": "Europe/Paris"}),
    ("amplitude.csv", lambda: "event_type,event_time,amplitude_id,session_id,event_id,$insert_id\n"
     "open,2026-03-01 12:00:00.000001,77,-1,4,i1\nopen,2026-03-01 12:00:00.000001,77,9,3,i2\n", {}),
])
def test_a_vendors_large_text_is_the_same_as_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
                                                   make: Callable[[], str], how: dict[str, Any]) -> None:
    small, lake = large_and_small(put(tmp_path, name, make()), monkeypatch, **how)
    assert not isinstance(lake.tables["events"], pd.DataFrame)
    pd.testing.assert_frame_equal(as_pandas(lake.tables["events"]), small.tables["events"])
    assert aside(lake) == aside(small)
    assert notes(lake) == notes(small)


def test_a_vendors_column_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    with pytest.raises(StudyError, match="Did you mean 'domain_userid'"):
        read_events(put(tmp_path, "a.csv", snowplow()), columns={"participant_id": "domain_userids"})
    with pytest.raises(StudyError, match="nothing in it is a participant_id"):
        read_events(put(tmp_path, "b.csv", "a,b\n1,2\n"), layout="snowplow")
    with pytest.raises(StudyError, match="whose it is"):
        read_events(put(tmp_path, "c.csv", snowplow().replace(",u1,", ",,")))


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(("data", "words"), [
    (b"participant_id,event,time_us\np,see\n", "Line: 2"), (b"participant_id,event,time_us\np,see,1,2\n", "Line: 2"),
    (b"participant_id,event,time_us\np,s\xe9,1772366400000000\n", "UTF-8"), (b"participant_id,event,time_us\n", "no row"),
    (b'participant_id,event,time_us\np,"see,1772366400000000\n', "read"), (b"a,b\n1,2\n", "no column of times"),
    (b"participant_id,event,time_us\nNA,NA,\n", "row"), (b"PAR1" + b"\x00" * 20, "read"), (b"PAR1", "read"),
    (b"\x1f\x8b\x08\x00garbage", "read|header|text"), (b"a\x00b,c\n1,2\n", "header"), (b"", "text|header")])
def test_bad_input_is_one_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    path = put(tmp_path, "bad.csv", data)
    with pytest.raises(StudyError, match=words) as caught:
        read_lake(make_options("events", path, None, {}), (path,))
    assert "bad.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_that_large_files_cannot_follow(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", f"participant_id,event,time_us\np,see,{NOON_US}\n")
    with pytest.raises(StudyError, match="UTF-8, UTF-16 or latin-1"):
        read_lake(make_options("events", path, None, {"encoding": "cp1252"}), (path,))
    path.write_bytes(f"participant_id,event,time_us\np,sée,{NOON_US}\n".encode("latin-1"))
    reading = read_lake(make_options("events", path, None, {"encoding": "latin-1"}), (path,))
    assert as_pandas(reading.tables["events"])["event"].tolist() == ["sée"]


def test_a_million_columns_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "wide.csv", ",".join(f"c{number}" for number in range(100_000)) + "\n")
    with pytest.raises(StudyError, match="columns"):
        read_lake(make_options("events", path, None, {}), (path,))


MADE: dict[str, bytes] = {}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["csv", "parquet", "snowplow"]), cuts=CUTS)
def test_mutated_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, kind: str,
                                           cuts: list[tuple[int, int, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    if not MADE:
        query = f"select 'p' || range as participant_id, 'see' as event, {NOON_US} + range as time_us from range(20)"
        MADE.update(csv=TABLES["quotes and line breaks"].encode(), snowplow=snowplow().encode(),
                    parquet=parquet(folder, "made.parquet", query).read_bytes())
    path = put(folder, f"log.{kind}", mutated(MADE[kind], cuts))
    try:
        reading = read_lake(make_options("events", path, kind, {}), (path,), VENDORS.get(kind))
        frame = as_pandas(reading.tables["events"])
    except (StudyError, ChoiceError):
        return
    assert reading.report.rows_in == reading.report.kept + int(reading.report.set_aside["rows"].sum())
    assert reading.report.kept == len(frame)


def test_without_duckdb_text_is_loaded_and_parquet_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    text = put(tmp_path, "log.csv", f"{NAMES}\np1,see,{AT}\n")
    packed = parquet(tmp_path, "log.parquet", f"select 'p1' as participant_id, 'see' as event, {AT} as time_us")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert read_events(text).tables["events"]["participant_id"].tolist() == ["p1"]
    with pytest.raises(StudyError, match="pip install duckdb"):
        read_events(packed)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spill").mkdir()
    monkeypatch.setattr(lake, "_private_folder", lambda: tmp_path / "spill")
    monkeypatch.setattr(lake, "MEMORY", "60MB")
    rows = np.arange(400_000)
    path = tmp_path / "log.csv"
    pd.DataFrame({"participant_id": rows % 50_000, "event": "see", "time_us": NOON_US + rows,
                  "note": pd.util.hash_array(rows).astype("str")}).to_csv(path, index=False)
    options = make_options("events", path, None, {})
    relation = read_lake(options, (path,)).tables["events"]
    assert audit_events(relation)["count"].tolist() == [400_000, 50_000, 0, 0, 0]
    del relation
    gc.collect()
    assert list((tmp_path / "spill").iterdir()) == []


def test_files_with_and_without_a_zone_are_not_put_together(tmp_path: Path) -> None:
    for name, time in (("a", "timestamp '2026-03-13 10:00:00'"), ("b", "timestamptz '2026-03-13 10:00:00+01'")):
        parquet(tmp_path, f"{name}.parquet", f"select 'p1' as participant_id, 'see' as event, {time} as time")
    with pytest.raises(StudyError, match="some files write time with a zone and others without"):
        read_events(tmp_path, timezone="Europe/Paris")
