from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from personakit.errors import ChoiceError, StudyError
from personakit.evidence import gather_evidence
from personakit.frozen import Sentence
from personakit.personas import choose, label, recommend, suggest_labels
from personakit.records import Candidates, Features, Personas, Study

KINDS = {"evening_share": "share", "channel_share:shop": "share", "channel_share:web": "share",
         "content_share:reassure": "share", "events_per_session": "numeric", "yummy": "binary", "trust": "ordinal",
         "region": "nominal"}


def ids(n):
    return pd.Index([f"p{one:03d}" for one in range(n)], name="participant_id")


def make_study(groups=None, codes=None):
    """60 people in three personas with planted habits: P1 shops in the evening, P2 is on the web, P3 visits long."""
    groups = np.repeat([0, 1, 2], 20) if groups is None else groups
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.05, size=(60, 4))
    natural = pd.DataFrame({
        "evening_share": 0.3 + 0.25 * (groups == 0) + noise[:, 0],
        "channel_share:shop": 0.3 + 0.5 * (groups == 0) + noise[:, 1],
        "channel_share:web": 0.3 + 0.5 * (groups == 1) + noise[:, 2],
        "content_share:reassure": 0.2 + 0.2 * (groups == 2) + noise[:, 3],
        "events_per_session": 4 + 6.0 * (groups == 2) + 10 * noise[:, 0],
        "yummy": (rng.random(60) < np.where(groups == 1, 0.9, 0.2)).astype(float),
        "trust": rng.integers(1, 6, 60).astype(float),
        "region": pd.Categorical(rng.choice(["north", "south"], 60)),
    }, index=ids(60))
    catalog = pd.DataFrame({"kind": [KINDS[name] for name in natural], "role": "active", "origin": "events", "unit": "",
                            "label": ["" if name != "trust" else "I trust the people in the shop with my eyes"
                                      for name in natural]}, index=pd.Index(natural.columns, name="feature"))
    features = Features(table=natural, natural=natural, catalog=catalog, dropped=pd.DataFrame())
    membership = pd.DataFrame(np.eye(3)[groups], index=ids(60), columns=["P1", "P2", "P3"])
    study = Study(name="sixty", participants=pd.DataFrame(index=ids(60)), codes=codes)
    personas = Personas(candidate="kmeans-3", membership=membership, features=features, quality=pd.Series(dtype="float64"),
                        stability=pd.DataFrame(), tried=4, chosen=True)
    return study, features, personas


def make_candidates(recommended="kmeans-3"):
    _, features, personas = make_study()
    table = pd.DataFrame({"method": ["kmeans"] * 2, "k": [2, 3]}, index=pd.Index(["kmeans-2", "kmeans-3"], name="candidate"))
    two = pd.DataFrame({"P1": 1.0, "P2": 0.0}, index=ids(60))
    places = pd.MultiIndex.from_tuples([("kmeans-2", "P1"), ("kmeans-2", "P2"), *(("kmeans-3", f"P{k}") for k in (1, 2, 3))],
                                       names=["candidate", "persona"])
    return Candidates(table=table, memberships={"kmeans-2": two, "kmeans-3": personas.membership}, features=features,
                      personas=pd.DataFrame({"n": [60, 0, 20, 20, 20]}, index=places), seed=7,
                      verdict="reproducible" if recommended else "none", recommended=recommended,
                      why=(Sentence(key="words.share_of", values={"share": 0.9, "what": "web"}),))


# ---------------------------------------------------------------- choose, recommend, label


def test_choose_takes_the_candidate_and_keeps_the_decision():
    candidates = make_candidates()
    personas = choose(candidates, "kmeans-2", by="RK", reason="two shops", when="2026-01-15")
    assert personas.chosen
    assert personas.tried == 2
    assert personas.quality["k"] == 2
    assert personas.stability["n"].to_dict() == {"P1": 60, "P2": 0}
    assert personas.membership.equals(candidates.memberships["kmeans-2"])
    assert personas.decisions.iloc[0].tolist() == ["choose", "", "kmeans-2", "RK", "two shops", "2026-01-15"]


def test_choose_names_what_may_be_meant():
    with pytest.raises(ChoiceError, match="Did you mean 'kmeans-3'"):
        choose(make_candidates(), "kmean-3", by="RK", reason="stable")


@pytest.mark.parametrize("act", [{"by": " ", "reason": "stable"}, {"by": "RK", "reason": ""}, {"by": "RK", "reason": None}])
def test_a_decision_has_an_author_and_a_reason(act):
    with pytest.raises(ChoiceError, match="is empty"):
        choose(make_candidates(), "kmeans-3", **act)
    with pytest.raises(ChoiceError, match="is empty"):
        label(make_study()[2], {"P1": "Claire"}, **act)


@pytest.mark.parametrize(("language", "reason"), [
    ("en", "best placed of the 2 candidates tried. 90% web"),
    ("fr", "le mieux placé des 2 candidats essayés. 90\u202f% web"),
])
def test_recommend_says_that_nobody_chose(language, reason):
    personas = recommend(make_candidates(), language=language)
    assert not personas.chosen
    assert personas.candidate == "kmeans-3"
    assert personas.decisions.iloc[0].tolist() == ["recommend", "", "kmeans-3", "personakit", reason, ""]


def test_nothing_is_recommended_where_there_are_no_personas():
    with pytest.raises(ChoiceError, match="there are no personas here"):
        recommend(make_candidates(recommended=None))


def test_label_keeps_the_names_and_the_log():
    personas = make_study()[2]
    named = label(personas, {"P1": " La prévoyante "}, by="RK", reason="codes: plan")
    again = label(named, {"P2": "Le pressé"}, by="AB", reason="visits")
    assert dict(again.names) == {"P1": "La prévoyante", "P2": "Le pressé"}
    assert again.decisions["by"].tolist() == ["RK", "AB"]
    assert not personas.names
    renamed = label(again, {"P1": "Claire"}, by="RK", reason="shorter", replace=True)
    assert renamed.names["P1"] == "Claire"
    assert renamed.decisions["value"].tolist() == ["La prévoyante", "Le pressé", "Claire"]


@pytest.mark.parametrize(("names", "message"), [
    ({"P9": "x"}, "persona: 'P9' is unknown. Allowed: P1, P2, P3"),
    ({"P2": "claire"}, "P1 and P2 are both named"),
    ({"P2": "Léo", "P3": "Léo"}, "P2 and P3 are both named"),
    ({"P2": "  "}, "the name of P2 is empty"),
    ({"P1": "Anne"}, "P1 is already named 'Claire'. Pass replace=True"),
])
def test_label_refuses(names, message):
    personas = label(make_study()[2], {"P1": "Claire"}, by="RK", reason="interviews")
    with pytest.raises(ChoiceError, match=message):
        label(personas, names, by="RK", reason="interviews")


# ---------------------------------------------------------------- suggested names


@pytest.mark.parametrize(("language", "expected"), [
    ("fr", ["Boutique, le soir", "Yummy, web", "Contenus qui rassurent, visites longues"]),
    ("en", ["Shop, evenings", "Yummy, web", "Content that reassures, long visits"]),
])
def test_names_say_what_was_planted(language, expected):
    study, features, personas = make_study()
    evidence = gather_evidence(study, features, personas, seed=1)
    suggested = suggest_labels(personas, evidence, language=language)
    assert list(suggested.index) == ["P1", "P2", "P3"]
    assert suggested["label"].tolist() == expected
    known = evidence.table.set_index("evidence_id")
    named = known.loc[list(suggested.at["P1", "features"])]
    assert set(named["feature"]) == {"channel_share:shop", "evening_share"}
    assert (named["persona"] == "P1").all()


def test_names_are_the_same_every_time_and_do_not_depend_on_the_order_of_rows():
    study, features, personas = make_study()
    first, again = (suggest_labels(personas, gather_evidence(study, features, personas, seed=1), language="fr")
                    for _ in "ab")
    pd.testing.assert_frame_equal(first, again)
    order = np.random.default_rng(0).permutation(60)
    turned = Features(table=features.table.iloc[order], natural=features.natural.iloc[order], catalog=features.catalog,
                      dropped=features.dropped)
    others = Personas(candidate="kmeans-3", membership=personas.membership.iloc[order], features=turned,
                      quality=personas.quality, stability=personas.stability, tried=4, chosen=True)
    shuffled = suggest_labels(others, gather_evidence(study, turned, others, seed=1), language="fr")
    pd.testing.assert_frame_equal(first, shuffled)


@pytest.mark.parametrize("seed", range(6))
def test_no_two_names_are_alike_even_where_nothing_sets_people_apart(seed):
    study, features, personas = make_study(np.sort(np.random.default_rng(seed).integers(0, 3, 60)))
    groups = np.random.default_rng(seed).integers(0, 3, 60)
    membership = pd.DataFrame(np.eye(3)[groups], index=ids(60), columns=["P1", "P2", "P3"])
    mixed = Personas(candidate="kmeans-3", membership=membership, features=features,
                     quality=personas.quality, stability=personas.stability, tried=4, chosen=True)
    for one in (personas, mixed):
        suggested = suggest_labels(one, gather_evidence(study, features, one, seed=1), language="fr")["label"]
        assert suggested.str.casefold().is_unique
        assert suggested.str.len().between(3, 50).all()


def test_suggestions_leave_the_names_people_gave():
    study, features, personas = make_study()
    evidence = gather_evidence(study, features, personas, seed=1)
    named = label(personas, {"P2": "boutique, le soir"}, by="RK", reason="habits")
    assert suggest_labels(named, evidence, language="fr").at["P1", "label"] != "Boutique, le soir"


def test_a_code_that_sets_a_persona_apart_enters_its_name():
    codes = pd.DataFrame({"participant_id": ids(60)[[20, 21, 22, 23, 0, 1, 2, 40, 41]],
                          "code": ["second opinion"] * 4 + ["price"] * 5, "kind": "need"})
    study, features, personas = make_study(codes=codes)
    flat = pd.DataFrame({"trust": np.tile([1.0, 2, 3, 4, 5], 12)}, index=ids(60))
    plain = Features(table=flat, natural=flat,
                     catalog=features.catalog.loc[["trust"]], dropped=features.dropped)
    personas = Personas(candidate="kmeans-3", membership=personas.membership, features=plain, quality=personas.quality,
                        stability=personas.stability, tried=4, chosen=True)
    evidence = gather_evidence(study, plain, personas, seed=1)
    suggested = suggest_labels(personas, evidence, language="en")
    assert suggested.at["P2", "label"] == "“second opinion”"
    assert suggested.at["P2", "features"][0] in set(evidence.codes["evidence_id"])


def test_suggestions_need_the_evidence_of_these_personas():
    study, features, personas = make_study()
    evidence = gather_evidence(study, features, personas, seed=1)
    with pytest.raises(ChoiceError, match="it is of P1, P2, P3, the personas are P1, P2"):
        suggest_labels(choose(make_candidates(), "kmeans-2", by="RK", reason="two"), evidence, language="fr")
    with pytest.raises(StudyError, match="language"):
        suggest_labels(personas, evidence, language="de")


@pytest.mark.parametrize("seed", range(4))
def test_the_traits_of_a_name_are_the_same_in_both_languages(seed):
    """Long words of one language must not change what a name is about."""
    groups = np.sort(np.random.default_rng(seed).integers(0, 3, 60))
    study, features, personas = make_study(groups)
    renamed = {"channel_share:web": "channel_share:event", "channel_share:shop": "channel_share:in-store advice corner"}
    features = Features(table=features.table.rename(columns=renamed), natural=features.natural.rename(columns=renamed),
                        catalog=features.catalog.rename(index=renamed), dropped=features.dropped)
    personas = replace(personas, features=features)
    evidence = gather_evidence(study, features, personas, seed=1)
    fr, en = (suggest_labels(personas, evidence, language=language) for language in ("fr", "en"))
    assert fr["features"].tolist() == en["features"].tolist()
    assert fr["stability"].equals(en["stability"])
    assert fr["label"].str.len().max() <= 45


def test_stability_tells_clear_names_from_chance_ones():
    study, features, personas = make_study()
    clear = suggest_labels(personas, gather_evidence(study, features, personas, seed=1), language="fr")["stability"]
    assert clear.min() > 0.7
    values = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 12)), index=ids(60), columns=list("abcdefghijkl"))
    values += 0.7 * np.eye(3)[np.repeat([0, 1, 2], 20)] @ np.repeat(np.eye(3), 4, axis=1)  # four equal traits each, all weak
    catalog = pd.DataFrame({"kind": "numeric", "role": "active", "origin": "other", "unit": "", "label": ""},
                           index=pd.Index(values.columns, name="feature"))
    weak = Features(table=values, natural=values, catalog=catalog, dropped=pd.DataFrame())
    others = replace(personas, features=weak)
    by_chance = suggest_labels(others, gather_evidence(study, weak, others, seed=1), language="fr")["stability"]
    assert by_chance.mean() < clear.mean() - 0.2


def test_a_channel_called_event_is_not_an_event_by_event():
    from personakit.wording import feature_label
    assert feature_label("channel_share:event", "en") == "share of events in the event channel"
    assert feature_label("channel_share:event", "fr") == "part des événements sur le canal événement"


@pytest.mark.parametrize("names", [{}, {"P1": None}, {"P1": 3.0}])
def test_a_name_is_a_text(names):
    with pytest.raises(ChoiceError, match="no name was given|the name of P1 is empty"):
        label(make_study()[2], names, by="RK", reason="interviews")
