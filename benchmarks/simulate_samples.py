"""Deal the samples again with other seeds: noise must be refused, planted personas and journeys found.

Run ``python benchmarks/simulate_samples.py [seeds]`` (20 by default: about ten minutes). Writes ``samples.csv`` beside it:
one row a study with the verdict, the recommended candidate, its adjusted Rand index with the truth on people who are not
between
two personas, what was flagged, and the pairs of personas whose journeys do not differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import personakit as pk
from personakit.inference import adjusted_rand
from personakit.samples import clean_study, plant


def analyse(name: str, seed: int) -> dict[str, object]:
    """Run a study of 2,000 people from features to journeys and hold it against its truth."""
    planted = plant(name, seed=seed)
    study, truth = clean_study(planted), planted.truth["personas"].set_index("participant_id")
    candidates = pk.find_candidates(pk.build_features(study, pk.behaviour_table(study), pk.answer_table(study)), seed=seed)
    row = {"sample": name, "seed": seed, "verdict": candidates.verdict, "recommended": candidates.recommended or ""}
    personas = pk.recommend(candidates) if candidates.recommended else None
    findings = pk.describe_journeys(pk.trace_journeys(study), personas, seed=seed)
    stops, switches = (one.query("flagged and persona == 'all'") for one in (findings.friction, findings.switches))
    row |= {"frictions": " ".join(stops["touchpoint"]), "breaks": " ".join(switches["source"] + ">" + switches["target"])}
    if personas is None or name == "bruit":  # which has no personas to be held against
        return row
    clear = truth.loc[personas.labels.index, "second"].fillna("").eq("")
    labels, types = personas.labels[clear], truth.loc[clear.index[clear], "persona"]
    once = clear[clear].astype(float).to_numpy()
    row["adjusted_rand"] = round(adjusted_rand(types.factorize()[0], labels.factorize()[0], once), 3)
    journey = {persona: planted.effects["personas"][types[labels == persona].mode()[0]]["journey"]
               for persona in personas.membership.columns}
    pairs = findings.comparison.iloc[1:]
    same = pairs["persona_a"].map(journey).eq(pairs["persona_b"].map(journey))
    row["same_called_same"] = f"{(pairs['verdict'].ne('differ') & same).sum()}/{same.sum()}"
    row["different_called_different"] = f"{(pairs['verdict'].eq('differ') & ~same).sum()}/{(~same).sum()}"
    return row


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rows = []
    for name in ("bruit", "lunettes"):
        for seed in range(1, seeds + 1):
            rows.append(analyse(name, seed))
            print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(Path(__file__).with_name("samples.csv"), index=False, lineterminator="\n")
