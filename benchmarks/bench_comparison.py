"""Time the comparison and the models on 100,000 people: ``python benchmarks/bench_comparison.py``.

Wall and CPU seconds, and the most memory so far: the machine may be shared.
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd
from simulate_journeys import personas

from personakit.eventlog import MINUTE_US
from personakit.journeys import (
    attribution,
    compare_journeys,
    journey_differences,
    journey_mixture,
    predict_leaving,
    predict_next,
    trace_journeys,
)
from personakit.records import Study


def make(people, levels, steps, *, even=True, gap_min=1):
    rng = np.random.default_rng(7)
    ids = np.array([f"p{one:06d}" for one in range(people)])
    chance = None if even else rng.dirichlet(np.full(levels, 0.5))
    words = np.array([f"e{one:03d}" for one in range(levels)])
    took = rng.choice(levels, people * steps, p=chance)
    log = pd.DataFrame({"participant_id": np.repeat(ids, steps), "event": words[took], "time_us":
                        np.tile(np.arange(steps) * gap_min * MINUTE_US, people)
                        + np.repeat(rng.integers(0, 10**13, people), steps)})
    index = pd.Index(ids, name="participant_id")
    return trace_journeys(Study(name="benchmark", participants=pd.DataFrame(index=index), events=log))


def report(what, verb, *args, **options):
    wall, cpu = time.perf_counter(), time.process_time()
    verb(*args, seed=7, **options)
    print(f"  {what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} CPU s, "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB at most so far", flush=True)


if __name__ == "__main__":
    wide = make(20_000, 200, 20, even=False)
    four = personas(wide, np.arange(20_000) % 4)
    report("compare_journeys, 20,000 people, 200 events, 4 personas", compare_journeys, wide, four, by="touchpoint")
    report("journey_differences of them", journey_differences, wide, four, by="touchpoint")
    del wide, four
    journeys = make(100_000, 20, 20, gap_min=60)
    halves = personas(journeys, np.arange(100_000) % 2)
    report("compare_journeys, 400 kinds of steps, 1,000 permutations and as many bootstraps", compare_journeys, journeys,
           halves, by="touchpoint", replicates=1000)
    report("attribution", attribution, journeys, to="e000", by="touchpoint")
    report("predict_next", predict_next, journeys, by="touchpoint")
    report("predict_leaving", predict_leaving, journeys, halves, by="touchpoint")
    journeys = make(100_000, 5, 20)
    report("journey_mixture, five chains", journey_mixture, journeys, k=[5], by="touchpoint")
