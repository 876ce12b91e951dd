"""Small cells and quotes stay in the room."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from personakit.disclosure import hide_small, is_small, quotable


def test_nobody_may_be_said_and_four_may_not():
    assert [is_small(count) for count in (0, 1, 4, 5, None, float("nan"))] == [False, True, True, False, False, False]


def test_a_single_hidden_cell_takes_a_second_with_it():
    table = pd.DataFrame({"persona": ["P1"] * 3 + ["P2"] * 2, "n": [2, 30, 8, 7, 9], "share": [0.05, 0.75, 0.2, 0.4, 0.6]})
    out = hide_small(table, counts=["n"], values=["n", "share"], within=["persona"])
    assert out["hidden"].tolist() == [True, False, True, False, False]
    assert out.loc[out["hidden"], ["n", "share"]].isna().all().all()
    assert table["share"].notna().all()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_hidden_cell_can_be_computed_back_from_its_total(counts):
    out = hide_small(pd.DataFrame({"all": "x", "n": counts}), counts=["n"], values=["n"], within=["all"])
    hidden = int(out["hidden"].sum())
    positive = sum(count > 0 for count in counts)
    assert all(out["hidden"] | (out["n"] >= 5) | (out["n"] == 0))
    assert hidden != 1 or positive == 1


def test_quotes_need_consent():
    codes = pd.DataFrame({"quote": list("abcd"), "consent": ["verbatim", "paraphrase", "none", None]})
    assert quotable(codes)["quote"].tolist() == ["a"]
    assert quotable(codes.drop(columns="consent")).empty
