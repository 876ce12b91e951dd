"""Journey maps as files: HTML (A3 landscape) and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from personakit.documents import Cell, JourneyMap
from personakit.export.drawings import avatar, curve, persona_colour
from personakit.export.folder import write_json
from personakit.export.render import check_formats, render
from personakit.export.tables import plain
from personakit.wording import say_key

FORMATS = ("html", "json")
SCHEMA = "personakit.map/1"


def save_map(journey_map: JourneyMap, path_without_suffix: str | Path, *, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a map as one file a format: ``path.html`` and ``path.json``.

    The HTML is one self-contained file without script and prints on A3 landscape; a long map goes on to a second page
    with its stages repeated. ``map_name(journey_map)`` is the file name that the report links to, in the folder maps.

    Returns
    -------
    The paths written, in order.

    Raises
    ------
    ChoiceError
        A format is unknown.

    Examples
    --------
    >>> import tempfile
    >>> from personakit.export import map_name
    >>> map_ = JourneyMap(title="t", language="en", persona=None, banner=None, stages=(("use", "use"),), lanes=())
    >>> with tempfile.TemporaryDirectory() as home:
    ...     [path.name for path in save_map(map_, Path(home) / map_name(map_))]
    ['all.html', 'all.json']
    """
    check_formats(formats, FORMATS)
    path = Path(path_without_suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    if "html" in formats:
        written.append(path.with_name(path.name + ".html"))
        written[-1].write_text(map_html(journey_map), encoding="utf-8", newline="\n")
    if "json" in formats:
        written.append(write_json(map_json(journey_map), path.with_name(path.name + ".json")))
    return written


def map_json(journey_map: JourneyMap) -> dict[str, object]:
    """Return the map as plain values: every cell with its numbers and the evidence behind it."""
    return {
        "schema": SCHEMA, "title": journey_map.title, "language": journey_map.language, "persona": journey_map.persona,
        "banner": journey_map.banner, "stages": [{"id": stage, "title": title} for stage, title in journey_map.stages],
        "lanes": [{"key": key, "title": title, "cells": [[plain(asdict(cell)) for cell in column] for column in cells]}
                  for key, title, cells in journey_map.lanes],
        "notes": [{"text": note.text, "evidence": list(note.evidence), "n": note.n} for note in journey_map.notes],
    }


def map_html(journey_map: JourneyMap) -> str:
    """Return the map as one HTML text."""
    lanes = [_lane(journey_map, *one) for one in journey_map.lanes]
    used = [cell.evidence for _, _, columns in journey_map.lanes for column in columns for cell in column]
    used += [note.evidence for note in journey_map.notes]
    numbers = {one: place for place, one in enumerate(dict.fromkeys(one for ids in used for one in ids), start=1)}
    persona = journey_map.persona if len(journey_map.personas) < 2 else None
    label = say_key("cards.avatar", journey_map.language, persona=persona or "")
    return render("map.html", journey_map.language, map=journey_map, lanes=lanes, numbers=numbers,
                  colour=persona_colour(persona) if persona else "#17212e",
                  avatar=avatar(persona, label=label) if persona else "")


def _lane(journey_map: JourneyMap, key: str, title: str, cells: Sequence[tuple[Cell, ...]]) -> dict[str, object]:
    """Return what the template needs of a lane; ``kind`` is its key without the persona it is of."""
    kind, _, persona = key.partition(":")
    return {"kind": kind, "title": title, "cells": cells, "known": any(cells),
            "colour": persona_colour(persona) if persona else "",
            "drawing": _experience(journey_map, cells) if kind == "experience" else ""}


def _experience(journey_map: JourneyMap, cells: Sequence[tuple[Cell, ...]]) -> object:
    points = [_point(column) for column in cells]
    said = [f"{title}: {point['text'] if point else '–'}"
            for (_, title), point in zip(journey_map.stages, points, strict=False)]
    ends = (say_key("maps.hard", journey_map.language), say_key("maps.easy", journey_map.language))
    return curve(points, ends=ends, label="; ".join(said)) if any(points) else ""


def _point(column: tuple[Cell, ...]) -> dict[str, object] | None:
    if not column or column[0].value is None:
        return None
    cell = column[0]
    return {"value": cell.value, "low": cell.low, "high": cell.high, "text": cell.text}
