"""Interviews and personas over many seeds.

Does the interval of alpha cover, does the warning of talkers fire and keep still, do planted personas come back and noise
not, are planted changes named? Writes ``interviews.csv`` beside this file (two minutes).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from personakit.candidates import METHODS
from personakit.coding import code_shares, coder_agreement, persona_saturation, talkativeness
from personakit.features import build_features
from personakit.personas import match_personas
from personakit.records import Features, Personas, Study

KMEANS = METHODS["kmeans"]
FIRST_SEED = 7_000


def ids(n: int, first: int = 0) -> pd.Index:
    return pd.Index([f"p{one + first:05d}" for one in range(n)], name="participant_id")


def people_of(labels: np.ndarray, values: pd.DataFrame) -> Personas:
    catalog = pd.DataFrame({"kind": "numeric", "role": "active"}, index=values.columns)
    k = int(labels.max()) + 1
    return Personas(candidate="planted", tried=1, chosen=True, quality=pd.Series(dtype=float), stability=pd.DataFrame(),
                    membership=pd.DataFrame(np.eye(k)[labels], values.index, [f"P{one + 1}" for one in range(k)]),
                    features=Features(table=values, natural=values, catalog=catalog, dropped=pd.DataFrame()))


def codes(rng: np.random.Generator, n: int, p: int, own: float, other: float, quietest: float):
    """Three types, 30 % of the codes shared at .5, talkativeness uniform from ``quietest`` to 1."""
    labels = np.arange(n) % 3
    rate = np.where(np.arange(p)[None] % 3 == labels[:, None], own, other)
    rate[:, p - int(0.3 * p):] = 0.5
    said = rng.random((n, p)) < rate * rng.uniform(quietest, 1.0, n)[:, None]
    return pd.DataFrame(said.astype(int), ids(n), [f"code:{one:02d}" for one in range(p)]), labels


def readings(rng: np.random.Generator, people: int) -> pd.DataFrame:
    """Two coders of 12 codes of 10 to 60 %; an interview is hard or easy for both."""
    truth = rng.random((people, 12)) < np.linspace(0.1, 0.6, 12)
    wrong = rng.beta(2, 12, people)[:, None]
    read = {one: np.where(rng.random(truth.shape) < wrong, ~truth, truth).astype(int).ravel() for one in "AB"}
    return pd.DataFrame(read, index=ids(people).repeat(12))


def alpha_rows(runs: int = 300):
    truth = coder_agreement(readings(np.random.default_rng(1), 20_000), seed=1, replicates=1).at["all", "alpha"]
    for people in (8, 16, 40):
        read = [readings(np.random.default_rng(FIRST_SEED + one), people) for one in range(runs)]
        found = [coder_agreement(table, seed=one, replicates=500).loc["all"] for one, table in enumerate(read)]
        covered = np.mean([one["low"] <= truth <= one["high"] for one in found])
        yield "alpha: 95 % interval covers", f"{people} interviews", runs, covered


def talk_rows(runs: int = 40):
    settings = {"talkers .25 to 1, n=48, p=30": (48, 30, 0.85, 0.15, 0.25),
                "talkers .25 to 1, n=24, p=30": (24, 30, 0.85, 0.15, 0.25),
                "even talkers, n=48, p=30": (48, 30, 0.85, 0.15, 1.0), "even talkers, n=24, p=40": (24, 40, 0.8, 0.15, 1.0),
                "no types, even talkers, n=48, p=30": (48, 30, 0.4, 0.4, 1.0)}
    for name, setting in settings.items():
        drawn = [codes(np.random.default_rng(FIRST_SEED + one), *setting) for one in range(runs)]
        warned = [talkativeness(table, seed=1, replicates=199)["warning"].iloc[0] for table, _ in drawn]
        yield "talkers: warning", name, runs, np.mean(warned)
        for what, turn in (("codes", lambda table: table), ("code_shares", code_shares)):
            scores = []
            for table, labels in drawn:
                study = Study(name="s", participants=pd.DataFrame(index=table.index))
                active = build_features(study, turn(table)).active
                truth = pd.Series(labels, table.index)[active.index]
                scores.append(adjusted_rand_score(truth, KMEANS(active, 3, 1).argmax(1)))
            yield f"k-means on {what}: adjusted Rand", name, runs, np.mean(scores)


def saturation_rows(runs: int = 10):
    for name, own, other in (("three types", 0.8, 0.2), ("no types", 0.4, 0.4)):
        found = []
        for one in range(runs):
            table, labels = codes(np.random.default_rng(FIRST_SEED + one), 30, 30, own, other, 1.0)
            labels = labels if own > other else KMEANS(table, 3, 1).argmax(1)
            personas = people_of(labels, table)
            found.append(persona_saturation(table, personas, KMEANS, sizes=[15, 22], seed=one, replicates=20))
        for size, rows in pd.concat(found).groupby("interviews"):
            yield "personas recovered", f"{name}, {size} of 30 interviews", runs, rows["recovered"].mean()
            yield "personas recovered by chance", f"{name}, {size} of 30 interviews", runs, rows["by_chance"].mean()


def match_rows(runs: int = 50):
    for apart in (2.0, 3.0):
        for n in (15, 60):
            centres = apart * np.eye(6)
            right = {"kept": 0, "born": 0, "split": 0}
            for one in range(runs):
                rng = np.random.default_rng(FIRST_SEED + one)
                old, new, more = (wave(rng, centres[list(places)], n, first) for places, first in
                                  (((0, 1, 2), 0), ((0, 1, 2), 5_000), ((0, 1, 2, 3), 9_000)))
                wide = people_of(more.membership.to_numpy().argmax(1).clip(max=2), more.features.natural)
                again = wave(rng, centres[[0, 1, 2, 3]], n, 20_000)
                right["kept"] += changes(old, new) == ["kept"] * 3
                right["born"] += changes(old, more) == ["kept"] * 3 + ["born"]
                right["split"] += changes(wide, again) == ["kept"] * 2 + ["split"] * 2
            for what, count in right.items():
                yield f"match on profiles: all named, {what}", f"{apart:g} sd apart, {n} a persona", runs, count / runs


def wave(rng: np.random.Generator, centres: np.ndarray, n: int, first: int) -> Personas:
    labels = np.repeat(np.arange(len(centres)), n)
    values = centres[labels] + rng.normal(size=(len(labels), centres.shape[1]))
    return people_of(labels, pd.DataFrame(values, ids(len(labels), first), [f"f{one}" for one in range(centres.shape[1])]))


def changes(old: Personas, new: Personas) -> list[str]:
    return match_personas(old, new, on="profiles")["change"].tolist()


if __name__ == "__main__":
    rows = [row for make in (alpha_rows, talk_rows, saturation_rows, match_rows) for row in make()]
    table = pd.DataFrame(rows, columns=["what", "setting", "runs", "value"]).round({"value": 3})
    table.to_csv(Path(__file__).with_suffix("").parent / "interviews.csv", index=False)
    print(table.to_string())
