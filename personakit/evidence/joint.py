"""Interviews and logs in one picture: theme by theme, what people do or answer beside what interviewees say."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.evidence.codes import code_rows, interviewed
from personakit.evidence.people import People, check_evidence, line_up_frame
from personakit.evidence.silos import place_interviewees
from personakit.records import Evidence, Personas, Study
from personakit.schema import CODE, EVIDENCE_ID, FEATURE, PARTICIPANT, PERSONA, row_id

#: from these log odds (over their standard error) on, that interviewees say something, or do not, sets a persona apart: not
#: to speak of a thing is a weaker sign than to speak of it
SAID, UNSAID = 1.0, -2.0
MARKS = ("contradict", "complement", "converge", "silent")
COLUMNS = {EVIDENCE_ID: "str", "theme": "str", PERSONA: "str", "mark": "str", FEATURE: "str", "difference": "float64",
           "low": "float64", "high": "float64", "n_inside": "int64", CODE: "str", "with_code": "int64",
           "interviewees": "int64", "elsewhere": "int64", "interviewees_elsewhere": "int64", "log_odds": "float64",
           "posterior": "float64", "cannot_tell": "int64"}


def joint_display(
    study: Study, personas: Personas, evidence: Evidence, themes: pd.DataFrame, *, placed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Put what logs and answers say of each persona beside what its interviewees say, contradictions first.

    Use it to see where two sources carry one conclusion, and where they do not: a contradiction is a finding to look into,
    not an error. You say which feature and which code speak of the same theme; the table cannot know. It cannot tell why
    sources differ, and few interviewees seldom set a persona apart: ``silent`` is not agreement.

    Parameters
    ----------
    study, personas, evidence
        The study, its personas and the evidence gathered for them.
    themes
        One row a theme: ``theme``, ``feature`` (of ``evidence.table``), ``code``, and ``sign``: 1 where who says the code
        should have more of the feature, -1 where less.
    placed
        Where interviewees are other people than those of the personas: what ``assign_personas`` says of them, from
        questions that both answered. People who are in the personas keep theirs.

    Returns
    -------
    DataFrame
        One row a theme and persona, sorted by mark: ``contradict`` (both set the persona apart, in opposite ways),
        ``complement`` (one does, the other knows of no difference), ``converge`` (both do, the same way), ``silent`` (one
        has nothing to say, or neither sets it apart). Logs and answers set apart where the interval of the ``difference``
        excludes 0; interviewees where ``log_odds`` is above 1 (they speak of it more: a hint, not a test) or below -2 (they
        hardly do: silence is a weaker sign). Also n_inside, with_code of
        interviewees and of those elsewhere, the mean ``posterior`` of the persona's interviewees, and how many
        interviewees of the study could not be placed (``cannot_tell``).

    Raises
    ------
    StudyError
        Evidence of other personas; no interviewee in any persona; themes without their columns.
    ChoiceError
        A feature or a code that does not exist; a sign that is not 1 or -1.

    References
    ----------
    Farmer, Robinson, Elliott and Eyles (2006), triangulation protocol; Guetterman, Fetters and Creswell (2015), joint
    displays.
    """
    names = [str(one) for one in personas.membership.columns]
    check_evidence(evidence, personas)
    people, cannot_tell = _interviewees(study, personas, placed)
    passages = interviewed(study.codes, people)
    codes = code_rows(passages, people).set_index([PERSONA, CODE])
    _check_themes(themes, evidence, passages)
    each = passages.drop_duplicates(PARTICIPANT)
    asked = each["group"].value_counts().reindex(range(len(names)), fill_value=0)
    posterior = each.groupby("group")["posterior"].mean().reindex(range(len(names)))
    table = evidence.table.set_index([PERSONA, FEATURE])
    rows = []
    for theme in themes.to_dict("records"):
        for at, persona in enumerate(names):
            seen = table.loc[(persona, theme[FEATURE])]
            said = codes.loc[(persona, theme[CODE])] if (persona, theme[CODE]) in codes.index else None
            rows.append({**_one(seen, said, theme), "theme": theme["theme"], PERSONA: persona,
                         "interviewees": int(asked.iloc[at]), "interviewees_elsewhere": int(asked.sum() - asked.iloc[at]),
                         "posterior": posterior.iloc[at], "cannot_tell": cannot_tell})
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    order = np.argsort([MARKS.index(mark) for mark in frame["mark"]], kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def _one(seen: pd.Series, said: pd.Series | None, theme: Mapping[Hashable, Any]) -> dict[str, object]:
    """Compare one theme in one persona."""
    lift = int(seen["low"] > 0) - int(seen["high"] < 0)
    score = np.nan if said is None else float(said["log_odds"])
    voice = int(theme["sign"]) * (int(score >= SAID) - int(score <= UNSAID))
    known = not np.isnan(seen["low"]) and not np.isnan(score)
    both = lift * voice
    mark = "contradict" if both < 0 else "converge" if both > 0 else "complement" if known and (lift or voice) else "silent"
    counts = {name: 0 if said is None else int(said[name]) for name in ("with_code", "elsewhere")}
    return {EVIDENCE_ID: row_id("joint", seen[EVIDENCE_ID], "" if said is None else said[EVIDENCE_ID], theme["sign"]),
            FEATURE: theme[FEATURE], CODE: theme[CODE], "mark": mark, "log_odds": score, **counts,
            **{name: seen[name] for name in ("difference", "low", "high", "n_inside")}}


def _interviewees(study: Study, personas: Personas, placed: pd.DataFrame | None) -> tuple[People, int]:
    """Return the interviewees with their persona, by shared ids or as placed; and how many have none."""
    spoke, shared, told = place_interviewees(study, personas, placed)
    membership = pd.concat([shared, told])
    if not len(membership):
        raise StudyError(f"interviews: none of the {len(spoke)} interviewees is in a persona ({first_five(spoke)}). Use the "
                         f"same participant_id in both, or ask interviewees the questions of a typing tool and give "
                         f"placed=assign_personas(tool, answers).")
    return line_up_frame(membership), len(spoke) - len(membership)


def _check_themes(themes: pd.DataFrame, evidence: Evidence, passages: pd.DataFrame) -> None:
    missing = [one for one in ("theme", FEATURE, CODE, "sign") if one not in themes.columns]
    if missing:
        raise StudyError(f"themes: column {missing[0]!r} is missing (columns: {first_five(themes.columns)}). "
                         f"Give theme, feature, code and sign (1 or -1).")
    for column, known in ((FEATURE, evidence.table[FEATURE]), (CODE, passages[CODE])):
        allowed = sorted(set(known))
        for name in themes[column]:
            if name not in allowed:
                raise ChoiceError(unknown_name(f"themes.{column}", name, allowed))
    if not themes["sign"].isin([1, -1]).all():
        raise ChoiceError(f"themes.sign: found {first_five(themes['sign'])}. Write 1 where who says the code should have "
                          f"more of the feature, -1 where less.")
