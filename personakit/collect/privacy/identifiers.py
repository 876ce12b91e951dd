"""Columns that identify people directly: found by their name and by what they hold, then dropped, hashed or kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from personakit.collect.privacy.patterns import CHECKED, PATTERNS, find_all, is_one
from personakit.collect.privacy.pseudonyms import distinct, pseudonym_of, read_key, rename
from personakit.collect.reading.account import noted
from personakit.collect.reading.options import Options, canonical_columns
from personakit.errors import first_five
from personakit.frozen import Sentence
from personakit.readings import Reading
from personakit.schema import PARTICIPANT
from personakit.wording import say_key

#: tables that may hold columns about people
TABLES_OF_PEOPLE = ("participants", "answers", "events", "codes")
#: cells of a column that are looked at, evenly over the column; rows of a log that is not in memory
LOOKED_AT, LOG_ROWS = 5_000, 20_000
#: kind -> share of the filled cells that must be one; what only people type there by mistake is believed sooner
CONTENT = {"email": 0.05, "ip": 0.5, "iban": 0.05, "national_id": 0.05, "card": 0.5, "phone": 0.5, "postal_address": 0.3}
#: cells with an address or a number among other words that make a column one of contacts; letters of each that are read
FEWEST, LETTERS = 2, 2_000
#: an address in a page of a log, written so that every engine reads it; not picture@2x.png
_IN_PAGES = r"[^\s/?&=:;,<>\"'()%@]{1,64}(?:@|%40)(?:[^\W\d][\w-]{0,62}|\d[\w-]{2,62})(?:\.[\w-]{1,63}){0,5}\.[A-Za-z]{2,}"
#: what leads back to the export of a survey
_RECORD = re.compile(r"id|(?:response|reponse|respondent|repondant|record|submission|participant) (?:id|file)(?: file)?")
#: words of a heading that say whose a thing is, or ask for it
_POLITE = """
a account acheteur an and billing buyer client clients complet contact context customer de delivery des domicile du
employee enter est et etudiant facturation facultatif give home indicate indiquer indiquez is l la le les livraison
locataire ma mailing main member membre mes mon my of optional optionnel participant patient perso person personal
personne personnel personnelle please pouvez primary principal principale pro professionnel professionnelle properties
prospect provide q quel quelle quels recipient renseigner renseignez repondant requester required respondent s saisir
saisissez secondary shipping student subscriber the traits un une user utilisateur visiteur visitor vos votre vous
what work your
"""
_BESIDE = frozenset(_POLITE.split())
_PLACE = r"(?:(?:geo|geoip|location|gps|ip|visit|position) )*"
#: kind -> what a heading says when nothing else is left of it
_HEADINGS = {kind: re.compile(pattern) for kind, pattern in {
    "email": r"(?:adresses? |address )?(?:e ?mails?|courriels?|mail|electronique|messagerie)"
             r"(?: ?address(?:es)?| adresse| electronique)?",
    "phone": r"(?:numeros? |num |no? )?(?:telephones?|tel|phones?|mobile|portable|gsm|natel|cell|cellphone|fixe)"
             r"(?: (?:portable|mobile|fixe|phone|numbers?|numero|no|num))*",
    "ip": r"(?:adresse |remote )?(?:ip|ip ?v ?[46]|ip ?addr(?:ess)?|remote addr)(?: ?addr(?:ess)?)?|ip adresse",
    "name": r"(?:first|last|middle|family|given|full|sur|maiden|birth) ?names?|surname|forename|"
            r"(?:pre)?noms?(?: (?:pre)?noms?)*|names?|patronyme|name (?:first|last)|"
            r"nom (?:famille|naissance|usage|jeune fille|prenoms?)",
    "postal_address": r"(?:postal |postale |street )?(?:adresse|address)(?: ?(?:postale|line|ligne|street|complete|rue))?|"
                      r"street|rue|voie",
    "geolocation": rf"{_PLACE}(?:lat|latitude|lon|lng|longitude|lat ?lo?ng?|latitude longitude|coordinates|coordonnees|gps|"
                   rf"geolocation|geolocalisation|geoloc)(?: (?:gps|geographiques))?",
    "national_id": r"nir|ssn|avs|ahv|(?:numero |no? )?(?:securite sociale|secu|avs|ahv|passeport|carte identite)|"
                   r"social security(?: number)?|national (?:id|insurance|identity)(?: number)?|passport(?: number)?",
    "iban": r"iban|rib|bank account(?: number)?|bank number|(?:numero )?compte bancaire|compte iban",
    "card": r"(?:credit|bank|payment|debit) card(?: number)?|card number|(?:numero )?carte (?:bancaire|credit|bleue)|"
            r"numero carte",
}.items()}
_LETTERS = re.compile(r"[^\W\d_][^\d_@/\\:=<>{}|]*")


def find_identifiers(frame: pd.DataFrame) -> pd.DataFrame:
    """List the columns of a table that identify people directly: names, e-mail addresses, phone numbers, places ...

    Use it on any table before you share it; readers apply it to participants, answers, events and codes. A heading counts
    (French or English, or as Qualtrics, SurveyMonkey, LimeSurvey, HubSpot, Shopify and Snowplow write it) where the cells
    do not contradict it: a column "phone" of yes and no is a channel, "product name" names no person. Cells count where
    enough of them are what they look like (python-stdnum checks digits), or a few hold an e-mail address or a phone number
    among other words. It cannot see names in running text, nor that age,
    town and job together point at one person: postcodes, towns and birth dates are not listed.

    Parameters
    ----------
    frame
        Any table. With a participant_id, a bare "name" must not change within a person.

    Returns
    -------
    DataFrame
        One row a column found: column, kind (email, phone, ip, name, postal_address, geolocation, national_id, iban,
        card), why (``content``; ``name``, of the column; ``unchecked``: numbers of that shape, and python-stdnum is not
        installed), share (of the filled cells that hold one; at most 5,000 are looked at), n (filled cells).

    Examples
    --------
    >>> frame = pd.DataFrame({"Courriel": ["a@b.fr"], "product_name": ["Ana"], "Phone": [1], "note": ["+33 6 12 34 56 78"]})
    >>> find_identifiers(frame)[["column", "kind", "why"]].values.tolist()
    [['Courriel', 'email', 'content'], ['note', 'phone', 'content']]
    """
    rows = []
    for place, name in enumerate(frame.columns):
        filled = frame.iloc[:, place].dropna()
        cells = filled.iloc[:: max(1, -(-len(filled) // LOOKED_AT))]
        found = next(_kinds(str(name), cells, frame), None) if len(cells) else None
        if found is not None:
            rows.append((str(name), *found, len(filled)))
    kinds = {"column": "str", "kind": "str", "why": "str", "share": "float64", "n": "int64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def without_identifiers(reading: Reading, options: Options) -> Reading:
    """Drop, hash or keep the columns of a reading that identify people, as its options say, and note which they are.

    Every reader ends with it. Of a log that is not in memory the first 20,000 rows are looked at; e-mail addresses in its
    canonical columns, such as a page, are masked. Where there is a key, for pseudonyms, the numbers that a survey gave its
    responses go too: they lead back to the export.
    """
    reading = _mask_pages(reading, options)
    every = []
    for table in (one for one in TABLES_OF_PEOPLE if one in reading.tables):
        ours = set(canonical_columns(table)) - {PARTICIPANT}
        sample = _sample(reading.tables[table])
        theirs = sample.drop(columns=[name for name in sample.columns if name in ours])
        found = find_identifiers(theirs)
        if table in ("participants", "answers") and (options.key_file or options.key_variable):
            found = pd.concat([found, _find_records(theirs.drop(columns=found["column"]))], ignore_index=True)
        every.append(found[found["column"] != PARTICIPANT])
        sure = every[-1]["why"] != "unchecked"
        reading = _apply(reading, table, list(every[-1].loc[sure, "column"]), options)
    found = pd.concat(every) if every else find_identifiers(pd.DataFrame())
    sure = found["why"] != "unchecked"
    for rule, rows in ((options.identifiers, found[sure]), ("unchecked", found[~sure])):
        reading = _note(reading, rule, rows) if len(rows) else reading
    return reading


def personal_ids(ids: pd.Index) -> pd.Index:
    """Return those ids that are e-mail addresses or, where most are, phone numbers."""
    some = ids[:: max(1, -(-len(ids) // LOOKED_AT))]
    dialled = len(some) > 0 and sum(is_one(one, "phone") for one in some) >= CONTENT["phone"] * len(some)
    return ids[[("@" in one) or (dialled and is_one(one, "phone")) for one in ids]]


def _apply(reading: Reading, table: str, names: list[str], options: Options) -> Reading:
    tables = dict(reading.tables)
    if not names or options.identifiers == "keep":
        return reading
    if options.identifiers == "drop":
        tables[table] = nw.from_native(tables[table]).drop(names).to_native()
        if "codebook" in tables:
            tables["codebook"] = tables["codebook"][~tables["codebook"]["variable"].isin(names)]
        return Reading(tables=tables, report=reading.report)
    key = read_key(key_file=options.key_file, key_variable=options.key_variable)
    for name in names:
        hidden = {one: pseudonym_of(one.strip().casefold(), key, purpose="identifier")
                  for one in distinct(tables[table], name)}
        tables[table] = rename(tables[table], name, hidden)
    return Reading(tables=tables, report=reading.report)


def _mask_pages(reading: Reading, options: Options) -> Reading:
    """Put [email] in the place of e-mail addresses in the canonical columns of a log, and note which columns had some."""
    frame = reading.tables.get("events")
    if frame is None:
        return reading
    schema = nw.from_native(frame).collect_schema()
    texts = [name for name in canonical_columns("events") if name != PARTICIPANT and schema.get(name) == nw.String]
    masked, held = _masked(frame, texts) if texts else (frame, [])
    if not held:
        return reading
    if options.identifiers == "keep":
        return _note(reading, "keep", pd.DataFrame({"column": held, "kind": "email"}))
    reading = Reading(tables={**reading.tables, "events": masked}, report=reading.report)
    return noted(reading, "privacy.addresses_masked", n=len(held), first=first_five(held))


def _masked(frame: Any, names: list[str]) -> tuple[Any, list[str]]:
    """Return a log without the addresses in some of its columns, and which of them had any."""
    mask = say_key("privacy.placeholder_email", "en")
    if isinstance(frame, pd.DataFrame):
        pages = {name: {one: re.sub(_IN_PAGES, mask, one) for one in frame[name].dropna().unique()} for name in names}
        held = [name for name in names if any(old != new for old, new in pages[name].items())]
        for name in held:
            frame = rename(frame, name, pages[name])
        return frame, held
    log = nw.from_native(frame)
    found = log.lazy().select(nw.col(name).str.contains(_IN_PAGES).any() for name in names).collect(backend="pandas")
    held = [name for name, some in found.to_native().iloc[0].items() if some is True or some == 1]
    return log.with_columns(nw.col(name).str.replace_all(_IN_PAGES, mask) for name in held).to_native(), held


def _find_records(frame: pd.DataFrame) -> pd.DataFrame:
    """List the columns that number the responses of a survey: so called, and hardly any value twice."""
    names = [str(name) for name in frame.columns if _RECORD.fullmatch(" ".join(_words(str(name))))]
    counts = {name: int(frame[name].count()) for name in names}
    names = [name for name in names if counts[name] and frame[name].nunique() >= 0.9 * counts[name]]
    return pd.DataFrame({"column": names, "kind": "response_id", "why": "name", "share": 1.0,
                         "n": [counts[name] for name in names]})


def _note(reading: Reading, rule: str, found: pd.DataFrame) -> Reading:
    columns = [Sentence(key="privacy.column_kind", values={"column": name, "kind": Sentence(key=f"privacy.kind_{kind}")})
               for name, kind in zip(found["column"], found["kind"], strict=True)]
    return noted(reading, f"privacy.identifiers_{rule}", n=len(found), first=first_five(found["column"]), columns=columns)


def _sample(frame: Any) -> pd.DataFrame:
    if isinstance(frame, pd.DataFrame):
        return frame
    return nw.from_native(frame).lazy().head(LOG_ROWS).collect(backend="pandas").to_native()


# ---------------------------------------------------------------- what a column holds
def _kinds(name: str, cells: pd.Series, frame: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Yield what a column is taken for: kind, why, share. The first counts."""
    words, text = _words(name), _written(cells)
    number = pd.api.types.is_numeric_dtype(cells.dtype)
    if text.str.contains(r"[\d@]").any():
        for kind, least in CONTENT.items():
            if number and (kind not in CHECKED or cells.min() < 1e9) or (kind == "ip" and "version" in words):
                continue
            why, share = _share(text, kind)
            if share >= least:
                yield kind, why, share
    heading = " ".join(one for one in words if one not in _BESIDE)
    for kind, pattern in _HEADINGS.items():
        if pattern.fullmatch(heading):
            holds = _plausible(kind, text, number)
            bare = kind == "name" and heading in ("name", "names", "nom", "noms")
            if holds.mean() >= _PLAUSIBLE[kind] and not (bare and not _belongs_to_people(name, cells, frame)):
                yield kind, "name", float(holds.mean())
    if not number:
        yield from _inside(text)


def _inside(text: pd.Series) -> Iterator[tuple[str, str, float]]:
    """Yield the kind of contact that cells hold among other words, where a few do."""
    text = text.str[:LETTERS]
    mail = text[text.str.contains(r"@|%40|\bat\b|arobase")].map(lambda one: any(find_all(one, "email")))
    dialled = text[text.str.count(r"\d").ge(9) & ~text.str.isdigit()].map(
        lambda one: any(find_all(PATTERNS["url"].sub(" ", one), "phone")))
    found = {"email": set(mail.index[mail.astype(bool)]), "phone": set(dialled.index[dialled.astype(bool)])}
    cells = len(found["email"] | found["phone"])
    if cells >= FEWEST:
        yield max(found, key=lambda kind: len(found[kind])), "content", cells / len(text)


def _share(text: pd.Series, kind: str) -> tuple[str, float]:
    """Return how large a share of cells is of a kind; where python-stdnum is missing, how many have its shape."""
    try:
        held = [is_one(one, kind) and not (kind == "phone" and one.isdigit() and one.startswith("00")) for one in text]
        return "content", sum(held) / len(held)
    except ImportError:
        return "unchecked", float(text.str.fullmatch(PATTERNS[kind].pattern).mean())


#: kind -> share of the filled cells that must not contradict the heading
_PLAUSIBLE = {"email": 0.01, "phone": 0.5, "ip": 0.5, "name": 0.8, "postal_address": 0.5, "geolocation": 0.8,
              "national_id": 0.5, "iban": 0.5, "card": 0.5}


def _plausible(kind: str, text: pd.Series, number: bool) -> pd.Series:
    """Mark the cells that may be of the kind that the heading says."""
    digits = text.str.count(r"\d")
    if kind == "email":
        return text.str.contains("@", regex=False)
    if kind == "phone":
        return digits.ge(6) & ~text.str.contains(r"[^\W\d_]{4}", regex=True)
    if kind == "ip":
        return text.str.fullmatch(r"(?:[\dxX*]{1,3}\.){3}[\dxX*]{1,3}|[\da-fA-F:xX*]*:[\da-fA-F:xX*.]*:[\da-fA-F:xX*.]*|\*+")
    if kind == "name":
        return text.map(lambda one: _LETTERS.fullmatch(one) is not None and one.count(" ") < 6) & (not number)
    if kind == "postal_address":
        written = text.str.contains(r"[^\W\d_]{2,}.* |\d .*[^\W\d_]{2,}") & ~text.str.contains(r"@|://")
        return written & bool(digits.gt(0).any())
    if kind == "geolocation":
        value = pd.to_numeric(text.str.replace(",", "."), errors="coerce")
        pair = text.str.fullmatch(r"\(?[-+]?\d{1,3}\.\d+[,; ]+[-+]?\d{1,3}\.\d+\)?")
        return (value.abs().le(180) & bool((value % 1).ne(0).any())) | pair
    return text.str.count(r"[^\W_]").ge({"national_id": 6, "iban": 10, "card": 12}[kind]) & digits.ge(6)


def _belongs_to_people(name: str, cells: pd.Series, frame: pd.DataFrame) -> bool:
    """Tell whether a column varies between people and not within one: a person's name does, a page's does not."""
    if PARTICIPANT not in frame.columns:
        return cells.nunique() >= 0.3 * len(cells)
    filled = frame[[PARTICIPANT, name]].dropna()
    each = filled.groupby(PARTICIPANT)[name].nunique()
    return bool(len(each) and (each <= 1).mean() >= 0.95 and filled[name].nunique() >= 0.3 * len(each))


def _written(cells: pd.Series) -> pd.Series:
    """Return cells as a person writes them: whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(cells.dtype) and (cells % 1 == 0).all() and cells.abs().max() < 2.0**53:
        cells = cells.astype("int64")
    return cells.astype("str").str.strip()


def _words(name: str) -> list[str]:
    """Part a heading into plain words: ``RecipientEmail`` and ``Adresse e-mail`` alike.

    Examples
    --------
    >>> _words("IPAddress"), _words("Prénom_2"), _words("billingAddress1")
    (['ip', 'address'], ['prenom'], ['billing', 'address'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)", " ", name)
    plain = "".join(one for one in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(one))
    return re.findall(r"[^\W\d_]+", plain.casefold())
