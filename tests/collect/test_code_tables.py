"""Tables of codes by any program: one row a passage by column mapping, and documents by codes."""

from __future__ import annotations

import sqlite3
import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.coding import code_table
from personakit.collect import check_reading
from personakit.collect.interviews.code_tables import read_code_matrix, read_codes
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.study import load_study

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qualitative" / "research_synthesis_codes"

MATRIX = "Dokument;prix;confiance;temps\nAda;2;;1\nBob;0;1;\nEve;;;\n"
#: as a code matrix browser writes it
TURNED = "Code System,Ada,Bob,SUM\nprix,2,0,2\nconfiance,0,1,1\nSUM,2,1,3\n"
SEGMENTS = ("Dokumentname;Code;Segment;Anfang;Ende;Bearbeiter\nAda;frein > prix;trop cher;5;14;RK\n"
            "Bob;frein > temps;pas le temps;20;32;SB\n;frein > prix;qui ?;1;4;RK\n")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------ documents by codes
def test_a_matrix(tmp_path: Path) -> None:
    reading = read_code_matrix(written(tmp_path / "matrix.csv", MATRIX))
    # a row for each mention
    assert reading.tables["codes"].to_numpy().tolist() == [["Ada", "prix"], ["Ada", "prix"], ["Ada", "temps"],
                                                           ["Bob", "confiance"]]
    assert reading.tables["participants"]["participant_id"].tolist() == ["Ada", "Bob", "Eve"]
    assert reading.tables["code_list"].to_numpy().tolist() == [["prix", 2], ["confiance", 1], ["temps", 1]]
    assert (reading.report.rows_in, reading.report.kept, reading.report.layout) == (4, 4, "code_matrix")
    assert reading.report.guesses == {"separator": ";", "participant_id": "Dokument"}
    check_reading(reading, language="fr")


def test_a_matrix_of_codes_by_documents(tmp_path: Path) -> None:
    path = written(tmp_path / "matrix.csv", TURNED)
    reading = read_code_matrix(path, codes_in="rows")
    assert reading.tables["codes"].to_numpy().tolist() == [["Ada", "prix"], ["Ada", "prix"], ["Bob", "confiance"]]
    assert reading.report.guesses == {"participant_id": "Code System"}
    with pytest.raises(ChoiceError, match="Did you mean 'rows'"):
        read_code_matrix(path, codes_in="row")


MENTIONS = [["Ada", "prix"], ["Ada", "prix"], ["Bob", "prix"], ["Bob", "temps"]]


@pytest.mark.parametrize(("text", "named"), [
    ("Document,prix,temps,SUM\nAda,2,0,2\nBob,1,1,2\nSUM,3,1,4\nN = Documents (Speakers),2,1,2\n", 3),
    ("Document,Total,prix,temps\nTotal,4,3,1\nAda,2,2,0\nBob,2,1,1\n", 2),
    ("Document,SOMME,prix,temps\nAda,2,2,0\nN (Documents),2 (100.0%),2,1 (50.0%)\nBob,2,1,1\n", 2),
    ("Document,prix,temps\nAda,2,0\nBob,1,1\nEnsemble,3,1\n", 1),
    ("Total,Document,prix,temps\n2,Ada,2,0\n2,Bob,1,1\n", 1),
])
def test_totals_are_no_codes_and_nobody(tmp_path: Path, text: str, named: int) -> None:
    reading = read_code_matrix(written(tmp_path / "matrix.csv", text))
    assert reading.tables["codes"].to_numpy().tolist() == MENTIONS
    assert reading.tables["participants"]["participant_id"].tolist() == ["Ada", "Bob"]
    assert reading.tables["code_list"]["code"].tolist() == ["prix", "temps"]
    assert {note.key: note.values["n"] for note in reading.report.notes} == {"interviews.totals": named}
    assert check_reading(reading, language="fr").loc["totals", "count"] == named


def test_totals_are_found_by_what_they_are(tmp_path: Path) -> None:
    people = {"A": (2, 0, 1), "B": (0, 3, 1), "C": (1, 1, 0), "D": (0, 0, 4), "E": (1, 0, 0)}
    lines = [f"{name},{sum(given)}," + ",".join(map(str, given)) for name, given in people.items()]
    # A "corpus" of all five, and a column "nombre" of all three codes
    path = written(tmp_path / "matrix.csv", "id,nombre,prix,temps,aide\ncorpus,14,4,4,6\n" + "\n".join(lines) + "\n")
    reading = read_code_matrix(path)
    assert reading.tables["participants"]["participant_id"].tolist() == list("ABCDE")
    assert reading.tables["code_list"].to_numpy().tolist() == [["prix", 4], ["temps", 4], ["aide", 6]]
    assert reading.report.notes[0].values == {"n": 2, "first": "corpus, nombre"}
    # columns that are asked for stay
    kept = read_code_matrix(path, keep=["nombre", "prix", "temps", "aide"])
    assert "nombre" in set(kept.tables["codes"]["code"])
    # few numbers may add up by chance
    small = read_code_matrix(written(path, "id,prix,temps,aide\nA,1,1,0\nB,1,0,1\nC,1,1,0\n"))
    assert len(small.tables["code_list"]) == 3
    assert not small.report.notes


def test_counts_that_nobody_would_give_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "matrix.csv", "id,age,prix,temps\nAda,34,2,0\nBob,51,0,1\n")
    with pytest.raises(StudyError, match=r"everyone has more than 20 mentions of age.*keep"):
        read_code_matrix(path)
    assert len(read_code_matrix(path, keep=["prix", "temps"]).tables["codes"]) == 3
    assert len(read_code_matrix(path, keep=["age", "prix", "temps"]).tables["codes"]) == 88
    # one talkative person is no reason, nor a code that somebody was not given
    assert len(read_code_matrix(written(path, "id,prix\nAda,34\nBob,3\n")).tables["codes"]) == 37
    assert len(read_code_matrix(written(path, "id,prix\nAda,34\n")).tables["codes"]) == 34


@pytest.mark.parametrize(("cells", "count"), [("oui;non;oui", 2), ("1;0;1", 2), ("x;;X", 2), ("yes;no;-", 1),
                                              ("1.0;0.0;2.0", 3), ("1,0;0,0;2,00", 3)])
def test_marks_in_cells(tmp_path: Path, cells: str, count: int) -> None:
    reading = read_code_matrix(written(tmp_path / "matrix.csv", f"id;a;b;c\nAda;{cells}\n"))
    assert len(reading.tables["codes"]) == count


@pytest.mark.parametrize("cell", ["-1", "1.5", "1,5", "1,000", "beaucoup", "10001", "1e400", "nan?", "12 %"])
def test_cells_that_are_no_counts(tmp_path: Path, cell: str) -> None:
    with pytest.raises(StudyError, match="1 cells are no counts"):
        read_code_matrix(written(tmp_path / "matrix.csv", f"id;a;b\nAda;1;{cell}\n"))


def test_columns_that_are_no_codes_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "matrix.csv", "age,who,price,trust\n34,Ada,1,0\n51,Bob,2,1\n")
    with pytest.raises(StudyError, match="no counts"):
        read_code_matrix(path)
    reading = read_code_matrix(path, columns={"participant_id": "who"}, keep=["price", "trust"])
    assert reading.tables["codes"].to_numpy().tolist() == [["Ada", "price"], ["Bob", "price"], ["Bob", "price"],
                                                           ["Bob", "trust"]]
    assert reading.report.guesses == {}
    with pytest.raises(StudyError, match="Did you mean 'trust'"):
        read_code_matrix(path, keep=["trus"])


def test_mentions_of_nobody_are_set_aside(tmp_path: Path) -> None:
    reading = read_code_matrix(written(tmp_path / "matrix.csv", "id,a,b\nAda,1,0\n,2,1\n"))
    assert (reading.report.rows_in, reading.report.kept) == (4, 1)
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["no_participant", 3]]


def test_a_matrix_is_never_guessed(tmp_path: Path) -> None:
    written(tmp_path / "matrix.csv", MATRIX.replace("Dokument", "participant_id"))
    text = '[participants]\nfrom = "codes"\n[codes]\nfile = "matrix.csv"\n'
    written(tmp_path / "study.toml", text)
    with pytest.raises(StudyError, match="column 'code' is missing"):
        load_study(tmp_path)
    written(tmp_path / "study.toml", text + 'layout = "code_matrix"\n')
    study = load_study(tmp_path)
    assert study.participants.index.tolist() == ["Ada", "Bob", "Eve"]
    assert code_table(study, min_participants=1, counts=True).loc["Ada"].to_dict() == {
        "code:confiance": 0, "code:prix": 2, "code:temps": 1}


# ------------------------------------------------------------------------------------------------ one row a passage
def test_segments_by_column_mapping(tmp_path: Path) -> None:
    names = {"participant_id": "Dokumentname", "code": "Code", "quote": "Segment", "start": "Anfang", "end": "Ende",
             "coder": "Bearbeiter"}
    reading = read_codes(written(tmp_path / "segments.csv", SEGMENTS), columns=names)
    assert reading.tables["codes"].fillna("").to_numpy().tolist() == [
        ["Ada", "frein > prix", "trop cher", 5, 14, "RK"], ["Bob", "frein > temps", "pas le temps", 20, 32, "SB"],
        ["", "frein > prix", "qui ?", 1, 4, "RK"]]
    assert reading.tables["code_list"].to_numpy().tolist() == [["frein > prix", 2], ["frein > temps", 1]]
    mapped = "".join(f'{name} = "{column}"\n' for name, column in names.items())
    written(tmp_path / "study.toml", f'[participants]\nfrom = "codes"\n[codes]\nfile = "segments.csv"\n'
                                     f'unknown_participants = "set_aside"\n{mapped}')
    assert load_study(tmp_path).codes["code"].tolist() == ["frein > prix", "frein > temps"]
    with pytest.raises(StudyError, match="participant_id"):
        read_codes(tmp_path / "segments.csv")


@pytest.mark.parametrize(("name", "text"), [
    ("a.csv", "participant_id,code,consent\nAda,prix,oui\nBob,prix,Non\nEve,prix,\n"),
    ("a.csv", "participant_id,code,consent\nAda,prix,1\nBob,prix,0\nEve,prix,\n"),
    ("a.csv", "participant_id,code,consent\nAda,prix,1.0\nBob,prix,0.0\nEve,prix,\n"),
    ("a.csv", "participant_id,code,consent\nAda,prix,VRAI\nBob,prix,FAUX\nEve,prix,\n"),
    *(("a.json", f'[{{"participant_id": "Ada", "code": "prix", "consent": {yes}}}, '
                 f'{{"participant_id": "Bob", "code": "prix", "consent": {no}}}, '
                 f'{{"participant_id": "Eve", "code": "prix", "consent": null}}]')
      for yes, no in (("true", "false"), ("1", "0"), ('"yes"', '"no"'))),
])
def test_yes_and_no_say_whether_words_may_be_quoted(tmp_path: Path, name: str, text: str) -> None:
    written(tmp_path / name, text)
    written(tmp_path / "study.toml", f'[participants]\nfrom = "codes"\n[codes]\nfile = "{name}"\n')
    assert load_study(tmp_path).codes["consent"].fillna("").tolist() == ["verbatim", "none", ""]


def test_other_words_are_no_consent(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", "participant_id,code,consent\nAda,prix,2\n")
    written(tmp_path / "study.toml", '[participants]\nfrom = "codes"\n[codes]\nfile = "a.csv"\n')
    with pytest.raises(StudyError, match="Allowed: verbatim, paraphrase, none"):
        load_study(tmp_path)


def test_a_project_is_no_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.qdpx", "w") as archive:
        archive.writestr("project.qde", "<Project/>")
    with pytest.raises(StudyError, match="Read it with read_qdpx"):
        read_codes(tmp_path / "a.qdpx")
    with pytest.raises(StudyError, match="Read it with read_qdpx"):
        read_code_matrix(tmp_path / "a.qdpx")
    (tmp_path / "a.qda").mkdir()
    with closing(sqlite3.connect(tmp_path / "a.qda" / "data.qda")) as project:
        project.executescript("create table source (id); create table code_name (cid); create table code_text (cid);")
    with pytest.raises(StudyError, match="Read it with read_qualcoder"):
        read_codes(tmp_path / "a.qda")


# ------------------------------------------------------------------------------------------------ bad input
def test_bad_files(tmp_path: Path) -> None:
    for name, data in {"empty.csv": b"", "header.csv": b"id,a\n", "one.csv": b"id\nAda\n", "binary.csv": bytes(range(256)),
                       "cut.xlsx": b"PK\x03\x04 cut", "json.csv": b'[{"id": 1'}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudyError, match=rf"codes \({name}\)"):
            read_code_matrix(tmp_path / name)
    many = "id," + ",".join(f"c{place}" for place in range(600)) + "\n" + "Ada" + ",10000" * 600 + "\n"
    with pytest.raises(StudyError, match="6,000,000 mentions"):
        read_code_matrix(written(tmp_path / "many.csv", many))


@settings(max_examples=200)
@given(text=st.sampled_from([MATRIX, TURNED, SEGMENTS]), turned=st.sampled_from(["rows", "columns"]),
       cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), st.binary(max_size=8)), min_size=1, max_size=3))
def test_mutated_tables_read_or_raise_a_study_error(tmp_path_factory: pytest.TempPathFactory, text: str, turned: str,
                                                    cuts: list[tuple[int, int, bytes]]) -> None:
    path = tmp_path_factory.mktemp("mutated") / "table.csv"
    data = text.encode()
    for place, length, put in cuts:
        start = place % (len(data) + 1)
        data = data[:start] + put + data[start + length :]
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if text is SEGMENTS:
                reading = read_codes(path, columns={"participant_id": "Dokumentname", "code": "Code", "start": "Anfang"})
            else:
                reading = read_code_matrix(path, codes_in=turned)
    except (StudyError, ChoiceError, TooFewError):
        return
    report = reading.report
    assert report.rows_in == report.kept + int(report.set_aside["rows"].sum())
    assert len(reading.tables["codes"]) == report.kept
    check_reading(reading)


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_real_decisions_of_researchers() -> None:
    # the catalogue: 480 rows of 11 participants, the first heading misspelt; participant 7 has the fewest rows, 3 the most
    reading = read_codes(DATA / "codes-anonymous.csv", columns={"participant_id": "Pariticipant", "code": "Strategy"})
    codes = reading.tables["codes"]
    assert (codes.shape, codes["participant_id"].nunique()) == ((480, 11), 11)
    rows = codes["participant_id"].value_counts()
    assert (rows["7"], rows["3"], rows.min(), rows.max()) == (14, 85, 14, 85)
    used = reading.tables["code_list"].set_index("code")["used"].to_dict()
    assert used == {"Reduce": 297, "Acknowledge": 139, "Suppress": 44}
