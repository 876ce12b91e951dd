"""Small studies and personas for the journeys' tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.eventlog import DAY_US, MINUTE_US
from personakit.records import Features, Personas, Study

STATES = ("s0", "s1", "s2", "s3", "s4")


def study(events, *, touchpoints=None, stages=STATES, **more):
    ids = pd.Index(sorted(set(events["participant_id"])), name="participant_id")
    return Study(name="t", participants=pd.DataFrame(index=ids), events=events, touchpoints=touchpoints, stages=stages,
                 **more)


def log(paths, *, minutes=1.0):
    """One participant a path: a mapping of id -> events, a minute apart; a number among them is a silence in days."""
    rows = []
    for person, path in paths.items():
        now = 0
        for one in path:
            if isinstance(one, (int, float)):
                now += int(one * DAY_US)
            else:
                rows.append((person, one, now))
                now += int(minutes * MINUTE_US)
    return pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])


def personas(labels, *, window_days):
    """Personas from labels (participant -> persona) that came from so many first days of events; None: from answers."""
    labels = pd.Series(labels)
    membership = pd.DataFrame({one: (labels == one).astype(float) for one in sorted(labels.unique())})
    membership.index.name = "participant_id"
    table = pd.DataFrame({"f": np.arange(len(labels), dtype=float)}, index=membership.index)
    catalog = pd.DataFrame({"kind": "numeric", "role": "active",
                            "origin": "answers" if window_days is None else "events"}, index=["f"])
    features = Features(table=table, natural=table, catalog=catalog, window_days=window_days,
                        dropped=pd.DataFrame({"feature": [], "why": []}))
    return Personas(candidate="kmeans-2", membership=membership, features=features, quality=pd.Series(dtype=float),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def touchpoints(words, stages=None, channel=None):
    table = pd.DataFrame({"event": list(words), "touchpoint": list(words), "stage": list(stages or words)})
    return table if channel is None else table.assign(channel=channel)


def walk(rows, people, steps, rng):
    """States (people, steps) of one Markov process; ``rows`` is (S, S), or (people, S, S) for processes of their own."""
    rows = np.broadcast_to(rows, (people, *rows.shape[-2:]))
    states = np.zeros((people, steps), dtype=int)
    states[:, 0] = rng.integers(0, rows.shape[-1], people)
    for step in range(1, steps):
        chance = rows[np.arange(people), states[:, step - 1]].cumsum(axis=1)
        states[:, step] = np.minimum((chance < rng.random((people, 1))).sum(axis=1), rows.shape[-1] - 1)
    return states


def study_of(states):
    """A study in which person p0000 is at stage states[0, d] on day d."""
    people, steps = states.shape
    events = pd.DataFrame({
        "participant_id": np.repeat([f"p{one:04d}" for one in range(people)], steps),
        "event": np.array(STATES)[states].ravel(), "time_us": np.tile(np.arange(steps) * DAY_US, people)})
    return study(events, touchpoints=touchpoints(STATES))
