"""The study report: one page that leads from the question to evidence, personas and maps, and a summary of two pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.disclosure import content_cells, hide_small
from personakit.documents import Card, JourneyMap
from personakit.export.answer import Spoken, five_lines
from personakit.export.appendix import candidate_rows, candidates_picture, limits, plain_rows, with_reasons
from personakit.export.cards import used_evidence
from personakit.export.drawings import avatar, persona_colour, share_bar
from personakit.export.found import breaks, comparisons, firmness, frictions, goals, interviews, seen, to_try, why_none
from personakit.export.render import file_name, render
from personakit.export.summary import summary_values
from personakit.export.tables import map_name
from personakit.records import Candidates, Evidence, JourneyFindings, Personas, Study
from personakit.wording import check_language, say, say_key


def save_report(
    folder: str | Path, *, study: Study, candidates: Candidates, personas: Personas | None = None,
    evidence: Evidence | None = None, findings: JourneyFindings | None = None, cards: Sequence[Card] = (),
    maps: Sequence[JourneyMap] = (), checks: pd.DataFrame | None = None, also: Mapping[str, pd.DataFrame] | None = None,
    typing: Sequence[str] = (), language: str,
) -> Path:
    """Write ``index.html``: the question, the answer, its evidence, the personas, their maps, what to try; and an appendix.

    Use it last, when cards are saved in ``folder/cards`` and maps in ``folder/maps`` (named by ``map_name``): it links
    to them. Beside it come ``executive-summary.html``, two pages A4 to print, and ``summary.txt``, the five lines of the
    answer. Without personas it says what was tried, what that means and what to do next.

    Parameters
    ----------
    folder
        Made if it does not exist.
    study, candidates, personas, evidence, findings
        The records of the run; the last three where there are any.
    cards, maps
        What was saved beside the report.
    checks
        What ``check_study`` returned.
    also
        ``content`` (from ``content_plan``), ``alignment`` (from ``goal_alignment``), ``survival`` (from ``multiverse``) and
        ``interviews`` (from ``link_interviews``), where there are any.
    typing
        Sentences on the typing tool; its files are linked where ``folder/typing`` holds them.
    language
        ``fr`` or ``en``.

    Returns
    -------
    The path of ``index.html``.

    Raises
    ------
    StudyError
        The language is unknown.
    """
    few = hide_small(candidates.table.astype({"smallest_n": "float64"}), counts=["smallest_n"], values=["smallest_n"])
    candidates, given = replace(candidates, table=few.drop(columns="hidden")), dict(also or {})
    if "content" in given:
        given["content"] = content_cells(given["content"])
    spoken = Spoken(language=check_language(language), study=study, candidates=candidates, personas=personas,
                    evidence=evidence, findings=findings, also=given)
    found = {"frictions": frictions(spoken), "breaks": breaks(spoken), "comparisons": comparisons(spoken),
             "to_try": to_try(spoken), "goals": goals(spoken), "interviews": interviews(spoken)}
    ids = [one for claims in found.values() for claim in claims for one in claim.evidence]
    lines = five_lines(spoken)
    values = {
        "title": say_key("report.title", language, study=study.name), "study": study, "lines": lines,
        "numbers": {one: place for place, one in enumerate(dict.fromkeys(ids), start=1)},
        "personas": [_persona(card, maps) for card in cards], "why": why_none(spoken) if not cards else [],
        "maps": [{"title": one.title, "href": f"maps/{map_name(one)}.html"} for one in maps],
        "findings": findings is not None, "firmness": firmness(spoken), "seen": seen(spoken),
        **_appendix(spoken, checks), **found,
    }
    path = Path(folder) / "index.html"
    values |= {"typing": typing, "typing_files": [one.name for one in sorted((Path(folder) / "typing").glob("*"))]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    short = render("summary.html", language, **values, **summary_values(spoken, cards, maps))
    path.with_name("executive-summary.html").write_text(short, encoding="utf-8", newline="\n")
    path.write_text(render("report.html", language, **values), encoding="utf-8", newline="\n")
    return path


def _appendix(spoken: Spoken, checks: pd.DataFrame | None) -> dict[str, object]:
    """Return what the appendix holds: candidates, data, checks and limits."""
    candidates, language = spoken.candidates, spoken.language
    aside = with_reasons(spoken.study.set_aside, language)
    return {
        "reasons": [say(one, language) for one in candidates.why], "seed": candidates.seed, "limits": limits(spoken),
        "picture": candidates_picture(candidates, language), "sources": plain_rows(spoken.study.sources, language),
        "candidates": candidate_rows(candidates, spoken.personas, language), "set_aside": plain_rows(aside, language),
        "passed": 0 if checks is None else int((checks["result"] == "passed").sum()),
        "checks": None if checks is None else plain_rows(checks[checks["result"] != "passed"], language),
    }


def _persona(card: Card, maps: Sequence[JourneyMap]) -> dict[str, object]:
    numbers: Any = card.figures["share"]
    colour = persona_colour(card.persona)
    label = say_key("cards.avatar", card.language, persona=card.persona)
    lines = str(numbers["text"]).split("\n")
    own = [one for one in maps if one.persona == card.persona]
    return {"id": card.persona, "title": card.title, "summary": card.summary.text, "banner": card.banner, "share": lines,
            "avatar": avatar(card.persona, label=label), "colour": colour, "evidence": len(used_evidence(card)),
            "bar": share_bar(numbers, colour=colour, label=" ".join(lines)) if "share" in numbers else "",
            "card": f"cards/{file_name(card.persona)}.html", "map": f"maps/{map_name(own[0])}.html" if own else ""}
