"""Names that only one of two waves has: what was renamed, dropped or added between them."""

from __future__ import annotations

import pandas as pd

from personakit.eventlog import encode_events
from personakit.records import Study
from personakit.schema import CODE, EVENT


def unshared_names(old: Study, new: Study) -> pd.DataFrame:
    """List the events, items and codes that only one of two waves has, so that a person can map renamed ones.

    Use it before ``compare_waves``: a renamed event looks like one habit lost and another gained. It cannot tell a renamed
    name from a new one.

    Returns
    -------
    DataFrame
        table (events, answers, codes), name, wave (``old`` or ``new``: the only one that has it); tables that only one
        of the two has are left out.

    Examples
    --------
    >>> nobody = pd.DataFrame(index=pd.Index(["a"], name="participant_id"))
    >>> old, new = (Study(name="x", participants=nobody, answers=nobody.assign(**{item: [1.0]})) for item in ("q1", "q2"))
    >>> unshared_names(old, new).values.tolist()
    [['answers', 'q1', 'old'], ['answers', 'q2', 'new']]
    """
    rows = []
    for table, names in (("events", _events), ("answers", _items), ("codes", _codes)):
        before, after = names(old), names(new)
        if before and after:
            rows += [(table, one, "old") for one in sorted(before - after)]
            rows += [(table, one, "new") for one in sorted(after - before)]
    return pd.DataFrame(rows, columns=["table", "name", "wave"])


def _events(study: Study) -> set[str]:
    return set() if study.events is None else set(map(str, encode_events(study.events).levels[EVENT]))


def _items(study: Study) -> set[str]:
    return set() if study.answers is None else set(map(str, study.answers.columns))


def _codes(study: Study) -> set[str]:
    return set() if study.codes is None else set(study.codes[CODE].dropna().astype("str"))
