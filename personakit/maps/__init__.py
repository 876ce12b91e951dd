"""Journey maps: stages as columns, lanes as rows, each cell with its value, its people and how well data back it."""

from personakit.maps.build import make_map

__all__ = ["make_map"]
