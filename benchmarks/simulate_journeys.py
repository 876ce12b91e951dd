"""Deal logs with known truth again and again: how often do the tests of journeys say what is not so, and what is?

Run ``python benchmarks/simulate_journeys.py [--runs 60] [--first 1] [words]`` (60 runs: about six minutes; with words only
the questions that hold one of them, the other rows stay). Writes ``journey_tests.csv``: one row a question with its first
seed, the number of runs, how many said yes, their share, and the bounds within which the kit promises it to lie. Whoever
changes a method or a bound runs its row again from a first seed that nobody has looked at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import personakit as pk
from personakit.eventlog import DAY_US, MINUTE_US, transition_counts
from personakit.journeys.models import context_flips, journey_mixture, markov_order
from personakit.records import Features, Journeys, Personas, Study
from personakit.samples import clean_study, plant


def walk(rows, people, steps, rng):
    rows = np.broadcast_to(rows, (people, *rows.shape[-2:]))
    states = np.zeros((people, steps), dtype=int)
    states[:, 0] = rng.integers(0, rows.shape[-1], people)
    for step in range(1, steps):
        chance = rows[np.arange(people), states[:, step - 1]].cumsum(axis=1)
        states[:, step] = np.minimum((chance < rng.random((people, 1))).sum(axis=1), rows.shape[-1] - 1)
    return states


def traced(states) -> Journeys:
    people, steps = states.shape
    words = np.array([f"s{one:02d}" for one in range(states.max() + 1)])
    ids = np.array([f"p{one:05d}" for one in range(people)])
    events = pd.DataFrame({"participant_id": np.repeat(ids, steps), "event": words[states].ravel(),
                           "time_us": np.tile(np.arange(steps) * DAY_US, people)})
    return pk.trace_journeys(Study(name="s", events=events,
                                   participants=pd.DataFrame(index=pd.Index(ids, name="participant_id"))))


def personas(journeys, labels, window_days=None) -> Personas:
    index = journeys.log.participants
    member = pd.DataFrame(np.eye(int(max(labels)) + 1)[labels], index=index,
                          columns=[f"P{one + 1}" for one in range(int(max(labels)) + 1)])
    table = pd.DataFrame({"f": np.zeros(len(index))}, index=index)
    catalog = pd.DataFrame({"kind": "numeric", "role": "active",
                            "origin": "answers" if window_days is None else "events"}, index=["f"])
    features = Features(table=table, natural=table, catalog=catalog, window_days=window_days, dropped=pd.DataFrame())
    return Personas(candidate="x", membership=member, features=features, quality=pd.Series(dtype=float),
                    stability=pd.DataFrame(), tried=1, chosen=True)


def tilt(rows, by):
    out, at = rows.copy(), np.arange(len(rows))
    out[at, rows.argmax(axis=1)] -= by
    out[at, rows.argmin(axis=1)] += by
    return out


def kmeans(table, k, seed):
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=2, random_state=seed).fit_predict(table)


def compared(journeys, labels, seed, window=None, **more):
    return pk.compare_journeys(journeys, personas(journeys, labels, window), by="touchpoint", seed=seed,
                               **{"replicates": 199, **more})


def shares(journeys):
    steps = transition_counts(journeys.log, "touchpoint").toarray()
    return steps / np.maximum(steps.sum(axis=1, keepdims=True), 1)


def one_process(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 3.0), 5)
    return rng, rows, walk(rows, 300, 20, rng)


def double_dip_naive(seed):
    journeys = traced(one_process(seed)[2])
    return compared(journeys, kmeans(shares(journeys), 3, seed), seed)["p"].iloc[0] <= 0.05


def double_dip_split(seed):
    _, _, states = one_process(seed)
    return compared(traced(states), kmeans(shares(traced(states[:, :10])), 3, seed), seed, 10.0)["p"].iloc[0] <= 0.05


def double_dip_refit(seed):
    def remake(journeys):
        return pd.Series(kmeans(shares(journeys), 3, seed), index=journeys.log.participants)

    journeys = traced(one_process(seed)[2])
    found = compared(journeys, remake(journeys).to_numpy(), seed, np.nan, remake=remake, replicates=39)
    return found["p"].iloc[0] <= 0.05


def power(seed):
    rng, rows, _ = one_process(seed)
    half = np.arange(300) < 150
    states = walk(np.where(half[:, None, None], tilt(rows, 0.15), rows), 300, 20, rng)
    return (compared(traced(states), half.astype(int), seed)["verdict"] == "differ").all()


def power_split(seed):
    rng, rows, _ = one_process(seed)
    half = np.arange(300) < 150
    states = walk(np.where(half[:, None, None], tilt(rows, 0.15), rows), 300, 20, rng)
    return (compared(traced(states), half.astype(int), seed, 10.0)["verdict"] == "differ").all()


def covered(seed):
    rng, rows, _ = one_process(seed)
    half = np.arange(300) < 150
    states = walk(np.where(half[:, None, None], tilt(rows, 0.15), rows), 300, 20, rng)
    row = compared(traced(states), half.astype(int), seed).iloc[1]
    return row["low"] <= 0.15 <= row["high"]


def at_the_margin(seed):
    rng, rows, _ = one_process(seed)
    half = np.arange(600) < 300
    states = walk(np.where(half[:, None, None], tilt(rows, 0.1), rows), 600, 20, rng)
    return compared(traced(states), half.astype(int), seed)["verdict"].iloc[1] == "equivalent"


def truly_same(seed):
    rng, rows, _ = one_process(seed)
    return compared(traced(walk(rows, 600, 20, rng)), np.arange(600) % 2, seed)["verdict"].iloc[1] == "equivalent"


def own_rows(seed, sessions=False):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 3.0), 5)
    own = np.stack([[rng.dirichlet(5 * row + 0.01) for row in rows] for _ in range(60)])
    label = rng.integers(0, 2, 60)
    if not sessions:
        return traced(walk(own, 60, 80, rng)), label
    return traced(walk(np.repeat(own, 10, axis=0), 600, 8, rng)), np.repeat(label, 10)


def wrong_unit_sessions(seed):
    journeys, label = own_rows(seed, sessions=True)
    return compared(journeys, label, seed)["p"].iloc[0] <= 0.05


def wrong_unit_people(seed):
    journeys, label = own_rows(seed)
    return compared(journeys, label, seed)["p"].iloc[0] <= 0.05


def vary_more(seed, differ=False):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 3.0), 5)
    own = np.stack([[rng.dirichlet(4 * row + 0.01) if one < 60 else row for row in rows] for one in range(300)])
    row = compared(traced(walk(own, 300, 20, rng)), (np.arange(300) >= 60).astype(int), seed).iloc[0]
    return row["verdict"] == "differ" if differ else row["p"] <= 0.05


def many_edges(seed):
    rng = np.random.default_rng(seed)
    journeys = traced(walk(rng.dirichlet(np.full(20, 1.0), 20), 300, 40, rng))
    found = pk.journey_differences(journeys, personas(journeys, rng.integers(0, 2, 300)), by="touchpoint", seed=seed,
                                   replicates=199)
    return found["differs"].any()


def lunettes(seed):
    planted = plant("lunettes", seed=seed)
    journeys = pk.trace_journeys(clean_study(planted))
    truth = planted.truth["personas"].set_index("participant_id")["persona"].reindex(journeys.log.participants)
    names = ["comparatrice", "accompagné", "pressé", "famille"]
    known = truth.notna().to_numpy()
    label = np.where(known, truth.map({one: at for at, one in enumerate(names)}).fillna(0), 0).astype(int)
    made = personas(journeys, label, 90.0)
    made = replace(made, membership=made.membership[known], features=made.features)
    found = pk.compare_journeys(journeys, made, seed=seed, replicates=199)
    verdict = found.set_index(["persona_a", "persona_b"])["verdict"]
    return verdict["P3", "P4"] == "equivalent" and (verdict.drop(("P3", "P4")) == "differ").all()


def mixed(seed, chains):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, 1.0), (chains, 5))
    which = rng.integers(0, chains, 600)
    return rows, which, walk(rows[which], 600, 15, rng)


def mixture_found(seed):
    from sklearn.metrics import adjusted_rand_score

    rows, which, states = mixed(seed, 3)
    journeys = traced(states)
    chance = np.log(rows)[:, states[:, :-1], states[:, 1:]].sum(axis=2).argmax(axis=0)
    found = journey_mixture(journeys, k=[3], by="touchpoint", seed=seed).membership.to_numpy().argmax(axis=1)
    return adjusted_rand_score(which, found) >= adjusted_rand_score(which, chance) - 0.03


def mixture_of_one(seed):
    return journey_mixture(traced(mixed(seed, 1)[2]), k=[1, 2, 3], by="touchpoint", seed=seed).k == 1


def order_one(seed):
    return markov_order(traced(one_process(seed)[2]), by="touchpoint", seed=seed, replicates=99).set_index(
        "order")["selected"][1]


def second_order(seed, alpha=1.0, weight=1.0):
    """After s00 or s01 the next step follows one table, else another, as far from it as ``weight`` says."""
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(5, alpha), 5)
    states = walk(rows, 300, 20, rng)
    other = (1 - weight) * rows + weight * np.roll(rows, 1, axis=0)
    for step in range(2, 20):
        chance = np.where((states[:, step - 2] < 2)[:, None], rows[states[:, step - 1]], other[states[:, step - 1]])
        states[:, step] = np.minimum((chance.cumsum(axis=1) < rng.random((300, 1))).sum(axis=1), 4)
    return traced(states)


def order_two(seed):
    journeys = second_order(seed)
    found = markov_order(journeys, by="touchpoint", seed=seed, replicates=99).set_index("order")["selected"][2]
    return found and len(context_flips(journeys, by="touchpoint", seed=seed)) > 0


def small_order_two(seed):
    return markov_order(second_order(seed, 3.0, 0.5), by="touchpoint", seed=seed, replicates=99).set_index(
        "order")["selected"][2]


def dense_margin(seed):
    """The same change as ``at_the_margin``, spread over all steps at random."""
    rng, rows, _ = one_process(seed)
    rows = 0.5 * rows + 0.1
    by = rng.normal(size=rows.shape)
    by -= by.mean(axis=1, keepdims=True)
    other = rows + 0.2 * by / np.abs(by).sum(axis=1, keepdims=True)
    half = np.arange(600) < 300
    states = walk(np.where(half[:, None, None], other, rows), 600, 20, rng)
    return compared(traced(states), half.astype(int), seed)["verdict"].iloc[1] == "equivalent"


def ways(seed, lift):
    """Two to four of five pages in random order; whoever saw s00 goes on to buy (s06) more often by ``lift``."""
    rng = np.random.default_rng(seed)
    rows = []
    for one in range(400):
        seen = [*rng.permutation(5)[: rng.integers(2, 5)]]
        seen = [*seen, 6] if rng.random() < 0.3 + lift * (0 in seen) else seen
        rows += [(f"p{one:03d}", f"s{page:02d}", at * MINUTE_US) for at, page in enumerate([5, *seen])]
    log = pd.DataFrame([*rows, ("z", "s05", 900 * DAY_US)], columns=["participant_id", "event", "time_us"])
    people = pd.DataFrame(index=pd.Index(sorted(set(log["participant_id"])), name="participant_id"))
    found = pk.attribution(pk.trace_journeys(Study(name="w", events=log, participants=people)), to="s06", seed=seed)
    return found.set_index("touchpoint")["falls"]


def structure_only(seed):
    return (ways(seed, 0.0) != "inside").any()


def structure_lifted(seed):
    return ways(seed, 0.4)["s00"] == "above"


def leaving(seed, odds):
    """A visit a day of 300 people, the last with odds of 1/9, times ``odds`` where it was at s04."""
    rng = np.random.default_rng(seed)
    states, chance = rng.integers(0, 5, (300, 60)), np.where(np.arange(5) == 4, odds / (9 + odds), 0.1)
    length = 1 + np.append(rng.random((300, 59)) < chance[states[:, :59]], np.ones((300, 1), bool), axis=1).argmax(axis=1)
    person, day = np.repeat(np.arange(301), [*length, 1]), np.concatenate([*map(np.arange, length), [300]])
    log = pd.DataFrame({"participant_id": [f"p{one:04d}" for one in person], "time_us": day * DAY_US,
                        "event": [f"s{one:02d}" for one in np.append(states, states[:1], axis=0)[person, day % 60]]})
    people = pd.DataFrame(index=pd.Index(sorted(set(log["participant_id"])), name="participant_id"))
    journeys = pk.trace_journeys(Study(name="l", events=log, participants=people))
    return pk.predict_leaving(journeys, by="touchpoint", seed=seed, replicates=200)


def leaving_noise(seed):
    return leaving(seed, 1).foreseen


def leaving_found(seed):
    return leaving(seed, 3).foreseen


def leaving_covered(seed):
    terms = leaving(seed, 3).terms.query("term == 'touchpoint'").set_index("level")
    # where s04 is the commonest, it is what the others are held against
    ends = terms.loc["s04", ["low", "high"]] if "s04" in terms.index else 1 / terms.loc["s00", ["low", "high"]].astype(float)
    return ends.min() <= 3 <= ends.max()


#: question -> (deal, share of the runs asked for, least, most)
ROWS: dict[str, tuple[Callable[[int], bool], float, float, float]] = {
    "double dip, tested on the same steps: rejects": (double_dip_naive, 0.25, 1.0, 1.0),
    "double dip, split by time: rejects": (double_dip_split, 1, 0.02, 0.08),
    "double dip, refit under the null: rejects": (double_dip_refit, 1, 0.02, 0.08),
    "a change of .15 a step: differ": (power, 0.5, 0.9, 1.0),
    "a change of .15 a step, second half of the days only: differ": (power_split, 0.5, 0.9, 1.0),
    "a change of .15 a step: inside the interval": (covered, 1, 0.93, 1.0),
    "a change of the margin (.1): equivalent": (at_the_margin, 1, 0.0, 0.08),
    "a change of the margin spread over all steps: equivalent": (dense_margin, 1, 0.0, 0.08),
    "the same process, 600 people: equivalent": (truly_same, 0.5, 0.8, 1.0),
    "own rows a person, sessions shuffled: rejects": (wrong_unit_sessions, 0.25, 0.5, 1.0),
    "own rows a person, people shuffled: rejects": (wrong_unit_people, 2, 0.02, 0.08),
    "one persona varies more inside: rejects": (vary_more, 2, 0.02, 0.12),
    "one persona varies more inside: differ": (partial(vary_more, differ=True), 2, 0.0, 0.05),
    "20 stages, no difference: any discovery": (many_edges, 1, 0.0, 0.07),
    "lunettes: three journeys found and two declared the same": (lunettes, 1 / 3, 0.9, 1.0),
    "mixture of 3 chains: within .03 of the Bayes rule": (mixture_found, 0.25, 0.95, 1.0),
    "mixture of 1 chain: selects 1": (mixture_of_one, 0.25, 0.9, 1.0),
    "order 1: selects 1": (order_one, 1, 0.93, 1.0),
    "order 2: selects 2 and names contexts": (order_two, 0.5, 0.95, 1.0),
    "order 2, tables .14 apart: selects 2": (small_order_two, 0.5, 0.95, 1.0),
    "removal effects of pages that change nothing: any beyond structure": (structure_only, 1, 0.0, 0.08),
    "removal effect of a page that makes people arrive: above structure": (structure_lifted, 1, 0.6, 1.0),
    "leaving, a hazard that nothing changes: told better than the base rate": (leaving_noise, 1, 0.0, 0.08),
    "leaving, odds three times as high at a stage: told better": (leaving_found, 0.5, 0.9, 1.0),
    "leaving, odds three times as high at a stage: inside the interval": (leaving_covered, 1, 0.93, 1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("journey_tests.csv"))
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    out = []
    for question, (deal, part, least, most) in ROWS.items():
        if asked.words and not any(one in question for one in asked.words):
            continue
        start, runs = time.process_time(), max(int(asked.runs * part), 5)
        yes = sum(bool(deal(seed)) for seed in range(asked.first, asked.first + runs))
        out.append((question, asked.first, runs, yes, round(yes / runs, 3), least, most))
        print(*out[-1], f"{time.process_time() - start:.0f} CPU s", flush=True)
    table = pd.DataFrame(out, columns=["question", "first_seed", "runs", "yes", "share", "least", "most"])
    if asked.words and asked.out.exists():
        table = pd.concat([pd.read_csv(asked.out), table]).drop_duplicates("question", keep="last")
        table = table.set_index("question").reindex([one for one in ROWS if one in set(table["question"])]).reset_index()
    table.to_csv(asked.out, index=False, lineterminator="\n")
    outside = table[~table["share"].between(table["least"], table["most"])]
    if len(outside):
        raise SystemExit("outside what the kit promises:\n" + outside.to_string(index=False))


if __name__ == "__main__":
    main()
