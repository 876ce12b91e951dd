"""The front of a card: who these people are, in features, interviews and journey, each sentence with its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from personakit.cards.known import SHARE_KINDS, Drawn, Known, both, by_effect, contested, covered, ids, said, scale
from personakit.disclosure import is_small
from personakit.documents import Claim
from personakit.schema import CODE_KINDS, PERSONA
from personakit.wording import join, number, term

BEHAVIOURS, CODES_A_KIND, QUOTES, BARS = 6, 3, 2, {"channels": 3, "devices": 2, "content": 3}
QUOTE_LENGTH = 300
CONTESTED_MANY = 0.2
#: of what is used more than by everyone: dimensions of the content plan, and levels of each; rows of one family of features
DIMENSIONS, LEVELS, A_FAMILY = ("theme", "format"), 3, 2
#: a code is a persona's own, however frequent elsewhere, when this share of its interviewees says it
OFTEN = 0.5
#: the drawing of a trait whose figures are hidden
NOTHING_DRAWN = {"inside": None, "outside": None, "low": None, "high": None, "start": 0.0, "stop": 1.0}
#: section of the card -> family of features it shows
FAMILIES: Mapping[str, str] = {"channels": "channel_share", "devices": "device_share", "content": "content_share"}
#: sections (key, claims), and the numbers of the drawings of a section
Front = tuple[list[tuple[str, list[Claim]]], dict[str, object]]


def front_sections(known: Known) -> Front:
    """Write the sections of the front (key, claims), and the numbers of the drawings of those that are drawn."""
    drawn = {kind: _codes(known, kind) for kind in CODE_KINDS}
    drawn |= {"behaviours": _behaviours(known), "journey": _journey(known)}
    drawn |= {section: _family(known, family, BARS[section]) for section, family in FAMILIES.items()}
    sections = [(key, [claim for claim, _ in pairs]) for key, pairs in drawn.items()]
    sections += [("preferred", _preferred(known)), ("quotes", _quotes(known)), ("surprise", _surprise(known)),
                 ("unknown", _unknown(known))]
    return sections, {key: tuple(numbers for _, numbers in pairs) for key, pairs in drawn.items() if pairs}


def summary(known: Known) -> Claim:
    """Say in one line what clearly sets these people apart: features first, else what interviewees say."""
    rows = by_effect(known.table[~known.table["hidden"] & ~known.table["feature"].str.startswith("code:")])
    clear = rows[(rows["low"] > 0) | (rows["high"] < 0)].head(4)
    more, less = clear[clear["difference"] > 0].head(2), clear[clear["difference"] < 0].head(2)
    lines = [known.say(f"summary_{key}", **{key: join([known.label(one) for one in part["feature"]], known.language)})
            for key, part in (("more", more), ("less", less)) if len(part)]
    used = [*more["evidence_id"], *less["evidence_id"]]
    if not lines:
        top = known.codes[known.codes["log_odds"] > 0].sort_values("log_odds", ascending=False, kind="stable").head(3)
        lines = [known.say("summary_codes", codes=join(list(top["code"]), known.language))] if len(top) else []
        used = list(top["evidence_id"])
    return Claim(text=" ".join(lines) or known.say("summary_none"), evidence=tuple(str(one) for one in used))


def _behaviours(known: Known) -> list[Drawn]:
    elsewhere = tuple(f"{family}:" for family in (*FAMILIES.values(), "code"))
    rows = by_effect(known.table[~known.table["feature"].str.startswith(elsewhere)])
    # shares of one whole say the same thing several times
    family = rows["feature"].where(rows["feature"].str.contains(":|=", regex=True), rows["feature"] + "!")
    rows = rows[rows.groupby(family.str.split("[:=]", regex=True).str[0], sort=False).cumcount() < A_FAMILY]
    return _drawn(known, rows.head(BEHAVIOURS))


def _family(known: Known, family: str, most: int) -> list[Drawn]:
    rows = known.table[known.table["feature"].str.startswith(f"{family}:")].dropna(subset=["inside"])
    return _drawn(known, rows.sort_values("inside", ascending=False, kind="stable").head(most))


def _drawn(known: Known, rows: pd.DataFrame) -> list[Drawn]:
    """Write a claim and the numbers of its drawing for each row: inside and outside, and the interval of inside.

    A trait whose figures are hidden is named without them: the persona's name may rest on it.
    """
    pairs = []
    for _, row in rows.iterrows():
        level = row["feature"].partition(":")
        what = term(level[2], known.language) if level[0] in FAMILIES.values() else known.label(row["feature"])
        named = (str(row["evidence_id"]),)
        if row["hidden"]:
            pairs.append((Claim(text=known.say("against_hidden", what=what), evidence=named), dict(NOTHING_DRAWN)))
            continue
        claim = Claim(text=known.say("against", what=what, **both(known, row)), evidence=named, n=int(row["n_inside"]))
        low, high = row["outside"] + row["low"], row["outside"] + row["high"]
        pairs.append((claim, scale(row["inside"], row["outside"], low, high, share=row["kind"] in SHARE_KINDS)))
    return pairs


def _codes(known: Known, kind: str) -> list[Drawn]:
    """Take the codes that belong to this persona: as frequent as elsewhere at least, or said by half of its interviewees."""
    rows = known.codes[(known.codes["kind"] == kind) & (known.codes["with_code"] > 0)]
    here = rows["with_code"] / rows["interviewees"]
    there = (rows["elsewhere"] / rows["interviewees_elsewhere"].replace(0, np.nan)).fillna(0)
    rows = rows[(here >= there) | (here >= OFTEN)]
    rows = rows.sort_values(["with_code", "log_odds"], ascending=False, kind="stable").drop_duplicates("code")
    return [_code(known, row) for _, row in rows.head(CODES_A_KIND).iterrows()]


def _code(known: Known, row: pd.Series) -> Drawn:
    n, total, elsewhere = int(row["with_code"]), int(row["interviewees"]), int(row["interviewees_elsewhere"])
    key = "code" if elsewhere else "code_alone"
    text = known.say(key, code=row["code"], n=n, total=total, elsewhere=int(row["elsewhere"]), others=elsewhere)
    return Claim(text=text, evidence=(str(row["evidence_id"]),), n=n), {"n": n, "total": total}


def _quotes(known: Known) -> list[Claim]:
    """Take the first quotes, one a person: a card on which one person speaks twice shows fewer people than it seems."""
    rows = known.quotes.drop_duplicates("participant_id").head(QUOTES)
    return [said(known, row, "quoted", QUOTE_LENGTH) for _, row in rows.iterrows()]


def _preferred(known: Known) -> list[Claim]:
    """Name what these people use more than everyone, the most used first, and what the journey lacks of it."""
    if known.content is None:
        return []
    rows = known.content[~known.content["hidden"]]
    claims = []
    for dimension in DIMENSIONS:
        best = rows[(rows["advice"] == "offer") & (rows["stage"] == "all") & (rows["dimension"] == dimension)]
        best = best.sort_values(["share", "level"], ascending=[False, True], kind="stable").head(LEVELS)
        if len(best):
            words = [known.say("level", level=row["level"], lift=number(row["lift"], known.language, 1))
                     for _, row in best.iterrows()]
            claims.append(Claim(text=known.say(f"preferred_{dimension}", levels=words), evidence=ids(best),
                                n=int(best["people"].iloc[0])))
    gaps = rows[rows["advice"].isin(["make_first", "make"])].head(1)
    return claims + [Claim(text=known.say(str(row["advice"]), level=row["level"], stage=row["stage"]), evidence=ids(gaps))
                     for _, row in gaps.iterrows()]


def _journey(known: Known) -> list[Drawn]:
    if known.stages is None:
        return []
    everyone = known.stages[known.stages[PERSONA] == "all"].set_index("stage")["share"]
    pairs = []
    for _, row in known.stages[known.stages[PERSONA] == known.persona].dropna(subset=["share"]).iterrows():
        overall = float(everyone.get(row["stage"], math.nan))
        text = known.say("seen", stage=row["stage"], share=float(row["share"]), everyone=overall)
        numbers = scale(float(row["share"]), overall, float(row["low"]), float(row["high"]), share=True)
        pairs.append((Claim(text=text, evidence=(str(row["evidence_id"]),), n=int(row["people"])), numbers))
    return pairs


def _surprise(known: Known) -> list[Claim]:
    shown = known.table[~known.table["hidden"]]
    tested = by_effect(shown[(shown["role"] == "held_back") & (shown["q"] < 0.05)])
    claims = []
    for _, row in tested.head(1).iterrows():
        q = number(row["q"], known.language, 3) if row["q"] >= 0.001 else "< " + number(0.001, known.language, 3)
        text = known.say("surprise_held_back", what=known.label(row["feature"]), q=q, **both(known, row))
        claims.append(Claim(text=text, evidence=(str(row["evidence_id"]),), n=int(row["n_inside"])))
    between = contested(known)
    if between >= CONTESTED_MANY and not is_small(round(between * known.coverage["n"])):
        claims.append(Claim(text=known.say("surprise_contested", share=between), evidence=covered(known)))
    return claims


def _unknown(known: Known) -> list[Claim]:
    lines = []
    if not known.coverage["with_codes"]:
        lines.append(known.say("no_interviews"))
    else:
        missing = [kind for kind in CODE_KINDS if not (known.codes.loc[known.codes["kind"] == kind, "with_code"] > 0).any()]
        lines += [known.say("kinds_missing", kinds=missing)] if missing else []
        lines += [] if len(known.quotes) else [known.say("no_quotes")]
    if not known.coverage["with_events"]:
        lines.append(known.say("no_events"))
    return [Claim(text=text, evidence=covered(known)) for text in lines]
