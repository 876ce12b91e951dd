"""SPSS files (.sav, .zsav, .por): what their authors declared of each variable decides how it is read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from personakit.collect.reading.account import begin, frame_of, noted, with_frame
from personakit.collect.reading.options import MISSING, How, Options, make_options
from personakit.collect.reading.source import read_bytes
from personakit.collect.surveys.choices import fold, read_ticks, whole
from personakit.collect.surveys.codebook import Variable, kind_of, plain
from personakit.collect.surveys.headers import Column
from personakit.collect.surveys.questions import Part, close, join_parts, keep_columns, told
from personakit.collect.surveys.sav import check_dictionary
from personakit.collect.surveys.sittings import identify, without_empty
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import YES_NO

MOST_CELLS = 50_000_000
_DATE = re.compile(r"(DATETIME|YMDHMS)|[AEJS]?DATE|QYR|MOYR|WKYR")
#: SPSS counts seconds from here; ISO text ends with the year 9999
_EPOCH, _LAST = np.datetime64("1582-10-14", "s"), np.datetime64("9999-12-31T23:59:59", "s")
_FEWEST_RATING = 3


def read_spss(path: str | PathLike[str], *, nothing_ticked: str | None = None, **how: Unpack[How]) -> Reading:
    """Read a survey from an SPSS file (.sav, .zsav, .por), with all that it declares.

    Use it for files that carry labels. Values declared missing become missing (the report says how many). Nominal variables
    are read as the words of their labels, or as 0/1 where these say yes and no; ordinal ones stay numbers, their words in
    the codebook. Those of measure "scale" are numeric, but where all values that occur have labels: ordinal for three or
    more (noted), nominal for two. Multiple-response sets become one 0/1 column a choice. Dates become ISO text. It cannot
    tell whether the declared measures are right: SPSS calls "scale" what nobody declared.

    Parameters
    ----------
    path
        The file.
    nothing_ticked
        In a multiple-response set that holds ticks alone, someone without any is ``missing`` (default), or answered ``no``
        to all.
    **how
        As ``How`` says: ``columns={"participant_id": "id"}``, ``keep=[...]``, ``encoding`` of old files, ``missing``.

    Returns
    -------
    Reading
        ``tables``: answers (with participant_id; without one, rows are numbered), codebook (variable, label, kind, role,
        question, multi, reverse, low, high, categories, missing_codes).

    Raises
    ------
    StudyError
        Where the file is not sound, or pyreadstat is not installed.
    ChoiceError
        For an unknown keyword or value.

    References
    ----------
    Files are opened with ReadStat through pyreadstat (Fajardo and Miller).

    Examples
    --------
    >>> import tempfile, pyreadstat
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "sex": [1, 2, 9]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pyreadstat.write_sav(frame, folder + "/x.sav", missing_ranges={"sex": [9]}, variable_measure={"sex": "nominal"},
    ...                          variable_value_labels={"sex": {1: "woman", 2: "man"}})
    ...     read_spss(folder + "/x.sav").tables["answers"]["sex"].tolist()
    ['woman', 'man', nan]
    """
    from personakit.collect.layouts import read  # which knows this layout

    return read(make_options("answers", path, "spss", how, nothing_ticked=nothing_ticked))


def is_spss(path: Path, head: bytes) -> bool:
    """Tell an SPSS file by its first bytes."""
    return head.startswith((b"$FL2@(#)", b"$FL3@(#)")) or b"SPSSPORT" in head[:600]


def read_spss_file(options: Options) -> Reading:
    """Read an SPSS file: the layout ``spss``."""
    data, sha256 = read_bytes(options)
    said = told(options)
    frame, meta = _open(data, options)
    given: list[str] = list(frame.columns)
    columns = [Column(heading=name, name=name) for name in given]
    reading = without_empty(begin(options, frame, sha256=sha256, layout="spss"), options)
    who = identify(frame_of(reading), columns, options)
    names = [one.name for one in keep_columns(columns, options) if one.name != who.column]
    reading, missing = _without_missing(reading, names, meta, options)
    reading, dates = _dates(reading, names, meta)
    labels = {name: _valid_labels(name, meta, options) for name in names}
    reading, sets = _response_sets(reading, labels, meta, said.nothing_ticked)
    parts = {**{name: _variable(frame_of(reading)[name], labels[name], meta, missing.get(name, ()), name in dates)
                for name in names}, **sets}
    answers = join_parts(list(parts.values()), frame_of(reading).index)
    guess = [one.name for one in answers.variables
             if one.kind == "ordinal" and meta.variable_measure.get(one.name) == "scale"]
    if guess:
        reading = noted(reading, "surveys.labelled_scales", n=len(guess), first=first_five(guess))
    return close(reading, answers, who)


def _open(data: bytes, options: Options) -> tuple[pd.DataFrame, Any]:
    try:
        import pyreadstat
    except ImportError:
        raise StudyError(f"{options.where}: is an SPSS file, and pyreadstat is not installed. Install it: pip install "
                         f"pyreadstat; or export the data as CSV.") from None
    portable = not data.startswith(b"$FL")
    read = pyreadstat.read_por if portable else pyreadstat.read_sav
    how: dict[str, Any] = {} if portable else {"user_missing": True, "encoding": options.encoding}
    try:
        if not portable:
            check_dictionary(data, options.encoding)
        with tempfile.TemporaryDirectory() as folder:  # the library reads files; these bytes were checked and unpacked
            file = Path(folder, "file")
            file.write_bytes(data)
            meta = read(str(file), metadataonly=True, **how)[1]
            if (meta.number_rows or 0) * len(meta.column_names) > MOST_CELLS:
                raise StudyError(f"{options.where}: holds more than {MOST_CELLS:,} cells. Keep the variables you need.")
            frame, meta = read(str(file), disable_datetime_conversion=True, **how)
        if not all(isinstance(name, str) and name for name in frame) or not frame.columns.is_unique:
            raise ValueError("variables have no names of their own")
    except StudyError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises whatever a damaged file makes it raise
        raise StudyError(f"{options.where}: is not a sound SPSS file ({type(error).__name__}: {error}). Save it again, name "
                         f"its encoding, or export the data as CSV.") from None
    return frame, meta


# ---------------------------------------------------------------- missing values and dates
def _without_missing(reading: Reading, names: Sequence[str], meta: Any, options: Options
                     ) -> tuple[Reading, dict[str, tuple[Any, ...]]]:
    """Empty the cells that the file declares missing; return the codes declared for each variable."""
    frame, codes = frame_of(reading).copy(), {}
    counts: dict[str, int] = {}
    for name in names:
        column = frame[name]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            text = column.astype("str").str.strip()
            column = text.where(column.notna() & text.ne("") & ~text.isin(options.missing or MISSING))
        gone = _declared_missing(column, _ranges(name, meta), options)
        frame[name] = column.mask(gone)
        codes[name] = tuple(_spell(one.get("lo"), one.get("hi")) for one in _ranges(name, meta))
        counts |= {name: int(gone.sum())} if gone.any() else {}
    reading = with_frame(reading, frame)
    if counts:
        reading = noted(reading, "surveys.declared_missing", n=sum(counts.values()), first=first_five(counts))
    return reading, codes


def _ranges(name: str, meta: Any) -> list[dict[str, Any]]:
    return [one for one in (meta.missing_ranges or {}).get(name) or () if isinstance(one, dict)]


def _declared_missing(column: pd.Series, ranges: Sequence[Mapping[str, Any]], options: Options) -> pd.Series:
    """Mark the values that the file declares missing, and the numbers that the options name as missing."""
    gone = pd.Series(False, index=column.index)
    if pd.api.types.is_numeric_dtype(column.dtype):
        gone = column.isin([float(one) for one in options.missing if re.fullmatch(r"-?\d+(\.\d+)?", one)])
    for one in ranges:
        gone |= _between(column, one.get("lo"), one.get("hi"))
    return gone


def _valid_labels(name: str, meta: Any, options: Options) -> dict[Any, str]:
    """Return the labels of the values that are not declared missing: those of missing ones are no answers."""
    labels = meta.variable_value_labels.get(name) or {}
    codes = pd.Series([code.strip() if isinstance(code, str) else code for code in labels])
    gone = _declared_missing(codes, _ranges(name, meta), options)
    return {code: text for (code, text), out in zip(labels.items(), gone, strict=True) if not out}


def _between(column: pd.Series, low: Any, high: Any) -> pd.Series:
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    if numeric != (isinstance(low, (int, float)) and isinstance(high, (int, float))):
        return pd.Series(False, index=column.index)
    return column.between(low, high) if numeric else column.eq(str(low).strip())


def _spell(low: Any, high: Any) -> Any:
    if low == high:
        return plain(low)
    ends = ["lowest" if low == -np.inf else str(plain(low)), "highest" if high == np.inf else str(plain(high))]
    return " to ".join(ends)


def _dates(reading: Reading, names: Sequence[str], meta: Any) -> tuple[Reading, set[str]]:
    """Write dates as ISO text; one that no calendar holds is missing, and noted."""
    frame, dates = frame_of(reading).copy(), set()
    wrong: dict[str, int] = {}
    for name in names:
        form = _DATE.match(str(meta.original_variable_types.get(name, "")))
        if not form or not pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        seconds = frame[name].to_numpy(dtype="float64")
        known = (seconds >= 0) & (seconds <= (_LAST - _EPOCH).astype("float64"))
        moments = _EPOCH + np.where(known, seconds, 0).astype("int64").astype("timedelta64[s]")
        text = pd.Series(np.datetime_as_string(moments, unit="s" if form.group(1) else "D"), index=frame.index, dtype="str")
        lost = frame[name].notna() & ~known
        wrong |= {name: int(lost.sum())} if lost.any() else {}
        frame[name] = text.str.replace("T", " ", regex=False).where(known)
        dates.add(name)
    reading = with_frame(reading, frame)
    if wrong:
        reading = noted(reading, "surveys.impossible_dates", n=sum(wrong.values()), first=first_five(wrong))
    return reading, dates


# ---------------------------------------------------------------- variables
def _response_sets(reading: Reading, labels: Mapping[str, Mapping[Any, str]], meta: Any, rule: str
                   ) -> tuple[Reading, dict[str, Part]]:
    """Read multiple-response sets: one 0/1 column for each variable of a dichotomy, or for each category, these in the
    place of the first variable of their set. ``labels``: variable -> its values that are answers and their labels.
    """
    frame, found = frame_of(reading), []
    out: dict[str, Part] = {}
    spelled = {name.casefold(): name for name in labels}
    for given, one in (meta.mr_sets or {}).items():
        members = [spelled[name.casefold()] for name in one.get("variable_list", ()) if name.casefold() in spelled]
        members = [name for name in dict.fromkeys(members) if name not in out]
        if len(members) < 2:
            continue
        title = given.removeprefix("$")
        found.append(title)
        if one.get("is_dichotomy"):
            zero = np.full(len(frame), rule == "no")
            words = frame[members].apply(lambda column, one=one: _counted(column, one.get("counted_value")))
            table = read_ticks(words, pd.Series(False, index=frame.index), zero=zero).table
            out |= {name: Part(table=table[[name]], variables=(Variable(
                name=name, label=meta.column_names_to_labels.get(name) or "", kind="binary", question=title, multi=True),))
                for name in members}
        else:
            nothing = Part(table=pd.DataFrame(index=frame.index), variables=())
            out |= dict.fromkeys(members, nothing) | {
                members[0]: _categories(frame[members], labels[members[0]], title, one.get("label") or title)}
    if found:
        reading = noted(reading, "surveys.multi", n=len(found), first=first_five(found))
    return reading, out


def _counted(column: pd.Series, value: Any) -> pd.Series:
    """Return yes where a cell is the counted value, no where it is another."""
    number = pd.to_numeric(pd.Series([value]), errors="coerce").iloc[0]
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    same = column.eq(number) if numeric else column.astype("str").str.strip().eq(str(value))
    return pd.Series(np.where(same, "yes", "no"), index=column.index).where(column.notna())


def _categories(block: pd.DataFrame, labels: Mapping[Any, str], title: str, label: str) -> Part:
    """Read variables that each name one chosen category; nobody who named any left the question out."""
    codes = [*labels, *(code for code in pd.unique(block.to_numpy().ravel()) if pd.notna(code) and code not in labels)]
    touched = block.notna().any(axis=1)
    table, variables = {}, []
    for code in codes:
        word = str(labels.get(code, plain(code)))
        name = f"{title} [{word}]" if f"{title} [{word}]" not in table else f"{title} [{plain(code)}]"
        table[name] = block.eq(code).any(axis=1).astype("float64").where(touched)
        variables.append(Variable(name=name, label=f"{label} [{word}]", kind="binary", question=title, multi=True))
    return Part(table=whole(pd.DataFrame(table, index=block.index)), variables=tuple(variables))


def _variable(column: pd.Series, labels: Mapping[Any, str], meta: Any, missing: tuple[Any, ...], is_date: bool) -> Part:
    name = str(column.name)
    measure = meta.variable_measure.get(name, "unknown")
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    words = {code: YES_NO.get(fold(text)) for code, text in labels.items()}
    covered = bool(labels) and column.dropna().isin(list(labels)).all()
    made = Variable(name=name, label=meta.column_names_to_labels.get(name) or "", missing_codes=missing, categories=labels)
    if is_date:
        made, values = _with(made, "nominal", role="held_back"), column
    elif covered and sorted(words.values(), key=str) == [0, 1]:
        made = _with(made, "binary", categories={words[code]: text for code, text in labels.items()})
        values = column.map(words)
    elif numeric and column.notna().any() and column.dropna().isin([0, 1]).all() and measure != "nominal":
        made, values = _with(made, "binary"), column
    elif labels and (not numeric or measure in ("nominal", "unknown") or (covered and len(labels) < _FEWEST_RATING)):
        made, values = _with(made, "nominal"), _in_words(column, labels)
    elif numeric and (measure == "ordinal" or (covered and len(labels) >= _FEWEST_RATING)):
        ends = (min(labels), max(labels)) if covered else (None, None)
        made, values = _with(made, "ordinal", low=ends[0], high=ends[1]), column
    else:
        kind = {"nominal": "nominal", "scale": "numeric"}.get(measure, kind_of(column)) if numeric else kind_of(column)
        made, values = _with(made, kind if column.notna().any() else ""), column
    return Part(table=_tight(values).rename(name).to_frame(), variables=(made,))


def _with(variable: Variable, kind: str, **more: Any) -> Variable:
    return replace(variable, kind=kind, **more)


def _in_words(column: pd.Series, labels: Mapping[Any, str]) -> pd.Series:
    """Return the label of each value; a label of two values names the value too, a value without one stands for itself."""
    shared = {text for text in labels.values() if list(labels.values()).count(text) > 1}
    words = {code: f"{text} ({plain(code)})" if text in shared else text for code, text in labels.items()}
    return column.map(lambda code: words.get(code, str(plain(code))), na_action="ignore").astype("str")


def _tight(values: pd.Series) -> pd.Series:
    """Return whole numbers as such where none is missing."""
    if pd.api.types.is_float_dtype(values.dtype) and values.notna().all() and (values % 1 == 0).all() and (
            values.abs() < 2**53).all():
        return values.astype("int64")
    return values
