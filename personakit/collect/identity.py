"""Who is who across silos: ids that were seen together become one participant, by connected components."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar, cast

import numpy as np
import pandas as pd

from personakit.collect.reading.tables import as_ids
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.frozen import freeze, show, show_html
from personakit.readings import Reading
from personakit.schema import PARTICIPANT

Data = TypeVar("Data", pd.DataFrame, Reading)

#: more ids than one person is believed to have: beyond it something is shared
LARGEST = 20
#: what systems write where they know no id; zeros and dashes of any number count too
PLACEHOLDERS = ("(not set)", "not set", "anonymous", "anonyme", "guest", "inconnu", "n/a", "na", "nan", "none", "null",
                "undefined", "unknown")
#: identifies an id: its type and itself
ID_TYPE, ID = "id_type", "id"


@dataclass(frozen=True, kw_only=True, eq=False)
class Identities:
    """Which id belongs to which participant, and how that was found.

    ``table``: id_type, id, participant_id. ``types`` is indexed by id_type: ids, participants, unlinked (ids whose
    participant has no id of another type), unlinked_share, placeholders (cells left out because they name nobody, or
    were excluded). ``sizes`` is indexed by ids (how many a participant has): participants. ``refused``: ids (how many
    would have become one participant), most_linked, links (ids that it was seen with), first (five of them).
    """

    table: pd.DataFrame
    types: pd.DataFrame
    sizes: pd.DataFrame
    refused: pd.DataFrame

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"ids": len(self.table), "participants": self.table[PARTICIPANT].nunique(),
                 "merges refused": len(self.refused)}
        return show("Identities", facts, "apply_identities(frame, identities, id_type=...)")

    _repr_html_ = show_html


def stitch_identities(*records: pd.DataFrame, exclude: Iterable[object] = (), largest: int = LARGEST) -> Identities:
    """Join the ids of several silos (anonymous id, login, e-mail hash, loyalty card ...) into participants.

    Use it where events, orders and surveys know the same people under different ids. Two ids belong together when one
    record shows both, and so on from id to id. It is deterministic: the same records give the same participants, in
    whatever order their rows and columns come. It cannot tell two people on one device from one person with two
    accounts: so where more than ``largest`` ids would become one participant none of them is joined, each id stays a
    participant of its own, and ``refused`` names the id that links most of them; exclude that one (a shop's tablet, a
    shared login) and the rest joins. A wrong merge puts two people's words and acts under one name, a missed one only
    shows one person as two. Read ``sizes`` and ``refused`` before you go on.

    Parameters
    ----------
    records
        Frames whose columns are types of id (``login``, ``card``); each row holds the ids of one record, gaps allowed. A
        single column lists ids without linking them. "42" as login is never "42" as card; numbers are taken as text.
    exclude
        Ids that are shared or stand for nobody: a value (in whatever column), or a pair ``(id_type, value)``. Words such
        as unknown, null and 0 are always left out.
    largest
        The most ids that one participant may have.

    Returns
    -------
    Identities
        ``table`` (id_type, id, participant_id), ``types``, ``sizes`` and ``refused``. A participant_id is its first id in
        the order of types and ids, written ``type:id``: readable, and personal where the id is. ``pseudonymise`` hides it.

    Raises
    ------
    StudyError
        For something that is no frame of ids, or ids that lost digits as floating-point numbers.
    ChoiceError
        ``largest`` is below 1.

    References
    ----------
    Connected components over pairs of ids, with ids to exclude: dbt-id-stitching (RudderStack). Shared public devices
    cannot be stitched: Snowplow, Users and identity stitching. Past the limit each fragment stands alone, as in Adobe
    Experience Platform (50 identities).

    Examples
    --------
    >>> web = pd.DataFrame({"cookie": ["c1", "c2", "c3"], "login": ["ana", "ana", None]})
    >>> shop = pd.DataFrame({"card": [7], "login": ["ana"]})
    >>> stitch_identities(web, shop).table["participant_id"].tolist()
    ['card:7', 'card:7', 'card:7', 'cookie:c3', 'card:7']
    """
    if largest < 1:
        raise ChoiceError(f"largest: {largest} is below 1. Give the most ids that one participant may have.")
    columns = [_texts(record, place) for place, record in enumerate(records, start=1)]
    nodes, numbered, placeholders = _number(columns, list(exclude))
    label, links = _components(numbered, len(nodes))
    size = np.bincount(label)
    _, first = np.unique(label, return_index=True)
    own = np.where(size[label] > largest, np.arange(len(nodes)), first[label])
    names = nodes[ID_TYPE] + ":" + nodes[ID]
    table = nodes.assign(**{PARTICIPANT: names.iloc[own].to_numpy()})
    return Identities(table=table, types=_types(table, placeholders), sizes=_sizes(table),
                      refused=_refused(names, label, links, size > largest))


def apply_identities(frame: Data, identities: Identities, *, id_type: str, column: str | None = None) -> Data:
    """Put the participant in the place of an id: ``column`` of a frame becomes ``participant_id``.

    Use it on each silo's own table after ``stitch_identities``. Ids that it does not know, and those it left out, are
    missing afterwards: count them, a ``Study`` refuses them.

    Parameters
    ----------
    frame
        Any table with a column of ids; or a reading, whose tables have them as ``participant_id``.
    identities
        From ``stitch_identities``.
    id_type
        The type of these ids, as it was called there.
    column
        Where they stand in ``frame``; by default ``id_type``, in a reading ``participant_id``.

    Returns
    -------
    DataFrame or Reading
        As given, with ``participant_id`` where the ids stood.

    Raises
    ------
    ChoiceError
        There is no such type, or no such column.
    StudyError
        The frame has a participant_id besides.

    Examples
    --------
    >>> identities = stitch_identities(pd.DataFrame({"cookie": ["c1"], "login": ["ana"]}))
    >>> apply_identities(pd.DataFrame({"login": ["ana", "bo"], "n": [1, 2]}), identities, id_type="login").values.tolist()
    [['cookie:c1', 1], [nan, 2]]
    """
    if isinstance(frame, Reading):
        column = PARTICIPANT if column is None else column
        tables = {name: apply_identities(one, identities, id_type=id_type, column=column)
                  if isinstance(one, pd.DataFrame) and column in one.columns else one for name, one in frame.tables.items()}
        return cast("Data", replace(frame, tables=tables))
    column = id_type if column is None else column
    if id_type not in identities.types.index:
        raise ChoiceError(unknown_name("id_type", id_type, [str(one) for one in identities.types.index]))
    if column not in frame.columns:
        raise ChoiceError(unknown_name("column", column, [str(one) for one in frame.columns]))
    if column != PARTICIPANT and PARTICIPANT in frame.columns:
        raise StudyError(f"{PARTICIPANT}: the frame has this column besides {column!r}. Drop it or rename it.")
    known = identities.table[identities.table[ID_TYPE] == id_type].set_index(ID)[PARTICIPANT]
    found = _text(frame[column], f"frame.{column}").map(known).astype("str")
    return cast("Data", frame.assign(**{column: found}).rename(columns={column: PARTICIPANT}))


def _texts(record: object, place: int) -> dict[str, pd.Series]:
    """Return the columns of one record as ids."""
    if not isinstance(record, pd.DataFrame) or not len(record.columns):
        raise StudyError(f"record {place}: is not a frame with a column for each type of id.")
    names = [str(name) for name in record.columns]
    wrong = [name for name in names if names.count(name) > 1 or ":" in name]
    if wrong:
        raise StudyError(f"record {place}: the column {first_five(wrong)} stands twice or holds a colon. Rename it.")
    return {name: _text(record.iloc[:, at].reset_index(drop=True), f"record {place}.{name}")
            for at, name in enumerate(names)}


def _text(column: pd.Series, where: str) -> pd.Series:
    if column.dtype == object:  # 42 and 42.0 are one id
        column = column.map(lambda one: int(one) if isinstance(one, float) and one.is_integer() else one,
                            na_action="ignore")
    elif pd.api.types.is_float_dtype(column.dtype) and (column.abs() >= 2.0**53).any():
        raise StudyError(f"{where}: ids as long as {column.abs().max():.0f} lose their last digits as floating-point "
                         f"numbers. Read this column as text.")
    return as_ids(column)


def _number(columns: list[dict[str, pd.Series]],
            exclude: list[object]) -> tuple[pd.DataFrame, list[dict[str, np.ndarray]], dict[str, int]]:
    """Give the ids numbers in the order of types and ids, -1 where there is none, and count the cells that name nobody."""
    numbered: list[dict[str, np.ndarray]] = [{} for _ in columns]
    parts, placeholders, start = [], {}, 0
    for name in sorted({name for record in columns for name in record}):
        here = [place for place, record in enumerate(columns) if name in record]
        text = pd.concat([columns[place][name] for place in here], ignore_index=True)
        nobody = _nobody(text, name, exclude)
        codes, ids = pd.factorize(text.mask(nobody), sort=True)
        codes = np.where(codes < 0, -1, codes + start)
        stops = np.cumsum([len(columns[place][name]) for place in here])[:-1]
        for place, part in zip(here, np.split(codes, stops), strict=True):
            numbered[place][name] = part
        parts.append(pd.DataFrame({ID_TYPE: name, ID: ids}, dtype="str"))
        placeholders[name] = int(nobody.sum())
        start += len(ids)
    nodes = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({ID_TYPE: [], ID: []}, dtype="str")
    return nodes, numbered, placeholders


def _nobody(text: pd.Series, id_type: str, exclude: list[object]) -> pd.Series:
    """Mark what names nobody: placeholders, and what the caller excludes."""
    pairs = [one for one in exclude if isinstance(one, tuple) and len(one) == 2]
    values = [one for one in exclude if not isinstance(one, tuple)] + [one for kind, one in pairs if kind == id_type]
    shared = as_ids(pd.Series(values, dtype=object)).dropna()
    zeros = text.str.fullmatch(r"-1|[0-]+", na=False)
    return text.notna() & (zeros | text.str.casefold().isin(PLACEHOLDERS) | text.isin(shared))


def _components(numbered: list[dict[str, np.ndarray]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the component of each id, and the number of ids that it was seen with."""
    from scipy import sparse
    from scipy.sparse import csgraph

    pairs = [(one[seen], two[seen]) for record in numbered for one, two in combinations(record.values(), 2)
             if len(seen := np.flatnonzero((one >= 0) & (two >= 0)))]
    source, target = (np.concatenate([pair[side] for pair in pairs] or [np.empty(0, dtype=np.int64)]) for side in (0, 1))
    both = np.concatenate([source, target]), np.concatenate([target, source])
    graph = sparse.csr_array((np.ones(len(both[0]), dtype=np.int32), both), shape=(size, size))
    if not size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    _, label = csgraph.connected_components(graph, directed=False)
    return label, np.diff(graph.indptr)


def _types(table: pd.DataFrame, placeholders: dict[str, int]) -> pd.DataFrame:
    kinds = table.groupby(PARTICIPANT, sort=False)[ID_TYPE].transform("nunique")
    groups = table.assign(unlinked=(kinds == 1).astype("int64")).groupby(ID_TYPE, sort=True)
    counts = {"ids": groups.size(), "participants": groups[PARTICIPANT].nunique(), "unlinked": groups["unlinked"].sum()}
    out = pd.DataFrame(counts, dtype="int64").reindex(sorted(placeholders), fill_value=0)
    out.index = pd.Index(out.index, dtype="str", name=ID_TYPE)
    return out.assign(unlinked_share=out["unlinked"] / out["ids"], placeholders=[placeholders[name] for name in out.index])


def _sizes(table: pd.DataFrame) -> pd.DataFrame:
    counts = table[PARTICIPANT].value_counts().value_counts().sort_index()
    index = pd.Index(counts.index, dtype="int64", name="ids")
    return pd.DataFrame({"participants": counts.to_numpy(dtype="int64")}, index=index)


def _refused(names: pd.Series, label: np.ndarray, links: np.ndarray, too_large: np.ndarray) -> pd.DataFrame:
    rows = []
    members = pd.Series(np.arange(len(names)))[too_large[label]]
    for _, one in members.groupby(label[members], sort=False):
        own = one.to_numpy()
        most = own[links[own].argmax()]
        rows.append((len(own), names.iloc[most], int(links[most]), first_five(names.iloc[own])))
    kinds = {"ids": "int64", "most_linked": "str", "links": "int64", "first": "str"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
