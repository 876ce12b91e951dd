"""Time journeys from one Parquet file, ours and others: ``python benchmarks/bench_journeys.py [events ...]``.

Each task of each tool runs in a process of its own, which says its seconds (the second of two runs: what is imported and
compiled is warm) and its peak memory; whoever counts must count the same. ``ratio`` is to personakit in memory on the same
task, and ``cpu_ratio`` the same of the seconds of processor, which a busy machine hardly changes; but engines share work
between cores, so that on two idle ones theirs last about half as long. The last two tasks are ours alone and run once: the
trace, and every view after it (the seconds without the trace, the memory with it). retentioneering and pm4py (AGPL, so
never a dependency) run where PEERS_RETENTIONEERING and PEERS_PM4PY name a Python that has them. By default 10^5, 10^6 and
10^7 events (about ten minutes on two idle cores) and then 10^8, where only the first task, on personakit and on DuckDB,
and our own two run. Prints the CSV that benchmarks/journeys.csv holds.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVENTS, STEPS, DAYS = 25, ("event_00", "event_01", "event_02", "event_03"), 7
GAP_US, DAY_US, PART = 1_800_000_000, 86_400_000_000, 5_000_000
TASKS = ("sessions and transitions", "variants", "funnel with window", "features per person")
OWN_TASKS = ("trace", "every view after the trace")
OURS, STORED = "personakit in memory", "personakit on DuckDB"
ENGINES = (OURS, STORED, "DuckDB SQL", "polars", "pandas")
MOST_COMPARED, IN_ORDER = 10_000_000, "integers in time order"
PEERS = {"retentioneering": os.environ.get("PEERS_RETENTIONEERING", ""), "pm4py": os.environ.get("PEERS_PM4PY", "")}


def make(file, events, *, text):
    """Write a seeded log: integer ids in the order of time, or ids of text in no order."""
    import duckdb

    people, parts = max(events // 30, 10), -(-events // PART)
    span = 270 * DAY_US // parts
    room = {"threads": 2, "memory_limit": "4GB", "temp_directory": str(file.parent / "spill")}
    with duckdb.connect(config=room) as connection:
        ids = "left(md5(p::varchar), 16)" if text else "p"
        rows = " union all ".join(
            f"select * from (select hash(i + {part * PART}) % {people} as p, hash(i + {part * PART}, 1) % {EVENTS} as e, "
            f"1767225600000000 + {part} * {span} + hash(i + {part * PART}, 2) % {span} as t "
            f"from range({min(PART, events - part * PART)}) as rows(i) order by t)" for part in range(parts))
        order = "order by hash(t, p)" if text else ""
        connection.execute(f"copy (select {ids} as participant_id, 'event_' || lpad(e::varchar, 2, '0') as event, "  # noqa: S608
                           f"t::bigint as time_us from ({rows}) {order}) to '{file}' (format parquet)")


# ---------------------------------------------------------------- ours
def ours(file, task, *, stored):
    """Count with personakit; ``stored`` leaves the events in DuckDB."""
    import duckdb
    import narwhals.stable.v2 as nw
    import numpy as np

    from personakit import eventlog
    from personakit.eventlog import queries

    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    relation = connection.sql(f"select * from read_parquet('{file}')")  # noqa: S608
    if stored:
        log = eventlog.store_events(relation)
        if task == TASKS[0]:
            rows = eventlog.numbered(log)
            people = eventlog.arrays_of(queries.summarise_people(rows, [], level="event", gap_us=GAP_US))
            counts = queries.count_steps(rows, "event", EVENTS)
            moves = eventlog.arrays_of(counts.filter(nw.col("cell") % (EVENTS + 1) < EVENTS).group_by("cell").agg(
                nw.col("count").sum().cast(nw.Int64), nw.len().cast(nw.Int64).alias("people")))
            return [int((people["pauses"] + 1).sum()), int(moves["count"].sum()), int(moves["people"].sum())]
        if task == TASKS[1]:
            packed = eventlog.arrays_of(queries.pack_journeys(eventlog.numbered(log), "event", EVENTS))
            rows = np.lexsort((packed["block"], packed["person"]))
            person = packed["person"][rows]
            words, starts = packed["word"][rows], np.flatnonzero(np.diff(person, prepend=-1))
            power = (np.uint64(0x9E3779B97F4A7C15) ** packed["block"][rows].astype(np.uint64))
            return [len(np.unique(np.add.reduceat(words.astype(np.uint64) * power, starts)))]
        if task == TASKS[2]:
            reached = queries.reach_in_order(log.frame, "event", range(len(STEPS)), within_us=DAYS * DAY_US)
            found = eventlog.placed(log, reached)
            return [int((found[f"time_{one}"] < queries.NEVER).sum()) for one in range(len(STEPS))]
        people = eventlog.placed(log, queries.sum_habits(eventlog.numbered(log), gap_us=GAP_US, clock=[(0, 0)]))
        shares = eventlog.count_by_person(log, "event")
        return [int(people["sessions"].sum()), int(shares.sum()), int(people["active_days"].sum())]
    log = eventlog.encode_events(relation)
    if task == TASKS[0]:
        moves = eventlog.transition_counts(log, "event")
        return [int(eventlog.sessionise(log)[-1]) + 1, int(moves.sum()), int((moves > 0).sum())]
    from personakit.journeys.attempts import Rules, winning_attempts
    from personakit.journeys.steps import sequences
    from personakit.journeys.variants import variant_of
    from personakit.records import Journeys

    if task == TASKS[3]:
        session, days = eventlog.sessionise(log), np.zeros(len(log.participants), dtype=np.int64)
        for rows, person in eventlog.person_blocks(log):
            day = log.time_us[rows] // DAY_US
            new = np.append(True, (day[1:] != day[:-1]) | (person[1:] != person[:-1]))
            days[person[0]: person[-1] + 1] = np.bincount(person[new] - person[0])
        sessions = session[log.offsets[1:] - 1] - session[log.offsets[:-1]] + 1
        return [int(sessions.sum()), int(eventlog.count_by_person(log, "event").sum()), int(days.sum())]
    import pandas as pd

    first, last = log.time_us[log.offsets[:-1]], log.time_us[log.offsets[1:] - 1]
    ends = pd.DataFrame({"first_us": first, "last_us": last, "gap_limit_us": 0, "status": "ended"}, index=log.participants)
    journeys = Journeys(log=log, stages=(), session=np.empty(0), session_gap_min=30.0, ends=ends, notes=pd.DataFrame(),
                        cut_us=int(last.max()))
    if task == TASKS[1]:
        return [len(variant_of(sequences(journeys, "event"))[1])]
    won = winning_attempts(journeys, Rules(column="event", names=STEPS, window_us=DAYS * DAY_US))
    return [int(one) for one in (won.rows >= 0).sum(axis=1)]


def trace(file):
    """Trace a study whose events lie in five stages, three channels and two teams."""
    import duckdb
    import pandas as pd

    from personakit import journeys as room
    from personakit.records import Study

    stages, names = tuple(f"stage {one}" for one in range(5)), [f"event_{one:02}" for one in range(EVENTS)]
    touchpoints = pd.DataFrame({
        "event": names, "touchpoint": names, "stage": [stages[one // 5] for one in range(EVENTS)],
        "channel": [("web", "app", "shop")[one % 3] for one in range(EVENTS)],
        "owner": [("sales", "care")[one % 2] for one in range(EVENTS)]})
    events = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}).sql(
        f"select * from read_parquet('{file}')")  # noqa: S608
    return room.trace_journeys(Study(
        name="bench", participants=pd.DataFrame(index=pd.Index(["0"], name="participant_id")), events=events,
        touchpoints=touchpoints, stages=stages))


def every_view(journeys):
    """Make each view, and say how long it took."""
    from personakit import journeys as room

    chance, stages = {"seed": 7}, journeys.stages
    for view, options in (
            (room.transitions, chance), (room.transitions, {"by": "touchpoint", **chance}), (room.stage_counts, {}),
            (room.step_matrix, {}), (room.flows, {}), (room.variants, {}), (room.loops, {}), (room.attrition, {}),
            (room.around, {"touchpoint": "event_07", **chance}), (room.funnel, chance),
            (room.funnel, {"window_days": DAYS, **chance}), (room.time_to_stage, {"stage": stages[3], **chance}),
            (room.returns_to_stage, {"stage": stages[3], **chance}), (room.switches, chance),
            (room.switches, {"by": "owner", **chance}), (room.rank_friction, chance)):
        start = time.perf_counter()
        view(journeys, **options)
        print(f"{view.__name__}: {time.perf_counter() - start:.2f} s", file=sys.stderr)
    return []


# ---------------------------------------------------------------- engines
def in_duckdb(file, task):
    """Count as one who knows DuckDB writes it."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    log = f"read_parquet('{file}')"
    if task == TASKS[0]:
        connection.execute(f"""create temp table steps as select participant_id, event, time_us - lag(time_us) over person
            as gap, lead(event) over person as target from {log} window person as (partition by participant_id
            order by time_us)""")
        sessions = connection.sql(f"select count(*) filter (where gap is null or gap > {GAP_US}) from steps").fetchall()[0]
        moves = connection.sql("""select sum(n), sum(people) from (select event, target, count(*) as n,
            count(distinct participant_id) as people from steps where target is not null group by all)""").fetchall()[0]
        return [int(one) for one in (*sessions, *moves)]
    if task == TASKS[1]:
        return [connection.sql(f"""select count(*) from (select path, count(*) from (select string_agg(event, '>' order by
            time_us) as path from {log} group by participant_id) group by path)""").fetchall()[0][0]]
    if task == TASKS[2]:
        steps = [f"s0 as (select participant_id, min(time_us) as t0 from {log} where event = '{STEPS[0]}' group by 1)"]
        for place, step in enumerate(STEPS[1:], start=1):
            steps.append(f"""s{place} as (select l.participant_id, any_value(t0) as t0, min(time_us) as reached from {log} l
                join s{place - 1} s on l.participant_id = s.participant_id where event = '{step}' and time_us >
                {'t0' if place == 1 else 'reached'} and time_us - t0 <= {DAYS * DAY_US} group by 1)""")
        counts = ", ".join(f"(select count(*) from s{place})" for place in range(len(STEPS)))
        return list(connection.sql(f"with {', '.join(steps)} select {counts}").fetchall()[0])
    columns = ", ".join(f"count(*) filter (where event = 'event_{one:02}') as e{one}" for one in range(EVENTS))
    total = " + ".join(f"sum(e{one})" for one in range(EVENTS))
    return [int(one) for one in connection.sql(f"""select sum(sessions), {total}, sum(days) from (select participant_id,
        count(*) filter (where gap is null or gap > {GAP_US}) as sessions, count(distinct time_us // {DAY_US}) as days,
        {columns}
        from (select *, time_us - lag(time_us) over (partition by participant_id order by time_us) as gap from {log})
        group by 1)""").fetchall()[0]]


def in_polars(file, task):
    """Count with polars as its guide says: lazy, sorted once."""
    import polars as pl

    log = pl.scan_parquet(file)
    person, time_us = "participant_id", pl.col("time_us")
    if task == TASKS[0]:
        steps = log.sort(person, "time_us").select(
            person, "event", gap=time_us.diff().over(person), target=pl.col("event").shift(-1).over(person)).collect()
        sessions = steps.select((pl.col("gap").is_null() | (pl.col("gap") > GAP_US)).sum()).item()
        moves = steps.lazy().drop_nulls("target").group_by("event", "target").agg(
            n=pl.len(), people=pl.col(person).n_unique()).collect()
        return [sessions, moves["n"].sum(), moves["people"].sum()]
    if task == TASKS[1]:
        paths = log.sort("time_us").group_by(person).agg(path=pl.col("event").str.join(">"))
        return [paths.group_by("path").agg(n=pl.len()).collect().height]
    if task == TASKS[2]:
        found = log.filter(pl.col("event") == STEPS[0]).group_by(person).agg(t0=time_us.min()).with_columns(at="t0")
        counts = [found]
        for step in STEPS[1:]:
            rows = log.filter(pl.col("event") == step).join(found, on=person)
            found = rows.filter((time_us > pl.col("at")) & (time_us - pl.col("t0") <= DAYS * DAY_US)).group_by(person).agg(
                t0=pl.col("t0").first(), at=time_us.min())
            counts.append(found)
        return [one.item() for one in pl.collect_all([one.select(pl.len()) for one in counts])]
    steps = log.sort(person, "time_us").with_columns(gap=time_us.diff().over(person), day=time_us // DAY_US)
    people = steps.group_by(person).agg(
        sessions=(pl.col("gap").is_null() | (pl.col("gap") > GAP_US)).sum(), days=pl.col("day").n_unique(),
        **{f"e{one}": (pl.col("event") == f"event_{one:02}").sum() for one in range(EVENTS)}).collect()
    return [people["sessions"].sum(), sum(people[f"e{one}"].sum() for one in range(EVENTS)), people["days"].sum()]


def in_pandas(file, task):
    """Count with pandas."""
    import duckdb

    log = duckdb.sql(f"select * from read_parquet('{file}')").df()  # noqa: S608
    log = log.astype({"event": "category"}).sort_values(["participant_id", "time_us"], kind="stable", ignore_index=True)
    person, event, time_us = log["participant_id"], log["event"], log["time_us"]
    same = person.eq(person.shift())
    new = ~same | (time_us.diff() > GAP_US)
    if task == TASKS[0]:
        steps = log.assign(source=event.shift().astype("category"))[same]
        moves = steps.groupby(["source", "event"], observed=True)["participant_id"].agg(["size", "nunique"])
        return [int(new.sum()), int(moves["size"].sum()), int(moves["nunique"].sum())]
    if task == TASKS[1]:
        return [int(log.astype({"event": str}).groupby("participant_id")["event"].agg(">".join).nunique())]
    if task == TASKS[2]:
        first = log[event == STEPS[0]].groupby("participant_id")["time_us"].min()
        at, counts = first, [len(first)]
        for step in STEPS[1:]:
            rows = log[event == step]
            start, before = (rows["participant_id"].map(one) for one in (first, at))
            rows = rows[(rows["time_us"] > before) & (rows["time_us"] - start <= DAYS * DAY_US)]
            at = rows.groupby("participant_id")["time_us"].min()
            counts.append(len(at))
        return counts
    shares = log.groupby(["participant_id", "event"], observed=True).size().unstack(fill_value=0)
    days = log.assign(day=time_us // DAY_US).drop_duplicates(["participant_id", "day"])
    return [int(new.groupby(person).sum().sum()), int(shares.to_numpy().sum()), len(days)]


# ---------------------------------------------------------------- peers
def in_retentioneering(file, task):
    """Count with retentioneering: sessions and the transition matrix."""
    os.environ["RETENTIONEERING_NO_TRACK"] = "1"
    import pandas as pd
    from retentioneering.eventstream import Eventstream

    log = pd.read_parquet(file)
    log["timestamp"] = pd.to_datetime(log.pop("time_us"), unit="us")
    stream = Eventstream(log.rename(columns={"participant_id": "user_id"}))
    stream.split_sessions(timeout="30m")
    stream.transition_graph_data(edge_weight="count")
    return []


def in_pm4py(file, task):
    """Count with pm4py: the directly-follows graph, or the variants."""
    import pandas as pd
    import pm4py

    log = pd.read_parquet(file)
    log["time_us"] = pd.to_datetime(log["time_us"], unit="us", utc=True)
    log["participant_id"] = log["participant_id"].astype(str)
    log = pm4py.format_dataframe(log, case_id="participant_id", activity_key="event", timestamp_key="time_us")
    if task == TASKS[1]:
        return [len(pm4py.get_variants(log))]
    pm4py.discover_dfg(log)
    return []


def run(tool, task, file, again):
    file = Path(file)
    journeys = trace(file) if task == OWN_TASKS[1] else None
    own = {OWN_TASKS[0]: lambda: [trace(file).log.events], OWN_TASKS[1]: lambda: every_view(journeys)}
    verbs = {OURS: own.get(task, lambda: ours(file, task, stored=False)),
             STORED: lambda: ours(file, task, stored=True), "DuckDB SQL": lambda: in_duckdb(file, task),
             "polars": lambda: in_polars(file, task), "pandas": lambda: in_pandas(file, task),
             "retentioneering": lambda: in_retentioneering(file, task), "pm4py": lambda: in_pm4py(file, task)}
    for _ in range(2 if again == "again" else 1):
        start, spent = time.perf_counter(), time.process_time()
        found = verbs[tool]()
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return {"seconds": round(seconds, 2), "cpu_seconds": round(spent, 2), "peak_mib": round(peak), "found": found}


def measure(tool, task, file, events, python=sys.executable):
    again = "once" if events > MOST_COMPARED or task in OWN_TASKS else "again"
    command = [python, __file__, "--run", tool, task, str(file), again]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{tool}, {task}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(file, ids, events):
    """Yield a row of the table for each task and tool; stop where two disagree."""
    for task in (*(TASKS if events <= MOST_COMPARED else TASKS[:1]), *(OWN_TASKS if ids == IN_ORDER else ())):
        tools = (OURS,) if task in OWN_TASKS else ENGINES if events <= MOST_COMPARED else (OURS, "DuckDB SQL")
        peers = {name: python for name, python in PEERS.items() if python and events <= MOST_COMPARED and ids == IN_ORDER
                 and (task == TASKS[0] or (task, name) == (TASKS[1], "pm4py"))}
        first = measure(OURS, task, file, events)
        if first is None:
            continue
        for tool in (*tools, *peers):
            done = first if tool == OURS else measure(tool, task, file, events, peers.get(tool, sys.executable))
            if done is None:
                continue
            if done["found"] and done["found"] != first["found"]:
                raise SystemExit(f"{tool} counts otherwise than personakit: {task}, {events} events, {done}, {first}")
            ratios = [round(done[one] / first[one], 2) for one in ("seconds", "cpu_seconds")]
            yield task, tool, ids, events, done["seconds"], done["cpu_seconds"], *ratios, done["peak_mib"]


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores and {memory:.0f} GiB, load {os.getloadavg()[0]:.0f}"


def main(sizes):
    print("task,tool,ids,events,seconds,cpu_seconds,ratio,cpu_ratio,peak_mib,machine")
    for events in sizes:
        for ids in (IN_ORDER, "text in no order") if events <= MOST_COMPARED else (IN_ORDER,):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "events.parquet")
                make(file, events, text=ids.startswith("text"))
                for row in compare(file, ids, events):
                    print(",".join([*map(str, row), f'"{machine()}"']), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(run(*sys.argv[2:6])))
    else:
        main([int(one) for one in sys.argv[1:]] or [10**5, 10**6, 10**7, 10**8])
