"""Personas written as REFI-QDA: valid by its schema, read back equal, and without words that nobody agreed to show."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.collect.interviews.qdpx import read_qdpx
from personakit.collect.interviews.qualcoder import read_qualcoder
from personakit.collect.interviews.writer import save_qda
from personakit.errors import ChoiceError, StudyError
from personakit.readings import Reading, ReadReport
from personakit.records import Features, Personas, Study

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qualitative"
COLUMNS = ["participant_id", "code", "quote", "source", "start", "end", "coder"]
#: REFI-QDA 1.5: the children of an element in their order, and the attributes that it must have
CHILDREN = {
    "Project": "Users CodeBook Variables Cases Sources Notes Links Sets Graphs Description NoteRef", "Users": "User",
    "CodeBook": "Codes Sets", "Codes": "Code", "Code": "Description NoteRef Code", "Variables": "Variable",
    "Variable": "Description", "Cases": "Case", "Case": "Description CodeRef VariableValue SourceRef SelectionRef",
    "VariableValue": "VariableRef TextValue", "Sources": "TextSource", "Sets": "Set",
    "TextSource": "Description PlainTextContent PlainTextSelection Coding NoteRef VariableValue",
    "PlainTextSelection": "Description Coding NoteRef", "Coding": "CodeRef NoteRef",
    "Set": "Description MemberCode MemberSource",
}
REQUIRED = {
    "Project": {"name"}, "User": {"guid"}, "Code": {"guid", "name", "isCodable"}, "Case": {"guid"}, "TextSource": {"guid"},
    "Variable": {"guid", "name", "typeOfVariable"}, "PlainTextSelection": {"guid", "startPosition", "endPosition"},
    "Coding": {"guid"}, "Set": {"guid", "name"}, "CodeRef": {"targetGUID"}, "SourceRef": {"targetGUID"},
    "SelectionRef": {"targetGUID"}, "VariableRef": {"targetGUID"}, "MemberSource": {"targetGUID"}, "MemberCode": {"guid"},
}
NEEDS_A_CHILD = {"Users", "Codes", "Variables", "Cases", "Sources", "Sets"}
WHOLE = "Ada: trop cher\nBob: pas le temps"
CODES = pd.DataFrame({
    "participant_id": ["Ada", "Ada", "Bob", "Eve", "Eve", "Eve"],
    "code": ["frein > prix", "confiance", "frein > temps", "frein > prix", "frein > prix", "confiance"],
    "quote": ["trop cher", None, "pas le temps", "hors de prix", "hors de prix", "j'ai confiance"],
    "source": ["groupe", "groupe", "groupe", "eve", "eve", "eve"],
    "start": [5, None, 20, None, None, None], "end": [14, None, 32, None, None, None],
    "coder": ["rim", "rim", None, "rim", "sara", "rim"],
    "consent": ["verbatim", "verbatim", "none", "verbatim", "verbatim", "paraphrase"],
})
PERSONAS = pd.Series({"Ada": "P1", "Bob": "P2", "Eve": "P1", "Zoé": "P3"})


def study(codes: pd.DataFrame = CODES) -> Study:
    people = pd.DataFrame(index=pd.Index(sorted({*codes["participant_id"], "Zoé"}), name="participant_id"))
    return Study(name="petit", participants=people, codes=codes)


def reading(codes: pd.DataFrame = CODES) -> Reading:
    report = ReadReport(table="codes", file="a.qdpx", layout="qdpx", sha256="0", rows_in=len(codes), kept=len(codes))
    listed = pd.DataFrame({"code": ["frein > prix", "frein > temps", "confiance", "jamais"],
                           "color": ["#F00", "rouge", None, None], "description": ["trop cher", None, None, None]})
    texts = pd.DataFrame({"source": ["groupe"], "text": [WHOLE]})
    return Reading(tables={"codes": codes, "code_list": listed, "texts": texts}, report=report)


def root_of(path: Path) -> ElementTree.Element:
    data = zipfile.ZipFile(path).read("project.qde") if path.suffix == ".qdpx" else path.read_bytes()
    return ElementTree.fromstring(data)


def valid(path: Path) -> Path:
    """Check a file against the order, the attributes and the references of the standard."""
    root = root_of(path)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert {element.tag.partition("}")[0] for element in root.iter()} == {
        "{urn:QDA-XML:project:1.0" if path.suffix == ".qdpx" else "{urn:QDA-XML:codebook:1.0"}
    for element, name in zip(root.iter(), names, strict=True):
        children = [child.tag.rpartition("}")[2] for child in element]
        order = CHILDREN.get(name, "").split()
        assert [order.index(child) for child in children] == sorted(order.index(child) for child in children), name
        needed = {"targetGUID"} if name == "MemberCode" and path.suffix == ".qdpx" else REQUIRED.get(name, set())
        assert needed <= set(element.attrib), name
        assert children or name not in NEEDS_A_CHILD, name
    guids = [element.get("guid") for element in root.iter() if element.get("guid") and "Member" not in element.tag]
    assert len(guids) == len(set(guids))
    targets = {element.get(name) for element in root.iter() for name in ("targetGUID", "creatingUser")}
    assert targets <= {None, *guids}
    return path


def sorted_codes(frame: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    table = frame.reindex(columns=columns).astype("str").fillna("").replace("<NA>", "")
    return sorted(table.to_numpy().tolist())


# ------------------------------------------------------------------------------------------------ a project
def test_without_declared_texts_only_words_with_consent_are_written(tmp_path: Path) -> None:
    path = valid(save_qda(PERSONAS, study(), tmp_path / "petit.qdpx"))
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "trop cher" in everything
    assert "hors de prix" in everything
    for silent in ("pas le temps", "j'ai confiance"):
        assert silent not in everything
    back = read_qdpx(path)
    kept = ["participant_id", "code"]
    assert sorted_codes(back.tables["codes"], kept) == sorted_codes(CODES, kept)
    assert set(back.tables["codes"]["quote"].dropna()) == {"trop cher", "hors de prix"}
    assert back.report.set_aside.empty


def test_a_raw_reading_says_consent_in_its_own_words(tmp_path: Path) -> None:
    words = CODES["consent"].map({"verbatim": "Oui", "none": "non", "paraphrase": "peut-être"})
    for yes in ("Oui", "1", "mot à mot"):
        path = save_qda(PERSONAS, reading(CODES.assign(consent=words.replace("Oui", yes))), tmp_path / "petit.qdpx")
        assert set(read_qdpx(path).tables["codes"]["quote"].dropna()) == {"trop cher", "hors de prix"}


def test_texts_are_written_whole_where_they_are_declared(tmp_path: Path) -> None:
    path = valid(save_qda(PERSONAS, reading(), tmp_path / "petit.qdpx", texts=True))
    back = read_qdpx(path)
    assert back.tables["texts"].set_index("source")["text"].to_dict() == {
        "groupe": WHOLE, "eve": "hors de prix\n\nj'ai confiance"}
    # "confiance" of Ada has no words: in a source that two people share it stays with her, and with no source
    assert sorted_codes(back.tables["codes"], COLUMNS) == sorted(
        [["Ada", "frein > prix", "trop cher", "groupe", "5", "14", "rim"], ["Ada", "confiance", "", "", "", "", ""],
         ["Bob", "frein > temps", "pas le temps", "groupe", "20", "32", ""],
         ["Eve", "frein > prix", "hors de prix", "eve", "0", "12", "rim"],
         ["Eve", "frein > prix", "hors de prix", "eve", "0", "12", "sara"],
         ["Eve", "confiance", "j'ai confiance", "eve", "14", "28", "rim"]])
    listed = back.tables["code_list"].set_index("code")
    assert listed["used"].to_dict() == {"frein > prix": 3, "frein > temps": 1, "confiance": 2, "jamais": 0}
    assert listed.loc["frein > prix", ["color", "description", "parent"]].tolist() == ["#F00", "trop cher", "frein"]


def test_personas_are_a_variable_of_cases_and_sets_of_sources(tmp_path: Path) -> None:
    path = save_qda(PERSONAS, study(), tmp_path / "petit.qdpx", names={"P1": "La prévoyante", "P2": "Le pressé"})
    people = read_qdpx(path).tables["participants"].set_index("participant_id")
    assert people["persona"].to_dict() == {"Ada": "La prévoyante", "Bob": "Le pressé", "Eve": "La prévoyante"}
    # people of two personas speak in "groupe": it is in no set
    sets = {one.get("name"): len(list(one)) for one in root_of(path).iter("{urn:QDA-XML:project:1.0}Set")}
    assert sets == {"La prévoyante": 1, "Le pressé": 0, "P3": 0}


def test_a_record_of_personas(tmp_path: Path) -> None:
    membership = pd.DataFrame({"P1": [0.9, 0.2, 0.5], "P2": [0.1, 0.8, 0.5]}, index=pd.Index(["Ada", "Bob", "Eve"]))
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=membership.index)
    catalog = pd.DataFrame({"role": ["active"]}, index=["x"])
    features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    personas = Personas(candidate="kmeans-2", membership=membership, features=features, quality=pd.Series(dtype="float64"),
                        stability=pd.DataFrame(), tried=1, chosen=True, names={"P1": "La prévoyante"})
    path = valid(save_qda(personas, study(), tmp_path / "petit.qdpx"))
    people = read_qdpx(path).tables["participants"].set_index("participant_id")
    assert people["persona"].to_dict() == {"Ada": "La prévoyante", "Bob": "P2", "Eve": "La prévoyante"}


def test_two_personas_of_one_name_stay_two(tmp_path: Path) -> None:
    path = save_qda(PERSONAS, study(), tmp_path / "petit.qdpx", names={"P1": "Claire", "P2": "Claire"})
    people = read_qdpx(path).tables["participants"].set_index("participant_id")
    assert people["persona"].to_dict() == {"Ada": "Claire", "Bob": "Claire (2)", "Eve": "Claire"}


# ------------------------------------------------------------------------------------------------ a codebook
def test_a_codebook_with_a_set_of_codes_a_persona(tmp_path: Path) -> None:
    path = valid(save_qda(PERSONAS, reading(), tmp_path / "petit.qdc"))
    listed = read_qdpx(path).tables["code_list"].set_index("code")
    assert listed["sets"].fillna("").to_dict() == {"frein > prix": "P1", "frein > temps": "P2", "confiance": "P1",
                                                   "jamais": ""}
    # "frein" is a level, not a code
    first = next(root_of(path).iter("{urn:QDA-XML:codebook:1.0}Code"))
    assert (first.get("name"), first.get("isCodable")) == ("frein", "false")


# ------------------------------------------------------------------------------------------------ rules
def test_same_bytes(tmp_path: Path) -> None:
    for name in ("petit.qdpx", "petit.qdc"):
        first = save_qda(PERSONAS, reading(), tmp_path / name, texts=True).read_bytes()
        assert save_qda(PERSONAS, reading(), tmp_path / name, texts=True).read_bytes() == first
    assert {info.date_time for info in zipfile.ZipFile(tmp_path / "petit.qdpx").infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_letters_that_xml_cannot_hold(tmp_path: Path) -> None:
    codes = CODES.assign(quote="a\x00b\x0bc", participant_id="A\x01da", source="s\x02", code="prix\x03")
    back = read_qdpx(valid(save_qda(pd.Series({"A\x01da": "P1"}), study(codes), tmp_path / "petit.qdpx", texts=True)))
    assert set(back.tables["codes"]["quote"].dropna()) == {"a\ufffdb\ufffdc"}
    assert back.tables["participants"]["participant_id"].tolist() == ["A\ufffdda"]


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="Allowed: .qdpx, .qdc"):
        save_qda(PERSONAS, study(), tmp_path / "petit.zip")
    with pytest.raises(StudyError, match="nobody who has a persona"):
        save_qda(pd.Series({"Zoé": "P1"}), study(), tmp_path / "petit.qdpx")
    with pytest.raises(StudyError, match="there are none"):
        save_qda(PERSONAS, Study(name="a", participants=study().participants), tmp_path / "petit.qdpx")
    with pytest.raises(StudyError, match="cannot be written"):
        save_qda(PERSONAS, study(), tmp_path / "nowhere" / "petit.qdpx")
    path = save_qda(PERSONAS, study(), tmp_path / "petit.qdpx")
    with pytest.raises(StudyError, match="the file that the codes were read from"):
        save_qda(PERSONAS, read_qdpx(path), path)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=8)


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=8), names=st.data())
def test_what_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]],
                                          names: st.DataObject) -> None:
    codes = pd.DataFrame(rows, columns=["participant_id", "code", "quote", "source"], dtype="str").map(
        lambda one: one.replace("\ufffe", "").replace("\uffff", "") or "x")
    # one source a participant
    codes["source"] = codes["participant_id"] + "-" + codes["source"]
    path = tmp_path_factory.mktemp("written") / "a.qdpx"
    labels = pd.Series({one: names.draw(st.sampled_from(["P1", "P2"])) for one in codes["participant_id"]})
    back = read_qdpx(valid(save_qda(labels, study(codes), path, texts=True)), participants="cases")
    expected = codes.assign(**{name: [unicodedata.normalize("NFC", one) for one in codes[name]]
                               for name in ("participant_id", "code", "source")})
    columns = ["participant_id", "code", "quote", "source"]
    if all(expected[name].nunique() == codes[name].nunique() for name in columns):
        assert sorted_codes(back.tables["codes"], columns) == sorted_codes(expected, columns)
    assert len(back.tables["codes"]) == len(codes)


@pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")
def test_real_interviews_go_there_and_back(tmp_path: Path) -> None:
    first = read_qualcoder(DATA / "curation_interviews_qualcoder" / "data.qda")
    ids = first.tables["participants"]["participant_id"]
    labels = pd.Series(np.where(ids.str.startswith("BSR"), "P1", "P2"), index=ids)
    back = read_qdpx(valid(save_qda(labels, first, tmp_path / "a.qdpx", texts=True)))
    assert sorted_codes(back.tables["codes"], COLUMNS) == sorted_codes(first.tables["codes"], COLUMNS)
    assert back.tables["participants"]["persona"].value_counts().to_dict() == {"P2": 19, "P1": 9}
    listed = [one.tables["code_list"].drop(columns="sets") for one in (back, first)]
    pd.testing.assert_frame_equal(*listed)
