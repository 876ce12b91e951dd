"""The methods beyond k-means and latent classes: what they promise alike, then each by itself."""

import numpy as np
import pandas as pd
import planted_tables as planted
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from personakit.candidates import METHODS, assign, find_candidates, scoring_rules
from personakit.candidates.design import make_design
from personakit.candidates.distances import _between, _grow
from personakit.candidates.engines import ENGINES
from personakit.candidates.medians import gower, gower_scale, on_gower_scale
from personakit.candidates.overlapping import _mixture, fit_archetypes
from personakit.errors import ChoiceError, StudyError

TAKE_GAPS = sorted(set(METHODS) - {"gaussian_mixture", "nmf", "archetypes"})


@pytest.fixture(scope="module")
def groups():
    return planted.rating_groups(5, people=200)


# ------------------------------------------------------------------- what all promise
@pytest.mark.parametrize("name", METHODS)
def test_planted_groups_are_found_from_large_to_small_whatever_the_order(name, groups):
    table, truth = groups
    membership = METHODS[name](table, 3, 1)
    np.testing.assert_allclose(membership.sum(axis=1), 1.0)
    labels = membership.argmax(axis=1)
    assert adjusted_rand_score(truth, labels) > 0.95
    assert list(np.bincount(labels)) == sorted(np.bincount(labels), reverse=True)
    order = np.random.default_rng(1).permutation(len(table))
    again = METHODS[name](table.iloc[order, ::-1], 3, 1)
    np.testing.assert_allclose(again, membership[order], atol=1e-6)


@pytest.mark.parametrize("name", [one for one in METHODS if ENGINES[one].weighted])
def test_a_weight_of_two_is_a_person_twice(name, groups):
    table = groups[0].head(80)
    weights = np.random.default_rng(2).integers(1, 3, len(table))
    weighted = METHODS[name](table, 3, 1, weights=weights.astype(float))
    repeated = METHODS[name](table.iloc[np.repeat(np.arange(80), weights)], 3, 1)
    first = np.concatenate([[0], np.cumsum(weights)[:-1]])
    assert adjusted_rand_score(weighted.argmax(axis=1), repeated.argmax(axis=1)[first]) == 1.0
    if name != "nmf":  # its starts are drawn for each distinct row
        np.testing.assert_allclose(weighted, repeated[first], atol=0.02)


@pytest.mark.parametrize("name", [one for one in METHODS if one != "kmeans_blocks"])  # needs origins: see test_blocks
def test_assign_gives_the_people_of_the_search_their_own_membership(name, groups):
    found = find_candidates(planted.as_features(groups[0].head(100)), methods=name, k=3, seed=1)
    own = found.memberships[f"{name}-3"]
    pd.testing.assert_frame_equal(assign(found, f"{name}-3"), own, check_exact=True)
    few = assign(found, f"{name}-3", found.features.active.iloc[[5, 3]])
    assert list(few.idxmax(axis=1)) == list(own.iloc[[5, 3]].idxmax(axis=1))


@pytest.mark.parametrize("name", TAKE_GAPS)
def test_gaps_and_mixed_kinds_are_taken(name, groups):
    table, truth = groups
    rng = np.random.default_rng(1)
    mixed = table.assign(place=pd.Categorical(np.array(["web", "shop", "call"])[truth]), yes=(truth == 0).astype(float))
    mixed = mixed.mask(rng.random(mixed.shape) < 0.1)
    labels = METHODS[name](mixed, 3, 1).argmax(axis=1)
    assert adjusted_rand_score(truth, labels) > 0.9


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(TAKE_GAPS)))
def test_methods_without_gaps_say_so(name, groups):
    table = groups[0].copy()
    table.iloc[0, 0] = np.nan
    with pytest.raises(StudyError, match=rf"method {name}: needs complete answers, and 1 different"):
        METHODS[name](table, 3, 1)


def test_a_method_that_takes_no_weights_says_so(groups):
    features = planted.as_features(groups[0])
    weights = pd.Series(1.5, index=features.table.index)
    with pytest.raises(ChoiceError, match="gaussian_mixture: cannot take survey weights"):
        find_candidates(features, methods="gaussian_mixture", weights=weights, k=3, seed=1)
    with pytest.raises(ChoiceError, match="mine: cannot take survey weights"):
        def mine(table, k, seed):
            return np.eye(k)[np.arange(len(table)) % k]
        find_candidates(features, methods=mine, weights=weights, k=3, seed=1)


def test_weights_that_cannot_be_used_are_named(groups):
    features = planted.as_features(groups[0])
    with pytest.raises(StudyError, match=r"weights: 1 of 200 participants have none \(p00000\)"):
        find_candidates(features, weights=pd.Series(1.0, index=features.table.index[1:]), k=3, seed=1)
    with pytest.raises(StudyError, match=r"weights: 1 of 200 are not positive"):
        weights = pd.Series(1.0, index=features.table.index).where(lambda one: one.index != "p00007", 0.0)
        find_candidates(features, weights=weights, k=3, seed=1)


def test_weights_move_shares_and_equal_ones_change_nothing(groups):
    table, truth = groups
    features = planted.as_features(table)
    plain = find_candidates(features, methods="kmeans", k=3, seed=1)
    even = find_candidates(features, methods="kmeans", weights=pd.Series(3.0, index=features.table.index), k=3, seed=1)
    pd.testing.assert_frame_equal(plain.table, even.table)
    rare = int(np.bincount(truth).argmin())
    weights = pd.Series(np.where(truth == rare, 10.0, 1.0), index=features.table.index)
    found = find_candidates(features, methods="kmeans", weights=weights, k=3, seed=1)
    assert found.personas["share"].iloc[0] == pytest.approx(weights[truth == rare].sum() / weights.sum(), abs=0.02)
    assert found.personas["n"].iloc[0] == pytest.approx((truth == rare).sum(), abs=3)


# ------------------------------------------------------------------- distances
def test_gower_by_hand():
    # one number of 12 values (by range), one scale of 3 levels (by ranks), yes/no, three words; one gap
    table = pd.DataFrame({"a_number": np.arange(12.0), "b_scale": [1.0] * 6 + [2.0] * 4 + [5.0] * 2, "c_yes": [0.0, 1.0] * 6,
                          "d_word": pd.Categorical(["x", "y", "z", "x"] * 3)})
    table.loc[11, "b_scale"] = np.nan
    design = make_design(table)
    rows = design.row_of
    points = on_gower_scale(design, gower_scale(design))
    away = gower(points, points, design.group, (design.seen, design.seen))
    # mean ranks of the 11 answers: 3.5, 8.5, 11 (the level 5 is left once): (8.5 - 3.5) / (11 - 3.5) = 2/3
    assert away[rows[0], rows[7]] == pytest.approx((7 / 11 + 2 / 3 + 1 + 0) / 4)
    assert away[rows[0], rows[1]] == pytest.approx((1 / 11 + 0 + 1 + 1) / 4)
    assert away[rows[0], rows[11]] == pytest.approx((1 + 1 + 0) / 3)  # the scale is left out


@pytest.mark.parametrize("seed", range(3))
def test_ward_is_that_of_scipy_on_everyone_and_weights_are_people(seed):
    rng = np.random.default_rng(seed)
    table = planted.scaled(rng.normal(size=(150, 3)))
    table = table.iloc[np.repeat(np.arange(150), rng.integers(1, 4, 150))]
    design = make_design(table)
    *_, between = _between(design, rng)
    everyone = between[np.ix_(design.row_of, design.row_of)]
    tree = linkage(squareform(np.sqrt(everyone), checks=False), "ward")
    for k in (2, 3, 5, 8):
        mine = _grow(between, design.weights, k)[design.row_of]
        assert adjusted_rand_score(fcluster(tree, k, "maxclust"), mine) == 1.0


# ------------------------------------------------------------------- overlapping
def test_shares_in_corners_are_recovered():
    rng = np.random.default_rng(0)
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    shares = rng.dirichlet([0.3] * 3, 300)
    np.testing.assert_allclose(_mixture(shares @ corners, corners), shares, atol=1e-6)
    design = make_design(pd.DataFrame(shares @ corners, columns=["a", "b"]))
    (model,), _ = fit_archetypes(design, 3, design.weights[None], np.random.SeedSequence(1), True)
    found = model["extremes"][np.lexsort(model["extremes"].round(1).T[::-1])]
    np.testing.assert_allclose(found, corners[[0, 2, 1]], atol=0.15)


def test_coded_interviews_of_unequal_talkers_need_even_rows():
    # 3 types, 30 codes, rates .85/.15, 30 % shared, n = 48, talkativeness uniform on .25 to 1: .69 in the literature's
    # recipe for k-means on row-normalised codes, .13 for Jaccard with average linkage
    agreements = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth, owner, shared = np.arange(48) % 3, rng.integers(0, 3, 30), rng.random(30) < 0.3
        chance = np.where(shared, 0.5, np.where(owner == truth[:, None], 0.85, 0.15)) * rng.uniform(0.25, 1, (48, 1))
        table = planted.yes_no(rng.random((48, 30)) < chance)
        agreements.append([adjusted_rand_score(truth, METHODS[one](table, 3, 1).argmax(axis=1))
                           for one in ("kmeans_rows", "kmeans")])
    rows, plain = np.mean(agreements, axis=0)
    assert rows > 0.62
    assert rows > plain + 0.05


def test_rules_of_the_researcher_are_compared_like_a_method(groups):
    table, _ = groups
    rules = scoring_rules({"one": {"f00": 1, "f02": 1}, "two": {"f01": 1, "f03": 1},
                           "three": {"f03": 1, "f02": 1, "f04": -2}})
    found = find_candidates(planted.as_features(table), methods=["kmeans", rules], k=3, seed=1)
    assert found.table.loc["researcher_rules-3", "agreement"] > 0.8
    with pytest.raises(ChoiceError, match="own, which cannot place people"):
        assign(found, "researcher_rules-3")


@pytest.mark.parametrize(("rules", "k", "words"), [
    ({"one": {"f00": 1}}, 2, "rules: 1 cannot be used"),
    ({"one": {"f00": 1}, "two": {}}, 2, "rules: two cannot be used"),
    ({"one": {"f00": 1}, "two": {"colour": 1}}, 2, r"not among the active numbers \(colour\)"),
    ({"one": {"f00": 1}, "two": {"f01": 1}}, 3, "Ask for k=2"),
])
def test_rules_that_cannot_be_used(groups, rules, k, words):
    with pytest.raises(ChoiceError, match=words):
        scoring_rules(rules)(groups[0], k, 1)


# ------------------------------------------------------------------- assign
@pytest.mark.parametrize("name", [one for one in TAKE_GAPS if one != "kmeans_blocks"])
def test_people_with_gaps_are_placed_among_people_without_and_the_other_way_round(name, groups):
    table, truth = groups
    table = planted.as_features(table).table
    for trained in (table, table.mask(np.random.default_rng(1).random(table.shape) < 0.1)):
        found = find_candidates(planted.as_features(trained), methods=name, k=3, seed=1)
        few = table.head(20).mask(np.random.default_rng(2).random((20, 5)) < 0.15)
        labels = assign(found, f"{name}-3", pd.concat([few, table.iloc[20:40]])).to_numpy().argmax(axis=1)
        assert adjusted_rand_score(truth[:40], labels) > 0.85


def test_new_people_need_the_features_and_the_levels_of_the_search(groups):
    table, truth = groups
    table = table.assign(place=pd.Categorical(np.array(["web", "shop", "call"])[truth]))
    found = find_candidates(planted.as_features(table), methods="kmeans", k=3, seed=1)
    new = found.features.active.head(3)
    with pytest.raises(StudyError, match=r"table: 1 of 6 features are missing \(f00\)"):
        assign(found, "kmeans-3", new.drop(columns="f00"))
    with pytest.raises(StudyError, match=r"table.place: 1 levels were never seen \(moon\)"):
        assign(found, "kmeans-3", new.assign(place=pd.Categorical(["moon", "web", "shop"])))
    with pytest.raises(ChoiceError, match="Did you mean 'kmeans-3'"):
        assign(found, "kmean-3", new)
