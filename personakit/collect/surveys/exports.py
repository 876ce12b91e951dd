"""The layouts of answers: every survey tool's export becomes answers, a codebook, and what is known of each sitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from types import MappingProxyType
from typing import Unpack

import pandas as pd

from personakit.collect.reading.account import begin, frame_of, guessed, noted
from personakit.collect.reading.cells import Cells, read_cells
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import read_head
from personakit.collect.surveys import headers
from personakit.collect.surveys.codebook import is_schema, read_schema
from personakit.collect.surveys.questions import Habits, brief, close, keep_columns, read_answers
from personakit.collect.surveys.sittings import (
    identify,
    is_unfinished,
    sittings,
    step_aside,
    without_empty,
    without_unfinished,
)
from personakit.collect.surveys.spss import is_spss, read_spss_file
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.readings import Reading

SURVEY = "survey"
_OWN = ("unfinished", "nothing_ticked", "joiner", "options", "scales")


class SurveyHow(How, total=False):
    """What ``read_survey`` may be told besides ``How``: see there."""

    unfinished: str
    nothing_ticked: str
    joiner: str
    options: Mapping[str, Sequence[str]]
    scales: Sequence[Sequence[str]]


def read_survey(path: str | PathLike[str], *, layout: str | None = None, **how: Unpack[SurveyHow]) -> Reading:
    r"""Read the export of a survey tool: Qualtrics, LimeSurvey, Google Forms, SurveyMonkey, SPSS, or a plain table.

    Use it before anything else and read ``check_reading``: what was guessed is listed there, and each guess can be
    overruled here or, under [answers], in study.toml. It cannot tell what a question meant, nor the order of answers in
    words (give ``scales``), nor whether someone who ticked nothing saw the question.

    Multi-answer questions become one 0/1 column a choice (``question`` and ``multi`` in the codebook say which belong
    together). Where the export writes no for what was not ticked, an empty cell is missing. Where it writes ticks alone,
    whoever ticked one choice, or typed another, has 0 for the rest; whoever ticked nothing may never have seen the
    question and is missing (a guess, noted), unless ``nothing_ticked="no"``, which makes it 0 for those who finished.
    Words typed beside the choices stay as text, with the role ``ignore``. The signs of Qualtrics (-99) and LimeSurvey (N/A)
    for what was not answered or not shown are missing, and noted; ``missing=[]`` keeps them.

    Parameters
    ----------
    path
        The file: CSV, TSV, Excel, gzip of these, .sav, .zsav, .por.
    layout
        ``qualtrics``, ``limesurvey``, ``google_forms``, ``surveymonkey``, ``spss``, or ``survey`` (also ``table``): any
        table whose headings are the questions. Recognised where not given; else ``survey``, a guess that the report names.
        A study folder reads a table that no layout recognises as it stands: to have there what is read here (splitting,
        a codebook), write ``layout = "survey"`` under [answers].
    **how
        As ``How`` says, and: ``unfinished="keep"`` keeps previews, spam and unfinished sittings, else set aside;
        ``nothing_ticked`` (``missing`` or ``no``); ``joiner``, the text between the answers of one cell, such as ``";#"``;
        ``options``, question -> its choices (they may hold the joiner; none: do not split); ``scales``, lists of words
        in their order, which become 1, 2, 3 ... .

    Returns
    -------
    Reading
        ``tables``: answers (with participant_id), codebook (variable, label, kind, role, question, multi, reverse, low,
        high, categories, missing_codes) and, where the tool wrote it, participants: what is known of the sitting
        (started, ended, submitted, duration_s, finished, status, progress, language ...; names, addresses and the like as
        ``identifiers`` says). ``report``: rows set aside as ``empty_row``, ``preview``, ``spam``, ``unfinished``.

    Raises
    ------
    StudyError
        Where the file or a column cannot be read, or a column of ids that was named repeats.
    ChoiceError
        For an unknown layout, keyword or question.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "form.csv")
    ...     _ = file.write_text("Horodateur,\u00c2ge,Achats\n01/03/2026 10:00:00,34,\"Web, Magasin\"\n")
    ...     read_survey(file, options={"Achats": ["Magasin", "Web"]}).tables["answers"].astype("str").iloc[0].tolist()
    ['p0001', '34', '1', '1']
    """
    from personakit.collect.layouts import read  # which knows the layouts below

    for name in how:
        if name not in SurveyHow.__annotations__:
            raise ChoiceError(unknown_name("read_survey", name, list(SurveyHow.__annotations__)))
    own = {name: how[name] for name in _OWN if name in how}  # type: ignore[literal-required]
    rest: How = {name: value for name, value in how.items() if name not in _OWN}  # type: ignore[assignment]
    options = make_options("answers", path, SURVEY if layout == "table" else layout, rest, **own)
    if options.layout is not None:
        return read(options)
    head = b"" if options.path.is_dir() else read_head(options.path)
    found = next((name for name, one in SURVEYS.items()
                  if one.table == options.table and one.recognise(options.path, head)), None)
    found = found or SURVEY
    return guessed(read(replace(options, layout=found)), layout=found)


def _layout(head: headers.Head, looks: Callable[[Sequence[Sequence[str]]], bool], joiners: Sequence[str] = (),
            unseen: Sequence[str] = ()) -> Layout:
    """Make the layout of a tool from what tells its header and what recognises it; ``joiners``: what may part the answers
    of one cell; ``unseen``: what it writes where a question was not shown or not answered.
    """
    return Layout(table="answers", read=lambda options: _read_export(options, head, Habits(joiners=joiners, unseen=unseen)),
                  recognise=headers.recogniser(looks), own=_OWN)


def _read_export(options: Options, head: headers.Head, habits: Habits) -> Reading:
    cells = read_cells(options)
    rows, given = _under_header(cells, options, head)
    columns, twice = headers.settle(given)
    frame = rows.set_axis([one.name for one in columns], axis=1)
    reading = begin(options, frame, sha256=cells.sha256, layout=options.layout or SURVEY, guesses=cells.guesses)
    reading = without_empty(reading, options)
    if twice:
        reading = noted(reading, "collect.twice", n=len(twice), first=first_five(map(brief, twice)))
    who = identify(frame_of(reading), columns, options, twice)
    reading, columns = step_aside(reading, columns, who)
    reading = without_unfinished(reading, columns, who.ids, options)
    kept = keep_columns(columns, options)
    reading, known = sittings(reading, kept, who.ids)
    unfinished = is_unfinished(frame_of(reading), {one.name for one in columns if one.use == headers.ABOUT})
    reading, answers = read_answers(reading, kept, options, habits, unfinished)
    return close(reading, answers, who, known)


def _under_header(cells: Cells, options: Options, head: headers.Head) -> tuple[pd.DataFrame, list[headers.Column]]:
    """Return the rows under the header, and what its columns are."""
    if not cells.head:
        return cells.frame, head([[str(name) for name in cells.frame]])[1]
    if cells.frame.empty:
        raise StudyError(f"{options.where}: is empty. Write a header line and rows, or remove [{options.table}].")
    top = cells.frame.iloc[: headers.HEADER_ROWS].astype("str").fillna("").to_numpy().tolist()
    count, columns = head(top)
    return cells.frame.iloc[count:].reset_index(drop=True), columns


#: layout -> how it is known and read; the first that recognises a file has it
SURVEYS: Mapping[str, Layout] = MappingProxyType({
    "spss": Layout(table="answers", read=read_spss_file, recognise=is_spss, own=("nothing_ticked",)),
    "qualtrics": _layout(headers.qualtrics, headers.is_qualtrics, joiners=(",",), unseen=("-99",)),
    "limesurvey": _layout(headers.limesurvey, headers.is_limesurvey, unseen=("N/A", "S/O")),
    "google_forms": _layout(headers.google_forms, headers.is_google_forms, joiners=(";", ", ")),
    "surveymonkey": _layout(headers.surveymonkey, headers.is_surveymonkey),
    SURVEY: _layout(headers.plain_table, lambda rows: False),
    "table_schema": Layout(table="codebook", read=read_schema, recognise=is_schema),
})
