"""Charts: they draw numbers that a record already holds and return matplotlib Axes. Readable in grey, in two languages."""

from __future__ import annotations

import warnings
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from personakit.candidates.methods import METHODS
from personakit.cards.known import natural
from personakit.disclosure import journey_cells
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.records import Candidates, Evidence, JourneyFindings, Personas
from personakit.schema import FEATURE, KIND, PERSONA, STAGE, UNIT
from personakit.wording import check_language, feature_label, number, say_key, share, term

#: colours after Okabe and Ito (2008), dark enough on white; a marker and a dash of their own, so grey suffices
COLOURS = ("#0072b2", "#a13f00", "#00664b", "#863a6a", "#6f5200", "#3c4a5a", "#1b6a78", "#7a2f2f")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
INK, MUTED, LINE = "#17212e", "#505c6a", "#c9d0d8"
#: figure of a candidate -> title of its panel
PANELS = {"stability": "stability", "gap": "gap", "fit": "fit", "smallest_n": "smallest"}
CONTESTED = 0.6
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
        _dress(ax, say_key(f"plots.{title}", language))
        _numbers(ax, language)
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


def plot_personas(personas: Personas, *, seed: int, language: str = "en") -> Any:
    """Draw people on two axes (UMAP of the active features), a colour and a mark a persona, people in between crossed.

    UMAP draws, it never assigns: distances and gaps on the picture are not distances in the data. The caption says how
    often the nearest persona centre on the picture is the person's persona: where that is low, do not trust the picture.

    Parameters
    ----------
    personas
        Chosen or recommended personas.
    seed
        Seed of the layout.
    language
        ``fr`` or ``en``.

    Returns
    -------
    matplotlib Axes.

    Raises
    ------
    StudyError
        umap-learn is not installed, or there are fewer than 10 people.

    References
    ----------
    McInnes, Healy & Melville (2018).
    """
    from matplotlib import pyplot as plt

    check_language(language)
    layout, labels = _layout(personas, seed), personas.labels.to_numpy()
    contested = personas.membership.max(axis=1).to_numpy() < CONTESTED
    _, ax = plt.subplots(figsize=(7, 5.6), layout="constrained")
    for place, persona in enumerate(personas.membership.columns):
        own = (labels == persona) & ~contested
        name = personas.names.get(str(persona)) or say_key("cards.unnamed", language, persona=persona)
        ax.scatter(layout[own, 0], layout[own, 1], s=14, alpha=0.75, linewidths=0, color=COLOURS[place % len(COLOURS)],
                   marker=MARKERS[place % len(MARKERS)], label=f"{name} ({int((labels == persona).sum())})")
    if contested.any():
        ax.scatter(layout[contested, 0], layout[contested, 1], s=18, color=INK, linewidths=0.8, marker="x",
                   label=say_key("plots.contested", language, n=int(contested.sum())))
    _dress(ax, say_key("plots.personas", language))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(say_key("plots.personas_caption", language, share=nearest_is_right(layout, labels)), fontsize=8,
                  color=MUTED, wrap=True)
    ax.legend(frameon=False, fontsize=8)
    return ax


def _layout(personas: Personas, seed: int) -> np.ndarray:
    try:
        with warnings.catch_warnings():  # umap announces parts of itself that we do not use
            warnings.simplefilter("ignore", ImportWarning)
            from umap import UMAP
    except ImportError:
        raise StudyError("plot_personas: umap-learn is not installed. Install it: "
                         'pip install "personakit-research[umap]"') from None
    from personakit.candidates.design import make_design

    design = make_design(personas.features.active.loc[personas.membership.index])
    values = design.values[design.row_of]
    if len(values) < 10:
        raise StudyError(f"plot_personas: {len(values)} people are too few to lay out. It needs 10 or more.")
    model = UMAP(n_neighbors=min(15, len(values) - 1), random_state=seed, n_jobs=1, init="pca")
    return np.asarray(model.fit_transform(values))


def nearest_is_right(layout: np.ndarray, labels: np.ndarray) -> float:
    """Share of people whose nearest persona centre on the picture is their persona's.

    Examples
    --------
    >>> nearest_is_right(np.array([[0.0, 0], [1, 0], [9, 0], [8, 0]]), np.array(["a", "a", "b", "b"]))
    1.0
    """
    names = np.unique(labels)
    centres = np.stack([layout[labels == name].mean(axis=0) for name in names])
    distance = ((layout[:, None, :] - centres[None]) ** 2).sum(axis=2)
    return float((names[distance.argmin(axis=1)] == labels).mean())


def plot_profiles(personas: Personas, evidence: Evidence, *, top: int = 6, language: str = "en") -> np.ndarray:
    """Draw what marks each persona: its strongest features, how far it is from everyone else, the values in their own units.

    Bars are effects; the words give the values inside and elsewhere. Active features made the personas: their bars describe.

    Parameters
    ----------
    personas, evidence, top, language
        What ``choose`` and ``gather_evidence`` returned, how many features for each persona, and ``fr`` or ``en``.

    Returns
    -------
    An array of matplotlib Axes, one a persona.
    """
    from matplotlib import pyplot as plt

    check_language(language)
    order, catalog = list(personas.membership.columns), personas.features.catalog
    figure, axes = plt.subplots(1, len(order), figsize=(4.2 * len(order), 0.7 * top + 1.2), sharex=True, squeeze=False,
                                layout="constrained")
    for ax, (place, persona) in zip(axes[0], enumerate(order), strict=True):
        rows = evidence.table[evidence.table[PERSONA] == persona].dropna(subset=["effect", "inside", "outside"])
        rows = rows.sort_values("effect", key=abs, ascending=False, kind="stable").head(top)
        y = np.arange(len(rows))
        ax.barh(y, rows["effect"].to_numpy(dtype=float), color=COLOURS[place % len(COLOURS)], height=0.3)
        ax.axvline(0, color=INK, linewidth=0.8, zorder=0)
        ax.spines["left"].set_visible(False)
        for at, row in zip(y, rows.to_dict("records"), strict=True):
            known = catalog.loc[row[FEATURE]].get("label", "") if row[FEATURE] in catalog.index else ""
            inside, outside = (natural(row[side], row[KIND], row[UNIT], language) for side in ("inside", "outside"))
            name = feature_label(str(row[FEATURE]), language, known).rstrip(".… ")
            said = say_key("plots.marker", language, feature=name, inside=inside, outside=outside)
            ax.text(0.01, at - 0.24, fill(said, 56), transform=ax.get_yaxis_transform(), va="bottom", fontsize=8, color=INK,
                    linespacing=1.0, bbox={"color": "#ffffff", "pad": 0.6})
        ax.set_ylim(len(rows) - 0.4, -0.8)
        ax.set_yticks([])
        _dress(ax, personas.names.get(str(persona)) or say_key("cards.unnamed", language, persona=persona))
        _numbers(ax, language)
    figure.supxlabel(say_key("plots.effect", language), fontsize=8, color=MUTED)
    return axes[0]


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
    _dress(ax, say_key("plots.crossings", language, method=method_name(method, language), n=total))
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
    _dress(ax, say_key("plots.reach", language))
    if len(rows) and pd.notna(rows["entered"].iloc[0]):
        ax.set_xlabel(say_key("plots.reach_caption", language, n=int(rows["entered"].iloc[0])), fontsize=8, color=MUTED)


def _draw_steps(ax: Any, rows: pd.DataFrame, stages: list[str], language: str) -> None:
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
    words = [term(stage, language) for stage in stages]
    ends = [say_key(f"plots.{name}", language) for name in ("end", "open")]
    ax.set_xticks(range(len(targets)), [*words, *ends], rotation=30, ha="right", fontsize=8)
    ax.set_yticks(range(len(stages)), words, fontsize=8)
    _dress(ax, say_key("plots.steps", language))
    if len(few):
        ax.set_xlabel(say_key("plots.few", language), fontsize=8, color=MUTED)


def _dress(ax: Any, title: str) -> None:
    ax.set_title(title, loc="left", fontsize=10, color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LINE)
    ax.tick_params(colors=MUTED, labelsize=8)


def _numbers(ax: Any, language: str) -> None:
    """Write the numbers of both axes as the language does."""
    from matplotlib.ticker import FuncFormatter

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value, 6), language)))
