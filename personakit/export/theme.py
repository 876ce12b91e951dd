"""Colours, font and logo of everything that is drawn. A theme in which a text could not be read is refused."""

from __future__ import annotations

import base64
import re
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.frozen import freeze
from personakit.plots.look import COLOURS as COLOURS_OF_PERSONAS

#: WCAG 2.2: a text reads at 4.5:1, a part of a drawing at 3:1
TEXT_CONTRAST, DRAWING_CONTRAST = 4.5, 3.0
#: text colour / what it stands on
TEXT_PAIRS = (
    ("ink", "paper"),
    ("ink", "wash"),
    ("ink", "line-soft"),
    ("ink", "note"),
    ("ink", "pain-wash"),
    ("ink", "delight-wash"),
    ("muted", "paper"),
    ("muted", "wash"),
    ("muted", "pain-wash"),
    ("muted", "delight-wash"),
    ("muted", "note"),
    ("accent", "paper"),
    ("accent", "wash"),
    ("pain", "paper"),
    ("pain", "wash"),
    ("pain", "pain-wash"),
    ("delight", "paper"),
    ("delight", "wash"),
    ("delight", "delight-wash"),
    ("dot", "paper"),
    ("paper", "accent"),
    ("paper", "ink"),
)
DRAWING_PAIRS = (("dot", "paper"), ("band", "paper"), ("ring", "paper"), ("note-line", "paper"))
#: after Okabe and Ito (2008), darkened until text reads at 4.5:1 or better
COLOURS = {
    "paper": "#ffffff",
    "wash": "#f5f6f8",
    "line": "#c9d0d8",
    "line-soft": "#e6e9ee",
    "ink": "#17212e",
    "muted": "#505c6a",
    "accent": "#0b4f7a",
    "pain": "#8f3700",
    "pain-wash": "#fdf0e8",
    "delight": "#00583f",
    "delight-wash": "#e8f5f0",
    "note": "#fff3cf",
    "note-line": "#a67c00",
    "dot": "#0072b2",
    "band": "#5f97c4",
    "ring": "#505c6a",
}
GREYS = {
    "wash": "#f5f5f5",
    "line": "#cccccc",
    "line-soft": "#e8e8e8",
    "ink": "#1a1a1a",
    "muted": "#555555",
    "accent": "#2b2b2b",
    "pain": "#1a1a1a",
    "pain-wash": "#ededed",
    "delight": "#3d3d3d",
    "delight-wash": "#f5f5f5",
    "note": "#f0f0f0",
    "note-line": "#777777",
    "dot": "#333333",
    "band": "#8a8a8a",
    "ring": "#555555",
}
#: the largest logo that a card carries, and its kinds by their first bytes
LOGO_BYTES = 300_000
LOGO_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Theme:
    """What everything drawn looks like: colours by name, one a persona, a font family, and perhaps a logo (PNG or JPEG)."""

    name: str
    colours: Mapping[str, str] = field(default_factory=dict)
    personas: tuple[str, ...] = COLOURS_OF_PERSONAS
    font: str = "Arial"
    logo: bytes = b""
    logo_alt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "colours", {**COLOURS, **self.colours})
        freeze(self)
        _check_colours(self)

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    def persona(self, persona: str | None) -> str:
        """Return the colour of a persona: the same on its card, its map and in the report; ink for everyone."""
        return self["ink"] if persona is None else self.personas[persona_place(persona) % len(self.personas)]


def persona_place(persona: str) -> int:
    """Return the place of a persona among the signs and colours: P1 is 0, whatever the others are."""
    digits = "".join(one for one in persona if one.isascii() and one.isdigit())
    return max(int(digits[-6:]) - 1, 0) if digits else zlib.crc32(persona.encode())


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2): 1 to 21.

    Examples
    --------
    >>> round(contrast("#767676", "#ffffff"), 2)
    4.54
    """
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _check_colours(theme: Theme) -> None:
    named = {**theme.colours, **{f"personas[{place}]": one for place, one in enumerate(theme.personas)}}
    for name, colour in named.items():
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", str(colour)):
            raise StudyError(f'theme {theme.name}: {name} is {colour!r}, not a colour. Write it as "#0b4f7a".')
    pairs = [(one, two, TEXT_CONTRAST) for one, two in TEXT_PAIRS]
    pairs += [(one, two, DRAWING_CONTRAST) for one, two in DRAWING_PAIRS]
    pairs += [("paper", name, TEXT_CONTRAST) for name in named if name.startswith("personas[")]
    for one, two, least in pairs:
        found = contrast(named[one], named[two])
        if found < least:
            raise StudyError(
                f"theme {theme.name}: {one} ({named[one]}) on {two} ({named[two]}) has a contrast of "
                f"{found:.1f} to 1; people need {least:g} to 1 (WCAG 2.2). Take a darker or a lighter one of the two."
            )


PLAIN = Theme(name="colour")
THEMES: Mapping[str, Theme] = {
    "colour": PLAIN,
    "grey": Theme(name="grey", colours=GREYS, personas=("#333333", "#595959", "#1a1a1a", "#4d4d4d")),
}


def find_theme(theme: str | Path | Theme) -> Theme:
    """Return a theme: itself, one of ours by name (``colour``, ``grey``), or a brand's from a TOML file.

    Raises
    ------
    ChoiceError
        No theme of that name, and no such file.
    StudyError
        The file cannot be used, or a text in its colours could not be read.

    Examples
    --------
    >>> find_theme("grey").name
    'grey'
    """
    if isinstance(theme, Theme):
        return theme
    if str(theme) in THEMES:
        return THEMES[str(theme)]
    if Path(theme).suffix != ".toml":
        raise ChoiceError(unknown_name("theme", theme, THEMES) + " Or name a file: brand.toml.")
    return _brand(Path(theme))


def _brand(path: Path) -> Theme:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"theme: {path} cannot be read ({error}).") from None
    _known(path, content, ("name", "font", "logo", "logo_alt", "colours", "personas"))
    colours = content.get("colours", {})
    if not isinstance(colours, dict):
        raise StudyError(f'theme {path.name}: colours is not a table. Write [colours] and, below it, accent = "#0b4f7a".')
    _known(path, colours, COLOURS)
    font = str(content.get("font", "Arial"))
    if not re.fullmatch(r"[\w .-]{1,60}", font):
        raise StudyError(f'theme {path.name}: font {font!r} is not the name of a font, such as "Lato".')
    logo = _logo(path.parent / str(content["logo"])) if "logo" in content else b""
    if logo and not content.get("logo_alt"):
        raise StudyError(f'theme {path.name}: the logo has no words for those who cannot see it. Add logo_alt = "Name".')
    own = content.get("personas", list(COLOURS_OF_PERSONAS))
    if not isinstance(own, list) or not own:
        raise StudyError(f"theme {path.name}: personas is not a list of colours.")
    return Theme(
        name=str(content.get("name", path.stem)),
        colours={name: str(one) for name, one in colours.items()},
        personas=tuple(str(one) for one in own),
        font=font,
        logo=logo,
        logo_alt=str(content.get("logo_alt", "")),
    )


def _known(path: Path, content: Mapping[str, object], allowed: Mapping[str, str] | tuple[str, ...]) -> None:
    for name in content:
        if name not in allowed:
            raise ChoiceError(unknown_name(f"theme {path.name}", name, list(allowed)))


def _logo(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(f"theme: the logo {path} cannot be read ({error.strerror}).") from None
    if not content.startswith(tuple(LOGO_KINDS)) or len(content) > LOGO_BYTES:
        raise StudyError(f"theme: the logo {path.name} is not a PNG or JPEG of {LOGO_BYTES // 1000} kB at most.")
    return content


def logo_uri(theme: Theme) -> str:
    """Return the logo as a data address; empty where there is none."""
    kind = next((one for start, one in LOGO_KINDS.items() if theme.logo.startswith(start)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(theme.logo).decode()}" if theme.logo else ""


def theme_css(theme: Theme) -> str:
    """Return the colours and the font of a theme as CSS variables."""
    lines = "".join(f"  --{name}: {colour};\n" for name, colour in theme.colours.items())
    return f':root {{\n{lines}  --font: "{theme.font}";\n}}\n'
