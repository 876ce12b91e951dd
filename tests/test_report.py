"""The report leads from question to evidence to personas to maps; two pages sum it up; nothing small, no secret."""

from __future__ import annotations

import re
from dataclasses import replace

import hand_made
import pandas as pd
import pytest
from test_cards import plan

from personakit.cards import make_cards
from personakit.disclosure import content_cells
from personakit.export import save_map, save_report
from personakit.export.found import breaks, firmness, goals, interviews, seen, to_try
from personakit.export.report import Spoken
from personakit.maps import make_map


def spoken(language="en", **also):
    return Spoken(language=language, study=hand_made.study(), candidates=hand_made.candidates(), also=also,
                  personas=hand_made.personas(), evidence=hand_made.evidence(), findings=hand_made.findings())


def alignment():
    rows = [("a1", "P1", "Vendre", "aligned"), ("a2", "P2", "Vendre", "opposed"), ("a3", "P1", "Livrer", "cannot_tell")]
    frame = pd.DataFrame(rows, columns=["evidence_id", "persona", "goal", "alignment"])
    return frame.assign(codes_for="", codes_against="", with_code=0, interviewees=9, evidence="")


def write(folder, language, personas=3):
    people, evidence, findings, study = (hand_made.personas(), hand_made.evidence(), hand_made.findings(), hand_made.study())
    also = {"content": plan(), "alignment": alignment()}
    cards = make_cards(people, evidence, findings, language=language, study=study, also=also)
    maps = [make_map(study, findings, personas=people, evidence=evidence, persona=one, language=language)
            for one in (None, "P1")]
    many = [replace(cards[at % 3], persona=f"P{at + 1}") for at in range(personas)]
    save_report(folder, study=study, candidates=hand_made.candidates(), personas=people, evidence=evidence,
                findings=findings, cards=many, maps=maps, also=also, language=language)
    return [(folder / name).read_text(encoding="utf-8") for name in ("index.html", "executive-summary.html")]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_report_leads_from_question_to_appendix(tmp_path, language):
    page, short = write(tmp_path, language)
    titles = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
    told = {"fr": ["réponse", "repose", "personas", "parcours", "essayer", "Annexe", "examiné", "données", "Méthodes",
                   "Limites"],
            "en": ["answer", "rests on", "personas", "journeys", "try first", "Appendix", "examined", "data", "Methods",
                   "Limits"]}[language]
    assert len(titles) == len(told)
    for title, word in zip(titles, told, strict=True):
        assert word in title, titles
    assert 'href="executive-summary.html"' in page
    assert "7741" not in page + short
    assert {"fr": "Rien ici ne dit ce qui cause quoi", "en": "Nothing here tells what causes what"}[language] in short


def test_the_summary_names_personas_action_gap_and_limits(tmp_path):
    _, short = write(tmp_path, "en")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", short))
    for said in ("Persona P2", "30% of participants", "Panier: 41% of visits stop there", "Metric: abandons, 25 %",
                 "Hypothesis: as simple as its like", "first make content to reassure for the stage purchase",
                 "Put one hypothesis at a time to a trial"):
        assert said in text, said
    assert set(re.findall(r'title="(t\d|a\d)"', short)) >= {"t5", "a1"}


def test_eight_personas_shrink_and_the_ninth_is_counted(tmp_path):
    _, short = write(tmp_path, "en", personas=9)
    assert short.count('<section class="persona">') == 8
    assert "and one more persona, in the report" in short
    assert "<dt>" not in short


def test_gaps_come_before_offers():
    gap, offer = to_try(spoken(content=content_cells(plan())))
    assert (gap.evidence, offer.evidence) == (("t5",), ("t2",))
    assert offer.text.startswith(f"{hand_made.LONG_NAME}: put forward theme style (×\u00a01.3; 1.1 to 3.0).")
    assert to_try(spoken()) == []


def test_goals_join_who_goes_along_and_who_does_not():
    first, rest = goals(spoken(alignment=alignment()))
    assert first.text == f"Vendre: goes along with {hand_made.LONG_NAME}; goes against Persona P2."
    assert first.evidence == ("a1", "a2")
    assert rest.text.startswith("For one goal it cannot be told")


def test_interviews_stand_beside_the_personas():
    row = {"evidence_id": "i1", "interviewees": 24, "shared": 20, "placed": 3, "cannot_tell": 1, "sure": 22.0, "personas": 3,
           "posterior": 0.87, "people": 20, "adjusted_rand": 0.41, "low": 0.2, "high": 0.62, "chance_low": -0.08,
           "chance_high": 0.1, "p": 0.0005, "why": ""}
    placed, sure, agree = interviews(spoken(interviews=pd.DataFrame([row])))
    assert (placed.evidence, placed.n) == (("i1",), 24)
    assert "20 are in the personas by their id, 3 by the typing tool; for 1 " in placed.text
    assert "22 of those placed" in sure.text and "87%" in sure.text  # noqa: PT018
    assert "agree at 0.41 (adjusted Rand, interval 0.20 to 0.62; chance gives" in agree.text
    for why in ("no_overlap", "one_interview", "few", "no_personas", "one_persona"):
        for language in ("fr", "en"):
            told = interviews(spoken(language, interviews=pd.DataFrame([{**row, "why": why}])))[-1].text
            assert ("cannot be told" in told) or ("On ne peut pas dire" in told)
    assert interviews(spoken()) == []


def test_channel_breaks_are_said_of_everyone():
    told = spoken()
    claims = breaks(told)
    assert len(claims) == 1
    assert "all personas together: 61% of these" in claims[0].text
    findings = hand_made.findings()
    own = replace(findings, switches=findings.switches.assign(flagged=findings.switches["persona"] != "all"))
    assert [one.text for one in breaks(replace(told, findings=own))] == [told.say("no_break")]


def test_firmness_hides_what_is_small():
    """P1 has 10 contested of 100, P2 15 of 60, P3 none; two contested people are not said."""
    table = firmness(spoken())
    assert [row[1:4] for row in table["rows"]] == [["100", "0.91", "10%"], ["60", "0.78", "25%"], ["40", "0.55", "0%"]]
    evidence = hand_made.evidence()
    few = replace(spoken(), evidence=replace(evidence, coverage=evidence.coverage.assign(contested=[0.02, 0.25, 0.0])))
    assert firmness(few)["rows"][0][3] == "–"
    survival = pd.DataFrame({"persona": ["P1", "P2", "P3"], "survives": [True, False, True]})
    assert [row[-1] for row in firmness(spoken(survival=survival))["rows"]] == ["100%", "0%", "100%"]


def test_seen_shows_no_cell_of_few_people():
    """P3 at loyalty: two of forty; with them another cell of the column goes."""
    table = seen(spoken())
    cells = {row[0]: row[1:] for row in table["rows"]}
    assert cells["everyone"][2] == "50% (44–56)"
    assert cells["Persona P3"][4] == "–"
    assert sum(row[4] == "–" for row in cells.values()) >= 2


def test_a_map_of_two_is_written_with_both_curves(tmp_path):
    drawn = make_map(hand_made.study(), hand_made.findings(), personas=hand_made.personas(), persona=("P1", "P2"))
    html = save_map(drawn, tmp_path / "pair", formats=["html"])[0].read_text(encoding="utf-8")
    assert html.count('<tr class="experience curve of">') == 2
    assert html.count("border-left: 1mm solid #005a8d") > 5
