"""Journey maps as files, in any of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from personakit.documents import JourneyMap
from personakit.export.formats import write_documents
from personakit.export.html import map_html
from personakit.export.theme import Theme

__all__ = ["map_html", "save_map"]


def save_map(
    journey_map: JourneyMap, path_without_suffix: str | Path, *, formats: Sequence[str] = ("html", "json"),
    theme: str | Path | Theme = "colour",
) -> list[Path]:
    """Write a map as one file a format: ``path.html``, ``path.pptx``, ...

    HTML is one self-contained file without script and prints on A3 landscape; a long map goes on to a second page with its
    stages repeated. PPTX is a native table with a native line chart for the experience curve. ``map_name(journey_map)`` is
    the file name that the report links to, in the folder maps.

    Parameters
    ----------
    journey_map
        What ``make_map`` returned, or ``load_document``.
    path_without_suffix
        Where to write; its folder is made if it does not exist.
    formats
        Those of ``save_cards`` and ``xml`` (after CJML: the planned journey beside the actual one). ``pptx`` is A3,
        ``pptx-wide`` 16:9; PNG and SVG are one file a page (``path-1.png``).
    theme
        ``colour``, ``grey``, or the path of a brand's TOML.

    Returns
    -------
    The paths written, in order. A format whose package is missing is left out with a warning that names the install line.

    Raises
    ------
    ChoiceError
        A format or a theme is unknown.
    StudyError
        As for ``save_cards``.

    Examples
    --------
    >>> import tempfile
    >>> from personakit.export import map_name
    >>> map_ = JourneyMap(title="t", language="en", persona=None, banner=None, stages=(("use", "use"),), lanes=())
    >>> with tempfile.TemporaryDirectory() as home:
    ...     [path.name for path in save_map(map_, Path(home) / map_name(map_))]
    ['all.html', 'all.json']
    """
    path = Path(path_without_suffix)
    return write_documents({path.name: journey_map}, path.parent, kind="map", formats=formats, theme=theme)
