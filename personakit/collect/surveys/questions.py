"""From columns of cells to answers: one 0/1 column a choice, ratings as numbers, and a codebook that says what each is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from personakit.collect.reading.account import beside, frame_of, guessed, noted, with_frame
from personakit.collect.reading.options import Options
from personakit.collect.reading.values import guess_decimal
from personakit.collect.surveys.careless import LINE_ITEMS, flag_careless
from personakit.collect.surveys.choices import NO, Split, find_choices, fold, read_ticks, split_cells, tick_columns, whole
from personakit.collect.surveys.codebook import Variable, kind_of, plain, tabulate_variables
from personakit.collect.surveys.headers import ABOUT, ANSWER, ASIDE, DURATION, EXTRA, OTHER, Column, distinct
from personakit.collect.surveys.ratings import Rating, find_mirrors, read_rating, read_scale
from personakit.collect.surveys.sittings import Identified
from personakit.errors import ChoiceError, StudyError, first_five, unknown_name
from personakit.readings import Reading
from personakit.schema import PARTICIPANT, check_table, read_values

#: a column that the tool attached and that tells nearly everybody apart is an id
MOSTLY_DISTINCT = 0.9
#: ratings in words are believed to share a scale where this many at most stand in all columns of a question
SCALE_LEVELS = 11
#: levels below 0 that are taken for codes where no more stand in an item
MOST_CODES = 2
#: characters of a name in a note
LONGEST_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a person may say about the answers of one file, checked."""

    nothing_ticked: str = "missing"
    joiner: str | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scales: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a tool writes answers: what may part those of one cell, and what stands where a question was not shown or not
    answered.
    """

    joiners: Sequence[str] = ()
    unseen: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some columns of the answers with their variables."""

    table: pd.DataFrame
    variables: tuple[Variable, ...]


def told(options: Options) -> Told:
    """Check what a layout of surveys was told. Raises ``ChoiceError`` or ``StudyError``."""
    own, where = options.own, options.where
    ticked = options.choice("nothing_ticked", ("missing", "no")) or "missing"
    joiner, choices, scales = own.get("joiner"), own.get("options", {}), own.get("scales", [])
    if joiner is not None and (not isinstance(joiner, str) or not joiner.strip()):
        raise StudyError(f'{where}: joiner must be the text between two answers, such as ";#", not {joiner!r}.')
    if not isinstance(choices, Mapping) or not all(_is_texts(one) for one in choices.values()):
        raise StudyError(f'{where}: options must name the choices of each question: {{"question" = ["one", "two"]}}.')
    if not isinstance(scales, (list, tuple)) or not all(_is_texts(one) and len(one) > 1 for one in scales):
        raise StudyError(f'{where}: scales must be lists of words in their order: [["never", "sometimes", "often"]].')
    known = {str(name): tuple(one for one in texts if one.strip()) for name, texts in choices.items()}
    return Told(nothing_ticked=ticked, joiner=joiner, choices=known, scales=tuple(tuple(one) for one in scales))


def _is_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


def keep_columns(columns: Sequence[Column], options: Options) -> list[Column]:
    """Return all columns, or those asked for by heading, variable or question and those about the sitting."""
    if options.columns is None:
        return list(columns)
    known = {name for one in columns for name in (one.heading, one.name, one.question) if name}
    for name in options.columns:
        if name not in known:
            raise StudyError(f"{unknown_name(f'{options.where}: column', name, sorted(known))} Correct study.toml.")
    return [one for one in columns if one.use == ABOUT or {one.heading, one.name, one.question} & set(options.columns)]


# ---------------------------------------------------------------- from cells to answers
@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """Columns that were read: name -> its part of the answers, and note -> the names that it is about."""

    parts: Mapping[str, Part]
    notes: Mapping[str, Sequence[str]]


def read_answers(reading: Reading, columns: Sequence[Column], options: Options, habits: Habits,
                 unfinished: pd.Series) -> tuple[Reading, Part]:
    """Read the cells of a reading as answers, in the order of the file; what was found and guessed is noted."""
    frame, said = frame_of(reading), told(options)
    asked = [one for one in columns if one.use in (ANSWER, OTHER, EXTRA)]
    _known_questions(said, asked, options)
    zero = ~unfinished if said.nothing_ticked == "no" else unfinished & False
    ticked = _read_blocks(frame, asked, zero)
    reading, frame = _without_unseen(reading, asked, ticked.parts, habits.unseen if options.missing else ())
    cells = {one.name: one for one in asked if one.name not in ticked.parts}
    joined = _read_joined(frame, cells, said, habits.joiners, zero)
    rest = frame[[name for name in cells if name not in joined.parts]]
    decimal = guess_decimal(rest, options)
    single = _read_single(rest, cells, said, decimal or options.decimal, options)
    silent = [*ticked.notes.get("nothing_ticked", ()), *joined.notes.get("nothing_ticked", ())]
    timing = [one.name for one in columns if one.use == ASIDE]
    for key, names in {"timing": timing, **ticked.notes, **joined.notes, "nothing_ticked": silent, **single.notes}.items():
        if names and key != "joiner":
            reading = noted(reading, f"surveys.{key}", n=len(names), first=first_five(map(brief, names)))
    guesses = ", ".join(repr(one) for one in dict.fromkeys(joined.notes.get("joiner", ())))
    reading = guessed(reading, decimal=decimal, joiner=guesses or None)
    parts = {**ticked.parts, **joined.parts, **single.parts}
    return reading, join_parts([parts[one.name] for one in asked], frame.index)


def brief(name: str) -> str:
    """Return the beginning of a name that is a long question."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3].rstrip()}..."


def join_parts(parts: Sequence[Part], index: pd.Index) -> Part:
    """Put parts of the answers side by side."""
    table = pd.concat([one.table for one in parts], axis=1) if parts else pd.DataFrame(index=index)
    return Part(table=table, variables=tuple(variable for one in parts for variable in one.variables))


def _known_questions(said: Told, asked: Sequence[Column], options: Options) -> None:
    known = [name for one in asked for name in (one.name, one.heading)]
    for name in said.choices:
        if name not in known:
            raise ChoiceError(unknown_name(f"{options.where}: options", name, list(dict.fromkeys(known))))


def _without_unseen(reading: Reading, asked: Sequence[Column], ticked: Collection[str], words: Sequence[str]
                    ) -> tuple[Reading, pd.DataFrame]:
    """Empty the cells that say that a question was not shown or not answered; in a choice, some of these words mean no."""
    frame = frame_of(reading)
    texts = [one.name for one in asked]
    unseen = pd.DataFrame({name: frame[name].isin([one for one in words if name not in ticked or fold(one) not in NO])
                           for name in texts}, index=frame.index)
    names = [name for name in texts if unseen[name].any()]
    if not names:
        return reading, frame
    reading = noted(reading, "surveys.unseen", n=int(unseen.to_numpy().sum()), first=first_five(map(brief, names)))
    return reading, frame.assign(**{name: frame[name].mask(unseen[name]) for name in names})


def _read_blocks(frame: pd.DataFrame, asked: Sequence[Column], zero: pd.Series) -> Read:
    """Read the questions that have one column a choice; ``zero``: rows in which nothing ticked means no."""
    found, silent = [], []
    parts: dict[str, Part] = {}
    for question in dict.fromkeys(one.question for one in asked if one.question and one.use == ANSWER):
        group = [one for one in asked if one.question == question and one.use == ANSWER]
        texts = {one.name: (one.option, one.label) for one in group}
        names = tick_columns(frame[[one.name for one in group]], texts)
        if len(names) < 2:
            continue
        typed = [one.name for one in asked if one.question == question and one.use == OTHER]
        ticks = read_ticks(frame[names], frame[typed].notna().any(axis=1), zero=zero.to_numpy())
        found.append(question)
        silent += [question] if (ticks.untouched & ~zero.to_numpy()).any() else []
        parts |= {one.name: Part(table=ticks.table[[one.name]], variables=(Variable(
            name=one.name, label=one.label, kind="binary", question=question, multi=True),)) for one in group
            if one.name in names}
    return Read(parts=parts, notes={"multi": found, "nothing_ticked": silent})


def _read_joined(frame: pd.DataFrame, cells: Mapping[str, Column], said: Told, joiners: Sequence[str],
                 zero: pd.Series) -> Read:
    """Split the columns whose cells join several answers: those declared, else those that look so."""
    parts: dict[str, Part] = {}
    silent, typed, guesses = [], [], []
    for name, column in cells.items():
        if column.use != ANSWER or not pd.api.types.is_string_dtype(frame[name].dtype) or frame[name].isna().all():
            continue
        split = _split(frame[name], said.choices.get(name, said.choices.get(column.heading)), said, joiners)
        if split is None:
            continue
        empty = frame[name].isna()
        parts[name] = _choices_part(column, whole(split.choices.mask(empty & zero, 0)), split.typed)
        silent += [name] if (empty & ~zero).any() else []
        typed += [name] * int(split.typed.notna().sum())
        guesses += [] if said.joiner else [split.joiner]
    return Read(parts=parts, notes={"joined": list(parts), "nothing_ticked": silent, "typed": typed, "joiner": guesses})


def _split(cells: pd.Series, declared: Sequence[str] | None, said: Told, joiners: Sequence[str]) -> Split | None:
    """Split the cells of one question into its declared choices, by the joiner that leaves least over, else into those
    that the cells show.
    """
    if declared is not None and not declared:
        return None
    if declared is not None:
        tried = [split_cells(cells, one, declared) for one in ([said.joiner] if said.joiner else [*joiners, ", ", ";"])]
        return min(tried, key=lambda split: int(split.typed.notna().sum()))
    for joiner in [said.joiner] if said.joiner else joiners:
        choices = find_choices(cells, joiner, declared=said.joiner is not None)
        if choices:
            return split_cells(cells, joiner, choices)
    return None


def _choices_part(column: Column, choices: pd.DataFrame, typed: pd.Series) -> Part:
    label, name = column.label or column.heading, column.name
    table = choices.set_axis([f"{name} [{choice}]" for choice in choices], axis=1)
    variables = [Variable(name=f"{name} [{choice}]", label=f"{label} [{choice}]", kind="binary", question=name, multi=True)
                 for choice in choices]
    if typed.notna().any():
        table = table.assign(**{f"{name} [other]": typed})
        variables.append(Variable(name=f"{name} [other]", label=f"{label} [other]", kind="nominal", role="ignore",
                                  question=name))
    return Part(table=table, variables=tuple(variables))


def _read_single(cells: pd.DataFrame, columns: Mapping[str, Column], said: Told, decimal: str | None, options: Options
                 ) -> Read:
    """Read columns with one answer a cell: yes and no, numbers, ratings with words, words of a declared scale, words."""
    parts: dict[str, Part] = {}
    rated, used = [], set()
    for name in cells.columns:
        values, rating = read_values(cells[name], decimal=decimal), None
        if pd.api.types.is_string_dtype(values.dtype) and columns[name].use == ANSWER:
            scale = next((one for one in said.scales if read_scale(values, one)), None)
            rating = read_rating(values) if scale is None else read_scale(values, scale)
            used |= {scale}
            rated += [name] if rating and scale is None else []
        parts[name] = _single_part(columns[name], values, rating)
    for one in said.scales:
        if one not in used:
            raise ChoiceError(f"{options.where}: scales: no question has only the words {first_five(one)}. Write them as "
                              f"they stand in the file.")
    extra = [name for name in parts if columns[name].use == EXTRA]
    return Read(parts=parts, notes={"rated": rated, "unordered": _unordered(parts, columns), "extra": extra})


def _single_part(column: Column, given: pd.Series, rating: Rating | None) -> Part:
    values, categories = (given, {}) if rating is None else (rating.values, rating.categories)
    role = ""
    if column.use == OTHER:
        role = "ignore"
    elif column.use == EXTRA:
        role = "ignore" if values.nunique() >= max(2, MOSTLY_DISTINCT * values.count()) else "held_back"
    ends = (min(categories), max(categories)) if categories else (None, None)
    known = bool(categories) and values.min() >= ends[0] and values.max() <= ends[1]
    variable = Variable(name=column.name, label=column.label, kind="ordinal" if categories else kind_of(values), role=role,
                        question=column.question, low=ends[0] if known else None, high=ends[1] if known else None,
                        categories=categories)
    return Part(table=values.rename(column.name).to_frame(), variables=(variable,))


def _unordered(parts: Mapping[str, Part], columns: Mapping[str, Column]) -> list[str]:
    """Name the questions whose several columns are answered with the same few words, of which no order is known."""
    groups: dict[str, list[pd.Series]] = {}
    for name, part in parts.items():
        if columns[name].question and columns[name].use == ANSWER and part.variables[0].kind == "nominal":
            groups.setdefault(columns[name].question, []).append(part.table[name])
    levels = {question: set().union(*(one.dropna().unique() for one in group)) for question, group in groups.items()}
    return [question for question, group in groups.items() if len(group) > 1 and 2 < len(levels[question]) <= SCALE_LEVELS]


# ---------------------------------------------------------------- the end of every survey
def close(reading: Reading, answers: Part, who: Identified, sittings: pd.DataFrame | None = None) -> Reading:
    """Put answers, codebook and sittings into the reading, and note items that mirror another and careless answers.

    A table of participants is what was asked of them and what is known of the sitting, side by side.
    """
    names = distinct([f"{name} (file)" if name == PARTICIPANT else name for name in answers.table.columns])
    variables = tuple(replace(one, name=name) for one, name in zip(answers.variables, names, strict=True))
    answers = Part(table=answers.table.set_axis(names, axis=1), variables=variables)
    table = answers.table.copy()
    table.insert(0, PARTICIPANT, who.ids.loc[table.index].array)
    reading = _with_ids(reading, table[PARTICIPANT], who)
    if reading.report.table == "participants":
        more = pd.DataFrame(index=table.index) if sittings is None else sittings.drop(columns=table, errors="ignore")
        return with_frame(reading, pd.concat([table, more], axis=1))
    reading = beside(with_frame(reading, table), codebook=tabulate_variables(answers.variables))
    if sittings is not None and sittings.shape[1] > 1:
        reading = beside(reading, participants=sittings)
    mirrors = find_mirrors(answers.table)
    if mirrors:
        reading = noted(reading, "surveys.mirrors", n=len(mirrors), first=first_five(
            f"{name} = {other}" for name, other in mirrors.items()))
    reading = _note_negative(reading, answers)
    return _note_careless(reading, answers, mirrors, sittings)


def _with_ids(reading: Reading, ids: pd.Series, who: Identified) -> Reading:
    """Refuse ids that were named and repeat; say which were guessed, and which column of ids repeats and was not taken."""
    if who.guess is None:
        check_table("answers", ids.dropna().to_frame(), where=f"{reading.report.table} ({reading.report.file})")
    if who.unfit:
        reading = noted(reading, "surveys.unfit_ids", n=len(who.unfit), first=first_five(map(brief, who.unfit)))
    return guessed(reading, participant_id=who.guess)


def _note_negative(reading: Reading, answers: Part) -> Reading:
    """Note items with one or two levels below 0 that are no half of a scale around it: often codes for no answer."""
    found = {}
    for one in answers.variables:
        values = answers.table[one.name]
        if one.role or one.kind not in ("ordinal", "numeric") or not pd.api.types.is_numeric_dtype(values.dtype):
            continue
        levels = values.dropna().unique()
        below, others = levels[levels < 0], levels[levels >= 0]
        if 0 < len(below) <= MOST_CODES < len(others) and (levels % 1 == 0).all() and -below.min() != others.max():
            found[one.name] = first_five(plain(float(level)) for level in sorted(below))
    if not found:
        return reading
    return noted(reading, "surveys.negative", n=len(found), first=first_five(
        f"{brief(name)}: {levels}" for name, levels in found.items()))


def _note_careless(reading: Reading, answers: Part, mirrors: Iterable[str], sittings: pd.DataFrame | None) -> Reading:
    items = [one.name for one in answers.variables if one.kind == "ordinal" and not one.role and one.name not in set(mirrors)
             and pd.api.types.is_numeric_dtype(answers.table[one.name].dtype)]
    durations = None
    if sittings is not None and DURATION in sittings and pd.api.types.is_numeric_dtype(sittings[DURATION].dtype):
        durations = pd.Series(sittings[DURATION].to_numpy(dtype="float64"), index=answers.table.index)
    if len(items) < LINE_ITEMS and durations is None:
        return reading
    flags = flag_careless(answers.table.rename_axis(PARTICIPANT), items=items if len(items) >= LINE_ITEMS else [],
                          durations=durations)
    careless = (flags["flags"] > 0).to_numpy()
    if not careless.any():
        return reading
    names = frame_of(reading)[PARTICIPANT]
    return noted(reading, "surveys.careless", n=int(careless.sum()), first=first_five(names[careless]))
