"""save_study: what is written loads back equal, and nothing that belongs to somebody is destroyed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_study import SETTINGS, write

from personakit.errors import StudyError
from personakit.records import Study
from personakit.schema import TABLES
from personakit.study import load_study, save_study

CHOICE = """
[choice]
candidate = "kmeans-4"
by = 'R. "K"'
reason = "stable"
when = 2026-01-15
[names]
P1 = "La prévoyante"
"""


def assert_same(one: Study, other: Study) -> None:
    for name in ("name", "language", "timezone", "stages", "choice", "names"):
        assert getattr(one, name) == getattr(other, name), name
    for table in ("participants", "answers", *TABLES):
        first, second = getattr(one, table), getattr(other, table)
        assert (first is None) == (second is None), table
        if first is not None:
            pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_study_loads_back_equal(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "raw", study=SETTINGS + CHOICE))
    assert study.choice["when"] == "2026-01-15"
    folder = save_study(study, tmp_path / "new" / "saved")
    assert_same(study, load_study(folder))
    assert_same(study, load_study(save_study(load_study(folder), folder)))
    assert sorted(path.name for path in folder.parent.iterdir()) == ["saved"]


def test_two_saves_give_the_same_bytes(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "raw"))
    one, two = save_study(study, tmp_path / "one"), save_study(study, tmp_path / "two")
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    quotes=st.lists(WORDS.filter(lambda text: text.strip()), min_size=1, max_size=4),
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15), min_size=2,
                     max_size=2),
    name=WORDS.filter(lambda text: text.strip()),
)
def test_any_text_and_any_number_survive(
    tmp_path_factory: pytest.TempPathFactory, quotes: list[str], numbers: list[float], name: str
) -> None:
    ids = pd.Index(["p1", "p2"], name="participant_id")
    codes = pd.DataFrame({"participant_id": "p1", "code": quotes, "quote": quotes, "start": range(len(quotes))})
    study = Study(name=name, participants=pd.DataFrame({"size": np.array(numbers)}, index=ids), codes=codes,
                  names={name: name})
    assert_same(study, load_study(save_study(study, tmp_path_factory.mktemp("saved") / "study")))


def test_a_folder_that_is_no_study_is_left_alone(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "raw"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    with pytest.raises(StudyError, match="is not a study"):
        save_study(study, tmp_path / "other")
    assert (tmp_path / "other" / "thesis.txt").read_text() == "years of work"
    with pytest.raises(StudyError, match="is a file"):
        save_study(study, tmp_path / "other" / "thesis.txt")


def test_rows_set_aside_are_not_lost_by_saving_over_them(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", touchpoints="event,touchpoint,stage\nvoir,Fiche,research\n,,\n")
    before = {path.name: path.read_bytes() for path in raw.iterdir()}
    with pytest.raises(StudyError, match="they would be lost"):
        save_study(load_study(raw), raw)
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before


def test_other_files_of_a_study_folder_stay(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw")
    (raw / "notes.md").write_text("ours")
    study = load_study(raw)
    save_study(study, raw)
    assert (raw / "notes.md").read_text() == "ours"
    assert_same(study, load_study(raw))


def test_a_save_that_fails_leaves_the_old_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = write(tmp_path / "raw")
    study = load_study(raw)
    before = {path.name: path.read_bytes() for path in raw.iterdir()}

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(StudyError, match="No space left"):
        save_study(study, raw)
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_other_frames_of_events_are_written_whole(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    study = load_study(write(tmp_path / "raw"))
    other = Study(name="x", participants=study.participants, events=pyarrow.table(study.events.to_dict("list")))
    pd.testing.assert_frame_equal(load_study(save_study(other, tmp_path / "saved")).events, study.events)
