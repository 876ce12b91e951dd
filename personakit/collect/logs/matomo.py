"""The log tables of Matomo, exported as text: visits, their actions and the names of these, joined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from personakit.collect.logs.files import list_files, one_file
from personakit.collect.logs.vendor_logs import from_table
from personakit.collect.logs.vendors import SESSION, Vendor, has_name, names_in
from personakit.collect.reading.cells import read_cells, take_header
from personakit.collect.reading.options import LOCAL_TIME, Options
from personakit.errors import StudyError
from personakit.readings import Reading
from personakit.schema import CONTENT, DEVICE, EVENT, PARTICIPANT

_ACTIONS, _NAMES, _VISITS = "log_link_visit_action", "log_action", "log_visit"
#: the kinds of log_action -> what Matomo's interface calls them
_KINDS = {"1": "action", "2": "outlink", "3": "download", "4": "action", "8": "search"}
_DEVICES = {"0": "desktop", "1": "mobile", "2": "tablet", "10": "mobile"}
_VENDOR = Vendor(known_by=(), order=("idlink_va",), fields={
    PARTICIPANT: ("idvisitor",), EVENT: ("event",), LOCAL_TIME: ("server_time",), DEVICE: ("device",), CONTENT: ("content",),
    SESSION: ("idvisit",)})


def is_matomo_log(path: Path, head: bytes) -> bool:
    """Whether a folder holds Matomo's log tables, or a file is that of the actions."""
    if path.is_dir():
        return _ACTIONS in _tables(path)
    names = names_in(path, head)
    return all(has_name(names, name) for name in ("idlink_va", "idvisit", "idaction_url", "server_time"))


def read_matomo_log(options: Options) -> Reading:
    """Read ``log_link_visit_action`` with ``log_action`` (needed) and ``log_visit`` (devices) from the same folder."""
    folder = options.path if options.path.is_dir() else options.path.parent
    files = _tables(folder)
    if _NAMES not in files or _ACTIONS not in files:
        raise StudyError(f"{options.where}: needs {_ACTIONS} and {_NAMES} in one folder (there are: "
                         f"{', '.join(sorted(files)) or 'none of the tables'}). Export both as CSV, beside each other.")
    actions = _read(options, files[_ACTIONS], "idvisitor", "idvisit", "server_time", "idaction_url")
    names = _read(options, files[_NAMES], "idaction", "name", "type")
    named = names.drop_duplicates("idaction").set_index("idaction")
    kind = actions["idaction_url"].map(named["type"]).map(_KINDS).fillna("action")
    said = actions.get("idaction_event_action", pd.Series(pd.NA, index=actions.index, dtype="str"))
    content = actions["idaction_url"].map(named["name"]).str.replace(r"[?#].*$", "", regex=True)
    table = actions.assign(event=said.map(named["name"]).fillna(kind), content=content)
    if _VISITS in files:
        visits = _read(options, files[_VISITS])
        if {"idvisit", "config_device_type"} <= set(visits):
            devices = visits.drop_duplicates("idvisit").set_index("idvisit")["config_device_type"].map(_DEVICES)
            table = table.assign(device=table["idvisit"].map(devices))
    return from_table(table, replace(options, path=files[_ACTIONS]), _VENDOR, guesses={})


def _tables(folder: Path) -> dict[str, Path]:
    """Find the tables by the end of their names: their prefix is chosen at installation."""
    found: dict[str, Path] = {}
    for file in list_files(folder):
        stem = file.name.partition(".")[0]
        found |= {name: file for name in (_ACTIONS, _NAMES, _VISITS) if stem.endswith(name) and file.parent == folder}
    return found


def _read(options: Options, file: Path, *needed: str) -> pd.DataFrame:
    table = take_header(read_cells(one_file(options, file)), options)[0].astype("str")
    missing = [name for name in needed if name not in table]
    if missing:
        raise StudyError(f"{one_file(options, file).where}: lacks the column {missing[0]!r}. Export the whole table.")
    return table
