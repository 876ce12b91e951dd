"""The contract of every table: column names, vocabularies and ``check_table``. Imports only ``errors``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five

# ---------------------------------------------------------------- column names
PARTICIPANT, PERSONA = "participant_id", "persona"
EVENT, TIME, ORDER, VALUE, SOURCE = "event", "time_us", "order", "value", "source"
TOUCHPOINT, STAGE, CHANNEL, DEVICE, CONTENT, OWNER = "touchpoint", "stage", "channel", "device", "content", "owner"
CODE, KIND, QUOTE, START, END, CODER, CONSENT = "code", "kind", "quote", "start", "end", "coder", "consent"
FEATURE, ROLE, ORIGIN, UNIT, EVIDENCE_ID = "feature", "role", "origin", "unit", "evidence_id"

# ---------------------------------------------------------------- vocabularies (ids; wording holds the words)
ROLES = ("active", "held_back")
FEATURE_KINDS = ("binary", "nominal", "ordinal", "numeric", "share", "count")
CODE_KINDS = ("goal", "need", "motivation", "pain", "delight", "barrier")
CONTENT_KINDS = ("orient", "inform", "help", "reassure", "reward")
CONSENTS = ("verbatim", "paraphrase", "none")
VERDICTS = ("natural", "reproducible", "constructive", "none")
LANGUAGES = ("fr", "en")
FRAMEWORKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "parcours": ("awareness", "research", "purchase", "experience", "loyalty"),
        "choice": ("search", "short_list", "purchase_onboarding", "usage", "recommendation"),
        "enrolment": ("discovery", "comparison", "conversion", "onboarding", "enrolment"),
        "aida": ("attention", "interest", "desire", "action"),
        "funnel": ("top", "middle", "bottom"),
    }
)
#: stages of each framework -> the stage of "parcours" that holds it; between two others the way leads over it
CROSSWALK: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        framework: MappingProxyType(dict(zip(FRAMEWORKS[framework], held, strict=True)))
        for framework, held in {
            "parcours": FRAMEWORKS["parcours"],
            "choice": ("research", "research", "purchase", "experience", "loyalty"),
            "enrolment": ("awareness", "research", "purchase", "experience", "loyalty"),
            "aida": ("awareness", "research", "research", "purchase"),
            "funnel": ("awareness", "research", "purchase"),
        }.items()
    }
)

#: "would you recommend?", 0 to 10: a promoter from here on, a detractor up to here (Reichheld, 2003)
PROMOTER, DETRACTOR = 9, 6

#: words that an answer may use for 1 and 0
YES_NO: Mapping[str, int] = MappingProxyType(
    {"yes": 1, "oui": 1, "true": 1, "vrai": 1, "no": 0, "non": 0, "false": 0, "faux": 0}
)

#: what looks like a number and is a name: a leading zero, an exponent without sign or point
_NAME = re.compile(r"[+-]?0\d|\d+[eE]\d+$")

#: table -> (required columns, optional columns, key columns that must be unique together). A column maps to a dtype
#: kind: "str", "int", "float" or "bool". Tables indexed by participant take any further column.
TABLES: Mapping[str, tuple[dict[str, str], dict[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        "events": (
            {PARTICIPANT: "str", EVENT: "str", TIME: "int"},
            {ORDER: "int", CHANNEL: "str", DEVICE: "str", CONTENT: "str", VALUE: "float", SOURCE: "str"},
            (),
        ),
        "codes": (
            {PARTICIPANT: "str", CODE: "str"},
            {KIND: "str", STAGE: "str", TOUCHPOINT: "str", QUOTE: "str", SOURCE: "str", START: "int", END: "int",
             CODER: "str", CONSENT: "str"},
            (),
        ),
        "codebook": (
            {"variable": "str"},
            {"label": "str", KIND: "str", ROLE: "str", "instrument": "str", TOUCHPOINT: "str", "better": "str",
             "low": "float", "high": "float", "reverse": "bool", "question": "str", "multi": "bool",
             "categories": "str", "missing_codes": "str"},
            ("variable",),
        ),
        "touchpoints": (
            {EVENT: "str", TOUCHPOINT: "str", STAGE: "str"},
            {CHANNEL: "str", OWNER: "str"},
            (EVENT,),
        ),
        "contents": (
            {CONTENT: "str"},
            {"title": "str", KIND: "str", "theme": "str", "format": "str", STAGE: "str"},
            (CONTENT,),
        ),
        "goals": ({"goal": "str"}, {STAGE: "str", OWNER: "str", "metric": "str", "target": "str"}, ()),
        "walkthroughs": (
            {"shop": "str", STAGE: "str"},
            {TOUCHPOINT: "str", CHANNEL: "str", "rating": "float", "observation": "str"},
            (),
        ),
        "design": (
            {"step": "int", TOUCHPOINT: "str", STAGE: "str"},
            {CHANNEL: "str", "optional": "bool", "repeatable": "bool"},
            ("step",),
        ),
    }
)


def check_table(table: str, frame: pd.DataFrame, *, where: str | None = None) -> pd.DataFrame:
    """Return a copy of ``frame`` that keeps the contract of ``table``, or raise ``StudyError``.

    Participants and answers are indexed by ``participant_id`` (unique, as text). Other tables must hold their required
    columns with no gap; optional columns are cast where present; unknown columns are kept as they are.

    Examples
    --------
    >>> check_table("codes", pd.DataFrame({"participant_id": ["p1"], "code": ["price"]})).shape
    (1, 2)
    """
    where = where or table
    if table in ("participants", "answers"):
        return _check_indexed(where, frame)
    required, optional, key = TABLES[table]
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise StudyError(
            f"{where}: column {missing[0]!r} is missing (columns: {first_five(frame.columns)}). "
            f"Name it in study.toml or add it to the table."
        )
    out = frame.reset_index(drop=True)
    for name, kind in {**required, **optional}.items():
        if name in out.columns:
            out[name] = _cast(out[name], kind, f"{where}.{name}", gaps=name in optional)
    if key and out.duplicated(list(key)).any():
        twice = out.loc[out.duplicated(list(key)), key[0]]
        raise StudyError(f"{where}.{key[0]}: {len(twice)} repeated ({first_five(twice)}). Keep one row for each.")
    return out


def _check_indexed(where: str, frame: pd.DataFrame) -> pd.DataFrame:
    out = frame.copy()
    if PARTICIPANT in out.columns:
        out = out.set_index(PARTICIPANT)
    if out.index.name != PARTICIPANT:
        raise StudyError(f"{where}: column '{PARTICIPANT}' is missing (columns: {first_five(out.columns)}). "
                         f"Name it in study.toml or add it to the table.")
    if out.index.hasnans:
        without = int(np.count_nonzero(out.index.isna()))
        raise StudyError(f"{where}.{PARTICIPANT}: {without} rows have no id. Add ids or drop them.")
    out.index = pd.Index([str(one) for one in out.index], dtype="str", name=PARTICIPANT)
    twice = out.index[out.index.duplicated()]
    if len(twice):
        raise StudyError(f"{where}.{PARTICIPANT}: {len(twice)} repeated ({first_five(twice)}). Keep one row for each.")
    return out


def _cast(column: pd.Series, kind: str, where: str, *, gaps: bool) -> pd.Series:
    empty = column.isna()
    if empty.any() and not gaps:
        raise StudyError(f"{where}: {int(empty.sum())} of {len(column)} are empty "
                         f"(rows {first_five(column.index[empty] + 1)}). Fill them or drop these rows.")
    try:
        if kind == "str" and isinstance(column.dtype, pd.StringDtype):
            return column.astype("str")
        if kind == "str":
            # whole numbers read as floats because of a gap keep their integer spelling
            return column.map(as_text, na_action="ignore").astype("str")
        if kind == "bool":
            return column.astype("boolean").fillna(False).astype(bool)
        number = pd.to_numeric(column)
        if kind == "float":
            return number.astype("float64")
        if empty.any():
            return number.astype("Int64")
        whole = number.astype("int64")
    except (ValueError, TypeError) as error:
        raise StudyError(f"{where}: holds values that are not {kind} ({error}). Correct them in the file.") from None
    if not np.array_equal(whole.to_numpy(), number.to_numpy()):
        raise StudyError(f"{where}: holds fractions where whole numbers are needed. Correct them in the file.")
    return whole


def as_text(value: object) -> str:
    """Spell a value as a text; whole numbers read as floats keep their integer spelling."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def read_values(column: pd.Series, *, decimal: str | None = None) -> pd.Series:
    """Return a text column as numbers where every value is one, as 0/1 where every value is yes or no, else as it is.

    ``decimal`` is the mark that the file is known to use; the other mark may then part thousands. Where it is not known,
    numbers with commas stay text, for 1,200 may be either. Values such as ``01230``, ``1E5`` or longer than 15 digits are
    names, not numbers: such a column stays text.

    Examples
    --------
    >>> read_values(pd.Series(["Oui", "Non", "Oui"])).tolist(), read_values(pd.Series(["3,5", "4"]), decimal=",").tolist()
    ([1, 0, 1], [3.5, 4.0])
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("Int64" if column.hasnans else "int64")
    if not (pd.api.types.is_object_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype)):
        return column
    places, levels = pd.factorize(column)
    if not len(levels) or not all(isinstance(level, str) for level in levels):
        return column
    values = _level_values([level.strip() for level in levels], decimal)
    if values is None:
        return column
    if (places < 0).any():
        values = np.append(values.astype("float64"), np.nan)
    return pd.Series(values[places], index=column.index, name=column.name)


def _level_values(levels: list[str], decimal: str | None) -> np.ndarray | None:
    words = [level.casefold() for level in levels]
    if all(word in YES_NO for word in words):
        return np.array([YES_NO[word] for word in words])
    numbers = _with_points([level.replace("\u202f", "").replace("\u00a0", "") for level in levels], decimal)
    letters = set("".join(numbers))
    if not letters <= set("0123456789+-.eE") or any(_NAME.match(one) for one in numbers):
        return None
    try:
        values = np.array([float(one) for one in numbers])
    except ValueError:
        return None
    if not (np.abs(values) < 2**53).all():
        return None
    return values if letters & set(".eE") else values.astype("int64")


def _with_points(numbers: list[str], decimal: str | None) -> list[str]:
    """Write numbers with a decimal point and without marks for thousands; numbers of another habit come back as they are."""
    if decimal is None:
        return numbers
    other = "." if decimal == "," else ","
    thousands = re.compile(rf"[+-]?\d{{1,3}}(?:\{other}\d{{3}})+(?:\{decimal}\d+)?")
    if not all(thousands.fullmatch(one) for one in numbers if other in one):
        return numbers
    return [one.replace(other, "").replace(decimal, ".") for one in numbers]


def promoter_score(part: np.ndarray) -> np.ndarray:
    """Score recommendation: 100 promoter, -100 detractor, else 0; ``part``: the way from worst (0) to best (1).

    Examples
    --------
    >>> promoter_score(np.array([1.0, 0.8, 0.6, np.nan])).tolist()
    [100.0, 0.0, -100.0, nan]
    """
    points = np.round(10 * part)
    return np.where(np.isnan(points), np.nan, 100.0 * ((points >= PROMOTER).astype(int) - (points <= DETRACTOR)))


def top_two_score(part: np.ndarray, span: float) -> np.ndarray:
    """Score satisfaction: 100 for the two best of ``span + 1`` answers, else 0; ``part`` as in ``promoter_score``.

    Examples
    --------
    >>> top_two_score(np.array([0.75, 0.5]), 4).tolist()
    [100.0, 0.0]
    """
    return np.where(np.isnan(part), np.nan, 100.0 * (np.round(part * span, 6) >= span - 1))


def row_id(*parts: object) -> str:
    """Make the id of one row of evidence: a hash of what it was computed from. Arrays and tables count by their values.

    Examples
    --------
    >>> row_id("P1", "age", [1.0, 2.0]) == row_id("P1", "age", [1.0, 2.0])
    True
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"\x1f")
        if isinstance(part, np.ndarray) and part.dtype != object:
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part.tolist() if isinstance(part, np.ndarray) else part).encode())
    return digest.hexdigest()[:10]
