"""Switches: where a change of channel, of device or of team throws people back to an earlier stage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, unknown_name
from personakit.eventlog import count_cells, distinct, person_blocks
from personakit.inference import bootstrap_sums, ratio
from personakit.journeys.excess import clean_flags, excess_columns, flagged
from personakit.journeys.groups import members, too_few
from personakit.journeys.rows import no_rows, with_ids
from personakit.records import Journeys, Personas
from personakit.schema import CHANNEL, DEVICE, OWNER, PERSONA, STAGE

COLUMNS = [PERSONA, "source", "target", "switches", "people", "restart_share", "like_share", "excess", "low", "high",
           "flagged"]


def switches(
    journeys: Journeys, personas: Personas | None = None, *, by: str = CHANNEL, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Compare changes of channel, for everyone and by persona: how often is the next event at an earlier stage?

    Use it to find broken hand-overs, between channels or, with ``by="owner"``, between the teams that own the touchpoints:
    after them people fall back, as if they had to start again. A switch is two events in a row of one person with
    different known channels, within or across sessions. Its like are all other switches of the same persona, weighted to
    leave from the same stages: from a late stage there is more to fall back from. It cannot tell a broken hand-over from
    people who choose to look again there.

    Parameters
    ----------
    by
        ``channel``, ``device`` or ``owner``.

    Returns
    -------
    DataFrame
        evidence_id, persona (``all`` first), source, target (channels, devices or owners), switches, people,
        restart_share, like_share, excess, low, high (bootstrap of people), flagged and few (as in ``rank_friction``;
        personas made from events do not test: their flag says flagged for everyone, and 10 points or more here, too).
        Flagged rows come first, then by excess. A switch that only others made has 0 switches, and no shares. Empty where
        the log has no stages, or fewer than two channels.

    Raises
    ------
    ChoiceError
        ``by`` is none of these.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["x", "y"], "time_us": [0, 1],
    ...                        "channel": ["web", "shop"]})
    >>> stages = pd.DataFrame({"event": ["x", "y"], "touchpoint": ["X", "Y"], "stage": ["purchase", "research"]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> table = switches(trace_journeys(study, stages=stages), seed=7)
    >>> table[["source", "target", "restart_share"]].to_numpy().tolist()
    [['web', 'shop', 1.0]]
    """
    if by not in (CHANNEL, DEVICE, OWNER):
        raise ChoiceError(unknown_name("by", by, (CHANNEL, DEVICE, OWNER)))
    if not journeys.stages or by not in journeys.log.codes:
        return no_rows([*COLUMNS, "few"])
    log, size = journeys.log, len(journeys.log.levels[by])
    person, pair, stage, restart = map(np.concatenate, zip(*_changes(journeys, by), strict=True))
    if not len(person):
        return no_rows([*COLUMNS, "few"])
    pairs, place = distinct(pair)
    dims = (len(pairs), len(log.levels[STAGE]), 2)
    counts = count_cells(person, np.ravel_multi_index((place, stage, restart), dims),
                         (len(log.participants), int(np.prod(dims))))
    seen = count_cells(person, place, (len(log.participants), len(pairs)))
    seeds, words, groups = np.random.SeedSequence(seed), log.levels[by], members(journeys, personas)
    table = pd.concat([pd.DataFrame({
        PERSONA: persona, "source": words[pairs // size], "target": words[pairs % size],
        "switches": seen[rows].sum(axis=0), "people": (seen[rows] > 0).sum(axis=0),
        **_compare(counts[rows], dims, replicates=replicates, seed=seeds),
    }) for persona, rows in groups.items()], ignore_index=True)
    table["flagged"] = clean_flags(table.assign(flagged=flagged(table)), personas, ["source", "target"])
    table["rank"] = table[PERSONA].map({one: place for place, one in enumerate(groups)})
    table = table.sort_values(["rank", "flagged", "excess", "source", "target"], ascending=[True, False, False, True, True])
    table = with_ids(table[COLUMNS].reset_index(drop=True), "switches", by, seed, replicates)
    return table.assign(few=too_few(table["people"], table["low"], table["high"]))


def _changes(journeys: Journeys, by: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Give of each change: person, source * levels + target, the stage before, and 1 where the next is earlier; by block."""
    log = journeys.log
    for rows, person in person_blocks(log):
        channel, stage = log.codes[by][rows].astype(np.int64), log.codes[STAGE][rows].astype(np.int64)
        used = np.flatnonzero((channel >= 0) & (stage >= 0))
        before, after = used[:-1], used[1:]
        changed = (person[before] == person[after]) & (channel[before] != channel[after])
        before, after = before[changed], after[changed]
        yield (person[before], channel[before] * len(log.levels[by]) + channel[after], stage[before],
               (stage[after] < stage[before]).astype(np.int64))


def _compare(
    counts: sparse.csr_array, dims: tuple[int, int, int], *, replicates: int, seed: np.random.SeedSequence
) -> dict[str, np.ndarray]:
    share, like = _restart_shares(counts.sum(axis=0)[None, :], dims)
    draws = np.subtract(*_restart_shares(bootstrap_sums(counts, replicates=replicates, seed=seed), dims))
    return {"restart_share": share[0], "like_share": like[0], **excess_columns(share[0], like[0], draws)}


def _restart_shares(sums: np.ndarray, dims: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    cube = sums.reshape(len(sums), *dims).astype(np.float64)
    switches, restarts = cube.sum(axis=3), cube[..., 1]
    other, other_restarts = (one.sum(axis=1, keepdims=True) - one for one in (switches, restarts))
    rate = ratio(other_restarts, other)
    overall = ratio(other_restarts.sum(axis=2, keepdims=True), other.sum(axis=2, keepdims=True))
    # a stage that no other switch leaves from falls back on all other switches
    rate = np.where(np.isnan(rate), overall, rate)
    expected = np.where(switches > 0, switches * rate, 0.0).sum(axis=2)
    total = switches.sum(axis=2)
    return ratio(restarts.sum(axis=2), total), ratio(expected, total)
