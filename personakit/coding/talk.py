"""Some people say more of everything: how much of a code table that is, and a table in which everyone talks as much."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import StudyError, TooFewError, first_five
from personakit.inference import permutation_p
from personakit.records import Personas
from personakit.schema import ORIGIN

#: a warning: so many times what chance explains of the codes, or this share of their number (Cohen, 1988: a large effect);
#: and a p of at most so much
TIMES_CHANCE, LARGE_EFFECT, RARE = 1.25, 0.14, 0.02


def code_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Turn a code table into shares of what each person said, so that talkers and quiet people weigh the same.

    Use it as input of ``build_features`` when ``talkativeness`` warns: on the square roots of these shares, which
    ``build_features`` takes, a table of 0 and 1 has rows of length one. It also takes away a real difference: people who
    have more to say.

    Parameters
    ----------
    table
        Interviewees by codes, 0/1 or counts, as ``code_table`` gives it.

    Returns
    -------
    DataFrame
        The same people; columns ``code_share:<code>``, rows that sum to 1; empty for people who said nothing of it.

    Raises
    ------
    StudyError
        Negative or missing values.

    References
    ----------
    Legendre & Gallagher (2001), on square roots of shares (the Hellinger transformation) before least-squares methods.

    Examples
    --------
    >>> code_shares(pd.DataFrame({"code:a": [1, 1], "code:b": [1, 0]}, index=["p1", "p2"])).values.tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    values = _values(table)
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.full(values.shape, np.nan), where=total > 0)
    names = [f"code_share:{str(name).removeprefix('code:')}" for name in table.columns]
    out = pd.DataFrame(shares, index=table.index, columns=pd.Index(names, dtype="str"))
    out.attrs = {ORIGIN: "codes"}
    return out


def talkativeness(
    table: pd.DataFrame, personas: Personas | None = None, *, seed: int, replicates: int = 999
) -> pd.DataFrame:
    """Tell how much of a code table, and of the personas, is the number of codes that a person was given.

    Use it before personas are made of codes, and again with the personas: people who talk more are given more codes, and
    may come out as a persona of their own. It cannot tell those who say more from those who have more to say.

    Parameters
    ----------
    table
        Interviewees by codes, 0/1 or counts.
    personas
        The personas of these interviewees, if there are any.
    seed, replicates
        Of the shuffles: of each code over the people, and of the people over the personas.

    Returns
    -------
    DataFrame
        Row ``code_table``: ``explained``, share of the variance of all codes that goes with the number of codes. Row
        ``personas``: share of the variance of that number that lies between personas (eta squared). ``by_chance`` (mean of
        the shuffles, where nobody is talkative), ``p``, ``warning`` (p of .02 or less, and a quarter more than by chance;
        of personas, .14 or more), ``fewest``, ``median`` and ``most`` codes of a person.

    Raises
    ------
    StudyError
        Negative or missing values, or interviewees whom the personas do not know.
    TooFewError
        Fewer than three interviewees or two codes.

    Examples
    --------
    >>> table = pd.DataFrame(np.tril(np.ones((12, 12), dtype=int)), columns=[f"code:{i}" for i in range(12)])
    >>> talkativeness(table, seed=7)[["explained", "by_chance", "warning"]].round(2).values.tolist()
    [[0.61, 0.17, True]]
    """
    values = _values(table)
    if len(values) < 3 or values.shape[1] < 2:
        raise TooFewError(f"table: {values.shape[0]} interviewees by {values.shape[1]} codes. Three people and two codes "
                          f"are the least of which this can be told.")
    rng = np.random.default_rng(seed)
    total = values.sum(axis=1)
    null = np.array([_explained(rng.permuted(values, axis=0)) for _ in range(replicates)])
    rows = {"code_table": _row(_explained(values), null, least=TIMES_CHANCE * float(null.mean()))}
    if personas is not None:
        labels = _labels(table, personas)
        null = np.array([_between(total, rng.permutation(labels)) for _ in range(replicates)])
        rows["personas"] = _row(_between(total, labels), null, least=LARGE_EFFECT)
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("of")
    return frame.assign(fewest=total.min(), median=np.median(total), most=total.max())


def _row(explained: float, null: np.ndarray, *, least: float) -> dict[str, object]:
    p = float(permutation_p(explained, null))
    return {"explained": explained, "by_chance": float(null.mean()), "p": p,
            "warning": p <= RARE and explained >= least}


def _explained(values: np.ndarray) -> float:
    """Share of the variance over all columns that a line on the row sums explains."""
    centred = values - values.mean(axis=0)
    total = centred.sum(axis=1)
    spread = float(total @ total)
    return float(((centred.T @ total) ** 2).sum() / spread / (centred**2).sum()) if spread > 0 else 0.0


def _between(total: np.ndarray, labels: np.ndarray) -> float:
    size = np.bincount(labels)
    mean = np.bincount(labels, weights=total) / np.maximum(size, 1)
    spread = float(((total - total.mean()) ** 2).sum())
    return float(size @ (mean - total.mean()) ** 2 / spread) if spread > 0 else 0.0


def _labels(table: pd.DataFrame, personas: Personas) -> np.ndarray:
    unknown = table.index.difference(personas.membership.index)
    if len(unknown):
        raise StudyError(f"table: {len(unknown)} of {len(table)} interviewees are not in the personas "
                         f"({first_five(unknown)}). Use the personas and the code table of one study.")
    return pd.factorize(personas.labels.reindex(table.index))[0]


def _values(table: pd.DataFrame) -> np.ndarray:
    values = table.to_numpy(dtype=float)
    if np.isnan(values).any() or (values < 0).any():
        raise StudyError("table: holds negative or missing values. Use what code_table returns.")
    return values
