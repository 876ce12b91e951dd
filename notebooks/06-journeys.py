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
# **What you will hold at the end.** Seven views of one log that add up to the same numbers, a time to purchase that does not
# count people on the way as lost, and two places to look at first, each with an interval.
#
# **Time.** 10 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import pandas as pd

import personakit as pk

study = pk.load_sample("lunettes")
journeys = pk.trace_journeys(study)
assert journeys.ends["status"].eq("open").mean() > 0.8
journeys.notes.round(3)

# %% [markdown]
# ## What is a visit?
#
# Many numbers hang on the silence after which a session is over. Before any of them is believed, count the sessions under
# other time-outs. Here 30 minutes lie just before the plateau, which begins at an hour; and half of it would name a second
# touchpoint. What holds at half, once and twice the time-out is safe to say: that is the basket (`Panier`) only.

# %%
audit = pk.audit_sessions(journeys, seed=7).set_index("gap_min")
assert not audit.loc[30, "plateau"]
assert audit.loc[60, "plateau"]
assert audit.loc[[15, 30, 60], "first"].eq("Panier").all()
audit.loc[[5, 15, 30, 60, 240], ["sessions", "plateau", "flagged", "changes"]]

# %% [markdown]
# ## Where everyone is, step by step
#
# Each step adds up to all 2,000 people: those whose journey has ended, or may still go on (`open`), stay counted.

# %%
matrix = pk.step_matrix(journeys, steps=5, moves_only=True)
assert matrix.groupby("step")["people"].sum().eq(2000).all()
matrix.pivot(index="stage", columns="step", values="people").reindex([*journeys.stages, "end", "open"]).fillna(0).astype(int)

# %% [markdown]
# ## Who goes where
#
# The data of a Sankey diagram. What does not get a node of its own goes through `other`, what goes on beyond the picture
# into `more`: nothing is cut away, so each step adds up.

# %%
flows = pk.flows(journeys, steps=3, top=3, moves_only=True)
inside = matrix[~matrix["stage"].isin(["end", "open"])].groupby("step")["people"].sum()
assert flows.groupby("step")["people"].sum().equals(inside.loc[:3])
flows.sort_values("people", ascending=False)[["step", "source", "target", "people", "low", "high"]].head(6).round(2)

# %% [markdown]
# ## Is there a usual journey?
#
# No: the twenty commonest variants cover under 5 % of the people. Journeys wander and come back; a single arrow from
# awareness to loyalty would be an invention.

# %%
variants = pk.variants(journeys, top=20, moves_only=True)
assert variants.set_index("rank").loc[20, "covered"] < 0.05
variants[["rank", "variant", "people", "covered"]].head(4).round(3)

# %% [markdown]
# ## Do the views agree?
#
# The loudest complaint about path tools is that their views do not. Here each identity is computed by two views' own code.

# %%
identities = pk.reconcile(journeys)
assert identities["equal"].all()
identities

# %% [markdown]
# ## How far do people get?
#
# Of 1,954 who were first seen at awareness or later came to it, 1,623 have reached a purchase. The others are not all lost:
# 234 of them may still come. The share is estimated with them on the way (Aalen–Johansen), so it is above 1,623 / 1,954.

# %%
funnel = pk.funnel(journeys, seed=7).set_index("stage")
assert (funnel.loc["purchase", ["entered", "reached", "still_open"]] == [1954, 1623, 234]).all()
assert funnel.loc["purchase", "share"] > 1623 / 1954
funnel[["entered", "reached", "still_open", "ended", "share", "low", "high"]].round(3)

# %% [markdown]
# ## How long does it take?
#
# An average over those who bought leaves out everybody who takes longer. The curve does not: half of the people who search
# have bought after little more than a week.

# %%
arrival = pk.time_to_stage(journeys, stage="purchase", start="research", days=[7, 14, 30, 90, 180], seed=7)
bought = arrival.set_index("day")["share"]
assert bought.loc[7] < 0.5 < bought.loc[14]
arrival[["day", "entered", "watched", "share", "low", "high", "ended"]].round(3)

# %% [markdown]
# ## Where it breaks
#
# A touchpoint is compared with its like: the others of its stage. Only the basket stands out beyond chance, and it keeps its
# place at every time-out above. It is the friction that was planted.

# %%
friction = pk.rank_friction(journeys, seed=7)
assert friction.loc[friction["flagged"], "touchpoint"].tolist() == ["Panier"]
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
switches[["source", "target", "people", "restart_share", "like_share", "low", "high"]].head(4).round(2)

# %% [markdown]
# ## In one picture

# %%
picture = pk.plot_journeys(pk.describe_journeys(journeys, seed=7))

# %% [markdown]
# ## Do personas live different journeys?
#
# The four planted personas, told apart by each participant's first ninety days of events: so only later steps are tested
# (`after_window`). Three journeys differ. Two personas share one: less than a tenth of their next steps could differ, so
# `equivalent`, which says more than "no difference found". One map serves both.

# %%
truth = pd.read_csv("../data/samples/lunettes/truth/personas.csv", index_col="participant_id")["persona"]
features = pk.build_features(study, pk.behaviour_table(study, window_days=90))
four = pk.Personas(candidate="planted", membership=pd.get_dummies(truth).astype(float), features=features,
                   quality=pd.Series(), stability=pd.DataFrame(), tried=1, chosen=True)
comparison = pk.compare_journeys(journeys, four, seed=7)
pairs = comparison.set_index(["persona_a", "persona_b"])["verdict"]
assert pairs["famille", "pressé"] == "equivalent" and (pairs.drop(("famille", "pressé")) == "differ").all()
assert "famille+pressé" in pk.pool_personas(four, comparison).membership
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
# ## What this does not show
#
# Nothing here says *why* people stop at the basket: read the interviews (notebook 02), or ask. And nothing says that the
# personas live different journeys: two curves that look different may be one curve and chance. `compare_journeys` tests
# that, by person.
#
# **Try next.** Trace the journeys again with `session_gap_min=60`; give `trace_journeys` your own `stages.csv`; follow
# touchpoints instead of stages with `by="touchpoint"`.
