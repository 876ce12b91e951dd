"""Personas that share a journey, seen as one."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from personakit.errors import StudyError, first_five
from personakit.records import Personas

SHARED = "equivalent"


def shared_journeys(comparison: pd.DataFrame) -> list[list[str]]:
    """List the personas that share a journey: in each list every pair is equivalent; personas alone are left out.

    Examples
    --------
    >>> pairs = [("all", "all", "differ"), ("P1", "P2", "equivalent"), ("P1", "P3", "differ"), ("P2", "P3", "differ")]
    >>> shared_journeys(pd.DataFrame(pairs, columns=["persona_a", "persona_b", "verdict"]))
    [['P1', 'P2']]
    """
    rows = comparison[comparison["persona_a"] != "all"]
    same = {frozenset((str(a), str(b))) for a, b in
            rows.loc[rows["verdict"] == SHARED, ["persona_a", "persona_b"]].itertuples(index=False)}
    groups: list[list[str]] = []
    for name in dict.fromkeys(map(str, [*rows["persona_a"], *rows["persona_b"]])):
        home = next((group for group in groups if all(frozenset((name, one)) in same for one in group)), None)
        if home is None:
            groups.append([name])
        else:
            home.append(name)
    return [group for group in groups if len(group) > 1]


def pool_personas(personas: Personas, comparison: pd.DataFrame) -> Personas:
    """See personas whose journeys are equivalent as one: for one pooled map instead of two that show the same.

    Use it before ``describe_journeys`` and ``make_map``; the personas themselves stay as they are, for two personas may
    share a journey and want different words. Merging them for good is a person's choice.

    Parameters
    ----------
    comparison
        What ``compare_journeys`` returned for these personas.

    Returns
    -------
    Personas
        ``P2+P3`` in the place of P2 and P3, its membership their sum, named after both.

    Raises
    ------
    StudyError
        The comparison names personas that are not there.

    Examples
    --------
    >>> from personakit.records import Features
    >>> member = pd.DataFrame({"P1": [0.9, 0.0], "P2": [0.1, 0.4], "P3": [0.0, 0.6]}, index=["a", "b"])
    >>> table = pd.DataFrame({"f": [1.0, 2.0]}, index=member.index)
    >>> features = Features(table=table, natural=table, catalog=pd.DataFrame({"role": ["active"]}, index=["f"]),
    ...                     dropped=pd.DataFrame())
    >>> personas = Personas(candidate="x-3", membership=member, features=features, quality=pd.Series(dtype=float),
    ...                     stability=pd.DataFrame(), tried=1, chosen=True)
    >>> pairs = [("P1", "P2", "differ"), ("P1", "P3", "differ"), ("P2", "P3", "equivalent")]
    >>> comparison = pd.DataFrame(pairs, columns=["persona_a", "persona_b", "verdict"])
    >>> pool_personas(personas, comparison).membership.columns.tolist()
    ['P1', 'P2+P3']
    """
    member = personas.membership.rename(columns=str)
    names = dict(personas.names)
    for group in shared_journeys(comparison):
        missing = [one for one in group if one not in member]
        if missing:
            raise StudyError(f"comparison: {first_five(missing)} not among these personas ({first_five(member.columns)}). "
                             f"Compare the journeys of these personas first.")
        pooled = "+".join(group)
        at = list(member.columns).index(group[0])
        both = member[group].sum(axis=1)
        member = member.drop(columns=group)
        member.insert(at, pooled, both)
        names[pooled] = " + ".join(names.get(one, one) for one in group)
    return replace(personas, membership=member, names={one: said for one, said in names.items() if one in member})
