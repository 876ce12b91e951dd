"""What a person should read about the features, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from personakit.features.relations import blocks, near_noise, row_level, talk_ratio, variance_shares
from personakit.frozen import Sentence
from personakit.records import Study
from personakit.schema import KIND, ORIGIN, ROLE

#: mean correlation of ordinal answers from which their level is a warning
STYLE = 0.30
#: how many times more than by chance the number of codes varies between people, and how rarely, in a warning
TALKS, RARELY = 1.75, 0.01
#: share of the features that a block of three or more holds in a warning; share of the variance that one feature holds
HEAVY_BLOCK, HEAVY = 1 / 3, 0.5
#: digits of a share: fewer than the order of rows reaches
DIGITS = 6


def people_notes(study: Study, tables: Sequence[pd.DataFrame], natural: pd.DataFrame, catalog: pd.DataFrame
                 ) -> Iterator[Sentence]:
    """Say who is left out, what too few people have, and how gaps are handled; ``tables`` are those that were given."""
    left = len(study.participants) - len(natural)
    if left:
        yield Sentence(key="notes.people_left_out", values={"n": left, "of": len(study.participants)})
    late = [frame for frame in tables if frame.shape[1] and set(catalog.index[catalog["why"] == "few_people"]) & set(frame)]
    rows = catalog[catalog["why"] == "few_people"]
    if late:
        people = int(natural[list(rows.index)].notna().any(axis=1).sum())
        yield Sentence(key="notes.few_people", values={"n": len(rows), "people": people, "of": len(natural)})
    gaps = natural[list(catalog.index[catalog[ROLE] == "active"])].isna()
    if gaps.to_numpy().any():
        yield Sentence(key="notes.gaps", values={
            "n": int(gaps.any(axis=1).sum()), "of": len(natural), "share": float(gaps.to_numpy().mean())})


def value_notes(table: pd.DataFrame, natural: pd.DataFrame, catalog: pd.DataFrame, remedies: Sequence[str]
                ) -> Iterator[Sentence]:
    """Say what the values of the active features hold: ``table`` and ``natural`` as they were before any remedy."""
    drawn = {str(name): int(count) for name, count in catalog["drawn_in"].items() if count and name in table}
    if drawn:
        most = sorted(drawn, key=lambda name: (-drawn[name], name))[:3]
        yield Sentence(key="notes.drawn_in", values={"n": sum(drawn.values()), "features": most, "all": len(drawn)})
    for block in blocks(table):
        if len(block) >= 3 and len(block) > HEAVY_BLOCK * table.shape[1]:
            key = "block_weighed" if "block_weights" in remedies else "block"
            yield Sentence(key=f"notes.{key}", values={"n": len(block), "of": table.shape[1], "features": block[:3]})
    style = row_level(table[[name for name in map(str, table) if catalog.loc[name, KIND] == "ordinal"]])
    if style > STYLE:
        key = "row_level_removed" if "row_level" in remedies else "response_style"
        yield Sentence(key=f"notes.{key}", values={"share": round(style, DIGITS)})
    coded = [name for name in map(str, table) if catalog.loc[name, ORIGIN] == "codes" and catalog.loc[name, KIND] != "share"]
    ratio, chance = talk_ratio(natural[coded])
    if ratio >= TALKS and chance <= RARELY:
        yield Sentence(key="notes.talkers", values={"ratio": round(ratio, DIGITS), "n": len(coded)})
    noise = near_noise(table)
    if noise:
        yield Sentence(key="notes.near_noise", values={"n": len(noise), "of": table.shape[1], "features": noise[:8]})
    yield from _heavy(table, natural[list(table)], catalog)


def _heavy(table: pd.DataFrame, natural: pd.DataFrame, catalog: pd.DataFrame) -> Iterator[Sentence]:
    if table.shape[1] < 3:
        return
    for key, held in (("heavy", variance_shares(table)), ("heavy_units", _own_units(natural, catalog))):
        if len(held) and held.max() > HEAVY:
            share = round(float(held.max()), DIGITS)
            yield Sentence(key=f"notes.{key}", values={"feature": str(held.idxmax()), "share": share})


def _own_units(natural: pd.DataFrame, catalog: pd.DataFrame) -> pd.Series:
    """Share of the variance that each number would hold in its own units."""
    names = [name for name in map(str, natural) if catalog.loc[name, KIND] != "nominal"]
    values: Mapping[str, float] = {name: float(np.nanvar(_small(natural[name]))) for name in names}
    held = pd.Series(values, dtype=float)
    return held / held.sum() if held.sum() > 0 else held


def _small(column: pd.Series) -> np.ndarray:
    return np.clip(column.to_numpy(float, na_value=np.nan), -1e150, 1e150)
