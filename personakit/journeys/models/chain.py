"""Chains that end: where do they end, and after how long? Solved exactly, for many at once."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from personakit.eventlog import count_cells, person_of
from personakit.inference import ratio
from personakit.records import Journeys

START, GOAL, LEFT = 0, 1, 2  # rows and columns before the levels


def until_goal(journeys: Journeys, column: str, goal: str) -> sparse.csr_array:
    """Count each person's steps up to the first ``goal``: (n, (S + 3)^2), source-major, of start, goal, left and S levels.

    Whoever ends without it goes to ``left``; the last step of an open journey is not known and not counted.
    """
    log = journeys.log
    size = len(log.levels[column]) + 3
    aim = log.levels[column].get_loc(goal)
    known = np.flatnonzero(log.codes[column] >= 0)
    code, person = log.codes[column][known].astype(np.int64), person_of(log)[known]
    hit = code == aim
    starts = np.searchsorted(person, np.arange(len(log.participants)))
    met = np.cumsum(hit) - hit
    fresh = met == met[np.minimum(starts, max(len(met) - 1, 0))][person] if len(code) else hit
    code, person = np.where(hit, GOAL, code + 3)[fresh], person[fresh]
    first = np.append(True, np.diff(person) != 0)[: len(code)]
    source = np.where(first, START, np.append(START, code[:-1]))
    last = np.append(np.diff(person) != 0, True)[-len(code):] if len(code) else first
    ended = (journeys.ends["status"] != "open").to_numpy()[person]
    gone = np.flatnonzero(last & (code != GOAL) & ended)
    owner = np.concatenate([person, person[gone]])
    cell = np.concatenate([source * size + code, code[gone] * size + LEFT])
    return count_cells(owner, cell, (len(log.participants), size * size))


def arrival_chance(counts: np.ndarray) -> np.ndarray:
    """Chance to reach the goal from each place: (replicates, S + 3) from counts (replicates, S + 3, S + 3)."""
    return _solved(_moves(counts))


def removed_chance(counts: np.ndarray, level: int) -> np.ndarray:
    """Chance to reach the goal from the start when whoever comes to ``level`` leaves instead: (replicates,)."""
    moves = _moves(counts)
    moves[:, :, LEFT] += moves[:, :, level]
    moves[:, :, level] = 0.0
    return _solved(moves)[:, START]


def _moves(counts: np.ndarray) -> np.ndarray:
    """Shares of moves: steps that stay are left out, which changes no chance of arriving."""
    moves = counts.astype(np.float64)
    at = np.arange(moves.shape[1])
    moves[:, at, at] = 0.0
    return np.nan_to_num(ratio(moves, moves.sum(axis=2, keepdims=True)))


def _solved(moves: np.ndarray) -> np.ndarray:
    inner = np.r_[START, 3: moves.shape[1]]
    left = np.eye(len(inner)) - moves[:, inner[:, None], inner]
    right = moves[:, inner, GOAL]
    out = np.zeros(moves.shape[:2])
    out[:, GOAL] = 1.0
    # levels that lead nowhere known, or only round in circles: nobody arrives from there
    closed = _closed(moves, inner)
    left = np.where(closed[:, :, None], np.eye(len(inner)), left)
    out[:, inner] = np.linalg.solve(left, np.where(closed, 0.0, right)[..., None])[..., 0]
    return np.clip(out, 0.0, 1.0)


def _closed(moves: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Find the places from which neither goal nor left can be reached."""
    out = moves[:, inner, GOAL] + moves[:, inner, LEFT] > 0
    step = moves[:, inner[:, None], inner] > 0
    for _ in range(len(inner)):
        grown = out | (step & out[:, None, :]).any(axis=2)
        if (grown == out).all():
            break
        out = grown
    return ~out
