"""Coded interviews as a table of codes."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.records import Study
from personakit.schema import CODE, CODE_KINDS, CODER, END, KIND, ORIGIN, PARTICIPANT, SOURCE, START
from personakit.wording import canonical

#: parts the steps of a code's path: "consent > language > plain"
SEPARATOR = " > "


def code_table(
    study: Study,
    *,
    min_participants: int = 3,
    kinds: Iterable[str] | None = None,
    counts: bool = False,
    level: int | None = None,
    separator: str = SEPARATOR,
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
        Count mentions instead of 0 and 1. One passage counts once for a code, also where several codes below it were given.
    level
        Roll paths of codes up to so many steps: with 1, ``consent > language`` counts as ``consent``. A shorter path stays
        as it is. As written by default.
    separator
        What parts the steps of a path, with its blanks.

    Returns
    -------
    DataFrame
        Indexed by participant_id: everyone with any code, in the order of participants, also those left with zeros.
        Columns ``code:<code>``, sorted; whole numbers. ``attrs["origin"]`` is ``"codes"``.

    Raises
    ------
    StudyError
        Where the study has no codes; kinds are asked for and the codes have none; a level, and no code holds the separator.
    ChoiceError
        For an unknown kind, an empty separator, or min_participants or level below 1.
    TooFewError
        Where no code was given to enough interviewees.

    Examples
    --------
    >>> codes = pd.DataFrame({"participant_id": ["p2", "p1", "p1"], "code": ["price", "price", "trust"]})
    >>> people = pd.DataFrame(index=pd.Index(["p1", "p2", "p3"], name="participant_id"))
    >>> code_table(Study(name="tiny", participants=people, codes=codes), min_participants=1).to_dict("index")
    {'p1': {'code:price': 1, 'code:trust': 1}, 'p2': {'code:price': 1, 'code:trust': 0}}
    """
    for name, number in (("min_participants", min_participants), ("level", 1 if level is None else level)):
        if number < 1:
            raise ChoiceError(f"{name}: {number} is below 1. Ask for 1 or more.")
    given = codes_of(study)
    interviewees = study.participants.index[study.participants.index.isin(given[PARTICIPANT])]
    codes = roll_up(_of_kinds(given, kinds), level, separator)
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


def codes_of(study: Study) -> pd.DataFrame:
    """Return the codes of a study, or raise ``StudyError`` where it has none."""
    if study.codes is None or study.codes.empty:
        raise StudyError(f"{study.name}: has no codes. Add [codes] to study.toml, or leave this step out.")
    return study.codes


def roll_up(codes: pd.DataFrame, level: int | None, separator: str) -> pd.DataFrame:
    """Cut the path of each code after ``level`` steps.

    Examples
    --------
    >>> roll_up(pd.DataFrame({"code": ["a > b > c", "a > d", "e"]}), 1, " > ")["code"].tolist()
    ['a', 'a', 'e']
    """
    if level is None:
        return codes
    if not separator:
        raise ChoiceError("separator: is empty. Say what parts the steps of a path, such as separator=' > '.")
    if len(codes) and not codes[CODE].str.contains(separator, regex=False).any():
        raise StudyError(f"level: no code holds the separator {separator!r} (codes: {first_five(codes[CODE])}). "
                         f"Name the one of your codebook with separator=, or leave level out.")
    steps = {path: [step.strip() for step in str(path).split(separator)] for path in codes[CODE].unique()}
    cut = {path: separator.join(one[:level]) for path, one in steps.items()}
    return codes.assign(**{CODE: codes[CODE].map(cut).astype("str")})


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
    if START in codes and END in codes:  # one passage that was given two codes of one branch is one mention of the branch
        placed = codes[START].notna() & codes[END].notna()
        same = [name for name in (*keys, CODER, SOURCE, START, END) if name in codes]
        codes = codes[~(placed & codes.duplicated(same))]
    if CODER not in codes:
        return codes.groupby(keys).size()
    coder = codes[CODER].fillna("")
    return codes.groupby([*keys, coder]).size().groupby(level=keys).max()
