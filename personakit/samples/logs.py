"""The event log: each person walks over stages and touchpoints, session by session, until they leave or the data end.

All people take one step at a time, together. A step draws the channel, then the stage (by the journey process of the
session, or by the channel break), then the touchpoint, device, content, value and dwell time, then whether to stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.samples.people import People, pick
from personakit.samples.recipes import STAGES, Recipe, mean_shares

DAY = 86_400
ENTRY_STAGES = np.array([0.62, 0.28, 0.04, 0.04, 0.02])
AFTER_PAYING = np.array([0.03, 0.04, 0.03, 0.80, 0.10])
KEEP_CHANNEL, KEEP_DEVICE = 0.5, 0.2
EARLY_SESSIONS, EARLY_DAYS = 4, 75
LONGEST_GAP_S, SESSION_GAP_S = 1_500, 3_600


@dataclass(frozen=True, eq=False)
class _Ground:
    """The recipe as arrays, by number of stage, channel, event, device and content kind."""

    channels: list[str]
    devices: list[str]
    kinds: list[str]
    events: list[str]
    entry: np.ndarray  # stage, channel, event: weights of the touchpoints
    follow: np.ndarray  # event, next event: multipliers
    stop: np.ndarray
    paid: np.ndarray
    reads: np.ndarray
    dwell: np.ndarray
    carries: np.ndarray  # channel, device: 1 where such a device exists
    breaks: np.ndarray  # channel, next channel: chance of falling back; NaN: the process decides
    shelf: dict[tuple[int, int], np.ndarray]  # kind, stage: contents


def draw_events(recipe: Recipe, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a clean log, in time order within each person.

    Returns person (number), second (local, since the start), event, channel, device, content, value.
    """
    ground = _survey(recipe)
    plan, counts = _plan_sessions(recipe, people, rng)
    log = _walk(recipe, ground, people, (plan, counts), rng)
    log = log[log["second"] < recipe.days * DAY].sort_values("person", kind="stable").reset_index(drop=True)
    log["content"] = _contents(ground, log, rng)
    paid = ground.paid[log["event"]]
    price = people.spend[log["person"]] * np.exp(0.3 * rng.standard_normal(len(log)))
    log["value"] = np.where(paid, np.round(price), np.nan)
    for name, levels in (("event", ground.events), ("channel", ground.channels), ("device", ground.devices)):
        log[name] = np.array([*levels, ""])[log[name].to_numpy()]
    return log.drop(columns=["stage", "kind"])


def _survey(recipe: Recipe) -> _Ground:
    rows = recipe.words["touchpoints"]
    channels, _ = mean_shares(recipe, "channel")
    devices, _ = mean_shares(recipe, "device")
    kinds, _ = mean_shares(recipe, "content")
    events = [row[0] for row in rows]
    entry = np.zeros((len(STAGES), len(channels), len(events)))
    for at, row in enumerate(rows):
        for channel in (row[3], *recipe.also.get(row[3], ())):
            entry[STAGES.index(row[2]), channels.index(channel), at] = recipe.weight.get(row[0], 1.0)
    follow = np.ones((len(events), len(events))) - 0.7 * np.eye(len(events))
    for source, targets in recipe.follow.items():
        for target, weight in targets.items():
            follow[events.index(source), events.index(target)] = weight
    stop = np.array([recipe.friction.get(row[0], recipe.stop[row[2]]) for row in rows])
    digital = [channel in ("web", "app", "email") for channel in channels]
    carries = np.array([[yes and not (channel == "app" and device == "desktop") for device in devices]
                        for channel, yes in zip(channels, digital, strict=True)], dtype=float)
    breaks = np.full((len(channels), len(channels)), recipe.breaks.get(("", ""), np.nan))
    for (source, target), chance in recipe.breaks.items():
        if source:
            breaks[channels.index(source), channels.index(target)] = chance
    contents = recipe.words["contents"]
    shelf = {(k, s): np.array([row[0] for row in contents if row[2] == kinds[k] and row[5] == STAGES[s]], dtype=str)
             for k in range(len(kinds)) for s in range(len(STAGES))}
    return _Ground(channels, devices, kinds, events, entry, follow, stop, np.isin(events, recipe.paid),
                   np.array([row[5] for row in rows]), np.array([row[6] for row in rows], dtype=float), carries, breaks,
                   shelf)


def _plan_sessions(recipe: Recipe, people: People, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Plan the day of each session, person by person in time order, and count the sessions of each person."""
    window = people.leave - people.entry
    # the longer one stays the more one comes, but less than in proportion: interest wears off
    wanted = people.rate * np.sqrt(window)
    counts = np.maximum(rng.poisson(wanted * recipe.sessions_mean / wanted.mean()), EARLY_SESSIONS)
    person = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    # the panel was recruited among people who came several times in their first weeks
    elapsed = rng.random(len(person)) * np.where(nth < EARLY_SESSIONS, EARLY_DAYS, window[person])
    day = np.floor(people.entry[person] + elapsed)
    weekend = rng.random(len(person)) < people.weekend[person]
    first_weekday = pd.Timestamp(recipe.start).weekday()
    monday = day - (day + first_weekday) % 7
    day = monday + np.where(weekend, 5 + np.floor(2 * rng.random(len(day))), np.floor(5 * rng.random(len(day))))
    kept = (day >= 0) & (day < recipe.days)
    person, day = person[kept], day[kept]
    return day[np.lexsort((day, person))], np.bincount(person, minlength=len(counts))


def _walk(recipe: Recipe, ground: _Ground, people: People, plan: tuple[np.ndarray, np.ndarray],
          rng: np.random.Generator) -> pd.DataFrame:
    days, counts = plan
    n = len(counts)
    session = np.concatenate([[0], np.cumsum(counts)])[:-1]
    last_session = session + counts
    fresh = np.ones(n, dtype=bool)
    process = np.zeros(n, dtype=int)
    stage, channel, event, device = (np.full(n, -1) for _ in range(4))
    clock = np.zeros(n)
    main, second = (np.array([one.process for one in recipe.personas])[who] for who in (people.main, people.second))
    steps: list[np.ndarray] = []
    at = np.flatnonzero(counts)
    while len(at):
        new = fresh[at]
        drawn = np.where(rng.random(len(at)) < people.share[at], main[at], second[at])
        process[at] = np.where(new, drawn, process[at])
        before = channel[at].copy()
        channel[at] = _next_channel(people.channel[at], before, new, rng)
        stage[at] = _next_stage(recipe, ground, (process[at], stage[at], event[at], before, channel[at]), new, rng)
        weights = ground.entry[stage[at], channel[at]] * np.where(
            new[:, None], 1.0, ground.follow[event[at].clip(min=0)])
        event[at] = pick(weights, rng)
        device[at] = _next_device(people.device[at], ground.carries[channel[at]], np.where(new, -1, device[at]), rng)
        clock[at] = _next_time(ground, people, (at, event[at], channel[at], days[session[at]]), (clock[at], new), rng)
        kind = np.where(rng.random(len(at)) < ground.reads[event[at]], pick(people.content[at], rng), -1)
        steps.append(np.stack([at, clock[at].astype(int), event[at], channel[at], device[at], stage[at], kind]))
        fresh[at] = rng.random(len(at)) < ground.stop[event[at]]
        session[at] += fresh[at]
        at = at[session[at] < last_session[at]]
    columns = ["person", "second", "event", "channel", "device", "stage", "kind"]
    return pd.DataFrame(np.concatenate(steps, axis=1).T, columns=columns)


def _next_channel(taste: np.ndarray, before: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    keep = ~new & (rng.random(len(new)) < KEEP_CHANNEL)
    return np.where(keep, before, pick(taste, rng))


def _next_stage(recipe: Recipe, ground: _Ground, now: tuple[np.ndarray, ...], new: np.ndarray,
                rng: np.random.Generator) -> np.ndarray:
    process, stage, event, before, channel = now
    weights = recipe.processes[process, stage]
    # a new session half goes on where the last one stopped, half starts from the door
    weights = np.where(new[:, None], 0.5 * weights + 0.5 * ENTRY_STAGES, weights)
    weights = np.where((~new & ground.paid[event])[:, None], AFTER_PAYING, weights)
    weights = np.where((stage < 0)[:, None], ENTRY_STAGES, weights)
    chance = np.where((before >= 0) & (channel != before), ground.breaks[before, channel], np.nan)
    earlier = np.arange(len(STAGES)) < stage[:, None]
    falls = rng.random(len(stage)) < np.nan_to_num(chance)
    bound = ~np.isnan(chance) & (stage > 0)
    weights = np.where(bound[:, None] & (earlier != falls[:, None]), 0.0, weights + 1e-6)
    return pick(weights, rng)


def _next_device(taste: np.ndarray, carries: np.ndarray, before: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    able = carries.sum(axis=1) > 0
    kept = np.take_along_axis(carries, before.clip(min=0)[:, None], axis=1)[:, 0] > 0
    keep = (before >= 0) & kept & (rng.random(len(before)) < KEEP_DEVICE)
    drawn = pick(taste * carries + 1e-12, rng)
    return np.where(able, np.where(keep, before, drawn), -1)


def _next_time(ground: _Ground, people: People, now: tuple[np.ndarray, ...], past: tuple[np.ndarray, np.ndarray],
               rng: np.random.Generator) -> np.ndarray:
    at, event, channel, day = now
    clock, new = past
    # shops and call centres are closed in the evening
    open_late = ground.carries[channel].sum(axis=1) > 0
    evening = (rng.random(len(at)) < people.evening[at]) & open_late
    hour = np.where(evening, 18.5 + 4 * rng.random(len(at)), 9 + 8.5 * rng.random(len(at)))
    opening = np.maximum(day * DAY + hour * 3_600, np.where(clock > 0, clock + SESSION_GAP_S, 0))
    dwell = ground.dwell[event] * np.exp(0.8 * rng.standard_normal(len(at)))
    return np.where(new, np.floor(opening), clock + np.floor(dwell.clip(2, LONGEST_GAP_S)))


def _contents(ground: _Ground, log: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(len(log))
    out = np.full(len(log), "", dtype="U8")
    kind, stage = log["kind"].to_numpy(), log["stage"].to_numpy()
    for (k, s), shelf in ground.shelf.items():
        if len(shelf):
            rows = (kind == k) & (stage == s)
            out[rows] = shelf[np.floor(draw[rows] * len(shelf)).astype(int)]
    return out
