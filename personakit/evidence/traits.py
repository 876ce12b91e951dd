"""Which traits the members of a persona hold together: a card is no portrait if nobody fits all of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personakit.evidence.features import Columns
from personakit.evidence.people import People
from personakit.schema import EVIDENCE_ID, FEATURE, KIND, PERSONA, row_id

#: A trait differs by at least this effect, is held by at least half of the members and known for most of them.
MIN_EFFECT, MIN_HELD, MIN_KNOWN = 0.2, 0.5, 0.8
MOST_TRAITS = 10
HEADLINE = 0.5
COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", FEATURE: "str", "level": "str", "share": "float64",
           "together": "float64", "headline": "bool"}


def trait_rows(table: pd.DataFrame, columns: Columns, people: People) -> pd.DataFrame:
    """Build ``Evidence.traits``: for each persona its traits from the most certain on, and how many hold them together."""
    effects = table["effect"].to_numpy().reshape(len(people.names), -1)
    rows: list[tuple[object, ...]] = []
    for group, persona in enumerate(people.names):
        members = people.members(group)
        traits = list(_traits(effects[group], columns, members))
        if not traits:
            continue
        holds = np.column_stack([one for _, _, one in traits])
        headline = largest_together(holds)
        most, other = (np.flatnonzero(one)[hold_together(holds[:, one])[0]] for one in (headline, ~headline))
        order = np.concatenate([most, other])
        together = np.logical_and.accumulate(holds[:, order], axis=1).mean(axis=0)
        chain = row_id("traits", persona, people.digest, people.group == group,
                       [(columns.digests[column], level) for column, level, _ in traits])
        for place, at in enumerate(order):
            column, level, one = traits[at]
            rows.append((row_id(chain, columns.about["row"][column], level), persona, columns.about[FEATURE][column], level,
                         one.mean(), together[place], bool(headline[at])))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def hold_together(holds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order traits (columns) from the most to the least held; share of rows that hold all up to each (Chapman's test).

    Examples
    --------
    >>> order, together = hold_together(np.array([[1, 1], [0, 1], [1, 1], [0, 0]], dtype=bool))
    >>> order.tolist(), together.tolist()
    ([1, 0], [0.75, 0.5])
    """
    order = np.argsort(-holds.mean(axis=0), kind="stable")
    return order, np.logical_and.accumulate(holds[:, order], axis=1).mean(axis=0)


def largest_together(holds: np.ndarray) -> np.ndarray:
    """Find the largest set of traits (columns) that at least half of the rows hold all of; of equals, the most held.

    Every set is counted, so ten traits at most. Adding the most held trait first may miss it: traits go together or not.

    Examples
    --------
    >>> people = [[1, 0, 0]] * 4 + [[1, 1, 1]] * 2 + [[0, 1, 1]] * 4
    >>> largest_together(np.array(people, dtype=bool)).tolist()
    [False, True, True]
    """
    traits = holds.shape[1]
    count = np.bincount(holds @ (1 << np.arange(traits)), minlength=1 << traits)
    for bit in range(traits):  # afterwards count[set] is how many hold at least that set
        pairs = count.reshape(-1, 2, 1 << bit)
        pairs[:, 0] += pairs[:, 1]
    size = np.array([one.bit_count() for one in range(1 << traits)])
    size = np.where(count >= HEADLINE * len(holds), size, -1)
    best = np.flatnonzero(size == size.max())
    return (best[count[best].argmax()] >> np.arange(traits) & 1).astype(bool)


def _traits(effects: np.ndarray, columns: Columns, members: slice) -> Iterator[tuple[int, str, np.ndarray]]:
    """Turn the most distinctive features into statements: (column, level, which members hold it).

    A member whose value is unknown does not count as holding it.
    """
    family = columns.about["row"].str.extract(r"^([^:=]+)[:=]", expand=False)
    more_of = set(family[np.nan_to_num(effects) >= MIN_EFFECT].dropna())
    taken = 0
    for at in np.argsort(-np.abs(np.nan_to_num(effects)), kind="stable"):
        if taken == MOST_TRAITS or not abs(effects[at]) >= MIN_EFFECT:
            return
        everyone, high = columns.values[:, at], bool(effects[at] > 0)
        level = columns.about["level"][at]
        # shares add up to one: where a channel or a level is more frequent, that the others are rarer says nothing new
        if not high and (isinstance(level, str) or (columns.about[KIND][at] == "share" and family[at] in more_of)):
            continue
        if isinstance(level, str):
            said, word = everyone == 1, level
        elif columns.about[KIND][at] == "binary":
            said, word = everyone == (1 if high else 0), "present" if high else "absent"
        else:
            said, word = _beyond_middle(everyone, high), "above" if high else "below"
        own = said[members]
        known = ~np.isnan(everyone[members])
        if len(own) and known.mean() >= MIN_KNOWN and own.mean() >= MIN_HELD:
            taken += 1
            yield int(at), word, own


def _beyond_middle(values: np.ndarray, high: bool) -> np.ndarray:
    # with many ties (zeros, answer scales) the median itself goes to the side that leaves the two more even
    middle = np.nanmedian(values)
    known = ~np.isnan(values)
    above, from_middle = values > middle, values >= middle
    upper = above if abs(above[known].mean() - 0.5) <= abs(from_middle[known].mean() - 0.5) else from_middle
    return known & (upper if high else ~upper)
