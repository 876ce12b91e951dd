"""Features: the columns that personas are made from, each with its kind, its role and its scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.records import Features, Sentence, Study
from personakit.schema import FEATURE, FEATURE_KINDS, KIND, ORIGIN, PARTICIPANT, ROLE, UNIT

ATTRIBUTES = "participants"
#: levels an integer answer has at most to be ordinal, and a text to be nominal
ORDINAL_LEVELS, NOMINAL_LEVELS = 11, 20
#: correlation from which a feature is a copy of another, and from which features form a block
COPY, BLOCK = 0.98, 0.90
#: skewness above which a count or a rate is read on a log scale
SKEWED = 1.0
#: robust standard deviations from the median beyond which a value is drawn in
FAR = 4.0
#: share of the variance of the ordinal answers that the level of a person's answers explains in a warning
STYLE = 0.40
UNITS = ("share", "count")


def build_features(
    study: Study,
    *tables: pd.DataFrame | None,
    held_back: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    min_coverage: float = 0.6,
) -> Features:
    """Join tables of participants into features, and say of each whether it makes personas or only describes them.

    Use it before ``find_candidates``. It cannot tell which features matter for your question: what you leave active is what
    the personas will be about. Active features must not hold what you later want to test.

    Parameters
    ----------
    study
        Gives the order of participants, their attributes (always held back) and the codebook (kinds, roles, labels).
    *tables
        Frames indexed by participant_id, such as those of ``behaviour_table``, ``answer_table`` and ``code_table``; None is
        skipped. Their ``attrs`` may give ``origin`` and ``window_days``.
    held_back
        Names of features that describe and test personas but do not make them.
    kinds
        Feature -> binary, nominal, ordinal, numeric, share or count, over the codebook and over what the values suggest.
    min_coverage
        Features known for a smaller share of the participants are held back.

    Returns
    -------
    Features
        People with at least one active value. ``natural`` holds the values as they came. ``table`` holds: binary as 0/1;
        nominal as categories; share by the arcsine of its root; counts and numbers from 0 up that are skewed as the log
        of 1 + value over the median of the values above 0; then all but binary and nominal drawn in to 4 robust standard
        deviations around the median, centred, and divided by two standard deviations, so that they weigh as much as a
        yes/no feature (Gelman, 2008). A change of units changes nothing. Missing values stay missing. ``dropped`` lists
        features that are constant, empty, dates, free text, or copies of another (correlation beyond .98);
        ``catalog.why`` says why a feature is held back: asked, codebook, attribute, few_people.

    Raises
    ------
    StudyError
        No active feature; a participant unknown or twice; a feature in two tables; values that do not suit a kind.
    ChoiceError
        A name in ``held_back`` or ``kinds`` that does not exist, or an unknown kind.
    TooFewError
        No participant has an active value.

    References
    ----------
    Gelman (2008), Scaling regression inputs by dividing by two standard deviations.

    Examples
    --------
    >>> ids = pd.Index(["p1", "p2", "p3", "p4"], name="participant_id")
    >>> study = Study(name="tiny", participants=pd.DataFrame({"age": [20, 30, 40, 50]}, index=ids))
    >>> features = build_features(study, pd.DataFrame({"visits": [1, 2, 3, 9], "member": [0, 1, 1, 0]}, index=ids))
    >>> features.catalog[["kind", "role"]].agg(" ".join, axis=1).tolist()
    ['count active', 'binary active', 'count held_back']
    """
    if not 0 <= min_coverage <= 1:
        raise StudyError(f"min_coverage: {min_coverage} is not a share. Give a number from 0 to 1.")
    sources = list(_sources(study, tables))
    natural = _join(study, sources)
    _known_names("held_back", held_back, natural)
    _known_names("kinds", kinds or {}, natural)
    catalog, dropped = _catalog(study, sources, natural, dict(kinds or {}))
    catalog = _roles(study, catalog, natural, tuple(held_back), min_coverage)
    natural = natural[list(catalog.index)]
    active = list(catalog.index[catalog[ROLE] == "active"])
    if not active:
        raise StudyError(_none_active(catalog))
    natural = natural[natural[active].notna().any(axis=1)]
    if not len(natural):
        raise TooFewError("features: no participant has an active value. Check that the tables share participant_id.")
    scaled = [_scale(natural[name], catalog.loc[name, KIND]) for name in catalog.index]
    table = pd.concat([one.values for one in scaled], axis=1)
    catalog["missing"] = natural.isna().mean()
    copies = _copies(table, catalog)
    keep = [name for name in catalog.index if name not in copies]
    drawn = {str(one.values.name): one.drawn_in for one in scaled if one.drawn_in and one.values.name in keep}
    notes = [*_people_notes(study, sources, natural, catalog), *_value_notes(table[keep], catalog.loc[keep], drawn)]
    return Features(
        table=table[keep],
        natural=natural[keep],
        catalog=catalog.loc[keep],
        dropped=pd.DataFrame([*dropped, *((name, f"copy_of:{other}") for name, other in copies.items())],
                             columns=[FEATURE, "why"]),
        window_days=_window(sources, catalog.loc[keep]),
        notes=tuple(notes),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A table of participants and where it comes from."""

    frame: pd.DataFrame
    origin: str
    window_days: float | None


def _sources(study: Study, tables: Sequence[pd.DataFrame | None]) -> Iterator[Source]:
    for number, given in enumerate((one for one in tables if one is not None), start=1):
        where = f"table {number}"
        if given.index.name != PARTICIPANT:
            raise StudyError(f"{where}: is indexed by {given.index.name!r}. Index it by '{PARTICIPANT}'.")
        twice = given.index[given.index.duplicated()]
        if len(twice):
            raise StudyError(f"{where}.{PARTICIPANT}: {len(twice)} repeated ({first_five(twice)}). Keep one row for each.")
        frame = pd.DataFrame({str(name): given[name].array for name in given.columns}, index=given.index.astype("str"))
        unknown = frame.index.difference(study.participants.index)
        if len(unknown):
            raise StudyError(f"{where}.{PARTICIPANT}: {len(unknown)} of {len(frame)} not in participants "
                             f"({first_five(unknown)}). Add them to the study or drop these rows.")
        origin = str(given.attrs.get(ORIGIN, "other"))
        # a table of unknown origin may have used the whole log
        unsure = None if origin in ("answers", "codes", ATTRIBUTES) else float("nan")
        yield Source(frame=frame, origin=origin, window_days=given.attrs.get("window_days", unsure))
    if study.participants.shape[1]:
        yield Source(frame=study.participants, origin=ATTRIBUTES, window_days=None)


def _join(study: Study, sources: Sequence[Source]) -> pd.DataFrame:
    names = pd.Index([name for source in sources for name in source.frame.columns])
    twice = names[names.duplicated()]
    if len(twice):
        raise StudyError(f"features: {len(twice)} are in two tables ({first_five(twice)}). Rename one of "
                         f"them, or name the columns of each table in study.toml (columns = [...]).")
    given = [source.frame.index for source in sources if source.origin != ATTRIBUTES]
    someone = study.participants.index.isin(np.concatenate(given)) if given else np.ones(len(study.participants), bool)
    people = study.participants.index[someone]
    frames = [source.frame.reindex(people) for source in sources]
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=people)


def _known_names(where: str, asked: Sequence[str] | Mapping[str, str], natural: pd.DataFrame) -> None:
    unknown = [name for name in ([asked] if isinstance(asked, str) else asked) if name not in natural.columns]
    if unknown:
        raise ChoiceError(unknown_name(where, unknown[0], list(natural.columns)))


# ---------------------------------------------------------------- kinds and roles
def _catalog(study: Study, sources: Sequence[Source], natural: pd.DataFrame, kinds: dict[str, str]
             ) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    book = _codebook(study)
    rows, dropped = {}, []
    for source in sources:
        for name in source.frame.columns:
            column = natural[name]
            said = book.get(name, {})
            kind = kinds.get(name) or said.get(KIND) or infer_kind(name, column, source.origin)
            if kind not in FEATURE_KINDS:
                raise ChoiceError(unknown_name(f"kind of {name}", kind, FEATURE_KINDS))
            why = _unusable(column, kind)
            if why:
                dropped.append((name, why))
                continue
            rows[name] = {KIND: kind, ROLE: "active", ORIGIN: source.origin, UNIT: kind if kind in UNITS else "",
                          "label": said.get("label", ""), "missing": 0.0, "why": ""}
    columns = [KIND, ROLE, ORIGIN, UNIT, "label", "missing", "why"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(FEATURE), dropped


def _codebook(study: Study) -> dict[str, dict[str, str]]:
    if study.codebook is None:
        return {}
    book = study.codebook.set_index("variable")
    used = [name for name in (KIND, ROLE, "label") if name in book]
    return {str(name): {key: str(row[key]) for key in used if pd.notna(row[key]) and row[key] != ""}
            for name, row in book.iterrows()}


def infer_kind(name: str, column: pd.Series, origin: str) -> str:
    """Say which kind the values suggest.

    Examples
    --------
    >>> infer_kind("rating", pd.Series([1, 5, 3]), "answers"), infer_kind("visits", pd.Series([1, 5, 30]), "other")
    ('ordinal', 'count')
    """
    if "_share" in name:
        return "share"
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return "nominal"
    values = column.dropna().to_numpy(float)
    if np.isin(values, (0.0, 1.0)).all():
        return "binary"
    if (values == np.round(values)).all():
        if origin == "answers" and len(np.unique(values)) <= ORDINAL_LEVELS:
            return "ordinal"
        if values.min() >= 0:
            return "count"
    return "numeric"


def _unusable(column: pd.Series, kind: str) -> str:
    levels = column.nunique()
    if levels == 0:
        return "empty"
    if levels == 1:
        return "constant"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    if kind == "nominal" and (levels > NOMINAL_LEVELS or levels > max(2, column.count() // 2)):
        return "free_text"
    return ""


def _roles(study: Study, catalog: pd.DataFrame, natural: pd.DataFrame, held_back: tuple[str, ...], min_coverage: float
           ) -> pd.DataFrame:
    book = _codebook(study)
    coverage = natural.notna().mean()
    reasons = (
        ("few_people", lambda name: coverage[name] < min_coverage),
        ("attribute", lambda name: catalog.loc[name, ORIGIN] == ATTRIBUTES),
        ("codebook", lambda name: book.get(name, {}).get(ROLE) == "held_back"),
        ("asked", lambda name: name in held_back),
    )
    for why, holds in reasons:
        names = [name for name in catalog.index if holds(name)]
        catalog.loc[names, ROLE], catalog.loc[names, "why"] = "held_back", why
    return catalog


def _none_active(catalog: pd.DataFrame) -> str:
    counts = catalog["why"].value_counts()
    why = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no usable column in any table"
    return (f"features: none is active ({why}). Give a table of habits, answers or codes, change roles in the codebook, "
            f"or lower min_coverage.")


# ---------------------------------------------------------------- scales
@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled:
    """A feature on the analysis scale and how many values were drawn in."""

    values: pd.Series
    drawn_in: int = 0


def _scale(column: pd.Series, kind: str) -> Scaled:
    if kind == "nominal":
        words = column.map(str, na_action="ignore").astype("str")
        return Scaled(values=words.astype(pd.CategoricalDtype(sorted(words.dropna().unique()))))
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise StudyError(f"{column.name}: kind {kind} needs numbers, found text ({first_five(column.dropna())}). "
                         f"Write numbers, or give it kind nominal.")
    values = column.to_numpy(float, na_value=np.nan).copy()
    endless = np.isinf(values)
    if endless.any():
        raise StudyError(f"{column.name}: {int(endless.sum())} infinite values ({first_five(column.index[endless])}). "
                         f"Replace them or leave the feature out.")
    if kind == "binary":
        return Scaled(values=pd.Series(_yes_no(values, str(column.name)), index=column.index, name=column.name))
    values = _transform(values, kind, str(column.name))
    low, high = _bounds(values)
    drawn = int(((values < low) | (values > high)).sum())
    values = np.clip(values, low, high)
    spread = np.nanstd(values)
    if spread > 0:
        values = (values - np.nanmean(values)) / (2 * spread)
    return Scaled(values=pd.Series(values, index=column.index, name=column.name), drawn_in=drawn)


def _yes_no(values: np.ndarray, name: str) -> np.ndarray:
    levels = np.unique(values[~np.isnan(values)])
    if len(levels) > 2:
        raise StudyError(f"{name}: kind binary with {len(levels)} different values ({first_five(levels)}). "
                         f"Use 0 and 1, or give it another kind.")
    return np.where(np.isnan(values), np.nan, (values == levels[-1]).astype(float))


def _transform(values: np.ndarray, kind: str, name: str) -> np.ndarray:
    given = values[~np.isnan(values)]
    if kind == "share":
        if given.min() < 0 or given.max() > 100:
            raise StudyError(f"{name}: kind share with values from {given.min():g} to {given.max():g}. "
                             f"Give shares from 0 to 1 or percentages, or another kind.")
        return np.arcsin(np.sqrt(values if given.max() <= 1 else values / 100))
    if kind in ("count", "numeric") and given.min() >= 0 and stats.skew(given) > SKEWED:
        return np.log1p(values / np.median(given[given > 0]))
    return values


def _bounds(values: np.ndarray) -> tuple[float, float]:
    """Return four robust standard deviations around the median; where half the values are equal, the plain ones."""
    first, middle, third = np.nanquantile(values, (0.25, 0.5, 0.75))
    spread = (third - first) / 1.349
    if spread <= 0:
        middle, spread = np.nanmean(values), np.nanstd(values)
    return middle - FAR * spread, middle + FAR * spread


# ---------------------------------------------------------------- copies and notes
def _correlation(table: pd.DataFrame, catalog: pd.DataFrame) -> pd.DataFrame:
    names = [str(name) for name in sorted(table.columns, key=str)
             if catalog.loc[name, ROLE] == "active" and catalog.loc[name, KIND] != "nominal"]
    least = max(3, len(table) // 2)
    return table[names].astype(float).corr(min_periods=least).abs().fillna(0.0)


def _copies(table: pd.DataFrame, catalog: pd.DataFrame) -> dict[str, str]:
    """Find active features that repeat another; of two, the first in the order of names stays."""
    near = _correlation(table, catalog)
    copies: dict[str, str] = {}
    for i, name in enumerate(near.columns):
        for other in near.columns[:i]:
            if other not in copies and near.iloc[i][other] > COPY:
                copies[name] = other
                break
    return copies


def _people_notes(study: Study, sources: Sequence[Source], natural: pd.DataFrame, catalog: pd.DataFrame
                  ) -> Iterator[Sentence]:
    left = len(study.participants) - len(natural)
    if left:
        yield Sentence(key="features.people_left_out", values={"n": left, "of": len(study.participants)})
    few = catalog[catalog["why"] == "few_people"]
    for _, rows in few.groupby(ORIGIN, sort=True):
        people = int(natural[list(rows.index)].notna().any(axis=1).sum())
        yield Sentence(key="features.few_people", values={"n": len(rows), "people": people, "of": len(natural)})


def _value_notes(table: pd.DataFrame, catalog: pd.DataFrame, drawn_in: Mapping[str, int]) -> Iterator[Sentence]:
    active = [str(name) for name in catalog.index[catalog[ROLE] == "active"]]
    drawn = {name: count for name, count in drawn_in.items() if name in active}
    if drawn:
        most = sorted(drawn, key=lambda name: (-drawn[name], name))[:3]
        yield Sentence(key="features.drawn_in", values={"n": sum(drawn.values()), "features": most, "all": len(drawn)})
    for block in _blocks(_correlation(table, catalog)):
        if len(block) > len(active) / 3:
            yield Sentence(key="features.block", values={"n": len(block), "of": len(active), "features": block[:3]})
    style = _style(table[[name for name in active if catalog.loc[name, KIND] == "ordinal"]])
    if style > STYLE:
        yield Sentence(key="features.response_style", values={"share": style})


def _blocks(near: pd.DataFrame) -> list[list[str]]:
    from scipy.sparse.csgraph import connected_components

    if near.empty:
        return []
    label = connected_components(near.to_numpy() > BLOCK, directed=False)[1]
    return [list(near.columns[label == one]) for one in range(label.max() + 1) if (label == one).sum() >= 3]


def _style(ordinal: pd.DataFrame) -> float:
    """Return the share of the variance of four or more ordinal features that lies between people's mean answers."""
    if ordinal.shape[1] < 4:
        return 0.0
    total = ordinal.var(ddof=0).mean()
    return float(ordinal.mean(axis=1).var(ddof=0) / total) if total > 0 else 0.0


def _window(sources: Sequence[Source], catalog: pd.DataFrame) -> float | None:
    """Return the exposure window of the active features that come from events; NaN where these may have used all."""
    active = set(catalog.index[catalog[ROLE] == "active"])
    windows = {float(source.window_days) for source in sources
               if source.window_days is not None and active & set(source.frame.columns)}
    if not windows:
        return None
    return float("nan") if any(np.isnan(one) for one in windows) else max(windows)
