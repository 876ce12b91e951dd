"""Put front and back together into one card a persona."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from personakit.cards.back import back_sections
from personakit.cards.doubt import survival_id
from personakit.cards.front import front_sections, summary
from personakit.cards.known import Known, covered, name, of_candidate
from personakit.cards.origin import file_id
from personakit.disclosure import content_cells, evidence_cells, hidden_parts, journey_cells, outcome_cells, quotable
from personakit.documents import Card, Section
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.records import Evidence, JourneyFindings, Personas, Study
from personakit.schema import EVIDENCE_ID, PERSONA
from personakit.wording import check_language

SMALL_PERSONA, SMALL_SHARE = 30, 0.05
#: tables that may be given besides; and the file in which the rows of a table are found
BESIDES = ("content", "survival", "alignment")
TITLES = {"stages": "journey_stages", "content": "content_plan", "alignment": "goal_alignment"}


def make_cards(
    personas: Personas, evidence: Evidence, findings: JourneyFindings | None = None, *, language: str,
    study: Study | None = None, also: Mapping[str, pd.DataFrame] | None = None,
) -> tuple[Card, ...]:
    """Write one card for each persona: what is known of these people, how surely, and what is not known.

    Use it when evidence has been gathered. A card describes; it cannot tell that a persona exists beyond the verdict on
    its back, and features that made the personas carry no test on it. Counts of interviews are never percentages. Cells
    on fewer than five people are left out, and quotes appear only with consent. It is written to fit one sheet, A4 front
    and back: each section keeps the claims that weigh most.

    Parameters
    ----------
    personas, evidence, findings
        What the earlier stages returned; without ``findings`` the card shows no journey.
    language
        ``fr`` or ``en``.
    study
        Names the files behind the card and the days they cover.
    also
        Tables that add to the card: ``content`` (from ``content_plan``: what these people prefer, and what is missing for
        them), ``survival`` (from ``multiverse``), ``alignment`` (from ``goal_alignment``).

    Returns
    -------
    One ``Card`` a persona, in their order. ``sections`` hold claims (first line: what; second line: figures); those of the
    front are goal, need, motivation, pain, delight, barrier, behaviours, journey, channels, devices, content, preferred,
    quotes, surprise and unknown, those of the back made, together, spread, contested, against_it, outcomes, alignment,
    coverage, origin, decisions and reading; one without claims is left out.
    ``figures`` holds the numbers of the drawings: ``share``, ``sources`` (evidence id -> table), and for drawn sections
    one entry a claim: inside, outside, low, high, start, stop; or n, total for interviews.

    Raises
    ------
    StudyError
        The language is unknown, or the evidence was gathered for other personas.
    ChoiceError
        ``also`` names an unknown table.

    Notes
    -----
    Stability in words after Hennig (2007); joint prevalence after Chapman et al. (2008); survival after Steegen et al.
    (2016); outcomes after Bolck, Croon and Hagenaars (2004).
    """
    check_language(language)
    asked = [str(one) for one in personas.membership.columns]
    missing = [one for one in asked if one not in evidence.coverage.index]
    if missing:
        raise StudyError(f"evidence.coverage: no row for {', '.join(missing)}. "
                         "Gather the evidence again for these personas: gather_evidence(study, features, personas, seed=7).")
    shown = _shown(evidence, findings, _besides(also))
    sources = _sources(personas, evidence, shown, study)
    return tuple(_card(_known(one, language, personas, shown, study), sources) for one in asked)


def _besides(also: Mapping[str, pd.DataFrame] | None) -> dict[str, pd.DataFrame]:
    given = dict(also or {})
    for one in given:
        if one not in BESIDES:
            raise ChoiceError(unknown_name("also", one, BESIDES))
    return given


def _shown(evidence: Evidence, findings: JourneyFindings | None, also: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return every table a card draws from, of all personas, as far as it may be shown; by the name of the field."""
    empty = pd.DataFrame(columns=[PERSONA])
    shown = {
        "table": evidence_cells(evidence.table).assign(size=evidence.table["effect"].abs()), "codes": evidence.codes,
        "quotes": quotable(evidence.quotes), "traits": evidence.traits, "exemplars": evidence.exemplars,
        "outcomes": outcome_cells(evidence.outcomes) if len(evidence.outcomes) else empty,
        "counter_quotes": quotable(evidence.counter_quotes) if len(evidence.counter_quotes) else empty,
        "coverage": evidence.coverage.assign(hidden=hidden_parts(evidence.coverage["n"])),
    }
    if findings is not None:
        shown["stages"] = journey_cells("stages", findings.stages)
    if "content" in also:
        shown["content"] = content_cells(also["content"])
    return shown | {name: also[name] for name in ("survival", "alignment") if name in also}


def _known(persona: str, language: str, personas: Personas, shown: Mapping[str, pd.DataFrame], study: Study | None) -> Known:
    def mine(name: str) -> pd.DataFrame:
        return shown[name][shown[name][PERSONA] == persona]

    more = {name: mine(name) for name in BESIDES if name in shown}
    return Known(persona=persona, language=language, personas=personas, table=mine("table"), codes=mine("codes"),
                 quotes=mine("quotes"), traits=mine("traits"), coverage=shown["coverage"].loc[[persona]].iloc[0],
                 stages=shown.get("stages"), outcomes=mine("outcomes"), exemplars=mine("exemplars"),
                 counter_quotes=mine("counter_quotes"), study=study, **more)


def _sources(
    personas: Personas, evidence: Evidence, shown: Mapping[str, pd.DataFrame], study: Study | None
) -> dict[str, str]:
    frames = {"evidence": evidence.table, **{f"evidence_{name}": getattr(evidence, name) for name in (
        "codes", "quotes", "coverage", "traits", "outcomes", "counter_quotes", "exemplars")}}
    frames |= {title: shown[name] for name, title in TITLES.items() if name in shown}
    rows = {str(one): name for name, frame in frames.items() if EVIDENCE_ID in frame.columns for one in frame[EVIDENCE_ID]}
    if "survival" in shown:
        rows |= {survival_id(part): "multiverse" for _, part in shown["survival"].groupby(PERSONA)}
    if study is not None:
        rows |= {file_id(row): "sources" for _, row in study.sources.iterrows()}
    return rows | dict.fromkeys(of_candidate(personas), "candidates")


def _card(known: Known, sources: Mapping[str, str]) -> Card:
    front, figures = front_sections(known)
    sections = tuple(Section(key=key, title=known.say(key), claims=tuple(claims), side=side)
                     for side, part in (("front", front), ("back", back_sections(known))) for key, claims in part if claims)
    first = summary(known)
    used = {one for section in sections for claim in section.claims for one in claim.evidence} | set(first.evidence)
    used |= set(covered(known))
    return Card(persona=known.persona, language=known.language, title=name(known, known.persona), summary=first,
                banner=_banner(known), sections=sections,
                figures={**figures, "share": _share(known), "sources": {one: sources[one] for one in sorted(used)}})


def _share(known: Known) -> dict[str, object]:
    row, total = known.coverage, len(known.personas.membership)
    if row["hidden"]:
        return {"text": known.say("hidden")}
    numbers = {part: float(row[part]) for part in ("share", "low", "high")}
    text = known.say("share", **numbers, n=int(row["n"]), total=total)
    return {**numbers, "n": int(row["n"]), "total": total, "text": text, "evidence": str(row["evidence_id"])}


def _banner(known: Known) -> str | None:
    n, verdict = int(known.coverage["n"]), str(known.personas.quality.get("verdict", ""))
    said = [] if known.personas.chosen else [known.say("not_chosen")]
    if verdict in ("constructive", "none"):
        said.append(known.say(f"banner_{verdict}"))
    if n < SMALL_PERSONA or n < SMALL_SHARE * len(known.personas.membership):
        said.append(known.say("hidden") if known.coverage["hidden"] else known.say("banner_small", n=n))
    if _machine_worded(known):
        said.append(known.say("banner_machine"))
    return " ".join(said) or None


def _machine_worded(known: Known) -> bool:
    """Tell whether the name stands in the log as a machine's, even where a person kept it."""
    taken = known.personas.decisions
    mine = taken[(taken["act"] == "label_by_machine") & (taken[PERSONA] == known.persona)]
    return known.personas.names.get(known.persona) in set(mine["value"])
