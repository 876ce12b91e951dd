"""Time the comparison and the mixture on 100,000 people, 400 kinds of steps: ``python benchmarks/bench_comparison.py``."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from simulate_journeys import personas

from personakit.eventlog import MINUTE_US
from personakit.journeys import compare_journeys, journey_mixture, trace_journeys
from personakit.records import Study


def make(people, levels, steps):
    rng = np.random.default_rng(7)
    ids = np.array([f"p{one:06d}" for one in range(people)])
    log = pd.DataFrame({"participant_id": np.repeat(ids, steps),
                        "event": np.array([f"e{one:02d}" for one in range(levels)])[rng.integers(0, levels, people * steps)],
                        "time_us": np.tile(np.arange(steps) * MINUTE_US, people)})
    index = pd.Index(ids, name="participant_id")
    return trace_journeys(Study(name="benchmark", participants=pd.DataFrame(index=index), events=log))


if __name__ == "__main__":
    journeys = make(100_000, 20, 20)
    halves = personas(journeys, np.arange(100_000) % 2)
    start = time.perf_counter()
    compare_journeys(journeys, halves, by="touchpoint", seed=7, replicates=1000)
    print(f"  compare_journeys, 1,000 permutations and as many bootstraps: {time.perf_counter() - start:.1f} s")
    journeys = make(100_000, 5, 20)
    start = time.perf_counter()
    journey_mixture(journeys, k=[5], by="touchpoint", seed=7)
    print(f"  journey_mixture, five chains: {time.perf_counter() - start:.1f} s")
