"""Pseudonyms: participants' ids replaced by keyed hashes, the same in every table, with a key kept outside the study."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import narwhals.stable.v2 as nw
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.frozen import Sentence
from personakit.readings import ReadReport
from personakit.records import Study
from personakit.schema import PARTICIPANT, SOURCE

FEWEST_BYTES, MOST_BYTES = 32, 1 << 16
#: bits of the hash that a pseudonym keeps: 128, as hexadecimal digits
DIGITS = 32
_PREFIXES = {"participant": "p-", "identifier": "h-"}
_STUDY_FILE = "study.toml"
_HOW_TO_MAKE = 'Make one: python -c "import secrets; print(secrets.token_hex(32))" > study.key'
Data = TypeVar("Data", bound=Study | pd.DataFrame)


def pseudonymise(data: Data, *, key_file: str | os.PathLike[str] | None = None, key_variable: str | None = None) -> Data:
    """Replace the ids of participants by pseudonyms: keyed hashes (HMAC-SHA256), the same in every table.

    Use it before others get to see a study; ``[privacy] key_file`` in study.toml does it on every load. Rows are put in
    the order of the pseudonyms, so that their order tells nothing; the names of documents lose the ids that they contain;
    what the reports listed by id is emptied. Whoever has the key can tell which id became which pseudonym: the data stay
    personal data (GDPR, article 4(5)), and ids that somebody can list are only as safe as the key. It does not look into
    other columns (``find_identifiers``) nor into quotes (``scrub_quotes``).

    Parameters
    ----------
    data
        A study, or one table with a participant_id (a column or the index).
    key_file, key_variable
        A file, or a variable of the environment, that holds the key: at least 32 bytes, outside the study. Give one.

    Returns
    -------
    Study or DataFrame
        As given, ids written ``p-`` and 32 hexadecimal digits (128 bits). The id of the key (no secret) is noted in the
        report of the study, which ``check_study`` says, or in ``attrs["key_id"]`` of a table.

    Raises
    ------
    ChoiceError
        None or both of the two are given.
    StudyError
        The key cannot be read, is short, or lies in a study folder; the ids are pseudonyms already.

    References
    ----------
    Krawczyk, Bellare & Canetti (1997), RFC 2104. EDPB Guidelines 01/2025 on pseudonymisation.

    Examples
    --------
    >>> os.environ["MY_KEY"] = "correct horse battery staple, 32 bytes and more"
    >>> people = pseudonymise(pd.DataFrame({"participant_id": ["ana", "bo"], "age": [41, 29]}), key_variable="MY_KEY")
    >>> people["participant_id"].str.len().tolist(), sorted(people["age"])
    ([34, 34], [29, 41])
    """
    key = read_key(key_file=key_file, key_variable=key_variable)
    if isinstance(data, Study):
        return cast("Data", _study(data, key))
    if PARTICIPANT not in (*data.columns, data.index.name):
        raise StudyError(unknown_name("column", PARTICIPANT, [str(one) for one in data.columns]))
    out = _table(data, pseudonyms(_ids(data), key))
    out.attrs["key_id"] = key_id(key)
    return cast("Data", out)


def read_key(*, key_file: str | os.PathLike[str] | None, key_variable: str | None) -> bytes:
    """Read a key from a file or from the environment; its value appears in no message."""
    if (key_file is None) == (key_variable is None):
        raise ChoiceError("key: give key_file (a file outside the study) or key_variable (a variable of the environment), "
                          "one of them.")
    if key_variable is not None:
        where, text = f"key_variable {key_variable!r}", os.environ.get(key_variable)
        if text is None:
            raise StudyError(f"{where}: the environment has no such variable. Set it to a key of 32 bytes or more.")
        key = text.encode().strip()
    else:
        where, key = f"key_file {Path(str(key_file)).name!r}", _key_in(Path(str(key_file)).expanduser())
    if len(key) < FEWEST_BYTES or len(set(key)) < 8:
        raise StudyError(f"{where}: the key is short or repeats itself; it needs {FEWEST_BYTES} bytes drawn by chance. "
                         f"{_HOW_TO_MAKE}")
    return key


def _key_in(path: Path) -> bytes:
    for folder in (*Path(os.path.abspath(path)).parents, *path.resolve().parents):
        if (folder / _STUDY_FILE).is_file():
            raise StudyError(f"key_file {path.name!r}: lies in the study folder {folder.name!r}. Whoever gets the study "
                             f"would get the key: move it out of the folder.")
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise StudyError(f"key_file {path.name!r}: there is no such file, or it is no key. {_HOW_TO_MAKE}")
        return path.read_bytes().strip()
    except OSError as error:
        raise StudyError(f"key_file {path.name!r}: cannot be read ({error.strerror}). Check who may read it.") from None


def key_id(key: bytes) -> str:
    """Return what tells keys apart and gives none away.

    Examples
    --------
    >>> len(key_id(b"x" * 32))
    8
    """
    return hmac.digest(key, b"personakit key id", "sha256").hex()[:8]


def pseudonym_of(text: str, key: bytes, *, purpose: str = "participant") -> str:
    """Return the pseudonym of an id; the same text has another one for each purpose."""
    return _PREFIXES[purpose] + hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256").hex()[:DIGITS]


def pseudonyms(ids: Iterable[str], key: bytes) -> dict[str, str]:
    """Return id -> pseudonym. Raises ``StudyError`` where they are pseudonyms already, or two ids would share one."""
    names = {one: pseudonym_of(one, key) for one in ids}
    if names and all(re.fullmatch(rf"p-[0-9a-f]{{{DIGITS}}}", one) for one in names):
        raise StudyError(f"{PARTICIPANT}: the ids are pseudonyms already. Use them as they are.")
    if len(set(names.values())) < len(names):
        raise StudyError(f"{PARTICIPANT}: two ids would share a pseudonym. Use another key.")
    return names


def distinct(frame: Any, column: str) -> list[str]:
    """Return the distinct values of a column of any frame, as text, in order."""
    if isinstance(frame, pd.DataFrame):
        return sorted(frame[column].dropna().astype("str").unique())
    values = nw.from_native(frame).lazy().select(nw.col(column).cast(nw.String)).unique().collect(backend="pandas")
    return sorted(values.to_native()[column].dropna())


def rename(frame: Any, column: str, names: Mapping[str, str]) -> Any:
    """Replace the values of a column by their names, in any frame that narwhals reads; gaps stay gaps."""
    if isinstance(frame, pd.DataFrame):
        return frame.assign(**{column: frame[column].astype("str").map(names).astype("str")})
    log = nw.from_native(frame)
    if log.implementation is nw.Implementation.DUCKDB:  # a join: a list of cases takes minutes for many ids
        renamed = pd.DataFrame({"old": list(names), "new": list(names.values())}, dtype="str")  # noqa: F841 - read by DuckDB
        quoted = '"' + column.replace('"', '""') + '"'
        return frame.query("log", f"select log.* replace (renamed.new as {quoted}) from log "  # noqa: S608 - a quoted name
                                  f"left join renamed on log.{quoted}::varchar = renamed.old")
    told = nw.col(column).cast(nw.String).replace_strict(list(names), list(names.values()), default=None,
                                                          return_dtype=nw.String)
    return log.with_columns(told.alias(column)).to_native()


# ---------------------------------------------------------------- the tables of a study
def _study(study: Study, key: bytes) -> Study:
    tables = {name: getattr(study, name) for name in ("participants", "answers", "events", "codes")}
    known = {name: frame for name, frame in tables.items() if frame is not None}
    names = pseudonyms(sorted({one for frame in known.values() for one in _ids(frame)}), key)
    renamed = {name: _table(frame, names) for name, frame in known.items()}
    note = Sentence(key="privacy.pseudonymised", values={"n": len(study.participants), "first": "", "mark": key_id(key)})
    reports = [_without_ids(one, names) for one in study.reports]
    own = next((place for place, one in enumerate(reports) if one.table == "study"), None)
    if own is None:
        reports.append(ReadReport(table="study", file="pseudonymise", layout="key", sha256="", rows_in=0, kept=0,
                                  notes=(note,)))
    else:
        reports[own] = replace(reports[own], notes=(*reports[own].notes, note))
    return replace(study, reports=tuple(reports), **renamed)


def _ids(frame: Any) -> list[str]:
    if isinstance(frame, pd.DataFrame) and frame.index.name == PARTICIPANT:
        return [str(one) for one in frame.index]
    return distinct(frame, PARTICIPANT)


def _table(frame: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(frame, pd.DataFrame):
        return rename(frame, PARTICIPANT, names)
    if frame.index.name == PARTICIPANT:
        index = pd.Index([names[str(one)] for one in frame.index], dtype="str", name=PARTICIPANT)
        return frame.set_axis(index, axis=0).sort_index(kind="stable")
    if SOURCE in frame.columns:
        frame = frame.assign(**{SOURCE: _documents(frame, names)})
    out = rename(frame, PARTICIPANT, names)
    return out.sort_values(PARTICIPANT, kind="stable", ignore_index=True)


def _documents(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.Series:
    """Return the names of documents with the ids in them replaced: the speaker's own, and others that hold a letter."""
    def other(word: re.Match[str]) -> str:
        return word[0] if word[0].isdigit() else names.get(word[0], word[0])

    rows = list(zip(frame[PARTICIPANT], frame[SOURCE], strict=True))
    told: dict[tuple[str, str], str] = {}
    for one, source in {(one, source) for one, source in rows if isinstance(one, str) and isinstance(source, str)}:
        own = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", names[one], source, flags=re.IGNORECASE)
        told[one, source] = re.sub(r"[^\W_]+", other, own)
    return pd.Series([told.get(row, row[1]) for row in rows], index=frame.index, dtype="str")


def _without_ids(report: ReadReport, names: Mapping[str, str]) -> ReadReport:
    """Empty what a report lists: the first five of the rows set aside, and the notes that name people or documents."""
    ids = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(names, key=len, reverse=True)) or "$^",
                     flags=re.IGNORECASE)

    def told(value: object) -> object:
        return "…" if isinstance(value, str) and ids.search(value) else value

    notes = tuple(replace(note, values={name: told(value) for name, value in note.values.items()}) for note in report.notes)
    return replace(report, set_aside=report.set_aside.assign(first="…").astype({"first": "str"}), notes=notes)
