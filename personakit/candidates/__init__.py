"""Candidates: ways of sorting people into personas, compared with each other and with data that hold no personas."""

from __future__ import annotations

from personakit.candidates.advice import advise_n
from personakit.candidates.measures import MEASURES
from personakit.candidates.methods import METHODS
from personakit.candidates.multiverse import multiverse
from personakit.candidates.overlapping import scoring_rules
from personakit.candidates.search import assign, find_candidates

__all__ = ["MEASURES", "METHODS", "advise_n", "assign", "find_candidates", "multiverse", "scoring_rules"]
