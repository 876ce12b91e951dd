"""The comparison of two waves as a page that leads with the verdict, and as tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personakit.cards.known import natural
from personakit.disclosure import Total, hide_small
from personakit.export.render import render
from personakit.export.tables import save_tables
from personakit.frozen import Sentence
from personakit.monitor import WaveComparison
from personakit.monitor.wave_words import sentences
from personakit.records import Personas
from personakit.schema import FEATURE, KIND, PERSONA, UNIT
from personakit.wording import check_language, feature_label, number, points, say, say_key, share

#: table -> counts of people, and the figures that stand on them
CELLS = {
    "sizes": (["n_old", "n_new"], ["n_old", "n_new", "share_old", "share_new", "difference", "low", "high"]),
    "shifts": (["n_old", "n_new", "with_old", "with_new", "without_old", "without_new"],
               ["n_old", "n_new", "old", "new", "difference", "low", "high", "effect"]),
    "structure": (["n_new"], ["n_new", "far_old", "far_new", "split_old", "split_new"]),
    "journeys": (["people_old", "people_new"], ["people_old", "people_new", "change", "expected"]),
}
#: profile shifts on the page; the table holds all
TOP = 12


def save_comparison(
    waves: WaveComparison, personas: Personas, folder: str | Path, *, title: str, language: str
) -> list[Path]:
    """Write ``index.html`` (the verdict, what could be seen at all, what was found), the same as ``summary.txt``, and
    every table as CSV and JSON.

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
    tables = wave_tables(waves, personas)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    said = [(one.key, say(one, language)) for one in _publishable(waves, tables, personas)]
    verdict = dict(said)[f"monitor.{waves.verdict}"]
    lines = [line for _, line in said if line != verdict]
    values = {
        "title": title, "verdict": verdict, "lines": lines, "seed": waves.seed,
        "questions": [[say_key(f"monitor.ask_{row['question']}", language), _chance(row["corrected"], language),
                       say_key("monitor.yes" if row["found"] else "monitor.no", language)]
                      for row in waves.questions.to_dict("records")],
        "sizes": [_size(row, personas, language) for row in tables["wave_sizes"].to_dict("records")],
        "structure": [_held(row, personas, language) for row in tables["wave_structure"].to_dict("records")],
        "shifts": _shifts(tables["wave_shifts"], personas, language),
        "journeys": [_walked(row, personas, language) for row in tables["wave_journeys"].to_dict("records")],
    }
    page.write_text(render("waves.html", language, **values), encoding="utf-8", newline="\n")
    summary = folder / "summary.txt"
    summary.write_text("\n".join([verdict, *lines]) + "\n", encoding="utf-8", newline="\n")
    return [page, summary, *save_tables(tables, folder / "tables")]


def wave_tables(waves: WaveComparison, personas: Personas) -> dict[str, pd.DataFrame]:
    """Return the tables of a comparison that may leave the room, by the name of their file.

    A persona of few people in either wave is hidden in all of them, and with it the next smallest where its size could be
    computed from the total. A share is hidden where few people have it, or few have it not.
    """
    sizes = _masked("sizes", waves.sizes.assign(study=""), totals=[(("study",), "n_old"), (("study",), "n_new")])
    few = set(sizes.loc[sizes["hidden"], PERSONA])
    holders = waves.shifts.assign(**_holders(waves.shifts, personas))
    parts = [((PERSONA, FEATURE), name) for name in ("with_old", "with_new")]
    tables = {"sizes": sizes, "shifts": _masked("shifts", holders, few=few, totals=parts).drop(columns=[
        "with_old", "with_new", "without_old", "without_new"])}
    for name in ("structure", "journeys"):
        frame = getattr(waves, name)
        tables[name] = _masked(name, frame, few=few) if len(frame) else frame
    return {**{f"wave_{name}": frame.drop(columns="study", errors="ignore") for name, frame in tables.items()},
            "wave_questions": waves.questions}


def _masked(name: str, frame: pd.DataFrame, *, few: Collection[object] = (), totals: Sequence[Total] = ()) -> pd.DataFrame:
    counts, values = CELLS[name]
    return hide_small(frame, counts=counts, values=values, totals=totals, already=frame[PERSONA].isin(few).to_numpy(bool))


def _holders(shifts: pd.DataFrame, personas: Personas) -> dict[str, pd.Series]:
    """Count the people who have what a share is about, and who have it not; of other figures everyone, and nobody."""
    kinds = shifts[FEATURE].map(personas.features.catalog[KIND])
    of_people = (shifts["level"] != "") | (kinds == "binary")
    out = {}
    for wave in ("old", "new"):
        n = shifts[f"n_{wave}"]
        out[f"with_{wave}"] = (shifts[wave] * n).round().where(of_people, n)
        out[f"without_{wave}"] = n - out[f"with_{wave}"]
    return out


def _publishable(waves: WaveComparison, tables: Mapping[str, pd.DataFrame], personas: Personas) -> tuple[Sentence, ...]:
    """Say the findings again without those that stand on few people."""
    hidden = {name: tables[f"wave_{name}"]["hidden"].to_numpy(bool) for name in ("sizes", "structure", "shifts")}
    structure = waves.structure.copy()
    structure.loc[hidden["structure"], "change"] = structure["change"].map({"died": "died_few"}).fillna("kept")
    frames = {"sizes": waves.sizes.assign(q=waves.sizes["q"].mask(hidden["sizes"])), "structure": structure,
              "shifts": waves.shifts[~hidden["shifts"]], "journeys": waves.journeys}
    if len(waves.journeys):
        frames["journeys"] = waves.journeys[~tables["wave_journeys"]["hidden"].to_numpy(bool)]
    return sentences(waves.verdict, frames, waves.questions, personas.names)


def _name(persona: str, personas: Personas) -> str:
    return personas.names.get(persona) or persona


def _chance(p: float, language: str) -> str:
    return f"< {number(0.001, language, 3)}" if p < 0.001 else number(p, language, 3)


def _size(row: Any, personas: Personas, language: str) -> list[str]:
    change = number(float("nan"), language)
    if pd.notna(row["difference"]):
        change = say_key("monitor.moved_by", language, **{name: row[name] for name in ("difference", "low", "high")})
    return [_name(row[PERSONA], personas), *(share(row[name], language) for name in ("share_old", "share_new")), change,
            points(row["detectable"], language).lstrip("+"), _chance(row["q"], language)]


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
                    number(row["effect"], language, 2), _chance(row["q"], language)])
    return out


def _walked(row: Any, personas: Personas, language: str) -> list[str]:
    return [_name(row[PERSONA], personas), share(row["change"], language, 1), share(row["expected"], language, 1),
            _chance(row["q"], language)]
