"""The study report: one page that leads from the question to personas, journeys, data and limits."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.disclosure import hide_small
from personakit.documents import Card, JourneyMap
from personakit.export.answer import Spoken, five_lines
from personakit.export.cards import used_evidence
from personakit.export.drawings import avatar, persona_colour, share_bar
from personakit.export.found import breaks, comparisons, frictions, why_none
from personakit.export.render import file_name, render
from personakit.export.tables import map_name
from personakit.records import Candidates, Evidence, JourneyFindings, Personas, Study
from personakit.wording import check_language, number, say, say_key, term

#: measures of a candidate that the table shows, where the search has them
MEASURES = ("k", "smallest_n", "stability", "gap", "separation", "verdict")


def save_report(
    folder: str | Path, *, study: Study, candidates: Candidates, personas: Personas | None = None,
    evidence: Evidence | None = None, findings: JourneyFindings | None = None, cards: Sequence[Card] = (),
    maps: Sequence[JourneyMap] = (), checks: pd.DataFrame | None = None, typing: Sequence[str] = (), language: str,
) -> Path:
    """Write ``index.html``: the answer first, then what stands behind it; and its five lines as ``summary.txt``.

    Use it last, when cards are saved in ``folder/cards`` and maps in ``folder/maps`` (named by ``map_name``): it links
    to them. Without personas it says what was tried, what that means and what to do next.

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
    candidates = replace(candidates, table=few.drop(columns="hidden"))
    spoken = Spoken(language=check_language(language), study=study, candidates=candidates, personas=personas,
                    evidence=evidence, findings=findings)
    found = {"frictions": frictions(spoken), "breaks": breaks(spoken), "comparisons": comparisons(spoken)}
    ids = [one for claims in found.values() for claim in claims for one in claim.evidence]
    lines = five_lines(spoken)
    values = {
        "title": say_key("report.title", language, study=study.name), "study": study, "lines": lines,
        "numbers": {one: place for place, one in enumerate(dict.fromkeys(ids), start=1)},
        "personas": [_persona(card, maps) for card in cards], "why": why_none(spoken) if not cards else [],
        "reasons": [say(one, language) for one in (*candidates.why, *candidates.features.notes)], "seed": candidates.seed,
        "picture": candidates_picture(candidates, language), "candidates": _candidate_rows(candidates, personas, language),
        "maps": [{"title": one.title, "href": f"maps/{map_name(one)}.html"} for one in maps],
        "findings": findings is not None, "sources": _rows(study.sources, language),
        "set_aside": _rows(_with_reasons(study.set_aside, language), language),
        "passed": 0 if checks is None else int((checks["result"] == "passed").sum()),
        "checks": None if checks is None else _rows(checks[checks["result"] != "passed"], language),
    }
    path = Path(folder) / "index.html"
    values |= {"typing": typing, "typing_files": [one.name for one in sorted((Path(folder) / "typing").glob("*"))]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    path.write_text(render("report.html", language, **values, **found), encoding="utf-8", newline="\n")
    return path


def _persona(card: Card, maps: Sequence[JourneyMap]) -> dict[str, object]:
    numbers: Any = card.figures["share"]
    colour = persona_colour(card.persona)
    label = say_key("cards.avatar", card.language, persona=card.persona)
    lines = str(numbers["text"]).split("\n")
    own = [one for one in maps if one.persona == card.persona]
    return {"title": card.title, "summary": card.summary.text, "banner": card.banner, "share": lines,
            "avatar": avatar(card.persona, label=label), "colour": colour, "evidence": len(used_evidence(card)),
            "bar": share_bar(numbers, colour=colour, label=" ".join(lines)) if "share" in numbers else "",
            "card": f"cards/{file_name(card.persona)}.html", "map": f"maps/{map_name(own[0])}.html" if own else ""}


def candidates_picture(candidates: Candidates, language: str) -> str:
    """``plot_candidates`` as inline SVG: no date, no random id, words as text, so the same record gives the same bytes."""
    import matplotlib as mpl
    from markupsafe import Markup
    from matplotlib.figure import Figure

    from personakit.plots import draw_candidates

    settings: Any = {"svg.hashsalt": "personakit", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
    plain: Any = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    with mpl.rc_context({**plain, **settings}):
        figure = Figure(figsize=(10, 3.1), layout="constrained")
        draw_candidates(candidates, figure, language=language)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawn = re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    alternative = Markup('<svg role="img" aria-label="{}"').format(say_key("report.picture_candidates", language))
    return Markup(drawn.replace("<svg", alternative, 1))  # noqa: S704 - matplotlib escapes its texts


def _candidate_rows(candidates: Candidates, personas: Personas | None, language: str) -> dict[str, object]:
    """Return the table behind the picture; the candidate that is shown is marked."""
    table = candidates.table
    columns = [name for name in MEASURES if name in table.columns]
    shown = personas.candidate if personas is not None else candidates.recommended
    rows = [{"cells": [str(name), *(_measure(row[one], one, language) for one in columns)], "marked": name == shown}
            for name, row in table.iterrows()]
    return {"columns": [say_key(f"report.{one}", language) for one in ("candidate", *columns)], "rows": rows}


def _measure(value: Any, name: str, language: str) -> str:
    if name == "verdict":
        return say_key(f"report.verdict_{value}", language)
    return number(value, language, 0 if name in ("k", "smallest_n") else 2)


def _rows(frame: pd.DataFrame, language: str) -> dict[str, object]:
    """Return a frame as words: known columns with their titles, numbers and vocabulary in the language."""
    known = ["table", "file", "rows_in", "kept", "set_aside", "reason", "rows", "check", "result", "count",
             "what_to_do"]
    columns = [name for name in frame.columns if name in known]
    rows = [[_cell(row[name], language) for name in columns] for _, row in frame.iterrows()]
    return {"columns": [say_key(f"report.{name}", language) for name in columns], "rows": rows}


def _with_reasons(set_aside: pd.DataFrame, language: str) -> pd.DataFrame:
    """Say why rows were set aside, in words where we have them."""
    def said(reason: str) -> str:
        try:
            return say_key(f"study.aside_{reason}", language)
        except KeyError:
            return reason

    return set_aside.assign(reason=[said(str(reason)) for reason in set_aside["reason"]])


def _cell(value: Any, language: str) -> str:
    if isinstance(value, str):
        return term(value, language)
    return "" if pd.isna(value) else number(value, language, 0)
