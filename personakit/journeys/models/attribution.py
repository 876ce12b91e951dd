"""What the chain of steps would lose without a touchpoint: exact removal effects, which are no causes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, TooFewError, unknown_name
from personakit.inference import bootstrap_sums, one_thread, percentile_interval, permutation_p, ratio
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.models.chain import GOAL, LEFT, arrival_chance, removed_chance, until_goal
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import TOUCHPOINT

ALPHA, FORCED = 0.05, 0.999
FEWEST_SHUFFLES = 19  # with fewer no p is as small as ALPHA


@one_thread()
def attribution(
    journeys: Journeys, *, to: str, by: str = TOUCHPOINT, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Share the arrivals at a goal among the touchpoints that came before: exact removal effects of a first-order chain.

    Use it to see how much of the traffic to a goal runs through a touchpoint. **A removal effect is arithmetic on the steps
    people took, not what would happen without the touchpoint**: those who came through it might have come another way. Much
    of it is structure: what lies on most ways has a large effect, whoever arrives (on every way: 1). So the ends are dealt
    anew, shuffled over people whose way was as long, and ``falls`` says where the effect lies among those that come of
    structure alone. Above it says that those who passed there arrived more often than others on ways as long; a step that
    only those take who then arrive lies there by construction (``forced``). ``inside`` is no proof of nothing: a chain of
    first order forgets who passed two steps ago, and of 400 people whom a page made arrive in 70 instead of 30 of 100
    cases, one log in five says ``inside``. Only an experiment tells more. Everything after the first arrival is left out;
    people still on the way count as far as they have come. Repeated visits in a row do not change anything.

    Parameters
    ----------
    to
        The goal: a level of ``by``.

    Returns
    -------
    DataFrame
        evidence_id, touchpoint (or stage), people, arrivals (people who came through it and arrived), effect (share of
        arrivals lost in the chain without it), low, high (95 %, bootstrap of people), structure (the mean effect when ends
        are shuffled), structure_low, structure_high (95 % of the shuffles), p (of an effect as far from it anywhere: the
        farthest of each shuffle), falls (``above``, ``below``: p <= .05; ``inside``), share (of the credit), credit
        (arrivals), plain (the share of those who arrived who came through it: what counting would say), forced (on
        practically every journey that arrived). ``attrs``: ``base`` (chance to arrive), ``arrived``.

    Raises
    ------
    ChoiceError
        ``by`` or ``to`` is unknown.
    StudyError
        Nobody arrives.
    TooFewError
        Fewer than 19 ``replicates``: no effect could fall outside what structure gives.

    References
    ----------
    Anderl, E. et al. (2016). Mapping the customer journey: lessons learned from graph-based online attribution modeling.
    International Journal of Research in Marketing 33. Westfall, P. & Young, S. (1993). Resampling-based multiple testing.
    """
    column = check_view(journeys, by)
    words = list(map(str, journeys.log.levels[column]))
    if to not in words:
        raise ChoiceError(unknown_name(column, to, words))
    if replicates < FEWEST_SHUFFLES:
        raise TooFewError(f"replicates: {replicates} is too few to tell an effect from structure. "
                          f"At least {FEWEST_SHUFFLES} are needed.")
    counts = until_goal(journeys, column, to)
    size = len(words) + 3
    whole = np.asarray(counts.sum(axis=0), dtype=np.float64).reshape(1, size, size)
    arrived = int(whole[0, :, GOAL].sum())
    if not arrived:
        raise StudyError(f"to: nobody comes to {to!r}, so there is nothing to share. Name a {column} that people reach.")
    draws = bootstrap_sums(counts, replicates=replicates, seed=np.random.SeedSequence(seed)).reshape(-1, size, size)
    effect = removal_effects(whole)[0]
    low, high = percentile_interval(removal_effects(draws))
    null = removal_effects(_ends_shuffled(counts, whole[0], replicates, np.random.SeedSequence(seed, spawn_key=(1,))))
    structure_low, structure_high = percentile_interval(null)
    p = _farthest_p(effect, null)
    falls = np.where(p > ALPHA, "inside", np.where(effect > null.mean(axis=0), "above", "below"))
    person, cell = counts.nonzero()
    came = np.unique(person.astype(np.int64) * size + cell % size)
    came = came[came % size >= 3]
    arrivals = np.isin(came // size, np.unique(person[cell % size == GOAL]))
    people = np.bincount(came % size, minlength=size)[3:]
    through = np.bincount(came[arrivals] % size, minlength=size)[3:]
    credit = np.nan_to_num(ratio(effect, np.full_like(effect, effect.sum())))
    table = pd.DataFrame({
        column: words, "people": people, "arrivals": through, "effect": effect, "low": low, "high": high,
        "structure": null.mean(axis=0), "structure_low": structure_low, "structure_high": structure_high, "p": p,
        "falls": pd.array(falls, dtype="str"), "share": credit, "credit": credit * arrived, "plain": through / arrived,
        "forced": through >= FORCED * arrived})
    table = table[table["people"] > 0].sort_values("effect", ascending=False, kind="stable", ignore_index=True)
    out = with_ids(table, "attribution", by, to, seed, replicates)
    out.attrs.update(base=float(arrival_chance(whole)[0, 0]), arrived=arrived)
    return out


def _ends_shuffled(counts: sparse.csr_array, whole: np.ndarray, replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Deal arrivals anew to those whose journey ended, among people with as many moves: (replicates, S + 3, S + 3)."""
    size, steps = len(whole), counts.tocoo()
    source, target = np.divmod(steps.coords[1], size)
    moves = np.bincount(steps.coords[0], weights=steps.data * ((target > LEFT) & (source != target)),
                        minlength=counts.shape[0])
    at = np.flatnonzero((target == GOAL) | (target == LEFT))
    last, came, length = source[at], target[at] == GOAL, moves[steps.coords[0][at]]
    # lengths of too few people are taken together with their neighbours
    stratum = np.searchsorted(np.sort(length), length) // (2 * FEW_PEOPLE)
    order = np.argsort(stratum, kind="stable")
    rng = np.random.default_rng(seed)
    out = np.repeat(whole[None], replicates, axis=0)
    for one in out:
        dealt = np.empty(len(at), dtype=bool)
        dealt[order] = came[np.lexsort((rng.random(len(at)), stratum))]
        one[:, GOAL] = np.bincount(last[dealt], minlength=size)
        one[:, LEFT] = np.bincount(last[~dealt], minlength=size)
    return out


def _farthest_p(effect: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Hold the distance of each effect from its structure, in standard deviations, against the farthest of each shuffle."""
    middle, spread = null.mean(axis=0), null.std(axis=0)
    far, farthest = (np.divide(np.abs(one - middle), spread, out=np.zeros_like(one), where=spread > 1e-9)
                     for one in (effect, null))
    return permutation_p(far, np.repeat(farthest.max(axis=1, keepdims=True), len(far), axis=1))


def removal_effects(counts: np.ndarray) -> np.ndarray:
    """Give the share of arrivals that the chain loses without each level: (replicates, S).

    ``counts`` (replicates, S + 3, S + 3) holds the steps between start, goal, left and the S levels, in this order.

    Examples
    --------
    By hand: C1 > C2 > C3 > buy; C1 > left; C2 > C3 > left.

    >>> steps = np.zeros((1, 6, 6))
    >>> for source, target in [(0, 3), (3, 4), (4, 5), (5, 1), (0, 3), (3, 2), (0, 4), (4, 5), (5, 2)]:
    ...     steps[0, source, target] += 1
    >>> removal_effects(steps).round(3).tolist()
    [[0.5, 1.0, 1.0]]
    """
    base = arrival_chance(counts)[:, 0]
    removed = np.stack([removed_chance(counts, level) for level in range(3, counts.shape[1])], axis=1)
    return 1 - np.where(base[:, None] > 0, ratio(removed, np.broadcast_to(base[:, None], removed.shape)), np.nan)
