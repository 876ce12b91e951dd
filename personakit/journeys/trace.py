"""From a study to journeys: touchpoints and stages on every event, sessions, and who is still on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.eventlog import encode_events, person_blocks, recode, sessionise, stays_stored, store_events, with_codes
from personakit.journeys.ends import journey_ends
from personakit.journeys.rows import notes_table
from personakit.journeys.stored import trace_stored
from personakit.records import EncodedLog, Journeys, StoredLog, Study
from personakit.schema import CHANNEL, CONTENT, DEVICE, EVENT, OWNER, PARTICIPANT, STAGE, TIME, TOUCHPOINT, check_table
from personakit.wording import canonical

NATURAL_END = "natural_end"
VALUED_SHARE = 0.5


def trace_journeys(
    study: Study, *, stages: str | Path | pd.DataFrame | None = None, session_gap_min: float = 30, marker: str | None = None
) -> Journeys:
    """Order each participant's touchpoints into a journey: encoded once, sorted once, used by every later view.

    Use it before any other verb of this folder. It cannot see what was not logged: a silent journey may have gone on
    elsewhere.

    Parameters
    ----------
    study
        With events, and touchpoints (event to touchpoint, stage, channel, owner) where there are any.
    stages
        A table, or the path of a CSV file, with event, touchpoint and stage, used instead of the study's touchpoints.
        Without either, each event is its own touchpoint and there are no stages.
    session_gap_min
        A silence longer than this many minutes parts two sessions.
    marker
        A column of the events that says of which session each is, such as ``session``, which readers of vendors' logs
        keep. A session is then a run of one person's events with the same mark, or with none, whatever the silences.

    Returns
    -------
    Journeys
        ``log.codes`` hold event, touchpoint, stage, channel, device, owner, content where known (-1 where not), and
        ``natural_end`` (0 where a journey is meant to stop: the last designed step, or a touchpoint of which most
        events carry a value). The channel of the event itself comes before its touchpoint's. ``stages`` are those seen
        in the log, in the order of the study. ``notes``: unmapped_events, tied_events, repeated_events, self_loops
        (same touchpoint, same session), unknown_channel, open_journeys; each with count and share.

    Raises
    ------
    StudyError
        No events, a stage that the study does not have, or a marker that the events do not have or that would have to be
        followed where the events are stored.

    Examples
    --------
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 60_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> trace_journeys(study).ends[["events", "sessions", "status"]].to_numpy().tolist()
    [[2, 1, 'open']]
    """
    if study.events is None:
        raise StudyError("events: this study has none, so there are no journeys. Add an events table.")
    stored = stays_stored(study.events)
    if stored and marker is not None:
        raise StudyError(f"marker: {marker} can be followed in memory only, and there are too many events for that. "
                         f"Leave it out: a silence then parts sessions.")
    log = store_events(study.events) if stored else encode_events(study.events, columns=_columns(study, marker))
    if not log.events:
        raise StudyError("events: the table has no rows, so there are no journeys. Check the file and its settings.")
    log = _with_touchpoints(log, _touchpoints(study, stages), study)
    if isinstance(log, StoredLog):
        return trace_stored(log, gap_min=session_gap_min)
    session = sessionise(log, gap_min=session_gap_min)
    if marker is not None:
        session = _marked(log, marker)
        log = replace(log, codes={name: one for name, one in log.codes.items() if name != marker},
                      levels={name: one for name, one in log.levels.items() if name != marker})
    ends = journey_ends(log, session, gap_min=session_gap_min)
    seen = np.bincount(log.codes[STAGE] + 1, minlength=len(log.levels[STAGE]) + 1)[1:] > 0
    return Journeys(
        log=_with_natural_ends(log, study.design), stages=tuple(log.levels[STAGE][seen]), session=session,
        session_gap_min=float(session_gap_min), ends=ends, notes=_notes(log, session, ends),
        cut_us=int(log.time_us.max()),
    )


def _columns(study: Study, marker: str | None) -> list[str] | None:
    """List the columns to encode: the usual ones, and the marker of sessions."""
    if marker is None:
        return None
    there = nw.from_native(study.events).collect_schema().names()
    taken = (PARTICIPANT, EVENT, TIME, TOUCHPOINT, STAGE, OWNER, CHANNEL, DEVICE, CONTENT)
    if marker not in there or marker in taken:
        raise ChoiceError(unknown_name("marker", marker, [one for one in there if one not in taken]))
    return [*(one for one in (CHANNEL, DEVICE, CONTENT) if one in there), marker]


def _marked(log: EncodedLog, marker: str) -> np.ndarray:
    starts = np.append(True, log.codes[marker][1:] != log.codes[marker][:-1])
    starts[log.offsets[:-1][np.diff(log.offsets) > 0]] = True
    return np.cumsum(starts) - 1


def _touchpoints(study: Study, stages: str | Path | pd.DataFrame | None) -> pd.DataFrame | None:
    where = "touchpoints" if stages is None else "stages" if isinstance(stages, pd.DataFrame) else str(stages)
    table = study.touchpoints if stages is None else _stage_map(stages, where)
    if table is None:
        return None
    unknown = table[STAGE][~table[STAGE].isin(study.stages)]
    if len(unknown):
        raise StudyError(f"{where}.stage: {len(unknown)} rows with stages that the study does not have "
                         f"({first_five(unknown)}). {unknown_name('stage', unknown.iloc[0], study.stages)}")
    return table


def _stage_map(stages: str | Path | pd.DataFrame, where: str) -> pd.DataFrame:
    if not isinstance(stages, pd.DataFrame):
        if not Path(stages).is_file():
            raise StudyError(f"stages: there is no file {where}. Give the path of a CSV with event, touchpoint and stage.")
        # sep=None finds comma or semicolon; the Python engine is needed for that
        stages = pd.read_csv(stages, sep=None, engine="python", encoding="utf-8-sig", dtype="str")
    table = check_table("touchpoints", stages, where=where)
    return table.assign(**{STAGE: table[STAGE].map(canonical)})


def _with_touchpoints(
    log: EncodedLog | StoredLog, table: pd.DataFrame | None, study: Study
) -> EncodedLog | StoredLog:
    if table is None:
        log = recode(log, TOUCHPOINT, {str(word): str(word) for word in log.levels[EVENT]})
        return recode(log, STAGE, {}, levels=[])
    for column in (TOUCHPOINT, STAGE, CHANNEL, OWNER):
        if column in table:
            levels = study.stages if column == STAGE else None
            log = recode(log, column, _words(table, column), levels=levels)
    return log


def _words(table: pd.DataFrame, column: str) -> Mapping[str, str]:
    known = table.dropna(subset=[column])
    return dict(zip(known[EVENT], known[column], strict=True))


def _with_natural_ends(log: EncodedLog, design: pd.DataFrame | None) -> EncodedLog:
    touchpoint, words = log.codes[TOUCHPOINT], log.levels[TOUCHPOINT]
    # a comparison with no number is false
    valued = np.bincount(touchpoint[log.value > 0] + 1, minlength=len(words) + 1)[1:]
    events = np.bincount(touchpoint + 1, minlength=len(words) + 1)[1:]
    meant = (valued > 0) & (valued >= VALUED_SHARE * events)
    if design is not None and len(design):
        meant |= words == design.sort_values("step")[TOUCHPOINT].iloc[-1]
    return with_codes(log, NATURAL_END, np.where(np.append(meant, False), 0, -1).astype(np.int16)[touchpoint], ["yes"])


def _notes(log: EncodedLog, session: np.ndarray, ends: pd.DataFrame) -> pd.DataFrame:
    touchpoint = log.codes[TOUCHPOINT]
    together = session[1:] == session[:-1]
    repeat = np.concatenate([np.append(False, person[1:] == person[:-1]) for _, person in person_blocks(log)])[1:]
    for one in (log.time_us, *log.codes.values()):
        repeat &= one[1:] == one[:-1]
    unknown = (log.codes[CHANNEL] < 0).sum() if CHANNEL in log.codes else len(touchpoint)
    return notes_table({
        "unmapped_events": ((touchpoint < 0).sum(), len(touchpoint)),
        "tied_events": (log.ties, len(touchpoint)), "repeated_events": (repeat.sum(), len(touchpoint)),
        "self_loops": ((together & (touchpoint[1:] == touchpoint[:-1]) & (touchpoint[1:] >= 0)).sum(), together.sum()),
        "unknown_channel": (unknown, len(touchpoint)), "open_journeys": ((ends["status"] == "open").sum(), len(ends))})
