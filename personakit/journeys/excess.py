"""What loses more than its like: an excess, its interval over people, and whether it is worth a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from personakit.inference import adjust_bh, percentile_interval
from personakit.journeys.groups import FEW_PEOPLE

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


def flagged(table: pd.DataFrame) -> np.ndarray:
    """Say which rows stand out: at least 10 points over their like, in 10 people or more, and not by chance.

    Rows of fewer people are not tested. The others are one family of tests (Benjamini-Hochberg, one-sided .01), and the
    whole 95 % interval must lie above 0.
    """
    tested = (table["people"] >= FEW_PEOPLE).to_numpy()
    q = adjust_bh(np.where(tested, table["p"], np.nan))
    sure = (np.nan_to_num(q, nan=1.0) <= FALSE_ALARMS) & (table["low"] > 0).to_numpy()
    return sure & (table["excess"] >= NOTABLE).to_numpy()
