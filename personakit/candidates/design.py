"""The active table as arrays: distinct rows with weights, in an order that does not depend on how the table was sorted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

#: digits that count when rows are compared: coarser than the rounding noise of a change of units
DIGITS = 9


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The distinct rows of a table, as methods want them.

    ``values`` (distinct rows, columns): 0/1 for binary, one column a level divided by the root of two for nominal (so that
    two levels are as far apart as yes and no), the analysis scale otherwise; 0 where missing. ``seen`` (same shape) is 1
    where a value was given, or None where nothing is missing; ``gappy`` are the columns with gaps, and ``missing``
    (distinct rows, gappy columns) is 1 in the gaps. ``group`` names the feature a column comes from; ``category`` is True
    on columns that hold 0/1 answers. ``weights`` counts the people of each distinct row and ``row_of`` gives the distinct
    row of each person.
    """

    values: np.ndarray
    seen: np.ndarray | None
    gappy: np.ndarray
    missing: np.ndarray
    group: np.ndarray
    category: np.ndarray
    weights: np.ndarray
    row_of: np.ndarray

    def single(self) -> Design:
        """Give the same in single precision, in which the many short fits of a search run twice as fast."""
        names = ["values", "missing", "weights"] + ([] if self.seen is None else ["seen"])
        return replace(self, **{name: getattr(self, name).astype(np.float32) for name in names})

    @property
    def people(self) -> int:
        """Count the people who stand behind the distinct rows."""
        return len(self.row_of)


def make_design(table: pd.DataFrame) -> Design:
    """Turn an active table into a ``Design``. Columns are taken by name and rows by value, so their order is immaterial.

    Examples
    --------
    >>> design = make_design(pd.DataFrame({"b": [1.0, 0.0, 1.0], "a": [0.2, 0.2, 0.2]}))
    >>> design.values.tolist(), design.weights.tolist(), design.row_of.tolist()
    ([[0.2, 0.0], [0.2, 1.0]], [1.0, 2.0], [1, 0, 1])
    """
    blocks, group, category = [], [], []
    for number, name in enumerate(sorted(table.columns, key=str)):
        block, is_category = _columns(table[name])
        blocks.append(block)
        group += [number] * block.shape[1]
        category += [is_category] * block.shape[1]
    full = np.round(np.column_stack(blocks), DIGITS)
    distinct, row_of, weights = np.unique(full, axis=0, return_inverse=True, return_counts=True, equal_nan=True)
    given = ~np.isnan(distinct)
    return Design(
        values=np.where(given, distinct, 0.0),
        seen=None if given.all() else given.astype(float),
        gappy=np.flatnonzero(~given.all(axis=0)),
        missing=(~given[:, ~given.all(axis=0)]).astype(float),
        group=np.array(group),
        category=np.array(category),
        weights=weights.astype(float),
        row_of=row_of.ravel(),
    )


def _columns(column: pd.Series) -> tuple[np.ndarray, bool]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = sorted(column.dropna().unique(), key=str)
        block = np.column_stack([(column == level).to_numpy(float) for level in levels]) / np.sqrt(2.0)
        block[column.isna().to_numpy()] = np.nan
        return block, True
    numbers = column.to_numpy(float, na_value=np.nan)
    return numbers[:, None], bool(np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all())


def sample_design(design: Design, people: int, rng: np.random.Generator) -> Design:
    """Take at most so many people, drawn without replacement; the design itself where it holds no more."""
    if design.people <= people:
        return design
    drawn = rng.multivariate_hypergeometric(design.weights.astype(np.int64), people, method="marginals")
    kept = np.flatnonzero(drawn)
    return replace(take_rows(design, kept), weights=drawn[kept].astype(float),
                   row_of=np.repeat(np.arange(len(kept)), drawn[kept]))


def take_rows(design: Design, kept: np.ndarray) -> Design:
    """Take some distinct rows and the people behind them, in the order of the rows."""
    weights = design.weights[kept]
    return replace(
        design,
        values=design.values[kept],
        seen=None if design.seen is None else design.seen[kept],
        missing=design.missing[kept],
        weights=weights,
        row_of=np.repeat(np.arange(len(kept)), weights.astype(np.int64)),
    )
