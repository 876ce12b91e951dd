"""Habits: what each participant's events say about how, when and through what they come."""

from personakit.behaviour.table import DEFAULT_HABITS, HABITS, behaviour_table

__all__ = ["DEFAULT_HABITS", "HABITS", "behaviour_table"]
