"""Pages as HTML for print: every block at its place, with the elements that readers' software knows (titles, tables)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from markupsafe import escape

from personakit.export.layout.blocks import Block, Chart, Drawing, Grid, Page, Picture, Place, Shape, Text
from personakit.export.layout.map import AROUND_X, AROUND_Y
from personakit.export.layout.text import LINE, MM_A_POINT, SMALL, Paragraph, Run, text_height
from personakit.export.pages.svg import draw
from personakit.export.theme import Theme, logo_uri

CSS = """
@page {{ size: {width:g}mm {height:g}mm; margin: 0; }}
html, body {{ margin: 0; padding: 0; }}
body {{ font-family: "{font}", "Liberation Sans", "TeX Gyre Heros", "Nimbus Sans", sans-serif; }}
.page {{ position: relative; width: {width:g}mm; height: {height:g}mm; overflow: hidden; break-after: page; }}
.page:last-child {{ break-after: auto; }}
.at {{ position: absolute; overflow-wrap: anywhere; }}
h1, h2, p {{ margin: 0; font-size: 0; font-weight: 400; line-height: {line:g}; }}
.ref {{ vertical-align: 0.45em; line-height: 0; }}
table {{ border-collapse: collapse; table-layout: fixed; }}
td, th {{ text-align: left; vertical-align: top; padding: {y:g}mm {x:g}mm 0; border-bottom: .18mm solid {rule}; }}
"""


def printed(pages: Sequence[Page], theme: Theme, language: str) -> str:
    """Return pages as one HTML text for the printer: A4 or A3 as they were laid out."""
    css = CSS.format(
        width=pages[0].width,
        height=pages[0].height,
        font=theme.font,
        line=LINE,
        rule=theme["line"],
        x=AROUND_X / 2,
        y=AROUND_Y / 2,
    )
    body = "\n".join(
        '<section class="page">' + "\n".join(_html(block, theme) for block in page.blocks) + "</section>" for page in pages
    )
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(pages[0].title)}</title>'
        f"<style>{css}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _at(place: Place) -> str:
    return f'class="at" style="left:{place.x:.3f}mm;top:{place.y:.3f}mm;width:{place.width:.3f}mm'


@singledispatch
def _html(block: Block, theme: Theme) -> str:
    raise TypeError(f"{type(block).__name__} cannot be printed")


@_html.register
def _(block: Text, theme: Theme) -> str:
    place, inset = block.place, block.inset
    high = text_height(block.paragraphs, place.width - 2 * inset, theme.font)
    down = max(place.height - high, 0.0) / 2 if block.middle else 0.0
    tag = "h1" if block.title else "h2" if "/heading/" in block.name else "p"
    words = _words(block.paragraphs, theme, tag, {"centre": "center"}.get(block.align, block.align))
    ground = f";background:{theme.colours.get(block.fill, block.fill)}" if block.fill else ""
    inner = f"padding:{down:.3f}mm {inset:g}mm 0;box-sizing:border-box;height:{place.height:.3f}mm"
    return f'<div {_at(place)};{inner}{ground}">{words}</div>'


def _words(paragraphs: Sequence[Paragraph], theme: Theme, tag: str, align: str = "left") -> str:
    parts = []
    for paragraph in paragraphs:
        runs = "".join(_run(run, theme) for run in paragraph.runs)
        parts.append(f'<{tag} style="text-align:{align};margin-bottom:{paragraph.after * MM_A_POINT:.3f}mm">{runs}</{tag}>')
    return "".join(parts)


def _run(run: Run, theme: Theme) -> str:
    size = run.size * (SMALL if run.kind == "ref" else 1.0)
    look = f"font-size:{size:g}pt;color:{theme.colours.get(run.colour, run.colour)}"
    look += ";font-weight:700" if run.bold else ""
    look += ";font-style:italic" if run.italic else ""
    named = ' class="ref"' if run.kind == "ref" else ""
    return f'<span{named} style="{look}">{str(escape(run.text)).replace(chr(10), "<br>")}</span>'


def _drawn(block: Drawing | Chart, theme: Theme) -> str:
    place = block.place
    x, y, width, height = place.x - 1, place.y - 1, place.width + 2, place.height + 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="at" style="left:{x:.3f}mm;top:{y:.3f}mm;'
        f'width:{width:.3f}mm;height:{height:.3f}mm" viewBox="{x:.3f} {y:.3f} {width:.3f} {height:.3f}" '
        f'font-family="{escape(theme.font)}, Liberation Sans, sans-serif"><title>{escape(block.alt)}</title>'
        f"{draw(block, theme)}</svg>"
    )


@_html.register
def _(block: Shape, theme: Theme) -> str:
    """Draw a decoration as a ground without words, which readers' software passes over."""
    place, thick = block.place, block.weight * MM_A_POINT
    colour = theme.colours.get(block.fill or block.line, block.fill or block.line)
    return (
        f'<div class="at" style="left:{place.x:.3f}mm;top:{place.y:.3f}mm;width:{max(place.width, thick):.3f}mm;'
        f'height:{max(place.height, thick):.3f}mm;background:{colour}"></div>'
    )


@_html.register
def _(block: Drawing, theme: Theme) -> str:
    return _drawn(block, theme)


@_html.register
def _(block: Chart, theme: Theme) -> str:
    return _drawn(block, theme)


@_html.register
def _(block: Picture, theme: Theme) -> str:
    look = f"{_at(block.place)};height:{block.place.height:g}mm;object-fit:contain;object-position:right top"
    return f'<img {look}" src="{logo_uri(theme)}" alt="{escape(block.alt)}">'


@_html.register
def _(block: Grid, theme: Theme) -> str:
    rows = []
    for number, (cells, height) in enumerate(zip(block.rows, block.heights, strict=True)):
        parts = []
        for at, cell in enumerate(cells):
            if not cell.span:
                continue
            tag, scope = (
                ("th", ' scope="col"') if block.head and not number else ("th", ' scope="row"') if not at else ("td", "")
            )
            span = f' colspan="{cell.span}"' if cell.span > 1 else ""
            ground = f' style="background:{theme.colours.get(cell.fill, cell.fill)}"' if cell.fill else ""
            parts.append(f"<{tag}{scope}{span}{ground}>{_words(cell.paragraphs, theme, 'p')}</{tag}>")
        rows.append(f'<tr style="height:{height:.3f}mm">{"".join(parts)}</tr>')
    columns = "".join(f'<col style="width:{width:.3f}mm">' for width in block.widths)
    head, body = (rows[:1], rows[1:]) if block.head else ([], rows)
    titles = f"<thead>{head[0]}</thead>" if head else ""
    return (
        f'<table {_at(block.place)}" aria-label="{escape(block.alt)}"><colgroup>{columns}</colgroup>{titles}'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
