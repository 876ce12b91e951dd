"""Whose words may be shown for a persona: verbatim, allowed, from clear members; and who says the opposite."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from personakit.disclosure import quotable
from personakit.evidence.people import People
from personakit.schema import CODE, CONSENT, EVIDENCE_ID, KIND, PARTICIPANT, PERSONA, QUOTE, STAGE, row_id

#: A quote is shown from this membership on, and at most so many a persona.
MIN_POSTERIOR, MOST_QUOTES = 0.6, 6
#: It speaks for the persona where at least this share say so, or more than elsewhere.
MIN_SHARE = 0.5
KIND_ORDER = ("pain", "delight", "need", "goal", "barrier", "motivation")
OPPOSITE = MappingProxyType({"pain": "delight", "delight": "pain", "barrier": "motivation", "motivation": "barrier"})
STRAIGHT = {ord(one): plain for ones, plain in (("\u2018\u2019", "'"), ("\u201c\u201d\u00ab\u00bb", '"')) for one in ones}
QUOTE_COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", PARTICIPANT: "str", CODE: "str", KIND: "str", STAGE: "str",
                 QUOTE: "str", "source": "str", CONSENT: "str", "posterior": "float64"}


def may_be_shown(passages: pd.DataFrame, people: People, texts: Mapping[str, str] | None) -> pd.DataFrame:
    """Return the passages whose words their speakers allow, from clear members; with ``texts``, only words found there."""
    spoken = quotable(passages)
    spoken = spoken[spoken[QUOTE].str.strip().ne("") & spoken["posterior"].ge(MIN_POSTERIOR)]
    names = pd.Series(people.names, dtype="str")
    spoken = spoken.assign(**{PERSONA: names.reindex(spoken["group"]).to_numpy()})
    return spoken if texts is None else spoken[is_verbatim(spoken, texts)]


def is_verbatim(passages: pd.DataFrame, texts: Mapping[str, str]) -> np.ndarray:
    """Tell which quotes stand word for word in the text of their source (a passage without source text: no).

    Before they are compared, both get single spaces and straight quotation marks, and composed letters (NFC); nothing else.

    Examples
    --------
    >>> passages = pd.DataFrame({"source": ["i1", "i1", "i2"], "quote": ["l\u2019avis", "an opinion", "x"]})
    >>> is_verbatim(passages, {"i1": "Je veux l'avis  d'un autre."}).tolist()
    [True, False, False]
    """
    plain = {str(name): _plain(text) for name, text in texts.items()}
    return np.array([_plain(quote) in plain.get(source, "") if quote.strip() else False
                     for source, quote in zip(passages["source"], passages[QUOTE], strict=True)], dtype=bool)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).translate(STRAIGHT).split())


def quote_rows(spoken: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Build ``Evidence.quotes``: what speaks for the persona, one a person, spread over kinds."""
    spoken = spoken.merge(codes[[PERSONA, CODE, "share", "log_odds"]], on=[PERSONA, CODE], how="left")
    spoken = spoken[spoken["log_odds"].gt(0) | spoken["log_odds"].isna() | spoken["share"].ge(MIN_SHARE)]
    spoken = spoken.sort_values(["group", "log_odds", CODE, PARTICIPANT, QUOTE],
                                ascending=[True, False, True, True, True], kind="stable").reset_index(drop=True)
    chosen = [at for _, rows in spoken.groupby("group", sort=True) for at in _spread_over_kinds(rows)]
    return _with_ids(spoken.loc[chosen]).astype(QUOTE_COLUMNS)


def counter_quote_rows(spoken: pd.DataFrame, quotes: pd.DataFrame) -> pd.DataFrame:
    """Build ``Evidence.counter_quotes``: to each quote, one that says the opposite, where another member says so.

    Opposite is a delight to a pain and a motivation to a barrier, of the same code, else of the same stage.
    """
    heard = {persona: set(rows[PARTICIPANT]) for persona, rows in quotes.groupby(PERSONA)}
    found = []
    for quote in quotes.to_dict("records"):
        others = spoken[(spoken[PERSONA] == quote[PERSONA]) & (spoken[KIND] == OPPOSITE.get(quote[KIND], ""))
                        & ~spoken[PARTICIPANT].isin(heard[quote[PERSONA]])]
        others = others.assign(same=others[CODE] == quote[CODE], counters=quote[EVIDENCE_ID])
        others = others[others["same"] | ((others[STAGE] == quote[STAGE]) & (quote[STAGE] != ""))]
        if len(others):
            best = others.sort_values(["same", CODE, PARTICIPANT, QUOTE], ascending=[False, True, True, True]).iloc[:1]
            heard[quote[PERSONA]].add(best[PARTICIPANT].iloc[0])
            found.append(best)
    columns = {**QUOTE_COLUMNS, "counters": "str"}
    if not found:
        return pd.DataFrame(columns=list(columns)).astype(columns)
    return _with_ids(pd.concat(found, ignore_index=True), "counters").astype(columns)


def _with_ids(frame: pd.DataFrame, *more: str) -> pd.DataFrame:
    used = [PERSONA, PARTICIPANT, CODE, KIND, STAGE, QUOTE, "source", CONSENT, "posterior", *more]
    frame = frame.assign(**{EVIDENCE_ID: [row_id("quote", *row) for row in frame[used].itertuples(index=False)]})
    return frame[[*QUOTE_COLUMNS, *more]].reset_index(drop=True)


def _spread_over_kinds(rows: pd.DataFrame) -> Iterator[int]:
    """Take the best quote of each kind in turn, never two of one person, until there are enough."""
    kinds = [kind for kind in (*KIND_ORDER, "") if kind in set(rows[KIND])]
    kinds += sorted(set(rows[KIND]) - set(kinds))
    waiting = {kind: list(rows.index[rows[KIND] == kind]) for kind in kinds}
    spoke: set[str] = set()
    while len(spoke) < MOST_QUOTES and any(waiting.values()):
        for kind in kinds:
            waiting[kind] = [at for at in waiting[kind] if rows.at[at, PARTICIPANT] not in spoke]
            if waiting[kind] and len(spoke) < MOST_QUOTES:
                spoke.add(str(rows.at[waiting[kind][0], PARTICIPANT]))
                yield waiting[kind].pop(0)
