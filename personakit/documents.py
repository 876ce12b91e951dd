"""The documents that people read, neutral of format: what is written on a card or a map, and the evidence it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from personakit.frozen import freeze, show


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """One sentence on a card or a map: its text, the ids of the evidence rows behind it, and how many people they are.
    ``status``: measured (counted from data), quoted (a person's words), chosen (a person's decision) or method
    (how it was made and how to read it).
    """

    text: str
    evidence: tuple[str, ...] = ()
    n: int | None = None
    status: str = "measured"


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A titled list of claims on a card; ``side`` is front or back."""

    key: str
    title: str
    claims: tuple[Claim, ...]
    side: str = "front"


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """A persona card, neutral of format: what is written and the evidence each sentence names."""

    persona: str
    language: str
    title: str
    summary: Claim
    banner: str | None
    sections: tuple[Section, ...]
    figures: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        return show(f"Card {self.title}", {"sections": len(self.sections)}, "save_cards(cards, folder)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One cell of a journey map. ``value`` with ``low``/``high`` where a number stands behind the text, ``n`` people,
    ``evidence`` ids, ``level`` of evidence (none, partly, fully), ``tone`` (pain, delight or empty).
    """

    text: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    evidence: tuple[str, ...] = ()
    level: str = "none"
    tone: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class JourneyMap:
    """A journey map, neutral of format: stages (id, title) as columns, lanes (key, title, one tuple of cells a stage).

    ``persona`` is None for everyone. A map that compares two has ``persona`` ``P1+P3`` and both in ``personas``; the lanes
    of each are named ``reached:P1`` and so on, those that both share as ever.
    """

    title: str
    language: str
    persona: str | None
    banner: str | None
    stages: tuple[tuple[str, str], ...]
    lanes: tuple[tuple[str, str, tuple[tuple[Cell, ...], ...]], ...]
    notes: tuple[Claim, ...] = ()
    personas: tuple[str, ...] = ()

    def __repr__(self) -> str:
        facts = {"stages": len(self.stages), "lanes": len(self.lanes)}
        return show(f"JourneyMap {self.title}", facts, "save_map(journey_map, path)")
