"""REFI-QDA projects and codebooks: read as they are written by real programs, every coding accounted for."""

from __future__ import annotations

import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import notes

from personakit.collect import check_reading
from personakit.collect.interviews.code_lists import code_paths, unique_names
from personakit.collect.interviews.qdpx import read_qdpx
from personakit.collect.interviews.quotes import possible_units
from personakit.collect.reading.options import Options
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.readings import Reading
from personakit.study import build_study, load_study

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qualitative"
real = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")

#: 44 letters with one letter a line break, 46 with two
ADA = "Bonjour.\r\nTrop cher, vraiment.\r\nJ'ai confiance."
BOB = "Pas le temps.\nTrop cher !"
PROJECT = """<?xml version="1.0" encoding="utf-8"?>
<Project xmlns="urn:QDA-XML:project:1.0" name="Petit" origin="hand">
 <Users><User guid="U1" name="Rim"/><User guid="U2" id="SB"/></Users>
 <CodeBook><Codes>
  <Code guid="C1" name="frein" isCodable="false"><Description>ce qui retient</Description>
   <Code guid="C2" name="prix" isCodable="true" color="#ff0000"/>
   <Code guid="C3" name="temps" isCodable="true"/>
  </Code>
  <Code guid="C4" name="confiance" isCodable="true"/>
 </Codes></CodeBook>
 <Variables>
  <Variable guid="V1" name="âge" typeOfVariable="Integer"/><Variable guid="V2" name="accord" typeOfVariable="Text"/>
  <Variable guid="V3" name="lieu" typeOfVariable="Text"/>
 </Variables>
 <Cases>
  <Case guid="K1" name="Ada"><VariableValue><VariableRef targetGUID="V1"/><IntegerValue>34</IntegerValue></VariableValue>
   <VariableValue><VariableRef targetGUID="V2"/><TextValue>verbatim</TextValue></VariableValue><SourceRef targetGUID="S1"/>
  </Case>
  <Case guid="K2"><VariableValue><VariableRef targetGUID="V1"/><IntegerValue>51</IntegerValue></VariableValue>
   <SourceRef targetGUID="S2"/></Case>
 </Cases>
 <Sources>
  <TextSource guid="S1" name="Entretien 1.docx" plainTextPath="internal://S1.txt">
   <PlainTextSelection guid="P1" startPosition="10" endPosition="19" creatingUser="U1">
    <Coding guid="G1" creatingUser="U2"><CodeRef targetGUID="C2"/></Coding></PlainTextSelection>
   <PlainTextSelection guid="P2" startPosition="32" endPosition="46" creatingUser="U1">
    <Coding guid="G2"><CodeRef targetGUID="C4"/></Coding></PlainTextSelection>
   <VariableValue><VariableRef targetGUID="V3"/><TextValue>Lyon</TextValue></VariableValue>
  </TextSource>
  <TextSource guid="S2" name="Bob.txt"><PlainTextContent>Pas le temps.
Trop cher !</PlainTextContent>
   <PlainTextSelection guid="P3" startPosition="0" endPosition="12" creatingUser="U1">
    <Coding guid="G3"><CodeRef targetGUID="C3"/></Coding></PlainTextSelection>
   <PlainTextSelection guid="P4" startPosition="14" endPosition="23" name="à revoir"/>
   <Coding guid="G4" creatingUser="U1"><CodeRef targetGUID="C2"/></Coding>
  </TextSource>
 </Sources>
 <Sets><Set guid="E1" name="pilote"><MemberSource targetGUID="S1"/></Set>
  <Set guid="E2" name="à garder"><MemberCode targetGUID="C2"/><MemberCode targetGUID="C4"/></Set></Sets>
</Project>"""


def archive(path: Path, xml: str = PROJECT, name: str = "project.qde", folder: str = "sources/", **texts: bytes) -> Path:
    """Write a .qdpx; ``texts``: name of a source -> its bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(name, xml)
        for one, data in ({"S1": ADA.encode()} | texts).items():
            out.writestr(f"{folder}{one}.txt", data)
    return path


def accounted(reading: Reading) -> Reading:
    """Check what must hold of any reading: the rows, and each quote where it says it stands."""
    report = reading.report
    assert report.rows_in == report.kept + int(report.set_aside["rows"].sum())
    assert len(reading.tables["codes"]) == report.kept
    texts = dict(zip(reading.tables["texts"]["source"], reading.tables["texts"]["text"], strict=True))
    for row in reading.tables["codes"].itertuples():
        if row.source in texts and pd.notna(row.start):
            assert texts[row.source][row.start : row.end] == row.quote
    assert reading.tables["codes"]["code"].isin(reading.tables["code_list"]["code"]).all()
    assert reading.tables["code_list"]["code"].is_unique
    check_reading(reading, language="fr")
    return reading


def texts_of(frame: pd.DataFrame) -> list[list[str]]:
    return frame.astype("str").fillna("").replace("<NA>", "").to_numpy().tolist()


# ------------------------------------------------------------------------------------------------ a project, worked by hand
def test_a_project(tmp_path: Path) -> None:
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx")))
    assert texts_of(reading.tables["codes"]) == [
        ["Ada", "frein > prix", "Trop cher", "Entretien 1.docx", "9", "18", "SB"],
        ["Ada", "confiance", "J'ai confiance", "Entretien 1.docx", "30", "44", "Rim"],
        ["Bob", "frein > temps", "Pas le temps", "Bob.txt", "0", "12", "Rim"],
        ["Bob", "frein > prix", "", "Bob.txt", "", "", "Rim"]]
    assert reading.report.guesses == {"participants": "cases", "offsets": "cr"}
    assert notes(reading) == {"uncoded_selections": 1, "without_words": 1, "nameless_cases": 1}
    assert [str(kind) for kind in reading.tables["codes"].dtypes] == ["str", "str", "str", "str", "Int64", "Int64", "str"]


def test_what_comes_beside_the_codes(tmp_path: Path) -> None:
    reading = read_qdpx(archive(tmp_path / "petit.qdpx"))
    people = reading.tables["participants"].set_index("participant_id")
    assert people.index.tolist() == ["Ada", "Bob"]
    assert people["âge"].tolist() == [34, 51]
    assert people["lieu"].fillna("").tolist() == ["Lyon", ""]
    assert people["set: pilote"].tolist() == [1, 0]
    listed = reading.tables["code_list"].set_index("code")
    # "frein" cannot be given: it is a level, not a code
    assert listed["used"].to_dict() == {"frein > prix": 2, "frein > temps": 1, "confiance": 1}
    assert listed["parent"].fillna("").to_dict() == {"frein > prix": "frein", "frein > temps": "frein", "confiance": ""}
    assert listed.loc["frein > prix", ["name", "color", "sets"]].tolist() == ["prix", "#ff0000", "à garder"]
    assert reading.tables["texts"].set_index("source")["text"]["Entretien 1.docx"] == ADA.replace("\r\n", "\n")


def test_guesses_can_be_overruled(tmp_path: Path) -> None:
    path = archive(tmp_path / "petit.qdpx")
    reading = accounted(read_qdpx(path, participants="sources", offsets="plain", code_names="own"))
    assert reading.report.guesses == {}
    # a source gives its name without the ending; one letter a line break puts letters 10 to 19 one letter further on
    assert texts_of(reading.tables["codes"][["participant_id", "code", "quote"]]) == [
        ["Entretien 1", "prix", "rop cher,"], ["Entretien 1", "confiance", ""],
        ["Bob", "temps", "Pas le temps"], ["Bob", "prix", ""]]
    assert notes(reading)["bad_positions"] == 1  # 46 lies beyond the 44 letters
    for wrong in ({"participants": "people"}, {"offsets": "lf"}, {"code_names": "short"}, {"separater": ";"}):
        with pytest.raises(ChoiceError):
            read_qdpx(path, **wrong)  # type: ignore[arg-type]


def test_columns_from_attributes_and_from_the_list_of_codes(tmp_path: Path) -> None:
    path = archive(tmp_path / "petit.qdpx")
    reading = accounted(read_qdpx(path, columns={"consent": "accord", "kind": "parent"}, keep=["lieu"]))
    codes = reading.tables["codes"]
    assert codes[["participant_id", "consent"]].drop_duplicates().fillna("").to_numpy().tolist() == [["Ada", "verbatim"],
                                                                                                       ["Bob", ""]]
    assert set(codes["kind"].dropna()) == {"frein"}
    assert list(reading.tables["participants"]) == ["participant_id", "lieu"]
    by_age = accounted(read_qdpx(path, columns={"participant_id": "âge"}))
    assert set(by_age.tables["codes"]["participant_id"]) == {"34", "51"}
    # Bob has no "lieu": his codings name nobody
    by_place = accounted(read_qdpx(path, columns={"participant_id": "lieu"}))
    assert set(by_place.tables["codes"]["participant_id"]) == {"Lyon"}
    assert by_place.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["no_participant", 2]]
    with pytest.raises(StudyError, match="Did you mean 'accord'"):
        read_qdpx(path, columns={"consent": "acord"})
    with pytest.raises(StudyError, match="lieux"):
        read_qdpx(path, keep=["lieux"])


def test_consent_that_is_yes_or_no_is_read_as_the_project_says_it(tmp_path: Path) -> None:
    said = "<TextValue>verbatim</TextValue>"
    bob = '<IntegerValue>51</IntegerValue></VariableValue>'
    for yes, no in (("oui", "non"), ("1", "0"), ("true", "false")):
        xml = PROJECT.replace(said, f"<TextValue>{yes}</TextValue>").replace(
            bob, f'{bob}<VariableValue><VariableRef targetGUID="V2"/><TextValue>{no}</TextValue></VariableValue>')
        path = archive(tmp_path / "petit.qdpx", xml)
        reading = accounted(read_qdpx(path, columns={"consent": "accord"}))
        codes = reading.tables["codes"]
        assert set(zip(codes["participant_id"], codes["consent"], strict=True)) == {("Ada", yes), ("Bob", no)}
        # as an attribute of people it is still 1 and 0
        if yes == "oui":
            assert reading.tables["participants"]["accord"].tolist() == [1, 0]
        study = build_study("petit", reading)
        assert set(zip(study.codes["participant_id"], study.codes["consent"], strict=True)) == {("Ada", "verbatim"),
                                                                                               ("Bob", "none")}
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "petit.qdpx"\n'
                                         'consent = "accord"\n', encoding="utf-8")
    assert set(load_study(tmp_path).codes["consent"]) == {"verbatim", "none"}


def test_a_study_reads_a_project(tmp_path: Path) -> None:
    archive(tmp_path / "petit.qdpx")
    (tmp_path / "study.toml").write_text('language = "fr"\n[participants]\nfrom = "codes"\n[codes]\nfile = "petit.qdpx"\n'
                                         'consent = "accord"\nkind = "parent"\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants["âge"].to_dict() == {"Ada": 34, "Bob": 51}
    # "frein" is French for barrier
    assert study.codes["kind"].dropna().unique().tolist() == ["barrier"]
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "petit.qdpx"\n'
                                         'participants = "sources"\noffsets = "cr"\n', encoding="utf-8")
    assert sorted(load_study(tmp_path).participants.index) == ["Bob", "Entretien 1"]
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "petit.qdpx"\nproject = "x"\n',
                                         encoding="utf-8")
    with pytest.raises(ChoiceError, match="'qdpx' has no setting 'project'"):
        load_study(tmp_path)


# ------------------------------------------------------------------------------------------------ what real programs write
@pytest.mark.parametrize(("name", "folder", "xml"), [
    ("Project.qde", "Sources/", PROJECT),
    ("Petit.QDE", "SOURCES/", PROJECT),
    ("project.qde", "sources/", PROJECT.replace(' xmlns="urn:QDA-XML:project:1.0"', "")),
    ("project.qde", "sources/", PROJECT.replace('targetGUID="C2"', 'targetGUID="{c2}"')),
    ("project.qde", "sources/", PROJECT.replace('Code guid="C2"', 'Code guid="{C2}"').replace('guid="K1"', 'guid="{k1}"')),
    ("project.qde", "", PROJECT.replace("internal://S1.txt", "s1. text source")),
    ("project.qde", "sources/", PROJECT.replace("internal://S1.txt", "relative:///media/S1.txt")),
    ("project.qde", "sources/", PROJECT.replace("internal://S1.txt", "")),
])
def test_deviations_read_the_same(tmp_path: Path, name: str, folder: str, xml: str) -> None:
    expected = read_qdpx(archive(tmp_path / "petit.qdpx"))
    reading = accounted(read_qdpx(archive(tmp_path / "other.qdpx", xml, name, folder)))
    for table in ("codes", "participants", "code_list", "texts"):
        pd.testing.assert_frame_equal(reading.tables[table], expected.tables[table])


@pytest.mark.parametrize(("data", "start", "end", "guess"), [
    (ADA, 10, 19, "cr"), (ADA, 9, 18, "plain"),
    ("\ufeff" + ADA, 11, 20, "cr+bom"), ("\ufeff" + ADA, 10, 19, "cr"), ("\ufeff" + ADA, 9, 18, "plain"),
    ("\ufeff" + ADA.replace("\r", ""), 10, 19, "bom"),
    ("\U0001f600" + ADA, 12, 21, "cr+utf16"), ("\U0001f600" + ADA, 11, 20, "cr"), ("\U0001f600" + ADA, 10, 19, "plain"),
])
def test_what_offsets_count_is_found_out(tmp_path: Path, data: str, start: int, end: int, guess: str) -> None:
    xml = PROJECT.replace('startPosition="10" endPosition="19"', f'startPosition="{start}" endPosition="{end}"')
    xml = xml.replace("P2", "P9").replace('startPosition="32" endPosition="46"', 'startPosition="0" endPosition="0"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml, S1=data.encode())))
    assert "Trop cher" in set(reading.tables["codes"]["quote"])
    assert reading.report.guesses["offsets"] == guess
    assert notes(reading)["bad_positions"] == 1


def test_a_copy_of_the_words_outweighs_their_edges(tmp_path: Path) -> None:
    # "cher, vr" begins and ends inside words whichever way it is counted; its name tells
    xml = PROJECT.replace('guid="P1" startPosition="10" endPosition="19"',
                          'guid="P1" startPosition="16" endPosition="24" name="her, vra"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert reading.report.guesses["offsets"] == "cr"
    assert "her, vra" in set(reading.tables["codes"]["quote"])
    wrong = read_qdpx(archive(tmp_path / "petit.qdpx", xml), offsets="plain")
    assert notes(wrong)["quotes_differ"] == 1
    cut = PROJECT.replace('guid="P1"', 'guid="P1" name="Trop…"')
    assert "quotes_differ" not in notes(accounted(read_qdpx(archive(tmp_path / "petit.qdpx", cut))))


def test_all_units_are_named() -> None:
    assert possible_units({"a": "plain"}) == ["plain"]
    assert possible_units({"a": "\ufeff\U0001f600\r\n"}) == ["cr", "plain", "cr+bom", "bom", "cr+utf16", "utf16",
                                                               "cr+bom+utf16", "bom+utf16"]


def test_a_text_in_another_encoding(tmp_path: Path) -> None:
    late = "Été : trop cher".encode("cp1252")
    xml = PROJECT.replace('startPosition="10" endPosition="19"', 'startPosition="6" endPosition="15"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml, S1=late)))
    assert "trop cher" in set(reading.tables["codes"]["quote"])
    assert reading.report.guesses["encoding"] == "cp1252"
    for data in (b"\x00\x01\x02", b"\xff\xfe\xff"):
        unreadable = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", S1=data)))
        assert {"unreadable_texts", "missing_texts"} <= set(notes(unreadable))
    with pytest.raises(StudyError, match="encoding 'klingon' is unknown"):
        read_qdpx(archive(tmp_path / "petit.qdpx"), encoding="klingon")


def test_a_bare_project_file_finds_its_sources_beside_it(tmp_path: Path) -> None:
    (tmp_path / "petit.qde").write_text(PROJECT, encoding="utf-8")
    alone = accounted(read_qdpx(tmp_path / "petit.qde"))
    assert notes(alone)["missing_texts"] == 1
    assert alone.tables["codes"]["quote"].notna().sum() == 1
    (tmp_path / "Sources").mkdir()
    (tmp_path / "Sources" / "s1.TXT").write_bytes(ADA.encode())
    beside = accounted(read_qdpx(tmp_path / "petit.qde"))
    pd.testing.assert_frame_equal(beside.tables["codes"], read_qdpx(archive(tmp_path / "petit.qdpx")).tables["codes"])


def test_a_missing_text_leaves_the_projects_own_copy(tmp_path: Path) -> None:
    xml = PROJECT.replace('guid="P1"', 'guid="P1" name="Trop cher"').replace('guid="P2"', 'guid="P2" name="J\'ai…"')
    xml = xml.replace("internal://S1.txt", "internal://gone.txt").replace('guid="S1"', 'guid="S9"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    # nine letters for nine letters is a copy; a shortened name is none
    assert texts_of(reading.tables["codes"][["code", "quote", "start"]])[:2] == [["frein > prix", "Trop cher", "10"],
                                                                                ["confiance", "", "32"]]
    assert (notes(reading)["quotes_unchecked"], notes(reading)["missing_texts"]) == (1, 1)


def test_references_that_lead_nowhere_are_counted(tmp_path: Path) -> None:
    xml = PROJECT.replace('<CodeRef targetGUID="C4"/>', '<CodeRef targetGUID="C99"/>')
    xml = xml.replace('<Coding guid="G4" creatingUser="U1"><CodeRef targetGUID="C2"/></Coding>', '<Coding guid="G4"/>')
    xml = xml.replace('<MemberSource targetGUID="S1"/>', '<MemberSource targetGUID="S77"/><MemberCode targetGUID="C77"/>')
    kept = '<SourceRef targetGUID="S2"/>'
    xml = xml.replace(kept, kept + '<SelectionRef targetGUID="P77"/><SourceRef/>')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert (reading.report.rows_in, reading.report.kept) == (4, 2)
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["unknown_code", 2]]
    assert notes(reading)["dangling"] == 4


def test_a_coding_of_a_case_says_who_speaks(tmp_path: Path) -> None:
    # the first line of S1 is Ada's, the rest belongs to nobody; K2 keeps all of S2
    xml = PROJECT.replace('<SourceRef targetGUID="S1"/>', "").replace(
        '<PlainTextSelection guid="P1"', '<PlainTextSelection guid="P0" startPosition="0" endPosition="30"><Coding>'
        '<CodeRef targetGUID="K1"/></Coding></PlainTextSelection><PlainTextSelection guid="P1"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert reading.tables["codes"]["participant_id"].tolist() == ["Ada", "Entretien 1", "Bob", "Bob"]
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["case_reference", 1]]
    assert notes(reading)["outside_cases"] == 1


def test_speakers_of_one_text(tmp_path: Path) -> None:
    # Ada's turn is 10 to 32, Eve's 32 to 46; the whole also belongs to the group
    xml = PROJECT.replace("<SourceRef targetGUID=\"S1\"/>", '<SelectionRef targetGUID="T1"/>').replace(
        "</Cases>", '<Case guid="K3" name="Eve"><SelectionRef targetGUID="T2"/></Case>'
        '<Case guid="K4" name="groupe"><SourceRef targetGUID="S1"/></Case></Cases>').replace(
        '<PlainTextSelection guid="P1"', '<PlainTextSelection guid="T1" startPosition="10" endPosition="32"/>'
        '<PlainTextSelection guid="T2" startPosition="32" endPosition="46"/><PlainTextSelection guid="P1"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert reading.tables["codes"]["participant_id"].tolist() == ["Ada", "Eve", "Bob", "Bob"]
    # two people who both have the whole source: nothing says who speaks
    shared = PROJECT.replace('<SourceRef targetGUID="S2"/>', '<SourceRef targetGUID="S2"/><SourceRef targetGUID="S1"/>')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", shared)))
    # K2 has no name and two sources, so it takes a number
    assert reading.tables["codes"]["participant_id"].tolist() == ["Entretien 1", "Entretien 1", "case 2", "case 2"]
    assert notes(reading)["several_cases"] == 2


def test_sources_that_are_not_text(tmp_path: Path) -> None:
    more = """<PictureSource guid="S3" name="photo.jpg" path="internal://S3.jpg">
      <PictureSelection guid="P5" firstX="1" firstY="1" secondX="9" secondY="9">
       <Coding guid="G5"><CodeRef targetGUID="C2"/></Coding></PictureSelection></PictureSource>
     <PDFSource guid="S4" name="a.pdf"><PDFSelection guid="P6" page="0" firstX="1" firstY="1" secondX="9" secondY="9">
       <Representation guid="R1"><PlainTextContent>fort cher</PlainTextContent></Representation>
       <Coding guid="G6"><CodeRef targetGUID="C2"/></Coding></PDFSelection>
      <Representation guid="R2"><PlainTextContent>C'est fort cher.</PlainTextContent>
       <PlainTextSelection guid="P6" startPosition="6" endPosition="15"><Coding guid="G7"><CodeRef targetGUID="C2"/></Coding>
       </PlainTextSelection></Representation></PDFSource>
     <AudioSource guid="S5" name="a.mp3"><Transcript guid="R3"><PlainTextContent>Oui. Non.</PlainTextContent>
       <SyncPoint guid="Y1" position="5" timeStamp="900"/><SyncPoint guid="Y2" position="9" timeStamp="1500"/>
       <TranscriptSelection guid="P7" fromSyncPoint="Y1" toSyncPoint="Y2">
        <Coding guid="G8"><CodeRef targetGUID="C4"/></Coding></TranscriptSelection></Transcript>
       <AudioSelection guid="P8" begin="0" end="900"><Coding guid="G9"><CodeRef targetGUID="C4"/></Coding></AudioSelection>
     </AudioSource></Sources>"""
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", PROJECT.replace("</Sources>", more))))
    codes = reading.tables["codes"]
    # the passage of the PDF is coded once, though it is given twice
    assert codes[codes["source"] == "a.pdf"][["quote", "start", "end"]].to_numpy().tolist() == [["fort cher", 6, 15]]
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["coded_twice", 1]]
    assert codes[codes["source"] == "photo.jpg"]["quote"].isna().all()
    assert texts_of(codes[codes["source"] == "a.mp3"][["quote", "start", "end"]]) == [["Non.", "5", "9"], ["", "", ""]]


def test_positions_as_names_and_one_guid_for_all(tmp_path: Path) -> None:
    # MAXQDA names a selection by its positions; some exports give every selection of a film the same guid
    xml = PROJECT.replace('guid="P1" startPosition="10" endPosition="19"', 'guid="P1" name="10,15" startPosition="10" '
                          'endPosition="15"').replace("</Sources>", '<VideoSource guid="S3" name="film">' + "".join(
        f'<VideoSelection guid="P9" begin="{begin}" end="{begin + 5}"><Coding guid="G9"><CodeRef targetGUID="C2"/></Coding>'
        "</VideoSelection>" for begin in (0, 10, 20)) + "</VideoSource></Sources>")
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert reading.report.set_aside.empty
    assert (reading.tables["codes"]["source"] == "film").sum() == 3
    assert reading.tables["codes"]["quote"].iloc[0] == "Trop "
    assert "quotes_differ" not in notes(reading)


def test_names_and_guids_that_stand_twice(tmp_path: Path) -> None:
    xml = PROJECT.replace('<Code guid="C4" name="confiance"', '<Code guid="C2" name="confiance"').replace(
        'name="temps"', 'name="prix"').replace('name="Bob.txt"', 'name="Entretien 1.docx"').replace(' name="Ada"', "")
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert reading.tables["code_list"]["code"].tolist() == ["frein > prix", "frein > prix (2)", "confiance"]
    assert (notes(reading)["same_guids"], notes(reading)["same_names"]) == (1, 1)
    assert reading.tables["codes"]["source"].unique().tolist() == ["Entretien 1.docx", "Entretien 1.docx (2)"]
    assert reading.tables["participants"]["participant_id"].tolist() == ["Entretien 1.docx", "Entretien 1.docx (2)"]


def test_two_cases_of_one_name_and_what_macos_adds(tmp_path: Path) -> None:
    xml = PROJECT.replace('<Case guid="K2"', '<Case guid="K2" name="Ada"')
    path = archive(tmp_path / "petit.qdpx", xml, name="Petit.qde")
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("__MACOSX/._Petit.qde", b"\x00\x05\x16\x07")
    reading = accounted(read_qdpx(path))
    assert reading.tables["codes"]["participant_id"].tolist() == ["Ada", "Ada", "Ada (2)", "Ada (2)"]
    assert notes(reading)["same_names"] == 1
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("copy.qde", PROJECT)
    with pytest.raises(StudyError, match="holds 2 project files"):
        read_qdpx(path)


def test_attributes_that_identify_people_are_left_out(tmp_path: Path) -> None:
    xml = PROJECT.replace('name="lieu"', 'name="courriel"').replace("<TextValue>Lyon<", "<TextValue>ada@exemple.fr<")
    people = read_qdpx(archive(tmp_path / "petit.qdpx", xml)).tables["participants"]
    assert list(people) == ["participant_id", "âge", "accord", "set: pilote"]


def test_attributes_that_contradict_each_other(tmp_path: Path) -> None:
    more = '<VariableValue><VariableRef targetGUID="V1"/><IntegerValue>35</IntegerValue></VariableValue></TextSource>'
    xml = PROJECT.replace("</TextSource>", more, 1)
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert notes(reading)["attributes_differ"] == 1


def test_unique_names_and_paths() -> None:
    assert unique_names(pd.Series(["a", "a (2)", "a", "a"])).tolist() == ["a", "a (2)", "a (3)", "a (4)"]
    codes = pd.DataFrame({"key": ["x", "y", "z"], "name": ["a", "b", "c"], "parent": ["y", "x", "nobody"]}, dtype=object)
    paths = code_paths(codes, " > ", Options(table="codes", path=Path("a"), file="a", mapping={}))
    assert paths.to_dict() == {"x": "b > a", "y": "b", "z": "c"}


# ------------------------------------------------------------------------------------------------ codebooks
def test_a_codebook_has_codes_and_no_codings(tmp_path: Path) -> None:
    book = ('<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="hand"><Codes><Code guid="1" name="a" isCodable="true">'
            '<Description>tout</Description><Code guid="2" name="b" isCodable="true"/></Code></Codes>'
            '<Sets><Set guid="3" name="s"><MemberCode guid="2"/></Set></Sets></CodeBook>')
    (tmp_path / "book.qdc").write_text(book, encoding="utf-8-sig")
    reading = accounted(read_qdpx(tmp_path / "book.qdc"))
    assert (reading.report.rows_in, reading.report.kept) == (0, 0)
    assert reading.tables["code_list"][["code", "sets"]].fillna("").to_numpy().tolist() == [["a", ""], ["a > b", "s"]]
    assert notes(reading) == {"no_codings": 2}
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "codes"\n[codes]\nfile = "book.qdc"\n', encoding="utf-8")
    with pytest.raises(StudyError, match="holds no rows"):
        load_study(tmp_path)


# ------------------------------------------------------------------------------------------------ bad input
def test_bad_files(tmp_path: Path) -> None:
    bad = {
        "empty.qdpx": b"", "binary.qdpx": bytes(range(256)), "not.qde": b"<html/>", "cut.qde": PROJECT.encode()[:900],
        "entity.qde": PROJECT.replace("<Project", '<!DOCTYPE P [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><Project').encode(),
        "external.qde": PROJECT.replace("<Project", '<!DOCTYPE P SYSTEM "file:///etc/passwd"><Project').encode(),
        "latin.qde": PROJECT.replace("utf-8", "ascii").encode("latin-1"),
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudyError, match=rf"codes \({name}\)"):
            read_qdpx(tmp_path / name)
    for name in ("nowhere.qdpx", "."):
        with pytest.raises(StudyError):
            read_qdpx(tmp_path / name)


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd", "sources\\..\\..\\up.txt", "C:/a.txt"])
def test_members_that_leave_the_archive(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "petit.qdpx")
    with zipfile.ZipFile(path, "a") as out:
        out.writestr(name, "x")
    with pytest.raises(StudyError, match="a path outside it"):
        read_qdpx(path)


def test_bombs_locks_and_archives_without_a_project(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "bomb.qdpx", S1=b"a" * (64 << 20))
    with pytest.raises(StudyError, match="Do not trust"):
        read_qdpx(bomb)
    data = bytearray(archive(tmp_path / "locked.qdpx").read_bytes())
    start = data.index(b"PK\x01\x02")
    data[start + 8] |= 1
    (tmp_path / "locked.qdpx").write_bytes(bytes(data))
    with pytest.raises(StudyError, match="locked by a password"):
        read_qdpx(tmp_path / "locked.qdpx")
    with pytest.raises(StudyError, match="holds no project"):
        read_qdpx(archive(tmp_path / "none.qdpx", name="project.xml"))
    # media stay packed: they may be as large as they like
    with zipfile.ZipFile(archive(tmp_path / "media.qdpx"), "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("sources/film.mp4", bytes(32 << 20))
    assert len(read_qdpx(tmp_path / "media.qdpx").tables["codes"]) == 4


def test_deep_and_long_code_trees(tmp_path: Path) -> None:
    def book(depth: int) -> bytes:
        return b"<CodeBook><Codes>" + b'<Code name="c">' * depth + b"</Code>" * depth + b"</Codes></CodeBook>"

    (tmp_path / "deep.qdc").write_bytes(book(100_000))
    with pytest.raises(StudyError, match="nests its codes so deep"):
        read_qdpx(tmp_path / "deep.qdc")
    (tmp_path / "deep.qdc").write_bytes(book(2_000))
    assert len(accounted(read_qdpx(tmp_path / "deep.qdc")).tables["code_list"]) == 2_000


@pytest.mark.parametrize(("start", "end"), [(-5, 4), (4, 4), (19, 10), (40, 4_000), (10**30, 10**31), ("a", "b"), ("", "")])
def test_positions_outside_the_text(tmp_path: Path, start: object, end: object) -> None:
    xml = PROJECT.replace('startPosition="10" endPosition="19"', f'startPosition="{start}" endPosition="{end}"')
    reading = accounted(read_qdpx(archive(tmp_path / "petit.qdpx", xml)))
    assert len(reading.tables["codes"]) == 4
    assert notes(reading)["bad_positions"] == 1
    assert reading.tables["codes"]["quote"].notna().sum() == 2


@settings(max_examples=200)
@given(place=st.sampled_from(["xml", "zip", "text"]),
       cuts=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=4))
def test_mutated_projects_read_or_raise_a_study_error(tmp_path_factory: pytest.TempPathFactory, place: str,
                                                      cuts: list[tuple[int, int, bytes]]) -> None:
    path = tmp_path_factory.mktemp("mutated") / "petit.qdpx"
    parts = {"xml": PROJECT.encode(), "text": ADA.encode()}
    data = parts.get(place) or archive(path).read_bytes()
    for at, length, put in cuts:
        start = at % (len(data) + 1)
        data = data[:start] + put + data[start + length :]
    if place == "zip":
        path.write_bytes(data)
    else:
        parts[place] = data
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as out:
            out.writestr("project.qde", parts["xml"])
            out.writestr("sources/S1.txt", parts["text"])
        path.write_bytes(buffer.getvalue())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reading = read_qdpx(path)
    except (StudyError, ChoiceError, TooFewError):
        return
    accounted(reading)


# ------------------------------------------------------------------------------------------------ real files
@real
@pytest.mark.parametrize("name", ["TestProject.qdpx", "Project.qde"])
def test_the_test_project_of_atlasti(name: str) -> None:
    # the catalogue: 14 codes, 16 codings, 16 sets, no source in the archive
    reading = accounted(read_qdpx(DATA / "refi_atlasti_standard" / name))
    assert (len(reading.tables["code_list"]), reading.report.rows_in) == (14, 16)
    # two passages of a PDF are coded as part of the page and as part of the text
    assert reading.report.set_aside[["reason", "rows"]].to_numpy().tolist() == [["coded_twice", 2]]
    people = reading.tables["participants"].set_index("participant_id")
    sets = [column for column in people if column.startswith("set: ")]
    in_codes = {one for some in reading.tables["code_list"]["sets"].dropna() for one in some.split("; ")}
    assert (len(sets), len(in_codes)) == (11, 4)  # and one that is empty
    assert people.index[people["set: gender: female"] == 1].tolist() == ["Mabêl 2ième", "Mabel"]
    assert notes(reading)["missing_texts"] == 11
    assert notes(reading)["uncoded_selections"] == 2
    assert notes(reading)["quotes_unchecked"] + notes(reading)["without_words"] == 14
    assert reading.tables["codes"]["coder"].unique().tolist() == ["Friedrich Markgraf"]


@real
def test_a_project_of_nvivo() -> None:
    reading = accounted(read_qdpx(DATA / "refi_nvivo_mac15" / "nvivo_project.qdpx"))
    assert (len(reading.tables["code_list"]), len(reading.tables["texts"]), reading.report.rows_in) == (262, 2, 0)
    assert reading.tables["code_list"]["parent"].notna().any()
    assert notes(reading) == {"no_codings": 262}


@real
def test_a_project_of_maxqda_without_codings(tmp_path: Path) -> None:
    path = DATA / "refi_maxqda24_codebook" / "project.qde"
    reading = accounted(read_qdpx(path))
    assert (len(reading.tables["code_list"]), len(reading.tables["participants"])) == (307, 10)
    assert notes(reading) == {"missing_texts": 10, "no_codings": 307}
    assert reading.tables["participants"][["set: ICLS 2024", "set: ICLS 2025"]].sum().tolist() == [5, 5]
    (tmp_path / "study.toml").write_text(f'[participants]\nfrom = "codes"\n[codes]\nfile = "{path.resolve().as_posix()}"\n',
                                         encoding="utf-8")
    with pytest.raises(StudyError, match="holds no rows"):
        load_study(tmp_path)
