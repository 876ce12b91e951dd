"""Scored scales: what each asks for, how it is scored, what a missing item means, and where this comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.schema import promoter_score, top_two_score

BETTER = ("high", "low")
#: digits of a score: fewer than rounding noise reaches
DIGITS = 9


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """A published scale.

    ``items`` in their published order, asked from ``low`` to ``high``; ``against``: the positions (from 0) of the items
    that are worded against the others. ``missing``: how many items of a part may lack; a lacking item counts as
    ``filled`` (0 to 1 of the range) or, where that is None, as the mean of the others. ``parts``: score -> its items.
    ``score`` turns the mean of a part, from 0 (worst) to 1 (best), into the published units, given low and high, which are
    ``fixed`` where the published cuts make sense for them only.
    """

    items: int
    low: float
    high: float
    parts: Mapping[str, tuple[int, ...]]
    score: Callable[[np.ndarray, float, float], np.ndarray]
    source: str
    against: tuple[int, ...] = ()
    missing: int = 0
    filled: float | None = None
    must_say_better: bool = False
    fixed: bool = False


def _hundred(mean: np.ndarray, low: float, high: float) -> np.ndarray:
    return 100 * mean


def _own_units(mean: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + mean * (high - low)


def _three_to_three(mean: np.ndarray, low: float, high: float) -> np.ndarray:
    return 6 * mean - 3


def _promoter(mean: np.ndarray, low: float, high: float) -> np.ndarray:
    return promoter_score(mean)


def _top_two(mean: np.ndarray, low: float, high: float) -> np.ndarray:
    return top_two_score(mean, high - low)


def _whole(name: str, items: int) -> dict[str, tuple[int, ...]]:
    return {name: tuple(range(items))}


#: name -> scale, as the codebook's ``instrument`` names it
SCALES: Mapping[str, Scale] = MappingProxyType({
    "sus": Scale(
        items=10, low=1, high=5, parts=_whole("sus", 10), against=(1, 3, 5, 7, 9), missing=2, filled=0.5, score=_hundred,
        source="Brooke (1996), SUS: a quick and dirty usability scale"),
    "umux_lite": Scale(
        items=2, low=1, high=7, parts=_whole("umux_lite", 2), score=_hundred,
        source="Lewis, Utesch and Maher (2013), UMUX-LITE: when there's no time for the SUS"),
    "ueq_s": Scale(
        items=8, low=1, high=7, missing=1, score=_three_to_three,
        parts={"ueq_s_pragmatic": (0, 1, 2, 3), "ueq_s_hedonic": (4, 5, 6, 7), "ueq_s": tuple(range(8))},
        source="Schrepp, Hinderks and Thomaschewski (2017), Design and evaluation of a short version of the UEQ (UEQ-S)"),
    "nps": Scale(
        items=1, low=0, high=10, parts=_whole("nps", 1), score=_promoter, fixed=True,
        source="Reichheld (2003), The one number you need to grow"),
    "csat": Scale(
        items=1, low=1, high=5, parts=_whole("csat", 1), score=_top_two,
        source="Farris, Bendle, Pfeifer and Reibstein (2010), Marketing metrics: customer satisfaction, top two boxes"),
    "ces": Scale(
        items=1, low=1, high=7, parts=_whole("ces", 1), score=_own_units, must_say_better=True,
        source="Dixon, Freeman and Toman (2010), Stop trying to delight your customers; 2.0: Dixon et al. (2013)"),
})


def score_scale(
    answers: pd.DataFrame,
    scale: str,
    *,
    better: str | None = None,
    low: float | None = None,
    high: float | None = None,
    turned: Collection[str] = (),
) -> pd.DataFrame:
    """Score the items of a published scale, one row a participant.

    Use it to report a scale, or to enter one number in place of its items. It cannot tell whether the items were asked as
    published, nor whether a change of wording or of labels broke the scale.

    ========== ===== ====== ============================================ ====================================
    scale      items asked  score of a participant                       a missing item
    ========== ===== ====== ============================================ ====================================
    sus        10    1–5    0–100; even items are turned round           up to 2 count as the centre (Brooke)
    umux_lite  2     1–7    0–100                                        no score
    ueq_s      8     1–7    −3 to 3: pragmatic (items 1–4), hedonic      one a part: mean of the others;
                            (5–8), and all                               more: no score
    nps        1     0–10   100 promoter (9, 10), 0, −100 detractor      no score
                            (0–6): the mean over people is the NPS
    csat       1     1–5    100 for the two best answers, else 0: the    no score
                            mean over people is the CSAT in percent
    ces        1     1–7    the answer, turned round where low is        no score
                            better: more is always less effort
    ========== ===== ====== ============================================ ====================================

    Parameters
    ----------
    answers
        The items in their published order (people, items), numbers from low to high.
    scale
        A name in ``SCALES``; capitals, spaces and hyphens do not matter.
    better
        ``"high"`` or ``"low"``: which answers are good. CES needs it, for both polarities are in use; the others are better
        when high unless you say so.
    low, high
        The ends that were offered, where they are not those of the table above (UMUX-Lite on 5 points, UEQ-S on −3 to 3).
    turned
        Items that were already turned round when the file was read: they are not turned again.

    Returns
    -------
    DataFrame (people, scores)
        One column a score; ``ueq_s`` gives ``ueq_s_pragmatic, ueq_s_hedonic, ueq_s``.

    Raises
    ------
    ChoiceError
        An unknown scale, or CES without ``better``.
    StudyError
        Another number of items, text, or answers outside of low to high.

    References
    ----------
    ``SCALES[name].source`` names the source of each.

    Examples
    --------
    >>> sus = pd.DataFrame([[4, 2, 4, 1, 5, 2, 4, 2, 4, 2], [3] * 10], index=["p1", "p2"])
    >>> score_scale(sus, "SUS")["sus"].tolist()  # odd items less 1, even items from 5: (16 + 16) * 2.5
    [80.0, 50.0]
    >>> score_scale(pd.DataFrame({"recommend": [10, 9, 8, 6]}), "nps")["nps"].mean()  # 2 promoters less 1 detractor of 4
    np.float64(25.0)
    """
    name = scale_name(scale)
    if name not in SCALES:
        raise ChoiceError(unknown_name("scale", scale, list(SCALES)))
    known = SCALES[name]
    better = _better(name, known, better)
    ends = (known.low if low is None else float(low), known.high if high is None else float(high))
    values = (_items(answers, name, known, ends) - ends[0]) / (ends[1] - ends[0])
    against = [column in known.against and label not in turned for column, label in enumerate(answers.columns)]
    values[:, against] = 1 - values[:, against]
    values = values if better == "high" else 1 - values
    scores = {part: known.score(_mean(values[:, list(which)], known), *ends) for part, which in known.parts.items()}
    return pd.DataFrame(scores, index=answers.index).round(DIGITS)


def scale_name(instrument: str) -> str:
    """Spell the name of an instrument as ``SCALES`` does.

    Examples
    --------
    >>> scale_name("UEQ-S"), scale_name("UMUX Lite")
    ('ueq_s', 'umux_lite')
    """
    return instrument.strip().casefold().replace("-", "_").replace(" ", "_")


def _better(name: str, scale: Scale, better: str | None) -> str:
    if better is None and scale.must_say_better:
        raise ChoiceError(f"{name}: better is not said. Say \"high\" where much is easy (\"the company made it easy\") and "
                          f"\"low\" where much is effort (\"how much effort was it\"), in the codebook's column better.")
    if better is not None and better not in BETTER:
        raise ChoiceError(unknown_name("better", better, BETTER))
    return better or "high"


def _items(answers: pd.DataFrame, name: str, scale: Scale, ends: tuple[float, float]) -> np.ndarray:
    if answers.shape[1] != scale.items:
        raise StudyError(f"{name}: has {scale.items} items, {answers.shape[1]} were given ({first_five(answers.columns)}). "
                         f"Give all of them in their published order.")
    if not len(answers):
        raise TooFewError(f"{name}: no participant answered. Check the table.")
    if not ends[0] < ends[1] or (scale.fixed and ends != (scale.low, scale.high)):
        allowed = f"{scale.low:g} to {scale.high:g}" if scale.fixed else "low below high"
        raise StudyError(f"{name}: cannot be scored from {ends[0]:g} to {ends[1]:g}. Give {allowed}.")
    text = [column for column in answers if not pd.api.types.is_numeric_dtype(answers[column].dtype)
            and answers[column].notna().any()]
    if text:
        raise StudyError(f"{name}: {len(text)} items hold text ({first_five(text)}). Write numbers from {ends[0]:g} to "
                         f"{ends[1]:g}.")
    values = answers.to_numpy(float, na_value=np.nan)
    outside: np.ndarray = np.any((values < ends[0]) | (values > ends[1]), axis=1)
    if outside.any():
        raise StudyError(f"{name}: {int(outside.sum())} of {len(answers)} participants answered outside of {ends[0]:g} to "
                         f"{ends[1]:g} ({first_five(answers.index[outside])}). Correct them, or give low and high.")
    return values


def _mean(values: np.ndarray, scale: Scale) -> np.ndarray:
    lacking = np.isnan(values)
    lack = lacking.sum(axis=1)
    if scale.filled is not None:
        values = np.where(lacking, scale.filled, values)
    given = np.maximum((~np.isnan(values)).sum(axis=1), 1)
    return np.where(lack <= scale.missing, np.nansum(values, axis=1) / given, np.nan)
