"""Careless answers: straight lines, no variation, too little time. Flagged for a person to judge, never dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, unknown_name
from personakit.schema import PARTICIPANT

#: a straight line is at least this share of the items someone answered, and at least this many
LINE_SHARE, LINE_ITEMS = 0.5, 10
#: too fast is under this share of the median duration
SPEED = 1 / 3
#: whole numbers of this many levels are rating items where nothing else is said
FEWEST_LEVELS, MOST_LEVELS = 3, 11


def flag_careless(
    answers: pd.DataFrame,
    *,
    items: Sequence[str] | None = None,
    durations: pd.Series | None = None,
    line_share: float = LINE_SHARE,
    speed: float = SPEED,
) -> pd.DataFrame:
    """Flag answers that look careless: a straight line through the ratings, no variation at all, too little time.

    Use it before ``build_features``, look at the people flagged, and decide yourself: nothing is dropped. It cannot tell a
    careless person from one who truly holds the same view of everything; a straight line says little where all items are
    worded in one direction, so pass ``items`` that are not, before any is reversed.

    Parameters
    ----------
    answers
        Indexed by participant_id, or with that column.
    items
        Ratings in the order in which they were asked; by default the columns of 3 to 11 whole numbers, in their order.
    durations
        Seconds, indexed by participant_id.
    line_share
        A straight line is at least this share of the items that the person answered, and at least 10 items.
    speed
        Too fast is under this share of the median duration.

    Returns
    -------
    DataFrame
        Indexed by participant_id: items (answered), line_items (the longest run of one same answer), line_share, person_sd
        (standard deviation within the person, in the units of the answers), duration_s, speed (of the median), then the
        flags straight_line, no_variation (over 10 items or more), too_fast, and flags (how many).

    Raises
    ------
    StudyError
        Where an item is not numeric, or the people are not indexed.
    ChoiceError
        Where an item does not exist.
    TooFewError
        Where there is neither an item nor a duration.

    References
    ----------
    Long strings: Curran (2016), Methods for the detection of carelessly invalid responses, who takes half of the items;
    Meade and Craig (2012), Identifying careless responses in survey data. Variation within the person: Dunn, Heggestad,
    Shanock and Theilgard (2018). Speed beside the median: Greszki, Meyer and Schoen (2015); a third of it, rather than
    half, is our choice, since many honest people take half the median time.

    Examples
    --------
    >>> ids = pd.Index(["p1", "p2"], name="participant_id")
    >>> answers = pd.DataFrame({f"q{i}": [3, 1 + i % 5] for i in range(12)}, index=ids)
    >>> flag_careless(answers, items=list(answers))[["line_items", "straight_line", "flags"]].values.tolist()
    [[12, True, 2], [1, False, 0]]
    """
    people = answers.set_index(PARTICIPANT) if PARTICIPANT in answers.columns else answers
    if people.index.name != PARTICIPANT:
        raise StudyError(f"answers: are indexed by {people.index.name!r}. Index them by {PARTICIPANT!r}.")
    names = _default_items(people) if items is None else _known_items(people, items)
    if not names and durations is None:
        raise TooFewError("answers: no rating (3 to 11 whole numbers) and no durations. Name the items, or give durations.")
    values = people[names].to_numpy(dtype="float64").reshape(len(people), len(names))
    out = pd.DataFrame({"items": (~np.isnan(values)).sum(axis=1), "line_items": _longest_lines(values)}, index=people.index)
    out["line_share"] = (out["line_items"] / out["items"]).where(out["items"] > 0)
    out["person_sd"] = people[names].std(axis=1, ddof=0) if names else np.nan
    seconds = pd.Series(np.nan, index=people.index) if durations is None else durations.reindex(people.index)
    out["duration_s"] = pd.to_numeric(seconds, errors="coerce").astype("float64")
    out["speed"] = out["duration_s"] / out["duration_s"].median()
    out["straight_line"] = (out["line_share"] >= line_share) & (out["line_items"] >= LINE_ITEMS)
    out["no_variation"] = (out["person_sd"] == 0) & (out["items"] >= LINE_ITEMS)
    out["too_fast"] = out["speed"] < speed
    out["flags"] = out[["straight_line", "no_variation", "too_fast"]].sum(axis=1).astype("int64")
    return out


def _default_items(answers: pd.DataFrame) -> list[str]:
    numeric = answers.select_dtypes("number")
    return [name for name in numeric.columns if FEWEST_LEVELS <= numeric[name].nunique() <= MOST_LEVELS
            and (numeric[name].dropna() % 1 == 0).all()]


def _known_items(answers: pd.DataFrame, items: Sequence[str]) -> list[str]:
    for name in items:
        if name not in answers.columns:
            raise ChoiceError(unknown_name("items", name, list(answers.columns)))
        if not pd.api.types.is_numeric_dtype(answers[name].dtype):
            raise StudyError(f"answers.{name}: holds words. Give items that are numbers.")
    return list(items)


def _longest_lines(values: np.ndarray) -> np.ndarray:
    """Return the longest run of one answer in each row; an unanswered item neither breaks a run nor counts."""
    longest, run = np.zeros(len(values), dtype="int64"), np.zeros(len(values), dtype="int64")
    last = np.full(len(values), np.nan)
    for item in values.T:
        answered = ~np.isnan(item)
        run = np.where(answered, np.where(item == last, run + 1, 1), run)
        last = np.where(answered, item, last)
        longest = np.maximum(longest, run)
    return longest
