"""The three errors of personakit. All are ``ValueError``; each says where, what, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable


class StudyError(ValueError):
    """A table, a file or a setting of the study cannot be used as it stands."""


class ChoiceError(ValueError):
    """A name that was asked for does not exist, or a human act lacks its author or its reason."""


class TooFewError(ValueError):
    """There are too few participants, or too few rows, for what was asked."""


def first_five(values: Iterable[object]) -> str:
    """List the first five distinct values in order, for a message: ``p07, p19, p33, ...``."""
    distinct = list(dict.fromkeys(str(value) for value in values))
    return ", ".join(distinct[:5]) + (", ..." if len(distinct) > 5 else "")


def unknown_name(where: str, name: object, allowed: Collection[str]) -> str:
    """Write the message for a name that is not in a list: what was asked, what is allowed, what may be meant.

    Examples
    --------
    >>> unknown_name("method", "kmean", ["kmeans", "latent_class"])
    "method: 'kmean' is unknown. Allowed: kmeans, latent_class. Did you mean 'kmeans'?"
    """
    known = [str(one) for one in allowed]
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{where}: {str(name)!r} is unknown. Allowed: {', '.join(known) or '(none)'}.{hint}"
