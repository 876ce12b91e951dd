"""Words, numbers and typography in both languages."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit import wording
from personakit.errors import StudyError
from personakit.frozen import Sentence

STRINGS = sorted((Path(wording.__file__).parent / "strings").glob("*.toml"))


@pytest.mark.parametrize("path", STRINGS, ids=lambda path: path.stem)
def test_every_string_exists_in_both_languages_with_the_same_fields(path):
    for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert entry["fr"].strip(), key
        assert entry["en"].strip(), key
        fields = {language: {name for _, name, _, _ in string.Formatter().parse(entry[language]) if name}
                  for language in ("fr", "en")}
        assert fields["fr"] == fields["en"], key
        assert ("fr_one" in entry) == ("en_one" in entry), key


def test_every_key_used_in_the_code_exists():
    package = Path(wording.__file__).parent
    areas = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in STRINGS}
    used = 0
    for path in package.rglob("*.py"):
        for area, name in re.findall(r'"([a-z]+)\.([a-z_0-9]+)"', path.read_text(encoding="utf-8")):
            if area in areas and name not in ("toml", "html"):
                used += 1
                assert name in areas[area], f"{path.name}: {area}.{name}"
    assert used


def test_numbers_and_shares():
    assert wording.number(1234567.0, "fr") == "1\u202f234\u202f567"
    assert wording.number(3.14159, "fr") == "3,14"
    assert wording.number(-0.001, "en", 1) == "0.0"
    assert wording.share(0.125, "fr") == "12\u202f%"
    assert wording.share(0.125, "en", 1) == "12.5%"
    assert wording.points(-0.1, "en") == "\u221210 points"
    assert wording.share(float("nan"), "en") == "\u2013"


def test_dates():
    assert wording.date(1_772_323_200_000_000, "fr") == "1er mars 2026"
    assert wording.date(1_772_323_200_000_000, "en") == "1 March 2026"
    # one microsecond before midnight in Paris is still February there
    assert wording.date(1_772_319_599_999_999, "en", "Europe/Paris") == "28 February 2026"


def test_french_typography():
    assert wording.typeset("Attention : c'est « bon » !", "fr") == "Attention\u202f: c’est «\u202fbon\u202f»\u202f!"
    assert wording.typeset("at 10:30: fine", "en") == "at 10:30: fine"


def test_words_go_both_ways():
    assert wording.term("purchase", "fr") == "décision d’achat"
    assert wording.term("boutique", "en") == "shop"
    assert wording.canonical("Fidélisation") == "loyalty"
    assert wording.term("ma boîte", "fr") == "ma boîte"


def test_sentences_nest_and_join():
    inner = Sentence(key="words.share_of", values={"share": 0.5, "what": "web"})
    outer = Sentence(key="words.share_of", values={"share": 0.25, "what": inner})
    assert wording.say(outer, "en") == "25% 50% web"
    assert wording.join(["a"], "fr") == "a"
    assert wording.join(["a", "b", "c"], "fr") == "a, b et c"


def test_unknown_language():
    with pytest.raises(StudyError, match="Did you mean 'fr'"):
        wording.say_key("words.share_of", "fra", share=0.1, what="x")


@given(st.text(max_size=60))
def test_typesetting_twice_is_typesetting_once(text):
    for language in ("fr", "en"):
        once = wording.typeset(text, language)
        assert wording.typeset(once, language) == once
