"""Coded interviews as a table of codes."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, unknown_name
from personakit.records import Study
from personakit.schema import CODE, CODE_KINDS, CODER, KIND, ORIGIN, PARTICIPANT
from personakit.wording import canonical


def code_table(
    study: Study, *, min_participants: int = 3, kinds: Iterable[str] | None = None, counts: bool = False
) -> pd.DataFrame:
    """Return which interviewees said what: one row an interviewee, one column a code.

    Use it as input of ``build_features``. A 0 means that the code was not given to this interviewee, not that they would
    disagree; and the shares of interviewees are not shares of a market. With several coders a code holds when any of them
    gave it; ``counts`` takes the coder who gave it most often, so that two coders of one passage do not count twice.

    Parameters
    ----------
    study
        A study with codes.
    min_participants
        Keep codes given to at least this many interviewees.
    kinds
        Keep codes of these kinds (goal, need, motivation, pain, delight, barrier; French words too). All by default.
    counts
        Count mentions instead of 0 and 1.

    Returns
    -------
    DataFrame
        Indexed by participant_id: everyone with any code, in the order of participants, also those left with zeros.
        Columns ``code:<code>``, sorted; whole numbers. ``attrs["origin"]`` is ``"codes"``.

    Raises
    ------
    StudyError
        Where the study has no codes, or kinds are asked for and the codes have none.
    ChoiceError
        For an unknown kind, or min_participants below 1.
    TooFewError
        Where no code was given to enough interviewees.

    Examples
    --------
    >>> codes = pd.DataFrame({"participant_id": ["p2", "p1", "p1"], "code": ["price", "price", "trust"]})
    >>> people = pd.DataFrame(index=pd.Index(["p1", "p2", "p3"], name="participant_id"))
    >>> code_table(Study(name="tiny", participants=people, codes=codes), min_participants=1).to_dict("index")
    {'p1': {'code:price': 1, 'code:trust': 1}, 'p2': {'code:price': 1, 'code:trust': 0}}
    """
    if study.codes is None:
        raise StudyError(f"{study.name}: has no codes. Add [codes] to study.toml, or leave this step out.")
    if min_participants < 1:
        raise ChoiceError(f"min_participants: {min_participants} is below 1. Ask for 1 or more.")
    interviewees = study.participants.index[study.participants.index.isin(study.codes[PARTICIPANT])]
    codes = _of_kinds(study.codes, kinds)
    mentions = _mentions(codes)
    table = mentions.unstack(fill_value=0).reindex(interviewees, fill_value=0).astype("int64")
    said_by = (table > 0).sum()
    table = table.loc[:, said_by >= min_participants]
    if table.empty:
        raise TooFewError(f"codes: none of {len(said_by)} codes was given to {min_participants} of {len(interviewees)} "
                          f"interviewees (the commonest to {int(said_by.max()) if len(said_by) else 0}). Lower "
                          f"min_participants, or merge codes.")
    if not counts:
        table = (table > 0).astype("int64")
    table.columns = pd.Index([f"code:{code}" for code in table.columns], dtype="str")
    table.attrs = {ORIGIN: "codes"}
    return table


def _of_kinds(codes: pd.DataFrame, kinds: Iterable[str] | None) -> pd.DataFrame:
    if kinds is None:
        return codes
    if KIND not in codes:
        raise StudyError("codes.kind: the codes have no kinds. Add a kind column, or leave kinds out.")
    asked = [canonical(kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    for kind in asked:
        if kind not in CODE_KINDS:
            raise ChoiceError(unknown_name("kinds", kind, CODE_KINDS))
    return codes[codes[KIND].isin(asked)]


def _mentions(codes: pd.DataFrame) -> pd.Series:
    """Count the rows of each (participant, code); with several coders, of the coder who gave it most often."""
    keys = [PARTICIPANT, CODE]
    if CODER not in codes:
        return codes.groupby(keys).size()
    coder = codes[CODER].fillna("")
    return codes.groupby([*keys, coder]).size().groupby(level=keys).max()
