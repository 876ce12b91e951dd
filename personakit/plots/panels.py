"""Panels side by side on one scale: one for everyone and one a persona, as the pictures of journeys have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import is_small
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.plots.look import INK, MUTED, dress
from personakit.schema import PERSONA
from personakit.wording import check_language, say_key, term

ACROSS = 3
LEAVES = {"end": "plots.end", "open": "plots.open", "more": "plots.more", "other": "plots.rest"}


def need(table: pd.DataFrame, view: str, *columns: str) -> None:
    """Raise where a table is not what the view returns, or holds nothing to draw."""
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise StudyError(f"plot: the table has no column {lacking[0]!r}. Draw what {view} returns.")
    if not len(table):
        raise StudyError(f"plot: {view} found nothing to draw. Look at the table and its docstring.")


def panels(
    table: pd.DataFrame, sizes: Mapping[str, int], *, title: str, caption: str, names: Mapping[str, str] | None,
    language: str, shape: tuple[float, float] = (3.9, 3.7),
) -> dict[str, Any]:
    """Make an axis for everyone and for each persona of a table, titled with its name and how many people it has."""
    from matplotlib import pyplot as plt

    check_language(language)
    personas = list(dict.fromkeys(table[PERSONA])) if PERSONA in table else ["all"]
    for one in names or {}:
        if one not in personas:
            raise ChoiceError(unknown_name("names", one, personas))
    across = min(len(personas), ACROSS)
    down = -(-len(personas) // ACROSS)
    figure, axes = plt.subplots(down, across, figsize=(max(across * shape[0], 6.4), down * shape[1] + 0.7), squeeze=False,
                                layout="constrained", sharex=True, sharey=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=9, color=MUTED)
    for ax in axes.ravel()[len(personas):]:
        ax.set_axis_off()
    drawn = dict(zip(personas, axes.ravel(), strict=False))
    for place, (persona, ax) in enumerate(drawn.items()):
        name = say_key("plots.everyone", language) if persona == "all" else (names or {}).get(persona, persona)
        size = sizes.get(persona)
        dress(ax, name if size is None or is_small(size) else say_key("plots.panel", language, name=name, n=int(size)))
        ax.tick_params(labelbottom=place + across >= len(personas), labelleft=place % across == 0, labelsize=9)
    return drawn


def word(level: str, language: str) -> str:
    """Write a stage, a touchpoint or one of the ends of a journey."""
    return say_key(LEAVES[level], language) if level in LEAVES else term(level, language)


def in_order(levels: Sequence[str], given: Sequence[str] | None) -> list[str]:
    """Put levels in the order asked for; those not named follow, ends last."""
    rank = {level: place for place, level in enumerate(given or ())}
    ends = list(LEAVES)
    return sorted(dict.fromkeys(levels), key=lambda one: (
        one in ends, rank.get(one, len(rank)), ends.index(one) if one in ends else 0))


def sizes_of(table: pd.DataFrame, column: str) -> dict[str, int]:
    """Give the number of people of each persona from a column that holds it."""
    found = table.groupby(PERSONA, sort=False)[column].max()
    return {str(one): int(size) for one, size in found.items() if np.isfinite(size)}
