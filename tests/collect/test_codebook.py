"""The codebook and its file: a Table Schema that others read, and that comes back equal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.answers import answer_table, reverse_items
from personakit.collect.surveys.codebook import Variable, kind_of, read_codebook, save_codebook, tabulate_variables
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.schema import check_table
from personakit.study import load_study

BOOK = pd.DataFrame({
    "variable": ["price", "sex", "tools [Git]", "note", "income", "odd"],
    "label": ["Le prix est juste", "Vous êtes", "Outils [Git]", None, "Revenu", None],
    "kind": ["ordinal", "nominal", "binary", "nominal", "numeric", None],
    "role": ["active", "held_back", None, "ignore", None, None],
    "question": [None, None, "tools", None, None, None],
    "multi": [False, False, True, False, False, False],
    "reverse": [True, False, False, False, False, False],
    "low": [1.0, None, None, None, 0.0, 2.5],
    "high": [5.0, None, None, None, None, 7.0],
    "categories": ['[{"value": 1, "label": "pas du tout"}, {"value": 5, "label": "tout à fait"}]',
                   '[{"value": "f", "label": "femme"}]', None, None, '["spelled",   "otherwise"]', None],
    "missing_codes": ['["-99", "-98"]', None, None, None, '["-1"]', None],
    "better": ["high", None, None, None, None, None],
    "touchpoint": pd.Series([None] * 6, dtype="str"),
    "wave": [1, 1, 1, 2, 2, 2],
})
FIELD_TYPES = {"string", "number", "integer", "boolean", "object", "list", "array", "datetime", "date", "time", "year",
               "yearmonth", "duration", "geopoint", "geojson", "any"}


def check_standard(schema: dict) -> None:
    """Hold what Table Schema 2.0 says of a descriptor and of its fields."""
    assert schema["$schema"].endswith("tableschema.json")
    assert schema["fields"]
    names = [field["name"] for field in schema["fields"]]
    assert len(set(names)) == len(names)
    for field in schema["fields"]:
        assert field["type"] in FIELD_TYPES
        assert set(field) <= {"name", "type", "title", "description", "constraints", "categories", "missingValues",
                              "personakit"}
        for key in ("title", "description"):
            assert isinstance(field.get(key, ""), str)
        limits = field.get("constraints", {})
        assert set(limits) <= {"minimum", "maximum"}
        assert not limits or field["type"] in ("integer", "number")
        values = field.get("categories", [])
        assert not values or field["type"] in ("string", "integer")
        kind = str if field["type"] == "string" else int
        assert all(isinstance(one["value"], kind) and isinstance(one["label"], str) for one in values)
        assert all(isinstance(one, str) for one in field.get("missingValues", []))


def test_a_codebook_comes_back_equal(tmp_path: Path) -> None:
    path = save_codebook(BOOK, tmp_path / "codebook.json")
    check_standard(json.loads(path.read_text(encoding="utf-8")))
    again = read_codebook(path)
    pd.testing.assert_frame_equal(again.tables["codebook"], check_table("codebook", BOOK))
    assert (again.report.layout, again.report.rows_in, again.report.kept) == ("table_schema", 6, 6)
    assert save_codebook(again.tables["codebook"], tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_what_a_reader_wrote_comes_back_equal(tmp_path: Path) -> None:
    book = tabulate_variables([
        Variable(name="sex", label="Vous êtes", kind="nominal", categories={1.0: "femme", 2.0: "homme"},
                 missing_codes=(9.0,)),
        Variable(name="agree", kind="ordinal", low=1, high=5, categories={1: "non", 5: "oui"}), Variable(name="empty")])
    assert book.loc[0, ["categories", "missing_codes"]].tolist() == [
        '[{"value": 1, "label": "femme"}, {"value": 2, "label": "homme"}]', '["9"]']
    path = save_codebook(book, tmp_path / "codebook.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["fields"][1]["constraints"] == {"minimum": 1, "maximum": 5}
    pd.testing.assert_frame_equal(read_codebook(path).tables["codebook"], check_table("codebook", book))


def test_a_schema_of_other_people(tmp_path: Path) -> None:
    schema = {"resources": [{"name": "data", "schema": {"fields": [
        {"name": "age", "type": "integer", "title": "Age", "constraints": {"minimum": 18}},
        {"name": "agree", "type": "integer", "categoriesOrdered": True, "categories": [{"value": 1, "label": "no"}]},
        {"name": "member", "type": "boolean", "description": "Has a card"},
        {"name": "city", "type": "string", "constraints": {"enum": ["Lyon", "Nice"]}, "missingValues": ["", "-"]},
        {"name": "born", "type": "date"}]}}]}
    path = tmp_path / "datapackage.json"
    path.write_text("\ufeff" + json.dumps(schema), encoding="utf-8")
    book = read_codebook(path).tables["codebook"].set_index("variable")
    assert book["kind"].fillna("").to_dict() == {"age": "numeric", "agree": "ordinal", "member": "binary", "city": "nominal",
                                                 "born": ""}
    assert book.loc["age", ["label", "low"]].tolist() == ["Age", 18]
    assert book.loc["city", ["categories", "missing_codes"]].tolist() == ['["Lyon", "Nice"]', '["", "-"]']
    assert book.loc["member", "description"] == "Has a card"


def test_a_plain_table_is_a_codebook_too(tmp_path: Path) -> None:
    text = "variable;libellé;low;reverse\nprice;Prix;1;oui\ntense;;1,5;non\n"
    (tmp_path / "codebook.csv").write_text(text, encoding="utf-8")
    reading = read_codebook(tmp_path / "codebook.csv", columns={"label": "libellé"}, decimal=",")
    book = reading.tables["codebook"]
    assert book["low"].tolist() == [1, 1.5]
    assert book["label"].tolist()[0] == "Prix"
    assert book["reverse"].tolist() == [True, False]


def test_a_study_reads_the_schema(tmp_path: Path) -> None:
    save_codebook(BOOK.iloc[:2], tmp_path / "codebook.json")
    (tmp_path / "answers.csv").write_text("participant_id,price,sex\np1,5,f\np2,1,f\n", encoding="utf-8")
    text = '[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\n'
    for more in ('[codebook]\nfile = "codebook.json"\n', 'codebook = "codebook.json"\n',
                 '[codebook]\nfile = "codebook.json"\nlayout = "table_schema"\n'):
        (tmp_path / "study.toml").write_text(text + more, encoding="utf-8")
        study = load_study(tmp_path)
        assert study.codebook.loc[0, ["variable", "kind", "role", "reverse", "low", "high"]].tolist() == [
            "price", "ordinal", "active", True, 1, 5]
        assert reverse_items(answer_table(study), study.codebook)["price"].tolist() == [1, 5]


def test_kinds_by_hand() -> None:
    kinds = [kind_of(pd.Series(values)) for values in ([0, 1, np.nan], list(range(1, 12)), list(range(12)), [1.5, 2],
                                                       ["a", None], [np.nan, np.nan])]
    assert kinds == ["binary", "ordinal", "numeric", "numeric", "nominal", ""]


# ------------------------------------------------------------------------------------------------ reversed items
def test_only_declared_items_are_reversed() -> None:
    book = pd.DataFrame({"variable": ["calm", "tense", "gone"], "reverse": [False, True, True], "low": [1, 0, 1],
                         "high": [5, 10, 5]})
    given_answers = pd.DataFrame({"calm": [1, 5], "tense": [3.0, np.nan]})
    turned = reverse_items(given_answers, book)
    np.testing.assert_equal(turned.to_numpy(dtype=float), [[1, 7], [5, np.nan]])
    assert given_answers["tense"].tolist()[0] == 3
    pd.testing.assert_frame_equal(reverse_items(turned, book), given_answers)
    pd.testing.assert_frame_equal(reverse_items(given_answers, book.drop(columns="reverse")), given_answers)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"low": [1, None]}, ["1 items", "tense", "low or high"]),
        ({"high": [5, 4]}, ["answers.tense", "1 to 4"]),
        ({"variable": ["tense", "city"]}, ["answers.city"]),
    ],
)
def test_reversal_is_never_guessed(change: dict[str, list], words: list[str]) -> None:
    book = pd.DataFrame({"variable": ["calm", "tense"], "reverse": [False, True], "low": [1, 1], "high": [5, 5], **change})
    with pytest.raises(StudyError) as caught:
        reverse_items(pd.DataFrame({"calm": [1, 5], "tense": [5, 1], "city": ["a", "b"]}), book)
    for word in words:
        assert word in str(caught.value)


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"fields": []}', ["no list of fields"]),
        ('{"fields": {"a": 1}}', ["no list of fields"]),
        ('{"fields": [{"type": "string"}]}', ["no list of fields"]),
        ('{"fields": [{"name": "a"}, {"name": "a"}]}', ["1 repeated", "a"]),
        ('{"fields": [', ["not JSON"]),
        ('{"fields": [{"name": "a", "constraints": {"minimum": "low"}}]}', ["low"]),
        ('{"fields": ' + "[" * 100_000, ["not JSON"]),
    ],
)
def test_bad_schemas(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "codebook.json").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_codebook(tmp_path / "codebook.json")
    for word in words:
        assert word in str(caught.value)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be written"):
        save_codebook(BOOK, tmp_path / "nowhere" / "codebook.json")
    with pytest.raises(StudyError, match="'variable' is missing"):
        save_codebook(BOOK.drop(columns="variable"), tmp_path / "codebook.json")
    with pytest.raises(StudyError, match="JSON"):
        save_codebook(BOOK.assign(high=np.inf), tmp_path / "codebook.json")


def test_mutated_bytes_read_or_raise(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    data = save_codebook(BOOK, folder / "codebook.json").read_bytes()

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 8), st.sampled_from(
        [b"", b'"', b"1", b"null", b"[]", b"{}", b",", b"\xff", b"true"])), min_size=1, max_size=3))
    def check(cuts: list[tuple[int, int, bytes]]) -> None:
        mutated = bytearray(data)
        for place, length, put in cuts:
            start = place % (len(mutated) + 1)
            mutated[start : start + length] = put
        (folder / "mutated.json").write_bytes(bytes(mutated))
        try:
            reading = read_codebook(folder / "mutated.json")
        except (StudyError, ChoiceError, TooFewError):
            return
        assert reading.report.rows_in == reading.report.kept + reading.report.set_aside["rows"].sum()

    check()
