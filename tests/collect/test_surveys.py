"""Exports of survey tools, made here: every row accounted for, choices as 0 and 1, and every guess said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import notes

from personakit.collect import check_reading
from personakit.collect.layouts import guess_layout
from personakit.collect.reading.options import Options
from personakit.collect.surveys.exports import SURVEYS, read_survey
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.readings import Reading
from personakit.study import check_study, load_study, save_study

QUALTRICS_HEAD = [
    "StartDate,EndDate,Status,IPAddress,Progress,Duration (in seconds),Finished,ResponseId,UserLanguage,"
    "Q1_First Click,Q1_Page Submit,Q2_DO_1,Q2,Q3_1,Q3_2,Q4_1,Q4_2,Q4_3,Q4_3_TEXT,Q5,segment",
    'Start Date,End Date,Response Type,IP Address,Progress,Duration (in seconds),Finished,Response ID,User Language,'
    'Timing - First Click,Timing - Page Submit,Q2 - Display Order - 1,"How old\nare you?","Rate, please\n - Price",'
    "Rate - Help,Where? - Selected Choice - In a shop,Where? - Selected Choice - Online,Where? - Selected Choice - Other,"
    "Where? - Other - Text,Which?,segment",
    ",".join('"{""ImportId"":""' + one + '""}"' for one in (
        "startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "_recordId", "userLanguage",
        "QID1_FIRST_CLICK", "QID1_PAGE_SUBMIT", "QID2_DO_1", "QID2", "QID3_1", "QID3_2", "QID4_1", "QID4_2", "QID4_3",
        "QID4_3_TEXT", "QID5", "segment")),
]
QUALTRICS_ROWS = [
    "2026-01-05 10:00:00,2026-01-05 10:10:00,IP Address,1.2.3.4,100,600,True,R_1,FR,1,2,1,34,5,4,In a shop,,,,\"1,2,3\",A",
    "2026-01-05 10:00:00,2026-01-05 10:15,IP Address,1.2.3.4,100,900,True,R_2,EN,1,2,1,51,3,4,,Online,Other,the market,1,B",
    "2026-01-05 10:00:00,2026-01-05 10:10:00,Survey Preview,1.2.3.4,100,60,True,R_3,EN,1,2,1,99,1,1,,Online,,,2,B",
    "2026-01-05 10:00:00,2026-01-05 10:10:00,IP Address,1.2.3.4,40,100,False,R_4,FR,1,2,1,20,2,,,,,,,A",
    "2026-01-05 10:00:00,2026-01-05 10:10:00,IP Address,1.2.3.4,100,700,True,R_5,FR,1,2,1,45,2,2,,,,,\"1,2\",A",
    "2026-01-05 10:00:00,2026-01-05 10:10:00,Spam,1.2.3.4,100,9,True,R_6,FR,1,2,1,18,1,1,In a shop,,,,3,A",
    "2026-01-05 10:00:00,2026-01-05 10:10,IP Address,1.2.3.4,100,100,True,R_7,FR,1,2,1,28,1,5,In a shop,Online,,,\"2,3\",B",
    "2026-01-05 10:00:00,2026-01-05 10:10:00,IP Address,1.2.3.4,100,800,True,R_8,FR,1,2,1,30,4,4,,Online,,,\"1,3\",B",
]
LIMESURVEY = (
    'id,submitdate,lastpage,startlanguage,startdate,datestamp,Q1,"Q2[SQ001]","Q2[SQ002]","Q2[other]","Q3[SQ001]",'
    '"Q3[SQ002]",interviewtime,groupTime12,Q1Time\n'
    "4,2026-01-05 10:09:00,3,fr,2026-01-05 10:00:00,2026-01-05 10:09:00,A1,Y,,,5,4,540,12,3\n"
    "5,,1,fr,2026-01-05 11:00:00,2026-01-05 11:01:00,A2,,,,2,,60,12,3\n"
    "9,2026-01-05 10:09:00,3,en,2026-01-05 10:00:00,2026-01-05 10:09:00,A2,,Y,par téléphone,3,2,540,12,3\n"
    "11,2026-01-05 10:09:00,3,en,2026-01-05 10:00:00,2026-01-05 10:09:00,A2,,,,1,1,540,12,3\n"
)
GOOGLE = (
    "Horodateur,Adresse e-mail,Votre âge ?,Comment achetez-vous ?,Notez [Le prix],Notez [Le conseil],Avez-vous une carte ?\n"
    '01/03/2026 10:00:00,a@b.fr,34,"En magasin (centre, périphérie), Par téléphone, sans attendre",4,5,Oui\n'
    "01/03/2026 11:00:00,b@b.fr,51,En ligne,3,5,Non\n"
    '02/03/2026 10:00:00,c@b.fr,28,"En ligne, Par téléphone, sans attendre",2,2,Oui\n'
    '02/03/2026 11:00:00,d@b.fr,,"En magasin (centre, périphérie), En ligne, chez ma sœur",1,3,Oui\n'
    '03/03/2026 10:00:00,e@b.fr,60,"En magasin (centre, périphérie)",5,5,Non\n'
    '03/03/2026 11:00:00,f@b.fr,44,,5,4,Non\n'
    '03/03/2026 12:00:00,g@b.fr,44,"En magasin (centre, périphérie), En ligne",5,4,Non\n'
)
SURVEYMONKEY = (
    "Respondent ID,Collector ID,Start Date,End Date,IP Address,Where do you buy?,,,How old are you?,How do you like?,,"
    "Anything else?,Where do you buy?,\n"
    ",,,,,In a\u00a0shop,Online,Other (please specify),Response,Price,Help,Open-Ended Response,Yesterday,Today\n"
    "118,7,43277.5,43277.51,1.2.3.4,In a\u00a0shop,,,18-24,Good,Bad,,Yesterday,\n"
    "119,7,43278.5,43278.502,1.2.3.4,In a\u00a0shop,Online,,25-34,Bad,Fair,Thanks,,Today\n"
    "120,7,43279.5,43279.51,1.2.3.4,,,the market,25-34,Fair,Good,,Yesterday,Today\n"
    "121,7,43279.5,43279.51,1.2.3.4,,,,18-24,Fair,Good,,,\n"
)


def write(folder: Path, text: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def qualtrics(head: int = 3, mangle: bool = False) -> str:
    names = QUALTRICS_HEAD[0].replace(" (in seconds)", "..in.seconds.").replace(" ", ".") if mangle else QUALTRICS_HEAD[0]
    return "\n".join([names, *QUALTRICS_HEAD[1:head], *QUALTRICS_ROWS]) + "\n"


def answers(reading: Reading) -> pd.DataFrame:
    return reading.tables["answers"].set_index("participant_id")


def codebook(reading: Reading) -> pd.DataFrame:
    return reading.tables["codebook"].set_index("variable")


def balanced(reading: Reading) -> bool:
    report = reading.report
    return (report.rows_in == report.kept + report.set_aside["rows"].sum() == report.kept + report.set_aside["rows"].sum()
            and len(reading.tables["answers"]) == report.kept)


# ------------------------------------------------------------------------------------------------ Qualtrics
@pytest.mark.parametrize("head", [2, 3])
@pytest.mark.parametrize("mangle", [False, True])
def test_qualtrics(tmp_path: Path, head: int, mangle: bool) -> None:
    reading = read_survey(write(tmp_path, qualtrics(head, mangle)), identifiers="keep")
    assert reading.report.layout == "qualtrics"
    assert reading.report.set_aside.values.tolist() == [
        ["answers", "preview", 1, "R_3"], ["answers", "spam", 1, "R_6"], ["answers", "unfinished", 1, "R_4"]]
    assert balanced(reading)
    table = answers(reading)
    assert table.index.tolist() == ["R_1", "R_2", "R_5", "R_7", "R_8"]
    assert table["Q2"].tolist() == [34, 51, 45, 28, 30]
    # R_5 ticked nothing and is unknown; R_2 ticked two of three
    np.testing.assert_equal(table[["Q4_1", "Q4_2", "Q4_3"]].to_numpy(dtype=float), [
        [1, 0, 0], [0, 1, 1], [np.nan] * 3, [1, 1, 0], [0, 1, 0]])
    assert table["Q4_3_TEXT"].dropna().to_dict() == {"R_2": "the market"}
    assert table[["Q5 [1]", "Q5 [2]", "Q5 [3]"]].values.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1]]
    book = codebook(reading)
    assert book.loc["Q2", "label"] == "How old are you?"
    assert book.loc[["Q4_1", "Q5 [1]", "Q3_1"], "question"].tolist() == ["Q4", "Q5", "Q3"]
    assert book.loc[["Q4_1", "Q5 [1]", "Q3_1"], "multi"].tolist() == [True, True, False]
    assert book.loc[["Q4_1", "Q2", "Q3_1"], "kind"].tolist() == ["binary", "ordinal", "ordinal"]
    assert book.loc["Q4_3_TEXT", "role"] == "ignore"
    people = reading.tables["participants"].set_index("participant_id")
    assert people.loc["R_2", ["duration_s", "language", "started"]].tolist() == [900, "EN", "2026-01-05 10:00:00"]
    assert "IPAddress" in people
    found = notes(reading)
    assert {key: found[key] for key in ("timing", "multi", "nothing_ticked", "joined")} == {
        "timing": 3, "multi": 1, "nothing_ticked": 1, "joined": 1}
    assert reading.report.guesses["joiner"] == "','"
    # without import ids nothing tells an attached column from a question
    assert (book.loc["segment", "role"] == "held_back") == (head == 3)


def test_qualtrics_keeps_what_is_asked(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, qualtrics()), unfinished="keep", nothing_ticked="no")
    table = answers(reading)
    assert len(table) == 8
    assert reading.report.set_aside.empty
    assert notes(reading)["kept_unfinished"] == 3
    # R_5 finished and ticked nothing: no; R_4 did not finish: unknown still
    assert table.loc["R_5", ["Q4_1", "Q4_2", "Q4_3"]].tolist() == [0, 0, 0]
    assert table.loc["R_4", ["Q4_1", "Q4_2", "Q4_3"]].isna().all()


def test_qualtrics_numeric_status_and_one_header_row(tmp_path: Path) -> None:
    rows = [row.replace("Survey Preview", "1").replace("Spam", "8").replace("IP Address", "0").replace("True", "1")
            .replace("False", "0") for row in QUALTRICS_ROWS]
    reading = read_survey(write(tmp_path, "\n".join([QUALTRICS_HEAD[0], *rows])))
    assert reading.report.layout == "qualtrics"
    assert reading.report.set_aside["reason"].tolist() == ["preview", "spam", "unfinished"]
    assert reading.report.rows_in == 8


def test_qualtrics_where_all_are_previews(tmp_path: Path) -> None:
    rows = [row.replace("IP Address", "Survey Preview") for row in QUALTRICS_ROWS]
    with pytest.raises(StudyError, match='all 8 rows.*unfinished = "keep"'):
        read_survey(write(tmp_path, "\n".join([*QUALTRICS_HEAD, *rows])))


def test_numbers_with_decimal_commas_are_no_choices(tmp_path: Path) -> None:
    head = "StartDate,Finished,ResponseId,Progress,Q1\nStart Date,Finished,Response ID,Progress,How much?\n"
    rows = "".join(f'2026-01-05,True,R_{i},100,"{one}"\n' for i, one in enumerate(
        ["2,5", "3,5", "4,5", "1,5", "2,5", "3,5", "1,2", "1,0"]))
    reading = read_survey(write(tmp_path, head + rows))
    assert answers(reading)["Q1"].tolist() == [2.5, 3.5, 4.5, 1.5, 2.5, 3.5, 1.2, 1.0]
    assert reading.report.guesses["decimal"] == ","


# ------------------------------------------------------------------------------------------------ LimeSurvey
def test_limesurvey_codes(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, LIMESURVEY))
    assert reading.report.layout == "limesurvey"
    assert reading.report.set_aside.values.tolist() == [["answers", "unfinished", 1, "5"]]
    table = answers(reading)
    assert table.columns.tolist() == ["Q1", "Q2[SQ001]", "Q2[SQ002]", "Q2[other]", "Q3[SQ001]", "Q3[SQ002]"]
    np.testing.assert_equal(table[["Q2[SQ001]", "Q2[SQ002]"]].to_numpy(dtype=float), [[1, 0], [0, 1], [np.nan, np.nan]])
    assert table["Q3[SQ001]"].tolist() == [5, 3, 1]
    people = reading.tables["participants"].set_index("participant_id")
    assert people.loc["4"].to_dict() == {"submitted": "2026-01-05 10:09:00", "last_page": 3, "language": "fr",
                                         "started": "2026-01-05 10:00:00", "ended": "2026-01-05 10:09:00",
                                         "duration_s": 540}
    assert notes(reading)["timing"] == 2


@pytest.mark.parametrize("heading", ["Q2_{}", "Q2[{}]. Où achetez-vous ? [{}]"])
def test_limesurvey_headings(tmp_path: Path, heading: str) -> None:
    names = {code: heading.format(code, label) for code, label in (("SQ001", "En magasin"), ("SQ002", "En ligne"))}
    text = (f"id,submitdate,lastpage,startlanguage,Q1. Âge,\"{names['SQ001']}\",\"{names['SQ002']}\"\n"
            "1,2026-01-05,3,fr,34,Oui,Non\n2,2026-01-05,3,fr,51,Non,Oui\n3,2026-01-05,3,fr,51,,\n4,2026-01-05,3,fr,9,N/A,N/A\n")
    reading = read_survey(write(tmp_path, text))
    assert reading.report.layout == "limesurvey"
    table = answers(reading)
    # where no is written, an empty cell is no answer
    np.testing.assert_equal(table[["Q2[SQ001]", "Q2[SQ002]"]].to_numpy(dtype=float),
                            [[1, 0], [0, 1], [np.nan] * 2, [np.nan] * 2])
    assert table["Q1"].tolist() == [34, 51, 51, 9]
    assert codebook(reading).loc["Q1", "label"] == "Âge"
    assert codebook(reading)["question"].dropna().tolist() == ["Q2", "Q2"]


def test_limesurvey_french_texts(tmp_path: Path) -> None:
    text = ("ID de la réponse;Date de soumission;Dernière page;Langue de départ;Où achetez-vous ? [En magasin];"
            "Où achetez-vous ? [En ligne];Note\n7;2026-01-05;3;fr;Oui;Non;3,5\n8;2026-01-05;3;fr;Non;Oui;2\n")
    reading = read_survey(write(tmp_path, text.encode("cp1252")))
    assert reading.report.layout == "limesurvey"
    assert dict(reading.report.guesses) == {"encoding": "cp1252", "separator": ";", "decimal": ",", "layout": "limesurvey"}
    table = answers(reading)
    assert table.loc["7"].tolist() == [1, 0, 3.5]
    assert table.columns[0] == "Où achetez-vous ? [En magasin]"


# ------------------------------------------------------------------------------------------------ Google Forms
def test_google_forms_infers_choices_that_hold_commas(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, GOOGLE), identifiers="keep")
    assert reading.report.layout == "google_forms"
    table = answers(reading)
    ask = "Comment achetez-vous ?"
    chosen = [f"{ask} [En magasin (centre, périphérie)]", f"{ask} [En ligne]", f"{ask} [Par téléphone, sans attendre]"]
    np.testing.assert_equal(table[chosen].to_numpy(dtype=float), [
        [1, 0, 1], [0, 1, 0], [0, 1, 1], [1, 1, 0], [1, 0, 0], [np.nan] * 3, [1, 1, 0]])
    assert table[f"{ask} [other]"].dropna().to_dict() == {"p0004": "chez ma sœur"}
    assert table["Avez-vous une carte ?"].tolist() == [1, 0, 1, 1, 0, 0, 0]
    assert notes(reading)["typed"] == 1
    assert codebook(reading).loc["Notez [Le prix]", "question"] == "Notez"
    assert set(reading.tables["participants"]) == {"participant_id", "submitted", "Adresse e-mail"}
    assert reading.report.guesses["participant_id"] == "row"


def test_google_forms_english_with_declared_options(tmp_path: Path) -> None:
    text = ('Timestamp,How?,City\n2026/03/01 10:00:00 AM GMT+1,"A shop, by phone",Lyon\n'
            '2026/03/01 11:00:00 AM GMT+1,"Web;A shop, by phone",Nice\n')
    reading = read_survey(write(tmp_path, text), options={"How?": ["A shop", "A shop, by phone", "Web"]},
                          columns={"participant_id": "City"})
    table = answers(reading)
    assert table.index.tolist() == ["Lyon", "Nice"]
    # the longest choice first; read with the joiner that leaves least over
    assert table["How? [A shop, by phone]"].tolist() == [1, 1]
    assert table["How? [A shop]"].tolist() == [0, 0]
    assert table["How? [Web]"].tolist() == [0, 1]


@pytest.mark.parametrize("cells", [
    ["Yes, often", "Yes, rarely", "No", "Yes, often", "No", "Yes, rarely"],
    ["Paris, France", "Lyon, France", "Nice, France", "Paris, France", "Lyon, France", "Nice, France"],
    ["I like it, but it is dear", "no idea, sorry", "dear, very dear", "nice shop, nice staff", "good", "fine"],
])
def test_single_answers_with_commas_stay_whole(tmp_path: Path, cells: list[str]) -> None:
    text = "Timestamp,Answer\n" + "".join(f'2026/03/01 10:0{i}:00,"{cell}"\n' for i, cell in enumerate(cells))
    reading = read_survey(write(tmp_path, text))
    assert answers(reading)["Answer"].tolist() == cells
    assert "joiner" not in reading.report.guesses


def test_nothing_ticked_in_a_joined_cell(tmp_path: Path) -> None:
    path = write(tmp_path, GOOGLE)
    assert notes(read_survey(path))["nothing_ticked"] == 1
    reading = read_survey(path, nothing_ticked="no")
    assert answers(reading).loc["p0006"].filter(like="Comment").drop("Comment achetez-vous ? [other]").tolist() == [0, 0, 0]
    assert "nothing_ticked" not in notes(reading)


def test_yes_alone_is_no_tick(tmp_path: Path) -> None:
    # everybody who answered said yes: an empty cell is no "no"
    text = "a [x],a [y]\nYes,Yes\nYes,\n,Yes\n"
    table = answers(read_survey(write(tmp_path, text)))
    np.testing.assert_equal(table.to_numpy(dtype=float), [[1, 1], [1, np.nan], [np.nan, 1]])
    table = answers(read_survey(write(tmp_path, text.replace("Yes", "Y"))))
    np.testing.assert_equal(table.to_numpy(dtype=float), [[1, 1], [1, 0], [0, 1]])


def test_a_split_can_be_forbidden(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, GOOGLE), options={"Comment achetez-vous ?": []})
    assert "Comment achetez-vous ?" in answers(reading)


# ------------------------------------------------------------------------------------------------ SurveyMonkey
def test_surveymonkey(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, SURVEYMONKEY), identifiers="keep")
    assert reading.report.layout == "surveymonkey"
    assert balanced(reading)
    table = answers(reading)
    np.testing.assert_equal(table[["Where do you buy? [In a shop]", "Where do you buy? [Online]"]].to_numpy(dtype=float),
                            [[1, 0], [1, 1], [0, 0], [np.nan, np.nan]])
    assert table["How old are you?"].tolist() == ["18-24", "25-34", "25-34", "18-24"]
    assert table["Anything else?"].dropna().tolist() == ["Thanks"]
    # the same question asked again is another question
    again = table[["Where do you buy? (2) [Yesterday]", "Where do you buy? (2) [Today]"]]
    np.testing.assert_equal(again.to_numpy(dtype=float), [[1, 0], [0, 1], [1, 1], [np.nan, np.nan]])
    people = reading.tables["participants"].set_index("participant_id")
    # 43277 is 26 June 2018, in days since 30 December 1899
    assert people.loc["118", ["started", "ended", "duration_s"]].tolist() == [
        "2018-06-26 12:00:00", "2018-06-26 12:14:24", 864]
    found = notes(reading)
    assert {key: found[key] for key in ("serial_dates", "multi", "nothing_ticked", "unordered", "careless")} == {
        "serial_dates": 2, "multi": 2, "nothing_ticked": 2, "unordered": 1, "careless": 1}


def test_scales_give_words_their_order(tmp_path: Path) -> None:
    reading = read_survey(write(tmp_path, SURVEYMONKEY), scales=[["Bad", "Fair", "Good"]])
    table, book = answers(reading), codebook(reading)
    assert table["How do you like? [Price]"].tolist() == [3, 1, 2, 2]
    assert book.loc["How do you like? [Price]", ["kind", "low", "high"]].tolist() == ["ordinal", 1, 3]
    assert json.loads(book.loc["How do you like? [Price]", "categories"])[0] == {"value": 1, "label": "Bad"}
    assert "unordered" not in notes(reading)


def test_a_workbook_is_recognised_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in SURVEYMONKEY.splitlines():
        book.active.append([None if cell == "" else float(cell) if cell.replace(".", "", 1).isdigit() else cell
                            for cell in line.split(",")])
    book.save(tmp_path / "export.xlsx")
    reading = read_survey(tmp_path / "export.xlsx")
    assert reading.report.layout == "surveymonkey"
    assert answers(reading).index.tolist() == ["118", "119", "120", "121"]


# ------------------------------------------------------------------------------------------------ plain tables
def test_ratings_whose_ends_carry_words(tmp_path: Path) -> None:
    text = "rate,age,code\n0 - Never,25 - 34,1. Femme\n2,18 - 24,2. Homme\n5 - Always,9,1. Femme\n,25 - 34,\n"
    reading = read_survey(write(tmp_path, text))
    table, book = answers(reading), codebook(reading)
    np.testing.assert_equal(table["rate"].to_numpy(), [0, 2, 5, np.nan])
    assert book.loc["rate", ["low", "high"]].tolist() == [0, 5]
    assert json.loads(book.loc["rate", "categories"]) == [{"value": 0, "label": "Never"}, {"value": 5, "label": "Always"}]
    # ranges are no ratings, and words in every cell may be names
    assert table["age"].tolist() == ["25 - 34", "18 - 24", "9", "25 - 34"]
    assert table["code"].dropna().tolist() == ["1. Femme", "2. Homme", "1. Femme"]
    assert notes(reading) == {"rated": 1}


def test_a_declared_joiner(tmp_path: Path) -> None:
    text = ',tools\n0,Git;#CVS\n1,CVS\n2,\n3,"Other (a, b);#Git"\n'
    table = answers(read_survey(write(tmp_path, text), joiner=";#"))
    assert table.index.tolist() == ["0", "1", "2", "3"]
    np.testing.assert_equal(table[["tools [CVS]", "tools [Git]", "tools [Other (a, b)]"]].to_numpy(dtype=float),
                            [[1, 1, 0], [1, 0, 0], [np.nan] * 3, [0, 1, 1]])


def test_columns_can_be_chosen_by_question(tmp_path: Path) -> None:
    path = write(tmp_path, SURVEYMONKEY)
    assert answers(read_survey(path, keep=["How do you like?", "How old are you?"])).columns.tolist() == [
        "How old are you?", "How do you like? [Price]", "How do you like? [Help]"]
    with pytest.raises(StudyError, match="Did you mean 'How do you like"):
        read_survey(path, keep=["How do you lik?"])


def test_mirrors_are_named(tmp_path: Path) -> None:
    text = "happy,sad\n" + "".join(f"{1 + i % 5},{5 - i % 5}\n" for i in range(12))
    reading = read_survey(write(tmp_path, text))
    assert [note.values["first"] for note in reading.report.notes] == ["sad = happy"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"layout": "qualtric"}, ["'qualtric'", "Did you mean 'qualtrics'"]),
        ({"layout": "table", "joinr": ";"}, ["'joinr'", "Did you mean 'joiner'"]),
        ({"unfinished": "drop"}, ["unfinished", "'drop'", "keep"]),
        ({"nothing_ticked": 3}, ["nothing_ticked"]),
        ({"joiner": ""}, ["joiner"]),
        ({"joiner": ["a"]}, ["joiner"]),
        ({"options": ["a"]}, ["options"]),
        ({"options": {"Votre âge": ["a"]}}, ["options", "Did you mean 'Votre âge ?'"]),
        ({"scales": ["never"]}, ["scales"]),
        ({"scales": [["a", "b"]]}, ["scales", "a, b"]),
        ({"columns": {"participant_id": "Code"}}, ["'Code' is unknown"]),
        ({"encoding": "klingon"}, ["klingon"]),
    ],
)
def test_a_wrong_word_is_one_clear_error(tmp_path: Path, how: dict[str, object], words: list[str]) -> None:
    with pytest.raises((ChoiceError, StudyError)) as caught:
        read_survey(write(tmp_path, GOOGLE), **how)
    for word in words:
        assert word in str(caught.value)


# ------------------------------------------------------------------------------------------------ people in the same file
@pytest.mark.parametrize("who", ["row", "ResponseId"])
def test_participants_in_the_file_of_the_answers_are_its_people(tmp_path: Path, who: str) -> None:
    write(tmp_path, qualtrics())
    (tmp_path / "study.toml").write_text(
        f'[participants]\nfile = "export.csv"\nparticipant_id = "{who}"\ncolumns = ["Q2"]\n'
        f'[answers]\nfile = "export.csv"\nparticipant_id = "{who}"\ncolumns = ["Q3"]\n', encoding="utf-8")
    study = load_study(tmp_path)
    people = {"row": ["p0001", "p0002", "p0005", "p0007", "p0008"], "ResponseId": ["R_1", "R_2", "R_5", "R_7", "R_8"]}[who]
    assert study.participants.index.tolist() == study.answers.index.tolist() == people
    assert study.participants["Q2"].tolist() == [34, 51, 45, 28, 30]
    assert study.participants["language"].tolist() == ["FR", "EN", "FR", "FR", "FR"]
    assert study.answers.columns.tolist() == ["Q3_1", "Q3_2"]
    assert study.codebook["variable"].tolist() == ["Q3_1", "Q3_2"]
    assert study.sources.set_index("table").loc["participants", ["rows_in", "kept", "set_aside"]].tolist() == [8, 5, 3]


def test_participants_follow_what_is_said_of_the_answers(tmp_path: Path) -> None:
    write(tmp_path, qualtrics())
    (tmp_path / "study.toml").write_text(
        '[participants]\nfile = "export.csv"\nparticipant_id = "row"\ncolumns = ["Q2"]\n[answers]\nfile = "export.csv"\n'
        'participant_id = "row"\nlayout = "qualtrics"\nunfinished = "keep"\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants["Q2"].tolist() == [34, 51, 99, 20, 45, 18, 28, 30]
    assert "Q2" not in study.answers and len(study.answers) == 8  # what one of the two asks for is not the other's too


@pytest.mark.parametrize(("text", "asked", "answers_asked", "expected"), [
    (LIMESURVEY, "Q1", "Q3", {"4": "A1", "9": "A2", "11": "A2"}),
    (SURVEYMONKEY, "How old are you?", "How do you like?",
     {"118": "18-24", "119": "25-34", "120": "25-34", "121": "18-24"}),
])
def test_participants_of_other_tools(tmp_path: Path, text: str, asked: str, answers_asked: str,
                                     expected: dict[str, str]) -> None:
    write(tmp_path, text)
    (tmp_path / "study.toml").write_text(
        f'[participants]\nfile = "export.csv"\ncolumns = ["{asked}"]\n[answers]\nfile = "export.csv"\n'
        f'columns = ["{answers_asked}"]\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants[asked].to_dict() == expected
    assert study.answers.index.tolist() == list(expected)


def test_a_plain_table_of_participants_stays_plain(tmp_path: Path) -> None:
    write(tmp_path, "Age,Gender,yummy\n34,F,Yes\n51,M,No\n")
    (tmp_path / "study.toml").write_text(
        '[participants]\nfile = "export.csv"\nparticipant_id = "row"\ncolumns = ["Age", "Gender"]\n[answers]\n'
        'file = "export.csv"\nparticipant_id = "row"\ncolumns = ["yummy"]\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants.to_dict("list") == {"Age": [34, 51], "Gender": ["F", "M"]}
    assert study.answers["yummy"].tolist() == [1, 0]
    assert study.codebook is None


# ------------------------------------------------------------------------------------------------ not shown, not answered
def test_limesurvey_says_what_was_not_shown(tmp_path: Path) -> None:
    text = ('id,submitdate,lastpage,startlanguage,Age,"Q2[SQ001]","Q2[SQ002]","Q2[SQ003]"\n'
            "1,2026-01-05,3,fr,34,Y,,N/A\n2,2026-01-05,3,fr,N/A,,Y,Y\n3,2026-01-05,3,fr,51,N/A,N/A,N/A\n"
            "4,2026-01-05,3,fr,28,,,\n")
    for nothing, last in (("missing", np.nan), ("no", 0)):
        reading = read_survey(write(tmp_path, text), nothing_ticked=nothing)
        table = answers(reading)
        np.testing.assert_equal(table["Age"].to_numpy(dtype=float), [34, np.nan, 51, 28])
        np.testing.assert_equal(table.filter(like="Q2").to_numpy(dtype=float),
                                [[1, 0, np.nan], [0, 1, 1], [np.nan] * 3, [last] * 3])
        assert notes(reading)["unseen"] == 5
        assert codebook(reading)["kind"].tolist() == ["ordinal", "binary", "binary", "binary"]
    assert answers(read_survey(tmp_path / "export.csv", missing=[]))["Age"].tolist() == ["34", "N/A", "51", "28"]


def test_qualtrics_seen_but_unanswered(tmp_path: Path) -> None:
    head = "StartDate,Finished,ResponseId,Progress,Q1,Q2_1,Q2_2,Q3\n"
    head += "Start Date,Finished,Response ID,Progress,a,b - x,b - y,c\n"
    cells = ["1,x,-99,1", "2,-99,y,2", "-99,-99,-99,3", "3,x,y,-1"]
    text = head + "".join(f"2026-01-05,True,R_{i},100,{one}\n" for i, one in enumerate(cells))
    for how in ({}, {"missing": ["NA"]}):
        reading = read_survey(write(tmp_path, text), **how)
        table = answers(reading)
        np.testing.assert_equal(table["Q1"].to_numpy(dtype=float), [1, 2, np.nan, 3])
        assert table[["Q2_1", "Q2_2"]].values.tolist() == [[1, 0], [0, 1], [0, 0], [1, 1]]
        assert table["Q3"].tolist() == [1, 2, 3, -1]
        assert (notes(reading)["unseen"], notes(reading)["negative"]) == (1, 1)
        assert [note.values["first"] for note in reading.report.notes if note.key == "surveys.negative"] == ["Q3: -1"]


@pytest.mark.parametrize(("values", "said"), [
    ([-1, 0, 1, 0], False), ([-3, -2, 0, 1, 2, 3], False), ([-2, 1, 2, 0], False), ([1, 2, 3, -9], True),
    ([0, 1, 2, -8, -9], True), ([0.5, 1, 2, -1.5], False),
])
def test_negative_codes_are_noted_but_no_scale_around_nought(tmp_path: Path, values: list[float], said: bool) -> None:
    reading = read_survey(write(tmp_path, "item,b\n" + "".join(f"{one},x\n" for one in values)))
    assert ("negative" in notes(reading)) == said
    assert answers(reading)["item"].tolist() == values


# ------------------------------------------------------------------------------------------------ one rule for both ways
def test_named_ids_that_repeat_are_refused_and_unnamed_ones_noted(tmp_path: Path) -> None:
    path = write(tmp_path, "id,a\n1,5\n1,4\n2,3\n")
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "answers"\n[answers]\nfile = "export.csv"\n'
                                         'participant_id = "id"\n', encoding="utf-8")
    with pytest.raises(StudyError) as there:
        load_study(tmp_path)
    with pytest.raises(StudyError) as here:
        read_survey(path, columns={"participant_id": "id"})
    assert str(here.value) == str(there.value)
    reading = read_survey(path)
    assert dict(reading.report.guesses) == {"participant_id": "row", "layout": "survey"}
    assert notes(reading) == {"unfit_ids": 1}


def test_a_line_that_names_the_separator_hides_no_tool(tmp_path: Path) -> None:
    text = "sep=;\n" + LIMESURVEY.replace(",", ";")
    assert read_survey(write(tmp_path, text)).report.layout == "limesurvey"


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b"Timestamp,Q1\n", ["no row"]),
        (b"\x00\x01\x02\x03" * 50, ["NUL"]),
        (GOOGLE.encode("utf-16")[: len(GOOGLE)], []),
        (b"a,b\n1\n", ["Expected 2 fields"]),
        (b'Timestamp,Q1\n2026/01/01,"never closed\n', ["string"]),
        (gzip.compress(GOOGLE.encode(), mtime=0)[:60], ["gzip"]),
        (b"PK\x03\x04" + b"\x00" * 80, ["workbook"]),
        (b"Horodateur," + b"q," * 30_000 + b"q\n" + b"01/01/2026", ["columns"]),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = write(tmp_path, content)
    for layout in (None, "qualtrics", "limesurvey", "google_forms", "surveymonkey", "table"):
        with pytest.raises(StudyError) as caught:
            read_survey(path, layout=layout)
        for word in words:
            assert word in str(caught.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_survey(tmp_path / "nowhere.csv")
    with pytest.raises(StudyError, match="cannot be read"):
        read_survey(tmp_path)


def test_recognisers_leave_plain_tables_alone(tmp_path: Path) -> None:
    plain = ["participant_id,a\np1,2\n", "timestamp,event\n2026-01-01,x\n", "id,Q1,Q2\n1,2,3\n",
             "Timestamp,participant_id\n2026-01-01,p1\n", "Timestamp,a\nnow,1\n", "Respondent ID,a\n1,2\n",
             "a[1],b[2]\n1,2\n", "responseid,q\n1,2\n", "", "\x00\x01", '{"fields": 1}', "\n\n"]
    for number, text in enumerate(plain):
        path = write(tmp_path, text, f"{number}.csv")
        assert guess_layout(Options(table="answers", path=path, file=path.name, mapping={})) == "table", text


FIXTURES = {"qualtrics": qualtrics(), "limesurvey": LIMESURVEY, "google_forms": GOOGLE, "surveymonkey": SURVEYMONKEY,
            "survey": "a,b [x],b [y]\n0 - no,Y,\n2,,Y\n3 - yes,Y,Y\n1,,\n"}


@pytest.mark.parametrize("layout", sorted(FIXTURES))
def test_mutated_bytes_read_or_raise(tmp_path_factory: pytest.TempPathFactory, layout: str) -> None:
    folder = tmp_path_factory.mktemp(layout)

    @settings(max_examples=220, deadline=None, derandomize=True, database=None)
    @given(named=st.booleans(), cuts=st.lists(
        st.tuples(st.integers(0, 5_000), st.integers(0, 40), st.binary(max_size=6)), min_size=1, max_size=4))
    def check(named: bool, cuts: list[tuple[int, int, bytes]]) -> None:
        data = bytearray(FIXTURES[layout].encode("utf-8"))
        for place, length, put in cuts:
            start = place % (len(data) + 1)
            data[start : start + length] = put
        try:
            reading = read_survey(write(folder, bytes(data)), layout=layout if named else None)
        except (StudyError, ChoiceError, TooFewError):
            return
        assert balanced(reading)
        assert reading.tables["codebook"]["variable"].is_unique
        check_reading(reading, language="fr")

    check()


# ------------------------------------------------------------------------------------------------ as a study
def test_a_study_reads_an_export(tmp_path: Path) -> None:
    write(tmp_path, qualtrics())
    (tmp_path / "study.toml").write_text(
        '[participants]\nfrom = "answers"\n[answers]\nfile = "export.csv"\nnothing_ticked = "no"\n'
        '[answers.options]\nQ5 = ["1", "2", "3"]\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.answers.loc["R_5", ["Q4_1", "Q4_2", "Q4_3"]].tolist() == [0, 0, 0]
    assert study.answers["Q5 [2]"].tolist() == [1, 0, 1, 1, 0]
    assert study.participants.loc["R_2", "language"] == "EN"
    assert study.codebook.set_index("variable").loc["Q4_1", "kind"] == "binary"
    assert study.set_aside["reason"].tolist() == ["preview", "spam", "unfinished"]
    for language in ("fr", "en"):
        assert "nothing_ticked" not in check_study(study, language=language).index
    again = load_study(save_study(study, tmp_path / "saved"))
    for table in ("answers", "codebook", "participants"):
        pd.testing.assert_frame_equal(getattr(study, table), getattr(again, table))


def test_a_study_says_what_a_layout_cannot_be_told(tmp_path: Path) -> None:
    write(tmp_path, "participant_id,a\np1,x;y\n")
    text = '[participants]\nfrom = "answers"\n[answers]\nfile = "export.csv"\njoiner = ";"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ChoiceError, match="joiner"):
        load_study(tmp_path)
    (tmp_path / "study.toml").write_text(text + 'layout = "survey"\nseparator = ","\n', encoding="utf-8")
    assert load_study(tmp_path).answers.columns.tolist() == ["a [x]", "a [y]"]


def test_every_note_is_said_in_both_languages(tmp_path: Path) -> None:
    for text in FIXTURES.values():
        reading = read_survey(write(tmp_path, text))
        for language in ("fr", "en"):
            said = check_reading(reading, language=language)
            assert said["what_to_do"].str.len().gt(10).all()
    assert {one.table for one in SURVEYS.values()} == {"answers", "codebook"}
