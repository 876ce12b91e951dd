"""check_study: each check passes on a sound study, and speaks up on one made for it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

import personakit
from personakit.readings import ReadReport
from personakit.records import Study
from personakit.study import check_study

DAY_US = 86_400_000_000
START_US = 1_767_600_000_000_000


def people(count: int, **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index([f"p{i:02d}" for i in range(count)], name="participant_id"))


def events(count: int = 60) -> pd.DataFrame:
    return pd.DataFrame({"participant_id": [f"p{i:02d}" for i in range(count)], "event": "see", "channel": "web",
                         "time_us": [START_US + i * DAY_US for i in range(count)], "content": "guide"})


def sound(**changes: object) -> Study:
    """A study with nothing to report but what changes."""
    ids = [f"p{i:02d}" for i in range(60)]
    tables: Mapping[str, object] = {
        "participants": people(60), "language": "en", "stages": ("research", "purchase"),
        "events": events(),
        "answers": people(60, price=[1, 2] * 30, plan=["a", "b", "c"] * 20),
        "codes": pd.DataFrame({"participant_id": ids[:20], "code": ["price", "trust"] * 10, "quote": "Too dear.",
                               "consent": "verbatim", "touchpoint": "page"}),
        "codebook": pd.DataFrame({"variable": ["price"], "kind": ["ordinal"]}),
        "touchpoints": pd.DataFrame({"event": ["see", "buy"], "touchpoint": ["page", "basket"],
                                     "stage": ["research", "purchase"], "owner": ["product", "sales"]}),
        "contents": pd.DataFrame({"content": ["guide"]}),
    }
    return Study(name="sound", **{**tables, **changes})


def result(key: str, **changes: object) -> tuple[str, int]:
    row = check_study(sound(**changes)).loc[key]
    return row["result"], int(row["count"])


def test_a_sound_study_passes_everything() -> None:
    checks = check_study(sound())
    assert checks.columns.tolist() == ["check", "result", "table", "count", "first", "what_to_do"]
    assert set(checks["result"]) == {"passed"}
    assert set(checks["what_to_do"]) == {""}


@pytest.mark.parametrize(
    ("key", "expected", "changes"),
    [
        ("enough_people", ("note", 30), {"participants": people(30), "events": None, "answers": None, "codes": None}),
        ("enough_people", ("failed", 9), {"participants": people(9), "events": None, "answers": None, "codes": None}),
        ("something_to_learn", ("failed", 0), {"events": None, "answers": None, "codes": None}),
        ("has_events", ("note", 0), {"events": None}),
        ("has_answers", ("note", 0), {"answers": None}),
        ("has_codes", ("note", 0), {"codes": None}),
        ("has_touchpoints", ("note", 0), {"touchpoints": None}),
        ("has_contents", ("note", 0), {"contents": None}),
        ("silent_people", ("note", 2), {"participants": people(62)}),
        ("overlap", ("note", 3), {"events": events(3), "codes": None}),
        ("events_without_touchpoint", ("note", 1), {"events": pd.concat([events(), events(1).assign(event="x")])}),
        ("contents_unknown", ("note", 60), {"events": events().assign(content="other")}),
        ("duplicates", ("note", 4), {"events": pd.concat([events(), events(4)])}),
        ("bots", ("note", 1), {"events": pd.concat([events(), events().assign(
            participant_id="p00", time_us=range(START_US, START_US + 60_000, 1000))])}),
        ("ties", ("note", 1), {"events": pd.concat([events(), events(1).assign(event="buy")])}),
        ("early_times", ("note", 60), {"events": events().assign(time_us=lambda frame: frame["time_us"] // 1000)}),
        ("codebook_unknown", ("note", 1), {"codebook": pd.DataFrame({"variable": ["price", "prise"]})}),
        ("columns_twice", ("failed", 1), {"participants": people(60, price=[1, 2] * 30)}),
        ("decimal_commas", ("note", 1), {"answers": people(60, price=["1,5", "2"] * 30)}),
        ("answers_with_gaps", ("note", 1), {"answers": people(60, price=[1, 2, None] * 10 + [None] * 30)}),
        ("answers_all_same", ("note", 1), {"answers": people(60, price=[1] * 60)}),
        ("enough_interviews", ("note", 2), {"codes": pd.DataFrame({"participant_id": ["p00", "p01"], "code": "a"})}),
        ("codes_said_once", ("note", 1), {"codes": pd.DataFrame({"participant_id": ["p00"], "code": "a"})}),
        ("quotes_without_consent", ("note", 2), {"codes": pd.DataFrame(
            {"participant_id": ["p00", "p01", "p02"], "code": "a", "quote": ["x", "y", None]})}),
        ("stages_without_touchpoint", ("note", 1), {"stages": ("research", "purchase", "loyalty")}),
        ("touchpoints_without_owner", ("note", 1), {"touchpoints": pd.DataFrame(
            {"event": ["see", "buy"], "touchpoint": ["page", "basket"], "stage": ["research", "purchase"],
             "owner": [None, "sales"]})}),
        ("touchpoints_unknown", ("note", 1), {"codes": pd.DataFrame(
            {"participant_id": ["p00"], "code": "a", "touchpoint": "pages"})}),
    ],
)
def test_each_check_speaks_up(key: str, expected: tuple[str, int], changes: dict[str, object]) -> None:
    assert result(key, **changes) == expected


def test_ids_that_are_addresses_are_noticed() -> None:
    ids = pd.Index(["ann@example.org", "bob"], name="participant_id")
    assert check_study(Study(name="x", participants=pd.DataFrame(index=ids))).loc["personal_ids", "count"] == 1


def test_every_sentence_exists_and_can_be_said_in_both_languages() -> None:
    text = (Path(personakit.__file__).parent / "strings" / "study.toml").read_text(encoding="utf-8")
    strings = tomllib.loads(text)
    aside = pd.DataFrame({"table": "events", "first": "p1", "rows": 2,
                          "reason": ["empty_row", "duplicate", "bot", "unknown_participant", "no_participant"]})
    report = ReadReport(table="events", file="e.csv", layout="csv", sha256="", rows_in=10, kept=0, set_aside=aside)
    worst = sound(participants=people(62), events=None, codes=None, reports=(report,), answers=people(60, a=["1,5"] * 60))
    for language in ("fr", "en"):
        checks = check_study(worst, language=language)
        assert not checks.to_string().count("{")
        assert set(checks.index) <= set(strings)
    assert check_study(worst, language="fr").loc["aside_bot", "check"] == "robots écartés"
    for key, entry in strings.items():
        assert {"fr", "en"} <= set(entry), key
        assert ("fr_one" in entry) == ("en_one" in entry), key


def test_the_language_is_the_studys_own_unless_given() -> None:
    assert check_study(sound(language="fr")).loc["has_events", "check"] == "événements"
    assert check_study(sound(language="fr"), language="en").loc["has_events", "check"] == "events"


def test_events_may_be_another_kind_of_frame() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    frame = pyarrow.table(events().to_dict("list"))
    assert check_study(sound(events=frame)).loc["duplicates", "result"] == "passed"
