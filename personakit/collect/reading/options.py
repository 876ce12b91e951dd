"""How a file is to be read: what every reader may be told, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.readings import Reading
from personakit.schema import PARTICIPANT, TABLES, TIME

#: participant_id of a table without ids: its rows are numbered
NUMBER_THE_ROWS = "row"
LOCAL_TIME = "time"
#: words that stand for "no value" where nothing else is said; an empty cell always does
MISSING = ("NA", "NaN", "nan")
#: what may happen to columns that identify people directly
IDENTIFIER_RULES = ("drop", "hash", "keep")


class How(TypedDict, total=False):
    """What any reader may be told, by keyword. What is left out is guessed, and the report says so.

    ``columns``: canonical column -> column of the file (``{"participant_id": "client", "time": "date"}``; participant_id
    ``"row"`` numbers the rows); ``keep``: the other columns to keep, all by default; ``separator``, ``encoding``,
    ``decimal``, ``missing`` (words for no value), ``sheet`` (of a workbook); ``timezone`` of times without a zone and
    their ``time_format``; ``identifiers``: ``drop`` (default), ``hash`` or ``keep`` columns such as names and e-mail
    addresses; ``key_file`` or ``key_variable``: where the key to hash with is, as for ``pseudonymise``.
    """

    columns: Mapping[str, str]
    keep: Sequence[str]
    separator: str
    encoding: str
    decimal: str
    missing: Sequence[str]
    sheet: str
    timezone: str
    time_format: str
    identifiers: str
    key_file: str
    key_variable: str


@dataclass(frozen=True, kw_only=True)
class Options:
    """One file and how it is read into one table. ``mapping``: canonical column -> column in the file; ``own``: what only
    its layout may be told.
    """

    table: str
    path: Path
    file: str
    layout: str | None = None
    mapping: Mapping[str, str]
    columns: tuple[str, ...] | None = None
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = MISSING
    sheet: str | None = None
    timezone: str | None = None
    time_format: str | None = None
    identifiers: str = "drop"
    key_file: str | None = None
    key_variable: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        one = self.separator
        if one is not None and (len(one) != 1 or one in '"\r\n' or ord(one) > 127):
            raise StudyError(f'{self.where}: separator must be one character such as ";" or "\\t", not {self.separator!r}.')
        if self.decimal not in (None, ".", ","):
            raise StudyError(f"{self.where}: decimal {self.decimal!r} is unknown. Allowed: '.' or ','.")
        if self.identifiers not in IDENTIFIER_RULES:
            raise ChoiceError(unknown_name(f"{self.where}: identifiers", self.identifiers, IDENTIFIER_RULES))
        if self.identifiers == "hash" and not (self.key_file or self.key_variable):
            raise StudyError(f'{self.where}: identifiers = "hash" needs a key. Name it: key_file = "..." (outside the '
                             f'study) or key_variable = "...", in study.toml under [privacy].')
        for name in self.mapping:
            if name not in canonical_columns(self.table):
                raise ChoiceError(unknown_name(f"{self.where}: columns", name, canonical_columns(self.table)))
        if LOCAL_TIME in self.mapping and TIME in self.mapping:
            raise StudyError(f"{self.where}: both time and time_us are given. Keep one.")

    @property
    def where(self) -> str:
        """The table and its file, as messages name them."""
        return f"{self.table} ({self.file})"

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return what the layout was told under ``name``, or None; ``ChoiceError`` where that is not allowed."""
        value = self.own.get(name)
        if value is not None and value not in allowed:
            raise ChoiceError(unknown_name(f"{self.where}: {name}", value, allowed))
        return value


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way that a program writes a table. ``recognise`` looks at the path and at the first bytes, unpacked; ``own``
    names what only this layout may be told, by keyword or in study.toml.
    """

    table: str
    read: Callable[[Options], Reading]
    recognise: Callable[[Path, bytes], bool]
    own: tuple[str, ...] = ()


def make_options(table: str, path: str | PathLike[str], layout: str | None, how: How, **own: Any) -> Options:
    """Check the keywords of a reader. Raises ``ChoiceError`` for one that no reader knows, and for a wrong value.

    ``own`` are those that only this reader has; None says nothing.
    """
    file = _path(table, path)
    for name in how:
        if name not in How.__annotations__:
            raise ChoiceError(unknown_name(f"{table} ({file.name})", name, list(How.__annotations__)))
        _check_type(f"{table} ({file.name}): {name}", name, how[name])  # type: ignore[literal-required]
    given: dict[str, object] = {name: value for name, value in how.items() if name not in ("columns", "keep")}
    if "missing" in how:
        given["missing"] = tuple(str(one) for one in how["missing"])
    known = {one.name for one in fields(Options)}
    return Options(table=table, path=file, file=file.name, layout=layout, mapping=dict(how.get("columns", {})),
                   columns=tuple(how["keep"]) if "keep" in how else None,
                   own={name: value for name, value in own.items() if value is not None},
                   **{name: value for name, value in given.items() if name in known})  # type: ignore[arg-type]


def _path(table: str, path: object) -> Path:
    if not isinstance(path, (str, PathLike)):
        raise StudyError(f"{table}: {path!r} is no path. Give the path of a file.")
    return Path(path)


def _check_type(where: str, name: str, value: object) -> None:
    """Refuse a value of the wrong kind: a text where a list is needed would be taken letter by letter."""
    if name == "columns":
        good, kind = isinstance(value, Mapping), '{"participant_id": "client"}'
    elif name in ("keep", "missing"):
        good, kind = isinstance(value, Sequence) and not isinstance(value, str), '["...", "..."]'
    else:
        good, kind = isinstance(value, str), '"..."'
    if not good:
        raise ChoiceError(f"{where} must be written as {kind}, not {value!r}.")


def canonical_columns(table: str) -> tuple[str, ...]:
    """Name the columns that a table of a study may have by contract."""
    if table in ("participants", "answers"):
        return (PARTICIPANT,)
    required, optional, _ = TABLES[table]
    return (*required, *optional, *((LOCAL_TIME,) if table == "events" else ()))


