"""``load_study`` and ``load_sample``: a folder becomes a ``Study`` with every row accounted for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from personakit.collect import read
from personakit.collect.account import NO_ID, frame_of, put_aside, with_frame
from personakit.collect.audit import find_bots, find_duplicates
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.records import Reading, ReadReport, Study
from personakit.schema import PARTICIPANT, check_table
from personakit.study.settings import PEOPLE_TABLES, SETTINGS_FILE, STUDY_TABLES, read_settings
from personakit.study.words import read_words

DUPLICATE, BOT, UNKNOWN = "duplicate", "bot", "unknown_participant"
_PACKAGE = Path(__file__).resolve().parents[1]
_SAMPLE_FOLDERS = (_PACKAGE / "_samples", _PACKAGE.parent / "data" / "samples")
#: table -> what study.toml sets aside from it
Policies: TypeAlias = Mapping[str, Collection[str]]


def load_study(folder: str | PathLike[str]) -> Study:
    r"""Read a study folder: ``study.toml`` and the tables that it names.

    Use it to bring your own study. It reads and accounts; it does not judge what the data can carry (``check_study``
    does) and cleans nothing that ``study.toml`` does not ask for. Rows are set aside for these reasons: ``empty_row``
    (no value in any column), and where study.toml says ``set_aside`` for ``unknown_participants``, ``duplicates`` (a row
    that repeats an earlier one in every column but ``order``) or ``bots`` (participants with at least 50 events and a
    median of under one second from one to the next, or more than 5,000 events in one UTC day; they also leave
    participants, unless they answered or were interviewed): ``unknown_participant``, ``no_participant``, ``duplicate``
    and ``bot``.

    Empty cells and the words NA, NaN and nan are missing (``missing = [...]`` under a table names other words). Columns
    of participants and answers become numbers where every value is one, and 0/1 where every value is yes or no. Times
    without a zone are local in the study's ``timezone``; an hour that clocks repeat is read as its first occurrence, an
    hour that they skip moves to the end of the gap.

    Parameters
    ----------
    folder
        The folder that holds ``study.toml``. Files are named relative to it.

    Returns
    -------
    Study
        Its tables under canonical names; ``sources`` (one row a file: table, file, sha256, rows_in, kept, set_aside) and
        ``set_aside`` (one row a reason: table, reason, rows, first five). ``rows_in = kept + set_aside``.

    Raises
    ------
    StudyError
        Where the folder, a setting, a file, a column or a value cannot be used; names the place and the remedy.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "study.toml").write_text('[participants]\nfile = "people.csv"')
    ...     _ = pathlib.Path(folder, "people.csv").write_text("participant_id,member\np1,yes\np2,no\n")
    ...     load_study(folder).participants["member"].tolist()
    [1, 0]
    """
    settings = read_settings(Path(folder))
    readings = {name: read(section.options) for name, section in settings.tables.items()}
    readings = _with_companions(readings, settings.participants_from)
    policies = {name: section.set_aside for name, section in settings.tables.items()}
    readings = _in_words(readings, settings.stages)
    readings = _without_bots(_without_duplicates(readings, policies), policies)
    participants = _participants(readings, settings.participants_from)
    readings = {name: _known_only(one, participants.index, policies.get(name, frozenset())) if name in PEOPLE_TABLES else one
                for name, one in readings.items()}
    frames = {name: _checked(one) for name, one in readings.items() if name != "participants"}
    own = ReadReport(table="study", file=SETTINGS_FILE, layout="toml", sha256=settings.sha256, rows_in=0, kept=0)
    return Study(
        name=settings.name, language=settings.language, timezone=settings.timezone or "UTC", stages=settings.stages,
        choice=settings.choice, names=settings.names, participants=participants,
        reports=(own, *(readings[name].report for name in STUDY_TABLES if name in readings)), **frames,
    )


def load_sample(name: str) -> Study:
    """Read one of the sample studies that come with personakit: simulated, with a truth known to their authors.

    Use it to learn, to teach and to try a method. What it shows holds for the sample only.

    Parameters
    ----------
    name
        ``lunettes`` (a retailer: events, answers, interviews), ``agence`` (interviews and long journeys) or ``bruit``
        (no personas at all).

    Returns
    -------
    Study
        As from ``load_study``.

    Raises
    ------
    ChoiceError
        Where no sample has this name; lists those there are.

    Examples
    --------
    >>> load_sample("agence").language
    'en'
    """
    found = {path.parent.name: path.parent for folder in _SAMPLE_FOLDERS
             for path in sorted(folder.glob(f"*/{SETTINGS_FILE}"))}
    if name not in found:
        raise ChoiceError(unknown_name("sample", name, list(found)))
    return load_study(found[name])


def _with_companions(readings: dict[str, Reading], participants_from: str | None) -> dict[str, Reading]:
    """Take the codebook that came inside a file, and its people where study.toml takes participants from it."""
    out = dict(readings)
    for name, reading in readings.items():
        for table, frame in reading.tables.items():
            if table not in out and (table != "participants" or participants_from == name):
                report = ReadReport(table=table, file=reading.report.file, layout=reading.report.layout,
                                    sha256=reading.report.sha256, rows_in=len(frame), kept=len(frame))
                out[table] = Reading(tables={table: frame}, report=report)
    return out


def _in_words(readings: Mapping[str, Reading], stages: Sequence[str]) -> dict[str, Reading]:
    return {name: with_frame(one, read_words(frame_of(one), name, _where(one), stages)) for name, one in readings.items()}


def _without_duplicates(readings: dict[str, Reading], policies: Policies) -> dict[str, Reading]:
    if "duplicates" not in policies.get("events", ()):
        return readings
    frame = frame_of(readings["events"])
    return {**readings, "events": put_aside(readings["events"], find_duplicates(frame), DUPLICATE, frame.get(PARTICIPANT))}


def _without_bots(readings: dict[str, Reading], policies: Policies) -> dict[str, Reading]:
    """Set bots aside: their events, and the participants themselves unless they answered or were interviewed."""
    if "bots" not in policies.get("events", ()):
        return readings
    events = readings["events"]
    frame = frame_of(events)
    named = frame[frame[PARTICIPANT].notna()] if PARTICIPANT in frame else frame
    bots = find_bots(check_table("events", named, where=_where(events)))
    out = {**readings, "events": put_aside(events, frame[PARTICIPANT].isin(bots), BOT, frame[PARTICIPANT])}
    people = readings.get("participants")
    if people is not None and PARTICIPANT in frame_of(people):
        heard = [name for table in ("answers", "codes") if table in readings
                 for name in frame_of(readings[table]).get(PARTICIPANT, ())]
        ids = frame_of(people)[PARTICIPANT]
        out["participants"] = put_aside(people, ids.isin(bots) & ~ids.isin(heard), BOT, ids)
    return out


def _participants(readings: Mapping[str, Reading], source: str | None) -> pd.DataFrame:
    """Return the participants' own table, or one made of the ids found in the table that ``from`` names."""
    if source is None or "participants" in readings:
        return _checked(readings["participants"])
    reading = readings[source]
    frame = frame_of(reading)
    if PARTICIPANT not in frame:
        raise StudyError(unknown_name(f"{_where(reading)}: column", PARTICIPANT, list(frame.columns)) +
                         f' Name it: {PARTICIPANT} = "..." under [{source}] in study.toml.')
    found = pd.DataFrame({PARTICIPANT: sorted(frame[PARTICIPANT].dropna().unique())}, dtype="str")
    return check_table("participants", found, where=f"participants from {_where(reading)}")


def _known_only(reading: Reading, known: pd.Index, policy: Collection[str]) -> Reading:
    frame = frame_of(reading)
    if PARTICIPANT not in frame:
        return reading
    ids = frame[PARTICIPANT]
    unknown = (ids.notna() & ~ids.isin(known)).to_numpy()
    if "unknown_participants" in policy:
        missing = ids.isna().to_numpy()
        return put_aside(put_aside(reading, unknown, UNKNOWN, ids), missing[~unknown], NO_ID)
    if unknown.any():
        strangers = ids[unknown]
        raise StudyError(
            f"{_where(reading)}.{PARTICIPANT}: {strangers.nunique()} of {ids.nunique()} not in participants "
            f"({first_five(strangers)}), in {len(strangers)} of {len(ids)} rows. Add them, drop these rows, or set "
            f'unknown_participants = "set_aside" under [{reading.report.table}] in study.toml.'
        )
    return reading


def _checked(reading: Reading) -> pd.DataFrame:
    frame, report = frame_of(reading), reading.report
    if frame.empty:
        reasons = ", ".join(f"{line['rows']} {line['reason']}" for line in report.set_aside.to_dict("records"))
        raise StudyError(f"{_where(reading)}: all {report.rows_in} rows were set aside ({reasons}). Correct the table "
                         f"or its settings under [{report.table}] in study.toml.")
    return check_table(report.table, frame, where=_where(reading))


def _where(reading: Reading) -> str:
    return f"{reading.report.table} ({reading.report.file})"
