"""The encoded log: sorting, ties, keys, sessions and counts per person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import (
    DAY_US,
    MINUTE_US,
    count_blocks,
    count_by_person,
    count_cells,
    days_within,
    distinct,
    encode_events,
    keep_rows,
    person_blocks,
    person_of,
    recode,
    sessionise,
    sort_within,
    transition_counts,
)


def frame(*rows, columns=("participant_id", "event", "time_us")):
    return pd.DataFrame(list(rows), columns=list(columns))


def same(one, other):
    return (one.participants.equals(other.participants) and np.array_equal(one.offsets, other.offsets)
            and np.array_equal(one.time_us, other.time_us) and np.array_equal(one.value, other.value, equal_nan=True)
            and one.ties == other.ties and all(np.array_equal(one.codes[c], other.codes[c])
                                               and one.levels[c].equals(other.levels[c]) for c in one.codes))


def random_events(seed, rows=400):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "participant_id": rng.integers(0, 30, rows).astype(str), "event": rng.choice(list("abc"), rows),
        "time_us": rng.integers(0, 50, rows) * MINUTE_US, "order": np.arange(rows),
        "channel": rng.choice(["web", "shop", None], rows), "value": rng.choice([1.0, np.nan], rows)})


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_rows_give_the_same_log_where_there_is_an_order(seed):
    events = random_events(seed)
    assert same(encode_events(events), encode_events(events.sample(frac=1, random_state=seed)))


def test_shuffled_rows_give_the_same_log_even_where_order_does_not_part_ties():
    events = random_events(1).assign(order=0)
    shuffled = encode_events(events.sample(frac=1, random_state=3))
    assert same(encode_events(events), shuffled)
    assert shuffled.ties > 0


def test_ties_keep_the_order_of_the_table_and_are_counted():
    # rybbit issue 1133: A and B in the same second, in this order, are a step from A to B
    log = encode_events(frame(("p", "A", 5), ("p", "B", 5), ("q", "B", 5)))
    assert log.codes["event"].tolist() == [0, 1, 1]
    assert log.ties == 1
    parted = encode_events(frame(("p", "B", 5, 2), ("p", "A", 5, 1),
                                 columns=("participant_id", "event", "time_us", "order")))
    assert parted.codes["event"].tolist() == [0, 1]
    assert parted.ties == 0


def test_gaps_in_the_order_column_come_last():
    log = encode_events(frame(("p", "B", 5, None), ("p", "A", 5, 1.0),
                              columns=("participant_id", "event", "time_us", "order")))
    assert log.codes["event"].tolist() == [0, 1]


def test_keys_are_never_pasted():
    # ("a | b", "c") and ("a", "b | c") paste to the same string
    log = encode_events(frame(("a | b", "c", 0), ("a", "b | c", 0)))
    assert len(log.participants) == 2
    assert count_by_person(log, "event").toarray().tolist() == [[1, 0], [0, 1]]
    assert sessionise(log).tolist() == [0, 1]


def test_fifty_thousand_pairs_stay_fifty_thousand_sessions():
    # Nestimate below 0.8.2 lost 14 % of such sessions to a product of factor levels (reference: keys)
    person = np.repeat(np.arange(5_000), 10)
    events = pd.DataFrame({"participant_id": person.astype(str), "event": "x",
                           "time_us": np.tile(np.arange(10) * 2 * DAY_US, 5_000)})
    assert len(np.unique(sessionise(encode_events(events)))) == 50_000


def test_sessions_by_hand():
    log = encode_events(frame(("p", "x", 0), ("p", "x", 30 * MINUTE_US), ("p", "x", 60 * MINUTE_US + 1), ("q", "x", 0)))
    assert sessionise(log).tolist() == [0, 0, 1, 2]
    assert sessionise(log, gap_min=10).tolist() == [0, 1, 2, 3]
    with pytest.raises(StudyError, match="session_gap_min"):
        sessionise(log, gap_min=0)


def test_participants_without_events_have_an_empty_span():
    log = encode_events(frame(("b", "x", 0)), participants=pd.Index(["a", "b", "c"]))
    assert log.offsets.tolist() == [0, 0, 1, 1]
    assert sessionise(log).tolist() == [0]
    with pytest.raises(StudyError, match="1 of 1 not in participants"):
        encode_events(frame(("z", "x", 0)), participants=pd.Index(["a"]))


@pytest.mark.parametrize("engine", ["pyarrow", "polars", "duckdb"])
def test_any_frame_gives_the_same_log(engine):
    module = pytest.importorskip(engine)
    events = random_events(2)
    if engine == "pyarrow":
        other = module.Table.from_pandas(events)
    elif engine == "polars":
        other = module.from_pandas(events)
    else:
        pytest.importorskip("pyarrow")
        other = module.sql("select * from events")
    assert same(encode_events(events), encode_events(other))


@pytest.mark.parametrize(("events", "message"), [
    (frame(("p", 1), columns=("participant_id", "time_us")), "column 'event' is missing"),
    (frame(("p", "x", 1.5)), "whole UTC microseconds"),
    (frame((None, "x", 1)), "participant_id: 1 of 1 are empty"),
    ([1, 2], "a list is not a table"),
])
def test_bad_tables_say_what_to_do(events, message):
    with pytest.raises(StudyError, match=message):
        encode_events(events)


def test_named_columns_must_exist():
    with pytest.raises(StudyError, match="'colour' is missing"):
        encode_events(frame(("p", "x", 0)), columns=["colour"])


def test_nothing_is_changed_in_place():
    events = random_events(3)
    before = events.copy()
    encode_events(events)
    pd.testing.assert_frame_equal(events, before)


def test_recode_fills_gaps_and_keeps_what_is_known():
    log = encode_events(frame(("p", "x", 0, "web"), ("p", "x", 1, None), ("p", "y", 2, None),
                              columns=("participant_id", "event", "time_us", "channel")))
    filled = recode(log, "channel", {"x": "shop"})
    assert filled.codes["channel"].tolist() == [1, 0, -1]
    assert list(filled.levels["channel"]) == ["shop", "web"]
    with pytest.raises(ChoiceError, match="Did you mean 'event'"):
        recode(log, "stage", {}, source="evnt")


def test_keep_rows_drops_who_is_left_with_nothing():
    log = encode_events(frame(("p", "x", 0), ("q", "x", 1), ("q", "y", 2)))
    kept = keep_rows(log, log.time_us > 0)
    assert list(kept.participants) == ["q"]
    assert kept.offsets.tolist() == [0, 2]


logs = st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("xyz"), st.integers(0, 10**7)), min_size=1, max_size=40)


@given(logs)
def test_counts_reconcile(rows):
    log = encode_events(frame(*rows))
    counts, moves = count_by_person(log, "event"), transition_counts(log, "event")
    assert counts.sum() == len(rows)
    # every event but the last of each participant is followed by one
    assert (moves.sum(axis=1) == np.diff(log.offsets) - 1).all()
    size = len(log.levels["event"])
    inward = moves.toarray().reshape(-1, size, size).sum(axis=1)
    first = np.zeros_like(inward)
    first[np.arange(len(inward)), log.codes["event"][log.offsets[:-1]]] = 1
    assert (inward + first == counts.toarray()).all()
    assert (np.diff(sessionise(log)) >= 0).all()
    assert (np.diff(sessionise(log))[np.diff(person_of(log)) > 0] == 1).all()


def test_blocks_part_people_and_hold_whoever_has_no_events():
    log = encode_events(frame(("b", "x", 0), ("b", "y", 1), ("d", "x", 0), ("d", "x", 1), ("d", "y", 2), ("e", "x", 0)),
                        participants=pd.Index(list("abcdef")))
    for most, sizes in ((1, [0, 2, 0, 3, 1]), (2, [2, 0, 3, 1]), (3, [2, 3, 1]), (99, [6])):
        blocks = list(person_blocks(log, most=most))
        assert [len(person) for _, person in blocks if len(person)] == [size for size in sizes if size]
        assert np.concatenate([person for _, person in blocks]).tolist() == person_of(log).tolist()
        assert [row for rows, _ in blocks for row in range(rows.start, rows.stop)] == list(range(6))


def test_more_cells_than_four_bytes_hold():
    cells = 50_000**2  # the steps between 50,000 pages
    found = count_cells(np.array([0, 0, 1]), np.array([cells - 1, 7, cells - 1]), (2, cells)).tocoo()
    assert list(zip(found.row.tolist(), found.col.tolist(), found.data.tolist(), strict=True)) == [
        (0, 7, 1), (0, cells - 1, 1), (1, cells - 1, 1)]
    nobody = np.empty(0, dtype=np.int64)  # a block in which no level is known
    assert count_blocks([(nobody, nobody), (np.array([1]), np.array([9]))], (2, cells)).sum() == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(-5, 10**13)), max_size=60), st.booleans(),
       st.sampled_from([1, 3, 2**18]), st.sampled_from([0, 2**21]))
def test_passes_in_blocks_agree_with_plain_ones(rows, ordered, block, most):
    owner, cell, values = np.array(sorted(rows) if ordered else rows, dtype=np.int64).reshape(-1, 3).T
    with pytest.MonkeyPatch.context() as patch:
        for where in ("encoding", "counts"):
            patch.setattr(f"personakit.eventlog.{where}.BLOCK", block)
        counts = count_cells(owner, cell, (7, 5))
        assert counts.toarray().tolist() == [[int(((owner == one) & (cell == other)).sum()) for other in range(5)]
                                             for one in range(7)]
        by_hand = values[np.lexsort((values, owner))].tolist()
        assert sort_within(owner, values, 7).tolist() == by_hand
    found, place = distinct(values)
    assert [found.tolist(), found[place].tolist()] == [sorted(set(values.tolist())), values.tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("personakit.eventlog.counts._SORTED", most)
        low, high, between = days_within(lambda: [(owner[:9], values[:9]), (owner[9:], values[9:])], 7, [0.25, 0.5],
                                         most=len(rows))
    days = pd.Series(values / DAY_US, dtype=float).groupby(owner).quantile([0.25, 0.5]).unstack().reindex(range(7))
    np.testing.assert_array_equal((low + (high - low) * between).T, days.to_numpy().reshape(7, -1) if len(rows) else
                                  np.full((7, 2), np.nan))


@pytest.mark.parametrize("ids", [[200, 100, 7, 100], [5, 3, 2**40], [-3, 2, -10], [2**63, 1, 2]])
@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_ids_that_are_whole_numbers_are_sorted_as_text_everywhere(ids, engine):
    events = pd.DataFrame({"participant_id": np.array(ids, dtype="uint64" if max(ids) >= 2**63 else "int64"),
                           "event": "x", "time_us": np.arange(len(ids))})
    if engine == "polars":
        events = pytest.importorskip("polars").from_pandas(events).lazy()
    elif engine == "duckdb":
        events = pytest.importorskip("duckdb").connect().from_df(events)
    log = encode_events(events)
    assert list(log.participants) == sorted({str(one) for one in ids})
    assert [log.participants[one] for one in person_of(log)] == sorted(map(str, ids))


def test_a_query_may_hand_over_its_pieces_in_any_order():
    events = random_events(4).drop(columns="order").sort_values("time_us", kind="stable", ignore_index=True)
    pieces = pd.concat([events[300:], events[:120], events[120:300]])
    polars = pytest.importorskip("polars")
    assert same(encode_events(polars.from_pandas(pieces).lazy()), encode_events(polars.from_pandas(events).lazy()))


def test_times_of_any_size_are_sorted():
    times = [2**62, -2**62, 0, 2**62 - 1, -1, 2**63 - 1, -2**63]
    log = encode_events(frame(*(("ba"[place % 2], "x", time) for place, time in enumerate(times))))
    assert log.time_us.tolist() == [*sorted(times[1::2]), *sorted(times[::2])]


@pytest.mark.parametrize("setting", ["default_order='DESC'", "default_collation='NOCASE'"])
def test_an_engine_that_sorts_otherwise_gives_each_person_their_own_events(setting):
    connection = pytest.importorskip("duckdb").connect()
    connection.sql(f"SET {setting}")
    events = pd.DataFrame({"participant_id": [f"{'aB'[one % 2]}{one}" for one in range(300)], "event": "x",
                           "time_us": np.arange(300)})
    log = encode_events(connection.from_df(events))
    assert log.participants[person_of(log)].tolist() == events["participant_id"][log.time_us].tolist()
