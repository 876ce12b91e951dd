"""A file of rows becomes a frame of cells: delimited text, workbooks, Parquet and JSON lines, with what was guessed.

Text stays text here; ``values`` and ``times`` say what it means.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from personakit.collect.reading.options import Options
from personakit.collect.reading.source import read_bytes
from personakit.collect.reading.workbook import read_sheet
from personakit.errors import StudyError, first_five, unknown_name

#: the first of those that do equally well is taken
SEPARATORS = (";", "\t", "|", ",")
MOST_COLUMNS = 20_000
_LONGEST_HEADER = 1_000_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The rows of a file before anything is read into them.

    ``frame``: columns numbered from 0, the header among the rows (``head`` of them) for text and workbooks; named columns
    and ``head`` 0 for Parquet and JSON lines. Missing cells are NaN.
    """

    frame: pd.DataFrame
    sha256: str
    layout: str
    head: int = 1
    guesses: dict[str, str] = field(default_factory=dict)


def read_cells(options: Options) -> Cells:
    """Read the rows of a file of any tabular kind: what it is shows in its first bytes. Raises ``StudyError``."""
    data, sha256 = read_bytes(options)
    if data.startswith(b"PK\x03\x04"):
        return _read_workbook(data, sha256, options)
    if data.startswith(b"PAR1"):
        return _read_parquet(sha256, options)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise StudyError(f"{options.where}: is an old Excel workbook (.xls). Save it as .xlsx or as CSV.")
    text, guesses = decode(data, options)
    if re.match(r"\s*(?:\{|\[\s*[{\]])", text) and options.separator is None:
        return _from_objects(read_json(text, options), sha256, guesses, options)
    return _read_text(text, sha256, guesses, options)


# ---------------------------------------------------------------- text
def decode(data: bytes, options: Options) -> tuple[str, dict[str, str]]:
    """Return the text of a file and, where its encoding was not given and is not UTF-8, the guess."""
    fix = f"Save it as CSV in UTF-8, or set encoding under [{options.table}] (such as \"cp1252\")."
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    guesses: dict[str, str] = {}
    try:
        if marked or options.encoding is None:
            encoding = marked or _guess_encoding(data)
            guesses = {} if encoding in ("utf-8", "utf-8-sig") else {"encoding": encoding}
        else:
            encoding = codecs.lookup(options.encoding).name
        text = data.decode(encoding)
    except UnicodeError as error:
        line = data[: getattr(error, "start", 0)].count(b"\n") + 1
        raise StudyError(f"{options.where}: line {line} is not {options.encoding or 'UTF-8 or cp1252'}. {fix}") from None
    except LookupError:
        raise StudyError(f"{options.where}: encoding {options.encoding!r} is unknown. {fix}") from None
    # what only cp1252 can read and holds control characters is not text in any encoding
    strange = re.search(r"[\x00-\x08\x0e-\x1f]" if guesses.get("encoding") == "cp1252" else "\x00", text)
    if strange:
        line = text[: strange.start()].count("\n") + 1
        what = "a NUL byte" if strange.group() == "\x00" else "control characters"
        raise StudyError(f"{options.where}: line {line} holds {what}: this is not a text table. {fix}")
    return text, guesses


def _guess_encoding(data: bytes) -> str:
    """UTF-8 where the bytes are; else what French and English Windows write."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _read_text(text: str, sha256: str, guesses: dict[str, str], options: Options) -> Cells:
    said = re.match(r"sep=(.)\r?\n", text)  # a line that Excel writes and reads
    text = text[said.end():] if said else text
    separator = options.separator or (said.group(1) if said else find_separator(text))
    header = text.lstrip("\r\n").partition("\n")[0]
    guesses = {**guesses, **said_separator(header, separator, options)}
    if header.count(separator) >= MOST_COLUMNS:
        raise StudyError(f"{options.where}: has more than {MOST_COLUMNS:,} columns. Keep those you need, or give "
                         f"measurements as rows (participant_id, event, time).")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            cells = pd.read_csv(io.StringIO(text, newline=""), sep=separator, header=None, index_col=False, dtype="str",
                                keep_default_na=False, na_values=["", *options.missing])
        _check_widths(text, separator, cells)
    except (ValueError, csv.Error, pd.errors.ParserWarning, OverflowError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise StudyError(f"{options.where}: is not a table separated by {separator!r}: {reason}. Correct that line, or "
                         f"set separator under [{options.table}].") from None
    mark = re.escape(separator)
    if options.table != "events" and re.search(rf"(?:^|{mark})[ \t\u00a0]|[ \t\u00a0](?:{mark}|\r?$)", text, flags=re.M):
        cells = without_missing(cells, options)
    return Cells(frame=cells, sha256=sha256, layout="csv", guesses=guesses)


def said_separator(header: str, separator: str, options: Options) -> dict[str, str]:
    """Return the guess of a separator, where it was one: a comma without a rival goes without saying."""
    if options.separator is not None or (separator == "," and not any(one in header for one in SEPARATORS[:-1])):
        return {}
    return {"separator": {"\t": "tab"}.get(separator, separator)}


def find_separator(text: str) -> str:
    r"""Return the separator that parts the first rows into equally many cells; else the one that stands most often.

    The widest wins, and before the comma whatever else does as well: commas stand in French numbers and sentences.

    Examples
    --------
    >>> find_separator('"a;b;c",d,e'), find_separator("who;a, b\np1;2,5\n")
    (',', ';')
    """
    head = text[:_LONGEST_HEADER].lstrip("\r\n")
    header = re.sub(r'"[^"]*"', "", head).partition("\n")[0]
    there = [one for one in SEPARATORS if one in header]
    widths = {one: _even_width(head, one, cut=len(text) > _LONGEST_HEADER) for one in there}
    best = max(there, key=lambda one: widths[one], default=",")
    return best if widths.get(best) else max(SEPARATORS, key=header.count)


def _even_width(head: str, separator: str, *, cut: bool) -> int:
    """Return how many cells each of the first rows has, 0 where they do not have the same number."""
    try:
        rows = [row for row in itertools.islice(csv.reader(io.StringIO(head, newline=""), delimiter=separator), 50) if row]
    except csv.Error:
        return 0
    widths = {len(row) for row in (rows[:-1] if cut and len(rows) > 1 else rows)}
    return widths.pop() if len(widths) == 1 else 0


def _check_widths(text: str, separator: str, cells: pd.DataFrame) -> None:
    """Refuse short lines, which pandas pads with nothing (it refuses long ones)."""
    width = cells.shape[1]
    if '"' not in text and text.count(separator) == len(cells) * (width - 1):
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in reader:
        if row and len(row) != width and not (len(row) == 1 and not row[0].strip()):
            raise ValueError(f"Expected {width} fields in line {reader.line_num}, saw {len(row)}")


# ---------------------------------------------------------------- workbooks, Parquet, JSON
def _read_workbook(data: bytes, sha256: str, options: Options) -> Cells:
    try:
        frame, guesses = read_sheet(data, options)
    except ImportError:
        raise StudyError(f"{options.where}: is an Excel workbook, and openpyxl is not installed. Install it: pip install "
                         f"openpyxl; or save the sheet as CSV.") from None
    return Cells(frame=without_missing(frame, options), sha256=sha256, layout="excel", guesses=guesses)


def _read_parquet(sha256: str, options: Options) -> Cells:
    try:
        import duckdb
    except ImportError:
        raise StudyError(f"{options.where}: is a Parquet file, and duckdb is not installed. Install it: pip install "
                         f"duckdb; or save the table as CSV.") from None
    try:
        with duckdb.connect() as connection:
            frame = connection.read_parquet(str(options.path)).df()
    except (duckdb.Error, ValueError) as error:
        raise StudyError(f"{options.where}: is not a sound Parquet file ({error}). Export it again.") from None
    for name in [one for one in frame if pd.api.types.is_object_dtype(frame[one].dtype)]:
        frame[name] = frame[name].map(_scalar, na_action="ignore")
    frame = without_missing(frame.set_axis([str(one) for one in frame], axis=1), options)
    return Cells(frame=frame, sha256=sha256, layout="parquet", head=0)


def without_missing(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Empty the cells that stand for no value: blank text, and the words or numbers of ``missing``."""
    numbers = pd.to_numeric(pd.Series(list(options.missing), dtype="str"), errors="coerce").dropna().tolist()
    return frame.apply(lambda column: column.mask(_stands_for_nothing(column, options.missing, numbers)))


def _stands_for_nothing(column: pd.Series, words: Sequence[str], numbers: list[float]) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.isin(numbers)
    if not (pd.api.types.is_object_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype)):
        return pd.Series(False, index=column.index)
    places, levels = pd.factorize(column)
    nothing = [str(level).strip() in ("", *words) or (not isinstance(level, str) and level in numbers) for level in levels]
    return pd.Series(np.array([*nothing, False], dtype=bool)[places], index=column.index)


def _scalar(value: object) -> object:
    """Return a nested cell as JSON text, a decimal as a number, any other object as text."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (dict, list)) else str(value)


def read_json(text: str, options: Options) -> list[dict[str, Any]]:
    """Return the objects of a JSON array, or of JSON lines. Raises ``StudyError`` naming the line that is neither."""
    try:
        if text.lstrip()[:1] == "[":
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        try:  # one object over several lines
            rows = [json.loads(text)]
        except (ValueError, RecursionError):
            raise StudyError(f"{options.where}: is not JSON, nor one JSON object a line ({error}). Export it "
                             f"again.") from None
    wrong = [number for number, row in enumerate(rows, start=1) if not isinstance(row, dict)]
    if wrong:
        raise StudyError(f"{options.where}: {len(wrong)} of {len(rows)} rows are not JSON objects (rows "
                         f"{first_five(wrong)}). Write one object with named fields for each row.")
    return rows


def flat(row: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield the fields of nested objects under dotted names; lists stay JSON text."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _from_objects(rows: list[dict[str, Any]], sha256: str, guesses: dict[str, str], options: Options) -> Cells:
    frame = without_missing(pd.DataFrame.from_records([dict(flat(row)) for row in rows]), options)
    for name in frame:  # true, false and null
        if frame[name].dtype == object and frame[name].dropna().map(lambda one: isinstance(one, bool)).all():
            frame[name] = frame[name].astype("boolean")
    return Cells(frame=frame, sha256=sha256, layout="json", head=0, guesses=guesses)


# ---------------------------------------------------------------- the header
def take_header(cells: Cells, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows under the first header row, with its names, and those names that stood there twice.

    A nameless column becomes ``column 3``; a name met again becomes ``name (2)``.
    """
    if not cells.head:
        return cells.frame, []
    if cells.frame.empty:
        raise StudyError(f"{options.where}: is empty. Write a header line and rows, or remove [{options.table}].")
    return name_cells(cells.frame.iloc[1:], cells.frame.iloc[0])


def name_cells(rows: pd.DataFrame, header: Iterable[object]) -> tuple[pd.DataFrame, list[str]]:
    """Give rows of cells the names of a header, as ``take_header`` does."""
    plain = [one.strip() if isinstance(one, str) and one.strip() else f"column {place}"
             for place, one in enumerate(header, start=1)]
    counts, taken, names = Counter(plain), set(plain), []
    met: Counter[str] = Counter()
    for one in plain:
        met[one] += 1
        name = one
        while met[one] > 1 and name in taken:
            name = f"{one} ({met[one]})"
            met[one] += name in taken
        taken.add(name)
        names.append(name)
    twice = [one for one, count in counts.items() if count > 1]
    return rows.reset_index(drop=True).set_axis(names, axis=1), twice


def refuse_unclear(name: str, twice: Iterable[str], options: Options) -> None:
    """Refuse to take a column by a name that several bear."""
    if name in twice:
        raise StudyError(f"{options.where}: column {name!r} stands twice in the header. Give each its own name.")


def find_column(name: str, frame: pd.DataFrame, options: Options) -> str:
    """Return the name of a column of the file, or raise with the nearest one there is."""
    if name not in frame.columns:
        raise StudyError(f"{unknown_name(f'{options.where}: column', name, list(frame.columns))} Correct study.toml.")
    return name
