"""personakit: a study becomes features, features become candidates, a person chooses personas, evidence and journeys
explain them, cards and maps show them.

Verbs and records are imported when first used, so that ``import personakit`` is quick.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings

__version__ = "0.1.0"

#: public name -> the module that holds it
_HOMES = {
    name: module
    for module, names in {
        "errors": ("StudyError", "ChoiceError", "TooFewError"),
        "readings": ("Reading", "ReadReport"),
        "records": ("Study", "EncodedLog", "Features", "Candidates", "Personas", "Evidence", "Journeys",
                    "JourneyFindings"),
        "documents": ("Card", "JourneyMap"),
        "collect": ("read_survey", "read_spss", "read_codebook", "save_codebook", "flag_careless", "read_codes",
                    "read_code_matrix", "read_qdpx", "read_qualcoder", "read_taguette", "save_qda", "read_events",
                    "read_xes", "audit_events", "check_reading", "Identities", "stitch_identities", "apply_identities",
                    "find_identifiers", "pseudonymise", "Scrubbed", "scrub_quotes"),
        "study": ("load_study", "load_sample", "build_study", "check_study", "save_study"),
        "answers": ("answer_table", "reverse_items", "score_scale"),
        "coding": ("code_table", "code_shares", "coder_agreement", "saturation", "persona_saturation", "talkativeness",
                   "coding_uncertainty"),
        "behaviour": ("behaviour_table",),
        "features": ("build_features", "impute", "with_imputation"),
        "candidates": ("find_candidates", "assign", "scoring_rules", "multiverse", "advise_n"),
        "personas": ("choose", "recommend", "label", "label_with", "suggest_labels", "match_personas"),
        "evidence": ("gather_evidence", "widen_intervals", "fairness_table", "joint_display", "link_interviews",
                     "compare_partitions"),
        "typing_tool": ("TypingTool", "build_typing_tool", "assign_personas", "save_typing_tool", "load_typing_tool"),
        "journeys": ("trace_journeys", "transitions", "stage_counts", "step_matrix", "flows", "variants", "reconcile",
                     "funnel", "around", "loops", "attrition", "time_to_stage", "returns_to_stage", "audit_sessions",
                     "audit_grain", "stage_coverage", "crosswalk", "interview_journeys", "rank_friction", "switches",
                     "compare_journeys", "describe_journeys", "JourneyDistances", "journey_distances", "Paths",
                     "find_paths", "discrepancy", "DesignFit", "align_to_design", "Experience", "experience",
                     "journey_differences", "pool_personas", "attribution", "context_flips", "journey_mixture",
                     "JourneyMixture", "Leaving", "markov_order", "passage", "predict_leaving", "predict_next"),
        "content": ("content_plan", "goal_alignment"),
        "cards": ("make_cards",),
        "maps": ("make_map",),
        "monitor": ("WaveComparison", "ChangeEffect", "carry_over", "compare_waves", "journey_outcomes",
                    "measure_change", "kpi_sheet", "engagement", "freshness", "read_hypotheses", "judge_hypotheses",
                    "needed_people"),
        "export": ("save_cards", "save_map", "save_report", "save_tables", "save_comparison", "load_document",
                   "read_card_edits"),
        "plots": ("plot_candidates", "plot_personas", "plot_profiles", "plot_crossings",
                  "plot_transitions", "plot_step_matrix", "plot_sankey", "plot_funnel", "plot_time_to_stage",
                  "plot_channels", "plot_paths", "plot_deviations", "plot_experience", "plot_differences"),
        "run": ("run_study", "compare_studies"),
    }.items()
    for name in names
}
__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'personakit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"personakit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])


def _warn_of_namesake() -> None:
    # another project owns the name "personakit" on PyPI and installs the same import name
    try:
        other = importlib.metadata.version("personakit")
    except importlib.metadata.PackageNotFoundError:
        return
    warnings.warn(
        f"The unrelated distribution 'personakit' {other} is installed beside 'personakit-research' and shares its import "
        "name. Remove it: pip uninstall personakit",
        stacklevel=2,
    )


_warn_of_namesake()
