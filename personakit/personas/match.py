"""Keep the identity of personas over re-runs and waves: which were kept, split, merged, born, or died."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, unknown_name
from personakit.records import Personas
from personakit.schema import KIND

WAYS = ("people", "profiles")
CHANGES = ("kept", "split", "merged", "born", "died")
#: a persona is kept when so much of the old is in the new and of the new comes from the old: clearly more than a half each
KEPT = 0.6
#: someone farther from a profile than this share of its own people are is placed in none
WITHIN = 0.975
#: on people, this share of the smaller of the two at least must be in both
MIN_COMMON = 0.5
COLUMNS = {"old": "str", "new": "str", "change": "str", "matched": "bool", "of_old": "float64", "of_new": "float64",
           "similarity": "float64", "n_old": "int64", "n_new": "int64"}


def match_personas(old: Personas, new: Personas, *, on: str = "people") -> pd.DataFrame:
    """Tell what became of each persona in a re-run or a later wave, with the figures behind each verdict.

    Use ``people`` where the same participants are in both, ``profiles`` where they are others: then everyone is placed in
    the other study's nearest mean profile, or in none when farther away than its own people are. It cannot tell why
    something changed; two studies that happen to use the same ids for other people look like one. On profiles, personas of
    about 15 people whose profiles are 2 standard deviations apart are told right 3 times in 4, of 60 always.

    Parameters
    ----------
    old, new
        Personas of two runs or waves. On profiles their features need the same names and natural units.
    on
        ``people`` or ``profiles``.

    Returns
    -------
    DataFrame
        One row a link, old personas in order, then what was born: ``old``, ``new`` (empty where there is none), ``change``:

        - ``kept``: 60 % or more of the old is in the new, and of the new comes from the old;
        - ``split``: more than half of the new comes from the old, of which less is here;
        - ``merged``: more than half of the old is in the new, of which less comes from it;
        - ``born``, ``died``: no such link.

        ``matched``: the pair is in the best one-to-one matching (so that a colour or a place can follow), ``of_old`` and
        ``of_new``: shares of the old in the new and of the new from the old (of the people in both; on profiles, of those
        who would be placed there), ``similarity``: their Jaccard similarity (on profiles, of_old x of_new over their sum
        less their product), ``n_old`` and ``n_new``, all members.

    Raises
    ------
    ChoiceError
        An unknown way; too few people in both; on profiles no feature, or no active one, in both.

    References
    ----------
    Kuhn (1955), the Hungarian method; Spiliopoulou et al. (2006), MONIC, for the kinds of change.

    Examples
    --------
    >>> def personas(*groups):
    ...     names = [f"P{one + 1}" for one in range(max(groups) + 1)]
    ...     table = pd.DataFrame(np.eye(len(names))[list(groups)], columns=names)
    ...     return Personas(candidate="by hand", membership=table, features=None, quality=pd.Series(),
    ...                     stability=pd.DataFrame(), tried=1, chosen=False)
    >>> found = match_personas(personas(0, 0, 0, 0, 1, 1, 1), personas(1, 1, 2, 2, 0, 0, 0))
    >>> found[["old", "new", "change"]].values.tolist()
    [['P1', 'P2', 'split'], ['P1', 'P3', 'split'], ['P2', 'P1', 'kept']]
    """
    if on not in WAYS:
        raise ChoiceError(unknown_name("on", on, WAYS))
    of_old, of_new, similarity = (_by_people if on == "people" else _by_profiles)(old, new)
    matched = _matched(similarity)
    most = np.maximum(of_old, of_new) > 0.5
    kinds = [np.minimum(of_old, of_new) >= KEPT, most & (of_new >= of_old), most]
    change = np.select(kinds, CHANGES[:3], default="")
    n_old, n_new = _sizes(old), _sizes(new)
    names = [str(one) for one in new.membership.columns]
    rows = []
    for i, one in enumerate(old.membership.columns):
        links = np.flatnonzero(change[i] != "")
        rows += [(one, names[j], str(change[i, j]), matched[i, j], of_old[i, j], of_new[i, j], similarity[i, j], n_old[i],
                  n_new[j]) for j in links]
        if not len(links):
            rows.append((one, "", "died", False, of_old[i].max(), np.nan, similarity[i].max(), n_old[i], 0))
    rows += [("", names[j], "born", False, np.nan, of_new[:, j].max(), similarity[:, j].max(), 0, n_new[j])
             for j in np.flatnonzero((change == "").all(axis=0))]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _matched(similarity: np.ndarray) -> np.ndarray:
    """Mark the one-to-one matching of the largest total similarity."""
    from scipy.optimize import linear_sum_assignment  # scipy.optimize is slow to import

    out = np.zeros(similarity.shape, dtype=bool)
    out[linear_sum_assignment(-similarity)] = True
    return out & (similarity > 0)


def _sizes(personas: Personas) -> np.ndarray:
    return personas.labels.value_counts().reindex(personas.membership.columns, fill_value=0).to_numpy()


def _by_people(old: Personas, new: Personas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    both = old.membership.index.intersection(new.membership.index)
    smaller = min(len(old.membership), len(new.membership))
    if len(both) < MIN_COMMON * smaller:
        raise ChoiceError(f"match_personas: {len(both)} of {smaller} participants are in both. These are other people: "
                          f"match_personas(old, new, on='profiles') compares what they are like.")
    shared = pd.crosstab(old.labels[both], new.labels[both]).reindex(
        index=old.membership.columns, columns=new.membership.columns, fill_value=0).to_numpy(dtype=float)
    of_old, of_new = _over(shared, shared.sum(axis=1, keepdims=True)), _over(shared, shared.sum(axis=0, keepdims=True))
    return of_old, of_new, _over(shared, shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared)


def _by_profiles(old: Personas, new: Personas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second = _on_one_scale(old, new)
    of_old = _placed(first, old, second, new)
    of_new = _placed(second, new, first, old).T
    both = of_old * of_new
    return of_old, of_new, _over(both, of_old + of_new - both)


def _on_one_scale(old: Personas, new: Personas) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (people, columns) of both on one scale: ranks over everyone, whatever the units and the tails."""
    common = [name for name in old.features.active.columns if name in new.features.active.columns]
    if not common:
        raise ChoiceError("match_personas: the two have no active feature in common. Build both from the same features.")
    parts = [personas.features.natural.loc[personas.membership.index, common] for personas in (old, new)]
    everyone = pd.concat(parts, ignore_index=True)
    nominal = [name for name in common if old.features.catalog.at[name, KIND] == "nominal"]
    levels = [np.where(everyone[name].isna(), np.nan, everyone[name].astype("str") == level)
              for name in nominal for level in sorted(everyone[name].dropna().astype("str").unique())]
    values = np.column_stack([everyone.drop(columns=nominal).astype(float).rank().to_numpy(), *levels]).astype(float)
    spread = np.sqrt(_mean((values - _mean(values, 0)) ** 2, 0))
    scaled = (values - _mean(values, 0)) / np.where(spread > 0, spread, 1.0)
    return scaled[: len(parts[0])], scaled[len(parts[0]) :]


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Average what is known; 0 where nothing is."""
    known = ~np.isnan(values)
    return _over(np.where(known, values, 0.0).sum(axis=axis), known.sum(axis=axis))


def _placed(values: np.ndarray, own: Personas, others: np.ndarray, other: Personas) -> np.ndarray:
    """Return the shares of each persona's people (rows) that each profile of the other study (columns) is nearest to, and
    near enough.
    """
    group, size = _groups(own), other.membership.shape[1]
    away, limit = np.full((len(values), size), np.inf), np.zeros(size)
    for one in np.unique(_groups(other)):
        members = others[_groups(other) == one]
        profile = _mean(members, 0)
        away[:, one] = np.sqrt(_mean((values - profile) ** 2, 1))
        # people are nearer to a mean that they are part of than others of the same kind are
        wider = (len(members) + 1) / max(len(members) - 1, 1)
        limit[one] = np.quantile(np.sqrt(wider * _mean((members - profile) ** 2, 1)), WITHIN)
    nearest = away.argmin(axis=1)
    near = away[np.arange(len(values)), nearest] <= limit[nearest]
    counts = np.zeros((own.membership.shape[1], size))
    np.add.at(counts, (group[near], nearest[near]), 1)
    return _over(counts, np.bincount(group, minlength=len(counts))[:, None])


def _groups(personas: Personas) -> np.ndarray:
    return personas.membership.columns.get_indexer(pd.Index(personas.labels))


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
