"""The record of a typing tool: the questions, the rule, and how well both do on people they were not made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from personakit.errors import StudyError
from personakit.frozen import Sentence, freeze, show, show_html

#: the first row of the rule: what each persona starts with
INTERCEPT = "intercept"
QUESTION, LEVEL, FILL = "question", "level", "fill"
#: from this probability on a person is placed; below it the answer is "cannot tell"
SURE = 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class TypingTool:
    """A rule that places people in personas from a few answers.

    ``questions`` is indexed by question: label, kind, unit, low, high (the answers seen, of open numbers rounded outwards;
    NaN for nominal ones), cost, answered (share of people who did), picked (share of trials that picked it). ``rule`` is
    indexed by term: question,
    level (of a nominal question, else empty), fill (what stands for an answer that is not given) and one weight a persona;
    its first row is the intercept. The score of a persona is the sum of weight times answer (a level counts 1 or 0), its
    probability exp(score) over the sum of all. ``personas`` maps P1..Pk to the names people gave.

    ``checks`` has one row a number of questions, on people that neither the personas nor the rule had seen: asked (the
    questions), cost, accuracy, low, high, least_recall, cannot_tell (share), accuracy_told, placed_right (share of all who
    are placed, and rightly), brier, calibration_error, chosen. ``recall``: persona (index), n, recall, low, high.
    ``calibration``: from, to, n, said, right. ``largest`` is the share of the largest persona: what naming it always gives.
    ``verdict`` is that of the personas: no accuracy lifts it. ``why`` says it all in sentences.
    """

    candidate: str
    verdict: str
    personas: Mapping[str, str]
    questions: pd.DataFrame
    rule: pd.DataFrame
    checks: pd.DataFrame
    recall: pd.DataFrame
    calibration: pd.DataFrame
    largest: float
    people: int
    target: float
    seed: int
    sure: float = SURE
    why: tuple[Sentence, ...] = field(default=())

    def __post_init__(self) -> None:
        missing = [name for name in (QUESTION, LEVEL, FILL, *self.personas) if name not in self.rule.columns]
        if missing or not len(self.rule) or self.rule.index[0] != INTERCEPT:
            raise StudyError(f"typing tool: the rule lacks {', '.join(missing) or 'its intercept'}. "
                             f"Build it with build_typing_tool.")
        freeze(self)

    def __repr__(self) -> str:
        row = self.checks[self.checks["chosen"]].iloc[0]
        facts = {"personas": len(self.personas), "questions": len(self.questions),
                 "accuracy on people not seen": f"{row['accuracy']:.2f}"}
        return show(f"TypingTool of {self.candidate} (verdict: {self.verdict})", facts, "assign_personas(tool, new_people)")

    _repr_html_ = show_html
