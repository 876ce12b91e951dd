"""Tracing: stages on events, notes, and who is still open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_journeys as make

from personakit.errors import ChoiceError, StudyError
from personakit.eventlog import encode_events, sessionise
from personakit.journeys import audit_sessions, ends, trace_journeys
from personakit.journeys.ends import journey_ends, truncated_quantile
from personakit.records import Study


def note(journeys, check):
    return journeys.notes.set_index("check").loc[check, "count"]


def test_stages_channels_and_notes_by_hand():
    events = pd.DataFrame(
        [("a", "see", 0, "web"), ("a", "see", 0, "web"), ("a", "see", 60, None), ("a", "odd", 70, None),
         ("a", "buy", 80, "app")], columns=["participant_id", "event", "time_us", "channel"])
    table = make.touchpoints(["see", "buy"], ["s1", "s3"], ["shop", "shop"])
    journeys = trace_journeys(make.study(events, touchpoints=table))
    log = journeys.log
    assert journeys.stages == ("s1", "s3")
    assert log.codes["stage"].tolist() == [1, 1, 1, -1, 3]
    # the event's own channel wins over the touchpoint's
    assert [log.levels["channel"][c] if c >= 0 else None for c in log.codes["channel"]] == [
        "web", "web", "shop", None, "app"]
    assert [note(journeys, one) for one in ("unmapped_events", "tied_events", "repeated_events", "self_loops",
                                            "unknown_channel")] == [1, 1, 1, 2, 1]
    assert journeys.cut_us == 80


def test_without_touchpoints_each_event_is_one():
    journeys = trace_journeys(make.study(make.log({"a": "xy"})))
    assert journeys.stages == ()
    assert list(journeys.log.levels["touchpoint"]) == ["x", "y"]


def test_stages_from_a_file_may_be_french(tmp_path):
    path = tmp_path / "stages.csv"
    path.write_text("event;touchpoint;stage\nx;Accueil;Prise de conscience\ny;Panier;Décision d'achat\n", encoding="utf-8")
    study = make.study(make.log({"a": "xy"}), stages=("awareness", "research", "purchase"))
    assert trace_journeys(study, stages=path).stages == ("awareness", "purchase")
    path.write_text("event,touchpoint,stage\nx,Accueil,purchace\n", encoding="utf-8")
    with pytest.raises(StudyError, match="Did you mean 'purchase'"):
        trace_journeys(study, stages=path)
    with pytest.raises(StudyError, match="there is no file"):
        trace_journeys(study, stages=tmp_path / "nothing.csv")


def test_no_events():
    with pytest.raises(StudyError, match="no journeys"):
        trace_journeys(Study(name="t", participants=pd.DataFrame(index=pd.Index(["a"], name="participant_id"))))


def test_shuffled_rows_give_the_same_bytes():
    events = make.log({"a": "xyxz", "b": "zzy"}).assign(order=range(7))
    one, other = (trace_journeys(make.study(frame)) for frame in (events, events.sample(frac=1, random_state=2)))
    assert one.log.time_us.tobytes() == other.log.time_us.tobytes()
    assert all(one.log.codes[c].tobytes() == other.log.codes[c].tobytes() for c in one.log.codes)
    pd.testing.assert_frame_equal(one.ends, other.ends)


def test_natural_ends_are_valued_or_designed():
    events = make.log({"a": "xyz"}).assign(value=[np.nan, 5.0, np.nan])
    design = pd.DataFrame({"step": [2, 1], "touchpoint": ["z", "x"], "stage": ["s1", "s0"]})
    journeys = trace_journeys(make.study(events, touchpoints=make.touchpoints("xyz", ["s0", "s1", "s1"]), design=design))
    assert journeys.log.codes["natural_end"].tolist() == [-1, 0, 0]


def test_open_means_the_silence_is_still_usual():
    daily = ["x" if turn % 2 == 0 else 1.0 for turn in range(61)]  # 30 silences of a day
    slow = {f"slow{one}": ["x", 40.0, "x"] for one in range(25)}
    ends = trace_journeys(make.study(make.log({**slow, "quick": daily, "once": ["x"], "late": [49.0, "x"]}))).ends
    # quick is judged by its own silences: 19 days are too long; the others by everyone's, of which 1 in 100 is 40 days
    assert ends.loc[["late", "once", "quick", "slow3"], "status"].tolist() == ["open", "ended", "ended", "open"]
    assert ends.loc["slow3", ["events", "sessions"]].tolist() == [2, 2]


def test_quantile_of_gaps_sees_past_the_cut():
    # gaps are exponential with mean 50, starts uniform, the log is cut at 100: short gaps are seen more often
    rng = np.random.default_rng(5)
    start, gap = rng.uniform(0, 100, 40_000), rng.exponential(50, 40_000)
    seen = start + gap <= 100
    median = truncated_quantile((gap * 1_000)[seen].astype(int), ((100 - start) * 1_000)[seen].astype(int), 0.5)
    truth = -50 * np.log(1 - 0.5 * (1 - np.exp(-2)))  # median of the gaps that are at most 100
    assert median / 1_000 == pytest.approx(truth, rel=0.05)
    assert np.median(gap[seen]) < 0.85 * truth


def test_the_longest_silences_tell_the_quantile_that_all_tell():
    rng = np.random.default_rng(6)
    for size in rng.integers(1, 400, 40):
        gaps = rng.integers(1, 300, size)
        watched = gaps + rng.integers(0, 400, size)
        found = truncated_quantile(gaps, watched, 0.99)
        assert found == ends._from_longest(gaps, np.sort(watched), 0.99, len(gaps))


def test_nobody_came_back():
    log = encode_events(make.log({"a": ["x", "y"], "b": [2.0, "x"]}))
    assert journey_ends(log, sessionise(log), gap_min=30)["status"].tolist() == ["ended", "open"]


def test_a_marker_parts_sessions_instead_of_silences():
    events = make.log({"a": ["x", "y", 3, "x", "y"], "b": "xx"}).assign(visit=["v1", "v1", "v1", "v2", None, None])
    found = trace_journeys(make.study(events), marker="visit")
    # the silence of three days lies within v1; a's event v2 and b's without a mark begin sessions of their own
    assert found.session.tolist() == [0, 0, 0, 1, 2, 2]
    assert found.ends["sessions"].tolist() == [2, 1]
    assert "visit" not in found.log.codes
    assert not audit_sessions(found, seed=1)["in_use"].any()
    for wrong in ("visits", "event"):
        with pytest.raises(ChoiceError, match="Allowed: visit"):
            trace_journeys(make.study(events), marker=wrong)
