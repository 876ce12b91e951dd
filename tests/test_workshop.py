"""The workshop: studies differ and can be solved, the truth stays in its envelope, checks hint and never raise."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import hand_made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from personakit.cli import app
from personakit.errors import ChoiceError, StudyError
from personakit.samples import recipe_of
from personakit.wording import say_key
from personakit.workshop import check, deal_workshop, debrief, tell_debrief, write_paper
from personakit.workshop.dealing import QUESTIONS, _spread, unseal
from personakit.workshop.debriefing import _judged, _membership
from personakit.workshop.drawn import read_map, score_map

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "workshop"
BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
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
            assert _judged("channel_break", example, truth)[2] == 0
            assert _judged("content_gap", example, truth)[2] == 0
        assert not truth["personas"] or f'"{truth["personas"]}"' not in form


def test_places_come_twice_only_where_there_are_no_others():
    for sample, seed in (("lunettes", 1), ("lunettes", 2), ("agence", 3)):
        five, twenty = (_spread([recipe_of(sample)] * count, sample, np.random.default_rng(seed)) for count in (5, 20))
        assert [len({getattr(one, name) for one in five}) for name in ("friction", "broken", "gap")] == [5, 5, 5]
        assert len({(one.friction, one.broken) for one in twenty}) == 20
        assert five == twenty[:5]


def test_the_survey_and_the_visits_tell_no_place_by_being_there(dealt):
    # every study asks about every place; only what people answer differs
    books = [(folder / "codebook.csv").read_bytes() for folder in sorted(dealt.glob("group-*"))]
    shops = [set(pd.read_csv(folder / "walkthroughs.csv").query("shop != 'concurrent'")["touchpoint"])
             for folder in sorted(dealt.glob("group-*"))]
    assert len(set(books)) == 1
    places = {"Panier", "Prise en charge mutuelle", "Choix de livraison", "Essai virtuel", "Prise de rendez-vous"}
    assert all(places <= one for one in shops)
    codes = [set(pd.read_csv(folder / "codes.csv").dropna(subset="quote")["code"]) for folder in dealt.glob("group-*")]
    assert all(not any("[" in code or "|" in code for code in one) for one in codes)


def test_sheets_are_printed_too_where_that_can_be_done(tmp_path):
    pytest.importorskip("weasyprint")
    one, again = (write_paper(tmp_path / name, language="fr") for name in ("one", "again"))
    assert [path.name for path in one] == [f"{name}.{kind}" for name in ("card", "map", "notes") for kind in ("html", "pdf")]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in again]
    pypdfium2 = pytest.importorskip("pypdfium2")
    pages = {path.stem: [tuple(round(side) for side in page.get_size()) for page in pypdfium2.PdfDocument(path.read_bytes())]
             for path in one if path.suffix == ".pdf"}
    assert pages == {"card": [(842, 595)] * 2, "map": [(1191, 842)], "notes": [(595, 842)]}


def test_every_group_can_solve_its_own_and_none_its_neighbours(dealt):
    # the simulation over a dozen deals is benchmarks/workshop.csv
    sys.path.insert(0, str(BENCHMARKS))
    from simulate_workshop import solve

    sys.path.remove(str(BENCHMARKS))
    groups = sorted(dealt.glob("group-*"))
    for folder in groups:
        solve(folder, sizes=[3, 4])
    table = debrief(dealt)
    answered = table[table["score"].notna()]
    # of the group with noise, who is of which persona and where the trough is cannot be scored
    assert len(answered) == 31
    assert list(answered.loc[answered["score"] < 1, "question"].unique()) == ["membership"]
    assert answered["right"].all()
    assert (table["hint"] != "").sum() == (table["score"] != 1).sum()
    told = tell_debrief(dealt)
    assert told.count("✔") == (table["score"] == 1).sum()
    assert "rien (planté" in told
    # the answers of a neighbour: no place is the same
    forms = [(folder / "answers.toml").read_text(encoding="utf-8") for folder in groups]
    for folder, form in zip(groups, forms[1:] + forms[:1], strict=True):
        (folder / "answers.toml").write_text(form, encoding="utf-8")
    copied = debrief(dealt)
    assert not (copied.loc[copied["question"].isin(["friction", "channel_break", "content_gap"]), "score"] == 1).any()


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
    assert tell_debrief(home).startswith("group-1: nothing is filled in.")
    form.write_text('personas = "none"\n', encoding="utf-8")
    assert debrief(home).loc[0, "right"] is False
    form.write_text("personas = 2\n", encoding="utf-8")
    assert debrief(home).loc[0, ["score", "right"]].tolist() == [0.5, False]
    form.write_text('personas = "Trois personas"\n', encoding="utf-8")
    assert debrief(home).loc[0, "right"]
    form.write_text("personas = none\n", encoding="utf-8")
    with pytest.raises(StudyError, match="group-1/answers.toml: is not TOML"):
        debrief(home)


def test_the_commands(tmp_path):
    runner = CliRunner()
    made = runner.invoke(app, ["workshop", str(tmp_path / "w"), "--groups", "1", "--sample", "agence"])
    opened = runner.invoke(app, ["debrief", str(tmp_path / "w")])
    assert (made.exit_code, opened.exit_code) == (0, 0)
    assert "contenu manquant" in opened.stdout


STAGE_OF = {"Panier": "purchase", "Paiement": "purchase", "Fiche produit": "research", "Prise de rendez-vous": "research"}
TRUTH = {"personas": 4, "friction": ["Panier"], "channel_break": [["web", "shop"]],
         "content_gap": [["reassure", "purchase"]], "people": {}, "stage_of": STAGE_OF, "language": "en"}


@pytest.mark.parametrize(("question", "said", "score"), [
    ("channel_break", "du web vers la boutique", 1), ("channel_break", "from web to the shop", 1),
    ("channel_break", "web → magasin", 1), ("channel_break", "boutique -> web", 0.5), ("channel_break", "web > call", 0.5),
    ("channel_break", "call > web", 0), ("channel_break", "web", 0), ("channel_break", "none", 0),
    ("content_gap", "rassurer, décision d'achat", 1), ("content_gap", "purchase / reassure", 1),
    ("content_gap", "help / purchase", 0.5), ("content_gap", "help / loyalty", 0),
    ("friction", "panier", 1), ("friction", "le panier", 1), ("friction", "Paiement", 0.5), ("friction", "purchase", 0.5),
    ("friction", "rendez-vous", 0), ("friction", "nothing", 0),
    ("personas", "rien", 0), ("personas", "4", 1), ("personas", "5", 0.5), ("personas", "7", 0), ("personas", "lots", 0),
])
def test_answers_are_read_as_people_write_them_and_scored_by_halves(question, said, score):
    assert _judged(question, said, TRUTH)[2] == score


def test_nothing_is_right_where_nothing_is_planted():
    nothing = TRUTH | {"personas": 0, "friction": [], "channel_break": []}
    for question in ("personas", "friction", "channel_break"):
        assert _judged(question, "none", nothing)[2] == 1
        assert _judged(question, "Panier" if question == "friction" else "web > shop", nothing)[2] == 0


# ---------------------------------------------------------------- maps that people draw
#: two planted personas: one compares and goes back, the other goes straight on
COMPARES = {"next": {"awareness": ["research"], "research": ["purchase"], "purchase": ["research"]}, "most_at": ["research"],
            "channel": ["web"]}
STRAIGHT = {"next": {"awareness": ["purchase"], "research": ["purchase"], "purchase": ["loyalty"], "loyalty": []},
            "most_at": ["purchase"], "channel": ["app", "web"]}
JOURNEYS = TRUTH | {"journeys": {"all": COMPARES, "compares": COMPARES, "straight": STRAIGHT}}


def scores(text, tmp_path, truth=JOURNEYS):
    (tmp_path / "map.csv").write_text(text, encoding="utf-8")
    return {name: one[2] for name, one in score_map(read_map(tmp_path / "map.csv"), truth).items()}


def test_a_map_is_scored_row_by_row_against_the_persona_it_is_most_like(tmp_path):
    # B is the first planted one and A the second: the order of rows and names play no part
    drawn = """who;étapes;où;canal;arrêt;rupture;creux
A;awareness > purchase > loyalty;purchase;app;Panier;web > shop;purchase
B;prise de conscience > recherche > achat > loyalty;research;shop;Paiement;shop > web;Fiche produit
"""
    # B: two of its three moves are planted, its channel is not; the stop is right once and half right once
    assert scores(drawn, tmp_path) == {"stages": (1 + 2 / 3) / 2, "most_at": 1.0, "channel": 0.5, "friction": 0.75,
                                       "channel_break": 0.75, "trough": 0.5}


def test_a_persona_that_is_missing_and_a_row_too_many_cost(tmp_path):
    head, row = "a,b,c,d,e,f,g\n", "{},awareness > research > purchase,research,web,,,\n"
    assert scores(head + row.format("P1"), tmp_path)["most_at"] == 0.5
    three = head + row.format("P1") + row.format("P2") + row.format("P3")
    assert scores(three, tmp_path)["most_at"] == 1 / 3
    # one map for everyone is compared with everyone; a blank is no answer
    found = scores(head + row.format("everyone"), tmp_path)
    assert found["stages"] == found["most_at"] == 1
    assert found["friction"] is None
    # a single move is half a map
    assert scores(head + "all,awareness > research,,,,,\n", tmp_path)["stages"] == 0.5
    # where there are no personas, three that are drawn are two too many
    noise = JOURNEYS | {"journeys": {"all": COMPARES}, "friction": [], "channel_break": [], "personas": 0}
    assert scores(three, tmp_path, noise)["most_at"] == 1 / 3
    assert scores(head + "all,,,,none,rien,purchase\n", tmp_path, noise) == {
        "stages": None, "most_at": None, "channel": None, "friction": 1, "channel_break": 1, "trough": None}


def test_what_is_said_of_everyone_stands_for_each_persona(tmp_path):
    (tmp_path / "map.csv").write_text("a,b,c,d,e,f,g\ntout le monde,,,web,Panier,,\nP1,x > y,,,,,\nP2,,,app,,,\n",
                                      encoding="utf-8")
    read = read_map(tmp_path / "map.csv")
    assert read[["persona", "channel", "friction"]].to_numpy().tolist() == [["P1", "web", "Panier"], ["P2", "app", "Panier"]]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x", b"a,b\n1,2\n", b"\x00\x01", b"a,b,c,d,e,f,g\n,,,,,,\n"])
def test_a_broken_map_says_nothing(tmp_path, content):
    (tmp_path / "map.csv").write_bytes(content)
    assert len(read_map(tmp_path / "map.csv")) == 0
    found = score_map(read_map(tmp_path / "map.csv"), JOURNEYS)
    assert all(score is None and not said for said, _, score in found.values())
    assert found["stages"][1].startswith("compares: awareness > ")


WRITTEN = st.one_of(st.text(max_size=12), st.sampled_from(["web > shop", "Panier", "research", "none", "4"]))


@given(st.lists(st.tuples(*[WRITTEN] * 7), max_size=4))
@settings(max_examples=30, deadline=None)
def test_whatever_people_write_is_scored_between_nothing_and_all(rows):
    drawn = read_map(pd.DataFrame(rows, columns=list("abcdefg")))
    assert len(drawn) <= len(rows)
    judged = [*score_map(drawn, JOURNEYS).values(),
              *(_judged(question, one, TRUTH) for row in rows for one in row[:2] for question in QUESTIONS)]
    assert all(score is None or 0 <= score <= 1 for _, _, score in judged)
    assert repr(check("map", study=hand_made.study(), drawn=drawn))


def test_a_map_in_words_of_its_own_is_told_so():
    drawn = pd.DataFrame([["P1", "awareness > hesitation", "purchase", "web", "Basket", "none", ""]])
    seen = check("map", study=hand_made.study(), drawn=drawn)
    assert not seen.passed
    assert "hesitation" in repr(seen)
    assert "Basket" in repr(seen)


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
                            ("journeys", ["findings", "friction", "channel_break", "differ"]), ("map", ["study", "drawn"])):
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
    assert not check("map", study=hand_made.study(), drawn=odd).passed
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


def test_nobody_is_an_answer_where_nothing_is_recommended():
    nothing = replace(hand_made.candidates(), recommended=None, verdict="none")
    assert check("naming", personas=None, candidates=nothing).passed
    assert not check("naming", personas=None, candidates=hand_made.candidates()).passed
    quiet = hand_made.findings()
    one_persona = quiet.switches.assign(flagged=quiet.switches["persona"] != "all")
    quiet = replace(quiet, friction=quiet.friction.assign(flagged=False), switches=one_persona,
                    comparison=quiet.comparison.head(0))
    seen = check("journeys", findings=quiet, friction=None, channel_break=None, differ=False)
    assert seen.passed
    assert "nowhere" in repr(seen)
    assert not check("journeys", findings=quiet, friction="Panier", channel_break=("web", "shop"), differ=True).passed


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
    # the French exercise: the same code, but for the language of its hints
    french = cells(workshop_build.french_of(script).with_suffix(".ipynb"))
    assert [one.source for one in workshop_build.in_french(script).cells] == ["".join(one["source"]) for one in french]
    code = ["".join(one["source"]).replace('"fr"  # of', '"en"  # of') for one in french if one["cell_type"] == "code"]
    assert code == [one.source for one in workshop_build.exercise_of(script).cells if one.cell_type == "code"]
    assert "✘" in feedback(workshop_build.french_of(script).with_suffix(".ipynb"))


def test_a_dozen_dealt_workshops_can_be_solved():
    table = pd.read_csv(BENCHMARKS / "workshop.csv")
    assert len(table) == 60
    found = table.groupby("sample").mean(numeric_only=True)
    asked = ["friction", "channel_break", "content_gap", "personas", "map_stages", "map_trough"]
    assert (found[asked] >= 0.95).all(axis=None)
    for _, deal in table.groupby("seed"):
        assert not any(deal[name].dropna().duplicated().any() for name in ("stops_at", "breaks_at", "lacks"))
