"""A vendor's log that fits in memory: objects or rows become canonical text columns, and those become events."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from personakit.collect.logs.audit import RECORD, as_pandas
from personakit.collect.logs.fields import take_from_rows, take_from_table
from personakit.collect.logs.files import digest_of, files_of, one_file
from personakit.collect.logs.vendors import ADDRESS, LIFECYCLE, MOST_ORDER, SESSION, Vendor, fields_of, in_order
from personakit.collect.reading.account import NO_ID, begin, frame_of, guessed, noted, put_aside, with_frame
from personakit.collect.reading.cells import decode, find_column, read_cells, read_json, take_header
from personakit.collect.reading.options import LOCAL_TIME, Options
from personakit.collect.reading.source import gunzip, read_bytes, read_head, read_zip
from personakit.collect.reading.tables import finish
from personakit.collect.reading.times import read_times
from personakit.collect.reading.values import guess_decimal
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import CONTENT, EVENT, ORDER, PARTICIPANT, TABLES, VALUE

#: the most bytes of JSON that are read as one value and not line by line
MOST_ARRAY = 256 << 20
#: names under which an answer of a programming interface holds its rows
_WRAPPERS = ("results", "events", "data")


def read_in_memory(options: Options, vendor: Vendor) -> Reading:
    """Read a vendor's log from JSON (objects, lines, gzip, zip) or from a table of text."""
    files = files_of(options)
    if not holds_objects(files[0]):
        cells = [read_cells(one_file(options, file)) for file in files]
        table = pd.concat([take_header(one, options)[0] for one in cells], ignore_index=True)
        if vendor.inside:
            rows = actions_of(nested(table, vendor.inside), vendor.inside)
            return _read(take_from_rows(rows, _fields(options, vendor)), options, vendor, cells[0].guesses)
        return from_table(table, options, vendor, guesses=cells[0].guesses)
    rows = (row for file in files for row in rows_of(one_file(options, file)))
    return from_rows(actions_of(rows, vendor.inside) if vendor.inside else rows, options, vendor)


def from_rows(rows: Iterable[Mapping[str, Any]], options: Options, vendor: Vendor) -> Reading:
    """Read a vendor's log from objects, keeping of each no more than its fields."""
    return _read(take_from_rows(rows, _fields(options, vendor)), options, vendor, {})


def from_table(table: pd.DataFrame, options: Options, vendor: Vendor, guesses: Mapping[str, str]) -> Reading:
    """Read a vendor's log from a table of text with its names."""
    for path in options.mapping.values():
        find_column(path if path in table else path.partition(".")[0], table, options)
    return _read(take_from_table(table, _fields(options, vendor)), options, vendor, guesses)


def _fields(options: Options, vendor: Vendor) -> dict[str, tuple[str, ...]]:
    fields = fields_of(vendor, options)
    parts = {f"order {place}": (name,) for place, name in enumerate(vendor.order)}
    return {**fields, **parts, **{f"id {place}": (path,) for place, path in enumerate(fields[PARTICIPANT])}}


def _read(frame: pd.DataFrame, options: Options, vendor: Vendor, guesses: Mapping[str, str]) -> Reading:
    if frame.empty:
        raise StudyError(f"{options.where}: holds no events. Name another file, or remove [{options.table}] from "
                         f"study.toml.")
    for name, path in options.mapping.items():
        if frame[name].isna().all():
            raise StudyError(f"{options.where}: nothing stands at {path!r}. Correct {name} under [{options.table}].")
    digest = digest_of(files_of(options), options)
    reading = begin(options, frame, sha256=digest, layout=str(options.layout), guesses=guesses)
    return finish_vendor(reading, options, vendor)


def in_memory(reading: Reading) -> Reading:
    """Load a small relation as a table."""
    return with_frame(reading, as_pandas(frame_of(reading)))


def actions_of(rows: Iterator[dict[str, Any]], inside: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each event that a row holds: the row, the event as ``action`` and its ``place``."""
    for row in rows:
        held = row.get(inside)
        for place, action in enumerate(held if isinstance(held, list) else []):
            yield {**row, inside: None, "action": action, "place": place}


def nested(table: pd.DataFrame, inside: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a flat export, whose lists stand in columns such as ``actionDetails_0_url``, with their lists."""
    parts = {str(name): re.fullmatch(rf"{inside}_(\d+)_(\w+)", str(name)) for name in table}
    for row in table.to_dict("records"):
        held: dict[int, dict[str, Any]] = {}
        for name, part in parts.items():
            if part and pd.notna(row[name]) and row[name] != "":
                held.setdefault(int(part[1]), {})[part[2]] = row[name]
        yield {**{name: row[name] for name, part in parts.items() if not part}, inside: [held[one] for one in sorted(held)]}


def holds_objects(file: Path) -> bool:
    """Whether a file is JSON, or a zip of JSON files; else it is a table."""
    head = read_head(file).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith(b"PK\x03\x04"):
        return head.startswith((b"{", b"["))
    try:
        with zipfile.ZipFile(file) as archive:
            return any(_is_json(name) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, LookupError, RuntimeError):
        return True  # which says what is wrong with it


def _is_json(name: str) -> bool:
    return ".json" in PurePosixPath(name).suffixes


def rows_of(options: Options) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON file, one at a time where it holds one a line; a zip holds several such files."""
    if read_head(options.path, 4) != b"PK\x03\x04":
        yield from _objects(read_bytes(options)[0], options)
        return
    members, _ = read_zip(options, _is_json)
    for name in sorted(members):
        data = members.pop(name)
        yield from _objects(gunzip(data, options) if data.startswith(b"\x1f\x8b") else data, options)


def _objects(data: bytes, options: Options) -> Iterator[dict[str, Any]]:
    text, _ = decode(data, options)
    first, _, rest = text.strip().partition("\n")
    if rest and first.startswith("{") and first.rstrip().endswith("}"):
        place = 0
        while place < len(text):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            line, place = text[place:end], end + 1
            if line.strip():
                yield from read_json(line, options)
        return
    if len(text) > MOST_ARRAY:
        raise StudyError(f"{options.where}: is one JSON value of more than {MOST_ARRAY >> 20} MiB. Export one object a "
                         f"line, or Parquet.")
    rows = read_json(text, options)
    wrapped = [rows[0][name] for name in _WRAPPERS if len(rows) == 1 and isinstance(rows[0].get(name), list)]
    yield from (row for row in (wrapped[0] if wrapped else rows) if isinstance(row, dict))


def finish_vendor(reading: Reading, options: Options, vendor: Vendor) -> Reading:
    """Turn the text columns that a vendor's paths led to into events; rows that name nobody are set aside."""
    reading = _complete_only(reading)
    reading = put_aside(reading, frame_of(reading)[PARTICIPANT].isna(), NO_ID)
    frame = frame_of(reading)
    if frame.empty:
        raise StudyError(f"{options.where}: none of its {reading.report.rows_in} rows says whose it is. Name the field that "
                         f'does: participant_id = "..." under [{options.table}].')
    required = TABLES["events"][0]
    frame = frame.drop(columns=[name for name in frame if name not in required and frame[name].isna().all()])
    if vendor.own_sessions and SESSION in frame:
        known = frame[SESSION].where(frame[SESSION].ne("-1"))
        frame = frame.assign(**{SESSION: frame[PARTICIPANT] + "." + known})
    if vendor.timed_records and RECORD in frame and LOCAL_TIME in frame:
        frame = frame.assign(**{RECORD: frame[RECORD] + "@" + frame[LOCAL_TIME]})
    if CONTENT in frame:
        frame = frame.assign(**{CONTENT: frame[CONTENT].str.replace(ADDRESS, r"\1", regex=True)})
    reading, frame = _with_value(reading, frame, options)
    reading, frame = _with_project_clock(reading, frame, options, vendor)
    floods = int(frame[EVENT].eq(vendor.flood).sum()) if EVENT in frame else 0
    reading = noted(reading, "logs.floods", n=floods, first=vendor.flood) if floods else reading
    reading, frame = _with_one_id(reading, frame, options, vendor)
    reading = with_frame(reading, _with_order(frame, vendor))
    clock = "UTC" if vendor.utc else options.timezone
    reading = finish(reading, replace(options, mapping={}, columns=None, decimal=".", timezone=clock))
    frame = frame_of(reading)
    return with_frame(reading, frame[in_order(name for name in frame if name in required or frame[name].notna().any())])


def _complete_only(reading: Reading) -> Reading:
    """Set aside the other steps of a lifecycle (start, suspend ...), where a log has one."""
    frame = frame_of(reading)
    if LIFECYCLE not in frame:
        return reading
    step = frame[LIFECYCLE]
    reading = put_aside(reading, step.notna() & step.str.casefold().ne("complete"), "not_complete", step)
    return with_frame(reading, frame_of(reading).drop(columns=LIFECYCLE))


def _with_one_id(reading: Reading, frame: pd.DataFrame, options: Options, vendor: Vendor) -> tuple[Reading, pd.DataFrame]:
    """Say which rows lack the id that the others have and are known by the next one."""
    ids = [name for name in frame if str(name).startswith("id ")]
    others = int(frame[ids[0]].isna().sum()) if ids else 0
    if others:
        first = fields_of(vendor, options)[PARTICIPANT][int(str(ids[0]).removeprefix("id "))]
        reading = noted(reading, "logs.other_ids", n=others, first=first)
    return reading, frame.drop(columns=ids)


def _with_value(reading: Reading, frame: pd.DataFrame, options: Options) -> tuple[Reading, pd.DataFrame]:
    if VALUE not in frame:
        return reading, frame
    decimal = guess_decimal(frame[[VALUE]], options)
    text = frame[VALUE].str.replace("[\u00a0\u202f]", "", regex=True)
    text = text.str.replace(",", ".", regex=False) if (decimal or options.decimal) == "," else text
    reading = guessed(reading, decimal=decimal)
    number = pd.to_numeric(text, errors="coerce").astype("float64")
    number = number.where(number.abs() < np.inf)
    wrong = frame.loc[frame[VALUE].notna() & number.isna(), VALUE]
    if len(wrong):
        reading = noted(reading, "logs.not_numbers", n=len(wrong), first=first_five(wrong))
    return reading, frame.assign(**{VALUE: number})


def _with_project_clock(reading: Reading, frame: pd.DataFrame, options: Options,
                        vendor: Vendor) -> tuple[Reading, pd.DataFrame]:
    """Take epochs for the wall clock of the project that wrote them."""
    if not vendor.project_clock or LOCAL_TIME not in frame:
        return reading, frame
    times = frame[LOCAL_TIME]
    if times.notna().all() and times.str.fullmatch(r"\d{9,16}(?:\.\d+)?").all():
        read = read_times(times, where=f"{options.where}.{LOCAL_TIME}", timezone=None, time_format=None)
        frame = frame.assign(**{LOCAL_TIME: pd.to_datetime(read.time_us, unit="us").astype("datetime64[us]")})
        reading = guessed(reading, **read.guesses)
    if options.timezone is not None:
        reading = noted(reading, "logs.project_clock", n=len(frame), first=options.timezone)
    return reading, frame


def _with_order(frame: pd.DataFrame, vendor: Vendor) -> pd.DataFrame:
    parts = [name for name in frame if str(name).startswith("order ")]
    rest = frame.drop(columns=parts)
    if ORDER in frame or len(parts) < max(len(vendor.order), 1):
        return rest
    return rest.assign(**{ORDER: pack_order([frame[name] for name in parts])})


def pack_order(parts: list[pd.Series]) -> pd.Series:
    """Pack the numbers that part simultaneous events into one: GA4's page, request and place in the request."""
    whole = [pd.to_numeric(part, errors="coerce").fillna(0).clip(0, 2**62).astype("int64") for part in parts]
    if len(whole) == 1:
        return whole[0]
    packed = pd.Series(0, index=parts[0].index, dtype="int64")
    for part, bits in zip(whole, MOST_ORDER, strict=True):
        packed = packed * 2**bits + part.clip(0, 2**bits - 1)
    return packed
