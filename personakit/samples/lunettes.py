"""The samples ``lunettes`` (four planted personas), ``bruit`` (the same shape, one population) and ``lunettes_later``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from personakit.samples.recipes import Persona, Recipe

# from (rows) and to: awareness, research, purchase, experience, loyalty
COMPARE = [[0.25, 0.65, 0.06, 0.02, 0.02], [0.08, 0.70, 0.18, 0.02, 0.02], [0.04, 0.40, 0.48, 0.06, 0.02],
           [0.05, 0.22, 0.05, 0.48, 0.20], [0.15, 0.40, 0.10, 0.15, 0.20]]
ACCOMPANY = [[0.25, 0.40, 0.18, 0.14, 0.03], [0.08, 0.32, 0.42, 0.14, 0.04], [0.03, 0.12, 0.55, 0.27, 0.03],
             [0.04, 0.07, 0.07, 0.62, 0.20], [0.08, 0.10, 0.17, 0.40, 0.25]]
LOOP = [[0.20, 0.24, 0.44, 0.03, 0.09], [0.12, 0.24, 0.54, 0.04, 0.06], [0.05, 0.14, 0.60, 0.07, 0.14],
        [0.06, 0.06, 0.22, 0.24, 0.42], [0.20, 0.08, 0.36, 0.06, 0.30]]
ONLINE = {"web": 0.50, "app": 0.38, "shop": 0.08, "call": 0.04}

PERSONAS = (
    Persona(
        name="comparatrice", share=0.34, process=0, pace=1.0, evening=0.30, weekend=0.30, spend=210,
        channel={"web": 0.80, "app": 0.07, "shop": 0.08, "call": 0.05},
        device={"desktop": 0.80, "mobile": 0.12, "tablet": 0.08},
        content={"orient": 0.14, "inform": 0.68, "help": 0.08, "reassure": 0.06, "reward": 0.04},
    ),
    Persona(
        name="accompagné", share=0.28, process=1, pace=0.9, evening=0.15, weekend=0.35, spend=320,
        channel={"web": 0.20, "app": 0.04, "shop": 0.52, "call": 0.24},
        device={"desktop": 0.35, "mobile": 0.50, "tablet": 0.15},
        content={"orient": 0.10, "inform": 0.10, "help": 0.10, "reassure": 0.66, "reward": 0.04},
    ),
    Persona(
        name="pressé", share=0.23, process=2, pace=1.1, evening=0.15, weekend=0.20, spend=120, channel=ONLINE,
        device={"desktop": 0.08, "mobile": 0.86, "tablet": 0.06},
        content={"orient": 0.08, "inform": 0.08, "help": 0.08, "reassure": 0.08, "reward": 0.68},
    ),
    Persona(
        name="famille", share=0.15, process=2, pace=1.1, evening=0.80, weekend=0.45, spend=230, channel=ONLINE,
        device={"desktop": 0.22, "mobile": 0.13, "tablet": 0.65},
        content={"orient": 0.10, "inform": 0.08, "help": 0.68, "reassure": 0.08, "reward": 0.06},
    ),
)

LUNETTES = Recipe(
    name="lunettes", language="fr", timezone="Europe/Paris", start="2025-01-06", days=273, entry_days=180, people=2_000,
    sessions_mean=9.9, activity_sd=0.35, leavers=0.33, personas=PERSONAS, between=0.12, concentration=14,
    processes=np.array([COMPARE, ACCOMPANY, LOOP]),
    stop={"awareness": 0.42, "research": 0.36, "purchase": 0.15, "experience": 0.42, "loyalty": 0.48},
    friction={"panier": 0.45},
    breaks={("", ""): 0.15, ("web", "shop"): 0.60},
    weight={"panier": 2, "livraison": 0.25, "paiement": 0.06, "achat": 0.2, "commande": 0.2},
    follow={"panier": {"livraison": 8, "paiement": 6}, "mutuelle": {"livraison": 4, "paiement": 6},
            "livraison": {"paiement": 40, "panier": 0.5}, "devis": {"achat": 4}, "dossier": {"commande": 4}},
    also={"web": ("app",)}, paid=("paiement", "achat", "commande"),
    interviews=(8, 6, 5, 3), respondents=500, coders=("RK",), words_from="lunettes.toml",
    attributes={
        "age_band": {"18-29": (0.22, 0.14, 0.32, 0.14), "30-44": (0.32, 0.24, 0.34, 0.42),
                     "45-59": (0.28, 0.30, 0.22, 0.30), "60+": (0.18, 0.32, 0.12, 0.14)},
        "region": {"Île-de-France": (0.30, 0.26, 0.33, 0.29), "Auvergne-Rhône-Alpes": (0.22, 0.22, 0.21, 0.22),
                   "Bretagne": (0.14, 0.17, 0.13, 0.15), "Occitanie": (0.18, 0.18, 0.18, 0.18),
                   "Grand Est": (0.16, 0.17, 0.15, 0.16)},
    },
    bots=3, unknown=5, duplicates=0.015, ties=0.03,
)


def _average(personas: tuple[Persona, ...]) -> Persona:
    def mean(get: str) -> float:
        return sum(one.share * getattr(one, get) for one in personas)

    families = {name: {level: sum(one.share * getattr(one, name)[level] for one in personas)
                       for level in getattr(personas[0], name)} for name in ("channel", "device", "content")}
    return Persona(name="tout le monde", share=1.0, process=0, pace=1.0, evening=mean("evening"),
                   weekend=mean("weekend"), spend=mean("spend"), **families)


_EVERYONE = _average(PERSONAS)
_SIZES = np.array([one.share for one in PERSONAS])
_MIDDLE = sum(one.share * LUNETTES.processes[one.process] for one in PERSONAS)

BRUIT = replace(
    LUNETTES, name="bruit", sessions_mean=8.7, personas=(_EVERYONE,), between=0.0, concentration=30,
    processes=np.array([_MIDDLE]), friction={}, breaks={}, interviews=(24,), contested_interviews=0,
    attributes={name: {level: (float((np.array(shares) * _SIZES).sum()),) for level, shares in levels.items()}
                for name, levels in LUNETTES.attributes.items()},
)

# a year on: "famille" has grown, "pressé" has come apart (app or web), and the basket has been mended
_COMPARING, _ACCOMPANIED, _HURRIED, _FAMILY = PERSONAS
LATER = replace(
    LUNETTES, name="lunettes_later", title="Lunettes, un an après", start="2026-01-05", people=1_000, friction={},
    respondents=250, ids_after=0x1000,
    personas=(
        replace(_COMPARING, share=0.28), replace(_ACCOMPANIED, share=0.22),
        replace(_HURRIED, share=0.12, channel={"web": 0.08, "app": 0.84, "shop": 0.05, "call": 0.03},
                content={"orient": 0.04, "inform": 0.04, "help": 0.04, "reassure": 0.04, "reward": 0.84}),
        replace(_FAMILY, share=0.26),
        replace(_HURRIED, name="pressé du web", share=0.12, channel={"web": 0.86, "app": 0.04, "shop": 0.06, "call": 0.04},
                content={"orient": 0.30, "inform": 0.10, "help": 0.08, "reassure": 0.08, "reward": 0.44}),
    ),
    speaks=(0, 1, 2, 3, 2), interviews=(6, 4, 3, 4, 3),
    attributes={name: {level: (*shares, shares[2]) for level, shares in levels.items()}
                for name, levels in LUNETTES.attributes.items()},
)
