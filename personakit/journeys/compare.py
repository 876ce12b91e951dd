"""Do journeys differ between personas? One test over people, an effect a step, and a verdict that may be "cannot tell"."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import xlogy

from personakit.eventlog import DAY_US, count_cells, keep_rows, person_of, transition_counts
from personakit.inference import adjust_bh, one_thread, percentile_interval, permutation_p, permuted
from personakit.journeys.groups import ALL, FEW_PEOPLE, bootstrap_chunks, check_view, ratio
from personakit.journeys.rows import with_ids
from personakit.records import EncodedLog, Journeys, Personas
from personakit.schema import STAGE

ALPHA = 0.05
COLUMNS = ["persona_a", "persona_b", "people_a", "people_b", "change", "low", "high", "p", "q", "verdict"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tested:
    """The people of one comparison: persona (n, 0..k-1), steps (n, S * S) and first stages (n, S or 0) of each."""

    label: np.ndarray
    steps: np.ndarray
    first: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        return np.bincount(self.label)


@one_thread()
def compare_journeys(
    journeys: Journeys, personas: Personas, *, by: str = STAGE, margin: float = 0.02, seed: int, replicates: int = 500
) -> pd.DataFrame:
    """Ask whether the personas take different steps: all of them at once, then each pair.

    Use it before drawing one map a persona: journeys that do not differ deserve one pooled map. The statistic is the
    sum over stages of the G2 of what comes next across personas (and of where journeys start), and personas are
    shuffled over *people*, so that all steps of a person move together. Where the personas were made from each
    participant's first days (``personas.features.window_days``), only steps wholly after these days are tested; where
    they were made from the whole log, or from an unknown part of it, no honest test is left and the verdict is
    ``cannot_tell``. ``not_distinguishable`` is no proof of sameness: read the interval. ``p`` tests any dependence of
    steps on personas, also that people of one persona vary more among themselves; the verdict asks for a change as well.

    Parameters
    ----------
    by
        ``stage`` or ``touchpoint``.
    margin
        A change a step below this is too small to call journeys different, whatever its p. Misassigned people carry
        some of one persona's journey into another: the default leaves room for that.
    replicates
        Shuffles of personas, and bootstrap samples of people.

    Returns
    -------
    DataFrame
        evidence_id, persona_a, persona_b (``all`` in the first row), people_a, people_b (with tested steps), change
        (mean total variation a step: the share of next steps that would have to change, less what chance alone gives),
        low, high (bootstrap of people), p, q (Benjamini-Hochberg over the pairs), verdict: ``differ`` (q <= .05 and
        the interval above ``margin``), ``not_distinguishable``, ``cannot_tell``. ``attrs["reason"]`` is empty, or says
        why nothing can be told: one_persona, unknown_window, too_few_people.

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.

    References
    ----------
    Agresti, A. (2013). Categorical data analysis (G2). Phipson, B. & Smyth, G. K. (2010). Permutation p-values should
    never be zero. SAGMB 9.
    """
    column = check_view(journeys, by)
    names = [str(one) for one in personas.membership.columns]
    window = personas.features.window_days
    log = journeys.log if window is None or np.isnan(window) else _later(journeys.log, window)
    tested = _people(log, column, personas, with_first=window is None)
    sizes = np.bincount(tested.label, minlength=len(names))
    reason = _reason(names, window, sizes)
    pairs = list(itertools.combinations(range(len(names)), 2))
    seeds = np.random.SeedSequence(seed).spawn(1 + len(pairs))
    rows = [(ALL, ALL, int(sizes.sum()), int(sizes.sum()),
             *_compare(tested, replicates, seeds[0], refuse=bool(reason)))]
    for (a, b), child in zip(pairs, seeds[1:], strict=True):
        found = _compare(_only(tested, a, b), replicates, child,
                         refuse=bool(reason) or min(sizes[a], sizes[b]) < FEW_PEOPLE)
        rows.append((names[a], names[b], int(sizes[a]), int(sizes[b]), *found))
    table = pd.DataFrame(rows, columns=COLUMNS[:8])
    table["q"] = np.append(table["p"].to_numpy()[:1], adjust_bh(table["p"].to_numpy()[1:]))
    differ = (table["q"] <= ALPHA) & (table["low"] > margin)
    table["verdict"] = np.where(table["p"].isna(), "cannot_tell", np.where(differ, "differ", "not_distinguishable"))
    out = with_ids(table.astype({"verdict": "str"}), "comparison", by, margin, seed, replicates, window)
    out.attrs["reason"] = reason
    return out


def _later(log: EncodedLog, window_days: float) -> EncodedLog:
    since = log.time_us - log.time_us[log.offsets[:-1]][person_of(log)]
    return keep_rows(log, since >= window_days * DAY_US)


def _people(log: EncodedLog, column: str, personas: Personas, *, with_first: bool) -> _Tested:
    place = personas.membership.columns.get_indexer(pd.Index(personas.labels.reindex(log.participants)))
    steps = transition_counts(log, column)
    known = np.flatnonzero(log.codes[column] >= 0)
    owner = person_of(log)[known]
    first = known[np.append(True, np.diff(owner) != 0)[: len(known)]]
    size = len(log.levels[column]) if with_first else 0
    starts = count_cells(person_of(log)[first], log.codes[column][first],
                         (len(log.participants), len(log.levels[column])))
    used = np.flatnonzero((place >= 0) & (np.asarray(steps.sum(axis=1)) > 0))
    return _Tested(label=place[used].astype(np.int16), steps=steps[used].toarray().astype(np.float64),
                   first=starts[used][:, :size].toarray().astype(np.float64))


def _reason(names: list[str], window: float | None, sizes: np.ndarray) -> str:
    if len(names) < 2:
        return "one_persona"
    if window is not None and np.isnan(window):
        return "unknown_window"
    return "too_few_people" if (sizes >= FEW_PEOPLE).sum() < 2 else ""


def _only(tested: _Tested, a: int, b: int) -> _Tested:
    rows = np.flatnonzero((tested.label == a) | (tested.label == b))
    return _Tested(label=(tested.label[rows] == b).astype(np.int16), steps=tested.steps[rows], first=tested.first[rows])


def _compare(
    tested: _Tested, replicates: int, seed: np.random.SeedSequence, *, refuse: bool
) -> tuple[float, float, float, float]:
    """Change a step, low, high and p."""
    if refuse:
        return (np.nan,) * 4
    shuffle, redraw = seed.spawn(2)
    labels = np.concatenate([tested.label[None, :], permuted(tested.label, replicates=replicates, seed=shuffle)])
    statistic, change = [], []
    k = int(tested.label.max()) + 1
    # the observed labels ride along as the first row
    for chunk in np.array_split(labels, max(1, len(labels) * k * sum(tested.steps.shape) // 8_000_000)):
        weights = (chunk[:, None, :] == np.arange(k)[None, :, None]).astype(np.float64)
        steps = weights @ tested.steps
        statistic.append(_g2(steps, tested.first.shape[1], weights @ tested.first))
        change.append(_change(steps))
    null, changes = np.concatenate(statistic), np.concatenate(change)
    corrected = changes[0] - np.nanmean(changes[1:])
    draws = _bootstrap(tested, k, replicates, redraw)
    # redrawn people carry chance twice: only the spread of the draws is used, around the corrected change
    low, high = percentile_interval(draws - np.nanmean(draws) + corrected)
    return max(corrected, 0.0), max(float(low), 0.0), max(float(high), 0.0), float(permutation_p(null[0], null[1:]))


def _bootstrap(tested: _Tested, k: int, replicates: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Redraw the people of each persona (their number is kept) and take the change each time."""
    sums = np.zeros((replicates, k, tested.steps.shape[1]))
    for persona, child in enumerate(seed.spawn(k)):
        own = tested.steps[tested.label == persona]
        if len(own):
            sums[:, persona] = np.concatenate([weights @ own for weights in bootstrap_chunks(
                len(own), replicates=replicates, seed=child)])
    return _change(sums)


def _square(steps: np.ndarray) -> np.ndarray:
    size = int(round(np.sqrt(steps.shape[-1])))
    return steps.reshape(*steps.shape[:-1], size, size)


def _g2(steps: np.ndarray, starts: int, first: np.ndarray) -> np.ndarray:
    """G2 homogeneity across personas, summed over source stages and the row of first stages: (replicates,)."""
    table = _square(steps)
    if starts:
        table = np.concatenate([table, first[:, :, None, :]], axis=2)
    personas = table.sum(axis=3)
    pooled = table.sum(axis=1)
    return 2 * (xlogy(table, table).sum(axis=(1, 2, 3)) - xlogy(personas, personas).sum(axis=(1, 2))
                - xlogy(pooled, pooled).sum(axis=(1, 2)) + xlogy(personas.sum(axis=1), personas.sum(axis=1)).sum(axis=1))


def _change(steps: np.ndarray) -> np.ndarray:
    """Mean total variation a step: (replicates,).

    Two personas are compared with each other; more of them each with everyone, weighted by their steps. Stages weigh by
    how often people are there; a stage that a persona never leaves tells nothing of it.
    """
    table = _square(steps)
    personas = table.sum(axis=3)
    shares = ratio(table, personas[..., None])
    if table.shape[1] == 2:
        apart = np.abs(shares[:, 0] - shares[:, 1]).sum(axis=2) / 2
        weight = np.where(np.isnan(apart), 0.0, personas.sum(axis=1))
    else:
        pooled = ratio(table.sum(axis=1), personas.sum(axis=1)[..., None])
        apart = np.abs(shares - pooled[:, None]).sum(axis=3) / 2
        weight = np.where(np.isnan(apart), 0.0, personas)
    axes = tuple(range(1, apart.ndim))
    return ratio((weight * np.nan_to_num(apart)).sum(axis=axes), weight.sum(axis=axes))
