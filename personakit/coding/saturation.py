"""Would more interviews bring new codes? Counted as they came, and over the orders they could have come in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, TooFewError
from personakit.inference import percentile_interval
from personakit.schema import PARTICIPANT


def saturation(
    table: pd.DataFrame,
    *,
    base: int = 4,
    run: int = 2,
    threshold: float = 0.05,
    seed: int,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Tell how many new codes each interview brought, and from which on new ones hardly come any more.

    Saturation is reached at the interview that ends the first run whose new codes are at most ``threshold`` of the codes of
    the base. The order of interviews is an accident, so the same is counted over shuffled orders. It cannot tell whether
    other people would say something new, nor whether the personas are stable (``persona_saturation``); codes that
    a codebook fixed beforehand saturate by themselves.

    Parameters
    ----------
    table
        Interviewees by codes, in the order of the interviews: ``code_table(study, min_participants=1)``. A higher minimum
        leaves out the rare codes, so that saturation comes too early.
    base
        The first interviews, whose codes are the yardstick (the authors use 4 to 6).
    run
        Interviews of a run (2 or 3); runs overlap, one begins at each interview after the base.
    threshold
        New codes of a run over codes of the base, at most (.05, or 0 to be strict).
    seed, replicates
        Of the shuffled orders.

    Returns
    -------
    DataFrame
        One row an interview in the given order: participant_id, interviews (so far), new_codes, codes (so far), new_in_run
        and ratio (of the run that ends here; missing before the first run), saturated (by here); then over the shuffled
        orders codes_mean, codes_low, codes_high (so far, 95 %) and saturated_share (of orders saturated by here).

    Raises
    ------
    TooFewError
        Fewer interviews than base and run together.
    ChoiceError
        base or run below 1, threshold beyond 0 to 1.

    References
    ----------
    Guest, Namey & Chen (2020), A simple method to assess and report thematic saturation in qualitative research.

    Examples
    --------
    >>> table = pd.DataFrame({"code:a": [1, 1, 0, 0], "code:b": [0, 1, 1, 0], "code:c": [0, 0, 0, 1]}, index=list("wxyz"))
    >>> saturation(table, base=2, run=1, threshold=0, seed=7)[["new_codes", "ratio", "saturated"]].values.tolist()
    [[1, nan, False], [1, nan, False], [0, 0.0, True], [1, 0.5, True]]
    """
    for name, number in (("base", base), ("run", run)):
        if number < 1:
            raise ChoiceError(f"{name}: {number} is below 1. Ask for 1 or more.")
    if not 0 <= threshold <= 1:
        raise ChoiceError(f"threshold: {threshold} is not a share. Give a number from 0 to 1.")
    n = len(table)
    if n < base + run:
        raise TooFewError(f"table: {n} interviews, a base of {base} and a run of {run} need {base + run}. "
                          f"Do more interviews, or lower base or run.")
    said = table.to_numpy() > 0
    said = said[:, said.any(axis=0)]
    rng = np.random.default_rng(seed)
    orders = np.stack([np.arange(n), *(rng.permutation(n) for _ in range(replicates))])
    new = _new_codes(said, orders)
    codes = new.cumsum(axis=1)
    in_run = codes[:, base + run - 1 :] - codes[:, base - 1 : n - run]
    ratio = np.divide(in_run, codes[:, [base - 1]], out=np.full(in_run.shape, np.inf), where=codes[:, [base - 1]] > 0)
    before = np.full((len(orders), base + run - 1), np.nan)
    ratio, in_run = np.hstack([before, ratio]), np.hstack([before, in_run])
    reached = np.logical_or.accumulate(ratio <= threshold, axis=1)
    low, high = percentile_interval(codes[1:])
    return pd.DataFrame({
        PARTICIPANT: table.index, "interviews": np.arange(1, n + 1), "new_codes": new[0], "codes": codes[0],
        "new_in_run": pd.array(in_run[0]).astype("Int64"), "ratio": ratio[0], "saturated": reached[0],
        "codes_mean": codes[1:].mean(axis=0), "codes_low": low, "codes_high": high,
        "saturated_share": reached[1:].mean(axis=0),
    })


def _new_codes(said: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Count the codes that are heard for the first time at each place of each order (orders, interviews)."""
    n = len(said)
    place = np.argsort(orders, axis=1)  # the place of each interviewee in each order
    counts = np.zeros(orders.shape, dtype=np.int64)
    rows = np.arange(len(orders))
    for speakers in said.T:
        np.add.at(counts, (rows, place[:, speakers].min(axis=1)), 1)
    return counts[:, :n]
