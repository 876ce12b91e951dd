"""Lanes that people told: perceived ease, the experience curve, pains and delights, quotes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from personakit.disclosure import is_small, quotable
from personakit.documents import Cell
from personakit.maps.view import MOST, View, ids, level, rows_of
from personakit.schema import PARTICIPANT, PERSONA, QUOTE, STAGE, TOUCHPOINT, row_id
from personakit.wording import canonical, number

QUOTE_LENGTH = 220
CURVE_TOP = 2.0


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of one value a person, and its t interval (NaN with fewer than two people).

    Examples
    --------
    >>> [round(one, 2) for one in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.48, 4.48]
    """
    if len(values) < 2:
        return (float(values[0]) if len(values) else math.nan), math.nan, math.nan
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def effort(view: View, stage: str) -> tuple[Cell, ...]:
    """Mean ease by touchpoint of the stage, on the scale of the question."""
    cells = []
    for item in rows_of(view.ease[view.ease[STAGE] == stage]):
        values = view.answers[item["variable"]].dropna()
        if not len(values) or is_small(len(values)):
            continue
        mean, low, high = mean_interval(values.to_numpy())
        said = {"mean": mean, "low": low, "high": high}
        top = view.say("out_of", high=float(item["high"])) if pd.notna(item["high"]) else ""
        text = view.say("ease", touchpoint=item[TOUCHPOINT], top=top, n=len(values),
                        **{name: number(value, view.language, 1) for name, value in said.items()})
        cells.append(Cell(text=text, value=mean, low=low, high=high, n=len(values), level=level(len(values)),
                          evidence=(row_id("ease", item["variable"], values.to_numpy()),)))
    return tuple(cells)


def _curve_from_ease(view: View, stage: str) -> np.ndarray:
    """One value a person: the mean of their ease answers at the stage, rescaled to -2..+2, high is easy."""
    items = view.ease
    items = items[(items[STAGE] == stage) & items["better"].isin(["high", "low"]) & (items["high"] > items["low"])]
    scaled = {}
    for item in rows_of(items):
        part = (view.answers[item["variable"]] - item["low"]) / (item["high"] - item["low"])
        scaled[item["variable"]] = (part if item["better"] == "high" else 1 - part) * 2 * CURVE_TOP - CURVE_TOP
    return pd.DataFrame(scaled).mean(axis=1).dropna().to_numpy() if scaled else np.empty(0)


def _curve_from_interviews(view: View, stage: str) -> np.ndarray:
    """One value an interviewee: delights minus pains over both, times two."""
    told = view.interviews
    told = told[(told[STAGE] == stage) & told["kind"].isin(["pain", "delight"])].drop_duplicates([PARTICIPANT, "code"])
    sign = told["kind"].eq("delight").astype("float64") * 2 - 1
    return (sign.groupby(told[PARTICIPANT]).mean() * CURVE_TOP).to_numpy() if len(told) else np.empty(0)


def _curve_from_walkthrough(view: View, stage: str) -> np.ndarray:
    """Return the ratings of our own shop at the stage: only on the -2..+2 scale."""
    visits = view.study.walkthroughs
    if visits is None or "rating" not in visits.columns or not visits["rating"].dropna().between(-2, 2).all():
        return np.empty(0)
    own = visits[(visits["shop"].map(canonical) == "own") & (visits[STAGE] == stage)]
    return own["rating"].dropna().to_numpy(dtype=float)


CURVES = {"ces": _curve_from_ease, "interviews": _curve_from_interviews, "walkthrough": _curve_from_walkthrough}


def curve_source(*views: View) -> str:
    """Name the first source that says anything of each view: curves that are compared have one source."""
    return next((source for source in CURVES if all(any(experience(view, source)) for view in views)), "none")


def experience(view: View, source: str) -> tuple[tuple[Cell, ...], ...]:
    """Draw the curve of a source, one cell a stage. Sources are never mixed."""
    if source == "none":
        return tuple(() for _ in view.study.stages)
    return tuple(_curve_cell(view, source, CURVES[source](view, stage)) for stage in view.study.stages)


def _curve_cell(view: View, source: str, values: np.ndarray) -> tuple[Cell, ...]:
    if not len(values) or (source == "ces" and is_small(len(values))):
        return ()
    mean, low, high = mean_interval(values) if source != "walkthrough" else (float(values.mean()), math.nan, math.nan)
    low, high = max(low, -CURVE_TOP), min(high, CURVE_TOP)
    tone = "delight" if mean > 0 else "pain" if mean < 0 else ""
    text = f"{'+' if round(mean, 1) > 0 else ''}{number(mean, view.language, 1)} (n = {len(values)})"
    return (Cell(text=text, value=mean, low=None if math.isnan(low) else low, high=None if math.isnan(high) else high,
                 n=len(values), evidence=(row_id("curve", source, values),), tone=tone,
                 level=level(len(values)) if source == "ces" else "partly"),)


def told(view: View, stage: str, kinds: tuple[str, ...]) -> tuple[Cell, ...]:
    """Count the codes of these kinds that most interviewees name at the stage, in counts of people."""
    passages = view.interviews
    total = passages[PARTICIPANT].nunique()
    here = passages[(passages[STAGE] == stage) & passages["kind"].isin(kinds)].drop_duplicates([PARTICIPANT, "code"])
    tone = kinds[0] if kinds[0] in ("pain", "delight") else ""
    counts = here.groupby("code", sort=True).size().sort_values(ascending=False, kind="stable").head(MOST)
    return tuple(Cell(text=view.say("said", code=code, n=int(n), total=total), n=int(n), evidence=code_ids(view, str(code)),
                      tone=tone, level="partly") for code, n in counts.items())


def code_ids(view: View, code: str) -> tuple[str, ...]:
    """Return the evidence ids of a code, for these people."""
    if view.evidence is None:
        return ()
    rows = view.evidence.codes[view.evidence.codes["code"] == code]
    return ids(rows if view.persona is None else rows[rows[PERSONA] == view.persona])


def quotes(view: View, stage: str) -> tuple[Cell, ...]:
    """One quote of the stage, from people who agreed to be quoted word for word; pains first."""
    source = view.interviews if view.evidence is None else view.evidence.quotes
    if QUOTE not in source.columns:
        return ()
    rows = quotable(source)
    if view.evidence is not None and view.persona is not None:
        rows = rows[rows[PERSONA] == view.persona]
    rows = rows[(rows[STAGE] == stage) & rows[QUOTE].fillna("").str.strip().ne("")]
    rows = rows.iloc[rows["kind"].ne("pain").to_numpy().argsort(kind="stable")]
    cells = []
    for row in rows_of(rows.head(1)):
        words = str(row[QUOTE]).strip()
        words = words if len(words) <= QUOTE_LENGTH else words[:QUOTE_LENGTH].rsplit(" ", 1)[0] + " […]"
        cells.append(Cell(text=view.say("quoted", quote=words), n=1, evidence=ids(rows.head(1)), level="partly"))
    return tuple(cells)
