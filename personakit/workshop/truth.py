"""What a map of a planted study should say: how each planted persona moves, counted over those who clearly are of it."""

from __future__ import annotations

import pandas as pd

from personakit.samples import Planted
from personakit.samples.recipes import STAGES
from personakit.schema import CHANNEL, EVENT, ORDER, PARTICIPANT, PERSONA, STAGE, TIME

#: everyone, whatever their persona
ALL = "all"
#: a level that comes nearly as often as the commonest is as right an answer
NEARLY = 0.8
VISIT_US = 30 * 60 * 1_000_000


def journeys_of(planted: Planted) -> dict[str, dict[str, object]]:
    """Tell for everyone and each persona: ``next`` (stage -> where they go on), ``most_at`` (stages), ``channel``.

    Where they go on within a visit comes first; where they go on from one visit to the next is as right an answer.
    """
    events = planted.tables["events"]
    events = events[~events.index.isin(planted.truth["rows"]["row"])]
    stage = dict(planted.tables["touchpoints"][[EVENT, STAGE]].to_numpy())
    people = planted.truth["personas"]
    own = dict(people.loc[people["share"] == 1, [PARTICIPANT, PERSONA]].to_numpy())
    log = events.assign(**{STAGE: events[EVENT].map(stage), PERSONA: events[PARTICIPANT].map(own)})
    log = log.sort_values([PARTICIPANT, TIME, ORDER], kind="stable", ignore_index=True)
    after = log.groupby(PARTICIPANT)[[STAGE, TIME]].shift(-1)
    log["across"] = after[STAGE].where(after[STAGE] != log[STAGE])
    log["within"] = log["across"].where(after[TIME] - log[TIME] < VISIT_US)
    many = planted.effects["personas"]
    return {ALL: _journey(log)} | {name: _journey(log[log[PERSONA] == name]) for name in many}


def _journey(log: pd.DataFrame) -> dict[str, object]:
    after = {stage: [_commonest(log.loc[log[STAGE] == stage, moves]) for moves in ("within", "across")] for stage in STAGES}
    return {"next": {stage: list(dict.fromkeys(sum(moves, []))) for stage, moves in after.items()},
            "most_at": _commonest(log[STAGE]), "channel": _commonest(log[CHANNEL])}


def _commonest(levels: pd.Series) -> list[str]:
    counts = levels.value_counts()
    return sorted(str(one) for one in counts.index[counts >= NEARLY * counts.max()])
