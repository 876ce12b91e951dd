"""Whom the personas serve: protected groups placed, placed surely, and how well a persona gives them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.evidence.features import spread
from personakit.evidence.people import line_up
from personakit.evidence.portraits import find_places
from personakit.inference import adjust_bh, permutation_p, wilson_interval
from personakit.records import Features, Personas, Study
from personakit.schema import EVIDENCE_ID, row_id

#: placed surely: at least this membership, and no outsider; a group has so many levels at most; shuffles of the personas
SURE, MOST_LEVELS, SHUFFLES = 0.7, 20, 2_000
COLUMNS = {EVIDENCE_ID: "str", "attribute": "str", "level": "str", "n": "int64", "placed": "float64", "sure": "float64",
           "low": "float64", "high": "float64", "most_in": "str", "lift": "float64", "given_away": "float64",
           "by_chance": "float64", "p": "float64", "q": "float64"}


def fairness_table(
    study: Study, features: Features, personas: Personas, protected: Sequence[str], *, seed: int
) -> pd.DataFrame:
    """Tell whether the personas serve protected groups as well as everyone, and whether they stand in for them.

    Use it before personas decide what people are shown or offered. It cannot tell whether a use of them is fair, nor see
    groups that were not recorded. A difference on few people is wide: read the interval.

    Parameters
    ----------
    study, features, personas
        As in ``gather_evidence``.
    protected
        Columns of the participants, such as ``["gender", "age_band"]``.
    seed
        Of the shuffles.

    Returns
    -------
    DataFrame
        One row a group (attribute, level; people without a value are the level ``""``): ``n`` in the study; ``placed``
        (share in any persona: the others are who is missing); ``sure`` (share with a membership of .7 or more and no
        outsider) with its interval; ``most_in`` and ``lift``: the persona that the group is most over-represented in, and
        how many times; ``given_away``: how well the persona tells this group from others (area under the curve, .5: not at
        all), ``by_chance`` (its mean when personas are dealt at random), ``p`` and ``q`` (Benjamini-Hochberg).

    Raises
    ------
    ChoiceError
        An attribute that the participants do not have.
    StudyError
        An attribute with more than 20 levels.

    References
    ----------
    Salminen, Jung and Jansen (2019), on demographic bias in data-driven personas.
    """
    people = line_up(study, features, personas)
    places = find_places(spread(features, people, personas.features.active.columns), people)
    well = pd.Series((people.posterior >= SURE) & ~places.outside, index=people.index)
    group = pd.Series(people.group, index=people.index)
    sizes, children = np.diff(people.bounds), np.random.SeedSequence(seed).spawn(max(len(protected), 1))
    rows: list[dict[str, object]] = []
    for name, child in zip(protected, children, strict=False):
        levels = _levels(study, name)
        rng = np.random.default_rng(child)
        for level in sorted(set(levels)):
            ids = levels.index[levels == level]
            inside = ids.intersection(people.index, sort=False)
            counts = np.bincount(group[inside], minlength=len(sizes))
            sure = int(well[inside].sum())
            low, high = wilson_interval(sure, len(ids))
            rows.append({EVIDENCE_ID: row_id("fairness", name, level, sorted(ids), people.digest, places.digest,
                                             people.posterior, seed),
                         "attribute": name, "level": level, "n": len(ids), "placed": len(inside) / len(ids),
                         "sure": sure / len(ids), "low": float(low), "high": float(high),
                         **_given_away(counts, sizes, people.names, rng)})
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(q=adjust_bh(frame["p"].astype(float))).astype(COLUMNS)


def _levels(study: Study, name: str) -> pd.Series:
    if name not in study.participants.columns:
        raise ChoiceError(unknown_name("protected", name, [str(one) for one in study.participants.columns]))
    column = study.participants[name]
    levels = column.astype("str").where(column.notna(), "").astype("str")
    if levels.nunique() > MOST_LEVELS:
        raise StudyError(f"protected: {name} has {levels.nunique()} levels, at most {MOST_LEVELS} can be read. "
                         f"Put it in bands first.")
    return levels


def _given_away(
    counts: np.ndarray, sizes: np.ndarray, names: tuple[str, ...], rng: np.random.Generator
) -> dict[str, object]:
    own, everyone = counts.sum(), sizes.sum()
    if own in (0, everyone):
        return {"most_in": "", "lift": np.nan, "given_away": np.nan, "by_chance": np.nan, "p": np.nan}
    rate = counts / np.maximum(sizes, 1)
    most = int(rate.argmax())
    dealt = rng.multivariate_hypergeometric(sizes, own, size=SHUFFLES)
    seen, chance = (areas(one, sizes) for one in (counts[None], dealt))
    return {"most_in": names[most], "lift": rate[most] / (own / everyone), "given_away": float(seen[0]),
            "by_chance": float(chance.mean()), "p": float(permutation_p(seen, chance[:, None])[0])}


def areas(counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Compute how well the persona tells a group: area under the curve when personas are ranked by their share of it.

    ``counts`` (draws, personas) of the group's people; ``sizes`` (personas).

    Examples
    --------
    >>> areas(np.array([[10, 0], [5, 5]]), np.array([10, 10])).tolist()
    [1.0, 0.5]
    """
    order = np.argsort(counts / np.maximum(sizes, 1), axis=1)
    own = np.take_along_axis(counts, order, axis=1).astype(float)
    other = np.take_along_axis(sizes - counts, order, axis=1).astype(float)
    below = np.cumsum(other, axis=1) - other
    return (own * (below + other / 2)).sum(axis=1) / (own.sum(axis=1) * other.sum(axis=1))
