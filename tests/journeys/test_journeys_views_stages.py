"""Stage maps: coverage, frameworks told in each other, two grains, interviews as journeys."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import small_journeys as make

from personakit import load_sample
from personakit.errors import ChoiceError, StudyError
from personakit.journeys import (
    audit_grain,
    crosswalk,
    interview_journeys,
    reconcile,
    stage_counts,
    stage_coverage,
    step_matrix,
    time_to_stage,
    trace_journeys,
)
from personakit.records import Study
from personakit.schema import CROSSWALK, FRAMEWORKS
from personakit.wording import canonical, term

PARCOURS = FRAMEWORKS["parcours"]


def parcours(paths, stages=PARCOURS):
    return trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints(stages), stages=stages))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_frameworks_have_words_and_a_way_to_parcours(framework):
    for stage in FRAMEWORKS[framework]:
        assert CROSSWALK[framework][stage] in PARCOURS
        for language in ("fr", "en"):
            assert term(stage, language)
            assert canonical(term(stage, language)) == stage
    ranks = [PARCOURS.index(CROSSWALK[framework][stage]) for stage in FRAMEWORKS[framework]]
    assert ranks == sorted(ranks), "a crosswalk keeps the order"


def test_crosswalk_by_hand():
    found = parcours({"a": ["awareness", "research", "purchase", "loyalty"], "b": ["research", "odd"]})
    told = crosswalk(found, "aida")
    assert told.stages == ("attention", "interest", "action")
    assert stage_counts(told).set_index("stage")["people"].to_dict() == {"attention": 1, "interest": 2, "action": 1}
    notes = told.notes.set_index("check")
    # loyalty has no place in AIDA; research may be interest or desire; the odd event has no stage to lose
    assert notes.loc["crosswalk_unmapped", ["count", "share"]].tolist() == [1, 0.2]
    assert notes.loc["crosswalk_ambiguous", ["count", "share"]].tolist() == [2, 0.4]
    assert reconcile(told)["equal"].all()
    same = crosswalk(found, "parcours")
    assert same.stages == found.stages
    assert same.notes.set_index("check").loc["crosswalk_unmapped", "count"] == 0
    # between two others the way leads over the parcours: action is a purchase, so bottom
    aida = parcours({"a": ["attention", "desire", "action"]}, stages=FRAMEWORKS["aida"])
    assert crosswalk(aida, "funnel").stages == ("top", "middle", "bottom")


def test_crosswalk_of_own_stages_and_bad_names():
    own = parcours({"a": ["hear", "buy"]}, stages=("hear", "buy"))
    with pytest.raises(StudyError, match="no framework has hear, buy"):
        crosswalk(own, "aida")
    told = crosswalk(own, "aida", mapping={"hear": "attention", "buy": None})
    assert told.stages == ("attention",)
    for arguments, message in ((("aidaa",), "Did you mean 'aida'"), (("aida", {"here": "action"}), "'here' is unknown"),
                               (("aida", {"hear": "actions"}), "Did you mean 'action'")):
        with pytest.raises(ChoiceError, match=message):
            crosswalk(own, arguments[0], mapping=arguments[1] if len(arguments) > 1 else None)
    with pytest.raises(StudyError, match="has none to tell"):
        crosswalk(trace_journeys(make.study(make.log({"a": "xy"}))), "aida")


def test_coverage_lists_the_unmapped_first():
    study = make.study(make.log({"a": ["x", "odd", "odd"], "b": ["x", "y", "new"]}), touchpoints=make.touchpoints(
        "xy", ["s0", "s1"]))
    table = stage_coverage(trace_journeys(study))
    assert table["event"].tolist() == ["odd", "new", "x", "y"]
    assert table["events"].tolist() == [2, 1, 2, 1]
    assert table["people"].tolist() == [1, 1, 2, 1]
    assert table["share"].sum() == pytest.approx(1)
    assert table["covered"].tolist() == [False, False, True, True]
    with pytest.raises(StudyError, match="stages that the study does not have"):
        trace_journeys(study, stages=make.touchpoints("x", ["s9"]))
    # a record made by hand has not passed a reader
    with pytest.raises(StudyError, match="touchpoints.stage: 1 rows with stages that the study does not have"):
        trace_journeys(make.study(make.log({"a": ["x"]}), touchpoints=make.touchpoints("x", ["s9"])))
    with pytest.raises(StudyError, match="repeated"):
        trace_journeys(study, stages=make.touchpoints("xx", ["s0", "s1"]))


def test_stages_in_no_order_keep_that_of_the_study():
    # the map lists them as it likes, the study says which comes first
    table = make.touchpoints("zyx", ["s2", "s0", "s1"])
    assert trace_journeys(make.study(make.log({"a": "xyz"}), touchpoints=table)).stages == ("s0", "s1", "s2")


def test_two_grains_by_hand_and_on_the_sample():
    # sessions x y z, x y, x z, z: visits at s0 stop 1 in 3 times, at s1 each time; y stops 1 in 2 times, x never
    day = 2.0
    paths = {f"p{one}": ["x", "y", "z", day, "x", "y", day, "x", "z", day, "z"] for one in range(12)}
    found = trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("xyz", ["s0", "s0", "s1"])))
    table = audit_grain(found, seed=1).set_index("stage")
    # (the last visit of an open journey is not known and left out)
    assert table["stage_excess"].tolist() == pytest.approx([-2 / 3, 2 / 3])
    # 1 stop in 5 visits of touchpoints against 2 in 2
    assert table["touchpoint_excess"].tolist() == pytest.approx([-0.8, 0.8])
    assert table["worst"].tolist() == ["y", "z"]
    assert table["people"].tolist() == [12, 12]
    assert not table["flagged"].any()
    lunettes = audit_grain(trace_journeys(load_sample("lunettes")), seed=1).set_index("stage")
    # the planted basket breaks journeys in a stage that looks no worse than others: only the finer grain shows it
    assert lunettes["touchpoint_rank"].idxmin() == "purchase"
    assert lunettes.loc["purchase", "worst"] == "Panier"
    assert lunettes.loc["purchase", ["rank_changes", "flagged"]].all()
    with pytest.raises(StudyError, match="one grain only"):
        audit_grain(trace_journeys(make.study(make.log({"a": "xy"}))), seed=1)


def test_personas_that_differ_inside_a_stage_differ_at_one_grain_only():
    # P1 takes x before y, P2 y before x, both of s0, then z of s1: one path by stage, two by touchpoint
    paths = {f"p{one:02d}": list("xyz" if one < 20 else "yxz") * (1 + one % 3) for one in range(40)}
    personas = make.personas({one: "P1" if path[0] == "x" else "P2" for one, path in paths.items()}, window_days=None)
    personas = replace(personas, names={"P1": "Anna"})
    study = make.study(make.log(paths), touchpoints=make.touchpoints("xyz", ["s0", "s0", "s1"]))
    table = audit_grain(trace_journeys(study), personas, seed=1, replicates=100)
    assert table[["persona_a", "persona_b"]].to_numpy().tolist() == [["all", "all"], ["P1", "P2"]]
    pair = table.loc[1]
    assert pair[["stage_verdict", "touchpoint_verdict", "flagged"]].tolist() == ["equivalent", "differ", True]
    # every next step of s0 would have to change, and no stage does; chance takes a little of it
    assert pair["stage_change"] == 0
    assert pair["touchpoint_change"] > 0.9
    assert pair[["stage_people_a", "touchpoint_people_b"]].tolist() == [20, 20]
    why = table.attrs["why"]
    assert why["en"][1].startswith("Anna and P2: the conclusion hangs on the grain. By stage, they are the same")
    assert "par point de contact, leurs parcours diffèrent" in why["fr"][1]
    # each touchpoint a stage of its own: both grains are one comparison
    same = trace_journeys(make.study(make.log(paths), touchpoints=make.touchpoints("xyz", ["s0", "s1", "s2"])))
    table = audit_grain(same, personas, seed=1, replicates=100)
    assert not table["flagged"].any()
    assert table.attrs["why"] == {"fr": [], "en": []}
    for column in ("change", "low", "high", "verdict"):
        assert table[f"stage_{column}"].equals(table[f"touchpoint_{column}"])
    # where no fair test is left, none is made at another grain
    table = audit_grain(same, make.personas(personas.labels, window_days=float("nan")), seed=1, replicates=100)
    assert table["touchpoint_verdict"].eq("cannot_tell").all()
    assert not table["flagged"].any()
    assert table.attrs["reason"] == "unknown_window"


def test_interviews_become_journeys():
    ids = pd.Index(["a", "b", "c"], name="participant_id")
    codes = pd.DataFrame([("a", "t1", "price", "purchase", 50, "RK"), ("a", "t1", "hears", "awareness", 90, "RK"),
                          ("a", "t1", "price", "purchase", 50, "AB"), ("b", "t2", "asks", "research", 5, "RK"),
                          ("b", "t2", "mood", None, 9, "RK"), ("c", "t3", "mood", None, 1, "RK")],
                         columns=["participant_id", "source", "code", "stage", "start", "coder"])
    study = Study(name="t", participants=pd.DataFrame(index=ids), codes=codes)
    found = interview_journeys(study)
    # purchase was told first, and comes after awareness; two coders of one passage count once
    assert step_matrix(found, steps=2)[["step", "stage", "people", "people_total"]].to_numpy().tolist() == [
        [1, "awareness", 1, 2], [1, "research", 1, 2], [2, "purchase", 1, 2], [2, "end", 1, 2]]
    assert found.ends["status"].eq("ended").all()
    notes = found.notes.set_index("check")["count"]
    assert notes[["interviews", "unmapped_events"]].tolist() == [2, 2]
    assert reconcile(found)["equal"].all()
    with pytest.raises(StudyError, match="an order, but no times"):
        time_to_stage(found, stage="purchase", seed=1)
    with pytest.raises(StudyError, match="none has a stage"):
        interview_journeys(Study(name="t", participants=pd.DataFrame(index=ids), codes=codes.assign(stage=None)))


@pytest.mark.parametrize("name", ["lunettes", "agence"])
def test_interviews_of_the_samples(name):
    study = load_sample(name)
    found = interview_journeys(study)
    assert len(found.ends) <= study.codes["participant_id"].nunique()
    assert reconcile(found)["equal"].all()
