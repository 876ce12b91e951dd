"""Who used which content where: shares of each person's uses, and how far a persona lies above everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.eventlog import count_cells, person_of
from personakit.inference import bootstrap_sums
from personakit.records import Journeys, Personas, Study
from personakit.schema import CHANNEL, CONTENT, CONTENT_KINDS, KIND, PERSONA, STAGE, row_id

ALL = "all"
#: strength of the pull towards everyone, in people who use what everyone uses
PRIOR = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """``shares`` (people x cells): the share of a person's uses at a stage that fall on a level. A cell is a stage,
    dimension and level; ``block`` (cells) numbers its stage and dimension, and ``any_use`` (people x blocks) is 1 where the
    person used any content there. ``group`` (people) is the persona, -1 where none. ``rows``: one row a persona and cell,
    cells within personas, how many are ``expected`` to use it and the standard error by ``chance`` of a share, were the
    persona drawn from everyone at random. ``digest`` of all of it.
    """

    shares: sparse.csr_array
    any_use: sparse.csr_array
    block: np.ndarray
    group: np.ndarray
    rows: pd.DataFrame
    digest: str


def count_uses(study: Study, journeys: Journeys, personas: Personas, dimensions: tuple[str, ...]) -> Cells:
    """Count the uses of each person by stage and level, for the people who are in a persona."""
    log = journeys.log
    names = [str(one) for one in personas.membership.columns]
    labels = personas.labels.reindex(log.participants).map({one: at for at, one in enumerate(names)})
    group = labels.fillna(-1).to_numpy(dtype=np.int64)
    uses = _uses(study, journeys)
    uses = uses[group[uses["person"]] >= 0]
    cells: list[tuple[str, str, str, int | None]] = []
    block: list[int] = []
    parts: list[sparse.csr_array] = []
    bases: list[sparse.csr_array] = []
    for stage in (ALL, *study.stages):
        here = uses if stage == ALL else uses[uses[STAGE] == stage]
        for dimension in dimensions:
            levels = _levels(study, here, stage, dimension)
            known = here[here[dimension].isin(list(levels))]
            codes = known[dimension].map({one: at for at, one in enumerate(levels)}).to_numpy(dtype=np.int64)
            counts = count_cells(known["person"].to_numpy(), codes, (len(group), len(levels))).astype(float)
            total = np.asarray(counts.sum(axis=1)).ravel()
            scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
            block += [len(bases)] * len(levels)
            parts.append(sparse.csr_array(counts.multiply(scale[:, None])))
            bases.append(sparse.csr_array((total > 0)[:, None].astype(float)))
            cells += [(stage, dimension, level, offered) for level, offered in levels.items()]
    shares, any_use = (sparse.csr_array(sparse.hstack(part, format="csr")) for part in (parts, bases))
    found = Cells(shares=shares, any_use=any_use, block=np.array(block, dtype=np.int64), group=group, rows=pd.DataFrame(),
                  digest="")
    return replace(found, rows=_rows(cells, names, found),
                   digest=row_id(shares.data.round(9), shares.indices, group, log.participants.to_numpy()))


def _uses(study: Study, journeys: Journeys) -> pd.DataFrame:
    """List the events that show a content of the study: person, stage, channel, and what the content is."""
    log, contents = journeys.log, study.contents
    if contents is None or CONTENT not in log.codes:
        return pd.DataFrame({name: [] for name in ("person", STAGE, CHANNEL, KIND, "theme", "format")}).astype(
            {"person": "int64"})
    at = np.flatnonzero(log.codes[CONTENT] >= 0)
    words = {name: _words(log.codes[name][at], log.levels[name]) if name in log.codes else "" for name in (STAGE, CHANNEL)}
    about = contents.drop_duplicates(CONTENT).set_index(CONTENT).reindex(columns=[KIND, "theme", "format"])
    about = about.reindex(log.levels[CONTENT])
    shown = about.iloc[log.codes[CONTENT][at]].reset_index(drop=True)
    listed = log.levels[CONTENT].isin(contents[CONTENT])[log.codes[CONTENT][at]]
    return shown.assign(person=person_of(log)[at], **words)[listed]


def _words(codes: np.ndarray, levels: pd.Index) -> np.ndarray:
    return np.append(levels.to_numpy(dtype=object), "")[codes]


def _levels(study: Study, uses: pd.DataFrame, stage: str, dimension: str) -> dict[str, int | None]:
    """Map the levels worth a row at a stage to the number of contents offered: all kinds, else what is offered or used."""
    seen = {str(one) for one in uses[dimension].dropna().unique() if one != ""}
    contents = study.contents
    if contents is None or dimension == CHANNEL or (STAGE not in contents.columns and stage != ALL):
        return dict.fromkeys(sorted(seen))
    here = contents if stage == ALL else contents[contents[STAGE] == stage]
    offered = here[dimension].dropna().value_counts()
    first = [one for one in CONTENT_KINDS if dimension == KIND]
    words = [*first, *sorted((seen | {str(one) for one in offered.index}) - set(first))]
    return {one: int(offered.get(one, 0)) for one in words}


def _rows(cells: list[tuple[str, str, str, int | None]], names: list[str], found: Cells) -> pd.DataFrame:
    shares, any_use, block = found.shares, found.any_use, found.block
    about = pd.DataFrame(cells, columns=[STAGE, "dimension", "level", "offered"]).astype({"offered": "Int64"})
    total = any_use.sum(axis=0)[block]
    with np.errstate(divide="ignore", invalid="ignore"):
        everyone, using = shares.sum(axis=0) / total, (shares > 0).sum(axis=0) / total
        spread = np.maximum(shares.multiply(shares).sum(axis=0) / total - everyone**2, 0.0)
        frames = []
        for at, name in enumerate(names):
            own, base = shares[found.group == at], any_use[found.group == at].sum(axis=0)[block]
            frames.append(about.assign(**{PERSONA: name}, people=base.astype(int), used=(own > 0).sum(axis=0).astype(int),
                                       share=own.sum(axis=0) / base, everyone=everyone, expected=using * base,
                                       chance=np.sqrt(spread * np.maximum(1 / base - 1 / total, 0.0))))
    return pd.concat(frames, ignore_index=True)


def draw_lifts(cells: Cells, *, replicates: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lift of every row, and its draws (replicates, rows) when people are redrawn within their persona.

    The lift of ``n`` people is pulled to 1 as ``PRIOR`` people who use what everyone uses would pull it.
    """
    seeds = np.random.SeedSequence(seed).spawn(cells.group.max(initial=-1) + 1)
    both = sparse.csr_array(sparse.hstack([cells.shares, cells.any_use], format="csr"))
    own = [both[cells.group == at] for at in range(len(seeds))]
    found = np.stack([one.sum(axis=0) for one in own])[:, None, :]
    drawn = np.stack([bootstrap_sums(one, replicates=replicates, seed=child) for one, child in zip(own, seeds, strict=True)])
    return _lift(found, cells)[0], _lift(drawn, cells)


def _lift(sums: np.ndarray, cells: Cells) -> np.ndarray:
    """Turn sums (personas, replicates, cells and blocks) into lifts (replicates, personas x cells)."""
    size = len(cells.block)
    shares, base = sums[:, :, :size], sums[:, :, size:][:, :, cells.block]
    with np.errstate(divide="ignore", invalid="ignore"):
        everyone = shares.sum(axis=0) / base.sum(axis=0)
        lift = (shares / everyone + PRIOR) / (base + PRIOR)
    return np.moveaxis(lift, 0, 1).reshape(sums.shape[1], -1)
