"""Charts of typical paths and of deviations from the designed journey."""

from __future__ import annotations

from textwrap import fill, shorten
from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import find_small, journey_cells
from personakit.errors import ChoiceError, unknown_name
from personakit.journeys import DesignFit, Paths
from personakit.plots.look import COLOURS, INK, LINE, MUTED, dress
from personakit.schema import PERSONA, TOUCHPOINT
from personakit.wording import check_language, say_key, share, term

#: fills that part levels in grey: a shade of a colour each, and a hatch for every second one
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "--", "oo")
KINDS = ("skipped", "not_reached", "inserted", "out_of_order", "wrong_channel")
LEVELS = 8


def plot_paths(paths: Paths, *, k: int | None = None, language: str = "en") -> np.ndarray:
    """Draw where the people of each typical path are at each step, with the representative journey under it.

    The paths are those of the recommended k, or of the k that is asked for. Where nothing is recommended, the title says
    that there is no typology: the picture then shows a partition, not types.

    Parameters
    ----------
    paths
        What ``find_paths`` returned.
    k
        A number of paths that was tried.
    language
        ``fr`` or ``en``.

    Returns
    -------
    One matplotlib Axes a path (an array).

    Raises
    ------
    ChoiceError
        The k was not tried.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    tried = [int(one) for one in paths.table.index]
    number = k if k is not None else paths.recommended or tried[0]
    if number not in tried:
        raise ChoiceError(unknown_name("k", number, [str(one) for one in tried]))
    figure, axes = plt.subplots(1, number, figsize=(3.3 * number + 1.9, 4.1), layout="constrained", squeeze=False,
                                sharey=True)
    own = paths.paths[paths.paths["k"] == number]
    steps = paths.steps[paths.steps["k"] == number]
    levels = _levels(steps)
    for ax, row in zip(axes[0], own.to_dict("records"), strict=True):
        _draw_steps(ax, steps[steps["path"] == row["path"]], levels, language)
        dress(ax, say_key("paths.path_title", language, path=row["path"], n=int(row["people"]), share=float(row["share"])))
        ways = " → ".join(term(one, language) for one in str(row["representative"]).split(" > "))
        ax.set_xlabel(say_key("paths.path_caption", language, ways=fill(shorten(ways, 110, placeholder=" …"), 44),
                              coverage=float(row["coverage"])), fontsize=7.5, color=MUTED)
    axes[0][0].set_ylabel(say_key("paths.share_of_walkers", language), fontsize=8, color=MUTED)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize=8)
    verdict = say_key(f"paths.verdict_{dict(paths.table['verdict'])[number]}", language)
    figure.suptitle(verdict, fontsize=10, color=INK, x=0.01, ha="left")
    return axes[0]


def _levels(steps: pd.DataFrame) -> list[str]:
    """Name the levels that are drawn: in the order of the log, at most eight, the others together as ``other``."""
    known = list(dict.fromkeys(steps["level"]))
    if len(known) <= LEVELS:
        return known
    most = steps.groupby("level")["people"].sum().sort_values(ascending=False, kind="stable").index[: LEVELS - 1]
    return [one for one in known if one in set(most)] + ["other"]


def _draw_steps(ax: Any, rows: pd.DataFrame, levels: list[str], language: str) -> None:
    small = find_small(rows, counts=["people_total"])
    rows = rows.assign(level=rows["level"].where(rows["level"].isin(levels), "other"))[~small]
    table = rows.pivot_table(index="step", columns="level", values="share", aggfunc="sum", sort=True).reindex(columns=levels)
    bottom = np.zeros(len(table))
    for place, level in enumerate(levels):
        height = np.nan_to_num(table[level].to_numpy(float))
        ax.bar(table.index, height, bottom=bottom, width=1.0, color=COLOURS[place % len(COLOURS)], alpha=0.75,
               hatch=HATCHES[place % len(HATCHES)], edgecolor="#ffffff", linewidth=0, label=term(level, language))
        bottom += height
    ax.set_xlim(0.5, max(len(table), 1) + 0.5)
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.5, 1], [share(one, language) for one in (0, 0.5, 1)])


def plot_deviations(fit: DesignFit, *, persona: str = "all", top: int = 5, language: str = "en") -> np.ndarray:
    """Draw the commonest deviations from the design, a panel a kind: share of people, with intervals.

    Parameters
    ----------
    fit
        What ``align_to_design`` returned.
    persona
        A persona such as ``P1``, or ``all``.
    top
        How many touchpoints of each kind.
    language
        ``fr`` or ``en``.

    Returns
    -------
    One matplotlib Axes a kind of deviation that occurs (an array). Rows of fewer than five people are left out.

    Raises
    ------
    ChoiceError
        The persona has no deviation in the table.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    known = list(dict.fromkeys(fit.deviations[PERSONA]))
    if persona not in known:
        raise ChoiceError(unknown_name("persona", persona, known))
    rows = journey_cells("deviations", fit.deviations)
    rows = rows[(rows[PERSONA] == persona) & ~rows["hidden"]]
    kinds = [one for one in KINDS if (rows["kind"] == one).any()] or ["skipped"]
    most = {one: min(top, int((rows["kind"] == one).sum())) for one in kinds}
    figure, axes = plt.subplots(len(kinds), 1, figsize=(7.6, 0.9 + 0.34 * sum(most.values()) + 0.5 * len(kinds)),
                                layout="constrained", squeeze=False, sharex=True,
                                height_ratios=[max(one, 1) for one in most.values()])
    for place, (ax, kind) in enumerate(zip(axes[:, 0], kinds, strict=True)):
        mine = rows[rows["kind"] == kind].sort_values("share", ascending=False, kind="stable").head(top)
        at = np.arange(len(mine))
        ax.hlines(at, mine["low"], mine["high"], color=COLOURS[place], linewidth=2)
        ax.plot(mine["share"], at, "o", color=COLOURS[place], markersize=6)
        ax.hlines(at, 0, 1, color=LINE, linewidth=0.6, zorder=0)
        names = [f"{shorten(str(one[TOUCHPOINT]), 38, placeholder=' …')}  (n = {one['people_total']})"
                 for one in mine.to_dict("records")]
        ax.set_yticks(at, names)
        for y, one in zip(at, mine["share"], strict=True):
            ax.text(1.02, y, share(float(one), language), va="center", fontsize=8, color=INK)
        ax.invert_yaxis()
        ax.set_xlim(0, 1.08)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], [share(one, language) for one in (0, 0.25, 0.5, 0.75, 1)])
        dress(ax, say_key(f"paths.kind_{kind}", language))
    figure.supxlabel(say_key("paths.deviations_caption", language), fontsize=8, color=MUTED)
    return axes[:, 0]
