"""Careless answers: each index worked by hand, planted carelessness found, and honest people left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from personakit.collect.surveys.careless import flag_careless
from personakit.errors import ChoiceError, StudyError, TooFewError


def people(**rows: list[float]) -> pd.DataFrame:
    width = len(next(iter(rows.values())))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=[f"q{i}" for i in range(width)])
    return frame.rename_axis("participant_id")


def test_every_index_by_hand() -> None:
    nan = np.nan
    answers = people(
        straight=[3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
        half=[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 5],
        nine=[2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 5],
        gaps=[4, nan, 4, 4, 4, 4, 4, 4, 4, 4, 4, nan],
        mixed=[1, 5, 1, 5, 1, 5, 1, 5, 1, 5, 1, 5],
        silent=[nan] * 12,
    )
    durations = pd.Series([300, 299, 900, 1200, 900, 900], index=answers.index)
    out = flag_careless(answers, items=list(answers), durations=durations)
    assert out["items"].tolist() == [12, 12, 12, 10, 12, 0]
    # an unanswered item neither breaks a line nor counts in it
    assert out["line_items"].tolist() == [12, 10, 9, 10, 1, 0]
    np.testing.assert_allclose(out["line_share"], [1, 10 / 12, 9 / 12, 1, 1 / 12, np.nan])
    assert out.loc[["straight", "mixed"], "person_sd"].tolist() == [0, 2]
    # the median is 900: under a third of it is under 300
    np.testing.assert_allclose(out["speed"], [1 / 3, 299 / 900, 1, 4 / 3, 1, 1])
    assert out.index[out["straight_line"]].tolist() == ["straight", "half", "gaps"]
    assert out.index[out["no_variation"]].tolist() == ["straight", "gaps"]
    assert out.index[out["too_fast"]].tolist() == ["half"]
    assert out["flags"].tolist() == [2, 2, 0, 2, 0, 0]


def test_default_items_are_whole_numbers_of_3_to_11_levels() -> None:
    frame = pd.DataFrame({"participant_id": [f"p{i}" for i in range(24)], "rating": [1 + i % 5 for i in range(24)],
                          "yes": [i % 2 for i in range(24)], "age": range(24), "half": [i % 5 / 2 for i in range(24)],
                          "city": ["x"] * 24})
    assert flag_careless(frame)["items"].tolist() == [1] * 24
    with pytest.raises(TooFewError, match="3 to 11"):
        flag_careless(frame[["participant_id", "city"]])


def test_durations_alone() -> None:
    frame = pd.DataFrame({"city": ["x"] * 4}, index=pd.Index(list("abcd"), name="participant_id"))
    out = flag_careless(frame, durations=pd.Series([600, 600, 10, 600], index=list("dbca")))
    assert out.index[out["flags"] == 1].tolist() == ["c"]
    assert not out["no_variation"].any()


def test_planted_carelessness_is_found_and_honest_people_are_not() -> None:
    for seed in range(5):
        generator = np.random.default_rng(seed)
        # honest people hold a view, and still vary around it
        view = generator.normal(3, 0.8, (300, 1))
        honest = np.clip(np.round(view + generator.normal(0, 1, (300, 30))), 1, 5)
        lazy = np.repeat(generator.integers(1, 6, (20, 1)), 30, axis=1)
        answers = pd.DataFrame(np.vstack([honest, lazy]), columns=[f"q{i}" for i in range(30)])
        answers.index = pd.Index([f"p{i}" for i in range(320)], name="participant_id")
        flags = flag_careless(answers)["flags"] > 0
        assert flags[300:].all()
        assert flags[:300].mean() < 0.01


def test_what_is_asked_wrongly() -> None:
    frame = pd.DataFrame({"q": [1, 2], "city": ["a", "b"]}, index=pd.Index(["a", "b"], name="participant_id"))
    with pytest.raises(ChoiceError, match="'qq' is unknown"):
        flag_careless(frame, items=["qq"])
    with pytest.raises(StudyError, match=r"answers\.city"):
        flag_careless(frame, items=["city"])
    with pytest.raises(StudyError, match="Index them"):
        flag_careless(frame.reset_index(drop=True))
