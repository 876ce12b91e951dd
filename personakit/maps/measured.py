"""Lanes counted from events: what people do, touchpoints, channels, who is seen, who goes on or stops, and time."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from personakit.disclosure import is_small
from personakit.documents import Cell
from personakit.inference import wilson_interval
from personakit.maps.view import MOST, View, hidden, ids, level, rows_of
from personakit.schema import CHANNEL, STAGE, TOUCHPOINT

SHOWN_TOUCHPOINTS = 4
DAY_H, HOUR_MIN = 24, 60
#: a visit of one event lasts no time at all, so that a shorter median says nothing
SHORTEST_VISIT_MIN = 10


def touchpoints(view: View, stage: str) -> tuple[Cell, ...]:
    """Name the touchpoints of the stage that most people use; the listed ones where nothing was measured."""
    rows = view.at("friction", stage)
    if not len(rows):
        points = view.study.touchpoints
        listed = [] if points is None else list(points.loc[points[STAGE] == stage, TOUCHPOINT].unique())
        return tuple(Cell(text=view.say("touchpoint_listed", touchpoint=one), level="partly")
                     for one in listed[:SHOWN_TOUCHPOINTS])
    shown = rows[~rows["hidden"]].sort_values(["people", TOUCHPOINT], ascending=[False, True], kind="stable")
    return tuple(_people(view.say("touchpoint", touchpoint=row[TOUCHPOINT], n=int(row["people"])), row)
                 for row in rows_of(shown.head(SHOWN_TOUCHPOINTS)))


def _people(text: str, row: pd.Series, value: float | None = None) -> Cell:
    return Cell(text=text, value=value, n=int(row["people"]), evidence=(str(row["evidence_id"]),),
                level=level(row["people"]))


def channels(view: View, stage: str) -> tuple[Cell, ...]:
    """How the visits of the stage part over channels, by the main channel of each touchpoint."""
    rows = view.at("friction", stage)
    if not len(rows):
        return ()
    known = rows[~rows["hidden"] & rows[CHANNEL].fillna("").ne("")]
    visits = known.groupby(CHANNEL, sort=True)["visits"].sum().sort_values(ascending=False, kind="stable")
    cells = []
    for channel, count in visits.head(MOST).items():
        own = known[known[CHANNEL] == channel]
        share = float(count / visits.sum())
        cells.append(Cell(text=view.say("channel", channel=channel, share=share), value=share, evidence=ids(own),
                          level=level(own["people"].max())))
    return tuple(cells)


def reached(view: View, stage: str) -> tuple[Cell, ...]:
    """Give the share of people ever seen at the stage."""
    cells = []
    for row in rows_of(view.at("stages", stage)):
        if row["hidden"]:
            cells.append(hidden(view, row))
            continue
        share, low, high = (float(row[name]) for name in ("share", "low", "high"))
        text = view.say("seen", share=share, low=low, high=high, n=int(row["people"]), total=int(row["people_total"]))
        cells.append(replace(_people(text, row, share), low=low, high=high))
    return tuple(cells)


def goes_on(view: View, stage: str) -> tuple[Cell, ...]:
    """Who goes on to the next stage of the funnel, who is still on the way, and who stopped in between."""
    funnel = view.frames["funnel"]
    places = list(funnel[STAGE])
    if stage not in places:
        return ()
    here = funnel.iloc[places.index(stage)]
    if here["hidden"]:
        return (hidden(view, here),)
    if stage == places[-1]:
        text = view.say("last", reached=int(here["reached"]), entered=int(here["entered"]))
        return (Cell(text=text, n=int(here["reached"]), evidence=(str(here["evidence_id"]),), level=level(here["reached"])),)
    after = funnel.iloc[places.index(stage) + 1]
    if after["hidden"]:
        return (hidden(view, after),)
    numbers = {name: float(after[name]) for name in ("share", "low", "high")}
    text = view.say("next", stage=after[STAGE], entered=int(here["entered"]), **numbers)
    cell = Cell(text=text, value=numbers["share"], low=numbers["low"], high=numbers["high"], n=int(here["reached"]),
                evidence=(str(after["evidence_id"]),), level=level(here["entered"]))
    onward = Cell(text=_onward(view, here, after), n=int(here["reached"]), level=level(here["reached"]),
                  evidence=(str(here["evidence_id"]), str(after["evidence_id"])))
    return (cell, onward)


def _onward(view: View, here: pd.Series, after: pd.Series) -> str:
    n = int(here["reached"])
    fate = {name: after[name] - here[name] for name in ("still_open", "ended")}
    if any(pd.isna(count) or is_small(count) for count in fate.values()):
        return view.say("onward_short", n=n, reached=int(after["reached"]))
    return view.say("onward", n=n, reached=int(after["reached"]), **{name: int(count) for name, count in fate.items()})


def time(view: View, stage: str) -> tuple[Cell, ...]:
    """How long a visit to the stage lasts: the median, in a unit that people read, where visits last at all."""
    cells = []
    for row in rows_of(view.at("stages", stage)):
        days = float(row["median_days"])
        if row["hidden"] or not days * DAY_H * HOUR_MIN >= SHORTEST_VISIT_MIN:  # neither NaN
            continue
        cells.append(_people(_duration(view, days), row, days))
    return tuple(cells)


def _duration(view: View, days: float) -> str:
    hours = days * DAY_H
    if hours >= 2 * DAY_H:
        return view.say("days", days=round(days, 1))
    if hours >= 2:
        return view.say("hours", hours=round(hours, 1))
    return view.say("minutes", minutes=hours * HOUR_MIN)


def actions(view: View, stage: str) -> tuple[Cell, ...]:
    """Say what people do after an event at the stage: stay, or move to the stages that most steps lead to."""
    rows = view.frames["transitions"]
    if not len(rows):
        return ()
    rows = rows[(rows["source"] == stage) & rows["target"].isin(list(view.study.stages))]
    shown = rows[~rows["hidden"] & (rows["share"] > 0)]
    stays, moves = shown[shown["target"] == stage], shown[shown["target"] != stage]
    moves = moves.sort_values(["share", "target"], ascending=[False, True], kind="stable").head(MOST - 1)
    cells = []
    for row in (*rows_of(stays), *rows_of(moves)):
        low, high, share = (float(row[name]) for name in ("low", "high", "share"))
        key = "stays" if row["target"] == stage else "moves"
        text = view.say(key, stage=row["target"], share=share, low=low, high=high, n=int(row["people"]))
        cells.append(replace(_people(text, row, share), low=low, high=high))
    return tuple(cells)


def drops_off(view: View, stage: str) -> tuple[Cell, ...]:
    """Tell how many of those who came this far in the order of the stages have stopped here: a floor, for some go on."""
    funnel = view.frames["funnel"]
    places = list(funnel[STAGE])
    if stage not in places[:-1]:
        return ()
    here, after = funnel.iloc[places.index(stage)], funnel.iloc[places.index(stage) + 1]
    fate = [after[name] - here[name] for name in ("ended", "still_open")]
    n = here["reached"]
    if pd.isna(n) or not n or any(pd.isna(count) or is_small(count) for count in (*fate, after["reached"])):
        return (hidden(view, after),)
    ended, still_open = (int(count) for count in fate)
    low, high = (float(end) for end in wilson_interval(ended, n))
    text = view.say("dropped" if still_open else "dropped_all", share=ended / n, ended=ended, n=int(n), low=low, high=high,
                    still_open=still_open)
    return (Cell(text=text, value=ended / n, low=low, high=high, n=int(n), level=level(n),
                 evidence=(str(here["evidence_id"]), str(after["evidence_id"]))),)
