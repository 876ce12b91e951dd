"""Real surveys read as their catalogue says; nothing of them is kept in this repository."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from personakit.collect.surveys.exports import read_survey
from personakit.collect.surveys.spss import read_spss
from personakit.readings import Reading

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "surveys"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


def parts(reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    assert reading.report.rows_in == reading.report.kept + reading.report.set_aside["rows"].sum()
    assert len(reading.tables["answers"]) == reading.report.kept
    notes = {note.key.removeprefix("surveys."): note.values["n"] for note in reading.report.notes}
    return (reading.tables["answers"].set_index("participant_id"), reading.tables["codebook"].set_index("variable"), notes)


def raw(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_mcdonalds() -> None:
    table, book, _ = parts(read_survey(DATA / "mcdonalds" / "mcdonalds.csv"))
    assert table.shape == (1453, 15)
    assert table.iloc[:, :11].mean().round(3).tolist() == [.553, .908, .094, .867, .526, .900, .599, .644, .358, .199, .243]
    assert (book["kind"].iloc[:11] == "binary").all()
    assert table["Like"].nunique() == 11


def test_volunteers() -> None:
    table, book, _ = parts(read_survey(DATA / "volunteers" / "volunteers.csv"))
    assert table.shape == (1415, 21)
    assert table[["help.others", "give.back", "cause", "no.one.else"]].mean().round(3).tolist() == [.668, .637, .587, .114]
    assert (book["kind"] == "binary").sum() == 19


def test_latent_class_classics() -> None:
    gss, _, _ = parts(read_survey(DATA / "lca_classics" / "gss82.csv"))
    assert gss.shape == (1202, 4)
    assert gss.nunique().tolist() == [3, 2, 2, 3]
    carcinoma, _, _ = parts(read_survey(DATA / "lca_classics" / "carcinoma.csv"))
    assert carcinoma.shape == (118, 7)
    cheating, _, _ = parts(read_survey(DATA / "lca_classics" / "cheating.csv"))
    assert (cheating.shape, int(cheating["GPA"].isna().sum())) == ((319, 5), 4)


def test_wholesale_customers() -> None:
    table, _, _ = parts(read_survey(DATA / "wholesale_customers" / "wholesale_customers.csv"))
    assert table["Channel"].value_counts().tolist() == [298, 142]
    assert table["Region"].value_counts().to_dict() == {1: 77, 2: 47, 3: 316}
    assert table.iloc[:, 2:].mean().round(3).tolist() == [12000.298, 5796.266, 7951.277, 3071.932, 2881.493, 1524.870]
    reading = read_survey(DATA / "wholesale_customers" / "wholesale_customers_annotated.csv")
    annotated, _, _ = parts(reading)
    assert annotated.shape == (440, 12)
    assert reading.report.guesses["encoding"] == "cp1252"
    assert annotated.iloc[:, :8].to_numpy().tolist() == table.to_numpy().tolist()
    # somebody typed eight notes to the right, beside rows 9 to 16
    assert (np.flatnonzero(annotated.iloc[:, 8:].notna().any(axis=1)) + 1).tolist() == list(range(9, 17))


def test_marketing_campaign() -> None:
    reading = read_survey(DATA / "marketing_campaign" / "marketing_campaign.csv")
    table, _, _ = parts(reading)
    assert dict(reading.report.guesses) == {"separator": ";", "participant_id": "ID", "layout": "survey"}
    assert table.shape == (2240, 28)
    assert int(table["Income"].isna().sum()) == 24
    assert round(table["Response"].mean(), 3) == .149
    assert table[["Z_CostContact", "Z_Revenue"]].nunique().tolist() == [1, 1]
    assert int(table.duplicated().sum()) == 182
    assert (table["Income"].max(), table["Year_Birth"].min()) == (666666, 1893)


def test_qualtrics_with_three_header_rows() -> None:
    reading = read_survey(DATA / "qualtrics_climate_study1" / "study-1.csv")
    table, book, notes = parts(reading)
    assert (reading.report.layout, reading.report.rows_in, reading.report.kept) == ("qualtrics", 435, 435)
    header = raw(DATA / "qualtrics_climate_study1" / "study-1.csv")[0]
    timing = [name for name in header if name.endswith((".Click", ".Submit", ".Count"))]
    assert notes["timing"] == len(timing) == 80
    # attached by the tool or added by hand, but for the id that became participant_id
    assert notes["extra"] == 12
    people = reading.tables["participants"]
    assert people["duration_s"].iloc[0] == 1036
    assert {"started", "ended", "finished", "progress", "browser", "resolution"} <= set(people)
    # 221 columns: 80 of timing, 9 about the sitting, 1 id
    assert table.shape == (435, 221 - 80 - 9 - 1)
    assert not set(timing) & set(table)
    assert book.loc["Q7", "label"] == "What is your age (in years)?"
    assert book.loc["UniqueID", "role"] == "ignore"
    clean = pd.read_csv(DATA / "qualtrics_climate_study1" / "study-1-clean.csv").set_index("id")
    clean.index = clean.index.astype(str)
    assert table["Q7"].tolist() == clean.loc[table.index, "age"].tolist()
    assert table["Q15_3"].tolist() == clean.loc[table.index, "SS_3"].tolist()


def test_the_cleaned_qualtrics_file_is_a_plain_table() -> None:
    places = [f"C{number}" for number in range(1, 10)]
    reading = read_survey(DATA / "qualtrics_climate_study1" / "study-1-clean.csv", scales=[places])
    table, _, _ = parts(reading)
    assert (reading.report.layout, table.shape) == ("survey", (435, 322))
    ranks = table[[f"sort_sta_{number}" for number in range(1, 31)]].to_numpy(dtype=float)
    # one factor: the first component of the correlations between people, cut at 1.96 / sqrt(30)
    values, vectors = np.linalg.eigh(np.corrcoef(ranks))
    loading = vectors[:, -1] * np.sqrt(values[-1])
    limit = 1.96 / np.sqrt(30)
    assert sorted([int((loading > limit).sum()), int((loading < -limit).sum()), int((np.abs(loading) <= limit).sum())]) == [
        36, 118, 281]


def test_surveymonkey() -> None:
    reading = read_survey(DATA / "surveymonkey_ospo_2018" / "results.csv")
    table, book, notes = parts(reading)
    rows = raw(DATA / "surveymonkey_ospo_2018" / "results.csv")
    assert (reading.report.layout, reading.report.kept, len(rows[0])) == ("surveymonkey", 748, 174)
    # 174 columns, of which the id and three about the sitting
    assert table.shape == (748, 170)
    assert table.index[0] == "10103000748"
    journey = [name for name in table if name.startswith("Where is your company or organization on its open source")]
    ticked = [sum(row[place] != "" for row in rows[2:]) for place in range(4, 10)]
    assert table[journey].sum().tolist() == ticked == [629, 313, 204, 248, 68, 22]
    assert book.loc[journey, "multi"].all()
    # published: 53% of companies have a program or plan one; 72% often use open source for non-commercial purposes
    program = table[next(name for name in table if name.startswith("Does your company have an open source program"))]
    assert round(program.isin(["Yes", "No, but planning one"]).mean(), 2) == .53
    often = next(name for name in table if "Use open source code for noncommercial or internal reasons" in name)
    assert round((table[often] == "Frequently").sum() / table[often].notna().sum(), 2) == .72
    people = reading.tables["participants"]
    assert people["started"].str.slice(0, 7).isin(["2018-06", "2018-07"]).all()
    assert (notes["multi"], notes["nothing_ticked"], notes["serial_dates"]) == (12, 11, 2)


def test_limesurvey() -> None:
    reading = read_survey(DATA / "limesurvey_rse_uk_2017" / "public_data.csv")
    table, book, notes = parts(reading)
    assert (reading.report.layout, table.shape) == ("limesurvey", (253, 244))
    assert reading.report.guesses["participant_id"] == "column 1"
    assert table.index[:5].tolist() == ["1", "2", "5", "6", "7"]
    rows = raw(DATA / "limesurvey_rse_uk_2017" / "public_data.csv")
    empty = sum(cell == "" for row in rows[1:] for cell in row)
    assert int(table.isna().sum().sum()) == empty
    assert round(empty / (253 * 245), 3) == .136
    place = next(i for i, name in enumerate(rows[0]) if name.startswith("tool4can[SQ002]"))
    assert table["tool4can[SQ002]"].sum() == sum(row[place] == "Yes" for row in rows[1:])
    assert book.loc[["tool4can[SQ002]", "rse1"], "multi"].tolist() == [True, False]
    assert book.loc["ukrse2[SQ003]", "label"] == "How do you meet other RSEs? [N/A]"
    # ratings whose ends carry words
    assert book.loc["time1can[time1can]", ["kind", "low", "high"]].tolist() == ["ordinal", 1, 10]
    # stability1 holds 1 to 4 and "5+"
    assert notes == {"multi": 7, "rated": 9, "unordered": 6, "collect.nearly_numbers": 1}
    scale = ["Strongly disagree", "Disagree", "Neither agree or disagree", "Agree", "Strongly Agree"]
    agreed, _, _ = parts(read_survey(DATA / "limesurvey_rse_uk_2017" / "public_data.csv", scales=[scale]))
    assert agreed["likertagree2[affSat1]"].value_counts().sort_index().index.tolist() == [1, 2, 3, 4, 5]


def test_joined_answers_of_the_german_research_centre() -> None:
    reading = read_survey(DATA / "dlr_software_2018" / "data.csv", joiner=";#")
    table, book, notes = parts(reading)
    assert reading.report.kept == 773
    assert table["Do you write code as part of your job?"].value_counts().to_dict() == {1: 612, 0: 161}
    languages = [name for name in table if name.startswith("What programming language do you use at work?")]
    rows = raw(DATA / "dlr_software_2018" / "data.csv")
    place = next(i for i, name in enumerate(rows[0]) if name.startswith("What programming language"))
    said = pd.Series([one for row in rows[1:] if row[place] for one in row[place].split(";#")]).value_counts()
    assert {name.rpartition("[")[2][:-1]: int(table[name].sum()) for name in languages} == said.to_dict()
    assert table[languages].isna().all(axis=1).sum() == 161
    assert book.loc[languages, "multi"].all()
    assert notes["joined"] == 3


def test_spss_with_declared_missing_values_and_mirrors() -> None:
    reading = read_spss(DATA / "spss_university_covid" / "data.sav")
    table, book, notes = parts(reading)
    assert table.shape == (7724, 39)
    assert table["country"].value_counts().to_dict() == {"Austria": 6071, "Finland": 1653}
    assert int(table["gender"].isna().sum()) == 24
    assert int(table.isna().sum().sum()) == 3344
    assert round(table["age"].mean(), 2) == 25.76
    assert book["categories"].notna().sum() == 38
    assert (book["missing_codes"] == '["-99"]').sum() == 39
    assert notes["mirrors"] == 18
    assert (table["sr1"] + table["sr1.rec"]).dropna().eq(6).all()


def test_spss_in_windows_1252() -> None:
    reading = read_spss(DATA / "spss_pallant_survey" / "survey.sav")
    table, book, notes = parts(reading)
    assert table.shape == (439, 134)
    assert int(table.isna().sum().sum()) == 622
    assert book["categories"].notna().sum() == 9
    assert book["missing_codes"].notna().sum() == 0
    assert table["sex"].value_counts().to_dict() == {"FEMALES": 254, "MALES": 185}
    assert set(table["smoke"].dropna()) == {0, 1}
    assert "declared_missing" not in notes


def test_spss_with_every_kind_of_missing() -> None:
    table, book, notes = parts(read_spss(DATA / "spss_fixtures" / "sample_missing.sav"))
    assert table.shape == (7, 7)
    assert book["missing_codes"].dropna().to_dict() == {
        "mynum": '["2000 to 3000", "-1"]', "mylabl": '["-1"]', "myord": '["-1", "-2", "-3"]'}
    np.testing.assert_equal(table["mynum"].to_numpy(), [1.1, 1.2, -1000.3, -1.4, 1000.3, np.nan, np.nan])
    assert table["mydate"].dropna().tolist() == ["2018-05-06", "1880-05-06", "1960-01-01", "1583-01-01"]
    assert notes["declared_missing"] == 5
