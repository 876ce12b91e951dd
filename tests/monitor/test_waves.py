"""Waves: what is planted is found and named, nothing is found where nothing changed, and bad input is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import planted_waves
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.monitor import carry_over, compare_waves
from personakit.monitor.pool import pool, redrawn, shuffled
from personakit.monitor.structure import largest_p, split_gain
from personakit.monitor.wave_figures import beyond
from personakit.wording import say


@cache
def compared(change, seed=11, n=2_000, **options):
    old, new = planted_waves.waves(seed, n, change=change)
    return compare_waves(*planted_waves.personas_of(old, new, seed), seed=seed, **{"replicates": 199, **options})


@pytest.mark.parametrize(("change", "verdict", "became"), [
    ("none", "stable", []), ("grown", "drifting", []), ("shifted", "drifting", []), ("split", "rebuild", ["split"]),
    ("born", "rebuild", ["born"]), ("merged", "rebuild", ["merged", "merged"]),
])
def test_what_was_planted_is_what_is_said(change, verdict, became):
    waves = compared(change)
    assert waves.verdict == verdict
    assert sorted(one for one in waves.structure["change"] if one != "kept") == became
    for language in ("fr", "en"):
        assert all(say(one, language) for one in waves.why)


def test_the_persona_that_grew_is_the_only_one_said_to_have():
    waves = compared("grown")
    sizes = waves.sizes.set_index("persona")
    grown = sizes.index[(sizes["q"] < 0.05) & (sizes["difference"] > 0)]
    assert len(grown) == 1
    assert sizes["low"][grown[0]] < 0.125 < sizes["high"][grown[0]]
    assert sizes[["share_old", "share_new"]].sum().tolist() == pytest.approx([1, 1])
    assert (sizes["difference"] - (sizes["share_new"] - sizes["share_old"])).abs().max() < 1e-12


def test_the_shift_is_told_in_natural_units():
    waves = compared("shifted")
    strongest = waves.shifts.loc[waves.shifts["effect"].abs().idxmax()]
    assert strongest["feature"] == "x5"
    assert strongest["low"] < 0.5 < strongest["high"]
    assert strongest["difference"] == pytest.approx(strongest["new"] - strongest["old"])


def test_the_same_people_in_both_waves_are_one_person_each():
    # the same people, measured twice with some noise: nothing has changed, and paired shuffles know it
    old, _ = planted_waves.draw(np.random.default_rng(3), 300, "a")
    new = old + 0.5 * np.random.default_rng(4).standard_normal(old.shape)
    waves = compare_waves(*planted_waves.personas_of(old, new, 3), seed=3, replicates=199)
    assert waves.verdict == "stable"
    apart = compare_waves(*planted_waves.personas_of(old, new.set_axis("b" + new.index, axis=0), 3), seed=3, replicates=199)
    # other people would move the shares far more than these did
    assert waves.sizes["detectable"].max() < apart.sizes["detectable"].max() / 2


@given(st.lists(st.integers(0, 30), min_size=1, max_size=15, unique=True),
       st.lists(st.integers(0, 30), min_size=1, max_size=15, unique=True), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_shuffles_keep_the_sizes_of_waves_and_pairs_together(old, new, seed):
    pooled = pool(pd.Index([f"p{one}" for one in old]), pd.Index([f"p{one}" for one in new]))
    first, second = pooled.pairs
    assert len(first) == len(set(old) & set(new))
    for flags in shuffled(pooled, replicates=7, seed=seed, batch=3):
        assert (flags.sum(axis=1) == len(new)).all()
        assert (flags[:, first] != flags[:, second]).all()
    weights = np.concatenate(list(redrawn(pooled, replicates=5, seed=np.random.SeedSequence(seed), batch=2)))
    assert (weights[:, first] == weights[:, second]).all()


def test_split_gain_by_hand():
    # two heaps at -1 and 1: the cut takes everything away; one heap has nothing to cut
    assert split_gain(np.repeat([[-1.0], [1.0]], 6, axis=0)) == pytest.approx(1.0)
    assert split_gain(np.zeros((12, 2))) == 0
    # uniform on a line: two halves leave a quarter of the spread
    assert split_gain(np.arange(1_000.0)[:, None]) == pytest.approx(0.75, abs=1e-3)


def test_the_largest_of_many_is_held_against_the_largest_of_many():
    null = np.random.default_rng(0).standard_normal((999, 50))
    assert largest_p(np.zeros(50), null).min() > 0.9
    assert largest_p(np.append(np.zeros(49), 9.0), null)[-1] == pytest.approx(0.001)
    # 2 standard errors are nothing among 50
    assert largest_p(np.append(np.zeros(49), 2.0), null)[-1] > 0.3


def test_same_seed_same_figures():
    one, again = (compared.__wrapped__("grown", n=200, replicates=120) for _ in range(2))
    for name in ("sizes", "shifts", "structure", "questions"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(again, name))


def test_too_few_shuffles_to_find_anything_are_refused():
    with pytest.raises(TooFewError, match="at least 120"):
        compared("none", n=100, replicates=50)


# ---------------------------------------------------------------- the old scale
def test_the_old_scale_is_the_old_scale():
    old, new = planted_waves.waves(5, 200)
    before, after = planted_waves.personas_of(old, new, 5)
    again = carry_over(before, old, place=lambda table: before.membership.loc[table.index], by="a", reason="b")
    pd.testing.assert_frame_equal(again.features.table, before.features.table, check_exact=False, atol=1e-12)
    # a value beyond all that were seen goes on as the scale ran at its end
    far = old.iloc[[0]].assign(x0=old["x0"].max() + 1)
    placed = carry_over(before, far.set_axis(["z"]).rename_axis("participant_id"), by="a", reason="b",
                        place=lambda table: before.membership.iloc[[0]].set_axis(table.index))
    assert placed.features.table["x0"].iloc[0] > before.features.table["x0"].max()
    assert after.decisions["act"].tolist() == ["carried_over"]


def test_bad_waves_are_told_apart():
    old, new = planted_waves.waves(5, 60)
    before, after = planted_waves.personas_of(old, new, 5)
    place = planted_waves.nearest
    with pytest.raises(ChoiceError, match="1 of the 6 features that made the personas are not in the tables \\(x3\\)"):
        carry_over(before, new.drop(columns="x3"), place=place, by="RK", reason="x")
    with pytest.raises(StudyError, match="x3: was numeric in the earlier wave and is text now"):
        carry_over(before, new.assign(x3="much"), place=place, by="RK", reason="x")
    with pytest.raises(StudyError, match="reason is empty"):
        carry_over(before, new, place=place, by="RK", reason=" ")
    with pytest.raises(TooFewError, match="nobody"):
        carry_over(before, new.iloc[:0], place=place, by="RK", reason="x")
    with pytest.raises(StudyError, match="not the same personas"):
        compare_waves(before, replace(after, candidate="ward-4"), seed=1)
    few = replace(after, membership=after.membership.iloc[:20])
    with pytest.raises(TooFewError, match="the new wave has 20 people"):
        compare_waves(before, few, seed=1)


def test_a_remedied_scale_is_refused():
    old, new = planted_waves.waves(5, 60)
    before, _ = planted_waves.personas_of(old, new, 5)
    crossed = before.features.table.assign(x0=before.features.table["x0"] + before.features.table["x1"])
    twice = before.features.natural.assign(x0=before.features.natural["x0"].round())
    mixed = replace(before, features=replace(before.features, table=crossed, natural=twice))
    with pytest.raises(StudyError, match="depends on other features too"):
        carry_over(mixed, new, place=planted_waves.nearest, by="RK", reason="x")


def test_a_persona_that_has_shrunk_has_not_grown_into_its_neighbour():
    # fewer people on one side of a cut: it takes less away, and once that looked like a merger
    for seed in (1, 2, 3):
        waves = compared("shrunk", seed=seed, n=400, replicates=120)
        assert waves.verdict == "drifting"
        assert (waves.structure["change"] == "kept").all()


def test_shuffles_within_labels_keep_their_sizes():
    pooled = pool(pd.Index(list("abcdefgh")), pd.Index(list("efghijkl")))
    label = np.array([0, 0, 1, 1, 0, 0, 1, 1] + [0, 1, 1, 0, 0, 1, 1, 0])
    for flags in shuffled(pooled, replicates=20, seed=1, within=label):
        for one in (0, 1):
            assert (flags[:, label == one].sum(axis=1) == 4).all()
        # e and g are in both waves with the same label: one row each
        assert (flags[:, 4] != flags[:, 8]).all()
        assert (flags[:, 6] != flags[:, 10]).all()


# ---------------------------------------------------------------- few people
def test_few_people_set_a_limit_badly_and_that_is_no_change():
    # personas of 15: the limit taken as known, the new ones seemed farther in 24 of 40 such pairs
    asked = [compared.__wrapped__("none", n=60, replicates=120, seed=seed).questions for seed in range(100, 112)]
    assert sum(one.set_index("question").loc["distance", "p"] < 0.05 for one in asked) <= 3


def test_the_limit_is_that_of_the_old_people_whoever_they_are():
    away = np.array([1.0, 2, 3, 4, 9, 5, 6, 7])
    label = np.zeros(8, dtype=int)
    flags = np.array([[False] * 5 + [True] * 3, [True] * 3 + [False] * 5])
    # of fewer than 40 the farthest is the limit: nobody is beyond 9
    assert not beyond(away, label, flags, 1).any()
    # 9 dealt to the new wave: the limit of the others is 5, and 6, 7 and 9 are beyond
    dealt = np.array([[False, False, False, False, True, False, True, True]])
    assert beyond(away, label, dealt, 1)[0].tolist() == [False, False, False, False, True, False, True, True]
    # nobody of a persona in the old wave: no limit
    assert not beyond(away, label, np.ones((1, 8), dtype=bool), 1).any()
