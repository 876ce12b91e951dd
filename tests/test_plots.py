"""Charts: what they draw is what the record holds; UMAP never assigns."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import hand_made
import matplotlib as mpl
import numpy as np
import pytest

from personakit.errors import ChoiceError, StudyError
from personakit.plots import (
    nearest_is_right,
    plot_candidates,
    plot_crossings,
    plot_personas,
    plot_profiles,
)

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(("language", "title"), [("fr", "Stabilité"), ("en", "Stability")])
def test_candidates_draws_stability_gap_and_size(language, title):
    axes = plot_candidates(hand_made.candidates(), language=language)
    assert len(axes) == 4
    assert axes[0].get_title(loc="left").startswith(title)
    drawn = sorted(value for line in axes[0].lines for value in line.get_ydata())
    assert drawn == [0.7, 0.91, 0.91, 0.95]  # the recommended candidate is ringed
    axes[0].figure.canvas.draw()


def test_methods_differ_in_marker_and_dash_so_that_grey_suffices():
    axes = plot_candidates(hand_made.candidates())
    lines = [line for line in axes[3].lines if line.get_label() in ("k-means", "latent classes")]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 2


def test_candidates_without_a_recommendation():
    axes = plot_candidates(hand_made.candidates(verdict="none", recommended=None), language="fr")
    assert len(axes[0].lines) == 2  # a line a method, and no ring


def test_profiles_draw_the_strongest_features_in_their_own_units():
    evidence = hand_made.evidence()
    axes = plot_profiles(hand_made.personas(), evidence, top=3, language="fr")
    assert len(axes) == 3
    rows = evidence.table.query("persona == 'P1'").dropna(subset=["effect", "inside", "outside"])
    strongest = rows.reindex(rows["effect"].abs().sort_values(ascending=False, kind="stable").index).head(3)
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx(list(strongest["effect"]))
    assert all("ailleurs" in text.get_text() for text in axes[0].texts)
    axes[0].figure.canvas.draw()


def test_crossings_are_as_wide_as_the_people_who_move():
    candidates = hand_made.candidates()
    three = candidates.memberships["kmeans-3"]
    two = three[["P1"]].assign(P2=three["P2"] + three["P3"])
    candidates = replace(candidates, memberships={"kmeans-2": two, "kmeans-3": three})
    ax = plot_crossings(candidates, "kmeans")
    labels = three.to_numpy().argmax(axis=1)
    assert len(ax.collections) == len(set(zip(two.to_numpy().argmax(axis=1), labels, strict=True)))
    heights = sorted(round(bar.get_height(), 6) for bar in ax.patches)
    assert sum(heights) == pytest.approx(2.0)
    ax.figure.canvas.draw()
    with pytest.raises(ChoiceError, match="Did you mean 'kmeans'"):
        plot_crossings(candidates, "kmean")
    with pytest.raises(ChoiceError, match="k = 3 only"):
        plot_crossings(candidates, "latent_class")


def test_nearest_centre_by_hand():
    layout = np.array([[0.0, 0], [1, 0], [10, 0], [0.4, 0]])
    assert nearest_is_right(layout, np.array(["a", "a", "b", "b"])) == 0.75


class _FlatUmap:
    """Stands for UMAP where only our own part is in question: lays people out by their first two columns."""

    asked: ClassVar[list[dict]] = []

    def __init__(self, **settings):
        self.asked.append(settings)

    def fit_transform(self, values):
        return np.asarray(values)[:, :2]


def test_umap_draws_the_active_features_of_everyone_and_assigns_nobody(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=_FlatUmap))
    personas = hand_made.personas()
    before = personas.membership.copy()
    ax = plot_personas(personas, seed=11, language="fr")
    assert _FlatUmap.asked[-1]["random_state"] == 11
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 200
    assert "ne classe personne" in ax.get_xlabel()
    assert personas.membership.equals(before)


@pytest.mark.skipif(
    "PERSONAKIT_SLOW" not in os.environ, reason="umap compiles for half a minute: set PERSONAKIT_SLOW=1"
)
def test_personas_with_umap_itself():
    ax = plot_personas(hand_made.personas(), seed=7, language="en")
    assert "assigns nobody" in ax.get_xlabel()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[-1].startswith("in between (")
    assert labels[0].startswith("P1 ")
    assert labels[0].endswith("(100)")


def test_personas_without_umap_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(StudyError, match=r"umap-learn is not installed. Install it: pip install"):
        plot_personas(hand_made.personas(), seed=7)
