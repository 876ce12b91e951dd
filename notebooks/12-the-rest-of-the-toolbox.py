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
# # The rest of the toolbox
#
# **Question.** Which verbs have the other notebooks not shown, and what is each good for?
#
# **What you will hold at the end.** One small, true use of each: readers, checks, other ways to make and compare personas,
# pictures, and what is written to disk.
#
# **Time.** 10 minutes. **You need** no data of your own: `agence` is a simulated study of a B2B content agency.

# %%
import tempfile
from pathlib import Path

import pandas as pd

import personakit as pk
from personakit.candidates import METHODS

study, folder = pk.load_sample("agence"), Path(tempfile.mkdtemp())
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, methods="latent_class", k=[2, 3, 4], seed=7)

# %% [markdown]
# ## Reading: matrices of codes, process logs, codebooks, and what names people
#
# Analysts export documents by codes; process miners export XES. Both become the same tables as everything else.

# %%
(folder / "matrix.csv").write_text("document,price,trust\nAda,2,0\nBob,,1\n", encoding="utf-8")
when = '<date key="time:timestamp" value="2026-03-01T10:00:00+01:00"/>'
event = f'<event><string key="concept:name" value="pay"/>{when}</event>'
log = f'<log><trace><string key="concept:name" value="c1"/>{event}</trace></log>'
(folder / "log.xes").write_text(log, encoding="utf-8")
codes = pk.read_code_matrix(folder / "matrix.csv").tables["codes"]
assert len(codes) == 3 and len(pk.read_xes(folder / "log.xes").tables["events"]) == 1
codes

# %%
book = pk.read_codebook(pk.save_codebook(study.codebook, folder / "codebook.json")).tables["codebook"]
assert list(book["variable"]) == list(study.codebook["variable"])
export = pd.DataFrame({"Courriel": ["a@b.fr", "c@d.fr"], "product": ["Ana", "Bo"], "note": ["+33 6 12 34 56 78", ""]})
pk.find_identifiers(export)[["column", "kind", "why"]]

# %% [markdown]
# ## Answers: who did not read, and which items are turned round

# %%
ids = pd.Index(["p1", "p2"], name="participant_id")
rated = pd.DataFrame({f"q{item}": [3, 1 + item % 5] for item in range(12)}, index=ids)
turned = pd.DataFrame({"variable": ["q0"], "reverse": [True], "low": [1], "high": [5]})
assert pk.reverse_items(rated, turned)["q0"].tolist() == [3, 5]
careless = pk.flag_careless(rated, items=list(rated))
assert careless["straight_line"].tolist() == [True, False]
careless[["line_items", "straight_line", "flags"]]

# %% [markdown]
# ## Other ways to make personas
#
# Rules that a researcher writes are a method like any other, and so is a method that fills gaps several times and takes the
# consensus. Two partitions of the same people can be compared: how alike, and how often chance does as well.

# %%
rules = pk.scoring_rules({"by mail": {"channel_share:email": 1}, "on the web": {"channel_share:web": 1}})
found = pk.find_candidates(features, methods=[rules, pk.with_imputation(METHODS["kmeans"])], k=2, seed=7)
by_rule, filled = (pk.choose(found, name, by="RK", reason="to compare the two") for name in found.table.index)
pk.compare_partitions(by_rule, filled, seed=7).round(3)

# %% [markdown]
# ## Names from a function, and intervals that count the making in
#
# A namer is any function from the evidence of one persona to a name and a summary; it sees aggregates only, and what is not
# two texts, or holds a number that is not in the evidence, is refused. `widen_intervals` makes the personas again in each
# resample.

# %%
personas = pk.choose(candidates, "latent_class-3", by="RK", reason="stable, and the account managers know these three")
evidence = pk.gather_evidence(study, features, personas, seed=7)
wide = pk.widen_intervals(evidence, study, features, personas, METHODS["latent_class"], replicates=40)
both = {"made once": evidence.table, "made again": wide.table}
width = {name: (table["high"] - table["low"]).median() for name, table in both.items()}
assert width["made again"] > width["made once"]
try:
    pk.label_with(personas, evidence, str, by="a namer", reason="to show what is refused")
except pk.ChoiceError as refusal:
    print(str(refusal)[:16], "...", str(refusal)[-39:])
{name: round(float(one), 3) for name, one in width.items()}

# %% [markdown]
# ## Questions that come back from their file, and personas for the analyst's own tool

# %%
tool = pk.build_typing_tool(personas, features, METHODS["latent_class"], seed=7)
again = pk.load_typing_tool(pk.save_typing_tool(tool, folder / "tool.json"))
assert list(again.questions) == list(tool.questions)
path = pk.save_qda(personas, study, folder / "personas.qdpx")
print(len(again.questions), "questions;", path.name)

# %% [markdown]
# ## Journeys: every step, returns, and whether several processes are mixed

# %%
journeys = pk.trace_journeys(study)
matrix = pk.step_matrix(journeys, personas, steps=6)
assert (matrix[matrix["persona"] == "all"].groupby("step")["people"].sum() == 40).all()
back = pk.returns_to_stage(journeys, stage="research", days=[30, 90, 180], seed=7)
assert back["returns"].is_monotonic_increasing
mixture = pk.journey_mixture(journeys, k=range(1, 4), seed=7)
print(mixture)

# %% [markdown]
# ## Pictures that draw what the views return

# %%
picture = pk.plot_transitions(pk.transitions(journeys, personas, seed=7, replicates=50), order=journeys.stages)

# %%
picture = pk.plot_step_matrix(matrix, order=journeys.stages)

# %%
paths = pk.find_paths(journeys, k=[2, 3], seed=7)
pictures = [pk.plot_profiles(personas, evidence, top=3), pk.plot_paths(paths, k=2)]
findings = pk.describe_journeys(journeys, personas, seed=7)
pictures.append(pk.plot_funnel(findings.funnel))
assert len(pictures[0]) == 3

# %% [markdown]
# ## Written to disk
#
# `run_study` writes all of this; the single verbs are for notebooks of your own. A study compared with itself is stable.

# %%
report = pk.save_report(folder / "report", study=study, candidates=candidates, personas=personas, evidence=evidence,
                        findings=findings, language="en")
tables = pk.save_tables({"profile": evidence.table.head(3)}, folder / "tables")
waves = pk.compare_waves(personas, personas, seed=7)
pages = pk.save_comparison(waves, personas, folder / "waves", title="The same, twice", language="en")
assert waves.verdict == "stable" and pages[0].name == report.name == "index.html"
print([path.name for path in tables])

# %% [markdown]
# ## What this does not show
#
# What these verbs are worth on your data. `plot_personas` draws people on two axes by UMAP, which takes half a minute to
# warm up: try it in a notebook of your own. `compare_studies` does in one call what notebook 11 does in steps.
#
# **Try next.** `10-your-own-data`.
