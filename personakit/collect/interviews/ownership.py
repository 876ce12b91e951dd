"""Whose a coding is: the case that its source or its passage belongs to, else the source itself; what is known of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from personakit.collect.interviews.code_lists import unique_names
from personakit.collect.reading.account import frame_of, guessed, noted, with_frame
from personakit.collect.reading.options import Options
from personakit.errors import StudyError, first_five
from personakit.readings import Reading
from personakit.schema import PARTICIPANT

if TYPE_CHECKING:
    from personakit.collect.interviews.projects import Project

CASES, SOURCES = "cases", "sources"
_SEVERAL = ""
_ENDING = r"(?i)\.(?:txt|docx?|rtf|odt|pdf|md|html?|m4a|mp[34]|wav|mov|avi|mkv|jpe?g|png)$"


def find_owners(reading: Reading, project: Project, spans: pd.DataFrame, options: Options) -> tuple[Reading, pd.DataFrame]:
    """Name the participant of each coding (a column of that name), and return all participants with their attributes.

    ``spans``: case, source, text, start, end in characters. Participants are cases where the project has any, else
    sources: a guess that the setting ``participants`` overrules.
    """
    said = options.choice("participants", (CASES, SOURCES))
    if said == CASES and project.cases.empty:
        raise StudyError(f'{options.where}: the project holds no cases. Say participants = "sources", or leave it out.')
    unit = said or (SOURCES if project.cases.empty else CASES)
    reading = guessed(reading, participants=None if said or project.codings.empty else unit)
    names = _names(project, spans, unit)
    nameless = names[project.cases.loc[project.cases["name"].eq("") & (unit == CASES), "key"]]
    if len(nameless):
        reading = noted(reading, "interviews.nameless_cases", n=len(nameless), first=first_five(nameless))
    frame = frame_of(reading)
    owners = frame["source"]
    if unit == CASES:
        cases = pd.Series(_cases_of(frame, spans), index=frame.index, dtype=object)
        reading = _noted(reading, frame, cases, names)
        owners = cases.where(cases.notna() & cases.ne(_SEVERAL), frame["source"])
    keys = [*project.cases["key"]] if unit == CASES else [*project.sources["key"]]
    people = pd.Series(dict.fromkeys([*keys, *owners.dropna()]), dtype=object).index
    reading, known = _attributes(reading, project, _holders(project, spans, unit), people)
    known.insert(0, PARTICIPANT, pd.Series(names.reindex(people).to_numpy(), dtype="str"))
    return with_frame(reading, frame.assign(participant=owners.map(names))), known


def _names(project: Project, spans: pd.DataFrame, unit: str) -> pd.Series:
    """Return what cases and sources are called as participants: a source without its file ending where that is clear."""
    bare = project.sources["name"].str.replace(_ENDING, "", regex=True)
    plain = bare.where(bare.ne("") & ~bare.duplicated(keep=False), project.sources["name"])
    sources = pd.Series(plain.to_numpy(), index=project.sources["key"], dtype=object)
    cases = project.cases[: None if unit == CASES else 0].set_index("key")["name"].astype(object)
    for place, case in enumerate(cases.index, start=1):
        if not cases[case]:
            whole = spans.loc[(spans["case"] == case) & spans["text"].isna(), "source"].unique()
            cases[case] = sources[whole[0]] if len(whole) == 1 else f"case {place}"
    return unique_names(pd.concat([cases, sources]))


# ---------------------------------------------------------------- which case
def _cases_of(codings: pd.DataFrame, spans: pd.DataFrame) -> list[str | None]:
    """Return the case of each coding: the one that most of it lies in, the narrower of equals; "" where several may be."""
    inside: dict[str, list[Any]] = {}
    for span in spans.itertuples():
        inside.setdefault(str(span.source), []).append(span)
    known: dict[tuple[object, ...], str | None] = {}
    out: list[str | None] = []
    columns = (codings[name] for name in ("source", "text", "start", "end", "case"))
    for source, text, first, last, case in zip(*columns, strict=True):
        if isinstance(case, str):
            out.append(case)
            continue
        start, end = (None, None) if pd.isna(first) or pd.isna(last) else (int(first), int(last))
        key = (source, text, start, end)
        if key not in known:
            known[key] = _case_at(text, start, end, inside.get(source, []))
        out.append(known[key])
    return out


def _case_at(text: str | None, start: int | None, end: int | None, spans: list[Any]) -> str | None:
    within: dict[str, float] = {}
    width: dict[str, float] = {}
    length = 1 if start is None or end is None else max(end - start, 1)
    for span in spans:
        whole = not isinstance(span.text, str)
        if whole:
            common: float = length
        elif start is None or end is None or span.text != text or pd.isna(span.start):
            continue
        else:
            common = min(end, span.end) - max(start, span.start)
        if common > 0:
            within[span.case] = max(within.get(span.case, 0), length) if whole else within.get(span.case, 0) + common
            width[span.case] = width.get(span.case, 0) + (math.inf if whole else span.end - span.start)
    if not within:
        return None
    best = max((min(within[case], length), -width[case]) for case in within)
    found = [case for case in within if (min(within[case], length), -width[case]) == best]
    return found[0] if len(found) == 1 else _SEVERAL


def _noted(reading: Reading, frame: pd.DataFrame, cases: pd.Series, names: pd.Series) -> Reading:
    several = frame.loc[cases.eq(_SEVERAL), "source"].map(names)
    outside = frame.loc[cases.isna(), "source"].dropna().map(names)
    if len(several):
        reading = noted(reading, "interviews.several_cases", n=len(several), first=first_five(several))
    if len(outside):
        reading = noted(reading, "interviews.outside_cases", n=outside.nunique(), first=first_five(outside))
    return reading


# ---------------------------------------------------------------- what is known of them
def _holders(project: Project, spans: pd.DataFrame, unit: str) -> dict[str, list[str]]:
    """Return, for each case and source, the participants that its attributes are about."""
    whole = spans[spans["text"].isna()]
    if unit == SOURCES:
        return {**whole.groupby("case")["source"].unique().map(list).to_dict(),
                **{key: [key] for key in project.sources["key"]}}
    cases = spans.groupby("source")["case"].unique().map(list).to_dict()
    return {**{key: cases.get(key, [key]) for key in project.sources["key"]}, **{key: [key] for key in project.cases["key"]}}


def _attributes(reading: Reading, project: Project, holders: dict[str, list[str]],
                people: pd.Index) -> tuple[Reading, pd.DataFrame]:
    """Return one row a participant, one column an attribute, as text; of several values the first, and a note."""
    given = project.attributes.assign(owner=project.attributes["owner"].map(holders)).explode("owner")
    given = given[given["owner"].isin(people)].dropna(subset=["value"])
    values = given.groupby(["owner", "name"], sort=False)["value"]
    torn = values.nunique()
    if (torn > 1).any():
        names = torn.index[torn > 1].get_level_values("name")
        reading = noted(reading, "interviews.attributes_differ", n=len(names), first=first_five(names))
    order = list(given["name"].unique())
    table = values.first().unstack("name").reindex(index=people, columns=order) if len(given) else pd.DataFrame(index=people)
    table.columns = [f"{name} (file)" if name == PARTICIPANT else name for name in table.columns]
    for name in table:
        column = table[name].fillna("0") if str(name).startswith("set: ") else table[name]
        table[name] = column.astype("str")
    return reading, table.reset_index(drop=True)
