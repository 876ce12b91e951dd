"""How far journeys are from each other, so measured that the number of steps does not decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.frozen import freeze, show, show_html
from personakit.inference import one_thread
from personakit.journeys.paths.kernels import Padded, aligned_costs, common_lengths, shares_apart
from personakit.journeys.paths.matching import gains_for
from personakit.journeys.steps import Sequences, walked
from personakit.journeys.variants import variant_of
from personakit.records import Journeys
from personakit.schema import STAGE

#: distinct journeys beyond which all pairs are not kept (about 128 MB)
MOST_DISTINCT = 8_000
#: share of people who have taken as many steps as the default horizon; and its smallest number of steps
REACHED, FEWEST_STEPS = 0.9, 5
ROWS = 128
#: what measures rows against columns: (rows, columns) float32
Measure = Callable[[Padded, Padded], np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class JourneyDistances:
    """Distances between the distinct journeys of some people.

    ``people`` (n) and ``variant`` (n): the distinct journey of each. ``journeys``: the distinct ones as rows, ``words``
    the names of their levels. ``condensed`` (distinct * (distinct - 1) / 2, float32): the upper triangle, row by row.
    ``steps_taken`` (n): the length of the whole journey; ``length_correlation``: of the distance of two people with the
    difference of these. ``aside``: people without a step at any level.
    """

    people: pd.Index
    variant: np.ndarray
    journeys: Padded
    words: tuple[str, ...]
    condensed: np.ndarray
    steps_taken: np.ndarray
    length_correlation: float
    by: str
    method: str
    normalise: str
    horizon: int
    aside: int

    def __post_init__(self) -> None:
        freeze(self)

    @property
    def counts(self) -> np.ndarray:
        """How many people took each distinct journey."""
        return np.bincount(self.variant, minlength=len(self.journeys.steps))

    def __repr__(self) -> str:
        facts = {"people": len(self.people), "distinct journeys": len(self.counts), "steps at most": self.horizon,
                 "correlation with length": round(self.length_correlation, 2)}
        return show(f"JourneyDistances {self.method}", facts, "find_paths(journeys, seed=7)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """Some journeys and the way to measure between any two of them."""

    journeys: Padded
    measure: Measure


@one_thread()
def journey_distances(
    journeys: Journeys, *, by: str = STAGE, method: str = "lcs", normalise: str = "longer",
    horizon: int | str | None = "auto", costs: str | pd.DataFrame = "transitions",
) -> JourneyDistances:
    """Measure how far the journeys of all pairs of people are from each other; equal journeys are measured once.

    Use it before ``find_paths``, or to ask with ``discrepancy`` how much of the journeys a trait explains. Raw
    distances mostly tell long journeys from short ones; therefore only the first ``horizon`` steps count by default, and
    what is left is divided by the longer length. ``length_correlation`` says how far length still decides: look at it.
    It cannot tell why two journeys differ, nor see what comes after the horizon.

    Parameters
    ----------
    by
        ``stage`` or ``touchpoint``.
    method
        ``lcs``: steps to delete and insert (the longest common subsequence stays); ``optimal_matching``: steps may also be
        substituted at a cost; ``hamming``: steps that differ at the same place; ``dynamic_hamming``: the same, each place
        with its own costs; ``transition_shares``: how differently they move, whatever the order (Hellinger, 0 to 1).
    normalise
        ``longer`` (divide by the longer length), ``geometric``, ``yujian_bo``, or ``none``. The measures that compare
        place by place divide by the longer length whichever of the first three is asked; shares are never divided.
    horizon
        Steps that count. ``auto``: as many as nine of ten people have taken, at least five; ``None``: all.
    costs
        For ``optimal_matching``: ``transitions`` (2 - p(a|b) - p(b|a)), ``constant`` (2), or a square frame of costs
        indexed and headed by the levels; inserting and deleting cost 1.

    Returns
    -------
    JourneyDistances

    Raises
    ------
    ChoiceError
        An unknown ``by``, ``method``, ``normalise`` or ``costs``.
    StudyError
        The horizon is below 1, the costs do not fit, or there are more than 8,000 distinct journeys.
    TooFewError
        Fewer than two people took a step.

    References
    ----------
    Studer, M. & Ritschard, G. (2016). What matters in differences between life trajectories. JRSS A 179. Elzinga, C. &
    Studer, M. (2019). Normalization of distance and similarity in sequence analysis. Lesnard, L. (2010). Setting cost in
    optimal matching to uncover contemporaneous socio-temporal patterns. Sociological Methods & Research 38.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "buy", "see"], "time_us": [0, 9, 5]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> journey_distances(journeys, by="touchpoint", normalise="none").condensed.tolist()
    [1.0]
    """
    found, variant, distinct, horizon_steps = cut_journeys(journeys, by, horizon)
    people = np.flatnonzero(variant >= 0)
    if len(distinct.steps) > MOST_DISTINCT:
        raise StudyError(f"journeys: {len(distinct.steps)} are distinct, too many to keep all pairs (at most "
                         f"{MOST_DISTINCT}). Give a shorter horizon, or call find_paths, which draws people.")
    counts = np.bincount(variant[people])
    space = make_space(distinct, counts, found.words[:-2], method=method, normalise=normalise, costs=costs)
    condensed = between(space)
    taken = found.length[people]
    return JourneyDistances(
        people=journeys.log.participants[people], variant=variant[people], journeys=distinct, words=found.words[:-2],
        condensed=condensed, steps_taken=taken, by=by, method=method, normalise=normalise, horizon=horizon_steps,
        length_correlation=_length_correlation(condensed, variant[people], taken),
        aside=int((variant < 0).sum()))


def cut_journeys(
    journeys: Journeys, by: str, horizon: int | str | None
) -> tuple[Sequences, np.ndarray, Padded, int]:
    """Return what people did, the distinct journey of each (-1 without a step), these cut at the horizon, and it."""
    found = walked(journeys, by, moves_only=False)
    taken = found.length[found.length > 0]
    if len(taken) < 2:
        raise TooFewError(f"journeys: {len(taken)} people took a step. Distances need at least 2.")
    steps = _horizon(horizon, taken)
    inside = found.position < steps
    code, person = found.code[inside], found.person[inside]
    length = np.minimum(found.length, steps)
    starts = np.cumsum(length) - length
    cut = Sequences(code=code, person=person, position=np.arange(len(code)) - starts[person], length=length,
                    leave=found.leave, words=found.words)
    variant, first = variant_of(cut)
    return found, variant, padded(cut, first), steps


def _horizon(horizon: int | str | None, taken: np.ndarray) -> int:
    if horizon is None:
        return int(taken.max())
    if horizon == "auto":
        reached = int(np.quantile(taken, 1 - REACHED, method="lower"))
        return min(max(reached, FEWEST_STEPS), int(taken.max()))
    if isinstance(horizon, str):
        raise ChoiceError(unknown_name("horizon", horizon, ["auto", "None", "a number of steps"]))
    if horizon < 1:
        raise StudyError(f"horizon: {horizon} steps leave nothing to compare. Give 1 or more.")
    return min(int(horizon), int(taken.max()))


def padded(found: Sequences, people: np.ndarray) -> Padded:
    """Lay the journeys of some people out as rows."""
    levels, length = len(found.words) - 2, found.length[people]
    row = np.full(len(found.length), -1)
    row[people] = np.arange(len(people))
    mine = row[found.person] >= 0
    steps = np.full((len(people), int(length.max(initial=0))), levels, dtype=np.int64)
    steps[row[found.person[mine]], found.position[mine]] = found.code[mine]
    return Padded(steps=steps, length=length, levels=levels)


# ---------------------------------------------------------------- measures
def _lcs(journeys: Padded, counts: np.ndarray, costs: np.ndarray) -> Measure:
    return lambda rows, columns: _both(rows, columns) - 2 * common_lengths(rows, columns)


def _optimal_matching(journeys: Padded, counts: np.ndarray, costs: np.ndarray) -> Measure:
    gains = gains_for(journeys, np.maximum(2 - costs, 0))
    return lambda rows, columns: _both(rows, columns) - gains(rows, columns)


def _hamming(journeys: Padded, counts: np.ndarray, costs: np.ndarray) -> Measure:
    size = journeys.levels + 1
    cost = np.broadcast_to(1 - np.eye(size), (journeys.steps.shape[1], size, size))
    return lambda rows, columns: aligned_costs(rows, columns, cost)


def _dynamic_hamming(journeys: Padded, counts: np.ndarray, costs: np.ndarray) -> Measure:
    cost = dynamic_costs(journeys, counts)
    return lambda rows, columns: aligned_costs(rows, columns, cost)


def _transition_shares(journeys: Padded, counts: np.ndarray, costs: np.ndarray) -> Measure:
    return shares_apart


#: name -> what makes a measure from the distinct journeys, how many people took each, and substitution costs
MEASURES: Mapping[str, Callable[[Padded, np.ndarray, np.ndarray], Measure]] = MappingProxyType(
    {"lcs": _lcs, "optimal_matching": _optimal_matching, "hamming": _hamming, "dynamic_hamming": _dynamic_hamming,
     "transition_shares": _transition_shares})
PLACED, UNDIVIDED = ("hamming", "dynamic_hamming"), ("transition_shares",)
NORMS = ("longer", "geometric", "yujian_bo", "none")


def make_space(
    journeys: Padded, counts: np.ndarray, words: tuple[str, ...], *, method: str = "lcs", normalise: str = "longer",
    costs: str | pd.DataFrame = "transitions",
) -> Space:
    """Check the options of a distance and make the measure; its costs come from these journeys."""
    if method not in MEASURES:
        raise ChoiceError(unknown_name("method", method, list(MEASURES)))
    if normalise not in NORMS:
        raise ChoiceError(unknown_name("normalise", normalise, NORMS))
    raw = MEASURES[method](journeys, counts, substitution_costs(journeys, counts, words, costs))
    if normalise == "none" or method in UNDIVIDED:
        return Space(journeys=journeys, measure=raw)
    how = "longer" if method in PLACED else normalise
    return Space(journeys=journeys, measure=lambda rows, columns: _normalised(raw(rows, columns), rows, columns, how))


def _both(rows: Padded, columns: Padded) -> np.ndarray:
    return (rows.length[:, None] + columns.length).astype(np.float32)


def _normalised(raw: np.ndarray, rows: Padded, columns: Padded, how: str) -> np.ndarray:
    mine, theirs = rows.length[:, None].astype(np.float32), columns.length.astype(np.float32)
    if how == "longer":
        return raw / np.maximum(mine, theirs)
    if how == "geometric":
        return 1 - (mine + theirs - raw) / (2 * np.sqrt(mine * theirs))
    return 2 * raw / (mine + theirs + raw)


def substitution_costs(
    journeys: Padded, counts: np.ndarray, words: tuple[str, ...], costs: str | pd.DataFrame
) -> np.ndarray:
    """Return what it costs to put one level for another: (levels, levels), 0 on the diagonal."""
    size = journeys.levels
    if isinstance(costs, pd.DataFrame):
        missing = [one for one in words if one not in costs.index or one not in costs.columns]
        if missing:
            raise StudyError(f"costs: {len(missing)} of {size} levels have none ({first_five(missing)}). "
                             f"Give a square frame.")
        own = costs.loc[list(words), list(words)].to_numpy(float)
        if not np.isfinite(own).all() or (own < 0).any() or not np.allclose(own, own.T) or own.diagonal().any():
            raise StudyError("costs: must be finite, symmetric, not negative, and 0 on the diagonal. Correct the frame.")
        return own
    if costs not in ("transitions", "constant"):
        raise ChoiceError(unknown_name("costs", costs, ["transitions", "constant", "a frame"]))
    if costs == "constant":
        return 2.0 - 2.0 * np.eye(size)
    rates = _rates(journeys, counts, slice(None))
    own = 2 - rates - rates.T
    np.fill_diagonal(own, 0)
    return own


def _rates(journeys: Padded, counts: np.ndarray, steps: slice) -> np.ndarray:
    size = journeys.levels
    source, target = journeys.steps[:, :-1][:, steps], journeys.steps[:, 1:][:, steps]
    known = target < size
    weight = np.broadcast_to(counts[:, None], source.shape)[known].astype(float)
    moves = np.bincount(source[known] * size + target[known], weights=weight, minlength=size * size).reshape(size, size)
    return moves / np.maximum(moves.sum(axis=1, keepdims=True), 1)


def dynamic_costs(journeys: Padded, counts: np.ndarray) -> np.ndarray:
    """Costs that follow the moves just before and after each step (Lesnard, 2010): 4 less both rates, both ways.

    At the first and the last step one pair of rates lacks; the other counts twice. Another end than the other's costs 4.
    """
    width, size = journeys.steps.shape[1], journeys.levels
    out = np.full((width, size + 1, size + 1), 4.0)
    rates = [_rates(journeys, counts, slice(at, at + 1)) for at in range(width - 1)] or [np.zeros((size, size))]
    for at in range(width):
        before, after = rates[max(at - 1, 0)], rates[min(at, len(rates) - 1)]
        before = after if at == 0 else before
        after = before if at == width - 1 else after
        out[at, :-1, :-1] -= before + before.T + after + after.T
    out[:, np.arange(size + 1), np.arange(size + 1)] = 0
    return out


# ---------------------------------------------------------------- all pairs
def _upper(space: Space) -> Iterator[tuple[int, np.ndarray]]:
    count = len(space.journeys.steps)
    for start in range(0, count, ROWS):
        stop = min(start + ROWS, count)
        yield start, space.measure(space.journeys.take(slice(start, stop)), space.journeys.take(slice(start, count)))


def between(space: Space) -> np.ndarray:
    """Measure all pairs once: the upper triangle, row by row (float32)."""
    count = len(space.journeys.steps)
    out = np.empty(count * (count - 1) // 2, dtype=np.float32)
    at = 0
    for _, block in _upper(space):
        for row in range(len(block)):
            mine = block[row, row + 1:]
            out[at:at + len(mine)] = mine
            at += len(mine)
    return out


def square(condensed: np.ndarray, count: int) -> np.ndarray:
    """Write the upper triangle out as a symmetric matrix (float32)."""
    out = np.zeros((count, count), dtype=np.float32)
    out[np.triu_indices(count, 1)] = condensed
    return out + out.T


def _length_correlation(condensed: np.ndarray, variant: np.ndarray, taken: np.ndarray) -> float:
    """Correlate distance and difference of length over pairs of people: all pairs of at most 600, evenly drawn."""
    some = np.linspace(0, len(variant) - 1, min(len(variant), 600)).astype(int)
    first, second = np.triu_indices(len(some), 1)
    low, high = (choose(variant[some[first]], variant[some[second]]) for choose in (np.minimum, np.maximum))
    count = int(round((1 + np.sqrt(1 + 8 * len(condensed))) / 2))
    place = low * count - low * (low + 1) // 2 + high - low - 1
    apart = np.where(low == high, 0.0, np.append(condensed, 0)[np.where(low == high, len(condensed), place)])
    longer = np.abs(taken[some[first]] - taken[some[second]]).astype(float)
    if not longer.std() or not apart.std():
        return 0.0
    return float(np.corrcoef(apart, longer)[0, 1])
