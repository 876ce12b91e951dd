"""Names to start from: traits are chosen by their figures, in no language, and then said in French or English."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from personakit.disclosure import evidence_cells
from personakit.inference import one_thread, person_weights, weighted_rate
from personakit.personas.decide import check_evidence
from personakit.personas.phrases import (
    THEME_OF,
    THEMES,
    Said,
    join_pieces,
    say_code,
    say_feature,
    say_nothing,
    say_numbered,
)
from personakit.records import Evidence, Personas
from personakit.schema import CODE, EVIDENCE_ID, FEATURE, KIND, LANGUAGES, PERSONA, ROLE, as_text
from personakit.wording import check_language

#: a suggested name has at most so many letters (in each language) and pieces; a piece differs at least so much
MOST_LETTERS, MOST_PIECES, MIN_EFFECT = 45, 3, 0.3
#: pieces looked at for one name, and how weak one may be beside the strongest
MOST_WEIGHED, MIN_WEIGHT = 6, 0.35
#: a code names a persona when it is clearly more frequent there, and at least this many interviewees say it
MIN_LOG_ODDS, MIN_SPEAKERS = 1.5, 3
#: bootstrap samples of people behind the stability of a name
REPLICATES = 50


@one_thread()
def suggest_labels(personas: Personas, evidence: Evidence, *, language: str) -> pd.DataFrame:
    """Suggest a short name for each persona, made of what sets it apart most: a start for people, who name better.

    Same evidence, same traits, in either language; no two names alike. Pieces are features whose interval excludes no
    difference, the largest difference to everyone else and to the next persona first, one piece a theme, and the most
    distinctive interview code. It cannot tell what matters to these people, only how they differ.

    Parameters
    ----------
    personas, evidence
        The personas and the evidence gathered for them; chance takes its seed from the evidence.
    language
        ``fr`` or ``en``: of the words, not of the choice.

    Returns
    -------
    DataFrame
        Indexed by persona: ``label`` (at most about 45 letters); ``features`` (tuple of the evidence ids it rests on);
        ``stability``: 50 times people are drawn anew and named anew: the mean Jaccard similarity of the traits in the name
        with these. Under about .6, other people of the same kind would have given another name.

    Raises
    ------
    ChoiceError
        The evidence is of other personas or other people.
    StudyError
        The language is unknown.
    """
    check_language(language)
    check_evidence(personas, evidence)
    contrasts = _contrasts(personas, evidence)
    taken = frozenset(name.casefold() for name in personas.names.values())
    odds = contrasts.codes["log_odds"].to_numpy(dtype=float)
    chosen = _name_all(contrasts, _weights(contrasts, contrasts.inside, contrasts.difference), odds, taken)
    again = [_name_all(contrasts, weights, odds + moved, taken)
             for weights, moved in _resampled(contrasts, personas, evidence)]
    rows = [(persona, name.said[language], tuple(piece.evidence_id for piece in name.pieces),
             float(np.mean([_alike(name, other[place]) for other in again])))
            for place, (persona, name) in enumerate(zip(contrasts.personas, chosen, strict=True))]
    return pd.DataFrame(rows, columns=[PERSONA, "label", "features", "stability"]).set_index(PERSONA)


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One trait that could stand in a name; ``said`` maps a language to its words."""

    key: str
    theme: str
    weight: float
    evidence_id: str
    said: Said


@dataclass(frozen=True, kw_only=True, eq=False)
class Name:
    """A name in each language, and the pieces it is made of."""

    said: Said
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrasts:
    """The evidence as arrays (personas, features), NaN where a row is missing. ``scale`` is what a difference is divided by
    to give the effect; ``damped`` (features) is what a feature weighs that is rarer; ``codes`` are rows that could name.
    """

    personas: list[str]
    about: pd.DataFrame
    inside: np.ndarray
    difference: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ids: np.ndarray
    damped: np.ndarray
    codes: pd.DataFrame


@np.errstate(divide="ignore", invalid="ignore")
def _contrasts(personas: Personas, evidence: Evidence) -> Contrasts:
    table = evidence.table.loc[evidence_cells(evidence.table).index]  # no level that tells of a few people
    names = [str(one) for one in personas.membership.columns]
    about = table.drop_duplicates(FEATURE).sort_values(FEATURE, kind="stable").set_index(FEATURE)[[KIND, ROLE]]
    catalog = personas.features.catalog
    parts = [(one, "") if one in catalog.index else tuple(one.rpartition("=")[::2]) for one in about.index]
    about["name"] = [name or level for name, level in parts]
    about["level"] = [level if name else "" for name, level in parts]
    about["label"] = about["name"].map(catalog["label"]).fillna("") if "label" in catalog else ""
    cells = {name: table.pivot(index=PERSONA, columns=FEATURE, values=name)
             for name in ("inside", "difference", "effect", "low", "high", EVIDENCE_ID)}
    wide = {name: one.reindex(index=names, columns=about.index).to_numpy() for name, one in cells.items()}
    inside, difference, effect, low, high = (wide[name].astype(float) for name in
                                             ("inside", "difference", "effect", "low", "high"))
    levels = about.index.str.contains(":", regex=False) | about[KIND].isin(["binary", "nominal"])
    codes = evidence.codes[evidence.codes["with_code"] >= MIN_SPEAKERS].sort_values([PERSONA, CODE], kind="stable")
    return Contrasts(personas=names, about=about, inside=inside, difference=difference, low=low, high=high, codes=codes,
                     scale=np.where(effect != 0, difference / effect, np.inf), ids=wide[EVIDENCE_ID],
                     # that something is rarer says less than what is more frequent instead
                     damped=np.where(levels, 0.5, 1.0))


@np.errstate(divide="ignore", invalid="ignore")
def _weights(contrasts: Contrasts, inside: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """Weigh each feature for each persona, with the sign of its difference; 0 where it cannot name."""
    effect = difference / contrasts.scale
    moved = difference - contrasts.difference
    clear = ((contrasts.low + moved > 0) | (contrasts.high + moved < 0)) & (np.abs(effect) >= MIN_EFFECT)
    # the step to the next persona counts as much as the difference to all others: a name should tell personas apart
    step = np.where(effect > 0, inside - _others(inside), -inside - _others(-inside))
    nearer = np.maximum(np.nan_to_num(step / np.abs(difference)), 0.0)
    weight = 0.5 * np.abs(effect) * (1 + nearer) * np.where(effect > 0, 1.0, contrasts.damped)
    weight *= np.where(contrasts.about[ROLE] == "held_back", 0.5, 1.0)  # what made the personas tells more of who they are
    return np.where(clear, np.sign(effect) * weight, 0.0)


def _others(values: np.ndarray) -> np.ndarray:
    """Return the largest value among the other personas (last axis but one); the value itself where there are none."""
    if values.shape[-2] < 2:
        return values
    known = np.where(np.isnan(values), -np.inf, values)
    ordered = np.sort(known, axis=-2)
    first, second = ordered[..., -1:, :], ordered[..., -2:-1, :]
    return np.where(known == first, second, first)


# ---------------------------------------------------------------- from weights to names


def _name_all(contrasts: Contrasts, weights: np.ndarray, odds: np.ndarray, taken: frozenset[str]) -> list[Name]:
    used = set(taken)
    names = []
    for place, persona in enumerate(contrasts.personas):
        found = [*_feature_pieces(contrasts, weights[place], place), *_code_pieces(contrasts, persona, odds)]
        name = _first_new(persona, _kept(found), used)
        used |= {text.casefold() for text in name.said.values()}
        names.append(name)
    return names


def _feature_pieces(contrasts: Contrasts, weights: np.ndarray, place: int) -> Iterator[Piece]:
    for at in np.flatnonzero(weights):
        row, high = contrasts.about.iloc[at], bool(weights[at] > 0)
        yield Piece(key=f"{'+' if high else '-'}{row.name}", theme=THEME_OF.get(row["name"].partition(":")[0], "answer"),
                    weight=float(abs(weights[at])), evidence_id=str(contrasts.ids[place, at]),
                    said=say_feature(row["name"], row["level"], row[KIND], high, row["label"]))


def _code_pieces(contrasts: Contrasts, persona: str, odds: np.ndarray) -> Iterator[Piece]:
    own = (contrasts.codes[PERSONA] == persona).to_numpy() & (odds >= MIN_LOG_ODDS)
    for score, code, known in zip(odds[own], contrasts.codes[CODE][own], contrasts.codes[EVIDENCE_ID][own], strict=True):
        # a z of 3 among interviewees counts as a difference of one standard deviation
        yield Piece(key=f"+code:{code}", theme="said", weight=float(score) / 3, evidence_id=str(known),
                    said=say_code(str(code)))


def _kept(found: list[Piece]) -> list[Piece]:
    """Return what could stand in a name, best first: one piece a theme (but for answers), none said twice."""
    found = sorted(found, key=lambda piece: (-piece.weight, piece.key))
    kept: list[Piece] = []
    for piece in found:
        free = piece.theme == "answer" or all(piece.theme != other.theme for other in kept)
        new = all(piece.said[one] != other.said[one] for other in kept for one in LANGUAGES)
        if free and new and piece.weight >= MIN_WEIGHT * found[0].weight:
            kept.append(piece)
    return kept[:MOST_WEIGHED]


def _first_new(persona: str, pieces: list[Piece], used: set[str]) -> Name:
    """Return the weightiest name of up to three pieces, the strongest among them, short enough and new in each language."""
    sets = [chosen for size in range(MOST_PIECES, 0, -1) for chosen in itertools.combinations(pieces, size)]
    sets.sort(key=lambda chosen: (pieces[0] not in chosen, -sum(piece.weight for piece in chosen)))
    for chosen in sets:
        said = _joined(chosen)
        if all(len(text) <= MOST_LETTERS and text.casefold() not in used for text in said.values()):
            return Name(said=said, pieces=chosen)
    best = tuple(pieces[:1])
    said = _joined(best) if best else say_nothing()
    if any(text.casefold() in used for text in said.values()):
        said = say_numbered(said, persona)
    return Name(said=said, pieces=best)


def _joined(pieces: tuple[Piece, ...]) -> Said:
    places = list(THEMES)
    return join_pieces([piece.said for piece in sorted(pieces, key=lambda piece: places.index(piece.theme))])


# ---------------------------------------------------------------- would other people have given this name?


def _resampled(contrasts: Contrasts, personas: Personas, evidence: Evidence) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the weights of features, and by how much the log odds of codes move, when people are drawn anew.

    Personas and spreads are kept. The log odds of codes are in standard errors, so a draw moves them by a standard normal
    number. Features that the personas do not hold (evidence of other features) stay as they are.
    """
    people, speakers = np.random.SeedSequence(evidence.seed).spawn(2)
    labels = personas.labels.sort_index()
    values, known = _values(contrasts, personas.features.natural.reindex(labels.index))
    drawn = person_weights(len(values), replicates=REPLICATES, seed=people)
    group = personas.membership.columns.get_indexer(pd.Index(labels))
    inside = np.repeat(contrasts.inside[None], REPLICATES, axis=0)
    difference = np.repeat(contrasts.difference[None], REPLICATES, axis=0)
    for place in range(len(contrasts.personas)):
        own = group == place
        if own.any() and not own.all():
            here, there = (weighted_rate(drawn[:, some], values[some]) for some in (own, ~own))
            inside[:, place, known], difference[:, place, known] = here, here - there
    rng = np.random.default_rng(speakers)
    for one in range(REPLICATES):
        yield _weights(contrasts, inside[one], difference[one]), rng.standard_normal(len(contrasts.codes))


def _values(contrasts: Contrasts, natural: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (people, known features) behind the rows of the evidence, and which rows these are."""
    about = contrasts.about
    known = about["name"].isin(natural.columns).to_numpy()
    named = zip(about["name"][known], about["level"][known], strict=True)
    columns = [_column(natural[name], level) for name, level in named]
    return (np.column_stack(columns) if columns else np.empty((len(natural), 0))), known


def _column(values: pd.Series, level: str) -> np.ndarray:
    if not level:
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.where(values.isna(), np.nan, values.astype(object).map(as_text) == level).astype(float)


def _alike(one: Name, other: Name) -> float:
    first, second = ({piece.key for piece in name.pieces} for name in (one, other))
    return len(first & second) / len(first | second) if first | second else 1.0
