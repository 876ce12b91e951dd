"""A chart of what differs between personas' journeys, and of nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from personakit.disclosure import find_small
from personakit.errors import ChoiceError, unknown_name
from personakit.plots.look import COLOURS, INK, LINE, MUTED, dress
from personakit.records import Personas
from personakit.wording import check_language, number, say_key, share, term

SHOWN = 12


def plot_differences(
    differences: pd.DataFrame, personas: Personas | None = None, *, view: str = "step", language: str = "en"
) -> Any:
    """Draw what differs between personas' journeys: the value of both, their difference and its interval, largest first.

    What does not differ after correction for many tests is not drawn, nor what rests on too few people.

    Parameters
    ----------
    differences
        What ``journey_differences`` returned.
    personas
        For the names that people gave.
    view
        ``step``, ``stage``, ``funnel`` or ``days``: they have different units, so each has a chart of its own.
    language
        ``fr`` or ``en``.

    Returns
    -------
    matplotlib Axes; a sentence instead of dots where nothing differs.

    Raises
    ------
    ChoiceError
        ``view`` is unknown.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    if view not in ("step", "stage", "funnel", "days"):
        raise ChoiceError(unknown_name("view", view, ("step", "stage", "funnel", "days")))
    hidden = find_small(differences, counts=("people_a", "people_b"), totals=())
    rows = differences[(differences["view"] == view) & differences["differs"] & ~hidden]
    found, rows = len(rows), rows.iloc[np.argsort(-rows["difference"].abs().to_numpy(), kind="stable")[:SHOWN]]
    _, ax = plt.subplots(figsize=(9, 1.4 + 0.42 * max(len(rows), 2)), layout="constrained")
    dress(ax, say_key(f"plots.differ_{view}", language))
    if not len(rows):
        ax.text(0.5, 0.5, say_key("plots.differ_nothing", language), ha="center", va="center", transform=ax.transAxes,
                color=MUTED)
        ax.set_axis_off()
        return ax
    y = np.arange(len(rows))
    ax.axvline(0, color=LINE)
    ax.hlines(y, rows["low"], rows["high"], color=INK, linewidth=1.6)
    ax.plot(rows["difference"], y, "o", color=COLOURS[0], markersize=6)
    ax.set_yticks(y, [_what(row, personas, language) for _, row in rows.iterrows()])
    for place, (a, b) in enumerate(zip(rows["value_a"], rows["value_b"], strict=True)):
        both = " / ".join(number(one, language, 1) if view == "days" else share(one, language) for one in (a, b))
        ax.annotate(both, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=INK)
    ax.invert_yaxis()
    ax.set_xlabel(say_key(f"plots.differ_axis_{'days' if view == 'days' else 'share'}", language, shown=len(rows),
                          found=found), fontsize=8, color=MUTED)
    _ticks(ax, language, days=view == "days")
    return ax


def _what(row: pd.Series, personas: Personas | None, language: str) -> str:
    names = {} if personas is None else personas.names
    a, b = (names.get(row[side], row[side]) for side in ("persona_a", "persona_b"))
    way = " → ".join(term(row[end], language) for end in ("source", "target") if row[end])
    return f"{way}\n{a} / {b}"


def _ticks(ax: Any, language: str, *, days: bool) -> None:
    from matplotlib.ticker import FuncFormatter

    # differences of shares are points: the axis says so, the ticks are plain
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value * (1 if days else 100), 6), language)))
