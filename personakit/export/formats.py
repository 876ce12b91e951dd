"""The formats of cards and maps: one entry each, one signature for both. A new format is a function and a line here."""

from __future__ import annotations

import functools
import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from personakit.documents import Card, JourneyMap
from personakit.export.as_json import as_json, card_json
from personakit.export.folder import staged
from personakit.export.grids.markdown import markdown
from personakit.export.grids.rows import stickies, table_csv, workbook
from personakit.export.grids.xml import as_xml
from personakit.export.html import as_html
from personakit.export.layout.blocks import Page
from personakit.export.layout.card import A4, card_pages
from personakit.export.layout.map import A3, map_pages
from personakit.export.needs import MissingError
from personakit.export.pages.pdf import pdf, pictures
from personakit.export.pages.printed import printed
from personakit.export.pages.svg import svg_page
from personakit.export.render import check_formats, cleaned
from personakit.export.slides.write import slides
from personakit.export.theme import Theme, find_theme

Document = Card | JourneyMap
#: documents of one kind and a theme -> what each file holds, by what follows the name of the file
Writer = Callable[[Sequence[Document], Theme], Mapping[str, str | bytes]]
#: a screen slide (13.333 x 7.5 inches), in millimetres
WIDE = (338.67, 190.5)
#: letters of the digest of a card, and how many cards' a deck carries: its tags hold 255 letters
DIGEST, MOST_TAGGED = 4, 42


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format: its writer, of what it is, and whether all cards stand in one file (``together``)."""

    write: Writer
    of: tuple[str, ...] = ("card", "map")
    together: bool = False


def _text(write: Callable[[Document], str], suffix: str) -> Writer:
    return lambda documents, theme: {suffix: write(documents[0])}


def _html(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    return {".html": as_html(documents[0], theme)}


def _pdf(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    return {".pdf": _printed(_for_print(documents[0], theme))}


def _for_print(document: Document, theme: Theme) -> str:
    return printed(pages_of(document, theme), theme, document.language)


@functools.lru_cache(maxsize=8)
def _printed(html: str) -> bytes:
    """Print once what PDF and PNG both ask for."""
    return pdf(html)


def _png(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    made = pictures(_printed(_for_print(documents[0], theme)))
    return {f"-{place}.png": one for place, one in enumerate(made, start=1)}


def _svg(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    return {
        f"-{place}.svg": svg_page(page, theme, documents[0].language)
        for place, page in enumerate(pages_of(documents[0], theme), start=1)
    }


def _deck(documents: Sequence[Document], theme: Theme, size: tuple[float, float] | None, suffix: str) -> Mapping[str, bytes]:
    pages = [page for one in documents for page in pages_of(one, theme, size)]
    title = documents[0].title if len(documents) == 1 else ", ".join(one.title for one in documents)
    return {suffix: slides(pages, theme, documents[0].language, title=title, tags=tags(documents, theme))}


def pages_of(document: Document, theme: Theme, size: tuple[float, float] | None = None) -> list[Page]:
    """Lay a document out on the pages of its own size (A4 cards, A3 maps), or of another."""
    return card_pages(document, theme, size or A4) if isinstance(document, Card) else map_pages(document, theme, size or A3)


def tags(documents: Sequence[Document], theme: Theme) -> str:
    """Say what a deck was made from: its font and a digest of each card, so that edits are read against the right cards."""
    digests = "".join([digest(one) for one in documents if isinstance(one, Card)][:MOST_TAGGED])
    return "; ".join(["personakit", f"font={theme.font}", f"cards={digests}"])


def digest(card: Card) -> str:
    """Return a short digest of a card."""
    return hashlib.sha256(json.dumps(card_json(card), sort_keys=True).encode()).hexdigest()[:DIGEST]


def _xml(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    return {".xml": as_xml(one) for one in documents[:1] if isinstance(one, JourneyMap)}  # noqa: B035 - one document


def _notes(documents: Sequence[Document], theme: Theme) -> Mapping[str, str | bytes]:
    wash = {"": theme["note"], "pain": theme["pain-wash"], "barrier": theme["pain-wash"], "delight": theme["delight-wash"]}
    return {"-stickies.csv": stickies(documents, wash)}


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "html": Format(write=_html),
        "json": Format(write=_text(as_json, ".json")),
        "pptx": Format(write=lambda some, theme: _deck(some, theme, None, ".pptx"), together=True),
        "pptx-wide": Format(write=lambda some, theme: _deck(some, theme, WIDE, "-wide.pptx"), together=True),
        "pdf": Format(write=_pdf),
        "png": Format(write=_png),
        "svg": Format(write=_svg),
        "xlsx": Format(write=lambda some, theme: {".xlsx": workbook(some)}, together=True),
        "csv": Format(write=lambda some, theme: {".csv": table_csv(some)}, together=True),
        "md": Format(write=_text(markdown, ".md")),
        "xml": Format(write=_xml, of=("map",)),
        "stickies": Format(write=_notes, together=True),
    }
)


def formats_of(kind: str) -> tuple[str, ...]:
    """Return the names of the formats of a kind of document: ``card`` or ``map``.

    Examples
    --------
    >>> "xml" in formats_of("map"), "xml" in formats_of("card")
    (True, False)
    """
    return tuple(name for name, one in FORMATS.items() if kind in one.of)


def write_documents(
    documents: Mapping[str, Document], folder: Path, *, kind: str, formats: Sequence[str], theme: str | Path | Theme
) -> list[Path]:
    """Write documents by their file names, all formats or none; a format whose package is missing is named and left out."""
    formats = [formats] if isinstance(formats, str) else list(dict.fromkeys(formats))
    check_formats(formats, formats_of(kind))
    look = find_theme(theme)
    clean = {name: cleaned(one) for name, one in documents.items()}
    files: dict[str, str | bytes] = {}
    missing: dict[str, MissingError] = {}
    alone = {name: [one] for name, one in clean.items()}
    for chosen in formats if clean else ():
        together = FORMATS[chosen].together and kind == "card"
        try:
            for name, some in ({"cards": list(clean.values())} if together else alone).items():
                files |= {name + suffix: content for suffix, content in FORMATS[chosen].write(some, look).items()}
        except MissingError as absent:
            missing[chosen] = absent
    if missing and not files:
        raise next(iter(missing.values()))
    for chosen, error in missing.items():
        warnings.warn(f"{chosen} was not written: {error}", stacklevel=3)
    return staged(folder, files)
