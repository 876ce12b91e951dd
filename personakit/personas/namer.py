"""Let any function word the personas: it sees aggregates only, and no number that it makes up gets through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace as _with

import numpy as np
import pandas as pd

from personakit.disclosure import THRESHOLD, evidence_cells, hide_small, is_small
from personakit.errors import ChoiceError, TooFewError, first_five
from personakit.personas.decide import check_author, check_evidence, decided, named
from personakit.records import Evidence, Personas
from personakit.schema import CODE, FEATURE, KIND, LANGUAGES, PERSONA, STAGE, UNIT
from personakit.wording import feature_label, say_key

#: ``(evidence of one persona) -> (name, summary)``
Namer = Callable[[Evidence], tuple[str, str]]
LONGEST_NAME, LONGEST_SUMMARY, MOST_FEATURES = 60, 600, 12
#: no-break spaces, which French sets inside numbers and before %: not printable to Python
FRENCH_SPACES = {0xA0: " ", 0x202F: " "}
THOUSANDS = r"\d{1,3}(?:[ \u00a0\u202f.,'\u2019]\d{3})+(?!\d)"
#: digits that touch letters, such as 12e3 or x3, are no figure that can be looked up
MIXED = re.compile(r"\b(?:\d+[^\W\d_]+|[^\W\d_]+\d+)\w*")
WRITTEN = re.compile(rf"(?P<number>{THOUSANDS}(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
                     r"\s*(?P<unit>%|percent|per cent|pour cent|points?\b)?")


def label_with(
    personas: Personas, evidence: Evidence, namer: Namer, *, by: str, reason: str, when: str = ""
) -> Personas:
    """Have a function name the personas that nobody has named yet: a language model, a template, anything.

    Only aggregates reach it, above the disclosure threshold (``aggregates_of``): no id, no quote, no count of fewer than
    five people. Every number in its name and summary must be among these, within rounding as written; number words are
    refused, since they cannot be checked. It cannot tell whether a number stands beside what it belongs to (a made-up
    whole percentage is some figure of the evidence about one time in three), nor whether the words around it are true:
    read them before you publish. Cards and the decision log say that a machine worded them.

    Parameters
    ----------
    personas, evidence
        The personas and the evidence gathered for them.
    namer
        A function ``(evidence of one persona) -> (name, summary)``. personakit brings none and calls nothing else.
    by, reason, when
        Who decided to use it, why, and (optional) the day.

    Returns
    -------
    The personas with these names; ``decisions`` holds the acts ``label_by_machine`` and ``summary_by_machine`` (value: the
    text). Names given before stay; nothing is kept of a call in which any name is refused.

    Raises
    ------
    ChoiceError
        The namer raises, returns something else than a name and a summary, invents a number or takes a name that is
        given; everyone is named already; ``by`` or ``reason`` is empty; the evidence is of other people.
    TooFewError
        A persona without a name stands on fewer than five people: name it by hand first.
    """
    check_author("label_with", by, reason)
    check_evidence(personas, evidence)
    open_ones = [str(one) for one in personas.membership.columns if str(one) not in personas.names]
    if not open_ones:
        raise ChoiceError("label_with: every persona has a name. "
                          "Rename with label(personas, {...}, by=..., reason=..., replace=True).")
    names, summaries = [], []
    for persona in open_ones:
        seen = aggregates_of(evidence, persona)
        name, summary = _worded(namer, seen, persona)
        _check_numbers(f"{name}\n{summary}", seen, personas, persona)
        names.append(("label_by_machine", persona, name, by, reason, when))
        summaries.append(("summary_by_machine", persona, summary, by, reason, when))
    labelled = named(personas, names)
    return _with(labelled, decisions=pd.concat([labelled.decisions, decided(summaries)], ignore_index=True))


def aggregates_of(evidence: Evidence, persona: str) -> Evidence:
    """Return what may be shown of one persona: the evidence that ``label_with`` hands to a namer.

    ``table``: up to 12 features whose interval excludes no difference, largest effect first, without those that stand on
    fewer than five people; ``codes``, ``traits``: likewise, in counts; ``coverage``: n and share; ``quotes``: none.

    Returns
    -------
    Evidence of one persona, with fewer columns: what is not there may not be said.

    Raises
    ------
    TooFewError
        The persona stands on fewer than five people.
    """
    n = int(evidence.coverage["n"].to_dict()[persona])
    if is_small(n):
        raise TooFewError(f"label_with: {persona} stands on {n} people, fewer than may be shown. Name it by hand first: "
                          f"label(personas, {{{persona!r}: ...}}, by=..., reason=...).")
    table = evidence_cells(evidence.table)
    table = table[(table[PERSONA] == persona) & ~table["hidden"] & ((table["low"] > 0) | (table["high"] < 0))]
    table = table.loc[table["effect"].abs().sort_values(ascending=False, kind="stable").index].head(MOST_FEATURES)
    counts = ["with_code", "elsewhere"]
    codes = hide_small(evidence.codes, counts=[*counts, "interviewees"], values=counts,
                       totals=[((CODE,), "with_code")])
    codes = codes[(codes[PERSONA] == persona) & ~codes["hidden"]]
    traits = evidence.traits[evidence.traits[PERSONA] == persona]
    shown = ~np.logical_or.reduce([(traits[name] * n).round().between(1, THRESHOLD - 1) for name in ("share", "together")])
    return Evidence(
        table=table[[PERSONA, FEATURE, KIND, UNIT, "inside", "outside", "difference", "n_inside", "n_outside"]],
        codes=codes[[PERSONA, CODE, KIND, STAGE, "with_code", "interviewees", "elsewhere", "interviewees_elsewhere"]],
        quotes=evidence.quotes.iloc[:0],
        coverage=evidence.coverage.loc[[persona], ["n", "share"]],
        traits=traits.loc[shown, [PERSONA, FEATURE, "level", "share", "together"]],
        seed=evidence.seed,
    )


def _worded(namer: Namer, seen: Evidence, persona: str) -> tuple[str, str]:
    try:
        given = namer(seen)
    except Exception as error:
        raise ChoiceError(f"namer: raised {type(error).__name__} for {persona} ({error}). No name was given; correct the "
                          f"namer or name by hand with label.") from error
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not all(isinstance(one, str) for one in given):
        raise ChoiceError(f"namer: returned {_short(given)} for {persona}. Return two texts: (name, summary).")
    name, summary = (one.strip() for one in given)
    for what, text, longest in (("name", name, LONGEST_NAME), ("summary", summary, LONGEST_SUMMARY)):
        if not text or len(text) > longest or not text.translate(FRENCH_SPACES).isprintable():
            raise ChoiceError(f"namer: the {what} of {persona} is empty, longer than {longest} letters or not one line "
                              f"({_short(text)}). Return a short text.")
    return name, summary


def _short(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- every number must be in the evidence


def _check_numbers(text: str, seen: Evidence, personas: Personas, persona: str) -> None:
    spelled = {word for language in LANGUAGES for word in say_key("personas.number_words", language).split()}
    known, shares = _figures(seen)
    rest = text.casefold()
    for phrase in sorted(_phrases(seen, personas, spelled), key=lambda one: (-len(one), one)):
        rest = re.sub(rf"\b{phrase}\b", " … ", rest)
    wrong = [word for word in re.findall(r"[^\W\d_]+", rest) if word in spelled]
    wrong += [one for one in rest if one.isnumeric() and not one.isdecimal()]
    wrong += MIXED.findall(rest)
    wrong += [match.group().strip() for match in WRITTEN.finditer(rest)
              if not _backed(match["number"], match["unit"], known, shares)]
    if wrong:
        raise ChoiceError(f"namer: {len(wrong)} numbers of {persona} are not in its evidence ({first_five(wrong)}). Its "
                          f"name and summary are refused; write only figures that the namer was given, in digits.")


def _phrases(seen: Evidence, personas: Personas, spelled: set[str]) -> set[str]:
    """Return what of the evidence's own wording holds a number and may be repeated, as patterns: "p1", "30 days"."""
    labels = personas.features.catalog["label"] if "label" in personas.features.catalog else pd.Series(dtype="str")
    features = {str(one) for one in (*seen.table[FEATURE], *seen.traits[FEATURE])}
    said = [feature_label(one, language, labels.get(one, "")) for one in features for language in LANGUAGES]
    phrases = set()
    for text in (*features, *said, *seen.codes[CODE], *seen.traits["level"], *seen.coverage.index):
        words = re.findall(r"\w+", str(text).casefold())
        for at, word in enumerate(words):
            if word in spelled or any(one.isdigit() for one in word):
                # a bare number only together with its neighbour
                alone = not word.isdigit() and word not in spelled
                near = [word] if alone else words[at : at + 2] if at + 1 < len(words) else words[max(at - 1, 0) :]
                phrases.add(r"\W+".join(re.escape(one) for one in near))
    return phrases


def _figures(seen: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Return all figures, without their sign, and those among them that are shares."""
    yes_no = seen.table[seen.table[KIND].isin(["share", "binary", "nominal"])]
    shares = (yes_no[["inside", "outside", "difference"]], seen.coverage[["share"]], seen.traits[["share", "together"]])
    return _flat(seen.table, seen.codes, seen.coverage, seen.traits), _flat(*shares)


def _flat(*frames: pd.DataFrame) -> np.ndarray:
    values = np.concatenate([frame.select_dtypes("number").to_numpy(dtype=float).ravel() for frame in frames])
    return np.abs(values[np.isfinite(values)])


def _backed(number: str, unit: str | None, known: np.ndarray, shares: np.ndarray) -> bool:
    """Tell whether a figure, rounded as the number is written, is that number."""
    for value, digits in _readings(number):
        figures = shares * 100 if unit else known
        if not unit and not digits:  # "1" is not a way to write .6
            figures = known[(known >= 1) | (known == 0)]
        if (np.abs(figures - value) <= 0.5 * 10.0**-digits + 1e-9).any():
            return True
    return False


def _readings(number: str) -> Iterator[tuple[float, int]]:
    """Read a written number, both ways where its mark may part thousands or decimals: value and digits after the mark.

    Examples
    --------
    >>> list(_readings("1,250")), list(_readings("12,5")), list(_readings("1 250"))
    ([(1250.0, 0), (1.25, 3)], [(12.5, 1)], [(1250.0, 0)])
    """
    whole = re.match(THOUSANDS, number)
    if whole:
        decimals = number[whole.end() + 1 :]
        yield float(f"{re.sub(r'[^0-9]', '', whole.group())}.{decimals or 0}"), len(decimals)
    if re.fullmatch(r"\d+(?:[.,]\d+)?", number):
        after = re.split(r"[.,]", number)[1:]
        yield float(number.replace(",", ".")), len(after[0]) if after else 0
