"""The chart of what people live through: a curve a persona, its intervals, and what should be read with care."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import journey_cells
from personakit.errors import ChoiceError, unknown_name
from personakit.journeys import Experience
from personakit.plots.look import COLOURS, DASHES, INK, LINE, MARKERS, MUTED, dress, write_numbers
from personakit.schema import PERSONA, SOURCE, STAGE, TOUCHPOINT
from personakit.wording import check_language, say_key, term


def plot_experience(experience: Experience, *, source: str | None = None, language: str = "en") -> Any:
    """Draw how stages are felt, -2 to +2, a line a persona, with intervals; stages of survivors are hatched.

    Sources are never mixed: one picture, one source. Two lines side by side do not compare: look at the intervals.

    Parameters
    ----------
    experience
        What ``experience`` returned.
    source
        ``ces``, ``csat`` or ``interviews``; by default the first that has stages.
    language
        ``fr`` or ``en``.

    Returns
    -------
    matplotlib Axes.

    Raises
    ------
    ChoiceError
        No source has stages, or not the one that is asked for.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    rows = journey_cells("curve", experience.curve)
    rows = rows[(rows[TOUCHPOINT] == "") & (rows[STAGE] != "")]
    known = list(dict.fromkeys(rows[SOURCE]))
    chosen = source or (known[0] if known else "ces")
    if chosen not in known:
        raise ChoiceError(unknown_name("source", chosen, known))
    rows = rows[(rows[SOURCE] == chosen) & ~rows["hidden"]]
    order = list(dict.fromkeys(experience.triangulation[STAGE]))
    stages = [one for one in order if one in set(rows[STAGE])]
    _, ax = plt.subplots(figsize=(max(5.6, 1.7 * len(stages) + 1.6), 4.0), layout="constrained")
    ax.axhline(0, color=LINE, linewidth=1)
    personas = list(dict.fromkeys(rows[PERSONA]))
    for place, persona in enumerate(personas):
        mine = rows[rows[PERSONA] == persona].set_index(STAGE).reindex(stages)
        shift = 0.07 * (place - (len(personas) - 1) / 2)
        _draw_line(ax, mine, np.arange(len(stages)) + shift, place, _who(persona, language))
    _draw_survivors(ax, rows, stages, language)
    counts = rows[rows[PERSONA] == personas[0]].set_index(STAGE)["n"] if personas else pd.Series(dtype=int)
    ax.set_xticks(range(len(stages)), [f"{term(one, language)}\nn = {counts.get(one, 0)}" for one in stages])
    ax.set_ylim(-2.2, 2.2)
    ax.set_yticks([-2, -1, 0, 1, 2])
    ax.set_xlim(-0.5, max(len(stages), 1) - 0.5)
    _write_y(ax, language)
    dress(ax, say_key(f"paths.curve_{chosen}", language))
    ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_xlabel(fill(say_key("paths.curve_caption", language), 72), fontsize=8, color=MUTED)
    return ax


def _who(persona: str, language: str) -> str:
    return say_key("paths.everyone", language) if persona == "all" else persona


def _draw_line(ax: Any, mine: pd.DataFrame, x: np.ndarray, place: int, label: str) -> None:
    colour = INK if place == 0 else COLOURS[(place - 1) % len(COLOURS)]
    mean, low, high = (mine[name].to_numpy(float) for name in ("mean", "low", "high"))
    ax.plot(x, mean, color=colour, marker=MARKERS[place % len(MARKERS)], linestyle=DASHES[place % len(DASHES)], markersize=6,
            label=label)
    known = ~np.isnan(low)
    ax.vlines(x[known], low[known], high[known], color=colour, linewidth=1.4)


def _draw_survivors(ax: Any, rows: pd.DataFrame, stages: list[str], language: str) -> None:
    marked = set(rows.loc[rows["survivors"].astype(bool), STAGE])
    for place, stage in enumerate(stages):
        if stage in marked:
            first = stage == next(one for one in stages if one in marked)
            ax.axvspan(place - 0.45, place + 0.45, facecolor="none", edgecolor=LINE, hatch="///", linewidth=0, zorder=0,
                       label=say_key("paths.survivors_mark", language) if first else None)


def _write_y(ax: Any, language: str) -> None:
    """Write the numbers of the vertical axis as the language does; the horizontal one holds names."""
    labels = [one.get_text() for one in ax.get_xticklabels()]
    ticks = ax.get_xticks()
    write_numbers(ax, language)
    ax.set_xticks(ticks, labels)
