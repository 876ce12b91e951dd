"""Time the log, the habits and the journeys on random logs: ``python benchmarks/journeys.py [events ...]``."""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from personakit.behaviour import behaviour_table
from personakit.eventlog import MINUTE_US, encode_events, sessionise, transition_counts
from personakit.journeys import describe_journeys, trace_journeys
from personakit.records import Features, Personas, Study
from personakit.schema import FRAMEWORKS

STAGES = FRAMEWORKS["parcours"]


def make(events):
    rng = np.random.default_rng(7)
    people = max(events // 30, 10)
    log = pd.DataFrame({
        "participant_id": np.char.add("p", rng.integers(0, people, events).astype(str)),
        "event": rng.choice([f"e{one}" for one in range(25)], events),
        "time_us": rng.integers(0, 270 * 1440, events) * MINUTE_US,
        "channel": rng.choice(["web", "app", "shop"], events), "device": rng.choice(["mobile", "desktop"], events)})
    ids = pd.Index(sorted(log["participant_id"].unique()), name="participant_id")
    touchpoints = pd.DataFrame({"event": [f"e{one}" for one in range(25)], "touchpoint": [f"t{one}" for one in range(25)],
                                "stage": [STAGES[one % 5] for one in range(25)]})
    study = Study(name="benchmark", participants=pd.DataFrame(index=ids), events=log, touchpoints=touchpoints)
    membership = pd.DataFrame(np.eye(4)[rng.integers(0, 4, len(ids))], index=ids, columns=["P1", "P2", "P3", "P4"])
    table = pd.DataFrame({"f": np.arange(len(ids), dtype=float)}, index=ids)
    features = Features(table=table, natural=table, window_days=90.0, dropped=pd.DataFrame(),
                        catalog=pd.DataFrame({"kind": "numeric", "role": "active"}, index=["f"]))
    return study, Personas(candidate="x-4", membership=membership, features=features, quality=pd.Series(dtype=float),
                           stability=pd.DataFrame(), tried=1, chosen=True)


def timed(name, verb, *arguments, **options):
    start = time.perf_counter()
    found = verb(*arguments, **options)
    print(f"  {name:20s} {time.perf_counter() - start:8.3f} s")
    return found


if __name__ == "__main__":
    for size in [int(one) for one in sys.argv[1:]] or [60_000, 600_000]:
        study, personas = make(size)
        print(f"{size:,} events, {len(study.participants):,} people")
        log = timed("encode_events", encode_events, study.events)
        timed("sessionise", sessionise, log)
        timed("transition_counts", transition_counts, log, "event")
        timed("behaviour_table", behaviour_table, study)
        journeys = timed("trace_journeys", trace_journeys, study)
        timed("describe_journeys", describe_journeys, journeys, personas, seed=7)
