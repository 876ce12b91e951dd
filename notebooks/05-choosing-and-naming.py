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
# # Choosing and naming
#
# **Question.** Which personas do we keep, what do we call them, what do we know of each, and how do we recognise them?
#
# **What you will hold at the end.** Four personas with a name, a reason and their evidence; a table where logs and
# interviews meet; and five questions that place new people, or say that they cannot.
#
# **Time.** 15 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import numpy as np
import pandas as pd

import personakit as pk
from personakit.candidates import METHODS
from personakit.wording import say

study = pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, k=[3, 4, 5], seed=7)
candidates.table[["smallest_n", "stability", "gap", "verdict"]].round(2)

# %% [markdown]
# ## A person chooses
#
# Choosing is a human act: it asks who and why, and both stay in the log. Try it without a reason and it refuses.

# %%
try:
    pk.choose(candidates, "latent_class-4", by="RK", reason="")
except pk.ChoiceError as refusal:
    print(refusal)

# %%
personas = pk.choose(candidates, "latent_class-4", by="RK", reason="stable, and the field team knows these four")
evidence = pk.gather_evidence(study, features, personas, seed=7)
assert personas.quality["verdict"] == "reproducible"
evidence.coverage[["n", "contested", "runner_up", "outsiders", "with_answers", "with_codes", "lead_users"]].round(2)

# %% [markdown]
# ## What sets them apart
#
# Habits made these personas, so they *describe* them: a difference, an interval that also holds what people sorted without
# that habit say, no p. Answers were held back, so they can *test*. Every row has an id that changes when one of the source
# rows behind it does.

# %%
table = evidence.table.assign(size=evidence.table["effect"].abs()).sort_values("size", ascending=False, kind="stable")
shown = ["persona", "feature", "inside", "outside", "low", "high", "q"]
assert table.loc[table["role"] == "active", "q"].isna().all()
held_back = table[table["role"] == "held_back"].groupby("persona").head(2)
held_back.sort_values("persona", kind="stable")[shown].round(2)

# %% [markdown]
# ## What fits together
#
# A card that lists ten typical traits describes almost nobody. Here is the largest set of traits that at least half of the
# members hold *all at once*: five for P1, which 61 % hold.

# %%
own = evidence.traits[(evidence.traits["persona"] == "P1") & evidence.traits["headline"]]
assert len(own) == 5
assert round(own["together"].iloc[-1], 2) == 0.61
own[["feature", "level", "share", "together"]].round(2)

# %% [markdown]
# ## A name
#
# The kit suggests a name from what sets a persona apart; people name better. A name replaces another only when you say so.

# %%
suggested = pk.suggest_labels(personas, evidence, language="en")["label"]
names = {"P1": "The one who compares", "P2": "The accompanied", "P3": "In a hurry", "P4": "For the family"}
personas = pk.label(personas, names, by="RK", reason="after reading the quotes together")
suggested.to_frame().assign(name=pd.Series(names))

# %% [markdown]
# ## What they say
#
# Interviews are counts of people: 7 of the 9 interviewed members of P1 speak of comparing, 4 of the 15 others. The *shrunk*
# rate is pulled towards everyone's, because nine people are few.

# %%
codes = evidence.codes.groupby("persona").head(2)
first = evidence.codes.set_index(["persona", "code"]).loc[("P1", "comparer avant de choisir")]
assert first[["with_code", "interviewees", "elsewhere", "interviewees_elsewhere"]].tolist() == [7, 9, 4, 15]
codes[["persona", "code", "with_code", "interviewees", "elsewhere", "shrunk", "shrunk_low", "shrunk_high"]].round(2)

# %% [markdown]
# ## Logs and interviews in one picture
#
# You say which feature and which code speak of one theme, and the sign they should share. Contradictions come first; here
# there is none. `silent` means that one side has nothing to say: with four to nine interviews each, that is common.

# %%
themes = pd.DataFrame([
    ("comparing", "content_share:inform", "comparer avant de choisir", 1),
    ("being advised", "channel_share:shop", "essayer en vrai", 1),
    ("speed", "q_vite", "aller vite", 1),
    ("family", "q_famille", "équiper la famille", 1),
], columns=["theme", "feature", "code", "sign"])
joint = pk.joint_display(study, personas, evidence, themes)
assert "contradict" not in set(joint["mark"])
joint[joint["mark"] != "silent"][["theme", "persona", "mark", "low", "high", "with_code", "interviewees"]].round(2)

# %% [markdown]
# ## Would interviews alone part people alike?
#
# All 24 interviewees are in the log under the same id. Their codes alone make no personas that stand out from chance:
# whether they would part people in the same way cannot be told, and the kit says why. Every run of a study says it in its
# report.

# %%
alone = pk.find_candidates(pk.build_features(study, pk.code_table(study)), k=[2, 3, 4], seed=7)
links = pk.link_interviews(study, personas, seed=7)
assert alone.recommended is None and links["why"].iloc[0] == "no_personas"
assert links[["interviewees", "shared"]].iloc[0].tolist() == [24, 24]
links[["interviewees", "shared", "placed", "cannot_tell", "sure", "posterior", "why"]].round(2)

# %% [markdown]
# ## Whom they serve
#
# Before personas decide what people are shown: are all groups placed, and does a persona give a group away? Age does, a
# little (.5 would be not at all).

# %%
fair = pk.fairness_table(study, features, personas, ["age_band"], seed=7)
assert fair["given_away"].between(0.5, 0.65).all()
fair[["level", "n", "placed", "sure", "most_in", "lift", "given_away", "q"]].round(2)

# %% [markdown]
# ## Recognising them tomorrow
#
# These personas come from logs. Which survey questions place someone whose logs we do not have? Each half of the people
# makes its own personas, and the tool of one half places the other: with five questions they agree for 76 %. For 27 % of
# people the tool says that it cannot tell.

# %%
tool = pk.build_typing_tool(personas, features, METHODS["latent_class"], target=0.75, seed=7)
row = tool.checks[tool.checks["chosen"]].iloc[0]
assert len(tool.questions) == 5
assert (round(row["accuracy"], 2), round(row["cannot_tell"], 2)) == (0.76, 0.27)
tool.checks[["accuracy", "low", "high", "least_recall", "cannot_tell", "chosen"]].head(8).round(2)

# %%
for sentence in tool.why:
    print(say(sentence, "en"))

# %% [markdown]
# Ana answers like someone who compares. Bo ticks the middle everywhere: that could be anyone, so no persona is given.
# `save_typing_tool` writes the questionnaire to print (`.html`), a sheet whose formulas score people without Python
# (`.xlsx`), and the rule for `personakit assign` (`.json`).

# %%
new = pd.Index(["Ana", "Bo"], name="participant_id")
people = pd.DataFrame(3, index=new, columns=tool.questions.index)
people.loc["Ana", ["q_compare", "q_conseil", "q_vite", "q_famille", "q_ligne"]] = [5, 2, 2, 2, 4]
placed = pk.assign_personas(tool, people)
assert placed["persona"].fillna("").tolist() == ["P1", ""]
placed[["persona", "why", "probability", "runner_up"]].round(2)

# %% [markdown]
# ## Interviewees whom the log does not know
#
# We draw 90 interviews. The personas of 60 people are known by a shared id, and their codes make personas that agree with
# those of the log (adjusted Rand .98, where 1 is the same). The other 30 only answered the five questions: the tool places
# 23, and cannot tell for 7.

# %%
asked = study.answers[tool.questions.index].dropna().head(90)
ids = asked.index[:60].append("i" + asked.index[60:]).rename("participant_id")
kind = personas.labels[asked.index].str[1:].astype(int).to_numpy()[:, None]
rate = np.where(np.arange(24) % 4 == kind - 1, 0.75, 0.15)
coded = pd.DataFrame(np.random.default_rng(7).random((90, 24)) < rate, ids, [f"code:{one:02d}" for one in range(24)])
said = coded.stack().rename_axis(["participant_id", "code"]).rename("said").reset_index().query("said")
wave = pk.Study(name="90 interviews", participants=pd.DataFrame(index=ids), codes=said)
spoken = pk.recommend(pk.find_candidates(pk.build_features(wave, coded.astype(int)), k=[3, 4, 5], seed=7))
placed = pk.assign_personas(tool, asked.set_axis(ids).iloc[60:])
links = pk.link_interviews(wave, personas, spoken=spoken, placed=placed, seed=7)
assert links[["placed", "cannot_tell", "adjusted_rand"]].round(2).values.tolist() == [[23, 7, 0.98]]
links[["shared", "posterior", "personas", "people", "adjusted_rand", "low", "high", "chance_high"]].round(2)

# %% [markdown]
# ## What this does not show
#
# That these people exist outside a simulation. And a typing tool proves nothing: judged by the labels that it was made
# from, it recognises pieces of pure noise very well, so no accuracy lifts a verdict. The answers tell who people are like,
# not what they will do.
#
# **Try next.** Run the last part on the sample `bruit`, with any candidate, and look at `accuracy` and `cannot_tell`.
