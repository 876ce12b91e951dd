"""Build a typing tool: choose the questions, fit the rule, and say how well both do on people they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import softmax

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.frozen import Sentence
from personakit.inference import one_thread
from personakit.records import Features, Personas
from personakit.schema import FEATURE_KINDS, KIND, ORIGIN, PERSONA, UNIT, VERDICTS
from personakit.typing_tool.answers import Answers, encode
from personakit.typing_tool.choosing import best_sets, fit_rule
from personakit.typing_tool.tool import FILL, INTERCEPT, LEVEL, QUESTION, SURE, TypingTool
from personakit.typing_tool.trials import (
    Ground,
    Method,
    Trials,
    calibration,
    figures,
    no_surer,
    recalls,
    temperature,
    try_halves,
)

#: no tool asks more; and splits in halves
MOST_QUESTIONS, REPEATS = 12, 5
#: whatever the accuracy, no persona is recognised less often; each has at least so many people who answered
LEAST_RECALL, FEWEST = 0.6, 8
#: people whom trials and the rule are made of; beyond it a sample of them stands for all
LARGE = 3_000


@one_thread()
def build_typing_tool(
    personas: Personas, features: Features, method: Method, *,
    questions: Sequence[str] | Mapping[str, float] | None = None, target: float = 0.8, seed: int,
) -> TypingTool:
    """Find the shortest set of questions that places new people in the personas, and say how far to trust it.

    Use it once personas are chosen, to recognise them in the next survey, in interviews or in a shop. It cannot tell
    whether there are personas: a rule recognises pieces of pure noise just as well when it is judged by the labels it was
    made from. So it is judged otherwise. The people are split in two halves; each half makes its own personas with
    ``method``, and the tool of one half (questions, order, rule) places the people of the other. ``accuracy`` is how often
    it agrees with what that half found by itself: halves of noise find different personas. Still, personas that only cut a
    continuum at a handy place are recognised very well: accuracy never lifts a verdict. Halves are smaller than the study,
    so accuracy is rather too low.

    Parameters
    ----------
    personas, features
        The personas and the features that hold the questions (also held-back answers), of the same people.
    method
        What made the personas: ``(table, k, seed) -> membership``, such as ``METHODS["kmeans"]`` of ``candidates``.
    questions
        The features that may be asked, or feature -> cost (seconds, money). Where None: those that come from answers, else
        the active ones; each costs 1.
    target
        The accuracy to reach. The shortest set that reaches it and recognises each persona at least 60 % of the time is
        taken; where none does, the shortest within one standard error of the best.
    seed
        Of the halves and of the personas made again.

    Returns
    -------
    TypingTool
        The questions are those that serve all people best; each trial chose its own. Probabilities are scaled so that they
        are right on people not seen; under .6 the tool says that it cannot tell. The number of questions is chosen on the
        trials that it is reported with, which flatters it a little.

    Raises
    ------
    ChoiceError
        A question that is not a feature.
    StudyError
        Personas and features of other people; a cost that is not above 0; a method that returns something else.
    TooFewError
        A single persona, or one with fewer than 8 people who answered any question.

    References
    ----------
    Tibshirani and Walther (2005), Cluster validation by prediction strength; Guo, Pleiss, Sun and Weinberger (2017), On
    calibration of modern neural networks (temperature).

    Examples
    --------
    >>> from personakit.typing_tool import assign_personas
    >>> ids = pd.Index([f"p{one:02d}" for one in range(60)], name="participant_id")
    >>> table = pd.DataFrame(np.repeat([[0, 0, 1], [1, 1, 0]], 30, axis=0), ids, ["plan", "list", "rush"], dtype=float)
    >>> catalog = pd.DataFrame({"kind": "binary", "role": "active"}, index=table.columns)
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> def halves(table, k, seed):
    ...     return np.eye(k)[table["plan"].astype(int)]
    >>> personas = Personas(candidate="halves-2", features=features, quality=pd.Series(), stability=pd.DataFrame(),
    ...                     membership=pd.DataFrame(halves(table, 2, 0), ids, ["P1", "P2"]), tried=1, chosen=True)
    >>> tool = build_typing_tool(personas, features, halves, seed=7)
    >>> list(tool.questions.index), assign_personas(tool, table.iloc[[0, 59]])["persona"].tolist()
    (['plan'], ['P1', 'P2'])
    """
    names, costs = pick_questions(features, personas, questions)
    verdict = str(personas.quality.get("verdict", VERDICTS[-1]))
    trial_seed, deal = np.random.SeedSequence(seed).spawn(2)
    ground = _ground(personas, features, names, costs, np.random.default_rng(deal))
    sets = best_sets(*_answered(ground), ground.costs, MOST_QUESTIONS)
    trials = try_halves(ground, method, repeats=REPEATS, most=len(sets), seed=trial_seed)
    checks = _checks(trials, sets, names, costs, target)
    at = int(np.flatnonzero(checks["chosen"])[0])
    chosen = sets[at]
    probability = softmax(trials.scores[at] / temperature(trials.scores[at], trials.truth), axis=1)
    top = probability.max(axis=1)
    tool = TypingTool(
        candidate=personas.candidate,
        verdict=verdict,
        personas={str(one): personas.names.get(str(one), str(one)) for one in personas.membership.columns},
        questions=_questions(features, ground.answers, trials, chosen, costs),
        rule=_rule(ground, chosen, float(top.mean()), [str(one) for one in personas.membership.columns]),
        checks=checks,
        recall=recalls(trials, at).set_axis(pd.Index(personas.membership.columns, name=PERSONA)),
        calibration=calibration(top, probability.argmax(axis=1) == trials.truth),
        largest=float(np.bincount(ground.labels).max() / len(ground.labels)),
        people=len(np.unique(trials.person)),
        target=target,
        seed=seed,
    )
    return _with_why(tool)


def pick_questions(
    features: Features, personas: Personas, questions: Sequence[str] | Mapping[str, float] | None
) -> tuple[list[str], np.ndarray]:
    """Return the questions that may be asked, in the order of the features, with their costs."""
    catalog = features.catalog
    if questions is None:
        asked = [str(one) for one in catalog.index[catalog[ORIGIN] == "answers"]] if ORIGIN in catalog else []
        questions = asked or [str(one) for one in personas.features.active.columns if one in catalog.index]
    costs = dict(questions) if isinstance(questions, Mapping) else dict.fromkeys(questions, 1.0)
    for name, cost in costs.items():
        if name not in catalog.index:
            raise ChoiceError(unknown_name("questions", name, [str(one) for one in catalog.index]))
        if catalog.loc[name, KIND] not in FEATURE_KINDS:
            raise ChoiceError(unknown_name(f"kind of {name}", catalog.loc[name, KIND], FEATURE_KINDS))
        if not cost > 0:
            raise StudyError(f"questions: the cost of {name} is {cost}. Give a number above 0.")
    names = [str(one) for one in catalog.index if one in costs]
    if not names:
        raise ChoiceError("questions: none is left. Name the features that people can be asked.")
    return names, np.array([float(costs[name]) for name in names])


def _ground(personas: Personas, features: Features, names: list[str], costs: np.ndarray, rng: np.random.Generator) -> Ground:
    index = personas.membership.index
    unknown = index.difference(features.natural.index)
    if len(unknown):
        raise StudyError(f"personas: {len(unknown)} of {len(index)} participants are not in features "
                         f"({first_five(unknown)}). Use the features that the personas were made from.")
    # sorted first, so that the order of rows has no influence
    place = np.argsort(index.to_numpy(dtype=object), kind="stable")
    if len(place) > LARGE:
        place = place[np.sort(rng.choice(len(place), LARGE, replace=False))]
    index = index[place]
    answers = encode(features.natural.loc[index, names], {name: str(features.catalog[KIND].loc[name]) for name in names})
    labels = personas.membership.to_numpy(dtype=float)[place].argmax(axis=1)
    if personas.membership.shape[1] < 2:
        raise TooFewError("typing tool: there is one persona, and everyone is in it. There is nothing to ask.")
    counts = np.bincount(labels[answers.given.any(axis=1)], minlength=personas.membership.shape[1])
    few = [f"{name} {count}" for name, count in zip(personas.membership.columns, counts, strict=True) if count < FEWEST]
    if few:
        raise TooFewError(f"typing tool: {len(few)} personas have fewer than {FEWEST} people who answered any of the "
                          f"questions ({first_five(few)}). Ask more people, or choose other questions.")
    return Ground(table=personas.features.active.loc[index], labels=labels, answers=answers, costs=costs, k=len(counts))


def _answered(ground: Ground) -> tuple[Answers, np.ndarray, np.ndarray]:
    rows = np.flatnonzero(ground.answers.given.any(axis=1))
    return ground.answers, rows, ground.labels[rows]


def _checks(trials: Trials, sets: list[list[int]], names: list[str], costs: np.ndarray, target: float) -> pd.DataFrame:
    rows = [{"asked": ", ".join(names[one] for one in chosen), "cost": float(costs[chosen].sum()), **figures(trials, length)}
            for length, chosen in enumerate(sets)]
    checks = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="questions"))
    enough = (checks["accuracy"] >= target) & (checks["least_recall"] >= LEAST_RECALL)
    if not enough.any():
        best = checks.iloc[int(checks["accuracy"].to_numpy().argmax())]
        enough = checks["accuracy"] >= best["accuracy"] - (best["high"] - best["low"]) / (2 * 1.96)
    return checks.assign(chosen=checks.index == enough.idxmax())


def _span(answers: pd.Series, kind: str) -> tuple[float, float]:
    """Return the lowest and the highest answer, of an open number rounded outwards: its ends are one person's each."""
    if kind == "nominal":
        return np.nan, np.nan
    low, high = float(answers.min()), float(answers.max())
    if kind in ("binary", "ordinal") or not high > low:
        return low, high
    step = 10.0 ** (np.floor(np.log10(high - low)) - 1)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def _questions(features: Features, answers: Answers, trials: Trials, chosen: list[int], costs: np.ndarray) -> pd.DataFrame:
    names = [answers.questions[one] for one in chosen]
    facts = features.catalog.loc[names]
    spans = [_span(features.natural[name], str(facts[KIND][name])) for name in names]
    ends = {"low": [one[0] for one in spans], "high": [one[1] for one in spans]}
    text = {name: facts[name].fillna("").astype("str").to_numpy() if name in facts else "" for name in ("label", UNIT)}
    return pd.DataFrame({
        "label": text["label"], KIND: facts[KIND].to_numpy(), UNIT: text[UNIT], **ends, "cost": costs[chosen],
        "answered": answers.given[:, chosen].mean(axis=0),
        "picked": [float(np.mean([one in sets[len(chosen) - 1] for sets in trials.sets])) for one in chosen],
    }, index=pd.Index(names, name=QUESTION))


def _rule(ground: Ground, chosen: list[int], mean_top: float, personas: list[str]) -> pd.DataFrame:
    """Fit the rule on everyone who answered, and write it for answers as they are given."""
    answers, rows, labels = _answered(ground)
    at = answers.of(chosen)
    intercept, weights = fit_rule(answers.values[np.ix_(rows, at)], labels, ground.k)
    heat = no_surer(intercept + answers.values[np.ix_(rows, at)] @ weights, mean_top)
    terms = answers.terms.iloc[at]
    weights = weights / terms["scale"].to_numpy()[:, None] / heat
    start = intercept / heat - terms[FILL].to_numpy() @ weights
    names = [f"{one}={level}" if level else one for one, level in zip(terms[QUESTION], terms[LEVEL], strict=True)]
    head = pd.DataFrame({QUESTION: ["", *terms[QUESTION]], LEVEL: ["", *terms[LEVEL]], FILL: [1.0, *terms[FILL]]})
    rule = head.join(pd.DataFrame(np.vstack([start, weights]), columns=personas))
    return rule.set_axis(pd.Index([INTERCEPT, *names], name="term"))


def _with_why(tool: TypingTool) -> TypingTool:
    row = tool.checks[tool.checks["chosen"].to_numpy()].iloc[0]
    values = {"n": len(tool.questions), "accuracy": float(row["accuracy"]), "low": float(row["low"]),
              "high": float(row["high"]), "largest": tool.largest, "people": tool.people, "target": tool.target,
              "cannot_tell": float(row["cannot_tell"]), "recall": float(row["least_recall"]), "sure": SURE,
              "persona": str(tool.recall["recall"].fillna(0.0).idxmin())}
    reached = row["accuracy"] >= tool.target and row["least_recall"] >= LEAST_RECALL
    keys = ["accuracy", "no_better" if row["low"] <= tool.largest else "chance", "cannot_tell",
            *([] if reached else ["short"]), *([] if tool.verdict in VERDICTS[:2] else [f"verdict_{tool.verdict}"])]
    return replace(tool, why=tuple(Sentence(key=f"typing.{key}", values=values) for key in keys))
