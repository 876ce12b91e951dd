"""Everything the journeys show, in one record and in sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.frozen import Sentence
from personakit.inference import one_thread
from personakit.journeys.compare import COLUMNS, compare_journeys
from personakit.journeys.compare.pool import shared_journeys
from personakit.journeys.friction import rank_friction
from personakit.journeys.funnel import COLUMNS as FUNNEL_COLUMNS
from personakit.journeys.funnel import funnel
from personakit.journeys.groups import ALL, FEW_PEOPLE
from personakit.journeys.lived.experience import experience
from personakit.journeys.rows import no_rows
from personakit.journeys.switches import switches
from personakit.journeys.transitions import stage_counts, transitions
from personakit.records import JourneyFindings, Journeys, Personas, Study
from personakit.schema import PERSONA, STAGE, TOUCHPOINT


@one_thread()
def describe_journeys(
    journeys: Journeys, personas: Personas | None = None, *, study: Study | None = None, seed: int, replicates: int = 200
) -> JourneyFindings:
    """Run every view of the journeys and say in sentences what stands out.

    Use it to feed cards and maps. The views are by stage, or by touchpoint where the log has no stages (there is then
    no funnel). Participants of the personas who have no events are left out. What each view cannot tell stands with the
    view.

    Parameters
    ----------
    study
        Where given, what people live through (``experience``) stands with the findings, for the curve of a map.

    Returns
    -------
    JourneyFindings
        stages, transitions, funnel, friction, switches, comparison (empty without personas), why; curve, moments and
        triangulation (empty without the study).

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 60_000_000]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> describe_journeys(trace_journeys(study), seed=7).stages[["stage", "people"]].to_numpy().tolist()
    [['buy', 1], ['see', 1]]
    """
    by = STAGE if journeys.stages else TOUCHPOINT
    seeds = [int(one.generate_state(1)[0]) for one in np.random.SeedSequence(seed).spawn(6)]
    friction = rank_friction(journeys, personas, seed=seeds[0], replicates=replicates)
    changes = switches(journeys, personas, seed=seeds[1], replicates=replicates)
    comparison = no_rows(COLUMNS)
    if personas is not None:
        comparison = compare_journeys(journeys, personas, by=by, seed=seeds[2], replicates=max(replicates, 199))
    lived = None if study is None else experience(study, journeys, personas, seed=seeds[5])
    felt = {} if lived is None else {"curve": lived.curve, "moments": lived.moments, "triangulation": lived.triangulation}
    return JourneyFindings(
        stages=stage_counts(journeys, personas, by=by),
        transitions=transitions(journeys, personas, by=by, seed=seeds[3], replicates=replicates),
        funnel=funnel(journeys, personas, seed=seeds[4], replicates=replicates) if len(journeys.stages) > 1
        else no_rows(FUNNEL_COLUMNS),
        friction=friction, switches=changes, comparison=comparison, seed=seed, **felt,
        why=(*_why_open(journeys), *_why_friction(friction), *_why_switches(changes),
             *_why_comparison(comparison, personas), *(() if lived is None else lived.why)),
    )


def _why_open(journeys: Journeys) -> list[Sentence]:
    still_open = int((journeys.ends["status"] == "open").sum())
    out = [Sentence(key="journeys.open", values={"n": still_open, "of": len(journeys.ends)})] if still_open else []
    unmapped = journeys.notes.set_index("check").loc["unmapped_events"]
    if unmapped["count"]:
        out.append(Sentence(key="journeys.unmapped", values={"n": int(unmapped["count"]), "share": unmapped["share"]}))
    return out


def _why_friction(friction: pd.DataFrame) -> list[Sentence]:
    worst = friction[friction["flagged"] & (friction[PERSONA] == ALL)]
    if not len(worst):
        return [Sentence(key="journeys.no_friction")]
    return [Sentence(key="journeys.friction", values={
        "touchpoint": one["touchpoint"], "stop": one["stop_share"], "like": one["like_share"], "n": int(one["people"])})
        for _, one in worst.iterrows()]


def _why_switches(switches: pd.DataFrame) -> list[Sentence]:
    if not len(switches):
        return []
    broken = switches[switches["flagged"] & (switches[PERSONA] == ALL)]
    if not len(broken):
        return [Sentence(key="journeys.no_break")]
    return [Sentence(key="journeys.channel_break", values={
        "source": one["source"], "target": one["target"], "restart": one["restart_share"], "like": one["like_share"],
        "n": int(one["people"])}) for _, one in broken.iterrows()]


def _why_comparison(comparison: pd.DataFrame, personas: Personas | None) -> list[Sentence]:
    if personas is None:
        return []
    reason = comparison.attrs["reason"]
    if reason:
        return [Sentence(key=f"journeys.{reason}", values={"few": FEW_PEOPLE})]
    out = [Sentence(key=f"journeys.all_{comparison['verdict'].iloc[0]}",
                    values={"change": comparison["change"].iloc[0], "n": int(comparison["people_a"].iloc[0])})]
    for _, one in comparison.iloc[1:].iterrows():
        a, b = (personas.names.get(one[side], one[side]) for side in ("persona_a", "persona_b"))
        out.append(Sentence(key=f"journeys.pair_{one['verdict']}", values={
            "a": a, "b": b, "change": one["change"], "low": one["low"], "high": one["high"], "few": FEW_PEOPLE,
            "margin": comparison.attrs["margin"]}))
    return out + [Sentence(key="journeys.shared", values={"names": [personas.names.get(one, one) for one in group]})
                  for group in shared_journeys(comparison)]
