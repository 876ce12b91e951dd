"""Lanes that the organisation declares: goals, content, teams, and its own walk-through."""

from __future__ import annotations

import pandas as pd

from personakit.documents import Cell
from personakit.maps.view import MOST, View, rows_of
from personakit.schema import CONTENT_KINDS, OWNER, STAGE, TOUCHPOINT
from personakit.wording import canonical, number


def goals(view: View, stage: str) -> tuple[Cell, ...]:
    """List the business goals of the stage, with metric and target."""
    table = view.study.goals
    if table is None or STAGE not in table.columns:
        return ()
    cells = []
    for row in rows_of(table[table[STAGE] == stage].head(MOST)):
        parts = [str(row[name]) for name in ("metric", "target") if isinstance(row.get(name), str)]
        text = view.say("goal", goal=row["goal"], measure=", ".join(parts)).rstrip("\n")
        cells.append(Cell(text=text, level="partly"))
    return tuple(cells)


def content(view: View, stage: str) -> tuple[Cell, ...]:
    """How many contents of each kind the stage has, and which kinds it lacks."""
    table = view.study.contents
    if table is None or not {STAGE, "kind"} <= set(table.columns):
        return ()
    counts = table.loc[table[STAGE] == stage, "kind"].value_counts(sort=False)
    if not len(counts):
        return (Cell(text=view.say("content_none"), value=0.0, level="partly", tone="pain"),)
    cells = [Cell(text=view.say("content_kind", kind=kind, n=int(counts[kind])), value=float(counts[kind]), level="partly")
             for kind in (*CONTENT_KINDS, *sorted(set(counts.index) - set(CONTENT_KINDS))) if kind in counts.index]
    missing = missing_kinds(view, stage)
    if missing:
        cells.append(Cell(text=view.say("content_missing", kinds=missing), value=0.0, level="partly", tone="pain"))
    return tuple(cells)


def missing_kinds(view: View, stage: str) -> list[str]:
    """List the kinds of content that the stage lacks; none where contents or their kinds are not known."""
    table = view.study.contents
    if table is None or not {STAGE, "kind"} <= set(table.columns):
        return []
    here = set(table.loc[table[STAGE] == stage, "kind"])
    return [kind for kind in CONTENT_KINDS if kind not in here]


def walkthrough(view: View, stage: str) -> tuple[Cell, ...]:
    """Ratings of our own shop beside the others', and what was seen where ours was rated lowest."""
    table = view.study.walkthroughs
    if table is None or "rating" not in table.columns:
        return ()
    here = table[table[STAGE] == stage].dropna(subset=["rating"])
    own = here["shop"].map(canonical) == "own"
    cells = []
    for shop in sorted(here["shop"].unique(), key=lambda one: (canonical(one) != "own", one))[:MOST]:
        ratings = here.loc[here["shop"] == shop, "rating"]
        mean = float(ratings.mean())
        said = ("+" if round(mean, 1) > 0 else "") + number(mean, view.language, 1)
        cells.append(Cell(text=view.say("rated", shop=shop, rating=said, n=len(ratings)), value=mean, n=len(ratings),
                          level="partly"))
    lowest = here[own & (here["rating"] < 0)].sort_values("rating", kind="stable").head(1)
    for row in rows_of(lowest):
        better = here[~own & (here["rating"] > row["rating"])]
        if TOUCHPOINT in here.columns:
            better = better[better[TOUCHPOINT] == row[TOUCHPOINT]]
        cells += [*_seen(view, row, "pain"), *(one for other in rows_of(
            better.sort_values(["rating", "shop"], ascending=[False, True], kind="stable").head(1))
            for one in _seen(view, other, "delight"))]
    return tuple(cells)


def _seen(view: View, row: pd.Series, tone: str) -> tuple[Cell, ...]:
    if not isinstance(row.get("observation"), str):
        return ()
    text = view.say("observed", shop=row["shop"], touchpoint=row.get(TOUCHPOINT, ""), observation=row["observation"])
    return (Cell(text=text, level="partly", tone=tone),)


def owners(view: View, stage: str) -> tuple[Cell, ...]:
    """Whose touchpoints the stage has, and to whom people are handed over next."""
    table = view.study.touchpoints
    if table is None or OWNER not in table.columns:
        return ()
    here = _teams(view, stage)
    cells = [Cell(text=view.say("owned", owner=owner, n=n), value=float(n), level="partly")
             for owner, n in list(here.items())[:MOST]]
    place = view.study.stages.index(stage) + 1
    after = _teams(view, view.study.stages[place]) if place < len(view.study.stages) else {}
    if here and after and next(iter(here)) != next(iter(after)):
        cells.append(Cell(text=view.say("handed_over", owner=next(iter(after))), level="partly"))
    return tuple(cells)


def _teams(view: View, stage: str) -> dict[str, int]:
    """Teams by their number of touchpoints at a stage, the busiest first."""
    table = view.study.touchpoints
    if table is None:
        return {}
    here = table[table[STAGE] == stage].drop_duplicates([TOUCHPOINT, OWNER])
    counts = here.groupby(OWNER, sort=True).size().sort_values(ascending=False, kind="stable")
    return {str(owner): int(n) for owner, n in counts.items()}
