"""The designed journey: its text format, the exact alignment against exhaustive search, and what is made of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import personakit as pk
from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import DAY_US
from personakit.journeys import align_to_design, read_design, trace_journeys
from personakit.journeys.planned.moves import CHANNEL, FAR, INSERT, SKIP, Plan, align
from personakit.records import Study
from personakit.wording import say


def exhaustive(events, plan, still_open):
    steps = len(plan.price)

    @cache
    def cheapest(told, at, taken):
        offers = [0] if told == len(events) and (still_open or at == steps) else []
        if told < len(events):
            offers.append(cheapest(told + 1, at, taken) + INSERT)
            if at < steps and plan.price[at][events[told]] < FAR:
                offers.append(cheapest(told + 1, at + 1, True) + plan.price[at][events[told]])
            if at and taken and plan.repeatable[at - 1] and plan.price[at - 1][events[told]] < FAR:
                offers.append(cheapest(told + 1, at, True) + plan.price[at - 1][events[told]])
        if at < steps:
            offers.append(cheapest(told, at + 1, False) + (0 if plan.optional[at] else SKIP))
        return min(offers)

    return cheapest(0, 0, False)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_alignment_is_the_cheapest(seed, steps):
    rng = np.random.default_rng(seed)
    plan = Plan(price=rng.choice([0, CHANNEL, FAR, FAR], size=(steps, 4)).astype(np.int32),
                optional=rng.random(steps) < 0.4, repeatable=rng.random(steps) < 0.4)
    length, still_open = rng.integers(0, 6, 8), rng.random(8) < 0.5
    events = rng.integers(0, 4, (8, max(length.max(), 1)))
    found = align(events, length, still_open, plan)
    for one in range(8):
        assert found.cost[one] == exhaustive(tuple(events[one, :length[one]]), plan, still_open[one])
        took = found.step[one, :length[one]]
        assert (np.diff(took[took >= 0]) >= 0).all()
        assert set(took[took >= 0]) == set(np.flatnonzero(found.taken[one]))


def traced(ways, *, late=True):
    """People who take one touchpoint a day; ``late`` adds somebody a year later, so that the others have ended."""
    rows = [(who, event, day * DAY_US, channel) for who, steps in ways.items()
            for day, (event, channel) in enumerate(one.split("@") if "@" in one else (one, "web") for one in steps.split())]
    if late:
        rows.append(("zz", "home", 400 * DAY_US, "web"))
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us", "channel"])
    people = pd.DataFrame(index=pd.Index(sorted(set(events["participant_id"])), name="participant_id"))
    return trace_journeys(Study(name="x", participants=people, events=events))


DESIGN = "home+ > guide? > basket @web > pay | call"


def test_deviations_by_hand():
    fit = align_to_design(traced({"a": "home home basket pay", "b": "home basket@shop call", "c": "home pay advert",
                                  "d": "pay home basket"}), DESIGN, seed=7)
    counts = fit.people[["skipped", "not_reached", "inserted", "out_of_order", "wrong_channel"]]
    assert counts.loc["a"].tolist() == [0, 0, 0, 0, 0]
    assert counts.loc["b"].tolist() == [0, 0, 0, 0, 1]
    assert counts.loc["c"].tolist() == [1, 0, 1, 0, 0]
    assert counts.loc["d"].tolist() == [0, 1, 0, 1, 0]
    # of 3 events and 3 mandatory steps: half a unit; one skipped and one inserted; one owed and one out of order
    assert fit.people["fitness"][["a", "b", "c", "d"]].tolist() == pytest.approx([1, 1 - 0.5 / 6, 1 - 2 / 6, 1 - 2 / 6])
    assert fit.people["reached_goal"][["a", "b", "c", "d"]].tolist() == [True, True, True, False]
    skipped = fit.deviations[fit.deviations["kind"] == "skipped"].set_index("touchpoint")
    assert skipped.loc["basket", ["people", "people_total"]].tolist() == [1, 4]


def test_open_journeys_owe_nothing_yet():
    fit = align_to_design(traced({"a": "home", "b": "home basket"}, late=False), DESIGN, seed=7)
    assert fit.people["status"].eq("open").any()
    still = fit.people[fit.people["status"] == "open"]
    assert still["fitness"].eq(1).all()
    assert still["not_reached"].eq(0).all()


def test_text_and_table_say_the_same():
    table = pd.DataFrame({"step": [2, 1, 3, 4], "touchpoint": ["guide", "home", "basket", "pay | call"], "stage": "s",
                          "channel": [None, None, "web", None], "optional": [True, False, False, False],
                          "repeatable": [False, True, False, False]})
    written, listed = read_design(DESIGN), read_design(table)
    assert [(a.touchpoints, a.channel, a.optional, a.repeatable) for a in written] == [
        (b.touchpoints, b.channel, b.optional, b.repeatable) for b in listed]
    assert read_design("Home\nPage d'accueil @boutique *\nPay")[1].channel == "boutique"


@pytest.mark.parametrize(("design", "message"), [
    ("", "has no step"), ("home > > pay", "a step is empty"), ("home > | pay", "names no touchpoint"),
    ("home? > pay*", "every step may be left out"), ("hoem > pya", "no journey can satisfy it.*Did you mean 'home'"),
])
def test_designs_that_cannot_be(design, message):
    with pytest.raises(StudyError, match=message):
        align_to_design(traced({"a": "home pay"}), design, seed=7)


def test_unreachable_steps_and_unlisted_events_are_said():
    events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["home", "chat", "home"], "time_us": [0, 1, 2]})
    listed = pd.DataFrame({"event": ["home"], "touchpoint": ["Home"], "stage": ["awareness"]})
    people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    journeys = trace_journeys(Study(name="x", participants=people, events=events, touchpoints=listed))
    fit = align_to_design(journeys, "Home > Robot", seed=7)
    assert fit.steps["in_log"].tolist() == [True, False]
    assert fit.unlisted.to_numpy().tolist() == [["chat", 1, 1]]
    assert any("Robot" in say(one, "fr") for one in fit.why)
    assert any("chat" in say(one, "en") for one in fit.why)


def test_lunettes_beside_its_design():
    study = pk.load_sample("lunettes")
    journeys = pk.trace_journeys(study)
    label = {one: f"P{place % 2 + 1}" for place, one in enumerate(study.participants.index)}
    label[study.participants.index[0]] = "P3"
    fit = pk.align_to_design(journeys, study.design, make.personas(label, window_days=None),
                             walkthroughs=study.walkthroughs, seed=7, replicates=40)
    again = pk.align_to_design(journeys, study.design, make.personas(label, window_days=None),
                               walkthroughs=study.walkthroughs, seed=7, replicates=40)
    pd.testing.assert_frame_equal(fit.deviations, again.deviations)
    assert fit.people["fitness"].between(0, 1).all()
    own = fit.deviations
    assert (own["low"] <= own["share"]).all()
    assert own["evidence_id"].is_unique
    # a persona of one person has rows, all marked few and without what goes with them
    tiny = own[own["persona"] == "P3"]
    assert tiny["few"].all()
    assert tiny["conversion"].isna().all()
    # personas made without looking at journeys add up
    counts = own[own["kind"] == "inserted"].pivot_table(index="touchpoint", columns="persona", values="people", fill_value=0)
    assert (counts["all"] == counts[["P1", "P2", "P3"]].sum(axis=1)).all()
    basket = fit.audit.set_index("touchpoint").loc["Panier"]
    assert (basket["own"], basket["others"]) == (-2, 2)
    axes = pk.plot_deviations(fit, persona="P1", language="fr")
    assert axes[0].get_title(loc="left") == "Étapes prévues sautées"
    with pytest.raises(ChoiceError, match="persona"):
        pk.plot_deviations(fit, persona="P9")
    plt.close("all")
