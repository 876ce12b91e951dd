"""What may leave the room: small cells and quotes. Every export asks here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.schema import CONSENT, FEATURE, KIND, PERSONA, SOURCE, STAGE, TOUCHPOINT

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


#: columns that identify a total that a reader may know, and the count of people that adds up to it
Total = tuple[tuple[str, ...], str]


def hide_small(
    frame: pd.DataFrame,
    *,
    counts: Sequence[str],
    values: Sequence[str],
    totals: Sequence[Total] = (),
    threshold: int = THRESHOLD,
    already: np.ndarray | None = None,
) -> pd.DataFrame:
    """Empty the ``values`` of rows that stand on too few people, and say which in a new column ``hidden``.

    A row is hidden where any of its ``counts`` lies between 1 and ``threshold - 1``. Rows that share the columns of a
    total add up to something a reader may know. Where only one of them is hidden it could be computed back, and where
    those hidden make up fewer than ``threshold`` people together, their sum could: then the next smallest is hidden too,
    over all totals until none is left open (complementary suppression; Hundepool et al. 2012). It does not protect
    against what somebody knows from elsewhere.

    Parameters
    ----------
    frame
        Any table of aggregates.
    counts, values
        Columns that count people; columns to empty (the counts themselves may be among them).
    totals
        For each total the columns that identify it, and the count that adds up: a table that adds up by rows and by
        columns has two.
    threshold
        The smallest number of people that may be shown.
    already
        Marks rows (bool) that are hidden for another reason.

    Returns
    -------
    A copy with ``values`` set to missing where hidden, and the column ``hidden`` (bool).

    Examples
    --------
    >>> table = pd.DataFrame({"stage": ["a", "a", "a"], "n": [3, 9, 40], "share": [0.1, 0.2, 0.7]})
    >>> hide_small(table, counts=["n"], values=["n", "share"], totals=[(("stage",), "n")])["hidden"].tolist()
    [True, True, False]
    """
    hidden = find_small(frame, counts=counts, totals=totals, threshold=threshold, already=already)
    return _empty(frame, hidden, values).assign(hidden=hidden)


def find_small(
    frame: pd.DataFrame, *, counts: Sequence[str], totals: Sequence[Total] = (), threshold: int = THRESHOLD,
    already: np.ndarray | None = None,
) -> np.ndarray:
    """Mark the rows that ``hide_small`` hides; ``already`` marks rows that are hidden for another reason."""
    hidden = np.zeros(len(frame), dtype=bool) if already is None else already.copy()
    for name in counts:
        count = _people(frame[name])
        hidden |= (count > 0) & (count < threshold)
    lines = [(frame.groupby(list(columns), sort=False, dropna=False).ngroup().to_numpy(), _people(frame[count]))
             for columns, count in totals] if hidden.any() else []
    open_still = True
    while open_still:
        open_still = False
        for line, people in lines:
            cells, together = np.bincount(line, weights=hidden), np.bincount(line, weights=np.where(hidden, people, 0))
            for one in np.flatnonzero((together > 0) & ((cells == 1) | (together < threshold))):
                shown = np.flatnonzero((line == one) & ~hidden & (people > 0))
                if len(shown):
                    hidden[shown[people[shown].argmin()]] = open_still = True
    return hidden


def _people(column: pd.Series) -> np.ndarray:
    return np.nan_to_num(pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan))


def _empty(frame: pd.DataFrame, hidden: np.ndarray, values: Sequence[str]) -> pd.DataFrame:
    out = frame.copy()
    for name in values:
        if pd.api.types.is_integer_dtype(out[name].dtype):
            out[name] = out[name].astype("Int64")
        if hidden.any():
            out[name] = out[name].mask(hidden)
    return out


def hidden_parts(sizes: pd.Series) -> pd.Series:
    """Tell which parts of a known total may not be shown with their size: the small ones, and so many that none shows.

    Examples
    --------
    >>> hidden_parts(pd.Series({"P1": 60, "P2": 3, "P3": 20})).tolist()
    [False, True, True]
    """
    frame = pd.DataFrame({"n": sizes.to_numpy(), "all": "all"})
    return pd.Series(find_small(frame, counts=["n"], totals=[(("all",), "n")]), index=sizes.index)


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
    """Return ``Evidence.table`` with the cells emptied that stand on few people: in the persona, holding a trait, or not.

    Yes and no are two cells: a share of 98 in 100 tells of two people. The levels of a nominal feature add up, and so do
    the personas. A level that fewer than five people hold in all is left out: its very name would tell of them.

    Examples
    --------
    >>> row = {"persona": "P1", "feature": "vip", "kind": "binary", "inside": 0.02, "outside": 0.5, "n_inside": 100}
    >>> row |= {"n_outside": 400, "difference": -0.48, "low": -0.5, "high": -0.4, "effect": -1.0}
    >>> evidence_cells(pd.DataFrame([row]))["inside"].isna().tolist()
    [True]
    """
    yes_no, nominal = table[KIND].isin(["binary", "nominal"]), table[KIND].eq("nominal")
    held = {f"with_{side}": (table[side] * table[f"n_{side}"]).where(yes_no).round() for side in ("inside", "outside")}
    held |= {f"without_{side}": table[f"n_{side}"] - held[f"with_{side}"] for side in ("inside", "outside")}
    whole = table[FEATURE].where(~nominal, table[FEATURE].str.split("=").str[0])
    masked = hide_small(
        table.assign(whole=whole, **held), counts=["n_inside", "n_outside", *held],
        values=["inside", "outside", "difference", "low", "high", "effect", "n_inside", "n_outside"],
        totals=[((FEATURE,), "with_inside"), ((FEATURE,), "without_inside"), ((FEATURE,), "n_inside"),
                ((PERSONA, "whole"), "with_inside")])
    everywhere = held["with_inside"].fillna(0) + held["with_outside"].fillna(0)
    rare = nominal & everywhere.gt(0) & everywhere.lt(THRESHOLD)
    return masked[~rare].drop(columns=["whole", *held])


def outcome_cells(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return ``Evidence.outcomes`` with the rows emptied that stand on few people, in the persona or holding the trait.

    Examples
    --------
    >>> row = {"persona": "P1", "feature": "nps", "kind": "ordinal", "naive": 7.0, "corrected": 7.1, "difference": 1.0}
    >>> row |= {"naive_difference": 0.9, "low": 0.2, "high": 1.8, "wrong": 0.1, "n": 3}
    >>> outcome_cells(pd.DataFrame([row]))["naive"].isna().tolist()
    [True]
    """
    if outcomes.empty:
        return outcomes.assign(hidden=False)
    yes_no = outcomes[KIND].isin(["binary", "nominal"])
    holders = (outcomes["naive"] * outcomes["n"]).where(yes_no).round()
    values = ["naive", "corrected", "naive_difference", "difference", "low", "high", "wrong", "n"]
    masked = hide_small(outcomes.assign(few=holders, rest=outcomes["n"] - holders), counts=["n", "few", "rest"],
                        totals=[((FEATURE,), "n")], values=values)
    return masked.drop(columns=["few", "rest"])


def content_cells(plan: pd.DataFrame) -> pd.DataFrame:
    """Return a content plan with its small cells emptied: few people at the stage, few who used this, few who did not.

    Examples
    --------
    >>> row = {"persona": "P1", "stage": "all", "dimension": "kind", "level": "help", "people": 40, "used": 3}
    >>> row |= {"share": 0.1, "everyone": 0.2, "lift": 0.6, "low": 0.3, "high": 0.9}
    >>> content_cells(pd.DataFrame([row]))["lift"].isna().tolist()
    [True]
    """
    cell = (STAGE, "dimension", "level")
    masked = hide_small(plan, counts=["people", "used"], values=["people", "used", "share", "everyone", "lift", "low",
                                                                   "high"], totals=[(cell, "people"), (cell, "used")])
    # a mean share of uses does not tell of the few who used none of it; their number would
    rest = (plan["people"] - plan["used"]).between(1, THRESHOLD - 1)
    return masked.assign(used=masked["used"].mask(rest.to_numpy()))


#: frame of JourneyFindings, or of a view that is drawn -> counts of people, columns that a small count empties, totals that
#: may be known
JOURNEY_CELLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[Total, ...]]] = MappingProxyType({
    "stages": (("people", "people_total"), ("people", "people_total", "share", "low", "high", "events", "median_days"),
               (((STAGE,), "people"), ((STAGE,), "people_total"))),
    "transitions": (("people",), ("count", "people", "share", "low", "high", "days_25", "days_50", "days_75"),
                    ((("source", "target"), "people"), ((PERSONA, "source"), "count"))),
    "funnel": (("reached", "entered"), ("entered", "people", "reached", "still_open", "ended", "share", "low", "high",
                                       "days_25", "days_50", "days_75"),
               (((STAGE,), "reached"), ((STAGE,), "entered"))),
    "step_matrix": (("people",), ("people", "share", "low", "high"),
                    (((PERSONA, "step"), "people"), (("step", STAGE), "people"))),
    "flows": (("people",), ("people", "share", "low", "high"),
              (((PERSONA, "step", "source"), "people"), (("step", "source", "target"), "people"))),
    "arrival": (("arrived", "entered"), ("entered", "watched", "share", "low", "high", "ended"),
                (((STAGE, "day"), "entered"),)),
    "friction": (("people",), ("people", "visits", "stop_share", "like_share", "excess", "low", "high"),
                 ((("touchpoint",), "people"),)),
    "switches": (("people",), ("switches", "people", "restart_share", "like_share", "excess", "low", "high"),
                 ((("source", "target"), "people"),)),
    "comparison": (("people_a", "people_b"), ("people_a", "people_b", "change", "low", "high", "r2"), ()),
    "curve": (("asked",), ("mean", "low", "high", "n", "natural", "natural_low", "natural_high", "met",
                          "response_rate", "weighted_mean", "within_mean"),
              (((SOURCE, STAGE, TOUCHPOINT), "asked"),)),
    "moments": (("asked",), ("mean", "probability", "n"), ()),
    "triangulation": (("n",), ("answers", "n", "verdict"), (((STAGE,), "n"),)),
    "deviations": (("people", "others"), ("times", "people", "people_total", "share", "low", "high", "more_days",
                                          "more_days_low", "more_days_high", "conversion", "conversion_low",
                                          "conversion_high"), ((("kind", TOUCHPOINT), "people"),)),
})
#: counts that a frame does not hold, from its columns. Interviewees are few by design, and their counts are kept
COUNTED: Mapping[str, Callable[[pd.DataFrame], dict[str, pd.Series]]] = MappingProxyType({
    "curve": lambda frame: {
        "asked": frame["n"].where(frame[SOURCE] != "interviews"),
        "silent": (frame["met"] * (1 - frame["response_rate"])).round()},
    "moments": lambda frame: {"asked": frame["n"].where(frame[SOURCE] != "interviews")},
    "deviations": lambda frame: {"others": frame["people_total"] - frame["people"]},
})


def journey_cells(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of ``JourneyFindings``, ``Experience`` or ``DesignFit`` with its small cells emptied.

    The personas of a cell add up to ``all``.

    Examples
    --------
    >>> stages = pd.DataFrame({"persona": ["all", "P1", "P2"], "stage": "loyalty", "people": [40, 2, 38], "share": 0.4})
    >>> journey_cells("stages", stages.assign(people_total=50))["hidden"].tolist()
    [False, True, True]
    """
    counts, values, totals = JOURNEY_CELLS[name]
    if frame.empty:
        return frame.assign(hidden=False)
    already = _of_hidden_personas(frame) if name == "comparison" else None
    counted = frame.assign(**COUNTED[name](frame)) if name in COUNTED else frame
    hidden = find_small(counted, counts=counts, totals=totals, already=already)
    out = _empty(frame, hidden, [one for one in values if one in frame.columns])
    if name == "funnel":  # how the others part is hidden on its own: the share reached stays
        rest = ("still_open", "ended")
        few = find_small(frame, counts=rest, totals=[((STAGE,), one) for one in rest], already=hidden)
        out = _empty(out, few, rest)
    if name == "curve":  # the few who were there and did not answer
        out = _empty(out, hidden | find_small(counted, counts=("silent",)), ("met", "response_rate"))
    return out.assign(hidden=hidden)


def _of_hidden_personas(pairs: pd.DataFrame) -> np.ndarray:
    """Mark the comparisons with a persona whose size may not be shown."""
    sizes = pd.concat([pd.Series(pairs[f"people_{side}"].to_numpy(), index=pairs[f"persona_{side}"]) for side in "ab"])
    hidden = hidden_parts(sizes[(sizes.index != "all") & ~sizes.index.duplicated()])
    few = set(hidden.index[hidden])
    return (pairs["persona_a"].isin(few) | pairs["persona_b"].isin(few)).to_numpy()
