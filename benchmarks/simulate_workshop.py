"""Deal a dozen workshops and solve every group's study with the kit's own verbs: is what was planted found?

Run ``python benchmarks/simulate_workshop.py [deals]`` (12 by default: about ten minutes; every other one of ``agence``).
Writes ``workshop.csv`` beside it: one row a study with what the debrief says of each answer: its score from 0 to 1, empty
where nothing was planted. Nobody draws better than the verbs, so this is what a careful group can reach.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import personakit as pk
from personakit.workshop import deal_workshop, debrief
from personakit.workshop.dealing import unseal

COLUMNS = "persona,stages,most_at,channel,friction,channel_break,trough\n"


def solve(folder: Path, *, sizes: Sequence[int] = (3, 4, 5)) -> None:
    """Fill in the form and the map of a group from the verbs alone: no word of what was planted."""
    study = pk.load_study(folder)
    habits, answers = pk.behaviour_table(study, window_days=90), pk.answer_table(study)
    candidates = pk.find_candidates(pk.build_features(study, habits, answers), methods="latent_class", k=sizes, seed=7)
    personas = pk.recommend(candidates) if candidates.recommended else None
    journeys = pk.trace_journeys(study)
    stops, switches = pk.rank_friction(journeys, seed=7), pk.switches(journeys, seed=7)
    stop = next(iter(stops.loc[stops["flagged"], "touchpoint"]), "none")
    switch = next((" > ".join(one) for one in switches.loc[switches["flagged"], ["source", "target"]].to_numpy()), "none")
    kinds = {(one.kind, one.stage) for one in study.contents.itertuples()}
    gap = next((f"{kind} / {stage}" for kind in study.contents["kind"].unique() for stage in study.stages
                if (kind, stage) not in kinds), "none")
    moments = pk.experience(study, journeys, seed=7).moments
    trough = moments.query("persona == 'all' and moment == 'trough' and source == 'ces'")["stage"].iloc[0]
    count = "none" if personas is None else str(len(personas.membership.columns))
    (folder / "answers.toml").write_text(f'personas = "{count}"\nfriction = "{stop}"\nchannel_break = "{switch}"\n'
                                         f'content_gap = "{gap}"\n', encoding="utf-8")
    if personas is not None:
        personas.labels.to_csv(folder / "membership.csv")
    rows = [",".join((name, *own, stop, switch, trough)) for name, own in walks(study, journeys, personas)]
    (folder / "map.csv").write_text(COLUMNS + "\n".join(rows) + "\n", encoding="utf-8")


def walks(study: pk.Study, journeys: pk.Journeys, personas: pk.Personas | None) -> list[tuple[str, tuple[str, str, str]]]:
    """Draw each persona: where it goes from each stage most often, where it is most, and by which channel."""
    steps = pk.transitions(journeys, personas, seed=7, replicates=2)
    moves = steps[(steps["source"] != steps["target"]) & ~steps["target"].isin(["end", "open"])]
    after = moves.sort_values("count").groupby(["persona", "source"])["target"].last()
    most = pk.stage_counts(journeys, personas).sort_values("events").groupby("persona")["stage"].last()
    names = ["all"] if personas is None else list(personas.membership.columns)
    drawn = []
    for name in names:
        walk = ["awareness"]
        while len(set(walk)) == len(walk):
            walk.append(after[name, walk[-1]])
        own = study.events if name == "all" else study.events[
            study.events["participant_id"].isin(personas.labels.index[personas.labels == name])]
        drawn.append((name, (" > ".join(walk), most[name], own["channel"].value_counts().idxmax())))
    return drawn


def deal_and_solve(seed: int, sample: str) -> pd.DataFrame:
    """Return one row a group of a deal."""
    with tempfile.TemporaryDirectory() as home:
        folder = deal_workshop(Path(home) / "w", groups=5, seed=seed, sample=sample, language="en")
        truths = unseal(folder / "facilitator" / "answers.sealed")
        for name in truths:
            solve(folder / name)
        table = debrief(folder).pivot(index="group", columns="question", values="score").round(2)
    planted = {name: [one["personas"], " ".join(one["friction"]), " ".join(">".join(pair) for pair in one["channel_break"]),
                      " ".join("/".join(pair) for pair in one["content_gap"])] for name, one in truths.items()}
    told = pd.DataFrame.from_dict(planted, orient="index", columns=["planted", "stops_at", "breaks_at", "lacks"])
    return told.join(table).rename_axis("group").reset_index().assign(sample=sample, seed=seed)


if __name__ == "__main__":
    deals = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    rows = []
    for number in range(deals):
        rows.append(deal_and_solve(100 + number, "agence" if number % 2 else "lunettes"))
        print(rows[-1].drop(columns=["seed"]).to_string(), flush=True)
    table = pd.concat(rows, ignore_index=True)
    table = table[["sample", "seed", *(one for one in table.columns if one not in ("sample", "seed"))]]
    table.to_csv(Path(__file__).with_name("workshop.csv"), index=False, lineterminator="\n")
    print(table.groupby("sample").mean(numeric_only=True).round(2).T)
