"""Two grains: what is concluded by stage, concluded again by touchpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import count_blocks, with_codes
from personakit.frozen import Sentence
from personakit.inference import bootstrap_sums, one_thread, percentile_interval, ratio
from personakit.journeys.compare import compare_journeys
from personakit.journeys.compare.guard import Remake
from personakit.journeys.friction import rank_friction, visit_blocks
from personakit.journeys.groups import ALL, people_in
from personakit.journeys.trace import NATURAL_END
from personakit.records import Journeys, Personas
from personakit.schema import LANGUAGES, STAGE, TOUCHPOINT
from personakit.wording import say

#: what is told of a comparison at each grain
TOLD = ["people_a", "people_b", "change", "low", "high", "verdict"]


@one_thread()
def audit_grain(journeys: Journeys, personas: Personas | None = None, *, margin: float = 0.1, remake: Remake | None = None,
                seed: int, replicates: int = 500) -> pd.DataFrame:
    """Conclude once by stage and once by touchpoint, and flag where the answer hangs on the grain.

    Use it before a conclusion by stage is believed: a stage may look sound because its other touchpoints make up for one
    that breaks, and a visit that goes on within its stage is a step at one grain and none at the other. Without personas
    it asks where visits stop; with personas, whether these differ (``compare_journeys``, same arguments). It cannot tell
    which grain is right; and as touchpoints are more and thinner than stages, a difference may be lost among them.

    Parameters
    ----------
    margin, remake, replicates
        Of ``compare_journeys``; give what you gave there.

    Returns
    -------
    DataFrame
        With personas, one row for all, then one a pair: persona_a, persona_b; people_a, people_b, change, low, high and
        verdict of ``compare_journeys``, each as ``stage_...`` and ``touchpoint_...``; flagged (the verdicts are not the
        same). ``attrs``: those of ``compare_journeys`` by stage, and ``why``, a sentence a flagged row by language.

        Without, one row a stage that both compare (natural ends left out, as in ``rank_friction``): stage, stage_excess,
        low, high (its visits that stop over all other stages), people (with such visits), touchpoint_excess (the same of
        the visits of its touchpoints, added up), worst (its touchpoint of most friction), worst_excess (over the like of
        that touchpoint), stage_rank (1 loses most), touchpoint_rank (by worst_excess), sign_changes (of stage_excess and
        touchpoint_excess), rank_changes, flagged (either).

    Raises
    ------
    StudyError
        The log has no stages; or as ``compare_journeys``.

    Examples
    --------
    >>> from personakit.journeys import trace_journeys
    >>> from personakit.records import Study
    >>> events = pd.DataFrame({"participant_id": "a", "event": list("xyzx"), "time_us": [0, 1, 10**11, 2 * 10**11]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> stages = pd.DataFrame({"event": list("xyz"), "touchpoint": list("xyz"), "stage": ["research"] * 2 + ["purchase"]})
    >>> audit_grain(trace_journeys(study, stages=stages), seed=7).columns.tolist()[:3]
    ['stage', 'stage_excess', 'low']
    """
    if not journeys.stages:
        raise StudyError("stages: this log has none, so there is one grain only. Give the study a touchpoints table.")
    if personas is None:
        return _where_visits_stop(journeys, seed)
    found = {by: compare_journeys(journeys, personas, by=by, margin=margin, remake=remake, seed=seed, replicates=replicates)
             for by in (STAGE, TOUCHPOINT)}
    table = found[STAGE][["persona_a", "persona_b"]].join([one[TOLD].add_prefix(f"{by}_") for by, one in found.items()])
    table["flagged"] = table["stage_verdict"] != table["touchpoint_verdict"]
    why = [_why(one, personas) for _, one in table[table["flagged"]].iterrows()]
    table.attrs["why"] = {language: [say(one, language) for one in why] for language in LANGUAGES}
    return table


def _why(row: pd.Series, personas: Personas) -> Sentence:
    compared = list(personas.membership.columns) if row["persona_a"] == ALL else [row["persona_a"], row["persona_b"]]
    verdicts = {by: Sentence(key=f"journeys.grain_{row[f'{by}_verdict']}", values={
        "change": row[f"{by}_change"], "low": row[f"{by}_low"], "high": row[f"{by}_high"]}) for by in (STAGE, TOUCHPOINT)}
    return Sentence(key="journeys.grain", values={"names": [personas.names.get(one, one) for one in compared], **verdicts})


def _where_visits_stop(journeys: Journeys, seed: int) -> pd.DataFrame:
    fine = rank_friction(journeys, seed=seed)
    fine = fine[fine["excess"].notna()].assign(stops=lambda table: table["visits"] * table["stop_share"])
    sums = fine.groupby(STAGE)[["stops", "visits"]].sum()
    others = sums.sum() - sums
    worst = fine.sort_values("excess", ascending=False).drop_duplicates(STAGE).set_index(STAGE)
    table = _stage_excess(journeys, list(sums.index), seed).join(pd.DataFrame({
        "touchpoint_excess": sums["stops"] / sums["visits"] - others["stops"] / others["visits"].where(others["visits"] > 0),
        "worst": worst[TOUCHPOINT], "worst_excess": worst["excess"]}), how="inner").dropna()
    for rank, excess in (("stage_rank", "stage_excess"), ("touchpoint_rank", "worst_excess")):
        table[rank] = table[excess].rank(ascending=False, method="first").astype("int64")
    table["sign_changes"] = np.sign(table["stage_excess"]) != np.sign(table["touchpoint_excess"])
    table["rank_changes"] = table["stage_rank"] != table["touchpoint_rank"]
    table["flagged"] = table["sign_changes"] | table["rank_changes"]
    return table.reindex([one for one in journeys.stages if one in table.index]).rename_axis(STAGE).reset_index()


def _stage_excess(journeys: Journeys, compared: list[str], seed: int) -> pd.DataFrame:
    """Give for each compared stage its visits that stop over those of the other stages; natural ends are set apart."""
    words = list(journeys.log.levels[STAGE])
    code, size = journeys.log.codes[STAGE], len(words)
    apart = np.where((journeys.log.codes[NATURAL_END] >= 0) & (code >= 0), code + size, code)
    set_apart = replace(journeys, log=with_codes(
        journeys.log, TOUCHPOINT, apart, [*words, *(f"{one}, end" for one in words)]))
    place = np.array([*(compared.index(one) if one in compared else -1 for one in words), *[-1] * size])

    def cells() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for person, visited, _, stops, *_ in visit_blocks(set_apart):
            at = place[visited]
            stopped = stops & (at >= 0)
            yield (np.append(person[at >= 0], person[stopped]), np.append(at[at >= 0], at[stopped] + len(compared)))

    counts = count_blocks(cells(), (len(journeys.log.participants), 2 * len(compared)))

    def excess(sums: np.ndarray) -> np.ndarray:
        each, stopped = np.split(sums, 2, axis=1)
        rest, rest_stopped = (one.sum(axis=1, keepdims=True) - one for one in (each, stopped))
        return ratio(stopped, each) - ratio(rest_stopped, rest)

    low, high = percentile_interval(excess(bootstrap_sums(counts, replicates=200, seed=np.random.SeedSequence(seed))))
    people = people_in(counts)[: len(compared)]
    return pd.DataFrame({"stage_excess": excess(counts.sum(axis=0)[None, :])[0], "low": low, "high": high, "people": people},
                        index=pd.Index(compared, name=STAGE, dtype="str"))
