"""Small records made by hand: 200 people, three personas, five stages. Every figure a test reads is written here."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd

from personakit.journeys import experience
from personakit.readings import ReadReport
from personakit.records import Candidates, Evidence, Features, JourneyFindings, Personas, Study
from personakit.schema import FRAMEWORKS, row_id

STAGES = FRAMEWORKS["parcours"]
SIZES = {"P1": 100, "P2": 60, "P3": 40}
IDS = pd.Index([f"c{number:03d}" for number in range(200)], name="participant_id")
SECRET = "Je ne veux pas que l'on me cite, code 7741."
HOSTILE = '<script>alert("x")</script> =cmd|calc \u202e'
LONG_NAME = "La prévoyante qui compare tout, garde tout et revient souvent"
#: feature, role, kind, unit, P1 inside, outside, effect
ROWS = (
    ("evening_share", "active", "share", "share", 0.42, 0.18, 1.1),
    ("sessions_per_30d", "active", "count", "sessions", 6.4, 2.1, 0.9),
    ("gap_days", "active", "numeric", "days", 3.2, 9.8, -0.8),
    ("value_per_30d", "active", "numeric", "", 12.5, 40.0, -0.6),
    ("weekend_share", "active", "share", "share", 0.31, 0.29, 0.1),
    ("q_compare", "active", "ordinal", "", 4.3, 2.9, 0.7),
    ("tenure_days", "held_back", "numeric", "days", 410.0, 250.0, 0.5),
    ("vip", "held_back", "binary", "", 0.03, 0.2, -0.5),
    ("channel_share:web", "active", "share", "share", 0.62, 0.4, 0.6),
    ("channel_share:shop", "active", "share", "share", 0.2, 0.45, -0.6),
    ("device_share:mobile", "active", "share", "share", 0.7, 0.5, 0.4),
    ("content_share:inform", "active", "share", "share", 0.5, 0.2, 0.9),
)
CODES = (
    ("comparer avant de choisir", "goal", 7),
    ("prix total affiché tôt", "need", 5),
    ("faire le bon choix", "motivation", 4),
    ("correction perdue au panier", "pain", 6),
    ("total qui bouge", "pain", 4),
    ("essai virtuel fidèle", "delight", 5),
    ("peur de se tromper", "barrier", 3),
)


def features():
    names = [row[0] for row in ROWS]
    table = pd.DataFrame(
        np.tile(np.arange(len(names), dtype=float), (200, 1)) + np.arange(200)[:, None] % 7, index=IDS, columns=names
    )
    catalog = pd.DataFrame(
        {
            "kind": [r[2] for r in ROWS],
            "role": [r[1] for r in ROWS],
            "origin": "events",
            "unit": [r[3] for r in ROWS],
            "label": ["Je compare longuement avant d'acheter." if n == "q_compare" else "" for n in names],
            "missing": 0.0,
            "why": "",
        },
        index=names,
    )
    return Features(
        table=table,
        natural=table,
        catalog=catalog,
        dropped=pd.DataFrame({"feature": ["x"], "why": ["constant"]}),
        window_days=90.0,
    )


def personas(*, chosen=False, verdict="natural", names=None):
    owner = np.repeat([0, 1, 2], list(SIZES.values()))
    membership = pd.DataFrame(0.1, index=IDS, columns=list(SIZES))
    membership[:] = np.where(owner[:, None] == np.arange(3), 0.8, 0.1)
    membership.iloc[:10] = [0.5, 0.4, 0.1]
    decisions = pd.DataFrame(
        [["choose", "", "kmeans-3", "RK", "stable", "2026-01-15"]] if chosen else [],
        columns=["act", "persona", "value", "by", "reason", "when"],
    )
    return Personas(
        candidate="kmeans-3",
        membership=membership,
        features=features(),
        tried=14,
        chosen=chosen,
        quality=pd.Series({"method": "kmeans", "k": 3, "verdict": verdict, "evidence_id": row_id("candidate", "kmeans-3")}),
        names={"P1": LONG_NAME} if names is None else names,
        stability=pd.DataFrame({"jaccard": [0.91, 0.78, 0.55]}, index=list(SIZES)),
        decisions=decisions,
    )


def quotes():
    text = "J'ai saisi ma correction deux fois et le total a encore changé. " * 8
    rows = [
        ("P1", "c001", "total qui bouge", "pain", "purchase", text, "verbatim"),
        ("P1", "c002", "essai virtuel fidèle", "delight", "research", HOSTILE, "verbatim"),
        ("P1", "c003", "peur de se tromper", "barrier", "research", SECRET, "paraphrase"),
        ("P2", "c101", "total qui bouge", "pain", "purchase", SECRET, "none"),
    ]
    frame = pd.DataFrame(rows, columns=["persona", "participant_id", "code", "kind", "stage", "quote", "consent"])
    return frame.assign(source="entretien", posterior=0.8, evidence_id=[row_id("quote", *row) for row in rows])


def evidence():
    rows = []
    for place, persona in enumerate(SIZES):
        for feature, role, kind, unit, inside, outside, effect in ROWS:
            sign, n = (1, -0.5, -0.4)[place], SIZES[persona]
            within = outside + sign * (inside - outside)
            gap = within - outside
            held = role == "held_back"
            rows.append(
                (
                    row_id(persona, feature),
                    persona,
                    feature,
                    role,
                    kind,
                    unit,
                    within,
                    outside,
                    gap,
                    gap - abs(gap) * 0.4,
                    gap + abs(gap) * 0.4,
                    effect * sign,
                    n,
                    200 - n,
                    0.001 if held else np.nan,
                    0.002 if held else np.nan,
                )
            )
    table = pd.DataFrame(
        rows,
        columns=[
            "evidence_id",
            "persona",
            "feature",
            "role",
            "kind",
            "unit",
            "inside",
            "outside",
            "difference",
            "low",
            "high",
            "effect",
            "n_inside",
            "n_outside",
            "p",
            "q",
        ],
    )
    codes = pd.DataFrame(
        [
            (row_id("code", p, c), p, c, k, "research", max(n - 2 * i, 0), 12 - i, n / 12, 0.3, 0.8, 3, 12, 2.0 - i)
            for i, p in enumerate(("P1", "P2"))
            for c, k, n in CODES
        ],
        columns=[
            "evidence_id",
            "persona",
            "code",
            "kind",
            "stage",
            "with_code",
            "interviewees",
            "share",
            "low",
            "high",
            "elsewhere",
            "interviewees_elsewhere",
            "log_odds",
        ],
    )
    coverage = pd.DataFrame(
        {
            "evidence_id": [row_id("coverage", p) for p in SIZES],
            "n": list(SIZES.values()),
            "share": [0.5, 0.3, 0.2],
            "low": [0.43, 0.24, 0.15],
            "high": [0.57, 0.37, 0.26],
            "contested": [0.1, 0.25, 0.0],
            "with_events": [100, 60, 40],
            "with_answers": [48, 30, 0],
            "with_codes": [12, 11, 0],
        },
        index=pd.Index(list(SIZES), name="persona"),
    )
    traits = pd.DataFrame(
        [
            (row_id("trait", p, f), p, f, level, share, together, together >= 0.5)
            for p in SIZES
            for f, level, share, together in (
                ("evening_share", "above", 0.9, 0.9),
                ("q_compare", "above", 0.8, 0.72),
                ("gap_days", "below", 0.7, 0.54),
                ("vip", "absent", 0.6, 0.3),
            )
        ],
        columns=["evidence_id", "persona", "feature", "level", "share", "together", "headline"],
    )
    return Evidence(table=table, codes=codes, quotes=quotes(), coverage=coverage, traits=traits, seed=7)


def _with_ids(name, rows, columns):
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(0, "evidence_id", [row_id(name, *row) for row in rows])
    return frame


@functools.cache
def lived():
    return felt(study())


def felt(of):
    """The frames that ``experience`` gives of a study, for its findings."""
    found = experience(of, None, personas(), seed=7, replicates=100)
    return {name: getattr(found, name) for name in ("curve", "moments", "triangulation")}


def findings(of=None):
    """What was counted, and what the people of a study live through; nothing of the latter where nobody says anything."""
    if of is None:
        return replace(counted(), **lived())
    return counted() if of.answers is None and of.codes is None else replace(counted(), **felt(of))


def counted():
    """What was counted from events alone."""
    shares = {
        "all": (0.9, 0.8, 0.5, 0.4, 0.2),
        "P1": (0.95, 0.9, 0.6, 0.5, 0.3),
        "P2": (0.85, 0.7, 0.4, 0.3, 0.1),
        "P3": (0.9, 0.8, 0.5, 0.3, 0.05),
    }
    sizes = {"all": 200, **SIZES}
    stages = [
        (p, s, round(sizes[p] * x), sizes[p], x, max(x - 0.06, 0), min(x + 0.06, 1), 900, d)
        for p in sizes
        for s, x, d in zip(STAGES, shares[p], (0.0002, 0.01, 0.2, 4.0, 40.0), strict=True)
    ]
    funnel = []
    for p in sizes:
        entered = round(sizes[p] * shares[p][0])
        for s, x in zip(STAGES, shares[p], strict=True):
            got = round(sizes[p] * x)
            still = round((entered - got) * 0.4)
            funnel.append((p, s, entered, got, still, entered - got - still, x, x - 0.05, x + 0.05))
    touch = [
        ("Publicité", "awareness", "web", "marketing"),
        ("Fiche produit", "research", "web", "product"),
        ("Conseil en boutique", "research", "shop", "sales"),
        ("Panier", "purchase", "web", "sales"),
        ("Paiement", "purchase", "web", "sales"),
        ("Suivi", "experience", "web", "customer_service"),
        ("Parrainage", "loyalty", "web", "marketing"),
    ]
    friction = [
        (
            p,
            *t,
            60,
            400,
            0.41 if t[0] == "Panier" else 0.12,
            0.14,
            0.27 if t[0] == "Panier" else -0.02,
            0.19 if t[0] == "Panier" else -0.1,
            0.34,
            t[0] == "Panier",
        )
        for p in sizes
        for t in touch
    ]
    switches = [
        ("all", "web", "shop", 220, 80, 0.61, 0.2, 0.41, 0.3, 0.5, True),
        ("all", "shop", "web", 90, 40, 0.2, 0.2, 0.0, -0.1, 0.1, False),
        ("P1", "web", "shop", 120, 40, 0.55, 0.2, 0.35, 0.2, 0.5, True),
        ("P1", "shop", "web", 50, 20, 0.2, 0.2, 0.0, -0.1, 0.1, False),
    ]
    steps = [
        (p, a, b, 120, 50, 0.4, 0.35, 0.45, False)
        for p in sizes
        for a, b in zip(STAGES, (*STAGES[1:], "end"), strict=True)
    ]
    comparison = [
        ("all", "all", 200, 200, 0.2, 0.1, 0.3, 0.002, 0.002, "differ"),
        ("P1", "P2", 100, 60, 0.2, 0.1, 0.3, 0.01, 0.02, "differ"),
        ("P1", "P3", 100, 40, 0.02, 0.0, 0.05, 0.6, 0.6, "not_distinguishable"),
        ("P2", "P3", 60, 40, np.nan, np.nan, np.nan, np.nan, np.nan, "cannot_tell"),
    ]
    return JourneyFindings(
        stages=_with_ids(
            "stages",
            stages,
            ["persona", "stage", "people", "people_total", "share", "low", "high", "events", "median_days"],
        ),
        transitions=_with_ids(
            "steps", steps, ["persona", "source", "target", "count", "people", "share", "low", "high", "few"]
        ),
        funnel=_with_ids(
            "funnel", funnel, ["persona", "stage", "entered", "reached", "still_open", "ended", "share", "low", "high"]
        ),
        friction=_with_ids(
            "friction",
            friction,
            [
                "persona",
                "touchpoint",
                "stage",
                "channel",
                "owner",
                "people",
                "visits",
                "stop_share",
                "like_share",
                "excess",
                "low",
                "high",
                "flagged",
            ],
        ),
        switches=_with_ids(
            "switches",
            switches,
            [
                "persona",
                "source",
                "target",
                "switches",
                "people",
                "restart_share",
                "like_share",
                "excess",
                "low",
                "high",
                "flagged",
            ],
        ),
        comparison=_with_ids(
            "comparison",
            comparison,
            ["persona_a", "persona_b", "people_a", "people_b", "change", "low", "high", "p", "q", "verdict"],
        ),
        why=(),
        seed=7,
    )


def study(*, language="fr"):
    rng = np.random.default_rng(7)
    people = pd.DataFrame(index=IDS)
    answers = pd.DataFrame(
        {"ces_panier": rng.integers(1, 5, 200), "ces_fiche": rng.integers(3, 8, 200)}, index=IDS
    ).iloc[:120]
    codebook = pd.DataFrame(
        {
            "variable": ["ces_panier", "ces_fiche"],
            "instrument": "ces",
            "touchpoint": ["Panier", "Fiche produit"],
            "better": "high",
            "low": 1.0,
            "high": 7.0,
        }
    )
    touch = (
        counted()
        .friction.drop_duplicates("touchpoint")[["touchpoint", "stage", "channel", "owner"]]
        .assign(event=lambda t: t["touchpoint"])
    )
    codes = pd.DataFrame(
        [(f"c{i:03d}", c, k, "purchase" if k == "pain" else "research") for c, k, n in CODES for i in range(n)],
        columns=["participant_id", "code", "kind", "stage"],
    ).assign(quote="Le total change.", consent="verbatim")
    contents = pd.DataFrame(
        {
            "content": ["k1", "k2", "k3"],
            "kind": ["orient", "inform", "inform"],
            "stage": ["awareness", "research", "purchase"],
        }
    )
    goals = pd.DataFrame(
        {
            "goal": ["Réduire les abandons"],
            "stage": ["purchase"],
            "owner": ["sales"],
            "metric": ["abandons"],
            "target": ["25 %"],
        }
    )
    visits = pd.DataFrame(
        {
            "shop": ["own", "own", "competitor"],
            "stage": "purchase",
            "touchpoint": ["Panier", "Paiement", "Panier"],
            "rating": [-2.0, 1.0, 2.0],
            "observation": ["La correction disparaît.", "Court.", "Clair."],
        }
    )
    return Study(
        name="Lunettes à la main",
        language=language,
        participants=people,
        answers=answers,
        codebook=codebook,
        touchpoints=touch,
        codes=codes,
        contents=contents,
        goals=goals,
        walkthroughs=visits,
        reports=(ReadReport(
            table="answers", file="answers.csv", layout="csv", sha256="ab" * 32, rows_in=130, kept=120,
            set_aside=pd.DataFrame({"table": ["answers"], "reason": ["unknown participant"], "rows": [10], "first": ["x1"]}),
        ),),
    )


def candidates(*, verdict="natural", recommended="kmeans-3"):
    found = personas()
    table = pd.DataFrame(
        {
            "method": ["kmeans", "kmeans", "latent_class"],
            "k": [2, 3, 3],
            "seed": 7,
            "n": 200,
            "smallest_n": [80, 40, 38],
            "fit": [0.2, 0.3, 0.29],
            "stability": [0.95, 0.91, 0.7],
            "stability_low": [0.9, 0.85, 0.5],
            "stability_high": [0.99, 0.96, 0.8],
            "gap": [0.02, 0.05, 0.03],
            "separation": [0.24, 0.26, 0.21],
            "verdict": ["reproducible", "natural", "constructive"],
            "evidence_id": [row_id("candidate", one) for one in ("kmeans-2", "kmeans-3", "latent_class-3")],
        },
        index=pd.Index(["kmeans-2", "kmeans-3", "latent_class-3"], name="candidate"),
    )
    rows = pd.MultiIndex.from_product([["kmeans-3"], list(SIZES)], names=["candidate", "persona"])
    return Candidates(
        table=table,
        memberships={"kmeans-3": found.membership},
        features=found.features,
        seed=7,
        verdict=verdict,
        why=(),
        recommended=recommended,
        personas=pd.DataFrame(
            {
                "n": list(SIZES.values()),
                "share": [0.5, 0.3, 0.2],
                "jaccard": [0.9, 0.8, 0.6],
                "contested": [0.1, 0.2, 0.0],
            },
            index=rows,
        ),
    )
