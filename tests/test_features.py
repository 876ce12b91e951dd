import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.features import build_features, infer_kind
from personakit.records import Study
from personakit.wording import feature_label, say

PEOPLE = 60
IDS = pd.Index([f"p{row:02d}" for row in range(PEOPLE)], name="participant_id")


def study(**tables):
    rng = np.random.default_rng(0)
    attributes = pd.DataFrame({"age": rng.integers(18, 80, PEOPLE)}, index=IDS)
    return Study(name="tiny", participants=tables.pop("participants", attributes), **tables)


def habits(seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "events_per_30d": rng.lognormal(1, 1, PEOPLE), "evening_share": rng.beta(2, 5, PEOPLE),
        "visits": rng.poisson(4, PEOPLE), "member": rng.integers(0, 2, PEOPLE), "score": rng.normal(5, 2, PEOPLE),
    }, index=IDS)
    frame.attrs.update(origin="events", window_days=90.0)
    return frame


def answers(people=PEOPLE, items=4, seed=2):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(1, 6, (people, items)), index=IDS[:people], columns=[f"q{i}" for i in range(items)])
    frame.attrs["origin"] = "answers"
    return frame


def test_kinds_roles_and_scales():
    features = build_features(study(), habits(), answers(20), held_back=["score"])
    assert features.catalog["kind"].to_dict() == {
        "events_per_30d": "numeric", "evening_share": "share", "visits": "count", "member": "binary", "score": "numeric",
        "q0": "ordinal", "q1": "ordinal", "q2": "ordinal", "q3": "ordinal", "age": "count"}
    assert list(features.active.columns) == ["events_per_30d", "evening_share", "visits", "member"]
    assert features.catalog["why"].to_dict() | {"q1": "", "q2": "", "q3": ""} == {
        "events_per_30d": "", "evening_share": "", "visits": "", "member": "", "score": "asked", "q0": "few_people",
        "q1": "", "q2": "", "q3": "", "age": "attribute"}
    assert features.window_days == 90
    # two standard deviations: a sd of .5 beside yes and no
    assert features.table[["events_per_30d", "evening_share", "visits"]].std(ddof=0).tolist() == pytest.approx([0.5] * 3)
    assert set(features.table["member"]) == {0.0, 1.0}
    assert features.natural["visits"].equals(habits()["visits"])
    assert features.catalog.loc["q0", "missing"] == pytest.approx(40 / 60)
    for sentence in features.notes:
        assert say(sentence, "fr") and say(sentence, "en")


@given(st.floats(1e-3, 1e3), st.integers(0, 99))
def test_a_change_of_units_changes_nothing(factor, seed):
    table = habits(seed)
    other = table.copy()
    other[["events_per_30d", "visits", "score"]] *= factor
    kinds = {"visits": "count"}
    first, second = (build_features(study(), one, kinds=kinds).table for one in (table, other))
    np.testing.assert_allclose(second.to_numpy(float), first.to_numpy(float), atol=1e-9)


def test_the_order_of_rows_and_columns_changes_nothing_but_the_order():
    table = habits()
    shuffled = table.sample(frac=1, random_state=1)[["score", "member", "visits", "evening_share", "events_per_30d"]]
    first, second = build_features(study(), table), build_features(study(), shuffled)
    assert list(second.table.index) == list(first.table.index)
    pd.testing.assert_frame_equal(second.table[first.table.columns], first.table, check_exact=True)


def test_missing_values_stay_missing_and_nobody_is_dropped_silently():
    table = habits()
    table.loc["p03", "visits"] = np.nan
    features = build_features(study(), table.drop(index=["p05", "p06"]))
    assert np.isnan(features.table.loc["p03", "visits"])
    assert "p05" not in features.table.index
    left = next(note for note in features.notes if note.key == "notes.people_left_out")
    assert dict(left.values) == {"n": 2, "of": 60}
    assert "2 of 60 participants" in say(left, "en")


def test_what_cannot_be_used_is_dropped_with_a_reason():
    table = habits().assign(
        same=1, empty=np.nan, double=lambda frame: frame["score"] * 3 + 1, note=[f"text {row}" for row in range(PEOPLE)],
        when=pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(PEOPLE), unit="D"))
    features = build_features(study(), table)
    assert features.dropped.set_index("feature")["why"].to_dict() == {
        "same": "constant", "empty": "empty", "note": "free_text", "when": "date", "score": "copy_of:double"}


def test_copies_are_found_among_words_too():
    table = habits().assign(place=["web", "shop", None] * 20, lieu=["site", "magasin", None] * 20)
    assert build_features(study(), table).dropped.to_numpy().tolist() == [["place", "copy_of:lieu"]]


def test_one_name_may_be_held_back_without_a_list():
    assert build_features(study(), habits(), held_back="score").catalog.loc["score", "why"] == "asked"


def test_a_table_may_say_what_its_columns_are():
    table = answers()
    table.attrs["about"] = {"q0": {"kind": "numeric", "role": "held_back", "label": "Usability"}}
    assert build_features(study(), table).catalog.loc["q0", ["kind", "why", "label"]].tolist() == [
        "numeric", "codebook", "Usability"]
    book = pd.DataFrame({"variable": ["q0"], "role": ["active"]})
    assert build_features(study(codebook=book), table).catalog.loc["q0", ["kind", "role"]].tolist() == ["numeric", "active"]


def test_a_value_that_nearly_all_share_does_not_make_an_outlier_of_the_rest():
    table = habits().assign(night_share=[0.02, *[0.0] * (PEOPLE - 1)])
    features = build_features(study(), table)
    assert features.table["night_share"].abs().max() == pytest.approx(2.0)
    assert features.catalog.loc["night_share", "variance"] < 1 / 18, "a third of what six would share"


def test_extreme_numbers_do_not_overflow():
    table = habits().assign(huge=lambda frame: frame["score"] ** 2 * 1e250, tiny=lambda frame: frame["score"] ** 3 * 1e-250)
    features = build_features(study(), table)
    assert np.isfinite(features.table[["huge", "tiny"]].to_numpy()).all()


def test_extreme_values_are_drawn_in_and_counted():
    table = habits()
    table.loc["p07", "score"] = 1e6
    features = build_features(study(), table)
    assert features.table["score"].abs().max() < 3
    assert features.natural.loc["p07", "score"] == 1e6
    note = next(note for note in features.notes if note.key == "notes.drawn_in")
    assert "score" in note.values["features"]


def test_skewed_rates_are_read_on_a_log_scale():
    rates = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 500.0] * 7 + [1.0] * 4)
    table = pd.DataFrame({"events_per_30d": rates, "other": np.arange(PEOPLE) % 7}, index=IDS)
    column = build_features(study(), table).table["events_per_30d"].to_numpy()
    expected = np.log1p(rates / np.median(rates))
    assert np.corrcoef(column, expected)[0, 1] == pytest.approx(1.0)


def test_text_becomes_categories():
    table = habits().assign(place=["web", "shop", None] * 20)
    features = build_features(study(), table)
    assert list(features.table["place"].cat.categories) == ["shop", "web"]
    assert features.table["place"].isna().sum() == 20


def test_the_codebook_gives_kinds_roles_and_labels():
    book = pd.DataFrame({"variable": ["q0", "q1"], "label": ["I compare", None], "kind": ["numeric", None],
                         "role": [None, "held_back"]})
    features = build_features(study(answers=answers(), codebook=book), answers())
    assert features.catalog.loc["q0", ["kind", "role", "label"]].tolist() == ["numeric", "active", "I compare"]
    assert features.catalog.loc["q1", ["role", "why"]].tolist() == ["held_back", "codebook"]
    assert features.window_days is None


def test_a_table_of_unknown_origin_leaves_the_window_open():
    table = habits()
    table.attrs = {}
    assert np.isnan(build_features(study(), table).window_days)
    assert build_features(study(), table, answers(), held_back=list(table)).window_days is None


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: build_features(study(), habits(), held_back=["visit"]), ChoiceError, "Did you mean 'visits'"),
    (lambda: build_features(study(), habits(), kinds={"visits": "counts"}), ChoiceError, "Did you mean 'count'"),
    (lambda: build_features(study(), habits(), habits()), StudyError, "5 are in two tables"),
    (lambda: build_features(study()), StudyError, "none is active .1 attribute"),
    (lambda: build_features(study(), habits(), held_back=list(habits())), StudyError, "none is active"),
    (lambda: build_features(study(), habits().reset_index()), StudyError, "Index it by 'participant_id'"),
    (lambda: build_features(study(), pd.concat([habits(), habits()])), StudyError, "60 repeated"),
    (lambda: build_features(study(), habits().rename(index={"p01": "x"})), StudyError, "1 of 60 not in participants"),
    (lambda: build_features(study(), habits().assign(visits=[np.inf, *range(PEOPLE - 1)])), StudyError, "1 infinite"),
    (lambda: build_features(study(), habits().assign(evening_share=-1.0 * np.arange(60))), StudyError, "kind share"),
    (lambda: build_features(study(), habits(), kinds={"visits": "binary"}), StudyError, "kind binary with"),
    (lambda: build_features(study(), habits(), min_coverage=60), StudyError, "not a share"),
    (lambda: build_features(study(), habits().assign(t=["a", "b"] * 30), kinds={"t": "ordinal"}), StudyError,
     "needs numbers"),
    (lambda: build_features(study(), habits(), held_back="scor"), ChoiceError, "Did you mean 'score'"),
    (lambda: build_features(study(), habits(), remedies=["row_levels"]), ChoiceError, "Did you mean 'row_level'"),
    (lambda: build_features(study(), habits(), remedies=["row_level"]), StudyError, "at least 4 active ordinal"),
    (lambda: build_features(study(), {"a": [1]}), StudyError, "is a dict, not a table"),
    (lambda: build_features(study(), pd.concat([habits(), habits()], axis=1)), StudyError, "table 1.columns: 5 repeated"),
    (lambda: build_features(study(), habits().assign(**{"tags": [["a", "b"]] * 60})), StudyError, "60 cells hold lists"),
])
def test_what_cannot_be_built(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_empty_join_is_too_few():
    with pytest.raises((TooFewError, StudyError)):
        build_features(study(), habits().iloc[:0])


def test_inferred_kinds_by_hand():
    assert infer_kind("code:price", pd.Series([0, 1, 1]), "codes") == "binary"
    assert infer_kind("channel_share:web", pd.Series([0, 1]), "events") == "share"
    assert infer_kind("city", pd.Series(["Lyon", "Lille"]), "answers") == "nominal"
    assert infer_kind("balance", pd.Series([-3, 2]), "other") == "numeric"
    assert infer_kind("nps", pd.Series(range(11)), "answers") == "ordinal"


@pytest.mark.parametrize("name", [
    "events_per_30d", "sessions_per_30d", "active_days_per_30d", "events_per_session", "gap_days", "evening_share",
    "weekend_share", "value_per_30d", "channel_share:web", "device_share:mobile", "stage_share:research",
    "content_share:inform", "touchpoint_share:cart", "event_share:buy", "minutes_per_session", "one_event_share",
    "recency_days", "night_share", "morning_share", "channel_per_30d:web", "device_per_30d:mobile",
    "stage_per_30d:research", "content_per_30d:inform", "event_per_30d:buy", "touchpoint_per_30d:cart"])
def test_every_habit_has_a_name_in_both_languages(name):
    assert feature_label(name, "fr") != name
    assert feature_label(name, "en") != name
    assert feature_label(name, "fr") != feature_label(name, "en")
