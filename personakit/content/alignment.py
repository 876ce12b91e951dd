"""Business goals beside what a persona says it wants: only where somebody declared that one has to do with the other."""

from __future__ import annotations

import pandas as pd

from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.records import Evidence, Study
from personakit.schema import CODE, EVIDENCE_ID, OWNER, PERSONA, STAGE, row_id

#: columns of the goals table that declare links: codes with a semicolon between them, and what they say of the goal
LINKS = {"codes_for": 1, "codes_against": -1}
#: interviewees of a persona below which nothing is said of it; how many must say a code for the persona to be said to
FEWEST, VOICES, OFTEN = 3, 2, 0.5
COLUMNS = {EVIDENCE_ID: "str", "goal": "str", STAGE: "str", OWNER: "str", PERSONA: "str", "alignment": "str", "why": "str",
           "codes_for": "str", "codes_against": "str", "with_code": "int64", "interviewees": "int64", "evidence": "str"}


def goal_alignment(study: Study, evidence: Evidence, links: pd.DataFrame | None = None) -> pd.DataFrame:
    """Say of each business goal and persona whether what interviewees say goes along with the goal or against it.

    Use it before goals become a plan: a goal that a persona's own wants oppose needs another road. Which code has to do
    with which goal is a judgement that you declare; no likeness of words is guessed, and without a declared link the
    answer is "cannot tell". It cannot tell how many customers agree: interviews say what exists, not how much of it.

    Parameters
    ----------
    study
        With ``goals``. Columns ``codes_for`` and ``codes_against`` of that table may declare links (codes, with ``;``
        between them): who says such a code wants what the goal wants, or the opposite.
    evidence
        What interviewees of each persona say.
    links
        The same as a table, one row a link: goal, code, sign (1 for, -1 against); added to those of the goals table.

    Returns
    -------
    DataFrame
        One row a goal and persona: evidence_id, goal, stage, owner, persona, ``alignment``, ``why``, codes_for and
        codes_against (declared, and said by the persona), with_code (most people who say one of them), interviewees,
        evidence (ids of the codes, with a space between). A code is the persona's where two interviewees or more, and at
        least half, say it; it is not where the shrunken rate lies below a half with 95 % probability.
        ``aligned``: codes for, none against. ``opposed``: codes against, none for. ``neutral``: clearly neither.
        ``cannot_tell``, because of (``why``): no_link, no_interview, few (under three interviewees), both, unclear.

    Raises
    ------
    StudyError
        The study has no goals, or links lack a column.
    ChoiceError
        A link names an unknown goal or code, or a sign that is not 1 or -1.

    Examples
    --------
    >>> people = pd.DataFrame(index=pd.Index(["p1"], name="participant_id"))
    >>> study = Study(name="x", participants=people, goals=pd.DataFrame({"goal": ["Sell more"]}))
    >>> said = pd.DataFrame({"evidence_id": ["a"], "persona": ["P1"], "code": ["price"], "with_code": [4],
    ...                      "interviewees": [5], "shrunk_high": [0.9]})
    >>> about = pd.DataFrame({"with_codes": [5]}, index=pd.Index(["P1"], name="persona"))
    >>> empty = pd.DataFrame()
    >>> evidence = Evidence(table=empty, codes=said, quotes=empty, coverage=about, traits=empty, seed=7)
    >>> goal_alignment(study, evidence)[["alignment", "why"]].to_numpy().tolist()
    [['cannot_tell', 'no_link']]
    >>> links = pd.DataFrame({"goal": ["Sell more"], "code": ["price"], "sign": [-1]})
    >>> goal_alignment(study, evidence, links)["alignment"].tolist()
    ['opposed']
    """
    if study.goals is None or not len(study.goals):
        raise StudyError("goals: this study has none. Add goals.csv (goal, stage, owner, metric, target).")
    declared = _declared(study.goals, links)
    _check(declared, study.goals, evidence.codes)
    rows = []
    for _, goal in study.goals.drop_duplicates("goal").iterrows():
        mine = declared[declared["goal"] == goal["goal"]]
        for persona in evidence.coverage.index:
            said = evidence.codes[evidence.codes[PERSONA] == persona]
            asked = int(evidence.coverage.loc[persona, "with_codes"])
            rows.append(_row(mine, said, asked) | {
                "goal": goal["goal"], PERSONA: persona, STAGE: _text(goal.get(STAGE)), OWNER: _text(goal.get(OWNER))})
    frame = pd.DataFrame(rows)
    frame[EVIDENCE_ID] = [row_id("alignment", *row) for row in frame[[*list(COLUMNS)[1:]]].to_numpy().tolist()]
    return frame[list(COLUMNS)].astype(COLUMNS)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _declared(goals: pd.DataFrame, links: pd.DataFrame | None) -> pd.DataFrame:
    rows = [(goal["goal"], code.strip(), sign) for column, sign in LINKS.items() if column in goals.columns
            for goal in goals.to_dict("records") for code in _text(goal[column]).split(";") if code.strip()]
    own = pd.DataFrame(rows, columns=["goal", CODE, "sign"])
    if links is None:
        return own
    missing = [one for one in own.columns if one not in links.columns]
    if missing:
        raise StudyError(f"links: column {missing[0]!r} is missing (columns: {first_five(links.columns)}). "
                         "Give goal, code and sign (1 or -1).")
    return pd.concat([own, links[list(own.columns)]], ignore_index=True).drop_duplicates()


def _check(declared: pd.DataFrame, goals: pd.DataFrame, codes: pd.DataFrame) -> None:
    for column, known in (("goal", goals["goal"]), (CODE, codes[CODE])):
        words = sorted({str(one) for one in known})
        for one in declared[column]:
            if one not in words:
                raise ChoiceError(unknown_name(f"links.{column}", str(one), words))
    wrong = declared.loc[~declared["sign"].isin([1, -1]), "sign"]
    if len(wrong):
        raise ChoiceError(f"links.sign: {first_five(wrong)}: not 1 or -1. Write 1 for a code that goes along with the goal.")


def _row(links: pd.DataFrame, said: pd.DataFrame, asked: int) -> dict[str, object]:
    """Decide one goal for one persona."""
    rows = said[said[CODE].isin(links[CODE])].merge(links[[CODE, "sign"]], on=CODE)
    carried = rows[(rows["with_code"] >= VOICES) & (rows["with_code"] >= OFTEN * rows["interviewees"])]
    codes = {name: list(carried.loc[carried["sign"] == sign, CODE]) for name, sign in LINKS.items()}
    alignment, why = "cannot_tell", ""
    if not len(links):
        why = "no_link"
    elif asked < FEWEST:
        why = "few" if asked else "no_interview"
    elif codes["codes_for"] and codes["codes_against"]:
        why = "both"
    elif len(carried):
        alignment = "aligned" if codes["codes_for"] else "opposed"
    elif len(rows) and (rows["shrunk_high"] < OFTEN).all():
        alignment = "neutral"
    else:
        why = "unclear"
    return {"alignment": alignment, "why": why, **{name: "; ".join(words) for name, words in codes.items()},
            "with_code": int(rows["with_code"].max()) if len(rows) else 0, "interviewees": asked,
            "evidence": " ".join(str(one) for one in rows[EVIDENCE_ID])}
