"""Charts: they draw numbers that a record already holds and return matplotlib Axes. Readable in grey, in two languages."""

from __future__ import annotations

from personakit.plots.candidates import draw_candidates, method_name, plot_candidates, plot_crossings
from personakit.plots.differences import plot_differences
from personakit.plots.experience import plot_experience
from personakit.plots.flows import plot_sankey
from personakit.plots.paths import plot_deviations, plot_paths
from personakit.plots.personas import nearest_is_right, plot_personas, plot_profiles
from personakit.plots.views import plot_channels, plot_funnel, plot_step_matrix, plot_time_to_stage, plot_transitions

__all__ = ["draw_candidates", "method_name", "nearest_is_right", "plot_candidates", "plot_channels", "plot_crossings",
           "plot_deviations", "plot_differences", "plot_experience", "plot_funnel", "plot_paths",
           "plot_personas", "plot_profiles", "plot_sankey", "plot_step_matrix", "plot_time_to_stage",
           "plot_transitions"]
