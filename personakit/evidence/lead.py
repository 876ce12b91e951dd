"""Lead users: heavy, broad and advocating people, who show what others will want later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.evidence.people import People
from personakit.records import Features, Study
from personakit.schema import PROMOTER

#: heavy and broad: in the upper quarter
UPPER = 0.75
HEAVY = ("events_per_30d", "sessions_per_30d", "active_days_per_30d")
BROAD = ("channel_share:", "device_share:", "content_share:")


def find_lead_users(study: Study, features: Features, people: People) -> pd.DataFrame:
    """Tell who is a lead user (after von Hippel, 1986): ``lead`` and ``known`` (bool), in the order of people.

    Heavy: activity in the upper quarter; broad: so many different channels, devices and kinds of content; advocating: 9 or
    more to the question of recommendation (instrument ``nps`` in the codebook, or a feature named nps). Nobody is known
    where one of the three was not measured.
    """
    natural = features.natural.loc[people.index]
    nothing = pd.DataFrame({"lead": False, "known": False}, index=people.index)
    heavy = next((natural[name] for name in HEAVY if name in natural), None)
    kinds = [name for name in natural if str(name).startswith(BROAD)]
    recommend = _recommendation(study, natural)
    if heavy is None or not kinds or recommend is None:
        return nothing
    breadth = (natural[kinds] > 0).sum(axis=1).astype(float).where(natural[kinds].notna().any(axis=1))
    known = heavy.notna() & breadth.notna() & recommend.notna()
    lead = known & _upper(heavy) & _upper(breadth) & (recommend >= PROMOTER)
    return pd.DataFrame({"lead": lead.to_numpy(bool), "known": known.to_numpy(bool)}, index=people.index)


def _upper(values: pd.Series) -> np.ndarray:
    return (values >= values.quantile(UPPER)).to_numpy(bool)


def _recommendation(study: Study, natural: pd.DataFrame) -> pd.Series | None:
    asked = []
    if study.codebook is not None and "instrument" in study.codebook:
        book = study.codebook
        asked = [name for name in book.loc[book["instrument"].eq("nps").fillna(False), "variable"] if name in natural]
    asked += [name for name in ("nps",) if name in natural and name not in asked]
    if not asked or not pd.api.types.is_numeric_dtype(natural[asked[0]].dtype):
        return None
    return natural[asked[0]].astype(float)
