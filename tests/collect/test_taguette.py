"""Taguette: exported highlights and codebooks, and project files whose offsets count bytes."""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import CHANGES, accounted, made, notes, with_changed_cells

from personakit.collect import read
from personakit.collect.interviews.taguette import read_taguette
from personakit.collect.reading.options import Options
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.study import load_study

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qualitative" / "curation_interviews_taguette"
real = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")

HIGHLIGHTS = ("id,document,tag,content\r\n1,Élodie.docx,émotion,trop cher\r\n1,Élodie.docx,émotion.déception,trop cher\r\n"
              '2,Bob.txt,émotion,"oui, mais…"\r\n')
CODEBOOK = "tag,description,number of highlights,number of documents\némotion,ce qui remue,2,2\nprix,,0,0\n"
SCHEMA = """
create table projects (id integer primary key, name text);
create table documents (id integer primary key, name text, project_id integer, contents text);
create table tags (id integer primary key, project_id integer, path text, description text);
create table highlights (id integer primary key, document_id integer, start_offset integer, end_offset integer,
 snippet text);
create table highlight_tags (highlight_id integer, tag_id integer);
create table commands (id integer primary key, user_login text, payload text);
"""
ROWS = """
insert into projects values (1, 'Lunettes');
insert into documents values (1, 'Élodie.docx', 1, '<p>Élodie : <b>trop</b> cher</p>\n<p>l&#39;été &amp; l''hiver</p>');
insert into documents values (2, 'Bob.docx', 1, '<p>rien</p>');
insert into tags values (1, 1, 'émotion', 'ce qui remue'), (2, 1, 'émotion.déception', ''), (3, 1, 'saison.été', '');
insert into highlights values (1, 1, 10, 19, '<b>trop</b> cher'), (2, 1, 20, 27, '<p>l''été</p>');
insert into highlights values (3, 1, 0, 7, '<p>Élodie</p>');
insert into highlight_tags values (1, 1), (1, 2), (2, 3), (2, 99);
insert into commands values (1, 'rim', '{"type": "highlight_add", "highlight_id": 1}'), (2, 'x', 'not json');
insert into commands values (3, 'x', '[1]');
insert into commands values (4, 'sara', '{"type": "highlight_add", "highlight_id": 1}'), (5, 'x', '{"type": "tag_add"}');
"""


WHOLE = made(SCHEMA, ROWS)


def database(path: Path, *more: str) -> Path:
    path.write_bytes(made(SCHEMA, ROWS, *more))
    return path


def test_highlights(tmp_path: Path) -> None:
    (tmp_path / "highlights.csv").write_text(HIGHLIGHTS, encoding="utf-8", newline="")
    reading = accounted(read_taguette(tmp_path / "highlights.csv"))
    assert reading.tables["codes"][["participant_id", "code", "quote", "source"]].to_numpy().tolist() == [
        ["Élodie", "émotion", "trop cher", "Élodie.docx"], ["Élodie", "émotion.déception", "trop cher", "Élodie.docx"],
        ["Bob", "émotion", "oui, mais…", "Bob.txt"]]
    listed = reading.tables["code_list"].set_index("code")
    assert listed[["name", "used"]].to_numpy().tolist() == [["émotion", 2], ["déception", 1]]
    assert listed.loc["émotion.déception", "parent"] == "émotion"
    assert notes(reading) == {"quotes_unchecked": 3}
    assert read_taguette(tmp_path / "highlights.csv", code_names="own").tables["codes"]["code"].tolist() == [
        "émotion", "déception", "émotion"]


def test_rows_without_a_tag_or_a_document_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "highlights.csv").write_text(HIGHLIGHTS + "3,Bob.txt,,sans code\n4,,émotion,de qui\n,,,\n", encoding="utf-8")
    reading = accounted(read_taguette(tmp_path / "highlights.csv"))
    assert reading.report.rows_in == 6
    aside = dict(zip(reading.report.set_aside["reason"], reading.report.set_aside["rows"], strict=True))
    assert aside == {"uncoded": 1, "unknown_source": 1, "empty_row": 1}


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    import openpyxl

    (tmp_path / "highlights.csv").write_text(HIGHLIGHTS, encoding="utf-8")
    book = openpyxl.Workbook()
    book.active.title = "highlights"
    for row in [("id", "document", "tag", "content"), (1, "Élodie.docx", "émotion", "trop cher"),
                (1, "Élodie.docx", "émotion.déception", "trop cher"), (2, "Bob.txt", "émotion", "oui, mais…")]:
        book.active.append(row)
    book.save(tmp_path / "highlights.xlsx")
    first, second = (read_taguette(tmp_path / f"highlights.{kind}") for kind in ("csv", "xlsx"))
    pd.testing.assert_frame_equal(first.tables["codes"], second.tables["codes"])
    known = read(Options(table="codes", path=tmp_path / "highlights.xlsx", file="highlights.xlsx", mapping={}))
    assert known.report.layout == "taguette"


def test_a_codebook_has_codes_and_no_codings(tmp_path: Path) -> None:
    (tmp_path / "codebook.csv").write_text(CODEBOOK, encoding="utf-8-sig")
    reading = accounted(read_taguette(tmp_path / "codebook.csv"))
    assert reading.tables["code_list"][["code", "description", "used"]].fillna("").to_numpy().tolist() == [
        ["émotion", "ce qui remue", 2], ["prix", "", 0]]
    assert notes(reading) == {"no_codings": 2}
    (tmp_path / "codebook.qdc").write_text('<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes>'
                                           '<Code guid="1" name="prix.élevé"/></Codes><Sets/></CodeBook>', encoding="utf-8")
    assert read_taguette(tmp_path / "codebook.qdc").tables["code_list"]["code"].tolist() == ["prix.élevé"]


def test_a_project_counts_bytes(tmp_path: Path) -> None:
    # "Élodie : trop cher" has 18 letters and 19 bytes; then a line break, then "l'été & l'hiver"
    reading = accounted(read_taguette(database(tmp_path / "project.sqlite3")))
    codes = reading.tables["codes"]
    assert codes[["code", "quote", "start", "end"]].to_numpy().tolist() == [
        ["émotion", "trop cher", 9, 18], ["émotion.déception", "trop cher", 9, 18], ["saison.été", "l'été", 19, 24]]
    assert codes["coder"].fillna("").tolist() == ["sara", "sara", ""]
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["unknown_code", 1]]
    # highlight 3 has no tag; "saison" is no tag, so "saison.été" has no parent
    assert notes(reading) == {"uncoded_selections": 1}
    assert reading.tables["code_list"]["parent"].fillna("").tolist() == ["", "émotion", ""]
    assert reading.tables["participants"]["participant_id"].tolist() == ["Élodie", "Bob"]
    assert reading.tables["texts"]["text"].tolist() == ["Élodie : trop cher\nl'été & l'hiver", "rien"]


def test_a_snippet_that_differs_is_noted(tmp_path: Path) -> None:
    path = database(tmp_path / "project.sqlite3", "update highlights set snippet = '<p>cher</p>' where id = 1;"
                    "update highlights set end_offset = 4000 where id = 2;")
    reading = accounted(read_taguette(path))
    assert notes(reading) == {"uncoded_selections": 1, "quotes_differ": 2, "bad_positions": 1}
    assert reading.tables["codes"]["quote"].fillna("").tolist() == ["trop cher", "trop cher", ""]


def test_one_of_several_projects(tmp_path: Path) -> None:
    path = database(tmp_path / "project.sqlite3", "insert into projects values (2, 'Montres');"
                    "insert into documents values (3, 'Eve', 2, 'l''heure'); insert into tags values (4, 2, 'temps', '');"
                    "insert into highlights values (4, 3, 2, 7, 'heure'); insert into highlight_tags values (4, 4);")
    with pytest.raises(StudyError, match="holds 2 projects"):
        read_taguette(path)
    with pytest.raises(ChoiceError, match="Did you mean 'Montres'"):
        read_taguette(path, project="Montre")
    assert accounted(read_taguette(path, project="Montres")).tables["codes"]["quote"].tolist() == ["heure"]
    assert accounted(read_taguette(path, project="Lunettes")).report.rows_in == 4
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "project.sqlite3"\n'
                                         'project = "Montres"\n', encoding="utf-8")
    assert load_study(tmp_path).participants.index.tolist() == ["Eve"]


def test_plain_tables_are_left_alone(tmp_path: Path) -> None:
    for text in ("id,document,tag,content,note\n1,a,b,c,d\n", "participant_id,code\np1,prix\n", "tag,description\na,b\n"):
        (tmp_path / "codes.csv").write_text(text, encoding="utf-8")
        options = Options(table="codes", path=tmp_path / "codes.csv", file="codes.csv", mapping={})
        assert read(options).report.layout == "csv"
    with pytest.raises(StudyError, match="neither a list of highlights"):
        (tmp_path / "codes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        read_taguette(tmp_path / "codes.csv")


def test_bad_files(tmp_path: Path) -> None:
    bad = {"empty.csv": b"", "binary.csv": bytes(range(256)), "short.sqlite3": WHOLE[:5000], "header.sqlite3": WHOLE[:16],
           "zeros.sqlite3": WHOLE[:100] + bytes(len(WHOLE) - 100), "wide.csv": HIGHLIGHTS.encode() + b"1,2\n",
           "utf16.csv": "id,document".encode("utf-16")[:-1]}
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudyError, match=rf"codes \({name}\)"):
            read_taguette(tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.executescript("create table a (b);")
    with pytest.raises(StudyError, match="no Taguette project"):
        read_taguette(tmp_path / "other.sqlite3")


def test_a_view_is_not_read(tmp_path: Path) -> None:
    endless = ("drop table highlight_tags; create view highlight_tags as with recursive more(highlight_id) as "
               "(select 1 union all select highlight_id + 1 from more) select highlight_id, 1 as tag_id from more;")
    with pytest.raises(StudyError, match="no Taguette project"):
        read_taguette(database(tmp_path / "project.sqlite3", endless))


@settings(max_examples=200)
@given(name=st.sampled_from(["highlights.csv", "codebook.csv", "project.sqlite3"]),
       cuts=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 20), st.binary(max_size=12)), min_size=1, max_size=4))
def test_mutated_bytes_read_or_raise_a_study_error(tmp_path_factory: pytest.TempPathFactory, name: str,
                                                   cuts: list[tuple[int, int, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    texts = {"highlights.csv": HIGHLIGHTS, "codebook.csv": CODEBOOK}
    data = texts[name].encode() if name in texts else WHOLE
    for place, length, put in cuts:
        start = place % (len(data) + 1)
        # a SQLite file lives by its pages: bytes are replaced there, not moved
        data = data[:start] + put + data[start + (len(put) if name.endswith("3") else length) :]
    (folder / name).write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reading = read_taguette(folder / name)
    except (StudyError, ChoiceError, TooFewError):
        return
    accounted(reading)


@settings(max_examples=100)
@given(twice=st.integers(0, 99), changes=CHANGES)
def test_cells_of_any_kind_read_or_raise_a_study_error(tmp_path_factory: pytest.TempPathFactory, twice: int,
                                                       changes: list[tuple[int, int, int, object]]) -> None:
    path = tmp_path_factory.mktemp("cells") / "a.qda"
    path.write_bytes(with_changed_cells(SCHEMA + ROWS, twice, changes))
    try:
        reading = read_taguette(path)
    except (StudyError, ChoiceError, TooFewError):
        return
    accounted(reading)


@real
@pytest.mark.parametrize("name", ["highlights.csv", "highlights.xlsx"])
def test_real_highlights(name: str) -> None:
    # the catalogue: 24 rows of 18 highlights and 6 tags
    reading = accounted(read_taguette(DATA / name))
    codes = reading.tables["codes"]
    assert (len(codes), codes["code"].nunique(), codes.drop_duplicates(["source", "quote"]).shape[0]) == (24, 6, 18)
    assert reading.report.guesses == {"participants": "sources"}


@real
def test_a_real_project() -> None:
    # the catalogue: 10 documents, 6 tags, 18 highlights, 24 pairs; every snippet is the text at its bytes
    reading = accounted(read_taguette(DATA / "project.sqlite3"))
    assert [len(reading.tables[name]) for name in ("participants", "code_list", "codes", "texts")] == [10, 6, 24, 10]
    assert reading.tables["codes"].drop_duplicates(["source", "start", "end"]).shape[0] == 18
    assert notes(reading) == {}
    assert set(reading.tables["codes"]["coder"]) == {"admin"}
    exported = read_taguette(DATA / "highlights.csv").tables["codes"]
    ours = reading.tables["codes"]
    assert sorted(zip(ours["source"], ours["code"], ours["quote"].str.split().str.join(" "), strict=True)) == sorted(
        zip(exported["source"], exported["code"], exported["quote"].str.split().str.join(" "), strict=True))


@real
@pytest.mark.parametrize("name", ["codebook.csv", "codebook.qdc"])
def test_real_codebooks(name: str) -> None:
    reading = accounted(read_taguette(DATA / name))
    used = {"interesting": 2, "open: privacy": 1, "in vivo: disclose": 3, "deductive: autonomy": 8,
            "deductive: compromise": 5, "deductive: stake": 5}
    listed = reading.tables["code_list"].set_index("code")["used"].to_dict()
    assert listed == (used if name.endswith("csv") else dict.fromkeys(used, 0))
