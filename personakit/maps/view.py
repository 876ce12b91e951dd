"""What a map is drawn from: the rows of one persona, or of everyone, with small cells emptied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from personakit.disclosure import journey_cells
from personakit.documents import Cell
from personakit.records import Evidence, JourneyFindings, Study
from personakit.schema import PARTICIPANT, PERSONA, SOURCE, STAGE, TOUCHPOINT
from personakit.wording import say_key

EVERYONE = "all"
#: frames of the findings that a map shows
FRAMES = ("stages", "transitions", "funnel", "friction", "switches", "comparison", "curve", "moments", "triangulation")
#: people from which a measured cell counts as solid (``fully``)
SOLID = 30
#: people from which a cell counts as solid where a second kind of source says the same
SOLID_TOGETHER = 5
#: lines of one cell
MOST = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One persona (or everyone, ``persona`` is None) of one study. ``frames`` holds its journey findings, small cells
    emptied; ``interviews`` the coded passages of these people, and ``register`` the hypotheses of the team.
    """

    study: Study
    language: str
    persona: str | None
    frames: Mapping[str, pd.DataFrame]
    evidence: Evidence | None
    interviews: pd.DataFrame
    register: pd.DataFrame | None = None

    def say(self, key: str, **values: object) -> str:
        """Say a string of the map in its language."""
        return say_key(f"maps.{key}", self.language, **values)

    def at(self, frame: str, stage: str) -> pd.DataFrame:
        """Return the rows of a frame of the findings at a stage."""
        rows = self.frames[frame]
        return rows[rows[STAGE] == stage]


def passages(study: Study, members: pd.Index) -> pd.DataFrame:
    """Return the coded passages of these people, with the stage of their touchpoint where they name none."""
    codes = study.codes
    if codes is None:
        return pd.DataFrame(columns=[PARTICIPANT, "code", "kind", STAGE])
    own = codes[codes[PARTICIPANT].isin(members)]
    own = own.assign(**{name: own[name] if name in own.columns else None for name in ("kind", STAGE, TOUCHPOINT)})
    return own.assign(**{STAGE: own[STAGE].fillna(own[TOUCHPOINT].map(stages_of(study)))})


def stages_of(study: Study) -> pd.Series:
    """Return the stage of each touchpoint, the first listed where a touchpoint serves several."""
    if study.touchpoints is None:
        return pd.Series(dtype="str")
    return study.touchpoints.drop_duplicates(TOUCHPOINT).set_index(TOUCHPOINT)[STAGE]


def own_frames(findings: JourneyFindings | None, persona: str | None) -> dict[str, pd.DataFrame]:
    """Return the frames of the findings for a persona, or for everyone; empty ones where there are no findings."""
    if findings is None:
        return {name: pd.DataFrame(columns=[PERSONA, SOURCE, STAGE, TOUCHPOINT, "flagged"]) for name in FRAMES}
    frames = {}
    for name in FRAMES:
        frame = journey_cells(name, getattr(findings, name))
        frames[name] = frame[frame[PERSONA] == (persona or EVERYONE)] if PERSONA in frame.columns else frame
    return frames


def level(n: object, *, agreed: bool = False) -> str:
    """How well a measure on ``n`` people is backed; ``agreed`` where a second kind of source says the same.

    Examples
    --------
    >>> level(40), level(12), level(0), level(6, agreed=True), level(1, agreed=True)
    ('fully', 'partly', 'none', 'fully', 'partly')
    """
    people = 0 if n is None or pd.isna(n) else int(n)  # type: ignore[call-overload]
    return "fully" if people >= (SOLID_TOGETHER if agreed else SOLID) else "partly" if people > 0 else "none"


def ids(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the evidence ids of rows."""
    return tuple(dict.fromkeys(str(one) for one in rows["evidence_id"])) if "evidence_id" in rows.columns else ()


def hidden(view: View, row: pd.Series) -> Cell:
    """Make the cell of a figure that stands on too few people."""
    return Cell(text=view.say("hidden"), level="partly", evidence=(str(row["evidence_id"]),))


def rows_of(frame: pd.DataFrame) -> Iterator[pd.Series]:
    """Go through the rows of a frame one by one."""
    return (row for _, row in frame.iterrows())
