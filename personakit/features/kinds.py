"""The catalog: of each column, what kind it is, whether it makes personas or only describes them, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, unknown_name
from personakit.features.sources import ATTRIBUTES, Source
from personakit.schema import FEATURE, FEATURE_KINDS, KIND, ORIGIN, ROLE, UNIT

#: levels an integer answer has at most to be ordinal, and a text to be nominal
ORDINAL_LEVELS, NOMINAL_LEVELS = 11, 20
UNITS = ("share", "count")
COLUMNS = [KIND, ROLE, ORIGIN, UNIT, "label", "missing", "why"]
Book = Mapping[str, Mapping[str, str]]


def catalog_of(sources: Sequence[Source], natural: pd.DataFrame, book: Book, kinds: Mapping[str, str]
               ) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Say of each column what it is; columns that cannot be used come second, with the reason."""
    rows, dropped = {}, []
    for source in sources:
        for name in source.frame.columns:
            said = book.get(name, {})
            kind = kinds.get(name) or said.get(KIND) or infer_kind(name, natural[name], source.origin)
            if kind not in FEATURE_KINDS:
                raise ChoiceError(unknown_name(f"kind of {name}", kind, FEATURE_KINDS))
            why = _unusable(natural[name], kind)
            if why:
                dropped.append((name, why))
                continue
            rows[name] = {KIND: kind, ROLE: "active", ORIGIN: source.origin, UNIT: kind if kind in UNITS else "",
                          "label": said.get("label", ""), "missing": 0.0, "why": ""}
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis(FEATURE), dropped


def infer_kind(name: str, column: pd.Series, origin: str) -> str:
    """Say which kind the values suggest.

    Examples
    --------
    >>> infer_kind("rating", pd.Series([1, 5, 3]), "answers"), infer_kind("visits", pd.Series([1, 5, 30]), "other")
    ('ordinal', 'count')
    """
    if "_share" in name:
        return "share"
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return "nominal"
    values = column.dropna().to_numpy(float)
    if np.isin(values, (0.0, 1.0)).all():
        return "binary"
    if np.array_equal(values, np.round(values)):
        if origin == "answers" and len(np.unique(values)) <= ORDINAL_LEVELS:
            return "ordinal"
        if values.min() >= 0:
            return "count"
    return "numeric"


def _unusable(column: pd.Series, kind: str) -> str:
    levels = column.nunique()
    if levels == 0:
        return "empty"
    if levels == 1:
        return "constant"
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return "date"
    if kind == "nominal" and (levels > NOMINAL_LEVELS or levels > max(2, column.count() // 2)):
        return "free_text"
    return ""


def with_roles(catalog: pd.DataFrame, book: Book, natural: pd.DataFrame, held_back: Sequence[str], min_coverage: float
               ) -> pd.DataFrame:
    """Hold back what was asked, what the codebook says, attributes, and what too few people have."""
    coverage = natural.notna().mean()
    reasons = (
        ("few_people", lambda name: coverage[name] < min_coverage),
        ("attribute", lambda name: catalog.loc[name, ORIGIN] == ATTRIBUTES),
        ("codebook", lambda name: book.get(name, {}).get(ROLE) == "held_back"),
        ("asked", lambda name: name in held_back),
    )
    out = catalog.copy()
    for why, holds in reasons:
        names = [name for name in catalog.index if holds(name)]
        out.loc[names, ROLE], out.loc[names, "why"] = "held_back", why
    return out


def none_active(catalog: pd.DataFrame) -> str:
    """Write the message for a study without an active feature."""
    counts = catalog["why"].value_counts()
    why = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no usable column in any table"
    return (f"features: none is active ({why}). Give a table of habits, answers or codes, change roles in the codebook, "
            f"or lower min_coverage.")
