"""What features say of themselves: invariants, and the recipes with known answers (style, blocks, noise, units, gaps)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from personakit.candidates import METHODS
from personakit.features import build_features, impute, with_imputation
from personakit.features.relations import blocks, correlations, near_noise, row_level, talk_ratio
from personakit.records import Study
from personakit.wording import say

#: the methods that find_candidates tries by default
DEFAULT = ("kmeans", "latent_class")

KINDS = {"money": "numeric", "visits": "count", "web_share": "share", "score": "numeric", "member": "binary",
         "q1": "ordinal", "q2": "ordinal", "place": "nominal"}


def features_of(table: pd.DataFrame | np.ndarray, origin: str = "answers", **options):
    frame = pd.DataFrame(table)
    frame.columns = [f"q{name}" if isinstance(name, int) else name for name in frame.columns]
    if frame.index.name is None:
        frame.index = pd.Index([f"p{row:04d}" for row in range(len(frame))], name="participant_id")
    frame.attrs["origin"] = origin
    people = frame.index.sort_values()
    return build_features(Study(name="t", participants=pd.DataFrame(index=people)), frame, **options)


def notes(features) -> dict[str, dict]:
    for note in features.notes:
        assert say(note, "fr") != say(note, "en")
    return {note.key.removeprefix("notes."): dict(note.values) for note in features.notes}


def agreement(features, truth: np.ndarray, method: str = "kmeans") -> float:
    return adjusted_rand_score(truth, METHODS[method](features.active, 3, 7).argmax(axis=1))


def mixed(seed: int, people: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({
        "money": rng.lognormal(3, 1.2, people), "visits": rng.poisson(3, people).astype(float),
        "web_share": rng.beta(1, 3, people), "score": rng.normal(0, 2, people), "member": rng.integers(0, 2, people),
        "q1": rng.integers(1, 6, people), "q2": rng.integers(1, 6, people), "place": rng.choice(["web", "shop"], people)})
    table.loc[rng.random(people) < 0.15, "score"] = np.nan
    table.index = pd.Index([f"p{row:03d}" for row in range(people)], name="participant_id")
    return table


# ---------------------------------------------------------------- invariants
@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 999), st.floats(1e-6, 1e6), st.booleans())
def test_units_change_nothing(seed, factor, percent):
    table = mixed(seed)
    other = table.assign(money=table["money"] * factor, visits=table["visits"] * factor, score=table["score"] * factor)
    other["web_share"] *= 100 if percent and table["web_share"].max() > 0.01 else 1
    first, second = (features_of(one, kinds=KINDS, remedies=["block_weights"]) for one in (table, other))
    names = [name for name in first.table if name != "place"]
    np.testing.assert_allclose(second.table[names], first.table[names], atol=1e-9)
    pd.testing.assert_frame_equal(second.catalog, first.catalog, rtol=1e-9)
    assert first.dropped.equals(second.dropped)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 999), st.randoms(use_true_random=False))
def test_order_changes_nothing(seed, chance):
    table = mixed(seed)
    rows, columns = list(table.index), list(table.columns)
    chance.shuffle(rows)
    chance.shuffle(columns)
    first, second = features_of(table, kinds=KINDS), features_of(table.loc[rows, columns], kinds=KINDS)
    pd.testing.assert_frame_equal(second.table[first.table.columns], first.table, check_exact=True)
    pd.testing.assert_frame_equal(second.catalog.loc[first.catalog.index], first.catalog, rtol=1e-12)
    assert notes(first) == notes(second)
    filled = [impute(one, draws=1, seed=3)[0].table for one in (first, second)]
    pd.testing.assert_frame_equal(filled[1][first.table.columns], filled[0], check_exact=True)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 999))
def test_everyone_twice_changes_nothing_and_one_twin_little(seed):
    table = mixed(seed)
    twins = table.rename(index=lambda name: f"{name}-twin")
    alone, twice = features_of(table, kinds=KINDS), features_of(pd.concat([table, twins]), kinds=KINDS)
    one = features_of(pd.concat([table, twins.iloc[:1]]), kinds=KINDS)
    numbers = [name for name in alone.table if name != "place"]
    np.testing.assert_allclose(twice.table.loc[table.index, numbers], alone.table[numbers], atol=1e-9)
    pd.testing.assert_frame_equal(twice.catalog.drop(columns="drawn_in"), alone.catalog.drop(columns="drawn_in"), rtol=1e-9)
    assert (twice.catalog["drawn_in"] == 2 * alone.catalog["drawn_in"]).all()
    assert one.table.loc[f"{table.index[0]}-twin"].equals(one.table.loc[table.index[0]]), "twins are the same person"
    assert one.catalog[["kind", "role"]].equals(alone.catalog[["kind", "role"]])


def test_correlations_by_hand():
    gap = float("nan")
    table = pd.DataFrame({"a": [1, 2, 3, 4, gap, 9.0], "b": [2, 1, 4, 3, 8, gap], "c": [5.0] * 6})
    found = correlations(table)
    assert found.loc["a", "b"] == pytest.approx(table["a"].corr(table["b"])) == pytest.approx(0.6)
    assert found["c"].tolist() == [0, 0, 0]
    assert row_level(pd.DataFrame(np.eye(5)[:, :3], columns=list("abc"))) == 0
    # four identical items: all of the variance lies between people
    assert row_level(pd.DataFrame(np.repeat([[1.0], [2.0], [4.0]], 4, axis=1), columns=list("abcd"))) == pytest.approx(1)


# ---------------------------------------------------------------- response style
def style(seed: int, acquiescence: float) -> tuple[np.ndarray, np.ndarray]:
    """9 items in 3 blocks, +.9 on the own block, -.3 constant, acquiescence per person, noise .6, rounded to 1-5, n=600."""
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, 600)
    own = np.repeat(np.eye(3), 3, axis=1)[types] * 0.9 - 0.3
    values = 3 + own + acquiescence * rng.normal(size=(600, 1)) + 0.6 * rng.normal(size=(600, 9))
    return types, np.clip(np.round(values), 1, 5)


@pytest.mark.parametrize("seed", range(4))
def test_a_response_style_is_named_and_its_remedy_finds_the_types(seed):
    types, values = style(seed, 1.2)
    features, remedied = features_of(values), features_of(values, remedies=["row_level"])
    assert notes(features)["response_style"]["share"] > 0.5
    assert "row_level_removed" in notes(remedied)
    # reference recipe "Style": raw .00, row-centred .66; at least .6 after the remedy
    assert agreement(features, types) < 0.1
    assert agreement(remedied, types) >= 0.58
    assert remedied.natural.equals(features.natural)


def test_the_remedy_holds_on_average_and_a_control_is_left_in_peace():
    named, after = 0, []
    for seed in range(100, 120):
        named += "response_style" in notes(features_of(style(seed, 0.0)[1]))
        types, values = style(seed, 1.2)
        after += [agreement(features_of(values, remedies="row_level"), types, method) for method in DEFAULT]
    assert named == 0
    assert np.mean(after) >= 0.6


def test_who_gave_one_answer_only_has_no_level_apart_from_it():
    values = style(1, 0.5)[1]
    values[0, 1:] = np.nan
    features = features_of(values, remedies=["row_level"])
    assert len(features.table) == 599, "nothing is left of that person"
    assert notes(features)["people_left_out"] == {"n": 1, "of": 600}


def test_a_level_cannot_be_told_from_single_answers():
    values = np.full((40, 4), np.nan)
    values[np.arange(40), np.arange(40) % 4] = np.arange(40) // 4 % 5 + 1
    with pytest.raises(ValueError, match="gave two ordinal answers"):
        features_of(values, remedies=["row_level"], min_coverage=0.1)


# ---------------------------------------------------------------- talkers
def coded(seed: int, quietest: float, people: int = 48) -> np.ndarray:
    """3 types, 30 codes, rates .85 / .15, 30 % shared at .5, everyone talks between quietest and 1."""
    rng = np.random.default_rng(seed)
    owner, shared = rng.integers(0, 3, 30), rng.random(30) < 0.3
    chance = np.where(shared, 0.5, np.where(owner == np.arange(people)[:, None] % 3, 0.85, 0.15))
    return (rng.random((people, 30)) < chance * rng.uniform(quietest, 1, (people, 1))).astype(float)


def test_talkers_among_interviewees_are_named_and_types_are_not_taken_for_talkers():
    talkers, even = ([notes(features_of(coded(seed, quietest), "codes")).get("talkers") for seed in range(40)]
                     for quietest in (0.25, 1.0))
    assert sum(one is not None for one in talkers) >= 30
    assert sum(one is not None for one in even) <= 4
    assert np.mean([one["ratio"] for one in talkers if one]) > 2
    assert "talkers" not in notes(features_of(coded(1, 0.25), "answers")), "answers are not codes"


def test_the_variance_ratio_by_hand():
    # six people name all of five codes, six none: the sum varies 25 times as much as one code, five times as all alone
    table = pd.DataFrame(np.repeat([[1.0] * 5, [0.0] * 5], 6, axis=0))
    ratio, chance = talk_ratio(table)
    assert ratio == pytest.approx(5)
    assert chance < 1e-6
    assert talk_ratio(table.iloc[:, :4]) == (0.0, 1.0)
    # everyone names three of six codes: types, and nobody talks more
    types = pd.DataFrame(np.repeat([[1.0, 0, 0, 1, 0, 1], [0.0, 1, 1, 0, 1, 0]], 6, axis=0))
    assert talk_ratio(types)[0] == 0


# ---------------------------------------------------------------- blocks, units, noise
def near_copies(seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """3 groups at (0,0), (3,0), (0,3), sd 1, n=400, and one N(0,1) noise item copied 6 times with sd .15."""
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, 400)
    signal = np.array([(0, 0), (3, 0), (0, 3)])[types] + rng.normal(size=(400, 2))
    noise = rng.normal(size=(400, 1)) + 0.15 * rng.normal(size=(400, 6))
    return types, pd.DataFrame(np.hstack([signal, noise]), columns=["a", "b", *(f"copy{item}" for item in range(6))])


@pytest.mark.parametrize("seed", range(3))
def test_near_copies_are_named_and_weigh_as_one_on_request(seed):
    types, table = near_copies(seed)
    features, weighed = features_of(table, "other"), features_of(table, "other", remedies=["block_weights"])
    assert notes(features)["block"]["n"] == 6
    assert "block_weights" in say(next(note for note in features.notes if note.key == "notes.block"), "en")
    assert "block_weighed" in notes(weighed)
    assert features.catalog.loc["copy0":"copy5", "variance"].sum() == pytest.approx(0.75, abs=0.01)
    assert weighed.catalog.loc["copy0":"copy5", "variance"].sum() == pytest.approx(0.35, abs=0.02)
    for method in DEFAULT:
        alone = agreement(features_of(table[["a", "b", "copy0"]], "other"), types, method)
        # reference recipe "Dup": 0.00 with the copies, about .72 once they count once
        assert agreement(features, types, method) < 0.05
        assert agreement(weighed, types, method) >= min(0.5, alone - 0.12)


def test_block_weights_follow_turned_and_missing_copies():
    _, table = near_copies(3)
    table["copy1"] *= -1
    table.loc[:50, "copy0"] = np.nan
    weighed = features_of(table, "other", remedies=["block_weights"])
    common = weighed.table["copy0"]
    assert common.notna().all(), "the block speaks for those who miss one of it"
    assert abs(common.corr(pd.Series(table["copy3"].to_numpy(), index=common.index))) > 0.98
    assert blocks(weighed.active) == []


@pytest.mark.parametrize("seed", range(3))
def test_one_column_times_500_changes_no_persona_and_is_named(seed):
    types, table = near_copies(seed)
    table = table[["a", "b"]].assign(loud=np.random.default_rng(seed + 50).normal(size=400))
    first, second = features_of(table, "other"), features_of(table.assign(loud=table["loud"] * 500), "other")
    for method in DEFAULT:
        assert (METHODS[method](first.active, 3, 7) == METHODS[method](second.active, 3, 7)).all()
    assert notes(second)["heavy_units"]["feature"] == "loud"
    assert "heavy_units" not in notes(first)


def test_a_feature_that_decides_alone_is_named():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"spend": rng.normal(size=300), **{f"rare{one}": rng.random(300) < 0.03 for one in range(4)}})
    heavy = notes(features_of(table.astype(float), "other"))["heavy"]
    assert heavy["feature"] == "spend"
    assert heavy["share"] > 0.5


@pytest.mark.parametrize("noise", [0.5, 1.3])
def test_noise_items_beside_useful_ones_are_named(noise):
    hits = 0
    for seed in range(100, 120):
        rng = np.random.default_rng(seed)
        centres = np.array([(5, 1, 5, 1, 3), (1, 5, 1, 5, 3), (3, 3, 5, 5, 1)])[rng.integers(0, 3, 400)]
        useful = centres + noise * rng.normal(size=(400, 5))
        values = np.clip(np.round(np.hstack([useful, 3 + 1.2 * rng.normal(size=(400, 5))])), 1, 5)
        hits += notes(features_of(values))["near_noise"]["features"] == ["q5", "q6", "q7", "q8", "q9"]
    assert hits >= 17, "each is taken for something in 1 of 100 at most"


def test_relations_that_are_curved_or_with_words_count():
    rng = np.random.default_rng(5)
    base = rng.normal(size=400)
    table = pd.DataFrame({"base": base, "curved": base**2 + 0.3 * rng.normal(size=400), "noise": rng.normal(size=400)})
    table["place"] = pd.Categorical(np.where(rng.random(400) < 0.5, "web", "shop"))
    table["web"] = (table["place"] == "web") + 0.5 * rng.normal(size=400)
    assert near_noise(table) == ["noise"]
    assert near_noise(table[:80]) == []


# ---------------------------------------------------------------- gaps
def gappy(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """6 items, centres +-1.2 in three contrast patterns, sd 1, n=400, and the same with 25 % missing at random."""
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, 400)
    centres = 1.2 * np.array([[1, 1, -1, -1, 1, -1], [-1, 1, 1, -1, -1, 1], [1, -1, -1, 1, -1, 1]])
    full = centres[types] + rng.normal(size=(400, 6))
    return types, full, np.where(rng.random(full.shape) < 0.25, np.nan, full)


def test_gaps_drop_nobody_and_filling_them_shows_doubt():
    ours, median = [], []
    for seed in range(6):
        types, _, values = gappy(seed)
        features = features_of(values, "other")
        known = ~np.isnan(values).all(axis=1)
        assert len(features.table) == known.sum()
        assert np.array_equal(features.table.isna(), np.isnan(values[known]))
        gaps = np.isnan(values[known]).sum(axis=1)
        assert notes(features)["gaps"]["n"] == (gaps > 0).sum()
        membership = with_imputation(METHODS["kmeans"], draws=10)(features.active, 3, 7)
        np.testing.assert_allclose(membership.sum(axis=1), 1)
        sure = membership.max(axis=1)
        assert sure[gaps >= 2].mean() < sure[gaps == 0].mean() - 0.05
        ours.append(adjusted_rand_score(types[known], membership.argmax(axis=1)))
        middle = features.active.fillna(features.active.median())
        median.append(adjusted_rand_score(types[known], METHODS["kmeans"](middle, 3, 7).argmax(axis=1)))
    # reference recipe "Miss": about .75; at least the fill by medians, less .02
    assert np.mean(ours) >= max(0.72, np.mean(median) - 0.02)


def test_filled_values_are_values_that_somebody_gave():
    table = mixed(4, people=120)
    rng = np.random.default_rng(1)
    table["place"] = table["place"].mask(rng.random(120) < 0.2)
    features = features_of(table, kinds=KINDS)
    drawn = impute(features, draws=3, seed=7)
    for one in drawn:
        assert not one.active.isna().to_numpy().any()
        assert one.natural.equals(features.natural)
        for name in features.active:
            assert set(one.table[name]) <= set(features.table[name].dropna()), name
        known = features.active.notna()
        assert (one.active.astype(object) == features.active.astype(object))[known].fillna(True).all().all()
    assert not drawn[0].table.equals(drawn[1].table)
    again = impute(features, draws=3, seed=7)
    assert all(one.table.equals(other.table) for one, other in zip(drawn, again, strict=True))


def test_filling_keeps_means_and_relations_when_gaps_depend_on_what_is_known():
    rng = np.random.default_rng(3)
    driver = rng.normal(size=2000)
    outcome = 0.8 * driver + 0.6 * rng.normal(size=2000)
    seen = np.where(rng.random(2000) < 1 / (1 + np.exp(-2 * driver)), np.nan, outcome)  # the high ones are missing
    features = features_of(pd.DataFrame({"driver": driver, "seen": seen}), "other", min_coverage=0.3)
    scale = features.table["seen"].cov(features.natural["seen"]) / features.natural["seen"].var()
    drawn = impute(features, draws=5, seed=7)
    shift = np.mean([one.table["seen"].mean() for one in drawn]) / scale + features.natural["seen"].mean()
    assert features.natural["seen"].mean() < -0.3
    assert shift == pytest.approx(outcome.mean(), abs=0.08)
    assert np.mean([one.table.corr().iloc[0, 1] for one in drawn]) == pytest.approx(0.8, abs=0.04)


def test_bad_requests_to_fill():
    features = features_of(gappy(0)[2], "other")
    with pytest.raises(ValueError, match="draws: 0"):
        impute(features, draws=0, seed=7)
    empty = features.active.assign(q0=np.nan)
    with pytest.raises(ValueError, match="1 have no value"):
        with_imputation(METHODS["kmeans"])(empty, 3, 7)
    assert with_imputation(METHODS["kmeans"]).__name__ == "kmeans_imputed"
