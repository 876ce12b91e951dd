"""Measure and iterate: whether personas still hold a year later, what a change has brought, and what to follow."""

from __future__ import annotations

from personakit.monitor.change import ChangeEffect, measure_change
from personakit.monitor.engagement import engagement
from personakit.monitor.names import unshared_names
from personakit.monitor.outcomes import journey_outcomes
from personakit.monitor.register import judge_hypotheses, needed_people, read_hypotheses
from personakit.monitor.scale import carry_over
from personakit.monitor.sheet import freshness, kpi_sheet
from personakit.monitor.waves import WaveComparison, compare_waves

__all__ = ["ChangeEffect", "WaveComparison", "carry_over", "compare_waves", "engagement", "freshness", "journey_outcomes",
           "judge_hypotheses", "kpi_sheet", "measure_change", "needed_people", "read_hypotheses",
           "unshared_names"]
