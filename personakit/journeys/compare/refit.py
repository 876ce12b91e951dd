"""Journeys of a world without personas: everyone follows the same process, at their own times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from personakit.eventlog import person_of, transition_counts
from personakit.records import Journeys
from personakit.schema import EVENT, STAGE, TOUCHPOINT


def without_personas(journeys: Journeys, column: str, *, seed: np.random.SeedSequence) -> Journeys:
    """Deal every journey again from one first-order process fitted to everyone (a parametric bootstrap of the null).

    Who has how many events, when, and on which channel stays; the levels of ``column`` are dealt anew, and event,
    touchpoint and stage follow from them (those of a random event of that level).
    """
    log = journeys.log
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(log.codes[column] >= 0)
    size = len(log.levels[column])
    counts = np.asarray(transition_counts(log, column).sum(axis=0), dtype=np.float64).reshape(size, size)
    owner = person_of(log)[known]
    begins = np.flatnonzero(np.append(True, np.diff(owner) != 0)[: len(known)])
    length = np.diff(np.append(begins, len(known)))
    first = np.bincount(log.codes[column][known[begins]], minlength=size).astype(np.float64)
    dealt = _deal(first, counts, begins, length, rng)
    like = _like(log.codes[column][known], dealt, rng)
    codes = dict(log.codes)
    for name in {EVENT, TOUCHPOINT, STAGE, column} & set(codes):
        new = codes[name].copy()
        new[known] = codes[name][known[like]]
        codes[name] = new
    return replace(journeys, log=replace(log, codes=codes))


def _deal(first: np.ndarray, counts: np.ndarray, begins: np.ndarray, length: np.ndarray,
          rng: np.random.Generator) -> np.ndarray:
    """Walk everyone at once, one step at a time."""
    out = np.zeros(int(length.sum()), dtype=np.int64)
    total = counts.sum(axis=1, keepdims=True)
    # a level that nobody ever left leads where journeys begin
    chances = np.where(total > 0, counts / np.maximum(total, 1), first / max(first.sum(), 1)).cumsum(axis=1)
    out[begins] = np.searchsorted(first.cumsum() / max(first.sum(), 1), rng.random(len(begins)), side="right")
    for step in range(1, int(length.max(initial=0))):
        at = begins[length > step] + step
        chance = chances[out[at - 1]]
        out[at] = np.minimum((chance <= rng.random((len(at), 1))).sum(axis=1), len(first) - 1)
    return out


def _like(codes: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each wanted level the place of a random event of that level."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], wanted, side="left")
    counts = np.searchsorted(codes[order], wanted, side="right") - starts
    return order[starts + np.minimum((rng.random(len(wanted)) * counts).astype(np.int64), counts - 1)]
