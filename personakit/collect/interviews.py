"""The layouts of codes."""

from __future__ import annotations

from collections.abc import Mapping

from personakit.collect.options import Layout

INTERVIEWS: Mapping[str, Layout] = {}
