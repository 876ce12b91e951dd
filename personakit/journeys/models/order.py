"""Is the next step known from the last one, or does the way there matter? Order of a chain, and where it flips."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import chi2, ncx2

from personakit.errors import StudyError
from personakit.eventlog import person_of
from personakit.inference import adjust_bh, one_thread, permutation_p
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import STAGE

ALPHA = 0.05
EFFECT = 0.1  # a share of next steps that would change: the effect whose power is stated


@one_thread()
def markov_order(
    journeys: Journeys, *, by: str = STAGE, orders: int = 2, seed: int, replicates: int = 200
) -> pd.DataFrame:
    """Ask how many steps back one must look to know the next one: orders 0, 1, 2, each fitted to the same steps.

    Use it before a transition table is read as a map: where order 1 is enough, arrows from stage to stage tell all; where
    2 is needed, ``context_flips`` lists the stages whose next step depends on where people came from. An order is
    selected where a permutation rejects the one below: next steps are shuffled among the steps with the same shorter past.
    The BIC, beside it, asks whether the memory is worth its many shares: where it is least at a shorter order, the memory
    is there but small, and a shorter map tells nearly as much. People with processes of their own also look like a longer
    memory: see ``journey_mixture``.

    Parameters
    ----------
    orders
        The longest memory to try, 1 to 3.
    replicates
        Shuffles within contexts.

    Returns
    -------
    DataFrame
        evidence_id, order, steps, parameters (free shares: only contexts that occur, only levels that follow the shorter
        context at all), log_likelihood, bic (n: steps), p (against the order below; empty for 0),
        power (to reject the order below at 5 % if a tenth of next steps depended on one step more), selected (one row).

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        ``orders`` is not 1, 2 or 3.

    References
    ----------
    Katz, R. (1981). On some criteria for estimating the order of a Markov chain. Technometrics 23. Singer, P. et al.
    (2014). Detecting memory and structure in human navigation patterns. PLoS ONE 9.
    """
    if orders not in (1, 2, 3):
        raise StudyError(f"orders: {orders} cannot be tried. Give 1, 2 or 3: more needs more steps than logs hold.")
    column = check_view(journeys, by)
    size = len(journeys.log.levels[column])
    past, after, _ = _windows(journeys, column, orders)
    rng = np.random.default_rng(seed)
    rows = []
    for order in range(orders + 1):
        context = _context(past, order, size)
        likelihood = float(_fit(_table(context, after, size)))
        parameters = _parameters(past, after, order, size)
        p, power = (np.nan, np.nan) if not order else _against_below(past, after, order, size, (rng, replicates))
        rows.append((order, len(after), parameters, likelihood, -2 * likelihood + np.log(max(len(after), 1)) * parameters,
                     p, power))
    table = pd.DataFrame(rows, columns=["order", "steps", "parameters", "log_likelihood", "bic", "p", "power"])
    table["selected"] = table["order"] == int((table["p"].iloc[1:] <= ALPHA).cummin().sum())
    return with_ids(table, "order", by, orders, seed, replicates)


@one_thread()
def context_flips(journeys: Journeys, *, by: str = STAGE, seed: int, replicates: int = 500) -> pd.DataFrame:
    """List where the commonest next step depends on the step before: the arrows that a first-order map draws wrongly.

    Use it where ``markov_order`` selects 2 or more. It looks one step further back and no more, and cannot tell people with
    processes of their own from one process with a memory: see ``journey_mixture``.

    Returns
    -------
    DataFrame
        evidence_id, before, stage (or touchpoint) now, people, steps, usual (the commonest next step from here), next (the
        commonest after ``before``), share (of ``next`` after ``before``), usual_share (of ``next`` from here, whatever
        came before), p (steps shuffled among those from here), q (Benjamini-Hochberg over all contexts with 10 people).
        Only contexts whose next step flips, with q <= .05.

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    """
    column = check_view(journeys, by)
    words = list(map(str, journeys.log.levels[column]))
    size = len(words)
    past, after, person = _windows(journeys, column, 2)
    now, before = past[:, 0], past[:, 1]
    context = now * size + before
    table, here = _table(context, after, size), _table(now, after, size)
    people = np.bincount(np.unique(context * (int(person.max(initial=0)) + 1) + person) // (int(person.max(initial=0)) + 1),
                         minlength=size * size)
    rng = np.random.default_rng(seed)
    # the statistic of a context: how often its own favourite came, standardised under shuffling
    observed = _stand_out(table, here)
    null = np.stack([_stand_out(_table(context, _shuffled(now, after, rng), size), here) for _ in range(replicates)])
    p = np.where(people >= FEW_PEOPLE, permutation_p(observed, null), np.nan)
    q = adjust_bh(p)
    usual, own = here.argmax(axis=1), table.argmax(axis=1)
    rows = []
    for cell in np.flatnonzero(q <= ALPHA):
        at, came = divmod(int(cell), size)
        if own[cell] != usual[at]:
            rows.append((words[came], words[at], int(people[cell]), int(table[cell].sum()), words[usual[at]],
                         words[own[cell]], table[cell, own[cell]] / table[cell].sum(),
                         here[at, own[cell]] / here[at].sum(), p[cell], q[cell]))
    columns = ["before", "stage", "people", "steps", "usual", "next", "share", "usual_share", "p", "q"]
    frame = pd.DataFrame(rows, columns=columns).astype({"before": "str", "stage": "str", "usual": "str", "next": "str"})
    frame = frame.sort_values(["q", "people"], ascending=[True, False], kind="stable", ignore_index=True)
    return with_ids(frame, "flips", by, seed, replicates)


def _windows(journeys: Journeys, column: str, orders: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Past (steps, orders: last first), next level and person of every step that has so long a past."""
    known = np.flatnonzero(journeys.log.codes[column] >= 0)
    code, person = journeys.log.codes[column][known].astype(np.int64), person_of(journeys.log)[known]
    at = np.arange(orders, len(code))
    at = at[person[at] == person[at - orders]]
    past = np.stack([code[at - 1 - back] for back in range(orders)], axis=1) if orders else np.empty((len(at), 0), int)
    return past, code[at], person[at]


def _context(past: np.ndarray, order: int, size: int) -> np.ndarray:
    out = np.zeros(len(past), dtype=np.int64)
    for back in range(order):
        out = out * size + past[:, back]
    return out


def _table(context: np.ndarray, after: np.ndarray, size: int) -> np.ndarray:
    """Next levels by context, only as many contexts as there are."""
    return np.bincount(context * size + after, minlength=(int(context.max(initial=0)) + 1) * size).reshape(-1, size)


def _parameters(past: np.ndarray, after: np.ndarray, order: int, size: int) -> int:
    """Count free shares; a step that never happens is taken to be impossible, whatever the memory."""
    if not order:
        return int((np.bincount(after, minlength=size) > 0).sum() - 1)
    context = np.unique(_context(past, order, size))
    follow = (_table(_context(past, order - 1, size), after, size) > 0).sum(axis=1)
    # the shorter context leaves out the oldest level
    return int((follow[context // size] - 1).sum())


def _fit(table: np.ndarray) -> float:
    counts = table.astype(np.float64)
    return xlogy(counts, counts).sum() - xlogy(counts.sum(axis=1), counts.sum(axis=1)).sum()


def _against_below(past: np.ndarray, after: np.ndarray, order: int, size: int,
                   draw: tuple[np.random.Generator, int]) -> tuple[float, float]:
    rng, replicates = draw
    below, context = _context(past, order - 1, size), _context(past, order, size)
    observed = _fit(_table(context, after, size))
    null = [_fit(_table(context, _shuffled(below, after, rng), size)) for _ in range(replicates)]
    return float(permutation_p(observed, null)), _power(_table(context, after, size), size)


def _shuffled(context: np.ndarray, after: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffle next levels among steps with the same context."""
    order = np.argsort(context, kind="stable")
    mixed = np.lexsort((rng.random(len(context)), context))
    out = np.empty_like(after)
    out[order] = after[mixed]
    return out


def _power(table: np.ndarray, size: int) -> float:
    """Chance to see it if in every context ``EFFECT`` of next steps moved from one level to another (noncentral chi2)."""
    steps = table.sum(axis=1)
    used = steps > 0
    degrees = int(used.sum() - 1) * (size - 1)
    if degrees < 1:
        return np.nan
    # least favourable: between two levels of middling share
    moved = float(steps.sum()) * 2 * EFFECT**2 / (2 / size)
    return float(ncx2.sf(chi2.isf(ALPHA, degrees), degrees, moved))


def _stand_out(table: np.ndarray, here: np.ndarray) -> np.ndarray:
    """For each context how far its commonest next level stands above what the level now would give."""
    size = table.shape[1]
    rows = np.zeros((size * size, size))
    rows[: len(table)] = table
    at = np.arange(size * size) // size
    whole = np.zeros((size, size))
    whole[: len(here)] = here
    total = rows.sum(axis=1)
    expected = np.divide(whole, whole.sum(axis=1, keepdims=True), out=np.zeros_like(whole),
                         where=whole.sum(axis=1, keepdims=True) > 0)[at] * total[:, None]
    return np.divide(rows - expected, np.sqrt(expected), out=np.zeros_like(rows), where=expected > 0).max(axis=1)
