"""What comes next, judged on people the model has never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import StudyError, TooFewError
from personakit.eventlog import DAY_US, person_of
from personakit.inference import one_thread, percentile_interval, person_weights, weighted_rate
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import STAGE

FOLDS = 5
TRUST = 5.0  # steps' worth of the shorter memory that is mixed into the longer one
BINS = 10


@one_thread()
def predict_next(
    journeys: Journeys, *, by: str = STAGE, landmark_days: float | None = None, seed: int, replicates: int = 500
) -> pd.DataFrame:
    """Ask how well the next step can be told from the last ones, on people held out.

    Use it before promising that journeys can be foreseen. Three models of growing memory, the longer backing off to the
    shorter where it has seen little, learn from four fifths of the people and are asked about the others. A step is told
    only from what came before it. With ``landmark_days`` only the first step after each participant's landmark is asked
    for, known events are those before it, and the models learn from events before the landmark and these first steps
    only: nothing later can leak in. It cannot tell why, nor what would change the step.

    Returns
    -------
    DataFrame
        evidence_id, model (``shares``: the baseline, the same for everyone; ``last``; ``last_two``), people, steps,
        log_loss (mean over people, nats), low, high (95 %, bootstrap of people), gain (less than the baseline by so much),
        gain_low, gain_high, hit (share of steps whose likeliest level came), calibration (mean distance between said and
        seen chances, ten bins of equal width, weighted by their steps).

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        ``landmark_days`` is not above 0.
    TooFewError
        Fewer than 10 people have a step to tell.

    References
    ----------
    Chen, S. & Goodman, J. (1999). An empirical study of smoothing techniques for language modeling. Computer Speech &
    Language 13. van Houwelingen, H. (2007). Dynamic prediction by landmarking. SJS 34.
    """
    column = check_view(journeys, by)
    if landmark_days is not None and not landmark_days > 0:
        raise StudyError(f"landmark_days: {landmark_days} days hold nothing. Give a number above 0, or None.")
    person, past, after, asked = _questions(journeys, column, landmark_days)
    who = np.unique(person[asked])
    if len(who) < FEW_PEOPLE:
        raise TooFewError(f"journeys: {len(who)} people have a next step to tell. At least {FEW_PEOPLE} are needed.")
    size = len(journeys.log.levels[column])
    fold = np.random.default_rng(seed).permutation(np.arange(len(journeys.log.participants)) % FOLDS)[person]
    said = np.zeros((3, len(after), size))
    for one in range(FOLDS):
        learn, told = fold != one, (fold == one) & asked
        said[:, told] = _told(past[learn], after[learn], past[told], size)
    said, person, after = said[:, asked], person[asked], after[asked]
    weights = person_weights(len(who), replicates=replicates, seed=seed)
    losses = np.stack([_by_person(-np.log(one[np.arange(len(after)), after]), person, who) for one in said], axis=1)
    draws = weighted_rate(weights, losses)
    low, high = percentile_interval(draws)
    gain_low, gain_high = percentile_interval(draws[:, :1] - draws)
    loss = losses.mean(axis=0)
    table = pd.DataFrame({
        "model": ["shares", "last", "last_two"], "people": len(who), "steps": len(after), "log_loss": loss, "low": low,
        "high": high, "gain": loss[0] - loss, "gain_low": gain_low, "gain_high": gain_high,
        "hit": [float((one.argmax(axis=1) == after).mean()) for one in said],
        "calibration": [_calibration(one, after) for one in said]})
    return with_ids(table.astype({"model": "str"}), "next", by, landmark_days, seed, replicates)


def _questions(
    journeys: Journeys, column: str, landmark_days: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Person, past (last, the one before; -1 where none), next level of each step, and whether it is asked for."""
    log = journeys.log
    owner = person_of(log)
    known = np.flatnonzero(log.codes[column] >= 0)
    since = log.time_us - log.time_us[np.minimum(log.offsets[:-1], max(len(log.time_us) - 1, 0))][owner]
    late = np.zeros(len(known), dtype=bool) if landmark_days is None else since[known] > landmark_days * DAY_US
    code, person = log.codes[column][known].astype(np.int64), owner[known]
    at = np.flatnonzero(np.diff(person, prepend=-1) == 0)
    two_back = np.where((at >= 2) & (person[at] == person[at - 2]), code[at - 2], -1)
    asked = np.ones(len(at), dtype=bool) if landmark_days is None else late[at] & ~late[at - 1]
    # nothing after the first step past the landmark is looked at, not even to learn from
    kept = ~late[at] | asked
    return person[at][kept], np.stack([code[at - 1], two_back], axis=1)[kept], code[at][kept], asked[kept]


def _told(past: np.ndarray, after: np.ndarray, wanted: np.ndarray, size: int) -> np.ndarray:
    """Chances of each level (3 models, wanted, size): each memory mixed with the shorter one."""
    none = (np.bincount(after, minlength=size) + 1.0) / (len(after) + size)
    one = _counts(past[:, 0], after, size, size)
    last = (one + TRUST * none) / (one.sum(axis=1, keepdims=True) + TRUST)
    two = _counts(past[:, 0] * (size + 1) + past[:, 1] + 1, after, size * (size + 1), size)
    shorter = np.repeat(last, size + 1, axis=0)
    both = (two + TRUST * shorter) / (two.sum(axis=1, keepdims=True) + TRUST)
    return np.stack([np.broadcast_to(none, (len(wanted), size)), last[wanted[:, 0]],
                     both[wanted[:, 0] * (size + 1) + wanted[:, 1] + 1]])


def _counts(context: np.ndarray, after: np.ndarray, contexts: int, size: int) -> np.ndarray:
    return np.bincount(context * size + after, minlength=contexts * size).reshape(contexts, size).astype(np.float64)


def _by_person(values: np.ndarray, person: np.ndarray, who: np.ndarray) -> np.ndarray:
    place = np.searchsorted(who, person)
    return np.bincount(place, weights=values, minlength=len(who)) / np.bincount(place, minlength=len(who))


def _calibration(said: np.ndarray, after: np.ndarray) -> float:
    came = (np.arange(said.shape[1]) == after[:, None]).ravel()
    bins = np.minimum((said.ravel() * BINS).astype(int), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    off = np.abs(np.bincount(bins, weights=said.ravel(), minlength=BINS) - np.bincount(bins, weights=came, minlength=BINS))
    return float(off.sum() / count.sum())
