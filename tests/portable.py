"""What the contract of the engines is tested on: random logs with ties, gaps and repeats, and the views that must agree."""

from __future__ import annotations

from dataclasses import replace

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.behaviour import HABITS, behaviour_table
from personakit.eventlog import DAY_US, MINUTE_US, count_by_person, encode_events, store_events
from personakit.journeys import funnel, loops, stage_counts, step_matrix, trace_journeys, transitions, variants
from personakit.records import Features, Personas, Study

STAGES = ("s0", "s1", "s2")
TOUCHPOINTS = pd.DataFrame({"event": ["x", "y", "z", "x > y"], "touchpoint": ["X", "Y", "Z", "X"],
                            "stage": ["s0", "s1", "s2", "s0"], "channel": ["web", "shop", None, "web"]})


def random_events(seed, *, people=12, rows=150, order=True, moments=40):
    """Draw a log in which many events share a moment, some have no channel and one has no stage."""
    rng = np.random.default_rng(seed)
    moment = rng.integers(0, moments, rows) * 11 * MINUTE_US + rng.integers(0, 3, rows) * 20 * DAY_US
    events = pd.DataFrame({
        "participant_id": [f"é{one}" for one in rng.integers(0, people, rows)],
        "event": rng.choice(["x", "y", "z", "x > y", "nowhere"], rows), "time_us": moment,
        "channel": rng.choice(["web", "app", None], rows),
        "value": rng.choice([1.5, np.nan], rows)})
    return events.assign(order=rng.integers(0, 3, rows)) if order else events


def settled(events):
    """Sort a log as a query is: by what the events are, where nothing else parts them."""
    channel = events["channel"].fillna("") if "channel" in events else ""
    return events.assign(known=channel).sort_values(["time_us", "event", "known"], kind="stable").drop(
        columns="known").reset_index(drop=True)


def study_of(events, people):
    ids = pd.Index(sorted(people), name="participant_id")
    return Study(name="t", participants=pd.DataFrame(index=ids), events=events, touchpoints=TOUCHPOINTS, stages=STAGES)


def personas_of(people):
    labels = np.arange(len(people)) % 2
    membership = pd.DataFrame({"P1": 1.0 - labels, "P2": labels * 1.0}, index=pd.Index(people, name="participant_id"))
    table = pd.DataFrame({"f": np.arange(len(people), dtype=float)}, index=membership.index)
    catalog = pd.DataFrame({"kind": "numeric", "role": "active", "origin": "events"}, index=["f"])
    features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame({"feature": [], "why": []}))
    return Personas(candidate="x-2", membership=membership, features=features, quality=pd.Series(dtype=float),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def views_of(journeys, personas):
    """Make every view that a log may answer where it lies."""
    return {
        "ends": journeys.ends, "notes": journeys.notes,
        "transitions": transitions(journeys, personas, seed=7, replicates=20),
        "touchpoints": transitions(journeys, by="touchpoint", seed=7, replicates=20),
        "stages": stage_counts(journeys, personas), "seen": stage_counts(journeys, by="touchpoint"),
        "steps": step_matrix(journeys, personas, steps=4), "moves": step_matrix(journeys, steps=40, moves_only=True),
        "loops": loops(journeys, personas), "circles": loops(journeys, by="touchpoint"),
        "variants": variants(journeys, personas, by="touchpoint"), "moved": variants(journeys, moves_only=True, top=3),
        "funnel": funnel(journeys, personas, seed=7, replicates=20),
        "window": funnel(journeys, stages=["s1", "s0", "s2"], window_days=0.3, seed=7, replicates=20)}


def check_views(events, lazy, monkeypatch):
    """Trace one log in memory and where it lies; every view must be the same, to the last digit."""
    people = sorted(events["participant_id"].unique())
    personas = personas_of(people)
    here = views_of(trace_journeys(study_of(events, people)), personas)
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 0)
    journeys = trace_journeys(study_of(lazy, people))
    there = views_of(journeys, personas)
    for name, frame in here.items():
        found = there[name]
        missing = [one for one in frame if one.startswith("days_") or one == "median_days"]
        if missing and name not in ("funnel", "window"):  # times of personas are not brought, and so the rows' hashes differ
            theirs = frame["persona"] != "all"
            assert found.loc[theirs, missing].isna().all(axis=None) and found.loc[~theirs, missing].notna().any(axis=None)
            frame, found = (one.assign(**{key: one[key].mask(theirs) for key in ("evidence_id", *missing)})
                            for one in (frame, found))
        pd.testing.assert_frame_equal(frame, found, obj=name, check_exact=True)
    return journeys, there


def check_queries(events, lazy):
    """Compare the counts that the views do not show with those of the log in memory."""
    log, stored = encode_events(events), store_events(lazy)
    assert (count_by_person(stored, "channel") != count_by_person(log, "channel")).nnz == 0
    assert stored.participants.equals(log.participants)
    assert all(stored.levels[name].equals(log.levels[name]) for name in log.levels)


EVERY = [one for one in HABITS if not one.startswith(("content", "device"))]
#: in this night of October 2024 the clocks of Beirut went from midnight back to eleven: hours that come twice, and a day
NIGHT_US = 1_729_965_600_000_000


def autumn_study(seed, timezone="Asia/Beirut", **how):
    """Draw a log that begins twenty days before the clocks change, which they do in its second third."""
    events = random_events(seed, **how)
    events = events.assign(time_us=events["time_us"] + NIGHT_US - 20 * DAY_US)
    return replace(study_of(events, events["participant_id"].unique()), timezone=timezone)


def check_habits(study, lazy, monkeypatch, **how):
    """Sum up one log in memory and where it lies: the same habits of the same people, in the same order."""
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", 10**8)
    here = behaviour_table(study, **how)
    monkeypatch.setattr("personakit.eventlog.stored.MOST_EVENTS", -1)
    there = behaviour_table(replace(study, events=lazy), **how)
    pd.testing.assert_frame_equal(here, there, rtol=1e-9, atol=1e-9)
    assert (here.attrs["engine"], there.attrs["engine"]) == ("memory", nw.from_native(lazy).implementation.value)
    assert here.attrs | {"engine": ""} == there.attrs | {"engine": ""}
    return there
