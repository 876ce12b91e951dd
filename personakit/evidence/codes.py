"""What interviewees of each persona say, in counts: how many share a code, beside the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from personakit.evidence.people import People, ids_digest
from personakit.inference import wilson_interval
from personakit.schema import CODE, CODE_KINDS, CONSENT, EVIDENCE_ID, KIND, PARTICIPANT, PERSONA, QUOTE, STAGE, row_id

#: Strength of the prior of the log-odds, in interviewees who speak like everyone.
PRIOR = 2.0
CODE_COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", CODE: "str", KIND: "str", STAGE: "str", "with_code": "int64",
                "interviewees": "int64", "share": "float64", "low": "float64", "high": "float64", "elsewhere": "int64",
                "interviewees_elsewhere": "int64", "log_odds": "float64", "shrunk": "float64", "shrunk_low": "float64",
                "shrunk_high": "float64"}


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
    total, everyone = (frame[name].to_numpy(dtype=float) + here for name, here in (
        ("elsewhere", with_code), ("interviewees_elsewhere", asked_here)))
    shrunk, shrunk_low, shrunk_high = shrunken_rate(with_code, asked_here, total, everyone)
    frame = frame.assign(shrunk=shrunk, shrunk_low=shrunk_low, shrunk_high=shrunk_high)
    frame = frame.sort_values(["group", "log_odds", CODE], ascending=[True, False, True], kind="stable")
    return frame[list(CODE_COLUMNS)].astype(CODE_COLUMNS).reset_index(drop=True)


def shrunken_rate(here: np.ndarray, asked: np.ndarray, total: np.ndarray, everyone: np.ndarray) -> tuple[np.ndarray, ...]:
    """Pull a rate towards that of all interviewees, as ``PRIOR`` of them would: its mean and 95 % interval (beta-binomial).

    Of two interviewees, "two of two" says little: the rate of few people moves a lot, that of many hardly.

    Examples
    --------
    >>> [float(one[0].round(2)) for one in shrunken_rate(*(np.array([x]) for x in (2.0, 2.0, 6.0, 12.0)))]
    [0.75, 0.29, 0.99]
    """
    pooled = (total + 0.5) / (everyone + 1)
    yes, no = here + PRIOR * pooled, asked - here + PRIOR * (1 - pooled)
    return yes / (yes + no), beta.ppf(0.025, yes, no), beta.ppf(0.975, yes, no)


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


def _most_frequent(words: pd.Series, order: tuple[str, ...]) -> str:
    counts = words[words != ""].value_counts()
    first = sorted(counts.index[counts == counts.max()],
                   key=lambda word: (order.index(word) if word in order else len(order), word))
    return first[0] if first else ""
