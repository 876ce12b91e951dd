"""The appendix of the report: what was examined, the data, and the limits that the records themselves state."""

from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd

from personakit.export.answer import Spoken
from personakit.records import Candidates, Personas
from personakit.wording import number, say, say_key, term

#: measures of a candidate that the table shows, where the search has them
MEASURES = ("k", "smallest_n", "stability", "gap", "separation", "verdict")


def limits(spoken: Spoken) -> list[str]:
    """Say what this study cannot tell: what the records note themselves, then what no study of its kind can."""
    notes = [*spoken.candidates.features.notes, *(spoken.evidence.notes if spoken.evidence is not None else ())]
    said = [say(one, spoken.language) for one in notes]
    return [*dict.fromkeys(said), *general_limits(spoken)]


def general_limits(spoken: Spoken) -> list[str]:
    """Say what no study of this kind can tell, and how many journeys are not over: the limits of the summary."""
    why = () if spoken.findings is None else spoken.findings.why
    said = [say(one, spoken.language) for one in why if one.key in ("journeys.open", "journeys.unmapped")]
    keys = ["cause", "panel", *(["content"] if "content" in spoken.also else []),
            *(["interviews"] if spoken.study.codes is not None else [])]
    return said + [spoken.say(f"limit_{key}") for key in keys]


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


def candidate_rows(candidates: Candidates, personas: Personas | None, language: str) -> dict[str, object]:
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


def plain_rows(frame: pd.DataFrame, language: str) -> dict[str, object]:
    """Return a frame as words: known columns with their titles, numbers and vocabulary in the language."""
    known = ["table", "file", "rows_in", "kept", "set_aside", "reason", "rows", "check", "result", "count",
             "what_to_do"]
    columns = [name for name in frame.columns if name in known]
    rows = [[_cell(row[name], language) for name in columns] for _, row in frame.iterrows()]
    return {"columns": [say_key(f"report.{name}", language) for name in columns], "rows": rows}


def with_reasons(set_aside: pd.DataFrame, language: str) -> pd.DataFrame:
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
