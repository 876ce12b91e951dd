"""What interviewees of each persona say, in counts: codes beside the rest, and the quotes that may be shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personakit.disclosure import quotable
from personakit.evidence.people import People, ids_digest
from personakit.inference import wilson_interval
from personakit.schema import CODE, CODE_KINDS, CONSENT, EVIDENCE_ID, KIND, PARTICIPANT, PERSONA, QUOTE, STAGE, row_id

#: Strength of the prior of the log-odds, in interviewees who speak like everyone.
PRIOR = 2.0
#: A quote is shown from this membership on, and at most so many a persona.
MIN_POSTERIOR, MOST_QUOTES = 0.6, 6
#: It speaks for the persona where at least this share say so, or more than elsewhere.
MIN_SHARE = 0.5
KIND_ORDER = ("pain", "delight", "need", "goal", "barrier", "motivation")
CODE_COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", CODE: "str", KIND: "str", STAGE: "str", "with_code": "int64",
                "interviewees": "int64", "share": "float64", "low": "float64", "high": "float64", "elsewhere": "int64",
                "interviewees_elsewhere": "int64", "log_odds": "float64"}
QUOTE_COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", PARTICIPANT: "str", CODE: "str", KIND: "str", STAGE: "str",
                 QUOTE: "str", "source": "str", CONSENT: "str", "posterior": "float64"}


def interviewed(codes: pd.DataFrame | None, people: People) -> pd.DataFrame:
    """Return the coded passages of the people who are in a persona: gaps as empty text, in an order of their own."""
    wanted = [PARTICIPANT, CODE, KIND, STAGE, QUOTE, "source", CONSENT]
    frame = pd.DataFrame(columns=wanted, dtype="str") if codes is None else codes.reindex(columns=wanted)
    frame = frame[frame[PARTICIPANT].isin(people.index)]
    frame = frame.astype("str").where(frame.notna(), "").astype("str")
    place = pd.Series(np.arange(len(people.index)), index=people.index)
    at = place.reindex(frame[PARTICIPANT]).to_numpy(dtype=np.int64)
    frame = frame.assign(group=people.group[at], posterior=people.posterior[at])
    return frame.sort_values([PARTICIPANT, CODE, KIND, STAGE, QUOTE, "source"], kind="stable").reset_index(drop=True)


def code_rows(passages: pd.DataFrame, people: People) -> pd.DataFrame:
    """Build ``Evidence.codes``: one row a code and persona that was interviewed, the most distinctive codes first."""
    each = passages.drop_duplicates(PARTICIPANT)
    asked = each["group"].value_counts().reindex(range(len(people.names)), fill_value=0).to_numpy()
    everyone = ids_digest(pd.Index(each[PARTICIPANT]))
    digests = [ids_digest(pd.Index(each.loc[each["group"] == group, PARTICIPANT])) for group in range(len(asked))]
    rows: list[dict[str, object]] = []
    for code, said in passages.groupby(CODE, sort=True):
        counts = said.drop_duplicates(PARTICIPANT)["group"].value_counts().reindex(range(len(asked)), fill_value=0)
        used = said[[PARTICIPANT, KIND, STAGE]].to_numpy(dtype=object)
        for group in np.flatnonzero(asked):
            rows.append({
                EVIDENCE_ID: row_id("code", people.names[group], code, used, digests[group], everyone, PRIOR),
                PERSONA: people.names[group], CODE: code, "group": group,
                KIND: _most_frequent(said[KIND], CODE_KINDS), STAGE: _most_frequent(said[STAGE], ()),
                "with_code": counts[group], "interviewees": asked[group],
                "elsewhere": counts.sum() - counts[group], "interviewees_elsewhere": asked.sum() - asked[group],
            })
    frame = pd.DataFrame(rows, columns=[*CODE_COLUMNS, "group"])
    with_code, asked_here = frame["with_code"].to_numpy(dtype=float), frame["interviewees"].to_numpy(dtype=float)
    low, high = wilson_interval(with_code, asked_here)
    frame = frame.assign(share=with_code / asked_here, low=low, high=high, log_odds=log_odds(
        with_code, asked_here, frame["elsewhere"].to_numpy(dtype=float),
        frame["interviewees_elsewhere"].to_numpy(dtype=float)))
    frame = frame.sort_values(["group", "log_odds", CODE], ascending=[True, False, True], kind="stable")
    return frame[list(CODE_COLUMNS)].astype(CODE_COLUMNS).reset_index(drop=True)


def log_odds(here: np.ndarray, asked: np.ndarray, elsewhere: np.ndarray, asked_elsewhere: np.ndarray) -> np.ndarray:
    """Compare how often a code is said here and elsewhere: the difference of smoothed log odds over its standard error.

    Both sides get a prior of ``PRIOR`` interviewees who speak as everyone does, so one person alone proves nothing.
    Above about 2 the code sets the persona apart. NaN where nobody was interviewed on one side (Monroe et al., 2008).
    """
    total = asked + asked_elsewhere
    pooled = (here + elsewhere + 0.5) / (total + 1)
    yes, no = here + PRIOR * pooled, asked - here + PRIOR * (1 - pooled)
    other_yes, other_no = elsewhere + PRIOR * pooled, asked_elsewhere - elsewhere + PRIOR * (1 - pooled)
    error = np.sqrt(1 / yes + 1 / no + 1 / other_yes + 1 / other_no)
    score = (np.log(yes / no) - np.log(other_yes / other_no)) / error
    return np.where((asked > 0) & (asked_elsewhere > 0), score, np.nan)


def quote_rows(passages: pd.DataFrame, codes: pd.DataFrame, people: People) -> pd.DataFrame:
    """Build ``Evidence.quotes``: words their speakers allow, from clear members, one a person, spread over kinds."""
    spoken = quotable(passages)
    spoken = spoken[spoken[QUOTE].str.strip().ne("") & spoken["posterior"].ge(MIN_POSTERIOR)]
    names = pd.Series(people.names, dtype="str")
    spoken = spoken.assign(**{PERSONA: names.reindex(spoken["group"]).to_numpy()})
    spoken = spoken.merge(codes[[PERSONA, CODE, "share", "log_odds"]], on=[PERSONA, CODE], how="left")
    spoken = spoken[spoken["log_odds"].gt(0) | spoken["log_odds"].isna() | spoken["share"].ge(MIN_SHARE)]
    spoken = spoken.sort_values(["group", "log_odds", CODE, PARTICIPANT, QUOTE],
                                ascending=[True, False, True, True, True], kind="stable").reset_index(drop=True)
    chosen = [at for _, rows in spoken.groupby("group", sort=True) for at in _spread_over_kinds(rows)]
    frame = spoken.loc[chosen]
    used = [PERSONA, PARTICIPANT, CODE, KIND, STAGE, QUOTE, "source", CONSENT, "posterior"]
    frame = frame.assign(**{EVIDENCE_ID: [row_id("quote", *row) for row in frame[used].itertuples(index=False)]})
    return frame[list(QUOTE_COLUMNS)].astype(QUOTE_COLUMNS).reset_index(drop=True)


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


def _most_frequent(words: pd.Series, order: tuple[str, ...]) -> str:
    counts = words[words != ""].value_counts()
    first = sorted(counts.index[counts == counts.max()],
                   key=lambda word: (order.index(word) if word in order else len(order), word))
    return first[0] if first else ""
