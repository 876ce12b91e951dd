"""Answers as numbers: one column a question, one a level where a question is nominal; gaps stand for the average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.schema import KIND
from personakit.typing_tool.tool import FILL, LEVEL, QUESTION


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """``values`` (people, terms) standardised, 0 where unknown; ``terms``: question, level, fill, scale, one row a term;
    ``given`` (people, questions): who answered what; ``questions``: their names.
    """

    values: np.ndarray
    terms: pd.DataFrame
    given: np.ndarray
    questions: tuple[str, ...]

    def of(self, chosen: Sequence[int]) -> np.ndarray:
        """Return the columns of these questions (by number), in their order."""
        place = self.terms["place"].to_numpy()
        return np.concatenate([np.flatnonzero(place == one) for one in chosen])


def encode(natural: pd.DataFrame, kinds: Mapping[str, str]) -> Answers:
    """Turn the answers of the people of a study into numbers."""
    columns, terms = [], []
    for place, name in enumerate(natural.columns):
        for level, values in _levels(natural[name], kinds[name]):
            known = values[~np.isnan(values)]
            fill, scale = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)
            columns.append(np.nan_to_num((values - fill) / scale))
            terms.append((str(name), level, fill, scale, place))
    return Answers(values=np.column_stack(columns), given=natural.notna().to_numpy(), questions=tuple(map(str, natural)),
                   terms=pd.DataFrame(terms, columns=[QUESTION, LEVEL, FILL, "scale", "place"]))


def _levels(column: pd.Series, kind: str) -> list[tuple[str, np.ndarray]]:
    if kind != "nominal":
        return [("", column.to_numpy(dtype=float, na_value=np.nan))]
    words = as_words(column)
    known = column.notna().to_numpy()
    return [(level, np.where(known, words == level, np.nan).astype(float)) for level in sorted(set(words[known]))]


def as_words(column: pd.Series) -> np.ndarray:
    """Return levels as text: a whole number keeps its integer spelling, a gap is empty."""
    return np.array(["" if pd.isna(one) else str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)
                     for one in column], dtype=object)


def read_new(new_people: pd.DataFrame, questions: pd.DataFrame, rule: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers of new people to the terms of a rule (people, terms), and how many questions each answered.

    A number a little beyond the answers seen counts as the nearest of them; one farther than their whole range is refused.
    """
    missing = [str(name) for name in questions.index if name not in new_people.columns]
    if missing:
        raise StudyError(f"new people: {len(missing)} of {len(questions)} questions are missing ({first_five(missing)}). "
                         f"Add the columns; leave a cell empty where someone did not answer.")
    values = np.tile(rule[FILL].to_numpy(dtype=float), (len(new_people), 1))
    answered = np.zeros(len(new_people), dtype=int)
    for name, facts in questions.iterrows():
        at = np.flatnonzero(rule[QUESTION].eq(str(name)).to_numpy())
        column = new_people[name]
        if facts[KIND] == "nominal":
            known = _fill_levels(values, at, column, [str(rule[LEVEL].iloc[one]) for one in at])
        else:
            known = _fill_number(values, int(at[0]), column, float(facts["low"]), float(facts["high"]))
        answered += known
    return values, answered


def _fill_levels(values: np.ndarray, at: np.ndarray, column: pd.Series, levels: list[str]) -> np.ndarray:
    words = np.array([str(one).strip() for one in as_words(column)], dtype=object)
    known = words != ""
    unknown = known & ~np.isin(words, levels)
    if unknown.any():
        raise StudyError(f"{column.name}: {int(unknown.sum())} answers are not among those of the tool "
                         f"({first_five(words[unknown])}). Allowed: {', '.join(levels)}.")
    values[np.ix_(known, at)] = words[known][:, None] == np.array(levels, dtype=object)
    return known


def _fill_number(values: np.ndarray, at: int, column: pd.Series, low: float, high: float) -> np.ndarray:
    try:
        numbers = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        wrong = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        raise StudyError(f"{column.name}: {len(wrong)} answers are not numbers ({first_five(wrong)}). "
                         f"Write numbers from {low:g} to {high:g}, or leave the cell empty.") from None
    known = ~np.isnan(numbers)
    far = known & ((numbers < low - (high - low)) | (numbers > high + (high - low)))
    if far.any():
        raise StudyError(f"{column.name}: {int(far.sum())} answers are far from those the tool was made from "
                         f"({first_five(numbers[far])}; seen: {low:g} to {high:g}). Correct them, or empty these cells.")
    values[known, at] = np.clip(numbers[known], low, high)
    return known
