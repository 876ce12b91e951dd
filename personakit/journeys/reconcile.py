"""Whether the views agree: what one counts, the others count too."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from personakit.journeys.attempts import Rules, winning_attempts
from personakit.journeys.groups import check_view
from personakit.journeys.steps import flow_cells, sequences, step_cells
from personakit.journeys.transitions import stage_counts, step_counts
from personakit.journeys.variants import variant_of, variants
from personakit.records import Journeys
from personakit.schema import STAGE


def reconcile(journeys: Journeys, *, by: str = STAGE) -> pd.DataFrame:
    """Prove that transitions, step matrix, flows, variants, funnel and stage counts tell one story of the same log.

    Use it whenever two views seem to disagree, and in tests. Every view is computed whole, nothing truncated, by its own
    code, and compared with the others. It cannot tell whether the log itself is right.

    Returns
    -------
    DataFrame
        One row an identity: identity (what must be equal), left, right (counts), equal.

    Raises
    ------
    ChoiceError
        ``by`` is neither stage nor touchpoint, or the log has no stages.
    StudyError
        No event belongs to a level.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a"], "event": ["see", "buy"], "time_us": [0, 60]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> bool(reconcile(trace_journeys(study), by="touchpoint")["equal"].all())
    True
    """
    column = check_view(journeys, by)
    found = sequences(journeys, column)
    longest, size = int(found.length.max(initial=1)), len(found.words) - 2
    matrix = step_cells(journeys, None, by=by, steps=longest)
    moves = flow_cells(journeys, None, by=by, steps=longest, top=max(size, 1))
    kinds = variants(journeys, by=by, top=1)
    counts = np.asarray(step_counts(journeys, column).sum(axis=0)).reshape(size, size + 2)
    place = {word: code for code, word in enumerate(found.words)}
    flowed = np.zeros((size, size + 2), dtype=np.int64)
    np.add.at(flowed, (moves["source"].map(place), moves["target"].map(place)), moves["people"])
    walked = np.zeros((size, size), dtype=np.int64)
    variant, first = variant_of(found)
    shared = np.zeros(len(found.length), dtype=np.int64)
    shared[first] = np.bincount(variant[variant >= 0])
    pairs = np.flatnonzero((np.diff(found.person) == 0) & (shared[found.person[:-1]] > 0))
    np.add.at(walked, (found.code[pairs], found.code[pairs + 1]), shared[found.person[pairs]])
    at_step = matrix.groupby("step")["people"].sum()
    there = matrix[~matrix[by].isin(found.words[-2:])].groupby("step")["people"].sum()
    leaving = moves.groupby("step")["people"].sum()
    seen = stage_counts(journeys, by=by).set_index(STAGE)["events"].reindex(found.words[:size], fill_value=0)
    people = int((found.length > 0).sum())
    rows = [
        ("flows, added up over steps = transitions", flowed, counts),
        ("variants, walked pair by pair = transitions", walked, counts[:, :size]),
        ("transitions out of a level = its events", counts.sum(axis=1), seen.to_numpy()),
        ("each step of the step matrix = all people", at_step.to_numpy(), np.full(longest, people)),
        ("flows out of a step = people who got there", leaving.to_numpy(), there.reindex(leaving.index).to_numpy()),
        ("people of all variants = all people", np.array([kinds["people"].sum()]), np.array([people])),
    ]
    if size > 1:
        walked_by, made = _neighbours(journeys, column)
        rows.append(("strict funnels of two neighbours = people of that step", walked_by, made))
    return pd.DataFrame([(name, int(left.sum()), int(right.sum()), bool(np.array_equal(left, right)))
                         for name, left, right in rows], columns=["identity", "left", "right", "equal"])


def _neighbours(journeys: Journeys, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Count the people who go from each level straight to the next one: by funnels, and by the graph."""
    levels = [str(one) for one in journeys.log.levels[column]]
    people = (step_counts(journeys, column) > 0).sum(axis=0).reshape(len(levels), len(levels) + 2)
    won = [winning_attempts(journeys, Rules(column=column, names=pair, order="strict", reentry=True)).rows
           for pair in pairwise(levels)]
    made = np.array([people[place, place + 1] for place in range(len(levels) - 1)])
    return np.array([int((rows[1] >= 0).sum()) for rows in won]), made
