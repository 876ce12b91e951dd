"""Gather what is known of each persona into one record, each row with the id of what it was computed from."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from personakit.evidence.codes import code_rows, interviewed, quote_rows
from personakit.evidence.features import feature_rows, spread
from personakit.evidence.people import People, ids_digest, line_up
from personakit.evidence.traits import trait_rows
from personakit.inference import one_thread, wilson_interval
from personakit.records import Evidence, Features, Personas, Study
from personakit.schema import EVIDENCE_ID, PARTICIPANT, PERSONA, row_id

#: A member whose membership lies below this is contested: another persona claims that person too.
CONTESTED = 0.6


@one_thread()
def gather_evidence(
    study: Study, features: Features, personas: Personas, *, seed: int, replicates: int = 500
) -> Evidence:
    """Gather what sets each persona apart, what its interviewees say, and how far its members fit the picture.

    Use it after choosing personas and before naming them. Each participant counts once, in the persona of their largest
    membership. Features that made the personas describe them and carry no p: they differ by construction. Only
    held-back features are tested. It cannot tell why people differ, nor speak for people who are not in the study;
    differences of an outcome are somewhat too small where many members are contested, since labels are not certain.

    Parameters
    ----------
    study, features, personas
        The study, the features (also newly held-back ones) and the personas, of the same participants.
    seed
        Seed of the bootstrap and of the permutations.
    replicates
        Bootstrap samples of people; also the fewest permutations of a test.

    Returns
    -------
    Evidence
        ``table``: one row a persona and feature, or level of a nominal feature (written ``name=level``): means or shares
        ``inside`` and ``outside`` in natural units, over people whose value is known; ``low`` and ``high`` of the
        difference hold 95 % (score interval for yes/no and levels, bootstrap of people otherwise; NaN below 2 people);
        ``effect`` is the difference over the standard deviation of everyone; ``p`` by permuting persona labels over
        people (studentised), ``q`` corrected over all tests (Benjamini–Hochberg).
        ``codes``: counts of interviewees; ``log_odds`` is a difference of smoothed log odds over its standard error.
        ``quotes``: consent ``verbatim``, membership of at least .6, a code that half of the persona's interviewees share
        or that is more frequent there, one a person, at most six a persona, spread over kinds.
        ``coverage``: n, share of all with its interval, share of contested members, how many have events, answers, codes.
        ``traits``: at most ten statements held by at least half of the members, the most certain first (level: present,
        absent, above or below everyone's median, or a nominal level); ``share`` who hold it, ``together`` who hold all
        so far.

    Raises
    ------
    StudyError
        When the personas hold participants whom the study or the features do not know.

    References
    ----------
    Efron (1979), Newcombe (1998), Hesterberg (2015), Janssen (1997), Benjamini & Hochberg (1995), Monroe, Colaresi &
    Quinn (2008), Chapman & Milham (2006) on how few people a persona with many attributes describes.

    Examples
    --------
    >>> people = pd.Index(list("abcdef"), name="participant_id")
    >>> table = pd.DataFrame({"visits": [9.0, 8, 7, 2, 1, 3]}, index=people)
    >>> catalog = pd.DataFrame({"kind": ["count"], "role": ["active"], "unit": ["visits"]}, index=["visits"])
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> personas = Personas(candidate="by hand", features=features, quality=pd.Series(), stability=pd.DataFrame(),
    ...                     membership=pd.DataFrame({"P1": [1.0] * 3 + [0.0] * 3, "P2": [0.0] * 3 + [1.0] * 3}, people),
    ...                     tried=1, chosen=False)
    >>> study = Study(name="six", participants=pd.DataFrame(index=people))
    >>> gather_evidence(study, features, personas, seed=7).table[["persona", "inside", "outside", "p"]].values.tolist()
    [['P1', 8.0, 2.0, nan], ['P2', 2.0, 8.0, nan]]
    """
    people = line_up(study, features, personas)
    columns = spread(features, people, personas.features.active.columns)
    table = feature_rows(columns, people, seed=seed, replicates=replicates)
    passages = interviewed(study.codes, people)
    codes = code_rows(passages, people)
    return Evidence(
        table=table,
        codes=codes,
        quotes=quote_rows(passages, codes, people),
        coverage=_coverage(study, people, personas),
        traits=trait_rows(table, columns, people),
        seed=seed,
    )


def _coverage(study: Study, people: People, personas: Personas) -> pd.DataFrame:
    sources = {"with_events": _with_events(study.events), "with_answers": _with_answers(study.answers),
               "with_codes": None if study.codes is None else pd.Index(study.codes[PARTICIPANT].unique())}
    has = {name: np.zeros(len(people.index), dtype=bool) if ids is None else people.index.isin(ids)
           for name, ids in sources.items()}
    rows = []
    for group, persona in enumerate(people.names):
        own = people.members(group)
        contested = people.posterior[own] < CONTESTED
        counts = {name: int(one[own].sum()) for name, one in has.items()}
        used = (ids_digest(people.index[own]), people.posterior[own], *(one[own] for one in has.values()))
        rows.append({PERSONA: persona, EVIDENCE_ID: row_id("coverage", persona, people.digest, *used),
                     "n": len(contested), "contested": contested.mean() if len(contested) else np.nan, **counts})
    frame = pd.DataFrame(rows).astype({PERSONA: "str", EVIDENCE_ID: "str"}).set_index(PERSONA)
    low, high = wilson_interval(frame["n"], len(people.index))
    frame = frame.assign(share=frame["n"] / len(people.index), low=low, high=high)
    if "contested" in personas.stability.columns:
        # measured over resamples too: hard methods give everyone a membership of one
        frame["contested"] = personas.stability["contested"].reindex(frame.index).fillna(frame["contested"])
    return frame[[EVIDENCE_ID, "n", "share", "low", "high", "contested", *sources]]


def _with_events(events: Any) -> pd.Index | None:
    if events is None:
        return None
    ids = nw.from_native(events).lazy().select(nw.col(PARTICIPANT).cast(nw.String)).unique().collect(backend="pandas")
    return pd.Index(ids[PARTICIPANT].to_list(), dtype="str")


def _with_answers(answers: pd.DataFrame | None) -> pd.Index | None:
    return None if answers is None else answers.dropna(how="all").index
