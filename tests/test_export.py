"""Files: swapped in whole, the same bytes every time, escaped, traceable, and without anybody's secret."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import hand_made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import personakit.export as export_package
from personakit.cards import make_cards
from personakit.errors import ChoiceError, StudyError
from personakit.export import (
    Spoken,
    finished_folder,
    five_lines,
    map_name,
    publishable_tables,
    save_cards,
    save_manifest,
    save_map,
    save_report,
    save_tables,
)
from personakit.export.render import file_name
from personakit.export.theme import DRAWING_PAIRS, TEXT_PAIRS, THEMES, contrast, theme_css
from personakit.maps import make_map

THEME = (Path(export_package.__file__).parent / "theme.css").read_text(encoding="utf-8")
MANIFEST = '{"schema": "personakit.manifest/1"}'


def write_all(folder, language="fr"):
    personas, evidence, findings, study = (
        hand_made.personas(),
        hand_made.evidence(),
        hand_made.findings(),
        hand_made.study(),
    )
    cards = make_cards(personas, evidence, findings, language=language)
    maps = [
        make_map(study, findings, personas=personas, evidence=evidence, persona=one, language=language)
        for one in (None, "P1", "P2", "P3")
    ]
    save_cards(cards, folder / "cards")
    for one in maps:
        save_map(one, folder / "maps" / map_name(one))
    save_tables(publishable_tables(hand_made.candidates(), evidence, findings, maps), folder / "tables")
    checks = pd.DataFrame(
        {"check": ["ids"], "result": ["passed"], "table": ["answers"], "count": [0], "what_to_do": [""]}
    )
    save_report(
        folder,
        study=study,
        candidates=hand_made.candidates(),
        personas=personas,
        evidence=evidence,
        findings=findings,
        cards=cards,
        maps=maps,
        checks=checks,
        language=language,
    )
    save_manifest(folder, study=study, parameters={"k": range(2, 9), "language": language}, seed=7)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return {language: write_all(tmp_path_factory.mktemp(language), language) for language in ("fr", "en")}


def files(folder, suffix=""):
    return sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())


# ---------------------------------------------------------------- the folder


def test_folder_is_swapped_in_whole(tmp_path):
    out = tmp_path / "new" / "out"
    with finished_folder(out) as folder:
        (folder / "manifest.json").write_text(MANIFEST)
        assert not out.exists()
    with finished_folder(out) as folder:
        (folder / "manifest.json").write_text(MANIFEST)
        (folder / "second").write_text("x")
        assert not (out / "second").exists()
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "second"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def half_write(out, stop):
    with finished_folder(out) as folder:
        (folder / "half").write_text("x")
        raise stop


def write_beside(out):
    with finished_folder(out):
        out.mkdir()
        (out / "notes.txt").write_text("mine")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError, OSError])
def test_a_stop_leaves_the_last_result_as_it_was(tmp_path, stop):
    out = tmp_path / "out"
    with finished_folder(out) as folder:
        (folder / "manifest.json").write_text(MANIFEST)
    with pytest.raises(stop):
        half_write(out, stop)
    assert [path.name for path in out.iterdir()] == ["manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_stop_on_a_first_run_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), finished_folder(tmp_path / "a" / "b" / "out"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("manifest", [None, "not json", '{"name": "other"}', "[]"])
def test_a_folder_of_someone_else_is_refused(tmp_path, manifest):
    (tmp_path / "thesis.docx").write_text("precious")
    if manifest:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(StudyError, match=r"that personakit did not write"), finished_folder(tmp_path):
        pytest.fail("must not begin")
    assert (tmp_path / "thesis.docx").read_text() == "precious"


def test_files_put_there_while_we_worked_are_kept(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(StudyError, match="did not write"):
        write_beside(out)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_and_an_empty_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StudyError, match="is a file. Name a folder"), finished_folder(tmp_path / "file"):
        pytest.fail("must not begin")
    (tmp_path / "empty").mkdir()
    with finished_folder(tmp_path / "empty") as folder:
        (folder / "x").write_text("x")
    assert (tmp_path / "empty" / "x").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StudyError, match="cannot be written"), finished_folder(tmp_path / "file" / "out"):
        pytest.fail("must not begin")


def test_manifest_accounts_for_rows_and_files(written):
    manifest = json.loads((written["fr"] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sources"][0] == {
        "table": "answers",
        "file": "answers.csv",
        "sha256": "ab" * 32,
        "rows_in": 130,
        "kept": 120,
        "set_aside": 10,
    }
    assert manifest["set_aside"] == [{"table": "answers", "reason": "unknown participant", "rows": 10}]
    assert manifest["parameters"]["k"] == [2, 3, 4, 5, 6, 7, 8]
    assert set(manifest["versions"]) >= {"python", "personakit", "numpy", "pandas", "matplotlib"}
    assert set(manifest["files"]) == {path.relative_to(written["fr"]).as_posix() for path in files(written["fr"])} - {
        "manifest.json"
    }
    page = (written["fr"] / "index.html").read_bytes()
    assert manifest["files"]["index.html"] == hashlib.sha256(page).hexdigest()


# ---------------------------------------------------------------- every file


def test_same_input_same_bytes(written, tmp_path):
    again = write_all(tmp_path / "again")
    for path in files(written["fr"]):
        assert path.read_bytes() == (again / path.relative_to(written["fr"])).read_bytes(), path.name


def test_nothing_secret_leaves(written):
    for folder in written.values():
        for path in files(folder):
            text = path.read_text(encoding="utf-8")
            assert "7741" not in text, path.name
            assert not re.search(r"\bc\d{3}\b", text), f"{path.name} names a participant"
            assert str(folder) not in text


def test_no_clock_no_script_no_network(written):
    for path in files(written["fr"], ".html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert not re.search(r"(?:src|href)=\"(?!#|cards/|maps/|executive-summary\.html)", text), path.name
        assert "@import" not in text
        assert "20" + "26-1" not in text


class _Page(HTMLParser):
    """Checks nesting and collects what a reader with a screen reader gets."""

    VOID = frozenset({"meta", "link", "br", "img", "col", "line", "circle", "rect", "path", "polygon", "use"})

    def __init__(self):
        super().__init__()
        self.open, self.language, self.images, self.ids, self.links = [], None, [], set(), []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "html":
            self.language = values.get("lang")
        if tag == "svg":
            self.images.append(values.get("aria-label"))
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_are_well_formed_and_accessible(written, language):
    pages = files(written[language], ".html")
    assert len(pages) == 9
    for path in pages:
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        assert page.open == [], path.name
        assert page.language == language
        assert all(page.images), f"{path.name}: a picture without words"
        inside = [link for link in page.links if link.startswith("#")]
        assert {link[1:] for link in inside} <= page.ids
        for link in set(page.links) - set(inside):
            assert (path.parent / link).exists(), f"{path.name} links to {link}, which is not there"


def test_numbers_beside_sentences_lead_to_the_tables(written):
    tables = {
        one
        for path in files(written["fr"] / "tables", ".csv")
        for one in re.findall(r"\b[0-9a-f]{10}\b", path.read_text())
    }
    for path in files(written["fr"], ".html"):
        named = set(re.findall(r'title="([0-9a-f]{10})"', path.read_text(encoding="utf-8")))
        assert named <= tables, path.name
        assert named


def test_user_text_is_escaped_and_harmless(tmp_path):
    quotes = hand_made.evidence().quotes
    evil = "<script>alert(1)</script><img src=x onerror=y> =cmd|calc \u202e " + "long " * 2000
    evidence = replace(hand_made.evidence(), quotes=quotes.assign(quote=evil, consent="verbatim"))
    names = {"P1": "<b>=HYPERLINK()</b>", "P2": "x" * 60}
    cards = make_cards(hand_made.personas(names=names), evidence, language="fr")
    for path in save_cards(cards, tmp_path, formats=["html"]):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "<b>=HYPER" not in text
        assert "\u202e" not in text
        assert len(text) < 60_000


# ---------------------------------------------------------------- tables


def test_tables_twins_hold_the_same(tmp_path):
    table = pd.DataFrame(
        {"n": [1, 2], "share": [1 / 3, np.nan], "word": ["é", "b,c"]}, index=pd.Index(["x", "y"], name="id")
    )
    csv_path, json_path = save_tables({"t": table}, tmp_path)
    assert csv_path.read_bytes() == 'id,n,share,word\nx,1,0.333333,é\ny,2,,"b,c"\n'.encode()
    twin = json.loads(json_path.read_text(encoding="utf-8"))
    assert twin["rows"] == [["x", 1, 0.333333, "é"], ["y", 2, None, "b,c"]]
    assert twin["significant_digits"] == 6


@given(st.text(max_size=12))
@settings(deadline=None, derandomize=True, max_examples=80)
def test_no_cell_of_a_csv_starts_a_formula(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("csv")
    path, _ = save_tables({"t": pd.DataFrame({text or "x": [text, "safe"]})}, folder)
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_negative_numbers_stay_numbers(tmp_path):
    path, _ = save_tables({"t": pd.DataFrame({"x": [-1.5]})}, tmp_path)
    assert path.read_text() == "x\n-1.5\n"


def test_empty_table(tmp_path):
    path, twin = save_tables({"t": pd.DataFrame(columns=["a", "b"])}, tmp_path)
    assert path.read_text() == "a,b\n"
    assert json.loads(twin.read_text())["rows"] == []


def test_small_cells_are_empty_in_every_table(written):
    table = pd.read_csv(written["fr"] / "tables" / "evidence.csv")
    vip = table[(table["persona"] == "P1") & (table["feature"] == "vip")]
    assert vip["hidden"].all()
    assert vip["inside"].isna().all()
    stages = pd.read_csv(written["fr"] / "tables" / "journey_stages.csv")
    assert not stages["people"].between(1, 4).any()
    assert stages["hidden"].any()


# ---------------------------------------------------------------- cards, maps, report


def test_card_json_round_trips_and_is_versioned(written):
    card = json.loads((written["fr"] / "cards" / "P1.json").read_text(encoding="utf-8"))
    assert card["schema"] == "personakit.card/1"
    assert card["title"] == hand_made.LONG_NAME
    assert {part["side"] for part in card["sections"]} == {"front", "back"}
    claim = next(part for part in card["sections"] if part["key"] == "goal")["claims"][0]
    assert claim["text"].startswith("comparer avant de choisir")
    assert claim["evidence"]


def test_map_json_holds_cells(written):
    drawn = json.loads((written["en"] / "maps" / "all.json").read_text(encoding="utf-8"))
    assert drawn["schema"] == "personakit.map/1"
    cells = next(lane for lane in drawn["lanes"] if lane["key"] == "reached")["cells"]
    assert cells[2][0]["value"] == 0.5


@pytest.mark.parametrize(
    "save",
    [
        lambda path, formats: save_cards([], path, formats=formats),
        lambda path, formats: save_map(make_map(hand_made.study(), None), path, formats=formats),
    ],
)
def test_unknown_format(tmp_path, save):
    with pytest.raises(ChoiceError, match=r"'htm' is unknown. Allowed: html, json, pptx.* Did you mean 'html'\?"):
        save(tmp_path / "x", ["htm"])
    assert list(tmp_path.iterdir()) == []


def test_long_names_nine_stages_and_empty_lanes_hold(tmp_path):
    stages = tuple(f"une étape au nom plutôt long {number}" for number in range(9))
    study = replace(hand_made.study(), stages=stages)
    html = save_map(make_map(study, None), tmp_path / "nine", formats=["html"])[0].read_text(encoding="utf-8")
    assert html.count('<th scope="col">') == 10
    assert "rien de connu" in html


def test_five_lines():
    spoken = Spoken(
        language="en",
        study=hand_made.study(),
        candidates=hand_made.candidates(),
        personas=hand_made.personas(),
        evidence=hand_made.evidence(),
        findings=hand_made.findings(),
    )
    lines = five_lines(spoken)
    assert len(lines) == 5
    assert lines[0] == "200 participants: 120 survey answers and 7 coded interviews."
    assert lines[1].startswith("Recommended candidate: kmeans-3, of 3 examined")
    assert "Persona P2 (30%)" in lines[3]
    # (10 + 15 + 0) of 200 people are contested: 12.5 %
    assert "12% of people are between two" in lines[4]
    assert "Persona P3 (Jaccard 0.55)" in lines[4]


@pytest.mark.parametrize("verdict", ["none", "constructive"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_report_without_personas_says_so_and_what_to_do(tmp_path, verdict, language):
    study = hand_made.study()
    pooled = make_map(study, hand_made.findings(), language=language)
    path = save_report(
        tmp_path,
        study=study,
        candidates=hand_made.candidates(verdict=verdict, recommended=None),
        findings=hand_made.findings(),
        maps=[pooled],
        language=language,
    )
    text = path.read_text(encoding="utf-8")
    assert {"fr": "Aucune persona, donc aucune carte", "en": "No personas, so no cards"}[language] in text
    assert {"fr": "À faire maintenant", "en": "What to do now"}[language] in text
    assert "maps/all.html" in text
    assert "cards/" not in text
    assert "Panier" in text


def test_report_names_friction_break_and_who_differs(written):
    summary = (written["fr"] / "summary.txt").read_text(encoding="utf-8")
    assert len(summary.splitlines()) == 5
    text = re.sub(r"\s", " ", (written["fr"] / "index.html").read_text(encoding="utf-8"))
    assert "Panier : 41 % des visites" in text
    assert "web → boutique" in text
    assert "Parcours qu’on ne distingue pas" in text
    assert "130" in text
    assert "<svg" in text


def test_file_names_are_safe():
    assert file_name("../../etc/passwd") == "______etc_passwd"


# ---------------------------------------------------------------- colours


def test_contrast_by_hand():
    """Black on white is 21; #767676 on white is 4.54 (WCAG's own example of the smallest grey that passes)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_colour_of_a_theme_can_be_read(name):
    """Computed here again, for every theme, from the CSS variables that a page carries."""
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", theme_css(THEMES[name])))
    for text, background in TEXT_PAIRS:
        assert contrast(colours[text], colours[background]) >= 4.5, (text, background)
    for mark, background in DRAWING_PAIRS:
        assert contrast(colours[mark], colours[background]) >= 3.0, (mark, background)
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in THEMES[name].personas)
    templates = "".join(
        path.read_text(encoding="utf-8") for path in (Path(export_package.__file__).parent / "templates").iterdir()
    )
    used = set(re.findall(r"[ ;{]color: var\(--([a-z-]+)\)", THEME + templates))
    assert used <= {text for text, _ in TEXT_PAIRS}
