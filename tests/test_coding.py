"""code_table: interviewees by codes, thresholds on people and not on mentions."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.coding import code_table
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.records import Study

PEOPLE = pd.DataFrame(index=pd.Index([f"p{i}" for i in range(6)], name="participant_id"))


def study(rows: list[tuple[str, ...]], columns: tuple[str, ...] = ("participant_id", "code", "kind", "coder")) -> Study:
    return Study(name="s", participants=PEOPLE, codes=pd.DataFrame(rows, columns=list(columns)))


BY_HAND = study([
    ("p3", "price", "pain", "A"), ("p3", "price", "pain", "A"), ("p3", "price", "pain", "B"),
    ("p1", "price", "pain", "B"), ("p1", "trust", "need", "A"), ("p2", "rare", "goal", "A"),
])


def test_by_hand() -> None:
    table = code_table(BY_HAND, min_participants=2)
    assert table.index.tolist() == ["p1", "p2", "p3"]
    assert table.columns.tolist() == ["code:price"]
    assert table["code:price"].tolist() == [1, 0, 1]
    assert table.attrs == {"origin": "codes"}


def test_any_coder_counts_and_mentions_are_those_of_one_coder() -> None:
    table = code_table(BY_HAND, min_participants=1, counts=True)
    assert table.loc["p3", "code:price"] == 2
    assert table.loc["p1", "code:price"] == 1


def test_kinds_in_either_language() -> None:
    table = code_table(BY_HAND, min_participants=1, kinds=["irritant", "need"])
    assert table.columns.tolist() == ["code:price", "code:trust"]
    assert code_table(BY_HAND, min_participants=1, kinds="goal").index.tolist() == ["p1", "p2", "p3"]
    with pytest.raises(ChoiceError, match="Did you mean 'pain'"):
        code_table(BY_HAND, kinds=["pains"])


def test_many_mentions_of_one_person_are_one_person() -> None:
    with pytest.raises(TooFewError, match="the commonest to 1"):
        code_table(study([("p1", "price", "pain", "A")] * 9), min_participants=2)


def test_what_cannot_be_made() -> None:
    with pytest.raises(StudyError, match="has no codes"):
        code_table(Study(name="s", participants=PEOPLE))
    with pytest.raises(ChoiceError, match="min_participants"):
        code_table(BY_HAND, min_participants=0)
    with pytest.raises(StudyError, match="no kinds"):
        code_table(study([("p1", "price")], ("participant_id", "code")), kinds=["pain"])
    with pytest.raises(TooFewError, match="none of 0 codes"):
        code_table(study([("p1", "price", "pain", "A")]), kinds=["goal"])


PATHS = study([
    ("p1", "consent > forms > plain", "A", 0, 10), ("p1", "consent > forms > short", "A", 0, 10),
    ("p1", "consent > language", "A", 20, 30), ("p2", "consent", "A", 0, 5), ("p2", "cost", "A", 0, 5),
], ("participant_id", "code", "coder", "start", "end"))


@pytest.mark.parametrize(("level", "expected"), [
    (1, {"code:consent": [2, 1], "code:cost": [0, 1]}),  # one passage with two codes of a branch is one mention of it
    (2, {"code:consent": [0, 1], "code:consent > forms": [1, 0], "code:consent > language": [1, 0], "code:cost": [0, 1]}),
    (9, {"code:consent": [0, 1], "code:consent > forms > plain": [1, 0], "code:consent > forms > short": [1, 0],
         "code:consent > language": [1, 0], "code:cost": [0, 1]}),
])
def test_paths_roll_up_to_any_level(level: int, expected: dict[str, list[int]]) -> None:
    assert code_table(PATHS, min_participants=1, counts=True, level=level).to_dict("list") == expected


def test_rolling_up_comes_before_the_minimum_and_another_separator_is_allowed() -> None:
    assert code_table(PATHS, min_participants=2, level=1).columns.tolist() == ["code:consent"]
    dotted = study([("p1", "a.b", "pain", "A"), ("p2", "a.c", "pain", "A")])
    assert code_table(dotted, min_participants=2, level=1, separator=".").columns.tolist() == ["code:a"]
    with pytest.raises(StudyError, match="no code holds the separator ' > '"):
        code_table(dotted, min_participants=1, level=1)
    with pytest.raises(ChoiceError, match="separator: is empty"):
        code_table(dotted, level=1, separator="")
    with pytest.raises(ChoiceError, match="level: 0 is below 1"):
        code_table(dotted, level=0)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.sampled_from(list(PEOPLE.index)), st.sampled_from(["a", "b", "c"]),
                               st.just("pain"), st.sampled_from(["A", "B", None])), min_size=1, max_size=25),
       least=st.integers(1, 4), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_thresholds_hold(rows: list[tuple], least: int, seed) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)
    said = {code: {person for person, other, *_ in rows if other == code} for code in "abc"}
    kept = [f"code:{code}" for code in "abc" if len(said[code]) >= least]
    if not kept:
        with pytest.raises(TooFewError):
            code_table(study(rows), min_participants=least)
        return
    one, other = (code_table(study(some), min_participants=least) for some in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other)
    assert one.columns.tolist() == kept
    assert one.sum().tolist() == [len(said[name[5:]]) for name in kept]
