"""The search: every method at every k, beside data of the same kind that hold no personas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from tqdm import tqdm

from personakit.candidates.blocks import as_it_is, check_blocks, origins_of, weighed
from personakit.candidates.check import check_search
from personakit.candidates.design import Design
from personakit.candidates.engines import (
    ENGINES,
    Engine,
    Ground,
    MethodFunction,
    Model,
    model_of,
    own_engine,
    place_people,
)
from personakit.candidates.gaps import INDEPENDENT_NULLS, NULLS, Yardstick, as_counted, goes_further, null_gaps
from personakit.candidates.ground import make_ground
from personakit.candidates.measures import explained, jaccards
from personakit.candidates.methods import named
from personakit.candidates.trial import Trial, try_candidate
from personakit.candidates.verdict import explain, main_line, recommend_one, verdicts
from personakit.errors import ChoiceError, unknown_name
from personakit.frozen import Sentence
from personakit.inference import adjusted_rand, one_thread
from personakit.records import Candidates, Features
from personakit.schema import EVIDENCE_ID, PERSONA, VERDICTS, row_id

#: the method that null data are always cut by, and the one that weighs blocks of features
PLAIN, BLOCKS = "kmeans", "kmeans_blocks"


@one_thread()
def find_candidates(
    features: Features,
    *,
    methods: str | MethodFunction | Iterable[str | MethodFunction] = ("kmeans", "latent_class"),
    k: int | Iterable[int] = range(2, 9),
    weights: pd.Series | None = None,
    seed: int,
    progress: bool | None = None,
) -> Candidates:
    """Look for personas: every method at every k, compared with data of the same kind that hold none.

    Use it on what ``build_features`` gives, then look at the table and choose. The verdict is about people and these
    features: it cannot tell whether personas are useful, nor find personas in features that were not given.

    Each candidate is fitted on everyone. Its stability comes from 20 pairs of resamples of people (both fits assign the
    same people; adjusted Rand). Its gap says how much less variance it leaves within personas than k-means does on 20 null
    tables, or 99 where 20 leave it open: drawn from a Gaussian copula with the margins and gaps of the study and, from 5
    people a feature on, exactly its latent correlations. ``gap_p`` is the share of null tables that go as far at any of
    the k (so trying many k raises no false alarm). ``independent_gap`` is the same against 10 tables whose columns are
    shuffled. Both use k-means as the yardstick of the null tables for every method, so a method never gains by cutting null
    data badly. Beyond 5,000 people, resamples, null tables and the contested share are those of 5,000 drawn at random, and
    ``why`` says so; fits, memberships and sizes take everyone. Verdicts of candidates (after Dolnicar and Leisch):

    - ``natural``: reproducible, and far beyond correlation (gap .05), very stable (.90, each persona .85), separated
      (.25) with a valley between any two personas (.25): groups that are apart, not a curve that is cut;
    - ``reproducible``: beyond correlation (gap .02, ``gap_p`` at most .05; once one candidate is, beating .95 of the null
      tables at its own k does for the others), stable (.75, each persona .60) and, from three personas on, not in one line
      (.2) unless valleys part them;
    - ``constructive``: stable, and more than shuffled data give, but correlation explains it: a continuum that is cut;
    - ``none``: none of these.

    One candidate is recommended. Among natural and reproducible ones k grows as long as the gap widens by a quarter, or the
    next k goes beyond null data that hold the personas so far (a copula for each). Else, among constructive ones, it is
    the most personas (3 or more) that stay very stable (.80, each persona .75), leave 12 % less than shuffled data, and are
    not degrees along one line. Else it is None, and the verdict of the search is ``none``. Any two personas must differ on
    two features.

    Parameters
    ----------
    features
        Its active features are used.
    methods
        Names in ``METHODS``, or your own functions ``(table, k, seed) -> membership`` (people, k), rows summing to 1.
        ``"kmeans_blocks"`` weighs habits, answers and codes of the same people alike, against null data weighed alike.
    k
        Numbers of personas. Those above a fifth of the participants are left out, and ``why`` says so.
    weights
        Survey weights by participant. Fits, sizes in shares and stability count with them; n, the gap to null data and the
        silhouettes of null tables count the people who were seen.
    seed
        Makes all chance repeatable. The order of rows and columns has no influence.
    progress
        None: a bar after two seconds, in a terminal. True or False: always or never.

    Returns
    -------
    Candidates
        ``table`` (index candidate): method, k, n, smallest_n, fit (share of variance between personas), separation
        (average silhouette), valley (people between two profiles over people around them, of the two personas most
        connected; 1: no valley), outsiders (share of people whom their persona describes worse than the average person
        does), likelihood, aic, bic, icl (NaN for methods without, or with under 5 people a parameter), stability (median)
        with stability_low and stability_high (central 80 % of pairs), prediction_strength (mean over halves), jaccard (of
        the least stable persona), contested (share of people in the middle third of the way to another persona's profile,
        or under .6 sure by membership or over resamples), best_share (of starts that reached the best; of latent classes:
        of those that were finished), rivals (other solutions within .1 % of the best objective), differing (fewest features
        on which two personas differ by half a standard deviation), directions (0: all profiles on one line), gap, gap_z,
        gap_p, independent_gap, independent_gap_z, gap_beats, separation_beats, stability_beats (share of null tables that
        do worse on that figure), null_method (what cut the null tables for the last two: the same method where it is as
        quick as k-means, else k-means), agreement (adjusted Rand with the other methods' candidate of the same k, the
        best), verdict, evidence_id. ``personas``: n, share, jaccard, contested, jaccard_fewer and jaccard_more (with one
        persona fewer and one more). ``rivals``: candidate, rival, loss (share of the objective), agreement (adjusted Rand),
        moved (share of people who change).

    Raises
    ------
    TooFewError
        Fewer than 10 participants, or too few for any k.
    StudyError
        Constant, empty or infinite features; a method that returns something else than memberships.
    ChoiceError
        An unknown method.

    References
    ----------
    Dolnicar and Leisch (2010), Evaluation of structure and reproducibility of cluster solutions using the bootstrap;
    Hennig (2007), Cluster-wise assessment of cluster stability; Tibshirani, Walther and Hastie (2001), the gap statistic;
    Besag and Clifford (1991), Sequential Monte Carlo p-values; Westfall and Young (1993), the widest over k; Hartigan
    (1975), groups as places of density.

    Examples
    --------
    >>> centres = np.repeat([[-2, -2, 2, 0], [2, -2, -2, 0], [0, 2, 0, 2]], 20, axis=0)
    >>> table = pd.DataFrame(np.random.default_rng(0).normal(centres, 0.6) / 4, columns=list("abcd"))
    >>> catalog = pd.DataFrame({"role": "active"}, index=table.columns)
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> find_candidates(features, methods="kmeans", k=[2, 3, 4], seed=7).recommended
    'kmeans-3'
    """
    ks, too_many = check_search(features.active, k)
    chosen = named(methods, weights is not None)
    below, nulls, fits, steps = np.random.SeedSequence(seed).spawn(4)
    ground = make_ground(features, weights, np.random.default_rng(below))
    engines = {name: ENGINES[name] if name in ENGINES else own_engine(name, function, ground)
               for name, function in chosen.items()}
    _check_weighable(engines, weights)
    if BLOCKS in chosen:
        check_blocks(origins_of(features))
    total = len(chosen) * len(ks) + (1 + (BLOCKS in chosen)) * (NULLS + INDEPENDENT_NULLS)
    with tqdm(total=total, delay=2, desc="candidates", disable=None if progress is None else not progress) as bar:
        yardsticks = _yardsticks(ground, ks, nulls, bar.update, engines)
        trials: dict[str, Trial] = {}
        for (name, engine), family in zip(engines.items(), fits.spawn(len(chosen)), strict=True):
            for number, child in zip(ks, family.spawn(len(ks)), strict=True):
                trials[f"{name}-{number}"] = try_candidate(ground, engine, number, child)
                bar.update()
    table = _table(trials, yardsticks, ground.design)
    count = features.active.shape[1]
    table["verdict"] = verdicts(table, count)
    made_from = row_id(ground.design.values, ground.design.weights, sorted(features.active.columns, key=str), seed)
    table[EVIDENCE_ID] = [row_id(candidate, made_from) for candidate in table.index]
    children = dict(zip(ks, steps.spawn(len(ks)), strict=True))
    recommended = recommend_one(table, count, lambda candidate, number: goes_further(
        ground, trials[candidate].labels, number, yardsticks[_split(candidate)[0]], children[number]))
    line = main_line(ground.design, sorted(features.active.columns, key=str))
    return Candidates(
        table=table,
        memberships={name: pd.DataFrame(trial.membership, index=features.table.index, columns=list(trial.personas.index))
                     for name, trial in trials.items()},
        personas=_personas(trials, ground.design),
        features=features,
        seed=seed,
        verdict=str(table.loc[recommended, "verdict"]) if recommended else VERDICTS[-1],
        recommended=recommended,
        why=(*explain(table, recommended, line), *_limits(ground, too_many)),
        rivals=_rivals(trials),
        models=_models(trials, features.active),
    )


def assign(candidates: Candidates, candidate: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Place people in the personas of a candidate, or of one of its rivals, as its method does.

    Use it for people who were not in the search; on those who were it gives their membership again. The table must be on
    the analysis scale that the candidate was made from. It cannot tell whether the new people are of the same kind.

    Parameters
    ----------
    candidates
        What ``find_candidates`` returned.
    candidate
        A row of ``candidates.table``, or a rival of ``candidates.rivals``.
    table
        Features (people, features) with the columns of ``candidates.features.active``; None: the people of the search.

    Returns
    -------
    DataFrame with the index of the table, a column a persona (P1 ...), rows summing to 1.

    Raises
    ------
    ChoiceError
        The candidate is unknown, or comes from a function of your own, which cannot place people.
    StudyError
        A feature is missing, or holds a level that was never seen.

    Examples
    --------
    >>> around = np.repeat([[0, 0], [1, 1]], 20, axis=0)
    >>> table = pd.DataFrame(np.random.default_rng(0).normal(around, 0.1), columns=list("ab"))
    >>> features = Features(table=table, natural=table, catalog=pd.DataFrame({"role": "active"}, index=table.columns),
    ...                     dropped=pd.DataFrame())
    >>> found = find_candidates(features, methods="kmeans", k=2, seed=7)
    >>> assign(found, "kmeans-2", pd.DataFrame({"a": [0.0, 0.9], "b": [0.1, 1.2]})).idxmax(axis=1).tolist()
    ['P1', 'P2']
    """
    if candidate not in candidates.models:
        known = candidate in candidates.table.index
        raise ChoiceError(f"{candidate}: comes from a function of your own, which cannot place people it has not seen. Call "
                          f"it again with everyone." if known else unknown_name("candidate", candidate, candidates.models))
    people = candidates.features.active if table is None else table
    membership = place_people(candidates.models[candidate], people)
    return pd.DataFrame(membership, index=people.index, columns=[f"P{i + 1}" for i in range(membership.shape[1])])


def _check_weighable(engines: Mapping[str, Engine], weights: pd.Series | None) -> None:
    unable = [name for name, engine in engines.items() if not engine.weighted]
    if weights is not None and unable:
        raise ChoiceError(f"method {unable[0]}: cannot take survey weights. Give it a keyword ``weights`` (people), or "
                          f"leave the weights out and say so.")


def _limits(ground: Ground, too_many: list[int]) -> Iterator[Sentence]:
    n = ground.design.people
    if too_many:
        yield Sentence(key="candidates.too_many", values={"k": min(too_many), "n": n})
    if len(ground.people) < n:
        yield Sentence(key="candidates.sampled", values={"sample": len(ground.people), "n": n})


def _yardsticks(ground: Ground, ks: list[int], seed: np.random.SeedSequence, step: Callable[[], object],
                engines: Mapping[str, Engine]) -> dict[str, Yardstick]:
    """Compare with null data: once for all methods, and once more, weighed, for the one that weighs blocks."""
    plain, blocks = seed.spawn(2)
    quick = {name: engine for name, engine in engines.items() if engine.quick and name not in (PLAIN, BLOCKS)}
    out = dict.fromkeys(engines, null_gaps(ground, ks, plain, step, prepare=as_it_is, engines=quick))
    if BLOCKS in engines:
        out[BLOCKS] = null_gaps(ground, ks, blocks, step, prepare=weighed, engines={})
    return out


def _table(trials: Mapping[str, Trial], yardsticks: Mapping[str, Yardstick], design: Design) -> pd.DataFrame:
    """One row a candidate; what a candidate leaves within personas beyond k-means counts against its gap."""
    rows = []
    for name, trial in trials.items():
        method, k = _split(name)
        same = [adjusted_rand(trial.labels, other.labels, design.weights)
                for rival, other in trials.items() if rival != name and _split(rival)[1] == k]
        rows.append({"method": method, "k": k, "n": design.people, **trial.figures,
                     **_beside_null(trial, method, k, yardsticks[method], design), "agreement": max(same, default=np.nan)})
    return pd.DataFrame(rows, index=pd.Index(trials, name="candidate"))


def _beside_null(trial: Trial, method: str, k: int, yardstick: Yardstick, design: Design) -> dict[str, float | str]:
    place, nulls = list(yardstick.gaps.index).index(k), yardstick.figures
    gap = {str(one): float(value) for one, value in yardstick.gaps.iloc[place].items()}
    left = float(np.log(max(1.0 - explained(yardstick.prepare(as_counted(design)), trial.labels), 1e-9)))
    loss = max(left - gap["within"], 0.0)
    kept = {one: gap[one] - loss for one in ("gap", "independent_gap")}
    scores = {f"{one}_z": kept[one] / gap[f"{one}_sd"] for one in kept}
    as_far = nulls["reach"] >= scores["gap_z"]
    own = f"separation/{method}" in nulls
    beats = {f"{one}_beats": nulls[f"{one}/{method}" if own else one][:, place] < trial.figures[one]
             for one in ("separation", "stability")}
    return {**kept, **scores, "gap_p": float((1 + as_far.sum()) / (1 + len(as_far))),
            "gap_beats": float((nulls["within"][:, place] > gap["observed"] + loss).mean()),
            **{one: float(wins.mean()) for one, wins in beats.items()},
            "null_method": method if own or method == BLOCKS else PLAIN}


def _split(candidate: str) -> tuple[str, int]:
    method, _, k = candidate.rpartition("-")
    return method, int(k)


def _personas(trials: Mapping[str, Trial], design: Design) -> pd.DataFrame:
    """Say of each persona how well it comes back with one persona fewer and one more, of the same method."""
    frames = {}
    for name, trial in trials.items():
        method, k = _split(name)
        frame = trial.personas.copy()
        for column, other in (("jaccard_fewer", f"{method}-{k - 1}"), ("jaccard_more", f"{method}-{k + 1}")):
            frame[column] = (jaccards(trial.labels, trials[other].labels, design.weights, k) if other in trials else np.nan)
        frames[name] = frame
    return pd.concat(frames, names=["candidate", PERSONA])


def _rivals(trials: Mapping[str, Trial]) -> pd.DataFrame:
    rows = [{"candidate": name, "rival": f"{name}/{number}", **one}
            for name, trial in trials.items() for number, one in enumerate(trial.rivals, start=2)]
    return pd.DataFrame(rows, columns=["candidate", "rival", "loss", "agreement", "moved"])


def _models(trials: Mapping[str, Trial], table: pd.DataFrame) -> dict[str, Model]:
    out = {}
    for name, trial in trials.items():
        for number, (numbers, order) in enumerate(trial.models, start=1):
            model = model_of(_split(name)[0], table, numbers, order)
            if model is not None:
                out[name if number == 1 else f"{name}/{number}"] = model
    return out
