"""Two personas in one map: the lanes of each side by side, and how far apart they are seen at a stage."""

from __future__ import annotations

import pandas as pd

from personakit.disclosure import is_small
from personakit.documents import Cell, Claim
from personakit.inference import newcombe_interval
from personakit.maps.lanes import DECLARED, Lane, lanes_of
from personakit.maps.view import View, level


def pair_lanes(one: View, two: View, source: str) -> list[Lane]:
    """Put the lanes of two views one under the other; what the organisation declares stands once."""
    both = [{key: (title, cells) for key, title, cells in lanes_of(view, source)} for view in (one, two)]
    empty: tuple[tuple[Cell, ...], ...] = tuple(() for _ in one.study.stages)
    lanes: list[Lane] = []
    for key in [*both[0], *(key for key in both[1] if key not in both[0])]:
        title = both[0].get(key, both[1].get(key, ("", empty)))[0]
        if key in DECLARED:
            lanes.append((key, title, both[0][key][1]))
            continue
        for view, own in zip((one, two), both, strict=True):
            lanes.append((f"{key}:{view.persona}", one.say("lane_of", lane=title, who=view.persona),
                          own.get(key, (title, empty))[1]))
        if key == "reached":
            lanes.append(("reached_gap", one.say("reached_gap"), tuple(_gap(one, two, stage)
                                                                       for stage in one.study.stages)))
    return lanes


def _gap(one: View, two: View, stage: str) -> tuple[Cell, ...]:
    """How many points more of one persona are seen at a stage, with the score interval of two different groups of people."""
    rows = [view.at("stages", stage) for view in (one, two)]
    if not all(len(part) for part in rows) or any(part["hidden"].iloc[0] for part in rows):
        return ()
    a, b = (part.iloc[0] for part in rows)
    counts = [float(value) for row in (a, b) for value in (row["people"], row["people_total"])]
    low, high = (float(end) for end in newcombe_interval(*counts))
    gap = float(a["share"] - b["share"])
    text = one.say("seen_more", one=one.persona, two=two.persona, gap=gap, low=low, high=high)
    return (Cell(text=text, value=gap, low=low, high=high, n=int(counts[1] + counts[3]), evidence=tuple(
        str(row["evidence_id"]) for row in (a, b)), level=level(min(counts[1], counts[3]))),)


def pair_note(view: View, pair: tuple[str, str], names: tuple[str, str]) -> list[Claim]:
    """Whether the two journeys can be told apart at all."""
    frame = view.frames["comparison"]
    if "verdict" not in frame.columns:
        return []
    rows = frame[frame["persona_a"].isin(pair) & frame["persona_b"].isin(pair) & (frame["persona_a"] != frame["persona_b"])]
    claims = [Claim(text=view.say("pair_described"), status="method")]
    for _, row in rows.head(1).iterrows():
        change = row["change"]
        known = pd.notna(change) and not is_small(row["people_a"]) and not is_small(row["people_b"])
        key = f"pair_{row['verdict']}" if known or row["verdict"] != "differ" else "pair_differ_short"
        figures = {name: float(row[name]) for name in ("change", "low", "high")} if known else {}
        claims.insert(0, Claim(text=view.say(key, one=names[0], two=names[1], **figures),
                               evidence=(str(row["evidence_id"]),)))
    return claims
