"""The cheapest way to lay a journey beside the design, for many people at once: dynamic programming over both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: half units: a planned step left out, an event that is not planned there, a planned step in another channel
SKIP, INSERT, CHANNEL = 2, 2, 1
FAR = 60_000
#: what was done last, in the order in which equals are preferred
MATCH, REPEAT, SKIPPED, INSERTED = 1, 2, 3, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """``price`` (steps, kinds of event): 0, CHANNEL or FAR; ``optional`` and ``repeatable`` (steps)."""

    price: np.ndarray
    optional: np.ndarray
    repeatable: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Aligned:
    """``cost`` (people, half units), ``step`` (people, events): the step an event was matched with, -1 inserted;
    ``taken`` (people, steps): matched at least once; ``passed`` (people): steps up to the last that counts.
    """

    cost: np.ndarray
    step: np.ndarray
    taken: np.ndarray
    passed: np.ndarray


def align(events: np.ndarray, length: np.ndarray, still_open: np.ndarray, plan: Plan) -> Aligned:
    """Align journeys (people, longest; kinds of event) with the plan, exactly.

    A state is (events told, steps told, was the last of these taken). An open journey owes no step after its last one.
    """
    people, longest = events.shape
    steps = len(plan.price)
    cost = np.full((2, people, steps + 1), FAR, dtype=np.int32)
    cost[0, :, 0] = 0
    back = np.zeros((longest + 1, 2, people, steps + 1), dtype=np.uint8)
    _skip(cost, back[0], plan)
    ends = np.where(length[:, None] == 0, cost.min(axis=0), FAR)
    layer = np.where(length[:, None] == 0, cost.argmin(axis=0), 0)
    for at in range(longest):
        cost = _tell(cost, back[at + 1], plan.price[:, events[:, at]].T, plan)
        done = length == at + 1
        ends[done], layer[done] = cost[:, done].min(axis=0), cost[:, done].argmin(axis=0)
    # owing steps: those who may still come back stop where it is cheapest, the others at the end of the plan
    passed = np.where(still_open, ends.argmin(axis=1), steps)
    best = ends[np.arange(people), passed]
    step, taken = _trace(back, length, passed, layer[np.arange(people), passed])
    return Aligned(cost=best, step=step, taken=taken, passed=passed)


def _tell(cost: np.ndarray, back: np.ndarray, price: np.ndarray, plan: Plan) -> np.ndarray:
    """Tell one more event. ``back`` holds 10 times the layer come from, plus what was done."""
    out = cost + INSERT
    back[0], back[1] = INSERTED, 10 + INSERTED
    again = np.where(plan.repeatable, cost[1, :, 1:] + price, FAR)
    before = cost[:, :, :-1].argmin(axis=0)
    match = cost[:, :, :-1].min(axis=0) + price
    for offer, code in ((again, np.full(again.shape, 10 + REPEAT)), (match, 10 * before + MATCH)):
        better = offer <= out[1, :, 1:]
        out[1, :, 1:] = np.where(better, offer, out[1, :, 1:])
        back[1, :, 1:] = np.where(better, code, back[1, :, 1:])
    _skip(out, back, plan)
    return np.minimum(out, FAR)


def _skip(cost: np.ndarray, back: np.ndarray, plan: Plan) -> None:
    for step in range(1, cost.shape[2]):
        before = cost[:, :, step - 1].argmin(axis=0)
        offer = cost[:, :, step - 1].min(axis=0) + (0 if plan.optional[step - 1] else SKIP)
        better = offer <= cost[0, :, step]
        cost[0, :, step] = np.where(better, offer, cost[0, :, step])
        back[0, :, step] = np.where(better, 10 * before + SKIPPED, back[0, :, step])


def _trace(back: np.ndarray, length: np.ndarray, passed: np.ndarray, layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    people, steps = back.shape[2], back.shape[3] - 1
    told, at, layer = length.copy(), passed.copy(), layer.copy()
    step = np.full((people, back.shape[0] - 1), -1)
    taken = np.zeros((people, steps), dtype=bool)
    everyone = np.arange(people)
    while ((told > 0) | (at > 0)).any():
        left = everyone[(told > 0) | (at > 0)]
        code = back[told[left], layer[left], left, at[left]].astype(np.int64)
        did, before = code % 10, code // 10
        hit = (did == MATCH) | (did == REPEAT)
        step[left[hit], told[left[hit]] - 1] = at[left[hit]] - 1
        taken[left[hit], at[left[hit]] - 1] = True
        told[left] -= did != SKIPPED
        at[left] -= (did == MATCH) | (did == SKIPPED)
        layer[left] = before
    return step, taken
