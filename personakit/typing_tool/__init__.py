"""The typing tool: a few questions that place new people in the personas, and how far to trust the answer."""

from personakit.typing_tool.assign import assign_personas
from personakit.typing_tool.build import build_typing_tool
from personakit.typing_tool.saving import load_typing_tool, save_typing_tool
from personakit.typing_tool.tool import TypingTool

__all__ = ["TypingTool", "assign_personas", "build_typing_tool", "load_typing_tool", "save_typing_tool"]
