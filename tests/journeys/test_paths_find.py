"""Typical paths: planted ones are found, people all alike have none, and bad questions are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import small_journeys as make
from test_paths_distances import padded, traced

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.inference import adjusted_rand
from personakit.journeys import find_paths
from personakit.journeys.paths import find
from personakit.journeys.paths.find import null_journeys
from personakit.journeys.paths.partition import METHODS, _likeliest, extend, left_within, medoids, overlaps, silhouettes
from personakit.journeys.paths.portrait import mixing
from personakit.wording import say


def words(states):
    return ["".join("abcde"[one] for one in row) for row in states]


def planted(seed, people=120, steps=15):
    rng = np.random.default_rng(seed)
    rows = [np.full((5, 5), 0.03) + 0.85 * np.roll(np.eye(5), shift, axis=1) for shift in (1, 2, 0)]
    states = np.vstack([make.walk(one, people // 3, steps, rng) for one in rows])
    return traced(words(states)), np.repeat([0, 1, 2], people // 3)


@pytest.mark.parametrize("method", ["ward", "medoids", "mixture"])
def test_planted_paths_are_found(method):
    journeys, truth = planted(1)
    paths = find_paths(journeys, k=range(2, 5), method=method, measure={"by": "touchpoint", "method": "transition_shares"},
                       seed=7, replicates=19)
    assert paths.recommended == 3
    assert paths.table.loc[3, "verdict"] == "reproducible"
    labels = np.unique(paths.labels[3], return_inverse=True)[1]
    assert adjusted_rand(labels, truth) > 0.9
    own = paths.paths[paths.paths["k"] == 3]
    assert own["people"].sum() == 120
    assert own["share"].sum() == pytest.approx(1)
    shares = paths.steps[paths.steps["k"] == 3].groupby(["path", "step"])["share"].sum()
    assert np.allclose(shares, 1)
    assert say(paths.why[0], "fr").startswith("3 parcours types")


def test_people_all_alike_have_no_typology():
    # many more seeds: benchmarks/path_tests.csv
    verdicts = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        states = make.walk(rng.dirichlet(np.full(5, 3.0), 5), 100, 12, rng)
        paths = find_paths(traced(words(states)), k=[2, 3, 4], measure={"by": "touchpoint"}, seed=seed, replicates=19)
        verdicts.append(paths.recommended)
    assert verdicts == [None, None, None]
    assert "No typical paths" in say(paths.why[0], "en")


def test_same_seed_same_result_and_medoids_of_samples(monkeypatch):
    journeys, truth = planted(2)
    options = {"k": [3], "measure": {"by": "touchpoint", "method": "transition_shares"}, "seed": 3, "replicates": 19}
    one, again = (find_paths(journeys, method="medoids", **options) for _ in range(2))
    assert one.table.equals(again.table)
    assert one.labels.equals(again.labels)
    monkeypatch.setattr(find, "LARGE", 60)
    monkeypatch.setattr(find, "METHODS", {name: replace(one, drawn=min(one.drawn, 60)) for name, one in METHODS.items()})
    for method in ("medoids", "ward", "mixture"):
        sampled = find_paths(journeys, method=method, **options)
        assert adjusted_rand(np.unique(sampled.labels[3], return_inverse=True)[1], truth) > 0.8


def test_chains_that_are_nobody_s_and_chains_that_are_alike():
    # two ways and three chains: the third takes somebody, and nothing is recommended for it
    paths = find_paths(traced(["abc", "bca", "abc", "abd"] * 10), k=[2, 3], method="mixture", measure={"by": "touchpoint"},
                       seed=1, replicates=19)
    assert paths.paths["people"].min() >= 1
    assert paths.paths.groupby("k")["people"].sum().tolist() == [40, 40]
    assert _likeliest(np.array([[0.9, 0.1], [0.8, 0.2], [1.0, 0.0]])).tolist() == [0, 1, 0]


def test_refusals():
    journeys, _ = planted(1)
    with pytest.raises(ChoiceError, match="Did you mean 'medoids'"):
        find_paths(journeys, method="medoid", seed=1)
    with pytest.raises(ChoiceError, match="measure: 'metric'"):
        find_paths(journeys, measure={"metric": "lcs"}, seed=1)
    with pytest.raises(StudyError, match="from 2 on"):
        find_paths(journeys, k=[1, 2], seed=1)
    with pytest.raises(StudyError, match="19 or more"):
        find_paths(journeys, replicates=5, seed=1)
    with pytest.raises(TooFewError, match="only 1 distinct"):
        find_paths(traced(["ab"] * 30), measure={"by": "touchpoint"}, seed=1)
    with pytest.raises(TooFewError, match="at least 20"):
        find_paths(traced(["ab", "ba"] * 5), measure={"by": "touchpoint"}, seed=1)


def test_figures_by_hand():
    apart = np.array([[0, 1, 4, 4], [1, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0.0]])
    labels = np.array([0, 0, 1, 1])
    assert silhouettes(apart, labels).tolist() == [0.75, 0.75, 0.5, 0.5]
    # total (1 + 2 + 16) * 2 / 4 = 9.5; within 2 / 2 + 4 / 2 = 3
    assert left_within(apart, labels) == pytest.approx(3 / 9.5)
    assert overlaps(labels, np.array([0, 0, 0, 1])).tolist() == [2 / 3, 0.5]
    assert extend(apart, apart, labels).tolist() == [0, 0, 1, 1]
    assert adjusted_rand(labels, np.array([0, 1, 0, 1])) == pytest.approx(-0.5)
    assert len(set(medoids(padded([[0]] * 4), apart, [2], np.random.default_rng(0))[0][[0, 2]])) == 2


def test_null_journeys_keep_starts_and_lengths():
    some = padded([[0, 1, 2], [1, 2], [0], [2, 2, 2, 2]])
    null = null_journeys(some, np.random.default_rng(1))
    assert sorted(null.steps[:, 0]) == sorted(some.steps[:, 0])
    assert ((null.steps < 3).sum(axis=1) == some.length).all()
    # 1 is always followed by 2, and 2 by 2
    follows = null.steps[:, :-1][null.steps[:, 1:] < 3], null.steps[:, 1:][null.steps[:, 1:] < 3]
    assert set(follows[1][follows[0] > 0]) <= {2}


def test_entropy_and_complexity_by_hand():
    entropy, complexity = mixing(padded([[0, 0, 1, 1], [0, 1, 2], [2]]))
    assert entropy == pytest.approx([np.log(2) / np.log(3), 1, 0])
    assert complexity == pytest.approx([np.sqrt(1 / 3 * np.log(2) / np.log(3)), 1, 0])
