"""How far coders agree: percent, Cohen's kappa and Krippendorff's alpha, with the person as the unit of chance."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.coding.table import SEPARATOR, codes_of, roll_up
from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.inference import expanded_level, one_thread, percentile_interval, person_weights
from personakit.records import Study
from personakit.schema import CODE, CODER, END, PARTICIPANT, SOURCE, START

METRICS = ("nominal", "ordinal", "interval", "ratio")
UNITS = ("interview", "passage")
UNCODED = ("missing", "absent")
COLUMNS = {"units": "int64", "uncoded": "int64", "agreement": "float64", "disagreement": "float64", "kappa": "float64",
           "alpha": "float64", "low": "float64", "high": "float64"}


@one_thread()
def coder_agreement(
    coded: Study | pd.DataFrame,
    *,
    metric: str = "nominal",
    unit: str = "interview",
    uncoded: str = "missing",
    level: int | None = None,
    seed: int,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Measure how far coders agree beyond chance: for each code of a study, or for a table of ratings.

    Use it on interviews that several people coded, before their codes make or describe personas. It cannot tell who is
    right, nor whether a code means something; and with few double-coded interviews the interval says little more than that.

    Parameters
    ----------
    coded
        A study whose codes name their coder: each coder gives a code to a unit (1) or does not (0). Or a table of ratings,
        one row a unit (an answer, say), one column a coder, empty where a coder left the unit uncoded.
    metric
        How far two values of a table are apart: ``nominal`` (equal or not), ``ordinal`` (numbers or ordered categories),
        ``interval`` or ``ratio``. For yes/no codes all but ratio are the same.
    unit
        Of a study: ``interview``, or ``passage``: places of a source that overlap, whoever marked them.
    uncoded
        What it means that a coder gave a unit no code at all: ``missing``, nobody disagreed there (the unit is counted in
        ``uncoded``), or ``absent``, the coder saw it and found none of the codes.
    level
        Of a study whose codes are paths (``consent > language``): agree on so many of their steps, as ``code_table`` rolls
        them up. Coders who mean one theme and differ in its details agree at level 1.
    seed, replicates
        Of the bootstrap: people are drawn where the units name them, units otherwise.

    Returns
    -------
    DataFrame
        Indexed by code, ``all`` first (every unit and code together); of ratings only ``all``. ``units`` with two values or
        more; ``uncoded``, units that some coder left out; ``agreement``, share of pairs of values that are equal, and
        ``disagreement``, the rest; ``kappa``, Cohen's, the mean over pairs of coders; ``alpha``, Krippendorff's, with
        ``low`` and ``high`` (95 %). kappa and alpha are NaN where nothing varies: then agreement cannot be told from chance.

    Raises
    ------
    StudyError
        No codes or no coders, no positions for passages, ratings that do not suit the metric.
    ChoiceError
        An unknown metric, unit or meaning of uncoded; a level below 1, or of a table of ratings.
    TooFewError
        One coder only, or no unit that two coders coded.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales; Light (1971), for more than two coders; Krippendorff (2011),
    Computing Krippendorff's alpha-reliability; Hayes & Krippendorff (2007). The interval is the percentile bootstrap over
    people, as codes of one interview hang together, widened for few people (Hesterberg, 2015).

    Examples
    --------
    >>> ratings = pd.DataFrame({"A": [1, 2, 3, 3, 2], "B": [1, 2, 3, 3, 2], "C": [None, 3, 3, 3, 2]})
    >>> found = coder_agreement(ratings, metric="ordinal", seed=7)
    >>> found[["units", "uncoded", "agreement", "alpha"]].round(3).to_dict("list")
    {'units': [5], 'uncoded': [1], 'agreement': [0.846], 'alpha': [0.823]}
    """
    for name, asked, allowed in (("metric", metric, METRICS), ("unit", unit, UNITS), ("uncoded", uncoded, UNCODED)):
        if asked not in allowed:
            raise ChoiceError(unknown_name(name, asked, allowed))
    if level is not None and (level < 1 or not isinstance(coded, Study)):
        raise ChoiceError(f"level: {level} cannot be used. Ask for 1 or more steps, of a study whose codes are paths.")
    if isinstance(coded, Study):
        tables = dict(_of_study(roll_up(codes_of(coded), level, SEPARATOR), unit, uncoded))
    else:
        tables = {"all": _ratings(coded, metric)}
    if tables["all"].notna().sum(axis=1).max() < 2:
        raise TooFewError("coders: no unit was coded by two of them. Let two people code some of the same interviews.")
    everyone = _people(tables["all"]).unique()
    weights = person_weights(len(everyone), replicates=replicates, seed=seed)
    rows = {name: _measures(table, metric, everyone, weights) for name, table in tables.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(CODE)[list(COLUMNS)].astype(COLUMNS)


# ---------------------------------------------------------------- from codes or ratings to units x coders


def _of_study(codes: pd.DataFrame, unit: str, uncoded: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the 0/1 tables (units, coders): of all codes together, then of each code."""
    if CODER not in codes or codes[CODER].isna().all():
        raise StudyError("codes.coder: the codes do not say who coded them. Add a coder column.")
    codes = codes[codes[CODER].notna()]
    coders = sorted(codes[CODER].unique())
    if len(coders) < 2:
        raise TooFewError(f"codes.coder: only one coder ({coders[0]}). Agreement needs two; let someone else code some of "
                          f"the same interviews.")
    codes = codes.assign(place=_passages(codes) if unit == "passage" else 0)
    given = pd.crosstab([codes[PARTICIPANT], codes["place"]], [codes[CODE], codes[CODER]]) > 0
    seen = (pd.crosstab([codes[PARTICIPANT], codes["place"]], codes[CODER]) > 0)[coders]
    tables = {code: given[code].reindex(columns=coders, fill_value=False).astype(float)
              for code in sorted(codes[CODE].unique())}
    if uncoded == "missing":
        tables = {code: table.where(seen) for code, table in tables.items()}
    yield "all", pd.concat(tables.values())
    yield from tables.items()


def _passages(codes: pd.DataFrame) -> pd.Series:
    """Give each place of a source a number: marks that overlap are one place."""
    if START not in codes or END not in codes or codes[[START, END]].isna().any(axis=None):
        raise StudyError("codes.start: passages need the start and end of every code. Use unit='interview'.")
    within = [PARTICIPANT, SOURCE] if SOURCE in codes else [PARTICIPANT]
    ordered = codes.sort_values([*within, START, END], kind="stable")
    text = ordered.groupby(within, dropna=False, sort=False).ngroup()
    reach = ordered.groupby(text)[END].cummax().groupby(text).shift()
    return (reach.isna() | (ordered[START] >= reach)).cumsum().reindex(codes.index)


def _ratings(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return ratings as numbers; words, where only equality counts, as the places of their levels."""
    if table.shape[1] < 2:
        raise TooFewError(f"ratings: {table.shape[1]} coder. Agreement needs two columns or more, one a coder.")
    out = pd.DataFrame(index=table.index)
    words = pd.unique(table.astype(object).where(table.notna()).to_numpy().ravel())
    levels = {word: place for place, word in enumerate(sorted((one for one in words if pd.notna(one)), key=str))}
    for number, (name, column) in enumerate(table.items()):
        if metric == "nominal":
            out[number] = column.astype(object).map(levels).astype(float)
        elif isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered and metric == "ordinal":
            out[number] = column.cat.codes.where(column.notna()).astype(float)
        elif pd.api.types.is_numeric_dtype(column.dtype):
            out[number] = column.astype(float)
        else:
            raise StudyError(f"ratings.{name}: metric {metric} needs numbers, found {first_five(column.dropna())}. "
                             f"Write numbers, use ordered categories (ordinal), or metric='nominal'.")
    if metric == "ratio" and (out < 0).any(axis=None):
        raise StudyError("ratings: metric ratio needs values from 0 up. Use metric='interval'.")
    return out


def _people(table: pd.DataFrame) -> pd.Index:
    """Return whose each unit is; a unit of its own where the table does not say."""
    named = PARTICIPANT in table.index.names
    return table.index.get_level_values(PARTICIPANT) if named else pd.RangeIndex(len(table))


# ---------------------------------------------------------------- the measures


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Coincidences of values, summed by person: ``cells`` (people, c) of the pairs of levels ``first`` and ``second`` (c)
    that occur, and ``margins`` (people, levels). Each value of a unit is paired with the others, which share its weight.
    """

    cells: np.ndarray
    first: np.ndarray
    second: np.ndarray
    margins: np.ndarray
    levels: np.ndarray


def _measures(table: pd.DataFrame, metric: str, everyone: pd.Index, weights: np.ndarray) -> dict[str, float]:
    values = table.to_numpy(dtype=float)
    known = ~np.isnan(values)
    paired = known.sum(axis=1) >= 2
    person = everyone.get_indexer(_people(table))[paired]
    pairs = _pairs(values[paired], person, len(everyone))
    draws = _alpha(pairs, metric, weights.astype(float))
    low, high = percentile_interval(draws, level=expanded_level(len(np.unique(person))))
    counts = [(int((one == other)[both].sum()), int(both.sum())) for one, other, both in _coder_pairs(values)]
    agreed, of = (sum(part) for part in zip(*counts, strict=True))
    agreement = agreed / of if of else np.nan
    kappas = [_kappa(one[both], other[both]) for one, other, both in _coder_pairs(values) if both.any()]
    return {"units": int(paired.sum()), "uncoded": int((~known).any(axis=1).sum()), "agreement": agreement,
            "disagreement": 1 - agreement, "kappa": float(np.mean(kappas)) if kappas else np.nan,
            "alpha": float(_alpha(pairs, metric, np.ones((1, len(everyone))))[0]), "low": float(low), "high": float(high)}


def _coder_pairs(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    for one, other in itertools.combinations(values.T, 2):
        yield one, other, ~np.isnan(one) & ~np.isnan(other)


def _kappa(one: np.ndarray, other: np.ndarray) -> float:
    levels = np.union1d(one, other)
    chance = sum((one == level).mean() * (other == level).mean() for level in levels)
    return float(((one == other).mean() - chance) / (1 - chance)) if chance < 1 else np.nan


def _pairs(values: np.ndarray, person: np.ndarray, people: int) -> Pairs:
    levels, place = np.unique(values, return_inverse=True)
    known = ~np.isnan(values)
    place = np.where(known, place.reshape(values.shape), 0)
    levels = levels[~np.isnan(levels)]
    size = len(levels)
    unit_weight = 1 / np.maximum(known.sum(axis=1) - 1, 1)
    cell, share, who = [], [], []
    for one, other in itertools.permutations(range(values.shape[1]), 2):
        both = known[:, one] & known[:, other]
        cell.append(place[both, one] * size + place[both, other])
        share.append(unit_weight[both])
        who.append(person[both])
    used, at = np.unique(np.concatenate(cell), return_inverse=True)
    cells, margins = np.zeros((people, len(used))), np.zeros((people, size))
    np.add.at(cells, (np.concatenate(who), at), np.concatenate(share))
    np.add.at(margins, (np.repeat(person, known.sum(axis=1)), place[known]), 1.0)
    return Pairs(cells=cells, first=used // max(size, 1), second=used % max(size, 1), margins=margins, levels=levels)


def _alpha(pairs: Pairs, metric: str, weights: np.ndarray) -> np.ndarray:
    """Compute alpha under each row of weights of people: 1 - observed over expected disagreement."""
    coincidences, margins = weights @ pairs.cells, weights @ pairs.margins
    total = margins.sum(axis=1)
    if metric == "ordinal":  # the distance of two levels is that of their mid-ranks, which change with the margins
        ranks = np.cumsum(margins, axis=1) - margins / 2
        observed = (coincidences * (ranks[:, pairs.first] - ranks[:, pairs.second]) ** 2).sum(axis=1)
        middle = np.divide((margins * ranks).sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
        expected = 2 * total * (margins * (ranks - middle[:, None]) ** 2).sum(axis=1)
    else:
        distance = _distances(pairs.levels, metric)
        observed = coincidences @ distance[pairs.first, pairs.second]
        expected = ((margins @ distance) * margins).sum(axis=1)
    return np.where(expected > 1e-12 * np.maximum(total, 1) ** 2,
                    1 - (total - 1) * observed / np.where(expected > 0, expected, 1.0), np.nan)


def _distances(levels: np.ndarray, metric: str) -> np.ndarray:
    apart = np.abs(np.subtract.outer(levels, levels))
    if metric == "nominal":
        return (apart > 0).astype(float)
    if metric == "ratio":
        both = np.add.outer(levels, levels)
        apart = np.divide(apart, both, out=np.zeros_like(apart), where=both > 0)
    return apart**2
