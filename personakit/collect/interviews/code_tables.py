"""Tables of codes that any program exports: one row a coded passage, or one row a document and one column a code."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from personakit.collect.interviews.projects import CODE_LIST
from personakit.collect.privacy.identifiers import without_identifiers
from personakit.collect.reading.account import NO_ID, begin, beside, frame_of, guessed, noted, put_aside
from personakit.collect.reading.cells import find_column, read_cells, refuse_unclear, take_header
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import read_head
from personakit.collect.reading.tables import as_ids, read_plain
from personakit.errors import StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.schema import CODE, PARTICIPANT, YES_NO

CODES_IN = ("columns", "rows")
#: what programs call their sums, and the line that counts documents: N = Documents (Speakers)
_TOTAL = re.compile(r"(?i)\s*(?:(?:grand )?totals?|total g[ée]n[ée]ral|sums?|sommes?|ensemble|summen?|gesamt|suma|"
                    r"n\s*[=(].*)\s*")
#: this many lines and others must add up before an unnamed sum is believed
_ADDING_UP = 3
_MARKS = {**YES_NO, "x": 1, "\u2713": 1, "\u2714": 1, "-": 0}
_WHOLE = re.compile(r"^(\d+)[.,]0{1,2}$")
_MOST_IN_CELL, _MOST_ROWS, _MOST_BY_ALL = 10_000, 5_000_000, 20


def read_codes(path: str | PathLike[str], **how: Unpack[How]) -> Reading:
    r"""Read a table with one row a coded passage: CSV, TSV, Excel, Parquet or JSON lines.

    Use it for the segments that MAXQDA, NVivo, ATLAS.ti or Dedoose export as a table. Their headings depend on the
    version and on the language of the program, so name the columns: ``columns={"participant_id": "Document name",
    "code": "Code", "quote": "Segment"}``. It cannot check the quotes, for the texts are not there. In ``study.toml`` this is
    a plain table: the same names under ``[codes]``.

    Parameters
    ----------
    path
        The table.
    **how
        As ``How``.

    Returns
    -------
    Reading
        ``codes``: participant_id, code, the columns that were named and all others (or those that ``keep`` names).
        ``code_list``: code, used.

    Raises
    ------
    StudyError
        Where the file cannot be read, or no column is called participant_id or code.
    ChoiceError
        For an unknown keyword.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "segments.csv")
    ...     _ = file.write_text("Dokumentname;Code;Segment\nAda;price;too dear\n")
    ...     read_codes(file, columns={"participant_id": "Dokumentname", "code": "Code"}).tables["codes"].values.tolist()
    [['Ada', 'price', 'too dear']]
    """
    options = make_options("codes", path, "table", how)
    _refuse_project(options)
    reading = without_identifiers(read_plain(options), options)
    frame = frame_of(reading)
    for name in (PARTICIPANT, CODE):
        if name not in frame:
            raise StudyError(unknown_name(f"{options.where}: column", name, list(frame.columns)) +
                             f' Name it: columns={{"{name}": "..."}}.')
    return beside(reading, **{CODE_LIST: _used(frame[CODE], pd.Index(frame[CODE].dropna().unique()))})


def read_code_matrix(path: str | PathLike[str], *, codes_in: str | None = None, **how: Unpack[How]) -> Reading:
    r"""Read a table of documents by codes, with counts or 0 and 1 (or yes and no, or x).

    Use it for a code matrix, where the passages themselves are not at hand. It has no quotes, no stages and no coders. A
    plain table cannot be told from such a matrix, so it is never guessed: in ``study.toml`` say ``layout = "code_matrix"``.

    Parameters
    ----------
    path
        The table: CSV, TSV, Excel, Parquet or JSON lines.
    codes_in
        ``columns`` (default: one row a document) or ``rows`` (one row a code, as MAXQDA's code matrix browser writes it).
    **how
        As ``How``. ``columns={"participant_id": "..."}`` names the column of documents (of codes, with ``rows``), the first
        by default: a guess. ``keep`` names the columns to read where not all the others are codes: an age of 20 or a
        mark out of 5 would be taken for a count.

    Returns
    -------
    Reading
        ``codes``: participant_id, code; a row for each time that a code was given, so that counting rows counts mentions.
        The report counts these. ``participants``: participant_id, everyone in the table. ``code_list``: code, used.
        Totals are left out, and noted: lines called SUM, Total, N = ..., and any that equal the sum of all others in at
        least three lines (of the columns that ``keep`` names, none).

    Raises
    ------
    StudyError
        Where a cell is no count: below 0, a fraction, over 10,000, or text; where everyone has more than 20 mentions of
        a column that ``keep`` does not name.
    ChoiceError
        For an unknown keyword or value.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "matrix.csv")
    ...     _ = file.write_text("document,price,trust\nAda,2,0\nBob,,1\n")
    ...     read_code_matrix(file).tables["codes"].values.tolist()
    [['Ada', 'price'], ['Ada', 'price'], ['Bob', 'trust']]
    """
    options = make_options("codes", path, "code_matrix", how, codes_in=codes_in)
    return without_identifiers(_read_matrix(options), options)


def _read_matrix(options: Options) -> Reading:
    _refuse_project(options)
    cells = read_cells(options)
    frame, twice = take_header(cells, options)
    frame = frame.dropna(how="all")
    if frame.shape[0] < 1 or frame.shape[1] < 2:
        raise StudyError(f"{options.where}: holds no table of documents by codes. Give a header line of codes and a row for "
                         f"each document.")
    asked = options.mapping.get(PARTICIPANT)
    first = asked or next((str(name) for name in frame if not _TOTAL.fullmatch(str(name))), str(frame.columns[0]))
    for name in (first, *(options.columns or ())):
        refuse_unclear(find_column(name, frame, options), twice, options)
    frame = frame[[first, *(options.columns or [name for name in frame if name != first])]]
    frame, totals = _without_named_totals(frame.set_index(first), options)
    counts, more = _without_sums(_as_counts(frame, options), options)
    totals += more
    counts = counts.T if options.choice("codes_in", CODES_IN) == "rows" else counts
    _refuse_implausible(counts, options)
    # one row a mention, in the order of the table
    row, column = np.nonzero(counts.to_numpy())
    often = counts.to_numpy()[row, column]
    if often.sum() > _MOST_ROWS:
        raise StudyError(f"{options.where}: holds {int(often.sum()):,} mentions, more than {_MOST_ROWS:,}. Name the columns "
                         f"that are codes: keep.")
    ids = as_ids(pd.Series(counts.index).reset_index(drop=True))
    codes = pd.DataFrame({PARTICIPANT: ids.to_numpy()[row], CODE: counts.columns.astype("str").to_numpy()[column]},
                         dtype="str")
    codes = codes.loc[np.repeat(np.arange(len(codes)), often)].reset_index(drop=True)
    reading = begin(options, codes, sha256=cells.sha256, layout="code_matrix", guesses=cells.guesses)
    reading = guessed(reading, participant_id=None if asked else first)
    for name, found in (("collect.twice", twice), ("interviews.totals", totals)):
        reading = noted(reading, name, n=len(found), first=first_five(found)) if found else reading
    people = pd.DataFrame({PARTICIPANT: ids.dropna().drop_duplicates().to_numpy()}, dtype="str")
    reading = beside(reading, participants=people, **{CODE_LIST: _used(codes[CODE], counts.columns)})
    return put_aside(reading, codes[PARTICIPANT].isna(), NO_ID, codes[CODE])


def _as_counts(table: pd.DataFrame, options: Options) -> pd.DataFrame:
    words = table.map(lambda cell: _MARKS.get(cell.strip().casefold(), _WHOLE.sub(r"\1", cell.strip()))
                      if isinstance(cell, str) else cell)
    numbers = pd.DataFrame(words.apply(lambda column: pd.to_numeric(column, errors="coerce")))
    wrong = table.notna() & ~((numbers >= 0) & (numbers <= _MOST_IN_CELL) & (numbers % 1 == 0))
    if wrong.to_numpy().any():
        cells = table.to_numpy()[wrong.to_numpy()]
        raise StudyError(f"{options.where}: {len(cells)} cells are no counts ({first_five(cells)}; in "
                         f"{first_five(table.columns[wrong.any()])}). Correct them, or name the columns that are codes: "
                         f"keep.")
    return numbers.fillna(0).astype("int64")


def _without_named_totals(table: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Leave out rows and columns that are called a total, unless nothing else is there or ``keep`` names them."""
    rows = pd.Series([isinstance(name, str) and _TOTAL.fullmatch(name) is not None for name in table.index], dtype=bool)
    columns = pd.Series([options.columns is None and _TOTAL.fullmatch(str(name)) is not None for name in table], dtype=bool)
    rows, columns = (mask & (not mask.all()) for mask in (rows, columns))
    named = [*table.index[rows.to_numpy()], *table.columns[columns.to_numpy()]]
    return table.loc[~rows.to_numpy(), ~columns.to_numpy()], [str(name) for name in named]


def _without_sums(counts: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Leave out a row and a column that are the sum of all others, where that is more than chance."""
    totals = []
    for axis in (0, 1) if options.columns is None else (0,):
        lines = counts.to_numpy() if axis == 0 else counts.to_numpy().T
        place = _place_of_sum(lines)
        if place is not None:
            totals.append(str(counts.axes[axis][place]))
            counts = counts.take([one for one in range(len(lines)) if one != place], axis=axis)
    return counts, totals


def _place_of_sum(lines: np.ndarray) -> int | None:
    """Return which line is the sum of all others: several others in use, and more than one mention in most places."""
    whole = lines.sum(axis=0)
    for place in np.flatnonzero((2 * lines == whole).all(axis=1)):
        used, others = lines[place][lines[place] > 0], np.delete(lines, place, axis=0)
        if (others.any(axis=1).sum() >= _ADDING_UP <= len(used)) and np.median(used) > 1:
            return int(place)
    return None


def _refuse_implausible(counts: pd.DataFrame, options: Options) -> None:
    """Refuse columns of ages, years or marks, unless they are named."""
    often = counts.columns[(counts > _MOST_BY_ALL).all()]
    if len(often) and len(counts) > 1 and options.columns is None:
        raise StudyError(f"{options.where}: everyone has more than {_MOST_BY_ALL} mentions of {first_five(often)}, which "
                         f"looks like no code. Name the columns that are to be read: keep.")


def _refuse_project(options: Options) -> None:
    """Refuse a project of coded interviews, which is no table, and say what reads it."""
    from personakit.collect.interviews.formats import INTERVIEWS  # which imports this module

    head = b"" if options.path.is_dir() else read_head(options.path)
    database = options.path.is_dir() or head.startswith(b"SQLite")
    for name, layout in INTERVIEWS.items():  # other files of Taguette are tables
        if (name == "qdpx" or database) and layout.recognise(options.path, head):
            raise StudyError(f"{options.where}: is a project of coded interviews and no table ({name}). Read it with "
                             f"read_{name}.")


def _used(given: pd.Series, codes: pd.Index) -> pd.DataFrame:
    used = given.value_counts().reindex(codes).fillna(0).astype("int64")
    return pd.DataFrame({CODE: used.index.astype("str"), "used": used.to_numpy()})


def _never(path: Path, head: bytes) -> bool:
    """Recognise nothing: any plain table might be such a matrix."""
    return False


CODE_MATRIX = Layout(table="codes", read=_read_matrix, recognise=_never, own=("codes_in",))
