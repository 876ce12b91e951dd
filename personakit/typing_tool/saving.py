"""A typing tool as a file: a rule for programs (JSON), a questionnaire to print (HTML), a sheet that scores (XLSX)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.frozen import Sentence
from personakit.typing_tool.questionnaire import questionnaire
from personakit.typing_tool.sheet import scoring_sheet
from personakit.typing_tool.tool import TypingTool
from personakit.wording import check_language

SCHEMA = "personakit.typing_tool/1"
FORMATS = (".json", ".html", ".xlsx")
#: frame of the record -> name of its index
FRAMES = {"questions": "question", "rule": "term", "checks": "questions", "recall": "persona", "calibration": None}


def save_typing_tool(tool: TypingTool, path: str | PathLike[str], *, language: str = "en", rows: int = 500) -> Path:
    """Write a typing tool; the ending of the path says how.

    ``.json``: the rule and its checks, which ``load_typing_tool`` and ``personakit assign`` read. ``.html``: the
    questionnaire, to print. ``.xlsx``: a sheet with live formulas, one row a person, that gives persona and probability
    without Python; it needs the extra ``excel``. None of them holds anything about a participant of the study.

    Parameters
    ----------
    tool
        From ``build_typing_tool``.
    path
        The file to write; it is replaced where it exists.
    language
        ``fr`` or ``en``, of the questionnaire and the sheet. Questions keep the words of the study.
    rows
        People for whom the sheet has formulas, 1 to 10,000.

    Returns
    -------
    The path.

    Raises
    ------
    ChoiceError
        An ending that is none of these.
    StudyError
        The language is unknown, rows out of range, or openpyxl is not installed.

    Examples
    --------
    >>> save_typing_tool(None, "tool.pdf")
    Traceback (most recent call last):
    personakit.errors.ChoiceError: path: '.pdf' is unknown. Allowed: .json, .html, .xlsx.
    """
    path = Path(path)
    check_language(language)
    if path.suffix not in FORMATS:
        raise ChoiceError(unknown_name("path", path.suffix, FORMATS))
    if not 1 <= rows <= 10_000:
        raise StudyError(f"rows: {rows} is out of range. Give 1 to 10,000 people.")
    if path.suffix == ".json":
        content = to_json(tool).encode()
    elif path.suffix == ".html":
        content = questionnaire(tool, language).encode()
    else:
        content = scoring_sheet(tool, language, rows)
    path.write_bytes(content)
    return path


def to_json(tool: TypingTool) -> str:
    """Write the record as JSON: every number in full, gaps as null."""
    held: dict[str, Any] = {"schema": SCHEMA}
    for one in fields(TypingTool):
        value = getattr(tool, one.name)
        if one.name in FRAMES:
            frame = value if FRAMES[one.name] is None else value.reset_index()
            value = {str(name): [_plain(cell) for cell in frame[name].tolist()] for name in frame.columns}
        elif one.name == "why":
            value = [{"key": sentence.key, "values": dict(sentence.values)} for sentence in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        held[one.name] = value
    return json.dumps(held, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(cell: object) -> object:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def load_typing_tool(path: str | PathLike[str]) -> TypingTool:
    """Read a typing tool that ``save_typing_tool`` wrote as JSON.

    Returns
    -------
    TypingTool
        The same rule: ``assign_personas`` gives the same to the last digit.

    Raises
    ------
    StudyError
        The file is not a typing tool of this version.

    Examples
    --------
    >>> load_typing_tool("nowhere.json")
    Traceback (most recent call last):
    personakit.errors.StudyError: nowhere.json: cannot be read. Give the .json that save_typing_tool wrote.
    """
    path = Path(path)
    advice = "Give the .json that save_typing_tool wrote."
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StudyError(f"{path.name}: cannot be read. {advice}") from None
    if not isinstance(held, dict) or held.get("schema") != SCHEMA:
        found = held.get("schema") if isinstance(held, dict) else None
        raise StudyError(f"{path.name}: is {found!r}, not {SCHEMA!r}. {advice}")
    missing = [one.name for one in fields(TypingTool) if one.name not in held]
    if missing:
        raise StudyError(f"{path.name}: lacks {', '.join(missing)}. {advice}")
    try:
        for name, index in FRAMES.items():
            frame = pd.DataFrame(held[name])
            held[name] = frame if index is None else frame.set_index(index)
        for end in ("low", "high"):
            held["questions"][end] = held["questions"][end].astype("float64")
        held["why"] = tuple(Sentence(key=one["key"], values=one["values"]) for one in held["why"])
        return TypingTool(**{one.name: held[one.name] for one in fields(TypingTool)})
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{path.name}: its parts do not fit together ({error}). {advice}") from None
