"""``study.toml``: what it may say, read and checked before any table is opened."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personakit.collect.layouts import own_settings
from personakit.collect.reading.options import Options, canonical_columns
from personakit.collect.reading.times import check_timezone
from personakit.errors import StudyError, unknown_name
from personakit.schema import FRAMEWORKS, LANGUAGES, TABLES

SETTINGS_FILE = "study.toml"
STUDY_TABLES = ("participants", "answers", *TABLES)
#: tables whose rows name a participant
PEOPLE_TABLES = ("events", "answers", "codes")
_TOP = ("name", "language", "timezone", "framework", "stages", *STUDY_TABLES, "privacy", "choice", "names", "wave")
_TEXTS = ("decimal", "encoding", "sheet", "identifiers", "time_format", "timezone", "layout")
_READING = ("file", "layout", "columns", "missing", "separator", "decimal", "encoding", "sheet", "identifiers")
_PRIVACY = ("key_file", "key_variable")
_CHOICE = ("candidate", "by", "reason", "when")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One table of ``study.toml``: how its file is read, and which rows are set aside."""

    options: Options
    set_aside: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole of a checked ``study.toml``. ``participants_from`` names a table where participants have no file;
    ``privacy`` says where the key is that makes pseudonyms.
    """

    name: str
    language: str
    timezone: str | None
    stages: tuple[str, ...]
    tables: Mapping[str, Section]
    participants_from: str | None
    sha256: str
    privacy: Mapping[str, str] = field(default_factory=dict)
    choice: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def read_settings(folder: Path, wave: str | None = None) -> Settings:
    """Read and check ``folder/study.toml``; ``StudyError`` says which setting is wrong and what is allowed.

    A ``wave`` takes the files that its ``[[wave]]`` names in the place of the study's own.
    """
    given, sha256 = _read_toml(folder)
    where = str(folder / SETTINGS_FILE)
    _check_names(where, given, _TOP)
    _take_wave(where, given, wave)
    sections = {table: _section(where, table, given[table]) for table in STUDY_TABLES if table in given}
    _give_codebook(where, sections)
    if "participants" not in sections:
        raise StudyError(f'{where}: [participants] is missing. Add it, with file = "participants.csv" or '
                         f'from = "events" (or "answers", "codes").')
    source = _participants_from(where, sections)
    timezone = _timezone(where, given.get("timezone"))
    language = _text(where, "language", given.get("language", "en"))
    if language not in LANGUAGES:
        raise StudyError(unknown_name(f"{where}: language", language, LANGUAGES))
    privacy = _privacy(where, folder, given.get("privacy", {}))
    return Settings(
        name=_text(where, "name", given.get("name", folder.resolve().name or "study")),
        language=language,
        timezone=timezone,
        stages=_stages(where, given),
        tables={table: _table(where, folder, table, section, {"timezone": timezone, **privacy})
                for table, section in sections.items()},
        participants_from=source,
        sha256=sha256,
        privacy=privacy,
        choice=_choice(where, given.get("choice", {})),
        names=_texts(where, "[names]", given.get("names", {})),
    )


def _read_toml(folder: Path) -> tuple[dict[str, Any], str]:
    path = folder / SETTINGS_FILE
    if not folder.is_dir():
        raise StudyError(f"{folder}: is not a folder. Give the folder that holds {SETTINGS_FILE}.")
    try:
        data = path.read_bytes()
        return tomllib.loads(data.decode("utf-8-sig")), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror}). Write a {SETTINGS_FILE} in this folder.") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise StudyError(f"{path}: line {line} is not UTF-8. Save the file as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: is not TOML: {error}. Correct that line.") from None


def _take_wave(where: str, given: dict[str, Any], wave: str | None) -> None:
    """Put the files of a wave in the place of the study's own; its other settings stay."""
    waves = given.pop("wave", [])
    if not isinstance(waves, list) or not all(isinstance(one, dict) for one in waves):
        raise StudyError(f'{where}: wave must be a list of tables. Write [[wave]], and name = "..." under it.')
    for one in waves:
        _check_names(f"{where}: [[wave]]", one, ("name", *STUDY_TABLES))
    known = {_text(where, "[[wave]] name", one.get("name")): one for one in waves}
    if wave is None:
        return
    if wave not in known:
        raise StudyError(unknown_name(f"{where}: wave", wave, list(known)))
    for table in set(known[wave]) - {"name"}:
        file = _text(where, f"[[wave]] {table}", known[wave][table])
        given[table] = {**_section(where, table, given.get(table, {})), "file": file}


def _check_names(where: str, given: Collection[str], allowed: Collection[str]) -> None:
    for name in given:
        if name not in allowed:
            raise StudyError(unknown_name(where, name, allowed))


def _text(where: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise StudyError(f'{where}: {key} must be a text, not {value!r}. Write {key} = "...".')
    return value


def _texts(where: str, key: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise StudyError(f"{where}: {key} must be a table of texts, not {value!r}.")
    return {name: _text(where, f"{key} {name}", str(one) if hasattr(one, "isoformat") else one)
            for name, one in value.items()}


def _list(where: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise StudyError(f'{where}: {key} must be a list of texts, not {value!r}. Write {key} = ["...", "..."].')
    return tuple(dict.fromkeys(value))


def _timezone(where: str, value: object) -> str | None:
    if value is None:
        return None
    return check_timezone(where, _text(where, "timezone", value))


def _stages(where: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    if "stages" not in given:
        framework = _text(where, "framework", given.get("framework", "parcours"))
        if framework not in FRAMEWORKS:
            raise StudyError(unknown_name(f"{where}: framework", framework, FRAMEWORKS))
        return FRAMEWORKS[framework]
    if "framework" in given:
        raise StudyError(f"{where}: both framework and stages are given. Keep one.")
    stages = _list(where, "stages", given["stages"])
    if len(stages) < 2 or not all(stage.strip() for stage in stages):
        raise StudyError(f"{where}: stages must name at least two stages, in order, none of them empty.")
    return stages


def _section(where: str, table: str, section: object) -> dict[str, Any]:
    if not isinstance(section, dict):
        raise StudyError(f'{where}: {table} must be a table, not {section!r}. Write [{table}] and file = "..." under it.')
    return dict(section)


def _give_codebook(where: str, sections: dict[str, dict[str, Any]]) -> None:
    """``codebook = "..."`` under [answers] is short for [codebook] file = "..."."""
    file = sections.get("answers", {}).pop("codebook", None)
    if file is not None and "codebook" in sections:
        raise StudyError(f"{where}: the codebook is named under [answers] and under [codebook]. Keep one.")
    if file is not None:
        sections["codebook"] = {"file": file}


def _participants_from(where: str, sections: dict[str, dict[str, Any]]) -> str | None:
    section = sections["participants"]
    if "from" not in section:
        return None
    if len(section) > 1:
        raise StudyError(f"{where}: [participants] has from and other settings ({', '.join(sorted(section))}). "
                         f"Keep from alone, or give a file.")
    source = _text(where, "[participants] from", section["from"])
    here = [table for table in PEOPLE_TABLES if table in sections]
    if source not in here:
        raise StudyError(unknown_name(f"{where}: [participants] from", source, here))
    del sections["participants"]
    return source


def _table(where: str, folder: Path, table: str, section: Mapping[str, Any],
           shared: Mapping[str, str | None]) -> Section:
    where = f"{where}: [{table}]"
    mapped, policies = canonical_columns(table), _policies(table)
    clock = ("time_format", "timezone") if table == "events" else ()
    own = own_settings(table)
    _check_names(where, section, [*_READING, *mapped, *policies, *clock, *own])
    if "file" not in section:
        raise StudyError(f'{where}: file is missing. Write file = "{table}.csv".')
    file = _text(where, "file", section["file"])
    texts = {key: _text(where, key, section[key]) for key in _TEXTS if key in section}
    if "separator" in section:
        texts["separator"] = section["separator"] if isinstance(section["separator"], str) else ""
    if "timezone" in texts:
        _timezone(where, texts["timezone"])
    mapping = {name: _text(where, name, section[name]) for name in mapped if name in section}
    lists = {key: _list(where, key, section[key]) for key in ("columns", "missing") if key in section}
    options = Options(table=table, file=_shown(file), path=folder / file, mapping=mapping,
                      own={name: _own(where, name, section[name]) for name in own if name in section},
                      **{**shared, **texts, **lists})  # type: ignore[arg-type]
    return Section(options=options,
                   set_aside=frozenset(name for name in policies if _policy(where, name, section, policies[name])))


def _own(where: str, key: str, value: object) -> object:
    """Return what a layout alone is told: a text, or a list or table that the layout checks."""
    return value if isinstance(value, (list, dict)) else _text(where, key, value)


def _shown(file: str) -> str:
    """Name a file without the machine's own folders: results are compared between machines."""
    path = Path(file)
    return path.name if path.is_absolute() else file


def _policies(table: str) -> dict[str, str]:
    """Which rows a table may set aside -> what happens to them by default."""
    unknown = {"unknown_participants": "error"} if table in PEOPLE_TABLES else {}
    return {**unknown, "duplicates": "keep", "bots": "keep"} if table == "events" else unknown


def _policy(where: str, name: str, section: Mapping[str, Any], default: str) -> bool:
    value = section.get(name, default)
    if value not in (default, "set_aside"):
        raise StudyError(unknown_name(f"{where}: {name}", value, [default, "set_aside"]))
    return value == "set_aside"


def _privacy(where: str, folder: Path, value: object) -> dict[str, str]:
    privacy = _texts(where, "[privacy]", value)
    _check_names(f"{where}: [privacy]", privacy, _PRIVACY)
    if len(privacy) > 1:
        raise StudyError(f"{where}: [privacy] has both key_file and key_variable. Keep one.")
    return {name: str(folder / Path(one).expanduser()) if name == "key_file" else one for name, one in privacy.items()}


def _choice(where: str, value: object) -> dict[str, str]:
    choice = _texts(where, "[choice]", value)
    _check_names(f"{where}: [choice]", choice, _CHOICE)
    for key in ("candidate", "by", "reason"):
        if choice and key not in choice:
            raise StudyError(f"{where}: [choice] {key} is missing. A choice names its candidate, who chose (by) and why "
                             f"(reason).")
    return choice
