"""Friction: touchpoints after which visits stop more often than after their like."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.eventlog import count_blocks, count_cells, known_blocks
from personakit.inference import bootstrap_sums, ratio
from personakit.journeys.excess import NOTABLE, clean_flags, excess_columns, flagged
from personakit.journeys.groups import counts_of, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.journeys.trace import NATURAL_END
from personakit.records import Journeys, Personas
from personakit.schema import CHANNEL, OWNER, PERSONA, STAGE, TOUCHPOINT

MOST = 0.5


def rank_friction(
    journeys: Journeys, personas: Personas | None = None, *, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Rank touchpoints by how much more often visits stop there than at their like, for everyone and by persona.

    Use it to choose where to look first. A visit is a run of events at a touchpoint within a session. It stops when the
    session ends there and the person does not go on at a later stage next time; the last visit of an open journey is
    not known yet and left out. The like of a touchpoint are the others of its stage, or all others where it is
    the only one. It cannot tell why people stop: they may have found what they came for.

    A touchpoint where people merely linger (several events a visit) ends more visits than others by that alone, so a
    flag asks for the same excess when stops are counted per event, too.

    Natural ends are listed but not compared: the last designed step, touchpoints whose events mostly carry a value, and
    touchpoints of the last stage from which most of those who come back start again at an earlier one. Where the log has
    no stages an end cannot be told from a friction, and nothing is flagged.

    Returns
    -------
    DataFrame
        evidence_id, persona, touchpoint, stage, channel, owner (the commonest of its events, empty where unknown),
        people, visits, stop_share, like_share, excess, low, high (bootstrap of people), flagged (10 points or more,
        10 people or more, interval above 0, 1 % false alarms by Benjamini-Hochberg), few (fewer than 10 people, or
        an interval unknown or wider than .3). Flagged rows come first, then by excess.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["x", "y", "x"], "time_us": [0, 1, 10**13]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> rank_friction(trace_journeys(study), seed=7)[["touchpoint", "visits", "stop_share"]].to_numpy().tolist()
    [['y', 1, 1.0], ['x', 1, 0.0]]
    """
    counts, onward = _visit_counts(journeys)
    facts = _touchpoint_facts(journeys, onward)
    like = _likes(facts)
    size = len(facts)
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, rows in members(journeys, personas).items():
        own = counts_of(counts, rows)
        draws = bootstrap_sums(own, replicates=replicates, seed=seeds)
        found, per_event = (_compare(own.sum(axis=0), draws, like, per=block) for block in (0, 2))
        found["p"] = np.fmax(found["p"], per_event["p"])
        frames.append(facts[[TOUCHPOINT, STAGE, CHANNEL, OWNER]].assign(
            **{PERSONA: persona}, people=people_in(own)[:size], visits=own.sum(axis=0)[:size],
            lingers=~(per_event["excess"] >= NOTABLE), **found))
    table = pd.concat(frames, ignore_index=True)
    table = table[table["visits"] > 0].reset_index(drop=True)
    table["flagged"] = flagged(table) & ~table["lingers"] & bool(journeys.stages)
    table["flagged"] = clean_flags(table, personas, [TOUCHPOINT])
    table["rank"] = table[PERSONA].map({one: place for place, one in enumerate(members(journeys, personas))})
    table = table.sort_values(["rank", "flagged", "excess", TOUCHPOINT], ascending=[True, False, False, True])
    names = [PERSONA, TOUCHPOINT, STAGE, CHANNEL, OWNER, "people", "visits", "stop_share", "like_share", "excess", "low",
             "high", "flagged"]
    table = with_ids(table[names].reset_index(drop=True), "friction", seed, replicates)
    return table.assign(few=too_few(table["people"], table["low"], table["high"]))


def visit_blocks(journeys: Journeys) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Give person, touchpoint, events, stops and onward of each visit but the last of open journeys, block by block.

    ``onward``: 1 where what follows is at this stage or later, 0 where it is earlier, -1 where nothing follows.
    """
    log, ended = journeys.log, (journeys.ends["status"] == "ended").to_numpy()
    for person, touchpoint, *facts in known_blocks(log, TOUCHPOINT, log.codes[STAGE], journeys.session):
        new = np.append(True, (touchpoint[1:] != touchpoint[:-1]) | (np.diff(facts[1]) != 0))
        starts = np.flatnonzero(new[: len(person)])
        events = np.diff(starts, append=len(person))
        person, touchpoint, stage, session = (one[starts] for one in (person, touchpoint, *facts))
        # the sentinel at the end belongs to nobody
        follows = np.append(person[1:] == person[:-1], False)[: len(person)]
        together = np.append(session[1:] == session[:-1], False)[: len(person)]
        rise = np.append(np.diff(stage), 0)[: len(person)]
        known = follows | ended[person]
        yield (person[known], touchpoint[known], events[known], (~together & ~(follows & (rise > 0)))[known],
               np.where(follows, rise >= 0, -1)[known])


    log = journeys.log
    words = log.levels[TOUCHPOINT]
    facts = pd.DataFrame({TOUCHPOINT: words, **{name: commonest_level(journeys, name) for name in (STAGE, CHANNEL, OWNER)}})
    ends = np.zeros(len(words), dtype=bool)
    if NATURAL_END in log.codes:
        marked = log.codes[TOUCHPOINT][log.codes[NATURAL_END] == 0]
        ends[marked[marked >= 0]] = True
    if journeys.stages:
        # where nobody came back at all nothing speaks against an end
        ends |= (facts[STAGE] == journeys.stages[-1]).to_numpy() & ~(onward >= MOST)
    return facts.assign(natural=ends)


def commonest_level(journeys: Journeys, column: str) -> np.ndarray:
    """Return the commonest level of a column at each touchpoint, empty where none is known."""
    log = journeys.log
    size = len(log.levels[TOUCHPOINT])
    if column not in log.codes or not len(log.levels[column]):
        return np.full(size, "", dtype=object)
    known = (log.codes[TOUCHPOINT] >= 0) & (log.codes[column] >= 0)
    counts = count_cells(log.codes[TOUCHPOINT][known], log.codes[column][known], (size, len(log.levels[column])))
    best = counts.toarray().argmax(axis=1)
    return np.where(counts.sum(axis=1) > 0, log.levels[column].to_numpy(object)[best], "")


def _likes(facts: pd.DataFrame) -> sparse.csr_array:
    """Which touchpoints (columns) are the like of each one (rows); a natural end has none and is nobody's."""
    stage, natural = facts[STAGE].to_numpy(), facts["natural"].to_numpy()
    others = ~np.eye(len(facts), dtype=bool)
    same = others & (stage[:, None] == stage[None, :])
    like = np.where(same.any(axis=1)[:, None], same, others)
    return sparse.csr_array((like & ~natural[None, :] & ~natural[:, None]).astype(np.float64))


def _visit_counts(journeys: Journeys) -> tuple[sparse.csr_array, np.ndarray]:
    """Count visits, stops and events of each person at each touchpoint: (participants, 3 * touchpoints), in this order.

    And give the share of visits to each touchpoint that are followed at its stage or later (NaN where none is followed).
    """
    size = len(journeys.log.levels[TOUCHPOINT])
    followed = np.zeros((2, size), dtype=np.int64)

    def cells() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for person, touchpoint, events, stops, onward in visit_blocks(journeys):
            for place in (0, 1):
                followed[place] += np.bincount(touchpoint[onward == place], minlength=size)
            yield (np.concatenate([person, person[stops], np.repeat(person, events)]),
                   np.concatenate([touchpoint, size + touchpoint[stops], 2 * size + np.repeat(touchpoint, events)]))

    return count_blocks(cells(), (len(journeys.log.participants), 3 * size)), ratio(followed[1], followed.sum(axis=0))


def _compare(sums: np.ndarray, draws: np.ndarray, like: sparse.csr_array, *, per: int) -> dict[str, np.ndarray]:
    share, like_share = _stop_shares(sums[None, :].astype(np.float64), like, per=per)
    columns = excess_columns(share[0], like_share[0], np.subtract(*_stop_shares(draws, like, per=per)))
    return {"stop_share": share[0], "like_share": like_share[0], **columns}


def _stop_shares(sums: np.ndarray, like: sparse.csr_array, *, per: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide stops by visits (``per`` 0) or by events (2), at each touchpoint and at its like."""
    blocks = np.split(sums, 3, axis=1)
    return ratio(blocks[1], blocks[per]), ratio((like @ blocks[1].T).T, (like @ blocks[per].T).T)
