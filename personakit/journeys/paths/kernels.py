"""Distances of many pairs of journeys at once. Rows of integers, padded with the code after the last level.

Each kernel compares rows with columns and gives (rows, columns) float32: the whole programme steps over a block of
pairs, so that numpy works on long contiguous arrays and nothing has to be compiled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WORD = 64
#: cells of one block of pairs: what stays in the cache of a core
BLOCK = 60_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Padded:
    """Journeys as rows: ``steps`` (n, longest) of codes 0..levels-1, ``levels`` after the end; ``length`` (n)."""

    steps: np.ndarray
    length: np.ndarray
    levels: int

    def take(self, rows: np.ndarray | slice) -> Padded:
        """Return some of the rows."""
        return Padded(steps=self.steps[rows], length=self.length[rows], levels=self.levels)


# ---------------------------------------------------------------- longest common subsequence
def common_lengths(rows: Padded, columns: Padded) -> np.ndarray:
    """Length of the longest common subsequence, 64 steps a machine word (Hyyrö, 2004, with carries between words)."""
    words = max(1, -(-rows.steps.shape[1] // WORD))
    places = _places(rows, words)
    out = np.empty((len(rows.steps), len(columns.steps)), dtype=np.float32)
    block = max(1, BLOCK // max(len(columns.steps), 1))
    for start in range(0, len(rows.steps), block):
        out[start:start + block] = _common(places[start:start + block], rows.length[start:start + block], columns.steps)
    return out


def _places(rows: Padded, words: int) -> np.ndarray:
    """Return the bits of the steps at which a journey is at a level: (rows, words, levels + 1), none for the padding."""
    at = np.arange(rows.steps.shape[1])
    bit = np.uint64(1) << (at % WORD).astype(np.uint64)
    out = np.zeros((len(rows.steps), words, rows.levels + 1), dtype=np.uint64)
    person, step = np.nonzero(rows.steps < rows.levels)
    np.bitwise_or.at(out, (person, step // WORD, rows.steps[person, step]), bit[step])
    return out


def _common(places: np.ndarray, length: np.ndarray, steps: np.ndarray) -> np.ndarray:
    count, words, _ = places.shape
    unmatched = [np.full((count, len(steps)), ~np.uint64(0)) for _ in range(words)]
    for code in np.ascontiguousarray(steps.T):
        carry: np.ndarray | None = None
        for word in range(words):
            match = places[:, word].take(code, axis=1)
            before = unmatched[word]
            hit = before & match
            total = before + hit
            over = total < before if words > 1 else None
            if carry is not None and over is not None:
                total += carry
                over |= total < carry
            unmatched[word] = total | (before & ~match)
            carry = None if over is None else over.astype(np.uint64)
    found = np.zeros((count, len(steps)), dtype=np.float32)
    for word, bits in enumerate(unmatched):
        own = np.clip(length - word * WORD, 0, WORD)
        mask = np.array([(1 << int(one)) - 1 for one in own], dtype=np.uint64)
        found += np.bitwise_count(~bits & mask[:, None])
    return found


# ---------------------------------------------------------------- step against step
def aligned_costs(rows: Padded, columns: Padded, cost: np.ndarray) -> np.ndarray:
    """Sum over steps of ``cost`` (steps, levels + 1, levels + 1) of what both do there, as one matrix product."""
    width, size = cost.shape[0], rows.levels + 1
    left = np.zeros((len(rows.steps), width, size), dtype=np.float32)
    left[np.arange(len(left))[:, None], np.arange(width), rows.steps] = 1
    right = cost[np.arange(width)[:, None], :, columns.steps.T].astype(np.float32)
    return left.reshape(len(left), -1) @ right.transpose(0, 2, 1).reshape(width * size, -1)


def shares_apart(rows: Padded, columns: Padded) -> np.ndarray:
    """Hellinger distance, 0 to 1, between the shares of the steps from level to level (a lone step counts as its level)."""
    mine, theirs = np.sqrt(_step_shares(rows)), np.sqrt(_step_shares(columns))
    return np.sqrt(np.maximum(1 - mine @ theirs.T, 0)).astype(np.float32)


def _step_shares(some: Padded) -> np.ndarray:
    size = some.levels
    out = np.zeros((len(some.steps), size * size + size))
    source, target = some.steps[:, :-1].astype(np.int64), some.steps[:, 1:].astype(np.int64)
    person, step = np.nonzero(target < size)
    np.add.at(out, (person, source[person, step] * size + target[person, step]), 1)
    lone = np.flatnonzero(some.length == 1)
    out[lone, size * size + some.steps[lone, 0]] = 1
    return out / np.maximum(out.sum(axis=1, keepdims=True), 1)
