"""What is known of each persona: features, outcomes, codes, words, quotes, coverage, traits; and sources side by side."""

from personakit.evidence.again import widen_intervals
from personakit.evidence.fairness import fairness_table
from personakit.evidence.gather import gather_evidence
from personakit.evidence.joint import joint_display
from personakit.evidence.silos import compare_partitions, link_interviews

__all__ = ["compare_partitions", "fairness_table", "gather_evidence", "joint_display", "link_interviews",
           "widen_intervals"]
