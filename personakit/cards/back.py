"""The back of a card: how the persona was made, how surely, who is in between, and who decided."""

from __future__ import annotations

import math

import pandas as pd

from personakit.cards.doubt import against, alignment, outcomes, spread, survival
from personakit.cards.known import Known, contested, covered, ids, name, of_candidate
from personakit.cards.origin import origin
from personakit.disclosure import is_small
from personakit.documents import Claim
from personakit.schema import PERSONA
from personakit.wording import join, number

#: Hennig (2007): what a Jaccard of at least this much means
STABILITY = ((0.85, "85"), (0.75, "75"), (0.60, "60"), (-1.0, "0"))


def back_sections(known: Known) -> list[tuple[str, list[Claim]]]:
    """Write the sections of the back: key, claims."""
    return [("made", _made(known)), ("together", _together(known)), ("spread", spread(known)),
            ("contested", _contested(known)), ("against_it", against(known)), ("outcomes", outcomes(known)),
            ("alignment", alignment(known)), ("coverage", _coverage(known)), ("origin", origin(known)),
            ("decisions", _decisions(known)), ("reading", _reading(known))]


def _made(known: Known) -> list[Claim]:
    personas, roles = known.personas, known.personas.features.catalog["role"]
    stability = personas.stability
    said = [known.say(f"verdict_{personas.quality['verdict']}")] if "verdict" in personas.quality else []
    jaccard = float(stability["jaccard"][known.persona]) if "jaccard" in stability.columns else math.nan
    if math.isfinite(jaccard):
        level = next(name for least, name in STABILITY if jaccard >= least)
        said.append(known.say(f"stability_{level}", jaccard=number(jaccard, known.language, 2)))
    said.append(known.say("method_chosen" if personas.chosen else "method", candidate=personas.candidate,
                          k=personas.membership.shape[1], n=personas.tried))
    said.append(known.say("ingredients", active=int((roles == "active").sum()), held=int((roles == "held_back").sum())))
    days = personas.features.window_days
    if days is not None and math.isfinite(days):
        said.append(known.say("window", days=days))
    behind = of_candidate(personas)
    claims = [Claim(text=text, evidence=behind, status="measured" if behind else "method") for text in said]
    return [*claims, survival(known)]


def _together(known: Known) -> list[Claim]:
    headline = known.traits["headline"].astype(bool)
    top, rest = known.traits[headline], known.traits[~headline]
    claims = []
    if len(top):
        claims.append(_prevalence(known, "together_headline", top, top))
    elif len(rest):
        claims.append(Claim(text=known.say("together_none"), evidence=ids(rest)))
    if len(rest):
        claims.append(_prevalence(known, "together_not", rest, known.traits))
    return claims


def _prevalence(known: Known, key: str, named: pd.DataFrame, all_of: pd.DataFrame) -> Claim:
    held = float(all_of["together"].iloc[-1])
    traits = [_trait(known, row) for _, row in named.iterrows()]
    holders, others = (round(part * known.coverage["n"]) for part in (held, 1 - held))
    if is_small(holders):
        key = "together_not_hidden"
    elif is_small(others):
        key = "together_nearly"
    return Claim(text=known.say(key, share=held, n=len(named), traits=join(traits, known.language)), evidence=ids(all_of))


def _trait(known: Known, row: pd.Series) -> str:
    what, level = known.label(row["feature"]), str(row["level"])
    key = f"trait_{level}" if level in ("present", "absent", "above", "below") else "trait_level"
    return known.say(key, what=what, level=level)


def _contested(known: Known) -> list[Claim]:
    claims = []
    between = contested(known)
    if between == 0:
        claims.append(Claim(text=known.say("contested_none"), evidence=covered(known)))
    elif math.isfinite(between) and not is_small(round(between * known.coverage["n"])):
        claims.append(Claim(text=known.say("contested_share", share=between), evidence=covered(known)))
    outside = float(known.coverage.get("outsiders", math.nan))
    if math.isfinite(outside) and not is_small(round(outside * known.coverage["n"])):
        claims.append(Claim(text=known.say("outsiders" if outside else "outsiders_none", share=outside),
                            evidence=covered(known)))
    return [*claims, *_nearest(known)]


def _nearest(known: Known) -> list[Claim]:
    """Name the persona that most members would belong to next; where memberships are all or none, the doubtful ones'."""
    membership = known.personas.membership
    others = membership.loc[known.personas.labels == known.persona].drop(columns=known.persona)
    if others.shape[1] and (others > 0).any(axis=None):
        second = others[others.max(axis=1) > 0].idxmax(axis=1).value_counts(sort=False)
        nearest, count = min(((str(one), int(n)) for one, n in second.items()), key=lambda pair: (-pair[1], pair[0]))
        if is_small(count):
            return []
        return [Claim(text=known.say("runner_up", other=name(known, nearest), share=count / len(others)), n=count,
                      evidence=covered(known))]
    next_to = str(known.coverage.get("runner_up", ""))
    if next_to not in membership.columns:
        return []
    return [Claim(text=known.say("runner_up_doubtful", other=name(known, next_to)), evidence=covered(known))]


def _coverage(known: Known) -> list[Claim]:
    claims = []
    for source in ("events", "answers", "codes"):
        n, total = int(known.coverage[f"with_{source}"]), int(known.coverage["n"])
        # how many were interviewed is said even where they are few: interviews are few by design
        few = "hidden" if known.coverage["hidden"] else "few_known" if source != "codes" and is_small(n) else ""
        text = known.say(few) if few else known.say("known", n=n, total=total)
        claims.append(Claim(text=known.say(f"known_{source}", known=text), evidence=covered(known)))
    return claims


def _decisions(known: Known) -> list[Claim]:
    taken = known.personas.decisions
    mine = taken[taken[PERSONA].isna() | taken[PERSONA].isin(["", "all", known.persona])]
    return [Claim(text=_decision(known, row), status="chosen") for _, row in mine.iterrows()] or \
        [Claim(text=known.say("decision_none"))]


def _decision(known: Known, row: pd.Series) -> str:
    act = str(row["act"])
    known_acts = ("choose", "recommend", "label", "label_by_machine", "summary_by_machine")
    key = f"decision_{act}" if act in known_acts else "decision_other"
    when = row.get("when")
    dated = isinstance(when, str) and when != ""
    what = known.say(key, act=act, value=row["value"], by=row["by"])
    return known.say("decision_dated" if dated else "decision", what=what, reason=_ended(row["reason"]), when=when)


def _ended(reason: object) -> str:
    """End a reason as a sentence, whatever people typed."""
    text = str(reason).rstrip()
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def _reading(known: Known) -> list[Claim]:
    keys = ("active", "interviews", "drawing", "numbers")
    return [Claim(text=known.say(f"reading_{key}"), status="method") for key in keys]
