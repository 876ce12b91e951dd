"""Put front and back together into one card a persona."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from personakit.cards.back import back_sections
from personakit.cards.front import front_sections, summary
from personakit.cards.known import Known, covered, name, of_candidate
from personakit.disclosure import evidence_cells, hidden_parts, journey_cells, quotable
from personakit.documents import Card, Section
from personakit.errors import StudyError
from personakit.records import Evidence, JourneyFindings, Personas
from personakit.schema import PERSONA
from personakit.wording import check_language

SMALL_PERSONA, SMALL_SHARE = 30, 0.05

def make_cards(
    personas: Personas, evidence: Evidence, findings: JourneyFindings | None = None, *, language: str
) -> tuple[Card, ...]:
    """Write one card for each persona: what is known of these people, how surely, and what is not known.

    Use it when evidence has been gathered. A card describes; it cannot tell that a persona exists beyond the verdict on
    its back, and features that made the personas carry no test on it. Counts of interviews are never percentages. Cells
    on fewer than five people are left out, and quotes appear only with consent.

    Parameters
    ----------
    personas, evidence, findings
        What the earlier stages returned; without ``findings`` the card shows no journey.
    language
        ``fr`` or ``en``.

    Returns
    -------
    One ``Card`` a persona, in their order. ``sections`` hold claims (first line: what; second line: figures);
    ``figures`` holds the numbers of the drawings: ``share``, ``sources`` (evidence id -> table), and for drawn sections
    one entry a claim: inside, outside, low, high, start, stop; or n, total for interviews.

    Raises
    ------
    StudyError
        The language is unknown, or the evidence was gathered for other personas.

    Notes
    -----
    Stability in words after Hennig (2007); joint prevalence after Chapman et al. (2008).
    """
    check_language(language)
    asked = [str(one) for one in personas.membership.columns]
    missing = [one for one in asked if one not in evidence.coverage.index]
    if missing:
        raise StudyError(f"evidence.coverage: no row for {', '.join(missing)}. "
                         "Gather the evidence again for these personas: gather_evidence(study, features, personas).")
    table = evidence_cells(evidence.table).assign(size=evidence.table["effect"].abs())
    stages = None if findings is None else journey_cells("stages", findings.stages)
    sources = _sources(personas, evidence, findings)
    return tuple(_card(_known(one, language, personas, evidence, table, stages), sources) for one in asked)


def _known(persona: str, language: str, personas: Personas, evidence: Evidence, table: pd.DataFrame,
           stages: pd.DataFrame | None) -> Known:
    def mine(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame[PERSONA] == persona]

    return Known(persona=persona, language=language, personas=personas, table=mine(table),
                 codes=mine(evidence.codes), quotes=quotable(mine(evidence.quotes)), traits=mine(evidence.traits),
                 coverage=evidence.coverage.assign(hidden=hidden_parts(evidence.coverage["n"])).loc[[persona]].iloc[0],
                 stages=stages)


def _sources(personas: Personas, evidence: Evidence, findings: JourneyFindings | None) -> dict[str, str]:
    frames = {"evidence": evidence.table, "evidence_codes": evidence.codes, "evidence_quotes": evidence.quotes,
              "evidence_coverage": evidence.coverage, "evidence_traits": evidence.traits}
    if findings is not None:
        frames["journey_stages"] = findings.stages
    rows = {str(one): name for name, frame in frames.items() for one in frame["evidence_id"]}
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
