"""Readings of several files become one study."""

from __future__ import annotations

import pandas as pd
import pytest

from personakit.errors import ChoiceError, StudyError
from personakit.readings import Reading, ReadReport
from personakit.study import build_study


def reading(table: str, frame: pd.DataFrame, file: str = "a.csv", **beside: pd.DataFrame) -> Reading:
    report = ReadReport(table=table, file=file, layout="csv", sha256="", rows_in=len(frame), kept=len(frame))
    return Reading(tables={table: frame, **beside}, report=report)


def answers(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"participant_id": ["p1", "p2"], **columns})


def test_people_come_from_every_table_and_keep_what_is_known_of_them() -> None:
    survey = reading("answers", answers(price=[1, 2]),
                     participants=pd.DataFrame({"participant_id": ["p2"], "language": ["fr"]}))
    coded = reading("codes", pd.DataFrame({"participant_id": ["p9"], "code": ["trust"], "kind": ["besoin"]}))
    study = build_study("Shop", survey, coded, language="fr")
    assert study.participants.index.tolist() == ["p1", "p2", "p9"]
    assert study.participants["language"].fillna("-").tolist() == ["-", "fr", "-"]
    assert study.codes["kind"].tolist() == ["need"]
    assert study.sources[["table", "rows_in"]].values.tolist() == [["answers", 2], ["codes", 1]]


def test_logs_follow_each_other_and_surveys_stand_side_by_side() -> None:
    web = reading("events", pd.DataFrame({"participant_id": ["p1"], "event": ["see"], "time_us": [1], "channel": ["web"]}))
    shop = reading("events", pd.DataFrame({"participant_id": ["p2"], "event": ["buy"], "time_us": [2]}), file="b.csv")
    study = build_study("Shop", web, shop, reading("answers", answers(price=[1, 2])),
                        reading("answers", pd.DataFrame({"participant_id": ["p3"], "trust": [5]})))
    assert study.events["event"].tolist() == ["see", "buy"]
    assert study.answers.loc["p3"].isna().tolist() == [True, False]
    assert study.answers["price"].dropna().tolist() == [1, 2]


def test_codebooks_are_put_together() -> None:
    book = pd.DataFrame({"variable": ["price"], "label": ["Prix"]})
    other = pd.DataFrame({"variable": ["price", "trust"], "label": ["again", "Confiance"]})
    study = build_study("Shop", reading("answers", answers(price=[1, 2]), codebook=book),
                        reading("answers", answers(trust=[1, 2]), codebook=other))
    assert study.codebook["label"].tolist() == ["Prix", "Confiance"]


def test_given_participants_say_who_belongs() -> None:
    people = pd.DataFrame({"participant_id": ["p1", "p2", "p3"]})
    assert len(build_study("Shop", reading("answers", answers(a=[1, 2])), tables={"participants": people}).participants) == 3
    with pytest.raises(StudyError, match="not in participants"):
        build_study("Shop", reading("answers", answers(a=[1, 2])), tables={"participants": people.iloc[:1]})


def test_what_does_not_fit_is_one_clear_error() -> None:
    with pytest.raises(StudyError, match="no reading"):
        build_study("Shop")
    with pytest.raises(StudyError, match=r"in two files \(a\)"):
        build_study("Shop", reading("answers", answers(a=[1, 2])), reading("answers", answers(a=[1, 2])))
    with pytest.raises(ChoiceError, match="Did you mean 'touchpoints'"):
        build_study("Shop", tables={"touchpoint": pd.DataFrame()})
    with pytest.raises(StudyError, match=r"answers \(a.csv\).participant_id: 1 repeated"):
        build_study("Shop", reading("answers", pd.DataFrame({"participant_id": ["p1", "p1"], "a": [1, 2]})))


def test_what_two_files_know_of_the_same_people() -> None:
    first = reading("answers", answers(a=[1, 2]), participants=pd.DataFrame(
        {"participant_id": ["p1", "p2"], "age": [30, 40], "started": ["Monday", "Monday"]}))
    second = reading("answers", answers(b=[1, 2]), file="b.csv", participants=pd.DataFrame(
        {"participant_id": ["p2", "p3"], "age": [40, 50], "started": ["Friday", "Friday"]}))
    people = build_study("Shop", first, second).participants
    assert people["age"].to_dict() == {"p1": 30, "p2": 40, "p3": 50}
    assert people[["started", "started (2)"]].fillna("-").values.tolist() == [
        ["Monday", "-"], ["Monday", "Friday"], ["-", "Friday"]]


def test_rows_of_nobody_are_set_aside_and_counted() -> None:
    log = pd.DataFrame({"participant_id": ["p1", None], "event": ["see", "see"], "time_us": [1, 2]})
    study = build_study("Shop", reading("events", log))
    assert len(study.events) == 1
    assert study.set_aside[["reason", "rows"]].values.tolist() == [["no_participant", 1]]
