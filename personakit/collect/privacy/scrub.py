"""Quotes without what names people: patterns and a list of words, replaced by what they were, listed for review."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pandas as pd

from personakit.collect.privacy.patterns import PATTERNS, find_all
from personakit.errors import StudyError, unknown_name
from personakit.frozen import freeze, show, show_html
from personakit.schema import LANGUAGES, PARTICIPANT, QUOTE
from personakit.wording import check_language, say_key

DENY = "deny"
REVIEW_COLUMNS = (PARTICIPANT, "row", "kind", "found")
Found = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scrubbed:
    """Codes with scrubbed quotes, and what was taken out of them.

    ``codes``: as given, but for the quotes. ``review``: one row a replacement (participant_id, row of codes, kind, found:
    the very words). It is for the researcher alone; no export writes it.
    """

    codes: pd.DataFrame
    review: pd.DataFrame

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        facts = {"codes": len(self.codes), "quotes changed": self.review["row"].nunique(), "replacements": len(self.review)}
        return show("Scrubbed", facts, "read scrubbed.review, then the quotes")

    _repr_html_ = show_html


def scrub_quotes(codes: pd.DataFrame, *, deny: Iterable[str] = (), language: str = "fr") -> Scrubbed:
    """Replace what names people in quotes: e-mail and web addresses, phone and account numbers, addresses, names.

    Use it before quotes leave the team, and then read them: it finds what is written like an e-mail address, a link, an
    IBAN, a card, a French or Swiss insurance number (their check digits by python-stdnum), an IP address, a phone number of
    France, Switzerland, Belgium, Great Britain or North America, a street, a postcode with its town, and a name after a
    title (Mme Durand) or an introduction (je m'appelle ...). It misses most names, for they look like other words, and all
    that is told without them (the only dentist of the village): list the names you know in ``deny``.
    Scrubbing twice changes nothing.

    Parameters
    ----------
    codes
        A table with quotes, such as ``study.codes``.
    deny
        Words or phrases to take out wherever they stand as whole words; accents and capitals do not matter.
    language
        Of the placeholders that stand in their place: ``fr`` ([nom], [téléphone]) or ``en`` ([name], [phone]).

    Returns
    -------
    Scrubbed
        ``codes`` with the same rows and columns; ``start`` and ``end`` still say where the passage stands in its source,
        which keeps the words. ``review``: participant_id, row (index of codes), kind, found (what was replaced: sensitive).

    Raises
    ------
    StudyError
        There are no quotes, the language is unknown, or python-stdnum is not installed.

    Examples
    --------
    >>> codes = pd.DataFrame({"participant_id": ["p1"], "quote": ["Mme Durand m'a rappelée au 06 12 34 56 78."]})
    >>> scrubbed = scrub_quotes(codes)
    >>> scrubbed.codes["quote"].tolist(), scrubbed.review["kind"].tolist()
    (["Mme [nom] m'a rappelée au [téléphone]."], ['phone', 'name'])
    """
    check_language(language)
    if QUOTE not in codes.columns:
        raise StudyError(unknown_name("codes: column", QUOTE, [str(one) for one in codes.columns]))
    _need_stdnum()
    denied = _denied([deny] if isinstance(deny, str) else deny)
    known: dict[str, tuple[str, Found]] = {}
    quotes, rows = [], []
    people = codes[PARTICIPANT] if PARTICIPANT in codes.columns else pd.Series("", index=codes.index)
    for row, person, quote in zip(codes.index, people, codes[QUOTE], strict=True):
        if isinstance(quote, str) and quote not in known:
            known[quote] = _scrub(quote, denied, language)
        text, found = known[quote] if isinstance(quote, str) else (quote, [])
        quotes.append(text)
        rows += [(person, row, kind, words) for kind, words in found]
    review = pd.DataFrame(rows, columns=list(REVIEW_COLUMNS)).astype({"kind": "str", "found": "str"})
    done = pd.Series(quotes, index=codes.index, dtype=codes[QUOTE].dtype)
    return Scrubbed(codes=codes.assign(**{QUOTE: done}), review=review)


def _need_stdnum() -> None:
    try:
        import stdnum  # noqa: F401
    except ImportError:
        raise StudyError("scrub_quotes: python-stdnum is not installed, and without it account and insurance numbers cannot "
                         "be told from other numbers. Install it: pip install python-stdnum") from None


def _scrub(text: str, denied: re.Pattern[str] | None, language: str) -> tuple[str, Found]:
    """Replace until nothing is left to replace; a placeholder is never looked into."""
    found: Found = []
    while True:
        parts = _placeholders().split(text)
        done = [part if place % 2 else _replace(part, denied, language, found) for place, part in enumerate(parts)]
        if done == parts:
            return text, found
        text = "".join(done)


def _replace(text: str, denied: re.Pattern[str] | None, language: str, found: Found) -> str:
    taken: list[tuple[int, int, str]] = []
    for kind in (*PATTERNS, DENY):
        for start, end in _places(text, kind, denied):
            if all(end <= one or start >= other for one, other, _ in taken):
                taken.append((start, end, kind))
                found.append((kind, text[start:end]))
    for start, end, kind in sorted(taken, reverse=True):
        text = text[:start] + say_key(f"privacy.placeholder_{kind}", language) + text[end:]
    return text


def _places(text: str, kind: str, denied: re.Pattern[str] | None) -> Iterable[tuple[int, int]]:
    if kind != DENY:
        yield from find_all(text, kind)
    elif denied is not None:
        plain, places = _fold(text)
        for match in denied.finditer(plain):
            end = places[match.end() - 1] + 1
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1
            yield places[match.start()], end


@cache
def _placeholders() -> re.Pattern[str]:
    every = {say_key(f"privacy.placeholder_{kind}", language) for kind in (*PATTERNS, DENY) for language in LANGUAGES}
    return re.compile(f"({'|'.join(re.escape(one) for one in sorted(every))})")


def _denied(words: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for these words in folded text, the longest first."""
    plain = sorted({r"\s+".join(re.escape(part) for part in _fold(word)[0].split()) for word in words} - {""},
                   key=lambda one: (-len(one), one))
    return re.compile(rf"(?<!\w)(?:{'|'.join(plain)})(?!\w)") if plain else None


def _fold(text: str) -> tuple[str, list[int]]:
    """Return a text without accents and capitals, and the place that each of its characters came from."""
    letters, places = [], []
    for place, letter in enumerate(text):
        for one in unicodedata.normalize("NFKD", letter).casefold().replace("’", "'"):
            if not unicodedata.combining(one):
                letters.append(one)
                places.append(place)
    return "".join(letters), places
