"""The active table as arrays: distinct rows with weights, in an order that does not depend on how the table was sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

#: column -> its levels (nominal), nothing (yes/no) or None (numbers)
Levels = Mapping[str, tuple[str, ...] | None]
#: digits that count when rows are compared: coarser than the rounding noise of a change of units
DIGITS = 9


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The distinct rows of a table, as methods want them.

    ``values`` (distinct rows, columns): 0/1 for binary, one column a level divided by the root of two for nominal (so that
    two levels are as far apart as yes and no), the analysis scale otherwise; 0 where missing. ``seen`` (same shape) is 1
    where a value was given, or None where nothing is missing; ``gappy`` are the columns with gaps, and ``missing``
    (distinct rows, gappy columns) is 1 in the gaps. ``group`` names the feature a column comes from; ``category`` is True
    on columns that hold 0/1 answers. ``weights`` sums the people of each distinct row, or their survey weights (people of
    different weights are different rows then), and ``row_of`` gives the distinct row of each person. ``scale`` (columns)
    makes the origins of features weigh alike (see ``blocks``), or is None; only methods that ask for it use it.
    """

    values: np.ndarray
    seen: np.ndarray | None
    gappy: np.ndarray
    missing: np.ndarray
    group: np.ndarray
    category: np.ndarray
    weights: np.ndarray
    row_of: np.ndarray
    scale: np.ndarray | None = None

    def single(self) -> Design:
        """Give the same in single precision, in which the many short fits of a search run twice as fast."""
        names = ["values", "missing", "weights"] + ([] if self.seen is None else ["seen"])
        return replace(self, **{name: getattr(self, name).astype(np.float32) for name in names})

    @cached_property
    def against(self) -> np.ndarray:
        """Give the values turned (columns, rows) and negative, as distances to centres take them in every round."""
        return -self.values.T

    @cached_property
    def lengths(self) -> np.ndarray:
        """Give the squared length of each distinct row."""
        return (self.values**2).sum(axis=1)

    @property
    def counts(self) -> np.ndarray:
        """Count the people of each distinct row, whatever their survey weights."""
        return np.bincount(self.row_of, minlength=len(self.weights))

    @property
    def people(self) -> int:
        """Count the people who stand behind the distinct rows."""
        return len(self.row_of)


def make_design(table: pd.DataFrame, weights: np.ndarray | None = None, levels: Levels | None = None) -> Design:
    """Turn an active table into a ``Design``. Columns are taken by name and rows by value, so their order is immaterial.

    ``weights`` are survey weights of the people. ``levels`` are those of ``levels_of`` another table, so that both have the
    same columns.

    Examples
    --------
    >>> design = make_design(pd.DataFrame({"b": [1.0, 0.0, 1.0], "a": [0.2, 0.2, 0.2]}))
    >>> design.values.tolist(), design.weights.tolist(), design.row_of.tolist()
    ([[0.2, 0.0], [0.2, 1.0]], [1.0, 2.0], [1, 0, 1])
    """
    blocks, group, category = [], [], []
    known = levels_of(table) if levels is None else levels
    for number, (name, own) in enumerate(known.items()):
        block = _columns(table[name], own)
        blocks.append(block)
        group += [number] * block.shape[1]
        category += [own is not None] * block.shape[1]
    full = np.round(np.column_stack(blocks), DIGITS)
    each = np.ones(len(full)) if weights is None else weights
    distinct, row_of, counts = np.unique(np.column_stack([full, each.round(DIGITS)]), axis=0, return_inverse=True,
                                         return_counts=True, equal_nan=True)
    distinct, each = distinct[:, :-1], distinct[:, -1]
    given = ~np.isnan(distinct)
    return Design(
        values=np.where(given, distinct, 0.0),
        seen=None if given.all() else given.astype(float),
        gappy=np.flatnonzero(~given.all(axis=0)),
        missing=(~given[:, ~given.all(axis=0)]).astype(float),
        group=np.array(group),
        category=np.array(category),
        weights=counts * each,
        row_of=row_of.ravel(),
    )


def levels_of(table: pd.DataFrame) -> Levels:
    """List the columns in order of name: the levels of nominal ones, none of them for yes/no, None for numbers."""
    out: dict[str, tuple[str, ...] | None] = {}
    for name in sorted(table.columns, key=str):
        if isinstance(table[name].dtype, pd.CategoricalDtype):
            out[name] = tuple(sorted(table[name].dropna().unique(), key=str))
        else:
            numbers = table[name].to_numpy(float, na_value=np.nan)
            out[name] = () if np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all() else None
    return out


def _columns(column: pd.Series, levels: tuple[str, ...] | None) -> np.ndarray:
    if levels:
        block = np.column_stack([(column == level).to_numpy(float) for level in levels]) / np.sqrt(2.0)
        block[column.isna().to_numpy()] = np.nan
        return block
    return column.to_numpy(float, na_value=np.nan)[:, None]


def sample_design(design: Design, people: int, rng: np.random.Generator) -> Design:
    """Take at most so many people, drawn without replacement; the design itself where it holds no more."""
    if design.people <= people:
        return design
    drawn = rng.multivariate_hypergeometric(design.counts, people, method="marginals")
    kept = np.flatnonzero(drawn)
    return replace(take_rows(design, kept), weights=drawn[kept] * (design.weights / design.counts)[kept],
                   row_of=np.repeat(np.arange(len(kept)), drawn[kept]))


def take_rows(design: Design, kept: np.ndarray) -> Design:
    """Take some distinct rows and the people behind them, in the order of the rows."""
    return replace(
        design,
        values=design.values[kept],
        seen=None if design.seen is None else design.seen[kept],
        missing=design.missing[kept],
        weights=design.weights[kept],
        row_of=np.repeat(np.arange(len(kept)), design.counts[kept]),
    )
