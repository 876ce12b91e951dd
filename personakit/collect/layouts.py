"""The layouts that files come in, by name, and which one a file has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from personakit.collect.interviews.formats import INTERVIEWS
from personakit.collect.logs.events import LOGS, read_table_of_events
from personakit.collect.privacy.identifiers import without_identifiers
from personakit.collect.reading.account import frame_of, guessed, noted
from personakit.collect.reading.options import Layout, Options
from personakit.collect.reading.source import read_head
from personakit.collect.reading.tables import read_plain
from personakit.collect.reading.values import nearly_numbers
from personakit.collect.surveys.exports import SURVEYS
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.readings import Reading

#: layout -> how it is known and read; the first that recognises a file has it. "table" is what remains.
LAYOUTS: Mapping[str, Layout] = MappingProxyType({**SURVEYS, **INTERVIEWS, **LOGS})
#: people often stand in the file of their answers: the same layouts read them, so that rows and ids are the same
_SAME_FILE = {"participants": "answers"}


def read(options: Options) -> Reading:
    """Read a file in the layout that is named, or in the first that recognises it, else as a plain table.

    Columns that identify people directly are dropped, hashed or kept, as the options say.
    Raises ``ChoiceError`` for a layout that this table cannot have, ``StudyError`` for a file that cannot be read.
    """
    layout = options.layout or guess_layout(options)
    if layout not in layouts_of(options.table):
        raise ChoiceError(unknown_name(f"{options.where}: layout", layout, layouts_of(options.table)))
    for name in options.own:
        if name not in own_settings(options.table, layout):
            raise ChoiceError(f"{options.where}: the layout {layout!r} has no setting {name!r}. Remove it, or name another "
                              f"layout.")
    if layout != "table":
        reading = LAYOUTS[layout].read(replace(options, layout=layout))
        if options.layout is None:
            reading = guessed(reading, layout=layout)
        return _closed(reading, options)
    if options.table == "events":
        return _closed(read_table_of_events(options), options)
    if options.path.is_dir():
        raise StudyError(f"{options.where}: {options.path} cannot be read (it is a folder). Name a file.")
    return _closed(read_plain(options), options)


def _closed(reading: Reading, options: Options) -> Reading:
    """Take out what identifies people, and note columns that nearly were numbers."""
    reading = without_identifiers(reading, options)
    odd = nearly_numbers(frame_of(reading)) if reading.report.table in ("participants", "answers") else {}
    if not odd:
        return reading
    shown = first_five(f"{name}: {one}" for name, one in odd.items())
    return noted(reading, "collect.nearly_numbers", n=len(odd), first=shown)


def layouts_of(table: str) -> tuple[str, ...]:
    """Name the layouts that a table may come in."""
    return ("table", *(name for name, one in LAYOUTS.items() if one.table == _SAME_FILE.get(table, table)))


def own_settings(table: str, layout: str | None = None) -> tuple[str, ...]:
    """Name what one layout of a table may be told besides what all may, or any of its layouts."""
    layouts = [LAYOUTS[name] for name in layouts_of(table) if name != "table" and layout in (None, name)]
    return tuple(dict.fromkeys(name for one in layouts for name in one.own))


def guess_layout(options: Options) -> str:
    """Return the first layout of this table that recognises the file, else "table"."""
    head = b"" if options.path.is_dir() else read_head(options.path)
    names = (name for name in layouts_of(options.table) if name != "table")
    return next((name for name in names if LAYOUTS[name].recognise(options.path, head)), "table")
