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
# # Exercise 4: choose, and name
#
# **Question.** Who are they, in words that the team will use, and why did we choose them? 40 minutes.

# %%
try:
    import personakit as pk
    from personakit.workshop import check
except ImportError as problem:
    raise SystemExit(f"This kernel has no personakit ({problem}): choose another under Kernel > Change kernel.") from None

# %%
folder = ""  # of your group, such as "atelier/group-1"; empty: the sample lunettes
language = "en"  # of the hints: "fr" or "en"
study = pk.load_study(folder) if folder else pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, methods="latent_class", k=[3, 4, 5], seed=7)
suggested = pk.recommend(candidates, language=language) if candidates.recommended else None
evidence = pk.gather_evidence(study, features, suggested, seed=7) if suggested else None
pk.suggest_labels(suggested, evidence, language=language)[["label"]] if suggested else candidates.verdict

# %% [markdown]
# ## Your turn
#
# Choose a candidate and give every persona a name of your own. Both ask who decides and why; write a reason that someone can
# argue with in a year. Where the verdict is none you may leave `personas` at None, and say in the group why; or choose all
# the same, and see what you would have had to write.

# %%
personas = None
# solution
why = "stable over resamples, and the shop staff recognise all four"
personas = pk.choose(candidates, candidates.recommended, by="Group 1", reason=why)
names = {"P1": "Compares at her desk", "P2": "Wants to be shown", "P3": "In a hurry", "P4": "Buys for the family"}
personas = pk.label(personas, names, by="Group 1", reason="from what marks them most, and their own words in the interviews")

# %%
seen = check("naming", language=language, personas=personas, candidates=candidates)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - Read your names to another group. Whom do they see? Is that in the evidence?
# - Which name would you be ashamed of if this persona read it?
