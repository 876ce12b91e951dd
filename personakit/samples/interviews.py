"""The coded interviews of a sample: who says what, in words that no two people share."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd

from personakit.samples.people import People
from personakit.samples.recipes import Recipe, spoken_mix
from personakit.schema import CONSENTS, PARTICIPANT

OWN_RATE, OTHER_RATE = 0.7, 0.2
TALK = (0.65, 1.1)
SEEN, IMAGINED = 0.88, 0.08
USES_OF_A_QUOTE = 2


def draw_codes(recipe: Recipe, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the coded segments: one row a coder, person and code. Without a quote left in the bank, none is written."""
    who = _interviewees(recipe, people, rng)
    codes = recipe.words["codes"]
    talk = TALK[0] + (TALK[1] - TALK[0]) * rng.random(len(who))
    said = rng.random((len(who), len(codes))) < (code_rates(recipe, people.mix[who]) * talk[:, None]).clip(max=0.95)
    consent = np.array(CONSENTS)[np.searchsorted([0.75, 0.92], rng.random(len(who)), side="right")]
    quotes = {number: iter(_wordings(code["quotes"], rng)) for number, code in enumerate(codes)}
    rows = []
    for place, person in enumerate(who):
        at = int(rng.integers(300, 900))
        for number in rng.permutation(len(codes)):
            code = codes[number]
            coders = _coders(recipe, bool(said[place, number]), rng)
            if not coders:
                continue
            quote = next(quotes[number], "") if said[place, number] else ""
            length = len(quote) or int(rng.integers(40, 140))
            rows += [(people.ids[person], f"{recipe.words['transcript']}_{place + 1:02d}", code["code"], code["kind"],
                      code["stage"], code["touchpoint"], quote, at, at + length, coder, consent[place])
                     for coder in coders]
            at += length + int(rng.integers(150, 1_200))
    columns = [PARTICIPANT, "source", "code", "kind", "stage", "touchpoint", "quote", "start", "end", "coder", "consent"]
    return pd.DataFrame(rows, columns=columns)


def code_rates(recipe: Recipe, mix: np.ndarray) -> np.ndarray:
    """How often each person (rows of ``mix``) would speak of each code. With one population, personas play no part."""
    mix, columns = spoken_mix(recipe, mix), []
    for code in recipe.words["codes"]:
        if code["persona"] < 0:
            columns.append(np.full(len(mix), code["rate"]))
        elif mix.shape[1] == 1:
            columns.append(np.full(len(mix), (OWN_RATE + 2 * OTHER_RATE) / 3))
        else:
            columns.append(OTHER_RATE + (OWN_RATE - OTHER_RATE) * mix[:, code["persona"]])
    return np.stack(columns, axis=1)


def _interviewees(recipe: Recipe, people: People, rng: np.random.Generator) -> np.ndarray:
    chosen = []
    for persona, wanted in enumerate(recipe.interviews):
        pool = np.flatnonzero((people.main == persona) & (people.share == 1))
        chosen.append(rng.choice(pool, min(wanted, len(pool)), replace=False))
    between = np.flatnonzero(people.share < 1)
    chosen.append(rng.choice(between, min(recipe.contested_interviews, len(between)), replace=False))
    return rng.permutation(np.concatenate(chosen))


def _coders(recipe: Recipe, said: bool, rng: np.random.Generator) -> list[str]:
    if len(recipe.coders) == 1:
        return [recipe.coders[0]] if said else []
    return [coder for coder in recipe.coders if rng.random() < (SEEN if said else IMAGINED)]


def _wordings(templates: list[str], rng: np.random.Generator) -> list[str]:
    """Wordings of the templates, each template used a little, first all templates once, then all again."""
    turns = []
    for template in templates:
        parts = re.split(r"\[([^\]]*)\]", template)
        options = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
        every = ["".join(words) for words in itertools.product(*options)]
        turns.append([every[one] for one in rng.permutation(len(every))][:USES_OF_A_QUOTE])
    order = rng.permutation(len(templates))
    return [turns[one][turn] for turn in range(USES_OF_A_QUOTE) for one in order if turn < len(turns[one])]
