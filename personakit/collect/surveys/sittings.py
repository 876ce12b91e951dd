"""Who answered, when, and whether to the end: ids, rows that do not count, and what a survey tool knows of each sitting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from personakit.collect.reading.account import EMPTY_ROW, frame_of, noted, put_aside, with_frame
from personakit.collect.reading.cells import refuse_unclear
from personakit.collect.reading.options import NUMBER_THE_ROWS, Options
from personakit.collect.reading.tables import as_ids, row_ids
from personakit.collect.surveys.headers import (
    ABOUT,
    DURATION,
    ENDED,
    FINISHED,
    PROGRESS,
    STARTED,
    STATUS,
    SUBMITTED,
    Column,
    tidy,
    word,
)
from personakit.errors import StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.schema import PARTICIPANT, YES_NO, read_values

PREVIEW, SPAM, UNFINISHED = "preview", "spam", "unfinished"
#: bits of the numeric status of Qualtrics: a preview or a test, and what it takes for spam
_TRIAL_BITS, _SPAM_BITS = 1 | 2, 8
_IDS = {"id", "responseid", "respondentid", "participant", "participantid", "identifiant", "iddurepondant"}
_SERIAL_FROM, _SERIAL_TO = 20_000, 80_000  # 1954 to 2119, in days since 1899-12-30


@dataclass(frozen=True, kw_only=True, eq=False)
class Identified:
    """The id of each row, the column it stands in (None where rows are numbered), and what was guessed. ``unfit``: columns
    called id that repeat or have gaps.
    """

    ids: pd.Series
    column: str | None = None
    guess: str | None = None
    unfit: tuple[str, ...] = ()


def identify(frame: pd.DataFrame, columns: Sequence[Column], options: Options, twice: Iterable[str] = ()) -> Identified:
    """Find who each row is: the column that is named, the id of the tool, one called id or a nameless row number whose
    values all differ (a guess), else the number of the row (a guess).
    """
    named = options.mapping.get(PARTICIPANT)
    if named == NUMBER_THE_ROWS:
        return Identified(ids=row_ids(frame))
    if named is not None:
        found = next((one.name for one in columns if {named, tidy(named)} & {one.heading, one.name}), None)
        if found is None:
            raise StudyError(f"{unknown_name(f'{options.where}: column', named, [one.heading for one in columns])} Correct "
                             f"study.toml.")
        refuse_unclear(named, twice, options)
        return Identified(ids=as_ids(frame[found]), column=found)
    if any(one.name == PARTICIPANT for one in columns):
        return Identified(ids=as_ids(frame[PARTICIPANT]), column=PARTICIPANT)
    unfit: list[str] = []
    for place, one in enumerate(columns):
        nameless = place == 0 and one.heading == "column 1" and frame[one.name].astype("str").str.fullmatch(r"\d+").all()
        called = nameless or word(one.heading) in _IDS
        if called and frame[one.name].notna().all() and frame[one.name].is_unique:
            return Identified(ids=as_ids(frame[one.name]), column=one.name, guess=one.heading, unfit=tuple(unfit))
        unfit += [one.heading] if called else []
    return Identified(ids=row_ids(frame), guess=NUMBER_THE_ROWS, unfit=tuple(unfit))


def step_aside(reading: Reading, columns: Sequence[Column], who: Identified) -> tuple[Reading, list[Column]]:
    """Take out the column of the ids; one that bears their name and is not it goes on under its heading."""
    others = [one for one in columns if one.name != who.column]
    if who.column == PARTICIPANT or all(one.name != PARTICIPANT for one in others):
        return reading, others
    frame = frame_of(reading)
    given = next(one.heading for one in others if one.name == PARTICIPANT)
    name = f"{given} (file)" if given in frame.columns else given
    reading = with_frame(reading, frame.rename(columns={PARTICIPANT: name}))
    return reading, [replace(one, name=name) if one.name == PARTICIPANT else one for one in others]


def without_empty(reading: Reading, options: Options) -> Reading:
    """Set rows without a value aside; raise where none has any."""
    reading = put_aside(reading, frame_of(reading).isna().all(axis=1), EMPTY_ROW)
    if frame_of(reading).empty:
        raise StudyError(f"{options.where}: holds no row under its header. Add rows, or remove [{options.table}] from "
                         f"study.toml.")
    return reading


def without_unfinished(reading: Reading, columns: Sequence[Column], ids: pd.Series, options: Options) -> Reading:
    """Set previews, spam and unfinished sittings aside, unless they are to be kept; raise where nothing would remain."""
    about = {one.name for one in columns if one.use == ABOUT}
    reasons = _doubtful(frame_of(reading), about)
    if options.choice("unfinished", ("set_aside", "keep")) == "keep":
        kept = np.any(list(reasons.values()), axis=0) if reasons else np.zeros(len(ids), dtype=bool)
        if kept.any():
            reading = noted(reading, "surveys.kept_unfinished", n=int(kept.sum()), first=first_five(ids[kept]))
        return reading
    for reason, mask in reasons.items():
        here = frame_of(reading).index
        reading = put_aside(reading, mask.loc[here], reason, ids.loc[here])
    if frame_of(reading).empty:
        raise StudyError(f"{options.where}: all {reading.report.rows_in} rows are previews or unfinished. Export finished "
                         f'answers, or keep these: unfinished = "keep".')
    return reading


def _doubtful(frame: pd.DataFrame, about: set[str]) -> dict[str, pd.Series]:
    out = {}
    if STATUS in about:
        text = frame[STATUS].astype("str").str.casefold()
        bits = pd.to_numeric(text, errors="coerce").fillna(0).clip(0, 255).astype("int64")
        out[PREVIEW] = (bits & _TRIAL_BITS > 0) | text.str.contains("preview|aperçu|test", regex=True, na=False)
        out[SPAM] = (bits & _SPAM_BITS > 0) | text.str.contains("spam|indésirable", regex=True, na=False)
    unfinished = is_unfinished(frame, about)
    return {**out, UNFINISHED: unfinished} if unfinished.any() else out


def is_unfinished(frame: pd.DataFrame, about: Iterable[str]) -> pd.Series:
    """Mark the sittings that did not reach the end: as the tool says, else by their progress, else by no submission."""
    if FINISHED in about:
        said = frame[FINISHED].astype("str").str.strip().str.casefold()
        return said.isin({"0", "0.0", *(text for text, value in YES_NO.items() if value == 0)})
    if PROGRESS in about:
        return pd.to_numeric(frame[PROGRESS], errors="coerce") < 100
    if SUBMITTED in about:
        return frame[SUBMITTED].isna()
    return pd.Series(False, index=frame.index)


def sittings(reading: Reading, columns: Sequence[Column], ids: pd.Series) -> tuple[Reading, pd.DataFrame]:
    """Return what the tool knows of each sitting, a row a participant: times in ISO where they were serial numbers, and
    the duration in seconds where it can be computed.
    """
    frame = frame_of(reading)
    named = [one.name for one in columns if one.use == ABOUT]
    table = pd.DataFrame({name: frame[name] for name in named}, index=frame.index)
    serial = {name: dates for name in (STARTED, ENDED, SUBMITTED) if name in table
              and (dates := _serial_dates(table[name])) is not None}
    if serial:
        reading = noted(reading, "surveys.serial_dates", n=len(serial), first=first_five(serial))
        table = table.assign(**{name: dates.dt.strftime("%Y-%m-%d %H:%M:%S") for name, dates in serial.items()})
    table = table.apply(read_values) if named else table
    if DURATION not in table and {STARTED, ENDED} <= set(table):
        begun, ended = (pd.to_datetime(table[name].astype("str"), format="ISO8601", errors="coerce", utc=True)
                        for name in (STARTED, ENDED))
        seconds = (ended - begun).dt.total_seconds()
        table = table.assign(**{DURATION: seconds.where(seconds >= 0)}) if seconds.notna().any() else table
    table.insert(0, PARTICIPANT, ids.loc[frame.index])
    return reading, table


def _serial_dates(column: pd.Series) -> pd.Series | None:
    """Read the numbers in which spreadsheets keep dates, days since 1899-12-30; None where these are none."""
    number = pd.to_numeric(column, errors="coerce")
    if number.isna().all() or (column.notna() & ~number.between(_SERIAL_FROM, _SERIAL_TO)).any():
        return None
    return pd.Timestamp("1899-12-30") + pd.to_timedelta((number * 86_400).round(), unit="s")
