"""Each row of evidence has an id of what it was computed from: one source row less changes these ids and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_evidence import make_features, make_personas
from test_evidence_interviews import THEMES, planned

from personakit.evidence import (
    compare_partitions,
    fairness_table,
    gather_evidence,
    joint_display,
    link_interviews,
    widen_intervals,
)
from personakit.records import Features

KINDS = ("table", "outcomes", "codes", "words", "quotes", "counter_quotes", "coverage", "exemplars", "traits")
#: q belongs to the whole family of tests
FAMILY = ["q"]
ACTIVE = ("visits", "calls")


def world():
    """24 people of two personas, 20 of them interviewed; two more whom nobody knows; p000 and p012 say two things."""
    study, features, _ = planned()
    natural = features.natural.assign(
        spend=np.arange(24) % 7 + 4.0 * (np.arange(24) < 12), member=np.tile([1.0, 0.0, 1.0], 8),
        region=pd.Categorical(["north", "south", "west"] * 8))
    more = make_features(natural, ["active"] * 2 + ["held_back"] * 3, ["count"] * 2 + ["numeric", "binary", "nominal"])
    said = pd.DataFrame([("p000", "i0", "price", "pain", "purchase", "It costs the world", "verbatim"),
                         ("p012", "i12", "queue", "pain", "purchase", "And nobody says sorry", "none")],
                        columns=study.codes.columns)
    people = study.participants.index.append(pd.Index(["z1", "z2"])).rename("participant_id")
    events = pd.DataFrame({"participant_id": ["p000", "p000", "p013"], "event": "visit", "time_us": [1, 2, 3]})
    whole = replace(study, participants=pd.DataFrame({"gender": ["f", "m"] * 13}, index=people), events=events,
                    codes=pd.concat([study.codes, said], ignore_index=True),
                    answers=pd.DataFrame({"q": [1.0, 2.0, 3.0]}, index=natural.index[[0, 1, 14]]))
    return whole, more, make_personas(more, [0] * 12 + [1] * 12, sure=0.9)


def halves(table, k, seed):
    return np.eye(k)[(table["visits"] < 5).fillna(False).to_numpy(dtype=int)]


def everything(study, features, personas):
    """Return every kind of evidence: one frame a kind, indexed by id."""
    evidence = gather_evidence(study, features, personas, seed=1, replicates=20)
    frames = {kind: getattr(evidence, kind).reset_index() for kind in KINDS}
    frames["widened"] = widen_intervals(evidence, study, features, personas, halves, replicates=5).table
    frames["fairness"] = fairness_table(study, features, personas, ["gender"], seed=1)
    frames["joint"] = joint_display(study, personas, evidence, THEMES)
    frames["links"] = link_interviews(study, personas, seed=1)
    other = make_personas(features, [0, 1] * 12)
    frames["partitions"] = compare_partitions(personas, other, seed=1, permutations=19)
    return {kind: frame.set_index("evidence_id").drop(columns=[*FAMILY, "index"], errors="ignore")
            for kind, frame in frames.items()}


def without_passage(row):
    """Return the world without one passage, and for each kind the rows that used it."""
    study, features, personas = world()
    gone, left = study.codes.loc[row], study.codes.drop(index=row)
    own = left[left["participant_id"] == gone["participant_id"]]
    alone, persona = own.empty, personas.labels[gone["participant_id"]]
    last_words = gone["consent"] == "verbatim" and not (own["quote"] == gone["quote"]).any()

    def used(kind, frame, after, before):
        spoken = frame["quote"].eq(gone["quote"]) if "quote" in frame else None
        if kind in ("codes", "joint"):
            return frame["code"].eq(gone["code"]) | alone
        if kind == "quotes":
            return spoken
        if kind == "counter_quotes":  # it fell, what it answered fell, or it has moved up among the quotes
            lost = before["quotes"].index[before["quotes"]["quote"].eq(gone["quote"])]
            return spoken | frame["counters"].isin(lost) | frame["quote"].isin(after["quotes"]["quote"])
        rules = {"words": last_words, "coverage": frame.get("persona", pd.Series()).eq(persona) & alone, "links": alone}
        return rules.get(kind, False)

    return (replace(study, codes=left), features, personas), used


def without_answers(person):
    study, features, personas = world()
    persona = personas.labels[person]
    return ((replace(study, answers=study.answers.drop(index=person)), features, personas),
            lambda kind, frame, after, before: kind == "coverage" and frame["persona"].eq(persona))


def without_event(row):
    study, features, personas = world()
    person, left = study.events.at[row, "participant_id"], study.events.drop(index=row)
    last, persona = not left["participant_id"].eq(person).any(), personas.labels[person]
    return ((replace(study, events=left), features, personas),
            lambda kind, frame, after, before: kind == "coverage" and frame["persona"].eq(persona) & last)


def without_value(person, name):
    study, features, personas = world()
    natural = features.natural.copy()
    natural.loc[person, name] = np.nan
    less = Features(table=natural, natural=natural, catalog=features.catalog, dropped=features.dropped)
    moved = make_personas(less, [0] * 12 + [1] * 12, sure=0.9)
    active = name in ACTIVE

    def used(kind, frame, after, before):
        if kind in ("table", "outcomes", "joint"):
            mine = frame["feature"].str.split("=").str[0]
            return mine.isin(ACTIVE) if active else mine.eq(name)
        if kind == "widened":
            widened = ~frame.index.isin(before["table"].index)
            return pd.Series(widened & active, frame.index) | used("table", frame, after, before)
        if kind == "traits":  # which traits hold together is found among all of a persona's
            told = pd.concat([one["traits"] for one in (before, after)])
            return frame["persona"].isin(told.loc[told["feature"].eq(name), "persona"])
        return active and kind in ("coverage", "exemplars", "fairness")

    return (study, less, moved), used


def without_person(person):
    study, features, personas = world()
    level = study.participants.at[person, "gender"]
    return ((replace(study, participants=study.participants.drop(index=person)), features, personas),
            lambda kind, frame, after, before: kind == "fairness" and frame["level"].eq(level))


@pytest.fixture(scope="module")
def before():
    return everything(*world())


@pytest.mark.parametrize(("delete", "rows"), [
    (without_passage, [(one,) for one in (0, 9, 10, 18, 19, 20, 21)]), (without_answers, [("p000",), ("p014",)]),
    (without_event, [(0,), (2,)]), (without_person, [("z1",), ("z2",)]),
    (without_value, [("p003", "visits"), ("p015", "calls"), ("p004", "spend"), ("p016", "member"), ("p005", "region")]),
], ids=lambda one: getattr(one, "__name__", ""))
def test_one_source_row_less_changes_exactly_the_ids_that_used_it(before, delete, rows):
    assert all(len(frame) for frame in before.values()), "a kind of evidence is not tried at all"
    changed = set()
    for one in rows:
        less, used = delete(*one)
        after = everything(*less)
        for kind, frame in before.items():
            gone = frame.index.difference(after[kind].index)
            expected = frame.index[np.broadcast_to(used(kind, frame, after, before), len(frame))]
            assert set(gone) == set(expected), (one, kind)
            same = frame.index.intersection(after[kind].index)
            pd.testing.assert_frame_equal(frame.loc[same], after[kind].loc[same], obj=f"{one}: {kind}")
            changed |= {kind} if len(gone) else set()
    assert changed
