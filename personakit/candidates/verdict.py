"""The verdict: are there personas in these data, and which candidate is the best supported?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from personakit.candidates.design import Design
from personakit.frozen import Sentence
from personakit.schema import VERDICTS

#: beyond null data: chance that one of the k goes so far without personas, and the least gap (log ratio of variances
#: within). Once a steady candidate is beyond, being beyond this share of null data at its own k does for the others: there
#: are personas, it remains to see how many
CHANCE, BEYOND_GAP, ALSO_BEATS = 0.05, 0.02, 0.95
#: three or more profiles nearer to one line than this (see ``directions``) are degrees, unless valleys part them
LINE = 0.2
#: beyond shuffled data: standard deviations of these
BEYOND_Z = 2.5
#: comes back with other people: median adjusted Rand between resamples, and Hennig's (2007) bounds for each persona
STEADY, STEADY_PERSONA = 0.75, 0.60
#: what a cut of a continuum must reach to be worth offering, since only its steadiness speaks for it: stability, also of
#: each persona, gap to data without correlation, profiles off one line (see ``directions``), and k
OFFERED, OFFERED_PERSONA, OFFERED_GAP, OFFERED_DIRECTIONS, OFFERED_K = 0.80, 0.75, 0.12, 0.45, 3
#: natural: wide gap, near-perfect steadiness, people clearly nearer to their own persona than to the next, and at most a
#: quarter as many people in the middle between two profiles as around them
NATURAL_GAP, NATURAL_STEADY, NATURAL_PERSONA, NATURAL_SEPARATION, NATURAL_VALLEY = 0.05, 0.90, 0.85, 0.25, 0.25
#: the next larger k is taken outright when the gap to null data widens at least so many times
WIDER = 1.25
#: features on which any two personas must differ; methods that agree less than this depend on the method
DIFFERING, AGREEING = 2, 0.65


def verdicts(table: pd.DataFrame, features: int) -> pd.Series:
    """Give the verdict of each candidate from its figures (see ``find_candidates`` for what the words mean)."""
    steady = (table["stability"] >= STEADY) & (table["jaccard"] >= STEADY_PERSONA) & (table["smallest_n"] > 0)
    wide = table["gap"] >= BEYOND_GAP
    beyond = (table["gap_p"] <= CHANCE) & wide
    if (steady & beyond).any():
        beyond |= (table["gap_beats"] >= ALSO_BEATS) & wide
    linked = (table["independent_gap_z"] >= BEYOND_Z) & (table["independent_gap"] >= BEYOND_GAP)
    degrees = (table["k"] >= OFFERED_K) & (table["directions"] < LINE) & (table["valley"] > NATURAL_VALLEY)
    types = steady & beyond & ~degrees & (table["differing"] >= min(DIFFERING, features))
    natural = (types & (table["gap"] >= NATURAL_GAP) & (table["stability"] >= NATURAL_STEADY)
               & (table["jaccard"] >= NATURAL_PERSONA) & (table["separation"] >= NATURAL_SEPARATION)
               & (table["valley"] <= NATURAL_VALLEY))
    words = np.select([natural, types, steady & (linked | beyond)], VERDICTS[:3], VERDICTS[3])
    return pd.Series(words, index=table.index)


def recommend_one(table: pd.DataFrame, features: int, goes_further: Callable[[str, int], bool]) -> str | None:
    """Pick the best supported candidate, or None.

    Where personas go beyond correlation: as many as the data need, by the steadiest method at that k. From the smallest k
    on, the next k is taken as long as the gap to null data widens by a quarter, or ``goes_further(candidate so far, next
    k)``. Where the data are a continuum: the most personas that come back reliably, if their profiles
    are more than degrees along one line; else none.
    """
    types = table[table["verdict"].isin(["natural", "reproducible"])]
    if len(types):
        gap = types["gap"].to_dict()
        first, *others = sorted(types["k"].unique())
        best = _steadiest(types[types["k"] == first])
        for number in others:
            next_best = _steadiest(types[types["k"] == number])
            wider = gap[next_best] >= WIDER * gap[best]
            if not wider and not goes_further(best, int(number)):
                break
            best = next_best
        return best
    cuts = table[(table["verdict"] == "constructive") & (table["k"] >= OFFERED_K) & (table["stability"] >= OFFERED)
                 & (table["jaccard"] >= OFFERED_PERSONA) & (table["independent_gap"] >= OFFERED_GAP)
                 & (table["directions"] >= OFFERED_DIRECTIONS) & (table["differing"] >= min(DIFFERING, features))]
    return _steadiest(cuts[cuts["k"] == cuts["k"].max()]) if len(cuts) else None


def _steadiest(rows: pd.DataFrame) -> str:
    return str(rows["stability"].round(2).idxmax())


def explain(table: pd.DataFrame, recommended: str | None, line: Sequence[str]) -> list[Sentence]:
    """Say the verdict in sentences: what was found first, then what a reader should know beside it."""
    tried = {"tried": len(table), "n": int(table["n"].iloc[0])}
    if recommended is None:
        linked = ((table["independent_gap_z"] >= BEYOND_Z) & (table["independent_gap"] >= BEYOND_GAP)).any()
        steady = (table["verdict"] != "none").any()
        more = ((table["gap_p"] <= CHANCE) & (table["gap"] >= BEYOND_GAP)).any()
        key = "too_unsteady" if more else "no_types" if steady else "unsteady" if linked else "nothing"
        return [Sentence(key=f"candidates.{key}", values={**tried, "features": list(line)})]
    row = table.loc[recommended].to_dict()
    values = {**tried, "candidate": recommended, "k": int(row["k"]), "stability": float(row["stability"]),
              "gap": float(-np.expm1(-row["gap"])), "smallest_n": int(row["smallest_n"])}
    return [Sentence(key=f"candidates.{row['verdict']}", values=values), *_beside(table, recommended)]


def _beside(table: pd.DataFrame, recommended: str) -> list[Sentence]:
    row = table.loc[recommended].to_dict()
    said = []
    same_method = table[table["method"] == row["method"]]
    widest = same_method.iloc[int(same_method["separation"].to_numpy().argmax())].to_dict()
    if widest["k"] != row["k"]:
        values = {"k": int(row["k"]), "other": int(widest["k"]), "here": float(row["separation"]),
                  "there": float(widest["separation"])}
        said.append(Sentence(key="candidates.silhouette_disagrees", values=values))
    if row["agreement"] < AGREEING:
        said.append(Sentence(key="candidates.methods_disagree",
                             values={"k": int(row["k"]), "agreement": float(row["agreement"])}))
    return said


def main_line(design: Design, names: Sequence[str]) -> list[str]:
    """Name the three features that weigh most in the main direction in which people differ."""
    values = design.values - np.average(design.values, axis=0, weights=design.weights)
    if design.seen is not None:
        values = values * design.seen
    direction = np.linalg.svd(values * np.sqrt(design.weights)[:, None], full_matrices=False)[2][0]
    weight = np.bincount(design.group, weights=direction**2)
    return [names[i] for i in np.argsort(-weight.round(9), kind="stable")[:3]]
