"""Survey answers as a table of variables, and the scales that are scored from them."""

from personakit.answers.reverse import reverse_items
from personakit.answers.scales import SCALES, score_scale
from personakit.answers.table import answer_table

__all__ = ["SCALES", "answer_table", "reverse_items", "score_scale"]
