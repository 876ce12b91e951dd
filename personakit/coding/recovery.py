"""Would the personas come back: from fewer interviews, and from the same interviews coded by someone else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five
from personakit.inference import one_thread, percentile_interval
from personakit.records import Personas
from personakit.schema import PERSONA

#: ``(table, k, seed) -> membership`` (people, k): how people are sorted anew, such as an entry of ``METHODS``
Refit = Callable[[pd.DataFrame, int, int], np.ndarray]
#: a persona is recovered from this Jaccard similarity on (Hennig, 2007)
RECOVERED = 0.75
#: parts of the interviews that are tried
PARTS = (0.5, 0.6, 0.7, 0.8, 0.9)
#: double-coded units that the disagreement over all codes stands for when that of one code is estimated
PRIOR = 4.0


@one_thread()
def persona_saturation(
    table: pd.DataFrame,
    personas: Personas,
    refit: Refit,
    *,
    sizes: Sequence[int] | None = None,
    seed: int,
    replicates: int = 100,
) -> pd.DataFrame:
    """Tell how often each persona is recovered from fewer interviews: whether more of them would still change the picture.

    Use it beside ``saturation``, which counts codes: codes can be saturated long before personas are. Subsets close to all
    interviews recover anything, so ``by_chance`` gives the same figure for data without personas (each code dealt out
    anew); a persona that is recovered no more often than that is not known to be there. It cannot tell what people who
    were not interviewed would add.

    Parameters
    ----------
    table
        Interviewees by codes, as ``code_table`` gives it.
    personas
        The personas of these interviewees.
    refit
        How people are sorted: ``(table, k, seed) -> membership`` (people, k), such as ``METHODS["kmeans"]``.
    sizes
        Numbers of interviews to draw, without replacement; 50 to 90 % of them by default.
    seed, replicates
        Of the subsets; how many of each size.

    Returns
    -------
    DataFrame
        One row a persona and size: persona, interviews, jaccard (mean, of the members drawn with the best match), recovered
        (share of subsets with a Jaccard of .75 or more; a persona none of whose members was drawn is not), by_chance.

    Raises
    ------
    StudyError
        Interviewees whom the personas do not know, or a refit that returns no membership.
    TooFewError, ChoiceError
        Fewer than two personas or three interviews a persona; a size that cannot be drawn.

    References
    ----------
    Hennig (2007), Cluster-wise assessment of cluster stability.

    Examples
    --------
    >>> table = pd.DataFrame({"code:a": [1] * 6 + [0] * 6, "code:b": [0] * 6 + [1] * 6}, index=[f"p{i}" for i in range(12)])
    >>> halves = np.repeat([[1.0, 0.0], [0.0, 1.0]], 6, axis=0)
    >>> personas = Personas(candidate="by hand", membership=pd.DataFrame(halves, table.index, ["P1", "P2"]), features=None,
    ...                     quality=pd.Series(), stability=pd.DataFrame(), tried=1, chosen=False)
    >>> by_first_code = lambda table, k, seed: np.eye(2)[table.iloc[:, 0].to_numpy()]
    >>> persona_saturation(table, personas, by_first_code, sizes=[8], seed=7)[["persona", "recovered"]].values.tolist()
    [['P1', 1.0], ['P2', 1.0]]
    """
    labels, names = _line_up(table, personas)
    n, k = len(table), len(names)
    asked = sizes if sizes is not None else [round(part * n) for part in PARTS]
    asked = sorted({int(size) for size in asked if sizes is not None or size > k})
    wrong = [size for size in asked if not k < size < n]
    if wrong or not asked:
        raise ChoiceError(f"sizes: {first_five(wrong) or 'nothing'} cannot be drawn of {n} interviews and {k} personas. "
                          f"Give numbers from {k + 1} to {n - 1}.")
    rows = []
    for size, child in zip(asked, np.random.SeedSequence(seed).spawn(len(asked)), strict=True):
        found, chance = np.empty((replicates, k)), np.empty((replicates, k))
        for one, stream in enumerate(child.spawn(replicates)):
            rng = np.random.default_rng(stream)
            drawn = np.sort(rng.choice(n, size, replace=False))
            found[one] = _jaccards(labels[drawn], _refitted(refit, table.iloc[drawn], k, rng), k)
            dealt = pd.DataFrame(rng.permuted(table.to_numpy(), axis=0), index=table.index, columns=table.columns)
            reference = _refitted(refit, dealt, k, rng)
            chance[one] = _jaccards(reference[drawn], _refitted(refit, dealt.iloc[drawn], k, rng), k)
        rows += [(name, size, found[:, at].mean(), (found[:, at] >= RECOVERED).mean(), (chance >= RECOVERED).mean())
                 for at, name in enumerate(names)]
    frame = pd.DataFrame(rows, columns=[PERSONA, "interviews", "jaccard", "recovered", "by_chance"])
    return frame.sort_values([PERSONA, "interviews"], kind="stable", ignore_index=True)


@one_thread()
def coding_uncertainty(
    table: pd.DataFrame,
    personas: Personas,
    refit: Refit,
    disagreement: pd.DataFrame | float,
    *,
    seed: int,
    replicates: int = 200,
) -> pd.DataFrame:
    """Carry the doubt about codes into the personas: sort people anew as if someone else had coded the interviews.

    Use it when ``coder_agreement`` says that coders differ. In each replicate every 1 may become 0 and every 0 a 1, so that
    the new table differs from the old as often as two coders were seen to, and each code stays as frequent. Errors of
    coders are taken as independent: a coder who reads a whole interview otherwise does more harm than this shows.

    Parameters
    ----------
    table
        Interviewees by codes, 0 and 1.
    personas, refit
        The personas of these interviewees, and how people are sorted; as in ``persona_saturation``.
    disagreement
        What ``coder_agreement`` returned for the study, or one share. The rate of a code is drawn towards that of all
        codes where few units were double coded; a code it does not hold takes that of all.
    seed, replicates
        Of the flips.

    Returns
    -------
    DataFrame
        Indexed by persona: n; refit, the Jaccard of the persona with the best match when nothing is flipped; jaccard, low,
        high (mean and 95 % of the replicates); recovered (share of .75 or more); flipped (share of cells, of the table);
        hinges_on, up to five codes without which the persona is not recovered, and without, its Jaccard then.

    Raises
    ------
    StudyError
        A table that is not 0/1, interviewees whom the personas do not know, disagreement of other codes.
    TooFewError, ChoiceError
        Fewer than two personas or three interviews a persona; a share beyond 0 to 1.

    Examples
    --------
    >>> table = pd.DataFrame({"code:a": [1] * 6 + [0] * 6, "code:b": [0] * 6 + [1] * 6}, index=[f"p{i}" for i in range(12)])
    >>> halves = np.repeat([[1.0, 0.0], [0.0, 1.0]], 6, axis=0)
    >>> personas = Personas(candidate="by hand", membership=pd.DataFrame(halves, table.index, ["P1", "P2"]), features=None,
    ...                     quality=pd.Series(), stability=pd.DataFrame(), tried=1, chosen=False)
    >>> by_first_code = lambda table, k, seed: np.eye(2)[table.iloc[:, 0].to_numpy()]
    >>> coding_uncertainty(table, personas, by_first_code, 0.1, seed=7)[["refit", "recovered"]].round(2).values.tolist()
    [[1.0, 0.69], [1.0, 0.7]]
    """
    labels, names = _line_up(table, personas)
    values = table.to_numpy(dtype=float)
    if not np.isin(values, (0.0, 1.0)).all():
        raise StudyError("table: holds other values than 0 and 1. Use code_table(study) without counts.")
    k, rates = len(names), _rates(table, disagreement)
    held = values.mean(axis=0)
    chance = np.where(values == 1, _half(rates, held), _half(rates, 1 - held))
    whole, *streams = np.random.SeedSequence(seed).spawn(replicates + 1)
    found, flipped = np.empty((replicates, k)), 0.0
    for one, stream in enumerate(streams):
        rng = np.random.default_rng(stream)
        flips = rng.random(values.shape) < chance
        flipped += flips.mean() / replicates
        again = pd.DataFrame(np.where(flips, 1 - values, values).astype(np.int64), index=table.index, columns=table.columns)
        found[one] = _jaccards(labels, _refitted(refit, again, k, rng), k)
    low, high = percentile_interval(found)
    same = _jaccards(labels, _refitted(refit, table, k, np.random.default_rng(whole)), k)
    without = np.array([_jaccards(labels, _refitted(refit, table.drop(columns=code), k, np.random.default_rng(whole)), k)
                        for code in table.columns]) if table.shape[1] > 1 else np.empty((0, k))
    hinges = [[at for at in np.argsort(own, kind="stable") if own[at] < min(RECOVERED, same[place])][:5]
              for place, own in enumerate(without.T)]
    return pd.DataFrame({
        "n": np.bincount(labels, minlength=k), "refit": same, "jaccard": found.mean(axis=0), "low": low, "high": high,
        "recovered": (found >= RECOVERED).mean(axis=0), "flipped": flipped,
        "hinges_on": [tuple(str(table.columns[at]) for at in own) for own in hinges],
        "without": [tuple(float(without[at, place]) for at in own) for place, own in enumerate(hinges)],
    }, index=pd.Index(names, name=PERSONA))


def _line_up(table: pd.DataFrame, personas: Personas) -> tuple[np.ndarray, list[str]]:
    """Return the persona of each interviewee as a number, and the names of the personas that were interviewed."""
    unknown = table.index.difference(personas.membership.index)
    if len(unknown):
        raise StudyError(f"table: {len(unknown)} of {len(table)} interviewees are not in the personas "
                         f"({first_five(unknown)}). Use the personas and the code table of one study.")
    labels = personas.labels.reindex(table.index)
    names = [str(one) for one in personas.membership.columns if (labels == one).any()]
    if len(names) < 2 or len(table) < 3 * len(names):
        raise TooFewError(f"table: {len(table)} interviews of {len(names)} personas. Two personas and three interviews for "
                          f"each are the least that can be sorted again.")
    return pd.Index(names).get_indexer(pd.Index(labels)), names


def _refitted(refit: Refit, table: pd.DataFrame, k: int, rng: np.random.Generator) -> np.ndarray:
    """Sort people anew, by the codes that still vary; everyone is in one persona where none does."""
    varying = table.loc[:, table.nunique().to_numpy() > 1]
    if not varying.shape[1]:
        return np.zeros(len(table), dtype=np.int64)
    membership = np.asarray(refit(varying, k, int(rng.integers(2**31))), dtype=float)
    if membership.ndim != 2 or len(membership) != len(table) or not np.allclose(membership.sum(axis=1), 1.0, atol=1e-6):
        raise StudyError(f"refit: returned shape {membership.shape} for {len(table)} people, or rows that do not sum to 1. "
                         f"Return one row a participant and one column a persona: (table, k, seed) -> membership.")
    return membership.argmax(axis=1)


def _jaccards(labels: np.ndarray, found: np.ndarray, k: int) -> np.ndarray:
    """Return the Jaccard similarity of each persona with the most similar one found; 0 where nobody of it is there.

    Examples
    --------
    >>> _jaccards(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0]), 3).round(3).tolist()
    [0.667, 0.5, 0.0]
    """
    own, other = np.eye(k)[labels], np.eye(int(found.max()) + 1)[found]
    shared = own.T @ other
    union = own.sum(axis=0)[:, None] + other.sum(axis=0) - shared
    return (shared / np.maximum(union, 1)).max(axis=1)


def _rates(table: pd.DataFrame, disagreement: pd.DataFrame | float) -> np.ndarray:
    """Return the share of units on which two coders differ, for each code of the table."""
    if not isinstance(disagreement, pd.DataFrame):
        if not 0 <= float(disagreement) <= 1:
            raise ChoiceError(f"disagreement: {disagreement} is not a share. Give a number from 0 to 1.")
        return np.full(table.shape[1], float(disagreement))
    codes = [str(name).removeprefix("code:") for name in table.columns]
    if not {"units", "disagreement"} <= set(disagreement.columns) or not set(codes) & set(disagreement.index):
        raise StudyError(f"disagreement: holds none of the codes of the table ({first_five(codes)}). "
                         f"Use what coder_agreement(study, seed=7) returns.")
    overall = float(disagreement["disagreement"].to_dict()["all"])
    mine = disagreement.reindex(codes)
    units = mine["units"].fillna(0).to_numpy(dtype=float)
    seen = mine["disagreement"].fillna(0).to_numpy(dtype=float) * units
    return (seen + PRIOR * overall) / (units + PRIOR)


def _half(rates: np.ndarray, held: np.ndarray) -> np.ndarray:
    # half of the differences are ones that go, half are ones that come: so a code stays as frequent
    return np.minimum(np.divide(rates, 2 * held, out=np.zeros_like(rates), where=held > 0), 1.0)
