"""Logs of events: what each vendor writes, in small files of our own making, becomes the events that they mean."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from event_files import (
    CUTS,
    NOON_US,
    SECOND_US,
    VENDORS,
    amplitude,
    amplitude_lines,
    aside,
    events,
    ga4,
    ga4_row,
    lines,
    matomo,
    mixpanel,
    mutated,
    notes,
    posthog,
    put,
    segment,
    segment_json,
    shopify,
    snowplow,
    tickets,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personakit.collect.logs.audit import audit_events
from personakit.collect.logs.events import LOGS, read_events
from personakit.errors import ChoiceError, StudyError, TooFewError


# ------------------------------------------------------------------------------------------------ each vendor
@pytest.mark.parametrize("layout", VENDORS)
def test_each_layout_is_recognised_and_gives_canonical_columns(tmp_path: Path, layout: str) -> None:
    name, make, how = VENDORS[layout]
    reading = read_events(put(tmp_path, name, make()), **how)
    assert reading.report.layout == layout
    frame = events(reading)
    assert frame.columns[:3].tolist() == ["participant_id", "event", "time_us"]
    assert frame["time_us"].dtype == "int64"
    assert set(frame.columns) <= {"participant_id", "event", "time_us", "order", "channel", "device", "content", "value",
                                  "source", "session", "record_id"}
    aside(reading)
    notes(reading)


def test_ga4(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "ga4.json", ga4()))
    frame = events(reading)
    assert aside(reading) == {"no_participant": 1}
    assert frame["participant_id"].tolist() == ["a", "a", "b"]
    assert frame["time_us"].tolist() == [NOON_US, NOON_US, NOON_US + 9 * SECOND_US]
    # the session number is unique only with the person; the query of an address may hold anything
    assert frame["session"].tolist() == ["a.7", "a.7", "b.7"]
    assert set(frame["content"]) == {"https://shop.example/shoes"}
    assert frame["device"].tolist() == ["mobile"] * 3
    assert frame["value"].tolist()[2] == 19.5
    # events of one batch share their time: page, request and place in the request part them
    assert frame["order"].tolist() == [(5 * 2**12 + 1) * 2**10 + 2, (5 * 2**12 + 1) * 2**10 + 1, 0]


def test_ga4_days_exported_twice_are_noted_and_audited(tmp_path: Path) -> None:
    for name in ("events_20260301.json", "events_intraday_20260301.json"):
        put(tmp_path, name, ga4())
    reading = read_events(tmp_path, layout="ga4")
    assert notes(reading)["intraday"] == 1
    assert aside(reading) == {"no_participant": 2}
    assert audit_events(events(reading)).loc["duplicates", "count"] == 3


def test_snowplow(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "atomic.tsv", snowplow().replace(",", "\t")))
    frame = events(reading)
    assert aside(reading) == {"no_participant": 1}
    assert frame["time_us"].tolist() == [NOON_US + 500_000, NOON_US + 900_000, NOON_US + 10 * SECOND_US]
    first = frame[["event", "content", "session", "source", "record_id"]].iloc[0]
    assert first.tolist() == ["page_view", "/a", "s1", "shop", "e1"]
    assert notes(reading)["floods"] == 1
    # e1 was delivered twice, at two times: the first is the event
    assert audit_events(frame).loc["duplicates", "count"] == 1


def test_segment_tables_and_files(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "tracks.csv", segment()))
    frame = events(reading)
    assert frame[["participant_id", "event", "time_us"]].values.tolist() == [
        ["x", "Order Completed", NOON_US], ["u9", "Invoice Paid", NOON_US + SECOND_US]]
    assert notes(reading)["other_ids"] == 1
    raw = events(read_events(put(tmp_path, "raw.jsonl", segment_json())))
    assert raw[["event", "content", "device", "value"]].iloc[0].tolist() == ["Signed Up", "/join", "ios", 5.0]
    assert raw["event"].tolist()[1] == "Home"


def test_posthog(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "posthog.jsonl.gz", gzip.compress(posthog().encode())))
    frame = events(reading)
    assert frame["participant_id"].tolist() == ["p1", "d2"]
    assert notes(reading)["other_ids"] == 1
    assert frame[["session", "content", "device"]].iloc[0].tolist() == ["s1", "/a", "Mobile"]
    rows = [json.loads(one) for one in posthog().splitlines()]
    answer = put(tmp_path, "answer.json", json.dumps({"next": None, "results": rows}))
    assert events(read_events(answer, layout="posthog")).equals(frame)


def test_amplitude(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "export.zip", amplitude()))
    frame = events(reading)
    assert frame["participant_id"].tolist() == ["77"] * 3
    assert frame["order"].tolist() == [12, 11, 12]
    assert frame["session"].fillna("").tolist() == ["77.1772366400000", "", "77.1772366400000"]
    assert frame["value"].tolist()[1] == 12.5
    assert audit_events(frame).loc["duplicates", "count"] == 1


def test_mixpanel_epochs_count_on_the_clock_of_the_project(tmp_path: Path) -> None:
    path = put(tmp_path, "mixpanel.jsonl", mixpanel())
    with pytest.raises(StudyError, match="timezone"):
        read_events(path)
    paris = read_events(path, timezone="Europe/Paris")
    assert events(paris)["time_us"].tolist() == [NOON_US - 3600 * SECOND_US] * 2
    assert notes(paris)["project_clock"] == 2
    assert aside(paris) == {"no_participant": 1}
    utc = read_events(path, timezone="UTC")
    assert events(utc)["time_us"].tolist() == [NOON_US] * 2
    assert audit_events(events(utc)).loc["duplicates", "count"] == 1


def test_matomo_visits(tmp_path: Path) -> None:
    frame = events(read_events(put(tmp_path, "visits.json", matomo())))
    assert frame["event"].tolist() == ["action", "Play", "ecommerceOrder"]
    assert frame["order"].tolist() == [0, 1, 2]
    assert frame["content"].tolist()[:2] == ["https://shop.example/a"] * 2
    assert frame["value"].tolist()[2] == 30.0
    assert frame["session"].tolist() == ["1"] * 3


def test_matomo_visits_as_a_flat_table(tmp_path: Path) -> None:
    flat = ("idVisit,visitorId,deviceType,actionDetails_0_type,actionDetails_0_url,actionDetails_0_timestamp,"
            "actionDetails_1_type,actionDetails_1_url,actionDetails_1_timestamp\n"
            f"1,v1,Smartphone,action,https://shop.example/a?x=1,{NOON_US // SECOND_US},goal,,{NOON_US // SECOND_US + 60}\n"
            f"2,v2,Desktop,action,https://shop.example/b,{NOON_US // SECOND_US},,,\n")
    wide = tmp_path / "visits.tsv"
    wide.write_bytes(flat.replace(",", "\t").encode("utf-16"))
    assert events(read_events(wide)).equals(events(read_events(put(tmp_path, "visits.csv", flat))))
    reading = read_events(wide)
    assert reading.report.layout == "matomo"
    frame = events(reading)
    assert frame["participant_id"].tolist() == ["v1", "v1", "v2"]
    assert frame["time_us"].tolist() == [NOON_US, NOON_US + 60 * SECOND_US, NOON_US]
    assert frame["content"].tolist()[::2] == ["https://shop.example/a", "https://shop.example/b"]


def test_a_flat_table_of_ga4_events(tmp_path: Path) -> None:
    flat = f"event_date,event_timestamp,event_name,user_pseudo_id,device.category\n20260301,{NOON_US},view,a,mobile\n"
    frame = events(read_events(put(tmp_path, "ga4.csv", flat)))
    assert frame[["participant_id", "event", "time_us", "device"]].values.tolist() == [["a", "view", NOON_US, "mobile"]]


def matomo_tables(folder: Path) -> Path:
    put(folder, "matomo_log_link_visit_action.csv",
        "idlink_va,idvisitor,idvisit,idaction_url,idaction_name,idaction_event_action,server_time\n"
        "10,0x1F,1,100,101,,2026-03-01 12:00:00\n11,0x1F,1,100,101,103,2026-03-01 12:00:00\n"
        "12,0x2F,2,102,,,2026-03-01 12:01:00\n")
    put(folder, "matomo_log_action.csv",
        "idaction,name,type\n100,shop.example/a?x=1,1\n101,Shoes,4\n102,shop.example/guide.pdf,3\n103,Play,11\n")
    put(folder, "matomo_log_visit.csv", "idvisit,idvisitor,config_device_type\n1,0x1F,1\n2,0x2F,0\n")
    return folder


def test_matomo_log_tables(tmp_path: Path) -> None:
    reading = read_events(matomo_tables(tmp_path))
    assert reading.report.layout == "matomo_log"
    frame = events(reading)
    assert frame["event"].tolist() == ["action", "Play", "download"]
    assert frame["content"].tolist() == ["shop.example/a", "shop.example/a", "shop.example/guide.pdf"]
    assert frame["device"].tolist() == ["mobile", "mobile", "desktop"]
    assert frame["order"].tolist() == [10, 11, 12]
    assert events(read_events(tmp_path / "matomo_log_link_visit_action.csv")).equals(frame)
    (tmp_path / "matomo_log_action.csv").unlink()
    with pytest.raises(StudyError, match="log_action"):
        read_events(tmp_path, layout="matomo_log")


def test_an_order_over_several_rows_is_one_event(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "orders_export.csv", shopify()))
    frame = events(reading)
    assert aside(reading) == {"order_line": 1}
    assert frame[["participant_id", "event", "content", "value"]].values.tolist() == [
        ["a@b.fr", "order", "Shoes; Socks", 60.0], ["c@d.fr", "order", "Socks", 9.5]]
    assert frame["time_us"].tolist() == [NOON_US, NOON_US + 3600 * SECOND_US]
    assert notes(reading)["cancelled"] == 1


def test_orders_set_out_by_spaces_and_orders_of_any_shop(tmp_path: Path) -> None:
    aligned = put(tmp_path, "master.txt", " customer_id  date number_of_cds  dollar_value\n"
                  " 01 19970101  1   11.77\n 01 19970102 12    0.00\n")
    frame = events(read_events(aligned, timezone="UTC"))
    assert frame[["participant_id", "value"]].values.tolist() == [["01", 11.77], ["01", 0.0]]
    assert frame["time_us"].tolist() == [852_076_800 * SECOND_US, 852_163_200 * SECOND_US]
    with pytest.raises(StudyError, match="timezone"):
        read_events(aligned)
    shop = put(tmp_path, "shop.csv", "carte;jour;montant\nc1;2026-03-01;1\u202f234,50\nc2;2026-03-01;9,00\n")
    frame = events(read_events(shop, layout="orders", timezone="UTC", columns={"participant_id": "carte", "time": "jour"}))
    assert frame["value"].tolist() == [1234.5, 9.0]
    ragged = put(tmp_path, "ragged.txt", "customer_id date number_of_cds dollar_value\n01 19970101 1\n")
    with pytest.raises(StudyError, match="lines 2"):
        read_events(ragged, timezone="UTC")


def test_tickets(tmp_path: Path) -> None:
    reading = read_events(put(tmp_path, "tickets.json", tickets()))
    frame = events(reading)
    assert frame[["participant_id", "event", "order"]].values.tolist() == [
        ["55", "ticket_created", 0], ["55", "ticket_replied", 1], ["55", "ticket_solved", 2], ["56", "ticket_created", 0]]
    assert frame["time_us"].tolist() == [NOON_US, NOON_US + 5400 * SECOND_US, NOON_US + 86400 * SECOND_US, NOON_US]
    assert frame["value"].dropna().tolist() == [1.0]
    assert frame["channel"].tolist()[0] == "email"
    assert notes(reading)["tickets"] == 2
    table = put(tmp_path, "tickets.csv", "Id,Requester id,Status,Created at,Updated at,fini\n"
                "1,55,Closed,2026-03-01T12:00:00Z,2026-03-04T12:00:00Z,2026-03-02T12:00:00Z\n")
    guessing = read_events(table)
    assert events(guessing)["time_us"].tolist()[1] == NOON_US + 3 * 86400 * SECOND_US
    assert guessing.report.guesses["solved"] == "updated_at"


# ------------------------------------------------------------------------------------------------ what may be said
def test_paths_overrule_and_keep_columns(tmp_path: Path) -> None:
    path = put(tmp_path, "mixpanel.jsonl", lines({"event": "buy", "properties": {
        "time": NOON_US // SECOND_US, "distinct_id": "d1", "$insert_id": "i1", "user": "u1", "plan": "pro"}}))
    known = {"participant_id": "properties.user"}
    frame = events(read_events(path, timezone="UTC", keep=["properties.plan"], columns=known))
    assert frame[["participant_id", "properties.plan"]].values.tolist() == [["u1", "pro"]]
    csv = put(tmp_path, "atomic.csv", snowplow())
    with pytest.raises(StudyError, match="Did you mean 'domain_userid'"):
        read_events(csv, columns={"participant_id": "domain_userids"})
    with pytest.raises(ChoiceError, match="layout"):
        read_events(csv, layout="snowplough")
    with pytest.raises(ChoiceError, match="time_zone"):
        read_events(csv, time_zone="UTC")  # type: ignore[call-arg]


def test_values_that_are_no_numbers_are_missing_and_noted(tmp_path: Path) -> None:
    path = put(tmp_path, "raw.jsonl", lines({"type": "track", "event": "e", "anonymousId": "x", "messageId": "m1",
                                             "timestamp": "2026-03-01T12:00:00Z", "properties": {"revenue": "five"}}))
    reading = read_events(path)
    assert notes(reading)["not_numbers"] == 1
    assert "value" not in events(reading)


def test_plain_tables_are_not_taken_for_a_vendors(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "participant_id,event,time,properties,distinct_id,timestamp,status,created_at\n"
               "p1,see,2026-03-01T12:00:00Z,,,,,\n")
    reading = read_events(path)
    assert reading.report.layout == "csv"
    assert events(reading)["time_us"].tolist() == [NOON_US]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\xff" * 40, b"PK\x03\x04" + b"\xff" * 40, b"<", b"{",
                                  b"\x1f\x8b", b"\xff\xfe" * 20])
def test_no_layout_raises_where_it_looks_at_a_damaged_file(tmp_path: Path, data: bytes) -> None:
    path = put(tmp_path, "log", data)
    for head in (data, b""):
        for place in (path, tmp_path / "l*", tmp_path, tmp_path / "nothing", tmp_path / "**[", Path("/proc/self/mem")):
            assert not any(layout.recognise(place, head) for layout in LOGS.values())


def test_several_small_files_of_json_lines_follow_each_other(tmp_path: Path) -> None:
    for number in (1, 2):
        put(tmp_path, f"part-{number}.jsonl", posthog().replace('"uuid": "', f'"uuid": "{number}'))
    assert len(events(read_events(tmp_path / "part-*.jsonl"))) == 4


def test_rows_without_anybody_are_an_error(tmp_path: Path) -> None:
    path = put(tmp_path, "ga4.json", lines(ga4_row(None, "view", 0), ga4_row("", "view", 0)))
    with pytest.raises(StudyError, match="none of its 2 rows says whose it is"):
        read_events(path)


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize("layout", [*LOGS, "table"])
@pytest.mark.parametrize(("data", "words"), [
    (b"", "empty|holds no|no event|needs"), (b"\x00\x01\x02\xff" * 50, "."), (b"{", "."), (b"[1, 2]", "."),
    (b'{"a": {"b": ' * 5000, "."),
    (b"\x1f\x8b\x08\x00broken", "."), (b"PK\x03\x04broken", "."), (b"PAR1broken", "."), (b"<log><trace>", "."),
    ("événement;qui\ntést;é\n".encode("cp1252"), "."), (b"a,b\n", "."), (b"a,b\n1\n2,3,4\n", ".")])
def test_bad_input_is_one_sentence(tmp_path: Path, layout: str, data: bytes, words: str) -> None:
    with pytest.raises((StudyError, ChoiceError), match=words) as caught:
        read_events(put(tmp_path, "bad.dat", data), layout=layout, timezone="UTC")
    assert "bad.dat" in str(caught.value)


@pytest.mark.parametrize("layout", [*LOGS, "table", None])
def test_a_missing_file_is_one_sentence(tmp_path: Path, layout: str | None) -> None:
    with pytest.raises(StudyError, match="cannot be read|needs"):
        read_events(tmp_path / "nothing.csv", layout=layout)


@pytest.mark.parametrize("time", ["0000-01-01T00:00:00Z", "2026-03-01T12:00:00", "12", "yesterday", "2026-13-01", ""])
def test_times_that_cannot_be_are_refused(tmp_path: Path, time: str) -> None:
    with pytest.raises(StudyError):
        read_events(put(tmp_path, "log.csv", f"participant_id,event,time\np1,see,2026-03-01T12:00:00Z\np1,see,{time}\n"))


def test_an_archive_that_leaves_itself_or_is_a_bomb_is_refused(tmp_path: Path) -> None:
    for name, content in (("../a.json", amplitude_lines()), ("a.json", amplitude_lines() + "\n" * 50_000_000)):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        with pytest.raises(StudyError, match="Do not trust"):
            read_events(put(tmp_path, "export.zip", packed.getvalue()), layout="amplitude")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.sampled_from(["log_link_visit_action", "log_action", "log_visit"]), cuts=CUTS)
def test_mutated_tables_of_matomo_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, table: str,
                                                      cuts: list[tuple[int, int, bytes]]) -> None:
    path = matomo_tables(tmp_path_factory.mktemp("mutated")) / f"matomo_{table}.csv"
    path.write_bytes(mutated(path.read_bytes(), cuts))
    try:
        reading = read_events(path.parent, layout="matomo_log")
    except (StudyError, ChoiceError, TooFewError):
        return
    aside(reading)


@pytest.mark.parametrize("layout", VENDORS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
def test_mutated_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, layout: str,
                                           cuts: list[tuple[int, int, bytes]]) -> None:
    name, make, how = VENDORS[layout]
    made = make()
    path = tmp_path_factory.mktemp("mutated") / name
    path.write_bytes(mutated(made.encode() if isinstance(made, str) else made, cuts))
    try:
        reading = read_events(path, layout=layout, **how)
    except (StudyError, ChoiceError, TooFewError):
        return
    aside(reading)
