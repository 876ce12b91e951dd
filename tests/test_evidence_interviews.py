from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from sklearn.metrics import adjusted_rand_score
from test_evidence import DATA, ids, make_features, make_personas
from test_realdata_tables import export_interviews

import personakit as pk
from personakit.candidates import METHODS
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.evidence import compare_partitions, gather_evidence, joint_display, link_interviews
from personakit.evidence.codes import shrunken_rate
from personakit.evidence.silos import _resampled
from personakit.evidence.words import word_log_odds
from personakit.inference import percentile_interval
from personakit.records import Study

COLUMNS = ["participant_id", "source", "code", "kind", "stage", "quote", "consent"]


def planned(n=24):
    """24 people; P1 plans and says so, P2 waits in line and says so; a visit count shows it."""
    natural = pd.DataFrame({"visits": [8.0, 9, 7, 8] * 3 + [1.0, 2, 1, 3] * 3, "calls": np.arange(n) % 5.0}, index=ids(n))
    features = make_features(natural, ["active", "active"], ["count", "count"])
    rows = [(f"p{one:03d}", f"i{one}", "planning", "goal", "research", f"I always plan the visit, number {one}", "verbatim")
            for one in range(10)]
    rows += [(f"p{one:03d}", f"i{one}", "queue", "pain", "purchase", f"The queue took forever, {one} minutes", "verbatim")
             for one in range(12, 20)]
    rows += [("p020", "i20", "queue", "delight", "purchase", "Honestly the queue was a joy", "verbatim"),
             ("p021", "i21", "parking", "need", "purchase", "Where do I park", "none")]
    study = Study(name="s", participants=pd.DataFrame(index=ids(n)), codes=pd.DataFrame(rows, columns=COLUMNS))
    return study, features, make_personas(features, [0] * 12 + [1] * 12, sure=0.9)


# ---------------------------------------------------------------- rates and words


def test_rates_are_shrunk_towards_everyone():
    mean, low, high = shrunken_rate(*(np.array(one) for one in ([2.0, 20], [2.0, 20], [12.0, 60], [24.0, 120])))
    pooled = 12.5 / 25
    assert mean[0] == pytest.approx((2 + 2 * pooled) / 4)
    assert mean[1] > mean[0]  # twenty of twenty says more than two of two
    assert (low[0], high[0]) == pytest.approx((beta.ppf(0.025, 3, 1), beta.ppf(0.975, 3, 1)))
    codes = gather_evidence(*planned(), seed=1).codes
    assert codes["shrunk"].between(codes["shrunk_low"], codes["shrunk_high"]).all()
    assert (codes["shrunk"] < codes["share"]).loc[codes["share"] == 1].all()


def test_shrunken_rates_cover_better_than_plain_ones_where_personas_hardly_differ():
    rng = np.random.default_rng(3)
    truth = rng.beta(8, 12, 4_000)
    here, other = rng.binomial(6, truth), rng.binomial(18, 0.4, 4_000)
    mean, low, high = shrunken_rate(here.astype(float), np.full(4_000, 6.0), here + other.astype(float),
                                    np.full(4_000, 24.0))
    assert ((low <= truth) & (truth <= high)).mean() >= 0.93
    assert ((mean - truth) ** 2).mean() < ((here / 6 - truth) ** 2).mean()


def test_log_odds_of_words_by_hand():
    counts, prior = np.array([[8.0, 1], [10, 10], [0, 4]]), np.array([1.0, 2, 0.5])
    here, there = 8 + 1, 1 + 1
    all_here, all_there = 18 + 3.5, 15 + 3.5
    by_hand = np.log(here / (all_here - here)) - np.log(there / (all_there - there))
    assert word_log_odds(counts, prior)[0, 0] == pytest.approx(by_hand / np.sqrt(1 / here + 1 / there))
    assert word_log_odds(counts, prior)[:, 1] == pytest.approx(-word_log_odds(counts, prior)[:, 0])


def test_words_count_people_and_ask_for_consent():
    study, features, personas = planned()
    words = gather_evidence(study, features, personas, seed=1).words
    first = words[words["persona"] == "P1"].iloc[0]
    assert first["word"] in ("always", "number", "plan", "visit")
    assert first[["people", "interviewees", "elsewhere", "interviewees_elsewhere"]].tolist() == [10, 10, 0, 9]
    assert "queue" in set(words.loc[words["persona"] == "P2", "word"])
    assert not {"park", "where"} & set(words["word"])
    assert (words["log_odds"] > 0).all()
    more = pd.concat([study.codes, study.codes.iloc[[0] * 30].assign(code=[f"c{one}" for one in range(30)])])
    loud = Study(name="s", participants=study.participants, codes=more)
    again = gather_evidence(loud, features, personas, seed=1).words
    pd.testing.assert_frame_equal(words, again)  # one person coded thirty times more does not speak louder


def test_words_of_people_who_speak_alike_set_nobody_apart():
    rng = np.random.default_rng(0)
    words = [f"word{'abcdefghij'[one // 10]}{'abcdefghij'[one % 10]}" for one in range(60)]
    beyond = []
    for seed in range(20):
        spoken = [" ".join(rng.choice(words, 15)) for _ in range(40)]
        codes = pd.DataFrame({"participant_id": ids(40), "code": "x", "quote": spoken, "consent": "verbatim"})
        natural = pd.DataFrame({"a": np.arange(40.0)}, index=ids(40))
        features = make_features(natural, ["active"], ["numeric"])
        study = Study(name="s", participants=pd.DataFrame(index=ids(40)), codes=codes)
        personas = make_personas(features, [0] * 20 + [1] * 20)
        found = gather_evidence(study, features, personas, seed=seed, replicates=20).words
        beyond.append((found["log_odds"] > 2).sum() / (2 * 60))
    assert np.mean(beyond) < 0.04


# ---------------------------------------------------------------- quotes


def test_a_quote_is_answered_by_who_says_the_opposite():
    evidence = gather_evidence(*planned(), seed=1)
    answers = evidence.counter_quotes
    assert answers[["persona", "kind", "code"]].values.tolist() == [["P2", "pain", "queue"]]
    answered = evidence.quotes.set_index("evidence_id").loc[answers["counters"].iloc[0]]
    assert answered["quote"] == "Honestly the queue was a joy"
    card = pd.concat([evidence.quotes, answers])
    assert not card.duplicated(["persona", "participant_id"]).any()


def test_only_words_that_stand_in_their_source_are_shown():
    study, features, personas = planned()
    texts = {f"i{one}": f"So. I always plan  the visit, number {one}; yes." for one in range(9)}
    texts["i9"] = "I sometimes plan the visit, number 9"
    evidence = gather_evidence(study, features, personas, seed=1, texts=texts)
    assert set(evidence.quotes["participant_id"]) <= {f"p{one:03d}" for one in range(9)}
    assert len(evidence.quotes) == 6
    note = {one.key: one.values for one in evidence.notes}["evidence.not_verbatim"]
    assert dict(note) == {"n": 10, "of": 19}  # one was reworded, the texts of nine others were not given
    unchecked = {one.key: one.values for one in gather_evidence(study, features, personas, seed=1).notes}
    assert dict(unchecked["evidence.unchecked"]) == {"n": 19}


def test_one_interview_cannot_tell():
    study, features, personas = planned()
    alone = Study(name="s", participants=study.participants, codes=study.codes.iloc[:1])
    evidence = gather_evidence(alone, features, personas, seed=1)
    assert "evidence.one_interview" in {one.key for one in evidence.notes}
    assert evidence.codes["log_odds"].isna().all()
    assert evidence.words.empty


# ---------------------------------------------------------------- interviews and logs together


THEMES = pd.DataFrame([("plans", "visits", "planning", 1), ("waits", "visits", "queue", 1),
                       ("waits less", "visits", "queue", -1), ("calls", "calls", "planning", 1)],
                      columns=["theme", "feature", "code", "sign"])


def test_themes_are_marked_and_contradictions_come_first():
    study, features, personas = planned()
    joint = joint_display(study, personas, gather_evidence(study, features, personas, seed=1), THEMES)
    marks = joint.set_index(["theme", "persona"])["mark"].to_dict()
    assert marks[("plans", "P1")] == marks[("plans", "P2")] == marks[("waits less", "P2")] == "converge"
    assert marks[("waits", "P2")] == "contradict"  # who speaks of queues comes less often
    assert marks[("calls", "P1")] == "complement"
    assert joint["mark"].tolist() == sorted(joint["mark"], key=["contradict", "complement", "converge", "silent"].index)
    plans = joint.set_index(["theme", "persona"]).loc[("plans", "P1")]
    assert plans[["with_code", "interviewees", "elsewhere", "interviewees_elsewhere"]].tolist() == [10, 10, 0, 10]
    assert plans["posterior"] == pytest.approx(0.9)
    assert joint["evidence_id"].is_unique
    assert joint["cannot_tell"].eq(0).all()


def test_interviewees_of_another_silo_are_placed_by_the_typing_tool():
    study, features, personas = planned()
    evidence = gather_evidence(study, features, personas, seed=1)
    moved = study.codes.assign(participant_id="x" + study.codes["participant_id"])
    both = study.participants.index.append(pd.Index(moved["participant_id"].unique())).rename("participant_id")
    apart = Study(name="s", participants=pd.DataFrame(index=both), codes=moved)
    with pytest.raises(StudyError, match=r"none of the 20 interviewees is in a persona \(xp000, xp001"):
        joint_display(apart, personas, evidence, THEMES)
    placed = personas.membership.assign(persona=personas.labels)
    placed.index = "x" + placed.index
    placed.loc[["xp000", "xp001", "xp012"], "persona"] = None
    joint = joint_display(apart, personas, evidence, THEMES, placed=placed)
    assert joint["cannot_tell"].eq(3).all()
    plans = joint.set_index(["theme", "persona"]).loc[("plans", "P1")]
    assert plans[["with_code", "interviewees", "mark"]].tolist() == [8, 8, "converge"]


def test_a_persona_that_nobody_was_interviewed_of_is_silent():
    study, features, personas = planned()
    only = Study(name="s", participants=study.participants, codes=study.codes.iloc[:10])
    joint = joint_display(only, personas, gather_evidence(only, features, personas, seed=1), THEMES.iloc[[0]])
    assert joint["mark"].tolist() == ["silent", "silent"]
    assert joint.set_index("persona").loc["P2", "interviewees"] == 0


def test_joint_displays_that_cannot_be_drawn_are_refused():
    study, features, personas = planned()
    evidence = gather_evidence(study, features, personas, seed=1)
    with pytest.raises(ChoiceError, match=r"themes.code: 'queues' is unknown. .* Did you mean 'queue'"):
        joint_display(study, personas, evidence, THEMES.assign(code="queues"))
    with pytest.raises(ChoiceError, match=r"themes.feature: 'visit' is unknown"):
        joint_display(study, personas, evidence, THEMES.assign(feature="visit"))
    with pytest.raises(ChoiceError, match=r"themes.sign: found 0"):
        joint_display(study, personas, evidence, THEMES.assign(sign=0))
    with pytest.raises(StudyError, match=r"themes: column 'sign' is missing"):
        joint_display(study, personas, evidence, THEMES.drop(columns="sign"))
    with pytest.raises(StudyError, match=r"placed: no column 'persona'"):
        joint_display(study, personas, evidence, THEMES, placed=personas.membership)
    three = make_personas(features, [0] * 8 + [1] * 8 + [2] * 8)
    with pytest.raises(StudyError, match=r"evidence: it is of P1, P2, the personas are P1, P2, P3"):
        joint_display(study, three, evidence, THEMES)


def test_partitions_of_the_same_people_are_compared():
    features = make_features(pd.DataFrame({"a": np.arange(80.0)}, index=ids(80)), ["active"], ["numeric"])
    rng = np.random.default_rng(0)
    one = rng.integers(0, 3, 80)
    other = np.where(rng.random(80) < 0.7, one, rng.integers(0, 3, 80))
    first, second = make_personas(features, one), make_personas(features, other)
    row = compare_partitions(first, second, seed=1).iloc[0]
    assert row["adjusted_rand"] == pytest.approx(adjusted_rand_score(one, other))
    assert row["p"] == pytest.approx(1 / 2_000)
    assert row["chance_low"] < 0 < row["chance_high"] < row["low"] < row["adjusted_rand"] < row["high"]
    alone = compare_partitions(first, make_personas(features, [0] * 80), seed=1).iloc[0]
    assert np.isnan(alone["adjusted_rand"])
    assert np.isnan(alone["p"])
    few = make_features(pd.DataFrame({"a": np.arange(5.0)}, index=ids(5)), ["active"], ["numeric"])
    with pytest.raises(TooFewError, match=r"5 people are in both"):
        compare_partitions(first, make_personas(few, [0, 1, 0, 1, 0]), seed=1)


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_real_interviews_share_something_with_the_known_groups_and_no_more(tmp_path):
    """28 interviews of three kinds of researchers (9, 10 and 9, known from their names), 753 codings.

    Whatever it says: codes part people partly along these groups, beyond chance, and far from the groups themselves.
    """
    study = pk.load_study(export_interviews(tmp_path / "study"))
    features = pk.build_features(study, pk.code_table(study, min_participants=3))
    group = study.participants.loc[features.table.index, "group"]
    assert sorted(group.value_counts()) == [9, 9, 10]
    known = make_personas(features, pd.factorize(group, sort=True)[0])
    found = make_personas(features, METHODS["latent_class"](features.active, 3, 7).argmax(axis=1))
    row = compare_partitions(known, found, seed=7).iloc[0]
    assert row["people"] == 28
    assert 0.1 <= row["adjusted_rand"] <= 0.6
    assert row["p"] < 0.05


def test_partitions_that_have_nothing_in_common_reject_as_often_as_they_should():
    features = make_features(pd.DataFrame({"a": np.arange(40.0)}, index=ids(40)), ["active"], ["numeric"])
    rng = np.random.default_rng(7)
    p = [compare_partitions(*(make_personas(features, rng.integers(0, 3, 40), k=3) for _ in range(2)), seed=one,
                            permutations=199)["p"].iloc[0] for one in range(200)]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.08


def links_of(codes, **options):
    study, features, personas = planned()
    people = study.participants.index.append(pd.Index(["x1", "x2"])).rename("participant_id")
    whole = Study(name="s", participants=pd.DataFrame(index=people), codes=codes)
    return link_interviews(whole, options.pop("personas", personas), seed=1, **options).iloc[0]


def test_interviewees_with_and_without_a_place_are_counted():
    study, features, personas = planned()
    more = pd.concat([study.codes, study.codes.iloc[:2].assign(participant_id=["x1", "x2"])])
    placed = pd.DataFrame({"persona": ["P1", None], "P1": [0.7, 0.55], "P2": [0.3, 0.45]}, index=["x1", "x2"])
    spoken = make_personas(features, [0] * 13 + [1] * 11)
    row = links_of(more, placed=placed, spoken=spoken)
    counts = ["interviewees", "shared", "placed", "cannot_tell", "sure", "personas", "people"]
    assert row[counts].tolist() == [22, 20, 1, 1, 21, 2, 20]
    assert row["posterior"] == pytest.approx((20 * 0.9 + 0.7) / 21)
    interviewees = features.table.index[features.table.index.isin(study.codes["participant_id"])]
    both = [one.labels[interviewees] for one in (personas, spoken)]
    assert row["adjusted_rand"] == pytest.approx(adjusted_rand_score(*both))
    assert row["low"] < row["adjusted_rand"] <= row["high"]
    assert row["why"] == ""
    assert np.isnan(links_of(more, personas=make_personas(features, [0] * 12 + [1] * 12))["posterior"])


def test_what_cannot_be_told_of_interviews_is_said():
    study, features, personas = planned()
    apart = study.codes.assign(participant_id="x1")
    two = pd.concat([apart, apart.assign(participant_id="x2")])
    alone = make_personas(features, [0] * 24, k=1)
    said = [links_of(two), links_of(study.codes.iloc[:1]), links_of(study.codes.iloc[:9]), links_of(study.codes),
            links_of(study.codes, spoken=alone)]
    assert [one["why"] for one in said] == ["no_overlap", "one_interview", "few", "no_personas", "one_persona"]
    assert all(np.isnan(one[["adjusted_rand", "low", "high", "p"]].astype(float)).all() for one in said)
    with pytest.raises(StudyError, match="the study has no codes"):
        links_of(None)


@pytest.mark.parametrize(("kinds", "kept", "people", "planted"), [(3, 0.6, 60, 0.36), (2, 0.9, 12, 0.81)])
def test_agreement_of_partitions_has_an_interval_that_covers(kinds, kept, people, planted):
    """A label is kept by so many, else dealt anew; the planted adjusted Rand index is that of 200,000 people.

    Of 12 people half the deals agree entirely: what they would never draw again must count all the same.
    """
    rng = np.random.default_rng(1)
    covered = []
    for seed in range(40):
        one = rng.integers(0, kinds, people)
        other = np.where(rng.random(people) < kept, one, rng.integers(0, kinds, people))
        low, high = percentile_interval(_resampled(one, other, seed)[:300])
        covered.append(low <= planted <= high)
    assert np.mean(covered) >= 0.85
