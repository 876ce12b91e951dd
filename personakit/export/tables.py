"""Tables as files: a CSV that a spreadsheet opens safely, and its JSON twin; and which rows may leave the room."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from personakit.disclosure import JOURNEY_CELLS, evidence_cells, hide_small, journey_cells, outcome_cells, quotable
from personakit.documents import JourneyMap
from personakit.export.render import file_name
from personakit.records import Candidates, Evidence, JourneyFindings
from personakit.schema import PARTICIPANT

SIGNIFICANT_DIGITS = 6
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def save_tables(tables: Mapping[str, pd.DataFrame], folder: str | Path) -> list[Path]:
    r"""Write every table twice: ``name.csv`` and ``name.json``, the same bytes on every run.

    Floats are rounded to six significant digits (the JSON says so). In the CSV a text that a spreadsheet would run as a
    formula (it starts with ``= + - @``, a tab or a carriage return) gets a leading apostrophe. A named index becomes the
    first columns. What these files cannot tell: who may see them; pass what ``publishable_tables`` returns.

    Parameters
    ----------
    tables
        File name without suffix -> table.
    folder
        Made if it does not exist.

    Returns
    -------
    The paths written, in order.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     paths = save_tables({"notes": pd.DataFrame({"text": ["=1+1"], "x": [1 / 3]})}, home)
    ...     paths[0].read_text()
    "text,x\n'=1+1,0.333333\n"
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        flat = _flat(table)
        rows = records(flat)
        csv_path, json_path = folder / f"{name}.csv", folder / f"{name}.json"
        safe = pd.DataFrame([[safe_cell(row[column]) for column in row] for row in rows],
                            columns=[safe_cell(str(column)) for column in flat.columns], dtype=object)
        csv_path.write_text(safe.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")
        _write_rows(json_path, name, [str(column) for column in flat.columns], rows)
        written += [csv_path, json_path]
    return written


def _write_rows(path: Path, name: str, columns: list[str], rows: list[dict[str, object]]) -> None:
    head = json.dumps({"schema": "personakit.table/1", "table": name, "significant_digits": SIGNIFICANT_DIGITS,
                       "columns": columns}, ensure_ascii=False)
    lines = ",\n".join(json.dumps(list(row.values()), ensure_ascii=False, allow_nan=False) for row in rows)
    path.write_text(f'{head[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8", newline="\n")


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    named = any(name is not None for name in table.index.names)
    return table.reset_index() if named else table.reset_index(drop=True)


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as dictionaries of plain, rounded values: what a JSON file or a template may hold.

    Examples
    --------
    >>> records(pd.DataFrame({"n": [1], "share": [2 / 3], "low": [float("nan")]}))
    [{'n': 1, 'share': 0.666667, 'low': None}]
    """
    columns = [[plain(value) for value in table[name].tolist()] for name in table.columns]
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def plain(value: object) -> object:
    """Return a value as JSON holds it: floats rounded, gaps as ``None``, tuples and arrays as lists."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, range, np.ndarray, pd.Index)):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return None if value is pd.NA or value is pd.NaT else str(value)


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def publishable_tables(
    candidates: Candidates, evidence: Evidence | None = None, findings: JourneyFindings | None = None,
    maps: Sequence[JourneyMap] = (),
) -> dict[str, pd.DataFrame]:
    """Return every table that may be exported, by file name: small cells emptied, quotes only with consent.

    An evidence id on a card or a map leads to the row with the same ``evidence_id`` in one of these tables. Cells on
    fewer than five people are empty and say so in the column ``hidden``; counts of interviewees are kept, because
    interviewed people are few by design. Participants' ids and the names of documents are left out.

    Parameters
    ----------
    candidates, evidence, findings, maps
        The records of a run; all but the first where there are any.

    Returns
    -------
    A dictionary for ``save_tables``: candidates, candidate_personas, features, dropped_features, evidence, evidence_codes,
    evidence_quotes, evidence_coverage, evidence_traits, evidence_outcomes, evidence_words, evidence_counter_quotes,
    evidence_exemplars, journey_stages, journey_transitions, journey_funnel, journey_friction, journey_switches,
    journey_comparison, journey_curve, journey_moments, journey_triangulation, map_cells.
    """
    tables = {
        "candidates": hide_small(candidates.table, counts=["smallest_n"], values=["smallest_n"]).drop(columns="hidden"),
        "candidate_personas": hide_small(candidates.personas.reset_index(), counts=["n"], totals=[(("candidate",), "n")],
                                         values=_present(candidates.personas, "n", "share", "jaccard", "contested")),
        "features": candidates.features.catalog,
        "dropped_features": candidates.features.dropped,
    }
    if evidence is not None:
        tables |= _evidence_tables(evidence)
    if findings is not None:
        tables |= _journey_tables(findings)
    if maps:
        tables["map_cells"] = map_cells(maps)
    return tables


def _evidence_tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {
        "evidence": evidence_cells(evidence.table),
        "evidence_codes": evidence.codes,
        "evidence_quotes": _said(evidence.quotes),
        "evidence_coverage": _coverage(evidence.coverage),
        "evidence_traits": _traits(evidence),
        "evidence_outcomes": outcome_cells(evidence.outcomes),
        "evidence_words": evidence.words,
        "evidence_counter_quotes": _said(evidence.counter_quotes),
        "evidence_exemplars": evidence.exemplars,
    }


def _said(quotes: pd.DataFrame) -> pd.DataFrame:
    """Leave out who spoke, and the name of the document, which often is a person's."""
    return quotable(quotes).drop(columns=[PARTICIPANT, "source"], errors="ignore")


def _coverage(coverage: pd.DataFrame) -> pd.DataFrame:
    """Empty the rows of small personas, and the counts of sources (but interviews, few by design) that are small."""
    frame = coverage.reset_index().assign(study="all")
    for source in _present(frame, "with_events", "with_answers", "lead_users", "lead_users_known"):
        frame = hide_small(frame, counts=[source], values=[source]).drop(columns="hidden")
    for name in _present(frame, "contested", "outsiders"):
        frame = hide_small(frame.assign(few=(frame[name] * frame["n"]).round()), counts=["few"], values=[name]).drop(
            columns=["few", "hidden"])
    values = [name for name in coverage.columns if name != "evidence_id"]
    return hide_small(frame, counts=["n"], totals=[(("study",), "n")], values=values).drop(columns="study")


def _traits(evidence: Evidence) -> pd.DataFrame:
    n = evidence.traits["persona"].map(evidence.coverage["n"])
    holders = {f"n_{name}": (evidence.traits[name] * n).round() for name in ("share", "together")}
    holders |= {f"not_{name}": (n - holders[f"n_{name}"]) for name in ("share", "together")}
    masked = hide_small(evidence.traits.assign(**holders), counts=[*holders], values=["share", "together"])
    return masked.drop(columns=[*holders])


def _journey_tables(findings: JourneyFindings) -> dict[str, pd.DataFrame]:
    frames = {name: getattr(findings, name) for name in JOURNEY_CELLS if hasattr(findings, name)}
    return {f"journey_{name}": journey_cells(name, one) for name, one in frames.items() if "evidence_id" in one.columns}


def _present(frame: pd.DataFrame, *names: str) -> list[str]:
    return [name for name in names if name in frame.columns]


def map_name(journey_map: JourneyMap) -> str:
    """Return the file name of a map, without suffix: its persona, or ``all``."""
    return file_name(journey_map.persona or "all")


def map_cells(maps: Sequence[JourneyMap]) -> pd.DataFrame:
    """Every cell of these maps as one table: where an evidence id that no other table holds is found.

    Returns
    -------
    A frame with map, lane, stage, text, value, low, high, n, level, evidence (ids, separated by a space).
    """
    rows = [(map_name(one), key, stage, cell.text.replace("\n", " · "), cell.value, cell.low, cell.high, cell.n, cell.level,
             " ".join(cell.evidence))
            for one in maps for key, _, columns in one.lanes
            for (stage, _), column in zip(one.stages, columns, strict=True) for cell in column]
    columns = ["map", "lane", "stage", "text", "value", "low", "high", "n", "level", "evidence"]
    kinds = {"value": "float64", "low": "float64", "high": "float64", "n": "Int64"}
    return pd.DataFrame(rows, columns=columns).astype(kinds)
