"""What may leave the room: small cells and quotes. Every export asks here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.schema import CONSENT, FEATURE, KIND, PERSONA

#: A cell that stands on fewer people than this is not shown.
THRESHOLD = 5


def is_small(count: float | None, *, threshold: int = THRESHOLD) -> bool:
    """Tell whether a count of people is too small to show: 1 to ``threshold - 1``. Nobody (0) may be said.

    Examples
    --------
    >>> is_small(4), is_small(5), is_small(0)
    (True, False, False)
    """
    return count is not None and bool(pd.notna(count)) and 0 < float(count) < threshold


def hide_small(
    frame: pd.DataFrame,
    *,
    counts: Sequence[str],
    values: Sequence[str],
    within: Sequence[str] = (),
    threshold: int = THRESHOLD,
) -> pd.DataFrame:
    """Empty the ``values`` of rows that stand on too few people, and say which in a new column ``hidden``.

    A row is hidden where any of its ``counts`` lies between 1 and ``threshold - 1``. Rows that share the columns
    ``within`` add up to a total that a reader may know: where exactly one of them is hidden it could be computed back,
    so the next smallest is hidden too (complementary suppression; Hundepool et al. 2012).

    Parameters
    ----------
    frame
        Any table of aggregates.
    counts, values
        Columns that count people; columns to empty (the counts themselves may be among them).
    within
        Columns that identify a total, for complementary suppression.
    threshold
        The smallest number of people that may be shown.

    Returns
    -------
    A copy with ``values`` set to missing where hidden, and the column ``hidden`` (bool).

    Examples
    --------
    >>> table = pd.DataFrame({"stage": ["a", "a", "a"], "n": [3, 9, 40], "share": [0.1, 0.2, 0.7]})
    >>> hide_small(table, counts=["n"], values=["n", "share"], within=["stage"])["hidden"].tolist()
    [True, True, False]
    """
    small = pd.Series(False, index=frame.index)
    for name in counts:
        count = pd.to_numeric(frame[name]).to_numpy(dtype=float, na_value=np.nan)
        small |= (count > 0) & (count < threshold)
    hidden = small.copy()
    if within and small.any():
        keys = [frame[name] for name in within]
        lonely = small.groupby(keys, sort=False, dropna=False).transform("sum") == 1
        for _, rows in frame[lonely].groupby(list(within), sort=False, dropna=False):
            alone = rows.index[small[rows.index]]
            if len(alone) == 1:
                others = rows.loc[rows.index.difference(alone, sort=False), counts[0]]
                shown = others[others > 0]
                if len(shown):
                    hidden[shown.sort_values(kind="stable").index[0]] = True
    out = frame.copy()
    for name in values:
        if pd.api.types.is_integer_dtype(out[name].dtype):
            out[name] = out[name].astype("Int64")
        if hidden.any():
            out[name] = out[name].mask(hidden)
    return out.assign(hidden=hidden)


def quotable(codes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose words may be printed as they were said: consent is ``verbatim``. No consent column, no quote.

    Examples
    --------
    >>> quotable(pd.DataFrame({"quote": ["a", "b"], "consent": ["verbatim", None]}))["quote"].tolist()
    ['a']
    """
    if CONSENT not in codes.columns:
        return codes.iloc[:0]
    return codes[codes[CONSENT].eq("verbatim").fillna(False).astype(bool)]


def evidence_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``Evidence.table`` with the cells emptied that stand on few people: in the persona, or holding the trait.

    Examples
    --------
    >>> row = {"persona": "P1", "feature": "vip", "kind": "binary", "inside": 0.02, "outside": 0.5, "n_inside": 100}
    >>> row |= {"n_outside": 400, "difference": -0.48, "low": -0.5, "high": -0.4, "effect": -1.0}
    >>> evidence_cells(pd.DataFrame([row]))["inside"].isna().tolist()
    [True]
    """
    yes_no = table[KIND].isin(["binary", "nominal"])
    holders = {f"with_{side}": (table[side] * table[f"n_{side}"]).where(yes_no).round() for side in ("inside", "outside")}
    masked = hide_small(table.assign(**holders), counts=["n_inside", "n_outside", *holders], within=[FEATURE],
                        values=["inside", "outside", "difference", "low", "high", "effect", "n_inside", "n_outside"])
    return masked.drop(columns=list(holders))


#: frame of JourneyFindings -> counts of people, columns that a small count empties, columns of a known total
JOURNEY_CELLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = MappingProxyType({
    "stages": (("people",), ("people", "share", "low", "high", "events", "median_days"), ("stage",)),
    "transitions": (("people",), ("count", "people", "share", "low", "high"), ("source", "target")),
    "funnel": (("reached",), ("reached", "still_open", "ended", "share", "low", "high"), ("stage",)),
    "friction": (("people",), ("people", "visits", "stop_share", "like_share", "excess", "low", "high"), ("touchpoint",)),
    "switches": (("people",), ("switches", "people", "restart_share", "like_share", "excess", "low", "high"), ()),
    "comparison": (("people_a", "people_b"), ("people_a", "people_b", "change", "low", "high"), ()),
})


def journey_cells(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of ``JourneyFindings`` with its small cells emptied. The personas of a cell add up to ``all``.

    Examples
    --------
    >>> stages = pd.DataFrame({"persona": ["all", "P1"], "stage": "loyalty", "people": [40, 2], "share": [0.4, 0.1]})
    >>> journey_cells("stages", stages)["hidden"].tolist()
    [False, True]
    """
    counts, values, total = JOURNEY_CELLS[name]
    if name == "funnel":  # how the others part is hidden on its own: the share reached stays
        few = hide_small(frame, counts=["still_open", "ended"], values=["still_open", "ended"])
        frame = few.drop(columns="hidden")
    values = tuple(one for one in values if one in frame.columns)
    if PERSONA not in frame.columns:
        return hide_small(frame, counts=counts, values=values)
    everyone = frame[PERSONA].eq("all")
    parts = [hide_small(frame[everyone], counts=counts, values=values),
             hide_small(frame[~everyone], counts=counts, values=values, within=total)]
    return pd.concat([part for part in parts if len(part)] or parts[:1]).loc[frame.index]
