"""The sample ``agence``: the accounts of a B2B content agency, few people with long and sparse journeys."""

from __future__ import annotations

import numpy as np

from personakit.samples.recipes import Persona, Recipe

# from (rows) and to: awareness, research, purchase, experience, loyalty
PLAN = [[0.30, 0.52, 0.10, 0.05, 0.03], [0.10, 0.60, 0.24, 0.04, 0.02], [0.04, 0.28, 0.46, 0.20, 0.02],
        [0.04, 0.10, 0.10, 0.60, 0.16], [0.12, 0.26, 0.14, 0.20, 0.28]]
MEET = [[0.46, 0.20, 0.10, 0.10, 0.14], [0.24, 0.34, 0.24, 0.12, 0.06], [0.06, 0.12, 0.42, 0.34, 0.06],
        [0.08, 0.06, 0.08, 0.50, 0.28], [0.28, 0.08, 0.10, 0.20, 0.34]]
SCOUT = [[0.38, 0.50, 0.06, 0.03, 0.03], [0.26, 0.60, 0.08, 0.04, 0.02], [0.14, 0.34, 0.34, 0.16, 0.02],
         [0.14, 0.30, 0.06, 0.42, 0.08], [0.34, 0.30, 0.06, 0.10, 0.20]]

PERSONAS = (
    Persona(
        name="planner", share=0.40, process=0, pace=1.0, evening=0.06, weekend=0.04, spend=14_000,
        channel={"web": 0.30, "email": 0.50, "event": 0.06, "call": 0.14}, device={"desktop": 0.86, "mobile": 0.14},
        content={"orient": 0.10, "inform": 0.58, "help": 0.16, "reassure": 0.10, "reward": 0.06},
    ),
    Persona(
        name="networker", share=0.32, process=1, pace=0.9, evening=0.16, weekend=0.06, spend=22_000,
        channel={"web": 0.16, "email": 0.14, "event": 0.36, "call": 0.34}, device={"desktop": 0.34, "mobile": 0.66},
        content={"orient": 0.12, "inform": 0.10, "help": 0.08, "reassure": 0.58, "reward": 0.12},
    ),
    Persona(
        name="scout", share=0.28, process=2, pace=1.1, evening=0.42, weekend=0.26, spend=6_000,
        channel={"web": 0.76, "email": 0.14, "event": 0.06, "call": 0.04}, device={"desktop": 0.55, "mobile": 0.45},
        content={"orient": 0.34, "inform": 0.14, "help": 0.40, "reassure": 0.06, "reward": 0.06},
    ),
)

AGENCE = Recipe(
    name="agence", language="en", timezone="Europe/London", start="2024-01-08", days=546, entry_days=120, people=40,
    sessions_mean=52, activity_sd=0.12, leavers=0.0, personas=PERSONAS, between=0.0, concentration=30,
    processes=np.array([PLAN, MEET, SCOUT]),
    stop={"awareness": 0.55, "research": 0.48, "purchase": 0.42, "experience": 0.50, "loyalty": 0.58},
    weight={"signed": 0.1, "signed_call": 0.15, "proposal": 0.6},
    follow={"brief": {"proposal": 4}, "proposal": {"signed": 8}, "terms": {"signed_call": 5}},
    also={}, paid=("signed", "signed_call"),
    interviews=(6, 5, 5), respondents=40, coders=("AB", "CD"), words_from="agence.toml",
    attributes={
        "sector": {"industry": (0.40, 0.25, 0.20), "services": (0.35, 0.45, 0.30), "public": (0.15, 0.20, 0.10),
                   "software": (0.10, 0.10, 0.40)},
        "size_band": {"under 50": (0.20, 0.25, 0.55), "50-249": (0.45, 0.35, 0.30), "250 and more": (0.35, 0.40, 0.15)},
    },
    contested_interviews=0, ties=0.01,
)
