"""``plant``: a study with known truth, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, TooFewError, unknown_name
from personakit.records import Study
from personakit.samples.agence import AGENCE
from personakit.samples.interviews import OTHER_RATE, OWN_RATE, draw_codes
from personakit.samples.logs import draw_events
from personakit.samples.lunettes import BRUIT, LATER, LUNETTES
from personakit.samples.mess import soil
from personakit.samples.people import People, draw_attributes, draw_people, persona_truth
from personakit.samples.recipes import STAGES, Planted, Recipe, mean_shares
from personakit.samples.surveys import draw_answers, write_codebook
from personakit.schema import PARTICIPANT

RECIPES: Mapping[str, Recipe] = MappingProxyType({one.name: one for one in (LUNETTES, AGENCE, BRUIT, LATER)})
SEEDS: Mapping[str, int] = MappingProxyType({"lunettes": 7, "agence": 21, "bruit": 13, "lunettes_later": 29})
FEWEST = 30
COLUMNS = {
    "touchpoints": ["event", "touchpoint", "stage", "channel", "owner"],
    "contents": ["content", "title", "kind", "theme", "format", "stage"],
    "goals": ["goal", "stage", "owner", "metric", "target"],
    "walkthroughs": ["shop", "stage", "touchpoint", "channel", "rating", "observation"],
    "design": ["step", "touchpoint", "stage", "channel", "optional", "repeatable"],
}


def plant(name: str, *, seed: int, participants: int | None = None) -> Planted:
    """Plant a study: draw its people, their log, answers and interviews, and keep the truth.

    Use it to test a method, or a whole analysis, against a known answer. It cannot tell how a method fares on real
    people: real habits are not drawn from a recipe.

    Parameters
    ----------
    name : ``lunettes`` (four personas), ``agence`` (three), ``bruit`` (none) or ``lunettes_later`` (a year on).
    seed : the same seed gives the same study.
    participants : how many people, bots not counted; default as published (2,000; ``agence`` 40; ``lunettes_later`` 1,000).

    Returns
    -------
    Planted
        Raw tables (participants, events, answers, codes and what they need), truth and planted effects.

    Raises
    ------
    ChoiceError
        The name is unknown.
    TooFewError
        Fewer than 30 participants were asked for.

    Examples
    --------
    >>> planted = plant("agence", seed=1)
    >>> len(planted.tables["participants"]), sorted(planted.truth["personas"]["persona"].unique())
    (40, ['networker', 'planner', 'scout'])
    """
    recipe = recipe_of(name)
    if participants is not None and participants < FEWEST:
        raise TooFewError(f"participants: {participants} are too few to plant a study. Ask for {FEWEST} or more.")
    return plant_recipe(replace(recipe, people=participants or recipe.people), seed=seed)


def recipe_of(name: str) -> Recipe:
    """Return the recipe of a sample, to plant a variation of it."""
    if name not in RECIPES:
        raise ChoiceError(unknown_name("sample", name, RECIPES))
    return RECIPES[name]


def plant_recipe(recipe: Recipe, *, seed: int) -> Planted:
    """Plant a study of a recipe, as ``plant`` does of a sample."""
    chance = [np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(6)]
    every = _draw_ids(recipe, chance[0])
    people = draw_people(recipe, every[: recipe.people], chance[1])
    clean = draw_events(recipe, people, chance[2])
    events = soil(recipe, clean, chance[3])
    tables = {
        "participants": _participants(recipe, people, every, chance[1]),
        "events": _event_table(recipe, events, every),
        "answers": draw_answers(recipe, people, _met(recipe, clean), chance[4]),
        "codebook": write_codebook(recipe),
        "codes": draw_codes(recipe, people, chance[5]),
    }
    for table, columns in COLUMNS.items():
        rows = [row[: len(columns)] for row in recipe.words[table]]
        tables[table] = pd.DataFrame(rows, columns=columns)
    dirty = events.index[events["reason"] != ""]
    truth = {"personas": persona_truth(recipe, people).sort_values(PARTICIPANT, ignore_index=True),
             "rows": pd.DataFrame({"row": dirty, "reason": events["reason"][dirty].to_numpy()})}
    return Planted(recipe=recipe, seed=seed, tables=tables, truth=truth, effects=_effects(recipe))


def clean_study(planted: Planted) -> Study:
    """Make a study of a planted sample without its mess, in memory: for simulations over many seeds.

    Duplicates, bots and unknown participants are left out by the truth, not found; to see them found, write the sample
    with ``make_sample`` and load it.

    Examples
    --------
    >>> clean_study(plant("agence", seed=1))
    Study Agence: 40 participants, 4024 events, 40 answers, 173 codes. Next: check_study(study)
    """
    tables: dict[str, Any] = dict(planted.tables)
    tables["events"] = tables["events"].drop(index=planted.truth["rows"]["row"].to_numpy())
    known = tables["participants"][PARTICIPANT].isin(planted.truth["personas"][PARTICIPANT])
    tables["participants"] = tables["participants"][known]
    recipe = planted.recipe
    return Study(name=recipe.called, language=recipe.language, timezone=recipe.timezone, stages=STAGES,
                 **tables)


def _draw_ids(recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Ids in no order: people, then strangers, then bots (so that -1 is the last bot)."""
    count = recipe.people + recipe.unknown + recipe.bots
    width = len(f"{recipe.ids_after + count:x}")
    return np.array([f"{recipe.words['id']}{recipe.ids_after + one + 1:0{width}x}" for one in rng.permutation(count)])


def _participants(recipe: Recipe, people: People, every: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    known = draw_attributes(recipe, people, rng)
    bots = known.sample(recipe.bots, random_state=rng).assign(**{PARTICIPANT: every[len(every) - recipe.bots :]})
    return pd.concat([known, bots]).sort_values(PARTICIPANT, ignore_index=True)


def _event_table(recipe: Recipe, events: pd.DataFrame, every: np.ndarray) -> pd.DataFrame:
    midnight = pd.Timestamp(recipe.start)
    local = midnight + pd.to_timedelta((events["second"] * 1000).round().astype("int64"), unit="ms")
    utc = local.dt.tz_localize(recipe.timezone, nonexistent="shift_forward", ambiguous=True).dt.tz_convert("UTC")
    table = pd.DataFrame({PARTICIPANT: every[events["person"].to_numpy()], "event": events["event"],
                          "time_us": utc.dt.as_unit("us").astype("int64"), "order": events["order"]})
    for column in ("channel", "device", "content"):
        table[column] = events[column].where(events[column] != "")
    return table.assign(value=events["value"])


def _met(recipe: Recipe, log: pd.DataFrame) -> pd.DataFrame:
    touchpoint = {row[0]: row[1] for row in recipe.words["touchpoints"]}
    met = pd.crosstab(log["person"], log["event"].map(touchpoint)) > 0
    return met.reindex(index=range(recipe.people), columns=list(touchpoint.values()), fill_value=False)


def _effects(recipe: Recipe) -> dict[str, Any]:
    """Tell what was planted, in plain numbers."""
    personas = {}
    for at, one in enumerate(recipe.personas):
        families = {name: dict(getattr(one, name)) for name in ("channel", "device", "content")}
        personas[one.name] = {"share": one.share, "journey": f"J{one.process + 1}", "pace": one.pace,
                              "evening": one.evening, "weekend": one.weekend, "spend": one.spend, **families,
                              "codes": [code["code"] for code in recipe.words["codes"] if code["persona"] == at]}
    many = len(recipe.personas) > 1
    return {
        "personas": personas if many else {}, "between": recipe.between, "stages": list(STAGES),
        "journeys": {f"J{at + 1}": rows.round(4).tolist() for at, rows in enumerate(recipe.processes)},
        "stop": dict(recipe.stop), "friction": dict(recipe.friction),
        "restart_after_switch": {" -> ".join(pair) if pair[0] else "other": chance
                                 for pair, chance in recipe.breaks.items()},
        "code_rates": {"own": OWN_RATE, "other": OTHER_RATE} if many else {},
        "answers": {row[0]: row[4] for row in recipe.words["questions"]} if many else {},
        "without_content": _gaps(recipe),
        "mess": {"bots": recipe.bots, "unknown": recipe.unknown, "duplicates": recipe.duplicates, "ties": recipe.ties},
    }


def _gaps(recipe: Recipe) -> list[list[str]]:
    held = {(row[2], row[5]) for row in recipe.words["contents"]}
    return [[kind, stage] for kind in mean_shares(recipe, "content")[0] for stage in STAGES if (kind, stage) not in held]
