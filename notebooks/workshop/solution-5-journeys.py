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
personas = pk.recommend(candidates, language=language) if candidates.recommended else None
journeys = pk.trace_journeys(study)

# %% [markdown]
# ## Your turn
#
# Describe the journeys (`describe_journeys`, with the personas and a seed). Write down the touchpoint where visits stop
# most, the switch of channel after which people start again (from, to), and whether the journeys differ. None is an answer.

# %%
findings, friction, channel_break, differ = None, None, None, None
# solution
findings = pk.describe_journeys(journeys, personas, seed=7)
everyone = findings.friction[findings.friction["persona"] == "all"]
friction = next(iter(everyone.loc[everyone["flagged"].astype(bool), "touchpoint"]), None)
flagged = findings.switches[findings.switches["flagged"].astype(bool) & (findings.switches["persona"] == "all")]
channel_break = next(map(tuple, flagged[["source", "target"]].to_numpy()), None)
differ = bool((findings.comparison["verdict"].head(1) == "differ").any())

# %%
seen = check("journeys", language=language, findings=findings, friction=friction, channel_break=channel_break, differ=differ)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Draw the map, then type it
#
# Draw on the paper sheet first. Then write what it says into `map.csv` of your folder (its README has the columns) and
# give the path here, or a table with the same seven columns; the debrief scores it. `pk.transitions` shows where visits go
# on after each stage.

# %%
drawn = None
# solution
import pandas as pd

moves = pk.transitions(journeys, seed=7).query("persona == 'all' and source != target and target not in ['end', 'open']")
after = moves.sort_values("count").groupby("source")["target"].last()
walk = f"awareness > {after['awareness']} > {after[after['awareness']]}"
most = pk.stage_counts(journeys).sort_values("events")["stage"].iloc[-1]
switch = " > ".join(channel_break or ["none"])
row = ["everyone", walk, most, study.events["channel"].value_counts().idxmax(), friction or "none", switch, "purchase"]
drawn = pd.DataFrame([row])

# %%
typed = check("map", language=language, study=study, drawn=drawn)
typed

# %%
# solution
assert typed.passed

# %% [markdown]
# ## Talk about it
#
# - Who owns that touchpoint, and who owns the step before it? When did they last meet?
# - The figures show where people stop. What would you ask them to learn why?
