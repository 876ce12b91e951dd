"""Real studies read as their catalogue says: a survey, a click stream, and interviews coded in QualCoder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from personakit.answers import answer_table
from personakit.coding import code_table
from personakit.collect.interviews.qualcoder import read_qualcoder
from personakit.study import check_study, load_study, save_study

STUDIES = Path(__file__).resolve().parent / "realdata"
DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
INTERVIEWS = DATA / "qualitative" / "curation_interviews_qualcoder" / "data.qda"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


def export_interviews(folder: Path) -> Path:
    """Lay the QualCoder project in a study folder, with one participant an interview, without the two that were removed."""
    shutil.copytree(STUDIES / "interviews", folder)
    shutil.copy(INTERVIEWS, folder / "data.qda")
    names = read_qualcoder(INTERVIEWS).tables["participants"]["participant_id"]
    people = names[~names.str.endswith("_removed")].sort_values()
    people.to_frame().assign(group=people.str.extract("^([A-Z]+)")[0]).to_csv(folder / "participants.csv", index=False)
    return folder


def test_fast_food_survey() -> None:
    # the catalogue's item means; Dolnicar, Grün and Leisch (2018) report 1,453 people and 11 attributes
    study = load_study(STUDIES / "mcdonalds")
    table = answer_table(study)
    assert table.shape == (1453, 13)
    means = table.drop(columns=["Like", "VisitFrequency"]).mean().round(3)
    assert means.to_dict() == {"yummy": .553, "convenient": .908, "spicy": .094, "fattening": .867, "greasy": .526,
                               "fast": .900, "cheap": .599, "tasty": .644, "expensive": .358, "healthy": .199,
                               "disgusting": .243}
    assert "I love it!+5" in set(table["Like"])
    assert study.participants["Age"].dtype == np.int64
    assert check_study(study)["result"].isin(["passed", "note"]).all()


def test_click_stream() -> None:
    study = load_study(STUDIES / "simple_shop")
    assert (len(study.participants), len(study.events), study.events["event"].nunique()) == (3751, 32283, 12)
    people = study.events.groupby("event")["participant_id"].nunique()
    assert (people["cart"], people["payment_done"]) == (1924, 653)
    first, last = pd.to_datetime(study.events["time_us"].agg(["min", "max"]), unit="us")
    assert (str(first.date()), str(last.date())) == ("2019-11-01", "2020-04-29")
    assert study.set_aside.empty
    checks = check_study(study)
    assert checks.loc[["bots", "duplicates", "events_without_touchpoint"], "count"].tolist() == [0, 0, 0]


def test_interviews(tmp_path: Path) -> None:
    # the catalogue: 28 interviews, 753 codings, 221 codes used; BSR 9, DC 10, QR 9; "consent - IRB" in 20
    study = load_study(export_interviews(tmp_path / "interviews"))
    assert study.participants["group"].value_counts().to_dict() == {"DC": 10, "BSR": 9, "QR": 9}
    assert (len(study.codes), study.codes["code"].nunique()) == (753, 221)
    groups = study.codes["participant_id"].map(study.participants["group"]).value_counts().to_dict()
    assert groups == {"DC": 321, "BSR": 227, "QR": 205}
    everything = code_table(study, min_participants=1)
    assert everything.shape == (28, 221)
    said = everything.sum()
    assert said["code:consent - IRB"] == 20
    assert said["code:consent - consent language and procedures"] == 14
    assert said["code:quality - description, metadata, documentation support data quality"] == 18
    assert (code_table(study).sum() >= 3).all()
    assert check_study(study).loc["quotes_without_consent", "count"] == 753


def test_real_studies_load_back_equal(tmp_path: Path) -> None:
    export_interviews(tmp_path / "interviews")
    for folder in (STUDIES / "mcdonalds", STUDIES / "simple_shop", tmp_path / "interviews"):
        study = load_study(folder)
        again = load_study(save_study(study, tmp_path / "saved" / folder.name))
        for table in ("participants", "events", "answers", "codes", "codebook", "touchpoints"):
            if getattr(study, table) is not None:
                pd.testing.assert_frame_equal(getattr(study, table), getattr(again, table), check_exact=True)
