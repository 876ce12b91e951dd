"""``check_study``: what is missing, thin, or does not join, before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

import pandas as pd

from personakit.collect.logs.audit import columns_of, count_rows, people_of
from personakit.collect.privacy.identifiers import personal_ids
from personakit.collect.reading.findings import Finding, findings_of, tabulate
from personakit.errors import first_five
from personakit.records import Study, check_known
from personakit.schema import CODE, CONSENT, CONTENT, OWNER, PARTICIPANT, QUOTE, STAGE, TOUCHPOINT
from personakit.study.event_checks import check_lazy, event_counts
from personakit.study.settings import PEOPLE_TABLES
from personakit.wording import check_language, term

FEWEST_PARTICIPANTS, THIN_PARTICIPANTS, THIN_INTERVIEWS, THIN_OVERLAP, GAPS_SHARE = 10, 50, 12, 5, 0.4


def check_study(study: Study, *, language: str | None = None) -> pd.DataFrame:
    """List what is missing, thin, or does not join in a study, and what to do about it.

    Use it right after ``load_study`` and read it. It cannot tell whether the data are true, only whether they hang
    together; nothing is changed.

    Parameters
    ----------
    study
        From ``load_study``, or made by hand.
    language
        ``fr`` or ``en``; the study's own where not given.

    Returns
    -------
    DataFrame
        One row a check, indexed by its key: check (what was looked at), result (``passed``; ``note``: read it;
        ``failed``: the pipeline will stop), table, count (rows, people or names concerned), first (five of them; these may
        be participants' ids, so exports leave this column out), what_to_do (empty where passed).

    Raises
    ------
    StudyError
        For an unknown language.

    Examples
    --------
    >>> people = pd.DataFrame(index=pd.Index(["p1", "p2", "p3"], name="participant_id"))
    >>> checks = check_study(Study(name="tiny", participants=people))
    >>> checks.loc[checks["result"] == "failed", "check"].tolist()
    ['enough participants', 'something to learn from']
    """
    spoken = check_language(language or study.language)
    if study.events is not None and not isinstance(study.events, pd.DataFrame):
        check_lazy(study.events, "events")
    found = [*_people(study), *_tables(study), *_joins(study), *_events(study), *_answers(study), *_codes(study),
             *_stages(study, spoken), *_readings(study)]
    return tabulate(found, spoken)


def _none_expected(check: str, table: str, names: Collection[object], count: int | None = None) -> Finding:
    """Return a check that passes where there are no such names; ``count`` where names are not what is counted."""
    count = len(names) if count is None else count
    return Finding(check=check, result="note" if count else "passed", table=table, count=count,
                   values={"first": first_five(names), "table": table})


def _people(study: Study) -> Iterator[Finding]:
    count = len(study.participants)
    result = "failed" if count < FEWEST_PARTICIPANTS else "note" if count < THIN_PARTICIPANTS else "passed"
    yield Finding(check="study.enough_people", result=result, table="participants", count=count,
                  values={"fewest": FEWEST_PARTICIPANTS, "thin": THIN_PARTICIPANTS})
    ids = study.participants.index
    yield _none_expected("study.personal_ids", "participants", personal_ids(ids))
    nothing = not any(getattr(study, table) is not None for table in PEOPLE_TABLES)
    yield Finding(check="study.something_to_learn", result="failed" if nothing else "passed", table="participants",
                  count=sum(getattr(study, table) is not None for table in PEOPLE_TABLES))


def _tables(study: Study) -> Iterator[Finding]:
    for table in (*PEOPLE_TABLES, "touchpoints", "contents"):
        if table == "touchpoints" and study.events is None:
            continue
        if table == "contents" and (study.events is None or CONTENT not in columns_of(study.events)):
            continue
        frame = getattr(study, table)
        yield Finding(check=f"study.has_{table}", result="note" if frame is None else "passed", table=table,
                      count=0 if frame is None else count_rows(frame))


def _joins(study: Study) -> Iterator[Finding]:
    here = {table: getattr(study, table) for table in PEOPLE_TABLES if getattr(study, table) is not None}
    seen = {table: frame.index if table == "answers" else people_of(frame) for table, frame in here.items()}
    check_known("events", seen.get("events", study.participants.index), study.participants.index)
    for one, other in combinations(seen, 2):
        both = seen[one].intersection(seen[other])
        smaller = min(len(seen[one]), len(seen[other]))
        result = "note" if len(both) < THIN_OVERLAP else "passed"
        yield Finding(check="study.overlap", result=result, table=f"{one}, {other}", count=len(both),
                      values={"one": one, "other": other, "share": len(both) / max(smaller, 1)})
    if seen:
        silent = study.participants.index
        for ids in seen.values():
            silent = silent[~silent.isin(ids)]
        yield _none_expected("study.silent_people", "participants", silent)


def _events(study: Study) -> Iterator[Finding]:
    if study.events is None:
        return
    for check, names, count in event_counts(study):
        yield _none_expected(f"study.{check}", "events", names, count)


def _answers(study: Study) -> Iterator[Finding]:
    if study.codebook is not None:
        known = [*(study.answers.columns if study.answers is not None else []), *study.participants.columns]
        variables = study.codebook["variable"]
        yield _none_expected("study.codebook_unknown", "codebook", variables[~variables.isin(known)])
    if study.answers is None:
        return
    twice = study.answers.columns.intersection(study.participants.columns)
    yield Finding(check="study.columns_twice", result="failed" if len(twice) else "passed", table="answers",
                  count=len(twice), values={"first": first_five(twice)})
    texts = study.answers.select_dtypes(include=["object", "str"])
    commas = [name for name in texts if texts[name].dropna().astype("str").str.fullmatch(r"[+-]?\d+(,\d+)?").all()
              and texts[name].astype("str").str.contains(",", regex=False).any()]
    yield _none_expected("study.decimal_commas", "answers", commas)
    gaps = study.answers.columns[study.answers.isna().mean() > GAPS_SHARE]
    yield _none_expected("study.answers_with_gaps", "answers", gaps)
    same = study.answers.columns[study.answers.nunique() < 2]
    yield _none_expected("study.answers_all_same", "answers", same)


def _codes(study: Study) -> Iterator[Finding]:
    if study.codes is None:
        return
    interviewees = study.codes[PARTICIPANT].nunique()
    result = "note" if interviewees < THIN_INTERVIEWS else "passed"
    yield Finding(check="study.enough_interviews", result=result, table="codes", count=interviewees,
                  values={"thin": THIN_INTERVIEWS})
    once = study.codes.groupby(CODE)[PARTICIPANT].nunique()
    yield _none_expected("study.codes_said_once", "codes", once.index[once == 1])
    if QUOTE in study.codes:
        consent = study.codes[CONSENT] if CONSENT in study.codes else pd.Series(pd.NA, index=study.codes.index)
        unclear = study.codes[study.codes[QUOTE].notna() & consent.isna()]
        yield _none_expected("study.quotes_without_consent", "codes", unclear[PARTICIPANT], len(unclear))


def _stages(study: Study, language: str) -> Iterator[Finding]:
    if study.touchpoints is None:
        return
    touchpoints = study.touchpoints
    bare = [term(stage, language) for stage in study.stages if stage not in set(touchpoints[STAGE])]
    yield _none_expected("study.stages_without_touchpoint", "touchpoints", bare)
    owner = touchpoints[OWNER] if OWNER in touchpoints else pd.Series(pd.NA, index=touchpoints.index)
    nobodys = touchpoints.loc[owner.isna(), TOUCHPOINT].unique()
    yield _none_expected("study.touchpoints_without_owner", "touchpoints", nobodys)
    for table in ("codes", "walkthroughs", "design", "codebook"):
        frame = getattr(study, table)
        if frame is not None and TOUCHPOINT in frame:
            named = pd.Index(frame[TOUCHPOINT].dropna().unique())
            yield _none_expected("study.touchpoints_unknown", table, named[~named.isin(touchpoints[TOUCHPOINT])])


def _readings(study: Study) -> Iterator[Finding]:
    for report in study.reports:
        yield from findings_of(report)
    if study.set_aside.empty:
        yield Finding(check="study.aside_nothing", result="passed", table="study", count=0)
