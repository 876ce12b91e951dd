"""What the report says of journeys, and of a search that found no personas: each sentence with its evidence."""

from __future__ import annotations

from personakit.disclosure import journey_cells
from personakit.documents import Claim
from personakit.export.answer import Spoken
from personakit.plots import method_name
from personakit.wording import join, say_key

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
    """Which changes of channel throw people back."""
    if spoken.findings is None:
        return []
    frame = journey_cells("switches", spoken.findings.switches)
    flagged = frame[frame["flagged"].astype(bool) & ~frame["hidden"]]
    claims = [Claim(text=say_key(
        "maps.switch", spoken.language, source=row["source"], target=row["target"], restart=float(row["restart_share"]),
        like=float(row["like_share"]), excess=float(row["excess"]), low=float(row["low"]), high=float(row["high"]),
        n=int(row["people"])), evidence=(str(row["evidence_id"]),), n=int(row["people"])) for _, row in flagged.iterrows()]
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
