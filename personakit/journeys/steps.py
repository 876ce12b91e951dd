"""Journeys step by step: where everyone is at their first, second, third event, and where they go from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import count_by_person, distinct, known_blocks
from personakit.inference import wilson_interval
from personakit.journeys.groups import check_view, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.journeys.stored import is_stored, said_by, stored_words, unpack
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE

END, OPEN, OTHER, MORE = "end", "open", "other", "more"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequences:
    """The known events of each person as a sequence of codes.

    ``code``, ``person`` and ``position`` (from 0 on) have one entry an event; ``length`` and ``leave`` (the code of
    ``end`` or ``open``) one a person. ``words`` name the codes, the last two being end and open. ``packed``: an entry
    stands for several events at once (see ``stored_words``).
    """

    code: np.ndarray
    person: np.ndarray
    position: np.ndarray
    length: np.ndarray
    leave: np.ndarray
    words: tuple[str, ...]
    packed: bool = False


def sequences(journeys: Journeys, column: str, *, moves_only: bool = False, first: int | None = None) -> Sequences:
    """List what each person did in order; events of unknown level are stepped over.

    ``moves_only`` takes a run of the same level as one step; of a journey only the ``first`` steps are listed, if asked.
    """
    if is_stored(journeys) and first is not None:
        return _first_steps(journeys, column, moves_only=moves_only, first=first)
    log = journeys.log
    length, found = np.zeros(len(log.participants), dtype=np.int64), []
    for person, code in known_blocks(log, column):
        if moves_only:
            new = np.append(True, (code[1:] != code[:-1]) | (person[1:] != person[:-1]))[: len(code)]
            code, person = code[new], person[new]
        starts = np.flatnonzero(np.append(True, person[1:] != person[:-1])[: len(code)])
        size = np.diff(starts, append=len(code))
        length[person[starts]] = size
        position = np.arange(len(code)) - np.repeat(starts, size)
        inside = slice(None) if first is None else position < first
        found.append((code[inside], person[inside].astype(np.int32), position[inside].astype(np.int32)))
    code, person, position = map(np.concatenate, zip(*found, strict=True))
    words = (*map(str, log.levels[column]), END, OPEN)
    still = (journeys.ends["status"] == "open").to_numpy()
    return Sequences(code=code, person=person, position=position, length=length,
                     leave=np.where(still, len(words) - 1, len(words) - 2), words=words)


def _first_steps(journeys: Journeys, column: str, *, moves_only: bool, first: int) -> Sequences:
    """List the first steps of journeys that are stored; ``length`` counts all."""
    owner, block, word, length = stored_words(journeys, column, moves_only=moves_only, first=first)
    words = (*map(str, journeys.log.levels[column]), END, OPEN)
    codes = unpack(word, len(words) - 2)
    row, digit = np.nonzero(codes >= 0)
    still = (journeys.ends["status"] == "open").to_numpy()
    return Sequences(code=codes[row, digit], person=owner[row], position=block[row] * codes.shape[1] + digit, length=length,
                     leave=np.where(still, len(words) - 1, len(words) - 2), words=words)


def step_matrix(
    journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE, steps: int = 10, moves_only: bool = False
) -> pd.DataFrame:
    """Say where everyone is at each step: the columns of a step matrix, each adding up to all people.

    Use it to see how journeys begin and how fast they thin out. Steps are counted, not days: two people at their third
    step may be months apart. It does not say who went where (``flows`` does).

    Parameters
    ----------
    by
        ``stage`` or ``touchpoint``.
    steps
        How many steps to show.
    moves_only
        Take a run of the same stage as one step. By default every event is a step.

    Returns
    -------
    DataFrame
        evidence_id, persona (``all`` first), step (1 ...), the level under the name of ``by`` (``end``: the journey ended
        before this step; ``open``: its next step may still come), people, people_total, share, low, high (Wilson; a
        person counts once in a column), few (fewer than 10 people in all, or an interval wider than .3). Levels where
        nobody of anyone is at a step are left out.

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        ``steps`` is below 1, or no event belongs to a level.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "buy", "see"], "time_us": [0, 9, 10**13]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> step_matrix(journeys, by="touchpoint", steps=2)[["step", "touchpoint", "people"]].to_numpy().tolist()
    [[1, 'see', 2], [2, 'buy', 1], [2, 'open', 1]]
    """
    cells = step_cells(journeys, personas, by=by, steps=steps, moves_only=moves_only)
    return said_by(journeys, with_ids(cells, "step_matrix", by, steps, moves_only))


def step_cells(
    journeys: Journeys, personas: Personas | None, *, by: str, steps: int, moves_only: bool = False
) -> pd.DataFrame:
    """Give the rows of ``step_matrix`` without ids, which would take longest where a journey has a million steps."""
    found = _entrants(journeys, by, steps, moves_only, first=steps)
    inside = found.position < steps
    cells = _cells(found.person[inside], found.position[inside], found.code[inside], journeys, personas, found, left=steps)
    cells[by] = np.array(found.words, dtype=object)[cells.pop("code")]
    return cells[[PERSONA, "step", by, *_COUNTED]].astype({by: "str"})


def flows(
    journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE, steps: int = 6, top: int = 12,
    moves_only: bool = False,
) -> pd.DataFrame:
    """Say who goes where from each step to the next: the data of a Sankey diagram that adds up.

    Use it to draw journeys as flows. What leaves a node at a step is what entered it: the ``top`` levels of everyone have
    nodes of their own and the others share ``other``; journeys that stop flow into ``end`` or ``open``, and those that go
    on after the last step shown into ``more``. It cannot tell why people move.

    Parameters
    ----------
    by, moves_only
        As for ``step_matrix``.
    steps
        How many steps to follow.
    top
        How many levels have a node of their own: those that most people ever reach.

    Returns
    -------
    DataFrame
        evidence_id, persona, step, source, target, people, people_total (all people of the persona with a journey), share
        (of people_total), low, high (Wilson), few. At each step the people add up to those whose journey got that far.

    Raises
    ------
    ChoiceError, StudyError
        As for ``step_matrix``; ``top`` is below 1.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "buy", "see"], "time_us": [0, 9, 10**13]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> flows(journeys, by="touchpoint", steps=1)[["source", "target", "people"]].to_numpy().tolist()
    [['see', 'open', 1], ['see', 'more', 1]]
    """
    if top < 1:
        raise StudyError(f"top: {top} leaves no level of its own. Ask for 1 or more.")
    cells = flow_cells(journeys, personas, by=by, steps=steps, top=top, moves_only=moves_only)
    return with_ids(cells, "flows", by, steps, top, moves_only)


def flow_cells(
    journeys: Journeys, personas: Personas | None, *, by: str, steps: int, top: int, moves_only: bool = False
) -> pd.DataFrame:
    """Give the rows of ``flows`` without ids."""
    found = _entrants(journeys, by, steps, moves_only, first=steps)
    node, words = _nodes(found, people_in(count_by_person(journeys.log, by)), top)
    inside = np.flatnonzero(found.position < steps)
    last = found.position[inside] == found.length[found.person[inside]] - 1
    following = node[np.minimum(inside + 1, len(node) - 1)]
    beyond = found.position[inside] == steps - 1
    size = len(words)
    target = np.where(last, found.leave[found.person[inside]] - len(found.words) + size - 1,
                      np.where(beyond, size - 1, following))
    cells = _cells(found.person[inside], found.position[inside], node[inside] * size + target, journeys, personas, found)
    source, target = np.divmod(cells.pop("code").to_numpy(), size)
    cells["source"], cells["target"] = (np.array(words, dtype=object)[one] for one in (source, target))
    return cells[[PERSONA, "step", "source", "target", *_COUNTED]].astype({"source": "str", "target": "str"})


_COUNTED = ["people", "people_total", "share", "low", "high", "few"]


def _entrants(journeys: Journeys, by: str, steps: int, moves_only: bool, *, first: int) -> Sequences:
    if steps < 1:
        raise StudyError(f"steps: {steps} shows nothing. Ask for 1 or more.")
    return walked(journeys, by, moves_only=moves_only, first=first)


def walked(journeys: Journeys, by: str, *, moves_only: bool, first: int | None = None) -> Sequences:
    """Check ``by`` and list what each person did; raise where no event belongs to a level."""
    column = check_view(journeys, by)
    found = sequences(journeys, column, moves_only=moves_only, first=first)
    check_known_events(by, len(found.code))
    return found


def check_known_events(by: str, count: int) -> None:
    """Raise where no event belongs to a level of ``by``."""
    if not count:
        raise StudyError(f"{by}: no event of this log belongs to one. Complete the touchpoints table.")


def _nodes(found: Sequences, reached: np.ndarray, top: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the node of each event, and the names of nodes: the levels that most people reach, other, end, open, more."""
    size = len(found.words) - 2
    ranked = np.lexsort((np.arange(size), -reached))[: min(top, size)]
    kept = np.sort(ranked)
    place = np.full(size, len(kept))
    place[kept] = np.arange(len(kept))
    return place[found.code], (*(found.words[one] for one in kept), OTHER, END, OPEN, MORE)


def _cells(person: np.ndarray, step: np.ndarray, code: np.ndarray, journeys: Journeys, personas: Personas | None,
           found: Sequences, *, left: int = 0) -> pd.DataFrame:
    """Count people by step and code for everyone and each persona; a cell that only others have counts 0.

    ``left``: count those who have left at each of so many steps, too, under the codes of end and open.
    """
    width = max(int(code.max()) + 1, len(found.words))
    somebody, cell = distinct(step.astype(np.int64) * width + code)
    gone = np.argwhere(_gone(found, np.arange(len(found.length)), left) > 0)
    keys = np.append(somebody, gone[:, 0] * width + gone[:, 1] + len(found.words) - 2)
    order = np.argsort(keys)
    frames = []
    for persona, rows in members(journeys, personas).items():
        mine = np.zeros(len(found.length), dtype=bool)
        mine[rows] = True
        total = int((found.length[rows] > 0).sum())
        people = np.append(np.bincount(cell[mine[person]], minlength=len(somebody)),
                           _gone(found, rows, left)[tuple(gone.T)])[order]
        low, high = wilson_interval(people, np.full(len(keys), total))
        share = people / total if total else np.full(len(keys), np.nan)
        frames.append(pd.DataFrame({
            PERSONA: persona, "step": keys[order] // width + 1, "code": keys[order] % width, "people": people,
            "people_total": total, "share": share, "low": low, "high": high,
            "few": too_few(np.full(len(keys), total), low, high)}))
    return pd.concat(frames, ignore_index=True)


def _gone(found: Sequences, people: np.ndarray, steps: int) -> np.ndarray:
    """Count who of these people has left before each step: (steps, 2), into end and into open."""
    early = people[(found.length[people] > 0) & (found.length[people] < steps)]
    cells = found.length[early] * 2 + found.leave[early] - (len(found.words) - 2)
    return np.bincount(cells, minlength=2 * steps).reshape(steps, 2).cumsum(axis=0)
