"""Answers as people save them: every separator, encoding, decimal mark and file kind, guessed, said and overruled."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest

from personakit.collect.layouts import read
from personakit.collect.reading.options import make_options
from personakit.collect.surveys.exports import read_survey
from personakit.errors import ChoiceError, StudyError
from personakit.readings import Reading
from personakit.study import load_study

FRENCH = ('participant_id;Âge;Revenu net;Note;Abonné;Depuis le;Pourquoi ?;Ville;Ville;Code postal\n'
          'p1;34;1\u202f234,50;3,5;Oui;31/01/2026;"Trop cher ;\nvraiment";Nîmes;Orange;01230\n'
          'p2;51;980;4;Non;01/02/2026;"Le « conseil »";Sète;;30100\n'
          'p3;;12\u00a0500,00;;OUI;;;Alès;;30100\n')
WANTED = {"Âge": [34, 51, np.nan], "Revenu net": [1234.5, 980, 12500], "Note": [3.5, 4, np.nan], "Abonné": [1, 0, 1]}


def plain(path: Path, **how: object) -> Reading:
    return read(make_options("answers", path, "table", how))


def write(folder: Path, data: bytes | str, name: str = "answers.csv") -> Path:
    (folder / name).write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return folder / name


def check(frame: pd.DataFrame) -> None:
    for name, values in WANTED.items():
        np.testing.assert_equal(frame[name].to_numpy(dtype=float), values, err_msg=name)
    assert frame["Pourquoi ?"].tolist()[0] == "Trop cher ;\nvraiment"
    assert frame["Depuis le"].tolist()[:2] == ["31/01/2026", "01/02/2026"]
    assert frame["Code postal"].tolist() == ["01230", "30100", "30100"]


@pytest.mark.parametrize("reader", [plain, read_survey], ids=["plain", "survey"])
@pytest.mark.parametrize(
    ("data", "guesses"),
    [
        (FRENCH.encode("utf-8"), {}),
        (b"\xef\xbb\xbf" + FRENCH.encode("utf-8"), {}),
        (FRENCH.replace("\u202f", "\u00a0").encode("cp1252"), {"encoding": "cp1252"}),
        (FRENCH.encode("utf-16"), {"encoding": "utf-16"}),
        (FRENCH.replace("\n", "\r\n").replace(";\r\nvraiment", ";\nvraiment").encode("utf-8"), {}),
        (gzip.compress(FRENCH.encode("utf-8"), mtime=0), {}),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "crlf", "gzip"],
)
def test_french_exports(tmp_path: Path, reader, data: bytes, guesses: dict[str, str]) -> None:
    reading = reader(write(tmp_path, data))
    check(reading.tables["answers"])
    layout = {"layout": "survey"} if reader is read_survey else {}
    assert dict(reading.report.guesses) == {"separator": ";", "decimal": ",", **guesses, **layout}
    assert [note.key for note in reading.report.notes] == ["collect.twice"]
    assert reading.tables["answers"]["Ville (2)"].tolist()[0] == "Orange"


def test_every_guess_can_be_overruled(tmp_path: Path) -> None:
    path = write(tmp_path, FRENCH.replace("\u202f", "\u00a0").encode("cp1252"))
    reading = plain(path, separator=";", decimal=".", encoding="cp1252", missing=["Oui"])
    frame = reading.tables["answers"]
    assert reading.report.guesses == {}
    assert frame["Note"].tolist()[0] == "3,5"
    np.testing.assert_equal(frame["Abonné"].to_numpy(), [np.nan, 0, 1])


def test_a_heading_broken_over_lines_does_not_hide_the_separator(tmp_path: Path) -> None:
    text = '"Notez, de 1 à 5,\nle prix, le conseil";b;c\n1;2;3\n4;5;6\n'
    assert plain(write(tmp_path, text), columns={"participant_id": "row"}).tables["answers"].shape == (2, 4)


def test_workbooks_parquet_and_json_lines(tmp_path: Path) -> None:
    rows = [{"participant_id": "p1", "note": 3.5, "abonné": "Oui", "code": "01230", "vide": None},
            {"participant_id": "p2", "note": None, "abonné": "Non", "code": "30100", "vide": None}]
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    frame = pd.DataFrame(rows)
    with duckdb.connect() as connection:
        connection.register("answers", frame.drop(columns="vide"))
        connection.execute(f"copy answers to '{tmp_path / 'a.parquet'}' (format parquet)")
    for name, layout in (("a.xlsx", "excel"), ("a.jsonl", "json"), ("a.parquet", "parquet")):
        reading = plain(tmp_path / name)
        got = reading.tables["answers"]
        assert reading.report.layout == layout
        assert got["participant_id"].tolist() == ["p1", "p2"]
        np.testing.assert_equal(got["note"].to_numpy(dtype=float), [3.5, np.nan])
        assert got["abonné"].tolist() == [1, 0]
        assert got["code"].tolist() == ["01230", "30100"]


def test_a_study_of_french_answers(tmp_path: Path) -> None:
    write(tmp_path, FRENCH.replace("\u202f", "\u00a0").encode("cp1252"))
    text = 'language = "fr"\n[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    study = load_study(tmp_path)
    check(study.answers)
    assert study.participants.index.tolist() == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a;b\n1;2;3\n", ["line 2"]),
        ("a,b\n1,2\n1\n", ["line 3"]),
        (b"a,b\n\x00,1\n", ["NUL"]),
        ("", ["empty"]),
    ],
)
def test_what_is_no_table(tmp_path: Path, data: bytes | str, words: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        plain(write(tmp_path, data))
    for word in words:
        assert word in str(caught.value)


def test_numbers_are_read_by_the_marks_of_their_file(tmp_path: Path) -> None:
    def answers(text: str, **how: object) -> pd.DataFrame:
        return plain(write(tmp_path, text), **how).tables["answers"]

    # commas that may part thousands say nothing alone; a French file has commas beside points that part thousands
    assert answers("participant_id,pay\nA,\"1,200\"\nB,\"2,300\"\n")["pay"].tolist() == ["1,200", "2,300"]
    assert answers("participant_id,pay\nA,\"1,200\"\nB,\"2,300\"\n", decimal=".")["pay"].tolist() == [1200, 2300]
    french = answers("participant_id;pop;note;v\nA;1.200;3,5;2.1\nB;12.000;4;2.2\nC;3.500;2,25;3.14\n")
    assert french["pop"].tolist() == [1200, 12000, 3500]
    assert french["note"].tolist() == [3.5, 4, 2.25]
    assert french["v"].tolist() == [2.1, 2.2, 3.14]
    assert answers("participant_id,sku\nA,1E5\nB,2E3\n")["sku"].tolist() == ["1E5", "2E3"]


def test_a_separator_is_the_one_that_gives_even_rows(tmp_path: Path) -> None:
    text = "client;Note, prix;Note, accueil;Note, délai\nA;2,5;3,5;4,0\nB;3,5;4,5;1,0\n"
    reading = plain(write(tmp_path, text), columns={"participant_id": "client"})
    assert reading.report.guesses["separator"] == ";"
    assert reading.tables["answers"]["Note, prix"].tolist() == [2.5, 3.5]


def test_a_stray_word_among_numbers_is_told(tmp_path: Path) -> None:
    text = "participant_id,age\n" + "".join(f"p{age},{age}\n" for age in range(20, 40)) + "p99,NSP\n"
    reading = plain(write(tmp_path, text))
    notes = {note.key: note.values["first"] for note in reading.report.notes}
    assert notes["collect.nearly_numbers"] == "age: NSP"
    assert "collect.nearly_numbers" not in {note.key for note in plain(
        tmp_path / "answers.csv", missing=["NSP"]).report.notes}


@pytest.mark.parametrize(("how", "words"), [
    ({"missing": "-99"}, "missing must be written as"), ({"columns": ["a"]}, "columns must be written as"),
    ({"encoding": 8}, "encoding must be written as"), ({"seperator": ";"}, "Did you mean 'separator'")])
def test_settings_of_the_wrong_kind_are_refused(tmp_path: Path, how: dict[str, object], words: str) -> None:
    with pytest.raises(ChoiceError, match=words):
        plain(write(tmp_path, "participant_id,a\np1,1\n"), **how)
