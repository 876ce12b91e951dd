"""Real logs read as their catalogue says; the folder that holds them may be absent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from event_files import aside, events

from personakit.collect import read
from personakit.collect.logs.audit import as_pandas, audit_events
from personakit.collect.logs.events import read_events, read_xes
from personakit.collect.logs.lake_logs import read_lake
from personakit.collect.logs.vendors import VENDORS
from personakit.collect.reading.options import make_options
from personakit.errors import StudyError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "events"
SNOWPLOW = DATA / "snowplow_web"
PAGE_VIEW = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0.id"
DAY_US = 86_400_000_000

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


def variants(frame: pd.DataFrame) -> list[int]:
    return frame.groupby("participant_id", sort=False)["event"].agg(tuple).value_counts().tolist()


def test_simple_shop() -> None:
    path = DATA / "simple_shop" / "simple-onlineshop.csv"
    reading = read_events(path, columns={"participant_id": "user_id", "time": "timestamp"}, timezone="UTC")
    frame = events(reading)
    assert (len(frame), frame["participant_id"].nunique(), frame["event"].nunique()) == (32_283, 3_751, 12)
    people = frame.groupby("event")["participant_id"].nunique()
    assert (people["cart"], people["payment_done"]) == (1_924, 653)
    assert frame["event"].value_counts()[["catalog", "main", "cart"]].tolist() == [14_518, 5_635, 2_842]
    assert audit_events(frame)["count"].tolist() == [32_283, 3_751, 0, 0, 0]


def test_cdnow_orders() -> None:
    reading = read_events(DATA / "cdnow" / "CDNOW_master.txt", timezone="America/New_York")
    assert reading.report.layout == "orders"
    frame = events(reading)
    assert (len(frame), frame["participant_id"].nunique()) == (69_659, 23_570)
    assert round(frame["value"].sum(), 2) == 2_500_315.63
    assert int(frame["value"].eq(0).sum()) == 80
    days = pd.to_datetime(frame["time_us"], unit="us", utc=True).dt.tz_convert("America/New_York")
    assert (str(days.min()), str(days.max())) == ("1997-01-01 00:00:00-05:00", "1998-06-30 00:00:00-04:00")


def test_cdnow_summary_is_a_table_of_people() -> None:
    path = DATA / "cdnow" / "cdnow_customers_summary.csv"
    people = read(make_options("participants", path, None, {"columns": {"participant_id": "ID"}})).tables["participants"]
    assert people.shape == (2_357, 4)
    assert people["frequency"].sum() == 2_457
    with pytest.raises(StudyError, match="no column of times"):
        read_events(path, columns={"participant_id": "ID"})


def test_running_example() -> None:
    frame = events(read_xes(DATA / "xes" / "running-example.xes"))
    assert (frame["participant_id"].nunique(), len(frame), frame["event"].nunique(), len(variants(frame))) == (6, 42, 8, 6)
    assert frame["source"].value_counts()["Mike"] > 0


def test_receipt_as_xes_and_as_csv() -> None:
    xes = read_events(DATA / "xes" / "receipt.xes.gz")
    csv = read_events(DATA / "xes" / "receipt.csv.gz")
    assert aside(xes) == aside(csv) == {}
    frame = events(xes)
    assert (frame["participant_id"].nunique(), len(frame), frame["event"].nunique()) == (1_434, 8_577, 27)
    found = variants(frame)
    assert (len(found), found[:3]) == (116, [713, 123, 116])
    pd.testing.assert_frame_equal(frame.drop(columns="order"), events(csv))


def test_road_traffic() -> None:
    frame = events(read_xes(DATA / "xes" / "roadtraffic100traces.xes"))
    assert (frame["participant_id"].nunique(), len(frame), frame["event"].nunique()) == (100, 390, 10)
    found = variants(frame)
    assert (len(found), found[:3]) == (10, [36, 22, 16])


def test_mixpanel_export() -> None:
    path = DATA / "mixpanel_export" / "event.csv"
    with pytest.raises(StudyError, match="carry no zone"):
        read_events(path)
    reading = read_events(path, timezone="UTC")
    assert reading.report.layout == "mixpanel"
    frame = events(reading)
    assert (len(frame), aside(reading)) == (5, {})
    assert str(pd.Timestamp(frame["time_us"].iloc[0], unit="us")) == "2020-08-01 10:16:46"
    # one $insert_id stands at two times, years apart: these are two events
    assert audit_events(frame).loc["duplicates", "count"] == 0


def test_added_up_paths_are_not_events() -> None:
    with pytest.raises(StudyError, match="holds no events of a person"):
        read_events(DATA / "attribution_paths" / "PathData.csv")


# ------------------------------------------------------------------------------------------------ Snowplow
def snowplow_sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """Build a session table from events, by the rules that its authors publish (dbt-snowplow-web 0.16).

    Records of one id count once, the first collected; events sent three days after they happened, or collected three days
    after the session began, do not count; a session needs a page view or a heartbeat on a known page. A heartbeat tells
    that the page was open for the 5 seconds before it, and every 10 seconds from then on.
    """
    clock = {name: pd.to_datetime(frame[name]) for name in ("collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp")}
    rows = frame.assign(**clock, page=frame[PAGE_VIEW], time=pd.to_datetime(frame["time_us"], unit="us"))
    rows = rows.sort_values(["collector_tstamp", "dvce_created_tstamp"], kind="stable").drop_duplicates("record_id")
    rows = rows[rows["session"].notna() & (rows["dvce_sent_tstamp"] - rows["dvce_created_tstamp"] <= pd.Timedelta(days=3))]
    begun = rows.groupby("session")["collector_tstamp"].transform("min")
    rows = rows[rows["collector_tstamp"] <= begun + pd.Timedelta(days=3)]
    found = {}
    for session, own in rows.groupby("session"):
        pages = own[own["event"].isin(["page_view", "page_ping"]) & own["page"].notna()].sort_values(
            ["time", "dvce_created_tstamp", "record_id"])
        if pages.empty:
            continue
        pings, views = pages[pages["event"] == "page_ping"], pages[pages["event"] == "page_view"]
        beats = (pings["page"] + (pings["dvce_created_tstamp"].astype("int64") // 10_000_000).astype("str")).nunique()
        early = 5 if pages["event"].iloc[0] == "page_ping" else 0
        seconds = [moment.floor("s") for moment in (own["time"].min(), own["time"].max())]
        engaged = 10 * (beats - pings["page"].nunique()) + 5 * pings["page"].nunique()
        found[session] = {
            "start_tstamp": own["time"].min() - pd.Timedelta(seconds=early), "end_tstamp": own["time"].max(),
            "page_views": pages["page"].nunique(), "engaged_time_in_s": engaged, "total_events": len(own),
            "absolute_time_in_s": int((seconds[1] - seconds[0]).total_seconds()) + early,
            "first_page_urlpath": pages["content"].iloc[0],
            "last_page_urlpath": (views if len(views) else pages)["content"].iloc[-1],
            "is_engaged": bool(pages["page"].nunique() >= 2 or engaged / 10 >= 2 or len(views))}
    return pd.DataFrame.from_dict(found, orient="index").sort_index()


def expected_sessions() -> pd.DataFrame:
    table = pd.read_csv(SNOWPLOW / "snowplow_web_sessions_expected.csv", parse_dates=["start_tstamp", "end_tstamp"])
    return table.set_index("domain_sessionid").sort_index()


def test_snowplow_events() -> None:
    reading = read_events(SNOWPLOW / "snowplow_web_events.csv")
    frame = events(reading)
    assert (reading.report.layout, reading.report.rows_in, frame["participant_id"].nunique()) == ("snowplow", 160, 42)
    assert aside(reading) == {"no_participant": 1}
    # the catalogue counts 3 repeated event ids
    assert audit_events(frame).loc["duplicates", "count"] == 3
    assert int(frame["event"].eq("page_ping").sum()) == 8


def test_snowplow_sessions_are_those_that_its_authors_expect() -> None:
    # one session belongs to nobody (no domain_userid): it is read by the id that the network gave
    keep = ["collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", PAGE_VIEW]
    known = {"participant_id": "network_userid"}
    frame = events(read_events(SNOWPLOW / "snowplow_web_events.csv", keep=keep, columns=known))
    found, expected = snowplow_sessions(frame), expected_sessions()
    assert len(expected) == 18
    assert found.index.tolist() == expected.index.tolist()
    for name in found.columns.drop("is_engaged"):
        assert found[name].tolist() == expected[name].tolist(), name
    # engaged: two pages, or 20 s of heartbeats, or a conversion, which is here any page view. One of the three sessions of
    # a single heartbeat is expected to be engaged; by the rule it is not, as the two others are not
    odd = found.index[found["is_engaged"] != expected["is_engaged"]]
    assert odd.tolist() == ["0b0c7bb589ebd041177514f3e43446ca5d4343328936d2f8f12a42b41bf9140e"]
    assert found.loc[odd, ["page_views", "engaged_time_in_s", "total_events"]].values.tolist() == [[1, 5, 1]]


def test_snowplow_by_its_own_id_lacks_the_session_of_nobody() -> None:
    keep = ["collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", PAGE_VIEW]
    frame = events(read_events(SNOWPLOW / "snowplow_web_events.csv", keep=keep))
    missing = expected_sessions().index.difference(snowplow_sessions(frame).index)
    assert expected_sessions().loc[missing, "user_id"].tolist() == ["NULL domain_userid"]


def test_snowplow_out_of_core_is_the_same() -> None:
    pytest.importorskip("duckdb")
    path = SNOWPLOW / "snowplow_web_events.csv"
    options = make_options("events", path, "snowplow", {"keep": ["collector_tstamp", PAGE_VIEW]})
    lake = read_lake(options, (path,), VENDORS["snowplow"])
    memory = read_events(path, layout="snowplow", keep=["collector_tstamp", PAGE_VIEW], identifiers="keep")
    pd.testing.assert_frame_equal(as_pandas(lake.tables["events"]), events(memory))
    assert aside(lake) == aside(memory)


def test_simple_shop_out_of_core_is_the_same() -> None:
    pytest.importorskip("duckdb")
    path = DATA / "simple_shop" / "simple-onlineshop.csv"
    how = {"columns": {"participant_id": "user_id", "time": "timestamp"}, "timezone": "Europe/Paris"}
    lake = read_lake(make_options("events", path, None, how), (path,))  # type: ignore[arg-type]
    memory = read_events(path, **how)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(as_pandas(lake.tables["events"]), events(memory), check_dtype=False)
    assert audit_events(lake.tables["events"]).equals(audit_events(events(memory)))
