"""The people of a sample: their persona, those between two, their own habits, and attributes that only describe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.samples.recipes import Recipe, mean_shares
from personakit.schema import PARTICIPANT, PERSONA


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """One row a person: ``mix`` (person x persona, rows sum to one), the two personas it mixes, and own habits."""

    ids: np.ndarray
    main: np.ndarray
    second: np.ndarray
    share: np.ndarray
    mix: np.ndarray
    channel: np.ndarray
    device: np.ndarray
    content: np.ndarray
    evening: np.ndarray
    weekend: np.ndarray
    rate: np.ndarray
    spend: np.ndarray
    entry: np.ndarray
    leave: np.ndarray


def draw_people(recipe: Recipe, ids: np.ndarray, rng: np.random.Generator) -> People:
    """Draw people: a persona each, a second one for those between two, and habits that vary around their persona's."""
    n = len(ids)
    main, second, share = _draw_mix(recipe, n, rng)
    mix = np.zeros((n, len(recipe.personas)))
    mix[np.arange(n), main] = share
    mix[np.arange(n), second] += 1 - share
    families = {name: _dirichlet(_blend(mix, mean_shares(recipe, name)[1]), recipe.concentration, rng)
                for name in ("channel", "device", "content")}
    half = recipe.concentration / 2
    chances = {name: _beta(_blend(mix, _column(recipe, name)[:, None])[:, 0], half, rng)
               for name in ("evening", "weekend")}
    pace = _blend(mix, _column(recipe, "pace")[:, None])[:, 0]
    rate = pace * np.exp(recipe.activity_sd * rng.standard_normal(n))
    entry = np.floor(rng.random(n) * recipe.entry_days)
    # leavers stop coming one day, whatever their persona; the others may go on after the data cut
    stay = 60 + rng.random(n) * (recipe.days - 60)
    leave = np.where(rng.random(n) < recipe.leavers, np.minimum(entry + stay, recipe.days), recipe.days)
    spend = _blend(mix, _column(recipe, "spend")[:, None])[:, 0] * np.exp(0.25 * rng.standard_normal(n))
    return People(ids=ids, main=main, second=second, share=share, mix=mix, **families, **chances,
                  rate=rate / rate.mean(), spend=spend, entry=entry, leave=leave)


def draw_attributes(recipe: Recipe, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the participants table: attributes that lean a little with the persona and never make it."""
    table = {PARTICIPANT: people.ids}
    for name, levels in recipe.attributes.items():
        shares = _blend(people.mix, np.array(list(levels.values())).T)
        table[name] = np.array(list(levels))[pick(shares, rng)]
    lean = 1 + 0.15 * people.mix[:, -1]
    table["tenure_days"] = np.floor(400 * lean * np.exp(0.9 * rng.standard_normal(len(people.ids)))).astype(int)
    return pd.DataFrame(table)


def persona_truth(recipe: Recipe, people: People) -> pd.DataFrame:
    """Tell the true persona of each person; ``second`` and a share under one for those between two."""
    names = np.array([one.name for one in recipe.personas])
    second = np.where(people.share < 1, names[people.second], "")
    return pd.DataFrame({PARTICIPANT: people.ids, PERSONA: names[people.main], "second": second, "share": people.share})


def pick(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one column a row, in proportion to the row's values (which need not sum to one)."""
    ladder = np.cumsum(shares, axis=1)
    return (rng.random(len(shares))[:, None] * ladder[:, -1:] >= ladder).sum(axis=1).clip(max=shares.shape[1] - 1)


def _draw_mix(recipe: Recipe, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = np.array([one.share for one in recipe.personas])
    main = pick(np.tile(sizes, (n, 1)), rng)
    if len(sizes) == 1:
        return main, main.copy(), np.ones(n)
    # the second persona is drawn by size as well, so that no persona's in-betweens lean to one side
    second = pick(np.where(np.arange(len(sizes)) == main[:, None], 0, sizes), rng)
    between = rng.random(n) < recipe.between
    low = np.round(0.35 + 0.30 * rng.random(n), 3)
    share = np.where(between, low, 1.0)
    swap = between & (share < 0.5)
    main, second = np.where(swap, second, main), np.where(swap, main, second)
    return main, second, np.round(np.where(swap, 1 - share, share), 3)


def _blend(mix: np.ndarray, means: np.ndarray) -> np.ndarray:
    # an explicit sum: matrix products may differ in the last bit between machines
    return sum(mix[:, [one]] * means[one] for one in range(mix.shape[1]))


def _column(recipe: Recipe, name: str) -> np.ndarray:
    return np.array([getattr(one, name) for one in recipe.personas])


def _dirichlet(means: np.ndarray, concentration: float, rng: np.random.Generator) -> np.ndarray:
    draws = rng.standard_gamma(means * concentration) + 1e-9
    return draws / draws.sum(axis=1, keepdims=True)


def _beta(means: np.ndarray, concentration: float, rng: np.random.Generator) -> np.ndarray:
    return _dirichlet(np.stack([means, 1 - means], axis=1), concentration, rng)[:, 0]
