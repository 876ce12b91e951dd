"""The door for bytes from outside: plain and gzip files, zip members, XML and SQLite, none of them trusted."""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from xml.parsers import expat

from personakit.collect.reading.options import Options
from personakit.errors import StudyError

#: the most bytes that one file, or all members of one archive together, may unpack to in memory
MOST_BYTES = 1 << 30
#: a packed member of more than a MiB may not grow by more than this
MOST_GROWTH = 400
#: steps of a SQLite query (in units of 1,000 instructions) after which it is stopped
MOST_STEPS = 2_000_000
_CHUNK = 1 << 20


def read_bytes(options: Options) -> tuple[bytes, str]:
    """Return the bytes of a file, unpacked where it is gzip, and the sha256 of the file as it lies on disk."""
    with _told(options):
        if options.path.exists() and not options.path.is_file():
            raise StudyError(f"{options.where}: {options.path} cannot be read (it is not a file). Name a file.")
        if options.path.stat().st_size > MOST_BYTES:
            raise StudyError(f"{options.where}: is larger than {MOST_BYTES >> 20} MiB, too large to read into memory. "
                             f"Store it as Parquet and read it as events, or keep only the columns you need.")
        data = options.path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(b"\x1f\x8b"):
        data = gunzip(data, options)
    if not data.strip():
        raise StudyError(f"{options.where}: is empty. Write a header line and rows, or remove [{options.table}].")
    return data, digest


def read_pieces(options: Options) -> Iterator[bytes]:
    """Yield a file in pieces, unpacked where it is gzip, so that it need not fit in memory."""
    with _told(options), options.path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        size = 0
        try:
            while piece := stream.read(_CHUNK):
                size += len(piece)
                if size > MOST_GROWTH * file.tell() + _CHUNK:
                    raise StudyError(f"{options.where}: unpacks to more than {MOST_GROWTH} times its size. Do not trust "
                                     f"this file.")
                yield piece
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise StudyError(f"{options.where}: the gzip file is damaged ({error}). Export it again.") from None
        if not size:
            raise StudyError(f"{options.where}: is empty. Write a header line and rows, or remove [{options.table}].")


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """Return the first bytes of a file, unpacked where it is gzip; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(size)
        return zlib.decompressobj(wbits=31).decompress(data, size) if data.startswith(b"\x1f\x8b") else data
    except (OSError, ValueError, zlib.error):
        return b""


@contextmanager
def _told(options: Options) -> Iterator[None]:
    try:
        yield
    except StudyError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(f"{options.where}: {options.path} cannot be read ({reason}). Correct file = "
                         f"{options.file!r} under [{options.table}] in study.toml.") from None


def gunzip(data: bytes, options: Options) -> bytes:
    """Unpack all members of a gzip file, never past the limit."""
    out: list[bytes] = []
    size, rest = 0, data
    try:
        while rest.strip(b"\0"):
            unpack = zlib.decompressobj(wbits=31)
            part = unpack.decompress(rest, MOST_BYTES - size + 1)
            size += len(part)
            if size > MOST_BYTES:
                raise StudyError(f"{options.where}: unpacks to more than {MOST_BYTES >> 20} MiB. Read it as Parquet.")
            if not unpack.eof:
                raise zlib.error("it ends too early")
            out.append(part)
            rest = unpack.unused_data
    except zlib.error as error:
        raise StudyError(f"{options.where}: the gzip file is damaged ({error}). Export it again.") from None
    return b"".join(out)


def read_zip(options: Options, wanted: Callable[[str], bool] = bool) -> tuple[dict[str, bytes], str]:
    """Return the ``wanted`` members of a zip archive by name (media may be left packed), and the sha256 of the archive.

    Refuses paths that leave the archive, bombs, locks and damage.
    """
    with _told(options):
        file = options.path.open("rb")
    try:
        with file, zipfile.ZipFile(file) as archive:
            infos = check_members(archive, options, wanted)
            return {info.filename: _member(archive, info, options) for info in infos}, sha256_of(options.path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{options.where}: is not a sound zip archive ({error}). Export it again.") from None


def check_members(archive: zipfile.ZipFile, options: Options,
                  wanted: Callable[[str], bool] = bool) -> list[zipfile.ZipInfo]:
    """Return the ``wanted`` files of an archive, or raise where one of them, or all together, must not be unpacked."""
    for info in archive.infolist():
        _check_name(info, options)
    infos = [info for info in archive.infolist() if not info.is_dir() and wanted(info.filename)]
    for info in infos:
        _check_size(info, options)
    if sum(info.file_size for info in infos) > MOST_BYTES or len(infos) > 100_000:
        raise StudyError(f"{options.where}: unpacks to more than {MOST_BYTES >> 20} MiB. Export less, or without its "
                         f"media.")
    return infos


def _check_name(info: zipfile.ZipInfo, options: Options) -> None:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise StudyError(f"{options.where}: the archive holds {info.filename!r}, a path outside it. Do not trust this file; "
                         f"ask its sender to export it again.")
    if info.flag_bits & 1:
        raise StudyError(f"{options.where}: the archive is locked by a password. Export it without one.")


def _check_size(info: zipfile.ZipInfo, options: Options) -> None:
    if info.file_size > 1 << 20 and info.file_size > MOST_GROWTH * max(info.compress_size, 1):
        raise StudyError(f"{options.where}: {info.filename!r} unpacks to {info.file_size >> 20} MiB from "
                         f"{info.compress_size:,} bytes. Do not trust this file.")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, options: Options) -> bytes:
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) > info.file_size:
        raise StudyError(f"{options.where}: {info.filename!r} is longer than the archive says. Do not trust this file.")
    return data


def parse_xml(data: bytes, options: Options, name: str = "") -> ElementTree.Element:
    """Return the root of an XML document; names keep their namespace. A document type is refused, and so entities are."""
    where = f"{options.where}{': ' + name if name else ''}"
    refuse_doctype(BytesIO(data), where)
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - no document type, so no entity to expand
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise StudyError(f"{where}: is not well-formed XML ({error}). Export it again.") from None


def refuse_doctype(file: BinaryIO, where: str) -> None:
    """Read an XML file up to its first element; raise where it declares a document type (entities live there)."""
    parser = expat.ParserCreate()
    state = {"begun": False}

    def declared(*_: object) -> None:
        raise StudyError(f"{where}: declares a document type or entities, which may name other files or grow without end. "
                         f"Do not trust this file; export it again.")

    def element(*_: object) -> None:
        state["begun"] = True

    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = element
    try:
        while not state["begun"]:
            chunk = file.read(1 << 12)
            parser.Parse(chunk, not chunk)
            if not chunk:
                break
    except expat.ExpatError as error:
        if not state["begun"]:
            raise StudyError(f"{where}: is not well-formed XML ({error}). Export it again.") from None
    except (LookupError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{where}: is not well-formed XML ({error}). Export it again.") from None
    file.seek(0)


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition("}")[2]


@contextmanager
def open_sqlite(path: Path, options: Options) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file read-only; schema code is not trusted and a query that never ends is stopped."""
    if read_head(path, 16) != b"SQLite format 3\0":
        raise StudyError(f"{options.where}: is not a SQLite file. Name the project's own file or folder.")
    connection = _connect(path)
    try:
        connection.execute("pragma trusted_schema = off")
        connection.execute("pragma cell_size_check = on")
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return int(steps[0] > MOST_STEPS)

        connection.set_progress_handler(count, 1000)
        yield connection
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise StudyError(f"{options.where}: the SQLite file cannot be read ({error}). Open the project in its program and "
                         f"save it again.") from None
    finally:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    # a project that is open elsewhere keeps its newest pages in a -wal file, which immutable=1 would not see
    frozen = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{frozen}", uri=True)


def sqlite_rows(connection: sqlite3.Connection, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table of the project; None stands for a column that this version lacks, no rows for no table.

    Views and virtual tables are none: reading them would run what the file says.
    """
    known = connection.execute("select sql from sqlite_master where type = 'table' and lower(name) = ?", (table,)).fetchone()
    if known is None or not str(known[0]).lstrip().casefold().startswith("create table"):
        return []
    there = {str(row[1]).casefold() for row in connection.execute(f'pragma table_info("{table}")')}
    asked = ", ".join(f'"{name}"' if name in there else "null" for name in columns)
    return connection.execute(f'select {asked} from "{table}"').fetchall()  # noqa: S608 - names from our own code


def sqlite_tables(path: Path) -> set[str]:
    """Return the names of the tables of a SQLite file, none where it cannot be read."""
    if read_head(path, 16) != b"SQLite format 3\0":
        return set()
    try:
        with closing(_connect(path)) as connection:
            return {str(name) for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    except (sqlite3.Error, UnicodeError, OverflowError):
        return set()


def as_text(value: object) -> str:
    """Return a cell of a SQLite file as text; columns of SQLite hold values of any kind."""
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def as_whole(value: object, otherwise: int | None = None) -> int | None:
    """Return a cell of a SQLite file as a whole number of moderate size, else ``otherwise``."""
    try:
        number = int(as_text(value))
    except ValueError:
        return otherwise
    return number if abs(number) < 2**53 else otherwise


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
