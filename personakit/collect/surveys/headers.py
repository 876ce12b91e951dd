"""What the columns of a survey export are, told from its header: one function a tool, all giving the same ``Column``s."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from personakit.collect.reading import workbook
from personakit.collect.reading.cells import find_separator
from personakit.schema import PARTICIPANT

#: what a column is: an answer; words typed beside the options of a question; about the sitting; attached by the tool,
#: not asked; timing and order of display
ANSWER, OTHER, ABOUT, EXTRA, ASIDE = "answer", "other", "about", "extra", "aside"
STARTED, ENDED, SUBMITTED, DURATION, LANGUAGE = "started", "ended", "submitted", "duration_s", "language"
STATUS, FINISHED, PROGRESS = "status", "finished", "progress"
HEADER_ROWS = 3


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an export. ``heading``: as the file names it; ``name``: the variable; ``question``: what it shares with
    other columns, of which ``option`` sets it apart; ``use``: one of the words above.
    """

    heading: str
    name: str
    label: str = ""
    question: str = ""
    option: str = ""
    use: str = ANSWER


#: from the first rows of a file, how many of them are header, and its columns
Head: TypeAlias = Callable[[Sequence[Sequence[str]]], tuple[int, list[Column]]]

_QUALTRICS = {
    "responseid": PARTICIPANT, "startdate": STARTED, "enddate": ENDED, "recordeddate": "recorded", "status": STATUS,
    "progress": PROGRESS, "durationinseconds": DURATION, "finished": FINISHED, "userlanguage": LANGUAGE,
    "qlanguage": LANGUAGE, "distributionchannel": "channel", "ipaddress": "", "recipientlastname": "",
    "recipientfirstname": "", "recipientemail": "", "externalreference": "", "externaldatareference": "",
    "locationlatitude": "", "locationlongitude": "",
}
_LIMESURVEY = {
    "id": PARTICIPANT, "responseid": PARTICIPANT, "iddelareponse": PARTICIPANT,
    "submitdate": SUBMITTED, "datesubmitted": SUBMITTED, "datedesoumission": SUBMITTED,
    "lastpage": "last_page", "dernierepage": "last_page", "seed": "seed", "tetedeserie": "seed",
    "startlanguage": LANGUAGE, "languededepart": LANGUAGE, "startdate": STARTED, "datestarted": STARTED,
    "datedelancement": STARTED, "datestamp": ENDED, "datelastaction": ENDED, "datedeladerniereaction": ENDED,
    "interviewtime": DURATION, "totaltime": DURATION, "tempstotal": DURATION, "token": "", "accesscode": "", "ipaddr": "",
    "ipaddress": "", "adresseip": "", "refurl": "", "referrerurl": "", "urlreferente": "", "firstname": "", "lastname": "",
    "email": "",
}
_GOOGLE = {"timestamp": SUBMITTED, "horodateur": SUBMITTED, "emailaddress": "", "adresseemail": "", "username": "",
           "nomdutilisateur": "", "score": "score"}
_SURVEYMONKEY = {
    "respondentid": PARTICIPANT, "iddurepondant": PARTICIPANT, "identifiantdurepondant": PARTICIPANT,
    "collectorid": "collector_id", "collector": "collector", "startdate": STARTED, "datecreated": STARTED, "enddate": ENDED,
    "datemodified": ENDED, "ipaddress": "", "adresseip": "", "emailaddress": "", "firstname": "", "lastname": "",
    "customdata1": "", "customdata": "", "customvalue": "",
}
#: columns about the sitting by which Qualtrics is known where it wrote no import ids
_FEWEST_ABOUT = 4
_IMPORT = re.compile(r'"ImportId"\s*:\s*"([^"]*)"')
_TIMING = re.compile(r"(first|last)click$|pagesubmit$|clickcount$")
_BROWSER = re.compile(r"_(BROWSER|VERSION|OS|RESOLUTION)$")
_BROWSER_TEXT = re.compile(r"Browser Meta Info - (Browser|Version|Operating System|Resolution)$")
_CODED = re.compile(r"([A-Za-z]\w*?)(?:_(SQ\d+|other)|\[([^\]]*)\](?:\[([^\]]*)\])?)?(?:\.\s+(.*))?", re.DOTALL)
_GRID = re.compile(r"(.*\S)\s*\[([^\[\]]+)\]", re.DOTALL)
_OTHERS = re.compile(r"(other|autre)s?\b.*(specify|explain|pr[ée]cise|please)|(other|autre)s?$", re.IGNORECASE)
_RESPONSE = {"response", "openendedresponse", "reponse", "reponseouverte", ""}
_IS_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")


def tidy(text: str) -> str:
    """Return a text on one line, with plain single spaces."""
    return " ".join(text.split())


def word(text: str) -> str:
    """Return a heading as letters and digits alone, as any program that renames columns leaves them.

    Examples
    --------
    >>> word("Duration (in seconds)"), word("Duration..in.seconds."), word("ID de la réponse")
    ('durationinseconds', 'durationinseconds', 'iddelareponse')
    """
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).casefold())


def _about(heading: str, known: Mapping[str, str], label: str = "") -> Column | None:
    """Return a column about the sitting under its plain name, or its own where it has none."""
    if word(heading) not in known:
        return None
    return Column(heading=heading, name=known[word(heading)] or heading, label=label, use=ABOUT)


# ---------------------------------------------------------------- one function a tool
def qualtrics(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]]:
    """Read the header of Qualtrics: names, then question texts, then import ids; either of the last two may be missing."""
    count = _qualtrics_rows(rows)
    marks = next((row for row in rows[1:count] if any(_IMPORT.search(cell) for cell in row)), None)
    texts = next((row for row in rows[1:count] if row is not marks), rows[0])
    origins = [found.group(1) if (found := _IMPORT.search(cell)) else "" for cell in marks] if marks else None
    return count, [_qualtrics_column(tidy(name), tidy(texts[place]), None if origins is None else origins[place])
                   for place, name in enumerate(rows[0])]


def _qualtrics_column(name: str, text: str, origin: str | None) -> Column:
    """``origin``: the import id, empty where this column has none, None where no column has."""
    asked = origin is None or re.search(r"QID\d", origin) is not None
    label = "" if text == name else text
    about = _about(name, _QUALTRICS, label)
    if about and not (origin and asked):
        return about
    if _TIMING.search(word(name)) or re.search(r"_DO(_|$)", name):
        return Column(heading=name, name=name, label=label, use=ASIDE)
    part = _BROWSER.search(origin or "") or _BROWSER_TEXT.match(text)
    if part:
        plain = {"version": "browser_version", "os": "operating_system", "operating system": "operating_system",
                 "resolution": "resolution"}.get(part.group(1).casefold(), "browser")
        return Column(heading=name, name=plain, label=label, use=ABOUT)
    if not asked:
        return Column(heading=name, name=name, label=label, use=EXTRA)
    split = re.fullmatch(r"(.+?)_(\d+)(_TEXT)?", name)
    if not split:
        return Column(heading=name, name=name, label=label)
    return Column(heading=name, name=name, label=label, question=split.group(1), option=split.group(2),
                  use=OTHER if split.group(3) else ANSWER)


def _qualtrics_rows(rows: Sequence[Sequence[str]]) -> int:
    marked = next((place for place, row in enumerate(rows) if any(_IMPORT.search(cell) for cell in row)), None)
    if marked:
        return marked + 1
    # without import ids, a second header row shows where the sitting's own columns hold no value
    looks = {"startdate": _IS_DATE, "enddate": _IS_DATE, "recordeddate": _IS_DATE, "responseid": re.compile(r"R_\w+$"),
             "progress": re.compile(r"\d+$"), "durationinseconds": re.compile(r"\d+$")}
    for place, name in enumerate(rows[0]):
        if word(name) in looks and len(rows) > 1:
            return 1 if looks[word(name)].match(rows[1][place].strip()) else 2
    return 1


def limesurvey(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]]:
    """Read the headings of LimeSurvey: ``Q3[SQ001]``, ``Q3_SQ001``, ``Q3[other]``, ``Q3[SQ001]. Question [option]``, or the
    texts alone.
    """
    codes = {found.group(1) for name in rows[0] if (found := _CODED.fullmatch(tidy(name)))}
    return 1, [_limesurvey_column(tidy(name), codes) for name in rows[0]]


def _limesurvey_column(heading: str, codes: set[str]) -> Column:
    code, _, text = heading.partition(". ")
    about = _about(code, _LIMESURVEY, text)
    if about:
        return replace(about, heading=heading)
    timed = re.fullmatch(r"groupTime\d*|(\w+)Time", code)
    if (timed and timed.group(1) in (None, *codes)) or re.match(r"(Group|Question) time: ", heading):
        return Column(heading=heading, name=heading, use=ASIDE)
    found = _CODED.fullmatch(heading)
    if not found or not any(found.group(2, 3, 5)):
        grid = _GRID.fullmatch(heading)
        return Column(heading=heading, name=heading, label=heading if grid else "", question=grid.group(1) if grid else "",
                      option=grid.group(2) if grid else "")
    parts = [part for part in found.group(2, 3, 4) if part is not None]
    label = found.group(5) or ""
    grid = _GRID.fullmatch(label)
    name = found.group(1) + "".join(f"[{part}]" for part in parts)
    typed = bool(parts) and re.search(r"^other$|comment$", parts[-1]) is not None
    return Column(heading=heading, name=name, label=label.removesuffix(" []"), question=found.group(1) if parts else "",
                  option=grid.group(2) if grid else "".join(parts), use=OTHER if typed else ANSWER)


def google_forms(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]]:
    """Read the headings of Google Forms: the questions themselves, ``Question [Row]`` for a grid."""
    return 1, [_about(tidy(name), _GOOGLE) or _worded(tidy(name)) for name in rows[0]]


def plain_table(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]]:
    """Read the headings of any table as questions."""
    return 1, [_worded(tidy(name)) for name in rows[0]]


def _worded(heading: str) -> Column:
    grid = _GRID.fullmatch(heading)
    if not grid:
        return Column(heading=heading, name=heading)
    return Column(heading=heading, name=heading, label=heading, question=grid.group(1), option=grid.group(2),
                  use=OTHER if _OTHERS.match(grid.group(2)) else ANSWER)


def surveymonkey(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]]:
    """Read the two header rows of SurveyMonkey: a question stands over its first column only, its options under it."""
    under = rows[1] if len(rows) > 1 else [""] * len(rows[0])
    out: list[Column] = []
    question, asked = "", Counter[str]()
    for name, option in zip((tidy(one) for one in rows[0]), (tidy(one) for one in under), strict=True):
        about = _about(name, _SURVEYMONKEY) if not question else None
        if about:
            out.append(about)
            continue
        if name:
            asked[name] += 1
            question = name if asked[name] == 1 else f"{name} ({asked[name]})"
        out.append(_under(question or option, "" if option == name else option))
    return 2, out


def _under(question: str, option: str) -> Column:
    """Name the column of an option; that of a question with one answer bears the question alone."""
    if word(option) in _RESPONSE:
        return Column(heading=question, name=question, question=question)
    name = f"{question} [{option}]"
    return Column(heading=name, name=name, label=name, question=question, option=option,
                  use=OTHER if _OTHERS.match(option) else ANSWER)


def settle(columns: Sequence[Column]) -> tuple[list[Column], list[str]]:
    """Give every column a name of its own, and a question only to those that share it; also return names that stood twice.

    A nameless column becomes ``column 3``; a name met again becomes ``name (2)``.
    """
    shared = Counter(one.question for one in columns if one.use in (ANSWER, OTHER))
    given = [one.name or f"column {place}" for place, one in enumerate(columns, start=1)]
    out = [replace(one, name=name, heading=one.heading or name, question=one.question if shared[one.question] > 1 else "")
           for one, name in zip(columns, distinct(given), strict=True)]
    return out, [name for name, count in Counter(given).items() if count > 1]


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of which none stands twice: one met again becomes ``name (2)``.

    Examples
    --------
    >>> distinct(["a", "a", "a (2)"])
    ['a', 'a (2)', 'a (2) (2)']
    """
    out: list[str] = []
    seen = Counter[str]()
    for plain in names:
        name = plain
        while seen[name]:
            seen[plain] += 1
            name = f"{plain} ({seen[plain]})"
        seen[name] += 1
        out.append(name)
    return out


# ---------------------------------------------------------------- which tool wrote a file
def is_qualtrics(rows: Sequence[Sequence[str]]) -> bool:
    """Tell by the import ids, or by the columns about the sitting."""
    if any(_IMPORT.search(cell) for row in rows[1:] for cell in row):
        return True
    known = {word(name) for name in rows[0]} & set(_QUALTRICS)
    return bool(known & {"responseid", "durationinseconds"}) and len(known) >= _FEWEST_ABOUT


def is_limesurvey(rows: Sequence[Sequence[str]]) -> bool:
    """Tell by the columns about the sitting, or by headings such as ``Q3[SQ001]`` with or without their text."""
    known = {_LIMESURVEY.get(word(name.partition(". ")[0])) for name in rows[0]}
    if {PARTICIPANT, SUBMITTED, "last_page"} <= known:
        return True
    coded = [_CODED.fullmatch(name.strip()) for name in rows[0]]
    return sum(bool(one and (one.group(2) or (one.group(3) or "").startswith("SQ"))) for one in coded) > 1


def is_google_forms(rows: Sequence[Sequence[str]]) -> bool:
    """Tell by a first column that the tool names in the language of its owner, over a date."""
    first = rows[0][0].strip() if rows and rows[0] else ""
    return (first in ("Timestamp", "Horodateur") and len(rows) > 1 and bool(_IS_DATE.match(rows[1][0]))
            and PARTICIPANT not in rows[0])


def is_surveymonkey(rows: Sequence[Sequence[str]]) -> bool:
    """Tell by the first column over a second header row, which holds no id."""
    first = word(rows[0][0]) if rows and rows[0] else ""
    return (_SURVEYMONKEY.get(first) == PARTICIPANT and len(rows) > 1 and not rows[1][0].strip().isdigit()
            and len([name for name in rows[0] if word(name) in _SURVEYMONKEY]) > 1)


def recogniser(looks: Callable[[Sequence[Sequence[str]]], bool]) -> Callable[[Path, bytes], bool]:
    """Make a recogniser of files out of one of header rows."""

    def recognise(path: Path, head: bytes) -> bool:
        rows = top_rows(path, head)
        return bool(rows) and looks(rows)

    return recognise


def _decode(head: bytes) -> str:
    """Decode the first bytes of a file, which may end within a character."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace")
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.start > len(head) - 4
        return head.decode("utf-8-sig" if cut else "cp1252", errors="replace")


def top_rows(path: Path, head: bytes) -> list[list[str]]:
    """Return the first rows of a table as text, of one width; none for what is no table of text."""
    if head.startswith(b"PK\x03\x04"):
        rows = workbook.top_rows(path, HEADER_ROWS)
    else:
        text = _decode(head)
        if "\x00" in text or text.lstrip()[:1] in ("{", "["):
            return []
        said = re.match(r"sep=(.)\r?\n", text)  # a line that Excel writes and reads
        text = text[said.end():] if said else text
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=said.group(1) if said else find_separator(text))
            rows = [row for row, _ in zip((row for row in reader if row), range(HEADER_ROWS), strict=False)]
        except (csv.Error, ValueError):  # a separator that parts nothing
            return []
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
