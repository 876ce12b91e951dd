"""The experience curve: means of people with intervals, who answered, who is left, and where it is best and worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from personakit.eventlog import count_by_person
from personakit.inference import expanded_level, percentile_interval, person_weights, weighted_rate
from personakit.journeys.groups import FEW_PEOPLE
from personakit.journeys.lived.scores import INTERVIEWS, Scores
from personakit.journeys.rows import with_ids
from personakit.records import Journeys
from personakit.schema import PERSONA, SOURCE, STAGE, TOUCHPOINT, promoter_score, top_two_score

#: people who met a touchpoint and did not answer, or did, from which their chance to answer is modelled
MODELLED = 30
#: no answer weighs more than so many times the average one
MOST_WEIGHT = 5.0


def curve_table(
    scores: Scores, groups: Mapping[str, np.ndarray], stages: Sequence[str], journeys: Journeys | None, *, seed: int,
    replicates: int,
) -> pd.DataFrame:
    """Average what people said, by persona and place; the columns are listed in ``experience``."""
    met = _met(scores, journeys)
    weight = _answer_weights(scores, met, journeys)
    survivors = _survivors(scores, stages, seed, replicates)
    natural, units = _natural(scores)
    frames = []
    for persona, rows in groups.items():
        if not len(rows) or not len(scores.places):
            continue
        values = scores.values[rows]
        known = ~np.isnan(values)
        n = known.sum(axis=0)
        draws = person_weights(len(rows), replicates=replicates, seed=seed)
        low, high = percentile_interval(weighted_rate(draws, values), level=expanded_level(n))
        low, high = (np.where(_all_alike(values), np.nan, one) for one in (low, high))  # nothing to resample
        own_low, own_high = percentile_interval(weighted_rate(draws, natural[rows]), level=expanded_level(n))
        own_low, own_high = (np.where(_all_alike(natural[rows]), np.nan, one) for one in (own_low, own_high))
        mine, own = met[rows], weight[rows]
        some = scores.places.assign(
            **{PERSONA: persona}, mean=weighted_rate(np.ones((1, len(rows))), values)[0], low=np.clip(low, -2, 2),
            high=np.clip(high, -2, 2), n=n, natural=weighted_rate(np.ones((1, len(rows))), natural[rows])[0],
            natural_low=own_low, natural_high=own_high, unit=units, met=mine.sum(axis=0),
            response_rate=np.where(mine.any(axis=0), (known & mine).sum(axis=0) / np.maximum(mine.sum(axis=0), 1), np.nan),
            weighted_mean=np.where(np.isnan(own).all(axis=0), np.nan, np.nansum(own * np.nan_to_num(values), axis=0)
                                   / np.maximum(np.nansum(np.where(known, own, 0), axis=0), 1e-12)),
            within_mean=survivors[0] if persona == "all" else np.nan, survivors=survivors[1], few=n < FEW_PEOPLE)
        frames.append(some[n > 0])
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    table["place"] = table[STAGE].map({one: at for at, one in enumerate(stages)})
    order = table[PERSONA].map({one: at for at, one in enumerate(groups)})
    table = table.assign(order=order).sort_values(["order", SOURCE, "place", TOUCHPOINT], kind="stable")
    return with_ids(table[COLUMNS].reset_index(drop=True), "experience", seed, replicates)


COLUMNS = [PERSONA, SOURCE, STAGE, TOUCHPOINT, "mean", "low", "high", "n", "natural", "natural_low", "natural_high", "unit",
           "met", "response_rate", "weighted_mean", "within_mean", "survivors", "few"]


def _natural(scores: Scores) -> tuple[np.ndarray, list[str]]:
    """Return what each person said in the units of its scale (people, places), and these units.

    NPS: 100 promoter (9, 10), -100 detractor (0 to 6), else 0; CSAT: 100 for the two best answers; else the answer.
    """
    out, units = np.empty_like(scores.values), []
    for at, place in enumerate(scores.places.to_dict("records")):
        part = (scores.values[:, at] + 2) / 4
        part = 1 - part if place["better"] == "low" else part
        answer = place["scale_low"] + part * (place["scale_high"] - place["scale_low"])
        single = place["variable"] != ""
        if place[SOURCE] == "nps" and single:
            answer = promoter_score((scores.values[:, at] + 2) / 4)
        elif place[SOURCE] == "csat" and single:
            answer = top_two_score((scores.values[:, at] + 2) / 4, place["scale_high"] - place["scale_low"])
        out[:, at] = answer
        units.append({"nps": "nps", "csat": "percent"}.get(place[SOURCE], "") if single else "")
        units[-1] = units[-1] or f"{place['scale_low']:g}–{place['scale_high']:g}"
    return out, units


def _all_alike(values: np.ndarray) -> np.ndarray:
    """Tell for which places everybody says the same, so that a bootstrap would show no uncertainty at all."""
    return np.array([len(np.unique(one[~np.isnan(one)])) < 2 for one in values.T], dtype=bool)


def _met(scores: Scores, journeys: Journeys | None) -> np.ndarray:
    """Tell who met each place (people, places): its touchpoint, or its stage; nobody where the log cannot tell."""
    out = np.zeros(scores.values.shape, dtype=bool)
    if journeys is None:
        return out
    row = journeys.log.participants.get_indexer(scores.people)
    for column in (TOUCHPOINT, STAGE):
        words = journeys.log.levels[column]
        seen = count_by_person(journeys.log, column).toarray() > 0
        for place, name in enumerate(scores.places[column]):
            code = words.get_indexer(pd.Index([name]))[0] if name else -1
            told = scores.places[SOURCE].iloc[place] == INTERVIEWS  # nobody was asked at the touchpoint
            if code >= 0 and not told and (column == TOUCHPOINT or not scores.places[TOUCHPOINT].iloc[place]):
                out[:, place] = np.append(seen[:, code], False)[row]
    return out


def _answer_weights(scores: Scores, met: np.ndarray, journeys: Journeys | None) -> np.ndarray:
    """Weigh each answer by the inverse of the chance that such a journey answers (people, places); NaN where unknown.

    The chance follows events, sessions and the latest stage by a logistic regression among those who met the place.
    """
    out = np.full(scores.values.shape, np.nan)
    if journeys is None:
        return out
    from sklearn.linear_model import LogisticRegression

    row = journeys.log.participants.get_indexer(scores.people)
    stage = np.zeros((len(journeys.log.participants), 1), dtype=bool)
    if len(journeys.log.levels[STAGE]):
        stage = count_by_person(journeys.log, STAGE).toarray() > 0
    furthest = np.where(stage.any(axis=1), stage.shape[1] - 1 - stage[:, ::-1].argmax(axis=1), 0)
    facts = np.column_stack([np.log1p(journeys.ends["events"]), np.log1p(journeys.ends["sessions"]), furthest])
    facts = (facts - facts.mean(axis=0)) / np.maximum(facts.std(axis=0), 1e-12)
    for place in range(len(scores.places)):
        own = np.flatnonzero(met[:, place] & (row >= 0))
        said = ~np.isnan(scores.values[own, place])
        if min(said.sum(), (~said).sum()) < MODELLED:
            continue
        chance = LogisticRegression().fit(facts[row[own]], said).predict_proba(facts[row[own]])[:, 1]
        weight = said.mean() / np.maximum(chance, 1e-3)
        out[own[said], place] = np.minimum(weight, MOST_WEIGHT)[said]
    return out


def _survivors(scores: Scores, stages: Sequence[str], seed: int, replicates: int) -> tuple[np.ndarray, np.ndarray]:
    """Follow the same people from stage to stage: the curve of their changes, and the stages whose people are a selection.

    ``within``: the first stage's mean plus the mean changes of those who spoke of both stages. ``survivors``: those who
    still speak at the stage had scored the stage before otherwise than those who no longer do (95 % interval).
    """
    within, selected = np.full(len(scores.places), np.nan), np.zeros(len(scores.places), dtype=bool)
    weights = person_weights(len(scores.people), replicates=replicates, seed=seed)
    whole = scores.places[(scores.places[TOUCHPOINT] == "") & (scores.places[STAGE] != "")]
    for _, some in whole.groupby(SOURCE, sort=True):
        order = [int(some.index[some[STAGE] == one][0]) for one in stages if (some[STAGE] == one).any()]
        for at, place in enumerate(order):
            now = scores.values[:, place]
            if at == 0:
                within[place] = np.nanmean(now) if (~np.isnan(now)).any() else np.nan
                continue
            before = scores.values[:, order[at - 1]]
            both = ~np.isnan(now) & ~np.isnan(before)
            left = np.isnan(now) & ~np.isnan(before)
            if both.any():
                within[place] = within[order[at - 1]] + float((now - before)[both].mean())
            if min(both.sum(), left.sum()) >= FEW_PEOPLE:
                stayed, gone = (weighted_rate(weights, np.where(one, before, np.nan)[:, None])[:, 0] for one in (both, left))
                low, high = percentile_interval(stayed - gone)
                selected[place] = bool(low > 0 or high < 0)
    return within, selected


def moment_table(scores: Scores, groups: Mapping[str, np.ndarray], stages: Sequence[str], *, seed: int,
                 replicates: int) -> pd.DataFrame:
    """Name peak, trough and end of each persona's curve, each with the share of resamples of people in which it is that.

    Returns
    -------
    DataFrame
        evidence_id, persona, source, moment (peak, trough, end), stage, mean, probability (of the end: that it is above the
        mean of the other stages), n. Curves with fewer than two stages of ten people have none.
    """
    rows = []
    whole = scores.places[(scores.places[TOUCHPOINT] == "") & (scores.places[STAGE] != "")]
    for persona, people in groups.items():
        weights = person_weights(len(people), replicates=replicates, seed=seed) if len(people) else None
        for source, some in whole.groupby(SOURCE, sort=True):
            places = [int(some.index[some[STAGE] == one][0]) for one in stages if (some[STAGE] == one).any()]
            n = (~np.isnan(scores.values[people][:, places])).sum(axis=0)
            places, n = [one for one, count in zip(places, n, strict=True) if count >= FEW_PEOPLE], n[n >= FEW_PEOPLE]
            if len(places) < 2 or weights is None:
                continue
            values = scores.values[people][:, places]
            mean = weighted_rate(np.ones((1, len(people))), values)[0]
            draws = weighted_rate(weights, values)
            draws = draws[~np.isnan(draws).any(axis=1)]
            chances = {"peak": (int(mean.argmax()), draws.argmax(axis=1)),
                       "trough": (int(mean.argmin()), draws.argmin(axis=1))}
            names = list(scores.places[STAGE].iloc[places])
            for moment, (at, drawn) in chances.items():
                rows.append((persona, source, moment, names[at], mean[at], float((drawn == at).mean()), int(n[at])))
            above = float((draws[:, -1] > draws[:, :-1].mean(axis=1)).mean())
            rows.append((persona, source, "end", names[-1], mean[-1], above, int(n[-1])))
    table = pd.DataFrame(rows, columns=[PERSONA, SOURCE, "moment", STAGE, "mean", "probability", "n"])
    return with_ids(table, "moments", seed, replicates)
