"""Drawing on a slide: text with its language, shapes in whole units, names and words for those who cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personakit.export.layout.blocks import Shape
from personakit.export.layout.text import Paragraph, Run
from personakit.export.theme import Theme

EMU_A_MM = 36_000
DRAWINGML = "http://schemas.openxmlformats.org/drawingml/2006/main"
DECORATIVE = "http://schemas.microsoft.com/office/drawing/2017/decorative"
ALIGN = {"left": "l", "centre": "ctr", "right": "r"}


@dataclass(frozen=True, kw_only=True)
class Pen:
    """Where to draw (a slide, or a group on it), in which theme and language."""

    slide: Any
    shapes: Any
    theme: Theme
    language: str

    def hex(self, colour: str) -> str:
        """Return a colour, of the theme or its own, as PowerPoint writes it."""
        return self.theme.colours.get(colour, colour)[1:].upper()

    def rgb(self, colour: str) -> Any:
        """Return a colour as python-pptx takes it."""
        from pptx.dml.color import RGBColor

        return RGBColor.from_string(self.hex(colour))


def emu(millimetres: float) -> int:
    """Return a length as whole EMU: parts of one make PowerPoint call the file damaged.

    Examples
    --------
    >>> emu(10), emu(0.00001)
    (360000, 0)
    """
    return round(millimetres * EMU_A_MM)


def element(parent: Any, tag: str, **attributes: str) -> Any:
    """Add an element of DrawingML."""
    from lxml import etree

    return etree.SubElement(parent, f"{{{DRAWINGML}}}{tag}", attributes)


def fill_text(
    body: Any, paragraphs: Sequence[Paragraph], pen: Pen, *, align: str = "left", middle: bool = False, inset: float = 0.0
) -> None:
    """Write paragraphs into a text body: wrapped, never resized by itself, each run with its language."""
    properties = body.find(f"{{{DRAWINGML}}}bodyPr")
    for child in list(properties):
        properties.remove(child)
    for side in ("lIns", "rIns"):
        properties.set(side, str(emu(inset)))
    for side in ("tIns", "bIns"):
        properties.set(side, "0")
    properties.set("wrap", "square")
    properties.set("anchor", "ctr" if middle else "t")
    element(properties, "noAutofit")
    write_paragraphs(body, paragraphs, pen, align)


def write_paragraphs(body: Any, paragraphs: Sequence[Paragraph], pen: Pen, align: str = "left") -> None:
    """Put these paragraphs in the place of those that a text body holds."""
    for old in body.findall(f"{{{DRAWINGML}}}p"):
        body.remove(old)
    for one in paragraphs or (Paragraph(runs=(Run(text="", size=7.0),)),):
        paragraph = element(body, "p")
        look = element(paragraph, "pPr", algn=ALIGN[align], marL="0", indent="0")
        element(element(look, "lnSpc"), "spcPct", val="100000")
        element(element(look, "spcBef"), "spcPts", val="0")
        element(element(look, "spcAft"), "spcPts", val=str(round(one.after * 100)))
        element(look, "buNone")
        for run in one.runs:
            _write_run(paragraph, run, pen)


def _write_run(paragraph: Any, run: Run, pen: Pen) -> None:
    for place, text in enumerate(run.text.split("\n")):
        if place:
            _look(element(element(paragraph, "br"), "rPr"), run, pen)
        if text:
            one = element(paragraph, "r")
            _look(element(one, "rPr"), run, pen)
            element(one, "t").text = text


def _look(properties: Any, run: Run, pen: Pen) -> None:
    properties.set("lang", pen.language)
    properties.set("sz", str(round(run.size * 100)))
    properties.set("b", str(int(run.bold)))
    properties.set("i", str(int(run.italic)))
    properties.set("dirty", "0")
    if run.kind == "ref":
        properties.set("baseline", "30000")
    element(element(properties, "solidFill"), "srgbClr", val=pen.hex(run.colour))


def describe(shape: Any, name: str, alt: str = "") -> None:
    """Name a shape after its field, and say in words what it shows."""
    named = _named(shape)
    named.set("name", name)
    if alt:
        named.set("descr", alt)


def decorate(shape: Any) -> None:
    """Mark a shape as decoration: readers' software passes over it."""
    from lxml import etree

    named = _named(shape)
    named.set("name", "decoration")
    extension = element(element(named, "extLst"), "ext", uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}")
    etree.SubElement(extension, f"{{{DECORATIVE}}}decorative", {"val": "1"}, nsmap={"adec": DECORATIVE})


def _named(shape: Any) -> Any:
    return shape._element.xpath("./*[1]/p:cNvPr")[0]


def add_shape(block: Shape, pen: Pen) -> Any:
    """Draw a line, rectangle, circle or polygon."""
    from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
    from pptx.util import Pt

    place = block.place
    x, y, width, height = (emu(one) for one in (place.x, place.y, place.width, place.height))
    if block.kind == "line":
        shape = pen.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, x, y, x + width, y + height)
    elif block.kind == "polygon":
        corners = [(x + round(width * across), y + round(height * down)) for across, down in block.points]
        builder = pen.shapes.build_freeform(*corners[0], scale=1.0)
        builder.add_line_segments(corners[1:], close=True)
        shape = builder.convert_to_shape()
    else:
        shape = pen.shapes.add_shape(MSO_SHAPE.OVAL if block.kind == "circle" else MSO_SHAPE.RECTANGLE, x, y, width, height)
    for style in shape._element.xpath("./p:style"):
        shape._element.remove(style)
    if block.kind != "line":
        _fill(shape, block, pen)
    if block.line:
        shape.line.color.rgb, shape.line.width = pen.rgb(block.line), Pt(block.weight)
    elif block.kind != "line":
        shape.line.fill.background()
    return shape


def _fill(shape: Any, block: Shape, pen: Pen) -> None:
    if not block.fill:
        shape.fill.background()
        return
    shape.fill.solid()
    shape.fill.fore_color.rgb = pen.rgb(block.fill)
    if block.opacity < 1:
        colour = shape._element.xpath("./p:spPr/a:solidFill/a:srgbClr")[0]
        element(colour, "alpha", val=str(round(block.opacity * 100_000)))
