"""What people live through: scores by hand, survivors, effort, agreement of sources, and what cannot be told."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hand_made import personas as hand_personas
from matplotlib import pyplot as plt

import personakit as pk
from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import MINUTE_US
from personakit.journeys import experience, trace_journeys
from personakit.journeys.lived.curve import _survivors
from personakit.journeys.lived.effort import person_effort
from personakit.journeys.lived.scores import gather_scores
from personakit.journeys.lived.truth import _gains_by_chance, _held_out_errors
from personakit.records import Study
from personakit.schema import FRAMEWORKS
from personakit.wording import say

POINTS = pd.DataFrame({"event": ["s", "b", "h"], "touchpoint": ["Search", "Basket", "Help"],
                       "stage": ["research", "purchase", "experience"], "channel": ["web", "web", "call"],
                       "owner": ["product", "sales", "customer_service"]})


def asked(answers, book, **tables):
    ids = pd.Index([f"p{one:03d}" for one in range(len(answers))], name="participant_id")
    return Study(name="asked", participants=pd.DataFrame(index=ids), answers=answers.set_index(ids),
                 codebook=pd.DataFrame(book), touchpoints=POINTS, **tables)


def row(frame, **where):
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_scores_by_hand_in_their_own_units():
    answers = pd.DataFrame({"hard": [1, 7, 4, 1], "happy": [5, 4, 3, np.nan], "recommend": [10, 9, 8, 6]})
    book = {"variable": ["hard", "happy", "recommend"], "instrument": ["CES", "csat", "nps"],
            "touchpoint": ["Basket", "Help", None], "better": ["low", None, None], "low": [1.0, np.nan, np.nan],
            "high": [7.0, np.nan, np.nan]}
    curve = experience(asked(answers, book), seed=7).curve
    basket = row(curve, touchpoint="Basket")
    # much effort is bad: 2, -2, 0, 2
    assert (basket["mean"], basket["natural"], basket["unit"], basket["n"]) == (0.5, 3.25, "1–7", 4)
    assert basket["natural_low"] <= 3.25 <= basket["natural_high"]
    happy = row(curve, touchpoint="Help")
    assert (happy["mean"], happy["n"]) == (1.0, 3)
    assert happy["natural"] == pytest.approx(200 / 3)
    whole = row(curve, source="nps")
    assert (whole["natural"], whole["unit"], whole["stage"]) == (25, "nps", "")
    assert row(curve, source="ces", touchpoint="")["mean"] == 0.5


def test_undeclared_polarity_is_not_guessed():
    answers = pd.DataFrame({"ease": [1, 7, 4], "odd": [1, 9, 4], "words": ["x", "y", "z"]})
    book = {"variable": ["ease", "odd", "words"], "instrument": "ces", "touchpoint": "Basket",
            "better": [None, "high", "high"], "low": 1.0, "high": 7.0}
    found = experience(asked(answers, book), seed=7)
    assert found.unusable.set_index("variable")["reason"].to_dict() == {
        "ease": "no_polarity", "odd": "no_scale", "words": "text"}
    assert not len(found.curve)
    assert any("ease" in say(one, "fr") and "better" in say(one, "fr") for one in found.why)
    assert any("No curve" in say(one, "en") for one in found.why)
    with pytest.raises(ChoiceError, match="source"):
        pk.plot_experience(found)


def test_nothing_to_say_is_an_error():
    people = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    with pytest.raises(StudyError, match="nothing says how the stages are felt"):
        experience(Study(name="silent", participants=people), seed=7)


def test_survivors_raise_the_raw_curve_and_not_the_curve_of_the_same_people():
    # reference page, row "survivors": constant satisfaction, low scorers leave; slope of the within curve under .02 a stage
    rng = np.random.default_rng(1)
    mood = rng.normal(4, 1, 1_500).clip(1, 7)
    stays = np.stack([mood + rng.normal(0, 0.5, 1_500) > bar for bar in (-9, 3.6, 4.4)])
    answers = pd.DataFrame({f"q{at}": np.where(stays[: at + 1].all(axis=0), mood, np.nan) for at in range(3)})
    book = {"variable": ["q0", "q1", "q2"], "instrument": "ces", "touchpoint": ["Search", "Basket", "Help"],
            "better": "high", "low": 1.0, "high": 7.0}
    found = experience(asked(answers, book), seed=7, replicates=100)
    stages = found.curve[(found.curve["touchpoint"] == "")].set_index("stage").loc[["research", "purchase", "experience"]]
    assert np.diff(stages["mean"]).min() > 0.1
    assert np.abs(np.diff(stages["within_mean"])).max() < 0.02
    assert stages["survivors"].tolist() == [False, True, True]
    assert any("Read with care" in say(one, "en") for one in found.why)


def test_leaving_at_random_marks_nobody():
    marked = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        mood = rng.normal(4, 1, 200).clip(1, 7)
        answers = pd.DataFrame({"q0": mood, "q1": np.where(rng.random(200) < 0.5, mood, np.nan)})
        book = {"variable": ["q0", "q1"], "instrument": "ces", "touchpoint": ["Search", "Basket"], "better": "high",
                "low": 1.0, "high": 7.0}
        marked += _survivors(gather_scores(asked(answers, book)), FRAMEWORKS["parcours"], 7, 200)[1].any()
    assert marked <= 4  # at a level of 5 %, more than 4 of 20 happen once in 400


def test_effort_by_hand():
    rows = [("a", "s", 0), ("a", "b", 1), ("a", "s", 2), ("a", "s", 3), ("a", "h", 4), ("b", "s", 0), ("b", "b", 30)]
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])
    events["time_us"] *= MINUTE_US
    people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    journeys = trace_journeys(Study(name="x", participants=people, events=events, touchpoints=POINTS))
    effort = person_effort(journeys)
    # five events of a: back from purchase to research once, one repeat, one help, one change of channel
    assert effort.loc["a", ["backtracks", "repeats", "help_contacts", "channel_switches"]].tolist() == [2, 2, 2, 2]
    assert effort.loc["b", "backtracks"] == 0
    # gaps from research: 1, 1, 1 and 30 minutes; median 1; 29 more, in two events
    assert effort.loc["b", "hesitation_min"] == pytest.approx(29 * 10 / 2)


def test_held_out_errors_by_hand():
    # (0, 0), (1, 1), (2, 5): a line through the two others says -3, 2.5 and 2; their mean 3, 2.5 and .5
    line, flat = _held_out_errors(np.array([0.0, 1, 2]), np.array([0.0, 1, 5]))
    assert line.tolist() == pytest.approx([3**2, 1.5**2, 3**2])
    assert flat.tolist() == pytest.approx([3**2, 1.5**2, 4.5**2])
    # dealt anew, the outcomes gain what one of their six orders gains
    orders = [_held_out_errors(np.arange(3.0), np.array(one)) for one in itertools.permutations([0.0, 1, 5])]
    gains = {round(float(1 - line.sum() / flat.sum()), 9) for line, flat in orders}
    assert set(_gains_by_chance(np.arange(3.0), np.array([0.0, 1, 5]), 7).round(9)) == gains
    # only the last says something else: without them there is no line, and it foretells no better than the mean, 1
    line, flat = _held_out_errors(np.array([0.0, 0, 0, 1]), np.array([0.0, 1, 2, 9]))
    assert line.tolist() == pytest.approx([1.5**2, 0, 1.5**2, 8**2])
    assert flat[-1] == pytest.approx(8**2)
    alone = np.array([0.0, 0, 0, 1])
    orders = [_held_out_errors(alone, np.array(one)) for one in itertools.permutations([0.0, 1, 2, 9])]
    gains = {round(float(1 - line.sum() / flat.sum()), 9) for line, flat in orders}
    assert set(_gains_by_chance(alone, np.array([0.0, 1, 2, 9]), 7).round(9)) == gains


def test_what_never_meets_because_it_is_rare_is_no_moment_of_truth():
    # 20 of 400 were unhappy and 24 left, none of them both: by chance that happens 28 times in 100, and no bootstrap knows
    people = pd.Index([f"p{one:03d}" for one in range(400)], name="participant_id")
    answers = pd.DataFrame({"b": np.where(np.arange(400) < 20, 1, 5)}, index=people)
    book = {"variable": ["b"], "instrument": "csat", "touchpoint": ["Basket"], "better": "high", "low": 1.0, "high": 5.0}
    left = pd.Series(np.arange(400) >= 376, index=people, dtype=float)
    truth = experience(asked(answers, book), outcome=left, seed=7, replicates=100).truth
    assert truth["low"].iloc[0] > 0
    assert not truth["predicts"].iloc[0]


def test_a_moment_of_truth_is_found_and_noise_has_none():
    rng = np.random.default_rng(4)
    book = {"variable": ["s", "b", "recommend"], "instrument": ["ces", "ces", "nps"],
            "touchpoint": ["Search", "Basket", None], "better": ["high", "high", None],
            "low": [1.0, 1, np.nan], "high": [7.0, 7, np.nan]}
    found = []
    for planted in (0.0, 1.0):
        answers = pd.DataFrame(rng.integers(1, 8, (150, 2)), columns=["s", "b"])
        answers["recommend"] = np.clip(np.round(rng.normal(5, 2, 150) + planted * (answers["b"] - 4)), 0, 10)
        found.append(experience(asked(answers, book), seed=7, replicates=200))
    none, basket = found
    assert not none.truth["predicts"].any()
    assert "none surely predicts" in say(none.why[-1], "en")
    assert basket.truth.set_index("touchpoint")["predicts"].to_dict() == {"Basket": True, "Search": False}
    best = row(basket.truth, touchpoint="Basket")
    assert best["gain"] == pytest.approx(1 - best["error"] ** 2 / best["baseline"] ** 2)
    assert best["error"] == pytest.approx(2, abs=0.3)  # on the scale of the question, where the noise has 2
    assert say(basket.why[-1], "fr").startswith("Moment de vérité\u202f: ce qui se dit de Basket")


def test_lunettes_agrees_where_the_friction_was_planted():
    study = pk.load_sample("lunettes")
    journeys = pk.trace_journeys(study)
    found = pk.experience(study, journeys, seed=7, replicates=100)
    again = pk.experience(study, journeys, seed=7, replicates=100)
    for name in ("curve", "moments", "effort", "told", "triangulation", "truth"):
        frame = getattr(found, name)
        pd.testing.assert_frame_equal(frame, getattr(again, name))
        assert frame["evidence_id"].is_unique
    said = found.triangulation.set_index("stage")
    assert said.loc["purchase", ["events", "answers", "interviews"]].tolist() == ["pain"] * 3
    assert said.loc["purchase", "verdict"] == "converge"
    trough = row(found.moments, source="ces", moment="trough")
    assert (trough["stage"], trough["probability"]) == ("purchase", 1)
    basket = row(found.curve, touchpoint="Panier")
    assert basket["met"] > basket["n"]
    assert basket["response_rate"] == pytest.approx(basket["n"] / basket["met"])
    assert abs(basket["weighted_mean"] - basket["mean"]) < 0.1  # nobody was planted to answer less
    assert (found.told["people"] <= found.told["interviewees"]).all()


def test_weights_undo_an_answer_that_follows_the_journey():
    # who came often is content and answers more: the raw mean is too high, the weighted one less so
    rng = np.random.default_rng(2)
    visits = rng.integers(1, 12, 600)
    mood = np.clip(np.round(2 + visits / 3 + rng.normal(0, 0.7, 600)), 1, 7)
    answers = pd.DataFrame({"q": np.where(rng.random(600) < 0.08 * visits, mood, np.nan)})
    ids = [f"p{one:03d}" for one in range(600)]
    events = pd.DataFrame({"participant_id": np.repeat(ids, visits), "event": "b",
                           "time_us": np.concatenate([np.arange(one) for one in visits]) * 86_400 * 10**6})
    book = {"variable": ["q"], "instrument": "ces", "touchpoint": "Basket", "better": "high", "low": 1.0, "high": 7.0}
    study = asked(answers, book, events=events)
    basket = row(experience(study, trace_journeys(study), seed=7, replicates=50).curve, touchpoint="Basket")
    true = 4 * (mood.mean() - 1) / 6 - 2
    assert abs(basket["weighted_mean"] - true) < abs(basket["mean"] - true) / 3


def test_pictures_of_personas_hide_small_ones():
    rng = np.random.default_rng(3)
    own = hand_personas()
    answers = pd.DataFrame({"q": rng.integers(1, 8, 200), "r": rng.integers(1, 8, 200)}, index=own.membership.index)
    answers.loc[own.labels[own.labels == "P3"].index[3:], "r"] = np.nan
    book = pd.DataFrame({"variable": ["q", "r"], "instrument": "ces", "touchpoint": ["Search", "Basket"], "better": "high",
                         "low": 1.0, "high": 7.0})
    study = Study(name="x", participants=pd.DataFrame(index=own.membership.index), answers=answers, codebook=book,
                  touchpoints=POINTS)
    found = experience(study, None, own, seed=7, replicates=50)
    small = row(found.curve, persona="P3", stage="purchase", touchpoint="")
    assert (small["n"], small["few"]) == (3, True)
    ax = pk.plot_experience(found, language="fr")
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert np.isnan(drawn["P3"][1])
    assert not np.isnan(drawn["P1"][0])
    plt.close("all")
