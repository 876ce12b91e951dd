"""Distances of journeys: small tables by hand, invariants, mvad's published figures, and length that must not decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.eventlog import DAY_US
from personakit.inference import adjusted_rand
from personakit.journeys import discrepancy, journey_distances, trace_journeys
from personakit.journeys.paths import matching
from personakit.journeys.paths.distances import square
from personakit.journeys.paths.kernels import Padded, aligned_costs, common_lengths, shares_apart
from personakit.journeys.paths.matching import MANY, compiled_gains, gains_for, matching_gains
from personakit.journeys.paths.partition import by_size, silhouettes, ward
from personakit.records import Study

MVAD = Path(__file__).resolve().parents[3] / "shared" / "data" / "sequences" / "mvad" / "mvad.csv"
with_mvad = pytest.mark.skipif(not MVAD.exists(), reason="the shared data are not here")


def padded(rows, levels=3):
    width = max(map(len, rows))
    steps = np.array([[*row, *[levels] * (width - len(row))] for row in rows])
    return Padded(steps=steps, length=np.array([len(row) for row in rows]), levels=levels)


def traced(rows):
    """People whose steps are the letters of words, one a day."""
    steps = [(f"p{at:03d}", letter, day * DAY_US) for at, word in enumerate(rows) for day, letter in enumerate(word)]
    events = pd.DataFrame(steps, columns=["participant_id", "event", "time_us"])
    people = pd.Index([f"p{at:03d}" for at in range(len(rows))], name="participant_id")
    return trace_journeys(Study(name="words", participants=pd.DataFrame(index=people), events=events))


def people_apart(distances):
    return square(distances.condensed, len(distances.counts))[np.ix_(distances.variant, distances.variant)]


def cut(apart, ks):
    """Ward's tree of these distances, cut at each k."""
    return ward(padded([[0]] * len(apart)), apart, ks, np.random.default_rng(0))


def common(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = table[i, j] + 1 if x == y else max(table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


def matched(a, b, cost):
    table = np.add.outer(np.arange(len(a) + 1.0), np.arange(len(b) + 1.0))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + cost[x, y])
    return table[-1, -1]


journeys_strategy = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=2, max_size=5)


@settings(max_examples=40, deadline=None)
@given(journeys_strategy, st.integers(0, 10**6))
def test_kernels_agree_with_the_textbook(rows, seed):
    cost = np.random.default_rng(seed).uniform(0, 2.5, (3, 3))
    cost = (cost + cost.T) / 2
    np.fill_diagonal(cost, 0)
    some = padded(rows)
    lcs, gains = common_lengths(some, some), matching_gains(some, some, np.maximum(2 - cost, 0))
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert lcs[i, j] == common(a, b)
            assert len(a) + len(b) - gains[i, j] == pytest.approx(matched(a, b, cost), abs=1e-5)


def test_carries_between_machine_words():
    rng = np.random.default_rng(1)
    rows = [list(rng.integers(0, 3, length)) for length in (63, 64, 65, 128, 131, 200)]
    lcs = common_lengths(padded(rows), padded(rows))
    assert lcs.tolist() == [[common(a, b) for b in rows] for a in rows]


def test_whole_costs_and_broken_ones_agree():
    # whole gains run in 16 bits, others in single precision
    rng = np.random.default_rng(2)
    some = padded([list(rng.integers(0, 3, 12)) for _ in range(20)])
    gain = np.array([[4, 1, 0], [1, 4, 2], [0, 2, 4]])
    assert np.allclose(matching_gains(some, some, gain), 2 * matching_gains(some, some, gain / 2))
    assert np.allclose(2 * matching_gains(some, some, gain / 2), 10 * matching_gains(some, some, gain / 10), atol=1e-5)


def test_machine_code_gives_the_same_bits(monkeypatch):
    pytest.importorskip("numba")
    rng = np.random.default_rng(3)
    some = padded([list(rng.integers(0, 3, length)) for length in (1, 7, *rng.integers(1, 30, 200))])
    gain = np.array([[2, 0.3, 0.7], [0.3, 2, 1.1], [0.7, 1.1, 2]])
    plain = matching_gains(some, some, gain)
    assert np.array_equal(compiled_gains(some, some, gain), plain)
    with monkeypatch.context() as patch:  # a block a go, and no columns at all
        patch.setattr(matching, "ROOM", 1)
        patch.setattr(matching, "THREADS", 1)
        assert np.array_equal(compiled_gains(some, some, gain), plain)
        assert compiled_gains(some, some.take(slice(0)), gain).shape == (len(plain), 0)
    whole = np.rint(gain)  # 16 bits there, single precision here
    assert np.array_equal(compiled_gains(some.take(slice(3)), some, whole), matching_gains(some, some, whole)[:3])
    # 200 short journeys are not worth a compiler; 2,000 of 20 steps are; and without numba there is numpy
    used = {200: "matching_gains", 2_000: "compiled_gains"}
    for count, name in used.items():
        big = Padded(steps=np.zeros((count, 20), dtype=int), length=np.full(count, 20), levels=1)
        assert name in gains_for(big, gain).__code__.co_names
        assert (count == 2_000) == (count**2 * 20**2 / 2 >= MANY)
    monkeypatch.setattr(matching, "find_spec", lambda name: None)
    assert "matching_gains" in gains_for(big, gain).__code__.co_names


def test_step_against_step_by_hand():
    some = padded([[0, 1, 2], [0, 2, 2], [0]])
    cost = np.broadcast_to(1 - np.eye(4), (3, 4, 4))
    assert aligned_costs(some, some, cost).tolist() == [[0, 1, 2], [1, 0, 2], [2, 2, 0]]
    # moves 01, 12 against 02, 22: nothing in common
    apart = shares_apart(some, some)
    assert apart[0, 1] == 1
    assert apart[0, 0] == 0


def test_measures_by_hand():
    journeys = traced(["abab", "abba", "ab"])
    raw = people_apart(journey_distances(journeys, by="touchpoint", normalise="none", horizon=None))
    # lcs: aba or abb (3), ab (2), ab (2)
    assert raw.tolist() == [[0, 2, 2], [2, 0, 2], [2, 2, 0]]
    longer = people_apart(journey_distances(journeys, by="touchpoint", horizon=None))
    assert longer[0].tolist() == [0, 0.5, 0.5]
    geometric = people_apart(journey_distances(journeys, by="touchpoint", horizon=None, normalise="geometric"))
    assert geometric[0, 2] == pytest.approx(1 - 2 / np.sqrt(8))
    bounded = people_apart(journey_distances(journeys, by="touchpoint", horizon=None, normalise="yujian_bo"))
    assert bounded[0, 2] == pytest.approx(2 * 2 / (6 + 2))
    assert people_apart(journey_distances(journeys, by="touchpoint", horizon=2)).max() == 0


def test_own_costs_and_constant_ones():
    journeys = traced(["ab", "ba", "aa", "bb"])
    frame = pd.DataFrame([[0, 0.5], [0.5, 0]], index=list("ab"), columns=list("ab"))
    options = {"by": "touchpoint", "method": "optimal_matching", "normalise": "none"}
    assert people_apart(journey_distances(journeys, costs=frame, **options))[0].tolist() == [0, 1, 0.5, 0.5]
    constant = people_apart(journey_distances(journeys, costs="constant", **options))
    assert np.array_equal(constant, people_apart(journey_distances(journeys, by="touchpoint", normalise="none")))
    with pytest.raises(StudyError, match="1 of 2 levels have none"):
        journey_distances(journeys, costs=frame[["a"]], **options)
    with pytest.raises(StudyError, match="symmetric"):
        journey_distances(journeys, costs=pd.DataFrame([[0, 1], [2, 0]], index=list("ab"), columns=list("ab")), **options)


def test_bad_options_say_what_is_allowed():
    journeys = traced(["ab", "ba"])
    for wrong in ({"method": "lsc"}, {"normalise": "long"}, {"horizon": "automatic"}, {"by": "stages"},
                  {"method": "optimal_matching", "costs": "transition"}):
        with pytest.raises(ChoiceError, match="is unknown. Allowed"):
            journey_distances(journeys, **{"by": "touchpoint", **wrong})
    with pytest.raises(StudyError, match="horizon: 0"):
        journey_distances(journeys, by="touchpoint", horizon=0)
    with pytest.raises(TooFewError, match="at least 2"):
        journey_distances(traced(["ab"]), by="touchpoint")


def of_two_lengths(seed, short, long):
    rng = np.random.default_rng(seed)
    states = make.walk(rng.dirichlet(np.full(5, 3.0), 5), 80, long, rng)
    lengths = [short, long] * 40
    return traced(["".join("abcde"[one] for one in row[:length]) for row, length in zip(states, lengths, strict=True)])


@pytest.mark.parametrize("lengths", [(10, 40), (6, 60)])
def test_length_does_not_decide(lengths):
    # reference page, row "length": the default below .05, raw distances 1.0
    # (a mean over samples: one sample of 80 exceeds .05 by chance once in twenty)
    samples = []
    for seed in range(5):
        journeys = of_two_lengths(seed, *lengths)
        found = {}
        for name, options in {"default": {}, "raw": {"normalise": "none", "horizon": None}}.items():
            distances = journey_distances(journeys, by="touchpoint", **options)
            found[name] = adjusted_rand(cut(people_apart(distances), [2])[0], np.arange(80) % 2)
            assert abs(distances.length_correlation) < 0.1 or name == "raw"
        samples.append(found["default"])
        assert found["raw"] > 0.9
    assert np.mean(samples) < 0.05


def test_two_real_processes_are_told_apart_at_equal_length():
    rng = np.random.default_rng(3)
    rows = [np.full((5, 5), 0.05) + 0.75 * np.roll(np.eye(5), shift, axis=1) for shift in (1, 2)]
    states = np.vstack([make.walk(one, 40, 40, rng) for one in rows])
    distances = journey_distances(traced(["".join("abcde"[x] for x in row) for row in states]), by="touchpoint")
    assert adjusted_rand(cut(people_apart(distances), [2])[0], np.repeat([0, 1], 40)) >= 0.8


@pytest.fixture(scope="module")
def mvad():
    table = pd.read_csv(MVAD)
    states = table.iloc[:, 16:86].to_numpy()
    people = pd.Index([f"p{one:03d}" for one in range(712)], name="participant_id")
    events = pd.DataFrame({"participant_id": np.repeat(people, 70), "event": states.ravel(),
                           "time_us": np.tile(np.arange(70) * DAY_US, 712)})
    return trace_journeys(Study(name="mvad", participants=table.set_index(people), events=events)), table.set_index(people)


@with_mvad
def test_mvad_distances_silhouettes_and_discrepancy(mvad):
    # TraMineR's figures, published and computed again (reference page, Journeys)
    journeys, table = mvad
    distances = journey_distances(journeys, by="touchpoint", normalise="none")
    apart = people_apart(distances)
    assert (apart[0, 1], apart[0, 2], apart[1, 2]) == (140, 116, 72)
    assert len(distances.counts) == 490
    assert distances.condensed.sum(dtype=float) == 10_268_438
    assert apart[np.tril_indices(712, -1)].sum(dtype=float) == 21_669_332
    labels = cut(apart, range(2, 8))
    assert [round(float(silhouettes(apart, one).mean()), 2) for one in labels] == [0.43, 0.25, 0.29, 0.31, 0.34, 0.37]
    assert np.bincount(by_size(labels[3])).tolist() == [211, 197, 153, 90, 61]
    for trait, share in (("funemp", 0.006135), ("gcse5eq", 0.082142), ("male", 0.009504)):
        assert discrepancy(distances, table[trait], seed=1, replicates=19)["pseudo_r2"] == pytest.approx(share, abs=1e-6)
    assert discrepancy(distances, table["gcse5eq"], seed=1, replicates=19)["f"] == pytest.approx(63.54, abs=0.005)


@with_mvad
def test_mvad_hamming_and_optimal_matching(mvad):
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = people_apart(journey_distances(mvad[0], by="touchpoint", method="hamming", normalise="none"))
    labels = cut(apart, range(2, 11))
    assert [round(float(silhouettes(apart, one).mean()), 2) for one in labels] == [
        0.39, 0.27, 0.24, 0.27, 0.28, 0.32, 0.32, 0.34, 0.32]
    matching = people_apart(journey_distances(mvad[0], by="touchpoint", method="optimal_matching", normalise="none"))
    four = fcluster(linkage(squareform(matching.astype(float), checks=False), "ward"), 4, "maxclust")
    assert sorted(np.bincount(four)[1:]) == [90, 102, 230, 290]


def test_discrepancy_by_hand_and_its_refusals():
    journeys = traced(["aa", "aa", "bb", "ab"])
    distances = journey_distances(journeys, by="touchpoint", normalise="none")
    trait = pd.Series(["x", "x", "y", "y"], index=distances.people)
    # total: (0 + 4 + 2 + 4 + 2 + 2) / 4 = 3.5; within x 0, within y 2 / 2 = 1
    found = discrepancy(distances, trait, seed=1, replicates=9)
    assert found["pseudo_r2"] == pytest.approx(1 - 1 / 3.5)
    assert found["f"] == pytest.approx((2.5 / 3.5) / ((1 / 3.5) / 2))
    with pytest.raises(StudyError, match="none of its participants"):
        discrepancy(distances, pd.Series(["x"], index=["zz"]), seed=1)
    with pytest.raises(TooFewError, match="two people or more"):
        discrepancy(distances, pd.Series(["x", "x", "x", "y"], index=distances.people), seed=1)
    alike = journey_distances(traced(["aa"] * 4), by="touchpoint")
    with pytest.raises(TooFewError, match="all are the same"):
        discrepancy(alike, trait, seed=1)
