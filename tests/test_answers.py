"""answer_table: the codebook decides what is left out; words become numbers only where all of them are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.answers import SCALES, answer_table, score_scale
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.records import Study
from personakit.schema import read_values
from personakit.wording import feature_label

IDS = pd.Index(["p1", "p2", "p3"], name="participant_id")


def study(codebook: pd.DataFrame | None = None, **columns: list[object]) -> Study:
    return Study(name="s", participants=pd.DataFrame(index=[*IDS, "p4"]).rename_axis("participant_id"), codebook=codebook,
                 answers=pd.DataFrame(columns, index=IDS))


def test_by_hand() -> None:
    table = answer_table(study(plan=["Oui", "non", None], price=["3", "4.5", "-1"], like=["+5", "I love it!+5", "0"],
                               member=[True, False, True]))
    assert table.index.equals(study(a=[1, 2, 3]).answers.index)
    assert table["plan"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(table["plan"].iloc[2])
    assert table["price"].tolist() == [3.0, 4.5, -1.0]
    assert table["like"].tolist() == ["+5", "I love it!+5", "0"]
    assert table["member"].tolist() == [1, 0, 1]
    assert table.attrs == {"origin": "answers"}


def test_the_codebook_leaves_out_what_it_ignores_only() -> None:
    codebook = pd.DataFrame({"variable": ["a", "b", "c"], "role": ["ignore", "held_back", None]})
    table = answer_table(study(codebook, a=[1, 2, 3], b=[1, 2, 3], c=[1, 2, 3], d=[1, 2, 3]))
    assert table.columns.tolist() == ["b", "c", "d"]
    with pytest.raises(StudyError, match="ignores all 1"):
        answer_table(study(codebook, a=[1, 2, 3]))


def test_a_study_without_answers_says_so() -> None:
    with pytest.raises(StudyError, match="has no answers"):
        answer_table(Study(name="s", participants=pd.DataFrame(index=IDS)))


def test_the_study_is_not_changed() -> None:
    one = study(plan=["yes", "no", "yes"])
    answer_table(one)
    assert one.answers["plan"].tolist() == ["yes", "no", "yes"]
    assert one.answers.attrs == {}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["1", "2"], [1, 2]),
        (["1e-3", ".5"], [0.001, 0.5]),
        (["1e3", ".5"], ["1e3", ".5"]),
        (["01230", "59000"], ["01230", "59000"]),
        (["12345678901234567", "1"], ["12345678901234567", "1"]),
        (["inf", "1"], ["inf", "1"]),
        (["1_0", "1"], ["1_0", "1"]),
        (["yes", "1"], ["yes", "1"]),
        (["Vrai", "faux"], [1, 0]),
        ([" 3 ", "4"], [3, 4]),
    ],
)
def test_read_values_by_hand(words: list[str], values: list[object]) -> None:
    assert read_values(pd.Series(words)).tolist() == values


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["yes", "Non", "3", "2,5", "NA"])), max_size=6))
def test_read_values_never_fails_nor_loses_a_value(words: list[str | None]) -> None:
    column = pd.Series(words, dtype="str")
    read = read_values(column, decimal=",")
    assert read.isna().tolist() == column.isna().tolist()
    assert pd.api.types.is_numeric_dtype(read.dtype) or read.tolist() == column.tolist() or column.isna().all()


# ---------------------------------------------------------------- scales, each worked by hand
def items(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=[f"p{number}" for number in range(1, len(rows) + 1)],
                        columns=[f"i{number}" for number in range(1, len(rows[0]) + 1)])


@pytest.mark.parametrize(
    ("scale", "rows", "more", "scores"),
    [
        # odd items less 1: 3 + 3 + 4 + 3 + 3 = 16; 5 less even items: 3 + 4 + 3 + 3 + 3 = 16; 32 * 2.5
        ("sus", [[4, 2, 4, 1, 5, 2, 4, 2, 4, 2], [5, 1] * 5, [1, 5] * 5, [3] * 10], {}, [80, 100, 0, 50]),
        # two gaps count as 3: 2 * 2 points of the 4 + 4 + 4 + 4 + 4 + 4 + 4 + 4 that are left: 36 * 2.5
        ("SUS", [[5, 1, 5, 1, 5, 1, 5, 1, None, None], [5, 1, 5, 1, 5, 1, 5, None, None, None]], {}, [90, np.nan]),
        # even items that were turned when read: all fives is the best answer
        ("sus", [[5] * 10], {"turned": [f"i{number}" for number in range(2, 11, 2)]}, [100]),
        # (7 - 1 + 6 - 1) of 12; (3 - 1 + 5 - 1) of 8
        ("UMUX-Lite", [[7, 6], [1, 1], [7, None]], {}, [1100 / 12, 0, np.nan]),
        ("umux_lite", [[3, 5]], {"low": 1, "high": 5}, [75]),
        ("nps", [[10], [9], [8], [7], [6], [0], [None]], {}, [100, 100, 0, 0, -100, -100, np.nan]),
        ("csat", [[5], [4], [3], [1], [None]], {}, [100, 100, 0, 0, np.nan]),
        ("csat", [[1], [2], [3]], {"better": "low"}, [100, 100, 0]),
        ("ces", [[7], [2], [None]], {"better": "high"}, [7, 2, np.nan]),
        # the first wording: how much effort did you have to put forth, 1 to 5
        ("CES", [[5], [2]], {"better": "low", "low": 1, "high": 5}, [1, 4]),
    ],
)
def test_scores_by_hand(scale, rows, more, scores) -> None:
    np.testing.assert_allclose(score_scale(items(*rows), scale, **more).iloc[:, 0], scores)


def test_ueq_s_by_hand() -> None:
    gap = float("nan")
    scores = score_scale(items([7, 6, 5, 4, 1, 2, 3, 4], [7, 7, 7, gap, 4, 4, 4, 4], [7, 7, gap, gap, 4, 4, 4, 4]), "ueq_s")
    assert scores.columns.tolist() == ["ueq_s_pragmatic", "ueq_s_hedonic", "ueq_s"]
    # 1 to 7 as -3 to 3: (3 + 2 + 1 + 0) / 4; (-3 - 2 - 1 + 0) / 4; the mean of all eight
    assert scores.loc["p1"].tolist() == pytest.approx([1.5, -1.5, 0.0])
    assert scores.loc["p2"].tolist() == pytest.approx([3.0, 0.0, 9 / 7])
    assert scores.loc["p3"].tolist() == pytest.approx([gap, 0.0, gap], nan_ok=True)
    shifted = score_scale(items([3, 2, 1, 0, -3, -2, -1, 0]), "ueq_s", low=-3, high=3)
    assert shifted.loc["p1"].tolist() == pytest.approx([1.5, -1.5, 0.0])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from([name for name in SCALES if name != "nps"]), st.integers(2, 10), st.integers(0, 99))
def test_scores_do_not_depend_on_how_the_range_is_numbered(scale: str, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.integers(0, width + 1, (6, SCALES[scale].items)))
    first = score_scale(values, scale, better="high", low=0, high=width)
    second = score_scale(values + 3, scale, better="high", low=3, high=width + 3)
    np.testing.assert_allclose(second - (3 if scale == "ces" else 0), first, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: score_scale(items([1]), "npss"), ChoiceError, "Did you mean 'nps'"),
        (lambda: score_scale(items([1]), "ces"), ChoiceError, "better is not said"),
        (lambda: score_scale(items([1]), "ces", better="up"), ChoiceError, "Allowed: high, low"),
        (lambda: score_scale(items([1, 2]), "sus"), StudyError, "has 10 items, 2 were given"),
        (lambda: score_scale(items([11]), "nps"), StudyError, "1 of 1 participants answered outside of 0 to 10 .p1."),
        (lambda: score_scale(items([1]), "nps", low=1, high=10), StudyError, "cannot be scored from 1 to 10"),
        (lambda: score_scale(items([1]), "csat", low=5, high=1), StudyError, "low below high"),
        (lambda: score_scale(items(["good"]), "csat"), StudyError, "hold text"),
        (lambda: score_scale(items([1])[:0], "csat"), TooFewError, "no participant"),
        (lambda: score_scale(items([np.inf]), "csat"), StudyError, "outside of 1 to 5"),
    ],
)
def test_what_cannot_be_scored(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()


def scored_study(codebook: dict[str, list[object]], **columns: list[object]) -> Study:
    return study(pd.DataFrame(codebook), **columns)


def test_a_scale_stands_in_place_of_its_items() -> None:
    sus = {f"s{number}": [5, 3, 1] if number % 2 else [1, 3, 5] for number in range(1, 11)}
    book = {"variable": ["age", *sus], "instrument": [None, *["SUS"] * 10], "role": [None] * 10 + ["held_back"]}
    table = answer_table(scored_study(book, age=[20, 30, 40], **sus))
    assert table.to_dict("list") == {"age": [20, 30, 40], "sus": [100.0, 50.0, 0.0]}
    assert table.attrs["about"] == {"sus": {"kind": "numeric", "role": "held_back"}}
    assert answer_table(scored_study(book, age=[20, 30, 40], **sus), scales=[]).shape == (3, 11)
    del sus["s4"]
    assert answer_table(scored_study(book, age=[20, 30, 40], **sus)).shape == (3, 10), "an incomplete scale is left as it is"
    with pytest.raises(StudyError, match="sus: the answers hold 9 of its 10 items"):
        answer_table(scored_study(book, **sus), scales=["SUS"])


def test_single_questions_are_scored_on_request() -> None:
    book = {"variable": ["c1", "c2", "n"], "instrument": ["ces", "ces", "nps"], "touchpoint": ["Cart", "Shop", None],
            "better": ["high", "low", None], "label": ["Easy", "Hard", None], "low": [1, 1, 0], "high": [7, 7, 10]}
    one = scored_study(book, c1=[7, 6, 5], c2=[7, 6, 5], n=[10, 8, 2])
    assert answer_table(one).columns.tolist() == ["c1", "c2", "n"]
    table = answer_table(one, scales=["ces", "nps"])
    assert table.to_dict("list") == {"ces:Cart": [7, 6, 5], "ces:Shop": [1, 2, 3], "nps": [100, 0, -100]}
    assert table.attrs["about"]["ces:Shop"] == {"kind": "numeric", "label": "Hard"}
    with pytest.raises(StudyError, match="csat: no variable of the codebook"):
        answer_table(one, scales="csat")
    with pytest.raises(ChoiceError, match="Did you mean 'csat'"):
        answer_table(one, scales=["csta"])


def test_a_scale_turns_its_own_items_whatever_the_codebook_calls_reverse() -> None:
    # all answers 5: odd items 4 points, even items 0 of 4, so 50 of 100 (Brooke, 1996)
    sus = {f"s{number}": [5, 3, 1] for number in range(1, 11)}
    book = {"variable": list(sus), "instrument": ["sus"] * 10, "reverse": [number % 2 for number in range(10)]}
    assert answer_table(scored_study(book, **sus))["sus"].tolist() == [50, 50, 50]


@pytest.mark.parametrize("name", ["sus", "umux_lite", "ueq_s_pragmatic", "ueq_s_hedonic", "nps", "csat", "ces:Cart"])
def test_every_score_has_a_name_in_both_languages(name: str) -> None:
    assert feature_label(name, "fr") not in (name, feature_label(name, "en"))
    assert feature_label(name, "en") == feature_label(name, "en").strip() != name
