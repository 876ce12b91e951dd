"""match_personas: cases by hand on the same people, planted changes over seeds on other people, and noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError
from personakit.personas import match_personas
from personakit.records import Features, Personas


def personas(labels, values=None, first=0, kinds=None):
    ids = pd.Index([f"p{one + first:04d}" for one in range(len(labels))], name="participant_id")
    names = [f"P{one + 1}" for one in range(max(labels) + 1)]
    table = pd.DataFrame({"f0": np.zeros(len(ids))} if values is None else values)
    table.index = ids
    catalog = pd.DataFrame({"kind": kinds or ["numeric"] * table.shape[1], "role": "active"}, index=table.columns)
    features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    membership = pd.DataFrame(np.eye(len(names))[list(labels)], index=ids, columns=names)
    return Personas(candidate="by hand", membership=membership, features=features, quality=pd.Series(dtype="float64"),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def links(found):
    return {(row.old, row.new): row.change for row in found.itertuples()}


def test_kept_under_another_number():
    found = match_personas(personas([0] * 5 + [1] * 3), personas([1] * 5 + [0] * 3))
    assert links(found) == {("P1", "P2"): "kept", ("P2", "P1"): "kept"}
    assert found["matched"].all()
    assert found[["of_old", "of_new", "similarity"]].eq(1).all(axis=None)
    assert found[["n_old", "n_new"]].values.tolist() == [[5, 5], [3, 3]]


def test_split_merged_born_and_died_by_hand():
    split = match_personas(personas([0] * 8 + [1] * 4), personas([0] * 4 + [1] * 4 + [2] * 4))
    assert links(split) == {("P1", "P1"): "split", ("P1", "P2"): "split", ("P2", "P3"): "kept"}
    assert split.loc[split["change"] == "split", ["of_old", "of_new"]].values.tolist() == [[0.5, 1.0], [0.5, 1.0]]
    assert split["matched"].tolist().count(True) == 2  # one half carries the place on
    merged = match_personas(personas([0] * 4 + [1] * 4 + [2] * 4), personas([0] * 8 + [1] * 4))
    assert links(merged) == {("P1", "P1"): "merged", ("P2", "P1"): "merged", ("P3", "P2"): "kept"}
    part = match_personas(personas([0] * 10 + [1] * 4), personas([0] * 8 + [1] * 2 + [2] * 4))
    assert links(part) == {("P1", "P1"): "kept", ("P1", "P2"): "split", ("P2", "P3"): "kept"}
    # P3 gives a third to each of the others and to a new one, which draws from all
    scattered = match_personas(personas([0] * 9 + [1] * 9 + [2] * 9),
                               personas([0] * 6 + [2] * 3 + [1] * 6 + [2] * 3 + [0] * 3 + [1] * 3 + [2] * 3))
    assert links(scattered) == {("P1", "P1"): "kept", ("P2", "P2"): "kept", ("P3", ""): "died", ("", "P3"): "born"}
    assert scattered.iloc[-1][["n_old", "n_new"]].tolist() == [0, 9]
    assert scattered.iloc[-1]["of_new"] == pytest.approx(1 / 3)


def test_people_who_left_or_came_do_not_count():
    found = match_personas(personas([0] * 6 + [1] * 6), personas([0] * 3 + [1] * 6 + [0] * 20, first=3))
    assert links(found) == {("P1", "P1"): "kept", ("P2", "P2"): "kept"}
    assert found["n_new"].tolist() == [23, 6]


@given(st.lists(st.integers(0, 3), min_size=4, max_size=40), st.permutations(range(4)))
def test_a_re_run_that_only_renumbers_keeps_everyone(labels, order):
    labels = [sorted(set(labels)).index(one) for one in labels]
    found = match_personas(personas(labels), personas([sorted({order[one] for one in labels}).index(order[one])
                                                       for one in labels]))
    assert (found["change"] == "kept").all()
    assert len(found) == max(labels) + 1


def test_random_personas_are_not_kept():
    kept = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        one, other = (personas([0, 1, 2, *rng.integers(0, 3, 87)]) for _ in "ab")
        kept += int((match_personas(one, other)["change"] == "kept").sum())
    assert kept == 0


CENTRES = 3.0 * np.eye(6)


def planted(seed, places, first=0, n=30):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(places)), n)
    values = CENTRES[np.asarray(places)[labels]] + rng.normal(size=(len(labels), 6))
    return personas(labels, {f"f{one}": values[:, one] for one in range(6)}, first=first)


def test_planted_changes_of_other_people_over_seeds():
    right = {"kept": 0, "born": 0, "died": 0, "split": 0, "merged": 0}
    for seed in range(20):
        first, moved = planted(seed, [0, 1, 2]), planted(seed + 100, [2, 3, 0, 1], first=5000)
        kept = {("P1", "P3"): "kept", ("P2", "P4"): "kept", ("P3", "P1"): "kept"}
        right["born"] += links(match_personas(first, moved, on="profiles")) == {**kept, ("", "P2"): "born"}
        back = {(new, old): "kept" for old, new in kept}
        right["died"] += links(match_personas(moved, first, on="profiles")) == {**back, ("P2", ""): "died"}
        right["kept"] += links(match_personas(first, planted(seed + 200, [1, 2, 0], first=5000), on="profiles")) == {
            ("P1", "P3"): "kept", ("P2", "P1"): "kept", ("P3", "P2"): "kept"}
        four = planted(seed, [0, 1, 2, 3])
        wide = personas(four.labels.map({"P1": 0, "P2": 1, "P3": 2, "P4": 2}).tolist(), four.features.natural)
        apart = planted(seed + 300, [0, 1, 2, 3], first=5000)
        both = {("P1", "P1"): "kept", ("P2", "P2"): "kept"}
        right["split"] += links(match_personas(wide, apart, on="profiles")) == {
            **both, ("P3", "P3"): "split", ("P3", "P4"): "split"}
        right["merged"] += links(match_personas(apart, wide, on="profiles")) == {
            **both, ("P3", "P3"): "merged", ("P4", "P3"): "merged"}
    assert all(count >= 18 for count in right.values()), right


def test_profiles_do_not_depend_on_units_and_take_levels_and_gaps():
    values = pd.DataFrame({"age": [20, 21, 22, 60, 61, np.nan], "region": ["n", "n", "n", "s", "s", "s"]})
    old = personas([0, 0, 0, 1, 1, 1], values.copy(), kinds=["numeric", "nominal"])
    new = personas([1, 1, 1, 0, 0, 0], values.assign(age=values["age"] + 1), first=100, kinds=["numeric", "nominal"])
    assert links(match_personas(old, new, on="profiles")) == {("P1", "P2"): "kept", ("P2", "P1"): "kept"}
    plain = planted(3, [0, 1, 2])
    cubed = personas(plain.membership.to_numpy().argmax(axis=1), np.sinh(plain.features.natural) * 1000)
    moved = personas([1] * 30 + [2] * 30 + [0] * 30, np.sinh(planted(4, [0, 1, 2]).features.natural) * 1000, first=900)
    plain_new = personas([1] * 30 + [2] * 30 + [0] * 30, planted(4, [0, 1, 2]).features.natural, first=900)
    pd.testing.assert_frame_equal(match_personas(plain, plain_new, on="profiles"),
                                  match_personas(cubed, moved, on="profiles"))


def test_other_people_and_other_features_are_refused():
    one = planted(1, [0, 1])
    with pytest.raises(ChoiceError, match="0 of 60 participants are in both"):
        match_personas(one, planted(2, [0, 1], first=5000))
    with pytest.raises(ChoiceError, match="no active feature in common"):
        match_personas(one, personas([0, 0, 1], {"other": [1.0, 2, 3]}), on="profiles")
    with pytest.raises(ChoiceError, match="Did you mean 'profiles'"):
        match_personas(one, one, on="profile")
