"""One value a person and a place: stated ease, satisfaction, recommendation, and what interviewees tell, from -2 to +2."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.records import Study
from personakit.schema import CODE, KIND, PARTICIPANT, SOURCE, STAGE, TOUCHPOINT

TOP = 2.0
#: instrument -> ends of its scale where the codebook names none; CES has none to assume
ENDS = {"ces": None, "csat": (1.0, 5.0), "nps": (0.0, 10.0)}
INTERVIEWS = "interviews"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What was said, by place.

    ``places``, one row a place: source, stage, touchpoint, variable, scale_low, scale_high, better (an empty touchpoint
    is the whole stage, an empty stage the whole journey). ``values`` (people, places): -2 worst to +2 best, NaN where not
    said. ``unusable``: variable, reason (no_polarity, no_scale, text).
    """

    people: pd.Index
    places: pd.DataFrame
    values: np.ndarray
    unusable: pd.DataFrame


def gather_scores(study: Study) -> Scores:
    """Read the answers to CES, CSAT and NPS questions of the codebook, and the pains and delights of interviews."""
    stages = _stage_of(study)
    rows, columns, unusable = [], [], []
    for item in _items(study).to_dict("records"):
        answers = pd.to_numeric(_answers(study)[item["variable"]], errors="coerce")
        reason = _unusable(item, answers)
        if reason:
            unusable.append((item["variable"], reason))
            continue
        touchpoint = item[TOUCHPOINT] if isinstance(item[TOUCHPOINT], str) else ""
        part = (answers.reindex(study.participants.index).to_numpy(float) - item["low"]) / (item["high"] - item["low"])
        columns.append(TOP * (2 * (part if item["better"] == "high" else 1 - part) - 1))
        rows.append((item["instrument"], str(stages.get(touchpoint, "")), touchpoint, item["variable"], item["low"],
                     item["high"], item["better"]))
    for stage, told in _told(study, stages):
        rows.append((INTERVIEWS, stage, "", "", -TOP, TOP, "high"))
        columns.append(told.reindex(study.participants.index).to_numpy(float))
    names = [SOURCE, STAGE, TOUCHPOINT, "variable", "scale_low", "scale_high", "better"]
    places = pd.DataFrame(rows, columns=names)
    values = np.stack(columns, axis=1) if columns else np.empty((len(study.participants), 0))
    places, values = _with_stages(places, values)
    return Scores(people=study.participants.index, places=places, values=values,
                  unusable=pd.DataFrame(unusable, columns=["variable", "reason"]))


def _items(study: Study) -> pd.DataFrame:
    book = study.codebook
    if book is None or study.answers is None or "instrument" not in book.columns:
        return pd.DataFrame()
    names = ["variable", "instrument", TOUCHPOINT, "better", "low", "high"]
    items = book.reindex(columns=names).astype({"instrument": object, "better": object})
    items["instrument"] = items["instrument"].map(lambda one: one.strip().casefold() if isinstance(one, str) else "")
    items = items[items["instrument"].isin(list(ENDS)) & items["variable"].isin(study.answers.columns)].copy()
    for instrument, ends in ENDS.items():
        mine = items["instrument"] == instrument
        if ends is not None:
            items.loc[mine, "low"] = items.loc[mine, "low"].fillna(ends[0])
            items.loc[mine, "high"] = items.loc[mine, "high"].fillna(ends[1])
            items.loc[mine & ~items["better"].isin(["high", "low"]), "better"] = "high"
    return items


def _answers(study: Study) -> pd.DataFrame:
    return pd.DataFrame(index=study.participants.index) if study.answers is None else study.answers


def _unusable(item: Mapping[Hashable, object], answers: pd.Series) -> str:
    """Say why a question cannot be read: undeclared polarity of effort is never guessed."""
    if item["better"] not in ("high", "low"):
        return "no_polarity"
    low, high = float(str(item["low"])), float(str(item["high"]))
    if not low < high or ((answers < low) | (answers > high)).any():
        return "no_scale"
    return "text" if not answers.notna().any() else ""


def _stage_of(study: Study) -> dict[str, str]:
    if study.touchpoints is None:
        return {}
    table = study.touchpoints.drop_duplicates(TOUCHPOINT)
    return dict(zip(table[TOUCHPOINT], table[STAGE], strict=True))


def passages(study: Study) -> pd.DataFrame:
    """Return pains and delights of interviews, each code once a person and stage: participant_id, stage, code, kind."""
    codes = study.codes
    if codes is None or KIND not in codes.columns:
        return pd.DataFrame(columns=[PARTICIPANT, STAGE, CODE, KIND])
    stages = _stage_of(study)
    told = codes.reindex(columns=[PARTICIPANT, STAGE, TOUCHPOINT, CODE, KIND])
    told[STAGE] = told[STAGE].where(told[STAGE].notna(), told[TOUCHPOINT].map(lambda one: stages.get(one, None)))
    told = told[told[KIND].isin(["pain", "delight"]) & told[STAGE].notna()]
    return told.drop_duplicates([PARTICIPANT, STAGE, CODE])[[PARTICIPANT, STAGE, CODE, KIND]]


def _told(study: Study, stages: dict[str, str]) -> list[tuple[str, pd.Series]]:
    """Return for each stage one value an interviewee: delights less pains over both, times two."""
    told = passages(study)
    sign = told[KIND].eq("delight").astype(float) * 2 - 1
    return [(stage, sign[told[STAGE] == stage].groupby(told[PARTICIPANT]).mean() * TOP)
            for stage in study.stages if (told[STAGE] == stage).any()]


def _with_stages(places: pd.DataFrame, values: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Add one place a source and stage: a person's mean over its touchpoints."""
    own = places[(places[TOUCHPOINT] != "") & (places[STAGE] != "")]
    rows, columns = [], []
    for (source, stage), some in own.groupby([SOURCE, STAGE], sort=False):
        mine = values[:, some.index]
        known = ~np.isnan(mine)
        columns.append(np.where(known.any(axis=1), np.nansum(mine, axis=1) / np.maximum(known.sum(axis=1), 1), np.nan))
        rows.append({SOURCE: source, STAGE: stage, TOUCHPOINT: "", "variable": "", "scale_low": -TOP,
                     "scale_high": TOP, "better": "high"})
    if not rows:
        return places, values
    return (pd.concat([places, pd.DataFrame(rows)], ignore_index=True),
            np.concatenate([values, np.stack(columns, axis=1)], axis=1))
