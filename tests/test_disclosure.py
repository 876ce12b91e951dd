"""Small cells and quotes stay in the room."""

from __future__ import annotations

from dataclasses import replace

import hand_made
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit.disclosure import evidence_cells, hidden_parts, hide_small, is_small, journey_cells, quotable
from personakit.personas import suggest_labels


def test_nobody_may_be_said_and_four_may_not():
    assert [is_small(count) for count in (0, 1, 4, 5, None, float("nan"))] == [False, True, True, False, False, False]


def test_a_single_hidden_cell_takes_a_second_with_it():
    table = pd.DataFrame({"persona": ["P1"] * 3 + ["P2"] * 2, "n": [2, 30, 8, 7, 9], "share": [0.05, 0.75, 0.2, 0.4, 0.6]})
    out = hide_small(table, counts=["n"], values=["n", "share"], totals=[(("persona",), "n")])
    assert out["hidden"].tolist() == [True, False, True, False, False]
    assert out.loc[out["hidden"], ["n", "share"]].isna().all().all()
    assert table["share"].notna().all()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_hidden_cell_can_be_computed_back_from_its_total(counts):
    frame = pd.DataFrame({"all": "x", "n": counts})
    hidden = hide_small(frame, counts=["n"], values=["n"], totals=[(("all",), "n")])["hidden"]
    positive = sum(count > 0 for count in counts)
    assert all(hidden | (frame["n"] >= 5) | (frame["n"] == 0))
    assert hidden.sum() != 1 or positive == 1
    assert not hidden.any() or frame.loc[hidden, "n"].sum() >= 5 or hidden.sum() == positive


def test_cells_hidden_together_are_not_few_together():
    """1 and 2 are hidden; their sum, 3, is known from the total: so 8 goes too."""
    assert hidden_parts(pd.Series([1, 2, 8, 40])).tolist() == [True, True, True, False]


def test_a_table_with_two_margins_is_closed_both_ways():
    """Only (P1, a) is small. Its column hides (P2, a), 6; the rows then hide (P1, b), 9, and (P2, b), 7: a closed square."""
    table = pd.DataFrame([("P1", "a", 2), ("P1", "b", 9), ("P1", "c", 30), ("P2", "a", 6), ("P2", "b", 7), ("P2", "c", 40),
                          ("P3", "a", 20), ("P3", "b", 20), ("P3", "c", 20)], columns=["persona", "level", "n"])
    out = hide_small(table, counts=["n"], values=["n"], totals=[(("level",), "n"), (("persona",), "n")])
    assert out["hidden"].tolist() == [True, True, False, True, True, False, False, False, False]


@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
def test_no_margin_of_a_table_leaves_one_unknown(counts):
    rows = [(persona, level) for persona in ("P1", "P2", "P3") for level in "abcd"]
    table = pd.DataFrame(rows, columns=["persona", "level"]).assign(n=counts)
    hidden = hide_small(table, counts=["n"], values=["n"], totals=[(("level",), "n"), (("persona",), "n")])["hidden"]
    for margin in ("persona", "level"):
        for _, line in table.assign(hidden=hidden).groupby(margin):
            out = line[line["hidden"]]
            shown = line[~line["hidden"] & (line["n"] > 0)]
            assert not len(out) or not len(shown) or (len(out) > 1 and out["n"].sum() >= 5)


def evidence_row(persona, feature, kind, inside, n_inside, outside, n_outside):
    return {"persona": persona, "feature": feature, "kind": kind, "inside": inside, "outside": outside, "n_inside": n_inside,
            "n_outside": n_outside, "difference": inside - outside, "low": 0.0, "high": 1.0, "effect": 0.1}


def test_a_share_tells_of_those_it_leaves_out():
    """98 of 100 say yes in P1, so 2 say no: P1 is hidden, and with it P3, where the fewest say yes (98, 40, 20)."""
    rows = [evidence_row("P1", "vip", "binary", 0.98, 100, 0.6, 100),
            evidence_row("P2", "vip", "binary", 0.8, 50, 118 / 150, 150),
            evidence_row("P3", "vip", "binary", 0.4, 50, 138 / 150, 150)]
    assert evidence_cells(pd.DataFrame(rows))["hidden"].tolist() == [True, False, True]


def test_levels_of_one_question_protect_each_other_and_rare_ones_are_not_named():
    """P1 (60): cook 40, baker 17, notary 3; P2 (60): cook 30, baker 30, nobody else. Three notaries in all are not named.

    The three hide (P1, notary); the levels of P1 add up to 60, so its bakers go too; and these are the total of bakers
    less P2's, so P2's bakers go. Cooks stay: nothing can be counted back from them.
    """
    held = {"P1": (40, 17, 3), "P2": (30, 30, 0)}
    rows = [evidence_row(persona, f"job={level}", "nominal", held[persona][at] / 60, 60, held[other][at] / 60, 60)
            for persona, other in (("P1", "P2"), ("P2", "P1")) for at, level in enumerate(("cook", "baker", "notary"))]
    out = evidence_cells(pd.DataFrame(rows))
    assert not out["feature"].str.contains("notary").any()
    assert out["feature"].tolist() == ["job=cook", "job=baker"] * 2
    assert out["hidden"].tolist() == [False, True] * 2


def with_notaries(evidence, notaries):
    """Add a level that so many of P1's 100 people hold and nobody else, at an effect that nothing reaches."""
    rows = [evidence_row("P1", "job=notary", "nominal", notaries / 100, 100, 0.0, 100) | {"low": 0.01, "effect": 9.0},
            evidence_row("P2", "job=notary", "nominal", 0.0, 60, notaries / 140, 140) | {"low": -0.1, "high": 0.1},
            evidence_row("P3", "job=notary", "nominal", 0.0, 40, notaries / 160, 160) | {"low": -0.1, "high": 0.1}]
    new = pd.DataFrame(rows).assign(evidence_id="x", role="active", unit="")
    return replace(evidence, table=pd.concat([evidence.table, new], ignore_index=True))


@pytest.mark.parametrize(("notaries", "named"), [(30, True), (3, False)])
def test_a_level_of_three_people_names_no_persona(notaries, named):
    labels = suggest_labels(hand_made.personas(), with_notaries(hand_made.evidence(), notaries), language="en")["label"]
    assert labels.str.contains("notary").any() == named


def test_the_size_of_a_small_persona_is_shown_nowhere():
    """P3 has 3 people: neither its row nor the next smallest one, P2, may give the size."""
    sizes = {"all": 103, "P1": 60, "P2": 40, "P3": 3}
    columns = ["persona", "stage", "people", "people_total", "share", "low", "high", "events", "median_days"]
    stages = pd.DataFrame([(name, "loyalty", n // 2, n, 0.5, 0.4, 0.6, 9, 1.0) for name, n in sizes.items()],
                          columns=columns)
    out = journey_cells("stages", stages)
    assert out["hidden"].tolist() == [False, False, True, True]
    assert out["people_total"].isna().tolist() == [False, False, True, True]
    pairs = pd.DataFrame([("all", "all", 103, 103), ("P1", "P2", 60, 40), ("P1", "P3", 60, 3), ("P2", "P3", 40, 3)],
                         columns=["persona_a", "persona_b", "people_a", "people_b"])
    out = journey_cells("comparison", pairs.assign(change=0.1, low=0.0, high=0.2))
    assert out["hidden"].tolist() == [False, True, True, True]
    assert out.loc[1:, "people_a"].isna().all()
    moves = pd.DataFrame({"persona": list(sizes), "source": "web", "target": "shop", "people": [103, 60, 40, 3]})
    values = ["switches", "restart_share", "like_share", "excess", "low", "high"]
    out = journey_cells("switches", moves.assign(**dict.fromkeys(values, 0.5)))
    assert out["hidden"].tolist() == [False, False, True, True]
    assert out["restart_share"].isna().tolist() == [False, False, True, True]


def test_the_rest_of_a_funnel_is_not_the_total_less_the_others():
    """P1: 2 ended, hidden with its 9 on the way; all and P2 would give them back, so the next smallest goes too: P2."""
    rows = [("all", 100, 60, 24, 16), ("P1", 30, 19, 9, 2), ("P2", 35, 20, 8, 7), ("P3", 35, 21, 7, 7)]
    frame = pd.DataFrame([(name, "purchase", *numbers, 0.5, 0.4, 0.6) for name, *numbers in rows],
                         columns=["persona", "stage", "entered", "reached", "still_open", "ended", "share", "low", "high"])
    out = journey_cells("funnel", frame)
    assert not out["hidden"].any()
    assert out["still_open"].isna().tolist() == [False, True, False, True]
    assert out["ended"].isna().tolist() == [False, True, False, True]


def test_quotes_need_consent():
    codes = pd.DataFrame({"quote": list("abcd"), "consent": ["verbatim", "paraphrase", "none", None]})
    assert quotable(codes)["quote"].tolist() == ["a"]
    assert quotable(codes.drop(columns="consent")).empty


def test_what_few_people_felt_or_did_is_not_shown():
    """Of 40 answers 3 are of P1: so those of P2 close, too. Interviewees are few by design; 3 silent people are not told."""
    curve = pd.DataFrame({
        "persona": ["all", "P1", "P2", "all", "all"], "source": ["ces", "ces", "ces", "interviews", "csat"],
        "stage": "purchase", "touchpoint": "", "n": [40, 3, 37, 3, 50], "met": [100, 10, 90, 0, 53],
        "response_rate": [0.4, 0.3, 37 / 90, float("nan"), 50 / 53]})
    curve = curve.assign(**dict.fromkeys(
        ["mean", "low", "high", "natural", "natural_low", "natural_high", "weighted_mean", "within_mean"], 0.5))
    shown = journey_cells("curve", curve)
    assert shown["hidden"].tolist() == [False, True, True, False, False]
    assert shown["mean"].isna().tolist() == [False, True, True, False, False]
    assert shown["n"].fillna(0).tolist() == [40, 0, 0, 3, 50]
    assert shown["response_rate"].isna().tolist() == [False, True, True, True, True]
    assert "asked" not in shown
    said = pd.DataFrame({"persona": ["all", "P1"], "stage": "purchase", "answers": "pain", "n": [40, 3],
                         "verdict": "converge"})
    assert journey_cells("triangulation", said)["verdict"].isna().tolist() == [True, True]
    # 38 of 40 did: 2 did not
    names = ["times", "share", "low", "high", "more_days", "more_days_low", "more_days_high", "conversion", "conversion_low",
             "conversion_high"]
    did = pd.DataFrame({"persona": "all", "kind": "skipped", "touchpoint": ["Basket", "Pay"], "people": [38, 20],
                        "people_total": 40}).assign(**dict.fromkeys(names, 0.5))
    assert journey_cells("deviations", did)["hidden"].tolist() == [True, False]
