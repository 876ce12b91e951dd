"""How often two waves of the same people's kind are said to differ, and how often planted changes are found and named.

Writes ``benchmarks/waves.csv``. ``make simulations`` runs it; ``simulate_waves.py 20`` does 20 of each (60 where nothing
changed).
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "monitor"), str(HERE.parent / "tests")]

import planted_waves  # noqa: E402
import test_change  # noqa: E402

from personakit.eventlog import DAY_US  # noqa: E402
from personakit.monitor import compare_waves, measure_change  # noqa: E402

#: change -> what must be said
WANTED = {"none": [], "grown": [], "shifted": [], "split": ["split"], "born": ["born"], "merged": ["merged", "merged"]}
RUNS = {"none": 200}
FIRST = 5_000


def one_pair(job: tuple[str, int, int]) -> tuple[str, bool, bool]:
    """Compare one pair of waves: its verdict, whether anything was found, and whether the structure was named rightly."""
    change, n, seed = job
    old, new = planted_waves.waves(seed, n, change=change)
    found = compare_waves(*planted_waves.personas_of(old, new, seed), seed=seed, replicates=199)
    became = sorted(one for one in found.structure["change"] if one != "kept")
    return found.verdict, bool(found.questions["found"].any()), became == WANTED[change]


def one_change(job: tuple[str, float, int]) -> tuple[bool, bool]:
    """Measure one change: whether an effect is claimed, and whether the interval covers what was planted."""
    design, effect, seed = job
    if design == "randomised":
        outcomes, arms = test_change.experiment(seed, effect=effect)
        row = measure_change(outcomes, kpi="buy", arms=arms).effects.iloc[0]
    else:
        outcomes, exposed = test_change.two_sets(seed, effect=effect)
        row = measure_change(outcomes, kpi="buy", when_us=50 * DAY_US, exposed=exposed).effects.iloc[0]
    return row["verdict"] in ("raised", "lowered"), bool(row["low"] <= effect <= row["high"])


def main(runs: int) -> None:
    """Simulate and write the table."""
    rows = []
    with ProcessPoolExecutor(2) as workers:
        for n in (300, 2_000):
            for change in WANTED:
                count = min(3 * runs if change == "none" else runs, RUNS.get(change, 100))
                results = list(workers.map(one_pair, [(change, n, FIRST + seed) for seed in range(count)]))
                rows.append(("waves", change, n, count, sum(one[1] for one in results) / count,
                             sum(one[2] for one in results) / count))
                print(rows[-1], flush=True)
        for design, effect in (("randomised", 0.0), ("randomised", 0.1), ("difference_in_differences", 0.0),
                               ("difference_in_differences", 0.1)):
            count = min(20 * runs, 1_000)
            results = list(workers.map(one_change, [(design, effect, FIRST + seed) for seed in range(count)], chunksize=20))
            rows.append(("change", f"{design}, effect {effect}", 600 if design == "randomised" else 1_600, count,
                         sum(one[0] for one in results) / count, sum(one[1] for one in results) / count))
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["what", "planted", "n", "runs", "found", "named_or_covered"])
    table.to_csv(HERE / "waves.csv", index=False, float_format="%.3f", lineterminator="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
