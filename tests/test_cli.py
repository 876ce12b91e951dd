"""The command line on small studies: it ends well, or says in one sentence what is wrong, and writes nothing then."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from personakit.cli import read_sizes
from personakit.errors import StudyError
from personakit.samples import make_sample


def personakit(*arguments, cwd):
    return subprocess.run([sys.executable, "-c", "from personakit.cli import main; main()", *map(str, arguments)],
                          cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def small_study(tmp_path_factory):
    """A survey of 3 people: too few for anything."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "study.toml").write_text(
        'name = "Three"\n[participants]\nfile = "people.csv"\ncolumns = []\n[answers]\nfile = "people.csv"\n')
    (folder / "people.csv").write_text("participant_id,plans,price\na,1,0\nb,0,1\nc,1,1\n")
    return folder


def assert_one_sentence(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_three_participants_are_too_few(small_study, tmp_path):
    done = personakit("run", small_study, "--out", tmp_path / "out", cwd=tmp_path)
    assert_one_sentence(done, "3 participants")
    assert not (tmp_path / "out").exists()


def test_missing_study(tmp_path):
    assert_one_sentence(personakit("run", "nowhere", "--out", "out", cwd=tmp_path), "nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("toml", "words"), [
    ('name = "x"\nlangauge = "fr"\n', ["langauge", "Did you mean 'language'"]),
    ('name = "x"\nlanguage = "de"\n[participants]\nfile = "people.csv"\n', ["language", "de"]),
    ('name = "x"\n[participants]\nfile = "gone.csv"\n', ["gone.csv"]),
    ('name = "x"\n[participants]\nfile = "people.csv"\nparticipant_id = "who"\n', ["who"]),
    ('name = "x\n', ["study.toml"]),
])
def test_a_wrong_study_toml_is_one_sentence(small_study, tmp_path, toml, words):
    study = shutil.copytree(small_study, tmp_path / "study")
    (study / "study.toml").write_text(toml)
    assert_one_sentence(personakit("check", study, cwd=tmp_path), *words)


def test_unknown_format_stops_before_the_work(small_study, tmp_path):
    done = personakit("run", small_study, "--out", "out", "--formats", "htlm", cwd=tmp_path)
    assert_one_sentence(done, "htlm", "html")


@pytest.mark.parametrize("command", ["cards", "map"])
def test_cards_and_map_stop_before_the_work(small_study, tmp_path, command):
    done = personakit(command, small_study, "--out", "out", "--formats", "html,ptx", cwd=tmp_path)
    assert_one_sentence(done, "ptx", "pptx")
    done = personakit(command, small_study, "--out", "out", "--theme", "gray", cwd=tmp_path)
    assert_one_sentence(done, "Did you mean 'grey'")
    assert not (tmp_path / "out").exists()


def test_cards_and_maps_of_a_study_in_french(tmp_path):
    folder = make_sample("lunettes", tmp_path / "lunettes", seed=3, participants=300)
    asked = ("--candidate", "latent_class-3", "--language", "fr", "--formats", "html,pptx,md")
    done = personakit("cards", folder, "--out", "cards", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "cards").iterdir()}
    assert names == {"P1.html", "P2.html", "P3.html", "cards.pptx", "P1.md", "P2.md", "P3.md", "manifest.json"}
    assert "Objectifs" in (tmp_path / "cards" / "P1.md").read_text(encoding="utf-8")
    done = personakit("map", folder, "--out", "maps", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"all.html", "P1.html", "all.pptx"} <= {path.name for path in (tmp_path / "maps").iterdir()}
    assert done.stdout.splitlines()[0] == "maps/all.html"


def test_unknown_sample(tmp_path):
    assert_one_sentence(personakit("sample", "lunette", "x", cwd=tmp_path), "Did you mean 'lunettes'")


def test_sizes():
    assert read_sizes("2-8") == (2, 3, 4, 5, 6, 7, 8)
    for wrong in ("1-3", "8-2", "two", ""):
        with pytest.raises(StudyError, match="--k"):
            read_sizes(wrong)
