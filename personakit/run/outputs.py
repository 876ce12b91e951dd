"""The whole journey in one function: a study in, a folder of cards, maps, tables and one report out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.cards import make_cards, with_file_ids
from personakit.disclosure import content_cells
from personakit.documents import Card, JourneyMap
from personakit.errors import StudyError
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
    save_manifest,
    save_map,
    save_report,
    save_tables,
)
from personakit.frozen import Sentence
from personakit.maps import make_map
from personakit.records import Study
from personakit.run.analysis import Analysis, analyse_study
from personakit.typing_tool import TypingTool, save_typing_tool
from personakit.wording import say, say_key


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
