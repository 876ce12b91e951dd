"""Taguette: exports of highlights and codebooks (CSV, Excel), and projects (SQLite)."""

from __future__ import annotations

import html
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from sqlite3 import Connection
from typing import Unpack

import pandas as pd

from personakit.collect.interviews.projects import (
    ATTRIBUTE_FIELDS,
    CODE_FIELDS,
    CODE_LIST,
    CODING_FIELDS,
    SPAN_FIELDS,
    UNCODED,
    UNKNOWN_CODE,
    UNKNOWN_SOURCE,
    Project,
    rows,
    to_reading,
)
from personakit.collect.interviews.qdpx import read_refi
from personakit.collect.interviews.quotes import BYTES
from personakit.collect.privacy.identifiers import without_identifiers
from personakit.collect.reading.account import EMPTY_ROW, beside
from personakit.collect.reading.cells import read_cells, take_header
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import (
    as_text,
    as_whole,
    open_sqlite,
    read_head,
    sha256_of,
    sqlite_rows,
    sqlite_tables,
)
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import CODE

HIGHLIGHTS, CODEBOOK = ("id", "document", "tag", "content"), ("tag", "description", "number of highlights")
_TABLES = {"highlights", "highlight_tags", "tags", "documents"}
_PARTS = ("xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>?")


def read_taguette(path: str | PathLike[str], *, participants: str | None = None, project: str | None = None,
                  code_names: str | None = None, **how: Unpack[How]) -> Reading:
    r"""Read what Taguette writes: exported highlights, an exported codebook, or a project file.

    Use the project file (.sqlite3) where you have it: it alone knows where a highlight stands, who made it, and which
    highlights have no tag (they are noted; the exports leave them out). A highlight with several tags is several rows. It
    cannot know who speaks: a participant is a document, named without its file ending.

    Parameters
    ----------
    path
        highlights.csv or .xlsx; codebook.csv, .xlsx or .qdc; a project's .sqlite3.
    project
        The name of a project, where a file holds several.
    participants, code_names, **how
        As ``read_qdpx``; Taguette has no cases, so only ``sources``.

    Returns
    -------
    Reading
        As ``read_qdpx``: ``codes`` (a code is the tag as it is written, its levels parted by dots; start, end and coder
        only from a project), ``participants``, ``code_list``, ``texts`` (without their HTML). A codebook gives no codes.

    Raises
    ------
    StudyError
        Where this is nothing that Taguette wrote, or is damaged.
    ChoiceError
        For an unknown keyword or project.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "highlights.csv")
    ...     _ = file.write_text("id,document,tag,content\n1,Ada.docx,price,too dear\n1,Ada.docx,price.shop,too dear\n")
    ...     read_taguette(file).tables["codes"][["participant_id", "code", "quote"]].values.tolist()
    [['Ada', 'price', 'too dear'], ['Ada', 'price.shop', 'too dear']]
    """
    options = make_options("codes", path, "taguette", how, participants=participants, project=project,
                           code_names=code_names)
    return without_identifiers(_read(options), options)


def _read(options: Options) -> Reading:
    head = read_head(options.path)
    if head.startswith(b"SQLite format 3\0"):
        with open_sqlite(options.path, options) as connection:
            project = _from_database(connection, options)
        return to_reading(project, options, sha256=sha256_of(options.path))
    if options.path.suffix.casefold() == ".qdc" or b"<CodeBook" in head[:4096]:
        return read_refi(options)
    cells = read_cells(options)
    frame, _ = take_header(cells, options)
    frame.columns = [str(name).strip().casefold() for name in frame]
    if set(HIGHLIGHTS) <= set(frame):
        return to_reading(_from_highlights(frame, cells.guesses), options, sha256=cells.sha256)
    if not set(CODEBOOK[:2]) <= set(frame):
        raise StudyError(f"{options.where}: is neither a list of highlights ({', '.join(HIGHLIGHTS)}) nor a codebook "
                         f"({', '.join(CODEBOOK)}) of Taguette (columns: {first_five(frame)}). Export it again, or map its "
                         f"columns as a plain table.")
    frame = frame.dropna(subset=["tag"]).drop_duplicates("tag")
    empty = frame.iloc[:0].assign(document=None, content=None)
    reading = to_reading(_from_highlights(empty, cells.guesses, frame), options, sha256=cells.sha256)
    used = pd.to_numeric(frame.set_index("tag").get(CODEBOOK[2], pd.Series(dtype="float64")), errors="coerce").fillna(0)
    code_list = reading.tables[CODE_LIST]
    return beside(reading, **{CODE_LIST: code_list.assign(used=code_list[CODE].map(used).fillna(0).astype("int64"))})


# ---------------------------------------------------------------- tables
def _from_highlights(frame: pd.DataFrame, guesses: dict[str, str], codebook: pd.DataFrame | None = None) -> Project:
    book = frame[["tag"]].dropna().drop_duplicates() if codebook is None else codebook
    meanings = book["description"].fillna("") if "description" in book else [""] * len(book)
    cells = frame[["document", "tag", "content"]].astype(object).where(frame.notna(), None)
    codings: list[tuple[object, ...]] = []
    for bare, (document, tag, words) in zip(frame.isna().all(axis=1), cells.itertuples(index=False), strict=True):
        reason = EMPTY_ROW if bare else UNCODED if tag is None else UNKNOWN_SOURCE if document is None else None
        codings.append((document, None, None, None, tag, words, None, None, None, None, reason))
    documents = frame["document"].dropna().unique()
    return _project(list(zip(book["tag"], meanings, strict=True)), [(one, one) for one in documents], codings,
                    guesses=guesses)


def _project(tags: Sequence[tuple[str, str]], documents: Sequence[tuple[str, str]],
             codings: Sequence[tuple[object, ...]], **more: object) -> Project:
    """Return a project without cases; the part of a tag before its last dot is its parent where that is a tag too."""
    known = {tag for tag, _ in tags}
    codes = []
    for tag, meaning in tags:
        above, _, name = tag.rpartition(".")
        nested = above in known and name.strip() != ""
        codes.append((tag, name if nested else tag, above if nested else None, meaning, "", "", True))
    return Project(codes=rows(CODE_FIELDS, codes), sources=rows(("key", "name"), documents), cases=rows(("key", "name"), []),
                   codings=rows(CODING_FIELDS, codings), spans=rows(SPAN_FIELDS, []), attributes=rows(ATTRIBUTE_FIELDS, []),
                   separator=".", **{"texts": {}, "homes": {}, **more})  # type: ignore[arg-type]


# ---------------------------------------------------------------- projects
def _from_database(connection: Connection, options: Options) -> Project:
    if not sqlite_tables(options.path) >= _TABLES:
        raise StudyError(f"{options.where}: is a SQLite file, but no Taguette project (it lacks one of the tables "
                         f"{', '.join(sorted(_TABLES))}). Name the project's file.")
    chosen = _chosen(connection, options)
    documents = {f"document {key}": (as_text(name) or f"document {key}", _without_tags(as_text(contents)))
                 for key, name, contents, project in
                 sqlite_rows(connection, "documents", "id", "name", "contents", "project_id") if project == chosen}
    tags = {key: (as_text(path) or f"tag {key}", as_text(meaning)) for key, path, meaning, project in
            sqlite_rows(connection, "tags", "id", "path", "description", "project_id") if project == chosen}
    highlights = {key: (f"document {document}", as_whole(start, -1), as_whole(end, -1), _without_tags(as_text(snippet)))
                  for key, document, start, end, snippet in
                  sqlite_rows(connection, "highlights", "id", "document_id", "start_offset", "end_offset", "snippet")}
    mine = {key: one for key, one in highlights.items() if one[0] in documents}
    coders = _coders(connection)
    pairs = [pair for pair in sqlite_rows(connection, "highlight_tags", "highlight_id", "tag_id")
             if pair[0] in mine or pair[1] in tags]
    codings = []
    for highlight, tag in pairs:
        document, start, end, words = mine.get(highlight, (None, None, None, None))
        codings.append((document, document, start, end, tags[tag][0] if tag in tags else None, words or None, None,
                        coders.get(highlight), None, None,
                        UNKNOWN_CODE if tag not in tags else UNKNOWN_SOURCE if document is None else None))
    tagged = {pair[0] for pair in pairs}
    untagged = [documents[mine[key][0]][0] for key in mine if key not in tagged]
    return _project(list(tags.values()), [(key, name) for key, (name, _) in documents.items()], codings,
                    texts={key: text for key, (_, text) in documents.items()}, homes={key: (key, "") for key in documents},
                    units=BYTES, notes={"uncoded_selections": untagged})


def _chosen(connection: Connection, options: Options) -> object:
    """Return the id of the project to read: the only one, or the one that is named."""
    projects = {as_text(name): key for key, name in sqlite_rows(connection, "projects", "id", "name")}
    asked = options.choice("project", list(projects))
    if asked is None and len(projects) > 1:
        raise StudyError(f"{options.where}: holds {len(projects)} projects ({first_five(projects)}). Name one: project = "
                         f'"...".')
    return projects[asked] if asked is not None else next(iter(projects.values()), None)


def _without_tags(contents: str) -> str:
    """Return the text of a document as Taguette counts it: tags left out, entities as the letters they stand for."""
    return html.unescape(_TAG.sub("", contents)).replace("\r\n", "\n").replace("\r", "\n")


def _coders(connection: Connection) -> dict[object, str]:
    """Return who last set each highlight, from the project's log of commands."""
    coders: dict[object, str] = {}
    for login, payload in sqlite_rows(connection, "commands", "user_login", "payload"):
        try:
            command = json.loads(as_text(payload))
        except (ValueError, RecursionError):
            continue
        if isinstance(command, dict) and command.get("type") == "highlight_add" and as_text(login):
            coders[as_whole(command.get("highlight_id"), -1)] = as_text(login)
    return coders


# ---------------------------------------------------------------- which files are Taguette's
def _recognise(path: Path, head: bytes) -> bool:
    if head.startswith(b"SQLite format 3\0"):
        return sqlite_tables(path) >= _TABLES
    if head.startswith(b"PK\x03\x04"):
        return _is_workbook(path)
    header = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("latin-1").strip().replace('"', "").casefold()
    return header.startswith(",".join(CODEBOOK)) or header == ",".join(HIGHLIGHTS)


def _is_workbook(path: Path) -> bool:
    """Tell whether the one sheet of a workbook bears Taguette's name for it, and its headings are there."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in _PARTS if name in archive.namelist()]
            book, *parts = (archive.open(name).read(1 << 16) for name in names)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return False
    sheets = re.findall(rb'<sheet [^>]*name="([^"]*)"', book)
    headings = {b"highlights": HIGHLIGHTS, b"codebook": CODEBOOK}.get(sheets[0] if len(sheets) == 1 else b"", ("\0",))
    return all(f">{word}<".encode() in b"".join(parts) for word in headings)


TAGUETTE = Layout(table="codes", read=_read, recognise=_recognise, own=("participants", "project", "code_names"))
