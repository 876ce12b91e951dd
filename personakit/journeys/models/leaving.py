"""Who will not come back? A discrete-time hazard of leaving, one question a visit, judged on people held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, TooFewError
from personakit.eventlog import DAY_US, person_of
from personakit.frozen import Sentence, freeze, show, show_html
from personakit.inference import one_thread, percentile_interval, person_weights, ratio, wilson_interval
from personakit.journeys.compare.guard import from_events
from personakit.journeys.ends import OWN_GAPS
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.models.hazard import fit_hazard, odds_ratios, say_hazard
from personakit.journeys.models.predict import FOLDS
from personakit.journeys.reach import need_times
from personakit.journeys.rows import with_ids
from personakit.journeys.trace import NATURAL_END
from personakit.records import EncodedLog, Journeys, Personas
from personakit.schema import CHANNEL, PERSONA, STAGE

VISITS = ("1", "2–3", "4–7", "8–15", "16+")  # the clock: a hazard of its own for each
TENTHS = 10
LARGE = 20_000  # people asked about: of more, as many are drawn


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaving:
    """How well leaving can be told. ``scores`` (one row a model: ``base_rate``, ``hazard``): people, visits (questions),
    left, log_loss (nats a question), low, high (95 %, bootstrap of people), gain (less than the base rate by so much),
    gain_low, gain_high, brier, brier_gain, brier_low, brier_high (of the gain), calibration (distance of said and seen: of
    the base rate that of the means, of the hazard the mean one in ``calibration``). ``terms``: term, level, against,
    people, ratio (of the odds to leave at a visit: per doubling, or against the commonest level; levels of fewer than 10
    people count as that), low, high (95 %, robust to several visits a person). ``calibration`` (what ``hazard`` said to
    held-out people, in tenths): visits, people, said, seen, low, high (Wilson). ``foreseen``: whether the gain is surely
    above 0; ``why`` says it in a sentence.
    """

    scores: pd.DataFrame
    terms: pd.DataFrame
    calibration: pd.DataFrame
    foreseen: bool
    why: tuple[Sentence, ...]
    landmark_days: float | None
    seed: int

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        row = self.scores.iloc[1]
        facts = {"visits": int(row["visits"]), "left": int(row["left"]),
                 "than the base rate": "better" if self.foreseen else "no better"}
        return show("Leaving", facts, "attrition(journeys)")

    _repr_html_ = show_html


@dataclass(frozen=True, kw_only=True, eq=False)
class _Questions:
    """One row a question: whose, whether they left, the bin of the clock, and what was known (rows, terms)."""

    person: np.ndarray
    left: np.ndarray
    clock: np.ndarray
    known: np.ndarray
    terms: list[tuple[str, str, str]]


@one_thread()
def predict_leaving(
    journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE, landmark_days: float | None = None,
    seed: int, replicates: int = 500,
) -> Leaving:
    """Ask how well it can be told who will not come back, visit by visit, on people held out.

    Use it before anybody acts on a list of people "about to leave". At the end of each visit the question is whether it
    was the last; known is what came before: the number of the visit, days and events since the first, the stage (or
    touchpoint) and channel now, the persona. A logistic hazard learns from four fifths of the people and is asked about
    the others, beside the base rate: the share who leave after as many visits, whoever they are.

    Open journeys stay open: a visit is only asked about where the silence that makes a journey ``ended`` (everyone's, or
    the person's own where that is longer) would fit before the cut, whatever came after it. A journey that ends where it
    is meant to has not been left. With ``landmark_days`` there is one question a participant, that many days after the
    first event: will anything still come? Days of silence until then are known, too; who was silent for longer than
    everyone's limit is not asked about. Personas that come from first days are only used for visits after these. It cannot
    tell why people leave, nor what would keep them: the ratios are associations, with the other terms held equal. Visits
    before the log began are not known, so ``visit`` counts from there. Of more than 20,000 people as many are drawn.

    Returns
    -------
    Leaving

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.
    StudyError
        ``landmark_days`` is not above 0 or lies within the days that made the personas; personas come from events and the
        days are not known; journeys come from interviews.
    TooFewError
        Fewer than 10 people left, or came back, in the visits that can be asked about.

    References
    ----------
    Singer, J. & Willett, J. (1993). It's about time: using discrete-time survival analysis. J. of Educational Statistics
    18. van Houwelingen, H. (2007). Dynamic prediction by landmarking. SJS 34. Brier, G. (1950). Monthly Weather Review 78.
    """
    column = check_view(journeys, by)
    need_times(journeys, "predict_leaving")
    since, rng = _first_day(personas, landmark_days), np.random.default_rng(seed)
    drawn = rng.permutation(len(journeys.log.participants)) < LARGE
    asked = _asked(journeys, personas, column, landmark_days, (drawn, since))
    _enough(asked)
    asked, who = _kept(asked), np.unique(asked.person)
    fold = rng.permutation(np.arange(len(drawn)) % FOLDS)[asked.person]
    said = np.zeros((2, len(asked.left)))
    for one in range(FOLDS):
        said[:, fold == one] = _told(asked, fold != one, fold == one)
    scores = _scores(said, asked, np.searchsorted(who, asked.person), replicates, seed)
    tenths = _tenths(said[1], asked)
    away = np.average(np.abs(tenths["said"] - tenths["seen"]), weights=tenths["visits"])
    scores["calibration"] = [float(abs(said[0].mean() - asked.left.mean())), float(away)]
    key = ("leaving", by, landmark_days, seed, replicates)
    foreseen = bool(scores["gain_low"].iloc[1] > 0)
    return Leaving(scores=with_ids(scores, *key), terms=with_ids(_ratios(asked), *key), calibration=with_ids(tenths, *key),
                   foreseen=foreseen, why=(_why(scores, foreseen),), landmark_days=landmark_days, seed=seed)


def _first_day(personas: Personas | None, landmark_days: float | None) -> float:
    """Say from which day on the personas tell nothing of what comes, 0 where they did not come from events."""
    if landmark_days is not None and not landmark_days > 0:
        raise StudyError(f"landmark_days: {landmark_days} days hold nothing. Give a number above 0, or None.")
    if personas is None or not from_events(personas):
        return 0.0
    window = personas.features.window_days
    if window is None or np.isnan(window):
        raise StudyError("personas: they come from events of days that are not known, so they may tell what came later. "
                         "Build the features with window_days, or leave the personas out.")
    if landmark_days is not None and landmark_days < window:
        raise StudyError(f"landmark_days: {landmark_days:g} lies within the first {window:g} days, which made the personas. "
                         f"Give {window:g} or more, or leave the personas out.")
    return float(window)


def _enough(asked: _Questions) -> None:
    for what, rows in (("left", asked.left == 1), ("came back", asked.left == 0)):
        people = len(np.unique(asked.person[rows]))
        if people < FEW_PEOPLE:
            raise TooFewError(f"journeys: {people} people {what} after visits whose outcome is known. At least {FEW_PEOPLE} "
                              f"are needed; {len(np.unique(asked.person))} people have such visits.")


def _asked(journeys: Journeys, personas: Personas | None, column: str, landmark_days: float | None,
           of: tuple[np.ndarray, float]) -> _Questions:
    """Find the last event before each question, whether anything came after it, and what was known.

    ``of``: who is asked about (people, bool), and from which day on.
    """
    drawn, since = of
    log, ends = journeys.log, journeys.ends
    owner, entry = person_of(log), log.time_us[log.offsets[:-1]]
    limit = ends["gap_limit_us"].to_numpy()
    few = limit[ends["sessions"].to_numpy() <= OWN_GAPS]
    # not one's own limit: it knows one's later silences, so that of those who were never so silent only the returned stay
    everyones = int(few[0]) if len(few) else int(np.median(limit))
    if landmark_days is None:
        at = np.flatnonzero(np.append(np.diff(journeys.session) != 0, True)[: len(owner)])
        moment = log.time_us[at]
    else:
        moment = entry + int(landmark_days * DAY_US)
        at = log.offsets[:-1] + np.bincount(owner[log.time_us <= moment[owner]], minlength=len(entry)) - 1
    person = owner[at]
    # both answers must have been possible before the cut, and whoever is gone at the moment is not asked about
    fit = (moment + np.maximum(limit, everyones)[person] < journeys.cut_us) & (moment - log.time_us[at] <= everyones)
    fit &= drawn[person] & (moment >= entry[person] + since * DAY_US)
    share = np.zeros((len(entry), 0))
    if personas is not None:
        share = personas.membership.reindex(log.participants).to_numpy(dtype=float)
        fit &= np.isfinite(share.sum(axis=1))[person]
    at, moment, person = at[fit], moment[fit], person[fit]
    last = at == log.offsets[person + 1] - 1
    finished = log.codes[NATURAL_END][at] >= 0 if NATURAL_END in log.codes else np.zeros(len(at), dtype=bool)
    visit = journeys.session[at] - journeys.session[log.offsets[person]] + 1
    clock = np.minimum(np.log2(visit).astype(np.int64), len(VISITS) - 1)
    known, terms = _known(log, column, at, moment)
    known += [(clock == place).astype(np.float64) for place in range(len(VISITS))]
    terms += [("visit", level, "") for level in VISITS]
    for place, name in list(enumerate([] if personas is None else personas.membership.columns)):
        known.append(share[person, place])
        terms.append((PERSONA, str(name), ""))
    if landmark_days is not None:
        clock = np.zeros_like(clock)
    return _Questions(person=person, left=(last & ~finished).astype(np.int64), clock=clock,
                      known=np.array(known).reshape(len(known), len(at)).T, terms=terms)


def _known(log: EncodedLog, column: str, at: np.ndarray,
           moment: np.ndarray) -> tuple[list[np.ndarray], list[tuple[str, str, str]]]:
    """List what is known at each question from the event ``at`` and those before it, with the name of each term."""
    person = person_of(log)[at]
    start = log.offsets[person]
    numbers = {"days": np.log2(1 + (log.time_us[at] - log.time_us[start]) / DAY_US),
               "steps": np.log2(1 + at - start), "silent_days": np.log2(1 + (moment - log.time_us[at]) / DAY_US)}
    known, terms = list(numbers.values()), [(name, "", "") for name in numbers]
    for name in (column, CHANNEL):
        if name not in log.codes:
            continue
        # the last event whose level is known, of this person
        seen = np.maximum.accumulate(np.where(log.codes[name] >= 0, np.arange(len(log.time_us)), -1))[at]
        code, size = np.where(seen >= start, log.codes[name][seen], -1), len(log.levels[name])
        met = np.unique((person * size + code)[code >= 0]) % max(size, 1)
        for place in np.flatnonzero(np.bincount(met, minlength=size) >= FEW_PEOPLE):  # a log may have thousands of levels
            known.append((code == place).astype(np.float64))
            terms.append((name, str(log.levels[name][int(place)]), ""))
    return known, terms


def _kept(asked: _Questions) -> _Questions:
    """Leave out what is the same in every question or rare, and the commonest level of each kind: the others' measure."""
    seen = np.array([len(np.unique(asked.person[column != 0])) for column in asked.known.T])
    keep = (asked.known.std(axis=0) > 1e-6) & (seen >= FEW_PEOPLE)
    against = {}
    for kind in dict.fromkeys(kind for kind, level, _ in asked.terms if level):
        own = [place for place, (name, _, _) in enumerate(asked.terms) if name == kind]
        most = own[int(asked.known[:, own].sum(axis=0).argmax())]
        against[kind] = asked.terms[most][1]
        keep[most] = False
    return _Questions(person=asked.person, left=asked.left, clock=asked.clock, known=asked.known[:, keep],
                      terms=[(kind, level, against.get(kind, "")) for (kind, level, _), one in
                             zip(asked.terms, keep, strict=True) if one])


def _told(asked: _Questions, learn: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Chances to leave (2, questions told): the base rate at the same clock, and the hazard, both of other people."""
    left, clock = asked.left[learn], asked.clock[learn]
    rate = (left.sum() + 0.5) / (len(left) + 1)
    seen = np.bincount(clock, minlength=len(VISITS))
    base = (np.bincount(clock, weights=left, minlength=len(VISITS)) + rate) / (seen + 1)
    found = fit_hazard(asked.known[learn], left)
    return np.stack([base[asked.clock[told]], say_hazard(found, asked.known[told])]).clip(1e-6, 1 - 1e-6)


def _scores(said: np.ndarray, asked: _Questions, place: np.ndarray, replicates: int, seed: int) -> pd.DataFrame:
    """Log loss and Brier score a question, and what the hazard gains; people are redrawn with all their questions."""
    count = np.bincount(place)
    losses = np.where(asked.left == 1, -np.log(said), -np.log1p(-said)), (said - asked.left) ** 2
    sums = np.column_stack([np.bincount(place, weights=one) for loss in losses for one in loss])
    weights = person_weights(len(count), replicates=replicates, seed=seed).astype(np.float64)
    draws, mean = (weights @ sums) / (weights @ count)[:, None], sums.sum(axis=0) / count.sum()
    out = pd.DataFrame({"model": pd.array(["base_rate", "hazard"], dtype="str"), "people": len(count),
                        "visits": len(asked.left), "left": int(asked.left.sum())})
    out["log_loss"], (out["low"], out["high"]) = mean[:2], percentile_interval(draws[:, :2])
    out["gain"] = mean[0] - mean[:2]
    out["gain_low"], out["gain_high"] = percentile_interval(draws[:, :1] - draws[:, :2])
    out["brier"], out["brier_gain"] = mean[2:], mean[2] - mean[2:]
    out["brier_low"], out["brier_high"] = percentile_interval(draws[:, 2:3] - draws[:, 2:])
    return out


def _tenths(said: np.ndarray, asked: _Questions) -> pd.DataFrame:
    """Lay what was said to held-out people beside what was seen, in tenths of the questions."""
    part = np.empty(len(said), dtype=np.int64)
    part[np.argsort(said, kind="stable")] = np.arange(len(said)) * TENTHS // len(said)
    visits = np.bincount(part)
    people = np.bincount(np.unique(asked.person * TENTHS + part) % TENTHS, minlength=len(visits))
    left = np.bincount(part, weights=asked.left)
    low, high = wilson_interval(left, visits)
    table = pd.DataFrame({"visits": visits, "people": people, "said": ratio(np.bincount(part, weights=said), visits),
                          "seen": ratio(left, visits), "low": low, "high": high})
    return table[table["visits"] > 0].reset_index(drop=True)


def _ratios(asked: _Questions) -> pd.DataFrame:
    value, low, high = odds_ratios(asked.known, asked.left, asked.person)
    people = [len(np.unique(asked.person[column != 0])) for column in asked.known.T]
    table = pd.DataFrame(asked.terms, columns=["term", "level", "against"]).astype("str")
    return table.assign(people=np.array(people, dtype=np.int64), ratio=value, low=low, high=high)


def _why(scores: pd.DataFrame, foreseen: bool) -> Sentence:
    base, hazard = scores.iloc[0], scores.iloc[1]
    return Sentence(key=f"journeys.leaving_{'' if foreseen else 'not_'}foreseen", values={
        "n": int(hazard["people"]), "visits": int(hazard["visits"]), "left": int(hazard["left"]),
        "gain": float(hazard["gain"]), "low": float(hazard["gain_low"]), "high": float(hazard["gain_high"]),
        "base": float(base["log_loss"])})
