"""Time distances of journeys and typical paths: ``python benchmarks/bench_paths.py [table.csv]``.

Writes a row a case: what, journeys, length, seconds (the best of two) and cpu_seconds (of all threads; of the same run), and
the same by sequenzo where it is installed (in an environment of its own: it wants other versions). On a busy machine compare
processor seconds. Random journeys of five levels. The first row is the very first call of a session: numba is imported, and
what it compiled once is read from the disk.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
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
    took = [once(work) for _ in range(2)]
    return min(took)


def once(work):
    start, spent = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - start, 3), round(time.process_time() - spent, 3)


def ours():
    from personakit.eventlog import DAY_US
    from personakit.journeys import find_paths, trace_journeys
    from personakit.journeys.paths.distances import between, make_space
    from personakit.journeys.paths.kernels import Padded
    from personakit.journeys.paths.matching import matching_gains
    from personakit.records import Study

    def log(steps):
        people, length = steps.shape
        ids = np.char.add("p", np.arange(people).astype(str))
        events = pd.DataFrame({"participant_id": np.repeat(ids, length), "event": np.array(list("abcde"))[steps].ravel(),
                               "time_us": np.tile(np.arange(length) * DAY_US, people)})
        index = pd.Index(ids, name="participant_id")
        return trace_journeys(Study(name="random", participants=pd.DataFrame(index=index), events=events))

    rows, words = [], tuple("abcde")
    costs = pd.DataFrame(random_costs(), index=words, columns=words)
    for length in (20, 50):
        some = Padded(steps=random_journeys(2_000, length), length=np.full(2_000, length), levels=5)

        def space(some=some, **how):
            return make_space(some, np.ones(2_000, dtype=int), words, normalise="none", **how)

        broken = space(method="optimal_matching", costs=costs)
        if length == 20:
            rows.append(("optimal matching, first call", 2_000, length, *once(lambda s=broken: between(s))))
        whole, lcs = space(method="optimal_matching", costs=costs.round()), space(method="lcs")
        gain = np.maximum(2 - costs.to_numpy(), 0)
        plain = replace(broken, measure=lambda a, b, g=gain: a.length[:, None] + b.length - matching_gains(a, b, g))
        for name, one in (("optimal matching, broken costs", broken), ("optimal matching, whole costs", whole),
                          ("optimal matching without numba", plain), ("longest common subsequence", lcs)):
            rows.append((name, 2_000, length, *best(lambda s=one: between(s))))
    journeys = log(np.random.default_rng(9).integers(0, 5, (100_000, 20)))
    for method in ("medoids", "mixture"):
        took = once(lambda m=method: find_paths(journeys, k=range(2, 6), method=m, measure={"by": "touchpoint"}, seed=7))
        rows.append((f"find_paths, {method}", 100_000, 20, *took))
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
        rows.append(("sequenzo: optimal matching, broken costs", 2_000, length, *took))
    return rows


if __name__ == "__main__":
    try:
        import personakit  # noqa: F401
        found = ours()
    except ImportError:
        found = sequenzo()
    table = pd.DataFrame(found, columns=["what", "journeys", "length", "seconds", "cpu_seconds"])
    if len(sys.argv) > 1:
        if Path(sys.argv[1]).exists():
            table = pd.concat([pd.read_csv(sys.argv[1]), table]).drop_duplicates(["what", "journeys", "length"], keep="last")
        table.to_csv(sys.argv[1], index=False)
    print(table.to_string(index=False))
