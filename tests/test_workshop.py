"""The workshop: studies differ and can be solved, the truth stays in its envelope, checks hint and never raise."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import hand_made
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import personakit as pk
from personakit.cli import app
from personakit.errors import ChoiceError, StudyError
from personakit.wording import say_key
from personakit.workshop import check, deal_workshop, debrief, write_paper
from personakit.workshop.dealing import unseal
from personakit.workshop.debriefing import _judged, _membership

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "workshop"
SOLUTIONS = sorted(FOLDER.glob("solution-*.py"))


@pytest.fixture(scope="module")
def dealt(tmp_path_factory):
    return deal_workshop(tmp_path_factory.mktemp("dealt") / "atelier", groups=3, seed=3)


# ---------------------------------------------------------------- studies
def test_groups_have_other_people_and_one_has_noise(dealt):
    truths = unseal(dealt / "facilitator" / "answers.sealed")
    assert sorted(truths) == ["group-1", "group-2", "group-3"]
    assert sum(one["personas"] == 0 for one in truths.values()) == 1
    logs = [(dealt / name / "events.csv").read_bytes() for name in truths]
    assert len(set(logs)) == 3


def test_nothing_in_a_groups_folder_tells_the_truth(dealt):
    for folder in dealt.glob("group-*"):
        text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
        for word in ("comparatrice", "accompagné", "famille\n", "planted", "bruit", "0.45"):
            assert word not in text
        assert not (folder / "truth").exists()
    assert "comparatrice" not in (dealt / "facilitator" / "answers.sealed").read_text(encoding="ascii")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_form_gives_no_answer_away(dealt, language):
    # the examples in the form once were the planted ones
    form = say_key("workshop.form", language)
    for truth in unseal(dealt / "facilitator" / "answers.sealed").values():
        for example in re.findall(r':[^"#]*"([^"]+)"', form)[1:]:  # the first is "none"
            assert _judged("channel_break", example, truth)[2] is False
            assert _judged("content_gap", example, truth)[2] is False
        assert not truth["personas"] or f'"{truth["personas"]}"' not in form


def test_sheets_are_printed_too_where_that_can_be_done(tmp_path):
    pytest.importorskip("weasyprint")
    one, again = (write_paper(tmp_path / name, language="fr") for name in ("one", "again"))
    assert [path.name for path in one] == [f"{name}.{kind}" for name in ("card", "map", "notes") for kind in ("html", "pdf")]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in again]
    pypdfium2 = pytest.importorskip("pypdfium2")
    pages = {path.stem: [tuple(round(side) for side in page.get_size()) for page in pypdfium2.PdfDocument(path.read_bytes())]
             for path in one if path.suffix == ".pdf"}
    assert pages == {"card": [(842, 595)] * 2, "map": [(1191, 842)], "notes": [(595, 842)]}


def test_every_group_can_solve_its_own(dealt):
    for name, truth in unseal(dealt / "facilitator" / "answers.sealed").items():
        study = pk.load_study(dealt / name)
        features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
        found = pk.find_candidates(features, methods="latent_class", k=[3, 4], seed=7)
        if not truth["personas"]:
            assert found.verdict == "none"
            continue
        labels = found.memberships[found.recommended].idxmax(axis=1).rename("persona")
        labels.to_csv(dealt / name / "membership.csv")
        friction = pk.rank_friction(pk.trace_journeys(study), seed=7)
        said = str(friction.loc[friction["flagged"].astype(bool), "touchpoint"].iloc[0])
        (dealt / name / "answers.toml").write_text(
            f'personas = "{truth["personas"]}"\nfriction = "{said}"\nchannel_break = "web → boutique"\n'
            'content_gap = "rassurer à décision d’achat"\n', encoding="utf-8")
    table = debrief(dealt)
    answered = table[table["said"] != ""]
    assert len(answered) == 10
    assert all(answered["right"])


def test_same_seed_same_studies(tmp_path):
    one, again, other = (deal_workshop(tmp_path / name, groups=1, seed=seed, sample="agence")
                         for name, seed in (("one", 5), ("again", 5), ("other", 6)))
    files = [{path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}
             for home in (one, again, other)]
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_bad_deals_are_refused(tmp_path, dealt):
    with pytest.raises(ChoiceError, match="Did you mean 'lunettes'"):
        deal_workshop(tmp_path / "x", seed=1, sample="lunete")
    with pytest.raises(StudyError, match="1 to 20"):
        deal_workshop(tmp_path / "x", seed=1, groups=0)
    with pytest.raises(StudyError, match="holds files already"):
        deal_workshop(dealt, seed=1)
    with pytest.raises(StudyError, match="cannot be opened"):
        debrief(tmp_path)


def test_forms_are_read_as_people_write(tmp_path):
    home = deal_workshop(tmp_path / "w", groups=1, seed=2, sample="agence", language="en")
    form = home / "group-1" / "answers.toml"
    assert debrief(home)["right"].isna().all()
    form.write_text('personas = "none"\n', encoding="utf-8")
    assert debrief(home).loc[0, "right"] is False
    form.write_text("personas = none\n", encoding="utf-8")
    with pytest.raises(StudyError, match="group-1/answers.toml: is not TOML"):
        debrief(home)


def test_the_commands(tmp_path):
    runner = CliRunner()
    made = runner.invoke(app, ["workshop", str(tmp_path / "w"), "--groups", "1", "--sample", "agence"])
    opened = runner.invoke(app, ["debrief", str(tmp_path / "w")])
    assert (made.exit_code, opened.exit_code) == (0, 0)
    assert "content_gap" in opened.stdout


@pytest.mark.parametrize(("question", "said", "right"), [
    ("channel_break", "du web vers la boutique", True), ("channel_break", "from web to the shop", True),
    ("channel_break", "web → magasin", True), ("channel_break", "boutique -> web", False),
    ("content_gap", "rassurer, décision d'achat", True), ("content_gap", "purchase / reassure", True),
    ("friction", "panier", True), ("personas", "rien", False), ("personas", "4", True),
])
def test_answers_are_read_as_people_write_them(question, said, right):
    truth = {"personas": 4, "friction": ["Panier"], "channel_break": [["web", "shop"]], "people": {},
             "content_gap": [["reassure", "purchase"]]}
    assert _judged(question, said, truth)[2] is right


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x", b"participant_id;persona\nc1;a\nc1;b\nc2;a\n", b"a,b\n1"])
def test_a_broken_membership_is_a_question_mark(tmp_path, content):
    (tmp_path / "membership.csv").write_bytes(content)
    truth = {"personas": 2, "people": {"c1": "one", "c2": "two"}}
    assert _membership(tmp_path / "membership.csv", truth)[::2] == ("?", None)


# ---------------------------------------------------------------- checks
@pytest.mark.parametrize("wrong", [None, 7, "P1", [], {}, np.nan, hand_made.findings])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_checks_never_raise(wrong, language):
    for exercise, names in (("reading", ["study", "aside", "reason"]), ("features", ["study", "features"]),
                            ("naming", ["personas"]), ("candidates", ["candidates", "verdict", "k"]),
                            ("journeys", ["findings", "friction", "channel_break", "differ"])):
        seen = check(exercise, language=language, **dict.fromkeys(names, wrong))
        assert not seen.passed
        assert "✘" in repr(seen)


@pytest.mark.parametrize("odd", [pd.DataFrame({"touchpoint": ["Panier"]}), pd.Series(["Panier"]), np.array(["a", "b"]),
                                 pd.NA, ["web", None], ("web",), [["web"], ["shop"]], [np.array([1, 2])], True,
                                 np.bool_(True)])
def test_tables_where_a_word_is_asked_for_are_wrong_answers(odd):
    # a learner hands in the row instead of the word
    seen = check("journeys", findings=hand_made.findings(), friction=odd, channel_break=odd, differ=odd)
    assert not seen.passed
    assert repr(seen)
    for answer in ("aside", "reason"):
        assert repr(check("reading", study=hand_made.study(), **{answer: odd}))


def test_checks_hold_what_is_right_and_hint_at_what_is_not():
    candidates = hand_made.candidates()
    k = int(candidates.table.loc[candidates.recommended, "k"])
    good = check("candidates", candidates=candidates, verdict=candidates.verdict, k=k)
    bad = check("candidates", candidates=candidates, verdict="certain", k=k + 1)
    held = {line.key for holds, line in good.lines if holds}
    assert {"workshop.verdict", "workshop.k"} <= held
    assert {"workshop.verdict_not", "workshop.k_not"} <= {line.key for _, line in bad.lines}
    # a hint gives nothing away
    assert str(k) not in repr(bad).splitlines()[-1]
    with pytest.raises(ChoiceError, match="Did you mean 'naming'"):
        check("namin")
    with pytest.raises(ChoiceError, match="answer of naming"):
        check("naming", persona=1)


def test_recommended_personas_are_not_chosen_ones():
    seen = check("naming", personas=hand_made.personas(chosen=False))
    assert not seen.passed
    assert "✔" in repr(check("naming", personas=hand_made.personas(chosen=True)))


# ---------------------------------------------------------------- notebooks
def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def feedback(path):
    outputs = [one for cell in cells(path) if cell["cell_type"] == "code" for one in cell["outputs"]]
    assert not any(one["output_type"] == "error" for one in outputs)
    return "".join("".join(one["data"]["text/plain"]) for one in outputs[-1:])


@pytest.mark.parametrize("script", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solution_asserts_that_it_passes_and_an_exercise_does_not(script):
    exercise = FOLDER / f"{script.stem.replace('solution', 'exercise')}.ipynb"
    for path, said in ((script.with_suffix(".ipynb"), True), (exercise, False)):
        assert any("assert seen.passed" in "".join(cell["source"]) for cell in cells(path)) is said


@pytest.mark.parametrize("script", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_pass_and_exercises_hint(script):
    solution = script.with_suffix(".ipynb")
    exercise = FOLDER / f"{script.stem.replace('solution', 'exercise')}.ipynb"
    assert "✔" in feedback(solution)
    assert "✘" not in feedback(solution)
    assert "✘" in feedback(exercise)


@pytest.mark.parametrize("script", SOLUTIONS, ids=lambda path: path.stem)
def test_notebooks_come_from_the_solution_script(script):
    sys.path.insert(0, str(FOLDER))
    import build as workshop_build

    sys.path.remove(str(FOLDER))
    sys.modules.pop("build", None)
    for name, made in (("solution", workshop_build.read(script)), ("exercise", workshop_build.exercise_of(script))):
        stored = cells(FOLDER / f"{script.stem.replace('solution', name)}.ipynb")
        assert [one.source for one in made.cells] == ["".join(one["source"]) for one in stored]
    assert workshop_build.PLACE in "".join(one.source for one in workshop_build.exercise_of(script).cells)
