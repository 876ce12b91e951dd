"""``load_study`` and ``load_sample``: a folder becomes a ``Study`` with every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.records import SET_ASIDE_COLUMNS, SOURCE_COLUMNS, Study
from personakit.schema import PARTICIPANT, check_table
from personakit.study.cleaning import find_bots, find_duplicates
from personakit.study.settings import PEOPLE_TABLES, SETTINGS_FILE, STUDY_TABLES, Settings, read_settings
from personakit.study.tables import Table, read_table

DUPLICATE, BOT, UNKNOWN, NO_ID = "duplicate", "bot", "unknown_participant", "no_participant"
_PACKAGE = Path(__file__).resolve().parents[1]
_SAMPLE_FOLDERS = (_PACKAGE / "_samples", _PACKAGE.parent / "data" / "samples")


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
    tables = {name: read_table(one, timezone=settings.timezone, stages=settings.stages)
              for name, one in settings.tables.items()}
    tables = _without_bots(_without_duplicates(tables))
    participants = _participants(tables, settings)
    tables = {name: _known_only(table, participants.index) if name in PEOPLE_TABLES else table
              for name, table in tables.items()}
    frames = {name: _checked(table) for name, table in tables.items() if name != "participants"}
    return Study(
        name=settings.name, language=settings.language, timezone=settings.timezone or "UTC", stages=settings.stages,
        choice=settings.choice, names=settings.names, sources=_sources(tables, settings), set_aside=_set_aside(tables),
        participants=participants, **frames,
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


def _without_duplicates(tables: dict[str, Table]) -> dict[str, Table]:
    events = tables.get("events")
    if events is None or "duplicates" not in events.settings.set_aside:
        return tables
    rows = find_duplicates(events.frame)
    return {**tables, "events": events.put_aside(rows, DUPLICATE, events.frame.get(PARTICIPANT))}


def _without_bots(tables: dict[str, Table]) -> dict[str, Table]:
    """Set bots aside: their events, and the participants themselves unless they answered or were interviewed."""
    events = tables.get("events")
    if events is None or "bots" not in events.settings.set_aside:
        return tables
    frame = events.frame
    named = frame[frame[PARTICIPANT].notna()] if PARTICIPANT in frame else frame
    bots = find_bots(check_table("events", named, where=events.settings.where))
    out = {**tables, "events": events.put_aside(frame[PARTICIPANT].isin(bots).to_numpy(), BOT, frame[PARTICIPANT])}
    people = tables.get("participants")
    if people is not None and PARTICIPANT in people.frame:
        heard = [name for table in ("answers", "codes") if table in tables
                 for name in tables[table].frame.get(PARTICIPANT, ())]
        ids = people.frame[PARTICIPANT]
        out["participants"] = people.put_aside((ids.isin(bots) & ~ids.isin(heard)).to_numpy(), BOT, ids)
    return out


def _participants(tables: Mapping[str, Table], settings: Settings) -> pd.DataFrame:
    """Return the participants' own table, or one made of the ids found in the table that ``from`` names."""
    if settings.participants_from is None:
        return _checked(tables["participants"])
    table = tables[settings.participants_from]
    if PARTICIPANT not in table.frame:
        raise StudyError(unknown_name(f"{table.settings.where}: column", PARTICIPANT, list(table.frame.columns)) +
                         f' Name it: {PARTICIPANT} = "..." under [{table.settings.table}] in study.toml.')
    found = pd.DataFrame({PARTICIPANT: sorted(table.frame[PARTICIPANT].dropna().unique())}, dtype="str")
    return check_table("participants", found, where=f"participants from {table.settings.where}")


def _known_only(table: Table, known: pd.Index) -> Table:
    if PARTICIPANT not in table.frame:
        return table
    ids = table.frame[PARTICIPANT]
    unknown = (ids.notna() & ~ids.isin(known)).to_numpy()
    if "unknown_participants" in table.settings.set_aside:
        missing = ids.isna().to_numpy()
        return table.put_aside(unknown, UNKNOWN, ids).put_aside(missing[~unknown], NO_ID)
    if unknown.any():
        strangers = ids[unknown]
        raise StudyError(
            f"{table.settings.where}.{PARTICIPANT}: {strangers.nunique()} of {ids.nunique()} not in participants "
            f"({first_five(strangers)}), in {len(strangers)} of {len(ids)} rows. Add them, drop these rows, or set "
            f'unknown_participants = "set_aside" under [{table.settings.table}] in study.toml.'
        )
    return table


def _checked(table: Table) -> pd.DataFrame:
    if table.frame.empty:
        reasons = ", ".join(f"{line['rows']} {line['reason']}" for line in table.aside)
        raise StudyError(f"{table.settings.where}: all {table.rows_in} rows were set aside ({reasons}). Correct the table "
                         f"or its settings under [{table.settings.table}] in study.toml.")
    return check_table(table.settings.table, table.frame, where=table.settings.where)


def _shown(file: str) -> str:
    """Name a file without the machine's own folders: results are compared between machines."""
    path = Path(file)
    return path.name if path.is_absolute() else file


def _sources(tables: Mapping[str, Table], settings: Settings) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [("study", SETTINGS_FILE, settings.sha256, 0, 0, 0)]
    for name in STUDY_TABLES:
        if name in tables:
            table = tables[name]
            kept = len(table.frame)
            rows.append((name, _shown(table.settings.file), table.sha256, table.rows_in, kept, table.rows_in - kept))
    return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS)).astype(
        {"table": "str", "file": "str", "sha256": "str", "rows_in": "int64", "kept": "int64", "set_aside": "int64"})


def _set_aside(tables: Mapping[str, Table]) -> pd.DataFrame:
    lines = [line for name in STUDY_TABLES if name in tables for line in tables[name].aside]
    return pd.DataFrame(lines, columns=list(SET_ASIDE_COLUMNS)).astype(
        {"table": "str", "reason": "str", "rows": "int64", "first": "str"})
