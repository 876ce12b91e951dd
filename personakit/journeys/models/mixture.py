"""Several processes in one log: a mixture of Markov chains, fitted to each person's counts of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import StudyError, TooFewError
from personakit.frozen import freeze, show, show_html
from personakit.inference import one_thread
from personakit.journeys.compare.scores import step_ratios
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.records import Journeys
from personakit.schema import STAGE

#: steps of people (people, cells): sparse, or as an array where that is small
Counts: TypeAlias = sparse.csr_array | np.ndarray
STARTS, ENDS, SHORT, LONG, ENOUGH, SAMPLE = 24, 4, 8, 500, 1e-6, 4000
PRIOR = 0.5  # counts added to a row, spread over it: no step is impossible because nobody in a chain took it


@dataclass(frozen=True, kw_only=True, eq=False)
class JourneyMixture:
    """A mixture of Markov chains. ``table`` (k, log_likelihood, parameters, bic, smallest, agreed, selected); for the
    selected ``k``: ``membership`` (participants by C1..Ck, from large to small) and ``chains`` (chain, source, target,
    share; source ``start`` is where journeys begin), ``shares`` (of the participants, by chain). ``agreed``: the share of
    the long runs that ended at the best.
    """

    table: pd.DataFrame
    membership: pd.DataFrame
    chains: pd.DataFrame
    k: int
    seed: int
    shares: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        return show("JourneyMixture", {"chains": self.k, "participants": len(self.membership)},
                    "compare_journeys(journeys, personas, seed=7)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Chains:
    """Fitted chains: ``weight`` (chains), ``logs`` of the shares of steps (chains, cells)."""

    likelihood: float
    weight: np.ndarray
    logs: np.ndarray


@one_thread()
def journey_mixture(journeys: Journeys, *, k: Sequence[int] = range(1, 6), by: str = STAGE, seed: int) -> JourneyMixture:
    """Ask whether the log mixes several processes, without personas: how many, who follows which.

    Use it to see whether journeys fall apart by themselves, and as a check of ``markov_order``: a mixture looks like a long
    memory. ``k`` is chosen by the BIC with the number of *people*; one chain is an answer. Fitted by EM on each person's
    counts of first levels and steps: many short starts, the best of them to the end. It says nothing of time, and chains are
    not personas: nobody chose them.

    Parameters
    ----------
    k
        The numbers of chains to try.

    Returns
    -------
    JourneyMixture

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        A ``k`` is below 1.
    TooFewError
        Fewer than 10 people for each chain.

    References
    ----------
    Cadez, I. et al. (2003). Model-based clustering and visualization of navigation patterns on a web site. Data Mining
    and Knowledge Discovery 7. Helske, S. & Helske, J. (2019). Mixture hidden Markov models for sequence data. JSS 88.
    """
    column = check_view(journeys, by)
    tried = sorted(set(k))
    if not tried or tried[0] < 1:
        raise StudyError(f"k: {list(k)} cannot be tried. Give whole numbers from 1 on.")
    ratios, cells = step_ratios(journeys.log, column, with_first=True)
    used = np.flatnonzero(np.diff(ratios.top.indptr) > 0)
    if len(used) < FEW_PEOPLE * tried[-1]:
        raise TooFewError(f"k: {tried[-1]} chains need {FEW_PEOPLE * tried[-1]} people with events; there are {len(used)}.")
    counts, of = ratios.top[used].astype(np.float64), ratios.of
    size = len(journeys.log.levels[column])
    free = int((np.bincount(of, minlength=size + 1) > 0).sum()) * (size - 1)
    fits, rows = {}, []
    for chains, child in zip(tried, np.random.SeedSequence(seed).spawn(len(tried)), strict=True):
        best, agreed = fit_chains(counts, of, chains, np.random.default_rng(child))
        parameters = chains * free + chains - 1
        smallest = float(best.weight.min())
        rows.append((chains, best.likelihood, parameters, -2 * best.likelihood + np.log(len(used)) * parameters, smallest,
                     agreed))
        fits[chains] = best
    table = pd.DataFrame(rows, columns=["k", "log_likelihood", "parameters", "bic", "smallest", "agreed"])
    thin = table["smallest"] * len(used) < FEW_PEOPLE
    chosen = tried[int(np.where(thin, np.inf, table["bic"]).argmin())]
    table["selected"] = table["k"] == chosen
    return _mixture(fits[chosen], counts, (journeys, column, used, cells), table, seed)


def _mixture(fit: Chains, counts: sparse.csr_array, where: tuple, table: pd.DataFrame, seed: int) -> JourneyMixture:
    journeys, column, used, cells = where
    order = np.argsort(-fit.weight, kind="stable")
    names = [f"C{one + 1}" for one in range(len(order))]
    responsible = chain_shares(counts, fit.weight[order], fit.logs[order])[0]
    words = [*map(str, journeys.log.levels[column]), "start"]
    size = len(words) - 1
    chains = pd.concat([pd.DataFrame({"chain": name, "source": [words[cell // size] for cell in cells],
                                      "target": [words[cell % size] for cell in cells], "share": np.exp(fit.logs[at])})
                        for name, at in zip(names, order, strict=True)], ignore_index=True)
    membership = pd.DataFrame(responsible, index=journeys.log.participants[used], columns=names)
    return JourneyMixture(table=table, membership=membership, chains=chains, k=len(names), seed=seed,
                          shares=dict(zip(names, map(float, fit.weight[order]), strict=True)))


def fit_chains(
    counts: Counts, of: np.ndarray, k: int, rng: np.random.Generator, *, starts: int = STARTS, ends: int = ENDS,
) -> tuple[Chains, float]:
    """Run many short starts on a sample of people, the best of them on everyone to the end.

    ``counts`` (people, cells) of first levels and steps, ``of`` (cells) the source of each, in order. Gives the chains,
    and the share of the long runs that ended at the best.
    """
    if k == 1:
        return _run(counts, of, np.ones((counts.shape[0], 1)), 1), 1.0
    some = counts if counts.shape[0] <= SAMPLE else counts[np.sort(rng.choice(counts.shape[0], SAMPLE, replace=False))]
    begun = []
    for _ in range(starts):
        # a start: a few people a chain, so that chains begin apart
        pick = rng.choice(some.shape[0], size=(k, min(5, some.shape[0] // k)), replace=False)
        logs = np.stack([step_logs(some[one], of, np.ones((len(one), 1)))[0] for one in pick])
        begun.append(_run(some, of, chain_shares(some, np.full(k, 1 / k), logs)[0], SHORT))
    begun.sort(key=lambda one: -one.likelihood)
    ended = [_run(counts, of, chain_shares(counts, one.weight, one.logs)[0], LONG) for one in begun[:ends]]
    best = max(ended, key=lambda one: one.likelihood)
    near = np.mean([best.likelihood - one.likelihood < 0.01 * k for one in ended])
    return best, float(near)


def _run(counts: Counts, of: np.ndarray, responsible: np.ndarray, most: int) -> Chains:
    before = -np.inf
    for _ in range(most):
        weight = responsible.mean(axis=0).clip(1e-9)
        weight /= weight.sum()
        logs = step_logs(counts, of, responsible)
        responsible, likelihood = chain_shares(counts, weight, logs)
        if likelihood - before < ENOUGH * abs(likelihood):
            break
        before = likelihood
    return Chains(likelihood=likelihood, weight=weight, logs=logs)


def step_logs(counts: Counts, of: np.ndarray, responsible: np.ndarray) -> np.ndarray:
    """Return the logs of the shares of steps of each chain (chains, cells), given who follows it."""
    sums = np.asarray((counts.T @ responsible).T, dtype=np.float64)
    opens = np.append(True, of[1:] != of[:-1])
    row, starts = np.cumsum(opens) - 1, np.flatnonzero(opens)
    sums = sums + PRIOR / np.bincount(row)[row]
    return np.log(sums) - np.log(np.add.reduceat(sums, starts, axis=1))[:, row]


def chain_shares(counts: Counts, weight: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how likely each person follows each chain (people, chains), and the log-likelihood of all."""
    joint = counts @ logs.T + np.log(weight)
    most = joint.max(axis=1, keepdims=True)
    chance = np.exp(joint - most)
    total = chance.sum(axis=1, keepdims=True)
    return chance / total, float((most + np.log(total)).sum())
