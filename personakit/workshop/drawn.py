"""A group's journey map, typed from the paper into ``map.csv``, and how near it is to the journeys that were planted."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from personakit.records import Study
from personakit.samples.recipes import STAGES
from personakit.schema import CHANNEL, PERSONA, STAGE, TOUCHPOINT
from personakit.wording import say_key, term
from personakit.workshop.scoring import says_nothing, score_pair, score_touchpoint, stage_said, word, words
from personakit.workshop.truth import ALL

#: the columns of the form, in this order; their names there are those of the language
COLUMNS = (PERSONA, "stages", "most_at", CHANNEL, "friction", "channel_break", "trough")
#: what differs from persona to persona, and what is planted for everyone
OWN, SHARED = COLUMNS[1:4], COLUMNS[4:]
EVERYONE = ("all", "everyone", "everybody", "tous", "toutes", "tout le monde")
#: a map that names fewer moves than this is scored as if it had named as many
FEWEST_MOVES = 2
#: between what rows of a map say
PART = "; "


def read_map(drawn: object) -> pd.DataFrame:
    """Read a map that was typed: a table, or the path of a CSV; rows without an answer are left out.

    What cannot be read as one gives no rows. An answer of the row of everyone stands for each persona that has none.
    """
    table = drawn
    if isinstance(drawn, (str, Path)):
        try:
            table = pd.read_csv(drawn, dtype="str", sep=None, engine="python", encoding="utf-8-sig")
        except (ValueError, csv.Error, OSError):
            return pd.DataFrame(columns=COLUMNS)
    if not isinstance(table, pd.DataFrame) or table.shape[1] < len(COLUMNS):
        return pd.DataFrame(columns=COLUMNS)
    read = table.iloc[:, : len(COLUMNS)].set_axis(list(COLUMNS), axis=1).astype("str").fillna("")
    read = read.apply(lambda one: one.str.strip())
    read[PERSONA] = read[PERSONA].where(~read[PERSONA].str.casefold().isin(EVERYONE), ALL)
    read = read[(read[list(COLUMNS[1:])] != "").any(axis=1)].reset_index(drop=True)
    everyone = read[read[PERSONA] == ALL]
    if not len(everyone) or len(everyone) == len(read):
        return read[:1] if len(everyone) else read
    own = read[read[PERSONA] != ALL].reset_index(drop=True)
    return own.where(own != "", everyone.iloc[0], axis=1)


def unknown_words(drawn: pd.DataFrame, study: Study) -> list[str]:
    """List the words of a map that are no stage, touchpoint or channel of the study, in the order of the map."""
    places = study.touchpoints if study.touchpoints is not None else pd.DataFrame(columns=[TOUCHPOINT, STAGE, CHANNEL])
    stage_of = dict(places[[TOUCHPOINT, STAGE]].to_numpy()) if {TOUCHPOINT, STAGE} <= set(places) else {}
    logs = [one for one in (places, study.events) if isinstance(one, pd.DataFrame) and CHANNEL in one]
    channels = {word(str(one)) for log in logs for one in log[CHANNEL].dropna().unique()}
    unknown = []
    for row in drawn.to_dict("records"):
        passed = [*words(row["stages"]), *(row[name] for name in ("most_at", "friction", "trough"))]
        unknown += [one for one in passed if one and not says_nothing(one)
                    and stage_said(one, stage_of) not in {*study.stages, *stage_of.values()}]
        travelled = [row[CHANNEL], *([] if says_nothing(row["channel_break"]) else words(row["channel_break"]))]
        unknown += [one for one in travelled if one and word(one) not in channels]
    return list(dict.fromkeys(unknown))


def score_map(drawn: pd.DataFrame, truth: Mapping[str, Any]) -> dict[str, tuple[str, str, float | None]]:
    """Score a map: for each column what was said, what was planted, and a score from 0 to 1 (None where nothing was said).

    A row is compared with the planted persona that it is most like, one each; a persona without a row and a row too many
    count 0. A map for everyone is compared with everyone. A move between stages is right where visits most often go on
    there. Of a stop, a break and a trough the rows that name one count.
    """
    scored = {column: _shared(drawn[column], column, truth) for column in SHARED}
    return {**_own(drawn, truth), **scored}


def _own(drawn: pd.DataFrame, truth: Mapping[str, Any]) -> dict[str, tuple[str, str, float | None]]:
    journeys = truth["journeys"]
    apart = [name for name in journeys if name != ALL] if (drawn[PERSONA] != ALL).any() or not len(drawn) else []
    names = apart or [ALL]
    scores = np.array([[[_item(column, row[column], journeys[name], truth) for column in OWN] for name in names]
                       for row in drawn.to_dict("records")]).reshape(len(drawn), len(names), len(OWN))
    rows, places = linear_sum_assignment(scores.sum(axis=2), maximize=True)
    like = {names[place]: f"{names[place]} = {drawn[PERSONA][row]}" for row, place in zip(rows, places, strict=True)}
    language = truth["language"]
    found = {}
    for at, column in enumerate(OWN):
        said = [_named(row[PERSONA], row[column], language) for row in drawn.to_dict("records") if row[column]]
        planted = [_named(like.get(name, name) if name != ALL else ALL, _spelled(column, journeys[name], language), language)
                   for name in names]
        score = float(scores[rows, places, at].sum() / max(len(drawn), len(names))) if said else None
        found[column] = (PART.join(said), PART.join(planted), score)
    return found


def _named(name: str, what: str, language: str) -> str:
    return what if name == ALL else say_key("workshop.debrief_line", language, ask=name, heard=what)


def _item(column: str, said: str, journey: Mapping[str, Any], truth: Mapping[str, Any]) -> float:
    if column == "stages":
        walk = [stage_said(one, truth["stage_of"]) for one in words(said)]
        moves = [pair for pair in zip(walk, walk[1:], strict=False) if pair[0] != pair[1]]
        right = sum(after in journey["next"].get(before, []) for before, after in moves)
        return right / max(len(moves), FEWEST_MOVES)
    heard = stage_said(said, truth["stage_of"]) if column == "most_at" else word(said)
    return float(heard in journey[column])


def _spelled(column: str, journey: Mapping[str, Any], language: str) -> str:
    if column != "stages":
        return " / ".join(term(one, language) for one in journey[column])
    walk = [STAGES[0]]
    while (after := journey["next"][walk[-1]]) and len(set(walk)) == len(walk):
        walk.append(after[0])
    return " > ".join(term(one, language) for one in walk)


def _shared(column: pd.Series, name: str, truth: Mapping[str, Any]) -> tuple[str, str, float | None]:
    planted = {"friction": truth["friction"], "channel_break": [" > ".join(pair) for pair in truth["channel_break"]],
               "trough": [truth["stage_of"][one] for one in truth["friction"]]}[name]
    told = [one for one in column if one and not says_nothing(one)] or [one for one in column if one][:1]
    shown = " / ".join(" > ".join(term(one, truth["language"]) for one in text.split(" > ")) for text in planted)
    said = PART.join(dict.fromkeys(told))
    if not told or (name == "trough" and not planted):
        return said, shown, None
    if name == "friction":
        scores = [score_touchpoint(one, planted, truth["stage_of"]) for one in told]
    elif name == "channel_break":
        scores = [score_pair(one, truth["channel_break"], ordered=True) for one in told]
    else:
        scores = [float(stage_said(one, truth["stage_of"]) in planted) for one in told]
    return said, shown, float(np.mean(scores))
