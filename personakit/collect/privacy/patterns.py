"""What names a person in writing: e-mail addresses, phone numbers, account numbers ... each a pattern and, where it has a
check digit, a check of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

_GAP = r"[ \u00a0\u202f]"
_S = r"[ .\-\u00a0\u202f]"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w'’-]*"
#: numbers as they are dialled in France, Switzerland, Belgium, Great Britain and North America
_DIALLED = "|".join((
    rf"(?:0[1-9]|\(0[1-9]\))(?P<fr>{_S}?)\d\d(?:(?P=fr)\d\d){{3}}", rf"0[1-9]{_S}?\d{{8}}",
    rf"0\d\d[ ./]?\d{{3}}(?P<ch>{_S}?)\d\d(?P=ch)\d\d",
    rf"04\d\d[ ./]?\d\d(?P<be>{_S}?)\d\d(?P=be)\d\d", rf"04\d\d[ ./]\d{{3}}{_S}\d{{3}}",
    rf"0\d\d?[ ./]\d{{2,3}}{_S}\d\d{_S}\d\d",
    r"\(?0\d{4}\)? ?\d{3} ?\d{3}", r"\(?0\d{3}\)? \d{3} \d{4}", r"\(?0\d\d\)? \d{4} \d{4}",
    r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-.]\d{4}",
))
_ABROAD = r"(?:\+|00)[1-9]\d{0,2}(?:[ .\-/\u00a0\u202f]?\(?\d{1,4}\)?){2,6}"
_STREETS = (r"(?:rue|avenue|av\.|boulevard|bd|bld|place|pl\.|chemin|ch\.|impasse|all[ée]e|quai|route|square|passage|cours|"
            r"faubourg|ruelle)")
_OF = rf"(?:(?:de la|de l['’]|de|du|des|d['’]|l['’]|la|le|les){_GAP}*){{0,2}}"
_ROADS = r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Close|Court|Square|Terrace|Crescent|Boulevard|Blvd)"
_TOWN = (rf"(?!(?:Euros?|Francs?|EUR|CHF|Personnes?|People|Dollars?)\b)(?:(?:Le|La|Les|L['’]|Ste?|Sainte?)[ -]?)?{_WORD}"
         rf"(?:{_GAP}+(?:sur|sous|en|lès|les|le|la|de|du){_GAP}+{_WORD})?(?:{_GAP}+(?i:cedex)(?:{_GAP}\d\d?)?)?")
#: "M" without its point may be a size
_TITLES = (r"(?:MM?\.|(?<!taille )(?<!en )(?<![&'’])M|Mmes?\.?|Mlles?\.?|[Mm](?:onsieur|adame|ademoiselle)|Ma[îi]tre|Mr\.?|"
           r"Mrs\.?|Ms\.?|Miss|Dr\.?|[Dd]octeure?|Doctor|Pr\.?|Prof\.?|Professeure?|Professor|"
           r"[Jj]e m['’]appelle|[Mm]on nom est|[Mm]y name is)")
_AT = rf"(?:@|%40|{_GAP}@{_GAP}|{_GAP}?[(\[](?:at|a)[)\]]{_GAP}?|{_GAP}arobase{_GAP})"
_DOT = rf"(?:\.|{_GAP}?[(\[](?:dot|point)[)\]]{_GAP}?|{_GAP}point{_GAP})"

#: kind -> pattern; where it has a group ``it``, that part is meant. Where two fit, the first has the place.
PATTERNS: dict[str, re.Pattern[str]] = {kind: re.compile(pattern) for kind, pattern in {
    "email": rf"(?<![\w.+'-])(?:[\w.+'-]+{_GAP}point{_GAP}){{0,3}}[\w.+'-]+{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}[^\W\d_]{{2,}}",
    "url": r"""(?<!\w)(?:https?://|www\.)[^\s<>"«»]*[^\s<>"«».,;:!?)\]'’]""",
    "iban": rf"(?<!\w)[A-Za-z]{{2}}\d\d(?:{_GAP}?[A-Za-z0-9]){{11,30}}(?!\w)",
    "national_id": rf"(?<!\d)(?:[1-478]{_S}?\d\d{_S}?\d\d{_S}?\d[\dABab]{_S}?\d{{3}}{_S}?\d{{3}}{_S}?\d\d|"
                   rf"756{_S}?\d{{4}}{_S}?\d{{4}}{_S}?\d\d)(?!\d)",
    "card": rf"(?<![\d.,])[2-6](?:{_S}?\d){{12,18}}(?!\d)",
    "ip": r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])",
    # a slash may part two numbers; else it is of an address or a date
    "phone": rf"(?<![\w+.,-])(?<!(?<!\d\d)/)(?:{_DIALLED}|{_ABROAD})(?!\w|/(?!\(?0[1-9]|\+)|[.,-]\d)",
    "postal_address": rf"(?<!\w)\d{{1,4}}(?:{_GAP}?(?:bis|ter))?,?{_GAP}+(?i:{_STREETS}){_GAP}+{_OF}{_WORD}"
                      rf"(?:{_GAP}+{_OF}{_WORD})*|"
                      rf"(?<!\w)\d{{1,5}}{_GAP}+(?:{_WORD}{_GAP}+){{1,3}}{_ROADS}(?!\w)",
    "postcode": rf"(?<![\w.,])(?:F-)?(?:0[1-9]|[1-8]\d|9[0-8])\d{{3}},?{_GAP}+{_TOWN}|"
                rf"(?:(?<!\w)CH[- ]|(?<=, )|(?<![\w.,])(?!19|20))[1-9]\d{{3}}{_GAP}+{_TOWN}",
    "name": rf"(?<!\w){_TITLES}{_GAP}+(?P<it>(?:(?:de la|de|du|des|le|la|van der|van|von){_GAP}+)?{_WORD}"
            rf"(?:(?:{_GAP}+|-)(?:(?:de la|de|du|des|le|la|van der|van|von){_GAP}+)?{_WORD})*)",
}.items()}
_LAST = re.compile(r"(?:^|[ .\-\u00a0\u202f]+)[^ .\-\u00a0\u202f]*$")
#: kinds whose numbers carry check digits, which python-stdnum knows
CHECKED = ("iban", "national_id", "card")


def find_all(text: str, kind: str) -> Iterator[tuple[int, int]]:
    """Yield the places (start, end) in a text that hold one of a kind. Raises ``ImportError`` where a check is missing."""
    pattern, at = PATTERNS[kind], 0
    while match := pattern.search(text, at):
        start, end = match.span("it") if "it" in pattern.groupindex else match.span()
        while end > start and not is_valid(text[start:end], kind):  # what follows a number may look like more of it
            end = start + _LAST.search(text[start:end]).start()  # type: ignore[union-attr]
        if end > start:
            yield start, end
        at = max(end, match.start() + 1)


def is_one(text: str, kind: str) -> bool:
    """Tell whether a text is one of a kind and nothing else.

    Examples
    --------
    >>> is_one("06 12 34 56 78", "phone"), is_one("01.02.2024", "phone"), is_one("999.1.1.1", "ip")
    (True, False, False)
    """
    return PATTERNS[kind].fullmatch(text) is not None and is_valid(text, kind)


def is_valid(text: str, kind: str) -> bool:
    """Check what a pattern cannot: the digits of a number. Raises ``ImportError`` without python-stdnum."""
    if kind == "phone":
        return 9 <= sum(one.isdigit() for one in text) <= 15
    if kind == "ip":
        return _is_ip(text)
    if kind not in CHECKED:
        return True
    plain = re.sub(_S, "", text)
    if kind == "iban":
        from stdnum import iban

        return bool(iban.is_valid(plain, check_country=False))  # banks come and go
    if kind == "card":
        from stdnum import luhn

        return 13 <= len(plain) <= 19 and len(set(plain)) > 1 and bool(luhn.is_valid(plain))
    from stdnum.ch import ssn
    from stdnum.fr import nir

    return bool(nir.is_valid(plain) or ssn.is_valid(plain))


def _is_ip(text: str) -> bool:
    try:
        return len(text) > 5 and bool(ipaddress.ip_address(text))
    except ValueError:
        return False
