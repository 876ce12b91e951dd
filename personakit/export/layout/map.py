"""A journey map on pages: stages as columns, lanes as rows, the curve between them; what is too much goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from personakit.documents import Cell, Claim, JourneyMap
from personakit.export.layout.blocks import Block, Chart, Grid, GridCell, Page, Picture, Place, Series, Shape, Text
from personakit.export.layout.card import banner, letters_sign
from personakit.export.layout.sections import heading
from personakit.export.layout.text import Paragraph, Run, split_text, text_height, text_width
from personakit.export.layout.words import LEVELS, evidence_numbers, fitted, said
from personakit.export.theme import Theme
from personakit.wording import say_key

A3 = (420.0, 297.0)
MARGIN, HEAD, BANNER, CURVE = 10.0, 17.0, 9.5, 38.0
SIZES = (10.0, 9.5, 9.0, 8.5, 8.0)
#: width of the titles of lanes, the least width of a stage, and the room around the words of a cell, in millimetres
LANE, STAGE, AROUND_X, AROUND_Y = 29.0, 37.0, 3.4, 2.0
#: the most height of the row of stage titles
TITLES = 14.0
QUIET, STRONG = ("sources",), ("reached", "goes_on")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What the pages of one map share: some of its stages, the theme, the size of the letters, the numbers of evidence."""

    map: JourneyMap
    stages: tuple[int, ...]
    theme: Theme
    size: tuple[float, float]
    points: float
    numbers: Mapping[str, int]

    @property
    def widths(self) -> tuple[float, ...]:
        """The width of the titles, then of each stage."""
        one = (self.size[0] - 2 * MARGIN - LANE) / max(len(self.stages), 1)
        return (LANE, *(one for _ in self.stages))

    def room(self, cell: GridCell, column: int) -> float:
        """Return the width that the words of a cell have."""
        return sum(self.widths[column : column + max(cell.span, 1)]) - AROUND_X

    def height(self, cells: Sequence[GridCell]) -> float:
        """Return the height of a row."""
        return (
            max(
                (
                    text_height(cell.paragraphs, self.room(cell, column), self.theme.font)
                    for column, cell in enumerate(cells)
                    if cell.span
                ),
                default=0.0,
            )
            + AROUND_Y
        )


@dataclass(frozen=True, kw_only=True)
class Band:
    """One lane, or the part of it that a page holds. ``cells`` starts with its title; ``curve`` is drawn, not written."""

    cells: tuple[GridCell, ...]
    height: float
    curve: bool = False
    title: str = ""


def map_pages(journey_map: JourneyMap, theme: Theme, size: tuple[float, float] = A3) -> list[Page]:
    """Lay a map out in the largest letters with which it takes the fewest pages, 8 points at least; stages may part."""
    count = len(journey_map.stages)
    parts = max(-(-count // max(int((size[0] - 2 * MARGIN - LANE) // STAGE), 1)), 1)
    each = max(-(-count // parts), 1)
    numbers = evidence_numbers(journey_map)
    best: list[Page] = []
    for points in SIZES:
        pages: list[Page] = []
        for start in range(0, max(count, 1), each):
            sheet = Sheet(
                map=journey_map,
                stages=tuple(range(start, min(start + each, count))),
                theme=theme,
                size=size,
                points=points,
                numbers=numbers,
            )
            pages += _pages(sheet, len(pages), last=start + each >= count)
        best = pages if not best or len(pages) < len(best) else best
        if len(best) == parts:
            break
    return [replace(best[0], notes=_notes(journey_map, numbers)), *best[1:]]


def field(journey_map: JourneyMap, *parts: object) -> str:
    """Name a block after what it shows: ``map/P1/curve``, ``map/all/lanes/1``."""
    return "/".join(["map", quote(journey_map.persona or "all", safe=""), *(quote(str(one), safe="") for one in parts)])


def _pages(sheet: Sheet, before: int, *, last: bool) -> list[Page]:
    head = _titles(sheet)
    bands = [_band(sheet, lane) for lane in sheet.map.lanes]
    pages: list[Page] = []
    end = 0.0
    while bands or not pages:
        number = before + len(pages) + 1
        top, y = _header(sheet, number)
        taken, bands = _fitting(sheet, bands, sheet.size[1] - MARGIN - y - head.height)
        blocks = _lanes(sheet, head, taken, y, number)
        pages.append(Page(width=sheet.size[0], height=sheet.size[1], title=sheet.map.title, blocks=(*top, *blocks)))
        end = y + head.height + sum(one.height for one in taken)
    return _with_claims(sheet, pages, end, before) if last and sheet.map.notes else pages


# ---------------------------------------------------------------- lanes


def _titles(sheet: Sheet) -> Band:
    """Write the row of stage titles."""
    colour = sheet.theme.persona(sheet.map.persona)
    names = [say_key("maps.stage", sheet.map.language), *(sheet.map.stages[at][1] for at in sheet.stages)]
    look = Run(text="", size=min(sheet.points + 1, 10.0), bold=True, colour="paper")
    font = sheet.theme.font
    cells = tuple(
        GridCell(paragraphs=fitted(replace(look, text=_capital(name)), width - AROUND_X, TITLES, 7.0, font), fill=colour)
        for name, width in zip(names, sheet.widths, strict=True)
    )
    return Band(cells=cells, height=sheet.height(cells) + 1.2)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _band(sheet: Sheet, lane: tuple[str, str, tuple[tuple[Cell, ...], ...]]) -> Band:
    key, title, columns = lane
    fill = "wash" if key in QUIET else ""
    named = GridCell(
        paragraphs=(Paragraph(runs=(Run(text=title, size=max(sheet.points - 0.5, 8), bold=True, colour="accent"),)),),
        fill=fill,
    )
    own = [columns[at] for at in sheet.stages]
    if key == "experience" and any(column and column[0].value is not None for column in own):
        return Band(cells=(named,), height=CURVE, curve=True)
    if not any(own):
        text = f"{LEVELS['none']} {say_key('export.nothing_known', sheet.map.language)}"
        nothing = Paragraph(runs=(Run(text=text, size=max(sheet.points - 1, 7), colour="muted"),))
        wide = GridCell(paragraphs=(nothing,), fill=fill, span=max(len(own), 1))
        cells = (named, wide, *(GridCell(span=0, fill=fill) for _ in own[1:])) if own else (named,)
        return Band(cells=cells, height=sheet.height(cells))
    cells = (named, *(_cell(sheet, key, column, fill) for column in own))
    return Band(cells=cells, height=sheet.height(cells), title=title)


def _cell(sheet: Sheet, key: str, column: tuple[Cell, ...], fill: str) -> GridCell:
    if not column:
        nothing = Paragraph(runs=(Run(text=LEVELS["none"], size=sheet.points - 1, colour="muted"),))
        return GridCell(paragraphs=(nothing,), fill=fill)
    words = []
    for place, cell in enumerate(column):
        look = {
            "colour": cell.tone if cell.tone in ("pain", "delight") else "ink",
            "italic": key == "quotes",
            "bold": key in STRONG and not place,
        }
        runs = said(
            cell.text if key in STRONG else _one_line(cell.text, sheet),
            sheet.points,
            evidence=cell.evidence,
            numbers=sheet.numbers,
            mark=LEVELS.get(cell.level, LEVELS["none"]),
            look=look,
        )
        words.append(Paragraph(runs=runs, after=sheet.points * 0.25))
    pain = key == "opportunities" and any(cell.tone == "pain" for cell in column)
    return GridCell(
        paragraphs=tuple(words),
        fill="pain-wash" if pain else fill,
        evidence=tuple(dict.fromkeys(one for cell in column for one in cell.evidence)),
    )


def _one_line(text: str, sheet: Sheet) -> str:
    """Put short figures on the line of what they belong to."""
    first, _, rest = text.partition("\n")
    joined = f"{first} · {rest}"
    fits = text_width(joined, sheet.points, family=sheet.theme.font) < sheet.widths[-1] - AROUND_X - 4.0
    return joined if rest and fits and not first.endswith((".", "»", "”")) else text


def _fitting(sheet: Sheet, bands: list[Band], room: float) -> tuple[list[Band], list[Band]]:
    """Take the lanes that a page holds; a lane that is higher than a page is cut between lines."""
    taken: list[Band] = []
    for place, band in enumerate(bands):
        if band.height > room + 1e-6:
            if taken or band.curve:
                return taken, bands[place:]
            head, rest = _cut(sheet, band, room)
            return [head], [rest, *bands[place + 1 :]]
        taken.append(band)
        room -= band.height
    return taken, []


def _cut(sheet: Sheet, band: Band, room: float) -> tuple[Band, Band]:
    parts = [
        split_text(cell.paragraphs, sheet.room(cell, at), room - AROUND_Y, sheet.theme.font)
        for at, cell in enumerate(band.cells)
    ]
    heads = tuple(replace(cell, paragraphs=head) for cell, (head, _) in zip(band.cells, parts, strict=True))
    tails = tuple(replace(cell, paragraphs=tail) for cell, (_, tail) in zip(band.cells, parts, strict=True))
    text = say_key("export.continued", sheet.map.language, title=band.title)
    again = replace(band.cells[0].paragraphs[0].runs[0], text=text)
    tails = (replace(band.cells[0], paragraphs=(Paragraph(runs=(again,)),)), *tails[1:])
    return Band(cells=heads, height=room), Band(cells=tails, height=sheet.height(tails), title=band.title)


def _lanes(sheet: Sheet, head: Band, bands: Sequence[Band], y: float, number: int) -> list[Block]:
    """Draw lanes as tables, the curve between them; every table but the first goes on without the titles."""
    blocks: list[Block] = []
    rows = [head]
    for band in [*bands, None]:
        if band is not None and not band.curve:
            rows.append(band)
            continue
        if rows:
            grid = _grid(sheet, rows, y, field(sheet.map, "lanes", number, len(blocks) + 1), head=rows[0] is head)
            blocks.append(grid)
            y = grid.place.bottom
        if band is not None:
            blocks += _curve(sheet, band, y)
            y += band.height
        rows = []
    return blocks


def _grid(sheet: Sheet, rows: Sequence[Band], y: float, name: str, *, head: bool) -> Grid:
    heights = tuple(row.height for row in rows)
    place = Place(x=MARGIN, y=y, width=sum(sheet.widths), height=sum(heights))
    lanes = [row.cells[0].paragraphs[0].text for row in rows[1 if head else 0 :]]
    return Grid(
        name=name,
        alt=f"{sheet.map.title}. {', '.join(lanes)}.",
        place=place,
        widths=sheet.widths,
        heights=heights,
        rows=tuple(row.cells for row in rows),
        head=head,
    )


def _curve(sheet: Sheet, band: Band, y: float) -> list[Block]:
    columns = next(columns for key, _, columns in sheet.map.lanes if key == "experience")
    cells = [columns[at][0] if columns[at] and columns[at][0].value is not None else None for at in sheet.stages]
    stages = tuple(sheet.map.stages[at][1] for at in sheet.stages)
    language, width = sheet.map.language, sum(sheet.widths)
    series = Series(
        name=say_key("export.value", language),
        values=tuple(None if cell is None else cell.value for cell in cells),
        low=tuple(None if cell is None else cell.low for cell in cells),
        high=tuple(None if cell is None else cell.high for cell in cells),
        labels=tuple("" if cell is None else _marked(cell) for cell in cells),
    )
    alt = "; ".join(f"{stage}: {cell.text if cell else '–'}" for stage, cell in zip(stages, cells, strict=True))
    title = band.cells[0].paragraphs
    return [
        Text(
            name=field(sheet.map, "heading", "experience"),
            paragraphs=title,
            place=Place(x=MARGIN + AROUND_X / 2, y=y + 9.0, width=LANE - AROUND_X, height=band.height - 18.0),
        ),
        Chart(
            name=field(sheet.map, "curve", sheet.stages[0] + 1),
            alt=alt,
            kind="curve",
            categories=stages,
            series=(series,),
            place=Place(x=MARGIN, y=y, width=width, height=band.height),
            size=min(sheet.points, 9.0),
            ends=(say_key("maps.hard", language), say_key("maps.easy", language)),
            span=(LANE / width, 1.0),
        ),
        Shape(kind="line", place=Place(x=MARGIN, y=y + band.height, width=width, height=0), line="line", weight=0.5),
    ]


def _marked(cell: Cell) -> str:
    return f"{LEVELS.get(cell.level, LEVELS['none'])} {cell.text.partition(chr(10))[0]}"


# ---------------------------------------------------------------- around the lanes


def _header(sheet: Sheet, number: int) -> tuple[list[Block], float]:
    theme, own, width = sheet.theme, sheet.map, sheet.size[0]
    colour = theme.persona(own.persona)
    left = MARGIN + (18.0 if own.persona else 0.0)
    legend = "   ".join(f"{LEVELS[one]} {say_key(f'maps.level_{one}', own.language)}" for one in ("fully", "partly", "none"))
    legend = f"{say_key('maps.levels', own.language)}  {legend}"
    right = min(text_width(legend, 8.5, family=theme.font) + 4.0, width * 0.45)
    logo = 26.0 if theme.logo else 0.0
    title = own.title if number == 1 else say_key("export.continued_page", own.language, title=own.title, page=number)
    words = fitted(
        Run(text=title, size=24, bold=True), width - left - MARGIN - right - logo - 4.0, HEAD - 5.0, 12.0, theme.font
    )
    middle = width - left - MARGIN - right - logo - 4.0
    blocks: list[Block] = [
        Text(
            name=field(own, "title", number),
            paragraphs=words,
            title=True,
            middle=True,
            place=Place(x=left, y=MARGIN, width=middle, height=HEAD - 4.0),
        )
    ]
    blocks += _badges(sheet, logo > 0)
    blocks.append(
        Text(
            name=field(own, "legend", number),
            align="right",
            middle=True,
            paragraphs=fitted(Run(text=legend, size=8.5, colour="muted"), right, HEAD - 5.0, 7.0, theme.font),
            place=Place(x=width - MARGIN - right - logo, y=MARGIN, width=right, height=HEAD - 4.0),
        )
    )
    y = MARGIN + HEAD
    blocks.append(
        Shape(kind="rectangle", place=Place(x=MARGIN, y=y - 2.4, width=width - 2 * MARGIN, height=0.6), fill=colour)
    )
    if own.banner and number == 1:
        blocks += banner(own.banner, theme, field(own, "banner"), y, width)
        y += BANNER
    return blocks, y


def _badges(sheet: Sheet, logo: bool) -> list[Block]:
    """Draw the sign of the persona on the left, and the logo on the right."""
    own, theme, width = sheet.map, sheet.theme, sheet.size[0]
    blocks: list[Block] = []
    if own.persona:
        box = Place(x=MARGIN, y=MARGIN - 1.5, width=15.0, height=15.0)
        blocks += letters_sign(own.persona, own.language, theme, box, field(own, "sign"))
    if logo:
        blocks.append(
            Picture(
                name="logo",
                alt=theme.logo_alt,
                content=theme.logo,
                place=Place(x=width - MARGIN - 24.0, y=MARGIN, width=24.0, height=12.0),
            )
        )
    return blocks


def _with_claims(sheet: Sheet, pages: list[Page], end: float, before: int) -> list[Page]:
    """Write the notes of the map below it, or on a page of their own, and on as many as they need."""
    words = tuple(_note(claim, sheet) for claim in sheet.map.notes)
    width, x = sheet.size[0] - 2 * MARGIN, MARGIN
    font, y = sheet.theme.font, end + 3.0
    while words:
        inside, room = width - LANE, sheet.size[1] - MARGIN - y
        high = text_height(words, inside, font)
        head, rest = (words, ()) if high <= room else split_text(words, inside, room, font) if y < 60 else ((), words)
        if head:
            title = heading(say_key("maps.notes", sheet.map.language), field(sheet.map, "heading", "notes"), "notes").draw
            blocks: list[Block] = [*(title(Place(x=x, y=y, width=LANE - 4.0, height=4.6)) if title else ())]
            blocks.append(
                Text(
                    name=field(sheet.map, "notes", before + len(pages)),
                    paragraphs=head,
                    place=Place(x=x + LANE, y=y, width=inside, height=text_height(head, inside, font)),
                )
            )
            pages[-1] = replace(pages[-1], blocks=(*pages[-1].blocks, *blocks))
        words = rest
        if words:
            top, y = _header(sheet, before + len(pages) + 1)
            pages.append(Page(width=sheet.size[0], height=sheet.size[1], title=sheet.map.title, blocks=tuple(top)))
    return pages


def _note(claim: Claim, sheet: Sheet) -> Paragraph:
    return Paragraph(runs=said(claim.text, 8.5, evidence=claim.evidence, numbers=sheet.numbers), after=3.0)


def _notes(journey_map: JourneyMap, numbers: Mapping[str, int]) -> str:
    """Write the notes of the first page: the whole title and the evidence by number."""
    lines = [journey_map.title, "", say_key("export.notes_evidence", journey_map.language)]
    return "\n".join(lines + [f"{number} {one}" for one, number in numbers.items()])
