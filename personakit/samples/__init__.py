"""Planted studies with known truth: ``lunettes`` (four personas), ``agence`` (three) and ``bruit`` (none)."""

from __future__ import annotations

from personakit.samples.planting import SEEDS, clean_study, plant, plant_recipe, recipe_of
from personakit.samples.recipes import Planted
from personakit.samples.writing import make_sample, write_sample

__all__ = ["SEEDS", "Planted", "clean_study", "make_sample", "plant", "plant_recipe", "recipe_of", "write_sample"]
