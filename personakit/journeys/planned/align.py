"""Where journeys leave the designed one: skipped, inserted, out of order, in another channel, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import person_of
from personakit.frozen import Sentence, freeze, no_rows, show, show_html
from personakit.inference import one_thread
from personakit.journeys.groups import members
from personakit.journeys.planned.design import Step, check_reachable, read_design, step_matrices
from personakit.journeys.planned.deviations import NOT_REACHED, SKIPPED, deviation_table, taken_later
from personakit.journeys.planned.moves import CHANNEL as CHANNEL_COST
from personakit.journeys.planned.moves import FAR, INSERT, SKIP, Aligned, Plan, align
from personakit.records import EncodedLog, Journeys, Personas
from personakit.schema import CHANNEL, EVENT, PARTICIPANT, STAGE, TOUCHPOINT
from personakit.wording import canonical

#: people x events x steps of one block
BLOCK = 20_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class DesignFit:
    """Journeys beside the designed one.

    ``people`` (index participant): fitness (1: as planned; 0: as far from it as can be), steps_taken, skipped, not_reached,
    inserted, out_of_order, wrong_channel (counts), reached_goal, status. ``deviations``: evidence_id, persona (``all``
    first), kind (skipped, not_reached, inserted, out_of_order, wrong_channel), touchpoint, stage, channel, owner, times,
    people (of people_total), share, low, high (Wilson), more_days (median to the goal with it less without), more_days_low,
    more_days_high, conversion (share who reached the goal, with it less without), conversion_low, conversion_high
    (Newcombe), few (fewer than 10 people); what goes with a deviation is not caused by it. ``steps``: step, title, stage,
    optional, repeatable, in_log. ``unlisted``: event, people, events: what the log holds and no table of touchpoints names.
    ``audit``: stage, touchpoint, own, others (mean rating of walk-throughs), observation, people (who were there),
    skipped_share, low, high. ``why`` says it in sentences.
    """

    people: pd.DataFrame
    deviations: pd.DataFrame
    steps: pd.DataFrame
    unlisted: pd.DataFrame
    why: tuple[Sentence, ...]
    seed: int
    audit: pd.DataFrame = field(default_factory=lambda: no_rows(STAGE, TOUCHPOINT))

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"people": len(self.people), "median fitness": round(float(self.people["fitness"].median()), 2),
                 "kinds of deviation": len(self.deviations)}
        return show("DesignFit", facts, "plot_deviations(fit)")

    _repr_html_ = show_html


@one_thread()
def align_to_design(
    journeys: Journeys, design: str | pd.DataFrame, personas: Personas | None = None, *,
    walkthroughs: pd.DataFrame | None = None, seed: int, replicates: int = 200,
) -> DesignFit:
    """Lay every journey beside the one that was planned, and say where they part, for whom, and what goes with it.

    Use it to see which planned steps people leave out, what they do instead, and whose touchpoints these are. The
    alignment is the cheapest one: a planned step left out or an event that is not planned there costs 1, a planned step
    in another channel 1/2, optional steps and repeats that are planned nothing. A journey that is still open owes no
    step after its last one. What goes with a deviation (days, conversion) is an association: those who deviate may have
    been other people from the start, and longer journeys hold more of everything.

    Parameters
    ----------
    design
        The study's ``design`` table, or a text such as ``"Home+ > Guide? > Basket @web > Pay | Pay later"``: see
        ``read_design``. Its last mandatory step is the goal.
    walkthroughs
        The study's table of walk-throughs (shop, stage, touchpoint, rating, observation), laid beside what people do.
    replicates
        Bootstrap samples of people for the intervals of days.

    Returns
    -------
    DesignFit

    Raises
    ------
    StudyError
        The design has no step, cannot be read, all its steps may be left out, or no mandatory step is in the log.

    References
    ----------
    Adriansyah, A., van Dongen, B. & van der Aalst, W. (2011). Conformance checking using cost-based fitness analysis.
    Halvorsrud, R., Kvale, K. & Følstad, A. (2016). Improving service quality through customer journey analysis (planned
    and actual journeys).

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b", "b"], "event": ["see", "buy", "buy", "see"],
    ...                        "time_us": [0, 9, 0, 9]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> fit = align_to_design(trace_journeys(Study(name="x", participants=people, events=events)), "see > buy", seed=7)
    >>> fit.people[["fitness", "out_of_order"]].to_numpy().tolist()
    [[1.0, 0.0], [0.5, 1.0]]
    """
    steps = read_design(design)
    log = journeys.log
    words = log.levels[TOUCHPOINT]
    seen = words[np.bincount(log.codes[TOUCHPOINT] + 1, minlength=len(words) + 1)[1:] > 0]
    lost = check_reachable(steps, [str(one) for one in seen])
    named, right = step_matrices(steps, words, log.levels.get(CHANNEL))
    rows = np.flatnonzero(log.codes[TOUCHPOINT] >= 0)
    touchpoint = log.codes[TOUCHPOINT][rows].astype(np.int64)
    channel = log.codes[CHANNEL][rows].astype(np.int64) if CHANNEL in log.codes else np.full(len(rows), -1)
    channel = np.where(channel < 0, right.shape[1] - 1, channel)
    plan = Plan(price=_prices(named, right), optional=np.array([one.optional for one in steps]),
                repeatable=np.array([one.repeatable for one in steps]))
    length = np.bincount(person_of(log)[rows], minlength=len(log.participants))
    still_open = (journeys.ends["status"] == "open").to_numpy()
    found = _aligned(touchpoint * right.shape[1] + channel, length, still_open, plan)
    flat = found.step[np.arange(found.step.shape[1]) < length[:, None]]
    wrong = (flat >= 0) & ~right[np.maximum(flat, 0), channel]
    planned = np.isin(touchpoint, np.flatnonzero(named.sum(axis=0)))
    kinds = np.where(flat < 0, np.where(planned, "out_of_order", "inserted"), np.where(wrong, "wrong_channel", ""))
    people = _people(log, rows, kinds, found, plan, length, still_open)
    goal = int(np.flatnonzero(~plan.optional)[-1])
    people["reached_goal"] = found.taken[:, goal]
    groups = members(journeys, personas)
    deviations = deviation_table(journeys, found, steps=steps, rows=rows, kinds=kinds, flat=flat, people=people,
                                 groups=groups, seed=seed, replicates=replicates)
    return DesignFit(
        people=people, deviations=deviations, steps=_steps(steps, lost, journeys), unlisted=_unlisted(log), seed=seed,
        audit=_audit(walkthroughs, deviations, log), why=_why(people, steps, lost, _unlisted(log), deviations))


def _prices(named: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return what it costs to take an event (touchpoint and channel) as a step."""
    price = np.where(right[:, None, :], 0, CHANNEL_COST)
    return np.where(named[:, :, None], price, FAR).reshape(len(named), -1).astype(np.int32)


def _aligned(kind: np.ndarray, length: np.ndarray, still_open: np.ndarray, plan: Plan) -> Aligned:
    """Align people of like length together, a block at a time."""
    starts = np.cumsum(length) - length
    order = np.argsort(length, kind="stable")
    step = np.full((len(length), int(length.max(initial=0))), -1)
    cost, passed = np.zeros(len(length), dtype=np.int64), np.zeros(len(length), dtype=np.int64)
    taken = np.zeros((len(length), len(plan.price)), dtype=bool)
    cells = np.cumsum((length[order] + 1) * (len(plan.price) + 1))
    for some in np.split(order, np.searchsorted(cells, np.arange(BLOCK, cells[-1], BLOCK))):
        if not len(some):
            continue
        at = np.arange(int(length[some].max()))
        inside = at < length[some][:, None]
        events = np.where(inside, np.append(kind, 0)[np.where(inside, starts[some][:, None] + at, len(kind))], 0)
        found = align(events, length[some], still_open[some], plan)
        cost[some], passed[some], taken[some] = found.cost, found.passed, found.taken
        step[some, :found.step.shape[1]] = found.step
    return Aligned(cost=cost, step=step, taken=taken, passed=passed)


def _people(log: EncodedLog, rows: np.ndarray, kinds: np.ndarray, found: Aligned, plan: Plan, length: np.ndarray,
            still_open: np.ndarray) -> pd.DataFrame:
    mandatory = SKIP * int((~plan.optional).sum())
    worst = INSERT * length + np.where(still_open, 0, mandatory)
    due = np.arange(len(plan.price)) < found.passed[:, None]
    missed = ~found.taken & ~plan.optional
    person = person_of(log)[rows]
    out = pd.DataFrame({
        "fitness": 1 - found.cost / np.maximum(worst, 1), "steps_taken": found.taken.sum(axis=1),
        SKIPPED: (taken_later(found) & missed).sum(axis=1), NOT_REACHED: (due & ~taken_later(found) & missed).sum(axis=1)},
        index=log.participants)
    for kind in ("inserted", "out_of_order", "wrong_channel"):
        out[kind] = np.bincount(person[kinds == kind], minlength=len(out))
    return out.assign(status=np.where(still_open, "open", "ended")).rename_axis(PARTICIPANT)


def _steps(steps: Sequence[Step], lost: list[int], journeys: Journeys) -> pd.DataFrame:
    return pd.DataFrame({
        "step": np.arange(1, len(steps) + 1), "title": [one.title for one in steps], STAGE: [one.stage for one in steps],
        "optional": [one.optional for one in steps], "repeatable": [one.repeatable for one in steps],
        "in_log": [place not in lost for place in range(len(steps))]})


def _unlisted(log: EncodedLog) -> pd.DataFrame:
    """List the events that no touchpoint stands for, those of most people first."""
    rows = np.flatnonzero(log.codes[TOUCHPOINT] < 0)
    table = pd.DataFrame({EVENT: log.levels[EVENT].to_numpy()[log.codes[EVENT][rows]], "person": person_of(log)[rows]})
    out = table.groupby(EVENT, sort=True)["person"].agg(people="nunique", events="size").reset_index()
    return out.sort_values(["people", EVENT], ascending=[False, True]).reset_index(drop=True)


def _audit(walkthroughs: pd.DataFrame | None, deviations: pd.DataFrame, log: EncodedLog) -> pd.DataFrame:
    """Lay ratings of our own shop and of others beside what people do at the same touchpoint."""
    columns = [STAGE, TOUCHPOINT, "own", "others", "observation", "people", "skipped_share", "low", "high"]
    if walkthroughs is None or not {TOUCHPOINT, "rating"} <= set(walkthroughs.columns):
        return pd.DataFrame(columns=columns)
    if "shop" not in walkthroughs.columns:
        raise StudyError("walkthroughs.shop: is missing. Say which shop was visited.")
    visits = walkthroughs.assign(own=walkthroughs["shop"].map(canonical) == "own").dropna(subset=[TOUCHPOINT])
    met = pd.DataFrame({TOUCHPOINT: log.codes[TOUCHPOINT], "person": person_of(log)})
    pairs = met[met[TOUCHPOINT] >= 0].drop_duplicates()
    count = np.bincount(pairs[TOUCHPOINT], minlength=len(log.levels[TOUCHPOINT]))
    people = dict(zip(map(str, log.levels[TOUCHPOINT]), map(int, count), strict=True))
    missed = deviations[(deviations["persona"] == "all") & (deviations["kind"] == SKIPPED)]
    skipped = {str(one[TOUCHPOINT]): one for one in missed.to_dict("records")}
    rows = []
    for (stage, touchpoint), some in visits.groupby([STAGE, TOUCHPOINT], sort=False):
        mine = some[some["own"]]
        notes = mine["observation"].dropna() if "observation" in mine else mine["rating"].iloc[:0]
        own = skipped.get(str(touchpoint), {})
        rows.append((stage, touchpoint, mine["rating"].mean(), some.loc[~some["own"], "rating"].mean(),
                     str(notes.iloc[0]) if len(notes) else "", people.get(str(touchpoint), 0), own.get("share", np.nan),
                     own.get("low", np.nan), own.get("high", np.nan)))
    return pd.DataFrame(rows, columns=columns)


def _why(people: pd.DataFrame, steps: Sequence[Step], lost: list[int], unlisted: pd.DataFrame,
         deviations: pd.DataFrame) -> tuple[Sentence, ...]:
    out = [Sentence(key="paths.fitness", values={
        "n": len(people), "fitness": float(people["fitness"].median()),
        "exact": int((people["fitness"] == 1).sum()), "open": int((people["status"] == "open").sum())})]
    skipped = deviations[(deviations["persona"] == "all") & (deviations["kind"] == SKIPPED)]
    if len(skipped):
        worst = skipped.iloc[int(skipped["share"].to_numpy().argmax())].to_dict()
        out.append(Sentence(key="paths.most_skipped", values={
            "touchpoint": worst[TOUCHPOINT], "share": float(worst["share"]), "low": float(worst["low"]),
            "high": float(worst["high"]), "n": int(worst["people_total"])}))
    if lost:
        out.append(Sentence(key="paths.unreachable", values={"n": len(lost), "steps": [steps[one].title for one in lost]}))
    if len(unlisted):
        out.append(Sentence(key="paths.unlisted", values={"n": len(unlisted), "events": list(unlisted[EVENT].head(5))}))
    return tuple(out)
