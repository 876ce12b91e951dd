"""What a team means to change and expects of it: a register that is written before, and judged after."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, first_five, unknown_name
from personakit.monitor.change import ChangeEffect, two_samples
from personakit.records import Personas, Study
from personakit.schema import PERSONA, STAGE

REQUIRED = ("id", "change", "kpi", "expected")
OPTIONAL = (PERSONA, STAGE, "measured", "owner")
#: experiments simulated at each size, and the largest size tried
TRIALS, MOST = 400, 200_000


def read_hypotheses(path: str | PathLike[str], study: Study | None = None, personas: Personas | None = None) -> pd.DataFrame:
    """Read ``hypotheses.toml``: what is to be changed, for whom, at which stage, and what it should do to which figure.

    Write it before the change: a hypothesis made after the figures is none. Each ``[[hypothesis]]`` has ``id``, ``change``
    (a sentence), ``kpi`` (a column of ``journey_outcomes``), ``expected`` (the change of that figure, such as 0.05), and may
    have ``persona``, ``stage``, ``measured`` (how) and ``owner``.

    Parameters
    ----------
    path
        A TOML file.
    study, personas
        To check stages and personas against, where given.

    Returns
    -------
    DataFrame
        Index id: change, kpi, expected, persona, stage, measured, owner (empty where not given).

    Raises
    ------
    StudyError
        The file cannot be read, or an entry lacks something, or an id stands twice.
    ChoiceError
        An unknown stage or persona.
    """
    file = Path(path)
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("hypothesis", [])
    except OSError as error:
        raise StudyError(f"{file.name}: cannot be read ({error.strerror}). Write it, with [[hypothesis]] entries.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{file.name}: is not TOML: {error}. Correct that line.") from None
    if not isinstance(entries, list) or not entries:
        raise StudyError(f"{file.name}: holds no [[hypothesis]]. Add one with {', '.join(REQUIRED)}.")
    rows = [_entry(file.name, place, one) for place, one in enumerate(entries, start=1)]
    out = pd.DataFrame(rows)
    twice = out["id"][out["id"].duplicated()]
    if len(twice):
        raise StudyError(f"{file.name}: {len(twice)} ids stand twice ({first_five(twice)}). Give each hypothesis its own.")
    _check_words(file.name, out, STAGE, None if study is None else study.stages)
    _check_words(file.name, out, PERSONA, None if personas is None else [str(one) for one in personas.membership.columns])
    return out.set_index("id")


def _entry(file: str, place: int, entry: object) -> dict[str, object]:
    if not isinstance(entry, dict):
        raise StudyError(f"{file}: hypothesis {place} is not a table. Write [[hypothesis]] and its lines below.")
    for name in entry:
        if name not in (*REQUIRED, *OPTIONAL):
            raise StudyError(unknown_name(f"{file}: hypothesis {place}", name, [*REQUIRED, *OPTIONAL]))
    missing = [name for name in REQUIRED if name not in entry]
    if missing:
        raise StudyError(f"{file}: hypothesis {place} lacks {', '.join(missing)}. A hypothesis says what is changed, and "
                         f"by how much which figure should move.")
    expected = entry["expected"]
    if isinstance(expected, bool) or not isinstance(expected, (int, float)) or not np.isfinite(expected) or not expected:
        raise StudyError(f"{file}: hypothesis {place} expects {expected!r}. Give a number other than 0, such as 0.05.")
    texts = {name: str(entry.get(name, "")) for name in ("id", "change", "kpi", *OPTIONAL)}
    return {**texts, "expected": float(expected)}


def _check_words(file: str, out: pd.DataFrame, column: str, known: object) -> None:
    if known is None:
        return
    allowed = list(known)  # type: ignore[call-overload]
    for word in out[column]:
        if word and word not in allowed:
            raise ChoiceError(unknown_name(f"{file}: {column}", word, allowed))


def needed_people(values: pd.Series, *, expected: float, power: float = 0.8, seed: int) -> int:
    """Find how many people each version of an experiment needs to see an effect, by experiments on the study's own people.

    Use it before an experiment: with fewer people a real effect of that size is mostly missed. People are drawn from
    ``values`` for both versions; the effect is added to one (of a yes/no figure: some of its noes, or yeses, turn).

    Parameters
    ----------
    values
        A figure by participant, such as a column of ``journey_outcomes``; unknown ones are left out.
    expected
        The effect, in the units of the figure (0.05: five points).
    power
        The share of experiments that should see it.
    seed
        Seed of the draws.

    Returns
    -------
    int
        People in each version, to about 5 %.

    Raises
    ------
    StudyError
        The effect is impossible (a share beyond 0 to 1), power is not between 0 and 1, or no size up to 200,000 is enough.
    TooFewError
        Fewer than ten people have the figure.

    Examples
    --------
    >>> bought = pd.Series([1.0] * 300 + [0.0] * 700)
    >>> 300 < needed_people(bought, expected=0.10, seed=7) < 420
    True
    """
    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
        raise StudyError(f"needed_people: the figure is not a number ({first_five(values.dropna())}). Code it first.")
    known = values.to_numpy(float, na_value=np.nan)
    known = known[np.isfinite(known)]
    if len(known) < 10:
        raise TooFewError(f"needed_people: {len(known)} people have this figure. At least 10 are needed.")
    if not 0 < power < 1 or not np.isfinite(expected) or not expected:
        raise StudyError("needed_people: power lies between 0 and 1, and the expected effect is not 0.")
    yes_no = set(np.unique(known)) <= {0.0, 1.0}
    if yes_no and not 0 <= known.mean() + expected <= 1:
        raise StudyError(f"expected: {known.mean():.3f} and {expected:+.3f} is no share. Give an effect that is possible.")
    if not yes_no and known.min() == known.max():
        raise StudyError("needed_people: everyone has the same value, so nothing says how far people differ.")
    low, high = 10, 10
    while _power(known, expected, high, yes_no, seed) < power:
        low, high = high, 2 * high
        if high > MOST:
            raise StudyError(f"needed_people: more than {MOST} people are needed. The effect is too small to be seen.")
    while high - low > max(1, low // 20):
        middle = (low + high) // 2
        low, high = (middle, high) if _power(known, expected, middle, yes_no, seed) < power else (low, middle)
    return high


def _power(known: np.ndarray, expected: float, n: int, yes_no: bool, seed: int) -> float:
    rng = np.random.default_rng([seed, n])
    if yes_no:
        rate = known.mean()
        count = np.stack([rng.binomial(n, rate + expected, TRIALS), rng.binomial(n, rate, TRIALS)])
        mean, variance = count / n, count * (n - count) / n / max(n - 1, 1)
    else:
        draws = [_moments(known, n, rng) for _ in range(2)]
        mean = np.stack([draws[0][0] + expected, draws[1][0]])
        variance = np.stack([one[1] for one in draws])
    return float((two_samples(mean, variance, n) < 0.05).mean())


def _moments(known: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each simulated arm; arms are drawn a few at a time so that memory stays small."""
    parts = [rng.choice(known, size=(min(size, TRIALS - start), n)) for size in [max(1, 2_000_000 // n)]
             for start in range(0, TRIALS, size)]
    return np.concatenate([one.mean(axis=1) for one in parts]), np.concatenate([one.var(axis=1, ddof=1) for one in parts])


def judge_hypotheses(register: pd.DataFrame, effects: Mapping[str, ChangeEffect]) -> pd.DataFrame:
    """Write beside each hypothesis what was found, and what that means for it.

    Parameters
    ----------
    register
        From ``read_hypotheses``.
    effects
        Hypothesis id -> what ``measure_change`` returned; ids without one stay open.

    Returns
    -------
    DataFrame
        The register with design, effect, low, high and verdict: ``confirmed`` (an effect in the expected direction, by a
        design that can tell), ``refuted`` (the interval holds less than half of what was expected), ``undecided``,
        ``cannot_tell`` (before and after alone, or a failed check), ``open`` (not measured).

    Raises
    ------
    ChoiceError
        An effect of an unknown hypothesis, or one that does not hold its figure or persona.
    """
    for name in effects:
        if name not in register.index:
            raise ChoiceError(unknown_name("hypothesis", name, list(register.index)))
    rows = [_judged(str(name), row, effects.get(str(name))) for name, row in register.iterrows()]
    return register.join(pd.DataFrame(rows, index=register.index))


def _judged(name: str, row: pd.Series, found: ChangeEffect | None) -> dict[str, object]:
    if found is None:
        return {"design": "", "effect": np.nan, "low": np.nan, "high": np.nan, "verdict": "open"}
    table = found.effects
    own = table[(table["kpi"] == row["kpi"]) & (table[PERSONA] == (row[PERSONA] or "all"))]
    if not len(own):
        raise ChoiceError(f"{name}: its effect does not hold {row['kpi']} for {row[PERSONA] or 'all'} "
                          f"(figures: {first_five(table['kpi'].unique())}). Measure that one.")
    first = own.iloc[0]
    towards = np.sign(row["expected"])
    low, high = sorted((towards * first["low"], towards * first["high"]))
    if first["verdict"] == "cannot_tell" or found.design == "before_after":
        verdict = "cannot_tell"
    elif low > 0 and first["verdict"] in ("raised", "lowered"):
        verdict = "confirmed"
    else:
        verdict = "refuted" if high < abs(row["expected"]) / 2 else "undecided"
    figures = {name: first[name] for name in ("effect", "low", "high")}
    return {"design": found.design, **figures, "verdict": verdict}
