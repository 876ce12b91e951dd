"""Variants: whole journeys that several people share, and how much of everyone they cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.eventlog import runs_of
from personakit.inference import wilson_interval
from personakit.journeys.groups import FEW_PEOPLE, check_view, members
from personakit.journeys.rows import with_ids
from personakit.journeys.steps import OTHER, Sequences, check_known_events, walked
from personakit.journeys.stored import is_stored, said_by, stored_words, unpack
from personakit.records import Journeys, Personas
from personakit.schema import PERSONA, STAGE

ARROW = " > "
ENTRIES = 2**18  # of the sequences that are compared in one go
#: two odd multipliers: sequences that agree in length and in both sums modulo 2^64 are taken as equal
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def variants(
    journeys: Journeys, personas: Personas | None = None, *, by: str = STAGE, top: int = 20, moves_only: bool = False
) -> pd.DataFrame:
    """Count the people who share the very same journey, the commonest first, with a curve of what they cover.

    Use it to see whether there is a usual way at all: where the first twenty variants cover a tenth of the people, there
    is none, and ``find_paths`` or a step matrix says more. Long journeys are hardly ever the same; an open journey counts
    as far as it got.

    Parameters
    ----------
    by, moves_only
        As for ``step_matrix``.
    top
        How many variants to name; the rest are one row, ``other``.

    Returns
    -------
    DataFrame
        evidence_id, persona, rank (by everyone's count, then the shorter; 0 for ``other``), variant (levels with " > "
        between), length (steps), people, people_total, share, low, high (Wilson), covered (share of people up to this
        rank), few. The people of a persona add up to people_total.

    Raises
    ------
    ChoiceError
        ``by`` is neither stage nor touchpoint, or the log has no stages.
    StudyError
        ``top`` is below 1, or no event belongs to a level.

    Examples
    --------
    >>> from personakit.records import Study
    >>> from personakit.journeys import trace_journeys
    >>> events = pd.DataFrame({"participant_id": ["a", "a", "b"], "event": ["see", "buy", "see"], "time_us": [0, 9, 10**13]})
    >>> people = pd.DataFrame(index=pd.Index(["a", "b"], name="participant_id"))
    >>> journeys = trace_journeys(Study(name="x", participants=people, events=events))
    >>> variants(journeys, by="touchpoint")[["variant", "people"]].to_numpy().tolist()
    [['see', 1], ['see > buy', 1]]
    """
    if top < 1:
        raise StudyError(f"top: {top} names no variant. Ask for 1 or more.")
    found, steps = _in_words(journeys, by, moves_only) if is_stored(journeys) else _in_codes(journeys, by, moves_only)
    variant, first = variant_of(found)
    kept = np.lexsort((first, steps[first], -np.bincount(variant[variant >= 0])))[:top]
    place = np.full(len(first) + 1, len(kept))
    place[kept] = np.arange(len(kept))
    shown = [spell([found.words[code] for code in _codes_of(found, one, int(steps[one]))]) for one in first[kept]]
    frames = [_rows(persona, place[variant[rows[variant[rows] >= 0]]], shown, steps[first[kept]])
              for persona, rows in members(journeys, personas).items()]
    return said_by(journeys, with_ids(pd.concat(frames, ignore_index=True), "variants", by, top, moves_only))


def _in_codes(journeys: Journeys, by: str, moves_only: bool) -> tuple[Sequences, np.ndarray]:
    """List what each person did, a code an event, and how many events that were (n)."""
    found = walked(journeys, by, moves_only=moves_only)
    return found, found.length


def _in_words(journeys: Journeys, by: str, moves_only: bool) -> tuple[Sequences, np.ndarray]:
    """Do the same where the events are stored: the entries are words of many codes each, equal where the codes are."""
    column = check_view(journeys, by)
    owner, block, word, steps = stored_words(journeys, column, moves_only=moves_only, first=None)
    check_known_events(by, len(word))
    length = np.bincount(owner, minlength=len(steps))
    return Sequences(code=word, person=owner, position=block, length=length, leave=np.zeros_like(length),
                     words=tuple(map(str, journeys.log.levels[column])), packed=True), steps


def _codes_of(found: Sequences, person: int, steps: int) -> np.ndarray:
    start = int(found.length[:person].sum())
    entries = found.code[start: start + found.length[person]]
    return unpack(entries, len(found.words)).ravel()[:steps] if found.packed else entries


def variant_of(found: Sequences) -> tuple[np.ndarray, np.ndarray]:
    """Give each person the number of their variant (-1 without events), and each variant a person who took it.

    Sequences are compared by length and two sums modulo 2^64 (a chance of about 10^-38 that two differ and agree).
    """
    people = np.flatnonzero(found.length > 0)
    starts = np.append(0, np.cumsum(found.length[people]))
    sums = np.zeros((len(_MULTIPLIERS), len(people)), dtype=np.uint64)
    with np.errstate(over="ignore"):
        powers = [np.cumprod(np.full(int(found.length.max()), one, dtype=np.uint64)) for one in _MULTIPLIERS]
        for one, other in runs_of(starts, most=ENTRIES):
            rows = slice(starts[one], starts[other])
            code, place = found.code[rows].astype(np.uint64) + np.uint64(1), found.position[rows]
            for total, power in zip(sums, powers, strict=True):
                total[one:other] = np.add.reduceat(code * power[place], starts[one:other] - starts[one])
    keys = (*sums[::-1], found.length[people])
    ordered = np.lexsort(keys)
    new = np.append(True, np.logical_or.reduce([one[ordered][1:] != one[ordered][:-1] for one in keys]))[: len(people)]
    variant = np.full(len(found.length), -1)
    variant[people[ordered]] = np.cumsum(new) - 1
    return variant, people[ordered[new]]


def spell(levels: Sequence[str]) -> str:
    r"""Write a variant; an arrow inside a level is escaped, so that no two variants read alike.

    Examples
    --------
    >>> spell(["a > b", "c"])
    'a \\> b > c'
    """
    return ARROW.join(level.replace(ARROW, r" \> ") for level in levels)


def _rows(persona: str, place: np.ndarray, shown: list[str], length: np.ndarray) -> pd.DataFrame:
    """Count the people of one persona by variant; the rest is a row of its own where there is any."""
    total, size = len(place), len(shown)
    people = np.bincount(place, minlength=size + 1)
    low, high = wilson_interval(people, np.full(size + 1, total))
    share = people / total if total else np.full(size + 1, np.nan)
    table = pd.DataFrame({
        PERSONA: persona, "rank": [*range(1, size + 1), 0], "variant": [*shown, OTHER],
        "length": pd.array([*length, None], dtype="Int64"), "people": people, "people_total": total, "share": share,
        "low": low, "high": high, "covered": np.cumsum(share), "few": people < FEW_PEOPLE})
    return table if people[-1] else table.iloc[:-1]
