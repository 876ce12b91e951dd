"""One row a sentence or a cell, whatever document it stands in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from personakit.documents import Card, JourneyMap
from personakit.export.steady import steady_zip
from personakit.export.tables import safe_cell
from personakit.wording import say_key

Document = Card | JourneyMap
#: the most characters that a cell of Excel holds, less some for the sign that it goes on
MOST = 32_000
CARD_COLUMNS = ("persona", "name", "side", "section", "text", "figures", "n", "status", "evidence")
MAP_COLUMNS = ("persona", "lane", "stage", "text", "figures", "value", "low", "high", "n", "level", "tone", "evidence")


def rows_of(document: Document) -> list[dict[str, object]]:
    """Return every sentence of a card, or every cell and note of a map."""
    if isinstance(document, JourneyMap):
        return _map_rows(document)
    head = {"persona": document.persona, "name": document.title}
    parts = [("front", say_key("export.summary", document.language), document.summary)]
    parts += [(one.side, one.title, claim) for one in document.sections for claim in one.claims]
    rows: list[dict[str, object]] = []
    for side, section, claim in parts:
        text, _, figures = claim.text.partition("\n")
        rows.append(
            {
                **head,
                "side": side,
                "section": section,
                "text": text,
                "figures": figures,
                "n": claim.n,
                "status": claim.status,
                "evidence": " ".join(claim.evidence),
            }
        )
    return rows


def _map_rows(document: JourneyMap) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    head = {"persona": document.persona or "all"}
    for _, lane, columns in document.lanes:
        for (_, stage), column in zip(document.stages, columns, strict=True):
            for cell in column:
                text, _, figures = cell.text.partition("\n")
                rows.append(
                    {
                        **head,
                        "lane": lane,
                        "stage": stage,
                        "text": text,
                        "figures": figures,
                        "value": cell.value,
                        "low": cell.low,
                        "high": cell.high,
                        "n": cell.n,
                        "level": cell.level,
                        "tone": cell.tone,
                        "evidence": " ".join(cell.evidence),
                    }
                )
    for note in document.notes:
        rows.append(
            dict.fromkeys(MAP_COLUMNS)
            | {
                **head,
                "lane": say_key("maps.notes", document.language),
                "text": note.text,
                "n": note.n,
                "evidence": " ".join(note.evidence),
            }
        )
    return rows


def columns_of(document: Document) -> tuple[str, ...]:
    """Return the columns of its rows."""
    return CARD_COLUMNS if isinstance(document, Card) else MAP_COLUMNS


def as_csv(rows: Sequence[Sequence[object]]) -> str:
    """Write rows as CSV that no spreadsheet runs."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [["" if cell is None else safe_cell(cell) for cell in row] for row in rows]
    )
    return out.getvalue()


def table_csv(documents: Sequence[Document]) -> str:
    """Return the rows of some documents of one kind as CSV."""
    columns = columns_of(documents[0])
    rows = [[row[one] for one in columns] for document in documents for row in rows_of(document)]
    return as_csv([columns, *rows])


def workbook(documents: Sequence[Document]) -> bytes:
    """Return a workbook: one sheet a document, texts as texts whatever they start with."""
    from personakit.export.needs import need

    need("openpyxl")
    import openpyxl
    from openpyxl.styles import Alignment, Font, PatternFill

    book = openpyxl.Workbook()
    book.remove(book.active)
    for place, document in enumerate(documents, start=1):
        columns = columns_of(document)
        name = document.persona or say_key("export.everyone", document.language)
        sheet = book.create_sheet("".join(one for one in name if one.isalnum() or one in " -_")[:24] or str(place))
        sheet.append([term_of(one, document.language) for one in columns])
        for row in rows_of(document):
            _write_row(sheet, [row[one] for one in columns])
        for cell, column in zip(sheet[1], columns, strict=True):
            cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="17212E")
            sheet.column_dimensions[cell.column_letter].width = 62 if column == "text" else 40 if column == "figures" else 16
        sheet.freeze_panes = "A2"
        for cells in sheet.iter_rows(min_row=2):
            for cell in cells:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    out = io.BytesIO()
    book.save(out)
    return steady_zip(out.getvalue())


def _write_row(sheet: object, values: Sequence[object]) -> None:
    line = sheet.max_row + 1  # type: ignore[attr-defined]
    for at, value in enumerate(values, start=1):
        cell = sheet.cell(row=line, column=at)  # type: ignore[attr-defined]
        if isinstance(value, str):
            cell.value = value if len(value) <= MOST else value[:MOST] + " […]"
            cell.data_type, cell.quotePrefix = "s", safe_cell(value) != value
        elif value is not None:
            cell.value = value


def term_of(column: str, language: str) -> str:
    """Return the title of a column."""
    return say_key(f"export.column_{column}", language)


def stickies(documents: Sequence[Document], colours: dict[str, str]) -> str:
    """Return one sticky note a sentence or cell, for a board such as Miro or FigJam: text, colour and place."""
    rows: list[list[object]] = [["text", "color", "x", "y", "group"]]
    left = 0
    for document in documents:
        if isinstance(document, Card):
            for across, section in enumerate(one for one in document.sections if one.side == "front"):
                rows += [
                    [
                        claim.text.replace("\n", " · "),
                        colours.get(section.key, colours[""]),
                        left + 220 * across,
                        220 * down,
                        f"{document.title} / {section.title}",
                    ]
                    for down, claim in enumerate(section.claims)
                ]
            left += 220 * (len(document.sections) + 1)
            continue
        y = 0
        for _, lane, columns in document.lanes:
            for across, column in enumerate(columns):
                rows += [
                    [
                        cell.text.replace("\n", " · "),
                        colours.get(cell.tone, colours[""]),
                        660 * across,
                        y + 220 * down,
                        f"{lane} / {document.stages[across][1]}",
                    ]
                    for down, cell in enumerate(column)
                ]
            y += 220 * (max((len(column) for column in columns), default=0) + 1)
    return as_csv(rows)
