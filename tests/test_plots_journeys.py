"""Charts of the views of journeys: they draw what the frames hold, hide small cells, in both languages and in grey."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "journeys"))
import small_journeys as make

from personakit import load_sample
from personakit.errors import ChoiceError, StudyError
from personakit.journeys import (
    flows,
    funnel,
    interview_journeys,
    step_matrix,
    switches,
    time_to_stage,
    trace_journeys,
    transitions,
)
from personakit.plots import (
    plot_channels,
    plot_funnel,
    plot_sankey,
    plot_step_matrix,
    plot_time_to_stage,
    plot_transitions,
)
from personakit.plots.views import _shade

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def lunettes():
    study = load_sample("lunettes")
    ids = study.participants.index
    labels = {one: "P3" if place < 6 else f"P{place % 2 + 1}" for place, one in enumerate(ids)}
    return trace_journeys(study), make.personas({**labels, "silent": "P4"}, window_days=None)


def texts(ax):
    return [one.get_text() for one in ax.texts]


DRAWINGS = {
    "transitions": lambda j, p, **more: plot_transitions(transitions(j, p, seed=7, replicates=20), order=j.stages, **more),
    "step_matrix": lambda j, p, **more: plot_step_matrix(
        step_matrix(j, p, steps=4, moves_only=True), order=j.stages, **more),
    "sankey": lambda j, p, **more: plot_sankey(flows(j, p, steps=3, moves_only=True), order=j.stages, **more),
    "channels": lambda j, p, **more: plot_channels(switches(j, p, seed=7, replicates=20), **more),
    "funnel": lambda j, p, **more: plot_funnel(funnel(j, p, seed=7, replicates=20), **more),
    "time_to_stage": lambda j, p, **more: plot_time_to_stage(
        time_to_stage(j, p, stage="purchase", days=[7, 30, 90], seed=7, replicates=20), **more),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_everyone_and_each_persona_side_by_side_on_one_scale(name, lunettes):
    journeys, personas = lunettes
    axes = DRAWINGS[name](journeys, personas, names={"P1": "La prévoyante"}, language="fr")
    assert len(axes) == 5, "everyone, three personas, and one whose people have no events"
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles[0].startswith("ensemble")
    assert titles[1].startswith("La prévoyante")
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
    axes[0].figure.canvas.draw()
    with pytest.raises(ChoiceError, match="'P9' is unknown"):
        DRAWINGS[name](journeys, personas, names={"P9": "x"})


def test_matrix_writes_the_shares_of_the_frame_and_hides_small_cells(lunettes):
    journeys, personas = lunettes
    table = transitions(journeys, personas, seed=7, replicates=20)
    axes = plot_transitions(table, order=journeys.stages, language="en")
    stay = table.set_index(["persona", "source", "target"]).loc[("all", "awareness", "awareness"), "share"]
    assert f"{stay * 100:.0f}%" in texts(axes[0])
    assert [one.get_text() for one in axes[0].get_yticklabels()] == [
        "awareness", "research", "purchase", "experience", "loyalty"]
    # six people: their rare steps are hatched and carry no number
    hatched = [one for one in axes[3].patches if one.get_hatch()]
    assert hatched
    shown = [one for one in axes[3].patches if not one.get_hatch()]
    assert len(shown) == len(texts(axes[3]))


def test_interviews_are_written_as_counts(lunettes):
    journeys = interview_journeys(load_sample("lunettes"))
    ax = plot_step_matrix(step_matrix(journeys, steps=2), counts=True, language="fr")[0]
    assert texts(ax)
    assert not any("%" in one for one in texts(ax))


def test_the_channel_break_is_framed(lunettes):
    journeys, _ = lunettes
    (ax,) = plot_channels(switches(journeys, seed=7, replicates=100), language="fr")
    assert not ax.get_title(loc="left"), "everyone alone needs no name"
    frames = [one for one in ax.patches if not one.get_fill()]
    assert len(frames) == 1
    across, down = ([one.get_text() for one in labels] for labels in (ax.get_xticklabels(), ax.get_yticklabels()))
    x, y = (round(one) for one in (frames[0].get_x() + 0.47, frames[0].get_y() + 0.47))
    assert (down[y], across[x]) == ("web", "boutique")


def test_channels_of_personas_hide_what_is_small_and_say_nobody(lunettes):
    journeys, personas = lunettes
    table = switches(journeys, personas, seed=7, replicates=100)
    table["source"] = table["source"].replace("web", "site internet de la marque (ordinateur)")
    axes = plot_channels(table, language="fr")
    frames = [sum(not one.get_fill() for one in ax.patches) for ax in axes]
    assert table.loc[table["flagged"], "persona"].tolist() == ["all", "P1", "P2"], "drawn at random, both live the break"
    # P3 is small there, so the next smallest is hatched with it, and has no frame
    assert sorted(frames[:3]) == [0, 1, 1]
    assert frames[0] == 1
    # six people: hatched where some of them moved so, without a frame; P4 has no events
    few = table[(table["persona"] == "P3") & (table["switches"] > 0)]
    assert sum(bool(one.get_hatch()) for one in axes[3].patches) == (few["people"] < 5).sum() > 0
    assert frames[3:] == [0, 0]
    assert texts(axes[4]) == ["personne"]
    assert "site internet de la\nmarque (ordinateur)" in [one.get_text() for one in axes[0].get_yticklabels()]


def test_sankey_columns_add_up_to_everyone(lunettes):
    journeys, _ = lunettes
    ax = plot_sankey(flows(journeys, steps=3, moves_only=True), order=journeys.stages)[0]
    heights = {}
    for bar in ax.patches:
        heights[round(bar.get_x())] = heights.get(round(bar.get_x()), 0) + bar.get_height()
    assert heights[1] == pytest.approx(1)
    tables = flows(journeys, steps=3, moves_only=True)
    there = tables.groupby("step")["share"].sum()
    # who leaves a node arrives at one of the next step, ends included
    assert heights[2] == pytest.approx(there[1], abs=1e-9)


def test_sankey_of_few_people_says_so():
    journeys = trace_journeys(make.study(make.log({"a": "xyz", "b": "xz", "c": "yz"})))
    ax = plot_sankey(flows(journeys, by="touchpoint", steps=2), language="fr")[0]
    assert texts(ax) == ["trop peu de personnes à montrer"]
    assert not ax.patches


def test_darker_is_more_in_grey_too():
    grey = [np.dot(_shade(value), [0.2126, 0.7152, 0.0722]) for value in np.linspace(0, 1, 11)]
    assert (np.diff(grey) < -0.03).all()


@pytest.mark.parametrize(("view", "plot", "options"), [
    (funnel, plot_funnel, {}), (time_to_stage, plot_time_to_stage, {"stage": "s1"})])
def test_curves_of_too_few_people_are_dotted_so_that_grey_print_tells(view, plot, options):
    paths = {f"p{one:02d}": ["x", "y"] for one in range(29)}
    journeys = trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("xy", ["s0", "s1"])))
    personas = make.personas({one: "P1" if one < "p20" else "P2" for one in paths}, window_days=None)
    axes = plot(view(journeys, personas, seed=1, **options))
    drawn = [{line.get_linestyle() for line in ax.lines if np.isfinite(np.asarray(line.get_ydata(), float)).any()}
             for ax in axes]
    assert drawn == [{"-"}, {"-"}, {":"}]


def test_another_table_is_refused(lunettes):
    journeys, _ = lunettes
    matrix = step_matrix(journeys, steps=2)
    for draw in (plot_transitions, plot_sankey, plot_funnel, plot_time_to_stage, plot_channels):
        with pytest.raises(StudyError, match="Draw what"):
            draw(matrix)
    with pytest.raises(StudyError, match="nothing to draw"):
        plot_channels(switches(trace_journeys(make.study(make.log({"a": "xy"}))), seed=7))
    with pytest.raises(StudyError, match="language"):
        plot_step_matrix(matrix, language="de")
