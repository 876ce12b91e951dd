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
# # The whole journey
#
# **Question.** Who comes to this eyewear shop, how do they live through their journey, and where does it break?
#
# **What you will hold at the end.** Four personas with their evidence, one map of everyone's journey, and two places where
# the shop loses people. Or, on other data, the news that there are no personas.
#
# **Time.** 10 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import personakit as pk

study = pk.load_sample("lunettes")
study

# %% [markdown]
# ## What is there, and what is missing
#
# A study is a folder of tables. Before anything is computed, look at what joins, what is thin and which rows were set aside.
# Rows never vanish: rows in = rows kept + rows set aside, each with a reason.

# %%
checks = pk.check_study(study, language="en")
checks.loc[checks["result"] != "passed", ["table", "check", "count"]]

# %%
study.set_aside[["table", "reason", "rows"]]

# %% [markdown]
# ## From events to features
#
# Habits are counted over each participant's first 90 days, so that an old customer and a new one are compared on equal time.
# Survey answers of a quarter of the people cannot make the personas of all: they are *held back*, and describe them later.
# Interviews are counted and quoted as evidence.

# %%
habits = pk.behaviour_table(study, window_days=90)
answers = pk.answer_table(study)
features = pk.build_features(study, habits, answers)
assert len(answers) / len(study.participants) == 0.25
assert features.window_days == 90
features.catalog.groupby(["origin", "role"], as_index=False).size()

# %% [markdown]
# ## Are there personas at all?
#
# Each candidate is one way to part the people. It must come out again when the people are resampled (*stability*), and it
# must beat data of the same margins and correlations that hold no personas (*gap*).

# %%
candidates = pk.find_candidates(features, k=range(2, 6), seed=7)
candidates.table[["method", "k", "smallest_n", "stability", "verdict"]].round(2)

# %%
axes = pk.plot_candidates(candidates)

# %%
print("recommended:", candidates.recommended, "| verdict:", candidates.verdict)
assert candidates.verdict in ("natural", "reproducible")

# %% [markdown]
# ## A person chooses
#
# The kit recommends; choosing and naming are human acts. Both ask who, and why, and keep the answer on the card.

# %%
personas = pk.choose(candidates, candidates.recommended, by="RK", reason="stable, and the field team knows these people")
evidence = pk.gather_evidence(study, features, personas, seed=7)
evidence.coverage[["n", "share", "contested", "with_answers", "with_codes"]].round(2)

# %%
names = pk.suggest_labels(personas, evidence, language="en")["label"]
personas = pk.label(personas, names.to_dict(), by="RK", reason="suggested from the data, kept for now")
strongest = evidence.table[evidence.table["role"] == "active"].sort_values("effect", ascending=False, kind="stable")
strongest.groupby("persona").head(2)[["persona", "feature", "inside", "outside", "low", "high"]].round(2)

# %% [markdown]
# ## Do their journeys differ?
#
# The person is the unit, and the journeys that are compared come after the 90 days that made the personas: otherwise the
# difference would be built in. Someone who has not bought *yet* is open, not lost.

# %%
journeys = pk.trace_journeys(study)
findings = pk.describe_journeys(journeys, personas, study=study, seed=7)
findings.comparison[["persona_a", "persona_b", "change", "low", "high", "verdict"]].round(3)

# %%
flagged = findings.friction[findings.friction["flagged"] & (findings.friction["persona"] == "all")]
flagged[["touchpoint", "people", "stop_share", "like_share", "low", "high"]].round(2)

# %%
breaks = findings.switches[findings.switches["flagged"] & (findings.switches["persona"] == "all")]
breaks[["source", "target", "people", "restart_share", "like_share"]].round(2)

# %% [markdown]
# ## Cards and a map
#
# Every sentence names the rows of evidence behind it. `save_cards` writes them to a folder; here they are shown in place.

# %%
cards = pk.make_cards(personas, evidence, findings, language="en")
journey_map = pk.make_map(study, findings, language="en")
print(len(cards), "cards;", len(journey_map.lanes), "lanes on the map;", cards[0].title)

# %%
assert len(cards) == 4
assert list(flagged["touchpoint"]) == ["Panier"]
assert list(breaks["source"] + " to " + breaks["target"]) == ["web to shop"]
assert {"not_distinguishable", "equivalent"} & set(findings.comparison["verdict"])

# %% [markdown]
# ## What this does not show
#
# `lunettes` is simulated: its personas were planted, so finding them proves the method, not the market. Two personas whose
# journeys are "not distinguishable" may differ by less than this sample can see. A friction is where people stop; why they
# stop is for the interviews to say.
#
# **Try next.** Load the sample `bruit`, which has the same shape and no personas, and run the same cells.
