"""Survey answers as a table of variables."""

from __future__ import annotations

import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.records import Study
from personakit.schema import ORIGIN, ROLE, read_values


def answer_table(study: Study) -> pd.DataFrame:
    """Return the answers of those who took part, one column a variable, without those the codebook ignores.

    Use it as input of ``build_features``, which reads kinds and roles from the codebook. It scores no scale and fills no
    gap; a column that holds any word that is neither a number nor yes or no stays text.

    Parameters
    ----------
    study
        A study with answers.

    Returns
    -------
    DataFrame
        Indexed by participant_id (those with a row of answers), columns named as the variables; numbers as numbers, yes
        and no as 1 and 0, other words as text, missing as NaN. ``attrs["origin"]`` is ``"answers"``.

    Raises
    ------
    StudyError
        Where the study has no answers, or its codebook ignores all of them.

    Examples
    --------
    >>> ids = pd.Index(["p1", "p2"], name="participant_id")
    >>> study = Study(name="tiny", participants=pd.DataFrame(index=ids),
    ...               answers=pd.DataFrame({"member": ["yes", "no"], "city": ["Lyon", "Lille"]}, index=ids))
    >>> answer_table(study)["member"].tolist()
    [1, 0]
    """
    if study.answers is None:
        raise StudyError(f"{study.name}: has no answers. Add [answers] to study.toml, or leave this step out.")
    kept = [name for name in study.answers.columns if name not in _ignored(study)]
    if not kept:
        raise StudyError(f"answers: the codebook ignores all {study.answers.shape[1]} variables. Change the role of those "
                         f"you want to use.")
    table = study.answers[kept].apply(read_values)
    table.attrs = {ORIGIN: "answers"}
    return table


def _ignored(study: Study) -> set[str]:
    if study.codebook is None or ROLE not in study.codebook:
        return set()
    return set(study.codebook.loc[study.codebook[ROLE] == "ignore", "variable"])


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
