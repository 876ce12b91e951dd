"""Ids of silos become participants: what was seen together belongs together, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personakit.collect.identity import apply_identities, stitch_identities
from personakit.errors import ChoiceError, StudyError

WEB = pd.DataFrame({"cookie": ["c1", "c2", "c3", "c4"], "login": ["ana", "ana", "bo", None]})
CRM = pd.DataFrame({"login": ["ana", "bo"], "card": [41, None]})


def groups(identities):
    """Return the sets of ids that are one participant."""
    table = identities.table
    return {frozenset(zip(one["id_type"], one["id"], strict=True)) for _, one in table.groupby("participant_id")}


def test_a_case_by_hand():
    """c1 and c2 were seen with ana, who has card 41; c3 with bo; c4 with nobody."""
    found = stitch_identities(WEB, CRM)
    assert groups(found) == {
        frozenset({("cookie", "c1"), ("cookie", "c2"), ("login", "ana"), ("card", "41")}),
        frozenset({("cookie", "c3"), ("login", "bo")}),
        frozenset({("cookie", "c4")}),
    }
    assert found.table["participant_id"].tolist() == [
        "card:41",
        "card:41",
        "card:41",
        "cookie:c3",
        "cookie:c4",
        "card:41",
        "cookie:c3",
    ]
    assert found.types.loc["cookie"].to_dict() == {
        "ids": 4,
        "participants": 3,
        "unlinked": 1,
        "unlinked_share": 0.25,
        "placeholders": 0,
    }
    assert found.sizes["participants"].to_dict() == {1: 1, 2: 1, 4: 1}
    assert found.refused.empty


def test_the_same_word_as_login_and_as_card_is_two_ids():
    found = stitch_identities(
        pd.DataFrame({"login": ["42"], "cookie": ["x"]}), pd.DataFrame({"card": [42], "cookie": ["y"]})
    )
    assert len(groups(found)) == 2


def test_numbers_are_one_id_however_they_were_read():
    found = stitch_identities(
        pd.DataFrame({"card": [7, 8], "login": ["a", "b"]}),
        pd.DataFrame({"card": [7.0, np.nan]}),
        pd.DataFrame({"card": [" 7 ", 7.0, None], "phone_id": ["x", "y", "z"]}),
    )
    assert frozenset({("card", "7"), ("login", "a"), ("phone_id", "x"), ("phone_id", "y")}) in groups(found)


def test_long_numbers_that_lost_digits_are_refused():
    with pytest.raises(StudyError, match="record 1.card: ids as long as 12345678901234567"):
        stitch_identities(pd.DataFrame({"card": [1.2345678901234567e18, np.nan]}))


def test_a_shared_tablet_merges_nobody_and_is_named():
    """25 people log in on one tablet: 26 ids and 25 cookies would be one participant."""
    people = pd.DataFrame({"login": [f"u{at:02d}" for at in range(25)], "device": "tablet-7"})
    found = stitch_identities(people, WEB)
    line = found.refused.iloc[0]
    assert (line["ids"], line["most_linked"], line["links"]) == (26, "device:tablet-7", 25)
    assert line["first"] == "device:tablet-7, login:u00, login:u01, login:u02, login:u03, ..."
    own = found.table[found.table["id"].str.match(r"u\d|tablet")]
    assert own["participant_id"].nunique() == 26
    assert "cookie:c1" in set(found.table["participant_id"])
    assert groups(stitch_identities(people, WEB, exclude=["tablet-7"])) >= {frozenset({("login", "u00")})}
    assert stitch_identities(people, largest=26).refused.empty


def test_what_is_excluded_belongs_to_nobody():
    pairs = pd.DataFrame({"login": ["ana", "bo", "7"], "card": ["7", "7", "9"]})
    assert len(groups(stitch_identities(pairs))) == 2
    everywhere = stitch_identities(pairs, exclude=[7])
    assert set(everywhere.table["id"]) == {"ana", "bo", "9"}
    assert everywhere.types["placeholders"].to_dict() == {"card": 2, "login": 1}
    one_type = stitch_identities(pairs, exclude=[("card", 7)])
    assert set(one_type.table["id"]) == {"ana", "bo", "7", "9"}
    assert len(groups(one_type)) == 3


@pytest.mark.parametrize(
    "word",
    [
        "unknown",
        "NULL",
        "Inconnu",
        "0",
        0,
        0.0,
        "",
        "  ",
        "-",
        "(not set)",
        -1,
        "00000000-0000-0000-0000-000000000000",
        None,
    ],
)
def test_placeholders_join_nobody(word):
    found = stitch_identities(pd.DataFrame({"login": ["ana", "bo"], "card": [word, word]}, dtype=object))
    assert groups(found) == {frozenset({("login", "ana")}), frozenset({("login", "bo")})}


def test_ids_are_put_in_a_table():
    found = stitch_identities(WEB, CRM)
    log = pd.DataFrame({"t": [1, 2, 3], "visitor": ["c2", "c9", "c3"]})
    out = apply_identities(log, found, id_type="cookie", column="visitor")
    assert list(out.columns) == ["t", "participant_id"]
    assert out["participant_id"].tolist()[::2] == ["card:41", "cookie:c3"]
    assert out["participant_id"].isna().tolist() == [False, True, False]
    assert apply_identities(CRM, found, id_type="card")["participant_id"].tolist()[0] == "card:41"
    assert list(log.columns) == ["t", "visitor"]


def test_what_cannot_be_done_is_said():
    found = stitch_identities(WEB)
    with pytest.raises(ChoiceError, match="Did you mean 'cookie'"):
        apply_identities(WEB, found, id_type="cooky")
    with pytest.raises(ChoiceError, match="column: 'visitor' is unknown"):
        apply_identities(WEB, found, id_type="cookie", column="visitor")
    with pytest.raises(StudyError, match="besides 'cookie'"):
        apply_identities(WEB.assign(participant_id="p1"), found, id_type="cookie")
    with pytest.raises(ChoiceError, match="largest: 0 is below 1"):
        stitch_identities(WEB, largest=0)
    for record in ("cookie", pd.DataFrame(), None):
        with pytest.raises(StudyError, match="record 1: is not a frame"):
            stitch_identities(record)
    with pytest.raises(StudyError, match="stands twice or holds a colon"):
        stitch_identities(pd.DataFrame([["a", "b"]], columns=["x", "x"]))


def test_nothing_in_nothing_out():
    found = stitch_identities()
    assert found.table.empty
    assert stitch_identities(pd.DataFrame({"login": [None, "unknown"]})).table.empty


IDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "e", "unknown", "0"]), st.integers(0, 5))
ROWS = st.lists(st.tuples(IDS, IDS, IDS), max_size=14)


def frame(rows):
    return pd.DataFrame(rows, columns=["card", "cookie", "login"], dtype=object)


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_the_order_of_rows_columns_and_records_does_not_matter(rows, chance):
    once = stitch_identities(frame(rows), frame([]), largest=5)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(rows))
    parts = [frame(shuffled[cut:])[["login", "card", "cookie"]], frame(shuffled[:cut])]
    again = stitch_identities(*parts, largest=5)
    for name in ("table", "types", "sizes", "refused"):
        pd.testing.assert_frame_equal(getattr(once, name), getattr(again, name))


@given(ROWS, st.integers(1, 8))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_who_is_one_participant(rows, largest):
    """Compared with merging sets one by one: what a row shows together is one, unless that makes too large a one."""
    found = stitch_identities(frame(rows), largest=largest)
    merged: list[set] = []
    for row in rows:
        ids = {
            (kind, str(one))
            for kind, one in zip(("card", "cookie", "login"), row, strict=True)
            if one not in (None, "unknown", "0", 0)
        }
        touched = [one for one in merged if one & ids]
        merged = [one for one in merged if not one & ids] + ([set.union(ids, *touched)] if ids else [])
    expected = {frozenset(part) for one in merged for part in ([one] if len(one) <= largest else [{each} for each in one])}
    assert groups(found) == expected
    assert len(found.refused) == sum(len(one) > largest for one in merged)
    assert found.sizes["participants"].sum() == len(expected)
    assert found.types["ids"].sum() == len(found.table) == (found.sizes.index * found.sizes["participants"]).sum()
    assert not found.table.duplicated(["id_type", "id"]).any()


def test_a_long_list_of_pairs_is_quick():
    """Every id of a long list: 200,000 pairs here, so that the test is quick; about five times as long for a million."""
    rng = np.random.default_rng(7)
    person = rng.integers(0, 80_000, 200_000)
    pairs = pd.DataFrame({"cookie": person * 4 + rng.integers(0, 4, len(person)), "login": person + 10})
    found = stitch_identities(pairs)
    assert found.table["participant_id"].nunique() == len(np.unique(person))
    assert found.refused.empty
