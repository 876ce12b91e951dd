"""The figures of two waves under any weighting of their people: observed, shuffled and redrawn alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError
from personakit.eventlog import transition_counts
from personakit.records import Features, Journeys, Personas
from personakit.schema import KIND, STAGE, TOUCHPOINT

#: people of a persona's own wave that lie beyond its limit
BEYOND = 0.025


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Rows of the old wave, then of the new one.

    ``label`` (rows, 0 .. k-1); ``columns`` (feature, level) and their ``natural`` and ``scaled`` values (rows, m, NaN where
    unknown); ``place`` (rows, d): active features on the old scale, gaps filled with the persona's mean; ``centres`` (k, d)
    of the old wave; ``away`` (rows): distance to the persona, of the people who helped to make its centre a little more;
    ``far`` (rows): farther away than 97.5 % of its people were; ``steps`` (rows, S * S) or None.
    """

    personas: list[str]
    label: np.ndarray
    columns: pd.DataFrame
    natural: np.ndarray
    scaled: np.ndarray
    place: np.ndarray
    centres: np.ndarray
    away: np.ndarray
    far: np.ndarray
    steps: sparse.csr_array | None


def make_ground(old: Personas, new: Personas, journeys: tuple[Journeys, Journeys] | None) -> Ground:
    """Put both waves into one set of rows."""
    names = [str(one) for one in old.membership.columns]
    label = np.concatenate([one.membership.columns.get_indexer(pd.Index(one.labels)) for one in (old, new)])
    first = len(old.membership)
    columns, natural, scaled = _columns(old, new)
    active = columns["active"].to_numpy()
    place = scaled[:, active] * np.where(columns["level"] != "", np.sqrt(0.5), 1.0)[active]
    centres = np.stack([_mean(place[:first][label[:first] == one]) for one in range(len(names))])
    place = np.where(np.isnan(place), centres[label], place)
    away = _away(place, label, centres, first)
    far = beyond(away, label, np.arange(len(label))[None] >= first, len(names))[0]
    return Ground(personas=names, label=label, columns=columns, natural=natural, scaled=scaled, place=place, centres=centres,
                  away=away, far=far, steps=None if journeys is None else _steps(old, new, journeys))


def figures(ground: Ground, after: np.ndarray, before: np.ndarray) -> Mapping[str, np.ndarray]:
    """Give the changes under weights of the new (``after``) and old (``before``) rows, each (replicates, rows).

    ``sizes`` (replicates, k): change of share; ``shifts`` and ``natural`` (replicates, k, m): change of mean, on the scale
    and in natural units; ``steps`` (replicates, k): mean total variation of the next step.
    """
    after, before = after.astype(float), before.astype(float)
    own = np.eye(len(ground.personas))[ground.label]
    everyone = np.ones((len(own), 1))
    out = {"sizes": _rate(after, own, everyone) - _rate(before, own, everyone)}
    shifts: list[np.ndarray] = []
    natural: list[np.ndarray] = []
    steps: list[np.ndarray] = []
    for one in range(len(ground.personas)):
        rows = np.flatnonzero(ground.label == one)
        weights = after[:, rows], before[:, rows]
        for values, into in ((ground.scaled, shifts), (ground.natural, natural)):
            known = ~np.isnan(values[rows])
            filled = np.where(known, values[rows], 0.0)
            into.append(_rate(weights[0], filled, known) - _rate(weights[1], filled, known))
        if ground.steps is not None:
            steps.append(_variation(*((ground.steps[rows].T @ weight.T).T for weight in weights)))
    out |= {"shifts": np.stack(shifts, axis=1), "natural": np.stack(natural, axis=1)}
    return out | ({"steps": np.stack(steps, axis=1)} if steps else {})


def _rate(weights: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    total = weights @ below.astype(float)
    return np.divide(weights @ above, total, out=np.full((len(weights), above.shape[1]), np.nan), where=total > 0)


def _variation(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Average, over the states that people leave, how much the share of the next steps has moved (0 to 1)."""
    size = round(after.shape[1] ** 0.5)
    counts = [one.reshape(-1, size, size) for one in (after, before)]
    leaving = [one.sum(axis=2, keepdims=True) for one in counts]
    shares = [np.divide(one, total, out=np.zeros_like(one), where=total > 0)
              for one, total in zip(counts, leaving, strict=True)]
    known = ((leaving[0] > 0) & (leaving[1] > 0))[:, :, 0]
    weight = (leaving[0] + leaving[1])[:, :, 0] * known
    moved = 0.5 * np.abs(shares[0] - shares[1]).sum(axis=2)
    total = weight.sum(axis=1)
    return np.divide((weight * moved).sum(axis=1), total, out=np.full(len(after), np.nan), where=total > 0)


def _columns(old: Personas, new: Personas) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rows: list[tuple[str, str, bool]] = []
    natural, scaled = [], []
    catalog = old.features.catalog
    active = set(old.features.active.columns)
    for name in new.features.table.columns:
        both = [_part(one.features, one.membership.index, str(name)) for one in (old, new)]
        if catalog.at[name, KIND] != "nominal":
            rows.append((str(name), "", name in active))
            natural.append(np.concatenate([one[0].to_numpy(float, na_value=np.nan) for one in both]))
            scaled.append(np.concatenate([one[1].to_numpy(float, na_value=np.nan) for one in both]))
            continue
        words = np.concatenate([one[0].map(str, na_action="ignore").to_numpy(object) for one in both])
        known = pd.notna(words)
        for level in sorted(set(words[known])):
            rows.append((str(name), level, name in active))
            share = np.where(known, (words == level).astype(float), np.nan)
            natural.append(share)
            scaled.append(share)
    table = pd.DataFrame(rows, columns=["feature", "level", "active"])
    return table, np.column_stack(natural), np.column_stack(scaled)


def _part(features: Features, people: pd.Index, name: str) -> tuple[pd.Series, pd.Series]:
    return features.natural.loc[people, name], features.table.loc[people, name]


def _mean(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    total = known.sum(axis=0)
    return np.divide(np.where(known, values, 0.0).sum(axis=0), total, out=np.zeros(values.shape[1]), where=total > 0)


def _away(place: np.ndarray, label: np.ndarray, centres: np.ndarray, first: int) -> np.ndarray:
    """Measure how far everyone is from the persona, so that both waves compare."""
    away = np.sqrt(((place - centres[label]) ** 2).sum(axis=1))
    own = np.bincount(label[:first], minlength=len(centres))[label[:first]]
    away[:first] *= np.sqrt((own + 1) / np.maximum(own - 1, 1))  # they helped to make their centre: others lie farther out
    return away


def share_beyond(ground: Ground, is_new: np.ndarray) -> np.ndarray:
    """Share of the new people (replicates) beyond the limit that the old ones set, by ``is_new`` (replicates, rows).

    The limit moves with the people who set it: that few people set it badly is then part of what chance does.
    """
    out = beyond(ground.away, ground.label, is_new, len(ground.personas)) & is_new
    return out.sum(axis=1) / is_new.sum(axis=1)


def beyond(away: np.ndarray, label: np.ndarray, is_new: np.ndarray, k: int) -> np.ndarray:
    """Mark the rows (replicates, rows) farther out than 97.5 % of the old people of their persona; old people alike."""
    out = np.zeros(is_new.shape, dtype=bool)
    for one in range(k):
        rows = np.flatnonzero(label == one)
        if not len(rows):
            continue
        rows = rows[np.argsort(away[rows], kind="stable")]
        inside = np.cumsum(~is_new[:, rows], axis=1)
        total = inside[:, -1:]
        limit = away[rows[(inside >= np.ceil((1 - BEYOND) * total)).argmax(axis=1)]]
        out[:, rows] = (away[rows] > limit[:, None]) & (total > 0)
    return out


def _steps(old: Personas, new: Personas, journeys: tuple[Journeys, Journeys]) -> sparse.csr_array:
    column = STAGE if journeys[0].stages else TOUCHPOINT
    levels = [list(map(str, one.log.levels.get(column, ()))) for one in journeys]
    if set(levels[0]) != set(levels[1]):
        apart = sorted(set(levels[0]) ^ set(levels[1]))
        raise ChoiceError(f"waves: the {column}s of the two differ ({', '.join(apart[:5])}). Map the names of the new wave "
                          f"to the old ones, for instance in its touchpoints table.")
    size, parts = len(levels[0]), []
    for one, personas in zip(journeys, (old, new), strict=True):
        to = np.array([levels[0].index(name) for name in map(str, one.log.levels[column])])
        counts = transition_counts(one.log, column).tocoo()
        cell = to[counts.col // size] * size + to[counts.col % size]
        row = personas.membership.index.get_indexer(one.log.participants)[counts.row]
        known = row >= 0
        shape = (len(personas.membership), size * size)
        parts.append(sparse.coo_array((counts.data[known], (row[known], cell[known])), shape=shape).tocsr())
    return sparse.csr_array(sparse.vstack(parts))
