from __future__ import annotations

import functools
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from written import personakit

from personakit.candidates import METHODS
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.records import Features, Personas
from personakit.typing_tool import assign_personas, build_typing_tool, load_typing_tool, save_typing_tool
from personakit.typing_tool.answers import encode
from personakit.typing_tool.choosing import best_sets, fit_rule
from personakit.typing_tool.sheet import FIRST
from personakit.typing_tool.trials import temperature

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
KMEANS = METHODS["kmeans"]


def features_of(natural, kinds, roles=None, **more):
    ids = pd.Index([f"p{one:05d}" for one in range(len(natural))], name="participant_id")
    natural = natural.set_axis(ids)
    catalog = pd.DataFrame({"kind": kinds, "role": roles or "active", "origin": "answers", "unit": "", "label": "", **more},
                           index=pd.Index(natural.columns, name="feature"))
    table = natural.astype(float) if "nominal" not in list(catalog["kind"]) else natural
    return Features(table=table, natural=natural, catalog=catalog, dropped=pd.DataFrame())


def personas_of(features, membership, *, verdict="natural"):
    names = [f"P{one + 1}" for one in range(membership.shape[1])]
    return Personas(candidate="kmeans-k", features=features, quality=pd.Series({"verdict": verdict}), tried=1, chosen=True,
                    membership=pd.DataFrame(membership, index=features.table.index, columns=names),
                    stability=pd.DataFrame())


def made(natural, k, kinds="ordinal", **options):
    features = features_of(natural, kinds)
    return personas_of(features, KMEANS(features.active, k, 1), **options), features


def planted(seed, n=360):
    """Three kinds of people; a and b part them, c repeats a worse, d and e say nothing."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    centres = np.array([[5, 1, 4, 3, 3], [1, 5, 2, 3, 3], [5, 5, 4, 3, 3]], dtype=float)
    noise = np.array([0.5, 0.5, 1.5, 1.0, 1.0])
    return pd.DataFrame((centres[kind] + noise * rng.normal(size=(n, 5))).round().clip(1, 5), columns=list("abcde"))


def noise(seed, n=400):
    """Likert noise: five independent items, no persona."""
    return pd.DataFrame(np.random.default_rng(seed).normal(3, 1.1, (n, 5)).round().clip(1, 5), columns=list("abcde"))


@pytest.fixture(scope="module")
def mixed():
    """A tool with every kind of question: nominal, yes/no, a scale and a number, with gaps, over personas of two others."""
    rng = np.random.default_rng(4)
    kind = rng.integers(0, 3, 500)
    natural = pd.DataFrame({
        "where": np.array(["shop", "=web", "app"])[np.where(rng.random(500) < 0.75, kind, rng.integers(0, 3, 500))],
        "member": (rng.random(500) < np.array([0.2, 0.8, 0.5])[kind]).astype(float),
        "likes": (np.array([2, 3, 4])[kind] + rng.normal(0, 0.8, 500)).round().clip(1, 5),
        "days": np.array([10.0, 40, 90])[kind] * rng.lognormal(0, 0.5, 500),
    })
    natural.loc[rng.random(500) < 0.15, "likes"] = np.nan
    natural.loc[rng.random(500) < 0.15, "where"] = None
    centres = np.array([[0, 0], [2, 0], [0, 2]])[kind] + 0.3 * rng.normal(size=(500, 2))
    shown = features_of(natural, ["nominal", "binary", "ordinal", "numeric"], "held_back")
    made_from = features_of(pd.DataFrame(centres, columns=["x", "y"]), "numeric")
    personas = personas_of(made_from, KMEANS(made_from.active, 3, 1))
    tool = build_typing_tool(replace(personas, names={"P2": "=La pressée"}), shown, KMEANS, target=0.99, seed=3)
    return tool, shown.natural


# ---------------------------------------------------------------- the rule


def test_the_rule_agrees_with_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    values = np.random.default_rng(0).normal(size=(300, 3))
    labels = (values[:, 0] + np.random.default_rng(1).normal(size=300) > 0).astype(int) + (values[:, 1] > 1)
    intercept, weights = fit_rule(values, labels, 4)
    theirs = LogisticRegression(C=1.0, max_iter=5000, tol=1e-8).fit(values, labels)
    ours = softmax(intercept + values @ weights, axis=1)
    assert ours[:, 3].max() < 1e-9  # nobody is the fourth
    assert ours[:, :3] == pytest.approx(theirs.predict_proba(values), abs=1e-3)


def test_the_best_question_comes_first_and_a_copy_late():
    natural = planted(1)
    answers = encode(natural, dict.fromkeys(natural, "ordinal"))
    labels = KMEANS(natural, 3, 1).argmax(axis=1)
    sets = best_sets(answers, np.arange(len(natural)), labels, np.ones(5), 5)
    assert set(sets[1]) == {0, 1}
    assert [len(one) for one in sets] == [1, 2, 3, 4, 5]
    dear = best_sets(answers, np.arange(len(natural)), labels, np.array([50.0, 1, 1, 1, 1]), 5)
    assert set(dear[1]) == {1, 2}  # at fifty times the cost, the worse copy of a is asked in its place


def test_temperature_finds_scores_that_are_too_sure():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(20_000, 3))
    truth = (softmax(scores, axis=1).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert temperature(3 * scores, truth) == pytest.approx(3, rel=0.06)


# ---------------------------------------------------------------- honest figures


def test_planted_personas_are_recognised_from_the_two_questions_that_part_them():
    tool = planted_tool()
    assert set(tool.questions.index) == {"a", "b"}
    assert tool.questions["picked"].min() >= 0.9
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    assert row["accuracy"] >= 0.85
    assert row["least_recall"] >= 0.6
    assert row["calibration_error"] < 0.06
    assert [one.key for one in tool.why] == ["typing.accuracy", "typing.chance", "typing.cannot_tell"]


def test_accuracy_says_how_often_new_people_are_placed_as_their_own_study_would():
    personas, features = made(planted(3, 240), 3)
    tool = build_typing_tool(personas, features, KMEANS, target=0.85, seed=1)
    fresh = planted(40, 3_000)
    names = personas.membership.columns.to_numpy()
    own = KMEANS(fresh, 3, 1).argmax(axis=1)
    given_ = assign_personas(replace(tool, sure=0.0), fresh)["persona"]
    agree = sum(pd.crosstab(own, given_.to_numpy()).max(axis=1)) / len(fresh)
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    assert row["low"] - 0.03 <= agree <= row["high"] + 0.05
    assert set(given_) == set(names)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_does_not_look_good(seed):
    # judged by the labels it was made from, the same rule is right for 96 % and more (99 % in the literature's example)
    personas, features = made(noise(seed), 3, verdict="none")
    labels = personas.membership.to_numpy().argmax(axis=1)
    answers = encode(features.natural, features.catalog["kind"])
    intercept, weights = fit_rule(answers.values, labels, 3)
    assert ((answers.values @ weights + intercept).argmax(axis=1) == labels).mean() > 0.95
    tool = build_typing_tool(personas, features, KMEANS, seed=seed)
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    assert row["accuracy"] < 0.65
    assert row["cannot_tell"] > 0.4
    assert row["placed_right"] < 0.45
    assert tool.verdict == "none"
    assert {"typing.short", "typing.verdict_none"} <= {one.key for one in tool.why}
    assert assign_personas(tool, features.natural)["persona"].isna().mean() > 0.4


def test_a_method_that_means_nothing_gives_accuracy_at_chance():
    """Labels dealt at random again in each half: what is left is the share of a guess."""
    def dealt(table, k, seed):
        return np.eye(k)[np.random.default_rng(seed).integers(0, k, len(table))]

    features = features_of(noise(3), "ordinal")
    tool = build_typing_tool(personas_of(features, dealt(features.table, 3, 0)), features, dealt, seed=2)
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    # matching the personas of a half with the chosen ones by overlap finds a little more than a third by chance alone
    assert row["accuracy"] == pytest.approx(1 / 3, abs=0.06)
    assert row["placed_right"] < 0.02
    assert "typing.no_better" in {one.key for one in tool.why}


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_fast_food():
    """Four k-means personas: expensive and tasty alone give 88 % of the labels, 4 items 93 %, 6 items 98.7 %, labels fixed.

    Origin: recomputed with scikit-learn from the data of Dolnicar, Grün & Leisch (2018). Honest accuracy is lower.
    """
    natural = (pd.read_csv(DATA / "surveys/mcdonalds/mcdonalds.csv").iloc[:, :11] == "Yes").astype(float)
    personas, features = made(natural, 4, "binary", verdict="constructive")
    labels = personas.membership.to_numpy().argmax(axis=1)
    answers = encode(features.natural, features.catalog["kind"])

    def fixed(names):
        at = answers.of([list(natural.columns).index(one) for one in names])
        intercept, weights = fit_rule(answers.values[:, at], labels, 4)
        return ((answers.values[:, at] @ weights + intercept).argmax(axis=1) == labels).mean()

    sets = [natural.columns[one] for one in best_sets(answers, np.arange(len(natural)), labels, np.ones(11), 6)]
    assert fixed(["expensive", "tasty"]) == pytest.approx(0.88, abs=0.005)
    assert fixed(sets[3]) >= 0.925
    assert fixed(sets[5]) >= 0.98
    tool = build_typing_tool(personas, features, KMEANS, target=0.9, seed=7)
    row = tool.checks[tool.checks["chosen"]].iloc[0]
    assert 0.90 <= row["accuracy"] <= 0.95
    assert 4 <= len(tool.questions) <= 7
    assert tool.checks.loc[6, "accuracy"] < fixed(sets[5]) - 0.03
    assert "typing.verdict_constructive" in {one.key for one in tool.why}


def test_rows_columns_and_seed_decide_nothing_but_chance():
    personas, features = made(planted(6, 200), 3)
    tool = build_typing_tool(personas, features, KMEANS, seed=7)
    deal = np.random.default_rng(0).permutation(200)
    shuffled = Features(table=features.table.iloc[deal], natural=features.natural.iloc[deal], catalog=features.catalog,
                        dropped=features.dropped)
    again = build_typing_tool(replace(personas, membership=personas.membership.iloc[deal], features=shuffled), shuffled,
                              KMEANS, seed=7)
    pd.testing.assert_frame_equal(tool.rule, again.rule)
    pd.testing.assert_frame_equal(tool.checks, again.checks)


def test_gaps_do_not_lose_people():
    natural = planted(7, 300).mask(np.random.default_rng(1).random((300, 5)) < 0.2)
    personas, features = made(natural, 3)
    tool = build_typing_tool(personas, features, KMEANS, seed=7)
    assert tool.people == 300
    assert tool.questions["answered"].between(0.7, 0.9).all()


# ---------------------------------------------------------------- new people


def test_placing_by_hand():
    tool = planted_tool()
    placed = assign_personas(tool, pd.DataFrame({"a": [5, 1, 3, None, 5], "b": [1, 5, 3, None, None]}))
    person = tool.rule.loc["intercept", ["P1", "P2", "P3"]] + 5 * tool.rule.loc["a", ["P1", "P2", "P3"]] + tool.rule.loc[
        "b", ["P1", "P2", "P3"]]
    assert placed.loc[0, ["P1", "P2", "P3"]].to_numpy(float) == pytest.approx(softmax(person.to_numpy(float)))
    assert placed.loc[0, "persona"] != placed.loc[1, "persona"]
    assert placed.loc[3, "why"] == "few_answers"
    assert pd.isna(placed.loc[3, "persona"])
    assert placed["answered"].tolist() == [2, 2, 2, 0, 1]
    assert (placed["runner_up"] != placed["persona"]).all()
    unsure = placed["probability"] < 0.6
    assert (placed.loc[unsure, "why"] != "").all()


@functools.cache
def planted_tool():
    return build_typing_tool(*made(planted(2), 3), KMEANS, target=0.85, seed=7)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=2), st.integers(0, 1))
def test_probabilities_add_up_and_answers_beyond_the_seen_count_as_the_nearest(answers, place):
    tool = planted_tool()
    person = pd.DataFrame([answers], columns=["a", "b"], dtype=float)
    row = assign_personas(tool, person)[["P1", "P2", "P3"]].to_numpy()
    assert row.sum() == pytest.approx(1)
    person.iloc[0, place] = 7.0
    edge = person.clip(upper=5)
    pd.testing.assert_frame_equal(assign_personas(tool, person), assign_personas(tool, edge))


@pytest.mark.parametrize(("people", "message"), [
    ({"a": [1]}, r"1 of 2 questions are missing \(b\)"),
    ({"a": ["yes"], "b": [1]}, r"a: 1 answers are not numbers \(yes\)"),
    ({"a": [99], "b": [1]}, r"a: 1 answers are far from those .* \(99.0; seen: 1 to 5\)"),
])
def test_answers_that_cannot_be_used_are_refused(people, message):
    tool = planted_tool()
    with pytest.raises(StudyError, match=message):
        assign_personas(tool, pd.DataFrame(people))


def test_an_unknown_level_is_refused(mixed):
    tool, natural = mixed
    with pytest.raises(StudyError, match=r"where: 1 answers are not among those .*\(catalogue\). Allowed: =web, app"):
        assign_personas(tool, natural.head(1).assign(where="catalogue"))


def test_what_cannot_be_built_is_refused():
    personas, features = made(planted(2, 60), 3)
    with pytest.raises(ChoiceError, match=r"questions: 'aa' is unknown. Allowed: a, b, c, d, e."):
        build_typing_tool(personas, features, KMEANS, questions=["aa"], seed=1)
    with pytest.raises(StudyError, match=r"the cost of a is 0"):
        build_typing_tool(personas, features, KMEANS, questions={"a": 0.0}, seed=1)
    with pytest.raises(StudyError, match=r"method: returned shape \(30, 2\) where \(30, 3\)"):
        build_typing_tool(personas, features, lambda table, k, seed: np.ones((len(table), 2)) / 2, seed=1)
    other = made(planted(2, 30), 3)[1]
    with pytest.raises(StudyError, match=r"personas: 30 of 60 participants are not in features"):
        build_typing_tool(personas, other, KMEANS, seed=1)
    with pytest.raises(TooFewError, match=r"there is one persona"):
        build_typing_tool(personas_of(features, np.ones((60, 1))), features, KMEANS, seed=1)
    few = np.eye(2)[np.r_[np.zeros(55, dtype=int), np.ones(5, dtype=int)]]
    with pytest.raises(TooFewError, match=r"1 personas have fewer than 8 people .* \(P2 5\)"):
        build_typing_tool(personas_of(features, few), features, KMEANS, seed=1)


# ---------------------------------------------------------------- files


def test_json_comes_back_to_the_last_digit(mixed, tmp_path):
    tool, natural = mixed
    back = load_typing_tool(save_typing_tool(tool, tmp_path / "tool.json"))
    pd.testing.assert_frame_equal(assign_personas(tool, natural), assign_personas(back, natural))
    for name in ("questions", "rule", "checks", "recall", "calibration"):
        pd.testing.assert_frame_equal(getattr(tool, name), getattr(back, name), check_dtype=False)
    assert repr(tool) == repr(back)
    text = (tmp_path / "tool.json").read_text()
    assert not any(one in text for one in natural.index)
    again = save_typing_tool(back, tmp_path / "again.json").read_text()
    assert again == text


def test_a_file_of_another_version_is_refused(mixed, tmp_path):
    path = save_typing_tool(mixed[0], tmp_path / "tool.json")
    held = json.loads(path.read_text())
    path.write_text(json.dumps({**held, "schema": "personakit.typing_tool/9"}))
    with pytest.raises(StudyError, match=r"tool.json: is 'personakit.typing_tool/9', not 'personakit.typing_tool/1'"):
        load_typing_tool(path)
    path.write_text(json.dumps({one: value for one, value in held.items() if one != "rule"}))
    with pytest.raises(StudyError, match=r"tool.json: lacks rule"):
        load_typing_tool(path)
    path.write_text(json.dumps({**held, "rule": {"term": ["x"]}}))
    with pytest.raises(StudyError, match=r"do not fit together"):
        load_typing_tool(path)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_questionnaire_asks_every_question_and_escapes_it(mixed, tmp_path, language):
    tool, _ = mixed
    labels = tool.questions.assign(label=["<b>Where & why?</b>", *[""] * (len(tool.questions) - 1)])
    html = save_typing_tool(replace(tool, questions=labels), tmp_path / "tool.html", language=language).read_text()
    assert f'<html lang="{language}">' in html
    assert "&lt;b&gt;Where &amp; why?&lt;/b&gt;" in html
    assert html.count("<fieldset>") == len(tool.questions)
    assert "<script" not in html
    assert "http" not in html
    assert ("oui" if language == "fr" else "yes") in html


def test_the_sheet_is_the_same_bytes_and_runs_no_text(mixed, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    tool, _ = mixed
    first = save_typing_tool(tool, tmp_path / "one.xlsx", language="fr", rows=20).read_bytes()
    assert first == save_typing_tool(tool, tmp_path / "two.xlsx", language="fr", rows=20).read_bytes()
    assert zipfile.ZipFile(tmp_path / "one.xlsx").testzip() is None
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert book.sheetnames == ["Personnes", "Mode d’emploi", "Règle"]
    texts = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value in ("=web", "=La pressée")]
    assert len(texts) >= 2
    assert all(cell.data_type == "s" for cell in texts)


def recomputed(path, folder):
    done = subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to",
                           "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out"), str(path)],
                          capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out" / path.name


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed: nothing recomputes the formulas")
def test_formulas_recomputed_by_libreoffice_agree_on_500_people(mixed, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    tool, natural = mixed
    path = save_typing_tool(tool, tmp_path / "sheet.xlsx", rows=500)
    book = openpyxl.load_workbook(path)
    sheet, asked = book.worksheets[0], list(tool.questions.index)
    assert len(asked) == 4
    people = natural[asked].copy()
    people.loc[people.index[0], ["likes", "where"]] = np.nan
    people.loc[people.index[1], ["likes", "where", "member"]] = np.nan
    people.loc[people.index[2], "days"] = 1.3 * natural["days"].max()
    for row, (person, answers) in enumerate(people.iterrows(), start=FIRST):
        sheet.cell(row, 1, person)
        for column, answer in enumerate(answers, start=2):
            if not pd.isna(answer):
                sheet.cell(row, column, answer).data_type = "s" if isinstance(answer, str) else "n"
    book.save(path)
    done = openpyxl.load_workbook(recomputed(path, tmp_path), data_only=True).worksheets[0]
    found = pd.DataFrame([[cell.value for cell in row] for row in done.iter_rows(min_row=FIRST, max_row=FIRST + 499)])
    ours = assign_personas(tool, people)
    names = pd.Series(tool.personas)
    expected = ours["persona"].map(names).fillna("cannot tell")
    shares = found.iloc[:, 3 + len(asked):3 + len(asked) + 3].to_numpy(float)
    assert shares == pytest.approx(ours[list(tool.personas)].to_numpy(), abs=1e-9)
    assert found[1 + len(asked)].tolist() == expected.tolist()
    assert found[2 + len(asked)].to_numpy(float) == pytest.approx(ours["probability"].to_numpy(), abs=1e-9)
    assert 20 < (expected == "cannot tell").sum() < 480


# ---------------------------------------------------------------- command line


def test_the_command_places_people_from_a_file(mixed, tmp_path):
    tool, natural = mixed
    save_typing_tool(tool, tmp_path / "tool.json")
    natural.drop(columns=["where"]).assign(where=natural["where"]).to_csv(tmp_path / "people.csv")
    done = personakit("assign", "tool.json", "people.csv", "--out", "placed.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    placed = pd.read_csv(tmp_path / "placed.csv", index_col="participant_id")
    ours = assign_personas(tool, natural)
    assert placed["persona"].fillna("").tolist() == ours["persona"].fillna("").tolist()
    assert placed["probability"].to_numpy() == pytest.approx(ours["probability"].to_numpy(), abs=1e-5)
    assert "=La pressée" in done.stdout


def test_the_command_says_in_one_sentence_what_is_wrong(mixed, tmp_path):
    save_typing_tool(mixed[0], tmp_path / "tool.json")
    (tmp_path / "people.csv").write_text("participant_id,days\np1,3\n")
    (tmp_path / "nobody.csv").write_text("client,days\np1,3\n")
    for arguments, word in ((("tool.json", "nobody.csv"), "--participant-id"),
                            (("tool.json", "people.csv", "--language", "de"), "fr, en"),
                            (("gone.json", "people.csv"), "gone.json"),
                            (("tool.json", "gone.csv"), "gone.csv"), (("tool.json", "people.csv"), "questions are missing")):
        done = personakit("assign", *arguments, "--out", "placed.csv", cwd=tmp_path)
        assert done.returncode == 2, done.stdout + done.stderr
        assert word in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "placed.csv").exists()


def test_the_ends_of_open_numbers_are_nobody_s():
    from personakit.typing_tool.build import _span

    spent = pd.Series([12.4, 80.0, 173_412.9])
    low, high = _span(spent, "numeric")
    assert (low, high) == (0.0, 180_000.0)
    assert _span(pd.Series([1, 5]), "ordinal") == (1.0, 5.0)
