"""Everything a run computes, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from personakit.answers import answer_table
from personakit.behaviour import behaviour_table
from personakit.candidates import METHODS, find_candidates
from personakit.coding import code_table
from personakit.content import content_plan, goal_alignment
from personakit.errors import StudyError, TooFewError
from personakit.eventlog import stays_stored
from personakit.evidence import gather_evidence, link_interviews
from personakit.features import build_features
from personakit.frozen import Sentence
from personakit.journeys import describe_journeys, trace_journeys
from personakit.personas import choose, label, recommend, suggest_labels
from personakit.records import Candidates, Evidence, Features, JourneyFindings, Journeys, Personas, Study
from personakit.schema import ORIGIN
from personakit.study import check_study
from personakit.typing_tool import TypingTool, assign_personas, build_typing_tool
from personakit.wording import check_language, say_key


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """What a run found out, before anything is drawn: ``personas`` and ``evidence`` are None where there are none.

    ``also``: content (the content plan), alignment (of goals) and interviews (their links), where the study has such.
    ``tool`` is a typing tool, or the sentence that says why there is none.
    """

    study: Study
    checks: pd.DataFrame
    features: Features
    candidates: Candidates
    personas: Personas | None
    evidence: Evidence | None
    findings: JourneyFindings | None
    language: str
    seed: int
    tool: TypingTool | Sentence
    also: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    hypotheses: pd.DataFrame | None = None


def analyse_study(
    study: Study,
    *,
    k: Sequence[int] = range(2, 9),
    candidate: str | None = None,
    language: str | None = None,
    seed: int = 7,
) -> Analysis:
    """Do everything that is computed: features, candidates, personas, evidence and journeys, as far as the tables allow."""
    language = check_language(language or study.language)
    if study.events is not None and stays_stored(study.events):
        raise StudyError("events: a whole run looks at every event in memory, and there are too many for that. Call the "
                         "verbs one by one (habits, personas and most views of journeys do without), or keep fewer events.")
    features = build_features(study, *tables_of_people(study))
    candidates = find_candidates(features, k=k, seed=seed)
    personas = pick_personas(study, candidates, candidate, language)
    evidence = gather_evidence(study, features, personas, seed=seed) if personas is not None else None
    if personas is not None and evidence is not None:
        personas = name_personas(study, personas, evidence, candidate, language)
    journeys = trace_journeys(study) if study.events is not None else None
    findings = describe_journeys(journeys, personas, study=study, seed=seed) if journeys is not None else None
    tool = type_people(study, features, personas, seed)
    return Analysis(study=study, checks=check_study(study, language=language), features=features, candidates=candidates,
                    personas=personas, evidence=evidence, findings=findings, language=language, seed=seed,
                    tool=tool, also=_besides(study, journeys, personas, (evidence, findings, tool), seed=seed))


def _besides(
    study: Study, journeys: Journeys | None, personas: Personas | None,
    found: tuple[Evidence | None, JourneyFindings | None, TypingTool | Sentence], *, seed: int,
) -> dict[str, pd.DataFrame]:
    """Plan content where the study has some, set goals beside what people say, and interviews beside the personas."""
    evidence, findings, tool = found
    if personas is None or evidence is None:
        return {}
    also = {}
    contents = study.contents
    if contents is not None and journeys is not None and {"kind", "theme", "format"} & set(contents.columns):
        also["content"] = content_plan(study, journeys, personas, findings, seed=seed)
    if study.goals is not None and len(study.goals):
        also["alignment"] = goal_alignment(study, evidence)
    if study.codes is not None and len(study.codes) and coded_interviews(study) is None:
        also["interviews"] = link_silos(study, personas, tool, seed=seed)
    return also


def link_silos(study: Study, personas: Personas, tool: TypingTool | Sentence, *, seed: int) -> pd.DataFrame:
    """Tell which interviewees have a place in personas of other tables, and what interviews alone would make."""
    placed = alone = None
    if isinstance(tool, TypingTool):
        placed = assign_personas(tool, answer_table(study).reindex(columns=tool.questions.index))
    with suppress(TooFewError):  # too few interviews to look for personas in them
        spoken = find_candidates(build_features(study, code_table(study)), k=range(2, 5), seed=seed)
        alone = recommend(spoken) if spoken.recommended is not None else None
    return link_interviews(study, personas, spoken=alone, placed=placed, seed=seed)


def tables_of_people(study: Study, *, window_days: float | None = None) -> tuple[pd.DataFrame | None, ...]:
    """Make the tables that features come from, as far as the study has them; habits over the window of another wave."""
    habits = None
    if study.events is not None:
        same = window_days is not None and np.isfinite(window_days)
        habits = behaviour_table(study, window_days=float(window_days or 0)) if same else behaviour_table(study)
    return habits, answer_table(study) if study.answers is not None else None, coded_interviews(study)


def coded_interviews(study: Study) -> pd.DataFrame | None:
    """Make features of codes where interviews are all there is; beside other tables they are counted and quoted."""
    return code_table(study) if study.codes is not None and study.events is None and study.answers is None else None


def pick_personas(study: Study, candidates: Candidates, candidate: str | None, language: str) -> Personas | None:
    """Take the candidate asked for, else the one people chose in study.toml, else the recommended one, else none."""
    if candidate is not None and candidate != study.choice.get("candidate"):
        reason = say_key("run.asked_for", language, candidate=candidate)
        return replace(choose(candidates, candidate, by="personakit", reason=reason), chosen=False)
    if study.choice:
        return choose(candidates, study.choice["candidate"], by=study.choice["by"], reason=study.choice["reason"],
                      when=study.choice.get("when", ""))
    return recommend(candidates, language=language) if candidates.recommended is not None else None


def name_personas(
    study: Study, personas: Personas, evidence: Evidence, candidate: str | None, language: str
) -> Personas:
    """Give each persona the name that people chose, and a suggested one where they chose none."""
    own = dict(study.names) if candidate in (None, study.choice.get("candidate")) else {}
    if own:
        by, reason = study.choice.get("by", "study.toml"), say_key("run.named", language)
        personas = label(personas, own, by=by, reason=reason, when=study.choice.get("when", ""))
    suggestions = suggest_labels(personas, evidence, language=language)["label"]
    open_names = {str(persona): name for persona, name in suggestions.items() if persona not in personas.names}
    if not open_names:
        return personas
    return label(personas, open_names, by="personakit", reason=say_key("run.suggested", language))


def type_people(study: Study, features: Features, personas: Personas | None, seed: int) -> TypingTool | Sentence:
    """Build a typing tool of the survey's questions, or say why there is none: it must not lend personas a truth."""
    if personas is None:
        return Sentence(key="typing.no_personas")
    if study.answers is None or not features.catalog[ORIGIN].eq("answers").any():
        return Sentence(key="typing.no_answers")
    if personas.quality["verdict"] == "none":
        return Sentence(key="typing.unproven")
    try:
        tool = build_typing_tool(personas, features, METHODS[str(personas.quality["method"])], seed=seed)
    except TooFewError:
        return Sentence(key="typing.too_few")
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    if row["low"] <= tool.largest:
        return Sentence(key="typing.not_written", values={"accuracy": float(row["accuracy"]), "largest": tool.largest})
    return tool
