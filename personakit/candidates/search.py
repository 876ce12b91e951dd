"""The search: every method at every k, beside data of the same kind that hold no personas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from tqdm import tqdm

from personakit.candidates.check import check_search
from personakit.candidates.design import Design, make_design, sample_design
from personakit.candidates.gaps import INDEPENDENT_NULLS, NULLS, goes_further, null_gaps
from personakit.candidates.measures import adjusted_rand
from personakit.candidates.methods import Engine, MethodFunction, engines
from personakit.candidates.trial import Ground, Trial, try_candidate
from personakit.candidates.verdict import explain, main_line, recommend_one, verdicts
from personakit.inference import one_thread
from personakit.records import Candidates, Features, Sentence
from personakit.schema import EVIDENCE_ID, PERSONA, VERDICTS, row_id

#: pairs of resamples behind the stability
PAIRS = 20
#: people whom resamples and null tables are made of; beyond it a sample of them stands for all
LARGE = 5_000


@one_thread()
def find_candidates(
    features: Features,
    *,
    methods: str | MethodFunction | Iterable[str | MethodFunction] = ("kmeans", "latent_class"),
    k: int | Iterable[int] = range(2, 9),
    seed: int,
    progress: bool | None = None,
) -> Candidates:
    """Look for personas: every method at every k, compared with data of the same kind that hold none.

    Use it on what ``build_features`` gives, then look at the table and choose. The verdict is about people and these
    features: it cannot tell whether personas are useful, nor find personas in features that were not given.

    Each candidate is fitted on everyone. Its stability comes from 20 pairs of resamples of people (both fits assign the
    same people; adjusted Rand). Its gap says how much less variance it leaves within personas than k-means does on 20
    null tables, drawn from a Gaussian copula with the margins, gaps and correlations of the study; ``independent_gap``
    is the same against 10 tables whose columns are shuffled. Both use k-means as the yardstick of the null tables for
    every method, so a method never gains by cutting null data badly. Verdicts of candidates (after Dolnicar and Leisch):

    - ``natural``: beyond correlation (gap at least .05 and 2.5 standard deviations), very stable (.90), separated (.25);
    - ``reproducible``: beyond correlation (.02 and 2.5 standard deviations, or 2 once one candidate has 2.5) and stable
      (.75, each persona .60), overlapping;
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
    k
        Numbers of personas. Those above a fifth of the participants are left out, and ``why`` says so.
    seed
        Makes all chance repeatable. The order of rows and columns has no influence.
    progress
        None: a bar after two seconds, in a terminal. True or False: always or never.

    Returns
    -------
    Candidates
        ``table`` (index candidate): method, k, n, smallest_n, fit (share of variance between personas), separation
        (average silhouette), likelihood, bic (NaN for methods without, or with under 5 people a parameter), stability
        (median) with stability_low and stability_high (central 80 % of pairs), jaccard (of the least stable persona),
        contested (share of people under .6 sure, by membership or over resamples), best_share (of starts that reached the
        best), differing (fewest features on which two personas differ by half a standard deviation), directions (0: all
        profiles on one line), gap, gap_z, independent_gap, independent_gap_z, agreement (adjusted Rand with the other
        methods' candidate of the same k, the best), verdict, evidence_id. ``personas``: n, share, jaccard, contested.

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
    Hennig (2007), Cluster-wise assessment of cluster stability; Tibshirani, Walther and Hastie (2001), the gap statistic.

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
    chosen = engines(methods)
    below, nulls, fits, steps = np.random.SeedSequence(seed).spawn(4)
    ground = _ground(features.active, np.random.default_rng(below))
    total = len(chosen) * len(ks) + NULLS + INDEPENDENT_NULLS
    with tqdm(total=total, delay=2, desc="candidates", disable=None if progress is None else not progress) as bar:
        gaps = null_gaps(ground, ks, nulls, bar.update)
        trials: dict[str, Trial] = {}
        for (name, engine), family in zip(chosen.items(), fits.spawn(len(chosen)), strict=True):
            for number, child in zip(ks, family.spawn(len(ks)), strict=True):
                trials[f"{name}-{number}"] = try_candidate(ground, engine, number, child)
                bar.update()
    table = _table(trials, gaps, ground.design, chosen)
    count = features.active.shape[1]
    table["verdict"] = verdicts(table, count)
    made_from = row_id(ground.design.values, ground.design.weights, sorted(features.active.columns, key=str), seed)
    table[EVIDENCE_ID] = [row_id(candidate, made_from) for candidate in table.index]
    children, left = dict(zip(ks, steps.spawn(len(ks)), strict=True)), gaps["observed"].to_dict()
    recommended = recommend_one(table, count, lambda candidate, number: goes_further(
        ground, trials[candidate].labels, number, left[number], children[number]))
    line = main_line(ground.design, sorted(features.active.columns, key=str))
    return Candidates(
        table=table,
        memberships={name: pd.DataFrame(trial.membership, index=features.table.index, columns=list(trial.personas.index))
                     for name, trial in trials.items()},
        personas=pd.concat({name: trial.personas for name, trial in trials.items()}, names=["candidate", PERSONA]),
        features=features,
        seed=seed,
        verdict=str(table.loc[recommended, "verdict"]) if recommended else VERDICTS[-1],
        recommended=recommended,
        why=(*explain(table, recommended, line), *_limits(ground, too_many)),
    )


def _limits(ground: Ground, too_many: list[int]) -> Iterator[Sentence]:
    n = ground.design.people
    if too_many:
        yield Sentence(key="candidates.too_many", values={"k": min(too_many), "n": n})
    if len(ground.people) < n:
        yield Sentence(key="candidates.sampled", values={"sample": len(ground.people), "n": n})


def _ground(table: pd.DataFrame, rng: np.random.Generator) -> Ground:
    design = make_design(table)
    drawn = sample_design(design, LARGE, rng)
    first = np.unique(design.row_of, return_index=True)[1]
    if drawn is design:
        rows = np.arange(len(first))
    else:
        at = {row.tobytes(): number for number, row in enumerate(_marked(design))}
        rows = np.array([at[row.tobytes()] for row in _marked(drawn)])
    people = table.iloc[np.repeat(first[rows], drawn.weights.astype(int))]
    weights = rng.multinomial(drawn.people, drawn.weights / drawn.people, size=2 * PAIRS).astype(float)
    return Ground(table=table, design=design, people=people, small=drawn, rows=rows, weights=weights)


def _marked(design: Design) -> np.ndarray:
    return design.values if design.seen is None else np.hstack([design.values, design.seen])


def _table(trials: Mapping[str, Trial], gaps: pd.DataFrame, design: Design, chosen: Mapping[str, Engine]) -> pd.DataFrame:
    """One row a candidate; what a candidate leaves within personas beyond k-means counts against its gap."""
    rows = []
    for name, trial in trials.items():
        method, _, number = name.rpartition("-")
        k = int(number)
        gap = gaps.loc[k]
        loss = max(float(np.log(max(1.0 - trial.figures["fit"], 1e-9)) - gap["within"]), 0.0)
        kept = {one: gap[one] - loss for one in ("gap", "independent_gap")}
        scores = {f"{one}_z": kept[one] / gap[f"{one}_sd"] for one in kept}
        same = [adjusted_rand(trial.labels, trials[f"{other}-{k}"].labels, design.weights)
                for other in chosen if other != method]
        rows.append({"method": method, "k": k, "n": design.people, **trial.figures, **kept, **scores,
                     "agreement": max(same, default=np.nan)})
    return pd.DataFrame(rows, index=pd.Index(trials, name="candidate"))
