"""Where to act: what stands out at a stage, whose it is, how it is measured, and a hypothesis that a trial could refute."""

from __future__ import annotations

import pandas as pd

from personakit.documents import Cell
from personakit.maps.planned import missing_kinds
from personakit.maps.said import code_ids
from personakit.maps.view import MOST, View, level, rows_of
from personakit.schema import OWNER, PARTICIPANT, PERSONA, STAGE, TOUCHPOINT
from personakit.wording import canonical, number


def opportunities(view: View, stage: str) -> tuple[Cell, ...]:
    """List the flagged touchpoints of the stage, each with its figures and team, its metric and a hypothesis."""
    registered = _registered(view, stage)
    rows = view.at("friction", stage)
    if not len(rows):
        return registered
    flagged = rows[rows["flagged"].astype(bool) & ~rows["hidden"]]
    cells = [cell for row in rows_of(flagged.head(MOST))
             for cell in (_insight(view, row), *_metric(view, stage, row), _hypothesis(view, row))]
    missing = missing_kinds(view, stage)
    if cells and missing:
        cells.append(Cell(text=view.say("no_content_here", kinds=missing), value=0.0, level="partly"))
    most = rows.loc[rows["excess"].notna() & ~rows["hidden"], "people"].max()
    return (*cells, *registered) or (Cell(text=view.say("nothing_flagged"), level=level(most)),)


def _registered(view: View, stage: str) -> tuple[Cell, ...]:
    """Quote the team's own hypotheses of this stage, for everyone or this persona, with what became of them."""
    if view.register is None:
        return ()
    told = view.register
    rows = told[(told[STAGE] == stage) & told[PERSONA].isin(["", view.persona or ""])]
    return tuple(Cell(text=view.say(
        "registered", change=row["change"], kpi=row["kpi"], expected=_signed(float(row["expected"]), view.language),
        verdict=view.say(f"verdict_{row.get('verdict', 'open')}")), level="partly") for row in rows_of(rows))


def _insight(view: View, row: pd.Series) -> Cell:
    owner = row[OWNER] if isinstance(row[OWNER], str) else ""
    low, high, excess = (float(row[name]) for name in ("low", "high", "excess"))
    text = view.say("friction", touchpoint=row[TOUCHPOINT], stop=float(row["stop_share"]), like=float(row["like_share"]),
                    excess=excess, low=low, high=high, n=int(row["people"]),
                    team=view.say("team", owner=owner) if owner else "")
    return Cell(text=text, value=excess, low=low, high=high, n=int(row["people"]), evidence=(str(row["evidence_id"]),),
                level=level(row["people"]), tone="pain")


def _metric(view: View, stage: str, row: pd.Series) -> tuple[Cell, ...]:
    """Take the metric of a goal that the same team has at the stage."""
    goals = view.study.goals
    if goals is None or not {STAGE, OWNER, "metric"} <= set(goals.columns) or not isinstance(row[OWNER], str):
        return ()
    mine = goals[(goals[STAGE] == stage) & goals["metric"].notna()]
    mine = mine[mine[OWNER].fillna("").map(canonical) == canonical(row[OWNER])]
    return tuple(Cell(text=view.say("measured_by", measure=", ".join(
        str(goal[name]) for name in ("metric", "target") if isinstance(goal.get(name), str))), level="partly")
        for goal in rows_of(mine.head(1)))


def _hypothesis(view: View, row: pd.Series) -> Cell:
    """Join what is counted and what is told: if that pain went, stops would come down to those of the like."""
    told = view.interviews
    here = told[(told[TOUCHPOINT] == row[TOUCHPOINT]) & (told["kind"] == "pain")] if TOUCHPOINT in told.columns else told[:0]
    counts = here.groupby("code", sort=True)[PARTICIPANT].nunique().sort_values(ascending=False, kind="stable")
    figures = {"touchpoint": row[TOUCHPOINT], "stop": float(row["stop_share"]), "like": float(row["like_share"])}
    if not len(counts):
        return Cell(text=view.say("hypothesis", **figures), level="partly", evidence=(str(row["evidence_id"]),))
    code, n = str(counts.index[0]), int(counts.iloc[0])
    text = view.say("hypothesis_told", code=code, n=n, total=int(told[PARTICIPANT].nunique()), **figures)
    return Cell(text=text, n=n, level="partly", evidence=(str(row["evidence_id"]), *code_ids(view, code)))


def _signed(value: float, language: str) -> str:
    return ("+" if value > 0 else "") + number(value, language)
