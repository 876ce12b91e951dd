"""Journeys: what people do in which order, who is still on the way, where they stop, and whether personas differ."""

from personakit.journeys.around import around
from personakit.journeys.arrival import returns_to_stage, time_to_stage
from personakit.journeys.compare import compare_journeys
from personakit.journeys.describe import describe_journeys
from personakit.journeys.friction import rank_friction
from personakit.journeys.funnel import funnel
<<<<<<< HEAD
from personakit.journeys.loops import attrition, loops
=======
from personakit.journeys.lived.experience import Experience, experience
from personakit.journeys.paths.discrepancy import discrepancy
from personakit.journeys.paths.distances import JourneyDistances, journey_distances
from personakit.journeys.paths.find import Paths, find_paths
from personakit.journeys.planned.align import DesignFit, align_to_design
from personakit.journeys.planned.design import read_design
>>>>>>> paths
from personakit.journeys.reconcile import reconcile
from personakit.journeys.sessions import audit_sessions
from personakit.journeys.stages import audit_grain, crosswalk, interview_journeys, stage_coverage
from personakit.journeys.steps import flows, step_matrix
from personakit.journeys.switches import switches
from personakit.journeys.trace import trace_journeys
from personakit.journeys.transitions import stage_counts, transitions
from personakit.journeys.variants import variants

<<<<<<< HEAD
__all__ = ["around", "attrition", "audit_grain", "audit_sessions", "compare_journeys", "crosswalk", "describe_journeys",
           "flows", "funnel", "interview_journeys", "loops", "rank_friction", "reconcile", "returns_to_stage",
           "stage_counts", "stage_coverage", "step_matrix", "switches", "time_to_stage", "trace_journeys", "transitions",
           "variants"]
=======
__all__ = ["DesignFit", "Experience", "JourneyDistances", "Paths", "align_to_design", "audit_sessions", "compare_journeys",
           "describe_journeys", "discrepancy", "experience", "find_paths", "flows", "funnel", "journey_distances",
           "rank_friction", "read_design", "reconcile", "returns_to_stage", "stage_counts", "step_matrix", "switches",
           "time_to_stage", "trace_journeys", "transitions", "variants"]
>>>>>>> paths
