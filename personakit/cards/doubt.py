"""The doubts of a card: how its members spread, who does not fit, what was held back, and whether choices made it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.cards.known import Known, apart, by_effect, ids, natural, said
from personakit.disclosure import THRESHOLD
from personakit.documents import Claim
from personakit.schema import row_id
from personakit.wording import join

SPREAD, OUTCOMES, UNLIKE, GOALS, QUOTE_LENGTH = 3, 3, 3, 4, 220
#: the middle half of fewer people would stand on fewer than five in each quarter
QUARTERS = 4 * THRESHOLD


def spread(known: Known) -> list[Claim]:
    """Say between what values half of the members lie, beside half of the others, for what sets them apart most."""
    features = known.personas.features
    member = (known.personas.labels == known.persona).reindex(features.natural.index).fillna(False).to_numpy(dtype=bool)
    rows = by_effect(known.table[~known.table["hidden"] & known.table["feature"].isin(features.natural.columns)])
    claims: list[Claim] = []
    for _, row in rows[~rows["kind"].isin(["binary", "nominal"])].iterrows():
        values = pd.to_numeric(features.natural[row["feature"]], errors="coerce").to_numpy(dtype=float)
        sides = [part[~np.isnan(part)] for part in (values[member], values[~member])]
        if min(len(part) for part in sides) >= QUARTERS and len(claims) < SPREAD:
            ends = [natural(one, row["kind"], row["unit"], known.language)
                    for part in sides for one in np.percentile(part, [25, 75])]
            text = known.say("half_between", what=known.label(row["feature"]),
                             **dict(zip(("low", "high", "other_low", "other_high"), ends, strict=True)))
            claims.append(Claim(text=text, evidence=(str(row["evidence_id"]),), n=len(sides[0])))
    return claims


def survival(known: Known) -> Claim:
    """Say in how many other defensible analyses the persona comes back."""
    rows = known.survival
    if rows is None or not len(rows):
        return Claim(text=known.say("survival_unknown"), status="method")
    same = rows[rows["k"] == known.personas.membership.shape[1]]
    text = known.say("survival", n=len(rows), share=float(rows["survives"].mean()), same=float(same["survives"].mean()))
    return Claim(text=text, evidence=(survival_id(rows),))


def survival_id(rows: pd.DataFrame) -> str:
    """Make the evidence id of how a persona fared under other choices."""
    return row_id("multiverse", rows[["persona", "k"]].to_numpy().tolist(), rows["jaccard"].to_numpy(dtype=float).round(9))


def against(known: Known) -> list[Claim]:
    """Show five members who fit least, as one composite, and what a member says against the quotes of the front."""
    return [*_unlike(known), *(said(known, row, "counter_quote", QUOTE_LENGTH)
                               for _, row in known.counter_quotes.head(1).iterrows())]


def _unlike(known: Known) -> list[Claim]:
    """Take what leans most towards the others in the composite of members nearest to another persona."""
    if not len(known.exemplars):
        return []
    shown = known.exemplars[known.exemplars["exemplar"] == "counter_example"]
    table = known.table[~known.table["hidden"]].set_index("feature")
    shown = shown[shown["feature"].isin(table.index)].set_index("feature")
    about = table.loc[shown.index, ["inside", "outside", "unit", "size"]].join(shown[["value", "kind", "n", "evidence_id"]])
    lean = (about["value"] - about["inside"]) / (about["outside"] - about["inside"]).replace(0, np.nan)
    about = about.assign(lean=lean * about["size"])[(lean >= 0.5).fillna(False)]
    about = about.sort_values("lean", ascending=False, kind="stable").head(UNLIKE)
    if not len(about):
        return []
    words = [known.say("unlike_trait", what=known.label(str(feature)), **{
        side: natural(row[side], row["kind"], row["unit"], known.language) for side in ("value", "inside")})
        for feature, row in about.iterrows()]
    return [Claim(text=known.say("unlike", n=int(about["n"].iloc[0]), traits=join(words, known.language)),
                  evidence=ids(about), n=int(about["n"].iloc[0]))]


def outcomes(known: Known) -> list[Claim]:
    """Give what was held back, corrected for members who are placed wrongly, the surest difference first."""
    rows = known.outcomes
    if not len(rows):
        tested = known.table["role"].eq("held_back").any()
        return [Claim(text=known.say("outcomes_hard"), status="method")] if tested else []
    rows = rows[~rows["hidden"]].dropna(subset=["corrected", "low", "high"])
    clear = rows[(rows["low"] > 0) | (rows["high"] < 0)]
    if not len(clear):
        return [Claim(text=known.say("outcomes_none", n=len(rows)), evidence=ids(rows.head(1)))] if len(rows) else []
    surest = (clear["difference"].abs() / (clear["high"] - clear["low"]).replace(0, np.nan)).fillna(np.inf)
    clear = clear.loc[surest.sort_values(ascending=False, kind="stable").index].head(OUTCOMES)
    claims = [Claim(text=_outcome(known, row), evidence=(str(row["evidence_id"]),), n=int(row["n"]))
              for _, row in clear.iterrows()]
    wrong = float(clear["wrong"].iloc[0])
    return [*claims, Claim(text=known.say("outcomes_read", share=wrong), evidence=ids(clear.head(1)))]


def _outcome(known: Known, row: pd.Series) -> str:
    values = {name: natural(row[name], row["kind"], row["unit"], known.language) for name in ("corrected", "naive")}
    ends = {name: apart(row[name], row["kind"], "", known.language).removesuffix(" points") for name in ("low", "high")}
    difference = apart(row["difference"], row["kind"], row["unit"], known.language)
    return known.say("outcome", what=known.label(row["feature"]), n=int(row["n"]), difference=difference, **values, **ends)


def alignment(known: Known) -> list[Claim]:
    """Set the goals of the organisation beside what these people say: goals that go along, against, or are untouched."""
    if known.alignment is None:
        return []
    order = {name: at for at, name in enumerate(("opposed", "aligned", "neutral"))}
    rows = known.alignment[known.alignment["alignment"].isin(list(order))]
    rows = rows.iloc[rows["alignment"].map(order).argsort(kind="stable")].head(GOALS)
    claims = []
    for _, row in rows.iterrows():
        codes = [one for name in ("codes_for", "codes_against") for one in str(row[name]).split("; ") if one]
        n, total = int(row["with_code"]), int(row["interviewees"])
        because = known.say("goal_said", codes=codes, n=n, total=total) if codes else ""
        claims.append(Claim(text=known.say(f"goal_{row['alignment']}", goal=row["goal"]) + because, n=n,
                            evidence=(str(row["evidence_id"]), *str(row["evidence"]).split())))
    open_goals = int((known.alignment["alignment"] == "cannot_tell").sum())
    if open_goals:
        rest = known.alignment[known.alignment["alignment"] == "cannot_tell"]
        claims.append(Claim(text=known.say("goals_open", n=open_goals), evidence=ids(rest.head(1))))
    return claims
