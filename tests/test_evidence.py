from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.cluster.vq import kmeans2

from personakit.errors import StudyError
from personakit.evidence import gather_evidence
from personakit.evidence.codes import log_odds
from personakit.evidence.features import feature_rows, spread
from personakit.evidence.people import line_up
from personakit.evidence.traits import hold_together
from personakit.records import Features, Personas, Study

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def make_features(natural, roles, kinds):
    catalog = pd.DataFrame({"kind": kinds, "role": roles, "origin": "answers", "unit": "", "label": ""},
                           index=pd.Index(natural.columns, name="feature"))
    return Features(table=natural, natural=natural, catalog=catalog, dropped=pd.DataFrame())


def make_personas(features, groups, *, sure=1.0, k=None):
    k = k or max(groups) + 1
    values = np.full((len(groups), k), (1 - sure) / max(k - 1, 1))
    values[np.arange(len(groups)), groups] = sure
    membership = pd.DataFrame(values, index=features.table.index, columns=[f"P{one + 1}" for one in range(k)])
    return Personas(candidate="by hand", membership=membership, features=features, quality=pd.Series(dtype="float64"),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def ids(n):
    return pd.Index([f"p{one:03d}" for one in range(n)], name="participant_id")


def feature_table(features, personas, **options):
    study = Study(name="s", participants=pd.DataFrame(index=features.table.index))
    people = line_up(study, features, personas)
    return feature_rows(spread(features, people, personas.features.active.columns), people, **options)


CODES = pd.DataFrame(
    [("p000", "price", "pain", "purchase", "too dear", "verbatim"),
     ("p000", "price", "pain", "purchase", "far too dear", "verbatim"),
     ("p001", "price", "pain", "research", "dear", "paraphrase"),
     ("p002", "staff", "delight", "experience", "so kind", "verbatim"),
     ("p004", "staff", "delight", "experience", "nice people", "verbatim"),
     ("p004", "price", "pain", "purchase", "hm", None)],
    columns=["participant_id", "code", "kind", "stage", "quote", "consent"])


def six():
    """Six people, two personas; c is nominal, d is held back and unknown for one person."""
    natural = pd.DataFrame({"a": [1.0, 2, 3, 7, 8, 9], "b": [1.0, 1, 0, 0, 0, 0],
                            "c": pd.Categorical(["x", "x", "y", "y", "y", None]),
                            "d": [5.0, 5, np.nan, 1, 1, 2]}, index=ids(6))
    features = make_features(natural, ["active", "active", "held_back", "held_back"],
                             ["numeric", "binary", "nominal", "numeric"])
    study = Study(name="six", participants=pd.DataFrame(index=ids(6)), codes=CODES,
                  answers=pd.DataFrame({"q": [1.0, 2, np.nan]}, index=ids(3)))
    return study, features, make_personas(features, [0, 0, 0, 1, 1, 1], sure=0.9)


# ---------------------------------------------------------------- features


def test_six_people_by_hand():
    table = gather_evidence(*six(), seed=1).table
    first = table[table["persona"] == "P1"].set_index("feature")
    assert list(first.index) == ["a", "b", "c=x", "c=y", "d"]
    assert first["inside"].tolist() == pytest.approx([2, 2 / 3, 2 / 3, 1 / 3, 5])
    assert first["outside"].tolist() == pytest.approx([8, 0, 0, 1, 4 / 3])
    assert first["difference"].tolist() == pytest.approx([-6, 2 / 3, 2 / 3, -2 / 3, 11 / 3])
    assert first["n_inside"].tolist() == [3, 3, 3, 3, 2]
    assert first["n_outside"].tolist() == [3, 3, 2, 2, 3]
    assert first.at["a", "effect"] == pytest.approx(-6 / np.std([1, 2, 3, 7, 8, 9]))
    assert first["role"].tolist() == ["active", "active", "held_back", "held_back", "held_back"]
    assert first["p"].isna().tolist() == [True, True, False, False, False]
    assert (first["low"] <= first["difference"]).all()
    assert (first["high"] >= first["difference"]).all()
    other = table[table["persona"] == "P2"].set_index("feature")
    assert other["difference"].to_numpy() == pytest.approx(-first["difference"].to_numpy())


def test_a_feature_that_made_the_personas_is_never_tested():
    study, features, personas = six()
    renamed = features.catalog.assign(role="held_back")
    table = gather_evidence(study, Features(table=features.table, natural=features.natural, catalog=renamed,
                                            dropped=features.dropped), personas, seed=1).table.set_index("feature")
    assert (table.loc[["a", "b"], "role"] == "active").all()
    assert table.loc[["a", "b"], ["p", "q"]].isna().all(axis=None)
    assert table.loc["d", "p"].notna().all()


def test_permutation_p_agrees_with_scipys():
    rng = np.random.default_rng(3)
    groups = np.repeat([0, 1], [14, 30])
    natural = pd.DataFrame({"x": rng.normal(size=44) + 0.7 * groups}, index=ids(44))
    features = make_features(natural, ["held_back"], ["numeric"])
    study = Study(name="s", participants=pd.DataFrame(index=ids(44)))
    p = gather_evidence(study, features, make_personas(features, groups), seed=1, replicates=4000).table["p"]
    values = natural["x"].to_numpy()

    def welch(one, other, axis):
        return np.abs(stats.ttest_ind(one, other, equal_var=False, axis=axis)[0])

    expected = stats.permutation_test((values[:14], values[14:]), welch, n_resamples=4000, alternative="greater",
                                      vectorized=True, rng=np.random.default_rng(0)).pvalue
    assert p.to_numpy() == pytest.approx([expected, expected], abs=0.02)


@pytest.mark.parametrize(("draw", "truth"), [("skewed", 1.0), ("yes_no", 0.25)])
def test_intervals_cover_the_true_difference(draw, truth):
    rng = np.random.default_rng(11)
    runs, n, columns, inside = 12, 90, 60, 30
    groups = np.repeat([0, 1], [inside, n - inside])
    covered = []
    for seed in range(runs):
        if draw == "skewed":
            values = rng.gamma(4.0, 0.5, size=(n, columns)) + (groups == 0)[:, None]
        else:
            values = (rng.random((n, columns)) < np.where(groups == 0, 0.35, 0.1)[:, None]).astype(float)
        natural = pd.DataFrame(values, index=ids(n), columns=[f"x{one}" for one in range(columns)])
        features = make_features(natural, ["active"] * columns, ["numeric" if draw == "skewed" else "binary"] * columns)
        table = feature_table(features, make_personas(features, groups), seed=seed, replicates=300)
        own = table[table["persona"] == "P1"]
        covered.append(((own["low"] <= truth) & (truth <= own["high"])).mean())
    assert 0.925 <= np.mean(covered) <= 0.98


def test_noise_is_not_significant():
    """Personas made of noise: active features carry no test, held-back ones reject at the nominal rate."""
    rng = np.random.default_rng(2)
    below, discoveries, sets = [], 0, 60
    for seed in range(sets):
        natural = pd.DataFrame(rng.normal(size=(150, 9)), index=ids(150), columns=[f"x{one}" for one in range(9)])
        natural["x8"] = natural["x8"].where(rng.random(150) < 0.7)
        features = make_features(natural, ["active"] * 5 + ["held_back"] * 4, ["numeric"] * 9)
        groups = kmeans2(natural.iloc[:, :5].to_numpy(), 3, minit="++", rng=np.random.default_rng(seed))[1]
        table = feature_table(features, make_personas(features, groups), seed=seed, replicates=199)
        active = table["role"] == "active"
        assert table.loc[active, ["p", "q"]].isna().all(axis=None)
        below += (table.loc[~active, "p"] < 0.05).tolist()
        discoveries += bool((table.loc[~active, "q"] < 0.05).any())
    assert 0.02 <= np.mean(below) <= 0.075
    assert discoveries / sets <= 0.1


def test_one_person_alone_gets_no_interval_and_no_warning():
    natural = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [0.0, 1, 1, 0], "z": [1.0, 1, 1, 1]}, index=ids(4))
    features = make_features(natural, ["held_back"] * 3, ["numeric", "binary", "numeric"])
    study = Study(name="s", participants=pd.DataFrame(index=ids(4)))
    evidence = gather_evidence(study, features, make_personas(features, [0, 1, 1, 1], k=3), seed=1)
    alone = evidence.table[evidence.table["persona"] == "P1"]
    assert alone[["low", "high", "p", "q"]].isna().all(axis=None)
    assert alone["inside"].tolist() == [1, 0, 1]
    nobody = evidence.table[evidence.table["persona"] == "P3"]
    assert nobody[["inside", "difference", "low", "effect", "p"]].isna().all(axis=None)
    assert evidence.table.loc[evidence.table["feature"] == "z", "effect"].dropna().eq(0).all()
    assert evidence.coverage.loc["P3", "n"] == 0


def test_absent_tables_give_empty_frames():
    study, features, personas = six()
    bare = Study(name="bare", participants=study.participants)
    evidence = gather_evidence(bare, features, personas, seed=1)
    whole = gather_evidence(study, features, personas, seed=1)
    assert evidence.codes.empty
    assert list(evidence.codes.columns) == list(whole.codes.columns)
    assert list(evidence.quotes.columns) == list(whole.quotes.columns)
    assert evidence.coverage[["with_events", "with_answers", "with_codes"]].eq(0).all(axis=None)
    none = Features(table=features.table[[]], natural=features.natural[[]], catalog=features.catalog.iloc[:0],
                    dropped=features.dropped)
    assert gather_evidence(bare, none, make_personas(none, [0, 1, 1, 1, 1, 1]), seed=1).table.empty


def test_personas_of_another_study_are_refused():
    study, features, personas = six()
    other = Study(name="other", participants=pd.DataFrame(index=ids(3)))
    with pytest.raises(StudyError, match=r"3 of 6 participants are not in participants \(p003, p004, p005\)"):
        gather_evidence(other, features, personas, seed=1)


# ---------------------------------------------------------------- codes, quotes, coverage, traits


def test_codes_are_counts_of_interviewees():
    codes = gather_evidence(*six(), seed=1).codes.set_index(["persona", "code"])
    price = codes.loc[("P1", "price")]
    assert price[["with_code", "interviewees", "elsewhere", "interviewees_elsewhere"]].tolist() == [2, 3, 1, 1]
    assert (price["kind"], price["stage"]) == ("pain", "purchase")
    assert codes.loc[("P2", "staff"), "with_code"] == 1
    assert codes["low"].between(0, codes["share"]).all()
    # persona by persona, the most distinctive code first
    assert codes.loc["P1"]["log_odds"].is_monotonic_decreasing


def test_log_odds_are_shrunk_and_signed():
    score = log_odds(np.array([5.0, 1, 3, 0]), np.array([6.0, 1, 12, 4]), np.array([4.0, 0, 3, 8]),
                     np.array([18.0, 20, 12, 10]))
    pooled = (9 + 0.5) / 25  # by hand, first column: a prior of two interviewees at the pooled rate on each side
    yes, no, other_yes, other_no = 5 + 2 * pooled, 1 + 2 * (1 - pooled), 4 + 2 * pooled, 14 + 2 * (1 - pooled)
    by_hand = np.log(yes * other_no / no / other_yes) / np.sqrt(1 / yes + 1 / no + 1 / other_yes + 1 / other_no)
    assert score[0] == pytest.approx(by_hand)
    assert score[0] > score[1] > 0  # one person who says it alone proves less than five of six
    assert score[2] == pytest.approx(0)
    assert score[3] < 0
    assert np.isnan(log_odds(np.array([1.0]), np.array([3.0]), np.array([0.0]), np.array([0.0])))


def test_quotes_need_consent_a_clear_member_and_leave_room_for_others():
    study, features, personas = six()
    quotes = gather_evidence(study, features, personas, seed=1).quotes
    assert quotes.groupby("persona")["participant_id"].apply(list).to_dict() == {"P1": ["p000"], "P2": ["p004"]}
    # p002 praises the staff, which is rarer in P1 than elsewhere: those words do not speak for P1
    assert quotes["kind"].tolist() == ["pain", "delight"]
    assert quotes["consent"].eq("verbatim").all()
    assert quotes["posterior"].tolist() == [0.9] * 2
    unsure = make_personas(features, [0, 0, 0, 1, 1, 1], sure=0.55)
    assert gather_evidence(study, features, unsure, seed=1).quotes.empty
    silent = Study(name="s", participants=study.participants, codes=CODES.drop(columns="consent"))
    assert gather_evidence(silent, features, personas, seed=1).quotes.empty


def test_quotes_are_few_and_spread_over_kinds():
    kinds = ["pain"] * 8 + ["delight", "goal"]
    codes = pd.DataFrame({"participant_id": ids(10), "code": [f"c{one}" for one in range(10)], "kind": kinds,
                          "quote": "words", "consent": "verbatim"})
    natural = pd.DataFrame({"x": np.arange(12.0)}, index=ids(12))
    features = make_features(natural, ["active"], ["numeric"])
    study = Study(name="s", participants=pd.DataFrame(index=ids(12)), codes=codes)
    quotes = gather_evidence(study, features, make_personas(features, [0] * 10 + [1] * 2), seed=1).quotes
    assert quotes["kind"].tolist() == ["pain", "delight", "goal", "pain", "pain", "pain"]
    assert quotes["participant_id"].is_unique


def test_coverage_counts_people():
    study, features, personas = six()
    coverage = gather_evidence(study, features, personas, seed=1).coverage
    assert coverage["n"].tolist() == [3, 3]
    assert coverage["share"].tolist() == [0.5, 0.5]
    assert coverage["contested"].tolist() == [0, 0]
    assert coverage[["with_events", "with_answers", "with_codes"]].to_numpy().tolist() == [[0, 2, 3], [0, 0, 1]]
    unsure = gather_evidence(study, features, make_personas(features, [0, 0, 0, 1, 1, 1], sure=0.55), seed=1).coverage
    assert unsure["contested"].tolist() == [1, 1]


def test_events_are_counted_by_people():
    study, features, personas = six()
    events = pd.DataFrame({"participant_id": ["p000", "p000", "p005"], "event": "visit", "time_us": [1, 2, 3]})
    seen = Study(name="s", participants=study.participants, events=events)
    assert gather_evidence(seen, features, personas, seed=1).coverage["with_events"].tolist() == [1, 1]


def test_events_may_come_from_another_engine():
    polars = pytest.importorskip("polars")
    study, features, personas = six()
    events = pd.DataFrame({"participant_id": ["p000", "p000", "p005"], "event": "visit", "time_us": [1, 2, 3]})
    seen = Study(name="s", participants=study.participants, events=polars.DataFrame(events.to_dict("list")).lazy())
    assert gather_evidence(seen, features, personas, seed=1).coverage["with_events"].tolist() == [1, 1]


def test_traits_are_counted_together():
    natural = pd.DataFrame({"a": [1.0] * 9 + [0] * 11, "b": [0.0] + [1.0] * 8 + [0] * 11,
                            "c": [9.0] * 7 + [1.0] * 2 + [1.0] * 11, "d": [1.0] * 3 + [0.0] * 17}, index=ids(20))
    features = make_features(natural, ["active"] * 4, ["binary", "binary", "numeric", "binary"])
    study = Study(name="s", participants=pd.DataFrame(index=ids(20)))
    traits = gather_evidence(study, features, make_personas(features, [0] * 10 + [1] * 10), seed=1).traits
    own = traits[traits["persona"] == "P1"]
    assert own["feature"].tolist() == ["a", "b", "c"]  # d sets P1 apart too, but most of P1 do not have it
    assert own["level"].tolist() == ["present", "present", "above"]
    assert own["share"].tolist() == pytest.approx([0.9, 0.8, 0.7])
    assert own["together"].tolist() == pytest.approx([0.9, 0.8, 0.6])
    assert own["headline"].all()
    assert traits.loc[traits["persona"] == "P2", "level"].isin(["absent", "below"]).all()


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_fast_food_attributes_seldom_go_together():
    """Joint prevalence of the majority attributes of four k-means personas: 14-21 % for all 11, 66-87 % for the surest 5.

    Origin: recomputed with scikit-learn from the data of Dolnicar, Grün & Leisch (2018).
    """
    from sklearn.cluster import KMeans

    table = (pd.read_csv(DATA / "surveys/mcdonalds/mcdonalds.csv").iloc[:, :11] == "Yes").to_numpy()
    groups = KMeans(4, n_init=30, init="random", random_state=1).fit_predict(table.astype(float))
    together = []
    for group in range(4):
        own = table[groups == group]
        together.append(hold_together(own == (own.mean(axis=0) >= 0.5))[1][[4, 10]])
    surest, whole = np.array(together).T
    assert ((surest >= 0.64) & (surest <= 0.89)).all()
    assert ((whole >= 0.12) & (whole <= 0.23)).all()


# ---------------------------------------------------------------- ids


def all_ids(evidence):
    frames = (evidence.table, evidence.outcomes, evidence.codes, evidence.words, evidence.quotes, evidence.counter_quotes,
              evidence.coverage, evidence.exemplars, evidence.traits)
    return pd.concat([frame.reset_index() for frame in frames]).set_index("evidence_id")


def test_ids_are_unique_and_shuffling_changes_nothing():
    study, features, personas = six()
    order = [4, 2, 0, 5, 1, 3]
    shuffled_features = Features(table=features.table.iloc[order], natural=features.natural.iloc[order],
                                 catalog=features.catalog, dropped=features.dropped)
    shuffled = gather_evidence(
        Study(name="six", participants=study.participants.iloc[order], codes=study.codes.iloc[order],
              answers=study.answers.iloc[::-1]),
        shuffled_features, make_personas(shuffled_features, [[0, 0, 0, 1, 1, 1][one] for one in order], sure=0.9), seed=1)
    evidence = gather_evidence(study, features, personas, seed=1)
    assert all_ids(evidence).index.is_unique
    pd.testing.assert_frame_equal(all_ids(evidence), all_ids(shuffled))
