"""Journeys: what people do in which order, who is still on the way, where they stop, and whether personas differ."""

from personakit.journeys.arrival import returns_to_stage, time_to_stage
from personakit.journeys.compare import compare_journeys, journey_differences, pool_personas
from personakit.journeys.describe import describe_journeys
from personakit.journeys.friction import rank_friction
from personakit.journeys.funnel import funnel
from personakit.journeys.reconcile import reconcile
from personakit.journeys.sessions import audit_sessions
from personakit.journeys.steps import flows, step_matrix
from personakit.journeys.switches import switches
from personakit.journeys.trace import trace_journeys
from personakit.journeys.transitions import stage_counts, transitions
from personakit.journeys.variants import variants

__all__ = ["audit_sessions", "compare_journeys", "describe_journeys", "flows", "funnel", "journey_differences",
           "pool_personas", "rank_friction", "reconcile", "returns_to_stage", "stage_counts", "step_matrix", "switches", "time_to_stage", "trace_journeys", "transitions",
           "variants"]
