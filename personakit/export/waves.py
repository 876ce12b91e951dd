"""The comparison of two waves as a page that leads with the verdict, and as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from personakit.cards.known import natural
from personakit.disclosure import hide_small
from personakit.export.render import render
from personakit.export.tables import save_tables
from personakit.monitor import WaveComparison
from personakit.records import Personas
from personakit.schema import FEATURE, KIND, PERSONA, UNIT
from personakit.wording import check_language, feature_label, number, points, say, say_key, share

#: counts of people -> figures that stand on them
CELLS = {
    "sizes": (["n_old", "n_new"], ["n_old", "n_new", "share_old", "share_new", "difference", "low", "high"]),
    "shifts": (["n_old", "n_new"], ["n_old", "n_new", "old", "new", "difference", "low", "high", "effect"]),
    "structure": (["n_new"], ["n_new", "far_new", "split_new"]),
    "journeys": (["people_old", "people_new"], ["people_old", "people_new", "change", "expected"]),
}
#: profile shifts on the page; the table holds all
TOP = 12


def save_comparison(
    waves: WaveComparison, personas: Personas, folder: str | Path, *, title: str, language: str
) -> list[Path]:
    """Write ``index.html`` (the verdict, what could be seen at all, what was found) and every table as CSV and JSON.

    Use it after ``compare_waves``. Figures that stand on fewer than five people are empty.

    Parameters
    ----------
    waves, personas
        What ``compare_waves`` returned, and the personas of the earlier wave, for their names and units.
    folder
        Made if it does not exist.
    title
        What is compared, such as ``Lunettes, 2025 and 2026``.
    language
        ``fr`` or ``en``.

    Returns
    -------
    The paths written.
    """
    language = check_language(language)
    tables = wave_tables(waves)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    lines = [say(one, language) for one in waves.why]
    values = {
        "title": title, "verdict": waves.verdict, "lines": lines, "seed": waves.seed,
        "questions": [[say_key(f"monitor.ask_{row['question']}", language), number(row["corrected"], language, 3),
                       say_key("monitor.yes" if row["found"] else "monitor.no", language)]
                      for row in waves.questions.to_dict("records")],
        "sizes": [_size(row, personas, language) for row in tables["wave_sizes"].to_dict("records")],
        "structure": [_held(row, personas, language) for row in tables["wave_structure"].to_dict("records")],
        "shifts": _shifts(tables["wave_shifts"], personas, language),
        "journeys": [_walked(row, personas, language) for row in tables["wave_journeys"].to_dict("records")],
    }
    page.write_text(render("waves.html", language, **values), encoding="utf-8", newline="\n")
    return [page, *save_tables(tables, folder / "tables")]


def wave_tables(waves: WaveComparison) -> dict[str, pd.DataFrame]:
    """Return the tables of a comparison that may leave the room, by the name of their file."""
    tables = {}
    for name, (counts, values) in CELLS.items():
        frame = getattr(waves, name)
        tables[f"wave_{name}"] = hide_small(frame, counts=counts, values=values) if len(frame) else frame
    return {**tables, "wave_questions": waves.questions}


def _name(persona: str, personas: Personas) -> str:
    return personas.names.get(persona) or persona


def _size(row: Any, personas: Personas, language: str) -> list[str]:
    change = (f"{points(row['difference'], language)} ({points(row['low'], language)} – {points(row['high'], language)})"
              if pd.notna(row["difference"]) else number(float("nan"), language))
    return [_name(row[PERSONA], personas), *(share(row[name], language) for name in ("share_old", "share_new")), change,
            points(row["detectable"], language), number(row["q"], language, 3)]


def _held(row: Any, personas: Personas, language: str) -> list[str]:
    name = _name(row[PERSONA], personas) if row[PERSONA] else say_key("monitor.newcomers", language)
    change = say_key(f"monitor.became_{row['change']}", language)
    return [name, change, *(share(row[one], language) for one in ("far_old", "far_new", "split_old", "split_new"))]


def _shifts(frame: pd.DataFrame, personas: Personas, language: str) -> list[list[str]]:
    rows = frame[(frame["q"] < 0.05) & frame["difference"].notna()]
    rows = rows.sort_values("effect", key=abs, ascending=False, kind="stable")
    catalog = personas.features.catalog
    out = []
    for row in rows.head(TOP).to_dict("records"):
        about = catalog.loc[row[FEATURE]]
        label = feature_label(str(row[FEATURE]), language, about.get("label", ""))
        kind = "share" if row["level"] else about[KIND]
        values = [natural(row[side], kind, about.get(UNIT, ""), language) for side in ("old", "new")]
        out.append([_name(str(row[PERSONA]), personas), f"{label} {row['level']}".strip(), *values,
                    number(row["effect"], language, 2), number(row["q"], language, 3)])
    return out


def _walked(row: Any, personas: Personas, language: str) -> list[str]:
    return [_name(row[PERSONA], personas), share(row["change"], language, 1), share(row["expected"], language, 1),
            number(row["q"], language, 3)]
