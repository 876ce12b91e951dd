"""Tables with and without planted personas. Recipes as in the literature of segment extraction; every one takes a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.records import Features

SEPARATED = ((5, 1, 5, 1, 3), (1, 5, 1, 5, 3), (3, 3, 5, 5, 1))
OVERLAPPING = ((4, 2, 4, 2, 3), (2, 4, 2, 4, 3), (3, 3, 4, 4, 2))
FIVE = ((5, 1, 1, 3, 3), (1, 5, 1, 3, 3), (1, 1, 5, 3, 3), (3, 3, 3, 5, 1), (5, 5, 5, 1, 5))


#: recipe -> (planted number, table and truth from a seed): a product that answers 19 of 21 (3 seeds each) is the best known
KNOWN = {
    "3 separated groups": (3, lambda seed: rating_groups(seed)),
    "80/15/5": (3, lambda seed: rating_groups(seed, sizes=(80, 15, 5))),
    "3 groups + 5 noise items": (3, lambda seed: rating_groups(seed, noise=5)),
    "two bands": (2, lambda seed: rating_groups(seed, ((2,) * 5, (4,) * 5))),
    "5 groups": (5, lambda seed: rating_groups(seed, FIVE)),
    "likert noise 400 x 5": (0, lambda seed: (likert_noise(seed), None)),
    "3 overlapping groups 400 x 5": (3, lambda seed: rating_groups(seed, OVERLAPPING, spread=1.3)),
}


def as_features(table: pd.DataFrame) -> Features:
    """A record whose features are all active."""
    table = table.copy()
    table.index = pd.Index([f"p{row:05d}" for row in range(len(table))], name="participant_id")
    return Features(table=table, natural=table, catalog=pd.DataFrame({"role": "active"}, index=table.columns),
                    dropped=pd.DataFrame())


def scaled(values: np.ndarray) -> pd.DataFrame:
    """Two-standard-deviation scale, columns f00, f01, ..."""
    values = np.asarray(values, dtype=float)
    names = [f"f{column:02d}" for column in range(values.shape[1])]
    return pd.DataFrame((values - values.mean(axis=0)) / (2 * values.std(axis=0)), columns=names)


def yes_no(values: np.ndarray) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    frame = pd.DataFrame(values, columns=[f"f{column:02d}" for column in range(values.shape[1])])
    return frame.loc[:, frame.nunique() > 1]


def likert_noise(seed: int, people: int = 400, items: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return scaled(np.clip(np.round(rng.normal(3, 1.1, (people, items))), 1, 5))


def elongated(seed: int, people: int = 500) -> pd.DataFrame:
    """One Gaussian, six times longer than wide, lying across the axes."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    return scaled(rng.normal(size=(people, 2)) * (6, 1) @ turn)


def rating_groups(seed: int, centres=SEPARATED, sizes=None, *, spread: float = 0.5, people: int = 400, noise: int = 0
                  ) -> tuple[pd.DataFrame, np.ndarray]:
    """Five-point answers around centres; the truth beside them."""
    rng = np.random.default_rng(seed)
    middle = np.asarray(centres, dtype=float)
    chance = np.ones(len(middle)) / len(middle) if sizes is None else np.asarray(sizes) / np.sum(sizes)
    truth = rng.choice(len(middle), people, p=chance)
    values = middle[truth] + rng.normal(0, spread, (people, middle.shape[1]))
    values = np.hstack([values, rng.normal(3, 1.1, (people, noise))])
    return scaled(np.clip(np.round(values), 1, 5)), truth


def gaussian_noise(seed: int, people: int = 300, features: int = 5, spread=1.0) -> pd.DataFrame:
    return scaled(np.random.default_rng(seed).normal(size=(people, features)) * spread)


def curve(seed: int, turn: float, people: int = 400) -> pd.DataFrame:
    """People along an arc of so many radians, seen through four features: one curved line and no groups."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, turn, people)
    flat = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.1 * rng.normal(size=(people, 2))
    return scaled(flat @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(people, 4)))


def habits_noise(seed: int, people: int = 600) -> pd.DataFrame:
    """Habits without personas: one log-normal activity behind counts, and shares of few events."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(3, 0.8, people)
    events = np.maximum(1, rng.poisson(np.exp(activity)))
    counts = [np.log1p(rng.poisson(np.exp(activity - less + 0.4 * rng.normal(size=people)))) for less in (0, 1, 1.5, 2)]
    shares = []
    for alpha in ((4.8, 3.6, 2.4, 1.2), (3, 3, 3, 3, 3)):
        chance = rng.dirichlet(alpha, people)
        drawn = np.array([rng.multinomial(count, one) / count for count, one in zip(events, chance, strict=True)])
        shares.append(np.arcsin(np.sqrt(drawn)))
    return scaled(np.column_stack([*counts, *shares]))


def habits_groups(seed: int, people: int = 2000, features: int = 20) -> tuple[pd.DataFrame, np.ndarray]:
    """Four personas, 12 % of people half-way between two (truth -1), one activity behind six features of everyone."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, features))
    truth = rng.integers(0, 4, people)
    values = centres[truth]
    between = rng.random(people) < 0.12
    other = (truth + rng.integers(1, 4, people)) % 4
    values[between] = (values[between] + centres[other[between]]) / 2
    values = values + rng.normal(size=(people, features))
    values[:, :6] += 0.8 * rng.normal(size=(people, 1))
    return scaled(values), np.where(between, -1, truth)


def interview_codes(seed: int, people: int = 48, codes: int = 40, *, own: float = 0.8, other: float = 0.15
                    ) -> tuple[pd.DataFrame, np.ndarray]:
    """Three types of interviewees; each code belongs to one type, or to all (30 %)."""
    rng = np.random.default_rng(seed)
    truth = np.arange(people) % 3
    owner, shared = rng.integers(0, 3, codes), rng.random(codes) < 0.3
    chance = np.where(shared, 0.5, np.where(owner == truth[:, None], own, other))
    return yes_no(rng.random((people, codes)) < chance), truth


def codes_noise(seed: int, people: int = 48, codes: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return yes_no(rng.random((people, codes)) < rng.beta(1.5, 2, codes) * rng.uniform(0.25, 1, (people, 1)))


def common_factor(seed: int, people: int = 800, items: int = 11) -> pd.DataFrame:
    """Yes/no answers of one normal trait (Rasch)."""
    rng = np.random.default_rng(seed)
    trait, ease = 1.5 * rng.normal(size=(people, 1)), rng.normal(size=(1, items))
    return yes_no(rng.random((people, items)) < 1 / (1 + np.exp(ease - trait)))


def shuffled(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Each column on its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.permutation(table[name].to_numpy()) for name in table}, index=table.index)
