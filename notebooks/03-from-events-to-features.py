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
# # From events to features
#
# **Question.** What, in a log of clicks and a survey, may personas be made from, and on which scale?
#
# **What you will hold at the end.** A table of habits in natural units, scored scales, and features: each with its kind, its
# role and what was done to its values; and the warnings that a person should read before looking for personas.
#
# **Time.** 10 minutes. **You need** `lunettes`, a simulated study that comes with the kit.

# %%
import numpy as np
import pandas as pd

import personakit as pk
from personakit.wording import say

study = pk.load_sample("lunettes")
study

# %% [markdown]
# ## Habits: everyone over the same window
#
# A customer of five years has more events than one of last week, and that alone would part them. So each participant is
# watched over the first 90 days from their own first event. Whoever came too late for 90 days is counted in rates, and has
# no `recency_days`: nobody knows yet whether they fell silent.

# %%
habits = pk.behaviour_table(study, window_days=90)
shown = ["events_per_30d", "gap_days", "recency_days", "evening_share", "value_per_30d", "channel_share:web"]
habits[shown].describe().loc[["count", "mean", "50%", "max"]].round(2)

# %%
open_window = habits["recency_days"].isna()
assert 0.03 < open_window.mean() < 0.07
print(f"{open_window.sum()} of {len(habits)} participants came less than 90 days before the log ends")

# %% [markdown]
# ## A cut: nothing after it is used
#
# Habits that know the future make later tests worthless. With `until`, events after the cut change nothing: dropping them
# beforehand gives the same table, to the last digit.

# %%
before = pk.behaviour_table(study, until="2025-06-30")
cut = int(pd.Timestamp("2025-07-01", tz=study.timezone).timestamp() * 1_000_000)
kept = study.events[study.events["time_us"] < cut]
past = pk.Study(name="past", participants=study.participants, events=kept, timezone=study.timezone,
                touchpoints=study.touchpoints, contents=study.contents)
assert pk.behaviour_table(past, until="2025-06-30").equals(before)
print(len(before), "participants had come by the end of June;", len(habits), "in all")

# %% [markdown]
# Other habits come on request, one family at a time: shares or rates by event, touchpoint, stage, channel, device and kind
# of content. What says the same twice looks like a persona, so the default leaves repeats out.

# %%
extra = pk.behaviour_table(study, habits=["depth", "touchpoint_per_30d"])
assert "one_event_share" in extra
extra.mean().round(2).sort_values(ascending=False).head(5).to_frame("mean")

# %% [markdown]
# ## Answers: published scales, scored
#
# Ten SUS items should not weigh ten times. Where the codebook names a scale of several items, its score stands in their
# place. By hand: odd items less 1, even items from 5, times 2.5. Here (3+3+4+3+3) + (3+4+3+3+3) = 32, so 80.

# %%
sus = pk.score_scale(pd.DataFrame([[4, 2, 4, 1, 5, 2, 4, 2, 4, 2]], index=["p1"]), "SUS")
assert sus.loc["p1", "sus"] == 80
effort = pk.answer_table(study, scales=["ces", "nps"])
means = effort.filter(regex="^(ces:|nps)").mean().round(2).sort_values()
assert means.drop("nps").idxmin() == "ces:Panier"
means.to_frame("mean")

# %% [markdown]
# ## Features: kind, role, scale
#
# Each column gets a kind. Shares are read by the arcsine of their root, skewed counts and rates on a log scale; values
# beyond four robust standard deviations are drawn in, and counted. Then all weigh about as much as a yes/no question. The
# survey reached a quarter of the people: it describes personas, it does not make them.

# %%
answers = pk.answer_table(study)
features = pk.build_features(study, habits, answers)
catalog = features.catalog
assert (catalog.loc[catalog["origin"] == "answers", "role"] == "held_back").all()
catalog.groupby(["origin", "kind", "scale", "role"]).agg(n=("unit", "size"), drawn_in=("drawn_in", "sum")).reset_index()

# %%
for note in features.notes:
    print("-", say(note, "en"))

# %% [markdown]
# ## Units change nothing
#
# In cents instead of euros, `value_per_30d` would hold nearly all the variance. On the analysis scale nothing moves.

# %%
cents = habits.assign(value_per_30d=habits["value_per_30d"] * 100)
cents.attrs = habits.attrs
same = pk.build_features(study, cents, answers)
assert np.allclose(same.active, features.active, equal_nan=True)
catalog["variance"].nlargest(3).round(3).to_frame()

# %% [markdown]
# ## A way of answering is not an opinion
#
# Three types of people answer nine questions. But some people say 4 or 5 to everything: their level hides the types. The
# kit says how much of the differences this level explains, and offers to take it away. It never does so by itself, for a
# level may be real.

# %%
rng = np.random.default_rng(7)
types = rng.integers(0, 3, 600)
own = np.repeat(np.eye(3), 3, axis=1)[types] * 0.9 - 0.3
level = 1.2 * rng.normal(size=(600, 1))
ids = pd.Index([f"p{number:03d}" for number in range(600)], name="participant_id")
likert = pd.DataFrame(np.clip(np.round(3 + own + level + 0.6 * rng.normal(size=(600, 9))), 1, 5), index=ids)
likert.columns = [f"q{number}" for number in range(1, 10)]
likert.attrs["origin"] = "answers"
survey = pk.Study(name="survey", participants=pd.DataFrame(index=ids), answers=likert)
raw, centred = pk.build_features(survey, likert), pk.build_features(survey, likert, remedies=["row_level"])
print(say(raw.notes[0], "en"))

# %%
explained = {}
for name, one in {"as answered": raw, "without the level": centred}.items():
    between = one.active.groupby(types).transform("mean")
    explained[name] = (between.var() / one.active.var()).mean()
assert explained["as answered"] < 0.12
assert explained["without the level"] > 0.25
pd.Series(explained, name="variance between the true types").round(2).to_frame()

# %% [markdown]
# ## Gaps stay gaps
#
# Nobody is dropped and nothing is filled in silence. The mixture of `find_candidates` leaves gaps out of its likelihood. For
# other methods, `impute` fills them several times, each time with a value that somebody alike gave: where the fills differ,
# the gap matters.

# %%
filled = pk.impute(features, draws=5, seed=7)
gaps = features.active.isna()
spread = pd.concat([one.active["recency_days"][gaps["recency_days"]] for one in filled], axis=1).std(axis=1)
assert not any(one.active.isna().any().any() for one in filled)
print(f"{gaps.any(axis=1).sum()} of {len(gaps)} people have a gap; five fills of recency_days differ by "
      f"{spread.mean() / features.active['recency_days'].std():.1f} standard deviations")

# %% [markdown]
# ## What this does not show
#
# Which features matter for your question: what is left active is what personas will be about. Pairs of features are
# compared, so a pattern that only three of them show together goes unseen. Imputation supposes that gaps depend on what is
# known of a person.
#
# **Try next.** `pk.find_candidates(features, seed=7)`; then hold back the hours of the day and look at what changes.
