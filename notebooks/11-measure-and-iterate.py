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
# # Measure and iterate
#
# **Question.** A year later: do the personas still hold, what has a change brought, and when must the picture be redone?
#
# **What you will hold at the end.** A verdict on two waves (stable, drifting, rebuild) with what could be seen at all; the
# effect of a change with the words that its design allows; the sheet of figures that a team follows.
#
# **Time.** 20 minutes. **You need** no data of your own: `lunettes` and `lunettes_later` are simulated. A year on, one
# persona was planted to grow, one to split, and the basket was mended.

# %%
from functools import partial

import numpy as np
import pandas as pd

import personakit as pk
from personakit.wording import say

then, now = pk.load_sample("lunettes"), pk.load_sample("lunettes_later")

# %%
tables = [(pk.behaviour_table(study, window_days=90), pk.answer_table(study)) for study in (then, now)]
features = pk.build_features(then, *tables[0])
candidates = pk.find_candidates(features, methods="latent_class", k=[3, 4, 5], seed=7)
personas = pk.choose(candidates, "latent_class-4", by="RK", reason="chosen a year ago")
personas.labels.value_counts(sort=False).sort_index()

# %% [markdown]
# ## The old rule on new people
#
# Typing new people with last year's rule is the only way to compare like with like: the values are put on last year's scale,
# and nothing is fitted again. Names and decisions come along.

# %%
placed = pk.carry_over(personas, *tables[1], place=partial(pk.assign, candidates, personas.candidate), by="RK",
                       reason="a year later")
placed.decisions[["act", "value", "by", "reason"]]

# %% [markdown]
# ## And a search done afresh
#
# The old rule finds the old personas in anything. So the new people are also searched as if nobody knew them.

# %%
afresh = pk.find_candidates(pk.build_features(now, *tables[1]), methods="latent_class", k=[3, 4, 5], seed=7)
links = pk.match_personas(placed, pk.recommend(afresh, language="en"))
links[["old", "new", "change", "of_old", "of_new"]].round(2)

# %% [markdown]
# ## What has changed, beyond drawing other people
#
# Six questions, one correction for all of them. The first sentence says what these sample sizes could show at all.

# %%
journeys = (pk.trace_journeys(then), pk.trace_journeys(now))
waves = pk.compare_waves(personas, placed, links, journeys=journeys, seed=7)
print("\n".join(say(one, "en") for one in waves.why[:3]))
assert waves.verdict == "rebuild"
waves.questions.round(3)

# %%
columns = ["persona", "change", "far_old", "far_new", "split_old", "split_new", "afresh"]
assert waves.structure.set_index("persona")["change"].to_dict() == {"P1": "kept", "P2": "kept", "P3": "split", "P4": "kept"}
waves.structure[columns].round(2)

# %% [markdown]
# P3 has come apart. The search done afresh still calls it *kept*: with this many people it would not cut so small a persona.
# That is why both are asked. P4 has grown; the interval says by how much.

# %%
sizes = waves.sizes.set_index("persona")
assert sizes["low"]["P4"] > 0.05
sizes[["share_old", "share_new", "difference", "low", "high", "detectable", "q"]].round(3)

# %% [markdown]
# ## The figures a team follows
#
# One figure a stage, the same definition for all: of those who entered, how many met a later stage within thirty days. The
# mended basket should show in purchase; but two waves are *before and after*, and that cannot tell why.

# %%
pairs = zip((then, now), journeys, strict=True)
sheets = [pk.kpi_sheet(study, log, window_days=30).set_index("stage") for study, log in pairs]
both = pd.concat([one[["numerator", "denominator", "value"]] for one in sheets], axis=1, keys=["then", "now"])
assert (both["then"]["numerator"] <= both["then"]["denominator"]).all()
both.round(2)

# %% [markdown]
# ## Before the next change: how many people?
#
# Suppose a new basket page should bring ten more people in a hundred to the next stage. Experiments are simulated on the
# study's own people until four in five of them see that.

# %%
bought = pk.journey_outcomes(journeys[1], enter="purchase", reach="experience", window_days=30)
needed = pk.needed_people(bought["experience"], expected=0.10, seed=7)
assert 250 < needed < 450
needed, int(bought["experience"].notna().sum())

# %% [markdown]
# ## Measuring a change
#
# What you hand in is the design. Here a coin decides who gets the new page, and nothing is planted: an A/A test. The same
# figures read as before and after would find a difference as soon as a season turns.

# %%
coin = np.random.default_rng(7).random(len(bought)) < 0.5
arms = pd.Series(np.where(coin, "b_new", "a_old"), index=bought.index)
effect = pk.measure_change(bought, placed, kpi="experience", guardrails=["events"], arms=arms)
assert set(effect.effects["verdict"]) == {"not_distinguishable"}
print("\n".join(say(one, "en") for one in effect.why))
rows = effect.effects[effect.effects["role"] == "kpi"]
rows[["persona", "n_with", "n_without", "effect", "low", "high", "verdict"]].round(2)

# %%
middle = int(bought["entered_us"].median())
alone = pk.measure_change(bought, kpi="experience", when_us=middle, window_days=30)
print(say(alone.why[0], "en"))
assert alone.design == "before_after"
alone.checks.round(3)

# %% [markdown]
# ## When must it be redone?
#
# Everyone in the new log is new, so a person should look. And nobody loses interest at any stage: nothing is flagged.

# %%
fresh = pk.freshness(journeys[0], journeys[1], today_us=journeys[1].cut_us)
assert fresh.set_index("check").loc["new_people", "due"]
fresh.round(0)

# %%
lost = pk.engagement(journeys[1], placed, period_days=28, seed=7)
assert not lost["falling"].any()
everyone = lost[lost["persona"] == "all"]
everyone.pivot(index="stage", columns="measure", values="change").loc[list(journeys[1].stages)].round(2)

# %% [markdown]
# ## What this does not show; try next
#
# - Two waves cannot say why something changed; an experiment can, or a comparison with people who could
#   not meet the change.
# - A change smaller than `detectable` stays unseen: *stable* is not proof of calm.
# - Everything here is simulated, with its truth planted.
# - Try next: `personakit compare OLD NEW --out DIR` writes all this as one page; write `hypotheses.toml` and read it with
#   `read_hypotheses`, then judge it with `judge_hypotheses`; put two waves into one study folder with `[[wave]]`.
