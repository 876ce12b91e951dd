"""Typing tools on noise and on planted personas: what they say of themselves, and what fresh people say.

Run ``python benchmarks/simulate_typing_tool.py [seeds]`` (30 by default: about three minutes). Each row of
``typing_tool.csv`` is a recipe, averaged over the seeds: ``fixed`` (accuracy judged by the labels that the rule was made
from: the usual figure), ``accuracy`` (what the tool says of itself), ``fresh`` (agreement with what 3,000 fresh people of
the same recipe find by themselves, personas matched by overlap), ``largest`` (share of the largest persona),
``cannot_tell`` and ``placed_right`` as said, ``told_fresh`` and ``right_fresh`` (share of fresh people placed; share of
those placed rightly).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from personakit.candidates import METHODS
from personakit.records import Features, Personas
from personakit.typing_tool import assign_personas, build_typing_tool
from personakit.typing_tool.answers import encode
from personakit.typing_tool.choosing import fit_rule

KMEANS = METHODS["kmeans"]
FRESH = 3_000
CENTRES = np.array([[5, 1, 4, 3, 3, 2], [1, 5, 2, 3, 3, 4], [5, 5, 4, 3, 3, 1]], dtype=float)


def likert_noise(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(3, 1.1, (n, 6)).round().clip(1, 5)


def gaussian_noise(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=(n, 6))


def clear(rng: np.random.Generator, n: int) -> np.ndarray:
    return (CENTRES[rng.integers(0, 3, n)] + 0.7 * rng.normal(size=(n, 6))).round().clip(1, 5)


def overlapping(rng: np.random.Generator, n: int) -> np.ndarray:
    return (CENTRES[rng.integers(0, 3, n)] + 1.6 * rng.normal(size=(n, 6))).round().clip(1, 5)


RECIPES = {"likert noise": likert_noise, "gaussian noise": gaussian_noise, "planted, clear": clear,
           "planted, overlapping": overlapping}


def features_of(values: np.ndarray) -> Features:
    index = pd.Index([f"p{one:05d}" for one in range(len(values))], name="participant_id")
    table = pd.DataFrame(values, index=index, columns=list("abcdef"))
    catalog = pd.DataFrame({"kind": "ordinal", "role": "active", "origin": "answers"}, index=table.columns)
    return Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())


def trial(recipe: str, seed: int, n: int = 400) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    features = features_of(RECIPES[recipe](rng, n))
    membership = KMEANS(features.table, 3, seed)
    names = ["P1", "P2", "P3"]
    personas = Personas(candidate="kmeans-3", features=features, quality=pd.Series(), stability=pd.DataFrame(), tried=1,
                        membership=pd.DataFrame(membership, features.table.index, names), chosen=True)
    tool = build_typing_tool(personas, features, KMEANS, target=0.85, seed=seed)
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    answers, labels = encode(features.natural, features.catalog["kind"].to_dict()), membership.argmax(axis=1)
    intercept, weights = fit_rule(answers.values, labels, 3)
    people = features_of(RECIPES[recipe](rng, FRESH)).table
    own, placed = KMEANS(people, 3, seed + 1).argmax(axis=1), assign_personas(tool, people)
    likeliest = placed[names].to_numpy().argmax(axis=1)
    table = pd.crosstab(own, likeliest).reindex(index=range(3), columns=range(3), fill_value=0).to_numpy()
    right = table.argmax(axis=0)[likeliest] == own
    told = placed["persona"].notna().to_numpy()
    fixed = ((answers.values @ weights + intercept).argmax(axis=1) == labels).mean()
    return {"questions": len(tool.questions), "fixed": fixed, "accuracy": row["accuracy"], "fresh": right.mean(),
            "largest": tool.largest, "cannot_tell": row["cannot_tell"], "placed_right": row["placed_right"],
            "told_fresh": told.mean(), "right_fresh": right[told].mean() if told.any() else np.nan}


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    rows = {recipe: pd.DataFrame([trial(recipe, seed) for seed in range(1, seeds + 1)]).mean() for recipe in RECIPES}
    table = pd.DataFrame(rows).T.rename_axis("recipe").round(3).assign(seeds=seeds)
    table.to_csv(Path(__file__).with_name("typing_tool.csv"), lineterminator="\n")
    print(table.to_string())


if __name__ == "__main__":
    main()
