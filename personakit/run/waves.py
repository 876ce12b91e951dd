"""Two waves of a study in one function: the personas of the old one on the people of the new."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from personakit.candidates import assign, find_candidates
from personakit.errors import StudyError
from personakit.export import (
    check_replaceable,
    finished_folder,
    save_comparison,
    save_manifest,
    save_tables,
)
from personakit.features import build_features
from personakit.journeys import trace_journeys
from personakit.monitor import WaveComparison, carry_over, compare_waves, unshared_names
from personakit.personas import match_personas, recommend
from personakit.records import Study
from personakit.run.analysis import Analysis, analyse_study, tables_of_people
from personakit.wording import say_key


def compare_studies(
    old: Study, new: Study, out: str | Path, *, k: Sequence[int] = range(2, 9), candidate: str | None = None,
    language: str | None = None, seed: int = 7,
) -> Path:
    """Compare two waves of a study: the personas of the old one on the people of the new, and a search done afresh.

    Use it once a year. Names and decisions are those of the old study. It cannot tell why something has changed.

    Parameters
    ----------
    old, new
        From ``load_study``: the same tables, with the same names of events, items and codes; those that only one of the two
        has are listed in ``tables/unshared_names.csv``.
    out
        The folder to write, as ``run_study`` does.
    k, candidate, language, seed
        As for ``run_study``.

    Returns
    -------
    Path of the folder: ``index.html``, ``summary.txt``, ``tables/``, ``manifest.json``.

    Raises
    ------
    StudyError, ChoiceError, TooFewError
        There are no personas in the old study, or the two do not compare. Nothing is written then.
    """
    check_replaceable(out)
    before = analyse_study(old, k=k, candidate=candidate, language=language, seed=seed)
    if before.personas is None:
        raise StudyError(f"{old.name}: there are no personas to compare (verdict: {before.candidates.verdict}). "
                         f"Name a candidate with --candidate, or search in the new wave with `personakit run`.")
    waves = compare_to(before, new, k=k, seed=seed)
    title = say_key("monitor.title", before.language, old=old.name, new=new.name)
    with finished_folder(out) as folder:
        save_comparison(waves, before.personas, folder, title=title, language=before.language)
        save_tables({"unshared_names": unshared_names(old, new)}, folder / "tables")
        asked = {"k": list(k), "candidate": candidate, "language": before.language, "compared_with": old.name}
        save_manifest(folder, study=new, parameters=asked, seed=seed)
    return Path(out)


def compare_to(before: Analysis, new: Study, *, k: Sequence[int], seed: int) -> WaveComparison:
    """Place the people of a new wave in the personas of an analysis, search afresh, and compare."""
    personas = before.personas
    if personas is None:
        raise StudyError("compare_to: the analysis has no personas.")
    tables = tables_of_people(new, window_days=before.features.window_days)
    placed = carry_over(personas, *tables, place=partial(assign, before.candidates, personas.candidate), by="personakit",
                        reason=say_key("monitor.carried", before.language))
    afresh = find_candidates(build_features(new, *tables), k=k, seed=seed)
    links = match_personas(placed, recommend(afresh, language=before.language)) if afresh.recommended else None
    journeys = None
    if before.study.events is not None and new.events is not None:
        journeys = (trace_journeys(before.study), trace_journeys(new))
    return compare_waves(personas, placed, links, journeys=journeys, seed=seed)
