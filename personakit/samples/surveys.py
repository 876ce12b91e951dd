"""The survey of a sample: Likert items, a multi-answer block, effort by touchpoint (CES) and recommendation (NPS)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.samples.people import People
from personakit.samples.recipes import Recipe
from personakit.schema import PARTICIPANT

#: instrument -> kind, lowest, highest answer, spread of the answers around a persona's mean
SCALES = {"likert": ("ordinal", 1, 5, 0.9), "multi": ("binary", 0, 1, 0.0), "ces": ("ordinal", 1, 7, 1.3),
          "nps": ("ordinal", 0, 10, 1.8)}
AGREEING_SD = 0.5


def draw_answers(recipe: Recipe, people: People, met: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the answers of some people. ``met`` (person x touchpoint, bool): only those who met it rate a touchpoint."""
    who = np.sort(rng.choice(len(people.ids), min(recipe.respondents, len(people.ids)), replace=False))
    agreeing = AGREEING_SD * rng.standard_normal(len(who))
    satisfied = rng.standard_normal(len(who))
    table: dict[str, object] = {PARTICIPANT: people.ids[who]}
    for variable, _, instrument, touchpoint, means in recipe.words["questions"]:
        _, low, high, spread = SCALES[instrument]
        mean = (people.mix[who] * _means(recipe, means)).sum(axis=1)
        if instrument == "multi":
            table[variable] = (rng.random(len(who)) < mean).astype(float)
            continue
        mood = agreeing if instrument == "likert" else 0.5 * spread * satisfied
        noise = spread * rng.standard_normal(len(who))
        answer = np.rint(mean + mood + noise).clip(low, high)
        table[variable] = np.where(met[touchpoint].to_numpy()[who], answer, np.nan) if touchpoint else answer
    return pd.DataFrame(table)


def write_codebook(recipe: Recipe) -> pd.DataFrame:
    """Write the codebook of the answers: what was asked, on which scale, and which end is the good one."""
    rows = []
    for variable, label, instrument, touchpoint, _ in recipe.words["questions"]:
        kind, low, high, _ = SCALES[instrument]
        better = "high" if instrument in ("ces", "nps") else ""
        rows.append((variable, label, kind, "held_back", instrument, touchpoint, better, float(low), float(high)))
    names = ["variable", "label", "kind", "role", "instrument", "touchpoint", "better", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def _means(recipe: Recipe, means: list[float]) -> np.ndarray:
    if recipe.speaks:
        return np.array(means)[list(recipe.speaks)]
    # a sample of one population takes the middle of what the personas of the other would say
    return np.array(means) if len(recipe.personas) == len(means) else np.array([np.mean(means)])
