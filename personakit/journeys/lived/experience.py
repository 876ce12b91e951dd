"""What people live through, stage by stage: said, told and done, laid side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.frozen import Sentence, freeze, show, show_html
from personakit.inference import one_thread
from personakit.journeys.friction import rank_friction
from personakit.journeys.groups import ALL
from personakit.journeys.lived.curve import curve_table, moment_table
from personakit.journeys.lived.effort import effort_table, person_effort
from personakit.journeys.lived.scores import INTERVIEWS, Scores, gather_scores, passages
from personakit.journeys.lived.truth import truth_table
from personakit.journeys.rows import with_ids
from personakit.records import Journeys, Personas, Study
from personakit.schema import CODE, KIND, PARTICIPANT, PERSONA, SOURCE, STAGE, TOUCHPOINT

#: people who all say the same from whom their word counts without an interval
ALIKE = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Experience:
    """What people live through. Every frame has an ``evidence_id`` a row; their columns are listed in ``experience``.

    ``curve``, ``moments``, ``effort``, ``told``, ``triangulation``, ``truth``; ``unusable``: variable, reason; ``why`` says
    it in sentences.
    """

    curve: pd.DataFrame
    moments: pd.DataFrame
    effort: pd.DataFrame
    told: pd.DataFrame
    triangulation: pd.DataFrame
    truth: pd.DataFrame
    unusable: pd.DataFrame
    why: tuple[Sentence, ...]
    seed: int

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"places": len(self.curve), "pains and delights": len(self.told), "questions set aside": len(self.unusable)}
        return show("Experience", facts, "plot_experience(experience)")

    _repr_html_ = show_html


@one_thread()
def experience(
    study: Study, journeys: Journeys | None = None, personas: Personas | None = None, *, outcome: pd.Series | None = None,
    seed: int, replicates: int = 400,
) -> Experience:
    """Lay beside each other what people said (CES, CSAT, NPS), told (interviews) and did (effort), by stage and touchpoint.

    Use it for the experience curve of a map and for where to listen next. Sources are never mixed into one number. An
    answer about effort (CES) whose good end is not declared is set aside, not guessed. The curve of late stages is a curve
    of those who are left: ``survivors`` marks where they had felt otherwise before, ``within_mean`` follows the same
    people. It cannot tell what those feel who were never asked, and interviews are no share of a market.

    Parameters
    ----------
    journeys
        What ``trace_journeys`` returned: needed for response rates, effort and friction.
    outcome
        One number or 0/1 a participant that came *after* the stages, for the moments of truth; by default the answer to
        the first NPS question.

    Returns
    -------
    Experience
        curve: persona (``all`` first), source (ces, csat, nps, interviews), stage, touchpoint (empty: the whole stage),
        mean, low, high (-2 worst to +2 best; bootstrap of people, NaN where all say the same), n, natural, natural_low,
        natural_high, unit (of the question: ``1–7``, percent of the two best answers, nps), met (people who were there; 0
        for interviews), response_rate (of these), weighted_mean (answers weighted by the inverse chance to answer, NaN
        where it cannot be modelled), within_mean, survivors, few (fewer than 10 people). moments: persona, source, moment
        (peak, trough, end), stage, mean, probability (share of resamples that agree; of the end: that it is above the mean
        of the other stages), n. effort: persona, measure, mean, low, high, n, correlation (Spearman, with stated ease),
        correlation_low, correlation_high, n_stated, tracks (the interval lies below 0). truth: source, stage, touchpoint,
        n, gain (share of the squared error of the mean that the score takes away in people held out), low, high, error,
        baseline, predicts (low above 0, and rare among outcomes dealt anew; all places together); a prediction is no cause.
        told: persona, stage, code, kind, people, interviewees. triangulation: persona, stage, events, answers, interviews
        (pain, delight, unclear, or none where a source is silent), n (people who answered), verdict (converge, contradict,
        complement: one source speaks, silent).

    Raises
    ------
    StudyError
        There are neither answers on a known scale, nor coded interviews, nor journeys.

    References
    ----------
    Kahneman, D. and others (1993). When more pain is preferred to less. Seaman, S. & White, I. (2013). Review of inverse
    probability weighting for dealing with missing data. O'Cathain, A. and others (2010). Three techniques for integrating
    data in mixed methods studies. BMJ 341.

    Examples
    --------
    >>> ids = pd.Index([f"p{one}" for one in range(4)], name="participant_id")
    >>> answers = pd.DataFrame({"easy": [7, 7, 1, 4]}, index=ids)
    >>> book = pd.DataFrame({"variable": ["easy"], "instrument": ["ces"], "touchpoint": ["Basket"], "better": ["high"],
    ...                      "low": [1.0], "high": [7.0]})
    >>> points = pd.DataFrame({"event": ["b"], "touchpoint": ["Basket"], "stage": ["purchase"]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=ids), answers=answers, codebook=book, touchpoints=points)
    >>> experience(study, seed=7).curve[["touchpoint", "mean", "natural"]].round(2).to_numpy().tolist()
    [['', 0.5, 0.5], ['Basket', 0.5, 4.75]]
    """
    scores = gather_scores(study)
    told = _told(study, personas)
    if not (len(scores.places) or len(scores.unusable) or len(told)) and journeys is None:
        raise StudyError(f"{study.name}: nothing says how the stages are felt. Add answers with an instrument (ces, csat, "
                         f"nps) in the codebook, interviews coded as pain or delight, or journeys.")
    groups = _groups(study, personas)
    seeds = [int(one.generate_state(1)[0]) for one in np.random.SeedSequence(seed).spawn(4)]
    curve = curve_table(scores, groups, study.stages, journeys, seed=seeds[0], replicates=replicates)
    moments = moment_table(scores, groups, study.stages, seed=seeds[0], replicates=replicates)
    effort = _effort(study, journeys, scores, groups, seeds[1], replicates)
    friction = None if journeys is None or not journeys.stages else rank_friction(journeys, personas, seed=seeds[2])
    truth = truth_table(scores, outcome, seed=seeds[3], replicates=replicates)
    return Experience(
        curve=curve, moments=moments, effort=effort, told=told, triangulation=_triangulated(study, groups, curve, friction),
        truth=truth, unusable=scores.unusable, seed=seed,
        why=(*_why(scores, moments, effort, curve), *_why_truth(truth)))


def _groups(study: Study, personas: Personas | None) -> dict[str, np.ndarray]:
    """Map ``all`` and each persona to the places of its people in the study."""
    groups = {ALL: np.arange(len(study.participants))}
    if personas is not None:
        label = personas.labels.reindex(study.participants.index)
        for persona in personas.membership.columns:
            groups[str(persona)] = np.flatnonzero((label == persona).to_numpy(bool))
    return groups


def _effort(study: Study, journeys: Journeys | None, scores: Scores, groups: dict[str, np.ndarray], seed: int,
            replicates: int) -> pd.DataFrame:
    done = pd.DataFrame(index=study.participants.index[:0]) if journeys is None else person_effort(journeys)
    own = np.flatnonzero(((scores.places[SOURCE] == "ces") & (scores.places["variable"] != "")).to_numpy())
    said = scores.values[:, own]
    known = ~np.isnan(said)
    stated = np.where(known.any(axis=1), np.nansum(said, axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    people = {persona: scores.people[rows] for persona, rows in groups.items()}
    return effort_table(done, pd.Series(stated, index=scores.people), people, seed=seed, replicates=replicates)


def _told(study: Study, personas: Personas | None) -> pd.DataFrame:
    """Count the interviewees who tell each pain and delight of a stage, by persona."""
    found = passages(study)
    spoke = pd.Index([]) if study.codes is None else pd.Index(study.codes[PARTICIPANT].unique())
    frames = []
    for persona, rows in _groups(study, personas).items():
        people = study.participants.index[rows]
        mine = found[found[PARTICIPANT].isin(people)]
        counts = mine.groupby([STAGE, CODE, KIND], sort=True)[PARTICIPANT].nunique().reset_index(name="people")
        frames.append(counts.assign(**{PERSONA: persona}, interviewees=int(people.isin(spoke).sum())))
    table = pd.concat(frames, ignore_index=True)
    table["place"] = table[STAGE].map({one: at for at, one in enumerate(study.stages)})
    ranks = table[PERSONA].map({one: at for at, one in enumerate(_groups(study, personas))})
    table = table.assign(rank=ranks).sort_values(["rank", "place", "people", CODE], ascending=[True, True, False, True])
    return with_ids(table[[PERSONA, STAGE, CODE, KIND, "people", "interviewees"]].reset_index(drop=True), "told")


def _triangulated(study: Study, groups: dict[str, np.ndarray], curve: pd.DataFrame,
                  friction: pd.DataFrame | None) -> pd.DataFrame:
    rows = []
    for persona in groups:
        for stage in study.stages:
            mine = curve[(curve[PERSONA] == persona) & (curve[STAGE] == stage)]
            answers = mine[mine[SOURCE].isin(["ces", "csat"])]
            said = {"events": _events_say(friction, persona, stage), "answers": _rows_say(answers),
                    INTERVIEWS: _rows_say(mine[mine[SOURCE] == INTERVIEWS])}
            rows.append((persona, stage, *said.values(), int(answers["n"].max()) if len(answers) else 0,
                         _agree(list(said.values()))))
    names = [PERSONA, STAGE, "events", "answers", INTERVIEWS, "n", "verdict"]
    return with_ids(pd.DataFrame(rows, columns=names), "triangulation")


def _events_say(friction: pd.DataFrame | None, persona: str, stage: str) -> str:
    if friction is None:
        return "none"
    mine = friction[(friction[PERSONA] == persona) & (friction[STAGE] == stage)]
    return "pain" if mine["flagged"].any() else "unclear" if len(mine) else "none"


def _rows_say(rows: pd.DataFrame) -> str:
    """Say pain where any interval lies below 0, delight where one lies above and none below.

    Where five people or more all say the same there is no interval, and their word counts.
    """
    if not len(rows):
        return "none"
    alike = rows["high"].isna() & (rows["n"] >= ALIKE)
    if ((rows["high"] < 0) | (alike & (rows["mean"] < 0))).any():
        return "pain"
    return "delight" if ((rows["low"] > 0) | (alike & (rows["mean"] > 0))).any() else "unclear"


def _agree(said: list[str]) -> str:
    """Say whether sources agree.

    Examples
    --------
    >>> _agree(["pain", "pain", "none"]), _agree(["pain", "delight", "pain"]), _agree(["unclear", "none", "pain"])
    ('converge', 'contradict', 'complement')
    """
    clear = [one for one in said if one in ("pain", "delight")]
    if not clear:
        return "silent"
    if len(set(clear)) > 1:
        return "contradict"
    return "converge" if len(clear) > 1 else "complement"


def _why_truth(truth: pd.DataFrame) -> tuple[Sentence, ...]:
    """Name the places whose score predicts the outcome of people held out, or say that none does."""
    if not len(truth):
        return ()
    found = truth[truth["predicts"]]
    if not len(found):
        best = truth.iloc[0]
        return (Sentence(key="paths.no_truth", values={"n": len(truth), "place": best[TOUCHPOINT] or best[STAGE],
                                                       **{name: float(best[name]) for name in ("gain", "low", "high")}}),)
    return tuple(Sentence(key="paths.truth", values={
        "place": row[TOUCHPOINT] or row[STAGE], "n": int(row["n"]), "gain": float(row["gain"]), "low": float(row["low"]),
        "high": float(row["high"])}) for _, row in found.iterrows())


def _why(scores: Scores, moments: pd.DataFrame, effort: pd.DataFrame, curve: pd.DataFrame) -> tuple[Sentence, ...]:
    out = []
    for reason, some in scores.unusable.groupby("reason", sort=True):
        out.append(Sentence(key=f"paths.{reason}", values={"n": len(some), "variables": list(some["variable"].head(5))}))
    if not len(curve):
        out.append(Sentence(key="paths.nothing_said"))
    for row in moments[(moments[PERSONA] == ALL) & (moments["moment"] == "trough")].to_dict("records"):
        out.append(Sentence(key="paths.trough", values={
            "stage": row[STAGE], "source": Sentence(key=f"paths.source_{row[SOURCE]}"),
            "mean": row["mean"], "probability": row["probability"], "n": row["n"]}))
    selected = curve[(curve[PERSONA] == ALL) & curve["survivors"].astype(bool) & (curve[TOUCHPOINT] == "")]
    if len(selected):
        out.append(Sentence(key="paths.survivors", values={"stages": list(dict.fromkeys(selected[STAGE]))}))
    asked = effort[(effort[PERSONA] == ALL) & effort["correlation"].notna()]
    if len(asked) and not asked["tracks"].any():
        out.append(Sentence(key="paths.effort_fails", values={"n": int(asked["n_stated"].max())}))
    return tuple(out)
