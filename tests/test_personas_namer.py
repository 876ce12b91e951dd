"""label_with: what reaches a namer, what it may say, and how it is marked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_personas import make_study

from personakit.cards import make_cards
from personakit.errors import ChoiceError, TooFewError
from personakit.evidence import gather_evidence
from personakit.personas import label, label_with, suggest_labels
from personakit.personas.namer import aggregates_of
from personakit.records import Features


@pytest.fixture(scope="module")
def told():
    _, _, personas = make_study()
    ids = personas.membership.index
    codes = pd.DataFrame({"participant_id": [*ids[:8], *ids[20:23], *ids[40:52], *ids[23:26]],
                          "code": ["evening visits"] * 11 + ["two"] * 12 + ["price"] * 3,
                          "kind": "need", "quote": "I come at 19:45.", "consent": "verbatim"})
    study, features, personas = make_study(codes=codes)
    return personas, gather_evidence(study, features, personas, seed=1)


def say(personas, evidence, name, summary):
    """Name P1 by this text, the others plainly."""
    return label_with(personas, evidence, lambda seen: (name, summary) if seen.coverage.index[0] == "P1"
                      else (f"Persona {seen.coverage.index[0]}", "Others."), by="RK", reason="to try")


def test_only_aggregates_above_the_threshold_reach_it(told):
    personas, evidence = told
    seen = aggregates_of(evidence, "P1")
    assert set(seen.table["persona"]) == {"P1"}
    assert seen.coverage.index.tolist() == ["P1"]
    assert seen.quotes.empty
    text = "".join(frame.to_csv() for frame in (seen.table, seen.codes, seen.coverage, seen.traits))
    assert not any(one in text for one in personas.membership.index)
    # 8 of P1 and 3 elsewhere: the 3 is hidden, so the row is not there
    assert "evening visits" not in set(seen.codes["code"])
    assert aggregates_of(evidence, "P3").codes[["code", "with_code", "elsewhere"]].values.tolist() == [
        ["two", 12, 0], ["evening visits", 0, 11]]
    assert not {"share", "low", "high"} & set(seen.codes.columns)  # interviews are counts, not percentages


def test_its_words_are_kept_and_marked_as_a_machines(told):
    personas, evidence = told
    share = aggregates_of(evidence, "P1").table.set_index("feature").loc["channel_share:shop", "inside"]
    summary = f"20 people; {share * 100:.0f} % of their events are in the shop, {share:.2f} in figures."
    named = say(personas, evidence, "Evening shopper", summary)
    assert named.names["P1"] == "Evening shopper"
    assert not personas.names
    log = named.decisions[named.decisions["persona"] == "P1"]
    assert log["act"].tolist() == ["label_by_machine", "summary_by_machine"]
    assert log["value"].tolist() == ["Evening shopper", summary]
    assert log["by"].tolist() == ["RK", "RK"]
    for language, words in (("en", "worded by a machine"), ("fr", "rédigé par une machine")):
        card = make_cards(named, evidence, language=language)[0]
        assert "machine" in card.banner
        assert any(words in claim.text for section in card.sections for claim in section.claims)
    renamed = label(named, {"P1": "Claire"}, by="AB", reason="shorter", replace=True)
    assert "machine" not in (make_cards(renamed, evidence, language="en")[0].banner or "")
    kept = label(named, {"P1": "Evening shopper"}, by="AB", reason="fits")
    assert "machine" in make_cards(kept, evidence, language="en")[0].banner


@pytest.mark.parametrize("summary", [
    "20 people, a third of all.", "Plus de la moitié viennent le soir.", "Three come each week.", "½ of them shop.",
    "Growing by 731 % a year.", "In 2024 they came.", "12,345.6 visits.", "About 20 people of 61.", "They spend 17 minutes.",
    "P1: 19 times a day.",
    "\u0663\u0661 people.", "20e2 visits.", "They buy 20x as much.", "Le panier a doublé.", "Quatre-vingt-dix pour cent.",
    "La majorité vient le soir.", "1\u202f999 visits.", "61,3 % of them.", "From 20 to 97 people.", "Nine in ten.",
])
def test_an_invented_number_is_refused(told, summary):
    with pytest.raises(ChoiceError, match=r"numbers of P1 are not in its evidence .* refused"):
        say(*told, "Shopper", summary)


def test_french_spaces_are_no_line_breaks(told):
    personas, evidence = told
    n = int(evidence.coverage.at["P1", "n"])
    share = 100 * evidence.coverage.at["P1", "share"]
    named = say(personas, evidence, "Client du soir", f"Ils sont {n}\u00a0personnes, soit {share:.0f}\u202f%.")
    assert named.names["P1"] == "Client du soir"


def test_a_number_of_a_name_is_no_licence():
    study, features, personas = make_study()
    renamed = {"events_per_session": "sessions_per_30d"}
    features = Features(table=features.table.rename(columns=renamed), natural=features.natural.rename(columns=renamed),
                        catalog=features.catalog.rename(index=renamed), dropped=features.dropped)
    personas = replace(personas, features=features)
    evidence = gather_evidence(study, features, personas, seed=1)
    for summary in ("Sessions per 30 days are high.", "Beaucoup de visites par 30 jours.", "sessions_per_30d: high."):
        named = label_with(personas, evidence, lambda seen, text=summary: (
            f"Of {seen.coverage.index[0]}", text if seen.coverage.index[0] == "P3" else "Plain."), by="RK", reason="x")
        assert named.names["P3"] == "Of P3"
    for summary in ("30 people.", "They come 30 times."):
        with pytest.raises(ChoiceError, match="not in its evidence"):
            label_with(personas, evidence, lambda seen, text=summary: (
                f"Of {seen.coverage.index[0]}", text if seen.coverage.index[0] == "P3" else "Plain."), by="RK", reason="x")


def test_words_and_digits_of_the_evidence_may_be_repeated(told):
    personas, evidence = told
    assert say(personas, evidence, "P1 shopper", "20 people. 33 % of participants.").names["P1"] == "P1 shopper"
    spoken = {"P1": "Plain.", "P2": "Plain.", "P3": "They say “two”."}
    named = label_with(personas, evidence, lambda seen: (f"Of {seen.coverage.index[0]}", spoken[seen.coverage.index[0]]),
                       by="RK", reason="x")
    assert named.names["P3"] == "Of P3"
    with pytest.raises(ChoiceError, match="three"):
        say(personas, evidence, "Shopper", "They say “three”.")


@pytest.mark.parametrize(("namer", "message"), [
    (lambda seen: 1 / 0, "raised ZeroDivisionError for P1"),
    (lambda seen: "Shopper", r"returned 'Shopper' for P1. Return two texts"),
    (lambda seen: None, "returned None for P1"),
    (lambda seen: ("Shopper", 3), "Return two texts"),
    (lambda seen: ("", "Plain."), "the name of P1 is empty"),
    (lambda seen: ("x" * 61, "Plain."), "longer than 60 letters"),
    (lambda seen: ("Shopper", "Line\nline"), "not one line"),
    (lambda seen: ("Shopper", "Plain."), "P1 and P2 are both named 'Shopper'"),
])
def test_nonsense_is_refused(told, namer, message):
    with pytest.raises(ChoiceError, match=message):
        label_with(*told, namer, by="RK", reason="to try")


def test_names_of_people_stay(told):
    personas, evidence = told
    named = label(personas, {"P1": "Claire"}, by="AB", reason="interviews")
    asked = []
    more = label_with(named, evidence, lambda seen: asked.append(seen.coverage.index[0]) or (asked[-1], "Plain."),
                      by="RK", reason="the rest")
    assert asked == ["P2", "P3"]
    assert more.names["P1"] == "Claire"
    with pytest.raises(ChoiceError, match="every persona has a name"):
        label_with(more, evidence, lambda seen: ("a", "b"), by="RK", reason="again")
    with pytest.raises(ChoiceError, match="P1 and P2 are both named"):
        label_with(named, evidence, lambda seen: ("claire", "Plain."), by="RK", reason="again")
    with pytest.raises(ChoiceError, match="'reason' is empty"):
        label_with(personas, evidence, lambda seen: ("a", "b"), by="RK", reason="")


def test_a_small_persona_is_not_shown_to_it():
    study, features, personas = make_study(np.repeat([0, 1, 2], [28, 28, 4]))
    evidence = gather_evidence(study, features, personas, seed=1)
    with pytest.raises(TooFewError, match="P3 stands on 4 people"):
        label_with(personas, evidence, lambda seen: (seen.coverage.index[0], "Plain."), by="RK", reason="x")


def test_evidence_of_other_people_is_refused(told):
    study, features, other = make_study(np.repeat([0, 1, 2], [30, 20, 10]))
    _, evidence = told
    for act in (lambda: label_with(other, evidence, lambda seen: ("a", "b"), by="RK", reason="x"),
                lambda: suggest_labels(other, evidence, language="fr")):
        with pytest.raises(ChoiceError, match=r"of other people \(20, 20, 20 a persona, here 30, 20, 10\)"):
            act()
