"""The records of reading: what one file gave, and the report on how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from personakit.errors import StudyError
from personakit.frozen import Sentence, freeze, no_rows, show, show_html

SOURCE_COLUMNS = {"table": "str", "file": "str", "sha256": "str", "rows_in": "int64", "kept": "int64", "set_aside": "int64"}
SET_ASIDE_COLUMNS = ("table", "reason", "rows", "first")
NOTHING_ASIDE = no_rows(*SET_ASIDE_COLUMNS).astype({"rows": "int64"})


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadReport:
    """How one file was read: ``rows_in = kept + set_aside``, what was guessed, and what a person should read.

    ``table``: the table that the rows went to; ``layout``: how the file was laid out (csv, qualtrics, qdpx ...);
    ``set_aside``: one row a reason (table, reason, rows, first five); ``guesses``: what was guessed -> the guess
    (separator, encoding, decimal, epoch unit ...); ``notes``: sentences, each with its remedy under ``key + "_todo"``.
    """

    table: str
    file: str
    layout: str
    sha256: str
    rows_in: int
    kept: int
    set_aside: pd.DataFrame = field(default_factory=lambda: NOTHING_ASIDE)
    guesses: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        freeze(self)
        aside = int(self.set_aside["rows"].sum())
        if self.rows_in != self.kept + aside:
            raise StudyError(f"{self.table} ({self.file}): {self.rows_in} rows were read, {self.kept} kept and {aside} set "
                             f"aside. Every row must be accounted for; report this as a fault of the reader.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What one file gave: ``tables`` (table of the study -> frame, the one that the report counts first) and ``report``."""

    tables: Mapping[str, Any]
    report: ReadReport

    def __post_init__(self) -> None:
        freeze(self)
        if self.report.table not in self.tables:
            raise StudyError(f"{self.report.file}: holds no table {self.report.table!r}.")

    def __repr__(self) -> str:
        facts = {name: len(one) for name, one in self.tables.items() if hasattr(one, "__len__")}
        return show(f"{self.report.file} ({self.report.layout})", facts, "check_reading(reading)")

    _repr_html_ = show_html
