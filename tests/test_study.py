"""Study folders: every row accounted for, times read as they were meant, and one clear error for whatever is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import personakit.study.loading as loading
from personakit.collect.logs.audit import find_bots, find_duplicates, pace_of
from personakit.errors import ChoiceError, StudyError
from personakit.study import check_study, load_sample, load_study

SETTINGS = """
name = "Lunettes"
language = "fr"
timezone = "Europe/Paris"

[participants]
file = "clients.csv"
participant_id = "client"

[events]
file = "events.csv"
participant_id = "client"
event = "action"
time = "horodatage"

[answers]
file = "answers.csv"
codebook = "codebook.csv"

[codes]
file = "codes.csv"

[touchpoints]
file = "touchpoints.csv"
"""
FILES = {
    "study.toml": SETTINGS,
    "clients.csv": "client,age,abonné\np1,34,oui\np2,51,non\np3,,oui\n",
    "events.csv": "client;action;horodatage;channel\n"
                  "p1;voir;2026-01-05 10:00:00;boutique\np1;acheter;2026-01-05 10:05:00;web\np2;voir;2026-07-01 09:30;web\n",
    "answers.csv": "participant_id,price,plan,city,postcode\np1,5,Oui,Lyon,01230\np3,NA,Non,Lille,59000\n",
    "codebook.csv": "variable,kind,role\nprice,ordinal,active\nplan,binary,tenu à l'écart\n",
    "codes.csv": 'participant_id,code,kind,stage,quote,consent\np1,prix,irritant,achat,"Trop cher, ""vraiment""",mot à mot\n'
                 "p2,conseil,need,research,,\n",
    "touchpoints.csv": "event,touchpoint,stage,channel,owner\nvoir,Fiche,Recherche,web,produit\n"
                       "acheter,Panier,Décision d'achat,web,Ventes\n",
}


def write(folder: Path, **changes: str | bytes | None) -> Path:
    """Write the small study with some files changed; ``study`` stands for study.toml, other names for their CSV."""
    folder.mkdir(exist_ok=True)
    named = {("study.toml" if name == "study" else f"{name}.csv"): content for name, content in changes.items()}
    for name, content in {**FILES, **named}.items():
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def refuse(folder: Path, *words: str) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    for word in words:
        assert word in str(caught.value)


# ------------------------------------------------------------------------------------------------ by hand
def test_a_folder_becomes_a_study(tmp_path: Path) -> None:
    study = load_study(write(tmp_path))
    assert study.participants["age"].tolist()[:2] == [34, 51]
    assert study.participants["abonné"].tolist() == [1, 0, 1]
    assert study.answers["plan"].tolist() == [1, 0]
    assert np.isnan(study.answers.loc["p3", "price"])
    assert study.answers["postcode"].tolist() == ["01230", "59000"]
    assert study.events["event"].tolist() == ["voir", "acheter", "voir"]
    assert study.events["channel"].tolist() == ["shop", "web", "web"]
    # Paris is one hour ahead in January, two in July
    assert pd.to_datetime(study.events["time_us"], unit="us").astype("str").tolist() == [
        "2026-01-05 09:00:00", "2026-01-05 09:05:00", "2026-07-01 07:30:00"]
    assert study.codes[["kind", "stage"]].values.tolist() == [["pain", "purchase"], ["need", "research"]]
    assert study.codes["quote"][0] == 'Trop cher, "vraiment"'
    assert study.codes["consent"].isna().tolist() == [False, True]
    assert study.codebook["role"].tolist() == ["active", "held_back"]
    assert study.touchpoints["owner"].tolist() == ["product", "sales"]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    events = FILES["events.csv"] + ("p1;voir;2026-01-05 10:00:00;boutique\nzz;voir;2026-01-05 10:00;web\n;;;\n"
                                    ";voir;2026-01-06;web\n")
    policies = SETTINGS.replace('time = "horodatage"', 'time = "horodatage"\nduplicates = "set_aside"\n'
                                'unknown_participants = "set_aside"')
    study = load_study(write(tmp_path, events=events, study=policies))
    assert study.set_aside.values.tolist() == [
        ["events", "empty_row", 1, "6"], ["events", "duplicate", 1, "p1"],
        ["events", "no_participant", 1, "7"], ["events", "unknown_participant", 1, "zz"]]
    sources = study.sources.set_index("table")
    assert sources.loc["events", ["rows_in", "kept", "set_aside"]].tolist() == [7, 3, 4]
    assert (sources["rows_in"] == sources["kept"] + sources["set_aside"]).all()
    assert sources.loc["answers", "sha256"] == hashlib.sha256((tmp_path / "answers.csv").read_bytes()).hexdigest()
    assert len(study.events) == 3


def test_nothing_is_cleaned_unless_declared(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, events=FILES["events.csv"] + "p1;voir;2026-01-05 10:00:00;boutique\n"))
    assert len(study.events) == 4
    assert study.set_aside.empty
    assert check_study(study).loc["duplicates", ["result", "count"]].tolist() == ["note", 1]


def test_ten_percent_of_rows_repeated_are_found_exactly() -> None:
    generator = np.random.default_rng(3)
    events = pd.DataFrame({"participant_id": generator.integers(0, 40, 1000).astype(str), "event": "see",
                           "time_us": np.arange(1000) * 60_000_000, "order": np.arange(1000)})
    again = pd.concat([events, events.sample(100, random_state=3).assign(order=5)]).sample(frac=1, random_state=4)
    assert find_duplicates(again.reset_index(drop=True)).sum() == 100


def test_participants_may_come_from_events(tmp_path: Path) -> None:
    text = '[participants]\nfrom = "events"\n' + SETTINGS[SETTINGS.index("[events]"):SETTINGS.index("[answers]")]
    study = load_study(write(tmp_path, study='timezone = "UTC"\n' + text))
    assert study.participants.index.tolist() == ["p1", "p2"]
    assert study.participants.shape == (2, 0)


def test_rows_can_be_numbered_and_columns_chosen(tmp_path: Path) -> None:
    text = ('[participants]\nfile = "answers.csv"\nparticipant_id = "row"\ncolumns = ["city"]\n'
            '[answers]\nfile = "answers.csv"\nparticipant_id = "row"\ncolumns = ["price"]\n')
    study = load_study(write(tmp_path, study=text))
    assert study.participants["city"].to_dict() == {"p0001": "Lyon", "p0002": "Lille"}
    assert study.answers.columns.tolist() == ["price"]


def test_a_column_that_one_of_two_tables_of_a_file_asks_for_is_not_the_others_too(tmp_path: Path) -> None:
    people, answers = ('[participants]\nfile = "answers.csv"\n', '[answers]\nfile = "answers.csv"\n')
    study = load_study(write(tmp_path, study=people + 'columns = ["city", "postcode"]\n' + answers))
    assert study.answers.columns.tolist() == ["price", "plan"]
    study = load_study(write(tmp_path, study=people + answers + 'columns = ["price"]\n'))
    assert study.participants.columns.tolist() == ["plan", "city", "postcode"]
    study = load_study(write(tmp_path, study=people + answers))
    assert check_study(study).loc["columns_twice", ["result", "count"]].tolist() == ["failed", 4]


def test_a_column_that_is_not_the_mapped_one_goes_on_under_another_name(tmp_path: Path) -> None:
    events = "client,event,action,horodatage,extra\np1,page,voir,2026-01-05,x\n"
    study = load_study(write(tmp_path, events=events))
    assert study.events[["event", "event (file)", "extra"]].values.tolist() == [["voir", "page", "x"]]
    chosen = SETTINGS.replace('event = "action"', 'event = "action"\ncolumns = ["action"]')
    study = load_study(write(tmp_path, events=events, study=chosen))
    assert sorted(study.events.columns) == ["action", "event", "participant_id", "time_us"]


def test_decimal_comma_encoding_and_missing_words(tmp_path: Path) -> None:
    text = ('[participants]\nfile = "answers.csv"\ndecimal = ","\nencoding = "cp1252"\nmissing = ["-99"]\n')
    answers = "participant_id;gêne;note\np1;3,5;NA\np2;-99;b\n".encode("cp1252")
    study = load_study(write(tmp_path, study=text, answers=answers))
    assert study.participants["gêne"].tolist()[0] == 3.5
    assert study.participants["gêne"].isna().tolist() == [False, True]
    assert study.participants["note"].tolist() == ["NA", "b"]


def test_a_studys_own_stage_names_win_over_ours(tmp_path: Path) -> None:
    own = SETTINGS.replace('timezone = "Europe/Paris"', 'timezone = "Europe/Paris"\nstages = ["achat", "recherche"]')
    codes = "participant_id,code,stage\np1,prix,achat\n"
    touchpoints = "event,touchpoint,stage\nvoir,Fiche,recherche\nacheter,Panier,achat\n"
    study = load_study(write(tmp_path, study=own, codes=codes, touchpoints=touchpoints))
    assert study.touchpoints["stage"].tolist() == ["recherche", "achat"]
    assert study.codes["stage"].tolist() == ["achat"]


def test_an_order_column_is_kept_and_none_is_made_up(tmp_path: Path) -> None:
    assert "order" not in load_study(write(tmp_path)).events
    events = "client,action,time_us,order\np1,a,1767600000000000,2\np1,b,1767600000000000,1\n"
    text = SETTINGS.replace('time = "horodatage"', "")
    study = load_study(write(tmp_path, events=events, study=text))
    assert study.events["order"].tolist() == [2, 1]
    assert study.events["time_us"].tolist() == [1767600000000000] * 2
    assert pace_of(study.events)["ties"].sum() == 0
    assert pace_of(study.events.drop(columns="order"))["ties"].sum() == 1


# ------------------------------------------------------------------------------------------------ times
def times(tmp_path: Path, *moments: str, zone: str | None = "Europe/Paris", more: str = "") -> pd.Series:
    events = "client,action,horodatage\n" + "".join(f"p1,voir,{moment}\n" for moment in moments)
    text = SETTINGS.replace('timezone = "Europe/Paris"', f'timezone = "{zone}"' if zone else "")
    study = load_study(write(tmp_path, events=events, study=text.replace('"horodatage"', f'"horodatage"\n{more}')))
    return study.events["time_us"]


def test_an_hour_that_clocks_repeat_is_read_as_its_first_occurrence(tmp_path: Path) -> None:
    # 25 October 2026, 02:30 happens in Paris at 00:30 and again at 01:30 UTC
    assert times(tmp_path, "2026-10-25 02:30").tolist() == [pd.Timestamp("2026-10-25 00:30").value // 1000]
    checks = check_study(load_study(tmp_path))
    assert checks.loc["clock_repeated", "count"] == 1


def test_an_hour_that_clocks_skip_moves_to_the_end_of_the_gap(tmp_path: Path) -> None:
    # 29 March 2026, Paris jumps from 02:00 to 03:00, at 01:00 UTC
    moments = times(tmp_path, "2026-03-29 02:30", "2026-03-29 03:00")
    assert moments.tolist() == [pd.Timestamp("2026-03-29 01:00").value // 1000] * 2
    assert check_study(load_study(tmp_path)).loc["clock_skipped", "count"] == 1


def test_times_with_zones_need_no_timezone_and_may_differ(tmp_path: Path) -> None:
    moments = times(tmp_path, "2026-01-05T10:00:00Z", "2026-01-05 11:00:00+01:00", "2026-01-05 04:00:00.5-0600", zone=None)
    assert np.diff(moments).tolist() == [0, 500_000]


def test_epochs_are_read_by_their_size_and_said(tmp_path: Path) -> None:
    for text in ("1767600000", "1767600000000", "1767600000000000", "1767600000000000000"):
        assert times(tmp_path, text, zone=None).tolist() == [1767600000000000]
    assert "nanoseconds" in check_study(load_study(tmp_path)).loc["guessed", "check"]


def test_a_day_beyond_12_tells_the_order_of_dates(tmp_path: Path) -> None:
    assert times(tmp_path, "05/01/2026 10:00", "31/01/2026 10:00")[0] == pd.Timestamp("2026-01-05 09:00").value // 1000
    assert times(tmp_path, "05/01/2026", "05/31/2026")[0] == pd.Timestamp("2026-04-30 22:00").value // 1000
    assert times(tmp_path, "5.1.26", "31.1.26")[0] == pd.Timestamp("2026-01-04 23:00").value // 1000


def test_french_dates_are_read_with_their_format(tmp_path: Path) -> None:
    moments = times(tmp_path, "05/01/2026 10:00", more='time_format = "%d/%m/%Y %H:%M"')
    assert moments.tolist() == [pd.Timestamp("2026-01-05 09:00").value // 1000]


@pytest.mark.parametrize(
    ("moments", "zone", "words"),
    [
        (["2026-01-05 10:00"], None, ["events (events.csv)", "horodatage", "timezone"]),
        (["2026-01-05 10:00", "2026-01-05 10:00+01:00"], "UTC", ["1 of 2", "carry a zone"]),
        (["2026-02-30 10:00", "2026-01-05"], "UTC", ["1 of 2", "2026-02-30 10:00", "rows 1"]),
        (["05/01/2026"], "UTC", ["05/01/2026", "time_format"]),
        (["now"], "UTC", ["now"]),
        (["0206-01-05"], "Europe/Paris", ["1900"]),
        (["1767600000", "17676000000000"], "UTC", ["17676000000000", "epochs"]),
        (["31/01/2026", "01/31/2026"], "UTC", ["31/01/2026", "time_format"]),
        ([""], "UTC", ["empty"]),
    ],
)
def test_times_that_cannot_be_read(tmp_path: Path, moments: list[str], zone: str | None, words: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        times(tmp_path, *moments, zone=zone)
    for word in words:
        assert word in str(caught.value)


# ------------------------------------------------------------------------------------------------ bots
def log(**gaps_s: list[float]) -> pd.DataFrame:
    parts = [pd.DataFrame({"participant_id": name, "event": [f"e{i % 7}" for i in range(len(gaps))],
                           "time_us": (np.cumsum(gaps) * 1_000_000).astype("int64")}) for name, gaps in gaps_s.items()]
    return pd.concat(parts, ignore_index=True)


def test_the_bot_rule_by_hand() -> None:
    events = log(robot=[0.4] * 60, quick=[0.4] * 49, person=[30.0] * 60, busy=[8.0] * 5001 * 2, crawler=[2.0] * 5002)
    assert find_bots(events).tolist() == ["busy", "crawler", "robot"]
    assert find_bots(events.sample(frac=1, random_state=1)).tolist() == ["busy", "crawler", "robot"]


def test_double_logging_is_no_bot() -> None:
    person = log(person=[30.0] * 60)
    assert find_bots(pd.concat([person, person, person])).empty
    assert find_bots(person.iloc[:0]).empty


def test_bots_leave_events_and_participants_unless_they_were_heard(tmp_path: Path) -> None:
    rows = "".join(f"{who};voir;2026-01-05 10:00:00.{i:03d};web\n" for who in ("p2", "p3") for i in range(60))
    policies = SETTINGS.replace('time = "horodatage"', 'time = "horodatage"\nbots = "set_aside"')
    codes = "participant_id,code\np1,prix\n"
    study = load_study(write(tmp_path, events=FILES["events.csv"] + rows, study=policies, codes=codes))
    assert study.set_aside.values.tolist() == [["participants", "bot", 1, "p2"], ["events", "bot", 121, "p2, p3"]]
    assert study.participants.index.tolist() == ["p1", "p3"]  # p3 answered the survey
    assert len(study.events) == 2


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"study": None}, ["study.toml", "cannot be read"]),
        ({"study": "name = \n"}, ["study.toml", "line 1"]),
        ({"study": b'name = "\xff"\n'}, ["study.toml", "line 1", "UTF-8"]),
        ({"study": SETTINGS.replace("[answers]", "[awnsers]")}, ["'awnsers'", "Did you mean 'answers'"]),
        ({"study": SETTINGS.replace("event =", "evnt =")}, ["[events]", "'evnt'", "Did you mean 'event'"]),
        ({"study": SETTINGS.replace('"fr"', '"de"')}, ["language", "'de'", "fr, en"]),
        ({"study": SETTINGS.replace("Europe/Paris", "Europe/Pariss")}, ["timezone", "Did you mean 'Europe/Paris'"]),
        ({"study": 'framework = "parcour"\n' + SETTINGS}, ["framework", "Did you mean 'parcours'"]),
        ({"study": 'stages = "a"\n' + SETTINGS}, ["stages", "list of texts"]),
        ({"study": SETTINGS.replace("[participants]", "[goals]")}, ["[participants] is missing"]),
        ({"study": SETTINGS.replace('"action"', '"acton"')}, ["events (events.csv)", "Did you mean 'action'"]),
        ({"study": SETTINGS.replace('time = "horodatage"', "")}, ["no column of times", "time_us"]),
        ({"study": SETTINGS + 'decimal = ";"'}, ["decimal", "';'"]),
        ({"study": SETTINGS + 'separator = ""'}, ["separator"]),
        ({"study": SETTINGS + 'encoding = "klingon"'}, ["touchpoints", "'klingon' is unknown"]),
        ({"study": SETTINGS + 'columns = ["owner", "colour"]'}, ["'colour'", "Allowed"]),
        ({"study": SETTINGS + "file = 3"}, ["study.toml"]),
        ({"study": SETTINGS + '[choice]\ncandidate = "kmeans-4"'}, ["[choice]", "by"]),
        ({"study": SETTINGS + '[choice]\ncandidat = "kmeans-4"'}, ["Did you mean 'candidate'"]),
        ({"study": SETTINGS + "[names]\nP1 = 3"}, ["[names] P1", "text"]),
        ({"events": None}, ["events (events.csv)", "cannot be read"]),
        ({"events": ""}, ["events (events.csv)", "empty"]),
        ({"events": "client;action;horodatage\n"}, ["events (events.csv)", "no row"]),
        ({"events": b"client;action\x00;horodatage\np1;a;2026-01-01\n"}, ["NUL", "line 1"]),
        ({"events": b"client;action;horodatage\np1;a;2026-01-01\np1;\xe9\x81;2026-01-01\n"}, ["line 3", "UTF-8", "cp1252"]),
        ({"events": "client;action;horodatage\np1;a\n"}, ["Expected 3 fields in line 2, saw 2"]),
        ({"events": "client;action;horodatage\np1;a;2026-01-01;x\n"}, ["Expected 3 fields in line 2, saw 4"]),
        ({"events": 'client;action;horodatage\np1;"a;2026-01-01\n'}, ["events (events.csv)", "string"]),
        ({"events": "client;action;action\np1;a;b\n"}, ["stands twice", "action"]),
        ({"events": FILES["events.csv"] + "x1;voir;2026-01-01;\nx2;voir;2026-01-01;\n"},
         ["2 of 4 not in participants", "x1, x2", "unknown_participants"]),
        ({"events": "client;action;horodatage\np1;;2026-01-01\n"}, ["events (events.csv).event", "1 of 1 are empty"]),
        ({"events": "client;action;horodatage;value\np1;a;2026-01-01;3,5\np1;a;2026-01-01;x\n"},
         ["value", "3,5", "decimal"]),
        ({"answers": "participant_id,a\np1,1\np1,2\n"}, ["answers (answers.csv)", "1 repeated", "p1"]),
        ({"answers": "id,a\np1,1\n"}, ["answers (answers.csv)", "participant_id"]),
        ({"clients": "client,a\np1,1\np1,1\n"}, ["participants (clients.csv)", "1 repeated", "p1"]),
        ({"clients": "client,a\n,1\n"}, ["participants (clients.csv)", "no id"]),
        ({"codes": "participant_id,code,stage\np1,a,buyng\n"}, ["codes (codes.csv).stage", "'buyng'", "awareness"]),
        ({"codes": "participant_id,code,kind\np1,a,paain\n"}, ["codes (codes.csv).kind", "Did you mean 'pain'"]),
        ({"codes": "participant_id,code,start\np1,a,x\n"}, ["start", "not numbers", "rows 1"]),
        ({"touchpoints": "event,touchpoint,stage\na,b,nowhere\n"}, ["touchpoints (touchpoints.csv).stage", "'nowhere'"]),
        ({"touchpoints": "event,touchpoint,stage\na,b,research\na,c,research\n"}, ["1 repeated"]),
        ({"touchpoints": "event,touchpoint\na,b\n"}, ["touchpoints (touchpoints.csv)", "'stage'"]),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path: Path, changes: dict[str, str | bytes | None], words: list[str]) -> None:
    refuse(write(tmp_path, **changes), *words)


def test_what_is_not_a_folder(tmp_path: Path) -> None:
    refuse(tmp_path / "nowhere", "is not a folder")
    (tmp_path / "file").write_text("x")
    refuse(tmp_path / "file", "is not a folder")


def test_a_table_of_which_nothing_is_kept_is_an_error(tmp_path: Path) -> None:
    policies = SETTINGS.replace('time = "horodatage"', 'time = "horodatage"\nunknown_participants = "set_aside"')
    events = "client;action;horodatage\nx;voir;2026-01-01\n"
    refuse(write(tmp_path, events=events, study=policies), "all 1 rows were set aside", "unknown_participant")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(FILES)),
    cuts=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=4),
)
def test_mutated_bytes_load_or_raise_a_study_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, cuts: list[tuple[int, int, bytes]]
) -> None:
    folder = write(tmp_path_factory.mktemp("mutated"))
    data = bytearray((folder / name).read_bytes())
    for place, length, put in cuts:
        start = place % (len(data) + 1)
        data[start : start + length] = put
    (folder / name).write_bytes(bytes(data))
    try:
        study = load_study(folder)
    except StudyError:
        return
    assert (study.sources["rows_in"] == study.sources["kept"] + study.sources["set_aside"]).all()
    assert set(check_study(study)["result"]) <= {"passed", "note", "failed"}


# ------------------------------------------------------------------------------------------------ samples
def test_an_unknown_sample_names_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "lunettes")
    monkeypatch.setattr(loading, "_SAMPLE_FOLDERS", (tmp_path,))
    assert load_sample("lunettes").name == "Lunettes"
    with pytest.raises(ChoiceError, match="Did you mean 'lunettes'"):
        load_sample("lunetes")
    with pytest.raises(ChoiceError, match="unknown"):
        load_sample("../lunettes")


@pytest.mark.parametrize("name", ["lunettes", "agence", "bruit"])
def test_samples_load_and_account_for_every_row(name: str) -> None:
    study = load_sample(name)
    assert (study.sources["rows_in"] == study.sources["kept"] + study.sources["set_aside"]).all()
    lost = study.sources.set_index("table")["set_aside"]
    assert study.set_aside.groupby("table")["rows"].sum().to_dict() == lost[lost > 0].to_dict()
    assert "failed" not in set(check_study(study)["result"])
