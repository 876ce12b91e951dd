"""SPSS files, made here: labels, declared missing values, response sets and dates as their authors meant them."""

from __future__ import annotations

import datetime as dt
import json
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import notes

from personakit.collect import check_reading
from personakit.collect.surveys.spss import read_spss
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.readings import Reading
from personakit.study import load_study

PEOPLE = pd.DataFrame({
    "id": [11.0, 12, 13, 14, 15],
    "sex": [1.0, 2, 1, 9, 2],
    "again": [1.0, 2, 2, 1, np.nan],
    "smoker": [1.0, 2, 2, -1, 1],
    "satisfied": [1.0, 3, 2, 98, 2],
    "agree": [1.0, 5, 3, 4, 2],
    "age": [34.0, 51, 2500, 28, np.nan],
    "city": ["Lyon", "Genève", "", "zz", "Lyon"],
    "born": [dt.date(1880, 5, 6), dt.date(1990, 1, 2), None, dt.date(2001, 12, 31), dt.date(1583, 1, 1)],
    "seen": pd.to_datetime(["2026-01-05 10:10:10", None, "2026-01-05 23:00:00", None, None]),
    "took": [dt.time(0, 1, 0), None, dt.time(1, 0, 0), None, None],
})
LABELS = {"sex": {1.0: "femme", 2.0: "homme", 9.0: "refus"}, "again": {1.0: "same", 2.0: "same"},
          "smoker": {1.0: "Oui", 2.0: "Non", -1.0: "?"}, "satisfied": {1.0: "low", 2.0: "medium", 3.0: "high"},
          "agree": {float(i): word for i, word in enumerate(["no!", "no", "so so", "yes", "yes!"], start=1)}}
MISSING = {"sex": [9.0], "smoker": [-1.0], "satisfied": [{"lo": 90.0, "hi": np.inf}], "age": [{"lo": 2000.0, "hi": 3000.0}],
           "city": ["zz"]}
MEASURES = {"sex": "nominal", "again": "nominal", "smoker": "nominal", "satisfied": "ordinal", "agree": "scale",
            "age": "scale"}
LONG = {"sex": "Vous êtes", "age": "Votre âge"}


def write(folder: Path, name: str = "file.sav", **how: object) -> Path:
    pyreadstat.write_sav(PEOPLE, str(folder / name), column_labels=LONG, variable_value_labels=LABELS,
                         missing_ranges=MISSING, variable_measure=MEASURES, **how)
    return folder / name


def answers(reading: Reading) -> pd.DataFrame:
    return reading.tables["answers"].set_index("participant_id")


def codebook(reading: Reading) -> pd.DataFrame:
    return reading.tables["codebook"].set_index("variable")


def with_sets(path: Path, text: str) -> Path:
    """Put a record of multiple-response sets (type 7, subtype 7) into a .sav file, before its dictionary ends (999)."""
    data = path.read_bytes()
    end = data.index(struct.pack("<ii", 999, 0))
    body = text.encode()
    path.write_bytes(data[:end] + struct.pack("<iiii", 7, 7, 1, len(body)) + body + data[end:])
    return path


@pytest.mark.parametrize("how", [{}, {"compress": True}, {"row_compress": True}])
def test_what_is_declared_decides(tmp_path: Path, how: dict[str, object]) -> None:
    reading = read_spss(write(tmp_path, **how))
    assert (reading.report.layout, reading.report.rows_in, reading.report.kept) == ("spss", 5, 5)
    table, book = answers(reading), codebook(reading)
    assert table.index.tolist() == ["11", "12", "13", "14", "15"]
    assert dict(reading.report.guesses) == {"participant_id": "id"}
    assert table["sex"].tolist()[:3] == ["femme", "homme", "femme"]
    assert table["sex"].isna().tolist() == [False, False, False, True, False]
    # two values bear the same label: the label alone would join them
    assert table["again"].dropna().tolist() == ["same (1)", "same (2)", "same (2)", "same (1)"]
    np.testing.assert_equal(table["smoker"].to_numpy(), [1, 0, 0, np.nan, 1])
    np.testing.assert_equal(table["satisfied"].to_numpy(), [1, 3, 2, np.nan, 2])
    assert table["agree"].tolist() == [1, 5, 3, 4, 2]
    np.testing.assert_equal(table["age"].to_numpy(), [34, 51, np.nan, 28, np.nan])
    assert table["city"].dropna().tolist() == ["Lyon", "Genève", "Lyon"]
    assert table["born"].dropna().tolist() == ["1880-05-06", "1990-01-02", "2001-12-31", "1583-01-01"]
    assert table["seen"].dropna().tolist() == ["2026-01-05 10:10:10", "2026-01-05 23:00:00"]
    assert table["took"].dropna().tolist() == [60, 3600]
    assert book["kind"].to_dict() == {
        "sex": "nominal", "again": "nominal", "smoker": "binary", "satisfied": "ordinal", "agree": "ordinal",
        "age": "numeric", "city": "nominal", "born": "nominal", "seen": "nominal", "took": "ordinal"}
    assert book.loc["sex", ["label", "missing_codes"]].tolist() == ["Vous êtes", '["9"]']
    assert json.loads(book.loc["sex", "categories"]) == [{"value": 1, "label": "femme"}, {"value": 2, "label": "homme"}]
    assert json.loads(book.loc["smoker", "categories"]) == [{"value": 1, "label": "Oui"}, {"value": 0, "label": "Non"}]
    assert book.loc["satisfied", ["low", "high", "missing_codes"]].tolist() == [1, 3, '["90 to highest"]']
    assert book.loc["age", "missing_codes"] == '["2000 to 3000"]'
    # one each of sex, smoker, satisfied, age and city
    assert notes(reading) == {"declared_missing": 5, "labelled_scales": 1}


def test_labels_of_missing_values_are_no_ends_of_a_scale(tmp_path: Path) -> None:
    frame = pd.DataFrame({"item": [1.0, 5, 99, 3], "one": [1.0, 2, 8, 3], "two": [2.0, 98, 3, 1]})
    words = {**{float(i): f"w{i}" for i in range(1, 6)}, 97.0: "refused", 98.0: "cannot say", 99.0: "no answer"}
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_value_labels=dict.fromkeys(frame, words),
                         missing_ranges={name: [{"lo": 97.0, "hi": 99.0}] for name in frame},
                         variable_measure=dict.fromkeys(frame, "ordinal"))
    book = codebook(read_spss(tmp_path / "x.sav"))
    assert book.loc["item", ["low", "high", "missing_codes"]].tolist() == [1, 5, '["97 to 99"]']
    assert [one["value"] for one in json.loads(book.loc["item", "categories"])] == [1, 2, 3, 4, 5]
    # a value that is named missing here is no end either
    assert codebook(read_spss(tmp_path / "x.sav", missing=["5"])).loc["item", "high"] == 4
    table = answers(read_spss(with_sets(tmp_path / "x.sav", "$why=C 3 Why one two\n")))
    assert [name for name in table if "why" in name] == [*(f"why [w{i}]" for i in range(1, 6)), "why [8]"]


def test_people_and_answers_of_one_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "study.toml").write_text(
        '[participants]\nfile = "file.sav"\nparticipant_id = "id"\ncolumns = ["sex"]\n[answers]\nfile = "file.sav"\n'
        'participant_id = "id"\ncolumns = ["agree"]\n', encoding="utf-8")
    study = load_study(tmp_path)
    assert study.participants["sex"].tolist()[:3] == ["femme", "homme", "femme"]
    assert study.participants.index.tolist() == study.answers.index.tolist() == ["11", "12", "13", "14", "15"]


def test_options(tmp_path: Path) -> None:
    path = write(tmp_path)
    reading = read_spss(path, columns={"participant_id": "age"}, keep=["sex", "agree"], missing=["5"])
    assert reading.tables["answers"].columns.tolist() == ["participant_id", "sex", "agree"]
    assert reading.tables["answers"]["participant_id"].tolist()[:3] == ["34", "51", "2500"]
    np.testing.assert_equal(reading.tables["answers"]["agree"].to_numpy(), [1, np.nan, 3, 4, 2])
    assert answers(read_spss(path, columns={"participant_id": "row"})).index[0] == "p0001"
    with pytest.raises(StudyError, match="Did you mean 'agree'"):
        read_spss(path, keep=["agre"])
    with pytest.raises(StudyError, match="'idd' is unknown"):
        read_spss(path, columns={"participant_id": "idd"})
    with pytest.raises(ChoiceError, match="nothing_ticked"):
        read_spss(path, nothing_ticked="maybe")


def test_response_sets(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1.0, 2, 3, 4], "a": [1.0, np.nan, np.nan, np.nan], "b": [np.nan, 1, 1, np.nan],
                          "c": [1.0, 0, 0, np.nan], "d": [0.0, 0, 1, np.nan], "first": [1.0, 2, 3, np.nan],
                          "second": [2.0, np.nan, 1, np.nan]})
    path = tmp_path / "sets.sav"
    pyreadstat.write_sav(frame, str(path), column_labels={"a": "Web", "b": "Shop"},
                         variable_value_labels={"first": {1.0: "price", 2.0: "help"}})
    with_sets(path, "$where=D1 1 10 Where, then a b\n$said=D1 1 4 Said c d\n$why=C 3 Why first second\n")
    reading = read_spss(path)
    table, book = answers(reading), codebook(reading)
    # ticks alone: who ticked one left the other out, who ticked none is unknown
    np.testing.assert_equal(table[["a", "b"]].to_numpy(dtype=float), [[1, 0], [0, 1], [0, 1], [np.nan, np.nan]])
    # ones and noughts: as they stand
    np.testing.assert_equal(table[["c", "d"]].to_numpy(dtype=float), [[1, 0], [0, 0], [0, 1], [np.nan, np.nan]])
    np.testing.assert_equal(table[["why [price]", "why [help]", "why [3]"]].to_numpy(dtype=float),
                            [[1, 1, 0], [0, 1, 0], [1, 0, 1], [np.nan] * 3])
    assert "first" not in table
    assert book["question"].tolist() == ["where", "where", "said", "said", "why", "why", "why"]
    assert book["multi"].all()
    assert book.loc["a", "label"] == "Web"
    assert notes(reading) == {"multi": 3}
    assert answers(read_spss(path, nothing_ticked="no")).loc["4", ["a", "b"]].tolist() == [0, 0]


def test_impossible_dates_do_not_stop(tmp_path: Path) -> None:
    frame = pd.DataFrame({"when": [13_824_000_000.0, 1e15, -5.0, np.nan]})
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_format={"when": "DATE11"})
    reading = read_spss(tmp_path / "x.sav")
    # 13,824,000,000 seconds are 160,000 days after 14 October 1582
    assert answers(reading)["when"].dropna().tolist() == [str(np.datetime64("1582-10-14") + 160_000)]
    assert notes(reading)["impossible_dates"] == 2


def test_mirrors_and_straight_lines(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    items = pd.DataFrame(generator.integers(1, 6, (40, 12)).astype(float), columns=[f"q{i}" for i in range(12)])
    items.iloc[7] = 3
    labels = {name: {float(i): f"word {i}" for i in range(1, 6)} for name in items}
    items["q1r"] = 6 - items["q1"]
    pyreadstat.write_sav(items, str(tmp_path / "x.sav"), variable_value_labels=labels,
                         variable_measure=dict.fromkeys(labels, "ordinal"))
    reading = read_spss(tmp_path / "x.sav")
    first = {note.key.removeprefix("surveys."): note.values["first"] for note in reading.report.notes}
    assert first == {"mirrors": "q1r = q1", "careless": "p0008"}


def test_por(tmp_path: Path) -> None:
    path = tmp_path / "file.por"
    pyreadstat.write_por(pd.DataFrame({"ID": [1.0, 2], "SEX": [1.0, 2]}), str(path), column_labels=["", "Sex"])
    assert answers(read_spss(path))["SEX"].tolist() == [1, 2]


def test_a_study_reads_sav_with_and_without_a_layout(tmp_path: Path) -> None:
    write(tmp_path)
    for line in ("", 'layout = "spss"\n'):
        text = f'[participants]\nfrom = "answers"\n[answers]\nfile = "file.sav"\nparticipant_id = "id"\n{line}'
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        study = load_study(tmp_path)
        assert study.answers.loc["12", "sex"] == "homme"
        assert study.codebook.set_index("variable").loc["sex", "label"] == "Vous êtes"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b"$FL2@(#) nothing else", ["not a sound SPSS file"]),
        (b"\x00" * 500, ["not a sound SPSS file"]),
        (b"a,b\n1,2\n", ["not a sound SPSS file"]),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, words: list[str]) -> None:
    (tmp_path / "x.sav").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        read_spss(tmp_path / "x.sav")
    for word in words:
        assert word in str(caught.value)


def labels_at(data: bytes, place: int) -> bytes:
    """Let the labels of the second variable name another."""
    return data.replace(struct.pack("<iii", 4, 1, 2), struct.pack("<iii", 4, 1, place), 1)


def shown_as_text(data: bytes, name: bytes, place: int) -> bytes:
    start = data.index(name.ljust(8)) - 24
    return data[: start + place] + b"\x01" + data[start + place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: labels_at(data, 0),
        lambda data: labels_at(data, 99),
        lambda data: labels_at(data, 3),  # a text
        lambda data: shown_as_text(data, b"SEX", 18),
        lambda data: shown_as_text(data, b"SEX", 22),
        lambda data: shown_as_text(data, b"SEX", 4),  # a width of one byte
        lambda data: data.replace(b"Ly      \x04Lyon", b"Ly \xff    \x04Lyon"),
    ],
)
def test_what_would_crash_the_library_is_refused_before(tmp_path: Path, damage) -> None:
    frame = PEOPLE[["id", "sex", "city"]].assign(short=["Ly", "Ge", "", "x", "Ly"])
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_value_labels={**LABELS, "short": {"Ly": "Lyon"}})
    whole = (tmp_path / "x.sav").read_bytes()
    read_spss(tmp_path / "x.sav")
    damaged = damage(whole)
    if damaged == whole:
        pytest.fail("nothing was damaged")
    (tmp_path / "x.sav").write_bytes(damaged)
    with pytest.raises(StudyError, match="not a sound SPSS file"):
        read_spss(tmp_path / "x.sav")


def test_truncated_and_wrongly_decoded(tmp_path: Path) -> None:
    data = write(tmp_path).read_bytes()
    for size in (4, 60, 176, 400, len(data) // 2, len(data) - 9):
        (tmp_path / "cut.sav").write_bytes(data[:size])
        try:
            reading = read_spss(tmp_path / "cut.sav")
        except StudyError:
            continue
        assert reading.report.rows_in == reading.report.kept + reading.report.set_aside["rows"].sum()
    with pytest.raises((StudyError, ChoiceError)):
        read_spss(tmp_path / "file.sav", encoding="klingon")


def test_mutated_bytes_read_or_raise(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    whole = with_sets(write(folder), "$two=D1 1 3 Two sex again\n").read_bytes()

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=4))
    def check(cuts: list[tuple[int, int, bytes]]) -> None:
        data = bytearray(whole)
        for place, length, put in cuts:
            start = place % (len(data) + 1)
            data[start : start + length] = put
        (folder / "mutated.sav").write_bytes(bytes(data))
        try:
            reading = read_spss(folder / "mutated.sav")
        except (StudyError, ChoiceError, TooFewError):
            return
        report = reading.report
        assert report.rows_in == report.kept + report.set_aside["rows"].sum()
        assert len(reading.tables["answers"]) == report.kept
        check_reading(reading)

    check()
