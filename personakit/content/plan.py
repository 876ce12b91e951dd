"""The content plan: what each persona engages with at each stage, what is missing there, and what to try first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from personakit.content.uses import ALL, count_uses, draw_lifts
from personakit.errors import StudyError
from personakit.inference import adjust_bh, expanded_level, one_thread, percentile_interval
from personakit.records import JourneyFindings, Journeys, Personas, Study
from personakit.schema import CHANNEL, EVIDENCE_ID, KIND, PERSONA, STAGE, row_id

#: what is advised, the most pressing first
ADVICE = ("make_first", "make", "offer", "as_everyone", "less", "missing", "cannot_tell")
DIMENSIONS = (KIND, "theme", "format", CHANNEL)
#: a lift worth acting on, one near enough to 1 to be called the same, and the share of false offers that is accepted
NOTABLE, CLOSE, FALSE_ALARMS = 1.2, 1.5, 0.05
#: people who use content at the stage, and people who use this one (or would, by chance), below which nothing is advised
FEWEST, FEWEST_OF_ONE = 10, 5
COLUMNS = {EVIDENCE_ID: "str", PERSONA: "str", STAGE: "str", "dimension": "str", "level": "str", "advice": "str",
           "friction": "bool", "offered": "Int64", "people": "int64", "used": "int64", "share": "float64",
           "everyone": "float64", "lift": "float64", "low": "float64", "high": "float64"}


@one_thread()
def content_plan(
    study: Study, journeys: Journeys, personas: Personas, findings: JourneyFindings | None = None, *, seed: int,
    replicates: int = 200,
) -> pd.DataFrame:
    """Say which content each persona engages with at each stage, which is missing there, and what to try first.

    Use it once personas are chosen, to decide what to write and where to put it. It describes what people opened among
    what they were shown; it cannot tell that a content makes anybody go on: that takes a trial with chance deciding who
    sees what. Where contents helped to make the personas, their lifts are large by construction, so no p is given.

    Parameters
    ----------
    study
        With ``contents``: kind, and theme, format and stage where known.
    journeys, personas
        The log, whose events name contents, and whose log it is.
    findings
        From ``describe_journeys``: says at which stages a touchpoint is flagged. Without it nothing is ``make_first``.
    seed, replicates
        Of the bootstrap of people, drawn within each persona.

    Returns
    -------
    DataFrame
        One row a persona, stage (``all``: the whole journey), dimension (kind, theme, format, channel) and level:
        evidence_id, persona, stage, dimension, level, advice, friction (a touchpoint of the stage is flagged), offered
        (contents of the study with this level at the stage), people (who used any content there), used (who used this),
        share (mean over people of the share of their uses), everyone (the same over all), lift (share over everyone, pulled
        to 1 as ten people who use what everyone uses would), low, high (of the pulled lift: bootstrap of people, widened
        where they are few; NaN below two). ``advice``: ``make_first`` (a kind this persona engages with, that a stage with
        friction does not have), ``make`` (the same, without friction), ``offer`` (lift of 1.2 or more, by five people or
        more; at most 5 % false by Benjamini-Hochberg, against people drawn from everyone at random), ``less`` (the
        opposite), ``as_everyone`` (interval within 1/1.5 and 1.5), ``missing`` (a kind the stage does not have, and nothing
        says that this persona engages with it), ``cannot_tell``. The rows to act on come first.

    Raises
    ------
    StudyError
        The study has no contents, or the contents no kind, theme or format.

    References
    ----------
    Lift after Brin, Motwani, Ullman and Tsur (1997); bootstrap of people, Efron (1979), widened after Hesterberg (2015);
    Benjamini and Hochberg (1995).

    Examples
    --------
    >>> from personakit import Features, trace_journeys
    >>> people = pd.Index([f"p{at}" for at in range(40)], name="participant_id")
    >>> opened = ["guide"] * 20 + ["offer"] * 20
    >>> events = pd.DataFrame({"participant_id": people, "event": "open", "time_us": range(40), "content": opened})
    >>> contents = pd.DataFrame({"content": ["guide", "offer"], "kind": ["inform", "reward"]})
    >>> study = Study(name="x", participants=pd.DataFrame(index=people), events=events, contents=contents)
    >>> table = pd.DataFrame({"age": range(40)}, index=people)
    >>> features = Features(table=table, natural=table, catalog=pd.DataFrame(index=["age"]), dropped=pd.DataFrame())
    >>> membership = pd.DataFrame({"P1": [1.0] * 20 + [0.0] * 20, "P2": [0.0] * 20 + [1.0] * 20}, people)
    >>> personas = Personas(candidate="by hand", features=features, quality=pd.Series(), stability=pd.DataFrame(),
    ...                     membership=membership, tried=1, chosen=True)
    >>> plan = content_plan(study, trace_journeys(study), personas, seed=7)
    >>> plan.loc[plan["advice"] == "offer", ["persona", "level"]].to_numpy().tolist()
    [['P1', 'inform'], ['P2', 'reward']]
    """
    dimensions = _dimensions(study)
    cells = count_uses(study, journeys, personas, dimensions)
    lift, draws = draw_lifts(cells, replicates=replicates, seed=seed)
    low, high = percentile_interval(draws, level=expanded_level(cells.rows["people"]))
    with np.errstate(divide="ignore", invalid="ignore"):
        # against people drawn from everyone at random: a bootstrap of people who all use none of it knows no chance
        z = (cells.rows["share"] - cells.rows["everyone"]).abs() / cells.rows["chance"]
    frame = cells.rows.assign(lift=lift, low=low, high=high, p=2 * norm.sf(z))
    frame["advice"] = _advice(frame, _frictions(findings))
    frame["friction"] = [(one.persona, one.stage) in _frictions(findings) for one in frame.itertuples()]
    frame = frame.iloc[_order(frame, [str(one) for one in personas.membership.columns], study.stages)]
    ids = [row_id("content", one, seed, replicates, cells.digest)
           for one in frame[[PERSONA, STAGE, "dimension", "level"]].to_numpy().tolist()]
    return frame.assign(**{EVIDENCE_ID: ids})[list(COLUMNS)].astype(COLUMNS).reset_index(drop=True)


def _dimensions(study: Study) -> tuple[str, ...]:
    if study.contents is None:
        raise StudyError("contents: this study has none, so there is nothing to plan. Add contents.csv (content, kind, "
                         "theme, format, stage).")
    known = tuple(one for one in DIMENSIONS[:3] if one in study.contents.columns)
    if not known:
        raise StudyError(f"contents: no column kind, theme or format (columns: {', '.join(study.contents.columns)}). "
                         "Say what each content is for: kind is orient, inform, help, reassure or reward.")
    return (*known, CHANNEL)


def _frictions(findings: JourneyFindings | None) -> set[tuple[str, str]]:
    """List the (persona, stage) where a touchpoint is flagged."""
    if findings is None:
        return set()
    rows = findings.friction[findings.friction["flagged"].astype(bool)]
    return set(zip(rows[PERSONA], rows[STAGE], strict=True))


def _advice(frame: pd.DataFrame, frictions: set[tuple[str, str]]) -> np.ndarray:
    known = (frame["people"] >= FEWEST).to_numpy()
    q = adjust_bh(np.where(known, frame["p"], np.nan))
    sure = np.nan_to_num(q, nan=1.0) <= FALSE_ALARMS
    lift, low, high = (frame[one].to_numpy() for one in ("lift", "low", "high"))
    more = sure & (lift >= NOTABLE) & (low > 1) & (frame["used"] >= FEWEST_OF_ONE).to_numpy()
    less = sure & (lift <= 1 / NOTABLE) & (high < 1) & (frame["expected"] >= FEWEST_OF_ONE).to_numpy()
    same = known & (low >= 1 / CLOSE) & (high <= CLOSE)
    advice = np.select([more, less, same], ["offer", "less", "as_everyone"], "cannot_tell").astype(object)
    whole = frame[STAGE].eq(ALL) & frame["dimension"].eq(KIND) & more
    wanted = set(zip(frame.loc[whole, PERSONA], frame.loc[whole, "level"], strict=True))
    gaps = frame["dimension"].eq(KIND) & frame["offered"].eq(0).fillna(False)
    for at in np.flatnonzero(gaps):
        persona, stage, level = frame[PERSONA].iloc[at], frame[STAGE].iloc[at], frame["level"].iloc[at]
        engaged = (persona, level) in wanted
        advice[at] = "missing" if not engaged else "make_first" if (persona, stage) in frictions else "make"
    return advice


def _order(frame: pd.DataFrame, personas: list[str], stages: tuple[str, ...]) -> np.ndarray:
    def place(column: str, words: tuple[str, ...]) -> np.ndarray:
        return frame[column].map({word: at for at, word in enumerate(words)}).to_numpy()

    return np.lexsort((frame["level"].rank(method="dense").to_numpy(), -np.nan_to_num(frame["low"].to_numpy()),
                       place("dimension", DIMENSIONS), place(STAGE, (ALL, *stages)), ~frame["friction"].to_numpy(),
                       place("advice", ADVICE), place(PERSONA, tuple(personas))))
