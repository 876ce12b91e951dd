"""Personas: chosen and named by people, with suggestions to start from, and kept over re-runs and waves."""

from personakit.personas.decide import choose, label, recommend
from personakit.personas.match import match_personas
from personakit.personas.namer import label_with
from personakit.personas.suggest import suggest_labels

__all__ = ["choose", "label", "label_with", "match_personas", "recommend", "suggest_labels"]
