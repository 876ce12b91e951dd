"""Charts of the personas: people laid out on two axes, and the features that mark each persona."""

from __future__ import annotations

import warnings
from textwrap import fill
from typing import Any

import numpy as np

from personakit.cards.known import natural
from personakit.errors import StudyError
from personakit.plots.look import COLOURS, INK, LABEL, MARKERS, MUTED, SLIDE, TITLE, dress, write_numbers
from personakit.records import Evidence, Personas
from personakit.schema import FEATURE, KIND, PERSONA, UNIT
from personakit.wording import check_language, feature_label, say_key

CONTESTED = 0.6


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
    (layout, between), labels = _layout(personas, seed), personas.labels.to_numpy()
    contested = (personas.membership.max(axis=1).to_numpy() < CONTESTED) | between
    _, ax = plt.subplots(figsize=(SLIDE * 0.7, 6), layout="constrained")
    for place, persona in enumerate(personas.membership.columns):
        own = (labels == persona) & ~contested
        name = personas.names.get(str(persona)) or say_key("cards.unnamed", language, persona=persona)
        ax.scatter(layout[own, 0], layout[own, 1], s=14, alpha=0.75, linewidths=0, color=COLOURS[place % len(COLOURS)],
                   marker=MARKERS[place % len(MARKERS)], label=f"{persona} {name} ({int((labels == persona).sum())})")
        if own.any():
            middle = np.median(layout[own], axis=0)
            ax.text(middle[0], middle[1], str(persona), ha="center", va="center", fontsize=TITLE, color=INK,
                    fontweight="bold", bbox={"color": "#ffffff", "alpha": 0.75, "pad": 1.5})
    if contested.any():
        ax.scatter(layout[contested, 0], layout[contested, 1], s=18, color=INK, linewidths=0.8, marker="x",
                   label=say_key("plots.contested", language, n=int(contested.sum())))
    dress(ax, say_key("plots.personas", language), sizes=(TITLE, LABEL))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(say_key("plots.personas_caption", language, share=nearest_is_right(layout, labels)),
                  fontsize=LABEL, color=MUTED, wrap=True)
    ax.legend(frameon=False, fontsize=LABEL, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _layout(personas: Personas, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of people on the picture, and whether they are between two profiles."""
    try:
        with warnings.catch_warnings():  # umap announces parts of itself that we do not use
            warnings.simplefilter("ignore", ImportWarning)
            from umap import UMAP
    except ImportError:
        raise StudyError("plot_personas: umap-learn is not installed. Install it: "
                         'pip install "personakit-research[umap]"') from None
    from personakit.candidates.design import make_design
    from personakit.candidates.measures import between

    design = make_design(personas.features.active.loc[personas.membership.index])
    values = design.values[design.row_of]
    if len(values) < 10:
        raise StudyError(f"plot_personas: {len(values)} people are too few to lay out. It needs 10 or more.")
    model = UMAP(n_neighbors=min(15, len(values) - 1), random_state=seed, n_jobs=1, init="pca")
    rows = np.zeros(len(design.weights), dtype=np.intp)
    rows[design.row_of] = personas.membership.to_numpy().argmax(axis=1)
    return np.asarray(model.fit_transform(values)), between(design, rows)[design.row_of]


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
    columns = len(order) if len(order) <= 3 else -(-len(order) // 2)
    lines = -(-len(order) // columns)
    figure, grid = plt.subplots(lines, columns, figsize=(SLIDE, lines * (0.52 * top + 0.7)), sharex=True, squeeze=False,
                                layout="constrained")
    axes = grid.ravel()[: len(order)]
    for ax in grid.ravel()[len(order) :]:
        ax.set_visible(False)
    for ax, (place, persona) in zip(axes, enumerate(order), strict=True):
        rows = evidence.table[evidence.table[PERSONA] == persona].dropna(subset=["effect", "inside", "outside"])
        rows = rows.sort_values("effect", key=abs, ascending=False, kind="stable").head(top)
        y = np.arange(len(rows))
        ax.barh(y, rows["effect"].to_numpy(dtype=float), color=COLOURS[place % len(COLOURS)], height=0.22)
        ax.axvline(0, color=INK, linewidth=0.8, zorder=0)
        ax.spines["left"].set_visible(False)
        for at, row in zip(y, rows.to_dict("records"), strict=True):
            known = catalog.loc[row[FEATURE]].get("label", "") if row[FEATURE] in catalog.index else ""
            inside, outside = (natural(row[side], row[KIND], row[UNIT], language) for side in ("inside", "outside"))
            name = feature_label(str(row[FEATURE]), language, known).rstrip(".… ")
            said = say_key("plots.marker", language, feature=name, inside=inside, outside=outside)
            ax.text(0.01, at - 0.19, fill(said, int(186 / columns)), transform=ax.get_yaxis_transform(), va="bottom",
                    fontsize=LABEL - 1, color=INK, linespacing=1.0, bbox={"color": "#ffffff", "pad": 0.6})
        ax.set_ylim(len(rows) - 0.5, -0.9)
        ax.set_yticks([])
        title = personas.names.get(str(persona)) or say_key("cards.unnamed", language, persona=persona)
        dress(ax, title, sizes=(TITLE, LABEL))
        write_numbers(ax, language)
    figure.supxlabel(say_key("plots.effect", language), fontsize=LABEL, color=MUTED)
    return axes
