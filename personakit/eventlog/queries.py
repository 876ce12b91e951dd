"""The queries of a log that stays where it lies: narwhals expressions that DuckDB, polars, PySpark and pandas run alike.

A frame has one row an event: ``person`` (the place of the participant in the list), ``time_us``, ``moment`` (a whole number
that puts one person's events in order) and the codes of columns (-1 where unknown). What comes out has one row a person,
or a few; no query may bring the events themselves. Every window is over one person in the order of moments, or over like
gaps in the order of their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import narwhals.stable.v2 as nw

from personakit.eventlog.clock import DAY_US, HOUR_US
from personakit.schema import ORDER, TIME, VALUE

PERSON, MOMENT = "person", "moment"
CELL, COUNT = "cell", "count"
GAP, RANK, MANY = "gap_us", "rank", "many"
BLOCK, WORD, STEPS = "block", "word", "steps"
#: a word of 62 bits is a whole number everywhere
WORD_BITS = 62
NEVER = 2**63 - 1


def before(column: str, rows: int = 1) -> nw.Expr:
    """Look at the event before of the same person (``rows`` below 0: after); null where there is none."""
    return nw.col(column).shift(rows).over(PERSON, order_by=MOMENT)


def flag(condition: nw.Expr) -> nw.Expr:
    """Turn a condition into 1 and 0, to be summed."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)


def totals(rows: nw.LazyFrame, keys: Sequence[str], sums: Sequence[str], count: str | None = None) -> nw.LazyFrame:
    """Add up columns within ``keys`` and count the rows as ``count``, as whole numbers: engines widen sums as they like."""
    found = rows.group_by(*keys).agg(*(nw.col(name).sum() for name in sums), *([nw.len().alias(count)] if count else []))
    return found.with_columns(*(nw.col(name).cast(nw.Int64) for name in (*sums, *([count] if count else []))))


def summarise_people(log: nw.LazyFrame, columns: Sequence[str], *, level: str, gap_us: int) -> nw.LazyFrame:
    """Sum up each person: events, sessions, first_us, last_us, and what the notes of a trace count.

    ``ties``: events that share time (and order) with the one before; ``repeats``: and all ``columns``; ``loops``: the same
    ``level`` as the one before in the same session; ``together``: steps within a session; ``unmapped``: no ``level``.
    """
    ordered = ORDER in log.collect_schema().names()
    last = {f"last_{name}": before(name) for name in dict.fromkeys([TIME, level, *columns, *([ORDER] if ordered else [])])}
    seen = log.with_columns(**last)
    same_time = nw.col(TIME) == nw.col(f"last_{TIME}")
    tie = same_time & (nw.col(ORDER) == nw.col(f"last_{ORDER}")) if ordered else same_time
    repeat = same_time
    for name in columns:
        repeat = repeat & (nw.col(name) == nw.col(f"last_{name}"))
    gap = nw.col(TIME) - nw.col(f"last_{TIME}")
    loop = (gap <= gap_us) & (nw.col(level) >= 0) & (nw.col(level) == nw.col(f"last_{level}"))
    flags = {"pauses": gap > gap_us, "ties": tie, "repeats": repeat, "together": gap <= gap_us, "loops": loop,
             "unmapped": nw.col(level) < 0}
    told = seen.select(PERSON, TIME, **{name: flag(one) for name, one in flags.items()})
    found = told.with_columns(nw.col(TIME).alias("first_us"), nw.col(TIME).alias("last_us")).group_by(PERSON).agg(
        nw.len().alias("events"), nw.col("first_us").min(), nw.col("last_us").max(), *(nw.col(one).sum() for one in flags))
    return found.with_columns(*(nw.col(one).cast(nw.Int64) for one in ("events", *flags)))


def long_gaps(log: nw.LazyFrame, *, gap_us: int) -> nw.LazyFrame:
    """List the silences that part sessions: person, gap_us, since_us (the event before)."""
    gaps = log.select(PERSON, TIME, before(TIME).alias("since_us"))
    gaps = gaps.filter(nw.col(TIME) - nw.col("since_us") > gap_us).with_columns(nw.col("since_us").cast(nw.Int64))
    return gaps.select(PERSON, "since_us", gap_us=nw.col(TIME) - nw.col("since_us"))


def first_window(log: nw.LazyFrame, *, window_us: int) -> nw.LazyFrame:
    """Keep the events of each person that come less than ``window_us`` after their first."""
    told = log.with_columns(first_us=nw.col(TIME).min().over(PERSON))
    return told.filter(nw.col(TIME) - nw.col("first_us") < window_us).drop("first_us")


def sum_habits(log: nw.LazyFrame, *, gap_us: int, clock: Sequence[tuple[int, int]]) -> nw.LazyFrame:
    """Sum up each person's sessions, days, hours and value: the columns of ``behaviour.watched.Watched.sums`` but gap_days.

    ``clock``: how far the wall clock was from UTC, as ``offsets_between`` lists it.
    """
    wall = nw.col(TIME) + clock[0][1]
    for (_, earlier), (since, later) in pairwise(clock):
        wall = wall + flag(nw.col(TIME) >= since) * (later - earlier)
    value = nw.col(VALUE).cast(nw.Float64) if VALUE in log.collect_schema().names() else nw.lit(None).cast(nw.Float64)
    told = log.select(PERSON, TIME, MOMENT, wall.alias("wall"), value.fill_null(float("nan")).alias("value"))
    hour, known = nw.col("wall") % DAY_US, ~nw.col("value").is_nan()
    told = told.with_columns((nw.col("wall") - hour).alias("day"))
    told = told.with_columns(since=nw.col(TIME) - before(TIME), until=before(TIME, -1) - nw.col(TIME), eve=before("day"))
    starts, ends = (nw.col(one).is_null() | (nw.col(one) > gap_us) for one in ("since", "until"))
    new_day = nw.col("eve").is_null() | (nw.col("eve") != nw.col("day"))
    flags = {
        "sessions": starts, "singles": starts & ends, "active_days": new_day, "night": hour < 6 * HOUR_US,
        "morning": (hour >= 6 * HOUR_US) & (hour < 12 * HOUR_US), "evening": hour >= 18 * HOUR_US,
        # 1 January 1970 was a Thursday: three days into the week
        "weekend": (nw.col("day") + 3 * DAY_US) % (7 * DAY_US) >= 5 * DAY_US, "valued": known}
    inside = nw.when(starts).then(nw.lit(0)).otherwise(nw.col("since")).cast(nw.Int64)
    told = told.select(PERSON, inside.alias("inside_us"), nw.col(TIME).alias("first_us"), nw.col(TIME).alias("last_us"),
                       nw.when(known).then(nw.col("value")).otherwise(nw.lit(0.0)).alias("value"),
                       **{name: flag(one) for name, one in flags.items()})
    found = told.group_by(PERSON).agg(nw.len().alias("events"), nw.col("first_us").min(), nw.col("last_us").max(),
                                      *(nw.col(one).sum() for one in ("inside_us", "value", *flags)))
    return found.with_columns(*(nw.col(one).cast(nw.Int64) for one in ("events", "inside_us", *flags)))


def near_quarters(rows: nw.LazyFrame, keys: Sequence[str], quarters: Sequence[int]) -> nw.LazyFrame:
    """Keep the one or two rows within ``keys`` between which each quarter of their ``gap_us`` lies: all columns, rank, many.

    ``rank`` counts from 0, ``many`` are the rows within the keys. Engines differ on quantiles and agree on ranks; rows
    that share a gap may come in any order, for the gap at each rank is the same.
    """
    rank = (nw.col(GAP).rank("ordinal").over(*keys).cast(nw.Int64) - 1).alias(RANK)
    ranked = rows.with_columns(rank, nw.col(GAP).count().over(*keys).cast(nw.Int64).alias(MANY))
    off = [(nw.col(RANK) * 4 - (nw.col(MANY) - 1) * quarter).abs() < 4 for quarter in quarters]
    return ranked.filter(nw.any_horizontal(*off, ignore_nulls=False))


def middle_gaps(log: nw.LazyFrame, *, gap_us: int) -> nw.LazyFrame:
    """Find the one or two silences in the middle of each person's: person, gap_us (added up), count: a median."""
    middle = near_quarters(long_gaps(log, gap_us=gap_us).select(PERSON, GAP), [PERSON], [2])
    return totals(middle.select(PERSON, GAP), [PERSON], [GAP], COUNT)


def step_gaps(log: nw.LazyFrame, column: str, size: int) -> nw.LazyFrame:
    """List how long each step from level to level took: cell (source * (size + 2) + target) and gap_us."""
    told = log.filter(nw.col(column) >= 0).select(
        nw.col(column).cast(nw.Int64).alias(CELL), TIME, target=before(column, -1), until=before(TIME, -1))
    told = told.filter(~nw.col("target").is_null())
    return told.select((nw.col(CELL) * (size + 2) + nw.col("target")).cast(nw.Int64).alias(CELL),
                       (nw.col("until") - nw.col(TIME)).cast(nw.Int64).alias(GAP))


def list_visits(log: nw.LazyFrame, column: str) -> nw.LazyFrame:
    """List the visits to levels, runs of events there: person, cell, moment, time_us and stop_us (first and last event)."""
    known = log.filter(nw.col(column) >= 0).with_columns(
        last=before(column), left=before(TIME), end=nw.col(TIME).max().over(PERSON))
    starts = known.filter(nw.col("last").is_null() | (nw.col("last") != nw.col(column)))
    starts = starts.with_columns(until=before("left", -1))
    stop = nw.when(nw.col("until").is_null()).then(nw.col("end")).otherwise(nw.col("until"))
    return starts.select(PERSON, nw.col(column).cast(nw.Int64).alias(CELL), MOMENT, TIME, stop_us=stop.cast(nw.Int64))


def stay_gaps(visits: nw.LazyFrame) -> nw.LazyFrame:
    """List how long each visit lasted: cell and gap_us."""
    return visits.select(CELL, (nw.col("stop_us") - nw.col(TIME)).alias(GAP))


def away_gaps(visits: nw.LazyFrame) -> nw.LazyFrame:
    """List how long it took from leaving a level to coming back to it: cell and gap_us."""
    told = visits.with_columns(left=nw.col("stop_us").shift(1).over(PERSON, CELL, order_by=MOMENT))
    return told.filter(~nw.col("left").is_null()).select(CELL, (nw.col(TIME) - nw.col("left")).cast(nw.Int64).alias(GAP))


def count_levels(log: nw.LazyFrame, column: str) -> nw.LazyFrame:
    """Count each person's events at each level: person, cell, count. Events of unknown level are not counted."""
    known = log.filter(nw.col(column) >= 0).select(PERSON, nw.col(column).alias(CELL))
    return totals(known, [PERSON, CELL], [], COUNT)


def count_steps(log: nw.LazyFrame, column: str, size: int) -> nw.LazyFrame:
    """Count each person's steps from level to level: person, cell, count.

    The cell is source * (size + 1) + target; the target of the last event is ``size``, one past the levels. Events of
    unknown level are stepped over.
    """
    known = log.filter(nw.col(column) >= 0)
    target = before(column, -1).fill_null(size)
    cells = known.select(PERSON, (nw.col(column).cast(nw.Int64) * (size + 1) + target).cast(nw.Int64).alias(CELL))
    return totals(cells, [PERSON, CELL], [], COUNT)


def pack_journeys(
    log: nw.LazyFrame, column: str, size: int, *, moves_only: bool = False, first: int | None = None
) -> nw.LazyFrame:
    """Write each person's sequence of levels into whole numbers: person, block, word, steps. Nothing is lost or confused.

    A word holds ``per_word(size)`` levels, each one more than its code in a digit of its own, the first lowest; ``steps``
    are the events of the block. ``first`` keeps so many: the rest have block -1, which only counts them. ``moves_only``
    takes a run of the same level as one.
    """
    per = per_word(size)
    known = log.filter(nw.col(column) >= 0)
    if moves_only:
        known = known.with_columns(last=before(column)).filter(nw.col("last").is_null() | (nw.col("last") != nw.col(column)))
    placed = known.with_columns(position=nw.col(MOMENT).rank("ordinal").over(PERSON).cast(nw.Int64) - 1)
    weights = [(size + 1) ** place for place in range(per)]
    weight = (nw.col("position") % per).replace_strict(list(range(per)), weights, default=0, return_dtype=nw.Int64)
    block = nw.col("position") // per
    if first is not None:
        block = nw.when(nw.col("position") < first).then(block).otherwise(nw.lit(-1))
    kept = placed.select(PERSON, block.cast(nw.Int64).alias(BLOCK), ((nw.col(column) + 1) * weight).alias("digit"))
    word = nw.when(nw.col(BLOCK) >= 0).then(nw.col("digit")).otherwise(nw.lit(0)).cast(nw.Int64)
    return totals(kept.select(PERSON, BLOCK, word.alias(WORD)), [PERSON, BLOCK], [WORD], STEPS)


def per_word(size: int) -> int:
    """Say how many levels out of ``size`` fit in a word."""
    per = 1
    while (size + 1) ** (per + 1) < 2**WORD_BITS:
        per += 1
    return per


def reach_in_order(log: nw.LazyFrame, column: str, codes: Sequence[int], *, within_us: int = NEVER) -> nw.LazyFrame:
    """Find when each person first reaches each level in order: person and time_0, time_1 ... (``NEVER`` where they do not).

    A level counts once those before it were reached, whatever happens between, and at most ``within_us`` after the first.
    People who never reach the first are left out.
    """
    rows = log.filter(nw.col(column).is_in(list(codes))).select(PERSON, TIME, MOMENT, column)
    for place, code in enumerate(codes):
        there = nw.col(column) == code
        if place:
            there = there & (nw.col(MOMENT) > nw.col(f"at_{place - 1}"))
        asked = {f"at_{place}": nw.col(MOMENT)} | ({} if place else {"start": nw.col(TIME)})
        rows = rows.with_columns(**{name: nw.when(there).then(one).otherwise(nw.lit(NEVER)) for name, one in asked.items()})
        rows = rows.with_columns(**{name: nw.col(name).min().over(PERSON) for name in asked})
        if not place:  # most rows go before the next window
            rows = rows.filter(nw.col(MOMENT) >= nw.col("at_0")).filter(nw.col(TIME) - nw.col("start") <= within_us)
    times = {f"time_{place}": nw.when(nw.col(MOMENT) == nw.col(f"at_{place}")).then(nw.col(TIME)).otherwise(nw.lit(NEVER))
             for place in range(len(codes))}
    return rows.select(PERSON, **times).group_by(PERSON).agg(*(nw.col(name).min() for name in times))
