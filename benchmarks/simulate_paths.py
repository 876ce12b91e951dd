"""Deal journeys with and without typical paths again and again: are some found where there are none, and where there are?

Run ``python benchmarks/simulate_paths.py [runs] [words]`` (100 runs by default: ten minutes; with words only the questions
that hold one of them, the other rows stay). Writes ``path_tests.csv``: one row a question with the number of runs, how many
said yes, their share, and the bounds within which the kit promises it to lie.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from simulate_journeys import walk

import personakit as pk
from personakit.eventlog import DAY_US
from personakit.inference import adjusted_rand
from personakit.records import Study

COLUMNS = ["question", "runs", "yes", "share", "least", "most"]


def traced(states, length):
    """Journeys of people who take so many of these steps, one a day."""
    people, steps = states.shape
    ids = np.array([f"p{one:05d}" for one in range(people)])
    events = pd.DataFrame({"participant_id": np.repeat(ids, steps), "event": np.array(list("abcde"))[states].ravel(),
                           "time_us": np.tile(np.arange(steps) * DAY_US, people)})
    index = pd.Index(ids, name="participant_id")
    return pk.trace_journeys(Study(name="s", participants=pd.DataFrame(index=index),
                                   events=events[np.ravel(np.arange(steps) < length[:, None])]))


def alike(seed, method):
    """People all of one kind, whose journeys are unequally long: are there typical paths?"""
    rng = np.random.default_rng(1_000 + seed)
    states = walk(rng.dirichlet(np.full(5, 3.0), 5), 200, 12, rng)
    return pk.find_paths(traced(states, rng.integers(6, 13, 200)), k=[2, 3, 4], method=method,
                         measure={"by": "touchpoint"}, seed=seed).recommended is not None


def three_ways(seed, method):
    """Three kinds of people, each with a next step of its own (half of the steps go anywhere): do the paths follow them?"""
    rng = np.random.default_rng(2_000 + seed)
    rows = np.stack([0.1 + 0.5 * np.roll(np.eye(5), shift, axis=1) for shift in (1, 2, 0)])
    which = np.arange(150) % 3
    paths = pk.find_paths(traced(walk(rows[which], 150, 15, rng), np.full(150, 15)), k=[2, 3, 4], method=method, seed=seed,
                          measure={"by": "touchpoint", "method": "transition_shares"})
    if paths.recommended is None:
        return False
    return adjusted_rand(np.unique(paths.labels[paths.recommended], return_inverse=True)[1], which) >= 0.5


#: question -> (deal, share of the runs asked for, least, most)
ROWS = {f"{what}, {method}": (partial(deal, method=method), part, least, most)
        for what, deal, part, least, most in (("people all alike: typical paths", alike, 1, 0.0, 0.05),
                                              ("three ways planted: paths that follow them", three_ways, 0.3, 0.9, 1.0))
        for method in ("ward", "medoids", "mixture")}


def main() -> None:
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    path, wanted = Path(__file__).with_name("path_tests.csv"), sys.argv[2:]
    for question, (deal, part, least, most) in ROWS.items():
        if wanted and not any(one in question for one in wanted):
            continue
        start, runs = time.perf_counter(), max(int(asked * part), 5)
        yes = sum(bool(deal(seed)) for seed in range(1, runs + 1))
        row = (question, runs, yes, round(yes / runs, 3), least, most)
        print(*row, f"{time.perf_counter() - start:.0f} s", flush=True)
        table = pd.DataFrame([row], columns=COLUMNS)
        if path.exists():
            table = pd.concat([pd.read_csv(path), table]).drop_duplicates("question", keep="last")
        table = table.set_index("question").reindex([one for one in ROWS if one in set(table["question"])])
        table.reset_index().to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
