"""Cards and maps as Markdown: for a wiki, an issue, a message."""

from __future__ import annotations

import re

from personakit.documents import Card, Claim, JourneyMap
from personakit.export.layout.words import LEVELS, evidence_numbers, refs
from personakit.wording import say_key

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|<>~])")


def escaped(text: str) -> str:
    r"""Write text so that no mark of it makes structure: a quote stays a quote.

    Examples
    --------
    >>> escaped("<script> *a* | b")
    '&lt;script\\> \\*a\\* \\| b'
    """
    return _SPECIAL.sub(r"\\\1", text).replace("&", "&amp;").replace("\\<", "&lt;")


def markdown(document: Card | JourneyMap) -> str:
    """Return a card as titled lists, a map as one table; numbers in brackets lead to the evidence at the end."""
    numbers = evidence_numbers(document)
    lines = _card(document, numbers) if isinstance(document, Card) else _map(document, numbers)
    lines += ["", f"## {escaped(say_key('cards.evidence', document.language))}", ""]
    lines += [f"{number}. `{one}`" for one, number in numbers.items()]
    return "\n".join(lines) + "\n"


def _card(card: Card, numbers: dict[str, int]) -> list[str]:
    share = card.figures.get("share", {})
    text = str(share.get("text", "")) if hasattr(share, "get") else ""
    lines = [f"# {escaped(card.title)}", "", _claim(card.summary, numbers), "", escaped(text.replace("\n", " · "))]
    lines += ["", f"> {escaped(card.banner)}"] if card.banner else []
    for section in card.sections:
        lines += ["", f"## {escaped(section.title)}", ""] + [f"- {_claim(claim, numbers)}" for claim in section.claims]
    return lines


def _claim(claim: Claim, numbers: dict[str, int]) -> str:
    raised = refs(claim.evidence, numbers)
    return " — ".join(escaped(one) for one in claim.text.split("\n")) + (f" \\[{raised}\\]" if raised else "")


def _map(journey_map: JourneyMap, numbers: dict[str, int]) -> list[str]:
    language = journey_map.language
    lines = [f"# {escaped(journey_map.title)}", ""]
    lines += [f"> {escaped(journey_map.banner)}", ""] if journey_map.banner else []
    legend = ", ".join(f"{glyph} {say_key(f'maps.level_{name}', language)}" for name, glyph in LEVELS.items())
    lines += [
        escaped(legend),
        "",
        "| " + " | ".join([say_key("maps.stage", language), *(escaped(title) for _, title in journey_map.stages)]) + " |",
    ]
    lines.append("|" + " --- |" * (len(journey_map.stages) + 1))
    for _, title, columns in journey_map.lanes:
        cells = [
            "<br>".join(
                f"{LEVELS.get(one.level, LEVELS['none'])} {_claim(Claim(text=one.text, evidence=one.evidence), numbers)}"
                for one in column
            )
            or LEVELS["none"]
            for column in columns
        ]
        lines.append(f"| **{escaped(title)}** | " + " | ".join(cells) + " |")
    return lines + [""] + [f"- {_claim(note, numbers)}" for note in journey_map.notes]
