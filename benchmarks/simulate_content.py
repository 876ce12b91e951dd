"""Deal ``lunettes`` again: does the content plan find what was planted, and nothing in personas dealt at random?

Run ``python benchmarks/simulate_content.py [samples]`` (20 by default: about four minutes). Each deal has 60, 120, 250 or
500 participants, taken with their true personas and with personas dealt at random. Writes ``content.csv``: one row a number
of participants and kind of personas, with the rows of the plans, the share of them that is told (offer, less, make_first or
make), the share of personas whose own kind of content is offered over the whole journey, and the share of plans whose only
content to make first is the planted one (to reassure, at the purchase, for those who want company), and that have another.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import personakit as pk
from personakit.records import Features, JourneyFindings, Journeys, Personas, Study
from personakit.samples import clean_study, plant

OWN = {"comparatrice": "inform", "accompagné": "reassure", "pressé": "reward", "famille": "help"}
PLANTED = ("accompagné", "purchase", "reassure")
TOLD = ("offer", "less", "make_first", "make")
PARTICIPANTS, REPLICATES = (60, 120, 250, 500), 200


def people_of(labels: pd.Series) -> Personas:
    membership = pd.get_dummies(labels).astype(float)
    table = pd.DataFrame({"x": np.arange(len(labels), dtype=float)}, index=labels.index)
    catalog = pd.DataFrame({"kind": ["numeric"], "role": ["active"]}, index=["x"])
    features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    return Personas(candidate="truth", membership=membership, features=features, quality=pd.Series(), tried=1, chosen=True,
                    stability=pd.DataFrame(index=membership.columns))


def planned(study: Study, journeys: Journeys, personas: Personas, seed: int) -> pd.DataFrame:
    empty = pd.DataFrame()
    friction = pk.rank_friction(journeys, personas, seed=seed, replicates=REPLICATES)
    findings = JourneyFindings(stages=empty, transitions=empty, funnel=empty, friction=friction, switches=empty,
                               comparison=empty, why=(), seed=seed)
    return pk.content_plan(study, journeys, personas, findings, seed=seed, replicates=REPLICATES)


def deal(seed: int, participants: int) -> list[dict[str, object]]:
    drawn = plant("lunettes", seed=seed, participants=participants)
    study = clean_study(drawn)
    labels = drawn.truth["personas"].set_index("participant_id")["persona"].reindex(study.participants.index)
    journeys, personas = pk.trace_journeys(study), people_of(labels)
    mixed = np.random.default_rng(seed).permutation(labels.to_numpy())
    shuffled = replace(personas, membership=pd.get_dummies(pd.Series(mixed, index=labels.index)).astype(float))
    rows = []
    for kind, dealt in (("true", personas), ("at random", shuffled)):
        plan = planned(study, journeys, dealt, seed)
        whole = plan[(plan["stage"] == "all") & (plan["dimension"] == "kind") & (plan["advice"] == "offer")]
        pairs = set(zip(whole["persona"], whole["level"], strict=True))
        first = plan.loc[plan["advice"] == "make_first", ["persona", "stage", "level"]]
        made = [tuple(row) for row in first.to_numpy().tolist()]
        found = {"told": plan["advice"].isin(TOLD).sum(), "own_kind_offered": np.mean([one in pairs for one in OWN.items()]),
                 "planted_gap_only": made == [PLANTED], "another_gap": any(one != PLANTED for one in made)}
        rows.append({"participants": participants, "personas": kind, "rows": len(plan), **found})
    return rows


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rows = [row for participants in PARTICIPANTS for seed in range(100, 100 + samples) for row in deal(seed, participants)]
    table = pd.DataFrame(rows).groupby(["participants", "personas"], sort=False).agg(
        samples=("rows", "size"), rows=("rows", "sum"), told=("told", "sum"), own_kind_offered=("own_kind_offered", "mean"),
        planted_gap_only=("planted_gap_only", "mean"), another_gap=("another_gap", "mean"))
    table.insert(3, "told_share", (table.pop("told") / table["rows"]).round(4))
    table.round(3).to_csv(Path(__file__).with_name("content.csv"), lineterminator="\n")
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
