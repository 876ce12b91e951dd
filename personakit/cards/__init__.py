"""Persona cards: every sentence is a claim that names the evidence behind it. Drawing and files are the exports' work."""

from personakit.cards.build import make_cards
from personakit.cards.origin import with_file_ids

__all__ = ["make_cards", "with_file_ids"]
