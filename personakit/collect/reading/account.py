"""The account of a reading: nothing is dropped but through here. Each act returns a new ``Reading``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from personakit.collect.reading.options import Options
from personakit.errors import first_five
from personakit.frozen import Sentence
from personakit.readings import SET_ASIDE_COLUMNS, Reading, ReadReport

EMPTY_ROW, NO_ID = "empty_row", "no_participant"


def begin(options: Options, frame: Any, *, sha256: str, layout: str, rows: int | None = None,
          guesses: Mapping[str, str] | None = None) -> Reading:
    """Open the account of a file: every row of ``frame`` is kept (``rows`` counts them where the frame is lazy)."""
    rows = len(frame) if rows is None else rows
    report = ReadReport(table=options.table, file=options.file, layout=layout, sha256=sha256, rows_in=rows, kept=rows,
                        guesses=guesses or {})
    return Reading(tables={options.table: frame}, report=report)


def put_aside(reading: Reading, rows: np.ndarray | pd.Series, reason: str, names: Iterable[object] | None = None) -> Reading:
    """Set ``rows`` (a mask over the counted table) aside; ``names``, one a row, say which ones to a reader.

    ``reason`` is a key of ``strings/study.toml`` under ``aside_<reason>``.
    """
    mask = np.asarray(rows, dtype=bool)
    if not mask.any():
        return reading
    frame = frame_of(reading)
    shown = pd.Series(frame.index + 1 if names is None else list(names))[mask].dropna()
    return lose(with_frame(reading, frame[~mask], same_rows=False), int(mask.sum()), reason, shown)


def lose(reading: Reading, count: int, reason: str, names: Iterable[object] = ()) -> Reading:
    """Account for ``count`` rows that are no longer in the counted table (or, with ``rows_in`` raised, never were)."""
    if not count:
        return reading
    table = reading.report.table
    line = pd.DataFrame([(table, reason, count, first_five(names))], columns=list(SET_ASIDE_COLUMNS))
    aside = pd.concat([reading.report.set_aside, line.astype({"table": "str", "reason": "str", "first": "str"})],
                      ignore_index=True)
    report = replace(reading.report, kept=reading.report.kept - count, set_aside=aside)
    return replace(reading, report=report)


def with_frame(reading: Reading, frame: Any, *, same_rows: bool = True) -> Reading:
    """Return the reading with its counted table replaced; rows may only leave it through ``put_aside``."""
    if same_rows and isinstance(frame, pd.DataFrame) and len(frame) != reading.report.kept:
        raise AssertionError(f"{reading.report.file}: {reading.report.kept} rows became {len(frame)}")
    return replace(reading, tables={**reading.tables, reading.report.table: frame})


def beside(reading: Reading, **tables: Any) -> Reading:
    """Add tables that came in the same file, such as a codebook."""
    return replace(reading, tables={**reading.tables, **tables})


def guessed(reading: Reading, **guesses: str | None) -> Reading:
    """Write down what was guessed; None was not."""
    made = {name: value for name, value in guesses.items() if value is not None}
    return replace(reading, report=replace(reading.report, guesses={**reading.report.guesses, **made}))


def noted(reading: Reading, key: str, **values: object) -> Reading:
    """Add a note for a person to read: ``key`` and ``key_todo`` are strings of ``area.name``; ``n`` and ``first`` show."""
    note = Sentence(key=key, values={"n": 1, "first": "", **values})
    return replace(reading, report=replace(reading.report, notes=(*reading.report.notes, note)))


def frame_of(reading: Reading) -> Any:
    """Return the table that the report counts."""
    return reading.tables[reading.report.table]
