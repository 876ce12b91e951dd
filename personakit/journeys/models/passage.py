"""From where do people come to a goal, after how many steps and days?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, unknown_name
from personakit.eventlog import DAY_US, steps
from personakit.inference import bootstrap_sums, one_thread, percentile_interval, ratio
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.models.chain import GOAL, LEFT, arrival_chance, until_goal
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import STAGE


@one_thread()
def passage(journeys: Journeys, *, to: str, by: str = STAGE, seed: int, replicates: int = 200) -> pd.DataFrame:
    """Say from each stage how likely people come to a goal before they leave, and how long those who do take.

    Use it where a funnel is too strict: any way counts, back and forth too. A first-order chain with times (semi-Markov):
    right where ``markov_order`` selects 1 and people follow one process. The last step of an open journey is not
    known and not counted, so people still on the way are not lost.

    Parameters
    ----------
    to
        The goal: a level of ``by``.

    Returns
    -------
    DataFrame
        evidence_id, stage (or touchpoint; ``start``: where journeys begin), people, arrive (chance to come to the goal
        before leaving), low, high (95 %, bootstrap of people), steps and days (mean of those who arrive), stay_days (mean
        until the next event, whatever it is), few (fewer than 10 people).

    Raises
    ------
    ChoiceError
        ``by`` or ``to`` is unknown.

    References
    ----------
    Kemeny, J. & Snell, J. (1960). Finite Markov chains (absorption, first passage).
    """
    column = check_view(journeys, by)
    words = list(map(str, journeys.log.levels[column]))
    if to not in words:
        raise ChoiceError(unknown_name(column, to, words))
    counts = until_goal(journeys, column, to)
    size = len(words) + 3
    whole = np.asarray(counts.sum(axis=0), dtype=np.float64).reshape(size, size)
    draws = bootstrap_sums(counts, replicates=replicates, seed=np.random.SeedSequence(seed)).reshape(-1, size, size)
    chance, spread = arrival_chance(whole[None])[0], arrival_chance(draws)
    low, high = percentile_interval(spread)
    days = _mean_days(journeys, column, to, size)
    taken, lasted = _until_arrival(whole, chance, days)
    person, cell = counts.nonzero()
    people = np.bincount(np.unique(person.astype(np.int64) * size + cell // size) % size, minlength=size)
    stay = ratio((whole * days).sum(axis=1), (whole[:, :GOAL].sum(axis=1) + whole[:, GOAL] + whole[:, 3:].sum(axis=1)))
    table = pd.DataFrame({column: ["start", "", "", *words], "people": people, "arrive": chance, "low": low, "high": high,
                          "steps": taken, "days": lasted, "stay_days": stay})
    table.loc[0, "stay_days"] = np.nan
    table["few"] = table["people"] < FEW_PEOPLE
    kept = (table["people"] > 0) & ~np.isin(np.arange(size), [GOAL, LEFT])
    return with_ids(table[kept].reset_index(drop=True).astype({column: "str"}), "passage", by, to, seed, replicates)


def _mean_days(journeys: Journeys, column: str, to: str, size: int) -> np.ndarray:
    """Mean days of each kind of step, over all of them; the start takes none."""
    log = journeys.log
    before, after = steps(log, column)
    took = (log.time_us[after] - log.time_us[before]) / DAY_US
    aim = log.levels[column].get_loc(to)
    target = np.where(log.codes[column][after] == aim, GOAL, log.codes[column][after] + 3)
    cell = (log.codes[column][before].astype(np.int64) + 3) * size + target
    total = np.bincount(cell, weights=took, minlength=size * size)
    return np.nan_to_num(ratio(total, np.bincount(cell, minlength=size * size).astype(float))).reshape(size, size)


def _until_arrival(counts: np.ndarray, chance: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean steps and days of those who arrive, from each place: the chain seen by those who will arrive."""
    moves = np.nan_to_num(ratio(counts, counts.sum(axis=1, keepdims=True)))
    seen = np.nan_to_num(ratio(moves * chance[None, :], np.broadcast_to(chance[:, None], moves.shape)))
    inner = np.flatnonzero((chance > 0) & ~np.isin(np.arange(len(chance)), [GOAL, LEFT]))
    left = np.eye(len(inner)) - seen[np.ix_(inner, inner)]
    steps_taken, lasted = np.full(len(chance), np.nan), np.full(len(chance), np.nan)
    steps_taken[inner] = np.linalg.solve(left, np.ones(len(inner)))
    lasted[inner] = np.linalg.solve(left, (seen * days).sum(axis=1)[inner])
    return steps_taken, lasted
