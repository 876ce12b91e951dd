"""QualCoder: a folder ``NAME.qda`` that holds ``data.qda``, a SQLite file."""

from __future__ import annotations

from collections.abc import Collection
from os import PathLike
from pathlib import Path
from sqlite3 import Connection
from typing import Unpack

from personakit.collect.interviews.projects import (
    ATTRIBUTE_FIELDS,
    CODE_FIELDS,
    CODING_FIELDS,
    OWN,
    SPAN_FIELDS,
    UNKNOWN_CODE,
    UNKNOWN_SOURCE,
    Project,
    rows,
    to_reading,
)
from personakit.collect.privacy.identifiers import without_identifiers
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import as_text, as_whole, open_sqlite, sha256_of, sqlite_rows, sqlite_tables
from personakit.errors import StudyError
from personakit.readings import Reading

_TABLES = {"code_text", "code_name", "source"}


def read_qualcoder(path: str | PathLike[str], *, participants: str | None = None, offsets: str | None = None,
                   code_names: str | None = None, **how: Unpack[How]) -> Reading:
    """Read a QualCoder project: its folder ``NAME.qda``, or the ``data.qda`` in it. The project is not changed.

    Use it for interviews coded in QualCoder, by one coder or several (``coder``). It cannot show what images and sound
    hold (their codings are kept, without a quote) and reads no memos, journals or annotations. Versions of QualCoder
    differ in their columns; those that are missing count as empty.

    Parameters
    ----------
    path
        The project's folder, or its ``data.qda``.
    participants, offsets, code_names, **how
        As ``read_qdpx``. QualCoder counts characters; ``own`` code names leave the categories out, which its own rule
        that no two codes share a name makes safe.

    Returns
    -------
    Reading
        As ``read_qdpx``: ``codes`` (a code is called ``category > code``), ``participants`` with the attributes of cases
        and files, ``code_list`` (categories only show as parents), ``texts``.

    Raises
    ------
    StudyError
        Where this is no QualCoder project, or is damaged.
    ChoiceError
        For an unknown keyword or value.

    Examples
    --------
    >>> import pathlib, sqlite3, tempfile
    >>> script = ("create table source (id, name, fulltext); insert into source values (1, 'Ada.txt', 'too dear');"
    ...           "create table code_name (cid, name); insert into code_name values (1, 'price');"
    ...           "create table code_text (cid, fid, pos0, pos1); insert into code_text values (1, 1, 4, 8);")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "data.qda")
    ...     project = sqlite3.connect(file)
    ...     _ = project.executescript(script)
    ...     project.close()
    ...     read_qualcoder(file).tables["codes"][["participant_id", "code", "quote"]].values.tolist()
    [['Ada', 'price', 'dear']]
    """
    options = make_options("codes", path, "qualcoder", how, participants=participants, offsets=offsets,
                           code_names=code_names)
    return without_identifiers(_read(options), options)


def _read(options: Options) -> Reading:
    path = _database(options.path)
    with open_sqlite(path, options) as connection:
        if not sqlite_tables(path) >= _TABLES:
            raise StudyError(f"{options.where}: is a SQLite file, but no QualCoder project (it lacks one of the tables "
                             f"{', '.join(sorted(_TABLES))}). Name the folder of the project.")
        project = _project(connection)
    return to_reading(project, options, sha256=sha256_of(path))


def _database(path: Path) -> Path:
    """Return the file of a project that is given by its folder."""
    return path / "data.qda" if path.is_dir() else path


def _project(connection: Connection) -> Project:
    sources = [(f"source {key}", as_text(name) or f"source {key}", as_text(text)) for key, name, text in
               sqlite_rows(connection, "source", "id", "name", "fulltext")]
    texts = {key: text for key, _, text in reversed(sources) if text}
    codes = _codes(connection)
    known, files = {code[0] for code in codes if code[-1]}, {key for key, *_ in sources}
    cases = [(f"case {key}", as_text(name) or "") for key, name in sqlite_rows(connection, "cases", "caseid", "name")]
    spans = [(f"case {case}", f"source {file}", *_span(texts.get(f"source {file}"), file, start, end))
             for case, file, start, end in sqlite_rows(connection, "case_text", "caseid", "fid", "pos0", "pos1")]
    return Project(
        codes=rows(CODE_FIELDS, codes), sources=rows(("key", "name"), (one[:2] for one in sources)),
        cases=rows(("key", "name"), cases), texts=texts, homes={key: (key, "") for key in texts},
        codings=rows(CODING_FIELDS, _codings(connection, texts, known, files)),
        spans=rows(SPAN_FIELDS, (one for one in spans if one[0] in dict(cases) and one[1] in files)),
        attributes=rows(ATTRIBUTE_FIELDS, (
            (f"{'case' if kind == 'case' else 'source'} {key}", as_text(name), as_text(value) or None)
            for name, kind, value, key in sqlite_rows(connection, "attribute", "name", "attr_type", "value", "id")
            if kind in ("case", "file") and as_text(name))))


def _codes(connection: Connection) -> list[tuple[object, ...]]:
    """Return categories, which cannot be given, and codes; a code may lie in a category or, since 2026, in a code."""
    categories = [(f"category {key}", as_text(name) or "?", None if above is None else f"category {above}",
                   as_text(memo), "", "", False)
                  for key, name, memo, above in sqlite_rows(connection, "code_cat", "catid", "name", "memo", "supercatid")]
    return [*categories, *(
        (f"code {key}", as_text(name) or f"code {key}",
         f"code {code}" if code is not None else None if category is None else f"category {category}",
         as_text(memo), as_text(color), "", True) for key, name, memo, category, code, color in
        sqlite_rows(connection, "code_name", "cid", "name", "memo", "catid", "supercid", "color"))]


def _span(text: str | None, file: object, start: object, end: object) -> tuple[str | None, int | None, int | None]:
    """Return the part of a source that belongs to a case; the whole where it has no text, or all of it is meant."""
    first, last = as_whole(start), as_whole(end)
    if text is None or first is None or last is None or last <= first or (first == 0 and last >= len(text) - 1):
        return None, None, None
    return f"source {file}", first, last


def _codings(connection: Connection, texts: Collection[str], codes: Collection[object],
             files: Collection[str]) -> list[tuple[object, ...]]:
    out: list[tuple[object, ...]] = []
    for code, file, words, start, end, owner in sqlite_rows(connection, "code_text", "cid", "fid", "seltext", "pos0", "pos1",
                                                            "owner"):
        source = f"source {file}"
        text = source if source in texts else None
        out.append((source, text, as_whole(start, -1), as_whole(end, -1), f"code {code}", as_text(words) or None, None,
                    as_text(owner) or None, None, None))
    for table in ("code_image", "code_av"):
        out += [(f"source {file}", None, None, None, f"code {code}", None, None, as_text(owner) or None, None, None)
                for code, file, owner in sqlite_rows(connection, table, "cid", "id", "owner")]
    return [(*one, UNKNOWN_CODE if one[4] not in codes else UNKNOWN_SOURCE if one[0] not in files else None) for one in out]


def _recognise(path: Path, head: bytes) -> bool:
    return (path.is_dir() or head.startswith(b"SQLite format 3\0")) and sqlite_tables(_database(path)) >= _TABLES


QUALCODER = Layout(table="codes", read=_read, recognise=_recognise, own=OWN)
