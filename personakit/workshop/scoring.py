"""How near an answer is to what was planted: 1 right, a half for half of it, 0; read as people write, in either language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from personakit.wording import canonical

NOTHING = ("none", "nothing", "aucun", "aucune", "rien", "0", "pas de personas", "no personas")
#: numbers as people write them out, in either language
NUMBERS = {name: number for names in ("one two three four five six seven eight nine ten",
                                      "un deux trois quatre cinq six sept huit neuf dix")
           for number, name in enumerate(names.split(), start=1)}
#: what people write before a word
ARTICLES = r"^(?:from|the|du|de la|de l['’]|de|la|les|le|l['’])\s*\b"
#: words of the paper that are another's, or too loose, in a study
ALSO = {"discovery": "awareness", "site": "web", "site web": "web", "website": "web", "appli": "app", "application": "app",
        "store": "shop", "stores": "shop", "boutiques": "shop", "magasins": "shop"}
BETWEEN = r"\s*(?:->|→|/|,|;|>|\bat\b|\bà\b|\bto\b|\bvers\b)\s*"


def says_nothing(said: str) -> bool:
    """Tell whether an answer says that there is none."""
    return said.strip().casefold() in NOTHING


def word(text: str) -> str:
    """Read one word: a vocabulary id where it is known, without its article, whatever its capitals."""
    plain = text.strip()
    known = canonical(plain)
    heard = (known if known != plain else canonical(re.sub(ARTICLES, "", plain, flags=re.IGNORECASE))).casefold()
    return ALSO.get(heard, heard)


def words(text: str) -> tuple[str, ...]:
    """Read the words of an answer, whatever stands between them: ``du web vers la boutique`` is web, shop."""
    return tuple(word(one) for one in re.split(BETWEEN, text) if one.strip())


def score_count(said: str, planted: int) -> float:
    """Score a number of personas: a half for one more or fewer, nothing half-way where there are none."""
    first = (said.casefold().split() or [""])[0]
    number = 0 if says_nothing(said) else int(first) if first.isdecimal() else NUMBERS.get(first)
    if number is None:
        return 0.0
    return 1.0 if number == planted else 0.5 if planted and number and abs(number - planted) == 1 else 0.0


def score_touchpoint(said: str, planted: Sequence[str], stage_of: Mapping[str, str]) -> float:
    """Score a touchpoint: a half for its stage, or for another touchpoint of it."""
    if says_nothing(said) or not planted:
        return float(says_nothing(said) and not planted)
    if touchpoint_said(said, stage_of) in planted:
        return 1.0
    return 0.5 if stage_said(said, stage_of) in [stage_of[one] for one in planted] else 0.0


def score_pair(said: str, planted: Sequence[Sequence[str]], *, ordered: bool) -> float:
    """Score two words, such as from and to: a half for one of them in its place, or for both the wrong way round."""
    if says_nothing(said) or not planted:
        return float(says_nothing(said) and not planted)
    pair = words(said)
    best = 0.0
    for one in planted:
        wanted = tuple(word(part) for part in one)
        whole = pair == wanted if ordered else sorted(pair) == sorted(wanted)
        half = sorted(pair) == sorted(wanted) or (any(map(str.__eq__, pair, wanted)) if ordered else set(pair) & set(wanted))
        best = max(best, 1.0 if whole else 0.5 if half and len(pair) == len(wanted) else 0.0)
    return best


def touchpoint_said(said: str, stage_of: Mapping[str, str]) -> str:
    """Return the touchpoint that was written, in whole or by words that are in one alone (``rendez-vous``); or nothing."""
    plain = {word(touchpoint): touchpoint for touchpoint in stage_of}
    heard = word(said)
    holding = [touchpoint for one, touchpoint in plain.items() if heard and re.search(rf"\b{re.escape(heard)}\b", one)]
    return plain.get(heard, holding[0] if len(holding) == 1 else "")


def stage_said(said: str, stage_of: Mapping[str, str]) -> str:
    """Return the stage that was written, or that of the touchpoint that was."""
    heard = word(said)
    return heard if heard in stage_of.values() else stage_of.get(touchpoint_said(said, stage_of), heard)
