from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_evidence import ids, make_features, make_personas

from personakit.candidates import METHODS
from personakit.errors import ChoiceError, StudyError
from personakit.evidence import fairness_table, gather_evidence, widen_intervals
from personakit.evidence.fairness import areas
from personakit.evidence.outcomes import corrected_means
from personakit.evidence.traits import largest_together
from personakit.records import Personas, Study

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def bakk_kuha(seed, separation, n=1000):
    """Six yes/no items, three classes, an outcome with means -1, 1 and 0 (stepmix ``data_bakk_response``)."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    rates = np.array([[separation] * 6, [separation] * 3 + [1 - separation] * 3, [1 - separation] * 6])[kind]
    natural = pd.DataFrame((rng.random((n, 6)) < rates).astype(float), index=ids(n), columns=list("abcdef"))
    natural["outcome"] = rng.normal(np.array([-1.0, 1, 0])[kind])
    features = make_features(natural, ["active"] * 6 + ["held_back"], ["binary"] * 6 + ["numeric"])
    membership = METHODS["latent_class"](features.active, 3, seed)
    personas = Personas(candidate="latent_class-3", features=features, quality=pd.Series(), tried=1, chosen=True,
                        membership=pd.DataFrame(membership, natural.index, ["P1", "P2", "P3"]), stability=pd.DataFrame())
    return Study(name="s", participants=pd.DataFrame(index=natural.index)), features, personas


# ---------------------------------------------------------------- outcomes


def test_outcomes_are_corrected_for_classification_error():
    """Separation .7, n = 1,000, true means -1/0/1: labels alone span under 1, corrected means 1.5 and more.

    Origin: Bakk & Kuha (2018); stepmix on the same generator: naive -.51/.05/.38, BCH -.88/-.05/.69 over 10 sets.
    """
    sets = [gather_evidence(*bakk_kuha(seed, 0.7), seed=1, replicates=20).outcomes for seed in range(100, 125)]
    spans = np.array([[np.ptp(one[name]) for name in ("naive", "corrected")] for one in sets])
    assert spans[:, 0].mean() < 1.0
    assert spans[:, 1].mean() >= 1.5
    means = np.mean([np.sort(one["corrected"]) for one in sets], axis=0)
    assert means == pytest.approx([-1, 0, 1], abs=0.35)
    assert np.mean([one["wrong"].mean() for one in sets]) == pytest.approx(0.28, abs=0.06)


def test_corrected_means_by_hand():
    # 100 true members of each, means 0 and 1; a fifth of the first and a tenth of the second get the other label
    errors = np.array([[0.8, 0.2], [0.1, 0.9]])
    counts = np.array([80 + 10, 20 + 90.0])
    sums = np.array([10.0, 90.0])
    mean, difference, _ = corrected_means(sums[None, :, None], counts[None, :, None], errors=errors[None])
    assert mean.ravel() == pytest.approx([0, 1])
    assert difference.ravel() == pytest.approx([-1, 1])
    hopeless, _, _ = corrected_means(sums[None, :, None], counts[None, :, None], errors=np.full((1, 2, 2), 0.5))
    assert np.isnan(hopeless).all()


def test_intervals_of_corrected_differences_cover_the_truth():
    truth = np.sort([-1 - 0.5, 1 + 0.5, 0.0])
    covered = []
    for seed in range(200, 215):
        one = gather_evidence(*bakk_kuha(seed, 0.8), seed=1, replicates=200).outcomes.sort_values("difference")
        covered += ((one["low"].to_numpy() <= truth) & (truth <= one["high"].to_numpy())).tolist()
    # the classes themselves are estimated too, which the interval does not know: a little under .95
    assert 0.8 <= np.mean(covered) <= 1.0


def test_hard_memberships_say_nothing_of_error():
    natural = pd.DataFrame({"a": [0.0] * 6 + [1.0] * 6, "y": np.arange(12.0)}, index=ids(12))
    features = make_features(natural, ["active", "held_back"], ["binary", "numeric"])
    study = Study(name="s", participants=pd.DataFrame(index=ids(14)))
    evidence = gather_evidence(study, features, make_personas(features, [0] * 6 + [1] * 6), seed=1)
    assert evidence.outcomes.empty
    assert [one.key for one in evidence.notes] == ["evidence.outside", "evidence.hard", "evidence.no_lead_users"]
    assert evidence.notes[0].values == {"n": 2, "of": 14}


# ---------------------------------------------------------------- personas made again


def clustered(natural):
    features = make_features(natural, ["active"] * natural.shape[1], ["numeric"] * natural.shape[1])
    personas = make_personas(features, METHODS["kmeans"](features.active, 3, 1).argmax(axis=1))
    study = Study(name="s", participants=pd.DataFrame(index=natural.index))
    return study, features, personas, gather_evidence(study, features, personas, seed=1, replicates=200)


def widths(table):
    return (table["high"] - table["low"]).to_numpy()


def test_intervals_widen_where_personas_do_not_come_back():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(150, 4)), index=ids(150), columns=list("abcd"))
    apart = noise.add(8 * np.eye(4)[np.arange(150) % 3])
    ratio = {}
    for name, natural in (("noise", noise), ("apart", apart)):
        study, features, personas, evidence = clustered(natural)
        wide = widen_intervals(evidence, study, features, personas, METHODS["kmeans"], replicates=60)
        again = widen_intervals(evidence, study, features, personas, METHODS["kmeans"], replicates=60)
        pd.testing.assert_frame_equal(wide.table, again.table)
        assert (widths(wide.table) >= widths(evidence.table) - 1e-12).all()
        changed = wide.table["evidence_id"] != evidence.table["evidence_id"]
        assert (changed == (widths(wide.table) > widths(evidence.table))).all()
        ratio[name] = np.median(widths(wide.table) / widths(evidence.table))
    assert ratio["noise"] > 1.7
    assert ratio["apart"] < 1.1


def test_evidence_of_other_personas_is_not_widened():
    study, features, personas, evidence = clustered(pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), ids(30)))
    two = make_personas(features, [0, 1] * 15)
    with pytest.raises(StudyError, match=r"it is of P1, P2, P3, the personas are P1, P2"):
        widen_intervals(evidence, study, features, two, METHODS["kmeans"])
    with pytest.raises(StudyError, match=r"of other personas, with .* members; these have 28, 1, 1"):
        widen_intervals(evidence, study, features, make_personas(features, [0] * 28 + [1, 2]), METHODS["kmeans"])
    with pytest.raises(StudyError, match=r"method: returned shape \(30, 1\)"):
        widen_intervals(evidence, study, features, personas, lambda table, k, seed: np.ones((len(table), 1)))


# ---------------------------------------------------------------- traits that hold together


@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 6))))
def test_the_largest_set_is_found(holds):
    found = largest_together(holds)
    sets = [one for size in range(holds.shape[1] + 1) for one in itertools.combinations(range(holds.shape[1]), size)]
    fits = [len(one) for one in sets if holds[:, list(one)].all(axis=1).mean() >= 0.5]
    assert found.sum() == max(fits)
    assert holds[:, found].all(axis=1).mean() >= 0.5


def test_traits_that_go_together_beat_the_most_common_one():
    rows = [[1, 0, 0]] * 8 + [[1, 1, 1]] * 4 + [[0, 1, 1]] * 8 + [[0, 0, 0]] * 20
    natural = pd.DataFrame(np.array(rows, dtype=float), index=ids(40), columns=list("abc"))
    features = make_features(natural, ["active"] * 3, ["binary"] * 3)
    study = Study(name="s", participants=pd.DataFrame(index=ids(40)))
    traits = gather_evidence(study, features, make_personas(features, [0] * 20 + [1] * 20), seed=1).traits
    own = traits[traits["persona"] == "P1"]
    assert own["feature"].tolist() == ["b", "c", "a"]
    assert own["headline"].tolist() == [True, True, False]
    assert own["together"].tolist() == pytest.approx([0.6, 0.6, 0.2])
    assert own["share"].tolist() == pytest.approx([0.6, 0.6, 0.6])


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_fast_food_headlines_hold_for_half_of_the_members():
    natural = (pd.read_csv(DATA / "surveys/mcdonalds/mcdonalds.csv").iloc[:, :11] == "Yes").astype(float)
    natural.index = pd.Index([f"p{one:04d}" for one in range(len(natural))], name="participant_id")
    features = make_features(natural, ["active"] * 11, ["binary"] * 11)
    groups = METHODS["kmeans"](natural, 4, 1).argmax(axis=1)
    study = Study(name="s", participants=pd.DataFrame(index=natural.index))
    traits = gather_evidence(study, features, make_personas(features, groups), seed=1, replicates=50).traits
    headline = traits[traits["headline"]]
    assert (headline.groupby("persona")["together"].min() >= 0.5).all()
    assert headline.groupby("persona").size().between(3, 8).all()
    assert (traits.groupby("persona")["together"].min() < 0.5).all()


# ---------------------------------------------------------------- composites, outsiders, runners-up


def islands(n=60):
    """Three islands on a line at 0, 4 and 10; P2 lies between; the last person of P1 is far out."""
    rng = np.random.default_rng(0)
    centres = np.repeat([0.0, 4, 10], n // 3)
    natural = pd.DataFrame({"x": centres + 0.5 * rng.normal(size=n), "y": 0.5 * rng.normal(size=n)}, index=ids(n))
    natural.iloc[n // 3 - 1] = -1.0, 30.0
    features = make_features(natural, ["active", "active"], ["numeric", "numeric"])
    return Study(name="s", participants=pd.DataFrame(index=ids(n))), features, np.repeat([0, 1, 2], n // 3)


def test_outsiders_and_runners_up():
    study, features, groups = islands()
    coverage = gather_evidence(study, features, make_personas(features, groups), seed=1).coverage
    assert 0.05 <= coverage.loc["P1", "outsiders"] <= 0.1
    assert coverage.loc[["P2", "P3"], "outsiders"].eq(0).all()
    assert coverage["runner_up"].tolist() == ["P2", "P1", "P2"]
    unsure = gather_evidence(study, features, make_personas(features, groups, sure=0.9), seed=1).coverage
    assert unsure["runner_up"].tolist() == ["", "", ""]


def test_composites_show_nobody():
    study, features, groups = islands()
    rows = gather_evidence(study, features, make_personas(features, groups), seed=1).exemplars
    assert rows["n"].eq(5).all()
    wide = rows.pivot_table(index=["persona", "exemplar"], columns="feature", values="value")
    assert wide.loc[("P2", "typical"), "x"] == pytest.approx(4, abs=0.5)
    assert wide.loc[("P2", "counter_example"), "x"] < wide.loc[("P2", "typical"), "x"]  # P1 is nearer than P3
    assert wide.loc[("P3", "extreme"), "x"] > wide.loc[("P3", "typical"), "x"]
    people = features.natural.to_numpy()
    assert not any((np.abs(people - row) < 1e-12).all(axis=1).any() for row in wide.to_numpy())
    few = make_personas(features, [0] * 4 + [1] * 56)
    assert set(gather_evidence(study, features, few, seed=1).exemplars["persona"]) == {"P2"}


def test_lead_users_are_heavy_broad_and_advocating():
    n = 40
    natural = pd.DataFrame({
        "events_per_30d": np.arange(n, dtype=float), "channel_share:web": 1.0, "channel_share:shop": [0.0] * 25 + [0.5] * 15,
        "likes": [9.0] * 38 + [3.0, np.nan],
    }, index=ids(n))
    features = make_features(natural, ["active"] * 3 + ["held_back"], ["count", "share", "share", "ordinal"])
    book = pd.DataFrame({"variable": ["likes"], "instrument": ["nps"]})
    study = Study(name="s", participants=pd.DataFrame(index=ids(n)), codebook=book)
    coverage = gather_evidence(study, features, make_personas(features, [0] * 20 + [1] * 20), seed=1).coverage
    assert coverage["lead_users"].tolist() == [0, 8]  # the ten most active, less one who does not recommend, one unknown
    assert coverage["lead_users_known"].tolist() == [20, 19]
    bare = Study(name="s", participants=study.participants)
    evidence = gather_evidence(bare, features, make_personas(features, [0] * 20 + [1] * 20), seed=1)
    assert evidence.coverage["lead_users_known"].eq(0).all()
    assert "evidence.no_lead_users" in {one.key for one in evidence.notes}


# ---------------------------------------------------------------- fairness


def test_fairness_says_who_is_missing_and_given_away():
    study, features, groups = islands()
    gender = ["f"] * 20 + ["f", "m"] * 20
    people = pd.DataFrame({"gender": [*gender, "m", "m", None]},
                          index=pd.Index([*features.table.index, "x1", "x2", "x3"], name="participant_id"))
    frame = fairness_table(Study(name="s", participants=people), features, make_personas(features, groups), ["gender"],
                           seed=1).set_index("level")
    assert frame["n"].to_dict() == {"": 1, "f": 40, "m": 22}
    assert frame["placed"].to_dict() == pytest.approx({"": 0, "f": 1, "m": 20 / 22})
    assert 38 / 40 <= frame.loc["f", "sure"] <= 39 / 40  # the outsiders
    assert (frame["low"] <= frame["sure"]).all()
    assert frame.loc["f", "most_in"] == "P1"
    assert frame.loc["f", "lift"] == pytest.approx(1.5)
    assert frame.loc["f", "given_away"] == pytest.approx(0.75)
    assert frame.loc["f", "q"] < 0.05
    assert np.isnan(frame.loc["", "given_away"])


def test_a_group_dealt_at_random_is_not_given_away():
    study, features, groups = islands(600)
    people = pd.DataFrame({f"g{one}": np.random.default_rng(one).integers(0, 2, 600).astype(str) for one in range(40)},
                          index=features.table.index)
    frame = fairness_table(Study(name="s", participants=people), features, make_personas(features, groups),
                           list(people.columns), seed=1)
    each = frame[frame["level"] == "1"]
    assert (each["p"] < 0.05).mean() <= 0.125
    assert (each["given_away"] - each["by_chance"]).mean() == pytest.approx(0, abs=0.01)
    assert not (frame["q"] < 0.05).any()


def test_area_agrees_with_scikit_learns():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    persona, member = rng.integers(0, 4, 200), rng.random(200) < 0.3
    counts, sizes = np.bincount(persona[member], minlength=4), np.bincount(persona, minlength=4)
    assert areas(counts[None], sizes)[0] == pytest.approx(roc_auc_score(member, (counts / sizes)[persona]))


def test_attributes_that_cannot_be_read_are_refused():
    study, features, groups = islands()
    personas = make_personas(features, groups)
    with pytest.raises(ChoiceError, match=r"protected: 'gendr' is unknown"):
        fairness_table(study, features, personas, ["gendr"], seed=1)
    ages = Study(name="s", participants=pd.DataFrame({"age": range(60)}, index=ids(60)))
    with pytest.raises(StudyError, match=r"age has 60 levels, at most 20"):
        fairness_table(ages, features, personas, ["age"], seed=1)


# ---------------------------------------------------------------- what may leave the room


def test_no_small_count_of_the_new_frames_is_exported():
    from hand_made import candidates

    from personakit.export import publishable_tables

    study, features, groups = islands()
    natural = features.natural.assign(rare=[1.0] * 2 + [0.0] * 58, member=[1.0, 0.0] * 30, nps=9.0)
    natural = natural.assign(**{"events_per_30d": np.arange(60.0), "channel_share:web": 1.0})
    roles = ["active"] * 2 + ["held_back"] * 5
    mixed = make_features(natural, roles, ["numeric"] * 2 + ["binary"] * 2 + ["ordinal", "count", "share"])
    groups = np.where(np.arange(60) >= 57, 3, groups)
    evidence = gather_evidence(study, mixed, make_personas(mixed, groups, sure=0.9), seed=1)
    tables = publishable_tables(candidates(), evidence)
    coverage = tables["evidence_coverage"].set_index("persona")
    assert coverage.loc["P4", ["n", "outsiders", "lead_users", "runner_up"]].isna().all()
    assert pd.isna(coverage.loc["P1", "outsiders"])  # one or two people
    outcomes = tables["evidence_outcomes"]
    assert outcomes.loc[outcomes["persona"] == "P4", ["naive", "corrected", "difference"]].isna().all(axis=None)
    rare = outcomes[(outcomes["feature"] == "rare") & (outcomes["persona"] == "P1")]
    assert rare["naive"].isna().all()
    assert outcomes.loc[outcomes["feature"] == "nps", "naive"].notna().sum() >= 2
    assert "participant_id" not in tables["evidence_counter_quotes"]
