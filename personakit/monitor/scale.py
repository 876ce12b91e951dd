"""A later wave on the scale of an earlier one, and its people in the personas of then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five
from personakit.records import Features, Personas
from personakit.schema import KIND, PERSONA


def carry_over(
    personas: Personas, *tables: pd.DataFrame | None, place: Callable[[pd.DataFrame], pd.DataFrame], by: str, reason: str,
    when: str = "",
) -> Personas:
    """Place the people of a later wave in the personas of an earlier one, by the rule that made them, names and all.

    Use it before ``compare_waves``. Nothing is fitted again: the values of the new wave are put on the scale of the old one
    (what was done to each value then is done to it now) and ``place`` says who is who. It cannot tell whether the personas
    still suit these people: that is what ``compare_waves`` asks.

    Parameters
    ----------
    personas
        Chosen or recommended personas of the earlier wave.
    *tables
        Frames of the later wave indexed by participant_id, made as those of the earlier one were (``behaviour_table`` with
        the same window, ``answer_table``, ``code_table``); None is skipped.
    place
        A function of a table on the old scale to memberships, such as ``partial(assign, candidates, personas.candidate)``.
    by, reason, when
        Who decided to keep the personas, why, and when: kept in ``decisions``.

    Returns
    -------
    Personas
        The membership of the new people who have at least one active value. ``features`` holds the old active features, and
        those held-back ones that the tables have, on the old scale and in natural units.

    Raises
    ------
    ChoiceError
        A feature that made the personas is missing in the tables.
    StudyError
        Values of another kind than then; the old scale mixed several features (a remedy), so that one value alone has no
        place on it; a column in two tables; no ``by`` or ``reason``.
    TooFewError
        Nobody has an active value.

    Examples
    --------
    >>> from personakit.monitor._examples import two_waves
    >>> old, visits, place = two_waves()
    >>> carry_over(old, visits, place=place, by="RK", reason="a year later").labels.tolist()
    ['P1', 'P1', 'P2']
    """
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise StudyError(f"carry_over: {name} is empty. Say who keeps the personas, and why.")
    features = _on_old_scale(personas.features, _joined(tables))
    said = pd.DataFrame([("carried_over", "", personas.candidate, by, reason, when)],
                        columns=["act", PERSONA, "value", "by", "reason", "when"])
    return replace(personas, membership=place(features.active), features=features,
                   decisions=pd.concat([personas.decisions, said], ignore_index=True))


def _joined(tables: tuple[pd.DataFrame | None, ...]) -> pd.DataFrame:
    given = [one for one in tables if one is not None]
    if not given:
        raise StudyError("carry_over: no table of the later wave was given. Give those that made the earlier features.")
    values = pd.concat(given, axis=1)
    twice = values.columns[values.columns.duplicated()]
    if len(twice):
        raise StudyError(f"carry_over: {len(twice)} columns are in two tables ({first_five(twice)}). Keep each once.")
    return values


def _on_old_scale(old: Features, values: pd.DataFrame) -> Features:
    active = list(old.active.columns)
    missing = [name for name in active if name not in values.columns]
    if missing:
        raise ChoiceError(f"carry_over: {len(missing)} of the {len(active)} features that made the personas are not in the "
                          f"tables ({first_five(missing)}). Build them, or map the names (events, items, codes) that "
                          f"changed.")
    values = values[values[active].notna().any(axis=1)]
    if not len(values):
        raise TooFewError("carry_over: nobody in the tables has a value of an active feature.")
    names = [name for name in old.table.columns if name in values.columns]
    table = pd.DataFrame({name: _as_before(old.natural[name], old.table[name], values[name], str(old.catalog.at[name, KIND]))
                          for name in names}, index=values.index)
    return replace(old, table=table, natural=values[names], catalog=old.catalog.loc[names], notes=())


def _as_before(natural: pd.Series, scale: pd.Series, values: pd.Series, kind: str) -> pd.Series:
    if kind == "nominal":
        words = values.map(str, na_action="ignore").astype("str")
        return words.where(words.isin(list(scale.cat.categories))).astype(scale.dtype)
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise StudyError(f"{natural.name}: was {kind} in the earlier wave and is text now ({first_five(values.dropna())}). "
                         f"Code it as then.")
    known = natural.notna() & scale.notna()
    seen, first = np.unique(natural[known].to_numpy(float), return_index=True)
    image = scale[known].to_numpy(float)
    if not np.allclose(image, image[first][np.searchsorted(seen, natural[known].to_numpy(float))], atol=1e-9):
        raise StudyError(f"{natural.name}: its scale depends on other features too (a remedy was used). Build the earlier "
                         f"wave without remedies to compare it with a later one.")
    return pd.Series(_interpolated(values.to_numpy(float, na_value=np.nan), seen, image[first]), index=values.index)


def _interpolated(values: np.ndarray, seen: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Read the old scale between the values seen then, and beyond them go on as it ran at its ends."""
    out = np.interp(values, seen, image)
    if len(seen) < 2:
        return np.where(np.isnan(values), np.nan, out)
    for beyond, end, near in ((values < seen[0], 0, 1), (values > seen[-1], -1, -2)):
        slope = (image[end] - image[near]) / (seen[end] - seen[near])
        out = np.where(beyond, image[end] + slope * (values - seen[end]), out)
    return np.where(np.isnan(values), np.nan, out)
