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
# # Exercise 5: where does the journey break, and for whom?
#
# **Question.** Where do visits stop, after which switch do people start again, and do the personas' journeys differ at all?
# 40 minutes.

# %%
import personakit as pk
from personakit.workshop import check

study = pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, methods="latent_class", k=[3, 4, 5], seed=7)
personas = pk.recommend(candidates, language="en")
journeys = pk.trace_journeys(study)

# %% [markdown]
# ## Your turn
#
# Describe the journeys (`describe_journeys`, with the personas and a seed). Write down the touchpoint where visits stop
# most, the switch of channel after which people start again (from, to), and whether the journeys differ.

# %%
findings, friction, channel_break, differ = None, None, None, None
# solution
findings = pk.describe_journeys(journeys, personas, seed=7)
everyone = findings.friction[findings.friction["persona"] == "all"]
friction = everyone.loc[everyone["flagged"].astype(bool), "touchpoint"].iloc[0]
flagged = findings.switches[findings.switches["flagged"].astype(bool)]
channel_break = tuple(flagged[["source", "target"]].iloc[0])
differ = bool(findings.comparison["verdict"].iloc[0] == "differ")

# %%
seen = check("journeys", findings=findings, friction=friction, channel_break=channel_break, differ=differ)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - Who owns that touchpoint, and who owns the step before it? When did they last meet?
# - The figures show where people stop. What would you ask them to learn why?
