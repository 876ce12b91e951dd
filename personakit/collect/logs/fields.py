"""Where a field of an event stands: a path such as ``properties.$session_id``, followed through objects or through SQL.

A step goes to a field of an object (or of JSON text), to an entry of a list of ``{key, value}``, or into the first of a
list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from personakit.collect.logs.audit import quote

#: a typed value, as GA4 writes it: one of these holds it
TYPED = ("string_value", "int_value", "double_value", "float_value")


def value_at(thing: Any, steps: Sequence[str]) -> str | None:
    """Return what stands at the end of a path, as text; None where nothing does.

    Examples
    --------
    >>> value_at({"params": [{"key": "page", "value": {"int_value": "7"}}]}, ["params", "page"])
    '7'
    >>> value_at({"context": '{"page": {"path": "/a"}}'}, ["context", "page", "path"])
    '/a'
    """
    whole = ".".join(steps)
    if isinstance(thing, dict) and whole in thing:
        return _as_text(thing[whole])
    for step in steps:
        if isinstance(thing, str):
            thing = parsed(thing)
        if isinstance(thing, list):
            keyed = [one for one in thing if isinstance(one, dict) and one.get("key") == step]
            if keyed or (thing and isinstance(thing[0], dict) and "key" in thing[0]):
                thing = keyed[0].get("value") if keyed else None
                continue
            thing = thing[0] if thing else None
        thing = thing.get(step) if isinstance(thing, dict) else None
    if isinstance(thing, dict):
        thing = next((thing[name] for name in TYPED if thing.get(name) is not None), None)
    return _as_text(thing)


def _as_text(value: Any) -> str | None:
    if value is None or value == "" or isinstance(value, (dict, list)) or value != value:
        return None
    if isinstance(value, str):  # half of a character that JSON writes as two is no text
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 2**63 else str(value)


def parsed(text: str) -> Any:
    """Return the object that JSON text holds; None where it holds none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def take_from_rows(rows: Iterable[Mapping[str, Any]], fields: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return text columns: of each row and field, what stands at the first of its paths that holds something."""
    paths = {name: [path.split(".") for path in ways] for name, ways in fields.items()}
    found: dict[str, list[str | None]] = {name: [] for name in fields}
    for row in rows:
        for name, ways in paths.items():
            found[name].append(next((one for steps in ways if (one := value_at(row, steps)) is not None), None))
    return pd.DataFrame({name: pd.Series(column, dtype="str") for name, column in found.items()})


def take_from_table(frame: pd.DataFrame, fields: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the same from a table of text: a path is a column, or goes on inside a column of JSON text."""
    objects: dict[str, list[Any]] = {}
    out = pd.DataFrame(index=frame.index)
    for name, ways in fields.items():
        column = pd.Series(pd.NA, index=frame.index, dtype="str")
        for path in ways:
            head, _, rest = path.partition(".")
            if path in frame.columns:
                column = column.fillna(frame[path].astype("str"))
            elif rest and head in frame.columns:
                cells = objects.setdefault(head, [parsed(one) if isinstance(one, str) else one for one in frame[head]])
                inner = [value_at(one, rest.split(".")) for one in cells]
                column = column.fillna(pd.Series(inner, index=frame.index, dtype="str"))
        out[name] = column
    return out


def sql_at(path: str, columns: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the SQL of a path and its DuckDB type, from the columns of a table; None where it leads nowhere."""
    head, _, rest = path.partition(".")
    if path in columns:
        return _typed(quote(path), columns[path])
    return _follow(quote(head), columns[head], rest.split(".")) if rest and head in columns else None


def _follow(sql: str, kind: Any, steps: Sequence[str]) -> tuple[str, Any] | None:
    if not steps:
        return _typed(sql, kind)
    step, *rest = steps
    if kind.id == "struct":
        inner = dict(kind.children)
        return _follow(f"{sql}.{quote(step)}", inner[step], rest) if step in inner else None
    if kind.id == "list":
        element = dict(kind.children)["child"]
        inner = dict(element.children) if element.id == "struct" else {}
        if {"key", "value"} <= set(inner):
            return _follow(f"[one.value for one in {sql} if one.key = {literal(step)}][1]", inner["value"], rest)
        return _follow(f"{sql}[1]", element, steps)
    if kind.id == "map":
        return _follow(f"{sql}[{literal(step)}]", dict(kind.children)["value"], rest)
    if kind.id == "varchar":
        way = "".join(f'."{one}"' for one in steps)
        ways = [f"try(json_extract_string({sql}, {literal(start + way)}))" for start in ("$", "$[0]")]
        return f"coalesce({', '.join(ways)})", kind
    return None


def _typed(sql: str, kind: Any) -> tuple[str, Any] | None:
    """Return a value that can be shown: of a struct such as GA4's, the member that is set."""
    if kind.id == "list":
        return _typed(f"{sql}[1]", dict(kind.children)["child"])
    if kind.id != "struct":
        return sql, kind
    members = [f"cast({sql}.{quote(name)} as varchar)" for name, _ in kind.children if name in TYPED]
    return (f"coalesce({', '.join(members)})", None) if members else None


def literal(text: str) -> str:
    """Write a text for SQL: whatever it holds, it stays a text."""
    return "'" + text.replace("'", "''") + "'"
