"""Do journeys differ by persona, where, and who shares one: tests over people that do not test what made the personas."""

from personakit.journeys.compare.differences import DIFFERENCES, journey_differences
from personakit.journeys.compare.pool import pool_personas
from personakit.journeys.compare.verdict import COLUMNS, compare_journeys

__all__ = ["COLUMNS", "DIFFERENCES", "compare_journeys", "journey_differences", "pool_personas"]
