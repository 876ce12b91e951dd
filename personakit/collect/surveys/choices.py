"""Questions that take several answers: blocks of columns, and cells that join them, become one 0/1 column a choice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

#: marks of a box that was ticked, and words for yes, which say something only beside a no
TICKS = {"y", "o", "1", "x", "checked", "selected", "coché", "sélectionné", "quoted"}
YES = TICKS | {"yes", "oui", "true", "vrai"}
NO = {"no", "non", "n", "0", "false", "faux", "unchecked", "not selected", "non coché", "non sélectionné", "not quoted",
      "-99"}
#: cells that say that a question was not shown
NOT_SHOWN = {"n/a", "s/o"}
#: a choice joined with others is known as one where at least this many people made it
FEWEST_PEOPLE = 2
#: joined cells are several answers where choices made by several people explain this share of what they hold
EXPLAINED = 0.8
#: with a joiner that was declared, every piece is a choice, up to this many
MOST_CHOICES = 40


def fold(text: object) -> str:
    """Return a cell as it is compared: one line, single spaces, no case, whole numbers without a point."""
    plain = int(text) if isinstance(text, float) and text.is_integer() else text
    return " ".join(str(plain).split()).casefold()


@dataclass(frozen=True, kw_only=True, eq=False)
class Ticks:
    """A block as 0, 1 and missing. ``untouched``: rows in which nothing of it holds a word, where only ticks are written."""

    table: pd.DataFrame
    untouched: np.ndarray


# ---------------------------------------------------------------- one column a choice
def tick_columns(block: pd.DataFrame, texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the columns of one question that are choices to be ticked.

    A column is one where it holds nothing but its own text (``texts``: what stands for the choice) or, all over the
    question, nothing but words for yes and no. Columns without any word go with the others. What always holds a word in
    every row, such as a grid where all agree, is no choice.
    """
    names: list[str] = list(block.columns)
    levels = {name: {fold(one) for one in block[name].dropna().unique()} - NOT_SHOWN for name in names}
    filled = [name for name in names if levels[name]]
    if filled and all(levels[name] <= YES | NO for name in filled):
        said = set().union(*levels.values())
        gaps = block[filled].isna().to_numpy().any()
        return names if said & NO or (gaps and said <= TICKS) else []
    own = [name for name in filled if len(levels[name] - NO) == 1 and _is_own(next(iter(levels[name] - NO)), texts[name])]
    chosen = [name for name in names if name in own or not levels[name]]
    return chosen if len(own) > 1 and block[own].isna().to_numpy().any() else []


def _is_own(level: str, texts: Sequence[str]) -> bool:
    folded = [fold(one) for one in texts if one]
    return level in folded or any(len(level) > 1 and one.endswith(level) for one in folded)


def read_ticks(block: pd.DataFrame, beside: pd.Series, *, zero: np.ndarray) -> Ticks:
    """Read the choices of one question as 0 and 1.

    Where the block says no somewhere, each cell is read as it stands and an empty one is missing. Where it holds ticks
    alone, a row with any tick, or with a word ``beside`` it (typed under "other"), answered the question: what it left
    empty is 0. A row with nothing at all either ticked nothing or never saw the question: it is missing, and 0 only in the
    rows of ``zero``. A cell that says that it was not shown is missing everywhere.
    """
    words = block.apply(lambda column: column.map({level: fold(level) for level in column.dropna().unique()}))
    shown = ~words.isin(NOT_SHOWN).to_numpy()
    words = words.where(shown)
    yes = words.notna() & ~words.isin(NO)
    said_no = words.isin(NO).to_numpy().any()
    touched = (words.notna().any(axis=1) | beside).to_numpy()
    if said_no and words.isin(NO | YES).where(words.notna(), True).to_numpy().all():
        known = words.notna().to_numpy()
        return Ticks(table=whole(yes.astype("float64").where(known)), untouched=np.zeros(len(block), dtype=bool))
    table = yes.astype("float64").where((touched | zero)[:, None] & shown)
    return Ticks(table=whole(table), untouched=~touched & shown.any(axis=1))


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """Return columns without a gap as whole numbers."""
    return table.apply(lambda column: column if column.isna().any() else column.astype("int64"))


# ---------------------------------------------------------------- several choices in a cell
@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """A column of joined cells: one 0/1 column a choice, and what is no choice as ``typed`` text. ``joiner``: what parted
    them.
    """

    choices: pd.DataFrame
    typed: pd.Series
    joiner: str


def split_cells(cells: pd.Series, joiner: str, choices: Sequence[str]) -> Split:
    """Part each cell into the choices it holds, the longest first, so that a choice may hold the joiner."""
    places, levels = pd.factorize(cells)
    order = sorted(choices, key=lambda one: (-len(one), one))
    parts = [_parse(str(level), joiner, order) for level in levels]
    held = np.array([[one in found for one in choices] for found, _ in parts], dtype="float64").reshape(-1, len(choices))
    held = np.vstack([held, np.full(len(choices), np.nan)])
    typed = pd.array([rest or None for _, rest in parts] + [None], dtype="str")
    return Split(choices=whole(pd.DataFrame(held[places], index=cells.index, columns=list(choices))),
                 typed=pd.Series(typed.take(places), index=cells.index), joiner=joiner)


def _parse(cell: str, joiner: str, order: Sequence[str]) -> tuple[set[str], str]:
    """Return the choices that a cell holds, and the rest as it was typed."""
    found, rest, place, mark = set(), [], 0, joiner.strip() or joiner
    text = cell.strip()
    while place < len(text):
        here = next((one for one in order if text.startswith(one, place)
                     and (place + len(one) == len(text) or text.startswith(mark, place + len(one)))), None)
        if here is not None:
            found.add(here)
            end = place + len(here)
        else:
            end = text.find(mark, place)
            end = len(text) if end < 0 else end
            rest.append(text[place:end].strip())
        place = end + len(mark) if end < len(text) else end
        while place < len(text) and text[place].isspace():
            place += 1
    return found, joiner.join(one for one in rest if one)


def find_choices(cells: pd.Series, joiner: str, *, declared: bool) -> list[str]:
    """Return the choices that joined cells are made of, the most frequent first; none where they do not look joined.

    A piece that at least two people hold is a choice. Brackets are not parted, and neither are two pieces that never stand
    apart where the second begins in lower case (as in "A shop, by phone"). Cells look joined where choices explain 80% of
    their pieces and combine in more ways than there are choices; numbers, where they also rise in every cell and three
    stand together somewhere (``2,5`` is no two choices). With a ``declared`` joiner all pieces are choices, or, beyond 40,
    those that two people hold.
    """
    counts = Counter(cells.dropna().map(str))
    parted = {cell: _pieces(cell, joiner) for cell in counts}
    if not any(len(parts) > 1 for parts in parted.values()):
        return []
    if not declared:
        parted = _rejoin(parted, counts, joiner)
    people = Counter({piece: 0 for parts in parted.values() for piece in parts})
    for cell, parts in parted.items():
        people.update(dict.fromkeys(set(parts), counts[cell]))
    shared = [piece for piece, count in people.items() if count >= FEWEST_PEOPLE]
    chosen = list(people) if declared and len(people) <= MOST_CHOICES else shared
    if not declared and not _look_joined(parted, people, shared):
        return []
    return sorted(chosen, key=lambda piece: (-people[piece], piece))


def _pieces(cell: str, joiner: str) -> list[str]:
    """Part a cell at its joiner, outside brackets where these are closed."""
    mark = joiner.strip() or joiner
    parts = cell.split(mark)
    pieces: list[list[str]] = [[]]
    depth = 0
    for part in parts:
        pieces[-1].append(part)
        depth = max(0, depth + part.count("(") + part.count("[") - part.count(")") - part.count("]"))
        pieces += [] if depth else [[]]
    found = parts if depth else [mark.join(piece) for piece in pieces]
    return [part.strip() for part in found if part.strip()]


def _rejoin(parted: dict[str, list[str]], counts: Counter[str], joiner: str) -> dict[str, list[str]]:
    """Put together again two pieces that never stand apart and of which the second begins in lower case."""
    while True:
        people, pairs = Counter[str](), Counter[tuple[str, str]]()
        for cell, parts in parted.items():
            people.update(dict.fromkeys(parts, counts[cell]))
            pairs.update(dict.fromkeys(pairwise(parts), counts[cell]))
        one = next(((a, b) for (a, b), count in sorted(pairs.items()) if count >= FEWEST_PEOPLE
                    and count == people[a] == people[b] and b[:1].islower() and not a[:1].islower()), None)
        if one is None:
            return parted
        parted = {cell: _merge(parts, one, joiner) for cell, parts in parted.items()}


def _merge(parts: list[str], pair: tuple[str, str], joiner: str) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] = f"{out[-1]}{joiner}{part}"
        else:
            out.append(part)
    return out


def _look_joined(parted: Mapping[str, Sequence[str]], people: Counter[str], shared: Sequence[str]) -> bool:
    explained = sum(people[piece] for piece in shared) / max(sum(people.values()), 1)
    if len(shared) < 2 or explained < EXPLAINED or len(parted) <= len(shared):
        return False
    if all(re.fullmatch(r"\d+", piece) for piece in people):
        rising = all(int(a) < int(b) for parts in parted.values() for a, b in pairwise(parts))
        return rising and any(len(parts) > 2 for parts in parted.values())
    return True
