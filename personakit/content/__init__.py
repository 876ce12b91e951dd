"""What to say to whom: the content each persona engages with, what is missing, and whose goals go together."""

from personakit.content.alignment import goal_alignment
from personakit.content.plan import content_plan

__all__ = ["content_plan", "goal_alignment"]
