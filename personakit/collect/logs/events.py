"""The layouts of events, and ``read_events``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from types import MappingProxyType
from typing import Unpack

from personakit.collect.logs.files import files_of, is_large, is_parquet, is_text_table, one_file
from personakit.collect.logs.lake import has_duckdb
from personakit.collect.logs.lake_logs import read_lake
from personakit.collect.logs.matomo import is_matomo_log, read_matomo_log
from personakit.collect.logs.orders import is_orders, is_tickets, read_orders, read_tickets
from personakit.collect.logs.vendor_logs import in_memory, read_in_memory
from personakit.collect.logs.vendors import VENDORS, recognise_vendor
from personakit.collect.logs.xes import is_xes, read_xes_file
from personakit.collect.reading.account import noted
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import read_head
from personakit.collect.reading.tables import read_plain
from personakit.errors import StudyError, first_five
from personakit.readings import Reading


def read_events(path: str | PathLike[str], *, layout: str | None = None, **how: Unpack[How]) -> Reading:
    r"""Read a log of events: a table with columns of any name, or what an analytics tool, a shop or a help desk exports.

    Use it before anything else, read ``check_reading`` (what was guessed can be overruled here or under [events]) and
    ``audit_events`` (duplicates, bots, ties: nothing of them is changed here). It cannot tell what an event means, nor
    whether two ids are one person (``stitch_identities``).

    Parameters
    ----------
    path
        A file, a folder of files, or a pattern such as ``logs/*.parquet``: CSV, TSV, Parquet, JSON (one object a line, or
        one value), Excel, XES, gzip or zip of these. Parquet of more than 16 MiB, text of more than 64 MiB, and several
        such files stay where they are: their events are a DuckDB relation, which goes through this kit as any frame does
        and which ``as_pandas`` loads.
    layout
        ``table`` (any table of events), ``ga4`` (BigQuery export), ``matomo`` (Live API), ``matomo_log`` (a folder of log
        tables as CSV), ``snowplow``, ``segment``, ``posthog``, ``amplitude``, ``mixpanel``, ``orders``, ``tickets`` or
        ``xes``. Recognised where not given.
    **how
        As ``How`` says. In the layouts of vendors, ``columns`` and ``keep`` take paths such as ``properties.plan``, and
        only canonical columns are kept by default. ``timezone`` is needed for times without a zone, unless the vendor
        writes them in UTC.

    Returns
    -------
    Reading
        ``tables``: events (participant_id, event, time_us, and of order, channel, device, content, value, source those
        that the log has; from vendors also session and record_id). ``report``: rows set aside as ``empty_row``,
        ``no_participant`` (such as refused consent), ``not_complete`` (XES), ``order_line`` (further items of an order).

    Raises
    ------
    StudyError
        Where a file or a value cannot be read, or times lack a zone.
    ChoiceError
        For an unknown layout or keyword.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "log.csv")
    ...     _ = file.write_text("who,event,time\np1,see,2026-03-01T10:00:00Z\n")
    ...     reading = read_events(file, columns={"participant_id": "who"})
    >>> reading.tables["events"].to_dict("list")
    {'participant_id': ['p1'], 'event': ['see'], 'time_us': [1772359200000000]}
    """
    from personakit.collect.layouts import read  # which knows the layouts below

    return read(make_options("events", path, layout, how))


def read_xes(path: str | PathLike[str], **how: Unpack[How]) -> Reading:
    """Read a log of process mining in XES (plain or gzip), in pieces: each trace is a participant.

    Use it as ``read_events``; ``columns`` takes keys of events, and of traces as ``case:key``. Where events have a
    lifecycle, those that are not ``complete`` are set aside; ``org:resource`` becomes source, the place in the trace order.

    Parameters
    ----------
    path
        The file.
    **how
        As ``How`` says.

    Returns
    -------
    Reading
        As from ``read_events``.

    Raises
    ------
    StudyError
        Where the file is not sound XML, declares a document type, or holds no events.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> event = '<string key="concept:name" value="pay"/><date key="time:timestamp" value="2026-03-01T10:00:00+01:00"/>'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "log.xes")
    ...     _ = file.write_text(f'<log><trace><string key="concept:name" value="c1"/><event>{event}</event></trace></log>')
    ...     reading = read_xes(file)
    >>> reading.tables["events"].to_dict("list")
    {'participant_id': ['c1'], 'event': ['pay'], 'time_us': [1772355600000000], 'order': [0]}
    """
    return read_events(path, layout="xes", **how)


def read_table_of_events(options: Options) -> Reading:
    """Read the layout "table" of events: one small file in memory, a large one or several where they lie."""
    files = files_of(options)
    _refuse_paths(one_file(options, files[0]))
    text = is_text_table(files[0])
    if len(files) == 1 and (not is_large(files) or not (text or is_parquet(files[0])) or (text and not has_duckdb())):
        return read_plain(replace(options, path=files[0]))
    return read_lake(options, files)


def _refuse_paths(options: Options) -> None:
    """Refuse a table of paths that were added up ("search > mail > shop", 12 conversions): its rows are nobody's events."""
    lines = read_head(options.path, 1 << 14).decode("utf-8", "replace").splitlines()[:20]
    header = lines[0].casefold() if lines else ""
    if "path" in header and "conversion" in header and sum(" > " in line for line in lines) > 1:
        raise StudyError(f"{options.where}: counts paths (\"a > b\") over many people, and holds no events of a person. Ask "
                         f"for the log that the paths were made from: one row an event, with a participant and a time.")


def _read_vendor(options: Options) -> Reading:
    vendor, files = VENDORS[str(options.layout)], files_of(options)
    text = is_large(files) and is_text_table(files[0]) and has_duckdb()
    lake = not vendor.inside and (text or all(is_parquet(one) for one in files))
    reading = read_lake(options, files, vendor) if lake else read_in_memory(options, vendor)
    if lake and not is_large(files):
        reading = in_memory(reading)
    days = [set(re.findall(pattern, " ".join(one.name for one in files))) for pattern in (r"events_intraday_(\d{8})",
                                                                                            r"events_(\d{8})")]
    twice = sorted(days[0] & days[1])
    return noted(reading, "logs.intraday", n=len(twice), first=first_five(twice)) if twice else reading


#: layout -> how it is known and read; the first that recognises a file has it
LOGS: Mapping[str, Layout] = MappingProxyType({
    **{name: Layout(table="events", read=_read_vendor, recognise=partial(recognise_vendor, vendor))
       for name, vendor in VENDORS.items() if name != "xes"},
    "matomo_log": Layout(table="events", read=read_matomo_log, recognise=is_matomo_log),
    "orders": Layout(table="events", read=read_orders, recognise=is_orders),
    "tickets": Layout(table="events", read=read_tickets, recognise=is_tickets, own=("replied", "solved")),
    "xes": Layout(table="events", read=read_xes_file, recognise=is_xes),
})
