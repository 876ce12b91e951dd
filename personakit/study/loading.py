"""``load_study`` and ``load_sample``: a folder becomes a ``Study`` with every row accounted for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from personakit.collect import read
from personakit.collect.logs.aside import aside_duplicates, aside_nobody, aside_people, count_rows_of
from personakit.collect.logs.audit import find_bots, people_of
from personakit.collect.privacy.pseudonyms import pseudonymise
from personakit.collect.reading.account import frame_of, put_aside, with_frame
from personakit.collect.reading.options import Options
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.readings import Reading, ReadReport
from personakit.records import Study
from personakit.schema import PARTICIPANT, check_table
from personakit.study.event_checks import check_lazy
from personakit.study.settings import PEOPLE_TABLES, SETTINGS_FILE, STUDY_TABLES, Settings, read_settings
from personakit.study.words import read_words

BOT, UNKNOWN = "bot", "unknown_participant"
_PACKAGE = Path(__file__).resolve().parents[1]
_SAMPLE_FOLDERS = (_PACKAGE / "_samples", _PACKAGE.parent / "data" / "samples")
#: table -> what study.toml sets aside from it
Policies: TypeAlias = Mapping[str, Collection[str]]


def load_study(folder: str | PathLike[str], *, wave: str | None = None) -> Study:
    r"""Read a study folder: ``study.toml`` and the tables that it names.

    Use it to bring your own study. The file of [events] may be a folder or a pattern such as ``logs/*.parquet``; a large
    log stays where it is, and ``events`` is a relation of DuckDB. It reads and accounts; it does not judge what the data
    can carry (``check_study`` does) and cleans nothing that ``study.toml`` does not ask for. Rows are set aside for
    these reasons: ``empty_row`` (no value in any column), ``no_participant`` (an event, an answer or a code of nobody),
    and where study.toml says ``set_aside`` for ``unknown_participants``, ``duplicates`` (a row that repeats an earlier
    one in every column but ``order``, or by the id that a vendor gave its record) or ``bots`` (participants with at
    least 50 events and a median of under one second from one to the next, or more than 5,000 events in one UTC day; they
    also leave participants, unless they answered or were interviewed): ``unknown_participant``, ``duplicate`` and
    ``bot``.

    [participants] may name the file of [answers]: an export of a survey tool is then read by the same layout, so that both
    have the same people; beside the columns asked for, participants have what the tool knows of the sitting. Where one of
    the two names its ``columns``, the other has the rest of the file.

    Empty cells and the words NA, NaN and nan are missing (``missing = [...]`` under a table names other words). Columns
    of participants and answers become numbers where every value is one, and 0/1 where every value is yes or no. Times
    without a zone are local in the study's ``timezone``; an hour that clocks repeat is read as its first occurrence, an
    hour that they skip moves to the end of the gap. Columns that identify people directly (``find_identifiers``) are not
    read, unless ``identifiers = "keep"`` or ``"hash"`` stands under their table; ``[privacy] key_file`` (a file outside the
    folder) or ``key_variable`` makes pseudonyms of the ids (``pseudonymise``).

    Parameters
    ----------
    folder
        The folder that holds ``study.toml``. Files are named relative to it.
    wave
        The name of a ``[[wave]]`` of ``study.toml``: the files that it names (``events = "2026/events.csv"``) are read in
        the place of the study's own, with the same settings.

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
    settings = read_settings(Path(folder), wave)
    readings = {name: read(options) for name, options in _options(settings).items()}
    readings = _with_companions(_once(readings, settings), settings.participants_from)
    policies = {name: section.set_aside for name, section in settings.tables.items()}
    readings = _in_words(readings, settings.stages)
    readings = _without_bots(_without_duplicates(readings, policies), policies)
    participants = _participants(readings, settings.participants_from)
    readings = {name: _known_only(one, participants.index, policies.get(name, frozenset())) if name in PEOPLE_TABLES else one
                for name, one in readings.items()}
    frames = {name: _checked(one) for name, one in readings.items() if name != "participants"}
    own = ReadReport(table="study", file=SETTINGS_FILE, layout="toml", sha256=settings.sha256, rows_in=0, kept=0)
    study = Study(
        name=settings.name if wave is None else f"{settings.name} ({wave})", language=settings.language,
        timezone=settings.timezone or "UTC", stages=settings.stages,
        choice=settings.choice, names=settings.names, participants=participants,
        reports=(own, *(readings[name].report for name in STUDY_TABLES if name in readings)), **frames,
    )
    return pseudonymise(study, **settings.privacy) if settings.privacy else study


def load_sample(name: str) -> Study:
    """Read one of the sample studies that come with personakit: simulated, with a truth known to their authors.

    Use it to learn, to teach and to try a method. What it shows holds for the sample only.

    Parameters
    ----------
    name
        ``lunettes`` (a retailer: events, answers, interviews), ``agence`` (interviews and long journeys), ``bruit``
        (no personas at all) or ``lunettes_later`` (``lunettes`` a year on).

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


def _options(settings: Settings) -> dict[str, Options]:
    """Say how each file is read. Participants in the file of the answers are its rows: what [answers] says of its layout
    and of unfinished sittings holds for them too, so that both have the same people under the same ids.
    """
    out = {name: section.options for name, section in settings.tables.items()}
    people, answers = out.get("participants"), out.get("answers")
    if people is not None and answers is not None and people.path == answers.path and people.layout is None:
        shared = {name: value for name, value in answers.own.items() if name == "unfinished"}
        out["participants"] = replace(people, layout=answers.layout, own={**shared, **people.own})
    return out


def _once(readings: dict[str, Reading], settings: Settings) -> dict[str, Reading]:
    """Where [participants] and [answers] read one file and one of them names its columns, the other has the rest."""
    out, both = dict(readings), [settings.tables.get(name) for name in ("participants", "answers")]
    if None in both or len({one.options.path for one in both if one}) > 1:
        return out
    for one, other in (both, both[::-1]):
        if one and other and one.options.columns is not None and other.options.columns is None:
            reading = readings[other.options.table]
            named = [name for name in frame_of(reading) if name in one.options.columns and name != PARTICIPANT]
            out[other.options.table] = with_frame(reading, frame_of(reading).drop(columns=named))
    return out


def _with_companions(readings: dict[str, Reading], participants_from: str | None) -> dict[str, Reading]:
    """Take the codebook that came inside a file, and its people where study.toml takes participants from it.

    What else came with it, such as the list of codes of a project, is no table of a study.
    """
    out = dict(readings)
    for name, reading in readings.items():
        for table, frame in reading.tables.items():
            if table in STUDY_TABLES and table not in out and (table != "participants" or participants_from == name):
                report = ReadReport(table=table, file=reading.report.file, layout=reading.report.layout,
                                    sha256=reading.report.sha256, rows_in=len(frame), kept=len(frame))
                out[table] = Reading(tables={table: frame}, report=report)
    return out


def _in_words(readings: Mapping[str, Reading], stages: Sequence[str]) -> dict[str, Reading]:
    return {name: with_frame(one, read_words(frame_of(one), name, _where(one), stages)) for name, one in readings.items()}


def _without_duplicates(readings: dict[str, Reading], policies: Policies) -> dict[str, Reading]:
    if "duplicates" not in policies.get("events", ()):
        return readings
    return {**readings, "events": aside_duplicates(readings["events"])}


def _without_bots(readings: dict[str, Reading], policies: Policies) -> dict[str, Reading]:
    """Set bots aside: their events, and the participants themselves unless they answered or were interviewed."""
    if "bots" not in policies.get("events", ()):
        return readings
    events = readings["events"]
    bots = find_bots(_named_events(events))
    out = {**readings, "events": aside_people(events, bots, BOT)}
    people = readings.get("participants")
    if people is not None and PARTICIPANT in frame_of(people):
        heard = [name for table in ("answers", "codes") if table in readings
                 for name in frame_of(readings[table]).get(PARTICIPANT, ())]
        ids = frame_of(people)[PARTICIPANT]
        out["participants"] = put_aside(people, ids.isin(bots) & ~ids.isin(heard), BOT, ids)
    return out


def _named_events(events: Reading) -> Any:
    """Return the events of somebody, once their columns are sound."""
    frame = frame_of(events)
    if not isinstance(frame, pd.DataFrame):
        check_lazy(frame, _where(events), gaps=[PARTICIPANT])
        return frame
    return check_table("events", frame[frame[PARTICIPANT].notna()] if PARTICIPANT in frame else frame, where=_where(events))


def _participants(readings: Mapping[str, Reading], source: str | None) -> pd.DataFrame:
    """Return the participants' own table, or one made of the ids found in the table that ``from`` names."""
    if source is None or "participants" in readings:
        return _checked(readings["participants"])
    reading = readings[source]
    frame = frame_of(reading)
    if PARTICIPANT not in frame:
        raise StudyError(unknown_name(f"{_where(reading)}: column", PARTICIPANT, list(frame.columns)) +
                         f' Name it: {PARTICIPANT} = "..." under [{source}] in study.toml.')
    found = pd.DataFrame({PARTICIPANT: people_of(frame).to_numpy()}, dtype="str")
    return check_table("participants", found, where=f"participants from {_where(reading)}")


def _known_only(reading: Reading, known: pd.Index, policy: Collection[str]) -> Reading:
    frame = frame_of(reading)
    if PARTICIPANT not in frame:
        return reading
    reading = aside_nobody(reading)
    frame = frame_of(reading)
    ids = people_of(frame)
    strangers = ids[~ids.isin(known)]
    if "unknown_participants" in policy:
        return aside_people(reading, strangers, UNKNOWN)
    if len(strangers):
        raise StudyError(
            f"{_where(reading)}.{PARTICIPANT}: {len(strangers)} of {len(ids)} not in participants "
            f"({first_five(strangers)}), in {count_rows_of(frame, strangers)} of {reading.report.kept} rows. "
            f"Add them, drop these rows, or set "
            f'unknown_participants = "set_aside" under [{reading.report.table}] in study.toml.'
        )
    return reading


def _checked(reading: Reading) -> Any:
    frame, report = frame_of(reading), reading.report
    if not report.rows_in:
        raise StudyError(f"{_where(reading)}: holds no rows. Name a file that does, or remove [{report.table}] from "
                         f"study.toml.")
    if not report.kept:
        reasons = ", ".join(f"{line['rows']} {line['reason']}" for line in report.set_aside.to_dict("records"))
        raise StudyError(f"{_where(reading)}: all {report.rows_in} rows were set aside ({reasons}). Correct the table "
                         f"or its settings under [{report.table}] in study.toml.")
    if not isinstance(frame, pd.DataFrame):
        check_lazy(frame, _where(reading))
        return frame
    return check_table(report.table, frame, where=_where(reading))


def _where(reading: Reading) -> str:
    return f"{reading.report.table} ({reading.report.file})"
