"""Coded interviews: who said what, how far coders agree, whether more interviews would say more, and what to trust."""

from personakit.coding.agreement import coder_agreement
from personakit.coding.recovery import coding_uncertainty, persona_saturation
from personakit.coding.saturation import saturation
from personakit.coding.table import code_table
from personakit.coding.talk import code_shares, talkativeness

__all__ = ["code_shares", "code_table", "coder_agreement", "coding_uncertainty", "persona_saturation", "saturation",
           "talkativeness"]
