"""Pseudonyms, scrubbed quotes and consent: what names a person stays in the room."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import text_of

from personakit import Study, check_study, load_study, run_study, save_study
from personakit.collect.privacy.pseudonyms import key_id, pseudonymise, read_key
from personakit.collect.privacy.scrub import scrub_quotes
from personakit.errors import ChoiceError, StudyError
from personakit.frozen import Sentence
from personakit.readings import ReadReport

KEY = "0123456789abcdef0123456789abcdef-for-tests"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("STUDY_KEY", KEY)
    return KEY.encode()


def small_study():
    people = pd.DataFrame({"age": [41, 29, 35]}, index=pd.Index(["ana@example.org", "bo", "7"], name="participant_id"))
    codes = pd.DataFrame(
        {
            "participant_id": ["bo", "ana@example.org", "7"],
            "code": ["price", "trust", "price"],
            "source": ["Interview Bo, 7 May.docx", "ana@example.org.txt", "focus-bo-7.docx"],
        }
    )
    events = pd.DataFrame({"participant_id": ["7", "bo", "7"], "event": ["see", "see", "buy"], "time_us": [0, 5, 9]})
    answers = pd.DataFrame({"q": [1, 2]}, index=pd.Index(["bo", "7"], name="participant_id"))
    aside = pd.DataFrame({"table": ["events"], "reason": ["bot"], "rows": [2], "first": ["eve@example.org"]})
    note = Sentence(key="study.personal_ids", values={"n": 1, "first": "bo, 7"})
    other = Sentence(key="collect.twice", values={"n": 1, "first": "price"})
    report = ReadReport(
        table="events", file="log.csv", layout="csv", sha256="", rows_in=5, kept=3, set_aside=aside, notes=(note, other)
    )
    return Study(name="tiny", participants=people, codes=codes, events=events, answers=answers, reports=(report,))


def expected(name):
    """RFC 2104, by hand: 128 bits of HMAC-SHA256 of the purpose and the id."""
    return "p-" + hmac.new(KEY.encode(), b"participant\0" + name.encode(), hashlib.sha256).hexdigest()[:32]


# ---------------------------------------------------------------- pseudonyms
def test_the_same_pseudonym_in_every_table():
    study = small_study()
    out = pseudonymise(study, key_variable="STUDY_KEY")
    names = {one: expected(one) for one in study.participants.index}
    assert out.participants["age"].to_dict() == {names["ana@example.org"]: 41, names["bo"]: 29, names["7"]: 35}
    assert out.participants.index.is_monotonic_increasing
    assert out.answers["q"].to_dict() == {names["bo"]: 1, names["7"]: 2}
    assert sorted(zip(out.events["participant_id"], out.events["time_us"], strict=True)) == sorted(
        [(names["7"], 0), (names["bo"], 5), (names["7"], 9)]
    )
    assert out.events.groupby("participant_id")["time_us"].apply(lambda one: one.is_monotonic_increasing).all()
    assert set(out.codes["participant_id"]) == set(names.values())
    assert study.participants.index.tolist() == ["ana@example.org", "bo", "7"]


def test_documents_and_reports_lose_the_ids():
    out = pseudonymise(small_study(), key_variable="STUDY_KEY")
    source = out.codes.set_index("participant_id")["source"]
    assert source[expected("bo")] == f"Interview {expected('bo')}, 7 May.docx"
    assert source[expected("ana@example.org")] == f"{expected('ana@example.org')}.txt"
    assert source[expected("7")] == f"focus-{expected('bo')}-{expected('7')}.docx"
    everything = repr([out.set_aside.to_dict(), [dict(note.values) for one in out.reports for note in one.notes]])
    assert "eve@example.org" not in everything
    assert "bo, 7" not in everything
    assert "price" in everything
    assert out.set_aside["rows"].tolist() == [2]


def test_the_id_of_the_key_is_noted(key):
    out = pseudonymise(small_study(), key_variable="STUDY_KEY")
    said = check_study(out).loc["pseudonymised"]
    assert said["check"] == f"ids replaced by pseudonyms (key {key_id(key)})"
    assert said["count"] == 3
    assert KEY not in repr(out.reports)
    assert key_id(key) not in KEY
    frame = pseudonymise(pd.DataFrame({"participant_id": ["bo", None]}), key_variable="STUDY_KEY")
    assert frame.attrs["key_id"] == key_id(key)
    assert frame["participant_id"].tolist()[0] == expected("bo")
    assert frame["participant_id"].isna().tolist() == [False, True]


def test_another_key_gives_other_pseudonyms(monkeypatch):
    one = pseudonymise(small_study(), key_variable="STUDY_KEY")
    monkeypatch.setenv("STUDY_KEY", KEY[::-1])
    other = pseudonymise(small_study(), key_variable="STUDY_KEY")
    assert not set(one.participants.index) & set(other.participants.index)


def test_pseudonyms_are_not_made_twice():
    once = pseudonymise(small_study(), key_variable="STUDY_KEY")
    with pytest.raises(StudyError, match="pseudonyms already"):
        pseudonymise(once, key_variable="STUDY_KEY")


def test_a_log_that_is_not_in_memory():
    duckdb = pytest.importorskip("duckdb")
    log = duckdb.connect().sql("select 'p' || (i % 3) as participant_id, 'see' as event, i as time_us from range(9) t(i)")
    people = pd.DataFrame(index=pd.Index(["p0", "p1", "p2"], name="participant_id"))
    out = pseudonymise(Study(name="x", participants=people, events=log), key_variable="STUDY_KEY").events
    assert isinstance(out, type(log))
    assert sorted(set(out.df()["participant_id"])) == sorted(expected(one) for one in ("p0", "p1", "p2"))
    assert len(out.df()) == 9


def test_where_a_key_may_be(tmp_path, monkeypatch, key):
    study, safe = tmp_path / "study", tmp_path / "keys"
    (study / "data").mkdir(parents=True)
    safe.mkdir()
    (study / "study.toml").write_text("")
    for folder in (study, study / "data"):
        (folder / "k").write_bytes(key)
        with pytest.raises(StudyError, match="lies in the study folder 'study'"):
            read_key(key_file=folder / "k", key_variable=None)
    (safe / "k").write_bytes(key + b"\n")
    assert read_key(key_file=safe / "k", key_variable=None) == key
    assert read_key(key_file=study / ".." / "keys" / "k", key_variable=None) == key
    (safe / "link").symlink_to(study / "k")
    with pytest.raises(StudyError, match="lies in the study folder"):
        read_key(key_file=safe / "link", key_variable=None)
    (study / "link").symlink_to(safe / "k")
    with pytest.raises(StudyError, match="lies in the study folder"):
        read_key(key_file=study / "link", key_variable=None)
    assert read_key(key_file=None, key_variable="STUDY_KEY") == key
    for bad, message in ((b"short", "short or repeats"), (b"a" * 64, "short or repeats"), (b"\n" * 64, "short or repeats")):
        (safe / "bad").write_bytes(bad)
        with pytest.raises(StudyError, match=message):
            read_key(key_file=safe / "bad", key_variable=None)
    for path in (safe, safe / "none", "/dev/zero"):
        with pytest.raises(StudyError, match="no such file"):
            read_key(key_file=path, key_variable=None)
    with pytest.raises(StudyError, match="has no such variable"):
        read_key(key_file=None, key_variable="NO_SUCH_KEY")
    for given_ in ({"key_file": None, "key_variable": None}, {"key_file": "a", "key_variable": "b"}):
        with pytest.raises(ChoiceError, match="one of them"):
            read_key(**given_)


def test_a_study_folder_names_its_key(tmp_path, key):
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "study.key").write_bytes(key)
    (folder / "people.csv").write_text("participant_id,age\nana,41\nbo,29\n")
    text = '[participants]\nfile = "people.csv"\n[privacy]\n'
    (folder / "study.toml").write_text(text + 'key_file = "../study.key"')
    study = load_study(folder)
    assert set(study.participants.index) == {expected("ana"), expected("bo")}
    assert load_study(save_study(study, tmp_path / "copy")).participants.equals(study.participants)
    (folder / "study.toml").write_text(text + 'key_variable = "STUDY_KEY"')
    assert load_study(folder).participants.equals(study.participants)
    for setting, message in (
        ('key_file = "study.key"', "lies in the study folder|no such file"),
        ('key = "x"', "Allowed: key_file, key_variable"),
        ('key_file = "../study.key"\nkey_variable = "STUDY_KEY"', "Keep one"),
    ):
        (folder / "study.toml").write_text(text + setting)
        with pytest.raises(StudyError, match=message):
            load_study(folder)


# ---------------------------------------------------------------- quotes
def scrubbed(quote, **how):
    return scrub_quotes(pd.DataFrame({"participant_id": ["p1"], "quote": [quote]}), **how).codes["quote"].iloc[0]


@pytest.mark.parametrize(
    ("quote", "fr", "en"),
    [
        ("Écrivez à ana.durand@example.org !", "Écrivez à [e-mail] !", "Écrivez à [email] !"),
        ("C'est sur www.example.org/moi.", "C'est sur [lien].", "C'est sur [link]."),
        (
            "Rappelez le 06 12 34 56 78 ou le +41 79 123 45 67.",
            "Rappelez le [téléphone] ou le [téléphone].",
            "Rappelez le [phone] ou le [phone].",
        ),
        ("IBAN FR76 3000 6000 0112 3456 7890 189, merci", "IBAN [IBAN], merci", "IBAN [IBAN], merci"),
        ("la carte 4111 1111 1111 1111 a été refusée", "la carte [carte] a été refusée", "la carte [card] a été refusée"),
        ("mon numéro, 2 69 05 49 588 157 80", "mon numéro, [numéro personnel]", "mon numéro, [personal number]"),
        ("AVS 756.9217.0769.85", "AVS [numéro personnel]", "AVS [personal number]"),
        ("depuis 192.168.10.20", "depuis [adresse IP]", "depuis [IP address]"),
        ("au 12 rue des Lilas, 69003 Lyon", "au [adresse], [code postal]", "au [address], [postcode]"),
        (
            "Mme Durand et le Dr Le Goff sont venus",
            "Mme [nom] et le Dr [nom] sont venus",
            "Mme [name] et le Dr [name] sont venus",
        ),
        ("M. et Mme O'Neill-Martin", "M. et Mme [nom]", "M. et Mme [name]"),
        (
            "Je m'appelle Ana, j'habite 1003 Lausanne",
            "Je m'appelle [nom], j'habite [code postal]",
            "Je m'appelle [name], j'habite [postcode]",
        ),
        ("06 12 34 56 78/06 98 76 54 32", "[téléphone]/[téléphone]", "[phone]/[phone]"),
        ("appelez le (06) 12 34 56 78", "appelez le [téléphone]", "appelez le [phone]"),
        ("à ana.durand @ exemple.fr ou bo[at]exemple.fr", "à [e-mail] ou [e-mail]", "à [email] ou [email]"),
        ("chez madame Durand, monsieur Le Goff", "chez madame [nom], monsieur [nom]", "chez madame [name], monsieur [name]"),
        ("M Dupont et le docteur Petit", "M [nom] et le docteur [nom]", "M [name] et le docteur [name]"),
        ("Chez H&M Lyon, en M Noir ou taille M Bleu, oui monsieur je sais", None, None),
        ("le professeur de CM2, madame la directrice", None, None),
        ("le 12/03/2024/05, 01/02/2024 10, réf. 12/0612345678901", None, None),
        ("My name is John Smith", "My name is [nom]", "My name is [name]"),
        ("En 2023 Leclerc coûtait 15000 Euros, monsieur le maire", None, None),
        ("Le 01.02.2024 à 15 h, version 1.2.3, note 4,5 sur 5", None, None),
        ("I paid 1 234 567 times on 2024-01-15 at 12:30:45", None, None),
        ("", None, None),
        ("   ", None, None),
    ],
)
def test_quotes_by_hand(quote, fr, en):
    assert scrubbed(quote) == (quote if fr is None else fr)
    assert scrubbed(quote, language="en") == (quote if en is None else en)


def test_the_deny_list_folds_accents_and_capitals_and_takes_whole_words():
    quote = "ANAIS, Anaïs et ana\u0308is chez Le  Goff\u2019s ; banane, Goffin, Anaïse."
    assert (
        scrubbed(quote, deny=["anaïs", "le goff's", "ana"])
        == "[retiré], [retiré] et [retiré] chez [retiré] ; banane, Goffin, Anaïse."
    )
    assert scrubbed("Strasse, STRASSE, Straße", deny="straße") == "[retiré], [retiré], [retiré]"
    assert scrubbed("Le Goff et Goff", deny=["Goff", "Le Goff", " ", ""]) == "[retiré] et [retiré]"
    assert scrubbed("a.durand@example.org de Durand", deny=["durand"]) == "[e-mail] de [retiré]"


def test_the_review_lists_what_was_replaced_and_the_record_does_not_show_it():
    codes = pd.DataFrame(
        {
            "participant_id": ["p1", "p2", "p1"],
            "code": "x",
            "quote": ["Mme Durand, 06 12 34 56 78", None, "rien"],
            "start": [0, 5, 9],
            "end": [26, 8, 13],
        },
        index=[4, 5, 6],
    )
    out = scrub_quotes(codes, language="en")
    assert out.review.to_numpy().tolist() == [["p1", 4, "phone", "06 12 34 56 78"], ["p1", 4, "name", "Durand"]]
    pd.testing.assert_frame_equal(out.codes.drop(columns="quote"), codes.drop(columns="quote"))
    assert out.codes["quote"].tolist()[::2] == ["Mme [name], [phone]", "rien"]
    assert out.codes["quote"].isna().tolist() == [False, True, False]
    assert "Durand" not in repr(out) + out._repr_html_()
    assert codes["quote"].iloc[0] == "Mme Durand, 06 12 34 56 78"


def test_what_cannot_be_scrubbed_is_said(monkeypatch):
    with pytest.raises(StudyError, match="codes: column: 'quote' is unknown"):
        scrub_quotes(pd.DataFrame({"participant_id": ["p1"]}))
    with pytest.raises(StudyError, match="Did you mean 'fr'"):
        scrub_quotes(pd.DataFrame({"quote": ["x"]}), language="fra")
    assert scrub_quotes(pd.DataFrame({"quote": pd.Series([], dtype="str")})).review.empty
    monkeypatch.setitem(sys.modules, "stdnum", None)
    with pytest.raises(StudyError, match="pip install python-stdnum"):
        scrub_quotes(pd.DataFrame({"quote": ["x"]}))


PIECES = st.sampled_from(
    [
        "a@b.fr",
        "06 12 34 56 78",
        "4111 1111 1111 1111",
        "FR76 3000 6000 0112 3456 7890 189",
        "Mme Durand",
        "75011 Paris",
        "12 rue Ney",
        "8.8.8.8",
        "www.x.fr",
        "2 69 05 49 588 157 80",
        " ",
        ",",
        "[nom]",
        "[email]",
        "[",
        "]",
        "é",
        "3",
        "Ana",
        "nom",
        "bonjour",
        "\n",
        ".",
    ]
)


@given(
    st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=12).map("".join)),
    st.lists(st.text(max_size=6), max_size=3),
    st.sampled_from(["fr", "en"]),
)
@settings(max_examples=300)
def test_scrubbing_never_fails_and_twice_is_once(text, deny, language):
    once = scrub_quotes(pd.DataFrame({"quote": [text]}), deny=deny, language=language)
    words = once.codes["quote"].iloc[0]
    assert scrubbed(words, deny=deny, language=language) == words
    assert (words == text) == once.review.empty
    for found in once.review["found"]:
        assert found


@given(st.text(alphabet="abcdefgh éàç',.!?", max_size=80))
def test_a_text_without_matches_is_unchanged(text):
    assert scrubbed(text, deny=["zzz"]) == text


# ---------------------------------------------------------------- consent, in every file that a run writes
SECRETS = {
    "verbatim": "I love that the total is always clear",
    "paraphrase": "paraphrase only please 4417",
    "none": "never quote me on this 5528",
    None: "nobody asked me about that 6639",
}


def consent_study(folder, *, consent=True, secrets=True):
    """60 people in two plain groups, 24 of them interviewed; every quote of one kind of consent holds the same words."""
    rng = np.random.default_rng(7)
    ids = [f"jane.doe{at}@example.org" for at in range(60)]
    group = np.arange(60) % 2
    answers = pd.DataFrame({f"q{at}": 1 + 3 * group + rng.integers(0, 2, 60) for at in range(6)})
    answers.insert(0, "participant_id", ids)
    answers = answers.assign(
        Nom=[f"Durand{chr(97 + at % 26)}" for at in range(60)],
        phone=[f"06 12 34 56 {at:02d}" for at in range(60)],
        remarks=[f"my own words {at}, unlike anybody's" for at in range(60)],
    )
    kinds = list(SECRETS)
    codes = pd.DataFrame(
        {
            "participant_id": ids[:24],
            "code": [f"code {'ab'[one]}" for one in group[:24]],
            "kind": "pain",
            "stage": "purchase",
            "quote": [SECRETS[kinds[at // 2 % 4]] for at in range(24)],
            "consent": [kinds[at // 2 % 4] for at in range(24)],
            "source": [f"Interview Jane Doe {at}.docx" for at in range(24)],
        }
    )
    events = pd.DataFrame(
        {
            "participant_id": ids * 3,
            "event": np.repeat(["see", "choose", "buy"], 60),
            "time_us": np.arange(180) * 3_600_000_000,
            "utm_owner": "sam.smith@example.org",
        }
    )
    touchpoints = pd.DataFrame(
        {
            "event": ["see", "choose", "buy"],
            "touchpoint": ["Ad", "Page", "Till"],
            "stage": ["awareness", "research", "purchase"],
        }
    )
    folder.mkdir()
    tables = {
        "answers": answers,
        "codes": codes if consent else codes.drop(columns="consent"),
        "events": events,
        "touchpoints": touchpoints,
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.toml").write_text(
        'name = "consent"\n[participants]\nfrom = "answers"\n'
        + "".join(f'[{name}]\nfile = "{name}.csv"\n' for name in tables)
    )
    return load_study(folder)


def texts_of(out):
    return {path.relative_to(out).as_posix(): text_of(path) for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_only_what_people_allowed_is_in_the_files_of_a_run(tmp_path, language):
    study = consent_study(tmp_path / "study")
    out = run_study(study, tmp_path / "out", k=[2], candidate="kmeans-2", language=language, seed=1)
    texts = texts_of(out)
    assert len(texts) > 30
    assert any(SECRETS["verbatim"] in text for name, text in texts.items() if name.startswith("cards/"))
    for name, text in texts.items():
        for secret in ("4417", "5528", "6639", "jane", "Jane", "Durand", "06 12 34", "sam.smith", "my own words"):
            assert secret not in text, f"{name}: {secret}"


@pytest.mark.parametrize(
    ("language", "card", "page"),
    [
        ("fr", "Sans consentement déclaré, rien n’est cité.", "24 citations n’ont pas de consentement déclaré"),
        ("en", "Where no consent is stated, nothing is quoted.", "24 quotes have no stated consent"),
    ],
)
def test_without_a_consent_column_no_quote_is_shown_and_that_is_said(tmp_path, language, card, page):
    study = consent_study(tmp_path / "study", consent=False)
    out = run_study(study, tmp_path / "out", k=[2], candidate="kmeans-2", language=language, seed=1)
    texts = texts_of(out)
    for name, text in texts.items():
        for secret in SECRETS.values():
            assert secret not in text, name
    for persona in ("P1", "P2"):
        assert card in texts[f"cards/{persona}.html"]
    for name in ("all", "P1", "P2"):
        notes = json.loads(texts[f"maps/{name}.json"])["notes"]
        assert any(
            {"fr": "sans consentement déclaré", "en": "no consent is stated"}[language] in note["text"] for note in notes
        )
    assert page in texts["index.html"]
