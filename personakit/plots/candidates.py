"""Charts of the search: every candidate side by side, and who moves from one number of personas to the next."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from personakit.candidates.methods import METHODS
from personakit.errors import ChoiceError, unknown_name
from personakit.plots.look import COLOURS, DASHES, INK, LABEL, MARKERS, MUTED, SLIDE, TITLE, dress, write_numbers
from personakit.records import Candidates
from personakit.wording import check_language, number, say_key

#: figure of a candidate -> title of its panel
PANELS = {"stability": "stability", "gap": "gap", "fit": "fit", "smallest_n": "smallest"}
SMALL = 30
#: share of everyone left free between two personas of a column
GAP = 0.03


def plot_candidates(candidates: Candidates, *, language: str = "en") -> np.ndarray:
    """Draw every candidate by its number of personas: stability, gap to null data, fit, smallest persona; a line a method.

    Look at it before ``choose``: a good candidate is stable, beats data without groups and has no tiny persona; fit always
    rises with the number and decides nothing. The picture cannot tell which candidate is useful.

    Parameters
    ----------
    candidates
        What ``find_candidates`` returned.
    language
        ``fr`` or ``en``.

    Returns
    -------
    Four matplotlib Axes (an array): stability with its interval, gap to null data, fit, smallest persona.

    Raises
    ------
    StudyError
        The language is unknown.
    """
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(SLIDE, 4.4), layout="constrained")
    return draw_candidates(candidates, figure, language=language)


def draw_candidates(candidates: Candidates, figure: Any, *, language: str) -> np.ndarray:
    """Draw ``plot_candidates`` into a matplotlib figure of the caller's."""
    check_language(language)
    axes = figure.subplots(1, len(PANELS))
    table = candidates.table
    title_size, size = (points * figure.get_figwidth() / SLIDE for points in (TITLE, LABEL))
    for place, (method, rows) in enumerate(table.groupby("method", sort=True)):
        rows = rows.sort_values("k", kind="stable")
        look = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)],
                "linestyle": DASHES[place % len(DASHES)], "label": method_name(str(method), language), "markersize": 6}
        shift = rows["k"].to_numpy(dtype=float) + _shift(place, table)
        for ax, name in zip(axes, PANELS, strict=True):
            _with_interval(ax, shift, rows, name, look)
    axes[1].axhline(0, color=MUTED, linewidth=1, linestyle=":")
    axes[3].axhline(SMALL, color=MUTED, linewidth=1, linestyle=":")
    axes[3].set_ylim(bottom=0)
    for ax, title in zip(axes, PANELS.values(), strict=True):
        dress(ax, fill(say_key(f"plots.{title}", language), 26), sizes=(title_size, size))
        write_numbers(ax, language)
        ax.set_xlabel(say_key("plots.number_of_personas", language), fontsize=size)
        ax.set_xticks(sorted(table["k"].unique()))
    _mark_recommended(axes, candidates, language)
    axes[0].legend(frameon=False, fontsize=size)
    figure.supxlabel(say_key("plots.tried", language, tried=len(table), n=int(table["n"].iloc[0])), fontsize=size,
                     color=MUTED)
    return axes


def method_name(method: str, language: str) -> str:
    """Return the words for a method of the search; a method of the reader's own keeps its name.

    Examples
    --------
    >>> method_name("kmeans", "fr"), method_name("my_method", "fr")
    ('k-moyennes', 'my_method')
    """
    return say_key(f"plots.{method}", language) if method in METHODS else method


def _with_interval(ax: Any, x: np.ndarray, rows: pd.DataFrame, name: str, look: dict[str, Any]) -> None:
    middle = rows[name].to_numpy(dtype=float)
    ax.plot(x, middle, **look)
    if {f"{name}_low", f"{name}_high"} <= set(rows.columns):
        low, high = (rows[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        ax.vlines(x, low, high, color=look["color"], linewidth=1.2)


def _mark_recommended(axes: np.ndarray, candidates: Candidates, language: str) -> None:
    """Put a ring around the recommended candidate; the legend says what the ring means."""
    if candidates.recommended is None:
        return
    table = candidates.table
    place = sorted(table["method"].unique()).index(table["method"][candidates.recommended])
    k = float(table["k"][candidates.recommended]) + _shift(place, table)
    for ax, name in zip(axes, PANELS, strict=True):
        ax.plot([k], [float(table[name][candidates.recommended])], linestyle="none", marker="o", markersize=15,
                fillstyle="none", color=INK, markeredgewidth=1.4, label=say_key("plots.recommended", language))


def _shift(place: int, table: pd.DataFrame) -> float:
    """Part the methods a little, so that their intervals do not hide each other."""
    return 0.12 * (place - (table["method"].nunique() - 1) / 2)


def plot_crossings(candidates: Candidates, method: str, *, language: str = "en") -> Any:
    """Draw who moves where from k to k + 1 personas of one method: bands as wide as the people who cross together.

    Personas that split cleanly hang together; bands that mix from one k to the next are cuts through a continuum.

    Parameters
    ----------
    candidates, method, language
        What ``find_candidates`` returned, a method of its table with two or more k, and ``fr`` or ``en``.

    Returns
    -------
    matplotlib Axes.

    Raises
    ------
    ChoiceError
        The method is not in the table, or was tried at one k only.

    References
    ----------
    Dolnicar, Grün and Leisch (2018), Market segmentation analysis: segment level stability across solutions.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    known = sorted(candidates.table["method"].unique())
    if method not in known:
        raise ChoiceError(unknown_name("method", method, known))
    ks = sorted(candidates.table.loc[candidates.table["method"] == method, "k"])
    if len(ks) < 2:
        raise ChoiceError(f"method {method}: was tried at k = {ks[0]} only. Search two or more k to see who moves.")
    people = [candidates.memberships[f"{method}-{k}"].to_numpy().argmax(axis=1) for k in ks]
    _, ax = plt.subplots(figsize=(max(SLIDE * len(ks) / 6, 6), 5.6), layout="constrained")
    places: list[np.ndarray] = []
    for at, (k, labels) in enumerate(zip(ks, people, strict=True)):
        size = np.bincount(labels, minlength=k) / len(labels)
        places.append(_stacked(size, None if at == 0 else _meant(people[at - 1], places[-1], labels, k)))
        ax.bar([at] * k, size, bottom=places[-1], width=0.2, color=[COLOURS[one % len(COLOURS)] for one in range(k)])
        for one in range(k):
            ax.text(at, places[-1][one] + size[one] / 2, f"P{one + 1}", ha="center", va="center", fontsize=LABEL,
                    color="#ffffff", fontweight="bold")
    for at, (before, after) in enumerate(zip(people, people[1:], strict=False)):
        _draw_bands(ax, at, before, after, (places[at], places[at + 1]))
    ax.set_xticks(range(len(ks)), [number(float(k), language) for k in ks])
    ax.set_yticks([])
    dress(ax, say_key("plots.crossings", language, method=method_name(method, language), n=len(people[0])),
          sizes=(TITLE, LABEL))
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(say_key("plots.number_of_personas", language), fontsize=LABEL)
    return ax


def _meant(before: np.ndarray, places: np.ndarray, after: np.ndarray, k: int) -> np.ndarray:
    """Where the people of each persona come from, on average: stacked in this order, bands cross least."""
    return np.bincount(after, weights=places[before], minlength=k) / np.maximum(np.bincount(after, minlength=k), 1)


def _stacked(size: np.ndarray, wanted: np.ndarray | None) -> np.ndarray:
    """Say where each persona of a column begins, from below in the order wanted, with a little room between."""
    order = np.arange(len(size)) if wanted is None else np.argsort(wanted, kind="stable")
    starts = np.empty(len(size))
    starts[order] = np.concatenate([[0.0], np.cumsum(size[order] + GAP)[:-1]])
    return starts


def _draw_bands(ax: Any, at: int, before: np.ndarray, after: np.ndarray, places: tuple[np.ndarray, np.ndarray]) -> None:
    count = np.zeros((before.max() + 1, after.max() + 1))
    np.add.at(count, (before, after), 1 / len(before))
    left, right = places[0].copy(), places[1].copy()
    x = np.linspace(0, 1, 30)
    bend = x * x * (3 - 2 * x)
    heights = {pair: count[pair] for pair in zip(*np.nonzero(count), strict=True)}
    lows = {}
    for pair in sorted(heights, key=lambda one: (places[0][one[0]], places[1][one[1]])):
        lows[pair] = left[pair[0]]
        left[pair[0]] += heights[pair]
    for source, target in sorted(heights, key=lambda one: (places[1][one[1]], places[0][one[0]])):
        low = lows[source, target] + (right[target] - lows[source, target]) * bend
        ax.fill_between(at + 0.1 + 0.8 * x, low, low + heights[source, target], color=COLOURS[source % len(COLOURS)],
                        alpha=0.35, linewidth=0.8, edgecolor="#ffffff")
        right[target] += heights[source, target]
