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
from personakit.errors import ChoiceError, StudyError
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


# ---------------------------------------------------------------- the doubts, the sources, the content


def rich(**changes):
    """Return the hand-made evidence with outcomes, a composite and a counter-quote of P1."""
    evidence = hand_made.evidence()
    outcomes = pd.DataFrame(
        [
            ("o1", "P1", "tenure_days", "numeric", "days", 410.0, 420.0, 160.0, 170.0, 90.0, 250.0, 0.12, 100),
            ("o2", "P1", "vip", "binary", "", 0.03, 0.03, -0.1, -0.1, -0.2, -0.05, 0.12, 100),
            ("o3", "P1", "q_compare", "ordinal", "", 4.0, 4.0, 0.1, 0.1, -0.2, 0.4, 0.12, 100),
        ],
        columns=["evidence_id", "persona", "feature", "kind", "unit", "naive", "corrected", "naive_difference", "difference",
                 "low", "high", "wrong", "n"],
    )
    exemplars = pd.DataFrame(
        [("e1", "P1", "counter_example", "evening_share", "share", 0.2, 0.3, 5),
         ("e2", "P1", "counter_example", "sessions_per_30d", "count", 6.4, 3.0, 5),
         ("e3", "P1", "typical", "evening_share", "share", 0.42, 0.3, 5)],
        columns=["evidence_id", "persona", "exemplar", "feature", "kind", "value", "middle", "n"],
    )
    counter = pd.DataFrame({"evidence_id": ["q1", "q2"], "persona": "P1", "participant_id": ["c005", "c006"],
                            "stage": "purchase", "quote": ["Le panier, rien à redire.", hand_made.SECRET],
                            "consent": ["verbatim", "none"]})
    return replace(evidence, **({"outcomes": outcomes, "exemplars": exemplars, "counter_quotes": counter} | changes))


def doubted(language="en", **changes):
    return make_cards(hand_made.personas(), rich(**changes), hand_made.findings(), language=language)[0]


def test_outcomes_are_corrected_and_naive_and_only_the_clear_ones():
    """vip rests on three people, q_compare's interval holds 0: one is left, then how to read it."""
    first, read = texts(doubted(), "outcomes")
    assert first == (
        "tenure_days: 420\u00a0days, that is +170\u00a0days (+90 to +250) against the others\n"
        "naive 410\u00a0days; 100 people"
    )
    assert "12%" in read
    assert "vip" not in " ".join(texts(doubted(), "outcomes"))


def test_hard_memberships_say_that_nothing_is_corrected():
    card = make_cards(hand_made.personas(), hand_made.evidence(), language="en")[0]
    assert texts(card, "outcomes") == [
        "Not corrected for misplaced members: this method puts each person wholly into one persona."
    ]


def test_the_counter_example_names_what_leans_to_the_others():
    """Evenings .20, where the persona has .42 and the others .18: most of the way over. Visits are as everybody's here."""
    composite, quote = texts(doubted(), "against_it")
    assert "20% (usually 42% here)" in composite
    assert "made of 5 members" in composite
    assert "6.4" not in composite
    assert quote.startswith("“Le panier, rien à redire.”\na member who says the opposite")
    assert not any("7741" in text for text in texts(doubted()))


def test_half_of_the_members_lie_between_quartiles():
    """sessions_per_30d of person i is 1 + i % 7: quartiles of P1's hundred people worked out beside."""
    values = pd.Series([1.0 + i % 7 for i in range(100)])
    low, high = (natural(one, "count", "sessions", "en") for one in values.quantile([0.25, 0.75]))
    said = next(text for text in texts(doubted(), "spread") if "sessions" in text or "visits" in text)
    assert f"half of its members between {low} and {high}" in said


def test_quartiles_of_few_people_are_not_said():
    people = hand_made.personas()
    few = people.membership.copy()
    few[:] = [[0.1, 0.8, 0.1]] * 200
    few.iloc[:19] = [0.8, 0.1, 0.1]
    card = make_cards(replace(people, membership=few), rich(), language="en")[0]
    assert texts(card, "spread") == []


def test_survival_is_the_share_of_other_analyses():
    """Four analyses, two with three personas: found in three of four, and in one of two."""
    frame = pd.DataFrame({"persona": "P1", "k": [2, 3, 3, 4], "jaccard": [0.7, 0.9, 0.5, 0.8]})
    frame = frame.assign(survives=frame["jaccard"] >= 0.6)
    cards = make_cards(hand_made.personas(), rich(), language="en", also={"survival": frame})
    claim = next(claim for part in cards[0].sections for claim in part.claims if "Other defensible" in claim.text)
    assert "75% of 4 analyses; with as many personas, in 50%" in claim.text
    assert cards[0].figures["sources"][claim.evidence[0]] == "multiverse"
    assert any("Unknown: whether other choices" in text for text in texts(cards[1], "made"))
    assert any("Unknown: whether other choices" in text for text in texts(doubted(), "made"))


def plan(**changes):
    rows = [("t1", "all", "theme", "prix", "offer", 60, 30, 0.4, 2.04),
            ("t2", "all", "theme", "style", "offer", 60, 20, 0.6, 1.3),
            ("t3", "all", "theme", "rare", "offer", 60, 3, 0.1, 3.0),
            ("t4", "all", "theme", "verres", "less", 60, 30, 0.9, 0.3),
            ("t5", "purchase", "kind", "reassure", "make_first", 60, 0, 0.0, 1.0)]
    names = ["evidence_id", "stage", "dimension", "level", "advice", "people", "used", "share", "lift"]
    frame = pd.DataFrame(rows, columns=names).assign(persona="P1", everyone=0.2, low=1.1, high=3.0)
    return frame.assign(**changes)


def test_preferred_content_is_the_most_used_of_what_is_used_more():
    """Themes by their share; a theme of three people and one that is used less stay away; then what is missing."""
    cards = make_cards(hand_made.personas(), rich(), language="fr", also={"content": plan()})
    themes, gap = texts(cards[0], "preferred")
    assert themes.startswith("thèmes\u202f: style (×\u00a01,3) et prix (×\u00a02,0)\n")
    assert gap.startswith("Manque d’abord\u202f: rassurer, à l’étape décision d’achat\n")
    assert cards[0].figures["sources"]["t5"] == "content_plan"
    assert texts(cards[1], "preferred") == []


def test_goals_are_told_where_they_can_be():
    frame = pd.DataFrame([("a1", "P1", "Vendre", "opposed", "", "être conseillé", 7, 12, "k1 k2"),
                          ("a2", "P1", "Livrer", "cannot_tell", "", "", 0, 12, "")],
                         columns=["evidence_id", "persona", "goal", "alignment", "codes_for", "codes_against", "with_code",
                                  "interviewees", "evidence"])
    known = rich().codes.assign(evidence_id=["k1", "k2", *rich().codes["evidence_id"].iloc[2:]])
    card = make_cards(hand_made.personas(), rich(codes=known), language="fr", also={"alignment": frame})[0]
    against, rest = (claim for part in card.sections if part.key == "alignment" for claim in part.claims)
    assert against.text == (
        "Contraire à ce que disent ces personnes\u202f: Vendre.\n"
        "être conseillé\u202f; jusqu’à 7 des 12 personnes interrogées"
    )
    assert against.evidence == ("a1", "k1", "k2")
    assert rest.text.startswith("Impossible à dire pour un autre objectif")


def test_files_and_days_are_named():
    study = hand_made.study()
    day = 86_400_000_000
    events = pd.DataFrame({"participant_id": ["c000", "c001"], "event": "Panier", "time_us": [day * 365, day * 400]})
    card = make_cards(hand_made.personas(), rich(), language="en", study=replace(study, events=events))[0]
    logged, redo, survey, coded = (claim for part in card.sections if part.key == "origin" for claim in part.claims)
    # a year after 5 February 1971
    assert redo.text.startswith("To be looked at again before 5 February 1972, a year after the last event")
    assert logged.text == "Events: table in memory, 2 rows, 1 January 1971 to 5 February 1971."
    assert survey.text == "Survey: answers.csv, 120 rows."
    assert (survey.evidence, card.figures["sources"]["ababababab"]) == (("ababababab",), "sources")
    assert coded.text.startswith("Coded interviews: table in memory")
    assert texts(doubted(), "origin")[0].startswith("Unknown here")


def test_besides_takes_known_tables_only():
    with pytest.raises(ChoiceError, match=r"also: 'contents' is unknown. Allowed: content, survival, alignment"):
        make_cards(hand_made.personas(), rich(), language="en", also={"contents": plan()})


def test_every_claim_names_evidence_or_says_what_it_is():
    cards = make_cards(hand_made.personas(chosen=True), rich(), hand_made.findings(), language="en", study=hand_made.study(),
                       also={"content": plan()})
    for part in cards[0].sections:
        for claim in part.claims:
            assert claim.evidence or claim.status in ("method", "chosen"), claim.text
            assert set(claim.evidence) <= set(cards[0].figures["sources"])


def test_shares_of_one_whole_take_two_lines_at_most():
    evidence = hand_made.evidence()
    stages = evidence.table.copy()
    stages["feature"] = [f"stage_share:s{at % 6}" if at % 12 < 6 else one for at, one in enumerate(stages["feature"])]
    people = hand_made.personas()
    catalog = pd.concat([people.features.catalog, pd.DataFrame({"kind": "share", "role": "active", "label": ""}, index=[
        f"stage_share:s{at}" for at in range(6)])])
    table = people.features.natural.reindex(columns=catalog.index, fill_value=0.0)
    wide = replace(people, features=replace(people.features, catalog=catalog, table=table, natural=table))
    card = make_cards(wide, replace(evidence, table=stages), language="en")[0]
    assert sum("s0" in text or "s1" in text or "s2" in text or "s3" in text for text in texts(card, "behaviours")) <= 2
