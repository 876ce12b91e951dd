"""The words for a trait in each language, short enough for a name."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from personakit.schema import LANGUAGES
from personakit.wording import canonical, feature_label, say_key, term, typeset

#: the longest text of the study's own in a name
MOST_LETTERS_OF_LABEL = 26
#: themes in the order of a name; a name takes one piece of each. What is not listed comes first.
THEMES = {
    "answer": (), "channel": ("channel_share",), "device": ("device_share",), "touchpoint": ("touchpoint_share",),
    "event": ("event_share",),
    "stage": ("stage_share",), "content": ("content_share",), "said": ("code", "code_share"),
    "activity": ("events_per_30d", "sessions_per_30d", "active_days_per_30d", "gap_days"),
    "depth": ("events_per_session",), "hour": ("evening_share",), "day": ("weekend_share",), "money": ("value_per_30d",),
}
THEME_OF = {family: theme for theme, families in THEMES.items() for family in families}
SPELLED_OUT = {f"content_share:{kind}" for kind in ("orient", "inform", "help", "reassure", "reward")}
#: language -> words
Said = Mapping[str, str]


@functools.cache
def say_feature(name: str, level: str, kind: str, high: bool, label: object = "") -> Said:
    """Say that a feature, or a level of one, is high or low; ``label`` is the study's own name for it.

    Examples
    --------
    >>> dict(say_feature("evening_share", "", "share", True)), dict(say_feature("region", "north", "nominal", False))
    ({'fr': 'le soir', 'en': 'evenings'}, {'fr': 'peu region\u202f: north', 'en': 'rarely region: north'})
    """
    side = "high" if high else "low"
    return {language: _feature(name, level, kind, side, label, language) for language in LANGUAGES}


@functools.cache
def say_code(code: str) -> Said:
    """Say that people speak of something."""
    return {language: say_key("personas.high_code", language, what=_readable(code)) for language in LANGUAGES}


def join_pieces(pieces: Sequence[Said]) -> Said:
    """Put pieces together into a name."""
    texts = {language: ", ".join(said[language] for said in pieces) for language in LANGUAGES}
    return {language: typeset(text[:1].upper() + text[1:], language) for language, text in texts.items()}


def say_nothing() -> Said:
    """Say that nothing sets people apart."""
    return {language: say_key("personas.nothing", language) for language in LANGUAGES}


def say_numbered(said: Said, persona: str) -> Said:
    """Add the number of the persona, where a name is taken."""
    return {language: say_key("personas.numbered", language, label=text, persona=persona) for language, text in said.items()}


def _feature(name: str, level: str, kind: str, side: str, label: object, language: str) -> str:
    family, _, part = name.partition(":")
    if side == "high" and f"{family}:{canonical(part)}" in SPELLED_OUT:
        return say_key(f"personas.{side}_{family}_{canonical(part)}", language)
    if THEME_OF.get(family) == "said":
        return say_key(f"personas.{side}_code", language, what=_readable(part))
    if family in THEME_OF:
        return say_key(f"personas.{side}_{family}", language, level=part)
    what = _readable(feature_label(name, language, label))
    if level:
        return say_key(f"personas.{side}_level", language, what=what, level=term(level, language))
    return say_key(f"personas.{side}_{'binary' if kind == 'binary' else 'number'}", language, what=what)


def _readable(text: str) -> str:
    text = text.replace("_", " ").strip()
    if len(text) <= MOST_LETTERS_OF_LABEL:
        return text
    return text[:MOST_LETTERS_OF_LABEL].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
