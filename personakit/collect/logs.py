"""The layouts of events."""

from __future__ import annotations

from collections.abc import Mapping

from personakit.collect.options import Layout

LOGS: Mapping[str, Layout] = {}
