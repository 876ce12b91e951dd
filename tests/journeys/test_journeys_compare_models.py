"""Models of journeys: by hand, against published figures, and planted or absent structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.journeys import (
    attribution,
    context_flips,
    journey_mixture,
    markov_order,
    passage,
    predict_next,
    trace_journeys,
)
from personakit.journeys.models.attribution import removal_effects
from personakit.journeys.models.chain import arrival_chance

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def chains(seed, how_many, people=600, steps=15):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 1.0), (how_many, 5))
    which = rng.integers(0, how_many, people)
    return rows, which, make.walk(rows[which], people, steps, rng)


def second_order(seed, people=300, steps=20):
    """After s0 or s1 the next step follows one table, else another."""
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 1.0), 5)
    other, states = np.roll(rows, 1, axis=0), make.walk(rows, people, steps, rng)
    for step in range(2, steps):
        chance = np.where((states[:, step - 2] < 2)[:, None], rows[states[:, step - 1]], other[states[:, step - 1]])
        states[:, step] = np.minimum((chance.cumsum(axis=1) < rng.random((people, 1))).sum(axis=1), 4)
    return trace_journeys(make.study_of(states))


def test_order_is_found_and_its_contexts_named():
    rng = np.random.default_rng(1)
    one = trace_journeys(make.study_of(make.walk(rng.dirichlet(np.full(5, 3.0), 5), 300, 20, rng)))
    found = markov_order(one, seed=1, replicates=49).set_index("order")
    assert found["selected"].tolist() == [False, True, False]
    assert found.loc[2, "power"] > 0.9
    assert len(context_flips(one, seed=1, replicates=199)) <= 1
    two = second_order(1)
    assert markov_order(two, seed=1, replicates=49).set_index("order")["selected"][2]
    flips = context_flips(two, seed=1, replicates=199)
    assert len(flips) >= 3
    assert (flips["share"] > flips["usual_share"]).all()
    assert (flips["usual"] != flips["next"]).all()
    with pytest.raises(StudyError, match="orders: 4"):
        markov_order(one, orders=4, seed=1)


@pytest.mark.skipif(not (DATA / "sequences" / "mvad" / "mvad.csv").exists(), reason="mvad is not here")
def test_order_of_mvad():
    # origin: BIC of orders 0, 1 and 2 on months 3 to 70, computed apart from this kit: 148,719.86 / 16,173.60 / 17,640.88
    table = pd.read_csv(DATA / "sequences" / "mvad" / "mvad.csv")
    months = table.loc[:, "Sep.93":]
    assert months.shape == (712, 70)
    paths = {f"p{at:04d}": list(row) for at, row in enumerate(months.to_numpy())}
    journeys = trace_journeys(make.study(make.log(paths), stages=()))
    found = markov_order(journeys, by="touchpoint", seed=1, replicates=19)
    # that BIC counts every cell of the table as free, whether anybody was ever there or not
    full = -2 * found["log_likelihood"] + np.log(found["steps"]) * [5, 30, 180]
    assert full.round(2).tolist() == [148719.86, 16173.60, 17640.88]
    assert found["bic"].idxmin() == 1


def test_mixture_finds_what_bayes_would_and_says_one():
    from sklearn.metrics import adjusted_rand_score

    rows, which, states = chains(3, 3)
    found = journey_mixture(trace_journeys(make.study_of(states)), k=[1, 3, 4], seed=1)
    bayes = np.log(rows)[:, states[:, :-1], states[:, 1:]].sum(axis=2).argmax(axis=0)
    ours = found.membership.to_numpy().argmax(axis=1)
    assert found.k == 3
    assert adjusted_rand_score(which, ours) >= adjusted_rand_score(which, bayes) - 0.03
    assert np.allclose(found.membership.sum(axis=1), 1)
    assert np.allclose(found.chains.groupby(["chain", "source"])["share"].sum(), 1)
    again = journey_mixture(trace_journeys(make.study_of(states)), k=[1, 3, 4], seed=1)
    pd.testing.assert_frame_equal(found.membership, again.membership)
    alone = journey_mixture(trace_journeys(make.study_of(chains(4, 1)[2])), k=[1, 2], seed=1)
    assert alone.k == 1
    assert "1 chains" in repr(alone)
    same = trace_journeys(make.study_of(np.tile([0, 1, 2], (40, 1))))
    assert journey_mixture(same, k=[1, 2], seed=1).k == 1
    with pytest.raises(TooFewError, match="5 chains need 50 people"):
        journey_mixture(same, k=[5], seed=1)
    with pytest.raises(StudyError, match="whole numbers from 1 on"):
        journey_mixture(same, k=[0], seed=1)


def by_hand():
    return trace_journeys(make.study(make.log(
        {"a": ["C1", "C2", "C3", "buy", "C1"], "b": ["C1", 400], "c": ["C2", "C3", 400], "d": [390, "C1"]}), stages=()))


def test_removal_effects_by_hand():
    # origin: worked by hand on the reference page; what follows the purchase, and d, who has only begun, change nothing
    journeys = by_hand()
    found = attribution(journeys, to="buy", seed=1, replicates=19)
    assert found.attrs["arrived"] == 1
    assert found["touchpoint"].tolist() == ["C2", "C3", "C1"]
    still = (journeys.ends["status"] == "open").to_numpy().tolist()
    assert still == [False, False, False, True]
    # with d a second half-seen journey begins at C1: 3 of 4 begin there
    assert found.attrs["base"] == pytest.approx((3 / 4 * 1 / 2 + 1 / 4) * 1 / 2)
    assert found["effect"].tolist() == pytest.approx([1, 1, 1 - (1 / 4 * 1 / 2) / (5 / 16)])
    assert found["forced"].tolist() == [True, True, True]
    with pytest.raises(ChoiceError, match="Did you mean 'buy'"):
        attribution(journeys, to="bye", seed=1)
    with pytest.raises(TooFewError, match="At least 19"):
        attribution(journeys, to="buy", seed=1, replicates=9)
    with pytest.raises(ChoiceError):
        passage(journeys, to="bye", seed=1, by="touchpoint")


def ways(seed, lift, people=400):
    """Three of five pages in random order, then buy or leave; whoever saw s0 buys more often by ``lift``."""
    rng = np.random.default_rng(seed)
    paths = {}
    for one in range(people):
        seen = [f"s{page}" for page in rng.permutation(5)[: rng.integers(2, 5)]]
        buys = rng.random() < 0.3 + lift * ("s0" in seen)
        paths[f"p{one:03d}"] = ["home", *seen, *["buy"] * buys, 400]
    return trace_journeys(make.study(make.log({**paths, "z": [1500, "home"]}), stages=()))


def test_structure_alone_gives_large_effects():
    found = attribution(ways(1, 0.0), to="buy", seed=1, replicates=99).set_index("touchpoint")
    assert (found["effect"] > 0.4).all()
    assert (found["falls"] == "inside").all()
    assert found.loc["home", ["effect", "structure", "p"]].tolist() == [1, 1, 1]
    assert ((found["structure_low"] <= found["effect"]) & (found["effect"] <= found["structure_high"])).mean() > 0.6
    lifted = attribution(ways(1, 0.4), to="buy", seed=1, replicates=99).set_index("touchpoint")
    assert lifted.loc[lifted["falls"] == "above"].index.tolist() == ["s0"]
    assert lifted.loc["s0", "effect"] > lifted.loc["s0", "structure_high"]


def test_ends_are_shuffled_among_ways_as_long():
    # whoever sees two pages always buys, who sees one never: dealt among ways as long, ends do not move
    paths = {f"a{one:02d}": ["x", "y", "buy", 400] for one in range(30)} | {f"b{one:02d}": ["x", 400] for one in range(30)}
    journeys = trace_journeys(make.study(make.log({**paths, "z": [1500, "x"]}), stages=()))
    found = attribution(journeys, to="buy", seed=1, replicates=19)
    assert found["structure"].tolist() == pytest.approx(found["effect"].tolist())
    assert set(found["falls"]) == {"inside"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_steps_that_stay_change_no_chance(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (1, 7, 7)).astype(float)
    counts[:, 1:3] = 0
    stay = counts.copy()
    at = np.arange(3, 7)
    stay[:, at, at] += rng.integers(0, 9, 4)
    assert np.allclose(arrival_chance(counts), arrival_chance(stay))
    assert np.allclose(removal_effects(counts), removal_effects(stay), equal_nan=True)


@pytest.mark.skipif(not (DATA / "events" / "attribution_paths" / "PathData.csv").exists(), reason="PathData is not here")
def test_removal_effects_of_path_data():
    # origin: exact order-1 effects by linear solve, computed apart from this kit (reference page of the project)
    table = pd.read_csv(DATA / "events" / "attribution_paths" / "PathData.csv")
    words = sorted({one for path in table["path"] for one in path.split(" > ")})
    place = {one: at + 3 for at, one in enumerate(words)}
    counts = np.zeros((1, len(words) + 3, len(words) + 3))
    for path, bought, left in table[["path", "total_conversions", "total_null"]].itertuples(index=False):
        at = [0, *(place[one] for one in path.split(" > "))]
        for source, target in zip(at, at[1:], strict=False):
            counts[0, source, target] += bought + left
        counts[0, at[-1], 1] += bought
        counts[0, at[-1], 2] += left
    effects = pd.Series(removal_effects(counts)[0], words)
    assert arrival_chance(counts)[0, 0] == pytest.approx(0.2238451, abs=5e-7)
    expected = {"alpha": 0.5584, "iota": 0.4058, "eta": 0.3490, "beta": 0.2640, "theta": 0.2060, "lambda": 0.1340}
    assert {one: round(float(effects[one]), 4) for one in expected} == pytest.approx(expected, abs=1e-4)
    credit = effects / effects.sum() * table["total_conversions"].sum()
    assert credit[["alpha", "iota", "eta", "beta"]].round(2).tolist() == [5344.95, 3884.61, 3340.85, 2527.35]


def test_passage_by_hand():
    # from C3 half arrive (1 step); from C1 half go on to C2, and so on; a day a step
    journeys = trace_journeys(make.study(make.log(
        {"a": ["C1", 1, "C2", 1, "C3", 1, "buy", 400], "b": ["C1", 400], "c": ["C2", 1, "C3", 400], "d": [1200, "x"]}),
        stages=()))
    found = passage(journeys, to="buy", by="touchpoint", seed=1, replicates=9).set_index("touchpoint")
    assert found.loc[["C1", "C2", "C3"], "arrive"].tolist() == [0.25, 0.5, 0.5]
    assert found.loc[["C1", "C2", "C3"], "steps"].tolist() == pytest.approx([3, 2, 1])
    assert found.loc[["C1", "C2", "C3"], "days"].tolist() == pytest.approx([3, 2, 1], rel=0.01)


def test_next_step_is_told_better_where_there_is_something_to_tell():
    found = predict_next(second_order(1), seed=1, replicates=99).set_index("model")
    assert found.loc["last_two", "log_loss"] < found.loc["last", "log_loss"] < found.loc["shares", "log_loss"]
    assert found.loc["last_two", "gain_low"] > 0
    assert (found["calibration"] < 0.03).all()
    rng = np.random.default_rng(1)
    nothing = predict_next(trace_journeys(make.study_of(rng.integers(0, 5, (200, 12)))), seed=1, replicates=99)
    assert (nothing["gain"] < 0.005).all()
    assert nothing["log_loss"].iloc[0] == pytest.approx(np.log(5), abs=0.01)


def test_nothing_after_the_landmark_leaks():
    rng = np.random.default_rng(1)
    states = rng.integers(0, 5, (60, 20))
    shuffled = states.copy()
    # the step on day 10 is asked for; all later ones may be anything
    shuffled[:, 11:] = rng.integers(0, 5, (60, 9))
    one, other = (predict_next(trace_journeys(make.study_of(each)), landmark_days=9, seed=1, replicates=19)
                  for each in (states, shuffled))
    pd.testing.assert_frame_equal(one, other)
    assert one["steps"].tolist() == [60] * 3
    with pytest.raises(StudyError, match="landmark_days"):
        predict_next(trace_journeys(make.study_of(states)), landmark_days=0, seed=1)
