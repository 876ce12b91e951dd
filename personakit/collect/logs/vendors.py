"""How the programs that log events write them: where each field stands, as one table."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from personakit.collect.logs.audit import RECORD
from personakit.collect.logs.files import list_files
from personakit.collect.reading.options import LOCAL_TIME, Options
from personakit.collect.reading.source import read_head
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, PARTICIPANT, SOURCE, TABLES, TIME, VALUE

SESSION = "session"
#: the bits that the parts of an order take: GA4's page (a time in ms), request and place in it
MOST_ORDER = (41, 12, 10)
#: the address of a page; its query, which may hold anything, is left out
ADDRESS = r"^((?:[A-Za-z]+:/)?/[^?#]*)[?#].*$"
#: the step of a process's event, in the logs that have it
LIFECYCLE = "lifecycle"


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """Where a program writes the fields of an event: of several paths, the first that holds something.

    ``known_by``: sets of names, one of which stands whole in the head of its files. ``order``: whole numbers that part
    simultaneous events, the weightiest first. ``utc``: its times without a zone are UTC; else their zone is declared.
    ``project_clock``: even its epochs count on the clock of a project. ``own_sessions``: session numbers are unique only
    with the participant. ``inside``: the list of a row that holds its events, each then called ``action``, its place
    ``place``. ``flood``: an event that comes every few seconds while a page is open. ``timed_records``: the id of a record
    is its own only with its time.
    """

    known_by: tuple[tuple[str, ...], ...]
    fields: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...] = ()
    utc: bool = True
    project_clock: bool = False
    own_sessions: bool = False
    inside: str = ""
    flood: str = ""
    timed_records: bool = False


VENDORS: Mapping[str, Vendor] = MappingProxyType({
    # user_pseudo_id is null where consent was refused; events of one batch share their time
    "ga4": Vendor(
        known_by=(("event_timestamp", "event_name", "user_pseudo_id"),),
        fields={PARTICIPANT: ("user_pseudo_id",), EVENT: ("event_name",), LOCAL_TIME: ("event_timestamp",),
                CHANNEL: ("platform",), DEVICE: ("device.category",), VALUE: ("ecommerce.purchase_revenue",),
                CONTENT: ("event_params.page_location", "event_params.firebase_screen"),
                SESSION: ("event_params.ga_session_id",)},
        order=("batch_page_id", "batch_ordering_id", "batch_event_index"), own_sessions=True),
    # derived_tstamp corrects the clock of the device; deliveries are at least once, event_id tells them apart
    "snowplow": Vendor(
        known_by=(("derived_tstamp", "collector_tstamp", "domain_userid", "event_id"),),
        fields={PARTICIPANT: ("domain_userid",), EVENT: ("event_name", "event"), LOCAL_TIME: ("derived_tstamp",),
                CHANNEL: ("platform",), DEVICE: ("dvce_type", "contexts_nl_basjes_yauaa_context_1_0_0.deviceClass"),
                CONTENT: ("page_urlpath",), VALUE: ("tr_total", "se_value"), SOURCE: ("app_id",),
                SESSION: ("domain_sessionid",), RECORD: ("event_id",)}, flood="page_ping"),
    # timestamp corrects the clock of the device; server calls know user_id only
    "segment": Vendor(
        known_by=(("anonymous_id", "received_at", "timestamp"), ("anonymousId", "messageId", "timestamp")),
        fields={PARTICIPANT: ("anonymous_id", "anonymousId", "user_id", "userId"),
                EVENT: ("event_text", "event", "name", "type"), LOCAL_TIME: ("timestamp",), CHANNEL: ("channel",),
                DEVICE: ("context_device_type", "context.device.type"), VALUE: ("revenue", "properties.revenue"),
                CONTENT: ("context_page_path", "context.page.path", "properties.path", "path"),
                SESSION: ("context_session_id", "context.sessionId"), RECORD: ("id", "messageId")},
        own_sessions=True),
    # person_id is the person as of ingestion: merged later, it may differ between the events of one person
    "posthog": Vendor(
        known_by=(("uuid", "event", "distinct_id", "properties", "timestamp"),
                  ("event", "distinct_id", "properties", "timestamp", "elements")),
        fields={PARTICIPANT: ("person_id", "person.id", "distinct_id"), EVENT: ("event",), LOCAL_TIME: ("timestamp",),
                DEVICE: ("properties.$device_type",), VALUE: ("properties.revenue",),
                CONTENT: ("properties.$pathname", "properties.$current_url", "properties.$screen_name"),
                SESSION: ("properties.$session_id",), RECORD: ("uuid", "id")}),
    # amplitude_id is the person as Amplitude merged the devices; event_id counts the events of a device
    "amplitude": Vendor(
        known_by=(("event_type", "event_time", "amplitude_id"), ("event_type", "event_time", "$insert_id")),
        fields={PARTICIPANT: ("amplitude_id", "user_id", "device_id"), EVENT: ("event_type",),
                LOCAL_TIME: ("event_time",), CHANNEL: ("platform",), DEVICE: ("device_family", "device_type"),
                CONTENT: ("event_properties.[Amplitude] Page Path", "event_properties.page_path"),
                VALUE: ("event_properties.$revenue", "event_properties.revenue"), SESSION: ("session_id",),
                RECORD: ("$insert_id", "insert_id")},
        order=("event_id",), own_sessions=True),
    # older projects export time on the clock of the project, as if it were UTC
    "mixpanel": Vendor(
        known_by=(("event", "properties", "distinct_id", "time", "$insert_id"),
                  ("event", "properties", "distinct_id", "time", "mp_lib"),
                  ("distinct_id", "insert_id", "mp_processing_time_ms", "time")),
        fields={PARTICIPANT: ("properties.distinct_id", "distinct_id"), EVENT: ("event", "name"),
                LOCAL_TIME: ("properties.time", "time"), DEVICE: ("properties.$device", "device"),
                CONTENT: ("properties.$current_url", "current_url"), VALUE: ("properties.$amount",),
                RECORD: ("properties.$insert_id", "$insert_id", "insert_id")},
        utc=False, project_clock=True, timed_records=True),
    # Live.getLastVisitsDetails: a visit and its actions; the timestamp of an action is UTC
    "matomo": Vendor(
        known_by=(("idVisit", "visitorId", "actionDetails"), ("idVisit", "visitorId", "actionDetails_0_timestamp")),
        fields={PARTICIPANT: ("visitorId",), EVENT: ("action.eventAction", "action.goalName", "action.type"),
                LOCAL_TIME: ("action.timestamp",), DEVICE: ("deviceType",), CONTENT: ("action.url",),
                VALUE: ("action.revenue",), SESSION: ("idVisit",)},
        order=("place",), inside="actionDetails"),
    # a trace is a case of a process; the names are those of the tables that process mining exports too
    "xes": Vendor(
        known_by=(("case:concept:name", "time:timestamp"),),
        fields={PARTICIPANT: ("case:concept:name",), EVENT: ("concept:name",), LOCAL_TIME: ("time:timestamp",),
                SOURCE: ("org:resource",), LIFECYCLE: ("lifecycle:transition",)},
        order=("place",), utc=False),
})


def fields_of(vendor: Vendor, options: Options) -> dict[str, tuple[str, ...]]:
    """Return where each field stands: as the vendor writes it, where ``columns`` says otherwise, and what is to be kept."""
    fields = {**vendor.fields, **{name: (path,) for name, path in options.mapping.items()}}
    if TIME in options.mapping:
        del fields[LOCAL_TIME]
    return {**fields, **{f"{name} (file)" if name in fields else name: (name,) for name in options.columns or ()}}


def in_order(names: Iterable[str]) -> list[str]:
    """Return the columns of a log in the order of the contract, then those of vendors, then the others."""
    required, optional, _ = TABLES["events"]
    known = [*required, *optional, SESSION, RECORD]
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))


def recognise_vendor(vendor: Vendor, path: Path, head: bytes) -> bool:
    """Whether the names by which a vendor is known stand in the head of a file, or of the first of several."""
    names = names_in(path, head)
    return any(all(has_name(names, name) for name in one) for one in vendor.known_by)


def has_name(names: bytes, name: str) -> bool:
    """Whether a name stands whole among the bytes of a header."""
    return re.search(rb"(?<![\w$.])" + re.escape(name.encode()) + rb"(?![\w$])", names) is not None


def names_in(path: Path, head: bytes) -> bytes:
    """Return the bytes that hold the names of the fields of a file, or of the first of several; none where it is damaged.

    They are its header line, its first objects, or Parquet's footer.
    """
    try:
        file = next(iter(list_files(path)), path)
        head = head or read_head(file)
        wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        return _names(file, head.decode("utf-16", "ignore").encode() if wide else head)
    except (OSError, ValueError, LookupError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile):
        return b""


def _names(path: Path, head: bytes) -> bytes:
    if head.startswith(b"PAR1"):
        with path.open("rb") as file:
            file.seek(-8, 2)
            length = int.from_bytes(file.read(4), "little")
            file.seek(-8 - min(length, file.tell() - 4), 2)
            return file.read(min(length, 1 << 22))
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            first = next(name for name in [*archive.namelist(), ""] if not name or ".json" in PurePosixPath(name).suffixes)
            with archive.open(first) as member:
                head = member.read(1 << 16)
        head = zlib.decompressobj(wbits=31).decompress(head, 1 << 16) if head.startswith(b"\x1f\x8b") else head
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start if start.startswith((b"{", b"[")) else start.partition(b"\n")[0]
