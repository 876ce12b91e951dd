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
# # Typical paths, the designed journey, and what people live through
#
# **Question.** Are there ways that many people share, how far are people from the way that was planned, how does it feel?
#
# **What you will hold at the end.** A verdict on typical paths that may be "none", the planned steps that people leave out,
# and an experience curve on which what people did, said and told is compared.
#
# **Time.** 10 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import personakit as pk

study = pk.load_sample("lunettes")
journeys = pk.trace_journeys(study)
journeys

# %% [markdown]
# ## How far apart are journeys?
#
# Raw distances mostly tell long journeys from short ones. The default compares the first steps that nine of ten people have
# taken, here 11, so that length does not decide.

# %%
raw = pk.journey_distances(journeys, normalise="none", horizon=None)
fair = pk.journey_distances(journeys)
assert raw.length_correlation > 0.6
assert abs(fair.length_correlation) < 0.05
assert fair.horizon == 11
round(raw.length_correlation, 2), round(fair.length_correlation, 2)

# %% [markdown]
# ## Are there typical paths?
#
# No. Journeys differ more than those of people who are all alike, but no partition comes back with other people.

# %%
paths = pk.find_paths(journeys, k=[2, 3], seed=7)
assert paths.recommended is None
paths.table[["silhouette", "null_silhouette", "gap_z", "stability", "verdict"]].round(2)

# %% [markdown]
# ## What explains how journeys differ?
#
# Where people live explains next to nothing of it, under one percent; the test permutes regions over people.

# %%
region = pk.discrepancy(fair, study.participants["region"], seed=7, replicates=99)
assert region["pseudo_r2"] < 0.01
region.round(3)

# %% [markdown]
# ## How far are people from the journey that was planned?
#
# Steps still to come are not held against journeys that are open. A deviation is not a fault, and what goes with it is an
# association.

# %%
fit = pk.align_to_design(journeys, study.design, walkthroughs=study.walkthroughs, seed=7)
skipped = fit.deviations[fit.deviations["kind"] == "skipped"]
assert skipped["touchpoint"].iloc[0] == "Fiche produit"
skipped[["touchpoint", "owner", "people", "people_total", "share", "low", "high"]].round(2)

# %%
picture = pk.plot_deviations(fit, top=3)

# %% [markdown]
# ## How does it feel?
#
# The basket is where ease falls, for those who answered. A quarter of those who were there did.

# %%
lived = pk.experience(study, journeys, seed=7)
basket = lived.curve[lived.curve["touchpoint"] == "Panier"].iloc[0]
assert basket["high"] < 0
assert 0.2 < basket["response_rate"] < 0.3
columns = ["touchpoint", "mean", "low", "high", "n", "natural", "unit", "response_rate"]
lived.curve.loc[lived.curve["source"] == "ces", columns].round(2)

# %%
curve = pk.plot_experience(lived)

# %% [markdown]
# ## Do the sources agree?
#
# At the purchase events, answers and interviews say the same. At the research stage answers and interviews contradict each
# other: a reason to listen again, not to average. And no stage is a *moment of truth*: none of its scores surely foretells,
# in people held out, whether they recommend.

# %%
agreed = lived.triangulation.set_index("stage")
assert agreed.loc["purchase", "verdict"] == "converge"
assert agreed.loc["research", "verdict"] == "contradict"
assert not lived.truth["predicts"].any()
agreed[["events", "answers", "interviews", "verdict"]]

# %% [markdown]
# ## What this does not show
#
# Nobody was asked before and after, so nothing here says that the basket *causes* anything; and those who were never asked
# may feel otherwise.
#
# **Try next.** Write a design of your own as text (`"Page d'accueil+ > Fiche produit+ > Panier+ > Paiement"`); measure with
# `method="optimal_matching"`; look for paths with `method="mixture"`; read `lived.truth`; give `experience` your personas.
