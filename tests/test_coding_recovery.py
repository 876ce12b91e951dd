"""saturation, persona_saturation, coding_uncertainty and talkativeness: planted, by hand, and on noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from personakit.candidates import METHODS
from personakit.coding import code_shares, coding_uncertainty, persona_saturation, saturation, talkativeness
from personakit.coding.recovery import _half
from personakit.errors import ChoiceError, StudyError, TooFewError
from personakit.features import build_features
from personakit.records import Features, Personas, Study

KMEANS = METHODS["kmeans"]


def people_of(labels, index, k=3):
    empty = pd.DataFrame(index=index)
    nothing = Features(table=empty, natural=empty, catalog=pd.DataFrame(), dropped=pd.DataFrame())
    membership = pd.DataFrame(np.eye(k)[labels], index=index, columns=[f"P{one + 1}" for one in range(k)])
    return Personas(candidate="by hand", membership=membership, features=nothing, quality=pd.Series(dtype="float64"),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def interviews(seed, *, n=48, codes=30, own=0.85, other=0.15, quietest=1.0):
    """The generator of the reference page: three types, 30 % of codes shared, everyone talks between quietest and 1."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    rate = np.where(np.arange(codes)[None] % 3 == labels[:, None], own, other)
    rate[:, codes - int(0.3 * codes):] = 0.5
    said = rng.random((n, codes)) < rate * rng.uniform(quietest, 1.0, n)[:, None]
    ids = pd.Index([f"p{one:02d}" for one in range(n)], name="participant_id")
    table = pd.DataFrame(said.astype(int), index=ids, columns=[f"code:c{one:02d}" for one in range(codes)])
    return table, people_of(labels, ids)


# ---------------------------------------------------------------- saturation


def test_saturation_by_hand():
    # codes heard first in interview 1: a b; 2: c; 3: d; 4: none; 5: e; 6: none; 7: none
    said = ["ab", "ac", "d", "a", "e", "ab", "c"]
    table = pd.DataFrame([[int(code in one) for code in "abcde"] for one in said], index=[f"p{i}" for i in range(7)])
    found = saturation(table, base=2, run=2, threshold=0.34, seed=1)
    assert found["new_codes"].tolist() == [2, 1, 1, 0, 1, 0, 0]
    assert found["codes"].tolist() == [2, 3, 4, 4, 5, 5, 5]
    assert found["new_in_run"].isna().sum() == 3
    assert found["new_in_run"].dropna().tolist() == [1, 1, 1, 0]  # runs 3-4, 4-5, 5-6, 6-7 over a base of 3 codes
    assert found["ratio"].dropna().round(3).tolist() == [0.333, 0.333, 0.333, 0.0]
    assert found["saturated"].tolist() == [False, False, False, True, True, True, True]
    assert saturation(table, base=2, run=2, threshold=0, seed=1)["saturated"].tolist() == [False] * 6 + [True]
    assert found["codes_mean"].iloc[-1] == 5


def test_saturation_over_orders_does_not_depend_on_the_given_order():
    table, _ = interviews(1)
    one, other = (saturation(some, seed=2, replicates=4000) for some in (table, table.iloc[::-1]))
    np.testing.assert_allclose(one["codes_mean"], other["codes_mean"], atol=0.15)
    exact = [(1 - (1 - table.mean()) ** 1).sum(), table.shape[1]]  # one interview, all of them
    np.testing.assert_allclose(one["codes_mean"].iloc[[0, -1]], exact, atol=0.15)
    assert (one["codes_mean"].diff().dropna() >= 0).all()


@pytest.mark.parametrize(("table", "options", "error", "message"), [
    (pd.DataFrame({"a": [1]}), {}, TooFewError, "1 interviews, a base of 4 and a run of 2 need 6"),
    (pd.DataFrame({"a": [1] * 9}), {"base": 0}, ChoiceError, "base: 0"),
    (pd.DataFrame({"a": [1] * 9}), {"threshold": 5}, ChoiceError, "threshold: 5 is not a share"),
])
def test_saturation_refuses(table, options, error, message):
    with pytest.raises(error, match=message):
        saturation(table, seed=1, **options)


# ---------------------------------------------------------------- personas from fewer interviews


def test_planted_personas_come_back_and_noise_comes_back_no_more_than_by_chance():
    found, noise = [], []
    for seed in range(4):
        table, personas = interviews(seed, n=24, codes=24)
        found.append(persona_saturation(table, personas, KMEANS, sizes=[18], seed=seed, replicates=12))
    for seed in range(16):  # one table of noise parts neatly now and then: only the mean says something
        table, _ = interviews(seed, n=24, codes=24, own=0.4, other=0.4)
        guessed = people_of(KMEANS(table, 3, 1).argmax(axis=1), table.index)
        noise.append(persona_saturation(table, guessed, KMEANS, sizes=[18], seed=seed, replicates=12))
    planted, none = pd.concat(found), pd.concat(noise)
    assert planted["recovered"].mean() > 0.9
    assert planted["by_chance"].mean() < 0.6
    assert abs(none["recovered"].mean() - none["by_chance"].mean()) < 0.15


def test_few_interviews_recover_less():
    table, personas = interviews(3, n=30, codes=20, own=0.8, other=0.2)
    found = persona_saturation(table, personas, KMEANS, sizes=[10, 27], seed=1, replicates=15)
    by_size = found.groupby("interviews")["jaccard"].mean()
    assert by_size[10] < by_size[27]
    pd.testing.assert_frame_equal(found, persona_saturation(table, personas, KMEANS, sizes=[27, 10], seed=1, replicates=15))


def test_refusals_of_refits():
    table, personas = interviews(1, n=12)
    for sizes in ([12], [3], []):
        with pytest.raises(ChoiceError, match="cannot be drawn of 12 interviews and 3 personas"):
            persona_saturation(table, personas, KMEANS, sizes=sizes, seed=1)
    with pytest.raises(StudyError, match=r"1 of 13 interviewees are not in the personas \(x\)"):
        persona_saturation(pd.concat([table, table.iloc[:1].rename(index={"p00": "x"})]), personas, KMEANS, seed=1)
    with pytest.raises(TooFewError, match="1 interviews of 1 personas"):
        persona_saturation(table.iloc[:1], personas, KMEANS, seed=1)
    with pytest.raises(StudyError, match=r"refit: returned shape \(12,\)"):
        coding_uncertainty(table, personas, lambda table, k, seed: np.zeros(len(table)), 0.1, seed=1)


# ---------------------------------------------------------------- coded by someone else


def test_flips_are_as_many_as_disagreements_and_keep_codes_as_frequent():
    rates, held = np.array([0.1, 0.2]), np.array([0.25, 0.8])
    gone, come = held * _half(rates, held), (1 - held) * _half(rates, 1 - held)
    np.testing.assert_allclose(gone, come)
    np.testing.assert_allclose(gone + come, rates)


def test_sure_codes_leave_personas_and_doubtful_ones_do_not():
    table, personas = interviews(2, n=30, codes=24)
    sure, doubtful, hopeless = (coding_uncertainty(table, personas, KMEANS, rate, seed=1, replicates=20)
                                for rate in (0.0, 0.1, 0.5))
    np.testing.assert_allclose(sure["jaccard"], sure["refit"])
    assert sure["flipped"].eq(0).all()
    assert doubtful["flipped"].iloc[0] == pytest.approx(0.1, abs=0.02)
    assert doubtful["jaccard"].mean() > 0.8
    assert hopeless["jaccard"].mean() < 0.55


def test_the_code_that_a_persona_hinges_on_is_named():
    ids = pd.Index([f"p{one:02d}" for one in range(24)], name="participant_id")
    labels = np.repeat([0, 1, 2], 8)
    table = pd.DataFrame({"code:a": labels == 0, "code:b": labels == 0, "code:c": labels == 0, "code:only": labels == 1},
                         index=ids).astype(int)
    found = coding_uncertainty(table, people_of(labels, ids), KMEANS, 0.02, seed=1, replicates=5)
    assert found.at["P1", "hinges_on"] == ()
    assert found.at["P2", "hinges_on"] == ("code:only",)
    assert found.at["P2", "without"][0] <= 0.5
    assert found.loc[["P1", "P2"], "n"].tolist() == [8, 8]


def test_rates_come_from_the_agreement_of_coders():
    table, personas = interviews(2, n=30, codes=24)
    names = ["all", *(name.removeprefix("code:") for name in table.columns)]
    agreement = pd.DataFrame({"units": 30, "disagreement": 0.0}, index=names)
    agreement.loc["all", "disagreement"] = 0.1
    few = agreement.assign(units=0)
    kept, pooled = (coding_uncertainty(table, personas, KMEANS, one, seed=1, replicates=10) for one in (agreement, few))
    assert kept["flipped"].iloc[0] < 0.02  # 30 units without a disagreement outweigh the rate of all
    assert pooled["flipped"].iloc[0] == pytest.approx(0.1, abs=0.02)
    with pytest.raises(StudyError, match="holds none of the codes"):
        coding_uncertainty(table, personas, KMEANS, agreement.rename(index=lambda name: f"x{name}"), seed=1)
    with pytest.raises(ChoiceError, match="is not a share"):
        coding_uncertainty(table, personas, KMEANS, 14.0, seed=1)
    with pytest.raises(StudyError, match="other values than 0 and 1"):
        coding_uncertainty(table * 2, personas, KMEANS, 0.1, seed=1)


# ---------------------------------------------------------------- talkers


def test_talkers_are_seen_and_even_talkers_are_not():
    warned = {quietest: sum(talkativeness(interviews(seed, quietest=quietest)[0], seed=1, replicates=99)["warning"].iloc[0]
                            for seed in range(20)) for quietest in (0.25, 1.0)}
    assert warned[0.25] >= 16
    assert warned[1.0] <= 1


def test_personas_that_are_only_talkers_are_seen():
    table, personas = interviews(4, n=30, quietest=0.25)
    by_talk = people_of(table.sum(axis=1).rank(method="first").sub(1).floordiv(10).astype(int).to_numpy(), table.index)
    found = talkativeness(table, by_talk, seed=1)
    assert found.at["personas", "warning"]
    assert found.at["personas", "explained"] > 0.7
    assert found[["fewest", "most"]].iloc[0].tolist() == [table.sum(axis=1).min(), table.sum(axis=1).max()]
    assert not talkativeness(*interviews(1), seed=1).at["personas", "warning"]


def test_shares_put_types_before_talk():
    """k-means on shares finds the planted types better than on the codes themselves (reference: .69 to .53)."""
    plain, even = [], []
    for seed in range(12):
        table, personas = interviews(seed, quietest=0.25)
        study = Study(name="s", participants=pd.DataFrame(index=table.index))
        for source, scores in ((table, plain), (code_shares(table), even)):
            active = build_features(study, source).active
            scores.append(adjusted_rand(KMEANS(active, 3, 1).argmax(axis=1), personas.labels[active.index]))
    assert np.mean(even) >= 0.65
    assert np.mean(even) > np.mean(plain) + 0.05


def adjusted_rand(found, truth):
    from sklearn.metrics import adjusted_rand_score
    return adjusted_rand_score(truth, found)


def test_shares_by_hand():
    table = pd.DataFrame({"code:a": [2, 0, 0], "code:b": [2, 1, 0]}, index=pd.Index(list("xyz"), name="participant_id"))
    shares = code_shares(table)
    assert shares.columns.tolist() == ["code_share:a", "code_share:b"]
    assert shares.loc[["x", "y"]].values.tolist() == [[0.5, 0.5], [0.0, 1.0]]
    assert shares.loc["z"].isna().all()
    assert shares.attrs == {"origin": "codes"}
    with pytest.raises(StudyError, match="negative or missing"):
        code_shares(table - 1)
    with pytest.raises(TooFewError, match="Three people and two codes"):
        talkativeness(table.iloc[:1], seed=1)
