"""What is known of each persona: features, codes, quotes, coverage and the traits its members hold together."""

from personakit.evidence.gather import gather_evidence

__all__ = ["gather_evidence"]
