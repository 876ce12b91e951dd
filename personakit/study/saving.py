"""``save_study``: a study becomes a folder that ``load_study`` reads back."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from personakit.collect.logs.audit import as_pandas
from personakit.errors import StudyError, first_five
from personakit.records import Study
from personakit.study.settings import SETTINGS_FILE, STUDY_TABLES


def save_study(study: Study, folder: str | PathLike[str]) -> Path:
    """Write a study as a folder: ``study.toml`` and one CSV a table, which ``load_study`` reads back.

    A study that was read comes back equal. In one made by hand, text that looks like a number or a yes comes back as one.

    Use it to hand over a study that was read, cleaned or made in a notebook. The tables have canonical names and hold the
    rows that were kept; what was set aside is listed in ``set_aside.csv`` and where the rows came from in
    ``sources.csv``, for people: ``load_study`` reads neither. The folder is written aside and moved in place when
    complete. In a study folder that exists, files of other names stay.

    Parameters
    ----------
    study
        Any study; events in any frame that narwhals reads are written whole.
    folder
        New, empty, or a study folder to be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    StudyError
        Where the folder holds something that is not a study, or the very files the study was read from although rows of
        them were set aside (these rows would be lost).

    Examples
    --------
    >>> import tempfile
    >>> people = pd.DataFrame(index=pd.Index(["p1", "p2"], name="participant_id"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name for path in save_study(Study(name="tiny", participants=people), folder).iterdir())
    ['participants.csv', 'study.toml']
    """
    target = Path(folder).absolute()
    _refuse_to_destroy(study, target)
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        if target.is_dir():
            shutil.copytree(target, aside)
        else:
            aside.mkdir(parents=True)
        _write(study, aside)
        if target.is_dir():
            target.rename(old)
        aside.rename(target)
    except OSError as error:
        raise StudyError(f"{target}: cannot be written ({error.strerror}). Choose another folder.") from None
    finally:
        if old.is_dir() and not target.exists():
            old.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return Path(folder)


def _refuse_to_destroy(study: Study, target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise StudyError(f"{target}: is a file. Choose a folder.")
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not (target / SETTINGS_FILE).is_file():
        raise StudyError(f"{target}: holds {first_five(sorted(path.name for path in target.iterdir()))} and is not a study. "
                         f"Choose a new folder.")
    kept_out = study.sources.loc[study.sources["set_aside"].astype("int64") > 0, "sha256"]
    for path in sorted(target.iterdir()):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() in set(kept_out):
            raise StudyError(f"{path}: the study was read from this file and rows of it were set aside; they would be "
                             f"lost. Choose a new folder.")


def _write(study: Study, folder: Path) -> None:
    written = []
    for table in STUDY_TABLES:
        frame = getattr(study, table)
        if frame is not None:
            frame = as_pandas(frame)
            _write_table(frame, folder / f"{table}.csv", index=table in ("participants", "answers"))
            written.append(table)
    for table in ("sources", "set_aside"):
        if len(getattr(study, table)):
            _write_table(getattr(study, table), folder / f"{table}.csv", index=False)
    (folder / SETTINGS_FILE).write_text(_settings(study, written), encoding="utf-8", newline="\n")


def _write_table(frame: pd.DataFrame, path: Path, *, index: bool) -> None:
    # Python's csv leaves a lone carriage return bare, which a reader takes for the end of a line
    frame.to_csv(path, index=index, encoding="utf-8", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
                 if any(_has_return(frame[name]) for name in frame) else csv.QUOTE_MINIMAL)


def _has_return(column: pd.Series) -> bool:
    is_text = pd.api.types.is_string_dtype(column.dtype)
    return is_text and bool(column.astype("str").str.contains("\r", regex=False, na=False).any())


def _settings(study: Study, tables: list[str]) -> str:
    lines = [f"name = {_quote(study.name)}", f"language = {_quote(study.language)}",
             f"timezone = {_quote(study.timezone)}", f"stages = [{', '.join(_quote(stage) for stage in study.stages)}]"]
    for table in tables:
        lines += ["", f"[{table}]", f'file = "{table}.csv"', "missing = []"]
    return "\n".join([*lines, *_entries("choice", study.choice), *_entries("names", study.names)]) + "\n"


def _entries(section: str, values: Mapping[str, str]) -> list[str]:
    if not values:
        return []
    return ["", f"[{section}]", *(f"{_quote(name)} = {_quote(value)}" for name, value in values.items())]


def _quote(text: str) -> str:
    """Write a TOML basic string: JSON's, and DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
