"""The records that stages hand to each other. A record is frozen, keyword-only, copies the tables it is given, is checked
once at its door and carries no verbs; its HTML names the next verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.frozen import Sentence, freeze, no_rows, show, show_html
from personakit.readings import NOTHING_ASIDE, SOURCE_COLUMNS, ReadReport
from personakit.schema import (
    FRAMEWORKS,
    LANGUAGES,
    PARTICIPANT,
    PERSONA,
    ROLE,
    SOURCE,
    STAGE,
    TABLES,
    TOUCHPOINT,
    VERDICTS,
    check_table,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What a team knows: the tables of one study. Any table but participants may be ``None``.

    ``participants`` and ``answers`` are indexed by participant_id; the other tables are as in ``TABLES``.
    ``choice`` holds what people chose (candidate, by, reason, when), ``names`` maps a persona to the name people gave it.
    ``reports`` says how each file was read. From it come ``sources``, one row a file (table, file, sha256, rows_in, kept,
    set_aside), and ``set_aside``, one row a reason (table, reason, rows, first).
    """

    name: str
    participants: pd.DataFrame
    language: str = "en"
    timezone: str = "UTC"
    stages: tuple[str, ...] = FRAMEWORKS["parcours"]
    events: Any = None
    answers: pd.DataFrame | None = None
    codes: pd.DataFrame | None = None
    codebook: pd.DataFrame | None = None
    touchpoints: pd.DataFrame | None = None
    contents: pd.DataFrame | None = None
    goals: pd.DataFrame | None = None
    walkthroughs: pd.DataFrame | None = None
    design: pd.DataFrame | None = None
    choice: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[ReadReport, ...] = ()

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise StudyError(f"language: {self.language!r} is unknown. Allowed: {', '.join(LANGUAGES)}.")
        object.__setattr__(self, "participants", check_table("participants", self.participants))
        if not len(self.participants):
            raise StudyError("participants: the table has no rows. Add the people of the study.")
        for table in ("answers", *TABLES):
            frame = getattr(self, table)
            if isinstance(frame, pd.DataFrame):
                object.__setattr__(self, table, check_table(table, frame))
        for table in ("answers", "events", "codes"):
            self._check_known(table)
        freeze(self)

    @property
    def sources(self) -> pd.DataFrame:
        """Return one row a file."""
        rows = [(one.table, one.file, one.sha256, one.rows_in, one.kept, one.rows_in - one.kept) for one in self.reports]
        return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS)).astype(SOURCE_COLUMNS)

    @property
    def set_aside(self) -> pd.DataFrame:
        """Return one row a reason."""
        return pd.concat([one.set_aside for one in self.reports] or [NOTHING_ASIDE], ignore_index=True)

    def _check_known(self, table: str) -> None:
        frame = getattr(self, table)
        if not isinstance(frame, pd.DataFrame):
            return
        ids = pd.Index(frame.index if table == "answers" else frame[PARTICIPANT].unique())
        check_known(table, ids, self.participants.index)

    def __repr__(self) -> str:
        counts = {table: len(getattr(self, table)) for table in ("participants", "events", "answers", "codes")
                  if hasattr(getattr(self, table), "__len__")}
        return show(f"Study {self.name}", counts, "check_study(study)")

    _repr_html_ = show_html


def check_known(table: str, ids: pd.Index, known: pd.Index) -> None:
    """Raise ``StudyError`` where a table names participants (``ids``, each once) who are not ``known``."""
    unknown = ids[~ids.isin(known)]
    if len(unknown):
        raise StudyError(
            f"{table}.{PARTICIPANT}: {len(unknown)} of {len(ids)} not in participants ({first_five(sorted(unknown))}). "
            f"Add them, drop these rows, or set unknown_participants = \"set_aside\" under [{table}] in study.toml."
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedLog:
    """An event log as arrays, sorted once by (participant, time, order).

    ``participants`` (n), ``offsets`` (n + 1, int64): the rows of participant i are ``offsets[i]:offsets[i + 1]``.
    ``time_us`` (m, int64, UTC microseconds), ``value`` (m, float, NaN where none). ``codes`` maps a column (event,
    channel, ...) to m small integers, -1 where unknown; ``levels`` maps it to the words they stand for.
    ``ties`` counts events that share participant and time with the event before and have no order column to part them.
    """

    participants: pd.Index
    offsets: np.ndarray
    time_us: np.ndarray
    value: np.ndarray
    codes: Mapping[str, np.ndarray]
    levels: Mapping[str, pd.Index]
    ties: int = 0

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def events(self) -> int:
        """Count the events."""
        return len(self.time_us)

    @property
    def engine(self) -> str:
        """Say who holds the events: ``memory``."""
        return "memory"


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredLog:
    """An event log that stays in the engine that holds it; only its participants and words are listed.

    ``frame``: a lazy frame with one row an event: person (the id as the engine has it), time_us, moment (a whole number that
    puts one person's events in order), value and order where there are any, and the codes of each column in ``levels``
    (-1 where unknown). ``ids`` are the participants as whole numbers, where the engine's are. ``events`` counts the rows,
    ``engine`` names who holds them, such as ``duckdb``.
    """

    frame: Any
    participants: pd.Index
    levels: Mapping[str, pd.Index]
    events: int
    engine: str
    ids: np.ndarray | None = None

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def offsets(self) -> np.ndarray:
        """Raise: the events are not in memory."""
        raise self._not_here()

    @property
    def time_us(self) -> np.ndarray:
        """Raise: the events are not in memory."""
        raise self._not_here()

    @property
    def value(self) -> np.ndarray:
        """Raise: the events are not in memory."""
        raise self._not_here()

    @property
    def codes(self) -> Mapping[str, np.ndarray]:
        """Raise: the events are not in memory."""
        raise self._not_here()

    def _not_here(self) -> StudyError:
        return StudyError(
            f"journeys: this view needs every event in memory, and the log has {self.events:,} that stay in {self.engine}. "
            f"Keep fewer events or people, or use a view that runs there: transitions, stage_counts, loops, step_matrix, "
            f"variants, funnel.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What candidates are made from. ``table`` (analysis scale) and ``natural`` (natural units) share index and columns.

    ``catalog`` is indexed by feature: kind, role (active or held_back), origin (events, answers, codes, participants,
    other), unit, label (the study's own words, or empty), missing (share), why (a held-back reason, or empty), scale (what
    was done to the values), drawn_in (how many were), variance (share of the active table's, NaN where held back).
    ``dropped``: feature, why. ``window_days``: the exposure window of the features that come from events, NaN where these
    used the whole log, None where none does. ``notes`` are the warnings a person should read.
    """

    table: pd.DataFrame
    natural: pd.DataFrame
    catalog: pd.DataFrame
    dropped: pd.DataFrame
    window_days: float | None = None
    notes: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        if not (self.table.index.equals(self.natural.index) and self.table.columns.equals(self.natural.columns)
                and self.table.columns.equals(self.catalog.index)):
            raise StudyError("features: table, natural and catalog do not line up. Build them with build_features.")
        freeze(self)

    @property
    def active(self) -> pd.DataFrame:
        """The columns of ``table`` that make the personas."""
        return self.table.loc[:, (self.catalog[ROLE] == "active").to_numpy()]

    def __repr__(self) -> str:
        roles = self.catalog[ROLE].value_counts().sort_index()
        facts = {"participants": len(self.table), **{str(role): int(count) for role, count in roles.items()}}
        return show("Features", facts, "find_candidates(features, seed=7)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Every solution that was tried. ``table`` is indexed by candidate (``method-k``); ``memberships`` maps a candidate
    to a frame (participants by P1..Pk, rows sum to 1, personas from large to small).

    ``recommended`` is a candidate or None; ``verdict`` is the verdict of the whole search, ``why`` says it in sentences.
    ``personas`` is indexed by (candidate, persona): n, share, jaccard (stability of that persona), contested share,
    jaccard_fewer and jaccard_more (with one persona fewer and one more). ``rivals``: solutions as good as a candidate and
    different from it (candidate, rival, loss, agreement, moved). ``models``: candidate or rival -> what ``assign`` needs.
    """

    table: pd.DataFrame
    memberships: Mapping[str, pd.DataFrame]
    personas: pd.DataFrame
    features: Features
    seed: int
    verdict: str
    recommended: str | None
    why: tuple[Sentence, ...]
    rivals: pd.DataFrame = field(default_factory=lambda: no_rows("candidate", "rival", "loss", "agreement", "moved"))
    models: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise StudyError(f"verdict: {self.verdict!r} is unknown. Allowed: {', '.join(VERDICTS)}.")
        freeze(self)

    def __repr__(self) -> str:
        facts = {"candidates": len(self.table), "recommended": self.recommended or "none", "verdict": self.verdict}
        return show("Candidates", facts, "choose(candidates, candidate, by=..., reason=...)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Personas:
    """The personas of one candidate: ``membership`` (participants by P1..Pk), ``names`` (persona -> name people gave),
    ``decisions`` (act, persona, value, by, reason, when), ``chosen`` (False: recommended, not yet chosen by a person),
    ``quality`` (the candidate's row) and ``stability`` (its personas' rows), ``tried`` (how many candidates were).
    """

    candidate: str
    membership: pd.DataFrame
    features: Features
    quality: pd.Series
    stability: pd.DataFrame
    tried: int
    chosen: bool
    names: Mapping[str, str] = field(default_factory=dict)
    decisions: pd.DataFrame = field(default_factory=lambda: no_rows("act", PERSONA, "value", "by", "reason", "when"))

    def __post_init__(self) -> None:
        if not np.allclose(self.membership.sum(axis=1), 1.0, atol=1e-6):
            raise StudyError("personas.membership: rows do not sum to 1. Give each participant shares that do.")
        freeze(self)

    @property
    def labels(self) -> pd.Series:
        """The persona of each participant: the largest membership (the first of equals)."""
        best = self.membership.to_numpy().argmax(axis=1)
        return pd.Series(self.membership.columns.to_numpy()[best], index=self.membership.index, name=PERSONA)

    def __repr__(self) -> str:
        sizes = self.labels.value_counts().reindex(self.membership.columns, fill_value=0)
        return show(f"Personas {self.candidate}", {self.names.get(str(p), str(p)): n for p, n in sizes.items()},
                     "gather_evidence(study, features, personas, seed=7)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What is known of each persona; every row has an ``evidence_id``, the hash of the rows and parameters behind it.

    ``table`` (features: persona, feature, role, inside, outside, difference, low, high, effect, n_inside, n_outside, p, q),
    ``codes``, ``quotes``, ``coverage`` (index persona), ``traits``, ``outcomes``, ``words``, ``counter_quotes`` and
    ``exemplars``: their columns are listed where they are made, in ``gather_evidence``. ``notes``: what cannot be told.
    """

    table: pd.DataFrame
    codes: pd.DataFrame
    quotes: pd.DataFrame
    coverage: pd.DataFrame
    traits: pd.DataFrame
    seed: int
    outcomes: pd.DataFrame = field(default_factory=lambda: no_rows("evidence_id", PERSONA))
    words: pd.DataFrame = field(default_factory=lambda: no_rows("evidence_id", PERSONA))
    counter_quotes: pd.DataFrame = field(default_factory=lambda: no_rows("evidence_id", PERSONA))
    exemplars: pd.DataFrame = field(default_factory=lambda: no_rows("evidence_id", PERSONA))
    notes: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"features": len(self.table), "codes": len(self.codes), "quotes": len(self.quotes)}
        return show("Evidence", facts, "make_cards(personas, evidence, findings, language=...)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Journeys:
    """Each participant's ordered touchpoints. ``log`` is an ``EncodedLog``, whose ``codes`` hold event, touchpoint, stage,
    channel, device, owner and content; or a ``StoredLog``, where there are too many events for memory. ``session`` numbers
    the sessions over the whole log (m, int64; empty where it is stored).

    ``ends`` is indexed by participant: events, sessions, first_us, last_us, status (``open``: may still go on at the data
    cut; ``ended``). ``notes``: check, count, share (unmapped events, ties, self loops). ``cut_us`` is the data cut.
    """

    log: Any
    stages: tuple[str, ...]
    session: np.ndarray
    session_gap_min: float
    ends: pd.DataFrame
    notes: pd.DataFrame
    cut_us: int

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        still_open = int((self.ends["status"] == "open").sum())
        return show("Journeys", {"participants": len(self.ends), "events": self.log.events, "still open": still_open},
                     "transitions(journeys, personas, seed=7)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class JourneyFindings:
    """What the journeys show. Every frame has an ``evidence_id`` a row; ``persona`` is P1..Pk, or ``all`` for everyone.

    ``stages``: persona, stage, people, people_total, share, low, high (share of people ever seen at the stage), events,
    median_days (from first to last event of a visit to the stage). ``transitions``: persona, source, target (stages, or
    ``end`` / ``open``), count, people, share, low, high, few. ``funnel``: persona, stage, entered, reached, still_open,
    ended, share, low, high (share reached, people still open counted as open). ``friction``: persona, touchpoint, stage,
    channel, owner, people, visits, stop_share, like_share, excess, low, high, flagged. ``switches``: persona, source,
    target (channels), switches, people, restart_share, like_share, excess, low, high, flagged. ``comparison``: persona_a,
    persona_b, people_a, people_b, change (mean total variation a step), low, high, p, q, verdict (differ,
    equivalent, not_distinguishable, cannot_tell), r2, tested (which steps); its first row compares all personas at once.
    ``curve``, ``moments``, ``triangulation``: those of ``experience``, where the study was given. ``why`` says it in
    sentences.
    """

    stages: pd.DataFrame
    transitions: pd.DataFrame
    funnel: pd.DataFrame
    friction: pd.DataFrame
    switches: pd.DataFrame
    comparison: pd.DataFrame
    why: tuple[Sentence, ...]
    seed: int
    curve: pd.DataFrame = field(default_factory=lambda: no_rows(PERSONA, SOURCE, STAGE, TOUCHPOINT))
    moments: pd.DataFrame = field(default_factory=lambda: no_rows(PERSONA, SOURCE, STAGE))
    triangulation: pd.DataFrame = field(default_factory=lambda: no_rows(PERSONA, STAGE))

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"flagged touchpoints": int(self.friction["flagged"].sum()), "comparisons": len(self.comparison)}
        return show("JourneyFindings", facts, "make_map(study, findings)")

    _repr_html_ = show_html
