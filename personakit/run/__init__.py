"""From a study to a folder of cards, maps, tables and a report."""

from personakit.run.analysis import Analysis, analyse_study, type_people
from personakit.run.outputs import draw_cards, draw_maps, run_study, write_analysis, write_part
from personakit.run.waves import compare_studies

__all__ = ["Analysis", "analyse_study", "compare_studies", "draw_cards", "draw_maps", "run_study", "type_people",
           "write_analysis", "write_part"]
