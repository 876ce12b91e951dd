"""Intervals of features that made the personas: what they hold, and that they stay as they are where nothing leans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from test_evidence import ids, make_features, make_personas

from personakit.candidates import METHODS
from personakit.evidence.features import feature_rows, spread
from personakit.evidence.lean import _numbers, _sorted_without, draw_out_intervals, honest_difference
from personakit.evidence.people import line_up_frame


def blobs(seed, apart, n=300, columns=5):
    """Three equal groups; column j is ``apart`` higher in group j % 3."""
    rng = np.random.default_rng(seed)
    kind, centres = rng.integers(0, 3, n), np.zeros((3, columns))
    centres[np.arange(columns) % 3, np.arange(columns)] = apart
    return centres[kind] + rng.normal(size=(n, columns)), kind, centres


def both(values, groups, seed=1):
    """Return the rows of the features as they are, and drawn out."""
    table = pd.DataFrame(values, index=ids(len(values)), columns=[f"x{one}" for one in range(values.shape[1])])
    features = make_features(table, ["active"] * table.shape[1], ["numeric"] * table.shape[1])
    people = line_up_frame(make_personas(features, groups).membership)
    columns = spread(features, people, features.active.columns)
    plain = feature_rows(columns, people, seed=seed, replicates=100)
    return plain, draw_out_intervals(plain, columns, people, features)


def found(values, kind, seed):
    labels = METHODS["kmeans"](pd.DataFrame(values), 3, seed).argmax(axis=1)
    overlap = np.zeros((3, 3))
    np.add.at(overlap, (labels, kind), 1)
    return linear_sum_assignment(-overlap)[1][labels]


def test_a_difference_of_wrong_labels_by_hand():
    # of 100 people of each label a fifth belong to the other persona, and the scores know that; the means are 0 and 1
    score = np.log(np.repeat([[0.8, 0.2], [0.2, 0.8]], 100, axis=0))
    values = np.concatenate([np.repeat([0.0, 1.0], [80, 20]), np.repeat([0.0, 1.0], [20, 80])])[:, None]
    difference, error = honest_difference(values, score)
    assert difference.ravel() == pytest.approx([-1, 1])
    # each label weighs 4/3 and -1/3 over 100: a person adds slope (5/3 / 100) times a value of variance .16
    assert error.ravel() == pytest.approx(np.sqrt(200 * 0.16) * 5 / 3 / 100)


def test_personas_far_apart_keep_their_intervals():
    values, kind, _ = blobs(0, 9.0)
    plain, drawn = both(values, kind)
    np.testing.assert_allclose(drawn[["low", "high"]], plain[["low", "high"]], rtol=1e-3, atol=1e-3)
    assert (drawn["evidence_id"] != plain["evidence_id"]).all()  # they are made of all features now


def test_where_values_sort_people_the_intervals_hold_the_planted_differences():
    covered = {"plain": [], "drawn": []}
    for seed in range(12):
        values, kind, centres = blobs(seed, 1.5)
        truth = (centres - (centres.sum(axis=0) - centres) / 2).ravel()
        for name, table in zip(covered, both(values, found(values, kind, seed)), strict=True):
            covered[name].append(((table["low"] <= truth) & (truth <= table["high"])).mean())
    assert np.mean(covered["plain"]) < 0.87  # 12 x 15 intervals; over 100 sets .82 and .98
    assert np.mean(covered["drawn"]) >= 0.93


def test_one_feature_that_makes_the_personas_alone_keeps_its_interval():
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1], 60)
    plain, drawn = both(np.column_stack([8.0 * groups + rng.normal(size=120), rng.normal(size=(120, 2))]), groups)
    own = plain["feature"].eq("x0")
    pd.testing.assert_frame_equal(drawn.loc[own, ["low", "high"]], plain.loc[own, ["low", "high"]])


def test_copies_and_shares_that_add_up_are_left_out_together():
    values, kind, _ = blobs(2, 3.0, columns=6)
    table = pd.DataFrame(values, index=ids(300), columns=["a", "b", "c", "d", "part:one", "part:two"])
    table["copy"] = table["a"] + 0.01 * np.arange(300) % 3
    features = make_features(table, ["active"] * 7, ["numeric"] * 4 + ["share"] * 2 + ["numeric"])
    people = line_up_frame(make_personas(features, kind).membership)
    scores = {tuple(family): score for family, score in
              _sorted_without(*_numbers(features.active.loc[people.index]), features, people)}
    assert set(scores) == {(0,), (1,), (2,), (3,), (4, 5), (6,)}
    np.testing.assert_allclose(scores[(0,)], scores[(6,)])
    assert not np.allclose(scores[(0,)], scores[(1,)])


def test_levels_and_gaps_are_numbers():
    table = pd.DataFrame({"x": [1.0, np.nan], "c": pd.Categorical(["u", None], categories=["u", "v"])}, index=ids(2))
    values, owner = _numbers(table)
    np.testing.assert_array_equal(values, [[1, 1, 0], [np.nan, np.nan, np.nan]])
    assert owner.tolist() == [0, 1, 1]
