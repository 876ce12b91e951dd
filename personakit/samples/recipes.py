"""What is planted in a sample: the records ``Persona`` and ``Recipe``, and ``Planted``, what comes out of one."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from personakit.schema import FRAMEWORKS

STAGES = FRAMEWORKS["parcours"]


@dataclass(frozen=True, kw_only=True)
class Persona:
    """The mean habits of one planted persona. Shares are mappings of level -> share and sum to one.

    ``process`` is the row of ``Recipe.processes`` that its journeys follow; ``pace`` is relative to the other personas;
    ``spend`` is the median value of a purchase.
    """

    name: str
    share: float
    process: int
    channel: Mapping[str, float]
    device: Mapping[str, float]
    content: Mapping[str, float]
    evening: float
    weekend: float
    pace: float
    spend: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A sample before chance: sizes, personas, journey processes and what is planted in them.

    ``processes`` is (process, stage, next stage); ``also`` the channels that have the touchpoints of another channel too.
    ``weight`` and ``follow`` say which touchpoints of a stage are met, at all and after another (1 where not named);
    ``stop`` is the chance that a session ends at an event, by stage; ``friction`` overrides it for one event.
    ``breaks`` maps (channel, next channel) to the chance of falling back to an earlier stage (where there is one) after
    such a switch, with ``("", "")`` for all other switches; empty: a switch changes nothing. ``speaks`` says whose words
    (codes and answers of the TOML file) each persona has, where they are not its own; ids count on from ``ids_after``;
    ``changed`` are tables of words that stand in for those of the file.
    """

    name: str
    language: str
    timezone: str
    start: str
    days: int
    entry_days: int
    people: int
    sessions_mean: float
    activity_sd: float
    leavers: float
    personas: tuple[Persona, ...]
    between: float
    concentration: float
    processes: np.ndarray
    stop: Mapping[str, float]
    weight: Mapping[str, float]
    follow: Mapping[str, Mapping[str, float]]
    also: Mapping[str, tuple[str, ...]]
    paid: tuple[str, ...]
    interviews: tuple[int, ...]
    respondents: int
    coders: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, tuple[float, ...]]]
    words_from: str
    friction: Mapping[str, float] = field(default_factory=dict)
    breaks: Mapping[tuple[str, str], float] = field(default_factory=dict)
    contested_interviews: int = 2
    bots: int = 0
    unknown: int = 0
    duplicates: float = 0.0
    ties: float = 0.0
    title: str = ""
    speaks: tuple[int, ...] = ()
    ids_after: int = 0
    changed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The name of the study."""
        return self.title or self.name.capitalize()

    @property
    def words(self) -> dict[str, Any]:
        """The touchpoints, contents, questions, codes and quotes of this sample, from its TOML file."""
        return {**read_words(self.words_from), **self.changed}


@dataclass(frozen=True, kw_only=True, eq=False)
class Planted:
    """A sample in memory. ``tables`` are raw tables with the kit's column names and vocabulary ids, as dirty as the files
    (duplicates, bots, unknown participants). ``truth`` holds ``personas`` (participant_id, persona, second, share: of
    the first persona; bots have none) and ``rows`` (row of events, reason: duplicate, bot or unknown). ``effects`` is
    what was planted, in plain numbers.
    """

    recipe: Recipe
    seed: int
    tables: Mapping[str, pd.DataFrame]
    truth: Mapping[str, pd.DataFrame]
    effects: Mapping[str, Any]


@functools.cache
def read_words(name: str) -> dict[str, Any]:
    """Read a TOML file of words of this folder; nobody may change what it returns."""
    return tomllib.loads((resources.files("personakit.samples") / name).read_text(encoding="utf-8"))


def spoken_mix(recipe: Recipe, mix: np.ndarray) -> np.ndarray:
    """Add up the personas (columns of ``mix``) that share their words."""
    if not recipe.speaks:
        return mix
    to = np.array(recipe.speaks)
    every = 1 + max(code["persona"] for code in recipe.words["codes"])
    # explicit sums: matrix products may differ in the last bit between machines
    return np.stack([mix[:, to == one].sum(axis=1) for one in range(every)], axis=1)


def mean_shares(recipe: Recipe, family: str) -> tuple[list[str], np.ndarray]:
    """Return the levels of a family (channel, device, content) and the personas' mean shares (persona x level)."""
    levels = list(getattr(recipe.personas[0], family))
    return levels, np.array([[getattr(one, family)[level] for level in levels] for one in recipe.personas])
