"""Words of a vocabulary: stages, kinds, consents and roles in either language, under their canonical ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from personakit.collect.interviews.projects import consent_of
from personakit.collect.logs.audit import columns_of, counts_of
from personakit.errors import StudyError, unknown_name
from personakit.schema import (
    CHANNEL,
    CODE_KINDS,
    CONSENT,
    CONSENTS,
    CONTENT_KINDS,
    DEVICE,
    FEATURE_KINDS,
    KIND,
    OWNER,
    ROLE,
    ROLES,
    STAGE,
    TABLES,
)
from personakit.wording import canonical

KINDS = {"codes": CODE_KINDS, "contents": CONTENT_KINDS, "codebook": FEATURE_KINDS}
#: columns whose words have a translation where wording knows them, and stay as they are where it does not
OPEN_WORDS = (CHANNEL, DEVICE, OWNER, "shop")


def read_words(frame: Any, table: str, where: str, stages: Sequence[str]) -> Any:
    """Return the table with the words of its vocabulary columns as ids; ``StudyError`` for a word that is none."""
    if table in ("participants", "answers"):
        return frame
    required, optional, _ = TABLES[table]
    if not isinstance(frame, pd.DataFrame):
        return _words_of_log(frame, where)
    out = frame.copy()
    for name in {**required, **optional}:
        allowed = _vocabulary(table, name, stages)
        if name in out.columns and (allowed or name in OPEN_WORDS):
            out[name] = _words(out[name], allowed, f"{where}.{name}")
    return out


def _words_of_log(events: Any, where: str) -> Any:
    """Return a log that is not in memory with the few words that have another id replaced as it is read."""
    log = nw.from_native(events)
    for name in (one for one in OPEN_WORDS if one in columns_of(events)):
        known = {word: _word(str(word), (), f"{where}.{name}") for word in counts_of(events, name).index}
        column = nw.col(name)
        for word, canonical_word in known.items():
            if word != canonical_word:
                column = nw.when(nw.col(name) == word).then(nw.lit(canonical_word)).otherwise(column)
        log = log.with_columns(column.alias(name)) if any(one != other for one, other in known.items()) else log
    return log.to_native()


def _vocabulary(table: str, name: str, stages: Sequence[str]) -> Sequence[str]:
    if name == STAGE:
        return stages
    if name == KIND:
        return KINDS[table]
    return {CONSENT: CONSENTS, ROLE: (*ROLES, "ignore")}.get(name, ())


def _words(column: pd.Series, allowed: Sequence[str], where: str) -> pd.Series:
    places, words = pd.factorize(column)
    known = pd.array([_word(str(word), allowed, where) for word in words], dtype="str")
    return pd.Series(known.take(places, allow_fill=True), index=column.index, name=column.name)


def _word(word: str, allowed: Sequence[str], where: str) -> str:
    # a study's own stages come first: "achat" may be its word and not our "purchase"
    if word.strip() in allowed:
        return word.strip()
    known = consent_of(word) if allowed == CONSENTS else canonical(word)
    if allowed and known not in allowed:
        known = known.strip().casefold().replace(" ", "_").replace("-", "_")
    if allowed and known not in allowed:
        raise StudyError(f"{unknown_name(where, word, allowed)} Correct it in the file.")
    return known
