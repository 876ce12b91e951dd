"""The command line on small studies: it ends well, or says in one sentence what is wrong, and writes nothing then."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from written import personakit

from personakit.cli import read_sizes
from personakit.errors import StudyError
from personakit.run import analyse_study
from personakit.samples import make_sample


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


def test_cards_and_maps_of_a_study_in_french(tmp_path, monkeypatch):
    monkeypatch.setitem(analyse_study.__kwdefaults__, "k", [3])  # other sizes are searched by test_run
    folder = make_sample("lunettes", tmp_path / "lunettes", seed=3, participants=300)
    asked = ("--candidate", "latent_class-3", "--language", "fr", "--formats", "html,pptx,md")
    done = personakit("cards", folder, "--out", "cards", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "cards").iterdir()}
    assert names == {"P1.html", "P2.html", "P3.html", "cards.pptx", "P1.md", "P2.md", "P3.md", "manifest.json"}
    assert "Objectifs" in (tmp_path / "cards" / "P1.md").read_text(encoding="utf-8")
    # the team's own hypotheses lie beside the study
    register = folder / "hypotheses.toml"
    register.write_text('[[hypothesis]]\nid = "a"\nchange = "Dire le total dès le panier."\nstage = "purchas"\n'
                        'kpi = "experience"\nexpected = 0.1\n', encoding="utf-8")
    assert_one_sentence(personakit("map", folder, "--out", "maps", *asked, cwd=tmp_path), "Did you mean 'purchase'")
    register.write_text(register.read_text(encoding="utf-8").replace("purchas", "purchase"), encoding="utf-8")
    done = personakit("map", folder, "--out", "maps", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Dire le total dès le panier." in (tmp_path / "maps" / "all.html").read_text(encoding="utf-8")
    assert {"all.html", "P1.html", "all.pptx"} <= {path.name for path in (tmp_path / "maps").iterdir()}
    assert done.stdout.splitlines()[0] == "maps/all.html"


def test_unknown_sample(tmp_path):
    assert_one_sentence(personakit("sample", "lunette", "x", cwd=tmp_path), "Did you mean 'lunettes'")


def test_sizes():
    assert read_sizes("2-8") == (2, 3, 4, 5, 6, 7, 8)
    for wrong in ("1-3", "8-2", "two", ""):
        with pytest.raises(StudyError, match="--k"):
            read_sizes(wrong)


# ---------------------------------------------------------------- waves
def answers_of(seed, prefix, share, n=90):
    """Two kinds of people on five items; ``share`` of the first."""
    rng = np.random.default_rng(seed)
    kind = np.where((rng.random(n) < share)[:, None], [5, 5, 2, 2, 6], [2, 2, 5, 5, 3])
    values = np.clip(np.round(kind + rng.normal(0, 0.8, (n, 5))), 1, 7).astype(int)
    rows = [f"{prefix}{one},{','.join(map(str, row))}" for one, row in enumerate(values)]
    return "\n".join(["participant_id,q0,q1,q2,q3,q4", *rows]) + "\n"


@pytest.fixture(scope="module")
def two_waves(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves")
    (folder / "study.toml").write_text(
        'name = "Survey"\nlanguage = "fr"\n[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\n'
        '[[wave]]\nname = "2026"\nanswers = "later.csv"\n[[wave]]\nname = "other"\nanswers = "other.csv"\n')
    (folder / "answers.csv").write_text(answers_of(1, "a", 0.5))
    (folder / "later.csv").write_text(answers_of(2, "b", 0.97).replace("q4\n", "q4,q9\n", 1).replace("\nb", ",1\nb").replace(
        "q9,1\n", "q9\n").rstrip("\n") + ",1\n")
    (folder / "other.csv").write_text(answers_of(3, "c", 0.5).replace("q3", "q_new"))
    return folder


def test_two_waves_of_one_folder_are_compared_twice_alike(two_waves, tmp_path):
    asked = ["compare", str(two_waves), str(two_waves), "--new-wave", "2026", "--k", "2", "--out"]
    elsewhere = [sys.executable, "-c", "from personakit.cli import main; main()", *asked, "again"]
    for done in (personakit(*asked, "one", cwd=tmp_path),
                 subprocess.run(elsewhere, cwd=tmp_path, capture_output=True, text=True, check=False)):
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0].startswith("À refaire")
        assert done.stdout.strip().endswith("index.html")
    one, again = ({path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*")
                   if path.is_file()} for out in ("one", "again"))
    assert one == again
    page = (tmp_path / "one" / "index.html").read_text(encoding="utf-8")
    assert "Survey et Survey (2026)" in page
    unshared = (tmp_path / "one" / "tables" / "unshared_names.csv").read_text(encoding="utf-8")
    assert unshared == "table,name,wave\nanswers,q9,new\n"
    # a few of the second kind are left: it is said without their number, or the one that would give it away
    assert "trop peu de membres" in page
    assert "a grandi" not in page
    later = [row.split(",")[1:] for row in answers_of(2, "b", 0.97).splitlines()[1:]]
    few = sum(int(row[0]) + int(row[1]) < int(row[2]) + int(row[3]) for row in later)
    assert 1 <= few < 5
    assert f"{few} sur 90" not in page
    assert f"{90 - few} sur 90" not in page


def test_waves_with_other_items_are_told_which(two_waves, tmp_path):
    done = personakit("compare", two_waves, two_waves, "--new-wave", "other", "--k", "2", "--out", "out", cwd=tmp_path)
    assert_one_sentence(done, "1 of the 5 features", "q3", "map the names")
    assert not (tmp_path / "out").exists()


def test_an_unknown_wave_is_one_sentence(two_waves, tmp_path):
    done = personakit("compare", two_waves, two_waves, "--new-wave", "2027", "--out", "out", cwd=tmp_path)
    assert_one_sentence(done, "wave", "2027", "Did you mean '2026'")
