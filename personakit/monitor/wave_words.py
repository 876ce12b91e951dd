"""What the comparison of two waves says, in sentences."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from personakit.frozen import Sentence
from personakit.schema import FEATURE, PERSONA

#: profiles named in the sentences; the table holds all
TOP = 5


def sentences(verdict: str, frames: Mapping[str, pd.DataFrame], questions: pd.DataFrame, names: Mapping[str, str]
              ) -> tuple[Sentence, ...]:
    """Say first what could be seen at all, then the verdict, then what was found."""
    found = dict(zip(questions["question"], questions["found"], strict=True))
    sizes = frames["sizes"]
    first = Sentence(key="monitor.detectable", values={"old": int(sizes["n_old"].sum()), "new": int(sizes["n_new"].sum()),
                                            "change": float(np.ceil(100 * sizes["detectable"].max()))})
    return (first, Sentence(key=f"monitor.{verdict}", values={"n": len(questions)}), *_structure(frames["structure"], names),
            *(_sizes(sizes, names) if found["shares"] else ()),
            *(_shifts(frames["shifts"], names) if found["profiles"] else ()),
            *([_distance(frames["structure"])] if found["distance"] else ()),
            *(_steps(frames["journeys"], names) if found.get("steps") else ()))


def _name(persona: object, names: Mapping[str, str]) -> str:
    return names.get(str(persona)) or str(persona)


def _structure(frame: pd.DataFrame, names: Mapping[str, str]) -> list[Sentence]:
    rows = frame[frame["change"] != "kept"].to_dict("records")
    return [Sentence(key=f"monitor.{row['change']}", values={
        "persona": _name(row[PERSONA], names), "other": _name(row["other"], names), "people": int(row["n_new"]),
    }) for row in rows if not (row["change"] == "merged" and row[PERSONA] > row["other"])]


def _sizes(frame: pd.DataFrame, names: Mapping[str, str]) -> list[Sentence]:
    rows = frame[frame["q"] < 0.05].to_dict("records")
    return [Sentence(key="monitor.grown" if row["difference"] > 0 else "monitor.shrunk", values={
        "persona": _name(row[PERSONA], names), "before": row["share_old"], "now": row["share_new"], "low": row["low"],
        "high": row["high"], "count": int(row["n_new"]), "total": int(frame["n_new"].sum()),
    }) for row in rows]


def _shifts(frame: pd.DataFrame, names: Mapping[str, str]) -> list[Sentence]:
    rows = frame[frame["q"] < 0.05].sort_values("effect", key=abs, ascending=False, kind="stable").head(TOP)
    return [Sentence(key=f"monitor.shifted{_kind(row)}", values={
        "persona": _name(row[PERSONA], names), "feature": row[FEATURE], "level": row["level"], "before": row["old"],
        "now": row["new"],
    }) for row in rows.to_dict("records")]


def _kind(row: dict[Hashable, Any]) -> str:
    return "_level" if row["level"] else "_share" if "share" in str(row[FEATURE]) else ""


def _distance(frame: pd.DataFrame) -> Sentence:
    known = frame.dropna(subset=["far_new"])
    total = known["n_new"].sum()
    return Sentence(key="monitor.farther", values={"now": float((known["far_new"] * known["n_new"]).sum() / max(total, 1))})


def _steps(frame: pd.DataFrame, names: Mapping[str, str]) -> list[Sentence]:
    rows = frame[frame["q"] < 0.05].to_dict("records")
    return [Sentence(key="monitor.walked", values={"persona": _name(row[PERSONA], names), "change": row["change"],
                                        "expected": row["expected"]}) for row in rows]
