"""XES, the exchange format of process mining: each trace is a participant, each of its events an event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from personakit.collect.logs.files import files_of, one_file
from personakit.collect.logs.vendor_logs import from_rows, read_in_memory
from personakit.collect.logs.vendors import VENDORS, recognise_vendor
from personakit.collect.reading.options import Options
from personakit.collect.reading.source import read_head, read_pieces
from personakit.errors import StudyError
from personakit.readings import Reading

_MOST_DEPTH = 200


def is_xes(path: Path, head: bytes) -> bool:
    """Whether a file is a log in XES, or a table with its names."""
    start = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return b"<log" in start and (b"xes" in start or b"concept" in start or b"<trace" in head)
    return not head.startswith(b"PAR1") and recognise_vendor(VENDORS["xes"], path, head)


def read_xes_file(options: Options) -> Reading:
    """Read a log in XES, plain or gzip, a piece at a time; or a table with its names."""
    files = files_of(options)
    if not read_head(files[0], 4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return read_in_memory(options, VENDORS["xes"])
    return from_rows((row for file in files for row in traces_of(one_file(options, file))), options, VENDORS["xes"])


def traces_of(options: Options) -> Iterator[dict[str, Any]]:
    """Yield each event under the keys of its attributes, those of its trace under ``case:`` and key, and its ``place``."""
    found: list[dict[str, Any]] = []
    parser = _parser(options, found)
    try:
        for piece in read_pieces(options):
            parser.Parse(piece, False)
            yield from found
            found.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{options.where}: is not well-formed XML ({error}). Export it again.") from None
    yield from found


def _parser(options: Options, found: list[dict[str, Any]]) -> Any:
    """Make a parser that appends the events of each trace to ``found`` when the trace ends."""
    open_elements: list[str] = []
    trace: dict[str, str] = {}
    events: list[dict[str, str]] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        name, inside = tag.rpartition(":")[2], open_elements[-1] if open_elements else ""
        open_elements.append(name)
        if len(open_elements) > _MOST_DEPTH:
            raise StudyError(f"{options.where}: is nested deeper than {_MOST_DEPTH} elements. Do not trust this file.")
        if name == "event" and inside == "trace":
            events.append({})
        elif inside == "event" and events and "key" in attributes and "trace" in open_elements:
            events[-1][attributes["key"]] = attributes.get("value", "")
        elif inside == "trace" and "key" in attributes:
            trace[f"case:{attributes['key']}"] = attributes.get("value", "")

    def end(_: str) -> None:
        if open_elements.pop() == "trace":
            found.extend({**trace, **event, "place": place} for place, event in enumerate(events))
            trace.clear()
            events.clear()

    def declared(*_: object) -> None:
        raise StudyError(f"{options.where}: declares a document type or entities, which may name other files or grow "
                         f"without end. Do not trust this file; export it again.")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = declared
    return parser
