"""Time distances of journeys and typical paths: ``python benchmarks/bench_paths.py [table.csv]``.

Writes a row a case: what, journeys, length, seconds (the best of two), and the same by sequenzo where it is installed
(in an environment of its own: it wants other versions). Random journeys of five levels; single thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def random_journeys(count, length):
    rng = np.random.default_rng(7)
    return np.unique(rng.integers(0, 5, (2 * count, length)), axis=0)[:count]


def random_costs():
    costs = np.random.default_rng(8).uniform(0.5, 1.9, (5, 5))
    costs = (costs + costs.T) / 2
    np.fill_diagonal(costs, 0)
    return costs


def best(work):
    took = []
    for _ in range(2):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return round(min(took), 2)


def ours():
    from personakit.eventlog import DAY_US
    from personakit.journeys import find_paths, trace_journeys
    from personakit.journeys.paths.distances import Space, between, make_space
    from personakit.journeys.paths.kernels import Padded, matching_gains
    from personakit.records import Study

    def log(steps):
        people, length = steps.shape
        ids = np.char.add("p", np.arange(people).astype(str))
        events = pd.DataFrame({"participant_id": np.repeat(ids, length), "event": np.array(list("abcde"))[steps].ravel(),
                               "time_us": np.tile(np.arange(length) * DAY_US, people)})
        index = pd.Index(ids, name="participant_id")
        return trace_journeys(Study(name="random", participants=pd.DataFrame(index=index), events=events))

    rows = []
    for length in (20, 50):
        steps = random_journeys(2_000, length)
        some = Padded(steps=steps, length=np.full(2_000, length), levels=5)
        gain = 2 - random_costs()
        for name, gains in (("optimal matching, broken costs", gain), ("optimal matching, whole costs", np.rint(gain * 10))):
            def measure(a, b, gains=gains):
                return a.length[:, None] + b.length - matching_gains(a, b, gains)
            rows.append((name, 2_000, length, best(lambda m=measure, s=some: between(Space(journeys=s, measure=m)))))
        lcs = make_space(some, np.ones(2_000, dtype=int), tuple("abcde"), method="lcs", normalise="none")
        rows.append(("longest common subsequence", 2_000, length, best(lambda s=lcs: between(s))))
    journeys = log(np.random.default_rng(9).integers(0, 5, (100_000, 20)))
    start = time.perf_counter()
    find_paths(journeys, k=range(2, 6), method="medoids", measure={"by": "touchpoint"}, seed=7)
    rows.append(("find_paths, medoids of samples", 100_000, 20, round(time.perf_counter() - start, 2)))
    return rows


def sequenzo():
    from sequenzo import SequenceData, get_distance_matrix

    rows = []
    for length in (20, 50):
        steps = random_journeys(2_000, length)
        frame = pd.DataFrame(steps + 1, columns=[str(one) for one in range(length)])
        frame.insert(0, "id", np.arange(2_000))
        data = SequenceData(frame, time=[str(one) for one in range(length)], states=[1, 2, 3, 4, 5], id_col="id")
        costs = np.zeros((6, 6))
        costs[1:, 1:] = random_costs()
        took = best(lambda d=data, c=costs: get_distance_matrix(d, method="OM", sm=c, indel=1.0))
        rows.append(("sequenzo: optimal matching, broken costs", 2_000, length, took))
    return rows


if __name__ == "__main__":
    try:
        import personakit  # noqa: F401
        found = ours()
    except ImportError:
        found = sequenzo()
    table = pd.DataFrame(found, columns=["what", "journeys", "length", "seconds"])
    if len(sys.argv) > 1:
        if Path(sys.argv[1]).exists():
            table = pd.concat([pd.read_csv(sys.argv[1]), table]).drop_duplicates(["what", "journeys", "length"], keep="last")
        table.to_csv(sys.argv[1], index=False)
    print(table.to_string(index=False))
