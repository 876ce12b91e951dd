"""``build_study``: readings of several files become one study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from personakit.collect.logs.aside import aside_nobody
from personakit.collect.logs.audit import people_of
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.records import Study
from personakit.schema import FRAMEWORKS, PARTICIPANT, TABLES, check_table
from personakit.study.settings import PEOPLE_TABLES, STUDY_TABLES
from personakit.study.words import read_words

#: tables whose rows simply follow each other where several files hold them
_STACKED = ("events", "codes")


def build_study(
    name: str,
    *readings: Reading,
    language: str = "en",
    timezone: str = "UTC",
    stages: Sequence[str] = FRAMEWORKS["parcours"],
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Study:
    """Put what several files gave into one study, in a notebook; ``load_study`` does it from a study folder.

    Use it after the readers, and ``save_study`` to keep the result. It joins people by ``participant_id`` alone: ids that
    differ between files are different people (see ``stitch_identities``), and it cannot tell whether equal ids are the
    same person.

    Parameters
    ----------
    name, language, timezone, stages
        As in ``Study``.
    *readings
        From the readers. Rows without a participant are set aside. Several logs, or several sets of coded interviews,
        follow each other; several surveys stand side by side and may not share a column; codebooks are put together.
    tables
        Further tables of the study by name, such as touchpoints. A table of participants given here says who belongs to
        the study; else everyone does who is in any table.

    Returns
    -------
    Study
        With the report of every reading.

    Raises
    ------
    StudyError
        Tables that do not fit together, or rows of people who are not in the given participants.
    ChoiceError
        An unknown name of a table.

    Examples
    --------
    >>> from personakit.readings import ReadReport
    >>> report = ReadReport(table="answers", file="survey.csv", layout="csv", sha256="", rows_in=1, kept=1)
    >>> answers = pd.DataFrame({"participant_id": ["p1"], "price": [4]})
    >>> build_study("Shop", Reading(tables={"answers": answers}, report=report)).answers["price"].to_dict()
    {'p1': 4}
    """
    if not readings and not tables:
        raise StudyError("build_study: no reading was given. Read a file first, such as read_survey(\"survey.csv\").")
    for table in tables or {}:
        if table not in STUDY_TABLES:
            raise ChoiceError(unknown_name("build_study: table", table, STUDY_TABLES))
    given = {table: _checked(table, frame, table) for table, frame in (tables or {}).items()}
    readings = tuple(aside_nobody(reading) for reading in readings)
    found: dict[str, list[pd.DataFrame]] = {}
    for reading in readings:
        for table, frame in reading.tables.items():
            if table in STUDY_TABLES:
                found.setdefault(table, []).append(_checked(table, frame, f"{table} ({reading.report.file})"))
    joined: dict[str, Any] = {table: _join(table, frames) for table, frames in found.items()} | given
    joined = {table: frame if not isinstance(frame, pd.DataFrame) else read_words(frame, table, table, stages)
              for table, frame in joined.items()}
    people = given["participants"] if "participants" in given else _everyone(joined)
    return Study(name=name, language=language, timezone=timezone, stages=tuple(stages),
                 reports=tuple(one.report for one in readings), **{**joined, "participants": people})


def _checked(table: str, frame: pd.DataFrame, where: str) -> pd.DataFrame:
    return check_table(table, frame, where=where) if isinstance(frame, pd.DataFrame) else frame


def _join(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    if not all(isinstance(one, pd.DataFrame) for one in frames):
        raise StudyError(f"{table}: several logs, one of them too large for memory, cannot be put together here. Name one "
                         f"folder of Parquet files instead.")
    if table in _STACKED:
        return pd.concat(frames, ignore_index=True)
    if table not in ("participants", "answers"):
        key = TABLES[table][2]
        return pd.concat(frames, ignore_index=True).drop_duplicates(list(key) or None, ignore_index=True)
    if table == "participants":
        return _same_people(frames)
    names = pd.Index([name for one in frames for name in one.columns])
    twice = names[names.duplicated()].unique()
    if len(twice):
        raise StudyError(f"{table}: {len(twice)} columns are in two files ({first_five(twice)}). Rename them in one, or "
                         f"keep them from one only (keep=[...]).")
    return pd.concat(frames, axis=1, sort=True).rename_axis(PARTICIPANT)


def _same_people(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put together what several files know of people; what two know differently stands in columns of both."""
    out = frames[0]
    for place, frame in enumerate(frames[1:], start=2):
        for name in frame.columns.intersection(out.columns):
            both = out.index.intersection(frame.index)
            one, other = out.loc[both, name], frame.loc[both, name]
            if (one.notna() & other.notna() & (one != other)).any():
                frame = frame.rename(columns={name: f"{name} ({place})"})
        out = out.combine_first(frame)[[*out.columns, *frame.columns.difference(out.columns, sort=False)]]
    return out.rename_axis(PARTICIPANT)


def _everyone(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the attributes known of people, with a row for everyone who is in any table, sorted by id."""
    ids: set[str] = set()
    for table in PEOPLE_TABLES:
        frame = tables.get(table)
        if isinstance(frame, pd.DataFrame):
            ids |= set(frame.index if table == "answers" else frame[PARTICIPANT])
        elif frame is not None:
            ids |= set(people_of(frame))
    known = tables.get("participants")
    if known is None:
        return pd.DataFrame(index=pd.Index(sorted(ids), dtype="str", name=PARTICIPANT))
    return known.reindex(pd.Index(sorted(ids | set(known.index)), dtype="str", name=PARTICIPANT))
