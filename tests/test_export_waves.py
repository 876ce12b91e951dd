"""What a comparison of waves may say outside: no figure, and no sentence, that stands on fewer than five people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.export import save_comparison, wave_tables
from personakit.features import build_features
from personakit.monitor import carry_over, compare_waves
from personakit.records import Personas, Study

SIZES_OLD, SIZES_NEW = (60, 50, 80), (140, 60, 3)


def people(prefix, sizes, *, offers, seed):
    """Return three kinds of people on two figures, a yes / no that ``offers`` of the first kind say, and a city."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], sizes)
    values = np.array([[0.0, 0], [8, 0], [0, 8]])[kind] + rng.standard_normal((len(kind), 2))
    table = pd.DataFrame(values, columns=["a", "b"], index=pd.Index([f"{prefix}{one}" for one in range(len(kind))],
                                                                   name="participant_id"))
    table["offers"] = np.where(kind == 0, np.arange(len(kind)) < offers, rng.random(len(kind)) < 0.5).astype(float)
    # two people of the first kind live in Brest, two in Metz, the others in Lyon
    table["city"] = np.where(np.arange(len(kind)) < 2, "Brest", np.where(np.arange(len(kind)) < 4, "Metz", "Lyon"))
    return table



def by_kind(sizes):
    def rule(table):
        return pd.DataFrame(np.repeat(np.eye(3), sizes, axis=0), index=table.index, columns=["P1", "P2", "P3"])
    return rule


def compared():
    old, new = people("a", SIZES_OLD, offers=30, seed=1), people("b", SIZES_NEW, offers=3, seed=2)
    features = build_features(Study(name="first", participants=pd.DataFrame(index=old.index)), old,
                              held_back=["offers", "city"])
    before = Personas(candidate="by hand", membership=by_kind(SIZES_OLD)(old), features=features,
                      quality=pd.Series(dtype=float), stability=pd.DataFrame(), tried=1, chosen=True)
    after = carry_over(before, new, place=by_kind(SIZES_NEW), by="RK", reason="test")
    return before, compare_waves(before, after, seed=3, replicates=199)


def test_small_cells_are_hidden_and_cannot_be_computed_back(tmp_path):
    personas, waves = compared()
    tables = wave_tables(waves, personas)
    sizes = tables["wave_sizes"].set_index("persona")
    # three of P3 are left; 203 in all are known, so that P2 (the next smallest) goes with it
    assert sizes["hidden"].tolist() == [False, True, True]
    assert sizes.loc["P1", "n_new"] == 140
    assert sizes.loc[["P2", "P3"], ["n_new", "share_new", "difference"]].isna().all(axis=None)
    for name in ("wave_structure", "wave_shifts"):
        own = tables[name][tables[name]["persona"].isin(["P2", "P3"])]
        assert own["hidden"].all()
        assert own["n_new"].isna().all()
    shifts = tables["wave_shifts"][tables["wave_shifts"]["persona"] == "P1"].set_index(["feature", "level"])
    # 3 of 140 say yes: neither the share nor its change; the four of two towns are what Lyon would leave
    assert shifts.loc[("offers", ""), "hidden"]
    assert np.isnan(shifts.loc[("offers", ""), "new"])
    assert shifts.loc["city", "hidden"].all()
    assert not shifts.loc[[("a", ""), ("b", "")], "hidden"].any()
    assert not {"with_old", "without_new"} & set(shifts.columns)


def test_no_sentence_counts_the_few(tmp_path):
    personas, waves = compared()
    assert "monitor.died" in {one.key for one in waves.why}
    for language, said in (("fr", "trop peu de membres"), ("en", "too few members")):
        paths = save_comparison(waves, personas, tmp_path / language, title="x", language=language)
        page = paths[0].read_text(encoding="utf-8")
        assert said in page
        assert "P1" in page
        assert "P2" not in page.partition("</section>")[0]
        assert "offers" not in page
        again = save_comparison(waves, personas, tmp_path / f"{language}2", title="x", language=language)
        assert [one.read_bytes() for one in paths] == [one.read_bytes() for one in again]
