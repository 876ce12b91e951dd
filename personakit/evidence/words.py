"""The words that set the interviewees of a persona apart, counted by people."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from personakit.disclosure import quotable
from personakit.evidence.codes import PRIOR
from personakit.evidence.people import People
from personakit.schema import EVIDENCE_ID, PARTICIPANT, PERSONA, QUOTE, row_id

#: a word has so many letters, so many people say it, it sets a persona apart from this z on, and one shows so many at most
LETTERS, MIN_SPEAKERS, MIN_SCORE, MOST_WORDS = 3, 3, 1.0, 12
WORD = re.compile(r"[^\W\d_]+")
COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", "word": "str", "people": "int64", "interviewees": "int64",
           "elsewhere": "int64", "interviewees_elsewhere": "int64", "log_odds": "float64"}


def word_rows(passages: pd.DataFrame, people: People) -> pd.DataFrame:
    """Build ``Evidence.words`` from words that may be shown: the most distinctive first, said by three people or more."""
    spoken = quotable(passages).drop_duplicates([PARTICIPANT, QUOTE])
    each = spoken.drop_duplicates(PARTICIPANT).set_index(PARTICIPANT)["group"]
    asked = np.bincount(each, minlength=len(people.names))
    said = [(person, word) for person, quote in zip(spoken[PARTICIPANT], spoken[QUOTE], strict=True)
            for word in set(WORD.findall(quote.casefold())) if len(word) >= LETTERS]
    pairs = pd.DataFrame(sorted(set(said)), columns=[PARTICIPANT, "word"])
    table = pd.crosstab(pairs["word"], each.reindex(pairs[PARTICIPANT]).to_numpy()).reindex(
        columns=range(len(people.names)), fill_value=0)
    counts = table.to_numpy(dtype=float)
    score = word_log_odds(counts, PRIOR * counts.sum(axis=1) / max(asked.sum(), 1))
    # how often a word is said is set against how often all the others are
    used = row_id(sorted(set(said)), sorted(each.items()))
    rows = []
    for group in np.flatnonzero((asked > 0) & (asked < asked.sum())).tolist():
        enough = (counts.sum(axis=1) >= MIN_SPEAKERS) & (counts[:, group] >= 2)
        kept = np.flatnonzero((score[:, group] >= MIN_SCORE) & enough)
        for at in sorted(kept.tolist(), key=lambda one: (-score[one, group], table.index[one]))[:MOST_WORDS]:
            word = str(table.index[at])
            rows.append((row_id("word", people.names[group], word, used), people.names[group], word, counts[at, group],
                         asked[group], counts[at].sum() - counts[at, group], asked.sum() - asked[group], score[at, group]))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def word_log_odds(counts: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Compare how often each word is said here and elsewhere: z of the log odds with an informative Dirichlet prior.

    ``counts`` (words, personas); ``prior`` (words): counts that both sides get before anything is said, so that rare words
    prove little. Above about 2 a word sets a persona apart. Function words fall away by themselves (Monroe, Colaresi and
    Quinn, 2008, equations 16, 20 and 22).

    Examples
    --------
    >>> word_log_odds(np.array([[8.0, 1.0], [10.0, 10.0]]), np.array([1.0, 2.0])).round(2).tolist()
    [[1.92, -1.92], [-3.68, 3.68]]
    """
    prior = prior[:, None]
    rest = counts.sum(axis=1, keepdims=True) - counts
    here, there = counts + prior, rest + prior
    all_here, all_there = here.sum(axis=0), there.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(here / (all_here - here)) - np.log(there / (all_there - there))
        return odds / np.sqrt(1 / here + 1 / there)
