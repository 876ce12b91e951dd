"""A half-day workshop: deal each group its own study, check what learners do, and compare what they found with the truth."""

from __future__ import annotations

from personakit.workshop.checking import Feedback, check
from personakit.workshop.dealing import deal_workshop
from personakit.workshop.debriefing import debrief, tell_debrief
from personakit.workshop.paper import write_paper

__all__ = ["Feedback", "check", "deal_workshop", "debrief", "tell_debrief", "write_paper"]
