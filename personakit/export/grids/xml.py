"""A map as XML after the Customer Journey Modelling Language: the planned journey beside the actual one.

CJML (Halvorsrud, Kvale and Følstad 2016) tells what an organisation plans from what people live through. A lane of plans
goes into the planned journey, every other lane into the actual one; both hold the same phases.
"""

from __future__ import annotations

from xml.etree import ElementTree as Tree  # noqa: S405 - written, never read

from personakit.documents import Cell, JourneyMap

#: lanes that say what the organisation plans
PLANNED = ("goals", "content", "owners")
SCHEMA = "personakit.cjml/1"


def as_xml(journey_map: JourneyMap) -> str:
    """Return a map as XML."""
    root = Tree.Element(
        "customerJourney",
        {
            "schema": SCHEMA,
            "language": journey_map.language,
            "title": journey_map.title,
            "actor": journey_map.persona or "all",
        },
    )
    for kind in ("planned", "actual"):
        journey = Tree.SubElement(root, "journey", {"type": kind})
        for at, (stage, title) in enumerate(journey_map.stages):
            phase = Tree.SubElement(journey, "phase", {"id": stage, "name": title, "order": str(at + 1)})
            for key, name, columns in journey_map.lanes:
                if (key in PLANNED) == (kind == "planned"):
                    _lane(phase, key, name, columns[at])
    notes = Tree.SubElement(root, "notes")
    for note in journey_map.notes:
        Tree.SubElement(notes, "note", {"evidence": " ".join(note.evidence)} if note.evidence else {}).text = note.text
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _lane(phase: Tree.Element, key: str, name: str, cells: tuple[Cell, ...]) -> None:
    if not cells:
        return
    lane = phase if key == "touchpoints" else Tree.SubElement(phase, "lane", {"key": key, "name": name})
    for cell in cells:
        facts = {"n": cell.n, "value": cell.value, "low": cell.low, "high": cell.high}
        attributes = {one: f"{value:.6g}" for one, value in facts.items() if value is not None}
        attributes |= {"tone": cell.tone} if cell.tone else {}
        attributes |= {"evidence": " ".join(cell.evidence)} if cell.evidence else {}
        one = Tree.SubElement(lane, "touchpoint" if key == "touchpoints" else "cell", {"level": cell.level, **attributes})
        one.text = cell.text.replace("\n", " · ")
