"""The human acts: choosing personas and naming them, each with its author and its reason, kept in a decision log."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace as _with

import pandas as pd

from personakit.errors import ChoiceError, unknown_name
from personakit.records import Candidates, Evidence, Personas
from personakit.schema import PARTICIPANT, PERSONA
from personakit.wording import say, say_key


def choose(candidates: Candidates, candidate: str, *, by: str, reason: str, when: str = "") -> Personas:
    """Choose one candidate: its personas go on, with who chose it and why in the decision log.

    Use it after looking at ``plot_candidates``. Choosing does not make a candidate truer: its verdict stays on every card.

    Parameters
    ----------
    candidates
        What ``find_candidates`` returned.
    candidate
        A row of ``candidates.table``, such as ``"latent_class-4"``.
    by, reason, when
        Who decided, why, and (optional) the day.

    Returns
    -------
    Personas with ``chosen=True`` and the act ``choose`` in ``decisions``.

    Raises
    ------
    ChoiceError
        The candidate is unknown, or ``by`` or ``reason`` is empty.

    Examples
    --------
    >>> choose(None, "kmeans-3", by="", reason="stable")
    Traceback (most recent call last):
    personakit.errors.ChoiceError: choose: 'by' is empty. Say who decides.
    """
    check_author("choose", by, reason)
    if candidate not in candidates.memberships:
        raise ChoiceError(unknown_name("candidate", candidate, list(candidates.memberships)))
    return _take(candidates, candidate, chosen=True, decision=("choose", "", candidate, by, reason, when))


def recommend(candidates: Candidates, *, language: str = "en") -> Personas:
    """Take the recommended candidate: personas that no person has chosen yet, and that say so.

    Use it to look at something before anyone decides; ``choose`` is the decision. ``language`` is that of the reason.

    Returns
    -------
    Personas with ``chosen=False`` and the act ``recommend`` in ``decisions``.

    Raises
    ------
    ChoiceError
        Nothing is recommended: the search found no personas here.
    """
    why = " ".join(say(sentence, language) for sentence in candidates.why[:1])
    if candidates.recommended is None:
        raise ChoiceError(f"candidates: none is recommended, there are no personas here (verdict: {candidates.verdict}). "
                          f"{why} Choose one by name with choose(candidates, candidate, by=..., reason=...) if you must.")
    reason = say_key("personas.recommended", language, n=len(candidates.table), why=why).strip()
    decision = ("recommend", "", candidates.recommended, "personakit", reason, "")
    return _take(candidates, candidates.recommended, chosen=False, decision=decision)


def label(
    personas: Personas, names: Mapping[str, str], *, by: str, reason: str, when: str = "", replace: bool = False
) -> Personas:
    """Name personas, with who named them and why in the decision log.

    Parameters
    ----------
    personas
        Personas, named or not.
    names
        Persona to name, such as ``{"P1": "La prévoyante"}``; the others keep theirs.
    by, reason, when
        Who decided, why, and (optional) the day.
    replace
        Allow that a name given before is replaced; both stay in the log.

    Returns
    -------
    The personas with these names, and one act ``label`` a name in ``decisions``.

    Raises
    ------
    ChoiceError
        An unknown persona; no name; an empty name, ``by`` or ``reason``; one name for two personas; a name that would be
        replaced.
    """
    check_author("label", by, reason)
    if not names:
        raise ChoiceError("label: no name was given. Give one for a persona at least, such as {'P1': 'La prévoyante'}.")
    acts = [("label", str(persona), _clean(str(persona), name), by, reason, when) for persona, name in names.items()]
    return named(personas, acts, replace=replace)


def named(personas: Personas, acts: Sequence[tuple[str, ...]], *, replace: bool = False) -> Personas:
    """Write naming acts (act, persona, name, by, reason, when) into the log; each name must be free, and a persona's own."""
    names = {persona: name for _, persona, name, *_ in acts}
    for persona, name in names.items():
        if persona not in personas.membership.columns:
            raise ChoiceError(unknown_name("persona", persona, [str(one) for one in personas.membership.columns]))
        if not replace and personas.names.get(persona, name) != name:
            raise ChoiceError(f"label: {persona} is already named {personas.names[persona]!r}. "
                              f"Pass replace=True to name it {name!r}; the log keeps both.")
    after = {**personas.names, **names}
    for (one, name), (other, same) in itertools.combinations(after.items(), 2):
        if name.casefold() == same.casefold():
            raise ChoiceError(f"label: {one} and {other} are both named {name!r}. Give each persona its own name.")
    return _with(personas, names=after, decisions=pd.concat([personas.decisions, decided(acts)], ignore_index=True))


def _clean(persona: str, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ChoiceError(f"label: the name of {persona} is empty. Give it a name or leave {persona} out.")
    return name.strip()


def check_evidence(personas: Personas, evidence: Evidence) -> None:
    """Raise ``ChoiceError`` where the evidence was gathered for other personas, or for other people."""
    asked = [str(one) for one in personas.membership.columns]
    again = "Gather it again: gather_evidence(study, features, personas, seed=7)."
    if list(evidence.coverage.index) != asked:
        raise ChoiceError(f"evidence: it is of {', '.join(evidence.coverage.index)}, the personas are {', '.join(asked)}. "
                          f"{again}")
    sizes = personas.labels.value_counts().reindex(personas.membership.columns, fill_value=0).to_numpy()
    strangers = pd.Index(evidence.quotes[PARTICIPANT].unique()).difference(personas.membership.index)
    if (evidence.coverage["n"].to_numpy() != sizes).any() or len(strangers):
        raise ChoiceError(f"evidence: it is of other people ({', '.join(str(one) for one in evidence.coverage['n'])} a "
                          f"persona, here {', '.join(str(one) for one in sizes)}). {again}")


# ---------------------------------------------------------------- the decision log


def _take(candidates: Candidates, candidate: str, *, chosen: bool, decision: tuple[str, ...]) -> Personas:
    row = candidates.table.loc[candidate]
    return Personas(
        candidate=candidate,
        membership=candidates.memberships[candidate],
        features=candidates.features,
        quality=pd.Series(row),
        stability=pd.DataFrame(candidates.personas.xs(candidate, level=0)),
        tried=len(candidates.table),
        chosen=chosen,
        decisions=decided([decision]),
    )


def decided(rows: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """Make rows of the decision log: (act, persona, value, by, reason, when)."""
    return pd.DataFrame(rows, columns=["act", PERSONA, "value", "by", "reason", "when"]).astype("str")


def check_author(act: str, by: str, reason: str) -> None:
    """Raise ``ChoiceError`` where an act lacks its author or its reason."""
    for name, value, advice in (("by", by, "Say who decides."), ("reason", reason, "Say why, in a few words.")):
        if not isinstance(value, str) or not value.strip():
            raise ChoiceError(f"{act}: {name!r} is empty. {advice}")
