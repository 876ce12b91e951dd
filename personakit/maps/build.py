"""Put the lanes together into one map, of everyone, of one persona, or of two beside each other."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from personakit.documents import Claim, JourneyMap
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.maps.lanes import Lane, lanes_of
from personakit.maps.pair import pair_lanes, pair_note
from personakit.maps.said import WALKTHROUGH, curve_source
from personakit.maps.view import View, own_frames, passages, rows_of
from personakit.records import Evidence, JourneyFindings, Personas, Study
from personakit.schema import QUOTE
from personakit.wording import check_language, join, say_key, term


def make_map(
    study: Study, findings: JourneyFindings | None, *, personas: Personas | None = None, evidence: Evidence | None = None,
    persona: str | tuple[str, str] | None = None, hypotheses: pd.DataFrame | None = None, language: str | None = None,
) -> JourneyMap:
    """Lay one journey out as stages by lanes: what the organisation plans, what people do, what they say, where to act.

    Use it pooled first, then for a persona whose journey was found to differ, or for two beside each other. A map gathers;
    it does not test: whether two personas' journeys differ is said by ``findings.comparison`` and repeated in the notes.
    The experience curve has one declared source (answers about ease, else satisfaction, else interviews, as the findings
    hold them; else the walk-through), the same for two personas, and gaps where nothing is known. A hypothesis is one:
    nothing on a map tells what causes what.

    Parameters
    ----------
    study
        Its stages are the columns; goals, contents, touchpoints, walk-throughs, answers and codes fill lanes.
    findings
        What the journeys show, from ``describe_journeys(..., study=study)`` also what people live through; ``None`` where
        the study has no events.
    personas, evidence
        Needed for the map of one persona; evidence adds the ids of codes, and quotes of clear members only.
    persona
        A persona such as ``P1``; two of them, ``("P1", "P3")``, for a map that compares; ``None`` for everyone.
    hypotheses
        The team's own, from ``read_hypotheses`` or ``judge_hypotheses``: each stands among the opportunities of its stage.
    language
        ``fr`` or ``en``; the study's own where not given.

    Returns
    -------
    A ``JourneyMap`` with the lanes sources (each stage's, and how well data back it), goals (of the organisation), wants
    (what interviewees want), actions, touchpoints, channels, reached, goes_on, drops_off, time (only where the visits of
    some stage last ten minutes), experience, moments (peak, trough, end, survivors) and agreement (of sources) where there
    are any, effort, pains, delights, opportunities (insight, team, metric, hypothesis),
    quotes, content, walkthrough and owners. A map of two has these lanes once for each persona (``reached:P1``), those
    that the organisation declares once, and ``reached_gap``. A cell's level is ``fully`` (30 people or more, or five and a
    second source that says the same), ``partly`` or ``none``. Figures on fewer than five people are hidden.

    Raises
    ------
    ChoiceError
        A persona is unknown, or the two are one.
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
    asked = _asked(personas, persona)
    spoken = check_language(language or study.language)
    views = [replace(_view(study, findings, personas, evidence, one, spoken), register=hypotheses) for one in asked]
    source, names = curve_source(*views), tuple(_who(view, personas) for view in views)
    first = views[0]
    if len(views) == 2:
        pair = (names[0], names[1])
        title = first.say("title_pair", one=_named(first, pair[0]), two=_named(views[1], pair[1]))
        lanes = pair_lanes(first, views[1], source)
        compared = pair_note(first, (str(asked[0]), str(asked[1])), pair)
    else:
        title, lanes, compared = first.say("title", who=names[0]), lanes_of(first, source), _comparisons(first, personas)
    return JourneyMap(
        title=title, language=spoken, persona="+".join(one for one in asked if one) or None,
        banner=_banner(first, personas), stages=tuple((stage, term(stage, spoken)) for stage in study.stages),
        lanes=tuple(lanes), personas=tuple(one for one in asked if one),
        notes=(*compared, *(note for view, name in zip(views, names, strict=True) for note in _switches(view, name)),
               _curve_note(first, source),
               *([Claim(text=first.say("interviews_are_few"))] if study.codes is not None else []),
               *([Claim(text=first.say("no_quotes"))] if any(_keeps_quotes_back(one, lanes) for one in views) else [])),
    )


def _curve_note(view: View, source: str) -> Claim:
    """Say what the curve shows, in the words of its picture."""
    if source in (WALKTHROUGH, "none"):
        return Claim(text=view.say(f"curve_{source}"))
    return Claim(text=view.say("curve_note", what=say_key(f"paths.curve_{source}", view.language)))


def _asked(personas: Personas | None, persona: str | tuple[str, str] | None) -> tuple[str | None, ...]:
    asked = (persona,) if persona is None or isinstance(persona, str) else tuple(persona)
    if asked == (None,):
        return asked
    if personas is None:
        raise StudyError("make_map: the map of one persona needs personas. Pass personas=...")
    known = [str(one) for one in personas.membership.columns]
    for one in asked:
        if one not in known:
            raise ChoiceError(unknown_name("persona", str(one), known))
    if len(set(asked)) != len(asked) or len(asked) > 2:
        raise ChoiceError(f"persona: {', '.join(map(str, asked))}: give one persona, or two different ones to compare.")
    return asked


def _view(study: Study, findings: JourneyFindings | None, personas: Personas | None, evidence: Evidence | None,
          persona: str | None, language: str) -> View:
    members = study.participants.index
    if persona is not None and personas is not None:
        members = personas.labels.index[personas.labels == persona]
    return View(study=study, language=language, persona=persona, evidence=evidence, frames=own_frames(findings, persona),
                interviews=passages(study, members))


def _named(view: View, name: str) -> str:
    return name if view.persona in name.split() else view.say("named", name=name, persona=view.persona)


def _who(view: View, personas: Personas | None) -> str:
    return view.say("everyone") if view.persona is None else _name(view, personas, view.persona)


def _keeps_quotes_back(view: View, lanes: list[Lane]) -> bool:
    """Tell whether these people said something and none of it may be printed."""
    shown = any(any(cells) for key, _, cells in lanes if key in ("quotes", f"quotes:{view.persona}"))
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


def _switches(view: View, name: str) -> list[Claim]:
    frame = view.frames["switches"]
    if "target" not in frame.columns:
        return []
    rows = frame[frame["flagged"].astype(bool) & ~frame["hidden"]]
    who = view.say("switch_all") if view.persona is None else name
    return [Claim(text=view.say(
        "switch", who=who, source=row["source"], target=row["target"], restart=float(row["restart_share"]),
        like=float(row["like_share"]), excess=float(row["excess"]), low=float(row["low"]), high=float(row["high"]),
        n=int(row["people"])), evidence=(str(row["evidence_id"]),), n=int(row["people"])) for row in rows_of(rows)]
