"""coder_agreement: published figures, cases by hand, and what is not a disagreement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit.coding import coder_agreement
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.records import Study

GAP = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, example C: 4 observers, 12 units, with gaps
CANONICAL = pd.DataFrame({
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    "C": [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
})


def study(rows, columns=("participant_id", "code", "coder")):
    codes = pd.DataFrame(rows, columns=list(columns))
    people = pd.Index(sorted(codes["participant_id"].unique()), name="participant_id")
    return Study(name="s", participants=pd.DataFrame(index=people), codes=codes)


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849),
                                                   ("ratio", 0.797)])
def test_the_canonical_table(metric, published):
    found = coder_agreement(CANONICAL, metric=metric, seed=1)
    assert found.at["all", "alpha"] == pytest.approx(published, abs=5e-4)
    assert found.at["all", "units"] == 11  # the last unit has one value: it pairs with nothing
    assert found.at["all", "uncoded"] == 4
    assert found.at["all", "low"] < published < found.at["all", "high"]


def test_kappa_by_hand():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: agreement .7, by chance .5, so kappa .4
    ratings = pd.DataFrame({"A": [1] * 25 + [0] * 25, "B": [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15})
    found = coder_agreement(ratings, seed=1).loc["all"]
    assert found["agreement"] == pytest.approx(0.7)
    assert found["disagreement"] == pytest.approx(0.3)
    assert found["kappa"] == pytest.approx(0.4)
    # alpha by hand: 55 ones and 45 zeros in 100 values, 15 + 15 of them in unequal pairs
    assert found["alpha"] == pytest.approx(1 - 99 * 30 / (2 * 55 * 45))


def test_words_and_ordered_categories():
    words = pd.DataFrame({"A": ["low", "high", "mid"], "B": ["low", "high", "high"]})
    assert coder_agreement(words, seed=1).at["all", "agreement"] == pytest.approx(2 / 3)
    order = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    ordinal = coder_agreement(words.astype(order), metric="ordinal", seed=1).at["all", "alpha"]
    numbers = pd.DataFrame({"A": [1, 3, 2], "B": [1, 3, 3]})
    assert ordinal == pytest.approx(coder_agreement(numbers, metric="ordinal", seed=1).at["all", "alpha"])
    with pytest.raises(StudyError, match="metric interval needs numbers"):
        coder_agreement(words, metric="interval", seed=1)


BOTH = [("p1", "price", "A"), ("p1", "price", "B"), ("p2", "price", "A"), ("p2", "trust", "B"), ("p3", "trust", "A"),
        ("p3", "trust", "B"), ("p4", "price", "A")]


def test_an_interview_that_one_coder_left_is_no_disagreement_and_is_counted():
    found = coder_agreement(study(BOTH), seed=1)
    assert found.index.tolist() == ["all", "price", "trust"]
    assert found.loc["price", ["units", "uncoded"]].tolist() == [3, 1]
    assert found.at["price", "agreement"] == pytest.approx(2 / 3)  # p1 yes-yes, p2 yes-no, p3 no-no; p4 was left by B
    assert found.loc["all", ["units", "uncoded"]].tolist() == [6, 2]
    assert found.at["all", "agreement"] == pytest.approx(4 / 6)
    strict = coder_agreement(study(BOTH), uncoded="absent", seed=1)
    assert strict.loc["price", ["units", "uncoded"]].tolist() == [4, 0]
    assert strict.at["price", "agreement"] == pytest.approx(2 / 4)


def test_coders_who_differ_in_details_agree_one_level_up():
    rows = [("p1", "price > hidden", "A"), ("p1", "price > high", "B"), ("p2", "trust > brand", "A"),
            ("p2", "trust > people", "B"), ("p3", "price > high", "A"), ("p3", "trust > brand", "B")]
    fine, rolled = coder_agreement(study(rows), seed=1), coder_agreement(study(rows), level=1, seed=1)
    assert rolled.index.tolist() == ["all", "price", "trust"]
    assert rolled.at["price", "agreement"] == pytest.approx(2 / 3)  # p1 and p2 agree, p3 does not
    # four codes by three people; each person has two codes that one coder gave alone, and two that neither did
    assert fine.at["all", "agreement"] == pytest.approx(6 / 12)
    with pytest.raises(ChoiceError, match=r"level: 1 cannot be used"):
        coder_agreement(CANONICAL, level=1, seed=1)


def test_passages_that_overlap_are_one_place():
    columns = ("participant_id", "source", "code", "coder", "start", "end")
    rows = [("p1", "i1", "price", "A", 0, 10), ("p1", "i1", "price", "B", 5, 20),     # one place, agreed
            ("p1", "i1", "trust", "A", 20, 30), ("p1", "i1", "price", "B", 20, 30),   # another, both codes differ
            ("p1", "i1", "trust", "A", 50, 60),                                       # B left it
            ("p2", "i1", "trust", "B", 0, 10), ("p2", "i1", "trust", "A", 0, 10)]     # the same place of someone else
    found = coder_agreement(study(rows, columns), unit="passage", seed=1)
    assert found.loc["price", ["units", "uncoded"]].tolist() == [3, 1]
    assert found.at["price", "agreement"] == pytest.approx(2 / 3)
    with pytest.raises(StudyError, match="need the start and end"):
        coder_agreement(study(BOTH), unit="passage", seed=1)


def test_the_interval_draws_people_and_not_codes():
    """One coder misses everything in one interview of ten: codes of an interview hang together."""
    rows = [(f"p{one}", code, coder) for one in range(10) for code in "abcdef" for coder in "AB"
            if not (one == 0 and coder == "B" and code != "a") and not (code in "def" and one % 2)]
    found = coder_agreement(study(rows), seed=1).loc["all"]
    values = coder_agreement(pd.DataFrame({"A": [1, 0] * 30, "B": [1, 0] * 27 + [0, 0] * 3}), seed=1).loc["all"]
    assert found["high"] - found["low"] > values["high"] - values["low"]
    assert found["high"] == pytest.approx(1.0)


def test_where_nothing_varies_agreement_cannot_be_told_from_chance():
    found = coder_agreement(pd.DataFrame({"A": [1, 1, 1], "B": [1, 1, 1]}), seed=1).loc["all"]
    assert found["agreement"] == 1
    assert found[["kappa", "alpha", "low", "high"]].isna().all()


def test_guessing_coders_agree_by_chance_over_many_seeds():
    alphas = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.choice([1, 2, 3], size=(40, 2), p=[0.7, 0.2, 0.1]))
        found = coder_agreement(table, seed=seed, replicates=200).loc["all"]
        alphas.append((found["alpha"], found["low"] <= 0 <= found["high"], found["agreement"]))
    alpha, covers, agreement = np.mean(alphas, axis=0)
    assert abs(alpha) < 0.05
    assert covers > 0.88
    assert agreement > 0.5  # plain percent looks fair


@given(st.lists(st.lists(st.sampled_from([1, 2, 3, None]), min_size=3, max_size=3), min_size=3, max_size=12), st.randoms())
def test_coders_units_and_names_of_values_do_not_matter(rows, random):
    table = pd.DataFrame(rows, dtype="float64")
    if table.notna().sum(axis=1).max() < 2:
        return
    mixed = table.sample(frac=1, random_state=random.randint(0, 99))[[2, 0, 1]]
    plain = coder_agreement(table, seed=1, replicates=3).loc["all", ["units", "agreement", "kappa", "alpha"]]
    for other in (mixed, table.replace({1: 7, 2: 5, 3: 6})):
        again = coder_agreement(other, seed=1, replicates=3).loc["all", ["units", "agreement", "kappa", "alpha"]]
        np.testing.assert_allclose(plain.astype(float), again.astype(float), atol=1e-12)


@pytest.mark.parametrize(("given_", "options", "error", "message"), [
    (study([("p1", "a", "A")]), {}, TooFewError, "only one coder"),
    (study([("p1", "a", "A"), ("p2", "a", "B")]), {}, TooFewError, "no unit was coded by two"),
    (study([("p1", "a")], ("participant_id", "code")), {}, StudyError, "do not say who coded"),
    (Study(name="none", participants=pd.DataFrame({"participant_id": ["p"]})), {}, StudyError, "no codes"),
    (CANONICAL[["A"]], {}, TooFewError, "needs two columns"),
    (-CANONICAL, {"metric": "ratio"}, StudyError, "from 0 up"),
    (CANONICAL, {"metric": "ordinl"}, ChoiceError, "Did you mean 'ordinal'"),
    (CANONICAL, {"unit": "word"}, ChoiceError, "Allowed: interview, passage"),
    (CANONICAL, {"uncoded": "no"}, ChoiceError, "Allowed: missing, absent"),
])
def test_what_cannot_be_measured(given_, options, error, message):
    with pytest.raises(error, match=message):
        coder_agreement(given_, seed=1, **options)
