"""The layouts of answers."""

from __future__ import annotations

from collections.abc import Mapping

from personakit.collect.options import Layout

SURVEYS: Mapping[str, Layout] = {}
