"""Planted studies with known truth: ``lunettes`` (four personas), ``agence`` (three) and ``bruit`` (none)."""

from __future__ import annotations

from personakit.samples.places import Places, known_places, move_plants
from personakit.samples.planting import SEEDS, clean_study, plant, plant_recipe, recipe_of
from personakit.samples.recipes import Planted
from personakit.samples.writing import make_sample, write_sample

__all__ = [
    "SEEDS", "Places", "Planted", "clean_study", "known_places", "make_sample", "move_plants", "plant", "plant_recipe",
    "recipe_of", "write_sample",
]
