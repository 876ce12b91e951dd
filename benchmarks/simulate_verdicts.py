"""Simulate the verdicts: planted personas must be found and noise refused, over many seeds.

Run ``python benchmarks/simulate_verdicts.py [--seeds 3] [--first 1000] [--processes 2] [recipe ...]`` (all recipes, 3 seeds
each, 100 for rating noise: a quarter of an hour of two cores). Writes ``verdicts.csv`` beside it; rows of recipes that were
not named stay as they are. With another first seed it writes ``verdicts_fresh.csv`` instead: seeds that no rule of the
verdict was chosen on.

A row a recipe: seeds; right (recommended the planted number of personas; 0: none); sure_but_wrong (``natural`` with another
number); how many seeds gave each verdict; the mean adjusted Rand index with the truth, of what was recommended and
(at_planted) of the steadiest candidate with the planted number; and where people were planted between two personas, the
share of them that is called contested, beside the share of the others. The first row sums the seven known answers over
their first three seeds. Recipes are those of ``tests/candidates/planted_tables.py`` and of
``tests/test_features_relations.py``; fast food is left out where the survey does not lie beside.

Dup and Scale are the reference recipes: three groups in two features, of which two differ on one feature only, so that three
are never recommended (any two personas must differ on two features); at_planted says that they are found all the same. What
copies and units do to a verdict is shown on the separated groups. Of the overlapping groups nobody can tell more: who knew
their centres would agree with the truth by .45 (adjusted Rand), and what is found at k = 3 does by .40 to .49.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
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
from personakit.records import Candidates, Features  # noqa: E402

SURVEY = ROOT.parent / "shared" / "data" / "surveys" / "mcdonalds" / "mcdonalds.csv"
#: seeds of single recipes where more are asked for, those of the known answers, and the first of all
MANY, KNOWN_SEEDS, FIRST = {"likert noise 400 x 5": 100}, 3, 1000
ALL_KNOWN = "known answers, 7 recipes, 3 seeds each at most"


def loud(seed: int) -> np.ndarray:
    """One column of noise times 500."""
    return 500 * np.random.default_rng(seed + 50).normal(size=400)


def two_features(seed: int) -> tuple[Features, np.ndarray]:
    """Three groups in two columns, and a loud one."""
    types, table = near_copies(seed)
    return features_of(table[["a", "b"]].assign(loud=loud(seed)), "other"), types


def separated_loud(seed: int) -> tuple[Features, np.ndarray]:
    """Three separated groups, and a loud column."""
    table, types = planted.rating_groups(seed)
    return features_of(table.assign(loud=loud(seed)), "other"), types


def separated_copies(seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Three separated groups, and one noise item copied six times."""
    table, types = planted.rating_groups(seed)
    return types, table.join(near_copies(seed)[1].filter(like="copy"))


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
    "Scale: 3 groups, noise x 500": (3, two_features),
    "3 separated groups, 6 copies of noise, block_weights": (3, remedied(separated_copies, "block_weights", "other")),
    "3 separated groups, noise x 500": (3, separated_loud),
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
    """Search one table, and compare what is recommended, and what has the planted number, with the truth."""
    planted_k, make = RECIPES[name]
    made = make(seed)
    given, truth = made if isinstance(made, tuple) else (made, None)
    features = given if isinstance(given, Features) else planted.as_features(given)
    found = find_candidates(features, seed=seed, progress=False)
    k = 0 if found.recommended is None else int(found.table.loc[found.recommended, "k"])
    out: dict[str, object] = {"right": k == planted_k, "sure_but_wrong": found.verdict == "natural" and k != planted_k,
                              found.verdict: True}
    if truth is None:
        return out
    steadiest = str(found.table.loc[found.table["k"] == planted_k, "stability"].idxmax())
    out["at_planted"] = agreement(found, steadiest, truth)
    if found.recommended is None:
        return out
    out["adjusted_rand"] = agreement(found, found.recommended, truth)
    return out | (contested(found, truth) if (truth < 0).any() and k == planted_k else {})


def labels_of(found: Candidates, candidate: str) -> np.ndarray:
    """Give the persona of each person."""
    return found.memberships[candidate].to_numpy().argmax(axis=1)


def agreement(found: Candidates, candidate: str, truth: np.ndarray) -> float:
    """Compare with the truth, people between two personas left out."""
    sure = truth >= 0
    return adjusted_rand(truth[sure], labels_of(found, candidate)[sure], np.ones(sure.sum()))


def contested(found: Candidates, truth: np.ndarray) -> dict[str, object]:
    """Count who lies between two personas, of those who were planted there and of the others."""
    design = make_design(found.features.active)
    rows = np.zeros(len(design.weights), dtype=np.intp)
    rows[design.row_of] = labels_of(found, str(found.recommended))
    away = between(design, rows)[design.row_of]
    return {"between_contested": away[truth < 0].mean(), "others_contested": away[truth >= 0].mean()}


COUNTED = ("right", "sure_but_wrong", "natural", "reproducible", "constructive", "none")
AVERAGED = ("adjusted_rand", "at_planted", "between_contested", "others_contested")


def row_of(name: str, planted_k: int | str, seeds: pd.DataFrame) -> dict[str, object]:
    """Sum the seeds of a recipe up."""
    counts = {word: int(seeds[word].eq(True).sum()) if word in seeds else 0 for word in COUNTED}
    means = {word: round(float(seeds[word].mean()), 2) if word in seeds and seeds[word].notna().any() else ""
             for word in AVERAGED}
    return {"recipe": name, "planted": planted_k, "seeds": len(seeds), **counts, **means}


def summed(found: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Sum up what was simulated, the known answers first if all were; other rows stay as they were before."""
    rows = {name: row_of(name, RECIPES[name][0], seeds) for name, seeds in found.groupby("recipe", sort=False)}
    if set(planted.KNOWN) <= set(rows):
        known = found[found["recipe"].isin(planted.KNOWN)].groupby("recipe").head(KNOWN_SEEDS)
        rows[ALL_KNOWN] = row_of(ALL_KNOWN, "", known)
    kept = {str(row["recipe"]): row for row in before.to_dict("records")} | rows
    columns = ["recipe", "planted", "seeds", *COUNTED, *AVERAGED]
    return pd.DataFrame([kept[name] for name in (ALL_KNOWN, *RECIPES) if name in kept], columns=columns)


def simulate(names: list[str], seeds: int, first: int, processes: int) -> Iterator[dict[str, object]]:
    """Search one table a recipe and seed, the seeds in turn; in the order in which they end."""
    many = MANY if first == FIRST else {}
    asked = sorted(((seed, name) for name in names for seed in range(first, first + max(seeds, many.get(name, 0)))),
                   key=lambda one: one[0])
    with ProcessPoolExecutor(processes) as pool:
        tasks = {pool.submit(one_seed, name, seed): (name, seed) for seed, name in asked}
        for task in as_completed(tasks):
            name, seed = tasks[task]
            yield {"recipe": name, "seed": seed, **task.result()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    unknown = [name for name in given.recipes if name not in RECIPES]
    if unknown:
        parser.error(f"{unknown[0]!r} is no recipe. There are: {'; '.join(RECIPES)}")
    path = Path(__file__).with_name("verdicts.csv" if given.first == FIRST else "verdicts_fresh.csv")
    before = pd.read_csv(path, keep_default_na=False) if path.exists() else pd.DataFrame({"recipe": []})
    found: list[dict[str, object]] = []
    for one in simulate(given.recipes, given.seeds, given.first, given.processes):
        print(one, flush=True)
        found.append(one)
        # after each table, so that a run that is stopped leaves what it has done
        ordered = pd.DataFrame(found).sort_values(["recipe", "seed"])
        summed(ordered, before).to_csv(path, index=False, lineterminator="\n")
