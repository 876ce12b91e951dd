# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From interviews to codes
#
# **Question.** Two people coded 16 interviews. What may personas be told from these codes, and what may not?
#
# **What you will hold at the end.** A table of who said what; how far the coders agree; whether more interviews would bring
# new codes, or other personas; and the codes that describe personas whom habits have made.
#
# **Time.** 8 minutes. **You need** no data of your own: `agence` is a simulated study of a B2B content agency.

# %%
import personakit as pk
from personakit.candidates import METHODS

study = pk.load_sample("agence")
study.codes[["participant_id", "code", "kind", "quote", "coder"]].head(4)

# %% [markdown]
# ## Who said what
#
# One row an interviewee, one column a code. A 0 means that the code was not given, not that the person would disagree. Codes
# that are paths (`price > hidden`) can be rolled up to any level with `level=`.

# %%
coded = pk.code_table(study, min_participants=3)
assert coded.shape == (16, 19)
coded.iloc[:5, :4]

# %% [markdown]
# ## How far do the coders agree?
#
# Two coders who code at random agree often by chance; Krippendorff's alpha takes that away. The interval draws interviews,
# since the codes of one interview hang together. Over all codes alpha is about .70: fit for tentative conclusions.

# %%
agreement = pk.coder_agreement(study, seed=7)
assert 0.65 < agreement.loc["all", "alpha"] < 0.75
assert agreement.loc["all", "uncoded"] == 0
weakest = agreement.sort_values("alpha", kind="stable").head(6)
weakest[["units", "agreement", "kappa", "alpha", "low", "high"]].round(2)

# %% [markdown]
# Passage by passage the same coders look perfect: by default a passage that one of them left uncoded is no disagreement. It
# is counted instead (`uncoded`), and can be taken as a "no". Say which of the two you report.

# %%
left = pk.coder_agreement(study, unit="passage", seed=7)
strict = pk.coder_agreement(study, unit="passage", uncoded="absent", seed=7)
assert left.loc["all", "alpha"] == 1 and strict.loc["all", "alpha"] < 0.85
passages = left.loc["hidden prices", ["units", "uncoded"]]
print(f"passages of both coders: alpha {left.loc['all', 'alpha']:.2f}; of one alone: {passages['uncoded']:.0f} passages")
print(f"a passage left uncoded is a no: alpha {strict.loc['all', 'alpha']:.2f}")

# %% [markdown]
# ## Would more interviews bring new codes?
#
# After Guest, Namey and Chen (2020): the new codes of a run of two interviews, over the codes of the first four. Codes are
# saturated at the ninth interview here, and in nine of ten shuffled orders. All codes take part, also rare ones.

# %%
saturation = pk.saturation(pk.code_table(study, min_participants=1), seed=7)
assert saturation.loc[saturation["saturated"], "interviews"].min() == 9
assert saturation.loc[8, "saturated_share"] > 0.9
saturation.loc[3:9, ["interviews", "new_codes", "codes", "ratio", "saturated", "saturated_share"]].round(2)

# %% [markdown]
# ## Do some people simply talk more?
#
# If so, "talkers" and "quiet people" come out as personas. Here the number of codes explains no more than chance. Where it
# does, `code_shares` gives everyone the same weight.

# %%
talk = pk.talkativeness(coded, seed=7)
assert not talk.loc["code_table", "warning"]
talk.round(2)

# %% [markdown]
# ## Are there personas in the codes alone?
#
# The search says no: 16 interviews with 19 codes look like this without any personas. That is an answer.

# %%
features = pk.build_features(study, coded)
candidates = pk.find_candidates(features, k=[2, 3], seed=7)
assert candidates.verdict == "none" and candidates.recommended is None
candidates.table[["method", "k", "smallest_n", "stability", "gap_z", "verdict"]].round(2)

# %% [markdown]
# To see why, take one split in three all the same. Codes were saturated; personas are not: from 14 of the 16 interviews each
# comes back hardly more often than in data whose codes were dealt out anew (`by_chance`).

# %%
split = pk.choose(candidates, "kmeans-3", by="RK", reason="to show what 16 interviews cannot carry")
back = pk.persona_saturation(coded, split, METHODS["kmeans"], sizes=[8, 11, 14], seed=7, replicates=60)
at_most = back[back["interviews"] == 14]
assert (at_most["recovered"] - at_most["by_chance"]).abs().max() < 0.25
back.round(2)

# %% [markdown]
# ## What if someone else had coded?
#
# Codes are flipped as often as the two coders differed, and people are sorted anew. `hinges_on` names the codes without
# which a persona is gone. Personas that hang on a code that coders dispute are no personas.

# %%
doubt = pk.coding_uncertainty(coded, split, METHODS["kmeans"], agreement, seed=7, replicates=60)
assert doubt["recovered"].max() < 0.3
doubt[["n", "refit", "jaccard", "low", "high", "recovered", "flipped"]].round(2)

# %%
doubt["hinges_on"].str.join(", ").to_dict()

# %% [markdown]
# ## What the interviews are good for
#
# Habits and answers of all 40 accounts make the personas; the interviews say what these people need, in counts of
# interviewees, never in percentages.

# %%
habits = pk.build_features(study, pk.behaviour_table(study), pk.answer_table(study))
found = pk.find_candidates(habits, k=[2, 3, 4], seed=7)
personas = pk.choose(found, "kmeans-3", by="RK", reason="three, as the field team expects")
evidence = pk.gather_evidence(study, habits, personas, seed=7)
said = evidence.codes[evidence.codes["log_odds"] > 1.5]
assert len(personas.labels) == 40
said[["persona", "code", "kind", "with_code", "interviewees", "elsewhere", "interviewees_elsewhere"]]

# %% [markdown]
# ## What this does not show
#
# `agence` is simulated. Agreement says that two people read alike, not that they read rightly; saturated codes say that
# these people add little new, not that others would not; and a split that is not there in 16 interviews may be there in 60.
#
# **Try next.** Leave one coder out and see how `min_participants` changes the table; then give the same study to
# `00-the-whole-journey`.
