"""Native charts with their numbers inside: the experience curve, and shares with intervals as bars or columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personakit.export.layout.blocks import Chart, Series
from personakit.export.slides.pen import Pen, element, emu

CHARTML = "http://schemas.openxmlformats.org/drawingml/2006/chart"
#: how a share is written in a chart
HIGH_ENOUGH = 0.2
PERCENT = {"fr-FR": '0"\u202f"%', "en-GB": "0%"}


def add_chart(block: Chart, pen: Pen) -> Any:
    """Draw a chart; the numbers stay in it and can be edited in PowerPoint."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    kinds = {
        "curve": XL_CHART_TYPE.LINE_MARKERS,
        "bars": XL_CHART_TYPE.BAR_CLUSTERED,
        "columns": XL_CHART_TYPE.COLUMN_CLUSTERED,
    }
    data = CategoryChartData(number_format="General" if block.kind == "curve" else "0%")
    data.categories = list(block.categories)
    for one in block.series:
        data.add_series(one.name, one.values)
    place = block.place
    frame = pen.shapes.add_chart(kinds[block.kind], emu(place.x), emu(place.y), emu(place.width), emu(place.height), data)
    chart = frame.chart
    chart.has_title = False
    _font(chart.font, block.size, "ink", pen)
    for drawn, series in zip(chart.plots[0].series, block.series, strict=True):
        if series.low:
            _intervals(drawn._element, series, pen)
    (_curve if block.kind == "curve" else _bars)(chart, block, pen)
    return frame


def _font(font: Any, size: float, colour: str, pen: Pen) -> None:
    from pptx.util import Pt

    font.size, font.color.rgb = Pt(size), pen.rgb(colour)


def _bars(chart: Any, block: Chart, pen: Pen) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    plot, values, names = chart.plots[0], chart.value_axis, chart.category_axis
    plot.gap_width, plot.overlap = (45 if block.kind == "bars" else 90), -5
    values.minimum_scale, values.maximum_scale = 0, 1.15 if block.kind == "columns" else 1
    values.visible, values.has_major_gridlines = False, False
    names.has_major_gridlines, names.major_tick_mark = False, XL_TICK_MARK.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.format.line.color.rgb = pen.rgb("line")
    names.reverse_order = block.kind == "bars"
    for drawn, series in zip(plot.series, block.series, strict=True):
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = pen.rgb(series.colour)
        if block.kind == "columns":
            _label(drawn.data_labels, series, block, pen)
    chart.has_legend = block.kind == "columns"
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.RIGHT, False
        chart.legend.font.size = Pt(block.size - 0.5)


def _label(labels: Any, series: Series, block: Chart, pen: Pen) -> None:
    """Write a share inside the foot of a column that is high enough, else above it."""
    from pptx.enum.chart import XL_LABEL_POSITION

    inside = bool(series.low) and min(value or 0.0 for value in series.values) >= HIGH_ENOUGH
    labels.show_value, labels.number_format, labels.number_format_is_linked = True, PERCENT[pen.language], False
    labels.position = XL_LABEL_POSITION.INSIDE_BASE if inside else XL_LABEL_POSITION.OUTSIDE_END
    _font(labels.font, block.size - 0.5, "paper" if inside else "ink" if series.low else "muted", pen)
    labels.font.bold = bool(series.low)


def _curve(chart: Any, block: Chart, pen: Pen) -> None:
    from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    values, names = chart.value_axis, chart.category_axis
    values.minimum_scale, values.maximum_scale, values.major_unit = -2, 2, 1
    values.major_gridlines.format.line.color.rgb = pen.rgb("line-soft")
    values.format.line.fill.background()
    values.major_tick_mark = XL_TICK_MARK.NONE
    hard, easy = (one.replace('"', "") for one in block.ends)
    values.tick_labels.number_format, values.tick_labels.number_format_is_linked = f'[=2]"{easy}";[=-2]"{hard}";""', False
    names.tick_label_position, names.major_tick_mark = XL_TICK_LABEL_POSITION.NONE, XL_TICK_MARK.NONE
    names.format.line.color.rgb, names.format.line.width = pen.rgb("line"), Pt(1)
    chart.has_legend = False
    drawn, series = chart.plots[0].series[0], block.series[0]
    drawn.smooth = False
    drawn.format.line.color.rgb, drawn.format.line.width = pen.rgb("dot"), Pt(2.25)
    _align_plot(chart, *block.span)
    for at, value in enumerate(series.values):
        if value is not None:
            _point(drawn.points[at], value, series.labels[at], block, pen)


def _point(point: Any, value: float, label: str, block: Chart, pen: Pen) -> None:
    """Mark a point by shape as well as by colour: a triangle for what goes well, a square for what does not."""
    from pptx.enum.chart import XL_LABEL_POSITION, XL_MARKER_STYLE

    well = value >= 0
    marker = point.marker
    marker.style, marker.size = (XL_MARKER_STYLE.TRIANGLE if well else XL_MARKER_STYLE.SQUARE), 9
    marker.format.fill.solid()
    marker.format.fill.fore_color.rgb = pen.rgb("delight" if well else "pain")
    marker.format.line.color.rgb = pen.rgb("paper")
    frame = point.data_label.text_frame
    frame.text, frame.word_wrap = label.replace(" ", "\u00a0"), False
    _font(frame.paragraphs[0].runs[0].font, block.size, "ink", pen)
    frame.paragraphs[0].runs[0].font.bold = True
    point.data_label.position = XL_LABEL_POSITION.RIGHT


def _intervals(series: Any, block: Series, pen: Pen) -> None:
    """Add the intervals as error bars with their own numbers."""
    from lxml import etree

    def add(parent: Any, tag: str, **attributes: str) -> Any:
        return etree.SubElement(parent, f"{{{CHARTML}}}{tag}", attributes)

    bars = etree.Element(f"{{{CHARTML}}}errBars")
    if series.getparent().tag.endswith("lineChart"):
        add(bars, "errDir", val="y")
    add(bars, "errBarType", val="both")
    add(bars, "errValType", val="cust")
    add(bars, "noEndCap", val="0")
    for tag, ends, sign in (("plus", block.high, 1), ("minus", block.low, -1)):
        gaps = _gaps(block.values, ends, sign)
        numbers = add(add(bars, tag), "numLit")
        add(numbers, "formatCode").text = "General"
        add(numbers, "ptCount", val=str(len(gaps)))
        for at, gap in enumerate(gaps):
            add(add(numbers, "pt", idx=str(at)), "v").text = f"{gap:.6g}"
    line = element(add(bars, "spPr"), "ln", w="15875")
    element(element(line, "solidFill"), "srgbClr", val=pen.hex("ink"))
    series.find(f"{{{CHARTML}}}cat").addprevious(bars)


def _gaps(values: Sequence[float | None], ends: Sequence[float | None], sign: int) -> list[float]:
    return [
        max(sign * (end - value), 0.0) if end is not None and value is not None else 0.0
        for value, end in zip(values, ends, strict=True)
    ]


def _align_plot(chart: Any, left: float, right: float) -> None:
    """Fix where the plot stands in its chart, as parts of its width: so that stages stand under their columns."""
    from lxml import etree

    area = chart._chartSpace.find(f".//{{{CHARTML}}}plotArea")
    for old in area.findall(f"{{{CHARTML}}}layout"):
        area.remove(old)
    layout = etree.Element(f"{{{CHARTML}}}layout")
    manual = etree.SubElement(layout, f"{{{CHARTML}}}manualLayout")
    for tag, value in (
        ("layoutTarget", "inner"),
        ("xMode", "edge"),
        ("yMode", "edge"),
        ("x", f"{left:.5f}"),
        ("y", "0.08"),
        ("w", f"{right - left:.5f}"),
        ("h", "0.84"),
    ):
        etree.SubElement(manual, f"{{{CHARTML}}}{tag}", {"val": value})
    area.insert(0, layout)
