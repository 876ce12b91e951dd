"""The layouts of codes."""

from __future__ import annotations

from collections.abc import Mapping

from personakit.collect.interviews.code_tables import CODE_MATRIX
from personakit.collect.interviews.qdpx import QDPX
from personakit.collect.interviews.qualcoder import QUALCODER
from personakit.collect.interviews.taguette import TAGUETTE
from personakit.collect.reading.options import Layout

INTERVIEWS: Mapping[str, Layout] = {"qdpx": QDPX, "qualcoder": QUALCODER, "taguette": TAGUETTE,
                                     "code_matrix": CODE_MATRIX}
