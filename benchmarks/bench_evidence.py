"""How long the evidence and the typing tool take, beside plain loops over the same bootstrap.

Figures of the house: gather_evidence with 1,000 bootstraps on 2,000 people x 60 features under 5 s; a typing tool on 1,453
people x 11 questions under 30 s; placing 200,000 people, and gathering their evidence, under a minute. The clock tells of
the machine and of whoever shares it, CPU seconds of the work.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from personakit.candidates import METHODS
from personakit.evidence import gather_evidence
from personakit.records import Features, Personas, Study
from personakit.typing_tool import assign_personas, build_typing_tool


def people(n: int, columns: int, k: int, seed: int = 7) -> tuple[Study, Features, Personas]:
    rng = np.random.default_rng(seed)
    index = pd.Index([f"p{one:06d}" for one in range(n)], name="participant_id")
    group = rng.integers(0, k, n)
    centres = rng.normal(0, 0.7, (k, columns))
    values = centres[group] + rng.normal(size=(n, columns))
    half = columns // 2
    values[:, half:] = values[:, half:] > 0
    natural = pd.DataFrame(values, index=index, columns=[f"x{one:02d}" for one in range(columns)])
    natural.iloc[:, 0] = natural.iloc[:, 0].mask(rng.random(n) < 0.1)
    kinds = ["numeric"] * half + ["binary"] * (columns - half)
    roles = ["active"] * (columns - 10) + ["held_back"] * 10
    catalog = pd.DataFrame({"kind": kinds, "role": roles, "origin": "answers", "unit": "", "label": ""},
                           index=natural.columns)
    features = Features(table=natural, natural=natural, catalog=catalog, dropped=pd.DataFrame())
    posterior = np.full((n, k), 0.1 / (k - 1))
    posterior[np.arange(n), group] = 0.9
    personas = Personas(candidate="by hand", features=features, quality=pd.Series({"verdict": "natural"}), tried=1,
                        membership=pd.DataFrame(posterior, index=index, columns=[f"P{one + 1}" for one in range(k)]),
                        stability=pd.DataFrame(), chosen=True)
    return Study(name="bench", participants=pd.DataFrame(index=index)), features, personas


def timed(name: str, function, *arguments, **options):  # noqa: ANN002, ANN003
    start, used = time.perf_counter(), time.process_time()
    out = function(*arguments, **options)
    print(f"{name:68s} {time.perf_counter() - start:7.2f} s, of CPU {time.process_time() - used:7.2f} s", flush=True)
    return out


def plain_loops(features: Features, personas: Personas, replicates: int) -> None:
    """What a notebook does: draw people, group, average; once a replicate."""
    rng = np.random.default_rng(7)
    labels = personas.labels.to_numpy()
    for _ in range(replicates):
        rows = rng.integers(0, len(labels), len(labels))
        features.natural.iloc[rows].groupby(labels[rows]).mean()


def main() -> None:
    study, features, personas = people(2_000, 60, 4)
    timed("gather_evidence, 2,000 people x 60 features, 1,000 bootstraps", gather_evidence, study, features, personas,
          seed=7, replicates=1_000)
    timed("  the bootstrap of means alone, as pandas groupby loops", plain_loops, features, personas, 1_000)
    timed("build_typing_tool, 1,453 people x 11 yes/no questions", build_typing_tool, *people(1_453, 11, 4)[:0:-1],
          METHODS["kmeans"], seed=7)
    study, features, personas = people(200_000, 60, 4)
    timed("gather_evidence, 200,000 people x 60 features, 500 bootstraps", gather_evidence, study, features, personas,
          seed=7)
    tool = timed("build_typing_tool, 200,000 people x 60 questions", build_typing_tool, personas, features,
                 METHODS["kmeans"], seed=7)
    timed("assign_personas, 200,000 people", assign_personas, tool, features.natural)


if __name__ == "__main__":
    main()
