"""One file becomes one table: bytes, text, columns under their canonical names, values."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five, unknown_name
from personakit.schema import PARTICIPANT, TABLES, TIME
from personakit.study.settings import LOCAL_TIME, NUMBER_THE_ROWS, TableSettings
from personakit.study.times import CLOCK_NOTES, read_local_times, read_time_us
from personakit.study.values import read_columns

EMPTY_ROW = "empty_row"
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table on its way into a study, with its account: rows in the file, and those set aside with their reason."""

    settings: TableSettings
    frame: pd.DataFrame
    rows_in: int
    sha256: str
    aside: tuple[Mapping[str, object], ...] = ()

    def put_aside(self, rows: np.ndarray, reason: str, names: pd.Series | None = None) -> Table:
        """Return the table without ``rows`` (a mask), accounted for; ``names`` say which ones to a reader."""
        if not rows.any():
            return self
        shown = self.frame.index[rows] + 1 if names is None else names[rows].dropna()
        line = {"table": self.settings.table, "reason": reason, "rows": int(rows.sum()), "first": first_five(shown)}
        return Table(settings=self.settings, frame=self.frame[~rows], rows_in=self.rows_in, sha256=self.sha256,
                     aside=(*self.aside, line))


def read_table(settings: TableSettings, *, timezone: str | None, stages: Sequence[str]) -> Table:
    """Read one table of a study; ``StudyError`` names the file, the place and the remedy."""
    data = _read_bytes(settings)
    cells = _read_cells(_decode(data, settings), settings)
    table = Table(settings=settings, frame=cells, rows_in=len(cells), sha256=hashlib.sha256(data).hexdigest())
    table = table.put_aside(cells.isna().all(axis=1).to_numpy(), EMPTY_ROW)
    if table.frame.empty:
        raise StudyError(f"{settings.where}: holds no row under its header. Add rows, or remove [{settings.table}] from "
                         f"study.toml.")
    frame = _name_columns(table.frame, settings)
    if settings.table == "events":
        frame = _read_times(frame, settings, timezone)
    frame = read_columns(frame, settings, stages)
    return Table(settings=settings, frame=frame, rows_in=table.rows_in, sha256=table.sha256, aside=table.aside)


def _read_bytes(settings: TableSettings) -> bytes:
    try:
        data = settings.path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(f"{settings.where}: {settings.path} cannot be read ({reason}). Correct file = "
                         f"{settings.file!r} under [{settings.table}] in study.toml.") from None
    if not data.strip():
        raise StudyError(f"{settings.where}: is empty. Write a header line and rows, or remove [{settings.table}].")
    return data


def _decode(data: bytes, settings: TableSettings) -> str:
    fix = f"Save it as CSV in UTF-8, or set encoding under [{settings.table}] (such as \"cp1252\")."
    try:
        encoding = codecs.lookup(settings.encoding).name
        marked = data.startswith(codecs.BOM_UTF8) and not encoding.startswith("utf")
        text = data[3 if marked else 0:].decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data[:start].count(b"\n") + 1
        raise StudyError(f"{settings.where}: line {line} is not {settings.encoding}. {fix}") from None
    except LookupError:
        raise StudyError(f"{settings.where}: encoding {settings.encoding!r} is unknown. {fix}") from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise StudyError(f"{settings.where}: line {line} holds a NUL byte: this is not a text table. {fix}")
    return text


def _read_cells(text: str, settings: TableSettings) -> pd.DataFrame:
    separator = settings.separator or _find_separator(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            cells = pd.read_csv(io.StringIO(text, newline=""), sep=separator, header=None, index_col=False, dtype="str",
                                keep_default_na=False, na_values=["", *settings.missing])
        _check_widths(text, separator, cells)
    except (ValueError, csv.Error, pd.errors.ParserWarning) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise StudyError(f"{settings.where}: is not a table separated by {separator!r}: {reason}. Correct that line, or "
                         f"set separator under [{settings.table}].") from None
    header = _read_header(cells.iloc[0], settings)
    return cells.iloc[1:].reset_index(drop=True).set_axis(header, axis=1)


def _find_separator(text: str) -> str:
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    return max(_SEPARATORS, key=header.count)


def _check_widths(text: str, separator: str, cells: pd.DataFrame) -> None:
    """Refuse short lines, which pandas pads with nothing (it refuses long ones)."""
    width = cells.shape[1]
    if '"' not in text and text.count(separator) == len(cells) * (width - 1):
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in reader:
        if row and len(row) != width and not (len(row) == 1 and not row[0].strip()):
            raise ValueError(f"Expected {width} fields in line {reader.line_num}, saw {len(row)}")


def _read_header(first: pd.Series, settings: TableSettings) -> list[str]:
    header = [str(name).strip() if isinstance(name, str) and name.strip() else f"column {place}"
              for place, name in enumerate(first, start=1)]
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if twice:
        raise StudyError(f"{settings.where}: {len(twice)} columns stand twice in the header ({first_five(twice)}). "
                         f"Give each column its own name.")
    return header


def _name_columns(frame: pd.DataFrame, settings: TableSettings) -> pd.DataFrame:
    """Give columns their canonical names and keep those that study.toml asks for."""
    where = f"{settings.where}: column"
    numbered = settings.mapping.get(PARTICIPANT) == NUMBER_THE_ROWS and settings.table in ("participants", "answers")
    sources = {name: column for name, column in settings.mapping.items() if not (numbered and name == PARTICIPANT)}
    for column in (*sources.values(), *(settings.columns or ())):
        if column not in frame.columns:
            raise StudyError(f"{unknown_name(where, column, list(frame.columns))} Correct study.toml.")
    named = {PARTICIPANT: _row_ids(frame)} if numbered else {}
    named |= {name: frame[column] for name, column in sources.items()}
    wanted = set(frame.columns)
    if settings.columns is not None:
        wanted = {*settings.columns, *(name for name in _canonical_columns(settings) if name not in named)}
    for name in frame.columns:
        if name in wanted and (name not in sources.values() or name in (settings.columns or ())):
            # a column that bears a canonical name but is not the one that was mapped goes on under another name
            named[f"{name} (file)" if name in named else name] = frame[name]
    if PARTICIPANT in named:
        named[PARTICIPANT] = named[PARTICIPANT].str.strip()
    return pd.DataFrame(named)


def _canonical_columns(settings: TableSettings) -> tuple[str, ...]:
    required, optional, _ = TABLES.get(settings.table, ({}, {}, ()))
    return (PARTICIPANT, *required, *optional, LOCAL_TIME)


def _row_ids(frame: pd.DataFrame) -> pd.Series:
    numbers = frame.index + 1
    digits = max(4, len(str(numbers.max())))
    return pd.Series([f"p{number:0{digits}d}" for number in numbers], index=frame.index, dtype="str")


def _read_times(frame: pd.DataFrame, settings: TableSettings, timezone: str | None) -> pd.DataFrame:
    if LOCAL_TIME not in settings.mapping and (TIME in settings.mapping or TIME in frame.columns):
        read = read_time_us(frame[TIME], where=f"{settings.where}.{TIME}")
        rest = frame
    elif LOCAL_TIME in frame.columns:
        read = read_local_times(frame[LOCAL_TIME], where=f"{settings.where}.{settings.mapping.get(LOCAL_TIME, LOCAL_TIME)}",
                                timezone=timezone, time_format=settings.time_format)
        rest = frame.drop(columns=[LOCAL_TIME, TIME], errors="ignore")
    else:
        raise StudyError(f"{settings.where}: no column of times (columns: {first_five(frame.columns)}). Name it: "
                         f'time = "..." or time_us = "..." under [events] in study.toml.')
    out = rest.assign(**{TIME: read})
    out.attrs[CLOCK_NOTES] = read.attrs[CLOCK_NOTES]
    return out
