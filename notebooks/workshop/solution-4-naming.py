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
import personakit as pk
from personakit.workshop import check

study = pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, methods="latent_class", k=[3, 4, 5], seed=7)
evidence = pk.gather_evidence(study, features, pk.recommend(candidates, language="en"), seed=7)
pk.suggest_labels(pk.recommend(candidates, language="en"), evidence, language="en")[["label"]]

# %% [markdown]
# ## Your turn
#
# Choose a candidate and give every persona a name of your own. Both ask who decides and why; write a reason that someone can
# argue with in a year.

# %%
personas = None
# solution
why = "stable over resamples, and the shop staff recognise all four"
personas = pk.choose(candidates, candidates.recommended, by="Group 1", reason=why)
names = {"P1": "Compares at her desk", "P2": "Wants to be shown", "P3": "In a hurry", "P4": "Buys for the family"}
personas = pk.label(personas, names, by="Group 1", reason="from what marks them most, and their own words in the interviews")

# %%
seen = check("naming", personas=personas)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - Read your names to another group. Whom do they see? Is that in the evidence?
# - Which name would you be ashamed of if this persona read it?
