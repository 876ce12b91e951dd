from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from personakit.errors import TooFewError
from personakit.inference import (
    adjust_bh,
    bootstrap_sums,
    expanded_level,
    newcombe_interval,
    percentile_interval,
    permutation_p,
    permuted,
    person_weights,
    weighted_rate,
    wilson_interval,
)

few = settings(max_examples=25, deadline=None, derandomize=True)


def test_person_weights_draw_n_people_and_the_first_samples_stay():
    weights = person_weights(50, replicates=40, seed=3)
    assert weights.shape == (40, 50)
    assert weights.dtype == np.int32
    assert (weights.sum(axis=1) == 50).all()
    assert np.array_equal(weights[:10], person_weights(50, replicates=10, seed=3))
    assert not np.array_equal(weights, person_weights(50, replicates=40, seed=4))


def test_person_weights_vary_as_a_multinomial():
    weights = person_weights(20, replicates=4000, seed=1)
    assert weights.mean(axis=0) == pytest.approx(np.ones(20), abs=0.08)
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 20, abs=0.03)


@pytest.mark.parametrize("sizes", [{"n": 0, "replicates": 5}, {"n": 5, "replicates": 0}])
def test_person_weights_need_someone(sizes):
    with pytest.raises(TooFewError, match="too few"):
        person_weights(seed=1, **sizes)


def test_weighted_rate_leaves_gaps_out():
    rates = weighted_rate(np.array([[1, 0, 3], [0, 2, 0]]), np.array([[1.0, 5.0], [0.0, np.nan], [0.0, 1.0]]))
    assert rates[0] == pytest.approx([0.25, 2.0])
    assert rates[1, 0] == 0.0
    assert np.isnan(rates[1, 1])


@few
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.sampled_from([0.5, 0.9, 0.95]))
def test_percentile_interval_is_numpys_quantile(draws, level):
    low, high = percentile_interval(draws, level=level)
    expected = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    assert [low, high] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_percentile_interval_leaves_gaps_out_without_a_warning():
    draws = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    low, high = percentile_interval(draws, level=0.5)
    assert low[0] == 1.5
    assert high[0] == 2.5
    assert np.isnan([low[1], high[1]]).all()
    assert percentile_interval(draws.T, level=0.5, axis=1)[0][0] == 1.5
    assert np.isnan(percentile_interval(np.empty((0, 3)))[0]).all()
    assert np.isnan(percentile_interval(draws, level=[np.nan, 0.9])[0]).all()


def test_expanded_level_needs_two_people_and_tends_to_the_level():
    levels = expanded_level([1, 2, 10, 100000])
    assert np.isnan(levels[0])
    assert levels[1] > levels[2] > levels[3] == pytest.approx(0.95, abs=1e-4)


def test_bootstrap_of_a_small_mean_covers_at_the_promised_rate():
    rng = np.random.default_rng(5)
    hits = 0
    for seed in range(300):
        values = rng.normal(size=(8, 1))
        draws = weighted_rate(person_weights(8, replicates=400, seed=seed), values)
        low, high = percentile_interval(draws, level=expanded_level(8))
        hits += bool(low[0] <= 0 <= high[0])
    assert 0.91 <= hits / 300 <= 0.985


def test_wilson_interval_agrees_with_scipy():
    for count, n in [(0, 10), (7, 12), (12, 12), (81, 263)]:
        expected = stats.binomtest(count, n).proportion_ci(method="wilson")
        assert [float(end) for end in wilson_interval(count, n)] == pytest.approx([expected.low, expected.high], abs=1e-12)
    low, high = wilson_interval([0, 3], [0, 4])
    assert np.isnan([low[0], high[0]]).all()
    assert 0 < low[1] < high[1] < 1


def test_newcombe_interval_agrees_with_the_paper():
    # Newcombe (1998), Table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/20
    low, high = newcombe_interval([56, 9, 10], [70, 10, 10], [48, 3, 0], [80, 10, 20])
    assert low == pytest.approx([0.0524, 0.1705, 0.6791], abs=1e-4)
    assert high == pytest.approx([0.3339, 0.8090, 1.0], abs=1e-4)
    assert np.isnan(newcombe_interval(1, 2, 0, 0)[0])


def test_permuted_keeps_the_labels_of_everyone():
    shuffled = permuted(np.array([0, 0, 1, 2]), replicates=600, seed=2)
    assert (np.sort(shuffled, axis=1) == [0, 0, 1, 2]).all()
    assert (shuffled == 2).mean(axis=0) == pytest.approx(np.full(4, 0.25), abs=0.07)
    with pytest.raises(TooFewError):
        permuted([], replicates=2, seed=1)


def test_permutation_p_counts_the_data_as_one_shuffle():
    null = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 5.0]])
    assert permutation_p([1.0, 3.0], null).tolist() == [0.75, 2 / 3]
    assert permutation_p(np.inf, [1.0, np.inf]) == 2 / 3
    assert np.isnan(permutation_p(np.nan, [1.0, 2.0]))
    assert permutation_p(0.1 + 0.2, [0.3]) == 1.0  # equal but for rounding
    assert permutation_p([1.0, 3.0], null.T, axis=1).tolist() == [0.75, 2 / 3]


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjust_bh_agrees_with_scipy(p):
    assert adjust_bh(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


def test_adjust_bh_does_not_count_gaps_as_tests():
    adjusted = adjust_bh([[0.01, np.nan], [0.04, np.nan]])
    assert adjusted[:, 0].tolist() == [0.02, 0.04]
    assert np.isnan(adjusted[:, 1]).all()
    assert adjust_bh([]).shape == (0,)


def test_samples_of_many_people_are_drawn_by_random_groups_and_vary_as_people_do():
    people, rng = 45_003, np.random.default_rng(3)  # 10 a group, 3 left over
    table = np.column_stack([
        np.full(people, 30.0), 30 + (rng.random(people) < 0.5), rng.random(people) < 0.3, np.arange(people) < 9,
        np.floor(10 * rng.pareto(2.5, people)), np.repeat(rng.poisson(1, people // 3), 3)])  # threes that stand together
    draws = bootstrap_sums(sparse.csr_array(table), replicates=1_000, seed=np.random.SeedSequence(5))
    assert np.array_equal(draws, bootstrap_sums(sparse.csr_array(table), replicates=1_000, seed=np.random.SeedSequence(5)))
    assert (draws[:, 0] == 30 * people).all()  # nobody is added and nobody is lost
    error = table[:, 1:].std(axis=0) * np.sqrt(people)
    assert np.abs(draws[:, 1:].std(axis=0) / error - 1).max() < 0.1  # 1,000 replicates know it to 2 %
    assert np.abs((draws[:, 1:].mean(axis=0) - table[:, 1:].sum(axis=0)) / error).max() < 0.15
    flags = sparse.csr_array(np.ones((people, 1), dtype=bool))  # added up, not joined with "or"
    assert (bootstrap_sums(flags, replicates=2, seed=np.random.SeedSequence(5)) == people).all()
