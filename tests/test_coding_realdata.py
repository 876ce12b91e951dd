"""28 real interviews whose three groups of people are known from their names: what the codes say of them, and what not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from test_realdata_tables import DATA, export_interviews

import personakit as pk
from personakit.candidates import METHODS

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data folder is not here")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return pk.load_study(export_interviews(tmp_path_factory.mktemp("real") / "interviews"))


@pytest.fixture(scope="module")
def searched(study):
    coded = pk.code_table(study)
    features = pk.build_features(study, coded)
    return coded, pk.find_candidates(features, k=[2, 3, 4, 5], seed=7)


def test_codes_roll_up_to_their_families(study):
    # 221 codes used; their names begin with a family: "consent - IRB"
    families = pk.code_table(study, min_participants=1, level=1, separator=" - ")
    assert 10 <= families.shape[1] < 30
    everything = pk.code_table(study, min_participants=1)
    consent = everything.loc[:, everything.columns.str.startswith("code:consent - ")]
    assert families["code:consent"].tolist() == consent.max(axis=1).tolist()
    counted = pk.code_table(study, min_participants=1, counts=True, level=1, separator=" - ")
    assert (counted >= families).all(axis=None)
    assert counted.to_numpy().sum() <= 753


def test_no_personas_are_claimed_though_splits_in_three_lean_to_the_known_groups(study, searched):
    """The kit refuses: 28 people and 74 codes look alike without personas. Splits in three agree with the known groups
    better than shuffled groups do (adjusted Rand about .3), but which split comes out is luck of the start: .1 to .6 from
    one minimum and seed to the next. A single figure of these would be chosen, not found.
    """
    coded, candidates = searched
    assert candidates.verdict == "none"
    assert candidates.table.loc["kmeans-3", "stability"] < 0.4
    assert not pk.talkativeness(coded, seed=1).at["code_table", "warning"]
    group, rng = study.participants["group"], np.random.default_rng(1)
    found, chance = [], []
    for least in (2, 3, 4):
        active = pk.build_features(study, pk.code_table(study, min_participants=least)).active
        for seed in range(4):
            labels = METHODS["kmeans"](active, 3, seed).argmax(axis=1)
            found.append(adjusted_rand_score(group[active.index], labels))
            chance += [adjusted_rand_score(rng.permutation(group[active.index]), labels) for _ in range(50)]
    assert 0.2 < np.mean(found) < 0.55
    assert np.mean(found) > np.quantile(chance, 0.99)
    assert np.ptp(found) > 0.1


def test_neither_codes_nor_personas_are_saturated(study, searched):
    coded, candidates = searched
    found = pk.saturation(pk.code_table(study, min_participants=1), seed=1)
    assert found["codes"].iloc[-1] == 221
    assert found["saturated_share"].iloc[19] < 0.5  # 20 interviews
    personas = pk.choose(candidates, "kmeans-3", by="RK", reason="to compare with the known groups")
    back = pk.persona_saturation(coded, personas, METHODS["kmeans"], sizes=[14, 25], seed=1, replicates=20)
    assert back["recovered"].max() < 0.8


def test_one_coder_cannot_agree(study):
    with pytest.raises(pk.TooFewError, match="only one coder"):
        pk.coder_agreement(study, seed=1)


def test_agreement_on_two_made_up_readings_of_the_real_codes(study):
    """The same codes twice, a tenth of the second reading left out: agreement is what was planted."""
    rng = np.random.default_rng(1)
    again = study.codes[rng.random(len(study.codes)) < 0.9].assign(coder="second")
    both = pk.Study(name="twice", participants=study.participants, codes=pd.concat([study.codes, again], ignore_index=True))
    found = pk.coder_agreement(both, seed=1, replicates=100)
    once, twice = pk.code_table(study, min_participants=1), pk.code_table(
        pk.Study(name="again", participants=study.participants, codes=again), min_participants=1)
    twice = twice.reindex(index=once.index, columns=once.columns, fill_value=0)
    assert found.at["all", "agreement"] == pytest.approx((once == twice).to_numpy().mean())
    assert 0.85 < found.at["all", "alpha"] < 1
