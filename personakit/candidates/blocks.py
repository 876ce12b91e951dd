"""Blocks of features, one an origin, that weigh alike however many features each has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.candidates.design import Design
from personakit.errors import ChoiceError
from personakit.records import Features
from personakit.schema import ORIGIN


def origins_of(features: Features) -> dict[str, str]:
    """Say of each active feature which table it comes from (events, answers, codes ...); nothing where none says."""
    catalog = features.catalog
    origin = catalog[ORIGIN].astype("str").to_dict() if ORIGIN in catalog else {}
    return {str(name): origin[name] for name in features.active if name in origin}


def check_blocks(origins: Mapping[str, str]) -> None:
    """Raise ``ChoiceError`` where features of one origin leave nothing to weigh."""
    known = sorted(set(origins.values()))
    if len(known) < 2:
        raise ChoiceError(f"method kmeans_blocks: weighs features by their origin, and all active ones are from "
                          f"{known[0] if known else 'an unknown origin'}. Give build_features tables of two "
                          f"origins, or take kmeans.")


def with_scale(design: Design, table: pd.DataFrame, origins: Mapping[str, str]) -> Design:
    """Give a design of a table the scale that lets no block decide alone.

    Each block is divided by the root of its first eigenvalue, so that its main direction has variance 1 in every block
    (multiple factor analysis; Escofier and Pagès, 1983), then all by one number that keeps the whole variance.

    Examples
    --------
    >>> from personakit.candidates.design import make_design
    >>> table = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [0.0, 1, 2, 3], "c": [3.0, 0, 3, 0]})
    >>> with_scale(make_design(table), table, {"a": "events", "b": "events", "c": "answers"}).scale.round(2).tolist()
    [0.97, 0.97, 1.03]
    """
    if len(set(origins.values())) < 2:
        return design
    names = sorted(table.columns, key=str)
    block = np.array([origins[str(names[feature])] for feature in design.group])
    given = np.ones_like(design.values) if design.seen is None else design.seen
    weighed = given * design.weights[:, None]
    centred = (design.values - (weighed * design.values).sum(axis=0) / np.maximum(weighed.sum(axis=0), 1e-12)) * given
    spread = centred * np.sqrt(design.weights / design.weights.sum())[:, None]
    scale = np.empty(len(block))
    for one in np.unique(block):
        scale[block == one] = 1 / max(float(np.linalg.norm(spread[:, block == one], 2)), 1e-12)
    variance = (spread**2).sum(axis=0)
    return replace(design, scale=scale * np.sqrt(variance.sum() / (variance * scale**2).sum()))


def weighed(design: Design) -> Design:
    """Apply the scale of a design; without one, its features weigh as they are."""
    return design if design.scale is None else replace(design, values=design.values * design.scale)


def as_it_is(design: Design) -> Design:
    """Leave a design alone: what every method but ``kmeans_blocks`` is compared on."""
    return design
