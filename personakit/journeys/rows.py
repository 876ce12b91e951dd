"""Rows of findings: each with an evidence id, and tables that keep their column types when nothing is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from personakit.schema import CHANNEL, EVIDENCE_ID, OWNER, PERSONA, STAGE, TOUCHPOINT, row_id

TEXT = {EVIDENCE_ID, PERSONA, STAGE, TOUCHPOINT, CHANNEL, OWNER, "source", "target", "persona_a", "persona_b", "verdict",
        "tested"}
FLAGS = {"flagged", "few"}
COUNTS = {"count", "people", "entered", "reached", "still_open", "ended", "visits", "switches", "people_a", "people_b"}


def with_ids(table: pd.DataFrame, *parameters: object) -> pd.DataFrame:
    """Put an evidence id before each row: a hash of the parameters and of what the row says."""
    rows = table.astype(object).itertuples(index=False, name=None)
    out = table.copy()
    out.insert(0, EVIDENCE_ID, pd.Series([row_id(*parameters, *row) for row in rows], index=table.index, dtype="str"))
    return out


def no_rows(columns: Sequence[str]) -> pd.DataFrame:
    """Make a table of findings without findings: evidence_id and the columns, typed as when there are some."""
    kinds = {name: "str" if name in TEXT else "int64" if name in COUNTS else "bool" if name in FLAGS else "float64"
             for name in (EVIDENCE_ID, *columns)}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def notes_table(counts: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """Write the notes of a trace: check, count and share, from the count of each check and what it is a share of."""
    rows = [(check, *both) for check, both in counts.items()]
    notes = pd.DataFrame(rows, columns=["check", "count", "of"]).astype({"count": "int64"})
    notes["share"] = notes["count"] / notes.pop("of").clip(lower=1)
    return notes
