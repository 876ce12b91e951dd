"""Optimal matching of many pairs at once, in numpy or, where there is much of it and numba is installed, in machine code.

Both step through the same table and add the same numbers in the same order, so that they give the same bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from os import cpu_count

import numpy as np

from personakit.journeys.paths.kernels import Padded

COLUMNS = 1_000
#: cells of all tables from which machine code pays: to compile it takes a second once, and to load it half a
#: second in each session; numpy needs three quarters of a second for a thousand million cells
MANY = 500_000_000
#: journeys side by side in the innermost loop of the machine code, and threads (it runs without Python's lock)
LANES, THREADS = 128, 2
ROOM = 2**24  # gains laid out for the machine code in one go: 64 MB


def gains_for(journeys: Padded, gain: np.ndarray) -> Callable[[Padded, Padded], np.ndarray]:
    """Choose how to measure these journeys: a function of rows and columns that gives their gains.

    The gain of two journeys is the largest sum of ``gain`` (levels, levels; 2 indel - cost, at least 0) over steps matched
    in order. Matching instead of deleting and inserting is what makes a distance smaller, so the distance is indel times
    both lengths, less this sum.
    """
    much = float(len(journeys.steps)) ** 2 * float(journeys.steps.shape[1]) ** 2 / 2 >= MANY
    if much and find_spec("numba"):
        return lambda rows, columns: compiled_gains(rows, columns, gain)
    return lambda rows, columns: matching_gains(rows, columns, gain)


# ---------------------------------------------------------------- numpy: an antidiagonal at a time
def matching_gains(rows: Padded, columns: Padded, gain: np.ndarray) -> np.ndarray:
    """Measure in numpy: the cells of one antidiagonal do not depend on each other, and are one array."""
    kind = _small_kind(gain, min(rows.steps.shape[1], columns.steps.shape[1]))
    padded: np.ndarray = np.zeros((rows.levels, columns.levels + 1), dtype=kind)
    padded[:, :-1] = gain
    out = np.empty((len(rows.steps), len(columns.steps)), dtype=np.float32)
    width = columns.steps.shape[1]
    plans = {int(one): _antidiagonals(int(one), width) for one in np.unique(rows.length)}
    for start in range(0, len(columns.steps), COLUMNS):
        some = columns.steps[start:start + COLUMNS]
        gains = np.ascontiguousarray(padded[:, some.T]).reshape(rows.levels * width, len(some))
        room = np.empty((4, max(rows.steps.shape[1], 1) + 1, len(some)), dtype=kind)
        for row, (steps, length) in enumerate(zip(rows.steps, rows.length, strict=True)):
            out[row, start:start + COLUMNS] = _match(steps[:length].astype(np.intp) * width, plans[int(length)], gains, room)
    return out


def _small_kind(gain: np.ndarray, shortest: int) -> type:
    """Whole gains that cannot overflow fit 16 bits, twice as many in a register; others take single precision."""
    whole = bool(np.array_equal(gain, np.rint(gain)))
    return np.uint16 if whole and float(gain.max(initial=0)) * shortest < 2**16 else np.float32


def _antidiagonals(length: int, width: int) -> list[tuple[int, int, np.ndarray]]:
    """Return first row, last row and column of each antidiagonal of a (length, width) table, rows and columns from 1."""
    plan = []
    for total in range(2, length + width + 1):
        low, high = max(1, total - width), min(length, total - 1)
        plan.append((low, high, total - np.arange(low, high + 1) - 1))
    return plan


def _match(
    base: np.ndarray, plan: list[tuple[int, int, np.ndarray]], gains: np.ndarray, room: np.ndarray
) -> np.ndarray:
    two_ago, last, now, step = room
    two_ago[:], last[:] = 0, 0
    for low, high, column in plan:
        matched, here = step[:high - low + 1], now[low:high + 1]
        gains.take(base[low - 1:high] + column, axis=0, out=matched, mode="clip")
        np.add(matched, two_ago[low - 1:high], out=matched)
        np.maximum(last[low - 1:high], last[low:high + 1], out=here)
        np.maximum(here, matched, out=here)
        now[0] = 0
        if high < len(base):
            now[high + 1] = 0
        two_ago, last, now = last, now, two_ago
    return last[len(base)]


# ---------------------------------------------------------------- machine code: many columns at a time
def compiled_gains(rows: Padded, columns: Padded, gain: np.ndarray) -> np.ndarray:
    """Measure in machine code, which is compiled once and then kept on the disk (numba); as many columns at once as fit."""
    most = LANES * max(THREADS, ROOM // (LANES * max(columns.levels * columns.steps.shape[1], 1)))
    out = np.empty((len(rows.steps), len(columns.steps)), dtype=np.float32)
    for start in range(0, len(columns.steps), most):
        out[:, start:start + most] = _side_by_side(rows, columns.take(slice(start, start + most)), gain)
    return out


def _side_by_side(rows: Padded, columns: Padded, gain: np.ndarray) -> np.ndarray:
    width, blocks = columns.steps.shape[1], -(-len(columns.steps) // LANES)
    steps = np.full((blocks * LANES, width), columns.levels)
    steps[:len(columns.steps)] = columns.steps
    padded = np.zeros((rows.levels, columns.levels + 1), dtype=np.float32)
    padded[:, :-1] = gain
    # what each level gains at each step of the columns, lane by lane: nothing has to be looked up on the way
    profile = np.ascontiguousarray(padded[:, steps.reshape(blocks, LANES, width).transpose(0, 2, 1)].transpose(1, 0, 2, 3))
    out = np.empty((len(rows.steps), blocks * LANES), dtype=np.float32)
    fill, own, length = _compiled(), np.ascontiguousarray(rows.steps, dtype=np.int64), rows.length.astype(np.int64)
    threads = min(THREADS, cpu_count() or 1, blocks)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: fill(own, length, profile, part, threads, out), range(threads)))
    return out[:, :len(columns.steps)]


@functools.cache
def _compiled() -> Callable[..., None]:
    from numba import njit

    try:
        return njit(cache=True, nogil=True, error_model="numpy")(_fill)
    except RuntimeError:  # no folder where it could be kept
        return njit(nogil=True, error_model="numpy")(_fill)


def _fill(rows: np.ndarray, length: np.ndarray, profile: np.ndarray, part: int, parts: int, out: np.ndarray) -> None:
    """Fill the blocks of one thread: profile (blocks, levels, steps, lanes).

    The innermost loop is over lanes that do not depend on each other, as many as the array says: that is what compilers
    turn into vector instructions. (A fixed number of 16 they unroll into single ones, six times slower.)
    """
    blocks, _, width, lanes = profile.shape
    table = np.zeros((2, width + 1, lanes), dtype=np.float32)
    for block in range(part, blocks, parts):
        for row in range(len(rows)):
            for at in range(width + 1):  # loops, not slices: those take a second longer to compile
                for lane in range(lanes):
                    table[0, at, lane] = 0
            for step in range(length[row]):
                gain, old, new = profile[block, rows[row, step]], table[step % 2], table[1 - step % 2]
                for at in range(width):
                    for lane in range(lanes):
                        matched = old[at, lane] + gain[at, lane]
                        best = old[at + 1, lane] if old[at + 1, lane] > new[at, lane] else new[at, lane]
                        new[at + 1, lane] = matched if matched > best else best
            for lane in range(lanes):
                out[row, block * lanes + lane] = table[length[row] % 2, width, lane]
