"""Who will not come back: hazards by hand, planted and absent structure, censoring, and nothing that leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import small_journeys as make
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.errors import StudyError, TooFewError
from personakit.eventlog import DAY_US
from personakit.journeys import predict_leaving, trace_journeys
from personakit.journeys.models.hazard import fit_hazard, odds_ratios, say_hazard
from personakit.journeys.models.leaving import _known
from personakit.wording import say


def visits_of(states, length, *, late=300.0):
    """Trace people with a visit a day, so many of their states; one more person sets the cut."""
    person = np.repeat(np.arange(len(states)), length)
    day = np.concatenate([np.arange(one) for one in length])
    events = pd.DataFrame({"participant_id": [f"p{one:04d}" for one in person],
                           "event": np.array(make.STATES)[states[person, day]], "time_us": day * DAY_US})
    last = pd.DataFrame({"participant_id": ["z"], "event": ["s0"], "time_us": [int(late * DAY_US)]})
    return trace_journeys(make.study(pd.concat([events, last]), touchpoints=make.touchpoints(make.STATES)))


def leavers(seed, hazard, people=300):
    """Deal a state a visit at random; ``hazard`` (5,) is the chance that a visit at a state is the last."""
    rng = np.random.default_rng(seed)
    states = rng.integers(0, 5, (people, 60))
    gone = rng.random((people, 60)) < np.asarray(hazard)[states]
    gone[:, -1] = True
    return states, gone.argmax(axis=1) + 1


def test_hazard_and_odds_by_hand():
    # of 40 at a first visit 20 leave (odds 1), of 30 at a later one 10 (odds 1/2): the ratio is 1/2, and its standard error
    # sqrt(1/20 + 1/20 + 1/10 + 1/20) = 1/2; the ridge pulls a little
    later = np.repeat([0.0, 0, 1, 1], [20, 20, 10, 20])[:, None]
    left = np.repeat([1, 0, 1, 0], [20, 20, 10, 20])
    ratio, low, high = odds_ratios(later, left, np.arange(70))
    assert ratio[0] == pytest.approx(0.5, abs=0.03)
    assert [low[0], high[0]] == pytest.approx([0.5 * np.exp(-0.98), 0.5 * np.exp(0.98)], rel=0.1)
    found = fit_hazard(later, left)
    assert say_hazard(found, np.array([[0.0], [1.0]])).tolist() == pytest.approx([1 / 2, 1 / 3], abs=0.01)
    # twice each person's questions tell nothing new of people: the interval stays
    again = odds_ratios(np.tile(later, (2, 1)), np.tile(left, 2), np.tile(np.arange(70), 2))
    assert again[1][0] == pytest.approx(low[0], abs=0.01)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_said_adds_up_to_what_happened(seed):
    rng = np.random.default_rng(seed)
    known, ended = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    assert say_hazard(fit_hazard(known, ended), known).sum() == pytest.approx(ended.sum(), abs=1e-4)


def test_levels_of_few_people_are_not_even_listed():
    # twelve people see a, then a page of their own
    rows = [(f"p{one}", page, day * DAY_US) for one in range(12) for day, page in enumerate(["a", f"own {one}"])]
    events = pd.DataFrame(rows, columns=["participant_id", "event", "time_us"])
    log = trace_journeys(make.study(events)).log
    known, terms = _known(log, "touchpoint", np.arange(24), log.time_us)
    assert [level for kind, level, _ in terms if kind == "touchpoint"] == ["a"]
    assert known[-1].tolist() == [1, 0] * 12


def test_open_journeys_leave_the_questions():
    # a visit on day 0, 1, 2 or 6, the cut is day 6, gone is who is silent for 3 days: day 6 cannot be asked about
    paths = {**{f"a{one:02d}": ["s0"] for one in range(200)}, **{f"b{one:02d}": ["s0", 1, "s0"] for one in range(100)},
             **{f"c{one:02d}": ["s0", 1, "s0", 1, "s0", 4, "s0"] for one in range(100)}}
    journeys = trace_journeys(make.study(make.log(paths, minutes=0), touchpoints=make.touchpoints(make.STATES)))
    limits = journeys.ends.assign(gap_limit_us=3 * DAY_US)
    found = predict_leaving(replace(journeys, ends=limits), seed=1, replicates=19)
    assert found.scores[["people", "visits", "left"]].to_numpy().tolist() == [[400, 700, 300]] * 2
    # 400 first visits, 200 the last; 300 second or third ones, 100 the last
    loss = (40 * np.log(2) + 10 * np.log(3) + 20 * np.log(3 / 2)) / 70
    assert found.scores["log_loss"].iloc[0] == pytest.approx(loss, abs=0.02)
    assert found.calibration["visits"].sum() == 700
    with pytest.raises(TooFewError, match="0 people left"):
        predict_leaving(replace(journeys, ends=limits.assign(gap_limit_us=9 * DAY_US)), seed=1)


def test_a_planted_hazard_is_found_and_calibrated():
    # odds of 1/3 at s4 against 1/9 elsewhere: a ratio of 3
    found = predict_leaving(visits_of(*leavers(1, [0.1, 0.1, 0.1, 0.1, 0.25], 600)), seed=1, replicates=99)
    terms = found.terms.set_index("level")
    planted = terms.loc["s4"]
    assert planted["low"] < 3 < planted["high"]
    assert planted["low"] > 1.5
    assert (terms.drop("s4").query("term == 'stage'")[["low", "high"]].sub(1).prod(axis=1) < 0).all()
    assert found.foreseen
    assert "better than the base rate" in repr(found)
    assert found.scores["calibration"].iloc[1] < 0.03
    assert found.scores["brier_gain"].iloc[1] > 0
    assert "mieux que par le taux moyen" in say(found.why[0], "fr")


def test_noise_is_no_better_than_the_base_rate():
    alarms, ratios = 0, []
    for seed in range(12):
        found = predict_leaving(visits_of(*leavers(seed, [0.15] * 5, 150)), seed=seed, replicates=99)
        alarms += found.foreseen
        ratios.append(((found.terms["low"] > 1) | (found.terms["high"] < 1)).mean())
    assert alarms <= 1
    assert np.mean(ratios) < 0.15
    assert "no better than the base rate" in repr(found)


def test_nothing_after_the_landmark_leaks():
    states, length = leavers(1, [0.1] * 5, 300)
    changed = states.copy()
    changed[:, 6:] = np.random.default_rng(2).integers(0, 5, changed[:, 6:].shape)
    one, other = (predict_leaving(visits_of(each, length), landmark_days=5.5, seed=1, replicates=19)
                  for each in (states, changed))
    for name in ("scores", "terms", "calibration"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    # six visits are known on day 5.5; those silent for longer than the usual day are gone already
    assert one.scores["visits"].iloc[0] == (length >= 6).sum()
    assert one.scores["left"].iloc[0] == (length == 6).sum()


def test_who_was_never_so_silent_is_asked_about_whether_they_return_or_not():
    # 25 daily visits, then half return after 6 days and half never: on day 26.5 nobody knows which
    days = [*(24 * [[0, 6]]), *(20 * [range(25)]), *(20 * [[*range(25), 30]])]
    rows = [(f"p{one:02d}", "s0", day * DAY_US) for one, own in enumerate(days) for day in own]
    log = pd.DataFrame([*rows, ("z", "s0", 300 * DAY_US)], columns=["participant_id", "event", "time_us"])
    journeys = trace_journeys(make.study(log, touchpoints=make.touchpoints(make.STATES)))
    assert set(journeys.ends["gap_limit_us"]) == {DAY_US, 6 * DAY_US}
    found = predict_leaving(journeys, landmark_days=26.5, seed=1, replicates=19)
    assert found.scores[["people", "left"]].to_numpy().tolist() == [[40, 20]] * 2


def test_personas_that_know_what_comes_are_not_used():
    states, length = leavers(3, [0.1] * 5, 200)
    journeys = visits_of(states, length)
    labels = {f"p{one:04d}": "P1" if one % 2 else "P2" for one in range(200)}
    found = predict_leaving(journeys, make.personas(labels, window_days=None), seed=1, replicates=19)
    assert found.terms.loc[found.terms["term"] == "persona", "people"].tolist() == [100]
    late = predict_leaving(journeys, make.personas(labels, window_days=3.0), seed=1, replicates=19)
    assert late.scores["visits"].iloc[0] == (length - 3).clip(0).sum()
    with pytest.raises(StudyError, match="days that are not known"):
        predict_leaving(journeys, make.personas(labels, window_days=np.nan), seed=1)
    with pytest.raises(StudyError, match="lies within the first 3 days"):
        predict_leaving(journeys, make.personas(labels, window_days=3.0), landmark_days=2, seed=1)
    with pytest.raises(StudyError, match="landmark_days: 0 days"):
        predict_leaving(journeys, landmark_days=0, seed=1)
