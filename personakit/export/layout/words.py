"""Claims and cells as paragraphs: what is said, raised numbers that lead to the evidence, figures below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from personakit.documents import Card, Claim, JourneyMap, Section
from personakit.export.layout.text import MM_A_POINT, Paragraph, Run, break_lines, text_height

#: smaller than the sentences, by this many points; never under the floor
FIGURES_SMALLER, FLOOR = 1.2, 7.0
DOTS = 30
#: how well data back a cell: a glyph each, so that no colour is needed
LEVELS = {"fully": "●", "partly": "◐", "none": "○"}
#: known front sections, one list a column, from what people want to what they say
COLUMNS = (
    ("goal", "need", "motivation", "preferred"),
    ("pain", "barrier", "delight"),
    ("behaviours", "content"),
    ("quotes", "channels", "devices", "surprise", "unknown"),
)
STRIP = "journey"


def front_columns(card: Card) -> list[list[Section]]:
    """Deal the front's sections to columns: known ones to their own, others to the column that says least."""
    known = {one.key: one for one in card.sections if one.side == "front" and one.key != STRIP}
    columns = [[known.pop(key) for key in keys if key in known] for keys in COLUMNS]
    for other in known.values():
        min(columns, key=lambda column: sum(len(claim.text) for one in column for claim in one.claims)).append(other)
    return [one for one in columns if one]


def used_evidence(document: Card | JourneyMap) -> tuple[str, ...]:
    """List the evidence ids that a card or a map names, in the order of its sentences: the place is the number printed.

    Examples
    --------
    >>> claim = Claim(text="x", evidence=("b", "a"))
    >>> used_evidence(Card(persona="P1", language="en", title="t", summary=claim, banner=None, sections=()))
    ('b', 'a')
    """
    if isinstance(document, Card):
        share = document.figures.get("share", {})
        first = [(str(share["evidence"]),)] if isinstance(share, Mapping) and "evidence" in share else []
        claims = [document.summary, *(claim for part in document.sections for claim in part.claims)]
        lists: list[Iterable[str]] = [*first, *(claim.evidence for claim in claims)]
    else:
        lists = [cell.evidence for _, _, columns in document.lanes for column in columns for cell in column]
        lists += [note.evidence for note in document.notes]
    return tuple(dict.fromkeys(one for ids in lists for one in ids))


def evidence_numbers(document: Card | JourneyMap) -> dict[str, int]:
    """Return evidence id -> the number printed beside sentences."""
    return {one: place for place, one in enumerate(used_evidence(document), start=1)}


def refs(ids: Sequence[str], numbers: Mapping[str, int]) -> str:
    """Write the numbers of evidence: a row of neighbours as a range.

    Examples
    --------
    >>> refs(["a", "b", "c"], {"a": 3, "b": 4, "c": 5}), refs(["a"], {"a": 3})
    ('3–5', '3')
    """
    found = [numbers[one] for one in ids if one in numbers]
    if len(found) > 2 and found[-1] - found[0] == len(found) - 1:
        return f"{found[0]}–{found[-1]}"
    return " ".join(str(one) for one in found)


def said(
    text: str,
    size: float,
    *,
    evidence: Sequence[str] = (),
    numbers: Mapping[str, int] | None = None,
    mark: str = "",
    look: Mapping[str, Any] | None = None,
    figures_mark: str = "",
) -> tuple[Run, ...]:
    """Turn a claim's text into runs: a mark, the first line, its raised numbers, and the figures on a line of their own."""
    first, _, rest = text.partition("\n")
    runs = [Run(text=mark + " ", size=size, colour="accent", kind="mark")] if mark else []
    runs.append(Run(text=first, size=size, **(look or {})))
    raised = refs(evidence, numbers or {})
    if raised:
        runs.append(Run(text="\u00a0" + raised, size=size, colour="muted", kind="ref"))
    small = max(size - FIGURES_SMALLER, FLOOR)
    if figures_mark:
        runs.append(Run(text="\n" + figures_mark, size=small - 1.0, colour="dot", kind="mark"))
    if rest:
        runs.append(Run(text="\n" + rest, size=small, colour="muted", kind="figures"))
    return tuple(runs)


def claim_paragraph(claim: Claim, size: float, numbers: Mapping[str, int], entry: object, **look: Any) -> Paragraph:
    """Write a claim; interviewees stand as dots, one a person, filled where they said it."""
    dots = ""
    if isinstance(entry, Mapping) and "total" in entry and 0 < int(entry["total"]) <= DOTS:
        dots = "●" * int(entry["n"]) + "○" * (int(entry["total"]) - int(entry["n"]))
    return Paragraph(
        runs=said(claim.text, size, evidence=claim.evidence, numbers=numbers, look=look, figures_mark=dots),
        after=size * 0.42,
    )


def fitted(run: Run, width: float, height: float, floor: float, family: str) -> tuple[Paragraph, ...]:
    """Shrink a line of words until it fits a box; at the floor, end it with an ellipsis (notes hold the whole text)."""
    size = run.size
    while True:
        one = (Paragraph(runs=(Run(**{**vars(run), "size": size}),)),)
        if text_height(one, width, family) <= height + 1e-6:
            return one
        if size <= floor:
            break
        size = max(size - 0.5, floor)
    lines = break_lines(one[0], width, family)[: max(int(height / (size * 1.2 * MM_A_POINT)), 1)]
    text = "".join(part.text for line in lines for _, part in line)[:-2].rstrip() + " …"
    return (Paragraph(runs=(Run(**{**vars(run), "size": size, "text": text}),)),)
