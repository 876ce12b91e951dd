"""Pages as a presentation: every block a native, named object; the same pages give the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from functools import singledispatch
from typing import Any

from personakit.export.layout.blocks import Block, Chart, Drawing, Grid, Page, Picture, Shape, Text
from personakit.export.needs import need
from personakit.export.slides.charts import add_chart
from personakit.export.slides.pen import Pen, add_shape, decorate, describe, emu, fill_text
from personakit.export.slides.tables import add_table
from personakit.export.steady import EPOCH, steady_zip
from personakit.export.theme import Theme

LANGUAGES = {"fr": "fr-FR", "en": "en-GB"}
#: the layout of python-pptx's blank presentation that has a title and nothing else
TITLE_ONLY = 5
#: slots of an Office theme and the colours that people find there when they add something of their own
SLOTS = {"dk1": "ink", "lt1": "paper", "dk2": "accent", "lt2": "wash", "hlink": "accent", "folHlink": "muted"}


def slides(pages: Sequence[Page], theme: Theme, language: str, *, title: str, tags: str = "") -> bytes:
    """Return pages as the bytes of a presentation; ``tags`` says what it was made from."""
    need("pptx")
    import pptx

    deck: Any = pptx.Presentation()
    deck.slide_width, deck.slide_height = emu(pages[0].width), emu(pages[0].height)
    _dress(deck, theme)
    for page in pages:
        slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
        slide.shapes.turbo_add_enabled = True
        pen = Pen(slide=slide, shapes=slide.shapes, theme=theme, language=LANGUAGES[language])
        for block in page.blocks:
            _add(block, pen)
        if page.notes:
            slide.notes_slide.notes_text_frame.text = page.notes
    _properties(deck, title, tags, language)
    out = io.BytesIO()
    deck.save(out)
    return steady_zip(out.getvalue())


@singledispatch
def _add(block: Block, pen: Pen) -> None:
    raise TypeError(f"{type(block).__name__} cannot be drawn")


@_add.register
def _(block: Text, pen: Pen) -> None:
    place = block.place
    box = [emu(one) for one in (place.x, place.y, place.width, place.height)]
    shape = pen.slide.shapes.title if block.title else pen.shapes.add_textbox(*box)
    shape.left, shape.top, shape.width, shape.height = box
    fill_text(shape.text_frame._txBody, block.paragraphs, pen, align=block.align, middle=block.middle, inset=block.inset)
    if block.fill:
        shape.fill.solid()
        shape.fill.fore_color.rgb = pen.rgb(block.fill)
    if block.name:
        describe(shape, block.name)
    else:
        decorate(shape)


@_add.register
def _(block: Shape, pen: Pen) -> None:
    decorate(add_shape(block, pen))


@_add.register
def _(block: Drawing, pen: Pen) -> None:
    group = pen.shapes.add_group_shape()
    inside = Pen(slide=pen.slide, shapes=group.shapes, theme=pen.theme, language=pen.language)
    for one in block.shapes:
        add_shape(one, inside)
    describe(group, block.name, block.alt)


@_add.register
def _(block: Picture, pen: Pen) -> None:
    place = block.place
    shape = pen.shapes.add_picture(io.BytesIO(block.content), emu(place.x), emu(place.y))
    grow = min(emu(place.width) / shape.width, emu(place.height) / shape.height)
    shape.width, shape.height = int(shape.width * grow), int(shape.height * grow)
    shape.left = emu(place.x + place.width) - shape.width
    describe(shape, block.name, block.alt)


@_add.register
def _(block: Chart, pen: Pen) -> None:
    describe(add_chart(block, pen), block.name, block.alt)


@_add.register
def _(block: Grid, pen: Pen) -> None:
    describe(add_table(block, pen), block.name, block.alt)


def _dress(deck: Any, theme: Theme) -> None:
    """Give the presentation our font and palette, so that what people add looks like the rest."""
    from pptx.opc.constants import RELATIONSHIP_TYPE as KIND

    part = deck.slide_master.part.part_related_by(KIND.THEME)
    text = part.blob.decode("utf-8")
    text = re.sub(r'(<a:(?:major|minor)Font>\s*<a:latin typeface=")[^"]*"', rf'\g<1>{theme.font}"', text)
    colours = {slot: theme[name] for slot, name in SLOTS.items()}
    colours |= {f"accent{place + 1}": theme.personas[place % len(theme.personas)] for place in range(6)}
    for slot, colour in colours.items():
        text = re.sub(
            rf"<a:{slot}>.*?</a:{slot}>",
            f'<a:{slot}><a:srgbClr val="{colour[1:].upper()}"/></a:{slot}>',
            text,
            flags=re.DOTALL,
        )
    part._blob = text.encode("utf-8")


def _properties(deck: Any, title: str, tags: str, language: str) -> None:
    properties, moment = deck.core_properties, datetime(*EPOCH)
    properties.author, properties.last_modified_by = "personakit", "personakit"
    properties.title, properties.keywords, properties.language = title[:250], tags, LANGUAGES[language]
    properties.created = properties.modified = properties.last_printed = moment
    properties.revision = 1
