"""Survey answers as a table of variables."""

from __future__ import annotations

import pandas as pd

from personakit.errors import StudyError
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
