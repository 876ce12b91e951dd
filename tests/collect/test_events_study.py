"""A study whose events stay where they are loads, is checked and goes on as the same study in memory does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from personakit.behaviour import behaviour_table
from personakit.collect.logs import files
from personakit.collect.logs.audit import as_pandas
from personakit.errors import StudyError
from personakit.evidence import coverage
from personakit.journeys import trace_journeys
from personakit.records import Study
from personakit.study import check_study, load_study, save_study

duckdb = pytest.importorskip("duckdb")
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "samples" / "lunettes"

TOML = """
timezone = "Europe/Paris"
[participants]
{participants}
[events]
file = "{file}"
{settings}
[touchpoints]
file = "touchpoints.csv"
"""
LOG = """participant_id,event,time_us,order,channel,content
p1,see,1772366400000000,1,Boutique,guide
p1,see,1772366400000000,2,Boutique,guide
p1,buy,1772366400000000,3,web,
p2,see,1772366500000000,1,app,note
,see,1772366600000000,1,app,note
p9,see,1772366700000000,1,app,note
"""


def write(folder: Path, *, participants: str = 'from = "events"', settings: str = "", log: str = LOG,
          parquet: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    file = "logs/*.parquet" if parquet else "logs/log.csv"
    toml = TOML.format(participants=participants, settings=settings, file=file)
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    (folder / "touchpoints.csv").write_text("event,touchpoint,stage\nsee,page,research\n", encoding="utf-8")
    (folder / "people.csv").write_text("participant_id\np1\np2\n", encoding="utf-8")
    (folder / "logs" / "log.csv").write_text(log, encoding="utf-8")
    if parquet:
        with duckdb.connect() as connection:
            rows = connection.sql(f"select * from read_csv('{folder}/logs/log.csv')")
            rows.write_parquet(str(folder / "logs" / "a.parquet"))
    return folder


def both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Study, Study]:
    """Load a study in memory, then with every file taken for a large one."""
    memory = load_study(folder)
    monkeypatch.setattr(files, "LARGE_TEXT", 0)
    monkeypatch.setattr(files, "LARGE_PARQUET", 0)
    lazy = load_study(folder)
    assert isinstance(memory.events, pd.DataFrame)
    assert isinstance(lazy.events, duckdb.DuckDBPyRelation)
    return memory, lazy


def same(memory: Study, lazy: Study) -> None:
    pd.testing.assert_frame_equal(memory.participants, lazy.participants)
    key = [name for name in ("participant_id", "time_us", "event", "order") if name in memory.events]
    one, other = (frame.sort_values(key, kind="stable").reset_index(drop=True)
                  for frame in (memory.events, as_pandas(lazy.events)))
    pd.testing.assert_frame_equal(one, other)
    assert memory.sources.equals(lazy.sources)
    pd.testing.assert_frame_equal(memory.set_aside[["table", "reason", "rows"]], lazy.set_aside[["table", "reason", "rows"]])
    for language in ("fr", "en"):
        pd.testing.assert_frame_equal(check_study(memory, language=language).drop(columns="first"),
                                      check_study(lazy, language=language).drop(columns="first"))


def test_the_sample_with_its_mess_is_the_same_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, lazy = both(Path(shutil.copytree(SAMPLE, tmp_path / "study")), monkeypatch)
    same(memory, lazy)
    assert repr(memory) == repr(lazy)
    pd.testing.assert_frame_equal(behaviour_table(memory), behaviour_table(lazy))
    one, other = trace_journeys(memory), trace_journeys(lazy)
    pd.testing.assert_frame_equal(one.ends, other.ends)
    assert (one.log.time_us == other.log.time_us).all()
    assert set(coverage._with_events(lazy.events)) == set(memory.events["participant_id"])


@pytest.mark.parametrize("settings", [
    'unknown_participants = "set_aside"', 'unknown_participants = "set_aside"\nduplicates = "set_aside"',
    'unknown_participants = "set_aside"\nduplicates = "set_aside"\nbots = "set_aside"'])
def test_rows_are_set_aside_as_study_toml_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str) -> None:
    folder = write(tmp_path / "study", participants='file = "people.csv"', settings=settings)
    memory, lazy = both(folder, monkeypatch)
    same(memory, lazy)
    assert set(as_pandas(lazy.events)["channel"]) == {"shop", "web", "app"}


def test_participants_from_events_and_a_pattern_of_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "study", log=LOG.replace("\n,see", "\np3,see"), parquet=True)
    study = load_study(folder)
    assert study.participants.index.tolist() == ["p1", "p2", "p3", "p9"]
    checks = check_study(study)
    assert checks.loc[["duplicates", "ties", "bots", "early_times", "has_events"], "count"].tolist() == [1, 0, 0, 0, 6]
    assert checks.loc["events_without_touchpoint", ["count", "first"]].tolist() == [1, "buy"]
    source = study.sources.set_index("table").loc["events", ["file", "rows_in", "kept"]]
    assert source.tolist() == ["logs/*.parquet", 6, 6]
    again = load_study(save_study(study, tmp_path / "saved"))
    pd.testing.assert_frame_equal(as_pandas(study.events), again.events)


@pytest.mark.parametrize(("changes", "words"), [
    ({"log": LOG.replace("p2,see", "p2,")}, "event: 1 of 5 are empty"),
    ({"participants": 'file = "people.csv"', "log": LOG.replace("\n,see", "\np1,see")},
     r"1 of 3 not in participants \(p9\), in 1 of 6 rows"),
    ({"log": LOG.replace("event,", "what,", 1)}, "column 'event' is missing"),
    ({"log": LOG.replace("p2,see", "p2,"), "settings": 'bots = "set_aside"'}, r"event: 1 of [56] are empty"),
    ({"log": "participant_id,event,time_us\n,see,1772366400000000\n", "participants": 'file = "people.csv"',
      "settings": 'unknown_participants = "set_aside"'}, "all 1 rows were set aside")])
def test_what_is_refused_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str],
                                              words: str) -> None:
    folder = write(tmp_path / "study", **changes)
    for size in (files.LARGE_TEXT, 0):
        monkeypatch.setattr(files, "LARGE_TEXT", size)
        with pytest.raises(StudyError, match=words):
            load_study(folder)


def test_a_log_made_by_hand_is_checked_at_the_check(tmp_path: Path) -> None:
    people = pd.DataFrame(index=pd.Index(["p1"], name="participant_id"))
    for query, words in (("select 'p1' as participant_id, 'see' as event", "'time_us' is missing"),
                         ("select 'p1' as participant_id, cast(null as varchar) as event, 1 as time_us", "1 of 1 are empty"),
                         ("select 'p2' as participant_id, 'see' as event, 1 as time_us", "not in participants")):
        study = Study(name="x", participants=people, events=duckdb.sql(query))
        with pytest.raises(StudyError, match=words):
            check_study(study)
