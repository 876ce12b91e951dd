"""Journeys: what people do in which order, who is still on the way, where they stop, and whether personas differ."""

from __future__ import annotations

from personakit.journeys.around import around
from personakit.journeys.arrival import returns_to_stage, time_to_stage
from personakit.journeys.compare import compare_journeys, journey_differences, pool_personas
from personakit.journeys.describe import describe_journeys
from personakit.journeys.friction import rank_friction
from personakit.journeys.funnel import funnel
from personakit.journeys.grain import audit_grain
from personakit.journeys.lived.experience import Experience, experience
from personakit.journeys.loops import attrition, loops
from personakit.journeys.models import (
    JourneyMixture,
    Leaving,
    attribution,
    context_flips,
    journey_mixture,
    markov_order,
    passage,
    predict_leaving,
    predict_next,
)
from personakit.journeys.paths.discrepancy import discrepancy
from personakit.journeys.paths.distances import JourneyDistances, journey_distances
from personakit.journeys.paths.find import Paths, find_paths
from personakit.journeys.planned.align import DesignFit, align_to_design
from personakit.journeys.planned.design import read_design
from personakit.journeys.reconcile import reconcile
from personakit.journeys.sessions import audit_sessions
from personakit.journeys.stages import crosswalk, interview_journeys, stage_coverage
from personakit.journeys.steps import flows, step_matrix
from personakit.journeys.switches import switches
from personakit.journeys.trace import trace_journeys
from personakit.journeys.transitions import stage_counts, transitions
from personakit.journeys.variants import variants

__all__ = ["DesignFit", "Experience", "JourneyDistances", "JourneyMixture", "Leaving", "Paths", "align_to_design",
           "around", "attribution", "attrition", "audit_grain", "audit_sessions", "compare_journeys", "context_flips",
           "crosswalk", "describe_journeys", "discrepancy", "experience", "find_paths", "flows", "funnel",
           "interview_journeys", "journey_differences", "journey_distances", "journey_mixture", "loops", "markov_order",
           "passage", "pool_personas", "predict_leaving", "predict_next", "rank_friction", "read_design", "reconcile",
           "returns_to_stage", "stage_counts", "stage_coverage", "step_matrix", "switches", "time_to_stage",
           "trace_journeys", "transitions", "variants"]
