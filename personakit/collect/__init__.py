"""Read what people bring: exports of surveys, interviews and logs become canonical tables, every row accounted for."""

from personakit.collect.findings import check_reading
from personakit.collect.layouts import LAYOUTS, read
from personakit.collect.options import How, Options

__all__ = ["LAYOUTS", "How", "Options", "check_reading", "read"]
