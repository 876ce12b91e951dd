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
# # Cards and maps
#
# **Question.** How do personas and journeys leave the notebook, in a form that a team can use, change and trace?
#
# **What you will hold at the end.** A PowerPoint deck of four cards and a journey map, made of native text, tables and
# charts; the same in other formats; and what people changed in the deck, read back as decisions.
#
# **Time.** 15 minutes. **You need** no data of your own: `lunettes` is a simulated study, planted with a known truth.

# %%
import tempfile
from pathlib import Path

import pandas as pd

import personakit as pk
from personakit.export import FORMATS, find_theme

study = pk.load_sample("lunettes")
features = pk.build_features(study, pk.behaviour_table(study, window_days=90), pk.answer_table(study))
candidates = pk.find_candidates(features, k=[4], seed=7)

# %%
personas = pk.choose(candidates, "latent_class-4", by="RK", reason="stable, and the field team knows these four")
evidence = pk.gather_evidence(study, features, personas, seed=7)
journeys = pk.trace_journeys(study)
findings = pk.describe_journeys(journeys, personas, study=study, seed=7)

# %% [markdown]
# ## Which content for whom, and what is missing
#
# The plan says what each persona engages with more than everyone (a lift, with its interval), and where it looks for a kind
# of content that a stage does not offer. One gap was planted: nothing reassures at the purchase.

# %%
plan = pk.content_plan(study, journeys, personas, findings, seed=7)
to_make = plan.loc[plan["advice"] == "make_first", ["persona", "stage", "level", "offered"]]
assert to_make.to_numpy().tolist() == [["P2", "purchase", "reassure", 0]]
best = plan[(plan["stage"] == "all") & (plan["dimension"] == "kind") & (plan["advice"] == "offer")]
best = best.sort_values("lift", ascending=False).drop_duplicates("persona").sort_values("persona")
assert best["level"].tolist() == ["inform", "reassure", "reward", "help"]
best[["persona", "level", "people", "share", "everyone", "lift", "low", "high"]].round(2)

# %% [markdown]
# ## What the business wants beside what people want
#
# Whether a goal serves a need is a judgement: you declare it, a goal, a code and a sign. Without a declared link the answer
# is "cannot tell".

# %%
links = pd.DataFrame([("Aider à choisir sans vendeur", "comparer avant de choisir", 1),
                      ("Aider à choisir sans vendeur", "être conseillé", -1)], columns=["goal", "code", "sign"])
aligned = pk.goal_alignment(study, evidence, links)
told = aligned.pivot(index="goal", columns="persona", values="alignment")
assert told.loc["Aider à choisir sans vendeur", ["P1", "P2"]].tolist() == ["aligned", "opposed"]
told.loc[["Aider à choisir sans vendeur", "Faire connaître l'offre 100 % Santé"]]

# %% [markdown]
# ## A card is made of claims
#
# Every sentence on a card is a claim that names the rows of evidence behind it. Nothing is drawn yet: a card is a document,
# neutral of format.

# %%
also = {"content": plan, "alignment": aligned}
cards = pk.make_cards(personas, evidence, findings, language="en", study=study, also=also)
front = [part for part in cards[0].sections if part.side == "front"]
assert all(claim.evidence for part in front for claim in part.claims)
pd.DataFrame([(part.title, len(part.claims), part.claims[0].text.replace("\n", " · ")[:70]) for part in front],
             columns=["section", "claims", "the first one"])

# %% [markdown]
# ## A map is made of cells
#
# Stages are columns, lanes are rows. Each cell holds its number, its interval, how many people it stands on, and how well
# data back it: fully, partly or not at all.

# %%
journey = pk.make_map(study, findings, personas=personas, evidence=evidence, persona="P1", language="en")
cells = [(title, cell.level) for _, title, columns in journey.lanes for column in columns for cell in column]
levels = pd.DataFrame(cells, columns=["lane", "level"]).value_counts().unstack(fill_value=0)
assert levels.loc["People seen", "fully"] == 5
levels

# %% [markdown]
# ## From document to files
#
# Each format is one entry of a registry. The deck is the one to work with: its text, tables and charts are PowerPoint's own,
# and every shape is named after the field that it shows.

# %%
folder = Path(tempfile.mkdtemp())
paths = pk.save_cards(cards, folder / "cards", formats=["html", "pptx", "svg", "md", "json"])
paths += pk.save_map(journey, folder / "maps" / "P1", formats=["html", "pptx", "xml", "stickies"])
pages = sum(path.suffix == ".svg" for path in paths)
assert (len(paths), pages) == (4 + 1 + pages + 4 + 4 + 4, 12)
print(", ".join(FORMATS))
sorted({path.name for path in paths if "P1" in path.name or path.suffix == ".pptx"})

# %% [markdown]
# The same cards give the same bytes, so a deck that differs was edited, or its data changed.

# %%
before = (folder / "cards" / "cards.pptx").read_bytes()
pk.save_cards(cards, folder / "cards", formats=["pptx"])
assert (folder / "cards" / "cards.pptx").read_bytes() == before
pk.load_document(folder / "cards" / "P1.json")

# %% [markdown]
# ## A brand, unless it cannot be read
#
# A theme is a small TOML: colours, a font, a logo. Where a text would not reach the contrast that people need, the theme is
# refused with a sentence.

# %%
brand = folder / "brand.toml"
brand.write_text('name = "Atelier"\n[colours]\naccent = "#9fc5e8"\n', encoding="utf-8")
try:
    find_theme(brand)
except pk.StudyError as refusal:
    print(refusal)

# %% [markdown]
# ## The deck comes back from the workshop
#
# Somebody gave the first persona a name and struck out a sentence. Here we play that person, with python-pptx.

# %%
import pptx

deck = pptx.Presentation(str(folder / "cards" / "cards.pptx"))
shapes = {shape.name: shape for slide in deck.slides for shape in slide.shapes}
shapes["card/P1/name"].text_frame.paragraphs[0].runs[0].text = "The one who reads first"
struck = shapes["card/P1/section/goal"].text_frame.paragraphs[-1]._p
struck.getparent().remove(struck)
deck.save(str(folder / "edited.pptx"))

# %% [markdown]
# What changed comes back as decisions, with who decided and why. Nothing is applied by itself; a name is given with `label`,
# and the log keeps both.

# %%
edits = pk.read_card_edits(folder / "edited.pptx", cards, by="RK", reason="workshop of 3 March")
changed = edits[edits["act"] != "kept"]
assert changed["act"].tolist() == ["changed", "removed"]
changed[["persona", "field", "act", "old", "new"]]

# %%
names = changed[changed["field"] == "name"]
personas = pk.label(personas, names.set_index("persona")["new"].to_dict(), by="RK", reason="workshop of 3 March",
                    replace=True)
assert personas.names["P1"] == "The one who reads first"
personas.decisions[["act", "persona", "value", "by", "reason"]]

# %% [markdown]
# ## What this does not show
#
# A good-looking card proves nothing: the verdict on its back and the raised numbers do. Edits change words, never figures:
# to change a figure, change the data and make the cards again.
#
# **Try next.** Add `"pdf"` and `"png"` to the formats (they need Pango); pass `theme="grey"`; make the cards in French with
# `language="fr"`; run `personakit cards STUDY --formats pptx --out cards` on your own study.
