import numpy as np
import pandas as pd
import pytest

from personakit.candidates import METHODS, assign, find_candidates
from personakit.candidates.blocks import with_scale
from personakit.candidates.design import make_design
from personakit.errors import ChoiceError
from personakit.features import build_features
from personakit.inference import adjusted_rand
from personakit.records import Study


def two_sources(seed, *, types, people=300, habits=15):
    """Many habits of one activity, and five answers that hold three types, or none."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"p{row:03d}" for row in range(people)], name="participant_id")
    truth = rng.integers(0, 3, people)
    means = np.array([[4, 2, 2, 4, 2], [2, 4, 2, 2, 4], [2, 2, 4, 4, 4]])[truth] if types else 3
    answers = pd.DataFrame(np.clip(np.round(means + 0.7 * rng.normal(size=(people, 5))), 1, 5), index=ids,
                           columns=[f"q{item}" for item in range(5)])
    activity = rng.normal(size=(people, 1))
    habit = pd.DataFrame(0.8 * activity + 0.6 * rng.normal(size=(people, habits)), index=ids,
                         columns=[f"h{item}" for item in range(habits)])
    answers.attrs["origin"], habit.attrs["origin"] = "answers", "events"
    return build_features(Study(name="two", participants=pd.DataFrame(index=ids)), habit, answers), truth


def test_the_main_direction_of_every_block_has_the_same_variance():
    # Escofier and Pages (1983): each block over the root of its first eigenvalue
    features, _ = two_sources(1, types=True)
    table = features.active
    origins = {name: name[0] for name in table}
    design = with_scale(make_design(table), table, origins)
    values = (design.values * design.scale)[design.row_of]
    first = [np.linalg.eigvalsh(np.cov(values[:, [name[0] == block for name in sorted(table)]].T))[-1] for block in "hq"]
    assert first[0] == pytest.approx(first[1])
    assert values.var(axis=0).sum() == pytest.approx(table.var(ddof=0).sum())


def test_types_in_five_answers_are_not_drowned_by_fifteen_habits():
    features, truth = two_sources(1, types=True)
    found = find_candidates(features, methods=["kmeans", "kmeans_blocks"], k=[2, 3, 4], seed=7)
    agreement = {name: adjusted_rand(truth, one.to_numpy().argmax(axis=1), np.ones(len(truth)))
                 for name, one in found.memberships.items()}
    assert found.recommended == "kmeans_blocks-3"
    assert agreement["kmeans_blocks-3"] > 0.85 > 0.1 > agreement["kmeans-3"]
    assert found.table.loc["kmeans_blocks-3", "null_method"] == "kmeans_blocks"
    assert assign(found, "kmeans_blocks-3").equals(found.memberships["kmeans_blocks-3"])
    some = features.active.iloc[::7]
    assert assign(found, "kmeans_blocks-3", some).equals(found.memberships["kmeans_blocks-3"].loc[some.index])


def test_blocks_without_types_give_none():
    features, _ = two_sources(2, types=False)
    found = find_candidates(features, methods="kmeans_blocks", k=[2, 3, 4], seed=7)
    assert not found.table["verdict"].isin(["natural", "reproducible"]).any()


def test_one_block_weighs_as_it_is():
    features, _ = two_sources(3, types=True)
    one = features.active.filter(regex="q")
    assert (METHODS["kmeans_blocks"](one, 3, 7) == METHODS["kmeans"](one, 3, 7)).all()
    with pytest.raises(ChoiceError, match="all active ones are from answers"):
        find_candidates(build_features(Study(name="one", participants=pd.DataFrame(index=one.index)),
                                       _from_answers(features.natural[one.columns])), methods="kmeans_blocks", seed=7)


def _from_answers(table):
    table = table.copy()
    table.attrs["origin"] = "answers"
    return table
