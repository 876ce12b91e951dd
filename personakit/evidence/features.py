"""Features inside and outside each persona: difference, interval, effect; and a test where no double dipping is possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.evidence.people import People
from personakit.inference import (
    adjust_bh,
    chunked,
    expanded_level,
    newcombe_interval,
    percentile_interval,
    permutation_p,
    permuted,
    person_weights,
    ratio,
)
from personakit.records import Features
from personakit.schema import EVIDENCE_ID, FEATURE, KIND, ORIGIN, PERSONA, ROLE, UNIT, as_text, row_id

METHOD = "difference of means, people resampled"
#: Cells (people times replicates) that are held in memory at once.
BLOCK = 4_000_000
#: Permutations for each row that is tested: the smallest p must survive the correction for that many rows.
PERMUTATIONS_PER_TEST, MOST_PERMUTATIONS = 20, 4_000
COLUMNS = (EVIDENCE_ID, PERSONA, FEATURE, ROLE, KIND, UNIT, "inside", "outside", "difference", "low", "high", "effect",
           "n_inside", "n_outside", "p", "q")


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Every feature as numbers: one column a feature, one a level where a feature is nominal.

    ``values`` (n, m) with NaN where unknown; ``about`` has one row a column (row, feature, role, kind, unit, level, tested);
    ``shares`` marks the 0/1 columns; ``pattern`` numbers the distinct sets of people whose value is known and ``known``
    (n, patterns) holds these sets; ``digests`` stand for the people and their values in an evidence id.
    """

    values: np.ndarray
    about: pd.DataFrame
    shares: np.ndarray
    pattern: np.ndarray
    known: np.ndarray
    digests: tuple[str, ...]


def spread(features: Features, people: People, made_from: pd.Index) -> Columns:
    """Spread features into numeric columns in the order of ``people``. What made the personas counts as active."""
    natural = features.natural.loc[people.index]
    # habits of one log, and codes of one interview, share their chance: what is held back from it is not independent
    made = {facts.get(ORIGIN, "") for name, facts in features.catalog.iterrows() if name in made_from}
    shared = {"events", "codes"} & made
    values, about = [], []
    for name, facts in features.catalog.iterrows():
        role = "active" if name in made_from else facts[ROLE]
        for level, column in _levels(natural[name], str(facts[KIND])):
            row = str(name) if level is None else f"{name}={level}"
            values.append(column)
            tested = role == "held_back" and facts.get(ORIGIN, "") not in shared
            about.append((row, str(name), role, facts[KIND], facts.get(UNIT, ""), level, tested))
    matrix = np.column_stack(values) if values else np.empty((len(people.index), 0))
    known, pattern = _patterns(~np.isnan(matrix))
    ids = [row_id(people.digest, one) for one in known.T]
    frame = pd.DataFrame(about, columns=["row", FEATURE, ROLE, KIND, UNIT, "level", "tested"])
    yes_no = frame[KIND].eq("binary").to_numpy(dtype=bool) | frame["level"].notna().to_numpy(dtype=bool)
    return Columns(
        values=matrix,
        about=frame,
        shares=yes_no & (np.isnan(matrix) | (matrix == 0) | (matrix == 1)).all(axis=0),
        pattern=pattern,
        known=known,
        digests=tuple(row_id(ids[one], np.nan_to_num(column)) for one, column in zip(pattern, matrix.T, strict=True)),
    )


def _patterns(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct columns of ``known`` and the number of each column's own."""
    seen: dict[bytes, int] = {}
    pattern = np.array([seen.setdefault(column.tobytes(), len(seen)) for column in known.T], dtype=np.int64)
    _, first = np.unique(pattern, return_index=True)
    return known[:, first], pattern


def _levels(column: pd.Series, kind: str) -> Iterator[tuple[str | None, np.ndarray]]:
    if kind != "nominal" and pd.api.types.is_numeric_dtype(column.dtype):
        yield None, column.to_numpy(dtype=float, na_value=np.nan)
        return
    known = column.notna().to_numpy()
    words = np.array([as_text(value) for value in column], dtype=object)
    for level in sorted(set(words[known])):
        yield level, np.where(known, words == level, np.nan).astype(float)


def feature_rows(columns: Columns, people: People, *, seed: int, replicates: int) -> pd.DataFrame:
    """Build ``Evidence.table``: one row a persona and column, personas in their order."""
    inside, outside, n_inside, n_outside = _means(columns, people)
    low, high = _intervals(columns, people, (inside, outside, n_inside, n_outside), seed=seed, replicates=replicates)
    p = _tests(columns, people, seed=seed, replicates=replicates)
    k, m = inside.shape
    frame = columns.about.loc[np.tile(np.arange(m), k)].reset_index(drop=True)
    frame[FEATURE], frame[PERSONA] = frame["row"], np.repeat(np.array(people.names, dtype=object), m)
    frame[EVIDENCE_ID] = [
        row_id(METHOD, name, columns.about["row"][at], digest, people.group == group, seed, replicates)
        for group, name in enumerate(people.names) for at, digest in enumerate(columns.digests)
    ]
    numbers = {"inside": inside, "outside": outside, "difference": inside - outside, "low": low, "high": high,
               "effect": _effect(inside - outside, columns.values), "n_inside": n_inside, "n_outside": n_outside,
               "p": p, "q": adjust_bh(p)}
    frame = frame.assign(**{name: value.reshape(-1) for name, value in numbers.items()})
    text = dict.fromkeys(COLUMNS[:6], "str")
    return frame.astype({**text, "n_inside": "int64", "n_outside": "int64"})[list(COLUMNS)]


def _means(columns: Columns, people: People) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    filled, k = np.nan_to_num(columns.values), len(people.names)
    sums = np.stack([filled[people.members(group)].sum(axis=0) for group in range(k)])
    counts = np.stack([columns.known[people.members(group)].sum(axis=0)[columns.pattern] for group in range(k)])
    rest, rest_counts = sums.sum(axis=0) - sums, counts.sum(axis=0) - counts
    return ratio(sums, counts), ratio(rest, rest_counts), counts, rest_counts


def _effect(difference: np.ndarray, values: np.ndarray) -> np.ndarray:
    # over everyone, not within groups: stays finite when a persona and the rest do not overlap at all
    known = ~np.isnan(values)
    n = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, values - np.nan_to_num(values).sum(axis=0) / n, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / n)
    flat = deviation <= 1e-12 * np.abs(np.nan_to_num(values)).max(axis=0, initial=0.0)
    return np.where(flat & ~np.isnan(difference), 0.0, ratio(difference, np.where(flat, 0.0, deviation)))


def _intervals(
    columns: Columns, people: People, means: tuple[np.ndarray, ...], *, seed: int, replicates: int
) -> tuple[np.ndarray, np.ndarray]:
    inside, outside, n_inside, n_outside = means
    low, high = np.full(inside.shape, np.nan), np.full(inside.shape, np.nan)
    shares, numbers = columns.shares, ~columns.shares
    low[:, shares], high[:, shares] = newcombe_interval(
        (inside * n_inside)[:, shares], n_inside[:, shares], (outside * n_outside)[:, shares], n_outside[:, shares])
    if numbers.any():
        draws = _bootstrap(columns, people, np.flatnonzero(numbers), seed=seed, replicates=replicates)
        level = expanded_level(np.minimum(n_inside, n_outside)[:, numbers])
        low[:, numbers], high[:, numbers] = percentile_interval(draws, level=level)
    few = np.minimum(n_inside, n_outside) < 2
    return np.where(few, np.nan, low), np.where(few, np.nan, high)


def _bootstrap(columns: Columns, people: People, chosen: np.ndarray, *, seed: int, replicates: int) -> np.ndarray:
    """Return the difference of each persona to the rest in each bootstrap sample: (replicates, personas, chosen)."""
    filled = np.nan_to_num(columns.values[:, chosen])
    patterns, pattern = np.unique(columns.pattern[chosen], return_inverse=True)
    known = columns.known[:, patterns].astype(float)
    n, k = len(people.index), len(people.names)
    blocks = []
    for size, child in replicate_blocks(n, replicates, np.random.SeedSequence(seed)):
        weights = person_weights(n, replicates=size, seed=child).astype(float)
        parts = [people.members(group) for group in range(k)]
        sums = np.stack([weights[:, part] @ filled[part] for part in parts], axis=1)
        counts = np.stack([weights[:, part] @ known[part] for part in parts], axis=1)[:, :, pattern]
        rest, rest_counts = sums.sum(axis=1, keepdims=True) - sums, counts.sum(axis=1, keepdims=True) - counts
        blocks.append(ratio(sums, counts) - ratio(rest, rest_counts))
    return np.concatenate(blocks)


def _tests(columns: Columns, people: People, *, seed: int, replicates: int) -> np.ndarray:
    """Return p (personas, columns): persona labels permuted over the people whose value is known; NaN where not tested."""
    k, held_back = len(people.names), columns.about["tested"].to_numpy(dtype=bool)
    p = np.full((k, columns.values.shape[1]), np.nan)
    wanted = PERMUTATIONS_PER_TEST * k * int(held_back.sum())
    permutations = max(replicates, min(wanted, MOST_PERMUTATIONS))
    for one in np.unique(columns.pattern[held_back]):
        at = np.flatnonzero(held_back & (columns.pattern == one))
        rows = columns.known[:, one]
        group, values = people.group[rows], columns.values[np.ix_(rows, at)]
        if len(group) < 3:
            continue
        observed = _welch(group[None], values, k)[0]
        # the seed hangs on the people, so that a gap in another feature leaves this test as it was
        entropy = np.random.SeedSequence([seed, int(row_id(people.digest, rows), 16)])
        null = [_welch(permuted(group, replicates=size, seed=child), values, k)
                for size, child in replicate_blocks(len(group), permutations, entropy)]
        p[:, at] = permutation_p(observed, np.concatenate(null))
    return p


def _welch(groups: np.ndarray, values: np.ndarray, k: int) -> np.ndarray:
    """Return |difference| over its standard error for each row of labels: (rows, personas, columns); NaN under 2 people.

    Studentised, so that the permutation stays valid when spreads differ (Janssen, 1997).
    """
    centred = values - values.mean(axis=0)
    both = np.hstack([centred, centred**2])
    sums = np.stack([(groups == group).astype(float) @ both for group in range(k)], axis=1)
    n = (groups[0] == np.arange(k)[:, None]).sum(axis=1)[None, :, None].astype(float)
    rest, m = both.sum(axis=0) - sums, values.shape[1]
    rest_n = len(values) - n
    error = _squared_error(sums, n, m) + _squared_error(rest, rest_n, m)
    difference = np.abs(ratio(sums[..., :m], n) - ratio(rest[..., :m], rest_n))
    scale = np.sqrt((centred**2).mean(axis=0))
    difference = np.where(difference <= 1e-9 * scale, 0.0, difference)
    sure = error <= 1e-18 * scale**2
    exact = np.where(difference > 0, np.inf, 0.0)
    statistic = np.where(sure, exact, ratio(difference, np.sqrt(np.where(sure, 1.0, error))))
    return np.where((n >= 2) & (rest_n >= 2), statistic, np.nan)


def _squared_error(sums: np.ndarray, n: np.ndarray, m: int) -> np.ndarray:
    mean = ratio(sums[..., :m], n)
    return np.maximum(ratio(ratio(sums[..., m:], n) - mean**2, n - 1), 0.0)


def replicate_blocks(
    n: int, replicates: int, seed: np.random.SeedSequence
) -> Iterator[tuple[int, np.random.SeedSequence]]:
    """Cut replicates into blocks that fit in memory, each with a seed of its own."""
    return chunked(replicates, size=max(1, BLOCK // max(n, 1)), seed=seed)
