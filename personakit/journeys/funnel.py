"""The funnel: who reaches each stage, in one of several ways, with people still on the way counted as open, not as lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.eventlog import DAY_US, count_cells
from personakit.inference import bootstrap_sums, percentile_interval, unless_all_alike
from personakit.journeys.attempts import FAR, ORDERS, Rules, Won, winning_attempts
from personakit.journeys.groups import FEW_PEOPLE, members
from personakit.journeys.incidence import EXITED, OPEN, REACHED, binned_incidence, incidence_curve
from personakit.journeys.reach import judge, need_times
from personakit.journeys.rows import with_ids
from personakit.journeys.stored import is_stored, said_by, stored_attempts
from personakit.journeys.transitions import QUANTILES
from personakit.records import Journeys, Personas
from personakit.schema import CHANNEL, CONTENT, DEVICE, OWNER, PERSONA, STAGE, TOUCHPOINT

COLUMNS = (PERSONA, "step", STAGE, "entered", "people", "reached", "still_open", "ended", "share", "low", "high", "few",
           *QUANTILES)
PER = ("participant", "session")


def funnel(
    journeys: Journeys, personas: Personas | None = None, *, stages: Sequence[str] | None = None, order: str = "ordered",
    window_days: float | None = None, exclude: Sequence[str] = (), same: str | None = None, reentry: bool = False,
    per: str = "participant", seed: int, replicates: int = 200,
) -> pd.DataFrame:
    """Follow people through stages, from their first event at the first one.

    Use it to see how far journeys go. Going back does not undo a stage. People whose journey is open have not failed yet:
    the share is the Aalen-Johansen cumulative incidence, in which they stay at risk until the data cut, while the others
    leave when their silence outgrows their usual gap. It cannot tell whether a stage causes the next. With ``reentry``
    the best attempt is followed, so a person who tries often counts as one who tries well; who has let every window pass
    has ended, though they might begin again.

    Parameters
    ----------
    stages
        At least two stages in order (or touchpoints); by default all stages seen.
    order
        ``ordered``: whatever happens between. ``strict``: the very next known event is the next step, or the attempt is
        over. ``any``: row k says who did k of the steps in whatever order (stage reads ``2/3``).
    window_days
        Count a stage only within so many days after entering. By default as long as anyone was watched.
    exclude
        Stages or touchpoints that end an attempt when they happen before its next step.
    same
        ``channel``, ``device``, ``content`` or ``owner``: all steps must share it. Events where it is unknown are left out.
    reentry
        Let every event at the first stage begin an attempt, and keep the one that gets furthest. By default only the first
        begins one (of each value of ``same``).
    per
        ``participant``, or ``session``: count sessions, each by its own events.

    Returns
    -------
    DataFrame
        evidence_id, persona, step (1 ...), stage, entered (participants or sessions), people (different participants among
        them), reached, still_open, ended (entered = reached + still_open + ended), share (reached, those still open counted
        as open), low, high (bootstrap of people; Wilson where all or none
        of them got there), few (fewer than 10 people), days_25, days_50, days_75 (from the step
        before to this one in the one winning sequence of each who got here: a time that only those who arrived have;
        ``time_to_stage`` counts the others too).

    Raises
    ------
    ChoiceError
        A stage, order, property or unit that does not exist.
    StudyError
        Fewer than two stages, a stage named twice or excluded, or a window that is not above 0.

    References
    ----------
    Aalen, O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains. SJS 5.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a"] * 3, "event": ["see", "see", "buy"], "time_us": [0, 5, 9]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id")), events=events)
    >>> journeys = trace_journeys(study)
    >>> [int(funnel(journeys, stages=["see", "buy"], order="strict", reentry=again, seed=7)["reached"].iloc[1])
    ...  for again in (False, True)]
    [0, 1]
    """
    for where, given, allowed in (("order", order, ORDERS), ("per", per, PER)):
        if given not in allowed:
            raise ChoiceError(unknown_name(where, given, allowed))
    if window_days is not None and not window_days > 0:
        raise StudyError(f"window_days: {window_days} days hold nothing. Give a number above 0, or None.")
    if window_days is not None:
        need_times(journeys, "window_days")
    column, names = _check_stages(journeys, stages)
    limit = FAR if window_days is None or not np.isfinite(window_days) else int(window_days * DAY_US)
    rules = Rules(column=column, names=names, order=order, window_us=limit, reentry=reentry, per=per,
                  exclude=_check_excluded(journeys, column, names, exclude), same=_check_same(journeys, same))
    won = stored_attempts(journeys, rules) if is_stored(journeys) else winning_attempts(journeys, rules)
    seeds = np.random.SeedSequence(seed)
    mine = np.zeros(len(journeys.log.participants), dtype=bool)
    frames = []
    for persona, group in members(journeys, personas).items():
        mine[:] = False
        mine[group] = True
        found = _rows(won, np.flatnonzero(mine[won.person]), limit, replicates=replicates, seed=seeds)
        frames.append(found.assign(**{PERSONA: persona, STAGE: names if order != "any" else [
            f"{step + 1}/{len(names)}" for step in range(len(names))]}))
    table = pd.concat(frames, ignore_index=True)[list(COLUMNS)].astype({STAGE: "str", PERSONA: "str"})
    return said_by(journeys, with_ids(
        table, "funnel", names, order, window_days, rules.exclude, same, reentry, per, seed, replicates))


def _rows(won: Won, own: np.ndarray, limit: int, *, replicates: int, seed: np.random.SeedSequence) -> pd.DataFrame:
    reached = won.rows[:, own] >= 0
    watched = np.minimum(won.watched_us, won.broken_us)[own]
    going = won.is_open[own] & (won.broken_us[own] == FAR)
    time, outcome = judge(won.took_us[:, own], reached, watched, going, limit)
    who, unit_of = np.unique(won.person[own], return_inverse=True)
    horizons = np.array([np.inf if limit == FAR else float(limit)])
    shares = _shares([incidence_curve(*one, horizons=horizons)[0] for one in zip(time, outcome, strict=True)])
    draws = shares
    if len(own):
        cell, cells, curve = zip(*(binned_incidence(*one, horizons=horizons, coarse=True)
                                   for one in zip(time, outcome, strict=True)), strict=True)
        counts = sparse.csr_array(sparse.hstack([count_cells(unit_of, one, (len(who), size))
                                                 for one, size in zip(cell, cells, strict=True)]))
        sums = np.split(bootstrap_sums(counts, replicates=replicates, seed=seed), np.cumsum(cells)[:-1], axis=1)
        draws = _shares([make(one)[0] for make, one in zip(curve, sums, strict=True)])
    low, high = percentile_interval(draws, axis=1)
    # everyone is at the first step by definition, which leaves no doubt
    low[1:], high[1:] = unless_all_alike((low[1:], high[1:]), shares[1:, 0], len(who))
    counts = np.stack([(outcome == kind).sum(axis=1) for kind in (REACHED, OPEN, EXITED)])
    days = np.diff(won.took_us[:, own], axis=0, prepend=0) / DAY_US
    return pd.DataFrame({
        "step": np.arange(1, len(time) + 1), "entered": len(own), "people": len(who), "reached": counts[0],
        "still_open": counts[1], "ended": counts[2], "share": shares[:, 0], "low": low, "high": high,
        "few": len(who) < FEW_PEOPLE,
        **{name: [np.quantile(one[there], at) if step and there.any() else np.nan
                  for step, (one, there) in enumerate(zip(days, reached, strict=True))] for name, at in QUANTILES.items()}})


def _check_stages(journeys: Journeys, stages: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return the steps and the column that holds them: touchpoints where that is what they all are."""
    if stages is None and not journeys.stages:
        raise StudyError("stages: this log has no stages, so a funnel needs an order. "
                         "Name at least two touchpoints in order, or give the study a touchpoints table.")
    names = tuple(map(str, journeys.stages if stages is None else stages))
    levels = journeys.log.levels
    touchpoints = not journeys.stages or (not set(names) <= set(levels[STAGE]) and set(names) <= set(levels[TOUCHPOINT]))
    column = TOUCHPOINT if touchpoints else STAGE
    for name in names:
        if name not in levels[column]:
            raise ChoiceError(unknown_name(column, name, list(levels[column])))
    if len(names) < 2 or len(set(names)) < len(names):
        raise StudyError(f"stages: {len(names)} given ({', '.join(names)}). A funnel needs two or more, each once.")
    return column, names


def _check_excluded(
    journeys: Journeys, column: str, names: tuple[str, ...], exclude: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    found = []
    for name in [exclude] if isinstance(exclude, str) else exclude:
        held = [one for one in (column, TOUCHPOINT, STAGE) if name in journeys.log.levels[one]]
        if not held:
            known = [*journeys.log.levels[STAGE], *journeys.log.levels[TOUCHPOINT]]
            raise ChoiceError(unknown_name("exclude", name, known))
        if held[0] == column and name in names:
            raise StudyError(f"exclude: {name} is a step of this funnel too. Take it out of one of the two.")
        found.append((held[0], str(name)))
    return tuple(found)


def _check_same(journeys: Journeys, same: str | None) -> str | None:
    there = [one for one in (CHANNEL, DEVICE, CONTENT, OWNER) if one in journeys.log.levels]
    if same is not None and same not in there:
        raise ChoiceError(unknown_name("same", same, there))
    return same


def _shares(alone: Sequence[np.ndarray]) -> np.ndarray:
    # each stage is estimated from those still at risk of it; nobody reaches a stage without the one before
    return np.minimum.accumulate(np.stack([one[:, 0] for one in alone]), axis=0)
