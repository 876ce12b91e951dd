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
# # Your own data
#
# **Question.** What does the kit find in *your* study? This is a template: change the first cell and run all.
#
# **What you will hold at the end.** Checks, features, candidates with their verdict, evidence, journeys, and a folder of
# cards and maps. What does not apply to your tables says so and goes on.
#
# **Time.** 5 minutes to run, longer to think. **You need** a study folder (notebook 01 shows how to make one). With
# papermill: `papermill 10-your-own-data.ipynb mine.ipynb -p folder my-study -p out out/mine`.

# %% tags=["parameters"]
folder = "../data/samples/agence"
out = ""  # a folder to write cards, maps and tables into; empty: write nothing
language = "en"
seed = 7

# %%
import pandas as pd

import personakit as pk
from personakit.wording import say

pd.options.display.max_colwidth = 200
study = pk.load_study(folder)
assert (study.sources["rows_in"] == study.sources["kept"] + study.sources["set_aside"]).all()
study.sources[["table", "rows_in", "kept", "set_aside"]]

# %%
checks = pk.check_study(study, language=language)
checks.loc[checks["result"] != "passed", ["table", "check", "result", "count", "what_to_do"]].head(12)

# %% [markdown]
# ## Features
#
# Each table gives what it can. Interviews become features where they are all there is; beside other tables they are counted
# and quoted, for few people were interviewed.

# %%
habits = pk.behaviour_table(study, window_days=90) if study.events is not None else None
answers = pk.answer_table(study) if study.answers is not None else None
alone = habits is None and answers is None and study.codes is not None
coded = pk.code_table(study) if alone else None
missing = [name for name in ("events", "answers", "codes") if getattr(study, name) is None]
print("without:", ", ".join(missing) or "nothing is missing")

# %%
features = pk.build_features(study, habits, answers, coded)
print("\n".join(say(one, language) for one in features.notes))
features.catalog["role"].value_counts().to_frame("features")

# %% [markdown]
# ## Candidates, or none

# %%
candidates = pk.find_candidates(features, seed=seed)
print("\n".join(say(one, language) for one in candidates.why))
candidates.table[["k", "smallest_n", "stability", "gap", "verdict"]].round(2).head(12)

# %% [markdown]
# ## Personas and their evidence
#
# Where nothing is recommended this stops at the verdict. Choose with `pk.choose(candidates, ..., by=..., reason=...)` once
# you have talked to people who know the field; until then the kit's recommendation is marked as such.

# %%
personas = pk.recommend(candidates, language=language) if candidates.recommended else None
evidence = pk.gather_evidence(study, features, personas, seed=seed) if personas else None
print("no personas: stop here, or choose one yourself" if personas is None else personas)

# %%
shown = ["persona", "feature", "inside", "outside", "difference", "low", "high"]
top = evidence.table.sort_values("effect", key=abs, ascending=False).head(8)[shown] if evidence else pd.DataFrame()
top.round(2)

# %% [markdown]
# ## Journeys

# %%
journeys = pk.trace_journeys(study) if study.events is not None else None
findings = pk.describe_journeys(journeys, personas, study=study, seed=seed) if journeys else None
print("\n".join(say(one, language) for one in findings.why) if findings else "no events: no journeys")

# %%
mapped = findings is not None and study.touchpoints is not None
journey_map = pk.make_map(study, findings, language=language) if mapped else None
print(journey_map if mapped else "no stages: give the study a touchpoints table for a map")

# %% [markdown]
# ## Write it all

# %%
written = pk.run_study(study, out, language=language, seed=seed) if out else None
assert written is None or (written / "index.html").exists()
print(written or "nothing written: give out a folder")

# %% [markdown]
# ## What this does not show; try next
#
# - A template cannot know your question. Hold back what you want to test (`held_back=`), and look at notebook 04 before you
#   choose.
# - The verdict holds for these people and these features. Other people: `personakit compare`, notebook 11.
# - Try next: notebook 05 to choose and name, 06 for journeys, 07 for cards and maps.
