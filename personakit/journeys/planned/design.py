"""The planned journey as steps: read from a line of text or from the design table of a study."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.schema import CHANNEL, STAGE, TOUCHPOINT, check_table

#: a step of the text: touchpoints, then its channel, then how often it may come
_STEP = re.compile(r"(?P<touchpoints>.+?)(?:\s*@(?P<channel>[^?*+@]+?))?\s*(?P<often>[?*+]?)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One planned step: any of its ``touchpoints``; ``channel`` is empty where any will do."""

    touchpoints: tuple[str, ...]
    channel: str = ""
    stage: str = ""
    optional: bool = False
    repeatable: bool = False

    @property
    def title(self) -> str:
        """Its touchpoints in words."""
        return " | ".join(self.touchpoints)


def read_design(design: str | pd.DataFrame) -> tuple[Step, ...]:
    """Read the planned journey.

    As text, steps are parted by ``>`` or by new lines. A step names a touchpoint, or several with ``|`` between them of
    which one is taken; ``@channel`` says where. A mark after it: ``?`` may be left out, ``+`` may be repeated, ``*``
    both. A name that holds one of these marks goes into a table: step, touchpoint, stage, and channel, optional,
    repeatable where there are any (``|`` parts alternatives there, too).

    Raises
    ------
    StudyError
        There is no step, a step has no touchpoint, or every step may be left out (any journey, also none, satisfies it).

    Examples
    --------
    >>> steps = read_design("Home+ > Guide? > Basket @web > Pay | Pay later")
    >>> [(one.touchpoints, one.channel, one.optional, one.repeatable) for one in steps][2:]
    [(('Basket',), 'web', False, False), (('Pay', 'Pay later'), '', False, False)]
    """
    steps = _from_text(design) if isinstance(design, str) else _from_table(design)
    if not steps:
        raise StudyError("design: has no step. Write the planned touchpoints with > between them.")
    if all(one.optional for one in steps):
        raise StudyError("design: every step may be left out, so any journey satisfies it. Make one step mandatory.")
    return tuple(steps)


def _from_text(design: str) -> list[Step]:
    parts = [one.strip() for one in re.split(r">|\n", design)]
    if any(not one for one in parts) and any(parts) and ">" in design and "" in [p.strip() for p in design.split(">")]:
        raise StudyError(f"design: a step is empty in {design[:60]!r}. Write a touchpoint between two >.")
    return [_step(one) for one in parts if one]


def _step(text: str) -> Step:
    found = _STEP.fullmatch(text)
    names = tuple(one.strip() for one in found["touchpoints"].split("|")) if found else ()
    if not found or not all(names):
        raise StudyError(f"design: the step {text!r} names no touchpoint. Write for instance 'Basket @web +' or "
                         f"'Pay | Call?'.")
    return Step(touchpoints=names, channel=(found["channel"] or "").strip(), optional=found["often"] in ("?", "*"),
                repeatable=found["often"] in ("+", "*"))


def _from_table(design: pd.DataFrame) -> list[Step]:
    table = check_table("design", design).sort_values("step", kind="stable")
    steps = []
    for row in table.to_dict("records"):
        names = tuple(one.strip() for one in str(row[TOUCHPOINT]).split("|"))
        if not all(names):
            raise StudyError(f"design: step {row['step']} names no touchpoint. Complete the table.")
        channel = row.get(CHANNEL)
        steps.append(Step(touchpoints=names, channel=channel if isinstance(channel, str) else "", stage=str(row[STAGE]),
                          optional=bool(row.get("optional", False)), repeatable=bool(row.get("repeatable", False))))
    return steps


def check_reachable(steps: Sequence[Step], seen: Sequence[str]) -> list[int]:
    """Return the places of the steps none of whose touchpoints is in the log; raise where these are all mandatory ones."""
    lost = [place for place, one in enumerate(steps) if not set(one.touchpoints) & set(seen)]
    mandatory = [place for place, one in enumerate(steps) if not one.optional]
    if set(mandatory) <= set(lost):
        name = steps[mandatory[0]].touchpoints[0]
        near = difflib.get_close_matches(name, list(seen), n=1)
        raise StudyError(f"design: no journey can satisfy it: none of its {len(mandatory)} mandatory steps "
                         f"({first_five(steps[one].title for one in mandatory)}) is in the log ({first_five(seen)})."
                         + (f" Did you mean {near[0]!r}?" if near else " Use the names of the touchpoints."))
    return lost


def step_matrices(
    steps: Sequence[Step], touchpoints: pd.Index, channels: pd.Index | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return which touchpoints (steps, touchpoints) and which channels (steps, channels + 1) are as planned.

    The last channel stands for an unknown one, which is not held against anybody.
    """
    named = np.array([[one in step.touchpoints for one in touchpoints] for step in steps], dtype=bool)
    words = [] if channels is None else [str(one) for one in channels]
    right = np.array([[not step.channel or step.channel not in words or one == step.channel for one in words] + [True]
                      for step in steps], dtype=bool)
    return named, right
