"""Planted studies: what was planted is in the tables, and only that."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.vq import kmeans2
from scipy.special import comb

from personakit.errors import ChoiceError, TooFewError
from personakit.samples import SEEDS, clean_study, make_sample, plant
from personakit.samples.__main__ import main
from personakit.schema import CODE_KINDS, CONSENTS, CONTENT_KINDS, FRAMEWORKS, check_table
from personakit.study import load_study

PUBLISHED = Path(__file__).resolve().parents[1] / "data" / "samples"
STAGES = FRAMEWORKS["parcours"]
GAP_US = 30 * 60 * 1_000_000


@pytest.fixture(scope="module")
def lunettes():
    return plant("lunettes", seed=101)


@pytest.fixture(scope="module")
def bruit():
    return plant("bruit", seed=102)


@pytest.fixture(scope="module")
def agence():
    return plant("agence", seed=103)


@pytest.fixture(scope="module")
def lunettes_later():
    return plant("lunettes_later", seed=104)


def steps(planted):
    """Return the clean log, sorted, with each event's stage number and whether the session goes on after it."""
    events = planted.tables["events"].drop(index=planted.truth["rows"]["row"].to_numpy())
    events = events.merge(planted.tables["touchpoints"][["event", "stage"]], on="event")
    events = events.sort_values(["participant_id", "time_us", "order"], ignore_index=True)
    events["level"] = events["stage"].map(STAGES.index)
    events["follows"] = events["participant_id"].eq(events["participant_id"].shift())
    same_next = events["participant_id"].eq(events["participant_id"].shift(-1))
    events["stops"] = ~(same_next & (events["time_us"].shift(-1) - events["time_us"] < GAP_US))
    return events


def contents_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# ---------------------------------------------------------------- files
def test_published_samples_are_what_the_generator_writes(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    capsys.readouterr()
    for name in SEEDS:
        fresh, kept = contents_of(tmp_path / name), contents_of(PUBLISHED / name)
        assert list(fresh) == list(kept)
        stale = [str(path) for path in fresh if fresh[path] != kept[path]]
        assert not stale, f"{name}: {stale} are stale: run python -m personakit.samples data/samples"
        assert sum(map(len, fresh.values())) < 3_000_000
        assert not any(b"\r" in text for text in fresh.values())


def test_usage_without_a_folder(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("name", SEEDS)
def test_same_seed_same_bytes(name, tmp_path):
    one, again, other = (contents_of(make_sample(name, tmp_path / folder, seed=seed, participants=60))
                         for folder, seed in (("one", 5), ("again", 5), ("other", 6)))
    assert one == again
    assert one[Path("events.csv")] != other[Path("events.csv")]
    assert json.loads(other[Path("truth/effects.json")])["seed"] == 6


@pytest.mark.parametrize("name", SEEDS)
def test_loaded_study_is_the_planted_one_without_its_mess(name, tmp_path):
    planted = plant(name, seed=8, participants=90)
    loaded = load_study(make_sample(name, tmp_path, seed=8, participants=90))
    clean = clean_study(planted)
    assert sorted(loaded.participants.index) == sorted(clean.participants.index)
    for column in ("participant_id", "time_us", "event", "channel", "device", "content"):
        assert loaded.events[column].tolist() == pytest.approx(clean.events[column].tolist(), nan_ok=True)
    for table in ("codes", "touchpoints", "contents", "goals", "walkthroughs", "design"):
        ours, theirs = getattr(clean, table), getattr(loaded, table)[getattr(clean, table).columns]
        pd.testing.assert_frame_equal(theirs.replace("", np.nan), ours.replace("", np.nan), check_dtype=False)
    assert loaded.sources.set_index("table").loc["events", "rows_in"] == len(planted.tables["events"])


def test_bad_requests():
    with pytest.raises(ChoiceError, match=r"Did you mean 'lunettes'\?"):
        plant("lunete", seed=1)
    with pytest.raises(TooFewError, match="30 or more"):
        plant("bruit", seed=1, participants=3)


@pytest.mark.parametrize("name", SEEDS)
def test_tables_keep_the_contract(name, request):
    planted = request.getfixturevalue(name)
    for table, frame in planted.tables.items():
        check_table(table, frame)
    tables = planted.tables
    assert set(tables["touchpoints"]["event"]) >= set(tables["events"]["event"])
    assert set(tables["contents"]["content"]) >= set(tables["events"]["content"].dropna())
    assert set(tables["contents"]["kind"]) == set(CONTENT_KINDS)
    assert set(tables["codes"]["kind"]) == set(CODE_KINDS)
    assert set(tables["codes"]["consent"]) <= set(CONSENTS)
    touchpoints = set(tables["touchpoints"]["touchpoint"])
    for table in ("codes", "design", "walkthroughs"):
        assert set(tables[table]["touchpoint"]) <= touchpoints
        assert set(tables[table]["stage"]) <= set(STAGES)
    assert set(tables["codebook"]["touchpoint"]) <= touchpoints | {""}
    assert set(tables["codebook"]["variable"]) == set(tables["answers"].columns) - {"participant_id"}


# ---------------------------------------------------------------- what lunettes is
def test_lunettes_sizes(lunettes):
    tables = lunettes.tables
    assert len(tables["participants"]) == 2_003  # and three of them are bots
    assert 52_000 <= len(tables["events"]) <= 66_000
    assert len(tables["answers"]) == 500
    assert tables["codes"]["participant_id"].nunique() == 24
    days = (tables["events"]["time_us"].max() - tables["events"]["time_us"].min()) / 86_400e6
    assert 268 <= days <= 273
    assert 18 <= tables["events"].groupby("participant_id").size().median() <= 26
    assert 22 <= tables["touchpoints"]["event"].nunique() <= 30


def test_lunettes_people_hold_the_planted_proportions(lunettes):
    truth = lunettes.truth["personas"]
    planted = {name: one["share"] for name, one in lunettes.effects["personas"].items()}
    found = truth["persona"].value_counts(normalize=True)
    for name, share in planted.items():
        assert abs(found[name] - share) < 4 * np.sqrt(share * (1 - share) / len(truth))
    between = truth["share"] < 1
    assert abs(between.mean() - 0.12) < 0.03
    assert truth.loc[between, "share"].between(0.5, 0.65).all()
    assert (truth.loc[between, "second"] != truth.loc[between, "persona"]).all()


def test_lunettes_is_as_dirty_as_told(lunettes):
    events, rows = lunettes.tables["events"], lunettes.truth["rows"].set_index("row")["reason"]
    repeated = events.drop(columns="order").duplicated(keep="first")
    bots = events.loc[rows.index[rows == "bot"]]
    assert set(events.index[repeated]) == set(rows.index[rows == "duplicate"])
    assert abs(repeated.mean() - 0.015) < 0.001
    assert bots["participant_id"].nunique() == 3
    assert (bots.groupby("participant_id")["time_us"].diff().dropna() == 400_000).all()
    unknown = events.loc[rows.index[rows == "unknown"], "participant_id"]
    assert unknown.nunique() == 5
    assert not unknown.isin(lunettes.tables["participants"]["participant_id"]).any()
    tied = steps(lunettes).duplicated(["participant_id", "time_us"], keep=False)
    assert 0.005 < tied.mean() < 0.06
    assert not events.duplicated(["participant_id", "time_us", "order"]).any()


def test_lunettes_journeys_go_on_and_come_back(lunettes):
    log = steps(lunettes)
    people = log.groupby("participant_id")["time_us"]
    follow_up = log["time_us"] - people.transform("min")
    both = log.assign(late=follow_up >= 90 * 86_400e6).groupby("participant_id")["late"].agg(["any", "all"])
    assert both["any"].mean() > 0.5  # events in the first 90 days and after
    assert (people.max() > log["time_us"].max() - 30 * 86_400e6).mean() > 0.3  # journeys open at the cut
    assert (log.groupby("participant_id")["value"].count() >= 2).mean() > 0.15  # loyalty loops
    assert log.loc[log["value"].notna(), "stage"].eq("purchase").all()


def stop_excess(planted, event):
    log = steps(planted)
    stop = log[log["stage"] == "purchase"].groupby(log["event"] == event)["stops"].mean()
    return stop[True], stop[False]


def restarts(planted):
    log = steps(planted)
    switch = log["follows"] & (log["channel"] != log["channel"].shift()) & (log["level"].shift() > 0)
    falls = (log["level"] < log["level"].shift())[switch]
    to_shop = ((log["channel"].shift() == "web") & (log["channel"] == "shop"))[switch]
    return falls[to_shop].mean(), falls[~to_shop].mean()


def test_friction_and_break_can_be_counted(lunettes):
    basket, others = stop_excess(lunettes, "panier")
    assert abs(basket - 0.45) < 0.04
    assert abs(others - 0.15) < 0.03
    to_shop, otherwise = restarts(lunettes)
    assert abs(to_shop - 0.60) < 0.05
    assert abs(otherwise - 0.15) < 0.03


def test_bruit_has_neither_friction_nor_break(bruit):
    basket, others = stop_excess(bruit, "panier")
    assert abs(basket - others) < 0.04
    to_shop, otherwise = restarts(bruit)
    assert abs(to_shop - otherwise) < 0.05
    assert not bruit.effects["friction"]
    assert not bruit.effects["restart_after_switch"]


def transition_p(planted, one, other, rng):
    """Permute personas over people: share of permutations whose tables differ as much as the true ones do."""
    log = steps(planted)
    truth = planted.truth["personas"].set_index("participant_id").query("share == 1")["persona"]
    people = truth.index[truth.isin([one, other])]
    counts = np.zeros((len(people), 5, 5))
    move = log["follows"] & log["participant_id"].isin(people)
    np.add.at(counts, (people.get_indexer(log["participant_id"][move]), log["level"].shift()[move].astype(int),
                       log["level"][move]), 1)

    def distance(mask):
        rows = [counts[side].sum(axis=0) for side in (mask, ~mask)]
        shares = [table / table.sum(axis=1, keepdims=True) for table in rows]
        expected = counts.sum(axis=0) / counts.sum(axis=0).sum(axis=1, keepdims=True)
        return sum((table.sum(axis=1)[:, None] * (share - expected) ** 2 / expected).sum()
                   for table, share in zip(rows, shares, strict=True))

    mask = (truth[people] == one).to_numpy()
    null = [distance(rng.permutation(mask)) for _ in range(199)]
    return (1 + sum(value >= distance(mask) for value in null)) / 200


def test_two_personas_share_a_journey_and_two_do_not(lunettes):
    rng = np.random.default_rng(1)
    assert transition_p(lunettes, "pressé", "famille", rng) > 0.02
    assert transition_p(lunettes, "pressé", "comparatrice", rng) == 1 / 200
    assert transition_p(lunettes, "comparatrice", "accompagné", rng) == 1 / 200
    journeys = {name: one["journey"] for name, one in lunettes.effects["personas"].items()}
    assert journeys["pressé"] == journeys["famille"]
    assert len(set(journeys.values())) == 3


def early_habits(planted):
    """Shares by channel, device, stage and content kind, evening, weekend and rate over each person's first 90 days."""
    log = steps(planted).merge(planted.tables["contents"][["content", "kind"]], on="content", how="left")
    start = log.groupby("participant_id")["time_us"].transform("min")
    log = log[log["time_us"] - start < 90 * 86_400e6]
    local = pd.to_datetime(log["time_us"], unit="us", utc=True).dt.tz_convert(planted.recipe.timezone)
    people = log.groupby("participant_id")
    habits = pd.DataFrame({"rate": np.log1p(people.size())})
    habits["evening"] = (local.dt.hour >= 18).groupby(log["participant_id"]).mean()
    habits["weekend"] = (local.dt.day_of_week >= 5).groupby(log["participant_id"]).mean()
    for column in ("channel", "device", "stage", "kind"):
        shares = pd.crosstab(log["participant_id"], log[column], normalize="index").reindex(habits.index)
        habits = habits.join(np.sqrt(shares.fillna(shares.mean())).add_prefix(f"{column}:"))
    return habits


def test_personas_of_lunettes_can_be_recovered():
    planted = plant("lunettes", seed=55, participants=800)
    habits = early_habits(planted)
    truth = planted.truth["personas"].set_index("participant_id").loc[habits.index]
    scaled = ((habits - habits.mean()) / habits.std()).to_numpy()
    fits = [kmeans2(scaled, 4, minit="++", rng=np.random.default_rng(start)) for start in range(10)]
    _, found = min(fits, key=lambda fit: ((scaled - fit[0][fit[1]]) ** 2).sum())
    whole = (truth["share"] == 1).to_numpy()
    assert adjusted_rand(pd.crosstab(truth["persona"][whole], found[whole]).to_numpy()) >= 0.85


def adjusted_rand(table):
    """Adjusted Rand index of a contingency table (Hubert and Arabie, 1985)."""
    cells, rows, columns = (comb(part, 2).sum() for part in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = rows * columns / comb(table.sum(), 2)
    return (cells - expected) / ((rows + columns) / 2 - expected)


def test_adjusted_rand_by_hand():
    # 6 people, two groups of 3, one person moved: pairs together 3 + 1, rows 6, columns 6 + 1; by chance 6 * 7 / 15
    assert adjusted_rand(np.array([[3, 0], [1, 2]])) == pytest.approx((4 - 2.8) / (6.5 - 2.8))


def test_bruit_answers_depend_on_nobodys_habits(bruit):
    habits = early_habits(bruit)
    answers = bruit.tables["answers"].set_index("participant_id").filter(regex="^[qr]_|nps")
    correlation = pd.concat([habits, answers], axis=1, join="inner").corr().loc[habits.columns, answers.columns]
    # 300 and more correlations over 500 people, each with sd 1 / sqrt(500): the largest of them stays under 4.5 sd
    assert correlation.abs().to_numpy().max() < 4.5 / np.sqrt(500)
    assert bruit.truth["personas"]["persona"].nunique() == 1
    assert not bruit.effects["personas"]
    assert not bruit.effects["answers"]


# ---------------------------------------------------------------- interviews and survey
@pytest.mark.parametrize("name", SEEDS)
def test_no_two_people_say_the_same_words(name, request):
    codes = request.getfixturevalue(name).tables["codes"]
    said = codes[codes["quote"] != ""].drop_duplicates(["participant_id", "quote"])
    assert not said["quote"].duplicated().any()
    assert not said["quote"].str.contains(r"[\[\]|{}]").any()
    assert (codes["quote"] != "").mean() > 0.75
    assert (codes["end"] > codes["start"]).all()
    lengths = said["end"] - said["start"]
    assert (lengths == said["quote"].str.len()).all()


def test_people_speak_of_their_own_subjects():
    own, other = [], []
    for seed in range(6):
        planted = plant("lunettes", seed=seed, participants=200)
        codes = planted.tables["codes"]
        truth = planted.truth["personas"].set_index("participant_id").query("share == 1")["persona"]
        said = pd.crosstab(codes["participant_id"], codes["code"]) > 0
        said = said[said.index.isin(truth.index)]
        for name, one in planted.effects["personas"].items():
            mine = (truth[said.index] == name).to_numpy()
            own.append(said.loc[mine, said.columns.isin(one["codes"])].to_numpy().mean())
            other.append(said.loc[~mine, said.columns.isin(one["codes"])].to_numpy().mean())
    # .7 and .2 times a talkativeness of .875 on average
    assert abs(np.mean(own) - 0.61) < 0.08
    assert abs(np.mean(other) - 0.175) < 0.05


def test_survey_rates_the_basket_as_hard(lunettes):
    answers = lunettes.tables["answers"]
    assert answers["ces_panier"].mean() < 3.5 < answers["ces_fiche"].mean()
    met = steps(lunettes).query("event == 'panier'")["participant_id"].unique()
    assert set(answers.loc[answers["ces_panier"].notna(), "participant_id"]) <= set(met)
    book = lunettes.tables["codebook"].set_index("variable")
    for variable in book.index:
        assert answers[variable].dropna().between(book.loc[variable, "low"], book.loc[variable, "high"]).all()


def test_agence_has_two_coders_who_mostly_agree(agence):
    codes = agence.tables["codes"]
    cells = [pd.crosstab(mine["participant_id"], mine["code"]) > 0 for _, mine in codes.groupby("coder")]
    people, names = sorted(set(codes["participant_id"])), sorted(set(codes["code"]))
    first, second = (cell.reindex(index=people, columns=names, fill_value=False) for cell in cells)
    assert len(people) == 16
    assert 0.75 < (first == second).to_numpy().mean() < 0.92
    assert not first.equals(second)
    assert agence.tables["events"].groupby("participant_id").size().between(45, 180).all()
    assert len(agence.tables["participants"]) == 40
