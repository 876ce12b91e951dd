"""Friction: where visits stop more often than at their like: a touchpoint, a channel or a team."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, unknown_name
from personakit.eventlog import count_blocks, count_cells, known_blocks
from personakit.inference import bootstrap_sums, ratio
from personakit.journeys.excess import NOTABLE, clean_flags, excess_columns, flagged, shares_over_strata
from personakit.journeys.groups import counts_of, members, people_in, too_few
from personakit.journeys.rows import with_ids
from personakit.journeys.trace import NATURAL_END
from personakit.records import Journeys, Personas
from personakit.schema import CHANNEL, OWNER, PERSONA, STAGE, TOUCHPOINT

MOST = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class _Visits:
    """Visits to compare: ``facts`` names the levels; ``counts`` (participants, 3 * levels * strata) counts visits, stops and
    events; ``shares`` makes of stops and visits (draws, levels, strata) the share of each level and that of its like.
    """

    facts: pd.DataFrame
    counts: sparse.csr_array
    strata: int
    shares: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def rank_friction(
    journeys: Journeys, personas: Personas | None = None, *, by: str = TOUCHPOINT, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Rank touchpoints, channels or teams by how much more often visits stop there than at their like.

    Use it to choose where to look first. A visit is a run of events at a touchpoint within a session. It stops when the
    session ends there and the person does not go on at a later stage next time; the last visit of an open journey is
    not known yet and left out. The like of a touchpoint are the others of its stage, or all others where it is
    the only one. It cannot tell why people stop: they may have found what they came for.

    A touchpoint where people merely linger (several events a visit) ends more visits than others by that alone, so a
    flag asks for the same excess when stops are counted per event, too.

    Natural ends are listed by touchpoint, but never compared: the last designed step, touchpoints whose events mostly
    carry a value, and touchpoints of the last stage from which most of those who come back start again at an earlier one.
    Where the log has no stages an end cannot be told from a friction, and nothing is flagged.

    Parameters
    ----------
    by
        ``touchpoint``, ``channel`` or ``owner``: visits are to touchpoints all the same, but counted for the channel, or
        the team, where they stop. Its like are the others, weighted to the stages of its own visits. Stages are not
        compared so (``attrition``): after the last one nothing later can follow.

    Returns
    -------
    DataFrame
        evidence_id, persona, touchpoint, stage, channel, owner (the commonest of its events, empty where unknown; for
        another ``by`` that column alone), people, visits, stop_share, like_share, excess, low, high (bootstrap of people),
        flagged (10 points or more, 10 people or more, interval above 0, 1 % false alarms by Benjamini-Hochberg; personas
        made from events do not test: flagged for everyone, and 10 points or more here, too), few (fewer than 10 people, or
        an interval unknown or wider than .3). Flagged rows come first, then by excess.

    Raises
    ------
    ChoiceError
        ``by`` is none of these, or the log does not have it.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["x", "y", "x"], "time_us": [0, 1, 10**13]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> rank_friction(trace_journeys(study), seed=7)[["touchpoint", "visits", "stop_share"]].to_numpy().tolist()
    [['y', 1, 1.0], ['x', 1, 0.0]]
    """
    allowed = [TOUCHPOINT, *(one for one in (CHANNEL, OWNER) if journeys.stages and one in journeys.log.codes)]
    if by not in allowed:
        raise ChoiceError(unknown_name("by", by, allowed))
    visits = _at_touchpoints(journeys) if by == TOUCHPOINT else _at_levels(journeys, by)
    seeds = np.random.SeedSequence(seed)
    frames = []
    for persona, rows in members(journeys, personas).items():
        own = counts_of(visits.counts, rows)
        sums, draws = (one.reshape(len(one), 3, len(visits.facts), visits.strata).astype(np.float64) for one in (
            own.sum(axis=0)[None, :], bootstrap_sums(own, replicates=replicates, seed=seeds)))
        found, per_event = (_compare(sums, draws, visits, per=per) for per in (0, 2))
        found["p"] = np.fmax(found["p"], per_event["p"])
        frames.append(visits.facts.assign(
            **{PERSONA: persona}, people=people_in(own, per=visits.strata)[: len(visits.facts)],
            visits=sums[0, 0].sum(axis=1).astype(np.int64), lingers=~(per_event["excess"] >= NOTABLE), **found))
    table = pd.concat(frames, ignore_index=True)
    table = table[table["visits"] > 0].reset_index(drop=True)
    table["flagged"] = flagged(table) & ~table["lingers"] & bool(journeys.stages)
    table["flagged"] = clean_flags(table, personas, [by])
    table["rank"] = table[PERSONA].map({one: place for place, one in enumerate(members(journeys, personas))})
    table = table.sort_values(["rank", "flagged", "excess", by], ascending=[True, False, False, True])
    names = [PERSONA, *visits.facts, "people", "visits", "stop_share", "like_share", "excess", "low", "high", "flagged"]
    asked = ("friction", seed, replicates) if by == TOUCHPOINT else ("friction", by, seed, replicates)
    table = with_ids(table[names].reset_index(drop=True), *asked)
    return table.assign(few=too_few(table["people"], table["low"], table["high"]))


def _at_touchpoints(journeys: Journeys) -> _Visits:
    """Compare touchpoints with the others of their stage."""
    counts = _visit_counts(journeys, lambda touchpoint: touchpoint, len(journeys.log.levels[TOUCHPOINT]))
    facts = _touchpoint_facts(journeys)
    like = _likes(facts)

    def shares(stops: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stops, total = stops[:, :, 0], total[:, :, 0]
        return ratio(stops, total), ratio((like @ stops.T).T, (like @ total.T).T)

    return _Visits(facts=facts[[TOUCHPOINT, STAGE, CHANNEL, OWNER]], counts=counts, strata=1, shares=shares)


def _at_levels(journeys: Journeys, by: str) -> _Visits:
    """Compare channels or teams with the others at the same stages; visits to natural ends are nobody's."""
    log = journeys.log
    strata = len(log.levels[STAGE])
    natural = _touchpoint_facts(journeys)["natural"].to_numpy()

    def cell(touchpoint: np.ndarray, level: np.ndarray, stage: np.ndarray) -> np.ndarray:
        return np.where((level >= 0) & (stage >= 0) & ~natural[touchpoint], level.astype(np.int64) * strata + stage, -1)

    counts = _visit_counts(journeys, cell, len(log.levels[by]) * strata, log.codes[by], log.codes[STAGE])
    return _Visits(facts=pd.DataFrame({by: log.levels[by]}), counts=counts, strata=strata, shares=shares_over_strata)


def visit_blocks(journeys: Journeys, *along: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Give of each visit but the last of open journeys, block by block: person, touchpoint, events, stops and onward.

    ``onward``: 1 where what follows is at this stage or later, 0 where it is earlier, -1 where nothing follows. And what
    ``along`` (one an event) says where the visit stops.
    """
    log, ended = journeys.log, (journeys.ends["status"] == "ended").to_numpy()
    for person, touchpoint, session, stage, *said in known_blocks(
            log, TOUCHPOINT, journeys.session, log.codes[STAGE], *along):
        new = np.append(True, (touchpoint[1:] != touchpoint[:-1]) | (session[1:] != session[:-1]))[: len(person)]
        first = np.flatnonzero(new)
        last = np.append(first[1:], len(person))[: len(first)] - 1
        person, touchpoint, session, begins = (one[first] for one in (person, touchpoint, session, stage))
        # the sentinel at the end belongs to nobody
        follows = np.append(person[1:] == person[:-1], False)[: len(person)]
        together = np.append(session[1:] == session[:-1], False)[: len(person)]
        rise = np.append(np.diff(begins), 0)[: len(person)]
        stops, onward = ~together & ~(follows & (rise > 0)), np.where(follows, rise >= 0, -1)
        known = follows | ended[person]
        found = (person, touchpoint, last - first + 1, stops, onward, *(one[last] for one in said))
        yield tuple(one[known] for one in found)


def _touchpoint_facts(journeys: Journeys) -> pd.DataFrame:
    log = journeys.log
    words = log.levels[TOUCHPOINT]
    facts = pd.DataFrame({TOUCHPOINT: words, **{name: commonest_level(journeys, name) for name in (STAGE, CHANNEL, OWNER)}})
    ends = np.zeros(len(words), dtype=bool)
    marked = log.codes[TOUCHPOINT][log.codes[NATURAL_END] == 0]
    ends[marked[marked >= 0]] = True
    if journeys.stages:
        followed = np.zeros((2, len(words)), dtype=np.int64)
        for _, touchpoint, _, _, onward in visit_blocks(journeys):
            for place in (0, 1):
                followed[place] += np.bincount(touchpoint[onward == place], minlength=len(words))
        # where nobody came back at all nothing speaks against an end
        ends |= (facts[STAGE] == journeys.stages[-1]).to_numpy() & ~(ratio(followed[1], followed.sum(axis=0)) >= MOST)
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


def _visit_counts(
    journeys: Journeys, cell: Callable[..., np.ndarray], size: int, *along: np.ndarray
) -> sparse.csr_array:
    """Count visits, stops and events of each person in each cell: (participants, 3 * size), in this order.

    ``cell`` tells it from the touchpoint and what is ``along``, below 0 for none.
    """
    def cells() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for person, touchpoint, events, stops, _, *said in visit_blocks(journeys, *along):
            at = cell(touchpoint, *said)
            person, at, events, stops = (one[at >= 0] for one in (person, at, events, stops))
            yield (np.concatenate([person, person[stops], np.repeat(person, events)]),
                   np.concatenate([at, size + at[stops], 2 * size + np.repeat(at, events)]))

    return count_blocks(cells(), (len(journeys.log.participants), 3 * size))


def _compare(sums: np.ndarray, draws: np.ndarray, visits: _Visits, *, per: int) -> dict[str, np.ndarray]:
    """Compare the stops of visits (``per`` 0) or of events (2)."""
    share, like_share = visits.shares(sums[:, 1], sums[:, per])
    columns = excess_columns(share[0], like_share[0], np.subtract(*visits.shares(draws[:, 1], draws[:, per])))
    return {"stop_share": share[0], "like_share": like_share[0], **columns}
