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
# # How path tools mislead
#
# **Question.** Which numbers on paths can you believe?
#
# **What you will hold at the end.** Eleven habits of path tools that give a wrong number, each with that number and this
# kit's beside it, on logs whose truth is known.
#
# **Time.** 15 minutes. **You need** no data of your own: all logs here are simulated. `bruit` is a shop whose visitors all
# follow one process: whatever difference between personas is found in it is false.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

import personakit as pk
from personakit.eventlog import count_by_person
from personakit.journeys.incidence import incidence_curve

noise = pk.trace_journeys(pk.load_sample("bruit"))
shop = pk.trace_journeys(pk.load_sample("lunettes"))

# %% [markdown]
# ## 1. Personas made from the journeys on which they are tested
#
# Sort people by the stages they visit, then ask whether the sorts visit different stages. They do, of course. Told that the
# personas came from elsewhere, any test is sure of a difference that is not there; told the truth, this kit refuses.

# %%
seen = count_by_person(noise.log, "stage").toarray()
sorts = KMeans(3, n_init=2, random_state=7).fit_predict(seen / seen.sum(axis=1, keepdims=True).clip(1))
member = pd.DataFrame(np.eye(3)[sorts], index=noise.log.participants, columns=["P1", "P2", "P3"])
table = pd.DataFrame({"stages": sorts.astype(float)}, index=member.index)
catalog = pd.DataFrame({"kind": "numeric", "role": "active", "origin": "events"}, index=["stages"])
features = pk.Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame(), window_days=float("nan"))
personas = pk.Personas(candidate="kmeans-3", membership=member, features=features, quality=pd.Series(dtype=float),
                       stability=pd.DataFrame(), tried=1, chosen=True)

# %%
answers = replace(features, catalog=catalog.assign(origin="answers"), window_days=None)
naive = pk.compare_journeys(noise, replace(personas, features=answers), seed=7, replicates=199)
honest = pk.compare_journeys(noise, personas, seed=7)
assert set(naive["verdict"]) == {"differ"} and naive["p"].max() < 0.01
assert set(honest["verdict"]) == {"cannot_tell"} and honest.attrs["overlap"] == ["stages"]
pd.DataFrame({"pair": naive["persona_a"] + "–" + naive["persona_b"], "naive_p": naive["p"], "naive": naive["verdict"],
              "kit": honest["verdict"]}).round(3)

# %% [markdown]
# Made from the first ninety days and tested on the later ones, the personas show what they are: nothing.

# %%
early = pk.behaviour_table(pk.load_sample("bruit"), window_days=90, habits=["stage_share"]).fillna(0)
sorts = KMeans(3, n_init=2, random_state=7).fit_predict(early.reindex(noise.log.participants).fillna(0))
split = replace(personas, membership=pd.DataFrame(np.eye(3)[sorts], index=member.index, columns=member.columns),
                features=replace(features, window_days=90.0))
later = pk.compare_journeys(noise, split, seed=7)
assert later["p"].iloc[0] > 0.05 and set(later["tested"]) == {"after_window"}
later[["persona_a", "persona_b", "people_a", "change", "low", "high", "p", "verdict"]].round(3)

# %% [markdown]
# ## 2. Sessions counted as if each were another person
#
# Sixty people with habits of their own, ten sessions each, two personas drawn by lot; dealt ten times. Shuffling sessions
# calls the lots different half of the time or more; shuffling people does not.

# %%
p = {"session": [], "person": []}
for deal in range(10):
    rng = np.random.default_rng(deal)
    habits, lot = rng.dirichlet(np.full(4, 2.0), 60), np.repeat(rng.permutation(60) % 2, 80)
    pages = np.array(list("abcd"))[[rng.choice(4, p=one) for one in np.repeat(habits, 80, axis=0)]]
    for unit, size in (("session", 8), ("person", 80)):
        ids = pd.Series([f"u{one:03d}" for one in np.arange(4800) // size])
        log = pd.DataFrame({"participant_id": ids, "event": pages, "time_us": np.arange(4800) * 60_000_000})
        who = pd.DataFrame(np.eye(2)[lot[::size]], index=pd.Index(ids.unique(), name="participant_id"), columns=["P1", "P2"])
        walked = pk.trace_journeys(pk.Study(name=unit, participants=who[[]], events=log))
        p[unit].append(pk.compare_journeys(walked, replace(personas, membership=who, features=answers), by="touchpoint",
                                           seed=7, replicates=99)["p"].iloc[0])

# %%
alarms = (pd.DataFrame(p) <= 0.05).sum()
assert alarms["session"] >= 6 and alarms["person"] <= 2
alarms.rename("false alarms of 10").to_frame()

# %% [markdown]
# ## 3. A hundred arrows, none of them corrected
#
# Three personas by lot in `bruit`: 117 comparisons of next steps, stages, funnel and time. At p < .05 some always "differ".

# %%
lot = np.random.default_rng(3).permutation(len(member)) % 3
by_lot = pd.DataFrame(np.eye(3)[lot], index=member.index, columns=member.columns)
drawn = replace(personas, membership=by_lot, features=answers)
found = pk.journey_differences(noise, drawn, seed=7)
assert len(found) == 117 and (found["p"] < 0.05).sum() >= 3 and not found["differs"].any()
print(f"{len(found)} comparisons, {(found['p'] < 0.05).sum()} with p < .05, {found['differs'].sum()} after correction")

# %% [markdown]
# ## 4. People on the way counted as lost, and 5. people who left counted as on the way
#
# 20,000 people come in evenly over a year and all buy, after a year on average: the truth is 63 % within a year, the share
# of those seen buying tends to 37 %. And where half leave first, 1 − Kaplan–Meier, which waits for those who left, says 86 %
# after two years when only 49 % buy.

# %%
rng = np.random.default_rng(7)
watched, took = rng.uniform(0, 1, 20_000), rng.exponential(1, 20_000)
bought = (took <= watched).astype(int)
share = incidence_curve(np.minimum(took, watched), bought, horizons=np.array([0.99]))[0][0, 0]
buy, leave = rng.exponential(1, (2, 20_000))
kind = np.where(buy < leave, 1, 2)
right, wrong = (incidence_curve(np.minimum(buy, leave), one, horizons=np.array([2.0]))[0][0, 0]
                for one in (kind, np.where(kind == 2, 0, kind)))
assert abs(bought.mean() - 0.368) < 0.02 and abs(share - 0.632) < 0.03
assert abs(right - 0.49) < 0.01 and abs(wrong - 0.86) < 0.02
pd.DataFrame({"naive": [bought.mean(), wrong], "kit": [share, right]}, ["on the way", "left first"]).round(2)

# %% [markdown]
# ## 6. Repeats folded away without a word
#
# Most tools fold "product, product, product" into one step. In `lunettes` more than a third of all steps stay where they
# are; fold them and the commonest way on from a purchase is not the purchase stage any more. `transitions` keeps them and
# says how many; what must not depend on them does not: see 8.

# %%
steps = pk.transitions(shop, seed=7, replicates=2)
inner = steps[(steps["persona"] == "all") & ~steps["target"].isin(["open", "end"])]
stay = inner.loc[inner["source"] == inner["target"], "count"].sum() / inner["count"].sum()
usual = [rows.sort_values("count").groupby("source")["target"].last()["purchase"]
         for rows in (inner, inner[inner["source"] != inner["target"]])]
assert stay > 1 / 3 and usual[0] == "purchase" != usual[1]
print(f"{stay:.0%} of steps stay; commonest after purchase: {usual[0]}, folded: {usual[1]}")

# %% [markdown]
# ## 7. The same second, and keys pasted together
#
# Two events in one second: sorted by name, `add` stands before `view` and nobody comes from view to add. The kit keeps the
# order of the file, or an `order` column, and counts the ties. And participant "a | b" in session "c" pastes to the same key
# as participant "a" in session "b | c".

# %%
tied = pd.DataFrame({"participant_id": np.repeat([f"t{one:02d}" for one in range(50)], 2), "event": ["view", "add"] * 50,
                     "time_us": np.repeat(np.arange(50) * 1_000_000, 2)})
people = pd.DataFrame(index=pd.Index(tied["participant_id"].unique(), name="participant_id"))
shares = [pk.funnel(pk.trace_journeys(pk.Study(name="ties", participants=people, events=rows)), stages=["view", "add"],
                    seed=7, replicates=2)["reached"].iloc[1] for rows in (tied, tied.sort_values(["time_us", "event"]))]
assert shares == [50, 0]
shares

# %%
pasted = pd.Series(["a | b", "a"]) + " | " + pd.Series(["c", "b | c"])
two = pd.DataFrame({"participant_id": ["a | b", "a"], "event": ["c", "b | c"], "time_us": [1, 1]})
ids = pd.DataFrame(index=pd.Index(["a", "a | b"], name="participant_id"))
sessions = pk.trace_journeys(pk.Study(name="keys", participants=ids, events=two)).ends["sessions"].sum()
assert pasted.nunique() == 1 and sessions == 2
print(f"sessions {sessions}, pasted {pasted.nunique()}")

# %% [markdown]
# ## 8. A removal effect read as a cause
#
# A banner is thrown in at random: half of the people see it, and it changes nothing, 30 % buy either way. The chain without
# it "loses" half of the sales; so it does when purchases are dealt anew among ways as long (`structure`). And the basket,
# through which every buyer has to pass, has an effect of 1 by construction (`forced`).

# %%
rng = np.random.default_rng(7)
rows = [[f"v{one:04d}", word] for one in range(2000) for word in
        ["home", *["banner"] * (rng.random() < 0.5), "product", *["basket", "buy"] * (rng.random() < 0.3)]]
log = pd.DataFrame(rows, columns=["participant_id", "event"]).assign(time_us=np.arange(len(rows)) * 1_000_000)
log = pd.concat([log, pd.DataFrame({"participant_id": ["late"], "event": ["home"], "time_us": [10**15]})])
people = pd.DataFrame(index=pd.Index(log["participant_id"].unique(), name="participant_id"))
visits = pk.trace_journeys(pk.Study(name="banner", participants=people, events=log))
effects = pk.attribution(visits, to="buy", seed=7).set_index("touchpoint")
assert abs(effects.loc["banner", "effect"] - 0.5) < 0.05 and effects.loc["basket", ["effect", "forced"]].all()
assert effects.loc["banner", "falls"] == "inside" and abs(effects.loc["banner", "structure"] - 0.5) < 0.05
effects[["people", "effect", "low", "high", "structure", "falls", "forced"]].round(2)

# %%
saw = visits.log
by_person = pd.DataFrame(count_by_person(saw, "event").toarray() > 0, columns=saw.levels["event"])
lift = by_person.groupby("banner")["buy"].mean()
assert abs(lift[True] - lift[False]) < 0.04
lift.rename("share who buy, by whether the banner was seen").round(2).to_frame()

# %% [markdown]
# ## 9. A Sankey diagram that does not add up
#
# Keep the three largest touchpoints of each column and drop the rest, and most of the people vanish between columns.
# Here what has no node of its own flows through `other`.

# %%
flows = pk.flows(shop, steps=3, top=3, by="touchpoint")
whole = flows.groupby("step")["people"].sum()
named = flows[~flows[["source", "target"]].isin(["other"]).any(axis=1)].groupby("step")["people"].sum()
assert (named / whole).max() < 0.5
pd.DataFrame({"kit": whole, "cut": named, "left": (named / whole).round(2)})

# %% [markdown]
# ## 10. One arrow from each stage, whatever came before
#
# Here people who look at a guide go on to the shop from the product page, the others leave for a search: two next steps,
# one page. A first-order map draws the average; `markov_order` says that two steps back matter and `context_flips` where.

# %%
rng = np.random.default_rng(7)
paths = [word for one in range(400) for word in
         (["guide", "product", "shop" if rng.random() < 0.8 else "search"] if rng.random() < 0.4
          else ["home", "product", "search" if rng.random() < 0.8 else "shop"])]
log = pd.DataFrame({"participant_id": np.repeat([f"w{one:03d}" for one in range(100)], 12), "event": paths,
                    "time_us": np.arange(1200) * 1_000_000})
people = pd.DataFrame(index=pd.Index(log["participant_id"].unique(), name="participant_id"))
walks = pk.trace_journeys(pk.Study(name="memory", participants=people, events=log))
order, flips = pk.markov_order(walks, by="touchpoint", seed=7), pk.context_flips(walks, by="touchpoint", seed=7)
assert order.loc[order["selected"], "order"].item() == 2 and "guide" in set(flips["before"])
flips[["before", "stage", "people", "usual", "next", "share", "usual_share"]].round(2)

# %% [markdown]
# ## What this does not show
#
# Two more habits are in notebook 06b: distances between journeys that only measure their length (`journey_distances`), and
# satisfaction curves of those who stayed (`experience`). And no test repairs a log: what nobody recorded is in none of these
# numbers. The rates of false alarms over many deals are in `benchmarks/journey_tests.csv`.
#
# **Try next.** Deal notebook cells again with another seed; run `compare_journeys` on your own personas and read `tested`.
