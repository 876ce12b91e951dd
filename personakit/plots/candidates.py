"""Charts of the search: every candidate side by side, and who moves from one number of personas to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from personakit.candidates.methods import METHODS
from personakit.errors import ChoiceError, unknown_name
from personakit.plots.look import COLOURS, DASHES, INK, MARKERS, MUTED, dress, write_numbers
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

    figure = plt.figure(figsize=(13, 3.6), layout="constrained")
    return draw_candidates(candidates, figure, language=language)


def draw_candidates(candidates: Candidates, figure: Any, *, language: str) -> np.ndarray:
    """Draw ``plot_candidates`` into a matplotlib figure of the caller's."""
    check_language(language)
    axes = figure.subplots(1, len(PANELS))
    table = candidates.table
    for place, (method, rows) in enumerate(table.groupby("method", sort=True)):
        rows = rows.sort_values("k", kind="stable")
        look = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)],
                "linestyle": DASHES[place % len(DASHES)], "label": method_name(str(method), language), "markersize": 5}
        shift = rows["k"].to_numpy(dtype=float) + _shift(place, table)
        for ax, name in zip(axes, PANELS, strict=True):
            _with_interval(ax, shift, rows, name, look)
    axes[1].axhline(0, color=MUTED, linewidth=1, linestyle=":")
    axes[3].axhline(SMALL, color=MUTED, linewidth=1, linestyle=":")
    axes[3].set_ylim(bottom=0)
    for ax, title in zip(axes, PANELS.values(), strict=True):
        dress(ax, say_key(f"plots.{title}", language))
        write_numbers(ax, language)
        ax.set_xlabel(say_key("plots.number_of_personas", language))
        ax.set_xticks(sorted(table["k"].unique()))
    _mark_recommended(axes, candidates, language)
    axes[0].legend(frameon=False, fontsize=8)
    figure.supxlabel(say_key("plots.tried", language, tried=len(table), n=int(table["n"].iloc[0])), fontsize=8, color=MUTED)
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
        ax.plot([k], [float(table[name][candidates.recommended])], linestyle="none", marker="o", markersize=13,
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
    _, ax = plt.subplots(figsize=(2.1 * len(ks), 4.6), layout="constrained")
    total, places = len(people[0]), []
    for at, (k, labels) in enumerate(zip(ks, people, strict=True)):
        size = np.bincount(labels, minlength=k) / total
        start = np.concatenate([[0.0], np.cumsum(size + GAP)[:-1]])
        places.append(start)
        ax.bar([at] * k, size, bottom=start, width=0.16, color=[COLOURS[one % len(COLOURS)] for one in range(k)])
        for one in range(k):
            ax.text(at, start[one] + size[one] / 2, f"P{one + 1}", ha="center", va="center", fontsize=7, color="#ffffff")
    for at, (before, after) in enumerate(zip(people, people[1:], strict=False)):
        _draw_bands(ax, at, before, after, (places[at], places[at + 1]))
    ax.set_xticks(range(len(ks)), [number(float(k), language) for k in ks])
    ax.set_yticks([])
    dress(ax, say_key("plots.crossings", language, method=method_name(method, language), n=total))
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(say_key("plots.number_of_personas", language))
    return ax


def _draw_bands(ax: Any, at: int, before: np.ndarray, after: np.ndarray, places: tuple[np.ndarray, np.ndarray]) -> None:
    count = np.zeros((before.max() + 1, after.max() + 1))
    np.add.at(count, (before, after), 1 / len(before))
    left, right = places[0].copy(), places[1].copy()
    x = np.linspace(0, 1, 30)
    bend = x * x * (3 - 2 * x)
    for source, target in zip(*np.nonzero(count), strict=True):
        width = count[source, target]
        low = left[source] + (right[target] - left[source]) * bend
        colour = COLOURS[source % len(COLOURS)]
        ax.fill_between(at + 0.08 + 0.84 * x, low, low + width, color=colour, alpha=0.35, linewidth=0)
        left[source] += width
        right[target] += width
