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
# # When there are no personas
#
# **Question.** A clustering always returns as many groups as it is asked for. How do we see that they are not there?
#
# **What you will hold at the end.** A verdict `none`, the reasons for it in figures, and what to do instead.
#
# **Time.** 10 minutes. **You need** no data of your own: `bruit` is simulated, with one population and no personas.

# %%
import numpy as np
import pandas as pd

import personakit as pk
from personakit.wording import say

study = pk.load_sample("bruit")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
features

# %% [markdown]
# ## A clustering obliges
#
# Asked for four personas, k-means gives four, of reasonable sizes. Nothing in its answer says that they are made up.

# %%
four = pk.find_candidates(features, methods="kmeans", k=4, seed=7)
assert len(four.personas) == 4
four.personas[["n", "share"]].round(2)

# %% [markdown]
# ## Ask for their stability
#
# Other people of the same kind give other personas: the agreement of two resamples is about a half. The search says `none`.

# %%
assert 0.4 < four.table.loc["kmeans-4", "stability"] < 0.65
assert four.recommended is None
four.table[["stability", "prediction_strength", "jaccard", "separation", "verdict"]].round(2)

# %%
candidates = pk.find_candidates(features, k=range(2, 5), seed=7)
assert (candidates.verdict, candidates.recommended) == ("none", None)
for sentence in candidates.why:
    print(say(sentence, "en"))

# %% [markdown]
# ## Stable is not enough
#
# Two halves come back well, because people differ along one line (how active they are) and it can be cut in the middle. But
# data with the same correlations and without personas can be cut as well: the gap is about 0.

# %%
two = candidates.table.loc["kmeans-2"]
assert two["stability"] > 0.75
assert abs(two["gap"]) < 0.01
assert two["stability_beats"] < 0.5
candidates.table[["stability", "gap", "gap_beats", "stability_beats", "verdict"]].round(2)

# %%
axes = pk.plot_candidates(candidates)

# %% [markdown]
# ## Cuts of a continuum mix when a persona is added

# %%
axes = pk.plot_crossings(candidates, "kmeans")

# %% [markdown]
# ## Other choices, other personas
#
# Of the four, three are lost in most universes.

# %%
again = pk.multiverse(four, "kmeans-4", methods=["kmeans", "latent_class"], seed=7)
survival = again.groupby("persona")["survives"].mean().round(2)
assert (survival < 0.5).sum() == 3
survival

# %% [markdown]
# ## Would more people help?
#
# Not here: more people of one kind stay of one kind. Before collecting, `advise_n` plants personas in data with the margins
# and correlations of features like yours, and looks for them: here with ten independent answers and 60 people as a pilot.

# %%
pilot = pd.DataFrame(np.random.default_rng(7).integers(1, 6, (60, 10)) / 4.0, columns=[f"q{one}" for one in range(10)])
catalog = pd.DataFrame({"role": "active"}, index=pilot.columns)
nothing_dropped = pd.DataFrame({"feature": [], "why": []})
pilot_features = pk.Features(table=pilot, natural=pilot, catalog=catalog, dropped=nothing_dropped)
advice = pk.advise_n(pilot_features, k=4, separation=1.5, sizes=[60, 120, 250, 500, 1000], replicates=10, seed=7)
assert advice["agreement"].iloc[-1] > advice["agreement"].iloc[0]
advice.round(2)

# %% [markdown]
# ## What this does not show
#
# - That all customers are alike: they differ by degrees, and a scale of activity may serve better than personas.
# - That no other features would show personas. It is a verdict about these features and these people.
# - A persona chosen anyway is not forbidden: `choose` takes it with a reason, and every card carries the verdict.
#
# **Try next.** `04-finding-candidates`, the same search where four personas were planted.
