"""Changes: no effect is claimed where there is none, planted ones are covered, and the design bounds the words."""

from __future__ import annotations

import hand_made
import numpy as np
import pandas as pd
import pytest

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.eventlog import DAY_US
from personakit.inference import newcombe_interval
from personakit.journeys import trace_journeys
from personakit.monitor import engagement, freshness, journey_outcomes, kpi_sheet, measure_change
from personakit.monitor.change import spent
from personakit.records import Study
from personakit.wording import say


def ids(n):
    return pd.Index([f"p{one}" for one in range(n)], name="participant_id")


def experiment(seed, *, n=600, rate=0.3, effect=0.0):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.repeat(["a_old", "b_new"], n // 2))
    buys = (rng.random(n) < rate + effect * (arm == "b_new")).astype(float)
    return pd.DataFrame({"buy": buys, "ease": rng.normal(4, 1, n)}, index=ids(n)), pd.Series(arm, index=ids(n))


def two_sets(seed, *, n=1_600, effect=0.0, season=0.1, apart=0.0):
    """People enter over 100 days; the change comes on day 50; ``apart``: the exposed were already moving away before."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 100, n)
    exposed = rng.random(n) < 0.5
    rate = 0.3 + 0.1 * exposed + season * (day >= 50) + effect * (exposed & (day >= 50)) + apart * exposed * day / 50
    table = pd.DataFrame({"entered_us": day * DAY_US, "buy": (rng.random(n) < rate).astype(float)}, index=ids(n))
    return table, pd.Series(exposed, index=ids(n))


# ---------------------------------------------------------------- experiments
def test_newcombes_example_is_the_interval_of_an_experiment():
    bought = pd.DataFrame({"buy": [1.0] * 56 + [0.0] * 14 + [1.0] * 48 + [0.0] * 32}, index=ids(150))
    arms = pd.Series(["new"] * 70 + ["basic"] * 80, index=ids(150))
    row = measure_change(bought, kpi="buy", arms=arms).effects.iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(newcombe_interval(56, 70, 48, 80))
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.0524, 0.3339)  # Newcombe (1998)
    assert (row["n_with"], row["n_without"], row["verdict"]) == (70, 80, "raised")


def test_experiments_without_an_effect_seldom_show_one():
    wrong = sum(measure_change(*[experiment(seed)[0]], kpi="buy", arms=experiment(seed)[1]).effects["verdict"].iloc[0]
                != "not_distinguishable" for seed in range(200))
    assert 2 <= wrong <= 18  # 5 % of 200, within three standard errors


def test_an_effect_is_covered_and_guardrails_stand_beside_it():
    covered = 0
    for seed in range(60):
        outcomes, arms = experiment(seed, effect=0.12)
        effects = measure_change(outcomes, kpi="buy", guardrails=["ease"], arms=arms).effects.set_index("kpi")
        covered += effects["low"]["buy"] <= 0.12 <= effects["high"]["buy"]
        assert effects["role"].to_dict() == {"buy": "kpi", "ease": "guardrail"}
    assert covered >= 53


def test_unequal_arms_stop_the_reading():
    outcomes, arms = experiment(1, effect=0.2)
    arms[arms == "a_old"] = arms[arms == "a_old"].where(np.arange((arms == "a_old").sum()) % 3 > 0)
    found = measure_change(outcomes, kpi="buy", arms=arms)
    assert found.effects["verdict"].tolist() == ["cannot_tell"]
    assert found.checks.set_index("check")["passed"].to_dict() == {"left_out": True, "sample_ratio": False}
    assert measure_change(outcomes, kpi="buy", arms=arms, planned={"a_old": 2, "b_new": 3}).effects["verdict"][0] == "raised"


def test_looks_spend_five_percent_in_all():
    assert sum(spent(one, 4) for one in range(1, 5)) == pytest.approx(0.05)
    outcomes, arms = experiment(3, effect=0.1)
    first, last = (measure_change(outcomes, kpi="buy", arms=arms, look=(one, 4)) for one in (1, 4))
    assert first.effects["high"][0] - first.effects["low"][0] > last.effects["high"][0] - last.effects["low"][0]
    assert first.level > last.level > 0.95


# ---------------------------------------------------------------- other designs
def test_difference_in_differences_covers_what_was_planted():
    covered = false = 0
    for seed in range(150):
        table, exposed = two_sets(seed, effect=0.1)
        row = measure_change(table, kpi="buy", when_us=50 * DAY_US, exposed=exposed).effects.iloc[0]
        covered += row["low"] <= 0.1 <= row["high"]
        table, exposed = two_sets(1_000 + seed)
        false += measure_change(table, kpi="buy", when_us=50 * DAY_US, exposed=exposed).effects["verdict"][0] == "raised"
    assert covered >= 135  # 95 % of 150, less three standard errors
    assert false <= 9


def test_sets_that_moved_apart_before_are_no_comparison():
    table, exposed = two_sets(2, apart=0.4)
    found = measure_change(table, kpi="buy", when_us=50 * DAY_US, exposed=exposed)
    assert not found.checks.set_index("check")["passed"]["parallel_before"]
    assert found.effects["verdict"].tolist() == ["cannot_tell"]


def test_before_and_after_alone_never_speaks_of_effects():
    table, _ = two_sets(4, season=0.3)
    found = measure_change(table, kpi="buy", when_us=50 * DAY_US)
    assert (found.design, found.effects["verdict"][0]) == ("before_after", "raised")
    assert "cannot tell" in say(found.why[0], "en")
    assert "ne peuvent pas dire" in say(found.why[0], "fr")


def test_who_straddles_the_change_is_left_out():
    table, _ = two_sets(4)
    found = measure_change(table, kpi="buy", when_us=50 * DAY_US, window_days=10)
    straddling = ((table["entered_us"] < 50 * DAY_US) & (table["entered_us"] > 40 * DAY_US)).sum()
    assert found.checks.set_index("check")["value"]["left_out"] == straddling > 0


def test_personas_have_their_own_rows_and_are_corrected_together():
    outcomes, arms = experiment(5, effect=0.3)
    personas = hand_made.personas()
    outcomes.index = arms.index = pd.Index([*personas.membership.index, *ids(600)])[:600].rename("participant_id")
    effects = measure_change(outcomes, personas, kpi="buy", arms=arms).effects
    assert effects["persona"].tolist() == ["all", *personas.membership.columns]
    assert effects["verdict"][0] == "raised"
    assert set(effects["verdict"][1:]) <= {"raised", "not_distinguishable", "cannot_tell"}


@pytest.mark.parametrize(("options", "error", "words"), [
    ({}, StudyError, "no design"),
    ({"kpi": "bye", "when_us": 1}, ChoiceError, "Did you mean 'buy'"),
    ({"when_us": 10**15}, StudyError, "outside the data"),
    ({"when_us": 50 * DAY_US, "look": (3, 2)}, StudyError, "3 of 2 is not a look"),
    ({"arms": pd.Series(["a", "b", "c"], index=["p1", "p2", "p3"])}, StudyError, "3 different"),
    ({"arms": pd.Series(["a", "b"], index=["p1", "p2"])}, TooFewError, "only 1 people"),
    ({"arms": pd.Series(["a", "b"], index=["p1", "p2"]), "when_us": 5}, StudyError, "arms alone"),
])
def test_bad_designs_are_refused(options, error, words):
    table, _ = two_sets(1)
    with pytest.raises(error, match=words):
        measure_change(table, **{"kpi": "buy", **options})


# ---------------------------------------------------------------- outcomes, sheet, engagement, freshness
def journeys_of(rows, touchpoints=None):
    events = pd.DataFrame(rows, columns=["participant_id", "event", "day"]).assign(
        time_us=lambda frame: (frame.pop("day") * DAY_US).astype("int64"))
    people = pd.DataFrame(index=pd.Index(sorted(events["participant_id"].unique()), name="participant_id"))
    study = Study(name="x", participants=people, events=events, touchpoints=touchpoints)
    return study, trace_journeys(study)


TOUCHPOINTS = pd.DataFrame({"event": ["ad", "look", "buy"], "touchpoint": ["ad", "look", "buy"],
                            "stage": ["awareness", "research", "purchase"], "owner": ["marketing", "sales", "sales"]})
#: a buys in time, b too late, c never, d has just come, e enters with the purchase
ROWS = [("a", "look", 0), ("a", "buy", 2), ("b", "look", 0), ("b", "buy", 6), ("c", "look", 1), ("c", "look", 3),
        ("d", "look", 9), ("e", "buy", 4), ("z", "ad", 0), ("z", "look", 10)]


def test_outcomes_by_hand():
    _, journeys = journeys_of(ROWS, TOUCHPOINTS)
    found = journey_outcomes(journeys, enter="research", reach="buy", window_days=5)
    assert found["buy"].fillna(-1).to_dict() == {"a": 1, "b": 0, "c": 0, "d": -1, "z": -1}
    assert found["events"].fillna(-1).to_dict() == {"a": 2, "b": 1, "c": 2, "d": -1, "z": -1}
    later = journey_outcomes(journeys, enter="look", reach=["buy", "purchase"], window_days=1, since_us=2 * DAY_US)
    assert later["entered_us"].to_dict() == {"c": 3 * DAY_US, "d": 9 * DAY_US, "z": 10 * DAY_US}


def test_bad_outcomes():
    _, journeys = journeys_of(ROWS, TOUCHPOINTS)
    with pytest.raises(ChoiceError, match="Did you mean 'look'"):
        journey_outcomes(journeys, enter="lok", reach="buy", window_days=5)
    with pytest.raises(StudyError, match="window_days: 0 days hold nothing"):
        journey_outcomes(journeys, enter="look", reach="buy", window_days=0)
    with pytest.raises(StudyError, match="nobody has look"):
        journey_outcomes(journeys, enter="look", reach="buy", window_days=5, since_us=99 * DAY_US)


def test_kpi_sheet_by_hand():
    study, journeys = journeys_of(ROWS, TOUCHPOINTS)
    sheet = kpi_sheet(study, journeys, window_days=5).set_index("stage")
    assert sheet.loc["research", ["numerator", "denominator", "owner", "next_stage"]].tolist() == [1, 3, "sales", "purchase"]
    # z sees the ad on day 0 and looks on day 10 only: outside the window
    assert sheet.loc["awareness", ["numerator", "denominator", "owner"]].tolist() == [0, 1, "marketing"]


def falling_log(seed, *, after):
    """Everyone comes every week; from the last period on each reads ``after`` times instead of 4."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(60):
        for week in range(8):
            count = rng.poisson(4 if week < 4 else after)
            rows += [(f"p{person}", "look", 7 * week + (one + 1) / 100) for one in range(count)]
            rows.append((f"p{person}", "ad", 7 * week + 0.5))
    return journeys_of([*rows, ("p0", "ad", 0), ("p0", "ad", 56)], TOUCHPOINTS)[1]


def test_engagement_that_falls_is_flagged_and_steady_engagement_is_not():
    found = engagement(falling_log(1, after=2), period_days=28, seed=1).query("measure == 'events'").set_index("stage")
    assert found["falling"].to_dict() == {"awareness": False, "research": True}
    assert found["low"]["research"] < -0.5 < found["high"]["research"] < 0
    false = sum(engagement(falling_log(seed, after=4), period_days=28, seed=1, replicates=200)["falling"].any()
                for seed in range(20))
    assert false <= 2  # 2.5 % of 20, within two standard errors
    with pytest.raises(StudyError, match="do not fit"):
        engagement(falling_log(1, after=4), period_days=40, seed=1)


def test_engagement_by_hand():
    # ten people, two periods of ten days: each has a visit of two looks, four minutes apart, on day 3, one look on day 15
    rows = [(f"p{one}", "look", day) for one in range(10) for day in (3, 3 + 4 / 1_440, 15)]
    _, journeys = journeys_of([*rows, ("p0", "ad", 0), ("p0", "ad", 20)], TOUCHPOINTS)
    found = engagement(journeys, period_days=10, seed=1).query("stage == 'research'").set_index("measure")
    assert found[["before", "now"]].round(4).T.to_dict("list") == {
        "events": [2, 1], "visits": [1, 1], "minutes": [4, 0], "days_quiet": [round(7 - 4 / 1_440, 4), 5]}
    assert found["falling"].to_dict() == {"events": True, "visits": False, "minutes": True, "days_quiet": False}


def test_freshness_names_what_the_picture_does_not_know():
    _, then = journeys_of(ROWS, TOUCHPOINTS)
    rows = [*ROWS, *[(f"n{one}", "chat", 20) for one in range(8)]]
    study, _ = journeys_of(rows)
    now = trace_journeys(study)
    found = freshness(then, now, today_us=then.cut_us + 400 * DAY_US).set_index("check")
    assert found.loc["age_days", ["value", "due"]].tolist() == [400, True]
    assert found.loc["new_events", ["value", "of", "first", "due"]].tolist() == [8, 18, "chat", True]
    assert found.loc["new_people", ["value", "of", "due"]].tolist() == [8, 14, True]
    with pytest.raises(StudyError, match="lies before"):
        freshness(then, now, today_us=0)


# ---------------------------------------------------------------- what figures cannot carry
def sets_of(yes, n=20):
    """Return four parts of n people, in the order after and before of the exposed, then of the others."""
    buys = np.concatenate([np.repeat([1.0, 0.0], [one, n - one]) for one in yes])
    day = np.tile(np.repeat([60, 10], n), 2) + np.tile(np.arange(n) % 5, 4)
    table = pd.DataFrame({"entered_us": day * DAY_US, "buy": buys}, index=ids(4 * n))
    return table, pd.Series(np.repeat([True, False], 2 * n), index=ids(4 * n))


def test_nobody_bought_anywhere_is_no_certainty():
    outcomes, exposed = sets_of((0, 0, 0, 0))
    row = measure_change(outcomes, kpi="buy", when_us=50 * DAY_US, exposed=exposed).effects.iloc[0]
    assert (row["effect"], row["verdict"]) == (0, "not_distinguishable")
    # the interval of one pair, (0, 20) and (0, 20), put together with another of its kind
    reach = float(newcombe_interval(0, 20, 0, 20)[1])
    assert (row["low"], row["high"]) == pytest.approx((-np.sqrt(2) * reach, np.sqrt(2) * reach))


def test_a_difference_in_differences_of_shares_by_hand():
    outcomes, exposed = sets_of((16, 4, 4, 4))
    row = measure_change(outcomes, kpi="buy", when_us=50 * DAY_US, exposed=exposed).effects.iloc[0]
    low, high = newcombe_interval(16, 20, 4, 20)
    other_low, other_high = newcombe_interval(4, 20, 4, 20)
    assert row["effect"] == pytest.approx(0.6)
    assert row["low"] == pytest.approx(0.6 - np.hypot(0.6 - low, other_high))
    assert row["high"] == pytest.approx(0.6 + np.hypot(high - 0.6, other_low))
    assert row["verdict"] == "raised"


def test_figures_without_spread_or_with_a_few_giants_tell_nothing():
    arms = pd.Series(["a", "b"] * 20, index=ids(40))
    flat = measure_change(pd.DataFrame({"spent": [0.0, 5.0] * 20}, index=ids(40)), kpi="spent", arms=arms).effects.iloc[0]
    assert flat["verdict"] == "cannot_tell"
    assert np.isnan(flat["low"])
    # 30 against 270 people with a skewed figure: 16 % of such experiments claimed an effect, by Welch's interval alone
    wrong = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        spent_by = pd.DataFrame({"spent": np.exp(1.5 * rng.standard_normal(300))}, index=ids(300))
        some = pd.Series(np.repeat(["b", "a"], [30, 270]), index=ids(300))
        effect = measure_change(spent_by, kpi="spent", arms=some, planned={"a": 0.9, "b": 0.1})
        wrong += effect.effects["verdict"].iloc[0] in ("raised", "lowered")
    assert wrong <= 7
    assert "change.skewed" in {one.key for one in effect.why}
    assert all(say(one, language) for one in effect.why for language in ("fr", "en"))


@pytest.mark.parametrize(("options", "words"), [
    ({"arms": pd.Series(["a", "b"] * 40, index=ids(40).repeat(2))}, "arms: 40 participants stand there more than once"),
    ({"arms": pd.Series(["a", "b"] * 20, index=ids(40)), "planned": {"a": 1, "b": -1}}, "above 0"),
    ({"arms": pd.Series(["a", "b"] * 20, index="x" + ids(40))}, "only 0 people"),
    ({"when_us": 20 * DAY_US, "exposed": pd.Series(["yes", "no"] * 20, index=ids(40))}, "exposed: holds yes, no"),
    ({"when_us": 20 * DAY_US, "window_days": -3}, "window_days: -3 is no time"),
    ({"arms": pd.Series(["a", "b"] * 20, index=ids(40)), "kpi": "word"}, "word: is not a number"),
    ({"arms": pd.Series(["a", "b"] * 20, index=ids(40)), "kpi": "endless"}, "infinite"),
])
def test_bad_figures_and_designs_are_one_sentence(options, words):
    outcomes = pd.DataFrame({"buy": [0.0, 1.0] * 20, "word": ["x"] * 40, "endless": [np.inf, 0.0] * 20,
                             "entered_us": np.arange(40) * DAY_US}, index=ids(40))
    with pytest.raises(StudyError if "only" not in words else TooFewError, match=words):
        measure_change(outcomes, **{"kpi": "buy", **options})


def test_nobody_and_no_stages_are_one_sentence():
    empty = pd.DataFrame({"buy": [], "entered_us": []}, index=ids(0))
    with pytest.raises(TooFewError, match="nobody"):
        measure_change(empty, kpi="buy", when_us=DAY_US)
    log = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, DAY_US]})
    study = Study(name="bare", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=log)
    with pytest.raises(StudyError, match="no stages"):
        engagement(trace_journeys(study), seed=1)
    with pytest.raises(StudyError, match="0 stages"):
        kpi_sheet(study, trace_journeys(study), window_days=1)
