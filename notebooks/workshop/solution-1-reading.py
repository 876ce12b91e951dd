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
# # Exercise 1: what did we get, and what was set aside?
#
# **Question.** Before any persona: which rows does the kit leave out, and why? 20 minutes.
#
# In a group, write the path of your own folder into the first cell, here and in the other exercises.

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
study.sources[["table", "rows_in", "kept", "set_aside"]]

# %% [markdown]
# ## Your turn
#
# How many rows of the *log* were set aside, and what is the commonest reason? `study.set_aside` has one row a reason.

# %%
aside, reason = None, None
# solution
rows = study.set_aside[study.set_aside["table"] == "events"]
aside = int(rows["rows"].sum())
reason = rows.sort_values("rows", ascending=False)["reason"].iloc[0]

# %%
seen = check("reading", language=language, study=study, aside=aside, reason=reason)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - A tool that drops these rows in silence: what would you have believed?
# - Who in your organisation may decide that a row does not count?
