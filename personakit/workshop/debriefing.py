"""After the exercise: what each group said beside what was planted in its study."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.inference import adjusted_rand
from personakit.schema import PERSONA
from personakit.wording import canonical
from personakit.workshop.dealing import ANSWERS, ENVELOPE, QUESTIONS, unseal

#: agreement with the truth, among people who clearly have a persona, that counts as found
FOUND = 0.6
NOTHING = ("none", "nothing", "aucun", "aucune", "rien", "0", "pas de personas", "no personas")
#: what people write before a word
ARTICLES = r"^(?:from|the|du|de la|de l['’]|de|la|les|le|l['’])\s*\b"
COLUMNS = ["group", "question", "said", "planted", "right"]


def debrief(folder: str | Path) -> pd.DataFrame:
    """Open the envelope and lay each group's answers beside what was planted in its study.

    Use it in front of the groups, at the end. Groups write ``answers.toml`` in their folder and, if they like,
    ``membership.csv`` (a participant and a persona on each line). A wrong answer is no failure of the group: with few people
    some planted things cannot be found, and the group with noise was meant to find nothing.

    Parameters
    ----------
    folder
        What ``deal_workshop`` wrote.

    Returns
    -------
    DataFrame
        group, question (personas, friction, channel_break, content_gap, membership), said, planted, right (True, False, or
        None where nothing was said). ``membership``: the adjusted Rand index with the truth, right from .6 on.

    Raises
    ------
    StudyError
        There is no envelope, or a form is not TOML.

    References
    ----------
    Hubert and Arabie (1985), Comparing partitions.

    Examples
    --------
    >>> import tempfile
    >>> from personakit.workshop import deal_workshop
    >>> with tempfile.TemporaryDirectory() as home:
    ...     made = deal_workshop(home, groups=1, seed=3, sample="agence")
    ...     form = made / "group-1" / "answers.toml"
    ...     _ = form.write_text('personas = "3"')
    ...     debrief(home).loc[0, ["said", "planted", "right"]].tolist()
    ['3', '3', True]
    """
    home = Path(folder)
    truths = unseal(home / "facilitator" / ENVELOPE)
    rows = []
    for name, truth in truths.items():
        said = _form(home / name / ANSWERS)
        rows += [(name, question, *_judged(question, _text(said.get(question, "")), truth)) for question in QUESTIONS]
        rows.append((name, "membership", *_membership(home / name / "membership.csv", truth)))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"right": "object"})


def _form(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path.parent.name}/{path.name}: is not TOML: {error}. "
                         f"Put each answer between quotation marks.") from None


def _text(answer: object) -> str:
    """Read an answer as a text, whether people wrote a text, a number or a list: ``["web", "shop"]`` is web -> shop."""
    return " -> ".join(map(str, answer)).strip() if isinstance(answer, list) else str(answer).strip()


def _judged(question: str, said: str, truth: Mapping[str, Any]) -> tuple[str, str, bool | None]:
    planted = _spelled(question, truth)
    if not said:
        return "", planted[0], None
    return said, planted[0], _plain(question, said) in {_plain(question, one) for one in planted}


def _spelled(question: str, truth: Mapping[str, Any]) -> list[str]:
    """Spell out what was planted; the first is shown, any counts."""
    if question == "personas":
        return [str(truth["personas"])] if truth["personas"] else ["none", *NOTHING]
    if question == "friction":
        return list(truth["friction"]) or ["none", *NOTHING]
    if question == "channel_break":
        return [" -> ".join(pair) for pair in truth["channel_break"]] or ["none", *NOTHING]
    return [f"{kind} / {stage}" for kind, stage in truth["content_gap"]] or ["none", *NOTHING]


def _plain(question: str, text: str) -> tuple[str, ...]:
    """Read an answer in either language: its words as vocabulary ids, whatever stands between them."""
    if text.strip().casefold() in NOTHING:
        return ("none",)
    if question in ("channel_break", "content_gap"):
        parts = re.split(r"\s*(?:->|→|/|,|;|>|\bat\b|\bà\b|\bto\b|\bvers\b)\s*", text)
        words = tuple(_word(one) for one in parts if one.strip())
        return tuple(sorted(words)) if question == "content_gap" else words
    return (canonical(text).casefold().strip(),)


def _word(text: str) -> str:
    plain = text.strip()
    known = canonical(plain)
    return (known if known != plain else canonical(re.sub(ARTICLES, "", plain, flags=re.IGNORECASE))).casefold()


def _membership(path: Path, truth: Mapping[str, Any]) -> tuple[str, str, bool | None]:
    planted = f"{truth['personas']} personas" if truth["people"] else "none"
    if not path.is_file():
        return "", planted, None
    try:
        table = pd.read_csv(path, dtype="str", sep=None, engine="python", encoding="utf-8-sig")
    except (ValueError, csv.Error, OSError):
        return "?", planted, None
    if table.shape[1] < 2:
        return "?", planted, None
    if not truth["people"]:
        return f"{table.iloc[:, 1].nunique()} personas", planted, False
    column = PERSONA if PERSONA in table.columns else table.columns[1]
    said = table.set_index(table.columns[0])[column].dropna()
    if said.index.has_duplicates:
        return "?", planted, None
    both = [one for one in truth["people"] if one in said.index]
    if len(both) < 2:
        return "?", planted, None
    theirs = pd.Series([truth["people"][one] for one in both])
    first, second = (pd.factorize(one)[0] for one in (said.loc[both], theirs))
    agreement = float(adjusted_rand(first, second, np.ones(len(both))))
    return f"{agreement:.2f}", planted, agreement >= FOUND
