"""A project of coded interviews, whichever program wrote it, becomes codes, participants, a list of codes and texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from personakit.collect.interviews.code_lists import code_labels, code_paths, list_codes, unique_names
from personakit.collect.interviews.ownership import find_owners
from personakit.collect.interviews.quotes import ALL_UNITS, PLAIN, guess_units, plain, quote_passages
from personakit.collect.reading.account import NO_ID, begin, beside, frame_of, guessed, noted, put_aside, with_frame
from personakit.collect.reading.options import Options
from personakit.collect.reading.tables import as_ids
from personakit.errors import StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.schema import CODE, CODER, CONSENTS, END, PARTICIPANT, QUOTE, SOURCE, START, YES_NO, read_values
from personakit.wording import canonical

#: companions of codes that are no tables of a study: the list of codes, and the texts that were coded
CODE_LIST, TEXTS = "code_list", "texts"
#: what a reader of projects may be told besides what all may
OWN = ("participants", "offsets", "code_names")
UNCODED, UNKNOWN_CODE, UNKNOWN_SOURCE = "uncoded", "unknown_code", "unknown_source"
CASE_REFERENCE, CODED_TWICE = "case_reference", "coded_twice"
CODE_FIELDS = ("key", "name", "parent", "description", "color", "sets", "codable")
CODING_FIELDS = ("source", "text", "start", "end", "code", "copy", "hint", "coder", "case", "passage", "reason")
SPAN_FIELDS = ("case", "source", "text", "start", "end")
ATTRIBUTE_FIELDS = ("owner", "name", "value")
_STATES = {"differs": "quotes_differ", "nowhere": "bad_positions", "unchecked": "quotes_unchecked",
           "wordless": "without_words"}
#: the other ways to write yes and no: as numbers, with the decimal point that a gap in the column brings
_SAID = {**YES_NO, "1": 1, "1.0": 1, "0": 0, "0.0": 0}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a program knows of its project. Keys are texts that tell codes, sources, texts and cases apart.

    ``codes``: key, name, parent, description, color, sets, codable. ``sources`` and ``cases``: key, name. ``texts``: key ->
    the text as it stands in the file. ``homes``: key of a text -> its source, and what tells it from others of that source.
    ``codings``: source, text, start, end, code, copy (the program's own of the words), hint (at the first of them), coder,
    case (where no source says it), passage (key of the selection), reason (why it must be set aside, or None). ``spans``:
    case, source, text, start, end: what belongs to a case, the whole source where text is None. ``attributes``: owner (a
    case or a source), name, value. ``units``: what positions count, where that is certain. ``notes``: a string of
    interviews.toml -> the names it concerns. ``separator`` stands between the names of a path.
    """

    codes: pd.DataFrame
    sources: pd.DataFrame
    cases: pd.DataFrame
    texts: Mapping[str, str]
    homes: Mapping[str, tuple[str, str]]
    codings: pd.DataFrame
    spans: pd.DataFrame
    attributes: pd.DataFrame
    units: str | None = None
    separator: str = " > "
    guesses: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Collection[object]] = field(default_factory=dict)


def rows(fields: Iterable[str], found: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Return rows as a frame of objects."""
    return pd.DataFrame(list(found), columns=list(fields), dtype=object)


def to_reading(project: Project, options: Options, *, sha256: str) -> Reading:
    """Turn a project into the tables that every reader of interviews gives, each coding accounted for."""
    twice = [name for frame in (project.codes, project.sources, project.cases)
             for name in frame.loc[frame["key"].duplicated(), "name"]]
    project = replace(project, codes=_composed(project.codes), sources=_composed(project.sources),
                      cases=_composed(project.cases),
                      attributes=project.attributes[~project.attributes["value"].isin(list(options.missing))])
    homes, again = _homes(project)
    reading = begin(options, project.codings.assign(home=_home(project.codings, homes)), sha256=sha256,
                    layout=options.layout or "", guesses=project.guesses)
    for name, concerned in {"same_guids": twice, **project.notes, "same_names": again}.items():
        reading = _noted(reading, name, concerned)
    for reason in project.codings["reason"].dropna().unique():
        frame = frame_of(reading)
        reading = put_aside(reading, frame["reason"].eq(reason), reason, _places(frame))
    said = options.choice("offsets", ALL_UNITS) or project.units
    guess = None if said else guess_units(project.texts, frame_of(reading))
    units = said or guess or PLAIN
    reading = _with_words(guessed(reading, offsets=guess), project, units)
    spans = project.spans.assign(copy=None, hint=None)
    spans = spans.assign(**quote_passages(project.texts, spans, units)[["start", "end"]])
    reading, people = find_owners(reading, project, spans, options)
    return _finish(reading, project, people, homes, options)


def _composed(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the first of each key; compose accents in names: macOS parts e from its accent, and then nothing joins."""
    frame = frame.drop_duplicates("key", ignore_index=True)
    return frame.assign(name=pd.array([unicodedata.normalize("NFC", name) for name in frame["name"]], dtype="str"))


def _noted(reading: Reading, name: str, concerned: Collection[object]) -> Reading:
    if not len(concerned):
        return reading
    return noted(reading, f"interviews.{name}", n=len(concerned), first=first_five(concerned))


def consent_of(word: str) -> str:
    """Return what consent a word gives: yes is to quote word for word, no is none; an unknown word comes back as it is.

    Examples
    --------
    >>> consent_of("Oui"), consent_of("0"), consent_of("True"), consent_of("mot à mot"), consent_of("perhaps")
    ('verbatim', 'none', 'verbatim', 'verbatim', 'perhaps')
    """
    said = _SAID.get(word.strip().casefold())
    return canonical(word) if said is None else CONSENTS[0] if said else CONSENTS[-1]


# ---------------------------------------------------------------- where codings stand
def _homes(project: Project) -> tuple[dict[str, str], list[str]]:
    """Return the name that each source and text goes by, no two sources alike; and names met again, of cases too."""
    given = project.sources.set_index("key")["name"]
    sources = unique_names(given)
    texts = unique_names(pd.Series({key: f"{sources[source]}{more}" for key, (source, more) in project.homes.items()},
                                   dtype="str"))
    cases = project.cases["name"]
    return {**sources, **texts}, [*given[given.duplicated()], *cases[cases.ne("") & cases.duplicated()]]


def _home(frame: pd.DataFrame, homes: Mapping[str, str]) -> pd.Series:
    return frame["text"].where(frame["text"].notna(), frame["source"]).map(homes).astype("str")


def _places(frame: pd.DataFrame) -> pd.Series:
    """Say where codings stand, for a person: ``Interview 3 (1204)``."""
    return frame["home"].fillna("?") + frame["start"].map(lambda start: "" if pd.isna(start) else f" ({start})")


def _with_words(reading: Reading, project: Project, units: str) -> Reading:
    """Add the quotes, set aside what is the same coding again, and note what the quotes cannot vouch for."""
    frame = frame_of(reading)
    given = _places(frame)
    words = quote_passages(project.texts, frame, units)
    frame = frame.assign(**words)
    twin = pd.Series(list(zip(*(frame[name].fillna("") for name in ("source", "passage", "code", "coder")), strict=True)),
                     index=frame.index, dtype=object)
    in_text, known = frame["text"].notna(), frame["passage"].notna()
    # one passage of a PDF may be given twice: as a part of its page and as a part of its text
    shown = dict(zip(twin[~in_text & known], frame.loc[~in_text & known, "quote"], strict=True))
    frame["quote"] = frame["quote"].where(frame["quote"].notna(), twin.map(shown)).astype("str")
    same = frame[["source", "text", "start", "end", "passage", "code", "coder"]].duplicated()
    twice = known & ((in_text & same) | (~in_text & twin.isin(twin[in_text & known])))
    reading = put_aside(with_frame(reading, frame), twice, CODED_TWICE, given)
    for state, name in _STATES.items():
        reading = _noted(reading, name, given[~twice & (frame["state"] == state)])
    return reading


# ---------------------------------------------------------------- the tables
def _finish(reading: Reading, project: Project, people: pd.DataFrame, homes: Mapping[str, str], options: Options) -> Reading:
    frame = frame_of(reading)
    paths = code_paths(project.codes, project.separator, options)
    labels = code_labels(project.codes, paths, options)
    code_list = list_codes(project.codes, paths, labels, frame["code"])
    codes = pd.DataFrame({PARTICIPANT: frame["participant"], CODE: frame["code"].map(labels), QUOTE: frame["quote"],
                          SOURCE: frame["home"], START: frame["start"], END: frame["end"], CODER: frame["coder"]})
    kinds = dict.fromkeys((PARTICIPANT, CODE, QUOTE, SOURCE, CODER), "str") | dict.fromkeys((START, END), "Int64")
    reading = with_frame(reading, codes.astype(kinds).reset_index(drop=True))
    texts = pd.DataFrame({SOURCE: [homes[key] for key in project.texts],
                          "text": [plain(raw) for raw in project.texts.values()]}, dtype="str")
    if not reading.report.rows_in:
        reading = _noted(reading, "no_codings", code_list[CODE])
    return _mapped(beside(reading, participants=people, **{CODE_LIST: code_list, TEXTS: texts}), options)


def _mapped(reading: Reading, options: Options) -> Reading:
    """Fill the columns that were asked for from attributes of the participants or of the codes, and the ids likewise."""
    codes, people, code_list = frame_of(reading), reading.tables["participants"], reading.tables[CODE_LIST]
    known, said = people.set_index(PARTICIPANT), code_list.set_index(CODE)
    ids = None
    for name, column in options.mapping.items():
        if name == PARTICIPANT and column in known:
            ids = as_ids(known[column])
        elif name != PARTICIPANT and column in known:
            codes = codes.assign(**{name: codes[PARTICIPANT].map(known[column])})
        elif name != PARTICIPANT and column in said:
            codes = codes.assign(**{name: codes[CODE].map(said[column]).replace("", None)})
        else:
            raise StudyError(unknown_name(f"{options.where}: {name}", column, [*known, *said]))
    if options.columns is not None:
        for name in options.columns:
            if name not in known:
                raise StudyError(unknown_name(f"{options.where}: attribute", name, list(known)))
        people = people[[PARTICIPANT, *options.columns]]
    if ids is not None:
        codes = codes.assign(**{PARTICIPANT: codes[PARTICIPANT].map(ids).astype("str")})
        people = people.assign(**{PARTICIPANT: ids.to_numpy()}).dropna(subset=[PARTICIPANT]).drop_duplicates(PARTICIPANT)
    reading = beside(with_frame(reading, codes), participants=_with_values(people.reset_index(drop=True)))
    return put_aside(reading, codes[PARTICIPANT].isna(), NO_ID, codes[SOURCE])


def _with_values(people: pd.DataFrame) -> pd.DataFrame:
    """Read attributes as numbers, yes and no: for people, not for the codings, whose consent is the word itself."""
    return people.apply(lambda one: one if one.name == PARTICIPANT else read_values(one))
