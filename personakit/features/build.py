"""From tables of participants to features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from personakit.errors import ChoiceError, StudyError, TooFewError, unknown_name
from personakit.features.kinds import catalog_of, none_active, with_roles
from personakit.features.notes import people_notes, value_notes
from personakit.features.relations import copies, variance_shares
from personakit.features.remedies import REMEDIES
from personakit.features.scaling import scaled
from personakit.features.sources import ATTRIBUTES, codebook, join, sources_of, window_of
from personakit.records import Features, Study
from personakit.schema import FEATURE, KIND, ROLE


def build_features(
    study: Study,
    *tables: pd.DataFrame | None,
    held_back: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    min_coverage: float = 0.6,
    remedies: Sequence[str] = (),
) -> Features:
    """Join tables of participants into features, and say of each whether it makes personas or only describes them.

    Use it before ``find_candidates``. It cannot tell which features matter for your question: what you leave active is what
    the personas will be about. Active features must not hold what you later want to test.

    Parameters
    ----------
    study
        Gives the order of participants, their attributes (always held back) and the codebook (kinds, roles, labels).
    *tables
        Frames indexed by participant_id, such as those of ``behaviour_table``, ``answer_table`` and ``code_table``; None is
        skipped. Their ``attrs`` may give ``origin``, ``window_days`` and ``about`` (column -> kind, role, label).
    held_back
        Names of features that describe and test personas but do not make them.
    kinds
        Feature -> binary, nominal, ordinal, numeric, share or count, over the codebook and over what the values suggest.
    min_coverage
        Features known for a smaller share of the participants are held back.
    remedies
        What to do about what the notes say, to the active columns of ``table`` only:

        - ``"row_level"``: where people differ by how high they answer everything. Takes from each ordinal answer the mean
          of the person's ordinal answers. This removes real differences of level too: compare with and without.
        - ``"block_weights"``: where features (two or more, chained by correlations above .9) say almost the same. The
          first of a block, by name, carries the mean of the block and the others only what they say beyond it, so that the
          block weighs about as much as one feature, in distances and in mixtures alike.

    Returns
    -------
    Features
        People with at least one active value. ``natural`` holds the values as they came. Missing values stay missing: the
        mixture of ``find_candidates`` leaves them out of its likelihood, and ``impute`` fills them several times.

        ``table``, by ``catalog.scale``: ``yes_no`` (binary, as 0/1), ``levels`` (nominal, as categories), ``arcsine_root``
        (shares), ``log`` (counts and numbers from 0 up with skewness above 1: log of 1 + value over the median of the
        values above 0), ``linear`` (the others). All but the first two are drawn in to 4 robust standard deviations around
        the median, centred, and divided by two standard deviations, so that they weigh as much as a yes/no feature; where
        nearly everyone has the same value, by so much that nobody lies more than 4 out. A change of units changes nothing,
        nor does having everyone twice.

        ``catalog``: kind, role, origin, unit, label, missing (share), why (of held back: asked, codebook, attribute,
        few_people), scale, drawn_in (how many values), variance (the active feature's share of the variance of ``table``,
        NaN where held back). ``dropped``: features that are constant, empty, dates, free text, or copies of another
        (correlation beyond .995). ``notes``: who is left out, gaps, values drawn in, a block of three or more that holds a
        third of the features, a response style (the level of a person's answers explains 30 % or more of their variance),
        talkers (the number of codes varies 1.75 times as much between people as codes that come each on its own), features
        that have no relation to any other (from 100 people on), a feature that holds over half of the variance.

    Raises
    ------
    StudyError
        No active feature; a participant or a column unknown or twice; a feature in two tables; values that do not suit a
        kind; a remedy without the features that it needs.
    ChoiceError
        A name in ``held_back``, ``kinds`` or ``remedies`` that does not exist, or an unknown kind.
    TooFewError
        No participant has an active value.

    References
    ----------
    Gelman (2008), Scaling regression inputs by dividing by two standard deviations; Cronbach and Gleser (1953), Assessing
    similarity between profiles, and Cunningham, Cunningham and Green (1977), for the row level; Schluter (1984), A variance
    test for detecting species associations, for talkers; Escofier and Pagès (1994),
    Multiple factor analysis, for weighing blocks.

    Examples
    --------
    >>> ids = pd.Index(["p1", "p2", "p3", "p4"], name="participant_id")
    >>> study = Study(name="tiny", participants=pd.DataFrame({"age": [20, 30, 40, 50]}, index=ids))
    >>> features = build_features(study, pd.DataFrame({"visits": [1, 2, 3, 9], "member": [0, 1, 1, 0]}, index=ids))
    >>> features.catalog[["kind", "role", "scale"]].agg(" ".join, axis=1).tolist()
    ['count active linear', 'binary active yes_no', 'count held_back linear']
    """
    if not 0 <= min_coverage <= 1:
        raise StudyError(f"min_coverage: {min_coverage} is not a share. Give a number from 0 to 1.")
    held_back, remedies = _names(held_back), _names(remedies)
    _known_names("remedies", remedies, list(REMEDIES))
    sources = list(sources_of(study, tables))
    natural = join(study, sources)
    for where, asked in (("held_back", held_back), ("kinds", tuple(kinds or {}))):
        _known_names(where, asked, list(natural.columns))
    book = codebook(study, sources)
    catalog, dropped = catalog_of(sources, natural, book, dict(kinds or {}))
    catalog = with_roles(catalog, book, natural, held_back, min_coverage)
    natural = _with_values(natural[list(catalog.index)], catalog)
    table, catalog, more = _scaled(natural, catalog)
    active = table[list(catalog.index[catalog[ROLE] == "active"])]
    remedied = active
    for name in remedies:
        remedied = REMEDIES[name](remedied, catalog[KIND])
    kept = remedied.notna().any(axis=1)  # whose only answer was a level has nothing left
    table, natural = table.assign(**{str(name): remedied[name] for name in remedied})[kept], natural.loc[kept, table.columns]
    given = [source.frame for source in sources if source.origin != ATTRIBUTES]
    return Features(
        table=table,
        natural=natural,
        catalog=catalog.assign(missing=natural.isna().mean(), variance=variance_shares(remedied)),
        dropped=pd.DataFrame([*dropped, *more], columns=[FEATURE, "why"]),
        window_days=window_of(sources, list(active.columns)),
        notes=(*people_notes(study, given, natural, catalog), *value_notes(active, natural, catalog, remedies)),
    )


def _names(asked: Sequence[str]) -> tuple[str, ...]:
    return (asked,) if isinstance(asked, str) else tuple(dict.fromkeys(asked))


def _known_names(where: str, asked: Sequence[str], allowed: Sequence[str]) -> None:
    unknown = [name for name in asked if name not in allowed]
    if unknown:
        raise ChoiceError(unknown_name(where, unknown[0], allowed))


def _with_values(natural: pd.DataFrame, catalog: pd.DataFrame) -> pd.DataFrame:
    active = list(catalog.index[catalog[ROLE] == "active"])
    if not active:
        raise StudyError(none_active(catalog))
    natural = natural[natural[active].notna().any(axis=1)]
    if not len(natural):
        raise TooFewError("features: no participant has an active value. Check that the tables share participant_id.")
    return natural


def _scaled(natural: pd.DataFrame, catalog: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[str, str]]]:
    """Put every feature on its scale and leave out active ones that repeat another."""
    found = {name: scaled(natural[name], catalog.loc[name, KIND]) for name in catalog.index}
    table = pd.concat([one.values for one in found.values()], axis=1)
    table.columns = natural.columns
    catalog = catalog.assign(scale=[one.scale for one in found.values()], drawn_in=[one.drawn_in for one in found.values()])
    twice = copies(table[list(catalog.index[catalog[ROLE] == "active"])])
    keep = [name for name in catalog.index if name not in twice]
    return table[keep], catalog.loc[keep], [(name, f"copy_of:{other}") for name, other in twice.items()]
