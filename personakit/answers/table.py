"""The table of answers: what the codebook leaves in, with the items of a scale replaced by its score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from personakit.answers.scales import SCALES, scale_name, score_scale
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.records import Study
from personakit.schema import KIND, ORIGIN, ROLE, TOUCHPOINT, read_values


def answer_table(study: Study, *, scales: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the answers of those who took part, one column a variable, with published scales scored.

    Use it as input of ``build_features``, which reads kinds and roles from the codebook. Where the codebook's ``instrument``
    names a scale of several items (``sus``, ``umux_lite``, ``ueq_s``) and holds all of them in their published order, its
    score stands in their place, so that ten items do not weigh ten times; see ``score_scale`` for the rules. It fills no
    gap and turns no answer round but as a scale says; a column that holds any word that is neither a number nor yes or no
    stays text.

    Parameters
    ----------
    study
        A study with answers. The codebook's ``low``, ``high`` and ``better`` of the items are used. A scale knows which of
        its items it turns round, whatever the codebook calls ``reverse`` (``reverse_items`` turns those).
    scales
        Names in ``SCALES`` to score, single questions too (``nps``, ``csat``, ``ces``). An empty list leaves every item as
        it is. By default the scales of several items that are complete.

    Returns
    -------
    DataFrame
        Indexed by participant_id (those with a row of answers), columns named as the variables, without those the codebook
        ignores; then one column a score: ``sus``, ``ueq_s_pragmatic`` and ``ueq_s_hedonic``, ``nps`` and so on, with the
        touchpoint, or else the variable, behind a colon where a scale was asked several times (``ces:Panier``). Numbers as
        numbers, yes and no as 1 and 0, other words as text, missing as NaN. ``attrs``: origin; about (score -> kind,
        label, and role held_back where an item of it is).

    Raises
    ------
    StudyError
        Where the study has no answers, its codebook ignores all of them, or a scale that was asked for is not whole or
        holds answers outside of its range.
    ChoiceError
        An unknown scale, or CES whose codebook does not say which answers are better.

    Examples
    --------
    >>> ids = pd.Index(["p1", "p2"], name="participant_id")
    >>> answers = pd.DataFrame({"member": ["yes", "no"], "meets": [7, 4], "easy": [6, 4]}, index=ids)
    >>> codebook = pd.DataFrame({"variable": ["meets", "easy"], "instrument": "UMUX-Lite"})
    >>> study = Study(name="tiny", participants=pd.DataFrame(index=ids), answers=answers, codebook=codebook)
    >>> answer_table(study).round(1).to_dict("list")
    {'member': [1, 0], 'umux_lite': [91.7, 50.0]}
    """
    if study.answers is None:
        raise StudyError(f"{study.name}: has no answers. Add [answers] to study.toml, or leave this step out.")
    kept = [name for name in study.answers.columns if name not in _ignored(study)]
    if not kept:
        raise StudyError(f"answers: the codebook ignores all {study.answers.shape[1]} variables. Change the role of those "
                         f"you want to use.")
    table = study.answers[kept].apply(read_values)
    asked = list(_asked(study, table, scales))
    scored = [_score(table, one) for one in asked]
    used = {item for one in asked for item in one.book.index}
    out = pd.concat([table.drop(columns=[name for name in kept if name in used]), *scored], axis=1)
    out.attrs = {ORIGIN: "answers"}
    if scored:
        out.attrs["about"] = {str(name): one.about for one, part in zip(asked, scored, strict=True) for name in part}
    return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A scale as it was asked once: its rows of the codebook (index variable), and what its scores are called."""

    scale: str
    book: pd.DataFrame
    suffix: str

    @property
    def about(self) -> dict[str, str]:
        """Say what ``build_features`` should know of the scores."""
        out = {KIND: "numeric"}
        if ROLE in self.book and self.book[ROLE].eq("held_back").any():
            out[ROLE] = "held_back"
        if len(self.book) == 1 and "label" in self.book and _said(self.book["label"].iloc[0]):
            out["label"] = str(self.book["label"].iloc[0])
        return out


def _said(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _ignored(study: Study) -> set[str]:
    if study.codebook is None or ROLE not in study.codebook:
        return set()
    return set(study.codebook.loc[study.codebook[ROLE] == "ignore", "variable"])


def _asked(study: Study, table: pd.DataFrame, scales: Sequence[str] | None) -> Iterator[Asked]:
    """Find the scales that the codebook names; those asked for must be whole."""
    wanted = None if scales is None else [scale_name(one) for one in ([scales] if isinstance(scales, str) else scales)]
    for one in wanted or ():
        if one not in SCALES:
            raise ChoiceError(unknown_name("scale", one, list(SCALES)))
    book = pd.DataFrame({"instrument": []}) if study.codebook is None else study.codebook.set_index("variable")
    names = book["instrument"].map(lambda word: scale_name(word) if _said(word) else "") if "instrument" in book else None
    for scale in SCALES if wanted is None else wanted:
        mine = book.iloc[:0] if names is None else book[names == scale]
        if wanted is None and SCALES[scale].items == 1:
            continue
        for asked in _times_asked(scale, mine):
            there = [item for item in asked.book.index if item in table]
            if len(there) == len(asked.book) == SCALES[scale].items:
                yield asked
            elif wanted is not None:
                raise StudyError(f"{scale}: the answers hold {len(there)} of its {SCALES[scale].items} items "
                                 f"({first_five(there)}){asked.suffix}. Name all of them in the codebook, in their "
                                 f"published order, with instrument {scale}.")
        if wanted is not None and not len(mine):
            raise StudyError(f"{scale}: no variable of the codebook has this instrument. Name its items there.")


def _times_asked(scale: str, book: pd.DataFrame) -> list[Asked]:
    touchpoint = book[TOUCHPOINT].where(book[TOUCHPOINT].map(_said), "") if TOUCHPOINT in book else None
    if SCALES[scale].items == 1:  # each question is a measure of its own
        key = pd.Series(book.index, index=book.index)
        key = key if touchpoint is None else touchpoint.where(touchpoint.ne("") & ~touchpoint.duplicated(keep=False), key)
    else:
        key = touchpoint if touchpoint is not None else pd.Series("", index=book.index)
    groups = list(book.groupby(key, sort=False))
    return [Asked(scale=scale, book=rows, suffix=f":{name}" if name and len(groups) > 1 else "") for name, rows in groups]


def _score(table: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    one = {name: values.dropna().unique() for name, values in asked.book.items() if name in ("better", "low", "high")}
    said = {name: values[0] for name, values in one.items() if len(values) == 1}
    scores = score_scale(table[list(asked.book.index)], asked.scale, **said)
    whole = asked.scale in scores and len(scores.columns) > 1  # the mean of the parts would count them twice
    return scores.drop(columns=asked.scale if whole else []).add_suffix(asked.suffix)
