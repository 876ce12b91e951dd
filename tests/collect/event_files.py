"""Small logs of our own making in the formats of vendors, and what tests of logs share."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from personakit.collect import check_reading
from personakit.collect.logs.audit import as_pandas
from personakit.readings import Reading

NOON_US = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z
SECOND_US = 1_000_000


def put(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def events(reading: Reading) -> pd.DataFrame:
    return as_pandas(reading.tables["events"]).reset_index(drop=True)


def aside(reading: Reading) -> dict[str, int]:
    report = reading.report
    assert report.rows_in == report.kept + int(report.set_aside["rows"].sum())
    assert report.kept == len(events(reading))
    return dict(zip(report.set_aside["reason"], report.set_aside["rows"], strict=True))


def notes(reading: Reading) -> dict[str, int]:
    for language in ("fr", "en"):
        assert "{" not in check_reading(reading, language=language).to_string()
    found = check_reading(reading)
    return found["count"].to_dict()


# ------------------------------------------------------------------------------------------------ fixtures
def ga4_row(person: str | None, event: str, seconds: int, session: str | None = "7", **more: Any) -> dict[str, Any]:
    params = [{"key": "page_location", "value": {"string_value": "https://shop.example/shoes?email=a@b.fr#top"}}]
    params += [{"key": "ga_session_id", "value": {"int_value": session}}] if session else []
    return {"event_date": "20260301", "event_timestamp": str(NOON_US + seconds * SECOND_US), "event_name": event,
            "event_params": params, "user_pseudo_id": person, "platform": "WEB", "device": {"category": "mobile"}, **more}


def ga4() -> str:
    return lines(ga4_row("a", "view", 0, batch_page_id="5", batch_ordering_id="1", batch_event_index="2"),
                 ga4_row("a", "click", 0, batch_page_id="5", batch_ordering_id="1", batch_event_index="1"),
                 ga4_row("b", "purchase", 9, ecommerce={"purchase_revenue": 19.5}), ga4_row(None, "view", 3, session=None))


def snowplow() -> str:
    head = ("app_id,platform,collector_tstamp,derived_tstamp,event,event_name,event_id,domain_userid,domain_sessionid,"
            "page_urlpath")
    rows = ["shop,web,2026-03-01 12:00:09.000,2026-03-01 12:00:00.500,page_view,page_view,e1,u1,s1,/a",
            "shop,web,2026-03-01 12:00:11.000,2026-03-01 12:00:00.900,page_view,page_view,e1,u1,s1,/a",
            "shop,web,2026-03-01 12:00:10.000,2026-03-01 12:00:10.000,page_ping,page_ping,e2,u1,s1,/a",
            "shop,web,2026-03-01 12:00:11.000,2026-03-01 12:00:11.000,unstruct,link_click,e3,,s2,/b"]
    return "\n".join([head, *rows]) + "\n"


def segment() -> str:
    head = "id,anonymous_id,user_id,event,event_text,timestamp,original_timestamp,sent_at,received_at,context_page_path"
    sent = "2026-03-01 12:00:05 UTC,2026-03-01 12:00:06 UTC"
    rows = [f"m1,x,,order_completed,Order Completed,2026-03-01 12:00:00.000000 UTC,,{sent},/pay",
            f"m2,,u9,invoice_paid,Invoice Paid,2026-03-01 12:00:01.000000 UTC,,{sent},"]
    return "\n".join([head, *rows]) + "\n"


def segment_json() -> str:
    return lines({"type": "track", "event": "Signed Up", "anonymousId": "x", "messageId": "m1",
                  "timestamp": "2026-03-01T12:00:00.000Z", "context": {"page": {"path": "/join"}, "device": {"type": "ios"}},
                  "properties": {"revenue": 5}},
                 {"type": "page", "name": "Home", "anonymousId": "x", "messageId": "m2",
                  "timestamp": "2026-03-01T12:00:02.000Z"})


def posthog() -> str:
    properties = json.dumps({"$session_id": "s1", "$pathname": "/a", "$device_type": "Mobile"})
    return lines({"uuid": "1", "event": "$pageview", "distinct_id": "d1", "person_id": "p1", "properties": properties,
                  "timestamp": "2026-03-01T12:00:00.000Z"},
                 {"uuid": "2", "event": "buy", "distinct_id": "d2", "person_id": None, "properties": "{}",
                  "timestamp": "2026-03-01T12:00:01.000Z"})


def amplitude_lines() -> str:
    first = {"event_type": "open", "event_time": "2026-03-01 12:00:00.000000", "user_id": None, "device_id": "d",
             "amplitude_id": 77, "session_id": 1772366400000, "event_id": 12, "$insert_id": "i1", "platform": "iOS",
             "event_properties": {"page_path": "/a"}}
    second = {**first, "event_type": "buy", "event_id": 11, "$insert_id": "i2", "session_id": -1,
              "event_properties": {"revenue": "12.5"}}
    again = {**first, "event_time": "2026-03-01 12:00:00.040000"}
    return lines(first, second, again)


def amplitude() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("123/123_2026-03-01_12#1.json.gz", gzip.compress(amplitude_lines().encode()))
    return packed.getvalue()


def mixpanel() -> str:
    return lines({"event": "plays", "properties": {"time": NOON_US // SECOND_US, "distinct_id": "d1", "$insert_id": "i1"}},
                 {"event": "plays", "properties": {"time": NOON_US // SECOND_US, "distinct_id": "d1", "$insert_id": "i1"}},
                 {"event": "stops", "properties": {"time": NOON_US // SECOND_US + 5, "distinct_id": "", "$insert_id": "i2"}})


def matomo() -> str:
    visit = {"idVisit": "1", "visitorId": "v1", "deviceType": "Smartphone", "actionDetails": [
        {"type": "action", "url": "https://shop.example/a?x=1", "timestamp": NOON_US // SECOND_US},
        {"type": "event", "eventAction": "Play", "url": "https://shop.example/a", "timestamp": NOON_US // SECOND_US},
        {"type": "ecommerceOrder", "revenue": 30, "timestamp": NOON_US // SECOND_US + 60}]}
    return json.dumps([visit, {"idVisit": "2", "visitorId": "v2", "actionDetails": []}])


def shopify() -> str:
    head = "Name,Email,Financial Status,Total,Created at,Lineitem quantity,Lineitem name,Cancelled at,Billing Name"
    rows = ["#1001,a@b.fr,paid,60.00,2026-03-01 13:00:00 +0100,1,Shoes,,Ana",
            "#1001,a@b.fr,,,2026-03-01 13:00:00 +0100,2,Socks,,",
            "#1002,c@d.fr,refunded,9.50,2026-03-01 14:00:00 +0100,1,Socks,2026-03-02 10:00:00 +0100,Cid"]
    return "\n".join([head, *rows]) + "\n"


def tickets() -> str:
    return lines({"id": 1, "requester_id": 55, "status": "solved", "created_at": "2026-03-01T12:00:00Z",
                  "updated_at": "2026-03-03T12:00:00Z", "solved_at": "2026-03-02T12:00:00Z", "via": {"channel": "email"},
                  "satisfaction_rating": {"score": "good"}, "metric_set": {"reply_time_in_minutes": {"calendar": 90}}},
                 {"id": 2, "requester_id": 56, "status": "open", "created_at": "2026-03-01T12:00:00Z",
                  "satisfaction_rating": {"score": "unoffered"}})


VENDORS: dict[str, tuple[str, Callable[[], str | bytes], dict[str, Any]]] = {
    "ga4": ("ga4.json", ga4, {}), "snowplow": ("atomic.csv", snowplow, {}), "segment": ("tracks.csv", segment, {}),
    "posthog": ("posthog.jsonl", posthog, {}), "amplitude": ("export.zip", amplitude, {}),
    "mixpanel": ("mixpanel.jsonl", mixpanel, {"timezone": "Europe/Paris"}), "matomo": ("visits.json", matomo, {}),
    "orders": ("orders_export.csv", shopify, {}), "tickets": ("tickets.json", tickets, {})}


def mutated(data: bytes, cuts: Sequence[tuple[int, int, bytes]]) -> bytes:
    out = bytearray(data)
    for place, length, piece in cuts:
        start = place % (len(out) + 1)
        out[start : start + length] = piece
    return bytes(out)


CUTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=6)), min_size=1, max_size=3)
