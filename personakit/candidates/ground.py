"""What every candidate is tried on: people, resamples of people, and halves of them, the same for all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.candidates.blocks import origins_of, with_scale
from personakit.candidates.design import DIGITS, Design, make_design, sample_design
from personakit.candidates.engines import Ground
from personakit.errors import StudyError, first_five
from personakit.records import Features

#: pairs of resamples behind the stability, and splits in halves behind the prediction strength
PAIRS, HALVES = 20, 8
#: people whom resamples and null tables are made of; beyond it a sample of them stands for all
LARGE = 5_000


def make_ground(features: Features, survey: pd.Series | None, rng: np.random.Generator) -> Ground:
    """Lay out the active features, and draw the people and the resamples that every candidate is tried on."""
    _check_weights(features, survey)
    table = features.active
    own = None if survey is None else survey.reindex(table.index).to_numpy(float)
    design = with_scale(make_design(table, None if own is None else own / own.mean()), table, origins_of(features))
    drawn = sample_design(design, LARGE, rng)
    first = np.unique(design.row_of, return_index=True)[1]
    if drawn is design:
        rows = np.arange(len(first))
    else:
        at = {row.tobytes(): number for number, row in enumerate(_marked(design))}
        rows = np.array([at[row.tobytes()] for row in _marked(drawn)])
    people, each = table.iloc[np.repeat(first[rows], drawn.counts)], drawn.weights / drawn.counts
    weights = rng.multinomial(drawn.people, drawn.counts / drawn.people, size=2 * PAIRS) * each
    half = rng.multivariate_hypergeometric(drawn.counts, drawn.people // 2, size=HALVES, method="marginals")
    halves = np.stack([half, drawn.counts - half], axis=1).reshape(2 * HALVES, -1) * each
    return Ground(table=table, design=design, people=people, small=drawn, rows=rows, weights=weights, halves=halves)


def _marked(design: Design) -> np.ndarray:
    parts = [design.values, (design.weights / design.counts)[:, None].round(DIGITS)]
    return np.hstack(parts if design.seen is None else [*parts, design.seen])


def _check_weights(features: Features, weights: pd.Series | None) -> None:
    if weights is None:
        return
    missing = features.table.index.difference(weights.index)
    if len(missing):
        raise StudyError(f"weights: {len(missing)} of {len(features.table)} participants have none "
                         f"({first_five(missing)}). Give each a weight.")
    own = weights.reindex(features.table.index).to_numpy(float, na_value=np.nan)
    wrong = features.table.index[~(np.isfinite(own) & (own > 0))]
    if len(wrong):
        raise StudyError(f"weights: {len(wrong)} of {len(own)} are not positive numbers ({first_five(wrong)}). "
                         f"Correct them or leave these participants out.")
