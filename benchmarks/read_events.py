"""Time a large log that is read, audited and counted, beside plain DuckDB: ``python benchmarks/read_events.py [events]``.

Prints CSV: what, events, seconds, seconds of processor, peak memory of the process in MiB, the machine. With 50 million
events the Parquet is about 1 GB; ``benchmarks/read_events.csv`` holds what that printed. Duplicates, bots and ties are
planted, and must be found.
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

import duckdb
import numpy as np
import pandas as pd

SEED, PART, BOTS, BOT_EVENTS, START_US, SPAN_US = 7, 1_000_000, 20, 500, 1_767_225_600_000_000, 180 * 86_400_000_000
DUPLICATES = TIES = 1_000  # in each part
STUDY = '[participants]\nfrom = "events"\n[events]\nfile = "logs/*.parquet"\n'

#: the same counts as audit_events, as one who knows DuckDB writes them
PLAIN = """
with steps as (
    select participant_id, event, time_us, lag(time_us) over person as before, lag(event) over person as last
    from log window person as (partition by participant_id order by time_us, event)),
once as (select *, time_us - before as gap from steps where before is null or time_us > before or event <> last),
people as (
    select participant_id, count(*) as events, median(gap) as pace, count(*) filter (where gap = 0) as ties
    from once group by all),
busy as (
    select distinct participant_id from (
        select participant_id, time_us // 86400000000 as day from once group by all having count(*) > 5000)),
repeated as (
    select count(*) - 1 as rows
    from log group by participant_id, event, time_us, channel, device, content, value having count(*) > 1)
select (select count(*) from log), (select count(*) from people), (select coalesce(sum(rows), 0) from repeated),
    (select count(*) from people where events >= 50 and pace < 1000000 or participant_id in (from busy)),
    (select sum(ties) from people)
"""


def make(folder: Path, events: int) -> dict[str, int]:
    """Write a seeded log as Parquet files in the order of time; return what was planted."""
    rng = np.random.default_rng(SEED)
    people, parts = max(events // 30, 10), -(-events // PART)
    with duckdb.connect() as connection:
        for part in range(parts):
            count = min(PART, events - part * PART)
            low, high = (START_US + SPAN_US * place // parts for place in (part, part + 1))
            levels = {"person": people, "event": 25, "page": 400, "channel": 3, "device": 2, "value": 2000}
            frame = pd.DataFrame({name: rng.integers(0, size, count) for name, size in levels.items()})
            frame = frame.assign(time_us=low + np.sort(rng.integers(0, high - low, count)))
            frame = plant(frame, people, part)  # noqa: F841 - DuckDB reads it below
            connection.sql("""select left(md5(person::varchar), 16) as participant_id, 'event_' || event as event, time_us,
                ['web', 'app', 'shop'][channel + 1] as channel, ['mobile', 'desktop'][device + 1] as device,
                '/page/' || page as content, case when value < 100 then value / 4 end as value from frame
                """).write_parquet(str(folder / f"part-{part:03}.parquet"))
    return {"duplicates": DUPLICATES * parts, "bots": BOTS, "ties": TIES * parts}


def plant(frame: pd.DataFrame, people: int, part: int) -> pd.DataFrame:
    """Repeat rows, put another event at the same moment, and let programs act five times a second."""
    twice = frame.iloc[: DUPLICATES]
    tied = frame.iloc[DUPLICATES: DUPLICATES + TIES].assign(event=lambda rows: (rows["event"] + 1) % 25)
    programs = pd.DataFrame({"person": np.repeat(people + np.arange(BOTS), BOT_EVENTS), "page": 0, "channel": 0, "device": 0,
                             "event": np.arange(BOTS * BOT_EVENTS) % 25, "value": 1999,
                             "time_us": np.tile(frame["time_us"].iloc[0] + 200_000 * np.arange(BOT_EVENTS), BOTS)})
    return pd.concat([frame, twice, tied, *([programs] if part == 0 else [])], ignore_index=True)


def run(what: str, folder: str) -> dict[str, object]:
    """Do one thing in this process; say how long it took, how much memory it held, and what it found."""
    start = time.perf_counter()
    if what == "personakit read, audit, count":
        from personakit.collect.logs.audit import audit_events, counts_of
        from personakit.collect.logs.events import read_events

        log = read_events(Path(folder, "logs")).tables["events"]
        found = audit_events(log)["count"].tolist()
        words = len(counts_of(log, "event"))
    elif what == "personakit check":
        from personakit.study import check_study, load_study

        checks = check_study(load_study(folder))
        found, words = checks.loc[["has_events", "enough_people", "duplicates", "bots", "ties"], "count"].tolist(), 25
    else:
        log = duckdb.sql(f"select * from read_parquet('{folder}/logs/*.parquet')")  # noqa: S608
        found = [int(one) for one in log.query("log", PLAIN).fetchall()[0]]
        words = len(log.query("log", "select event, count(*) from log group by event").fetchall())
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": round(seconds, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1), "found": found,
            "peak_mib": round(used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)), "words": words}


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores and {memory:.0f} GiB"


def main(events: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "logs").mkdir()
        Path(folder, "study.toml").write_text(STUDY, encoding="utf-8")
        planted = make(Path(folder, "logs"), events)
        size = sum(file.stat().st_size for file in Path(folder, "logs").iterdir())
        print(f"{size / 1e6:.0f} MB of Parquet; DuckDB {duckdb.__version__}", file=sys.stderr)
        print("what,events,seconds,cpu_seconds,peak_mib,machine")
        for what in ("personakit read, audit, count", "personakit check", "DuckDB alone"):
            command = [sys.executable, __file__, "--run", what, folder]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rows, _, *wrong = done["found"]
            assert dict(zip(planted, wrong, strict=True)) == planted, done
            assert done["words"] == 25, done
            print(f'"{what}",{rows},{done["seconds"]},{done["cpu_seconds"]},{done["peak_mib"]},{machine()}', flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(run(*sys.argv[2:4])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)
