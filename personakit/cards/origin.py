"""Where what a card says comes from: the files, how many rows of each, and from when."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from personakit.cards.known import Known
from personakit.documents import Claim
from personakit.records import Study
from personakit.schema import EVIDENCE_ID, TIME
from personakit.wording import date

TABLES = ("events", "answers", "codes")
#: personas should be looked at again a year after the last event that made them
REDO_US = 365 * 86_400_000_000


def origin(known: Known) -> list[Claim]:
    """Name the files behind the card, with the days that the log covers."""
    study = known.study
    if study is None:
        return [Claim(text=known.say("origin_unknown"), status="method")]
    claims = []
    for table in TABLES:
        if getattr(study, table) is None:
            continue
        files = study.sources[study.sources["table"] == table]
        days = _days(study) if table == "events" else None
        first, last = (date(one, known.language, study.timezone) for one in days) if days else ("", "")
        when = known.say("origin_days", first=first, last=last) if days else ""
        for _, row in files.iterrows():
            text = known.say(f"origin_{table}", file=row["file"], n=int(row["kept"]), when=when)
            claims.append(Claim(text=text, evidence=(file_id(row),)))
        if not len(files):
            text = known.say(f"origin_{table}", file=known.say("no_file"), n=_rows(study, table), when=when)
            claims.append(Claim(text=text, status="method"))
        if days:
            redo = date(days[1] + REDO_US, known.language, study.timezone)
            claims.append(Claim(text=known.say("origin_redo", day=redo), status="method"))
    return claims


def file_id(row: pd.Series) -> str:
    """Return the evidence id of a file: the first digits of its digest."""
    return str(row["sha256"])[:10]


def with_file_ids(sources: pd.DataFrame) -> pd.DataFrame:
    """Return ``Study.sources`` with the evidence id of each file, as cards name it."""
    return sources.assign(**{EVIDENCE_ID: sources["sha256"].str[:10]})


def _rows(study: Study, table: str) -> int:
    frame = getattr(study, table)
    return len(frame) if hasattr(frame, "__len__") else 0


def _days(study: Study) -> tuple[int, int] | None:
    """Return when the log begins and ends (UTC microseconds)."""
    log = nw.from_native(study.events).lazy()
    ends = log.select(nw.col(TIME).min().alias("first"), nw.col(TIME).max().alias("last")).collect(backend="pandas")
    first, last = ends["first"][0], ends["last"][0]
    if first is None or pd.isna(first):
        return None
    return int(first), int(last)
