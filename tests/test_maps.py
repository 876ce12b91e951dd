"""Journey maps: cells worked by hand from the hand-made study, gaps where nothing is known, nothing small, no secret."""

from __future__ import annotations

from dataclasses import replace

import hand_made
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from personakit.errors import ChoiceError, StudyError
from personakit.maps import make_map
from personakit.records import Study


def draw(persona=None, *, language="fr", study=None, **changes):
    records = {"personas": hand_made.personas(), "evidence": hand_made.evidence()} | changes
    return make_map(study or hand_made.study(), hand_made.findings(study), persona=persona, language=language, **records)


def lane(journey_map, key):
    return next(cells for name, _, cells in journey_map.lanes if name == key)


def at(journey_map, key, stage):
    place = [name for name, _ in journey_map.stages].index(stage)
    return lane(journey_map, key)[place]


def written(cells):
    return [[cell.text for cell in column] for column in cells]


@pytest.fixture(scope="module")
def everyone():
    return draw()


def test_stages_are_columns_with_words(everyone):
    assert everyone.stages[1] == ("research", "recherche et évaluation")
    assert all(len(cells) == 5 for _, _, cells in everyone.lanes)
    assert draw(language="en").stages[2] == ("purchase", "purchase")


def test_reached_has_share_interval_and_people(everyone):
    cell = at(everyone, "reached", "purchase")[0]
    assert (cell.value, cell.n, cell.level) == (0.5, 100, "fully")
    assert cell.low == pytest.approx(0.44)
    assert "100 sur 200" in cell.text


def test_goes_on_counts_add_up(everyone):
    """Pooled: 180 entered; research 160, purchase 100: 100 go on, open 8 to 32 (24 more), ended 12 to 48 (36 more)."""
    share, onward = at(everyone, "goes_on", "research")
    assert share.value == 0.5
    assert onward.text == (
        "dans l\u2019ordre des étapes\u202f: 160 ici\u202f; 100 continuent, 24 encore en chemin, 36 arrêtés"
    )
    assert "50\u202f% y arriveraient, compte tenu des personnes encore en chemin" in share.text


def test_funnel_parts_on_few_people_are_not_said():
    """P1: 95 entered, 90 at research, so 2 open and 3 ended: fewer than 5 each."""
    onward = at(draw("P1"), "goes_on", "awareness")[1]
    assert "arrêtés" not in onward.text
    assert "90" in onward.text
    assert onward.text.endswith("autres\u202f: masqué")


def test_ease_is_the_mean_of_those_who_answered(everyone):
    values = hand_made.study().answers["ces_panier"].to_numpy(dtype=float)
    cell = at(everyone, "effort", "purchase")[0]
    assert cell.value == pytest.approx(values.mean())
    assert cell.n == 120
    assert "sur 7" in cell.text


def test_curve_is_rescaled_and_turned_by_polarity(everyone):
    values = hand_made.study().answers["ces_panier"].to_numpy(dtype=float)
    cell = at(everyone, "experience", "purchase")[0]
    assert cell.value == pytest.approx((values.mean() - 1) / 6 * 4 - 2)
    study = hand_made.study()
    turned = draw(study=replace(study, codebook=study.codebook.assign(better="low")))
    assert at(turned, "experience", "purchase")[0].value == pytest.approx(-cell.value)


def test_curve_has_gaps_and_one_source(everyone):
    assert at(everyone, "experience", "awareness") == ()
    assert any("CES" in note.text for note in everyone.notes)
    study = replace(hand_made.study(), answers=None)
    told = draw(study=study)
    assert at(told, "experience", "purchase")[0].value == -2.0
    assert any("irritants" in note.text for note in told.notes)
    assert any("visite" in note.text for note in draw(study=replace(study, codes=None), evidence=None).notes)
    bare = draw(study=replace(study, codes=None, walkthroughs=None), evidence=None)
    assert any("Pas de courbe" in note.text for note in bare.notes)
    assert not any(lane(bare, "experience"))


def test_peak_trough_end_and_what_sources_say_together(everyone):
    """Answers say that product pages are easy (3 to 7) and the basket is not (1 to 4); interviewees say the same of it."""
    found = hand_made.lived()["moments"].query("persona == 'all' and source == 'ces'").set_index("moment")
    assert found.loc["trough", "stage"] == "purchase"
    cell = at(everyone, "moments", "purchase")[0]
    assert cell.text == "creux de la courbe\ndans 100\u202f% des rééchantillonnages"
    assert (cell.value, cell.evidence) == (found.loc["trough", "probability"], (found.loc["trough", "evidence_id"],))
    agreed = at(everyone, "agreement", "purchase")[0]
    assert agreed.text == "elles concordent\nquestionnaire\u202f: pénible, entretiens\u202f: pénible"
    assert at(everyone, "agreement", "awareness") == ()
    marked = hand_made.findings()
    marked = replace(marked, curve=marked.curve.assign(survivors=True))
    drawn = make_map(hand_made.study(), marked, language="en")
    assert any("those who are left" in cell.text for cell in at(drawn, "moments", "purchase"))
    assert "moments" not in [key for key, _, _ in make_map(hand_made.study(), hand_made.counted()).lanes]


def test_polarity_unknown_gives_no_curve_from_ease():
    study = hand_made.study()
    undeclared = draw(study=replace(study, codebook=study.codebook.drop(columns="better")))
    assert not any("CES" in note.text for note in undeclared.notes)


def test_pains_are_counts_of_interviewees(everyone):
    cell = at(everyone, "pains", "purchase")[0]
    assert cell.text == "correction perdue au panier\n6 sur 7 personnes interrogées"
    assert "%" not in cell.text
    # interviews and the flagged basket agree
    assert cell.level == "fully"
    assert at(everyone, "delights", "research")[0].tone == "delight"


def test_friction_and_channel_break_are_named(everyone):
    cell = at(everyone, "opportunities", "purchase")[0]
    assert cell.text.startswith("Panier\u202f: 41\u202f%")
    assert "équipe\u202f: ventes" in cell.text
    assert [note.text for note in everyone.notes if "web → boutique" in note.text] == [
        "Rupture de canal web → boutique, toutes personas confondues\u202f: 61\u202f% des passages font revenir en arrière "
        "dans le parcours, contre 20\u202f% pour les autres changements de canal (+41 points\u202f; intervalle "
        "+30 points à +50 points\u202f; 80 personnes)."]
    assert at(everyone, "opportunities", "loyalty")[0].text == "rien de signalé"


def test_few_interviewees_are_never_solid_and_two_sources_need_five():
    study = hand_made.study()
    one = draw(study=replace(study, codes=study.codes[study.codes["participant_id"] == "c000"]))
    assert at(one, "pains", "purchase")[0].n == 1
    assert at(one, "pains", "purchase")[0].level == "partly"


@pytest.mark.parametrize(("people", "level"), [(60, "fully"), (12, "partly")])
def test_nothing_flagged_is_as_solid_as_what_was_measured(people, level):
    found = hand_made.findings()
    friction = found.friction.assign(flagged=False, people=people)
    cell = at(make_map(hand_made.study(), replace(found, friction=friction)), "opportunities", "purchase")[0]
    assert cell.level == level
    unmeasured = replace(found, friction=friction.assign(excess=np.nan))
    assert at(make_map(hand_made.study(), unmeasured), "opportunities", "purchase")[0].level == "none"


def test_time_is_said_only_where_a_visit_lasts(everyone):
    """Medians of 0.0002, 0.01, 0.2, 4 and 40 days: 17 seconds is left blank, 14 minutes is said."""
    assert at(everyone, "time", "awareness") == ()
    assert "14" in at(everyone, "time", "research")[0].text
    found = hand_made.findings()
    short = make_map(hand_made.study(), replace(found, stages=found.stages.assign(median_days=0.0)))
    assert "time" not in {key for key, _, _ in short.lanes}


def test_content_gaps_are_visible(everyone):
    assert at(everyone, "content", "loyalty")[0].text == "aucun contenu"
    assert at(everyone, "content", "purchase")[1].text.startswith("manque\u202f: orienter")


def test_owners_hand_over(everyone):
    assert [cell.text for cell in at(everyone, "owners", "purchase")][-1] == "relais vers\u202f: service client"
    assert "relais" not in at(everyone, "owners", "loyalty")[-1].text


def test_walkthrough_beside_the_competitor(everyone):
    own, other, seen, better = at(everyone, "walkthrough", "purchase")
    assert (own.value, other.value) == (-0.5, 2.0)
    assert seen.text == "notre enseigne, Panier\u202f: La correction disparaît."
    assert (better.text, better.tone) == ("concurrent, Panier\u202f: Clair.", "delight")


def test_quotes_obey_consent(everyone):
    for persona in (None, "P1", "P2"):
        for _, _, columns in draw(persona).lanes:
            assert not any("7741" in cell.text for cells in columns for cell in cells)
    assert "<script>" in at(everyone, "quotes", "research")[0].text  # as said; the export escapes it


def test_persona_map_says_whose_journey_is_the_same():
    notes = [note.text for note in draw("P1").notes]
    assert any("Persona P2" in text and "différent" in text for text in notes)
    assert any("Persona P3" in text and "ne distingue pas" in text for text in notes)
    assert "pas encore choisi" in draw("P1").banner
    assert draw().banner is None


def test_the_map_of_a_persona_has_its_own_channel_break():
    said = {who: [note.text for note in draw(who, language="en").notes if "Channel break" in note.text]
            for who in ("P1", "P2", ("P2", "P1"))}
    assert len(said["P1"]) == 1
    assert said["P1"][0].startswith("Channel break web → shop, La prévoyante qui compare tout")
    assert "souvent: 55% of these" in said["P1"][0]
    assert said["P2"] == []
    assert said["P2", "P1"] == said["P1"]


def test_small_answers_are_hidden():
    study = hand_made.study()
    few = draw(study=replace(study, answers=study.answers.iloc[:4]))
    assert {cell.text for cells in lane(few, "effort") for cell in cells} == {"masqué pour protéger moins de 5 personnes"}
    assert not any(cell.n for cells in lane(few, "effort") for cell in cells)


def test_nine_stages_and_nothing_known():
    stages = tuple(f"étape numéro {number}" for number in range(9))
    empty = Study(name="vide", participants=pd.DataFrame(index=hand_made.IDS), stages=stages, language="fr")
    drawn = make_map(empty, None)
    assert len(drawn.stages) == 9
    assert {cell.level for cells in lane(drawn, "sources") for cell in cells} == {"none"}


def test_errors_name_the_fix():
    with pytest.raises(ChoiceError, match=r"persona: 'P9' is unknown. Allowed: P1, P2, P3"):
        draw("P9")
    with pytest.raises(StudyError, match=r"needs personas. Pass personas="):
        make_map(hand_made.study(), hand_made.findings(), persona="P1")
    with pytest.raises(StudyError, match="language"):
        draw(language="es")


# ---------------------------------------------------------------- wants, next steps, stops, what to try


def test_wants_stand_beside_the_goals_of_the_organisation(everyone):
    keys = [key for key, _, _ in everyone.lanes]
    assert keys.index("wants") == keys.index("goals") + 1
    assert [cell.text for cell in at(everyone, "wants", "research")] == [
        "comparer avant de choisir\n7 sur 7 personnes interrogées",
        "prix total affiché tôt\n5 sur 7 personnes interrogées",
        "faire le bon choix\n4 sur 7 personnes interrogées",
    ]
    assert {cell.tone for cell in at(everyone, "wants", "research")} == {""}


def test_next_steps_have_their_interval():
    found = hand_made.findings()
    steps = pd.DataFrame(
        [("s1", "all", "research", "research", 300, 90, 0.5, 0.45, 0.55, False),
         ("s2", "all", "research", "purchase", 200, 80, 0.3, 0.25, 0.35, False),
         ("s3", "all", "research", "awareness", 80, 40, 0.15, 0.1, 0.2, False),
         ("s4", "all", "research", "loyalty", 20, 10, 0.04, 0.0, 0.1, False),
         ("s5", "all", "research", "open", 5, 5, 0.01, 0.0, 0.02, False)],
        columns=list(found.transitions.columns),
    )
    cells = at(make_map(hand_made.study(), replace(found, transitions=steps), language="en"), "actions", "research")
    assert [cell.text.split("\n")[0] for cell in cells] == [
        "stay at the stage: 50% of steps", "move to purchase: 30%", "move to awareness: 15%",
    ]
    assert (cells[1].low, cells[1].high, cells[1].n, cells[1].evidence) == (0.25, 0.35, 80, ("s2",))


def test_stops_at_a_stage_have_a_score_interval(everyone):
    """Pooled: 160 at research, 36 of them stopped, 24 still on the way. Wilson's interval of 36 in 160 by hand."""
    cell = at(everyone, "drops_off", "research")[0]
    share, z = 36 / 160, stats.norm.ppf(0.975)
    centre = (share + z * z / 320) / (1 + z * z / 160)
    half = z / (1 + z * z / 160) * np.sqrt(share * (1 - share) / 160 + (z / 320) ** 2)
    assert (cell.value, cell.n) == (share, 160)
    assert (cell.low, cell.high) == (pytest.approx(centre - half), pytest.approx(centre + half))
    assert "au moins" in cell.text
    assert "24 encore en chemin" in cell.text
    assert at(everyone, "drops_off", "loyalty") == ()


def test_stops_of_few_people_are_hidden():
    assert at(draw("P1"), "drops_off", "awareness")[0].text.startswith("masqué")


def test_an_opportunity_has_team_metric_and_hypothesis(everyone):
    insight, metric, hypothesis, gap = at(everyone, "opportunities", "purchase")
    assert insight.tone == "pain"
    assert metric.text == "Mesure\u202f: abandons, 25 %"
    # no code of the hand-made study names a touchpoint
    assert hypothesis.text.startswith("Hypothèse\u202f: aussi simple que ses semblables, Panier arrêterait 14")
    assert "rien ici ne dit la cause" in hypothesis.text
    assert gap.text == "Aucun contenu ici pour\u202f: orienter, aider, rassurer et récompenser"
    study = hand_made.study()
    told = draw(study=replace(study, codes=study.codes.assign(touchpoint="Panier")))
    assert "sans «\u202fcorrection perdue au panier\u202f» (6 sur 7" in at(told, "opportunities", "purchase")[2].text


def test_the_team_s_own_hypotheses_stand_at_their_stage():
    register = pd.DataFrame({"change": ["Show the total first.", "For P2 only."], "kpi": "experience",
                             "expected": [0.1, -0.05], "persona": ["", "P2"], "stage": "purchase",
                             "verdict": ["confirmed", "open"]}, index=["a", "b"])
    own = [cell.text for cell in at(draw(hypotheses=register), "opportunities", "purchase") if "Show" in cell.text]
    assert own == ["À éprouver\u202f: Show the total first.\nexperience, attendu +0,10\u202f; confirmé"]
    texts = [cell.text for cell in at(draw(hypotheses=register, persona="P2"), "opportunities", "purchase")]
    assert any("For P2 only.\nexperience, attendu \u22120,05" in text and "pas encore mesuré" in text for text in texts)


def test_another_team_s_metric_is_not_taken():
    study = hand_made.study()
    drawn = draw(study=replace(study, goals=study.goals.assign(owner="marketing")))
    assert not any("Mesure" in cell.text for cell in at(drawn, "opportunities", "purchase"))


def test_each_stage_says_how_well_data_back_it(everyone):
    assert at(everyone, "sources", "purchase")[0].text.endswith("\nétayée par des données")
    few = replace(hand_made.findings(), stages=hand_made.findings().stages.assign(people=12))
    bare = make_map(replace(hand_made.study(), answers=None), few, language="en")
    assert {cell.text.split("\n")[-1] for cells in lane(bare, "sources") for cell in cells} <= {
        "fully backed by data", "partly backed by data", "not backed by data"}


# ---------------------------------------------------------------- two personas


def test_two_personas_stand_one_under_the_other_and_share_what_is_declared():
    drawn = draw(("P1", "P2"), language="en")
    keys = [key for key, _, _ in drawn.lanes]
    assert keys.index("reached:P2") == keys.index("reached:P1") + 1
    assert {"goals", "content", "walkthrough", "owners"} <= set(keys)
    assert not {"goals:P1", "reached", "experience"} & set(keys)
    assert (drawn.persona, drawn.personas) == ("P1+P2", ("P1", "P2"))
    assert drawn.title == f"Two journeys: {hand_made.LONG_NAME} (P1) and Persona P2"
    one, two = draw("P1", language="en"), draw("P2", language="en")
    assert written(lane(drawn, "reached:P1")) == written(lane(one, "reached"))
    assert written(lane(drawn, "pains:P2")) == written(lane(two, "pains"))


def test_the_gap_is_newcombe_s():
    """56 of 70 against 48 of 80: Newcombe's first example (1998, method 10), .2000 (.0524 to .3339)."""
    found = hand_made.findings()
    mine = found.stages["persona"].isin(["P1", "P2"])
    counts = found.stages["persona"].map({"P1": 56, "P2": 48}).where(mine, found.stages["people"]).astype(int)
    totals = found.stages["persona"].map({"P1": 70, "P2": 80}).where(mine, found.stages["people_total"]).astype(int)
    stages = found.stages.assign(people=counts, people_total=totals, share=counts / totals)
    drawn = make_map(hand_made.study(), replace(found, stages=stages), personas=hand_made.personas(), persona=("P1", "P2"))
    cell = at(drawn, "reached_gap", "research")[0]
    assert (cell.value, cell.low, cell.high) == (
        pytest.approx(0.2), pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    assert len(cell.evidence) == 2


def test_compared_curves_have_one_source():
    """Nobody of P3 answered about ease: both are drawn from interviews, or, as P3 gave none, from nothing of P1 alone."""
    drawn = draw(("P1", "P3"))
    notes = " ".join(note.text for note in drawn.notes)
    assert "CES" not in notes
    assert "visite d’évaluation" in notes
    assert "CES" in " ".join(note.text for note in draw(("P1", "P2")).notes)


def test_two_journeys_say_whether_they_can_be_told_apart():
    said = {pair: " ".join(note.text for note in draw(pair, language="en").notes)
            for pair in (("P1", "P2"), ("P3", "P1"), ("P2", "P3"))}
    assert "differ: on average 20% of steps lead elsewhere (interval 10% to 30%)" in said["P1", "P2"]
    assert "cannot be told apart" in said["P3", "P1"]
    assert "It cannot be told whether" in said["P2", "P3"]
    assert all("they are no tests" in text for text in said.values())
    found = hand_made.findings()
    same = replace(found, comparison=found.comparison.assign(verdict="equivalent"))
    drawn = make_map(hand_made.study(), same, personas=hand_made.personas(), persona=("P1", "P2"), language="en")
    assert "live the same journey, within the stated margin" in drawn.notes[0].text


def test_a_pair_is_two_known_personas():
    with pytest.raises(ChoiceError, match=r"persona: 'P9' is unknown"):
        draw(("P1", "P9"))
    with pytest.raises(ChoiceError, match=r"P1, P1: give one persona, or two different ones"):
        draw(("P1", "P1"))
    with pytest.raises(ChoiceError, match=r"two different ones"):
        draw(("P1", "P2", "P3"))
