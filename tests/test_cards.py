"""Cards: what each sentence says, what it names as evidence, and what it must never say."""

from __future__ import annotations

import re
from dataclasses import replace

import hand_made
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.cards import make_cards
from personakit.cards.known import natural, scale
from personakit.errors import StudyError
from personakit.export.drawings import dumbbell


@pytest.fixture(scope="module")
def cards():
    return make_cards(hand_made.personas(), hand_made.evidence(), hand_made.findings(), language="fr")


def texts(card, key=None):
    return [claim.text for part in card.sections if key in (None, part.key) for claim in part.claims]


def test_one_card_a_persona_in_order(cards):
    assert [card.persona for card in cards] == ["P1", "P2", "P3"]
    assert cards[0].title == hand_made.LONG_NAME
    assert cards[1].title == "Persona P2"


def test_share_with_interval_and_n(cards):
    text = cards[0].figures["share"]["text"]
    assert re.sub(r"\s", " ", text) == "50 % des participants 100 personnes sur 200 ; intervalle à 95 % : 43 % à 57 %"


def test_interviews_are_counts_never_shares(cards):
    for key in ("goal", "need", "motivation", "pain", "delight", "barrier"):
        for text in texts(cards[0], key):
            assert "%" not in text
            assert "des 12 personnes interrogées" in text
    assert texts(cards[0], "goal")[0].startswith("comparer avant de choisir\n7 des 12")


def test_behaviours_are_the_six_largest_effects_with_inside_and_outside(cards):
    first = texts(cards[0], "behaviours")
    assert len(first) == 6
    assert "42" in first[0]
    assert "18" in first[0]
    drawn = cards[0].figures["behaviours"][0]
    assert drawn["inside"] == pytest.approx(0.42)
    # the difference 0.24 has an interval of 40 % of itself: inside lies between 0.18 + 0.144 and 0.18 + 0.336
    assert (drawn["low"], drawn["high"]) == (pytest.approx(0.324), pytest.approx(0.516))


def test_every_sentence_of_the_front_names_evidence_that_exists(cards):
    evidence, findings = hand_made.evidence(), hand_made.findings()
    known = {
        one
        for frame in (
            evidence.table,
            evidence.codes,
            evidence.quotes,
            evidence.coverage,
            evidence.traits,
            findings.stages,
        )
        for one in frame["evidence_id"]
    } | {hand_made.personas().quality["evidence_id"]}
    for card in cards:
        for part in card.sections:
            for claim in part.claims:
                assert set(claim.evidence) <= known
                assert claim.evidence or part.side == "back", claim.text
        assert set(card.figures["sources"]) >= {
            one for part in card.sections for claim in part.claims for one in claim.evidence
        }


def test_the_verdict_names_its_candidate_where_it_has_an_id(cards):
    behind = hand_made.personas().quality["evidence_id"]
    assert cards[0].figures["sources"][behind] == "candidates"
    *made, survival = next(part.claims for part in cards[0].sections if part.key == "made")
    assert all(claim.evidence == (behind,) for claim in made)
    assert survival.status == "method"
    unnamed = replace(hand_made.personas(), quality=hand_made.personas().quality.drop("evidence_id"))
    card = make_cards(unnamed, hand_made.evidence(), language="fr")[0]
    assert {claim.status for part in card.sections if part.key == "made" for claim in part.claims} == {"method"}


def test_no_p_value_on_what_made_the_personas(cards):
    active = {row[0] for row in hand_made.ROWS if row[1] == "active"}
    for card in cards:
        for part in card.sections:
            for claim in part.claims:
                if "q = " in claim.text:
                    assert part.key == "surprise"
                    assert not any(name in claim.text for name in active)
    assert "q = 0,002" in texts(cards[0], "surprise")[0]


def test_quotes_obey_consent_and_one_a_person(cards):
    for card in cards:
        assert not any("7741" in text for text in texts(card))
    assert len(texts(cards[0], "quotes")) == 2
    assert texts(cards[1], "quotes") == []
    assert any("autorisé" in text for text in texts(cards[1], "unknown"))
    assert "[…]" in texts(cards[0], "quotes")[0]


def test_small_cells_are_left_out(cards):
    """3 % of P1's 100 people are vip: 3 people, fewer than 5."""
    assert not any("vip" in text for text in texts(cards[0], "behaviours") + texts(cards[0], "surprise"))


def test_the_strongest_trait_is_named_even_where_its_figures_are_hidden():
    evidence = hand_made.evidence()
    effect = evidence.table["effect"].mask(evidence.table["feature"] == "vip", -3.0)
    strong = replace(evidence, table=evidence.table.assign(effect=effect))
    card = make_cards(hand_made.personas(), strong, language="en")[0]
    assert texts(card, "behaviours")[0].endswith("\nfewer than 5 people, here or elsewhere: figures hidden")
    assert "3%" not in texts(card, "behaviours")[0]
    assert all(card.figures["behaviours"][0][name] is None for name in ("inside", "outside", "low", "high"))
    assert dumbbell(card.figures["behaviours"][0], label="x") == ""


def test_contested_is_that_of_the_resamples_where_it_was_measured():
    people = hand_made.personas()
    measured = replace(people, stability=people.stability.assign(contested=[0.33, 0.0, 0.0]))
    cards = make_cards(measured, hand_made.evidence(), language="en")
    assert texts(cards[0], "contested")[0].startswith("33%")
    assert any("33%" in text for text in texts(cards[0], "surprise"))
    assert texts(cards[2], "contested")[0] == "None of its members is claimed by another persona."


def test_the_nearest_persona_does_not_hang_on_the_order_of_rows():
    """Second choice of P1's hundred members: P3 for the first fifty, P2 for the others, a tie."""
    people = hand_made.personas()
    membership = people.membership.copy()
    membership.iloc[:50] = [0.7, 0.1, 0.2]
    membership.iloc[50:100] = [0.7, 0.2, 0.1]
    said = {
        texts(make_cards(replace(people, membership=one), hand_made.evidence(), language="en")[0], "contested")[-1]
        for one in (membership, membership.iloc[::-1])
    }
    assert len(said) == 1
    assert "Persona P2" in said.pop()


def test_stability_prevalence_and_runner_up_in_words(cards):
    made = texts(cards[0], "made")
    assert any("Très stable" in text and "0,91" in text for text in made)
    assert any("Stable" in text for text in texts(cards[1], "made"))
    assert any("Instable" in text for text in texts(cards[2], "made"))
    assert any("14 candidats" in text for text in made)
    assert re.match(r"54\s% de ses membres réunissent ces 3 traits", texts(cards[0], "together")[0])
    assert "Persona P2" in texts(cards[0], "contested")[1]


def test_unknown_is_said(cards):
    last = texts(cards[2], "unknown")
    assert any("aucun entretien" in text for text in last)
    assert any("0 personne sur 40" in text for text in texts(cards[2], "coverage"))


def test_banner_says_who_has_not_chosen_and_what_is_not_there():
    evidence = hand_made.evidence()
    banner = make_cards(hand_made.personas(), evidence, language="en")[0].banner
    assert banner == "Candidate: not yet chosen by a person."
    assert make_cards(hand_made.personas(chosen=True), evidence, language="en")[0].banner is None
    weak = make_cards(hand_made.personas(chosen=True, verdict="constructive"), evidence, language="en")[0].banner
    assert weak.startswith("Constructed split")
    none = make_cards(hand_made.personas(verdict="none"), evidence, language="fr")[0].banner
    assert "pas encore choisi" in none
    assert "Aucune structure" in none


def test_decisions_are_kept_on_the_card():
    card = make_cards(hand_made.personas(chosen=True), hand_made.evidence(), language="en")[0]
    assert texts(card, "decisions") == ["Candidate kmeans-3, chosen by RK, 2026-01-15: stable."]
    assert any("chosen after 14 candidates" in text for text in texts(card, "made"))


def test_without_findings_there_is_no_journey():
    card = make_cards(hand_made.personas(), hand_made.evidence(), language="fr")[0]
    assert "journey" not in {part.key for part in card.sections}


def test_nothing_clear_is_said_plainly():
    evidence = hand_made.evidence()
    table = evidence.table.assign(low=-1.0, high=1.0)
    codes = evidence.codes.assign(log_odds=-1.0)
    card = make_cards(hand_made.personas(), replace(evidence, table=table, codes=codes), language="en")[0]
    assert card.summary.text == "Nothing sets these people clearly apart from the others."


def test_errors_name_the_fix():
    evidence = hand_made.evidence()
    with pytest.raises(StudyError, match=r"language: 'de' is unknown. Allowed: fr, en"):
        make_cards(hand_made.personas(), evidence, language="de")
    with pytest.raises(StudyError, match=r"no row for P3. Gather the evidence again"):
        make_cards(hand_made.personas(), replace(evidence, coverage=evidence.coverage.iloc[:2]), language="fr")


def test_empty_evidence_still_makes_a_card():
    evidence = hand_made.evidence()
    bare = replace(
        evidence,
        table=evidence.table.iloc[:0],
        codes=evidence.codes.iloc[:0],
        quotes=evidence.quotes.iloc[:0],
        traits=evidence.traits.iloc[:0],
    )
    assert len(make_cards(hand_made.personas(), bare, language="fr")) == 3


def test_inputs_are_not_touched():
    evidence = hand_made.evidence()
    before = evidence.table.copy()
    make_cards(hand_made.personas(), evidence, hand_made.findings(), language="fr")
    pd.testing.assert_frame_equal(evidence.table, before)


def test_natural_units():
    assert natural(3.25, "numeric", "days", "en") == "3.25\u00a0days"
    assert natural(0.5, "binary", "", "fr") == "50\u202f%"


@given(st.tuples(*[st.floats(-1e6, 1e6)] * 4), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_drawn_numbers_lie_on_their_axis(values, is_share):
    numbers = scale(*values, share=is_share)
    assert numbers["start"] < numbers["stop"]
    assert all(numbers["start"] <= numbers[name] <= numbers["stop"] for name in ("inside", "outside", "low", "high"))
