"""One sheet of an Excel workbook as text cells."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from personakit.collect.reading.options import Options
from personakit.collect.reading.source import check_members, read_bytes, refuse_doctype
from personakit.errors import StudyError, unknown_name

if TYPE_CHECKING:
    import openpyxl

_MOST_CELLS = 50_000_000
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
#: a formula that the program which wrote the file never computed
_UNCOMPUTED = re.compile(rb"<f\b[^>]*>[^<]*</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def read_sheet(data: bytes, options: Options) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the cells of ``options.sheet``, the first visible sheet by default, as text: numbers and dates in ISO form."""
    import openpyxl

    uncomputed = _refuse_hostile(data, options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that no cell depends on
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            name = _choose(book, options)
            sheet = book[name]
            sheet.reset_dimensions()
            rows = _rows(sheet, options)
            book.close()
    except StudyError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever the parts of a damaged file make it raise
        raise StudyError(f"{options.where}: is not a sound Excel workbook ({type(error).__name__}: {error}). Open it and "
                         f"save it again, or save the sheet as CSV.") from None
    width = max((len(row) for row in rows), default=0)
    frame = pd.DataFrame([row + [None] * (width - len(row)) for row in rows], dtype="str")
    guesses = {"sheet": name} if options.sheet is None and len(book.sheetnames) > 1 else {}
    wrong = frame.isin(_ERRORS)
    if wrong.to_numpy().any():
        guesses["cells with errors, read as missing"] = str(int(wrong.to_numpy().sum()))
    if uncomputed:
        guesses["formulas without a stored value, read as missing"] = str(uncomputed)
    return frame.mask(wrong), guesses


def top_rows(path: Path, count: int) -> list[list[str]]:
    """Return the first rows of the first visible sheet; none where the file is no sound workbook."""
    options = Options(table="answers", path=path, file=path.name, mapping={})
    try:
        import openpyxl

        data, _ = read_bytes(options)
        _refuse_hostile(data, options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book[_choose(book, options)]
            sheet.reset_dimensions()
            rows = [[_as_text(cell) or "" for cell in row] for row in sheet.iter_rows(max_row=count, values_only=True)]
            book.close()
    except Exception:  # noqa: BLE001 - what cannot be looked into has no rows; the reader of the file says what is wrong
        return []
    return rows


def _refuse_hostile(data: bytes, options: Options) -> int:
    """Raise where a part must not be opened; return how many formulas of the sheets hold no value."""
    uncomputed = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = check_members(archive, options)
            for info in infos:
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as member:
                        part = member.read()
                    refuse_doctype(io.BytesIO(part[: 1 << 16]), f"{options.where}: {info.filename}")
                    uncomputed += len(_UNCOMPUTED.findall(part)) if info.filename.startswith("xl/worksheets/") else 0
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise StudyError(f"{options.where}: is not a sound Excel workbook ({error}). Save it again, or save the sheet as "
                         f"CSV.") from None
    return uncomputed


def _choose(book: openpyxl.Workbook, options: Options) -> str:
    sheets = [sheet.title for sheet in book.worksheets]
    if options.sheet is not None:
        if options.sheet not in sheets:
            raise StudyError(unknown_name(f"{options.where}: sheet", options.sheet, sheets))
        return options.sheet
    shown = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise StudyError(f"{options.where}: the workbook holds no sheet of cells. Save the table as CSV.")
    return (shown or sheets)[0]


def _rows(sheet: Any, options: Options) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    count = 0
    for row in sheet.iter_rows(values_only=True):
        cells = [_as_text(value) for value in row]
        while cells and cells[-1] is None:
            cells.pop()
        count += len(cells)
        if count > _MOST_CELLS:
            raise StudyError(f"{options.where}: holds more than {_MOST_CELLS:,} cells. Save it as Parquet or CSV.")
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise StudyError(f"{options.where}: the sheet {sheet.title!r} is empty. Name another: sheet = \"...\".")
    return rows


def _as_text(value: object) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat(*((" ",) if isinstance(value, dt.datetime) else ()))
    return str(value)
