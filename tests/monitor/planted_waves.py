"""Two waves of planted people on six features, and the personas that k-means finds in the first."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from personakit.candidates import METHODS
from personakit.features import build_features
from personakit.monitor import carry_over
from personakit.records import Personas, Study

CENTRES = np.array([[2, 0, 0, 2, 0, 0], [-2, 0, 2, 0, 0, 1], [0, 2, -2, 0, 1, 0], [0, -2, 0, -2, -1, 0]], dtype=float)
EVEN = (0.25, 0.25, 0.25, 0.25)
SHARES = {"grown": (0.375, 0.625 / 3, 0.625 / 3, 0.625 / 3), "shrunk": (0.31, 0.31, 0.31, 0.07)}
#: half of one persona goes one way and half the other
APART = np.array([0, 0, 0, 1.5, 1.5, 0])
#: where nobody was
ELSEWHERE = np.array([3, 3, 3, 0, 0, 3], dtype=float)
#: the last two have become one
TOGETHER = np.vstack([CENTRES[:2], np.tile((CENTRES[2] + CENTRES[3]) / 2, (2, 1))])


def draw(rng: np.random.Generator, n: int, prefix: str, *, shares=EVEN, centres=CENTRES) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the values of n people and their persona."""
    which = rng.choice(len(shares), size=n, p=shares)
    ids = pd.Index([f"{prefix}{one}" for one in range(n)], name="participant_id")
    values = centres[which] + rng.standard_normal((n, centres.shape[1]))
    return pd.DataFrame(values, index=ids, columns=[f"x{one}" for one in range(centres.shape[1])]), which


def waves(seed: int, n: int = 2_000, *, change: str = "none") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two waves: nothing changed, or a persona grown, shrunk, split, born, merged, or shifted."""
    rng = np.random.default_rng(seed)
    old, _ = draw(rng, n, "a")
    shares = SHARES.get(change, EVEN)
    new, which = draw(rng, n, "b", shares=shares, centres=TOGETHER if change == "merged" else CENTRES)
    if change == "split":
        new[which == 1] += rng.choice([-1.0, 1.0], size=((which == 1).sum(), 1)) * APART
    if change == "shifted":
        new.loc[which == 2, "x5"] += 0.5
    if change == "born":
        some = rng.choice(n, size=n // 12, replace=False)
        new.iloc[some] = ELSEWHERE + rng.standard_normal((len(some), len(ELSEWHERE)))
    return old, new


def personas_of(old: pd.DataFrame, new: pd.DataFrame, seed: int, k: int = 4) -> tuple[Personas, Personas]:
    """Make personas of the first wave by k-means, and place the second in them."""
    features = build_features(Study(name="first", participants=pd.DataFrame(index=old.index)), old)
    membership = METHODS["kmeans"](features.active, k, seed)
    names = [f"P{one + 1}" for one in range(k)]
    centres = np.stack([features.active.to_numpy()[membership.argmax(axis=1) == one].mean(axis=0) for one in range(k)])
    before = Personas(candidate=f"kmeans-{k}", membership=pd.DataFrame(membership, index=old.index, columns=names),
                      features=features, quality=pd.Series(dtype=float), stability=pd.DataFrame(), tried=1, chosen=True)
    return before, carry_over(before, new, place=partial(nearest, centres=centres), by="RK", reason="a year later")


def nearest(table: pd.DataFrame, centres: np.ndarray) -> pd.DataFrame:
    """Place people at the nearest centre."""
    away = ((table.to_numpy()[:, None] - centres[None]) ** 2).sum(axis=2)
    return pd.DataFrame(np.eye(len(centres))[away.argmin(axis=1)], index=table.index,
                        columns=[f"P{one + 1}" for one in range(len(centres))])
