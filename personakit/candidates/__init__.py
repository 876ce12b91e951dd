"""Candidates: ways of sorting people into personas, compared with each other and with data that hold no personas."""

from __future__ import annotations

from personakit.candidates.measures import MEASURES
from personakit.candidates.methods import METHODS
from personakit.candidates.overlapping import scoring_rules
from personakit.candidates.search import assign, find_candidates

__all__ = ["MEASURES", "METHODS", "assign", "find_candidates", "scoring_rules"]
