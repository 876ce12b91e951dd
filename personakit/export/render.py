"""From templates to one self-contained HTML text: escaped, without scripts, the theme inside."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from personakit.documents import Card, JourneyMap
from personakit.errors import ChoiceError, unknown_name
from personakit.export.theme import PLAIN, Theme, logo_uri, theme_css
from personakit.wording import say_key

Document = TypeVar("Document", bound=Card | JourneyMap)
HERE = Path(__file__).parent
#: marks that turn the direction of the text after them, and control characters: they can only mislead a reader
_UNSEEN = dict.fromkeys([*range(0x00, 0x09), *range(0x0B, 0x20), 0x7F, 0x200E, 0x200F, *range(0x202A, 0x202F),
                         *range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def render(template: str, language: str, **values: object) -> str:
    """Fill a template in our own theme."""
    return render_in(PLAIN, template, language, **values)


def render_in(theme: Theme, template: str, language: str, **values: object) -> str:
    """Fill a template. Templates say fixed words with ``say`` and hold no number of their own."""
    from markupsafe import Markup

    def said(key: str, **fields: object) -> str:
        return say_key(key, language, **fields)

    css = Markup(theme_css(theme) + (HERE / "theme.css").read_text(encoding="utf-8"))  # noqa: S704 - ours, colours checked
    logo = {"uri": logo_uri(theme), "alt": theme.logo_alt}
    text = _environment().get_template(template).render(language=language, say=said, theme=css, logo=logo, **values)
    return "\n".join(line.rstrip() for line in text.translate(_UNSEEN).splitlines() if line.strip()) + "\n"


def cleaned(document: Document) -> Document:
    """Return a card or a map without characters that nobody sees and that mislead, or that no file format can hold."""
    return _cleaned(document)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_UNSEEN)
    if isinstance(value, tuple):
        return tuple(_cleaned(one) for one in value)
    if isinstance(value, Mapping):
        return {_cleaned(name): _cleaned(one) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _cleaned(getattr(value, one.name)) for one in fields(value)})
    return value


@functools.cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True,
                              undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def check_formats(formats: Collection[str], allowed: Collection[str]) -> None:
    """Raise ``ChoiceError`` for a format that is not one of ``allowed``.

    Examples
    --------
    >>> check_formats(["html"], ["html", "json"])
    """
    for one in [formats] if isinstance(formats, str) else formats:
        if one not in allowed:
            raise ChoiceError(unknown_name("formats", one, allowed))


def file_name(name: str) -> str:
    """Make a file name for a persona: letters, digits, ``-`` and ``_`` only, whatever people called it.

    Examples
    --------
    >>> file_name("P1"), file_name("../P 1")
    ('P1', '___P_1')
    """
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in name)
