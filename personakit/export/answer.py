"""The answer of a study in five lines: participants, candidate, verdict, personas, what is uncertain."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from personakit.disclosure import hidden_parts
from personakit.records import Candidates, Evidence, JourneyFindings, Personas, Study
from personakit.schema import PARTICIPANT, VERDICTS
from personakit.wording import join, number, say_key


@dataclass(frozen=True, kw_only=True, eq=False)
class Spoken:
    """The records of a run and the language in which to speak of them; ``also`` holds the tables made besides."""

    language: str
    study: Study
    candidates: Candidates
    personas: Personas | None = None
    evidence: Evidence | None = None
    findings: JourneyFindings | None = None
    also: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def say(self, key: str, **values: object) -> str:
        """Say a string of the report."""
        return say_key(f"report.{key}", self.language, **values)

    def name(self, persona: object) -> str:
        """Name a persona as its card does."""
        named = self.personas.names.get(str(persona)) if self.personas is not None else None
        return named or say_key("cards.unnamed", self.language, persona=persona)

    def pairs(self, rows: pd.DataFrame) -> str:
        """Name the pairs of personas in rows of the comparison."""
        return self.listed([self.say("pair", one=self.name(a), two=self.name(b))
                            for a, b in zip(rows["persona_a"], rows["persona_b"], strict=True)])

    def listed(self, words: list[str]) -> str:
        """List words that hold commas of their own."""
        return functools.reduce(lambda one, two: self.say("separator", one=one, two=two), words)


def five_lines(spoken: Spoken) -> tuple[str, ...]:
    """Say the answer in five lines; the same lines open the report and end a run on the command line.

    Returns
    -------
    Five sentences: participants, candidate, verdict, personas with their shares, what remains uncertain.
    """
    verdict = str(spoken.personas.quality.get("verdict", "")) if spoken.personas is not None else ""
    verdict = verdict if verdict in VERDICTS else spoken.candidates.verdict
    return (_participants(spoken), _candidate(spoken), say_key(f"cards.verdict_{verdict}", spoken.language),
            _personas(spoken), _uncertain(spoken))


def _participants(spoken: Spoken) -> str:
    study = spoken.study
    counts = {
        "events": int(pd.to_numeric(study.sources.loc[study.sources["table"] == "events", "kept"]).sum())
        if study.events is not None else 0,
        "answers": 0 if study.answers is None else len(study.answers),
        "codes": 0 if study.codes is None else int(study.codes[PARTICIPANT].nunique()),
    }
    if not counts["events"] and hasattr(study.events, "__len__"):
        counts["events"] = len(study.events)
    parts = [spoken.say(f"part_{name}", n=n) for name, n in counts.items() if n]
    sources = spoken.say("with_sources", parts=join(parts, spoken.language)) if parts else ""
    return spoken.say("participants", n=len(study.participants), sources=sources)


def _candidate(spoken: Spoken) -> str:
    personas, n = spoken.personas, len(spoken.candidates.table)
    if personas is None:
        return spoken.say("no_candidate", n=n)
    if personas.chosen:
        act = personas.decisions[personas.decisions["act"] == "choose"]
        last = act.iloc[-1] if len(act) else {"by": "", "reason": ""}
        return spoken.say("chosen", candidate=personas.candidate, n=n, by=last["by"], reason=last["reason"])
    if personas.candidate == spoken.candidates.recommended:
        return spoken.say("recommended", candidate=personas.candidate, n=n)
    recommended = spoken.candidates.recommended or spoken.say("nothing")
    return spoken.say("shown", candidate=personas.candidate, n=n, recommended=recommended)


def _personas(spoken: Spoken) -> str:
    if spoken.personas is None:
        return spoken.say("no_personas")
    labels = spoken.personas.labels
    counts = labels.value_counts().reindex(spoken.personas.membership.columns, fill_value=0)
    said = [spoken.name(persona) if hidden else
            spoken.say("persona_share", name=spoken.name(persona), share=n / len(labels))
            for (persona, n), hidden in zip(counts.items(), hidden_parts(counts), strict=True)]
    return spoken.say("personas", n=len(counts), names=spoken.listed(said))


def _uncertain(spoken: Spoken) -> str:
    personas = spoken.personas
    if personas is None:
        return spoken.say("uncertain_none")
    parts = []
    if spoken.evidence is not None:
        people, contested = (spoken.evidence.coverage[name].to_numpy(dtype=float) for name in ("n", "contested"))
        between = float(people @ contested / people.sum())
        if between > 0:
            parts.append(spoken.say("uncertain_contested" if between >= 0.01 else "uncertain_contested_few", share=between))
    if "jaccard" in personas.stability.columns and personas.stability["jaccard"].notna().any():
        weakest = personas.stability["jaccard"].astype("float64").idxmin()
        jaccard = number(float(personas.stability["jaccard"].min()), spoken.language, 2)
        parts.append(spoken.say("uncertain_weakest", name=spoken.name(weakest), jaccard=jaccard))
    if spoken.findings is not None:
        rows = spoken.findings.comparison
        same = rows[(rows["verdict"] == "not_distinguishable") & (rows["persona_a"] != "all")]
        parts += [spoken.say("uncertain_journeys", pairs=spoken.pairs(same))] if len(same) else []
    return spoken.say("uncertain", parts=spoken.listed(parts) if parts else spoken.say("uncertain_nothing"))
