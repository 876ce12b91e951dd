"""The questionnaire of a typing tool, as one page to print."""

from __future__ import annotations

from html import escape

import pandas as pd

from personakit.schema import KIND, UNIT
from personakit.typing_tool.tool import LEVEL, QUESTION, TypingTool
from personakit.wording import feature_label, number, say, say_key, term

#: a scale with at most so many steps is printed as boxes to tick
BOXES = 11
STYLE = ("body{font:16px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:44rem;margin:2rem auto;padding:0 1rem}"
         "ol{list-style:none;padding:0;counter-reset:question}li{margin:0 0 1.4rem;break-inside:avoid}"
         "legend{font-weight:600;padding:0}legend::before{counter-increment:question;content:counter(question) '. '}"
         "fieldset{border:0;padding:0;margin:0}"
         "label{display:inline-block;margin:.4rem 1.2rem 0 0}input[type=text]{border:0;border-bottom:1px solid #1a1a1a;"
         "font:inherit;width:10rem}footer{border-top:1px solid #767676;font-size:.85rem;margin-top:2rem}"
         "@media print{body{margin:0;max-width:none}footer{break-before:page;border:0}}")


def questionnaire(tool: TypingTool, language: str) -> str:
    """Write the questions with their boxes; no answer of the study, no script, nothing from elsewhere."""
    title = escape(say_key("typing.title", language))
    items = "\n".join(f"<li>{_question(tool, str(name), facts, language)}</li>"
                      for name, facts in tool.questions.iterrows())
    notes = "\n".join(f"<p>{escape(say(one, language))}</p>" for one in tool.why)
    who = "".join(f'<label>{escape(say_key(f"typing.{one}", language))} <input type="text" name="{one}"></label>'
                  for one in ("person", "day"))
    return (f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n<p>{escape(say_key('typing.intro', language))}</p>\n"
            f"<p>{who}</p>\n<ol>\n{items}\n</ol>\n<footer>\n<h2>{escape(say_key('typing.for_you', language))}</h2>\n"
            f"{notes}\n</footer>\n</body>\n</html>\n")


def question_text(tool: TypingTool, name: str, language: str) -> str:
    """Return the words of a question: the study's own label, else our name for the feature."""
    return feature_label(name, language, tool.questions.at[name, "label"])


def choices(tool: TypingTool, name: str, language: str) -> list[tuple[str, str]]:
    """Return what can be answered, as (answer, words); empty where any number can."""
    facts = tool.questions.loc[name].to_dict()
    if facts[KIND] == "nominal":
        return [(str(level), term(str(level), language)) for level in tool.rule.loc[tool.rule[QUESTION] == name, LEVEL]]
    if facts[KIND] == "binary":
        return [(f"{facts[end]:g}", say_key(f"typing.{word}", language)) for end, word in (("high", "yes"), ("low", "no"))]
    low, high = float(facts["low"]), float(facts["high"])
    if facts[KIND] == "ordinal" and low.is_integer() and high.is_integer() and high - low < BOXES:
        return [(str(one), str(one)) for one in range(int(low), int(high) + 1)]
    return []


def _question(tool: TypingTool, name: str, facts: pd.Series, language: str) -> str:
    text = escape(question_text(tool, name, language))
    boxes = choices(tool, name, language)
    field = escape(name, quote=True)
    if boxes:
        ticks = "".join(f'<label><input type="radio" name="{field}" value="{escape(answer, quote=True)}"> '
                        f"{escape(words)}</label>" for answer, words in boxes)
        return f"<fieldset><legend>{text}</legend>{ticks}</fieldset>"
    hint = say_key("typing.range", language, low=number(facts["low"], language), high=number(facts["high"], language))
    unit = escape(f"{term(str(facts[UNIT]), language)} ({hint})" if facts[UNIT] else f"({hint})")
    return f'<fieldset><legend>{text}</legend><label><input type="text" name="{field}"> {unit}</label></fieldset>'
