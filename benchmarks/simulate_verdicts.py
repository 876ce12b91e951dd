"""Simulate the verdicts: planted personas must be found and noise refused, over many seeds.

Run ``python benchmarks/simulate_verdicts.py [seeds] [processes]`` (5 seeds by default, 100 for rating noise, on every core:
a quarter of an hour). Writes
``verdicts.csv`` beside it, a row a recipe: seeds; right (recommended the planted number of personas; 0: none);
sure_but_wrong (``natural`` with another number); how many seeds gave each verdict; the mean adjusted Rand index with the
truth; and where people were planted between two personas, the share of them that is called contested, beside the share of
the others. The first row sums the seven known answers over their first three seeds. Recipes are those of
``tests/candidates/planted_tables.py`` and ``tests/test_features_relations.py``. Fast food is left out where the survey does
not lie beside.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "candidates"))

sys.path.insert(0, str(ROOT / "tests"))

import planted_tables as planted  # noqa: E402
from test_features_relations import features_of, gappy, near_copies, style  # noqa: E402

from personakit.candidates import find_candidates  # noqa: E402
from personakit.candidates.design import make_design  # noqa: E402
from personakit.candidates.measures import between  # noqa: E402
from personakit.inference import adjusted_rand  # noqa: E402
from personakit.records import Features  # noqa: E402

SURVEY = ROOT.parent / "shared" / "data" / "surveys" / "mcdonalds" / "mcdonalds.csv"
#: seeds of single recipes where more are asked for, and those of the known answers
MANY, KNOWN_SEEDS = {"likert noise 400 x 5": 100}, 3


def signal(seed: int) -> tuple[Features, np.ndarray]:
    """Three groups in two columns, and one column of noise times 500."""
    types, table = near_copies(seed)
    loud = 500 * np.random.default_rng(seed + 50).normal(size=400)
    return features_of(table[["a", "b"]].assign(loud=loud), "other"), types


def with_gaps(seed: int) -> tuple[Features, np.ndarray]:
    """Recipe Miss; whoever answered nothing is not among the people."""
    types, _, values = gappy(seed)
    return features_of(values, "other"), types[~np.isnan(values).all(axis=1)]


def remedied(recipe: object, remedy: str, origin: str = "answers") -> object:
    """A recipe whose notes offer a remedy, with that remedy."""
    def make(seed: int) -> tuple[Features, np.ndarray]:
        types, values = recipe(seed)  # type: ignore[operator]
        return features_of(values, origin, remedies=[remedy]), types
    return make


#: recipe -> (planted number of personas, 0 for noise; table or features, with truth or without, from a seed)
RECIPES = {
    **planted.KNOWN,
    "3 overlapping groups 800 x 5": (
        3, lambda seed: planted.rating_groups(seed, planted.OVERLAPPING, spread=1.3, people=800)),
    "4 habits, 12 % between, 900 x 20": (4, lambda seed: planted.habits_groups(seed, 900)),
    "3 types of interviewees 48 x 40": (3, planted.interview_codes),
    "3 types of interviewees 24 x 40": (3, lambda seed: planted.interview_codes(seed, people=24)),
    "Dup: 3 groups, 6 copies of noise, block_weights": (3, remedied(near_copies, "block_weights", "other")),
    "Scale: 3 groups, noise x 500": (3, signal),
    "Style: 3 types, acquiescence 1.2, row_level": (3, remedied(lambda seed: style(seed, 1.2), "row_level")),
    "Miss: 3 types, 25 % missing": (3, with_gaps),
    "Null-A: Gaussian 300 x 5": (0, planted.gaussian_noise),
    "Null-E: Gaussian sd 4, 1, 1": (0, lambda seed: planted.gaussian_noise(seed, 500, 3, (4, 1, 1))),
    "elongated Gaussian 500 x 2, sd 6:1": (0, planted.elongated),
    "one trait behind yes/no answers 800 x 11": (0, planted.common_factor),
    "habits without personas 600 x 13": (0, planted.habits_noise),
    "habits without personas 3000 x 13": (0, lambda seed: planted.habits_noise(seed, 3000)),
    "codes without types 48 x 40": (0, planted.codes_noise),
    "codes without types 24 x 30": (0, lambda seed: planted.codes_noise(seed, people=24, codes=30)),
    "yes/no answers, shuffled": (0, lambda seed: planted.shuffled(planted.interview_codes(seed, people=400)[0], seed)),
    "a ring in 4 features": (0, lambda seed: planted.curve(seed, 2 * np.pi)),
    "a bow in 4 features": (0, lambda seed: planted.curve(seed, np.pi)),
}
if SURVEY.exists():
    FOOD = (pd.read_csv(SURVEY).iloc[:, :11] == "Yes").astype(float)
    RECIPES["Null-P: fast food, permuted"] = (0, lambda seed: planted.shuffled(FOOD, seed))


def one_seed(name: str, seed: int) -> dict[str, object]:
    """Search one table, and compare what is recommended with the truth."""
    planted_k, make = RECIPES[name]
    made = make(seed)
    given, truth = made if isinstance(made, tuple) else (made, None)
    features = given if isinstance(given, Features) else planted.as_features(given)
    found = find_candidates(features, seed=seed, progress=False)
    k = 0 if found.recommended is None else int(found.table.loc[found.recommended, "k"])
    out: dict[str, object] = {"right": k == planted_k, "sure_but_wrong": found.verdict == "natural" and k != planted_k,
                              found.verdict: True}
    if k and truth is not None:
        labels, sure = found.memberships[found.recommended].to_numpy().argmax(axis=1), truth >= 0
        out["adjusted_rand"] = adjusted_rand(truth[sure], labels[sure], np.ones(sure.sum()))
        if not sure.all() and k == planted_k:
            design = make_design(features.active)
            rows = np.zeros(len(design.weights), dtype=np.intp)
            rows[design.row_of] = labels
            contested = between(design, rows)[design.row_of]
            out |= {"between_contested": contested[~sure].mean(), "others_contested": contested[sure].mean()}
    return out


def row_of(name: str, planted_k: int | str, seeds: pd.DataFrame) -> dict[str, object]:
    """Sum the seeds of a recipe up."""
    counts = {word: int(seeds[word].eq(True).sum()) if word in seeds else 0 for word in COUNTED}
    means = {word: round(float(seeds[word].mean()), 2) if word in seeds and seeds[word].notna().any() else ""
             for word in AVERAGED}
    return {"recipe": name, "planted": planted_k, "seeds": len(seeds), **counts, **means}


COUNTED = ("right", "sure_but_wrong", "natural", "reproducible", "constructive", "none")
AVERAGED = ("adjusted_rand", "between_contested", "others_contested")

def summed(found: pd.DataFrame) -> pd.DataFrame:
    """Sum all recipes up, the known answers first."""
    known = found[found["recipe"].isin(planted.KNOWN)].groupby("recipe").head(KNOWN_SEEDS)
    rows = [row_of(name, planted_k, found[found["recipe"] == name]) for name, (planted_k, _) in RECIPES.items()]
    return pd.DataFrame([row_of("known answers, 7 recipes, 3 seeds each at most", "", known), *rows])


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count()
    asked = sorted(((seed, name) for name in RECIPES for seed in range(1000, 1000 + MANY.get(name, number))),
                   key=lambda one: one[0])
    found = []
    with ProcessPoolExecutor(processes) as pool:
        for (seed, name), one in zip(asked, pool.map(one_seed, *zip(*((b, a) for a, b in asked), strict=True)), strict=True):
            found.append({"recipe": name, "seed": seed, **one})
            print(found[-1], flush=True)
    table = summed(pd.DataFrame(found))
    table.to_csv(Path(__file__).with_name("verdicts.csv"), index=False, lineterminator="\n")
