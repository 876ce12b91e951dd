"""Charts of the journeys: who reaches each stage, and which step comes next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import journey_cells
from personakit.errors import ChoiceError, unknown_name
from personakit.plots.look import COLOURS, INK, LINE, MUTED, dress
from personakit.records import JourneyFindings
from personakit.schema import PERSONA, STAGE
from personakit.wording import check_language, say_key, share, term


def plot_journeys(findings: JourneyFindings, *, persona: str = "all", language: str = "en") -> np.ndarray:
    """Draw a journey: who reaches each stage, with intervals, and which step comes next.

    Parameters
    ----------
    findings
        What ``describe_journeys`` returned.
    persona
        A persona such as ``P1``, or ``all`` for everyone. Two pictures side by side do not compare: the test does.
    language
        ``fr`` or ``en``.

    Returns
    -------
    Two matplotlib Axes (an array): the funnel, and the transitions (rows: from; columns: to).

    Raises
    ------
    ChoiceError
        The persona is not in the findings.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    known = list(dict.fromkeys(findings.stages[PERSONA]))
    if persona not in known:
        raise ChoiceError(unknown_name("persona", persona, known))
    _, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(1, 1.15))
    _draw_funnel(axes[0], journey_cells("funnel", findings.funnel).query("persona == @persona"), language)
    stages = list(findings.stages.loc[findings.stages[PERSONA] == persona, STAGE])
    _draw_steps(axes[1], journey_cells("transitions", findings.transitions).query("persona == @persona"), stages, language)
    return axes


def _draw_funnel(ax: Any, rows: pd.DataFrame, language: str) -> None:
    y = np.arange(len(rows))
    middle, low, high = (rows[name].to_numpy(dtype=float) for name in ("share", "low", "high"))
    ax.barh(y, middle, color=COLOURS[0], height=0.55)
    ax.hlines(y, low, high, color=INK, linewidth=1.6)
    for place, value in enumerate(middle):
        ax.text(1.02, place, share(value, language), va="center", fontsize=9, color=INK)
    ax.set_yticks(y, [term(stage, language) for stage in rows[STAGE]])
    ax.set_xlim(0, 1.12)
    ax.set_xticks([])
    ax.invert_yaxis()
    dress(ax, say_key("plots.reach", language))
    if len(rows) and pd.notna(rows["entered"].iloc[0]):
        ax.set_xlabel(say_key("plots.reach_caption", language, n=int(rows["entered"].iloc[0])), fontsize=8, color=MUTED)


def _draw_steps(ax: Any, rows: pd.DataFrame, stages: list[str], language: str) -> None:
    from matplotlib.patches import Rectangle

    targets = [*stages, "end", "open"]
    shown = rows[~rows["hidden"]]
    table = shown.pivot(index="source", columns="target", values="share").reindex(stages, columns=targets)
    values = table.to_numpy(dtype=float)
    few = shown[shown["few"].astype(bool)].set_index(["source", "target"]).index
    ax.imshow(np.nan_to_num(values), cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for (place, source), (across, target) in ((a, b) for a in enumerate(stages) for b in enumerate(targets)):
        value = float(values[place, across])
        if value > 0:
            grey = (source, target) in few
            ax.text(across, place, share(value, language), ha="center", va="center", fontsize=8,
                    color=MUTED if grey else "#ffffff" if value > 0.62 else INK, style="italic" if grey else "normal")
    for row in rows[rows["hidden"]].to_dict("records"):
        if row["source"] in stages and row["target"] in targets:
            corner = targets.index(row["target"]) - 0.5, stages.index(row["source"]) - 0.5
            ax.add_patch(Rectangle(corner, 1, 1, facecolor="#ffffff", edgecolor=LINE, hatch="////", linewidth=0.8))
    words = [term(stage, language) for stage in stages]
    ends = [say_key(f"plots.{name}", language) for name in ("end", "open")]
    ax.set_xticks(range(len(targets)), [*words, *ends], rotation=30, ha="right", fontsize=8)
    ax.set_yticks(range(len(stages)), words, fontsize=8)
    dress(ax, say_key("plots.steps", language))
    if len(few):
        ax.set_xlabel(say_key("plots.few", language), fontsize=8, color=MUTED)
