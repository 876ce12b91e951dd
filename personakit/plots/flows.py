"""The Sankey picture: who goes where from each step to the next, every column adding up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import journey_cells
from personakit.plots.look import COLOURS, INK, LINE, MUTED
from personakit.plots.panels import LEAVES, in_order, need, panels, sizes_of, word
from personakit.schema import PERSONA
from personakit.wording import number, say_key

GAP = 0.02  # between nodes, of everyone's height
WIDTH = 0.12
MOSTLY = 0.5  # a panel is drawn where at least this part of its people may be shown
LABELLED = 0.035  # a node lower than this has no room for words


def plot_sankey(
    table: pd.DataFrame, *, order: Sequence[str] | None = None, names: Mapping[str, str] | None = None, language: str = "en"
) -> np.ndarray:
    """Draw who goes where from step to step, for everyone and each persona, heights as shares of their people.

    Parameters
    ----------
    table
        What ``flows`` returned.
    order
        The levels in order, such as ``journeys.stages``; by default as the table has them.
    names
        Names of personas (``personas.names``).
    language
        ``fr`` or ``en``.

    Returns
    -------
    Matplotlib Axes (an array). Ribbons of too few people are grey; those under the disclosure threshold are not drawn, and
    leave their part of the node empty.

    Raises
    ------
    StudyError
        The table is another one, or empty.
    """
    need(table, "flows", PERSONA, "step", "source", "target", "people", "people_total", "few")
    cells = journey_cells("flows", table).assign(drawn=table["people"] / table["people_total"].clip(lower=1))
    levels = in_order([*table["source"], *table["target"]], order)
    axes = panels(table, sizes_of(table, "people_total"), title=say_key("plots.flow", language),
                  caption=say_key("plots.few_flow", language), names=names, language=language, shape=(5.4, 3.9))
    last = int(table["step"].max())
    for persona, ax in axes.items():
        own = cells[(cells[PERSONA] == persona) & (cells["drawn"] > 0)]
        if own.loc[~own["hidden"], "drawn"].sum() < MOSTLY * own["drawn"].sum() or not len(own):
            # the heights of the nodes would tell what may not be shown
            ax.text(0.5, 0.5, say_key("plots.too_few", language), transform=ax.transAxes, ha="center", color=MUTED)
        else:
            _draw(ax, own, levels, language)
        ax.set_xlim(0.75, last + 1.75)
        ax.set_ylim(1 + GAP * len(levels), -0.02)
        ax.set_yticks([])
        ax.set_xticks(range(1, last + 2), [number(one, language) for one in range(1, last + 2)])
        ax.set_xlabel(say_key("plots.step", language), fontsize=9, color=MUTED)
        ax.spines[["left", "bottom"]].set_visible(False)
    return np.array([*axes.values()])


def _draw(ax: Any, own: pd.DataFrame, levels: list[str], language: str) -> None:
    rank = {level: place for place, level in enumerate(levels)}
    inside = own.groupby(["step", "source"])["drawn"].sum()
    last = int(own["step"].max()) if len(own) else 0
    arrive = own.assign(step=own["step"] + 1).groupby(["step", "target"])["drawn"].sum()
    nodes: dict[Any, float] = {**dict(arrive.items()), **dict(inside.items())}
    tops: dict[tuple[int, str], float] = {}
    for step in range(1, last + 2):
        at = 0.0
        for level in sorted((one for when, one in nodes if when == step), key=rank.__getitem__):
            tops[step, level] = at
            at += nodes[step, level] + GAP
    leaving, coming = dict(tops), dict(tops)
    for one in sorted(own.to_dict("records"), key=lambda row: (row["step"], rank[row["source"]], rank[row["target"]])):
        source, target, size = (one["step"], one["source"]), (one["step"] + 1, one["target"]), one["drawn"]
        if not one["hidden"]:
            _ribbon(ax, (one["step"] + WIDTH, leaving[source]), (one["step"] + 1, coming[target]), size,
                    LINE if one["few"] else _colour(one["source"], rank))
        leaving[source] += size
        coming[target] += size
    for (step, level), top in tops.items():
        size = nodes[step, level]
        ax.bar(step + WIDTH / 2, size, WIDTH, top, color=_colour(level, rank), linewidth=0)
        if size >= LABELLED:
            ax.text(step + WIDTH + 0.03, top + size / 2, _fitting(word(level, language), size), va="center",
                    fontsize=8, color=INK, linespacing=0.9)


def _fitting(text: str, size: float) -> str:
    """Break a name into as many short lines as the node is high."""
    return "\n".join(wrap(text, 14, max_lines=max(1, int(size / LABELLED)), placeholder="…"))


def _ribbon(ax: Any, left: tuple[float, float], right: tuple[float, float], size: float, colour: str) -> None:
    along = np.linspace(0, 1, 30)
    smooth = along * along * (3 - 2 * along)
    x, top = left[0] + (right[0] - left[0]) * along, left[1] + (right[1] - left[1]) * smooth
    ax.fill_between(x, top, top + size, color=colour, alpha=0.38, linewidth=0)


def _colour(level: str, rank: Mapping[str, int]) -> str:
    return {"end": INK, "open": MUTED}.get(level, "#8a939e") if level in LEAVES else COLOURS[rank[level] % len(COLOURS)]
