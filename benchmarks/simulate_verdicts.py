"""Simulate the verdicts: planted personas must be found and noise refused, over many seeds.

Run ``python benchmarks/simulate_verdicts.py [seeds]`` (5 by default: about five minutes). Writes ``verdicts.csv`` beside it:
for each recipe how many seeds gave each verdict, how many recommended the planted number of personas (0: none), and the
mean adjusted Rand index of these with the truth. The recipes are those of ``tests/candidates/planted_tables.py``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "candidates"))

import planted_tables as planted  # noqa: E402

from personakit.candidates import find_candidates  # noqa: E402
from personakit.candidates.measures import adjusted_rand  # noqa: E402

#: recipe -> (planted number of personas, 0 for noise; table, or table and truth, from a seed)
RECIPES = {
    "likert noise 400 x 5": (0, planted.likert_noise),
    "yes/no answers, shuffled": (0, lambda seed: planted.shuffled(planted.interview_codes(seed, people=400)[0], seed)),
    "elongated Gaussian 500 x 2": (0, planted.elongated),
    "one trait behind yes/no answers 800 x 11": (0, planted.common_factor),
    "habits without personas 600 x 13": (0, planted.habits_noise),
    "codes without types 48 x 40": (0, planted.codes_noise),
    "codes without types 24 x 30": (0, lambda seed: planted.codes_noise(seed, people=24, codes=30)),
    "3 separated groups": (3, planted.rating_groups),
    "80/15/5": (3, lambda seed: planted.rating_groups(seed, sizes=(80, 15, 5))),
    "3 groups + 5 noise items": (3, lambda seed: planted.rating_groups(seed, noise=5)),
    "two bands": (2, lambda seed: planted.rating_groups(seed, ((2,) * 5, (4,) * 5))),
    "5 groups": (5, lambda seed: planted.rating_groups(seed, planted.FIVE)),
    "3 overlapping groups": (3, lambda seed: planted.rating_groups(seed, planted.OVERLAPPING, spread=1.3)),
    "4 habits, 12 % between, 2000 x 20": (4, planted.habits_groups),
    "3 types of interviewees 48 x 40": (3, planted.interview_codes),
    "3 types of interviewees 24 x 40": (3, lambda seed: planted.interview_codes(seed, people=24)),
}


def simulate(name: str, seeds: int) -> dict[str, object]:
    """One recipe over seeds."""
    planted_k, make = RECIPES[name]
    verdicts, right, agreement, started = [], 0, [], time.perf_counter()
    for seed in range(1000, 1000 + seeds):
        made = make(seed)
        table, truth = made if isinstance(made, tuple) else (made, None)
        found = find_candidates(planted.as_features(table), seed=seed, progress=False)
        verdicts.append(found.verdict)
        k = 0 if found.recommended is None else int(found.table.loc[found.recommended, "k"])
        right += k == planted_k
        if k and truth is not None:
            labels, sure = found.memberships[found.recommended].to_numpy().argmax(axis=1), truth >= 0
            agreement.append(adjusted_rand(truth[sure], labels[sure], np.ones(sure.sum())))
    counts = {word: verdicts.count(word) for word in ("natural", "reproducible", "constructive", "none")}
    print(f"{name}: {right}/{seeds} right, {counts}, {time.perf_counter() - started:.0f} s", flush=True)
    return {"recipe": name, "planted": planted_k, "seeds": seeds, "right": right, **counts,
            "adjusted_rand": round(float(np.mean(agreement)), 2) if agreement else ""}


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    table = pd.DataFrame([simulate(name, seeds) for name in RECIPES])
    table.to_csv(Path(__file__).with_name("verdicts.csv"), index=False, lineterminator="\n")
