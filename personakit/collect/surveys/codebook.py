"""The codebook of a survey: one row a variable, and its file, a Frictionless Table Schema."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from personakit.collect.reading.account import begin, frame_of, with_frame
from personakit.collect.reading.cells import decode
from personakit.collect.reading.options import How, Options, make_options
from personakit.collect.reading.source import read_bytes, read_head
from personakit.collect.reading.tables import finish, read_plain
from personakit.errors import StudyError
from personakit.readings import Reading
from personakit.schema import KIND, ROLE, check_table

VARIABLE = "variable"
#: what a reader writes of each variable, in this order
COLUMNS = (VARIABLE, "label", KIND, ROLE, "question", "multi", "reverse", "low", "high", "categories", "missing_codes")
#: a whole number with at most this many levels is a scale
ORDINAL_LEVELS = 11
PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
OURS = "personakit"
#: kind -> type of a field, and back where a schema of other people's names no kind
_TYPES = {"binary": "integer", "ordinal": "integer", "count": "integer", "nominal": "string", "numeric": "number",
          "share": "number"}
#: column of ours -> property of the standard
_SAME = {"label": "title", "description": "description"}
_LIMITS = {"low": "minimum", "high": "maximum"}
_LISTS = {"categories": "categories", "missing_codes": "missingValues"}
_KINDS = {"boolean": "binary", "integer": "numeric", "number": "numeric", "string": "nominal", "year": "numeric"}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable of a survey. ``categories``: value -> label; ``question``: what several variables answer together;
    ``multi``: it is one choice among several that could be ticked; ``low`` and ``high``: the ends of its scale.
    """

    name: str
    label: str = ""
    kind: str = ""
    role: str = ""
    question: str = ""
    multi: bool = False
    low: float | None = None
    high: float | None = None
    categories: Mapping[Any, str] | None = None
    missing_codes: tuple[Any, ...] = ()


def tabulate_variables(variables: Iterable[Variable]) -> pd.DataFrame:
    """Return variables as a codebook. Labels of values and missing codes are JSON text, so that a CSV keeps them."""
    rows = [{VARIABLE: one.name, "label": one.label or None, KIND: one.kind or None, ROLE: one.role or None,
             "question": one.question or None, "multi": one.multi, "reverse": False, "low": one.low, "high": one.high,
             "categories": _json([{"value": plain(code), "label": label} for code, label in (one.categories or {}).items()]),
             "missing_codes": _json([str(plain(code)) for code in one.missing_codes])} for one in variables]
    kinds = {"multi": "bool", "reverse": "bool", "low": "float", "high": "float"}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({name: kinds.get(name, "str") for name in COLUMNS})


def _json(values: list[Any]) -> str | None:
    return json.dumps(values, ensure_ascii=False) if values else None


def plain(value: Any) -> Any:
    """Return a value as a file spells it: whole numbers without a point.

    Examples
    --------
    >>> plain(3.0), plain(2.5), plain("a")
    (3, 2.5, 'a')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def kind_of(column: pd.Series) -> str:
    """Say which kind the values of an answer suggest; nothing for an empty column.

    Examples
    --------
    >>> kind_of(pd.Series([0, 1])), kind_of(pd.Series([1, 5, 3])), kind_of(pd.Series([18, 70.5])), kind_of(pd.Series(["a"]))
    ('binary', 'ordinal', 'numeric', 'nominal')
    """
    values = column.dropna()
    if values.empty:
        return ""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return "nominal"
    if values.isin([0, 1]).all():
        return "binary"
    return "ordinal" if (values % 1 == 0).all() and values.nunique() <= ORDINAL_LEVELS else "numeric"


# ---------------------------------------------------------------- the file
def save_codebook(codebook: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a codebook as a Frictionless Table Schema (JSON), which other tools read too.

    Use it to hand over what your variables mean, or to correct it by hand: declare ``reverse``, ``low``, ``high``, ``role``
    there and name the file in study.toml (``[codebook] file = "codebook.json"``). It holds no answers.

    Parameters
    ----------
    codebook
        As in ``Study.codebook``: one row a variable.
    path
        The file to write.

    Returns
    -------
    Path
        The file. Each field has name, type, and where known title (label), constraints (low, high), categories and
        missingValues; all else stands under the property ``personakit``.

    Raises
    ------
    StudyError
        Where the table is no codebook, or the file cannot be written.

    References
    ----------
    Frictionless Standards, Table Schema 2.0 (2024).

    Examples
    --------
    >>> import tempfile
    >>> book = pd.DataFrame({"variable": ["price"], "label": ["The price is fair"], "kind": ["ordinal"], "low": [1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_codebook(save_codebook(book, folder + "/codebook.json")).tables["codebook"].equals(book)
    True
    """
    book = check_table("codebook", codebook)
    fields = [_field({str(name): value for name, value in row.items() if not _empty(value)})
              for row in book.to_dict("records")]
    schema = {"$schema": PROFILE, "fields": fields, OURS: {"columns": [str(name) for name in book.columns]}}
    file = Path(path)
    try:
        text = json.dumps(schema, ensure_ascii=False, indent=2, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise StudyError(f"{file}: cannot be written ({error.strerror}). Choose another place.") from None
    except (TypeError, ValueError) as error:
        raise StudyError(f"codebook: holds values that JSON has no word for ({error}). Write them as text.") from None
    return file


def _empty(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _field(row: dict[str, Any]) -> dict[str, Any]:
    """Write one variable: in the words of the standard what it has words for, the rest under our own property."""
    ours = dict(row)
    out: dict[str, Any] = {"name": ours.pop(VARIABLE), "type": _TYPES.get(row.get(KIND, ""), "any")}
    for name, key in _SAME.items():
        if name in ours:
            out[key] = ours.pop(name)
    limits = {key: plain(row[name]) for name, key in _LIMITS.items() if name in row}
    if limits and out["type"] in ("integer", "number"):
        out["constraints"] = limits
        ours = {name: value for name, value in ours.items() if name not in _LIMITS}
    for name, key in _LISTS.items():
        values = _from_json(ours.get(name))
        # what would come back spelled otherwise stays as it is
        if values and _json(values) == ours[name] and (name != "categories" or out["type"] in ("string", "integer")):
            out[key] = values
            del ours[name]
    return {**out, OURS: ours} if ours else out


def _from_json(text: object) -> list[Any]:
    try:
        values = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return []
    return values if isinstance(values, list) else []


def read_codebook(path: str | os.PathLike[str], **how: Unpack[How]) -> Reading:
    """Read a codebook: a Table Schema or Data Package (JSON), else a plain table with a column ``variable``.

    Use it for what ``save_codebook`` wrote and for the schema of a published data set. In a schema that names no kind, the
    type of a field gives it: boolean is binary, numbers are numeric, text is nominal, ordered categories are ordinal.

    Parameters
    ----------
    path
        The file.
    **how
        As ``How`` says.

    Returns
    -------
    Reading
        ``tables["codebook"]``: variable, and where known label, kind, role, question, multi, reverse, low, high, categories
        (JSON: value and label) and missing_codes (JSON).

    Raises
    ------
    StudyError
        Where the file cannot be read, or holds no fields.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "schema.json")
    ...     _ = file.write_text('{"fields": [{"name": "age", "type": "integer", "title": "Your age"}]}')
    ...     read_codebook(file).tables["codebook"].values.tolist()
    [['age', 'Your age', 'numeric']]
    """
    options = make_options("codebook", path, None, how)
    return read_schema(options) if is_schema(options.path, read_head(options.path)) else read_plain(options)


def is_schema(path: Path, head: bytes) -> bool:
    """Tell whether a file is a Table Schema or a Data Package."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"fields"' in head


def read_schema(options: Options) -> Reading:
    """Read a Table Schema as a codebook: the layout ``table_schema``."""
    data, sha256 = read_bytes(options)
    text, guesses = decode(data, options)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{options.where}: is not JSON ({error}). Save it again.") from None
    if isinstance(schema, dict) and isinstance(schema.get("resources"), list):
        schema = next((one["schema"] for one in schema["resources"] if isinstance(one, dict)
                       and isinstance(one.get("schema"), dict)), schema)
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not fields or not all(isinstance(one, dict) and one.get("name") for one in fields):
        raise StudyError(f"{options.where}: has no list of fields, each with its name. Write a Table Schema, or a CSV with "
                         f"a column 'variable'.")
    ours = schema.get(OURS)
    named = ours.get("columns") if isinstance(ours, dict) else None
    rows = pd.DataFrame.from_records([_row(one) for one in fields])
    columns = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    frame = rows.reindex(columns=list(dict.fromkeys([*columns, *rows.columns])))
    reading = begin(options, frame, sha256=sha256, layout="table_schema", guesses=guesses)
    reading = finish(reading, options)
    return with_frame(reading, check_table("codebook", frame_of(reading), where=options.where))


def _row(field: dict[str, Any]) -> dict[str, Any]:
    constraints = field["constraints"] if isinstance(field.get("constraints"), dict) else {}
    kind = "ordinal" if field.get("categoriesOrdered") is True else _KINDS.get(str(field.get("type")))
    found = {VARIABLE: field["name"], **{name: field.get(key) for name, key in _SAME.items()}, KIND: kind,
             **{name: constraints.get(key) for name, key in _LIMITS.items()},
             "categories": field.get("categories") or constraints.get("enum"), "missing_codes": field.get("missingValues")}
    ours = field[OURS] if isinstance(field.get(OURS), dict) else {}
    return {name: json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
            for name, value in {**found, **ours}.items() if value not in (None, [], {})}
