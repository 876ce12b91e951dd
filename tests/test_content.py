"""The content plan and goals beside wants: worked by hand, planted structure found, noise refused, nothing small shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hand_made
import numpy as np
import pandas as pd
import pytest

from personakit.content import content_plan, goal_alignment
from personakit.disclosure import content_cells
from personakit.errors import ChoiceError, StudyError
from personakit.journeys import rank_friction, trace_journeys
from personakit.records import Features, Personas, Study
from personakit.samples import make_sample
from personakit.study import load_study

OWN_KIND = {"comparatrice": "inform", "accompagné": "reassure", "pressé": "reward", "famille": "help"}


def people_of(membership):
    table = pd.DataFrame({"x": np.arange(len(membership), dtype=float)}, index=membership.index)
    catalog = pd.DataFrame({"kind": ["numeric"], "role": ["active"]}, index=["x"])
    features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    return Personas(candidate="truth", membership=membership, features=features, quality=pd.Series(), tried=1, chosen=True,
                    stability=pd.DataFrame(index=membership.columns))


def members(labels):
    return pd.get_dummies(labels).astype(float)


def small(opened, *, contents=None):
    """Make a study of people who each open the contents in their list, and the first half of them P1."""
    ids = pd.Index([f"p{at:02d}" for at in range(len(opened))], name="participant_id")
    rows = [(ids[at], "open", at * 1_000_000 + nth, one, "shop")
            for at, own in enumerate(opened) for nth, one in enumerate(own)]
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us", "content", "channel"])
    contents = contents if contents is not None else pd.DataFrame(
        {"content": ["guide", "offer"], "kind": ["inform", "reward"], "stage": "purchase"})
    touchpoints = pd.DataFrame({"event": ["open"], "touchpoint": ["Page"], "stage": ["purchase"]})
    study = Study(name="small", participants=pd.DataFrame(index=ids), events=events, contents=contents,
                  touchpoints=touchpoints)
    labels = pd.Series(np.where(np.arange(len(ids)) < len(ids) / 2, "P1", "P2"), index=ids)
    return study, people_of(members(labels))


def row(plan, persona, stage, level):
    return plan[(plan["persona"] == persona) & (plan["stage"] == stage) & (plan["level"] == level)].iloc[0]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = make_sample("lunettes", tmp_path_factory.mktemp("lunettes") / "study", participants=500)
    study = load_study(folder)
    truth = pd.read_csv(Path(folder) / "truth" / "personas.csv", index_col=0)
    truth.index = truth.index.astype("str")
    labels = truth["persona"].reindex(study.participants.index)
    return study, trace_journeys(study), people_of(members(labels.rename_axis("participant_id")))


# ---------------------------------------------------------------- the plan


def test_lift_by_hand():
    """20 people open only the guide, 20 only the offer: everyone .5, so (20/.5 + 10) / (20 + 10) = 50/30."""
    study, personas = small([["guide"]] * 20 + [["offer"]] * 20)
    plan = content_plan(study, trace_journeys(study), personas, seed=7)
    found = row(plan, "P1", "purchase", "inform")
    assert (found["share"], found["everyone"], found["people"], found["used"]) == (1.0, 0.5, 20, 20)
    assert found["lift"] == pytest.approx(50 / 30)
    assert row(plan, "P1", "purchase", "reward")["lift"] == pytest.approx(10 / 30)
    # nobody differs from anybody within a persona, so redrawing people changes nothing
    assert (found["low"], found["high"]) == (pytest.approx(50 / 30), pytest.approx(50 / 30))


def test_one_person_who_opens_a_lot_counts_as_one():
    """The mean of each person's share: 19 people with the guide once and one with the offer 500 times give 1/20."""
    study, personas = small([["guide"]] * 19 + [["offer"] * 500] + [["offer"]] * 20)
    plan = content_plan(study, trace_journeys(study), personas, seed=7, replicates=20)
    assert row(plan, "P1", "all", "reward")["share"] == pytest.approx(1 / 20)


def test_planted_kinds_and_the_one_gap_are_found(planted):
    study, journeys, personas = planted
    findings = replace(hand_made.findings(), friction=rank_friction(journeys, personas, seed=7, replicates=100))
    plan = content_plan(study, journeys, personas, findings, seed=7)
    whole = plan[(plan["stage"] == "all") & (plan["dimension"] == "kind")]
    best = whole.sort_values("lift").groupby("persona")["level"].last()
    assert best.to_dict() == OWN_KIND
    assert all(row(whole, persona, "all", kind)["advice"] == "offer" for persona, kind in OWN_KIND.items())
    # the sample has no content that reassures at the purchase, where the basket stops visits
    first = plan[plan["advice"] == "make_first"]
    assert first[["persona", "stage", "level"]].to_numpy().tolist() == [["accompagné", "purchase", "reassure"]]
    assert row(plan, "pressé", "purchase", "reassure")["advice"] == "missing"
    assert plan.groupby("persona")["advice"].first()["accompagné"] == "make_first"
    weighted = (whole["share"] * whole["people"]).groupby(whole["level"]).sum() / whole.groupby("level")["people"].sum()
    assert weighted.to_dict() == pytest.approx(whole.drop_duplicates("level").set_index("level")["everyone"].to_dict())


def test_without_findings_nothing_is_first(planted):
    study, journeys, personas = planted
    plan = content_plan(study, journeys, personas, seed=7, replicates=50)
    assert "make_first" not in set(plan["advice"])
    assert row(plan, "accompagné", "purchase", "reassure")["advice"] == "make"


@pytest.mark.parametrize("seed", [1, 2])
def test_personas_dealt_at_random_are_offered_next_to_nothing(planted, seed):
    study, journeys, personas = planted
    shuffled = personas.membership.copy()
    shuffled[:] = shuffled.to_numpy()[np.random.default_rng(seed).permutation(len(shuffled))]
    plan = content_plan(study, journeys, replace(personas, membership=shuffled), seed=seed, replicates=100)
    assert len(plan) > 500
    assert plan["advice"].isin(["offer", "less", "make"]).mean() <= 0.01


def test_same_seed_same_rows_whatever_their_order(planted):
    study, journeys, personas = planted
    one = content_plan(study, journeys, personas, seed=7, replicates=20)
    mixed = replace(study, events=study.events.sample(frac=1, random_state=3), contents=study.contents.iloc[::-1])
    pd.testing.assert_frame_equal(one, content_plan(mixed, trace_journeys(mixed), personas, seed=7, replicates=20))
    other = content_plan(study, journeys, personas, seed=8, replicates=20)
    assert not set(one["evidence_id"]) & set(other["evidence_id"])


def test_events_without_contents_leave_only_what_is_offered():
    study, personas = small([["guide"]] * 40)
    bare = replace(study, events=study.events.drop(columns="content"))
    plan = content_plan(bare, trace_journeys(bare), personas, seed=7, replicates=10)
    assert set(plan["advice"]) == {"missing", "cannot_tell"}
    assert plan["lift"].isna().sum() + plan["lift"].eq(1).sum() == len(plan)


def test_few_people_are_told_nothing():
    study, personas = small([["guide"]] * 6 + [["offer"]] * 6)
    plan = content_plan(study, trace_journeys(study), personas, seed=7, replicates=10)
    assert set(plan["advice"]) <= {"cannot_tell", "missing"}


def test_a_study_without_contents_says_what_to_add():
    study, personas = small([["guide"]] * 40)
    with pytest.raises(StudyError, match=r"Add contents.csv"):
        content_plan(replace(study, contents=None), trace_journeys(study), personas, seed=7)
    untold = replace(study, contents=study.contents[["content"]])
    with pytest.raises(StudyError, match=r"no column kind, theme or format \(columns: content\)"):
        content_plan(untold, trace_journeys(study), personas, seed=7)


def test_small_cells_of_the_plan_are_emptied():
    study, personas = small([["guide"]] * 17 + [["offer"]] * 3 + [["offer"]] * 20)
    plan = content_plan(study, trace_journeys(study), personas, seed=7, replicates=20)
    shown = content_cells(plan)
    few = row(shown, "P1", "all", "reward")
    assert few["hidden"]
    assert few[["people", "used", "share", "lift"]].isna().all()
    # 17 of 20 used the guide: three did not, so how many did is not said; the mean share of uses is
    most = row(shown, "P1", "all", "inform")
    assert pd.isna(most["used"])
    assert not shown["used"].between(1, 4).any()


# ---------------------------------------------------------------- goals


def said(**codes):
    """Evidence of one persona with ten interviewees: code -> how many say it."""
    evidence = hand_made.evidence()
    rows = pd.DataFrame([(f"id-{code}", "P1", code, n, 10, n / 10, 0.3 if n < 3 else 0.9) for code, n in codes.items()],
                        columns=["evidence_id", "persona", "code", "with_code", "interviewees", "share", "shrunk_high"])
    return replace(evidence, codes=rows, coverage=evidence.coverage.iloc[:1].assign(with_codes=10))


def asked(links, evidence, **columns):
    goals = pd.DataFrame({"goal": ["Sell online"], "stage": ["purchase"], "owner": ["sales"], **columns})
    study = replace(hand_made.study(), goals=goals)
    table = pd.DataFrame(links, columns=["goal", "code", "sign"]) if links is not None else None
    return goal_alignment(study, evidence, table).iloc[0]


@pytest.mark.parametrize(
    ("codes", "signs", "expected"),
    [
        ({"alone": 7}, {"alone": 1}, ("aligned", "")),
        ({"advice": 7}, {"advice": -1}, ("opposed", "")),
        ({"alone": 1}, {"alone": 1}, ("neutral", "")),
        ({"alone": 4}, {"alone": 1}, ("cannot_tell", "unclear")),
        ({"alone": 7, "advice": 6}, {"alone": 1, "advice": -1}, ("cannot_tell", "both")),
        ({"alone": 7, "advice": 1}, {"alone": 1, "advice": -1}, ("aligned", "")),
    ],
)
def test_goals_beside_wants(codes, signs, expected):
    found = asked([("Sell online", code, sign) for code, sign in signs.items()], said(**codes))
    assert (found["alignment"], found["why"]) == expected
    assert set(found["evidence"].split()) == {f"id-{code}" for code in codes}


def test_nothing_is_guessed_from_words():
    """A code with the very words of the goal is no link: somebody has to declare it."""
    found = asked(None, said(**{"Sell online": 9}))
    assert (found["alignment"], found["why"], found["evidence"]) == ("cannot_tell", "no_link", "")


def test_links_may_stand_in_the_goals_table():
    found = asked(None, said(alone=7, advice=1), codes_for=["alone; advice"], codes_against=[None])
    assert (found["alignment"], found["codes_for"]) == ("aligned", "alone")


def test_few_interviewees_or_none_cannot_tell():
    links = [("Sell online", "alone", 1)]
    for n, why in ((2, "few"), (0, "no_interview")):
        evidence = said(alone=2)
        assert asked(links, replace(evidence, coverage=evidence.coverage.assign(with_codes=n)))["why"] == why


def test_errors_of_links_name_the_fix():
    with pytest.raises(ChoiceError, match=r"links.code: 'alnoe' is unknown. Allowed: alone. Did you mean 'alone'"):
        asked([("Sell online", "alnoe", 1)], said(alone=7))
    with pytest.raises(ChoiceError, match=r"links.goal: 'Sell' is unknown"):
        asked([("Sell", "alone", 1)], said(alone=7))
    with pytest.raises(ChoiceError, match=r"links.sign"):
        asked([("Sell online", "alone", 2)], said(alone=7))
    with pytest.raises(StudyError, match=r"links: column 'sign' is missing"):
        goal_alignment(hand_made.study(), said(alone=7), pd.DataFrame({"goal": [], "code": []}))
    with pytest.raises(StudyError, match=r"Add goals.csv"):
        goal_alignment(replace(hand_made.study(), goals=None), said(alone=7))
