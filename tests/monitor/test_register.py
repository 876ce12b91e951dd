"""The register of hypotheses: read strictly, judged by what the design can tell, sized by simulation."""

from __future__ import annotations

import hand_made
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.monitor import judge_hypotheses, measure_change, needed_people, read_hypotheses

GOOD = """
[[hypothesis]]
id = "basket"
change = "Show the reimbursement before the basket."
stage = "purchase"
kpi = "buy"
expected = 0.1
"""


def written(tmp_path, text):
    path = tmp_path / "hypotheses.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_register_is_read(tmp_path):
    register = read_hypotheses(written(tmp_path, GOOD), hand_made.study())
    assert register.loc["basket", ["kpi", "expected", "stage", "persona"]].tolist() == ["buy", 0.1, "purchase", ""]


@pytest.mark.parametrize(("text", "error", "words"), [
    ("", StudyError, "holds no"),
    ("[[hypothesis]\n", StudyError, "is not TOML"),
    (GOOD.replace('kpi = "buy"\n', ""), StudyError, "hypothesis 1 lacks kpi"),
    (GOOD.replace("0.1", '"a lot"'), StudyError, "expects 'a lot'"),
    (GOOD.replace("0.1", "nan"), StudyError, "expects nan"),
    (GOOD + GOOD, StudyError, "1 ids stand twice"),
    (GOOD.replace("purchase", "purchse"), ChoiceError, "Did you mean 'purchase'"),
    (GOOD.replace("kpi", "kpy"), StudyError, "Did you mean 'kpi'"),
])
def test_bad_registers_are_refused(tmp_path, text, error, words):
    with pytest.raises(error, match=words):
        read_hypotheses(written(tmp_path, text), hand_made.study())


def test_a_missing_register_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"hypotheses.toml: cannot be read"):
        read_hypotheses(tmp_path / "hypotheses.toml")


def found(effect, *, n=800, seed=1, **design):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"p{one}" for one in range(n)], name="participant_id")
    arm = pd.Series(np.repeat(["a", "b"], n // 2), index=ids)
    bought = rng.random(n) < 0.3 + effect * (arm == "b").to_numpy()
    outcomes = pd.DataFrame({"buy": bought.astype(float), "entered_us": np.arange(n)}, index=ids)
    return measure_change(outcomes, kpi="buy", **(design or {"arms": arm}))


@pytest.mark.parametrize(("effect", "n", "verdict"), [
    (0.12, 4_000, "confirmed"), (0.0, 8_000, "refuted"), (0.02, 300, "undecided"), (-0.2, 4_000, "refuted"),
])
def test_a_hypothesis_is_judged_by_its_interval(tmp_path, effect, n, verdict):
    register = read_hypotheses(written(tmp_path, GOOD))
    assert judge_hypotheses(register, {"basket": found(effect, n=n)})["verdict"].tolist() == [verdict]


def test_before_and_after_cannot_confirm(tmp_path):
    register = read_hypotheses(written(tmp_path, GOOD))
    assert judge_hypotheses(register, {})["verdict"].tolist() == ["open"]
    assert judge_hypotheses(register, {"basket": found(0.3, n=800, when_us=400)})["verdict"].tolist() == ["cannot_tell"]
    with pytest.raises(ChoiceError, match="Did you mean 'basket'"):
        judge_hypotheses(register, {"baskett": found(0.1)})
    with pytest.raises(ChoiceError, match="does not hold sold for all"):
        judge_hypotheses(register.assign(kpi="sold"), {"basket": found(0.1)})


@pytest.mark.parametrize(("rate", "effect"), [(0.3, 0.1), (0.1, 0.05), (0.5, -0.08)])
def test_needed_people_agree_with_the_formula(rate, effect):
    values = pd.Series(np.repeat([1.0, 0.0], [int(1_000 * rate), 1_000 - int(1_000 * rate)]))
    other = rate + effect
    # the normal approximation for two shares (Fleiss, 1981), without correction for continuity
    formula = (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * (rate * (1 - rate) + other * (1 - other)) / effect**2
    assert needed_people(values, expected=effect, seed=1) == pytest.approx(formula, rel=0.15)


def test_needed_people_of_a_mean_agree_with_the_formula():
    values = pd.Series(np.random.default_rng(2).normal(10, 4, 500))
    formula = 2 * ((norm.ppf(0.975) + norm.ppf(0.8)) * values.std() / 1.5) ** 2
    assert needed_people(values, expected=1.5, seed=1) == pytest.approx(formula, rel=0.15)


def test_impossible_sizes_are_refused():
    values = pd.Series([1.0] * 50 + [0.0] * 50)
    with pytest.raises(StudyError, match="is no share"):
        needed_people(values, expected=0.6, seed=1)
    with pytest.raises(StudyError, match="too small to be seen"):
        needed_people(values, expected=0.0001, seed=1)
    with pytest.raises(TooFewError, match="4 people"):
        needed_people(values[:4], expected=0.1, seed=1)


def test_a_sample_size_needs_figures_that_differ():
    with pytest.raises(StudyError, match="everyone has the same value"):
        needed_people(pd.Series([7.0] * 20), expected=0.1, seed=1)
    with pytest.raises(StudyError, match="not a number"):
        needed_people(pd.Series(["much"] * 20), expected=0.1, seed=1)
