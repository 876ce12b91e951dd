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
# # Exercise 3: are there personas at all?
#
# **Question.** How many personas, if any, and how sure is that? 40 minutes.

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

# %% [markdown]
# ## Your turn
#
# Search (`find_candidates`, several numbers of personas, a seed). Then write down the verdict in its own word, and the
# number of personas recommended; 0 where there are none.

# %%
candidates, verdict, k = None, None, None
# solution
candidates = pk.find_candidates(features, k=range(3, 6), seed=7)
verdict = candidates.verdict
k = int(candidates.table.loc[candidates.recommended, "k"]) if candidates.recommended else 0

# %%
seen = check("candidates", language=language, candidates=candidates, verdict=verdict, k=k)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - What do you say to a client who has paid for six personas when fewer are stable?
# - One group has a study in which nothing was planted. Could it be yours?
