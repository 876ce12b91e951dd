"""Time ``behaviour_table`` on a million events beside the same habits written with pandas groupby, and the steps after it.

Run ``python benchmarks/bench_features.py [events] [participants]``. Both tables are compared before anything is printed;
the best of three runs counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from personakit import Study, behaviour_table, build_features, impute
from personakit.eventlog import DAY_US, MINUTE_US, encode_events

WINDOW_DAYS = 90


def make_log(events: int, people: int) -> Study:
    """Deal a log over 200 days: 30 event names, 4 channels, 2 devices, values on a tenth of the events."""
    rng = np.random.default_rng(7)
    ids = pd.Index([f"p{number:06d}" for number in range(people)], name="participant_id", dtype="str")
    log = pd.DataFrame({
        "participant_id": ids.to_numpy()[rng.integers(0, people, events)],
        "event": rng.choice([f"event_{number}" for number in range(30)], events),
        "time_us": 1_700_000_000_000_000 + rng.integers(0, 200 * 86_400, events) * 1_000_000,
        "channel": rng.choice(["web", "app", "shop", "phone"], events), "device": rng.choice(["mobile", "desktop"], events),
        "value": np.where(rng.random(events) < 0.1, rng.lognormal(3, 1, events), np.nan)})
    return Study(name="bench", participants=pd.DataFrame(index=ids), events=log, timezone="Europe/Paris")


def by_groupby(events: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Compute the same habits as one would with pandas: sort, group, aggregate."""
    log = events.sort_values(["participant_id", "time_us"], kind="stable", ignore_index=True)
    first = log.groupby("participant_id")["time_us"].transform("min")
    end = log["time_us"].max()
    seen = ((end - first) / DAY_US).groupby(log["participant_id"]).first()
    days = seen.clip(upper=WINDOW_DAYS).clip(lower=7)
    log = log[log["time_us"] < first + WINDOW_DAYS * DAY_US]
    person = log["participant_id"]
    pause = log.groupby("participant_id")["time_us"].diff()
    new = pause.isna() | (pause > 30 * MINUTE_US)
    wall = pd.to_datetime(log["time_us"], unit="us", utc=True).dt.tz_convert(timezone)
    group = log.assign(new=new, day=wall.dt.date, night=wall.dt.hour < 6, morning=wall.dt.hour.between(6, 11),
                       evening=wall.dt.hour >= 18, weekend=wall.dt.day_of_week >= 5).groupby("participant_id")
    size, rate = group.size(), 30 / days
    last = group["time_us"].agg(["min", "max"])
    out = pd.DataFrame({
        "events_per_30d": size * rate, "sessions_per_30d": group["new"].sum() * rate,
        "active_days_per_30d": group["day"].nunique() * rate, "events_per_session": size / group["new"].sum(),
        "gap_days": (pause[new] / DAY_US).groupby(person[new]).median(),
        "recency_days": (WINDOW_DAYS - (last["max"] - last["min"]) / DAY_US).where(seen >= WINDOW_DAYS),
        **{f"{name}_share": group[name].mean() for name in ("night", "morning", "evening", "weekend")},
        "value_per_30d": group["value"].sum() * rate})
    for column in ("channel", "device", "event"):
        shares = pd.crosstab(person, log[column], normalize="index")
        out = out.join(shares.add_prefix(f"{column}_share:"))
    return out


def best_of(runs: int, call: Callable[[], object]) -> tuple[float, object]:
    """Run a call some times; give the shortest time in seconds and the last result."""
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return min(times), result


if __name__ == "__main__":
    events, people = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 1_000_000), (2, 20_000)))
    study = make_log(events, people)
    ours, table = best_of(3, lambda: behaviour_table(study, window_days=WINDOW_DAYS))
    theirs, peer = best_of(3, lambda: by_groupby(study.events, study.timezone))
    pd.testing.assert_frame_equal(table[peer.columns], peer.reindex(table.index), check_names=False, check_dtype=False,
                                  check_freq=False, rtol=1e-9, obj="habits")
    encoding, _ = best_of(3, lambda: encode_events(study.events))
    building, features = best_of(3, lambda: build_features(study, table))
    filling, _ = best_of(1, lambda: impute(features, draws=1, seed=7))
    print(f"{events:,} events, {people:,} participants, {table.shape[1]} habits, equal to 1e-9")
    print(f"behaviour_table {ours:.2f} s (of it encoding {encoding:.2f}) | pandas groupby {theirs:.2f} s | "
          f"ratio {ours / theirs:.2f}")
    print(f"build_features {building:.2f} s | impute, one draw {filling:.2f} s")
