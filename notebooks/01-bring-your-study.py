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
# # Bring your study
#
# **Question.** What did we really get: which rows were kept, which were set aside and why, what was guessed, and who is
# in it?
#
# **What you will hold at the end.** A study folder made of a French survey export, coded interviews and two logs that know
# the same people under different ids; every row accounted for, names and addresses gone, ids replaced by pseudonyms.
#
# **Time.** 15 minutes. **You need** no data of your own: the exports are small and written here, so that you can see them.

# %%
import tempfile
from pathlib import Path

import pandas as pd

import personakit as pk

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## A survey, as Excel in France would save it
#
# Semicolons, decimal commas, cp1252, a date that starts with the day, a question with several answers in one cell.
# Nothing of this needs to be said; all of it is guessed, and each guess is listed with the setting that overrules it.

# %%
rows = ["Horodateur;Adresse e-mail;Code client;Canaux utilisés;Satisfaction;Panier moyen",
        "13/03/2026 10:02:11;anne@exemple.fr;C01;Site web, Boutique;4;58,90",
        "13/03/2026 11:40:00;luc@exemple.fr;C02;Boutique;5;120,00",
        "14/03/2026 09:15:32;zoe@exemple.fr;C03;Site web, Application mobile;2;35,50",
        "14/03/2026 18:01:07;ali@exemple.fr;C04;Site web;3;80,00", ";;;;;"]
(folder / "enquete.csv").write_bytes("\r\n".join(rows).encode("cp1252"))
survey = pk.read_survey(folder / "enquete.csv", columns={"participant_id": "Code client"})
assert (survey.report.rows_in, survey.report.kept) == (5, 4)
survey.tables["answers"]

# %%
pk.check_reading(survey)[["check", "count", "what_to_do"]]

# %% [markdown]
# The e-mail addresses were found and dropped at the door: a study rarely needs them. The codebook says what each column is;
# it is saved as a Frictionless table schema, which people and other programs can read and correct.

# %%
assert "Adresse e-mail" not in survey.tables["answers"]
pk.save_codebook(survey.tables["codebook"], folder / "codebook.json")
survey.tables["codebook"][["variable", "kind", "question"]]

# %% [markdown]
# ## Interviews, from the analyst's own tool
#
# QualCoder, Taguette, and every tool that writes REFI-QDA (NVivo, MAXQDA, ATLAS.ti) are read as they are; here a table
# of codes will do. Each quote keeps its consent. What names people is taken out before anybody else reads it, and the
# list of what was replaced is for you to check.

# %%
quotes = pd.DataFrame({
    "client": ["C01", "C01", "C02", "C03"], "code": ["prix > trop cher", "conseil", "conseil", "attente"],
    "segment": ["Mme Durand m'a fait une remise.", "Écrivez-moi à anne@exemple.fr.", "On m'a bien expliqué.",
                "Trois semaines !"],
    "accord": ["mot à mot", "mot à mot", "aucun", "mot à mot"]})
quotes.to_csv(folder / "codes.csv", index=False)
names = {"participant_id": "client", "quote": "segment", "consent": "accord"}
interviews = pk.read_codes(folder / "codes.csv", columns=names)
scrubbed = pk.scrub_quotes(interviews.tables["codes"])
assert len(scrubbed.review) == 2
scrubbed.codes[["participant_id", "code", "quote", "consent"]]

# %% [markdown]
# ## Two logs, with an event that belongs to nobody
#
# The web log counts milliseconds and knows browsers; the till writes local times and knows loyalty cards. One visitor
# refused the cookie: the event has no id, cannot be part of a journey, and will be set aside and counted.

# %%
(folder / "web.csv").write_text("visitor,action,at\nw1,view,1773392400000\nw1,basket,1773392460000\n"
                                "w1,basket,1773392460000\nw2,view,1773396000000\n,view,1773399600000\n"
                                "w3,view,1773403200000\n")
(folder / "till.csv").write_text("card,what,when,amount\nK7,purchase,2026-03-14 16:20,120.5\n"
                                 "K9,purchase,2026-03-15 10:05,35.5\n")
web = pk.read_events(folder / "web.csv", columns={"participant_id": "visitor", "event": "action", "time": "at"})
till = pk.read_events(folder / "till.csv", timezone="Europe/Paris",
                      columns={"participant_id": "card", "event": "what", "time": "when", "value": "amount"})
pk.check_reading(web)[["check", "count", "what_to_do"]]

# %%
pk.audit_events(web.tables["events"])["count"]

# %% [markdown]
# Duplicates, bots and simultaneous events are counted, never changed in silence: a basket put twice may be a double
# click, or two pairs of glasses.
#
# ## One person, several ids
#
# A table of accounts says which visitor, card and customer were seen together. Ids are joined along these pairs only; where
# that would make one participant of very many ids (a tablet in the shop), nothing is joined and you are told.

# %%
accounts = pd.DataFrame({"visitor": ["w1", "w2", "w3"], "card": ["K7", None, "K9"], "client": ["C02", "C01", "C03"]})
identities = pk.stitch_identities(accounts, survey.tables["answers"][["participant_id"]].set_axis(["client"], axis=1))
assert identities.refused.empty
identities.types

# %%
web = pk.apply_identities(web, identities, id_type="visitor")
till = pk.apply_identities(till, identities, id_type="card")
survey = pk.apply_identities(survey, identities, id_type="client")
codes = pk.apply_identities(scrubbed.codes, identities, id_type="client", column="participant_id")
till.tables["events"]

# %% [markdown]
# ## One study, under pseudonyms
#
# The key lies outside the study, and is never written into it. Whoever holds it can tell who is who, so these data stay
# personal data; whoever does not, sees only `p-...`.

# %%
(folder / "key").write_text("correct horse battery staple, and more of it")
study = pk.build_study("Lunettes d'Anne", survey, web, till, language="fr", timezone="Europe/Paris",
                       tables={"codes": codes})
study = pk.pseudonymise(study, key_file=folder / "key")
assert study.participants.index.str.startswith("p-").all()
assert study.codes["consent"].value_counts().to_dict() == {"verbatim": 3, "none": 1}
assert (study.sources["rows_in"] == study.sources["kept"] + study.sources["set_aside"]).all()
study.sources[["table", "file", "rows_in", "kept", "set_aside"]]

# %%
checks = pk.check_study(study, language="en")
assert "failed" in set(checks["result"])
checks.loc[checks["result"] == "failed", ["table", "check", "count", "what_to_do"]]

# %% [markdown]
# Four people are not a study: the check says so. The folder is written all the same, and read back equal; from here on
# `personakit check` and `personakit run` work on it.

# %%
pk.save_study(study, folder / "study")
again = pk.load_study(folder / "study")
pd.testing.assert_frame_equal(again.answers, study.answers)
assert len(again.events) == len(study.events) == 7
sorted(path.name for path in (folder / "study").iterdir())

# %% [markdown]
# ## What this does not show
#
# That the answers are true, that the log is complete, or that equal ids are one person. Names in running text are mostly
# missed by any pattern: read the quotes before they leave the team.
#
# **Try next.** Put your own export in the place of `enquete.csv`; most need no more than the column that holds the
# participant (`read_spss` for .sav files, `read_qdpx`, `read_qualcoder` and `read_taguette` for projects of coded
# interviews, `read_events` for GA4, Matomo, Snowplow, Segment, PostHog, Amplitude, Mixpanel, XES, orders and tickets).
# Or write a `study.toml` that names the files as they are: `layout`, `columns` and every guess can be set there.
