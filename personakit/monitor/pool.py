"""The people of two waves side by side: whoever is in both is one person, in every draw and every shuffle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.inference import Seed, bootstrap_chunks


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Rows of the old wave, then of the new one: ``is_new`` (rows), and the ``person`` (0 .. people - 1) of each row."""

    is_new: np.ndarray
    person: np.ndarray

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows (old, new) of the people who are in both waves."""
        old, new = np.flatnonzero(~self.is_new), np.flatnonzero(self.is_new)
        _, first, second = np.intersect1d(self.person[old], self.person[new], assume_unique=True, return_indices=True)
        return old[first], new[second]


def pool(old: pd.Index, new: pd.Index) -> Pool:
    """Put the people of two waves side by side."""
    person, _ = pd.factorize(np.concatenate([old.to_numpy(), new.to_numpy()]))
    return Pool(is_new=np.arange(len(person)) >= len(old), person=person)


def shuffled(pooled: Pool, *, replicates: int, seed: Seed, batch: int = 50, within: np.ndarray | None = None
             ) -> Iterator[np.ndarray]:
    """Deal the waves anew as if nothing had changed: batches of (replicates, rows) of ``is_new``.

    Who is in one wave changes place with others who are; who is in both swaps their two rows, or not. ``within`` (rows): a
    label that keeps its people in each wave, so that what depends on how many they are stays as it was; whoever is in both
    waves with two labels is dealt as two people then.
    """
    old, new = pooled.pairs
    label = np.zeros(len(pooled.is_new), dtype=int) if within is None else within
    same = label[old] == label[new]
    old, new = old[same], new[same]
    alone = np.ones(len(pooled.is_new), dtype=bool)
    alone[old] = alone[new] = False
    parts = [np.flatnonzero(alone & (label == one)) for one in np.unique(label)]
    rng = np.random.default_rng(seed)
    for start in range(0, replicates, batch):
        out = np.tile(pooled.is_new, (min(batch, replicates - start), 1))
        for row in out:
            for part in parts:
                row[part] = rng.permutation(row[part])
            swap = rng.random(len(old)) < 0.5
            row[old[swap]], row[new[swap]] = True, False
        yield out


def redrawn(pooled: Pool, *, replicates: int, seed: np.random.SeedSequence, batch: int = 50) -> Iterator[np.ndarray]:
    """Draw the people again, all the rows of a person together: batches of (replicates, rows) of weights."""
    people = int(pooled.person.max()) + 1
    for weights in bootstrap_chunks(people, replicates=replicates, seed=seed, size=batch):
        yield weights[:, pooled.person]
