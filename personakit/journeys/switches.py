"""Switches: where a change of channel, of device or of team throws people back to an earlier stage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, unknown_name
from personakit.eventlog import count_blocks, person_blocks
from personakit.inference import bootstrap_sums
from personakit.journeys.excess import clean_flags, excess_columns, flagged, shares_over_strata
from personakit.journeys.groups import counts_of, members, people_in, too_few
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
    made = np.zeros(size * size, dtype=np.int64)
    for _, pair, *_ in _changes(journeys, by):
        made += np.bincount(pair, minlength=size * size)
    pairs = np.flatnonzero(made)
    if not len(pairs):
        return no_rows([*COLUMNS, "few"])
    dims = (len(pairs), len(log.levels[STAGE]), 2)
    place = np.cumsum(made > 0) - 1
    counts = count_blocks(((person, np.ravel_multi_index((place[pair], stage, restart), dims))
                           for person, pair, stage, restart in _changes(journeys, by)),
                          (len(log.participants), int(np.prod(dims))))
    seeds, words, groups = np.random.SeedSequence(seed), log.levels[by], members(journeys, personas)
    table = pd.concat([pd.DataFrame({
        PERSONA: persona, "source": words[pairs // size], "target": words[pairs % size],
        "switches": own.sum(axis=0).reshape(len(pairs), -1).sum(axis=1), "people": people_in(own, per=dims[1] * dims[2]),
        **_compare(own, dims, replicates=replicates, seed=seeds),
    }) for persona, rows in groups.items() for own in [counts_of(counts, rows)]], ignore_index=True)
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
    def shares(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cube = sums.reshape(len(sums), *dims).astype(np.float64)
        return shares_over_strata(cube[..., 1], cube.sum(axis=3))

    share, like = shares(counts.sum(axis=0)[None, :])
    draws = np.subtract(*shares(bootstrap_sums(counts, replicates=replicates, seed=seed)))
    return {"restart_share": share[0], "like_share": like[0], **excess_columns(share[0], like[0], draws)}
