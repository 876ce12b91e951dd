"""Charts of the views of journeys: matrices (next step, step by step, channels) and curves (funnel, time to a stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import journey_cells
from personakit.plots.look import COLOURS, INK, LINE, MUTED
from personakit.plots.panels import ACROSS, in_order, need, panels, sizes_of, word
from personakit.schema import PERSONA, STAGE, TOUCHPOINT
from personakit.wording import check_language, number, say_key, share, term


def plot_transitions(
    table: pd.DataFrame, *, order: Sequence[str] | None = None, names: Mapping[str, str] | None = None, language: str = "en"
) -> np.ndarray:
    """Draw which step comes next: a matrix for everyone and each persona, rows from, columns to.

    Parameters
    ----------
    table
        What ``transitions`` returned.
    order
        The levels in order, such as ``journeys.stages``; by default as the table has them.
    names
        Names of personas (``personas.names``).
    language
        ``fr`` or ``en``.

    Returns
    -------
    Matplotlib Axes (an array). Cells of too few people are grey, cells under the disclosure threshold hatched and empty.

    Raises
    ------
    StudyError
        The table is another one, or empty.
    """
    need(table, "transitions", PERSONA, "source", "target", "share", "few")
    cells = journey_cells("transitions", table)
    rows, columns = in_order([*table["source"]], order), in_order([*table["source"], *table["target"]], order)
    axes = panels(table, {}, title=say_key("plots.next_step", language), caption=say_key("plots.few_grey", language),
                  names=names, language=language, shape=_roomy(rows, columns))
    for persona, ax in axes.items():
        own = cells[(cells[PERSONA] == persona) & (cells["count"].isna() | (cells["count"] > 0))]
        _matrix(ax, own.assign(row=own["source"], column=own["target"]), rows, columns, language)
    return np.array([*axes.values()])


def plot_step_matrix(
    table: pd.DataFrame, *, order: Sequence[str] | None = None, names: Mapping[str, str] | None = None,
    counts: bool = False, language: str = "en",
) -> np.ndarray:
    """Draw where people are at each step: a matrix for everyone and each persona, one column a step.

    Parameters
    ----------
    table
        What ``step_matrix`` returned.
    order, names, language
        As for ``plot_transitions``.
    counts
        Write people instead of shares: for interviews, whose shares mean nothing.

    Returns
    -------
    Matplotlib Axes (an array), greyed as in ``plot_transitions``.

    Raises
    ------
    StudyError
        The table is another one, or empty.
    """
    by = STAGE if STAGE in table else TOUCHPOINT
    need(table, "step_matrix", PERSONA, "step", by, "people_total", "share", "few")
    cells = journey_cells("step_matrix", table.rename(columns={by: STAGE}))
    rows, columns = in_order([*table[by]], order), sorted(table["step"].unique())
    axes = panels(table, sizes_of(table, "people_total"), title=say_key("plots.step_by_step", language),
                  caption=say_key("plots.few_grey", language), names=names, language=language, shape=_roomy(rows, columns))
    for persona, ax in axes.items():
        own = cells[(cells[PERSONA] == persona) & (cells["people"].isna() | (cells["people"] > 0))]
        _matrix(ax, own.assign(row=own[STAGE], column=own["step"]), rows, columns, language,
                text="people" if counts else "share")
    return np.array([*axes.values()])


def plot_channels(
    table: pd.DataFrame, *, names: Mapping[str, str] | None = None, language: str = "en"
) -> np.ndarray:
    """Draw how often each change of channel leads back to an earlier stage, for everyone and each persona on one scale.

    Parameters
    ----------
    table
        What ``switches`` returned (channels, devices or teams).
    names, language
        As for ``plot_transitions``.

    Returns
    -------
    Matplotlib Axes (an array), greyed as in ``plot_transitions``. A thick frame marks what is flagged.

    Raises
    ------
    StudyError
        The table is another one, or empty: the log has no stages or fewer than two channels.
    """
    need(table, "switches", PERSONA, "source", "target", "switches", "restart_share", "people", "flagged", "few")
    cells = journey_cells("switches", table)
    known = in_order([*table["source"], *table["target"]], None)
    alone = set(table[PERSONA]) == {"all"}
    axes = panels(table, {}, title=say_key("plots.switch", language), names=names, language=language,
                  caption=f"{say_key('plots.framed', language)}\n{say_key('plots.few_grey', language)}",
                  shape=(6.4, 3.9) if alone else _roomy(known, known))
    for place, (persona, ax) in enumerate(axes.items()):
        own = cells[(cells[PERSONA] == persona) & (cells["switches"].isna() | (cells["switches"] > 0))]
        _matrix(ax, own.assign(row=own["source"], column=own["target"], share=own["restart_share"]), known, known,
                language, framed=own[own["flagged"] & ~own["hidden"]])
        if not len(own):
            _nobody(ax, language)
        if place % ACROSS == 0:
            ax.set_ylabel(say_key("plots.switch_from", language), fontsize=9, color=MUTED)
        if place + ACROSS >= len(axes):
            ax.set_xlabel(say_key("plots.switch_to", language), fontsize=9, color=MUTED)
    if alone:
        axes["all"].set_title("", loc="left")
    return np.array([*axes.values()])


def plot_funnel(
    table: pd.DataFrame, *, names: Mapping[str, str] | None = None, language: str = "en"
) -> np.ndarray:
    """Draw who reaches each stage, with a band for the interval, for everyone and each persona on one scale.

    Parameters
    ----------
    table
        What ``funnel`` returned.
    names, language
        As for ``plot_transitions``.

    Returns
    -------
    Matplotlib Axes (an array). Dotted and grey: too few people.

    Raises
    ------
    StudyError
        The table is another one, or empty.
    """
    need(table, "funnel", PERSONA, STAGE, "entered", "share", "low", "high", "few")
    cells = journey_cells("funnel", table)
    axes = panels(table, sizes_of(cells.assign(entered=cells["entered"].astype("float64")), "entered"),
                  title=say_key("plots.reach", language), caption=say_key("plots.band", language), names=names,
                  language=language, shape=(3.9, 3.2))
    stages = list(dict.fromkeys(table[STAGE]))
    for persona, ax in axes.items():
        own = cells[cells[PERSONA] == persona].set_index(STAGE).reindex(stages)
        _band(ax, np.arange(len(stages)), own, language, numbers=True)
        ax.set_xticks(range(len(stages)), [term(one, language) for one in stages], rotation=30, ha="right", fontsize=9)
        ax.set_xlim(-0.4, len(stages) - 0.6)
    return np.array([*axes.values()])


def plot_time_to_stage(
    table: pd.DataFrame, *, names: Mapping[str, str] | None = None, language: str = "en"
) -> np.ndarray:
    """Draw which share has got to a stage after so many days, with a band, for everyone and each persona on one scale.

    Parameters
    ----------
    table
        What ``time_to_stage`` returned.
    names, language
        As for ``plot_transitions``.

    Returns
    -------
    Matplotlib Axes (an array). Dotted and grey: too few people.

    Raises
    ------
    StudyError
        The table is another one, or empty.
    """
    need(table, "time_to_stage", PERSONA, STAGE, "day", "entered", "share", "low", "high", "few")
    cells = journey_cells("arrival", table.assign(arrived=(table["entered"] * table["share"]).round()))
    axes = panels(table, sizes_of(table, "entered"), title=say_key("plots.arrive", language, stage=table[STAGE].iloc[0]),
                  caption=say_key("plots.band", language), names=names, language=language, shape=(3.9, 3.0))
    for persona, ax in axes.items():
        own = cells[cells[PERSONA] == persona]
        _band(ax, own["day"].to_numpy(), own, language, numbers=False)
        ax.xaxis.set_major_formatter(lambda value, _: number(round(value, 6), language))
        ax.set_xlabel(say_key("plots.days", language), fontsize=9, color=MUTED)
    return np.array([*axes.values()])


def _band(ax: Any, x: np.ndarray, own: pd.DataFrame, language: str, *, numbers: bool) -> None:
    middle, low, high = (own[name].to_numpy(dtype=float, na_value=np.nan) for name in ("share", "low", "high"))
    few = own["few"].fillna(True).to_numpy(dtype=bool)
    thin = few | np.append(few[1:], False) | np.append(False, few[:-1])  # up to the points beside it
    ax.fill_between(x, low, high, color=MUTED if few.all() else COLOURS[0], alpha=0.25, linewidth=0)
    for shown, colour, dash, inside in ((thin, MUTED, ":", "#ffffff"), (~few, COLOURS[0], "-", COLOURS[0])):
        ax.plot(x, np.where(shown, middle, np.nan), dash, color=colour, linewidth=1.8, marker="o" if numbers else None,
                markersize=4, markerfacecolor=inside)
    for at, value, top in zip(x, middle, high, strict=True) if numbers else ():
        if np.isfinite(value):
            ax.text(at, max(top, value) + 0.03, share(value, language), ha="center", fontsize=9, color=INK)
    if not np.isfinite(middle).any():
        _nobody(ax, language)
    ax.set_ylim(0, 1.12 if numbers else 1.02)
    ax.set_yticks(np.linspace(0, 1, 5), [share(one, language) for one in np.linspace(0, 1, 5)])
    ax.grid(axis="y", color=LINE, linewidth=0.6)


def _nobody(ax: Any, language: str) -> None:
    ax.text(0.5, 0.5, say_key("plots.nobody", language), transform=ax.transAxes, ha="center", color=MUTED, fontsize=9)


def _matrix(ax: Any, own: pd.DataFrame, rows: list[str], columns: list[Any], language: str, *, text: str = "share",
            framed: pd.DataFrame | None = None) -> None:
    """Draw cells (row, column, share, few, hidden) as shades with their numbers."""
    from matplotlib.patches import Rectangle

    check_language(language)
    ax.imshow(np.full((len(rows), len(columns)), np.nan), vmin=0, vmax=1, aspect="auto", cmap="Blues")
    for one in own.to_dict("records"):
        y, x = rows.index(one["row"]), columns.index(one["column"])
        value, few = one["share"], bool(one["few"])
        blank = one["hidden"] or pd.isna(value)
        tone = "#ffffff" if blank else "#e4e7eb" if few else _shade(float(value))
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=tone, edgecolor="#ffffff" if not blank else LINE,
                               hatch="////" if blank else None, linewidth=0.8))
        if not blank:
            ax.text(x, y, number(one[text], language, 0) if text == "people" else share(value, language), ha="center",
                    va="center", fontsize=9 if len(columns) < 9 else 7, style="italic" if few else "normal",
                    color=MUTED if few else "#ffffff" if value > 0.65 else INK)
    for one in [] if framed is None else framed.to_dict("records"):
        ax.add_patch(Rectangle((columns.index(one["target"]) - 0.47, rows.index(one["source"]) - 0.47), 0.94, 0.94,
                               fill=False, edgecolor=INK, linewidth=2.6))
    width = 22 if max(len(rows), len(columns)) < 9 else 80  # names fold where there is room for two lines
    down, words = ([fill(word(one, language), width, break_on_hyphens=False) if isinstance(one, str)
                    else number(one, language) for one in levels] for levels in (rows, columns))
    ax.set_yticks(range(len(rows)), down, fontsize=9)
    ax.set_xticks(range(len(columns)), words, fontsize=9, **(
        {"rotation": 35, "ha": "right"} if any(len(one) > 3 for one in words) else {}))
    if not isinstance(columns[0], str):
        ax.set_xlabel(say_key("plots.step", language), fontsize=9, color=MUTED)


def _roomy(rows: Sequence[Any], columns: Sequence[Any]) -> tuple[float, float]:
    """Give the inches of a panel that keeps its numbers apart."""
    return max(3.9, 0.42 * len(columns) + 0.5), max(3.7, 0.26 * len(rows) + 0.8)


def _shade(value: float) -> tuple[float, float, float]:
    """Mix white with the first colour: darker is more, in grey too."""
    low, high = np.array([0.94, 0.96, 0.99]), np.array([0.0, 0.25, 0.45])
    red, green, blue = low + (high - low) * min(max(value, 0.0), 1.0)
    return float(red), float(green), float(blue)
