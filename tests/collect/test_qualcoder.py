"""QualCoder projects: cases, several coders, positions that are letters, and columns that differ between versions."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import CHANGES, accounted, made, notes, with_changed_cells

from personakit.collect.interviews.qualcoder import read_qualcoder
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.study import load_study

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qualitative" / "curation_interviews_qualcoder"
real = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")

SCHEMA = """
create table project (databaseversion text, about text);
create table source (id integer primary key, name text, fulltext text, mediapath text);
create table code_cat (catid integer primary key, name text, memo text, supercatid integer);
create table code_name (cid integer primary key, name text, memo text, catid integer, color text);
create table code_text (ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer,
 owner text);
create table code_image (imid integer primary key, id integer, cid integer, owner text);
create table code_av (avid integer primary key, id integer, cid integer, owner text);
create table cases (caseid integer primary key, name text);
create table case_text (id integer primary key, caseid integer, fid integer, pos0 integer, pos1 integer);
create table attribute (attrid integer primary key, name text, attr_type text, value text, id integer);
"""
#: Ada speaks in letters 0 to 14 of the first source, Bob in 15 to 28; the second is Ada's whole
ROWS = """
insert into source values (1, 'groupe.txt', 'Ada: trop cher
Bob: pas le temps', null), (2, 'ada.docx', 'encore trop cher', null), (3, 'photo.jpg', null, '/images/photo.jpg');
insert into code_cat values (1, 'freins', '', null), (2, 'argent', '', 1), (3, 'boucle', '', 4), (4, 'boucle aussi', '', 3);
insert into code_name values (1, 'prix', 'dit trop cher', 2, '#F00'), (2, 'temps', '', 1, ''), (3, 'jamais', '', 3, '');
insert into code_text values (1, 1, 1, 'trop cher', 5, 14, 'rim'), (2, 1, 1, 'trop cher', 5, 14, 'sara'),
 (3, 2, 1, 'pas le temps', 20, 32, 'rim'), (4, 1, 2, 'trop cher', 7, 16, 'rim'), (5, 9, 2, 'encore', 0, 6, 'rim'),
 (6, 1, 9, 'nulle part', 0, 6, 'rim');
insert into code_image values (1, 3, 1, 'rim');
insert into cases values (1, 'Ada'), (2, 'Bob');
insert into case_text values (1, 1, 1, 0, 14), (2, 2, 1, 15, 32), (3, 1, 2, 0, 16);
insert into attribute values (1, 'âge', 'case', '34', 1), (2, 'âge', 'case', '51', 2), (3, 'lieu', 'file', 'Lyon', 2),
 (4, 'note', 'journal', 'x', 1);
"""


WHOLE = made(SCHEMA, ROWS)


def project(path: Path, *more: str) -> Path:
    path.mkdir(exist_ok=True)
    (path / "data.qda").write_bytes(made(SCHEMA, ROWS, *more))
    return path


def test_a_project(tmp_path: Path) -> None:
    reading = accounted(read_qualcoder(project(tmp_path / "lunettes.qda")))
    codes = reading.tables["codes"].astype("str").fillna("")
    assert codes.to_numpy().tolist() == [
        ["Ada", "freins > argent > prix", "trop cher", "groupe.txt", "5", "14", "rim"],
        ["Ada", "freins > argent > prix", "trop cher", "groupe.txt", "5", "14", "sara"],
        ["Bob", "freins > temps", "pas le temps", "groupe.txt", "20", "32", "rim"],
        ["Ada", "freins > argent > prix", "trop cher", "ada.docx", "7", "16", "rim"],
        ["photo", "freins > argent > prix", "", "photo.jpg", "", "", "rim"]]
    assert (reading.report.rows_in, reading.report.layout) == (7, "qualcoder")
    aside = dict(zip(reading.report.set_aside["reason"], reading.report.set_aside["rows"], strict=True))
    assert aside == {"unknown_code": 1, "unknown_source": 1}
    assert reading.report.guesses == {"participants": "cases"}
    assert notes(reading) == {"without_words": 1, "outside_cases": 1}


def test_consent_of_a_case_goes_to_its_quotes(tmp_path: Path) -> None:
    project(tmp_path / "lunettes.qda", "insert into attribute values (5, 'Consentement', 'case', 'oui', 1),"
                                       " (6, 'Consentement', 'case', 'non', 2);")
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "lunettes.qda"\n'
                                         'consent = "Consentement"\n', encoding="utf-8")
    codes = load_study(tmp_path).codes
    assert set(zip(codes["participant_id"], codes["consent"].fillna(""), strict=True)) == {
        ("Ada", "verbatim"), ("Bob", "none"), ("photo", "")}


def test_what_comes_beside_the_codes(tmp_path: Path) -> None:
    reading = read_qualcoder(project(tmp_path / "lunettes.qda") / "data.qda")
    people = reading.tables["participants"].set_index("participant_id")
    assert people["âge"].fillna(-1).to_dict() == {"Ada": 34, "Bob": 51, "photo": -1}
    assert people["lieu"].fillna("").to_dict() == {"Ada": "Lyon", "Bob": "", "photo": ""}
    assert list(people) == ["âge", "lieu"]
    listed = reading.tables["code_list"].fillna("")
    # categories that are each other's parent: the circle is cut
    assert listed[["code", "description", "color", "used"]].to_numpy().tolist() == [
        ["freins > argent > prix", "dit trop cher", "#F00", 4], ["freins > temps", "", "", 1],
        ["boucle aussi > boucle > jamais", "", "", 0]]
    own = read_qualcoder(project(tmp_path / "lunettes.qda"), code_names="own", participants="sources")
    assert own.tables["codes"]["code"].unique().tolist() == ["prix", "temps"]
    assert own.tables["codes"]["participant_id"].unique().tolist() == ["groupe", "ada", "photo"]


def test_text_that_changed_after_coding(tmp_path: Path) -> None:
    path = project(tmp_path / "a.qda", "update source set fulltext = 'Ada: plus cher\nBob: pas le temps' where id = 1;"
                   "update code_text set pos1 = 900 where ctid = 4; update code_text set pos0 = 'x' where ctid = 3;")
    reading = accounted(read_qualcoder(path))
    assert (notes(reading)["quotes_differ"], notes(reading)["bad_positions"]) == (2, 2)
    assert reading.tables["codes"]["quote"].fillna("").tolist() == ["plus cher", "plus cher", "", "", ""]


def test_positions_that_count_an_emoji_twice(tmp_path: Path) -> None:
    path = project(tmp_path / "a.qda", "update source set fulltext = '\U0001f600' || fulltext where id = 1; "
                   "update code_text set pos0 = pos0 + 2, pos1 = pos1 + 2 where fid = 1;")
    reading = accounted(read_qualcoder(path))
    assert reading.report.guesses["offsets"] == "utf16"
    assert "quotes_differ" not in notes(reading)


def test_versions_differ_in_their_columns(tmp_path: Path) -> None:
    old = SCHEMA
    for column in (", seltext text", ", supercatid integer", ",\n owner text", ", owner text"):
        old = old.replace(column, "")
    for table in ("code_image", "code_av", "attribute", "case_text", "cases", "project"):
        old = old.replace(f"create table {table} ", f"create table old_{table} ")
    (tmp_path / "old.qda").write_bytes(made(
        old, "insert into source values (1, 'a.txt', 'trop cher', null); insert into code_cat values (1, 'freins', '');"
        "insert into code_name values (1, 'prix', '', 1, ''); insert into code_text values (1, 1, 1, 0, 4);"))
    reading = accounted(read_qualcoder(tmp_path / "old.qda"))
    assert reading.tables["codes"].fillna("").to_numpy().tolist() == [["a", "freins > prix", "trop", "a.txt", 0, 4, ""]]
    nested = project(tmp_path / "new.qda", "alter table code_name add column supercid integer;"
                     "update code_name set catid = null, supercid = 1 where cid = 2;")
    assert "freins > argent > prix > temps" in set(read_qualcoder(nested).tables["codes"]["code"])


def test_a_study_names_the_folder(tmp_path: Path) -> None:
    project(tmp_path / "lunettes.qda")
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n'
                                         '[codes]\nfile = "lunettes.qda"\ncode_names = "own"\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants["âge"].dropna().to_dict() == {"Ada": 34, "Bob": 51}
    assert study.codes["code"].unique().tolist() == ["prix", "temps"]
    assert study.sources.set_index("table").loc["codes", ["rows_in", "kept"]].tolist() == [7, 5]


def test_bad_files(tmp_path: Path) -> None:
    bad = {"empty.qda": b"", "text.qda": b"participant_id,code\n", "short.qda": WHOLE[:4096], "header.qda": WHOLE[:100],
           "zeros.qda": WHOLE[:100] + bytes(len(WHOLE))}
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudyError, match=rf"codes \({name}\)"):
            read_qualcoder(tmp_path / name)
    for name in ("nowhere.qda", "."):
        with pytest.raises(StudyError):
            read_qualcoder(tmp_path / name)
    with pytest.raises(StudyError, match="holds no cases"):
        read_qualcoder(project(tmp_path / "b.qda", "delete from cases;"), participants="cases")


def test_views_and_virtual_tables_are_not_read(tmp_path: Path) -> None:
    endless = ("drop table code_text; create view code_text as with recursive more(cid) as "
               "(select 1 union all select cid + 1 from more) "
               "select cid, 1 as fid, 'a' as seltext, 0 as pos0, 1 as pos1, 'x' as owner from more;")
    with pytest.raises(StudyError, match="no QualCoder project"):
        read_qualcoder(project(tmp_path / "a.qda", endless))
    other = endless.replace("code_text", "case_text").replace("1 as fid, 'a' as seltext", "1 as caseid, 1 as fid")
    reading = accounted(read_qualcoder(project(tmp_path / "b.qda", other)))
    assert notes(reading)["outside_cases"] == 3


@settings(max_examples=200)
@given(cuts=st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6),
       keep=st.floats(0.2, 1.0))
def test_mutated_projects_read_or_raise_a_study_error(tmp_path_factory: pytest.TempPathFactory,
                                                      cuts: list[tuple[int, bytes]], keep: float) -> None:
    path, data = tmp_path_factory.mktemp("mutated") / "a.qda", WHOLE
    for place, put in cuts:
        # pages that are in use: the schema and the rows
        start = 100 + place % (len(data) - 100)
        data = data[:start] + put + data[start + len(put) :]
    path.write_bytes(data[: int(len(data) * (1 if keep > 0.5 else keep))])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reading = read_qualcoder(path)
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
        reading = read_qualcoder(path)
    except (StudyError, ChoiceError, TooFewError):
        return
    accounted(reading)


@real
def test_real_interviews() -> None:
    # the catalogue: 753 codings of 230 codes, 221 of them used, in 28 interviews; two more were removed
    reading = accounted(read_qualcoder(DATA / "data.qda"))
    codes, listed = reading.tables["codes"], reading.tables["code_list"]
    assert (len(codes), len(listed), int((listed["used"] > 0).sum())) == (753, 230, 221)
    assert reading.report.set_aside.empty
    assert notes(reading) == {}  # every stored text is the text at its positions
    assert (codes["participant_id"].nunique(), len(reading.tables["participants"])) == (28, 30)
    groups = codes["participant_id"].drop_duplicates().str.extract(r"^([A-Z]+)")[0].value_counts().to_dict()
    assert groups == {"DC": 10, "BSR": 9, "QR": 9}
    interviews = codes.groupby("code")["participant_id"].nunique()
    assert interviews["Mannheimer > consent - IRB"] == 20
    assert codes["coder"].unique().tolist() == ["saramannheimer"]
