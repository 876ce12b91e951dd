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
# # Journeys, described
#
# **Question.** What do people do, in which order, how long does it take, and where does it break?
#
# **What you will hold at the end.** Views of one log that add up to the same numbers, a funnel that does not count people on
# the way as lost, and two places to look at first, each with an interval.
#
# **Time.** 10 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import pandas as pd

import personakit as pk

study = pk.load_sample("lunettes")
journeys = pk.trace_journeys(study)
assert journeys.ends["status"].eq("open").mean() > 0.8
assert pk.stage_coverage(journeys)["covered"].all()
journeys.notes.round(3)

# %% [markdown]
# ## What is a visit, and at which grain?
#
# Many numbers hang on the silence after which a session is over: what holds at half, once and twice the time-out is safe to
# say, and here that is the basket (`Panier`) only. They hang on the grain, too. By stage, `purchase` loses no more visits
# than other stages; by touchpoint, it holds the one that loses most. A stage may look sound while one of its touchpoints
# breaks.

# %%
audit = pk.audit_sessions(journeys, seed=7).set_index("gap_min")
assert audit.loc[[15, 30, 60], "first"].eq("Panier").all()
grain = pk.audit_grain(journeys, seed=7).set_index("stage")
assert grain.loc["purchase", "stage_excess"] < 0
assert grain["worst_excess"].idxmax() == "purchase"
grain[["stage_excess", "low", "high", "worst", "worst_excess", "flagged"]].round(2)

# %% [markdown]
# ## Who goes where
#
# What does not get a node of its own would go through `other`, what goes on beyond the picture into `goes on`: nothing is
# cut away, so each step adds up to all 2,000 people. There is no usual journey: the twenty commonest variants cover under 5
# % of the people. And the views agree: each identity of `reconcile` is computed by two views' own code.

# %%
flows = pk.flows(journeys, steps=3, moves_only=True)
assert flows.groupby("step")["people"].sum().loc[1] == 2000
assert pk.variants(journeys, top=20, moves_only=True).set_index("rank").loc[20, "covered"] < 0.05
assert pk.reconcile(journeys)["equal"].all()
picture = pk.plot_sankey(flows, order=journeys.stages)

# %% [markdown]
# ## How far do people get?
#
# Of 1,954 who were first seen at awareness or later came to it, 1,623 have reached a purchase. The others are not all lost:
# 234 of them may still come. The share is estimated with them on the way (Aalen–Johansen), so it is above 1,623 / 1,954.

# %%
funnel = pk.funnel(journeys, seed=7)
bought = funnel.set_index("stage").loc["purchase"]
assert bought[["entered", "reached", "still_open"]].tolist() == [1954, 1623, 234]
assert bought["share"] > 1623 / 1954
picture = pk.plot_funnel(funnel)

# %% [markdown]
# One word, *funnel*, hides several questions. Must the steps follow each other at once (`strict`)? In this order? Within
# how many days, and may one try again? The answers lie far apart, so say which one you ask.

# %%
asks = {"ordered": {}, "in a week": {"window_days": 7}, "in a week, again": {"window_days": 7, "reentry": True},
        "at once": {"order": "strict"}, "at once, again": {"order": "strict", "reentry": True}}
steps = ["awareness", "research", "purchase"]
reached = {name: pk.funnel(journeys, stages=steps, seed=7, replicates=50, **ask)["reached"].iloc[-1]
           for name, ask in asks.items()}
assert reached["at once"] < reached["at once, again"] < reached["ordered"]
assert reached["in a week"] < reached["in a week, again"] <= reached["ordered"]
reached

# %% [markdown]
# ## How long does it take?
#
# An average over those who bought leaves out everybody who takes longer. The curve does not: half of the people who search
# have bought after little more than a week.

# %%
arrival = pk.time_to_stage(journeys, stage="purchase", start="research", days=[0, 7, 14, 30, 60, 90, 180], seed=7)
got_there = arrival.set_index("day")["share"]
assert got_there.loc[7] < 0.5 < got_there.loc[14]
picture = pk.plot_time_to_stage(arrival)

# %% [markdown]
# ## Where it breaks
#
# A touchpoint is compared with its like: the others of its stage. Only the basket stands out beyond chance: it is the
# friction that was planted. Within two steps of it, people are back on the home page twice as often as after its like.
# Counted by team, visits to what sales owns stop nine points more often than those to what others own at the same stages.

# %%
friction = pk.rank_friction(journeys, seed=7)
assert friction.loc[friction["flagged"], "touchpoint"].tolist() == ["Panier"]
after = pk.around(journeys, touchpoint="Panier", steps=2, seed=7).query("side == 'after'").set_index("touchpoint")
home = after.loc["Page d'accueil"]
assert home["low"] > 0
assert 1.8 < home["share"] / home["like_share"] < 2.3
team = pk.rank_friction(journeys, by="owner", seed=7).iloc[0]
assert team["owner"] == "sales"
assert round(100 * team["excess"]) == 9
friction[["touchpoint", "people", "stop_share", "like_share", "low", "high", "flagged"]].head(4).round(2)

# %% [markdown]
# ## Where channels do not hand over
#
# After a switch from web to shop, half of the journeys start again at an earlier stage; after other switches about one in
# eight does. Whoever works in the shop does not see what was done on the web: that is the second planted truth.

# %%
switches = pk.switches(journeys, seed=7)
broken = switches[switches["flagged"]]
assert broken[["source", "target"]].values.tolist() == [["web", "shop"]]
picture = pk.plot_channels(switches)

# %% [markdown]
# ## What people say they went through
#
# Interviews are journeys, too: coded passages, ordered by their stage. They are counts of interviewees, never shares.

# %%
told = pk.interview_journeys(study)
assert len(told.ends) == 24
assert told.ends["status"].eq("ended").all()
pk.stage_counts(told)[["stage", "people", "people_total"]]

# %% [markdown]
# ## Do personas live different journeys?
#
# The four planted personas, told apart by each participant's first ninety days of events: so only later steps are tested
# (`after_window`). Three journeys differ. Two personas share one: less than a tenth of their next steps could differ, so
# `equivalent`, which says more than "no difference found". One map serves both. By touchpoint, all that differ still do;
# that the two share a journey can be said by stage only, for touchpoints are more and each has fewer steps.

# %%
truth = pd.read_csv("../data/samples/lunettes/truth/personas.csv", index_col="participant_id")["persona"]
features = pk.build_features(study, pk.behaviour_table(study, window_days=90))
four = pk.Personas(candidate="planted", membership=pd.get_dummies(truth).astype(float), features=features,
                   quality=pd.Series(), stability=pd.DataFrame(), tried=1, chosen=True)
comparison = pk.compare_journeys(journeys, four, seed=7)
pairs = comparison.set_index(["persona_a", "persona_b"])["verdict"]
assert pairs["famille", "pressé"] == "equivalent" and (pairs.drop(("famille", "pressé")) == "differ").all()
assert "famille+pressé" in pk.pool_personas(four, comparison).membership
grains = pk.audit_grain(journeys, four, seed=7).set_index(["persona_a", "persona_b"])
assert grains.index[grains["flagged"]].tolist() == [("famille", "pressé")]
comparison[["persona_a", "persona_b", "people_a", "people_b", "change", "low", "high", "verdict"]].round(2)

# %% [markdown]
# ## Where do they differ?
#
# Only what differs after correction for many tests is drawn, with both values beside it.

# %%
differences = pk.journey_differences(journeys, four, seed=7)
assert not ((differences["persona_a"] == "famille") & (differences["persona_b"] == "pressé") & differences["differs"]).any()
picture = pk.plot_differences(differences, four)

# %% [markdown]
# ## Does the broken hand-over hit one persona only?
#
# No: from web to shop, half of the switches of each persona lead back, and no other switch stands out. Repair it for all.

# %%
changes = pk.switches(journeys, four, seed=7)
first = changes.drop_duplicates("persona")
assert (first["source"] + " > " + first["target"]).eq("web > shop").all() and changes["flagged"].sum() == len(first) == 5
assert first["restart_share"].between(0.45, 0.55).all()
picture = pk.plot_channels(changes)

# %% [markdown]
# ## How long a memory do journeys have, and where do they lead?
#
# The chance to come to a purchase before leaving, from each stage, and the steps it takes those who do: a model, right as
# far as the next stage hangs on the last one alone. Held-out people say how far that carries.

# %%
ways = pk.passage(journeys, to="purchase", seed=7).set_index("stage")
assert ways.loc["research", "arrive"] > ways.loc["loyalty", "arrive"]
ways[["people", "arrive", "low", "high", "steps", "days"]].round(2)

# %%
told = pk.predict_next(journeys, seed=7).set_index("model")
assert told.loc["last", "gain_low"] > 0
told[["people", "log_loss", "gain", "gain_low", "gain_high", "hit", "calibration"]].round(3)

# %% [markdown]
# Who will not come back? At the end of each visit: was it the last? A visit is only asked about where the silence that makes
# a journey `ended` would fit before the cut. Leaving is foreseen a little better than by the base rate of as many visits:
# the log loss is .005 lower. Even of the tenth of visits that looked likeliest to be the last, fewer than one in ten was:
# enough to know when people leave, too little to pick anybody out.

# %%
gone = pk.predict_leaving(journeys, seed=7)
scores = gone.scores.set_index("model")
assert gone.foreseen and round(scores.loc["hazard", "gain"], 3) == 0.005
assert gone.calibration["seen"].iloc[-1] < 0.1
scores[["people", "visits", "left", "log_loss", "gain", "gain_low", "gain_high", "brier", "calibration"]].round(4)

# %% [markdown]
# ## What this does not show
#
# Nothing here says *why* people stop at the basket: read the interviews (notebook 02), or ask. And nothing says that the
# personas live different journeys: two curves that look different may be one curve and chance. `compare_journeys` tests
# that, by person.
#
# **Try next.** Trace the journeys again with `session_gap_min=60`; give `trace_journeys` your own `stages.csv`; follow
# touchpoints instead of stages with `by="touchpoint"`; tell
# the stages in other words with `crosswalk(journeys, "aida")`; look `around` a touchpoint, at `loops` and at `attrition`.
