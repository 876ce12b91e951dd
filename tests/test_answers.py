"""answer_table: the codebook decides what is left out; words become numbers only where all of them are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.answers import answer_table
from personakit.errors import StudyError
from personakit.records import Study
from personakit.schema import read_values

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
        (["1e3", ".5"], [1000.0, 0.5]),
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
