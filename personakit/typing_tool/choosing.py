"""Which questions, and the rule that their answers make: a multinomial logistic one with a weak ridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import log_softmax

from personakit.typing_tool.answers import Answers

#: pull of the weights towards zero (in people: a weight of 1 costs half a unit of likelihood), and Newton steps at most
RIDGE, STEPS = 1.0, 30
#: questions that look best at first sight and are tried in full at each step, and exchanges for each size
LOOKED_AT, EXCHANGES = 8, 3
#: what one unit of likelihood counts beside one person placed rightly
LIKELIHOOD = 0.3
#: score of a persona that nobody here belongs to: it is never given
NEVER = -30.0


def best_sets(answers: Answers, rows: np.ndarray, labels: np.ndarray, costs: np.ndarray, most: int) -> list[list[int]]:
    """Find a good set of questions of each size up to ``most``: add the best one for its cost, then exchange.

    A set is worth the people it places rightly, and a little the likelihood, less one unit for each weight it needs. The
    questions that explain most of what is left (a score test) are tried in full. After each addition the question that is
    missed least gives way to one that is worth more and no dearer, as long as there is one (Pudil et al., 1994).
    ``rows`` are the people used; ``labels`` theirs.
    """
    values = answers.values[rows]
    _, label = np.unique(labels, return_inverse=True)
    search = _Search(answers=answers, values=values, member=np.eye(label.max() + 1)[label], costs=costs)
    sets: list[list[int]] = []
    chosen: list[int] = []
    while len(chosen) < min(most, len(answers.questions)):
        chosen = [*chosen, _best_addition(search, chosen, np.inf)]
        for _ in range(EXCHANGES):
            rest = max(([one for one in chosen if one != gone] for gone in chosen), key=search.worth)
            new = [*rest, _best_addition(search, rest, costs[list(set(chosen) - set(rest))].sum())]
            if search.worth(new) <= search.worth(chosen) + 1e-6:
                break
            chosen = new
        sets.append(chosen)
    return sets


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """The people whom questions are tried on, and what each set of questions was worth (computed once)."""

    answers: Answers
    values: np.ndarray
    member: np.ndarray
    costs: np.ndarray
    known: dict[frozenset[int], tuple[float, np.ndarray]] = field(default_factory=dict)

    def at(self, chosen: Sequence[int]) -> tuple[float, np.ndarray]:
        """Return the worth of a set and what it leaves unexplained (people, personas)."""
        key = frozenset(chosen)
        if key not in self.known:
            columns = self.answers.of(sorted(key)) if key else np.array([], dtype=int)
            self.known[key] = _likelihood(self.values[:, columns], self.member)
        return self.known[key]

    def worth(self, chosen: Sequence[int]) -> float:
        """Return the worth of a set."""
        return self.at(chosen)[0]


def _best_addition(search: _Search, chosen: list[int], dearest: float) -> int:
    reached, left_over = search.at(chosen)
    open_ones = [one for one in range(len(search.costs)) if one not in chosen and search.costs[one] <= dearest]
    first_sight = [_score(search.values[:, search.answers.of([one])], left_over) / search.costs[one] for one in open_ones]
    tried = [open_ones[at] for at in np.argsort(-np.round(first_sight, 9), kind="stable")[:LOOKED_AT]]
    gains = [(search.worth([*chosen, one]) - reached) / search.costs[one] for one in tried]
    return tried[int(np.round(gains, 9).argmax())]


def _score(values: np.ndarray, left_over: np.ndarray) -> float:
    return float(((values.T @ left_over) ** 2 / ((values**2).T @ left_over**2 + 1e-9)).sum())


def _likelihood(values: np.ndarray, member: np.ndarray) -> tuple[float, np.ndarray]:
    intercept, weights = _newton(values, member)
    logs = log_softmax(intercept + values @ weights, axis=1)
    right = (logs.argmax(axis=1) == member.argmax(axis=1)).sum()
    worth = right + LIKELIHOOD * ((logs * member).sum() - values.shape[1] * (member.shape[1] - 1))
    return float(worth), member - np.exp(logs)


def fit_rule(values: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit intercepts (k) and weights (terms, k). A persona that nobody here belongs to can never be given."""
    present, label = np.unique(labels, return_inverse=True)
    intercept, weights = np.full(k, NEVER), np.zeros((values.shape[1], k))
    intercept[present], weights[:, present] = _newton(values, np.eye(len(present))[label])
    return intercept, weights


def _newton(values: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the penalised likelihood's maximum; a step that would not gain is halved."""
    table = np.column_stack([np.ones(len(values)), values])
    p, k = table.shape[1], member.shape[1]
    pull = np.repeat([[1e-4], [RIDGE]], [1, p - 1], axis=0)
    beta = np.zeros((p, k))
    logs = log_softmax(table @ beta, axis=1)
    loss = -(logs * member).sum()
    for _ in range(STEPS):
        share = np.exp(logs)
        bend = np.zeros((k, p, k, p))
        for a in range(k):
            for b in range(a, k):
                bend[a, :, b] = bend[b, :, a] = (table * (share[:, a] * ((a == b) - share[:, b]))[:, None]).T @ table
        bend = bend.reshape(k * p, k * p) + np.diag(np.tile(pull[:, 0], k))
        step = np.linalg.solve(bend, (table.T @ (share - member) + pull * beta).T.ravel()).reshape(k, p).T
        for _ in range(20):
            logs = log_softmax(table @ (beta - step), axis=1)
            after = -(logs * member).sum() + 0.5 * (pull * (beta - step) ** 2).sum()
            if after <= loss:
                break
            step = step / 2
        beta, gained, loss = beta - step, loss - after, after
        if gained < 1e-7 * len(values):
            break
    return beta[0], beta[1:]
