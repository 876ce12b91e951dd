"""Two waves compared: what has changed beyond sampling noise, and whether the personas still hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from personakit.errors import StudyError, TooFewError
from personakit.frozen import Sentence, freeze, show, show_html
from personakit.inference import adjust_bh, one_thread, percentile_interval, permutation_p
from personakit.monitor.pool import Pool, pool, redrawn, shuffled
from personakit.monitor.structure import come_apart, grown_together, largest_p, newcomers
from personakit.monitor.wave_figures import Ground, figures, make_ground, share_beyond
from personakit.monitor.wave_words import sentences
from personakit.records import Journeys, Personas
from personakit.schema import FEATURE, PERSONA, row_id

FEWEST = 30
#: with six questions, p must get below .05 / 6
FEWEST_REPLICATES = 120
ALPHA = 0.05
#: a change of so many standard errors is seen 4 times in 5
SEEN = float(norm.ppf(1 - ALPHA / 2) + norm.ppf(0.8))
#: a persona has died when at the very most this share of its share is left
LEFT = 0.25
VERDICTS = ("stable", "drifting", "rebuild")


@dataclass(frozen=True, kw_only=True, eq=False)
class WaveComparison:
    """What has become of the personas from one wave to the next. Every frame has an ``evidence_id`` a row.

    ``sizes``: persona, n_old, n_new, share_old, share_new, difference, low, high, detectable, p, q.

    ``shifts``: persona, feature, level, role, n_old, n_new (people with a value), old, new, difference, low, high (natural
    units), effect and detectable (on the analysis scale), p, q.

    ``structure``: persona, change (kept, split, merged, born, died), other (the one it merged with), n_new, far_old, far_new
    (share of its people farther out than 97.5 % were), split_old, split_new (share of the spread that the best cut in two
    takes away), p, afresh (what became of it in the search done afresh).

    ``journeys``: persona, people_old, people_new, change (mean total variation of the next step), expected (by chance), p,
    q.

    ``questions``: question, p, corrected (Holm), found. ``verdict`` is stable, drifting or rebuild; ``why`` says it in
    sentences.
    """

    sizes: pd.DataFrame
    shifts: pd.DataFrame
    structure: pd.DataFrame
    journeys: pd.DataFrame
    questions: pd.DataFrame
    verdict: str
    why: tuple[Sentence, ...]
    seed: int

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        found = list(self.questions.loc[self.questions["found"], "question"])
        return show("WaveComparison", {"verdict": self.verdict, "found": ", ".join(found) or "nothing"},
                    "choose again, or measure_change(outcomes, kpi=...)")

    _repr_html_ = show_html


@one_thread()
def compare_waves(
    old: Personas, new: Personas, links: pd.DataFrame | None = None, *,
    journeys: tuple[Journeys, Journeys] | None = None, seed: int, replicates: int = 300,
) -> WaveComparison:
    """Ask whether personas have changed from one wave to the next by more than drawing other people would change them.

    Use it once a year, or after something large has happened, before anybody says that customers have changed. Five
    questions are asked, and their answers are corrected for being five: have the shares of the personas moved; have their
    profiles; are people farther from every persona than before; has one come apart; have two grown together; with journeys,
    do they take other steps. Each is answered by dealing the waves anew to the people (whoever is in both waves swaps
    both rows). It cannot tell why something has changed, nor see changes smaller than ``detectable``: no news from few
    people is no proof of calm.

    Parameters
    ----------
    old, new
        The personas of the earlier wave, and the same personas on the people of the later one (``carry_over``).
    links
        What became of each persona in a search done afresh on the new people: ``match_personas(new, fresh)``.
    journeys
        Journeys of the old and of the new wave, with the same stages.
    seed
        Seed of shuffles and draws.
    replicates
        Shuffles, and draws of people for intervals.

    Returns
    -------
    WaveComparison
        ``rebuild`` where a persona has come apart, grown into another, died, or where newcomers stand together far from
        all; ``drifting`` where shares, profiles, distances or steps have moved; else ``stable``.

    Raises
    ------
    StudyError
        The two are not the same personas: carry them over first.
    TooFewError
        A wave has fewer than 30 people, or fewer than 120 shuffles are asked for.
    ChoiceError
        The stages of the journeys differ.

    References
    ----------
    Phipson and Smyth (2010) for p-values of shuffles; Westfall and Young (1993) for the largest of many; Holm (1979);
    Liu, Hayes, Nobel and Marron (2008), SigClust, for cuts of people of one kind; Spiliopoulou et al. (2006), MONIC.
    """
    _check(old, new)
    if replicates < FEWEST_REPLICATES:
        raise TooFewError(f"replicates: {replicates} shuffles cannot show anything after the correction for six questions. "
                          f"Give at least {FEWEST_REPLICATES}.")
    ground = make_ground(old, new, journeys)
    pooled = pool(old.membership.index, new.membership.index)
    steps, redraws, apart, together = np.random.SeedSequence(seed).spawn(4)
    seen = {name: one[0] for name, one in figures(ground, *_parted(pooled.is_new[None])).items()}
    null = _stacked([{**figures(ground, *_parted(flags)), "far": share_beyond(ground, flags)}
                     for flags in shuffled(pooled, replicates=replicates, seed=steps)])
    draws = _stacked([figures(ground, weight * pooled.is_new, weight * ~pooled.is_new)
                      for weight in redrawn(pooled, replicates=replicates, seed=redraws)])
    arrived, halved = newcomers(ground, pooled.is_new)
    gains, gain_p = come_apart(ground, pooled, ~arrived, replicates=replicates, seed=apart)
    merging = grown_together(ground, pooled, ~arrived, replicates=replicates, seed=together)
    family = {"shares": _two_sided(seen["sizes"], null["sizes"]), "profiles": _two_sided(seen["shifts"], null["shifts"]),
              "distance": float(permutation_p(share_beyond(ground, pooled.is_new[None])[0], null["far"])),
              "apart": min([1.0, *gain_p]),
              "together": min([1.0, *merging[1]])}
    if journeys is not None:
        family["steps"] = float(largest_p(seen["steps"], null["steps"]).min())
    questions = _questions(family)
    found = dict(zip(questions["question"], questions["found"], strict=True))
    frames = {
        "sizes": _sizes(ground, pooled, seen, null, draws), "shifts": _shifts(ground, pooled, seen, null, draws),
        "journeys": _journeys(ground, pooled, seen, null),
    }
    frames["structure"] = _structure(ground, pooled, frames["sizes"], found, links,
                                     (gains, gain_p, merging, arrived, halved))
    changed = frames["structure"]["change"].ne("kept").any()
    verdict = "rebuild" if changed else "drifting" if questions["found"].any() else "stable"
    frames = {name: _with_ids(frame, name, seed, replicates, ground.label, pooled.is_new) for name, frame in frames.items()}
    why = sentences(verdict, frames, questions, old.names)
    return WaveComparison(**frames, questions=questions, verdict=verdict, why=why, seed=seed)


def _check(old: Personas, new: Personas) -> None:
    if list(old.membership.columns) != list(new.membership.columns) or old.candidate != new.candidate:
        raise StudyError(f"compare_waves: {old.candidate} and {new.candidate} are not the same personas. Place the new "
                         f"people in the old ones first: carry_over(personas, *tables, place=..., by=..., reason=...).")
    if list(old.features.active.columns) != list(new.features.active.columns):
        raise StudyError("compare_waves: the two have other active features. Use carry_over to make the later one.")
    for name, one in (("old", old), ("new", new)):
        if len(one.membership) < FEWEST:
            raise TooFewError(f"compare_waves: the {name} wave has {len(one.membership)} people. At least {FEWEST} are "
                              f"needed.")


def _parted(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return flags, ~flags


def _stacked(parts: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}


def _spread(null: np.ndarray) -> np.ndarray:
    """Give the standard error of each change when nothing has changed; NaN where it never moves."""
    error = np.nanstd(null, axis=0, ddof=1)
    return np.where(error > 1e-12, error, np.nan)


def _two_sided(seen: np.ndarray, null: np.ndarray) -> float:
    """Give the p of the largest of many changes either way."""
    flat = null.reshape(len(null), -1)
    return float(np.min(largest_p(np.abs(seen.ravel()), np.abs(flat)), initial=1.0))


def _questions(family: Mapping[str, float]) -> pd.DataFrame:
    p = np.array(list(family.values()))
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return pd.DataFrame({"question": list(family), "p": p, "corrected": corrected, "found": corrected < ALPHA})


def _tested(seen: np.ndarray, null: np.ndarray) -> dict[str, np.ndarray]:
    """Two-sided p from the shuffled spread, q over all of them, and the change that would be seen 4 times in 5."""
    error = _spread(null).ravel()
    p = 2 * norm.sf(np.abs(seen.ravel()) / error)
    return {"detectable": SEEN * error, "p": p, "q": adjust_bh(p)}


def _counts(ground: Ground, pooled: Pool) -> tuple[np.ndarray, np.ndarray]:
    k = len(ground.personas)
    return (np.bincount(ground.label[~pooled.is_new], minlength=k), np.bincount(ground.label[pooled.is_new], minlength=k))


def _sizes(ground: Ground, pooled: Pool, seen: Mapping[str, np.ndarray], null: Mapping[str, np.ndarray],
           draws: Mapping[str, np.ndarray]) -> pd.DataFrame:
    n_old, n_new = _counts(ground, pooled)
    low, high = percentile_interval(draws["sizes"])
    return pd.DataFrame({PERSONA: ground.personas, "n_old": n_old, "n_new": n_new, "share_old": n_old / n_old.sum(),
                         "share_new": n_new / n_new.sum(), "difference": seen["sizes"], "low": low, "high": high,
                         **_tested(seen["sizes"], null["sizes"])})


def _shifts(ground: Ground, pooled: Pool, seen: Mapping[str, np.ndarray], null: Mapping[str, np.ndarray],
            draws: Mapping[str, np.ndarray]) -> pd.DataFrame:
    k, many = len(ground.personas), len(ground.columns)
    low, high = (one.ravel() for one in percentile_interval(draws["natural"]))
    own = [[ground.natural[(ground.label == one) & (pooled.is_new == wave)] for one in range(k)] for wave in (False, True)]
    means, known = ([[make(one) for one in wave] for wave in own] for make in (_means, _known))
    role = np.where(ground.columns["active"], "active", "held_back")
    out = pd.DataFrame({PERSONA: np.repeat(ground.personas, many), FEATURE: np.tile(ground.columns["feature"], k),
                        "level": np.tile(ground.columns["level"], k), "role": np.tile(role, k),
                        "n_old": np.ravel(known[0]), "n_new": np.ravel(known[1]),
                        "old": np.ravel(means[0]), "new": np.ravel(means[1]), "difference": seen["natural"].ravel(),
                        "low": low, "high": high, "effect": seen["shifts"].ravel(),
                        **_tested(seen["shifts"], null["shifts"])})
    return out.dropna(subset=["difference"]).reset_index(drop=True)


def _known(values: np.ndarray) -> np.ndarray:
    return (~np.isnan(values)).sum(axis=0)


def _means(values: np.ndarray) -> np.ndarray:
    known = _known(values)
    return np.divide(np.nansum(values, axis=0), known, out=np.full(values.shape[1], np.nan), where=known > 0)


def _journeys(ground: Ground, pooled: Pool, seen: Mapping[str, np.ndarray], null: Mapping[str, np.ndarray]) -> pd.DataFrame:
    if ground.steps is None:
        return pd.DataFrame()
    walked = np.asarray(ground.steps.sum(axis=1)).ravel() > 0
    people = [[int((walked & (ground.label == one) & (pooled.is_new == wave)).sum()) for one in range(len(ground.personas))]
              for wave in (False, True)]
    p = permutation_p(seen["steps"], null["steps"])
    return pd.DataFrame({PERSONA: ground.personas, "people_old": people[0], "people_new": people[1], "change": seen["steps"],
                         "expected": np.nanmean(null["steps"], axis=0), "p": p, "q": adjust_bh(p)})


def _structure(
    ground: Ground, pooled: Pool, sizes: pd.DataFrame, found: Mapping[str, bool], links: pd.DataFrame | None,
    tests: tuple[np.ndarray, np.ndarray, tuple[list[tuple[int, int]], np.ndarray], np.ndarray, int],
) -> pd.DataFrame:
    gains, gain_p, (pairs, pair_p), arrived, halved = tests
    k = len(ground.personas)
    change, other, p = ["kept"] * k, [""] * k, gain_p.copy()
    most_left = (sizes["share_new"] + sizes["high"] - sizes["difference"]).to_numpy()
    died = found["shares"] & (most_left < LEFT * sizes["share_old"].to_numpy())
    for one in range(k):
        if (found["apart"] and gain_p[one] < ALPHA) or (found["distance"] and one == halved):
            change[one] = "split"
        if died[one]:
            change[one], p[one] = "died", sizes["p"].iloc[one]
    for (one, two), chance in zip(pairs, pair_p, strict=True):
        if found["together"] and chance < ALPHA:
            change[one] = change[two] = "merged"
            other[one], other[two], p[one], p[two] = ground.personas[two], ground.personas[one], chance, chance
    far = [[float(ground.far[(ground.label == one) & (pooled.is_new == wave)].mean())
            if ((ground.label == one) & (pooled.is_new == wave)).any() else np.nan for one in range(k)]
           for wave in (False, True)]
    out = pd.DataFrame({PERSONA: ground.personas, "change": change, "other": other, "n_new": sizes["n_new"],
                        "far_old": far[0], "far_new": far[1], "split_old": gains[:, 0], "split_new": gains[:, 1], "p": p,
                        "afresh": [_afresh(links, one) for one in ground.personas]})
    newly = int((arrived & pooled.is_new).sum())
    if found["distance"] and newly:
        born = pd.DataFrame({PERSONA: [""], "change": ["born"], "other": [""], "n_new": [newly],
                             "afresh": [_afresh(links, "")]})
        out = pd.concat([out, born], ignore_index=True)
    return out


def _afresh(links: pd.DataFrame | None, persona: str) -> str:
    if links is None:
        return ""
    rows = links[links["old"] == persona]
    return ", ".join(f"{row['change']} {row['new']}".strip() for row in rows.astype("str").to_dict("records"))


def _with_ids(frame: pd.DataFrame, name: str, seed: int, replicates: int, *people: np.ndarray) -> pd.DataFrame:
    key = row_id(*people)
    ids = [row_id("waves", name, seed, replicates, key, *row) for row in frame.itertuples(index=False)]
    out = frame.copy()
    out.insert(0, "evidence_id", pd.Series(ids, dtype="str", index=frame.index))
    return out
