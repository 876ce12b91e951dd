"""Interviews and logs as silos: which interviewees have a place in personas of logs, and do both part people alike?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError, TooFewError, first_five
from personakit.evidence.features import replicate_blocks
from personakit.evidence.people import ids_digest
from personakit.inference import adjusted_rand, one_thread, percentile_interval, permutation_p, permuted
from personakit.records import Personas, Study
from personakit.schema import EVIDENCE_ID, PARTICIPANT, PERSONA, row_id

#: people whom both partitions need; bootstrap samples of them
FEWEST, REPLICATES = 10, 1_000
#: an interviewee is placed surely from this membership on
SURE = 0.6
AGREEMENT = {"people": "int64", "adjusted_rand": "float64", "low": "float64", "high": "float64", "chance_low": "float64",
             "chance_high": "float64", "p": "float64"}
LINKS = {EVIDENCE_ID: "str", "interviewees": "int64", "shared": "int64", "placed": "int64", "cannot_tell": "int64",
         "sure": "float64", "posterior": "float64", "personas": "int64", **AGREEMENT, "why": "str"}


def link_interviews(
    study: Study, personas: Personas, *, spoken: Personas | None = None, placed: pd.DataFrame | None = None, seed: int
) -> pd.DataFrame:
    """Tell how many interviewees have a place in the personas, how surely, and whether interviews alone part people alike.

    Use it where personas come from logs or answers and some people were interviewed too: before their words are put on a
    card. It cannot tell which of two partitions is right, nor speak for who was not interviewed. Where something cannot be
    told, it says why.

    Parameters
    ----------
    study, personas
        The study with its codes, and the personas that were not made from them.
    spoken
        Personas made of the codes alone, of the same people; None where there are none.
    placed
        What ``assign_personas`` says of interviewees who are in no persona but answered the questions of a typing tool.
    seed
        Of the shuffles and of the bootstrap of people.

    Returns
    -------
    DataFrame
        One row: evidence_id; ``interviewees`` of the study; those in the personas by a ``shared`` id, and ``placed`` by the
        typing tool; how many ``cannot_tell``; how many of those with a place have a membership of .6 or more (``sure``),
        and the mean ``posterior`` (both NaN where all memberships are 0 or 1); the number of ``personas`` of interviews (0:
        none); then the agreement of both partitions on ``people`` with a shared id, as ``compare_partitions`` gives it (NaN
        where it cannot be told), and ``why``: empty, or ``no_overlap`` (nobody has a place), ``one_interview``, ``few``
        (fewer than 10 people in both), ``no_personas`` (interviews alone make none), ``one_persona`` (all in a single one).

    Raises
    ------
    StudyError
        A study without codes; ``placed`` of other personas.

    References
    ----------
    As ``compare_partitions``.

    Examples
    --------
    >>> ids = pd.Index(["a", "b", "c"], name="participant_id")
    >>> table = pd.DataFrame({"visits": [1.0, 2.0, 9.0]}, ids)
    >>> catalog = pd.DataFrame({"kind": ["count"], "role": ["active"]}, index=["visits"])
    >>> from personakit.records import Features
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> personas = Personas(candidate="by hand", features=features, quality=pd.Series(), stability=pd.DataFrame(), tried=1,
    ...                     membership=pd.DataFrame({"P1": [1.0, 1, 0], "P2": [0.0, 0, 1]}, ids), chosen=False)
    >>> codes = pd.DataFrame({"participant_id": ["a", "x"], "code": ["price", "price"]})
    >>> study = Study(name="three", participants=pd.DataFrame(index=[*ids, "x"]).rename_axis("participant_id"), codes=codes)
    >>> link_interviews(study, personas, seed=7)[["interviewees", "shared", "cannot_tell", "why"]].values.tolist()
    [[2, 1, 1, 'few']]
    """
    spoke, shared, told = place_interviewees(study, personas, placed)
    if not len(spoke):
        raise StudyError("interviews: the study has no codes. Add the table codes, or read it with read_codes.")
    top = pd.concat([shared, told]).max(axis=1)
    blind = not len(top) or bool(top.isin([0.0, 1.0]).all())
    why, agreement = _agreement(spoke, shared, personas, spoken, seed=seed, nobody=not len(top))
    return pd.DataFrame([{
        EVIDENCE_ID: row_id("links", ids_digest(spoke), ids_digest(shared.index), ids_digest(told.index),
                            top.sort_index().to_numpy(), why, *agreement.get(EVIDENCE_ID, [])),
        "interviewees": len(spoke), "shared": len(shared), "placed": len(told), "cannot_tell": len(spoke) - len(top),
        "sure": np.nan if blind else int((top >= SURE).sum()), "posterior": np.nan if blind else top.mean(),
        "personas": 0 if spoken is None else spoken.membership.shape[1],
        **{name: agreement[name].iloc[0] if name in agreement else np.nan for name in AGREEMENT},
        "people": len(shared if spoken is None else shared.index.intersection(spoken.labels.index)), "why": why,
    }], columns=list(LINKS)).astype(LINKS)


def place_interviewees(
    study: Study, personas: Personas, placed: pd.DataFrame | None
) -> tuple[pd.Index, pd.DataFrame, pd.DataFrame]:
    """Return all interviewees, the memberships of those in the personas, and of those whom a typing tool placed."""
    spoke = pd.Index([] if study.codes is None else study.codes[PARTICIPANT].unique(), dtype="str", name=PARTICIPANT)
    shared = personas.membership[personas.membership.index.isin(spoke)]
    if placed is None:
        return spoke, shared, shared.iloc[:0]
    missing = [one for one in (PERSONA, *personas.membership.columns) if one not in placed.columns]
    if missing:
        raise StudyError(f"placed: no column {missing[0]!r} (columns: {first_five(placed.columns)}). "
                         f"Give what assign_personas returned for these personas.")
    new = placed[placed[PERSONA].notna() & placed.index.isin(spoke) & ~placed.index.isin(shared.index)]
    return spoke, shared, new[shared.columns].astype(float)


def _agreement(
    spoke: pd.Index, shared: pd.DataFrame, personas: Personas, spoken: Personas | None, *, seed: int, nobody: bool
) -> tuple[str, pd.DataFrame]:
    """Compare both partitions of the interviewees, or say why that cannot be done."""
    both = shared.index if spoken is None else shared.index.intersection(spoken.labels.index)
    if nobody or len(spoke) == 1 or len(both) < FEWEST or spoken is None:
        why = "no_overlap" if nobody else "one_interview" if len(spoke) == 1 else "few" if len(both) < FEWEST else ""
        return why or "no_personas", pd.DataFrame()
    row = compare_partitions(personas, replace(spoken, membership=spoken.membership.loc[both]), seed=seed)
    return "one_persona" if row["adjusted_rand"].isna().all() else "", row


@one_thread()
def compare_partitions(first: Personas, second: Personas, *, seed: int, permutations: int = 1_999) -> pd.DataFrame:
    """Tell whether two sets of personas of the same people agree: those of interviews and those of logs, or two waves.

    Use it where both exist on the same people. It cannot tell which is right; with few people a p above .05 does not show
    that they have nothing in common.

    Parameters
    ----------
    first, second
        Personas that share participants.
    seed, permutations
        Of the shuffles of one label a person, and of the bootstrap.

    Returns
    -------
    DataFrame
        One row: evidence_id, ``people`` shared, ``adjusted_rand`` (1: the same, 0: as by chance), ``low`` and ``high``
        (95 %, people resampled, as if there were one more whose labels have nothing to do with each other; a person drawn
        twice is no pair with itself), ``chance_low`` and ``chance_high`` (the middle 95 % of shuffled labels), ``p``.
        Figures are NaN where one side has a single persona.

    Raises
    ------
    TooFewError
        Fewer than 10 people are in both.

    References
    ----------
    Hubert and Arabie (1985), Comparing partitions; Efron (1979).
    """
    shared = first.labels.index.intersection(second.labels.index).sort_values()
    if len(shared) < FEWEST:
        raise TooFewError(f"partitions: {len(shared)} people are in both ({first_five(shared)}). At least {FEWEST} are "
                          f"needed to compare; whether they agree cannot be told.")
    one, other = (pd.factorize(personas.labels.loc[shared], sort=True)[0] for personas in (first, second))
    row = {"people": len(shared), **dict.fromkeys(list(AGREEMENT)[1:], np.nan)}
    if one.max() and other.max():
        seen = adjusted_rand(one, other)
        dealt = np.array([adjusted_rand(one, labels) for labels in permuted(other, replicates=permutations, seed=seed)])
        low, high = percentile_interval(_resampled(one, other, seed))
        chance = np.quantile(dealt, [0.025, 0.975])
        row |= {"adjusted_rand": seen, "low": float(low), "high": float(high), "chance_low": chance[0],
                "chance_high": chance[1], "p": float(permutation_p(seen, dealt))}
    used = row_id("partitions", ids_digest(shared), one, other, seed, permutations)
    return pd.DataFrame([{EVIDENCE_ID: used, **row}])


def _resampled(one: np.ndarray, other: np.ndarray, seed: int) -> np.ndarray:
    """Draw people again and compute the adjusted Rand index of each draw, over pairs of different people.

    As if one person more had been there whose two labels have nothing to do with each other: where nearly all agree, those
    who do not may have been missed by chance, and people drawn again would never show them.
    """
    n, shape = len(one), (one.max() + 1, other.max() + 1)
    cells = np.eye(shape[0] * shape[1])[one * shape[1] + other]
    apart = np.outer(np.bincount(one), np.bincount(other)).ravel() / n**2
    draws = []
    for size, child in replicate_blocks(n, REPLICATES, np.random.SeedSequence(seed)):
        rng = np.random.default_rng(child)
        strangers = rng.binomial(n, 1 / (n + 1), size)
        weights = rng.multinomial(n - strangers, np.full(n, 1 / n)).astype(float)
        table = (weights @ cells + rng.multinomial(strangers, apart)).reshape(size, *shape)
        alone = (weights**2).sum(axis=1) + strangers
        both, rows, columns, pairs = (
            ((part**2).reshape(size, -1).sum(axis=1) - alone) / 2
            for part in (table, table.sum(axis=2), table.sum(axis=1), table.sum(axis=(1, 2))))
        expected, most = rows * columns / pairs, (rows + columns) / 2
        draws.append(np.where(most > expected, (both - expected) / np.where(most > expected, most - expected, 1.0), np.nan))
    return np.concatenate(draws)
