"""What differs between two personas' journeys: steps, stages, funnel and time, each with an interval."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm

from personakit.inference import adjust_bh, one_thread, percentile_interval, permuted, person_weights, ratio
from personakit.journeys.compare.guard import AFTER_WINDOW, ALL_STEPS, fair_part
from personakit.journeys.compare.scores import (
    Ratios,
    Sums,
    enough,
    overall,
    persona_sums,
    redrawn,
    seen_ratios,
    shares_of,
    squared_t,
    step_ratios,
)
from personakit.journeys.groups import FEW_PEOPLE, check_view
from personakit.journeys.incidence import cumulative_incidence
from personakit.journeys.reach import judge, last_heard, next_row
from personakit.journeys.rows import with_ids
from personakit.journeys.transitions import _stays
from personakit.records import Journeys, Personas
from personakit.schema import STAGE

ALPHA = 0.05
DIFFERENCES = ["persona_a", "persona_b", "view", "source", "target", "people_a", "people_b", "value_a", "value_b",
               "difference", "low", "high", "p", "q", "differs"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """Ratios of one kind with the words of each: view, source, target (m)."""

    ratios: Ratios
    words: list[tuple[str, str, str]]

    def of_enough(self, rows: np.ndarray) -> _View:
        """Keep some people, and what enough of them move."""
        ratios = self.ratios.rows(rows)
        used = np.flatnonzero(enough(ratios))
        return _View(ratios=replace(ratios, top=ratios.top[:, used], of=ratios.of[used]),
                     words=[self.words[at] for at in used])


@one_thread()
def journey_differences(
    journeys: Journeys, personas: Personas, *, by: str = STAGE, seed: int, replicates: int = 500
) -> pd.DataFrame:
    """List what differs between each pair of personas: next steps, stages seen, funnel and days, surest first.

    Use it after ``compare_journeys`` said ``differ``: it says where. Every interval redraws people and, where memberships
    are not sure, the persona of each, so it carries both doubts. Rare steps (fewer than 10 people in a persona at the
    source, or on the step) are left out. Steps that made the personas are described and not tested: where personas came
    from first days, only later events count; where they came from the whole log, p and q are empty.

    Returns
    -------
    DataFrame
        evidence_id, persona_a, persona_b, view (``step``: share of the steps out of source that go to target; ``stage``:
        share of people ever seen at target; ``funnel``: share who came to target, of those who came to source, people on
        the way counted as open; ``days``: mean days of a visit at target), source, target, people_a, people_b (who count
        below the ratio), value_a, value_b, difference (a less b), low, high, p, q (Benjamini-Hochberg over the whole
        table), differs (q <= .05).

    Raises
    ------
    ChoiceError
        ``by`` is neither, or the log has no stages.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57. Ge, Y., Dudoit, S. & Speed, T.
    (2003). Resampling-based multiple testing (p of pooled permutations). Test 12.
    """
    column = check_view(journeys, by)
    fair = fair_part(journeys, personas, None)
    part = fair.journeys
    known = personas.membership.reindex(part.log.participants)
    rows = np.flatnonzero(known.notna().all(axis=1).to_numpy())
    names, member = list(map(str, known.columns)), known.to_numpy(dtype=float)[rows]
    seeds = np.random.SeedSequence(seed).spawn(2)
    tables = []
    if len(rows):
        tables += _ratio_rows(_views(part, column), rows, member, names, (replicates, seeds[0]))
    if len(rows) and by == STAGE and len(part.stages) > 1:
        tables += _funnel_rows(part, rows, member, names, (replicates, seeds[1]))
    table = pd.DataFrame(tables, columns=DIFFERENCES[:13])
    if fair.tested not in (ALL_STEPS, AFTER_WINDOW):
        table["p"] = np.nan
    table["q"] = adjust_bh(table["p"].to_numpy(dtype=float))
    table["differs"] = (table["q"] <= ALPHA).to_numpy()
    table = table.sort_values(["q", "p", *DIFFERENCES[:5]], kind="stable", ignore_index=True)
    kinds = {**dict.fromkeys(DIFFERENCES[:5], "str"), **dict.fromkeys(DIFFERENCES[5:7], "int64")}
    out = with_ids(table.astype(kinds), "differences", by, seed, replicates, fair.tested)
    out.attrs.update(tested=fair.tested, reason=fair.reason)
    return out


def _views(journeys: Journeys, column: str) -> list[_View]:
    words = list(map(str, journeys.log.levels[column]))
    steps, cells = step_ratios(journeys.log, column, with_first=False)
    stays = _stays(journeys, column)
    shape = (len(journeys.log.participants), len(words))
    where = (stays["person"].to_numpy(), stays["code"].to_numpy())
    days = sparse.csr_array(sparse.coo_array((stays["days"].to_numpy(dtype=float), where), shape=shape))
    visits = sparse.csr_array(sparse.coo_array((np.ones(len(stays)), where), shape=shape))
    return [
        _View(ratios=steps, words=[("step", words[cell // len(words)], words[cell % len(words)]) for cell in cells]),
        _View(ratios=seen_ratios(journeys.log, column), words=[("stage", "", word) for word in words]),
        _View(ratios=Ratios(top=days, bottom=visits, of=np.arange(len(words))),
              words=[("days", "", word) for word in words]),
    ]


def _ratio_rows(views: list[_View], rows: np.ndarray, member: np.ndarray, names: list[str],
                draw: tuple[int, np.random.SeedSequence]) -> list[tuple]:
    replicates, seed = draw
    label = member.argmax(axis=1)
    out = []
    for view, child in zip(views, seed.spawn(len(views)), strict=True):
        view = view.of_enough(rows)
        ratios = view.ratios
        again, *shuffles = child.spawn(1 + len(names) * (len(names) - 1) // 2)
        values = np.concatenate([ratio(draws.score, draws.below[..., ratios.of])
                                 for draws in redrawn(ratios, member, replicates=replicates, seed=again)])
        for (a, b), shuffle in zip(itertools.combinations(range(len(names)), 2), shuffles, strict=True):
            own = np.flatnonzero((label == a) | (label == b))
            if len(own):
                out += _pair_rows(view, ratios.rows(own), (label[own] == b), values[:, [a, b]], (names[a], names[b]),
                                  (replicates, shuffle))
    return out


def _pair_rows(view: _View, ratios: Ratios, second: np.ndarray, draws: np.ndarray, names: tuple[str, str],
               draw: tuple[int, np.random.SeedSequence]) -> list[tuple]:
    below = np.stack([(ratios.bottom[side] > 0).sum(axis=0)[ratios.of] for side in (~second, second)])
    used = np.flatnonzero(enough(ratios) & (below >= FEW_PEOPLE).all(axis=0))
    if not len(used):
        return []
    kept = replace(ratios, top=ratios.top[:, used], of=ratios.of[used])
    labels = np.concatenate([second[None], permuted(second, replicates=draw[0], seed=draw[1])]).astype(np.int8)
    found = list(persona_sums(kept, labels, 2))
    squares = np.concatenate([squared_t(one, kept.of)[:, 0] for one in found])
    value = shares_of(Sums(score=found[0].score[:1], square=found[0].square[:1], below=found[0].below[:1]),
                      overall(kept), kept.of)[0]
    gap = value[0] - value[1]
    spread = draws[:, 0, used] - draws[:, 1, used]
    low, high = percentile_interval(spread - np.nanmean(spread, axis=0) + gap)
    # the squared t of every row has nearly the same null: pooled, few shuffles give small p
    null = np.sort(squares[1:].ravel())
    p = (1 + len(null) - np.searchsorted(null, squares[0] * (1 - 1e-9))) / (1 + len(null))
    return [(*names, *view.words[at], int(below[0, at]), int(below[1, at]), value[0, i], value[1, i], gap[i], low[i],
             high[i], p[i]) for i, at in enumerate(used)]


def _funnel_rows(journeys: Journeys, rows: np.ndarray, member: np.ndarray, names: list[str],
                 draw: tuple[int, np.random.SeedSequence]) -> list[tuple]:
    """Share who came from each stage to the next, of those who came to it."""
    replicates, seed = draw
    label, out = member.argmax(axis=1), []
    for source, target in itertools.pairwise(journeys.stages):
        entered, time, outcome = _reached_next(journeys, source, target)
        time, outcome, inside = time[rows], outcome[rows], entered[rows]
        shares, counts = [], []
        for persona, child in enumerate(seed.spawn(len(names))):
            own = np.flatnonzero(inside & (label == persona))
            counts.append(len(own))
            if len(own) < FEW_PEOPLE:
                shares.append(np.full(replicates + 1, np.nan))
                continue
            weights = np.concatenate([np.ones((1, len(own))), person_weights(len(own), replicates=replicates, seed=child)])
            # whoever is only probably of this persona counts as often as that
            weights[1:] *= member[own, persona]
            shares.append(cumulative_incidence(time[own], outcome[own], horizon=np.inf, weights=weights))
        for a, b in itertools.combinations(range(len(names)), 2):
            if min(counts[a], counts[b]) >= FEW_PEOPLE:
                out.append((names[a], names[b], "funnel", source, target, counts[a], counts[b],
                            *_gap(shares[a], shares[b])))
    return out


def _reached_next(journeys: Journeys, source: str, target: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say who was at ``source``, and of each how long it took to ``target`` (or was watched) with the outcome."""
    log = journeys.log
    begin = next_row(journeys, STAGE, source, log.offsets[:-1])
    arrive = next_row(journeys, STAGE, target, begin)
    since, at = (log.time_us[np.minimum(row, len(log.time_us) - 1)] for row in (begin, arrive))
    until, is_open = last_heard(journeys)
    return (begin < log.offsets[1:], *judge(at - since, arrive < log.offsets[1:], until - since, is_open,
                                            np.iinfo(np.int64).max))


def _gap(a: np.ndarray, b: np.ndarray) -> tuple[float, ...]:
    gap, spread = a[0] - b[0], a[1:] - b[1:]
    low, high = percentile_interval(spread - spread.mean() + gap)
    deviation = float(spread.std())
    p = 2 * float(norm.sf(abs(gap) / deviation)) if deviation > 0 else 1.0 if gap == 0 else np.nan
    return float(a[0]), float(b[0]), float(gap), float(low), float(high), p
