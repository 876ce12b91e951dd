"""Put the lanes together into one map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from personakit.documents import Cell, Claim, JourneyMap
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.maps import measured, planned, said
from personakit.maps.view import View, ease_items, level, own_answers, own_frames, passages, rows_of
from personakit.records import Evidence, JourneyFindings, Personas, Study
from personakit.schema import QUOTE
from personakit.wording import check_language, join, say_key, term

Lane = tuple[str, str, tuple[tuple[Cell, ...], ...]]
#: lanes from top to bottom; the curve comes after the time that is spent
BEFORE_CURVE: tuple[tuple[str, Callable[[View, str], tuple[Cell, ...]]], ...] = (
    ("goals", planned.goals), ("touchpoints", measured.touchpoints), ("channels", measured.channels),
    ("reached", measured.reached), ("goes_on", measured.goes_on), ("time", measured.time),
)
AFTER_CURVE: tuple[tuple[str, Callable[[View, str], tuple[Cell, ...]]], ...] = (
    ("effort", said.effort), ("pains", partial(said.told, kind="pain")), ("delights", partial(said.told, kind="delight")),
    ("opportunities", measured.opportunities), ("quotes", said.quotes), ("content", planned.content),
    ("walkthrough", planned.walkthrough), ("owners", planned.owners),
)
#: kinds of source -> the lanes that they feed
SOURCES = {"events": ("touchpoints", "reached"), "interviews": ("pains", "delights", "quotes"), "ces": ("effort",),
           "walkthrough": ("walkthrough",), "documents": ("goals", "content", "owners")}


def make_map(
    study: Study, findings: JourneyFindings | None, *, personas: Personas | None = None, evidence: Evidence | None = None,
    persona: str | None = None, language: str | None = None,
) -> JourneyMap:
    """Lay one journey out as stages by lanes: what the organisation plans, what people do, what they say, where to act.

    Use it pooled first, then for a persona whose journey was found to differ. A map gathers; it does not compare: whether
    two personas' journeys differ is said by ``findings.comparison`` and repeated in the notes. The experience curve has
    one declared source (ease answers, else interviews, else the walk-through) and gaps where nothing is known.

    Parameters
    ----------
    study
        Its stages are the columns; goals, contents, touchpoints, walk-throughs, answers and codes fill lanes.
    findings
        What the journeys show; ``None`` where the study has no events.
    personas, evidence
        Needed for the map of one persona; evidence adds the ids of codes, and quotes of clear members only.
    persona
        A persona such as ``P1``; ``None`` for everyone.
    language
        ``fr`` or ``en``; the study's own where not given.

    Returns
    -------
    A ``JourneyMap`` with the lanes sources, goals, touchpoints, channels, reached, goes_on, time (only where the visits
    of some stage last ten minutes), experience, effort, pains, delights, opportunities, quotes, content, walkthrough and
    owners. A cell's level is ``fully`` (30 people or more, or five and a second source that says the same), ``partly`` or
    ``none``. Figures on fewer than five people are hidden.

    Raises
    ------
    ChoiceError
        The persona is unknown.
    StudyError
        The language is unknown, or a persona is asked for without ``personas``.

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"participant_id": ["p1"]})
    >>> goals = pd.DataFrame({"goal": ["Be found"], "stage": ["awareness"]})
    >>> map_ = make_map(Study(name="tiny", participants=people, goals=goals), None)
    >>> [title for _, title in map_.stages][:2], map_.lanes[1][2][0][0].text
    (['awareness', 'research'], 'Be found')
    """
    view = _view(study, findings, personas, evidence, persona, check_language(language or study.language))
    source, curve = said.experience(view)
    lanes = [*_lanes(view, BEFORE_CURVE), ("experience", view.say("experience"), curve), *_lanes(view, AFTER_CURVE)]
    lanes = [one for one in _triangulated(lanes) if one[0] != "time" or any(one[2])]
    sources = ("sources", view.say("sources"), tuple(_sources(view, lanes, at) for at in range(len(study.stages))))
    who = view.say("everyone") if persona is None else _name(view, personas, persona)
    return JourneyMap(
        title=view.say("title", who=who), language=view.language, persona=persona, banner=_banner(view, personas),
        stages=tuple((stage, term(stage, view.language)) for stage in study.stages), lanes=(sources, *lanes),
        notes=(*_comparisons(view, personas), *_switches(view), Claim(text=view.say(f"curve_{source}")),
               *([Claim(text=view.say("interviews_are_few"))] if study.codes is not None else []),
               *([Claim(text=view.say("no_quotes"))] if _keeps_quotes_back(view, lanes) else [])),
    )


def _view(study: Study, findings: JourneyFindings | None, personas: Personas | None, evidence: Evidence | None,
          persona: str | None, language: str) -> View:
    members = study.participants.index
    if persona is not None:
        if personas is None:
            raise StudyError("make_map: the map of one persona needs personas. Pass personas=...")
        known = [str(one) for one in personas.membership.columns]
        if persona not in known:
            raise ChoiceError(unknown_name("persona", persona, known))
        members = personas.labels.index[personas.labels == persona]
    ease = ease_items(study)
    return View(study=study, language=language, persona=persona, evidence=evidence, frames=own_frames(findings, persona),
                interviews=passages(study, members), ease=ease, answers=own_answers(study, ease, members))


def _lanes(view: View, lanes: tuple[tuple[str, Callable[[View, str], tuple[Cell, ...]]], ...]) -> list[Lane]:
    return [(key, view.say(key), tuple(cells(view, stage) for stage in view.study.stages)) for key, cells in lanes]


def _triangulated(lanes: list[Lane]) -> list[Lane]:
    """Mark what interviewees tell as solid where another source says the same: a flagged touchpoint, or a clear curve."""
    by_key = {key: cells for key, _, cells in lanes}

    def agrees(kind: str, at: int) -> bool:
        flagged = kind == "pains" and any(cell.tone == "pain" for cell in by_key["opportunities"][at])
        clear = any((cell.high is not None and cell.high < 0) if kind == "pains" else
                    (cell.low is not None and cell.low > 0) for cell in by_key["experience"][at] if cell.level == "fully")
        return flagged or clear

    return [(key, title, cells if key not in ("pains", "delights") else tuple(
        tuple(replace(cell, level=level(cell.n, agreed=True)) for cell in column) if agrees(key, at) else column
        for at, column in enumerate(cells))) for key, title, cells in lanes]


def _sources(view: View, lanes: list[Lane], at: int) -> tuple[Cell, ...]:
    filled = {key for key, _, cells in lanes if cells[at]}
    found = [view.say(f"source_{kind}") for kind, fed in SOURCES.items() if filled & set(fed)]
    # a stage is known as well as its best cell: sources that each say little do not add up to much
    levels = {cell.level for key, _, cells in lanes for cell in cells[at]}
    best = next((one for one in ("fully", "partly") if found and one in levels), "none")
    text = view.say("source_list", names=join(found, view.language)) if found else view.say("source_none")
    return (Cell(text=text, value=float(len(found)), level=best),)


def _keeps_quotes_back(view: View, lanes: list[Lane]) -> bool:
    """Tell whether these people said something and none of it may be printed."""
    shown = any(any(cells) for key, _, cells in lanes if key == "quotes")
    return not shown and QUOTE in view.interviews.columns and bool(view.interviews[QUOTE].notna().any())


def _name(view: View, personas: Personas | None, persona: str) -> str:
    named = personas.names.get(persona) if personas is not None else None
    return named or view.say("persona", persona=persona)


def _banner(view: View, personas: Personas | None) -> str | None:
    if view.persona is None or personas is None or personas.chosen:
        return None
    return say_key("cards.not_chosen", view.language)


def _comparisons(view: View, personas: Personas | None) -> list[Claim]:
    """Whether this persona's journey can be told from each other's: one sentence a verdict."""
    frame = view.frames["comparison"]
    if view.persona is None or "verdict" not in frame.columns:
        return []
    mine = frame[(frame["persona_a"] == view.persona) | (frame["persona_b"] == view.persona)]
    claims = []
    for verdict, key in (("differ", "differs"), ("equivalent", "equivalent"), ("not_distinguishable", "same_journey"),
                         ("cannot_tell", "cannot_tell")):
        rows = mine[mine["verdict"] == verdict]
        others = [_name(view, personas, str(row["persona_b"] if row["persona_a"] == view.persona else row["persona_a"]))
                  for row in rows_of(rows)]
        if others:
            claims.append(Claim(text=view.say(key, others=join(others, view.language)),
                                evidence=tuple(str(one) for one in rows["evidence_id"])))
    return claims


def _switches(view: View) -> list[Claim]:
    frame = view.frames["switches"]
    if "target" not in frame.columns:
        return []
    rows = frame[frame["flagged"].astype(bool) & ~frame["hidden"]]
    return [Claim(text=view.say(
        "switch", source=row["source"], target=row["target"], restart=float(row["restart_share"]),
        like=float(row["like_share"]), excess=float(row["excess"]), low=float(row["low"]), high=float(row["high"]),
        n=int(row["people"])), evidence=(str(row["evidence_id"]),), n=int(row["people"])) for row in rows_of(rows)]
