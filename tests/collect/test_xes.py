"""XES: traces become participants, in pieces, with what a lifecycle says; hostile documents are refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from event_files import CUTS, NOON_US, aside, events, mutated, notes, put
from hypothesis import HealthCheck, given, settings

from personakit.collect.logs import xes
from personakit.collect.logs.events import read_events, read_xes
from personakit.errors import StudyError

HOUR_US = 3_600_000_000


def event(name: str, time: str, *more: str) -> str:
    return (f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{time}"/>'
            f'{"".join(more)}</event>')


def log(*traces: str, head: str = "") -> str:
    return (f'<?xml version="1.0" encoding="UTF-8"?>{head}<log xes.version="1.0" xmlns="http://www.xes-standard.org/">'
            f'<global scope="event"><string key="concept:name" value="UNKNOWN"/></global>'
            f'<string key="creator" value="us"><string key="concept:name" value="none"/></string>{"".join(traces)}</log>')


def trace(name: str | None, *inside: str) -> str:
    named = f'<string key="concept:name" value="{name}"/>' if name else ""
    return f'<trace>{named}<string key="region" value="Zürich"/>{"".join(inside)}</trace>'


def step(lifecycle: str) -> str:
    return f'<string key="lifecycle:transition" value="{lifecycle}"/>'


WHO = '<string key="org:resource" value="Ana"><string key="concept:name" value="nested"/></string>'
LOG = log(
    trace("c1", event("ask", "2026-03-01T13:00:00.000+01:00", WHO, step("start")),
          event("ask", "2026-03-01T14:00:00.000+01:00", WHO, step("COMPLETE")),
          event("pay", "2026-07-01T14:00:00.000+02:00", step("complete"), '<int key="Costs" value="50"/>')),
    trace("c2", event("ask", "2026-03-01T12:00:00Z")), trace(None, event("pay", "2026-03-01T12:00:00Z")), trace("empty"))


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_becomes_events(tmp_path: Path, packed: bool) -> None:
    path = put(tmp_path, "log.xes.gz" if packed else "log.xes", gzip.compress(LOG.encode(), mtime=0) if packed else LOG)
    reading = read_xes(path)
    frame = events(reading)
    assert reading.report.layout == read_events(path).report.layout == "xes"
    assert frame[["participant_id", "event", "order"]].values.tolist() == [
        ["c1", "ask", 1], ["c1", "pay", 2], ["c2", "ask", 0]]
    # offsets change with summer time: 14:00+01:00 is 13:00 UTC, 14:00+02:00 is 12:00 UTC, 122 days later
    assert frame["time_us"].tolist() == [NOON_US + HOUR_US, NOON_US + 122 * 24 * HOUR_US, NOON_US]
    assert frame["source"].fillna("").tolist() == ["Ana", "", ""]
    assert aside(reading) == {"not_complete": 1, "no_participant": 1}
    notes(reading)


def test_without_a_lifecycle_every_event_counts(tmp_path: Path) -> None:
    reading = read_xes(put(tmp_path, "log.xes", log(trace("c1", event("ask", "2026-03-01T12:00:00Z")))))
    assert aside(reading) == {}
    assert events(reading).columns.tolist() == ["participant_id", "event", "time_us", "order"]


def test_other_keys_of_events_and_traces(tmp_path: Path) -> None:
    frame = events(read_xes(put(tmp_path, "log.xes", LOG), columns={"participant_id": "case:region", "value": "Costs"},
                            keep=["case:concept:name"]))
    assert set(frame["participant_id"]) == {"Zürich"}
    assert frame["value"].dropna().tolist() == [50.0]
    assert frame["case:concept:name"].dropna().tolist() == ["c1", "c1", "c2"]


def test_pieces_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "log.xes", LOG)
    whole = events(read_xes(path))
    for size in (1, 7, 100):
        monkeypatch.setattr("personakit.collect.reading.source._CHUNK", size)
        assert events(read_xes(path)).equals(whole)


def test_tables_with_the_same_names(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "case:concept:name,concept:name,time:timestamp,lifecycle:transition,org:resource\n"
               "c1,ask,2026-03-01 13:00:00+01:00,complete,Ana\nc1,ask,2026-03-01 12:00:00+01:00,start,Ana\n")
    reading = read_events(path)
    assert reading.report.layout == "xes"
    assert events(reading).values.tolist() == [["c1", "ask", NOON_US, "Ana"]]
    assert aside(reading) == {"not_complete": 1}


@pytest.mark.parametrize(("text", "words"), [
    (log(head='<!DOCTYPE log [<!ENTITY a "b">]>'), "document type"),
    (log(head='<!DOCTYPE log SYSTEM "file:///etc/passwd">'), "document type"),
    (LOG[:-20], "not well-formed"), ("<log><trace></log>", "not well-formed"), ("", "empty|no event"),
    (log(), "no events"), (log(trace("c1")), "no events"),
    (log(trace(None, event("a", "2026-03-01T12:00:00Z"))), "whose it is"),
    (log(trace("c1", event("a", "2026-03-01T12:00:00"))), "carry no zone"),
    (log(trace("c1", event("a", "2026-03-01T12:00:00Z"), event("a", "2026-03-01T12:00:00"))), "zone"),
    (log(trace("c1", event("a", "0000-01-01T12:00:00Z"))), "outside the years"),
    (log(trace("c1", event("a", "soon"))), "times"),
    (log(trace("c1", '<event><string key="concept:name" value="a"/></event>')), "no column of times"),
    ("<a>" * 500 + "</a>" * 500, "nested deeper"), ("<log>\x00</log>", "not well-formed")])
def test_documents_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(StudyError, match=words) as caught:
        read_xes(put(tmp_path, "log.xes", text))
    assert "log.xes" in str(caught.value)


def test_a_packed_log_that_is_damaged_or_grows_without_end(tmp_path: Path) -> None:
    packed = gzip.compress(LOG.encode() * 50, mtime=0)
    for data, words in ((packed[:-30], "damaged"), (packed[:40] + b"xxxx" + packed[44:], "damaged|not well-formed"),
                        (gzip.compress(b"<log>" + b" " * 40_000_000, mtime=0), "Do not trust")):
        with pytest.raises(StudyError, match=words):
            read_xes(put(tmp_path, "log.xes.gz", data))


def test_a_log_is_recognised_and_other_xml_is_not() -> None:
    assert xes.is_xes(Path("log.xes"), LOG.encode())
    assert not xes.is_xes(Path("page.html"), b"<html><log/></html>")
    assert not xes.is_xes(Path("log.csv"), b"participant_id,event,time\n")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
def test_mutated_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory,
                                           cuts: list[tuple[int, int, bytes]]) -> None:
    path = put(tmp_path_factory.mktemp("mutated"), "log.xes", mutated(LOG.encode(), cuts))
    try:
        reading = read_xes(path)
    except StudyError:
        return
    aside(reading)
