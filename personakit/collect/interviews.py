"""The layouts of codes."""

from __future__ import annotations

from collections.abc import Mapping

from personakit.collect.code_tables import CODE_MATRIX
from personakit.collect.options import Layout
from personakit.collect.qdpx import QDPX
from personakit.collect.qualcoder import QUALCODER
from personakit.collect.taguette import TAGUETTE

INTERVIEWS: Mapping[str, Layout] = {"qdpx": QDPX, "qualcoder": QUALCODER, "taguette": TAGUETTE,
                                     "code_matrix": CODE_MATRIX}
