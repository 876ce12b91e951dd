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
# # Exercise 2: what makes a persona, and what only describes one?
#
# **Question.** Which of all these columns should make the personas? 30 minutes.

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
list(study.participants.columns), list(study.answers.columns)

# %% [markdown]
# ## Your turn
#
# Make habits of the log (`behaviour_table`, everyone watched for ninety days), answers (`answer_table`), and join both with
# `build_features`. Attributes such as age must not make personas.

# %%
features = None
# solution
habits = pk.behaviour_table(study, window_days=90)
answers = pk.answer_table(study)
features = pk.build_features(study, habits, answers)

# %%
seen = check("features", language=language, study=study, features=features)
seen

# %%
# solution
assert seen.passed

# %% [markdown]
# ## Talk about it
#
# - Why the same ninety days for everyone? What would a customer of five years look like beside one of five weeks?
# - What would personas made of age and region tell you that you did not know?
