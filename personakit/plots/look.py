"""The look that all charts share: colours that grey and colour-blind readers can part, quiet frames, numbers as written."""

from __future__ import annotations

from typing import Any

from personakit.wording import number

#: one a persona, on charts as on cards: after Okabe and Ito (2008), dark enough for white letters; a marker and a dash of
#: their own, so grey suffices
COLOURS = ("#005a8d", "#a13f00", "#00664b", "#863a6a", "#6f5200", "#3c4a5a", "#1b6a78", "#7a2f2f")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
INK, MUTED, LINE = "#17212e", "#505c6a", "#c9d0d8"


#: width of a slide in inches, and sizes in points that are read from the back of a room when a chart fills its width
SLIDE, TITLE, LABEL = 13.33, 13, 11


def dress(ax: Any, title: str, *, sizes: tuple[float, float] = (10, 8)) -> None:
    """Give an axis its title, two quiet spines and small labels; ``sizes`` are those of the title and the labels."""
    ax.set_title(title, loc="left", fontsize=sizes[0], color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LINE)
    ax.tick_params(colors=MUTED, labelsize=sizes[1])


def write_numbers(ax: Any, language: str) -> None:
    """Write the numbers of both axes as the language does."""
    from matplotlib.ticker import FuncFormatter

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value, 6), language)))
