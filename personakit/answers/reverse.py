"""Items that are worded against the others, turned round where the codebook declares it."""

from __future__ import annotations

import pandas as pd

from personakit.errors import StudyError, first_five


def reverse_items(answers: pd.DataFrame, codebook: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with the items that the codebook declares ``reverse`` turned round: ``low + high - x``.

    Use it before items are added up into a score. ``answer_table`` does not do it, so that a card never says of an item the
    opposite of its words; personas are the same either way. It never guesses: only declared items are turned, and a second
    call turns them back.

    Parameters
    ----------
    answers
        One column a variable.
    codebook
        With the columns variable, reverse, low and high.

    Returns
    -------
    DataFrame
        As ``answers``, with the declared items reversed.

    Raises
    ------
    StudyError
        Where a declared item has no low or high, holds words, or lies outside of them.

    Examples
    --------
    >>> book = pd.DataFrame({"variable": ["calm", "tense"], "reverse": [False, True], "low": [1, 1], "high": [5, 5]})
    >>> reverse_items(pd.DataFrame({"calm": [5, 4], "tense": [1, 5]}), book)["tense"].tolist()
    [5, 1]
    """
    if "reverse" not in codebook:
        return answers.copy()
    declared = codebook[codebook["reverse"].astype("boolean").fillna(False).astype(bool)]
    declared = declared[declared["variable"].isin(answers.columns)].reindex(columns=["variable", "low", "high"])
    unknown = declared[declared["low"].isna() | declared["high"].isna()]
    if len(unknown):
        raise StudyError(f"codebook: {len(unknown)} items are to be reversed and have no low or high "
                         f"({first_five(unknown['variable'])}). Write the ends of their scales.")
    out = answers.copy()
    for name, low, high in declared.itertuples(index=False, name=None):
        if not pd.api.types.is_numeric_dtype(out[name].dtype) or not out[name].dropna().between(low, high).all():
            raise StudyError(f"answers.{name}: is to be reversed, but holds more than numbers from {low:g} to {high:g}. "
                             f"Correct low and high in the codebook, or the answers.")
        whole = float(low + high).is_integer() and pd.api.types.is_integer_dtype(out[name].dtype)
        out[name] = (int(low + high) if whole else low + high) - out[name]
    return out
