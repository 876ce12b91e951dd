"""What each typical path looks like: its representative journey, where people are at each step, how they move."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.journeys.paths.distances import Space
from personakit.journeys.paths.kernels import Padded
from personakit.journeys.variants import spell

#: share of the largest distance within which a representative stands for a journey (Gabadinho and others, 2011)
RADIUS = 0.1
#: distinct journeys of a path between which its representative is looked for
SOME = 1_000


def portraits(
    space: Space, variant: np.ndarray, labels: list[np.ndarray], ks: list[int], words: tuple[str, ...]
) -> pd.DataFrame:
    """Describe the paths of each k.

    Returns
    -------
    DataFrame
        k, path, people, share, representative (its medoid, runs of a level as one), coverage (share of its people whose
        journey is within a tenth of the largest distance from it), entropy (of the time spent at levels, mean over
        people, 0 to 1), complexity (Gabadinho and others, 2010: turbulence of moves and levels, 0 to 1).
    """
    entropy, complexity = mixing(space.journeys)
    rows = []
    for number, own in zip(ks, labels, strict=True):
        for path in range(number):
            mine = variant[own == path]
            distinct, count = np.unique(mine, return_counts=True)
            most = np.sort(np.argsort(-count, kind="stable")[:SOME])
            some = space.journeys.take(distinct[most])
            medoid = distinct[most[int((space.measure(some, some) @ count[most].astype(np.float64)).argmin())]]
            away = space.measure(space.journeys.take(distinct), space.journeys.take(np.array([medoid])))[:, 0]
            near = float(count[away <= RADIUS * _largest(space)].sum() / len(mine))
            rows.append((number, f"T{path + 1}", len(mine), len(mine) / len(own),
                         spelled(space.journeys, int(medoid), words), near, float(entropy[mine].mean()),
                         float(complexity[mine].mean())))
    columns = ["k", "path", "people", "share", "representative", "coverage", "entropy", "complexity"]
    return pd.DataFrame(rows, columns=columns).astype({"path": "str", "representative": "str"})


def _largest(space: Space) -> float:
    """Return the distance of the two longest journeys that share nothing, by the measure itself."""
    width, size = space.journeys.steps.shape[1], space.journeys.levels
    if size < 2:
        return 0.0
    flat = Padded(steps=np.repeat(np.arange(size)[:, None], width, axis=1), length=np.full(size, width), levels=size)
    return float(space.measure(flat, flat).max())


def spelled(journeys: Padded, row: int, words: tuple[str, ...]) -> str:
    """Write a journey, runs of a level as one."""
    steps = journeys.steps[row, :journeys.length[row]]
    kept = np.append(True, np.diff(steps) != 0)[: len(steps)]
    return spell([words[one] for one in steps[kept]])


def mixing(journeys: Padded) -> tuple[np.ndarray, np.ndarray]:
    """Return longitudinal entropy and complexity of each journey, 0 to 1.

    Examples
    --------
    >>> entropy, complexity = mixing(Padded(steps=np.array([[0, 1, 0, 1], [0, 0, 0, 0]]), length=np.array([4, 4]), levels=2))
    >>> entropy.tolist(), complexity.tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    size = journeys.levels
    counts = np.stack([(journeys.steps == one).sum(axis=1) for one in range(size)], axis=1)
    share = counts / np.maximum(journeys.length, 1)[:, None]
    entropy = -np.where(share > 0, share * np.log(np.where(share > 0, share, 1)), 0).sum(axis=1) / np.log(max(size, 2)) + 0.0
    moves = ((np.diff(journeys.steps, axis=1) != 0) & (journeys.steps[:, 1:] < size)).sum(axis=1)
    return entropy, np.sqrt(moves / np.maximum(journeys.length - 1, 1) * entropy)


def step_shares(mine: Padded, labels: np.ndarray, words: tuple[str, ...]) -> pd.DataFrame:
    """Say where the people of each path are at each step: path, step, level, people, people_total (still walking), share."""
    size, width = mine.levels, mine.steps.shape[1]
    person, step = np.nonzero(mine.steps < size)
    paths = int(labels.max()) + 1
    cell = (labels[person] * width + step) * size + mine.steps[person, step]
    people = np.bincount(cell, minlength=paths * width * size).reshape(paths, width, size)
    total = np.broadcast_to(people.sum(axis=2, keepdims=True), people.shape)
    path, at, level = (one.ravel() for one in np.indices(people.shape))
    out = pd.DataFrame({"path": pd.array([f"T{one + 1}" for one in path], dtype="str"), "step": at + 1,
                        "level": pd.array([words[one] for one in level], dtype="str"),
                        "people": people.ravel(), "people_total": total.ravel()})
    out["share"] = out["people"] / out["people_total"].where(out["people_total"] > 0)
    return out
