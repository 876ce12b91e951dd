"""What a person should read about a reading, in the words of their language: ``check_reading``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from personakit.readings import Reading, ReadReport
from personakit.wording import check_language, say_key


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at: ``check`` is the key of its sentences, ``area.name``; ``values`` fill them."""

    check: str
    result: str
    table: str
    count: int
    values: dict[str, object] = field(default_factory=dict)


def check_reading(reading: Reading, *, language: str = "en") -> pd.DataFrame:
    """List what was guessed to read a file, what its reader noted, and which rows were set aside.

    Use it right after a reader and read it; ``check_study`` says the same of every file of a study. It cannot tell whether
    a guess is right.

    Returns
    -------
    DataFrame
        One row a thing to know, as from ``check_study``, and the counts as ``attrs``: rows_in, kept.

    Raises
    ------
    StudyError
        For an unknown language.

    Examples
    --------
    >>> report = ReadReport(table="codes", file="codes.csv", layout="csv", sha256="", rows_in=1, kept=1,
    ...                     guesses={"separator": ";"})
    >>> reading = Reading(tables={"codes": pd.DataFrame({"participant_id": ["p1"], "code": ["price"]})}, report=report)
    >>> check_reading(reading)["check"].tolist()
    ["codes.csv read by guessing: separator ';'"]
    """
    out = tabulate(list(findings_of(reading.report)), check_language(language))
    out.attrs.update(rows_in=reading.report.rows_in, kept=reading.report.kept)
    return out


def findings_of(report: ReadReport) -> Iterator[Finding]:
    """Yield the guesses of a report as one finding, then its notes, then the rows set aside by reason."""
    if report.guesses:
        guesses = ", ".join(f"{name} {value!r}" for name, value in report.guesses.items())
        yield Finding(check="collect.guessed", result="note", table=report.table, count=len(report.guesses),
                      values={"guesses": guesses, "names": ", ".join(report.guesses), "file": report.file,
                              "table": report.table})
    for note in report.notes:
        yield Finding(check=note.key, result="note", table=report.table, count=int(str(note.values["n"])),
                      values={name: value for name, value in note.values.items() if name != "n"})
    for line in report.set_aside.to_dict("records"):
        yield Finding(check=f"study.aside_{line['reason']}", result="note", table=str(line["table"]),
                      count=int(line["rows"]), values={"first": line["first"], "table": line["table"]})


def tabulate(found: Sequence[Finding], language: str) -> pd.DataFrame:
    """Say findings in a language: check, result, table, count, first, what_to_do, indexed by key."""
    return pd.DataFrame(
        {"check": [say_key(one.check, language, n=one.count, **one.values) for one in found],
         "result": [one.result for one in found],
         "table": [one.table for one in found],
         "count": [one.count for one in found],
         "first": ["" if one.result == "passed" else one.values.get("first", "") for one in found],
         "what_to_do": ["" if one.result == "passed" else say_key(f"{one.check}_todo", language, n=one.count, **one.values)
                        for one in found]},
        index=pd.Index([one.check.rpartition(".")[2] for one in found], name="key"),
    )
