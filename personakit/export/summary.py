"""The two pages for those who decide: who the personas are, where their journey breaks, what to try, what is uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personakit.documents import Card, Cell, JourneyMap
from personakit.export.answer import Spoken
from personakit.export.appendix import general_limits
from personakit.export.drawings import avatar
from personakit.wording import say_key

#: what two pages hold: personas, how many of them with their wants and pains, actions, lines of a list, limits
MOST_PERSONAS, MOST_WHOLE, MOST_ACTIONS, MOST_LINES, MOST_LIMITS = 8, 5, 2, 4, 3
#: sections of a card whose first claim the summary repeats
SHOWN = ("goal", "need", "pain", "preferred")


def summary_values(spoken: Spoken, cards: Sequence[Card], maps: Sequence[JourneyMap]) -> dict[str, object]:
    """Return what the summary shows beside the values of the report."""
    pooled = next((one for one in maps if not one.personas), None)
    rows = [_row(card, whole=len(cards) <= MOST_WHOLE) for card in cards[:MOST_PERSONAS]]
    return {"rows": rows, "left": len(cards) - len(rows), "stages": _stages(pooled), "actions": _actions(pooled),
            "most_lines": MOST_LINES,
            "short_limits": general_limits(spoken)[:MOST_LIMITS],
            "banners": list(dict.fromkeys(card.banner for card in cards if card.banner)),
            "next": _next(spoken, pooled)}


def _next(spoken: Spoken, pooled: JourneyMap | None) -> list[str]:
    """Say what to do with it: where there are no personas, the answer has said so already."""
    personas = spoken.personas
    keys = ["choose"] if personas is not None and not personas.chosen else []
    keys += ["trial"] if _actions(pooled) else []
    return [spoken.say(f"next_{key}") for key in keys + (["ask"] if personas is not None else [])]


def _row(card: Card, *, whole: bool) -> dict[str, object]:
    sections = {part.key: part for part in card.sections}
    first = [(sections[key].title, sections[key].claims[0].text.split("\n")) for key in SHOWN if whole and key in sections]
    numbers: Any = card.figures["share"]
    share = str(numbers["text"]).split("\n")[0]
    label = say_key("cards.avatar", card.language, persona=card.persona)
    return {"title": card.title, "share": share, "summary": card.summary.text, "first": first,
            "avatar": avatar(card.persona, label=label), "banner": card.banner}


def _cells(pooled: JourneyMap, key: str, at: int) -> tuple[Cell, ...]:
    return next((cells[at] for name, _, cells in pooled.lanes if name == key), ())


def _stages(pooled: JourneyMap | None) -> list[dict[str, object]]:
    """For each stage: who is seen, how it is felt, what hurts most, and whether something is flagged."""
    if pooled is None:
        return []
    rows = []
    for at, (_, title) in enumerate(pooled.stages):
        first = {key: next(iter(_cells(pooled, key, at)), None) for key in ("reached", "drops_off", "experience", "pains")}
        rows.append({"title": title, **{key: cell.text.split("\n")[0] if cell else "–" for key, cell in first.items()},
                     "flagged": any(cell.tone == "pain" for cell in _cells(pooled, "opportunities", at))})
    return rows


def _actions(pooled: JourneyMap | None) -> list[list[str]]:
    """List the flagged touchpoints of the pooled map, each with what follows it: metric and hypothesis."""
    if pooled is None:
        return []
    actions: list[list[str]] = []
    for at in range(len(pooled.stages)):
        for cell in _cells(pooled, "opportunities", at):
            if cell.tone == "pain":
                actions.append([cell.text])
            elif actions and any(one.tone == "pain" for one in _cells(pooled, "opportunities", at)):
                actions[-1].append(cell.text)
    return actions[:MOST_ACTIONS]
