"""The human acts: choosing personas and naming them, each with its author and its reason; and names to start from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as _with

import pandas as pd

from personakit.disclosure import evidence_cells
from personakit.errors import ChoiceError, unknown_name
from personakit.records import Candidates, Evidence, Personas
from personakit.schema import CODE, EVIDENCE_ID, FEATURE, KIND, PERSONA, ROLE
from personakit.wording import canonical, check_language, feature_label, say, say_key, term, typeset

#: A suggested name has at most so many letters and pieces; a piece differs at least so much from everyone else.
MOST_LETTERS, MOST_PIECES, MIN_EFFECT = 45, 3, 0.3
#: Pieces looked at for one name, how weak one may be beside the strongest, and the longest text of the study's own.
MOST_WEIGHED, MIN_WEIGHT, MOST_LETTERS_OF_LABEL = 6, 0.35, 26
#: A code names a persona when it is clearly more frequent there, and at least this many interviewees say it.
MIN_LOG_ODDS, MIN_SPEAKERS = 1.5, 3
#: Themes in the order of a name; a name takes one piece of each. What is not listed comes first.
THEMES = {
    "answer": (), "channel": ("channel_share",), "device": ("device_share",), "touchpoint": ("touchpoint_share",),
    "stage": ("stage_share",), "content": ("content_share",), "said": ("code",),
    "activity": ("events_per_30d", "sessions_per_30d", "active_days_per_30d", "gap_days"),
    "depth": ("events_per_session",), "hour": ("evening_share",), "day": ("weekend_share",), "money": ("value_per_30d",),
}
THEME_OF = {family: theme for theme, families in THEMES.items() for family in families}
SPELLED_OUT = {f"content_share:{kind}" for kind in ("orient", "inform", "help", "reassure", "reward")}


def choose(candidates: Candidates, candidate: str, *, by: str, reason: str, when: str = "") -> Personas:
    """Choose one candidate: its personas go on, with who chose it and why in the decision log.

    Use it after looking at ``plot_candidates``. Choosing does not make a candidate truer: its verdict stays on every card.

    Parameters
    ----------
    candidates
        What ``find_candidates`` returned.
    candidate
        A row of ``candidates.table``, such as ``"latent_class-4"``.
    by, reason, when
        Who decided, why, and (optional) the day.

    Returns
    -------
    Personas with ``chosen=True`` and the act ``choose`` in ``decisions``.

    Raises
    ------
    ChoiceError
        The candidate is unknown, or ``by`` or ``reason`` is empty.

    Examples
    --------
    >>> choose(None, "kmeans-3", by="", reason="stable")
    Traceback (most recent call last):
    personakit.errors.ChoiceError: choose: 'by' is empty. Say who decides.
    """
    _check_author("choose", by, reason)
    if candidate not in candidates.memberships:
        raise ChoiceError(unknown_name("candidate", candidate, list(candidates.memberships)))
    return _take(candidates, candidate, chosen=True, decision=("choose", "", candidate, by, reason, when))


def recommend(candidates: Candidates, *, language: str = "en") -> Personas:
    """Take the recommended candidate: personas that no person has chosen yet, and that say so.

    Use it to look at something before anyone decides; ``choose`` is the decision. ``language`` is that of the reason.

    Returns
    -------
    Personas with ``chosen=False`` and the act ``recommend`` in ``decisions``.

    Raises
    ------
    ChoiceError
        Nothing is recommended: the search found no personas here.
    """
    why = " ".join(say(sentence, language) for sentence in candidates.why[:1])
    if candidates.recommended is None:
        raise ChoiceError(f"candidates: none is recommended, there are no personas here (verdict: {candidates.verdict}). "
                          f"{why} Choose one by name with choose(candidates, candidate, by=..., reason=...) if you must.")
    reason = say_key("personas.recommended", language, n=len(candidates.table), why=why).strip()
    decision = ("recommend", "", candidates.recommended, "personakit", reason, "")
    return _take(candidates, candidates.recommended, chosen=False, decision=decision)


def label(
    personas: Personas, names: Mapping[str, str], *, by: str, reason: str, when: str = "", replace: bool = False
) -> Personas:
    """Name personas, with who named them and why in the decision log.

    Parameters
    ----------
    personas
        Personas, named or not.
    names
        Persona to name, such as ``{"P1": "La prévoyante"}``; the others keep theirs.
    by, reason, when
        Who decided, why, and (optional) the day.
    replace
        Allow that a name given before is replaced; both stay in the log.

    Returns
    -------
    The personas with these names, and one act ``label`` a name in ``decisions``.

    Raises
    ------
    ChoiceError
        An unknown persona; an empty name, ``by`` or ``reason``; one name for two personas; a name that would be replaced.
    """
    _check_author("label", by, reason)
    names = {str(persona): str(name).strip() for persona, name in names.items()}
    for persona, name in names.items():
        if persona not in personas.membership.columns:
            raise ChoiceError(unknown_name("persona", persona, [str(one) for one in personas.membership.columns]))
        if not name:
            raise ChoiceError(f"label: the name of {persona} is empty. Give it a name or leave {persona} out.")
        if not replace and personas.names.get(persona, name) != name:
            raise ChoiceError(f"label: {persona} is already named {personas.names[persona]!r}. "
                              f"Pass replace=True to name it {name!r}; the log keeps both.")
    after = {**personas.names, **names}
    for (one, name), (other, same) in itertools.combinations(after.items(), 2):
        if name.casefold() == same.casefold():
            raise ChoiceError(f"label: {one} and {other} are both named {name!r}. Give each persona its own name.")
    named = _log([("label", persona, name, by, reason, when) for persona, name in names.items()])
    decisions: list[pd.DataFrame] = [personas.decisions, named]
    return _with(personas, names=after, decisions=pd.concat(decisions, ignore_index=True))


def suggest_labels(personas: Personas, evidence: Evidence, *, language: str) -> pd.DataFrame:
    """Suggest a short name for each persona, made of what sets it apart most: a start for people, who name better.

    Same evidence, same names; no two alike. Pieces are features whose interval excludes no difference, the largest
    difference to everyone else and to the next persona first, one piece a theme, and the most distinctive interview code.
    It cannot tell what matters to these people, only how they differ.

    Parameters
    ----------
    personas, evidence
        The personas and the evidence gathered for them.
    language
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        Indexed by persona: ``label`` (at most about 45 letters) and ``features`` (tuple of the evidence ids it rests on).

    Raises
    ------
    ChoiceError
        The evidence is of other personas.
    StudyError
        The language is unknown.
    """
    check_language(language)
    asked = [str(one) for one in personas.membership.columns]
    if list(evidence.coverage.index) != asked:
        raise ChoiceError(f"evidence: it is of {', '.join(evidence.coverage.index)}, the personas are {', '.join(asked)}. "
                          f"Gather it again: gather_evidence(study, features, personas, seed=7).")
    words = personas.features.catalog["label"] if "label" in personas.features.catalog else pd.Series(dtype="str")
    used = {name.casefold() for name in personas.names.values()}
    rows = []
    for persona in asked:
        pieces = _pieces(persona, evidence, words, language)
        text, chosen = _first_new(persona, pieces, used, language)
        used.add(text.casefold())
        rows.append((persona, text, tuple(piece.evidence_id for piece in chosen)))
    return pd.DataFrame(rows, columns=[PERSONA, "label", "features"]).set_index(PERSONA)


# ---------------------------------------------------------------- the pieces of a suggested name


@dataclass(frozen=True, kw_only=True)
class _Piece:
    text: str
    theme: str
    weight: float
    evidence_id: str


def _pieces(persona: str, evidence: Evidence, words: pd.Series, language: str) -> list[_Piece]:
    """Return what could stand in a name, best first: one piece a theme, none said twice."""
    named = evidence.table.loc[evidence_cells(evidence.table).index]  # no level that tells of a few people
    found = [*_feature_pieces(persona, named, words, language), *_code_pieces(persona, evidence.codes, language)]
    found.sort(key=lambda piece: (-piece.weight, piece.text))
    kept: list[_Piece] = []
    for piece in found:
        free = piece.theme == "answer" or all(piece.theme != other.theme for other in kept)
        if free and all(piece.text != other.text for other in kept) and piece.weight >= MIN_WEIGHT * found[0].weight:
            kept.append(piece)
    return kept[:MOST_WEIGHED]


def _feature_pieces(persona: str, table: pd.DataFrame, words: pd.Series, language: str) -> Iterator[_Piece]:
    clear = (table["low"] > 0) | (table["high"] < 0)
    for _, row in table[clear & (table[PERSONA] == persona) & (table["effect"].abs() >= MIN_EFFECT)].iterrows():
        high = bool(row["effect"] > 0)
        others = table.loc[(table[FEATURE] == row[FEATURE]) & (table[PERSONA] != persona), "inside"]
        # the step to the next persona counts as much as the difference to all others: a name should tell personas apart
        step = row["inside"] - others.max() if high else others.min() - row["inside"]
        weight = 0.5 * abs(row["effect"]) * (1 + max(step / abs(row["difference"]), 0.0))
        family, _, level = str(row[FEATURE]).partition(":")
        if not high and (level or row[KIND] in ("binary", "nominal")):
            weight *= 0.5  # that something is rarer says less than what is more frequent instead
        if row[ROLE] == "held_back":
            weight *= 0.5  # outcomes and background tell less of who people are than what made the personas
        yield _Piece(text=_say_feature(str(row[FEATURE]), str(row[KIND]), high, words, language),
                     theme=THEME_OF.get(family, "answer"), weight=float(weight), evidence_id=str(row[EVIDENCE_ID]))


def _code_pieces(persona: str, codes: pd.DataFrame, language: str) -> Iterator[_Piece]:
    own = codes[(codes[PERSONA] == persona) & (codes["log_odds"] >= MIN_LOG_ODDS) & (codes["with_code"] >= MIN_SPEAKERS)]
    for _, row in own.iterrows():
        yield _Piece(text=say_key("personas.high_code", language, what=_readable(str(row[CODE]))), theme="said",
                     # a z of 3 among interviewees counts as a difference of one standard deviation
                     weight=float(row["log_odds"]) / 3, evidence_id=str(row[EVIDENCE_ID]))


def _say_feature(feature: str, kind: str, high: bool, words: pd.Series, language: str) -> str:
    side = "high" if high else "low"
    family, _, level = feature.partition(":")
    if high and f"{family}:{canonical(level)}" in SPELLED_OUT:
        return say_key(f"personas.{side}_{family}_{canonical(level)}", language)
    if family == "code":
        return say_key(f"personas.{side}_code", language, what=_readable(level))
    if family in THEME_OF:
        return say_key(f"personas.{side}_{family}", language, level=level)
    name, equals, level = feature.partition("=") if feature not in words.index else (feature, "", "")
    what = _readable(feature_label(name, language, words.get(name, "")))
    if equals:
        return say_key(f"personas.{side}_level", language, what=what, level=term(level, language))
    return say_key(f"personas.{side}_{'binary' if kind == 'binary' else 'number'}", language, what=what)


def _readable(text: str) -> str:
    text = text.replace("_", " ").strip()
    if len(text) <= MOST_LETTERS_OF_LABEL:
        return text
    return text[:MOST_LETTERS_OF_LABEL].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _first_new(persona: str, pieces: list[_Piece], used: set[str], language: str) -> tuple[str, tuple[_Piece, ...]]:
    """Return the weightiest name of up to three pieces, the strongest among them, that is short enough and not yet used."""
    sets = [chosen for size in (MOST_PIECES, 2, 1) for chosen in itertools.combinations(pieces, size)]
    sets.sort(key=lambda chosen: (pieces[0] not in chosen, -sum(piece.weight for piece in chosen)))
    for chosen in sets:
        text = _join(chosen, language)
        if len(text) <= MOST_LETTERS and text.casefold() not in used:
            return text, chosen
    best = tuple(pieces[:1])
    text = _join(best, language) if best else say_key("personas.nothing", language)
    if text.casefold() in used:
        text = say_key("personas.numbered", language, label=text, persona=persona)
    return text, best


def _join(pieces: tuple[_Piece, ...], language: str) -> str:
    places = list(THEMES)
    texts = [piece.text for piece in sorted(pieces, key=lambda piece: places.index(piece.theme))]
    text = ", ".join(texts)
    return typeset(text[:1].upper() + text[1:], language)


# ---------------------------------------------------------------- the decision log


def _take(candidates: Candidates, candidate: str, *, chosen: bool, decision: tuple[str, ...]) -> Personas:
    return Personas(
        candidate=candidate,
        membership=candidates.memberships[candidate],
        features=candidates.features,
        quality=pd.Series(candidates.table.loc[candidate]),
        stability=pd.DataFrame(candidates.personas.xs(candidate, level=0)),
        tried=len(candidates.table),
        chosen=chosen,
        decisions=_log([decision]),
    )


def _log(rows: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["act", PERSONA, "value", "by", "reason", "when"]).astype("str")


def _check_author(act: str, by: str, reason: str) -> None:
    for name, value, advice in (("by", by, "Say who decides."), ("reason", reason, "Say why, in a few words.")):
        if not isinstance(value, str) or not value.strip():
            raise ChoiceError(f"{act}: {name!r} is empty. {advice}")
