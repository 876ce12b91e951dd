"""What loses more than its like: an excess, its interval over people, and whether it is worth a name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from personakit.inference import adjust_bh, percentile_interval, ratio
from personakit.journeys.groups import ALL, FEW_PEOPLE
from personakit.records import Personas
from personakit.schema import PERSONA

NOTABLE = 0.10
FALSE_ALARMS = 0.01  # a flag names a team before everyone: better a miss in a small study than a wrong name


def excess_columns(share: np.ndarray, like: np.ndarray, draws: np.ndarray) -> dict[str, np.ndarray]:
    """Give excess, low, high and a one-sided p from bootstrap draws (replicates, rows) of the excess.

    The p is that of a normal with the spread of the draws: the percentile of a few hundred draws is too coarse to be
    corrected for many rows.
    """
    excess = share - like
    low, high = percentile_interval(draws)
    known = ~np.isnan(draws)
    n = known.sum(axis=0)
    mean = np.where(known, draws, 0.0).sum(axis=0) / np.maximum(n, 1)
    spread = np.sqrt((np.where(known, draws - mean, 0.0) ** 2).sum(axis=0) / np.maximum(n - 1, 1))
    z = np.divide(excess, spread, out=np.where(excess > 0, np.inf, -np.inf), where=spread > 0)
    p = np.where(np.isnan(excess) | (n < 2), np.nan, norm.sf(z))
    return {"excess": excess, "low": low, "high": high, "p": p}


def shares_over_strata(happened: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the share of each level and that of all other levels, weighted to its own strata: two (draws, levels).

    From counts (draws, levels, strata) of what happened and of all there is. A stratum that no other level has falls back
    on the share of the others in all strata.

    Examples
    --------
    >>> happened, total = np.array([[[1.0, 0], [0, 0], [2, 4]]]), np.array([[[2.0, 0], [0, 0], [8, 4]]])
    >>> [one.tolist() for one in shares_over_strata(happened, total)]
    [[[0.5, nan, 0.5]], [[0.25, nan, 0.5]]]
    """
    other, other_happened = (one.sum(axis=1, keepdims=True) - one for one in (total, happened))
    rate = ratio(other_happened, other)
    overall = ratio(other_happened.sum(axis=2, keepdims=True), other.sum(axis=2, keepdims=True))
    expected = np.where(total > 0, total * np.where(np.isnan(rate), overall, rate), 0.0).sum(axis=2)
    everything = total.sum(axis=2)
    return ratio(happened.sum(axis=2), everything), ratio(expected, everything)


def flagged(table: pd.DataFrame) -> np.ndarray:
    """Say which rows stand out: at least 10 points over their like, in 10 people or more, and not by chance.

    Rows of fewer people are not tested. The others are two families of tests, everyone's and the personas', so that what
    is said of everyone does not hang on the personas (Benjamini-Hochberg, one-sided .01 each); the whole 95 % interval
    must lie above 0.
    """
    p = table["p"].where(table["people"] >= FEW_PEOPLE)
    q = p.groupby(table[PERSONA].eq(ALL)).transform(lambda one: adjust_bh(one.to_numpy()))
    return ((q <= FALSE_ALARMS) & (table["low"] > 0) & (table["excess"] >= NOTABLE)).to_numpy()


def clean_flags(table: pd.DataFrame, personas: Personas | None, key: Sequence[str]) -> pd.Series:
    """Flag as tested; for personas made from events only what is flagged for everyone and notable there.

    The habits that are counted may have made the persona: its own rows describe, they do not test. ``key`` names the
    columns that say what a row is about.
    """
    if personas is None or personas.features.window_days is None:
        return table["flagged"]
    everyone = table[PERSONA].eq(ALL)
    named = (table["flagged"] & everyone).groupby([table[name] for name in key]).transform("any")
    return table["flagged"].where(everyone, named & (table["excess"] >= NOTABLE))
