"""Where people stand among the personas: composites to show instead of a person, outsiders, runners-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.evidence.features import Columns
from personakit.evidence.people import People
from personakit.schema import EVIDENCE_ID, FEATURE, KIND, PERSONA, ROLE, row_id

#: a composite is made of so many people, so that none of them is shown
COMPOSITE = 5
#: an outsider lies beyond so many robust standard deviations of everyone's distance to their own persona (Iglewicz and
#: Hoaglin, 1993)
FAR = 3.5
#: where memberships are hard, the doubtful are this share of a persona: those nearest to another one
DOUBTFUL = 0.1
COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", "exemplar": "str", FEATURE: "str", KIND: "str", "value": "float64",
           "middle": "float64", "n": "int64"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """``own`` (n): distance to the centre of one's persona; ``other``: to the nearest other centre, that of ``second``;
    ``outside``: who is far from every persona; ``active``: the columns used; ``digest`` of their values.
    """

    own: np.ndarray
    other: np.ndarray
    second: np.ndarray
    outside: np.ndarray
    active: np.ndarray
    digest: str


def find_places(columns: Columns, people: People) -> Places:
    """Measure distances on the active features, each divided by its standard deviation; gaps count as average."""
    active = np.flatnonzero(columns.about[ROLE].eq("active").to_numpy())
    values = columns.values[:, active]
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values - np.nan_to_num(values).sum(axis=0) / count, 0.0)
    spread = np.sqrt((filled**2).sum(axis=0) / count)
    filled = filled / np.where(spread > 0, spread, 1.0)
    k = len(people.names)
    centres = np.stack([filled[people.members(group)].sum(axis=0) for group in range(k)])
    sizes = np.diff(people.bounds)
    centres = centres / np.maximum(sizes, 1)[:, None]
    away = np.sqrt(np.maximum((filled**2).sum(axis=1)[:, None] - 2 * filled @ centres.T + (centres**2).sum(axis=1), 0.0))
    away[:, sizes == 0] = np.inf
    rows = np.arange(len(away))
    own = away[rows, people.group]
    others = away.copy()
    others[rows, people.group] = np.inf
    middle = np.median(own)
    reach = middle + FAR * 1.4826 * np.median(np.abs(own - middle))
    return Places(own=own, other=others.min(axis=1), second=others.argmin(axis=1), outside=own > reach + 1e-9, active=active,
                  digest=row_id(people.group, *(columns.digests[at] for at in active)))


def runner_up(places: Places, people: People, group: int, sure: float) -> str:
    """Name the persona that doubtful members of a persona are most often next to; empty where nobody is in doubt."""
    part = people.members(group)
    if len(people.names) < 2 or part.start == part.stop:
        return ""
    if people.hard:
        margin = (places.other - places.own)[part]
        doubtful = np.argsort(margin.round(9), kind="stable")[: int(np.ceil(DOUBTFUL * len(margin)))]
        second = places.second[part][doubtful]
    else:
        doubtful = np.flatnonzero(people.posterior[part] < sure)
        others = people.membership[part].copy()
        others[:, group] = -1.0
        second = others.argmax(axis=1)[doubtful]
    return people.names[int(np.bincount(second).argmax())] if len(second) else ""


def exemplar_rows(columns: Columns, people: People, places: Places) -> pd.DataFrame:
    """Build ``Evidence.exemplars``: three composites a persona, each the middle of five people; none under five members."""
    rows: list[tuple[object, ...]] = []
    with np.errstate(invalid="ignore"):
        middle = np.array([np.nanmedian(columns.values[:, at]) if columns.known[:, columns.pattern[at]].any() else np.nan
                           for at in places.active])
    for group, persona in enumerate(people.names):
        for exemplar, chosen in _chosen(places, people.members(group)):
            values = columns.values[np.ix_(chosen, places.active)]
            shown = [_middle(one[~np.isnan(one)], yes_no) for one, yes_no in
                     zip(values.T, columns.shares[places.active], strict=True)]
            for place, at in enumerate(places.active):
                about = columns.about.loc[at]
                rows.append((row_id("exemplar", persona, exemplar, about["row"], places.digest), persona, exemplar,
                             about["row"], about[KIND], shown[place], middle[place], len(chosen)))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _middle(values: np.ndarray, yes_no: bool) -> float:
    # the mean of five numbers is nobody's; of five yes or no, what most of them say
    if not len(values):
        return np.nan
    return float(np.median(values) if yes_no else values.mean())


def _chosen(places: Places, part: slice) -> Iterator[tuple[str, np.ndarray]]:
    own, margin = places.own[part].round(9), (places.other - places.own)[part].round(9)
    if len(own) < COMPOSITE:
        return
    margin = np.where(np.isfinite(margin), margin, 0.0)
    for exemplar, order in (("typical", own), ("extreme", -margin), ("counter_example", margin)):
        yield exemplar, part.start + np.argsort(order, kind="stable")[:COMPOSITE]
