"""Every format of cards and maps: the same bytes, readable by people, harmless, complete, and nothing half-written."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import hand_made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import text_of

from personakit.cards import make_cards
from personakit.documents import Card, Cell, Claim, JourneyMap, Section
from personakit.errors import ChoiceError, StudyError
from personakit.export import formats_of, load_document, read_card_edits, save_cards, save_map
from personakit.export import needs as needs_of
from personakit.export.formats import pages_of
from personakit.export.layout.blocks import Chart, Grid, Text
from personakit.export.layout.text import Paragraph, Run, break_lines, split_text, text_height, text_width
from personakit.export.theme import PLAIN, THEMES, find_theme
from personakit.maps import make_map

GOLDEN = Path(__file__).parent / "golden"
SIZES = (None, (338.67, 190.5))


def cards(language="fr", **names):
    return make_cards(hand_made.personas(**names), hand_made.evidence(), hand_made.findings(), language=language)


def journey(language="fr", persona="P1"):
    parts = {"personas": hand_made.personas(), "evidence": hand_made.evidence(), "persona": persona}
    return make_map(hand_made.study(), hand_made.findings(), language=language, **parts)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    save_cards(cards()[:2], folder / "cards", formats=formats_of("card"))
    save_map(journey(), folder / "P1", formats=formats_of("map"))
    return folder


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


# ---------------------------------------------------------------- all formats


def test_every_format_is_written_and_the_same_again(written, tmp_path):
    save_cards(cards()[:2], tmp_path / "cards", formats=formats_of("card"))
    save_map(journey(), tmp_path / "P1", formats=formats_of("map"))
    first, again = files(written), files(tmp_path)
    assert [path.relative_to(written) for path in first] == [path.relative_to(tmp_path) for path in again]
    assert {path.suffix for path in first} == {
        ".html",
        ".json",
        ".pptx",
        ".pdf",
        ".png",
        ".svg",
        ".xlsx",
        ".csv",
        ".md",
        ".xml",
    }
    for one, two in zip(first, again, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_no_secret_and_no_person_in_any_format(written):
    for path in files(written):
        text = text_of(path)
        assert "7741" not in text, path.name
        assert not re.search(r"\bc[012]\d\d\b(?!\w)", text), f"{path.name} names a participant"
        assert str(written) not in text
        assert "\u202e" not in text


def test_the_words_are_in_every_format(written):
    for path in files(written):
        if path.suffix != ".png" and not re.search(r"-[2-9]\.svg", path.name):
            text = re.sub(r"[\s\u202f\u00a0]+", " ", text_of(path)).replace("\\", "")
            assert "panier" in text.casefold() or "comparer avant de choisir" in text or "P2" in path.name, path.name


@pytest.mark.parametrize("kind", ["card", "map"])
def test_unknown_format_theme_and_language(tmp_path, kind):
    save = (
        (lambda **more: save_cards(cards(), tmp_path / "x", **more))
        if kind == "card"
        else (lambda **more: save_map(journey(), tmp_path / "x" / "m", **more))
    )
    with pytest.raises(ChoiceError, match=r"'ptx' is unknown. Allowed: html, .*Did you mean 'pptx'\?"):
        save(formats=["html", "ptx"])
    with pytest.raises(ChoiceError, match=r"theme: 'gray' is unknown. Allowed: colour, grey. Did you mean 'grey'\?"):
        save(theme="gray")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StudyError, match="language"):
        cards("fra")


def test_xml_is_of_maps_only(tmp_path):
    assert "xml" not in formats_of("card")
    with pytest.raises(ChoiceError, match="'xml' is unknown"):
        save_cards(cards(), tmp_path, formats=["xml"])


def test_a_missing_package_leaves_the_other_formats(tmp_path, monkeypatch):
    def missing(name):
        raise (OSError if name == "weasyprint" else ImportError)(name)

    monkeypatch.setattr(needs_of, "importlib", SimpleNamespace(import_module=missing))
    with pytest.warns(
        UserWarning, match=r"pdf was not written: WeasyPrint or the library Pango is not installed: pip install"
    ):
        paths = save_cards(cards("en")[2:], tmp_path, formats=["html", "pdf"])
    assert [path.name for path in paths] == ["P3.html"]
    with pytest.raises(StudyError, match=r"pip install 'personakit-research\[pptx\]'"):
        save_cards(cards()[:1], tmp_path, formats=["pptx"])


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    save_cards(cards("en")[:1], tmp_path, formats=["html"])
    before = (tmp_path / "P1.html").read_bytes()
    write = Path.write_bytes

    def full(path, content):
        if "json" in path.name:
            write(path, content[:10])
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StudyError, match="cannot be written .No space left on device"):
        save_cards(cards("fr")[:1], tmp_path, formats=["html", "json"])
    assert [path.name for path in tmp_path.iterdir()] == ["P1.html"]
    assert (tmp_path / "P1.html").read_bytes() == before


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StudyError, match="cannot be written"):
        save_cards(cards()[:1], tmp_path / "file" / "cards", formats=["md"])


def test_two_cards_of_one_name_are_refused(tmp_path):
    one = cards()[0]
    with pytest.raises(StudyError, match="share a file name"):
        save_cards([one, replace(one, title="other")], tmp_path)


# ---------------------------------------------------------------- hostile and extreme words

EVIL = "<script>alert(1)</script> =cmd|'/c calc'!A0 \u202eevil\u0007 \ud800 &amp; `*_|_*` "


def extreme(persona="P1"):
    sections = (
        Section(key="goal", title="T" * 300, claims=(Claim(text=EVIL + "mot " * 2500), Claim(text="x" * 10_000))),
        Section(key="a new key", title="Nouveau", claims=(Claim(text="=1+1\n@figures", evidence=("e1",)),)),
        Section(key="odd", title="", claims=(Claim(text=""),), side="elsewhere"),
    )
    return Card(
        persona=persona,
        language="fr",
        title=EVIL * 40,
        summary=Claim(text="résumé " * 2000),
        banner=EVIL * 20,
        sections=sections,
        figures={"odd": ({"strange": 1},)},
    )


def extreme_map(stages=10):
    names = tuple((f"s{one}", f"une étape au nom plutôt long {one} " + EVIL) for one in range(stages))
    lanes = (
        ("nothing", "Vide", tuple(() for _ in names)),
        (
            "new",
            "Nouvelle ligne",
            tuple((Cell(text="=1+1 " + EVIL * (150 if not at else 1), tone="pain"),) for at in range(stages)),
        ),
        (
            "experience",
            "Expérience",
            tuple((Cell(text="+1", value=1.0, low=0.5, high=None),) if at % 2 else () for at in range(stages)),
        ),
    )
    return JourneyMap(
        title=EVIL * 30,
        language="fr",
        persona=None,
        banner=None,
        stages=names,
        lanes=lanes,
        notes=tuple(Claim(text="note " * 800) for _ in range(3)),
    )


def test_hostile_and_endless_words_do_no_harm(tmp_path):
    save_cards([extreme()], tmp_path, formats=[one for one in formats_of("card") if one not in ("png", "pdf")])
    save_map(extreme_map(), tmp_path / "m", formats=[one for one in formats_of("map") if one not in ("png", "pdf")])
    for path in files(tmp_path):
        text = text_of(path)
        assert "\u202e" not in text
        if path.suffix in (".html", ".svg", ".xml", ".pptx", ".md"):
            assert "<script" not in text, path.name
        if path.suffix == ".svg":
            ElementTree.fromstring(text)
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_workbook_holds_texts_not_formulas(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    (path,) = save_cards([extreme(), replace(extreme("P2"), title="b")], tmp_path, formats=["xlsx"])
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["P1", "P2"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "=1+1" in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "document", [extreme(), extreme_map(), extreme_map(0), cards()[0], journey(), journey(persona=None)], ids=str
)
def test_no_text_leaves_its_page_or_meets_another(document, size):
    pages = pages_of(document, PLAIN, size)
    assert len(pages) < 60
    for page in pages:
        for block in page.blocks:
            place = block.place
            assert place.x >= 0, block
            assert place.x + place.width <= page.width + 0.01, block
            assert place.bottom <= page.height + 0.01, block
        texts = [one for one in page.blocks if isinstance(one, Text) and one.name]
        for one in texts:
            assert text_height(one.paragraphs, one.place.width - 2 * one.inset) <= one.place.height + 0.5, one.name
        body = [one for one in page.blocks if isinstance(one, (Text, Grid, Chart)) and "/section/" in one.name]
        for one in body:
            for two in body:
                apart = one is two or one.place.bottom <= two.place.y + 0.5 or two.place.bottom <= one.place.y + 0.5
                beside = one.place.x + one.place.width <= two.place.x or two.place.x + two.place.width <= one.place.x
                assert apart or beside, (one.name, two.name)


def test_all_words_of_a_long_claim_are_laid_out():
    card = extreme()
    shown = "".join(
        run.text
        for page in pages_of(card, PLAIN)
        for one in page.blocks
        if isinstance(one, Text) and "/section/goal" in one.name
        for words in one.paragraphs
        for run in words.runs
    )
    assert shown.count("mot ") == 2500
    assert shown.count("x") == 10_000


# ---------------------------------------------------------------- the text fitter

WORDS = st.text(alphabet="abcdé «»\u202f\n!x", max_size=80)


@given(WORDS, st.floats(8, 60), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=120)
def test_lines_hold_the_whole_text_and_none_is_too_wide(text, width, bold):
    one = Paragraph(runs=(Run(text=text, size=9, bold=bold), Run(text="\u00a012", size=9, kind="ref")))
    lines = break_lines(one, width)
    assert "".join(run.text for line in lines for _, run in line) == text + "\u00a012"
    for line in lines:
        words = "".join(run.text for _, run in line if run.kind != "ref").rstrip(" \n")
        assert text_width(words, 9, bold=bold) <= width + 1e-6 or len(words) == 1


@given(WORDS, st.floats(15, 60), st.floats(5, 30))
@settings(deadline=None, derandomize=True, max_examples=80)
def test_a_split_text_loses_nothing_and_fits(text, width, height):
    one = (Paragraph(runs=(Run(text=text, size=9),), after=3), Paragraph(runs=(Run(text="end", size=9),)))
    head, tail = split_text(one, width, height)
    joined = "".join(part.text for part in (*head, *tail))
    assert joined.replace("\n", "") == (text + "end").replace("\n", "")
    assert text_height(head, width) <= height + 3 * 25.4 / 72 + 1e-6


def test_widths_by_hand():
    """An x of DejaVu Sans is 1212 of 2048 units wide: in 10 points 2.0877 mm, of which Arial is given 92 %."""
    assert text_width("x", 10, family="Nobody knows") == pytest.approx(10 * 25.4 / 72 * 1212 / 2048)
    assert text_width("x", 10) == pytest.approx(0.92 * 10 * 25.4 / 72 * 1212 / 2048)


# ---------------------------------------------------------------- slides


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    pptx = pytest.importorskip("pptx")
    path = save_cards(cards(), tmp_path_factory.mktemp("deck"), formats=["pptx"])[0]
    return path, pptx


def shapes(presentation):
    return {shape.name: shape for slide in presentation.slides for shape in slide.shapes}


def test_slides_are_native_named_and_have_words_for_those_who_cannot_see(deck):
    path, pptx = deck
    found = pptx.Presentation(str(path))
    named = shapes(found)
    assert named["card/P1/name"].text_frame.text == hand_made.LONG_NAME
    assert named["card/P1/chart/channels"].has_chart
    chart = named["card/P1/chart/channels"].chart
    assert [round(one, 2) for one in chart.plots[0].series[0].values] == [0.62, 0.2]
    assert len(found.slides) == 6
    for slide in found.slides:
        assert slide.shapes.title.text_frame.text.strip()
        for shape in slide.shapes:
            properties = shape._element.xpath("./*[1]/p:cNvPr")[0]
            if not shape.has_text_frame:
                assert properties.get("descr") or properties.xpath("./a:extLst"), shape.name
            for one in shape._element.xpath(".//a:r/a:rPr"):
                assert one.get("lang") == "fr-FR"
    with zipfile.ZipFile(path) as archive:
        slide = archive.read("ppt/slides/slide1.xml").decode()
    assert not re.search(r'(?:x|y|cx|cy)="\d*\.\d', slide), "parts of a unit damage a file"


def test_notes_name_the_evidence(deck):
    path, pptx = deck
    notes = pptx.Presentation(str(path)).slides[0].notes_slide.notes_text_frame.text
    ids = {one for part in cards()[0].sections for claim in part.claims for one in claim.evidence}
    assert ids
    assert all(one in notes for one in ids)


def test_a_map_is_a_native_table_and_a_native_curve(tmp_path):
    pptx = pytest.importorskip("pptx")
    (path,) = save_map(journey("en"), tmp_path / "m", formats=["pptx"])
    found = shapes(pptx.Presentation(str(path)))
    table = next(shape.table for name, shape in found.items() if "/lanes/1" in name)
    assert [cell.text_frame.text for cell in table.rows[0].cells][:2] == ["Stage", "Awareness"]
    curve = next(shape for name, shape in found.items() if "/curve/" in name)
    values = next(columns for key, _, columns in journey("en").lanes if key == "experience")
    known = [round(column[0].value, 3) if column else None for column in values]
    assert [None if one is None else round(one, 3) for one in curve.chart.plots[0].series[0].values] == known
    assert None in known


def test_edits_come_back_as_decisions(deck, tmp_path):
    path, pptx = deck
    edited = pptx.Presentation(str(path))
    found = shapes(edited)
    found["card/P2/name"].text_frame.paragraphs[0].runs[0].text = "La fidèle"
    goals = found["card/P1/section/goal"].text_frame
    kept = goals.paragraphs[0].runs[0].text
    goals.paragraphs[0].runs[0].text = kept + " longuement"
    goals._txBody.append(goals._txBody.makeelement(goals.paragraphs[0]._p.tag))
    goals.paragraphs[-1].text = "comprendre les garanties"
    pain = found["card/P1/section/pain"].text_frame
    gone = pain.paragraphs[1].runs[0].text
    pain._txBody.remove(pain.paragraphs[1]._p)
    edited.save(str(tmp_path / "edited.pptx"))
    edits = read_card_edits(tmp_path / "edited.pptx", cards(), by="RK", reason="atelier")
    assert list(edits.columns) == ["persona", "field", "act", "old", "new", "by", "reason"]
    told = edits[edits["act"] != "kept"].set_index(["persona", "field", "act"])
    assert told.loc[("P2", "name", "changed"), "new"] == "La fidèle"
    assert told.loc[("P1", "goal", "changed"), "new"].startswith(kept + " longuement")
    assert told.loc[("P1", "goal", "added"), "new"] == "comprendre les garanties"
    assert told.loc[("P1", "pain", "removed"), "old"].startswith(gone)
    assert len(told) == 4
    assert set(edits["by"]) == {"RK"}
    assert (edits["act"] == "kept").sum() > 20
    from personakit.personas import label

    names = edits[(edits["field"] == "name") & (edits["act"] == "changed")]
    named = label(hand_made.personas(), dict(zip(names["persona"], names["new"], strict=True)), by="RK", reason="atelier")
    assert named.names["P2"] == "La fidèle"


def test_an_untouched_deck_has_no_edits(deck, tmp_path):
    edits = read_card_edits(deck[0], cards(), by="RK", reason="x")
    assert set(edits["act"]) == {"kept"}
    (wide,) = save_cards([extreme()], tmp_path, formats=["pptx-wide"], theme=replace(PLAIN, font="Nobody Knows"))
    assert set(read_card_edits(wide, [extreme()], by="RK", reason="x")["act"]) == {"kept"}


def test_edits_that_cannot_be_read_are_refused(deck, tmp_path):
    path, pptx = deck
    with pytest.raises(ChoiceError, match="'by' is empty"):
        read_card_edits(path, cards(), by=" ", reason="x")
    with pytest.raises(ChoiceError, match=r"persona: 'P3' is unknown. Allowed: P1, P2"):
        read_card_edits(path, cards()[:2], by="RK", reason="x")
    with pytest.raises(StudyError, match=r"made from other cards than these \(3 differ"):
        read_card_edits(path, cards("en"), by="RK", reason="x")
    (tmp_path / "not.pptx").write_text("x")
    with pytest.raises(StudyError, match="is not a PowerPoint file"):
        read_card_edits(tmp_path / "not.pptx", cards(), by="RK", reason="x")
    with pytest.raises(StudyError, match="cannot be read"):
        read_card_edits(tmp_path / "gone.pptx", cards(), by="RK", reason="x")
    empty = pptx.Presentation()
    empty.save(str(tmp_path / "empty.pptx"))
    with pytest.raises(StudyError, match="holds no slide of a card"):
        read_card_edits(tmp_path / "empty.pptx", cards(), by="RK", reason="x")
    emptied = pptx.Presentation(str(path))
    shapes(emptied)["card/P1/name"].text_frame.text = ""
    emptied.save(str(tmp_path / "emptied.pptx"))
    with pytest.raises(ChoiceError, match="the name of P1 is empty"):
        read_card_edits(tmp_path / "emptied.pptx", cards(), by="RK", reason="x")


def test_a_card_whose_slides_are_gone_is_told(deck, tmp_path):
    path, pptx = deck
    cut = pptx.Presentation(str(path))
    slides = cut.slides._sldIdLst
    for one in list(slides)[2:4]:
        slides.remove(one)
    cut.save(str(tmp_path / "cut.pptx"))
    edits = read_card_edits(tmp_path / "cut.pptx", cards(), by="RK", reason="x")
    assert edits[edits["act"] != "kept"][["persona", "field", "act"]].to_numpy().tolist() == [["P2", "card", "removed"]]


# ---------------------------------------------------------------- printed pages


def test_pdf_is_tagged_and_has_its_own_size(written):
    for name, points in (("cards/P1.pdf", (842, 595)), ("P1.pdf", (1191, 842))):
        content = (written / name).read_bytes()
        pypdfium2 = pytest.importorskip("pypdfium2")
        document = pypdfium2.PdfDocument(content)
        assert pypdfium2.raw.FPDFCatalog_IsTagged(document)
        page = document[0]
        assert [round(one) for one in page.get_size()] == list(points)


def test_png_has_the_size_of_the_page(written):
    image = pytest.importorskip("PIL.Image")
    with image.open(written / "cards" / "P1-1.png") as picture:
        assert picture.size == (1754, 1241)  # A4 at 150 dots an inch


@pytest.mark.skipif(not shutil.which("soffice") or not shutil.which("pdftoppm"), reason="needs LibreOffice and pdftoppm")
def test_libreoffice_and_pdftoppm_open_what_was_written(written, tmp_path):
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    decks = [str(written / "cards" / "cards.pptx"), str(written / "P1.pptx")]
    done = subprocess.run(["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *decks],
                          capture_output=True, text=True, timeout=240, check=False)
    if "no export filter" in done.stderr.casefold():
        pytest.skip("this LibreOffice has no Impress")
    for path, pages in ((tmp_path / "cards.pdf", 4), (written / "cards" / "P1.pdf", 2), (tmp_path / "P1.pdf", None)):
        subprocess.run(
            ["pdftoppm", "-r", "20", "-png", str(path), str(tmp_path / f"x-{path.stem}-{path.parent.name}")],
            check=True,
            timeout=120,
        )
        pictures = list(tmp_path.glob(f"x-{path.stem}-{path.parent.name}*.png"))
        assert pictures
        assert pages is None or len(pictures) == pages
    assert re.sub(r"\s+", " ", hand_made.LONG_NAME)[:20] in re.sub(r"\s+", " ", text_of(tmp_path / "cards.pdf"))


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("language", ["fr", "en"])
def test_json_round_trips(tmp_path, language):
    for save, document in ((save_cards, cards(language)[0]), (save_map, journey(language))):
        target = tmp_path if save is save_cards else tmp_path / "P1"
        (path,) = save([document] if save is save_cards else document, target, formats=["json"])
        back = load_document(path)
        (again,) = save([back] if save is save_cards else back, target, formats=["json"])
        assert type(back) is type(document)
        assert load_document(again).title == document.title
        first = path.read_bytes()
        save([document] if save is save_cards else document, target, formats=["json"])
        assert path.read_bytes() == first
        for name in ("html", "md"):
            one = save([document] if save is save_cards else document, target, formats=[name])[0].read_bytes()
            two = save([back] if save is save_cards else back, target, formats=[name])[0].read_bytes()
            assert one == two, name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "its schema is None"),
        ("nothing", "is not JSON"),
        ('{"schema": "personakit.card/9"}', "this version reads"),
        ('{"schema": "personakit.card/1"}', "it is not whole"),
    ],
)
def test_json_of_something_else_is_refused(tmp_path, content, words):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(StudyError, match=words):
        load_document(tmp_path / "x.json")


def test_xml_tells_the_planned_from_the_actual(written):
    root = ElementTree.fromstring((written / "P1.xml").read_text(encoding="utf-8"))
    planned, actual = root.findall("journey")
    assert (planned.get("type"), actual.get("type")) == ("planned", "actual")
    assert {lane.get("key") for lane in planned.iter("lane")} <= {"goals", "content", "owners"}
    assert [one.get("id") for one in planned.findall("phase")] == [one.get("id") for one in actual.findall("phase")]
    assert any(one.text.startswith("Panier") for one in actual.iter("touchpoint"))


def test_sticky_notes_have_a_text_a_colour_and_a_place(written):
    with (written / "P1-stickies.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "color", "x", "y", "group"]
    assert len({(row["x"], row["y"]) for row in rows}) == len(rows)
    assert {row["color"] for row in rows} >= {PLAIN["note"], PLAIN["pain-wash"]}


# ---------------------------------------------------------------- themes


def brand(tmp_path, text):
    path = tmp_path / "brand.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_themes_of_ours_can_be_read():
    assert set(THEMES) == {"colour", "grey"}  # each was checked when it was made
    assert all(len(set(re.findall("..", one[1:]))) == 1 for one in THEMES["grey"].colours.values() if one != "#ffffff")


def test_a_brand_dresses_every_format(tmp_path):
    png = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
        "0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
    (tmp_path / "logo.png").write_bytes(png)
    path = brand(
        tmp_path,
        'name = "Atelier"\nfont = "Lato"\nlogo = "logo.png"\nlogo_alt = "Atelier"\n'
        'personas = ["#4b2a7b"]\n[colours]\naccent = "#4b2a7b"\n',
    )
    save_cards(cards()[:1], tmp_path / "out", formats=["html", "svg", "pptx", "pdf"], theme=path)
    for name in ("P1.html", "P1-1.svg"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "#4b2a7b" in text
        assert "Lato" in text
        assert "data:image/png;base64," in text
    deck = text_of(tmp_path / "out" / "cards.pptx")
    assert 'descr="Atelier"' in deck
    assert 'typeface="Lato"' in deck


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[colours]\naccent = "#9fc5e8"\n', r"accent .* on paper .* contrast of 1\.8 to 1; people need 4\.5 to 1"),
        ('personas = ["#ffd966"]\n', r"personas\[0\] .*contrast"),
        ('[colours]\nacent = "#000000"\n', "Did you mean 'accent'"),
        ('colors = "x"\n', "Did you mean 'colours'"),
        ('[colours]\naccent = "blue"\n', "not a colour"),
        ('font = "</style>"\n', "not the name of a font"),
        ('logo = "gone.png"\nlogo_alt = "x"\n', "cannot be read"),
        ("name = ", "cannot be read"),
        ("personas = []\n", "not a list"),
        ('colours = "red"\n', "not a table"),
    ],
)
def test_a_brand_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, text, words):
    with pytest.raises((StudyError, ChoiceError), match=words):
        find_theme(brand(tmp_path, text))


def test_grey_tells_pain_from_delight_without_colour(tmp_path):
    (path,) = save_map(journey(), tmp_path / "m", formats=["svg"], theme="grey")[:1]
    colours = set(re.findall(r"#[0-9a-f]{6}", path.read_text(encoding="utf-8")))
    assert all(one[1:3] == one[3:5] == one[5:7] for one in colours)


# ---------------------------------------------------------------- golden files


def golden():
    card = Card(
        persona="P1",
        language="fr",
        title="La prévoyante",
        banner="Candidat.",
        summary=Claim(text="Compare avant de choisir.", evidence=("aaaaaaaaaa",)),
        sections=(
            Section(
                key="goal",
                title="Objectifs",
                claims=(Claim(text="comparer\n3 des 5 personnes interrogées", evidence=("bbbbbbbbbb",), n=3),),
            ),
            Section(key="made", title="Méthode", side="back", claims=(Claim(text="Très stable.", status="method"),)),
        ),
        figures={
            "goal": ({"n": 3, "total": 5},),
            "sources": {"aaaaaaaaaa": "evidence"},
            "share": {
                "share": 0.4,
                "low": 0.3,
                "high": 0.5,
                "n": 40,
                "total": 100,
                "evidence": "aaaaaaaaaa",
                "text": "40\u202f% des participants\n40 personnes sur 100",
            },
        },
    )
    curve = ((Cell(text="+1,0 (n = 9)", value=1.0, low=0.4, high=1.6, n=9, level="partly", tone="delight"),), ())
    lanes = (
        (
            "touchpoints",
            "Points de contact",
            ((Cell(text="Vitrine\n12 personnes", n=12, level="partly", evidence=("cccccccccc",)),), ()),
        ),
        ("experience", "Expérience", curve),
    )
    return {
        "card": card,
        "map": JourneyMap(
            title="Le parcours",
            language="fr",
            persona="P1",
            banner=None,
            lanes=lanes,
            stages=(("awareness", "découverte"), ("use", "usage")),
            notes=(Claim(text="Une note."),),
        ),
    }


@pytest.mark.parametrize("kind", ["card", "map"])
def test_golden_files(tmp_path, kind):
    """Tiny documents as they look; to accept a change on purpose: PERSONAKIT_GOLDEN=write pytest, then look."""
    document, formats = golden()[kind], ["html", "json", "md", "svg"]
    if kind == "card":
        save_cards([document], tmp_path, formats=formats)
    else:
        save_map(document, tmp_path / "P1", formats=formats)
    for path in files(tmp_path):
        kept = GOLDEN / f"{kind}{path.name.removeprefix('P1')}"
        if os.environ.get("PERSONAKIT_GOLDEN") == "write":
            kept.write_bytes(path.read_bytes())
        assert path.read_bytes() == kept.read_bytes(), kept.name
