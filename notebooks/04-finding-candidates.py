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
# # Finding candidates
#
# **Question.** How many kinds of people are in these features, by which method, and how sure can we be?
#
# **What you will hold at the end.** A table of candidates with the figures that speak for and against each, one candidate
# recommended, and a test of whether its personas would have survived other choices.
#
# **Time.** 10 minutes. **You need** no data of your own: `lunettes` is simulated, with four planted personas.

# %%
import personakit as pk

study = pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
features

# %% [markdown]
# ## Every method at every k
#
# A candidate is one method at one number of personas. Two methods are tried by default: *k-means* (personas around mean
# profiles) and *latent classes* (people belong to each persona with a probability).

# %%
candidates = pk.find_candidates(features, k=range(2, 6), seed=7)
candidates.table[["smallest_n", "stability", "prediction_strength", "gap", "separation", "verdict"]].round(2)

# %%
axes = pk.plot_candidates(candidates)

# %% [markdown]
# ## Read it in this order
#
# 1. *Stability*: do the same personas come back when other people are drawn? At four it is .98 or more, at five it falls.
# 2. *Gap*: how much less difference is left inside personas than in data with the same margins and correlations, but
#    without personas? It grows up to four and is flat after that.
# 3. *Fit* always rises with the number of personas. It decides nothing.
# 4. The *smallest persona* must be large enough to be worth a card.

# %%
table = candidates.table
assert candidates.recommended == "latent_class-4"
assert table.loc[["kmeans-4", "latent_class-4"], "stability"].min() > 0.97
assert table.loc["kmeans-5", "stability"] < table.loc["kmeans-4", "stability"]
assert table.loc["kmeans-5", "gap"] - table.loc["kmeans-4", "gap"] < 0.02

# %% [markdown]
# Each figure is also placed among tables without personas that went through the same steps: 1 means that the candidate
# beats all of them. `gap_p` asks the same of all k at once: how often would data without personas go so far at any k? With
# twenty tables it cannot be less than 1/21. `null_method` says which method cut these tables.

# %%
both = table.loc[["kmeans-4", "latent_class-4"]]
assert (both["gap_p"] < 0.05).all()
both[["gap_p", "gap_beats", "separation_beats", "stability_beats", "null_method", "agreement"]].round(2)

# %% [markdown]
# ## How honest was the search?
#
# `best_share` is the share of starts that reached the best solution: where it is small, one start would have missed it.
# `rivals` counts other solutions that are as good within .1 % and yet different. `contested` people stand in the middle
# third of the way to another: 12 % were planted between two. `valley` compares how many people stand between two personas
# with how many stand around them: up to four it is low, then two personas share one crowd.

# %%
assert table.loc["kmeans-5", "best_share"] < 0.1 < table.loc["kmeans-4", "best_share"]
assert both["contested"].between(0.10, 0.16).all()
assert both["valley"].max() < 0.5 < 1 < table.loc["kmeans-5", "valley"]
table[["best_share", "rivals", "contested", "valley", "outsiders"]].round(2)

# %% [markdown]
# ## One persona more, one persona fewer
#
# Bands are as wide as the people who move together. From two to four, personas split cleanly. From five on, the smaller ones
# are cut out of larger ones.

# %%
axes = pk.plot_crossings(candidates, "kmeans")

# %%
candidates.personas.loc["latent_class-4"].round(2)

# %% [markdown]
# ## Would other choices have found the same?
#
# The multiverse makes the personas again with other scalings, methods and k, and with other ways to treat missing answers.
# With four personas all four come back in every universe; with three, two of them must merge.

# %%
again = pk.multiverse(candidates, "latent_class-4", methods=["kmeans", "latent_class"], seed=7)
survival = again.groupby(["k", "method"])["survives"].mean().unstack().round(2)
assert (survival.loc[4] == 1).all()
assert (survival.loc[3] == 0.5).all()
survival

# %% [markdown]
# ## Other methods, and people who were not in the search
#
# Eleven methods are at hand (`kmeans_blocks` weighs habits, answers and codes of the same people alike), and a function of
# your own `(table, k, seed) -> membership` is searched like them. A candidate can place other people; on its own people it
# gives their membership again, exactly.

# %%
others = pk.find_candidates(features, methods=["kmedians", "kprototypes"], k=4, seed=7)
assert others.table["agreement"].min() > 0.8
others.table[["smallest_n", "stability", "gap", "agreement", "verdict"]].round(2)

# %%
placed = pk.assign(candidates, "latent_class-4", features.active.head(5))
assert placed.equals(candidates.memberships["latent_class-4"].head(5))
placed.round(2)

# %% [markdown]
# ## What this does not show
#
# - Whether the personas are useful: a person chooses them, with a reason (`choose`).
# - What the personas would be with other features: the multiverse varies how features are treated, not which they are.
# - That there are four kinds of customers in the world. There are four among these people, in these features.
#
# **Try next.** `08-when-there-are-no-personas`, the same search where nothing was planted.
