"""Charts: they draw numbers that a record already holds and return matplotlib Axes. Readable in grey, in two languages."""

from __future__ import annotations

from personakit.plots.candidates import draw_candidates, method_name, plot_candidates, plot_crossings
from personakit.plots.differences import plot_differences
from personakit.plots.journeys import plot_journeys
from personakit.plots.personas import nearest_is_right, plot_personas, plot_profiles

__all__ = ["draw_candidates", "method_name", "nearest_is_right", "plot_candidates", "plot_crossings", "plot_differences",
           "plot_journeys", "plot_personas", "plot_profiles"]
