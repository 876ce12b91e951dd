"""After the exercise: what each group said beside what was planted in its study, and how near it came."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.inference import adjusted_rand
from personakit.schema import PERSONA
from personakit.wording import say_key, term
from personakit.workshop.dealing import ANSWERS, ENVELOPE, MAP, QUESTIONS, unseal
from personakit.workshop.drawn import PART, read_map, score_map
from personakit.workshop.scoring import score_count, score_pair, score_touchpoint

#: a score that counts as found; of memberships, the agreement with the truth among people who clearly have a persona
FOUND = 0.6
MEMBERSHIP = "membership.csv"
COLUMNS = ["group", "question", "said", "planted", "score", "right", "hint"]
#: said, planted, score (None where nothing was said)
Judged = tuple[str, str, float | None]


def debrief(folder: str | Path) -> pd.DataFrame:
    """Open the envelope, lay each group's answers and map beside what was planted in its study, and score them.

    Use it in front of the groups, at the end. Groups write ``answers.toml`` in their folder, type their journey map into
    ``map.csv`` and, if they like, write ``membership.csv`` (a participant and a persona on each line). A wrong answer is no
    failure of the group: with few people some planted things cannot be found, and the group with noise was meant to find
    nothing. A map is read kindly: each of its personas stands for the planted one that it is most like, so it cannot tell
    whether its names fit.

    Parameters
    ----------
    folder
        What ``deal_workshop`` wrote.

    Returns
    -------
    DataFrame
        group, question (personas, friction, channel_break, content_gap, membership, and of the map: map_stages,
        map_most_at, map_channel, map_friction, map_channel_break, map_trough), said, planted, score (0 to 1; NaN where
        nothing was said or nothing could be planted), right (a score of .6 or more; None without one), hint (where it can
        be seen, in the language of the forms; empty where all is right). A half is scored for half an answer: one persona
        too many, another touchpoint of the stage, a break the wrong way round. ``membership``: the adjusted Rand index
        with the truth. ``map_stages``: the share of moves from stage to stage that are where visits most often go on.

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
    ...     _ = form.write_text('personas = "2"')
    ...     print(*debrief(home).loc[0, ["said", "planted", "score", "right"]])
    2 3 0.5 False
    """
    home = Path(folder)
    rows: list[tuple[object, ...]] = []
    for name, truth in unseal(home / "facilitator" / ENVELOPE).items():
        said = _form(home / name / ANSWERS)
        judged = {question: _judged(question, _text(said.get(question, "")), truth) for question in QUESTIONS}
        judged["membership"] = _membership(home / name / MEMBERSHIP, truth)
        judged |= _map(home / name / MAP, truth)
        for question, (answer, planted, score) in judged.items():
            right = None if score is None else score >= FOUND
            rows.append((name, question, answer, planted, score, right, _hint(question, score, truth)))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"score": "float64", "right": "object"})


def tell_debrief(folder: str | Path) -> str:
    """Say the debrief as lines to read from a screen, a group at a time; raises as ``debrief`` does."""
    truths = unseal(Path(folder) / "facilitator" / ENVELOPE)
    lines = []
    for group, rows in debrief(folder).groupby("group", sort=False):
        language = truths[str(group)]["language"]
        scored = rows["score"].dropna()
        head = "workshop.debrief_total" if len(scored) else "workshop.debrief_blank"
        lines += ["", say_key(head, language, group=group, score=scored.sum(), of=len(scored))]
        for row in rows.to_dict("records"):
            lines += _told(row, language)
    return "\n".join(lines).strip()


def _told(row: Mapping[Any, Any], language: str) -> list[str]:
    """Say one question: a mark, what was said and planted (on lines of their own where they have parts), and the hint."""
    silent = np.isnan(row["score"])
    mark = "·" if silent else "✔" if row["score"] == 1 else "◐" if row["score"] else "✘"
    none = say_key("workshop.planted_none", language)
    said, planted = row["said"] or none, row["planted"] or none
    ask = say_key(f"workshop.ask_{row['question']}", language)
    if PART not in said + planted:
        heard = [say_key("workshop.debrief_line", language, ask=f"  {mark} {ask}",
                         heard=say_key("workshop.debrief_said", language, said=said, planted=planted))]
    else:
        both = zip(("debrief_heard", "debrief_planted"), (said, planted), strict=True)
        heard = [f"  {mark} {ask}", *(f"      {say_key(f'workshop.{key}', language)} {one}"
                                      for key, parts in both for one in parts.split(PART))]
    return heard if silent else [*heard, *([f"      {row['hint']}"] if row["hint"] else [])]


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


def _judged(question: str, said: str, truth: Mapping[str, Any]) -> Judged:
    language, planted = truth["language"], truth[question]
    if question == "personas":
        return said, str(planted or ""), score_count(said, planted) if said else None
    if question == "friction":
        return said, " / ".join(planted), score_touchpoint(said, planted, truth["stage_of"]) if said else None
    ordered = question == "channel_break"
    between = " -> " if ordered else " / "
    shown = [between.join(term(one, language) for one in pair) for pair in planted]
    return said, ", ".join(shown), score_pair(said, planted, ordered=ordered) if said else None


def _map(path: Path, truth: Mapping[str, Any]) -> dict[str, Judged]:
    return {f"map_{column}": judged for column, judged in score_map(read_map(path), truth).items()}


def _hint(question: str, score: float | None, truth: Mapping[str, Any]) -> str:
    if score == 1:
        return ""
    none = "_none" if question == "personas" and not truth["personas"] else ""
    return say_key(f"workshop.hint_{question}{none}", truth["language"])


def _membership(path: Path, truth: Mapping[str, Any]) -> Judged:
    planted = f"{truth['personas']} personas" if truth["people"] else ""
    if not path.is_file():
        return "", planted, None
    try:
        table = pd.read_csv(path, dtype="str", sep=None, engine="python", encoding="utf-8-sig")
    except (ValueError, csv.Error, OSError):
        return "?", planted, None
    if table.shape[1] < 2:
        return "?", planted, None
    if not truth["people"]:
        return f"{table.iloc[:, 1].nunique()} personas", planted, 0.0
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
    return f"{agreement:.2f}", planted, max(agreement, 0.0)
