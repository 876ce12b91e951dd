"""Native tables: widths and heights in whole units, a title row, thin lines, no style of PowerPoint's own."""

from __future__ import annotations

from typing import Any

from personakit.export.layout.blocks import Grid, GridCell
from personakit.export.slides.pen import Pen, element, emu, write_paragraphs

#: PowerPoint's "No Style, No Grid"
NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
#: room between a cell's edge and its words, in millimetres: left and right, top and bottom
CELL_X, CELL_Y = 1.6, 0.9


def add_table(block: Grid, pen: Pen) -> Any:
    """Draw a grid as a table that people can edit."""
    place = block.place
    frame = pen.shapes.add_table(
        len(block.rows), len(block.widths), emu(place.x), emu(place.y), emu(place.width), emu(place.height)
    )
    table = frame.table
    table.first_row, table.horz_banding, table.first_col = block.head, False, True
    table._tbl.tblPr.find("{*}tableStyleId").text = NO_STYLE
    for column, width in zip(table.columns, block.widths, strict=True):
        column.width = emu(width)
    for row, height, cells in zip(table.rows, block.heights, block.rows, strict=True):
        row.height = emu(height)
        for cell, one in zip(row.cells, cells, strict=True):
            _fill_cell(cell, one, pen, line="" if one.fill == "ink" else "line")
    for at, cells in enumerate(block.rows):
        for column, one in enumerate(cells):
            if one.span > 1:
                table.cell(at, column).merge(table.cell(at, column + one.span - 1))
    return frame


def _fill_cell(cell: Any, one: GridCell, pen: Pen, line: str) -> None:
    write_paragraphs(cell._tc.get_or_add_txBody(), one.paragraphs, pen)
    properties = cell._tc.get_or_add_tcPr()
    for side, room in (("marL", CELL_X), ("marR", CELL_X), ("marT", CELL_Y), ("marB", CELL_Y)):
        properties.set(side, str(emu(room)))
    for edge in ("lnL", "lnR", "lnT"):
        element(element(properties, edge, w="0"), "noFill")
    below = element(properties, "lnB", w="6350")
    if line:
        element(element(below, "solidFill"), "srgbClr", val=pen.hex(line))
    else:
        element(below, "noFill")
    if one.fill:
        element(element(properties, "solidFill"), "srgbClr", val=pen.hex(one.fill))
    else:
        element(properties, "noFill")
