"""What a change has brought: measured as strictly as the way it was introduced allows, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm, t

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.eventlog import DAY_US
from personakit.frozen import Sentence, freeze, show, show_html
from personakit.inference import adjust_bh, newcombe_interval
from personakit.records import Personas
from personakit.schema import PERSONA, row_id

ALPHA = 0.05
#: below this the arms are not as large as was planned: something is wrong with who got which
SAMPLE_RATIO_ALPHA = 0.001
#: skewness of a difference of means beyond which its interval does not hold: Cochran's rule, n > 25 G^2, for one mean
SKEWED = 0.2
#: people in each part of a comparison
FEWEST = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangeEffect:
    """What a change has brought.

    ``effects``: evidence_id, persona (``all`` or P1 ...), kpi, role (kpi or guardrail), design, n_with, n_without, with_it,
    without_it (means; of a difference in differences, the changes of both), effect, low, high, p, q, verdict (raised,
    lowered, not_distinguishable; cannot_tell: a failed check, too few people or, where p alone is missing, a few very large
    values). ``checks``: check, value, p, passed. ``level`` is that of the intervals (higher than 95 % where looks are
    corrected for); ``why`` says it in sentences.
    """

    effects: pd.DataFrame
    checks: pd.DataFrame
    design: str
    level: float
    why: tuple[Sentence, ...]

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        first = self.effects.iloc[0]
        return show("ChangeEffect", {"design": self.design, first["kpi"]: first["verdict"]}, "read effects and checks")

    _repr_html_ = show_html


def measure_change(
    outcomes: pd.DataFrame, personas: Personas | None = None, *, kpi: str, guardrails: Sequence[str] = (),
    arms: pd.Series | None = None, when_us: int | None = None, exposed: pd.Series | None = None, window_days: float = 0.0,
    planned: Mapping[str, float] | None = None, look: tuple[int, int] = (1, 1),
) -> ChangeEffect:
    """Measure what a change has done to a figure, by person and for each persona, and say what the design allows to claim.

    What you hand in is the design. With ``arms`` (who was given which version, at random) it is an experiment: the
    difference is the effect. With ``when_us`` and ``exposed`` (some people meet the change and others cannot) it is a
    difference in differences: the effect, if both would have moved alike; their movement before is tested. With ``when_us``
    alone it is before and after: something moved or not, and nobody can tell why. Personas should be those of before the
    change: what people did after it must not have made them.

    Parameters
    ----------
    outcomes
        Participants by figures, from ``journey_outcomes``, joined with others such as answers (one value a person; NaN:
        not known yet). ``entered_us`` is needed with ``when_us``.
    personas
        For one row a persona beside ``all``.
    kpi, guardrails
        The figure that should move, and those that must not get worse.
    arms
        Participant -> one of two names; the first in alphabetical order is compared as *without* (name it a_control).
    when_us
        When the change came (UTC microseconds).
    exposed
        Participant -> whether the person could meet the change.
    window_days
        The window of the outcomes: whoever entered before the change and was watched beyond it is left out.
    planned
        Arm -> the share that was planned; halves by default.
    look
        (2, 4): the second of four planned looks at a running experiment; intervals widen accordingly.

    Returns
    -------
    ChangeEffect

    Raises
    ------
    ChoiceError
        A figure that ``outcomes`` does not hold.
    StudyError
        No design, two at once, not two arms, a date outside the data, a look beyond the planned ones.
    TooFewError
        Fewer than ten people with an outcome in a part of the comparison.

    References
    ----------
    Newcombe (1998) for differences of shares, put together as by Zou and Donner (2008) for a difference of two, tested as by
    Agresti and Caffo (2000); Welch (1947) for means, where Cochran (1977) allows; Lan and DeMets (1983), spending as
    O'Brien and Fleming (1979), for looks; Fabijan et al. (2019) for sample ratios; Card and Krueger (1994) for differences
    in differences.

    Examples
    --------
    >>> ids = pd.Index([f"p{one}" for one in range(400)], name="participant_id")
    >>> bought = pd.DataFrame({"buy": ([1.0] * 60 + [0.0] * 140) + ([1.0] * 100 + [0.0] * 100)}, index=ids)
    >>> arms = pd.Series(["a_old"] * 200 + ["b_new"] * 200, index=ids)
    >>> found = measure_change(bought, kpi="buy", arms=arms)
    >>> found.effects[["effect", "low", "high", "verdict"]].round(3).values.tolist()
    [[0.2, 0.104, 0.291, 'raised']]
    """
    outcomes = outcomes.assign(**{name: _figure(outcomes, name) for name in (kpi, *guardrails)})
    design = _design(arms, when_us, exposed)
    _check_people(outcomes, arms, exposed, window_days)
    level = 1 - spent(*look)
    parts, left_out = _parts(outcomes, design, arms, when_us, exposed, window_days)
    rows = []
    for persona, people in _groups(outcomes.index, personas).items():
        for name in dict.fromkeys((kpi, *guardrails)):
            rows.append({PERSONA: persona, "kpi": name, "role": "kpi" if name == kpi else "guardrail", "design": design,
                         **_effect(outcomes[name], [part & people for part in parts], level, strict=persona == "all")})
    checks = _checks(outcomes[kpi], parts, design, outcomes.get("entered_us"), planned, arms, left_out)
    sound = bool(checks["passed"].all())
    effects = pd.DataFrame(rows)
    effects["q"] = effects.groupby(["role", effects[PERSONA] == "all"])["p"].transform(lambda one: adjust_bh(one.to_numpy()))
    effects["verdict"] = [_verdict(row, sound, 1 - level) for row in effects.to_dict("records")]
    ids = [row_id("change", kpi, design, look, outcomes[row["kpi"]].to_numpy(float), *parts, row[PERSONA], row["kpi"])
           for row in effects.to_dict("records")]
    effects.insert(0, "evidence_id", ids)
    return ChangeEffect(effects=effects, checks=checks, design=design, level=level, why=_sentences(effects, checks, design))


def _figure(outcomes: pd.DataFrame, name: str) -> pd.Series:
    if name not in outcomes.columns:
        raise ChoiceError(unknown_name("figure", name, list(outcomes.columns)))
    try:
        values = pd.Series(outcomes[name].astype("Float64").to_numpy(float, na_value=np.nan), index=outcomes.index)
    except (TypeError, ValueError):
        raise StudyError(f"{name}: is not a number for everyone ({first_five(outcomes[name].dropna())}). Code it first.") \
            from None
    if np.isinf(values).any():
        raise StudyError(f"{name}: holds infinite values. Leave them empty, or give a limit.")
    return values


def _check_people(outcomes: pd.DataFrame, arms: pd.Series | None, exposed: pd.Series | None, window_days: float) -> None:
    if not len(outcomes):
        raise TooFewError("outcomes: nobody is in them.")
    for name, given in (("outcomes", outcomes), ("arms", arms), ("exposed", exposed)):
        if given is not None and given.index.has_duplicates:
            twice = given.index[given.index.duplicated()].unique()
            raise StudyError(f"{name}: {len(twice)} participants stand there more than once ({first_five(twice)}). "
                             f"One row a person.")
    strange = [] if exposed is None else [one for one in exposed.dropna().unique() if one not in (True, False)]
    if strange:
        raise StudyError(f"exposed: holds {first_five(strange)}. Say True or False for each person.")
    if not window_days >= 0:
        raise StudyError(f"window_days: {window_days} is no time. Give the window of the outcomes.")


def spent(look: int, looks: int) -> float:
    """Give the error that this look of so many planned ones may make, so that all together make 5 %.

    Examples
    --------
    >>> [round(spent(one, 3), 4) for one in (1, 2, 3)]
    [0.0007, 0.0157, 0.0336]
    """
    if not 1 <= look <= looks:
        raise StudyError(f"look: {look} of {looks} is not a look. Give (this one, how many are planned), such as (1, 3).")
    z = norm.ppf(1 - ALPHA / 2)
    by_now, by_then = (2 * norm.sf(z / np.sqrt(one / looks)) if one else 0.0 for one in (look, look - 1))
    return float(by_now - by_then)


def _design(arms: pd.Series | None, when_us: int | None, exposed: pd.Series | None) -> str:
    if arms is not None and (when_us is not None or exposed is not None):
        raise StudyError("measure_change: arms were given and a date too. An experiment needs arms alone: enter people from "
                         "its start with journey_outcomes(since_us=...).")
    if arms is not None:
        return "randomised"
    if when_us is None:
        raise StudyError("measure_change: no design. Give arms (an experiment), or when_us (a date), with exposed (who "
                         "could meet the change) if some could not.")
    return "before_after" if exposed is None else "difference_in_differences"


def _parts(outcomes: pd.DataFrame, design: str, arms: pd.Series | None, when_us: int | None, exposed: pd.Series | None,
           window_days: float) -> tuple[list[np.ndarray], int]:
    """Mark who is in each part: [with, without] or, of a difference in differences, [after, before] of both."""
    people = outcomes.index
    if arms is not None:
        names = sorted(arms.dropna().astype("str").unique())
        if len(names) != 2:
            raise StudyError(f"arms: {len(names)} different ({first_five(names)}). An experiment here has two.")
        own = arms.reindex(people).astype("str").to_numpy()
        return [own == names[1], own == names[0]], int((~np.isin(own, names)).sum())
    if "entered_us" not in outcomes.columns:
        raise StudyError("outcomes.entered_us: is missing, so nobody is before or after. Use journey_outcomes.")
    entered = outcomes["entered_us"].to_numpy(np.int64)
    if not entered.min() < when_us <= entered.max():  # type: ignore[operator]
        raise StudyError("when_us: the change lies outside the data: everybody entered on one side of it. "
                         "Give another date.")
    after = entered >= when_us
    before = entered + int(window_days * DAY_US) <= when_us
    left_out = int((~after & ~before).sum())
    if design == "before_after":
        return [after, before], left_out
    met = exposed.reindex(people)  # type: ignore[union-attr]
    yes, no = (met == True).to_numpy(bool), (met == False).to_numpy(bool)  # noqa: E712
    return [after & yes, before & yes, after & no, before & no], left_out + int(met.isna().sum())


def _groups(people: pd.Index, personas: Personas | None) -> dict[str, np.ndarray]:
    groups = {"all": np.ones(len(people), dtype=bool)}
    if personas is not None:
        label = personas.labels.reindex(people)
        groups |= {str(one): (label == one).to_numpy(bool) for one in personas.membership.columns}
    return groups


def _effect(figure: pd.Series, parts: list[np.ndarray], level: float, *, strict: bool) -> dict[str, float]:
    values = figure.to_numpy(float, na_value=np.nan)
    own = [values[part & ~np.isnan(values)] for part in parts]
    few = min(len(one) for one in own)
    if few < FEWEST and strict:
        raise TooFewError(f"{figure.name}: only {few} people with an outcome in a part of the comparison. "
                          f"At least {FEWEST} are needed.")
    n = {"n_with": sum(map(len, own[::2])) if len(own) == 2 else len(own[0]) + len(own[1]),
         "n_without": sum(map(len, own[1::2])) if len(own) == 2 else len(own[2]) + len(own[3])}
    if few < FEWEST:
        return {**n, **dict.fromkeys(("with_it", "without_it", "effect", "low", "high", "p"), np.nan)}
    return {**n, **_difference(own, level)}


def _difference(own: list[np.ndarray], level: float) -> dict[str, float]:
    """Compare two parts, or the differences of two and two, as a share or as a mean."""
    if not set(np.unique(np.concatenate(own))) <= {0.0, 1.0}:
        return _of_means(own, level)
    return _of_shares(own[0], own[1], level) if len(own) == 2 else _of_moved_shares(own, level)


def _of_shares(one: np.ndarray, other: np.ndarray, level: float) -> dict[str, float]:
    low, high = newcombe_interval(one.sum(), len(one), other.sum(), len(other), level=level)
    pooled = np.concatenate([one, other]).mean()
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(one) + 1 / len(other)))
    effect = one.mean() - other.mean()
    p = 2 * norm.sf(abs(effect) / error) if error > 0 else 1.0
    return {"with_it": one.mean(), "without_it": other.mean(), "effect": effect, "low": float(low), "high": float(high),
            "p": float(p)}


def _of_moved_shares(own: list[np.ndarray], level: float) -> dict[str, float]:
    """Difference of two differences of shares: intervals that stay open where a share is 0 or 1 are put together."""
    count, n = np.array([one.sum() for one in own]), np.array([len(one) for one in own])
    moved = (count / n)[::2] - (count / n)[1::2]
    low, high = newcombe_interval(count[::2], n[::2], count[1::2], n[1::2], level=level)
    effect = float(moved[0] - moved[1])
    nearer = (count + 1) / (n + 2)  # with one yes and one no more in each part, no part seems to be without chance
    error = np.sqrt((nearer * (1 - nearer) / (n + 2)).sum())
    return {"with_it": float(moved[0]), "without_it": float(moved[1]), "effect": effect,
            "low": effect - float(np.hypot(moved[0] - low[0], high[1] - moved[1])),
            "high": effect + float(np.hypot(high[0] - moved[0], moved[1] - low[1])),
            "p": float(2 * norm.sf(abs(nearer @ [1, -1, -1, 1]) / error))}


def _of_means(own: list[np.ndarray], level: float) -> dict[str, float]:
    """Welch's interval of a difference of two means, or of the difference of two such differences; none without spread.

    No p where a few large values lean the difference so far to one side that the interval misses more than it says.
    """
    means = [one.mean() for one in own]
    errors = np.array([one.var(ddof=1) / len(one) for one in own])
    sides = means if len(own) == 2 else [means[0] - means[1], means[2] - means[3]]
    effect, error = sides[0] - sides[1], float(np.sqrt(errors.sum()))
    if error <= 0:
        return {"with_it": sides[0], "without_it": sides[1], "effect": effect, "low": np.nan, "high": np.nan, "p": np.nan}
    degrees = errors.sum() ** 2 / (errors**2 / np.array([len(one) - 1 for one in own])).sum()
    reach = t.ppf(0.5 + level / 2, degrees) * error
    p = float(2 * t.sf(abs(effect) / error, degrees)) if _leaning(own) <= SKEWED else np.nan
    return {"with_it": sides[0], "without_it": sides[1], "effect": effect, "low": effect - reach, "high": effect + reach,
            "p": p}


def _leaning(own: list[np.ndarray]) -> float:
    """Skewness of a difference of means, from that of all parts together: a small part may just have missed the giants."""
    apart = np.concatenate([one - one.mean() for one in own])
    n, signs = np.array([len(one) for one in own]), np.array([1, -1, -1, 1][: len(own)])
    return float(abs((signs / n**2).sum()) / (1 / n).sum() ** 1.5 * abs((apart**3).mean()) / (apart**2).mean() ** 1.5)


def two_samples(mean: np.ndarray, variance: np.ndarray, n: int) -> np.ndarray:
    """Welch's p of many pairs of arms of n people: ``mean`` and ``variance`` are (2, pairs)."""
    error = variance / n
    total = error.sum(axis=0)
    degrees = np.divide(total**2, (error**2).sum(axis=0) / max(n - 1, 1), out=np.ones_like(total), where=total > 0)
    score = np.divide(np.abs(mean[0] - mean[1]), np.sqrt(total), out=np.zeros_like(total), where=total > 0)
    return np.where(total > 0, 2 * t.sf(score, degrees), (mean[0] == mean[1]).astype(float))


def _checks(figure: pd.Series, parts: list[np.ndarray], design: str, entered: pd.Series | None,
            planned: Mapping[str, float] | None, arms: pd.Series | None, left_out: int) -> pd.DataFrame:
    rows: list[tuple[str, float, float, bool]] = [("left_out", float(left_out), np.nan, True)]
    values = figure.to_numpy(float, na_value=np.nan)
    if design == "randomised":
        rows.append(_sample_ratio(parts, planned, arms))
    elif entered is not None:
        time = entered.to_numpy(float)
        before = parts[1] if design == "before_after" else parts[1] | parts[3]
        with_it = parts[1].astype(float) if design != "before_after" else None
        rows.append(_trend_before(values, time, before & ~np.isnan(values), with_it))
        if design != "before_after":
            rows.append(_placebo(values, time, parts))
    return pd.DataFrame(rows, columns=["check", "value", "p", "passed"])


def _sample_ratio(parts: list[np.ndarray], planned: Mapping[str, float] | None, arms: pd.Series | None
                  ) -> tuple[str, float, float, bool]:
    names = sorted(arms.dropna().astype("str").unique())[::-1] if arms is not None else []
    if planned is not None and set(planned) != set(names):
        raise StudyError(f"planned: names {first_five(sorted(planned))}, the arms are {first_five(names)}. Name both arms.")
    if planned is not None and not all(0 < one < np.inf for one in planned.values()):
        raise StudyError("planned: the planned share of each arm lies above 0, such as 0.5.")
    share = 0.5 if planned is None else planned[names[0]] / sum(planned.values())
    count = np.array([part.sum() for part in parts])
    wanted = count.sum() * np.array([share, 1 - share])
    p = float(chi2.sf(((count - wanted) ** 2 / wanted).sum(), 1))
    return "sample_ratio", float(count[0] / max(count.sum(), 1)), p, p >= SAMPLE_RATIO_ALPHA


def _trend_before(values: np.ndarray, time: np.ndarray, rows: np.ndarray, with_it: np.ndarray | None
                  ) -> tuple[str, float, float, bool]:
    """Slope before the change (per 30 days), of both together or of their difference; the second should be none."""
    name = "trend_before" if with_it is None else "parallel_before"
    when = (time[rows] - time[rows].mean()) / (30 * DAY_US)
    both = [] if with_it is None else [with_it[rows], when * with_it[rows]]
    slope, p = _last_coefficient(np.column_stack([np.ones(len(when)), when, *both]), values[rows])
    # alone, a trend is no flaw of the data but a reason not to read the difference as the change's
    return name, slope, p, bool(np.isnan(p) or p >= ALPHA)


def _last_coefficient(design: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Least squares with errors that hold when spreads differ (HC1): the last coefficient and its p."""
    n, m = design.shape
    if n <= m or np.linalg.matrix_rank(design) < m:
        return np.nan, np.nan
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ values
    scored = design * (values - design @ beta)[:, None]
    error = np.sqrt((inverse @ (scored.T @ scored) @ inverse)[-1, -1] * n / (n - m))
    return float(beta[-1]), float(2 * t.sf(abs(beta[-1]) / error, n - m)) if error > 0 else 1.0


def _placebo(values: np.ndarray, time: np.ndarray, parts: list[np.ndarray]) -> tuple[str, float, float, bool]:
    """Pretend that the change had come halfway through the time before it: there must be no effect."""
    known = ~np.isnan(values)
    middle = np.median(time[(parts[1] | parts[3]) & known])
    own = [values[part & known & side] for part in (parts[1], parts[3]) for side in (time >= middle, time < middle)]
    if min(map(len, own)) < FEWEST:
        return "placebo", np.nan, np.nan, True
    found = _difference(own, 1 - ALPHA)
    return "placebo", found["effect"], found["p"], not found["p"] < ALPHA


def _verdict(row: Mapping[Any, Any], sound: bool, alpha: float) -> str:
    low, high, q = (float(row[name]) for name in ("low", "high", "q"))
    if np.isnan(low) or np.isnan(q) or (not sound and row["design"] != "before_after"):
        return "cannot_tell"
    if q >= alpha or low <= 0 <= high:
        return "not_distinguishable"
    return "raised" if low > 0 else "lowered"


def _sentences(effects: pd.DataFrame, checks: pd.DataFrame, design: str) -> tuple[Sentence, ...]:
    said = [Sentence(key=f"change.{design}")]
    said += [Sentence(key=f"change.failed_{one}") for one in checks.loc[~checks["passed"], "check"]]
    for row in effects[effects[PERSONA] == "all"].to_dict("records"):
        if np.isnan(row["p"]) and not np.isnan(row["low"]):
            said.append(Sentence(key="change.skewed", values={"kpi": row["kpi"]}))
        said.append(Sentence(key=f"change.{row['verdict']}", values={
            "kpi": row["kpi"], "without": row["without_it"], "now": row["with_it"], "effect": row["effect"],
            "low": row["low"], "high": row["high"], "people": int(row["n_with"]), "others": int(row["n_without"])}))
    moved = effects[(effects[PERSONA] != "all") & effects["verdict"].isin(["raised", "lowered"])]
    if len(moved):
        said.append(Sentence(key="change.for_personas", values={"personas": sorted(set(moved[PERSONA]))}))
    return tuple(said)
