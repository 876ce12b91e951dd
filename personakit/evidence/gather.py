"""Gather what is known of each persona into one record, each row with the id of what it was computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from personakit.disclosure import quotable
from personakit.evidence.codes import code_rows, interviewed
from personakit.evidence.coverage import coverage_rows
from personakit.evidence.features import feature_rows, spread
from personakit.evidence.lead import find_lead_users
from personakit.evidence.lean import draw_out_intervals
from personakit.evidence.outcomes import outcome_rows
from personakit.evidence.people import People, line_up
from personakit.evidence.portraits import exemplar_rows, find_places
from personakit.evidence.quotes import counter_quote_rows, is_verbatim, may_be_shown, quote_rows
from personakit.evidence.traits import trait_rows
from personakit.evidence.words import word_rows
from personakit.frozen import Sentence
from personakit.inference import one_thread
from personakit.records import Evidence, Features, Personas, Study
from personakit.schema import PARTICIPANT, QUOTE


@one_thread()
def gather_evidence(
    study: Study, features: Features, personas: Personas, *, seed: int, replicates: int = 500,
    texts: Mapping[str, str] | None = None,
) -> Evidence:
    """Gather what sets each persona apart, what its interviewees say, and how far its members fit the picture.

    Use it after choosing personas and before naming them. Each participant counts once, in the persona of their largest
    membership. Features that made the personas describe them and carry no p: they differ by construction. Only
    held-back features are tested. The difference that is told is that of the members. Where a feature made the personas it
    comes out a little too large, since its values sorted the people in doubt; its interval is therefore drawn out to what
    people sorted without the feature say, corrected for their errors (where the other features can tell the personas
    apart). Over 100 deals of the sample lunettes such intervals hold the true value 94.8 times in 100, and 90.4 times
    without that; those of held-back features 94.5 times (``benchmarks/evidence.csv``). Where personas overlap much, are
    small, or hardly anybody does a thing, they hold it less often (share of events at night, of a handful of people: 75.6
    times). It cannot tell why people differ, nor speak for people who are not in the study. What it cannot tell of this
    study is said in ``notes``.

    Parameters
    ----------
    study, features, personas
        The study, the features (also newly held-back ones) and the personas, of the same participants.
    seed
        Seed of the bootstrap and of the permutations.
    replicates
        Bootstrap samples of people; also the fewest permutations of a test.
    texts
        Name of a source (an interview) -> its whole text. Where given, only quotes that stand in the text of their source
        word for word are shown.

    Returns
    -------
    Evidence
        ``table``: one row a persona and feature, or level of a nominal feature (written ``name=level``): means or shares
        ``inside`` and ``outside`` in natural units, over people whose value is known; ``low`` and ``high`` of the
        difference hold 95 % (score interval for yes/no and levels, bootstrap of people otherwise; NaN below 2 people), and,
        for active features, the 95 % of the difference between people sorted without it;
        ``effect`` is the difference over the standard deviation of everyone; ``p`` by permuting persona labels over
        people (studentised), ``q`` corrected over all tests (Benjamini–Hochberg).
        ``outcomes``: held-back features corrected for classification error (BCH): ``naive`` mean of the labels,
        ``corrected`` mean, difference to everyone else naive and corrected, its bootstrap interval (the model of the
        personas taken as it is), ``wrong`` (share of members expected to belong elsewhere), n. Empty where memberships are
        0 or 1: nothing says then how sure they are.
        ``codes``: counts of interviewees with Wilson's interval; ``shrunk`` is the rate pulled to that of all, with its own
        interval; ``log_odds`` is a difference of smoothed log odds over its standard error. ``words``: the same for words
        of quotes that may be shown, with an informative prior, each person once; said by three people or more.
        ``quotes``: consent ``verbatim``, membership of at least .6, a code that half of the persona's interviewees share
        or that is more frequent there, one a person, at most six a persona, spread over kinds. ``counter_quotes``: for a
        quote, another member who says the opposite (``counters``: the id of that quote).
        ``coverage`` (index persona): n, share of all with its interval, share of ``contested`` members, ``runner_up`` (the
        persona they are next to), ``outsiders`` (share of members far from every persona: 3.5 robust standard deviations
        over all distances), how many have events, answers, codes; ``lead_users`` (heavy, broad and advocating) of
        ``lead_users_known``.
        ``exemplars``: three composites a persona, each of five people, the mean or what most say (``typical``: nearest to
        the centre; ``extreme``: farthest from other personas; ``counter_example``: nearest to another), with everyone's
        ``middle``.
        ``traits``: at most ten statements held by at least half of the members (level: present, absent, above or below
        everyone's median, or a nominal level). First, with ``headline``, the largest set that half of the members hold
        together; the others are common, but not together. ``share`` who hold it, ``together`` who hold all so far.

    Raises
    ------
    StudyError
        When the personas hold participants whom the study or the features do not know.

    References
    ----------
    Bolck, Croon & Hagenaars (2004), Vermunt (2010), Efron (1979), Newcombe (1998), Hesterberg (2015), Janssen (1997),
    Benjamini & Hochberg (1995), Monroe, Colaresi & Quinn (2008), Chapman & Milham (2006) on how few people a persona with
    many attributes describes.

    Examples
    --------
    >>> people = pd.Index(list("abcdef"), name="participant_id")
    >>> table = pd.DataFrame({"visits": [9.0, 8, 7, 2, 1, 3]}, index=people)
    >>> catalog = pd.DataFrame({"kind": ["count"], "role": ["active"], "unit": ["visits"]}, index=["visits"])
    >>> features = Features(table=table, natural=table, catalog=catalog, dropped=pd.DataFrame())
    >>> personas = Personas(candidate="by hand", features=features, quality=pd.Series(), stability=pd.DataFrame(),
    ...                     membership=pd.DataFrame({"P1": [1.0] * 3 + [0.0] * 3, "P2": [0.0] * 3 + [1.0] * 3}, people),
    ...                     tried=1, chosen=False)
    >>> study = Study(name="six", participants=pd.DataFrame(index=people))
    >>> gather_evidence(study, features, personas, seed=7).table[["persona", "inside", "outside", "p"]].values.tolist()
    [['P1', 8.0, 2.0, nan], ['P2', 2.0, 8.0, nan]]
    """
    people = line_up(study, features, personas)
    columns = spread(features, people, personas.features.active.columns)
    table = feature_rows(columns, people, seed=seed, replicates=replicates)
    table = draw_out_intervals(table, columns, people, personas.features)
    passages = interviewed(study.codes, people)
    codes = code_rows(passages, people)
    spoken = may_be_shown(passages, people, texts)
    quotes = quote_rows(spoken, codes)
    places = find_places(columns, people)
    lead = find_lead_users(study, features, people)
    return Evidence(
        table=table,
        outcomes=outcome_rows(columns, people, seed=seed, replicates=replicates),
        codes=codes,
        words=word_rows(passages, people),
        quotes=quotes,
        counter_quotes=counter_quote_rows(spoken, quotes),
        coverage=coverage_rows(study, people, personas, places, lead),
        exemplars=exemplar_rows(columns, people, places),
        traits=trait_rows(table, columns, people),
        seed=seed,
        notes=tuple(_notes(study, people, passages, lead, texts)),
    )


def _notes(
    study: Study, people: People, passages: pd.DataFrame, lead: pd.DataFrame, texts: Mapping[str, str] | None
) -> Iterator[Sentence]:
    """Say what cannot be told of this study."""
    outside = len(study.participants) - len(people.index)
    if outside:
        yield Sentence(key="evidence.outside", values={"n": outside, "of": len(study.participants)})
    if people.hard:
        yield Sentence(key="evidence.hard")
    interviewees = passages[PARTICIPANT].nunique()
    if interviewees == 1:
        yield Sentence(key="evidence.one_interview")
    quotes = quotable(passages)[QUOTE].str.strip().ne("")
    if texts is None and quotes.any():
        yield Sentence(key="evidence.unchecked", values={"n": int(quotes.sum())})
    if texts is not None and quotes.any():
        lost = int((~is_verbatim(quotable(passages)[quotes], texts)).sum())
        if lost:
            yield Sentence(key="evidence.not_verbatim", values={"n": lost, "of": int(quotes.sum())})
    if not lead["known"].any():
        yield Sentence(key="evidence.no_lead_users")
