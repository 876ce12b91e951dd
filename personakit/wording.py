"""Every fixed word, number, share and date in French and English, with their typography.

Strings live in ``strings/<area>.toml``: one ``[key]`` with ``fr`` and ``en`` (and ``fr_one`` / ``en_one`` where ``n`` is
one), used as ``area.key``. ``strings/words.toml`` holds the vocabulary: stages, kinds, teams, channels.
"""

from __future__ import annotations

import functools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import pandas as pd

from personakit.errors import StudyError, unknown_name
from personakit.frozen import Sentence
from personakit.schema import LANGUAGES

THIN = "\u202f"  # narrow no-break space
MINUS = "\u2212"
UNKNOWN = "\u2013"
MONTHS = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"),
}


@functools.cache
def _area(area: str) -> Mapping[str, Mapping[str, str]]:
    file = resources.files("personakit") / "strings" / f"{area}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def say(sentence: Sentence, language: str) -> str:
    """Say a sentence in a language.

    Fields of a string take these specs: ``{x:share}`` 0.12 as 12 %, ``{x:points}`` 0.12 as +12 points, ``{x:n}`` a whole
    number, ``{x:1}`` one decimal, ``{x:term}`` a vocabulary id, ``{x:feature}`` the name of a feature. Lists are joined
    with "and". Raises ``StudyError`` for an unknown language.

    Examples
    --------
    >>> say_key("words.share_of", "en", share=0.124, what="web")
    '12% web'
    """
    return say_key(sentence.key, language, **sentence.values)


def say_key(key: str, language: str, **values: object) -> str:
    """Say the string ``area.key`` with these values; as ``say``."""
    check_language(language)
    area, _, name = key.partition(".")
    entry = _area(area)[name]
    template = entry[language]
    count = values.get("n")
    singular = isinstance(count, (int, np.integer)) and (count == 1 or (language == "fr" and count == 0))
    if singular and f"{language}_one" in entry:
        template = entry[f"{language}_one"]
    return typeset(template, language).format(**{name: _Said(value, language) for name, value in values.items()})


def check_language(language: str) -> str:
    """Return the language, or raise ``StudyError`` naming those that are allowed."""
    if language not in LANGUAGES:
        raise StudyError(unknown_name("language", language, LANGUAGES))
    return language


@dataclass(frozen=True)
class _Said:
    """A value that formats itself in a language: ``str.format`` calls ``__format__`` with the spec."""

    value: object
    language: str

    def __format__(self, spec: str) -> str:
        value, language = self.value, self.language
        if isinstance(value, (list, tuple)):
            return join([f"{_Said(one, language):{spec}}" for one in value], language)
        if isinstance(value, Sentence):
            return say(value, language)
        if spec == "term":
            return term(str(value), language)
        if spec == "feature":
            return feature_label(str(value), language)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            return str(value)
        value = float(value)
        if spec == "share":
            return share(value, language)
        if spec == "points":
            return points(value, language)
        digits = 0 if spec == "n" else int(spec) if spec.isdigit() else None
        return number(value, language, digits)


def join(words: list[str], language: str) -> str:
    """Join words as a sentence does: ``a, b and c``.

    Examples
    --------
    >>> join(["web", "app", "shop"], "en")
    'web, app and shop'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {'et' if language == 'fr' else 'and'} {words[-1]}"


def number(value: float, language: str, digits: int | None = None) -> str:
    """Write a number: ``1 234,5`` or ``1,234.5``. ``digits=None`` shows about three significant digits.

    Examples
    --------
    >>> number(1234.5, "en"), number(-0.5, "en", digits=1), number(float("nan"), "fr")
    ('1,234', '−0.5', '–')
    """
    value = float(value)
    if not math.isfinite(value):
        return UNKNOWN
    if digits is None:
        size = abs(value)
        digits = 0 if value == int(value) or size >= 100 else 1 if size >= 10 else 2
    text = f"{abs(value):,.{digits}f}"
    sign = MINUS if value < 0 and float(text.replace(",", "")) else ""
    if language == "fr":
        text = text.replace(",", THIN).replace(".", ",")
    return sign + text


def share(value: float, language: str, digits: int = 0) -> str:
    """Write a share of one as a percentage: ``12 %`` or ``12%``."""
    text = number(float(value) * 100, language, digits)
    return text if text == UNKNOWN else text + (f"{THIN}%" if language == "fr" else "%")


def points(value: float, language: str) -> str:
    """Write a difference of two shares in percentage points: ``+12 points``."""
    text = number(float(value) * 100, language, 0)
    return text if text == UNKNOWN else ("" if text.startswith(MINUS) else "+") + f"{text} points"


def date(time_us: int, language: str, timezone: str = "UTC") -> str:
    """Write a day: ``3 mars 2026`` or ``3 March 2026`` (``time_us``: UTC microseconds)."""
    day = pd.Timestamp(int(time_us), unit="us", tz="UTC").tz_convert(timezone)
    return f"{'1er' if language == 'fr' and day.day == 1 else day.day} {MONTHS[language][day.month - 1]} {day.year}"


def typeset(text: str, language: str) -> str:
    """Give a text the typography of its language: French narrow spaces before ``; : ! ? %`` and inside guillemets."""
    text = text.replace("'", "\u2019")
    if language != "fr":
        return text
    return re.sub(r"«\s*", f"«{THIN}", re.sub(r"[ \u00a0]([;:!?%»])", rf"{THIN}\1", text))


@functools.cache
def _known_words() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for word, entry in _area("words").items():
        for one in (word, entry["fr"], entry["en"], *entry.get("also", ())):
            known.setdefault(_plain(one), word)
    return known


def _plain(word: str) -> str:
    return word.strip().casefold().replace("\u2019", "'").replace("_", " ")


def canonical(word: str) -> str:
    """Return the vocabulary id of a word written in either language; an unknown word comes back as it is.

    Examples
    --------
    >>> canonical("Décision d'achat"), canonical("rassurer"), canonical("kiosk")
    ('purchase', 'reassure', 'kiosk')
    """
    return _known_words().get(_plain(word), word)


def term(word: str, language: str) -> str:
    """Return the words for a vocabulary id in a language; an unknown word comes back as it is."""
    entry = _area("words").get(canonical(word))
    return entry[language].replace("'", "\u2019") if entry else word


def feature_label(feature: str, language: str, label: object = "") -> str:
    """Name a feature for people: the study's own label where there is one, else our words, else the feature's name."""
    if isinstance(label, str) and label:
        return label
    name, _, level = feature.partition(":")
    if name == "code":
        return level
    if name in _area("features"):
        said = level if name.startswith("event_") else term(level, language)
        return say_key(f"features.{name}", language, level=said).strip()
    return feature
