"""What the report says of personas, journeys and what to try, and of a search that found none: each with its evidence."""

from __future__ import annotations

import math

import pandas as pd

from personakit.disclosure import hidden_parts, is_small, journey_cells
from personakit.documents import Claim
from personakit.export.answer import Spoken
from personakit.plots import method_name
from personakit.wording import join, number, say_key, share, term

EVERYONE = "all"


def frictions(spoken: Spoken) -> list[Claim]:
    """Where visits stop more than at comparable touchpoints, for everyone."""
    if spoken.findings is None:
        return []
    frame = journey_cells("friction", spoken.findings.friction)
    flagged = frame[(frame["persona"] == EVERYONE) & frame["flagged"].astype(bool) & ~frame["hidden"]]
    claims = []
    for _, row in flagged.iterrows():
        owner = row["owner"] if isinstance(row["owner"], str) else ""
        team = say_key("maps.team", spoken.language, owner=owner) if owner else ""
        text = say_key("maps.friction", spoken.language, touchpoint=row["touchpoint"], stop=float(row["stop_share"]),
                       like=float(row["like_share"]), excess=float(row["excess"]), low=float(row["low"]),
                       high=float(row["high"]), n=int(row["people"]), team=team)
        claims.append(Claim(text=text, evidence=(str(row["evidence_id"]),), n=int(row["people"])))
    return claims or [Claim(text=spoken.say("no_friction"))]


def breaks(spoken: Spoken) -> list[Claim]:
    """Which changes of channel throw people back, for everyone."""
    if spoken.findings is None:
        return []
    frame = journey_cells("switches", spoken.findings.switches)
    flagged = frame[(frame["persona"] == EVERYONE) & frame["flagged"].astype(bool) & ~frame["hidden"]]
    claims = [Claim(text=say_key(
        "maps.switch", spoken.language, who=say_key("maps.switch_all", spoken.language), source=row["source"],
        target=row["target"], restart=float(row["restart_share"]), like=float(row["like_share"]),
        excess=float(row["excess"]), low=float(row["low"]), high=float(row["high"]), n=int(row["people"])),
        evidence=(str(row["evidence_id"]),), n=int(row["people"])) for _, row in flagged.iterrows()]
    return claims or [Claim(text=spoken.say("no_break"))]


def comparisons(spoken: Spoken) -> list[Claim]:
    """Who differs from whom and who shares a journey: one sentence a verdict."""
    if spoken.findings is None:
        return []
    if spoken.personas is None:
        return [Claim(text=spoken.say("not_compared"))]
    frame = spoken.findings.comparison
    pairs = frame[frame["persona_a"] != EVERYONE]
    claims = []
    for verdict in ("differ", "equivalent", "not_distinguishable", "cannot_tell"):
        rows = pairs[pairs["verdict"] == verdict]
        if len(rows):
            claims.append(Claim(text=spoken.say(verdict, pairs=spoken.pairs(rows)),
                                evidence=tuple(str(one) for one in rows["evidence_id"])))
    return claims


def why_none(spoken: Spoken) -> list[str]:
    """Say what was tried, what finding nothing means, and what to do next."""
    table = spoken.candidates.table
    methods = join([method_name(str(one), spoken.language) for one in dict.fromkeys(table["method"])], spoken.language)
    said = [spoken.say("none_tried", n=len(table), methods=methods, low=int(table["k"].min()), high=int(table["k"].max()))]
    keys = ["none_means", "none_next_map" if spoken.findings is not None else "", "none_next_axes", "none_next_data",
            "none_constructive" if spoken.candidates.verdict == "constructive" else ""]
    return said + [spoken.say(key) for key in keys if key]


def firmness(spoken: Spoken) -> dict[str, object] | None:
    """How firm each persona is, as a table of words: people, stability, members in between, survival."""
    personas, evidence = spoken.personas, spoken.evidence
    if personas is None or evidence is None:
        return None
    survival = spoken.also.get("survival")
    survives = None if survival is None else survival.groupby("persona")["survives"].mean()
    hidden = hidden_parts(evidence.coverage["n"])
    rows = []
    stability = personas.stability.reindex(columns=["jaccard"])["jaccard"]
    for persona, few in zip(map(str, evidence.coverage.index), hidden, strict=True):
        row, jaccard = evidence.coverage.loc[[persona]].iloc[0], stability.get(persona, math.nan)
        cells = [spoken.name(persona), "–" if few else f"{number(row['n'], spoken.language, 0)}",
                 number(float(jaccard), spoken.language, 2),
                 "–" if few or is_small(round(row["contested"] * row["n"])) else
                 share(float(row["contested"]), spoken.language),
                 "–" if few else number(row["with_codes"], spoken.language, 0)]
        rows.append(cells + ([share(float(survives[persona]), spoken.language)] if survives is not None else []))
    names = ["persona", "people", "jaccard", "contested", "interviewed", *(["survives"] if survives is not None else [])]
    return {"columns": [spoken.say(f"firm_{name}") for name in names], "rows": rows}


def seen(spoken: Spoken) -> dict[str, object] | None:
    """Build a table of words: the share of people seen at each stage, for everyone and for each persona."""
    if spoken.findings is None or not len(spoken.findings.stages):
        return None
    frame = journey_cells("stages", spoken.findings.stages)
    stages = list(dict.fromkeys(frame["stage"]))
    who = list(dict.fromkeys(frame["persona"]))
    told = {(row["persona"], row["stage"]): row for _, row in frame.iterrows()}
    rows = [[say_key("maps.everyone", spoken.language) if one == EVERYONE else spoken.name(one),
             *(_seen_cell(told.get((one, stage)), spoken.language) for stage in stages)] for one in who]
    return {"columns": ["", *(term(str(stage), spoken.language) for stage in stages)], "rows": rows}


def _seen_cell(row: pd.Series | None, language: str) -> str:
    if row is None or row["hidden"] or pd.isna(row["share"]):
        return "–"
    low, high = (number(100 * float(row[name]), language, 0) for name in ("low", "high"))
    return f"{share(float(row['share']), language)} ({low}–{high})"


def to_try(spoken: Spoken) -> list[Claim]:
    """Say what content to make or show first, for each persona: what is missing, then what it uses more than others."""
    plan = spoken.also.get("content")
    if plan is None:
        return []
    plan, gaps_first, offers = plan[~plan["hidden"]], [], []
    for persona in dict.fromkeys(plan["persona"]):
        mine = plan[plan["persona"] == persona]
        gaps = mine[mine["advice"].isin(["make_first", "make"])].head(2)
        gaps_first += [Claim(text=spoken.say(f"try_{row['advice']}", name=spoken.name(persona), level=row["level"],
                                             stage=row["stage"]), evidence=(str(row["evidence_id"]),))
                       for _, row in gaps.iterrows()]
        best = mine[(mine["advice"] == "offer") & (mine["stage"] == EVERYONE)].sort_values(
            ["share", "level"], ascending=[False, True], kind="stable").drop_duplicates("dimension")
        if len(best):
            words = [spoken.say("try_level", dimension=spoken.say(f"dimension_{row['dimension']}"), level=row["level"],
                                lift=number(row["lift"], spoken.language, 1), low=number(row["low"], spoken.language, 1),
                                high=number(row["high"], spoken.language, 1)) for _, row in best.iterrows()]
            offers.append(Claim(text=spoken.say("try_offer", name=spoken.name(persona), levels=spoken.listed(words),
                                                n=int(best["people"].max())),
                                evidence=tuple(str(one) for one in best["evidence_id"]), n=int(best["people"].max())))
    return gaps_first + offers


def goals(spoken: Spoken) -> list[Claim]:
    """Each goal of the organisation beside what personas say, where that can be told; and how many cannot."""
    frame = spoken.also.get("alignment")
    if frame is None:
        return []
    claims = []
    for goal in dict.fromkeys(frame["goal"]):
        rows = frame[(frame["goal"] == goal) & (frame["alignment"] != "cannot_tell")]
        said = []
        for alignment in ("aligned", "opposed", "neutral"):
            names = [spoken.name(one) for one in rows.loc[rows["alignment"] == alignment, "persona"]]
            said += [spoken.say(f"goal_{alignment}", names=" / ".join(names))] if names else []
        if said:
            ids = [str(one) for one in rows["evidence_id"]]
            claims.append(Claim(text=spoken.say("goal", goal=goal, said=spoken.listed(said)), evidence=tuple(ids)))
    rest = frame[frame["alignment"] == "cannot_tell"]
    open_goals = len(set(rest["goal"]) - set(frame.loc[frame["alignment"] != "cannot_tell", "goal"]))
    if open_goals:
        claims.append(Claim(text=spoken.say("goals_open", n=open_goals), evidence=(str(rest["evidence_id"].iloc[0]),)))
    return claims


def interviews(spoken: Spoken) -> list[Claim]:
    """Say which interviewees have a place in the personas, how surely, and whether interviews alone part people alike."""
    frame = spoken.also.get("interviews")
    if frame is None:
        return []
    row = frame.iloc[0]
    count = {name: int(row[name]) for name in ("interviewees", "shared", "placed", "cannot_tell", "personas", "people")}
    said = [spoken.say("interviews_placed", n=count["interviewees"], **count)]
    if count["shared"] + count["placed"]:
        said.append(spoken.say("interviews_hard") if pd.isna(row["posterior"]) else
                    spoken.say("interviews_sure", n=int(row["sure"]), posterior=float(row["posterior"]), least=0.6))
    figures = {name: float(row[name]) for name in ("adjusted_rand", "low", "high", "chance_low", "chance_high", "p")}
    said.append(spoken.say(f"interviews_{row['why'] or 'agree'}", n=count["people"], **count, **figures))
    return [Claim(text=text, evidence=(str(row["evidence_id"]),), n=count["interviewees"]) for text in said]
