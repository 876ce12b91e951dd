"""Columns that identify people are found, in French and English and as vendors write them; the others are left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit import check_study, load_study
from personakit.collect.layouts import read
from personakit.collect.privacy.identifiers import find_identifiers, personal_ids, without_identifiers
from personakit.collect.privacy.patterns import PATTERNS, find_all, is_one
from personakit.collect.reading.account import begin
from personakit.collect.reading.cells import read_cells, take_header
from personakit.collect.reading.findings import check_reading
from personakit.collect.reading.options import make_options
from personakit.collect.reading.values import read_frame
from personakit.errors import ChoiceError, StudyError

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
KEY = "a key of more than 32 bytes, for tests only"
MAIL = ["ana.durand@example.org", "bo@mail.example.fr", "c.d+e@example.co.uk"]
NAMES, SURNAMES = ["Ana", "Bo", "Chloé"], ["Durand", "Le Goff", "O'Neill-Martin"]
PHONES, STREETS = (
    ["06 12 34 56 78", "+41 79 123 45 67", "(555) 123-4567"],
    ["12 rue des Lilas", "3 bis quai Ney", "221 Baker Street"],
)
ADDRESSES = ["192.168.0.12", "10.20.30.40", "2001:db8::8a2e:370:7334"]

PLANTED = [
    *(
        (name, MAIL, "email")
        for name in (
            "Courriel",
            "Adresse e-mail",
            "RecipientEmail",
            "Email Address",
            "E-mail",
            "mail",
            "Quelle est votre adresse électronique ?",
            "context_traits_email",
            "login",
            "Q12_3_TEXT",
        )
    ),
    *(
        (name, NAMES, "name")
        for name in (
            "Prénom",
            "FirstName",
            "first_name",
            "RecipientFirstName",
            "Votre prénom",
            "given-name",
            "Prénom du client",
            "contact_firstname",
            "What is your first name?",
        )
    ),
    *(
        (name, SURNAMES, "name")
        for name in (
            "Nom",
            "Nom de famille",
            "LastName",
            "surname",
            "Billing Name",
            "name",
            "NOM",
            "Nom et prénom",
            "Full name",
            "customer.name",
            "Last Name (optional)",
        )
    ),
    *(
        (name, PHONES, "phone")
        for name in (
            "Téléphone",
            "Phone",
            "Numéro de téléphone",
            "Mobile phone",
            "Billing Phone",
            "Tél. portable",
            "contact",
            "How can we reach you?",
        )
    ),
    ("Téléphone", [612345678, 712345678, 145678901], "phone"),
    ("Portable", ["0612345678", "0712345678", "0145678901"], "phone"),
    *(
        (name, ADDRESSES, "ip")
        for name in ("IP Address", "IPAddress", "ipaddr", "Adresse IP", "context_ip", "visitIp", "user_ipaddress", "where")
    ),
    ("ipaddress", ["203.0.113.x", "198.51.100.x", "192.0.2.x"], "ip"),
    *(
        (name, STREETS, "postal_address")
        for name in (
            "Adresse",
            "Adresse postale",
            "street",
            "Shipping Address1",
            "livraison",
            "MailingStreet",
            "Votre adresse",
        )
    ),
    *(
        (name, [48.8566, 46.2044, -1.5536], "geolocation")
        for name in ("LocationLatitude", "LocationLongitude", "latitude", "lng", "geo_latitude", "$geoip_longitude")
    ),
    ("gps", ["48.8566, 2.3522", "46.2044, 6.1432", "47.2184, -1.5536"], "geolocation"),
    ("IBAN", ["FR76 3000 6000 0112 3456 7890 189", "CH93 0076 2011 6238 5295 7", "BE68 5390 0754 7034"], "iban"),
    ("refund to", ["FR7630006000011234567890189", "GB82WEST12345698765432", "DE89370400440532013000"], "iban"),
    ("N° de sécurité sociale", ["2 69 05 49 588 157 80", "269054958815780", "2 69 05 49 588 157 80"], "national_id"),
    ("AVS", ["756.9217.0769.85", "756.9217.0769.85", "7569217076985"], "national_id"),
    ("insured", [7569217076985, 7569217076985, 7569217076985], "national_id"),
    ("paid with", ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"], "card"),
]
INNOCENT = [
    *(
        (name, ["Nike", "Lego", "Muji"])
        for name in (
            "brand name",
            "product_name",
            "page name",
            "event_name",
            "code_name",
            "Nom du produit",
            "nom_marque",
            "campaign name",
            "Lineitem name",
            "hostname",
            "geo_region_name",
            "context_library_name",
            "file name",
            "Name of your company",
        )
    ),
    *(
        (name, [1, 0, 1])
        for name in ("Phone", "Email", "mobile", "Téléphone", "mail", "IP", "adresse", "lat", "card number", "Nom")
    ),
    *((name, ["yes", "no", "yes"]) for name in ("Phone", "email", "Courriel", "address", "Have you given us your e-mail?")),
    *((name, [1, 5, 3]) for name in ("Q1", "How often do you check your e-mail?", "rue", "avs", "latitude of choice")),
    ("Satisfaction", [1, 2, 5]),
    ("Postcode", ["75011", "69003", "1003"]),
    ("Code postal", [75011, 69003, 1003]),
    ("Town", ["Paris", "Lyon", "Lausanne"]),
    ("Country", ["France", "Suisse", "France"]),
    ("username", ["ana42", "bo_7", "c.d3"]),
    ("order_id", ["1000000001", "1000000002", "1000000003"]),
    ("customer", ["0012345678", "0012345679", "0012345680"]),
    ("time_us", [1767600000000000, 1767600000000001, 1767600000000002]),
    ("ean", ["3017620422003", "3017620422010", "3017620425035"]),
    ("date", ["01.02.2024 15:10", "02.02.2024 16:20", "13.02.2024 17:30"]),
    ("browser version", ["10.0.0.1", "99.0.0.2", "8.0.0.1"]),
    ("version", ["10.0.0.1", "99.0.0.2", "8.0.0.1"]),
    ("email_hash", ["9f86d081884c", "60303ae22b99", "fd61a03af4f7"]),
    ("session", ["9f86d081-884c-4d63", "60303ae2-2b99-4a1c", "fd61a03a-f4f7-4b2d"]),
    ("amount", ["1 234,50", "12,00", "0,99"]),
    ("url", ["https://example.org/a", "https://example.org/b", "https://example.org/c"]),
    ("likert", ["Agree", "Disagree", "Agree"]),
    ("duration", [612345678.5, 12.5, 1.0]),
    ("empty", [None, None, None]),
    ("RecipientEmail", [None, None, None]),
    ("Prenom", [None, np.nan, None]),
    ("comment", ["I wrote to them, no answer.", "Called 3 times", "Nothing"]),
]


@pytest.mark.parametrize(("name", "values", "kind"), PLANTED, ids=[f"{name}-{kind}" for name, _, kind in PLANTED])
def test_what_identifies_people_is_found(name, values, kind):
    found = find_identifiers(pd.DataFrame({"q1": [1, 2, 3], name: values}))
    assert found[["column", "kind"]].to_numpy().tolist() == [[name, kind]]
    assert found["n"].tolist() == [3]
    assert found["share"].between(0.3, 1).all()


@pytest.mark.parametrize(("name", "values"), INNOCENT, ids=[f"{name}-{values[0]}" for name, values in INNOCENT])
def test_what_does_not_is_left_alone(name, values):
    assert find_identifiers(pd.DataFrame({name: values})).empty


def test_a_name_of_pages_is_not_a_name_of_people():
    """In a log "name" changes within a person, or is the same for all; a person's name does neither."""
    people = [f"p{at}" for at in range(30) for _ in range(3)]
    pages = pd.DataFrame({"participant_id": people, "name": ["Home", "Basket", "Payment"] * 30})
    assert find_identifiers(pages).empty
    shops = pages.assign(name=["Lyon"] * 45 + ["Paris"] * 45)
    assert find_identifiers(shops).empty
    names = pages.assign(name=[f"Ana {chr(65 + at)}" + "x" * (at % 7) for at in range(30) for _ in range(3)])
    assert find_identifiers(names)["kind"].tolist() == ["name"]


def test_one_address_in_twenty_is_enough_and_one_in_a_hundred_is_running_text():
    answers = pd.Series([f"answer number {at}" for at in range(100)])
    assert find_identifiers(pd.DataFrame({"remarks": answers.mask(answers.index < 5, "a@example.org")}))[
        "kind"
    ].tolist() == ["email"]
    assert find_identifiers(pd.DataFrame({"remarks": answers.mask(answers.index < 1, "a@example.org")})).empty


def test_addresses_and_numbers_among_other_words_are_found():
    mail = pd.Series(["non merci"] * 60).mask(np.arange(60) % 30 == 7, "a@exemple.fr")
    either = ["Anne 06 12 34 56 78", "Luc : luc@exemple.fr", "mail: zoe[at]exemple.fr"]
    urls = ["https://x.fr/unsub?email=ana%40exemple.fr", "https://x.fr/?mail=bo@exemple.fr", "https://x.fr/"]
    found = find_identifiers(pd.concat([pd.DataFrame({"recontact": mail}), pd.DataFrame({"joindre": either, "page": urls})],
                                       axis=1)).set_index("column")
    assert found["kind"].to_dict() == {"recontact": "email", "joindre": "email", "page": "email"}
    assert found["n"].to_dict() == {"recontact": 60, "joindre": 3, "page": 3}
    assert found["share"].tolist() == pytest.approx([2 / 60, 1, 2 / 3])
    calls = ["Rappelez-moi au 06 12 34 56 78", "bureau +41 79 123 45 67/maison 022 345 67 89", *["rien"] * 98]
    assert find_identifiers(pd.DataFrame({"remarques": calls}))["kind"].tolist() == ["phone"]
    assert find_identifiers(pd.DataFrame({"remarques": calls[1:4]})).empty


def test_numbers_among_other_words_that_are_no_phones():
    cells = {
        "ids": ["0612345678", "0712345678", *(f"00000{at:05d}" for at in range(98))],
        "pages": [f"https://x.fr/?order=0612345{at:03d}" for at in range(100)],
        "times": [f"2024-01-{1 + at % 28:02d}T10:00:00+01:00 took {at} 000 ms" for at in range(100)],
        "prices": [f"de 12 000 000 à {at} 500 000 euros, le 01.02.2024 15:10" for at in range(100)],
        "handles": ["@ana", "voir @bo.durand sur insta"] * 50,
    }
    assert find_identifiers(pd.DataFrame(cells)).empty


def test_a_long_column_is_looked_at_evenly():
    column = pd.Series(["none given"] * 20_000).mask(np.arange(20_000) % 3 == 0, "a@example.org")
    found = find_identifiers(pd.DataFrame({"x": column})).iloc[0]
    assert found["n"] == 20_000
    assert found["share"] == pytest.approx(1 / 3, abs=0.05)


def test_without_stdnum_numbers_are_said_to_be_unchecked(monkeypatch):
    monkeypatch.setitem(sys.modules, "stdnum", None)
    found = find_identifiers(pd.DataFrame({"paid": ["4111 1111 1111 1111"], "mail": ["a@example.org"]}))
    assert found[["column", "why"]].to_numpy().tolist() == [["paid", "unchecked"], ["mail", "content"]]


# ---------------------------------------------------------------- real files
REAL_FOUND = {
    "snowplow_web_events.csv": ["geo_latitude", "geo_longitude"],
    "snowplow_web_sessions_expected.csv": ["geo_latitude", "geo_longitude"],
}
REAL_FILES = sorted(
    path for path in REAL.rglob("*") if path.suffix in (".csv", ".xlsx", ".sav") or path.name == "receipt.csv.gz"
)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data are not here")
@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.name)
def test_nothing_else_is_found_in_real_files(path):
    """Data that their authors published without direct identifiers; the Snowplow file keeps coordinates of towns."""
    if path.suffix == ".sav":
        pyreadstat = pytest.importorskip("pyreadstat")
        frame, _ = pyreadstat.read_sav(str(path))
    else:
        options = make_options("answers", path, None, {})
        frame = read_frame(take_header(read_cells(options), options)[0], options, ".")
    assert find_identifiers(frame)["column"].tolist() == REAL_FOUND.get(path.name, [])


# ---------------------------------------------------------------- at read time
def write_answers(folder):
    path = folder / "answers.csv"
    path.write_text(
        "participant_id,Nom,e-mail,q1\np1,Durand,a@example.org,4\np2,Le Goff,,5\np3,Petit,A@example.org ,1\n",
        encoding="utf-8",
    )
    return path


def test_a_reading_drops_them_and_says_so(tmp_path):
    reading = read(make_options("answers", write_answers(tmp_path), None, {}))
    assert list(reading.tables["answers"].columns) == ["participant_id", "q1"]
    for language, said in (
        (
            "fr",
            "2 colonnes identifient directement des personnes et n’ont pas été lues\u202f: "
            "Nom (nom de personne) et e-mail (adresse électronique).",
        ),
        ("en", "2 columns identify people directly and were not read: Nom (name of a person) and e-mail (e-mail address)."),
    ):
        assert check_reading(reading, language=language).loc["identifiers_drop", "what_to_do"].startswith(said)


def test_a_reading_keeps_them_when_asked(tmp_path):
    reading = read(make_options("answers", write_answers(tmp_path), None, {"identifiers": "keep"}))
    assert list(reading.tables["answers"].columns) == ["participant_id", "Nom", "e-mail", "q1"]
    assert "identifiers_keep" in check_reading(reading).index


def test_a_reading_hashes_them_with_a_key(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_KEY", KEY)
    path = write_answers(tmp_path)
    answers = read(make_options("answers", path, None, {"identifiers": "hash", "key_variable": "STUDY_KEY"})).tables[
        "answers"
    ]
    mail = answers["e-mail"]
    assert mail.iloc[0] == mail.iloc[2]
    assert mail.isna().tolist() == [False, True, False]
    assert answers["Nom"].str.fullmatch("h-[0-9a-f]{32}").all()
    with pytest.raises(StudyError, match="needs a key"):
        make_options("answers", path, None, {"identifiers": "hash"})
    with pytest.raises(ChoiceError, match="Did you mean 'hash'"):
        make_options("answers", path, None, {"identifiers": "hashed"})


def test_a_study_hashes_with_the_key_of_its_pseudonyms(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_KEY", KEY)
    write_answers(tmp_path)
    (tmp_path / "study.toml").write_text(
        '[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\nidentifiers = "hash"\n'
        '[privacy]\nkey_variable = "STUDY_KEY"'
    )
    study = load_study(tmp_path)
    assert study.answers["Nom"].str.fullmatch("h-[0-9a-f]{32}").all()
    assert study.answers.index.str.fullmatch("p-[0-9a-f]{32}").all()
    assert {"pseudonymised", "identifiers_hash"} <= set(check_study(study).index)


def test_the_codebook_loses_what_the_answers_lose(tmp_path):
    options = make_options("answers", write_answers(tmp_path), None, {})
    reading = begin(
        options, pd.DataFrame({"participant_id": ["p1"], "mail": ["a@example.org"], "q": [1]}), sha256="", layout="x"
    )
    book = pd.DataFrame({"variable": ["mail", "q"]})
    tables = {**reading.tables, "codebook": book, "documents": pd.DataFrame({"mail": ["a@example.org"]})}
    out = without_identifiers(type(reading)(tables=tables, report=reading.report), options)
    assert out.tables["codebook"]["variable"].tolist() == ["q"]
    assert list(out.tables["documents"]) == ["mail"]


def test_a_log_that_is_not_in_memory(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.setenv("STUDY_KEY", KEY)
    log = duckdb.connect().sql(
        "select 'p' || i as participant_id, 'see' as event, i as time_us, 'u' || i || '@example.org' as "
        '"the mail", 10 as price from range(9) t(i)'
    )
    options = make_options("events", tmp_path / "log.parquet", None, {})
    reading = begin(options, log, sha256="", layout="parquet", rows=9)
    out = without_identifiers(reading, options).tables["events"]
    assert out.columns == ["participant_id", "event", "time_us", "price"]
    hashing = make_options("events", tmp_path / "log.parquet", None, {"identifiers": "hash", "key_variable": "STUDY_KEY"})
    out = without_identifiers(reading, hashing).tables["events"].df()
    assert out["the mail"].str.fullmatch("h-[0-9a-f]{32}").all()
    assert out["the mail"].nunique() == 9


ADDRESSED = ("https://x.fr/unsub?email=ana@exemple.fr&u=1", "https://x.fr/unsub?email=bo%40exemple.fr", "/accueil")
MASKED = ["https://x.fr/unsub?email=[email]&u=1", "https://x.fr/unsub?email=[email]", "/accueil"]


@pytest.mark.parametrize("rule", ["drop", "hash", "keep"])
def test_addresses_in_the_columns_of_a_log_are_masked(tmp_path, monkeypatch, rule):
    monkeypatch.setenv("STUDY_KEY", KEY)
    path = tmp_path / "events.csv"
    path.write_text("participant_id,event,time_us,content\n" + "".join(
        f"p{at},see,{at},{page}\n" for at, page in enumerate(ADDRESSED)), encoding="utf-8")
    reading = read(make_options("events", path, None, {"identifiers": rule, "key_variable": "STUDY_KEY"}))
    assert reading.tables["events"]["content"].tolist() == (list(ADDRESSED) if rule == "keep" else MASKED)
    noted = "identifiers_keep" if rule == "keep" else "addresses_masked"
    for language in ("fr", "en"):
        assert "content" in check_reading(reading, language=language).loc[noted, "what_to_do"]


def test_addresses_in_a_log_that_is_not_in_memory_are_masked(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    pages = duckdb.connect().sql(f"select 'p1' as participant_id, 'see' as event, 1 as time_us, page as content, 'web' as "
                                 f"channel from (select unnest({list(ADDRESSED)!r}) as page)")
    options = make_options("events", tmp_path / "log.parquet", None, {})
    out = without_identifiers(begin(options, pages, sha256="", layout="parquet", rows=3), options)
    assert sorted(out.tables["events"].df()["content"]) == sorted(MASKED)
    assert [note.values["first"] for note in out.report.notes] == ["content"]


def test_the_response_ids_of_a_pseudonymised_study_are_left_out(tmp_path, monkeypatch):
    """They lead back to the export, where the addresses are."""
    monkeypatch.setenv("STUDY_KEY", KEY)
    path = tmp_path / "answers.csv"
    path.write_text("participant_id,ResponseId,Respondent ID,Réponse ID,q1\np1,R_1,11,1,4\np2,R_2,12,2,4\n",
                    encoding="utf-8")
    assert "ResponseId" in read(make_options("answers", path, None, {})).tables["answers"]
    (tmp_path / "study.toml").write_text('[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\n'
                                         '[privacy]\nkey_variable = "STUDY_KEY"')
    study = load_study(tmp_path)
    assert list(study.answers) == ["q1"]
    said = check_study(study, language="fr").loc["identifiers_drop", "what_to_do"]
    assert "ResponseId (numéro de réponse)" in said


def test_ids_that_are_personal_are_noted(tmp_path):
    assert personal_ids(pd.Index(["a@example.org", "p2", "0612345678"])).tolist() == ["a@example.org"]
    assert personal_ids(pd.Index(["0612345678", "0712345678", "p3"])).tolist() == ["0612345678", "0712345678"]
    assert personal_ids(pd.Index([], dtype="str")).empty
    (tmp_path / "study.toml").write_text(
        '[participants]\nfrom = "answers"\n[answers]\nfile = "answers.csv"\nparticipant_id = "e-mail"\n'
        'unknown_participants = "set_aside"'
    )
    write_answers(tmp_path)
    study = load_study(tmp_path)
    assert list(study.answers.columns) == ["participant_id (file)", "q1"]
    assert check_study(study).loc["personal_ids", "count"] == 2


# ---------------------------------------------------------------- patterns
NUMBERS = {
    "phone": [
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "0612345678",
        "06 12345678",
        "01\u00a023\u00a045\u00a067\u00a089",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "0033612345678",
        "079 123 45 67",
        "0791234567",
        "+41 79 123 45 67",
        "0041 22 345 67 89",
        "0470 12 34 56",
        "0470/12.34.56",
        "02 123 45 67",
        "+32 470 12 34 56",
        "020 7946 0958",
        "0121 496 0123",
        "07700 900123",
        "07700 900 123",
        "+44 20 7946 0958",
        "(555) 123-4567",
        "555-123-4567",
        "1-800-555-1234",
        "+1 555 123 4567",
        "+49 30 1234567",
        "(06) 12 34 56 78",
    ],
    "email": [
        "a@example.org",
        "marie.dupont+x@mail.example.co.uk",
        "o'neill@example.ie",
        "élodie@exemple.fr",
        "marie point dupont arobase exemple point fr",
        "marie (at) exemple.fr",
        "marie[at]exemple[point]fr",
        "marie @ exemple.fr",
        "marie%40exemple.fr",
    ],
    "ip": ["8.8.8.8", "192.168.10.200", "2001:db8::8a2e:370:7334", "fe80:0:0:0:1:2:3:4"],
    "iban": [
        "FR7630006000011234567890189",
        "CH93 0076 2011 6238 5295 7",
        "GB82 WEST 1234 5698 7654 32",
        "be68 5390 0754 7034",
    ],
    "card": ["4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "340000000000009"],
    "national_id": ["2 69 05 49 588 157 80", "269054958815780", "756.9217.0769.85", "7569217076985"],
    "url": ["https://example.org/a?b=c#d", "www.example.ch", "http://localhost:8000"],
    "postcode": [
        "75011 Paris",
        "69003 Lyon",
        "F-13100 Aix-en-Provence",
        "13100 Aix en Provence",
        "1003 Lausanne",
        "CH-2000 Neuchâtel",
        "72000 Le Mans",
        "75015 Paris Cedex 15",
        "42000 Saint-Étienne",
    ],
    "postal_address": ["12 rue des Lilas", "3 bis, avenue de la République", "221 Baker Street", "1 place d'Armes"],
}
NO_NUMBERS = {
    "phone": [
        "01.02.2024",
        "01/02/2024 10",
        "12 000 000 euros",
        "2024-01-15 10:30",
        "1234567890",
        "12345",
        "3,141592653",
        "-555-123-4567",
        "+15 000 000",
        "06 12 34",
    ],
    "email": ["a@b", "@marie", "marie at home", "a.b.c"],
    "ip": ["999.1.1.1", "1.2.3", "12:30:45", "1.2.3.4.5", "::"],
    "iban": ["FR7630006000011234567890188", "AB12CDEF", "FR76"],
    "card": ["4111 1111 1111 1112", "1111111111111111", "0000000000000000", "4111 1111"],
    "national_id": ["2 69 05 49 588 157 81", "756.9217.0769.84", "123456789012345"],
    "url": ["example", "http:", "1.2"],
    "postcode": ["15000 Euros", "2023 Leclerc", "75011 paris", "75011", "123456 Paris"],
    "postal_address": ["12 roses", "la rue est longue", "2 place"],
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_each_pattern_by_hand(kind):
    for text in NUMBERS[kind]:
        assert is_one(text, kind), text
        around = f"voilà {text}, merci"
        assert [around[start:end] for start, end in find_all(around, kind)] == [text]
    for text in NO_NUMBERS[kind]:
        assert not is_one(text, kind), text


def test_what_follows_a_number_is_left():
    for text, found in (
        ("FR76 3000 6000 0112 3456 7890 189 merci", "FR76 3000 6000 0112 3456 7890 189"),
        ("3 4111 1111 1111 1111 2 fois", "4111 1111 1111 1111"),
    ):
        kind = "iban" if found.startswith("FR") else "card"
        assert [text[start:end] for start, end in find_all(text, kind)] == [found]


@given(st.text(alphabet="aA0126é@.-+/ ()',:", max_size=60), st.sampled_from(sorted(PATTERNS)))
@settings(max_examples=300)
def test_places_are_in_order_and_apart(text, kind):
    places = list(find_all(text, kind))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in zip(places, places[1:], strict=False))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "a." * 10_000,
        "1 " * 10_000,
        "12 rue de la " + "de la " * 5_000,
        "A-" * 10_000,
        "Mme " + "A " * 10_000,
        ":" * 20_000,
        "a point " * 3_000,
        "0" * 20_000,
        "(" * 20_000,
    ],
)
def test_no_text_takes_long(text):
    for kind in PATTERNS:
        list(find_all(text, kind))
