"""What every record shares: it is frozen, copies what it is given, and says in a notebook which verb comes next."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import pandas as pd


def freeze(record: Any) -> None:
    """Copy the tables of a record and close its mappings, at its door."""
    for one in fields(record):
        value = getattr(record, one.name)
        if isinstance(value, (pd.DataFrame, pd.Series)):
            object.__setattr__(record, one.name, value.copy())
        elif isinstance(value, Mapping):
            closed = {key: part.copy() if isinstance(part, pd.DataFrame) else part for key, part in value.items()}
            object.__setattr__(record, one.name, MappingProxyType(closed))


def show(title: str, facts: Mapping[str, object], verb: str) -> str:
    """Say what a record holds and which verb comes next."""
    return f"{title}: " + ", ".join(f"{value} {name}" for name, value in facts.items()) + f". Next: {verb}"


def show_html(record: object) -> str:
    """Say the same in a notebook."""
    head, _, tail = repr(record).partition(". Next: ")
    return f"<div><strong>{html.escape(head)}</strong><br>next: <code>{html.escape(tail)}</code></div>"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sentence:
    """A sentence to be said in French or English: a key of ``wording`` and the values it names."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze(self)


def no_rows(*columns: str) -> pd.DataFrame:
    """Return an empty frame of text columns."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
