"""The documents that people read, neutral of format: what is written on a card or a map, and the evidence it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from personakit.frozen import freeze, show


def _lines(text: str) -> str:
    """Write what people typed as HTML: its first line, and its figures smaller below."""
    first, _, rest = escape(text).partition("\n")
    return first + (f"<br><small>{rest}</small>" if rest else "")


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

    def _repr_html_(self) -> str:
        """Show the front in a notebook: name, summary, and each section with its sentences."""
        parts = "".join(f"<dt><strong>{escape(one.title)}</strong></dt>" +
                        "".join(f"<dd>{_lines(claim.text)}</dd>" for claim in one.claims)
                        for one in self.sections if one.side == "front")
        return (f'<section lang="{escape(self.language)}"><h3>{escape(self.title)}</h3><p>{_lines(self.summary.text)}</p>'
                f"<p><em>{escape(self.banner or '')}</em></p><dl>{parts}</dl></section>")


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

    def _repr_html_(self) -> str:
        """Show the map in a notebook: stages as columns, lanes as rows."""
        head = "".join(f'<th scope="col">{escape(title)}</th>' for _, title in self.stages)
        rows = "".join(
            f'<tr><th scope="row">{escape(title)}</th>' + "".join(
                f"<td>{'<br>'.join(_lines(cell.text) for cell in column) or '–'}</td>" for column in columns) + "</tr>"
            for _, title, columns in self.lanes)
        return (f'<table lang="{escape(self.language)}"><caption>{escape(self.title)}</caption>'
                f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>")
