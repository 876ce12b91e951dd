"""A log that is not loaded: DuckDB scans its Parquet or text files where they lie, within a bounded memory."""

from __future__ import annotations

import atexit
import csv
import functools
import io
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.collect.logs.audit import quote
from personakit.collect.logs.fields import literal
from personakit.collect.logs.files import is_parquet, is_text_table, one_file
from personakit.collect.reading.cells import MOST_COLUMNS, find_separator, name_cells, said_separator
from personakit.collect.reading.options import Options
from personakit.collect.reading.source import read_head
from personakit.errors import StudyError, first_five

MEMORY, MOST_THREADS = "1GB", 4
WHOLE_KINDS = ("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "hugeint")
NUMBER_KINDS = (*WHOLE_KINDS, "float", "double", "decimal")
_HEAD = 1 << 19
_ENCODINGS = {"utf-8": "utf-8", "utf_8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "latin-1": "latin-1",
              "iso-8859-1": "latin-1", "utf-16": "utf-16"}


@dataclass(frozen=True, kw_only=True)
class Lake:
    """The rows of a log as DuckDB sees them. ``source``: what stands after FROM; ``columns``: name -> DuckDB type;
    ``names``: name in the file -> name in ``columns``, which differ where only capitals tell two apart; ``where``: the
    condition that rows must meet so far.
    """

    connection: Any
    options: Options
    source: str
    columns: Mapping[str, Any]
    names: Mapping[str, str]
    text: bool
    twice: tuple[str, ...] = ()
    where: str = ""
    guesses: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *asked: str) -> tuple[Any, ...]:
        """Return one row of aggregates over the rows."""
        query = f"select {', '.join(asked)} from {self.source}{self.where}"
        with told(self.options):
            return self.connection.sql(query).fetchall()[0]

    def select(self, columns: Mapping[str, str]) -> Any:
        """Return a relation of these columns (name -> SQL); that of text files is kept, since reading them again is slow."""
        listed = ", ".join(f"{sql} as {quote(name)}" for name, sql in columns.items())
        query = f"select {listed} from {self.source}{self.where}"
        with told(self.options):
            if not self.text:
                return self.connection.sql(query)
            self.connection.execute(f"create table events as {query}")
            return self.connection.sql("select * from events")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A condition that no row may meet, the SQL that shows the row, and the sentence for those that do."""

    condition: str
    shown: str
    what: str
    fix: str


def look(lake: Lake, where: str, refusals: Sequence[Refusal], *asked: str) -> tuple[Any, ...]:
    """Return aggregates, or raise for the first refusal that rows meet, with how many and which."""
    counts = [f"count(*) filter (where {one.condition})" for one in refusals]
    total, *found = lake.ask("count(*)", *counts, *asked)
    for one, count in zip(refusals, found, strict=False):
        if count:
            query = f"select cast({one.shown} as varchar) from (select * from {lake.source}{lake.where}) " \
                    f"where {one.condition} limit 100"
            with told(lake.options):
                names = [row[0] for row in lake.connection.sql(query).fetchall() if row[0] is not None]
            shown = f" ({first_five(names)})" if names else ""
            raise StudyError(f"{where}: {count} of {total} {one.what}{shown}. {one.fix}")
    return tuple(found[len(refusals):])


@contextmanager
def told(options: Options) -> Iterator[None]:
    """Say in one sentence what DuckDB could not read."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise StudyError(f"{options.where}: needs more than {MEMORY} of memory to be read ({_first_line(error)}). Keep only "
                         f"the columns you need, or split the log.") from None
    except (duckdb.Error, OSError, ValueError, OverflowError) as error:
        if isinstance(error, StudyError):
            raise
        hint = "Save it in UTF-8. " if "not utf-8" in str(error) or "nicode" in str(error) else ""
        raise StudyError(f"{options.where}: cannot be read ({_first_line(error)}). {hint}Export it again, or correct that "
                         f"line.") from None


def _first_line(error: Exception) -> str:
    return ", ".join(line.strip() for line in str(error).splitlines()[:3] if line.strip())[:200]


def has_duckdb() -> bool:
    """Whether DuckDB is installed; without it, text is loaded whole as long as it can be."""
    try:
        import duckdb
    except ImportError:
        return False
    return hasattr(duckdb, "connect")


def connect(options: Options) -> Any:
    """Open DuckDB within bounds: little memory, a folder for what does not fit that it removes, nothing fetched."""
    try:
        import duckdb
    except ImportError:
        raise StudyError(f"{options.where}: a large log, or one in Parquet, needs duckdb, which is not installed. Install "
                         f"it: pip install duckdb; or export a smaller log as CSV.") from None
    spill = _private_folder() / uuid.uuid4().hex  # which DuckDB makes when it needs it, and removes
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    connection = duckdb.connect(config={
        "memory_limit": MEMORY, "threads": threads, "temp_directory": str(spill), "autoinstall_known_extensions": False,
        "autoload_known_extensions": False, "allow_community_extensions": False})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


@functools.cache
def _private_folder() -> Path:
    """Make a folder that only this user may look into, removed when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="personakit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _refuse_mixed_clocks(connection: Any, options: Options, files: Sequence[Path]) -> None:
    """Refuse Parquet files of which some write a column of times with a zone and some without: put together, they shift."""
    zoned = "contains(coalesce(cast(logical_type as varchar), ''), 'isAdjustedToUTC=1')"
    times = "bool_or(contains(cast(logical_type as varchar), 'Timestamp'))"
    mixed = connection.sql(f"select name from parquet_schema({_list(files)}) group by name having {times} and "
                           f"count(distinct {zoned}) > 1").fetchall()
    if mixed:
        raise StudyError(f"{options.where}: some files write {first_five(name for name, in mixed)} with a zone and others "
                         f"without. Read them one by one, or write them alike.")


def open_lake(options: Options, files: Sequence[Path]) -> Lake:
    """Look at the files of a log: Parquet files, or text files with the same header. Nothing is read but their heads."""
    connection = connect(options)
    if all(is_parquet(one) for one in files):
        source = f"read_parquet({_list(files)}, union_by_name = true, hive_partitioning = false)"
        with told(options):
            _refuse_mixed_clocks(connection, options, files)
            found = connection.sql(f"select * from {source}")
            columns = dict(zip(found.columns, found.types, strict=True))
            source = _without_missing(connection, options, source, columns)
        return Lake(connection=connection, options=options, source=source, text=False, columns=columns,
                    names={name: name for name in columns})
    strange = [one.name for one in files if not is_text_table(one)]
    if strange:
        raise StudyError(f"{options.where}: {len(strange)} of {len(files)} files are not delimited text "
                         f"({first_five(strange)}). Name files of one kind: all Parquet, or all text with one header.")
    return _open_text(connection, options, files)


def _without_missing(connection: Any, options: Options, source: str, columns: Mapping[str, Any]) -> str:
    """Empty the cells of Parquet that stand for no value, where there are any: words of ``missing``, and its numbers."""
    words = ", ".join(literal(one) for one in ("", *options.missing))
    numbers = ", ".join(one for one in options.missing if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", one))
    conditions = {name: f"{quote(name)} in ({words})" for name, kind in columns.items() if kind.id == "varchar"}
    if numbers:
        conditions |= {name: f"{quote(name)} in ({numbers})" for name, kind in columns.items() if kind.id in NUMBER_KINDS}
    if not conditions:
        return source
    asked = ", ".join(f"bool_or({one})" for one in conditions.values())
    found, = connection.sql(f"select {asked} from {source}").fetchall()
    emptied = [f"case when {condition} then null else {quote(name)} end as {quote(name)}"
               for (name, condition), some in zip(conditions.items(), found, strict=True) if some]
    return f"(select * replace ({', '.join(emptied)}) from {source})" if emptied else source


def _open_text(connection: Any, options: Options, files: Sequence[Path]) -> Lake:
    text, said = _head(options, files[0])
    separator = options.separator or said or find_separator(text)
    header = _header(options, files[0], text, separator)
    for other in files[1:]:
        start, line = _head(options, other)
        if line != said or _header(options, other, start, separator) != header:
            raise StudyError(f"{options.where}: {other.name} has another header than {files[0].name}. Name files of one "
                             f"layout.")
    blank, twice = name_cells(pd.DataFrame(columns=range(len(header))), header)
    names = _apart([str(name) for name in blank])
    fields = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names.values())
    with told(options), files[0].open("rb") as file:
        packed = "gzip" if file.read(2) == b"\x1f\x8b" else "none"
    nulls = ", ".join(literal(one) for one in ("", *options.missing))
    source = (f"read_csv({_list(files)}, columns = {{{fields}}}, header = true, auto_detect = false, "
              f"delim = {literal(separator)}, quote = '\"', escape = '\"', nullstr = [{nulls}], compression = '{packed}', "
              f"skip = {0 if said is None else 1}, encoding = {literal(_encoding(options))}, strict_mode = true)")
    with told(options):
        found = connection.sql(f"select * from {source}")
    guesses = said_separator(text.partition("\n")[0], separator, options)
    return Lake(connection=connection, options=options, source=source, text=True, twice=tuple(twice), guesses=guesses,
                columns=dict(zip(found.columns, found.types, strict=True)), names=names)


def _apart(names: Sequence[str]) -> dict[str, str]:
    """Return each name and the one it has in DuckDB, which does not tell capitals apart."""
    inner: dict[str, str] = {}
    for name in names:
        shown, number = name, 1
        while shown.casefold() in {one.casefold() for one in inner.values()}:
            number += 1
            shown = f"{name} ({number})"
        inner[name] = shown
    return inner


def _head(options: Options, file: Path) -> tuple[str, str | None]:
    """Return the first whole lines of a text, without a line "sep=;" such as Excel writes, and what that said."""
    data = read_head(file, _HEAD)
    text = data.decode("utf-16" if _encoding(options) == "utf-16" else "utf-8-sig", errors="replace").lstrip("\r\n")
    text = text[: text.rfind("\n") + 1] if len(data) == _HEAD and "\n" in text else text
    said = re.match(r"sep=(.)\r?\n", text)
    return (text[said.end():], said.group(1)) if said else (text, None)


def _header(options: Options, file: Path, head: str, separator: str) -> list[str]:
    try:
        header = next((row for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if row), [])
    except csv.Error as error:
        raise StudyError(f"{one_file(options, file).where}: its header cannot be read ({error}). Correct it.") from None
    if not header or "\x00" in head or len(header) >= MOST_COLUMNS:
        raise StudyError(f"{one_file(options, file).where}: has no header line of fewer than {MOST_COLUMNS:,} columns. "
                         f"Write one, or name a text table.")
    return header


def _encoding(options: Options) -> str:
    given = (options.encoding or "utf-8").casefold()
    if given not in _ENCODINGS:
        raise StudyError(f"{options.where}: a large text file must be in UTF-8, UTF-16 or latin-1, not "
                         f"{options.encoding!r}. Save it in UTF-8 or as Parquet.")
    return _ENCODINGS[given]


def _list(files: Sequence[Path]) -> str:
    """Write the names of files for SQL; what DuckDB would take for a pattern stands in brackets."""
    plain = ("".join(f"[{one}]" if one in "*?[" else one for one in str(file.resolve())) for file in files)
    return f"[{', '.join(literal(one) for one in plain)}]"
