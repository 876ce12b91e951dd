"""Lanes of what people live through, as ``experience`` measured it, and of what they told: pains, delights, quotes."""

from __future__ import annotations

import pandas as pd

from personakit.disclosure import quotable
from personakit.documents import Cell
from personakit.maps.view import MOST, View, hidden, ids, level, rows_of
from personakit.schema import EVIDENCE_ID, PARTICIPANT, PERSONA, QUOTE, SOURCE, STAGE, TOUCHPOINT, row_id
from personakit.wording import canonical, number

QUOTE_LENGTH = 220
CURVE_TOP = 2.0
#: sources of the curve, the first that says anything is drawn; the walk-through is the visitor's, and no part of experience
CURVES = ("ces", "csat", "interviews", "walkthrough")
INTERVIEWS, WALKTHROUGH = CURVES[2:]


def effort(view: View, stage: str) -> tuple[Cell, ...]:
    """Mean ease by touchpoint of the stage, on the scale of the question, and how many of those who were there answered."""
    rows = view.at("curve", stage)
    rows = rows[(rows[SOURCE] == "ces") & rows[TOUCHPOINT].ne("")] if len(rows) else rows
    return tuple(hidden(view, row) if row["hidden"] else _ease(view, row) for row in rows_of(rows))


def _ease(view: View, row: pd.Series) -> Cell:
    mean, low, high = (float(row[f"natural{end}"]) for end in ("", "_low", "_high"))
    n, top = int(row["n"]), float(str(row["unit"]).rsplit("–", 1)[-1])
    text = view.say("ease" if pd.notna(low) else "ease_alike", touchpoint=row[TOUCHPOINT], n=n,
                    top=view.say("out_of", high=top), rate=_rate(view, row), **{
                        name: number(value, view.language, 1)
                        for name, value in {"mean": mean, "low": low, "high": high}.items() if pd.notna(value)})
    return Cell(text=text, value=mean, low=_known(low), high=_known(high), n=n, level=level(n), evidence=(row[EVIDENCE_ID],))


def _rate(view: View, row: pd.Series) -> str:
    """Say which share of those who were there answered, where the log knows who was."""
    return view.say("answered", rate=float(row["response_rate"]), met=int(row["met"])) if row["response_rate"] > 0 else ""


def _known(value: float) -> float | None:
    return None if pd.isna(value) else value


# ---------------------------------------------------------------- the curve, its moments, and whether sources agree
def _curve(view: View, source: str) -> pd.DataFrame:
    rows = view.frames["curve"]
    return rows[(rows[SOURCE] == source) & (rows[TOUCHPOINT] == "") & rows[STAGE].isin(list(view.study.stages))]


def curve_source(*views: View) -> str:
    """Name the first source that says anything of each view: curves that are compared have one source."""
    return next((source for source in CURVES if all(any(experience(view, source)) for view in views)), "none")


def experience(view: View, source: str) -> tuple[tuple[Cell, ...], ...]:
    """Draw the curve of a source, one cell a stage. Sources are never mixed."""
    if source == WALKTHROUGH:
        return tuple(_visited(view, stage) for stage in view.study.stages)
    rows = _curve(view, source)
    rows = rows[~rows["hidden"].astype(bool)] if len(rows) else rows
    return tuple(tuple(_point(view, float(row["mean"]), int(row["n"]), row) for row in rows_of(rows[rows[STAGE] == stage]))
                 for stage in view.study.stages)


def _point(view: View, mean: float, n: int, row: pd.Series) -> Cell:
    text = f"{'+' if round(mean, 1) > 0 else ''}{number(mean, view.language, 1)} (n = {n})"
    return Cell(text=text, value=mean, low=_known(row["low"]), high=_known(row["high"]), n=n, evidence=(row[EVIDENCE_ID],),
                tone="delight" if mean > 0 else "pain" if mean < 0 else "",
                level=level(n) if row[SOURCE] not in (INTERVIEWS, WALKTHROUGH) else "partly")


def _visited(view: View, stage: str) -> tuple[Cell, ...]:
    """Mean of the ratings of our own shop at the stage: only on the -2..+2 scale."""
    visits = view.study.walkthroughs
    if visits is None or "rating" not in visits.columns or not visits["rating"].dropna().abs().le(CURVE_TOP).all():
        return ()
    own = visits.loc[(visits["shop"].map(canonical) == "own") & (visits[STAGE] == stage), "rating"].dropna().astype(float)
    row = pd.Series({SOURCE: WALKTHROUGH, "low": None, "high": None,
                     EVIDENCE_ID: row_id("curve", WALKTHROUGH, own.to_numpy())})
    return (_point(view, float(own.mean()), len(own), row),) if len(own) else ()


def moments(view: View, source: str, stage: str) -> tuple[Cell, ...]:
    """Say whether the stage is the peak, the trough or the end of the curve, how surely, and whether it is of survivors."""
    rows = view.at("moments", stage)
    rows = rows[rows[SOURCE] == source] if len(rows) else rows
    cells = [Cell(text=view.say(f"moment_{row['moment']}", probability=float(row["probability"])), n=int(row["n"]),
                  value=float(row["probability"]), evidence=(row[EVIDENCE_ID],), level=level(row["n"]))
             for row in rows_of(rows) if not row["hidden"]]
    here = _curve(view, source)
    if not cells and len(here) and ((here[STAGE] == stage) & ~here["hidden"]).any():
        cells = [Cell(text=view.say("moment_none"), level="partly")] if len(view.frames["moments"]) else []
    left = here[(here[STAGE] == stage) & here["survivors"].astype(bool)] if len(here) else here
    return (*cells, *(Cell(text=view.say("survivors"), evidence=ids(left), level="partly") for _ in range(len(left))))


def agreement(view: View, stage: str) -> tuple[Cell, ...]:
    """Say whether what people did, answered and told at the stage point the same way."""
    cells = []
    for row in rows_of(view.at("triangulation", stage)):
        spoke = [view.say("speaks", source=view.say(f"source_{source}"), what=view.say(f"says_{row[column]}"))
                 for column, source in (("events", "events"), ("answers", "ces"), (INTERVIEWS, INTERVIEWS))
                 if row[column] in ("pain", "delight")]
        if row["hidden"] or not spoke:
            continue
        verdict = view.say(f"agree_{row['verdict']}")
        cells.append(Cell(text=view.say("agreement_cell", verdict=verdict, said=", ".join(spoke)),
                          evidence=(row[EVIDENCE_ID],), level="fully" if row["verdict"] == "converge" else "partly"))
    return tuple(cells)


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
