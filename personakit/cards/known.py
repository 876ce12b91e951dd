"""What one card is written from, and how its figures are said."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from personakit.documents import Claim
from personakit.records import Personas, Study
from personakit.wording import feature_label, number, points, say_key, share, term

SHARE_KINDS = ("share", "binary", "nominal")
#: a claim and the numbers of its drawing
Drawn = tuple[Claim, dict[str, float | int | None]]

@dataclass(frozen=True, kw_only=True)
class Known:
    """What one card is written from: the rows of one persona, small cells emptied; ``size`` in the table is the size of
    the effect, known for emptied rows too; ``coverage["hidden"]`` tells that the size of the persona may not be shown.
    ``content``, ``survival`` and ``alignment`` are rows of the tables given besides, None where not given.
    """

    persona: str
    language: str
    personas: Personas
    table: pd.DataFrame
    codes: pd.DataFrame
    quotes: pd.DataFrame
    traits: pd.DataFrame
    coverage: pd.Series
    stages: pd.DataFrame | None
    outcomes: pd.DataFrame
    exemplars: pd.DataFrame
    counter_quotes: pd.DataFrame
    study: Study | None = None
    content: pd.DataFrame | None = None
    survival: pd.DataFrame | None = None
    alignment: pd.DataFrame | None = None

    def say(self, key: str, **values: object) -> str:
        """Say a string of the card in its language."""
        return say_key(f"cards.{key}", self.language, **values)

    def label(self, feature: str) -> str:
        """Name a feature, or a level of one (``name=level``)."""
        catalog = self.personas.features.catalog
        name, _, level = (feature, "", "") if feature in catalog.index else feature.partition("=")
        label = catalog.loc[name].get("label", "") if name in catalog.index else ""
        said = feature_label(name, self.language, label).rstrip(".… ")  # a question asked is part of a sentence here
        said = self.say("asked", what=said) if said.endswith("?") else said
        return self.say("trait_level", what=said, level=term(level, self.language)) if level else said


def name(known: Known, persona: str) -> str:
    """Return the name that people gave a persona, else its id."""
    return known.personas.names.get(persona) or known.say("unnamed", persona=persona)


def natural(value: float, kind: str, unit: object, language: str) -> str:
    """Write a value of a feature in its own unit.

    Examples
    --------
    >>> natural(0.42, "share", "", "en"), natural(3.25, "numeric", "", "fr")
    ('42%', '3,25')
    """
    if kind in SHARE_KINDS:
        return share(value, language)
    named = unit if isinstance(unit, str) and unit not in ("share", "count") else ""
    return number(value, language) + (f"\u00a0{term(named, language)}" if named else "")


def both(known: Known, row: pd.Series) -> dict[str, str]:
    """Write the values inside and outside the persona."""
    return {side: natural(row[side], row["kind"], row["unit"], known.language) for side in ("inside", "outside")}


def apart(difference: float, kind: str, unit: object, language: str) -> str:
    r"""Write a difference of two values of a feature, with its sign: shares in points.

    Examples
    --------
    >>> apart(0.12, "share", "", "en"), apart(3.2, "numeric", "days", "en")
    ('+12 points', '+3.20\xa0days')
    """
    if kind in SHARE_KINDS:
        return points(difference, language)
    return ("+" if difference > 0 else "") + natural(difference, kind, unit, language)


def scale(inside: float, outside: float, low: float, high: float, *, share: bool) -> dict[str, float | int | None]:
    """Choose the axis of a drawing: 0 to 1 for shares, from 0 where nothing is negative, else around the values."""
    known = [value for value in (inside, outside, low, high) if math.isfinite(value)]
    start, stop = (0.0, 1.0) if share else (min(0.0, *known), max(*known) * 1.1 if max(known) > 0 else 0.0)
    if start == stop:
        stop = start + 1.0
    numbers = {"inside": inside, "outside": outside, "low": low, "high": high}
    clipped: dict[str, float | int | None] = {name: min(max(float(value), start), stop) if math.isfinite(value) else None
               for name, value in numbers.items()}
    return clipped | {"start": start, "stop": stop}


def by_effect(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort rows of evidence by the size of their effect, hidden ones too: their place is known, their figures are not."""
    known = rows[rows["hidden"] | rows[["inside", "outside"]].notna().all(axis=1)].dropna(subset=["size"])
    return known.sort_values("size", ascending=False, kind="stable")


def contested(known: Known) -> float:
    """Return the share of members that another persona claims too: over resamples where that was measured."""
    measured = known.personas.stability
    share = measured["contested"].get(known.persona) if "contested" in measured.columns else None
    return float(known.coverage["contested"] if share is None or pd.isna(share) else share)


def covered(known: Known) -> tuple[str, ...]:
    """Return the evidence id of how many people are known, and how well."""
    return (str(known.coverage["evidence_id"]),)


def of_candidate(personas: Personas) -> tuple[str, ...]:
    """Return the evidence id of the candidate behind the personas, where it has one."""
    return tuple(str(one) for one in personas.quality.reindex(["evidence_id"]).dropna())


def cut(words: object, most: int) -> str:
    """Shorten what somebody said to ``most`` characters, at a word, and show that it was."""
    text = str(words).strip()
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " […]"


def said(known: Known, row: pd.Series, key: str, most: int) -> Claim:
    """Write a quote, with the stage it is about."""
    stage = row.get("stage")
    where = f" · {term(stage, known.language)}" if isinstance(stage, str) and stage else ""
    text = known.say(key, quote=cut(row["quote"], most), where=where)
    return Claim(text=text, evidence=(str(row["evidence_id"]),), n=1, status="quoted")


def ids(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the evidence ids of rows."""
    return tuple(str(one) for one in rows["evidence_id"])
