"""Journeys: what people do in which order, who is still on the way, where they stop, and whether personas differ."""

from personakit.journeys.arrival import returns_to_stage, time_to_stage
from personakit.journeys.compare import compare_journeys, journey_differences, pool_personas
from personakit.journeys.describe import describe_journeys
from personakit.journeys.friction import rank_friction
from personakit.journeys.funnel import funnel
from personakit.journeys.models import attribution, context_flips, journey_mixture, markov_order, passage, predict_next
from personakit.journeys.reconcile import reconcile
from personakit.journeys.sessions import audit_sessions
from personakit.journeys.steps import flows, step_matrix
from personakit.journeys.switches import switches
from personakit.journeys.trace import trace_journeys
from personakit.journeys.transitions import stage_counts, transitions
from personakit.journeys.variants import variants

__all__ = ["attribution", "audit_sessions", "compare_journeys", "context_flips", "describe_journeys", "flows", "funnel",
           "journey_differences", "journey_mixture", "markov_order", "passage", "pool_personas", "predict_next",
           "rank_friction", "reconcile", "returns_to_stage", "stage_counts", "step_matrix", "switches", "time_to_stage",
           "trace_journeys", "transitions", "variants"]
