"""The whole journey in one function: a study in, a folder of cards, maps, tables and one report out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personakit.answers import answer_table
from personakit.behaviour import behaviour_table
from personakit.candidates import METHODS, assign, find_candidates
from personakit.cards import make_cards, with_file_ids
from personakit.coding import code_table
from personakit.content import content_plan, goal_alignment
from personakit.disclosure import content_cells
from personakit.documents import Card, JourneyMap
from personakit.errors import StudyError, TooFewError
from personakit.evidence import gather_evidence, link_interviews
from personakit.export import (
    FORMATS,
    check_formats,
    check_replaceable,
    find_theme,
    finished_folder,
    formats_of,
    map_name,
    publishable_tables,
    save_cards,
    save_comparison,
    save_manifest,
    save_map,
    save_report,
    save_tables,
)
from personakit.features import build_features
from personakit.frozen import Sentence
from personakit.journeys import describe_journeys, trace_journeys
from personakit.maps import make_map
from personakit.monitor import WaveComparison, carry_over, compare_waves, unshared_names
from personakit.personas import choose, label, match_personas, recommend, suggest_labels
from personakit.records import Candidates, Evidence, Features, JourneyFindings, Journeys, Personas, Study
from personakit.schema import ORIGIN
from personakit.study import check_study
from personakit.typing_tool import TypingTool, assign_personas, build_typing_tool, save_typing_tool
from personakit.wording import check_language, say, say_key


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


def run_study(
    study: Study,
    out: str | Path,
    *,
    k: Sequence[int] = range(2, 9),
    candidate: str | None = None,
    language: str | None = None,
    formats: Iterable[str] = ("html", "json"),
    theme: str | Path = "colour",
    hypotheses: pd.DataFrame | None = None,
    seed: int = 7,
) -> Path:
    """Run the whole journey on a study and write everything into one folder.

    Use it for a first look, or to write the same report again after new data came in. It cannot choose for you: where
    the study names no choice it shows the recommended candidate and marks every card as not yet chosen by a person; and
    where nothing beats data without personas it makes no card.

    Parameters
    ----------
    study
        From ``load_study``. Any table but participants may be absent; the run does what the others allow.
    out
        The folder to write. It is written aside and swapped in at the end, so that an interrupted run changes nothing.
    k
        The numbers of personas to try.
    candidate
        A candidate to show instead of the chosen or recommended one, such as ``"latent_class-4"``.
    language
        ``fr`` or ``en``; the study's own where None.
    formats
        Of cards and maps, as ``save_cards`` and ``save_map`` name them; ``html``, to which the report links, is always
        written, and ``xml`` is of maps only.
    theme
        ``colour``, ``grey``, or the path of a brand's TOML.
    hypotheses
        The team's own, from ``read_hypotheses`` or ``judge_hypotheses``: shown on the maps.
    seed
        Of everything that draws by chance. The same study, seed and versions give the same bytes.

    Returns
    -------
    Path of the folder: ``index.html``, ``executive-summary.html``, ``summary.txt``, ``cards/``, ``maps/``, ``tables/``,
    ``typing/`` (where answers allow a typing tool; the report says why where not), ``manifest.json``.

    Raises
    ------
    StudyError, ChoiceError, TooFewError
        Where the study, a name or the number of participants does not allow the run. Nothing is written then.
    """
    formats = tuple(dict.fromkeys(("html", *formats)))
    check_formats(formats, FORMATS)
    find_theme(theme)
    check_replaceable(out)
    analysis = analyse_study(study, k=k, candidate=candidate, language=language, seed=seed)
    analysis = replace(analysis, hypotheses=hypotheses)
    return write_analysis(analysis, out, formats=formats, theme=theme, parameters={"k": list(k), "candidate": candidate})


def write_analysis(
    analysis: Analysis, out: str | Path, *, formats: Sequence[str], theme: str | Path = "colour",
    parameters: Mapping[str, object],
) -> Path:
    """Write cards, maps, tables, report and manifest aside, then swap them in as ``out``; returns its path."""
    cards, maps = draw_cards(analysis), draw_maps(analysis)
    asked = {**parameters, "language": analysis.language, "formats": list(formats), "theme": find_theme(theme).name}
    with finished_folder(out) as folder:
        save_cards(cards, folder / "cards", formats=[one for one in formats if one in formats_of("card")], theme=theme)
        for journey_map in maps:
            save_map(journey_map, folder / "maps" / map_name(journey_map), formats=formats, theme=theme)
        save_tables(tables_of(analysis, maps), folder / "tables")
        typed = write_typing_tool(analysis, folder / "typing")
        save_report(folder, study=analysis.study, candidates=analysis.candidates, personas=analysis.personas,
                    evidence=analysis.evidence, findings=analysis.findings, cards=cards, maps=maps,
                    checks=analysis.checks, also=analysis.also, typing=typed, language=analysis.language)
        save_manifest(folder, study=analysis.study, parameters=asked, seed=analysis.seed)
    return Path(out)


def write_part(
    study: Study, out: str | Path, kind: str, *, formats: Iterable[str], theme: str | Path = "colour",
    hypotheses: pd.DataFrame | None = None, **asked: Any
) -> list[Path]:
    """Run the analysis and write only its cards (``kind`` card) or maps (map); ``asked`` as ``analyse_study`` takes it."""
    formats = tuple(dict.fromkeys(formats))
    check_formats(formats, formats_of(kind))
    look = find_theme(theme)
    check_replaceable(out)
    analysis = replace(analyse_study(study, **asked), hypotheses=hypotheses)
    cards, maps = (draw_cards(analysis), []) if kind == "card" else ((), draw_maps(analysis))
    if not cards and not maps:
        raise StudyError(_nothing_drawn(analysis, kind))
    with finished_folder(out) as folder:
        written = save_cards(cards, folder, formats=formats, theme=look) if cards else []
        written += [path for one in maps for path in save_map(one, folder / map_name(one), formats=formats, theme=look)]
        known = {"candidate": asked.get("candidate"), "language": analysis.language, "formats": list(formats),
                 "theme": look.name}
        save_manifest(folder, study=study, parameters=known, seed=analysis.seed)
    return [Path(out) / path.name for path in written]


def _nothing_drawn(analysis: Analysis, kind: str) -> str:
    if kind == "map":
        return (f"{analysis.study.name}: there is no map to draw: that needs events, and touchpoints with their stages. "
                "Add both to the study, or run `personakit check` to see what is missing.")
    return (f"{analysis.study.name}: there are no personas to make cards of (verdict: {analysis.candidates.verdict}). "
            "Run `personakit run` for the report that says why, or name a candidate with --candidate.")


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


def compare_studies(
    old: Study, new: Study, out: str | Path, *, k: Sequence[int] = range(2, 9), candidate: str | None = None,
    language: str | None = None, seed: int = 7,
) -> Path:
    """Compare two waves of a study: the personas of the old one on the people of the new, and a search done afresh.

    Use it once a year. Names and decisions are those of the old study. It cannot tell why something has changed.

    Parameters
    ----------
    old, new
        From ``load_study``: the same tables, with the same names of events, items and codes; those that only one of the two
        has are listed in ``tables/unshared_names.csv``.
    out
        The folder to write, as ``run_study`` does.
    k, candidate, language, seed
        As for ``run_study``.

    Returns
    -------
    Path of the folder: ``index.html``, ``tables/``, ``manifest.json``.

    Raises
    ------
    StudyError, ChoiceError, TooFewError
        There are no personas in the old study, or the two do not compare. Nothing is written then.
    """
    check_replaceable(out)
    before = analyse_study(old, k=k, candidate=candidate, language=language, seed=seed)
    if before.personas is None:
        raise StudyError(f"{old.name}: there are no personas to compare (verdict: {before.candidates.verdict}). "
                         f"Name a candidate with --candidate, or search in the new wave with `personakit run`.")
    waves = compare_to(before, new, k=k, seed=seed)
    title = say_key("monitor.title", before.language, old=old.name, new=new.name)
    with finished_folder(out) as folder:
        save_comparison(waves, before.personas, folder, title=title, language=before.language)
        save_tables({"unshared_names": unshared_names(old, new)}, folder / "tables")
        asked = {"k": list(k), "candidate": candidate, "language": before.language, "compared_with": old.name}
        save_manifest(folder, study=new, parameters=asked, seed=seed)
    return Path(out)


def compare_to(before: Analysis, new: Study, *, k: Sequence[int], seed: int) -> WaveComparison:
    """Place the people of a new wave in the personas of an analysis, search afresh, and compare."""
    personas = before.personas
    if personas is None:
        raise StudyError("compare_to: the analysis has no personas.")
    tables = tables_of_people(new, window_days=before.features.window_days)
    placed = carry_over(personas, *tables, place=partial(assign, before.candidates, personas.candidate), by="personakit",
                        reason=say_key("monitor.carried", before.language))
    afresh = find_candidates(build_features(new, *tables), k=k, seed=seed)
    links = match_personas(placed, recommend(afresh, language=before.language)) if afresh.recommended else None
    journeys = None
    if before.study.events is not None and new.events is not None:
        journeys = (trace_journeys(before.study), trace_journeys(new))
    return compare_waves(personas, placed, links, journeys=journeys, seed=seed)


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


def write_typing_tool(analysis: Analysis, folder: Path) -> list[str]:
    """Write rule, questionnaire and scoring sheet where there is a tool; returns what the report says of it."""
    tool, language = analysis.tool, analysis.language
    if isinstance(tool, Sentence):
        return [say(tool, language)]
    folder.mkdir()
    for name in ("rule.json", "questionnaire.html"):
        save_typing_tool(tool, folder / name, language=language)
    said = [say(one, language) for one in tool.why]
    try:
        save_typing_tool(tool, folder / "scoring.xlsx", language=language)
    except StudyError:  # openpyxl is an extra
        said.append(say_key("typing.no_sheet", language))
    return said


def draw_cards(analysis: Analysis) -> tuple[Card, ...]:
    """Make the cards, or none where there are no personas."""
    if analysis.personas is None or analysis.evidence is None:
        return ()
    also = {name: one for name, one in analysis.also.items() if name != "interviews"}
    return make_cards(analysis.personas, analysis.evidence, analysis.findings, language=analysis.language,
                      study=analysis.study, also=also)


def draw_maps(analysis: Analysis) -> list[JourneyMap]:
    """Make the map of everyone, then one a persona; none where the study has no stages to put events on."""
    study, findings = analysis.study, analysis.findings
    if findings is None or study.touchpoints is None:
        return []
    personas = [] if analysis.personas is None else [str(one) for one in analysis.personas.membership.columns]
    return [make_map(study, findings, personas=analysis.personas, evidence=analysis.evidence, persona=persona,
                     hypotheses=analysis.hypotheses, language=analysis.language) for persona in (None, *personas)]


def tables_of(analysis: Analysis, maps: Sequence[JourneyMap]) -> dict[str, pd.DataFrame]:
    """Every table of the run that may be exported, by the name of its file."""
    tables = {"checks": analysis.checks.drop(columns="first"), "sources": with_file_ids(analysis.study.sources),
              "set_aside": analysis.study.set_aside.drop(columns="first"),
              **publishable_tables(analysis.candidates, analysis.evidence, analysis.findings, maps)}
    shown = {"content": ("content_plan", content_cells), "alignment": ("goal_alignment", lambda one: one),
             "interviews": ("interview_links", lambda one: one)}
    tables |= {shown[name][0]: shown[name][1](one) for name, one in analysis.also.items()}
    if isinstance(analysis.tool, TypingTool):
        tables |= {"typing_checks": analysis.tool.checks, "typing_recall": analysis.tool.recall}
    return tables if analysis.personas is None else {**tables, "decisions": analysis.personas.decisions}
