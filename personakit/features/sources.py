"""The tables that features come from, checked one by one and joined on the participant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.records import Study
from personakit.schema import KIND, ORIGIN, PARTICIPANT, ROLE

ATTRIBUTES = "participants"


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A table of participants, where it comes from, and what it says of its columns (column -> kind, role, label)."""

    frame: pd.DataFrame
    origin: str
    window_days: float | None
    about: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def sources_of(study: Study, tables: Sequence[pd.DataFrame | None]) -> Iterator[Source]:
    """Check the tables, and add the attributes of participants as the last one."""
    for number, given in enumerate((one for one in tables if one is not None), start=1):
        origin = str(_checked(given, f"table {number}", study).attrs.get(ORIGIN, "other"))
        frame = pd.DataFrame({str(name): given[name].array for name in given.columns}, index=given.index.astype("str"))
        # a table of unknown origin may have used the whole log
        unsure = None if origin in ("answers", "codes", ATTRIBUTES) else float("nan")
        yield Source(frame=frame, origin=origin, window_days=given.attrs.get("window_days", unsure),
                     about=given.attrs.get("about", {}))
    if study.participants.shape[1]:
        yield Source(frame=study.participants, origin=ATTRIBUTES, window_days=None)


def _checked(given: pd.DataFrame, where: str, study: Study) -> pd.DataFrame:
    if not isinstance(given, pd.DataFrame):
        raise StudyError(f"{where}: is a {type(given).__name__}, not a table. Give DataFrames indexed by '{PARTICIPANT}'.")
    if given.index.name != PARTICIPANT:
        raise StudyError(f"{where}: is indexed by {given.index.name!r}. Index it by '{PARTICIPANT}'.")
    for what, names in (("columns", [str(name) for name in given.columns]), (PARTICIPANT, list(given.index.astype("str")))):
        seen = pd.Index(names)
        twice = seen[seen.duplicated()]
        if len(twice):
            raise StudyError(f"{where}.{what}: {len(twice)} repeated ({first_five(twice)}). Keep one for each name.")
    unknown = given.index.astype("str").difference(study.participants.index)
    if len(unknown):
        raise StudyError(f"{where}.{PARTICIPANT}: {len(unknown)} of {len(given)} not in participants "
                         f"({first_five(unknown)}). Add them to the study or drop these rows.")
    for name in [name for name in given if pd.api.types.is_object_dtype(given[name].dtype)]:
        nested = given[name].map(lambda value: isinstance(value, (list, dict, set, np.ndarray)))
        if nested.any():
            raise StudyError(f"{where}.{name}: {int(nested.sum())} cells hold lists ({first_five(given.index[nested])}). "
                             f"Give one column for each thing they list.")
    return given


def join(study: Study, sources: Sequence[Source]) -> pd.DataFrame:
    """Put the sources side by side: everyone who is in one of them, attributes aside, in the order of participants."""
    names = pd.Index([name for source in sources for name in source.frame.columns])
    twice = names[names.duplicated()]
    if len(twice):
        raise StudyError(f"features: {len(twice)} are in two tables ({first_five(twice)}). Rename one of "
                         f"them, or name the columns of each table in study.toml (columns = [...]).")
    given = [source.frame.index for source in sources if source.origin != ATTRIBUTES]
    someone = study.participants.index.isin(np.concatenate(given)) if given else np.ones(len(study.participants), bool)
    people = study.participants.index[someone]
    frames = [source.frame.reindex(people) for source in sources]
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=people)


def codebook(study: Study, sources: Sequence[Source]) -> dict[str, dict[str, str]]:
    """Gather what is said of each column: by its table, and over that by the codebook."""
    said = {name: dict(facts) for source in sources for name, facts in source.about.items()}
    if study.codebook is not None:
        book = study.codebook.set_index("variable")
        used = [name for name in (KIND, ROLE, "label") if name in book]
        for name, row in book.iterrows():
            facts = {key: str(row[key]) for key in used if pd.notna(row[key]) and row[key] != ""}
            said[str(name)] = {**said.get(str(name), {}), **facts}
    return said


def window_of(sources: Sequence[Source], active: Sequence[str]) -> float | None:
    """Return the exposure window of the active features that come from events; NaN where these may have used all."""
    windows = {float(source.window_days) for source in sources
               if source.window_days is not None and set(active) & set(source.frame.columns)}
    if not windows:
        return None
    return float("nan") if any(np.isnan(one) for one in windows) else max(windows)
