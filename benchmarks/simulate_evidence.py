"""Deal ``lunettes`` again: do the intervals of the evidence cover what was planted?

Run ``python benchmarks/simulate_evidence.py [samples] [reference]`` (100 and 200 by default: about five minutes). The
planted difference of each persona to the others is measured on ``reference`` other deals pooled (400,000 people with their
true persona): scales are clipped and habits are counted, so the recipe does not state it. Each of the ``samples`` is then
held against it twice: with the true personas, and with those that a latent class analysis finds (k = 4). Writes
``evidence.csv``: one row a kind of labels, figure and family of features, with the number of intervals, how many cover the
planted value, their share, how much too far from 0 the estimate lies in standard errors (a quarter of the interval), and how
wide the intervals are beside those of figure ``naive``, which take the personas as given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import personakit as pk
from personakit.candidates import METHODS
from personakit.evidence.features import feature_rows, spread
from personakit.evidence.people import line_up
from personakit.records import Features, Personas, Study
from personakit.samples import clean_study, plant
from personakit.samples.lunettes import PERSONAS

NAMES = [one.name for one in PERSONAS]


def deal(seed: int) -> tuple[Study, Features, pd.Series]:
    planted = plant("lunettes", seed=seed)
    study = clean_study(planted)
    features = pk.build_features(study, pk.behaviour_table(study), pk.answer_table(study))
    truth = planted.truth["personas"].set_index("participant_id")["persona"]
    return study, features, truth.loc[features.table.index]


def spread_out(features: Features) -> pd.DataFrame:
    """Numeric columns as evidence names them: one a feature, one a level of a nominal one (unknown stays unknown)."""
    words = features.catalog.index[features.catalog["kind"] == "nominal"]
    levels = [(features.natural[one][features.natural[one].notna()] == level).astype(float).rename(f"{one}={level}")
              for one in words for level in sorted(features.natural[one].dropna().unique())]
    return pd.concat([features.natural.drop(columns=words), *levels], axis=1)


def planted_differences(seeds: range) -> pd.DataFrame:
    """Feature by persona: mean of its true members less that of all others, over many deals."""
    sums = counts = None
    for seed in seeds:
        _, features, truth = deal(seed)
        table = spread_out(features)
        one, n = table.groupby(truth.to_numpy()).sum(), table.groupby(truth.to_numpy()).count()
        sums, counts = (one, n) if sums is None else (one.add(sums, fill_value=0), n.add(counts, fill_value=0))
    inside, outside = sums / counts, (sums.sum() - sums) / (counts.sum() - counts)
    return (inside - outside).T


def labelled(features: Features, truth: pd.Series, seed: int) -> Iterator[tuple[str, Personas]]:
    exact = np.eye(4)[[NAMES.index(one) for one in truth]]
    found = METHODS["latent_class"](features.active, 4, seed)
    overlap = pd.crosstab(found.argmax(axis=1), truth.to_numpy())
    order = [int(overlap[one].to_numpy().argmax()) for one in NAMES]
    for name, membership in (("true", exact), ("found", found[:, order])):
        if membership.shape[1] == 4 and len(set(order)) == 4:
            yield name, Personas(candidate=name, features=features, quality=pd.Series(), stability=pd.DataFrame(), tried=1,
                                 membership=pd.DataFrame(membership, features.table.index, NAMES), chosen=False)


def held_against(planted: pd.DataFrame, seed: int) -> Iterator[pd.DataFrame]:
    study, features, truth = deal(seed)
    bare = replace(study, codes=None)
    for name, personas in labelled(features, truth, seed):
        evidence = pk.gather_evidence(bare, features, personas, seed=seed, replicates=400)
        people = line_up(bare, features, personas)
        naive = feature_rows(spread(features, people, features.active.columns), people, seed=seed, replicates=400)
        width = (naive["high"] - naive["low"]).set_axis(pd.MultiIndex.from_frame(naive[["persona", "feature"]]))
        for figure, rows in (("naive", naive), ("difference", evidence.table), ("corrected", evidence.outcomes)):
            if len(rows):
                keys = pd.MultiIndex.from_frame(rows[["persona", "feature"]])
                yield rows.assign(labels=name, figure=figure, role=rows.get("role", "held_back"),
                                  width=(rows["high"] - rows["low"]).to_numpy() / width.reindex(keys).to_numpy(),
                                  planted=[planted.loc[feature, who] for who, feature in keys])


def summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.groupby(keys).agg(intervals=("covered", "size"), covered=("covered", "sum"), share=("covered", "mean"),
                                  too_far=("too_far", "mean"), width=("width", "mean")).round(3).reset_index()


def main() -> None:
    samples, reference = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 100), (2, 200)))
    planted = planted_differences(range(100_001, 100_001 + reference))
    rows = pd.concat([one for seed in range(1, samples + 1) for one in held_against(planted, seed)], ignore_index=True)
    rows = rows[rows["low"].notna()]
    rows["family"] = rows["feature"].str.extract(r"^((?:q|r|ces)(?=_)|[^:=]+)", expand=False)
    rows["covered"] = (rows["low"] <= rows["planted"]) & (rows["planted"] <= rows["high"])
    rows["too_far"] = np.sign(rows["planted"]) * (rows["difference"] - rows["planted"]) / ((rows["high"] - rows["low"]) / 4)
    keys = ["labels", "figure", "role", "family"]
    table = pd.concat([summed(rows, keys[:3]).assign(family="all"), summed(rows, keys)])
    table = table[[*keys, "intervals", "covered", "share", "too_far", "width"]].assign(samples=samples)
    table.to_csv(Path(__file__).with_name("evidence.csv"), index=False, lineterminator="\n")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
